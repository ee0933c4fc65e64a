//! Limits, stops, margin calls, outflows and interest in roots and snapshots.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_engine::Engine;
use venue::Venue;

/// A venue that uses all of them.
fn used() -> Venue {
    let mut venue = Venue::new();
    for account in ["a", "b"] {
        venue.open(account, "100000");
    }
    venue.done(r#"{"open":{"account":"a/sub","parent":"a","mode":"cross","model":"cross"}}"#);
    venue.trade("5", "70000", "a", "b");
    for line in [
        r#"{"limit":{"instrument":"deribit:BTC/USDC:USDC","for":"each-group","contracts":"9"}}"#,
        r#"{"link":{"group":"x","accounts":["a","b"]}}"#,
        r#"{"stop":{"account":"a","order":1,"instrument":"deribit:BTC/USDC:USDC",
            "when":{"trail-rate":"0.03"},"quantity":"-1"}}"#,
        r#"{"stop":{"account":"a","order":2,"instrument":"deribit:BTC/USDC:USDC",
            "when":{"stop-loss":"66000"}}}"#,
        r#"{"stop":{"account":"a","order":3,"instrument":"deribit:BTC/USDC:USDC",
            "when":{"take-profit":"90000"},"other":2}}"#,
        r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"72000"}}"#,
        r#"{"alerts":{"account":"a","levels":["0.01"],"step":"0.005"}}"#,
        r#"{"outflow":{"asset":"USDC","for":"each-account",
            "cap":{"most":"100","seconds":3600}}}"#,
        r#"{"withdraw":{"account":"a","asset":"USDC","amount":"60"}}"#,
        r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"0.1"},"lenders":"1"}}}"#,
        r#"{"deposit":{"account":"a","asset":"USDC","amount":"1"}}"#,
    ] {
        venue.done(line);
    }
    venue
}

#[test]
fn what_was_restored_goes_on_alike() {
    let mut venue = used();
    let root = venue.engine.root().unwrap();
    let bytes = venue.engine.snapshot().unwrap();
    let mut restored = Venue { engine: Engine::restore(&bytes).unwrap(), ..used() };
    assert_eq!(restored.engine.root().unwrap(), root);
    assert_eq!(restored.engine.snapshot().unwrap(), bytes);
    for line in [
        r#"{"withdraw":{"account":"a","asset":"USDC","amount":"60"}}"#,
        r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"69839"}}"#,
        r#"{"place":{"account":"a","order":9,"instrument":"deribit:BTC/USDC:USDC",
            "quantity":"9.5","price":"100"}}"#,
        r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"60000"}}"#,
        r#"{"accrue":{}}"#,
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC","quantity":"1","price":"60000",
            "buyer":{"account":"b"},"seller":{"account":"a","order":1}}}"#,
    ] {
        assert_eq!(venue.send(line), restored.send(line), "{line}");
        assert_eq!(venue.engine.root().unwrap(), restored.engine.root().unwrap(), "{line}");
    }
    // Orders that stops opened are in the root: it is the one of all accounts hashed anew.
    let root = venue.engine.root().unwrap();
    let bytes = venue.engine.snapshot().unwrap();
    assert_eq!(Engine::restore(&bytes).unwrap().root().unwrap(), root);
}

#[test]
fn each_of_them_changes_the_root() {
    for line in [
        r#"{"limit":{"instrument":"deribit:BTC/USDC:USDC","for":"venue","contracts":"9"}}"#,
        r#"{"unlink":{"accounts":["a"]}}"#,
        r#"{"cancel-stop":{"account":"a","order":1}}"#,
        r#"{"alerts":{"levels":["0.5"]}}"#,
        r#"{"outflow":{"asset":"BTC","for":"venue","cap":{"most":"1","seconds":60}}}"#,
        r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"0.2"},"lenders":"1"}}}"#,
        r#"{"governance":{"delay_seconds":60,"step_seconds":60,"most_per_step":"0.1",
            "collateral_seconds":60}}"#,
    ] {
        let (mut venue, mut other) = (used(), used());
        venue.done(line);
        other.done(r#"{"deposit":{"account":"b","asset":"BTC","amount":"1"}}"#);
        other.done(r#"{"withdraw":{"account":"b","asset":"BTC","amount":"1"}}"#);
        venue.done(r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"72000"}}"#);
        assert_ne!(venue.engine.root().unwrap(), other.engine.root().unwrap(), "{line}");
    }
}

/// What a root does not hash again has not changed: it is that of the state hashed as a whole.
#[test]
fn a_root_after_each_command_is_that_of_the_whole_state() {
    let mut venue = used();
    for line in [
        r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"72500"}}"#,
        r#"{"open":{"account":"b/sub","parent":"b","mode":"cross","model":"cross"}}"#,
        r#"{"unlink":{"accounts":["b"]}}"#,
        r#"{"deposit":{"account":"b","asset":"USDC","amount":"1"}}"#,
        r#"{"cancel-stop":{"account":"a","order":3}}"#,
        r#"{"withdraw":{"account":"a","asset":"USDC","amount":"1"}}"#,
        r#"{"model":{"name":"aave-v3"}}"#,
        r#"{"alerts":{"levels":["0.5"]}}"#,
        r#"{"governance":{"delay_seconds":60,"step_seconds":60,"most_per_step":"0.1",
            "collateral_seconds":60}}"#,
        r#"{"unlink":{"accounts":["a"]}}"#,
        r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"55000"}}"#,
        r#"{"accrue":{}}"#,
        r#""time""#,
    ] {
        venue.done(line);
        let whole = venue.engine.state().root().unwrap();
        assert_eq!(venue.engine.root().unwrap(), whole, "{line}");
    }
}
