//! Margins against the losses that came: which failed, by how much and how close together.

use crate::TailError;
use crate::coverage::Coverage;
use crate::quantile::finite;

/// What came of margins.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaches {
    /// Which steps lost more than their margin.
    pub failed: Vec<bool>,
    /// The largest of loss less margin; below zero when every loss was covered.
    pub worst_shortfall: f64,
    /// The mean of loss less margin over the failures; none without failures.
    pub mean_shortfall: Option<f64>,
}

/// Failures close together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clusters {
    /// How many groups of failures.
    pub count: usize,
    /// The failures of the largest.
    pub largest: usize,
}

impl Breaches {
    /// Of one margin a loss.
    ///
    /// # Errors
    /// When there are none, they differ in number, or one is not finite.
    pub fn of(margins: &[f64], losses: &[f64]) -> Result<Self, TailError> {
        TailError::need("margins against losses", 1, margins.len())?;
        if margins.len() != losses.len() {
            let found = losses.len() as f64;
            return Err(TailError::number("losses", "as many as margins", found));
        }
        finite("margin", margins)?;
        finite("loss", losses)?;
        let over = || losses.iter().zip(margins).map(|(loss, margin)| loss - margin);
        let failed: Vec<bool> =
            losses.iter().zip(margins).map(|(loss, margin)| loss > margin).collect();
        let (count, sum) = over()
            .zip(&failed)
            .filter(|(_, failed)| **failed)
            .fold((0.0, 0.0), |(count, sum), (over, _)| (count + 1.0, sum + over));
        Ok(Self {
            worst_shortfall: over().fold(f64::NEG_INFINITY, f64::max),
            mean_shortfall: (count > 0.0).then(|| sum / count),
            failed,
        })
    }

    /// How many steps failed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.failed.iter().filter(|one| **one).count()
    }

    /// The three tests against a promised rate of failure.
    ///
    /// # Errors
    /// When the rate is not between 0 and 1.
    pub fn coverage(&self, p: f64) -> Result<Coverage, TailError> {
        Coverage::of(&self.failed, p)
    }

    /// Groups of failures, each within `steps` of the one before it.
    #[must_use]
    pub fn clusters(&self, steps: usize) -> Clusters {
        let mut found = Clusters::default();
        let (mut last, mut size) = (None, 0);
        for at in (0..self.failed.len()).filter(|at| self.failed[*at]) {
            let near = last.is_some_and(|last| at - last <= steps);
            size = if near { size + 1 } else { 1 };
            found.count += usize::from(!near);
            found.largest = found.largest.max(size);
            last = Some(at);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_equal_to_its_margin_is_covered() {
        let found = Breaches::of(&[1.0, 1.0, 1.0, 1.0], &[1.0, 2.0, -1.0, 4.0]).unwrap();
        assert_eq!(found.failed, [false, true, false, true]);
        assert_eq!((found.worst_shortfall, found.mean_shortfall), (3.0, Some(2.0)));
        assert_eq!(found.count(), 2);
        assert_eq!(found.clusters(1), Clusters { count: 2, largest: 1 });
        assert_eq!(found.clusters(2), Clusters { count: 1, largest: 2 });
        assert_eq!(found.coverage(0.01).unwrap().failures, 2);
    }

    #[test]
    fn without_failures_there_is_no_mean() {
        let found = Breaches::of(&[1.0], &[0.25]).unwrap();
        assert_eq!((found.worst_shortfall, found.mean_shortfall), (-0.75, None));
        assert_eq!(found.clusters(5), Clusters::default());
        assert!(Breaches::of(&[1.0], &[]).is_err());
        assert!(Breaches::of(&[], &[]).is_err());
        assert!(Breaches::of(&[1.0], &[f64::NAN]).is_err());
    }
}
