//! 11 October 2022: two accounts of one trader trade a thin coin with each other, its price is
//! driven up, and one of them borrows what all lenders have against the profit.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};

pub(super) const INCIDENT: Incident = Incident {
    name: "october-2022-linked-accounts",
    rule: "unrealised profit supports no new debt",
    reported: 116_000_000,
    most_left: 0,
    play,
};

const THIN: &str = "venue:THIN/USDC:USDC";

/// Pooled margin at a leverage of ten, where debts ask a tenth of themselves.
const POOLED: &str = r#"
[collateral.assets]
USDC = "1"

[[charge]]
name = "debt"
kind = "borrowed"
rate = "0.1"

[[charge]]
name = "perpetuals"
kind = "per-position"
on = { kind = "perpetual" }
amount = "0.1 * notional"
"#;

/// The levels without the rule, and with it.
const LEVELS: &str = r#"
[levels]
initial = "debt + perpetuals"
maintenance = "(debt + perpetuals) / 2"
"#;
const LEVELS_WITHOUT_PROFIT: &str = r#"
[[charge]]
name = "profit"
kind = "unrealised-profit"
weight = "0"

[levels]
initial = "debt + perpetuals + profit"
maintenance = "(debt + perpetuals) / 2"
"#;

/// Time and price of the coin: the trade's, within the named figures after that, and the height.
const PATH: &[(&str, &str)] = &[
    ("22:26:00", "0.045"),
    ("22:30:00", "0.10"),
    ("22:35:00", "0.30"),
    ("22:40:00", "0.50"),
    ("22:43:00", "0.91"),
];

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    venue.at("2022-10-11T22:25:00")?;
    venue.ask(
        "B buys 483000000 of A at 0.0382",
        say::trade(THIN, "483000000", "0.0382", ["b", "a"]),
    )?;
    for (time, price) in PATH {
        venue.at(&format!("2022-10-11T{time}"))?;
        tell_price(venue, price)?;
        crowd.stir(venue, 20)?;
    }
    venue.drain("b", "USDC", 116_000_000)?;
    for (time, price) in [("22:50:00", "0.30"), ("23:10:00", "0.04")] {
        venue.at(&format!("2022-10-11T{time}"))?;
        tell_price(venue, price)?;
        crowd.stir(venue, 20)?;
    }
    venue.truth.is("USDC", "1")?;
    venue.truth.is(THIN, "0.04")?;
    venue.loss("")
}

/// The venue as it was: lenders with what was there to be had, two accounts with 5 million each.
fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2022-10-11T22:00:00")?;
    let levels = if rule.is_on() { LEVELS_WITHOUT_PROFIT } else { LEVELS };
    venue.must(say::document("pooled", "1", &format!("{POOLED}{levels}")))?;
    venue.must(say::index("USDC", "1"))?;
    venue.must(say::index("THIN", "0.0382"))?;
    venue.must(say::list(THIN, "1", "0.0382"))?;
    venue.must(say::open("lenders", "pooled"))?;
    venue.must(say::deposit("lenders", "USDC", "116000000"))?;
    let crowd = Crowd::arrive(venue, 20, "pooled", [THIN, "USDC"])?;
    crowd.stir(venue, 40)?;
    for (account, time) in [("a", "22:07:00"), ("b", "22:19:00")] {
        venue.at(&format!("2022-10-11T{time}"))?;
        venue.must(say::open(account, "pooled"))?;
        venue.must(say::deposit(account, "USDC", "5000000"))?;
    }
    Ok(crowd)
}

fn tell_price(venue: &mut Venue, price: &str) -> Result<(), String> {
    venue.must(say::index("THIN", price))?;
    venue.must(say::mark(THIN, price))?;
    venue.tell(&format!("the coin is at {price}"));
    Ok(())
}
