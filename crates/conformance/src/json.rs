//! JSON whose numbers keep their text.
//!
//! A case's price is what is written, digit for digit; the usual tree of `f64` would change it
//! before the engine sees it. Objects keep the order of the file, because answers follow it.

use keelmark_book::{Decimal, Money, Price, Quantity, Rate};
use keelmark_margin::closeout::Integer;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, by its text.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in the order of the file.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole file.
    ///
    /// # Errors
    /// What `serde_json` says, with line and column.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let text = text.trim_start_matches('\u{feff}').trim();
        match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Entries>(text).map(|found| Self::Object(found.0)),
            Some(b'[') => serde_json::from_str(text).map(Self::List),
            Some(b'"') => serde_json::from_str(text).map(Self::Text),
            Some(b't' | b'f') => serde_json::from_str(text).map(Self::Bool),
            Some(b'n') => serde_json::from_str::<()>(text).map(|()| Self::Null),
            _ => serde_json::from_str::<&RawValue>(text).map(|raw| Self::Number(raw.get().into())),
        }
    }

    /// An object of named values.
    #[must_use]
    pub fn object<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Object(fields.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The field of an object; `None` where it is absent or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        let (_, value) = fields.iter().find(|(key, _)| key == name)?;
        (*value != Self::Null).then_some(value)
    }

    /// The text of a number, or of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An exact number. Digits beyond the eighteenth place, which only binary fractions have, are
    /// rounded away.
    #[must_use]
    pub fn decimal(&self) -> Option<Decimal> {
        let text = self.text()?;
        if let Ok(exact) = text.parse() {
            return Some(exact);
        }
        let near: f64 = text.parse().ok()?;
        Decimal::from_f64(near, keelmark_book::Round::Nearest).ok()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Self]| {
            items
                .iter()
                .enumerate()
                .try_for_each(|(at, item)| write!(f, "{}{item}", if at > 0 { ", " } else { "" }))
        };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name:?}: {value}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

struct Entries(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut found = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    found.push(entry);
                }
                Ok(Entries(found))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl From<Decimal> for Json {
    fn from(value: Decimal) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<Integer> for Json {
    fn from(value: Integer) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

macro_rules! from_unit {
    ($($unit:ty),*) => {
        $(impl From<$unit> for Json {
            fn from(value: $unit) -> Self {
                value.decimal().into()
            }
        })*
    };
}
from_unit!(Money, Price, Quantity, Rate);

impl<T: Into<Self>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_objects_their_order() {
        let text = r#"{"b": 0.123456789012345678, "a": [1e-05, null, true, "x", {"c": -0.0}]}"#;
        let found = Json::parse(text).unwrap();
        assert_eq!(
            found.to_string(),
            r#"{"b": 0.123456789012345678, "a": [1e-05, null, true, "x", {"c": -0.0}]}"#
        );
        assert_eq!(found.get("b").unwrap().decimal().unwrap().to_string(), "0.123456789012345678");
        assert!(Json::parse("{\"a\": }").is_err());
        assert!(Json::parse("nul").is_err());
    }

    #[test]
    fn a_binary_fraction_is_rounded_at_the_eighteenth_place() {
        let found = Json::parse("0.00012345678901234567").unwrap().decimal().unwrap();
        assert_eq!(found.to_string(), "0.000123456789012346");
    }
}
