//! Profits that do not support new risk, and losses that always count.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Decimal, Market, Money, Portfolio, Quantity, read};
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::requirement::Requirements;
use keelmark_margin::whatif::{Change, apply};
use keelmark_margin::{Document, RiskTable, margin, margin_of_pool};

const PERP: &str = "deribit:BTC/USDC:USDC";
const OTHER: &str = "deribit:ETH/USDC:USDC";

/// The built-in document with its profits weighed in initial margin.
fn document(weight: Option<&str>) -> Document {
    let plain = Document::named("cross").unwrap();
    let Some(weight) = weight else { return plain };
    let formula = plain.level("initial").unwrap().formula.to_string();
    let text = format!(
        "extends = \"cross\"\nname = \"cautious\"\n[[charge]]\nname = \"unrealised\"\n\
         kind = \"unrealised-profit\"\nweight = \"{weight}\"\n[levels]\n\
         initial = \"{formula} + unrealised\"\n"
    );
    Document::parse("cautious", &text).unwrap()
}

fn market() -> Market {
    let text = format!(
        "instrument,mark,as_of,contract_size,lot\nBTC,70000,2026-03-13T19:00:00Z,,\n\
         ETH,2000,2026-03-13T19:00:00Z,,\nUSDC,1,2026-03-13T19:00:00Z,,\n\
         {PERP},70000,2026-03-13T19:00:00Z,1,0.001\n{OTHER},2000,2026-03-13T19:00:00Z,1,0.01\n"
    );
    read::market_csv("market.csv", text.as_bytes()).unwrap()
}

/// An account with a position in each, entered at these prices.
fn account(market: &Market, btc: u32, eth: u32) -> Portfolio {
    let text = format!(
        "account,instrument,qty,avg_price\na,USDC,50000,\na,{PERP},1,{btc}\na,{OTHER},10,{eth}\n"
    );
    read::book_csv("book.csv", text.as_bytes(), market).unwrap().accounts.remove(0)
}

/// What is left for new risk beyond that under a weight of one, and maintenance beyond it.
#[track_caller]
fn check(weight: &str, (btc, eth): (u32, u32), left_out: &str) {
    let market = market();
    let account = account(&market, btc, eth);
    let plain = margin(&document(None), &market, &account).unwrap().total;
    let found = margin(&document(Some(weight)), &market, &account).unwrap().total;
    let less = plain.available().minus(found.available()).unwrap();
    assert_eq!(less, left_out.parse::<Money>().unwrap(), "weight {weight}, {btc}, {eth}");
    assert_eq!(found.maintenance, plain.maintenance);
    assert_eq!(found.equity, plain.equity);
}

#[test]
fn profits_count_by_their_weight_and_losses_whole() {
    check("0", (60_000, 2_000), "10000");
    check("0.25", (60_000, 2_000), "7500");
    check("1", (60_000, 2_000), "0");
    check("0", (80_000, 2_000), "0");
    // A loss beside it takes its part of the profit first.
    check("0", (60_000, 2_300), "7000");
    check("0", (60_000, 3_500), "0");
}

#[test]
fn the_quick_ways_find_the_same() {
    let (market, document) = (market(), document(Some("0.3")));
    let ids: Vec<_> = market.instruments.iter().map(|(id, _)| id).collect();
    for (btc, eth) in [(60_000, 2_000), (60_000, 2_300), (80_000, 1_000), (75_000, 2_500)] {
        let account = account(&market, btc, eth);
        for pool in divide(&account, &document, &market) {
            let table = RiskTable::compile(&document, &market, &ids, &pool.currency).unwrap();
            let numbers = Requirements::new(&document, &market, &table).unwrap().of(&pool).unwrap();
            let full = margin_of_pool(&document, &market, &table, pool.clone()).unwrap();
            assert_eq!(numbers.initial, full.level("initial"));
            let prepared = Prepared::new(&document, &market, &table, pool.clone()).unwrap();
            for id in &ids {
                for milli in [-2_000i128, -1_000, -500, 500] {
                    let quantity = Quantity::new(Decimal::from_raw(milli * 10i128.pow(15)));
                    let change = Change { fills: vec![(*id, quantity)], ..Change::default() };
                    let after = apply(&account, &change, &market).unwrap();
                    let after = divide(&after, &document, &market).remove(0);
                    let full = margin_of_pool(&document, &market, &table, after).unwrap();
                    let quick = prepared.what_if(*id, quantity).unwrap();
                    assert_eq!(quick.initial, full.level("initial"), "{milli} {id:?}");
                    assert_eq!(quick.equity, full.equity.total, "{milli} {id:?}");
                }
            }
        }
    }
}
