//! What a walk says is what a person with a pencil would say, and what was printed elsewhere.

use super::*;
use crate::book::{Restrike, built_in, parse};
use crate::history::{Histories, shipped};
use crate::world::{Rules, Smile};
use keelmark_book::read;

/// One coin's history by a quantile, as the printed comparison of methods has it.
const QUANTILE: &str = r#"
schema = "keelmark/model/1"
name = "quantile"
title = "a quantile of history"
version = "1"
effective = "2026-01-01"
source = ["a test"]

[pool]
by = "account"
currency = "USD"

[collateral.assets]
USD = "1"

[unit]
by = "underlying"

[tail]
horizon_days = 1

[tail.history]
BTC = "BTC"
ETH = "ETH"

[[tail.set]]
name = "days"
METHOD

[[scan]]
name = "days"
joint = "days"

[[charge]]
name = "tail"
kind = "tail-loss"
over = "days"
measure = "var"
confidence = "0.99"

[levels]
initial = "tail"
maintenance = "tail"
"#;

fn world() -> World {
    let market = include_bytes!("../../../../samples/btc-options-2026-03-13.csv");
    let market = read::market_csv("chain", market).unwrap();
    let histories = Histories::align(shipped().unwrap()).unwrap();
    World::new(histories, Rules::default(), Smile::of(&market)).unwrap()
}

fn walk(
    documents: Vec<Document>,
    books: &[&str],
    settings: Settings,
) -> Result<Walk, BacktestError> {
    let all = built_in().unwrap();
    let chosen = books.iter().map(|name| all.iter().find(|one| one.name == *name).unwrap().clone());
    Walk::new(world(), documents, chosen.collect(), settings)
}

fn named(name: &str) -> Document {
    Document::named(name).unwrap()
}

fn quantile(method: &str) -> Document {
    Document::parse("quantile.toml", &QUANTILE.replace("METHOD", method)).unwrap()
}

fn days(from: &str, to: &str) -> Settings {
    let (from, to) = (from.parse().ok(), to.parse().ok());
    Settings { from, to, ..Settings::default() }
}

fn whole(walk: &Walk) -> BacktestReport {
    let pieces: Vec<Piece> = (0..walk.pieces()).map(|at| walk.piece(at).unwrap()).collect();
    walk.report(&pieces).unwrap()
}

#[test]
fn the_printed_comparison_of_methods_is_found_again() {
    let filtered = "method = \"filtered\"\nwindow = 365\n\
                    volatility = { kind = \"ewma\", lambda = \"0.97\" }";
    for (method, printed) in [
        ("method = \"historical\"\nwindow = 365", [(27, 0.095, 2.9), (36, 0.127, 3.5)]),
        (filtered, [(36, 0.096, 9.7), (33, 0.128, 10.8)]),
    ] {
        let walk = walk(vec![quantile(method)], &["long BTC", "long ETH"], Settings::default());
        let report = whole(&walk.unwrap());
        for (run, (breaches, mean, range)) in report.runs.iter().zip(printed) {
            let found = &run.levels[0].summary;
            assert_eq!((found.days, found.breaches), (2_900, breaches), "{method}");
            // The printed margins are of log moves, these of prices: a loss of 10 % is ln 0.9.
            assert!((found.cycle.mean - mean).abs() < 0.011, "{method} {:?}", found.cycle);
            let peak = found.cycle.peak_to_trough.unwrap();
            assert!((peak / range - 1.0).abs() < 0.2, "{method} {peak}");
        }
    }
}

#[test]
fn a_range_is_breached_on_the_days_when_the_price_moved_further() {
    let walk = walk(vec![named("scan16")], &["long BTC", "short BTC"], Settings::default());
    let walk = walk.unwrap();
    let report = whole(&walk);
    let btc = Asset::new("BTC").unwrap();
    let prices = walk.world.histories.prices(&btc).unwrap().to_vec();
    for (run, sign) in report.runs.iter().zip([1.0, -1.0]) {
        let level = &run.levels[0];
        let rate = level.summary.cycle.mean;
        let moved = |at: usize| sign * (1.0 - prices[at + 1] / prices[at]);
        let expected: Vec<usize> =
            (0..walk.days()).filter(|at| moved(walk.days.0 + at) > rate + 1e-9).collect();
        let found: Vec<usize> = level.breaches.iter().map(|one| one.at).collect();
        assert_eq!(found, expected);
        let side = if sign > 0.0 { "down" } else { "up" };
        assert!(level.breaches.iter().all(|one| one.tail == side));
        let years: usize = level.summary.years.iter().map(|one| one.breaches).sum();
        let clusters: usize = level.clusters.iter().map(|one| one.breaches).sum();
        assert_eq!((years, clusters), (found.len(), found.len()));
    }
    assert_eq!(report.runs[0].levels[0].breaches[0].day, "2018-11-18");
}

