//! The moves of every factor that a recipe takes from a history, on one calendar.

use crate::error::BacktestError;
use crate::history::{Column, Factor};
use crate::world::World;
use keelmark_book::Asset;
use keelmark_kernels::{exp, ln};
use keelmark_margin::joint::{Joint, JointMoves};
use keelmark_margin::recipe::{Recipe, Source, Sources};
use keelmark_tail::scenario::{Factors, Scenarios};
use keelmark_units::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Moves from one day to the next, of each source once.
#[derive(Debug)]
pub struct Moves {
    /// Day of the calendar from which the first move goes.
    pub first: usize,
    /// When each move ended.
    pub times: Vec<Timestamp>,
    /// Names of columns: `BTC price`.
    pub names: Vec<String>,
    /// `[factor][move]`: logarithms of price and volatility, differences of the rest.
    pub columns: Vec<Vec<f64>>,
    /// Place of each source's price, with the source's variance a step of implied volatility where
    /// it has a history of it.
    pub prices: Vec<Price>,
    /// What the market was taken to be for want of a history, in sentences.
    pub flags: Vec<String>,
    /// Where each underlying takes its moves from.
    sources: BTreeMap<Asset, Sources>,
}

/// The price of a source.
#[derive(Debug)]
pub struct Price {
    /// Its column.
    pub column: usize,
    /// Variance of a step by the implied volatility before it, one more than there are moves.
    pub implied: Option<Vec<f64>>,
}

/// The factors other than the price, with what a recipe says of each.
fn others(sources: &Sources) -> [(Factor, Source); 4] {
    [
        (Factor::Vol, sources.vol),
        (Factor::Slope, sources.slope),
        (Factor::Basis, sources.basis),
        (Factor::Funding, sources.funding),
    ]
}

/// Whose factors a recipe takes from histories or the market, each once, the price first.
fn keys(recipe: &Recipe) -> Vec<((Asset, Factor), Source)> {
    let mut keys: Vec<((Asset, Factor), Source)> = Vec::new();
    for sources in recipe.histories.values() {
        for (factor, source) in
            [(Factor::Price, Source::History)].into_iter().chain(others(sources))
        {
            let key = (sources.of.clone(), factor);
            let taken = matches!(source, Source::History | Source::Market);
            if taken && !keys.iter().any(|(known, _)| *known == key) {
                keys.push((key, source));
            }
        }
    }
    keys
}

fn name(asset: &Asset, factor: Factor) -> String {
    format!("{asset} {}", factor.name())
}

impl Moves {
    /// The moves that a recipe asks for.
    pub fn of(document: &str, recipe: &Recipe, world: &World) -> Result<Self, BacktestError> {
        let (mut wanted, mut columns, mut flags) = (Vec::new(), Vec::new(), Vec::new());
        for ((asset, factor), source) in keys(recipe) {
            let given = world.histories.column(&asset, factor).map(Cow::Borrowed);
            let found = match (given, source) {
                (None, Source::Market) => {
                    flags.push(format!("{}: by rule, for want of a history", name(&asset, factor)));
                    // The other rules are constants: what they say never moves.
                    let by_rule = (factor == Factor::Vol).then(|| world.levels_by_rule(&asset));
                    let Some(column) = by_rule.flatten() else { continue };
                    Cow::Owned(column)
                }
                (given, _) => given.ok_or_else(|| {
                    BacktestError::history(
                        name(&asset, factor),
                        format!("{document} is made from it, and there is none"),
                        format!("add --history {asset}:{}=FILE", factor.name()),
                    )
                })?,
            };
            wanted.push((asset, factor));
            columns.push(found);
        }
        let first = columns.iter().map(|column| column.span().0).max().unwrap_or(0);
        let end = columns.iter().map(|column| column.span().1).min().unwrap_or(0);
        let days = &world.histories.days()[first.min(end)..end];
        let moves = |(column, (_, factor)): (&Cow<'_, Column>, &(Asset, Factor))| {
            moves_of(&column.values()[first - column.span().0..][..days.len()], *factor)
        };
        let mut prices = Vec::new();
        for (at, (asset, factor)) in wanted.iter().enumerate() {
            if *factor == Factor::Price {
                let vol = world.histories.column(asset, Factor::Vol);
                let implied = vol.and_then(|vol| implied(vol, first, days));
                prices.push(Price { column: at, implied });
            }
        }
        Ok(Self {
            first,
            times: days.iter().skip(1).copied().collect(),
            names: wanted.iter().map(|(asset, factor)| name(asset, *factor)).collect(),
            columns: columns.iter().zip(&wanted).map(moves).collect(),
            prices,
            flags,
            sources: recipe.histories.clone(),
        })
    }

