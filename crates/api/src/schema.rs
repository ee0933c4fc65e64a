//! JSON Schema of everything that comes in and goes out.

use crate::{
    AccountReport, CheckReport, CompareReport, ImpactReport, LiquidationReport, MatrixReport,
    ModelInfo, WhatIfReport,
};
use keelmark_book::read::{AccountFile, BookFile, MarketFile};
use schemars::{Schema, schema_for};

type Maker = fn() -> Schema;

const SHAPES: &[(&str, &str, Maker)] = &[
    ("market", "a market file (in)", || schema_for!(MarketFile)),
    ("book", "a book file (in)", || schema_for!(BookFile)),
    ("account", "an account file (in)", || schema_for!(AccountFile)),
    ("report", "margin of an account (out)", || schema_for!(AccountReport)),
    ("whatif", "before, after, difference (out)", || schema_for!(WhatIfReport)),
    ("liquidation", "liquidation prices (out)", || schema_for!(LiquidationReport)),
    ("matrix", "risk matrices (out)", || schema_for!(MatrixReport)),
    ("compare", "one account under several models (out)", || schema_for!(CompareReport)),
    ("impact", "a book under two documents (out)", || schema_for!(ImpactReport)),
    ("check", "headroom checked (out)", || schema_for!(CheckReport)),
    ("model", "what a model document is (out)", || schema_for!(ModelInfo)),
];

/// Name and purpose of every shape.
pub fn shapes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHAPES.iter().map(|(name, purpose, _)| (*name, *purpose))
}

/// The JSON Schema of a shape, if it is one.
#[must_use]
pub fn of(name: &str) -> Option<Schema> {
    let (_, _, make) = SHAPES.iter().find(|(known, _, _)| *known == name)?;
    Some(make())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_a_schema_with_a_title() {
        for (name, _) in shapes() {
            let schema = of(name).unwrap();
            assert!(schema.get("title").is_some(), "{name}");
        }
        assert!(of("unknown").is_none());
    }
}
