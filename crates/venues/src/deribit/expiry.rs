//! One expiry of a chain: its forward and its volatilities.
//!
//! The forward is what call and put agree on, since the printed underlying can lag the marks of the
//! same snapshot by some ten dollars. A volatility that is not printed is solved from the mark on
//! that forward, from the out-of-the-money option of the strike: its mark is all time value, while
//! the mark of the other is mostly intrinsic value and loses the volatility in its last digits.

use super::rows::Row;
use keelmark_book::{InputError, Price, Right, Round, Timestamp};
use keelmark_pricing::{Terms, implied, parity};
use std::collections::BTreeMap;

/// Decimal places of a forward: far below a tick.
const FORWARD_PLACES: u32 = 8;
/// Forwards further apart than this share of their median are noted; printed digits explain less.
const APART: f64 = 4e-5;

/// Call and put of one strike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strike<'a> {
    /// The call's row.
    pub call: Option<&'a Row>,
    /// The put's row.
    pub put: Option<&'a Row>,
}

/// The options of one expiry.
#[derive(Clone, Debug)]
pub struct Expiry<'a> {
    /// When they settle.
    pub instant: Timestamp,
    /// Whether marks are in coin.
    pub inverse: bool,
    /// By strike.
    pub strikes: BTreeMap<Price, Strike<'a>>,
}

impl<'a> Strike<'a> {
    /// The option of a right.
    #[must_use]
    pub fn of(&self, right: Right) -> Option<&'a Row> {
        match right {
            Right::Call => self.call,
            Right::Put => self.put,
        }
    }

    fn rows(&self) -> impl Iterator<Item = &'a Row> {
        [self.call, self.put].into_iter().flatten()
    }
}

impl<'a> Expiry<'a> {
    /// An expiry without options yet.
    #[must_use]
    pub fn new(instant: Timestamp, inverse: bool) -> Self {
        Self { instant, inverse, strikes: BTreeMap::new() }
    }

    /// The forward: median over the strikes of what call and put agree on; the printed underlying,
    /// with a note, where no strike has both.
    ///
    /// Every strike counts and not only those nearest the money: where a snapshot mixes two states
    /// of the venue, a few strikes pair the call of one with the put of the other and lie between.
    ///
    /// # Errors
    /// [`InputError`] at a row, when there is no underlying either.
    pub fn forward(&self, notes: &mut Vec<String>) -> Result<Price, InputError> {
        let Some(latest) = self.rows().max_by_key(|row| row.as_of) else {
            return Err(InputError::whole("chain", "expected options of an expiry, found none"));
        };
        let agreed = |(strike, rows): (&Price, &Strike<'_>)| {
            let (call, put) = (rows.call?.mark.to_f64(), rows.put?.mark.to_f64());
            parity::forward(strike.to_f64(), call, put, self.inverse)
        };
        let mut forwards: Vec<f64> = self.strikes.iter().filter_map(agreed).collect();
        forwards.sort_by(f64::total_cmp);
        let Some(median) = median(&forwards) else {
            let printed = latest.underlying_price.ok_or_else(|| {
                latest.error("expected underlying_price (no strike has call and put), found none")
            })?;
            notes.push(format!(
                "{}: no strike of this expiry has both call and put; its forward is the printed \
                 underlying_price {printed}",
                latest.name
            ));
            return Ok(printed);
        };
        let forward = Price::from_f64(median, Round::Nearest).map_err(|e| latest.error(e))?;
        let forward = forward.decimal().round_to(FORWARD_PLACES, Round::Nearest);
        let apart = forwards.last().zip(forwards.first()).map_or(0.0, |(high, low)| high - low);
        if apart > APART * median {
            notes.push(format!(
                "expiry {}: the marks are not of one instant, since the forwards of its strikes \
                 are {apart:.2} apart; taken is their median {forward:.2}",
                self.instant
            ));
        }
        Ok(Price::new(forward))
    }

