//! What is traded in the stream: five instruments that stay, and others that come and end.

use super::{NANOS, Workload, money};
use crate::random::Random;
use keelmark_book::{Decimal, Quantity, Timestamp};

/// What makes one kind of instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    symbol: &'static str,
    size: &'static str,
    lot: &'static str,
    /// Lots in a contract, and decimals of a quantity.
    scale: (i64, usize),
    /// Lots of an order, at most.
    lots: usize,
    /// Contracts of an ordinary limit.
    pub limit: usize,
    /// First mark.
    mark: i64,
    option: bool,
    pub spot: bool,
    /// Whether margin is posted in bitcoin.
    pub in_bitcoin: bool,
}

const PERPETUAL: Shape = Shape {
    symbol: "BTC/USDC:USDC",
    size: "1",
    lot: "0.001",
    scale: (1_000, 3),
    lots: 900,
    limit: 4,
    mark: 70_000,
    option: false,
    spot: false,
    in_bitcoin: false,
};
const ETHER: Shape = Shape {
    symbol: "ETH/USDC:USDC",
    lot: "0.01",
    scale: (100, 2),
    lots: 1_500,
    limit: 60,
    mark: 3_500,
    ..PERPETUAL
};
const INVERSE: Shape = Shape {
    symbol: "BTC/USD:BTC",
    size: "10",
    lot: "1",
    scale: (1, 0),
    lots: 2_000,
    limit: 8_000,
    in_bitcoin: true,
    ..PERPETUAL
};
const SPOT: Shape = Shape { symbol: "BTC/USDC", lots: 300, limit: 1, spot: true, ..PERPETUAL };
const CALL: Shape = Shape {
    symbol: "BTC/USDC:USDC-270326-80000-C",
    lot: "0.1",
    scale: (10, 1),
    lots: 12,
    limit: 6,
    mark: 4_000,
    option: true,
    ..PERPETUAL
};
const STAY: &[Shape] = &[PERPETUAL, ETHER, INVERSE, SPOT, CALL];
/// Those that come and end.
const COME: &[Shape] = &[
    PERPETUAL,
    ETHER,
    Shape { symbol: "BTC/USDC:USDC-270326", ..PERPETUAL },
    Shape { symbol: "ETH/USDC:USDC-270326", ..ETHER },
    Shape { symbol: "BTC/USD:BTC-270326", ..INVERSE },
    Shape { symbol: "BTC/USDC:USDC-270326-70000-C", ..CALL },
    Shape { symbol: "BTC/USDC:USDC-270326-72000-P", ..CALL },
];
/// Instruments that are traded at a time, at most.
const MOST: usize = 10;

/// An instrument as the stream knows it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub name: String,
    pub shape: Shape,
    /// The mark, in hundredths.
    pub price: i64,
    /// When it ends, in nanoseconds, or is announced to.
    pub end: Option<i64>,
    pub delisted: bool,
}

impl Listed {
    fn new(venue: &str, shape: Shape) -> Self {
        let name = format!("{venue}:{}", shape.symbol);
        Self { name, shape, price: shape.mark * 100, end: None, delisted: false }
    }

