//! Collateral of positions that stand alone: what they ask for, and what they release.
//!
//! The margin computation says what is short; how much of the settlement asset mends that is found
//! by asking again, so that haircuts and caps of whatever document count as they are.

use crate::account::{Account, AccountId, Holding, Isolated};
use crate::change::Change;
use crate::ledger::{House, Place};
use crate::refusal::Refusal;
use crate::standing::standings;
use keelmark_book::{Asset, InstrumentId, Money, Round};

/// A haircut in so many tiers is seen through.
const MOST_ROUNDS: u32 = 16;

impl Change<'_> {
    /// Gives an isolated position what its initial margin asks beyond what it has, and at least
    /// what was paid for it: an option bought is not owed to its own collateral.
    pub fn top_up(&mut self, id: AccountId, instrument: InstrumentId) -> Result<(), Refusal> {
        let Some(own) = self.account(id).isolated(instrument).copied() else { return Ok(()) };
        let given = self.needed(id, own)?.max(-own.margin);
        let settle = self.state.market.instruments.get(instrument).settle.clone();
        self.post(&settle, Place::Account(id), Place::Isolated(id, instrument), given)
    }

    /// The same contracts on less collateral: closed ones release their share of it.
    ///
    /// What is left keeps its initial margin, and all that there is where it has none or none can
    /// be computed: what is released never stands against closing a part.
    pub fn fill_isolated(
        &mut self,
        id: AccountId,
        before: Isolated,
        after: Holding,
        settle: &Asset,
        cash: Money,
    ) -> Result<(), Refusal> {
        let instrument = after.instrument;
        let (own, shared) = (Place::Isolated(id, instrument), Place::Account(id));
        let clearing = Place::House(House::Clearing(instrument));
        if before.holding.quantity.is_zero() {
            self.account_mut(id).set_isolated(Isolated { holding: after, margin: Money::ZERO });
            return self.post(settle, clearing, own, cash);
        }
        self.post(settle, clearing, own, cash)?;
        let margin = self.isolated(id, instrument).margin;
        let (size, was) = (after.quantity.abs(), before.holding.quantity.abs());
        if margin.is_negative() && size < was {
            let account = self.account(id).name.clone();
            let (available, wanted) = (margin, Money::ZERO);
            return Err(Refusal::NotEnough { account, asset: settle.clone(), available, wanted });
        }
        if after.quantity.is_zero() {
            self.post(settle, own, shared, margin)?;
            self.account_mut(id).set_isolated(Isolated { holding: after, margin: Money::ZERO });
            return Ok(());
        }
        self.account_mut(id).set_isolated(Isolated { holding: after, margin });
        let crosses = after.quantity.is_negative() != before.holding.quantity.is_negative();
        let kept = if crosses {
            Money::ZERO
        } else if size < was && margin.is_positive() {
            let share = margin.decimal().times_over(size.decimal(), was.decimal(), Round::Up)?;
            let share = Isolated { holding: after, margin: Money::new(share) };
            let needed = self.needed(id, share).unwrap_or(margin);
            share.margin.plus(needed)?.min(margin)
        } else {
            margin
        };
        self.post(settle, own, shared, margin.minus(kept)?)
    }

    /// How much more of its settlement asset a position that stands alone needs to hold its initial
    /// margin; zero where it does.
    fn needed(&self, id: AccountId, own: Isolated) -> Result<Money, Refusal> {
        let mut short = self.short(id, own)?;
        let (mut given, mut step) = (Money::ZERO, short);
        for _ in 0..MOST_ROUNDS {
            if short.is_zero() {
                return Ok(given);
            }
            given = given.plus(step)?;
            let left = self.short(id, Isolated { margin: own.margin.plus(given)?, ..own })?;
            let mended = short.minus(left)?;
            if left.is_positive() && !mended.is_positive() {
                break;
            }
            if left.is_positive() {
                // What was given counted for less than itself: so will the rest.
                let (left, mended) = (left.decimal(), mended.decimal());
                step = Money::new(step.decimal().times_over(left, mended, Round::Up)?);
            }
            short = left;
        }
        if short.is_zero() {
            return Ok(given);
        }
        let one = self.state.market.instruments.get(own.holding.instrument);
        let settle = &one.settle;
        let account = self.account(id).name.clone();
        let problem = format!(
            "{given} {settle} more do not bring {one} on its own collateral to its initial margin, \
             {short} {settle} are short: {settle} counts for too little as collateral"
        );
        Err(Refusal::Account { account, problem })
    }

    /// What a position that stands alone is short of its initial margin, in its settlement asset
    /// without a haircut, rounded up.
    fn short(&self, id: AccountId, own: Isolated) -> Result<Money, Refusal> {
        let account = self.account(id);
        let market = &self.state.market;
        let empty = Account::new(&account.name, account.parent, account.mode, account.model);
        let alone = Account { isolated: vec![own], ..empty };
        let pools = standings(&alone, self.state.document(account.model), market)?;
        let mut short = Money::ZERO;
        for pool in pools.iter().filter(|pool| pool.available().is_negative()) {
            let settle = &market.instruments.get(own.holding.instrument).settle;
            let price = |asset| {
                let problem = |error: keelmark_book::market::MarketError| Refusal::NoMargin {
                    account: account.name.clone(),
                    problem: error.to_string(),
                };
                market.price(asset).map_err(problem)
            };
            let missing = (-pool.available()).at(price(&pool.currency)?, Round::Up)?;
            short = short.plus(missing.over(price(settle)?, Round::Up)?)?;
        }
        Ok(short)
    }
}
