//! What rows hold at most and least within a span of prices: profits in each scenario, and deltas.
//!
//! A value without discount only grows or falls in its forward, and grows with volatility and time.
//! So the value after a scenario's move and the value now each have bounds at two corners of the
//! span, and a profit, their difference, has bounds made of them. Everything is wider than the
//! numbers by what floats, and the quanta of rows at other prices, could differ.

use super::frame::{Frame, Moves, Priced};
use super::quantum::power_of_ten;
use super::sheet::{Group, Lot, Sheet};
use super::{RiskTable, RowId};
use crate::charge::PoolView;
use crate::document::{CoinsMove, DeltaRule, Document};
use crate::error::MarginError;
use crate::expr::Interval;
use crate::range::Span;
use crate::scan::{PriceUnit, Scan};
use keelmark_book::{Asset, Decimal, InstrumentId, Overflow, Round};
use keelmark_kernels::{Contract, Width, greeks_one, ln, revalue_many};
use std::collections::BTreeMap;

/// The share of a number by which bounds are wider: far more than floats lose.
const SLACK: f64 = 1e-9;

/// An interval of floats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    pub low: f64,
    pub high: f64,
}

/// Bounds of what a pool's sums are within a span.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// Profit of each unit in each column, coins included, in the pool's currency.
    cells: Vec<Vec<Ends>>,
    /// Delta of what is held of each row, in coins.
    deltas: Vec<(RowId, Ends)>,
    /// By how much a price of the pool's currency in the market's may differ, as a factor.
    currency: Ends,
    /// A step of rows at any price of the span.
    quantum: f64,
}

impl Ends {
    pub fn of(interval: Interval) -> Self {
        Self { low: interval.low().to_f64(), high: interval.high().to_f64() }
    }

    fn one(value: f64) -> Self {
        Self { low: value, high: value }
    }

    pub fn plus(self, other: Self) -> Self {
        Self { low: self.low + other.low, high: self.high + other.high }
    }

    /// Less another, times a factor above zero.
    fn less(self, other: Self, factor: f64) -> Self {
        Self { low: self.low - factor * other.high, high: self.high - factor * other.low }
    }

    pub fn times(self, other: Self) -> Self {
        let (a, b, c, d) = (
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        );
        Self { low: a.min(b).min(c.min(d)), high: a.max(b).max(c.max(d)) }
    }

    /// One over it, above zero.
    fn inverted(self) -> Self {
        Self { low: 1.0 / self.high, high: 1.0 / self.low }
    }

    fn scaled(self, by: f64) -> Self {
        self.times(Self::one(by))
    }

    fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    fn wider(self, by: f64) -> Self {
        Self { low: self.low - by, high: self.high + by }
    }

    /// As decimals, rounded outward and wider by the slack.
    pub fn interval(self) -> Result<Interval, Overflow> {
        let by = self.magnitude() * SLACK;
        let low = Decimal::from_f64(self.low - by, Round::Down)?;
        Ok(Interval::between(low, Decimal::from_f64(self.high + by, Round::Up)?))
    }
}

impl Bounds {
    /// Bounds of a pool whose coins are within some intervals; `None` where the document counts in
    /// a way that has none.
    pub fn new(
        document: &Document,
        pool: &PoolView<'_>,
        coins: &BTreeMap<Asset, Interval>,
        span: &Span<'_>,
    ) -> Result<Option<Self>, MarginError> {
        let table = pool.table;
        let plain = |scan: &Scan| {
            scan.price_unit == PriceUnit::Relative
                && scan.vol.skew.is_none()
                && scan.round_to.is_none()
                && !scan.given
                && scan.joint.is_none()
        };
        let counted = !document.discounted
            && document.delta == DeltaRule::Black
            && !document.needs_expiries()
            && document.coins_move != CoinsMove::Hedge
            && document.coins_with.is_empty()
            && document.scans.iter().all(plain);
        if !counted {
            return Ok(None);
        }
        let own = Ends::of(span.asset(&table.currency)?);
        let today = pool.market.price(&table.currency)?.to_f64();
        let mut bounds = Self {
            cells: vec![vec![Ends::default(); table.cells.len()]; table.units.len()],
            deltas: Vec::new(),
            currency: own.scaled(1.0 / today),
            // At another price a table may have a quantum ten times as wide.
            quantum: power_of_ten(table.exponent + 1),
        };
        let market = pool.market;
        let instruments: Vec<_> = table.lines.iter().map(|line| line.instrument).collect();
        let held: Vec<Asset> = pool.collateral.iter().map(|one| one.asset.clone()).collect();
        let frame = Frame::new(document, market, &instruments, &held, &table.currency)?;
        let sheet = Sheet::new(document, &frame, market, &table.currency)?;
        let rows = Rows { document, pool, frame: &frame, sheet: &sheet, own, span };
        for row in &sheet.linear {
            rows.linear(*row, &mut bounds)?;
        }
        for group in &sheet.groups {
            if group.priced.fixed != 0.0 {
                return Ok(None);
            }
            for at in 0..group.rows.len() {
                rows.option(group, at, &mut bounds)?;
            }
        }
        rows.coins(coins, &mut bounds)?;
        Ok(Some(bounds))
    }

