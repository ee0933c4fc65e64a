//! What the market was on each day: index, volatility surface, forwards and funding of every asset,
//! from histories up to that day and rules for what they do not say.
//!
//! A surface is a level at 30 days, a slope over tenors and the smile of a real chain, kept in
//! log-moneyness. So whatever is walked - rolled options, accounts of another year - is priced on
//! every day by numbers of that day alone.

mod smile;

pub use smile::Smile;

use crate::error::{BacktestError, date};
use crate::history::{Column, Factor, Histories};
use keelmark_book::{Asset, Right};
use keelmark_kernels::{exp, ln, powf};
use keelmark_pricing::option::{self, Terms};
use keelmark_units::Timestamp;
use std::collections::BTreeMap;

/// Returns before the first day on which a rule says a volatility.
pub const LEAST_RETURNS: usize = 30;
/// Tenor of the volatility level, in days.
const LEVEL_DAYS: f64 = 30.0;
/// Days of a year.
pub(crate) const YEAR: f64 = 365.0;

/// What stands for factors that have no history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Decay of the exponentially weighted variance that stands for implied volatility.
    pub lambda: f64,
    /// Implied volatility over the realised one.
    pub premium: f64,
    /// Slope of volatility over tenors.
    pub slope: f64,
    /// Annualised basis.
    pub basis: f64,
    /// What longs of perpetuals pay a day, as a fraction of notional.
    pub funding: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { lambda: 0.97, premium: 1.1, slope: 0.0, basis: 0.0, funding: 0.0 }
    }
}

/// One asset on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Index price, USD.
    pub index: f64,
    /// Volatility at 30 days, annual.
    pub level: f64,
    /// Slope of it over tenors.
    pub slope: f64,
    /// Annualised basis.
    pub basis: f64,
}

impl State {
    /// The forward in so many years.
    #[must_use]
    pub fn forward(&self, years: f64) -> f64 {
        self.index * exp(self.basis * years)
    }
}

/// How far a loss is looked for: whole steps of the calendar, and the part of their move that
/// counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    /// Days asked for.
    pub days: f64,
    /// Steps of the calendar: as many, rounded up.
    pub steps: usize,
    /// Share of the time of those steps.
    pub share: f64,
    /// Share of their moves, which grow with the root of time.
    pub root: f64,
}

impl Horizon {
    /// A horizon of so many days.
    ///
    /// # Errors
    /// When it is not above zero, or longer than 60 days.
    pub fn new(days: f64) -> Result<Self, BacktestError> {
        if !(days > 0.0 && days <= 60.0) {
            return Err(BacktestError::Setting {
                what: "margin period of risk",
                expected: "above 0 to 60 days".to_owned(),
                found: days.to_string(),
            });
        }
        let steps = days.ceil() as usize;
        let share = days / steps as f64;
        Ok(Self { days, steps, share, root: share.sqrt() })
    }
}

/// Histories with what stands beside them.
#[derive(Clone, Debug)]
pub struct World {
    /// The histories.
    pub histories: Histories,
    /// What stands for absent ones.
    pub rules: Rules,
    /// The smile of every day.
    pub smile: Smile,
    /// Levels by rule, over the whole calendar: 0 on days before there are enough returns.
    levels: BTreeMap<Asset, Vec<f64>>,
}

impl World {
    /// Histories with rules and a smile.
    ///
    /// # Errors
    /// When a rule is out of its range.
    pub fn new(histories: Histories, rules: Rules, smile: Smile) -> Result<Self, BacktestError> {
        let ranges = [
            ("vol lambda", rules.lambda, 0.5, 0.9999),
            ("vol premium", rules.premium, 0.1, 10.0),
            ("slope", rules.slope, -3.0, 3.0),
            ("basis", rules.basis, -5.0, 5.0),
            ("funding a day", rules.funding, -1.0, 1.0),
        ];
        for (what, found, least, most) in ranges {
            if !(found >= least && found <= most) {
                let expected = format!("a number from {least} to {most}");
                return Err(BacktestError::Setting { what, expected, found: found.to_string() });
            }
        }
        let assets: Vec<Asset> = histories.assets().cloned().collect();
        let mut levels = BTreeMap::new();
        for asset in assets {
            let path = level_path(histories.days(), histories.prices(&asset)?, &rules);
            levels.insert(asset, path);
        }
        Ok(Self { histories, rules, smile, levels })
    }

    /// Volatility levels by rule, from the first day that has one; none of an unknown asset.
    pub(crate) fn levels_by_rule(&self, asset: &Asset) -> Option<Column> {
        let path = self.levels.get(asset)?;
        let first = LEAST_RETURNS.min(path.len());
        Some(Column::new(first, path[first..].to_vec()))
    }

    /// An asset on a day of the calendar.
    ///
    /// # Errors
    /// When a history ends before it or a rule has too few returns yet.
    pub fn state(&self, asset: &Asset, day: usize) -> Result<State, BacktestError> {
        let prices = self.histories.prices(asset)?;
        let lacks = |factor: Factor| {
            let on = self.histories.days().get(day).map_or_else(String::new, |day| date(*day));
            BacktestError::history(
                format!("{asset} {}", factor.name()),
                format!("nothing on {on}"),
                "walk within what histories have, with --from and --to",
            )
        };
        let index = *prices.get(day).ok_or_else(|| lacks(Factor::Price))?;
        let of = |factor, rule: f64| match self.histories.column(asset, factor) {
            Some(column) => column.at(day).ok_or_else(|| lacks(factor)),
            None => Ok(rule),
        };
        let rule = self.levels.get(asset).map_or(0.0, |path| path[day]);
        let level = of(Factor::Vol, rule)?;
        if level <= 0.0 {
            return Err(lacks(Factor::Vol));
        }
        let (slope, basis) =
            (of(Factor::Slope, self.rules.slope)?, of(Factor::Basis, self.rules.basis)?);
        Ok(State { index, level, slope, basis })
    }

