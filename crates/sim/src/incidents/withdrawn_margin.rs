//! 12 March 2025: an account takes out its deposit and its profit, down to the initial margin of a
//! position that nobody can close at its mark, and leaves the position to the vault.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};
use keelmark_book::Decimal;
use serde_json::json;

pub(super) const INCIDENT: Incident = Incident {
    name: "march-2025-withdrawn-margin",
    rule: "what leaves is measured by a bar of its own",
    reported: 4_000_000,
    most_left: 0,
    play,
};

const ETHER: &str = "venue:ETH/USDC:USDC";

/// Leverage of fifty, half of it as maintenance.
const FIFTY: &str = r#"
[collateral.assets]
USDC = "1"

[params]
transfer_share = "0.1"

[[charge]]
name = "perpetuals"
kind = "per-position"
on = { kind = "perpetual" }
amount = "notional / 50"

[[charge]]
name = "notional"
kind = "per-position"
on = { kind = "perpetual" }
amount = "notional"

[levels]
initial = "perpetuals"
maintenance = "perpetuals / 2"
"#;
/// The bar for what leaves; without the rule it is reported, and asks as much as initial margin.
const TRANSFER: &str = r#"transfer = "max(perpetuals, transfer_share * notional)""#;
const NO_TRANSFER: &str = r#"transfer = "max(perpetuals, 0 * transfer_share * notional)""#;

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    let whale = ["whale", "makers"];
    venue.ask("the whale buys 175000 ETH", say::trade(ETHER, "175000", "1884.4", whale))?;
    venue.at("2025-03-12T06:00:00")?;
    venue.price(["ETH", ETHER], "1931")?;
    crowd.stir(venue, 40)?;
    // What a position has gained is cash once it is closed: it is, and all but 14766 bought again.
    for (what, quantity, sides) in [
        ("the whale sells 175000 ETH", "175000", ["makers", "whale"]),
        ("the whale buys 160234 ETH", "160234", ["whale", "makers"]),
    ] {
        venue.ask(what, say::trade(ETHER, quantity, "1931", sides))?;
    }
    venue.drain("whale", "USDC", 17_090_000)?;
    for price in ["1925", "1920", "1915", "1910", "1905"] {
        venue.price(["ETH", ETHER], price)?;
        crowd.stir(venue, 10)?;
    }
    // The vault closes what it took over, a quarter at each price; the mean is 1866.
    for price in ["1890", "1875", "1859", "1840"] {
        venue.price(["ETH", ETHER], price)?;
        unwind(venue, price)?;
        crowd.stir(venue, 10)?;
    }
    venue.truth.is("USDC", "1")?;
    venue.truth.is(ETHER, "1866")?;
    venue.loss("the vault")
}

/// The vault of the venue's depositors, who makes the market, and the account of the day.
fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2025-03-11T12:00:00")?;
    let transfer = if rule.is_on() { TRANSFER } else { NO_TRANSFER };
    venue.must(say::document("fifty", "1", &format!("{FIFTY}{transfer}\n")))?;
    venue.must(say::index("USDC", "1"))?;
    venue.must(say::index("ETH", "1884.4"))?;
    venue.must(say::list(ETHER, "0.001", "1884.4"))?;
    let crowd = Crowd::arrive(venue, 20, "fifty", [ETHER, "USDC"])?;
    crowd.stir(venue, 40)?;
    for (account, deposit) in
        [("vault", "230000000"), ("makers", "1000000000"), ("whale", "15230000")]
    {
        venue.must(say::open(account, "fifty"))?;
        venue.must(say::deposit(account, "USDC", deposit))?;
    }
    venue.must(say::liquidation(&json!({"backstop": say::backstop("vault", None)})))?;
    venue.count(&["vault"])?;
    Ok(crowd)
}

/// Closes a quarter of what the vault was left with, in the last step all.
fn unwind(venue: &mut Venue, price: &str) -> Result<(), String> {
    let held = venue.position("vault", ETHER)?.decimal();
    let part = if price == "1840" { held } else { held.min(Decimal::from_int(40_058)) };
    if !part.is_zero() {
        let quantity = part.to_string();
        venue.must(say::trade(ETHER, &quantity, price, ["makers", "vault"]))?;
    }
    Ok(())
}
