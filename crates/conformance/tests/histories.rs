//! The stored histories through the reader: what is known to be wrong with them is found.
//!
//! They are others' records and not in the repository: the folder is `KEELMARK_DATA`, else
//! `../shared/data`.

#![allow(clippy::unwrap_used)]

use conformance::table;
use flate2::read::GzDecoder;
use keelmark_tail::read::{self, Accept, Finding, History, Kind, ReadError, Reading};
use std::io::{Read as _, Write as _};

fn bytes(name: &str) -> Option<Vec<u8>> {
    let Ok(packed) = std::fs::read(table::folder().join(name)) else {
        let line = format!("SKIPPED {name}: not in {}\n", table::folder().display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    };
    if name.strip_suffix(".gz").is_none() {
        return Some(packed);
    }
    let mut text = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut text).unwrap();
    Some(text)
}

/// What a strict reader says, and what comes of accepting it.
fn both(name: &str, accept: &str) -> Option<(Vec<Finding>, History)> {
    let bytes = bytes(name)?;
    let refused = match read::csv(&bytes, &Reading::of(name)) {
        Ok(_) => Vec::new(),
        Err(ReadError::Refused { findings, .. }) => findings.iter().cloned().collect(),
        Err(other) => panic!("{other}"),
    };
    let reading = Reading { accept: Accept::parse(accept).unwrap(), ..Reading::of(name) };
    Some((refused, read::csv(&bytes, &reading).unwrap()))
}

fn count(findings: &[Finding], kind: Kind) -> usize {
    findings.iter().filter(|one| one.kind == kind).count()
}

#[test]
fn daily_closes_of_nine_years_are_sound() {
    for name in ["daily_BTCUSDT_binance_spot.csv.gz", "daily_ETHUSDT_binance_spot.csv.gz"] {
        let Some((refused, history)) = both(name, "") else { continue };
        assert_eq!(refused, []);
        assert_eq!(history.series.closes().len(), 3_266);
        assert_eq!((history.calendar.seconds, history.calendar.weekdays), (86_400, false));
    }
}

#[test]
fn an_exchange_that_stood_still_is_found() {
    let Some((refused, history)) = both("hourly_BTCUSDT_binance_spot.csv.gz", "gap,stale,constant")
    else {
        return;
    };
    // Eleven short gaps and one of eight weeks, and a day and a half in which nothing traded.
    assert_eq!((count(&refused, Kind::Gap), count(&refused, Kind::Constant)), (12, 1));
    assert_eq!(count(&refused, Kind::Stale), 11);
    assert_eq!(refused.len(), 24);
    assert!(refused.iter().any(|one| one.what.starts_with("1356 steps are missing")));
    assert_eq!(history.series.closes().len(), 76_994);
}

#[test]
fn a_coin_that_was_another_one_is_found() {
    let name = "hourly_LUNAUSDT_binance_spot_2021_2023.csv.gz";
    let Some((refused, history)) = both(name, "all") else { return };
    let splits: Vec<&Finding> = refused.iter().filter(|one| one.kind == Kind::Split).collect();
    // The fall to a seventh within an hour was one; the new coin under the old name was none.
    assert_eq!(splits.len(), 1);
    assert!(splits[0].what.contains("from 0.00005"), "{}", splits[0].what);
    assert_eq!(history.series.times()[0].to_string(), "2022-05-31T06:00:00Z");
}

#[test]
fn an_index_has_weekdays_holidays_and_one_long_closure() {
    let Some((refused, history)) = both("sp500-adjclose-1999-2018.csv", "gap") else { return };
    assert!(history.calendar.weekdays);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].what, "4 steps are missing before 2001-09-17T00:00:00Z");
    let holidays = |one: &&Finding| one.kind == Kind::Holiday;
    let holidays: usize = history.findings.iter().filter(holidays).map(|one| one.rows).sum();
    assert_eq!(holidays, 179);
}

#[test]
fn funding_and_volatility_are_levels() {
    let Some(bytes) = bytes("funding_BTCUSDT_binance_2022_2025.csv.gz") else { return };
    let reading = Reading { accept: Accept::parse("gap,clock").unwrap(), ..Reading::of("funding") };
    let found = read::csv_levels(&bytes, &reading).unwrap();
    assert_eq!((found.values.len(), found.calendar.seconds), (3_316, 28_800));
    assert!(found.values.iter().any(|one| *one < 0.0));
}
