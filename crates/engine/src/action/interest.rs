//! Setting what debts cost, and charging it.

use crate::account::AccountId;
use crate::change::{Change, Edit};
use crate::event::Event;
use crate::interest::{self, Terms};
use crate::ledger::{House, Place};
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Asset, Money, Timestamp};

/// Sets the terms of an asset from now on; what is due under those before is charged first.
pub fn set<'a>(
    state: &'a State,
    asset: &Asset,
    terms: Option<Terms>,
    at: Timestamp,
) -> Result<Change<'a>, Refusal> {
    let terms = terms.map(Terms::checked).transpose()?;
    let mut change = Change::new(state);
    charge(&mut change, asset, at)?;
    change.tell(Event::InterestSet { asset: asset.clone(), terms });
    change.edit(Edit::Interest(interest::Edit::Terms(asset.clone(), at, terms)));
    Ok(change)
}

/// Charges what is due of an asset, or of all.
pub fn accrue<'a>(
    state: &'a State,
    asset: Option<&Asset>,
    at: Timestamp,
) -> Result<Change<'a>, Refusal> {
    let mut change = Change::new(state);
    match asset {
        None => {
            for asset in state.interest.assets() {
                charge(&mut change, asset, at)?;
            }
        }
        Some(asset) if state.interest.terms(asset).is_none() => {
            return Err(Refusal::unknown("interest on", asset.as_str()));
        }
        Some(asset) => charge(&mut change, asset, at)?,
    }
    Ok(change)
}

/// Borrowers to the house's account of interest, and on to lenders and the house.
fn charge(change: &mut Change<'_>, asset: &Asset, at: Timestamp) -> Result<(), Refusal> {
    let Some(due) = change.state.interest_due(asset, at)? else { return Ok(()) };
    let sum = |parts: &[(AccountId, Money)]| Money::sum(parts.iter().map(|(_, amount)| *amount));
    change.tell(Event::Accrued {
        asset: asset.clone(),
        rate: due.rate,
        charged: sum(&due.owed)?,
        paid: sum(&due.paid)?,
        index: due.index,
    });
    let house = Place::House(House::Interest);
    for (id, amount) in due.owed {
        change.post(asset, Place::Account(id), house, amount)?;
    }
    for (id, amount) in due.paid {
        change.post(asset, house, Place::Account(id), amount)?;
    }
    change.post(asset, house, Place::House(House::Fees), due.house)?;
    change.edit(Edit::Interest(interest::Edit::Accrued(asset.clone(), at, due.index)));
    Ok(())
}
