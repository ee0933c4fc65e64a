//! How instruments end: at which time, at which price, and what may be traded until then.

use crate::average::Average;
use crate::feed::{Feeds, Subject};
use keelmark_book::{
    Asset, Decimal, Instrument, InstrumentId, Market, Price, Rate, Round, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the settlement price of an underlying is made: its index's mean over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SettlementRule")]
pub struct Rule {
    /// Over this long before the end.
    pub window_seconds: u32,
    /// At least this share of it the index must have been live; the rest is left out.
    pub coverage: Rate,
}

impl Default for Rule {
    /// The last half hour, at least half of it live.
    fn default() -> Self {
        let half = Rate::new(Decimal::from_raw(Decimal::ONE.raw() / 2));
        Self { window_seconds: 1_800, coverage: half }
    }
}

/// By which rule an instrument gets its last price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Last {
    /// The mark that stands then.
    Mark,
    /// The mean of its underlying's index.
    Average(Rule),
}

/// The end of an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// At which price.
    pub last: Last,
    /// The mean's window; its end moves where the index was not live for long enough.
    pub window: Option<Window>,
    /// Whether it was announced ahead of its expiry: positions may only be reduced.
    pub delisted: bool,
    /// Whether it has settled.
    pub settled: bool,
}

/// A span over which an index is averaged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Its end, first: windows are kept in this order.
    pub to: Timestamp,
    /// Its beginning.
    pub from: Timestamp,
    /// Of which asset,
    pub base: Asset,
    /// in which other.
    pub quote: Asset,
}

/// What may be done with an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is traded.
    Traded,
    /// Its end was announced: positions may only be reduced.
    Reducing,
    /// Its end has come, and it waits for its price.
    Waiting,
    /// It has settled.
    Settled,
}

/// Ends of instruments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How settlement prices are made, by underlying, where another way than by default.
    pub rules: BTreeMap<Asset, Rule>,
    /// The end of each instrument that has one.
    pub ends: BTreeMap<InstrumentId, End>,
    /// Means of open windows, in order.
    windows: Vec<(Window, Average)>,
}

impl Delivery {
    /// How the settlement price of an underlying is made.
    #[must_use]
    pub fn rule(&self, base: &Asset) -> Rule {
        self.rules.get(base).copied().unwrap_or_default()
    }

    /// What may be done with an instrument at a time.
    #[must_use]
    pub fn phase(&self, id: InstrumentId, now: Timestamp) -> Phase {
        match self.ends.get(&id) {
            Some(end) if end.settled => Phase::Settled,
            Some(end) if end.at <= now => Phase::Waiting,
            Some(end) if end.delisted => Phase::Reducing,
            _ => Phase::Traded,
        }
    }

    /// The mean of a window, if it was opened.
    #[must_use]
    pub fn average(&self, window: &Window) -> Option<&Average> {
        let at = self.windows.binary_search_by(|(known, _)| known.cmp(window)).ok()?;
        self.windows.get(at).map(|(_, average)| average)
    }

    pub(crate) fn open(&mut self, window: Window) {
        if let Err(at) = self.windows.binary_search_by(|(known, _)| known.cmp(&window)) {
            let average = Average::new(window.from, window.to);
            self.windows.insert(at, (window, average));
        }
    }

    /// Counts what held until now: before a price or a feed changes.
    pub(crate) fn advance(&mut self, market: &Market, feeds: &Feeds, asset: &Asset, to: Timestamp) {
        for (window, average) in &mut self.windows {
            if window.base == *asset || window.quote == *asset {
                let value = index(market, feeds, &window.base, &window.quote);
                average.advance(to.min(window.to), value);
            }
        }
    }

    /// An instrument has settled.
    pub(crate) fn settle(&mut self, id: InstrumentId) {
        if let Some(end) = self.ends.get_mut(&id) {
            end.settled = true;
        }
        self.prune();
    }

    /// Forgets windows that no instrument waits for.
    pub(crate) fn prune(&mut self) {
        let ends = &self.ends;
        let wanted = |window: &Window| {
            ends.values().any(|end| !end.settled && end.window.as_ref() == Some(window))
        };
        self.windows.retain(|(window, _)| wanted(window));
    }
}

impl Window {
    /// The window of an instrument that ends at a time, no earlier than now.
    pub(crate) fn of(one: &Instrument, to: Timestamp, seconds: u32, now: Timestamp) -> Self {
        let from = to.plus_nanos(-crate::agenda::nanos(seconds)).max(now).min(to);
        Self { to, from, base: one.base.clone(), quote: one.quote.clone() }
    }
}

/// The index of one asset in another; `None` where a price is missing or its feed fails.
pub(crate) fn index(
    market: &Market,
    feeds: &Feeds,
    base: &Asset,
    quote: &Asset,
) -> Option<Decimal> {
    let price = |asset: &Asset| {
        let live = feeds.is_live(&Subject::Asset(asset.clone()));
        market.price(asset).ok().filter(|_| live).map(Price::decimal)
    };
    price(base)?.over(price(quote)?, Round::Nearest).ok()
}
