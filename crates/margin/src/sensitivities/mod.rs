//! Sensitivities-based margin: delta, vega and curvature amounts in, one margin out.
//!
//! Amounts net exactly by class, bucket, qualifier and tenor. A bucket's margin is the root of its
//! weighted amounts under correlation; buckets, classes and product classes follow in the same way.
//! Every number is the user's ([`Parameters`]): the aggregation knows none.
//!
//! **Licence.** The best-known calibration of this form belongs to its industry association, and
//! computing regulatory margin with it needs a licence from that association. No table of it is
//! here, in documents or in tests, and none may be added.
//!
//! Model estimates are `f64`, summed in the order of names, so that the order of rows changes no
//! bit. Concentration breaks degree one, and the sum of two portfolios may ask more than the two
//! apart: nothing here claims otherwise.
//!
//! ```
//! use keelmark_margin::sensitivities::{Bucket, Calculator, Class, Model, Netting};
//! use keelmark_margin::sensitivities::{Parameters, Row};
//! use keelmark_book::sensitivity::Measure;
//! let bucket = Bucket { delta_weight: 10.0, rho: 0.5, ..Bucket::default() };
//! let class = Class {
//!     name: "Coins".into(),
//!     buckets: [("1".to_owned(), bucket)].into(),
//!     ..Class::default()
//! };
//! let model = Model::new(Parameters { classes: vec![class], ..Parameters::default() })?;
//! let mut portfolio = Netting::new(&model);
//! for (qualifier, amount) in [("BTC", "100"), ("ETH", "-50")] {
//!     let amount = amount.parse().map(keelmark_book::Money::new).expect("a number");
//!     portfolio.add(&Row {
//!         product: "", class: "Coins", measure: Measure::Delta, qualifier, bucket: "1",
//!         tenor: "", curve: "", amount,
//!     })?;
//! }
//! let found = Calculator::default().margin(&mut portfolio)?;
//! // sqrt(1000^2 + 500^2 - 2 * 0.5 * 1000 * 500)
//! assert!((found.total - 750_000.0f64.sqrt()).abs() < 1e-9);
//! # Ok::<(), keelmark_margin::sensitivities::SensitivityError>(())
//! ```
//!
//! In the order of a question: [`parameters`] the numbers, `model` the same checked and laid out,
//! `net` rows to sums, `layout` factors, qualifiers and units, `aggregate` a measure, `total` the
//! rest of the way.

mod account;
mod aggregate;
mod layout;
mod model;
mod names;
mod net;
pub mod parameters;
mod read;
mod total;

pub use account::sensitivities_of;
pub use aggregate::{FactorMargin, MeasureMargin, UnitMargin};
pub use model::Model;
pub use names::Names;
pub use net::{Netting, Place, Row};
pub use parameters::{
    Bucket, Class, Concentration, Groups, Pairs, Parameters, Shape, Side, Sigma, Special,
};
pub(crate) use read::parameters as read_parameters;
pub use total::{Calculator, ClassMargin, Explained, ProductMargin, SensitivityMargin};

use keelmark_book::Overflow;

/// Sensitivities that have no margin under a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SensitivityError {
    /// A number is missing from the parameters, or makes no sense.
    #[error("{0}")]
    Parameters(String),
    /// A row names what the parameters do not have.
    #[error("unknown {what} {found:?}; nearest: {near}")]
    Unknown {
        /// Class, bucket, group or tenor.
        what: &'static str,
        /// What was found.
        found: String,
        /// The nearest names.
        near: String,
    },
    /// A qualifier is in two buckets of a class.
    #[error("{qualifier} is in bucket {first} and in bucket {second}: give each a name of its own")]
    TwoBuckets {
        /// The qualifier.
        qualifier: String,
        /// Its bucket in an earlier row.
        first: String,
        /// Its bucket here.
        second: String,
    },
    /// A vega of currencies does not name two.
    #[error("expected a pair of currencies such as EURUSD or EUR/USD, found {0:?}")]
    Pair(String),
    /// A multiplier or add-on that cannot be.
    #[error("{0}")]
    AddOn(String),
    /// More names than fit.
    #[error("expected fewer than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many fit.
        limit: usize,
    },
    /// A sum of amounts does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// A margin is not a finite number.
    #[error("the margin of these sensitivities is too large for a number")]
    TooLarge,
}
