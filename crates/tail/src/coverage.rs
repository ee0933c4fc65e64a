//! Whether failures came as often as was promised, and apart from each other.
//!
//! Kupiec's test asks how many, Christoffersen's whether one follows another, conditional coverage
//! both. `0 ln 0` is 0, and a ratio below 0 by rounding is 0.

use crate::TailError;
use crate::law::{binomial_cdf, chi_square_1_beyond, chi_square_2_beyond};
use keelmark_kernels::ln;

/// A likelihood ratio and how likely one as large is when the promise holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// `-2 ln` of the likelihood promised over the likelihood found; 0 or more.
    pub lr: f64,
    /// The chance of an `lr` as large.
    pub p_value: f64,
}

impl Test {
    /// Of one degree of freedom.
    fn one(lr: f64) -> Self {
        let lr = lr.max(0.0);
        Self { lr, p_value: chi_square_1_beyond(lr) }
    }

    /// Of two degrees of freedom.
    fn two(lr: f64) -> Self {
        let lr = lr.max(0.0);
        Self { lr, p_value: chi_square_2_beyond(lr) }
    }

    /// Whether a test at `level` (0.95) rejects the promise.
    #[must_use]
    pub fn rejects(&self, level: f64) -> bool {
        self.p_value < 1.0 - level
    }
}

/// How often a step without (0) or with (1) a failure follows a step without or with one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transitions {
    /// None after none.
    pub n00: usize,
    /// One after none.
    pub n01: usize,
    /// None after one.
    pub n10: usize,
    /// One after one.
    pub n11: usize,
}

impl Transitions {
    /// Over the successive pairs of steps.
    #[must_use]
    pub fn of(failed: &[bool]) -> Self {
        let mut found = Self::default();
        for pair in failed.windows(2) {
            let cell = match (pair[0], pair[1]) {
                (false, false) => &mut found.n00,
                (false, true) => &mut found.n01,
                (true, false) => &mut found.n10,
                (true, true) => &mut found.n11,
            };
            *cell += 1;
        }
        found
    }

    /// Christoffersen's test that a failure does not depend on the step before.
    #[must_use]
    pub fn independence(&self) -> Test {
        let (after_none, after_one) = (self.n00 + self.n01, self.n10 + self.n11);
        let failures = self.n01 + self.n11;
        let same = log_likelihood(after_none + after_one, failures);
        let apart = log_likelihood(after_none, self.n01) + log_likelihood(after_one, self.n11);
        Test::one(2.0 * (apart - same))
    }
}

/// The log-likelihood of a number of failures at the rate at which they came.
fn log_likelihood(steps: usize, failures: usize) -> f64 {
    if steps == 0 {
        return 0.0;
    }
    at_rate(steps, failures, failures as f64 / steps as f64)
}

fn at_rate(steps: usize, failures: usize, rate: f64) -> f64 {
    let part = |count: usize, chance: f64| {
        if count == 0 { 0.0 } else { count as f64 * ln(chance) }
    };
    part(steps - failures, 1.0 - rate) + part(failures, rate)
}

/// Kupiec's test that failures come at the rate `p`.
///
/// # Errors
/// When there are no steps, more failures than steps, or `p` is not between 0 and 1.
pub fn kupiec(steps: usize, failures: usize, p: f64) -> Result<Test, TailError> {
    check(steps, failures, p)?;
    let found = log_likelihood(steps, failures);
    Ok(Test::one(2.0 * (found - at_rate(steps, failures, p))))
}

/// Christoffersen's test of both: the sum of the two ratios, with two degrees of freedom.
///
/// # Errors
/// As [`kupiec`].
pub fn conditional(
    steps: usize,
    failures: usize,
    p: f64,
    transitions: &Transitions,
) -> Result<Test, TailError> {
    Ok(Test::two(kupiec(steps, failures, p)?.lr + transitions.independence().lr))
}

/// All three tests of one row of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// How many steps.
    pub steps: usize,
    /// How many of them failed.
    pub failures: usize,
    /// From step to step.
    pub transitions: Transitions,
    /// Kupiec.
    pub unconditional: Test,
    /// Christoffersen, independence.
    pub independence: Test,
    /// Christoffersen, both.
    pub conditional: Test,
}

