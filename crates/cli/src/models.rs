//! Model documents by name or by path, with numbers changed on the command line.

use crate::arguments::ModelArgs;
use crate::failure::Failure;
use keelmark_book::read;
use keelmark_margin::Document;
use keelmark_margin::document::library::BUILT_IN;
use std::path::Path;

/// The model where none is asked for.
pub const DEFAULT: &str = "deribit-pm";

/// The document of the arguments.
pub fn document(arguments: &ModelArgs) -> Result<Document, Failure> {
    changed(&arguments.model, &arguments.set)
}

/// The document of a name or path with some values set.
pub fn changed(name: &str, set: &[String]) -> Result<Document, Failure> {
    let document = named(name)?;
    if set.is_empty() {
        return Ok(document);
    }
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
    toml || BUILT_IN.iter().any(|(known, _)| *known == name)
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

/// The document in a file, or every error in it.
pub fn linted(path: &str) -> Result<Document, Failure> {
    Document::lint(path, &text(path)?).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::input(lines.join("\nerror: ")).next("keelmark models show cross --toml")
    })
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
