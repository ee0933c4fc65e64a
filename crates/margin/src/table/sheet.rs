//! The market as columns of numbers: what a lot of each row is, and options grouped by the forward
//! and the expiry they share.
//!
//! Decimals become `f64` once here, so that the pricing loops touch nothing else.

use super::frame::{Carry, Frame, Priced};
use crate::document::Document;
use crate::error::MarginError;
use keelmark_book::{Asset, Instrument, Kind, Market, Price, Right, Timestamp};
use keelmark_pricing::option::{LEAST_STRIKE, discount};

/// Rows of a table as numbers.
pub(super) struct Sheet {
    /// What a lot of each row is.
    pub lots: Vec<Lot>,
    /// Rows that are taken from the market as they are.
    pub given: Vec<usize>,
    /// Rows without optionality.
    pub linear: Vec<usize>,
    /// Options that share a forward and an expiry.
    pub groups: Vec<Group>,
}

/// What a lot of an instrument is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lot {
    /// Coins a lot (face in quote currency for inverse futures).
    pub size: f64,
    /// Whether profit is in the underlying itself.
    pub inverse: bool,
    /// Price of the settlement asset in the pool's currency.
    pub settle_price: f64,
    /// Price of the quote currency in the market's.
    pub quote_price: f64,
    /// Index of the underlying in the quote currency.
    pub index: f64,
    /// Whether the pool is counted in the settlement asset.
    pub own_coin: bool,
}

/// Options on one forward with one expiry, a column each.
#[derive(Debug)]
pub(super) struct Group {
    /// Index of the unit.
    pub unit: usize,
    pub forward: f64,
    /// The forward as it moves, with the share of it that no longer does.
    pub priced: Priced,
    pub years: f64,
    /// Annual rate, where the market has one.
    pub rate: Option<f64>,
    /// What a payment at expiry is worth now: 1 where the document does not discount.
    pub discount: f64,
    /// Rows of the table, and the columns beside them.
    pub rows: Vec<usize>,
    pub strikes: Vec<f64>,
    pub vols: Vec<f64>,
    /// 1.0 for a call, 0.0 for a put.
    pub calls: Vec<f64>,
}

/// What options of one group share.
#[derive(Clone, Copy, PartialEq)]
struct Shared {
    expiry: Timestamp,
    forward: Price,
    fixed: Price,
    rate: Option<f64>,
    unit: usize,
}

impl Sheet {
    pub fn new(
        document: &Document,
        frame: &Frame,
        market: &Market,
        currency: &Asset,
    ) -> Result<Self, MarginError> {
        let mut lots: Vec<Lot> = Vec::with_capacity(frame.lines.len());
        let (mut given, mut linear) = (Vec::new(), Vec::new());
        let mut groups: Vec<(Shared, Vec<usize>)> = Vec::new();
        let mut last: Option<&Instrument> = None;
        for (row, line) in frame.lines.iter().enumerate() {
            let one = market.instruments.get(line.instrument);
            let lot = match (last.filter(|before| same_lot(before, one)), lots.last()) {
                (Some(_), Some(before)) => *before,
                _ => Lot::of(one, market, currency)?,
            };
            lots.push(lot);
            last = Some(one);
            if document.takes_given_rows() {
                given.push(row);
                continue;
            }
            match (one.kind, market.quote(line.instrument).forward) {
                (Kind::Option { expiry, .. }, Some(forward)) => {
                    let detail = market.detail(line.instrument);
                    let (fixed, rate) = (detail.fixed_forward, detail.rate);
                    let shared = Shared { expiry, forward, fixed, rate, unit: line.unit };
                    match groups.iter_mut().find(|(own, _)| *own == shared) {
                        Some((_, rows)) => rows.push(row),
                        None => groups.push((shared, vec![row])),
                    }
                }
                (Kind::Option { .. }, None) => {
                    let name = &one.venue_symbol;
                    return Err(MarginError::Unsupported(format!("{name}: no forward")));
                }
                _ => linear.push(row),
            }
        }
        let groups = groups
            .into_iter()
            .map(|(shared, rows)| {
                let index = rows.first().map_or(0.0, |row| lots[*row].index);
                Group::new(document, frame, market, (shared, index), rows)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { lots, given, linear, groups })
    }
}

impl Group {
    fn new(
        document: &Document,
        frame: &Frame,
        market: &Market,
        (shared, index): (Shared, f64),
        rows: Vec<usize>,
    ) -> Result<Self, MarginError> {
        let Shared { expiry, forward, fixed, rate, unit } = shared;
        let years = expiry.years_since(market.as_of);
        let discount = match rate {
            Some(rate) if document.discounted => discount(rate, years),
            None if document.discounted => {
                let one = rows.first().map(|row| frame.lines[*row].instrument);
                let name = one.map(|id| market.instruments.get(id).venue_symbol.as_str());
                return Err(MarginError::Unsupported(format!(
                    "{}: no rate, which {} discounts by: add a column rate to the market",
                    name.unwrap_or_default(),
                    document.name
                )));
            }
            _ => 1.0,
        };
        let (mut strikes, mut vols, mut calls) = (vec![], vec![], vec![]);
        for row in &rows {
            let id = frame.lines[*row].instrument;
            let one = market.instruments.get(id);
            // At expiry itself an option is worth what it pays.
            if years < 0.0 {
                return Err(MarginError::Expired { instrument: one.venue_symbol.clone() });
            }
            let (Some((strike, right)), Some(vol)) = (one.option_terms(), market.quote(id).iv)
            else {
                let name = &one.venue_symbol;
                return Err(MarginError::Unsupported(format!("{name}: no volatility")));
            };
            strikes.push(strike.to_f64().max(LEAST_STRIKE));
            vols.push(vol);
            calls.push(f64::from(u8::from(right == Right::Call)));
        }
        let forward = forward.to_f64();
        let fixed = fixed.to_f64() / forward;
        let priced = Priced { price: forward, index, fixed, carry: Carry::Years(years) };
        Ok(Self { unit, forward, priced, years, rate, discount, rows, strikes, vols, calls })
    }
}

impl Lot {
    fn of(one: &Instrument, market: &Market, currency: &Asset) -> Result<Self, MarginError> {
        let settle = market.price(&one.settle)?.to_f64();
        let quote = market.price(&one.quote).or_else(|_| market.price(&one.settle))?;
        Ok(Self {
            size: one.lot.to_f64() * one.contract_size.to_f64(),
            inverse: one.is_inverse(),
            settle_price: settle / market.price(currency)?.to_f64(),
            quote_price: quote.to_f64(),
            index: market.price(&one.base)?.to_f64() / quote.to_f64(),
            own_coin: one.settle == *currency,
        })
    }
}

fn same_lot(a: &Instrument, b: &Instrument) -> bool {
    a.lot == b.lot
        && a.contract_size == b.contract_size
        && a.settle == b.settle
        && a.base == b.base
        && a.quote == b.quote
        && (a.kind == Kind::Spot) == (b.kind == Kind::Spot)
}
