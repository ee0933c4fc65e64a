//! What the pool of an account that fails has to pass on, at the marks: what every way of passing
//! it on whole begins with.

use super::step::Failing;
use crate::delivery::Phase;
use crate::position;
use crate::refusal::Refusal;
use crate::standing::portfolio;
use crate::state::State;
use keelmark_book::{Asset, Decimal, InstrumentId, Money, Overflow, Quantity, Round};
use keelmark_margin::pool::divide;
use std::collections::BTreeSet;

/// A pool that is short of its maintenance margin.
pub(super) struct Estate {
    /// Whether it is one position on its own collateral.
    pub isolated: bool,
    /// Its positions that can be traded.
    pub held: Vec<Held>,
    /// What it holds, owes, or settles in.
    pub assets: BTreeSet<Asset>,
}

/// A position of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub instrument: InstrumentId,
    /// Contracts, long above zero.
    pub quantity: Quantity,
    /// Whole lots, without the sign.
    pub lots: i64,
    /// Its value at the mark without the sign, in the market's currency.
    pub worth: Money,
}

impl Held {
    /// What the account trades to be rid of some lots.
    pub fn traded(&self, state: &State, lots: i64) -> Result<Quantity, Overflow> {
        let lot = state.market.instruments.get(self.instrument).lot.decimal();
        let size = Quantity::new(lot.times(Decimal::from_int(lots), Round::Nearest)?);
        Ok(if self.quantity.is_positive() { -size } else { size })
    }

    /// What some lots are worth, rounded down.
    pub fn worth_of(&self, lots: i64) -> Result<Money, Overflow> {
        let [part, all] = [lots, self.lots].map(Decimal::from_int);
        self.worth.decimal().times_over(part, all, Round::Down).map(Money::new)
    }
}

impl Failing<'_> {
    /// What the pool that uses most has to pass on; none where no pool is short any more.
    pub fn estate(&self) -> Result<Option<Estate>, Refusal> {
        let state = self.state;
        let Some(worst) = self.worst().filter(|pool| pool.is_liquidatable()) else {
            return Ok(None);
        };
        let account = state.reckoned(self.id, state.account(self.id))?;
        let whole = portfolio(&account, &state.market)?;
        let pools = divide(&whole, state.document(account.model), &state.market);
        let Some(pool) = pools.into_iter().find(|pool| pool.name == worst.pool) else {
            return Ok(None);
        };
        let mut held = Vec::new();
        let mut assets: BTreeSet<Asset> =
            pool.collateral.iter().map(|balance| balance.asset.clone()).collect();
        for position in &pool.positions {
            assets.insert(state.market.instruments.get(position.instrument).settle.clone());
            let phase = state.delivery.phase(position.instrument, state.now);
            if matches!(phase, Phase::Traded | Phase::Reducing) {
                held.push(state.held_at_mark(position.instrument, position.quantity)?);
            }
        }
        Ok(Some(Estate { isolated: pool.isolated, held, assets }))
    }
}

impl State {
    fn held_at_mark(&self, instrument: InstrumentId, quantity: Quantity) -> Result<Held, Refusal> {
        let one = self.market.instruments.get(instrument);
        let lots = one.lots(quantity).map(i64::abs).ok_or(Overflow)?;
        let worth = self.worth(instrument, quantity)?;
        Ok(Held { instrument, quantity, lots, worth })
    }

    /// The value of contracts at the mark without its sign, in the market's currency, rounded up.
    pub(super) fn worth(
        &self,
        instrument: InstrumentId,
        quantity: Quantity,
    ) -> Result<Money, Refusal> {
        let one = self.market.instruments.get(instrument);
        let value = position::value(one, quantity, self.market.quote(instrument).mark)?.abs();
        self.in_currency(value, &one.settle, &self.market.currency, Round::Up)
    }
}
