//! 12 November 2025: nineteen wallets of one owner build one position at the leverage of small
//! ones, under a bid that is then taken away.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};
use serde_json::json;

pub(super) const INCIDENT: Incident = Incident {
    name: "november-2025-fake-bid",
    rule: "linked accounts count as one",
    reported: 4_950_000,
    most_left: 10,
    play,
};

const COIN: &str = "venue:COIN/USDC:USDC";
const WALLETS: usize = 19;
/// What each brings in: 3 million dollars over nineteen.
const DEPOSIT: &str = "157895";

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    buy(venue, "4380000", "0.18")?;
    for price in ["0.19", "0.20", "0.21"] {
        venue.price(["COIN", COIN], price)?;
        crowd.stir(venue, 10)?;
    }
    // What the profit of the way up supports.
    buy(venue, "2200000", "0.21")?;
    venue.tell("the bids are cancelled");
    for price in ["0.20", "0.19", "0.17", "0.15", "0.13"] {
        venue.price(["COIN", COIN], price)?;
        crowd.stir(venue, 10)?;
    }
    venue.truth.is("USDC", "1")?;
    venue.truth.is(COIN, "0.13")?;
    venue.loss("the vault")
}

/// Each wallet buys as much from who makes the market.
fn buy(venue: &mut Venue, quantity: &str, price: &str) -> Result<(), String> {
    let trade = |number| say::trade(COIN, quantity, price, [&wallet(number), "makers"]);
    let what = format!("{WALLETS} wallets buy {quantity} each at {price}");
    venue.ask_each(&what, (0..WALLETS).map(trade).collect())
}

fn wallet(number: usize) -> String {
    format!("wallet-{number}")
}

fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2025-11-12T13:00:00")?;
    venue.must(say::leverage("five", 5))?;
    venue.must(say::index("USDC", "1"))?;
    venue.must(say::index("COIN", "0.18"))?;
    venue.must(say::list(COIN, "1", "0.18"))?;
    let crowd = Crowd::arrive(venue, 20, "five", [COIN, "USDC"])?;
    crowd.stir(venue, 40)?;
    for (account, deposit) in [("vault", "230000000"), ("makers", "500000000")] {
        venue.must(say::open(account, "five"))?;
        venue.must(say::deposit(account, "USDC", deposit))?;
    }
    let names: Vec<String> = (0..WALLETS).map(wallet).collect();
    for name in &names {
        venue.must(say::open(name, "five"))?;
        venue.must(say::deposit(name, "USDC", DEPOSIT))?;
    }
    if rule.is_on() {
        venue.must(json!({"link": {"group": "one source of funds", "accounts": names}}))?;
        let most = json!({"instrument": COIN, "for": {"group": "one source of funds"},
            "notional": "5000000"});
        venue.must(json!({"limit": most}))?;
    }
    venue.must(say::liquidation(&json!({"backstop": say::backstop("vault", None)})))?;
    venue.count(&["vault"])?;
    Ok(crowd)
}
