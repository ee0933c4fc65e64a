//! Funding of perpetuals: what longs pay shorts, and how a rate comes of premiums.
//!
//! The premium is how far the mark is above the index, as a share of the index. Its mean over
//! the interval, each value counted for as long as it held, is drawn towards the interest rate by
//! at most the clamp, and limited: the form that most venues publish.

use crate::average::Average;
use crate::delivery;
use crate::feed::{Feeds, Subject};
use keelmark_book::{
    Decimal, InstrumentId, Market, Money, Overflow, Price, Rate, Round, Timestamp, profit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a perpetual's rate is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FundingRule")]
pub struct Rule {
    /// It is paid at whole multiples of this, counted from 1970.
    pub every_seconds: u32,
    /// Rate of an interval where the premium is as high.
    pub interest: Rate,
    /// The interest rate is as far from the mean premium as this counts it, either way.
    pub clamp: Rate,
    /// Limit of the rate, either way.
    pub most: Rate,
    /// At least this share of the interval the index must have been live.
    pub coverage: Rate,
}

/// A perpetual whose rate is made here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funded {
    /// How.
    pub rule: Rule,
    /// Its premium so far.
    pub premium: Average,
}

/// Perpetuals whose rates are made here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funding {
    /// Each of them.
    pub by: BTreeMap<InstrumentId, Funded>,
}

impl Funding {
    /// Counts what held until now: before a price or a feed changes.
    pub(crate) fn advance(&mut self, market: &Market, feeds: &Feeds, of: &Subject, to: Timestamp) {
        for (id, funded) in &mut self.by {
            let one = market.instruments.get(*id);
            let touched = match of {
                Subject::Asset(asset) => one.base == *asset || one.quote == *asset,
                Subject::Instrument(of) => of == id,
            };
            if touched {
                funded.premium.advance(to, premium(market, feeds, *id));
            }
        }
    }
}

impl Rule {
    /// The rate of an interval, from its mean premium.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn rate(&self, premium: Decimal) -> Result<Rate, Overflow> {
        let clamp = self.clamp.decimal();
        let drawn = self.interest.decimal().minus(premium)?.clamp(-clamp, clamp);
        let most = self.most.decimal();
        Ok(Rate::new(premium.plus(drawn)?.clamp(-most, most)))
    }
}

/// How far a mark is above its index; `None` where a price is missing or a feed fails.
pub(crate) fn premium(market: &Market, feeds: &Feeds, id: InstrumentId) -> Option<Decimal> {
    let one = market.instruments.get(id);
    let index = delivery::index(market, feeds, &one.base, &one.quote)?;
    let live = feeds.is_live(&Subject::Instrument(id));
    let mark = market.quote(id).mark.decimal();
    mark.minus(index).ok().filter(|_| live)?.over(index, Round::Nearest).ok()
}

/// What a lot held long pays at a rate of its value at a price, rounded once: so what all
/// positions pay and get together is nothing.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub(crate) fn per_lot(
    market: &Market,
    id: InstrumentId,
    price: Price,
    rate: Rate,
) -> Result<Money, Overflow> {
    let one = market.instruments.get(id);
    let worth = profit::notional(one, one.lot, price, Round::Nearest)?;
    worth.times(rate, Round::Nearest)
}
