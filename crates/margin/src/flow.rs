//! How fast a pool may be borrowed from: net borrows within a window, and a limit on their value.
//!
//! Source: `blockworks-foundation/mango-v4@1303a4a` `state/bank.rs`, `update_net_borrows` and
//! `check_net_borrows`: windows start at whole multiples of their length, each change is rounded up
//! to a whole native unit, and a window in which more was repaid than borrowed has no limit.

use crate::error::MarginError;
use keelmark_book::{Decimal, Money, Price, Round};

/// Net borrows of a pool within a window. Times and the length are in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorrowWindow {
    /// Length of a window.
    pub length: i64,
    /// The most that net borrows in a window may be worth, in quote units.
    pub limit: Money,
    /// When the window began.
    pub start: i64,
    /// Borrowed less repaid since, in native units.
    pub net: Money,
}

impl BorrowWindow {
    /// A window that begins at zero, with nothing borrowed.
    #[must_use]
    pub const fn new(length: i64, limit: Money) -> Self {
        Self { length, limit, start: 0, net: Money::ZERO }
    }

    /// Counts a change of a balance (above zero a deposit, below it a withdrawal, in native units):
    /// only what is borrowed or repaid by it. Returns the balance after it.
    ///
    /// # Errors
    /// When the window has no length or a number does not fit.
    pub fn change(
        &mut self,
        balance: Money,
        amount: Money,
        now: i64,
    ) -> Result<Money, MarginError> {
        let after = balance.plus(amount)?;
        let owed = |balance: Money| -balance.min(Money::ZERO);
        let borrowed = owed(after).minus(owed(balance))?;
        if !borrowed.is_zero() {
            self.count(borrowed, now)?;
        }
        Ok(after)
    }

    fn count(&mut self, borrowed: Money, now: i64) -> Result<(), MarginError> {
        if self.length <= 0 {
            let problem = format!("expected a window above zero seconds, found {}", self.length);
            return Err(MarginError::Unsupported(problem));
        }
        let whole = Money::new(borrowed.decimal().round_to(0, Round::Up));
        if now >= self.start.saturating_add(self.length) {
            self.start = now.div_euclid(self.length) * self.length;
            self.net = whole;
        } else {
            self.net = self.net.plus(whole)?;
        }
        Ok(())
    }

    /// Whether net borrows are worth more than the limit, at the higher of two prices (quote per
    /// native unit). To be asked after a borrow.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn is_breached(&self, price: Price, slow: Option<Price>) -> Result<bool, MarginError> {
        if self.net.is_negative() || self.limit.is_negative() {
            return Ok(false);
        }
        let price = slow.map_or(price, |slow| slow.max(price));
        Ok(self.net.at(price, Round::Up)? > self.limit)
    }

    /// Units that may still be borrowed in the window, rounded down; `None` without a limit.
    ///
    /// # Errors
    /// When the price is zero or a number does not fit.
    pub fn left(&self, price: Price) -> Result<Option<Decimal>, MarginError> {
        if self.net.is_negative() || self.limit.is_negative() {
            return Ok(None);
        }
        let most = self.limit.decimal().over(price.decimal(), Round::Down)?;
        Ok(Some(most.minus(self.net.decimal())?.max(Decimal::ZERO)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_borrowed_counts() {
        let mut window = BorrowWindow::new(100, Money::from_int(1_000));
        let mut balance = Money::ZERO;
        for (amount, net) in [(50, 0), (-80, 30), (100, 0), (-20, 0)] {
            balance = window.change(balance, Money::from_int(amount), 5).unwrap();
            assert_eq!(window.net, Money::from_int(net), "{amount}");
        }
        assert_eq!(window.left(Price::from_int(2)).unwrap(), Some(Decimal::from_int(500)));
    }

    #[test]
    fn a_window_without_length_is_refused() {
        let mut window = BorrowWindow::new(0, Money::ZERO);
        assert!(window.change(Money::ZERO, Money::from_int(-1), 0).is_err());
    }
}
