//! Joint scenarios: bound or written in, moved and netted like any other, told by their labels.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod columns;
mod costs;
mod documents;
mod models;
mod netting;
mod recipe;
mod set;
mod tail;
