//! What a model was made from, in words: in the heading of every answer, and in full where it is
//! explained.

use crate::number::count;
use crate::table::paragraph;
use keelmark_api::made::MadeReport;

/// Under the model's name: the day, the scenarios, the histories, and what was fallen back to.
pub fn heading(made: Option<&MadeReport>) -> String {
    let Some(made) = made else { return String::new() };
    let scans: Vec<String> = made
        .scans
        .iter()
        .map(|one| format!("{} scenarios of {}", count(one.scenarios), one.scan))
        .collect();
    let histories: Vec<&str> = made.histories.iter().map(|one| one.history.as_str()).collect();
    let own = format!("of {} from {}: {}", made.day, histories.join(", "), scans.join(", "));
    let mut text = paragraph("Made    ", &own);
    for flag in &made.flags {
        text.push_str(&paragraph("        note: ", flag));
    }
    text
}

/// Each history, where it comes from and what was accepted of it.
pub fn explained(made: Option<&MadeReport>) -> String {
    let Some(made) = made else { return String::new() };
    let mut text = String::new();
    for one in &made.histories {
        // What is behind the file's name is for who reads the JSON.
        let source = one.source.split_once(": ").map_or(one.source.as_str(), |(file, _)| file);
        let own = format!(
            "{}, {} days, {} to {}, digest {}, {source}",
            one.history,
            count(one.days),
            one.from,
            one.to,
            one.digest,
        );
        text.push_str(&paragraph("  made from: ", &own));
        for finding in &one.findings {
            text.push_str(&paragraph("    accepted: ", finding));
        }
    }
    text
}
