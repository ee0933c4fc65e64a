//! One measure of one class laid out: factors with their weights, lines of one qualifier, units
//! that have a root of their own.

use super::SensitivityError;
use super::model::{Compiled, Model};
use super::names::Names;
use super::net::{BASE_CORRELATION, DELTA, Netted, VEGA};
use super::parameters::{Shape, Sigma};

/// What is being aggregated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Delta,
    Vega,
    Curvature,
    BaseCorrelation,
}

/// A weighted factor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    pub ws: f64,
    /// Weighted amount per amount.
    pub scale: f64,
    pub tenor: u16,
    pub curve: u16,
}

/// Factors of one qualifier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub start: usize,
    pub end: usize,
    /// Concentration factor, 1 or more.
    pub cr: f64,
    /// Sum of its weighted factors.
    pub sum: f64,
    /// Bucket, or group of the currency.
    pub bucket: u16,
    pub qualifier: u32,
}

/// Lines under one root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub start: usize,
    pub end: usize,
    pub bucket: u16,
    pub residual: bool,
    /// The root of the unit.
    pub k: f64,
    /// Sum of its weighted factors.
    pub sum: f64,
    /// The same within the root, either way.
    pub s: f64,
}

/// Room for a measure, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub factors: Vec<Factor>,
    pub lines: Vec<Line>,
    pub units: Vec<Unit>,
    /// Lines in the order of their concentration.
    pub order: Vec<usize>,
}

/// What a measure is laid out from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub model: &'a Model,
    pub class: &'a Compiled,
    pub kind: Kind,
    pub qualifiers: &'a Names,
    pub curves: &'a Names,
}

impl Kind {
    /// The measure of the rows that it is computed from.
    pub fn measure(self) -> u8 {
        match self {
            Self::Delta => DELTA,
            Self::Vega | Self::Curvature => VEGA,
            Self::BaseCorrelation => BASE_CORRELATION,
        }
    }
}

impl Layout {
    /// Lays out netted rows of one class and measure, which are in the order of names.
    pub fn fill(&mut self, source: Source<'_>, rows: &[Netted]) -> Result<(), SensitivityError> {
        self.factors.clear();
        self.lines.clear();
        self.units.clear();
        let same = |a: &Netted, b: &Netted| {
            (a.place.bucket, a.place.qualifier) == (b.place.bucket, b.place.qualifier)
        };
        for line in rows.chunk_by(same) {
            self.line(source, line)?;
        }
        let class = source.class;
        let whole = matches!(class.spec.shape, Shape::Currencies { .. })
            || source.kind == Kind::BaseCorrelation;
        let mut start = 0;
        while start < self.lines.len() {
            let bucket = self.lines[start].bucket;
            let end = match class.spec.shape {
                _ if whole => self.lines.len(),
                Shape::Curves => start + 1,
                _ => {
                    let rest = &self.lines[start..];
                    start + rest.iter().take_while(|line| line.bucket == bucket).count()
                }
            };
            let residual =
                !whole && class.numbers.get(usize::from(bucket)).is_some_and(|one| one.residual);
            self.units.push(Unit { start, end, bucket, residual, k: 0.0, sum: 0.0, s: 0.0 });
            start = end;
        }
        Ok(())
    }

