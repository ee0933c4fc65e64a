//! Model documents by name or by path, with numbers changed on the command line.

use crate::arguments::ModelArgs;
use crate::failure::Failure;
use keelmark_book::read;
use keelmark_margin::Document;
use std::path::Path;

/// The model where none is asked for.
pub const DEFAULT: &str = "deribit-pm";

/// The document of the arguments.
pub fn document(arguments: &ModelArgs) -> Result<Document, Failure> {
    let document = named(&arguments.model)?;
    if arguments.set.is_empty() {
        return Ok(document);
    }
    let mut changes = Vec::new();
    for change in &arguments.set {
        changes.push(change.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--set: expected PATH=VALUE, found {change:?}"))
                .next(format!("keelmark models show {} --toml", arguments.model))
        })?);
    }
    document.with(&changes).map_err(|error| {
        Failure::from(error).next(format!("keelmark models show {} --toml", arguments.model))
    })
}

/// The document of a name or path.
pub fn named(name: &str) -> Result<Document, Failure> {
    if is_path(name) {
        return file(name);
    }
    Document::named(name).map_err(|error| Failure::from(error).next("keelmark models list"))
}

/// The document in a file.
pub fn file(path: &str) -> Result<Document, Failure> {
    Document::parse(path, &text(path)?)
        .map_err(|error| Failure::from(error).next("keelmark models show cross --toml"))
}

/// The text of a document's file.
pub fn text(path: &str) -> Result<String, Failure> {
    let bytes = read::bytes(Path::new(path))?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::input(format!("{path}: expected UTF-8 text, found other bytes")))
}

/// Whether a model is named by a path.
pub fn is_path(name: &str) -> bool {
    let toml = Path::new(name).extension().is_some_and(|extension| extension == "toml");
    toml || name.contains(std::path::MAIN_SEPARATOR)
}