    /// Every underlying that has moves.
    pub fn underlyings(&self) -> impl Iterator<Item = &Asset> {
        self.sources.keys()
    }

    /// How many moves are known on a day.
    pub fn known(&self, day: usize) -> usize {
        day.saturating_sub(self.first).min(self.times.len())
    }

    /// Moves `from..to` as factors.
    pub fn factors(&self, from: usize, to: usize) -> Factors {
        Factors {
            times: self.times[from..to].to_vec(),
            names: self.names.clone(),
            returns: self.columns.iter().map(|column| column[from..to].to_vec()).collect(),
        }
    }

    /// Scenarios of the sources as joint moves of every underlying.
    pub fn joint(&self, scenarios: Scenarios) -> Joint {
        let mut moves = BTreeMap::new();
        for (asset, sources) in &self.sources {
            moves.insert(asset.clone(), of_underlying(sources, &scenarios));
        }
        Joint { labels: scenarios.labels, moves }
    }
}

/// The moves of an underlying, from its sources' columns.
fn of_underlying(sources: &Sources, scenarios: &Scenarios) -> JointMoves {
    let column = |factor| {
        let own = name(&sources.of, factor);
        let at = scenarios.names.iter().position(|known| *known == own);
        at.map(|at| scenarios.moves[at].as_slice()).unwrap_or_default()
    };
    let relative = |logs: &[f64]| -> Vec<f64> { logs.iter().map(|one| exp(*one) - 1.0).collect() };
    let price = relative(column(Factor::Price));
    let of = |factor, source| match source {
        Source::None => Vec::new(),
        Source::History | Source::Market => column(factor).to_vec(),
        Source::Response { down, up } => price
            .iter()
            .map(|moved| if *moved < 0.0 { down * -moved } else { up * moved })
            .collect(),
    };
    JointMoves {
        vol: relative(&of(Factor::Vol, sources.vol)),
        slope: of(Factor::Slope, sources.slope),
        basis: of(Factor::Basis, sources.basis),
        funding: of(Factor::Funding, sources.funding),
        price,
    }
}

/// Moves of levels: logarithms, differences, or of funding what was paid beyond its mean so far.
fn moves_of(levels: &[f64], factor: Factor) -> Vec<f64> {
    let pairs = levels.windows(2);
    match factor {
        Factor::Price | Factor::Vol => pairs.map(|pair| ln(pair[1] / pair[0])).collect(),
        Factor::Slope | Factor::Basis => pairs.map(|pair| pair[1] - pair[0]).collect(),
        Factor::Funding => {
            let mut sum = 0.0;
            let beyond = |(at, pair): (usize, &[f64])| {
                sum += pair[0];
                pair[1] - sum / (at + 1) as f64
            };
            pairs.enumerate().map(beyond).collect()
        }
    }
}

/// Variance of each step by the implied volatility before it.
fn implied(vol: &Column, first: usize, days: &[Timestamp]) -> Option<Vec<f64>> {
    let span = days.last()?.days_since(*days.first()?);
    let step = span / (days.len() - 1).max(1) as f64 / crate::world::YEAR;
    (first..first + days.len()).map(|day| vol.at(day).map(|level| level * level * step)).collect()
}
