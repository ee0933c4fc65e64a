//! Parameters checked and laid out for lookup by small numbers.

use super::SensitivityError;
use super::names::Names;
use super::parameters::{Bucket, Class, Pairs, Parameters, Shape};
use keelmark_book::instruments::nearest;

/// Standard normal quantile at 99 %.
const NORMAL_99: f64 = 2.326_347_874_040_841;
/// Standard normal quantile at 99.5 %.
const NORMAL_995: f64 = 2.575_829_303_548_901;

/// Parameters ready for use.
#[derive(Debug)]
pub struct Model {
    pub(super) parameters: Parameters,
    pub(super) classes: Vec<Compiled>,
    pub(super) class_names: Names,
    pub(super) tenor_names: Names,
    /// Curvature of vega by tenor code: half, less where the option outlives the horizon.
    curvatures: Vec<f64>,
    /// Correlation between classes, dense.
    pub(super) psi: Vec<f64>,
    /// Volatility in points from a weight in per cent.
    pub(super) vol_of_weight: f64,
}

/// A class ready for use.
#[derive(Debug)]
pub(super) struct Compiled {
    pub spec: Class,
    pub buckets: Names,
    pub numbers: Vec<Bucket>,
    /// Between buckets, dense; nothing for the other shapes.
    pub gamma: Vec<f64>,
    /// Between tenors, dense by tenor code; none where all are 1.
    pub tenor_rho: Option<Vec<f64>>,
    /// For currencies: between groups of the qualifiers, dense.
    pub group_rho: Vec<f64>,
    /// Whether delta of a tenor differs from delta of another.
    pub by_tenor: bool,
    /// Whether sub-curves are told apart.
    pub by_curve: bool,
}

/// `lambda(theta)` of curvature: `(Phi^-1(0.995)^2 - 1)(1 + theta) - theta`.
pub(super) fn lambda(theta: f64) -> f64 {
    (NORMAL_995 * NORMAL_995 - 1.0) * (1.0 + theta) - theta
}

impl Model {
    /// Checks parameters and lays them out.
    ///
    /// # Errors
    /// [`SensitivityError::Parameters`] naming the number that is missing or makes no sense.
    pub fn new(parameters: Parameters) -> Result<Self, SensitivityError> {
        let wrong = |text: String| Err(SensitivityError::Parameters(text));
        if !(parameters.horizon_days > 0.0 && parameters.horizon_days.is_finite()) {
            return wrong("horizon_days: expected days above zero".into());
        }
        if let Some((name, _)) =
            parameters.tenors.iter().find(|(_, days)| **days <= 0.0 || days.is_nan())
        {
            return wrong(format!("tenors: expected days above zero for {name:?}"));
        }
        if parameters.classes.is_empty() {
            return wrong("class: expected at least one risk class, found none".into());
        }
        let tenor_names = Names::of(parameters.tenors.keys().map(String::as_str));
        let class_names = Names::of(parameters.classes.iter().map(|one| one.name.as_str()));
        if class_names.len() != parameters.classes.len() {
            return wrong("class: expected each name once".into());
        }
        let mut classes = Vec::new();
        for class in &parameters.classes {
            let found = Compiled::new(class, &tenor_names);
            classes.push(found.map_err(|problem| {
                SensitivityError::Parameters(format!("class {:?}: {problem}", class.name))
            })?);
        }
        let days = [f64::INFINITY].into_iter().chain(parameters.tenors.values().copied());
        let curvatures = days.map(|days| 0.5 * (parameters.horizon_days / days).min(1.0)).collect();
        let psi = dense("psi", &class_names, &parameters.psi, |_| true)
            .map_err(SensitivityError::Parameters)?;
        let others = parameters.multipliers.values().chain(parameters.add_on_percent.values());
        if others.chain([&parameters.fixed_add_on]).any(|one| !(*one >= 0.0 && one.is_finite())) {
            return wrong("multipliers and add-ons: expected numbers of zero or more".into());
        }
        Ok(Self {
            curvatures,
            vol_of_weight: (365.0 / parameters.horizon_days).sqrt() / NORMAL_99,
            parameters,
            classes,
            class_names,
            tenor_names,
            psi,
        })
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    pub(super) fn psi_of(&self, a: usize, b: usize) -> f64 {
        self.psi[a * self.classes.len() + b]
    }

    /// Curvature of vega at a tenor; none without one.
    pub(super) fn curvature_of(&self, tenor: u16) -> f64 {
        self.curvatures.get(usize::from(tenor)).copied().unwrap_or_default()
    }
}

/// The code of a tenor or curve label: its number plus one.
pub(super) fn code(number: usize) -> u16 {
    number as u16 + 1
}

impl Compiled {
    fn new(class: &Class, tenors: &Names) -> Result<Self, String> {
        let buckets = Names::of(class.buckets.keys().map(String::as_str));
        let numbers: Vec<Bucket> = class.buckets.values().cloned().collect();
        check(class, tenors)?;
        let gamma = if class.shape == Shape::Bucketed {
            dense("gamma", &buckets, &class.gamma, |at| !numbers[at].residual)?
        } else {
            Vec::new()
        };
        let tenor_rho = class.tenor_rho.as_ref().map(|pairs| {
            let inner = dense("tenor_rho", tenors, pairs, |_| true)?;
            // The code 0 is a row without a tenor: fully correlated with all.
            let side = tenors.len() + 1;
            let mut out = vec![1.0; side * side];
            for (row, from) in inner.chunks_exact(tenors.len().max(1)).enumerate() {
                out[(row + 1) * side + 1..(row + 2) * side].copy_from_slice(from);
            }
            Ok::<_, String>(out)
        });
        let mut group_rho = Vec::new();
        if let Shape::Currencies { calculation } = &class.shape {
            let own = class.groups.get(calculation);
            let pairs = class
                .pair_rho
                .get(own)
                .ok_or_else(|| format!("pair_rho: expected the group {own:?} of {calculation}"))?;
            let mut table = Vec::new();
            for a in buckets.iter() {
                for b in buckets.iter() {
                    table.push(pairs.get(a, b).ok_or_else(|| {
                        format!("pair_rho.{own}: expected a number for \"{a}|{b}\"")
                    })?);
                }
            }
            group_rho = table;
        }
        let by_weight = class.buckets.values().any(|bucket| !bucket.weight_by_tenor.is_empty());
        Ok(Self {
            tenor_rho: tenor_rho.transpose()?,
            by_tenor: class.tenor_rho.is_some() || by_weight,
            by_curve: class.curve_rho.is_some() || !class.special.is_empty(),
            spec: class.clone(),
            buckets,
            numbers,
            gamma,
            group_rho,
        })
    }

