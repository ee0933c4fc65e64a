//! A set of scenarios on a day, by its method.

use super::damped::damped;
use super::moves::Moves;
use super::{looks_back, volatility};
use crate::error::{BacktestError, date};
use keelmark_margin::joint::{Joint, JointMoves};
use keelmark_margin::recipe::{
    Copula, Filter as FilterRule, Horizon as RecipeHorizon, Hypothetical, Method, Recipe, Scaling,
    Set,
};
use keelmark_tail::correlation::{Correlation, Target};
use keelmark_tail::extreme::Estimator;
use keelmark_tail::scenario::stressed::{Window, Worst, windows, worst};
use keelmark_tail::scenario::{
    Copula as Drawn, Filter, Horizon, Marginal, Scenarios, Way, historical,
};
use keelmark_tail::{TailError, scenario::Factors};
use std::collections::BTreeMap;
use std::ops::Range;

/// A set that days are asked of.
#[derive(Debug)]
pub struct Ready {
    /// The scan that takes it.
    pub scan: String,
    method: Method,
    mirrored: bool,
    horizon: RecipeHorizon,
    /// Of each column: variances and what moves are scaled to, one more than there are moves; none
    /// where moves are taken as they were.
    paths: Vec<Option<Scaled>>,
}

/// A factor's path of volatility.
#[derive(Debug)]
struct Scaled {
    variances: Vec<f64>,
    targets: Vec<f64>,
    fell_back: Vec<(Range<usize>, String)>,
}

/// A tail of a marginal begins at this quantile.
const TAIL: f64 = 0.95;
/// Degrees of freedom that are fitted stay within these.
const DEGREES: (f64, f64) = (2.5, 50.0);

impl Scaled {
    /// The path of a column: a price's by the volatility of prices, another factor's by its own.
    fn of(
        filter: &FilterRule,
        moves: &Moves,
        column: usize,
    ) -> Result<Option<Self>, BacktestError> {
        let (own, name) = (&moves.columns[column], &moves.names[column]);
        let price = moves.prices.iter().find(|price| price.column == column);
        let implied = price.and_then(|price| price.implied.as_deref());
        let volatility =
            if price.is_some() { Some(&filter.volatility) } else { filter.own.as_ref() };
        let Some(volatility) = volatility else { return Ok(None) };
        let path = volatility::path(volatility, name, implied, own)?;
        let roots: Vec<f64> = path.variances.iter().map(|one| one.sqrt()).collect();
        let targets = damped(&roots, own, &filter.damping);
        Ok(Some(Self { variances: path.variances, targets, fell_back: path.fell_back }))
    }
}

impl Ready {
    /// Computes the paths that a set needs, once.
    pub fn new(
        scan: &str,
        set: &Set,
        recipe: &Recipe,
        moves: &Moves,
    ) -> Result<Self, BacktestError> {
        let filter = match &set.method {
            Method::Filtered(filter) => Some(filter),
            Method::Copula(copula) => Some(&copula.filter),
            _ => None,
        };
        let mut paths = Vec::new();
        for column in 0..moves.columns.len() {
            paths.push(filter.map_or(Ok(None), |filter| Scaled::of(filter, moves, column))?);
        }
        Ok(Self {
            scan: scan.to_owned(),
            method: set.method.clone(),
            mirrored: set.mirrored,
            horizon: recipe.horizon_of(set),
            paths,
        })
    }

    /// Moves that it needs before it.
    pub fn needs(&self) -> usize {
        looks_back(&self.method).max(self.step().0.steps)
    }

    /// The horizon in whole steps, and what moves over them are multiplied by.
    fn step(&self) -> (Horizon, f64) {
        let days = self.horizon.total_days();
        match self.horizon.scaling {
            Scaling::Root => (Horizon::ONE, days.sqrt()),
            Scaling::Overlapping => {
                let steps = days.ceil().max(1.0);
                (Horizon { steps: steps as usize, way: Way::Summed }, (days / steps).sqrt())
            }
        }
    }

    /// The scenarios of a day, from the moves that are known on it.
    pub fn on(
        &self,
        day: usize,
        moves: &Moves,
        seed: u64,
        flags: &mut Vec<String>,
    ) -> Result<Joint, BacktestError> {
        let known = moves.known(day);
        need(&self.scan, self.needs(), known)?;
        for (path, name) in self.paths.iter().zip(&moves.names) {
            let all = path.iter().flat_map(|path| &path.fell_back);
            let here = all.filter(|(range, _)| range.contains(&known));
            flags.extend(here.map(|(_, text)| format!("{name}: {text}")));
        }
        if let Method::Hypothetical(given) = &self.method {
            return Ok(self.given(given, moves));
        }
        let (horizon, factor) = self.step();
        let mut found = match &self.method {
            Method::Historical { window } => {
                let window = window.unwrap_or(known);
                historical::plain(&moves.factors(known - window, known), window, horizon)?
            }
            Method::Filtered(filter) => self.filtered(filter, known, moves, horizon)?,
            Method::Stressed { periods, worst } => {
                let windows = periods.iter().map(|one| Window {
                    name: one.label.clone(),
                    first: one.from,
                    last: one.to,
                });
                let past = moves.factors(0, known);
                stress(&past, &windows.collect::<Vec<_>>(), *worst, horizon, flags)?
            }
            Method::Copula(copula) => self.drawn(copula, known, moves, seed, flags)?,
            Method::Hypothetical(_) => {
                Scenarios { labels: Vec::new(), names: Vec::new(), moves: Vec::new() }
            }
        };
        found.moves.iter_mut().flatten().for_each(|one| *one *= factor);
        if self.mirrored {
            mirror(&mut found);
        }
        Ok(moves.joint(found))
    }

