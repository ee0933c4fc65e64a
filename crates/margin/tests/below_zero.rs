//! Requirements below zero: credit where the venue's own sum gives it, refused everywhere else,
//! and the same answer whichever way the question is asked.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{InstrumentId, Market, Money, Portfolio, Quantity, read};
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::requirement::Requirements;
use keelmark_margin::{Document, RiskTable, margin};

const COINS: &str = "\
instrument,venue_symbol,mark,contract_size,lot,as_of
USDC,,1,,,2026-03-13T19:00:00Z
BTC,,1000,,,2026-03-13T19:00:00Z
v:BTC/USDC:USDC,BTC-PERP,20000,1,0.001,2026-03-13T19:00:00Z
";

/// A coin against its perpetual at twenty times its price, and a loan.
const HEDGED: &str = "\
account,instrument,qty,avg_price
a,BTC,1,
a,BTC-PERP,-1,20000
a,USDC,-1100,
";

fn read_both(market: &str, book: &str) -> (Market, Portfolio) {
    let market = read::market_csv("market.csv", market.as_bytes()).unwrap();
    let book = read::book_csv("book.csv", book.as_bytes(), &market).unwrap();
    (market, book.accounts.into_iter().next().unwrap())
}

/// Equity, maintenance and initial margin, of the full computation and of both quick ones.
fn asked(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Vec<Result<[f64; 3], String>> {
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    let pool = divide(account, document, market).remove(0);
    let table = RiskTable::compile(document, market, &ids, &pool.currency).unwrap();
    let full = margin(document, market, account).map(|found| found.total);
    let full = full.map(|one| [one.equity, one.maintenance, one.initial]);
    let alone = Requirements::new(document, market, &table).unwrap().of(&pool);
    let prepared = Prepared::new(document, market, &table, pool).unwrap();
    let none = Quantity::ZERO;
    let quick = [alone, prepared.now(), prepared.what_if(ids[0], none)];
    let quick = quick.map(|one| one.map(|one| [one.equity, one.maintenance, one.initial]));
    let all = [full].into_iter().chain(quick);
    all.map(|one| one.map(|one| one.map(Money::to_f64)).map_err(|one| one.to_string())).collect()
}

#[test]
fn the_bonus_of_a_hedge_may_be_more_than_weights_take() {
    let (market, account) = read_both(COINS, HEDGED);
    let document = Document::named("nado").unwrap();
    // 0.93 x 1,000 of the coin, -0.03 x 20,000 of the perpetual, and 21,000 x (0.994 - 0.95) of
    // the pair: 1,254 of health, less the loan.
    for found in asked(&document, &market, &account) {
        let [equity, maintenance, initial] = found.unwrap();
        assert!((equity - -100.0).abs() < 1e-9, "{equity}");
        assert!((equity - maintenance - 154.0).abs() < 1e-9, "{maintenance}");
        // 0.9 x 1,000 - 0.05 x 20,000 + 21,000 x (0.99 - 0.925) - 1,100
        assert!((equity - initial - 165.0).abs() < 1e-9, "{initial}");
    }
    let health = margin(&document, &market, &account).unwrap().total;
    assert!(!health.liquidates && health.may_add_risk());
    assert_eq!((health.mm_used, health.headroom().to_string()), (Some(0.0), "154".to_owned()));
}

#[test]
fn credit_does_not_save_what_is_below_it() {
    let (market, account) = read_both(COINS, &HEDGED.replace("-1100", "-1260"));
    let health = margin(&Document::named("nado").unwrap(), &market, &account).unwrap().total;
    assert!(health.liquidates && health.mm_used.is_none());
    assert_eq!(health.headroom().to_string(), "-6");
}

#[test]
fn collateral_counts_in_full_where_the_settlement_coin_is_above_one() {
    let (market, account) = read_both(
        "instrument,mark,as_of\nUSDC,1.05,2026-03-13T19:00:00Z\nUSDT,1,2026-03-13T19:00:00Z\n",
        "account,instrument,qty\na,USDT,1000\na,USDC,-900\n",
    );
    let found = margin(&Document::named("derive-srm").unwrap(), &market, &account).unwrap();
    let found = &found.pools[0].health;
    // In equity 1,000 / 1.05; in the net margins 0.98 and 0.98 x 0.98 of 1,000, not divided.
    assert!((found.equity.to_f64() - (1000.0 / 1.05 - 900.0)).abs() < 1e-9, "{found:?}");
    assert!((found.headroom().to_f64() - 80.0).abs() < 1e-9, "{found:?}");
    assert!((found.available().to_f64() - 60.4).abs() < 1e-9, "{found:?}");
    assert!(found.maintenance.is_negative() && !found.liquidates);
}

/// A document whose levels fall below zero by 5, with a line of its levels given.
fn below(line: &str) -> Result<Document, keelmark_book::InputError> {
    let text = format!(
        "schema = \"keelmark/model/1\"\nname = \"one\"\ntitle = \"one\"\nsource = \"a test\"\n\
         [pool]\nby = \"account\"\n\
         [[charge]]\nname = \"weights\"\nkind = \"weights\"\ncontracts = {{}}\n\
         [levels]\n{line}\ninitial = \"weights - 5\"\nmaintenance = \"weights - 5\"\n"
    );
    Document::parse("one.toml", &text)
}

#[test]
fn every_way_down_refuses_what_the_document_does_not_allow() {
    let (market, account) = read_both(COINS, HEDGED);
    for found in asked(&below("").unwrap(), &market, &account) {
        let error = found.unwrap_err();
        assert!(error.contains("is -5.00: expected zero or more"), "{error}");
    }
    // One of the two is not both.
    let one = below("may_be_below_zero = \"initial\"").unwrap();
    for found in asked(&one, &market, &account) {
        let error = found.unwrap_err();
        assert!(error.contains("level \"maintenance\" of one is -5.00"), "{error}");
    }
    let both = below("may_be_below_zero = [\"initial\", \"maintenance\"]").unwrap();
    for found in asked(&both, &market, &account) {
        assert_eq!(found.unwrap()[1..], [-5.0, -5.0]);
    }
}

#[test]
fn levels_that_may_be_below_zero_are_levels() {
    let error = below("may_be_below_zero = [\"intial\"]").unwrap_err().to_string();
    assert!(error.contains("(initial, maintenance), found \"intial\""), "{error}");
    assert!(below("may_be_below_zero = true").is_err());
}

#[test]
fn a_position_alone_is_not_posted_a_debt() {
    let (market, account) =
        read_both(COINS, "account,instrument,qty,avg_price\na,USDC,100,\na,BTC-PERP,-1,20000\n");
    let document = below("may_be_below_zero = [\"initial\", \"maintenance\"]").unwrap();
    let document = document.with(&[("pool.by", "position")]).unwrap();
    let found = margin(&document, &market, &account).unwrap();
    let equity: Vec<String> = found.pools.iter().map(|one| one.equity.total.to_string()).collect();
    assert_eq!(equity, ["0", "100"]);
}
