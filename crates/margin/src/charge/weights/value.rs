//! What one unit of an asset counts for: its price, strict or not, times its weight.

use super::super::PoolView;
use crate::error::MarginError;
use crate::param::Param;
use crate::shift::{Span, shifted};
use keelmark_book::{Asset, Decimal, Money, Price, Round};

/// Weights of assets and debts, and what moves them.
#[derive(Debug)]
pub(super) struct Values {
    pub asset: Param,
    pub liability: Param,
    /// Whether the slower price counts where it is worse.
    pub strict: bool,
    /// Values of a whole pool, in the market's currency, from which weights scale.
    pub deposits_from: Option<Param>,
    pub borrows_from: Option<Param>,
    pub size: Option<Size>,
    pub shift: Option<Shift>,
}

/// Weights that worsen with the root of the size of a holding.
#[derive(Debug)]
pub(super) struct Size {
    /// By how much, per root of a unit; zero is not at all.
    pub factor: Param,
    /// An asset counts for at most this over 1 plus factor times root.
    pub asset: Decimal,
    /// A debt counts for at least this share of its weight plus factor times root.
    pub liability: Decimal,
}

/// Weights on their way to others.
#[derive(Debug)]
pub(super) struct Shift {
    pub span: Span,
    pub asset: Param,
    pub liability: Param,
}

/// A price in the pool's currency, from both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    pub down: Decimal,
    pub up: Decimal,
}

/// What a unit counts for, and why.
pub(super) struct Unit {
    pub value: Decimal,
    pub why: String,
}

impl Values {
    pub(super) fn depends_on_size(&self) -> bool {
        let scales = |size: &Size| size.factor.values().any(Decimal::is_positive);
        self.size.as_ref().is_some_and(scales)
    }

    /// What an amount of an asset is worth when weighted: rounded down.
    pub(super) fn value(
        &self,
        pool: &PoolView<'_>,
        asset: &Asset,
        amount: Decimal,
    ) -> Result<Decimal, MarginError> {
        Ok(amount.times(self.unit(pool, asset, amount)?.value, Round::Down)?)
    }

    /// What a unit of an asset counts for, as one of `amount` units.
    pub(super) fn unit(
        &self,
        pool: &PoolView<'_>,
        asset: &Asset,
        amount: Decimal,
    ) -> Result<Unit, MarginError> {
        let owed = amount.is_negative();
        let (low, high) = self.strict_prices(pool, asset)?;
        let weight = self.weight(pool, asset, amount, high)?;
        let (price, round) = if owed { (high, Round::Up) } else { (low, Round::Down) };
        let price = sides(pool, price)?;
        let price = if owed { price.up } else { price.down };
        let why = format!("at {} x weight {}", price.round_to(6, round), weight.round_to(6, round));
        Ok(Unit { value: price.times(weight, round)?, why })
    }

    /// The lower and the higher of the two prices; one where there is no second, or none is asked.
    fn strict_prices(
        &self,
        pool: &PoolView<'_>,
        asset: &Asset,
    ) -> Result<(Price, Price), MarginError> {
        let price = pool.market.price(asset)?;
        let slow = pool.market.slow(asset).filter(|_| self.strict).unwrap_or(price);
        Ok((price.min(slow), price.max(slow)))
    }

    fn weight(
        &self,
        pool: &PoolView<'_>,
        asset: &Asset,
        amount: Decimal,
        high: Price,
    ) -> Result<Decimal, MarginError> {
        let owed = amount.is_negative();
        let round = if owed { Round::Up } else { Round::Down };
        let own = self.base_weight(pool, asset, owed)?;
        let lent = pool.market.lent(asset);
        let (held, from) = if owed {
            (lent.borrows, &self.borrows_from)
        } else {
            (lent.deposits, &self.deposits_from)
        };
        let mut weight = own;
        if let (Some(held), Some(from)) = (held, from) {
            weight = pool_scaled(own, held.at(high, Round::Up)?, from.get("from", asset)?, owed)?;
        }
        let Some(size) = &self.size else { return Ok(weight) };
        let factor = size.factor.get("size.factor", asset)?;
        if factor.is_zero() {
            return Ok(weight);
        }
        let root = amount.abs().sqrt(Round::Up)?.times(factor, Round::Up)?;
        if owed {
            let share = weight.times(size.liability, Round::Up)?;
            return Ok(weight.max(share.plus(root)?));
        }
        Ok(weight.min(size.asset.over(Decimal::ONE.plus(root)?, round)?))
    }

    /// The weight of an asset before any scaling.
    pub(super) fn base_weight(
        &self,
        pool: &PoolView<'_>,
        asset: &Asset,
        owed: bool,
    ) -> Result<Decimal, MarginError> {
        let (name, own) =
            if owed { ("liability", &self.liability) } else { ("asset", &self.asset) };
        let own = own.get(name, asset)?;
        let Some(shift) = &self.shift else { return Ok(own) };
        let (target, round) =
            if owed { (&shift.liability, Round::Up) } else { (&shift.asset, Round::Down) };
        let target = target.get(name, asset)?;
        Ok(shifted(own, target, shift.span, pool.market.as_of, round)?)
    }
}

/// A weight once a whole pool holds or has lent more than `from`: assets shrink, debts grow.
fn pool_scaled(
    weight: Decimal,
    value: Money,
    from: Decimal,
    owed: bool,
) -> Result<Decimal, MarginError> {
    let value = value.decimal();
    if value <= from {
        return Ok(weight);
    }
    Ok(if owed {
        weight.times_over(value, from, Round::Up)?
    } else {
        weight.times_over(from, value, Round::Down)?
    })
}

/// The plain price of an asset in the pool's currency.
pub(super) fn plain(pool: &PoolView<'_>, asset: &Asset) -> Result<Sides, MarginError> {
    sides(pool, pool.market.price(asset)?)
}

/// A price of the market in the pool's currency.
fn sides(pool: &PoolView<'_>, price: Price) -> Result<Sides, MarginError> {
    let (price, own) = (price.decimal(), pool.market.price(pool.currency())?.decimal());
    Ok(Sides { down: price.over(own, Round::Down)?, up: price.over(own, Round::Up)? })
}
