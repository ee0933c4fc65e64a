//! What happens in an auction, with its numbers.

use keelmark_book::{Asset, Money, Rate};
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
        }
    }
}
