//! Draws of a t copula: joint moves that never happened together, from factors' own laws.
//!
//! A scenario draws normals of the given correlation, divides all by the same root of a chi-square,
//! so that extremes come together, and gives each factor the quantile of its own law at the
//! probability that comes of it. Factors' laws are their own samples, plain or scaled to a
//! volatility ([`super::Filter`]), with generalised Pareto tails where one is fitted.

use super::random::Random;
use super::{Horizon, Scenarios};
use crate::TailError;
use crate::correlation::Correlation;
use crate::extreme::{Estimator, Peaks, Tail};
use crate::law::StudentT;
use crate::quantile::{self, Rule};
use std::ops::Range;

/// How factors move together.
#[derive(Clone, Debug, PartialEq)]
pub struct Copula {
    root: Vec<Vec<f64>>,
    law: StudentT,
}

/// How one factor moves: its sample between two thresholds, and the tails beyond them.
#[derive(Clone, Debug, PartialEq)]
pub struct Marginal {
    sorted: Vec<f64>,
    /// Of the falls: of the sample with its sign turned.
    lower: Option<Tail>,
    upper: Option<Tail>,
}

impl Copula {
    /// A t copula with `nu` degrees of freedom: the fewer, the more extremes come together.
    ///
    /// # Errors
    /// When `nu` is not above 2, or there is no factor.
    pub fn new(correlation: &Correlation, nu: f64) -> Result<Self, TailError> {
        if !(nu > 2.0 && nu.is_finite()) {
            return Err(TailError::number("degrees of freedom of a copula", "above 2", nu));
        }
        TailError::need("factors of a copula", 1, correlation.factors())?;
        Ok(Self { root: correlation.root(), law: StudentT::new(nu) })
    }

    /// Scenarios `which.start ..`, each from a stream of its own of `seed`: `0..50` and `50..100`
    /// are together what `0..100` is, so work may be split in any way. Over a horizon, summed
    /// steps are drawn each on its own.
    ///
    /// # Errors
    /// When there is not one law and one name a factor, or the horizon has no step.
    pub fn draw(
        &self,
        names: &[String],
        laws: &[Marginal],
        which: Range<u64>,
        seed: u64,
        horizon: Horizon,
    ) -> Result<Scenarios, TailError> {
        let factors = self.root.len();
        if laws.len() != factors || names.len() != factors {
            let (names, laws) = (names.len(), laws.len());
            return Err(TailError::Unusable {
                what: "draws of a copula".to_owned(),
                problem: format!("{names} names and {laws} laws for {factors} factors"),
                remedy: "give one name and one law a factor of the correlation",
            });
        }
        let (summed, scale) = (horizon.summed()?, horizon.scale());
        let labels: Vec<String> = which.clone().map(|one| format!("copula {one}")).collect();
        let mut moves = vec![Vec::with_capacity(labels.len()); factors];
        let mut normals = vec![0.0; factors];
        let mut sums = vec![0.0; factors];
        for stream in which {
            let mut random = Random::new(seed, stream);
            sums.fill(0.0);
            for _ in 0..summed {
                self.add_step(&mut random, laws, &mut normals, &mut sums);
            }
            for (column, sum) in moves.iter_mut().zip(&sums) {
                column.push(scale * sum);
            }
        }
        Ok(Scenarios { labels, names: names.to_vec(), moves })
    }

    fn add_step(
        &self,
        random: &mut Random,
        laws: &[Marginal],
        normals: &mut [f64],
        sums: &mut [f64],
    ) {
        normals.iter_mut().for_each(|one| *one = random.normal());
        let nu = self.law.nu();
        let together = (nu / random.chi_square(nu)).sqrt();
        for ((row, law), sum) in self.root.iter().zip(laws).zip(sums) {
            let z: f64 = row.iter().zip(&*normals).map(|(weight, one)| weight * one).sum();
            *sum += law.quantile(self.law.cdf(together * z));
        }
    }
}

