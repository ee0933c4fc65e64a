//! What time does by itself: sources turn stale, slow prices follow, funding is paid, windows
//! open, instruments settle, announced changes and liquidations step.

use crate::action::{feeds, funding, governance, settle};
use crate::agenda::Work;
use crate::change::Change;
use crate::liquidation::step;
use crate::refusal::Refusal;
use crate::state::State;

/// What a work that is due does now.
pub(crate) fn change<'a>(state: &'a State, work: &Work) -> Result<Change<'a>, Refusal> {
    match work {
        Work::Feed(subject) => feeds::due(state, subject),
        Work::Slow(subject) => feeds::slow(state, subject),
        Work::Window(id) => Ok(settle::window(state, *id)),
        Work::Funding(id) => Ok(funding::due(state, *id)),
        Work::Settle(id) => settle::due(state, *id),
        Work::Change(number) => Ok(governance::due(state, *number)),
        Work::Liquidation(id) => Ok(step::due(state, *id)),
    }
}

/// A work in words.
pub(crate) fn describe(state: &State, work: &Work) -> String {
    let symbol = |id| state.market.instruments.get(id).to_string();
    match work {
        Work::Feed(subject) => format!("the feed of {}", state.words(subject)),
        Work::Slow(subject) => format!("the slow price of {}", state.words(subject)),
        Work::Window(id) => format!("the window of {}", symbol(*id)),
        Work::Funding(id) => format!("funding of {}", symbol(*id)),
        Work::Settle(id) => format!("settlement of {}", symbol(*id)),
        Work::Change(number) => format!("change {number}"),
        Work::Liquidation(id) => format!("the liquidation of {}", state.account(*id).name),
    }
}
