//! Valid inputs to start from: the project's own samples and documents, and small texts of every
//! format.

use keelmark_margin::document::library::BUILT_IN;

/// A small market that holds every kind of contract.
pub const MARKET: &str = "\
instrument,venue_symbol,mark,iv,forward,bid,ask,contract_size,lot,expiry,as_of,source,\
slow,deposits,borrows
BTC,,71000,,,,,,,,2026-03-13T19:00:00Z,small,70500,12,3.5
USDC,,1,,,,,,,,2026-03-13T19:00:00Z,,,,
USDT,,0.9998,,,,,,,,2026-03-13T18:59:00Z,,,,
deribit:BTC/USDC,BTC_USDC,71000,,,,,1,0.0001,,2026-03-13T19:00:00Z,,,,
deribit:BTC/USD:BTC,BTC-PERPETUAL,71000,,,70999,71001,1,10,,2026-03-13T19:00:00Z,,,,
deribit:BTC/USD:BTC-260626,BTC-26JUN26,71600,,,,,1,10,,2026-03-13T19:00:00Z,,,,
deribit:BTC/USDC:USDC,BTC_USDC-PERPETUAL,71010,,,,,1,0.0001,,2026-03-13T19:00:00Z,,,,
deribit:BTC/USD:BTC-260327-75000-C,BTC-27MAR26-75000-C,0.021,0.50,71100,,,1,0.1,,\
2026-03-13T19:00:00Z,,,,
deribit:BTC/USD:BTC-260626-60000-P,BTC-26JUN26-60000-P,0.05,0.55,71600,,,1,0.1,\
2026-06-26T12:30:00Z,2026-03-13T19:00:00Z,,,,
";

/// A market with a rate, a fixed part of a forward, and feeds that are not sure.
const DETAILED: &str = "\
instrument,mark,iv,forward,contract_size,lot,as_of,confidence,rate,fixed_forward,\
forward_confidence,vol_confidence,rate_confidence
BTC,71000,,,,,2026-03-13T19:00:00Z,0.5,,,,,
deribit:BTC/USDC:USDC-260327-75000-C,1500,0.5,71100,1,0.1,2026-03-13T19:00:00Z,1,-0.01,100,0.4,1,0
";

/// A small book in that market.
pub const BOOK: &str = "\
account,instrument,qty,avg_price,kind,isolated_margin,leverage
desk,BTC,10,,,,
desk,USDC,250000,,collateral,,
desk,BTC-27MAR26-75000-C,-20,0.02,,,
desk,BTC-26JUN26-60000-P,12,0.05,position,,
desk,BTC-PERPETUAL,400000,70500,,,
desk,BTC-26JUN26,-200000,72000,,0.5,
desk,BTC_USDC-PERPETUAL,-1.5,70000,,,20
desk,BTC-27MAR26-75000-C,-5,0.02,order,,
desk,mmp,1500,,reserve,,
\"second, quoted\",BTC-PERPETUAL,-10,71000,,,
desk,BTC_USDC-PERPETUAL,-12.5,,unsettled,,
";

const MARKET_JSON: &str = r#"{"schema":"keelmark/market/1","as_of":"2026-03-13T19:00:00Z",
"source":"small","currency":"USD","assets":{"BTC":{"price":"71000"},
"USDC":{"price":1,"as_of":"2026-03-13T18:59:00Z"}},"instruments":[
{"instrument":"deribit:BTC/USD:BTC","venue_symbol":"BTC-PERPETUAL","contract_size":"1","lot":10,
"mark":71000,"bid":70999,"ask":"71001","open_interest":"123000"},
{"instrument":"deribit:BTC/USD:BTC-260327-75000-C","contract_size":1,"lot":"0.1","mark":"0.021",
"iv":0.5,"forward":71100,"rate":0.04,"fixed_forward":"100","confidence":"0.9",
"vol_confidence":0.5,"expiry":"2026-03-27T08:00:00Z","as_of":"2026-03-13T19:00:00Z"}]}"#;

