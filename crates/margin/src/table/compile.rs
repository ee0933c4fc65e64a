//! Market and document to rows: price every option in every scenario, then quantise.
//!
//! One price: what a contract gains in a scenario is counted in its settlement asset and turned
//! into the pool's currency at the moved price of that asset. Options that share a forward are
//! priced together, so that the kernel sees long slices.

use super::frame::{Carry, Frame, Moves, Priced};
use super::quantum::{COINS_ALONE, bound, conversion, finest, finest_in, power_of_ten, value_of};
use super::sheet::{Group, Lot, Sheet};
use super::{
    Cell, CoinRow, Expiries, ExpiryTerms, JointColumns, LARGEST_BY_EXPIRY, LARGEST_CELL, NO_ROW,
    RiskTable, Share, given, sensitivity,
};
use crate::document::Document;
use crate::error::MarginError;
use crate::joint::{JointMoves, REFERENCE_DAYS};
use crate::scan::{LEAST_VOL, Scan, VOL_MOVES, VolMove, VolMoves};
use keelmark_book::{Asset, Decimal, InstrumentId, Market, Money, Overflow, Price, Round};
use keelmark_kernels::net::AlignedRows;
use keelmark_kernels::{Contract, QUANTISE_LIMIT, Width, exp, ln, quantise, revalue_many};

/// Contracts priced at a time, so that their values stay in the nearest cache: at most so many, and
/// of long rows as many as have so many cells.
const BLOCK: usize = 32;
const CELLS: usize = 8_192;
/// Columns are padded to whole vectors of this many, so that no loop ends in single steps.
const LANES: usize = 8;
/// A document has at most this many scans.
const MOST_SCANS: usize = 32;

pub(super) fn table(
    document: &Document,
    market: &Market,
    instruments: &[InstrumentId],
    held: &[Asset],
    currency: &Asset,
) -> Result<RiskTable, MarginError> {
    if document.scans.len() > MOST_SCANS {
        let problem = format!("{}: expected at most {MOST_SCANS} scans", document.name);
        return Err(MarginError::Unsupported(problem));
    }
    let frame = Frame::new(document, market, instruments, held, currency)?;
    let sheet = Sheet::new(document, &frame, market, currency)?;
    let given = given::rows(document, market, &frame, &sheet, currency)?;
    let width = frame.cells.len().next_multiple_of(LANES).max(LANES);
    let (spans, vol_of) = (spans(document), vol_of(document, &frame));
    let mut compiler = Compiler {
        document,
        market,
        currency,
        frame: &frame,
        sheet: &sheet,
        given: &given,
        scenarios: AlignedRows::zeroed(frame.lines.len(), width),
        exponent: 0,
        quanta: 1.0,
        largest: 0,
        spans,
        vol_of,
        linear_moves: Vec::new(),
        group_moves: Vec::new(),
        expiries: None,
    };
    if document.needs_expiries() {
        compiler.expiries = Some(compiler.expiries()?);
    }
    compiler.find_moves()?;
    compiler.exponent = compiler.choose_exponent();
    compiler.quanta = power_of_ten(-compiler.exponent);
    compiler.scenario_rows()?;
    let relief = compiler.relief()?;
    let mut coins = compiler.coins()?;
    let (scenarios, exponent, largest) = (compiler.scenarios, compiler.exponent, compiler.largest);
    let expiries = compiler.expiries;
    let (sensitivities, sensitivity_exponents) =
        sensitivity::rows(document, market, &frame, &sheet, currency, &mut coins)?;
    let last = frame.lines.iter().map(|line| line.instrument.index() + 1).max();
    let mut row_of = vec![NO_ROW; last.unwrap_or(0)];
    for (row, line) in frame.lines.iter().enumerate() {
        row_of[line.instrument.index()] = row as u32;
    }
    let moved = moved(document, market, held, &frame);
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
        expiries,
        joint: joint(document),
        at_par: document.pool.at_par,
        moved,
    })
}

/// The joint scenarios of each scan.
fn joint(document: &Document) -> Vec<Option<JointColumns>> {
    let of = |scan: &Scan| {
        let of = scan.joint.clone()?;
        Some(JointColumns { scan: scan.name.clone(), of })
    };
    document.scans.iter().map(of).collect()
}

/// The unit that each of some coins moves with.
fn moved(
    document: &Document,
    market: &Market,
    held: &[Asset],
    frame: &Frame,
) -> Vec<(Asset, usize)> {
    let place = |coin: &Asset| {
        let with = document.moves_with(coin, market)?;
        frame.units.iter().position(|unit| unit.underlying == *with)
    };
    held.iter().filter_map(|coin| Some((coin.clone(), place(coin)?))).collect()
}

