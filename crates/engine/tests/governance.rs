//! Parameters change by rule: announced, in steps, and never looser at once.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Decimal, Money, Rate, Round};
use keelmark_engine::{Command, Engine, Event};
use proptest::prelude::*;
use venue::Venue;

const PERP: &str = "deribit:BTC/USDC:USDC";
const RULE: &str = r#"{"governance":{"delay_seconds":600,"step_seconds":60,"most_per_step":"0.1",
    "collateral_seconds":1200}}"#;

fn limit(whose: &str, numbers: &str) -> String {
    format!(r#"{{"limit":{{"instrument":"{PERP}","for":{whose},{numbers}}}}}"#)
}

/// A version of the document `cross` that differs from it.
fn version(version: &str, rest: &str) -> String {
    let text = format!(
        "schema = \"keelmark/model/1\"\nname = \"cross\"\nextends = \"cross\"\n\
         version = \"{version}\"\n{rest}"
    );
    format!(r#"{{"model":{{"text":{}}}}}"#, serde_json::to_string(&text).unwrap())
}

fn change(version: &str, at: &str, over: u32, steps: u32) -> String {
    format!(
        r#"{{"change-model":{{"model":"cross","version":"{version}","at":"2026-03-13T{at}Z",
            "over_seconds":{over},"steps":{steps}}}}}"#
    )
}

fn words(events: &[Event]) -> Vec<String> {
    events.iter().map(ToString::to_string).collect()
}

/// The contracts that limits were set to.
fn contracts(events: &[Event]) -> Vec<String> {
    let most = events.iter().filter_map(|event| match event {
        Event::Limited { most, .. } => most.contracts,
        _ => None,
    });
    most.map(|one| one.to_string()).collect()
}

