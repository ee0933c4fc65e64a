//! An account without positions that owes one asset and holds another: the largest of either.

use crate::account::AccountId;
use crate::change::Change;
use crate::ledger::Place;
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::State;
use keelmark_book::{Asset, Money, Round};
use keelmark_liquidation::spread;

/// What is owed and what is held against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loan {
    pub debt: Asset,
    pub owed: Money,
    pub collateral: Asset,
    pub held: Money,
}

impl Loan {
    /// What an account owes and holds; none where it has positions, or lacks one of both.
    pub fn of(state: &State, id: AccountId) -> Result<Option<Self>, Refusal> {
        let account = state.account(id);
        if account.holdings().next().is_some() {
            return Ok(None);
        }
        let mut owes: Option<(Money, Asset, Money)> = None;
        let mut holds: Option<(Money, Asset, Money)> = None;
        for (asset, amount) in &account.balances {
            let worth =
                state.in_currency(amount.abs(), asset, &state.market.currency, Round::Down)?;
            let largest = if amount.is_negative() { &mut owes } else { &mut holds };
            if largest.as_ref().is_none_or(|(most, ..)| worth > *most) {
                *largest = Some((worth, asset.clone(), amount.abs()));
            }
        }
        let (Some((_, debt, owed)), Some((_, collateral, held))) = (owes, holds) else {
            return Ok(None);
        };
        Ok(Some(Self { debt, owed, collateral, held }))
    }

    /// The same pair as at the beginning of a sale.
    pub fn is_of(&self, debt: &Asset, collateral: &Asset) -> bool {
        self.debt == *debt && self.collateral == *collateral
    }

    /// Both in the asset that is owed.
    pub fn valued(&self, state: &State) -> Result<spread::Loan, Refusal> {
        let collateral = state.in_currency(self.held, &self.collateral, &self.debt, Round::Down)?;
        Ok(spread::Loan { collateral, debt: self.owed })
    }

    /// Some of the collateral for some of the debt, and checks of both sides.
    pub fn sell(
        &self,
        change: &mut Change<'_>,
        (id, by): (AccountId, AccountId),
        (sold, paid): (Money, Money),
    ) -> Result<(), Refusal> {
        if !sold.is_positive() || !paid.is_positive() {
            return Err(Refusal::bad("amount", "enough to get some of the collateral", sold));
        }
        let (account, bidder) = (Place::Account(id), Place::Account(by));
        change.post(&self.debt, bidder, account, paid)?;
        change.post(&self.collateral, account, bidder, sold)?;
        change.helps(id)?;
        change.has_paid(by, &self.debt)?;
        change.require(by, Leave::Initial)
    }
}