struct Compiler<'a> {
    document: &'a Document,
    market: &'a Market,
    currency: &'a Asset,
    frame: &'a Frame,
    sheet: &'a Sheet,
    /// Profit of one lot of each given row, in the pool's currency, in the order of the sheet.
    given: &'a [Vec<Decimal>],
    scenarios: AlignedRows,
    exponent: i32,
    /// Quanta in one unit of the currency.
    quanta: f64,
    largest: u64,
    spans: Vec<Span>,
    /// Which volatility each column has: those of each scan in the order of its moves.
    vol_of: Vec<usize>,
    /// Moves of each row without optionality, and of each group, in the order of the sheet.
    linear_moves: Vec<Moves>,
    group_moves: Vec<Moves>,
    /// Where a charge nets by expiry.
    expiries: Option<Expiries>,
}

/// Neighbouring scans that are priced in one call, since their options are as old.
struct Span {
    scans: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    lookahead_years: f64,
    /// Whether its scenarios are joint.
    joint: bool,
}

fn vol_of(document: &Document, frame: &Frame) -> Vec<usize> {
    // Joint scenarios have no volatilities in common.
    let vol = |scan: usize, scenario: usize| {
        document.scans[scan].scenarios.get(scenario).map_or(VolMove::Same, |one| one.vol)
    };
    let place = |cell: &Cell| VOL_MOVES * cell.scan + vol(cell.scan, cell.scenario) as usize;
    frame.cells.iter().map(place).collect()
}

fn spans(document: &Document) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    let mut start = 0;
    for (at, scan) in document.scans.iter().enumerate() {
        let end = start + scan.columns();
        let joint = scan.joint.is_some();
        match out.last_mut() {
            Some(last) if last.lookahead_years == scan.lookahead_years && last.joint == joint => {
                last.scans.end = at + 1;
                last.columns.end = end;
            }
            _ => out.push(Span {
                scans: at..at + 1,
                columns: start..end,
                lookahead_years: scan.lookahead_years,
                joint,
            }),
        }
        start = end;
    }
    out
}

