//! `public/*` and `market/*`: contracts, marks, indices and volatilities.

use super::symbol::{self, VENUE};
use crate::assembly::{Draft, Seen, at_instant};
use crate::json::At;
use keelmark_book::{Asset, InputError, Instrument, Kind, Price, Quantity, Round};

/// Reads `public/instruments`: the size of a contract is its value times its multiplier.
pub(super) fn instruments<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for row in rows {
        match instrument(row)? {
            Some(one) => draft.contract(row.clone(), one)?,
            None => draft.left_out.add("instruments", "margin pairs and types not known"),
        }
    }
    Ok(())
}

fn instrument(row: &At<'_>) -> Result<Option<Instrument>, InputError> {
    let kind = row.word("instType")?;
    if !["SPOT", "SWAP", "FUTURES", "OPTION"].contains(&kind) {
        return Ok(None);
    }
    let name = row.word("instId")?;
    let symbol = symbol::parse(name).map_err(|error| row.error(error))?;
    let lot = row.amount("lotSz")?;
    let mut size = keelmark_book::Decimal::ONE;
    if symbol.kind != Kind::Spot {
        let multiplier = row.maybe("ctMult")?.unwrap_or(size);
        size = row.amount("ctVal")?.times(multiplier, Round::Nearest).map_err(|e| row.error(e))?;
        let settle = symbol.settle.as_ref().unwrap_or(&symbol.quote);
        let printed = row.label("settleCcy");
        if !printed.is_empty() && printed != settle.as_str() {
            let problem =
                format!("expected it to settle in {settle} as its name says, found {printed}");
            return Err(row.error(problem));
        }
        let inverse = *settle == symbol.base;
        let option = matches!(symbol.kind, Kind::Option { .. });
        let unit = if inverse && !option { symbol.quote.as_str() } else { symbol.base.as_str() };
        let valued = row.label("ctValCcy");
        if !valued.is_empty() && valued != unit {
            let problem = format!("{name}: expected a contract value in {unit}, found {valued}");
            return Err(row.error(problem));
        }
    }
    for (what, one) in [("lotSz", lot), ("ctVal", size)] {
        if !one.is_positive() {
            return Err(row.error(format!("{what}: expected a size above zero, found {one}")));
        }
    }
    let mut one = symbol.instrument(name.to_owned(), Quantity::new(size), Quantity::new(lot));
    one.kind = at_instant(row, one.kind, row.millis("expTime")?)?;
    Ok(Some(one))
}

/// Reads `public/mark-price`; a contract without a mark is left without.
pub(super) fn marks<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for row in rows {
        let name = row.word("instId")?;
        let mark = row.maybe("markPx")?.map(Price::new);
        draft.price(name, Seen { mark, as_of: row.millis("ts")?, ..Seen::default() });
    }
    Ok(())
}

/// Reads `public/opt-summary`.
pub(super) fn options<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for row in rows {
        let name = row.word("instId")?;
        let iv = row.positive("markVol")?.map(keelmark_book::Decimal::to_f64);
        let forward = row.positive("fwdPx")?.map(Price::new);
        draft.price(name, Seen { iv, forward, as_of: row.millis("ts")?, ..Seen::default() });
    }
    Ok(())
}

/// Reads `market/index-tickers`: `BTC-USD`, `BTC-USDT`, `USDT-USD`.
pub(super) fn indices<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for row in rows {
        let name = row.word("instId")?;
        let pair = name
            .split_once('-')
            .and_then(|(base, quote)| Asset::new(base).ok().zip(Asset::new(quote).ok()));
        let Some((base, quote)) = pair else {
            let expected = format!("expected an index such as BTC-USDT of {VENUE}, found {name:?}");
            return Err(row.error(expected));
        };
        let as_of = row.millis("ts")?.unwrap_or(draft.now());
        match row.positive("idxPx")? {
            Some(price) => draft.index(base, quote, Price::new(price), as_of),
            None => draft.left_out.add("indices", "no price"),
        }
    }
    Ok(())
}
