//! An account of one day as a book that goes through history: tenors, moneyness and coins stay.

use super::{Book, Leg, LegKind, Restrike, Strike, Tenor};
use crate::error::BacktestError;
use keelmark_book::market::Quote;
use keelmark_book::{Asset, Instrument, Kind, Market, Portfolio};
use std::collections::BTreeSet;

/// A contract that expires sooner is left as it is on its last day.
const SHORTEST_DAYS: f64 = 0.01;

/// The legs of an account. Options keep their strike over the forward, all keep their time to
/// expiry and the coins that they stand for; entry prices become the mark of each day.
///
/// What neither gains nor loses in a walk - cash, open orders, reserves - is left out, and the
/// second part says so.
///
/// # Errors
/// When it holds nothing that could be walked.
pub fn legs_of(
    name: &str,
    account: &Portfolio,
    market: &Market,
    known: &BTreeSet<Asset>,
) -> Result<(Book, Vec<String>), BacktestError> {
    let mut book = Book {
        name: name.to_owned(),
        about: format!("{} legs of {}", account.positions.len(), account.account),
        restrike: Restrike::Daily,
        legs: Vec::new(),
        coins: Vec::new(),
    };
    let refused = |problem: String| Err(BacktestError::book(name, problem));
    let mut left = Vec::new();
    for held in &account.collateral {
        if known.contains(&held.asset) {
            book.coins.push((held.asset.clone(), held.amount.to_f64()));
        } else {
            left.push(format!("{} {}", held.amount, held.asset));
        }
    }
    for (what, count) in [
        ("open orders", account.orders.len()),
        ("reserves", account.reserves.len()),
        ("unsettled profits", account.unsettled.len()),
    ] {
        if count > 0 {
            left.push(format!("{count} {what}"));
        }
    }
    if !account.sensitivities.is_empty() {
        return refused("given sensitivities have no contracts to walk".to_owned());
    }
    for position in &account.positions {
        let instrument = market.instruments.get(position.instrument);
        let quote = market.quote(position.instrument);
        let contracts = position.quantity.to_f64() * instrument.contract_size.to_f64();
        let inverse = instrument.is_inverse() && !instrument.is_option();
        let coins = if inverse { contracts / quote.mark.to_f64() } else { contracts };
        if instrument.kind == Kind::Spot {
            book.coins.push((instrument.base.clone(), coins));
            continue;
        }
        let kind = kind_of(name, instrument, quote, market)?;
        book.legs.push(Leg {
            base: instrument.base.clone(),
            quote: instrument.quote.clone(),
            settle: instrument.settle.clone(),
            venue: instrument.venue.clone(),
            contract_size: instrument.contract_size,
            lot: instrument.lot,
            coins,
            kind,
        });
    }
    if book.legs.is_empty() {
        return refused("expected positions, found none".to_owned());
    }
    let said = left.join(", ");
    let notes = if said.is_empty() { Vec::new() } else { vec![format!("{name}: left out {said}")] };
    Ok((book, notes))
}

/// What a contract is, in words that survive years.
fn kind_of(
    name: &str,
    instrument: &Instrument,
    quote: &Quote,
    market: &Market,
) -> Result<LegKind, BacktestError> {
    let Some(expiry) = instrument.expiry() else { return Ok(LegKind::Perpetual) };
    let tenor = Tenor::Days(expiry.days_since(market.as_of).max(SHORTEST_DAYS));
    let Some((strike, right)) = instrument.option_terms() else {
        return Ok(LegKind::Future(tenor));
    };
    let Some(forward) = quote.forward else {
        return Err(BacktestError::book(name, format!("{}: no forward", instrument.venue_symbol)));
    };
    let strike = Strike::Moneyness(strike.to_f64() / forward.to_f64());
    Ok(LegKind::Option { tenor, strike, right })
}
