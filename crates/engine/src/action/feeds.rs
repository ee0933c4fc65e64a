//! Prices of several sources: configured, read, grown stale, followed slowly.

use crate::agenda::{self, Work};
use crate::change::Change;
use crate::command::{self, Of};
use crate::event::Event;
use crate::feed::{Feed, Reading, Rule, Subject};
use crate::refusal::Refusal;
use crate::state::State;
use crate::step::Step;
use keelmark_book::{Price, Quote, Rate};

/// A source is named by at most this many characters, and a feed has at most this many sources.
const MOST: usize = 64;

/// Sets how a price is made, or that it is told again. Readings of sources that stay are kept.
pub fn configure<'a>(
    state: &'a State,
    of: &Of,
    rule: Option<&Rule>,
) -> Result<Change<'a>, Refusal> {
    let subject = subject(state, of)?;
    let there = rule.is_some();
    let mut change = Change::event(state, Event::FeedSet { of: state.words(&subject), there });
    let Some(rule) = rule else {
        if state.feeds.get(&subject).is_none() {
            return Err(Refusal::unknown("feed", &state.words(&subject)));
        }
        change.step(Step::Feed(subject.clone(), None));
        change.step(Step::Slow(subject.clone(), None));
        change.step(Step::Due(Work::Slow(subject.clone()), None));
        change.step(Step::Due(Work::Feed(subject), None));
        return Ok(change);
    };
    sound(rule)?;
    let mut feed = Feed::new(rule.clone());
    if let Some(before) = state.feeds.get(&subject) {
        let kept = before.readings.iter().filter(|(name, _)| rule.sources.contains_key(*name));
        feed.readings = kept.map(|(name, reading)| (name.clone(), *reading)).collect();
        feed.standings.clone_from(&before.standings);
        feed.live = before.live;
    }
    if rule.slow.is_none() {
        change.step(Step::Slow(subject.clone(), None));
        change.step(Step::Due(Work::Slow(subject.clone()), None));
    }
    refresh(&mut change, subject, feed)?;
    Ok(change)
}

/// Takes a reading.
pub fn reading<'a>(state: &'a State, read: &command::Reading) -> Result<Change<'a>, Refusal> {
    let subject = subject(state, &read.of)?;
    let of = state.words(&subject);
    let Some(feed) = state.feeds.get(&subject) else {
        return Err(Refusal::unknown("feed", &of));
    };
    if let Subject::Instrument(id) = subject {
        super::settle::quoted(state, id)?;
    }
    if !feed.rule.sources.contains_key(&read.source) {
        let near = feed.rule.sources.keys().cloned().collect();
        let (what, name) = ("source".to_owned(), read.source.clone());
        return Err(Refusal::Unknown { what, name, near });
    }
    let time = read.time.unwrap_or(state.now);
    if time > state.now {
        return Err(Refusal::bad("time", format!("at most {}", state.now), time));
    }
    if !read.price.is_positive() {
        return Err(Refusal::bad("price", "above zero", read.price));
    }
    let confidence = read.confidence.unwrap_or(Rate::ONE);
    share("confidence", confidence)?;
    let mut feed = feed.clone();
    let newest = feed.hear(&read.source, Reading { price: read.price, confidence, time });
    let (source, price) = (read.source.clone(), read.price);
    let mut change = Change::event(state, Event::Read { of, source, price, newest });
    if newest {
        refresh(&mut change, subject, feed)?;
    }
    Ok(change)
}

/// A source turns stale.
pub fn due<'a>(state: &'a State, subject: &Subject) -> Result<Change<'a>, Refusal> {
    let mut change = Change::new(state);
    if let Some(feed) = state.feeds.get(subject) {
        refresh(&mut change, subject.clone(), feed.clone())?;
    }
    Ok(change)
}

/// A slow price follows; while its feed fails, it does not move.
pub fn slow<'a>(state: &'a State, subject: &Subject) -> Result<Change<'a>, Refusal> {
    let mut change = Change::new(state);
    let Some(feed) = state.feeds.get(subject).filter(|feed| feed.live) else { return Ok(change) };
    let (Some(rule), Some(price)) = (feed.rule.slow, known(state, subject)) else {
        return Ok(change);
    };
    let before = slow_price(state, subject).unwrap_or(price);
    let after = rule.step(before, price)?;
    change.tell(Event::Slowed { of: state.words(subject), price: after });
    change.step(Step::Slow(subject.clone(), Some(after)));
    if after != price {
        let when = agenda::next(state.now, rule.every_seconds);
        change.step(Step::Due(Work::Slow(subject.clone()), Some(when)));
    }
    Ok(change)
}

/// Refuses a price that is told where a feed makes it.
pub fn told(state: &State, subject: &Subject) -> Result<(), Refusal> {
    match state.feeds.get(subject) {
        None => Ok(()),
        Some(_) => Err(Refusal::bad("price", "readings of its feed's sources", "a price told")),
    }
}

