//! Sensitivities-based margin: laws, shapes by hand, and a slow pairwise sum to compare with.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]
#![allow(clippy::float_cmp, reason = "bits are compared on purpose")]

use keelmark_book::sensitivity::{Measure, Sensitivity};
use keelmark_book::{Decimal, Market, Money, Timestamp, read};
use keelmark_margin::sensitivities::{
    Bucket, Calculator, Class, Model, Netting, Pairs, Parameters, Row, SensitivityMargin, Shape,
    Side, Special,
};
use keelmark_margin::{Document, allocate, margin, sensitivities_of};
use proptest::prelude::*;
use std::collections::BTreeMap;

const BUCKETS: [&str; 4] = ["1", "2", "3", "apart"];
const TENORS: [(&str, f64); 3] = [("2w", 14.0), ("3m", 91.25), ("1y", 365.0)];

/// Two classes; thresholds only where asked for.
fn parameters(concentrated: bool) -> Parameters {
    let threshold = |amount: f64| concentrated.then_some(amount);
    let buckets = BUCKETS.iter().enumerate().map(|(at, name)| {
        let numbers = Bucket {
            delta_weight: 10.0 + 7.0 * at as f64,
            vega_weight: 0.5,
            rho: 0.3 + 0.1 * at as f64,
            delta_threshold: threshold(200.0 + 50.0 * at as f64),
            vega_threshold: threshold(9000.0),
            residual: *name == "apart",
            ..Bucket::default()
        };
        ((*name).to_owned(), numbers)
    });
    let buckets: BTreeMap<String, Bucket> = buckets.collect();
    let class = |name: &str| Class {
        name: name.to_owned(),
        buckets: buckets.clone(),
        gamma: Pairs::all(0.4),
        hvr: 0.6,
        ..Class::default()
    };
    Parameters {
        classes: vec![class("A"), class("B")],
        psi: Pairs::all(0.25),
        tenors: TENORS.iter().map(|(label, days)| ((*label).to_owned(), *days)).collect(),
        ..Parameters::default()
    }
}

fn money(amount: f64) -> Money {
    Money::new(format!("{amount:.6}").parse::<Decimal>().unwrap())
}

fn row(
    class: &str,
    measure: Measure,
    qualifier: &str,
    labels: [&str; 3],
    amount: f64,
) -> Sensitivity {
    let [bucket, tenor, curve] = labels.map(str::to_owned);
    let (class, qualifier) = (class.to_owned(), qualifier.to_owned());
    let amount = money(amount);
    Sensitivity { product: String::new(), class, measure, qualifier, bucket, tenor, curve, amount }
}

fn found(parameters: Parameters, rows: &[Sensitivity]) -> SensitivityMargin {
    let model = Model::new(parameters).unwrap();
    let mut portfolio = Netting::new(&model);
    for row in rows {
        portfolio.add(&Row::from(row)).unwrap();
    }
    Calculator::default().margin(&mut portfolio).unwrap()
}

prop_compose! {
    fn any_row()(
        class in prop::sample::select(vec!["A", "B"]),
        vega in any::<bool>(),
        bucket in 0..4usize,
        qualifier in 0..5usize,
        tenor in 0..3usize,
        amount in -1_000_000i64..1_000_000,
    ) -> Sensitivity {
        let measure = if vega { Measure::Vega } else { Measure::Delta };
        let tenor = if vega { TENORS[tenor].0 } else { "" };
        let (bucket, name) = (BUCKETS[bucket], format!("{qualifier}@{bucket}"));
        row(class, measure, &name, [bucket, tenor, ""], amount as f64 / 1000.0)
    }
}

fn rows() -> impl Strategy<Value = Vec<Sensitivity>> {
    prop::collection::vec(any_row(), 1..40)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-9
}

