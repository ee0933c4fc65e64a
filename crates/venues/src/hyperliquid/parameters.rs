//! Margin tables to a document.
//!
//! A table lists leverage by notional. Maintenance is half of the initial margin at the highest
//! leverage of the tier, so the rate of a tier is one over twice its leverage. A table's number
//! below 50 that is not in the reply is a single tier of that leverage (the venue's documentation).

use super::market::{Listing, whole};
use crate::json::At;
use crate::parameters::{Parameters, Step, brackets, ladder, quoted};
use keelmark_book::{Decimal, InputError, Round, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Tables are numbered from here on; below it the number is the leverage.
const FIRST_TABLE: i64 = 50;

/// Tiers of each perpetual.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// By native name: up to which notional, and the maintenance rate.
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
            let rated: Result<Vec<_>, _> =
                steps.iter().map(|(to, of)| rate(*of).map(|r| (*to, r))).collect();
            let rated = rated.map_err(|error| at.error(error))?;
            let highest = steps.iter().map(|(_, leverage)| *leverage).max().unwrap_or(Decimal::ONE);
            self.tiers.insert(name.to_owned(), rated);
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
        let mut body = String::from(
            "\n[pool]\nby = \"account\"\ncurrency = \"USD\"\n\n[equity]\nfutures = true\n\
             options = false\n\n[collateral.assets]\nUSDC = \"1\"\n",
        );
        for settle in self.settles.iter().filter(|one| *one != "USDC") {
            let _ = writeln!(body, "{} = \"1\"", quoted(settle));
        }
        body.push_str("\n# The highest leverage; a position has the one that its holder chose.\n");
        body.push_str("[params.leverage]\n");
        for (base, leverage) in &self.leverage {
            let _ = writeln!(body, "{} = \"{leverage}\"", quoted(base));
        }
        body.push_str(
            "\n[[charge]]\nname = \"futures_initial\"\nkind = \"per-position\"\n\
             on = { kind = \"perpetual\" }\namount = \"notional / leverage\"\n\n\
             [[charge]]\nname = \"futures_maintenance\"\nkind = \"brackets\"\n\
             on = { kind = \"perpetual\" }\ncounted_in = \"settlement\"\n\n[charge.tiers]\n",
        );
        for (name, tiers) in &self.tiers {
            let _ = write!(body, "{} = {}", quoted(name), brackets(tiers));
        }
        body.push_str(
            "\n[[charge]]\nname = \"futures_floor\"\nkind = \"formula\"\n\
             by = \"position\"\n\
             amount = \"max(0, futures_maintenance - futures_initial)\"\n\n[levels]\n\
             initial = \"futures_initial + futures_floor + orders\"\n\
             maintenance = \"futures_maintenance\"\n",
        );
        Some(Parameters {
            extends: None,
            title: "Perpetuals in cross margin, with the venue's own margin tables".to_owned(),
            as_of,
            sources: vec![format!(
                "Hyperliquid info endpoint, meta: {} perpetuals",
                self.tiers.len()
            )],
            uncertain: vec![
                "the share of notional that a withdrawal must leave is not in the replies"
                    .to_owned(),
            ],
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

/// Maintenance of a tier, rounded up.
fn rate(leverage: Decimal) -> Result<Decimal, keelmark_book::Overflow> {
    Decimal::ONE.over(leverage.plus(leverage)?, Round::Up)
}