impl Marginal {
    /// The sample alone: no move is larger than one that happened.
    ///
    /// # Errors
    /// When there is no value, or one is not a number.
    pub fn empirical(sample: &[f64]) -> Result<Self, TailError> {
        Ok(Self { sorted: quantile::sorted(sample)?, lower: None, upper: None })
    }

    /// The sample with a generalised Pareto tail on either side, beyond the quantile `threshold`
    /// (such as 0.95) of falls and of rises.
    ///
    /// # Errors
    /// When there is no value, one is not a number, the threshold is not in (0.5, 1), or a tail
    /// cannot be fitted.
    pub fn with_tails(sample: &[f64], threshold: f64, by: Estimator) -> Result<Self, TailError> {
        if !(threshold > 0.5 && threshold < 1.0) {
            let expected = "a share above a half and below 1, such as 0.95";
            return Err(TailError::number("the threshold of a tail", expected, threshold));
        }
        let sorted = quantile::sorted(sample)?;
        let fit = |values: &[f64]| {
            let at = Rule::Linear.of(values, threshold)?;
            Peaks::above(values, at)?.fit(by)
        };
        let falls: Vec<f64> = sample.iter().map(|one| -one).collect();
        Ok(Self { lower: Some(fit(&falls)?), upper: Some(fit(sample)?), sorted })
    }