impl Coverage {
    /// Of steps that failed or not, against the promised rate of failure.
    ///
    /// # Errors
    /// As [`kupiec`].
    pub fn of(failed: &[bool], p: f64) -> Result<Self, TailError> {
        let (steps, failures) = (failed.len(), failed.iter().filter(|one| **one).count());
        let transitions = Transitions::of(failed);
        Ok(Self {
            steps,
            failures,
            transitions,
            unconditional: kupiec(steps, failures, p)?,
            independence: transitions.independence(),
            conditional: conditional(steps, failures, p, &transitions)?,
        })
    }

    /// Failures over steps.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.failures as f64 / self.steps as f64
    }
}

/// Which of `steps` failed, from the numbers of those that did, counted from 0.
///
/// # Errors
/// When a number is none of the steps or stands twice.
pub fn from_indices(steps: usize, indices: &[usize]) -> Result<Vec<bool>, TailError> {
    let mut failed = vec![false; steps];
    for index in indices {
        let unusable = |problem| TailError::Unusable {
            what: "steps that failed".to_owned(),
            problem,
            remedy: "give each once, counted from 0",
        };
        match failed.get_mut(*index) {
            None => return Err(unusable(format!("{index} is none of {steps} steps"))),
            Some(true) => return Err(unusable(format!("{index} stands twice"))),
            Some(one) => *one = true,
        }
    }
    Ok(failed)
}

/// The numbers of failures that Kupiec's test does not reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The fewest.
    pub least: usize,
    /// The most.
    pub most: usize,
}

impl Region {
    /// The same as tables print it: the nearest numbers outside, -1 where none is too few.
    #[must_use]
    pub fn open_interval(&self) -> (i64, i64) {
        (self.least as i64 - 1, self.most as i64 + 1)
    }
}

/// What a test at `level` accepts of `steps`; none when it rejects every number.
///
/// # Errors
/// As [`kupiec`], and when `level` is not between 0 and 1.
pub fn region(steps: usize, p: f64, level: f64) -> Result<Option<Region>, TailError> {
    crate::quantile::confidence(level)?;
    check(steps, 0, p)?;
    let accepted =
        |failures: &usize| kupiec(steps, *failures, p).is_ok_and(|test| !test.rejects(level));
    // The ratio falls to the promised number and rises from it, so the first and last suffice.
    let least = (0..=steps).find(accepted);
    let most = (0..=steps).rev().find(accepted);
    Ok(least.zip(most).map(|(least, most)| Region { least, most }))
}

/// The zone of a year's failures in the supervisors' scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    /// No more than chance gives 95 times in 100.
    Green,
    /// More.
    Yellow,
    /// More than chance gives 9,999 times in 10,000.
    Red,
}

/// What a year's failures add to a bank's multiplier, in the rules of 1996 and of 2019.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basel {
    /// The zone.
    pub light: Light,
    /// Added to 3.
    pub plus_1996: f64,
    /// Added to 1.5.
    pub addon_2019: f64,
}

/// From five failures on, up to ten: the plus factor and the add-on.
const YELLOW_AND_RED: [(f64, f64); 6] =
    [(0.40, 0.20), (0.50, 0.26), (0.65, 0.33), (0.75, 0.38), (0.85, 0.42), (1.00, 0.50)];

impl Basel {
    /// By the number of failures in 250 days at 99 %.
    #[must_use]
    pub fn of(failures: usize) -> Self {
        let Some(over) = failures.checked_sub(5) else {
            return Self { light: Light::Green, plus_1996: 0.0, addon_2019: 0.0 };
        };
        let last = YELLOW_AND_RED.len() - 1;
        let (plus_1996, addon_2019) = YELLOW_AND_RED[over.min(last)];
        let light = if over >= last { Light::Red } else { Light::Yellow };
        Self { light, plus_1996, addon_2019 }
    }

    /// 3 and the plus factor.
    #[must_use]
    pub fn multiplier_1996(&self) -> f64 {
        3.0 + self.plus_1996
    }

    /// 1.5 and the add-on.
    #[must_use]
    pub fn multiplier_2019(&self) -> f64 {
        1.5 + self.addon_2019
    }
}

impl Light {
    /// By the chance that defines the zones, for any number of steps and any rate. For 250 days at
    /// 1 % it is the zone of [`Basel::of`].
    ///
    /// # Errors
    /// As [`kupiec`].
    pub fn by_chance(steps: usize, failures: usize, p: f64) -> Result<Self, TailError> {
        let chance = at_most(steps, failures, p)?;
        Ok(match chance {
            _ if chance < 0.95 => Self::Green,
            _ if chance < 0.9999 => Self::Yellow,
            _ => Self::Red,
        })
    }

