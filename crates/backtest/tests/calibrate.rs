//! A document's numbers from history: that they are what history says, that the document written
//! is the one computed, and that what cannot be trusted is refused or flagged.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_backtest::calibrate::{Asked, Calibration, Past, Pasts, Row, Says, calibrate};
use keelmark_backtest::history::shipped;
use keelmark_margin::Document;
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::document::plan::Plan;
use keelmark_margin::document::{changes, step};
use keelmark_tail::Series;
use keelmark_units::Timestamp;

const DAY: i64 = 86_400_000_000_000;
const DAYS: usize = 1_500;
/// Coins of this document fall in its scans: a haircut of theirs is found where a plan says so.
const CUT: &str = "[[field]]\npath = \"collateral.assets.BTC\"\nas = \"ratio\"\n\
                   [[field]]\npath = \"collateral.assets.ETH\"\nas = \"ratio\"\n";

fn day(at: usize) -> Timestamp {
    Timestamp::from_nanos((17_000 + at as i64) * DAY)
}

fn past(asset: &str, says: Says, values: Vec<f64>) -> Past {
    let times = (0..values.len()).map(day).collect();
    let series = Series::new(asset, times, values).unwrap();
    Past { asset: asset.to_owned(), says, series, findings: Vec::new() }
}

/// Numbers between -1 and 1 that look drawn, from a seed.
fn drawn(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut out = Vec::new();
    for _ in 0..count {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        out.push((state >> 33) as f64 / f64::from(1u32 << 30) - 1.0);
    }
    out
}

/// A value that moves by these logarithms.
fn path(start: f64, logs: &[f64]) -> Vec<f64> {
    let mut value = start;
    let mut out = vec![value];
    for log in logs {
        value *= log.exp();
        out.push(value);
    }
    out
}

/// A coin whose daily moves are at most `width`, the same for a seed.
fn coin(asset: &str, seed: u64, width: f64) -> Past {
    let logs: Vec<f64> = drawn(seed, DAYS).iter().map(|one| one * width).collect();
    past(asset, Says::Price, path(100.0, &logs))
}

fn built_in() -> Vec<Past> {
    shipped().unwrap().iter().map(|one| Past::of(one).unwrap()).collect()
}

fn pasts(given: Vec<Past>) -> Pasts {
    Pasts::until(given, None).unwrap()
}

fn run(model: &str, given: Vec<Past>, plan: &str) -> Result<Calibration, String> {
    let document = Document::named(model).unwrap();
    let pasts = Pasts::until(given, None).map_err(|error| error.to_string())?;
    let plan = Plan::parse("plan.toml", plan).unwrap();
    let asked = Asked { base: Some(model.to_owned()), plan, effective: None };
    calibrate(&document, &pasts, &asked).map_err(|error| error.to_string())
}

fn row<'c>(found: &'c Calibration, field: &str) -> &'c Row {
    let known: Vec<&str> = found.numbers.iter().map(|row| row.field.as_str()).collect();
    let own = found.numbers.iter().find(|row| row.field == field);
    own.unwrap_or_else(|| panic!("{field} is not in {known:?}, left {:?}", found.left))
}

fn why<'c>(found: &'c Calibration, field: &str) -> &'c str {
    let own = found.left.iter().find(|one| one.field == field);
    own.map_or_else(|| panic!("{field} is not left: {:?}", found.left), |one| &one.why)
}

#[test]
fn every_document_is_written_as_it_was_computed_or_says_why_not() {
    for (model, _) in BUILT_IN {
        let found = match run(model, built_in(), "") {
            Ok(found) => found,
            Err(said) => {
                assert!(said.contains("nothing to calibrate"), "{model}: {said}");
                continue;
            }
        };
        let read = Document::parse("new.toml", &found.document).unwrap();
        assert_eq!(read.digest, found.digest, "{model}");
        assert_eq!(read.evidence.len(), found.numbers.len(), "{model}");
        assert!(read.version.ends_with("calibrated to 2026-07-26"), "{model}");
        assert_eq!(read.effective, "2026-07-26", "{model}");
        // A document of one's own has no base to extend: it says everything itself.
        let alone = calibrate(&read, &pasts(built_in()), &Asked::default()).unwrap();
        let again = Document::parse("whole.toml", &alone.document).unwrap();
        assert_eq!((again.version, again.digest), (read.version.clone(), alone.digest), "{model}");
        for one in &read.evidence {
            assert_eq!(read.tree().at(&one.field).unwrap().decimal().unwrap(), one.new, "{model}");
        }
        let old = Document::named(model).unwrap();
        for change in changes(&old, &read) {
            let about = ["version", "effective", "source"].contains(&change.path.as_str());
            // Tiers without evidence of their own are only raised to the first.
            let raised = change.path.contains("tiers");
            let has = read.evidence.iter().any(|one| one.field.starts_with(&change.path));
            assert!(about || raised || has, "{model}: {}", change.path);
        }
    }
}

