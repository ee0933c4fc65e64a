//! Laws of the 16-scenario model over given rows: order does not count, twice the book is twice
//! the charges, a credit never exceeds what it is a part of, and a prepared what-if is the whole
//! computation.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{
    Decimal, GivenRow, InstrumentId, Market, Money, Order, Portfolio, Position, Price, Quantity,
    Quote, Timestamp, symbol::Symbol,
};
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::whatif::{Change, apply};
use keelmark_margin::{Document, PoolMargin, RiskTable, margin, margin_of_pool};
use proptest::prelude::*;

mod tiers;

const SYMBOLS: &[(&str, &str)] = &[
    ("x:BTC/USD:USD-261225", "9000"),
    ("x:BTC/USD:USD-270129", "9180"),
    ("x:BTC/USD:USD-261225-70000-C", "3400"),
    ("x:ETH/USD:USD-261225", "560"),
    ("x:ETH/USD:USD-270326", "582"),
    ("x:ETH/USD:USD-270326-3000-P", "-210"),
    ("x:SOL/USD:USD-261225", "33"),
];
/// The price moves of the scenarios in thirds of the range, and what one of them counts for.
const THIRDS: [i64; 16] = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 3, -3];

const DOCUMENT: &str = r#"
schema = "keelmark/model/1"
extends = "scan16-file"
name = "laws"
title = "parameters of a test"
source = "a test"
[params.scan_range]
BTC = "9000"
ETH = "560"
SOL = "33"
[params.minimum_rate]
default = "150"
[[charge]]
name = "spread"
tiers = [{ name = "1", from_month = "202612", to_month = "202612" },
         { name = "2", from_month = "202701", to_month = "202712" }]
spreads = [{ rate = "30", legs = [{ tier = "1", side = "A" }, { tier = "2", side = "B" }] },
           { rate = "20", legs = [{ tier = "2", side = "A" }, { tier = "2", side = "B" }] }]
[[charge]]
name = "delivery"
months = [{ expiry = "202612", spread_rate = "9", outright_rate = "18" }]
[[charge]]
name = "inter_credit"
spreads = [
  { rate = "0.75", legs = [
    { unit = "BTC", side = "A" }, { unit = "ETH", side = "B", ratio = "18" }] },
  { rate = "0.5", legs = [
    { unit = "ETH", side = "A" }, { unit = "SOL", side = "B", ratio = "22" }] },
]
"#;

fn market() -> Market {
    let as_of: Timestamp = "2026-11-22".parse().unwrap();
    let mut market = Market::new(as_of, "USD".parse_asset(), "a test");
    for (name, price) in [("BTC", 65000), ("ETH", 3000), ("SOL", 150)] {
        market.set_asset(name.parse_asset(), Price::from_int(price), as_of).unwrap();
    }
    for (at, (symbol, range)) in SYMBOLS.iter().enumerate() {
        let range: Decimal = range.parse().unwrap();
        let one = Quantity::from_int(1);
        let instrument = Symbol::parse(symbol).unwrap().instrument(format!("i{at}"), one, one);
        let quote = Quote {
            mark: Price::from_int(100),
            iv: None,
            forward: None,
            bid: None,
            ask: None,
            as_of,
        };
        let loss = |(scenario, thirds): (usize, &i64)| {
            let vol = if scenario % 2 == 0 { 1 } else { -1 };
            let moved = Decimal::from_raw(-range.raw() / 3 * i128::from(*thirds));
            moved.plus(Decimal::from_int(vol)).unwrap()
        };
        let losses = THIRDS.iter().enumerate().map(loss).collect();
        let delta = Decimal::from_raw(Decimal::ONE.raw() / (1 + at as i128 % 3));
        let negative = range.is_negative();
        let delta = if negative { Decimal::ZERO.minus(delta).unwrap() } else { delta };
        market.add_given(instrument, quote, GivenRow { losses, delta }).unwrap();
    }
    market
}

trait ParseAsset {
    fn parse_asset(&self) -> keelmark_book::Asset;
}

impl ParseAsset for str {
    fn parse_asset(&self) -> keelmark_book::Asset {
        keelmark_book::Asset::new(self).unwrap()
    }
}

fn account(lots: &[i64]) -> Portfolio {
    let mut account = Portfolio::new("a");
    for (at, lots) in lots.iter().enumerate().filter(|(_, lots)| **lots != 0) {
        let (id, quantity) = (InstrumentId::new(at), Quantity::from_int(*lots));
        account.positions.push(Position::new(id, quantity, None));
    }
    account
}

fn pool(account: &Portfolio) -> PoolMargin {
    pool_under(DOCUMENT, account)
}

fn pool_under(document: &str, account: &Portfolio) -> PoolMargin {
    let document = Document::parse("laws", document).unwrap();
    margin(&document, &market(), account).unwrap().pools.remove(0)
}

fn order(account: &mut Portfolio, at: usize, lots: i64) {
    let (instrument, quantity) = (InstrumentId::new(at), Quantity::from_int(lots));
    account.orders.push(Order { instrument, quantity, price: None });
}

