//! A number of a document: one for all, or one by underlying.

use crate::document::tree::{Node, Value};
use keelmark_book::{Asset, Decimal, InputError};
use std::collections::BTreeMap;

/// A parameter: `"0.16"`, or `{ BTC = "0.16", ETH = "0.18", default = "0.20" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    default: Option<Decimal>,
    by: BTreeMap<String, Decimal>,
}

/// A parameter has no value for an underlying.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document has no {parameter} for {underlying}: add one, or a default")]
pub struct NoParam {
    /// Which parameter.
    pub parameter: String,
    /// Which underlying.
    pub underlying: Asset,
}

impl Param {
    /// One number for all.
    #[must_use]
    pub const fn fixed(value: Decimal) -> Self {
        Self { default: Some(value), by: BTreeMap::new() }
    }

    /// Reads a number or a table by underlying.
    ///
    /// # Errors
    /// [`InputError`] at the line.
    pub fn read(node: &Node) -> Result<Self, InputError> {
        let Value::Table(table) = &node.value else { return Ok(Self::fixed(node.decimal()?)) };
        let mut param = Self { default: None, by: BTreeMap::new() };
        for (key, value) in table {
            let value = value.decimal()?;
            if key == "default" {
                param.default = Some(value);
            } else {
                param.by.insert(key.to_ascii_uppercase(), value);
            }
        }
        Ok(param)
    }

    /// The value for an underlying.
    ///
    /// # Errors
    /// [`NoParam`] when there is none and no default.
    pub fn get(&self, parameter: &str, underlying: &Asset) -> Result<Decimal, NoParam> {
        self.by.get(underlying.as_str()).copied().or(self.default).ok_or_else(|| NoParam {
            parameter: parameter.to_owned(),
            underlying: underlying.clone(),
        })
    }

    /// Whether it is one number for all.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.by.is_empty() && self.default.is_some()
    }

    /// Every value there is, for checks of range.
    pub fn values(&self) -> impl Iterator<Item = Decimal> {
        self.by.values().copied().chain(self.default)
    }
}
