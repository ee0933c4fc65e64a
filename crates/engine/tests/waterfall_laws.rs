//! What holds of every liquidation, over venues made at random.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{InstrumentId, Quantity};
use keelmark_engine::ledger::House;
use keelmark_engine::liquidation::Fact;
use keelmark_engine::{Event, State};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use venue::Venue;

const INSTRUMENTS: [&str; 3] =
    ["deribit:BTC/USDC:USDC", "deribit:BTC/USDC:USDC-261225", "deribit:BTC/USD:BTC"];
const POLICIES: [&str; 7] = [
    r#""pro-rata""#,
    r#""leverage""#,
    r#""least-haircut""#,
    r#"{"queue":{"ranking":"okx"}}"#,
    r#"{"queue":{"ranking":"hyperliquid"}}"#,
    r#"{"capped":{"share":"0.2"}}"#,
    r#"{"risk-aware":{"weight":"linear"}}"#,
];
const ACCOUNTS: usize = 7;

/// Which stages there are, as bits, and how they are done.
fn rule(stages: u8, policy: usize, vault: u8) -> String {
    let mut rule = r#""step_seconds":5,"end":"0.8""#.to_owned();
    if stages & 1 != 0 {
        rule += r#","close":{"first":"0.5","growth":"0.5","steps":2,"slippage":"0.01","fee":"0"}"#;
    }
    if stages & 2 != 0 {
        rule += r#","backstop":{"vaults":[{"account":"vault","share":""#;
        let rest = 10 - vault;
        write!(rule, r#"0.{vault}"}},{{"account":"a0","share":"0.{rest}"}}]}}"#).unwrap();
    }
    if stages & 4 != 0 {
        rule += r#","insurance":{"fund":"coins","shared":true}"#;
    }
    if stages & 8 != 0 {
        write!(rule, r#","deleverage":{{"policy":{}}}"#, POLICIES[policy]).unwrap();
    }
    if stages & 16 != 0 {
        rule += r#","socialise":{"gate_seconds":7}"#;
    }
    format!(r#"{{"liquidation":{{"rule":{{{rule}}}}}}}"#)
}

fn made(rule: &str, deposits: &[u32]) -> Venue {
    let mut venue = Venue::new();
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USDC:USDC-261225","contract_size":"1",
        "lot":"0.001","mark":"70000"}}"#,
    );
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USD:BTC","contract_size":"10","lot":"1",
        "mark":"70000"}}"#,
    );
    venue.done(r#"{"model":{"name":"isolated"}}"#);
    venue.open("vault", "60000");
    for (at, deposit) in deposits.iter().enumerate() {
        let mode = if at == 3 { "isolated" } else { "cross" };
        venue
            .done(&format!(r#"{{"open":{{"account":"a{at}","mode":"{mode}","model":"{mode}"}}}}"#));
        for (asset, amount) in [("USDC", deposit.to_string()), ("BTC", "0.05".to_owned())] {
            venue.done(&format!(
                r#"{{"deposit":{{"account":"a{at}","asset":"{asset}","amount":"{amount}"}}}}"#
            ));
        }
    }
    venue.done(rule);
    venue
}

/// Every position by whose it is, in what, and on which collateral.
fn positions(state: &State) -> BTreeMap<(String, InstrumentId, bool), Quantity> {
    let mut all = BTreeMap::new();
    for account in &state.accounts {
        let shared = account.shared.iter().map(|held| (held, false));
        let own = account.isolated.iter().map(|own| (&own.holding, true));
        for (held, isolated) in shared.chain(own) {
            all.insert((account.name.clone(), held.instrument, isolated), held.quantity);
        }
    }
    all
}

/// What must hold after an answer.
fn holds(
    venue: &Venue,
    before: &BTreeMap<(String, InstrumentId, bool), Quantity>,
    events: &[Event],
) {
    let state = venue.engine.state();
    for (house, asset, amount) in state.ledger.iter() {
        let fund = matches!(house, House::Fund(_) | House::Insurance);
        assert!(!(fund && amount.is_negative()), "{house:?} has {amount} {asset}: {events:?}");
    }
    let facts = events.iter().filter_map(|event| match event {
        Event::Liquidation(fact) => Some(&**fact),
        _ => None,
    });
    let mut taken: BTreeMap<(String, InstrumentId), Quantity> = BTreeMap::new();
    for fact in facts {
        match fact {
            Fact::Deleveraged { by, instrument, quantity, .. } => {
                let id = state.market.instruments.find(instrument).unwrap();
                let sum = taken.entry((by.clone(), id)).or_default();
                *sum = sum.plus(*quantity).unwrap();
                let held = [false, true].map(|own| before.get(&(by.clone(), id, own)));
                let held = held.into_iter().flatten();
                let other = held.filter(|held| held.is_negative() == quantity.is_negative());
                let most = Quantity::sum(other.copied()).unwrap().abs();
                // A vault may have got more within the same answer.
                assert!(sum.abs() <= most || by == "vault" || by == "a0", "{most}: {fact:?}");
            }
            Fact::Haircut { shortfall, taken, overshoot, left, .. } => {
                assert_eq!(taken.minus(*shortfall).unwrap(), *overshoot, "{fact:?}");
                assert!(!left.is_negative() && !shortfall.is_negative(), "{fact:?}");
                assert!(overshoot.to_f64() < 1e-9, "{fact:?}");
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_lost_or_crossed_and_nobody_stays_below_zero(
        (stages, policy, vault) in (0u8..32, 0..POLICIES.len(), 1u8..10),
        deposits in prop::collection::vec(2_000u32..40_000, ACCOUNTS),
        trades in prop::collection::vec((0..3usize, 1u32..900, 0..ACCOUNTS, 1..ACCOUNTS), 4..25),
        moves in prop::collection::vec((0..3usize, -90i32..90), 1..12),
        fund in 0u32..3_000,
    ) {
        let mut venue = made(&rule(stages, policy, vault), &deposits);
        venue.second = 1;
        if stages & 4 != 0 {
            let fund = fund + 1;
            venue.done(&format!(
                r#"{{"fund":{{"fund":"coins","asset":"USDC","amount":"{fund}"}}}}"#
            ));
        }
        for (instrument, size, one, other) in trades {
            let (buyer, seller) = (one, (one + other) % ACCOUNTS);
            let quantity =
                if instrument == 2 { size * 5 } else { size };
            let quantity = if instrument == 2 {
                quantity.to_string()
            } else {
                format!("0.{quantity:03}")
            };
            venue.send(&format!(
                r#"{{"trade":{{"instrument":"{}","quantity":"{quantity}","price":"70000",
                "buyer":{{"account":"a{buyer}"}},"seller":{{"account":"a{seller}"}}}}}}"#,
                INSTRUMENTS[instrument],
            ));
        }
        let mut seconds = 60;
        let mut clock = |venue: &mut Venue, by: u32, action: &str| {
            seconds += by;
            let before = positions(venue.engine.state());
            let at = format!(
                "2026-03-13T{:02}:{:02}:{:02}Z",
                19 + seconds / 3600, seconds / 60 % 60, seconds % 60
            );
            let events = venue.send_at(&at, action);
            holds(venue, &before, &events);
        };
        for (instrument, percent) in moves {
            let mark = 70_000 + 200 * percent;
            clock(&mut venue, 1, &format!(
                r#"{{"mark":{{"instrument":"{}","mark":"{mark}"}}}}"#, INSTRUMENTS[instrument],
            ));
            clock(&mut venue, 3, r#""time""#);
        }
        for _ in 0..60 {
            clock(&mut venue, 5, r#""time""#);
        }
        venue.restart();
        let state = venue.engine.state();
        for account in &state.accounts {
            let id = state.named(&account.name).unwrap();
            let short = state.standings(id).unwrap().iter().any(|pool| pool.equity.is_negative());
            let waits = state.liquidation.of(id).is_some();
            prop_assert!(!short || waits, "{} is below zero and nobody cares", account.name);
            // Where the loss is shared in the end nobody without positions stays there.
            let flat = account.holdings().next().is_none();
            prop_assert!(!(short && flat && stages & 16 != 0), "{account:?}");
        }
    }
}
