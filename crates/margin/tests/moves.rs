//! What a scan moves: shares of the price itself, or of the index with every premium kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]
#![allow(clippy::unreadable_literal, reason = "figures stand as they were printed")]

use keelmark_book::{Market, Portfolio, read};
use keelmark_margin::{Document, MarginError, PoolMargin, margin};

/// The printed reply of a venue's position builder, 2025-01-15: two units, marks beside indices.
const REPLY: &str = "\
instrument,venue_symbol,mark,contract_size,lot,as_of
USDT,,0.99954,,,2025-01-15T10:26:41Z
BTC,,97034.243706,,,2025-01-15T10:26:41Z
LTC,,101.948182254,,,2025-01-15T10:26:41Z
okx:BTC/USDT:USDT,BTC-USDT-SWAP,97093.7,0.01,1,2025-01-15T10:26:41Z
okx:LTC/USDT:USDT,LTC-USDT-SWAP,102,1,1,2025-01-15T10:26:41Z
";

const HELD: &str = "\
account,instrument,qty,avg_price,kind
a,USDT,-78589.37,,
a,BTC-USDT-SWAP,-10,97093.7,
a,LTC-USDT-SWAP,10,102,
";

fn read_both(market: &str, book: &str) -> (Market, Portfolio) {
    let market = read::market_csv("market.csv", market.as_bytes()).unwrap();
    let book = read::book_csv("book.csv", book.as_bytes(), &market).unwrap();
    (market, book.accounts.into_iter().next().unwrap())
}

fn charge(pool: &PoolMargin, name: &str) -> f64 {
    pool.charges.iter().find(|one| one.name == name).unwrap().plain.amount.to_f64()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "expected {expected}, found {found}");
}

#[test]
fn a_printed_reply_of_two_units_comes_out_whole() {
    let (market, account) = read_both(REPLY, HELD);
    let found = margin(&Document::named("okx-pm").unwrap(), &market, &account).unwrap();
    let pool = &found.pools[0];
    near(charge(pool, "spot_shock"), 1164.4109244719994 + 183.50672805719995);
    near(charge(pool, "extreme"), 2328.8218489440005 + 367.0134561144);
    near(charge(pool, "basis"), 19.4098073796 + 8.1562464);
    near(charge(pool, "minimum"), 43.67206660410001 + 7.1367156);
    near(charge(pool, "unit"), 1375.4837063088003);
    near(found.total.maintenance.to_f64(), 2946.5480841048);
    near(found.total.initial.to_f64(), 9643.45070718144);
    near(found.total.equity.to_f64(), -78553.21888979999);
}

/// A document of one scan of one move, counted as told.
fn document(unit: &str) -> Document {
    let text = format!(
        "schema = \"keelmark/model/1\"\nname = \"one\"\ntitle = \"one\"\nsource = \"a test\"\n\
         [[scan]]\nname = \"up\"\nprice_range = \"0.1\"\nprice_unit = \"{unit}\"\n\
         ranges = [\"1\"]\n\
         [[charge]]\nname = \"worst\"\nkind = \"worst-loss\"\nover = \"up\"\n\
         [levels]\ninitial = \"worst\"\nmaintenance = \"worst\"\n"
    );
    Document::parse("one.toml", &text).unwrap()
}

const PREMIUM: &str = "\
instrument,venue_symbol,mark,iv,forward,contract_size,lot,as_of
USDT,,0.8,,,,,2026-03-13T19:00:00Z
BTC,,1000,,,,,2026-03-13T19:00:00Z
v:BTC/USD:USD,AT-MARK,1100,,,1,0.1,2026-03-13T19:00:00Z
v:BTC/USDT:USDT,TETHER,1300,,,1,0.1,2026-03-13T19:00:00Z
v:BTC/USD:USD-260327-0.001-C,CALL,1200,0.5,1200,1,0.1,2026-03-13T19:00:00Z
v:BTC/USD:BTC,COIN,1100,,,1,1,2026-03-13T19:00:00Z
";

/// What a short of one contract loses as the price rises by a tenth.
fn loss(unit: &str, contract: &str, quantity: &str) -> Result<f64, MarginError> {
    let book = format!("account,instrument,qty,avg_price\na,{contract},{quantity},\n");
    let (market, account) = read_both(PREMIUM, &book);
    Ok(margin(&document(unit), &market, &account)?.total.maintenance.to_f64())
}

