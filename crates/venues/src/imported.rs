//! What a set of replies becomes: a market, accounts, a parameter document, and what the venue
//! reports, kept apart so that ours can be shown beside it.

use crate::parameters::Parameters;
use keelmark_book::{Asset, Decimal, Market, Overflow, Portfolio};
use std::collections::BTreeMap;

/// What a set of replies holds.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The market, where the replies have prices.
    pub market: Option<Market>,
    /// The accounts, where the replies have holdings.
    pub accounts: Vec<Portfolio>,
    /// The venue's parameters, where the replies have some.
    pub parameters: Option<Parameters>,
    /// The built-in document of how the account is margined, where the replies say it.
    pub model: Option<String>,
    /// As [`Imported::model`], of the accounts that have one of their own.
    pub model_of: BTreeMap<String, String>,
    /// What the venue reports.
    pub reported: Vec<Figure>,
    /// What was assumed, derived or left out.
    pub notes: Vec<String>,
}

/// A figure as the venue reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Of which account.
    pub account: String,
    /// What it is.
    pub what: What,
    /// What it is counted in.
    pub currency: Asset,
    /// How much.
    pub value: Decimal,
}

/// What a reported figure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// What supports margin.
    Equity,
    /// Initial margin, a requirement.
    Initial,
    /// Maintenance margin, a requirement.
    Maintenance,
    /// Equity less initial margin: below zero is short of margin.
    NetInitial,
    /// Equity less maintenance margin: below zero is liquidated.
    NetMaintenance,
    /// Equity over maintenance margin.
    Ratio,
    /// The same, counting positions with collateral of their own too.
    WithIsolated(Box<What>),
    /// A requirement of a part of the account alone.
    Part {
        /// `initial` or `maintenance`.
        level: &'static str,
        /// What the venue calls the part.
        name: String,
        /// Native names of the positions in it.
        of: Vec<String>,
    },
    /// Price of an instrument, by its canonical symbol, at which the account is liquidated.
    Liquidation(String),
}

impl What {
    /// What it is, whatever positions it counts.
    #[must_use]
    pub fn bare(&self) -> &Self {
        match self {
            Self::WithIsolated(what) => what.bare(),
            other => other,
        }
    }
}

/// The two sides of a position held both ways as one: both have the requirement of the same name.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub(crate) fn sides_together(figures: Vec<Figure>) -> Result<Vec<Figure>, Overflow> {
    let mut out: Vec<Figure> = Vec::new();
    for one in figures {
        let same = |known: &&mut Figure| {
            matches!(one.what, What::Part { .. })
                && (&known.account, &known.what, &known.currency)
                    == (&one.account, &one.what, &one.currency)
        };
        match out.iter_mut().find(same) {
            Some(known) => known.value = known.value.plus(one.value)?,
            None => out.push(one),
        }
    }
    Ok(out)
}

/// What was left out, counted by reason.
#[derive(Debug, Default)]
pub struct LeftOut(BTreeMap<String, usize>);

impl LeftOut {
    /// One more for a reason: `"3 tickers left out: no mark"`.
    pub fn add(&mut self, what: &str, why: &str) {
        *self.0.entry(format!("{what} left out: {why}")).or_default() += 1;
    }

    /// A note a reason.
    pub fn notes(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(why, count)| format!("{count} {why}"))
    }
}
