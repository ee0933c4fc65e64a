//! Random books over a market.

use crate::markets::{asset, ids, price};
use keelmark_book::{
    Decimal, InstrumentId, Market, Money, Order, Portfolio, Position, Quantity, Round,
};
use proptest::prelude::*;

/// One position or order before a market is known.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// Which instrument, as a share of the registry.
    pub which: f64,
    /// Signed size in coins, to be rounded to lots.
    pub coins: f64,
    /// Entry over mark; `None` is no entry price.
    pub entry: Option<f64>,
}

/// An account before a market is known.
#[derive(Clone, Debug)]
pub struct BookPlan {
    pub legs: Vec<Leg>,
    /// BTC, ETH, USDC, USDT, USD.
    pub held: [f64; 5],
}

const HELD: [&str; 5] = ["BTC", "ETH", "USDC", "USDT", "USD"];

pub fn leg() -> impl Strategy<Value = Leg> {
    let coins = prop_oneof![-3.0f64..3.0, -400.0f64..400.0, -9_000.0f64..9_000.0];
    (0.0f64..1.0, coins, proptest::option::weighted(0.8, 0.7f64..1.4))
        .prop_map(|(which, coins, entry)| Leg { which, coins, entry })
}

pub fn legs(most: usize) -> impl Strategy<Value = Vec<Leg>> {
    proptest::collection::vec(leg(), 0..=most)
}

pub fn book() -> impl Strategy<Value = BookPlan> {
    let coins = || prop_oneof![Just(0.0), -5.0f64..50.0, 0.0f64..3_000.0];
    let cash = || prop_oneof![Just(0.0), -1e5f64..1e6, 0.0f64..1e8];
    (legs(10), coins(), coins(), cash(), cash(), cash()).prop_map(
        |(legs, btc, eth, usdc, usdt, usd)| BookPlan { legs, held: [btc, eth, usdc, usdt, usd] },
    )
}

impl Leg {
    pub fn instrument(&self, market: &Market) -> InstrumentId {
        let all = ids(market);
        all[((self.which * all.len() as f64) as usize).min(all.len() - 1)]
    }

    pub fn lots(&self, market: &Market) -> i64 {
        let id = self.instrument(market);
        let one = market.instruments.get(id);
        let per_lot = one.lot.to_f64() * one.contract_size.to_f64();
        let inverse_future = one.is_inverse() && !one.is_option();
        let coins_per_lot =
            if inverse_future { per_lot / market.quote(id).mark.to_f64() } else { per_lot };
        (self.coins / coins_per_lot).round() as i64
    }

    pub fn quantity(&self, market: &Market) -> Quantity {
        quantity(market, self.instrument(market), self.lots(market))
    }

    pub fn position(&self, market: &Market) -> Position {
        let id = self.instrument(market);
        let mark = market.quote(id).mark.to_f64();
        let entry = self.entry.map(|entry| price((entry * mark).max(1e-8)));
        Position::new(id, self.quantity(market), entry)
    }

    pub fn order(&self, market: &Market) -> Order {
        let (instrument, quantity) = (self.instrument(market), self.quantity(market));
        Order { instrument, quantity, price: None }
    }
}

/// So many lots of an instrument.
pub fn quantity(market: &Market, id: InstrumentId, lots: i64) -> Quantity {
    let lot = market.instruments.get(id).lot.decimal();
    Quantity::new(lot.times(Decimal::from_int(lots), Round::Nearest).unwrap())
}

impl BookPlan {
    pub fn portfolio(&self, market: &Market) -> Portfolio {
        let mut account = Portfolio::new("random");
        for (name, amount) in HELD.into_iter().zip(self.held) {
            if amount != 0.0 && market.assets.contains_key(&asset(name)) {
                let amount = Money::from_f64((amount * 1e6).round() / 1e6, Round::Nearest).unwrap();
                account.deposit(asset(name), amount).unwrap();
            }
        }
        account.positions = self.legs.iter().map(|leg| leg.position(market)).collect();
        account
    }
}
