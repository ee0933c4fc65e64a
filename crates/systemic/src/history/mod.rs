//! What is asked of the records of a day that went wrong: how much was taken from whom, how fast,
//! how far prices of one coin stood apart, and what the book held meanwhile.
//!
//! Each question is a function of rows in the order in which they were recorded; amounts are in
//! the currency of the rows. Sums run in that order, so the same rows give the same bits. A row
//! that is no number is refused, never left out.
//!
//! - [`waves`], [`policy`], [`shocks`], [`coins`]: what deleveraging took
//! - [`timeline`]: when accounts were closed, and how unevenly
//! - [`dislocation`], [`below`]: two prices of one coin
//! - [`depth`]: what a book held within so much of its middle

mod depth;
mod price;
mod timeline;
mod wave;

pub use depth::{Depth, LevelDepth, LevelRow, depth};
pub use price::{Bar, Below, Dislocation, Window, below, dislocation};
pub use timeline::{Second, Timeline, timeline};
pub use wave::{
    Coin, CoinTotals, PolicyTotals, Shock, ShockTotals, Wave, WaveTotals, coins, policy, shocks,
    waves,
};

use crate::{ModelError, need};

/// The sum of one number of each row, every one of them finite.
fn total<T>(what: &'static str, rows: &[T], number: impl Fn(&T) -> f64) -> Result<f64, ModelError> {
    rows.iter().try_fold(0.0, |sum, row| {
        let found = number(row);
        need(what, found, "a number", |_| true)?;
        Ok(sum + found)
    })
}

/// A ratio; `None` of nothing.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole)
}
