//! Market and document to rows: price every option in every scenario, then quantise.
//!
//! One price: what a contract gains in a scenario is counted in its settlement asset and turned
//! into the pool's currency at the moved price of that asset. Options that share a forward are
//! priced together, so that the kernel sees long slices.

use super::frame::{Frame, Moves};
use super::{CoinRow, LARGEST_CELL, Line, NO_ROW, RiskTable, sensitivity};
use crate::document::Document;
use crate::error::MarginError;
use crate::scan::VolMove;
use keelmark_book::{Asset, Decimal, Instrument, InstrumentId, Market, Money};
use keelmark_kernels::net::AlignedRows;
use keelmark_kernels::{Contract, QUANTISE_LIMIT, Width, quantise, revalue_many};
use keelmark_pricing::Terms;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) fn table(
    document: &Document,
    market: &Market,
    instruments: &[InstrumentId],
    currency: &Asset,
) -> Result<RiskTable, MarginError> {
    let frame = Frame::new(document, market, instruments, currency)?;
    let width = frame.cells.len().next_multiple_of(8).max(8);
    let mut compiler = Compiler {
        document,
        market,
        currency,
        frame: &frame,
        scenarios: AlignedRows::zeroed(frame.lines.len(), width),
        exponent: 0,
        quanta: 1.0,
        largest: 0,
        own_price: market.price(currency)?.to_f64(),
        moves: BTreeMap::new(),
    };
    compiler.find_moves()?;
    compiler.exponent = compiler.choose_exponent()?;
    compiler.quanta = power_of_ten(-compiler.exponent);
    compiler.scenario_rows()?;
    let relief = compiler.relief()?;
    let mut coins = compiler.coins();
    let (scenarios, exponent, largest) = (compiler.scenarios, compiler.exponent, compiler.largest);
    let (sensitivities, sensitivity_exponents) =
        sensitivity::rows(document, market, &frame, currency, &mut coins)?;
    let mut row_of = vec![NO_ROW; market.instruments.len()];
    for (row, line) in frame.lines.iter().enumerate() {
        row_of[line.instrument.index()] = row as u32;
    }
    Ok(RiskTable {
        currency: currency.clone(),
        units: frame.units,
        cells: frame.cells,
        buckets: frame.buckets,
        lines: frame.lines,
        scenarios,
        relief,
        exponent,
        largest,
        sensitivities,
        coins,
        sensitivity_exponents,
        row_of,
    })
}

struct Compiler<'a> {
    document: &'a Document,
    market: &'a Market,
    currency: &'a Asset,
    frame: &'a Frame,
    scenarios: AlignedRows,
    exponent: i32,
    /// Quanta in one unit of the currency.
    quanta: f64,
    largest: u64,
    own_price: f64,
    /// Moves by unit and price, found once.
    moves: BTreeMap<(usize, u64), Rc<Moves>>,
}

/// What a lot of an instrument is, in numbers.
#[derive(Clone, Copy)]
struct Lot {
    /// Coins a lot (face in quote currency for inverse futures).
    size: f64,
    /// Whether profit is in the underlying itself.
    inverse: bool,
    /// Price of the settlement asset in the pool's currency.
    settle_price: f64,
    /// Whether the pool is counted in the underlying itself.
    own_coin: bool,
}