#[test]
fn pieces_are_the_same_whenever_they_are_made() {
    let documents = || vec![named("deribit-pm"), named("cross")];
    let books = ["short-strangle BTC", "covered-call ETH", "calendar BTC"];
    let settings = || days("2020-02-01", "2020-05-01");
    let one = walk(documents(), &books, settings()).unwrap();
    let other = walk(documents(), &books, settings()).unwrap();
    let pieces: Vec<Piece> = (0..one.pieces()).map(|at| one.piece(at).unwrap()).collect();
    for at in (0..other.pieces()).rev() {
        assert_eq!(other.piece(at).unwrap(), pieces[at]);
    }
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.report(&pieces).unwrap().runs.len(), 6);
    let later = walk(documents(), &books, days("2020-02-02", "2020-05-01")).unwrap();
    assert_ne!(later.digest(), one.digest());
}

#[test]
fn rows_that_are_shared_ask_what_rows_of_one_book_do() {
    let documents =
        ["deribit-pm", "cross", "isolated", "okx-pm", "deribit-pm-segregated", "greeks"].map(named);
    let all: Vec<String> = built_in().unwrap().into_iter().map(|one| one.name).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let walk = walk(documents.to_vec(), &names, days("2020-03-12", "2020-03-12")).unwrap();
    let at = walk.days.0;
    let day = Day::new(&walk.world, &walk.books, (at, at), walk.horizon).unwrap();
    let piece = walk.piece(0).unwrap();
    assert!(walk.runs.len() > 80);
    for ((model, book), found) in walk.runs.iter().zip(&piece.runs) {
        let held = day.held[*book].as_ref().unwrap();
        let alone = cover(walk.makers[*model].document(), &day.market, held).unwrap();
        let close = |one: f64, other: f64| (one - other).abs() < 1e-6 * held.path.notional;
        assert!(
            close(alone[0], found[0][0]) && close(alone[1], found[0][1]),
            "{alone:?} {found:?}"
        );
    }
}

#[test]
fn a_spread_of_futures_loses_what_the_basis_moves() {
    let report = whole(
        &walk(vec![named("cross")], &["basis-trade BTC"], days("2021-01-01", "2021-03-01"))
            .unwrap(),
    );
    let book = &report.books[0];
    let loss = book.loss.iter().zip(&book.notional).map(|(loss, notional)| (loss / notional).abs());
    // Without a basis it is hedged, but for the rounding of dollars.
    assert!(loss.fold(0.0, f64::max) < 1e-4);
    assert!(book.moved.iter().any(|one| one.abs() > 0.1));
}

#[test]
fn a_covered_call_loses_less_than_its_coin_and_a_strangle_on_both_sides() {
    let books = ["covered-call BTC", "short-strangle BTC", "long BTC"];
    let report =
        whole(&walk(vec![named("deribit-pm")], &books, days("2021-01-01", "2022-01-01")).unwrap());
    let [covered, strangle, long] = [0, 1, 2].map(|at| &report.books[at]);
    let (mut down, mut up) = (0, 0);
    for at in 0..long.days.len() {
        let rate = |book: &crate::report::BookReport| book.loss[at] / book.notional[at];
        if long.moved[at] < -0.05 {
            // A call far out of the money pays little, and costs what volatility adds to it.
            assert!(rate(covered) < rate(long) + 0.01 && rate(covered) > 0.0, "{}", long.days[at]);
            down += usize::from(rate(strangle) > 0.0);
        }
        up += usize::from(long.moved[at] > 0.08 && rate(strangle) > 0.0);
    }
    assert!(down > 5 && up > 2, "{down} {up}");
}

