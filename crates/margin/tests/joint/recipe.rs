//! Recipes: each method with its numbers, and what is refused with its line.

use crate::set::{DOCUMENT, asset};
use keelmark_margin::Document;
use keelmark_margin::recipe::{
    Calibration, Copula, Damping, Filter, Floor, Law, Method, Scaling, Source, Volatility,
};

const RECIPE: &str = r#"
[tail]
horizon_days = "2"
latency_minutes = "72"
oldest_days = "3"

[tail.history]
ETH = "ETH"
STETH = "ETH"

[tail.history.BTC]
vol = "history"
slope = { down = "-0.2", up = "0" }
funding = "history"

[[tail.set]]
name = "filtered-historical"
method = "filtered"
window = 1000
mirrored = true
volatility = { kind = "blend", of = [
  { weight = "0.7", kind = "ewma", lambda = "0.97" },
  { weight = "0.3", kind = "garch", leverage = true, law = "normal", fit_every = 20 },
] }
[tail.set.damping]
stress_weight = "0.25"
floor = { of = "long", window = 2500, share = "0.8" }
buffer = "0.25"
capped_rise = "1.1"
ramp = 5

[[tail.set]]
name = "stress"
method = "stressed"
horizon_days = "1"
scaling = "overlapping"
worst = 10
periods = [{ label = "spring", from = "2020-03-01", to = "2020-03-31" }]

[[tail.set]]
name = "all"
method = "historical"
window = "all"

[[tail.set]]
name = "thought"
method = "hypothetical"
scenarios = [
  { label = "fails", BTC = { price = "-0.3", vol = "0.8" }, ETH = { price = "-0.4" } },
]

[[tail.set]]
name = "drawn"
method = "copula"
window = 1000
volatility = { kind = "two-speed", fast = "0.94", slow = "0.997", warm_up = 60 }
degrees = "4.5"
shrinkage = "0.1"
count = 2500
seed = 7
"#;

#[test]
fn every_method_is_read_with_its_numbers() {
    let text = DOCUMENT.replace("[[charge]]", &format!("{RECIPE}\n[[charge]]"));
    let document = Document::parse("joint.toml", &text).unwrap();
    let recipe = document.tail.as_ref().unwrap();
    assert_eq!(recipe.histories[&asset("STETH")].of, asset("ETH"));
    assert_eq!(recipe.horizon.total_days(), 2.05);
    let sources = &recipe.histories[&asset("BTC")];
    assert_eq!(sources.slope, Source::Response { down: -0.2, up: 0.0 });
    assert_eq!((sources.vol, sources.basis), (Source::History, Source::None));
    assert_eq!(sources.of, asset("BTC"));
    let (scan, set) = document.sets_to_make().next().unwrap();
    assert_eq!((scan, set.name.as_str(), set.mirrored), ("history", "filtered-historical", true));
    let refit = Calibration { window: 1000, every: 20 };
    let filter = Filter {
        window: 1000,
        least: 1000,
        own: None,
        volatility: Volatility::Blend(vec![
            (0.7, Volatility::Ewma { lambda: 0.97, warm_up: 30 }),
            (0.3, Volatility::Garch { leverage: true, law: Law::Normal, refit }),
        ]),
        damping: Damping {
            stress_weight: 0.25,
            floor: Some(Floor::Long { window: 2500, share: 0.8 }),
            buffer: 0.25,
            capped_rise: Some(1.1),
            ramp: 5,
        },
    };
    assert_eq!(set.method, Method::Filtered(filter));
    let stress = recipe.set("stress").unwrap();
    let horizon = recipe.horizon_of(stress);
    assert_eq!((horizon.days, horizon.latency_minutes), (1.0, 72.0));
    assert_eq!(horizon.scaling, Scaling::Overlapping);
    assert_eq!(recipe.set("all").unwrap().method, Method::Historical { window: None });
    let Method::Hypothetical(thought) = &recipe.set("thought").unwrap().method else {
        panic!("expected hypothetical scenarios");
    };
    assert_eq!(thought[0].moves[&asset("BTC")], [-0.3, 0.8, 0.0, 0.0, 0.0]);
    let Method::Copula(Copula { filter, degrees, lambda, count, seed, .. }) =
        &recipe.set("drawn").unwrap().method
    else {
        panic!("expected a copula");
    };
    let (fast, slow, weight, most, warm_up) = (0.94, 0.997, 0.3, 4.0, 60);
    assert_eq!(filter.volatility, Volatility::TwoSpeed { fast, slow, weight, most, warm_up });
    assert_eq!((*degrees, *lambda, *count, *seed), (Some(4.5), 1.0, 2500, 7));
}

