//! Histories: dated columns of prices, volatilities and rates by asset, on one calendar.
//!
//! The calendar is the days that all prices have; whatever does not fit it is refused with its
//! first day, so that a margin is never computed from two different days at once.

mod read;
mod shipped;

pub use read::{Wanted, columns_of, of_columns, read};
pub use shipped::{SHIPPED, read as read_compact, shipped};

use crate::error::{BacktestError, date};
use keelmark_book::Asset;
use keelmark_margin::recipe::Used;
use keelmark_tail::Series;
use keelmark_units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a column says about its asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// Price of one coin, the last of each day, in USD.
    Price,
    /// Level of implied volatility at a tenor of 30 days, annual, as a fraction.
    Vol,
    /// Term structure: volatility at `T` days is the level times `(max(T, 1) / 30)^slope`.
    Slope,
    /// Annualised basis: a forward at `T` years is the price times `exp(basis T)`.
    Basis,
    /// Fraction of notional that longs of perpetuals pay on the day.
    Funding,
}

/// All of them, in the order in which they are said.
pub const FACTORS: [Factor; 5] =
    [Factor::Price, Factor::Vol, Factor::Slope, Factor::Basis, Factor::Funding];

/// Days without a price that a calendar may leave out in a row: a weekend with holidays.
const LONGEST_PAUSE: i64 = 4;
/// Nanoseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000_000;

impl Factor {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Vol => "vol",
            Self::Slope => "slope",
            Self::Basis => "basis",
            Self::Funding => "funding",
        }
    }

    /// The factor of a word.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        FACTORS.into_iter().find(|one| one.name() == name)
    }

    /// What is wrong with a value, and what to do; `None` where nothing is.
    fn wrong(self, value: f64) -> Option<(&'static str, &'static str)> {
        let within = |most: f64| value.is_finite() && value.abs() <= most;
        match self {
            Self::Price if value.is_finite() && value > 0.0 => None,
            Self::Price => {
                Some(("a price above zero", "mend the row, or leave the days before it out"))
            }
            Self::Vol if value > 0.0 && value <= 10.0 => None,
            Self::Vol => Some((
                "a volatility above 0 to 10 (1 is 100 %)",
                "where the file is in percent name it vol%",
            )),
            Self::Slope if within(3.0) => None,
            Self::Slope => Some(("a slope from -3 to 3", "see docs/backtest.md")),
            Self::Basis if within(5.0) => None,
            Self::Basis => Some((
                "an annual basis from -5 to 5 (1 is 100 %)",
                "where the file is in percent name it basis%",
            )),
            Self::Funding if within(1.0) => None,
            Self::Funding => Some((
                "a fraction of notional from -1 to 1",
                "where the file is in percent name it funding%",
            )),
        }
    }
}

/// One column, before it is aligned with others.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Whose.
    pub asset: Asset,
    /// What it says.
    pub factor: Factor,
    /// Where the numbers come from.
    pub source: String,
    /// What was found wrong with it and accepted.
    pub findings: Vec<String>,
    /// Days (midnight UTC), ascending.
    days: Vec<Timestamp>,
    values: Vec<f64>,
}

impl History {
    /// A column of one value a day. Of several values in a day the last counts, of funding their
    /// sum, and a finding says so.
    ///
    /// # Errors
    /// When columns differ in length, times do not ascend, or a value makes no sense. What is odd
    /// but possible - a price that stands still, a jump - is found by [`read()`].
    pub fn new(
        asset: Asset,
        factor: Factor,
        source: &str,
        times: &[Timestamp],
        values: &[f64],
    ) -> Result<Self, BacktestError> {
        let what = format!("{asset} {}", factor.name());
        let refused = |problem, remedy: &str| Err(BacktestError::history(&what, problem, remedy));
        if times.len() != values.len() {
            let problem = format!("{} times, but {} values", times.len(), values.len());
            return refused(problem, "give one value a time");
        }
        if let Some(at) = times.windows(2).position(|pair| pair[0] >= pair[1]) {
            let problem = format!("{} is followed by {}", times[at], times[at + 1]);
            return refused(problem, "sort the rows by time, one a time");
        }
        let wrong = |(at, value): (usize, &f64)| factor.wrong(*value).map(|why| (at, *value, why));
        if let Some((at, value, (expected, remedy))) = values.iter().enumerate().find_map(wrong) {
            let problem = format!("on {}: expected {expected}, found {value}", date(times[at]));
            return refused(problem, remedy);
        }
        let mut own = Self {
            asset,
            factor,
            source: source.to_owned(),
            findings: Vec::new(),
            days: Vec::new(),
            values: Vec::new(),
        };
        own.daily(times, values);
        Ok(own)
    }

