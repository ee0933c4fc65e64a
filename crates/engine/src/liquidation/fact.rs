//! What happens in a liquidation, with its numbers.

use super::Stage;
use super::auction::Auctioned;
use keelmark_book::{Asset, Money, Price, Quantity, Rate, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A fact about the liquidation of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "LiquidationFact")]
#[non_exhaustive]
pub enum Fact {
    /// The rule of a document was set, or taken away.
    RuleSet {
        /// Name of the document; absent for all without a rule of their own.
        model: Option<String>,
        /// Whether there is one.
        there: bool,
    },
    /// It began.
    Begun {
        /// Whose.
        account: String,
        /// When its first step is due.
        first: Timestamp,
    },
    /// Another stage began.
    Entered {
        /// Whose.
        account: String,
        /// Which stage.
        stage: Stage,
    },
    /// Open orders were cancelled.
    OrdersCancelled {
        /// Whose.
        account: String,
        /// How many.
        orders: u32,
        /// How many are left: cancelling more is not needed.
        left: u32,
    },
    /// Part of a position is offered.
    Offered {
        /// Whose.
        account: String,
        /// Canonical symbol.
        instrument: String,
        /// Contracts that the account trades, buys above zero.
        quantity: Quantity,
        /// The worst price for it.
        limit: Price,
        /// Which step of the stage, from 1.
        step: u32,
        /// What the figures are in.
        currency: Asset,
        /// By how much equity over maintenance margin grows, at the worst price.
        frees: Money,
        /// What it costs at the worst price, fee included.
        cost: Money,
        /// Whether it brings margin used to the end level.
        enough: bool,
    },
    /// Somebody took part of an offer.
    Taken {
        /// Whose.
        account: String,
        /// Who took it.
        by: String,
        /// Canonical symbol.
        instrument: String,
        /// Contracts that the account traded, bought above zero.
        quantity: Quantity,
        /// At which price.
        price: Price,
        /// What the insurance fund was paid, in the settlement asset.
        fee: Money,
        /// Contracts still offered.
        left: Quantity,
    },
    /// Part of a position passed to somebody else.
    Passed {
        /// Whose it was.
        account: String,
        /// Whether it stood on collateral of its own.
        isolated: bool,
        /// Whose it is.
        by: String,
        /// Whether it stands on collateral of its own now.
        by_isolated: bool,
        /// Canonical symbol.
        instrument: String,
        /// Contracts that the account traded, bought above zero.
        quantity: Quantity,
        /// What they were traded at in all, in the settlement asset, signed as the quantity; minus
        /// the coins of an inverse contract.
        value: Money,
    },
    /// A vault took over a share of a pool, and of what that had.
    TakenOver {
        /// Whose.
        account: String,
        /// The vault.
        by: String,
        /// What the figures are in.
        currency: Asset,
        /// What its positions are worth at their marks, without their signs.
        worth: Money,
        /// What positions are worth that no vault took over.
        left: Money,
    },
    /// An insurance fund paid what an account owed.
    Insured {
        /// Whose.
        account: String,
        /// Which fund, by its name; absent for the shared one.
        fund: Option<String>,
        /// Of which asset.
        asset: Asset,
        /// How much.
        paid: Money,
        /// What is still owed of it.
        left: Money,
    },
    /// An insurance fund took a balance at the index for what an account owed of something else.
    Exchanged {
        /// Whose.
        account: String,
        /// Which fund, by its name; absent for the shared one.
        fund: Option<String>,
        /// What the account gave.
        gave: Asset,
        /// How much of it.
        given: Money,
        /// What the account owed.
        got: Asset,
        /// How much of it was paid.
        paid: Money,
    },
    /// A position was closed against somebody who held the other side.
    Deleveraged {
        /// Whose.
        account: String,
        /// Who held the other side.
        by: String,
        /// Canonical symbol.
        instrument: String,
        /// Contracts that the account traded, bought above zero.
        quantity: Quantity,
        /// At which price.
        price: Price,
        /// How much worse than the mark that is for who held the other side, in the settlement
        /// asset.
        haircut: Money,
    },
    /// What was closed against others, in all.
    Haircut {
        /// Whose.
        account: String,
        /// What the figures are in.
        currency: Asset,
        /// What the account would have owed at the marks for what was closed, less what its fund
        /// pays.
        shortfall: Money,
        /// What was taken of the others.
        taken: Money,
        /// What was taken beyond the shortfall; below zero what is missing.
        overshoot: Money,
        /// What positions are worth that nobody could be found for.
        left: Money,
    },
    /// Withdrawals of an asset wait: a loss in it is about to be shared.
    Gated {
        /// Whose loss.
        account: String,
        /// Which asset.
        asset: Asset,
        /// How much is owed.
        owed: Money,
        /// Until when.
        until: Timestamp,
    },
    /// All who hold an asset bear a loss in it.
    Socialised {
        /// Whose loss.
        account: String,
        /// Which asset.
        asset: Asset,
        /// How much they bear together.
        paid: Money,
        /// Which share of what each held, rounded up.
        rate: Rate,
        /// How many they are.
        accounts: u64,
        /// What nobody could bear.
        unmet: Money,
    },
    /// Something happened in its auction.
    Auction {
        /// Whose.
        account: String,
        /// What.
        what: Auctioned,
    },
    /// Its margin cannot be computed, so nothing is done until it can.
    Paused {
        /// Whose.
        account: String,
        /// What is missing.
        problem: String,
    },
    /// It has come to an end.
    Ended {
        /// Whose.
        account: String,
        /// How.
        outcome: Outcome,
        /// Margin used, of the pool that uses most; absent where nothing supports it, or nothing
        /// is required.
        mm_used: Option<Rate>,
    },
}