/// What a feed says now, told and done: the index, who counts, and when to look again.
fn refresh(change: &mut Change<'_>, subject: Subject, mut feed: Feed) -> Result<(), Refusal> {
    let state = change.state;
    let of = state.words(&subject);
    let found = feed.at(state.now)?;
    for (source, standing) in &found.standings {
        if feed.standings.get(source) != Some(standing) {
            let (of, source, standing) = (of.clone(), source.clone(), *standing);
            change.tell(Event::Source { of, source, standing });
        }
    }
    let (live, failing) = (found.index.is_some(), feed.rule.failing);
    if live != feed.live {
        change.tell(Event::Feed { of, live, failing });
    }
    (feed.standings, feed.live) = (found.standings, live);
    let rule = feed.rule.slow;
    if let Some(index) = found.index {
        price(change, &subject, index);
        if let Some(rule) = rule {
            follow(change, &subject, index.price, rule.every_seconds);
        }
    }
    change.step(Step::Feed(subject.clone(), Some(Box::new(feed))));
    change.step(Step::Due(Work::Feed(subject), found.until));
    Ok(())
}

/// Sets the price that a feed makes.
fn price(change: &mut Change<'_>, subject: &Subject, index: Reading) {
    let state = change.state;
    let moved = known(state, subject) != Some(index.price);
    match subject {
        Subject::Asset(asset) => {
            if moved {
                change.tell(Event::Indexed { asset: asset.clone(), price: index.price });
            }
            let (price, confidence, time) = (index.price, index.confidence, index.time);
            change.step(Step::Index(asset.clone(), price, confidence, time));
        }
        Subject::Instrument(id) => {
            if moved {
                let instrument = change.symbol(*id);
                change.tell(Event::Marked { instrument, mark: index.price });
            }
            let quote = *state.market.quote(*id);
            change.step(Step::Quote(*id, Quote { mark: index.price, as_of: index.time, ..quote }));
        }
    }
}

/// Begins a slow price, or has it follow at its next time.
fn follow(change: &mut Change<'_>, subject: &Subject, price: Price, every_seconds: u32) {
    let state = change.state;
    match slow_price(state, subject) {
        None => change.step(Step::Slow(subject.clone(), Some(price))),
        Some(slow) if slow == price => {}
        Some(_) => {
            let work = Work::Slow(subject.clone());
            let when = agenda::next(state.now, every_seconds);
            change.step(Step::Due(work, Some(when)));
        }
    }
}

fn known(state: &State, subject: &Subject) -> Option<Price> {
    match subject {
        Subject::Asset(asset) => state.market.price(asset).ok(),
        Subject::Instrument(id) => Some(state.market.quote(*id).mark),
    }
}

fn slow_price(state: &State, subject: &Subject) -> Option<Price> {
    match subject {
        Subject::Asset(asset) => state.market.slow(asset),
        Subject::Instrument(id) => state.market.slow_mark(*id),
    }
}

/// What a feed is of, if it can have one.
pub fn subject(state: &State, of: &Of) -> Result<Subject, Refusal> {
    match of {
        Of::Asset(asset) if *asset == state.market.currency => {
            let expected = format!("another: prices are in {asset}");
            Err(Refusal::bad("asset", expected, asset))
        }
        Of::Asset(asset) => Ok(Subject::Asset(asset.clone())),
        Of::Instrument(name) => {
            let id = state.instrument(name)?;
            if state.market.instruments.get(id).is_option() {
                let expected = "no option: its mark comes with a volatility and a forward";
                return Err(Refusal::bad("instrument", expected, name));
            }
            Ok(Subject::Instrument(id))
        }
    }
}

/// Refuses a rule under which no index can be.
fn sound(rule: &Rule) -> Result<(), Refusal> {
    let count = rule.sources.len();
    if count == 0 || count > MOST || rule.sources.keys().any(|name| name.len() > MOST) {
        let expected = format!("1 to {MOST}, each named by at most {MOST} characters");
        return Err(Refusal::bad("sources", expected, count));
    }
    if let Some((name, weight)) = rule.sources.iter().find(|(_, weight)| !weight.is_positive()) {
        return Err(Refusal::bad("sources", "weights above zero", format!("{name}: {weight}")));
    }
    Rate::sum(rule.sources.values().copied())?;
    if rule.least == 0 || rule.least as usize > count {
        return Err(Refusal::bad("least", format!("1 to {count}, as there are"), rule.least));
    }
    if rule.max_age_seconds == 0 {
        return Err(Refusal::bad("max_age_seconds", "above zero", 0));
    }
    if rule.divergence.is_negative() {
        return Err(Refusal::bad("divergence", "zero or more", rule.divergence));
    }
    share("confidence", rule.confidence)?;
    let Some(slow) = rule.slow else { return Ok(()) };
    if slow.every_seconds == 0 {
        return Err(Refusal::bad("every_seconds", "above zero", 0));
    }
    if slow.most < LEAST_STEP || slow.most > Rate::ONE {
        return Err(Refusal::bad("most", format!("{LEAST_STEP} to 1"), slow.most));
    }
    Ok(())
}

/// A slow price that moves by less never arrives.
const LEAST_STEP: Rate = Rate::new(keelmark_book::Decimal::from_raw(1_000_000_000_000));

/// Refuses what is no share.
pub fn share(field: &str, rate: Rate) -> Result<(), Refusal> {
    if rate.is_negative() || rate > Rate::ONE {
        return Err(Refusal::bad(field, "0 to 1", rate));
    }
    Ok(())
}
