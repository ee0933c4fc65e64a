//! `engine` in a build without it: the command is there and says how to get what it needs.
//!
//! The engine, its journal and what they stand on are a third of a first build, and who asks for a
//! margin needs none of it.

use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::Args;
use serde_json::Value;

/// What the list of commands says.
pub const ABOUT: &str = "Accounts that are run; not in this build: it takes --features engine";

/// Shapes that are only there with the engine.
const SHAPES: &[&str] = &["command", "answer", "event"];

/// Arguments of `engine`, whatever they are.
#[derive(Args, Debug)]
pub struct EngineArgs {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _arguments: Vec<String>,
}

/// Says what is missing.
pub fn run(_: &EngineArgs, _: Screen) -> Result<Answer, Failure> {
    Err(absent())
}

/// No shapes.
pub fn shapes() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::empty()
}

/// No schema; of what would be there, how to get it.
pub fn schema(name: &str) -> Result<Option<Value>, Failure> {
    if SHAPES.contains(&name) { Err(absent()) } else { Ok(None) }
}

fn absent() -> Failure {
    let text = "this build of keelmark has no engine: it was built without the feature `engine`";
    Failure::usage(text).next("cargo install --path crates/cli --locked --features engine")
}
