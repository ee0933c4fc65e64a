//! Prices within which there is nothing to say of an account, and the accounts by where these end:
//! a price that is told opens only what it has left.
//!
//! A range is a span of all prices that an account depends on, for which [`keelmark_margin::range`]
//! has bounds of equity and maintenance. Margin used grows with one and falls with the other, and
//! where nothing is to say at both ends nothing is in between. So until one of the prices has left
//! its span nothing is said, and no look is taken.
//!
//! An account is loose while it has no range: it is new, has changed, left its range, holds what
//! is priced too long ago, or no range could be found. It is looked at with every price that is
//! about it, as a full scan would, and that is when a range is looked for: many fills between two
//! prices cost one search. Derived, and in no snapshot: after a restore all are loose.

use super::ends::{End, Ends, Factor, Key};
use super::safe::range;
use super::{Edit, about, affected, is_about, look};
use crate::account::AccountId;
use crate::state::{Source, State};
use keelmark_book::{Market, Price, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// One command of prices in so many is checked, by a full look at so many accounts with a range.
const CHECK_EVERY: u64 = 1_024;
const CHECK_ACCOUNTS: usize = 16;

/// About how many looks a search for a range takes as long as, and how many are searched for at
/// once whatever it takes.
const LOOKS_A_RANGE: usize = 8;
const MOST_PLACED: usize = 64;

/// Ranges of accounts.
#[derive(Debug)]
pub struct Ranges {
    /// Of each account, by number.
    places: Vec<Place>,
    /// Accounts that changed since prices were last told, some more than once.
    changed: Vec<AccountId>,
    /// What ranges are about, in the order in which it became known.
    levels: Vec<Level>,
    numbers: BTreeMap<Factor, u32>,
    /// Accounts by when their ranges end with time.
    times: BTreeSet<(Timestamp, AccountId)>,
    /// No price that a range depends on is too old before.
    due: Option<Timestamp>,
    /// Whether every account is looked at instead.
    scans: bool,
    /// How many accounts prices have opened so far.
    opened: u64,
    /// The account for which a range was last looked for.
    last: AccountId,
    /// Every how many commands ranges are checked, and how many accounts.
    check: (u64, usize),
}

/// How an account stands among the ranges.
#[derive(Debug)]
enum Place {
    /// It has changed since prices were last told.
    Changed,
    /// It is looked at with every price that is about it: the numbers of their sources.
    Loose(Box<[u32]>),
    /// It is looked at when a price leaves its ends, or when its time is over.
    Within(Box<[End]>, Option<Timestamp>),
}

/// What is known of one factor.
#[derive(Debug)]
struct Level {
    factor: Factor,
    ends: Ends,
    /// Accounts without a range that it is about.
    loose: BTreeSet<AccountId>,
    /// Older than so many seconds it is too old for an account with a range.
    allowed: Option<f64>,
}

impl Default for Ranges {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            changed: Vec::new(),
            levels: Vec::new(),
            numbers: BTreeMap::new(),
            times: BTreeSet::new(),
            due: None,
            scans: false,
            opened: 0,
            last: AccountId::new(0),
            check: (CHECK_EVERY, CHECK_ACCOUNTS),
        }
    }
}

impl Ranges {
    /// How many accounts were looked at because of prices, so far.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// How many accounts have a range.
    #[must_use]
    pub fn placed(&self) -> usize {
        self.places.iter().filter(|place| matches!(place, Place::Within(..))).count()
    }

    /// From now on every account is looked at.
    pub(crate) fn scan(&mut self) {
        *self = Self { scans: true, ..self.emptied() };
    }

    /// From now on so many accounts are checked, one command in so many.
    pub(crate) fn checked(&mut self, every: u64, accounts: usize) {
        self.check = (every, accounts);
    }

    /// What margin depends on beside prices and accounts changes: no range holds.
    pub(crate) fn forget(&mut self) {
        *self = self.emptied();
    }

    /// The same without any range.
    fn emptied(&self) -> Self {
        Self { scans: self.scans, opened: self.opened, check: self.check, ..Self::default() }
    }

    /// An account changes: its range no longer holds.
    pub(crate) fn touch(&mut self, id: AccountId) {
        let Some(place) = self.places.get_mut(id.index()) else { return };
        match std::mem::replace(place, Place::Changed) {
            Place::Changed => return,
            Place::Loose(sources) => {
                for source in sources {
                    self.levels[source as usize].loose.remove(&id);
                }
            }
            Place::Within(ends, until) => {
                for end in ends {
                    self.levels[end.factor as usize].ends.remove(id, end);
                }
                if let Some(until) = until {
                    self.times.remove(&(until, id));
                }
            }
        }
        self.changed.push(id);
    }

