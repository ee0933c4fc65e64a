//! Snapshots: one of every version stays readable, and what is no snapshot says what it is.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stream;

use keelmark_book::{Decimal, Money, Timestamp};
use keelmark_engine::snapshot::{SnapshotError, sealed};
use keelmark_engine::{Command, Engine};
use proptest::prelude::*;
use stream::run;

/// Every section in its first version, as it was written by the first build that wrote it.
const FIRST: &[u8] = include_bytes!("data/snapshot-1.bin");
/// The same engine as it is written now.
const GOLDEN: &[u8] = include_bytes!("data/snapshot-2.bin");
/// Its root.
const GOLDEN_ROOT: &str = "d778d1f4f22baa746825174329e7351c8770a27766bb45281de6daccd8257cce";

fn engine() -> Engine {
    let mut actions = stream::opening();
    actions.push(
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC","quantity":"0.25","price":"69990.5",
            "buyer":{"account":"ada","fee":"-0.5"},"seller":{"account":"bob","isolated":true}}}"#
            .to_owned(),
    );
    actions.push(
        r#"{"place":{"account":"cy","order":7,"instrument":"deribit:BTC/USD:BTC",
            "quantity":"-25"}}"#
            .to_owned(),
    );
    actions.push(r#"{"close":{"account":"dee"}}"#.to_owned());
    let mut engine = Engine::default();
    for (at, action) in actions.iter().enumerate() {
        let number = at + 1;
        let line = format!(
            r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:{at:02}Z","do":{action}}}"#
        );
        let command: Command = serde_json::from_str(&line).unwrap();
        run(&mut engine, &[command]);
    }
    engine
}

proptest! {
    /// Amounts and instants in bytes are those of the text.
    #[test]
    fn numbers_keep_every_digit(raw in any::<i128>(), nanos in any::<i64>()) {
        let both = (Money::new(Decimal::from_raw(raw)), Timestamp::from_nanos(nanos));
        let bytes = postcard::to_stdvec(&both).unwrap();
        let read = postcard::from_bytes::<(Money, Timestamp)>(&bytes);
        prop_assert_eq!(read.unwrap(), both);
    }
}

#[test]
fn a_number_without_a_magnitude_is_refused() {
    let bytes = postcard::to_stdvec(&i128::MIN).unwrap();
    assert!(postcard::from_bytes::<Money>(&bytes).is_err());
}

/// Writes the sample; only for a new version of the format, under a new name.
#[test]
#[ignore = "writes a file"]
fn write_the_sample() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/snapshot-2.bin");
    std::fs::write(path, engine().snapshot().unwrap()).unwrap();
}

#[test]
fn the_sample_of_version_1_is_read() {
    let mut restored = Engine::restore(GOLDEN).unwrap();
    assert_eq!(restored.root().unwrap().hash.to_string(), GOLDEN_ROOT);
    let state = restored.state();
    assert_eq!((state.sequence, state.accounts.len()), (22, 4));
    let bob = state.account(state.named("bob").unwrap());
    assert_eq!(bob.isolated[0].holding.quantity.to_string(), "-0.25");
    // What is said again gets the answer it got.
    let last = r#"{"from":"desk","number":22,"at":"2026-03-13T19:00:21Z","do":
        {"close":{"account":"dee"}}}"#;
    let again = restored.apply(&serde_json::from_str(last).unwrap()).unwrap();
    assert!(again.answer().events[0].to_string().contains("holds or owes"), "{again:?}");
}

