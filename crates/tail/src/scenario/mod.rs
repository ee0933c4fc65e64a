//! Joint scenarios of several factors: what a whole set of prices, volatilities, bases and funding
//! rates might do at once over a horizon.
//!
//! Generators take [`Factors`], aligned logarithmic moves, and give [`Scenarios`]:
//! [`historical`] as they were or scaled to a volatility, [`stressed`] times, [`hypothetical`]
//! moves given by hand, and draws of a [`copula`], whose degrees of freedom [`degrees()`] finds.
//! Nothing here knows of margin: a set of scenarios becomes rows of a scan elsewhere.

pub mod copula;
pub mod degrees;
pub mod historical;
pub mod hypothetical;
mod random;
pub mod stressed;

pub use copula::{Copula, Marginal};
pub use degrees::degrees;
pub use historical::Filter;

use crate::TailError;
use keelmark_units::Timestamp;

/// Aligned moves of several factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// When each move ended, ascending.
    pub times: Vec<Timestamp>,
    /// What moved.
    pub names: Vec<String>,
    /// `[factor][time]`; never NaN.
    pub returns: Vec<Vec<f64>>,
}

/// Joint moves over one horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenarios {
    /// What each scenario is: a date, `stress: ...`, `hypothetical: ...`, `copula 17`.
    pub labels: Vec<String>,
    /// What moves.
    pub names: Vec<String>,
    /// `[factor][scenario]`, logarithmic.
    pub moves: Vec<Vec<f64>>,
}

/// How long a scenario lasts, counted in steps of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// How many steps, at least one.
    pub steps: usize,
    /// How one step becomes many.
    pub way: Way,
}

/// How one step becomes many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Sums of successive steps, which overlap in a history: keeps what follows on what.
    Summed,
    /// One step times the square root of their number: as if each step were on its own.
    Scaled,
}

impl Horizon {
    /// One step.
    pub const ONE: Self = Self { steps: 1, way: Way::Summed };

    /// The steps that each scenario is made of.
    ///
    /// # Errors
    /// When there are none.
    fn summed(self) -> Result<usize, TailError> {
        match self {
            Self { steps: 0, .. } => {
                Err(TailError::number("steps of a horizon", "one step or more", 0.0))
            }
            Self { steps, way: Way::Summed } => Ok(steps),
            Self { way: Way::Scaled, .. } => Ok(1),
        }
    }

    /// What such a sum is multiplied by.
    fn scale(self) -> f64 {
        if self.way == Way::Scaled { (self.steps as f64).sqrt() } else { 1.0 }
    }

    /// The moves over this horizon, one for each step but the first few of sums.
    fn moves(self, steps: &[f64]) -> Result<Vec<f64>, TailError> {
        let (summed, scale) = (self.summed()?, self.scale());
        TailError::need("a horizon", summed, steps.len())?;
        // Each sum anew: a running one would carry rounding from one scenario to the next.
        Ok(steps.windows(summed).map(|some| scale * some.iter().sum::<f64>()).collect())
    }
}

impl Factors {
    /// Aligned factors.
    ///
    /// # Errors
    /// When columns differ in length, a name stands twice, times do not ascend, or a move is not a
    /// number.
    pub fn new(
        times: Vec<Timestamp>,
        names: Vec<String>,
        returns: Vec<Vec<f64>>,
    ) -> Result<Self, TailError> {
        let factors = Self { times, names, returns };
        factors.check()?;
        Ok(factors)
    }

    /// How many times.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Where a factor stands.
    ///
    /// # Errors
    /// When there is none of that name: with those there are.
    pub fn place(&self, name: &str) -> Result<usize, TailError> {
        place(&self.names, name)
    }

    fn check(&self) -> Result<(), TailError> {
        let unusable = |what: &str, problem: String, remedy| {
            Err(TailError::Unusable { what: what.to_owned(), problem, remedy })
        };
        if self.names.len() != self.returns.len() {
            let problem = format!("{} names, {} columns", self.names.len(), self.returns.len());
            return unusable("the factors", problem, "give one column a name");
        }
        if let Some(at) = self.times.windows(2).position(|pair| pair[0] >= pair[1]) {
            let problem = format!("{} is followed by {}", self.times[at], self.times[at + 1]);
            return unusable("the factors", problem, "sort the rows by time, one a time");
        }
        for (at, (name, column)) in self.names.iter().zip(&self.returns).enumerate() {
            if self.names[..at].contains(name) {
                return unusable(name, "it stands twice".to_owned(), "leave one of them out");
            }
            if column.len() != self.times.len() {
                let problem = format!("{} moves, but {} times", column.len(), self.times.len());
                return unusable(name, problem, "align the histories");
            }
            if let Some(at) = column.iter().position(|one| !one.is_finite()) {
                let problem = format!("its move at {} is {}", self.times[at], column[at]);
                return unusable(name, problem, "mend that row or leave it out");
            }
        }
        Ok(())
    }
}

