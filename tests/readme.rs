//! The console blocks of README.md and docs/ are run, and say what they claim.

use std::error::Error;
use std::path::Path;

#[test]
fn documents_tell_the_truth() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = trycmd::TestCases::new();
    cases.case(root.join("README.md"));
    // A block without a language is one to read; a document with a console block is one to run.
    for entry in std::fs::read_dir(root.join("docs"))? {
        let path = entry?.path();
        if path.ends_with("engine.md") && !cfg!(feature = "engine") {
            continue;
        }
        let document = path.extension().is_some_and(|extension| extension == "md");
        if document && std::fs::read_to_string(&path)?.contains("\n```console\n") {
            cases.case(path);
        }
    }
    Ok(())
}

/// A TOML block of the tutorial stands word for word in the file that was named before it.
#[test]
fn blocks_of_the_tutorial_are_those_of_its_files() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = std::fs::read_to_string(docs.join("writing-a-model.md"))?;
    let (mut file, mut blocks) = (String::new(), 0);
    for (at, part) in page.split("```").enumerate() {
        if at % 2 == 0 {
            let is_toml =
                |word: &&str| Path::new(word).extension().is_some_and(|one| one == "toml");
            let named = part.split('`').rfind(is_toml);
            file = named.map_or(file, str::to_owned);
        } else if let Some(block) = part.strip_prefix("toml\n") {
            let text = std::fs::read_to_string(docs.join("writing-a-model.in").join(&file))?;
            assert!(text.contains(block), "{file} does not hold:\n{block}");
            blocks += 1;
        }
    }
    assert!(blocks >= 9, "expected nine blocks or more, found {blocks}");
    Ok(())
}
