//! What a backtest reads: books that go through history, and histories in our compact form.

use crate::target::said;
use keelmark_backtest::book::{BUILT_IN, parse};
use keelmark_backtest::history::{SHIPPED, read_compact};
use std::str::from_utf8;

/// The books that are built in, whole and one of each.
pub fn books_corpus() -> Vec<Vec<u8>> {
    let head = "schema = \"keelmark/books/1\"\n\n";
    let each = BUILT_IN.split("[[book]]").skip(1).map(|book| format!("{head}[[book]]{book}"));
    each.map(String::into_bytes).chain([BUILT_IN.as_bytes().to_vec()]).collect()
}

/// Whether the bytes are books.
pub fn books(bytes: &[u8]) -> bool {
    let Some(found) = from_utf8(bytes).ok().and_then(|text| said(parse("input", text))) else {
        return false;
    };
    for book in &found {
        assert!(!book.name.is_empty() && !book.legs.is_empty(), "an empty book");
        assert!(book.legs.iter().all(|leg| leg.coins.is_finite() && leg.coins != 0.0));
    }
    true
}

/// The beginning of a built-in history.
pub fn history_corpus() -> Vec<Vec<u8>> {
    let begin = |text: &str| {
        let lines: Vec<&str> = text.lines().take(12).collect();
        let days: usize = lines.iter().skip(10).map(|line| line.split_whitespace().count()).sum();
        lines.join("\n").replace("days 3266", &format!("days {days}")).into_bytes()
    };
    SHIPPED.iter().map(|(_, text)| begin(text)).collect()
}

/// Whether the bytes are a history.
pub fn history(bytes: &[u8]) -> bool {
    let text = from_utf8(bytes).ok();
    let Some(found) = text.and_then(|text| said(read_compact("input", text))) else {
        return false;
    };
    let (days, values) = found.columns();
    assert_eq!(days.len(), values.len());
    assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "days that do not ascend");
    assert!(values.iter().all(|one| one.is_finite()), "a value that is no number");
    true
}
