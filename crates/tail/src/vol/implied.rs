//! An index of implied volatility as a forecast: what options said before each step.

use crate::TailError;
use keelmark_units::Timestamp;

/// Days of a year in which volatility is quoted where trading never stops.
pub const DAYS: f64 = 365.0;

/// An index of implied volatility.
#[derive(Clone, Debug, PartialEq)]
pub struct Implied {
    times: Vec<Timestamp>,
    /// Annual, as a fraction: 0.6 is 60 %.
    levels: Vec<f64>,
    /// Days after which a level is too old to speak.
    oldest: f64,
}

impl Implied {
    /// Levels at ascending times, annual and as fractions; `oldest` in days.
    ///
    /// # Errors
    /// When the columns differ in length, times do not ascend, a level is not between 0 and 20
    /// (2,000 %: percent are to be divided by 100), or `oldest` is not above zero.
    pub fn new(times: Vec<Timestamp>, levels: Vec<f64>, oldest: f64) -> Result<Self, TailError> {
        let unusable = |problem: String, remedy| {
            let what = "the implied volatility".to_owned();
            Err(TailError::Unusable { what, problem, remedy })
        };
        if times.len() != levels.len() {
            let problem = format!("{} times, but {} levels", times.len(), levels.len());
            return unusable(problem, "give one level a time");
        }
        if let Some(at) = times.windows(2).position(|pair| pair[0] >= pair[1]) {
            let problem = format!("{} is followed by {}", times[at], times[at + 1]);
            return unusable(problem, "sort the rows by time, one a time");
        }
        if let Some(at) = levels.iter().position(|level| !(*level > 0.0 && *level < 20.0)) {
            let problem = format!("the level at {} is {}", times[at], levels[at]);
            return unusable(problem, "expected an annual fraction: 0.6 for 60 %");
        }
        if !(oldest > 0.0 && oldest.is_finite()) {
            return Err(TailError::number("the oldest level in days", "above zero", oldest));
        }
        Ok(Self { times, levels, oldest })
    }

    /// The variance of the step of `days` that begins at each of `starts`, by the last level known
    /// then. The times of `n + 1` prices give the path of their `n` returns and the next.
    ///
    /// # Errors
    /// When no level is known yet, or the last is too old: with the time.
    pub fn variances(&self, starts: &[Timestamp], days: f64) -> Result<Vec<f64>, TailError> {
        if !(days > 0.0 && days.is_finite()) {
            return Err(TailError::number("days of a step", "above zero", days));
        }
        starts
            .iter()
            .map(|start| self.at(*start).map(|level| level * level * days / DAYS))
            .collect()
    }

    /// The level known at a time.
    ///
    /// # Errors
    /// As [`Implied::variances`].
    pub fn at(&self, time: Timestamp) -> Result<f64, TailError> {
        let unusable = |problem: String, remedy| {
            let what = format!("the implied volatility at {time}");
            Err(TailError::Unusable { what, problem, remedy })
        };
        let known = self.times.partition_point(|other| *other <= time);
        if known == 0 {
            return unusable("no level is known yet".to_owned(), "begin the history later");
        }
        let last = self.times[known - 1];
        if time.days_since(last) > self.oldest {
            let problem = format!("the last level is of {last}, older than {} days", self.oldest);
            return unusable(problem, "fill the gap, leave those days out, or allow older levels");
        }
        Ok(self.levels[known - 1])
    }
}

/// Variances times what squared returns were of them so far: takes the premium that options carry
/// out of a forecast, or puts in what it lacks. The factor before return `t` is the mean of
/// `r_s^2 / v_s` over all `s < t`, and 1 until there are `least` of them.
///
/// # Errors
/// When there are not one or as many variances as returns and the next, or one is not above zero.
pub fn without_premium(
    variances: &[f64],
    returns: &[f64],
    least: usize,
) -> Result<Vec<f64>, TailError> {
    TailError::need("variances of returns and the next", returns.len() + 1, variances.len())?;
    if let Some(found) = variances.iter().find(|v| !(**v > 0.0 && v.is_finite())) {
        return Err(TailError::number("a variance", "a number above zero", *found));
    }
    let mut sum = 0.0;
    let mut path = Vec::with_capacity(returns.len() + 1);
    for (t, variance) in variances.iter().take(returns.len() + 1).enumerate() {
        let factor = if t >= least.max(1) { sum / t as f64 } else { 1.0 };
        path.push(variance * factor);
        if let Some(r) = returns.get(t) {
            sum += r * r / variance;
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_millis(n * 86_400_000)
    }

    #[test]
    fn a_step_knows_the_level_at_its_start() {
        let index = Implied::new(vec![day(1), day(2), day(5)], vec![0.5, 0.6, 0.7], 2.0).unwrap();
        let found = index.variances(&[day(1), day(2), day(3), day(5)], 1.0).unwrap();
        let expected = [0.5, 0.6, 0.6, 0.7].map(|level: f64| level * level / 365.0);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-18));
        let said = |at| index.variances(&[day(at)], 1.0).unwrap_err().to_string();
        assert!(said(0).contains("no level is known yet"));
        assert!(index.at(day(4)).is_ok() && said(9).contains("older than 2 days"));
    }

    #[test]
    fn percent_and_disorder_are_refused() {
        let said = |times, levels| Implied::new(times, levels, 1.0).unwrap_err().to_string();
        assert!(said(vec![day(1)], vec![60.0]).contains("0.6 for 60 %"));
        assert!(said(vec![day(1)], vec![0.0]).contains("is 0"));
        assert!(said(vec![day(1), day(1)], vec![0.5, 0.5]).contains("followed"));
        assert!(said(vec![day(1)], vec![]).contains("0 levels"));
        assert!(Implied::new(vec![], vec![], f64::NAN).is_err());
    }

    #[test]
    fn a_premium_is_learnt_from_before() {
        let found = without_premium(&[4.0, 4.0, 8.0], &[1.0, 2.0], 2).unwrap();
        assert_eq!(found, [4.0, 4.0, 8.0 * 0.625]);
        assert!(without_premium(&[4.0], &[1.0], 2).is_err());
        assert!(without_premium(&[4.0, 0.0], &[1.0], 2).is_err());
    }
}
