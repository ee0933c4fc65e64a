//! Risk-parameter files of clearing organisations for listed derivatives: what each contract loses
//! in sixteen scenarios, and what spreads, deliveries and short options cost.
//!
//! Two formats: [`spn`], XML, and [`pa2`], records of fixed columns. A file comes in as a
//! [`RiskFile`]; [`book`](mod@book) makes a market, an account and a parameter document of it, so
//! that the margin is the engine's own.
//!
//! Files are read as a stream: a file of 50 MB is never in memory as a whole, and contracts that
//! nobody asked for are not kept.

mod ascii;
pub mod book;
mod number;
pub mod pa2;
mod parameters;
pub mod positions;

pub mod spn;
mod tiers;

use keelmark_book::{Decimal, Right};
use std::collections::BTreeMap;

/// Scenarios of an array.
pub const SCENARIOS: usize = 16;

/// What a risk-parameter file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskFile {
    /// Day of the file.
    pub date: Option<Day>,
    /// Products, in the order of the file.
    pub products: Vec<Product>,
    /// Contracts that were kept, in the order of the file.
    pub contracts: Vec<Contract>,
    /// Combined commodities by code.
    pub commodities: BTreeMap<String, Commodity>,
    /// Credits between combined commodities, in the order of the file.
    pub credits: Vec<Spread>,
    /// Credits that come before all others, whatever their priority.
    pub first_credits: Vec<Spread>,
    /// Exchange rates: one unit of the first currency is so many of the second.
    pub rates: Vec<(String, String, Decimal)>,
    /// What was read and what was left out.
    pub counts: Counts,
}

/// What was read of a file, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes read.
    pub bytes: u64,
    /// Contracts in the file.
    pub contracts: u64,
    /// Contracts without an array, which no position can be in.
    pub without_array: u64,
    /// Contracts found a second time with the same numbers.
    pub duplicates: u64,
    /// Elements or records that nothing here reads, by name.
    pub skipped: BTreeMap<String, u64>,
}

/// A day or a contract month; `day` is 0 where only a month is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year.
    pub year: i16,
    /// Month, from 1.
    pub month: i8,
    /// Day of the month, or 0.
    pub day: i8,
}

/// A product: futures or options of one code in one currency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Product {
    /// The exchange's code.
    pub exchange: String,
    /// Its own code.
    pub code: String,
    /// What it is priced in.
    pub currency: String,
    /// What a price is multiplied by to make money.
    pub size: Decimal,
    /// Whether its options settle like futures, so that they have no value to count.
    pub futures_style: bool,
    /// Price of what it is on, or of its first future.
    pub price: Option<Decimal>,
    /// Money that one contract's array moves over.
    pub scan_range: Option<Decimal>,
}

/// What kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Terms {
    /// A future.
    Future,
    /// An option with its strike.
    Option(Right, Decimal),
}

/// One contract with its array.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Index of its product.
    pub product: usize,
    /// Future or option.
    pub terms: Terms,
    /// Its expiry, or its month.
    pub expiry: Day,
    /// Settlement price.
    pub price: Decimal,
    /// What a price is multiplied by to make money.
    pub size: Decimal,
    /// Implied volatility, where one is given.
    pub vol: Option<f64>,
    /// Loss of one contract held long in each scenario.
    pub losses: [Decimal; SCENARIOS],
    /// Composite delta.
    pub delta: Decimal,
}

