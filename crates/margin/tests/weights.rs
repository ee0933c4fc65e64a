//! Weights: what each rule takes, worked by hand, and the prepared check over all of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Decimal, InstrumentId, Market, Money, Portfolio, Quantity, read};
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::unpriced::without_unpriced;
use keelmark_margin::whatif::{Change, apply};
use keelmark_margin::{Document, RiskTable, lending, margin, margin_of_pool};

const MARKET: &str = "\
instrument,venue_symbol,mark,contract_size,lot,as_of,slow,deposits,borrows
USDC,,1,,,2026-03-13T19:00:00Z,,,
SOL,,100,,,2026-03-13T19:00:00Z,90,200000,40000
BTC,,70000,,,2026-03-13T19:00:00Z,72000,,
v:SOL/USDC:USDC,SOL-PERP,101,1,0.1,2026-03-13T19:00:00Z,95,,
v:BTC/USDC:USDC,BTC-PERP,70100,1,0.0001,2026-03-13T19:00:00Z,,,
v:SOL/USDC,SOL-SPOT,100,1,0.1,2026-03-13T19:00:00Z,,,
v:BTC/USDC,BTC-SPOT,70000,1,0.0001,2026-03-13T19:00:00Z,,,
";

const BOOK: &str = "\
account,instrument,qty,avg_price,kind
a,USDC,-5000,,
a,SOL,300,,
a,BTC,-0.1,,
a,SOL-PERP,-200,98.5,
a,BTC-PERP,0.2,68000.25,
a,SOL-PERP,120.125,,unsettled
a,SOL-SPOT,10,99.9,
a,SOL-SPOT,-20,105,order
a,SOL-SPOT,15,97,order
a,BTC-SPOT,-0.01,69000,order
a,BTC-PERP,0.05,,order
a,SOL-PERP,-30,,order
";

/// Every document that has weights and is about all of the book.
const DOCUMENTS: &[&str] = &["mango-v4", "drift-v2"];

fn market() -> Market {
    read::market_csv("market.csv", MARKET.as_bytes()).unwrap()
}

fn account(market: &Market, rows: &str) -> Portfolio {
    read::book_csv("book.csv", rows.as_bytes(), market).unwrap().accounts.remove(0)
}

/// A document with one charge of weights, whose fields are given.
fn document(fields: &str) -> Document {
    let text = format!(
        "schema = \"keelmark/model/1\"\nname = \"one\"\ntitle = \"one\"\nsource = \"a test\"\n\
         [[charge]]\nname = \"weights\"\nkind = \"weights\"\n{fields}\n\
         [levels]\ninitial = \"weights + orders\"\nmaintenance = \"weights + orders\"\n"
    );
    Document::parse("one.toml", &text).unwrap()
}

/// What a document asks of an account of some rows `instrument,qty,avg_price,kind`.
fn asks(fields: &str, rows: &[&str]) -> Money {
    let market = market();
    let text = format!("account,instrument,qty,avg_price,kind\na,{}\n", rows.join("\na,"));
    let account = account(&market, &text);
    margin(&document(fields), &market, &account).unwrap().total.maintenance
}

fn is(found: Money, expected: &str) {
    let difference = found.minus(expected.parse().unwrap()).unwrap().to_f64().abs();
    assert!(difference < 1e-9, "expected {expected}, found {found}");
}

#[test]
fn assets_and_debts_lose_by_their_weights() {
    let fields = "asset = { SOL = \"0.8\", default = \"1\" }\nliability = \"1.2\"";
    // 10 x 100 x 0.2 + 0.1 x 70,000 x 0.2
    is(asks(fields, &["SOL,10,,", "BTC,-0.1,,"]), "1600");
}

#[test]
fn strict_prices_are_the_worse_of_two() {
    let fields = "strict = true";
    // The slow price of SOL is lower and that of BTC higher.
    is(asks(fields, &["SOL,10,,", "BTC,-0.1,,"]), "300");
    is(asks(fields, &["SOL,-10,,", "BTC,0.1,,"]), "0");
    is(asks("", &["SOL,10,,", "BTC,-0.1,,"]), "0");
}

