//! Rows that a market gives: what a clearing organisation computed is taken, not computed again.

use super::frame::Frame;
use super::sheet::Sheet;
use crate::document::Document;
use crate::error::MarginError;
use keelmark_book::{Asset, Decimal, Market, Round};

/// Profit of one lot of each given row in every column, in the pool's currency, rounded down.
pub(super) fn rows(
    document: &Document,
    market: &Market,
    frame: &Frame,
    sheet: &Sheet,
    currency: &Asset,
) -> Result<Vec<Vec<Decimal>>, MarginError> {
    if !document.takes_given_rows() {
        return Ok(Vec::new());
    }
    if let Some(scan) = document.scans.iter().find(|scan| !scan.given) {
        return Err(MarginError::Unsupported(format!(
            "scan {:?} moves prices, and {} takes rows as they are given: they do not say what \
             another move does",
            scan.name, document.name
        )));
    }
    let columns = frame.cells.len();
    let own = market.price(currency)?.decimal();
    let mut out = Vec::new();
    for row in &sheet.given {
        let id = frame.lines[*row].instrument;
        let one = market.instruments.get(id);
        let given = market.given(id).ok_or_else(|| {
            MarginError::Unsupported(format!(
                "{}: expected a risk_array of {columns} losses in the market, found none: {} \
                 does not price",
                one.venue_symbol, document.name
            ))
        })?;
        if given.losses.len() != columns {
            return Err(MarginError::Unsupported(format!(
                "{}: expected a risk_array of {columns} losses, found {}",
                one.venue_symbol,
                given.losses.len()
            )));
        }
        let price = market.price(&one.settle)?.decimal();
        let gain = |loss: Decimal| -> Result<Decimal, MarginError> {
            let gain = Decimal::ZERO.minus(loss)?.times(one.lot.decimal(), Round::Down)?;
            let own_coin = one.settle == *currency;
            Ok(if own_coin { gain } else { gain.times_over(price, own, Round::Down)? })
        };
        out.push(given.losses.iter().map(|loss| gain(*loss)).collect::<Result<_, _>>()?);
    }
    Ok(out)
}