    /// `green`, `yellow`, `red`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// The chance of at most `failures` in `steps` at the rate `p` (binomial).
///
/// # Errors
/// As [`kupiec`].
pub fn at_most(steps: usize, failures: usize, p: f64) -> Result<f64, TailError> {
    check(steps, failures, p)?;
    Ok(binomial_cdf(failures, steps, p))
}

fn check(steps: usize, failures: usize, p: f64) -> Result<(), TailError> {
    TailError::need("steps of a coverage test", 1, steps)?;
    if failures > steps {
        return Err(TailError::number("failures", "no more than steps", failures as f64));
    }
    if p > 0.0 && p < 1.0 {
        return Ok(());
    }
    Err(TailError::number("promised rate of failure", "a number above 0 and below 1", p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn printed_statistics_are_reproduced() {
        let pof = kupiec(1_043, 57, 0.05).unwrap();
        assert!((pof.lr - 0.46147).abs() < 6e-6 && (pof.p_value - 0.49694).abs() < 6e-6);
        let transitions = Transitions { n00: 932, n01: 53, n10: 53, n11: 4 };
        assert!((transitions.independence().lr - 0.25866).abs() < 6e-6);
        let both = conditional(1_043, 57, 0.05, &transitions).unwrap();
        assert!((both.lr - 0.72013).abs() < 6e-6 && (both.p_value - 0.69763).abs() < 6e-6);
        assert!((kupiec(250, 3, 0.01).unwrap().lr - 0.0949).abs() < 5e-5);
    }

    #[test]
    fn regions_are_those_of_the_printed_table() {
        let open = |steps, p| region(steps, p, 0.95).unwrap().unwrap().open_interval();
        assert_eq!(open(255, 0.01), (0, 7));
        assert_eq!(open(510, 0.01), (1, 11));
        assert_eq!(open(1_000, 0.01), (4, 17));
        assert_eq!(open(1_000, 0.05), (37, 65));
        assert_eq!(open(20, 0.01).0, -1);
        assert_eq!(region(1, 0.5, 0.1), Ok(None));
    }

    #[test]
    fn lights_by_count_and_by_chance_agree_on_a_year() {
        for failures in 0..=20 {
            let light = Basel::of(failures).light;
            assert_eq!(Light::by_chance(250, failures, 0.01), Ok(light), "{failures}");
        }
        assert_eq!(Basel::of(4).multiplier_1996(), 3.0);
        assert_eq!(Basel::of(7).multiplier_2019(), 1.83);
        assert_eq!(Basel::of(10), Basel::of(200));
    }

    #[test]
    fn a_long_row_does_not_underflow() {
        let found = at_most(1_000_000, 50_000, 0.05).unwrap();
        assert!((found - 0.5).abs() < 0.01, "{found}");
        assert_eq!(at_most(5, 5, 0.3), Ok(1.0));
    }

    #[test]
    fn indices_must_be_steps_and_stand_once() {
        assert_eq!(from_indices(3, &[1]), Ok(vec![false, true, false]));
        assert!(from_indices(3, &[3]).unwrap_err().to_string().contains("none of 3"));
        assert!(from_indices(3, &[1, 1]).unwrap_err().to_string().contains("twice"));
        assert!(kupiec(0, 0, 0.01).is_err());
        assert!(kupiec(5, 6, 0.01).is_err());
        assert!(kupiec(5, 1, 0.0).is_err());
    }

    proptest! {
        #[test]
        fn ratios_are_not_negative_and_add_up(
            failed in prop::collection::vec(any::<bool>(), 1..400), p in 0.001..0.5f64,
        ) {
            let found = Coverage::of(&failed, p).unwrap();
            for test in [found.unconditional, found.independence, found.conditional] {
                prop_assert!(test.lr >= 0.0 && (0.0..=1.0).contains(&test.p_value));
            }
            let sum = found.unconditional.lr + found.independence.lr;
            prop_assert_eq!(found.conditional.lr, sum);
            let Transitions { n00, n01, n10, n11 } = found.transitions;
            prop_assert_eq!(n00 + n01 + n10 + n11, failed.len() - 1);
        }

        #[test]
        fn what_a_region_holds_is_accepted_and_nothing_else(
            steps in 1usize..300, p in 0.005..0.3f64,
        ) {
            let region = region(steps, p, 0.95).unwrap();
            for failures in 0..=steps {
                let inside = region.is_some_and(|r| (r.least..=r.most).contains(&failures));
                prop_assert_eq!(inside, !kupiec(steps, failures, p).unwrap().rejects(0.95));
            }
        }
    }
}
