//! Open orders as venues print them: which can add to a position, and what is left of them.
//!
//! An order that can only make a position smaller asks for no margin, and one that waits for a
//! trigger asks for none yet: both are left out, and counted by reason.

use crate::imported::LeftOut;
use crate::json::At;
use keelmark_book::{Decimal, InputError, Quantity};

/// What the rows of every venue are called in a note.
const WHAT: &str = "orders";

/// Why an order is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Coins are bought with coins.
    Spot,
    /// It can only make a position smaller.
    Reduces,
    /// In hedge mode it closes the side that it names.
    Closes,
    /// It is not in the book yet.
    Waits,
    /// It is filled, cancelled or refused.
    Done,
    /// Several contracts at once, at a price between them.
    Combination,
}

impl Why {
    /// Counts one.
    pub(crate) fn count(self, left_out: &mut LeftOut) {
        let why = match self {
            Self::Spot => "of spot, which moves coins and no positions",
            Self::Reduces => "reduce only",
            Self::Closes => "they close the side of hedge mode that they name",
            Self::Waits => "waiting for a trigger",
            Self::Done => "not resting in the book",
            Self::Combination => "of several contracts at once",
        };
        left_out.add(WHAT, why);
    }
}

/// Whether a field says yes: venues print truth as a word, too.
pub(crate) fn says(row: &At<'_>, field: &str) -> bool {
    row.truth(field) == Some(true) || row.label(field).eq_ignore_ascii_case("true")
}

/// Whether an order closes the side of hedge mode that it names: a long is closed by selling.
pub(crate) fn closes(side: &str, buys: bool) -> bool {
    (side.eq_ignore_ascii_case("long") && !buys) || (side.eq_ignore_ascii_case("short") && buys)
}

/// Whether an order buys, by a field of the word for it.
///
/// # Errors
/// [`InputError`] where it is neither word.
pub(crate) fn buys(row: &At<'_>, field: &str) -> Result<bool, InputError> {
    match row.word(field)? {
        word if word.eq_ignore_ascii_case("buy") => Ok(true),
        word if word.eq_ignore_ascii_case("sell") => Ok(false),
        other => Err(row.error(format!("{field}: expected buy or sell, found {other:?}"))),
    }
}

/// What is left to fill of a size, with the sign of its side.
///
/// # Errors
/// [`InputError`] where more is filled than there was, or a size is below zero.
pub(crate) fn left(
    row: &At<'_>,
    size: &str,
    filled: &str,
    buys: bool,
) -> Result<Quantity, InputError> {
    let (all, done) = (row.amount(size)?.abs(), row.maybe(filled)?.unwrap_or_default().abs());
    if done > all {
        return Err(row.error(format!("{filled}: expected at most {all}, found {done}")));
    }
    let left = all.minus(done).map_err(|error| row.error(error))?;
    Ok(signed(left, buys))
}

/// A size with the sign of its side.
pub(crate) fn signed(size: Decimal, buys: bool) -> Quantity {
    Quantity::new(if buys { size.abs() } else { -size.abs() })
}
