//! The risk matrix: profit of a unit over price and volatility moves.

use crate::stamp::{Context, ENGINE_VERSION, ModelRef};
use keelmark_book::{Asset, Money, Portfolio, Timestamp};
use keelmark_margin::Document;
use keelmark_margin::matrix::Matrix;
use schemars::JsonSchema;
use serde::Serialize;

/// The risk matrices of an account, one a pool and unit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MatrixReport {
    /// The account's name.
    pub account: String,
    /// Under which document.
    pub model: ModelRef,
    /// Time of the market; null where the account needs no prices and has none.
    #[serde(serialize_with = "crate::stamp::dated")]
    #[schemars(with = "Option<Timestamp>", required)]
    pub as_of: Timestamp,
    /// The matrices.
    pub matrices: Vec<UnitMatrix>,
    /// First 16 hex digits of the BLAKE3 hash of market, model and account.
    pub inputs: String,
    /// Version of the engine.
    pub engine_version: String,
}

/// Profit of one unit of a pool over a grid of moves.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UnitMatrix {
    /// The pool.
    pub pool: String,
    /// The underlying.
    pub unit: Asset,
    /// The scan that the moves are of.
    pub scan: String,
    /// What profits are in.
    pub currency: Asset,
    /// Moves of the price, of each column: -0.16 is 16 % down.
    pub moves: Vec<f64>,
    /// Moves of volatility, of each row.
    pub vols: Vec<String>,
    /// Profit, by row and column.
    pub cells: Vec<Vec<Money>>,
    /// The lowest cell.
    pub worst: WorstCell,
    /// Moves outside the grid with their weighted profit.
    pub beyond: Vec<BeyondCell>,
}

/// The lowest cell of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WorstCell {
    /// Row, from 0.
    pub row: usize,
    /// Column, from 0.
    pub column: usize,
    /// Its profit.
    pub profit: Money,
}

/// A move outside the grid.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BeyondCell {
    /// Move of the price.
    pub price_move: f64,
    /// Its weighted profit.
    pub profit: Money,
}

impl Context<'_> {
    /// The report of an account's matrices.
    #[must_use]
    pub fn matrix(
        &self,
        document: &Document,
        account: &Portfolio,
        found: &[Matrix],
    ) -> MatrixReport {
        MatrixReport {
            account: account.account.clone(),
            model: ModelRef::of(document),
            as_of: self.market.as_of,
            matrices: found.iter().map(UnitMatrix::of).collect(),
            inputs: self.digest(document, std::slice::from_ref(account)),
            engine_version: ENGINE_VERSION.to_owned(),
        }
    }
}

impl UnitMatrix {
    fn of(found: &Matrix) -> Self {
        let (row, column) = found.worst;
        let profit = found.cells.get(row).and_then(|cells| cells.get(column));
        let beyond = found.beyond.iter();
        Self {
            pool: found.pool.clone(),
            unit: found.unit.clone(),
            scan: found.scan.clone(),
            currency: found.currency.clone(),
            moves: found.moves.clone(),
            vols: found.vols.clone(),
            cells: found.cells.clone(),
            worst: WorstCell { row, column, profit: profit.copied().unwrap_or_default() },
            beyond: beyond
                .map(|(price_move, profit)| BeyondCell { price_move: *price_move, profit: *profit })
                .collect(),
        }
    }
}
