//! Setting limits, and saying which accounts count together.

use super::governance;
use crate::change::{Change, Edit};
use crate::command::Limit;
use crate::event::Event;
use crate::limits::{self, Most, Whose};
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::InstrumentId;

/// Sets the limits of an instrument. Nothing is closed by it.
pub fn limit<'a>(state: &'a State, limit: &Limit) -> Result<Change<'a>, Refusal> {
    let id = state.instrument(&limit.instrument)?;
    let most = Most { contracts: limit.contracts, notional: limit.notional };
    if let Some(contracts) = most.contracts.filter(|most| most.is_negative()) {
        return Err(Refusal::bad("contracts", "zero or more", contracts));
    }
    if let Some(notional) = most.notional.filter(|most| most.is_negative()) {
        return Err(Refusal::bad("notional", "zero or more", notional));
    }
    if let Whose::Group(name) = &limit.whose
        && !state.limits.is_group(name)
    {
        // Also where the limit would only be announced.
        return Err(Refusal::unknown("group", name));
    }
    let mut change = Change::new(state);
    if let Some(most) = governance::limit(&mut change, id, &limit.whose, most)? {
        set(&mut change, id, &limit.whose, most)?;
    }
    Ok(change)
}

/// Sets limits, and says it.
pub(super) fn set(
    change: &mut Change<'_>,
    id: InstrumentId,
    whose: &Whose,
    most: Most,
) -> Result<(), Refusal> {
    let state = change.state;
    let mut of = state.limits.of(id);
    of.set(state, whose, most)?;
    let instrument = state.market.instruments.get(id).to_string();
    change.tell(Event::Limited { instrument, whose: whose.clone(), most });
    change.edit(Edit::Limits(limits::Edit::Limit(Box::new(of))));
    Ok(())
}

/// Makes accounts count together, or each family alone again.
pub fn link<'a>(
    state: &'a State,
    group: Option<&String>,
    accounts: &[String],
) -> Result<Change<'a>, Refusal> {
    if group.is_some_and(String::is_empty) {
        return Err(Refusal::bad("group", "a name", "none"));
    }
    if accounts.is_empty() {
        return Err(Refusal::bad("accounts", "at least one", "none"));
    }
    let mut heads = Vec::new();
    for name in accounts {
        heads.push(state.head(state.open(name)?));
    }
    heads.sort_unstable();
    heads.dedup();
    let accounts = heads.iter().map(|id| state.account(*id).name.clone()).collect();
    let mut change = Change::event(state, Event::Linked { group: group.cloned(), accounts });
    change.edit(Edit::Limits(limits::Edit::Link(group.cloned(), heads)));
    Ok(change)
}
