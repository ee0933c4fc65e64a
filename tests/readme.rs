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
        let document = path.extension().is_some_and(|extension| extension == "md");
        if document && std::fs::read_to_string(&path)?.contains("\n```console\n") {
            cases.case(path);
        }
    }
    Ok(())
}