/// The number is what sorting the moves says, at the step it is rounded to, against the account.
#[test]
fn a_range_is_the_order_statistic_of_the_moves() {
    let given = built_in();
    let closes = given[0].series.closes().to_vec();
    for (horizon, days) in [("1d", 1), ("3d", 3)] {
        let plan = format!("horizon = \"{horizon}\"\nround = \"0.0001\"");
        let found = run("scan16", given.clone(), &plan).unwrap();
        let own = row(&found, "params.price_range.BTC");
        let tail = |sign: f64| {
            let moves = closes.windows(days + 1).map(|part| (part[days] / part[0] - 1.0) * sign);
            let mut moves: Vec<f64> = moves.collect();
            moves.sort_by(f64::total_cmp);
            moves[(moves.len() as f64 * 0.99).ceil() as usize - 1]
        };
        let expected = (tail(1.0).max(tail(-1.0)) * 10_000.0).ceil() / 10_000.0;
        assert!((own.new.to_f64() - expected).abs() < 1e-9, "{horizon}: {expected} {own:?}");
        let test = own.in_sample.as_ref().unwrap();
        assert_eq!(test.periods.to_f64() as usize, (closes.len() - days).div_ceil(days));
    }
}

#[test]
fn nothing_after_the_date_is_known() {
    let document = Document::named("scan16").unwrap();
    let date: Timestamp = "2021-01-01".parse().unwrap();
    let asked = Asked { base: Some("scan16".to_owned()), ..Asked::default() };
    let cut = |mut past: Past| {
        past.series = past.series.between(day(0), date);
        past
    };
    let whole = Pasts::until(built_in(), Some(date)).unwrap();
    let part = Pasts::until(built_in().into_iter().map(cut).collect(), Some(date)).unwrap();
    let of = |pasts| calibrate(&document, pasts, &asked).unwrap();
    assert_eq!(of(&whole).document, of(&part).document);
    assert_eq!(of(&whole).effective, "2021-01-01");
}

#[test]
fn up_and_down_have_ranges_of_their_own_where_asked() {
    let logs: Vec<f64> =
        drawn(3, DAYS).iter().map(|one| if *one > 0.0 { one * 0.02 } else { one * 0.1 }).collect();
    let given = vec![past("BTC", Says::Price, path(100.0, &logs))];
    let found = run("scan16", given, "apart = true").unwrap();
    let up = row(&found, "params.price_range.BTC").new;
    let down = row(&found, "scan.sixteen.price_range_down.BTC").new;
    assert_eq!((up.to_string(), down.to_string()), ("0.02".to_owned(), "0.1".to_owned()));
    let read = Document::parse("new.toml", &found.document).unwrap();
    let own = read.scans[0].price_range_down.as_ref().unwrap();
    assert_eq!(own.get("down", &keelmark_book::Asset::new("BTC").unwrap()).unwrap(), down);
}

#[test]
fn a_number_moves_only_so_far_at_once_and_within_what_the_plan_allows() {
    let wild = || vec![coin("BTC", 1, 0.3)];
    let plain = row(&run("scan16", wild(), "").unwrap(), "params.price_range.BTC").new;
    // A scenario falls by three ranges: a wider one would take the price below zero.
    assert_eq!(plain.to_string(), "0.33");
    let capped = run("scan16", wild(), &format!("max_rise = \"0.25\"\n{CUT}")).unwrap();
    let own = row(&capped, "params.price_range.BTC");
    assert_eq!(own.new.to_string(), "0.15");
    assert!(own.notes.iter().any(|note| note.contains("only so far at once")), "{own:?}");
    assert_eq!(own.old_held, Some(false));
    let calm = run("scan16", vec![coin("BTC", 1, 0.01)], "max_fall = \"0.5\"").unwrap();
    assert_eq!(row(&calm, "params.price_range.BTC").new.to_string(), "0.06");
    let plan = "[[field]]\npath = \"params.price_range\"\nleast = \"0.07\"\n";
    let least = run("scan16", vec![coin("BTC", 1, 0.01)], plan).unwrap();
    assert_eq!(row(&least, "params.price_range.BTC").new.to_string(), "0.07");
    let kept = run("scan16", wild(), "[[field]]\npath = \"params\"\nkeep = true\n").unwrap();
    assert!(why(&kept, "params.price_range.BTC").contains("as the plan says"));
    // A ratio falls as its haircut rises: a quarter of 5 % more.
    let ratio = row(&capped, "collateral.assets.BTC").new;
    assert_eq!(ratio.to_string(), "0.937");
}

