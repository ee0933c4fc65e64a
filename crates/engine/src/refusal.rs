//! Why a command is refused: an event with its numbers, not an error.

use crate::liquidation::Worse;
use keelmark_book::{Asset, Money, Rate, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a command was refused, with the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    /// Its time is before that of an earlier command.
    #[error("expected a time from {now} on, found {at}")]
    TimeBack {
        /// The command's time.
        at: Timestamp,
        /// The engine's.
        now: Timestamp,
    },
    /// Its number is at or below an earlier one of its sender, whose answer is not kept.
    #[error("{from}: expected a number above {last}, found {number}: sent before, or skipped over")]
    NumberPassed {
        /// The sender.
        from: String,
        /// The number.
        number: u64,
        /// The sender's last.
        last: u64,
    },
    /// Nothing has this name.
    #[error("unknown {what} {name:?}{}", nearest(near))]
    Unknown {
        /// `account`, `instrument`, `model`, `order`, `position`.
        what: String,
        /// The name.
        name: String,
        /// Names like it.
        near: Vec<String>,
    },
    /// Something has this name already.
    #[error("{what} {name:?} is there already")]
    Exists {
        /// `account`, `instrument`, `model`, `order`.
        what: String,
        /// The name.
        name: String,
    },
    /// A field has a value it cannot have.
    #[error("{field}: expected {expected}, found {found}")]
    Bad {
        /// Which field.
        field: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The account is not in a state for it.
    #[error("account {account}: {problem}")]
    Account {
        /// Which account.
        account: String,
        /// What stands against it.
        problem: String,
    },
    /// The account has less than is asked of it.
    #[error("account {account} has {available} {asset}, and {wanted} is wanted")]
    NotEnough {
        /// Which account.
        account: String,
        /// Which asset.
        asset: Asset,
        /// What it has.
        available: Money,
        /// What is wanted.
        wanted: Money,
    },
    /// It would leave a pool with less than its initial margin.
    #[error(
        "account {account}, {pool}: equity {equity} would be below initial margin {initial} \
         {currency}"
    )]
    Margin {
        /// Which account.
        account: String,
        /// Which pool of it.
        pool: String,
        /// What equity and margin are in.
        currency: Asset,
        /// Equity after the command.
        equity: Money,
        /// Initial margin after the command.
        initial: Money,
    },
    /// A loss in the asset is about to be shared by all who hold it.
    #[error("{asset} may not leave an account before {until}: a loss in it is about to be shared")]
    Gated {
        /// Which asset.
        asset: Asset,
        /// Until when, if nothing else happens.
        until: Timestamp,
    },
    /// It would leave an account that is liquidated worse off than before.
    #[error("{0}")]
    Worse(Box<Worse>),
    /// The margin cannot be computed: a missing or stale price, an instrument no charge is about.
    #[error("account {account}: {problem}")]
    NoMargin {
        /// Which account.
        account: String,
        /// What is missing.
        problem: String,
    },
    /// A limit would be passed.
    #[error("{limit}: {would} would be above {most}")]
    Limit {
        /// Which limit.
        limit: String,
        /// What it would be.
        would: Rate,
        /// What it may be.
        most: Rate,
    },
    /// More would leave within a window than may.
    #[error(
        "{whose}: {wanted} {asset} is wanted, and {left} of {most} in {seconds} seconds is left; \
         {}",
        frees.map_or("a withdrawal may never be so large".to_owned(),
            |at| format!("so much is left again from {at}"))
    )]
    Outflow {
        /// Whose outflow is limited.
        whose: String,
        /// Which asset.
        asset: Asset,
        /// What is wanted.
        wanted: Money,
        /// What may leave now.
        left: Money,
        /// What may leave in a window.
        most: Money,
        /// Length of the window.
        seconds: u32,
        /// When what is wanted may leave, if nothing else does; absent where it never may.
        frees: Option<Timestamp>,
    },
    /// Linked accounts would have more margin left by trading with each other.
    #[error(
        "self-trade of {buyer} and {seller}: equity above initial margin would rise from {before} \
         to {after} {currency}; trade with others, or cancel the orders"
    )]
    SelfTrade {
        /// Who would buy.
        buyer: String,
        /// Who would sell.
        seller: String,
        /// What the figures are in.
        currency: Asset,
        /// What both have above initial margin with the orders cancelled that would be filled.
        before: Money,
        /// What both would have, fees aside.
        after: Money,
    },
    /// A feed it depends on has too few sources.
    #[error(
        "{of}: too few sources, so no new risk: only what reduces positions, cancels, deposits"
    )]
    Halted {
        /// Asset or instrument.
        of: String,
    },
    /// The instrument is not traded, or not in this way.
    #[error("{instrument}: {problem}")]
    NotTraded {
        /// Canonical symbol.
        instrument: String,
        /// Why.
        problem: String,
    },
    /// There is no settlement price: the index was not there for long enough.
    #[error("{instrument}: the index was live for {covered} of its window, and {least} is wanted")]
    NoSettlement {
        /// Canonical symbol.
        instrument: String,
        /// For which share of the window.
        covered: Rate,
        /// For which it must be.
        least: Rate,
    },
    /// A number does not fit.
    #[error("{context}: the result does not fit in 38 digits")]
    Overflow {
        /// What was computed.
        context: String,
    },
    /// It would leave a pool with less than what its document asks of whoever takes something out.
    #[error(
        "account {account}, {pool}: equity {equity} would be below {transfer} {currency}, which is \
         asked when something leaves"
    )]
    Transfer {
        /// Which account.
        account: String,
        /// Which pool of it.
        pool: String,
        /// What equity and the bar are in.
        currency: Asset,
        /// Equity after the command.
        equity: Money,
        /// What the document asks.
        transfer: Money,
    },
}

fn nearest(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; nearest: {}", near.join(", ")) }
}

impl From<keelmark_book::Overflow> for Refusal {
    fn from(_: keelmark_book::Overflow) -> Self {
        Self::Overflow { context: "an amount".to_owned() }
    }
}

impl Refusal {
    pub(crate) fn unknown(what: &str, name: &str) -> Self {
        Self::Unknown { what: what.to_owned(), name: name.to_owned(), near: Vec::new() }
    }

    pub(crate) fn exists(what: &str, name: &(impl ToString + ?Sized)) -> Self {
        Self::Exists { what: what.to_owned(), name: name.to_string() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "what was found is often made for it")]
    pub(crate) fn bad(field: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self::Bad {
            field: field.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}
