//! `price-shortfall`: how far the price of an asset lies below a threshold, in the market's
//! currency a coin; 0 from the threshold on.
//!
//! A number for formulas rather than money: what a level makes of a settlement asset that has lost
//! its peg.

use super::{Charge, Clock, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use keelmark_book::{Asset, Decimal, InputError, Money};
use std::sync::Arc;

#[derive(Debug)]
struct PriceShortfall {
    asset: Asset,
    below: Decimal,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let node = fields.need("asset")?;
    let asset = Asset::new(node.text()?).map_err(|error| node.error(error))?;
    let below = fields.need("below")?.decimal()?;
    Ok(Arc::new(PriceShortfall { asset, below }))
}

impl Charge for PriceShortfall {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let price = pool.market.price(&self.asset)?;
        let short = self.below.minus(price.decimal())?.max(Decimal::ZERO);
        let amount = Money::new(short);
        let text = format!("{} at {price}, below {}", self.asset, self.below);
        Ok(Outcome { amount, lines: vec![Line { text, amount }], ..Outcome::default() })
    }

    fn scope(&self) -> Scope {
        Scope::Fixed
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}
