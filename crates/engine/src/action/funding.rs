//! Funding: what longs pay shorts, at a rate that is told or made of premiums.

use super::feeds;
use crate::account::AccountId;
use crate::agenda::{self, Work};
use crate::average::Average;
use crate::change::Change;
use crate::command::Funding;
use crate::event::Event;
use crate::funding::{Funded, Rule, per_lot};
use crate::ledger::{House, Place};
use crate::refusal::Refusal;
use crate::state::State;
use crate::step::Step;
use keelmark_book::{
    Decimal, Instrument, InstrumentId, Kind, Money, Price, Quantity, Rate, Round, Timestamp,
};

/// Pays funding at a rate or an amount that is told.
pub fn pay<'a>(state: &'a State, paid: &Funding) -> Result<Change<'a>, Refusal> {
    let id = perpetual(state, &paid.instrument)?;
    let mut change = Change::new(state);
    let price = paid.price.unwrap_or(state.market.quote(id).mark);
    if !price.is_positive() {
        return Err(Refusal::bad("price", "above zero", price));
    }
    let each = match (paid.rate, paid.amount) {
        (Some(rate), None) => rated(&mut change, id, price, rate)?,
        (None, Some(amount)) => {
            let lot = state.market.instruments.get(id).lot;
            Money::new(amount.decimal().times(lot.decimal(), Round::Nearest)?)
        }
        _ => return Err(Refusal::bad("funding", "a rate or an amount", "both or neither")),
    };
    all(&mut change, id, each)?;
    Ok(change)
}

/// Sets how a rate is made, or that it is told again. The interval that has begun counts from now.
pub fn configure<'a>(
    state: &'a State,
    instrument: &str,
    rule: Option<Rule>,
) -> Result<Change<'a>, Refusal> {
    let id = perpetual(state, instrument)?;
    let event = Event::FundingSet { instrument: instrument.to_owned(), there: rule.is_some() };
    let mut change = Change::event(state, event);
    let Some(rule) = rule else {
        change.step(Step::Funding(id, None));
        change.step(Step::Due(Work::Funding(id), None));
        return Ok(change);
    };
    if rule.every_seconds < LEAST_SECONDS {
        let expected = format!("at least {LEAST_SECONDS}");
        return Err(Refusal::bad("every_seconds", expected, rule.every_seconds));
    }
    for (field, rate) in [("clamp", rule.clamp), ("most", rule.most)] {
        if rate.is_negative() {
            return Err(Refusal::bad(field, "zero or more", rate));
        }
    }
    feeds::share("coverage", rule.coverage)?;
    begin(&mut change, id, rule);
    Ok(change)
}

/// Time that passes all at once pays every interval in it.
const LEAST_SECONDS: u32 = 60;

/// An interval is over: pays what its premiums make, and begins the next, paid or not.
pub fn due(state: &State, id: InstrumentId) -> Change<'_> {
    let Some(funded) = state.funding.by.get(&id) else { return Change::new(state) };
    premiums(state, id, funded).unwrap_or_else(|problem| {
        let missed = Event::Missed { what: "funding".to_owned(), problem };
        let mut change = Change::event(state, missed);
        begin(&mut change, id, funded.rule);
        change
    })
}

/// Pays what an interval's premiums make.
fn premiums<'a>(
    state: &'a State,
    id: InstrumentId,
    funded: &Funded,
) -> Result<Change<'a>, Refusal> {
    let mut change = Change::new(state);
    begin(&mut change, id, funded.rule);
    let premium = upto(state, id, &funded.premium);
    let (covered, least) = (premium.covered(), funded.rule.coverage);
    let Some(mean) = premium.mean()?.filter(|_| covered >= least) else {
        return Err(Refusal::NoSettlement { instrument: change.symbol(id), covered, least });
    };
    let each = rated(&mut change, id, state.market.quote(id).mark, funded.rule.rate(mean)?)?;
    all(&mut change, id, each)?;
    Ok(change)
}

fn begin(change: &mut Change<'_>, id: InstrumentId, rule: Rule) {
    let now = change.state.now;
    let end: Timestamp = agenda::next(now, rule.every_seconds);
    let funded = Funded { rule, premium: Average::new(now, end) };
    change.step(Step::Funding(id, Some(Box::new(funded))));
    change.step(Step::Due(Work::Funding(id), Some(end)));
}

/// A premium's mean, counted until now.
fn upto(state: &State, id: InstrumentId, premium: &Average) -> Average {
    let mut upto = premium.clone();
    let value = crate::funding::premium(&state.market, &state.feeds, id);
    upto.advance(state.now, value);
    upto
}

/// What a lot pays at a rate, told.
fn rated(
    change: &mut Change<'_>,
    id: InstrumentId,
    price: Price,
    rate: Rate,
) -> Result<Money, Refusal> {
    let instrument = change.symbol(id);
    change.tell(Event::FundingRate { instrument, rate, price });
    Ok(per_lot(&change.state.market, id, price, rate)?)
}

/// Every position pays for its lots: longs from their own place to clearing, and from there to
/// shorts.
fn all(change: &mut Change<'_>, id: InstrumentId, each: Money) -> Result<(), Refusal> {
    let state = change.state;
    let one = state.market.instruments.get(id);
    let clearing = Place::House(House::Clearing(id));
    for (account, place, quantity) in positions(state, id) {
        let paid = lots(one, quantity, each)?;
        change.post(&one.settle, place, clearing, paid)?;
        let (account, instrument) = (state.account(account).name.clone(), change.symbol(id));
        change.tell(Event::Funded { account, instrument, amount: -paid });
    }
    Ok(())
}

/// All positions in an instrument: whose, on which collateral, how many contracts.
pub fn positions(
    state: &State,
    id: InstrumentId,
) -> impl Iterator<Item = (AccountId, Place, Quantity)> {
    state.accounts.iter().enumerate().flat_map(move |(at, account)| {
        let at = AccountId::new(at);
        let shared = account.shared(id).map(|held| (at, Place::Account(at), held.quantity));
        let own = account.isolated(id);
        let own = own.map(|own| (at, Place::Isolated(at, id), own.holding.quantity));
        shared.into_iter().chain(own)
    })
}

/// An amount for each lot, times lots: exact.
pub fn lots(one: &Instrument, quantity: Quantity, each: Money) -> Result<Money, Refusal> {
    let Some(lots) = one.lots(quantity) else {
        return Err(Refusal::Overflow { context: format!("lots of {one}") });
    };
    Ok(Money::new(each.decimal().times(Decimal::from_int(lots), Round::Nearest)?))
}

fn perpetual(state: &State, name: &str) -> Result<InstrumentId, Refusal> {
    let id = state.instrument(name)?;
    let one = state.market.instruments.get(id);
    if one.kind != Kind::Perpetual {
        return Err(Refusal::bad("instrument", "a perpetual", one));
    }
    super::settle::quoted(state, id)?;
    Ok(id)
}
