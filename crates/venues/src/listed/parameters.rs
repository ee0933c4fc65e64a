//! The parameters of a file as a document that extends `scan16-file`: tiers, spreads, delivery
//! months, credits, minima and ratios of the commodities that are used.

use super::book::{House, Units, commodity_of};
use super::tiers::{self, Apart};
use super::{Commodity, Day, Leg, PriceRisk, RiskFile, Spread};
use keelmark_book::{Decimal, Market, Round};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a document is called where nobody says otherwise.
const NAME: &str = "risk-file";
/// The tier of every month, for legs that name a tier where the file defines none.
const EVERY_MONTH: &str = "from_month = \"000101\", to_month = \"999912\"";

/// The document.
///
/// # Errors
/// In words, when a spread between months is charged by a method that is not covered: without it
/// the margin would be too low.
pub(super) fn document(
    file: &RiskFile,
    units: &Units,
    market: &Market,
    house: &House,
    notes: &mut Vec<String>,
) -> Result<String, String> {
    let currency = &market.currency;
    let day = file.date.map(|day| day.to_string()).unwrap_or_default();
    let source = market.source.replace(['"', '\\'], "'");
    let mut out = format!(
        "# Written from a risk-parameter file; the method is that of scan16-file.\n\
         schema = \"keelmark/model/1\"\nextends = \"scan16-file\"\nname = \"{NAME}\"\n\
         title = \"16-scenario margin with the parameters of {source}\"\n\
         version = \"{day}\"\neffective = \"{day}\"\nsource = [\"{source}\"]\n\n\
         [pool]\nby = \"account\"\ncurrency = \"{currency}\"\n\n\
         [collateral.assets]\n{currency} = \"1\"\n",
    );
    let held: Vec<(&str, &Commodity)> = units
        .iter()
        .filter_map(|(code, unit)| Some((unit.as_str(), file.commodities.get(code)?)))
        .collect();
    for (unit, one) in &held {
        if let Some(what) = one.refused.first() {
            return Err(format!(
                "{unit}: {what}, which is not covered, and without it the margin would be too low: \
                 leave its contracts out, with --positions"
            ));
        }
    }
    params(&mut out, file, units, house, notes)?;
    tiers::scanned(&mut out, file, &held)?;
    let _ = writeln!(out, "\n[[charge]]\nname = \"spread\"");
    for (code, unit) in units {
        if let Some(one) = file.commodities.get(code) {
            plan(&mut out, unit.as_str(), one)?;
        }
    }
    let _ = writeln!(out, "\n[[charge]]\nname = \"delivery\"");
    for (code, unit) in units {
        let deliveries = file.commodities.get(code).map(|one| &one.deliveries);
        let Some(deliveries) = deliveries.filter(|all| !all.is_empty()) else { continue };
        let _ = writeln!(out, "[charge.by.\"{unit}\"]\nmonths = [");
        for (month, spread, outright) in deliveries {
            let _ = writeln!(
                out,
                "  {{ expiry = \"{month}\", spread_rate = \"{spread}\", \
                 outright_rate = \"{outright}\" }},"
            );
        }
        out.push_str("]\n");
    }
    let apart = credits(&mut out, file, units, &held, notes)?;
    out.push_str(&apart);
    out.push_str("\n[[charge]]\nname = \"minimum\"\n[charge.count]\n");
    for (code, unit) in units {
        let max = file.commodities.get(code).is_some_and(|one| one.minimum_is_max);
        let _ = writeln!(out, "\"{unit}\" = \"{}\"", if max { "max" } else { "gross" });
    }
    tiers::minima(&mut out, &held)?;
    if !house.portfolio_option_value {
        out.push_str(
            "\n[levels]\ninitial = \"initial_required + orders\"\nmaintenance = \"required\"\n",
        );
    }
    Ok(out)
}

