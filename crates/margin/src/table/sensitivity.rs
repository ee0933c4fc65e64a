//! Sensitivity columns: delta in coins, and delta, gamma and vega in the pool's currency.

use super::CoinRow;
use super::frame::{Frame, Moves};
use super::quantum::{finest, power_of_ten};
use super::sheet::{Group, Sheet};
use crate::document::{DeltaRule, Document};
use crate::error::MarginError;
use keelmark_book::{Asset, Market};

/// Adding it leaves no bits below one.
const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// Sensitivities of every row in quanta, and the power of ten of each column's quantum.
pub(super) fn rows(
    document: &Document,
    market: &Market,
    frame: &Frame,
    sheet: &Sheet,
    currency: &Asset,
    coins: &mut [CoinRow],
) -> Result<(Vec<[i64; 4]>, [i32; 4]), MarginError> {
    if !document.needs_greeks() {
        return Ok((vec![[0; 4]; frame.lines.len()], [0; 4]));
    }
    let mut found = vec![[0.0; 4]; frame.lines.len()];
    let own = market.price(currency)?.to_f64();
    for row in &sheet.linear {
        let (line, lot) = (frame.lines[*row], sheet.lots[*row]);
        let price = market.quote(line.instrument).mark.to_f64();
        let coins = if lot.inverse { lot.size / price } else { lot.size };
        found[*row] = [coins, coins * price * lot.quote_price / own, 0.0, 0.0];
    }
    for row in &sheet.given {
        let id = frame.lines[*row].instrument;
        let (one, delta) = (market.instruments.get(id), market.given(id).map(|row| row.delta));
        let delta = delta.unwrap_or_default().to_f64() * one.lot.to_f64();
        let cash = market.quote(id).mark.to_f64() * sheet.lots[*row].quote_price / own;
        found[*row] = [delta, delta * one.contract_size.to_f64() * cash, 0.0, 0.0];
    }
    for group in &sheet.groups {
        options(document, frame, sheet, group, own, &mut found)?;
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
    // Below 2^51, so adding and taking away 1.5 * 2^52 rounds to even without a call.
    let rows = found
        .iter()
        .map(|row| {
            std::array::from_fn(|column| {
                ((row[column] * quantum[column] + ROUNDING) - ROUNDING) as i64
            })
        })
        .collect();
    Ok((rows, exponents))
}

/// Sensitivities of options that share a forward and an expiry.
fn options(
    document: &Document,
    frame: &Frame,
    sheet: &Sheet,
    group: &Group,
    own: f64,
    found: &mut [[f64; 4]],
) -> Result<(), MarginError> {
    let mut greeks = Columns::new(group.rows.len());
    greeks.fill(group, group.forward, group.years);
    let mut delta = greeks.delta.clone();
    if let DeltaRule::Composite { scan, points } = &document.delta {
        delta.fill(0.0);
        let (rule, unit) = (&document.scans[*scan], &frame.units[group.unit]);
        let discount = rule.discount.get("discount", &unit.underlying)?.to_f64();
        let years = (group.years - rule.lookahead_years).max(0.0);
        let mut moved = Columns::new(group.rows.len());
        for (price, weight) in points {
            let by = Moves::single(rule, unit, *price, group.priced)?;
            moved.fill(group, group.forward * (1.0 + by), years);
            for (sum, one) in delta.iter_mut().zip(&moved.delta) {
                *sum += weight * discount * one;
            }
        }
    }
    for (at, row) in group.rows.iter().enumerate() {
        let lot = sheet.lots[*row];
        let (cash, forward) = (lot.size * lot.quote_price / own, group.forward);
        found[*row] = [
            delta[at] * lot.size,
            delta[at] * forward * cash,
            greeks.gamma[at] * forward * forward * cash,
            greeks.vega[at] * cash,
        ];
    }
    Ok(())
}

/// Greeks of a group, a column each.
struct Columns {
    price: Vec<f64>,
    delta: Vec<f64>,
    gamma: Vec<f64>,
    vega: Vec<f64>,
}

impl Columns {
    fn new(len: usize) -> Self {
        let column = || vec![0.0; len];
        Self { price: column(), delta: column(), gamma: column(), vega: column() }
    }

    fn fill(&mut self, group: &Group, forward: f64, years: f64) {
        let len = group.rows.len();
        let (forward, years) = (vec![forward; len], vec![years; len]);
        let discount = vec![group.discount; len];
        let options = keelmark_kernels::Options {
            forward: &forward,
            strike: &group.strikes,
            years: &years,
            vol: &group.vols,
            discount: &discount,
            call: &group.calls,
        };
        let mut out = keelmark_kernels::Greeks {
            price: &mut self.price,
            delta: &mut self.delta,
            gamma: &mut self.gamma,
            vega: &mut self.vega,
        };
        keelmark_kernels::greeks(&options, &mut out);
    }
}
