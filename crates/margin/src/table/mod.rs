//! The risk table: one row of integers per instrument, shared by all accounts.
//!
//! A row holds what one lot adds to each column: profit in each scenario of every scan, and four
//! sensitivities. It is compiled once per market change; netting is then integer addition. The
//! quantum of a table is a power of ten chosen so that its largest cell stays within 2^46: the
//! relative error of a row is below 1e-13, and a sum over fewer than 2^17 lots fits an `i64`
//! (beyond that sums are `i128`).

pub(crate) mod bounds;
mod compile;
mod frame;
mod given;
mod quantum;
mod sensitivity;
mod share;
mod sheet;

use crate::document::Document;
use crate::error::MarginError;
use crate::joint::{JointMoves, JointScan};
use crate::pool::Pool;
use keelmark_book::{
    Asset, Decimal, InstrumentId, Market, Money, Overflow, Price, Quantity, Round, Timestamp,
};
use keelmark_kernels::net::{AlignedRows, Rows};
pub(crate) use share::Share;

/// Largest magnitude of a cell.
pub const LARGEST_CELL: f64 = (1u64 << 46) as f64;

/// The same where a charge nets by expiry: what it makes of a sum is small beside the values that
/// cancel in it, so four more bits go to the quantum. Those sums are `i128` from the start.
const LARGEST_BY_EXPIRY: f64 = (1u64 << 50) as f64;

/// Coins held are counted in lots of 10^-15: a wrapped coin's amount in the coin that it moves with
/// has as many digits as its price.
const COIN_LOTS: i128 = 1_000_000_000_000_000;
/// Steps of 10^-18 in one lot of coin.
const STEPS_A_LOT: i128 = 1_000;

/// Scenarios netted by expiry, for documents with a charge that is not linear in them.
#[derive(Clone, Debug)]
pub(crate) struct Expiries {
    /// Value of one lot of each row now, in quanta; 0 for rows that are no options.
    pub now: Vec<i64>,
    /// What is known of the options of each bucket; `None` for a bucket without options.
    pub terms: Vec<Option<ExpiryTerms>>,
    /// What a profit counts for, by unit and column: rows leave it out here, since it comes after
    /// the step that is not linear.
    pub weights: Vec<Vec<Share>>,
}

/// What options of one bucket share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpiryTerms {
    /// Years to expiry.
    pub years: f64,
    /// Annual rate to it, where the market has one.
    pub rate: Option<f64>,
    /// What a payment at it is worth now: 1 where the document does not discount.
    pub discount: f64,
}

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
    expiries: Option<Expiries>,
    /// The joint scenarios of each scan that has them.
    joint: Vec<Option<JointColumns>>,
    /// Whether index prices count one for one in the table's currency.
    pub at_par: bool,
    /// Coins that the document moves with an underlying, each with the unit of that.
    pub moved: Vec<(Asset, usize)>,
}

/// The joint scenarios that columns of a scan are.
#[derive(Clone, Debug)]
pub struct JointColumns {
    /// The scan's name.
    pub scan: String,
    /// Its scenarios.
    pub of: JointScan,
}

impl JointColumns {
    /// How far an underlying's price and volatility level move in a scenario, as fractions.
    #[must_use]
    pub fn price_and_vol(&self, underlying: &Asset, scenario: usize) -> (f64, f64) {
        let moves = self.of.of(&self.scan, underlying);
        moves.map_or((0.0, 0.0), |moves| {
            (JointMoves::at(&moves.price, scenario), JointMoves::at(&moves.vol, scenario))
        })
    }
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

    /// Takes index prices anew, of a table whose rows hold none of them.
    pub(crate) fn index_again(
        &mut self,
        document: &Document,
        market: &Market,
    ) -> Result<(), MarginError> {
        for unit in &mut self.units {
            *unit = frame::unit(document, market, unit.underlying.clone(), &self.currency)?;
        }
        Ok(())
    }

    /// The joint scenarios that the columns of a scan are, where they are.
    #[must_use]
    pub fn joint(&self, scan: usize) -> Option<&JointColumns> {
        self.joint.get(scan)?.as_ref()
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
        let most = lots.unsigned_abs().div_euclid(COIN_LOTS as u128) + 1;
        per_coin.max().is_none_or(|per_coin| {
            per_coin.checked_mul(most).is_some_and(|product| product < 1 << 120)
        })
    }

    /// The bucket of a unit's coin.
    #[must_use]
    pub fn coin_bucket(&self, unit: usize) -> usize {
        self.coins[unit].bucket
    }

    /// What netting by expiry needs; `None` where the document has no charge that does.
    pub(crate) fn expiries(&self) -> Option<&Expiries> {
        self.expiries.as_ref()
    }

    /// A sum of a column as it counts: by the weight of its scenario, where rows leave that out.
    #[must_use]
    pub fn weighed(&self, unit: usize, column: usize, sum: i128) -> i128 {
        match &self.expiries {
            Some(known) => known.weights[unit][column].of(sum),
            None => sum,
        }
    }

    /// Value of one lot of a row now, in quanta: known where a charge nets by expiry, else 0.
    #[must_use]
    pub fn value_now(&self, row: RowId) -> i64 {
        self.expiries.as_ref().map_or(0, |known| known.now[row.index()])
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

/// `lots` of coin at so many quanta a coin, rounded down; whole coins and whole multiples apart, so
/// that no product is much larger than the result.
fn of_coins(lots: i128, per_coin: i128) -> i128 {
    let ((whole, part), (over, rest)) = (coins_and_lots(lots), coins_and_lots(per_coin));
    whole * per_coin + part * over + product_over_coin(part, rest)
}

/// Whole multiples of [`COIN_LOTS`], and what is left: by one multiplication where a word holds it.
fn coins_and_lots(of: i128) -> (i128, i128) {
    const LOTS: i64 = COIN_LOTS as i64;
    match i64::try_from(of) {
        Ok(of) => (of.div_euclid(LOTS).into(), of.rem_euclid(LOTS).into()),
        Err(_) => (of.div_euclid(COIN_LOTS), of.rem_euclid(COIN_LOTS)),
    }
}

/// `a b / COIN_LOTS` rounded down, of two numbers from zero to below it: estimated, and put right
/// by what is left, since a division of 128 bits takes longer than all the rest.
fn product_over_coin(a: i128, b: i128) -> i128 {
    let product = a * b;
    let estimate = (a as f64 * b as f64 / COIN_LOTS as f64) as i128;
    let left = product - estimate * COIN_LOTS;
    estimate + i128::from(left >= COIN_LOTS) - i128::from(left < 0)
}

/// The whole lots of a coin amount, rounded down.
#[must_use]
pub fn coin_lots(amount: Quantity) -> i128 {
    amount.decimal().raw().div_euclid(STEPS_A_LOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coins_are_the_floor_of_the_product(
            lots in -(1i128 << 70)..(1 << 70), per_coin in -(1i128 << 50)..(1 << 50),
            near in 0i128..4,
        ) {
            let floor = |lots: i128, per: i128| (lots * per).div_euclid(COIN_LOTS);
            prop_assert_eq!(of_coins(lots, per_coin), floor(lots, per_coin));
            // Near whole coins, where an estimate is off by one if ever.
            let edge = COIN_LOTS - near;
            for one in [edge, -edge, 0, 1, -1, COIN_LOTS] {
                prop_assert_eq!(of_coins(one, per_coin), floor(one, per_coin));
                prop_assert_eq!(of_coins(one, edge), floor(one, edge));
            }
        }
    }
}