    /// The same from a series of prices.
    ///
    /// # Errors
    /// As [`History::new`].
    pub fn of_series(asset: Asset, source: &str, series: &Series) -> Result<Self, BacktestError> {
        Self::new(asset, Factor::Price, source, series.times(), series.closes())
    }

    fn daily(&mut self, times: &[Timestamp], values: &[f64]) {
        let mut several = 0usize;
        for (time, value) in times.iter().zip(values) {
            let day = midnight(*time);
            if self.days.last() != Some(&day) {
                self.days.push(day);
                self.values.push(*value);
                continue;
            }
            several += 1;
            if let Some(last) = self.values.last_mut() {
                *last = if self.factor == Factor::Funding { *last + value } else { *value };
            }
        }
        if several > 0 {
            let kept = if self.factor == Factor::Funding { "their sum" } else { "the last" };
            self.findings.push(format!("{several} values beside another of their day: {kept}"));
        }
    }

    /// The part from a day on.
    #[must_use]
    pub fn since(mut self, first: Timestamp) -> Self {
        let from = self.days.partition_point(|day| *day < first);
        self.days.drain(..from);
        self.values.drain(..from);
        self
    }

    /// The part up to a day, that day included.
    #[must_use]
    pub fn until(mut self, last: Timestamp) -> Self {
        let end = self.days.partition_point(|day| *day <= last);
        self.days.truncate(end);
        self.values.truncate(end);
        self
    }

    /// First and last day; `None` of an empty one.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((*self.days.first()?, *self.days.last()?))
    }

    /// How many days it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Days and values.
    #[must_use]
    pub fn columns(&self) -> (&[Timestamp], &[f64]) {
        (&self.days, &self.values)
    }

    /// First 16 hex digits of the BLAKE3 hash of its name, days and values.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(format!("{}\n", self.key()).as_bytes());
        self.hash_rows(&mut hash);
        hash.finalize().to_hex()[..16].to_owned()
    }

    /// Its days and values.
    pub(crate) fn hash_rows(&self, into: &mut blake3::Hasher) {
        for (day, value) in self.days.iter().zip(&self.values) {
            into.update(&day.nanos().to_le_bytes()).update(&value.to_bits().to_le_bytes());
        }
    }

    /// What is said of it where scenarios are made from it.
    #[must_use]
    pub fn used(&self) -> Used {
        let (first, last) = self.span().unwrap_or_default();
        Used {
            name: self.what(),
            source: self.source.clone(),
            first,
            last,
            days: self.len(),
            digest: self.digest(),
            findings: self.findings.clone(),
        }
    }

    /// What it is called: `BTC price`.
    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.asset, self.factor.name())
    }

    /// What it is called on the command line: `BTC:price`.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.asset, self.factor.name())
    }
}

/// The beginning of a time's day.
pub(crate) fn midnight(time: Timestamp) -> Timestamp {
    Timestamp::from_nanos(time.nanos().div_euclid(DAY) * DAY)
}

/// A column on the calendar, from one of its days on without a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    first: usize,
    values: Vec<f64>,
}

impl Column {
    /// A column whose first value is of a day of the calendar.
    pub(crate) fn new(first: usize, values: Vec<f64>) -> Self {
        Self { first, values }
    }

    /// The value on a day of the calendar, where it has one.
    #[must_use]
    pub fn at(&self, day: usize) -> Option<f64> {
        self.values.get(day.checked_sub(self.first)?).copied()
    }

    /// First day, and the day behind the last.
    #[must_use]
    pub fn span(&self) -> (usize, usize) {
        (self.first, self.first + self.values.len())
    }

    /// The values, from the first day on.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// Several columns on one calendar.
#[derive(Clone, Debug)]
pub struct Histories {
    days: Vec<Timestamp>,
    columns: BTreeMap<(Asset, Factor), Column>,
    /// What they were made of.
    pub given: Vec<History>,
}

impl Histories {
    /// Aligns columns by date.
    ///
    /// # Errors
    /// When there is no price, a column stands twice or has no price of its asset beside it, days
    /// are missing that others have, all are missing for longer than a long weekend, or the days
    /// in common are too few for anything.
    pub fn align(given: Vec<History>) -> Result<Self, BacktestError> {
        let mut seen = BTreeSet::new();
        for one in &given {
            if !seen.insert((one.asset.clone(), one.factor)) {
                return Err(BacktestError::history(
                    one.what(),
                    "given twice",
                    "give one history of each factor of an asset",
                ));
            }
        }
        let prices = || given.iter().filter(|one| one.factor == Factor::Price);
        if let Some(lonely) =
            given.iter().find(|one| !prices().any(|price| price.asset == one.asset))
        {
            return Err(BacktestError::history(
                lonely.what(),
                format!("expected a price of {} beside it, found none", lonely.asset),
                format!("add --history {}:price=FILE", lonely.asset),
            ));
        }
        let days = calendar(&prices().collect::<Vec<_>>())?;
        let mut columns = BTreeMap::new();
        for one in &given {
            columns.insert((one.asset.clone(), one.factor), aligned(one, &days)?);
        }
        Ok(Self { days, columns, given })
    }

