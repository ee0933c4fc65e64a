//! What happens in an auction, with its numbers.

use keelmark_book::{Asset, Money, Price, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A fact about the auction of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AuctionFact")]
#[non_exhaustive]
pub enum Auctioned {
    /// A phase began.
    Begun(Asked),
    /// Somebody took a share.
    Share {
        /// Who.
        by: String,
        /// Of what was for sale, rounded to whole lots of each position.
        share: Rate,
        /// What it is paid in.
        asset: Asset,
        /// What he paid; below zero what the insurance fund paid him.
        paid: Money,
        /// What all that was for sale cost then.
        price: Money,
        /// The largest share that was for sale.
        most: Rate,
    },
    /// Time is up.
    Over,
    /// Collateral is for sale at a falling price, or is again from its first one.
    Lot(Lot),
    /// Collateral is for sale at a discount.
    Repay(Repay),
    /// Somebody got collateral for debt.
    Bought {
        /// Who.
        by: String,
        /// What he got.
        collateral: Asset,
        /// How much of it.
        amount: Money,
        /// What he paid in.
        debt: Asset,
        /// How much of it.
        paid: Money,
    },
    /// Sealed bids are collected.
    Collects(Asked),
    /// A sealed bid was received.
    Received {
        /// Whose.
        by: String,
        /// How many there are.
        bids: u64,
    },
    /// A sealed bid was dropped when bids were cleared.
    Dropped {
        /// Whose.
        by: String,
        /// Why.
        why: String,
    },
    /// There was no bid to clear.
    Unsold,
}

/// Collateral for sale at a falling price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuctionLot")]
pub struct Lot {
    /// What is sold.
    pub collateral: Asset,
    /// How much of it there is.
    pub lot: Money,
    /// What it is sold for.
    pub debt: Asset,
    /// How much of it is owed.
    pub owed: Money,
    /// What one unit costs at the beginning.
    pub price: Price,
    /// Seconds until it starts anew, or is over.
    pub seconds: u64,
    /// How often it started anew.
    pub reset: u32,
}

/// Collateral for sale at a discount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuctionRepay")]
pub struct Repay {
    /// What is repaid.
    pub debt: Asset,
    /// How much of it is owed.
    pub owed: Money,
    /// What is got for it.
    pub collateral: Asset,
    /// How much of it there is.
    pub held: Money,
    /// What is got beyond what is repaid, as a share of it, now.
    pub incentive: Rate,
    /// Seconds until it is over.
    pub seconds: u64,
}

/// What is asked at the beginning of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuctionAsked")]
pub struct Asked {
    /// Which pool is sold.
    pub pool: String,
    /// Whether it is worth nothing, so that bidders are paid.
    pub insolvent: bool,
    /// What worth and missing margin are in.
    pub currency: Asset,
    /// What it is worth at the mark.
    pub worth: Money,
    /// What it has beyond maintenance margin; below zero it is short.
    pub net: Money,
    /// What prices are in.
    pub asset: Asset,
    /// What all that is for sale costs at the beginning; below zero the bidder is paid.
    pub price: Money,
    /// Seconds until the phase is over.
    pub seconds: u64,
}

impl fmt::Display for Auctioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun(Asked {
                pool, insolvent, worth, currency, asset, price, seconds, ..
            }) => {
                let how = if *insolvent { "rising" } else { "falling" };
                write!(f, "{pool}, worth {worth} {currency}, is auctioned from {price} {asset}, ")?;
                write!(f, "{how} for {seconds} seconds")
            }
            Self::Share { by, share, asset, paid, .. } if paid.is_negative() => {
                write!(f, "{by} took {share} of it and was paid {} {asset}", -*paid)
            }
            Self::Share { by, share, asset, paid, .. } => {
                write!(f, "{by} took {share} of it for {paid} {asset}")
            }
            Self::Over => f.write_str("its auction is over"),
            other => other.of_loans(f),
        }
    }
}

impl Auctioned {
    /// In words: collateral for debt, and sealed bids.
    fn of_loans(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lot(Lot { collateral, lot, debt, owed, price, reset, .. }) => {
                write!(f, "{lot} {collateral} is auctioned for {owed} {debt} owed, ")?;
                write!(f, "from {price} {debt}")?;
                if *reset > 0 { write!(f, ", anew, {reset}") } else { Ok(()) }
            }
            Self::Repay(Repay { debt, owed, collateral, held, incentive, .. }) => {
                write!(f, "{held} {collateral} is offered for {owed} {debt} owed, ")?;
                write!(f, "with {incentive} on top")
            }
            Self::Bought { by, collateral, amount, debt, paid } => {
                write!(f, "{by} got {amount} {collateral} for {paid} {debt}")
            }
            Self::Collects(Asked { pool, worth, currency, asset, price, seconds, .. }) => {
                write!(
                    f,
                    "bids for {pool}, worth {worth} {currency}, are collected for {seconds} "
                )?;
                write!(f, "seconds, from {price} {asset}")
            }
            Self::Received { by, bids } => write!(f, "the bid of {by} is number {bids}"),
            Self::Dropped { by, why } => write!(f, "the bid of {by} is dropped: {why}"),
            Self::Unsold => f.write_str("no bid is left to clear"),
            _ => Ok(()),
        }
    }
}
