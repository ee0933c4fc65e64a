//! A document of a day knows nothing of what came after it.

use super::*;
use crate::history::{Factor, Histories, History, shipped};
use crate::world::{Rules, Smile};
use keelmark_tail::{Ewma, Rule, STANDARD, Side};
use keelmark_units::Timestamp;

/// A small recipe with every method.
const DOCUMENT: &str = r#"
schema = "keelmark/model/1"
name = "every-method"
title = "every method"
version = "1"
effective = "2026-01-01"
source = ["a test"]

[pool]
by = "account"
currency = "USD"

[collateral.assets]
USD = "1"
BTC = "1"

[unit]
by = "underlying"
coins_move = true

[tail]
horizon_days = 1
latency_minutes = 60

[tail.history]
BTC = { vol = { down = "0.99", up = "0.50" } }
ETH = "ETH"

[[tail.set]]
name = "plain"
method = "historical"
window = 100

[[tail.set]]
name = "filtered"
method = "filtered"
window = 200
volatility = { kind = "ewma", lambda = "0.97", warm_up = 30 }
[tail.set.damping]
stress_weight = "0.25"
floor = { of = "mean", share = "0.5" }
buffer = "0.25"
ramp = 5

[[tail.set]]
name = "garch"
method = "filtered"
window = 200
mirrored = true
volatility = { kind = "garch", law = "normal", fit_window = 250, fit_every = 100 }
damping = { floor = { of = "long", window = 500, share = "0.5" } }

[[tail.set]]
name = "copula"
method = "copula"
window = 200
volatility = { kind = "ewma", lambda = "0.97", warm_up = 30 }
correlation_lambda = "0.98"
shrinkage = "0.1"
count = 50
seed = 7

[[tail.set]]
name = "crash"
method = "stressed"
periods = [{ label = "march", from = "2020-03-10", to = "2020-03-13" }]
worst = 3

[[tail.set]]
name = "thought"
method = "hypothetical"
mirrored = true
scenarios = [{ label = "fall", BTC = { price = "-0.5" }, ETH = { price = "-0.6" } }]

[[scan]]
name = "plain"
joint = "plain"

[[scan]]
name = "filtered"
joint = "filtered"

[[scan]]
name = "garch"
joint = "garch"

[[scan]]
name = "copula"
joint = "copula"

[[scan]]
name = "crash"
joint = "crash"

[[scan]]
name = "thought"
joint = "thought"

[[charge]]
name = "tail"
kind = "worst-loss"
over = ["plain", "filtered", "garch", "copula", "crash", "thought"]

[levels]
initial = "tail"
maintenance = "tail"
"#;

fn world(end: usize) -> World {
    let given = shipped().unwrap().into_iter().map(|one| {
        let (days, values) = one.columns();
        let end = end.min(days.len());
        let (days, values) = (&days[..end], &values[..end]);
        History::new(one.asset.clone(), one.factor, "cut", days, values).unwrap()
    });
    let histories = Histories::align(given.collect()).unwrap();
    World::new(histories, Rules::default(), Smile::flat()).unwrap()
}

fn maker(world: &World, seed: u64) -> Maker {
    Maker::new(Document::parse("d.toml", DOCUMENT).unwrap(), world, seed).unwrap()
}

fn joint(made: &Made<'_>, scan: &str) -> Arc<keelmark_margin::joint::Joint> {
    let scan = made.document.scans.iter().find(|one| one.name == scan).unwrap();
    Arc::clone(scan.joint.as_ref().unwrap().joint.as_ref().unwrap())
}

#[test]
fn a_document_does_not_know_what_comes() {
    let (all, cut) = (world(usize::MAX), world(1_001));
    let (all, cut) = (maker(&all, 1), maker(&cut, 1));
    assert_eq!(all.needs(), 250);
    let (late, early) = (all.on(1_000).unwrap(), cut.on(1_000).unwrap());
    assert_eq!(late.document.digest, early.document.digest);
    assert_eq!(late.flags, early.flags);
    assert_eq!(late.document.unbound().count(), 0);
    assert!(all.on(200).is_err());
}

