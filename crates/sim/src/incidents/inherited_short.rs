//! 26 March 2025: three accounts of one trader hold both sides of a thin coin; the short fails, is
//! too large for the book, and passes to a vault whose collateral is that of all depositors, while
//! the coin goes on rising.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};
use serde_json::json;

pub(super) const INCIDENT: Incident = Incident {
    name: "march-2025-inherited-short",
    rule: "who takes over has collateral of its own, and limits",
    reported: 12_000_000,
    most_left: 10,
    play,
};

const COIN: &str = "venue:COIN/USDC:USDC";

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    for (buyer, seller, quantity) in [
        ("long-1", "short", "226300000"),
        ("long-2", "short", "171700000"),
        ("long-2", "makers", "28300000"),
    ] {
        let what = format!("{buyer} buys {quantity} of {seller} at 0.0095");
        venue.ask(&what, say::trade(COIN, quantity, "0.0095", [buyer, seller]))?;
    }
    for price in ["0.0100", "0.0108", "0.0115", "0.0135", "0.0160", "0.0190"] {
        venue.price(["COIN", COIN], price)?;
        crowd.stir(venue, 10)?;
    }
    for account in ["long-1", "long-2"] {
        venue.drain(account, "USDC", 3_130_000)?;
    }
    for price in ["0.0240", "0.0300", "0.0376", "0.0430"] {
        venue.price(["COIN", COIN], price)?;
        crowd.stir(venue, 10)?;
    }
    venue.truth.is("USDC", "1")?;
    venue.truth.is(COIN, "0.0430")?;
    venue.loss("vaults")
}

/// Without the rule the depositors' vault takes over whatever there is; with it a vault of its own
/// up to a worth, and what that cannot bear is closed against the other side.
fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2025-03-26T12:00:00")?;
    venue.must(say::leverage("three", 3))?;
    venue.must(say::index("USDC", "1"))?;
    venue.must(say::index("COIN", "0.0095"))?;
    venue.must(say::list(COIN, "1", "0.0095"))?;
    let crowd = Crowd::arrive(venue, 20, "three", [COIN, "USDC"])?;
    crowd.stir(venue, 40)?;
    for (account, deposit) in [
        ("depositors", "230000000"),
        ("backstop", "1000000"),
        ("makers", "50000000"),
        ("long-1", "2850000"),
        ("long-2", "2850000"),
        ("short", "1400000"),
    ] {
        venue.must(say::open(account, "three"))?;
        venue.must(say::deposit(account, "USDC", deposit))?;
    }
    let stages = if rule.is_on() {
        json!({"backstop": say::backstop("backstop", Some("1000000")), "insurance": {},
            "deleverage": {"policy": "pro-rata"}})
    } else {
        json!({"backstop": say::backstop("depositors", None)})
    };
    venue.must(say::liquidation(&stages))?;
    venue.count(&["depositors", "backstop"])?;
    Ok(crowd)
}
