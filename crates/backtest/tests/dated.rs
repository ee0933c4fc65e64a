//! A document of a day that was written down asks what the recipe asks on that day, to the last
//! digit.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use keelmark_backtest::calibrate::{Asked, Past, Pasts, calibrate};
use keelmark_backtest::dynamic::dated;
use keelmark_backtest::history::shipped;
use keelmark_book::{Money, read};
use keelmark_margin::document::library::DYNAMIC;
use keelmark_margin::{Document, margin};

const MARKET: &[u8] = include_bytes!("../../../samples/btc-options-2026-03-13.csv");
const BOOK: &[u8] = include_bytes!("../../../samples/desk.csv");

fn asked(document: &Document) -> Vec<(String, [Money; 3])> {
    let market = read::market("market", MARKET).unwrap();
    let book = read::book("book", BOOK, &market).unwrap();
    let totals = book.accounts.iter().map(|account| {
        let found = margin(document, &market, account).unwrap();
        let total = found.total;
        (account.account.clone(), [total.equity, total.initial, total.maintenance])
    });
    totals.collect()
}

/// Two reports of one history name it by the same digest.
#[test]
fn a_history_has_one_digest() {
    for one in shipped().unwrap() {
        assert_eq!(one.digest(), Past::of(&one).unwrap().digest(), "{}", one.asset);
    }
}

#[test]
fn what_was_written_down_asks_the_same_to_the_last_digit() {
    let time = read::market("market", MARKET).unwrap().as_of;
    let pasts = || shipped().unwrap().iter().map(|one| Past::of(one).unwrap()).collect();
    for (name, _) in DYNAMIC {
        let document = Document::named(name).unwrap();
        let day = "2026-03-12".parse().unwrap();
        let pasts = Pasts::until(pasts(), Some(day)).unwrap();
        let asked_for = Asked { base: Some((*name).to_owned()), ..Asked::default() };
        let found = calibrate(&document, &pasts, &asked_for).unwrap();
        let read = Document::parse("dated.toml", &found.document).unwrap();
        // Numbers beside the scenarios were found anew: the recipe is asked with the same.
        let changed = found.numbers.iter().filter(|row| row.old != Some(row.new));
        let new: Vec<(String, String)> =
            changed.map(|row| (row.field.clone(), row.new.to_string())).collect();
        let new: Vec<(&str, &str)> =
            new.iter().map(|(field, new)| (field.as_str(), new.as_str())).collect();
        let made = dated(&document.with(&new).unwrap(), &shipped().unwrap(), time).unwrap();
        assert_eq!(read.unbound().count(), 0, "{name}");
        let (own, other) = (asked(&made), asked(&read));
        assert_eq!(own, other, "{name}");
        assert!(own.iter().any(|(_, [_, initial, _])| initial.is_positive()), "{name}");
        // So does the made document itself, written down with all that it extends.
        let whole = Document::parse("whole.toml", &made.text()).unwrap();
        assert_eq!((whole.digest.as_str(), asked(&whole)), (made.digest.as_str(), own), "{name}");
    }
}
