//! Commands about liquidations: rules, and taking what they offer.

use super::{COINS, Workload, money};
use crate::reference::Reference;

const CLOSE: &str = r#""close":{"first":"0.3","growth":"0.2","steps":8,"slippage":"0.002",
    "fee":"0.0005"}"#;
/// Stages of the waterfall; the first accounts are its vaults.
const STAGES: &[&str] = &[
    CLOSE,
    r#""backstop":{"vaults":[{"account":"a0","share":"0.75"},
        {"account":"a1","share":"0.25","most":"2000000"}]}"#,
    r#""insurance":{"most":"100000"}"#,
    r#""deleverage":{"policy":"pro-rata"}"#,
    r#""socialise":{"gate_seconds":60}"#,
];
/// Auctions, one of which a rule may have.
const AUCTIONS: &[&str] = &[
    r#"{"portfolio":{"asset":"USDC","start":"0.95","knee":"0.7","fast_seconds":60,
        "slow_seconds":600,"insolvent_seconds":120,"last_seconds":60,"least":"0.01"}}"#,
    r#"{"batch":{"asset":"USDC","seconds":20,"least":"0.05","worst":"0.5"}}"#,
    r#"{"spread":{"discount":{"fixed":"0.05"},"close_factor":"0.5","seconds":600}}"#,
    r#"{"collateral":{"first":"1.1","fall":{"line":{"seconds":300}},"tail_seconds":200,
        "cusp":"0.4","resets":3,"dust":"1","least":"0.001"}}"#,
];
/// What else a rule may have.
const POLICIES: &[&str] = &[
    r#""pro-rata""#,
    r#"{"queue":{"ranking":"binance"}}"#,
    r#"{"capped":{"share":"0.5"}}"#,
    r#""leverage""#,
    r#"{"risk-aware":{"weight":"linear"}}"#,
    r#""least-haircut""#,
];

fn rule(stages: &str) -> String {
    format!(r#"{{"liquidation":{{"rule":{{{stages}}}}}}}"#)
}

impl Workload {
    /// How accounts are liquidated from the start, in one stream of two.
    pub(super) fn first_rule(seed: u64) -> Option<String> {
        seed.is_multiple_of(2).then(|| rule(&format!(r#""step_seconds":5,"end":"0.85",{CLOSE}"#)))
    }

    /// The whole waterfall, or all but one of its stages; once there are accounts to be vaults.
    pub(super) fn waterfall(&mut self) -> String {
        let without = self.random.below(STAGES.len() + 2);
        let stages = STAGES.iter().enumerate().filter(|(at, _)| *at != without);
        let mut stages: Vec<String> = stages.map(|(_, stage)| (*stage).to_owned()).collect();
        if self.random.chance(2, 3) {
            stages.push(format!(r#""auction":{{"form":{}}}"#, self.random.pick(AUCTIONS)));
        }
        let policy = *self.random.pick(POLICIES);
        rule(&format!(
            r#""step_seconds":5,"end":"0.85",{}"#,
            stages.join(",").replace(r#""pro-rata""#, policy)
        ))
    }

    /// Somebody pays into an insurance fund.
    pub(super) fn fund(&mut self) -> String {
        let (coin, price) = *self.random.pick(COINS);
        let amount = 1 + self.random.below(500_000) / price as usize;
        format!(r#"{{"fund":{{"asset":"{coin}","amount":"{amount}"}}}}"#)
    }

    /// Another rule; now and then none, or one that cannot be.
    pub(super) fn liquidation(&mut self) -> String {
        if self.random.chance(1, 2) {
            return if self.random.chance(1, 2) { self.fund() } else { self.waterfall() };
        }
        let rule = match self.random.below(8) {
            0 => "null".to_owned(),
            1 => r#"{"step_seconds":0,"end":"0.9"}"#.to_owned(),
            2 => r#"{"step_seconds":1,"end":"1"}"#.to_owned(),
            _ => {
                let grace = *self.random.pick(&[0, 0, 30, 3_600]);
                let (step, end) = (1 + self.random.below(60), 50 + self.random.below(45));
                let (first, growth) = (1 + self.random.below(99), self.random.below(50));
                let (steps, slippage) = (1 + self.random.below(12), self.random.below(100));
                format!(
                    r#"{{"grace_seconds":{grace},"step_seconds":{step},"end":"0.{end}",
                    "close":{{"first":"0.{first:02}","growth":"0.{growth:02}","steps":{steps},
                    "slippage":"0.00{slippage:02}","fee":"0.000{growth:02}"}}}}"#
                )
            }
        };
        let model = *self.random.pick(&["", r#""model":"cross","#, r#""model":"deribit-pm","#]);
        format!(r#"{{"liquidation":{{{model}"rule":{rule}}}}}"#)
    }

    /// Bids in an auction, whatever its form: a share or an amount, at any price or not.
    pub(super) fn bid(&mut self, known: &Reference) -> String {
        let by = self.taker(known);
        let auctions: Vec<&str> = known.auctions().collect();
        let account = match auctions.get(self.random.below(auctions.len())) {
            Some(name) => (*name).to_owned(),
            None => self.account(),
        };
        let part = 1 + self.random.below(99);
        let what = match self.random.below(6) {
            0 => format!(r#","amount":"{}""#, 1 + self.random.below(200_000)),
            1 => format!(r#","amount":"0.{part:02}""#),
            2 => format!(r#","share":"0.{part:02}","limit":"{}""#, self.random.below(2_000_000)),
            3 => r#","share":"1""#.to_owned(),
            4 => format!(r#","share":"0","limit":"-{part}""#),
            _ => format!(r#","share":"0.{part:02}""#),
        };
        format!(r#"{{"bid":{{"account":"{account}","by":"{by}"{what}}}}}"#)
    }

    /// Somebody who is not liquidated himself, mostly; he gets money where he has too little.
    fn taker(&mut self, known: &Reference) -> String {
        let mut taker = self.someone();
        for _ in 0..4 {
            if known.is_failing(&format!("a{taker}")) {
                taker = self.someone();
            }
        }
        self.hope.payers.push(taker);
        format!("a{taker}")
    }

    /// Takes part of an offer; now and then too much of it, for too little, or what is not there.
    pub(super) fn take(&mut self, known: &Reference) -> String {
        let by = self.taker(known);
        let offers: Vec<_> = known.offers().collect();
        let Some((name, offer)) = offers.get(self.random.below(offers.len().max(1))) else {
            let account = self.account();
            return format!(
                r#"{{"take":{{"account":"{account}","by":"{by}","quantity":"1","price":"1"}}}}"#
            );
        };
        let Some(at) = self.listed.iter().position(|one| one.name == offer.instrument) else {
            return r#""time""#.to_owned();
        };
        let most = self.listed[at].whole_lots(offer.quantity.abs());
        let part = 1 + self.random.below(usize::try_from(most).unwrap_or(1)) as i64;
        let lots = if self.random.chance(1, 2) { most } else { part };
        let lots = if self.random.chance(1, 20) { lots + 1 } else { lots };
        let quantity = self.listed[at].quantity(lots);
        let mut price = offer.limit.to_string();
        if self.random.chance(1, 10) {
            let near = (offer.limit.to_f64() * 100.0) as i64 + 40;
            price = money((near - self.random.below(80) as i64).max(1));
        }
        let by = if self.random.chance(1, 30) { (*name).to_owned() } else { by };
        format!(
            r#"{{"take":{{"account":"{name}","by":"{by}","quantity":"{quantity}",
            "price":"{price}"}}}}"#
        )
    }
}
