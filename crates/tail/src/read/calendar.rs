//! When a history is expected to have a value, inferred from when it has.

use super::finding::Finding;
use super::rows::Row;
use super::{Findings, Kind};
use keelmark_units::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Steps of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// The commonest step in seconds; 0 when there are too few rows.
    pub seconds: i64,
    /// Whether Saturdays and Sundays are none of it.
    pub weekdays: bool,
    /// The commonest second of the day, or of the step where that is shorter.
    phase: i64,
    /// How many of a thousand steps are the commonest.
    regular: usize,
}

const DAY: i64 = 86_400;
/// Missing weekdays in a row that are holidays.
const HOLIDAYS: i64 = 2;
/// Fewer regular steps of a thousand than these are no calendar.
const REGULAR: usize = 500;

impl Calendar {
    pub(super) fn of(rows: &[Row]) -> Self {
        let steps = rows.windows(2).map(|pair| seconds(pair[1].at) - seconds(pair[0].at));
        let Some((step, count)) = commonest(steps) else {
            return Self { seconds: 0, weekdays: false, phase: 0, regular: 1_000 };
        };
        let cycle = step.clamp(1, DAY);
        let phase = commonest(rows.iter().map(|row| seconds(row.at).rem_euclid(cycle)));
        let weekend = |row: &&Row| weekday(row.at) >= 5;
        Self {
            seconds: step,
            // In a week of rows there would have been a weekend.
            weekdays: step == DAY && rows.len() > 7 && !rows.iter().any(|row| weekend(&row)),
            phase: phase.map_or(0, |(phase, _)| phase),
            // Weekends are a step in five, and no irregularity by themselves.
            regular: count * 1_000 / (rows.len() - 1),
        }
    }

    /// Finds what is missing and what is beside the steps.
    pub(super) fn check(&self, rows: &[Row], findings: &mut Findings) {
        if self.seconds <= 0 || rows.len() < 3 {
            return;
        }
        if self.regular < REGULAR {
            let what = format!(
                "no calendar: the commonest step, {} s, is {} of 1,000",
                self.seconds, self.regular
            );
            let done = "used as it comes";
            findings.push(Kind::Gap, rows[0].line, what, done);
            return;
        }
        self.beside(rows, findings);
        for pair in rows.windows(2) {
            self.between(&pair[0], &pair[1], findings);
        }
    }

    /// Rows at another time of the day or step than the others.
    fn beside(&self, rows: &[Row], findings: &mut Findings) {
        let cycle = self.seconds.min(DAY);
        for row in rows {
            let off = seconds(row.at).rem_euclid(cycle) - self.phase;
            let off = if off > cycle / 2 { off - cycle } else { off };
            let off = if off < -cycle / 2 { off + cycle } else { off };
            if off != 0 {
                let what = format!("a time {off:+} s beside the others");
                findings.push(Kind::Clock, row.line, what, "kept at its time");
            }
        }
    }

    /// What is missing between two rows.
    fn between(&self, before: &Row, row: &Row, findings: &mut Findings) {
        let missing = self.missing(before.at, row.at);
        if missing <= 0 {
            return;
        }
        if self.weekdays && missing <= HOLIDAYS {
            let what = "holidays".to_owned();
            findings.push(Kind::Holiday, row.line, what, "no step of the calendar");
            return;
        }
        let word = if missing == 1 { "step is" } else { "steps are" };
        let what = format!("{missing} {word} missing before {}", row.at);
        let done = "the return over them counts as one";
        findings.push_rows(Finding { kind: Kind::Gap, line: row.line, rows: 1, what, done });
    }

    fn missing(&self, before: Timestamp, after: Timestamp) -> i64 {
        let (from, to) = (seconds(before), seconds(after));
        // Rounded, as a row may stand a little beside its step.
        let steps = (to - from + self.seconds / 2) / self.seconds;
        if !self.weekdays {
            return steps - 1;
        }
        let day = |n: i64| (from.div_euclid(DAY) + n + 3).rem_euclid(7);
        // Whole weeks have five weekdays each.
        let rest = (1..steps.rem_euclid(7)).filter(|n| day(*n) < 5).count() as i64;
        let whole = steps.div_euclid(7);
        if steps.rem_euclid(7) == 0 { whole * 5 - 1 } else { whole * 5 + rest }
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.nanos().div_euclid(1_000_000_000)
}

/// 0 for Monday.
fn weekday(at: Timestamp) -> i64 {
    // 1970-01-01 was a Thursday.
    (seconds(at).div_euclid(DAY) + 3).rem_euclid(7)
}

/// The commonest value and how often it is there; the smallest of equally common ones.
fn commonest(values: impl Iterator<Item = i64>) -> Option<(i64, usize)> {
    let mut counts = BTreeMap::<i64, usize>::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    // The first of equals: the map ascends and a later one must be commoner.
    counts.into_iter().fold(None, |best: Option<(i64, usize)>, one| match best {
        Some(best) if best.1 >= one.1 => Some(best),
        _ => Some(one),
    })
}
