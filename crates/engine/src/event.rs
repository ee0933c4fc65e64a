//! What came of a command: facts in order, or one refusal with its numbers.

use crate::account::Mode;
use crate::delivery::{Last, Rule};
use crate::feed::{Failing, Standing};
use crate::governance;
use crate::interest::Terms;
use crate::ledger::Posting;
use crate::limits::{Most, Whose};
use crate::liquidation::Fact;
use crate::outflow::{self, Cap};
use crate::refusal::Refusal;
use crate::watch::{self, MarginCall};
use keelmark_book::{Asset, Money, Price, Quantity, Rate, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The engine's answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Number of the command in the engine's log, from 1.
    pub sequence: u64,
    /// What happened, in order: first what fell due by the command's time, then what it did; a
    /// refused command did one thing, its refusal.
    pub events: Vec<Event>,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The command was refused; nothing has changed.
    Refused(Refusal),
    /// A margin document is known.
    ModelKnown {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// Digest of the whole document.
        digest: String,
    },
    /// An instrument can be traded.
    Listed {
        /// Canonical symbol.
        instrument: String,
    },
    /// An asset has a price.
    Indexed {
        /// Which asset.
        asset: Asset,
        /// Price in US dollars.
        price: Price,
    },
    /// An instrument has a mark.
    Marked {
        /// Canonical symbol.
        instrument: String,
        /// The mark, in the instrument's own unit.
        mark: Price,
    },
    /// An account was opened.
    Opened {
        /// Its name.
        account: String,
    },
    /// An account was closed.
    Closed {
        /// Its name.
        account: String,
    },
    /// An account has another mode or document.
    Moved {
        /// Its name.
        account: String,
        /// Its mode.
        mode: Mode,
        /// Name and version of its document.
        model: String,
    },
    /// An amount moved.
    Posted(Posting),
    /// An order is open.
    Placed {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
    },
    /// An order has another open quantity or price.
    Amended {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
        /// Contracts open.
        quantity: Quantity,
        /// Limit price.
        price: Option<Price>,
    },
    /// An order is no longer open.
    Cancelled {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
    },
    /// A position changed by a trade.
    Filled {
        /// Whose.
        account: String,
        /// Canonical symbol.
        instrument: String,
        /// Contracts traded, bought above zero.
        quantity: Quantity,
        /// Price in the mark's unit.
        price: Price,
        /// The position now.
        position: Quantity,
        /// Profit realised, in the settlement asset.
        realised: Money,
        /// What is left of the order.
        order: Option<u64>,
    },
    /// A source said a price.
    Read {
        /// Asset or instrument.
        of: String,
        /// Which source.
        source: String,
        /// Its price.
        price: Price,
        /// Whether it is the source's newest; an older one changes nothing.
        newest: bool,
    },
    /// A source counts, or no longer does.
    Source {
        /// Asset or instrument.
        of: String,
        /// Which source.
        source: String,
        /// Whether it counts, and why not.
        standing: Standing,
    },
    /// A feed has enough sources again, or no longer has.
    Feed {
        /// Asset or instrument.
        of: String,
        /// Whether it has.
        live: bool,
        /// What follows where it has not.
        failing: Failing,
    },
    /// A feed was configured, or taken away.
    FeedSet {
        /// Asset or instrument.
        of: String,
        /// Whether there is one.
        there: bool,
    },
    /// A slow price moved.
    Slowed {
        /// Asset or instrument.
        of: String,
        /// To where.
        price: Price,
    },
    /// What was due could not be done.
    Missed {
        /// What.
        what: String,
        /// Why.
        problem: Refusal,
    },
    /// A perpetual's funding rate was found or told.
    FundingRate {
        /// Canonical symbol.
        instrument: String,
        /// What longs pay, as a share of the value.
        rate: Rate,
        /// The price of that value.
        price: Price,
    },
    /// A position paid funding, or was paid.
    Funded {
        /// Whose.
        account: String,
        /// Canonical symbol.
        instrument: String,
        /// What it was paid, in the settlement asset; below zero it paid.
        amount: Money,
    },
    /// How a perpetual's rate is made was set, or taken away.
    FundingSet {
        /// Canonical symbol.
        instrument: String,
        /// Whether it is made here.
        there: bool,
    },
    /// How settlement prices of an underlying are made was set.
    SettlementSet {
        /// Which underlying.
        asset: Asset,
        /// How.
        rule: Rule,
    },
    /// The end of an instrument was announced.
    Delisting {
        /// Canonical symbol.
        instrument: String,
        /// When it settles.
        at: Timestamp,
        /// At which price.
        rule: Last,
    },
    /// An instrument settled.
    Delivered {
        /// Canonical symbol.
        instrument: String,
        /// At which price; none for spot, which has no positions.
        price: Option<Price>,
    },
    /// A position was settled.
    Settled {
        /// Whose.
        account: String,
        /// Canonical symbol.
        instrument: String,
        /// Contracts it had.
        quantity: Quantity,
        /// What it was paid, in the settlement asset; below zero it paid.
        amount: Money,
        /// Profit over what it had cost.
        realised: Money,
    },
    /// An isolated position lost more than its margin, and the insurance fund paid the rest.
    Shortfall {
        /// Whose.
        account: String,
        /// Canonical symbol.
        instrument: String,
        /// How much.
        amount: Money,
    },
    /// An order waits for a price.
    StopPlaced {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
    },
    /// An order no longer waits.
    StopCancelled {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
        /// Why.
        why: Why,
    },
    /// A price was reached, and the order that waited for it is open: for the venue to match.
    Triggered {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
        /// Canonical symbol.
        instrument: String,
        /// Contracts, buy above zero.
        quantity: Quantity,
        /// Limit price; absent for a market order.
        price: Option<Price>,
        /// Whether it may only bring the position towards zero.
        reduce_only: bool,
        /// The trigger that was reached.
        trigger: Price,
        /// The price that reached it.
        seen: Price,
    },
    /// A price was reached, but the order that waited for it was refused, and is gone.
    TriggerRefused {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
        /// Why, with the numbers.
        refusal: Box<Refusal>,
    },
    /// When margin calls are made was changed.
    AlertsSet {
        /// Of whom; of everybody without alerts of his own when absent.
        account: Option<String>,
        /// The rule; absent where the account goes by that of everybody again.
        rule: Option<watch::Rule>,
    },
    /// Margin used has reached a level.
    MarginCall(Box<MarginCall>),
    /// Maintenance margin exceeds equity.
    Liquidatable(Box<MarginCall>),
    /// Margin used has fallen a step below levels that were reached: they are called again.
    MarginRestored {
        /// Which account.
        account: String,
        /// The lowest of these levels.
        level: Rate,
    },
    /// The margin of an account cannot be computed; said once, until it can be.
    MarginUnknown {
        /// Which account.
        account: String,
        /// What is missing.
        problem: String,
    },
    /// Another amount of an asset may leave within a window.
    OutflowSet {
        /// Which asset.
        asset: Asset,
        /// Whose withdrawals count.
        whose: outflow::Whose,
        /// The limit; absent for none of its own.
        cap: Option<Cap>,
    },
    /// Owing an asset has another price.
    InterestSet {
        /// Which asset.
        asset: Asset,
        /// The terms; absent where it costs nothing.
        terms: Option<Terms>,
    },
    /// Interest was charged.
    Accrued {
        /// On which asset.
        asset: Asset,
        /// The yearly rate.
        rate: Rate,
        /// What borrowers paid.
        charged: Money,
        /// What lenders got of it; the rest is the house's.
        paid: Money,
        /// What one unit owed from the beginning has become.
        index: Rate,
    },
    /// An instrument has other limits.
    Limited {
        /// Canonical symbol.
        instrument: String,
        /// What they are about.
        whose: Whose,
        /// The most that may be held.
        most: Most,
    },
    /// How fast rules may become looser was set.
    GovernanceSet {
        /// How fast.
        rule: governance::Rule,
    },
    /// Something will change.
    ChangeAnnounced {
        /// The number of the change.
        change: u64,
        /// What changes.
        what: String,
        /// When it begins.
        at: Timestamp,
    },
    /// An announced change took a step.
    ChangeStepped {
        /// The number of the change.
        change: u64,
        /// What changes.
        what: String,
        /// Which step, from 1; that of a document is its beginning.
        step: u32,
        /// Numbers of a document as they are now, by their path.
        numbers: Vec<(String, Rate)>,
        /// When the next one is; absent where the change is complete.
        next: Option<Timestamp>,
    },
    /// An announced change will not be, or no further.
    ChangeCancelled {
        /// The number of the change.
        change: u64,
        /// What would have changed.
        what: String,
    },
    /// Accounts count together, or alone again.
    Linked {
        /// Name of the group; absent where they left theirs.
        group: Option<String>,
        /// Accounts that are no sub-accounts; these come with them.
        accounts: Vec<String>,
    },
    /// An announced change that had begun goes no further: what it was about stays as it is now.
    ChangeHeld {
        /// The number of the change.
        change: u64,
        /// What would have changed further.
        what: String,
        /// The version of the document that accounts are under from now on; of a document alone.
        version: Option<String>,
    },
    /// Something happened in a liquidation.
    Liquidation(Box<Fact>),
}