    /// Profit of a unit in a column, in the pool's currency.
    pub fn cell(&self, unit: usize, column: usize) -> Ends {
        self.cells[unit][column]
    }

    /// Deltas of what is held, by row, in coins.
    pub fn deltas(&self) -> &[(RowId, Ends)] {
        &self.deltas
    }

    /// A step of rows at any price of the span, in the pool's currency.
    pub fn step(&self) -> f64 {
        self.quantum
    }

    /// What a loss of a unit is reduced by in a column.
    pub fn relief(&self, table: &RiskTable, unit: usize, column: usize) -> Ends {
        let today = table.relief[unit][column] as f64 * power_of_ten(table.exponent);
        self.currency.inverted().scaled(today).wider(2.0 * self.quantum)
    }

    fn add(&mut self, unit: usize, column: usize, own: Ends, slack: f64) {
        let cell = &mut self.cells[unit][column];
        let own = own.wider(slack + own.magnitude() * SLACK);
        *cell = cell.plus(own);
    }
}

/// Price of a coin in the pool's currency.
///
/// # Errors
/// When a price is missing or does not fit.
pub(crate) fn index(
    span: &Span<'_>,
    table: &RiskTable,
    coin: &Asset,
) -> Result<Interval, MarginError> {
    let coin = span.asset(coin)?;
    Ok(if table.at_par { coin } else { coin.over(span.asset(&table.currency)?)? })
}

struct Rows<'a> {
    document: &'a Document,
    pool: &'a PoolView<'a>,
    frame: &'a Frame,
    sheet: &'a Sheet,
    /// Price of the pool's currency.
    own: Ends,
    span: &'a Span<'a>,
}

