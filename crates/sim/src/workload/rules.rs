//! Commands that set what the venue allows: limits, groups of accounts, what may leave.

use super::{COINS, LISTED, Workload};

impl Workload {
    /// A rule, or its end.
    pub(super) fn rule(&mut self) -> String {
        match self.random.below(8) {
            0..=3 => self.limit(),
            4 => {
                let (one, other, group) = (self.account(), self.account(), self.random.below(4));
                format!(r#"{{"link":{{"group":"g{group}","accounts":["{one}","{other}"]}}}}"#)
            }
            5 => format!(r#"{{"unlink":{{"accounts":["{}"]}}}}"#, self.account()),
            _ => self.outflow(),
        }
    }

    fn limit(&mut self) -> String {
        let instrument = self.random.below(LISTED.len());
        let whose = match self.random.below(6) {
            0 => r#""venue""#.to_owned(),
            1 => r#""each-account""#.to_owned(),
            2 => r#""each-group""#.to_owned(),
            3 => format!(r#"{{"group":"g{}"}}"#, self.random.below(4)),
            _ => format!(r#"{{"account":"{}"}}"#, self.account()),
        };
        let venue = if whose.contains("venue") { 20 } else { 1 };
        let contracts = [4, 60, 8_000, 1, 6][instrument] * (1 + self.random.below(4)) * venue;
        let most = match self.random.below(5) {
            0 | 1 => String::new(),
            2 => format!(r#","notional":"{}.5""#, venue * (50_000 + self.random.below(900_000))),
            3 => r#","contracts":"-1""#.to_owned(),
            _ => format!(r#","contracts":"{contracts}""#),
        };
        let name = LISTED[instrument].0;
        format!(r#"{{"limit":{{"instrument":"{name}","for":{whose}{most}}}}}"#)
    }

    fn outflow(&mut self) -> String {
        let (coin, price) = *self.random.pick(COINS);
        let whose = match self.random.below(4) {
            0 => r#""venue""#.to_owned(),
            1 => r#""each-account""#.to_owned(),
            _ => format!(r#"{{"account":"{}"}}"#, self.account()),
        };
        let most = (5_000 + self.random.below(100_000)) * if whose.contains('v') { 10 } else { 1 };
        let (most, seconds) =
            (most / price as usize, [0, 1, 60, 3_600, 86_400][self.random.below(5)]);
        let cap = match self.random.below(3) {
            0 => String::new(),
            _ => format!(r#","cap":{{"most":"{most}.25","seconds":{seconds}}}"#),
        };
        format!(r#"{{"outflow":{{"asset":"{coin}","for":{whose}{cap}}}}}"#)
    }
}