impl Compiler<'_> {
    /// The finest power of ten at which no cell can pass [`LARGEST_CELL`].
    fn choose_exponent(&self) -> i32 {
        let all = self.given.iter().flatten();
        let mut most = all.map(|gain| gain.abs().to_f64()).fold(0.0f64, f64::max);
        for (row, moves) in self.sheet.linear.iter().zip(&self.linear_moves) {
            let (_, price) = self.linear_price(*row);
            most = most.max(self.bound(moves, self.sheet.lots[*row], price, None));
        }
        for (group, moves) in self.sheet.groups.iter().zip(&self.group_moves) {
            let highest = group.strikes.iter().copied().fold(0.0, f64::max);
            let mut seen: Option<Lot> = None;
            for row in &group.rows {
                let lot = self.sheet.lots[*row];
                if seen != Some(lot) {
                    most = most.max(self.bound(moves, lot, group.forward, Some(highest)));
                    seen = Some(lot);
                }
            }
        }
        let empty = most <= 0.0 || self.frame.cells.is_empty();
        let room = if self.expiries.is_some() { LARGEST_BY_EXPIRY } else { LARGEST_CELL };
        if empty { self.coins_exponent() } else { finest_in(most, room) }
    }

    /// The exponent where there are only coins: many of a cheap one may be held, so the dearest
    /// sets it.
    fn coins_exponent(&self) -> i32 {
        let worth = |asset| self.market.price(asset).map_or(0.0, Price::to_f64);
        let units = self.frame.units.iter().map(|unit| worth(&unit.underlying));
        let dearest = units.fold(0.0, f64::max) / worth(self.currency);
        let usable = dearest.is_finite() && dearest > 0.0;
        if usable { finest(dearest).min(COINS_ALONE) } else { COINS_ALONE }
    }

    /// A magnitude that no cell of a row can pass, nor what it is worth where that is kept.
    fn bound(&self, moves: &Moves, lot: Lot, price: f64, strike: Option<f64>) -> f64 {
        if self.expiries.is_none() || lot.inverse {
            return bound(moves, lot, price, strike);
        }
        // Values before and after a move are both between zero and the larger of forward and
        // strike, and so is their difference; a future moves by its price.
        let highest = moves.factor.iter().copied().fold(1.0, f64::max);
        value_of(lot) * (price * highest).max(strike.unwrap_or(0.0))
    }

    fn find_moves(&mut self) -> Result<(), MarginError> {
        for row in &self.sheet.linear {
            let (unit, price) = self.linear_price(*row);
            let index = self.sheet.lots[*row].index;
            let instrument = self.market.instruments.get(self.frame.lines[*row].instrument);
            let carry = Carry::of(instrument, self.market);
            self.linear_moves.push(self.moves(unit, Priced { price, index, fixed: 0.0, carry })?);
        }
        for group in &self.sheet.groups {
            self.group_moves.push(self.moves(group.unit, group.priced)?);
        }
        Ok(())
    }

    /// Moves of every column; without their weights where those come after the rows.
    fn moves(&self, unit: usize, priced: Priced) -> Result<Moves, MarginError> {
        let mut moves = Moves::new(self.document, &self.frame.units[unit], priced)?;
        if self.expiries.is_some() {
            moves.weight.fill(1.0);
        }
        Ok(moves)
    }

    /// What netting by expiry needs, with no value now yet.
    fn expiries(&self) -> Result<Expiries, MarginError> {
        let mut terms: Vec<Option<ExpiryTerms>> = vec![None; self.frame.buckets.len()];
        for group in &self.sheet.groups {
            let (years, rate, discount) = (group.years, group.rate, group.discount);
            let own = ExpiryTerms { years, rate, discount };
            for row in &group.rows {
                let line = self.frame.lines[*row];
                if terms[line.bucket].is_some_and(|known| known != own) {
                    let name = &self.market.instruments.get(line.instrument).venue_symbol;
                    return Err(MarginError::Unsupported(format!(
                        "{name}: expected one rate for all options of its expiry, found two"
                    )));
                }
                terms[line.bucket] = Some(own);
            }
        }
        let mut weights = Vec::new();
        for unit in &self.frame.units {
            let price = self.market.price(&unit.underlying)?.to_f64();
            let moves = Moves::new(self.document, unit, Priced::index(price))?;
            let shares = moves.weight.iter().map(|one| Share::new(*one));
            weights.push(shares.collect::<Result<_, _>>()?);
        }
        Ok(Expiries { now: vec![0; self.frame.lines.len()], terms, weights })
    }

    /// Unit and mark of a row without optionality.
    fn linear_price(&self, row: usize) -> (usize, f64) {
        let line = self.frame.lines[row];
        (line.unit, self.market.quote(line.instrument).mark.to_f64())
    }

    /// What one coin of each unit gains; nothing in a pool that is counted in that coin.
    fn coins(&self) -> Result<Vec<CoinRow>, MarginError> {
        let mut rows = Vec::new();
        if !self.document.coins_move() {
            for bucket in &self.frame.coin_buckets {
                let cells = vec![0; self.frame.cells.len()];
                rows.push(CoinRow { bucket: *bucket, cells, sensitivities: [0; 4] });
            }
            return Ok(rows);
        }
        for (at, unit) in self.frame.units.iter().enumerate() {
            let coin = self.market.price(&unit.underlying)?;
            let moves = self.moves(at, Priced::index(coin.to_f64()))?;
            let own = unit.underlying == *self.currency;
            // What is held is worth its price over the currency's, even where an index is not.
            let per = self.market.price(self.currency)?;
            let worth = coin.decimal().over(per.decimal(), Round::Nearest)?;
            let scale = if own { 0.0 } else { worth.to_f64() * self.quanta };
            let gain = |s: usize| (moves.factor[s] - 1.0) * moves.weight[s] * scale;
            let cells =
                (0..self.frame.cells.len()).map(|s| gain(s).round_ties_even() as i128).collect();
            let bucket = self.frame.coin_buckets[at];
            rows.push(CoinRow { bucket, cells, sensitivities: [0; 4] });
        }
        Ok(rows)
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
        for (row, gains) in self.sheet.given.iter().zip(self.given) {
            self.given_row(*row, gains)?;
        }
        let linear_moves = std::mem::take(&mut self.linear_moves);
        for (row, moves) in self.sheet.linear.iter().zip(&linear_moves) {
            self.linear_row(*row, moves)?;
        }
        let group_moves = std::mem::take(&mut self.group_moves);
        for (group, moves) in self.sheet.groups.iter().zip(&group_moves) {
            self.option_rows(group, moves)?;
        }
        Ok(())
    }

    /// A row that was given: its decimals, digit for digit where the quantum holds them.
    fn given_row(&mut self, row: usize, gains: &[Decimal]) -> Result<(), MarginError> {
        for (cell, gain) in self.scenarios.row_mut(row).iter_mut().zip(gains) {
            let quanta = gain.scaled(self.exponent)?;
            *cell = i64::try_from(quanta).map_err(|_| Overflow)?;
            self.largest = self.largest.max(cell.unsigned_abs());
        }
        Ok(())
    }

    /// A future, a perpetual or spot: no pricing.
    fn linear_row(&mut self, row: usize, moves: &Moves) -> Result<(), MarginError> {
        let (_, price) = self.linear_price(row);
        let lot = self.sheet.lots[row];
        let gain: Vec<f64> = (0..self.frame.cells.len())
            .map(|s| {
                let by = moves.factor[s] - 1.0 - moves.paid(s);
                // The coin profit of an inverse contract is its move over the moved price.
                let coins = if lot.inverse {
                    lot.size / price * by / moves.factor[s]
                } else {
                    lot.size * price * by
                };
                coins * conversion(lot, moves, s)
            })
            .collect();
        let (scale, base) = (vec![self.quanta; gain.len()], vec![0.0; gain.len()]);
        self.store(row, &gain, &scale, &base)
    }

    fn option_rows(&mut self, group: &Group, moves: &Moves) -> Result<(), MarginError> {
        let n = self.frame.cells.len();
        let discount = self.discounts(&self.frame.units[group.unit].underlying)?;
        let vol_moves = (self.vol_moves(group)?, self.vol_factors(group)?);
        let most = (CELLS / n.max(1)).clamp(1, BLOCK);
        let mut work = Work::new(&self.spans, n, most);
        let (mut scale, mut held, mut offset) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let mut scaled = None;
        for start in (0..group.rows.len()).step_by(most) {
            let end = (start + most).min(group.rows.len());
            let block = Block::new(group, start..end);
            block.value_now(&mut work.base);
            for span in &self.spans {
                self.revalue(span, group, &block, moves, &vol_moves, &mut work);
            }
            for (at, row) in group.rows[start..end].iter().enumerate() {
                let lot = self.sheet.lots[*row];
                if scaled != Some(lot) {
                    for (s, one) in scale.iter_mut().enumerate() {
                        let per = lot.size * self.quanta * discount[s];
                        let price = if lot.inverse { group.forward * moves.factor[s] } else { 1.0 };
                        *one = per * conversion(lot, moves, s) / price;
                        // What the value now counts for, at the same prices as the value then.
                        held[s] = if lot.inverse { moves.factor[s] } else { 1.0 };
                    }
                    scaled = Some(lot);
                }
                let now = work.base[at];
                for ((one, scale), held) in offset.iter_mut().zip(&scale).zip(&held) {
                    *one = scale * (now * held);
                }
                let values = match self.spans.as_slice() {
                    [span] => &work.out[at * span.columns.len().next_multiple_of(LANES)..][..n],
                    _ => &work.values[at * n..][..n],
                };
                self.store(*row, values, &scale, &offset)?;
                let value = now * value_of(lot) * self.quanta;
                if let Some(expiries) = &mut self.expiries {
                    expiries.now[*row] = value.round_ties_even() as i64;
                }
            }
        }
        Ok(())
    }

    /// The volatility moves of each scan for a group.
    fn vol_moves(&self, group: &Group) -> Result<Vec<VolMoves>, MarginError> {
        let underlying = &self.frame.units[group.unit].underlying;
        let days = group.years * 365.0;
        self.document
            .scans
            .iter()
            .map(|scan| scan.vol.at(underlying, days).map_err(MarginError::from))
            .collect()
    }

    /// What the volatilities of a group are multiplied by in the columns of joint scenarios: their
    /// level, as it counts at the tenor, and the slope of the term structure. Empty without any.
    fn vol_factors(&self, group: &Group) -> Result<Vec<f64>, MarginError> {
        if !self.spans.iter().any(|span| span.joint) {
            return Ok(Vec::new());
        }
        let underlying = &self.frame.units[group.unit].underlying;
        let days = group.years * 365.0;
        let tenor = ln(days.max(1.0) / REFERENCE_DAYS);
        let mut out = Vec::with_capacity(self.frame.cells.len());
        for scan in &self.document.scans {
            let Some(joint) = &scan.joint else {
                out.resize(out.len() + scan.columns(), 1.0);
                continue;
            };
            let (moves, counts) = (joint.of(&scan.name, underlying)?, scan.vol.tenor_factor(days));
            for s in 0..scan.columns() {
                let level = (1.0 + JointMoves::at(&moves.vol, s) * counts).max(0.0);
                let slope = JointMoves::at(&moves.slope, s);
                out.push(if slope == 0.0 { level } else { level * exp(slope * tenor) });
            }
        }
        Ok(out)
    }

    /// What an option's value is multiplied by in each column.
    fn discounts(&self, underlying: &Asset) -> Result<Vec<f64>, MarginError> {
        let of = |scan: usize| self.document.scans[scan].discount.get("discount", underlying);
        self.frame.cells.iter().map(|cell| Ok(of(cell.scan)?.to_f64())).collect()
    }

    /// Values of a block of contracts in the columns of a span.
    fn revalue(
        &self,
        span: &Span,
        group: &Group,
        block: &Block,
        moves: &Moves,
        (vol_moves, vol_factors): &(Vec<VolMoves>, Vec<f64>),
        work: &mut Work,
    ) {
        let n = self.frame.cells.len();
        let width = span.columns.len();
        let padded = width.next_multiple_of(LANES);
        let rows = block.vols.len();
        let mut levels = [0.0; VOL_MOVES * MOST_SCANS];
        let joint = if span.joint { &vol_factors[span.columns.clone()] } else { &[] };
        let tilts = vol_moves.iter().any(VolMoves::tilts);
        let rows_of = work.vols.chunks_exact_mut(padded);
        for ((vol, out), contract) in block.vols.iter().zip(rows_of).zip(&block.contracts) {
            out[width..].fill(*vol);
            if span.joint {
                for (one, factor) in out.iter_mut().zip(joint) {
                    *one = (vol * factor).max(LEAST_VOL);
                }
                continue;
            }
            let k = if tilts { ln(contract.strike / contract.forward) } else { 0.0 };
            for (own, moves) in levels.chunks_exact_mut(VOL_MOVES).zip(vol_moves) {
                own.copy_from_slice(&moves.all(*vol, k));
            }
            for (one, which) in out.iter_mut().zip(&self.vol_of[span.columns.clone()]) {
                *one = levels[*which];
            }
        }
        work.factor[..width].copy_from_slice(&moves.factor[span.columns.clone()]);
        work.factor[width..padded].fill(1.0);
        work.ln_factor[..width].copy_from_slice(&moves.ln_factor[span.columns.clone()]);
        work.ln_factor[width..padded].fill(0.0);
        let contracts = block.later(group.years - span.lookahead_years);
        revalue_many(
            Width::best(),
            &contracts,
            &work.factor[..padded],
            &work.ln_factor[..padded],
            &work.vols[..rows * padded],
            &mut work.out[..rows * padded],
        );
        if self.spans.len() == 1 {
            // What is found is all that there is.
            return;
        }
        for (row, found) in work.out[..rows * padded].chunks_exact(padded).enumerate() {
            work.values[row * n..][span.columns.clone()].copy_from_slice(&found[..width]);
        }
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
        self.largest = self.largest.max(peak.ceil() as u64 + 1);
        if self.document.scans.iter().any(|scan| scan.round_to.is_some()) {
            self.round_cells(row);
        }
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
                self.largest = self.largest.max(value.unsigned_abs());
            }
        }
    }
}

