//! The published totals of 10 October 2025 about deleveraging, from the recorded tables.
//!
//! Published means printed by those who reconstructed the day: the paper on deleveraging with its
//! reports, and the accounts of the venue's events. A total agrees when ours, rounded to the digits
//! that were printed, is what was printed. Where a text differs from the data that it came with,
//! both stand below the table and nothing is made of it.

use crate::inputs::Problem;
use crate::models::history::{
    coin_table, horizon_table, policy_table, second_table, shock_table, timeline_of, wave_table,
};
use crate::table::Table;
use std::fmt::Write as _;
use std::path::Path;

/// One total.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// Of what.
    pub what: String,
    /// As it was published.
    pub published: f64,
    /// One of the last digit that was printed.
    pub digit: f64,
    /// What the tables say.
    pub ours: f64,
}

impl Total {
    fn new(what: &str, published: f64, digit: f64, ours: f64) -> Self {
        Self { what: what.to_owned(), published, digit, ours }
    }

    /// Whether ours rounds to what was published. A part in 10^9 of the digit is the doubles' own.
    #[must_use]
    pub fn agrees(&self) -> bool {
        (self.ours - self.published).abs() <= 0.5 * self.digit * (1.0 + 1e-9)
    }
}

/// The totals, and those in which a published text differs from its own data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct October {
    /// What must agree.
    pub totals: Vec<Total>,
    /// What cannot.
    pub differing: Vec<Total>,
}

const MILLION: f64 = 1e6;
/// A digit of millions printed with one place; of cents; of percent with one place.
const TENTH: f64 = 1e5;
const CENT: f64 = 0.01;
const PERMILLE: f64 = 0.1;

/// The totals from the tables of a folder.
///
/// # Errors
/// When a table is not there or not as it was published: which, and where.
pub fn totals(folder: &Path) -> Result<October, Problem> {
    let mut found = October::default();
    coins(folder, &mut found)?;
    timeline(folder, &mut found)?;
    waves(folder, &mut found)?;
    policies(folder, &mut found)?;
    Ok(found)
}

fn coins(folder: &Path, into: &mut October) -> Result<(), Problem> {
    let (names, rows, sum) = coin_table(&Table::read(folder, "adl_oct10_by_coin.csv")?)?;
    into.totals.extend([
        Total::new("ADL fills", 34_983.0, 1.0, sum.events as f64),
        Total::new("coins", 162.0, 1.0, sum.coins as f64),
        Total::new("ADL notional, USD", 2_103_111_431.0, 1.0, sum.notional),
        Total::new("profit closed, USD", 834.3 * MILLION, TENTH, sum.closed),
    ]);
    let largest = [("BTC", 620.9), ("ETH", 458.0), ("SOL", 276.2), ("HYPE", 189.9), ("XPL", 65.8)];
    for ((name, published), at) in largest.into_iter().zip(&sum.order) {
        if names[*at] != name {
            return Err(Problem(format!("expected {name} by notional, found {}", names[*at])));
        }
        let what = format!("ADL notional in {name}, USD");
        into.totals.push(Total::new(&what, published * MILLION, TENTH, rows[*at].notional));
    }
    let percent = |count| 100.0 * sum.leading(&rows, count).unwrap_or_default();
    into.totals.push(Total::new("share of the first three, %", 64.4, PERMILLE, percent(3)));
    into.differing.push(Total::new("share of the first ten, %", 84.6, PERMILLE, percent(10)));
    Ok(())
}

fn timeline(folder: &Path, into: &mut October) -> Result<(), Problem> {
    let seconds = second_table(&Table::read(folder, "adl_oct10_liquidation_timeline.csv")?)?;
    let sum = timeline_of(&seconds)?;
    let second = |at: Option<u64>| at.map_or(f64::NAN, |at| at as f64);
    into.totals.extend([
        Total::new("liquidations", 63_637.0, 1.0, sum.liquidations as f64),
        Total::new("first ADL, s after the first", 61.0, 1.0, second(sum.first_deleveraged)),
        Total::new("liquidations before it", 710.0, 1.0, sum.liquidations_before as f64),
        Total::new("ADL fills in that second", 11_279.0, 1.0, sum.first_burst as f64),
        Total::new("last ADL, s", 714.0, 1.0, second(sum.last_deleveraged)),
    ]);
    Ok(())
}

fn waves(folder: &Path, into: &mut October) -> Result<(), Problem> {
    let sum = wave_table(&Table::read(folder, "adl_oct10_two_pass_by_wave.csv")?)?;
    into.totals.extend([
        Total::new("waves", 16.0, 1.0, sum.waves as f64),
        Total::new("deficit of losers, USD", 100.1 * MILLION, TENTH, sum.deficit),
        Total::new("needed from winners, USD", 15.1 * MILLION, TENTH, sum.needed),
        Total::new("removed from winners, USD", 60.1 * MILLION, TENTH, sum.removed),
        Total::new("overshoot, USD", 45_028_665.72, CENT, sum.overshoot),
    ]);
    let horizons = horizon_table(&Table::read(folder, "adl_oct10_horizon_sweep.csv")?)?;
    let published = [(500, 51_673_606.61), (1000, 51_012_123.23)];
    for (horizon, published) in published {
        let ours = horizons.iter().find(|(ms, _)| *ms == horizon).map(|(_, ours)| *ours);
        let what = format!("overshoot {horizon} ms later, USD");
        into.totals.push(Total::new(&what, published, CENT, ours.unwrap_or(f64::NAN)));
    }
    Ok(())
}

