//! From a laid-out measure to its margin: roots of units, units together, curvature's own form.

use super::SensitivityError;
use super::layout::{Kind, Layout, Line, Source, Unit};
use super::model::lambda;
use super::net::Netted;
use super::parameters::Shape;

/// The margin of one measure of one class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasureMargin {
    /// The margin.
    pub amount: f64,
    /// Each bucket's root, in order; empty unless asked for.
    pub units: Vec<UnitMargin>,
    /// Each factor's weighted amount, in order; empty unless asked for.
    pub factors: Vec<FactorMargin>,
}

/// The root of a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitMargin {
    /// Its name; the currency's for curves.
    pub name: String,
    /// Its root.
    pub amount: f64,
}

/// A weighted factor.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorMargin {
    /// Qualifier, with tenor and sub-curve.
    pub name: String,
    /// Its weighted amount, signed.
    pub weighted: f64,
    pub(super) row: usize,
    /// Its own margin per amount, with concentration factors and theta held.
    pub(super) marginal: f64,
}

/// Sums of a part of curvature: ordinary buckets, or the residual one.
#[derive(Clone, Copy, Default)]
struct Half {
    net: f64,
    gross: f64,
    root: f64,
}

impl Half {
    fn lambda(self) -> f64 {
        let theta = if self.gross > 0.0 { (self.net / self.gross).min(0.0) } else { 0.0 };
        lambda(theta)
    }

    fn amount(self) -> f64 {
        (self.net + self.lambda() * self.root).max(0.0)
    }
}

/// Aggregates netted rows of one class and measure, in the order of names.
pub(super) fn aggregate(
    layout: &mut Layout,
    source: Source<'_>,
    rows: &[Netted],
    detail: bool,
) -> Result<MeasureMargin, SensitivityError> {
    layout.fill(source, rows)?;
    roots(layout, source);
    let root = across(layout, source);
    let residual: f64 = layout.units.iter().filter(|unit| unit.residual).map(|unit| unit.k).sum();
    let curved = source.kind == Kind::Curvature;
    let mut found = MeasureMargin { amount: root + residual, ..MeasureMargin::default() };
    if !curved && !detail {
        return Ok(found);
    }
    let (plain, apart) = halves(layout, source, root, residual);
    if curved {
        found.amount = plain.amount() + apart.amount();
    }
    if detail {
        found.units = layout.units.iter().map(|unit| named(layout, source, unit)).collect();
        for unit in 0..layout.units.len() {
            let half = if layout.units[unit].residual { apart } else { plain };
            marginals(layout, source, unit, half, &mut found.factors);
        }
    }
    Ok(found)
}

/// Net and gross sums of ordinary buckets and of the residual one.
fn halves(layout: &Layout, source: Source<'_>, root: f64, residual: f64) -> (Half, Half) {
    let mut halves = [Half { root, ..Half::default() }, Half { root: residual, ..Half::default() }];
    for unit in &layout.units {
        let half = &mut halves[usize::from(unit.residual)];
        for line in &layout.lines[unit.start..unit.end] {
            half.net += line.sum;
            half.gross += if source.class.spec.theta_by_tenor {
                layout.factors[line.start..line.end].iter().map(|one| one.ws.abs()).sum()
            } else {
                line.sum.abs()
            };
        }
    }
    (halves[0], halves[1])
}

/// The root of each unit, and its sum within the root either way.
fn roots(layout: &mut Layout, source: Source<'_>) {
    for at in 0..layout.units.len() {
        let unit = layout.units[at];
        let (mut square, mut sum) = (0.0, 0.0);
        for line in unit.start..unit.end {
            square += inner(layout, source, line);
            sum += layout.lines[line].sum;
        }
        if unit.end - unit.start == 1 {
            // One qualifier has no other to be correlated with.
        } else if source.class.spec.across_tenors {
            square += 2.0 * by_factor(layout, source, &unit);
        } else if one_rho(source) {
            square += 2.0 * by_prefix(layout, source, &unit);
        } else {
            square += 2.0 * by_line(layout, source, &unit);
        }
        let k = square.max(0.0).sqrt();
        let s = sum.min(k).max(-k);
        layout.units[at] = Unit { k, sum, s, ..unit };
    }
}

/// Whether one correlation holds between all qualifiers of a unit.
fn one_rho(source: Source<'_>) -> bool {
    !matches!((&source.class.spec.shape, source.kind), (Shape::Currencies { .. }, Kind::Delta))
}

/// What one qualifier adds to the square of its unit.
fn inner(layout: &Layout, source: Source<'_>, line: usize) -> f64 {
    let line = layout.lines[line];
    if source.class.tenor_rho.is_none() && !source.class.by_curve {
        return line.sum * line.sum;
    }
    let factors = &layout.factors[line.start..line.end];
    let mut square = 0.0;
    for (at, a) in factors.iter().enumerate() {
        square += a.ws * a.ws;
        for b in &factors[at + 1..] {
            square += 2.0 * source.inner(a, b) * a.ws * b.ws;
        }
    }
    square
}

/// Products of different qualifiers, factor by factor.
fn by_factor(layout: &Layout, source: Source<'_>, unit: &Unit) -> f64 {
    let mut sum = 0.0;
    for (at, a) in layout.lines[unit.start..unit.end].iter().enumerate() {
        for b in &layout.lines[unit.start + at + 1..unit.end] {
            let rho = source.outer(a, b);
            for one in &layout.factors[a.start..a.end] {
                for other in &layout.factors[b.start..b.end] {
                    sum += rho * source.outer_tenors(one, other) * one.ws * other.ws;
                }
            }
        }
    }
    sum
}

