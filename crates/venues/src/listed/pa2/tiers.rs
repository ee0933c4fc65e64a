//! Record S: which months are scanned apart, which spread apart against other commodities, and
//! which ask their own minimum of a short option.
//!
//! Source: the clearing organisation's published layout of the record, and two public readers of
//! it for the rates of method 30. Methods: 01 none, 02 every month apart, 10 scanning, 20
//! spreading, 21 both by one table, 22 and 23 a table of scanning and one of spreading, 30 minimum
//! rates. Column 83 says what a delta counts for in a credit. More tiers than one record holds
//! follow in another.

use super::super::{Commodity, PriceRisk, Tier};
use super::records::{month_of, text, whole, whole_of};
use super::{Record, Value, find};
use keelmark_book::Decimal;

/// What a record S says, added to its commodity.
///
/// # Errors
/// In words, when a tier or a rate is not there or is none.
pub(super) fn apply(record: &Record, one: &mut Commodity) -> Result<(), String> {
    let method = text(record, "method");
    one.price_risk = match text(record, "price_risk_method").as_str() {
        "" => one.price_risk,
        "1" => PriceRisk::PerDelta,
        "2" => PriceRisk::Capped,
        "3" => PriceRisk::Range,
        other => {
            let problem = "record S, column 83 (price_risk_method): expected 1, 2 or 3";
            return Err(format!("{problem}, found {other:?}"));
        }
    };
    if matches!(method.as_str(), "" | "01") {
        return Ok(());
    }
    if !text(record, "day_codes").is_empty() {
        one.refused.push(format!("record S (method {method}) divides a month by days or weeks"));
        return Ok(());
    }
    match method.as_str() {
        "02" => (one.scanned_by_month, one.credited_by_month) = (true, true),
        "10" | "22" => one.scan_tiers.extend(tiers(record)?),
        "20" | "23" => one.credit_tiers.extend(tiers(record)?),
        "21" => {
            one.scan_tiers.extend(tiers(record)?);
            one.credit_tiers.extend(tiers(record)?);
        }
        "30" => {
            let (tiers, rates) = (tiers(record)?, record.group("minimum_rates"));
            if tiers.len() != rates.len() {
                return Err(format!(
                    "record S, columns 104-138 (minimum_rates): expected a rate for each of {} \
                     tiers, found {}",
                    tiers.len(),
                    rates.len()
                ));
            }
            let rates = rates.iter().map(|row| match find(row, "rate") {
                Some(Value::Whole(rate)) => Decimal::from_int(*rate as i64),
                _ => Decimal::ZERO,
            });
            one.minimum_tiers.extend(tiers.into_iter().zip(rates));
        }
        other => one.refused.push(format!("record S has method {other:?}")),
    }
    Ok(())
}

fn tiers(record: &Record) -> Result<Vec<Tier>, String> {
    let (rows, said) = (record.group("tiers"), whole(record, "n_tiers"));
    if rows.is_empty() || (said > 0 && rows.len() as u64 > said) {
        let found = rows.len();
        return Err(format!("record S, columns 11-82: expected {said} tiers, found {found}"));
    }
    rows.iter()
        .map(|row| match (month_of(row, "start"), month_of(row, "end")) {
            (Some(from), Some(to)) => Ok((whole_of(row, "no").to_string(), from, to)),
            _ => Err(format!(
                "record S, tier {}: expected its first and last month as CCYYMM",
                whole_of(row, "no")
            )),
        })
        .collect()
}