fn policies(folder: &Path, into: &mut October) -> Result<(), Problem> {
    let queue = shock_table(&Table::read(folder, "adl_oct10_per_shock_queue.csv.gz")?)?;
    into.totals.extend([
        Total::new("queue: overshoot, USD", 653_552_663.51, CENT, queue.overshoot),
        Total::new("queue: not raised, USD", 16_690_263.85, CENT, queue.residual),
    ]);
    let table = Table::read(folder, "adl_oct10_policy_per_wave.csv")?;
    let policies = policy_table(&table)?;
    let of = |name: &str| {
        let found = policies.iter().find(|(known, _)| known == name).map(|(_, totals)| *totals);
        found.ok_or_else(|| Problem(format!("expected a policy {name}, found none")))
    };
    let (contracts, whole) = (of("contract_pr")?, of("fixed_point_ilp_integer")?);
    let first = table.column("overshoot_contract_pr")?.first().copied().unwrap_or(f64::NAN);
    into.totals.push(Total::new("contracts: first wave, USD", -371_000.0, 1e3, first));
    into.differing.extend([
        Total::new("contracts: worst wave, USD", -371_000.0, 1e3, contracts.least),
        Total::new("contracts: all waves, USD", -1.5 * MILLION, TENTH, contracts.sum),
        Total::new("integer program: all, USD", 50_000.0, 1e4, whole.sum),
    ]);
    Ok(())
}

/// The totals as a table of 80 columns.
#[must_use]
pub fn table(october: &October) -> String {
    let mut text = row("total", "published", "ours", "difference");
    text.push_str(&rows(&october.totals));
    let agree = october.totals.iter().filter(|total| total.agrees()).count();
    let _ = writeln!(text, "{agree} of {} agree in the printed digits", october.totals.len());
    text.push_str("\nA published text that differs from the data it came with; not counted:\n");
    text.push_str(&rows(&october.differing));
    text
}

fn rows(totals: &[Total]) -> String {
    let mut text = String::new();
    for total in totals {
        let Total { what, published, digit, ours } = total;
        let mark = if total.agrees() { "" } else { " !" };
        let (published, away) = (grouped(*published, *digit), grouped(ours - published, CENT));
        let ours = grouped(*ours, digit.min(if ours.fract() == 0.0 { 1.0 } else { CENT }));
        text.push_str(&row(&format!("{what}{mark}"), &published, &ours, &away));
    }
    text
}

fn row(what: &str, published: &str, ours: &str, difference: &str) -> String {
    format!("{what:<33}{published:>15}{ours:>17}{difference:>15}\n")
}

/// A number to a digit, its thousands apart.
fn grouped(value: f64, digit: f64) -> String {
    let places = if digit < 0.1 { 2 } else { usize::from(digit < 1.0) };
    let text = format!("{:.places$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut found = String::new();
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        found.push('-');
    }
    for (at, figure) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            found.push(',');
        }
        found.push(figure);
    }
    found + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_total_agrees_in_the_digits_that_were_printed() {
        let of = |ours| Total::new("x", 45.0 * MILLION, TENTH, ours);
        assert!(of(45_028_665.72).agrees() && of(45_050_000.0).agrees());
        assert!(!of(45_050_001.0).agrees() && !of(44_949_999.0).agrees());
        assert!(!of(f64::NAN).agrees());
    }

    #[test]
    fn a_table_is_eighty_columns_and_marks_what_differs() {
        let totals = vec![
            Total::new("deficit, USD", 2_103_111_431.0, 1.0, 2_103_111_430.858_726),
            Total::new("share, %", 64.4, PERMILLE, 60.0),
        ];
        let text = table(&October { totals, differing: Vec::new() });
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[..3].iter().all(|line| line.len() == 80), "{text}");
        assert!(lines[1].contains("2,103,111,431 2,103,111,430.86          -0.14"), "{text}");
        assert!(lines[2].starts_with("share, % !"), "{text}");
        assert_eq!(lines[3], "1 of 2 agree in the printed digits");
        assert_eq!(grouped(-0.001, CENT), "0.00");
    }

    #[test]
    fn the_published_totals_come_out_of_the_tables() {
        let folder = crate::table::folder();
        if !folder.join("adl_oct10_by_coin.csv").is_file() {
            let line = format!("SKIPPED october: no tables in {}\n", folder.display());
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return;
        }
        let found = totals(&folder).unwrap();
        assert_eq!(found.totals.len(), 25);
        assert!(found.totals.iter().all(Total::agrees), "{}", table(&found));
        assert!(!found.differing.iter().any(Total::agrees), "{}", table(&found));
    }

    #[test]
    fn a_folder_without_the_tables_is_an_error() {
        assert!(totals(Path::new("nowhere")).unwrap_err().0.contains("nowhere"));
    }
}