impl Scenarios {
    /// How many scenarios.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The moves of one factor.
    ///
    /// # Errors
    /// When there is none of that name: with those there are.
    pub fn of(&self, name: &str) -> Result<&[f64], TailError> {
        place(&self.names, name).map(|at| self.moves[at].as_slice())
    }

    /// One set after another.
    ///
    /// # Errors
    /// When they are not of the same factors in the same order.
    pub fn and(mut self, other: Self) -> Result<Self, TailError> {
        if self.names != other.names {
            return Err(TailError::Unusable {
                what: "joined scenarios".to_owned(),
                problem: format!("{:?} are not the factors {:?}", other.names, self.names),
                remedy: "make both of the same factors",
            });
        }
        self.labels.extend(other.labels);
        for (column, more) in self.moves.iter_mut().zip(other.moves) {
            column.extend(more);
        }
        Ok(self)
    }
}

fn place(names: &[String], name: &str) -> Result<usize, TailError> {
    names.iter().position(|known| known == name).ok_or_else(|| TailError::Unusable {
        what: name.to_owned(),
        problem: format!("no such factor among {}", names.join(", ")),
        remedy: "use one of these names, or add its history",
    })
}

/// A time as a label: its date, with the hour where it has one.
fn label(time: Timestamp) -> String {
    if time.hour_minute() == (0, 0) {
        let (year, month, day) = time.date();
        return format!("{year:04}-{month:02}-{day:02}");
    }
    time.to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn day(n: usize) -> Timestamp {
        Timestamp::from_millis(n as i64 * 86_400_000)
    }

    /// Factors `A`, `B` ... on successive days from 1970-01-01.
    pub(crate) fn factors(returns: &[&[f64]]) -> Factors {
        let times = (0..returns[0].len()).map(day).collect();
        let names = ["A", "B", "C", "D"].map(str::to_owned);
        let returns: Vec<Vec<f64>> = returns.iter().map(|one| one.to_vec()).collect();
        Factors::new(times, names[..returns.len()].to_vec(), returns).unwrap()
    }

    #[test]
    fn misaligned_factors_are_refused() {
        let made = |times, names: &[&str], returns| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Factors::new(times, names, returns).map_err(|error| error.to_string())
        };
        let two = || vec![day(0), day(1)];
        assert!(made(two(), &["A"], vec![]).unwrap_err().contains("1 names, 0 columns"));
        assert!(made(two(), &["A"], vec![vec![0.0]]).unwrap_err().contains("1 moves"));
        let twice = made(two(), &["A", "A"], vec![vec![0.0; 2]; 2]);
        assert!(twice.unwrap_err().contains("twice"));
        let broken = made(two(), &["A"], vec![vec![0.0, f64::NAN]]);
        assert!(broken.unwrap_err().contains("1970-01-02"));
        assert!(made(vec![day(1), day(1)], &[], vec![]).unwrap_err().contains("followed by"));
        let said = factors(&[&[0.0], &[0.0]]).place("C").unwrap_err().to_string();
        assert!(said.contains("among A, B"), "{said}");
    }

    #[test]
    fn sets_of_the_same_factors_are_joined() {
        let set = |names: &[&str], label: &str| Scenarios {
            labels: vec![label.to_owned()],
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            moves: names.iter().map(|_| vec![0.5]).collect(),
        };
        let joined = set(&["A"], "x").and(set(&["A"], "y")).unwrap();
        assert_eq!((joined.len(), joined.of("A").unwrap()), (2, [0.5, 0.5].as_slice()));
        assert!(set(&["A"], "x").and(set(&["B"], "y")).is_err());
    }

    #[test]
    fn labels_say_the_hour_where_there_is_one() {
        assert_eq!(label(day(18_333)), "2020-03-12");
        assert_eq!(label(Timestamp::from_millis(3_600_000)), "1970-01-01T01:00:00Z");
    }
}
