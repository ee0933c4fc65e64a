//! What each kind of finding is found by, and that nothing odd is used in silence.

use super::*;
use proptest::prelude::*;

const DAY: i64 = 86_400;

fn series(text: &str) -> Result<History, ReadError> {
    csv(text.as_bytes(), &Reading::of("x.csv"))
}

fn accepting(text: &str, what: &str) -> Result<History, ReadError> {
    let reading = Reading { accept: Accept::parse(what).unwrap(), ..Reading::of("x.csv") };
    csv(text.as_bytes(), &reading)
}

/// Daily closes from 2026-01-01 (a Thursday), each moved a little.
fn days(prices: &[f64]) -> String {
    let row = |(n, price): (usize, &f64)| {
        let at = Timestamp::from_millis((20_454 + n as i64) * DAY * 1_000).to_string();
        format!("{},{price}\n", &at[..10])
    };
    format!("date,close\n{}", prices.iter().enumerate().map(row).collect::<String>())
}

#[track_caller]
fn refused(text: &str, kind: Kind, words: &str) {
    let Err(ReadError::Refused { findings, .. }) = series(text) else { panic!("not refused") };
    let found = findings.iter().find(|one| one.kind == kind);
    let found = found.unwrap_or_else(|| panic!("no {kind} among {findings}"));
    assert!(found.what.contains(words), "{}", found.what);
    // Accepted, it is used and still said.
    let names = findings.kinds();
    let accepted = accepting(text, &names).unwrap();
    assert!(accepted.findings.iter().any(|one| one.kind == kind));
}

fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|i| 100.0 + ((i * 7) % 11) as f64).collect()
}

#[test]
fn a_sound_history_has_no_findings() {
    let found = series(&days(&wave(40))).unwrap();
    assert_eq!((found.series.closes().len(), found.findings.len()), (40, 0));
    assert_eq!((found.calendar.seconds, found.calendar.weekdays), (DAY, false));
    assert_eq!(found.series.times()[0].to_string(), "2026-01-01T00:00:00Z");
}

#[test]
fn gaps_duplicates_and_disorder_are_found() {
    let text = days(&wave(20));
    let without: String = text
        .lines()
        .filter(|line| !line.contains("-01-07"))
        .fold(String::new(), |text, line| text + line + "\n");
    refused(&without, Kind::Gap, "1 step is missing before 2026-01-08");
    refused(&format!("{text}2026-01-20,55\n"), Kind::Duplicate, "with 55 for");
    refused(&format!("{text}2026-01-20,106\n"), Kind::Duplicate, "once more");
    let late = format!("{without}2026-01-07,101\n");
    refused(&late, Kind::Order, "after 2026-01-20");
    let sorted = accepting(&late, "order").unwrap();
    assert_eq!(sorted.series.closes()[6], 101.0);
    refused(
        "date,close\n2026-01-01,1\n2026-01-03,2\n2026-01-13,1\n2026-02-28,2\n",
        Kind::Gap,
        "no calendar",
    );
}

#[test]
fn prices_that_are_none_are_left_out() {
    for (bad, words) in
        [("0", "zero"), ("-3", "below"), ("", "no price"), ("NaN", "no price"), ("inf", "beyond")]
    {
        let text = format!("{}2026-01-21,{bad}\n2026-01-22,101\n", days(&wave(20)));
        refused(&text, Kind::Price, words);
        let used = accepting(&text, "price,gap").unwrap();
        assert_eq!(used.series.closes().len(), 21);
    }
    let said = series("date,close\n2026-01-01,x\n").unwrap_err().to_string();
    assert_eq!(said, "x.csv line 2: expected a number, found x");
}

