//! A share of a pool of an account, passed to a bidder: the same share of what every position and
//! every balance is worth, and of the positions themselves the next whole lots.
//!
//! A position passes at the value that leaves just that share of its profit with the bidder, so
//! that what he pays for is what he gets, however the lots fall. Rejected: passing positions at
//! the entry price (a part lot more would pass its whole loss) and at the mark (a share of the
//! loss would have to be paid in cash that may not be there).

use crate::account::{Account, AccountId, Holding};
use crate::change::Change;
use crate::ledger::Place;
use crate::liquidation::pass::{Passed, pass};
use crate::position;
use crate::refusal::Refusal;
use crate::standing::{Leave, portfolio};
use crate::state::State;
use keelmark_book::{Asset, Decimal, InstrumentId, Money, Quantity, Rate, Round};
use keelmark_margin::pool::{Funding, divide};

/// A pool that is sold in shares.
pub(super) struct Whole<'a> {
    state: &'a State,
    id: AccountId,
    currency: Asset,
    /// The position, where it stands on collateral of its own.
    alone: Option<InstrumentId>,
    holdings: Vec<Holding>,
    balances: Vec<(Asset, Money)>,
}

impl<'a> Whole<'a> {
    /// A pool of an account, by its name; none where it holds no collateral of its own account.
    pub fn of(
        state: &'a State,
        id: AccountId,
        account: &Account,
        name: &str,
    ) -> Result<Option<Self>, Refusal> {
        if let Some(waiting) = state.waiting(account) {
            let instrument = state.market.instruments.get(waiting).to_string();
            let problem = "it waits for its settlement price, and cannot pass until then";
            return Err(Refusal::NotTraded { instrument, problem: problem.to_owned() });
        }
        let whole = portfolio(account, &state.market)?;
        let pools = divide(&whole, state.document(account.model), &state.market);
        let Some(pool) = pools.into_iter().find(|pool| pool.name == name) else { return Ok(None) };
        if pool.funding != Funding::Given {
            return Ok(None);
        }
        let alone = pool.positions.first().map(|one| one.instrument).filter(|_| pool.isolated);
        let held = |id: InstrumentId| match alone {
            Some(_) => account.isolated(id).map(|own| own.holding),
            None => account.shared(id).copied(),
        };
        let holdings = pool.positions.iter().filter_map(|one| held(one.instrument)).collect();
        let balances = pool.collateral.into_iter().map(|held| (held.asset, held.amount)).collect();
        Ok(Some(Self { state, id, currency: pool.currency, alone, holdings, balances }))
    }

    /// What bidders pay in: what all positions settle in, or what the rule says.
    pub fn paid_in(&self, rule: &Asset) -> Asset {
        let settle = |held: &Holding| &self.state.market.instruments.get(held.instrument).settle;
        let mut all = self.holdings.iter().map(settle);
        match all.next() {
            Some(first) if all.all(|other| other == first) => first.clone(),
            _ => rule.clone(),
        }
    }

    /// What it is worth at marks and index prices, haircuts aside, in its currency; rounded down.
    pub fn worth(&self) -> Result<Money, Refusal> {
        let mut sum = Money::ZERO;
        for held in &self.holdings {
            let settle = &self.state.market.instruments.get(held.instrument).settle;
            let profit = self.profit(held)?;
            sum =
                sum.plus(self.state.in_currency(profit, settle, &self.currency, Round::Down)?)?;
        }
        for (asset, amount) in &self.balances {
            sum =
                sum.plus(self.state.in_currency(*amount, asset, &self.currency, Round::Down)?)?;
        }
        Ok(sum)
    }

    /// What a position is worth beside what was paid for it, in its settlement asset.
    fn profit(&self, held: &Holding) -> Result<Money, Refusal> {
        let one = self.state.market.instruments.get(held.instrument);
        let mark = self.state.market.quote(held.instrument).mark;
        let worth = position::value(one, held.quantity, mark)?;
        Ok(if one.is_option() { worth } else { worth.minus(held.cost)? })
    }

