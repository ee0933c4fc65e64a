//! `leverageBracket`, and the same tiers as ccxt and freqtrade keep them, as a document over ours.

use super::symbol;
use crate::assembly::Draft;
use crate::json::At;
use crate::parameters::{Parameters, Step, brackets, ladder, quoted};
use keelmark_book::{Decimal, InputError, Round, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Tables by native name, and whether each is of a contract in the coin.
#[derive(Debug, Default)]
pub(super) struct Tables<'a> {
    tables: BTreeMap<String, (Vec<Step<'a>>, bool)>,
    /// Deductions as printed that keep no table continuous.
    rounded: usize,
}

impl<'a> Tables<'a> {
    /// Rows of `leverageBracket`: limits in the quote, or in the coin.
    pub(super) fn brackets(&mut self, rows: &[At<'a>]) -> Result<(), InputError> {
        for row in rows {
            let name = row.get("symbol").or_else(|| row.get("pair"));
            let name = name.map(|name| name.text()).transpose()?.unwrap_or_default().to_owned();
            let (mut steps, mut coin) = (Vec::new(), false);
            let mut printed = Vec::new();
            for tier in row.need("brackets")?.items()? {
                coin |= tier.has(&["qtyFloor"]) || tier.has(&["qtylFloor"]);
                let (from, to) = if coin {
                    (
                        tier.maybe("qtyFloor")?.map_or_else(|| tier.amount("qtylFloor"), Ok)?,
                        "qtyCap",
                    )
                } else {
                    (tier.amount("notionalFloor")?, "notionalCap")
                };
                let rate = rate(&tier, "maintMarginRatio")?;
                printed.push((from, rate, tier.maybe("cum")?));
                steps.push(Step { at: tier.clone(), from, to: tier.positive(to)?, rate });
            }
            self.rounded += deductions(&mut printed);
            self.table(row, name, steps, coin)?;
        }
        Ok(())
    }

    /// Tiers by unified symbol.
    pub(super) fn tiers(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        for (unified, list) in rows.iter().map(At::fields).collect::<Result<Vec<_>, _>>()?.concat()
        {
            let canonical = format!("{}:{unified}", symbol::VENUE);
            let symbol = keelmark_book::symbol::Symbol::parse(&canonical).ok();
            let Some(name) = symbol.and_then(|symbol| symbol::print(&symbol)) else {
                draft.left_out.add("tier tables", "the symbol is none of the venue");
                continue;
            };
            let mut steps = Vec::new();
            for tier in list.items()? {
                steps.push(Step {
                    at: tier.clone(),
                    from: tier.amount("minNotional")?,
                    to: tier.positive("maxNotional")?,
                    rate: rate(&tier, "maintenanceMarginRate")?,
                });
            }
            let coin = name.contains("USD_");
            self.table(&list, name, steps, coin)?;
        }
        Ok(())
    }

    fn table(
        &mut self,
        at: &At<'a>,
        name: String,
        mut steps: Vec<Step<'a>>,
        coin: bool,
    ) -> Result<(), InputError> {
        if steps.is_empty() {
            return Err(at.error(format!("{name}: expected tiers, found none")));
        }
        ladder(&mut steps, &name)?;
        if self.tables.contains_key(&name) {
            return Err(at.error(format!("expected tiers of {name} once, found a second table")));
        }
        self.tables.insert(name, (steps, coin));
        Ok(())
    }

    /// The document, where there is anything for one.
    pub(super) fn parameters(self, draft: &mut Draft<'a>, unified: bool) -> Option<Parameters> {
        if self.tables.is_empty() {
            return None;
        }
        if self.rounded > 0 {
            draft.notes.push(format!(
                "{} deductions (cum) are not what keeps their table continuous: the continuous \
                 one counts",
                self.rounded
            ));
        }
        // A document counts its limits in one unit.
        let coin = self.tables.values().all(|(_, coin)| *coin);
        let mut body =
            String::from("\n[[charge]]\nname = \"futures_maintenance\"\n\n[charge.tiers]\n");
        for (name, (steps, own)) in &self.tables {
            if *own != coin {
                draft.left_out.add("tier tables", "in coin, beside those in the quote");
                continue;
            }
            let rows: Vec<_> = steps.iter().map(|step| (step.to, step.rate)).collect();
            let _ = write!(body, "{} = {}", quoted(name), brackets(&rows));
        }
        let extends = match (unified, coin) {
            (true, _) => "binance-unimmr",
            (false, true) => "binance-coinm",
            (false, false) => "binance-usdm",
        };
        let now = draft.now();
        Some(Parameters {
            extends: Some(extends),
            title: "Binance futures with the brackets of its own reply".into(),
            as_of: (now != Timestamp::default()).then_some(now),
            sources: vec!["Binance leverageBracket, or the same tiers as kept by others".into()],
            uncertain: vec![format!("what is in no reply is that of {extends}")],
            body,
        })
    }
}

/// How many printed deductions are not the continuous ones.
fn deductions(rows: &mut [(Decimal, Decimal, Option<Decimal>)]) -> usize {
    rows.sort();
    let (mut below, mut sum, mut off) = (Decimal::ZERO, Decimal::ZERO, 0);
    for (floor, rate, printed) in rows {
        let step = rate.minus(below).and_then(|step| floor.times(step, Round::Down));
        let Ok(next) = step.and_then(|step| sum.plus(step)) else { return off };
        (below, sum) = (*rate, next);
        off += usize::from(printed.is_some_and(|printed| printed != next));
    }
    off
}

fn rate(row: &At<'_>, field: &str) -> Result<Decimal, InputError> {
    let rate = row.amount(field)?;
    if rate.is_negative() || rate > Decimal::ONE {
        return Err(row.error(format!("{field}: expected 0 to 1, found {rate}")));
    }
    Ok(rate)
}
