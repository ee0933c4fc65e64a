//! Random markets: one or two underlyings, inverse and linear perpetuals and futures, options of
//! three expiries, with marks from Black-76 as venues have them.

use keelmark_book::detail::Detail;
use keelmark_book::{
    Asset, Instrument, InstrumentId, Kind, Market, Price, Quantity, Quote, Right, Round, Timestamp,
};
use keelmark_pricing::option::{Terms, value};
use proptest::prelude::*;

/// What a random market is made from.
#[derive(Clone, Debug)]
pub struct MarketPlan {
    pub two: bool,
    pub indexes: [f64; 2],
    /// Forward over index, a year away, less 1.
    pub basis: f64,
    pub vol: f64,
    pub skew: f64,
    /// Days to the first expiry; the others are at multiples of it.
    pub days: f64,
}

pub fn plan() -> impl Strategy<Value = MarketPlan> {
    (any::<bool>(), 20_000.0f64..120_000.0, 1_000.0f64..6_000.0, -0.1f64..0.2)
        .prop_flat_map(|(two, btc, eth, basis)| {
            let rest = (0.2f64..1.5, -0.5f64..0.5, 1.5f64..25.0);
            (Just((two, btc, eth, basis)), rest)
        })
        .prop_map(|((two, btc, eth, basis), (vol, skew, days))| MarketPlan {
            two,
            indexes: [btc, eth],
            basis,
            vol,
            skew,
            days,
        })
}

pub fn market() -> impl Strategy<Value = Market> {
    plan().prop_map(|plan| plan.build())
}

pub fn asset(name: &str) -> Asset {
    Asset::new(name).unwrap()
}

pub fn price(value: f64) -> Price {
    Price::from_f64((value * 1e8).round() / 1e8, Round::Nearest).unwrap()
}

/// When every market was seen.
pub fn now() -> Timestamp {
    Timestamp::from_date(2026, 3, 13, 19, 0).unwrap()
}

impl MarketPlan {
    pub fn build(&self) -> Market {
        let mut market = Market::new(now(), Asset::usd(), "random");
        for (stable, price) in [("USDC", "1"), ("USDT", "0.9995")] {
            market.set_asset(asset(stable), price.parse().unwrap(), now()).unwrap();
        }
        let count = if self.two { 2 } else { 1 };
        for (base, index) in ["BTC", "ETH"].into_iter().zip(self.indexes).take(count) {
            market.set_asset(asset(base), price(index), now()).unwrap();
            self.underlying(&mut market, base, index);
        }
        market
    }

    fn underlying(&self, market: &mut Market, base: &str, index: f64) {
        let mut add = |kind, inverse: bool, quote: Quote| {
            let instrument = contract(base, kind, inverse);
            let id = market.add(instrument, quote).unwrap();
            // What discounts needs a rate; what does not is not moved by one.
            market.set_detail(id, Detail { rate: Some(0.03), ..Detail::default() }).unwrap();
        };
        add(Kind::Perpetual, true, futures_quote(index * 1.0003));
        add(Kind::Perpetual, false, futures_quote(index * 0.9998));
        for (step, multiple) in [1.0, 4.0, 15.0].into_iter().enumerate() {
            let days = self.days * multiple;
            let expiry = now().plus_nanos((days * 86_400.0 * 1e9) as i64);
            let forward = index * (1.0 + self.basis * days / 365.0);
            add(Kind::Future { expiry }, step != 1, futures_quote(forward));
            for moneyness in [0.8, 1.0, 1.25] {
                let strike = price((index * moneyness / 50.0).round().max(1.0) * 50.0);
                for right in [Right::Call, Right::Put] {
                    let vol = self.vol * (1.0 + self.skew * (1.0f64 - moneyness));
                    let inverse = step != 1 || moneyness < 1.1;
                    let kind = Kind::Option { expiry, strike, right };
                    let terms =
                        Terms { forward, strike: strike.to_f64(), years: days / 365.0, vol, right };
                    add(kind, inverse, option_quote(&terms, inverse));
                }
            }
        }
    }
}

fn contract(base: &str, kind: Kind, inverse: bool) -> Instrument {
    let (quote, settle) = if inverse { ("USD", base) } else { ("USDC", "USDC") };
    let lot = match (kind, inverse) {
        (Kind::Option { .. }, _) => "0.1",
        (_, true) => "10",
        (_, false) => "0.001",
    };
    let mut one = Instrument {
        venue: "v".to_owned(),
        venue_symbol: String::new(),
        base: asset(base),
        quote: asset(quote),
        settle: asset(settle),
        kind,
        contract_size: Quantity::from_int(1),
        lot: lot.parse().unwrap(),
    };
    one.venue_symbol = one.to_string().split_off(2);
    one
}

fn futures_quote(mark: f64) -> Quote {
    Quote { mark: price(mark), iv: None, forward: None, bid: None, ask: None, as_of: now() }
}

fn option_quote(terms: &Terms, inverse: bool) -> Quote {
    let forward = price(terms.forward);
    let per = if inverse { terms.forward } else { 1.0 };
    let mark = price(value(terms) / per);
    Quote { iv: Some(terms.vol), forward: Some(forward), ..futures_quote(0.0) }.with_mark(mark)
}

trait WithMark {
    fn with_mark(self, mark: Price) -> Self;
}

impl WithMark for Quote {
    fn with_mark(self, mark: Price) -> Self {
        Self { mark, ..self }
    }
}

/// Every instrument of a market.
pub fn ids(market: &Market) -> Vec<InstrumentId> {
    market.instruments.iter().map(|(id, _)| id).collect()
}
