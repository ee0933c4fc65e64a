//! How far away liquidation is: the account-level price per underlying, up and down, and the
//! volatility, at which a pool's maintenance meets its equity.
//!
//! Every position's requirement moves along: at each step the market is moved, the rows of what
//! the pool holds are compiled anew, and the same computation answers as for any other market. The
//! per-position formula of many trackers is not an approximation of this; it is another number.
//! Headroom is not monotone (a strangle has two edges, a calendar more), so each side is walked
//! outward on a ladder of steps, near minima are narrowed, and the first crossing is halved down
//! to a relative 10^-12 of the price.

use crate::document::Document;
use crate::error::MarginError;
use crate::margin::{AccountMargin, margin, margin_of_pool};
use crate::pool::Pool;
use crate::table::RiskTable;
use keelmark_book::{Asset, Decimal, InstrumentId, Market, Money, Portfolio, Rate, Round};
use keelmark_pricing::Move;
use std::collections::BTreeSet;

/// What moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// The price of an underlying, with everything on it.
    Price(Asset),
    /// All volatilities of an underlying, in points.
    Vol(Asset),
}

/// Where maintenance meets equity on one side.
#[derive(Clone, Debug, PartialEq)]
pub enum Crossing {
    /// There.
    At {
        /// Index price; or the change of volatility, 0.45 being 45 points.
        level: Decimal,
        /// Relative move of the price; or the same change of volatility.
        change: f64,
    },
    /// Nowhere on this side.
    None {
        /// Why.
        reason: String,
    },
    /// Maintenance exceeds equity already.
    Already,
}

/// How far a pool is from liquidation along one factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {
    /// The pool's name.
    pub pool: String,
    /// What moves.
    pub factor: Factor,
    /// The nearest crossing below.
    pub down: Crossing,
    /// The nearest crossing above.
    pub up: Crossing,
}

/// Prices are looked at down to this share of today's, and up to this multiple.
const PRICE_ENDS: (f64, f64) = (0.001, 20.0);
/// Volatility is looked at this many points away: 3.0 is 300.
const VOL_END: f64 = 3.0;
/// First step of the ladder, and by how much each step grows.
const FIRST_STEP: f64 = 0.005;
const GROWTH: f64 = 1.12;

/// Distances of every pool of an account that has a requirement or something that moves.
///
/// # Errors
/// [`MarginError`] as for the margin itself.
pub fn distances(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Result<Vec<Distance>, MarginError> {
    distances_of(document, market, &margin(document, market, account)?)
}

/// Distances of an account whose margin is known: its pools keep what was posted.
///
/// # Errors
/// As [`distances`].
pub fn distances_of(
    document: &Document,
    market: &Market,
    now: &AccountMargin,
) -> Result<Vec<Distance>, MarginError> {
    let mut out = Vec::new();
    for one in &now.pools {
        let held = one.pool.instruments();
        let mut walk = Walk { document, market, pool: &one.pool, held, moved: market.clone() };
        for factor in walk.factors() {
            let distance = Distance {
                pool: one.pool.name.clone(),
                down: walk.side(&factor, -1.0)?,
                up: walk.side(&factor, 1.0)?,
                factor,
            };
            out.push(distance);
            walk.moved = market.clone();
        }
    }
    Ok(out)
}

struct Walk<'a> {
    document: &'a Document,
    market: &'a Market,
    pool: &'a Pool,
    held: Vec<InstrumentId>,
    moved: Market,
}

