//! Decimal text in and out: the only way numbers cross the boundary of the process.
//!
//! Reading never goes through `f64`: the text of a number is its value. Exponents are accepted on
//! input (venues send `8.9495e-4`) and never written.

use crate::decimal::{Decimal, PLACES};
use std::fmt;
use std::str::FromStr;

/// Text that is not a decimal number we can hold exactly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDecimalError {
    /// Not of the form `-123.45` or `1.5e-4`.
    #[error("expected a decimal number such as -123.45, found {0:?}")]
    Malformed(String),
    /// More than 18 digits after the point that are not zero.
    #[error("expected at most 18 decimal places, found {0:?}")]
    TooFine(String),
    /// Too large to hold.
    #[error("expected a magnitude up to 170141183460469231731, found {0:?}")]
    TooLarge(String),
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        let malformed = || ParseDecimalError::Malformed(shorten(text));
        let (negative, body) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match body.find(['e', 'E']) {
            Some(at) => (&body[..at], body[at + 1..].parse::<i32>().map_err(|_| malformed())?),
            None => (body, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let only_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !only_digits(whole) || !only_digits(fraction) {
            return Err(malformed());
        }
        let digits: String = [whole, fraction].concat();
        let raw = scale(&digits, i64::from(exponent) - fraction.len() as i64, text)?;
        Ok(Self::from_raw(if negative { -raw } else { raw }))
    }
}

/// `digits` times 10^`exponent` as a count of 10^-18.
fn scale(digits: &str, exponent: i64, text: &str) -> Result<i128, ParseDecimalError> {
    let too_large = || ParseDecimalError::TooLarge(shorten(text));
    let trimmed = digits.trim_start_matches('0');
    let significant = trimmed.trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    let shift = exponent + (trimmed.len() - significant.len()) as i64 + i64::from(PLACES);
    if shift < 0 {
        return Err(ParseDecimalError::TooFine(shorten(text)));
    }
    // 39 digits may fit; more do not.
    if significant.len() as i64 + shift > 39 {
        return Err(too_large());
    }
    let value: i128 = significant.parse().map_err(|_| too_large())?;
    value.checked_mul(10i128.pow(shift as u32)).ok_or_else(too_large)
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

impl fmt::Display for Decimal {
    /// Shortest exact text, or the places asked for (`{:.2}` rounds to nearest for reading).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = f
            .precision()
            .map_or(*self, |p| self.round_to(p as u32, crate::decimal::Round::Nearest));
        let magnitude = shown.raw().unsigned_abs();
        let one = 10u128.pow(PLACES);
        let (whole, part) = (magnitude / one, magnitude % one);
        let part = format!("{part:018}");
        let part = match f.precision() {
            Some(places) => &part[..places.min(part.len())],
            None => part.trim_end_matches('0'),
        };
        let point = if part.is_empty() { "" } else { "." };
        f.pad_integral(shown.raw() >= 0, "", &format!("{whole}{point}{part}"))
    }
}

impl serde::Serialize for Decimal {
    /// As text; in a form for machines as the count of 10^-18.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i128(self.raw())
        }
    }
}

impl<'de> serde::Deserialize<'de> for Decimal {
    /// From text only; a JSON number is read through its text by the boundary types above us.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            // Its magnitude would not fit.
            return match i128::deserialize(deserializer)? {
                i128::MIN => Err(serde::de::Error::custom(crate::decimal::Overflow)),
                raw => Ok(Self::from_raw(raw)),
            };
        }
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An exact decimal number as text. Input also takes a JSON number.",
            "type": ["string", "number"],
            "pattern": r"^[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_venues_write() {
        for (text, shown) in [
            ("71048.7", "71048.7"),
            ("8.9495e-4", "0.00089495"),
            ("-0", "0"),
            ("+1.500", "1.5"),
            (".5", "0.5"),
            ("1e3", "1000"),
            ("0.000000000000000001000", "0.000000000000000001"),
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        for text in ["", "-", "1,000", "NaN", "inf", "0x10", "1e", "1.2.3", "1_0", " 1", "e5"] {
            let error = text.parse::<Decimal>().unwrap_err();
            assert!(matches!(error, ParseDecimalError::Malformed(_)), "{text}: {error}");
        }
        assert!(matches!("1e-19".parse::<Decimal>(), Err(ParseDecimalError::TooFine(_))));
        assert!(matches!("1e21".parse::<Decimal>(), Err(ParseDecimalError::TooLarge(_))));
        assert!(matches!("1.8e20".parse::<Decimal>(), Err(ParseDecimalError::TooLarge(_))));
        assert!(matches!("1e2147483647".parse::<Decimal>(), Err(ParseDecimalError::TooLarge(_))));
    }

    #[test]
    fn the_largest_number_is_read_as_it_is_written() {
        for value in [Decimal::from_raw(i128::MAX), Decimal::from_raw(i128::MIN + 1)] {
            assert_eq!(value.to_string().parse(), Ok(value));
        }
        assert_eq!("1e20".parse(), Ok(Decimal::from_raw(10i128.pow(38))));
    }

    #[test]
    fn precision_rounds_for_reading() {
        let value: Decimal = "-1234.565".parse().unwrap();
        assert_eq!(format!("{value:.2}"), "-1234.56");
        assert_eq!(format!("{value:.0}"), "-1235");
        assert_eq!(format!("{value:>10.1}"), "   -1234.6");
    }

    proptest! {
        #[test]
        fn text_round_trips(raw in (i128::MIN + 1)..=i128::MAX, shift in 0u32..127) {
            for value in [Decimal::from_raw(raw), Decimal::from_raw(raw >> shift)] {
                prop_assert_eq!(value.to_string().parse::<Decimal>(), Ok(value));
            }
        }
    }
}