/// Delta of class A by every pair of rows, with nothing shared with the code under test.
fn slow_delta(parameters: &Parameters, rows: &[Sensitivity]) -> f64 {
    let class = &parameters.classes[0];
    let mut nets: BTreeMap<(String, String), f64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.class == "A" && row.measure == Measure::Delta) {
        *nets.entry((row.bucket.clone(), row.qualifier.clone())).or_default() +=
            row.amount.to_f64();
    }
    let (mut roots, mut residual) = (Vec::new(), 0.0);
    for (name, numbers) in &class.buckets {
        let own: Vec<(f64, f64)> = nets
            .iter()
            .filter(|((bucket, _), _)| bucket == name)
            .map(|(_, net)| {
                let cr = numbers.delta_threshold.map_or(1.0, |t| (net.abs() / t).sqrt().max(1.0));
                (numbers.delta_weight * net * cr, cr)
            })
            .collect();
        let mut square = 0.0;
        for (i, (a, ca)) in own.iter().enumerate() {
            for (j, (b, cb)) in own.iter().enumerate() {
                let rho = if i == j { 1.0 } else { numbers.rho * ca.min(*cb) / ca.max(*cb) };
                square += rho * a * b;
            }
        }
        let k = square.max(0.0).sqrt();
        let s = own.iter().map(|(ws, _)| ws).sum::<f64>().clamp(-k, k);
        if numbers.residual { residual += k } else { roots.push((k, s)) }
    }
    let mut square = 0.0;
    for (i, (k, s)) in roots.iter().enumerate() {
        square += k * k;
        for (j, (_, other)) in roots.iter().enumerate() {
            square += if i == j { 0.0 } else { 0.4 * s * other };
        }
    }
    square.max(0.0).sqrt() + residual
}

proptest! {
    #[test]
    fn a_pairwise_sum_gives_the_same(rows in rows()) {
        let parameters = parameters(true);
        let slow = slow_delta(&parameters, &rows);
        let margin = found(parameters, &rows);
        let class = margin.products.iter().flat_map(|one| &one.classes).find(|one| one.name == "A");
        let quick = class.map_or(0.0, |one| one.delta.amount);
        prop_assert!(near(slow, quick), "{slow} {quick}");
    }

    #[test]
    fn the_order_of_rows_changes_no_bit(
        (rows, mixed) in rows()
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
    ) {
        let (one, other) = (found(parameters(true), &rows), found(parameters(true), &mixed));
        prop_assert_eq!(one.total.to_bits(), other.total.to_bits());
        prop_assert_eq!(one, other);
    }

    #[test]
    fn names_seen_before_change_no_bit(first in rows(), second in rows()) {
        let model = Model::new(parameters(true)).unwrap();
        let (mut portfolio, mut calculator) = (Netting::new(&model), Calculator::default());
        for row in &first {
            portfolio.add(&Row::from(row)).unwrap();
        }
        calculator.margin(&mut portfolio).unwrap();
        portfolio.clear();
        for row in &second {
            portfolio.add(&Row::from(row)).unwrap();
        }
        let again = calculator.margin(&mut portfolio).unwrap();
        prop_assert_eq!(again, found(parameters(true), &second));
    }

    #[test]
    fn twice_the_amounts_ask_for_twice_without_thresholds(rows in rows()) {
        let twice: Vec<Sensitivity> = rows.iter().chain(&rows).cloned().collect();
        let (one, two) = (found(parameters(false), &rows), found(parameters(false), &twice));
        prop_assert!(near(2.0 * one.total, two.total), "{} {}", one.total, two.total);
    }

    #[test]
    fn concentration_never_asks_for_less_than_in_proportion(rows in rows()) {
        let deltas: Vec<Sensitivity> =
            rows.into_iter().filter(|row| row.measure == Measure::Delta).take(1).collect();
        let twice: Vec<Sensitivity> = deltas.iter().chain(&deltas).cloned().collect();
        let (one, two) = (found(parameters(true), &deltas), found(parameters(true), &twice));
        prop_assert!(two.total >= 2.0 * one.total - 1e-6);
    }

    #[test]
    fn turning_every_sign_turns_nothing_in_delta_and_vega(rows in rows()) {
        let turned: Vec<Sensitivity> =
            rows.iter().map(|row| Sensitivity { amount: -row.amount, ..row.clone() }).collect();
        let (one, other) = (found(parameters(true), &rows), found(parameters(true), &turned));
        let post = found(Parameters { side: Side::Post, ..parameters(true) }, &turned);
        prop_assert_eq!(&one, &post);
        let measures = |margin: &SensitivityMargin| -> Vec<f64> {
            let classes = margin.products.iter().flat_map(|one| &one.classes);
            classes.flat_map(|class| [class.delta.amount, class.vega.amount]).collect()
        };
        prop_assert_eq!(measures(&one), measures(&other));
    }

    #[test]
    fn parts_sum_to_the_margin(rows in rows(), concentrated in any::<bool>()) {
        let model = Model::new(parameters(concentrated)).unwrap();
        let mut portfolio = Netting::new(&model);
        let mut places = Vec::new();
        for row in &rows {
            let place = portfolio.add(&Row::from(row)).unwrap().unwrap();
            places.push((place, row.amount.to_f64()));
        }
        let explained = Calculator::default().explained(&mut portfolio).unwrap();
        let sum: f64 = places.iter().map(|(place, amount)| explained.part(*place, *amount)).sum();
        let total = explained.margin.total;
        prop_assert!((sum - total).abs() <= 1e-7 * total.abs() + 1e-6, "{sum} {total}");
    }
}

