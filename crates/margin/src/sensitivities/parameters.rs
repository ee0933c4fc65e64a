//! The numbers of a sensitivities-based margin, all of them the user's: classes, buckets, weights,
//! correlations, thresholds.
//!
//! No published calibration is built in, and none may be added: the best-known one is licensed by
//! its owner, and whoever uses it needs a licence of their own. The aggregation is general.

use std::collections::BTreeMap;

/// Which side of an agreement the margin is computed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// What one asks of the other: the amounts as they are.
    #[default]
    Collect,
    /// What one is asked for: the amounts with their signs turned.
    Post,
}

/// Everything that an aggregation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Days of the move that the risk weights cover, 14 in the usual calibration: volatility from a
    /// weight is `weight * sqrt(365 / horizon) / Phi^-1(0.99)`, and curvature is scaled by
    /// `0.5 * min(1, horizon / days)`.
    pub horizon_days: f64,
    /// Whose margin.
    pub side: Side,
    /// Days of each tenor label.
    pub tenors: BTreeMap<String, f64>,
    /// Risk classes, each summed alone.
    pub classes: Vec<Class>,
    /// Correlation between classes of one product class.
    pub psi: Pairs,
    /// Multiplier of each product class; 1 where it is not named.
    pub multipliers: BTreeMap<String, f64>,
    /// An amount on top.
    pub fixed_add_on: f64,
    /// Percentage of the notional of each qualifier on top.
    pub add_on_percent: BTreeMap<String, f64>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            horizon_days: 14.0,
            side: Side::Collect,
            tenors: BTreeMap::new(),
            classes: Vec::new(),
            psi: Pairs::default(),
            multipliers: BTreeMap::new(),
            fixed_add_on: 0.0,
            add_on_percent: BTreeMap::new(),
        }
    }
}

/// A number by unordered pair of names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Where a pair is not named; without it such a pair is an error.
    pub default: Option<f64>,
    by: BTreeMap<(String, String), f64>,
}

impl Pairs {
    /// One number for all pairs.
    #[must_use]
    pub const fn all(value: f64) -> Self {
        Self { default: Some(value), by: BTreeMap::new() }
    }

    /// Sets the number of a pair, in either order; returns what it was.
    pub fn set(&mut self, a: &str, b: &str, value: f64) -> Option<f64> {
        self.by.insert(ordered(a, b), value)
    }

    /// The number of a pair.
    #[must_use]
    pub fn get(&self, a: &str, b: &str) -> Option<f64> {
        self.by.get(&ordered(a, b)).copied().or(self.default)
    }

    /// Every number.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.by.values().copied().chain(self.default)
    }

    /// Every name in a pair.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by.keys().flat_map(|(a, b)| [a.as_str(), b.as_str()])
    }
}

fn ordered(a: &str, b: &str) -> (String, String) {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    (a.to_owned(), b.to_owned())
}

/// How the risk factors of a class are laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Qualifiers in buckets, the bucket given in each row; vega by tenor. Equities, commodities,
    /// credit, coins.
    #[default]
    Bucketed,
    /// One bucket of currencies against a calculation currency, which bears no risk itself; vega of
    /// pairs such as `EURUSD`. Buckets of the parameters are groups of currencies.
    Currencies {
        /// The calculation currency.
        calculation: String,
    },
    /// A bucket for each currency, with tenors and sub-curves in it. Buckets of the parameters are
    /// groups of currencies.
    Curves,
}

/// Where the volatility in vega and curvature comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sigma {
    /// From the bucket's delta weight: amounts are per point of volatility.
    #[default]
    FromWeight,
    /// Amounts are already multiplied by the quoted volatility.
    InAmount,
}

/// Which group each qualifier is in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// The group of those that are not named.
    pub default: String,
    /// Group by qualifier.
    pub of: BTreeMap<String, String>,
}

impl Groups {
    /// The group of a qualifier.
    #[must_use]
    pub fn get(&self, qualifier: &str) -> &str {
        self.of.get(qualifier).unwrap_or(&self.default)
    }
}

