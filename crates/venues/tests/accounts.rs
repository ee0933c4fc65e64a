//! Replies that belong together become one account in one market.

use keelmark_book::{Money, Portfolio, Price, Round, profit};
use keelmark_venues::deribit::{self, Imported, MarginModel};

const CHAIN: &str = r#"{"jsonrpc":"2.0","result":[
 {"instrument_name":"BTC-27MAR26-70000-C","mark_price":0.05,"mark_iv":50.0,"bid_price":null,
  "ask_price":0.051,"underlying_price":70100.0,"underlying_index":"BTC-27MAR26",
  "estimated_delivery_price":70000.0,"creation_timestamp":1773428415531,"field_of_next_week":{}},
 {"instrument_name":"BTC-27MAR26-70000-P","mark_price":0.0485,"mark_iv":50.0,"bid_price":0.048,
  "ask_price":0.049,"underlying_price":70100.0,"underlying_index":"BTC-27MAR26",
  "estimated_delivery_price":70000.0,"creation_timestamp":1773428415531}]}"#;

const POSITIONS: &str = r#"{"jsonrpc":"2.0","id":2236,"result":[
 {"instrument_name":"BTC-PERPETUAL","kind":"future","size":-50000,"direction":"sell",
  "average_price":65000.0,"mark_price":70000.0,"settlement_price":69000.0,
  "floating_profit_loss":-0.010351967,"total_profit_loss":-0.054945055},
 {"instrument_name":"BTC-27MAR26","kind":"future","size":10000.0,"direction":"buy",
  "average_price":70500.0,"mark_price":70100.0,"settlement_price":0,
  "floating_profit_loss":-8.0938E-4},
 {"instrument_name":"BTC-27MAR26-70000-C","kind":"option","size":2.5,"direction":"sell",
  "average_price":0.04,"mark_price":0.05,"floating_profit_loss":-0.025},
 {"instrument_name":"BTC-27MAR26-70000-P","kind":"option","size":0.0,"direction":"zero",
  "average_price":0.0,"mark_price":0.0485}]}"#;

const SUMMARY: &str = r#"{"result":{"currency":"BTC","balance":3.0,"equity":2.88,"id":7,
 "futures_session_upl":-0.011161347,"futures_session_rpl":0.001,"options_value":-0.125,
 "initial_margin":0.5,"maintenance_margin":0.4,"margin_balance":2.86483,
 "margin_model":"segregated_pm"}}"#;

fn import(files: &[(&str, &str)]) -> Result<Imported, String> {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    deribit::import(&files, None).map_err(|error| error.to_string())
}

fn price(text: &str) -> Option<Price> {
    text.parse().ok()
}

#[test]
fn chain_positions_and_summary_make_an_account_whose_equity_is_the_venues() {
    let all = import(&[("p", POSITIONS), ("c", CHAIN), ("s", SUMMARY)]).unwrap();
    let (market, account) = (all.market.unwrap(), all.account.unwrap());
    assert_eq!(account.account, "deribit-7");
    let sizes: Vec<String> = account.positions.iter().map(|one| one.quantity.to_string()).collect();
    assert_eq!(sizes, ["-50000", "10000", "-2.5"]);
    // Held over a settlement, opened since, and an option.
    let entries: Vec<_> = account.positions.iter().map(|one| one.avg_price).collect();
    assert_eq!(entries, [price("69000"), price("70500"), price("0.04")]);
    let mut equity = account.collateral[0].amount;
    for one in &account.positions {
        let (instrument, quote) =
            (market.instruments.get(one.instrument), market.quote(one.instrument));
        let value = if instrument.is_option() {
            profit::option_value(instrument, one.quantity, quote.mark, Round::Nearest)
        } else {
            let entry = one.avg_price.unwrap();
            profit::profit(instrument, one.quantity, entry, quote.mark, Round::Nearest)
        };
        equity = equity.plus(value.unwrap()).unwrap();
    }
    let theirs = all.reported[0].summary.equity().unwrap();
    assert!((equity.to_f64() - theirs.to_f64()).abs() < 1e-8, "{equity} {theirs}");
    assert_eq!(all.reported[0].margin_model, Some(MarginModel::SegregatedPm));
}

#[test]
fn an_entry_that_mixes_sessions_is_solved_from_the_printed_profit() {
    let mixed = POSITIONS.replace("-0.010351967", "-0.02");
    let all = import(&[("p", &mixed), ("c", CHAIN)]).unwrap();
    let (market, account) = (all.market.unwrap(), all.account.unwrap());
    let one = &account.positions[0];
    let instrument = market.instruments.get(one.instrument);
    let (entry, mark) = (one.avg_price.unwrap(), "70000".parse().unwrap());
    let gained = profit::profit(instrument, one.quantity, entry, mark, Round::Nearest).unwrap();
    assert!((gained.to_f64() + 0.02).abs() < 1e-15, "{gained}");
}