    /// An asset a horizon later: its moves over the steps, as far as they count.
    ///
    /// # Errors
    /// As [`World::state`].
    pub fn later(
        &self,
        asset: &Asset,
        day: usize,
        horizon: Horizon,
    ) -> Result<State, BacktestError> {
        let (now, then) = (self.state(asset, day)?, self.state(asset, day + horizon.steps)?);
        if horizon.share >= 1.0 {
            return Ok(then);
        }
        let part = |now: f64, then: f64| now * exp(horizon.root * ln(then / now));
        let line = |now: f64, then: f64| now + horizon.root * (then - now);
        Ok(State {
            index: part(now.index, then.index),
            level: part(now.level, then.level),
            slope: line(now.slope, then.slope),
            basis: line(now.basis, then.basis),
        })
    }

    /// What longs of perpetuals pay over a horizon, as a fraction of notional.
    ///
    /// # Errors
    /// When its history ends before.
    pub fn funding(
        &self,
        asset: &Asset,
        day: usize,
        horizon: Horizon,
    ) -> Result<f64, BacktestError> {
        let Some(column) = self.histories.column(asset, Factor::Funding) else {
            return Ok(self.rules.funding * horizon.days);
        };
        let paid: Option<f64> = (day + 1..=day + horizon.steps).map(|at| column.at(at)).sum();
        paid.map(|paid| paid * horizon.share).ok_or_else(|| {
            BacktestError::history(
                format!("{asset} funding"),
                "ends before the walk does",
                "walk within it, with --from and --to",
            )
        })
    }

    /// Volatility of a strike.
    #[must_use]
    pub fn vol(&self, state: &State, years: f64, log_moneyness: f64) -> f64 {
        let days = years * YEAR;
        let tenor =
            if state.slope == 0.0 { 1.0 } else { powf(days.max(1.0) / LEVEL_DAYS, state.slope) };
        state.level * tenor * self.smile.ratio(days, log_moneyness)
    }

    /// Terms of an option, priced on the surface of a state.
    #[must_use]
    pub fn terms(&self, state: &State, years: f64, strike: f64, right: Right) -> Terms {
        let years = years.max(0.0);
        let forward = state.forward(years);
        let vol = self.vol(state, years, ln(strike / forward));
        Terms { forward, strike, years, vol, right }
    }

    /// The strike whose option has a delta of this magnitude.
    #[must_use]
    pub fn strike_of_delta(&self, state: &State, years: f64, right: Right, delta: f64) -> f64 {
        let forward = state.forward(years);
        let (mut low, mut high) = (-2.5f64, 2.5f64);
        for _ in 0..48 {
            let middle = 0.5 * (low + high);
            let terms = self.terms(state, years, forward * exp(middle), right);
            let found = option::greeks(&terms).delta.abs();
            // Calls lose delta as the strike rises, puts gain it.
            let too_high = (found < delta) == (right == Right::Call);
            if too_high { high = middle } else { low = middle }
        }
        forward * exp(0.5 * (low + high))
    }

    /// Days on which everything about some assets is known, and so is what comes a horizon later:
    /// the first of them and the day behind the last.
    ///
    /// # Errors
    /// When an asset has no prices.
    pub fn usable(
        &self,
        assets: &[Asset],
        horizon: Horizon,
    ) -> Result<(usize, usize), BacktestError> {
        let (mut first, mut end) = (0, self.histories.days().len());
        for asset in assets {
            self.histories.prices(asset)?;
            if self.histories.column(asset, Factor::Vol).is_none() {
                first = first.max(LEAST_RETURNS);
            }
            for factor in crate::history::FACTORS {
                if let Some(span) = self.histories.column(asset, factor).map(Column::span) {
                    (first, end) = (first.max(span.0), end.min(span.1));
                }
            }
        }
        Ok((first, end.saturating_sub(horizon.steps)))
    }
}

/// Volatility by rule on each day: of the returns up to it, weighted exponentially, from the mean
/// square of the first of them on.
fn level_path(days: &[Timestamp], prices: &[f64], rules: &Rules) -> Vec<f64> {
    let returns: Vec<f64> = prices.windows(2).map(|pair| ln(pair[1] / pair[0])).collect();
    let mut path = vec![0.0; prices.len()];
    if returns.len() < LEAST_RETURNS {
        return path;
    }
    let span = days[days.len() - 1].days_since(days[0]);
    let a_year = YEAR * returns.len() as f64 / span;
    let start = &returns[..LEAST_RETURNS];
    let mut variance = start.iter().map(|one| one * one).sum::<f64>() / LEAST_RETURNS as f64;
    for (at, one) in returns.iter().enumerate() {
        variance = rules.lambda * variance + (1.0 - rules.lambda) * one * one;
        if at + 1 >= LEAST_RETURNS {
            path[at + 1] = rules.premium * (variance * a_year).sqrt();
        }
    }
    path
}

#[cfg(test)]
mod tests;