/// Calibrated numbers are enacted in steps like any others; on the way there is no evidence.
#[test]
fn a_calibrated_document_can_be_reached_in_steps() {
    let found = run("scan16", built_in(), "").unwrap();
    let old = Document::named("scan16").unwrap();
    let new = Document::parse("new.toml", &found.document).unwrap();
    let half = step(&old, &new, 1, 2).unwrap();
    assert!(half.document.evidence.is_empty() && half.numbers.len() >= 2);
    assert_eq!(step(&old, &new, 2, 2).unwrap().document.evidence, new.evidence);
}

/// What falls in scans is not cut as well; a stablecoin, which does not, is.
#[test]
fn coins_that_move_in_scans_are_not_cut_twice() {
    for (model, field) in
        [("scan16", "collateral.assets.BTC"), ("tail-es", "collateral.assets.ETH")]
    {
        let found = run(model, built_in(), "").unwrap();
        assert!(why(&found, field).contains("count that twice"), "{model}");
    }
    assert!(
        run("cross", built_in(), "")
            .unwrap()
            .numbers
            .iter()
            .any(|row| { row.field == "collateral.assets.BTC.tiers[0].ratio" })
    );
}

#[test]
fn collateral_below_par_counts_from_par() {
    let mut closes: Vec<f64> = drawn(9, DAYS).iter().map(|one| 1.0 + 0.001 * one).collect();
    // Forty days towards ninety cents and back, a cent a day: no day falls by more than two.
    for at in 0..40 {
        closes[700 + at] = 1.0 - 0.01 * (at.min(39 - at) as f64).min(10.0);
    }
    let given = vec![past("USDT", Says::Price, closes), coin("BTC", 1, 0.05)];
    let found = run("scan16", given, "").unwrap();
    let own = row(&found, "collateral.assets.USDT");
    assert!((0.895..=0.905).contains(&own.new.to_f64()), "{own:?}");
    assert!(own.notes.iter().any(|note| note.contains("below one counts")), "{own:?}");
}

/// Collateral that falls when positions do is cut by what it loses then; one that rises is not.
#[test]
fn wrong_way_collateral_is_cut_by_its_loss_in_bad_times() {
    let market = drawn(7, DAYS);
    let moved = |beta: f64, own: f64, seed: u64| -> Vec<f64> {
        let alone = drawn(seed, DAYS);
        let crash = |one: f64| if one < -0.985 { -0.3 } else { 0.0 };
        let logs = market.iter().zip(&alone);
        let logs: Vec<f64> =
            logs.map(|(all, alone)| beta * (0.03 * all + crash(*all)) + own * alone).collect();
        path(100.0, &logs)
    };
    let given = |beta: f64| {
        vec![
            past("BTC", Says::Price, moved(1.0, 0.0, 1)),
            past("ETH", Says::Price, moved(beta, 0.02, 2)),
        ]
    };
    let notes = |beta: f64, plan: &str| {
        let found = run("scan16", given(beta), &format!("{plan}\n{CUT}")).unwrap();
        let own = row(&found, "collateral.assets.ETH");
        (own.new.to_f64(), own.notes.join("; "))
    };
    let (with, said) = notes(0.5, "confidence = \"0.985\"");
    assert!(said.contains("wrong way") && said.contains("falls of"), "{said}");
    let (alone, said) = notes(0.5, "confidence = \"0.985\"\nlikely = \"nothing\"");
    assert!(!said.contains("wrong way") && alone > with, "{alone} {with} {said}");
    let (_, said) = notes(-0.5, "");
    assert!(!said.contains("falls of BTC"), "{said}");
    let (_, said) = notes(0.5, "likely = \"short\"");
    assert!(!said.contains("wrong way"), "{said}");
}

#[test]
fn a_tail_that_cannot_be_trusted_is_flagged_and_replaced() {
    // Moves whose size is a high power of chance: the tail index is far above one.
    let wild: Vec<f64> = drawn(11, DAYS)
        .iter()
        .map(|one| (1e-5 / (1.0 - one.abs()).max(2e-4).powf(1.6)).min(0.6) * one.signum())
        .collect();
    let given = vec![past("BTC", Says::Price, path(100.0, &wild))];
    let plan = "method = \"pot\"\n[[field]]\npath = \"collateral\"\nkeep = true\n";
    let found = run("scan16", given, plan).unwrap();
    let own = row(&found, "params.price_range.BTC");
    let said = own.notes.join("; ");
    assert!(said.contains("at or above one") && said.contains("order statistic"), "{said}");
    let calm = run("scan16", built_in(), "method = \"pot\"\nconfidence = \"0.999\"\n").unwrap();
    let own = row(&calm, "params.price_range.BTC");
    assert!(!own.notes.iter().any(|note| note.contains("fell back")), "{own:?}");
    assert!((0.15..0.30).contains(&own.new.to_f64()), "{own:?}");
}