    pub(super) fn gamma_of(&self, a: usize, b: usize) -> f64 {
        match self.spec.shape {
            Shape::Bucketed => self.gamma[a * self.buckets.len() + b],
            _ => self.spec.gamma.default.unwrap_or_default(),
        }
    }
}

/// A dense symmetric table of a pair table, 1 on its diagonal.
fn dense(
    what: &str,
    names: &Names,
    pairs: &Pairs,
    counts: impl Fn(usize) -> bool,
) -> Result<Vec<f64>, String> {
    if let Some(unknown) = pairs.names().find(|name| names.find(name).is_none()) {
        let near = nearest(unknown, names.iter(), 3).join(", ");
        return Err(format!("{what}: unknown name {unknown:?}; nearest: {near}"));
    }
    let side = names.len();
    let mut table = vec![0.0; side * side];
    for a in 0..side {
        for b in 0..side {
            table[a * side + b] = match pairs.get(names.text(a), names.text(b)) {
                _ if a == b => 1.0,
                Some(value) => value,
                None if !(counts(a) && counts(b)) => 0.0,
                None => {
                    let (a, b) = (names.text(a), names.text(b));
                    return Err(format!("{what}: expected a number for \"{a}|{b}\" or a default"));
                }
            };
        }
    }
    Ok(table)
}

fn check(class: &Class, tenors: &Names) -> Result<(), String> {
    if class.buckets.is_empty() && class.base_correlation.is_none() {
        return Err("bucket: expected at least one, found none".into());
    }
    let mut sizes = vec![("hvr", class.hvr), ("curvature_scale", class.curvature_scale)];
    let mut rhos = vec![("vega_rho", class.vega_rho)];
    for bucket in class.buckets.values() {
        sizes.extend([("delta_weight", bucket.delta_weight), ("vega_weight", bucket.vega_weight)]);
        sizes.extend(bucket.weight_by_tenor.values().map(|one| ("weight_by_tenor", *one)));
        rhos.push(("rho", bucket.rho));
        for threshold in [bucket.delta_threshold, bucket.vega_threshold].into_iter().flatten() {
            if !(threshold > 0.0 && threshold.is_finite()) {
                return Err(format!("threshold: expected an amount above zero, found {threshold}"));
            }
        }
        if let Some(label) =
            bucket.weight_by_tenor.keys().find(|label| tenors.find(label).is_none())
        {
            return Err(format!("weight_by_tenor: {label:?} is not among the tenors"));
        }
    }
    for one in class.special.values() {
        sizes.push(("special weight", one.weight));
        rhos.push(("special rho", one.rho));
    }
    if let Some((weight, rho)) = class.base_correlation {
        sizes.push(("base_correlation weight", weight));
        rhos.push(("base_correlation rho", rho));
    }
    sizes.extend(class.pair_weight.values().map(|one| ("pair_weight", one)));
    rhos.extend(class.gamma.values().map(|one| ("gamma", one)));
    let tables = class.pair_rho.values().chain(&class.tenor_rho).chain(&class.curve_rho);
    rhos.extend(tables.flat_map(Pairs::values).map(|one| ("rho", one)));
    if let Some((name, value)) = sizes.iter().find(|(_, one)| !(*one >= 0.0 && one.is_finite())) {
        return Err(format!("{name}: expected a number of zero or more, found {value}"));
    }
    match rhos.iter().find(|(_, one)| !(-1.0..=1.0).contains(one)) {
        Some((name, value)) => Err(format!("{name}: expected -1 to 1, found {value}")),
        None => Ok(()),
    }
}
