//! What is accepted as a history, what is refused, and that what is built in is its source.

use super::*;
use std::io::Read as _;

fn day(n: i64) -> Timestamp {
    Timestamp::from_nanos(n * DAY)
}

fn btc() -> Asset {
    Asset::new("BTC").unwrap()
}

fn of(asset: &str, factor: Factor, days: &[i64]) -> History {
    let times: Vec<Timestamp> = days.iter().map(|n| day(*n)).collect();
    let values: Vec<f64> = days.iter().map(|n| 0.5 + *n as f64 / 1000.0).collect();
    History::new(Asset::new(asset).unwrap(), factor, "test", &times, &values).unwrap()
}

fn said(given: Vec<History>) -> String {
    Histories::align(given).unwrap_err().to_string()
}

#[test]
fn what_is_built_in_is_its_source() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for (history, file) in shipped()
        .unwrap()
        .iter()
        .zip(["daily_BTCUSDT_binance_spot.csv.gz", "daily_ETHUSDT_binance_spot.csv.gz"])
    {
        assert_eq!(history.len(), 3_266);
        assert_eq!(history.span().map(|span| date(span.1)), Some("2026-07-26".to_owned()));
        assert!(history.findings.is_empty());
        assert!(history.source.starts_with(file), "{}", history.source);
        let Ok(bytes) = std::fs::read(shared.join(file)) else { continue };
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        let (days, values) = history.columns();
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(rows.len(), days.len());
        for ((row, day), value) in rows.iter().zip(days).zip(values) {
            let cells: Vec<&str> = row.split(',').collect();
            assert_eq!(cells[0], date(*day));
            assert_eq!(cells[4].parse(), Ok(*value), "{row}");
        }
    }
}

#[test]
fn several_values_of_a_day_are_its_last_and_funding_its_sum() {
    let times: Vec<Timestamp> = (0..6).map(|n| Timestamp::from_nanos(n * DAY / 3)).collect();
    let values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    let price = History::new(btc(), Factor::Price, "t", &times, &values).unwrap();
    assert_eq!(price.columns().1, [0.3, 0.6]);
    assert!(price.findings[0].contains("4 values"), "{:?}", price.findings);
    let funding = History::new(btc(), Factor::Funding, "t", &times, &values).unwrap();
    assert!((funding.columns().1[1] - 1.5).abs() < 1e-12);
}

#[test]
fn a_value_that_makes_no_sense_is_refused_with_its_day() {
    let refused = |factor, value| {
        let found = History::new(btc(), factor, "t", &[day(19_000)], &[value]);
        found.unwrap_err().to_string()
    };
    for (factor, value, part) in [
        (Factor::Price, 0.0, "above zero"),
        (Factor::Price, f64::NAN, "above zero"),
        (Factor::Vol, 56.76, "vol%"),
        (Factor::Basis, 6.0, "basis%"),
        (Factor::Funding, 2.0, "funding%"),
        (Factor::Slope, -9.0, "slope"),
    ] {
        let text = refused(factor, value);
        assert!(text.contains(part) && text.contains("2022-01-08"), "{text}");
    }
}

