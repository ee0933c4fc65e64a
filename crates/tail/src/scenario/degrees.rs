//! How strongly extremes come together: the degrees of freedom of a t copula, by likelihood.
//!
//! Each factor's values are replaced by their ranks, so that its own law does not matter (the
//! canonical likelihood of Genest, Ghoudi and Rivest 1995).

use crate::TailError;
use crate::correlation::Correlation;
use crate::law::StudentT;
use keelmark_kernels::{exp, ln};

/// Degrees that are looked at: at the upper end extremes come together as under the normal law.
const NU: [f64; 2] = [2.05, 100.0];
/// The logarithm of the degrees is found this near.
const CLOSE: f64 = 1e-4;
/// The golden section.
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// The likeliest degrees of freedom of `samples[factor][time]` under a correlation, between 2.05
/// and 100.
///
/// # Errors
/// When there are fewer than two factors or 50 times, factors differ in length, a value is not a
/// number, or one factor determines another.
pub fn degrees(samples: &[Vec<f64>], correlation: &Correlation) -> Result<f64, TailError> {
    TailError::need("factors of a copula", 2, samples.len())?;
    let n = samples[0].len();
    TailError::need("times of a copula", 50, n)?;
    let wrong = samples.iter().any(|one| one.len() != n) || correlation.factors() != samples.len();
    if wrong {
        return Err(unusable("samples and correlation differ in size", "align the histories"));
    }
    if let Some(found) = samples.iter().flatten().find(|one| !one.is_finite()) {
        return Err(TailError::number("a value of a copula", "a number", *found));
    }
    let root = correlation.root();
    if (0..root.len()).any(|i| root[i][i] < 1e-4) {
        return Err(unusable("one factor determines another", "leave one of them out"));
    }
    let ranks: Vec<Vec<usize>> = samples.iter().map(|one| ranks(one)).collect();
    let value = |log_nu: f64| likelihood(exp(log_nu), &ranks, &root);
    Ok(exp(highest(ln(NU[0]), ln(NU[1]), value)))
}

/// Where a function with one top is highest, by golden sections.
fn highest(from: f64, to: f64, value: impl Fn(f64) -> f64) -> f64 {
    let (mut a, mut d) = (from, to);
    let (mut b, mut c) = (d - GOLDEN * (d - a), a + GOLDEN * (d - a));
    let (mut at_b, mut at_c) = (value(b), value(c));
    while d - a > CLOSE {
        if at_b > at_c {
            (d, c, at_c) = (c, b, at_b);
            b = d - GOLDEN * (d - a);
            at_b = value(b);
        } else {
            (a, b, at_b) = (b, c, at_c);
            c = a + GOLDEN * (d - a);
            at_c = value(c);
        }
    }
    0.5 * (a + d)
}

/// The rank of each value, from 0; of equal ones the earlier is lower.
fn ranks(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0; values.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = rank;
    }
    ranks
}

/// The log-likelihood of the copula but for what does not depend on `nu`.
fn likelihood(nu: f64, ranks: &[Vec<usize>], root: &[Vec<f64>]) -> f64 {
    let (n, factors) = (ranks[0].len(), ranks.len() as f64);
    let law = StudentT::new(nu);
    // Ranks are the same numbers for each factor, so each quantile is found once.
    let quantiles: Vec<f64> =
        (0..n).map(|rank| law.quantile((rank as f64 + 1.0) / (n as f64 + 1.0))).collect();
    let gamma = |x: f64| libm::lgamma(0.5 * x);
    let constant = gamma(nu + factors) + (factors - 1.0) * gamma(nu) - factors * gamma(nu + 1.0);
    let mut sum = n as f64 * constant;
    let mut solved = vec![0.0; ranks.len()];
    for t in 0..n {
        let mut square = 0.0;
        for (i, row) in root.iter().enumerate() {
            let x = quantiles[ranks[i][t]];
            let known: f64 = row.iter().zip(&solved[..i]).map(|(a, b)| a * b).sum();
            solved[i] = (x - known) / row[i];
            square += solved[i] * solved[i];
            sum += 0.5 * (nu + 1.0) * libm::log1p(x * x / nu);
        }
        sum -= 0.5 * (nu + factors) * libm::log1p(square / nu);
    }
    sum
}

fn unusable(problem: &str, remedy: &'static str) -> TailError {
    TailError::Unusable { what: "a copula".to_owned(), problem: problem.to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use super::super::{Copula, Horizon, Marginal};
    use super::*;
    use crate::correlation::Target;

    #[test]
    fn the_degrees_of_draws_are_found() {
        let rho = Correlation::new(&[vec![1.0, 0.6], vec![0.6, 1.0]]).unwrap();
        let sample: Vec<f64> = (0..1_001).map(|i| f64::from(i) - 500.0).collect();
        let law = Marginal::empirical(&sample).unwrap();
        let names = ["A", "B"].map(str::to_owned);
        for (nu, least, most) in [(3.0, 2.6, 3.5), (8.0, 6.0, 11.0), (1e6, 25.0, 101.0)] {
            let copula = Copula::new(&rho, nu).unwrap();
            let laws = [law.clone(), law.clone()];
            let drawn = copula.draw(&names, &laws, 0..6_000, 3, Horizon::ONE).unwrap();
            let found = degrees(&drawn.moves, &rho).unwrap();
            assert!(found > least && found < most, "{nu} {found}");
        }
    }

    #[test]
    fn what_has_no_degrees_is_refused() {
        let one: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 61)).collect();
        let two = [one.clone(), one.clone()];
        let same = Correlation::ewma(&two, 1.0).unwrap();
        assert!(degrees(&two, &same).unwrap_err().to_string().contains("determines"));
        let apart = same.towards(Target::Identity, 0.5);
        assert!(degrees(&two[..1], &apart).is_err());
        assert!(degrees(&[one.clone(), one[..50].to_vec()], &apart).is_err());
        assert!(degrees(&[one[..20].to_vec(), one[..20].to_vec()], &apart).is_err());
        let mut broken = two.clone();
        broken[1][3] = f64::NAN;
        assert!(degrees(&broken, &apart).is_err());
    }
}
