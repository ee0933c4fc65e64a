//! Documents with joint scans: bound, written down, refused.

use crate::set::{DOCUMENT, account, asset, bound, joint, market};
use keelmark_margin::joint::JointMoves;
use keelmark_margin::{Document, margin};
use std::sync::Arc;

#[test]
fn a_margin_of_an_unbound_document_says_what_to_give() {
    let document = Document::parse("joint.toml", DOCUMENT).unwrap();
    assert_eq!(document.unbound().count(), 1);
    let market = market();
    let error = margin(&document, &market, &account(&market, &[("USDC", "1")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scan \"history\" takes filtered-historical scenarios, which are made from history: give \
         one with --history, or a dated document that calibrate wrote"
    );
}

#[test]
fn an_underlying_without_moves_is_named_with_what_would_help() {
    let market = market();
    let account = account(&market, &[("v:SOL/USDC:USDC", "1")]);
    let error = margin(&bound(DOCUMENT), &market, &account).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scan \"history\" has no moves of SOL: it has BTC, ETH; give SOL a history, or name an \
         underlying whose moves it takes, [scan.proxy] SOL = \"...\""
    );
    let text = DOCUMENT.replace("[[charge]]", "[scan.proxy]\nSOL = \"ETH\"\n\n[[charge]]");
    let found = margin(&bound(&text), &market, &account).unwrap();
    assert_eq!(found.pools[0].charges[0].plain.amount.to_string(), "45");
}

#[test]
fn written_down_and_read_again_it_is_the_same_document() {
    let mut joint = joint();
    let odd = JointMoves {
        price: vec![-0.1 / 3.0, 1e-7, 0.123_456_789_012_345_68, 2.5e-17],
        slope: vec![0.1 + 0.2, -0.0, 1.0, -1.0 / 7.0],
        ..JointMoves::default()
    };
    joint.moves.insert(asset("SOL"), odd);
    let joint = Arc::new(joint);
    let document = bound(DOCUMENT).with_joint("history", Arc::clone(&joint)).unwrap();
    let again = Document::parse("again.toml", &document.text()).unwrap();
    assert_eq!(again.digest, document.digest);
    assert_eq!(again.scans[0].joint.as_ref().unwrap().joint.as_deref(), Some(&*joint));
    assert_ne!(bound(DOCUMENT).digest, document.digest, "other moves");
    let unbound = Document::parse("joint.toml", DOCUMENT).unwrap();
    assert_ne!(unbound.digest, document.digest, "no moves");
    // The tree that pages and comparisons print does not hold them.
    assert!(!again.tree().to_string().contains("0.123"));
    // Changed in a number, it keeps its scenarios.
    let changed = document.with(&[("levels.initial", "1.5 * worst")]).unwrap();
    assert_eq!(changed.unbound().count(), 0);
    assert_ne!(changed.digest, document.digest);
}

#[test]
fn scenarios_that_are_none_are_refused() {
    let document = Document::parse("joint.toml", DOCUMENT).unwrap();
    let refused = |change: &dyn Fn(&mut keelmark_margin::joint::Joint)| {
        let mut joint = joint();
        change(&mut joint);
        document.with_joint("history", Arc::new(joint)).unwrap_err().to_string()
    };
    let btc = asset("BTC");
    assert_eq!(
        refused(&|one| one.moves.get_mut(&btc).unwrap().price[1] = -1.0),
        "scenarios for scan \"history\": BTC price in \"2020-05-10\": expected above -1 to 100, \
         found -1"
    );
    assert_eq!(
        refused(&|one| one.labels.truncate(3)),
        "scenarios for scan \"history\": BTC price: expected 3 moves, found 4"
    );
    assert_eq!(
        refused(&|one| one.labels.clear()),
        "scenarios for scan \"history\": expected 1 to 20000 joint scenarios, found 0"
    );
    let nan = refused(&|one| one.moves.get_mut(&btc).unwrap().vol[0] = f64::NAN);
    assert!(nan.ends_with("expected above -1 to 100, found NaN"), "{nan}");
    let missing = document.with_joint("histori", Arc::new(joint())).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "joint has no joint scan \"histori\": expected one of its own (history)"
    );
}

#[test]
fn what_a_joint_scan_cannot_have_is_refused_with_its_line() {
    let failed = |scan: &str| {
        let text = DOCUMENT.replace("joint = \"filtered-historical\"", scan);
        Document::parse("joint.toml", &text).unwrap_err().to_string()
    };
    let ranged = failed("joint = \"plain\"\nprice_range = \"0.1\"");
    assert!(ranged.starts_with("joint.toml:21") && ranged.contains("price_range"), "{ranged}");
    let wide = failed("joint = \"plain\"\nmoves = { BTC = { price = [\"-1.5\"] } }");
    assert!(wide.contains("BTC price in \"scenario 1\""), "{wide}");
    let alone = failed("joint = \"plain\"\nlabels = [\"one\"]");
    assert!(alone.contains("labels: expected the moves that they name"), "{alone}");
}
