//! Opening, closing and moving accounts.

use crate::account::{Account, AccountId, Holding, Isolated, Mode};
use crate::change::Change;
use crate::command::Open;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::State;
use keelmark_book::Money;

/// Names are kept for ever, so they are short.
const LONGEST_NAME: usize = 64;

/// Opens an account.
pub fn open<'a>(state: &'a State, open: &Open) -> Result<Change<'a>, Refusal> {
    let name = &open.account;
    let plain = |c: char| c.is_ascii_graphic();
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        let expected = format!("1 to {LONGEST_NAME} printable characters without spaces");
        return Err(Refusal::bad("account", expected, name.chars().take(80).collect::<String>()));
    }
    if state.named(name).is_some() {
        return Err(Refusal::exists("account", name));
    }
    let parent = match &open.parent {
        Some(parent) => Some(state.open(parent)?),
        None => None,
    };
    if let Some(grandparent) = parent.and_then(|parent| state.account(parent).parent) {
        let found = format!("a sub-account of {}", state.account(grandparent).name);
        return Err(Refusal::bad("parent", "an account that is no sub-account", found));
    }
    let model = state.model(&open.model)?;
    let mut change = Change::event(state, Event::Opened { account: name.clone() });
    change.open(Account::new(name, parent, open.mode, model));
    Ok(change)
}

/// Closes an account that holds nothing and has no open sub-accounts.
pub fn close<'a>(state: &'a State, name: &str) -> Result<Change<'a>, Refusal> {
    let id = state.open(name)?;
    let problem = |problem: String| Refusal::Account { account: name.to_owned(), problem };
    if !state.account(id).is_empty() {
        return Err(problem("it holds or owes something, or has open orders".to_owned()));
    }
    if let Some(asset) = state.interest.pending(id) {
        return Err(problem(format!(
            "its interest on {asset} is not charged yet; accrue it first"
        )));
    }
    if let Some(stop) = state.stops.of(id).next() {
        return Err(problem(format!("its stop {} waits; cancel it first", stop.order)));
    }
    let sub = |one: &&Account| one.parent == Some(id) && !one.closed;
    if let Some(sub) = state.accounts.iter().find(sub) {
        return Err(problem(format!("its sub-account {} is open", sub.name)));
    }
    let mut change = Change::event(state, Event::Closed { account: name.to_owned() });
    change.account_mut(id).closed = true;
    Ok(change)
}

/// Moves an account to another mode or document, if it holds its initial margin there.
///
/// Into isolated mode each shared position takes its own initial margin along; out of it, isolated
/// positions stay isolated beside the shared pool until they are closed.
pub fn mode<'a>(
    state: &'a State,
    name: &str,
    mode: Mode,
    model: &str,
) -> Result<Change<'a>, Refusal> {
    let id = state.open(name)?;
    let model = state.model(model)?;
    let document = state.document(model);
    let moved = format!("{} {}", document.name, document.version);
    let event = Event::Moved { account: name.to_owned(), mode, model: moved };
    let mut change = Change::event(state, event);
    let account = change.account_mut(id);
    account.mode = mode;
    account.model = model;
    if mode == Mode::Isolated {
        if !account.orders.is_empty() {
            let problem = "it has open orders; cancel them before it moves to isolated mode";
            let account = name.to_owned();
            return Err(Refusal::Account { account, problem: problem.to_owned() });
        }
        for held in std::mem::take(&mut account.shared) {
            isolate(&mut change, id, held)?;
        }
    }
    change.require(id, Leave::Initial)?;
    Ok(change)
}

/// Gives a position collateral of its own: what its initial margin asks beyond its profit.
fn isolate(change: &mut Change<'_>, id: AccountId, held: Holding) -> Result<(), Refusal> {
    let instrument = held.instrument;
    if change.account(id).isolated(instrument).is_some() {
        return Err(Refusal::Account {
            account: change.account(id).name.clone(),
            problem: format!(
                "it holds {} both shared and isolated; close one of them",
                change.symbol(instrument)
            ),
        });
    }
    change.account_mut(id).set_isolated(Isolated { holding: held, margin: Money::ZERO });
    change.top_up(id, instrument)
}