    /// The filters of a window: factors by their paths, those without one as they were.
    fn filters(&self, window: &Range<usize>) -> Vec<Filter> {
        let own = |path: &Option<Scaled>| match path {
            None => Filter::none(window.len()),
            Some(path) => Filter {
                variances: path.variances[window.clone()].to_vec(),
                target: path.targets[window.end],
            },
        };
        self.paths.iter().map(own).collect()
    }

    fn filtered(
        &self,
        filter: &FilterRule,
        known: usize,
        moves: &Moves,
        horizon: Horizon,
    ) -> Result<Scenarios, TailError> {
        let window = filter.window.min(known);
        let factors = moves.factors(known - window, known);
        let filters = self.filters(&(known - window..known));
        historical::filtered(&factors, &filters, window, horizon)
    }

    /// Draws of a copula over scaled moves.
    fn drawn(
        &self,
        copula: &Copula,
        known: usize,
        moves: &Moves,
        seed: u64,
        flags: &mut Vec<String>,
    ) -> Result<Scenarios, TailError> {
        let scaled = self.filtered(&copula.filter, known, moves, Horizon::ONE)?;
        let correlation = Correlation::ewma(&scaled.moves, copula.lambda)?;
        let correlation = correlation.towards(Target::Identity, copula.shrinkage);
        let degrees = copula.degrees.unwrap_or_else(|| degrees(&scaled.moves));
        let mut laws = Vec::with_capacity(scaled.moves.len());
        for (name, sample) in scaled.names.iter().zip(&scaled.moves) {
            let tails = Marginal::with_tails(sample, TAIL, Estimator::Moments);
            laws.push(match tails {
                Ok(law) => law,
                Err(why) => {
                    flags.push(format!("{name}: no larger moves than in the window: {why}"));
                    Marginal::empirical(sample)?
                }
            });
        }
        let horizon = self.step().0;
        let seed = copula.seed.wrapping_add(seed);
        let count = 0..copula.count as u64;
        Drawn::new(&correlation, degrees)?.draw(&scaled.names, &laws, count, seed, horizon)
    }

    /// What was written down, as it is; what it does not name stays where it is.
    fn given(&self, given: &[Hypothetical], moves: &Moves) -> Joint {
        let mut joint = Joint::default();
        let named = given.iter().flat_map(|one| one.moves.keys());
        let mut assets: Vec<_> = named.chain(moves.underlyings()).collect();
        assets.sort();
        assets.dedup();
        let mut by: BTreeMap<_, JointMoves> = BTreeMap::new();
        let signs: &[f64] = if self.mirrored { &[1.0, -1.0] } else { &[1.0] };
        for sign in signs {
            for one in given {
                let opposite = if *sign < 0.0 { "opposite of " } else { "" };
                joint.labels.push(format!("{opposite}{}", one.label));
                for asset in &assets {
                    let own = one.moves.get(*asset).copied().unwrap_or([0.0; 5]);
                    let to = by.entry((*asset).clone()).or_default();
                    to.price.push(turned(own[0], *sign));
                    to.vol.push(turned(own[1], *sign));
                    to.slope.push(sign * own[2]);
                    to.basis.push(sign * own[3]);
                    to.funding.push(sign * own[4]);
                }
            }
        }
        joint.moves = by;
        joint
    }
}

/// A relative move, or that which undoes it.
fn turned(by: f64, sign: f64) -> f64 {
    if sign < 0.0 { 1.0 / (1.0 + by) - 1.0 } else { by }
}

/// Each scenario and its opposite.
fn mirror(found: &mut Scenarios) {
    let opposite: Vec<String> =
        found.labels.iter().map(|label| format!("opposite of {label}")).collect();
    found.labels.extend(opposite);
    for column in &mut found.moves {
        let opposite: Vec<f64> = column.iter().map(|one| -one).collect();
        column.extend(opposite);
    }
}

/// Periods as far as they have passed, and the worst days so far.
fn stress(
    past: &Factors,
    periods: &[Window],
    count: usize,
    horizon: Horizon,
    flags: &mut Vec<String>,
) -> Result<Scenarios, TailError> {
    let last = past.times.last().copied().unwrap_or_default();
    let (passed, ahead): (Vec<&Window>, Vec<&Window>) =
        periods.iter().partition(|one| one.last <= last);
    if let Some(next) = ahead.first() {
        flags.push(format!("{} had not passed ({})", next.name, date(next.last)));
    }
    let passed: Vec<Window> = passed.into_iter().cloned().collect();
    let mut found = windows(past, &passed, horizon)?;
    let count = if count == 0 && found.is_empty() { 1 } else { count };
    if count > 0 {
        found = found.and(worst(past, count, Worst::Moves, horizon)?)?;
    }
    Ok(found)
}

/// Degrees of freedom by the fourth moment: `4 + 6 / (kurtosis - 3)`, the mean over factors.
fn degrees(samples: &[Vec<f64>]) -> f64 {
    let of = |sample: &Vec<f64>| {
        let mean = |power: i32| {
            sample.iter().map(|one| one.powi(power)).sum::<f64>() / sample.len() as f64
        };
        let excess = mean(4) / (mean(2) * mean(2)) - 3.0;
        if excess > 0.0 { 4.0 + 6.0 / excess } else { DEGREES.1 }
    };
    let mean = samples.iter().map(of).sum::<f64>() / samples.len().max(1) as f64;
    mean.clamp(DEGREES.0, DEGREES.1)
}

/// Refuses too little history, of the scan that wants more.
fn need(scan: &str, needs: usize, found: usize) -> Result<(), TailError> {
    if found >= needs {
        return Ok(());
    }
    let what = format!("scan {scan:?}: moves before the day");
    Err(TailError::TooShort { what, needs, found })
}
