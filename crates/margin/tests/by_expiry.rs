//! Netting by expiry: without discounts it is the plain worst loss, with them what is sold is never
//! cheaper; weights, orders and parts included.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Book, Market, Money, Rate, Round, read};
use keelmark_margin::charge::Outcome;
use keelmark_margin::{Document, PoolMargin, margin};

const PRICES: &[u8] = include_bytes!("../../../docs/models/examples/derive-pmrm2/prices.csv");
const BOOK: &[u8] = include_bytes!("../../../docs/models/examples/derive-pmrm2/book.csv");

/// The managers take cash, options, one perpetual and listed collateral, and turn down the rest:
/// a dated future against a perpetual would be scanned as if there were no basis between the two.
#[test]
fn a_dated_future_is_refused_and_a_perpetual_is_not() {
    let prices = "\
instrument,venue_symbol,mark,contract_size,lot,as_of
USDC,,1,,,2026-03-13T19:00:00Z
ETH,,2500,,,2026-03-13T19:00:00Z
derive:ETH/USDC:USDC,ETH-PERP,2500,1,0.01,2026-03-13T19:00:00Z
derive:ETH/USDC:USDC-260626,ETH-26JUN26,2550,1,0.01,2026-03-13T19:00:00Z
";
    let market = read::market_csv("prices.csv", prices.as_bytes()).unwrap();
    let asks = |document: &str, rows: &str| {
        let text = format!("account,instrument,qty,avg_price,kind\na,USDC,10000,,\n{rows}");
        let book = read::book_csv("book.csv", text.as_bytes(), &market).unwrap();
        margin(&Document::named(document).unwrap(), &market, &book.accounts[0])
    };
    for document in ["derive-pmrm", "derive-pmrm2", "derive-srm"] {
        let perpetual = asks(document, "a,ETH-PERP,-2,2500,\n").unwrap();
        assert!(perpetual.total.maintenance > Money::ZERO, "{document}");
        for rows in ["a,ETH-26JUN26,2,2550,\n", "a,ETH-26JUN26,2,2550,order\n"] {
            let error = asks(document, rows).unwrap_err().to_string();
            assert!(error.contains("has no charge about ETH-26JUN26"), "{document}: {error}");
        }
    }
}

/// A scan with weights and open orders under both charges.
fn document(long: &str, two_sided: bool) -> Document {
    let text = format!(
        r#"
schema = "keelmark/model/1"
name = "both"
title = "the plain worst loss beside the one by expiry"
source = "a test"
[pool]
currency = "USDC"
at_par = true
[pricing]
discount = "rate"
[unit]
moves_with = {{ ETH = "ETH", WSTETH = "ETH", BTC = "BTC" }}
[[scan]]
name = "scan"
price_range = "0.2"
scenarios = [
  {{ price = "1", vol = "up" }},
  {{ price = "-1", vol = "down", two_sided = {two_sided} }},
  {{ price = "-3", vol = "up", weight = "0.3" }},
  {{ price = "5", vol = "up", weight = "0.25" }},
]
vol_up = "0.5"
vol_down = "0.3"
[[charge]]
name = "plain"
kind = "worst-loss"
over = ["scan"]
gain_offset = "1"
[[charge]]
name = "stepped"
kind = "worst-loss-by-expiry"
over = ["scan"]
long = {{ factor = "{long}" }}
short = {{ factor = "1" }}
[levels]
initial = "max(plain, stepped) + orders"
maintenance = "max(plain, stepped)"
"#
    );
    Document::parse("both.toml", &text).unwrap()
}

fn inputs() -> (Market, Book) {
    let market = read::market_csv("prices.csv", PRICES).unwrap();
    let book = read::book_csv("book.csv", BOOK, &market).unwrap();
    (market, book)
}

fn pools(document: &Document) -> Vec<PoolMargin> {
    let (market, book) = inputs();
    let all = book.accounts.iter().map(|one| margin(document, &market, one).unwrap());
    all.flat_map(|one| one.pools).collect()
}

fn near(a: Money, b: Money) -> bool {
    a.minus(b).unwrap().abs() < "0.000001".parse().unwrap()
}