#[test]
fn every_method_has_its_scenarios() {
    let world = world(usize::MAX);
    let made = maker(&world, 1);
    let made = made.on(1_500).unwrap();
    let btc = Asset::new("BTC").unwrap();
    let eth = Asset::new("ETH").unwrap();
    for (scan, count, first) in [
        ("plain", 100, "2021-06-18"),
        ("filtered", 200, "2021-03-10"),
        ("garch", 400, "2021-03-10"),
        ("copula", 50, "copula 0"),
        ("crash", 7, "stress: march 2020-03-10"),
        ("thought", 2, "fall"),
    ] {
        let joint = joint(&made, scan);
        assert_eq!((joint.len(), joint.labels[0].as_str()), (count, first), "{scan}");
        assert_eq!(joint.moves[&eth].price.len(), count);
        assert!(joint.moves[&eth].vol.is_empty() || scan == "thought");
    }
    // A day as it was, an hour of latency on top, and the answer of volatility.
    let plain = joint(&made, "plain");
    let prices = world.histories.prices(&btc).unwrap();
    let moved = keelmark_kernels::ln(prices[1_500] / prices[1_499]) * (25.0f64 / 24.0).sqrt();
    let (own, vol) = (plain.moves[&btc].price[99], plain.moves[&btc].vol[99]);
    assert!((keelmark_kernels::ln(1.0 + own) - moved).abs() < 1e-12);
    let answer = if own < 0.0 { -0.99 * own } else { 0.5 * own };
    assert!((keelmark_kernels::ln(1.0 + vol) - answer).abs() < 1e-12);
    let garch = joint(&made, "garch");
    let (one, other) = (garch.moves[&eth].price[0], garch.moves[&eth].price[200]);
    assert!(((1.0 + one) * (1.0 + other) - 1.0).abs() < 1e-12);
    assert_eq!(joint(&made, "thought").moves[&btc].price, [-0.5, 1.0]);
}

#[test]
fn another_seed_draws_others() {
    let world = world(usize::MAX);
    let (one, two) = (maker(&world, 1), maker(&world, 2));
    let (one, two) = (one.on(600).unwrap(), two.on(600).unwrap());
    assert_ne!(joint(&one, "copula"), joint(&two, "copula"));
    assert_eq!(joint(&one, "filtered"), joint(&two, "filtered"));
    assert!(one.flags.iter().any(|flag| flag.contains("march had not passed")), "{:?}", one.flags);
}

#[test]
fn a_history_that_is_not_there_is_named() {
    let text = DOCUMENT.replace("ETH = \"ETH\"", "SOL = \"SOL\"");
    let document = Document::parse("d.toml", &text).unwrap();
    let error = Maker::new(document, &world(600), 1).unwrap_err().to_string();
    assert!(error.contains("--history SOL:price=FILE"), "{error}");
    let text = DOCUMENT.replace("ETH = \"ETH\"", "ETH = { vol = \"history\" }");
    let document = Document::parse("d.toml", &text).unwrap();
    let error = Maker::new(document, &world(600), 1).unwrap_err().to_string();
    assert!(error.contains("--history ETH:vol=FILE"), "{error}");
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_time_sees_the_days_that_had_ended() {
    let document = Document::parse("d.toml", DOCUMENT).unwrap();
    let given = shipped().unwrap();
    let world = world(usize::MAX);
    let day = world.histories.at_or_after(at("2020-04-30"));
    let walked = maker(&world, 1);
    let walked = walked.on(day).unwrap();
    for time in ["2020-05-01", "2020-05-01T19:00:15Z", "2020-05-01T23:59:59.999999999Z"] {
        let found = dated(&document, &given, at(time)).unwrap();
        let made = found.made.as_ref().unwrap();
        assert_eq!((made.day, &made.flags), (at("2020-04-30"), &walked.flags), "{time}");
        assert_eq!(found.digest, walked.document.digest, "{time}");
        let names: Vec<&str> = made.histories.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["BTC price", "ETH price"]);
        assert_eq!(made.histories[0].last, at("2020-04-30"));
        assert_eq!(made.histories[0].days, day + 1);
    }
    let before = dated(&document, &given, at("2020-04-30T23:59:59Z")).unwrap();
    assert_ne!(before.digest, walked.document.digest);
    // What came after may be anything.
    let cut: Vec<History> = given.into_iter().map(|one| one.until(at("2020-04-30"))).collect();
    let found = dated(&document, &cut, at("2020-05-01")).unwrap();
    assert_eq!(found.digest, walked.document.digest);
}

