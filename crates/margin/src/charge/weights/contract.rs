//! A perpetual as a health counts it: the base at its weighted price plus what the contract has
//! paid and received is profit that is not settled yet, in the settlement asset.

use super::super::view::Holding;
use super::super::{Fill, PoolView};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Decimal, Price, Quantity, Round};

/// Weights of perpetuals and futures, by underlying.
#[derive(Debug)]
pub(super) struct Contracts {
    pub asset: Param,
    pub liability: Param,
    /// Share of a profit that counts before it is settled.
    pub gain: Param,
    /// The most of a contract's profit that counts, in its settlement asset.
    pub gain_cap: Option<Param>,
    /// Whether the slower mark counts where it is worse.
    pub strict: bool,
}

/// A contract's profit as it stands and as it counts, in the settlement asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub plain: Decimal,
    pub counted: Decimal,
}

impl Contracts {
    pub(super) fn is_capped(&self) -> bool {
        self.gain_cap.is_some()
    }

    /// What a contract brings. Where orders count, all bids or all asks fill at the worse price,
    /// whichever leaves less.
    pub(super) fn of(
        &self,
        pool: &PoolView<'_>,
        holding: &Holding<'_>,
    ) -> Result<Counted, MarginError> {
        let one = holding.instrument;
        let mark = holding.quote.mark.decimal();
        let slow = pool.market.slow_mark(holding.id).filter(|_| self.strict);
        let slow = slow.map_or(mark, Price::decimal);
        let (low, high) = (mark.min(slow), mark.max(slow));
        let coins = |quantity: Quantity| {
            quantity.decimal().times(one.contract_size.decimal(), Round::Nearest)
        };
        let held = coins(holding.quantities.first().copied().unwrap_or_default())?;
        let plain = pool.profit(holding.id).decimal();
        let quote = plain.minus(held.times(mark, Round::Up)?)?;
        let long = self.asset.get("contracts.asset", &one.base)?;
        let short = self.liability.get("contracts.liability", &one.base)?;
        let mut least: Option<Decimal> = None;
        let choices = if pool.fill == Fill::Worst { &holding.quantities[..] } else { &[] };
        for quantity in holding.quantities.first().into_iter().chain(choices.iter().skip(1)) {
            let after = coins(*quantity)?;
            let filled = after.minus(held)?;
            let (weight, price) = if after.is_negative() { (short, high) } else { (long, low) };
            let worth = after.times(weight, Round::Down)?.times(price, Round::Down)?;
            let paid = filled.times(if filled.is_negative() { low } else { high }, Round::Up)?;
            let found = quote.plus(worth)?.minus(paid)?;
            least = Some(least.map_or(found, |least| least.min(found)));
        }
        let mut counted = least.unwrap_or(quote);
        if counted.is_positive() {
            counted = counted.times(self.gain.get("contracts.gain", &one.base)?, Round::Down)?;
            if let Some(cap) = &self.gain_cap {
                counted = counted.min(cap.get("contracts.gain_cap", &one.base)?);
            }
        }
        Ok(Counted { plain, counted })
    }
}
