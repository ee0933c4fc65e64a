//! Partial liquidation by shares: how much of every position has to go, and what is left.
//!
//! A venue that closes one share of all positions alike keeps the hedges of an account: equity
//! falls by a penalty, the requirement by the share. The smallest multiple of the venue's step that
//! brings maintenance over equity under its target is taken; multiples of 20 % to a ratio under
//! 90 % in the document that first needed it (`models/paradex-cross.toml` names the source).

use crate::error::MarginError;
use keelmark_book::{Decimal, Money, Rate, Round};

/// An account at the start of a liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distressed {
    /// Equity.
    pub equity: Money,
    /// Maintenance margin.
    pub maintenance: Money,
    /// Share of the maintenance margin of what is closed that goes to the venue.
    pub penalty_rate: Rate,
}

/// An account after a share of every position has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The share.
    pub share: Rate,
    /// What the venue took, rounded up.
    pub penalty: Money,
    /// Equity left, rounded down.
    pub equity: Money,
    /// Maintenance left, rounded up.
    pub maintenance: Money,
}

impl Closed {
    /// Maintenance over equity, rounded up; `None` when nothing is left.
    #[must_use]
    pub fn ratio(&self) -> Option<Rate> {
        if !self.equity.is_positive() {
            return None;
        }
        self.maintenance.ratio(self.equity, Round::Up).ok()
    }
}

impl Distressed {
    /// What is left after a share of every position has gone.
    ///
    /// # Errors
    /// When the share is not from 0 to 1, or a number does not fit.
    pub fn close(&self, share: Rate) -> Result<Closed, MarginError> {
        if share.is_negative() || share.decimal() > Decimal::ONE {
            let problem = format!("a share of {share}: expected 0 to 1");
            return Err(MarginError::Unsupported(problem));
        }
        let penalty =
            self.maintenance.times(share, Round::Up)?.times(self.penalty_rate, Round::Up)?;
        let left = Rate::new(Decimal::ONE.minus(share.decimal())?);
        Ok(Closed {
            share,
            penalty,
            equity: self.equity.minus(penalty)?,
            maintenance: self.maintenance.times(left, Round::Up)?,
        })
    }

    /// The smallest multiple of `step` after which maintenance over equity is below `target`; all
    /// of it where none is.
    ///
    /// # Errors
    /// When the step is not above 0, or a number does not fit.
    pub fn smallest(&self, step: Rate, target: Rate) -> Result<Closed, MarginError> {
        if !step.decimal().is_positive() {
            let problem = format!("a step of {step}: expected above 0");
            return Err(MarginError::Unsupported(problem));
        }
        let mut share = step;
        loop {
            let closed = self.close(Rate::new(share.decimal().min(Decimal::ONE)))?;
            let enough = closed.ratio().is_some_and(|ratio| ratio.decimal() < target.decimal());
            if enough || share.decimal() >= Decimal::ONE {
                return Ok(closed);
            }
            share = Rate::new(share.decimal().plus(step.decimal())?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(equity: &str, maintenance: &str) -> Distressed {
        Distressed {
            equity: equity.parse().unwrap(),
            maintenance: maintenance.parse().unwrap(),
            penalty_rate: Rate::new("0.5".parse().unwrap()),
        }
    }

    fn rate(text: &str) -> Rate {
        Rate::new(text.parse().unwrap())
    }

    #[test]
    fn the_smallest_share_under_the_target_is_taken() {
        let found = account("80", "88.8").smallest(rate("0.2"), rate("0.9")).unwrap();
        assert_eq!(found.share, rate("0.4"));
        assert_eq!(found.penalty, "17.76".parse().unwrap());
        let less = account("80", "88.8").close(rate("0.2")).unwrap();
        assert!(less.ratio().unwrap() >= rate("0.9"));
    }

    #[test]
    fn what_cannot_be_saved_is_closed_whole() {
        let found = account("10", "88.8").smallest(rate("0.3"), rate("0.9")).unwrap();
        assert_eq!(found.share, rate("1"));
        assert_eq!(found.ratio(), None);
        assert!(account("80", "88.8").smallest(rate("0"), rate("0.9")).is_err());
        assert!(account("80", "88.8").close(rate("1.1")).is_err());
    }
}
