//! The examples of docs/engine-rules.md are accepted, and those after *Refused* refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_engine::Event;
use venue::Venue;

/// The venue that the page describes.
fn described() -> Venue {
    let mut venue = Venue::new();
    for account in ["alice", "bob", "carol"] {
        venue.open(account, "1000000");
    }
    venue.done(
        r#"{"open":{"account":"alice/sub","parent":"alice","mode":"cross","model":"cross"}}"#,
    );
    venue.done(r#"{"deposit":{"account":"alice/sub","asset":"USDC","amount":"1000000"}}"#);
    venue.trade("1", "70000", "alice", "carol");
    venue.trade("1", "70000", "carol", "bob");
    venue
}

#[test]
fn every_example_does_what_the_page_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/engine-rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut sent = 0;
    for section in page.split("\n## ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap();
        assert!(text.contains(&format!(r#"{{"{title}":"#)), "{title} has no example");
        let mut venue = described();
        let mut before = "";
        for (at, part) in text.split("```").enumerate() {
            if let Some(lines) = part.strip_prefix("json\n").filter(|_| at % 2 == 1) {
                let refused = before.trim_end().ends_with("Refused:");
                for line in lines.lines() {
                    let events = venue.send(line);
                    let was = matches!(events.first(), Some(Event::Refused(_)));
                    assert_eq!(was, refused, "{title}: {line}: {events:?}");
                    sent += 1;
                }
            }
            before = part;
        }
    }
    assert!(sent > 20, "{sent}");
}
