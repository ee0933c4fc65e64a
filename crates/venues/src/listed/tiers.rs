//! Tiers of months of a file's commodities as a document writes them: which are scanned apart,
//! which spread apart against other commodities, and which ask their own minimum.

use super::book::commodity_of;
use super::parameters::{month, plain};
use super::{Commodity, Day, Leg, RiskFile, Tier};
use keelmark_book::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How the legs of credits name what they are of.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Names of the tiers of each unit that has some.
    tiers: BTreeMap<String, Vec<String>>,
    /// Units of which every month spreads apart.
    by_month: BTreeSet<String>,
}

impl Apart {
    /// The tier of a leg, none where its unit is taken as a whole; says why where not covered.
    pub fn tier_of(&self, unit: &str, leg: &Leg, by_scan: bool) -> Result<Option<String>, String> {
        let wanted = leg.tier.as_deref().unwrap_or_default().trim_start_matches('0');
        if self.by_month.contains(unit) {
            return Err(format!(
                "{unit} spreads month by month, and no public text says which month a leg means"
            ));
        }
        match self.tiers.get(unit) {
            // One tier is the whole.
            None if matches!(wanted, "" | "1") => Ok(None),
            None => Err(format!("a leg names tier {wanted} of {unit}, which has no tiers")),
            Some(_) if by_scan => Err(format!(
                "{unit} spreads by tiers, and a credit by scanning takes a commodity whole"
            )),
            Some(names) => match names.iter().find(|name| *name == wanted) {
                Some(name) => Ok(Some(name.clone())),
                None if wanted.is_empty() => {
                    Err(format!("a leg names no tier of {unit}, which spreads by tiers"))
                }
                None => Err(format!("a leg names tier {wanted} of {unit}, which it does not have")),
            },
        }
    }
}

/// `scan`, where a commodity is scanned in parts: without them gains of one month would pay for
/// losses of another.
pub(super) fn scanned(
    out: &mut String,
    file: &RiskFile,
    held: &[(&str, &Commodity)],
) -> Result<(), String> {
    let mut apart = String::new();
    for (unit, one) in held {
        let months = if one.scanned_by_month { each_month(file, one) } else { Vec::new() };
        let tiers = if months.is_empty() { &one.scan_tiers } else { &months };
        if is_whole(file, one, tiers) {
            continue;
        }
        write_tiers(&mut apart, "scanned", unit, tiers.iter().map(|tier| (tier, None)))?;
    }
    if !apart.is_empty() {
        let _ = write!(out, "\n[[charge]]\nname = \"scan\"\n{apart}");
    }
    Ok(())
}

/// The tiers of credits: what a leg may name, and the text of their tables.
pub(super) fn credited(
    file: &RiskFile,
    held: &[(&str, &Commodity)],
    apart: &mut Apart,
) -> Result<String, String> {
    let mut text = String::new();
    for (unit, one) in held {
        if one.credited_by_month {
            apart.by_month.insert((*unit).to_owned());
        }
        if is_whole(file, one, &one.credit_tiers) {
            continue;
        }
        let tiers = one.credit_tiers.iter().map(|tier| (tier, None));
        write_tiers(&mut text, "spread apart", unit, tiers)?;
        let names = one.credit_tiers.iter().map(|(name, ..)| called(name)).collect();
        apart.tiers.insert((*unit).to_owned(), names);
    }
    Ok(text)
}

/// The rates of the minimum by tier.
pub(super) fn minima(out: &mut String, held: &[(&str, &Commodity)]) -> Result<(), String> {
    for (unit, one) in held {
        let rates = one.minimum_tiers.iter().map(|(tier, rate)| (tier, Some(*rate)));
        write_tiers(out, "asked a minimum", unit, rates)?;
    }
    Ok(())
}

/// Whether tiers leave a commodity whole: there are none, or one that holds every contract.
fn is_whole(file: &RiskFile, one: &Commodity, tiers: &[Tier]) -> bool {
    match tiers {
        [] => true,
        [(_, from, to)] => {
            let first = |day: &Day| (day.year, day.month);
            let within = |day: Day| (first(from)..=first(to)).contains(&(day.year, day.month));
            contracts(file, one).all(within)
        }
        _ => false,
    }
}

/// Expiries of the contracts of a commodity.
fn contracts<'f>(file: &'f RiskFile, one: &'f Commodity) -> impl Iterator<Item = Day> + 'f {
    file.contracts
        .iter()
        .filter(|contract| {
            let product = file.products.get(contract.product);
            product.is_some_and(|product| commodity_of(file, &product.code) == one.code)
        })
        .map(|contract| contract.expiry)
}

fn each_month(file: &RiskFile, one: &Commodity) -> Vec<Tier> {
    let months: BTreeSet<Day> = contracts(file, one).map(|day| Day { day: 0, ..day }).collect();
    months.into_iter().map(|day| (day.to_string(), day, day)).collect()
}

/// A tier's number without leading zeros, as legs name it.
fn called(name: &str) -> String {
    plain(name).trim_start_matches('0').to_owned()
}

/// `[charge.by.UNIT] tiers`; nothing where there are none.
fn write_tiers<'t>(
    out: &mut String,
    what: &str,
    unit: &str,
    tiers: impl Iterator<Item = (&'t Tier, Option<Decimal>)>,
) -> Result<(), String> {
    let mut before: Vec<(String, Day, Day)> = Vec::new();
    for ((name, from, to), rate) in tiers {
        let (name, from, to) = (called(name), Day { day: 0, ..*from }, Day { day: 0, ..*to });
        if name.is_empty() || from > to {
            return Err(format!(
                "{unit}: the tier of months {from} to {to} that is {what}: expected a number from \
                 1 and a last month that is not before the first"
            ));
        }
        if let Some(other) =
            before.iter().find(|(own, start, end)| *own == name || (from <= *end && *start <= to))
        {
            return Err(format!(
                "{unit}: tiers {} and {name} that are {what}: expected numbers of their own and no \
                 month in common, found {} to {} and {from} to {to}",
                other.0, other.1, other.2
            ));
        }
        if before.is_empty() {
            let _ = writeln!(out, "[charge.by.\"{unit}\"]\ntiers = [");
        }
        let rate = rate.map(|rate| format!(", rate = \"{rate}\"")).unwrap_or_default();
        let (first, last) = (month(from), month(to));
        let _ = writeln!(
            out,
            "  {{ name = \"{name}\", from_month = \"{first}\", to_month = \"{last}\"{rate} }},"
        );
        before.push((name, from, to));
    }
    if !before.is_empty() {
        out.push_str("]\n");
    }
    Ok(())
}
