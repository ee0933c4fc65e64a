//! Histories from the command line: `--history BTC:price=FILE` in place of the built-in ones or
//! beside them, as CSV, packed or not, as Parquet, or in our compact form.

#[cfg(feature = "parquet")]
mod parquet;

use crate::arguments::HistoryArgs;
use crate::failure::Failure;
use crate::inputs;
use keelmark_backtest::history::{FACTORS, Factor, History, Wanted, read, shipped};
use keelmark_book::Asset;
use keelmark_tail::read::{Accept, ReadError};
use std::collections::BTreeSet;

/// The built-in histories with those that were given in their place or beside them.
pub fn all(arguments: &HistoryArgs) -> Result<Vec<History>, Failure> {
    let accept = accept(&arguments.accept)?;
    let mut own: Vec<History> = Vec::new();
    for text in &arguments.history {
        own.push(given(text, &accept)?);
    }
    let mut all = shipped()?;
    let same = |a: &History, b: &History| a.asset == b.asset && a.factor == b.factor;
    all.retain(|one| !own.iter().any(|other| same(one, other)));
    all.extend(own);
    Ok(all)
}

/// Refuses a history that nothing asks for.
pub fn asked_for(arguments: &HistoryArgs, used: &BTreeSet<Asset>) -> Result<(), Failure> {
    let is_used = |text: &&String| {
        let name = text.split([':', '=']).next().and_then(|name| Asset::new(name).ok());
        name.is_some_and(|name| used.contains(&name))
    };
    let Some(text) = arguments.history.iter().find(|text| !is_used(text)) else { return Ok(()) };
    let names: Vec<&str> = used.iter().map(Asset::as_str).collect();
    Err(Failure::usage(format!(
        "--history {text}: no book and no model is on it: expected one of {}",
        names.join(", ")
    )))
}

/// The kinds of findings that are gone on with.
pub fn accept(text: &str) -> Result<Accept, Failure> {
    Accept::parse(text).map_err(|error| {
        let problem = match error {
            ReadError::Format { expected, found, .. } => {
                format!("expected {expected}, found {found}")
            }
            other => other.to_string(),
        };
        Failure::usage(format!("--accept: {problem}"))
    })
}

/// `BTC:price=FILE`, `BTC=FILE`.
fn given(text: &str, accept: &Accept) -> Result<History, Failure> {
    let refused = |problem: String| {
        Failure::usage(format!("--history: {problem}"))
            .next("add --history BTC:price=btc.csv, or BTC:vol%=dvol.csv where it is in percent")
    };
    let Some((key, file)) = text.split_once('=') else {
        return Err(refused(format!("expected ASSET:FACTOR=FILE, found {text:?}")));
    };
    let (asset, factor) = key.split_once(':').unwrap_or((key, Factor::Price.name()));
    let asset = Asset::new(asset).map_err(|error| refused(error.to_string()))?;
    let (word, unit) = factor.strip_suffix('%').map_or((factor, 1.0), |word| (word, 0.01));
    let factor = Factor::of(word).ok_or_else(|| {
        let known = FACTORS.map(Factor::name).join(", ");
        refused(format!("expected one of {known}, found {word:?}"))
    })?;
    let wanted = Wanted { asset, factor, unit, accept: accept.clone() };
    if file.to_ascii_lowercase().ends_with(".parquet") {
        return parquet(file, &wanted);
    }
    let (name, bytes) = inputs::history(file)?;
    Ok(read(&name, &bytes, &wanted)?)
}

#[cfg(feature = "parquet")]
use parquet::history as parquet;

#[cfg(not(feature = "parquet"))]
fn parquet(file: &str, _: &Wanted) -> Result<History, Failure> {
    Err(Failure::usage(format!("{file}: this build reads no Parquet"))
        .next("cargo install --path crates/cli --features parquet"))
}