const BOOK_JSON: &str = r#"{"schema":"keelmark/book/1","accounts":[{"account":"desk",
"collateral":{"BTC":"10","USDC":250000},"positions":[
{"instrument":"BTC-PERPETUAL","qty":400000,"avg_price":"70500","leverage":10},
{"instrument":"BTC-27MAR26-75000-C","qty":"-20","isolated_margin":1}],
"orders":[{"instrument":"BTC-PERPETUAL","qty":-100,"price":72000}],"reserves":{"mmp":15}}]}"#;

const ACCOUNT_JSON: &str = r#"{"schema":"keelmark/account/1","account":"desk",
"collateral":{"USDC":"250000.5"},"positions":[{"instrument":"BTC_USDC-PERPETUAL","qty":-1.5}]}"#;

const CHAIN: &str = r#"{"jsonrpc":"2.0","result":[
{"instrument_name":"BTC-27MAR26-70000-C","mark_price":0.05,"mark_iv":50.0,"bid_price":null,
"ask_price":0.051,"underlying_price":70100.0,"underlying_index":"BTC-27MAR26",
"estimated_delivery_price":70000.0,"creation_timestamp":1773428415531},
{"instrument_name":"BTC-27MAR26-70000-P","mark_price":0.0485,"bid_price":0.048,"ask_price":0.049,
"underlying_price":70100.0,"underlying_index":"SYN.BTC-27MAR26",
"estimated_delivery_price":70000.0,"creation_timestamp":1773428415531}]}"#;

const CHAIN_CSV: &str = "instrument_name,mark_price,bid_price,creation_timestamp,\
estimated_delivery_price,underlying_price,underlying_index
ETH-27MAR26-2000-C,0.1,,1773428415530,2222.19,2223.1,SYN.ETH-27MAR26
ETH-27MAR26-2000-P,0.0001,0.0001,1773428415531,2222.19,2223.1,ETH-26JUN26
";

const POSITIONS: &str = r#"[{"instrument_name":"BTC-PERPETUAL","size":-50,"direction":"sell",
"average_price":7440.18,"mark_price":7476.65,"settlement_price":7476.65},
{"instrument_name":"BTC-27MAR26-75000-C","size":0.1,"average_price":0.04,"mark_price":0.05}]"#;

const INSTRUMENTS: &str = r#"[{"instrument_name":"BTC-27MAR26","contract_size":10,
"min_trade_amount":10,"expiration_timestamp":1774598400000}]"#;

const SUMMARY: &str = r#"{"result":{"id":1,"summaries":[{"currency":"BTC","balance":1e0,
"equity":1.0,"session_upl":0.1,"options_value":0.2,"margin_model":"cross_pm"}]}}"#;

const CRIF: &str = "TradeID\tPortfolioID\tProductClass\tRiskType\tQualifier\tBucket\tLabel1\t\
Label2\tAmountCurrency\tAmount\tAmountUSD
t\tp\t\tRisk_Crypto\tBTC\t1\t\t\tUSD\t-1500.25\t-1500.25
t\tp\t\tRisk_CryptoVol\t\"ETH\"\t2\t1m\t\tUSD\t30\t30
t\tq\t\tRisk_CryptoBasis\tSOL\t3\tperp\t\tUSD\t1e3\t
t\tq\t\tParam_ProductClassMultiplier\tRatesFX\t\t\t\t\t1.5\t
";

const CRIF_COMMAS: &str = "RiskType,Qualifier,Bucket,AmountUSD,IMModel\r
Risk_Crypto,BTC,1,\"12.5\",SIMM\r
Risk_Inflation,EUR,,1,\r
PV,\"a \"\"quoted\"\" one\",,3,Schedule";