    fn line(&mut self, source: Source<'_>, rows: &[Netted]) -> Result<(), SensitivityError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let (start, place) = (self.factors.len(), first.place);
        let terms = Terms::of(source, place.bucket, place.qualifier)?;
        let mut concentrated = 0.0;
        for row in rows {
            let special = source.special(row.place.curve);
            let scale = match source.kind {
                Kind::Delta => match special {
                    Some(own) => own.weight,
                    None => terms.delta_weight(source, row.place.tenor)?,
                },
                Kind::Vega => source.class.spec.hvr * terms.sigma,
                Kind::Curvature => {
                    terms.curvature * source.model.curvature_of(row.place.tenor) * terms.sigma
                }
                Kind::BaseCorrelation => terms.weight,
            };
            let ws = scale * row.amount;
            if special.is_none_or(|own| own.concentrated) {
                concentrated += if source.kind == Kind::Delta { row.amount } else { ws };
            }
            let Netted { place, .. } = *row;
            self.factors.push(Factor { ws, scale, tenor: place.tenor, curve: place.curve });
        }
        let cr = match terms.threshold {
            Some(threshold) => (concentrated.abs() / threshold).sqrt().max(1.0),
            None => 1.0,
        };
        let mut sum = 0.0;
        for factor in &mut self.factors[start..] {
            let counts = source.special(factor.curve).is_none_or(|own| own.concentrated);
            let factors = terms.after * if counts { cr } else { 1.0 };
            factor.scale *= factors;
            factor.ws *= factors;
            sum += factor.ws;
        }
        let (bucket, qualifier) = (place.bucket, place.qualifier);
        self.lines.push(Line { start, end: self.factors.len(), cr, sum, bucket, qualifier });
        Ok(())
    }
}

/// Numbers of one qualifier.
struct Terms {
    weight: f64,
    by_tenor: Option<usize>,
    sigma: f64,
    curvature: f64,
    threshold: Option<f64>,
    /// What is multiplied in after concentration is measured.
    after: f64,
}

impl Terms {
    fn of(source: Source<'_>, bucket: u16, qualifier: u32) -> Result<Self, SensitivityError> {
        let Source { class, kind, model, .. } = source;
        let spec = &class.spec;
        if kind == Kind::BaseCorrelation {
            let (weight, _) = spec.base_correlation.ok_or_else(|| {
                let name = &spec.name;
                SensitivityError::Parameters(format!("class {name:?} has no base_correlation"))
            })?;
            return Ok(Self::flat(weight));
        }
        let numbers = class.numbers.get(usize::from(bucket)).ok_or_else(|| {
            SensitivityError::Parameters(format!("class {:?} has no bucket", spec.name))
        })?;
        let name = source.qualifiers.text(qualifier as usize);
        let weight = match &spec.shape {
            Shape::Currencies { calculation } => currency_weight(source, calculation, name)?,
            _ => numbers.delta_weight,
        };
        let sigma = match spec.sigma {
            Sigma::FromWeight => model.vol_of_weight * weight,
            Sigma::InAmount => 1.0,
        };
        let threshold = match (&spec.concentration, kind) {
            (_, Kind::Curvature | Kind::BaseCorrelation) => None,
            (Some(own), Kind::Delta) => own.delta.get(own.groups.get(name)).copied(),
            (Some(own), Kind::Vega) => {
                let (a, b) = name.split_once('/').unwrap_or((name, name));
                own.vega.get(own.groups.get(a), own.groups.get(b))
            }
            (None, Kind::Delta) => numbers.delta_threshold,
            (None, Kind::Vega) => numbers.vega_threshold,
        };
        let curved = if numbers.curvature { spec.curvature_scale } else { 0.0 };
        Ok(Self {
            weight,
            by_tenor: (!numbers.weight_by_tenor.is_empty()).then_some(usize::from(bucket)),
            sigma,
            curvature: curved,
            threshold,
            after: if kind == Kind::Vega { numbers.vega_weight } else { 1.0 },
        })
    }

    fn flat(weight: f64) -> Self {
        Self { weight, by_tenor: None, sigma: 1.0, curvature: 0.0, threshold: None, after: 1.0 }
    }

    fn delta_weight(&self, source: Source<'_>, tenor: u16) -> Result<f64, SensitivityError> {
        let Some(bucket) = self.by_tenor else { return Ok(self.weight) };
        let label = source.model.tenor_names.text(usize::from(tenor).wrapping_sub(1));
        let table = &source.class.numbers[bucket].weight_by_tenor;
        table.get(label).copied().ok_or_else(|| {
            let (class, group) = (&source.class.spec.name, source.class.buckets.text(bucket));
            SensitivityError::Parameters(format!(
                "class {class:?}, bucket {group:?}: weight_by_tenor has no {label:?}"
            ))
        })
    }
}

