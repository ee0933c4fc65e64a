//! Books that go through history: legs whose contracts are struck anew as the market moves.
//!
//! A leg says what it is in the words that survive years: a tenor, a moneyness or a delta, coins.
//! On a day it becomes a contract with a strike and an expiry. Accounts of one day are turned into
//! legs too, so that a desk of today can be walked through any year.

mod account;
mod read;

pub use account::legs_of;
pub use read::{BUILT_IN, built_in, parse};

use keelmark_book::{Asset, Price, Quantity, Right};
use keelmark_units::Timestamp;

/// A book on its way through history.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// Its name: `short-strangle BTC`.
    pub name: String,
    /// In a sentence.
    pub about: String,
    /// When its contracts are struck anew.
    pub restrike: Restrike,
    /// What it trades.
    pub legs: Vec<Leg>,
    /// Coins held outright, as collateral.
    pub coins: Vec<(Asset, f64)>,
}

/// When contracts are struck anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restrike {
    /// Every day: constant maturity.
    Daily,
    /// On the first day of each month, and when a leg would expire.
    Monthly,
    /// When the shortest leg has expired.
    Expiry,
}

impl Restrike {
    /// In words.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Daily => "struck anew every day",
            Self::Monthly => "struck anew every month",
            Self::Expiry => "held to expiry",
        }
    }
}

/// One contract of a book.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// What it is on.
    pub base: Asset,
    /// What its strike is priced in.
    pub quote: Asset,
    /// What it pays in.
    pub settle: Asset,
    /// The venue of its name.
    pub venue: String,
    /// Size of a contract, as the instrument says it.
    pub contract_size: Quantity,
    /// Smallest step.
    pub lot: Quantity,
    /// Coins, long above zero.
    pub coins: f64,
    /// What it is.
    pub kind: LegKind,
}

/// What a leg is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LegKind {
    /// A perpetual.
    Perpetual,
    /// A dated future.
    Future(Tenor),
    /// An option.
    Option {
        /// When it expires.
        tenor: Tenor,
        /// Where it is struck.
        strike: Strike,
        /// Call or put.
        right: Right,
    },
}

/// When a leg expires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tenor {
    /// So many days after it was struck.
    Days(f64),
    /// At a time: the leg is of one stretch of history.
    At(Timestamp),
}

/// Where a leg is struck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strike {
    /// So many times the forward.
    Moneyness(f64),
    /// Where the delta has this magnitude.
    Delta(f64),
    /// At a price: the leg is of one stretch of history.
    At(Price),
}

impl Leg {
    /// Whether it settles in its own coin.
    #[must_use]
    pub fn is_inverse(&self) -> bool {
        self.settle == self.base
    }

    /// When it expires.
    #[must_use]
    pub fn tenor(&self) -> Option<Tenor> {
        match self.kind {
            LegKind::Perpetual => None,
            LegKind::Future(tenor) | LegKind::Option { tenor, .. } => Some(tenor),
        }
    }
}

impl Book {
    /// What it is on, in the order of its legs, then of its coins.
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        let mut all: Vec<Asset> = Vec::new();
        let coins = self.coins.iter().map(|(asset, _)| asset);
        for asset in self.legs.iter().map(|leg| &leg.base).chain(coins) {
            if !all.contains(asset) {
                all.push(asset.clone());
            }
        }
        all
    }

    /// Days of its shortest leg; `None` where no leg is struck by days.
    #[must_use]
    pub fn shortest_days(&self) -> Option<f64> {
        let days = self.legs.iter().filter_map(|leg| match leg.tenor() {
            Some(Tenor::Days(days)) => Some(days),
            _ => None,
        });
        days.min_by(f64::total_cmp)
    }

    /// When the first of its legs that are of one stretch of history expires.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        let ends = self.legs.iter().filter_map(|leg| match leg.tenor() {
            Some(Tenor::At(time)) => Some(time),
            _ => None,
        });
        ends.min()
    }
}

#[cfg(test)]
mod tests;