/// Accounts of sensitivities, as JSON.
const SENSITIVITIES: &str = r#"{"schema":"keelmark/account/1","account":"given",
"sensitivities":[{"class":"Crypto","measure":"delta","qualifier":"BTC","bucket":"1",
"amount":"-12.5"},{"class":"Crypto","measure":"vega","qualifier":"BTC","bucket":"1","tenor":"1m",
"amount":7}]}"#;

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The first lines of a long sample: enough of it, and quick to read.
fn head(text: &str) -> String {
    text.split_inclusive('\n').take(40).collect()
}

/// Small games, of every kind of mechanism.
pub fn game() -> Vec<Vec<u8>> {
    let sample = include_str!("../../../samples/game.toml");
    let (before, rest) = sample.split_once("kind = \"fixed\"").unwrap_or((sample, ""));
    let rest = rest.find("threshold").map_or("", |at| &rest[at..]);
    let kinds = [
        "kind = \"race\"\nbonus = 0.06\nlost = 0.5",
        "kind = \"sealed\"\nseconds = 60\nreserve = 0.8\npenalty = 0.05",
        "kind = \"dutch\"\nstart = 1.1\nreserve = 0.6\n\
         curve = { kind = \"stairs\", cut = 0.99, step = 24 }",
        "kind = \"dutch\"\nstart = 1.1\nreserve = 0\ncurve = { kind = \"line\", seconds = 900 }",
        "kind = \"dutch\"\nstart = 1\nreserve = 0.1\n\
         curve = { kind = \"two-speeds\", start = 1, knee = 0.8, fast = 90, slow = 900 }",
        "kind = \"reverse\"\nmost = 0.15",
    ];
    let short = "[[book.account]]\nname = \"short\"\ncount = 3\nside = \"short\"\nsize = 90\n\
                 margin = 1_000\n";
    let other = |kind: &&str| format!("{before}{kind}\n{rest}{short}").into_bytes();
    kinds.iter().map(other).chain([sample.as_bytes().to_vec()]).collect()
}

/// Markets as CSV.
pub fn market_csv() -> Vec<Vec<u8>> {
    let chain = head(include_str!("../../../samples/btc-options-2026-03-13.csv"));
    let open = include_str!("../../../docs/models/examples/dydx-v4/prices.csv");
    bytes(&[MARKET, DETAILED, &chain, open, "instrument,mark,as_of\nBTC,1,2026-03-13\n"])
}

/// Markets as JSON.
pub fn market_json() -> Vec<Vec<u8>> {
    bytes(&[MARKET_JSON])
}

/// Books as CSV.
pub fn book_csv() -> Vec<Vec<u8>> {
    bytes(&[BOOK, "account,instrument,qty\na,BTC,1\n", include_str!("../../../samples/desk.csv")])
}

/// Books and accounts as JSON.
pub fn book_json() -> Vec<Vec<u8>> {
    bytes(&[BOOK_JSON, ACCOUNT_JSON, SENSITIVITIES])
}

/// Documents: all that are built in, and what a user may write over one.
pub fn model() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = BUILT_IN.iter().map(|(_, text)| text.as_bytes().to_vec()).collect();
    all.extend(bytes(&[
        "extends = \"scan16\"\nname = \"mine\"\n[params]\nrisk_ratio = \"1.3\"\n",
        "extends = \"deribit-pm\"\n[[charge]]\nname = \"delta\"\nslope = \"1\"\n",
        "extends = \"cross\"\n[levels]\nmaintenance = \"0.5 * futures_maintenance\"\n",
        include_str!("../../../docs/calibrate.out/cross-august.toml"),
        concat!(
            "schema = \"keelmark/model/1\"\nextends = \"cross\"\nname = \"planned\"\n",
            include_str!("../../../docs/calibrate.in/plan.toml")
        ),
    ]));
    all
}

