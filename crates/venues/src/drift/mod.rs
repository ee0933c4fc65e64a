//! Drift: its names.
//!
//! Modules: [`symbol`] native names.

pub mod symbol;
