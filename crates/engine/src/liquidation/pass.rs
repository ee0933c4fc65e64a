//! Part of a position from an account that is liquidated to somebody else, at a value: what every
//! way of taking it over has in common.

use super::Fact;
use crate::account::{AccountId, Mode};
use crate::change::Change;
use crate::event::Event;
use crate::position;
use crate::refusal::Refusal;
use crate::standing::Leave;
use keelmark_book::{InstrumentId, Money, Quantity};

/// What passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// The account that is liquidated.
    pub id: AccountId,
    /// Who takes it over.
    pub by: AccountId,
    pub instrument: InstrumentId,
    /// Whether it stands on collateral of its own.
    pub isolated: bool,
    /// What the account trades, bought above zero; never beyond its position.
    pub quantity: Quantity,
    /// What that is traded at in all, signed as [`position::value`].
    pub value: Money,
}

/// Passes it: a trade of both sides, each with its event.
///
/// # Errors
/// Where the account holds less than that, or something does not fit.
pub(super) fn pass(change: &mut Change<'_>, passed: &Passed) -> Result<(), Refusal> {
    let alone = change.account(passed.by).mode == Mode::Isolated;
    onto(change, passed, alone, alone)
}

/// Passes it against a position that is on the other side, and so becomes smaller: on shared
/// collateral or on its own.
pub(super) fn reduce(change: &mut Change<'_>, passed: &Passed, alone: bool) -> Result<(), Refusal> {
    onto(change, passed, alone, false)
}

fn onto(change: &mut Change<'_>, passed: &Passed, alone: bool, grows: bool) -> Result<(), Refusal> {
    let Passed { id, by, instrument, isolated, quantity, value } = *passed;
    // It may have traded since it was offered.
    let held = change.account(id).position(instrument, isolated);
    if held.is_negative() == quantity.is_negative() || quantity.abs() > held.abs() {
        let expected = format!("at most what is held, {held}, the other way");
        return Err(Refusal::bad("quantity", expected, quantity));
    }
    side(change, id, instrument, isolated, (quantity, value))?;
    side(change, by, instrument, alone, (-quantity, -value))?;
    if grows {
        change.top_up(by, instrument)?;
    }
    change.liquidation(Fact::Passed {
        account: change.account(id).name.clone(),
        isolated,
        by: change.account(by).name.clone(),
        by_isolated: alone,
        instrument: change.symbol(instrument),
        quantity,
        value,
    });
    Ok(())
}

fn side(
    change: &mut Change<'_>,
    id: AccountId,
    instrument: InstrumentId,
    isolated: bool,
    (quantity, value): (Quantity, Money),
) -> Result<(), Refusal> {
    let (position, realised) = change.fill(id, instrument, isolated, quantity, value)?;
    let one = change.state.market.instruments.get(instrument);
    let account = change.account(id).name.clone();
    let price = position::price(one, quantity, value)?;
    let instrument = one.to_string();
    change.tell(Event::Filled {
        account,
        instrument,
        quantity,
        price,
        position,
        realised,
        order: None,
    });
    Ok(())
}

impl Change<'_> {
    /// Checks who took something over: its limits, and its initial margin unless what it took only
    /// reduces what it had.
    pub(crate) fn takes(&mut self, by: AccountId, instrument: InstrumentId) -> Result<(), Refusal> {
        let isolated = self.account(by).mode == Mode::Isolated;
        let before = self.state.account(by).position(instrument, isolated);
        let after = self.account(by).position(instrument, isolated);
        let reduces = position::reduces(before, after);
        self.within_limits(by, instrument)?;
        self.require(by, if reduces { Leave::NoWorse } else { Leave::Initial })
    }
}
