//! Keepers who come or stay away: each pays a cost to take part, one alone takes the prize, two or
//! more bid it away.
//!
//! Each comes with the probability at which coming pays nothing, so the prize buys attendance and
//! nothing else. Source: the mixed equilibrium of entry before price competition.

use crate::{ModelError, need};
use keelmark_kernels::powf;

/// Keepers before a liquidation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keepers {
    /// How many could come, two or more.
    pub count: u32,
    /// What one alone gains.
    pub prize: f64,
    /// What taking part costs each.
    pub cost: f64,
}

/// How keepers come in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Probability that a keeper comes.
    pub each: f64,
    /// Probability that nobody does.
    pub nobody: f64,
    /// Probability that one comes alone.
    pub one: f64,
    /// How many come on average.
    pub expected: f64,
}

/// A prize and what it costs whoever offers it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bonus {
    /// The prize.
    pub prize: f64,
    /// Prize and expected loss from liquidations that nobody comes to.
    pub total: f64,
}

impl Keepers {
    /// How they come. A prize below its cost brings nobody.
    ///
    /// # Errors
    /// With fewer than two keepers, or a prize or cost that is not above zero.
    pub fn entry(&self) -> Result<Entry, ModelError> {
        need("keepers", f64::from(self.count), "two or more", |count| count >= 2.0)?;
        need("prize", self.prize, "above zero", |prize| prize > 0.0)?;
        need("cost", self.cost, "above zero", |cost| cost > 0.0)?;
        let count = f64::from(self.count);
        let share = (self.cost / self.prize).min(1.0);
        let away = powf(share, 1.0 / (count - 1.0));
        let each = 1.0 - away;
        Ok(Entry {
            each,
            nobody: powf(away, count),
            one: count * each * share,
            expected: count * each,
        })
    }

    /// The prize, never below the cost, at which prize and expected loss together are least, where
    /// `loss` is what a liquidation costs that nobody comes to; the prize of `self` is not used.
    ///
    /// # Errors
    /// As [`Keepers::entry`], and when the loss is not above zero.
    pub fn cheapest(&self, loss: f64) -> Result<Bonus, ModelError> {
        need("keepers", f64::from(self.count), "two or more", |count| count >= 2.0)?;
        need("cost", self.cost, "above zero", |cost| cost > 0.0)?;
        need("loss", loss, "above zero", |loss| loss > 0.0)?;
        let count = f64::from(self.count);
        let power = count / (count - 1.0);
        let slope = power * loss * powf(self.cost, power);
        let prize = powf(slope, 1.0 / (power + 1.0)).max(self.cost);
        let total = prize + loss * powf(self.cost / prize, power);
        Ok(Bonus { prize, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coming_pays_nothing_in_equilibrium(
            count in 2u32..60, prize in 1.0f64..1e4, share in 0.001f64..0.999,
        ) {
            let keepers = Keepers { count, prize, cost: prize * share };
            let entry = keepers.entry().unwrap();
            let alone = powf(1.0 - entry.each, f64::from(count) - 1.0);
            prop_assert!((alone * prize - keepers.cost).abs() < 1e-9 * prize);
        }

        #[test]
        fn no_other_prize_is_cheaper(
            count in 2u32..60, cost in 0.1f64..100.0, loss in 0.1f64..1e5, other in 1.0f64..30.0,
        ) {
            let keepers = Keepers { count, prize: 0.0, cost };
            let best = keepers.cheapest(loss).unwrap();
            let entry = Keepers { prize: cost * other, ..keepers }.entry().unwrap();
            prop_assert!(best.total <= (cost * other + loss * entry.nobody) * (1.0 + 1e-9));
        }
    }

    #[test]
    fn a_prize_below_its_cost_brings_nobody() {
        let entry = Keepers { count: 3, prize: 1.0, cost: 2.0 }.entry().unwrap();
        assert_eq!((entry.each, entry.nobody), (0.0, 1.0));
        assert!(Keepers { count: 1, prize: 1.0, cost: 2.0 }.entry().is_err());
        assert!(Keepers { count: 2, prize: f64::NAN, cost: 2.0 }.entry().is_err());
    }
}
