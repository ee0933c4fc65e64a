//! The examples of `docs/engine-commands.md` and `docs/liquidation.md`: each is read and run, and
//! says what is written there.
#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

use keelmark_engine::{Command, Engine, Event};
use serde_json::{Value, json};

const COMMANDS: &str = include_str!("../../../docs/engine-commands.md");
const LIQUIDATION: &str = include_str!("../../../docs/liquidation.md");

/// What every section begins with.
const MARKET: &[&str] = &[
    r#"{"model":{"name":"cross"}}"#,
    r#"{"index":{"asset":"BTC","price":"70000"}}"#,
    r#"{"index":{"asset":"USDC","price":"1"}}"#,
    r#"{"list":{"instrument":"deribit:BTC/USDC:USDC","contract_size":"1","lot":"0.001",
        "mark":"70000"}}"#,
    r#"{"open":{"account":"ann","mode":"cross","model":"cross"}}"#,
    r#"{"deposit":{"account":"ann","asset":"USDC","amount":"100000"}}"#,
    r#"{"open":{"account":"bob","mode":"cross","model":"cross"}}"#,
    r#"{"deposit":{"account":"bob","asset":"USDC","amount":"100000"}}"#,
];

struct Desk {
    engine: Engine,
    number: u64,
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self { engine: Engine::default(), number: 0 };
        for action in MARKET {
            let action: Value = serde_json::from_str(action).unwrap();
            desk.run(&json!({ "at": "2026-03-13T19:00:00Z", "do": action }));
        }
        desk
    }

    fn run(&mut self, line: &Value) -> Vec<Event> {
        self.number += 1;
        let mut line = line.clone();
        line["from"] = "desk".into();
        line["number"] = self.number.into();
        let text = line.to_string();
        let command: Command =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            serde_json::from_str::<Command>(&serde_json::to_string(&command).unwrap()).unwrap(),
            command,
            "written and read again"
        );
        let events = self.engine.apply(&command).unwrap().answer().events.clone();
        assert!(self.engine.state().total().unwrap().is_empty(), "{text}");
        events
    }
}

#[test]
fn every_example_does_what_is_written_beside_it() {
    let mut examples = 0;
    let pages = [COMMANDS, LIQUIDATION];
    for section in pages.into_iter().flat_map(|page| page.split("\n## ").skip(1)) {
        let title = section.lines().next().unwrap();
        let (mut desk, mut said) = (Desk::new(), Vec::new());
        for (at, block) in section.split("```").enumerate().filter(|(at, _)| at % 2 == 1) {
            if let Some(commands) = block.strip_prefix("json\n") {
                let lines = serde_json::Deserializer::from_str(commands).into_iter();
                for line in lines {
                    said = desk.run(&line.unwrap_or_else(|error| panic!("{title}, {at}: {error}")));
                    let refused = said.iter().any(|event| matches!(event, Event::Refused(_)));
                    assert!(!refused, "{title}, {at}: {said:?}");
                    examples += 1;
                }
            } else if let Some(expected) = block.strip_prefix("text\n") {
                let words: Vec<String> = said.iter().map(ToString::to_string).collect();
                assert_eq!(words, expected.lines().collect::<Vec<_>>(), "{title}, {at}");
            }
        }
    }
    assert!(examples >= 20, "found {examples} examples");
}
