//! A kept account answers as a fresh computation does, to the last digit, whatever is changed of it
//! and of the market in whatever order, under every built-in document.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test; it prints its seeds")]

use keelmark_book::{
    Asset, Balance, Decimal, InstrumentId, Isolation, Market, Money, Order, Portfolio, Position,
    Price, Quantity, Quote, Rate, read,
};
use keelmark_margin::Document;
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::kept::{KeptAccount, Plan, Revision};
use keelmark_margin::requirement::requirements;
use std::sync::Arc;

const MARKET: &[u8] = b"instrument,venue_symbol,mark,iv,forward,rate,contract_size,lot,as_of
USDC,,1,,,,,,2026-03-13T19:00:00Z
USDT,,1,,,,,,2026-03-13T19:00:00Z
BTC,,71050,,,,,,2026-03-13T19:00:00Z
ETH,,2105,,,,,,2026-03-13T19:00:00Z
SOL,,128,,,,,,2026-03-13T19:00:00Z
WSTETH,,2500,,,,,,2026-03-13T19:00:00Z
v:BTC/USDC:USDC,BTC-PERP,71080,,,,1,0.0001,2026-03-13T19:00:00Z
v:ETH/USDC:USDC,ETH-PERP,2106,,,,1,0.001,2026-03-13T19:00:00Z
v:SOL/USDC:USDC,SOL-PERP,128,,,,1,0.001,2026-03-13T19:00:00Z
v:BTC/USDT:USDT,BTCT-PERP,71030,,,,1,0.001,2026-03-13T19:00:00Z
v:BTC/USD:BTC,BTC-INV,71020,,,,10,1,2026-03-13T19:00:00Z
v:BTC/USD:BTC-260626,BTC-INV-JUN,72020,,,,10,1,2026-03-13T19:00:00Z
v:BTC/USDC:USDC-260626,BTC-JUN,72080,,,,1,0.001,2026-03-13T19:00:00Z
v:BTC/USDC:USDC-260626-80000-C,BTC-JUN-80C,4100,0.5,72000,0.03,1,0.01,2026-03-13T19:00:00Z
v:BTC/USDC:USDC-260626-60000-P,BTC-JUN-60P,2100,0.55,72000,0.03,1,0.01,2026-03-13T19:00:00Z
v:ETH/USDC:USDC-260327-2000-P,ETH-MAR-2P,40,0.6,2110,0.03,1,0.01,2026-03-13T19:00:00Z
v:BTC/USD:BTC-260626-70000-C,BTC-JUN-70C,0.1,0.5,72010,0.03,1,0.1,2026-03-13T19:00:00Z
";

/// A generator that is the same everywhere: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A number times one that differs from 1 by at most some parts per million.
    fn near(&mut self, value: Decimal, most: i128) -> Decimal {
        let by = i128::from(self.next() % 2_000_001) - 1_000_000;
        Decimal::from_raw(value.raw() + value.raw() / 1_000_000 * (by * most / 1_000_000))
    }
}

/// A market and an account on their way.
struct Walk {
    dice: Dice,
    market: Market,
    revision: Revision,
    account: Portfolio,
    ids: Vec<InstrumentId>,
}

impl Walk {
    fn new(seed: u64, document: &Document) -> Self {
        let market = read::market_csv("market", MARKET).unwrap();
        let covered = |id: &InstrumentId| document.covers(market.instruments.get(*id));
        let ids = market.instruments.iter().map(|(id, _)| id).filter(covered).collect();
        let mut account = Portfolio::new("me");
        account.collateral = vec![held("USDC", 50_000)];
        Self { dice: Dice(seed), market, revision: Revision::default(), account, ids }
    }

    fn step(&mut self) {
        match self.dice.below(32) {
            0..10 => self.trade(),
            10..14 => self.order(),
            14..18 => self.deposit(),
            18..21 => self.quote(),
            21..23 => self.index(),
            23..25 => self.isolated(),
            25 => self.market.seen(self.market.as_of.plus_nanos(700_000_000)),
            26 if self.dice.below(8) == 0 => {
                self.market.seen(self.market.as_of.plus_nanos(61_000_000_000));
            }
            27 if self.dice.below(4) == 0 => {
                let sure =
                    Rate::new(self.dice.near(Decimal::from_raw(9 * 10i128.pow(17)), 100_000));
                self.market.set_confidence(&asset("BTC"), sure).unwrap();
                self.revision.prices += 1;
            }
            28 if self.dice.below(4) == 0 => {
                let slow = Price::new(self.dice.near(Decimal::from_int(70_000), 20_000));
                self.market.set_slow(asset("BTC"), slow).unwrap();
                self.revision.rest += 1;
            }
            29 => self.account.positions.clear(),
            _ => self.refresh(),
        }
    }

    fn id(&mut self) -> InstrumentId {
        self.ids[self.dice.below(self.ids.len())]
    }

    fn quantity(&mut self, id: InstrumentId) -> Quantity {
        let lot = self.market.instruments.get(id).lot.decimal().raw();
        let lots = self.dice.below(4_000) as i128 - 2_000;
        Quantity::new(Decimal::from_raw(lot * lots))
    }

    fn trade(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let (id, mark) = {
            let id = self.id();
            (id, self.market.quote(id).mark.decimal())
        };
        let entry = Some(Price::new(self.dice.near(mark, 20_000)));
        let quantity = self.quantity(id);
        let shared = |one: &Position| one.isolation == Isolation::Shared && one.instrument == id;
        self.account.positions.retain(|one| !shared(one));
        if self.dice.below(4) > 0 && !quantity.is_zero() {
            self.account.positions.push(Position::new(id, quantity, entry));
        }
        self.account
            .positions
            .sort_by_key(|one| (one.isolation != Isolation::Shared, one.instrument));
    }

