//! `payoff-at-expiry`: the most that an expiry's options can cost when they settle, wherever the
//! price ends.
//!
//! The loss of a sum of payoffs is largest at zero or at a strike, or grows without end where more
//! calls are sold than bought: `max over {0, strikes} (-payoff)`, and for each net short call
//! `unpaired` times the forward.

use super::view::Holding;
use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{
    Decimal, InputError, Instrument, Money, Price, Quantity, Rate, Right, Round, settlement,
};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug)]
struct PayoffAtExpiry {
    unpaired: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(PayoffAtExpiry { unpaired: fields.param("unpaired")? }))
}

impl Charge for PayoffAtExpiry {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        let mut held: Vec<Vec<Holding<'_>>> = Vec::new();
        held.resize_with(pool.table.buckets.len(), Vec::new);
        for holding in pool.holdings()? {
            if let Some(row) = pool.table.row(holding.id) {
                held[pool.table.line(row).bucket].push(holding);
            }
        }
        for (bucket, held) in held.iter().enumerate() {
            let amount = self.most(pool, bucket, held)?;
            if amount.is_positive() {
                let own = &pool.table.buckets[bucket];
                let unit = &pool.table.units[own.unit].underlying;
                let expiry = own.expiry.map(|expiry| expiry.to_string()).unwrap_or_default();
                let text = format!("{unit} {expiry}: most that settlement can cost");
                outcome.amount = outcome.amount.plus(amount)?;
                outcome.lines.push(Line { text, amount });
            }
        }
        Ok(outcome)
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        instrument.is_option() && !instrument.is_inverse()
    }

    fn scope(&self) -> Scope {
        Scope::Bucket
    }

    fn term(&self, pool: &PoolView<'_>, bucket: usize) -> Result<Money, MarginError> {
        let mut held = Vec::new();
        for holding in pool.holdings()? {
            let row = pool.table.row(holding.id);
            if row.is_some_and(|row| pool.table.line(row).bucket == bucket) {
                held.push(holding);
            }
        }
        self.most(pool, bucket, &held)
    }
}

impl PayoffAtExpiry {
    /// What one expiry can cost, in the pool's currency.
    fn most(
        &self,
        pool: &PoolView<'_>,
        bucket: usize,
        held: &[Holding<'_>],
    ) -> Result<Money, MarginError> {
        let options = held.iter().filter(|one| one.instrument.is_option());
        let strikes: BTreeSet<Price> =
            options.clone().filter_map(|one| one.instrument.option_terms()).map(|t| t.0).collect();
        let mut most = Money::ZERO;
        for end in strikes.into_iter().chain([Price::ZERO]) {
            let mut cost = Money::ZERO;
            for one in options.clone() {
                let least = least(one);
                let pays = settlement::option_payout(one.instrument, least, end, Round::Down)?;
                cost = cost.minus(pays)?;
            }
            most = most.max(cost);
        }
        let (mut calls, mut forward) = (Decimal::ZERO, None);
        for one in options {
            forward = forward.max(one.quote.forward);
            if let Some((_, Right::Call)) = one.instrument.option_terms() {
                let size = one.instrument.base_size(least(one), one.quote.mark)?;
                calls = calls.plus(size.decimal())?;
            }
        }
        if let Some(forward) = forward.filter(|_| calls.is_negative()) {
            let unit = &pool.table.units[pool.table.buckets[bucket].unit].underlying;
            let rate = Rate::new(self.unpaired.get("unpaired", unit)?);
            let whole = forward.times(Quantity::new(calls.abs()), Round::Up)?;
            most = most.plus(whole.times(rate, Round::Up)?)?;
        }
        pool.convert(most, &pool.table.buckets[bucket].settle, Round::Up)
    }
}

/// After all sells: an option pays nothing less than zero, so it costs most where least is held.
fn least(one: &Holding<'_>) -> Quantity {
    one.quantities.iter().copied().min().unwrap_or_default()
}
