//! The number that a mechanism is tuned by, and where owners and fund together lose least.

use super::file::shown;
use super::found::SEARCH;
use super::lot::Lot;
use super::mechanism::Mechanism;
use super::setting::Game;
use keelmark_book::{Money, Overflow, Rate, Round};
use keelmark_liquidation::spread::{Loan, Rules};

/// Values that are tried.
const TRIED: u32 = 21;

/// Where owners and fund lose least.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The parameter.
    pub parameter: &'static str,
    /// Its value in the game.
    pub value: f64,
    /// What they lose there.
    pub loss: f64,
    /// Its best value of those tried.
    pub best: f64,
    /// What they lose then.
    pub least: f64,
}

/// What the account's worst case of two liquidations in place of one is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TwoSteps {
    /// Bonus of one liquidation up to the close factor.
    pub once: f64,
    /// Bonus of a first to the edge of health and a second up to the close factor.
    pub twice: f64,
}

impl Game {
    /// What the mechanism is tuned by, and the range in which it is looked for.
    pub fn tuned_by(&self) -> (&'static str, f64, f64) {
        match self.sale.mechanism {
            Mechanism::Fixed(_) | Mechanism::Race { .. } => ("bonus", 0.002, 0.25),
            Mechanism::Sealed { .. } | Mechanism::Dutch { .. } => ("reserve", 0.3, 0.98),
            Mechanism::Reverse { .. } => ("most", 0.002, 0.4),
        }
    }

    /// The values of that parameter which are tried.
    pub fn tries(&self) -> Vec<f64> {
        let (_, low, high) = self.tuned_by();
        let share = |at: u32| f64::from(at) / f64::from(TRIED - 1);
        (0..TRIED).map(|at| low + (high - low) * share(at)).collect()
    }

    /// What owners and fund lose with the parameter at a value; none where that makes no sense.
    pub fn lost_at(&self, value: f64) -> Option<f64> {
        let moved = self.with(&[(self.tuned_by().0, &shown(value))]).ok()?;
        let flows = moved.found_with(SEARCH).flows;
        Some(flows.owners + flows.fund)
    }

    /// The best of what was lost at the tries.
    pub fn optimum(&self, loss: f64, lost: &[Option<f64>]) -> Option<Optimum> {
        let parameter = self.tuned_by().0;
        let value = self.value(parameter)?;
        let tried = self.tries().into_iter().zip(lost).filter_map(|(at, one)| Some((at, (*one)?)));
        let own = (value, loss);
        let least = |best: (f64, f64), one: (f64, f64)| if one.1 < best.1 { one } else { best };
        let (best, least) = tried.fold(own, least);
        Some(Optimum { parameter, value, loss, best, least })
    }

    /// What two liquidations in one block are worth over one, of all accounts; nothing without a
    /// fixed bonus.
    ///
    /// # Errors
    /// When an amount does not fit exact money.
    pub fn two_steps(&self) -> Result<Option<TwoSteps>, Overflow> {
        let Some(spread) = self.sale.spread() else { return Ok(None) };
        let rate = |number| Rate::from_f64(number, Round::Nearest);
        let rules = Rules {
            threshold: rate(self.sale.threshold)?,
            incentive: rate(spread.bonus)?,
            close_factor: rate(spread.close_factor)?,
        };
        let mut sum = TwoSteps::default();
        for group in &self.failing {
            let one = bonus(&rules, &group.lot).unwrap_or_default();
            sum.once += f64::from(group.count) * one.once;
            sum.twice += f64::from(group.count) * one.twice;
        }
        Ok(Some(sum))
    }
}

fn bonus(rules: &Rules, lot: &Lot) -> Option<TwoSteps> {
    let money = |number| Money::from_f64(number, Round::Nearest).ok();
    let loan = Loan { collateral: money(lot.collateral)?, debt: money(lot.debt)? };
    let steps = rules.two_steps(&loan).ok()??;
    let seized = |before: Loan, repaid: Money| -> Option<f64> {
        let after = before.after(repaid, rules.incentive).ok()?;
        let seized = before.collateral.to_f64() - after.collateral.to_f64();
        Some(seized - (before.debt.to_f64() - after.debt.to_f64()))
    };
    let once = seized(loan, rules.most(loan.debt).ok()?)?;
    let twice = seized(loan, steps.first)? + seized(steps.between, steps.second)?;
    Some(TwoSteps { once, twice: twice.max(once) })
}
