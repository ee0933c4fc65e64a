//! Model documents by name, by path or from standard input, with numbers changed on the command
//! line, and made for the time of a market where their scenarios come from history.

use crate::arguments::{HistoryArgs, ModelArgs};
use crate::failure::Failure;
use crate::histories;
use crate::inputs::{self, STANDARD_INPUT};
use crate::screen::Screen;
use keelmark_backtest::dynamic::{assets, dated};
use keelmark_book::Market;
use keelmark_margin::Document;
use keelmark_margin::document::library;
use std::collections::BTreeSet;
use std::path::Path;

/// The model where none is asked for.
pub const DEFAULT: &str = "deribit-pm";

/// The document of the arguments for a market.
pub fn document(
    arguments: &ModelArgs,
    market: &Market,
    screen: Screen,
) -> Result<Document, Failure> {
    let mut document = changed(&arguments.model, &arguments.set)?;
    make(std::slice::from_mut(&mut document), &arguments.histories, market, screen)?;
    Ok(document)
}

/// Gives documents the scenarios of a market's time, where they are made from history; leaves
/// others as they are.
pub fn make(
    documents: &mut [Document],
    arguments: &HistoryArgs,
    market: &Market,
    screen: Screen,
) -> Result<(), Failure> {
    let dynamic = |one: &Document| one.unbound().next().is_some();
    if !documents.iter().any(dynamic) {
        if arguments.history.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = documents.iter().map(|one| one.name.as_str()).collect();
        let problem = format!(
            "--history: expected a model whose scenarios are made from history, found {}",
            names.join(", ")
        );
        return Err(Failure::usage(problem).next("keelmark models list"));
    }
    let given = histories::all(arguments)?;
    histories::asked_for(arguments, &documents.iter().flat_map(assets).collect())?;
    for document in documents.iter_mut().filter(|one| dynamic(one)) {
        *document = dated(document, &given, market.as_of).map_err(|error| {
            let failure = Failure::from(error);
            let name = &document.name;
            if is_model(name) {
                failure.next(format!("keelmark models show {name}"))
            } else {
                failure
            }
        })?;
    }
    let made = documents.iter().filter_map(|one| one.made.as_ref());
    let used: BTreeSet<(&str, &str)> = made
        .flat_map(|made| &made.histories)
        .flat_map(|one| one.findings.iter().map(|found| (one.name.as_str(), found.as_str())))
        .collect();
    used.iter().for_each(|(name, found)| screen.note(&format!("{name}: {found}")));
    Ok(())
}

/// The document of a name or path with some values set.
pub fn changed(name: &str, set: &[String]) -> Result<Document, Failure> {
    let document = named(name)?;
    if set.is_empty() { Ok(document) } else { with(&document, name, set) }
}

/// A document that was found under a name, with some values set.
pub fn with(document: &Document, name: &str, set: &[String]) -> Result<Document, Failure> {
    let next = || format!("keelmark models show {name} --toml");
    let mut changes = Vec::new();
    for change in set {
        changes.push(change.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--set: expected PATH=VALUE, found {change:?}")).next(next())
        })?);
    }
    document.with(&changes).map_err(|error| Failure::from(error).next(next()))
}

/// Whether a word on the command line can only be a model.
pub fn is_model(name: &str) -> bool {
    let toml = Path::new(name).extension().is_some_and(|extension| extension == "toml");
    toml || library::all().any(|(known, _)| *known == name)
}

/// The document of a name or path.
pub fn named(name: &str) -> Result<Document, Failure> {
    if is_path(name) {
        return file(name);
    }
    if Path::new(name).is_dir() {
        let problem = "expected a model or the path of a .toml file, found a directory";
        return Err(Failure::input(format!("{name}: {problem}: name a file in it")));
    }
    Document::named(name).map_err(|error| Failure::from(error).next("keelmark models list"))
}

/// The document in a file.
pub fn file(path: &str) -> Result<Document, Failure> {
    let (name, text) = named_text(path)?;
    Document::parse(&name, &text)
        .map_err(|error| Failure::from(error).next("keelmark models show cross --toml"))
}

/// The document in a file, or every error in it.
pub fn linted(path: &str) -> Result<Document, Failure> {
    let (name, text) = named_text(path)?;
    Document::lint(&name, &text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::input(lines.join("\nerror: ")).next("keelmark models show cross --toml")
    })
}

/// What a path is called when it is told.
pub fn said(path: &str) -> &str {
    if path == STANDARD_INPUT { "standard input" } else { path }
}

/// The text of a document's file.
pub fn text(path: &str) -> Result<String, Failure> {
    Ok(named_text(path)?.1)
}

/// The text of a document's file or of standard input, with the name to use in errors.
fn named_text(path: &str) -> Result<(String, String), Failure> {
    let (name, bytes) = inputs::bytes(path)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Failure::input(format!("{name}: expected UTF-8 text, found other bytes"))),
    }
}

/// Whether a model is named by a path, or read from standard input.
pub fn is_path(name: &str) -> bool {
    let toml = Path::new(name).extension().is_some_and(|extension| extension == "toml");
    toml || name == STANDARD_INPUT || name.contains(std::path::MAIN_SEPARATOR)
}