/// What older builds said by number is said by name.
#[test]
fn the_first_sample_is_read_as_the_newest() {
    let mut first = Engine::restore(FIRST).unwrap();
    assert_eq!(first.root().unwrap().hash.to_string(), GOLDEN_ROOT);
    assert!(first.snapshot().unwrap() == GOLDEN, "an answer is another one");
    let said = String::from_utf8_lossy(GOLDEN);
    assert!(said.contains(r#""from":"outside","to":{"account":"ada"}"#));
}

/// As long as the format is the same, so are the bytes.
#[test]
fn the_sample_is_written_so_today() {
    assert!(engine().snapshot().unwrap() == GOLDEN, "the format has changed: see its page");
}

#[test]
fn no_byte_can_be_another() {
    for at in (0..GOLDEN.len()).filter(|at| *at < 100 || at % 13 == 0) {
        let mut bytes = GOLDEN.to_vec();
        bytes[at] ^= 0x41;
        assert!(Engine::restore(&bytes).is_err(), "byte {at}");
    }
    for length in (0..GOLDEN.len()).step_by(17) {
        assert!(Engine::restore(&GOLDEN[..length]).is_err(), "length {length}");
    }
}

#[test]
fn an_error_says_what_is_wrong() {
    let refused = |bytes: &[u8]| Engine::restore(bytes).unwrap_err();
    assert_eq!(refused(b"PK"), SnapshotError::Other);
    let mut newer = GOLDEN.to_vec();
    newer[8] = 9;
    let said = refused(&newer).to_string();
    assert_eq!(said, "layout: expected version 1 to 1, found 9: use the build that wrote it");
    assert!(matches!(refused(&GOLDEN[..99]), SnapshotError::Length { found: 99, .. }));
    let mut body = GOLDEN[52..].to_vec();
    // The version of the first section, behind its name.
    body[6] = 3;
    let said = refused(&sealed(&body)).to_string();
    assert!(said.starts_with("section clock: expected version 1 to 1, found 3"), "{said}");
    let said = refused(&sealed(b"")).to_string();
    assert_eq!(said, "section clock: expected it, found none");
    let mut more = GOLDEN[52..].to_vec();
    more.extend(b"\x03new\x01\0\0\0\0\0\0\0\0\0\0\0");
    let said = refused(&sealed(&more)).to_string();
    assert_eq!(said, "section new: unknown: use the build that wrote it");
}

/// A document of which this build would read another is refused with both digests.
#[test]
fn another_document_is_refused() {
    let digest = engine().state().models[0].document.digest.clone();
    let mut body = GOLDEN[52..].to_vec();
    let at = body.windows(16).position(|text| text == digest.as_bytes()).unwrap();
    body[at..at + 16].copy_from_slice(b"0123456789abcdef");
    let said = Engine::restore(&sealed(&body)).unwrap_err().to_string();
    assert!(
        said.starts_with("section models: model cross 1: expected digest 0123456789"),
        "{said}"
    );
    assert!(said.contains(&format!("found {digest}")), "{said}");
}

/// A balance without its other side is refused.
#[test]
fn amounts_out_of_nothing_are_refused() {
    let mut body = GOLDEN[52..].to_vec();
    let digits = [3u8];
    let at = body.windows(5).position(|text| text == b"\x04USDC").unwrap();
    let refused = (at..body.len()).find_map(|byte| {
        let kept = std::mem::replace(&mut body[byte], digits[0]);
        let said = Engine::restore(&sealed(&body)).err().map(|error| error.to_string());
        body[byte] = kept;
        said.filter(|said| said.contains("to add up to zero"))
    });
    assert!(refused.is_some(), "no changed byte was found out by the sum");
}

/// A refusal can say larger numbers than a command; it is kept as an answer, and the snapshot with
/// it must be read again.
#[test]
fn answers_with_the_largest_numbers_are_read_again() {
    let mut engine = engine();
    let line = r#"{"from":"desk","number":100,"at":"2026-03-13T19:10:00Z","do":{"trade":{
        "instrument":"deribit:BTC/USDC:USDC","quantity":"2","price":"60000000000000000000",
        "buyer":{"account":"ada"},"seller":{"account":"bob"}}}}"#;
    let command: Command = serde_json::from_str(line).unwrap();
    let said = engine.apply(&command).unwrap().into_answer();
    assert!(format!("{said:?}").contains("-119939999999999820127"), "{said:?}");
    let root = engine.root().unwrap();
    let mut again = Engine::restore(&engine.snapshot().unwrap()).unwrap();
    assert_eq!(again.root().unwrap(), root);
    assert_eq!(again.apply(&command).unwrap().into_answer(), said);
}
