//! What both engines say beside accepted and refused, in words that can be compared.
//!
//! Mostly what follows from a command by itself: orders and stops that go, stops that trigger,
//! settlements, limits that change in steps, and margin calls of the accounts that the reference
//! watches.

use keelmark_book::{Asset, Decimal, Money, Price, Quantity, Rate, Timestamp};
use keelmark_engine::Event;
use keelmark_engine::event::Why;
use keelmark_engine::governance::Rule;
use keelmark_engine::limits::Whose;
use keelmark_engine::outflow::{self, Cap};

/// Whether the reference makes margin calls of an account: of one in five, since each price would
/// have it ask about all.
#[must_use]
pub fn is_watched(account: &str) -> bool {
    account.ends_with(['0', '5'])
}

/// An order is gone.
#[must_use]
pub fn cancelled(account: &str, order: u64) -> String {
    format!("{account}: order {order} is cancelled")
}

/// A stop is gone.
#[must_use]
pub fn stop_cancelled(account: &str, order: u64, why: Why) -> String {
    format!("{account}: stop {order} is cancelled: {why:?}")
}

/// A stop became an order.
#[must_use]
pub fn triggered(account: &str, order: u64, trigger: Price, quantity: Decimal) -> String {
    format!("{account}: stop {order} triggers at {trigger}: {quantity}")
}

/// A stop was reached, and its order refused.
#[must_use]
pub fn trigger_refused(account: &str, order: u64) -> String {
    format!("{account}: stop {order} triggers and is refused")
}

/// Whether a fact is that of a stop that was reached: their order counts.
#[must_use]
pub fn is_trigger(fact: &str) -> bool {
    fact.contains(" triggers ")
}

/// An instrument settles.
#[must_use]
pub fn delivered(instrument: &str, price: Option<Price>) -> String {
    format!("{instrument} settles at {price:?}")
}

/// An instrument has ended without a price.
#[must_use]
pub fn missed() -> String {
    "a settlement is missed".to_owned()
}

/// A position settles: contracts, what was paid, profit.
#[must_use]
pub fn settled(account: &str, instrument: &str, [held, paid, profit]: [Decimal; 3]) -> String {
    format!("{account}: {held} {instrument} settles for {paid}, profit {profit}")
}

/// A position on its own collateral lost more than that.
#[must_use]
pub fn shortfall(account: &str, instrument: &str, amount: Decimal) -> String {
    format!("{account}: {instrument} is short of {amount}")
}

/// A margin call: level, equity, maintenance margin, and what would mend it.
#[must_use]
pub fn called(account: &str, pool: &str, level: Rate, figures: [Option<Decimal>; 3]) -> String {
    format!("{account}, {pool}: {level} is reached: {figures:?}")
}

/// Levels are called again.
#[must_use]
pub fn restored(account: &str, level: Rate) -> String {
    format!("{account}: {level} is left")
}

/// A margin cannot be computed.
#[must_use]
pub fn unknown(account: &str) -> String {
    format!("{account}: margin unknown")
}

/// The rule of changes is another.
#[must_use]
pub fn ruled(rule: Rule) -> String {
    format!("changes go by {rule:?}")
}

/// A change will begin.
#[must_use]
pub fn announced(change: u64, at: Timestamp) -> String {
    format!("change {change} begins at {at}")
}

/// A change took a step.
#[must_use]
pub fn stepped(change: u64, step: u32, next: Option<Timestamp>) -> String {
    format!("change {change} takes step {step}, then {next:?}")
}

/// A change will not be.
#[must_use]
pub fn change_cancelled(change: u64) -> String {
    format!("change {change} is cancelled")
}

/// An instrument has another limit.
#[must_use]
pub fn limited(
    instrument: &str,
    whose: &Whose,
    contracts: Option<Quantity>,
    notional: Option<Money>,
) -> String {
    format!("{instrument} is limited for {whose:?}: {contracts:?}, {notional:?}")
}

/// Another amount may leave.
#[must_use]
pub fn capped(asset: &Asset, whose: &outflow::Whose, cap: Option<Cap>) -> String {
    format!("{asset} may leave for {whose:?}: {cap:?}")
}

/// The fact of an event, if it is one that is compared.
#[must_use]
pub fn of(event: &Event) -> Option<String> {
    Some(match event {
        Event::Cancelled { account, order } => cancelled(account, *order),
        Event::StopCancelled { account, order, why } => stop_cancelled(account, *order, *why),
        Event::Triggered { account, order, trigger, quantity, .. } => {
            triggered(account, *order, *trigger, quantity.decimal())
        }
        Event::TriggerRefused { account, order, .. } => trigger_refused(account, *order),
        Event::Delivered { instrument, price } => delivered(instrument, *price),
        Event::Settled { account, instrument, quantity, amount, realised } => {
            let figures = [quantity.decimal(), amount.decimal(), realised.decimal()];
            settled(account, instrument, figures)
        }
        Event::Shortfall { account, instrument, amount } => {
            shortfall(account, instrument, amount.decimal())
        }
        Event::MarginCall(call) | Event::Liquidatable(call) if is_watched(&call.account) => {
            let figures = [Some(call.equity), Some(call.maintenance), call.deposit];
            let figures = figures.map(|amount| amount.map(Money::decimal));
            called(&call.account, &call.pool, call.level, figures)
        }
        Event::MarginRestored { account, level } if is_watched(account) => {
            restored(account, *level)
        }
        Event::Missed { what, .. } if what == "settlement" => missed(),
        Event::GovernanceSet { rule } => ruled(*rule),
        Event::ChangeAnnounced { change, at, .. } => announced(*change, *at),
        Event::ChangeStepped { change, step, next, .. } => stepped(*change, *step, *next),
        Event::ChangeCancelled { change, .. } => change_cancelled(*change),
        Event::Limited { instrument, whose, most } => {
            limited(instrument, whose, most.contracts, most.notional)
        }
        Event::OutflowSet { asset, whose, cap } => capped(asset, whose, *cap),
        Event::MarginUnknown { account, .. } if is_watched(account) => unknown(account),
        _ => return None,
    })
}

/// Where two engines say something else: sorted, since accounts come in no order that is promised,
/// but for stops that trigger, which have one.
///
/// # Errors
/// What only one of them says.
pub fn same(events: &[Event], expected: &[String]) -> Result<(), String> {
    let mut found: Vec<String> = events.iter().filter_map(of).collect();
    let mut expected = expected.to_vec();
    let triggers = |facts: &[String]| -> Vec<String> {
        facts.iter().filter(|fact| is_trigger(fact)).cloned().collect()
    };
    let (one, other) = (triggers(&found), triggers(&expected));
    found.sort();
    expected.sort();
    if found != expected {
        let only = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|fact| !other.contains(fact)).cloned().collect()
        };
        let (more, less) = (only(&found, &expected), only(&expected, &found));
        return Err(format!("said {more:?} beside what is expected, and not {less:?}"));
    }
    if one == other { Ok(()) } else { Err(format!("triggered {one:?}, expected {other:?}")) }
}