#[test]
fn a_cross_account_is_not_summed_over_its_rows() {
    let row = |currency: &str, balance: &str, margin: &str| {
        format!(
            r#"{{"currency":"{currency}","balance":{balance},"equity":{balance},
             "margin_balance":{margin},"margin_model":"cross_pm",
             "total_margin_balance_usd":25.710502678}}"#
        )
    };
    let rows = [
        row("BTC", "2.288e-5", "3.1639e-4"),
        row("USDT", "23.61869", "25.713074"),
        row("SOL", "0", "0.29488918"),
        row("ETH", "8.6e-5", "0.01089"),
    ];
    let reply = format!(r#"{{"result":{{"id":10,"summaries":[{}]}}}}"#, rows.join(","));
    let all = import(&[("s", &reply)]).unwrap();
    let held: Vec<String> = all
        .account
        .unwrap()
        .collateral
        .iter()
        .map(|one| format!("{} {}", one.amount, one.asset))
        .collect();
    assert_eq!(held, ["0.00002288 BTC", "23.61869 USDT", "0.000086 ETH"]);
    let totals = all.reported.iter().map(|row| row.total_margin_balance_usd.unwrap());
    let whole: Money = "25.710502678".parse().unwrap();
    assert!(totals.clone().count() == 4 && totals.into_iter().all(|one| one == whole));
}

#[test]
fn an_instruments_reply_comes_before_the_families() {
    let facts = r#"[{"instrument_name":"BTC-27MAR26-70000-C","kind":"option","strike":70000.0,
      "option_type":"call","contract_size":1.0,"min_trade_amount":0.5,
      "expiration_timestamp":1774602000000,"base_currency":"BTC","settlement_currency":"BTC"},
     {"instrument_name":"BTC_USDC","kind":"spot","contract_size":1,"min_trade_amount":0.0001}]"#;
    let all = import(&[("c", CHAIN), ("i", facts)]).unwrap();
    let market = all.market.unwrap();
    let call = market.instruments.get(market.instruments.find("BTC-27MAR26-70000-C").unwrap());
    assert_eq!(call.lot, "0.5".parse().unwrap());
    assert_eq!(call.expiry().unwrap().to_string(), "2026-03-27T09:00:00Z");
    assert!(all.notes.iter().any(|note| note.contains("1 spot pairs and combos")));
    for (from, to, place) in [
        ("70000.0", "70001", "/0/strike"),
        ("\"call\"", "\"put\"", "/0/option_type"),
        ("\"base_currency\":\"BTC\"", "\"base_currency\":\"ETH\"", "/0/base_currency"),
        ("1774602000000", "1774702000000", "/0/expiration_timestamp"),
        ("0.5", "0", "/0/min_trade_amount"),
    ] {
        let error = import(&[("i", &facts.replace(from, to))]).unwrap_err();
        assert!(error.starts_with(&format!("i at {place}: expected")), "{error}");
    }
}

#[test]
fn a_market_may_come_from_elsewhere() {
    let market = import(&[("c", CHAIN)]).unwrap().market.unwrap();
    let all = deribit::import(&[("p", POSITIONS.as_bytes())], Some(&market)).unwrap();
    assert!(all.market.is_none());
    assert_eq!(all.account.map(|account: Portfolio| account.positions.len()), Some(3));
}