#[test]
fn a_share_of_the_index_is_the_same_money_for_every_price_on_it() {
    // The index is 1,000, and 1,250 in a stablecoin worth 0.8.
    for (contract, of_its_own) in [("AT-MARK", 110.0), ("TETHER", 104.0), ("CALL", 120.0)] {
        near(loss("relative", contract, "-1").unwrap(), of_its_own);
        near(loss("index", contract, "-1").unwrap(), 100.0);
    }
    // In coin: a face of 1,100 falls short by 1,100 / 1,000 - 1 of a coin worth 1,000 x 10 / 11.
    let falls = document("index").with(&[("scan.up.ranges", "[\"-1\"]")]).unwrap();
    let (market, account) = read_both(PREMIUM, "account,instrument,qty,avg_price\na,COIN,1100,\n");
    let coin = margin(&falls, &market, &account).unwrap().total.maintenance;
    near(coin.to_f64(), 0.1 * 1000.0 * 10.0 / 11.0);
}

#[test]
fn a_price_below_what_it_loses_is_refused() {
    let market = PREMIUM.replace("AT-MARK,1100", "AT-MARK,90");
    let (market, account) = read_both(&market, "account,instrument,qty,avg_price\na,AT-MARK,1,\n");
    let document = document("index").with(&[("scan.up.ranges", "[\"-1\"]")]).unwrap();
    let error = margin(&document, &market, &account).unwrap_err().to_string();
    assert!(error.contains("expected a range smaller than the price"), "{error}");
}

#[test]
fn a_reserve_that_nothing_asks_for_is_told() {
    let reserves = "a,vega_term:BTC,10,,reserve\na,rates:XRP,5,,reserve\na,rates,3,,reserve\n";
    let (market, account) = read_both(REPLY, &format!("{HELD}{reserves}"));
    let found = margin(&Document::named("okx-pm").unwrap(), &market, &account).unwrap();
    near(charge(&found.pools[0], "vega_term"), 10.0);
    near(charge(&found.pools[0], "unit"), 1385.4837063088003);
    let notes = &found.pools[0].notes;
    assert_eq!(
        *notes,
        ["reserve \"rates\" is not used by okx-pm", "reserve \"rates:XRP\" is not used by okx-pm"]
    );
}

const FAR_CALLS: &str = "\
instrument,venue_symbol,mark,iv,forward,contract_size,lot,as_of
USDC,,1,,,,,2026-03-13T19:00:00Z
BTC,,100,,,,,2026-03-13T19:00:00Z
HYPE,,100,,,,,2026-03-13T19:00:00Z
v:BTC/USDC:USDC-260424-400-C,BTC-FAR,0.000000001,0.8,100,1,1,2026-03-13T19:00:00Z
v:HYPE/USDC:USDC-260424-400-C,HYPE-FAR,0.000000001,0.8,100,1,1,2026-03-13T19:00:00Z
";

#[test]
fn tails_weigh_what_the_coin_says() {
    // 41.5 days, price times six: Black-76 at the moved volatility, times 0.024 and 0.04.
    for (held, expected) in [
        ("a,BTC-FAR,-1,\n", 5.106197858714423),
        ("a,HYPE-FAR,-1,\n", 8.79743025426672),
        ("a,HYPE-FAR,-1,\na,BTC-FAR,-1,\n", 5.106197858714423 + 8.79743025426672),
    ] {
        let book = format!("account,instrument,qty,avg_price\n{held}");
        let (market, account) = read_both(FAR_CALLS, &book);
        let found = margin(&Document::named("paradex-pm").unwrap(), &market, &account).unwrap();
        near(charge(&found.pools[0], "scan"), expected);
    }
}

#[test]
fn a_coin_without_a_weight_is_an_error() {
    let weight = "scenarios = [{ price = \"1\", weight = { BTC = \"0.5\" } }]";
    let text = format!(
        "schema = \"keelmark/model/1\"\nname = \"one\"\ntitle = \"one\"\nsource = \"a test\"\n\
         [[scan]]\nname = \"up\"\nprice_range = \"0.1\"\n{weight}\n\
         [[charge]]\nname = \"worst\"\nkind = \"worst-loss\"\nover = \"up\"\n\
         [levels]\ninitial = \"worst\"\nmaintenance = \"worst\"\n"
    );
    let document = Document::parse("one.toml", &text).unwrap();
    let (market, account) =
        read_both(FAR_CALLS, "account,instrument,qty,avg_price\na,HYPE-FAR,-1,\n");
    let error = margin(&document, &market, &account).unwrap_err().to_string();
    assert!(error.contains("no weight for HYPE: add one, or a default"), "{error}");
    assert!(Document::parse("one.toml", &text.replace("0.5", "-0.5")).is_err());
}
