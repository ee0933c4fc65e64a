//! From one portfolio's netted rows to its margin: measures, classes, product classes, add-ons.

use super::SensitivityError;
use super::aggregate::{MeasureMargin, aggregate};
use super::layout::{Kind, Layout, Source};
use super::net::{Netted, Netting, Place};
use keelmark_book::Money;

/// The margin of a portfolio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensitivityMargin {
    /// All of it.
    pub total: f64,
    /// Each product class, in the order of names.
    pub products: Vec<ProductMargin>,
    /// Fixed and notional add-ons.
    pub add_ons: f64,
}

/// The margin of a product class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductMargin {
    /// Its name; empty for the only one.
    pub name: String,
    /// Its margin before the multiplier.
    pub amount: f64,
    /// What that is multiplied by.
    pub multiplier: f64,
    /// Each class with rows in it, in the order of the parameters.
    pub classes: Vec<ClassMargin>,
}

/// The margin of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassMargin {
    /// Its name.
    pub name: String,
    /// Margin of deltas.
    pub delta: MeasureMargin,
    /// Margin of vegas.
    pub vega: MeasureMargin,
    /// Margin of curvature.
    pub curvature: MeasureMargin,
    /// Margin of base correlation.
    pub base_correlation: MeasureMargin,
}

impl ClassMargin {
    /// The sum of its measures.
    #[must_use]
    pub fn amount(&self) -> f64 {
        self.measures().map(|(_, one)| one.amount).into_iter().sum()
    }

    /// Each measure with its name.
    #[must_use]
    pub fn measures(&self) -> [(&'static str, &MeasureMargin); 4] {
        [
            ("delta", &self.delta),
            ("vega", &self.vega),
            ("curvature", &self.curvature),
            ("base correlation", &self.base_correlation),
        ]
    }
}

/// Room for one portfolio after another.
#[derive(Debug, Default)]
pub struct Calculator {
    netted: Vec<Netted>,
    layout: Layout,
}

/// A margin with what each factor adds to it per amount.
#[derive(Debug)]
pub struct Explained {
    /// The margin, with the roots of buckets and the weighted factors.
    pub margin: SensitivityMargin,
    marginals: Vec<(Place, f64)>,
}

impl Explained {
    /// What an amount at a place adds to the margin: Euler's part, with concentration factors and
    /// theta held. The parts of all amounts sum to the margin less its add-ons.
    #[must_use]
    pub fn part(&self, place: Place, amount: f64) -> f64 {
        let found = self.marginals.iter().filter(|(known, _)| *known == place);
        found.map(|(_, marginal)| marginal * amount).sum()
    }
}

impl Calculator {
    /// The margin of what is in `portfolio`.
    ///
    /// # Errors
    /// [`SensitivityError`] when a number is missing from the parameters or a sum does not fit.
    pub fn margin(
        &mut self,
        portfolio: &mut Netting<'_>,
    ) -> Result<SensitivityMargin, SensitivityError> {
        self.compute(portfolio, false)
    }

    /// The same with every step of it.
    ///
    /// # Errors
    /// As [`Calculator::margin`].
    pub fn explained(
        &mut self,
        portfolio: &mut Netting<'_>,
    ) -> Result<Explained, SensitivityError> {
        let margin = self.compute(portfolio, true)?;
        let sign = if portfolio.model.parameters.side == super::Side::Post { -1.0 } else { 1.0 };
        let mut marginals = Vec::new();
        for (product, rows) in margin.products.iter().zip(by_product(&self.netted)) {
            for (class, rows) in product.classes.iter().zip(by_class(rows)) {
                let slope = slope(portfolio.model, product, class) * sign;
                for (kind, found) in kinds(class) {
                    let rows = of_measure(rows, kind);
                    let places = found.factors.iter().map(|one| (rows[one.row].place, one));
                    marginals.extend(places.map(|(place, one)| (place, one.marginal * slope)));
                }
            }
        }
        Ok(Explained { margin, marginals })
    }

