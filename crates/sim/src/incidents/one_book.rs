//! 10 October 2025: a stable coin is marked at 0.65 on one book for forty minutes while it stands
//! near 1 everywhere else, and loans on it are called at that price.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};
use serde_json::{Value, json};

pub(super) const INCIDENT: Incident = Incident {
    name: "october-2025-one-book",
    rule: "a price is a median of several sources",
    reported: 283_000_000,
    most_left: 0,
    play,
};

const BITCOIN: &str = "venue:BTC/USDC:USDC";
/// Who owes dollars on the stable coin.
const HOLDERS: usize = 300;
/// The book's own price, from 21:30 on.
const BOOK: &[(&str, &str)] = &[
    ("21:30:00", "0.999"),
    ("21:36:00", "0.93"),
    ("21:40:00", "0.80"),
    ("21:44:00", "0.65"),
    ("21:52:00", "0.72"),
    ("22:00:00", "0.78"),
    ("22:08:00", "0.90"),
    ("22:16:00", "0.99"),
];
/// What others read all the while: another exchange at its lowest, and three pools.
const OTHERS: &[(&str, &str)] =
    &[("exchange", "0.92"), ("pool-1", "0.997"), ("pool-2", "0.996"), ("pool-3", "0.998")];

/// Debts ask a tenth, half of it as maintenance.
const LENDING: &str = r#"
[collateral.assets]
USDC = "1"
STABLE = "1"

[[charge]]
name = "debt"
kind = "borrowed"
rate = "0.1"

[[charge]]
name = "perpetuals"
kind = "per-position"
on = { kind = "perpetual" }
amount = "0.05 * notional"

[levels]
initial = "debt + perpetuals"
maintenance = "(debt + perpetuals) / 2"
"#;

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    for (time, price) in BOOK {
        venue.at(&format!("2025-10-10T{time}"))?;
        venue.tell(&format!("the book says {price}"));
        venue.must(reading("book", price))?;
        if rule.is_on() {
            for (source, price) in OTHERS {
                venue.must(reading(source, price))?;
            }
        }
        for _ in 0..30 {
            venue.wait(1)?;
        }
        crowd.stir(venue, 20)?;
    }
    venue.truth.is("USDC", "1")?;
    venue.truth.is("STABLE", "0.997")?;
    venue.truth.is(BITCOIN, "112800")?;
    venue.loss("holders of the coin")
}

fn reading(source: &str, price: &str) -> Value {
    json!({"reading": {"of": {"asset": "STABLE"}, "source": source, "price": price}})
}

/// One source, or five of which two must be near their median.
fn feed(rule: Rule) -> Value {
    let mut sources = json!({"book": "1"});
    if rule.is_on() {
        for (source, _) in OTHERS {
            sources[*source] = json!("1");
        }
    }
    let least = if rule.is_on() { 2 } else { 1 };
    json!({"feed": {"of": {"asset": "STABLE"}, "rule": {"sources": sources,
        "max_age_seconds": 900, "divergence": "0.05", "least": least, "failing": "widen"}}})
}

fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2025-10-10T21:20:00")?;
    venue.must(say::document("lending", "1", LENDING))?;
    venue.must(say::index("USDC", "1"))?;
    venue.must(say::index("BTC", "111850"))?;
    venue.must(say::list(BITCOIN, "0.001", "111850"))?;
    venue.must(say::open("lenders", "lending"))?;
    venue.must(say::deposit("lenders", "USDC", "2000000000"))?;
    let crowd = Crowd::arrive(venue, 20, "lending", [BITCOIN, "USDC"])?;
    crowd.stir(venue, 40)?;
    venue.must(say::liquidation(&json!({"insurance": {}})))?;
    venue.must(json!({"fund": {"asset": "USDC", "amount": "1500000000"}}))?;
    venue.must(feed(rule))?;
    venue.must(reading("book", "0.999"))?;
    if rule.is_on() {
        venue.must(reading("pool-1", "0.997"))?;
    }
    borrow(venue)?;
    Ok(crowd)
}

/// Holders bring in the coin, and take out 40 to 85 per cent of it in dollars.
fn borrow(venue: &mut Venue) -> Result<(), String> {
    let names: Vec<String> = (0..HOLDERS).map(|number| format!("holder-{number}")).collect();
    for name in &names {
        let coins = 1_000_000 + venue.random.below(9_000_000);
        let share = 40 + venue.random.below(46);
        venue.must(say::open(name, "lending"))?;
        venue.must(say::deposit(name, "STABLE", &coins.to_string()))?;
        venue.must(say::withdraw(name, "USDC", &(coins / 100 * share).to_string()))?;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    venue.count(&names)
}
