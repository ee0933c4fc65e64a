//! Replies that belong together become one account in one market, and a document.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use keelmark_book::{Isolation, Market, Money, Portfolio, Round, profit};
use keelmark_venues::imported::{Imported, What};
use keelmark_venues::{bybit, derive, hyperliquid};

const TICKERS: &str = r#"{"retCode":0,"result":{"category":"linear","list":[
 {"symbol":"BTCUSDT","indexPrice":"80000","markPrice":"80000","bid1Price":"","ask1Price":null,
  "lastPrice":"80000"}]},"time":1773428415000}"#;

type Import = fn(
    &[(&str, &[u8])],
    Option<&Market>,
    Option<keelmark_book::Timestamp>,
) -> Result<Imported, keelmark_book::InputError>;

fn import(by: Import, files: &[(&str, &str)]) -> Result<Imported, String> {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    by(&files, None, "2026-03-13T19:00:15Z".parse().ok()).map_err(|error| error.to_string())
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// Collateral in an asset and profit of everything at the mark.
fn worth(market: &Market, account: &Portfolio, asset: &str) -> Money {
    let held = account.collateral.iter().find(|one| one.asset.as_str() == asset);
    let mut sum = held.map_or(Money::ZERO, |one| one.amount);
    for one in &account.positions {
        let (instrument, mark) =
            (market.instruments.get(one.instrument), market.quote(one.instrument).mark);
        let entry = one.avg_price.unwrap();
        let gained = profit::profit(instrument, one.quantity, entry, mark, Round::Nearest).unwrap();
        sum = sum.plus(gained).unwrap();
        if let Isolation::Own(margin) = one.isolation {
            sum = sum.plus(margin).unwrap();
        }
    }
    sum
}

fn near(found: Money, expected: &str) {
    let off = found.minus(money(expected)).unwrap().abs();
    assert!(off < money("0.000001"), "{found} {expected}");
}

fn sides(long: &str, short: &str) -> String {
    let side = |side: &str, size: &str, entry: &str, index: u8| {
        format!(
            r#"{{"positionIdx":{index},"symbol":"BTCUSDT","side":"{side}","size":"{size}",
             "avgPrice":"{entry}","markPrice":"80000","leverage":"","liqPrice":""}}"#
        )
    };
    let rows = [side("Buy", long, "79000", 1), side("Sell", short, "81000", 2)];
    format!(r#"{{"category":"linear","list":[{}]}}"#, rows.join(","))
}

const WALLET: &str = r#"[{"totalEquity":"1","totalMarginBalance":"","totalInitialMargin":"",
 "totalMaintenanceMargin":"5","coin":[{"coin":"USDT","equity":"1000","usdValue":"999.8",
 "walletBalance":"1500","spotBorrow":"500","totalPositionMM":"0"}]}]"#;

#[test]
fn both_sides_of_hedge_mode_gain_together_what_they_gain_apart() {
    for (long, short, left) in [("2", "0.5", "1.5"), ("0.5", "2", "-1.5"), ("3", "2.999", "0.001")]
    {
        let files = [("p", &*sides(long, short)), ("t", TICKERS), ("w", WALLET)];
        let all = import(bybit::import, &files).unwrap();
        let (market, account) = (all.market.unwrap(), &all.accounts[0]);
        assert_eq!(account.positions[0].quantity, left.parse().unwrap());
        // 1000 of each coin, long and short, and 1000 in the wallet after what is borrowed.
        let units: f64 = long.parse::<f64>().unwrap() + short.parse::<f64>().unwrap();
        near(worth(&market, account, "USDT"), &format!("{}", 1000.0 + 1000.0 * units));
    }
    let files = [("p", &*sides("2", "2")), ("t", TICKERS), ("w", WALLET)];
    let all = import(bybit::import, &files).unwrap();
    assert!(all.accounts[0].positions.is_empty());
    near(worth(&all.market.unwrap(), &all.accounts[0], "USDT"), "5000");
}

#[test]
fn an_isolated_margin_is_in_the_wallet_once() {
    let info = r#"{"retCode":0,"result":{"marginMode":"ISOLATED_MARGIN","unifiedMarginStatus":5}}"#;
    let position = r#"[{"symbol":"BTCUSDT","side":"Buy","size":"1","avgPrice":"80000",
      "markPrice":"80000","positionBalance":"300","leverage":"5"}]"#;
    let files = [("i", info), ("p", position), ("t", TICKERS), ("w", WALLET)];
    let all = import(bybit::import, &files).unwrap();
    let account = &all.accounts[0];
    assert_eq!(account.collateral[0].amount, money("700"));
    assert_eq!(account.positions[0].isolation, Isolation::Own(money("300")));
    near(worth(&all.market.unwrap(), account, "USDT"), "1000");
}