#[test]
fn a_model_and_a_book_that_do_not_go_together_are_told() {
    let books = ["long BTC", "short-strangle BTC"];
    let short = days("2021-01-01", "2021-02-01");
    let walk_of = |name| walk(vec![named(name)], &books, short.clone());
    let report = whole(&walk_of("hyperliquid").unwrap());
    assert_eq!((report.runs.len(), report.refused.len()), (1, 1));
    assert!(report.refused[0].why.contains("no charge about"), "{:?}", report.refused);
    let error = walk_of("aave-v3").unwrap_err().to_string();
    assert!(error.contains("no model can margin any of the books"), "{error}");
}

#[test]
fn settings_and_days_that_make_no_sense_are_refused() {
    let said =
        |settings| walk(vec![named("cross")], &["long BTC"], settings).unwrap_err().to_string();
    let plain = Settings::default;
    assert!(said(Settings { confidence: 1.0, ..plain() }).contains("confidence"));
    assert!(said(Settings { mpor_days: 0.0, ..plain() }).contains("margin period of risk"));
    assert!(said(Settings { latency_days: -1.0, ..plain() }).contains("latency"));
    assert!(said(Settings { warmup: Some(4_000), ..plain() }).contains("none is left"));
    assert!(said(days("2030-01-01", "2031-01-01")).contains("none is left"));
    let text = said(days("2030-01-01", "2031-01-01"));
    assert!(text.contains("2017-08-17 to 2026-07-26"), "{text}");
    let long = quantile("method = \"historical\"\nwindow = 900");
    let short = Settings { warmup: Some(500), ..plain() };
    let error = walk(vec![long], &["long BTC"], short).unwrap_err().to_string();
    assert!(error.contains("900 days or more"), "{error}");
}

#[test]
fn a_longer_horizon_is_tested_on_days_that_do_not_overlap() {
    let settings =
        Settings { mpor_days: 2.0, latency_days: 0.5, ..days("2020-01-01", "2021-01-01") };
    let report = whole(&walk(vec![named("scan16")], &["long BTC"], settings).unwrap());
    let summary = &report.runs[0].levels[0].summary;
    assert_eq!((summary.tested.every, summary.tested.days), (3, summary.days.div_ceil(3)));
    assert_eq!(report.settings.mpor_days, 2.5);
    assert!(summary.basel.zone.is_empty());
}

#[test]
fn a_book_of_one_stretch_ends_with_it() {
    let text = "schema = \"keelmark/books/1\"\n[[book]]\nname = \"june\"\nassets = \"BTC\"\n\
                [[book.leg]]\nkind = \"option\"\nright = \"put\"\nexpiry = \"2022-06-24\"\n\
                strike = 20000\ncoins = -1\n";
    let books = parse("june.toml", text).unwrap();
    let settings = days("2022-06-01", "2022-07-01");
    let walk = Walk::new(world(), vec![named("deribit-pm")], books, settings).unwrap();
    let report = whole(&walk);
    let book = &report.books[0];
    assert_eq!((book.days.len(), book.days.last().map(String::as_str)), (22, Some("2022-06-22")));
    assert_eq!(report.runs[0].levels[0].cover.len(), 22);
    assert_eq!(report.history.days, 31);
}

#[test]
fn contracts_are_struck_when_the_book_says() {
    let world = world();
    let all = built_in().unwrap();
    let monthly = all.iter().find(|one| one.restrike == Restrike::Monthly).unwrap();
    let first_of = |day: usize| {
        let struck = contract::struck_on(&world, monthly, 365, day);
        date(world.histories.days()[struck])
    };
    let day = world.histories.at_or_after("2020-03-17".parse().unwrap());
    assert_eq!(first_of(day), "2020-03-01");
    assert_eq!(first_of(366), date(world.histories.days()[365]));
    let held = Book { restrike: Restrike::Expiry, ..monthly.clone() };
    for day in [400, 900, 1_500] {
        let struck = contract::struck_on(&world, &held, 365, day);
        assert!(struck <= day && day - struck < 35);
        assert_eq!(struck, contract::struck_on(&world, &held, 365, struck));
    }
}