#[test]
fn prices_share_their_days_or_are_refused() {
    let price = |asset, days: &[i64]| of(asset, Factor::Price, days);
    let both = Histories::align(vec![
        price("BTC", &[1, 2, 3, 4, 5, 6]),
        price("ETH", &[3, 4, 5, 6, 7]),
        of("BTC", Factor::Vol, &[4, 5, 6, 7, 8]),
    ])
    .unwrap();
    assert_eq!(both.days(), [day(3), day(4), day(5), day(6)]);
    let vol = both.column(&btc(), Factor::Vol).unwrap();
    assert_eq!((vol.at(0), vol.at(1), vol.at(4)), (None, Some(0.504), None));
    assert_eq!(both.known(vol, 2), 2);
    let text = said(vec![price("BTC", &[1, 2, 3, 4]), price("ETH", &[1, 2, 4])]);
    assert!(text.contains("misaligned") && text.contains("1970-01-04"), "{text}");
    let text = said(vec![price("BTC", &[1, 2, 8])]);
    assert!(text.contains("1970-01-03 is followed by 1970-01-09"), "{text}");
    let text = said(vec![price("BTC", &[1, 2, 3]), of("BTC", Factor::Vol, &[1, 3])]);
    assert!(text.contains("BTC vol: misaligned: no value on 1970-01-03"), "{text}");
    let text = said(vec![of("BTC", Factor::Vol, &[1, 3])]);
    assert!(text.contains("--history BTC:price=FILE"), "{text}");
    let text = said(vec![price("BTC", &[1]), price("BTC", &[1])]);
    assert!(text.contains("given twice"), "{text}");
    assert!(said(vec![]).contains("found none"));
    let text = said(vec![price("BTC", &[1, 2]), of("BTC", Factor::Vol, &[9])]);
    assert!(text.contains("no day in common"), "{text}");
}

fn wanted(factor: Factor, unit: f64, accept: &str) -> Wanted {
    let accept = keelmark_tail::read::Accept::parse(accept).unwrap();
    Wanted { asset: btc(), factor, unit, accept }
}

#[test]
fn a_file_is_read_with_what_is_odd_about_it() {
    let csv = b"date,close\n2026-01-01,100\n2026-01-02,101\n2026-01-03,103\n2026-01-05,99\n";
    let price = |accept| read("b.csv", csv, &wanted(Factor::Price, 1.0, accept));
    let error = price("").unwrap_err().to_string();
    assert!(error.contains("line 5") && error.contains("--accept gap"), "{error}");
    let found = price("gap").unwrap();
    assert_eq!((found.len(), found.findings.len()), (4, 1));
    let vol = b"date,dvol\n2026-01-01,50\n2026-01-02,60\n2026-01-03,55\n";
    let found = read("v.csv", vol, &wanted(Factor::Vol, 0.01, "")).unwrap();
    assert_eq!(found.columns().1, [0.5, 0.6, 0.55]);
    let error = read("v.csv", vol, &wanted(Factor::Vol, 1.0, "")).unwrap_err().to_string();
    assert!(error.contains("vol%"), "{error}");
    let error = read("v.csv", b"date,vol\n2026-01-01,x\n", &wanted(Factor::Vol, 1.0, ""));
    assert!(error.unwrap_err().to_string().starts_with("v.csv:2: "));
    let error = read("h.txt", SHIPPED[1].1.as_bytes(), &wanted(Factor::Price, 1.0, ""));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("expected a history of BTC:price, found one of ETH:price"), "{error}");
    let (times, values) = ([day(20_001), day(20_002), day(20_003)], [1.0, 0.0, 2.0]);
    let error = of_columns("p", &times, &values, &wanted(Factor::Price, 1.0, "")).unwrap_err();
    assert!(error.to_string().contains("--accept price"), "{error}");
}

#[test]
fn the_compact_form_is_refused_at_its_line() {
    let good = SHIPPED[0].1;
    for (from, to, part) in [
        ("keelmark/history/1", "keelmark/history/2", "t:1"),
        ("factor price", "factor colour", "t:3: factor"),
        ("first 2017-08-17", "first yesterday", "t:7: first"),
        ("days 3266", "days 3265", "expected 3266 days, found 3265"),
        ("428508 ", "428508 x ", "t:11: expected a difference"),
        ("428508 ", "9223372036854775807 ", "t:11: expected a difference"),
        ("428508 ", "0 ", "above zero"),
        ("places 2", "places 99", "t:9: places"),
    ] {
        let text = good.replacen(from, to, 1);
        let error = read_compact("t", &text).unwrap_err().to_string();
        assert!(error.contains(part), "{from} to {to}: {error}");
    }
    assert!(read_compact("t", "").is_err());
}
