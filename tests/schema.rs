//! The JSON Schema of the engine's commands and answers holds what the documents show and what the
//! engine says, and nothing that it would refuse to read.

mod validator;

use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use std::process::{Command, Stdio};
use validator::Validator;

const COMMANDS: &str = include_str!("../docs/engine-commands.md");
const LIQUIDATION: &str = include_str!("../docs/liquidation.md");
const RULES: &str = include_str!("../docs/engine-rules.md");
const DAY: &str = include_str!("../docs/engine.in/venue-day.ndjson");

fn schema(name: &str) -> Result<Validator, Box<dyn Error>> {
    let found = Command::new(env!("CARGO_BIN_EXE_keelmark")).args(["schema", name]).output()?;
    assert!(found.status.success(), "{name}");
    Ok(Validator::new(serde_json::from_slice(&found.stdout)?))
}

/// JSON values of the blocks of a page.
fn examples(page: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let blocks = page.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.strip_prefix("json\n"));
    let values = blocks.flat_map(|block| serde_json::Deserializer::from_str(block).into_iter());
    Ok(values.collect::<Result<_, _>>()?)
}

/// Every command that the documents show.
fn shown() -> Result<Vec<Value>, Box<dyn Error>> {
    let mut all = examples(COMMANDS)?;
    all.extend(examples(LIQUIDATION)?);
    all.extend(examples(RULES)?.into_iter().map(|action| json!({ "do": action })));
    for line in DAY.lines() {
        all.push(serde_json::from_str(line)?);
    }
    Ok(all)
}

/// Runs lines in a directory of their own; the exit code and what was said.
fn run(name: &str, lines: &str) -> Result<(Option<i32>, String), Box<dyn Error>> {
    let name = format!("keelmark-schema-{name}-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    let mut child = Command::new(env!("CARGO_BIN_EXE_keelmark"))
        .args(["--quiet", "engine", "run", &directory.display().to_string(), "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no standard input")?.write_all(lines.as_bytes())?;
    let found = child.wait_with_output()?;
    std::fs::remove_dir_all(&directory)?;
    Ok((found.status.code(), String::from_utf8(found.stdout)?))
}

#[test]
fn every_command_of_the_documents_fits_the_schema() -> Result<(), Box<dyn Error>> {
    let command = schema("command")?;
    let all = shown()?;
    for one in &all {
        command.check(one).map_err(|problem| format!("{one}: {problem}"))?;
    }
    assert!(all.len() >= 90, "found {} examples", all.len());
    // Every action is shown somewhere.
    let action = |one: &Value| match &one["do"] {
        Value::String(name) => name.clone(),
        other => other.as_object().and_then(|map| map.keys().next().cloned()).unwrap_or_default(),
    };
    let seen: Vec<String> = all.iter().map(action).collect();
    let missing: Vec<String> =
        command.variants("Action").into_iter().filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "actions without an example in the documents: {missing:?}");
    Ok(())
}

#[test]
fn what_the_engine_would_not_read_does_not_fit() -> Result<(), Box<dyn Error>> {
    let command = schema("command")?;
    for (at, wrong) in [
        json!({}),
        json!({ "do": "tim" }),
        json!({ "do": { "tim": {} } }),
        json!({ "do": "time", "to": "x" }),
        json!({ "do": "time", "number": -1 }),
        json!({ "do": "time", "number": "1" }),
        json!({ "do": { "deposit": { "account": "a", "asset": "USDC" } } }),
        json!({ "do": { "deposit": { "account": "a", "asset": "USDC", "amount": 5 } } }),
        json!({ "do": { "deposit": { "account": "a", "asset": "USDC", "amount": "five" } } }),
        json!({ "do": { "deposit": { "account": "a", "asset": "US DC", "amount": "5" } } }),
        json!({ "do": { "open": { "account": "a", "mode": "crossed", "model": "cross" } } }),
        json!({ "do": { "stop": { "account": "a", "order": 1, "instrument": "x", "when": {} } } }),
        json!({ "do": { "link": { "group": "g", "accounts": "a" } } }),
        json!({ "do": { "index": { "asset": "A", "price": "1" }, "time": null } }),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(command.check(&wrong).is_err(), "{wrong} fits");
        assert_eq!(run(&format!("wrong-{at}"), &wrong.to_string())?.0, Some(3), "{wrong} is read");
    }
    Ok(())
}

#[test]
fn what_the_engine_says_fits_the_schema() -> Result<(), Box<dyn Error>> {
    let (answer, event) = (schema("answer")?, schema("event")?);
    let (code, said) = run("day", DAY)?;
    assert_eq!(code, Some(0));
    let mut events = 0;
    for line in said.lines() {
        let mut told: Value = serde_json::from_str(line)?;
        answer.check(&told).map_err(|problem| format!("{line}: {problem}"))?;
        for one in told["events"].as_array().ok_or("no events")? {
            event.check(one).map_err(|problem| format!("{one}: {problem}"))?;
            events += 1;
        }
        told["events"][0] = json!({ "unheard-of": {} });
        assert!(answer.check(&told).is_err(), "{told} fits");
    }
    assert!(events > 40, "found {events} events");
    Ok(())
}
