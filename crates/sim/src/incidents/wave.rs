//! 10 October 2025: prices fall faster than positions can be closed, what is owed is taken of
//! those who won, late and by a queue. With the rule it is closed in slices from the first second
//! on, a fund pays first, and what is still missing is taken of all in proportion.

use super::crowd::Crowd;
use super::loss::Loss;
use super::venue::Venue;
use super::{Incident, Rule, say};
use keelmark_book::{Decimal, Money, Round};
use keelmark_engine::liquidation::Offer;
use serde_json::{Value, json};

pub(super) const INCIDENT: Incident = Incident {
    name: "october-2025-wave",
    rule: "no more is taken from winners than is needed, and from all alike",
    reported: 60_100_000,
    most_left: 5,
    play,
};

const COIN: &str = "venue:AVAX/USDC:USDC";
const LONGS: usize = 160;
const SHORTS: usize = 40;
/// Coins of what is offered that who makes the market takes within ten seconds.
const DEPTH: i64 = 50_000;
/// The last trade of each ten seconds of the perpetual that fell furthest, a minute a line, from
/// 21:12 on: stored bars of one second.
const PATH: [[&str; 6]; 13] = [
    ["24.93", "24.87", "24.69", "24.59", "24.47", "24.38"],
    ["24.06", "23.64", "23.09", "23.11", "23.43", "23.33"],
    ["23.57", "22.98", "22.64", "22.49", "22.80", "22.87"],
    ["22.96", "23.02", "23.10", "22.47", "22.51", "21.98"],
    ["21.42", "21.26", "21.32", "21.32", "21.29", "20.92"],
    ["20.15", "20.12", "18.95", "19.20", "18.93", "19.79"],
    ["18.76", "18.01", "17.74", "17.07", "15.96", "14.50"],
    ["14.01", "12.56", "12.62", "11.58", "10.21", "9.64"],
    ["8.89", "8.25", "7.71", "8.00", "7.68", "6.61"],
    ["6.20", "6.19", "6.02", "6.10", "6.84", "7.21"],
    ["8.33", "8.69", "9.59", "11.15", "12.84", "13.71"],
    ["11.86", "10.33", "11.27", "11.27", "10.92", "11.50"],
    ["11.02", "11.25", "10.92", "10.69", "10.83", "11.64"],
];

fn play(venue: &mut Venue, rule: Rule) -> Result<Loss, String> {
    let crowd = opening(venue, rule)?;
    for (minute, prices) in (12..).zip(PATH) {
        venue.at(&format!("2025-10-10T21:{minute}:00"))?;
        venue.tell(&format!("AVAX is at {}", prices[0]));
        for price in prices {
            pass(venue, price)?;
        }
        crowd.stir(venue, 5)?;
    }
    venue.truth.is("USDC", "1")?;
    venue.truth.is(COIN, "10.92")?;
    let mut loss = venue.loss("")?;
    let taken = Money::sum(venue.haircuts.values().copied());
    let taken = taken.map_err(|error| error.to_string())?;
    loss.parts.push(("taken of winners".to_owned(), taken));
    tell_haircuts(venue)?;
    Ok(loss)
}

/// Ten seconds at a price, in which liquidations take a step and what is offered is taken as far as
/// there is depth.
fn pass(venue: &mut Venue, price: &str) -> Result<(), String> {
    venue.must(say::index("AVAX", price))?;
    venue.must(say::mark(COIN, price))?;
    let mut depth = Decimal::from_int(DEPTH);
    for _ in 0..10 {
        for action in offers(venue) {
            let size = action["take"]["quantity"].as_str().unwrap_or_default();
            let size: Decimal = size.parse().unwrap_or_default();
            if size <= depth {
                venue.send(action)?;
                depth = depth.minus(size).unwrap_or_default();
            }
        }
        venue.wait(1)?;
    }
    Ok(())
}

/// What is offered now, as who makes the market would take it.
fn offers(venue: &Venue) -> Vec<Value> {
    let state = venue.engine.state();
    let offered = state.liquidation.open().filter_map(|(id, process)| match &process.offer {
        Some(Offer::Position(slice)) => {
            let (quantity, limit) = (slice.quantity.abs(), slice.limit);
            Some(json!({"take": {"account": state.account(id).name, "by": "makers",
                "quantity": quantity.to_string(), "price": limit.to_string()}}))
        }
        _ => None,
    });
    offered.collect()
}

/// How many winners paid, and the largest part of what one of them had.
fn tell_haircuts(venue: &mut Venue) -> Result<(), String> {
    let mut largest = Decimal::ZERO;
    for (name, taken) in &venue.haircuts {
        let has = venue.worth(venue.engine.state().account(venue.id(name)?))?;
        let had = has.plus(*taken).map_err(|error| error.to_string())?;
        let share = taken.ratio(had, Round::Up).map_err(|error| error.to_string())?;
        largest = largest.max(share.decimal());
    }
    let (count, percent) = (venue.haircuts.len(), largest.to_f64() * 100.0);
    venue.tell(&format!("{count} winners paid; the most is {percent:.1} % of what one had"));
    Ok(())
}

fn opening(venue: &mut Venue, rule: Rule) -> Result<Crowd, String> {
    venue.at("2025-10-10T20:50:00")?;
    venue.must(say::leverage("ten", 10))?;
    venue.must(say::index("USDC", "1"))?;
    venue.must(say::index("AVAX", "25.25"))?;
    venue.must(say::list(COIN, "0.001", "25.25"))?;
    let crowd = Crowd::arrive(venue, 20, "ten", [COIN, "USDC"])?;
    venue.must(say::open("makers", "ten"))?;
    venue.must(say::deposit("makers", "USDC", "2000000000"))?;
    let stages = if rule.is_on() {
        json!({
            "step_seconds": 1,
            "close": {"first": "0.25", "growth": "0.25", "steps": 4, "slippage": "0.005",
                "fee": "0.001"},
            "insurance": {},
            "deleverage": {"policy": "pro-rata"},
        })
    } else {
        json!({"grace_seconds": 61, "deleverage": {"policy": {"queue": {"ranking": RANKING}}}})
    };
    venue.must(say::liquidation(&stages))?;
    venue.must(json!({"fund": {"asset": "USDC", "amount": "5000000"}}))?;
    positions(venue)?;
    Ok(crowd)
}

/// A ranking of `models/adl`: price ratio since entry times leverage.
const RANKING: &str = "hyperliquid";

/// Levered longs of 4 to 20 million dollars each, at a leverage of 3 to 9, against fewer shorts at
/// a low one.
fn positions(venue: &mut Venue) -> Result<(), String> {
    let shorts: Vec<String> = (0..SHORTS).map(|number| format!("short-{number}")).collect();
    for name in &shorts {
        venue.must(say::open(name, "ten"))?;
        let deposit = 20_000_000 + venue.random.below(180_000_000);
        venue.must(say::deposit(name, "USDC", &deposit.to_string()))?;
    }
    for number in 0..LONGS {
        let name = format!("long-{number}");
        venue.must(say::open(&name, "ten"))?;
        let coins = 140_000 + venue.random.below(660_000);
        let leverage = 3 + venue.random.below(7);
        let deposit = coins * 2_525 / 100 / leverage;
        venue.must(say::deposit(&name, "USDC", &deposit.to_string()))?;
        let short = venue.random.pick(&shorts).clone();
        venue.must(say::trade(COIN, &coins.to_string(), "25.25", [&name, &short]))?;
    }
    venue.count(&[])
}
