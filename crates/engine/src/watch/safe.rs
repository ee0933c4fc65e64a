//! How far prices may move before there can be something to say of an account.

use super::ends::{Factor, Found, Key};
use super::{Verdict, used, verdict};
use crate::account::AccountId;
use crate::standing::portfolio;
use crate::state::State;
use keelmark_book::{Asset, Decimal, Money, Price, Rate, Timestamp};
use keelmark_margin::range::{Spanned, Within};

/// The widest share of a price that is tried, in millionths, and how often it is halved, twice.
const WIDEST_MILLIONTHS: i128 = 256_000;
const HALVINGS: u32 = 24;

/// The widest range of the ladder within which there is nothing to say of an account; `None` where
/// there is none.
pub(super) fn range(state: &State, id: AccountId) -> Option<Found> {
    let account = state.account(id);
    let document = state.document(account.model);
    if !document.has_spans() || changes_by_itself(state, id) {
        return None;
    }
    let whole = portfolio(account, &state.market).ok()?;
    let spanned = Spanned::new(document, &state.market, &whole).ok()??;
    let quiet = |down, up| is_quiet(state, id, &spanned, [down, up]);
    if !quiet(HALVINGS, HALVINGS) {
        return None;
    }
    // As far as all prices may go in both directions, then on to one side, then to the other.
    let both = widest(HALVINGS, |step| quiet(step, step));
    let up = widest(both, |step| quiet(both, step));
    let down = widest(both, |step| quiet(step, up));
    let mut found = ends(&spanned, [down, up])?;
    found.until = found.until.into_iter().chain(until(state, id)).min();
    Some(found)
}

/// Whether margin changes with time alone: interest accrues, or something waits for its settlement
/// price.
fn changes_by_itself(state: &State, id: AccountId) -> bool {
    let account = state.account(id);
    let costs = |asset: &Asset| state.interest.is_charged(asset);
    let owes = account.balances.iter().any(|(asset, held)| held.is_negative() && costs(asset));
    let accrued = || state.accrued(id).map_or(true, |due| !due.is_empty());
    owes || accrued() || state.waiting(account).is_some()
}

/// The last instant before the first of what an account holds ends: from then on it waits for its
/// settlement price.
fn until(state: &State, id: AccountId) -> Option<Timestamp> {
    let ends = state.account(id).holdings().filter_map(|held| {
        state.delivery.ends.get(&held.instrument).filter(|end| !end.settled).map(|end| end.at)
    });
    ends.min().map(|at| at.plus_nanos(-1))
}

/// The widest step that is quiet, of those that are no narrower than one that is: a bisection,
/// since wider spans have wider bounds; only what was found quiet is used.
fn widest(mut fits: u32, quiet: impl Fn(u32) -> bool) -> u32 {
    let mut wide = 0;
    while wide < fits {
        let middle = u32::midpoint(wide, fits);
        if quiet(middle) { fits = middle } else { wide = middle + 1 }
    }
    fits
}

/// A step of the ladder: twice a half power of two narrower each.
fn share(step: u32) -> Rate {
    let whole = WIDEST_MILLIONTHS >> (step / 2);
    let part = if step.is_multiple_of(2) { whole } else { whole * 7 / 10 };
    Rate::new(Decimal::from_raw(part * 10i128.pow(12)))
}

fn is_quiet(state: &State, id: AccountId, spanned: &Spanned<'_>, steps: [u32; 2]) -> bool {
    let span = spanned.span(steps.map(share));
    let Ok(Some(pools)) = spanned.within(&span) else { return false };
    let said = state.watch.said.get(&id).copied().unwrap_or_default();
    let rule = state.watch.rule(id);
    let most =
        |one: &Within| used(Money::new(one.maintenance.high()), Money::new(one.equity.low()));
    let least =
        |one: &Within| used(Money::new(one.maintenance.low()), Money::new(one.equity.high()));
    let ends = [pools.iter().map(least).max(), pools.iter().map(most).max()];
    ends.into_iter().flatten().all(|used| verdict(rule, said, used) == Verdict::Nothing)
}

/// The ends of each number that the bounds were made of; `None` where one does not fit.
fn ends(spanned: &Spanned<'_>, steps: [u32; 2]) -> Option<Found> {
    let span = spanned.span(steps.map(share));
    spanned.within(&span).ok()??;
    let asked = span.asked();
    let mut ends = Vec::new();
    for asset in asked.assets {
        ends.push((span.asset(&asset).ok()?, Factor::Index(asset)));
    }
    for id in asked.marks {
        ends.push((span.mark(id).ok()?, Factor::Mark(id)));
    }
    for id in asked.forwards {
        ends.push((span.forward(id).ok()?, Factor::Forward(id)));
    }
    let key = |end: Decimal| Key::of(Price::new(end));
    let ends = ends.into_iter().map(|(range, of)| (of, key(range.low()), key(range.high())));
    let mut ends: Vec<(Factor, Key, Key)> = ends.collect();
    for id in asked.vols {
        let [low, high] = span.vol(id).ok()?.map(Key::of_number);
        ends.push((Factor::Vol(id), low, high));
    }
    Some(Found { ends, until: spanned.until(&span) })
}