/// Weight of a currency against the calculation currency, or of a pair, by their groups.
fn currency_weight(
    source: Source<'_>,
    calculation: &str,
    name: &str,
) -> Result<f64, SensitivityError> {
    let spec = &source.class.spec;
    let (a, b) = name.split_once('/').unwrap_or((calculation, name));
    let (a, b) = (spec.groups.get(a), spec.groups.get(b));
    spec.pair_weight.get(a, b).ok_or_else(|| {
        let class = &spec.name;
        SensitivityError::Parameters(format!("class {class:?}: pair_weight has no \"{a}|{b}\""))
    })
}

impl Source<'_> {
    /// The terms of a sub-curve that has some of its own.
    pub fn special(&self, curve: u16) -> Option<super::parameters::Special> {
        let label = self.curves.text(usize::from(curve).checked_sub(1)?);
        self.class.spec.special.get(label).copied()
    }

    /// Correlation between two factors of one qualifier.
    pub fn inner(&self, a: &Factor, b: &Factor) -> f64 {
        let own = if a.curve == b.curve {
            self.tenors(a.tenor, b.tenor)
        } else {
            match (self.special(a.curve), self.special(b.curve)) {
                (Some(a), Some(b)) => a.rho.min(b.rho),
                (Some(one), None) | (None, Some(one)) => one.rho,
                (None, None) => self.tenors(a.tenor, b.tenor) * self.sub_curves(a.curve, b.curve),
            }
        };
        self.power(own)
    }

    fn tenors(&self, a: u16, b: u16) -> f64 {
        let side = self.model.tenor_names.len() + 1;
        match &self.class.tenor_rho {
            Some(table) => table[usize::from(a) * side + usize::from(b)],
            None => 1.0,
        }
    }

    fn sub_curves(&self, a: u16, b: u16) -> f64 {
        let text = |code: u16| self.curves.text(usize::from(code).wrapping_sub(1));
        let pairs = self.class.spec.curve_rho.as_ref();
        pairs.and_then(|pairs| pairs.get(text(a), text(b))).unwrap_or(1.0)
    }

    /// Correlation between qualifiers of one unit.
    pub fn outer(&self, a: &Line, b: &Line) -> f64 {
        let class = self.class;
        let own = match (&class.spec.shape, self.kind) {
            (_, Kind::BaseCorrelation) => class.spec.base_correlation.map_or(0.0, |(_, rho)| rho),
            (Shape::Currencies { .. }, Kind::Delta) => {
                let side = class.buckets.len();
                class.group_rho[usize::from(a.bucket) * side + usize::from(b.bucket)]
            }
            (Shape::Currencies { .. }, _) => class.spec.vega_rho,
            _ => class.numbers[usize::from(a.bucket)].rho,
        };
        self.power(own) * shared(a.cr, b.cr)
    }

    /// What tenors take from the correlation between qualifiers.
    pub fn outer_tenors(&self, a: &Factor, b: &Factor) -> f64 {
        self.power(self.tenors(a.tenor, b.tenor))
    }

    /// Correlation between units.
    pub fn between(&self, layout: &Layout, a: &Unit, b: &Unit) -> f64 {
        let own = self.power(self.class.gamma_of(usize::from(a.bucket), usize::from(b.bucket)));
        if self.class.spec.shape == Shape::Curves {
            return own * shared(layout.lines[a.start].cr, layout.lines[b.start].cr);
        }
        own
    }

    /// Curvature squares every correlation.
    fn power(&self, rho: f64) -> f64 {
        if self.kind == Kind::Curvature { rho * rho } else { rho }
    }
}

/// What concentration takes from a correlation: the smaller factor over the larger.
pub(super) fn shared(a: f64, b: f64) -> f64 {
    a.min(b) / a.max(b)
}