fn charge<'a>(pool: &'a PoolMargin, name: &str, orders: bool) -> &'a Outcome {
    let found = pool.charges.iter().find(|one| one.name == name).unwrap();
    if orders { found.with_orders.as_ref().unwrap_or(&found.plain) } else { &found.plain }
}

#[test]
fn without_a_discount_it_is_the_plain_worst_loss() {
    for pool in pools(&document("1", false)) {
        for orders in [false, true] {
            let plain = charge(&pool, "plain", orders);
            let stepped = charge(&pool, "stepped", orders);
            assert!(plain.amount.is_positive());
            assert!(near(plain.amount, stepped.amount), "{} {}", plain.amount, stepped.amount);
            for (a, b) in plain.scans.iter().zip(&stepped.scans) {
                assert_eq!(a.worst, b.worst);
                assert!(a.before.iter().zip(&b.before).all(|(a, b)| near(*a, *b)));
            }
        }
    }
}

#[test]
fn a_discount_and_a_second_side_only_add() {
    let plain = pools(&document("1", false));
    for (long, two_sided) in [("0.9", false), ("1", true), ("0.9", true)] {
        for (pool, plain) in pools(&document(long, two_sided)).iter().zip(&plain) {
            for orders in [false, true] {
                let (more, less) =
                    (charge(pool, "stepped", orders), charge(plain, "stepped", orders));
                for (a, b) in more.scans.iter().zip(&less.scans) {
                    let step = "0.000001".parse::<Money>().unwrap();
                    let over = |(a, b): (&Money, &Money)| *a <= b.plus(step).unwrap();
                    assert!(a.before.iter().zip(&b.before).all(over));
                }
            }
        }
    }
}

#[test]
fn the_parts_sum_to_the_loss_and_name_each_coin() {
    for two_sided in [false, true] {
        for pool in pools(&document("0.9", two_sided)) {
            for name in ["plain", "stepped"] {
                let found = charge(&pool, name, false);
                let sum = Money::sum(found.parts.iter().map(|(_, own)| *own)).unwrap();
                assert!(near(sum, found.amount), "{name}: {sum} of {}", found.amount);
            }
        }
    }
    let document = Document::named("derive-pmrm2").unwrap();
    let writer = &pools(&document)[0];
    let parts = format!("{:?}", charge(writer, "scenarios", false).parts);
    assert!(parts.contains("WSTETH"), "{parts}");
}

#[test]
fn a_market_without_rates_or_with_two_is_refused_by_name() {
    let (market, book) = inputs();
    let text = String::from_utf8(PRICES.to_vec()).unwrap();
    let none = text.replace(",0.04,", ",,");
    let two = text.replacen(",0.04,", ",0.05,", 1);
    let document = Document::named("derive-pmrm2").unwrap();
    assert!(margin(&document, &market, &book.accounts[0]).is_ok());
    for (text, said) in [(none, "no rate"), (two, "found two")] {
        let market = read::market_csv("prices.csv", text.as_bytes()).unwrap();
        let ids: Vec<_> = market.instruments.iter().map(|(id, _)| id).collect();
        let usdc = keelmark_book::Asset::new("USDC").unwrap();
        let error = keelmark_margin::RiskTable::compile(&document, &market, &ids, &usdc);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn confidences_and_the_fixed_forward_survive_writing() {
    let (market, _) = inputs();
    let written = keelmark_book::write::market_csv(&market);
    let again = read::market_csv("again.csv", written.as_bytes()).unwrap();
    assert_eq!(keelmark_book::write::market_csv(&again), written);
    let json = keelmark_book::write::market_json(&market);
    let from_json = read::market_json("again.json", json.as_bytes()).unwrap();
    for (id, _) in market.instruments.iter() {
        assert_eq!(market.detail(id), again.detail(id));
        assert_eq!(market.detail(id), from_json.detail(id));
    }
    assert_eq!(market.assets, from_json.assets);
    let eth = keelmark_book::Asset::new("ETH").unwrap();
    assert_eq!(again.confidence(&eth), Rate::from_f64(0.5, Round::Nearest).unwrap());
    for (bad, said) in [(",0.5,,,", "1.5"), (",0.5,,,", "-0.1")] {
        let text = written.replacen(bad, &format!(",{said},,,"), 1);
        assert!(read::market_csv("bad.csv", text.as_bytes()).is_err(), "{said}");
    }
}
