//! 12 March 2020: the price of ether halves, the price that the venue knows is an hour old, and who
//! would bid for the collateral of failed loans does not get through. One bidder is always there,
//! and waits for the lowest price that he can get.

use super::crowd::Crowd;
use super::loss::{Loss, dollars};
use super::venue::Venue;
use super::{Incident, Rule, say};
use keelmark_book::{Asset, Decimal, Money, Overflow, Round};
use keelmark_engine::AccountId;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) const INCIDENT: Incident = Incident {
    name: "march-2020-no-bidders",
    rule: "a price that falls to whoever comes, and starts anew",
    reported: 5_670_000,
    most_left: 50,
    play,
};

const PERPETUAL: &str = "venue:ETH/DAI:DAI";
/// Loans, each of up to 86 lots of 50 coins.
const LOANS: usize = 80;
/// The market, hour by hour from 00:00 UTC on; the venue knows that of an hour ago.
const MARKET: &[i64] = &[
    195, 193, 190, 188, 186, 184, 180, 172, 160, 150, 142, 136, 137, 138, 136, 133, 130, 125, 122,
    118, 112, 105, 99, 96, 105, 112, 118,
];
/// A keeper gets through to an auction in so many of a hundred tries, one a minute.
const THROUGH: usize = 5;

/// Loans at 150 %: margin is half of what is owed.
const LENDING: &str = r#"
[collateral.assets]
DAI = "1"
ETH = "1"

[[charge]]
name = "debt"
kind = "borrowed"
rate = "0.5"

[[charge]]
name = "perpetuals"
kind = "per-position"
on = { kind = "perpetual" }
amount = "0.5 * notional"

[levels]
initial = "debt + perpetuals"
maintenance = "debt + perpetuals"
"#;

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    let mut sold = Sold::default();
    for (hour, pair) in MARKET.windows(2).enumerate() {
        let [known, market] = pair else { continue };
        let (day, hour) = (12 + hour / 24, hour % 24);
        venue.at(&format!("2020-03-{day}T{hour:02}:30:00"))?;
        let known = known.to_string();
        venue.must(say::index("ETH", &known))?;
        venue.must(say::mark(PERPETUAL, &known))?;
        if hour % 4 == 3 {
            venue.tell(&format!("ETH is at {market}, and {known} is known"));
        }
        for _ in 0..59 {
            venue.wait(60)?;
            bids(venue, *market, &mut sold)?;
        }
        crowd.stir(venue, 2)?;
    }
    venue.truth.is("DAI", "1")?;
    venue.truth.is("ETH", "118")?;
    venue.truth.is(PERPETUAL, "118")?;
    let mut loss = venue.loss("")?;
    loss.parts.push(("collateral sold below the market".to_owned(), sold.below));
    for (by, [coins, paid]) in &sold.by {
        let (coins, paid) = (dollars(*coins), dollars(*paid));
        venue.tell(&format!("{by}: {coins} ETH for {paid} DAI, {} each", paid / coins.max(1)));
    }
    Ok(loss)
}

/// What was sold: by how much below the market, and how much of it to whom for what.
#[derive(Debug, Default)]
struct Sold {
    below: Money,
    by: BTreeMap<&'static str, [Money; 2]>,
}

/// A round of bids: a keeper who gets through pays up to 97 % of the market, the one who waits 78.
fn bids(venue: &mut Venue, market: i64, sold: &mut Sold) -> Result<(), String> {
    let auctioned: Vec<String> = {
        let state = venue.engine.state();
        let held = state.liquidation.open().filter(|(_, process)| process.sale().is_some());
        held.map(|(id, _)| state.account(id).name.clone()).collect()
    };
    for account in auctioned {
        let through = venue.random.chance(THROUGH, 100);
        for (by, percent, comes) in [("keepers", 97, through), ("waiting", 78, true)] {
            if comes {
                let limit = format!("{}.{:02}", market * percent / 100, market * percent % 100);
                let [coins, paid] = bid(venue, [&account, by], &limit)?;
                sold.add(by, [coins, paid], market).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

impl Sold {
    fn add(
        &mut self,
        by: &'static str,
        [coins, paid]: [Money; 2],
        market: i64,
    ) -> Result<(), Overflow> {
        let worth = coins.decimal().times(Decimal::from_int(market), Round::Down)?;
        self.below = self.below.plus(Money::new(worth).minus(paid)?)?;
        let sum = self.by.entry(by).or_default();
        *sum = [sum[0].plus(coins)?, sum[1].plus(paid)?];
        Ok(())
    }
}

/// A bid for all there is: what it gets, and what it pays.
fn bid(venue: &mut Venue, [account, by]: [&str; 2], limit: &str) -> Result<[Money; 2], String> {
    let id = venue.id(by)?;
    let before = has(venue, id)?;
    venue.send(json!({"bid": {"account": account, "by": by, "amount": "1000000",
        "limit": limit}}))?;
    let after = has(venue, id)?;
    let text = |error: Overflow| error.to_string();
    Ok([after[1].minus(before[1]).map_err(text)?, before[0].minus(after[0]).map_err(text)?])
}

/// What an account has of both assets.
fn has(venue: &Venue, id: AccountId) -> Result<[Money; 2], String> {
    let account = venue.engine.state().account(id);
    let [dai, ether] = ["DAI", "ETH"].map(|name| Asset::new(name).map_err(|e| e.to_string()));
    Ok([account.balance(&dai?), account.balance(&ether?)])
}

fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2020-03-11T00:00:00")?;
    venue.must(say::document("lending", "1", LENDING))?;
    venue.must(say::index("DAI", "1"))?;
    venue.must(say::index("ETH", "195"))?;
    venue.must(say::list(PERPETUAL, "0.001", "195"))?;
    for (account, deposit) in
        [("lenders", "200000000"), ("keepers", "50000000"), ("waiting", "50000000")]
    {
        venue.must(say::open(account, "lending"))?;
        venue.must(say::deposit(account, "DAI", deposit))?;
    }
    let crowd = Crowd::arrive(venue, 10, "lending", [PERPETUAL, "DAI"])?;
    crowd.stir(venue, 20)?;
    // From 1.3 times the price that is known: to nothing within twenty minutes and never again, or
    // by a hundredth every 90 seconds and anew after 8,400.
    let form = if rule.is_on() {
        json!({"first": "1.3", "fall": {"stairs": {"cut": "0.99", "step_seconds": 90}},
            "tail_seconds": 8_400, "cusp": "0.4", "resets": 20})
    } else {
        json!({"first": "1.3", "fall": {"line": {"seconds": 1_200}}, "tail_seconds": 1_200,
            "cusp": "0", "resets": 0})
    };
    venue.must(say::liquidation(&json!({"auction": {"form": {"collateral": form}}})))?;
    for number in 0..LOANS {
        borrow(venue, number)?;
    }
    venue.count(&[])?;
    Ok(crowd)
}

/// A loan of a few lots that fails somewhere between 190 and 120.
fn borrow(venue: &mut Venue, number: usize) -> Result<(), String> {
    let name = format!("loan-{number}");
    let coins = 50 * (1 + venue.random.below(86));
    let fails = 120 + venue.random.below(70);
    let owed = (coins * fails * 2 / 3).to_string();
    venue.must(say::open(&name, "lending"))?;
    venue.must(say::deposit(&name, "ETH", &coins.to_string()))?;
    venue.must(say::withdraw(&name, "DAI", &owed))?;
    Ok(())
}
