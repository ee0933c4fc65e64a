//! The charge `tail-loss`: exact measures, parts that add up, scenarios by their labels.

use crate::set::{DOCUMENT, account, asset, bound, joint, market};
use keelmark_book::Money;
use keelmark_margin::charge::Part;
use keelmark_margin::joint::{Joint, JointMoves};
use keelmark_margin::{Document, MarginError, PoolMargin, margin};
use std::sync::Arc;

fn with(fields: &str) -> Document {
    let worst = "kind = \"worst-loss\"\nover = \"history\"";
    bound(&DOCUMENT.replace(worst, &format!("kind = \"tail-loss\"\nover = \"history\"\n{fields}")))
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// Losses of 19,000, 9,000, 14,000 and -500 in the four scenarios.
const HEDGED: [(&str, &str); 2] = [("v:BTC/USDC:USDC", "1"), ("v:ETH/USDC:USDC", "-10")];

fn pool(document: &Document, held: &[(&str, &str)]) -> Result<PoolMargin, MarginError> {
    let market = market();
    Ok(margin(document, &market, &account(&market, held))?.pools.remove(0))
}

#[test]
fn measures_are_exact_and_rounded_up() {
    let asks = |fields: &str| pool(&with(fields), &HEDGED).unwrap().charges[0].plain.amount;
    assert_eq!(asks("measure = \"var\"\nconfidence = \"0.75\""), money("14000"));
    assert_eq!(asks("measure = \"var\"\nconfidence = \"0.99\""), money("19000"));
    assert_eq!(asks("measure = \"es\"\nconfidence = \"0.75\""), money("19000"));
    // One and a half scenarios: (19,000 + 7,000) / 1.5, rounded up at the quantum of the table.
    let third = asks("measure = \"es\"\nconfidence = \"0.625\"");
    let above = third.minus(money("17333.333333333333333333")).unwrap();
    assert!(above.is_positive() && above < money("0.000000001"), "{third}");
    // Each underlying by itself: a hedge is then none.
    let apart = asks("measure = \"es\"\nconfidence = \"0.75\"\nacross = \"unit\"");
    assert_eq!(apart, money("31000"));
    // What gains in every scenario that counts asks nothing.
    assert_eq!(asks("measure = \"var\"\nconfidence = \"0.2\""), Money::ZERO);
}

#[test]
fn it_says_which_scenarios_count_and_what_each_position_adds() {
    let document = with("measure = \"es\"\nconfidence = \"0.625\"\nlisted = 2");
    let found = pool(&document, &HEDGED).unwrap();
    let outcome = &found.charges[0].plain;
    let lines: Vec<&str> = outcome.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        lines,
        [
            "expected shortfall at 62.5 % of 4 scenarios of history: mean of the 1.5 worst",
            "  history 2020-03-12: BTC -40.0 % vol +100.0 %, ETH -45.0 % vol +100.0 %",
            "  history 2021-05-19: BTC -30.0 % vol +50.0 %, ETH -35.0 % vol +50.0 %",
        ]
    );
    assert_eq!(outcome.lines[2].amount, money("14000"));
    let sum = Money::sum(outcome.parts.iter().map(|(_, part)| *part)).unwrap();
    assert_eq!(sum, outcome.amount);
    // (28,000 + 10,500) / 1.5 of the long, -(9,000 + 3,500) / 1.5 of its hedge.
    let near = |at: usize, expected: f64| {
        let found = outcome.parts[at].1.to_f64();
        assert!((found - expected).abs() < 1e-6, "expected {expected}, found {found}");
    };
    near(0, 38_500.0 / 1.5);
    near(1, -12_500.0 / 1.5);
}

#[test]
fn collateral_is_in_the_tail_with_a_part_of_its_own() {
    let fields = "measure = \"es\"\nconfidence = \"0.75\"";
    let worst = "kind = \"worst-loss\"\nover = \"history\"";
    let text = DOCUMENT
        .replace(worst, &format!("kind = \"tail-loss\"\nover = \"history\"\n{fields}"))
        .replace("[[scan]]", "[unit]\nmoves_with = { STETH = \"ETH\" }\n\n[[scan]]");
    let held = [("STETH", "10"), ("v:BTC/USDC:USDC", "1")];
    let found = pool(&bound(&text), &held).unwrap();
    let outcome = &found.charges[0].plain;
    // 28,000 and 45 % of 19,900.
    assert!((outcome.amount.to_f64() - 36_955.0).abs() < 1e-6, "{}", outcome.amount);
    let (_, part) =
        outcome.parts.iter().find(|(of, _)| *of == Part::Holding(asset("STETH"))).unwrap();
    assert!((part.to_f64() - 8_955.0).abs() < 1e-6, "{part}");
}

