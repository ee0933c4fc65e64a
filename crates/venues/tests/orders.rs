//! Open orders of every venue: what is left of them, at what price, and what is left out and why.

use keelmark_book::{Market, Portfolio};
use keelmark_venues::imported::Imported;
use keelmark_venues::{binance, bybit, ccxt, deribit, derive, hyperliquid, okx};

const TIME: &str = "2026-03-13T19:00:00Z";

type Result<T> = std::result::Result<T, String>;
type Reader = fn(
    &[(&str, &[u8])],
    Option<&Market>,
    Option<keelmark_book::Timestamp>,
) -> std::result::Result<Imported, keelmark_book::InputError>;

fn import(reader: Reader, files: &[(&str, &str)]) -> Result<Imported> {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    reader(&files, None, TIME.parse().ok()).map_err(|error| error.to_string())
}

fn as_okx(
    files: &[(&str, &[u8])],
    market: Option<&Market>,
    as_of: Option<keelmark_book::Timestamp>,
) -> std::result::Result<Imported, keelmark_book::InputError> {
    ccxt::import("okx", files, market, as_of)
}

/// Each order as `NAME QUANTITY @ PRICE`.
fn orders(market: &Market, account: &Portfolio) -> Vec<String> {
    let text = |one: &keelmark_book::Order| {
        let name = &market.instruments.get(one.instrument).venue_symbol;
        let price = one.price.map_or("market".to_owned(), |price| price.to_string());
        format!("{name} {} @ {price}", one.quantity)
    };
    account.orders.iter().map(text).collect()
}

fn of(found: &Imported, account: &str) -> Vec<String> {
    let named = found.accounts.iter().find(|one| one.account == account);
    match (found.market.as_ref(), named) {
        (Some(market), Some(named)) => orders(market, named),
        _ => panic!("no market, or no account {account}"),
    }
}

fn said(notes: &[String]) -> Vec<&str> {
    notes.iter().map(String::as_str).filter(|note| note.contains("orders")).collect()
}

const OKX_LISTED: &str = r#"{"code":"0","data":[
 {"instType":"SWAP","instId":"ETH-USDT-SWAP","ctVal":"0.1","ctMult":"1","ctValCcy":"ETH",
  "settleCcy":"USDT","lotSz":"0.01","expTime":""},
 {"instType":"OPTION","instId":"ETH-USD-260327-2200-C","ctVal":"1","ctMult":"0.1",
  "ctValCcy":"ETH","settleCcy":"ETH","lotSz":"1","expTime":"1774598400000"}]}"#;
const OKX_MARKS: &str = r#"{"code":"0","data":[
 {"instId":"ETH-USDT-SWAP","markPx":"2000.5","ts":"1773428400000"},
 {"instId":"ETH-USD-260327-2200-C","markPx":"0.03","ts":"1773428400000"}]}"#;
const OKX_VOLS: &str = r#"{"code":"0","data":[{"instId":"ETH-USD-260327-2200-C","markVol":"0.6",
  "fwdPx":"2010","ts":"1773428400000"}]}"#;
const OKX_INDEX: &str = r#"{"code":"0","data":[{"instId":"ETH-USD","idxPx":"2000",
  "ts":"1773428400000"},{"instId":"USDT-USD","idxPx":"1","ts":"1773428400000"}]}"#;

fn okx_orders(rows: &str) -> Result<Imported> {
    let rows = format!(r#"{{"code":"0","data":[{rows}]}}"#);
    let listed = [("i", OKX_LISTED), ("m", OKX_MARKS), ("v", OKX_VOLS), ("x", OKX_INDEX)];
    import(okx::import, &[&[("o", rows.as_str())], &listed[..]].concat())
}

fn okx_order(fields: &str) -> String {
    format!(
        r#"{{"ordId":"1","instType":"SWAP","instId":"ETH-USDT-SWAP","state":"live",
         "accFillSz":"0","uTime":"1773428400000",{fields}}}"#
    )
}