/// Whether a prepared what-if of a fill is the whole computation after it.
fn prepared_is_whole(document: &str, account: &Portfolio, at: usize, fill: i64) {
    let (document, market) = (Document::parse("laws", document).unwrap(), market());
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    let own = divide(account, &document, &market).remove(0);
    let table = RiskTable::compile(&document, &market, &ids, &own.currency).unwrap();
    let prepared = Prepared::new(&document, &market, &table, own).unwrap();
    for quantity in [Quantity::from_int(fill), Quantity::from_int(-fill)] {
        let change = Change { fills: vec![(ids[at], quantity)], ..Change::default() };
        let after = apply(account, &change, &market).unwrap();
        let changed = divide(&after, &document, &market).remove(0);
        let full = margin_of_pool(&document, &market, &table, changed).unwrap();
        let quick = prepared.what_if(ids[at], quantity).unwrap();
        assert_eq!(quick.initial, full.level("initial"));
        assert_eq!(quick.maintenance, full.level("maintenance"));
    }
}

fn charge(pool: &PoolMargin, name: &str) -> Money {
    pool.charges.iter().find(|one| one.name == name).unwrap().plain.amount
}

fn books() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(-40i64..40, SYMBOLS.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn the_order_of_positions_does_not_count(lots in books(), turn in 0usize..7) {
        let one = account(&lots);
        let mut other = one.clone();
        if !other.positions.is_empty() {
            let by = turn % other.positions.len();
            other.positions.rotate_left(by);
        }
        let (one, other) = (pool(&one), pool(&other));
        for (a, b) in one.charges.iter().zip(&other.charges) {
            prop_assert_eq!(&a.plain.amount, &b.plain.amount, "{}", a.name);
        }
        prop_assert_eq!(one.level("initial"), other.level("initial"));
    }

    #[test]
    fn twice_the_book_is_twice_the_charges(lots in books()) {
        let twice: Vec<i64> = lots.iter().map(|one| one * 2).collect();
        let (one, two) = (pool(&account(&lots)), pool(&account(&twice)));
        let names =
            ["scan", "spread", "delivery", "inter_credit", "minimum", "option_value", "risk"];
        for name in names {
            let (one, two) = (charge(&one, name).to_f64(), charge(&two, name).to_f64());
            let near = (2.0 * one - two).abs() <= 1e-9 * two.abs().max(1.0);
            prop_assert!(near, "{name} {one} {two}");
        }
    }

    #[test]
    fn a_credit_is_a_part_of_the_price_risk_and_nothing_is_below_zero(lots in books()) {
        let found = pool(&account(&lots));
        let credits = &found.charges.iter().find(|one| one.name == "inter_credit").unwrap().plain;
        for (risk, (_, credit)) in credits.risks.iter().zip(&credits.units) {
            prop_assert!(*credit >= Money::ZERO);
            prop_assert!(*credit <= risk.price_risk.max(Money::ZERO), "{risk:?} {credit}");
        }
        for one in &found.charges {
            let signed = one.name.starts_with("option") || one.name == "initial_option_credit";
            prop_assert!(signed || one.plain.amount >= Money::ZERO, "{}", one.name);
        }
        prop_assert!(found.level("maintenance") >= Money::ZERO);
        prop_assert!(found.level("initial") >= found.level("maintenance"));
    }

    #[test]
    fn open_orders_never_raise_a_credit(lots in books(), orders in books()) {
        let mut account = account(&lots);
        for (at, lots) in orders.iter().enumerate().filter(|(_, lots)| **lots != 0) {
            order(&mut account, at, *lots);
        }
        let found = pool(&account);
        let credit = found.charges.iter().find(|one| one.name == "inter_credit").unwrap();
        prop_assert!(credit.amount(true) <= credit.amount(false));
    }

    #[test]
    fn a_prepared_what_if_is_the_whole_computation(
        lots in books(),
        at in 0usize..7,
        fill in 1i64..9,
    ) {
        prepared_is_whole(DOCUMENT, &account(&lots), at, fill);
    }
}

#[test]
fn a_document_of_given_rows_refuses_what_has_none() {
    let document = Document::parse("laws", DOCUMENT).unwrap();
    let mut market = market();
    let one = Quantity::from_int(1);
    let symbol = Symbol::parse("x:BTC/USD:USD-270625").unwrap();
    let quote = *market.quote(InstrumentId::new(0));
    let id = market.add(symbol.instrument("bare".into(), one, one), quote).unwrap();
    let mut account = Portfolio::new("a");
    account.positions.push(Position::new(id, one, None));
    let error = margin(&document, &market, &account).unwrap_err().to_string();
    assert!(error.contains("bare: expected a risk_array of 16 losses"), "{error}");
    let mixed =
        DOCUMENT.to_owned() + "[[scan]]\nname = \"other\"\nprice_range = \"0.1\"\ngrid_steps = 2\n";
    let error = Document::parse("mixed", &mixed).unwrap_err().to_string();
    assert!(error.contains("expected given = true in every scan or in none"), "{error}");
}