/// Why an order that waited for a price does so no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its account asked for it.
    Asked,
    /// The position that it would reduce was closed or turned round.
    PositionClosed,
    /// The other one of a pair triggered.
    OtherTriggered,
    /// It was reached, but other orders reduce all of the position already.
    NothingLeft,
    /// The instrument ends, or has: nothing could come of it.
    Ended,
}

impl fmt::Display for Event {
    /// In words, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::ModelKnown { name, version, .. } => write!(f, "model {name} {version} is known"),
            Self::Listed { instrument } => write!(f, "{instrument} is listed"),
            Self::Indexed { asset, price } => write!(f, "{asset} is at {price}"),
            Self::Marked { instrument, mark } => write!(f, "{instrument} is at {mark}"),
            Self::Opened { account } => write!(f, "{account} is open"),
            Self::Closed { account } => write!(f, "{account} is closed"),
            Self::Moved { account, model, .. } => write!(f, "{account} is under {model}"),
            Self::Posted(Posting { asset, from, to, amount }) => {
                write!(f, "{amount} {asset} from {from} to {to}")
            }
            Self::Placed { account, order } => write!(f, "{account}: order {order} is open"),
            Self::Amended { account, order, quantity, .. } => {
                write!(f, "{account}: order {order} is for {quantity}")
            }
            Self::Cancelled { account, order } => {
                write!(f, "{account}: order {order} is cancelled")
            }
            Self::Filled { account, instrument, quantity, price, position, .. } => {
                write!(f, "{account}: {quantity} {instrument} at {price}, now {position}")
            }
            Self::Liquidation(fact) => fact.fmt(f),
            other => other.of_prices(f),
        }
    }
}