    /// Where its balances are, after a change so far: collateral of a position that is gone went
    /// back to the account.
    pub fn place(&self, change: &Change<'_>) -> Place {
        let own = self.alone.filter(|one| change.account(self.id).isolated(*one).is_some());
        own.map_or(Place::Account(self.id), |one| Place::Isolated(self.id, one))
    }

    /// Passes a share to a bidder, but of what is reserved in an asset.
    pub fn pass(
        &self,
        change: &mut Change<'_>,
        by: AccountId,
        share: Rate,
        reserved: (&Asset, Money),
    ) -> Result<(), Refusal> {
        for (asset, amount) in &self.balances {
            let kept = if asset == reserved.0 { reserved.1 } else { Money::ZERO };
            let part = amount.minus(kept)?.times(share, Round::Down)?;
            change.post(asset, self.place(change), Place::Account(by), part)?;
        }
        for held in &self.holdings {
            let instrument = held.instrument;
            let one = self.state.market.instruments.get(instrument);
            let quantity = lots(held.quantity, one.lot, share)?;
            let mark = self.state.market.quote(instrument).mark;
            let profit = self.profit(held)?.times(share, Round::Down)?;
            let value = position::value(one, quantity, mark)?.minus(profit)?;
            let (id, isolated) = (self.id, self.alone.is_some());
            let (quantity, value) = (-quantity, -value);
            pass(change, &Passed { id, by, instrument, isolated, quantity, value })?;
        }
        Ok(())
    }

    /// Checks who took a share: limits of each instrument, initial margin, and that he has what he
    /// paid.
    pub fn accept(
        &self,
        change: &mut Change<'_>,
        by: AccountId,
        asset: &Asset,
    ) -> Result<(), Refusal> {
        for held in &self.holdings {
            change.within_limits(by, held.instrument)?;
        }
        change.has_paid(by, asset)?;
        change.require(by, Leave::Initial)
    }
}

impl Change<'_> {
    /// Refuses a payment in an asset of which an account has not enough, unless its document lends.
    pub(super) fn has_paid(&self, by: AccountId, asset: &Asset) -> Result<(), Refusal> {
        let (after, before) =
            (self.account(by).balance(asset), self.state.account(by).balance(asset));
        let owes_more = after.is_negative() && after < before;
        if !owes_more || self.state.lends(self.account(by)).unwrap_or(false) {
            return Ok(());
        }
        let (account, asset) = (self.account(by).name.clone(), asset.clone());
        let wanted = before.minus(after)?;
        Err(Refusal::NotEnough { account, asset, available: before, wanted })
    }
}

/// A share of a position in whole lots, rounded up, never beyond it.
fn lots(held: Quantity, lot: Quantity, share: Rate) -> Result<Quantity, Refusal> {
    if share >= Rate::ONE {
        return Ok(held);
    }
    let (most, lot) = (held.abs().decimal(), lot.decimal().raw());
    let part = most.times(share.decimal(), Round::Up)?.raw();
    let whole = part / lot + i128::from(part % lot != 0);
    let size = Quantity::new(Decimal::from_raw(whole.saturating_mul(lot).min(most.raw())));
    Ok(if held.is_negative() { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_whole_lots_and_never_more_than_there_is() {
        let of = |held: i64, percent: i64| {
            let share =
                Rate::new(Decimal::from_raw(Decimal::ONE.raw() / 100 * i128::from(percent)));
            lots(Quantity::from_int(held), Quantity::from_int(2), share).unwrap()
        };
        assert_eq!(of(10, 50), Quantity::from_int(6));
        assert_eq!(of(-10, 41), Quantity::from_int(-6));
        assert_eq!(of(10, 1), Quantity::from_int(2));
        assert_eq!(of(-10, 100), Quantity::from_int(-10));
        assert_eq!(of(10, 0), Quantity::ZERO);
    }
}
