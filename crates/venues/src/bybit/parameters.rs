//! Risk limits and collateral ratios to a document that extends `bybit-cross`, or, of ratios alone,
//! `bybit-pm`: portfolio margin has no risk limits.
//!
//! Rates are printed as a fraction or in percent, by age of the reply; the row's own leverage says
//! which, since initial margin is one over it. A printed deduction must keep the table continuous:
//! where it does not, a tier is missing.

use super::reply::{Content, Reply};
use super::wallet::Wallet;
use crate::json::At;
use crate::parameters::{Parameters, Step, brackets, ladder, quoted, ratios};
use keelmark_book::{Asset, Decimal, InputError, Round, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The document below, in cross margin.
pub const BASE: &str = "bybit-cross";
/// The document below, in portfolio margin.
pub const PORTFOLIO: &str = "bybit-pm";

/// Tables of the replies.
#[derive(Clone, Debug, Default)]
pub struct Tables<'a> {
    /// Risk limits by contract.
    limits: BTreeMap<String, Vec<Tier<'a>>>,
    /// Contracts whose limits count in coin.
    inverse: BTreeSet<String>,
    /// Ratio tiers by coin.
    ratios: BTreeMap<Asset, Vec<Step<'a>>>,
    /// Replies that the numbers are from.
    sources: BTreeSet<&'static str>,
    as_of: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Tier<'a> {
    at: At<'a>,
    limit: Decimal,
    rate: Decimal,
    deduction: Option<Decimal>,
    lowest: Option<bool>,
}

