//! Loops over plain slices: Black-76 with Greeks, scenario revaluation, quantising, exact netting.
//!
//! **Why a crate of its own.** Everything that is run millions of times per market move is here,
//! and so is the only `unsafe` of the workspace. Each kernel is a branch-free scalar function in a
//! plain loop; thin `#[target_feature]` wrappers compile that loop for AVX-512, for AVX2 and for
//! the baseline, and a [`Width`] picks one per batch. No vector types, no nightly, no dependencies.
//! Rejected: `wide` (width fixed at compile time, no normal tail, `mul_add` that rounds twice
//! without FMA), intrinsics throughout (3 % faster in the netting probe).
//!
//! **Same bits everywhere.** Floating point uses `+ - * / sqrt mul_add` only, which IEEE 754 rounds
//! exactly, in one fixed order per lane; `exp`, `ln` and the normal tail are built from those.
//! Results are equal bit for bit on every machine, width and split over threads (NaN payloads
//! excepted). Netting is integer, hence independent of order too.
//!
//! **What it refuses.** It does not validate markets: a NaN, a negative forward or a stale price is
//! the caller's to refuse; here NaN comes out as NaN. It does not allocate (except
//! [`AlignedRows`]), read the clock, or know what an instrument is. Slices of unequal length and
//! instrument numbers past the table panic before anything is read.
//!
//! ```
//! use keelmark_kernels::{Contract, Width, greeks_one, quantise, revalue};
//!
//! // A call struck at 70,000 on a forward of 65,000, 30 days, 60 % volatility.
//! let [price, delta, _gamma, _vega] = greeks_one(65_000.0, 70_000.0, 30.0 / 365.0, 0.6, 1.0, 1.0);
//! assert!((price - 2_547.96).abs() < 0.01 && (delta - 0.365).abs() < 0.01);
//!
//! // The same option when the forward falls 10 %, stays, rises 10 %.
//! let (forward, strike, years) = (65_000.0, 70_000.0, 30.0 / 365.0);
//! let contract = Contract { forward, strike, years, discount: 1.0, call: 1.0 };
//! let factor = [0.9, 1.0, 1.1];
//! let ln_factor = factor.map(keelmark_kernels::ln);
//! let mut value = [0.0; 3];
//! revalue(Width::best(), &contract, &factor, &ln_factor, &[0.7, 0.6, 0.6], &mut value);
//! assert_eq!(value[1], price);
//!
//! // Profit and loss in cents, ready to be netted exactly.
//! let mut row = [0i64; 3];
//! let peak = quantise(Width::best(), &value, &[100.0; 3], &[100.0 * price; 3], &mut row);
//! assert!(peak < keelmark_kernels::QUANTISE_LIMIT);
//! assert_eq!(row[1], 0);
//! assert!(row[0] < 0 && row[2] > 0);
//! ```
//!
//! Modules: [`width`] which instructions, [`normal`] exp, ln and the normal law, [`black76`] price
//! and Greeks, [`scenarios`] revaluation and quantising, [`net`] positions times rows, [`extreme`]
//! the law of a tail, [`limits`] what the machine can read. Large tables ask for large pages.

// Inlining is what compiles a body again for each width; see `width`.
#![allow(clippy::inline_always)]

pub mod black76;
pub mod extreme;
pub mod limits;
pub mod net;
pub mod normal;
mod pages;
pub mod scenarios;
pub mod width;

pub use black76::{Greeks, Options, greeks, greeks_at, greeks_one, price_one};
pub use net::{
    AlignedRows, LARGEST_SPLIT_CELL, Malformed, Positions, Rows, add_products, add_row,
    bound_holds, sums, sums_wide, worst,
};
pub use normal::{exp, ln, norm_cdf, norm_pdf, powf};
pub use scenarios::{Contract, QUANTISE_LIMIT, quantise, quantise_many, revalue, revalue_many};
pub use width::Width;