#[test]
fn a_history_that_says_nothing_is_refused_with_what_to_change() {
    let said = |given: Vec<Past>, plan: &str| run("scan16", given, plan).unwrap_err();
    let short = past("BTC", Says::Price, path(100.0, &drawn(1, 60)));
    assert!(said(vec![short], "").contains("use a longer history"));
    let still = past("BTC", Says::Price, vec![100.0; 800]);
    assert!(said(vec![still], "").contains("constant"));
    let few = vec![coin("BTC", 1, 0.05)];
    let text = said(few, "confidence = \"0.9999\"");
    assert!(text.contains("needs 10000 values, found 1500"), "{text}");
    let mut logs = drawn(1, DAYS);
    logs.iter_mut().for_each(|one| *one = one.abs() * 0.01 + 0.001);
    let rising = run("scan16", vec![past("BTC", Says::Price, path(1.0, &logs))], CUT).unwrap();
    assert!(why(&rising, "collateral.assets.BTC").contains("only goes one way"));
    let twice = vec![coin("BTC", 1, 0.1), coin("BTC", 2, 0.1)];
    assert!(said(twice, "").contains("given twice"));
    assert!(said(vec![past("BTC", Says::Vol, vec![0.5; 400])], "").contains("no prices"));
    assert!(said(vec![], "").contains("--history"));
    let formulas = run("dydx-v4", built_in(), "").unwrap_err();
    assert!(formulas.contains("nothing to calibrate") && formulas.contains("name them in a plan"));
}

/// Two worlds under one name are told.
#[test]
fn a_series_that_is_not_stationary_is_flagged() {
    let width = |at: usize| if at < DAYS / 2 { 0.01 } else { 0.1 };
    let logs = drawn(5, DAYS).into_iter().enumerate();
    let logs: Vec<f64> = logs.map(|(at, one)| one * width(at)).collect();
    let found = run("scan16", vec![past("BTC", Says::Price, path(100.0, &logs))], "").unwrap();
    let own = row(&found, "params.price_range.BTC");
    assert!(own.notes.iter().any(|note| note.contains("not stationary")), "{own:?}");
}

#[test]
fn numbers_in_formulas_are_found_where_a_plan_says_what_they_mean() {
    let plan = "[[field]]\npath = \"params.leverage\"\nas = \"leverage\"\n\
                [[field]]\nunderlying = \"default\"\nlike = [\"BTC\", \"ETH\"]\n";
    let found = run("cross", built_in(), plan).unwrap();
    let own = row(&found, "params.leverage.BTC");
    // A day's 99 % move is about a tenth.
    assert_eq!(own.new.to_string(), "9");
    let default = row(&found, "params.leverage.default");
    assert!(default.new <= row(&found, "params.leverage.ETH").new);
    assert!(default.notes.iter().any(|note| note.contains("the largest of BTC, ETH: ETH")));
    let nowhere = run("cross", built_in(), "[[field]]\npath = \"params.x\"\nas = \"ratio\"\n");
    assert!(why(&nowhere.unwrap(), "params.x").contains("nothing is there"));
}

#[test]
fn tiers_grow_with_size_and_without_volume_only_the_first_is_found() {
    let mut given = built_in();
    let found = run("cross", given.clone(), "").unwrap();
    let field = |at: usize| format!("charge.futures_maintenance.tiers.BTC[{at}].rate");
    let first = row(&found, &field(0)).new;
    assert!(why(&found, "charge.futures_maintenance.tiers.BTC[1..]").contains("no volume of BTC"));
    let read = Document::parse("new.toml", &found.document).unwrap();
    assert_eq!(read.tree().at(&field(1)).unwrap().decimal().unwrap(), first);
    assert_eq!(read.tree().at(&field(11)).unwrap().decimal().unwrap().to_string(), "0.5");
    let times = given[0].series.times().to_vec();
    let volume = Series::new("BTC", times.clone(), vec![20_000.0; times.len()]).unwrap();
    given.push(Past { says: Says::Volume, series: volume, ..given[0].clone() });
    let sized = run("cross", given.clone(), "").unwrap();
    let rates: Vec<f64> = (0..12).map(|at| row(&sized, &field(at)).new.to_f64()).collect();
    assert!(rates.windows(2).all(|pair| pair[0] <= pair[1]) && rates[11] > 1.5 * rates[0]);
    // A tenth of the volume of a day, in dollars; less where the book is thinner.
    let price = given[0].series.closes()[times.len() - 1];
    let cap = |found: &Calibration| row(found, "collateral.assets.BTC.cap").new.to_f64();
    let most = 2_000.0 * price;
    assert!((cap(&sized) / most - 1.0).abs() < 0.1 && cap(&sized) <= most);
    let depth = Series::new("BTC", times.clone(), vec![50.0; times.len()]).unwrap();
    given.push(Past { says: Says::Depth, series: depth, ..given[0].clone() });
    assert!(cap(&run("cross", given, "").unwrap()) <= 50.0 * price);
}