impl<'a> Tables<'a> {
    /// Whether there is anything for a document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.ratios.is_empty()
    }

    /// Whether a contract has risk limits.
    #[must_use]
    pub fn has_limits(&self, name: &str) -> bool {
        self.limits.contains_key(name)
    }

    /// Takes the rows of a reply.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn read(&mut self, reply: &Reply<'a>, notes: &mut Vec<String>) -> Result<(), InputError> {
        self.as_of = self.as_of.max(reply.time);
        match reply.content {
            Content::RiskLimits => {
                self.sources.insert("v5/market/risk-limit");
                self.risk_limits(reply, notes)
            }
            Content::CollateralTiers => {
                self.sources.insert("v5/spot-margin-trade/collateral");
                reply.rows.iter().try_for_each(|row| self.tiered(row))
            }
            _ => {
                self.sources.insert("v5/account/collateral-info");
                reply.rows.iter().try_for_each(|row| self.flat(row))
            }
        }
    }

    fn risk_limits(
        &mut self,
        reply: &Reply<'a>,
        notes: &mut Vec<String>,
    ) -> Result<(), InputError> {
        let mut twice = 0usize;
        for row in &reply.rows {
            let name = row.word("symbol")?;
            let limit = row.amount("riskLimitValue")?;
            if !limit.is_positive() {
                return Err(
                    row.error(format!("riskLimitValue: expected above zero, found {limit}"))
                );
            }
            let tier = Tier {
                at: row.clone(),
                limit,
                rate: rate(row)?,
                deduction: row.maybe("mmDeduction")?,
                lowest: row.maybe("isLowestRisk")?.map(|one| !one.is_zero()),
            };
            if super::contracts::category(row, reply.category) == "inverse" {
                self.inverse.insert(name.to_owned());
            }
            let tiers = self.limits.entry(name.to_owned()).or_default();
            match tiers.iter().find(|known| known.limit == tier.limit) {
                Some(known) if known.rate == tier.rate => twice += 1,
                Some(known) => {
                    let problem = format!(
                        "expected one tier of {name} up to {limit}, found rates {} and {}",
                        known.rate, tier.rate
                    );
                    return Err(row.error(problem));
                }
                None => tiers.push(tier),
            }
        }
        if twice > 0 {
            notes.push(format!("{twice} risk limits left out: the same row is there already"));
        }
        Ok(())
    }

    fn tiered(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let asset = row.asset("currency")?;
        let mut steps = Vec::new();
        for at in row.need("collateralRatioList")?.items()? {
            let from = at.maybe("minQty")?.unwrap_or_default();
            let (to, rate) = (at.positive("maxQty")?, ratio(&at)?);
            steps.push(Step { at, from, to, rate });
        }
        if steps.is_empty() {
            return Err(
                row.error(format!("collateralRatioList: expected tiers of {asset}, found none"))
            );
        }
        ladder(&mut steps, asset.as_str())?;
        self.coin(row, asset, steps)
    }

    fn flat(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let asset = row.asset("currency")?;
        let on = row.truth("marginCollateral") != Some(false)
            && row.truth("collateralSwitch") != Some(false);
        let rate = if on { ratio(row)? } else { Decimal::ZERO };
        let steps = vec![Step { at: row.clone(), from: Decimal::ZERO, to: None, rate }];
        // Tiers say more than one ratio of the same coin.
        if self.ratios.contains_key(&asset) { Ok(()) } else { self.coin(row, asset, steps) }
    }

    fn coin(&mut self, row: &At<'a>, asset: Asset, steps: Vec<Step<'a>>) -> Result<(), InputError> {
        let one = |steps: &[Step<'_>]| steps.len() == 1;
        if let Some(known) = self.ratios.get(&asset)
            && !one(known)
            && !one(&steps)
        {
            return Err(row.error(format!("expected {asset} once, found it a second time")));
        }
        self.ratios.insert(asset, steps);
        Ok(())
    }

    /// The document of the tables.
    ///
    /// # Errors
    /// [`InputError`] at the row that makes no table.
    pub fn parameters(
        mut self,
        wallet: Option<&Wallet<'_>>,
        portfolio: bool,
        notes: &mut Vec<String>,
    ) -> Result<Option<Parameters>, InputError> {
        if portfolio && !self.limits.is_empty() {
            let count = self.limits.len();
            notes.push(format!(
                "{count} contracts' risk limits left out: portfolio margin has scenarios"
            ));
            self.limits.clear();
            self.sources.remove("v5/market/risk-limit");
        }
        if self.is_empty() {
            return Ok(None);
        }
        let (base, mode) = if portfolio { (PORTFOLIO, "portfolio") } else { (BASE, "cross") };
        let coins = format!("{} coins", self.ratios.len());
        let (own, counted) = if portfolio {
            ("collateral ratios", coins)
        } else {
            ("tiers", format!("{} contracts, {coins}", self.limits.len()))
        };
        let off = switched_off(wallet);
        let (mut body, mut linear, mut inverse) = (String::new(), String::new(), String::new());
        for (name, tiers) in &mut self.limits {
            let table = format!("{} = {}", quoted(name), brackets(&table(name, tiers)?));
            let of = if self.inverse.contains(name) { &mut inverse } else { &mut linear };
            of.push_str(&table);
        }
        if !self.ratios.is_empty() || !off.is_empty() {
            body.push_str("\n[collateral.assets]\n");
        }
        for (asset, steps) in self.ratios.iter().filter(|(asset, _)| !off.contains(asset)) {
            let _ = writeln!(
                body,
                "{} = {{ tiers = {} }}",
                quoted(asset.as_str()),
                ratios(steps).trim_end()
            );
        }
        for asset in &off {
            let _ = writeln!(
                body,
                "# Not switched on as collateral.\n{} = \"0\"",
                quoted(asset.as_str())
            );
        }
        body.push_str(&charges(&linear, &inverse));
        let counted = format!(
            "Bybit {}: {counted}",
            self.sources.iter().copied().collect::<Vec<_>>().join(", "),
        );
        Ok(Some(Parameters {
            extends: Some(base),
            title: format!("Unified trading account, {mode} margin, with the venue's own {own}"),
            as_of: self.as_of,
            sources: vec![counted, format!("everything else: the document {base}")],
            uncertain: vec![
                "contracts and coins that the replies lack have the numbers of the \
                 document below"
                    .to_owned(),
            ],
            body,
        }))
    }
}

/// The coins that the holder has not switched on as collateral.
fn switched_off(wallet: Option<&Wallet<'_>>) -> Vec<Asset> {
    let coins = wallet.into_iter().flat_map(|wallet| &wallet.coins);
    coins.filter(|coin| !coin.counts).map(|coin| coin.asset.clone()).collect()
}

/// A rate as a fraction. Initial margin is one over the leverage of the tier, so it says the unit.
fn rate(row: &At<'_>) -> Result<Decimal, InputError> {
    let rate = row.amount("maintenanceMargin")?;
    let leverage = row.positive("maxLeverage")?;
    let unit = match (row.positive("initialMargin")?, leverage) {
        // Leverage is printed to two places, so the product is near 1 or near 100.
        (Some(initial), Some(leverage)) => initial.times(leverage, Round::Nearest).ok(),
        (None, Some(leverage)) => rate.times(leverage, Round::Nearest).ok(),
        _ => None,
    };
    let Some(unit) = unit else {
        return Err(row
            .error("expected maxLeverage, which says whether the rates are fractions or percent"));
    };
    let percent = unit > Decimal::from_int(10);
    let hundred = Decimal::from_int(100);
    let rate = if percent { rate.over(hundred, Round::Up) } else { Ok(rate) };
    let rate = rate.map_err(|error| row.error(error))?;
    if rate.is_negative() || rate > Decimal::ONE {
        return Err(row.error(format!("maintenanceMargin: expected 0 to 1 (100 %), found {rate}")));
    }
    Ok(rate)
}