#[test]
fn clocks_are_not_believed() {
    let hours = |scale: i64, odd: i64| {
        let row =
            |n: i64| format!("{},{}\n", (1_700_000_000 / 3_600 + n) * 3_600 * scale, 100 + n % 3);
        format!("ts,close\n{}{}{},101\n", (0..9).map(row).collect::<String>(), odd, "")
    };
    let next = (1_700_000_000 / 3_600 + 9) * 3_600;
    let good = hours(1, next);
    assert_eq!(series(&good).unwrap().calendar.seconds, 3_600);
    refused(&hours(1, next * 1_000), Kind::Clock, "milliseconds, in a column of seconds");
    refused(&hours(1, next + 600), Kind::Clock, "+600 s beside");
    refused(&hours(1, 5), Kind::Clock, "before 1971");
    refused(&hours(1_000, next * 1_000), Kind::Clock, "in a column of seconds");
    let as_of = Some(Timestamp::from_millis((next - 3_600) * 1_000));
    let reading = Reading { as_of, ..Reading::of("x.csv") };
    let said = csv(good.as_bytes(), &reading).unwrap_err().to_string();
    assert!(said.contains("line 11: a time in the future"), "{said}");
    let reading = Reading { accept: Accept::parse("clock").unwrap(), ..reading };
    assert_eq!(csv(good.as_bytes(), &reading).unwrap().series.closes().len(), 9);
}

#[test]
fn a_name_that_changes_its_meaning_begins_anew() {
    let mut prices = wave(30);
    prices.extend(wave(30).iter().map(|one| one / 40_000.0));
    let text = days(&prices);
    refused(&text, Kind::Split, "in one step");
    assert_eq!(accepting(&text, "split").unwrap().series.closes().len(), 30);
    assert_eq!(accepting(&text, "jump").unwrap().series.closes().len(), 60);
    assert_eq!(accepting(&text, "all").unwrap().series.closes().len(), 30);
    // Two for one, in a thing that moves by a hundredth.
    let halved: Vec<f64> =
        (0..40).map(|n| (if n < 20 { 100.0 } else { 50.0 }) + f64::from(n % 3) * 0.5).collect();
    refused(&days(&halved), Kind::Split, "0.5");
    // The same fall in a thing that moves by a tenth is a bad day.
    let wild: Vec<f64> = (0..40)
        .map(|n| (if n < 20 { 100.0 } else { 50.0 }) * (1.0 + f64::from(n % 3) * 0.1))
        .collect();
    assert!(series(&days(&wild)).is_ok());
}

#[test]
fn a_spike_is_left_out_and_not_taken_for_a_split() {
    let mut prices = wave(30);
    prices[12] *= 100.0;
    refused(&days(&prices), Kind::Spike, "between");
    let used = accepting(&days(&prices), "spike").unwrap();
    assert_eq!((used.series.closes().len(), used.findings.len()), (29, 1));
}

#[test]
fn what_stands_still_or_changes_its_scale_is_found() {
    let mut prices = wave(60);
    prices[10..15].fill(77.0);
    refused(&days(&prices), Kind::Stale, "77 for 4 steps more");
    prices[30..55].fill(78.0);
    refused(&days(&prices), Kind::Constant, "78 for 24 steps more");
    let calm = |n: i32| 100.0 + f64::from(n % 5) * if n < 75 { 0.01 } else { 2.0 };
    refused(&days(&(0..150).map(calm).collect::<Vec<f64>>()), Kind::Scale, "on average");
}

#[test]
fn weekends_and_holidays_are_no_gaps() {
    let row = |n: i64| {
        let at = Timestamp::from_millis((20_454 + n) * DAY * 1_000).to_string();
        format!("{},{}", &at[..10], 100 + n % 4)
    };
    let open = |n: &i64| (n + 3) % 7 < 5 && *n != 20;
    let weekdays = (0..60).filter(open).map(row).collect::<Vec<_>>().join("\n");
    let found = series(&format!("date,adj_close\n{weekdays}")).unwrap();
    assert!(found.calendar.weekdays);
    let kinds: Vec<Kind> = found.findings.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [Kind::Holiday]);
    let closed = |line: &&str| ["-02-02", "-02-03", "-02-04"].iter().all(|day| !line.contains(day));
    let closed = weekdays.lines().filter(closed).collect::<Vec<_>>().join("\n");
    refused(&format!("date,adj_close\n{closed}"), Kind::Gap, "3 steps are missing");
}