#[test]
fn what_is_no_recipe_is_refused_where_it_stands() {
    let refused = |from: &str, to: &str| {
        assert!(RECIPE.contains(from), "{from}");
        let recipe = RECIPE.replace(from, to);
        let text = DOCUMENT.replace("[[charge]]", &format!("{recipe}\n[[charge]]"));
        Document::parse("joint.toml", &text).unwrap_err().to_string()
    };
    let cases = [
        ("weight = \"0.7\"", "weight = \"0.6\"", "expected weights that sum to 1, found 0.9000"),
        ("lambda = \"0.97\"", "lambda = \"1\"", "lambda: expected below 1"),
        ("slow = \"0.997\"", "slow = \"1\"", "slow: expected below 1"),
        ("slow = \"0.997\"", "slow = \"0.997\", most = \"0.5\"", "most: expected 1 or more"),
        ("to = \"2020-03-31\"", "to = \"2020-02-28\"", "expected an end that is not before"),
        ("worst = 10", "worst = 1.5", "worst: expected a whole number"),
        ("degrees = \"4.5\"", "degrees = \"2\"", "degrees: expected above 2"),
        ("window = 2500", "windows = 2500", "expected a field \"window\""),
        ("price = \"-0.3\"", "price = \"-1\"", "expected moves of price and vol above -1"),
        ("method = \"copula\"", "method = \"gauss\"", "method: expected one of historical"),
        ("name = \"stress\"", "name = \"drawn\"", "expected a name of its own"),
        ("vol = \"history\"", "vol = \"implied\"", "expected \"history\", \"market\" or"),
        ("capped_rise = \"1.1\"", "capped_rise = \"0.1\"", "expected a factor above 1"),
        ("seed = 7", "seed = 7\nwindwo = 3", "unknown field \"windwo\""),
        ("degrees = \"4.5\"", "least = 1001", "least: expected at most the window of 1000"),
        (
            "degrees = \"4.5\"",
            "own_volatility = { kind = \"implied\" }",
            "own_volatility: expected one of the factor's own moves",
        ),
    ];
    for (from, to, expected) in cases {
        let error = refused(from, to);
        assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        assert!(error.starts_with("joint.toml:"), "{error}");
    }
    let error = refused("name = \"filtered-historical\"", "name = \"filtered-historic\"");
    assert!(
        error.contains(
            "scan \"history\": joint: expected a [[tail.set]] (filtered-historic), found \
             \"filtered-historical\""
        ),
        "{error}"
    );
}

#[test]
fn a_factor_may_be_the_markets_and_filtered_by_its_own_volatility() {
    let recipe = RECIPE.replace("vol = \"history\"", "vol = \"market\"").replace(
        "degrees = \"4.5\"",
        "least = 250\nown_volatility = { kind = \"ewma\", lambda = \"0.9\" }",
    );
    let text = DOCUMENT.replace("[[charge]]", &format!("{recipe}\n[[charge]]"));
    let document = Document::parse("joint.toml", &text).unwrap();
    let recipe = document.tail.as_ref().unwrap();
    assert_eq!(recipe.histories[&asset("BTC")].vol, Source::Market);
    let Method::Copula(Copula { filter, .. }) = &recipe.set("drawn").unwrap().method else {
        panic!("expected a copula");
    };
    assert_eq!((filter.window, filter.least), (1000, 250));
    assert_eq!(filter.own, Some(Volatility::Ewma { lambda: 0.9, warm_up: 30 }));
}

#[test]
fn every_field_is_described() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let page = read("../../docs/dynamic-models.md");
    let words: Vec<&str> = page.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let code = read("src/recipe/read.rs") + &read("src/joint.rs");
    let mut found = 0;
    // What a reading function asks for: the first text in its brackets.
    for part in code.split(['(', ',']).skip(1).map(str::trim_start) {
        let name = part.strip_prefix('"').and_then(|part| part.split_once('"'));
        let Some((name, _)) = name.filter(|(name, _)| {
            name.len() > 1 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        }) else {
            continue;
        };
        assert!(words.contains(&name), "docs/dynamic-models.md does not describe `{name}`");
        found += 1;
    }
    assert!(found > 40, "{found}");
}