/// How a liquidation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "LiquidationOutcome")]
pub enum Outcome {
    /// Margin used is at the end level or below it.
    Restored,
    /// Nothing is held and nothing is owed.
    Flat,
    /// Its document has no rule any more.
    NoRule,
}

/// A pool that a step of its liquidation would leave worse off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Worse {
    /// Which account.
    pub account: String,
    /// Which pool of it.
    pub pool: String,
    /// What the figures are in.
    pub currency: Asset,
    /// Equity and maintenance margin before it.
    pub before: [Money; 2],
    /// Equity and maintenance margin after it.
    pub after: [Money; 2],
}

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, pool, currency, before, after } = self;
        write!(
            f,
            "account {account}, {pool}: equity {} and maintenance margin {}",
            before[0], before[1]
        )?;
        write!(f, " {currency} would become {} and {}, which is worse", after[0], after[1])
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RuleSet { model, there } => {
                let of = model.as_deref().unwrap_or("all documents");
                let what = if *there { "are by another rule" } else { "have no rule" };
                write!(f, "liquidations under {of} {what}")
            }
            Self::Begun { account, first } => {
                write!(f, "{account} is being liquidated; the first step is at {first}")
            }
            Self::Entered { account, stage } => write!(f, "{account}: liquidation is at {stage}"),
            Self::OrdersCancelled { account, orders, left } => {
                write!(f, "{account}: {orders} orders are cancelled, {left} are left")
            }
            Self::Offered {
                account, instrument, quantity, limit, frees, cost, currency, ..
            } => {
                write!(f, "{account}: {quantity} {instrument} is offered at {limit} or better; ")?;
                write!(f, "it frees {frees} {currency} and costs {cost}")
            }
            Self::Taken { account, by, instrument, quantity, price, left, .. } => {
                let (size, left) = (quantity.abs(), left.abs());
                write!(f, "{account}: {by} took {size} {instrument} at {price}, {left} is left")
            }
            Self::Passed { account, by, instrument, quantity, .. } => {
                write!(f, "{account}: {} {instrument} passed to {by}", quantity.abs())
            }
            Self::Paused { account, problem } => {
                write!(f, "{account}: liquidation waits: {problem}")
            }
            Self::Ended { account, outcome, .. } => write!(
                f,
                "{account} is no longer liquidated: {}",
                match outcome {
                    Outcome::Restored => "its margin is restored",
                    Outcome::Flat => "nothing is left",
                    Outcome::NoRule => "there is no rule",
                }
            ),
            other => other.of_the_end(f),
        }
    }
}

impl Fact {
    /// In words: what becomes of what nobody took.
    fn of_the_end(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakenOver { account, by, currency, worth, left } => {
                write!(f, "{account}: {by} took over positions worth {worth} {currency}; ")?;
                write!(f, "{left} {currency} is left")
            }
            Self::Insured { account, fund, asset, paid, left } => {
                let fund = fund.as_deref().unwrap_or("insurance");
                write!(f, "{account}: {fund} paid {paid} {asset} of what it owed; {left} is left")
            }
            Self::Exchanged { account, fund, gave, given, got, paid } => {
                let fund = fund.as_deref().unwrap_or("insurance");
                write!(f, "{account}: {fund} took {given} {gave} for {paid} {got} that it owed")
            }
            Self::Deleveraged { account, by, instrument, quantity, price, haircut } => {
                let size = quantity.abs();
                write!(
                    f,
                    "{account}: {size} {instrument} of {by} is closed against it at {price}"
                )?;
                write!(f, ", a haircut of {haircut}")
            }
            Self::Haircut { account, currency, shortfall, taken, overshoot, left } => {
                write!(
                    f,
                    "{account}: {taken} {currency} taken of others for {shortfall} missing: "
                )?;
                write!(f, "overshoot {overshoot}; {left} {currency} is left")
            }
            Self::Gated { account, asset, owed, until } => {
                write!(f, "{account} owes {owed} {asset} that nobody has paid: withdrawals of ")?;
                write!(f, "{asset} wait until {until}")
            }
            Self::Socialised { account, asset, paid, rate, accounts, .. } => {
                write!(f, "{account}: {accounts} accounts bear {paid} {asset}, ")?;
                write!(f, "{rate} of what they hold")
            }
            Self::Auction { account, what } => write!(f, "{account}: {what}"),
            _ => Ok(()),
        }
    }
}