impl Rows<'_> {
    fn held(&self, row: usize) -> f64 {
        self.pool.exposure.held(RowId::new(row)) as f64
    }

    /// What one unit of profit in the settlement asset counts for, but for the scenario's factors.
    fn settled(&self, row: usize) -> Result<Ends, MarginError> {
        if self.sheet.lots[row].own_coin {
            return Ok(Ends::one(1.0));
        }
        let id = self.frame.lines[row].instrument;
        let settle = Ends::of(self.span.asset(&self.pool.market.instruments.get(id).settle)?);
        Ok(settle.times(self.own.inverted()))
    }

    /// A future, a perpetual or spot.
    fn linear(&self, row: usize, out: &mut Bounds) -> Result<(), MarginError> {
        let (line, lot, held) = (self.frame.lines[row], self.sheet.lots[row], self.held(row));
        if held == 0.0 {
            return Ok(());
        }
        let unit = &self.frame.units[line.unit];
        let moves = Moves::new(self.document, unit, Priced::index(1.0))?;
        let mark = Ends::of(self.span.mark(line.instrument)?);
        let settled = self.settled(row)?;
        let price = if lot.inverse { mark.inverted() } else { mark };
        let coins = price.times(settled).scaled(lot.size * held);
        for s in 0..self.frame.cells.len() {
            let by = moves.factor[s] - 1.0;
            let by = if lot.inverse { by / moves.factor[s] } else { by };
            let own = coins.scaled(by * Self::counts(lot, &moves, s));
            out.add(line.unit, s, own, held.abs() * out.quantum);
        }
        let size = if lot.inverse { price.scaled(lot.size) } else { Ends::one(lot.size) };
        out.deltas.push((RowId::new(row), size.scaled(held).wider(self.step(held))));
        Ok(())
    }

    /// Weight, and for a profit in coin what the coin counts for after the move.
    fn counts(lot: Lot, moves: &Moves, s: usize) -> f64 {
        let weight = moves.weight[s];
        match (lot.inverse, lot.own_coin) {
            (false, _) => weight,
            (true, true) => weight * moves.factor[s] / moves.coin_factor[s],
            (true, false) => weight * moves.factor[s],
        }
    }

    /// A step of deltas at any price of the span, for so many lots.
    fn step(&self, held: f64) -> f64 {
        held.abs() * power_of_ten(self.pool.table.sensitivity_exponents[0] + 1)
    }

    fn option(&self, group: &Group, at: usize, out: &mut Bounds) -> Result<(), MarginError> {
        let row = group.rows[at];
        let (line, lot, held) = (self.frame.lines[row], self.sheet.lots[row], self.held(row));
        if held == 0.0 {
            return Ok(());
        }
        let unit = &self.frame.units[group.unit];
        let moves = Moves::new(self.document, unit, group.priced)?;
        let corners = Corners::new(self.span, line.instrument, group, at)?;
        let (now, then) =
            corners.values(self.document, &unit.underlying, &moves, &self.frame.cells)?;
        let settled = self.settled(row)?.scaled(lot.size * held);
        for (s, then) in then.iter().enumerate() {
            let scan = &self.document.scans[self.frame.cells[s].scan];
            let discount = scan.discount.get("discount", &unit.underlying)?.to_f64();
            // In coin, values count by the forward of their corner, at the price of the move.
            let (gain, counts) = if lot.inverse {
                let gain = then.1.less(now.1, moves.factor[s]);
                (gain, Self::counts(lot, &moves, s) / moves.factor[s])
            } else {
                (then.0.less(now.0, 1.0), Self::counts(lot, &moves, s))
            };
            let slack = (then.0.high + now.0.high) * SLACK;
            let slack = if lot.inverse { slack / corners.forward.low } else { slack };
            let own = settled.times(gain.wider(slack)).scaled(discount * counts);
            out.add(line.unit, s, own, held.abs() * out.quantum);
        }
        let delta = corners.delta().scaled(lot.size * held);
        out.deltas.push((RowId::new(row), delta.wider(self.step(held))));
        Ok(())
    }

    /// Coins that move with their price, in a pool that is not counted in them.
    fn coins(
        &self,
        coins: &BTreeMap<Asset, Interval>,
        out: &mut Bounds,
    ) -> Result<(), MarginError> {
        if self.document.coins_move == CoinsMove::No {
            return Ok(());
        }
        for (at, unit) in self.frame.units.iter().enumerate() {
            let Some(held) = coins.get(&unit.underlying) else { continue };
            if unit.underlying == self.pool.table.currency {
                continue;
            }
            let priced = Priced::index(self.pool.market.price(&unit.underlying)?.to_f64());
            let moves = Moves::new(self.document, unit, priced)?;
            let worth = Ends::of(self.span.asset(&unit.underlying)?).times(self.own.inverted());
            let held = Ends::of(*held);
            for s in 0..self.frame.cells.len() {
                let gain = (moves.factor[s] - 1.0) * moves.weight[s];
                let slack = (held.magnitude() + 2.0) * out.quantum + worth.high * 1e-14;
                out.add(at, s, held.times(worth).scaled(gain), slack);
            }
        }
        Ok(())
    }
}

/// The corners of a span for one option.
struct Corners {
    forward: Ends,
    vol: Ends,
    years: Ends,
    strike: f64,
    call: bool,
}

/// A value, and the same by the forward.
type Value = (Ends, Ends);

impl Corners {
    fn new(
        span: &Span<'_>,
        id: InstrumentId,
        group: &Group,
        at: usize,
    ) -> Result<Self, MarginError> {
        let forward = Ends::of(span.forward(id)?);
        let [low, high] = span.vol(id)?;
        let passed = span.years();
        let years = Ends { low: (group.years - passed).max(0.0), high: group.years };
        let (strike, call) = (group.strikes[at], group.calls[at] > 0.5);
        if forward.low <= 0.0 {
            let problem = "a forward that is not above zero has no span".to_owned();
            return Err(MarginError::Unsupported(problem));
        }
        Ok(Self { forward, vol: Ends { low, high }, years, strike, call })
    }

