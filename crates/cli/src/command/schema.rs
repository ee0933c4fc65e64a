//! `schema`: JSON Schema of everything that comes in and goes out.

use crate::command::engine;
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::table::{Align, Table};
use clap::Args;
use keelmark_api::schema;

/// Arguments of `schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Which; all are listed where none is given
    #[arg(value_name = "SHAPE")]
    shape: Option<String>,
}

/// Runs `schema`.
pub fn run(arguments: &SchemaArgs) -> Result<Answer, Failure> {
    let Some(name) = &arguments.shape else {
        let mut table = Table::new(&[("Shape", Align::Left), ("What it is", Align::Left)]);
        for (name, purpose) in shapes() {
            table.row([name.into(), purpose.into()]);
        }
        return Ok(table.text(false).into());
    };
    let schema = match schema::of(name) {
        // As it is written, it has the order in which a schema is read.
        Some(schema) => Some(output::value(&schema)?),
        None => engine::schema(name)?,
    };
    let schema = schema.ok_or_else(|| {
        let known: Vec<&str> = shapes().map(|(name, _)| name).collect();
        Failure::usage(format!("expected one of {}, found {name:?}", known.join(", ")))
    })?;
    Ok(output::json(&schema)?.into())
}

/// Name and purpose of every shape: of reports and files, and of the engine.
fn shapes() -> impl Iterator<Item = (&'static str, &'static str)> {
    schema::shapes().chain(engine::shapes())
}
