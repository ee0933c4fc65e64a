//! The risk matrix: profit of a pool over price and volatility, the worst cell marked.
//!
//! For a model with a grid scan it is the netted scan itself, so that the worst cell is the one
//! that the requirement comes from; for any other a plain grid.

use crate::document::Document;
use crate::document::tree::Node;
use crate::error::MarginError;
use crate::exposure::Exposure;
use crate::margin::{AccountMargin, PoolMargin, margin, pool_exposure};
use crate::scan::{Scan, Scenario, VolMove};
use crate::table::RiskTable;
use keelmark_book::{Asset, Decimal, InputError, Market, Money, Portfolio, Round};

/// Profit of one unit of a pool over price and volatility.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// The pool's name.
    pub pool: String,
    /// The underlying that moves.
    pub unit: Asset,
    /// What the cells are in.
    pub currency: Asset,
    /// Whose scan it is: the document's, or the plain grid.
    pub scan: String,
    /// Price moves, ascending, as fractions.
    pub moves: Vec<f64>,
    /// Volatility moves: `up`, `same`, `down`, in this order, those there are.
    pub vols: Vec<String>,
    /// Profit, by volatility and price move.
    pub cells: Vec<Vec<Money>>,
    /// Volatility and price index of the lowest cell: the first from the left and the top.
    pub worst: (usize, usize),
    /// Moves beyond the grid, with the profit that counts in each.
    pub beyond: Vec<(f64, Money)>,
}

/// The grid for models without one.
const PLAIN: &str = "\
name = \"plain grid\"
price_range = \"0.16\"
grid_steps = 4
vols = [\"down\", \"same\", \"up\"]
vol_up = \"0.30\"
vol_down = \"0.30\"
";

/// A matrix for every unit of every pool that holds something.
///
/// # Errors
/// [`MarginError`] as for the margin itself.
pub fn matrices(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Result<Vec<Matrix>, MarginError> {
    matrices_of(document, market, &margin(document, market, account)?)
}

/// Matrices of an account whose margin is known.
///
/// # Errors
/// As [`matrices`].
pub fn matrices_of(
    document: &Document,
    market: &Market,
    now: &AccountMargin,
) -> Result<Vec<Matrix>, MarginError> {
    let grid = document.scans.iter().position(is_grid);
    let gridded;
    let (document, grid) = match grid {
        Some(grid) => (document, grid),
        None => {
            let plain = plain().map_err(|error| MarginError::Unsupported(error.to_string()))?;
            gridded = document
                .with_scan(plain)
                .map_err(|error| MarginError::Unsupported(error.to_string()))?;
            (&gridded, document.scans.len())
        }
    };
    let mut out = Vec::new();
    for pool in &now.pools {
        let table = RiskTable::compile_pool(document, market, &pool.pool)?;
        out.extend(of_pool(document, market, &table, pool, grid)?);
    }
    Ok(out)
}

fn is_grid(scan: &Scan) -> bool {
    let moves = scan
        .scenarios
        .iter()
        .map(|one| one.price.to_bits())
        .collect::<std::collections::BTreeSet<_>>();
    let full = scan.scenarios.len().is_multiple_of(moves.len().max(1));
    let whole = |one: &Scenario| one.weight.values().all(|weight| weight == Decimal::ONE);
    moves.len() >= 3 && full && scan.scenarios.iter().all(|one| !one.absolute && whole(one))
}

fn plain() -> Result<Scan, InputError> {
    let node = Node::parse("plain grid", PLAIN)?;
    Scan::read(&mut crate::document::Fields::of(&node)?)
}

fn of_pool(
    document: &Document,
    market: &Market,
    table: &RiskTable,
    pool: &PoolMargin,
    grid: usize,
) -> Result<Vec<Matrix>, MarginError> {
    let exposure = pool_exposure(document, market, table, &pool.pool, &pool.equity)?;
    let mut out = Vec::new();
    for unit in 0..table.units.len() {
        out.push(of_unit(document, table, pool, &exposure, unit, grid)?);
    }
    Ok(out)
}

fn of_unit(
    document: &Document,
    table: &RiskTable,
    pool: &PoolMargin,
    exposure: &Exposure,
    unit: usize,
    grid: usize,
) -> Result<Matrix, MarginError> {
    let scan = &document.scans[grid];
    let range = table.units[unit].ranges[grid];
    let mut moves: Vec<f64> = scan.scenarios.iter().map(|one| one.price).collect();
    moves.sort_by(f64::total_cmp);
    moves.dedup();
    let order = [VolMove::Up, VolMove::Same, VolMove::Down];
    let vols: Vec<VolMove> =
        order.into_iter().filter(|vol| scan.scenarios.iter().any(|one| one.vol == *vol)).collect();
    let charges = pool.charges.iter().flat_map(|charge| &charge.plain.scans);
    let scans: Vec<_> = charges.filter(|scan| scan.unit == unit).collect();
    let mut cells = vec![vec![Money::ZERO; moves.len()]; vols.len()];
    let mut beyond = Vec::new();
    for (column, cell) in table.cells.iter().enumerate() {
        // Where a charge looked at the column, it shows what it counted.
        let looked = scans.iter().find_map(|scan| {
            let place = scan.columns.iter().position(|own| *own == column)?;
            scan.before.get(place).copied()
        });
        let sum = exposure.cells(unit)[column] + exposure.coin_cells(unit)[column];
        let profit = looked.map_or_else(|| table.money(sum, Round::Down), Ok)?;
        // A joint scenario moves all underlyings, each by its own: it has no place on a grid.
        let Some(scenario) = document.scans[cell.scan].scenarios.get(cell.scenario) else {
            continue;
        };
        if cell.scan == grid {
            let row = vols.iter().position(|vol| *vol == scenario.vol);
            let place = moves.iter().position(|one| *one == scenario.price);
            if let (Some(row), Some(place)) = (row, place) {
                cells[row][place] = profit;
            }
        } else if scenario.absolute {
            beyond.push((scenario.price, profit));
        }
    }
    let mut worst = (0, 0);
    for place in 0..moves.len() {
        for row in 0..vols.len() {
            if cells[row][place] < cells[worst.0][worst.1] {
                worst = (row, place);
            }
        }
    }
    Ok(Matrix {
        pool: pool.pool.name.clone(),
        unit: table.units[unit].underlying.clone(),
        currency: table.currency.clone(),
        scan: scan.name.clone(),
        moves: moves.iter().map(|one| one * range).collect(),
        vols: vols.iter().map(ToString::to_string).collect(),
        cells,
        worst,
        beyond,
    })
}