    /// The value now, and in each column.
    fn values(
        &self,
        document: &Document,
        underlying: &Asset,
        moves: &Moves,
        cells: &[super::Cell],
    ) -> Result<(Value, Vec<Value>), MarginError> {
        // A call is worth least at the low forward, a put at the high one.
        let (least, most) = (self.forward.low, self.forward.high);
        let (least, most) = if self.call { (least, most) } else { (most, least) };
        let now = [
            self.value(least, self.years.low, &[1.0], &[0.0], &[self.vol.low]),
            self.value(most, self.years.high, &[1.0], &[0.0], &[self.vol.high]),
        ];
        let pair = |low: f64, high: f64| {
            (Ends { low, high }, Ends { low: low / least, high: high / most })
        };
        let mut then = vec![Value::default(); cells.len()];
        for (at, scan) in document.scans.iter().enumerate() {
            let columns: Vec<usize> = (0..cells.len()).filter(|s| cells[*s].scan == at).collect();
            let (mut low, mut high) = (Vec::new(), Vec::new());
            // Ranges of volatility grow or fall with time: both ends are looked at.
            let ends = [self.years.low, self.years.high]
                .map(|years| scan.vol.at(underlying, years * 365.0));
            let [early, late] = ends;
            let (early, late) = (early?, late?);
            for s in &columns {
                let which = scan.scenarios[cells[*s].scenario].vol as usize;
                let at = |vol: f64| [early.all(vol, 0.0)[which], late.all(vol, 0.0)[which]];
                let ([a, b], [c, d]) = (at(self.vol.low), at(self.vol.high));
                low.push(a.min(b));
                high.push(c.max(d));
            }
            let factor: Vec<f64> = columns.iter().map(|s| moves.factor[*s]).collect();
            let logs: Vec<f64> = columns.iter().map(|s| moves.ln_factor[*s]).collect();
            let later = |years: f64| (years - scan.lookahead_years).max(0.0);
            let low = self.value(least, later(self.years.low), &factor, &logs, &low);
            let high = self.value(most, later(self.years.high), &factor, &logs, &high);
            for (place, s) in columns.iter().enumerate() {
                then[*s] = pair(low[place], high[place]);
            }
        }
        Ok((pair(now[0][0], now[1][0]), then))
    }

    fn value(
        &self,
        forward: f64,
        years: f64,
        factor: &[f64],
        logs: &[f64],
        vols: &[f64],
    ) -> Vec<f64> {
        let call = f64::from(u8::from(self.call));
        let contract = Contract { forward, strike: self.strike, years, discount: 1.0, call };
        let mut out = vec![0.0; factor.len()];
        revalue_many(Width::best(), &[contract], factor, logs, vols, &mut out);
        out
    }

    /// Delta of one coin. It grows with the forward; over volatility and time it has its least
    /// where `ln(F / K)` is half of their variance, if that is above zero.
    fn delta(&self) -> Ends {
        let call = f64::from(u8::from(self.call));
        let at = |forward: f64, years: f64, vol: f64| {
            greeks_one(forward, self.strike, years, vol, 1.0, call)[1]
        };
        let corners = |forward: f64| {
            let of = |years| [self.vol.low, self.vol.high].map(|vol| at(forward, years, vol));
            let [[a, b], [c, d]] = [self.years.low, self.years.high].map(of);
            Ends { low: a.min(b).min(c.min(d)), high: a.max(b).max(c.max(d)) }
        };
        let mut found =
            Ends { low: corners(self.forward.low).low, high: corners(self.forward.high).high };
        let distance = ln(self.forward.low / self.strike);
        let deviation = |vol: f64, years: f64| vol * years.sqrt();
        let least = (2.0 * distance.max(0.0)).sqrt();
        let inside = deviation(self.vol.low, self.years.low) < least
            && least < deviation(self.vol.high, self.years.high);
        if inside {
            found.low = found.low.min(at(self.forward.low, 1.0, least));
        }
        found.wider(SLACK)
    }
}
