//! What every report says about its origin: model, prices, time, engine, and a digest of its
//! inputs, which is what a lender or an auditor needs to compute it again.

use crate::made::MadeReport;
use keelmark_book::{Asset, Book, InstrumentId, Market, Portfolio, Price, Timestamp, write};
use keelmark_margin::Document;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Version of the engine that computed a report.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A market to make reports in, with its digest computed once for all accounts.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The prices.
    pub market: &'a Market,
    digest: blake3::Hash,
}

/// Which document a report was computed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ModelRef {
    /// Its short name.
    pub name: String,
    /// The author's version of its numbers.
    pub version: String,
    /// When they came into force.
    pub effective: String,
    /// First 16 hex digits of the BLAKE3 hash of its content.
    pub digest: String,
    /// What its scenarios were made from; absent where they stand in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<MadeReport>,
}

/// The prices that totals were converted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Valuation {
    /// What the totals are in.
    pub currency: Asset,
    /// Where the prices come from.
    pub source: String,
    /// Index price of each asset that the account touches, in the market's currency.
    pub prices: BTreeMap<Asset, PriceFeed>,
}

/// A price and when it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PriceFeed {
    /// The price.
    pub price: Price,
    /// When the feed was last updated; null where there is no market.
    #[serde(serialize_with = "dated")]
    #[schemars(with = "Option<Timestamp>", required)]
    pub as_of: Timestamp,
}

/// A time, or null where nothing is dated: a book of given sensitivities needs no market.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
pub(crate) fn dated<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    Some(time).filter(|time| **time != Timestamp::default()).serialize(out)
}

/// An instrument by both its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct InstrumentRef {
    /// Canonical symbol, such as `deribit:BTC/USD:BTC-260327-70000-C`.
    pub instrument: String,
    /// The venue's own spelling.
    pub venue_symbol: String,
}

impl ModelRef {
    /// The reference of a document.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        Self {
            name: document.name.clone(),
            version: document.version.clone(),
            effective: document.effective.clone(),
            digest: document.digest.clone(),
            made: MadeReport::of(document),
        }
    }

    /// Name, version and digest in one text.
    #[must_use]
    pub fn params_version(&self) -> String {
        format!("{}/{}@{}", self.name, self.version, self.digest)
    }
}

impl<'a> Context<'a> {
    /// A market to make reports in.
    #[must_use]
    pub fn new(market: &'a Market) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(market.currency.as_str().as_bytes());
        hasher.update(&market.as_of.nanos().to_le_bytes());
        hasher.update(write::market_csv(market).as_bytes());
        Self { market, digest: hasher.finalize() }
    }

    /// First 16 hex digits of the BLAKE3 hash of market, document and account, whatever the format
    /// or order of columns they were read from.
    #[must_use]
    pub fn digest(&self, document: &Document, accounts: &[Portfolio]) -> String {
        let book = Book { accounts: accounts.to_vec(), notes: Vec::new() };
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.digest.as_bytes());
        hasher.update(document.digest.as_bytes());
        hasher.update(write::book_csv(&book, self.market).as_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// Both names of an instrument.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> InstrumentRef {
        let one = self.market.instruments.get(id);
        InstrumentRef { instrument: one.to_string(), venue_symbol: one.venue_symbol.clone() }
    }

    /// The prices of what an account touches.
    #[must_use]
    pub fn valuation(&self, account: &Portfolio, currency: &Asset) -> Valuation {
        let mut prices = BTreeMap::new();
        let held = account.collateral.iter().map(|held| &held.asset);
        let traded = account.positions.iter().map(|one| one.instrument);
        let ordered = account.orders.iter().map(|one| one.instrument);
        let unpaid = account.unsettled.keys().copied();
        let underlyings = traded.chain(ordered).chain(unpaid).flat_map(|id| {
            let one = self.market.instruments.get(id);
            [&one.base, &one.settle]
        });
        for asset in held.chain(underlyings) {
            if let Some(feed) = self.market.assets.get(asset) {
                let feed = PriceFeed { price: feed.price, as_of: feed.as_of };
                prices.insert(asset.clone(), feed);
            }
        }
        Valuation { currency: currency.clone(), source: self.market.source.clone(), prices }
    }
}
