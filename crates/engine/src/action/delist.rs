//! Taking an instrument off, by a rule that is fixed when it is announced and no other.

use super::settle;
use crate::change::Change;
use crate::delivery::{End, Last, Phase};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::Timestamp;

/// Announces the end of an instrument: from now on positions may only be reduced, and orders that
/// could do anything else are cancelled; at the time it settles by the rule.
pub fn delist<'a>(
    state: &'a State,
    name: &str,
    at: Timestamp,
    rule: Last,
) -> Result<Change<'a>, Refusal> {
    let id = state.instrument(name)?;
    let one = state.market.instruments.get(id);
    settle::quoted(state, id)?;
    if state.delivery.phase(id, state.now) == Phase::Reducing {
        let problem = "its end is announced, and the announcement stands".to_owned();
        return Err(Refusal::NotTraded { instrument: one.to_string(), problem });
    }
    if at <= state.now {
        return Err(Refusal::bad("at", format!("after {}", state.now), at));
    }
    if let Some(expiry) = one.expiry().filter(|expiry| *expiry <= at) {
        return Err(Refusal::bad("at", format!("before it expires at {expiry}"), at));
    }
    if let Last::Average(rule) = rule {
        settle::window_is_sound(rule)?;
        let begins = at.plus_nanos(-crate::agenda::nanos(rule.window_seconds));
        if begins < state.now {
            let expected = format!("at most the time until {at}: a window ahead");
            return Err(Refusal::bad("window_seconds", expected, rule.window_seconds));
        }
    }
    let instrument = one.to_string();
    let mut change = Change::event(state, Event::Delisting { instrument, at, rule });
    settle::cancel(&mut change, id, false);
    let end = End { at, last: rule, window: None, delisted: true, settled: false };
    settle::ends(&mut change, id, one, &end);
    Ok(change)
}