/// Found by the fuzzer: what was made was refused when it was read again.
#[test]
fn what_no_book_and_no_document_can_hold_is_refused() {
    let position = r#"[{"symbol":"BTCUSDT","side":"Sell","size":"1","avgPrice":"","tradeMode":1,
      "markPrice":"4","positionBalance":"-1"}]"#;
    let error = import(bybit::import, &[("p", position)]).unwrap_err();
    assert!(error.starts_with("p at /0: positionBalance: expected zero or more"), "{error}");
    let meta = r#"{"universe":[],"marginTables":[[56,{"marginTiers":[
      {"lowerBound":"0","maxLeverage":40},{"lowerBound":"500","maxLeverage":1e-18}]}]]}"#;
    let error = import(hyperliquid::import, &[("m", meta)]).unwrap_err();
    assert!(error.contains("maxLeverage: expected 1 or more"), "{error}");
}

#[test]
fn portfolio_margin_is_compared_with_its_own_document() {
    let wallet = WALLET.replace("\"totalPositionMM\":\"0\"", "\"totalPositionMM\":\"\"");
    let all = import(bybit::import, &[("w", &wallet), ("t", TICKERS)]).unwrap();
    assert_eq!(all.model.as_deref(), Some("bybit-pm"));
    let limits = risk(&[("100", "0.005", "0.01", "100", "")]);
    let all = import(bybit::import, &[("w", &wallet), ("t", TICKERS), ("r", &limits)]).unwrap();
    assert_eq!(all.parameters, None, "portfolio margin has no risk limits");
    assert!(all.notes.iter().any(|note| note.contains("risk limits left out")), "{:?}", all.notes);
    assert_eq!(all.reported.len(), 1, "an empty text is no figure: {:?}", all.reported);
}

fn risk(rows: &[(&str, &str, &str, &str, &str)]) -> String {
    let row = |(limit, rate, initial, leverage, deduction): &(&str, &str, &str, &str, &str)| {
        format!(
            r#"{{"symbol":"BTCUSDT","riskLimitValue":"{limit}","maintenanceMargin":"{rate}",
             "initialMargin":"{initial}","maxLeverage":"{leverage}","mmDeduction":"{deduction}"}}"#
        )
    };
    format!("[{}]", rows.iter().map(row).collect::<Vec<_>>().join(","))
}

#[test]
fn percent_and_fractions_are_told_apart_by_the_leverage() {
    let fractions =
        risk(&[("100", "0.005", "0.01", "100", ""), ("200", "0.01", "0.0175", "57.14", "0.5")]);
    let percent = risk(&[("200", "1", "1.75", "57.14", "0.5"), ("100", "0.5", "1", "100.00", "")]);
    let body = |text: &str| import(bybit::import, &[("r", text)]).unwrap().parameters.unwrap().body;
    assert_eq!(body(&fractions), body(&percent));
    assert!(
        body(&percent).contains("{ up_to = \"100\", rate = \"0.005\" },"),
        "{}",
        body(&percent)
    );
}

#[test]
fn tables_with_a_fault_are_refused_at_their_row() {
    let ratio = |tiers: &str| format!(r#"[{{"currency":"BTC","collateralRatioList":[{tiers}]}}]"#);
    for (text, start) in [
        (
            risk(&[("100", "0.005", "0.01", "100", "3")]),
            "r at /0: BTCUSDT: mmDeduction: expected 0",
        ),
        (
            risk(&[("100", "0.005", "0.01", "100", ""), ("100", "0.006", "0.012", "80", "")]),
            "r at /1: expected one tier of BTCUSDT up to 100, found rates 0.005 and 0.006",
        ),
        (
            risk(&[("100", "0.02", "0.04", "25", ""), ("200", "0.01", "0.02", "50", "")]),
            "r at /1: BTCUSDT: expected a rate of at least 0.02",
        ),
        (risk(&[("100", "0.005", "", "", "")]), "r at /0: expected maxLeverage"),
        (risk(&[("0", "0.005", "0.01", "100", "")]), "r at /0: riskLimitValue: expected above"),
        (risk(&[("", "0.005", "0.01", "100", "")]), "r at /0/riskLimitValue: expected a number"),
        (
            risk(&[("100", "0.005", "0.01", "100", "")])
                .replace("\"mmDeduction\":\"\"", "\"isLowestRisk\":0"),
            "r at /0: BTCUSDT: expected the lowest tier",
        ),
        (
            ratio(r#"{"minQty":"5","maxQty":"","collateralRatio":"0.9"}"#),
            "r at /0/collateralRatioList/0: BTC: expected a tier from 0, found 5",
        ),
        (
            ratio(r#"{"minQty":"0","maxQty":"","collateralRatio":"1.1"}"#),
            "r at /0/collateralRatioList/0: collateralRatio: expected 0 to 1, found 1.1",
        ),
        (ratio(""), "r at /0: collateralRatioList: expected tiers of BTC, found none"),
    ] {
        let error = import(bybit::import, &[("r", &text)]).expect_err(start);
        assert!(error.starts_with(start), "{error}\nexpected {start}");
    }
}

fn state(position: &str, cross_raw: &str) -> String {
    format!(
        r#"{{"marginSummary":{{"accountValue":"0","totalRawUsd":"0"}},"time":1773428415531,
         "crossMarginSummary":{{"accountValue":"0","totalRawUsd":"{cross_raw}"}},
         "crossMaintenanceMarginUsed":"0","assetPositions":[{{"position":{position}}}]}}"#
    )
}

#[test]
fn cash_at_entry_and_profit_are_the_account_value() {
    let cross = r#"{"coin":"BTC","szi":"0.5","leverage":{"type":"cross","value":10},
      "entryPx":"79123.4","positionValue":"40000","marginUsed":"4000","liquidationPx":null}"#;
    let all = import(hyperliquid::import, &[("a", &state(cross, "-30000"))]).unwrap();
    near(worth(&all.market.unwrap(), &all.accounts[0], "USDC"), "10000");
    // Profit was taken out: at entry there would be less than nothing.
    let own = r#"{"coin":"xyz:TSLA","szi":"-10","leverage":{"type":"isolated","value":3,
      "rawUsd":"1100"},"entryPx":"200","positionValue":"1000","marginUsed":"100"}"#;
    let all = import(hyperliquid::import, &[("a", &state(own, "7"))]).unwrap();
    let (market, account) = (all.market.unwrap(), &all.accounts[0]);
    assert_eq!(account.positions[0].isolation, Isolation::Own(money("100")));
    near(worth(&market, account, "USDC"), "107");
}