/// Numbers by commodity.
fn params(
    out: &mut String,
    file: &RiskFile,
    units: &Units,
    house: &House,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let mut table = |name: &str, default: &str, of: &dyn Fn(&str) -> Option<Decimal>| {
        let _ = writeln!(out, "\n[params.{name}]\ndefault = \"{default}\"");
        for (code, unit) in units {
            if let Some(value) = of(code) {
                let _ = writeln!(out, "\"{unit}\" = \"{value}\"");
            }
        }
    };
    let commodity = |code: &str| file.commodities.get(code);
    table("scan_range", "1", &|code| {
        let mut own = file.products.iter().filter(|one| commodity_of(file, &one.code) == code);
        own.find_map(|one| one.scan_range)
    });
    table("minimum_rate", "0", &|code| commodity(code).map(|one| one.minimum_rate));
    let truth = |yes: bool| if yes { Decimal::ONE } else { Decimal::ZERO };
    table("limit_option_value", "0", &|code| {
        commodity(code).map(|one| truth(one.limit_option_value))
    });
    table("premium_share", "1", &|code| {
        let own = file.products.iter().filter(|one| commodity_of(file, &one.code) == code);
        let futures = own.clone().any(|one| one.futures_style)
            || commodity(code).is_some_and(|one| one.futures_style);
        Some(truth(!futures))
    });
    table("risk_ratio", "1", &|code| {
        let ratios = &commodity(code)?.ratios;
        let chosen = match &house.ratio {
            Some(name) => ratios.iter().find(|(own, _)| own == name),
            None => ratios.first(),
        };
        chosen.map(|(_, ratio)| *ratio).filter(|ratio| ratio.is_positive())
    });
    let mut names: Vec<&str> = file
        .commodities
        .values()
        .flat_map(|one| one.ratios.iter().map(|(name, _)| name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    match &house.ratio {
        Some(wanted) if !names.contains(&wanted.as_str()) => Err(format!(
            "no initial ratio is called {wanted:?}; the file has: {}",
            names.join(", ")
        )),
        None if names.len() > 1 => {
            notes.push(format!("several initial ratios ({}): the first counts", names.join(", ")));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Tiers and spreads between the months of a commodity.
fn plan(out: &mut String, unit: &str, one: &Commodity) -> Result<(), String> {
    let _ = writeln!(out, "[charge.by.\"{unit}\"]\ntiers = [");
    for (name, from, to) in &one.tiers {
        let (from, to) = (month(*from), month(*to));
        let _ = writeln!(
            out,
            "  {{ name = \"{}\", from_month = \"{from}\", to_month = \"{to}\" }},",
            plain(name)
        );
    }
    let named =
        one.spreads.iter().flat_map(|spread| &spread.legs).find_map(|leg| {
            leg.tier.as_ref().filter(|_| leg.expiry.is_none() && one.tiers.is_empty())
        });
    if let Some(name) = named {
        let _ = writeln!(out, "  {{ name = \"{}\", {EVERY_MONTH} }},", plain(name));
    }
    out.push_str("]\nspreads = [\n");
    for spread in &one.spreads {
        let method = match spread.method.as_str() {
            "" | "F" | "01" | "10" => "flat",
            "P" => "per-month",
            "W" => "price",
            other => {
                return Err(format!(
                    "{}: spread {} is charged by method {other:?}, which is not covered: expected \
                     F, P or W",
                    one.code, spread.priority
                ));
            }
        };
        let legs: Vec<String> = spread.legs.iter().map(leg_of_months).collect();
        let _ = writeln!(
            out,
            "  {{ priority = \"{}\", rate = \"{}\", method = \"{method}\", legs = [{}] }},",
            spread.priority,
            spread.rate,
            legs.join(", ")
        );
    }
    out.push_str("]\n");
    Ok(())
}

fn leg_of_months(leg: &Leg) -> String {
    let reach = match (&leg.expiry, &leg.tier) {
        (Some(day), _) => format!("expiry = \"{day}\""),
        (None, tier) => format!("tier = \"{}\"", plain(tier.as_deref().unwrap_or_default())),
    };
    format!("{{ {reach}, side = \"{}\", ratio = \"{}\" }}", side(leg), leg.ratio)
}

fn side(leg: &Leg) -> char {
    if leg.side_a { 'A' } else { 'B' }
}

/// The credits, with what a delta counts for in them; returns the tiers of their legs, which stand
/// after them.
fn credits(
    out: &mut String,
    file: &RiskFile,
    units: &Units,
    held: &[(&str, &Commodity)],
    notes: &mut Vec<String>,
) -> Result<String, String> {
    let mut apart = Apart::default();
    let used = tiers::credited(file, held, &mut apart)?;
    out.push_str("\n[[charge]]\nname = \"inter_credit\"\n");
    let counted: Vec<String> = held
        .iter()
        .filter_map(|(unit, one)| match one.price_risk {
            PriceRisk::PerDelta => None,
            PriceRisk::Capped => Some(format!("\"{unit}\" = \"capped\"")),
            PriceRisk::Range => Some(format!("\"{unit}\" = \"range\"")),
        })
        .collect();
    if !counted.is_empty() {
        let _ = writeln!(out, "price_risk = {{ {} }}", counted.join(", "));
    }
    out.push_str("spreads = [\n");
    let mut left_out: BTreeMap<String, (u64, u32)> = BTreeMap::new();
    // Credits that come before all others have the lowest priorities.
    let after = file.first_credits.iter().map(|one| one.priority).max().unwrap_or(0);
    let first = file.first_credits.iter().map(|one| (one, one.priority));
    let others = file.credits.iter().map(|one| (one, one.priority.saturating_add(after)));
    for (spread, priority) in first.chain(others) {
        if let Err(why) = credit(out, spread, priority, units, &apart)? {
            left_out.entry(why).or_insert((0, spread.priority)).0 += 1;
        }
    }
    out.push_str("]\n");
    for (why, (count, one)) in left_out {
        notes.push(format!(
            "{count} credits left out, such as that of priority {one}: {why}; without them the \
             margin is higher, never lower"
        ));
    }
    Ok(used)
}

/// A credit whose commodities are all used; says why where it is not covered.
fn credit(
    out: &mut String,
    spread: &Spread,
    priority: u32,
    units: &Units,
    apart: &Apart,
) -> Result<Result<(), String>, String> {
    let held = |leg: &Leg| units.contains_key(&leg.commodity);
    let by_scan = matches!(spread.method.as_str(), "04" | "S");
    let needed = spread.legs.iter().filter(|leg| !by_scan || leg.required);
    if !needed.clone().all(held) || spread.legs.iter().filter(|leg| held(leg)).count() < 2 {
        return Ok(Ok(()));
    }
    if let Some(what) = &spread.refused {
        return Ok(Err(format!("a credit that {what} is not covered")));
    }
    let hundred = Decimal::from_int(100);
    let share = if spread.rate > Decimal::ONE {
        spread.rate.over(hundred, Round::Down).map_err(|error| error.to_string())?
    } else {
        spread.rate
    };
    let (method, field, value) = match spread.method.as_str() {
        "F" => ("flat", "amount", spread.rate),
        "04" | "S" => ("scan", "rate", share),
        "" | "01" | "10" | "20" | "P" | "W" => ("rate", "rate", share),
        other => return Ok(Err(format!("a credit by method {other:?} is not covered"))),
    };
    let mut legs: Vec<String> = Vec::new();
    for leg in &spread.legs {
        let Some(unit) = units.get(&leg.commodity) else { continue };
        let tier = match apart.tier_of(unit.as_str(), leg, by_scan) {
            Ok(tier) => tier.map(|tier| format!("tier = \"{tier}\", ")).unwrap_or_default(),
            Err(why) => return Ok(Err(why)),
        };
        legs.push(format!(
            "{{ unit = \"{unit}\", {tier}side = \"{}\", ratio = \"{}\", required = {} }}",
            side(leg),
            leg.ratio,
            leg.required
        ));
    }
    let _ = writeln!(
        out,
        "  {{ priority = \"{priority}\", method = \"{method}\", {field} = \"{value}\", \
         legs = [{}] }},",
        legs.join(", ")
    );
    Ok(Ok(()))
}

pub(super) fn month(day: Day) -> String {
    Day { day: 0, ..day }.to_string()
}

/// Text that is safe between quotation marks.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect()
}