    fn isolated(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let id = self.id();
        let entry = Some(self.market.quote(id).mark);
        let quantity = self.quantity(id);
        let margin = Isolation::Own(Money::from_int(self.dice.below(9_000) as i64));
        self.account.positions.retain(|one| one.isolation == Isolation::Shared);
        if self.dice.below(3) > 0 && !quantity.is_zero() {
            let one = Position { isolation: margin, ..Position::new(id, quantity, entry) };
            self.account.positions.push(one);
        }
    }

    fn order(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let instrument = self.id();
        let price =
            Some(Price::new(self.dice.near(self.market.quote(instrument).mark.decimal(), 9_000)));
        let quantity = self.quantity(instrument);
        if self.dice.below(2) == 0 || self.account.orders.len() > 4 {
            let gone = self.dice.below(self.account.orders.len().max(1));
            self.account.orders.drain(gone..(gone + 1).min(self.account.orders.len()));
        } else if !quantity.is_zero() {
            self.account.orders.push(Order { instrument, quantity, price });
        }
    }

    fn deposit(&mut self) {
        let coin = ["USDC", "USDT", "BTC", "ETH", "WSTETH"][self.dice.below(5)];
        let amount = self.dice.below(60) as i64 - 10;
        let amount = if coin.starts_with("USD") { amount * 5_000 } else { amount };
        self.account.collateral.retain(|one| one.asset != asset(coin));
        if amount != 0 {
            self.account.collateral.push(held(coin, amount));
        }
        self.account.collateral.sort_by(|a, b| a.asset.cmp(&b.asset));
    }

    fn quote(&mut self) {
        let ids: Vec<InstrumentId> = self.market.instruments.iter().map(|(id, _)| id).collect();
        let id = ids[self.dice.below(ids.len())];
        let old = *self.market.quote(id);
        let mark = Price::new(self.dice.near(old.mark.decimal(), 9_000));
        let forward = old.forward.map(|one| Price::new(self.dice.near(one.decimal(), 9_000)));
        let quote = Quote { mark, forward, as_of: self.market.as_of, ..old };
        self.market.set_quote(id, quote).unwrap();
        self.revision.prices += 1;
    }

    fn index(&mut self) {
        let coin = ["USDC", "USDT", "BTC", "ETH", "SOL", "WSTETH"][self.dice.below(6)];
        let old = self.market.price(&asset(coin)).unwrap();
        let price = Price::new(self.dice.near(old.decimal(), 4_000));
        self.market.set_asset(asset(coin), price, self.market.as_of).unwrap();
        self.revision.prices += 1;
    }

    /// Every price is seen again as it was.
    fn refresh(&mut self) {
        let now = self.market.as_of;
        self.market.assets.values_mut().for_each(|feed| feed.as_of = now);
        let ids: Vec<InstrumentId> = self.market.instruments.iter().map(|(id, _)| id).collect();
        for id in ids {
            let quote = *self.market.quote(id);
            self.market.set_quote(id, Quote { as_of: now, ..quote }).unwrap();
        }
        self.revision.prices += 1;
    }
}

fn asset(name: &str) -> Asset {
    Asset::new(name).unwrap()
}

fn held(name: &str, amount: i64) -> Balance {
    Balance { asset: asset(name), amount: Money::from_int(amount) }
}

/// Answers compared, and those that were kept.
fn walk(document: &Arc<Document>, seed: u64, steps: usize) -> (usize, usize) {
    let Some(plan) = Plan::new(document).unwrap().map(Arc::new) else { return (0, 0) };
    let mut walk = Walk::new(seed, document);
    let (mut kept, mut compared, mut answered) = (KeptAccount::default(), 0, 0);
    for step in 0..steps {
        walk.step();
        let found = kept.requirements(&plan, &walk.market, walk.revision, &walk.account);
        let fresh = requirements(document, &walk.market, &walk.account);
        compared += usize::from(fresh.is_ok());
        let Some(found) = found else { continue };
        let what = || format!("{}, seed {seed}, step {step}: {:?}", document.name, walk.account);
        assert_eq!(
            found,
            fresh.unwrap_or_else(|error| panic!("{}: {error}", what())),
            "{}",
            what()
        );
        answered += 1;
    }
    (compared, answered)
}

#[test]
fn a_kept_account_answers_as_a_fresh_computation() {
    let mut models = 0;
    for (name, _) in BUILT_IN {
        let document = Arc::new(Document::named(name).unwrap());
        let (mut compared, mut answered) = (0, 0);
        for seed in 0..4 {
            let found = walk(&document, seed, 250);
            (compared, answered) = (compared + found.0, answered + found.1);
        }
        println!("{name}: {answered} of {compared} kept");
        models += usize::from(answered > 100);
    }
    assert!(models > 25, "{models}");
}

/// The same, longer: `cargo test -p keelmark-margin --release --test kept -- --ignored`.
#[test]
#[ignore = "minutes"]
fn a_kept_account_answers_so_for_long() {
    for (name, _) in BUILT_IN {
        let document = Arc::new(Document::named(name).unwrap());
        for seed in 1_000..1_040 {
            walk(&document, seed, 1_000);
        }
    }
}
