//! Histories from the command line: `--history BTC:price=FILE` in place of the built-in ones or
//! beside them.

use crate::arguments::HistoryArgs;
use crate::failure::Failure;
use crate::inputs;
use crate::screen::Screen;
use keelmark_backtest::history::{self, FACTORS, Factor, History, read_compact, shipped};
use keelmark_book::Asset;
use keelmark_tail::read::Accept;

/// The built-in histories with those that were given in their place or beside them; what was found
/// odd in these, and accepted, is told.
pub fn all(arguments: &HistoryArgs, screen: Screen) -> Result<Vec<History>, Failure> {
    let accept = accept(&arguments.accept)?;
    let mut own: Vec<History> = Vec::new();
    for text in &arguments.history {
        let one = given(text, &accept)?;
        for finding in &one.findings {
            screen.note(&format!("{} {}: {finding}", one.asset, one.factor.name()));
        }
        own.push(one);
    }
    let mut all = shipped()?;
    all.retain(|one| {
        !own.iter().any(|other| other.asset == one.asset && other.factor == one.factor)
    });
    all.extend(own);
    Ok(all)
}

/// The kinds of findings that are gone on with.
pub fn accept(text: &str) -> Result<Accept, Failure> {
    Accept::parse(text).map_err(|error| Failure::usage(format!("--accept: {error}")))
}

/// `BTC:price=FILE`.
fn given(text: &str, accept: &Accept) -> Result<History, Failure> {
    let refused = |problem: String| {
        Failure::usage(format!("--history: {problem}"))
            .next("--history BTC:price=btc.csv, or BTC:vol%=dvol.csv where it is in percent")
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
    let (name, bytes) = inputs::history(file)?;
    if bytes.starts_with(b"keelmark/history/") {
        let own = read_compact(&name, &String::from_utf8_lossy(&bytes))?;
        if own.asset != asset || own.factor != factor || unit != 1.0 {
            let found = format!("{}:{}", own.asset, own.factor.name());
            return Err(refused(format!("{name} is a history of {found}, not of {text:?}")));
        }
        return Ok(own);
    }
    Ok(history::read(&name, &bytes, (asset, factor), unit, accept)?)
}