fn ratio(at: &At<'_>) -> Result<Decimal, InputError> {
    let ratio = at.amount("collateralRatio")?;
    if ratio.is_negative() || ratio > Decimal::ONE {
        return Err(at.error(format!("collateralRatio: expected 0 to 1, found {ratio}")));
    }
    Ok(ratio)
}

/// The tiers of a contract in order, with no hole that its deductions would show.
fn table(
    name: &str,
    tiers: &mut [Tier<'_>],
) -> Result<Vec<(Option<Decimal>, Decimal)>, InputError> {
    tiers.sort_by_key(|tier| tier.limit);
    let mut below: Option<(Decimal, Decimal, Decimal)> = None;
    let mut out = Vec::new();
    for tier in tiers.iter() {
        let error = |problem: String| tier.at.error(format!("{name}: {problem}"));
        let overflow = |_| error("a number that does not fit".to_owned());
        let deduction = match below {
            None if tier.lowest == Some(false) => {
                return Err(error(format!(
                    "expected the lowest tier, found one up to {} above it: give the page before",
                    tier.limit
                )));
            }
            None => Decimal::ZERO,
            Some((limit, rate, _)) if tier.rate < rate => {
                return Err(error(format!(
                    "expected a rate of at least {rate}, as up to {limit}, found {}",
                    tier.rate
                )));
            }
            Some((limit, rate, deduction)) => tier
                .rate
                .minus(rate)
                .and_then(|step| limit.times(step, Round::Nearest))
                .and_then(|step| step.plus(deduction))
                .map_err(overflow)?,
        };
        if let Some(printed) = tier.deduction {
            let off = printed.minus(deduction).map_err(overflow)?.abs();
            // Printed to whole units of what it settles in, or to a thousandth.
            let allowed = deduction.times(Decimal::from_raw(1_000_000_000_000_000), Round::Up);
            if off > allowed.map_err(overflow)?.max(Decimal::from_raw(1_000_000_000_000)) {
                return Err(error(format!(
                    "mmDeduction: expected {deduction}, which keeps the table continuous, found \
                     {printed}: a tier below is missing"
                )));
            }
        }
        out.push((Some(tier.limit), tier.rate));
        below = Some((tier.limit, tier.rate, deduction));
    }
    Ok(out)
}

/// The charges whose tables change. Limits of inverse contracts count in coin, so those contracts
/// have charges of their own; without their table they are refused and not free.
fn charges(linear: &str, inverse: &str) -> String {
    let mut out = String::new();
    let kinds = "kind = [\"perpetual\", \"future\"]";
    if !linear.is_empty() || !inverse.is_empty() {
        let _ = write!(
            out,
            "\n[[charge]]\nname = \"futures_maintenance\"\non = {{ {kinds}, style = \"linear\" }}\n\
             counted_in = \"settlement\"\n\n[charge.tiers]\n{linear}"
        );
    }
    if inverse.is_empty() {
        return out;
    }
    let _ = write!(
        out,
        "\n[[charge]]\nname = \"inverse_maintenance\"\nkind = \"brackets\"\n\
         on = {{ {kinds}, style = \"inverse\" }}\ncounted_in = \"settlement\"\n\n\
         [charge.tiers]\n{inverse}\n\
         [[charge]]\nname = \"futures_initial\"\non = {{ {kinds}, style = \"linear\" }}\n\n\
         [[charge]]\nname = \"inverse_initial\"\nkind = \"per-position\"\n\
         on = {{ {kinds}, style = \"inverse\" }}\namount = \"notional / leverage\"\n\n\
         [[charge]]\nname = \"inverse_floor\"\nkind = \"formula\"\n\
         by = \"position\"\namount = \"max(0, inverse_maintenance - inverse_initial)\"\n\n\
         [levels]\n\
         initial = \"futures_initial + futures_floor + inverse_initial + inverse_floor + \
         options_initial + open_loss + orders\"\n\
         maintenance = \"futures_maintenance + inverse_maintenance + options_maintenance\"\n"
    );
    out
}
