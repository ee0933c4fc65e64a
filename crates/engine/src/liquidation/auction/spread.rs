//! Some of a debt repaid for collateral at a discount: a fixed one, or one that grows as health
//! falls. Where a loan is past the line beyond which that makes it worse, it is passed over, so
//! that it passes on whole.

use super::fact::Repay;
use super::loan::Loan;
use super::{Auctioned, Bidding, Next, Phase, Sale, Turn};
use crate::change::Change;
use crate::liquidation::rule::{seconds, share};
use crate::liquidation::step::Failing;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{Asset, Money, Rate, Round};
use keelmark_liquidation::spread;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How debts are repaid by others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SpreadAuction")]
pub struct Spread {
    /// What is got beyond what is repaid.
    pub discount: Discount,
    /// The share of the debt that one bid may repay, above 0.
    pub close_factor: Rate,
    /// A debt of at most this may be repaid whole, and none that is smaller is left.
    #[serde(default)]
    pub dust: Money,
    /// Seconds for which it is offered, 1 or more.
    pub seconds: u32,
}

/// What collateral is sold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "SpreadDiscount")]
pub enum Discount {
    /// More than is repaid by this share of it.
    Fixed(Rate),
    /// A share off its price, which is what health is short of one.
    ByHealth {
        /// Share of the collateral's value up to which a debt is healthy, above 0.
        threshold: Rate,
        /// The most off, below 1.
        most: Rate,
    },
}

impl Spread {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        share("spread.close_factor", self.close_factor)?;
        if !self.close_factor.is_positive() {
            return Err(Refusal::bad("spread.close_factor", "above 0", self.close_factor));
        }
        if self.dust.is_negative() {
            return Err(Refusal::bad("spread.dust", "0 or more", self.dust));
        }
        seconds("spread.seconds", self.seconds, 1)?;
        match self.discount {
            Discount::Fixed(rate) => share("spread.discount", rate),
            Discount::ByHealth { threshold, most } => {
                share("spread.threshold", threshold)?;
                share("spread.most", most)?;
                if most == Rate::ONE || !threshold.is_positive() {
                    return Err(Refusal::bad("spread.discount", "a threshold and a price", most));
                }
                Ok(())
            }
        }
    }

    /// What is seized beyond what is repaid.
    fn incentive(&self, loan: &spread::Loan) -> Result<Rate, Refusal> {
        match self.discount {
            Discount::Fixed(rate) => Ok(rate),
            Discount::ByHealth { threshold, most } => {
                let health = loan.health(threshold)?.unwrap_or(Rate::ONE);
                Ok(spread::incentive_at(spread::price_by_health(health, most)?)?)
            }
        }
    }

    /// What a bid of an amount repays.
    fn repaid(&self, owed: Money, wanted: Money, incentive: Rate) -> Result<Money, Refusal> {
        let rules =
            spread::Rules { threshold: Rate::ONE, incentive, close_factor: self.close_factor };
        let most = if owed <= self.dust { owed } else { rules.most(owed)? };
        let repaid = wanted.min(most);
        let left = owed.minus(repaid)?;
        if left.is_zero() || left >= self.dust {
            return Ok(repaid);
        }
        if owed <= self.dust {
            let expected = format!("all of {owed}: a part would leave less than {}", self.dust);
            return Err(Refusal::bad("amount", expected, wanted));
        }
        Ok(owed.minus(self.dust)?)
    }
}

/// Begins, but where it would make the loan worse.
pub(super) fn open(
    failing: &Failing<'_>,
    rule: &Spread,
    standing: &Standing,
) -> Result<Option<Next>, Refusal> {
    let state = failing.state;
    let Some(loan) = Loan::of(state, failing.id)? else { return Ok(None) };
    let Some(incentive) = helpful(state, rule, &loan)? else { return Ok(None) };
    let (debt, collateral) = (loan.debt.clone(), loan.collateral.clone());
    let said = Auctioned::Repay(Repay {
        debt: debt.clone(),
        owed: loan.owed,
        collateral: collateral.clone(),
        held: loan.held,
        incentive,
        seconds: rule.seconds.into(),
    });
    let phase = Phase::Repay { debt, collateral };
    Ok(Some(Next::begun(state, &standing.pool, phase, said, rule.seconds.into())))
}

/// The incentive, unless the loan is past the line where it makes it worse.
fn helpful(state: &State, rule: &Spread, loan: &Loan) -> Result<Option<Rate>, Refusal> {
    let valued = loan.valued(state)?;
    let incentive = rule.incentive(&valued)?;
    Ok((!valued.is_past(incentive)?).then_some(incentive))
}

/// Goes on until its time is up, or the loan is past the line.
pub(super) fn turn(
    failing: &Failing<'_>,
    rule: &Spread,
    sale: &Sale,
) -> Result<Turn<'static>, Refusal> {
    let state = failing.state;
    let Phase::Repay { debt, collateral } = &sale.phase else { return Ok(Turn::Done) };
    let loan = Loan::of(state, failing.id)?.filter(|loan| loan.is_of(debt, collateral));
    let Some(loan) = loan else { return Ok(Turn::Done) };
    let until = u64::from(rule.seconds);
    if sale.clock.seconds(state.now) >= until || helpful(state, rule, &loan)?.is_none() {
        return Ok(Turn::Over);
    }
    Ok(Turn::On(Box::new(Next { sale: sale.clone(), said: None, until })))
}

/// A bid that repays some of it.
pub(super) fn bid<'a>(
    bidding: &Bidding<'a>,
    rule: &Spread,
    (debt, collateral): (&Asset, &Asset),
) -> Result<Change<'a>, Refusal> {
    let state = bidding.state;
    let loan = bidding.loan(debt, collateral)?;
    let Some(incentive) = helpful(state, rule, &loan)? else {
        let account = bidding.asked.account.clone();
        let problem = "it owes so much that this would make it worse: it passes on whole";
        return Err(Refusal::Account { account, problem: problem.to_owned() });
    };
    let before = loan.valued(state)?;
    let repaid = rule.repaid(loan.owed, bidding.amount(Money::ZERO)?, incentive)?;
    let after = before.after(repaid, incentive)?;
    let (seized, paid) =
        (before.collateral.minus(after.collateral)?, before.debt.minus(after.debt)?);
    let sold = state.in_currency(seized, debt, collateral, Round::Down)?.min(loan.held);
    let most = bidding.asked.limit.map(|limit| {
        let limit = Rate::new(limit.decimal());
        sold.times(limit, Round::Down)
    });
    if let Some(most) = most.transpose()?.filter(|most| *most < paid) {
        let expected = format!("enough for {paid} {debt}, which is asked for {sold} {collateral}");
        return Err(Refusal::bad("limit", expected, most));
    }
    let mut change = Change::new(state);
    loan.sell(&mut change, (bidding.id, bidding.by), (sold, paid))?;
    bidding.bought(&mut change, &loan, (sold, paid));
    Ok(change)
}
