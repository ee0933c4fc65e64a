//! `weights`: what is lost when values are weighted, as models by health count.
//!
//! A health is a sum of weighted values: an asset counts for less than it is worth, a debt for
//! more. Equity counts everything at its plain price, so this charge is the difference, and
//! `equity - requirement` is the health. Beside the two weights of each asset a document may ask
//! for strict prices (the worse of the price and its slower companion), for weights that move with
//! the size of the holding, of the whole pool, or with time, for perpetuals that become unsettled
//! profit, for open spot orders at their worse end, and for a bonus on a coin that its own
//! perpetual hedges.

mod contract;
mod order;
mod read;
mod spread;
mod value;

pub(super) use read::read;

use super::{Charge, Line, Outcome, Part, PoolView, Scope};
use crate::error::MarginError;
use contract::Contracts;
use keelmark_book::{Asset, Decimal, Instrument, Kind, Money, Round};
use spread::Spread;
use std::collections::BTreeMap;
use value::Values;

#[derive(Debug)]
struct Weights {
    values: Values,
    /// What perpetuals and futures count for; none are covered without it.
    contracts: Option<Contracts>,
    /// Whether spot positions and orders count.
    spot: bool,
    /// A coin with its own perpetual against it.
    spread: Option<Spread>,
    /// Whether what is held and what is owed of one asset are entries apart.
    apart: bool,
    /// Asked for each open order, in the pool's currency.
    per_order: Money,
}

/// What a pool has of one asset: all of it, and what of it is weighted as a balance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    plain: Decimal,
    counted: Decimal,
}

type Ledger = BTreeMap<Asset, Vec<Held>>;

impl Charge for Weights {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        let mut ledger = self.balances(pool)?;
        self.contracts(pool, &mut ledger, &mut outcome)?;
        let reserves = if self.spot { order::reserves(pool)? } else { Vec::new() };
        for reserve in &reserves {
            reserve.take_from(&mut ledger)?;
        }
        for (asset, held) in &ledger {
            for one in held {
                self.balance(pool, asset, one, &mut outcome)?;
            }
        }
        for (text, part, amount) in order::lost(&self.values, pool, &ledger, &reserves)? {
            outcome.add(text, part, amount)?;
        }
        if let (Some(spread), Some(contracts)) = (&self.spread, &self.contracts) {
            for (text, part, bonus) in spread.bonuses(&self.values, contracts, pool)? {
                outcome.add(text, part, -bonus)?;
            }
        }
        let orders = pool.counted_orders().count();
        if !self.per_order.is_zero() && orders > 0 {
            let orders = Decimal::from_int(i64::try_from(orders).unwrap_or(i64::MAX));
            let amount = Money::new(self.per_order.decimal().times(orders, Round::Up)?);
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{orders} open orders x {}", self.per_order);
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        match instrument.kind {
            Kind::Spot => self.spot,
            Kind::Perpetual | Kind::Future { .. } => {
                self.contracts.is_some() && !instrument.is_inverse()
            }
            Kind::Option { .. } => false,
        }
    }

    fn scope(&self) -> Scope {
        Scope::Collateral
    }

    fn breaks_union(&self) -> Option<&'static str> {
        if self.values.depends_on_size() {
            return Some("a larger holding has a worse weight");
        }
        if self.spread.is_some() {
            return Some("a holding of one book can take the hedge that another had");
        }
        let capped = self.contracts.as_ref().is_some_and(Contracts::is_capped);
        capped.then_some("each book apart has a cap on profit of its own, the union only one")
    }
}

impl Weights {
    /// What is held of each asset, in entries.
    fn balances(&self, pool: &PoolView<'_>) -> Result<Ledger, MarginError> {
        let mut ledger = Ledger::new();
        for held in pool.collateral {
            let entries = ledger.entry(held.asset.clone()).or_default();
            let amount = held.amount.decimal();
            if self.apart || entries.is_empty() {
                entries.push(Held { plain: amount, counted: amount });
            } else {
                entries[0].plain = entries[0].plain.plus(amount)?;
                entries[0].counted = entries[0].counted.plus(amount)?;
            }
        }
        Ok(ledger)
    }

    /// Adds what contracts bring: unsettled profit of perpetuals, both sides of spot positions.
    fn contracts(
        &self,
        pool: &PoolView<'_>,
        ledger: &mut Ledger,
        outcome: &mut Outcome,
    ) -> Result<(), MarginError> {
        for holding in pool.holdings_and_profits()? {
            let one = holding.instrument;
            if one.kind == Kind::Spot && self.spot {
                let held = holding.quantities.first().copied().unwrap_or_default();
                let coins = held.decimal().times(one.contract_size.decimal(), Round::Down)?;
                let cost = coins.times(holding.quote.mark.decimal(), Round::Up)?;
                let paid = pool.profit(holding.id).decimal().minus(cost)?;
                for (asset, amount) in [(&one.base, coins), (&one.settle, paid)] {
                    add(ledger, asset, amount, amount)?;
                }
                continue;
            }
            let Some(contracts) = self.contracts.as_ref().filter(|_| self.covers(one)) else {
                continue;
            };
            let found = contracts.of(pool, &holding)?;
            add(ledger, &one.settle, found.plain, found.counted)?;
            // What the weights of the contract take is shown with it, the rest with the balance.
            let lost = Money::new(found.plain.minus(found.counted)?);
            let amount = pool.convert(lost, &one.settle, Round::Up)?;
            let text = format!(
                "{}: unsettled {:.2} {settle} counts for {:.2} {settle}",
                one.venue_symbol,
                found.plain,
                found.counted,
                settle = one.settle
            );
            outcome.lines.push(Line { text, amount });
            outcome.parts.push((Part::Position(holding.id), amount));
        }
        Ok(())
    }

    /// What the weights of an asset take from a balance.
    fn balance(
        &self,
        pool: &PoolView<'_>,
        asset: &Asset,
        held: &Held,
        outcome: &mut Outcome,
    ) -> Result<(), MarginError> {
        if held.plain.is_zero() && held.counted.is_zero() {
            return Ok(());
        }
        let price = value::plain(pool, asset)?;
        let unit = self.values.unit(pool, asset, held.counted)?;
        let beside = held.plain.minus(held.counted)?.times(price.up, Round::Up)?;
        // A debt's unit is worth at least its price, an asset's at most: no difference is below 0.
        let each = if held.counted.is_negative() { price.down } else { price.up };
        let lost = held.counted.times(each.minus(unit.value)?, Round::Up)?;
        outcome.amount = outcome.amount.plus(Money::new(beside.plus(lost)?))?;
        let text = format!("{asset} {:.6} {}", held.counted, unit.why);
        outcome.lines.push(Line { text, amount: Money::new(lost) });
        outcome.parts.push((Part::Holding(asset.clone()), Money::new(lost)));
        Ok(())
    }
}

impl Outcome {
    fn add(&mut self, text: String, part: Part, amount: Money) -> Result<(), MarginError> {
        self.amount = self.amount.plus(amount)?;
        self.lines.push(Line { text, amount });
        self.parts.push((part, amount));
        Ok(())
    }
}

/// Adds to the first entry of an asset.
fn add(
    ledger: &mut Ledger,
    asset: &Asset,
    plain: Decimal,
    counted: Decimal,
) -> Result<(), MarginError> {
    let entries = ledger.entry(asset.clone()).or_default();
    if entries.is_empty() {
        entries.push(Held::default());
    }
    entries[0].plain = entries[0].plain.plus(plain)?;
    entries[0].counted = entries[0].counted.plus(counted)?;
    Ok(())
}
