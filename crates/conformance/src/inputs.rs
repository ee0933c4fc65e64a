//! A case's inputs by name, each with an error that says what was expected.

use crate::json::Json;
use keelmark_book::{Decimal, Right, Timestamp};
use keelmark_margin::closeout::Integer;

/// Why a case has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

impl<E: std::error::Error> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What a mapping answers: the fields it knows.
pub type Answer = Result<Json, Problem>;

/// A problem in words.
pub fn problem<T>(text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem(text.into()))
}

/// Inputs of a case, or an object inside them.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a>(pub &'a Json);

impl<'a> Inputs<'a> {
    /// Whether a field is there and not null.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// A field.
    ///
    /// # Errors
    /// When it is not there.
    pub fn need(self, name: &str) -> Result<&'a Json, Problem> {
        self.0.get(name).ok_or_else(|| Problem(format!("expected an input {name:?}, found none")))
    }

    /// An object inside.
    ///
    /// # Errors
    /// When it is not there.
    pub fn inside(self, name: &str) -> Result<Self, Problem> {
        self.need(name).map(Self)
    }

    /// A number.
    ///
    /// # Errors
    /// When it is not there or not a number.
    pub fn number(self, name: &str) -> Result<Decimal, Problem> {
        decimal(self.need(name)?, name)
    }

    /// A number that may be absent.
    ///
    /// # Errors
    /// When it is there and not a number.
    pub fn number_if_any(self, name: &str) -> Result<Option<Decimal>, Problem> {
        self.0.get(name).map(|value| decimal(value, name)).transpose()
    }

    /// A number, or another where it is absent.
    ///
    /// # Errors
    /// When it is there and not a number.
    pub fn number_or(self, name: &str, other: Decimal) -> Result<Decimal, Problem> {
        Ok(self.number_if_any(name)?.unwrap_or(other))
    }

    /// An integer of any size: a number or a string of digits.
    ///
    /// # Errors
    /// When it is not there or not an integer.
    pub fn integer(self, name: &str) -> Result<Integer, Problem> {
        let value = self.need(name)?;
        let exact = value.text().and_then(|text| text.parse().ok());
        // What was written with a point or an exponent can be whole all the same.
        let whole = || Integer::quanta(value.decimal()?, 0);
        let wrong = || Problem(format!("{name}: expected an integer, found {value}"));
        exact.or_else(whole).ok_or_else(wrong)
    }

    /// An integer, or another where it is absent.
    ///
    /// # Errors
    /// When it is there and not an integer.
    pub fn integer_or(self, name: &str, other: i64) -> Result<Integer, Problem> {
        if self.has(name) { self.integer(name) } else { Ok(Integer::from(other)) }
    }

    /// A small integer: decimals, an exponent.
    ///
    /// # Errors
    /// When it is not there, not an integer or too large.
    pub fn small<T: std::str::FromStr>(self, name: &str) -> Result<T, Problem> {
        let found = self.integer(name)?.to_string();
        found.parse().map_err(|_| Problem(format!("{name}: {found} is out of range")))
    }

    /// A number counted in quanta of ten to `exponent`.
    ///
    /// # Errors
    /// When it is not there or no whole number of them.
    pub fn quanta(self, name: &str, exponent: i32) -> Result<Integer, Problem> {
        let value = self.number(name)?;
        let wrong = || Problem(format!("{name}: {value} is no whole number of 10^{exponent}"));
        Integer::quanta(value, exponent).ok_or_else(wrong)
    }

    /// The first of some names that is there.
    #[must_use]
    pub fn first_of(self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// A number as a document writes it: exact, and rounded where it has more places than a
    /// document can hold, as binary fractions do.
    ///
    /// # Errors
    /// When it is not there or not a number.
    pub fn figure(self, name: &str) -> Result<String, Problem> {
        Ok(self.number(name)?.to_string())
    }

    /// A number as an estimate, by its text.
    ///
    /// # Errors
    /// When it is not there or not a number.
    pub fn estimate(self, name: &str) -> Result<f64, Problem> {
        let value = self.need(name)?;
        let parsed = value.text().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| Problem(format!("{name}: expected a number, found {value}")))
    }

    /// Text.
    ///
    /// # Errors
    /// When it is not there or not text.
    pub fn text(self, name: &str) -> Result<&'a str, Problem> {
        let value = self.need(name)?;
        value.text().ok_or_else(|| Problem(format!("{name}: expected text, found {value}")))
    }

    /// A list.
    ///
    /// # Errors
    /// When it is not there or not a list.
    pub fn list(self, name: &str) -> Result<&'a [Json], Problem> {
        match self.need(name)? {
            Json::List(items) => Ok(items),
            other => problem(format!("{name}: expected a list, found {other}")),
        }
    }

    /// The numbers of a list.
    ///
    /// # Errors
    /// When it is not a list of numbers.
    pub fn numbers(self, name: &str) -> Result<Vec<Decimal>, Problem> {
        self.list(name)?.iter().map(|item| decimal(item, name)).collect()
    }

    /// The fields of an object inside, in order.
    ///
    /// # Errors
    /// When it is not there or not an object.
    pub fn fields(self, name: &str) -> Result<&'a [(String, Json)], Problem> {
        match self.need(name)? {
            Json::Object(fields) => Ok(fields),
            other => problem(format!("{name}: expected an object, found {other}")),
        }
    }

    /// An answer for a number, or a list of answers for a list of numbers.
    ///
    /// # Errors
    /// When it is not there or holds no number, or what the answer says.
    pub fn each(self, name: &str, answer: impl Fn(Decimal) -> Answer) -> Answer {
        match self.need(name)? {
            Json::List(items) => {
                let each = items.iter().map(|item| answer(decimal(item, name)?));
                Ok(Json::List(each.collect::<Result<_, _>>()?))
            }
            one => answer(decimal(one, name)?),
        }
    }

    /// The instant of the case: `as_of`, `as_of_utc` or `as_of_ms`; a fixed one otherwise.
    ///
    /// # Errors
    /// When it is there and not an instant.
    pub fn as_of(self) -> Result<Timestamp, Problem> {
        if let Some(name) = self.first_of(&["as_of", "as_of_utc"]) {
            return Ok(self.text(name)?.parse()?);
        }
        match self.number_if_any("as_of_ms")? {
            Some(millis) => {
                let nanos = millis.raw() / 10i128.pow(12);
                Ok(Timestamp::from_nanos(i64::try_from(nanos)?))
            }
            None => Ok(sometime()),
        }
    }

    /// Whether the case says when it is.
    #[must_use]
    pub fn timed(self) -> bool {
        self.first_of(&["as_of", "as_of_utc", "as_of_ms"]).is_some()
    }

    /// Call or put: `type` or `right`, by its first letter.
    ///
    /// # Errors
    /// When it is neither.
    pub fn right(self) -> Result<Right, Problem> {
        let name = self.first_of(&["type", "right", "option_type"]).unwrap_or("type");
        let text = self.text(name)?;
        match text.bytes().next().map(|byte| byte.to_ascii_uppercase()) {
            Some(b'C') => Ok(Right::Call),
            Some(b'P') => Ok(Right::Put),
            _ => problem(format!("{name}: expected C or P, found {text:?}")),
        }
    }

    /// 1 for a long, -1 for a short: `side` as a sign or a word; long where it is absent.
    ///
    /// # Errors
    /// When it is neither.
    pub fn side(self) -> Result<Decimal, Problem> {
        let Some(side) = self.0.get("side") else { return Ok(Decimal::ONE) };
        match side.text().unwrap_or_default().to_ascii_lowercase().as_str() {
            "1" | "+1" | "1.0" | "long" | "buy" => Ok(Decimal::ONE),
            "-1" | "-1.0" | "short" | "sell" => Ok(-Decimal::ONE),
            other => problem(format!("side: expected long or short, found {other:?}")),
        }
    }
}

/// The time of cases for which time does not matter.
#[must_use]
pub fn sometime() -> Timestamp {
    Timestamp::from_nanos(1_767_225_600_000_000_000)
}

/// A number of a case.
///
/// # Errors
/// When it is not one.
pub fn decimal(value: &Json, name: &str) -> Result<Decimal, Problem> {
    value.decimal().ok_or_else(|| Problem(format!("{name}: expected a number, found {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let json = Json::parse(r#"{"a": 1.5, "b": "x", "n": null, "side": "short"}"#).unwrap();
        let inputs = Inputs(&json);
        assert_eq!(inputs.number("a").unwrap().to_string(), "1.5");
        assert!(!inputs.has("n"));
        assert_eq!(inputs.number("c").unwrap_err().0, "expected an input \"c\", found none");
        assert_eq!(inputs.number("b").unwrap_err().0, "b: expected a number, found \"x\"");
        assert_eq!(inputs.side().unwrap(), -Decimal::ONE);
        assert_eq!(sometime().to_string(), "2026-01-01T00:00:00Z");
    }
}