#[test]
fn what_is_too_old_or_not_there_is_refused_with_what_to_do() {
    let document = Document::parse("d.toml", DOCUMENT).unwrap();
    let given = shipped().unwrap();
    let said =
        |given: &[History], time: &str| dated(&document, given, at(time)).unwrap_err().to_string();
    // The last day is 2026-07-26: two days behind is as old as it may be.
    assert!(dated(&document, &given, at("2026-07-28T23:00:00Z")).is_ok());
    let text = said(&given, "2026-07-29");
    assert!(text.contains("BTC price: ends on 2026-07-26, 3 days before"), "{text}");
    assert!(text.contains("--history BTC:price=FILE"), "{text}");
    assert!(text.contains("--set tail.oldest_days=3"), "{text}");
    let allowed = document.with(&[("tail.oldest_days", "3")]).unwrap();
    assert!(dated(&allowed, &given, at("2026-07-29")).is_ok());
    let text = said(&given, "2017-08-17T12:00:00Z");
    assert!(text.contains("no day of it had ended"), "{text}");
    let text = said(&given, "2017-09-01");
    assert!(text.contains("expected at least") || text.contains("needs"), "{text}");
    let text = said(&given[..1], "2020-05-01");
    assert!(text.contains("ETH price") && text.contains("--history ETH:price=FILE"), "{text}");
}

#[test]
fn a_document_that_is_not_made_stays_as_it_is() {
    let document = Document::named("cross").unwrap();
    let found = dated(&document, &[], at("2020-05-01")).unwrap();
    assert_eq!((found.digest, found.made.is_none()), (document.digest, true));
    let alone = DOCUMENT.split("[tail]").next().unwrap().to_owned()
        + "[[scan]]\nname = \"history\"\njoint = \"filtered\"\n"
        + DOCUMENT.split("joint = \"thought\"").nth(1).unwrap();
    let alone = alone.replace(
        "over = [\"plain\", \"filtered\", \"garch\", \"copula\", \"crash\", \"thought\"]",
        "over = \"history\"",
    );
    let document = Document::parse("d.toml", &alone).unwrap();
    let text = dated(&document, &shipped().unwrap(), at("2020-05-01")).unwrap_err().to_string();
    assert!(text.contains("scan history") && text.contains("[tail]"), "{text}");
}

/// The document with Bitcoin's volatility as the market has it, and another line in a set.
fn of_market(from: &str, to: &str) -> Document {
    let text = DOCUMENT.replace("{ down = \"0.99\", up = \"0.50\" }", "\"market\"");
    assert!(text.contains(from), "{from}");
    Document::parse("d.toml", &text.replacen(from, to, 1)).unwrap()
}

#[test]
fn a_market_without_a_history_is_the_rule_it_is_valued_by() {
    let btc = Asset::new("BTC").unwrap();
    let by_rule = world(600);
    let maker = Maker::new(of_market("", ""), &by_rule, 1).unwrap();
    let made = maker.on(590).unwrap();
    let moved = |world: &World, made: &Made<'_>| {
        let level = |day| world.state(&btc, day).unwrap().level;
        let expected = keelmark_kernels::ln(level(590) / level(589)) * (25.0f64 / 24.0).sqrt();
        let found = keelmark_kernels::ln(1.0 + joint(made, "plain").moves[&btc].vol[99]);
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    };
    moved(&by_rule, &made);
    assert!(made.flags.iter().any(|flag| flag.starts_with("BTC vol: by rule")), "{:?}", made.flags);

    let days = by_rule.histories.days().to_vec();
    let levels: Vec<f64> = (0..days.len()).map(|at| 0.5 + 0.1 * (at as f64).sin()).collect();
    let own = History::new(btc.clone(), Factor::Vol, "a test", &days, &levels).unwrap();
    let mut given = by_rule.histories.given.clone();
    given.push(own);
    let histories = Histories::align(given).unwrap();
    let told = World::new(histories, Rules::default(), Smile::flat()).unwrap();
    let maker = Maker::new(of_market("", ""), &told, 1).unwrap();
    let made = maker.on(590).unwrap();
    moved(&told, &made);
    assert!(!made.flags.iter().any(|flag| flag.contains("by rule")), "{:?}", made.flags);
}

