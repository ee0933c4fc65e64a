//! What collateral is worth as margin: tiered ratios, caps, and nothing for what is not accepted.
//!
//! Ratios are marginal, like a tax table: each tier's ratio counts for the amount inside it. What
//! is owed counts in full. Values round down.

use crate::document::tree::{Node, Value};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use keelmark_book::{Asset, InputError, Market, Money, Overflow, Price, Rate, Round};
use std::collections::BTreeMap;

/// The collateral rule of a document.
#[derive(Clone, Debug, Default)]
pub struct CollateralRule {
    /// Ratio tiers of each asset.
    assets: BTreeMap<Asset, AssetRule>,
    /// What an asset that is not listed counts for; `None` is not at all.
    default: Option<AssetRule>,
}

/// What one asset counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRule {
    tiers: Vec<(Option<Money>, Rate)>,
    cap: Option<Money>,
}

/// The value of one holding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valued {
    /// Value at the market price, in the market's currency.
    pub market_value: Money,
    /// What counts as margin, in the market's currency.
    pub margin_value: Money,
    /// Why less than all of it counts, if so.
    pub note: Option<String>,
}

impl AssetRule {
    /// Marginal tiers: the upper limit of each in units of the asset, and its ratio; the last may
    /// have no limit. What lies above the last limit counts for nothing.
    #[must_use]
    pub fn new(tiers: Vec<(Option<Money>, Rate)>, cap: Option<Money>) -> Self {
        Self { tiers, cap }
    }

    /// Units that count, of an amount held. A negative amount counts in full.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn counted(&self, amount: Money) -> Result<Money, Overflow> {
        if amount.is_negative() {
            return Ok(amount);
        }
        let (mut counted, mut floor) = (Money::ZERO, Money::ZERO);
        for (limit, ratio) in &self.tiers {
            let top = limit.map_or(amount, |limit| limit.min(amount));
            if top > floor {
                counted = counted.plus(top.minus(floor)?.times(*ratio, Round::Down)?)?;
                floor = top;
            }
        }
        Ok(counted)
    }

    fn read(node: &Node) -> Result<Self, InputError> {
        if let Value::Text(_) = node.value {
            return Ok(Self::new(vec![(None, ratio(node)?)], None));
        }
        let mut fields = Fields::of(node)?;
        let mut tiers = Vec::new();
        if let Some(node) = fields.get("ratio") {
            tiers.push((None, ratio(node)?));
        }
        let mut below = Money::ZERO;
        for tier in fields.list("tiers")? {
            let mut inner = Fields::of(tier)?;
            let limit = inner.get("up_to").map(Node::decimal).transpose()?.map(Money::new);
            if let Some(limit) = limit
                && limit <= below
            {
                return Err(tier.error(format!("up_to: expected above {below}, found {limit}")));
            }
            below = limit.unwrap_or(below);
            tiers.push((limit, ratio(inner.need("ratio")?)?));
            inner.done()?;
        }
        let open = tiers.iter().position(|(limit, _)| limit.is_none());
        if open.is_some_and(|open| open + 1 != tiers.len()) {
            return Err(
                node.error("expected a ratio or tiers, and up_to in every tier but the last")
            );
        }
        let cap = fields.number_in("cap", Range::AMOUNT)?.map(Money::new);
        fields.done()?;
        if tiers.is_empty() {
            return Err(node.error("expected a ratio, or tiers { up_to, ratio }"));
        }
        Ok(Self::new(tiers, cap))
    }
}

fn ratio(node: &Node) -> Result<Rate, InputError> {
    Ok(Rate::new(Range::SHARE.number("ratio", node)?))
}

impl CollateralRule {
    /// Whether assets that are not listed count.
    pub(crate) const fn has_default(&self) -> bool {
        self.default.is_some()
    }

    pub(crate) fn read(node: Option<&Node>) -> Result<Self, InputError> {
        let Some(node) = node else {
            let all = AssetRule::new(vec![(None, Rate::ONE)], None);
            return Ok(Self { assets: BTreeMap::new(), default: Some(all) });
        };
        let mut fields = Fields::of(node)?;
        let default = fields.get("default").map(AssetRule::read).transpose()?;
        let mut assets = BTreeMap::new();
        if let Some(node) = fields.get("assets") {
            for (name, rule) in Fields::of(node)?.all() {
                let asset = Asset::new(name).map_err(|error| rule.error(error))?;
                assets.insert(asset, AssetRule::read(rule)?);
            }
        }
        fields.done()?;
        Ok(Self { assets, default })
    }

    /// The rule of an asset, `None` where it is not accepted.
    #[must_use]
    pub fn of(&self, asset: &Asset) -> Option<&AssetRule> {
        self.assets.get(asset).or(self.default.as_ref())
    }

    /// What a holding is worth.
    ///
    /// # Errors
    /// When its price is missing or a number does not fit.
    pub fn value(
        &self,
        asset: &Asset,
        amount: Money,
        market: &Market,
    ) -> Result<Valued, MarginError> {
        let price = market.price(asset)?;
        self.value_at(asset, amount, price, &market.currency)
    }

    /// The same at a price, in a currency: it grows with the price, or with a debt falls.
    pub(crate) fn value_at(
        &self,
        asset: &Asset,
        amount: Money,
        price: Price,
        currency: &Asset,
    ) -> Result<Valued, MarginError> {
        let market_value = amount.at(price, Round::Down)?;
        let Some(rule) = self.of(asset) else {
            let (margin_value, note) = if amount.is_negative() {
                (market_value, None)
            } else {
                let note =
                    format!("{amount} {asset} count for nothing: not accepted as collateral");
                (Money::ZERO, Some(note))
            };
            return Ok(Valued { market_value, margin_value, note });
        };
        let mut margin_value = rule.counted(amount)?.at(price, Round::Down)?;
        let mut note = None;
        if let Some(cap) = rule.cap
            && margin_value > cap
        {
            note = Some(format!("{asset} counts up to its cap of {cap} {currency}"));
            margin_value = cap;
        }
        Ok(Valued { market_value, margin_value, note })
    }
}