#[test]
fn errors_name_the_row_what_was_expected_and_what_was_found() {
    let chain = |from: &str, to: &str| vec![("c", CHAIN.replacen(from, to, 1))];
    let held = |from: &str, to: &str| {
        vec![("c", CHAIN.to_owned()), ("p", POSITIONS.replacen(from, to, 1))]
    };
    for (files, start) in [
        (chain("0.048,", "0.0495,"), "c at /result/1: BTC-27MAR26-70000-P: crossed: bid 0.0495"),
        (chain("0.0485", "-1"), "c at /result/1: BTC-27MAR26-70000-P: mark: expected zero or more"),
        (chain("50.0", "-1"), "c at /result/0: BTC-27MAR26-70000-C: iv: expected a volatility"),
        (chain("70000-P", "70000-C"), "c at /result/1: expected BTC-27MAR26-70000-C once"),
        (chain("70000-P", "7oooo-P"), "c at /result/1: expected a Deribit name such as"),
        (chain("27MAR26-70000-P", "12MAR26-70000-P"), "c at /result/1: expired at 2026-03-12T08"),
        (
            chain("BTC-27MAR26-70000-P", "DOGE_USDC-27MAR26-1-P"),
            "c at /result/1: expected a known lot",
        ),
        (chain("\"mark_price\":0.05,", ""), "c at /result/0"),
        (chain("1773428415531", "\"now\""), "c at /result/0/creation_timestamp: "),
        (
            held("BTC-PERPETUAL", "BTC-PERPETUA"),
            "p at /result/0/instrument_name: unknown instrument",
        ),
        (held("-50000", "-50001"), "p at /result/0/size: expected a multiple of the lot 10"),
        (held("\"buy\"", "\"long\""), "p at /result/1/direction: expected buy, sell or zero"),
        (held("BTC-27MAR26\"", "BTC-PERPETUAL\""), "p at /result/1: expected one position in"),
        (vec![("p", POSITIONS.to_owned())], "p: expected a market with BTC-PERPETUAL: give a book"),
        (vec![("s", SUMMARY.to_owned()), ("t", SUMMARY.to_owned())], "t at /result: expected one"),
        (vec![("x", "{}".to_owned())], "x: expected a Deribit reply"),
        (vec![("e", r#"{"error":{"code":1}}"#.to_owned())], "e at /error: expected a result"),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(n, text)| (*n, text.as_str())).collect();
        let error = import(&files).expect_err(start);
        assert!(error.starts_with(start), "{error}\nexpected {start}");
    }
}

#[test]
fn errors_in_csv_name_line_and_column() {
    let header = "instrument_name,mark_price,bid_price,ask_price,creation_timestamp,\
                  estimated_delivery_price,underlying_price";
    let row = "BTC-27MAR26-70000-C,0.05,,,1773428415531,70000,70100";
    for (text, start) in [
        (format!("{header}\n{row}\n{}", row.replace("0.05", "o.05")), "c.csv:3: mark_price: "),
        (format!("{header}\n{row}\n{row}"), "c.csv:3: expected BTC-27MAR26-70000-C once"),
        (
            format!("{header}\n{}", row.replace(",,,", ",0.06,0.05,")),
            "c.csv:2: BTC-27MAR26-70000-C: crossed",
        ),
        (format!("{header}\n{row},1"), "c.csv:2: expected 7 columns"),
        (format!("{header}\n"), "c.csv: expected rows under the header"),
        ("instrument_name,mark_price\nx,1".to_owned(), "c.csv:1: expected a column \"creation_"),
    ] {
        let error = import(&[("c.csv", &text)]).unwrap_err();
        assert!(error.starts_with(start), "{error}\nexpected {start}");
    }
}

#[test]
fn linear_chains_futures_and_combos() {
    let chain = r#"[
     {"instrument_name":"XRP_USDC-27MAR26-1d5-C","mark_price":0.12,"mark_iv":80,
      "underlying_price":1.51,"underlying_index":"SYN.XRP_USDC-27MAR26",
      "estimated_delivery_price":1.5,"creation_timestamp":1773428415531},
     {"instrument_name":"XRP_USDC-PERPETUAL","mark_price":1.502,"bid_price":1.501,
      "ask_price":1.503,"estimated_delivery_price":1.5,"creation_timestamp":1773428415531},
     {"instrument_name":"XRP_USDC-FS-27MAR26_PERP","mark_price":0.01,"bid_price":0,
      "creation_timestamp":1773428415531}]"#;
    let all = import(&[("c", chain)]).unwrap();
    let market = all.market.unwrap();
    let names: Vec<_> = market.instruments.iter().map(|(_, one)| one.to_string()).collect();
    assert_eq!(names, ["deribit:XRP/USDC:USDC", "deribit:XRP/USDC:USDC-260327-1.5-C"]);
    let option = market.instruments.find("XRP_USDC-27MAR26-1d5-C").unwrap();
    assert_eq!(market.quote(option).forward, price("1.51"));
    assert!(all.notes.iter().any(|note| note.contains("no strike of this expiry has both")));
    assert!(all.notes.iter().any(|note| note.contains("1 spot pairs and combos")));
    assert!(!market.source.contains("set to the index"), "{}", market.source);
}

#[test]
fn a_volatility_that_is_nowhere_printed_is_solved_or_borrowed_and_said() {
    let row = |strike: u32, right: char, mark: &str| {
        format!(
            r#"{{"instrument_name":"BTC-27MAR26-{strike}-{right}","mark_price":{mark},"mark_iv":0,
             "estimated_delivery_price":70000.0,"underlying_price":70000.0,
             "creation_timestamp":1773428415531}}"#
        )
    };
    // The wing has no time value at all, so the nearest strike lends its volatility.
    let rows = [row(70000, 'C', "0.04"), row(70000, 'P', "0.04"), row(140_000, 'C', "0")];
    let chain = format!("[{}]", rows.join(","));
    let all = import(&[("c", &chain)]).unwrap();
    let market = all.market.unwrap();
    let iv = |name: &str| market.quote(market.instruments.find(name).unwrap()).iv.unwrap();
    assert!((iv("BTC-27MAR26-70000-C") - 0.5208).abs() < 1e-3, "{}", iv("BTC-27MAR26-70000-C"));
    assert!((iv("BTC-27MAR26-140000-C") - iv("BTC-27MAR26-70000-P")).abs() < 1e-15);
    for said in ["mark_iv is 0 in 3 rows", "have that of strike 70000"] {
        assert!(all.notes.iter().any(|note| note.contains(said)), "{:?}", all.notes);
    }
    let error = import(&[("c", &format!("[{}]", rows[2]))]).unwrap_err();
    assert!(error.starts_with("c at /0: expected mark_iv, or a mark that some"), "{error}");
}