impl Event {
    /// In words: prices, and what follows from time.
    fn of_prices(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { of, source, price, newest: true } => {
                write!(f, "{of}: {source} says {price}")
            }
            Self::Read { of, source, .. } => write!(f, "{of}: {source} has said a newer price"),
            Self::Source { of, source, standing } => write!(f, "{of}: {source} is {standing}"),
            Self::Feed { of, live: true, .. } => write!(f, "{of}: enough sources"),
            Self::Feed { of, failing: Failing::Halt, .. } => {
                write!(f, "{of}: too few sources; no new risk")
            }
            Self::Feed { of, .. } => write!(f, "{of}: too few sources; the price grows old"),
            Self::FeedSet { of, there: true } => write!(f, "{of} has a feed"),
            Self::FeedSet { of, .. } => write!(f, "{of} has no feed"),
            Self::Slowed { of, price } => write!(f, "{of}: the slow price is {price}"),
            Self::Missed { what, problem } => write!(f, "{what} was missed: {problem}"),
            other => other.of_ends(f),
        }
    }

    /// In words: funding, and ends of instruments.
    fn of_ends(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FundingRate { instrument, rate, price } => {
                write!(f, "{instrument}: longs pay {rate} of {price}")
            }
            Self::Funded { account, instrument, amount } => {
                write!(f, "{account}: {amount} for {instrument}")
            }
            Self::FundingSet { instrument, there: true } => {
                write!(f, "{instrument}: its funding rate is made of premiums")
            }
            Self::FundingSet { instrument, .. } => {
                write!(f, "{instrument}: its funding rate is told")
            }
            Self::SettlementSet { asset, rule } => {
                write!(f, "{asset}: settled at the mean of {} s", rule.window_seconds)
            }
            Self::Delisting { instrument, at, .. } => write!(f, "{instrument} ends at {at}"),
            Self::Delivered { instrument, price: Some(price) } => {
                write!(f, "{instrument} settled at {price}")
            }
            Self::Delivered { instrument, .. } => write!(f, "{instrument} is no longer traded"),
            Self::Settled { account, instrument, quantity, amount, .. } => {
                write!(f, "{account}: {amount} for {quantity} {instrument}")
            }
            Self::Shortfall { account, instrument, amount } => {
                write!(f, "{account}: {amount} of {instrument} paid by the insurance fund")
            }
            other => other.of_rules(f),
        }
    }

    /// In words: limits, stops, margin calls and interest.
    fn of_rules(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopPlaced { account, order } => write!(f, "{account}: stop {order} waits"),
            Self::StopCancelled { account, order, why } => {
                write!(f, "{account}: stop {order} is cancelled: {why}")
            }
            Self::Triggered { account, order, instrument, quantity, trigger, seen, .. } => write!(
                f,
                "{account}: stop {order} at {trigger} was reached at {seen}: {quantity} \
                 {instrument} is open"
            ),
            Self::TriggerRefused { account, order, refusal } => {
                write!(f, "{account}: stop {order} was reached and refused: {refusal}")
            }
            Self::AlertsSet { account, .. } => {
                let account = account.as_deref().unwrap_or("everybody");
                write!(f, "{account}: other margin calls")
            }
            Self::MarginCall(call) => write!(f, "margin call: {call}"),
            Self::Liquidatable(call) => write!(f, "liquidatable: {call}"),
            Self::MarginRestored { account, level } => {
                write!(f, "{account}: margin used is well below {level} again")
            }
            Self::MarginUnknown { account, problem } => {
                write!(f, "{account}: no margin can be computed: {problem}")
            }
            Self::OutflowSet { asset, .. } => write!(f, "{asset}: other limits of outflow"),
            Self::InterestSet { asset, .. } => write!(f, "{asset}: other interest"),
            Self::Accrued { asset, rate, charged, paid, .. } => {
                write!(f, "{charged} {asset} of interest at {rate} a year, {paid} to lenders")
            }
            Self::Limited { instrument, .. } => write!(f, "{instrument} has other limits"),
            Self::Linked { group, accounts } => {
                let group = group.as_deref().unwrap_or("no group");
                write!(f, "{} count with {group}", accounts.join(", "))
            }
            other => other.of_changes(f),
        }
    }

    /// In words: how rules change.
    fn of_changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GovernanceSet { rule } => write!(
                f,
                "looser rules wait {} s, and go by {} every {} s",
                rule.delay_seconds, rule.most_per_step, rule.step_seconds
            ),
            Self::ChangeAnnounced { change, what, at } => {
                write!(f, "change {change}: {what} begins at {at}")
            }
            Self::ChangeStepped { change, what, step, next: Some(next), .. } => {
                write!(f, "change {change}: {what}, step {step}, the next at {next}")
            }
            Self::ChangeStepped { change, what, .. } => {
                write!(f, "change {change}: {what} is complete")
            }
            Self::ChangeCancelled { change, what } => {
                write!(f, "change {change}: {what} is cancelled")
            }
            Self::ChangeHeld { change, what, version: Some(version) } => {
                write!(f, "change {change}: {what} is held: accounts stay under {version:?}")
            }
            Self::ChangeHeld { change, what, .. } => write!(f, "change {change}: {what} is held"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "as asked",
            Self::PositionClosed => "the position is closed",
            Self::OtherTriggered => "the other one triggered",
            Self::NothingLeft => "nothing is left to reduce",
            Self::Ended => "the instrument ends",
        })
    }
}
