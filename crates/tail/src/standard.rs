//! The default model: what keelmark margins a linear position with when nobody says otherwise.
//!
//! Filtered historical simulation over volatilities of two speeds. Why these numbers, what else was
//! tried and where it fails: docs/tail-methods.md and docs/decisions/0021-default-tail-model.md.
//! Tests of the comparison of methods hold what is said there.

use crate::TailError;
use crate::measure::Side;
use crate::method::{Ascending, Path, positive};
use crate::quantile::{self, Rule};
use crate::vol::{Ewma, TwoSpeed};

/// Losses over the volatility of their day, the quantile of the last of them, at today's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoSpeedFiltered {
    /// The volatility.
    pub vol: TwoSpeed,
    /// How many losses before a step it sees once there are as many.
    pub window: usize,
    /// How many it must see; until there are `window` it sees all there are.
    pub least: usize,
    /// The share of steps whose loss it is to cover.
    pub confidence: f64,
}

/// The default model.
///
/// - Fast 0.94: half of a shock is forgotten in eleven days. Slow 0.997: in 231 days.
/// - Three parts in ten of the fast one.
/// - A day counts for at most four standard deviations, so that no day, however bad, raises the
///   volatility by more than 12 %.
/// - A thousand days, so that ten losses lie beyond the quantile; a year is enough to begin.
pub const STANDARD: TwoSpeedFiltered = TwoSpeedFiltered {
    vol: TwoSpeed { fast: Ewma::new(0.94), slow: Ewma::new(0.997), weight: 0.3, most: 4.0 },
    window: 1_000,
    least: 365,
    confidence: 0.99,
};

impl TwoSpeedFiltered {
    /// Margins of one side for the steps from `first`, each from the steps before it.
    ///
    /// # Errors
    /// When the returns before `first` are fewer than the least, or returns fewer than `first`;
    /// when they are not finite, constant or exploding; when a number of the model makes no sense;
    /// or when a margin is not above zero: the window holds no loss at this confidence.
    pub fn margins(&self, returns: &[f64], side: Side, first: usize) -> Result<Path, TailError> {
        self.check(returns, first)?;
        let vols = self.vol.volatilities(returns)?;
        let units: Vec<f64> =
            returns.iter().zip(&vols).map(|(one, vol)| side.loss(*one) / vol).collect();
        let mut seen = Ascending::of(&units[first.saturating_sub(self.window)..first]);
        let mut margins = Vec::with_capacity(returns.len() + 1 - first);
        for at in first..=returns.len() {
            let unit = Rule::OrderStatistic.of_sorted(seen.values(), self.confidence);
            margins.push(positive(unit * vols[at], at)?);
            match units.get(at) {
                Some(new) if at < self.window => seen.push(*new),
                Some(new) => seen.replace(units[at - self.window], *new),
                None => break,
            }
        }
        let next = margins.pop().unwrap_or_default();
        Ok(Path { first, margins, next })
    }

    fn check(&self, returns: &[f64], first: usize) -> Result<(), TailError> {
        quantile::confidence(self.confidence)?;
        quantile::finite("return", returns)?;
        if self.least == 0 || self.window < self.least {
            let expected = "no fewer than the least, which is one or more";
            return Err(TailError::number("window", expected, self.window as f64));
        }
        TailError::need("returns before the first margin", self.least, first)?;
        TailError::need("returns of a rolling margin", first, returns.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, by sorting each day's window.
    fn by_sorting(model: &TwoSpeedFiltered, returns: &[f64], side: Side, at: usize) -> f64 {
        let vols = model.vol.volatilities(returns).unwrap();
        let from = at.saturating_sub(model.window);
        let units: Vec<f64> = (from..at).map(|s| side.loss(returns[s]) / vols[s]).collect();
        Rule::OrderStatistic.of(&units, model.confidence).unwrap() * vols[at]
    }

    fn small(confidence: f64) -> TwoSpeedFiltered {
        let ewma = |lambda| Ewma { lambda, start: 5 };
        let vol = TwoSpeed { fast: ewma(0.8), slow: ewma(0.95), ..STANDARD.vol };
        TwoSpeedFiltered { vol, window: 40, least: 20, confidence }
    }

    #[test]
    fn no_day_raises_the_volatility_by_more_than_the_page_says() {
        let step = STANDARD.vol.largest_step();
        assert!(step > 1.11 && step < 1.12, "{step}");
    }

    #[test]
    fn too_little_is_refused() {
        let returns: Vec<f64> = (0..400).map(|i| f64::from(i % 7 - 3) / 100.0).collect();
        let said = |first| STANDARD.margins(&returns, Side::Long, first).unwrap_err().to_string();
        assert!(said(364).contains("needs 365 values, found 364"));
        assert!(said(401).contains("needs 401 values, found 400"));
        assert_eq!(STANDARD.margins(&returns, Side::Long, 400).unwrap().margins, [0.0; 0]);
        let model = TwoSpeedFiltered { window: 364, ..STANDARD };
        assert!(model.margins(&returns, Side::Long, 400).is_err());
        let rising = vec![0.01; 400];
        let said = STANDARD.margins(&rising, Side::Long, 365).unwrap_err().to_string();
        assert!(said.contains("no loss"), "{said}");
    }

    proptest! {
        #[test]
        fn a_sliding_window_is_each_days_own_and_the_future_is_not_in_it(
            returns in prop::collection::vec(-0.2f64..0.2, 60..120), long: bool,
        ) {
            let side = if long { Side::Long } else { Side::Short };
            let model = small(0.9);
            let Ok(path) = model.margins(&returns, side, 20) else { return Ok(()) };
            for (at, margin) in (20..).zip(&path.margins) {
                prop_assert_eq!(*margin, by_sorting(&model, &returns, side, at));
                let known = model.margins(&returns[..at], side, at).unwrap();
                prop_assert_eq!(known.next, *margin);
            }
            prop_assert_eq!(path.next, by_sorting(&model, &returns, side, returns.len()));
        }
    }
}
