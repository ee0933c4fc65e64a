//! Ranges that a document's numbers must lie in, so that a slip of a digit is found when read.
//!
//! A range refuses what no model means, such as a share of 95 where 0.95 was meant, a negative
//! weight or a discount of zero; it does not judge whether a number is a good one.

use super::Fields;
use crate::document::tree::{Node, Value};
use crate::param::Param;
use keelmark_book::{Decimal, InputError};

/// What a number may be, and how an error says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lowest value.
    low: Decimal,
    /// Whether the lowest value itself is allowed.
    with_low: bool,
    /// The highest value, where there is one.
    high: Option<Decimal>,
    says: &'static str,
}

impl Range {
    /// Part of a whole.
    pub const SHARE: Self = Self::new(true, Some(1), "0 to 1");
    /// Part of a whole, and not nothing.
    pub const FACTOR: Self = Self::new(false, Some(1), "above 0, up to 1");
    /// A rate or a weight: more than the whole of something is possible, a thousand per cent not.
    pub const RATE: Self = Self::new(true, Some(10), "0 to 10");
    /// A volatility or an upward move of one: 2,000 % is a limit that a venue has.
    pub const VOL: Self = Self::new(true, Some(20), "0 to 20");
    /// An amount, a rate that falls with size, or another number without a natural limit.
    pub const AMOUNT: Self = Self::new(true, None, "zero or more");
    /// A number that something is divided by.
    pub const POSITIVE: Self = Self::new(false, None, "above zero");
    /// A time ahead: no scenario looks further than ten years.
    pub const DAYS: Self = Self::new(true, Some(3650), "0 to 3650");
    /// The same in years.
    pub const YEARS: Self = Self::new(true, Some(10), "0 to 10");

    const fn new(with_low: bool, high: Option<i64>, says: &'static str) -> Self {
        let high = match high {
            Some(high) => Some(Decimal::from_int(high)),
            None => None,
        };
        Self { low: Decimal::ZERO, with_low, high, says }
    }

    /// Whether a number lies in it.
    #[must_use]
    pub fn holds(&self, number: Decimal) -> bool {
        let above = if self.with_low { number >= self.low } else { number > self.low };
        above && self.high.is_none_or(|high| number <= high)
    }

    /// The number of a node, which must lie in the range.
    ///
    /// # Errors
    /// [`InputError`] at the node, with the field's name.
    pub fn number(&self, name: &str, node: &Node) -> Result<Decimal, InputError> {
        let number = node.decimal()?;
        if self.holds(number) {
            return Ok(number);
        }
        Err(node.error(format!("{name}: expected {}, found {number}", self.says)))
    }

    /// A parameter whose every number must lie in the range.
    ///
    /// # Errors
    /// [`InputError`] at the number, with the field's name and the underlying.
    pub fn param(&self, name: &str, node: &Node) -> Result<Param, InputError> {
        match &node.value {
            Value::Table(table) => {
                for (key, value) in table {
                    self.number(&format!("{name}.{key}"), value)?;
                }
            }
            _ => {
                self.number(name, node)?;
            }
        }
        Param::read(node)
    }
}

impl Fields<'_> {
    /// A parameter in a range.
    pub fn param_in(&mut self, name: &'static str, range: Range) -> Result<Param, InputError> {
        range.param(name, self.need(name)?)
    }

    /// A parameter in a range that may be absent.
    pub fn param_in_or(
        &mut self,
        name: &'static str,
        range: Range,
        other: Decimal,
    ) -> Result<Param, InputError> {
        self.get(name).map_or_else(|| Ok(Param::fixed(other)), |node| range.param(name, node))
    }

    /// A number in a range that may be absent.
    pub fn number_in(
        &mut self,
        name: &'static str,
        range: Range,
    ) -> Result<Option<Decimal>, InputError> {
        self.get(name).map(|node| range.number(name, node)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_as_said() {
        let (zero, one, two) = (Decimal::ZERO, Decimal::ONE, Decimal::from_int(2));
        let held = |range: Range| [-one, zero, one, two].map(|number| range.holds(number));
        assert_eq!(held(Range::SHARE), [false, true, true, false]);
        assert_eq!(held(Range::FACTOR), [false, false, true, false]);
        assert_eq!(held(Range::RATE), [false, true, true, true]);
        assert_eq!(held(Range::POSITIVE), [false, false, true, true]);
        assert!(!Range::RATE.holds(Decimal::from_int(11)));
    }
}
