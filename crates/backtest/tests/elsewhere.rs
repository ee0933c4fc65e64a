//! The default model where it was not chosen: the same coins at other hours, other coins, another
//! exchange, the stock market, and books of options with a history of implied volatility. Two
//! tables in docs/tail-methods.md are what this finds.
//!
//! The series are not in the repository: the folder is `KEELMARK_DATA`, or `../shared/data` from
//! the project's root. With `KEELMARK_WRITE` set the page is written instead of compared.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use keelmark_backtest::methods::options::Asked;
use keelmark_backtest::{Factor, History};
use keelmark_book::{Asset, Timestamp};
use keelmark_tail::Side;
use keelmark_tail::breach::Breaches;
use keelmark_tail::cycle::{Cycle, cost};
use keelmark_tail::method::{Method, Rolling};
use keelmark_tail::standard::STANDARD;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

const SKIPPED: &str = "SKIPPED: the series are not in KEELMARK_DATA or ../shared/data";
const END: &str = "<!-- end -->";
const COINS: [&str; 6] = ["AVAX", "BNB", "DOGE", "LINK", "SOL", "XRP"];

fn folder() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("KEELMARK_DATA").map_or_else(default, PathBuf::from)
}

/// The times and closes of a file; `None` when there is none.
fn columns(name: &str, price: &str) -> Option<Vec<(String, f64)>> {
    let bytes = std::fs::read(folder().join(name)).ok()?;
    let mut text = String::new();
    if Path::new(name).extension().is_some_and(|one| one == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    let mut lines = text.lines();
    let header: Vec<String> = lines.next()?.split(',').map(str::to_lowercase).collect();
    let at = header.iter().position(|field| field == price).expect("a column of prices");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[0].to_owned(), fields[at].parse().unwrap())
    };
    Some(lines.map(row).collect())
}

fn daily(name: &str, price: &str) -> Option<Vec<f64>> {
    Some(columns(name, price)?.into_iter().map(|(_, close)| close).collect())
}

/// The closes of the bars that begin in one hour of the day.
fn at_hour(name: &str, hour: i64) -> Option<Vec<f64>> {
    let hours = |time: &str| time.parse::<f64>().unwrap() as i64 / 3_600 % 24;
    let bars = columns(name, "close")?.into_iter();
    Some(bars.filter(|(time, _)| hours(time) == hour).map(|(_, close)| close).collect())
}

fn series() -> Option<Vec<(String, Vec<f64>)>> {
    let mut all = Vec::new();
    for coin in ["BTC", "ETH"] {
        let file = format!("hourly_{coin}USDT_binance_spot.csv.gz");
        for hour in [3, 7, 11, 15, 19] {
            all.push((format!("{coin} at {}:00", hour + 1), at_hour(&file, hour)?));
        }
    }
    let gemini = at_hour("hourly_BTCUSD_gemini_2015_2020.csv.gz", 23)?;
    all.push(("BTC, another exchange, 2015-2020".to_owned(), gemini));
    for coin in COINS {
        let file = format!("hourly_{coin}USDT_binance_spot_2021_2023.csv.gz");
        all.push((format!("{coin}, 2021-2023"), at_hour(&file, 23)?));
    }
    all.push(("SOL, 2021-2026".to_owned(), daily("daily_SOLUSD_yahoo.csv.gz", "close")?));
    let stocks = daily("sp500-adjclose-1999-2018.csv", "adj_close")?;
    all.push(("S&P 500, 1999-2018".to_owned(), stocks));
    Some(all)
}

/// The default's mean margin over that of a usual method, where the series is long enough.
fn beside(own: &[f64], returns: &[f64], side: Side, usual: Rolling) -> String {
    let first = usual.window;
    if returns.len() < first + 300 {
        return "-".to_owned();
    }
    let margins = usual.margins(returns, side, first).unwrap().margins;
    let failed = Breaches::of(&margins, &side.losses(&returns[first..])).unwrap();
    let p = failed.coverage(0.01).unwrap().conditional.p_value;
    let ratio = cost(&own[first - STANDARD.least..], &margins).unwrap();
    format!("{ratio:.3}{}", if p < 0.05 { " of one that fails" } else { "" })
}

