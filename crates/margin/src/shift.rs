//! Numbers that move along a line from one value to another between two instants.
//!
//! Models by health change a weight this way, so that no account is liquidated by a change of
//! parameters at once. Source: maintenance weights of tokens in margin accounts by health,
//! constant before the start and after the end.

use keelmark_book::{Decimal, Overflow, Round, Timestamp};

/// From an instant to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When the move begins.
    pub start: Timestamp,
    /// When it is over.
    pub end: Timestamp,
}

/// The value at `now` on the way from `from` to `target`.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn shifted(
    from: Decimal,
    target: Decimal,
    span: Span,
    now: Timestamp,
    round: Round,
) -> Result<Decimal, Overflow> {
    if now <= span.start {
        return Ok(from);
    }
    if now >= span.end {
        return Ok(target);
    }
    let nanos = |until: Timestamp| {
        let past = i128::from(until.nanos()) - i128::from(span.start.nanos());
        Decimal::from_raw(past)
    };
    let moved = target.minus(from)?.times_over(nanos(now), nanos(span.end), round)?;
    from.plus(moved)
}