#[test]
fn weights_scale_with_the_whole_pool() {
    // Deposits are worth 20 million, borrows 4 million.
    let fields = "asset = \"0.8\"\nliability = \"1.2\"\ndeposits_from = \"5000000\"\n\
                  borrows_from = { SOL = \"2000000\", default = \"1\" }";
    is(asks(fields, &["SOL,10,,"]), "800");
    is(asks(fields, &["SOL,-10,,"]), "1400");
    // Of BTC the market does not say what the pool holds.
    is(asks(fields, &["BTC,0.1,,"]), "1400");
}

#[test]
fn weights_scale_with_the_root_of_the_size() {
    let size = "size = { factor = { SOL = \"0.02\", default = \"0\" }, asset = \"1.1\", \
                liability = \"0.8\" }";
    let fields = format!("asset = \"0.9\"\nliability = \"1.1\"\n{size}");
    // 1.1 / (1 + 0.02 x 20) is 0.785714285714...
    is(asks(&fields, &["SOL,400,,"]), "8571.428571428571428572");
    is(asks(&fields, &["SOL,4,,"]), "40");
    // 0.8 x 1.1 + 0.02 x 20 is 1.28
    is(asks(&fields, &["SOL,-400,,"]), "11200");
}

#[test]
fn weights_move_between_two_instants() {
    let fields = "asset = \"0.9\"\nliability = \"1.1\"\nshift = { \
                  start = \"2026-03-13T18:00:00Z\", end = \"2026-03-13T22:00:00Z\", \
                  asset = \"0.5\", liability = \"1.5\" }";
    // A quarter of the way: 0.8 and 1.2.
    is(asks(fields, &["SOL,10,,"]), "200");
    is(asks(fields, &["SOL,-10,,"]), "200");
}

#[test]
fn a_perpetual_is_unsettled_profit() {
    let fields = "asset = \"0.9\"\nliability = \"1.2\"\n\
                  contracts = { asset = \"0.95\", liability = \"1.05\", gain = \"0.5\" }";
    // Long 10 at 101 from 91: 100 of profit, 50.5 of it lost to the weight, half of the rest to
    // the share that counts before it is settled, a tenth of what is left to the balance.
    is(asks(fields, &["SOL-PERP,10,91,"]), "77.725");
    // Against a debt of 24.75 that is left counts at 1.2, which the debt would ask.
    is(asks(fields, &["SOL-PERP,10,91,", "USDC,-124.75,,"]), "95.25");
    // Short 10: 1,010 counts as 1,060.5, and the loss at 1.2.
    is(asks(fields, &["SOL-PERP,-10,101,"]), "60.6");
    is(asks("contracts = { gain_cap = \"30\" }", &["SOL-PERP,10,91,"]), "70");
    let unsettled = ["SOL-PERP,0.1,101,", "SOL-PERP,50,,unsettled"];
    is(asks("contracts = { gain_cap = \"30\" }", &unsettled), "20");
}

#[test]
fn a_loan_beside_a_deposit_is_an_entry_apart_where_the_document_says_so() {
    let market = market();
    let fields = "entries = \"apart\"\nasset = \"0.8\"";
    let mut account = Portfolio::new("a");
    for amount in [1_000, -400] {
        let amount = Money::from_int(amount);
        let asset = keelmark_book::Asset::new("USDC").unwrap();
        account.collateral.push(keelmark_book::Balance { asset, amount });
    }
    let apart = margin(&document(fields), &market, &account).unwrap();
    is(apart.total.maintenance, "200");
    let factor = lending::health_factor(&market, &apart.pools[0], "maintenance").unwrap();
    assert_eq!(factor.unwrap().to_string(), "2");
    let netted = margin(&document("asset = \"0.8\""), &market, &account).unwrap();
    is(netted.total.maintenance, "120");
}

