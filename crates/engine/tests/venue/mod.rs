//! A venue for tests: an engine with what most of them need, told things in JSON.
#![allow(clippy::unwrap_used, dead_code, reason = "each test file uses a part of it")]

use keelmark_book::{Asset, Money};
use keelmark_engine::liquidation::Fact;
use keelmark_engine::{Command, Engine, Event, Refusal};

/// An engine with what most tests need: two coins, three instruments, three models.
pub struct Venue {
    pub engine: Engine,
    pub number: u64,
    pub second: u32,
}

impl Venue {
    pub fn new() -> Self {
        let mut venue = Self { engine: Engine::default(), number: 0, second: 0 };
        for line in [
            r#"{"model":{"name":"cross"}}"#,
            r#"{"model":{"name":"deribit-pm"}}"#,
            r#"{"index":{"asset":"BTC","price":"70000"}}"#,
            r#"{"index":{"asset":"USDC","price":"1"}}"#,
            r#"{"list":{"instrument":"deribit:BTC/USDC:USDC","contract_size":"1","lot":"0.001",
                "mark":"70000"}}"#,
            r#"{"list":{"instrument":"deribit:BTC/USDC:USDC-261225-80000-C","contract_size":"1",
                "lot":"0.1","mark":"2000","iv":0.5,"forward":"70500"}}"#,
        ] {
            venue.done(line);
        }
        venue
    }

    pub fn send(&mut self, action: &str) -> Vec<Event> {
        self.send_at(&format!("2026-03-13T19:00:{:02}Z", self.second), action)
    }

    pub fn send_at(&mut self, at: &str, action: &str) -> Vec<Event> {
        self.number += 1;
        let number = self.number;
        let line = format!(r#"{{"from":"t","number":{number},"at":"{at}","do":{action}}}"#);
        let command: Command =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let applied = self.engine.apply(&command).unwrap();
        assert!(self.engine.state().total().unwrap().is_empty(), "{action}");
        applied.answer().events.clone()
    }

    #[track_caller]
    pub fn done(&mut self, action: &str) -> Vec<Event> {
        let events = self.send(action);
        assert!(!matches!(events.first(), Some(Event::Refused(_))), "{action}: {events:?}");
        events
    }

    /// Goes on from what it had written down.
    pub fn restart(&mut self) {
        let bytes = self.engine.snapshot().unwrap();
        let root = self.engine.root().unwrap();
        self.engine = Engine::restore(&bytes).unwrap();
        assert_eq!(self.engine.root().unwrap(), root);
    }

    /// As `done`, at a time of the day.
    #[track_caller]
    pub fn done_at(&mut self, time: &str, action: &str) -> Vec<Event> {
        let events = self.send_at(&format!("2026-03-13T{time}Z"), action);
        let refused = events.iter().any(|event| matches!(event, Event::Refused(_)));
        assert!(!refused, "{action}: {events:?}");
        events
    }

    /// The refusal at a time of the day, whatever fell due before it.
    #[track_caller]
    pub fn refused_at(&mut self, time: &str, action: &str) -> Refusal {
        let mut events = self.send_at(&format!("2026-03-13T{time}Z"), action);
        match events.pop() {
            Some(Event::Refused(refusal)) => refusal,
            other => panic!("{action}: expected a refusal, found {other:?}"),
        }
    }

    #[track_caller]
    pub fn refused(&mut self, action: &str) -> Refusal {
        let events = self.send(action);
        match events.as_slice() {
            [Event::Refused(refusal)] => refusal.clone(),
            other => panic!("{action}: expected a refusal, found {other:?}"),
        }
    }

    pub fn open(&mut self, account: &str, deposit: &str) {
        self.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"cross","model":"cross"}}}}"#
        ));
        self.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"{deposit}"}}}}"#
        ));
    }

    pub fn trade(&mut self, quantity: &str, price: &str, buyer: &str, seller: &str) -> Vec<Event> {
        self.send(&format!(
            r#"{{"trade":{{"instrument":"deribit:BTC/USDC:USDC","quantity":"{quantity}",
                "price":"{price}","buyer":{{"account":"{buyer}"}},
                "seller":{{"account":"{seller}"}}}}}}"#
        ))
    }

    pub fn cash(&self, account: &str) -> Money {
        let id = self.engine.state().named(account).unwrap();
        self.engine.state().account(id).balance(&Asset::new("USDC").unwrap())
    }
}

/// What events say of liquidations.
pub fn facts(events: &[Event]) -> Vec<Fact> {
    let fact = |event: &Event| match event {
        Event::Liquidation(fact) => Some((**fact).clone()),
        _ => None,
    };
    events.iter().filter_map(fact).collect()
}