impl Walk<'_> {
    fn factors(&self) -> Vec<Factor> {
        let (mut prices, mut vols) = (BTreeSet::new(), BTreeSet::new());
        // Collateral moves too, whatever the positions are on; all of it where the model is about
        // nothing else.
        let coins = self.pool.collateral.iter().map(|held| &held.asset);
        let lends = !self.market.instruments.iter().any(|(_, one)| self.document.covers(one));
        let moves = |one: &Asset| {
            self.market.instruments.is_underlying(one) || lends && *one != self.market.currency
        };
        prices.extend(coins.clone().filter(|one| moves(one)).cloned());
        // A wrapped coin moves with its underlying, not on its own.
        let moved = coins.filter_map(|one| self.document.moves_with(one, self.market));
        prices.extend(moved.filter(|one| self.market.price(one).is_ok()).cloned());
        for id in &self.held {
            let instrument = self.market.instruments.get(*id);
            prices.insert(instrument.base.clone());
            if instrument.is_option() {
                vols.insert(instrument.base.clone());
            }
        }
        prices.into_iter().map(Factor::Price).chain(vols.into_iter().map(Factor::Vol)).collect()
    }

    /// The nearest crossing in one direction.
    fn side(&mut self, factor: &Factor, sign: f64) -> Result<Crossing, MarginError> {
        let start = self.headroom(factor, 0.0)?;
        if start.is_negative() {
            return Ok(Crossing::Already);
        }
        let (mut before, mut at, mut high) = (0.0, 0.0, start);
        let mut older = start;
        for next in Ladder::new(factor, sign) {
            let Some(found) = self.headroom_if_any(factor, next)? else {
                let reason = format!("the model cannot be computed beyond {:+.1} %", at * 100.0);
                return Ok(Crossing::None { reason });
            };
            if found.is_negative() {
                return self.halve(factor, at, next);
            }
            if high < older
                && high < found
                && let Some(crossing) = self.dip(factor, before, next)?
            {
                return Ok(crossing);
            }
            (before, at) = (at, next);
            (older, high) = (high, found);
        }
        Ok(Crossing::None { reason: self.why_none(factor, sign, start, high) })
    }

    /// Narrows a minimum between two points by thirds; the crossing on its near side, if it dips
    /// below zero.
    fn dip(&mut self, factor: &Factor, a: f64, b: f64) -> Result<Option<Crossing>, MarginError> {
        let (mut low, mut high) = (a, b);
        for _ in 0..40 {
            let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            let (at_left, at_right) = (self.headroom(factor, left)?, self.headroom(factor, right)?);
            if at_left.is_negative() {
                return self.halve(factor, a, left).map(Some);
            }
            if at_right.is_negative() {
                return self.halve(factor, a, right).map(Some);
            }
            if at_left < at_right { high = right } else { low = left }
        }
        Ok(None)
    }

    /// The crossing between a point with headroom and one without.
    fn halve(&mut self, factor: &Factor, good: f64, bad: f64) -> Result<Crossing, MarginError> {
        let (mut good, mut bad) = (good, bad);
        while (bad - good).abs() > 1e-13 * (1.0 + good.abs()) {
            let middle = f64::midpoint(good, bad);
            if middle == good || middle == bad {
                break;
            }
            if self.headroom(factor, middle)?.is_negative() { bad = middle } else { good = middle }
        }
        let level = match factor {
            Factor::Price(asset) => {
                let factor = Rate::from_f64(1.0 + good, Round::Nearest)?;
                self.market.price(asset)?.scaled(factor)?.decimal()
            }
            Factor::Vol(_) => Decimal::from_f64(good, Round::Nearest)?,
        };
        Ok(Crossing::At { level: level.round_to(12, Round::Nearest), change: good })
    }

    fn headroom_if_any(
        &mut self,
        factor: &Factor,
        change: f64,
    ) -> Result<Option<Money>, MarginError> {
        match self.headroom(factor, change) {
            Ok(found) => Ok(Some(found)),
            Err(
                MarginError::Overflow { .. }
                | MarginError::Unsupported(_)
                | MarginError::Formula(_),
            ) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Equity less maintenance after a move.
    fn headroom(&mut self, factor: &Factor, change: f64) -> Result<Money, MarginError> {
        let (underlying, price_factor, vol_points) = match factor {
            Factor::Price(asset) => (asset, 1.0 + change, 0.0),
            Factor::Vol(asset) => (asset, 1.0, change),
        };
        // Wrapped forms of the coin keep their ratio to it.
        let with = self.document.coins_with.iter();
        let own = with.filter(|(coin, with)| *with == underlying && *coin != *with);
        let along: Vec<Asset> = own.map(|(coin, _)| coin.clone()).collect();
        let step = Move {
            underlying: underlying.clone(),
            along,
            price_factor: Rate::from_f64(price_factor, Round::Nearest)?,
            vol_points,
        };
        step.apply_to(self.market, &mut self.moved, &self.held)?;
        let table = RiskTable::compile_pool(self.document, &self.moved, self.pool)?;
        let found = margin_of_pool(self.document, &self.moved, &table, self.pool.clone())?;
        Ok(found.health.headroom())
    }

    fn why_none(&self, factor: &Factor, sign: f64, start: Money, end: Money) -> String {
        let currency = &self.pool.currency;
        let how = if start.is_zero() && end.is_zero() {
            return "nothing in it can ask for more than it has".to_owned();
        } else if end >= start {
            "headroom grows"
        } else {
            "headroom shrinks but does not end:"
        };
        let where_to = match (factor, sign < 0.0) {
            (Factor::Price(_), true) => format!("at {:.1} % of today", PRICE_ENDS.0 * 100.0),
            (Factor::Price(_), false) => format!("at {:.0} times today", PRICE_ENDS.1),
            (Factor::Vol(_), true) => "at 1 % volatility".to_owned(),
            (Factor::Vol(_), false) => format!("at +{:.0} points", VOL_END * 100.0),
        };
        let to = if end >= start { "to " } else { "" };
        format!("{how} {to}{end:.2} {currency} {where_to}")
    }
}

/// Points at which headroom is looked at, outward from today.
struct Ladder {
    at: f64,
    step: f64,
    sign: f64,
    end: f64,
    price: bool,
    over: bool,
}

impl Ladder {
    fn new(factor: &Factor, sign: f64) -> Self {
        let price = matches!(factor, Factor::Price(_));
        let end = match (price, sign < 0.0) {
            (true, true) => PRICE_ENDS.0 - 1.0,
            (true, false) => PRICE_ENDS.1 - 1.0,
            (false, _) => VOL_END * sign,
        };
        Self { at: 0.0, step: FIRST_STEP, sign, end, price, over: false }
    }
}

impl Iterator for Ladder {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        if self.over {
            return None;
        }
        // Downward the price shrinks by the step, so that it never passes zero.
        let moved = if self.price && self.sign < 0.0 {
            (1.0 + self.at) * (1.0 - self.step) - 1.0
        } else {
            self.at + self.step * self.sign
        };
        self.step = (self.step * GROWTH).min(0.25);
        self.over = if self.sign < 0.0 { moved <= self.end } else { moved >= self.end };
        self.at = if self.over { self.end } else { moved };
        Some(self.at)
    }
}
