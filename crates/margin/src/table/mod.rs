//! The risk table: one row of integers per instrument, shared by all accounts.
//!
//! A row holds what one lot adds to each column: profit in each scenario of every scan, and four
//! sensitivities. It is compiled once per market change; netting is then integer addition. The
//! quantum of a table is a power of ten chosen so that its largest cell stays within 2^46: the
//! relative error of a row is below 1e-13, and a sum over fewer than 2^17 lots fits an `i64`
//! (beyond that sums are `i128`).

mod compile;
mod frame;
mod given;
mod sensitivity;
mod sheet;

use crate::document::Document;
use crate::error::MarginError;
use crate::pool::Pool;
use keelmark_book::{
    Asset, Decimal, InstrumentId, Market, Money, Overflow, Price, Quantity, Round, Timestamp,
};
use keelmark_kernels::net::{AlignedRows, Rows};

/// Largest magnitude of a cell.
pub const LARGEST_CELL: f64 = (1u64 << 46) as f64;

/// Coins held are counted in lots of 10^-9.
const COIN_LOTS: i128 = 1_000_000_000;

/// Rows of every instrument in one pool currency.
#[derive(Debug)]
pub struct RiskTable {
    /// What profits are counted in.
    pub currency: Asset,
    /// What nets with what.
    pub units: Vec<Unit>,
    /// What each scenario column is, in order.
    pub cells: Vec<Cell>,
    /// What deltas net with what.
    pub buckets: Vec<Bucket>,
    /// What each row is of.
    pub lines: Vec<Line>,
    scenarios: AlignedRows,
    /// What a loss is reduced by, by unit and column, in quanta.
    relief: Vec<Vec<i128>>,
    exponent: i32,
    largest: u64,
    sensitivities: Vec<[i64; 4]>,
    /// What one whole coin of each unit adds: too fine in lots to be a row like the others.
    coins: Vec<CoinRow>,
    sensitivity_exponents: [i32; 4],
    row_of: Vec<u32>,
}

/// What nets with what: everything on one underlying.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The underlying.
    pub underlying: Asset,
    /// Price of one coin in the table's currency.
    pub index: Price,
    /// Half width of each scan's price moves, by scan, as a fraction of the index.
    pub ranges: Vec<f64>,
}

/// A column of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Index of its scan in the document.
    pub scan: usize,
    /// Index of its scenario in the scan.
    pub scenario: usize,
}

/// What deltas net with what: one unit, one settlement asset, one expiry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// Index of the unit.
    pub unit: usize,
    /// The settlement asset.
    pub settle: Asset,
    /// The expiry; none for perpetuals and spot.
    pub expiry: Option<Timestamp>,
    /// Whether it holds coins themselves rather than contracts.
    pub coin: bool,
}

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Index of its unit.
    pub unit: usize,
    /// Index of its bucket.
    pub bucket: usize,
    /// Whether it is an option.
    pub option: bool,
}

/// What one whole coin held adds to each column, in quanta.
#[derive(Clone, Debug, Default)]
struct CoinRow {
    bucket: usize,
    cells: Vec<i128>,
    sensitivities: [i128; 4],
}

/// A sensitivity column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    /// Coins per lot.
    Delta = 0,
    /// Currency per lot for a move of 100 % of the forward.
    DeltaCash = 1,
    /// Currency per lot: gamma times the forward squared.
    GammaCash = 2,
    /// Currency per lot for a move of volatility by 1.00.
    VegaCash = 3,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId(u32);

impl RowId {
    /// Index into the table's lines.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn new(index: usize) -> Self {
        Self(index as u32)
    }
}

const NO_ROW: u32 = u32::MAX;

impl RiskTable {
    /// Compiles the rows of some instruments in a currency, with every coin of the market that is
    /// an underlying.
    ///
    /// # Errors
    /// [`MarginError`] naming what is missing: a price, a parameter of the document, or a scan
    /// range as large as the price.
    pub fn compile(
        document: &Document,
        market: &Market,
        instruments: &[InstrumentId],
        currency: &Asset,
    ) -> Result<Self, MarginError> {
        let coins: Vec<Asset> = market.assets.keys().cloned().collect();
        compile::table(document, market, instruments, &coins, currency)
    }