/// A risk class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name in rows.
    pub name: String,
    /// How its factors are laid out.
    pub shape: Shape,
    /// Numbers of each bucket; of each group of currencies for the other shapes.
    pub buckets: BTreeMap<String, Bucket>,
    /// Correlation between buckets; for curves its default, between currencies.
    pub gamma: Pairs,
    /// Ratio of historical to implied volatility in vega; 1 where the class has none.
    pub hvr: f64,
    /// Where volatility comes from.
    pub sigma: Sigma,
    /// A factor of curvature: for rates the inverse square of the ratio above.
    pub curvature_scale: f64,
    /// Whether the gross sum in curvature's theta is by qualifier and tenor, not by qualifier.
    pub theta_by_tenor: bool,
    /// Correlation between tenors of one qualifier; 1 where there is none.
    pub tenor_rho: Option<Pairs>,
    /// Whether that also counts between qualifiers, on top of the bucket's correlation.
    pub across_tenors: bool,
    /// Correlation between sub-curves of one qualifier; 1 where there is none.
    pub curve_rho: Option<Pairs>,
    /// Sub-curves with a weight and correlation of their own: inflation, cross-currency basis.
    pub special: BTreeMap<String, Special>,
    /// Groups of qualifiers, for currencies and curves.
    pub groups: Groups,
    /// Thresholds by other groups than those of the weights, for currencies and curves.
    pub concentration: Option<Concentration>,
    /// For currencies: weight by group of the calculation currency and group of the qualifier; for
    /// vega by the groups of the pair.
    pub pair_weight: Pairs,
    /// For currencies: by group of the calculation currency, correlation by groups of the two.
    pub pair_rho: BTreeMap<String, Pairs>,
    /// For currencies: correlation between pairs in vega and curvature.
    pub vega_rho: f64,
    /// Weight of base correlation, and correlation between its qualifiers.
    pub base_correlation: Option<(f64, f64)>,
}

impl Default for Class {
    fn default() -> Self {
        Self {
            name: String::new(),
            shape: Shape::Bucketed,
            buckets: BTreeMap::new(),
            gamma: Pairs::default(),
            hvr: 1.0,
            sigma: Sigma::FromWeight,
            curvature_scale: 1.0,
            theta_by_tenor: false,
            tenor_rho: None,
            across_tenors: false,
            curve_rho: None,
            special: BTreeMap::new(),
            groups: Groups::default(),
            concentration: None,
            pair_weight: Pairs::default(),
            pair_rho: BTreeMap::new(),
            vega_rho: 0.0,
            base_correlation: None,
        }
    }
}

/// Numbers of a bucket, or of a group of currencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Move of one factor that delta is multiplied by, in the units of the amounts.
    pub delta_weight: f64,
    /// The same by tenor, where it differs.
    pub weight_by_tenor: BTreeMap<String, f64>,
    /// What vega risk is multiplied by.
    pub vega_weight: f64,
    /// Correlation between its qualifiers.
    pub rho: f64,
    /// Net delta above which a qualifier is concentrated, in money; none is never.
    pub delta_threshold: Option<f64>,
    /// Net vega risk above which it is.
    pub vega_threshold: Option<f64>,
    /// Whether it has curvature: an index of volatility has none.
    pub curvature: bool,
    /// Whether it is added apart, without correlation to other buckets.
    pub residual: bool,
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            delta_weight: 0.0,
            weight_by_tenor: BTreeMap::new(),
            vega_weight: 0.0,
            rho: 0.0,
            delta_threshold: None,
            vega_threshold: None,
            curvature: true,
            residual: false,
        }
    }
}

/// A sub-curve that is weighted and correlated on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Special {
    /// Its weight.
    pub weight: f64,
    /// Its correlation with every other factor of its currency.
    pub rho: f64,
    /// Whether it counts in the concentration of its currency and is scaled by it.
    pub concentrated: bool,
}

/// Thresholds by groups of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Concentration {
    /// The groups.
    pub groups: Groups,
    /// Net delta above which a currency is concentrated, by group.
    pub delta: BTreeMap<String, f64>,
    /// Net vega risk above which a pair or a currency is, by pair of groups (`a|a` for one).
    pub vega: Pairs,
}