    fn compute(
        &mut self,
        portfolio: &mut Netting<'_>,
        detail: bool,
    ) -> Result<SensitivityMargin, SensitivityError> {
        portfolio.netted(&mut self.netted)?;
        let mut found = SensitivityMargin::default();
        for rows in by_product(&self.netted) {
            let product = product(&mut self.layout, portfolio, rows, detail)?;
            found.total += product.amount * product.multiplier;
            found.products.push(product);
        }
        found.add_ons = add_ons(portfolio)?;
        found.total += found.add_ons;
        if !found.total.is_finite() {
            return Err(SensitivityError::TooLarge);
        }
        Ok(found)
    }
}

fn by_product(rows: &[Netted]) -> impl Iterator<Item = &[Netted]> {
    rows.chunk_by(|a, b| a.place.product == b.place.product)
}

fn by_class(rows: &[Netted]) -> impl Iterator<Item = &[Netted]> {
    rows.chunk_by(|a, b| a.place.class == b.place.class)
}

/// The rows that a measure is computed from: they stand together.
fn of_measure(rows: &[Netted], kind: Kind) -> &[Netted] {
    let start = rows.partition_point(|row| row.place.measure < kind.measure());
    let end = rows.partition_point(|row| row.place.measure <= kind.measure());
    &rows[start..end]
}

fn kinds(class: &ClassMargin) -> [(Kind, &MeasureMargin); 4] {
    [
        (Kind::Delta, &class.delta),
        (Kind::Vega, &class.vega),
        (Kind::Curvature, &class.curvature),
        (Kind::BaseCorrelation, &class.base_correlation),
    ]
}

fn product(
    layout: &mut Layout,
    portfolio: &Netting<'_>,
    rows: &[Netted],
    detail: bool,
) -> Result<ProductMargin, SensitivityError> {
    let model = portfolio.model;
    let mut found = ProductMargin { multiplier: 1.0, ..ProductMargin::default() };
    let mut numbers = Vec::new();
    for rows in by_class(rows) {
        let Some(first) = rows.first().map(|row| row.place) else { continue };
        if found.classes.is_empty() {
            portfolio.products.text(usize::from(first.product)).clone_into(&mut found.name);
        }
        let class = &model.classes[usize::from(first.class)];
        let mut measure = |kind: Kind| {
            let rows = of_measure(rows, kind);
            if rows.is_empty() {
                return Ok(MeasureMargin::default());
            }
            let (qualifiers, curves) = (&portfolio.qualifiers, &portfolio.curves);
            aggregate(layout, Source { model, class, kind, qualifiers, curves }, rows, detail)
        };
        found.classes.push(ClassMargin {
            name: class.spec.name.clone(),
            delta: measure(Kind::Delta)?,
            vega: measure(Kind::Vega)?,
            curvature: measure(Kind::Curvature)?,
            base_correlation: measure(Kind::BaseCorrelation)?,
        });
        numbers.push(usize::from(first.class));
    }
    let mut square = 0.0;
    for (a, one) in numbers.iter().zip(&found.classes) {
        for (b, other) in numbers.iter().zip(&found.classes) {
            square += model.psi_of(*a, *b) * one.amount() * other.amount();
        }
    }
    found.amount = square.max(0.0).sqrt();
    let given = portfolio.add_ons.multipliers.get(&found.name).map(|one| one.to_f64());
    let own = model.parameters.multipliers.get(&found.name).copied();
    found.multiplier = given.or(own).unwrap_or(1.0);
    Ok(found)
}

/// What one more unit of a class's margin adds to the total.
fn slope(model: &super::Model, product: &ProductMargin, class: &ClassMargin) -> f64 {
    if product.amount <= 0.0 {
        return 0.0;
    }
    let own = model.class_names.find(&class.name).unwrap_or_default();
    let pull: f64 = product
        .classes
        .iter()
        .map(|other| {
            let number = model.class_names.find(&other.name).unwrap_or_default();
            model.psi_of(own, number) * other.amount()
        })
        .sum();
    product.multiplier * pull / product.amount
}

/// Fixed amounts, and shares of notionals: a notional without a share asks for nothing.
fn add_ons(portfolio: &Netting<'_>) -> Result<f64, SensitivityError> {
    let (given, own) = (&portfolio.add_ons, &portfolio.model.parameters);
    let mut sum = own.fixed_add_on + given.fixed.to_f64();
    for (qualifier, percent) in &given.percent {
        if !given.notionals.contains_key(qualifier) && !percent.is_zero() {
            return Err(SensitivityError::AddOn(format!(
                "add-on-percent of {qualifier:?}: expected a notional of that name, found none"
            )));
        }
    }
    for (qualifier, notional) in &given.notionals {
        let percent = given.percent.get(qualifier).map(|one| one.to_f64());
        let percent = percent.or(own.add_on_percent.get(qualifier).copied()).unwrap_or(0.0);
        sum += percent / 100.0 * Money::to_f64(notional.abs());
    }
    Ok(sum)
}