#[test]
fn a_factor_is_filtered_by_its_own_volatility_where_that_is_asked() {
    let btc = Asset::new("BTC").unwrap();
    let world = world(600);
    let line = "window = 200\n";
    let own = "window = 200\nown_volatility = { kind = \"ewma\", lambda = \"0.9\" }\n";
    let (plain, filtered) = (of_market("", ""), of_market(line, own));
    let makers = [plain, filtered].map(|one| Maker::new(one, &world, 1).unwrap());
    let [plain, filtered] = [&makers[0], &makers[1]].map(|maker| {
        let made = maker.on(590).unwrap();
        joint(&made, "filtered").moves[&btc].clone()
    });
    assert_eq!(plain.price, filtered.price);
    // Damping acts on every path, so that only the shape of the scaling is the factor's own.
    let column = world.levels_by_rule(&btc).unwrap();
    let moves: Vec<f64> =
        column.values().windows(2).map(|p| keelmark_kernels::ln(p[1] / p[0])).collect();
    let path = Ewma { lambda: 0.9, start: 30 }.variances(&moves).unwrap();
    let known = 590 - column.span().0;
    let ratio = |at: usize| {
        let log = |moves: &[f64]| keelmark_kernels::ln(1.0 + moves[at]);
        log(&filtered.vol) / log(&plain.vol) * path[known - 200 + at].sqrt()
    };
    assert!((ratio(0) / ratio(150) - 1.0).abs() < 1e-9, "{} {}", ratio(0), ratio(150));
}

#[test]
fn a_set_begins_with_its_least_moves() {
    let world = world(600);
    let document = Document::named("tail-options").unwrap();
    let maker = Maker::new(document, &world, 1).unwrap();
    assert!(maker.on(394).is_err());
    // Thirty returns before the first level, a move between two levels.
    assert_eq!(joint(&maker.on(395).unwrap(), "today").len(), 365);
    assert_eq!(joint(&maker.on(500).unwrap(), "tomorrow").len(), 470);
}

#[test]
fn the_default_document_is_the_default_method() {
    let world = world(usize::MAX);
    let maker = Maker::new(Document::named("tail-two-speed").unwrap(), &world, 1).unwrap();
    for (asset, day) in [("BTC", 1_000), ("ETH", 1_000), ("BTC", 3_265), ("ETH", 2_000)] {
        let asset = Asset::new(asset).unwrap();
        let prices = &world.histories.prices(&asset).unwrap()[..=day];
        let log = |pair: &[f64]| keelmark_kernels::ln(pair[1] / pair[0]);
        let returns: Vec<f64> = prices.windows(2).map(log).collect();
        let made = maker.on(day).unwrap();
        let moves = &joint(&made, "thousand-days").moves[&asset].price;
        assert_eq!(moves.len(), STANDARD.window);
        for side in [Side::Long, Side::Short] {
            let own = STANDARD.margins(&returns, side, day).unwrap().next;
            let losses = moves.iter().map(|one| side.loss(keelmark_kernels::ln(1.0 + one)));
            let losses: Vec<f64> = losses.collect();
            let found = Rule::OrderStatistic.of(&losses, STANDARD.confidence).unwrap();
            assert!((found / own - 1.0).abs() < 1e-9, "{asset} {day}: {found} {own}");
        }
    }
}
