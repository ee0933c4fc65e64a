//! The prices that a kept pool was computed from, and which of them are others now.

use super::plan::Plan;
use crate::charge::Clock;
use crate::pool::Pool;
use crate::table::RiskTable;
use keelmark_book::market::AssetPrice;
use keelmark_book::{Asset, Instrument, InstrumentId, Market, Quote, Timestamp};

/// How often a market was changed, as whoever changes it counts: two equal ones mean that nothing
/// but time is another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Quotes of instruments and index prices of assets.
    pub prices: u64,
    /// Anything else: confidences, slow prices, rates, rows that are given.
    pub rest: u64,
}

/// What a pool looks at of a market.
#[derive(Debug)]
pub(super) struct Levels {
    revision: Revision,
    /// When it was computed.
    as_of: Timestamp,
    /// The oldest of its feeds.
    oldest: Timestamp,
    /// The first end of an option in it: from then on it has no margin.
    until: Option<Timestamp>,
    /// Whether something in it ends.
    dated: bool,
    quotes: Vec<(InstrumentId, Quote)>,
    assets: Vec<(Asset, Option<AssetPrice>)>,
}

/// What is another than when it was last looked at.
#[derive(Debug)]
pub(super) enum Moved {
    /// Nothing that counts.
    Nothing,
    /// Some prices.
    Prices {
        /// Marks, volatilities or forwards of these.
        quotes: Vec<InstrumentId>,
        /// Index prices of these.
        assets: Vec<Asset>,
    },
    /// More than can be followed.
    Beyond,
}

impl Levels {
    /// What a pool looks at, as it is now.
    pub fn new(market: &Market, revision: Revision, pool: &Pool, table: &RiskTable) -> Self {
        let ids = pool.instruments();
        let mut assets = vec![&pool.currency, &market.currency];
        assets.extend(pool.collateral.iter().map(|held| &held.asset));
        assets.extend(table.units.iter().map(|unit| &unit.underlying));
        for id in &ids {
            let one = market.instruments.get(*id);
            assets.extend([&one.base, &one.quote, &one.settle]);
        }
        assets.sort_unstable();
        assets.dedup();
        let feed = |asset: &Asset| (asset.clone(), market.assets.get(asset).copied());
        let ends = |options: bool| {
            let all = ids.iter().map(|id| market.instruments.get(*id));
            all.filter(move |one| one.is_option() || !options).filter_map(Instrument::expiry).min()
        };
        let mut levels = Self {
            revision,
            as_of: market.as_of,
            oldest: market.as_of,
            until: ends(true),
            dated: ends(false).is_some(),
            assets: assets.into_iter().map(feed).collect(),
            quotes: ids.iter().map(|id| (*id, *market.quote(*id))).collect(),
        };
        levels.age(market);
        levels
    }

    /// Whether the price of an asset is among them.
    pub fn know(&self, asset: &Asset) -> bool {
        self.assets.iter().any(|(known, _)| known == asset)
    }

    /// Finds the oldest feed. The market's own currency is never older than the market.
    fn age(&mut self, market: &Market) {
        let quotes = self.quotes.iter().map(|(_, quote)| quote.as_of);
        let feeds = self.assets.iter().filter(|(asset, _)| *asset != market.currency);
        let all = quotes.chain(feeds.filter_map(|(_, feed)| Some(feed.as_ref()?.as_of)));
        self.oldest = all.min().unwrap_or(market.as_of);
    }

    /// Whether no feed is older than a document allows.
    pub fn is_fresh(&self, market: &Market, plan: &Plan) -> bool {
        let allowed = plan.document.feeds.max_age_seconds;
        allowed.is_none_or(|allowed| market.as_of.seconds_since(self.oldest) <= allowed)
    }

    /// Says what has moved since it was last asked, and takes it as known.
    pub fn follow(&mut self, market: &Market, revision: Revision, plan: &Plan) -> Moved {
        if self.is_too_late(market, plan) || self.revision.rest != revision.rest {
            return Moved::Beyond;
        }
        if self.revision == revision {
            return Moved::Nothing;
        }
        self.revision = revision;
        let (mut quotes, mut assets) = (Vec::new(), Vec::new());
        for (id, known) in &mut self.quotes {
            let now = market.quote(*id);
            if *known != *now {
                if (Quote { as_of: now.as_of, ..*known }) != *now {
                    quotes.push(*id);
                }
                *known = *now;
            }
        }
        for (asset, known) in &mut self.assets {
            let now = market.assets.get(asset).copied();
            let counts = |feed: AssetPrice| (feed.price, feed.confidence);
            if known.map(counts) != now.map(counts) {
                assets.push(asset.clone());
            }
            *known = now;
        }
        self.age(market);
        Moved::Prices { quotes, assets }
    }

    /// Whether time alone has changed what it requires.
    fn is_too_late(&self, market: &Market, plan: &Plan) -> bool {
        let dated = self.dated && (!plan.bare || plan.clock == Clock::Expiry);
        market.as_of != self.as_of && (dated || plan.clock == Clock::Always)
            || self.until.is_some_and(|until| market.as_of > until)
    }
}