/// What is margined as one: products, spreads, and rates.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "the flags that a file gives")]
pub struct Commodity {
    /// Its code.
    pub code: String,
    /// What its rates are in.
    pub currency: String,
    /// Codes of its products, where the file links them; its own code otherwise.
    pub products: Vec<String>,
    /// Whether the minimum counts the greater of short calls and short puts, rather than both.
    pub minimum_is_max: bool,
    /// Money a short option asks at least.
    pub minimum_rate: Decimal,
    /// The same where it differs by tier of months.
    pub minimum_tiers: Vec<(Tier, Decimal)>,
    /// Whether its option value may not pay for the risk of another.
    pub limit_option_value: bool,
    /// Whether its options settle like futures.
    pub futures_style: bool,
    /// Tiers of months that spreads between them name.
    pub tiers: Vec<Tier>,
    /// Tiers of months that are scanned apart; none where the whole is scanned.
    pub scan_tiers: Vec<Tier>,
    /// Whether every month is scanned apart.
    pub scanned_by_month: bool,
    /// Tiers of months that spread apart against other commodities.
    pub credit_tiers: Vec<Tier>,
    /// Whether every month spreads apart against other commodities.
    pub credited_by_month: bool,
    /// What a delta counts for in a credit.
    pub price_risk: PriceRisk,
    /// What the file asks of this commodity that is not covered and without which the margin would
    /// be wrong: it cannot be held.
    pub refused: Vec<String>,
    /// Spreads between months.
    pub spreads: Vec<Spread>,
    /// Delivery months: month, rate a delta in a spread, rate a delta outright.
    pub deliveries: Vec<(Day, Decimal, Decimal)>,
    /// Initial over maintenance, by class of account as the file names it.
    pub ratios: Vec<(String, Decimal)>,
}

/// A tier of months: name, first and last.
pub type Tier = (String, Day, Day);

/// What a delta counts for in a credit between commodities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PriceRisk {
    /// Its part of the price risk.
    #[default]
    PerDelta,
    /// The same, at most the scan range.
    Capped,
    /// The scan range.
    Range,
}

/// A spread, between months or between combined commodities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Its priority.
    pub priority: u32,
    /// The file's own word for how it is charged.
    pub method: String,
    /// Its rate, as written.
    pub rate: Decimal,
    /// Its legs.
    pub legs: Vec<Leg>,
    /// What of it is not covered, so that it gives no credit.
    pub refused: Option<String>,
}

/// A leg of a spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leg {
    /// The combined commodity, where the file names it.
    pub commodity: String,
    /// The tier, where the leg is of one.
    pub tier: Option<String>,
    /// The expiry, where the leg is of one.
    pub expiry: Option<Day>,
    /// Deltas a spread.
    pub ratio: Decimal,
    /// Whether it is of side A.
    pub side_a: bool,
    /// Whether a spread by scanning needs it.
    pub required: bool,
}

/// What a reader asks about a contract before it reads its array: product code, terms, expiry.
pub type Wanted<'a> = dyn FnMut(&str, Terms, Day) -> bool + 'a;

impl Counts {
    /// Counts a name that nothing reads; after a thousand names the rest are one.
    pub(crate) fn skip(&mut self, name: &[u8]) {
        const MOST: usize = 1_000;
        let name = String::from_utf8_lossy(&name[..name.len().min(64)]);
        if let Some(count) = self.skipped.get_mut(&*name) {
            *count += 1;
            return;
        }
        let name = name.into_owned();
        let known = self.skipped.len() < MOST || self.skipped.contains_key(&name);
        *self.skipped.entry(if known { name } else { "…".to_owned() }).or_insert(0) += 1;
    }

    /// How many were skipped in all.
    #[must_use]
    pub fn all_skipped(&self) -> u64 {
        self.skipped.values().sum()
    }
}

impl Day {
    /// Reads `20261225`, `20261200` or `202612`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let number = number::whole(text)?;
        let (month, day) = match text.len() {
            8 => (number / 100, number % 100),
            6 => (number, 0),
            _ => return None,
        };
        let (year, month) = (month / 100, month % 100);
        let sound = (1..=12).contains(&month) && day <= 31 && year > 0;
        sound.then_some(Self { year: year as i16, month: month as i8, day: day as i8 })
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.day == 0 {
            return write!(f, "{:04}{:02}", self.year, self.month);
        }
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
