//! Every incident is survived, and its page says what a replay prints. With `KEELMARK_WRITE=1` in
//! the environment the pages are written anew.

#![allow(clippy::expect_used, reason = "a test that cannot read its pages has failed")]

use sim::incidents::{ALL, Outcome, report};
use std::path::PathBuf;
use std::{env, fs, thread};

/// Replays all incidents at once.
fn replay(seed: u64) -> Vec<Outcome> {
    let runs: Vec<_> =
        ALL.iter().map(|incident| thread::spawn(move || incident.replay(seed))).collect();
    let ended = runs.into_iter().map(thread::JoinHandle::join);
    ended.map(|outcome| outcome.unwrap_or_else(|_| panic!("a replay stopped"))).collect()
}

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/incidents/{name}.md"))
}

/// The text of a page with its replay as it is printed now: the first block of text after the
/// heading.
fn with_replay(text: &str, printed: &str) -> String {
    let [heading, block] = ["\n## Replay\n", "```text\n"];
    let (before, rest) = text.split_once(heading).expect("a heading Replay");
    let (between, rest) = rest.split_once(block).expect("a block of text after it");
    let (_, after) = rest.split_once("```\n").expect("its end");
    format!("{before}{heading}{between}{block}{printed}```\n{after}")
}

#[test]
fn all_are_survived_and_their_pages_say_so() {
    let outcomes = replay(1);
    let problems: Vec<String> = outcomes.iter().flat_map(Outcome::problems).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let table = format!("{}{}\n", report::table(&outcomes), report::count(&outcomes));
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let pages = outcomes.iter().map(|one| (one.incident.name, report::one(one)));
    for (name, printed) in pages.chain([("README", table)]) {
        let text = fs::read_to_string(page(name)).expect("a page of each incident");
        let expected = with_replay(&text, &printed);
        if env::var_os("KEELMARK_WRITE").is_some() {
            fs::write(page(name), expected).expect("a page that can be written");
        } else {
            assert!(
                text == expected,
                "{name}.md is not what is printed; KEELMARK_WRITE=1 writes it"
            );
        }
    }
}