/// Room that every block of a group uses again.
struct Work {
    vols: Vec<f64>,
    out: Vec<f64>,
    factor: Vec<f64>,
    ln_factor: Vec<f64>,
    /// Values in every column, a row a contract.
    values: Vec<f64>,
    /// Values now.
    base: Vec<f64>,
}

impl Work {
    fn new(spans: &[Span], columns: usize, rows: usize) -> Self {
        let widest = spans.iter().map(|span| span.columns.len()).max().unwrap_or(0);
        let padded = widest.next_multiple_of(LANES);
        let room = |len: usize| vec![0.0; len];
        Self {
            vols: room(rows * padded),
            out: room(rows * padded),
            factor: room(padded),
            ln_factor: room(padded),
            values: room(rows * columns),
            base: room(rows),
        }
    }
}

/// A few options of a group, as the kernel takes them.
struct Block {
    contracts: Vec<Contract>,
    vols: Vec<f64>,
}

impl Block {
    fn new(group: &Group, range: std::ops::Range<usize>) -> Self {
        let contracts = range
            .clone()
            .map(|at| Contract {
                forward: group.forward,
                strike: group.strikes[at],
                years: group.years,
                discount: group.discount,
                call: group.calls[at],
            })
            .collect();
        Self { contracts, vols: group.vols[range].to_vec() }
    }

    fn value_now(&self, out: &mut [f64]) {
        let out = &mut out[..self.vols.len()];
        revalue_many(Width::best(), &self.contracts, &[1.0], &[0.0], &self.vols, out);
    }

    /// The same contracts with other years to expiry, none below zero.
    fn later(&self, years: f64) -> Vec<Contract> {
        let years = years.max(0.0);
        self.contracts.iter().map(|one| Contract { years, ..*one }).collect()
    }
}
