//! `public/position-tiers` and the discount table, as a document over ours.
//!
//! A position pays the rate of the tier that its number of contracts falls in, all of it; the
//! discount of a coin is marginal, like a tax table.

use crate::assembly::Draft;
use crate::json::At;
use crate::parameters::{Parameters, Step, brackets_of_contracts, ladder, quoted, ratios};
use keelmark_book::{Decimal, InputError};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Tier tables by instrument type and family, and discounts by coin.
#[derive(Debug, Default)]
pub(super) struct Tables<'a> {
    tiers: BTreeMap<(String, String), Vec<Step<'a>>>,
    discounts: BTreeMap<String, Vec<Step<'a>>>,
}

impl<'a> Tables<'a> {
    /// Rows of `public/position-tiers`.
    pub(super) fn tiers(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        for row in rows {
            let kind = row.label("instType").to_owned();
            if ["OPTION", "MARGIN"].contains(&kind.as_str()) {
                draft.left_out.add("position tiers", "of options and margin pairs, not used");
                continue;
            }
            let family = [row.label("instFamily"), row.label("uly"), row.label("instId")];
            let Some(family) = family.into_iter().find(|one| !one.is_empty()) else {
                return Err(row.error("expected a field instFamily, uly or instId, found none"));
            };
            let step = Step {
                at: row.clone(),
                from: row.amount("minSz")?,
                to: row.maybe("maxSz")?,
                rate: rate(row, "mmr")?,
            };
            self.tiers.entry((kind, family.to_owned())).or_default().push(step);
        }
        Ok(())
    }

    /// Rows of the discount reply.
    pub(super) fn discounts(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        for row in rows {
            let asset = row.asset("ccy")?.to_string();
            let list = row.get("details").or_else(|| row.get("discountInfo"));
            let mut steps = Vec::new();
            for tier in list.map(|list| list.items()).transpose()?.unwrap_or_default() {
                steps.push(Step {
                    at: tier.clone(),
                    from: tier.amount("minAmt")?,
                    to: tier.maybe("maxAmt")?,
                    rate: rate(&tier, "discountRate")?,
                });
            }
            if steps.is_empty() {
                draft.left_out.add("discounts", "a coin without tiers");
                continue;
            }
            if self.discounts.insert(asset.clone(), steps).is_some() {
                return Err(row.error(format!("expected {asset} once, found it a second time")));
            }
        }
        Ok(())
    }

    /// The document, where there is anything for one.
    pub(super) fn parameters(
        mut self,
        draft: &mut Draft<'a>,
        portfolio: bool,
    ) -> Result<Option<Parameters>, InputError> {
        if portfolio && !self.tiers.is_empty() {
            draft.left_out.add("reply of position tiers", "portfolio margin has risk units");
            self.tiers.clear();
        }
        let extends = if portfolio { "okx-pm" } else { "okx-multi-currency" };
        let mut sources = Vec::new();
        let mut body = String::new();
        for (asset, steps) in &mut self.discounts {
            ladder(steps, asset)?;
            let _ =
                write!(body, "\n[collateral.assets.{}]\ntiers = {}", quoted(asset), ratios(steps));
        }
        if !self.discounts.is_empty() {
            sources.push("OKX public/discount-rate-interest-free-quota".to_owned());
        }
        let (mut tables, mut named) = (String::new(), std::collections::BTreeSet::new());
        for ((kind, family), steps) in &mut self.tiers {
            ladder(steps, family)?;
            let list = brackets_of_contracts(steps);
            for name in members(draft, kind, family) {
                if !named.insert(name.clone()) {
                    return Err(InputError::whole(
                        "position tiers",
                        format!("{name}: expected the tiers of one family and kind, found two"),
                    ));
                }
                let _ = write!(tables, "{} = {list}", quoted(&name));
            }
        }
        if !tables.is_empty() {
            sources.push("OKX public/position-tiers".to_owned());
            let _ = write!(
                body,
                "\n[[charge]]\nname = \"futures_maintenance\"\n\n[charge.tiers]\n{tables}"
            );
        }
        if sources.is_empty() {
            return Ok(None);
        }
        Ok(Some(Parameters {
            extends: Some(extends),
            title: "OKX margin with tiers and discounts of its own replies".into(),
            as_of: (draft.now() != keelmark_book::Timestamp::default()).then(|| draft.now()),
            sources,
            uncertain: vec![
                format!("what is in no reply is that of {extends}"),
                "a position counts alone in its tier, open orders and the other side do not".into(),
            ],
            body,
        }))
    }
}

/// Names that a table is for: the listed contracts of the family, or its perpetual.
fn members(draft: &mut Draft<'_>, kind: &str, family: &str) -> Vec<String> {
    let of_kind = |name: &str| {
        let perpetual = name.ends_with("-SWAP");
        match kind {
            "SWAP" => perpetual,
            "FUTURES" => !perpetual && name.split('-').count() == 3,
            _ => true,
        }
    };
    let listed: Vec<String> = draft
        .instruments()
        .map(|one| one.venue_symbol.as_str())
        .chain(draft.legs().iter().map(|leg| leg.name.as_str()))
        .filter(|name| {
            let rest = name.strip_prefix(family);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-')) && of_kind(name)
        })
        .map(str::to_owned)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    if kind == "SWAP" {
        return vec![format!("{family}-SWAP")];
    }
    draft.left_out.add("tier tables", "no contract of the family is listed");
    Vec::new()
}

fn rate(row: &At<'_>, field: &str) -> Result<Decimal, InputError> {
    let rate = row.amount(field)?;
    if rate.is_negative() || rate > Decimal::ONE {
        return Err(row.error(format!("{field}: expected 0 to 1, found {rate}")));
    }
    Ok(rate)
}