#[test]
fn a_hedged_coin_counts_better() {
    let spread = "asset = \"0.9\"\nliability = \"1.1\"\n\
                  contracts = { asset = \"0.95\", liability = \"1.05\" }\n";
    let pair = format!("{spread}spread = {{ pairs = \"SOL\", share = \"0.2\", cap = \"0.99\" }}");
    let rows = ["SOL,10,,", "SOL-PERP,-10,101,", "USDC,1000,,"];
    // 100 of the coin, 50.5 of the perpetual, a tenth of the 949.5 dollars that are left.
    is(asks(spread, &rows), "245.45");
    // 2,010 x (0.99 - 0.925) is 130.65 back.
    is(asks(&pair, &rows), "114.8");
}

#[test]
fn fields_that_cannot_be_are_refused() {
    for (fields, expected) in [
        ("asset = \"1.2\"", "asset: expected 0 to 1, found 1.2"),
        ("liability = { SOL = \"0.9\" }", "liability: expected 1 or more, found 0.9"),
        ("deposits_from = \"0\"", "deposits_from: expected above zero, found 0"),
        ("per_order = \"-1\"", "per_order: expected zero or more"),
        ("spread = { share = \"0.2\", cap = \"0.99\" }", "expected [charge.contracts] beside it"),
        ("contracts = { gain = \"2\" }", "gain: expected 0 to 1, found 2"),
        ("size = { factor = \"-1\", asset = \"1\", liability = \"1\" }", "expected zero or more"),
        ("entries = \"both\"", "expected one of netted, apart"),
        ("strictly = true", "did you mean \"strict\"?"),
    ] {
        let text = format!(
            "schema = \"keelmark/model/1\"\nname = \"one\"\ntitle = \"one\"\nsource = \"a test\"\n\
             [[charge]]\nname = \"weights\"\nkind = \"weights\"\n{fields}\n\
             [levels]\ninitial = \"weights\"\nmaintenance = \"weights\"\n"
        );
        let error = Document::parse("one.toml", &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{fields}: {error}");
    }
}

#[test]
fn a_credit_without_a_price_may_be_left_out_a_debt_may_not() {
    let market = market();
    let mut account = account(&market, BOOK);
    let missing = keelmark_book::Asset::new("GONE").unwrap();
    account.deposit(missing.clone(), Money::from_int(5)).unwrap();
    let (left, out) = without_unpriced(&account, &market, None).unwrap();
    assert_eq!((left.collateral.len(), out), (3, vec![missing.clone()]));
    account.deposit(missing, Money::from_int(-6)).unwrap();
    let error = without_unpriced(&account, &market, None).unwrap_err().to_string();
    assert_eq!(error, "-1 GONE: a token with a negative balance may not be skipped");
}

#[test]
fn a_prepared_what_if_is_the_full_computation() {
    let market = market();
    let account = account(&market, BOOK);
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    for name in DOCUMENTS {
        let document = Document::named(name).unwrap();
        let pool = divide(&account, &document, &market).remove(0);
        let table = RiskTable::compile(&document, &market, &ids, &pool.currency).unwrap();
        let prepared = Prepared::new(&document, &market, &table, pool).unwrap();
        for id in &ids {
            let lot = market.instruments.get(*id).lot.decimal().raw();
            for lots in [1, -7, 500, -3_333, 90_001] {
                let quantity = Quantity::new(Decimal::from_raw(lot * lots));
                let change = Change { fills: vec![(*id, quantity)], ..Change::default() };
                let after = apply(&account, &change, &market).unwrap();
                let changed = divide(&after, &document, &market).remove(0);
                let full = margin_of_pool(&document, &market, &table, changed).unwrap();
                let quick = prepared.what_if(*id, quantity).unwrap();
                let what = (name, &market.instruments.get(*id).venue_symbol, lots);
                assert_eq!(quick.initial, full.level("initial"), "initial of {what:?}");
                assert_eq!(quick.maintenance, full.level("maintenance"), "maintenance {what:?}");
                assert_eq!(quick.equity, full.equity.total, "equity of {what:?}");
            }
        }
    }
}