    /// The move that is not passed with probability `p`, in (0, 1).
    pub fn quantile(&self, p: f64) -> f64 {
        if let Some(tail) = &self.upper
            && 1.0 - p < tail.share
        {
            return tail.threshold + tail.law.excess_at((1.0 - p) / tail.share);
        }
        if let Some(tail) = &self.lower
            && p < tail.share
        {
            return -tail.threshold - tail.law.excess_at(p / tail.share);
        }
        let inner = Rule::Linear.of_sorted(&self.sorted, p);
        // Between the thresholds, so that a quantile never falls as its probability rises.
        let least = self.lower.map_or(f64::NEG_INFINITY, |tail| -tail.threshold);
        let most = self.upper.map_or(f64::INFINITY, |tail| tail.threshold);
        inner.max(least).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Way;
    use super::*;
    use crate::law::normal_quantile;
    use proptest::prelude::*;

    fn normal_sample(n: u32) -> Vec<f64> {
        (0..n).map(|i| 0.02 * normal_quantile((f64::from(i) + 0.5) / f64::from(n))).collect()
    }

    fn two(rho: f64) -> Correlation {
        Correlation::new(&[vec![1.0, rho], vec![rho, 1.0]]).unwrap()
    }

    fn names() -> Vec<String> {
        ["A", "B"].map(str::to_owned).into()
    }

    /// Kendall's tau.
    fn concordance(a: &[f64], b: &[f64]) -> f64 {
        let mut sum = 0.0;
        for i in 0..a.len() {
            for j in 0..i {
                sum += ((a[i] - a[j]) * (b[i] - b[j])).signum();
            }
        }
        sum / (a.len() * (a.len() - 1) / 2) as f64
    }

    #[test]
    fn any_split_has_the_same_bits() {
        let copula = Copula::new(&two(0.8), 4.0).unwrap();
        let law = Marginal::with_tails(&normal_sample(500), 0.9, Estimator::Moments).unwrap();
        let laws = [law.clone(), law];
        for way in [Way::Summed, Way::Scaled] {
            let horizon = Horizon { steps: 3, way };
            let draw = |which| copula.draw(&names(), &laws, which, 42, horizon).unwrap();
            let parts = draw(0..7).and(draw(7..20)).unwrap();
            assert_eq!(draw(0..20), parts);
            assert_eq!(draw(17..18).labels, ["copula 17"]);
            assert_eq!(draw(17..18).moves[1][0], parts.moves[1][17]);
            assert_ne!(draw(0..20), copula.draw(&names(), &laws, 0..20, 43, horizon).unwrap());
        }
    }

    #[test]
    fn the_first_draws_of_a_seed_stay_what_they_are() {
        let copula = Copula::new(&two(0.5), 4.0).unwrap();
        let law = Marginal::empirical(&normal_sample(1_000)).unwrap();
        let found = copula.draw(&names(), &[law.clone(), law], 0..2, 1, Horizon::ONE).unwrap();
        let bits: Vec<u64> = found.moves.iter().flatten().map(|one| one.to_bits()).collect();
        assert_eq!(bits, BITS, "{found:?}");
    }

    const BITS: [u64; 4] = [
        4_585_132_330_639_521_389,
        13_804_144_845_936_052_108,
        4_583_493_286_163_475_003,
        13_808_097_813_466_034_310,
    ];

    #[test]
    fn few_degrees_bring_extremes_together() {
        let law = Marginal::empirical(&normal_sample(2_000)).unwrap();
        let laws = [law.clone(), law];
        let both = |nu| {
            let copula = Copula::new(&two(0.3), nu).unwrap();
            let found = copula.draw(&names(), &laws, 0..20_000, 5, Horizon::ONE).unwrap();
            let low = laws[0].quantile(0.02);
            let pairs = found.moves[0].iter().zip(&found.moves[1]);
            pairs.filter(|(a, b)| **a < low && **b < low).count()
        };
        assert!(both(2.5) > 2 * both(1e4), "{} {}", both(2.5), both(1e4));
    }

    #[test]
    fn tails_pass_what_happened_and_quantiles_rise() {
        let law = Marginal::with_tails(&normal_sample(2_000), 0.95, Estimator::Likelihood).unwrap();
        assert!(law.quantile(1.0 - 1e-6) > law.sorted[1_999]);
        assert!(law.quantile(1e-6) < law.sorted[0]);
        let steps = (1..10_000).map(|i| law.quantile(f64::from(i) / 10_000.0));
        let steps: Vec<f64> = steps.collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]));
        let said = Marginal::with_tails(&[0.1; 50], 0.9, Estimator::Moments).unwrap_err();
        assert!(said.to_string().contains("needs 10"), "{said}");
        assert!(Marginal::with_tails(&[0.1], 0.4, Estimator::Moments).is_err());
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let law = Marginal::empirical(&[0.1, -0.1]).unwrap();
        let copula = Copula::new(&two(0.5), 4.0).unwrap();
        let said = copula.draw(&names(), &[law], 0..1, 1, Horizon::ONE).unwrap_err();
        assert!(said.to_string().contains("1 laws for 2 factors"));
        assert!(Copula::new(&two(0.5), 2.0).is_err());
        assert!(Copula::new(&Correlation::identity(0), 4.0).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// Whatever the degrees of freedom, ranks agree as the correlation says: Kendall's tau is
        /// `2/pi asin(rho)`. And each factor keeps its own law.
        #[test]
        fn ranks_agree_as_the_correlation_says(
            rho in -0.95f64..0.95,
            nu in 2.1f64..50.0,
            seed in any::<u64>(),
        ) {
            let sample = normal_sample(2_000);
            let law = Marginal::empirical(&sample).unwrap();
            let copula = Copula::new(&two(rho), nu).unwrap();
            let laws = [law.clone(), law];
            let found = copula.draw(&names(), &laws, 0..1_500, seed, Horizon::ONE).unwrap();
            let expected = 2.0 / std::f64::consts::PI * rho.asin();
            let tau = concordance(&found.moves[0], &found.moves[1]);
            prop_assert!((tau - expected).abs() < 0.08, "{tau} {expected}");
            let square = found.moves[1].iter().map(|one| one * one).sum::<f64>() / 1_500.0;
            prop_assert!((square.sqrt() / 0.02 - 1.0).abs() < 0.12);
        }
    }
}
