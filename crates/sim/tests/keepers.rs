//! A game that is played by `systemic` and by an engine, on the same paths with the same draws,
//! comes to the same, but for what is known to differ; the page shows what is printed.
#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

use sim::keepers::table::{Row, Table};
use sim::keepers::{SAMPLE, game, run};

const PAGE: &str = include_str!("../../../docs/game.md");
/// Standard errors of the difference, path by path.
const ERRORS: f64 = 4.0;
/// What an engine's order of bids may move beyond chance, as a share of a class's profit. It
/// closes loans in smaller bites, so that less is sold before a loan is healthy.
const PROFIT: f64 = 0.03;
/// Money below which a fund's payment is rounding: amounts have six digits, the end of a
/// liquidation is a millionth below the margin.
const ROUNDING: f64 = 1.0;

fn played(text: &str, paths: u64) -> Table {
    run(&game("game.toml", text, Some(paths), Some(1)).unwrap()).unwrap()
}

/// Lines on which engine and play differ by more than chance and what is known.
fn differing(table: &Table) -> Vec<String> {
    let beyond = table.lines.iter().filter(|line| {
        let known = match line.row {
            Row::Come(_) | Row::Nobody(_) => 1e-9,
            Row::Missing(_) | Row::Shortfall => ROUNDING,
            Row::Profit(_) => PROFIT * line.play.mean.abs(),
        };
        line.differs.mean.abs() > ERRORS * line.differs.error + known
    });
    beyond.map(|line| format!("{line:?}")).collect()
}

#[test]
fn the_sample_comes_to_what_the_page_shows_and_play_agrees() {
    let table = played(SAMPLE, 20);
    assert_eq!(differing(&table), Vec::<String>::new());
    assert!(table.facts.bids > 500, "{:?}", table.facts);
    let shown = PAGE.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap());
    let shown: Vec<&str> = shown.filter(|block| block.contains("Theory")).collect();
    assert_eq!(shown, [table.to_string()]);
}

#[test]
fn engine_and_play_agree_where_few_come() {
    let table = played(&SAMPLE.replace("bonus = 0.06 ", "bonus = 0.015 "), 12);
    assert_eq!(differing(&table), Vec::<String>::new());
    let nobody = table.lines.iter().find(|line| line.row == Row::Nobody(1)).unwrap();
    assert!(nobody.engine.mean > 0.0 && nobody.engine.mean < 0.5, "{nobody:?}");
    let fund = table.lines.iter().find(|line| line.row == Row::Shortfall).unwrap();
    assert!(fund.engine.mean > 1_000.0, "{fund:?}");
}

#[test]
fn what_the_engine_has_no_rule_for_is_said() {
    let race = SAMPLE.replace("kind = \"fixed\"", "kind = \"race\"\nlost = 0.2");
    let quick = SAMPLE.replace("tick = 12 ", "tick = 1 ").replace("delay = 12 ", "delay = 1 ");
    let short = SAMPLE.replace("shock = -0.19", "shock = 0.19").replace(
        "side = \"long\"\nsize = 2_000\ndebt = 3_700_000",
        "side = \"short\"\nsize = 2_000\ncash = 7_000_000",
    );
    for (text, said) in [(race, "race"), (quick, "tick"), (short, "short")] {
        let problem = run(&game("game.toml", &text, Some(1), None).unwrap()).unwrap_err();
        assert!(problem.contains(said), "{problem}");
    }
}