    /// The volatility of each option: as printed, else solved, else of the nearest strike that has
    /// one, with a note.
    ///
    /// # Errors
    /// [`InputError`] at a row, when no option of the expiry has a volatility.
    pub fn vols(
        &self,
        forward: Price,
        now: Timestamp,
        notes: &mut Vec<String>,
    ) -> Result<BTreeMap<Price, Vols>, InputError> {
        let mut found: BTreeMap<Price, Vols> = BTreeMap::new();
        let mut missing = Vec::new();
        self.note_zeros(notes);
        for (strike, rows) in &self.strikes {
            let printed = |row: Option<&Row>| {
                row.and_then(|row| row.mark_iv).filter(|iv| !iv.is_zero()).map(fraction)
            };
            let (mut call, mut put) = (printed(rows.call), printed(rows.put));
            let lacks = |row: Option<&Row>, vol: Option<f64>| row.is_some() && vol.is_none();
            if lacks(rows.call, call) || lacks(rows.put, put) {
                let solved = self.solve(*strike, rows, forward, now, notes).or(call).or(put);
                (call, put) = (call.or(solved), put.or(solved));
            }
            if lacks(rows.call, call) || lacks(rows.put, put) {
                missing.push(*strike);
            } else {
                found.insert(*strike, Vols { call, put });
            }
        }
        let known: Vec<(Price, f64)> = found
            .iter()
            .filter_map(|(strike, vols)| Some((*strike, vols.out_of_the_money(*strike, forward)?)))
            .collect();
        for strike in missing {
            let Some(row) = self.strikes.get(&strike).and_then(|rows| rows.rows().next()) else {
                continue;
            };
            let away = |other: Price| (other.to_f64() - strike.to_f64()).abs();
            let Some((from, vol)) = known.iter().min_by(|a, b| away(a.0).total_cmp(&away(b.0)))
            else {
                return Err(row.error(
                    "expected mark_iv, or a mark that some volatility gives, found neither in \
                     this expiry",
                ));
            };
            notes.push(format!(
                "{}: no volatility gives the mark {}; both options of the strike have that of \
                 strike {from}",
                row.name, row.mark
            ));
            found.insert(strike, Vols { call: Some(*vol), put: Some(*vol) });
        }
        Ok(found)
    }

    /// A volatility printed as zero is the venue's way to say none.
    fn note_zeros(&self, notes: &mut Vec<String>) {
        let zeros = self.rows().filter(|row| row.mark_iv.is_some_and(Price::is_zero)).count();
        if zeros > 0 {
            notes.push(format!(
                "expiry {}: mark_iv is 0 in {zeros} rows and was taken as not printed",
                self.instant
            ));
        }
    }

    /// Volatility of a strike from its marks: the option out of the money, else the other with a
    /// note.
    fn solve(
        &self,
        strike: Price,
        rows: &Strike<'_>,
        forward: Price,
        now: Timestamp,
        notes: &mut Vec<String>,
    ) -> Option<f64> {
        let years = self.instant.years_since(now);
        let at = |right: Right| {
            let mark = rows.of(right)?.mark.to_f64();
            let (forward, strike) = (forward.to_f64(), strike.to_f64());
            let price = if self.inverse { mark * forward } else { mark };
            implied::volatility(&Terms { forward, strike, years, vol: 0.0, right }, price)
        };
        let (first, second) = sides(strike, forward);
        at(first).or_else(|| {
            let vol = at(second)?;
            if let (Some(row), Some(other)) = (rows.of(first), rows.of(second)) {
                notes.push(format!(
                    "{}: no volatility gives the mark {}; taken is that of {}",
                    row.name, row.mark, other.name
                ));
            }
            Some(vol)
        })
    }

    fn rows(&self) -> impl Iterator<Item = &'a Row> {
        self.strikes.values().flat_map(Strike::rows)
    }
}

/// Volatilities of the two options of a strike, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vols {
    call: Option<f64>,
    put: Option<f64>,
}

impl Vols {
    /// The volatility of a right.
    #[must_use]
    pub fn of(&self, right: Right) -> Option<f64> {
        match right {
            Right::Call => self.call,
            Right::Put => self.put,
        }
    }

    fn out_of_the_money(&self, strike: Price, forward: Price) -> Option<f64> {
        let (first, second) = sides(strike, forward);
        self.of(first).or(self.of(second))
    }
}

/// The right that is out of the money, and the other.
fn sides(strike: Price, forward: Price) -> (Right, Right) {
    if strike >= forward { (Right::Call, Right::Put) } else { (Right::Put, Right::Call) }
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(*upper);
    }
    sorted.get(sorted.len() / 2 - 1).map(|lower| f64::midpoint(*lower, *upper))
}

/// Percent as printed to the nearest fraction, by the text: 50.34 becomes 0.5034.
fn fraction(percent: Price) -> f64 {
    let hundredth = keelmark_book::Decimal::from_raw(10_000_000_000_000_000);
    let exact = percent.decimal().times(hundredth, Round::Nearest);
    exact.ok().and_then(|one| one.to_string().parse().ok()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_keeps_its_digits() {
        assert_eq!(fraction("50.34".parse().unwrap()).to_string(), "0.5034");
        assert_eq!(fraction("171.17".parse().unwrap()).to_string(), "1.7117");
    }

    #[test]
    fn the_median_of_an_even_count_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0]), Some(1.0));
        assert_eq!(median(&[1.0, 3.0]), Some(2.0));
    }
}
