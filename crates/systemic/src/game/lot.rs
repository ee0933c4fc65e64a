//! An account that is sold out: what a keeper seizes and repays, and what is left of it.
//!
//! Amounts are in the asset that is owed, after the move that made the account fail; a short owes
//! coins and holds cash, so its collateral falls as the price rises. The exact forms, for what is
//! booked, are in `liquidation`; these are the same rules for many thousand draws.

/// Which way an account profits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It holds coins and owes cash.
    Long,
    /// It holds cash and owes coins.
    Short,
}

/// An account under liquidation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lot {
    /// Which way.
    pub side: Side,
    /// What it holds, at the price now.
    pub collateral: f64,
    /// What it owes, at the price now.
    pub debt: f64,
}

/// What somebody took over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trade {
    /// Value of what is seized, at the market.
    pub seized: f64,
    /// What is repaid for it.
    pub repaid: f64,
}

/// A fixed bonus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// What is seized beyond what is repaid, as a share of it.
    pub bonus: f64,
    /// Share of a debt that may be repaid in one step.
    pub close_factor: f64,
    /// Share of the bonus that the protocol keeps.
    pub fee: f64,
}

/// Steps after which what is left of a debt counts as dust.
const STEPS: usize = 64;

impl Trade {
    /// What is seized beyond what is repaid.
    pub fn margin(&self) -> f64 {
        self.seized - self.repaid
    }

    /// A share of it.
    #[must_use]
    pub fn times(&self, share: f64) -> Self {
        Self { seized: self.seized * share, repaid: self.repaid * share }
    }
}

impl Lot {
    /// Value of the collateral in what is owed, per unit of its value now, at a price.
    pub fn relative(&self, price: f64) -> f64 {
        match self.side {
            Side::Long => price,
            Side::Short => 1.0 / price,
        }
    }

    /// What a unit owed now is worth at a price.
    pub fn unit(&self, price: f64) -> f64 {
        match self.side {
            Side::Long => 1.0,
            Side::Short => price,
        }
    }

    /// Whether more is owed than the threshold lets, where collateral stands at `relative`.
    pub fn fails(&self, relative: f64, threshold: f64) -> bool {
        self.debt > threshold * self.collateral * relative
    }

    /// Closed at a fixed bonus, step by step until the account is healthy or nothing is left; what
    /// is healthy is not touched.
    pub fn spread(&self, relative: f64, threshold: f64, rules: &Spread) -> Trade {
        let (mut held, mut owed) = (self.collateral * relative, self.debt);
        let with = 1.0 + rules.bonus;
        let mut done = Trade::default();
        for _ in 0..STEPS {
            if owed <= threshold * held {
                return done;
            }
            let toxic = owed * with >= held;
            let repaid = if toxic { held / with } else { owed * rules.close_factor };
            let seized = if toxic { held } else { repaid * with };
            done = Trade { seized: done.seized + seized, repaid: done.repaid + repaid };
            if toxic {
                return done;
            }
            (held, owed) = (held - seized, owed - repaid);
        }
        done
    }

    /// Sold for a share of the market's value until `tab` is paid or nothing is left.
    pub fn sold(&self, relative: f64, margin: f64, tab: f64) -> Trade {
        let held = self.collateral * relative;
        let whole = (1.0 - margin) * held;
        if whole <= 0.0 {
            return Trade { seized: held, repaid: 0.0 };
        }
        Trade { seized: held, repaid: whole }.times((tab / whole).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::{Decimal, Money, Rate, Round};
    use keelmark_liquidation::spread::{Loan, Rules};
    use proptest::prelude::*;

    fn rate(number: f64) -> Rate {
        Rate::new(Decimal::from_f64(number, Round::Nearest).unwrap())
    }

    proptest! {
        #[test]
        fn steps_are_those_of_the_exact_rules(
            debt in 50.0f64..130.0, bonus in 0.0f64..0.2, close_factor in 0.1f64..1.0,
            threshold in 0.5f64..0.85,
        ) {
            let rules = Rules {
                threshold: rate(threshold),
                incentive: rate(bonus),
                close_factor: rate(close_factor),
            };
            let money = |number| Money::from_f64(number, Round::Nearest).unwrap();
            let loan = Loan { collateral: money(100.0), debt: money(debt) };
            let steps = rules.spiral(loan, money(1e-9)).unwrap();
            let left = steps.last().copied().unwrap_or(loan);
            // A loan past the line spirals down to nothing either way.
            let lot = Lot { side: Side::Long, collateral: 100.0, debt };
            let done = lot.spread(1.0, threshold, &Spread { bonus, close_factor, fee: 0.0 });
            prop_assert!((left.debt.to_f64() - (debt - done.repaid)).abs() < 1e-3);
            prop_assert!((left.collateral.to_f64() - (100.0 - done.seized)).abs() < 1e-3);
        }

        #[test]
        fn nobody_pays_more_than_is_owed(
            debt in 1.0f64..200.0, margin in -0.5f64..1.0, price in 0.1f64..3.0,
        ) {
            for side in [Side::Long, Side::Short] {
                let lot = Lot { side, collateral: 100.0, debt };
                let trade = lot.sold(lot.relative(price), margin, debt);
                prop_assert!(trade.repaid <= debt * (1.0 + 1e-12));
                prop_assert!(trade.seized <= 100.0 * lot.relative(price) * (1.0 + 1e-12));
                prop_assert!((trade.margin() - margin * trade.seized).abs() < 1e-9);
            }
        }
    }
}