/// Formulas.
pub fn formula() -> Vec<Vec<u8>> {
    bytes(&[
        "max(0.15 * index - otm, 0.10 * index) + mark",
        "0.8 * (worst + roll + delta)",
        "-2 - -3 * (1 + abs(a)) / min(b, 1e-3, 7)",
        "ceil(floor(size * mark, 6) * max(floor(1 / a, 12), b), 6)",
        "max(0, 1.1 * max(scan + spread, minimum) - option_value) + orders",
    ])
}

/// Canonical symbols.
pub fn symbol() -> Vec<Vec<u8>> {
    bytes(&[
        "deribit:BTC/USD:BTC-260327-70000-C",
        "deribit:XRP/USDC:USDC-230630-0.625-P",
        "deribit:BTC/USD:BTC-260327",
        "binance:BTC/USDT:USDT",
        "deribit:BTC/USDC",
    ])
}

/// Decimal numbers.
pub fn decimal() -> Vec<Vec<u8>> {
    bytes(&["71048.7", "8.9495e-4", "-0", "+1.500", ".5", "1e3", "0.000000000000000001"])
}

/// Instants.
pub fn timestamp() -> Vec<Vec<u8>> {
    bytes(&["2026-03-13T19:00:15.531Z", "2026-03-13T20:00:15+01:00", "2026-03-13"])
}

/// Replies of Deribit.
pub fn deribit() -> Vec<Vec<u8>> {
    let orders = include_str!("../../../tests/cmd/import-orders.in/deribit-orders.json");
    bytes(&[CHAIN, CHAIN_CSV, POSITIONS, INSTRUMENTS, SUMMARY, orders])
}

/// Replies of Bybit: the files of its command tests.
pub fn bybit() -> Vec<Vec<u8>> {
    bytes(&[
        include_str!("../../../tests/cmd/import-bybit.in/tickers.json"),
        include_str!("../../../tests/cmd/import-bybit.in/options.json"),
        include_str!("../../../tests/cmd/import-bybit.in/spot.json"),
        include_str!("../../../tests/cmd/import-bybit.in/instruments.json"),
        include_str!("../../../tests/cmd/import-bybit.in/wallet.json"),
        include_str!("../../../tests/cmd/import-bybit.in/positions.json"),
        include_str!("../../../tests/cmd/import-bybit.in/isolated.json"),
        include_str!("../../../tests/cmd/import-bybit.in/risk.json"),
        include_str!("../../../tests/cmd/import-bybit.in/risk-inverse.json"),
        include_str!("../../../tests/cmd/import-bybit.in/collateral.json"),
        include_str!("../../../tests/cmd/import-orders.in/bybit-orders.json"),
        include_str!("../../../tests/cmd/import-orders.in/bybit-account.json"),
    ])
}

/// Replies of Hyperliquid.
pub fn hyperliquid() -> Vec<Vec<u8>> {
    bytes(&[
        include_str!("../../../tests/cmd/import-hyperliquid.in/meta.json"),
        include_str!("../../../tests/cmd/import-hyperliquid.in/account.json"),
        include_str!("../../../tests/cmd/import-hyperliquid.in/spot.json"),
        include_str!("../../../tests/cmd/import-hyperliquid.in/spotmeta.json"),
        include_str!("../../../tests/cmd/import-hyperliquid.in/orders.json"),
    ])
}

/// Replies of Derive.
pub fn derive() -> Vec<Vec<u8>> {
    bytes(&[
        include_str!("../../../tests/cmd/import-derive.in/tickers.json"),
        include_str!("../../../tests/cmd/import-derive.in/ticker.json"),
        include_str!("../../../tests/cmd/import-derive.in/instruments.json"),
        include_str!("../../../tests/cmd/import-derive.in/subaccount.json"),
        include_str!("../../../tests/cmd/import-derive.in/margin.json"),
        include_str!("../../../tests/cmd/import-orders.in/derive-orders.json"),
    ])
}

/// Files of sensitivities.
pub fn crif() -> Vec<Vec<u8>> {
    bytes(&[CRIF, CRIF_COMMAS])
}