#[test]
fn curves_by_hand() {
    let bucket = Bucket { delta_weight: 50.0, delta_threshold: Some(17.5), ..Bucket::default() };
    let mut tenor_rho = Pairs::default();
    tenor_rho.set("1y", "5y", 0.8);
    let special = |weight, rho, concentrated| Special { weight, rho, concentrated };
    let class = Class {
        name: "IR".into(),
        shape: Shape::Curves,
        buckets: [(String::new(), bucket)].into(),
        gamma: Pairs::all(0.3),
        tenor_rho: Some(tenor_rho),
        special: [
            ("inflation".to_owned(), special(40.0, 0.4, true)),
            ("basis".to_owned(), special(20.0, 0.2, false)),
        ]
        .into(),
        ..Class::default()
    };
    let parameters = Parameters {
        classes: vec![class],
        tenors: [("1y".to_owned(), 365.0), ("5y".to_owned(), 1825.0)].into(),
        ..Parameters::default()
    };
    let of = |qualifier, tenor, curve, amount| {
        row("IR", Measure::Delta, qualifier, ["", tenor, curve], amount)
    };
    let rows = [
        of("EUR", "1y", "", 100.0),
        of("EUR", "5y", "", -40.0),
        of("EUR", "", "inflation", 10.0),
        of("EUR", "", "basis", 5.0),
        of("USD", "5y", "", 17.5),
    ];
    // EUR: 70 over 17.5 is a factor of 2; weighted 10000, -4000, 800, and 100 for the basis.
    let squares = 1e8 + 1.6e7 + 6.4e5 + 1e4;
    let crosses = 0.8 * -4e7 + 0.4 * (8e6 - 3.2e6) + 0.2 * (1e6 - 4e5 + 8e4);
    let euro = squares + 2.0 * crosses;
    // USD: 875, no concentration; between the two 0.3 / 2.
    let all: f64 = euro + 875.0 * 875.0 + 2.0 * 0.15 * 6900.0 * 875.0;
    assert!(near(found(parameters, &rows).total, all.sqrt()));
}

#[test]
fn currencies_by_hand() {
    let class = Class {
        name: "FX".into(),
        shape: Shape::Currencies { calculation: "USD".into() },
        buckets: [(String::new(), Bucket { vega_weight: 0.5, ..Bucket::default() })].into(),
        pair_weight: Pairs::all(7.0),
        pair_rho: [(String::new(), Pairs::all(0.5))].into(),
        vega_rho: 0.5,
        ..Class::default()
    };
    let parameters = Parameters {
        classes: vec![class],
        tenors: [("2w".to_owned(), 14.0)].into(),
        ..Parameters::default()
    };
    let of = |qualifier, measure, amount| row("FX", measure, qualifier, ["", "2w", ""], amount);
    let deltas = [
        of("EUR", Measure::Delta, 100.0),
        of("JPY", Measure::Delta, -50.0),
        of("USD", Measure::Delta, 1e6),
    ];
    let by_hand = 490_000.0f64 + 122_500.0 - 2.0 * 0.5 * 245_000.0;
    assert!(near(found(parameters.clone(), &deltas).total, by_hand.sqrt()));
    let vegas = [of("EURUSD", Measure::Vega, -10.0), of("USD/EUR", Measure::Vega, 4.0)];
    let margin = found(parameters, &vegas);
    let class = &margin.products[0].classes[0];
    let sigma = 7.0 * (365.0f64 / 14.0).sqrt() / 2.326_347_874_040_841;
    assert!(near(class.vega.amount, 0.5 * sigma * 6.0));
    // All of one sign and below zero: theta is -1, lambda 1, nothing is left.
    assert!(class.curvature.amount.abs() < 1e-9);
}