    /// Compiles what one pool holds: its instruments, and its coins where the document says that
    /// they move.
    ///
    /// # Errors
    /// As [`RiskTable::compile`].
    pub fn compile_pool(
        document: &Document,
        market: &Market,
        pool: &Pool,
    ) -> Result<Self, MarginError> {
        let coins: Vec<Asset> = pool.collateral.iter().map(|held| held.asset.clone()).collect();
        compile::table(document, market, &pool.instruments(), &coins, &pool.currency)
    }

    /// The row of an instrument, if it was compiled.
    #[must_use]
    pub fn row(&self, instrument: InstrumentId) -> Option<RowId> {
        let row = *self.row_of.get(instrument.index())?;
        (row != NO_ROW).then_some(RowId(row))
    }

    /// What an amount of a unit's coin adds to a scenario column, in quanta, rounded down.
    #[must_use]
    pub fn coin_cell(&self, unit: usize, column: usize, lots: i128) -> i128 {
        of_coins(lots, self.coins[unit].cells[column])
    }

    /// What an amount of a unit's coin adds to its bucket's sensitivities, in quanta.
    #[must_use]
    pub fn coin_sensitivities(&self, unit: usize, lots: i128) -> [i128; 4] {
        self.coins[unit].sensitivities.map(|one| of_coins(lots, one))
    }

    /// Whether sums with so many lots of a unit's coin stay far inside an `i128`.
    #[must_use]
    pub fn fits_coins(&self, unit: usize, lots: i128) -> bool {
        let one = &self.coins[unit];
        let per_coin = one.cells.iter().chain(&one.sensitivities).map(|one| one.unsigned_abs());
        // A part of a coin is multiplied in lots, so at least one lot's worth of room is needed.
        let most = lots.unsigned_abs().div_euclid(COIN_LOTS as u128).max(COIN_LOTS as u128) + 1;
        per_coin.max().is_none_or(|per_coin| {
            per_coin.checked_mul(most).is_some_and(|product| product < 1 << 120)
        })
    }

    /// The bucket of a unit's coin.
    #[must_use]
    pub fn coin_bucket(&self, unit: usize) -> usize {
        self.coins[unit].bucket
    }

    /// What a row is of.
    #[must_use]
    pub fn line(&self, row: RowId) -> Line {
        self.lines[row.index()]
    }

    /// Scenario cells of a row, in quanta per lot; as long as the padded width.
    #[must_use]
    pub fn scenario_row(&self, row: RowId) -> &[i64] {
        self.scenarios.row(row.index())
    }

    /// What a loss of a unit is reduced by in each column (the scan's dampener), in quanta.
    #[must_use]
    pub fn relief(&self, unit: usize) -> &[i128] {
        &self.relief[unit]
    }

    /// All scenario rows as the netting kernel takes them.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        self.scenarios.as_rows()
    }

    /// Sensitivities of a row, in quanta per lot.
    #[must_use]
    pub fn sensitivities(&self, row: RowId) -> &[i64; 4] {
        &self.sensitivities[row.index()]
    }

    /// Columns of a scenario row with padding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scenarios.width()
    }

    /// Largest magnitude of any scenario cell, for overflow bounds.
    #[must_use]
    pub fn largest_cell(&self) -> u64 {
        self.largest
    }

    /// The quantum of scenario cells is 10 to this power.
    #[must_use]
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    /// A sum of scenario cells as an amount of the table's currency.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn money(&self, quanta: i128, round: Round) -> Result<Money, Overflow> {
        Decimal::from_scaled(quanta, self.exponent, round).map(Money::new)
    }

    /// A sum of sensitivities as a number.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn sensitivity(
        &self,
        which: Sensitivity,
        quanta: i128,
        round: Round,
    ) -> Result<Decimal, Overflow> {
        Decimal::from_scaled(quanta, self.sensitivity_exponents[which as usize], round)
    }
}

/// `lots` of coin at so many quanta a coin, rounded down; whole coins apart, so that the product
/// is no larger than the result.
fn of_coins(lots: i128, per_coin: i128) -> i128 {
    let (whole, part) = (lots.div_euclid(COIN_LOTS), lots.rem_euclid(COIN_LOTS));
    whole * per_coin + (part * per_coin).div_euclid(COIN_LOTS)
}

/// The whole lots of a coin amount, rounded down.
#[must_use]
pub fn coin_lots(amount: Quantity) -> i128 {
    // The raw count is in 10^-18.
    amount.decimal().raw().div_euclid(COIN_LOTS)
}
