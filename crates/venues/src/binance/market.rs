//! `exchangeInfo`, `premiumIndex` and the marks of options.

use super::symbol::{self, VENUE};
use crate::assembly::{Draft, Seen};
use crate::json::At;
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Kind, Price, Quantity, Right, Timestamp,
};

/// Reads `exchangeInfo` of futures: a contract in the coin has a face of dollars, one in the quote
/// is one coin.
pub(super) fn contracts<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for reply in rows {
        draft.time(reply.millis("serverTime")?);
        let symbols = match reply.get("symbols") {
            Some(list) => list.items()?,
            None => vec![reply.clone()],
        };
        for row in symbols {
            match contract(&row)? {
                Ok(one) => draft.contract(row, one)?,
                Err(why) => draft.left_out.add("contracts", why),
            }
        }
    }
    Ok(())
}

fn contract(row: &At<'_>) -> Result<Result<Instrument, &'static str>, InputError> {
    let name = row.word("symbol")?;
    let assets =
        ["baseAsset", "quoteAsset", "marginAsset"].map(|field| Asset::new(row.label(field)));
    let [Ok(base), Ok(quote), Ok(settle)] = assets else {
        return Ok(Err("the name of an asset is not of letters and digits"));
    };
    let kind = match row.label("contractType") {
        kind if kind.contains("PERPETUAL") => Kind::Perpetual,
        "" => return Ok(Err("not yet traded")),
        _ => match row.millis("deliveryDate")? {
            Some(expiry) => Kind::Future { expiry },
            None => return Err(row.error("deliveryDate: expected an instant, found none")),
        },
    };
    let size = match row.positive("contractSize")? {
        Some(face) => face,
        None if settle == quote => Decimal::ONE,
        None => return Err(row.error("contractSize: expected the face in dollars, found none")),
    };
    let symbol = Symbol { venue: VENUE.into(), base, quote, settle: Some(settle), kind };
    let (size, lot) = (Quantity::new(size), Quantity::new(lot(row)?));
    Ok(Ok(symbol.instrument(name.to_owned(), size, lot)))
}

/// The step of quantities.
fn lot(row: &At<'_>) -> Result<Decimal, InputError> {
    for filter in row.need("filters")?.items()? {
        if filter.label("filterType") == "LOT_SIZE"
            && let Some(step) = filter.positive("stepSize")?
        {
            return Ok(step);
        }
    }
    Err(row.error("filters: expected a LOT_SIZE with a stepSize above zero, found none"))
}

/// Reads `exchangeInfo` of options.
pub(super) fn options<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for reply in rows {
        draft.time(reply.millis("serverTime")?);
        for row in reply.need("optionSymbols")?.items()? {
            let name = row.word("symbol")?;
            let Ok(mut symbol) = symbol::parse(name) else {
                draft.left_out.add("options", "the name is none of an option");
                continue;
            };
            let strike = Price::new(row.amount("strikePrice")?);
            let right = match row.word("side")? {
                "CALL" => Right::Call,
                "PUT" => Right::Put,
                other => {
                    let problem = format!("side: expected CALL or PUT, found {other:?}");
                    return Err(row.error(problem));
                }
            };
            let Some(expiry) = row.millis("expiryDate")? else {
                return Err(row.error("expiryDate: expected an instant, found none"));
            };
            let printed = Kind::Option { expiry, strike, right };
            let same = matches!(symbol.kind, Kind::Option { strike: s, right: r, expiry: e }
                if (s, r) == (strike, right) && e.date() == expiry.date());
            if !same {
                let problem = format!("{name}: expected the strike, side and date of its name");
                return Err(row.error(problem));
            }
            symbol.kind = printed;
            let size = row.positive("unit")?.unwrap_or(Decimal::ONE);
            let (size, lot) = (Quantity::new(size), Quantity::new(lot(&row)?));
            let one = symbol.instrument(name.to_owned(), size, lot);
            draft.contract(row, one)?;
        }
    }
    Ok(())
}

/// Reads `premiumIndex`.
pub(super) fn marks<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for row in rows {
        let name = row.word("symbol")?;
        let as_of = row.millis("time")?;
        let mark = row.maybe("markPrice")?.map(Price::new);
        draft.price(name, Seen { mark, as_of, ..Seen::default() });
        let pair = draft.listed(name).map(|one| (one.base.clone(), one.quote.clone()));
        let pair = pair.or_else(|| symbol::parse(name).ok().map(|one| (one.base, one.quote)));
        if let (Some((base, quote)), Some(index)) = (pair, row.positive("indexPrice")?) {
            draft.index(base, quote, Price::new(index), as_of.unwrap_or(draft.now()));
        }
    }
    Ok(())
}

/// Reads `eapi/v1/mark`.
pub(super) fn option_marks<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    for row in rows {
        let name = row.word("symbol")?;
        let mark = row.maybe("markPrice")?.map(Price::new);
        let iv = row.positive("markIV")?.map(Decimal::to_f64);
        draft.price(name, Seen { mark, iv, as_of: row.millis("time")?, ..Seen::default() });
    }
    Ok(())
}

/// A contract that no reply lists, where its name says enough: one coin, in the steps of what is
/// held of it. A contract in the coin has a face that only the list knows.
pub(super) fn implied(name: &str, held: &[Decimal], now: Timestamp) -> Option<Instrument> {
    let symbol = symbol::parse(name).ok()?;
    let inverse = symbol.settle.as_ref() == Some(&symbol.base);
    let expired = match symbol.kind {
        Kind::Future { expiry } | Kind::Option { expiry, .. } => expiry <= now,
        _ => false,
    };
    if inverse || expired {
        return None;
    }
    let lot = crate::assembly::step_of(held)?;
    Some(symbol.instrument(name.to_owned(), Quantity::from_int(1), Quantity::new(lot)))
}
