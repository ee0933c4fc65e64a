//! What an account holds, sold for what it owes at a falling price, without positions. Where nobody
//! bids for too long, or the price has fallen too far, it starts anew, a few times.

use super::fact::Lot as Said;
use super::loan::Loan;
use super::{Auctioned, Bidding, Next, Phase, Sale, Turn};
use crate::change::Change;
use crate::liquidation::rule::{seconds, share};
use crate::liquidation::step::Failing;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{Asset, Money, Price, Quantity, Rate, Round};
use keelmark_liquidation::auction::{self, Curve, Reset, Unsold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An auction starts anew at most so often.
const MOST_RESETS: u32 = 20;
/// It starts at most at so many times the price.
const HIGHEST: Rate = Rate::from_int(10);

/// How collateral is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CollateralAuction")]
pub struct Collateral {
    /// How many times the index price is asked at first, above 0, up to 10.
    pub first: Rate,
    /// How the price falls.
    pub fall: Fall,
    /// Seconds after which it starts anew, 1 or more.
    pub tail_seconds: u32,
    /// The share of its first price below which it does.
    pub cusp: Rate,
    /// How often it does, up to 20.
    #[serde(default)]
    pub resets: u32,
    /// A debt that is smaller than this is not left.
    #[serde(default)]
    pub dust: Money,
    /// The smallest amount of collateral that is sold, where there is more.
    #[serde(default)]
    pub least: Money,
}

/// How a price falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "CollateralFall")]
pub enum Fall {
    /// By the same share at each step.
    Stairs {
        /// What is left of it after a step.
        cut: Rate,
        /// Seconds between steps, 1 or more.
        step_seconds: u32,
    },
    /// To zero, evenly.
    Line {
        /// Seconds until then, 1 or more.
        seconds: u32,
    },
}

impl Collateral {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if !self.first.is_positive() || self.first > HIGHEST {
            return Err(Refusal::bad("collateral.first", "above 0, up to 10", self.first));
        }
        share("collateral.cusp", self.cusp)?;
        seconds("collateral.tail_seconds", self.tail_seconds, 1)?;
        if self.resets > MOST_RESETS {
            let expected = format!("up to {MOST_RESETS}");
            return Err(Refusal::bad("collateral.resets", expected, self.resets));
        }
        for (field, amount) in [("collateral.dust", self.dust), ("collateral.least", self.least)] {
            if amount.is_negative() {
                return Err(Refusal::bad(field, "0 or more", amount));
            }
        }
        match self.fall {
            Fall::Stairs { cut, step_seconds } => {
                share("collateral.cut", cut)?;
                seconds("collateral.step_seconds", step_seconds, 1)
            }
            Fall::Line { seconds: all } => seconds("collateral.seconds", all, 1),
        }
    }

    fn curve(&self) -> Curve {
        match self.fall {
            Fall::Stairs { cut, step_seconds } => Curve::Stairs { cut, step: step_seconds.into() },
            Fall::Line { seconds } => Curve::Line { seconds: seconds.into() },
        }
    }

    /// Seconds after which it must start anew.
    fn until(&self) -> Result<u64, Refusal> {
        let reset = Reset { tail: self.tail_seconds.into(), cusp: self.cusp };
        Ok(reset.due(&self.curve())?)
    }

    /// A phase that begins now.
    fn begin(
        &self,
        state: &State,
        loan: &Loan,
        (pool, resets): (&str, u32),
    ) -> Result<Next, Refusal> {
        let one = Money::from_int(1);
        let index = state.in_currency(one, &loan.collateral, &loan.debt, Round::Up)?;
        let top = Price::new(index.times(self.first, Round::Up)?.decimal());
        let until = self.until()?;
        let (debt, collateral) = (loan.debt.clone(), loan.collateral.clone());
        let said = Auctioned::Lot(Said {
            collateral: collateral.clone(),
            lot: loan.held,
            debt: debt.clone(),
            owed: loan.owed,
            price: top,
            seconds: until,
            reset: resets,
        });
        let phase = Phase::Lot { debt, collateral, top, resets };
        Ok(Next::begun(state, pool, phase, said, until))
    }
}

/// Begins with what an account holds.
pub(super) fn open(
    failing: &Failing<'_>,
    rule: &Collateral,
    standing: &Standing,
) -> Result<Option<Next>, Refusal> {
    let state = failing.state;
    let loan = Loan::of(state, failing.id)?;
    loan.map(|loan| rule.begin(state, &loan, (&standing.pool, 0))).transpose()
}

/// Goes on, starts anew, or is over.
pub(super) fn turn(
    failing: &Failing<'_>,
    rule: &Collateral,
    sale: &Sale,
) -> Result<Turn<'static>, Refusal> {
    let state = failing.state;
    let Phase::Lot { debt, collateral, resets, .. } = &sale.phase else { return Ok(Turn::Done) };
    let loan = Loan::of(state, failing.id)?.filter(|loan| loan.is_of(debt, collateral));
    let Some(loan) = loan else { return Ok(Turn::Done) };
    let until = rule.until()?;
    if sale.clock.seconds(state.now) < until {
        return Ok(Turn::On(Box::new(Next { sale: sale.clone(), said: None, until })));
    }
    if *resets >= rule.resets {
        return Ok(Turn::Over);
    }
    Ok(Turn::On(Box::new(rule.begin(state, &loan, (&sale.pool, resets + 1))?)))
}

/// A bid for some of it.
pub(super) fn bid<'a>(
    bidding: &Bidding<'a>,
    rule: &Collateral,
    (debt, collateral): (&Asset, &Asset),
    top: Price,
) -> Result<Change<'a>, Refusal> {
    let state = bidding.state;
    let loan = bidding.loan(debt, collateral)?;
    let price = rule.curve().price(top, bidding.seconds())?;
    let wanted = bidding.amount(rule.least.min(loan.held))?;
    let limit = bidding.asked.limit.map_or(price, |limit| Price::new(limit.decimal()));
    let lot = auction::Lot { owed: loan.owed, lot: Quantity::new(loan.held.decimal()) };
    let wanted = Quantity::new(wanted.decimal());
    let taken = match lot.take(&auction::Sale { price, limit, wanted, dust: rule.dust })? {
        Ok(taken) => taken,
        Err(Unsold::TooExpensive) => {
            return Err(Refusal::bad(
                "limit",
                format!("{price} {debt} or more, which is asked"),
                limit,
            ));
        }
        Err(Unsold::NoPart) => {
            let expected = format!("all of it: a part would leave less than {} {debt}", rule.dust);
            return Err(Refusal::bad("amount", expected, wanted));
        }
    };
    let sold = Money::new(taken.slice.decimal());
    let mut change = Change::new(state);
    loan.sell(&mut change, (bidding.id, bidding.by), (sold, taken.paid))?;
    bidding.bought(&mut change, &loan, (sold, taken.paid));
    Ok(change)
}