fn table(series: &[(String, Vec<f64>)]) -> String {
    let mut text = "\n| | days | failures | p cc | mean | peak to trough | 5-day rise | beside \
                    historical, 365 d | beside filtered 0.99, 1,000 d |\n\
                    | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n"
        .to_owned();
    for (name, closes) in series {
        let returns: Vec<f64> =
            closes.windows(2).map(|pair| keelmark_kernels::ln(pair[1] / pair[0])).collect();
        for (side, word) in [(Side::Long, "long"), (Side::Short, "short")] {
            let own = STANDARD.margins(&returns, side, STANDARD.least).unwrap().margins;
            let losses = side.losses(&returns[STANDARD.least..]);
            let coverage = Breaches::of(&own, &losses).unwrap().coverage(0.01).unwrap();
            let cycle = Cycle::of(&own).unwrap();
            let plain = Rolling::new(Method::Plain, 365, 0.99, 0.97);
            let filtered = Rolling::new(Method::Filtered, 1_000, 0.99, 0.99);
            let p = coverage.conditional.p_value;
            let _ = writeln!(
                text,
                "| {name}, {word} | {} | {} | {p:.3}{} | {:.2} % | {:.2} | {:.2} | {} | {} |",
                coverage.steps,
                coverage.failures,
                if p < 0.05 { " fails" } else { "" },
                cycle.mean * 100.0,
                cycle.peak_to_trough,
                cycle.rise_5,
                beside(&own, &returns, side, plain),
                beside(&own, &returns, side, filtered),
            );
        }
    }
    text.push('\n');
    text
}

/// Bitcoin's implied volatility up to its first missing day.
fn implied() -> Option<History> {
    let rows = columns("dvol_BTC_daily_2022_2025.csv.gz", "dvol")?;
    let (mut days, mut values): (Vec<Timestamp>, Vec<f64>) = (Vec::new(), Vec::new());
    for (day, percent) in rows {
        let day: Timestamp = day.parse().unwrap();
        if days.last().is_some_and(|last| day.days_since(*last) > 1.5) {
            break;
        }
        days.push(day);
        values.push(percent / 100.0);
    }
    let asset = Asset::new("BTC").unwrap();
    Some(
        History::new(asset, Factor::Vol, "an index of implied volatility", &days, &values).unwrap(),
    )
}

/// Documents on options of Bitcoin, valued with that history.
fn with_implied(history: &[History]) -> String {
    let asked = Asked {
        books: &["short-strangle BTC", "risk-reversal BTC", "calendar BTC", "covered-call BTC"],
        histories: history,
        ..Asked::BESIDE
    };
    format!("\n{}\n", asked.table().unwrap())
}

/// Compares a part of the page with what was found, or writes it.
fn held(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tail-methods.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- generated: {name} -->\n");
    let from = page.find(&begin).expect("the part of the page") + begin.len();
    let to = from + page[from..].find(END).expect("its end");
    if std::env::var_os("KEELMARK_WRITE").is_some() {
        let written = format!("{}{found}{}", &page[..from], &page[to..]);
        std::fs::write(&path, written).unwrap();
        return;
    }
    assert!(page[from..to] == *found, "run this test with KEELMARK_WRITE=1; found {found}");
}

#[test]
fn the_page_says_what_the_default_does_elsewhere() {
    match series() {
        Some(series) => held("elsewhere", &table(&series)),
        None => eprintln!("{SKIPPED}"),
    }
}

#[test]
fn the_page_says_what_documents_do_with_implied_volatility() {
    match implied() {
        Some(history) => held("implied", &with_implied(&[history])),
        None => eprintln!("{SKIPPED}"),
    }
}