#[test]
fn a_limit_is_raised_in_steps_after_a_delay() {
    let mut venue = Venue::new();
    venue.done(&limit(r#""venue""#, r#""contracts":"5""#));
    venue.done(RULE);
    let said = venue.done(&limit(r#""venue""#, r#""contracts":"6""#));
    let what = format!("the limit of {PERP} for the venue");
    assert_eq!(words(&said), [format!("change 1: {what} begins at 2026-03-13T19:10:00Z")]);
    assert_eq!(venue.done_at("19:09:59", r#""time""#), []);
    let said = venue.done_at("19:10:00", r#""time""#);
    assert_eq!(contracts(&said), ["5.5"]);
    assert_eq!(
        said[1].to_string(),
        format!("change 1: {what}, step 1, the next at 2026-03-13T19:11:00Z")
    );
    let said = venue.done_at("20:00:00", r#""time""#);
    assert_eq!(contracts(&said), ["6"]);
    assert_eq!(said[1].to_string(), format!("change 1: {what} is complete"));
    let refusal = venue.refused_at("20:00:00", &limit(r#""venue""#, r#""contracts":null"#));
    assert!(refusal.to_string().contains("raised in steps"), "{refusal}");
}

#[test]
fn a_lower_limit_is_there_at_once_and_ends_what_was_announced() {
    let mut venue = Venue::new();
    venue.done(RULE);
    // What had no limit gets one at once.
    let said = venue.done(&limit(r#""each-account""#, r#""contracts":"5""#));
    assert_eq!(contracts(&said), ["5"]);
    let said = venue.done(&limit(r#""each-account""#, r#""contracts":"50","notional":"900""#));
    assert_eq!(contracts(&said), ["5"]);
    let said = venue.done(&limit(r#""each-account""#, r#""contracts":"4","notional":"900""#));
    assert_eq!(contracts(&said), ["4"]);
    assert!(words(&said).iter().any(|one| one.ends_with("is cancelled")), "{said:?}");
    assert_eq!(venue.done_at("21:00:00", r#""time""#), []);
}

#[test]
fn an_own_limit_is_no_way_round_the_common_one() {
    let mut venue = Venue::new();
    venue.open("a", "1000");
    venue.done(&limit(r#""each-account""#, r#""contracts":"5""#));
    venue.done(RULE);
    let said = venue.done(&limit(r#"{"account":"a"}"#, r#""contracts":"9""#));
    assert_eq!(contracts(&said), [""; 0]);
    let said = venue.done_at("19:12:00", r#""time""#);
    assert_eq!(contracts(&said), ["5.5", "6.05", "6.655"]);
    venue.done_at("19:12:00", &limit(r#"{"account":"a"}"#, r#""contracts":"2""#));
    let refusal = venue.refused_at("19:12:00", &limit(r#"{"account":"a"}"#, r#""contracts":null"#));
    assert!(refusal.to_string().contains("common"), "{refusal}");
}

/// A limit that would only be announced was taken for a group that nobody is of, and missed later.
#[test]
fn a_limit_of_a_group_that_is_not_there_is_refused_also_where_it_would_wait() {
    let mut venue = Venue::new();
    venue.done(&limit(r#""each-group""#, r#""contracts":"5""#));
    let group = limit(r#"{"group":"nobody"}"#, r#""contracts":"6""#);
    assert!(venue.refused(&group).to_string().contains("group"));
    venue.done(RULE);
    assert!(venue.refused(&group).to_string().contains("group"));
}

#[test]
fn what_may_leave_is_raised_in_steps() {
    let mut venue = Venue::new();
    let cap = |most: &str, seconds: u32| {
        format!(
            r#"{{"outflow":{{"asset":"USDC","for":"venue",
                "cap":{{"most":"{most}","seconds":{seconds}}}}}}}"#
        )
    };
    venue.done(&cap("1000", 3600));
    venue.done(RULE);
    venue.refused(r#"{"outflow":{"asset":"USDC","for":"venue"}}"#);
    venue.refused(&cap("1000", 60));
    venue.refused(&cap("1001", 7200));
    venue.done(&cap("1150", 3600));
    let said = venue.done_at("19:30:00", r#""time""#);
    let most: Vec<String> = said
        .iter()
        .filter_map(|event| match event {
            Event::OutflowSet { cap: Some(cap), .. } => Some(cap.most.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(most, ["1100", "1150"]);
}

#[test]
fn the_rule_itself_goes_by_the_rule() {
    let mut venue = Venue::new();
    venue.done(RULE);
    let said = venue.done(
        r#"{"governance":{"delay_seconds":0,"step_seconds":90,"most_per_step":"1",
            "collateral_seconds":1200}}"#,
    );
    assert_eq!(said[0].to_string(), "looser rules wait 600 s, and go by 0.1 every 90 s");
    let said = venue.done_at("19:10:00", r#""time""#);
    assert_eq!(said[0].to_string(), "looser rules wait 546 s, and go by 0.11 every 90 s");
    venue.done_at("20:59:59", r#""time""#);
    let rule = venue.engine.state().governance.rule().unwrap();
    assert_eq!((rule.delay_seconds, rule.most_per_step), (0, Rate::ONE));
    assert!(venue.engine.state().governance.pending().is_empty());
}

#[test]
fn a_document_that_may_be_looser_waits_and_goes_in_small_steps() {
    let mut venue = Venue::new();
    venue.done(RULE);
    venue.done(&version("2", "[params]\nleverage = { BTC = 30 }\n"));
    let refused = |venue: &mut Venue, action: &str, with: &str| {
        let refusal = venue.refused(action).to_string();
        assert!(refusal.contains(with), "{action}: {refusal}");
    };
    refused(&mut venue, &change("2", "19:09:59", 600, 2), "2026-03-13T19:10:00Z or later");
    refused(&mut venue, &change("2", "19:10:00", 600, 1), "steps: expected 2 or more");
    refused(&mut venue, &change("2", "19:10:00", 119, 2), "over_seconds: expected 120 or more");
    venue.done(&version("3", "[collateral.assets]\nSOL = \"0.5\"\n"));
    refused(&mut venue, &change("3", "19:10:00", 1200, 9), "steps: expected 10 or more");
    refused(&mut venue, &change("3", "19:10:00", 600, 10), "over_seconds: expected 1200 or more");
    venue.done(&version("4", "[levels]\nmaintenance = \"2 * futures_maintenance\"\n"));
    refused(&mut venue, &change("4", "20:10:00", 1200, 20), "the first levels.maintenance");
    venue.done(&change("2", "19:10:00", 120, 2));
    refused(&mut venue, &change("3", "19:10:00", 1200, 10), "is there already");
    venue.done(r#"{"cancel-change":{"change":1}}"#);
    venue.done(&change("3", "19:10:00", 1200, 10));
    venue.done_at("19:10:00", r#""time""#);
    venue.refused_at("19:10:00", r#"{"cancel-change":{"change":2}}"#);
}

#[test]
fn what_is_tighter_alone_is_there_at_once() {
    let mut venue = Venue::new();
    venue.open("a", "100000");
    venue.done(r#"{"index":{"asset":"USDT","price":"1"}}"#);
    venue.done(r#"{"deposit":{"account":"a","asset":"USDT","amount":"100"}}"#);
    venue.open("b", "100000");
    venue.trade("0.1", "70000", "a", "b");
    venue.done(RULE);
    venue.done(&version("2", "[collateral.assets]\nUSDT = \"0.5\"\n"));
    let equity = |venue: &Venue| {
        let id = venue.engine.state().named("a").unwrap();
        venue.engine.state().standings(id).unwrap()[0].equity.to_string()
    };
    assert_eq!(equity(&venue), "100098");
    venue.done(r#"{"change-model":{"model":"cross","version":"2"}}"#);
    assert_eq!(equity(&venue), "100050");
    venue.restart();
    assert_eq!(equity(&venue), "100050");
}

#[test]
fn a_change_that_has_begun_is_held_where_it_is_and_goes_back_by_the_rule() {
    let mut venue = Venue::new();
    venue.open("a", "100000");
    venue.open("b", "100000");
    venue.trade("1", "70000", "a", "b");
    venue.done(RULE);
    venue.done(&version("2", "[params]\nleverage = { BTC = 30 }\n"));
    venue.done(&change("2", "19:10:00", 600, 4));
    venue.refused(r#"{"hold-change":{"change":1}}"#);
    venue.done_at("19:16:00", r#"{"index":{"asset":"BTC","price":"70000"}}"#);
    venue.done_at("19:16:00", r#"{"index":{"asset":"USDC","price":"1"}}"#);
    let mark = format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"70000"}}}}"#);
    venue.done_at("19:16:00", &mark);
    let before = margins(&venue);
    let said = venue.done_at("19:16:00", r#"{"hold-change":{"change":1}}"#);
    assert_eq!(
        words(&said),
        ["change 1: model cross 1 to 2 is held: accounts stay under \"1 to 2, 2 of 4\""]
    );
    assert_eq!(margins(&venue), before, "neither tighter nor looser");
    venue.restart();
    assert_eq!(margins(&venue), before);
    venue.refused_at("19:16:00", r#"{"hold-change":{"change":1}}"#);
    assert_eq!(venue.done_at("19:20:30", r#""time""#), [], "it goes no further");
    // Back, and under the same rule as any other way.
    let refusal = venue.refused_at("19:20:30", &change("1", "19:21:00", 600, 2)).to_string();
    assert!(refusal.contains("2026-03-13T19:30:30Z or later"), "{refusal}");
    venue.done_at("19:20:30", &change("1", "19:31:00", 600, 2));
    venue.done_at("19:42:00", &mark);
    venue.done_at("19:42:00", r#"{"index":{"asset":"BTC","price":"70000"}}"#);
    venue.done_at("19:42:00", r#"{"index":{"asset":"USDC","price":"1"}}"#);
    assert_eq!(margins(&venue)[0], Money::from_int(2_800));
    let back = venue.engine.state();
    assert_eq!(back.document(back.account(back.named("a").unwrap()).model).version, "1");
    venue.restart();
    // And on again, to be held at the same place under the same name.
    venue.done_at("19:42:00", &change("2", "19:55:00", 600, 4));
    venue.done_at("20:01:00", r#""time""#);
    venue.done_at("20:01:00", r#"{"hold-change":{"change":3}}"#);
    venue.restart();
    assert_eq!(venue.engine.state().models.len(), 4);
}

#[test]
fn a_limit_that_rises_is_held_where_it_is() {
    let mut venue = Venue::new();
    venue.done(&limit(r#""venue""#, r#""contracts":"5""#));
    venue.done(RULE);
    venue.done(&limit(r#""venue""#, r#""contracts":"9""#));
    assert_eq!(contracts(&venue.done_at("19:10:00", r#""time""#)), ["5.5"]);
    let said = venue.done_at("19:10:10", r#"{"hold-change":{"change":1}}"#);
    assert!(matches!(said.as_slice(), [Event::ChangeHeld { version: None, .. }]), "{said:?}");
    assert_eq!(venue.done_at("20:00:00", r#""time""#), []);
    let said = venue.done_at("20:00:00", &limit(r#""venue""#, r#""contracts":"5.6""#));
    assert_eq!(contracts(&said), [""; 0], "the rest is announced anew");
}

/// What is looser is announced and there after the delay; what is tighter is there at once and ends
/// what was announced of the same.
#[track_caller]
fn waits(before: &[&str], looser: &str, what: &str, tighter: &str) {
    let mut venue = Venue::new();
    venue.open("a", "1000");
    venue.open("b", "1000");
    before.iter().for_each(|line| drop(venue.done(line)));
    venue.done(RULE);
    let said = words(&venue.done(looser));
    assert_eq!(said, [format!("change 1: {what} begins at 2026-03-13T19:10:00Z")]);
    venue.restart();
    assert_eq!(venue.done_at("19:09:59", r#""time""#), [], "{what}");
    let said = words(&venue.done_at("19:10:00", r#""time""#));
    assert!(said.len() > 1, "{said:?}");
    assert_eq!(said.last(), Some(&format!("change 1: {what} is complete")));
    let mut venue = Venue::new();
    venue.open("a", "1000");
    venue.open("b", "1000");
    before.iter().for_each(|line| drop(venue.done(line)));
    venue.done(RULE);
    if !tighter.is_empty() {
        venue.done(looser);
        let said = words(&venue.done(tighter));
        assert!(said.contains(&format!("change 1: {what} is cancelled")), "{said:?}");
    }
    // Nor is anything left of it.
    if tighter.is_empty() {
        venue.done(looser);
    }
    venue.send(r#"{"cancel-change":{"change":1}}"#);
    assert!(venue.engine.state().governance.pending().is_empty(), "{what}");
    assert_eq!(venue.done_at("21:00:00", r#""time""#), [], "{what}");
}

#[test]
fn leaving_a_group_waits() {
    let linked = [r#"{"link":{"group":"x","accounts":["a","b"]}}"#];
    let unlink = r#"{"unlink":{"accounts":["a"]}}"#;
    waits(&linked, unlink, "the group of a", r#"{"link":{"group":"x","accounts":["a"]}}"#);
    let other = r#"{"link":{"group":"y","accounts":["a"]}}"#;
    waits(&linked, other, "the group of a", "");
}

#[test]
fn cheaper_interest_waits() {
    let interest = |yearly: &str| {
        format!(r#"{{"interest":{{"asset":"USDC","terms":{{"yearly":{yearly},"lenders":"0"}}}}}}"#)
    };
    let rate = |rate: &str| interest(&format!(r#"{{"rate":"{rate}"}}"#));
    let curve = |kink: &str| {
        interest(&format!(
            r#"{{"curve":{{"base":"0.02","low_slope":"0.1","kink":"{kink}","high_slope":"1"}}}}"#
        ))
    };
    let (high, low) = (rate("0.1"), rate("0.09"));
    waits(&[&high], &low, "interest on USDC", &rate("0.2"));
    waits(&[&high], r#"{"interest":{"asset":"USDC"}}"#, "interest on USDC", &high);
    // Dearer where much is owed, cheaper where little is.
    waits(&[&high], &curve("0.5"), "interest on USDC", &high);
    waits(&[&curve("0.5")], &curve("0.6"), "interest on USDC", &curve("0.4"));
}

#[test]
fn a_feed_that_asks_less_waits() {
    let feed = |sources: &str, least: u32, age: u32, rest: &str| {
        format!(
            r#"{{"feed":{{"of":{{"asset":"BTC"}},"rule":{{"sources":{sources},"least":{least},
                "max_age_seconds":{age},"divergence":"0.01",{rest}}}}}}}"#
        )
    };
    let two = r#"{"s":"1","t":"1"}"#;
    let halts = r#""failing":"halt","confidence":"0.5""#;
    let before = feed(two, 1, 9000, halts);
    for looser in [
        feed(two, 1, 9001, halts),
        feed(r#"{"s":"1","t":"2"}"#, 1, 9000, halts),
        feed(r#"{"s":"1"}"#, 1, 9000, halts),
        feed(two, 1, 9000, r#""failing":"widen","confidence":"0.5""#),
        feed(two, 1, 9000, r#""failing":"halt""#),
        r#"{"feed":{"of":{"asset":"BTC"}}}"#.to_owned(),
    ] {
        waits(&[&before], &looser, "the feed of BTC", &feed(two, 2, 8000, halts));
    }
}

#[test]
fn fewer_margin_calls_wait() {
    let before = r#"{"alerts":{"levels":["0.5","0.8"],"step":"0.05"}}"#;
    let more = r#"{"alerts":{"levels":["0.5","0.7","0.8"],"step":"0.01"}}"#;
    let fewer = r#"{"alerts":{"levels":["0.5","0.9"],"step":"0.05"}}"#;
    waits(&[before], fewer, "alerts of everybody", more);
    let of_a = r#"{"alerts":{"account":"a","levels":["0.8"],"step":"0.05"}}"#;
    waits(&[before], of_a, "alerts of a", r#"{"alerts":{"account":"a"}}"#);
}

#[test]
fn a_document_of_a_new_name_waits() {
    let model = r#"{"model":{"name":"aave-v3"}}"#;
    waits(&[], model, "model aave-v3 2025-06", "");
    let mut venue = Venue::new();
    venue.done(RULE);
    venue.done(model);
    venue.refused(r#"{"open":{"account":"x","mode":"cross","model":"aave-v3"}}"#);
    // What cannot be is refused, not announced.
    venue.refused(r#"{"model":{"name":"cross"}}"#);
    venue.refused(r#"{"model":{"text":"no document"}}"#);
}

/// What the engine says, and its root after each command.
fn told(lines: &[String], restarts: bool) -> Vec<(Vec<Event>, String)> {
    let mut engine = Engine::default();
    let mut all = Vec::new();
    for line in lines {
        let command: Command = serde_json::from_str(line).unwrap();
        let events = engine.apply(&command).unwrap().into_answer().events;
        all.push((events, engine.root().unwrap().hash.to_string()));
        if restarts {
            engine = Engine::restore(&engine.snapshot().unwrap()).unwrap();
        }
    }
    all
}

#[test]
fn in_the_middle_of_everything_a_snapshot_goes_on_the_same() {
    let open =
        |name: &str| format!(r#"{{"open":{{"account":"{name}","mode":"cross","model":"cross"}}}}"#);
    let cash = |name: &str| {
        format!(r#"{{"deposit":{{"account":"{name}","asset":"USDC","amount":"100000"}}}}"#)
    };
    let listed = format!(
        r#"{{"list":{{"instrument":"{PERP}","contract_size":"1","lot":"0.001","mark":"70000"}}}}"#
    );
    let trade = format!(
        r#"{{"trade":{{"instrument":"{PERP}","quantity":"1","price":"70000",
            "buyer":{{"account":"a"}},"seller":{{"account":"b"}}}}}}"#
    );
    let first = [
        r#"{"model":{"name":"cross"}}"#.to_owned(),
        r#"{"index":{"asset":"BTC","price":"70000"}}"#.to_owned(),
        r#"{"index":{"asset":"USDC","price":"1"}}"#.to_owned(),
        listed,
        open("a"),
        open("b"),
        cash("a"),
        cash("b"),
        trade,
        limit(r#""venue""#, r#""contracts":"5""#),
        RULE.to_owned(),
        limit(r#""venue""#, r#""contracts":"9""#),
        version("2", "[params]\nleverage = { BTC = 50 }\n"),
        change("2", "19:12:00", 1200, 20),
    ];
    let mut actions: Vec<(u32, String)> = first.into_iter().map(|one| (0, one)).collect();
    for minute in 10..40 {
        actions.push((minute, r#"{"index":{"asset":"BTC","price":"70000"}}"#.to_owned()));
        actions.push((minute, r#""time""#.to_owned()));
        if minute == 20 {
            actions.push((minute, open("c")));
        }
    }
    let lines: Vec<String> = actions
        .iter()
        .enumerate()
        .map(|(at, (minute, action))| {
            let number = at + 1;
            format!(
                r#"{{"from":"t","number":{number},"at":"2026-03-13T19:{minute:02}:00Z",
                    "do":{action}}}"#
            )
        })
        .collect();
    let (straight, broken) = (told(&lines, false), told(&lines, true));
    assert_eq!(straight, told(&lines, false), "told again");
    assert_eq!(straight, broken, "through snapshots");
    let refused = straight.iter().flat_map(|(events, _)| events);
    assert!(
        !words(&refused.cloned().collect::<Vec<_>>()).iter().any(|one| one.contains("refused"))
    );
    let steps = straight.iter().flat_map(|(events, _)| events);
    let steps = steps.filter(|one| matches!(one, Event::ChangeStepped { .. })).count();
    assert!(steps >= 21 + 6, "{steps}");
}

fn margins(venue: &Venue) -> [Money; 2] {
    let id = venue.engine.state().named("a").unwrap();
    let pool = venue.engine.state().standings(id).unwrap().remove(0);
    [pool.initial, pool.maintenance]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None,
        ..ProptestConfig::default() })]
    /// However a document is changed, no command lets a requirement fall by more than the share of
    /// a step; and in the end it is that of the new version.
    #[test]
    fn no_command_lets_a_requirement_fall_by_more_than_its_share(
        leverage in 20u32..60, rate in 1u32..80, over in 60u32..3000, steps in 1u32..40,
        stride in 1u32..90, early in 0u32..2,
    ) {
        let mut venue = Venue::new();
        venue.open("a", "100000");
        venue.open("b", "100000");
        venue.trade("1", "70000", "a", "b");
        venue.done(RULE);
        let tier = format!("BTC = [{{ rate = \"0.{rate:03}\" }}]");
        let text = format!("[params]\nleverage = {{ BTC = {leverage} }}\n");
        venue.done(&version("2", &text));
        let name = format!(r#"{{"model":{{"text":{}}}}}"#, serde_json::to_string(&format!(
            "schema = \"keelmark/model/1\"\nname = \"cross\"\nextends = \"cross\"\n\
             version = \"3\"\n[[charge]]\nname = \"futures_maintenance\"\n[charge.tiers]\n{tier}\n"
        )).unwrap());
        venue.done(&name);
        let begin = format!("19:{:02}:00", 10 - 5 * early);
        venue.send(&change("3", &begin, over, steps));
        let said = venue.send(&change("2", &begin, over, steps));
        let refused = matches!(said.as_slice(), [Event::Refused(_)]);
        let mut before = margins(&venue);
        let most = Decimal::from_raw(9 * Decimal::ONE.raw() / 10);
        for minute in 0..=(12 + over.div_ceil(60)).div_ceil(stride.min(3)) {
            let second = minute * stride.min(3) * 60;
            let time = format!("{:02}:{:02}:00", 19 + second / 3600, second / 60 % 60);
            for asset in [r#""BTC","price":"70000""#, r#""USDC","price":"1""#] {
                venue.done_at(&time, &format!(r#"{{"index":{{"asset":{asset}}}}}"#));
                let mark = format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"70000"}}}}"#);
                venue.done_at(&time, &mark);
                let now = margins(&venue);
                for (now, before) in now.into_iter().zip(before) {
                    let least = before.decimal().times(most, Round::Down).unwrap();
                    let steps = stride.min(3);
                    let least = (1..steps).fold(least, |least, _| {
                        least.times(most, Round::Down).unwrap()
                    });
                    prop_assert!(now.decimal() >= least, "{} after {}", now, before);
                }
                before = now;
            }
        }
        if !refused {
            let initial = Decimal::from_int(70_000).over(Decimal::from_int(leverage.into()),
                Round::Up).unwrap();
            let off = before[0].decimal().minus(initial).unwrap();
            prop_assert!(off.abs() <= Decimal::from_raw(1_000_000), "{} {initial}", before[0]);
        }
    }
}

#[test]
fn a_rule_of_liquidation_is_there_at_once_and_another_one_waits() {
    let mut venue = Venue::new();
    venue.done(
        r#"{"governance":{"delay_seconds":60,"step_seconds":1,"most_per_step":"0.1",
        "collateral_seconds":0}}"#,
    );
    let rule =
        |end: &str| format!(r#"{{"liquidation":{{"rule":{{"step_seconds":5,"end":"{end}"}}}}}}"#);
    let end = |venue: &Venue| {
        venue.engine.state().liquidation.rule("cross").map(|rule| rule.end.to_string())
    };
    venue.done(&rule("0.8"));
    assert_eq!(end(&venue).as_deref(), Some("0.8"));
    for other in [rule("0.9"), r#"{"liquidation":{}}"#.to_owned()] {
        let events = venue.done(&other);
        assert!(events.iter().any(|one| matches!(one, Event::ChangeAnnounced { .. })));
        assert_eq!(end(&venue).as_deref(), Some("0.8"));
    }
    // The later of both takes the place of the first.
    venue.done_at("19:01:01", r#""time""#);
    assert_eq!(end(&venue), None);
}
