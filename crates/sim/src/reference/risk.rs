//! Whoever adds risk holds initial margin afterwards: looked at after the fact, whatever was
//! decided on the way.

use super::{Held, Open, Reference};
use keelmark_book::{InstrumentId, Kind};
use keelmark_engine::command::Action;
use num_bigint::BigInt;

impl Reference {
    /// Whether an action that was accepted took something from an account or gave it new risk.
    #[must_use]
    pub fn added_risk(&self, action: &Action, name: &str, before: Option<&Held>) -> bool {
        let (Some(after), Some(before)) = (self.accounts.get(name), before) else { return false };
        match action {
            Action::Withdraw(_) | Action::Mode { .. } | Action::Margin { .. } => true,
            Action::Transfer { from, .. } => from == name,
            Action::Trade(trade) if trade.buyer.account != trade.seller.account => {
                let id = self.market.instruments.find(&trade.instrument);
                let is_spot = |id| self.market.instruments.get(id).kind == Kind::Spot;
                id.is_ok_and(is_spot) || has_grown(before, after)
            }
            Action::Trade(_) | Action::Place(_) | Action::Amend { .. } => has_grown(before, after),
            _ => false,
        }
    }

    /// # Errors
    /// Which pool of an account is short of its initial margin, or that none can be computed.
    pub fn holds_initial(&self, name: &str) -> Result<(), String> {
        let Some(held) = self.accounts.get(name) else { return Ok(()) };
        if held.positions.is_empty() && held.orders.is_empty() {
            let owed = held.cash.iter().find(|(_, amount)| **amount < BigInt::ZERO);
            return match owed {
                Some((asset, amount)) if !self.lends(name) => {
                    Err(format!("{name} is flat and owes {amount} {asset}"))
                }
                _ => Ok(()),
            };
        }
        let pools = self.pools(name).ok_or_else(|| format!("{name} has no margin"))?;
        match pools.iter().find(|pool| pool.spare() < BigInt::ZERO) {
            Some(pool) => Err(format!("{name} is below initial margin: {pool:?}")),
            None => Ok(()),
        }
    }
}

/// Whether a position is larger or on the other side, or an order new, larger or at another price.
fn has_grown(before: &Held, after: &Held) -> bool {
    let of = |held: &Held, key: &(InstrumentId, bool)| {
        held.positions.get(key).map(|fills| fills.sum().quantity.clone()).unwrap_or_default()
    };
    let zero = BigInt::ZERO;
    let larger = |key: &(InstrumentId, bool)| {
        let (was, is) = (of(before, key), of(after, key));
        is.magnitude() > was.magnitude() || (is > zero) != (was > zero)
    };
    let new = |(number, one): (&u64, &Open)| {
        let same = before.orders.get(number).is_some_and(|was| {
            was.price == one.price && one.quantity.magnitude() <= was.quantity.magnitude()
        });
        !one.reduce_only && !same
    };
    after.positions.keys().any(larger) || after.orders.iter().any(new)
}