#[test]
fn volatility_moves_as_options_say_else_as_prices_do_and_then_only_up() {
    let moves: Vec<f64> = drawn(21, DAYS);
    let vol: Vec<f64> = moves.iter().map(|one| 0.5 * (0.3 * one).exp()).collect();
    let week: Vec<f64> = moves.iter().map(|one| 0.5 * (0.6 * one).exp()).collect();
    let given = vec![
        coin("BTC", 1, 0.05),
        past("BTC", Says::Vol, vol),
        past("BTC", Says::VolAt(7), week),
        coin("ETH", 2, 0.05),
    ];
    let found = run("deribit-pm", given, "").unwrap();
    assert!(row(&found, "params.vol_up.BTC").new.to_f64() > 0.5);
    let realised = row(&found, "params.vol_up.ETH");
    assert_eq!(realised.new.to_string(), "0.4");
    assert!(realised.notes.iter().any(|note| note.contains("may only raise")), "{realised:?}");
    assert_eq!(row(&found, "params.vol_down.ETH").new.to_string(), "0.25");
    // Volatility at seven days moves twice as far in logarithms: ln(ratio) / ln(30 / 7).
    let power = row(&found, "scan.standard.vol_tenor.short_power");
    assert!((0.5..1.0).contains(&power.new.to_f64()), "{power:?}");
    assert!(why(&found, "scan.standard.vol_tenor.long_power").contains("above 30 days"));
}

#[test]
fn a_horizon_below_a_row_is_scaled_and_latency_comes_before_it() {
    let of = |plan: &str| {
        let found = run("scan16", built_in(), &format!("round = \"0.0001\"\n{plan}")).unwrap();
        let own = row(&found, "params.price_range.BTC").clone();
        (own.new.to_f64(), own.horizon.clone(), own.notes.join("; "))
    };
    let (day, _, _) = of("");
    let (six, horizon, said) = of("horizon = \"5h\"\nlatency = \"1h\"\n");
    assert_eq!(horizon, "1h + 5h");
    assert!((six / day - 0.5).abs() < 0.03, "{six} {day}");
    assert!(said.contains("root of time, 0.5000"), "{said}");
}

/// A document whose scenarios are made from history is written with those of the date in it.
#[test]
fn a_dynamic_document_becomes_one_of_its_date() {
    let mut given = built_in();
    let times = given[0].series.times().to_vec();
    let volume = Series::new("BTC", times.clone(), vec![12_345.0; times.len()]).unwrap();
    given.push(Past { says: Says::Volume, series: volume, ..given[0].clone() });
    let found = run("tail-es", given.clone(), "").unwrap();
    assert!(found.scenarios.iter().all(|(_, count)| *count >= 1_000), "{:?}", found.scenarios);
    assert_eq!(found.scenarios.len(), 2);
    let read = Document::parse("new.toml", &found.document).unwrap();
    assert_eq!((read.digest.as_str(), read.unbound().count()), (found.digest.as_str(), 0));
    assert_eq!(row(&found, "charge.size.volume.BTC").new.to_string(), "12000");
    // A second calibration says so once.
    assert_eq!(read.sources.iter().filter(|text| text.contains("numbers calibrated")).count(), 1);
    assert_eq!(read.tree().at("charge.closing.volume.BTC").unwrap().text().unwrap(), "12000");
    // Calibrated again it is made again, of what was known by then.
    let pasts = Pasts::until(given, Some("2024-01-01".parse().unwrap())).unwrap();
    let before = calibrate(&read, &pasts, &Asked::default()).unwrap();
    assert!(before.scenarios[1].1 < found.scenarios[1].1, "{:?}", before.scenarios);
    let none = run("tail-es", vec![coin("BTC", 1, 0.05)], "").unwrap_err();
    assert!(none.contains("no price of ETH"), "{none}");
}
