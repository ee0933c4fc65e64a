//! How an account stands: what it has against what it must have, and who is closed first.
//!
//! Source: dydxprotocol/v4-chain@84d4664, `lib/margin/risk.go`.

use super::{CloseoutError, Integer, Perpetual, at_least};
use std::cmp::Ordering;

/// An account of perpetuals in one quote currency, funding settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Quote balance, in quanta; below zero is owed.
    pub quote: Integer,
    /// What it holds.
    pub positions: Vec<Position>,
}

/// A position in a perpetual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// In what.
    pub perpetual: Perpetual,
    /// Signed size, in base quanta.
    pub quanta: Integer,
}

/// Net collateral and requirements, in quote quanta.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What the account is worth.
    pub net: Integer,
    /// Initial margin.
    pub initial: Integer,
    /// Maintenance margin, never below zero.
    pub maintenance: Integer,
}

impl Account {
    /// Net collateral (the balance and every signed notional) and both requirements.
    ///
    /// # Errors
    /// When a position cannot be valued.
    pub fn standing(&self) -> Result<Standing, CloseoutError> {
        let mut sum = Standing { net: self.quote.clone(), ..Standing::default() };
        for Position { perpetual, quanta } in &self.positions {
            sum.net = sum.net + &perpetual.contract.notional(quanta)?;
            sum.initial = sum.initial + &perpetual.initial_margin(quanta)?;
            sum.maintenance = sum.maintenance + &perpetual.maintenance_margin(quanta)?;
        }
        Ok(sum)
    }

    /// A position by its place.
    ///
    /// # Errors
    /// [`CloseoutError::NoPosition`].
    pub fn position(&self, index: usize) -> Result<&Position, CloseoutError> {
        let held = self.positions.len();
        self.positions.get(index).ok_or(CloseoutError::NoPosition { index, held })
    }

    /// The standing, where there is a maintenance requirement to share out.
    pub(super) fn standing_to_close(&self) -> Result<Standing, CloseoutError> {
        let found = self.standing()?;
        if !found.maintenance.is_positive() {
            return Err(CloseoutError::NoMaintenance { maintenance: found.maintenance });
        }
        Ok(found)
    }
}

impl Position {
    /// Refuses a change that does not close the position or goes beyond it.
    pub(super) fn check_close(&self, change: &Integer) -> Result<(), CloseoutError> {
        let against = self.quanta.is_positive() && change.is_negative()
            || self.quanta.is_negative() && change.is_positive();
        if !against || change.abs() > self.quanta.abs() {
            let (position, change) = (self.quanta.clone(), change.clone());
            return Err(CloseoutError::NotAClose { position, change });
        }
        Ok(())
    }
}

impl Standing {
    /// From its three numbers.
    #[must_use]
    pub fn new(
        net: impl Into<Integer>,
        initial: impl Into<Integer>,
        maintenance: impl Into<Integer>,
    ) -> Self {
        Self { net: net.into(), initial: initial.into(), maintenance: maintenance.into() }
    }

    /// Whether it is closed: it must have something, and has less. An account that must have
    /// nothing holds nothing that could be closed, whatever it owes.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.maintenance.is_positive() && self.net < self.maintenance
    }

    /// Which of two accounts is riskier: `Greater` is this one. By net collateral over maintenance
    /// margin, multiplied out; of two equal ratios the larger margin, and of two without margin
    /// the smaller collateral, is riskier.
    #[must_use]
    pub fn risk_order(&self, other: &Self) -> Ordering {
        let (own, theirs) = (&self.net * &other.maintenance, &other.net * &self.maintenance);
        theirs.cmp(&own).then_with(|| {
            if self.maintenance.is_zero() && other.maintenance.is_zero() {
                other.net.cmp(&self.net)
            } else {
                self.maintenance.cmp(&other.maintenance)
            }
        })
    }

    /// Refuses a maintenance margin below zero, under which the order means nothing.
    ///
    /// # Errors
    /// [`CloseoutError::TooSmall`].
    pub fn check(&self) -> Result<(), CloseoutError> {
        at_least("maintenance margin", 0, &self.maintenance)
    }
}
