//! 1 April 2026: whoever holds the keys lists a coin that is worth nothing as collateral at 1.00,
//! lifts the limits on what may leave, and takes what is there.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};
use serde_json::{Value, json};

pub(super) const INCIDENT: Incident = Incident {
    name: "april-2026-worthless-collateral",
    rule: "what is looser waits, and goes in steps",
    reported: 285_000_000,
    most_left: 0,
    play,
};

const PERPETUAL: &str = "venue:SOL/USDC:USDC";

/// What lenders brought in: asset, price, amount, and in how many parts it is taken.
const POOLS: &[(&str, &str, u64, u64)] = &[
    ("POOL", "3.72", 41_700_000, 10),
    ("USDC", "1", 51_000_000, 10),
    ("REST", "1", 79_000_000, 11),
];

/// Debts and perpetuals ask a tenth, half of it as maintenance.
const LENDING: &str = r#"
[[charge]]
name = "debt"
kind = "borrowed"
rate = "0.1"

[[charge]]
name = "perpetuals"
kind = "per-position"
on = { kind = "perpetual" }
amount = "0.1 * notional"

[levels]
initial = "debt + perpetuals"
maintenance = "(debt + perpetuals) / 2"

[collateral.assets]
USDC = "1"
POOL = "0.9"
REST = "0.9"
"#;

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    venue.at("2026-04-01T16:05:00")?;
    seize(venue)?;
    let deposit = say::deposit("thief", "WORTHLESS", "500000000");
    venue.ask("500000000 of the coin are deposited", deposit)?;
    for (asset, _, amount, parts) in POOLS {
        venue.wait(240)?;
        let part = (amount / parts).to_string();
        let rest = (amount - amount / parts * (parts - 1)).to_string();
        let amounts = (1..*parts).map(|_| part.clone()).chain([rest]);
        let actions: Vec<Value> =
            amounts.map(|amount| say::withdraw("thief", asset, &amount)).collect();
        venue.ask_each(&format!("{amount} {asset} are withdrawn"), actions)?;
        crowd.stir(venue, 20)?;
    }
    notice(venue)?;
    crowd.stir(venue, 20)?;
    venue.truth.is("WORTHLESS", "0.000001")?;
    for (asset, price, ..) in POOLS {
        venue.truth.is(asset, price)?;
    }
    venue.truth.is(PERPETUAL, "130")?;
    venue.loss("")
}

/// What the stolen keys can say: the coin counts in full, and anything may leave.
fn seize(venue: &mut Venue) -> Result<(), String> {
    let listed = format!("{LENDING}WORTHLESS = \"1\"\n");
    venue.ask("version 2 with the coin at 1", say::document("lending", "2", &listed))?;
    let now = json!({"change-model": {"model": "lending", "version": "2"}});
    if !venue.ask("version 2 from now on", now)? {
        // As soon as the rule of changes allows it.
        let later = json!({"change-model": {"model": "lending", "version": "2",
            "at": "2026-04-02T16:05:00Z", "over_seconds": 604_800, "steps": 168}});
        venue.ask("version 2 as the rule allows", later)?;
    }
    let free = |(asset, ..): &(&str, &str, u64, u64)| outflow(asset, "1000000000");
    venue.ask_each("the limits on what leaves are lifted", POOLS.iter().map(free).collect())
}

/// Two hours later the venue's own people cancel what is announced.
fn notice(venue: &mut Venue) -> Result<(), String> {
    venue.at("2026-04-01T18:10:00")?;
    let cancel = |change| json!({"cancel-change": {"change": change}});
    let announced = (1..=4).map(cancel).collect();
    venue.ask_each("what was announced is cancelled", announced)?;
    venue.at("2026-04-12T00:00:00")?;
    venue.must(json!("time"))?;
    let action = say::withdraw("thief", "USDC", "1000000");
    venue.ask("eleven days later: 1000000 USDC", action)?;
    Ok(())
}

fn outflow(asset: &str, most: &str) -> Value {
    json!({"outflow": {"asset": asset, "for": "venue", "cap": {"most": most, "seconds": 3600}}})
}

fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2026-03-31T00:00:00")?;
    venue.must(say::document("lending", "1", LENDING))?;
    venue.must(say::open("lenders", "lending"))?;
    for (asset, price, amount, _) in POOLS {
        venue.must(say::index(asset, price))?;
        venue.must(say::deposit("lenders", asset, &amount.to_string()))?;
        venue.must(outflow(asset, "5000000"))?;
    }
    venue.must(say::index("WORTHLESS", "1"))?;
    venue.must(say::index("SOL", "130"))?;
    venue.must(say::list(PERPETUAL, "0.001", "130"))?;
    let crowd = Crowd::arrive(venue, 20, "lending", [PERPETUAL, "USDC"])?;
    crowd.stir(venue, 40)?;
    venue.must(say::open("thief", "lending"))?;
    if rule.is_on() {
        venue.must(json!({"governance": {"delay_seconds": 86_400, "step_seconds": 3_600,
            "most_per_step": "0.1", "collateral_seconds": 604_800}}))?;
    }
    Ok(crowd)
}