    /// What is said, or when, changes.
    pub(crate) fn follow(&mut self, edit: &Edit) {
        match edit {
            Edit::Rule(Some(id), _) | Edit::Said(id, _) => self.touch(*id),
            Edit::Rule(None, _) => self.forget(),
        }
    }

    /// The accounts that must be looked at after prices were told: those of which there is
    /// something to say are among them.
    ///
    /// # Errors
    /// A rule that is broken: an account was found, in a check, of which there is something to say
    /// and which is not among them.
    pub(crate) fn reached(
        state: &mut State,
        told: &[(Source, Price)],
    ) -> Result<BTreeSet<AccountId>, String> {
        if told.is_empty() {
            return Ok(BTreeSet::new());
        }
        let found = if state.ranges.scans {
            told.iter().flat_map(|(source, _)| affected(state, source)).collect()
        } else {
            let mut ranges = std::mem::take(&mut state.ranges);
            let found = ranges.opens(state, told);
            state.ranges = ranges;
            check(state, told, &found)?;
            found
        };
        state.ranges.opened += found.len() as u64;
        Ok(found)
    }

    fn opens(&mut self, state: &State, told: &[(Source, Price)]) -> BTreeSet<AccountId> {
        for new in self.places.len()..state.accounts.len() {
            self.places.push(Place::Changed);
            self.changed.push(AccountId::new(new));
        }
        for (source, price) in told {
            self.cross(&Factor::from(source.clone()), Key::of(*price));
            // What counts is the price that is there, should the two differ.
            for (factor, key) in Factor::told(state, source) {
                self.cross(&factor, key);
            }
            self.seen(&state.market, source);
        }
        while let Some((until, id)) = self.times.first().copied() {
            if until >= state.market.as_of {
                break;
            }
            self.touch(id);
        }
        self.age(state);
        for id in std::mem::take(&mut self.changed) {
            self.loosen(state, id);
        }
        let told = told.iter().map(|(source, _)| Factor::from(source.clone()));
        let numbers = told.filter_map(|source| self.numbers.get(&source));
        numbers.flat_map(|number| self.levels[*number as usize].loose.iter().copied()).collect()
    }

    /// Notes what an account that changed is to be looked at for.
    fn loosen(&mut self, state: &State, id: AccountId) {
        if !matches!(self.places[id.index()], Place::Changed) {
            return;
        }
        let sources = about(state, id).into_iter().map(|source| self.number(source.into()));
        let sources: Box<[u32]> = sources.collect();
        for source in &sources {
            self.levels[*source as usize].loose.insert(id);
        }
        self.places[id.index()] = Place::Loose(sources);
    }

    fn number(&mut self, factor: Factor) -> u32 {
        if let Some(number) = self.numbers.get(&factor) {
            return *number;
        }
        let number = self.levels.len() as u32;
        self.numbers.insert(factor.clone(), number);
        let (ends, loose) = (Ends::default(), BTreeSet::new());
        self.levels.push(Level { factor, ends, loose, allowed: None });
        number
    }

    /// Drops the ranges that a price has left.
    fn cross(&mut self, factor: &Factor, key: Key) {
        let Some(number) = self.numbers.get(factor) else { return };
        for id in self.levels[*number as usize].ends.left(key) {
            self.touch(id);
        }
    }

    /// A price came: it may be too old at another time than the one before it.
    fn seen(&mut self, market: &Market, source: &Source) {
        if let Some(number) = self.numbers.get(&Factor::from(source.clone())) {
            let due = self.levels[*number as usize].due(market);
            self.due = self.due.into_iter().chain(due).min();
        }
    }

