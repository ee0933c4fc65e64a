//! What a venue allows its liquidations to do.

use super::{Auction, Backstop, Deleverage, Insurance, Socialise};
use crate::change::Change;
use crate::refusal::Refusal;
use keelmark_book::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most seconds of anything in a rule: a week.
const LONGEST: u32 = 604_800;
/// The most steps of a stage.
const MOST_STEPS: u32 = 1_000;

/// How accounts under a document are liquidated. A stage that is absent is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationRule")]
pub struct Rule {
    /// From when maintenance margin exceeds equity until the first step, in seconds: time to mend
    /// it. New risk and withdrawals are refused meanwhile.
    #[serde(default)]
    pub grace_seconds: u32,
    /// From one step to the next, in seconds, 1 or more.
    pub step_seconds: u32,
    /// Liquidation ends where margin used is at most this, above 0 and below 1.
    pub end: Rate,
    /// Positions are offered to whoever takes them.
    pub close: Option<Close>,
    /// It is auctioned.
    pub auction: Option<Auction>,
    /// Vaults take over what is left.
    pub backstop: Option<Backstop>,
    /// A fund pays what is owed in the end.
    pub insurance: Option<Insurance>,
    /// Positions are closed against those that hold the other side.
    pub deleverage: Option<Deleverage>,
    /// What is still owed is borne by all.
    pub socialise: Option<Socialise>,
}

/// How positions are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationClose")]
pub struct Close {
    /// The most of a position that the first step offers, as a share above 0.
    pub first: Rate,
    /// By how much that share grows with each step.
    pub growth: Rate,
    /// After so many steps the next stage begins.
    pub steps: u32,
    /// How much worse than the mark a fill may be, as a share of it.
    pub slippage: Rate,
    /// What the insurance fund is paid of the value that is closed.
    pub fee: Rate,
}

impl Rule {
    /// A rule with sound numbers.
    pub(crate) fn checked(self) -> Result<Self, Refusal> {
        seconds("grace_seconds", self.grace_seconds, 0)?;
        seconds("step_seconds", self.step_seconds, 1)?;
        if !self.end.is_positive() || self.end >= Rate::ONE {
            return Err(Refusal::bad("end", "above 0 and below 1", self.end));
        }
        if let Some(close) = &self.close {
            close.check()?;
        }
        if let Some(backstop) = &self.backstop {
            backstop.check()?;
        }
        if let Some(insurance) = &self.insurance {
            insurance.check()?;
        }
        if let Some(deleverage) = &self.deleverage {
            deleverage.policy.check()?;
        }
        if let Some(socialise) = self.socialise {
            socialise.check()?;
        }
        if let Some(auction) = &self.auction {
            auction.check()?;
        }
        Ok(self)
    }

    /// Refuses a rule about accounts that are not there; funds that are not there yet will be.
    pub(crate) fn refers(&self, change: &mut Change<'_>) -> Result<(), Refusal> {
        for vault in self.backstop.iter().flat_map(|backstop| &backstop.vaults) {
            change.state.open(&vault.account)?;
        }
        if let Some(insurance) = &self.insurance {
            insurance.found(change);
        }
        Ok(())
    }
}

impl Close {
    fn check(&self) -> Result<(), Refusal> {
        if !self.first.is_positive() || self.first > Rate::ONE {
            return Err(Refusal::bad("close.first", "above 0, up to 1", self.first));
        }
        share("close.growth", self.growth)?;
        share("close.slippage", self.slippage)?;
        share("close.fee", self.fee)?;
        steps("close.steps", self.steps)
    }
}

/// Refuses a number of seconds that is too small or too large.
pub(crate) fn seconds(field: &str, found: u32, least: u32) -> Result<(), Refusal> {
    if found < least || found > LONGEST {
        return Err(Refusal::bad(field, format!("{least} to {LONGEST}"), found));
    }
    Ok(())
}

/// Refuses a share that is not from zero to one.
pub(crate) fn share(field: &str, found: Rate) -> Result<(), Refusal> {
    if found.is_negative() || found > Rate::ONE {
        return Err(Refusal::bad(field, "0 to 1", found));
    }
    Ok(())
}

/// Refuses a stage without an end.
pub(crate) fn steps(field: &str, found: u32) -> Result<(), Refusal> {
    if found == 0 || found > MOST_STEPS {
        return Err(Refusal::bad(field, format!("1 to {MOST_STEPS}"), found));
    }
    Ok(())
}