    fn action(&self) -> String {
        let Shape { size, lot, option, .. } = self.shape;
        let vol = if option { r#","iv":0.5,"forward":"70500""# } else { "" };
        let expiry = self
            .end
            .map_or(String::new(), |end| format!(r#","expiry":"{}""#, Timestamp::from_nanos(end)));
        format!(
            r#"{{"list":{{"instrument":"{}","contract_size":"{size}","lot":"{lot}",
            "mark":"{}"{vol}{expiry}}}}}"#,
            self.name,
            money(self.price)
        )
    }

    /// Lots as contracts.
    pub fn quantity(&self, lots: i64) -> String {
        let ((scale, places), sign) = (self.shape.scale, if lots < 0 { "-" } else { "" });
        let lots = lots.abs();
        if places == 0 {
            return format!("{sign}{lots}");
        }
        format!("{sign}{}.{:0places$}", lots / scale, lots % scale)
    }

    /// Signed lots worth up to some thousands.
    pub fn lots(&self, random: &mut Random) -> i64 {
        let lots = 1 + random.below(self.shape.lots) as i64;
        if random.chance(1, 2) { lots } else { -lots }
    }

    /// How many lots contracts are.
    pub fn whole_lots(&self, contracts: Quantity) -> i64 {
        let (scale, _) = self.shape.scale;
        (contracts.decimal().raw() * i128::from(scale) / Decimal::ONE.raw()) as i64
    }

    /// A price near the mark, in hundredths.
    pub fn around(&self, random: &mut Random) -> i64 {
        (self.price + self.price * (random.below(401) as i64 - 200) / 10_000).max(1)
    }

    /// The mark moves by ten-thousandths, and stays within a third and three times the first.
    pub fn moves(&mut self, by: i64) {
        let first = self.shape.mark * 100;
        self.price = (self.price + self.price * by / 10_000).clamp(first / 3, first * 3);
    }
}

/// Those that are there from the beginning.
pub(super) fn first() -> (Vec<Listed>, Vec<String>) {
    let listed: Vec<Listed> = STAY.iter().map(|shape| Listed::new("sim", *shape)).collect();
    let actions = listed.iter().map(Listed::action).collect();
    (listed, actions)
}

impl Workload {
    /// One that is traded, mostly; now and then one that has ended.
    pub(super) fn instrument(&mut self) -> usize {
        let any = self.random.below(self.listed.len());
        if self.is_over(any) && self.random.chance(9, 10) {
            return self.random.below(STAY.len());
        }
        any
    }

    fn is_over(&self, at: usize) -> bool {
        self.listed[at].end.is_some_and(|end| end <= self.now)
    }

    /// A new instrument, or the end of one.
    pub(super) fn listing(&mut self) -> String {
        let there = (0..self.listed.len()).filter(|at| !self.is_over(*at)).count();
        if there >= MOST || there > STAY.len() && self.random.chance(1, 3) {
            return self.delist();
        }
        let shape = *self.random.pick(COME);
        let mut one = Listed::new(&format!("n{}", self.listed.len()), shape);
        if shape.symbol.contains("-27") {
            let minutes = 20 + self.random.below(60 * 48) as i64;
            one.end = Some(self.now + minutes * 60 * NANOS + self.random.below(1_000) as i64);
        }
        let action = one.action();
        self.listed.push(one);
        action
    }

    fn delist(&mut self) -> String {
        let first = if self.random.chance(1, 300) { 0 } else { STAY.len() };
        let at = first + self.random.below(self.listed.len() - first);
        let at = at.min(self.listed.len() - 1);
        let minutes = self.random.below(60 * 12) as i64;
        let end = self.now + minutes * 60 * NANOS;
        let rule = match self.random.below(3) {
            0 => format!(
                r#"{{"average":{{"window_seconds":{},"coverage":"0.5"}}}}"#,
                60 * (1 + self.random.below(40))
            ),
            _ => r#""mark""#.to_owned(),
        };
        self.hope.delisted = Some((at, end));
        let (name, end) = (&self.listed[at].name, Timestamp::from_nanos(end));
        format!(r#"{{"delist":{{"instrument":"{name}","at":"{end}","rule":{rule}}}}}"#)
    }

    pub(super) fn settlement(&mut self) -> String {
        if self.random.chance(1, 3) {
            let one = self.random.pick(&self.listed);
            let price = *self.random.pick(&["70050.5", "3500", "0"]);
            return format!(r#"{{"settle":{{"instrument":"{}","price":"{price}"}}}}"#, one.name);
        }
        let seconds = 60 * (1 + self.random.below(90));
        let coin = *self.random.pick(&["BTC", "ETH"]);
        let coverage = *self.random.pick(&["0", "0.5", "0.9", "1", "1.5"]);
        format!(
            r#"{{"settlement":{{"asset":"{coin}","rule":{{"window_seconds":{seconds},
            "coverage":"{coverage}"}}}}}}"#
        )
    }
}