/// Products of different qualifiers, line by line.
fn by_line(layout: &Layout, source: Source<'_>, unit: &Unit) -> f64 {
    let mut sum = 0.0;
    for (at, a) in layout.lines[unit.start..unit.end].iter().enumerate() {
        for b in &layout.lines[unit.start + at + 1..unit.end] {
            sum += source.outer(a, b) * a.sum * b.sum;
        }
    }
    sum
}

/// The same for one correlation: sorted by concentration, the smaller factor of a pair is always
/// the earlier one, and one pass does what pairs would.
fn by_prefix(layout: &mut Layout, source: Source<'_>, unit: &Unit) -> f64 {
    let Some(first) = layout.lines[unit.start..unit.end].first().copied() else { return 0.0 };
    let rho = source.outer(&first, &Line { cr: first.cr, ..first });
    if rho == 0.0 {
        return 0.0;
    }
    layout.order.clear();
    layout.order.extend(unit.start..unit.end);
    let lines = &layout.lines;
    if lines[unit.start..unit.end].iter().any(|line| line.cr > 1.0) {
        // Stable: equal factors stay in the order of names.
        layout.order.sort_by(|a, b| lines[*a].cr.total_cmp(&lines[*b].cr));
    }
    let (mut before, mut sum) = (0.0, 0.0);
    for line in layout.order.iter().map(|at| &lines[*at]) {
        sum += before * line.sum / line.cr;
        before += line.cr * line.sum;
    }
    rho * sum
}

/// The root of ordinary units together.
fn across(layout: &Layout, source: Source<'_>) -> f64 {
    let units = || layout.units.iter().filter(|unit| !unit.residual);
    let mut square = 0.0;
    for (at, a) in units().enumerate() {
        square += a.k * a.k;
        for b in units().skip(at + 1) {
            square += 2.0 * source.between(layout, a, b) * a.s * b.s;
        }
    }
    square.max(0.0).sqrt()
}

fn named(layout: &Layout, source: Source<'_>, unit: &Unit) -> UnitMargin {
    let name = match source.class.spec.shape {
        _ if source.kind == Kind::BaseCorrelation => "all",
        Shape::Bucketed => source.class.buckets.text(usize::from(unit.bucket)),
        Shape::Currencies { .. } => "all",
        Shape::Curves => {
            let line = layout.lines[unit.start];
            source.qualifiers.text(line.qualifier as usize)
        }
    };
    UnitMargin { name: name.to_owned(), amount: unit.k }
}

/// Each factor's own margin per amount: the gradient with concentration factors and theta held,
/// which makes the margin homogeneous of degree one, so that the parts sum to it.
fn marginals(
    layout: &Layout,
    source: Source<'_>,
    at: usize,
    half: Half,
    out: &mut Vec<FactorMargin>,
) {
    let unit = &layout.units[at];
    let mut pull = 0.0;
    for (other, one) in layout.units.iter().enumerate() {
        if other != at && !one.residual && !unit.residual {
            pull += source.between(layout, unit, one) * one.s;
        }
    }
    let root = if unit.residual { unit.k } else { half.root };
    for line in &layout.lines[unit.start..unit.end] {
        for row in line.start..line.end {
            let factor = layout.factors[row];
            let own = within(layout, source, unit, line, row);
            let clipped = if unit.s == unit.sum {
                1.0
            } else if unit.k > 0.0 {
                unit.s.signum() * own / unit.k
            } else {
                0.0
            };
            let mut slope = if root > 0.0 { (own + pull * clipped) / root } else { 0.0 };
            if source.kind == Kind::Curvature {
                let counts = half.amount() > 0.0;
                slope = if counts { 1.0 + half.lambda() * slope } else { 0.0 };
            }
            let marginal = slope * factor.scale;
            let name = factor_name(source, line.qualifier, factor.tenor, factor.curve);
            out.push(FactorMargin { name, weighted: factor.ws, row, marginal });
        }
    }
}

/// Half the slope of a unit's square in a factor.
fn within(layout: &Layout, source: Source<'_>, unit: &Unit, line: &Line, row: usize) -> f64 {
    let factor = &layout.factors[row];
    let mut sum = 0.0;
    for (at, other) in layout.factors[line.start..line.end].iter().enumerate() {
        let same = line.start + at == row;
        sum += other.ws * if same { 1.0 } else { source.inner(factor, other) };
    }
    for other in &layout.lines[unit.start..unit.end] {
        if other.start == line.start {
            continue;
        }
        let rho = source.outer(line, other);
        if source.class.spec.across_tenors {
            for one in &layout.factors[other.start..other.end] {
                sum += rho * source.outer_tenors(factor, one) * one.ws;
            }
        } else {
            sum += rho * other.sum;
        }
    }
    sum
}

fn factor_name(source: Source<'_>, qualifier: u32, tenor: u16, curve: u16) -> String {
    let text = |names: &super::names::Names, code: u16| {
        names.text(usize::from(code).wrapping_sub(1)).to_owned()
    };
    let parts = [
        source.qualifiers.text(qualifier as usize).to_owned(),
        text(&source.model.tenor_names, tenor),
        text(source.curves, curve),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
