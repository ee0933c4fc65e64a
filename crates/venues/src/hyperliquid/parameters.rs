//! Margin tables to a document.
//!
//! A table lists leverage by notional, which is what the built-in document takes too: it knows what
//! share of the margin at that leverage is maintenance. A table's number
//! below 50 that is not in the reply is a single tier of that leverage (the venue's documentation).

use super::market::{Listing, whole};
use crate::json::At;
use crate::parameters::{Parameters, Step, brackets_of_leverage, ladder, quoted};
use keelmark_book::{Decimal, InputError, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Tables are numbered from here on; below it the number is the leverage.
const FIRST_TABLE: i64 = 50;

/// Tiers of each perpetual.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// By native name: up to which notional, and the highest leverage.
    tiers: BTreeMap<String, Vec<(Option<Decimal>, Decimal)>>,
    /// Highest leverage by base asset.
    leverage: BTreeMap<String, Decimal>,
    /// What the perpetuals are margined in.
    settles: BTreeSet<String>,
}

impl Tables {
    /// Takes the tables of a meta whose perpetuals are listed.
    ///
    /// # Errors
    /// [`InputError`] at the row that makes no table.
    pub fn read(&mut self, meta: &At<'_>, listing: &Listing<'_>) -> Result<(), InputError> {
        let tables = numbered(meta)?;
        for at in meta.need("universe")?.items()? {
            let name = at.word("name")?;
            let Some(row) = listing.perpetuals.get(name).filter(|row| !row.delisted) else {
                continue;
            };
            let single = at.positive("maxLeverage")?.filter(|one| *one >= Decimal::ONE);
            let steps = match at.get("marginTableId") {
                None => None,
                Some(_) => {
                    let id = whole(&at, "marginTableId")?;
                    match tables.get(&id) {
                        Some(steps) => Some(steps.clone()),
                        None if (1..FIRST_TABLE).contains(&id) => {
                            Some(vec![(None, Decimal::from_int(id))])
                        }
                        None => {
                            let problem =
                                format!("marginTableId: expected one of marginTables, found {id}");
                            return Err(at.error(problem));
                        }
                    }
                }
            };
            let steps = steps.or_else(|| single.map(|leverage| vec![(None, leverage)]));
            let Some(steps) = steps else {
                return Err(at.error("expected marginTableId or maxLeverage, found neither"));
            };
            let highest = steps.iter().map(|(_, leverage)| *leverage).max().unwrap_or(Decimal::ONE);
            self.tiers.insert(name.to_owned(), steps);
            self.leverage.insert(row.instrument.base.to_string(), highest);
            self.settles.insert(row.instrument.settle.to_string());
        }
        Ok(())
    }

    /// The document of the tables.
    #[must_use]
    pub fn parameters(&self, as_of: Option<Timestamp>) -> Option<Parameters> {
        if self.tiers.is_empty() {
            return None;
        }
        let mut body = String::new();
        let known = |one: &&String| !["USDC", "USD"].contains(&one.as_str());
        if self.settles.iter().any(|one| known(&one)) {
            body.push_str("\n[collateral.assets]\n");
        }
        for settle in self.settles.iter().filter(known) {
            let _ = writeln!(body, "{} = \"1\"", quoted(settle));
        }
        body.push_str("\n# The highest leverage; a position has the one that its holder chose.\n");
        body.push_str("[params.leverage]\n");
        for (base, leverage) in &self.leverage {
            let _ = writeln!(body, "{} = \"{leverage}\"", quoted(base));
        }
        body.push_str("\n[[charge]]\nname = \"tiered\"\n\n[charge.tiers]\n");
        for (name, tiers) in &self.tiers {
            let _ = write!(body, "{} = {}", quoted(name), brackets_of_leverage(tiers));
        }
        Some(Parameters {
            extends: Some(super::MODEL),
            title: "Perpetuals in cross margin, with the venue's own margin tables".to_owned(),
            as_of,
            sources: vec![format!(
                "Hyperliquid info endpoint, meta: {} perpetuals",
                self.tiers.len()
            )],
            uncertain: vec![format!(
                "the share of notional that a transfer must leave is in no reply: that of {}",
                super::MODEL
            )],
            body,
        })
    }
}

/// The tables of a meta by number: up to which notional, and the leverage.
type Numbered = BTreeMap<i64, Vec<(Option<Decimal>, Decimal)>>;

fn numbered(meta: &At<'_>) -> Result<Numbered, InputError> {
    let mut out = Numbered::new();
    let Some(tables) = meta.get("marginTables") else { return Ok(out) };
    for at in tables.items()? {
        let pair = at.items()?;
        let [number, table] = pair.as_slice() else {
            return Err(
                at.error(format!("expected a number and a table, found {} items", pair.len()))
            );
        };
        let id = number.number()?.in_steps_of(Decimal::ONE);
        let id = id.ok_or_else(|| number.error("expected a whole number"))?;
        let mut starts = Vec::new();
        for tier in table.need("marginTiers")?.items()? {
            let leverage = tier.amount("maxLeverage")?;
            if leverage < Decimal::ONE {
                return Err(
                    tier.error(format!("maxLeverage: expected 1 or more, found {leverage}"))
                );
            }
            starts.push((tier.amount("lowerBound")?, leverage, tier));
        }
        starts.sort_by_key(|(from, ..)| *from);
        if let Some(pair) = starts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let from = pair[0].0;
            let problem = format!("lowerBound: expected a tier from {from} once, found it again");
            return Err(pair[1].2.error(problem));
        }
        let ends: Vec<Option<Decimal>> =
            starts.iter().skip(1).map(|(from, ..)| Some(*from)).chain([None]).collect();
        let step = |((from, rate, at), to)| Step { at, from, to, rate };
        let mut steps: Vec<Step<'_>> = starts.into_iter().zip(ends).map(step).collect();
        if steps.is_empty() {
            return Err(table.error("marginTiers: expected at least one, found none"));
        }
        ladder(&mut steps, &format!("margin table {id}"))?;
        if let Some(pair) = steps.windows(2).find(|pair| pair[1].rate > pair[0].rate) {
            let problem = format!(
                "maxLeverage: expected at most {}, as in the tier below, found {}",
                pair[0].rate, pair[1].rate
            );
            return Err(pair[1].at.error(problem));
        }
        if out.insert(id, steps.iter().map(|step| (step.to, step.rate)).collect()).is_some() {
            return Err(
                at.error(format!("expected margin table {id} once, found it a second time"))
            );
        }
    }
    Ok(out)
}
