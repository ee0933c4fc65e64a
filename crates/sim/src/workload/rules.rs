//! Commands that set what the venue allows: limits, groups of accounts, what may leave.

use super::{COINS, Workload};

impl Workload {
    /// A rule, or its end.
    pub(super) fn rule(&mut self) -> String {
        match self.random.below(13) {
            6 | 7 => self.outflow(),
            8 if !self.governed => self.alerts(),
            9 if !self.governed => {
                let (one, other, group) = (self.account(), self.account(), self.random.below(4));
                format!(r#"{{"link":{{"group":"g{group}","accounts":["{one}","{other}"]}}}}"#)
            }
            10 if !self.governed => {
                format!(r#"{{"unlink":{{"accounts":["{}"]}}}}"#, self.account())
            }
            11 => self.governance(),
            12 => format!(r#"{{"cancel-change":{{"change":{}}}}}"#, 1 + self.random.below(60)),
            _ => self.limit(),
        }
    }

    fn limit(&mut self) -> String {
        let instrument = self.instrument();
        let whose = match self.random.below(6) {
            0 => r#""venue""#.to_owned(),
            1 => r#""each-account""#.to_owned(),
            2 => r#""each-group""#.to_owned(),
            3 => format!(r#"{{"group":"g{}"}}"#, self.random.below(4)),
            _ => format!(r#"{{"account":"{}"}}"#, self.account()),
        };
        let venue = if whose.contains("venue") { 20 } else { 1 };
        let usual = self.listed[instrument].shape.limit;
        let contracts = usual * (1 + self.random.below(4)) * venue;
        let most = match self.random.below(5) {
            0 | 1 => String::new(),
            2 => format!(r#","notional":"{}.5""#, venue * (50_000 + self.random.below(900_000))),
            3 => r#","contracts":"-1""#.to_owned(),
            _ => format!(r#","contracts":"{contracts}""#),
        };
        let name = &self.listed[instrument].name;
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

    fn alerts(&mut self) -> String {
        let rule = match self.random.below(5) {
            0 => String::new(),
            1 => r#""levels":["0.02","0.1","0.5"],"step":"0.01""#.to_owned(),
            2 => r#""levels":["0.3","0.7"]"#.to_owned(),
            3 => r#""step":"0.1""#.to_owned(),
            _ => format!(r#""levels":["0.{:02}"],"step":"0.005""#, 1 + self.random.below(99)),
        };
        if self.random.chance(1, 4) {
            return format!(r#"{{"alerts":{{{rule}}}}}"#);
        }
        let more = if rule.is_empty() { "" } else { "," };
        format!(r#"{{"alerts":{{"account":"{}"{more}{rule}}}}}"#, self.account())
    }

    /// How fast rules become looser; now and then what cannot be. From then on nothing is sent that
    /// the reference would have to hold up as a whole: groups, alerts.
    fn governance(&mut self) -> String {
        if !self.governed && self.random.chance(9, 10) {
            return self.limit();
        }
        self.governed = true;
        let delay = *self.random.pick(&[0, 600, 3_600, 86_400, 40_000_000]);
        let step = *self.random.pick(&[0, 60, 600, 3_600]);
        let most = *self.random.pick(&["0.0001", "0.05", "0.3", "1"]);
        format!(
            r#"{{"governance":{{"delay_seconds":{delay},"step_seconds":{step},
            "most_per_step":"{most}","collateral_seconds":{delay}}}}}"#
        )
    }
}
