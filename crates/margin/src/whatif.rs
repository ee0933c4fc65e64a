//! What if: the account after some fills, deposits, and moves between modes.
//!
//! A change is applied to the account, and the account is then computed like any other: there is
//! no second way to a margin.

use crate::error::MarginError;
use crate::margin::lots;
use keelmark_book::{
    Balance, Instrument, InstrumentId, Isolation, Market, Money, Portfolio, Position, Price,
    Quantity, Round, profit,
};
use std::collections::BTreeSet;

/// A change to an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Contracts bought (above zero) or sold at the mark, into the shared position.
    pub fills: Vec<(InstrumentId, Quantity)>,
    /// Amounts added; below zero is withdrawn.
    pub deposits: Vec<Balance>,
    /// Shared positions that get collateral of their own, in their settlement asset, taken from
    /// the account.
    pub isolate: Vec<(InstrumentId, Money)>,
    /// Isolated positions that give their collateral back and share the account's.
    pub share: Vec<InstrumentId>,
}

/// The account after a change.
///
/// # Errors
/// When a quantity is off the lot, a position to move is not there, or a number does not fit.
pub fn apply(
    account: &Portfolio,
    change: &Change,
    market: &Market,
) -> Result<Portfolio, MarginError> {
    let mut after = account.clone();
    for held in &change.deposits {
        after.deposit(held.asset.clone(), held.amount)?;
    }
    for (id, quantity) in &change.fills {
        fill(&mut after, *id, *quantity, market)?;
    }
    let open: BTreeSet<InstrumentId> = after.orders.iter().map(|one| one.instrument).collect();
    after.positions.retain(|one| {
        // Closing a position does not undo a chosen leverage: open orders are asked by it.
        let chosen = one.leverage.is_some() && one.isolation == Isolation::Shared;
        !one.quantity.is_zero() || chosen && open.contains(&one.instrument)
    });
    for (id, margin) in &change.isolate {
        let settle = market.instruments.get(*id).settle.clone();
        let held = after.collateral.iter().find(|held| held.asset == settle);
        let most = held.map_or(Money::ZERO, |held| held.amount).max(Money::ZERO);
        if margin.is_negative() || *margin > most {
            return Err(MarginError::Unsupported(format!(
                "isolating {}: expected 0 to {most} {settle}, what the account holds, found \
                 {margin}",
                market.instruments.get(*id).venue_symbol
            )));
        }
        let position = position(&mut after, *id, market, false)?;
        position.isolation = Isolation::Own(*margin);
        after.deposit(settle, -*margin)?;
    }
    for id in &change.share {
        let settle = market.instruments.get(*id).settle.clone();
        let position = position(&mut after, *id, market, true)?;
        let Isolation::Own(margin) = position.isolation else { continue };
        position.isolation = Isolation::Shared;
        after.deposit(settle, margin)?;
    }
    Ok(after)
}

/// Adds a fill at the mark to the shared position.
fn fill(
    account: &mut Portfolio,
    id: InstrumentId,
    quantity: Quantity,
    market: &Market,
) -> Result<(), MarginError> {
    let instrument = market.instruments.get(id);
    lots(market, id, quantity)?;
    let shared = |one: &Position| one.instrument == id && one.isolation == Isolation::Shared;
    let at = account.positions.iter().position(shared);
    let held = at.map(|at| &account.positions[at]);
    let filled = filled(instrument, held, quantity, market.quote(id).mark)?;
    if !filled.cash.is_zero() {
        account.deposit(instrument.settle.clone(), filled.cash)?;
    }
    match at {
        Some(at) => {
            account.positions[at].quantity = filled.quantity;
            account.positions[at].avg_price = filled.entry;
        }
        None => account.positions.push(Position::new(id, filled.quantity, filled.entry)),
    }
    Ok(())
}

/// A position after a fill.
pub(crate) struct Filled {
    /// What moves into the settlement asset: premium, below zero when paid, or realised profit.
    pub cash: Money,
    /// Contracts held after it.
    pub quantity: Quantity,
    /// Average entry after it.
    pub entry: Option<Price>,
}

/// What a fill at the mark does to a position. An option's premium moves; a future that shrinks
/// realises the profit of what it closes, one that grows averages its entry.
pub(crate) fn filled(
    instrument: &Instrument,
    held: Option<&Position>,
    quantity: Quantity,
    mark: Price,
) -> Result<Filled, MarginError> {
    let before = held.map_or(Quantity::ZERO, |held| held.quantity);
    let after = before.plus(quantity)?;
    let entry = held.and_then(|held| held.avg_price);
    if instrument.is_option() {
        let premium = profit::option_value(instrument, quantity, mark, Round::Up)?;
        let entry = entry.or(held.is_none().then_some(mark));
        return Ok(Filled { cash: -premium, quantity: after, entry });
    }
    let Some(entry) = entry else {
        let entry = held.is_none().then_some(mark);
        return Ok(Filled { cash: Money::ZERO, quantity: after, entry });
    };
    let closed = closed_by(before, quantity);
    let cash = profit::profit(instrument, closed, entry, mark, Round::Down)?;
    let turned = after.is_positive() != before.is_positive();
    let entry = match (closed.is_zero(), turned) {
        (true, _) => average_entry(instrument, before, entry, quantity, mark)?,
        (false, true) => mark,
        (false, false) => entry,
    };
    Ok(Filled { cash, quantity: after, entry: Some(entry) })
}

/// The part of a position that a fill closes, with the position's sign.
fn closed_by(held: Quantity, fill: Quantity) -> Quantity {
    if held.is_positive() == fill.is_positive() {
        return Quantity::ZERO;
    }
    let size = held.abs().min(fill.abs());
    if held.is_negative() { -size } else { size }
}

/// Entry price of a position that grew: weighted by contracts, or for inverse contracts by what
/// they cost in coin. Rounded against the holder.
fn average_entry(
    instrument: &Instrument,
    held: Quantity,
    entry: Price,
    fill: Quantity,
    mark: Price,
) -> Result<Price, MarginError> {
    let round = if held.is_negative() { Round::Down } else { Round::Up };
    let (a, b) = (held.abs().decimal(), fill.abs().decimal());
    let (x, y) = (entry.decimal(), mark.decimal());
    let both = a.plus(b)?;
    let average = if instrument.is_inverse() {
        // (a + b) / (a/x + b/y), as one fraction of entry prices that cannot overflow.
        let weight = a.times_over(y, x, Round::Nearest)?.plus(b)?;
        both.times_over(y, weight, round)?
    } else {
        let change = y.minus(x)?;
        x.plus(change.times_over(b, both, round)?)?
    };
    Ok(Price::new(average))
}

fn position<'a>(
    account: &'a mut Portfolio,
    id: InstrumentId,
    market: &Market,
    isolated: bool,
) -> Result<&'a mut Position, MarginError> {
    let is = |one: &Position| (one.isolation != Isolation::Shared) == isolated;
    account.positions.iter_mut().find(|one| one.instrument == id && is(one)).ok_or_else(|| {
        let kind = if isolated { "isolated" } else { "shared" };
        let name = &market.instruments.get(id).venue_symbol;
        MarginError::Unsupported(format!("the account has no {kind} position in {name}"))
    })
}