    /// Drops the ranges that depend on a price which has become too old: with its age the
    /// requirement changes.
    fn age(&mut self, state: &State) {
        let market = &state.market;
        if self.due.is_none_or(|due| market.as_of < due) {
            return;
        }
        let mut stale: Vec<(Source, f64)> = Vec::new();
        for level in &mut self.levels {
            let (Some(allowed), Some(seen)) = (level.allowed, seen(market, &level.factor)) else {
                continue;
            };
            let age = market.as_of.seconds_since(seen);
            if age > allowed {
                stale.push((level.factor.source(), age));
                // Others may allow it to be older.
                let others = state.documents().filter_map(|one| one.feeds.max_age_seconds);
                level.allowed = others.filter(|allowed| *allowed >= age).min_by(f64::total_cmp);
            }
        }
        if !stale.is_empty() {
            for index in 0..self.places.len() {
                let id = AccountId::new(index);
                let is_old = matches!(self.places[index], Place::Within(..)) && {
                    let document = state.document(state.account(id).model);
                    let allowed = document.feeds.max_age_seconds.unwrap_or(f64::INFINITY);
                    stale.iter().any(|(one, age)| *age > allowed && is_about(state, id, one))
                };
                if is_old {
                    self.touch(id);
                }
            }
        }
        self.due = self.levels.iter().filter_map(|level| level.due(market)).min();
    }

    /// Finds ranges for accounts that were just looked at, in turn and not for more of them than
    /// takes about as long as the looks: a jump is not to be answered later for the ticks after it.
    pub(crate) fn place(state: &mut State, looked: &BTreeSet<AccountId>) {
        if state.ranges.scans || looked.is_empty() {
            return;
        }
        let most = MOST_PLACED.max(looked.len() / LOOKS_A_RANGE);
        let after = looked.range((Bound::Excluded(state.ranges.last), Bound::Unbounded));
        let turn: Vec<AccountId> =
            after.chain(looked).take(most.min(looked.len())).copied().collect();
        for id in turn {
            state.ranges.last = id;
            Self::place_one(state, id);
        }
    }

    fn place_one(state: &mut State, id: AccountId) {
        if !state.ranges.places.get(id.index()).is_some_and(Place::is_free) {
            return;
        }
        let Some(found) = range(state, id) else { return };
        let mut ranges = std::mem::take(&mut state.ranges);
        ranges.touch(id);
        let numbered = found.ends.into_iter().map(|(factor, low, high)| {
            let factor = ranges.number(factor);
            End { factor, low, high }
        });
        let ends: Box<[End]> = numbered.collect();
        for end in &ends {
            ranges.levels[end.factor as usize].ends.add(id, *end);
        }
        ranges.times.extend(found.until.map(|until| (until, id)));
        ranges.places[id.index()] = Place::Within(ends, found.until);
        if let Some(allowed) = state.document(state.account(id).model).feeds.max_age_seconds {
            for source in about(state, id) {
                let number = ranges.number(source.into()) as usize;
                let level = &mut ranges.levels[number];
                level.allowed = Some(level.allowed.map_or(allowed, |known| known.min(allowed)));
                ranges.due = ranges.due.into_iter().chain(level.due(&state.market)).min();
            }
        }
        state.ranges = ranges;
    }
}

impl Place {
    fn is_free(&self) -> bool {
        !matches!(self, Self::Within(..))
    }
}

impl Level {
    /// A time before which its price is not too old for any account with a range.
    fn due(&self, market: &Market) -> Option<Timestamp> {
        let (allowed, seen) = (self.allowed?, seen(market, &self.factor)?);
        // A millisecond early, for what a float cannot hold.
        let nanos = allowed * 1e9 - 1e6;
        Some(seen.plus_nanos(if nanos < 9e18 { nanos as i64 } else { i64::MAX }))
    }
}

/// When a price was seen.
fn seen(market: &Market, factor: &Factor) -> Option<Timestamp> {
    match factor {
        Factor::Mark(id) | Factor::Forward(id) | Factor::Vol(id) => Some(market.quote(*id).as_of),
        Factor::Index(asset) => market.assets.get(asset).map(|feed| feed.as_of),
    }
}

/// Looks at some accounts that prices are about and that were not found: of none there may be
/// something to say.
fn check(
    state: &State,
    told: &[(Source, Price)],
    found: &BTreeSet<AccountId>,
) -> Result<(), String> {
    let (every, accounts) = state.ranges.check;
    let (sequence, known) = (state.sequence + 1, state.accounts.len());
    if every == 0 || known == 0 || !sequence.is_multiple_of(every) {
        return Ok(());
    }
    // From where the last check ended, around.
    let start = (sequence / every % known as u64) as usize * accounts;
    for at in start..start + accounts.min(known) {
        let id = AccountId::new(at % known);
        let is_about = || told.iter().any(|(source, _)| is_about(state, id, source));
        if !found.contains(&id) && is_about() && look(state, id, None).is_some() {
            let name = &state.account(id).name;
            return Err(format!("{name} is within its range, and there is something to say of it"));
        }
    }
    Ok(())
}