/// A thousand scenarios of one underlying whose losses are a power tail of index 1/4.
fn thousand() -> Joint {
    let n = 1000;
    let loss = |i: usize| 0.02 * ((1.0 - (i as f64 + 0.5) / n as f64).powf(-0.25) - 1.0);
    let price: Vec<f64> = (0..n).map(|i| -loss(i)).collect();
    let labels = (0..n).map(|i| format!("day {i}")).collect();
    let moves = JointMoves { price, ..JointMoves::default() };
    Joint { labels, moves: [(asset("BTC"), moves)].into() }
}

#[test]
fn a_fitted_tail_is_that_of_its_law_and_says_when_there_is_none() {
    let bound =
        |fields: &str, joint: Joint| with(fields).with_joint("history", Arc::new(joint)).unwrap();
    let held = [("v:BTC/USDC:USDC", "1")];
    let fitted = "measure = \"pot-es\"\nconfidence = \"0.99\"\nthreshold = \"0.9\"";
    let found = pool(&bound(fitted, thousand()), &held).unwrap();
    let outcome = &found.charges[0].plain;
    // VaR 0.02 (100^(1/4) - 1), beyond which the mean excess is (0.005 + xi (x - u)) / (1 - xi).
    let var = 0.02 * (100f64.powf(0.25) - 1.0);
    let shortfall = 70_000.0 * (var + (0.02 * 0.25 + 0.25 * var) / 0.75);
    let ratio = outcome.amount.to_f64() / shortfall;
    assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    assert!(outcome.lines[0].text.contains("tail fitted to the 100 largest: index 0.2"));
    let sum = Money::sum(outcome.parts.iter().map(|(_, part)| *part)).unwrap();
    assert_eq!(sum, outcome.amount);
    // Four scenarios have no tail: the shortfall as counted, and it says so.
    let found = pool(&bound(fitted, joint()), &held).unwrap();
    let outcome = &found.charges[0].plain;
    assert_eq!(outcome.amount, money("28000"));
    assert!(outcome.lines[0].text.ends_with("as counted: the largest leave no tail to fit"));
}

#[test]
fn several_scans_are_each_measured_or_pooled() {
    let two = DOCUMENT
        .replace(
            "kind = \"worst-loss\"\nover = \"history\"",
            "kind = \"tail-loss\"\nover = [\"history\", \"stress\"]\nmeasure = \"es\"\n\
             confidence = \"0.6\"\nCOMBINE",
        )
        .replace(
            "[[charge]]",
            "[[scan]]\nname = \"stress\"\njoint = \"written\"\nlabels = [\"a venue fails\"]\nmoves \
             = { BTC = { price = [\"-0.2\"] }, ETH = { price = [\"-0.2\"] } }\n\n[[charge]]",
        );
    let asks = |combine: &str| {
        let found = pool(&bound(&two.replace("COMBINE", combine)), &[("v:BTC/USDC:USDC", "1")]);
        found.unwrap().charges[0].plain.amount.to_f64()
    };
    // The 1.6 worst of four: (28,000 + 0.6 * 21,000) / 1.6; with a fifth, the two worst.
    assert!((asks("") - 25_375.0).abs() < 1e-6);
    assert!((asks("combine = \"pooled\"") - 24_500.0).abs() < 1e-6);
}

#[test]
fn what_is_no_tail_loss_is_refused() {
    let failed = |fields: &str, over: &str| {
        let scan = "[[scan]]\nname = \"ranged\"\nprice_range = \"0.1\"\ngrid_steps = 2\n";
        let text = DOCUMENT.replace("[[charge]]", &format!("{scan}\n[[charge]]")).replace(
            "kind = \"worst-loss\"\nover = \"history\"",
            &format!("kind = \"tail-loss\"\nover = \"{over}\"\n{fields}"),
        );
        Document::parse("joint.toml", &text).unwrap_err().to_string()
    };
    let es = "measure = \"es\"\n";
    let cases = [
        (format!("{es}confidence = \"1\""), "history", "confidence: expected a share such as"),
        (format!("{es}confidence = \"0.9999999\""), "history", "at most six decimal places"),
        (
            format!("{es}confidence = \"0.99\"\nthreshold = \"0.9\""),
            "history",
            "threshold: expected",
        ),
        (format!("{es}confidence = \"0.99\"\nlisted = \"1.5\""), "history", "listed: expected"),
        (format!("{es}confidence = \"0.99\""), "ranged", "expected joint scans, and \"ranged\""),
    ];
    for (fields, over, expected) in cases {
        let error = failed(&fields, over);
        assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
    }
}