    /// The calendar: midnights UTC, each the label of the day whose last price it has.
    #[must_use]
    pub fn days(&self) -> &[Timestamp] {
        &self.days
    }

    /// A column, where it was given.
    #[must_use]
    pub fn column(&self, asset: &Asset, factor: Factor) -> Option<&Column> {
        self.columns.get(&(asset.clone(), factor))
    }

    /// Prices of an asset over the whole calendar.
    ///
    /// # Errors
    /// When there are none of this asset.
    pub fn prices(&self, asset: &Asset) -> Result<&[f64], BacktestError> {
        self.column(asset, Factor::Price).map(Column::values).ok_or_else(|| {
            let known: Vec<&str> = self.assets().map(Asset::as_str).collect();
            BacktestError::history(
                format!("{asset} price"),
                format!("expected a history of it, found those of {}", known.join(", ")),
                format!("add --history {asset}:price=FILE"),
            )
        })
    }

    /// Assets with a price.
    pub fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.columns.keys().filter(|(_, factor)| *factor == Factor::Price).map(|(asset, _)| asset)
    }

    /// The part of every column up to a day of the calendar, that day included: what was known.
    #[must_use]
    pub fn known(&self, column: &Column, day: usize) -> usize {
        let (first, end) = column.span();
        end.min(day + 1).saturating_sub(first)
    }

    /// The day of the calendar at or behind a date.
    #[must_use]
    pub fn at_or_after(&self, date: Timestamp) -> usize {
        self.days.partition_point(|day| *day < date)
    }
}

/// Days that all prices have, from the latest beginning to the earliest end.
fn calendar(prices: &[&History]) -> Result<Vec<Timestamp>, BacktestError> {
    let spans: Option<Vec<_>> = prices.iter().map(|one| one.span()).collect();
    let Some(spans) = spans.filter(|spans| !spans.is_empty()) else {
        let problem = "expected prices, found none";
        return Err(BacktestError::history("history", problem, "add --history BTC:price=FILE"));
    };
    let from = spans.iter().map(|span| span.0).max().unwrap_or_default();
    let to = spans.iter().map(|span| span.1).min().unwrap_or_default();
    let within = |day: &&Timestamp| **day >= from && **day <= to;
    let of = |one: &History| one.days.iter().filter(within).copied().collect::<Vec<_>>();
    let mut all: BTreeSet<Timestamp> = BTreeSet::new();
    prices.iter().for_each(|one| all.extend(of(one)));
    for one in prices {
        let own = of(one);
        if own.len() == all.len() {
            continue;
        }
        let missing = all.iter().find(|day| own.binary_search(day).is_err());
        return Err(BacktestError::history(
            one.what(),
            format!(
                "misaligned: {} of {} days that others have are missing, {} the first",
                all.len() - own.len(),
                all.len(),
                missing.map_or_else(String::new, |day| date(*day))
            ),
            "fill them, or leave out what is before the last of them with --since",
        ));
    }
    let days: Vec<Timestamp> = all.into_iter().collect();
    let pause = |pair: &[Timestamp]| (pair[1].nanos() - pair[0].nanos()) / DAY > LONGEST_PAUSE;
    if let Some(at) = days.windows(2).position(pause) {
        return Err(BacktestError::history(
            prices.iter().map(|one| one.what()).collect::<Vec<_>>().join(", "),
            format!("a gap: {} is followed by {}", date(days[at]), date(days[at + 1])),
            format!("fill it, or leave out what is before it with --since {}", date(days[at + 1])),
        ));
    }
    Ok(days)
}

/// A column on a calendar: from its first day in it to its last, without a gap.
fn aligned(one: &History, days: &[Timestamp]) -> Result<Column, BacktestError> {
    let held: BTreeMap<Timestamp, f64> =
        one.days.iter().copied().zip(one.values.iter().copied()).collect();
    let has = |day: &Timestamp| held.contains_key(day);
    let (Some(first), Some(last)) = (days.iter().position(has), days.iter().rposition(has)) else {
        return Err(BacktestError::history(
            one.what(),
            "no day in common with the prices",
            "give histories of the same years",
        ));
    };
    let mut values = Vec::with_capacity(last + 1 - first);
    for day in &days[first..=last] {
        let Some(value) = held.get(day) else {
            return Err(BacktestError::history(
                one.what(),
                format!("misaligned: no value on {}, when there is a price", date(*day)),
                "fill the day, or leave out what is before it with --since",
            ));
        };
        values.push(*value);
    }
    Ok(Column { first, values })
}

#[cfg(test)]
mod tests;
