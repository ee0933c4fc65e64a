//! Charges: small pure functions of one pool's exposure, each a file, each named in documents.
//!
//! A kind knows no venue: the numbers come from the document, the sums from the risk table. To add
//! one, write its file, name it in `KINDS` here, and give it a case in the tests.

mod basis_by_expiry;
mod borrowed;
mod brackets;
mod collateral_haircut;
mod concentration;
mod delivery_month;
mod delta_by_expiry;
mod delta_minimum;
mod delta_shock;
mod formula;
mod greek_moves;
mod hedged_size;
mod inter_commodity_credit;
mod known;
mod liquidity;
mod month_spread;
mod net_option_value;
mod net_short_by_strike;
mod order_loss;
mod payoff_at_expiry;
mod per_holding;
mod per_position;
mod positions;
mod price_risk;
mod price_shortfall;
mod quote_hedge;
mod reserve;
mod sensitivities;
mod short_option_minimum;
mod spread_plan;
mod tail_loss;
mod tiers;
mod unrealised_profit;
mod view;
mod weights;
mod worst_loss;
mod worst_loss_by_expiry;

pub use brackets::Tiers;
pub use delta_minimum::DeltaTotals;
pub use known::Known;
pub(crate) use known::Term;
pub(crate) use month_spread::Formation;
pub use month_spread::MonthSpread;
pub use price_risk::PriceRisk;
pub use view::{Fill, PoolView};
pub use worst_loss::UnitScan;

use crate::collateral::CollateralRule;
use crate::document::{CoinsMove, Fields, NamedCharge};
use crate::error::MarginError;
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use crate::scan::Scan;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, InstrumentId, Money, Sensitivity, instruments::nearest,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

/// A kind of charge with its numbers.
pub trait Charge: Debug + Send + Sync {
    /// What it asks of a pool, in the pool's currency.
    ///
    /// # Errors
    /// [`MarginError`] when a price or a parameter is missing, or a number does not fit.
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError>;

    /// What the charge is a sum over: a fill changes one term of it.
    fn scope(&self) -> Scope {
        Scope::Pool
    }

    /// One term of the sum, without explanation: `amount` is the sum of the terms over its scope.
    /// The key is a unit, a bucket or a row of the table; 0 for the pool as a whole.
    ///
    /// # Errors
    /// As [`Charge::amount`].
    fn term(&self, pool: &PoolView<'_>, key: usize) -> Result<Money, MarginError> {
        let _ = key;
        Ok(self.amount(pool)?.amount)
    }

    /// Whether it is about an instrument at all: a position that no charge of a level is about is
    /// refused rather than free.
    fn covers(&self, instrument: &Instrument) -> bool {
        let _ = instrument;
        false
    }

    /// Whether it asks nothing of any position in an instrument, however large; never said of one
    /// that is no sum over positions.
    fn leaves_out(&self, instrument: &Instrument) -> bool {
        let _ = instrument;
        false
    }

    /// The reported amount that it takes from the account, if it does.
    fn reserve(&self) -> Option<&str> {
        None
    }

    /// Whether it counts the sensitivities that an account carries.
    fn takes_sensitivities(&self) -> bool {
        false
    }

    /// The sensitivities that it counts, where it counts any, in the pool's currency.
    ///
    /// # Errors
    /// As [`Charge::amount`].
    fn sensitivities(&self, pool: &PoolView<'_>) -> Result<Vec<Sensitivity>, MarginError> {
        let _ = pool;
        Ok(Vec::new())
    }

    /// What the pool's amount is made of by unit, of a charge that is about the pool as a whole and
    /// can still be divided; they sum to the amount.
    ///
    /// # Errors
    /// As [`Charge::amount`].
    fn by_unit(&self, pool: &PoolView<'_>) -> Result<Vec<Money>, MarginError> {
        (0..pool.table.units.len()).map(|unit| self.term(pool, unit)).collect()
    }

    /// Whether [`Charge::by_unit`] divides a charge of the pool as a whole.
    fn divides(&self) -> bool {
        false
    }

    /// The spreads between months that other charges count on, if it is about them.
    fn month_spread(&self) -> Option<&MonthSpread> {
        None
    }

    /// Whether it can say what it asks within a span: where not, no account of its document is
    /// looked at for one.
    fn has_spans(&self) -> bool {
        false
    }

    /// Intervals that hold each of its terms at every price within a span; `None` where it cannot
    /// say. What is
    /// neither a price that the span was asked for, nor of the account, nor of the document - a
    /// volatility, an age, a confidence, time - must not count.
    ///
    /// # Errors
    /// As [`Charge::amount`].
    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let _ = (pool, of);
        Ok(None)
    }

    /// Whether it needs sensitivities in the risk table.
    fn needs_greeks(&self) -> bool {
        false
    }

    /// Whether it nets scenarios by expiry, so that the table and the exposure must.
    fn needs_expiries(&self) -> bool {
        false
    }

    /// Whether it asks more where more contracts are open on the venue.
    fn looks_at_open_interest(&self) -> bool {
        false
    }

    /// What it looks at of time, beside what the risk table says. One that does not say so is asked
    /// again at every instant.
    fn clock(&self) -> Clock {
        Clock::Always
    }

    /// What it asks of one underlying or position that the charges it is made of ask these amounts
    /// of, by name; `None` for a charge that is not made of others.
    ///
    /// # Errors
    /// When the result does not fit.
    fn of_amounts(
        &self,
        amount: &dyn Fn(&str) -> Option<Decimal>,
    ) -> Option<Result<Money, MarginError>> {
        let _ = amount;
        None
    }

    /// The charges that it is made of, by name; none where it is not made of others.
    fn made_of(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Why the charge of two books together can pass the sum of the two apart; `None` when it
    /// cannot.
    fn breaks_union(&self) -> Option<&'static str> {
        None
    }
}