#[test]
fn products_multipliers_and_add_ons() {
    let rows = [
        row("A", Measure::Delta, "x", ["1", "", ""], 3.0),
        row("A", Measure::Multiplier, "P", ["", "", ""], 1.5),
        row("", Measure::FixedAddOn, "", ["", "", ""], 10.0),
        row("", Measure::Notional, "swap", ["", "", ""], -400.0),
        row("", Measure::AddOnPercent, "swap", ["", "", ""], 5.0),
    ];
    let with_product = |product: &str| {
        let first = Sensitivity { product: product.to_owned(), ..rows[0].clone() };
        let all: Vec<Sensitivity> = [first].into_iter().chain(rows[1..].iter().cloned()).collect();
        found(parameters(false), &all).total
    };
    assert!(near(with_product("P"), 30.0 * 1.5 + 10.0 + 20.0));
    assert!(near(with_product("Q"), 30.0 + 10.0 + 20.0));
}

#[test]
fn errors_name_what_is_wrong() {
    let model = Model::new(parameters(false)).unwrap();
    let said = |rows: &[Sensitivity]| {
        let mut portfolio = Netting::new(&model);
        let mut all = rows.iter().map(|row| portfolio.add(&Row::from(row)).map(|_| ()));
        all.find_map(Result::err).unwrap().to_string()
    };
    let delta = |class, bucket| row(class, Measure::Delta, "x", [bucket, "", ""], 1.0);
    assert_eq!(said(&[delta("C", "1")]), "unknown class \"C\"; nearest: A, B");
    assert_eq!(said(&[delta("A", "aprt")]), "unknown bucket \"aprt\"; nearest: apart");
    assert_eq!(
        said(&[row("A", Measure::Vega, "x", ["1", "9m", ""], 1.0)]),
        "unknown tenor \"9m\"; nearest: 3m, 1y, 2w"
    );
    assert_eq!(
        said(&[delta("A", "1"), delta("B", "2"), delta("A", "2")]),
        "x is in bucket 1 and in bucket 2: give each a name of its own"
    );
    let twice = row("A", Measure::Multiplier, "P", ["", "", ""], 1.0);
    assert_eq!(said(&[twice.clone(), twice]), "found a second multiplier of \"P\"");
    let mut wrong = parameters(false);
    wrong.classes[0].gamma = Pairs::default();
    let error = Model::new(wrong).unwrap_err().to_string();
    assert_eq!(error, "class \"A\": gamma: expected a number for \"1|2\" or a default");
}

const EXAMPLE: &str = "../../docs/models/examples/sensitivities-crypto/";

fn example(name: &str) -> String {
    std::fs::read_to_string(format!("{EXAMPLE}{name}")).unwrap()
}

#[test]
fn the_example_of_the_model_for_coins() {
    let market = read::market("prices.csv", example("prices.csv").as_bytes()).unwrap();
    let book = read::book("book.csv", example("book.csv").as_bytes(), &market).unwrap();
    let document = Document::named("sensitivities-crypto").unwrap();
    let golden = ["8423.59", "256181.73", "86628.67"];
    for (account, expected) in book.accounts.iter().zip(golden) {
        let found = margin(&document, &market, account).unwrap();
        assert_eq!(format!("{:.2}", found.total.maintenance), expected, "{}", account.account);
        let parts = allocate(&document, &found.pools[0], "maintenance").unwrap();
        assert!(parts.rest.to_f64().abs() < 1e-6, "{}: {}", account.account, parts.rest);
        // The same account by nothing but its sensitivities, without a market.
        let mut given = account.clone();
        given.sensitivities = sensitivities_of(&document, &market, account).unwrap();
        given.positions.clear();
        given.orders.clear();
        given.collateral.clear();
        let none = Market::new(Timestamp::from_nanos(0), market.currency.clone(), "");
        let again = margin(&document, &none, &given).unwrap();
        assert_eq!(again.total.maintenance, found.total.maintenance, "{}", account.account);
        // Beside the positions they count twice.
        let mut both = account.clone();
        both.sensitivities = given.sensitivities.clone();
        assert!(
            margin(&document, &market, &both).unwrap().total.maintenance > found.total.maintenance
        );
        let refused = margin(&Document::named("cross").unwrap(), &market, &both).unwrap_err();
        assert!(refused.to_string().contains("given sensitivities"), "{refused}");
    }
}
