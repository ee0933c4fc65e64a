//! Steps of the market and of what follows from it: what a change does beside accounts and house.
//!
//! Whatever holds over time - settlement prices, premiums - has counted until a step before the
//! step is taken.

use crate::agenda::Work;
use crate::delivery::{self, End, Window};
use crate::feed::{Feed, Subject};
use crate::funding::Funded;
use crate::refusal::Refusal;
use crate::state::{Source, State};
use keelmark_book::market::MarketError;
use keelmark_book::{
    Asset, Instrument, InstrumentId, Market, Price, Quantity, Quote, Rate, Timestamp,
};

/// A step.
#[derive(Clone, Debug)]
pub enum Step {
    /// An instrument more.
    List(Box<Instrument>, Quote),
    /// Another quote.
    Quote(InstrumentId, Quote),
    /// Another index price, how sure its source is, and when it was seen.
    Index(Asset, Price, Rate, Timestamp),
    /// Another slow price, or none.
    Slow(Subject, Option<Price>),
    /// A feed as it will be, or none.
    Feed(Subject, Option<Box<Feed>>),
    /// When something is due, or that it no longer is.
    Due(Work, Option<Timestamp>),
    /// How settlement prices of an underlying are made.
    Rule(Asset, delivery::Rule),
    /// The end of an instrument.
    End(InstrumentId, Box<End>),
    /// A window opens.
    Window(Window),
    /// An instrument has settled.
    Settled(InstrumentId),
    /// How a perpetual's rate is made, or that it is told.
    Funding(InstrumentId, Option<Box<Funded>>),
}

impl Step {
    /// The price that it tells, of something that was there before.
    pub(crate) fn told(&self) -> Option<(Source, Price)> {
        match self {
            Self::Quote(id, quote) => Some((Source::Mark(*id), quote.mark)),
            Self::Index(asset, price, ..) => Some((Source::Index(asset.clone()), *price)),
            _ => None,
        }
    }

    /// Refuses what the market would.
    pub(crate) fn check(&self, market: &Market) -> Result<(), Refusal> {
        match self {
            Self::Quote(id, quote) => market.check_quote(*id, quote).map_err(refused),
            Self::Index(_, _, confidence, _)
                if confidence.is_negative() || *confidence > Rate::ONE =>
            {
                Err(Refusal::bad("confidence", "0 to 1", confidence))
            }
            Self::Index(asset, price, ..) => market.check_asset(asset, *price).map_err(refused),
            _ => Ok(()),
        }
    }

    /// Takes the step.
    pub(crate) fn apply(self, state: &mut State, at: Timestamp) -> Result<(), Refusal> {
        if let Some(subject) = self.moves() {
            state.count(&subject, at);
        }
        state.kept.moves(&self);
        let market = &mut state.market;
        match self {
            Self::List(instrument, quote) => {
                let added = market.add(*instrument, quote);
                added.and_then(|id| market.set_open_interest(id, Quantity::ZERO))
            }
            Self::Quote(id, quote) => market.set_quote(id, quote),
            Self::Index(asset, price, confidence, seen) => {
                let set = market.set_asset(asset.clone(), price, seen);
                set.and_then(|()| market.set_confidence(&asset, confidence))
            }
            Self::Slow(Subject::Asset(asset), Some(price)) => market.set_slow(asset, price),
            Self::Slow(Subject::Instrument(id), Some(price)) => market.set_slow_mark(id, price),
            other => {
                other.follow(state);
                Ok(())
            }
        }
        .map_err(refused)
    }

    /// What is not the market's, and cannot be refused.
    fn follow(self, state: &mut State) {
        match self {
            Self::Slow(Subject::Asset(asset), _) => state.market.clear_slow(&asset),
            Self::Slow(Subject::Instrument(id), _) => state.market.clear_slow_mark(id),
            Self::Feed(subject, feed) => state.feeds.set(subject, feed.map(|feed| *feed)),
            Self::Due(work, when) => state.agenda.set(work, when),
            Self::Rule(asset, rule) => drop(state.delivery.rules.insert(asset, rule)),
            Self::End(id, end) => {
                state.ranges.forget();
                state.delivery.ends.insert(id, *end);
                state.delivery.prune();
            }
            Self::Window(window) => state.delivery.open(window),
            Self::Settled(id) => state.delivery.settle(id),
            Self::Funding(id, Some(funded)) => drop(state.funding.by.insert(id, *funded)),
            Self::Funding(id, None) => drop(state.funding.by.remove(&id)),
            Self::List(..) | Self::Quote(..) | Self::Index(..) => {}
        }
    }

    /// Whose price it moves, or stops from counting.
    fn moves(&self) -> Option<Subject> {
        match self {
            Self::Quote(id, _) => Some(Subject::Instrument(*id)),
            Self::Index(asset, ..) => Some(Subject::Asset(asset.clone())),
            Self::Feed(subject, _) => Some(subject.clone()),
            _ => None,
        }
    }
}

impl State {
    /// Counts what held until now.
    fn count(&mut self, subject: &Subject, at: Timestamp) {
        if let Subject::Asset(asset) = subject {
            self.delivery.advance(&self.market, &self.feeds, asset, at);
        }
        self.funding.advance(&self.market, &self.feeds, subject, at);
    }

    /// A subject in words.
    pub(crate) fn words(&self, subject: &Subject) -> String {
        match subject {
            Subject::Asset(asset) => asset.to_string(),
            Subject::Instrument(id) => self.market.instruments.get(*id).to_string(),
        }
    }
}

fn refused(error: MarketError) -> Refusal {
    Refusal::bad("market", "a usable instrument and price", error)
}