/// What a charge is a sum over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing that a fill changes.
    Fixed,
    /// What the pool holds outright, which a premium or a realised profit changes.
    Collateral,
    /// The pool as a whole.
    Pool,
    /// Units of the table.
    Unit,
    /// Buckets of the table.
    Bucket,
    /// Rows of the table.
    Row,
}

/// What a charge looks at of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    /// Nothing.
    Never,
    /// How far off the ends of what is held are.
    Expiry,
    /// Whatever it is.
    Always,
}

/// What a charge asks, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The amount, in the pool's currency.
    pub amount: Money,
    /// How it came about, in order.
    pub lines: Vec<Line>,
    /// What each holding adds to it; sums to the amount where the charge can be divided.
    pub parts: Vec<(Part, Money)>,
    /// The scenarios of each unit, for charges that look at them.
    pub scans: Vec<UnitScan>,
    /// What charges that it is made of add to it; nothing for one that is not made of others.
    pub shares: Vec<Share>,
    /// What each underlying adds, for charges that are sums over underlyings.
    pub units: Vec<(Asset, Money)>,
    /// Spreads in the order in which they formed.
    pub formed: Vec<Formed>,
    /// What a delta of each underlying risks, for charges that price it.
    pub risks: Vec<PriceRisk>,
}

/// What another charge adds to a charge that is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The underlying, expiry or position that the formula was evaluated for.
    key: usize,
    /// The charge, by name; itself not made of others, where they can be told apart.
    pub charge: String,
    /// Its amount times the slope of the formula in it.
    pub amount: Money,
}

/// A spread that formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formed {
    /// Whose months it is between; none where it is between underlyings.
    pub underlying: Option<Asset>,
    /// Its priority in the document.
    pub priority: u32,
    /// How many, not rounded to whole ones.
    pub count: Decimal,
}

impl Outcome {
    /// Adds what an underlying asks.
    fn add_unit(&mut self, underlying: &Asset, amount: Money) -> Result<(), MarginError> {
        self.amount = self.amount.plus(amount)?;
        self.units.push((underlying.clone(), amount));
        Ok(())
    }

    /// What one underlying adds; zero where it adds nothing.
    #[must_use]
    pub fn of_unit(&self, underlying: &Asset) -> Money {
        let found = self.units.iter().find(|(own, _)| own == underlying);
        found.map_or(Money::ZERO, |(_, amount)| *amount)
    }
}

/// A step of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is, with its numbers filled in.
    pub text: String,
    /// Its amount, in the pool's currency.
    pub amount: Money,
}

/// What a part of a charge belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A position.
    Position(InstrumentId),
    /// A holding of an asset.
    Holding(Asset),
}

/// What a document's charge is read from, besides its own fields.
pub(crate) struct Reading<'a> {
    /// The scans of the document.
    pub scans: &'a [Scan],
    /// The parameters of the document.
    pub params: &'a BTreeMap<String, Param>,
    /// The charges that stand before this one.
    pub charges: &'a [NamedCharge],
    /// Whether coins held move in scans.
    pub coins: CoinsMove,
    /// What collateral counts.
    pub collateral: &'a CollateralRule,
}

type Reader = fn(&mut Fields<'_>, &Reading<'_>) -> Result<Arc<dyn Charge>, InputError>;

const KINDS: &[(&str, Reader)] = &[
    ("basis-by-expiry", basis_by_expiry::read),
    ("borrowed", borrowed::read),
    ("brackets", brackets::read),
    ("collateral-haircut", collateral_haircut::read),
    ("concentration", concentration::read),
    ("delta-by-expiry", delta_by_expiry::read),
    ("delta-minimum", delta_minimum::read),
    ("delta-shock", delta_shock::read),
    ("delivery-month", delivery_month::read),
    ("formula", formula::read),
    ("greek-moves", greek_moves::read),
    ("hedged-size", hedged_size::read),
    ("inter-commodity-credit", inter_commodity_credit::read),
    ("liquidity", liquidity::read),
    ("month-spread", month_spread::read),
    ("net-option-value", net_option_value::read),
    ("net-short-by-strike", net_short_by_strike::read),
    ("order-loss", order_loss::read),
    ("payoff-at-expiry", payoff_at_expiry::read),
    ("per-holding", per_holding::read),
    ("per-position", per_position::read),
    ("price-shortfall", price_shortfall::read),
    ("quote-hedge", quote_hedge::read),
    ("reserve", reserve::read),
    ("sensitivities", sensitivities::read),
    ("short-option-minimum", short_option_minimum::read),
    ("tail-loss", tail_loss::read),
    ("unrealised-profit", unrealised_profit::read),
    ("weights", weights::read),
    ("worst-loss", worst_loss::read),
    ("worst-loss-by-expiry", worst_loss_by_expiry::read),
];

/// Every kind of charge there is.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}

pub(crate) fn read(
    kind: &str,
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let Some((_, reader)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        let near = nearest(kind, kinds(), 3);
        let all: Vec<&str> = kinds().collect();
        let hint = if near.is_empty() { all.join(", ") } else { near.join(", ") };
        return Err(fields.error(format!("kind: unknown {kind:?}; nearest: {hint}")));
    };
    reader(fields, reading)
}
