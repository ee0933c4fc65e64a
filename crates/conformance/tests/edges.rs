//! Inputs at the edges of the case format: options at expiry, one contract listed twice, nothing
//! but coins, sizes of many digits.

use conformance::{CaseFile, CaseResult, run};

#[test]
fn the_edges_of_the_format_agree() {
    let file = CaseFile::parse("edges.json", include_str!("edges.json")).unwrap();
    let failures: Vec<String> = run(&file).iter().filter_map(CaseResult::failure).collect();
    assert_eq!(file.cases.len(), 13);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
