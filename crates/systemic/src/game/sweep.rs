//! One or two parameters over a range: the cells of a picture.

use super::found::Failure;
use super::setting::Game;
use keelmark_book::InputError;
use serde::{Deserialize, Serialize};

/// Cells of a sweep, at most.
pub const CELLS: usize = 10_000;

/// A parameter over a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The parameter.
    pub parameter: String,
    /// The first value.
    pub from: f64,
    /// The last.
    pub to: f64,
    /// How many, two or more.
    pub count: usize,
}

/// What was found at one value of each parameter.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Its number, the last parameter moving fastest.
    pub cell: usize,
    /// The values.
    pub values: Vec<f64>,
    /// What is missing on average.
    pub shortfall: f64,
    /// Share of the paths on which more is missing than the fund has.
    pub ruin: f64,
    /// Share of the debt that finds nobody.
    pub nobody: f64,
    /// Keepers who come to a lot on average, by debt.
    pub come: f64,
    /// What owners lose.
    pub owners: f64,
    /// What keepers keep.
    pub keepers: f64,
    /// Whether it holds.
    pub holds: bool,
    /// Whether it is the fund that is too small, where it does not.
    pub fund_fails: bool,
    /// The largest gain from playing otherwise, as a share of the prize.
    pub exploitability: f64,
}

impl Axis {
    /// Reads `bonus=0.01..0.15:15`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected PARAMETER=FROM..TO:COUNT, found {text:?}");
        let (parameter, range) = text.split_once('=').ok_or_else(wrong)?;
        let (ends, count) = range.rsplit_once(':').ok_or_else(wrong)?;
        let (from, to) = ends.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<f64>().ok().filter(|one| one.is_finite());
        let (from, to) = (number(from).ok_or_else(wrong)?, number(to).ok_or_else(wrong)?);
        let count: usize = count.parse().map_err(|_| wrong())?;
        if !(2..=CELLS).contains(&count) {
            return Err(format!("expected from 2 to {CELLS} values, found {count} in {text:?}"));
        }
        if from == to {
            return Err(format!("expected two different ends, found {text:?}"));
        }
        Ok(Self { parameter: parameter.to_owned(), from, to, count })
    }

    /// One of its values, to twelve digits: what a sum rounds is not worth showing.
    pub fn value(&self, at: usize) -> f64 {
        let last = (self.count - 1) as f64;
        let exact = self.from + (self.to - self.from) * (at as f64 / last);
        format!("{exact:.12e}").parse().unwrap_or(exact)
    }
}

/// The values of a cell.
pub fn values(axes: &[Axis], cell: usize) -> Vec<f64> {
    let mut left = cell;
    let mut out = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        out.push(axis.value(left % axis.count));
        left /= axis.count;
    }
    out.reverse();
    out
}

impl Game {
    /// The game of a cell.
    ///
    /// # Errors
    /// Where a value makes no sense in the game.
    pub fn moved(&self, axes: &[Axis], cell: usize) -> Result<Self, InputError> {
        let texts: Vec<String> =
            values(axes, cell).iter().map(|one| super::file::shown(*one)).collect();
        let names = axes.iter().map(|axis| axis.parameter.as_str());
        let changes: Vec<(&str, &str)> = names.zip(texts.iter().map(String::as_str)).collect();
        self.with(&changes)
    }

    /// What is found in a cell.
    ///
    /// # Errors
    /// As [`Game::moved`].
    pub fn cell(&self, axes: &[Axis], cell: usize) -> Result<Cell, InputError> {
        let moved = self.moved(axes, cell)?;
        let found = moved.found();
        let failure = moved.failure(&found);
        Ok(Cell {
            cell,
            values: values(axes, cell),
            shortfall: found.shortfall,
            ruin: found.ruin,
            nobody: found.nobody,
            come: moved.by_debt(&found.fates, |fate| fate.come),
            owners: found.flows.owners,
            keepers: found.flows.keepers.iter().sum(),
            holds: failure.is_none(),
            fund_fails: failure == Some(Failure::Fund),
            exploitability: found.exploitability(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_read_and_its_values_are_round() {
        let axis = Axis::parse("bonus=0.01..0.15:15").unwrap();
        assert_eq!((axis.value(0), axis.value(2), axis.value(14)), (0.01, 0.03, 0.15));
        for wrong in ["bonus", "bonus=1..2", "bonus=1:3", "b=1..x:3", "b=1..2:1", "b=1..1:3"] {
            assert!(Axis::parse(wrong).is_err(), "{wrong}");
        }
        let two = [axis, Axis::parse("vol=1..2:3").unwrap()];
        assert_eq!(values(&two, 4), [0.02, 1.5]);
    }
}
