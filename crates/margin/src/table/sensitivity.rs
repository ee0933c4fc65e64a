//! Sensitivity columns: delta in coins, and delta, gamma and vega in the pool's currency.

use super::compile::{finest, power_of_ten};
use super::frame::{Frame, Moves};
use super::{CoinRow, Line};
use crate::document::{DeltaRule, Document};
use crate::error::MarginError;
use keelmark_book::{Asset, Market};
use keelmark_pricing::{Terms, option};

/// Sensitivities of every row in quanta, and the power of ten of each column's quantum.
pub(super) fn rows(
    document: &Document,
    market: &Market,
    frame: &Frame,
    currency: &Asset,
    coins: &mut [CoinRow],
) -> Result<(Vec<[i64; 4]>, [i32; 4]), MarginError> {
    if !document.needs_greeks() {
        return Ok((vec![[0; 4]; frame.lines.len()], [0; 4]));
    }
    let mut found = Vec::with_capacity(frame.lines.len());
    for line in &frame.lines {
        found.push(instrument(document, market, frame, *line, currency)?);
    }
    let mut exponents = [-9; 4];
    for (column, exponent) in exponents.iter_mut().enumerate() {
        let most = found.iter().map(|row| row[column].abs()).fold(0.0, f64::max);
        if !most.is_finite() {
            return Err(MarginError::Unsupported("a sensitivity is not finite".to_owned()));
        }
        if most > 0.0 {
            *exponent = finest(most);
        }
    }
    let quantum = exponents.map(|exponent| power_of_ten(-exponent));
    let in_quanta = |row: &[f64; 4]| -> [i128; 4] {
        std::array::from_fn(|column| (row[column] * quantum[column]).round_ties_even() as i128)
    };
    for (coin, unit) in coins.iter_mut().zip(&frame.units) {
        coin.sensitivities = in_quanta(&[1.0, unit.index.to_f64(), 0.0, 0.0]);
    }
    let rows = found.iter().map(|row| in_quanta(row).map(|one| one as i64)).collect();
    Ok((rows, exponents))
}

fn instrument(
    document: &Document,
    market: &Market,
    frame: &Frame,
    line: Line,
    currency: &Asset,
) -> Result<[f64; 4], MarginError> {
    let (one, quote) =
        (market.instruments.get(line.instrument), market.quote(line.instrument));
    let size = one.lot.to_f64() * one.contract_size.to_f64();
    let quote_price = market.price(&one.quote).or_else(|_| market.price(&one.settle))?.to_f64();
    let cash = quote_price / market.price(currency)?.to_f64();
    let Some(terms) = Terms::of(one, quote, market.as_of) else {
        let coins = if one.is_inverse() { size / quote.mark.to_f64() } else { size };
        return Ok([coins, coins * quote.mark.to_f64() * cash, 0.0, 0.0]);
    };
    let greeks = option::greeks(&terms);
    let delta = match &document.delta {
        DeltaRule::Black => greeks.delta,
        DeltaRule::Composite { scan, points } => {
            composite(document, frame, line, terms, *scan, points)?
        }
    };
    let forward = terms.forward;
    Ok([
        delta * size,
        delta * size * forward * cash,
        greeks.gamma * forward * forward * size * cash,
        greeks.vega * 100.0 * size * cash,
    ])
}

/// Weighted mean of deltas over moves of a scan's range, after its lookahead.
fn composite(
    document: &Document,
    frame: &Frame,
    line: Line,
    terms: Terms,
    scan: usize,
    points: &[(f64, f64)],
) -> Result<f64, MarginError> {
    let rule = &document.scans[scan];
    let unit = &frame.units[line.unit];
    let discount = rule.discount.get("discount", &unit.underlying)?.to_f64();
    let mut sum = 0.0;
    for (price, weight) in points {
        let by = Moves::single(rule, unit, *price, terms.forward)?;
        let years = (terms.years - rule.lookahead_years).max(0.0);
        let moved = Terms { forward: terms.forward * (1.0 + by), years, ..terms };
        sum += weight * option::greeks(&moved).delta;
    }
    Ok(sum * discount)
}
