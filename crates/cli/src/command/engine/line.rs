//! Lines in and out of `engine run`, and their JSON Schema.

use crate::failure::Failure;
use crate::output;
use keelmark_book::Timestamp;
use keelmark_engine::{Action, Answer, Command, Event};
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A command: one line. Who sends it, which of his it is and when it happens may be left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub struct Line {
    /// Who sends it; `keelmark` when absent. Each sender numbers his own commands.
    pub from: Option<String>,
    /// Its number, above every earlier one of this sender; the next when absent.
    pub number: Option<u64>,
    /// When it happens; now when absent. Time does not go back from one command to the next.
    pub at: Option<Timestamp>,
    /// What it does.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What is said to a command: one line.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Answer")]
pub struct Told<'a> {
    /// Who sent the command.
    from: &'a str,
    /// Its number.
    number: u64,
    /// Number of the command in the engine's log, from 1.
    sequence: u64,
    /// What happened, in order: first what fell due by the command's time, then what it did, or its
    /// refusal.
    events: &'a [Event],
}

impl<'a> Told<'a> {
    /// The answer to a command.
    pub fn of(command: &'a Command, answer: &'a Answer) -> Self {
        let Command { from, number, .. } = command;
        Self { from, number: *number, sequence: answer.sequence, events: &answer.events }
    }
}

type Maker = fn() -> Schema;

const SHAPES: &[(&str, &str, Maker)] = &[
    ("command", "a command of the engine (in)", || schema_for!(Line)),
    ("answer", "what the engine says to one (out)", || schema_for!(Told<'_>)),
    ("event", "a fact of an answer (out)", || schema_for!(Event)),
];

/// Name and purpose of every shape.
pub fn shapes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHAPES.iter().map(|(name, purpose, _)| (*name, *purpose))
}

/// The JSON Schema of a shape, if it is one. Commands take decimals as text alone: what was written
/// into the journal must be what was sent.
pub fn schema(name: &str) -> Result<Option<Value>, Failure> {
    let Some((_, _, make)) = SHAPES.iter().find(|(known, _, _)| *known == name) else {
        return Ok(None);
    };
    let mut schema = output::value(&make())?;
    if let Some(decimal) = schema.pointer_mut("/$defs/Decimal") {
        decimal["description"] = json!("An exact decimal number as text.");
        decimal["type"] = json!("string");
    }
    Ok(Some(schema))
}
