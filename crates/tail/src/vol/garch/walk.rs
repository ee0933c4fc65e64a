//! Forecasts as they would have been made: fitted again from time to time, each fit to what had
//! happened by then.

use super::{Fit, Garch};
use crate::{Ewma, TailError};
use std::ops::Range;

/// When to fit, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Returns before the first fit; until then the fallback forecasts.
    pub first: usize,
    /// Returns from one fit to the next, at least one.
    pub every: usize,
    /// How many of the last returns are fitted; all of them where it is `None`.
    pub window: Option<usize>,
}

/// Forecasts that knew nothing of what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Walked {
    /// `n + 1` variances for `n` returns, each from the returns before it.
    pub variances: Vec<f64>,
    /// How many fits there were.
    pub fits: usize,
    /// The last of them.
    pub last: Option<Fit>,
    /// From which return on the fallback stood in for a fit that failed, and why: to be shown
    /// wherever the numbers are.
    pub fell_back: Vec<(usize, String)>,
}

impl Garch {
    /// The forecast of each return of a history by the fit of its time. Where a fit fails,
    /// `fallback` forecasts until the next one.
    ///
    /// # Errors
    /// When the schedule has no step or the fallback cannot be computed.
    pub fn walk(
        self,
        returns: &[f64],
        schedule: Schedule,
        fallback: Ewma,
    ) -> Result<Walked, TailError> {
        if schedule.every == 0 {
            return Err(TailError::number("returns from fit to fit", "one or more", 0.0));
        }
        let variances = fallback.variances(returns)?;
        let mut walked = Walked { variances, fits: 0, last: None, fell_back: Vec::new() };
        let mut from = schedule.first;
        while from <= returns.len() {
            let to = (from + schedule.every).min(returns.len() + 1);
            let begin = schedule.window.map_or(0, |window| from.saturating_sub(window));
            walked.stretch(self, returns, begin, from..to);
            from = to;
        }
        Ok(walked)
    }
}

impl Walked {
    /// Forecasts `stretch` by a fit to the returns from `begin` to where it starts.
    fn stretch(&mut self, model: Garch, returns: &[f64], begin: usize, stretch: Range<usize>) {
        let known = &returns[begin..stretch.start];
        // From where the last fit ended; afresh where that leads nowhere.
        let warm = self.last.as_ref().and_then(|last| model.refit(known, last).ok());
        let fit = match warm.map_or_else(|| model.fit(known), Ok) {
            Ok(fit) => fit,
            Err(why) => {
                self.fell_back.push((stretch.start, why.to_string()));
                return;
            }
        };
        let mut variance = fit.next_variance(known);
        for t in stretch {
            self.variances[t] = variance;
            if let Some(r) = returns.get(t) {
                variance = fit.next(variance, *r);
            }
        }
        self.fits += 1;
        self.last = Some(fit);
    }
}
