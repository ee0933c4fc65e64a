//! What the default model was chosen for holds on the shipped histories, and the page says so.

use super::*;
use crate::methods::page::{WALKS, cases, parts, replaced, walked};
use keelmark_tail::standard::STANDARD;

#[test]
fn the_default_holds_what_it_was_chosen_for() {
    let (cases, _) = cases().unwrap();
    assert_eq!(cases.len(), 4);
    for case in &cases {
        let verdict = case.judge(&STANDARD, &case.days()).unwrap();
        let found = &verdict.found;
        assert_eq!(found.coverage.steps, 2_900, "{}", case.name);
        assert!(found.passes(), "{}: {:?}", case.name, found.coverage);
        assert!(!found.coverage.unconditional.rejects(0.95), "{}", case.name);
        assert!(!found.coverage.independence.rejects(0.95), "{}", case.name);
        assert!(found.cycle.peak_to_trough < 4.0, "{}: {:?}", case.name, found.cycle);
        assert!(
            verdict.dearest < 1.0,
            "{}: {} beside {}",
            case.name,
            verdict.dearest,
            verdict.beside
        );
    }
}

/// Found independently with `NumPy`: failures, mean, peak to trough, largest five-day rise.
#[test]
fn the_default_is_what_another_program_finds() {
    let expected = [
        (33, 0.086_561_458_673_616_1, 3.172_619_115_830_853_4, 1.464_140_714_714_749_4),
        (34, 0.084_855_218_136_774_67, 2.499_242_093_774_6, 1.341_345_296_610_910_7),
        (34, 0.119_081_578_559_731_73, 3.025_348_585_535_249, 1.320_103_543_109_888_6),
        (34, 0.105_137_563_546_607_32, 2.902_364_682_052_692_5, 1.303_372_642_497_247),
    ];
    let (cases, _) = cases().unwrap();
    for (case, (failures, mean, swing, rise)) in cases.iter().zip(expected) {
        let found = case.default().unwrap().found;
        let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-9;
        assert_eq!(found.coverage.failures, failures, "{}", case.name);
        assert!(near(found.cycle.mean, mean), "{}: {}", case.name, found.cycle.mean);
        assert!(near(found.cycle.peak_to_trough, swing), "{}", case.name);
        assert!(near(found.cycle.rise_5, rise), "{}", case.name);
    }
}

const PAGE: &str = include_str!("../../../../docs/tail-methods.md");
const REGENERATE: &str =
    "cargo run --release -p keelmark-backtest --bin tail-methods -- docs/tail-methods.md";

#[test]
fn the_page_is_current() {
    assert!(replaced(PAGE, parts().unwrap()).unwrap() == PAGE, "regenerate it: {REGENERATE}");
}

/// Documents, books, histories and rules of the long walks are those that the page was made from.
#[test]
fn the_walks_of_the_page_are_those_of_today() {
    for (name, asked) in WALKS {
        let begin = PAGE.find(&format!("<!-- generated: {name} -->")).unwrap();
        let part = &PAGE[begin..begin + PAGE[begin..].find("<!-- end -->").unwrap()];
        let walk = asked.walk().unwrap();
        let said = format!("{} days, ", walk.days());
        assert!(part.contains(&said), "{name}: {said}, regenerate the page: {REGENERATE}");
        let said = format!("walk `{}`", walk.digest());
        assert!(part.contains(&said), "{name}: {said}, regenerate the page: {REGENERATE}");
    }
}

#[test]
#[ignore = "nine years: cargo test --release -p keelmark-backtest walks_whole -- --ignored"]
fn the_page_has_its_walks_whole() {
    assert!(replaced(PAGE, walked().unwrap()).unwrap() == PAGE, "regenerate it: {REGENERATE}");
}

#[test]
fn a_page_without_its_parts_is_refused() {
    let said = replaced("# A page", vec![("methods", String::new())]).unwrap_err().to_string();
    assert!(said.contains("generated: methods"), "{said}");
}

#[test]
fn a_series_that_is_too_short_is_refused() {
    let returns: Vec<f64> = (0..999).map(|at| f64::from(at % 11 - 5) / 100.0).collect();
    assert!(Case::of("X", returns, Side::Long).is_err());
}