impl Compiler<'_> {
    /// The finest power of ten at which no cell can pass [`LARGEST_CELL`].
    fn choose_exponent(&self) -> Result<i32, MarginError> {
        let mut most = 0.0f64;
        for line in &self.frame.lines {
            most = most.max(self.bound(*line)?);
        }
        if most <= 0.0 || self.frame.cells.is_empty() {
            return Ok(-9);
        }
        Ok(finest(most))
    }

    /// A magnitude that no cell of a row can pass, in the pool's currency.
    ///
    /// A call is worth at most its forward, a put its strike less the forward and a call more; so
    /// a profit at the moved price is at most `K |1 - x| + F max(1, x)`.
    fn bound(&self, line: Line) -> Result<f64, MarginError> {
        let instrument = self.market.instruments.get(line.instrument);
        let lot = self.lot(instrument)?;
        let price = self.price(line);
        let moves = self.moves_at(line.unit, price);
        let strike = instrument.option_terms().map_or(0.0, |(strike, _)| strike.to_f64());
        let base = strike.max(price);
        let per_value = if lot.inverse && !instrument.is_option() {
            lot.size / price / price
        } else if lot.inverse {
            lot.size / price
        } else {
            lot.size
        };
        let mut most = 0.0f64;
        for (s, x) in moves.factor.iter().enumerate() {
            let value = base * (x - 1.0).abs() + price * x.max(1.0);
            let per = if lot.inverse { *x } else { 1.0 };
            most = most.max(value * per_value / per * self.conversion(lot, &moves, s).abs());
        }
        Ok(most)
    }

    /// The price that moves: the forward of an option, the mark of anything else.
    fn price(&self, line: Line) -> f64 {
        let quote = self.market.quote(line.instrument);
        quote.forward.unwrap_or(quote.mark).to_f64()
    }

    fn find_moves(&mut self) -> Result<(), MarginError> {
        let lines = self.frame.lines.iter().map(|line| (line.unit, self.price(*line)));
        let units = self.frame.units.iter().enumerate();
        let coins = units.map(|(at, unit)| (at, self.usd(&unit.underlying)));
        for (unit, price) in lines.chain(coins).collect::<Vec<_>>() {
            if !self.moves.contains_key(&(unit, price.to_bits())) {
                let found =
                    Moves::new(self.document, &self.frame.cells, &self.frame.units[unit], price)?;
                self.moves.insert((unit, price.to_bits()), Rc::new(found));
            }
        }
        Ok(())
    }

    fn moves_at(&self, unit: usize, price: f64) -> Rc<Moves> {
        Rc::clone(&self.moves[&(unit, price.to_bits())])
    }

    fn usd(&self, asset: &Asset) -> f64 {
        self.market.price(asset).map_or(0.0, |price| price.to_f64())
    }

    /// What one coin of each unit gains; nothing in a pool that is counted in that coin.
    fn coins(&self) -> Vec<CoinRow> {
        let quanta = self.quanta;
        let units = self.frame.units.iter().enumerate();
        units
            .map(|(at, unit)| {
                let moves = self.moves_at(at, self.usd(&unit.underlying));
                let index = unit.index.to_f64();
                let own = unit.underlying == *self.currency;
                let gain = |s: usize| (moves.factor[s] - 1.0) * index * moves.weight[s] * quanta;
                let cells = (0..self.frame.cells.len())
                    .map(|s| if own { 0 } else { gain(s).round_ties_even() as i128 })
                    .collect();
                CoinRow { bucket: self.frame.coin_buckets[at], cells, sensitivities: [0; 4] }
            })
            .collect()
    }

    fn lot(&self, instrument: &Instrument) -> Result<Lot, MarginError> {
        let settle = self.market.price(&instrument.settle)?.to_f64();
        Ok(Lot {
            size: instrument.lot.to_f64() * instrument.contract_size.to_f64(),
            inverse: instrument.is_inverse(),
            settle_price: settle / self.own_price,
            own_coin: instrument.settle == *self.currency,
        })
    }

    /// The dampener of each column in quanta, rounded down; 0 in scans without one.
    fn relief(&self) -> Result<Vec<Vec<i128>>, MarginError> {
        let mut out = Vec::new();
        for (at, unit) in self.frame.units.iter().enumerate() {
            let mut own = vec![0i128; self.frame.cells.len()];
            for (column, cell) in self.frame.cells.iter().enumerate() {
                let scan = &self.document.scans[cell.scan];
                let Some(dampener) = &scan.dampener else { continue };
                let money = Money::new(dampener.get("dampener", &unit.underlying)?);
                let relief =
                    self.frame.relief(self.market, self.currency, at, scan, *cell, money)?;
                own[column] = Decimal::scaled(relief.decimal(), self.exponent)?;
            }
            out.push(own);
        }
        Ok(out)
    }

    fn scenario_rows(&mut self) -> Result<(), MarginError> {
        if self.frame.cells.is_empty() {
            return Ok(());
        }
        let mut groups: BTreeMap<(usize, u64, u64), Vec<usize>> = BTreeMap::new();
        for (row, line) in self.frame.lines.iter().enumerate() {
            let instrument = self.market.instruments.get(line.instrument);
            let quote = self.market.quote(line.instrument);
            match Terms::of(instrument, quote, self.market.as_of) {
                Some(terms) if terms.years <= 0.0 => {
                    let instrument = instrument.venue_symbol.clone();
                    return Err(MarginError::Expired { instrument });
                }
                Some(terms) => {
                    let key = (line.unit, terms.forward.to_bits(), terms.years.to_bits());
                    groups.entry(key).or_default().push(row);
                }
                None => self.linear_row(row)?,
            }
        }
        for ((unit, forward, years), rows) in groups {
            self.option_rows(unit, f64::from_bits(forward), f64::from_bits(years), &rows)?;
        }
        Ok(())
    }

    /// A future, a perpetual or spot: no pricing.
    fn linear_row(&mut self, row: usize) -> Result<(), MarginError> {
        let line = self.frame.lines[row];
        let lot = self.lot(self.market.instruments.get(line.instrument))?;
        let price = self.price(line);
        let moves = self.moves_at(line.unit, price);
        let gain: Vec<f64> = (0..self.frame.cells.len())
            .map(|s| {
                let by = moves.factor[s] - 1.0;
                // The coin profit of an inverse contract is its move over the moved price.
                let (coins, per) = if lot.inverse {
                    (lot.size / price, moves.factor[s])
                } else {
                    (lot.size * price, 1.0)
                };
                coins * by / per * self.conversion(lot, &moves, s)
            })
            .collect();
        let (scale, base) = (vec![self.quanta; gain.len()], vec![0.0; gain.len()]);
        self.store(row, &gain, &scale, &base)
    }

    /// What one unit of profit in the settlement asset counts for in a scenario.
    fn conversion(&self, lot: Lot, moves: &Moves, s: usize) -> f64 {
        let weight = moves.weight[s];
        if !lot.inverse {
            return weight * if lot.own_coin { 1.0 } else { lot.settle_price };
        }
        if lot.own_coin {
            // In coin: profit at the moved price, taken at the edge for a move beyond the range.
            return weight * moves.factor[s] / moves.coin_factor[s];
        }
        weight * lot.settle_price * moves.factor[s]
    }

    fn option_rows(
        &mut self,
        unit: usize,
        forward: f64,
        years: f64,
        rows: &[usize],
    ) -> Result<(), MarginError> {
        let n = self.frame.cells.len();
        let moves = self.moves_at(unit, forward);
        let unit = &self.frame.units[unit];
        let mut values = vec![0.0; rows.len() * n];
        let mut base = vec![0.0; rows.len()];
        let mut contracts = Vec::with_capacity(rows.len());
        let mut vols = Vec::with_capacity(rows.len());
        for row in rows {
            let (contract, vol) = self.contract(*row, forward, years)?;
            contracts.push(contract);
            vols.push(vol);
        }
        revalue_many(Width::best(), &contracts, &[1.0], &[0.0], &vols, &mut base);
        for scan in 0..self.document.scans.len() {
            self.revalue_scan(scan, &unit.underlying, &moves, &mut contracts, &vols, &mut values)?;
        }
        let discount = self.discounts(&unit.underlying)?;
        let (mut scale, mut offset) = (vec![0.0; n], vec![0.0; n]);
        for (at, row) in rows.iter().enumerate() {
            let instrument = self.market.instruments.get(self.frame.lines[*row].instrument);
            let lot = self.lot(instrument)?;
            let size = lot.size * self.quanta;
            for s in 0..n {
                let per_value = size * self.conversion(lot, &moves, s) * discount[s];
                let (now, then) =
                    if lot.inverse { (forward, forward * moves.factor[s]) } else { (1.0, 1.0) };
                scale[s] = per_value / then;
                offset[s] = per_value * (base[at] / now);
            }
            self.store(*row, &values[at * n..][..n], &scale, &offset)?;
        }
        Ok(())
    }

    /// What an option's value is multiplied by in each column, before and after the move.
    fn discounts(&self, underlying: &Asset) -> Result<Vec<f64>, MarginError> {
        let of = |scan: usize| self.document.scans[scan].discount.get("discount", underlying);
        self.frame.cells.iter().map(|cell| Ok(of(cell.scan)?.to_f64())).collect()
    }

    fn contract(
        &self,
        row: usize,
        forward: f64,
        years: f64,
    ) -> Result<(Contract, f64), MarginError> {
        let id = self.frame.lines[row].instrument;
        let (instrument, quote) = (self.market.instruments.get(id), self.market.quote(id));
        let terms = Terms::of(instrument, quote, self.market.as_of).ok_or_else(|| {
            MarginError::Unsupported(format!("{}: no volatility", instrument.venue_symbol))
        })?;
        let call = f64::from(u8::from(terms.right == keelmark_book::Right::Call));
        Ok((Contract { forward, strike: terms.strike, years, discount: 1.0, call }, terms.vol))
    }

    /// Values of every contract in the columns of one scan.
    fn revalue_scan(
        &self,
        scan: usize,
        underlying: &Asset,
        moves: &Moves,
        contracts: &mut [Contract],
        vols: &[f64],
        values: &mut [f64],
    ) -> Result<(), MarginError> {
        let n = self.frame.cells.len();
        let rule = &self.document.scans[scan];
        let start = self.frame.cells.iter().position(|cell| cell.scan == scan).unwrap_or(0);
        let width = rule.scenarios.len();
        let own = start..start + width;
        let years = contracts.first().map_or(0.0, |one| one.years);
        let later = (years - rule.lookahead_years).max(0.0);
        let mut moved = Vec::with_capacity(contracts.len() * width);
        for vol in vols {
            let by = |direction| rule.vol.moved(underlying, *vol, years * 365.0, direction);
            let three = [by(VolMove::Down)?, by(VolMove::Same)?, by(VolMove::Up)?];
            moved.extend(rule.scenarios.iter().map(|scenario| three[scenario.vol as usize]));
        }
        contracts.iter_mut().for_each(|one| one.years = later);
        let mut out = vec![0.0; contracts.len() * width];
        let (factor, ln_factor) = (&moves.factor[own.clone()], &moves.ln_factor[own.clone()]);
        revalue_many(Width::best(), contracts, factor, ln_factor, &moved, &mut out);
        contracts.iter_mut().for_each(|one| one.years = years);
        for (row, found) in out.chunks_exact(width).enumerate() {
            values[row * n..][own.clone()].copy_from_slice(found);
        }
        Ok(())
    }

    /// `scale * value - base`, both in quanta, into a row.
    fn store(
        &mut self,
        row: usize,
        value: &[f64],
        scale: &[f64],
        base: &[f64],
    ) -> Result<(), MarginError> {
        let cells = &mut self.scenarios.row_mut(row)[..value.len()];
        let peak = quantise(Width::best(), value, scale, base, cells);
        if peak.is_nan() || peak >= QUANTISE_LIMIT {
            return Err(MarginError::Unsupported(format!(
                "row {row} of the risk table holds {peak}: check volatilities and prices"
            )));
        }
        self.round_cells(row);
        let rounded = self.scenarios.row(row).iter().map(|cell| cell.unsigned_abs()).max();
        self.largest = self.largest.max(peak.ceil() as u64 + 1).max(rounded.unwrap_or(0));
        Ok(())
    }

    /// Rounds cells to the decimal places of their scan, half away from zero.
    fn round_cells(&mut self, row: usize) {
        for (s, cell) in self.frame.cells.iter().enumerate() {
            let Some(places) = self.document.scans[cell.scan].round_to else { continue };
            let finer = -self.exponent - places as i32;
            if finer > 0
                && let Some(step) = 10i64.checked_pow(finer as u32)
            {
                let value = &mut self.scenarios.row_mut(row)[s];
                *value = (*value + value.signum() * (step / 2)) / step * step;
            }
        }
    }
}

/// The finest exponent at which a magnitude is at most [`LARGEST_CELL`] quanta.
pub(super) fn finest(most: f64) -> i32 {
    let mut exponent = (most / LARGEST_CELL).log10().ceil() as i32;
    while most / power_of_ten(exponent) > LARGEST_CELL {
        exponent += 1;
    }
    exponent
}

/// Ten to a power, correctly rounded.
pub(super) fn power_of_ten(power: i32) -> f64 {
    format!("1e{power}").parse().unwrap_or(f64::NAN)
}