#[test]
fn okx_counts_contracts_and_both_sides_of_hedge_mode() {
    let rows = [
        okx_order(r#""side":"buy","posSide":"net","sz":"12.5","accFillSz":"2.25","px":"1990.5""#),
        okx_order(r#""side":"sell","posSide":"short","sz":"3","px":"","ordType":"market""#),
        okx_order(r#""side":"sell","posSide":"long","sz":"3","px":"2100""#),
        okx_order(r#""side":"sell","posSide":"net","sz":"3","px":"2100","reduceOnly":"true""#),
        okx_order(r#""side":"sell","posSide":"net","sz":"3","accFillSz":"3","px":"2100""#),
        r#"{"ordId":"2","instType":"SPOT","instId":"ETH-USDT","side":"buy","sz":"1",
            "accFillSz":"0"}"#
            .to_owned(),
        r#"{"ordId":"3","instType":"OPTION","instId":"ETH-USD-260327-2200-C","side":"sell",
            "state":"partially_filled","posSide":"net","sz":"5","accFillSz":"1","px":"",
            "pxVol":"0.7"}"#
            .to_owned(),
    ];
    let found = okx_orders(&rows.join(",")).unwrap();
    assert_eq!(
        of(&found, "okx"),
        [
            "ETH-USDT-SWAP 10.25 @ 1990.5",
            "ETH-USDT-SWAP -3 @ market",
            "ETH-USD-260327-2200-C -4 @ market",
        ]
    );
    assert_eq!(
        said(&found.notes),
        [
            "1 orders left out: of spot, which moves coins and no positions",
            "1 orders left out: reduce only",
            "1 orders left out: they close the side of hedge mode that they name",
            "1 prices of orders left out: in dollars or volatility, not the mark's unit",
        ]
    );
}

#[test]
fn an_order_that_cannot_be_is_refused_at_its_row() {
    for (fields, problem) in [
        (r#""side":"hold","sz":"1""#, "o at /data/0: side: expected buy or sell, found \"hold\""),
        (r#""side":"buy","sz":"1","accFillSz":"2""#, "accFillSz: expected at most 1, found 2"),
        (r#""side":"buy","sz":"0.001""#, "expected a multiple of the lot 0.01 of ETH-USDT-SWAP"),
        (r#""side":"buy","sz":"x""#, "o at /data/0/sz: expected a number, found \"x\""),
    ] {
        let error = okx_orders(&okx_order(fields)).unwrap_err();
        assert!(error.contains(problem), "{error}\nexpected {problem}");
    }
    let unknown = okx_order(r#""side":"buy","sz":"1""#).replace("ETH-USDT-SWAP", "SOL-USDT-SWAP");
    let error = okx_orders(&unknown).unwrap_err();
    assert!(error.contains("add the reply that lists it, or --prices"), "{error}");
    let unmarked = [("o", format!("[{}]", okx_order(r#""side":"buy","sz":"1""#)))];
    let files = [("o", unmarked[0].1.as_str()), ("i", OKX_LISTED), ("x", OKX_INDEX)];
    let error = import(okx::import, &files).unwrap_err();
    assert!(error.contains("ETH-USDT-SWAP: ordered, but no mark"), "{error}");
}

const BINANCE_MARKS: &str = r#"[
 {"symbol":"ETHUSDT","markPrice":"2000.5","indexPrice":"2000","time":1773428400000},
 {"symbol":"ETHUSD_PERP","markPrice":"2001","indexPrice":"2000","time":1773428400000}]"#;
const BINANCE_COIN: &str = r#"{"serverTime":1773428400000,"symbols":[{"symbol":"ETHUSD_PERP",
  "contractType":"PERPETUAL","contractSize":10,"baseAsset":"ETH","quoteAsset":"USD",
  "marginAsset":"ETH","filters":[{"filterType":"LOT_SIZE","stepSize":"1"}]}]}"#;

fn binance_order(fields: &str) -> String {
    format!(
        r#"{{"orderId":1,"symbol":"ETHUSDT","status":"NEW","type":"LIMIT","origQty":"2",
         "executedQty":"0","updateTime":1773428400000,{fields}}}"#
    )
}

#[test]
fn binance_orders_are_of_the_account_of_their_service() {
    let rows = [
        binance_order(r#""side":"BUY","positionSide":"BOTH","price":"1990","executedQty":"0.75""#),
        binance_order(r#""side":"SELL","positionSide":"LONG","price":"2100""#),
        binance_order(r#""side":"SELL","positionSide":"SHORT","price":"2100""#),
        binance_order(r#""side":"SELL","reduceOnly":true,"price":"2100""#),
        binance_order(r#""side":"SELL","closePosition":true,"price":"0","type":"STOP_MARKET""#),
        binance_order(r#""side":"SELL","price":"0","type":"TAKE_PROFIT_MARKET""#),
        binance_order(r#""side":"BUY","price":"0","type":"MARKET","origQty":"0.1""#),
        binance_order(r#""side":"BUY","price":"1","isWorking":true"#),
        binance_order(r#""side":"BUY","price":"1","status":"EXPIRED""#),
    ];
    let coin = r#"[{"orderId":2,"symbol":"ETHUSD_PERP","pair":"ETHUSD","status":"NEW",
      "type":"LIMIT","origQty":"30","executedQty":"10","side":"SELL","positionSide":"BOTH",
      "price":"2050"}]"#;
    let linear = format!("[{}]", rows.join(","));
    let files = [("l", linear.as_str()), ("c", coin), ("m", BINANCE_MARKS), ("e", BINANCE_COIN)];
    let found = import(binance::import, &files).unwrap();
    assert_eq!(
        of(&found, "binance-usdm"),
        ["ETHUSDT 1.25 @ 1990", "ETHUSDT -2 @ 2100", "ETHUSDT 0.1 @ market"]
    );
    assert_eq!(of(&found, "binance-coinm"), ["ETHUSD_PERP -20 @ 2050"]);
    assert_eq!(found.model_of["binance-coinm"], "binance-coinm");
    let left: Vec<String> = ["not resting in the book", "of spot", "reduce only", "they close"]
        .iter()
        .map(|why| said(&found.notes).into_iter().filter(|note| note.contains(why)).collect())
        .collect();
    assert!(left.iter().all(|note| !note.is_empty()), "{left:?}");
    assert!(left[2].starts_with("2 orders"), "{left:?}");
    let unified = r#"{"uniMMR":"9","accountEquity":"100","updateTime":1773428400000}"#;
    let files = [("l", linear.as_str()), ("u", unified), ("m", BINANCE_MARKS)];
    let found = import(binance::import, &files).unwrap();
    assert_eq!(of(&found, "binance-unified").len(), 3);
}

#[test]
fn binance_options_have_orders_of_their_own() {
    let order = r#"[{"orderId":4,"symbol":"ETH-260327-2200-C","price":"55","quantity":"-4",
      "executedQty":"1.5","side":"SELL","type":"LIMIT","status":"PARTIALLY_FILLED",
      "reduceOnly":false,"postOnly":false,"optionSide":"CALL"}]"#;
    let marks = r#"[{"symbol":"ETH-260327-2200-C","markPrice":"50","markIV":"0.6","delta":"0.4"}]"#;
    let found =
        import(binance::import, &[("o", order), ("m", marks), ("f", BINANCE_MARKS)]).unwrap();
    assert_eq!(of(&found, "binance-options"), ["ETH-260327-2200-C -2.5 @ 55"]);
    assert_eq!(found.model_of["binance-options"], "binance-options");
}

const CCXT_MARKETS: &str = r#"[{"id":"ETH-USDT-SWAP","symbol":"ETH/USDT:USDT","base":"ETH",
  "quote":"USDT","settle":"USDT","contractSize":0.1,"precision":{"amount":0.01}}]"#;
const CCXT_TICKERS: &str = r#"[{"symbol":"ETH/USDT:USDT","markPrice":2000.5,"indexPrice":2000,
  "timestamp":1773428400000,"last":2000}]"#;

#[test]
fn unified_orders_are_in_contracts() {
    let order = |fields: &str| {
        format!(
            r#"{{"id":"1","symbol":"ETH/USDT:USDT","status":"open","amount":12.5,
             "timestamp":1773428400000,"info":{{}},{fields}}}"#
        )
    };
    let rows = [
        order(r#""side":"buy","price":1990.5,"filled":2.25,"remaining":10.25,"reduceOnly":false"#),
        order(r#""side":"sell","price":null,"filled":2,"remaining":null,"type":"market""#),
        order(r#""side":"sell","price":2100,"remaining":1,"reduceOnly":true"#),
        order(r#""side":"sell","price":2100,"remaining":1,"info":{"posSide":"long"}"#),
        order(r#""side":"sell","price":2100,"remaining":1,"info":{"positionSide":"SHORT"}"#),
        order(r#""side":"sell","price":2100,"remaining":1,"triggerPrice":2050"#),
        order(r#""side":"buy","price":1,"remaining":1,"symbol":"ETH/USDT""#),
    ];
    let rows = format!("[{}]", rows.join(","));
    let files = [("o", rows.as_str()), ("m", CCXT_MARKETS), ("t", CCXT_TICKERS)];
    let found = import(as_okx, &files).unwrap();
    assert_eq!(
        of(&found, "okx"),
        ["ETH-USDT-SWAP 10.25 @ 1990.5", "ETH-USDT-SWAP -10.5 @ market", "ETH-USDT-SWAP -1 @ 2100"]
    );
    assert_eq!(said(&found.notes).len(), 4, "{:?}", found.notes);
    let position = r#"[{"symbol":"ETH/USDT:USDT","contracts":3,"side":"long","contractSize":0.1,
      "markPrice":2000,"marginMode":"cross"}]"#;
    // No market lists it: the step divides the position and the order.
    let found = import(as_okx, &[("o", rows.as_str()), ("p", position)]).unwrap();
    assert_eq!(of(&found, "okx").len(), 3);
}

const DERIVE_TICKER: &str = r#"{"result":{"instrument_type":"perp","instrument_name":"ETH-PERP",
  "amount_step":"0.01","index_price":"2000","mark_price":"2001","timestamp":1773428415200}}"#;

#[test]
fn derive_orders_are_of_their_subaccount() {
    let order = |fields: &str| {
        format!(
            r#"{{"order_id":"a","instrument_name":"ETH-PERP","order_status":"open",
             "order_type":"limit","amount":"2","filled_amount":"0",{fields}}}"#
        )
    };
    let rows = [
        order(r#""direction":"buy","limit_price":"1990","filled_amount":"0.5""#),
        order(r#""direction":"sell","limit_price":"1500","order_type":"market""#),
        order(r#""direction":"sell","limit_price":"1500","order_status":"untriggered""#),
        order(r#""direction":"sell","limit_price":"1500","reduce_only":true"#),
        order(r#""direction":"sell","limit_price":"1500","order_status":"cancelled""#),
    ]
    .join(",");
    let alone = format!(r#"{{"result":{{"subaccount_id":7,"orders":[{rows}]}}}}"#);
    let within = format!(
        r#"{{"result":{{"subaccount_id":7,"margin_type":"PM","collaterals":[],"positions":[],
         "open_orders":[{rows}]}}}}"#
    );
    for text in [alone.as_str(), within.as_str()] {
        let found = import(derive::import, &[("o", text), ("t", DERIVE_TICKER)]).unwrap();
        assert_eq!(of(&found, "derive-7"), ["ETH-PERP 1.5 @ 1990", "ETH-PERP -2 @ market"]);
        assert_eq!(said(&found.notes).len(), 3, "{:?}", found.notes);
    }
    let both = import(derive::import, &[("o", &alone), ("s", &within), ("t", DERIVE_TICKER)]);
    assert!(both.unwrap_err().contains("expected one list of open_orders"), "twice");
}

const CHAIN: &str = r#"[{"instrument_name":"ETH-27MAR26-2200-C","mark_price":0.03,"mark_iv":60.0,
  "underlying_price":2010,"underlying_index":"ETH-27MAR26","estimated_delivery_price":2000,
  "creation_timestamp":1773428415531}]"#;

#[test]
fn deribit_orders_are_in_the_unit_of_sizes() {
    let order = |fields: &str| {
        // Its reader refuses a field that is there twice.
        let defaults = [
            r#""order_state":"open""#,
            r#""amount":500"#,
            r#""filled_amount":0"#,
            r#""instrument_name":"ETH-PERPETUAL""#,
        ];
        let named = |one: &&&str| !fields.contains(one.split(':').next().unwrap_or_default());
        let rest: Vec<&str> = defaults.iter().filter(named).copied().collect();
        format!(r#"{{"order_id":"1",{},{fields}}}"#, rest.join(","))
    };
    let rows = [
        order(r#""direction":"buy","price":1990.5,"filled_amount":120"#),
        order(r#""direction":"sell","price":"market_price""#),
        order(r#""direction":"sell","price":2100,"reduce_only":true"#),
        order(r#""direction":"sell","price":2100,"order_state":"untriggered""#),
        order(r#""direction":"sell","price":5,"instrument_name":"ETH_USDC""#),
        order(r#""direction":"sell","price":5,"instrument_name":"ETH-FS-27MAR26_PERP""#),
        order(
            r#""direction":"sell","price":0.04,"amount":3.0,
              "instrument_name":"ETH-27MAR26-2200-C""#,
        ),
        order(
            r#""direction":"sell","price":66,"advanced":"implv","amount":1,
              "instrument_name":"ETH-27MAR26-2200-C""#,
        ),
    ];
    let rows = format!(r#"{{"result":[{}]}}"#, rows.join(","));
    let read = |text: &str| {
        let files = [("o", text.as_bytes()), ("c", CHAIN.as_bytes())];
        deribit::import(&files, None).map_err(|error| error.to_string())
    };
    let found = read(&rows).unwrap();
    assert_eq!(
        orders(&found.market.unwrap(), &found.account.unwrap()),
        [
            "ETH-PERPETUAL 380 @ 1990.5",
            "ETH-PERPETUAL -500 @ market",
            "ETH-27MAR26-2200-C -3 @ 0.04",
            "ETH-27MAR26-2200-C -1 @ market",
        ]
    );
    assert_eq!(said(&found.notes).len(), 5, "{:?}", found.notes);
    for (fields, problem) in [
        (r#""direction":"up""#, "o at /result/0/direction: expected buy or sell, found \"up\""),
        (r#""direction":"buy","filled_amount":501"#, "o at /result/0/filled_amount: expected zero"),
        (r#""direction":"buy","price":[1]"#, "o at /result/0/price: expected a price, found [1]"),
        (
            r#""direction":"buy","amount":0.5"#,
            "o at /result/0/amount: expected a multiple of the lot",
        ),
        (
            r#""direction":"buy","instrument_name":"SOL-PERPETUAL""#,
            "o at /result/0/instrument_name",
        ),
    ] {
        let error = read(&format!(r#"{{"result":[{}]}}"#, order(fields))).unwrap_err();
        assert!(error.starts_with(problem), "{error}\nexpected {problem}");
    }
}

#[test]
fn bybit_and_hyperliquid_say_why_as_the_others_do() {
    let order = |fields: &str| {
        format!(
            r#"{{"orderId":"1","symbol":"ETHUSDT","orderStatus":"New","qty":"2","leavesQty":"1.5",
             "price":"1990",{fields}}}"#
        )
    };
    let rows = [
        order(r#""side":"Buy","positionIdx":0,"reduceOnly":false"#),
        order(r#""side":"Sell","positionIdx":1,"reduceOnly":false"#),
        order(r#""side":"Sell","positionIdx":2,"reduceOnly":false,"price":"0""#),
        order(r#""side":"Sell","reduceOnly":true"#),
        order(r#""side":"Sell","orderStatus":"Untriggered","reduceOnly":false"#),
    ];
    let rows = format!(
        r#"{{"retCode":0,"result":{{"category":"linear","list":[{}]}},"time":1773428415531}}"#,
        rows.join(",")
    );
    let tickers = r#"{"retCode":0,"result":{"category":"linear","list":[{"symbol":"ETHUSDT",
      "bid1Price":"","markPrice":"2000.5","indexPrice":"2000"}]},"time":1773428415531}"#;
    let found = import(bybit::import, &[("o", &rows), ("t", tickers)]).unwrap();
    assert_eq!(of(&found, "bybit"), ["ETHUSDT 1.5 @ 1990", "ETHUSDT -1.5 @ market"]);
    assert_eq!(
        said(&found.notes),
        [
            "1 orders left out: reduce only",
            "1 orders left out: they close the side of hedge mode that they name",
            "1 orders left out: waiting for a trigger",
        ]
    );
    let rows = r#"[{"coin":"ETH","side":"B","sz":"1","limitPx":"1990","oid":1},
      {"coin":"ETH","side":"A","sz":"1","limitPx":"2100","oid":2,"reduceOnly":true},
      {"coin":"PURR/USDC","side":"A","sz":"1","limitPx":"1","oid":3},
      {"coin":"ETH","side":"A","sz":"1","limitPx":"2100","oid":4,"isTrigger":true}]"#;
    let meta = r#"[{"universe":[{"name":"ETH","szDecimals":4,"maxLeverage":25}]},
      [{"markPx":"2000.5","oraclePx":"2000"}]]"#;
    let found = import(hyperliquid::import, &[("o", rows), ("m", meta)]).unwrap();
    assert_eq!(of(&found, "hyperliquid"), ["ETH 1 @ 1990"]);
    assert_eq!(said(&found.notes).len(), 3, "{:?}", found.notes);
}

#[test]
fn profit_that_was_taken_out_of_an_isolated_position_is_not_margin_below_zero() {
    let position = |wallet: &str| {
        format!(
            r#"[{{"symbol":"ETHUSDT","positionAmt":"2","entryPrice":"1900","markPrice":"2000",
             "marginType":"isolated","isolatedWallet":"{wallet}","updateTime":1773428400000}}]"#
        )
    };
    let own = |wallet: &str| {
        let text = position(wallet);
        import(binance::import, &[("p", &text)]).map(|all| all.accounts[0].positions[0].clone())
    };
    // 2 x 100 gained, 150 taken out and more: 50 is left at the mark.
    let found = own("-150").unwrap();
    assert_eq!(found.isolation, keelmark_book::Isolation::Own("50".parse().unwrap()));
    assert_eq!(found.avg_price, "2000".parse().ok());
    let error = own("-201").unwrap_err();
    assert!(error.contains("expected a margin of its own of zero or more, found -1"), "{error}");
}