#[test]
fn what_is_wrong_in_an_account_is_said_where_it_is() {
    let position = r#"{"coin":"BTC","szi":"0.5","leverage":{"type":"cross","value":10},
      "entryPx":"79000","positionValue":"40000","marginUsed":"4000"}"#;
    for (from, to, start) in [
        (
            "cross\"",
            "portfolio\"",
            "a at /assetPositions/0/position: leverage/type: expected cross",
        ),
        ("\"0.5\"", "\"0,5\"", "a at /assetPositions/0/position/szi: expected a number"),
        ("\"BTC\"", "\"btc\"", "a at /assetPositions/0/position: expected a Hyperliquid name"),
        ("\"BTC\"", "null", "a at /assetPositions/0/position: expected a field \"coin\""),
    ] {
        let text = state(&position.replacen(from, to, 1), "0");
        let error = import(hyperliquid::import, &[("a", &text)]).expect_err(start);
        assert!(error.starts_with(start), "{error}\nexpected {start}");
    }
    let meta = r#"[{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40}]},[]]"#;
    let error = import(hyperliquid::import, &[("m", meta)]).unwrap_err();
    assert!(error.starts_with("m at /0: expected a context for each of 1"), "{error}");
    let meta = r#"{"universe":[{"name":"flx:GOLD","szDecimals":2,"maxLeverage":10}],
      "collateralToken":235}"#;
    let error = import(hyperliquid::import, &[("m", meta)]).unwrap_err();
    assert!(error.contains("expected the name of token 235: add the reply of spotMeta"), "{error}");
}

#[test]
fn a_perpetual_counts_what_is_not_settled_yet() {
    let account = |fields: &str| {
        format!(
            r#"{{"result":{{"subaccount_id":7,"margin_type":"PM2","initial_margin":"-5",
             "maintenance_margin":"12","collaterals":[{{"asset_name":"USDC","amount":"100",
             "mark_price":"1"}}],"positions":[{{"instrument_name":"ETH-PERP","amount":"2",
             "mark_price":"2000","average_price":"1900",{fields}}}]}}}}"#
        )
    };
    for (fields, expected) in [
        (r#""mark_value":"30""#, "130"),
        // The notional in its place, so the parts count: 200 + 5 - 150.
        (
            r#""mark_value":"4000","unrealized_pnl":"200","pending_funding":"5",
             "net_settlements":"150""#,
            "155",
        ),
        // More than any price above zero could have gained: it is cash.
        (r#""mark_value":"5000""#, "5100"),
        (r#""leverage":null"#, "300"),
    ] {
        let all = import(derive::import, &[("s", &account(fields))]).unwrap();
        near(worth(&all.market.unwrap(), &all.accounts[0], "USDC"), expected);
        assert_eq!(all.model_of["derive-7"], "derive-pmrm2");
        let net: Vec<_> = all.reported.iter().map(|one| (&one.what, one.value)).collect();
        assert_eq!(net[0], (&What::NetInitial, "-5".parse().unwrap()));
    }
}