#[test]
fn columns_are_named_and_bytes_that_are_no_table_refused() {
    let said = |text: &str| series(text).unwrap_err().to_string();
    assert!(said("a,b\n1,2\n").contains("a column of time"));
    assert!(said("date,a,b\n2026-01-01,1,2\n").contains("close or adj_close beside"));
    assert!(said("date,close\n2026-13-01,1\n").contains("line 2: expected a time"));
    assert!(said("date,close\n2026-01-01\n").contains("line 2"));
    assert!(said("date,close\n").contains("needs 2 values, found 0"));
    assert!(csv(&[0xff, 0xfe, 0x00], &Reading::of("x")).is_err());
    let reading = Reading { columns: &["vol", "dvol"], ..Reading::of("x") };
    let text = b"\xef\xbb\xbfDate, dvol\n2026-01-01 00:00, 50\n2026-01-02T00:00:00, 51\n";
    assert_eq!(csv(text, &reading).unwrap().series.closes(), [50.0, 51.0]);
    assert!(Accept::parse("gap,nothing").unwrap_err().to_string().contains("holiday, gap"));
}

#[test]
fn levels_may_be_zero_or_below() {
    let text = "ts,rate\n1700006400,0.0001\n1700035200,0\n1700064000,-0.0002\n";
    let found = csv_levels(text.as_bytes(), &Reading::of("funding.csv")).unwrap();
    assert_eq!(
        (found.values.as_slice(), found.calendar.seconds),
        (&[0.0001, 0.0, -0.0002][..], 28_800)
    );
    let said = csv_levels(b"ts,rate\n1700006400,\n", &Reading::of("f")).unwrap_err().to_string();
    assert!(said.contains("no price"), "{said}");
}

#[test]
fn prices_in_memory_are_checked_alike() {
    let prices = [100.0, 101.0, f64::NAN, 99.0];
    let times: Vec<Timestamp> =
        (0..4).map(|n| Timestamp::from_millis((20_454 + n) * DAY * 1_000)).collect();
    let said = checked(&times, &prices, &Reading::of("x")).unwrap_err().to_string();
    assert!(said.contains("line 3: no price"), "{said}");
    assert!(
        checked(&times[1..], &prices, &Reading::of("x"))
            .unwrap_err()
            .to_string()
            .contains("each of 3")
    );
    assert_eq!(
        checked(&times[..2], &prices[..2], &Reading::of("x")).unwrap().series.closes(),
        [100.0, 101.0]
    );
}

proptest! {
    #[test]
    fn bytes_are_a_history_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let reading = Reading { accept: Accept::parse("all").unwrap(), ..Reading::of("x") };
        let _ = csv(&bytes, &reading);
        let _ = csv_levels(&bytes, &reading);
        let headed = [b"date,close\n".as_slice(), &bytes].concat();
        let _ = csv(&headed, &reading);
    }

    #[test]
    fn what_is_accepted_is_sound(
        rows in prop::collection::vec((0i64..60, -1i32..400), 0..80),
        what in "(gap|clock|price|split|jump|all|,){0,6}",
    ) {
        let row = |(day, cents): &(i64, i32)| {
            format!("{},{}\n", 1_700_000_000 + day * DAY, f64::from(*cents) / 100.0)
        };
        let text = format!("ts,close\n{}", rows.iter().map(row).collect::<String>());
        let Ok(accept) = Accept::parse(&what) else { return Ok(()) };
        let reading = Reading { accept, ..Reading::of("x") };
        if let Ok(found) = csv(text.as_bytes(), &reading) {
            prop_assert!(found.findings.iter().all(|one| reading.accept.has(one.kind)));
            prop_assert!(found.series.closes().len() >= 2);
            // What was accepted once is accepted again.
            let accept = Accept::parse("all,jump").unwrap();
            let reading = Reading { accept, ..Reading::of("x") };
            let again = checked(found.series.times(), found.series.closes(), &reading);
            prop_assert!(again.is_ok() || found.series.closes().len() < 4);
        }
    }
}
