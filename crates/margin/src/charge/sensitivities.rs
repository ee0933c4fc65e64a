//! `sensitivities`: delta, vega and curvature aggregated with the document's numbers.
//!
//! Of what is held, delta is the change for +1 % of a coin's price, vega the change for a point of
//! volatility, laid onto the two nearest tenors, and basis the change for one point a year between
//! future and index. Sensitivities that the account carries are added to these. The aggregation is
//! in [`crate::sensitivities`].
//!
//! Open orders: the largest of the account as it is, with all orders filled, and with those filled
//! that raise or lower delta, or vega. A subset worse than these six can exist: correlation is not
//! linear, and trying every subset is not possible.

use super::{Charge, Line, Outcome, Part, PoolView, Reading};
use crate::document::Fields;
use crate::document::tree::Node;
use crate::error::MarginError;
use crate::sensitivities::{
    Calculator, Explained, Model, Netting, Place, ProductMargin, Row, SensitivityError, Side,
    read_parameters,
};
use crate::table::{RowId, Sensitivity};
use keelmark_book::sensitivity::{self, Measure};
use keelmark_book::{Decimal, InputError, Instrument, Money, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many of the largest weighted factors an explanation shows.
const LARGEST: usize = 5;

#[derive(Debug)]
struct Sensitivities {
    model: Model,
    own: Option<Own>,
}

/// How what is held becomes sensitivities.
#[derive(Debug)]
struct Own {
    product: String,
    class: String,
    basis: Option<Basis>,
    vega_tenors: Vec<(f64, String)>,
    bucket: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Basis {
    class: String,
    tenors: Vec<(f64, String)>,
    perpetual: Option<String>,
}

/// A sensitivity of something held.
struct Made<'a> {
    part: Part,
    class: &'a str,
    measure: Measure,
    qualifier: &'a str,
    bucket: &'a str,
    tenor: &'a str,
    amount: Money,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let parameters = read_parameters(fields)?;
    let own = fields.get("own").map(|node| own(node, &parameters.tenors)).transpose()?;
    let model = Model::new(parameters).map_err(|error| fields.error(error))?;
    if let Some(own) = &own {
        let classes = own.basis.iter().map(|basis| &basis.class).chain([&own.class]);
        for wanted in classes {
            let all = &model.parameters().classes;
            let Some(class) = all.iter().find(|class| class.name == *wanted) else {
                return Err(fields.error(format!("own: no class is called {wanted:?}")));
            };
            let mut buckets = own.bucket.values();
            if let Some(bucket) = buckets.find(|name| !class.buckets.contains_key(*name)) {
                return Err(fields.error(format!("own: {wanted} has no bucket {bucket:?}")));
            }
        }
    }
    Ok(Arc::new(Sensitivities { model, own }))
}

fn own(node: &Node, days: &BTreeMap<String, f64>) -> Result<Own, InputError> {
    let mut fields = Fields::of(node)?;
    let mut bucket = BTreeMap::new();
    for (coin, name) in Fields::of(fields.need("bucket")?)?.all() {
        bucket.insert(coin.clone(), name.text()?.to_owned());
    }
    let vega_tenors = tenors(&mut fields, "vega_tenors", days)?;
    let basis = match fields.get("basis") {
        None => None,
        Some(node) => {
            let mut inner = Fields::of(node)?;
            let basis = Basis {
                class: inner.text("class")?.to_owned(),
                tenors: tenors(&mut inner, "tenors", days)?,
                perpetual: inner.get("perpetual").map(Node::text).transpose()?.map(str::to_owned),
            };
            let unknown = basis.perpetual.iter().find(|label| !days.contains_key(*label));
            if let Some(label) = unknown {
                return Err(node.error(format!("perpetual: {label:?} is not among the tenors")));
            }
            inner.done()?;
            Some(basis)
        }
    };
    let found = Own {
        product: fields.text_or("product", "")?.to_owned(),
        class: fields.text("class")?.to_owned(),
        basis,
        vega_tenors,
        bucket,
    };
    fields.done()?;
    Ok(found)
}

/// Tenor labels with their days, shortest first.
fn tenors(
    fields: &mut Fields<'_>,
    name: &'static str,
    days: &BTreeMap<String, f64>,
) -> Result<Vec<(f64, String)>, InputError> {
    let mut out = Vec::new();
    for label in fields.texts(name)? {
        let Some(known) = days.get(&label) else {
            return Err(fields.error(format!("{name}: {label:?} is not among the tenors")));
        };
        out.push((*known, label));
    }
    if out.is_empty() {
        return Err(fields.error(format!("{name}: expected at least one tenor, found none")));
    }
    out.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(out)
}

impl Charge for Sensitivities {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let held: Vec<(RowId, i128)> = pool.lots().collect();
        let mut outcome = self.explained(pool, &held)?;
        for choice in 0..5 {
            let filled = Self::filled(pool, choice);
            if filled.is_empty() {
                continue;
            }
            let all: Vec<_> = held.iter().copied().chain(filled).collect();
            let other = self.explained(pool, &all)?;
            if other.amount > outcome.amount {
                outcome = other;
            }
        }
        Ok(outcome)
    }

    fn covers(&self, _: &Instrument) -> bool {
        self.own.is_some()
    }

    fn needs_greeks(&self) -> bool {
        self.own.is_some()
    }

    fn takes_sensitivities(&self) -> bool {
        true
    }

    fn sensitivities(
        &self,
        pool: &PoolView<'_>,
    ) -> Result<Vec<sensitivity::Sensitivity>, MarginError> {
        let mut out = Self::given(pool)?;
        let held: Vec<(RowId, i128)> = pool.lots().collect();
        let product = self.own.as_ref().map_or("", |own| &own.product);
        out.extend(self.made(pool, &held)?.into_iter().map(|one| sensitivity::Sensitivity {
            product: product.to_owned(),
            class: one.class.to_owned(),
            measure: one.measure,
            qualifier: one.qualifier.to_owned(),
            bucket: one.bucket.to_owned(),
            tenor: one.tenor.to_owned(),
            curve: String::new(),
            amount: one.amount,
        }));
        Ok(out)
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("concentration grows faster than size, and capped sums of buckets do not add")
    }
}

impl Sensitivities {
    /// Open orders of one choice: all, or those that raise or lower delta or vega.
    fn filled(pool: &PoolView<'_>, choice: usize) -> Vec<(RowId, i128)> {
        let counts = |(row, lots): &(RowId, i128)| {
            let one = pool.table.sensitivities(*row);
            let delta = lots * i128::from(one[Sensitivity::DeltaCash as usize]);
            let vega = lots * i128::from(one[Sensitivity::VegaCash as usize]);
            [true, delta > 0, delta < 0, vega > 0, vega < 0][choice]
        };
        pool.counted_orders().filter(counts).collect()
    }

    /// What the account carries, in the pool's currency.
    fn given(pool: &PoolView<'_>) -> Result<Vec<sensitivity::Sensitivity>, MarginError> {
        let mut out = pool.sensitivities.to_vec();
        for one in &mut out {
            if !matches!(one.measure, Measure::Multiplier | Measure::AddOnPercent) {
                one.amount = pool.convert(one.amount, &pool.market.currency, Round::Nearest)?;
            }
        }
        Ok(out)
    }

    /// The margin of some lots and of what the account carries.
    fn explained(
        &self,
        pool: &PoolView<'_>,
        held: &[(RowId, i128)],
    ) -> Result<Outcome, MarginError> {
        let mut portfolio = Netting::new(&self.model);
        for one in &Self::given(pool)? {
            portfolio.add(&Row::from(one)).map_err(|error| about(one, &error))?;
        }
        let made = self.made(pool, held)?;
        let mut places: Vec<(Part, Place, Money)> = Vec::new();
        for one in &made {
            let product = self.own.as_ref().map_or("", |own| &own.product);
            let Made { class, measure, qualifier, bucket, tenor, amount, .. } = *one;
            let row = Row { product, class, measure, qualifier, bucket, tenor, curve: "", amount };
            let place = portfolio.add(&row).map_err(failed)?;
            places.extend(place.map(|place| (one.part.clone(), place, amount)));
        }
        let found = Calculator::default().explained(&mut portfolio).map_err(failed)?;
        let mut parts: BTreeMap<Part, f64> = BTreeMap::new();
        for (part, place, amount) in places {
            *parts.entry(part).or_default() += found.part(place, amount.to_f64());
        }
        let parts = parts
            .into_iter()
            .map(|(part, amount)| Ok((part, Money::from_f64(amount, Round::Nearest)?)));
        Ok(Outcome {
            amount: Money::from_f64(found.margin.total, Round::Up)?,
            lines: lines(&self.model, &found)?,
            parts: parts.collect::<Result<_, MarginError>>()?,
            ..Outcome::default()
        })
    }

    /// The sensitivities of some lots and of coins held, in the pool's currency.
    fn made<'a>(
        &'a self,
        pool: &PoolView<'a>,
        held: &[(RowId, i128)],
    ) -> Result<Vec<Made<'a>>, MarginError> {
        let Some(own) = &self.own else { return Ok(Vec::new()) };
        let table = pool.table;
        let mut out = Vec::new();
        for (row, lots) in held {
            let line = table.line(*row);
            let sums = table.sensitivities(*row).map(|one| lots * i128::from(one));
            let expiry = table.buckets[line.bucket].expiry;
            let days = expiry.map(|expiry| expiry.days_since(pool.market.as_of));
            own.row(pool, line.unit, Part::Position(line.instrument), &sums, days, &mut out)?;
        }
        for (unit, one) in table.units.iter().enumerate() {
            let sums = table.coin_sensitivities(unit, pool.exposure.coins(unit));
            if sums.iter().any(|sum| *sum != 0) {
                let part = Part::Holding(one.underlying.clone());
                let delta = Own::money(pool, &sums, Sensitivity::DeltaCash)?;
                let (coin, bucket) = own.place(pool, unit)?;
                out.push(own.delta(part, coin, bucket, delta));
            }
        }
        Ok(out)
    }
}

impl Own {
    /// The sensitivities of one position.
    fn row<'a>(
        &'a self,
        pool: &PoolView<'a>,
        unit: usize,
        part: Part,
        sums: &[i128; 4],
        days: Option<f64>,
        out: &mut Vec<Made<'a>>,
    ) -> Result<(), MarginError> {
        let (qualifier, bucket) = self.place(pool, unit)?;
        let delta = Self::money(pool, sums, Sensitivity::DeltaCash)?;
        out.push(self.delta(part.clone(), qualifier, bucket, delta));
        let vega = Self::money(pool, sums, Sensitivity::VegaCash)?;
        if !vega.is_zero() {
            for (tenor, amount) in laid(&self.vega_tenors, days.unwrap_or(0.0), vega)? {
                let (class, measure) = (self.class.as_str(), Measure::Vega);
                let part = part.clone();
                out.push(Made { part, class, measure, qualifier, bucket, tenor, amount });
            }
        }
        let Some(basis) = &self.basis else { return Ok(()) };
        let (class, measure) = (basis.class.as_str(), Measure::Delta);
        match (days, &basis.perpetual) {
            (Some(days), _) => {
                let years = Decimal::from_f64(days.max(0.0) / 365.0, Round::Nearest)?;
                let amount = Money::new(delta.decimal().times(years, Round::Nearest)?);
                for (tenor, amount) in laid(&basis.tenors, days, amount)? {
                    let part = part.clone();
                    out.push(Made { part, class, measure, qualifier, bucket, tenor, amount });
                }
            }
            (None, Some(tenor)) => {
                let amount = delta;
                out.push(Made { part, class, measure, qualifier, bucket, tenor, amount });
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn delta<'a>(
        &'a self,
        part: Part,
        qualifier: &'a str,
        bucket: &'a str,
        amount: Money,
    ) -> Made<'a> {
        let (class, measure) = (self.class.as_str(), Measure::Delta);
        Made { part, class, measure, qualifier, bucket, tenor: "", amount }
    }

    /// A sum of quanta per 100 % as an amount per 1 %, in the pool's currency.
    fn money(
        pool: &PoolView<'_>,
        sums: &[i128; 4],
        which: Sensitivity,
    ) -> Result<Money, MarginError> {
        let whole = pool.table.sensitivity(which, sums[which as usize], Round::Nearest)?;
        Ok(Money::new(whole.over(Decimal::from_int(100), Round::Nearest)?))
    }

    /// A unit's coin and its bucket.
    fn place<'a>(
        &'a self,
        pool: &PoolView<'a>,
        unit: usize,
    ) -> Result<(&'a str, &'a str), MarginError> {
        let coin = pool.table.units[unit].underlying.as_str();
        let bucket = self.bucket.get(coin).or_else(|| self.bucket.get("default"));
        let bucket = bucket.ok_or_else(|| {
            MarginError::Unsupported(format!("own.bucket: no bucket for {coin}, and no default"))
        })?;
        Ok((coin, bucket))
    }
}

/// An amount laid onto the two tenors around some days, nearer more; the parts sum to the whole.
fn laid(
    tenors: &[(f64, String)],
    days: f64,
    amount: Money,
) -> Result<Vec<(&str, Money)>, MarginError> {
    let after = tenors.partition_point(|(known, _)| *known < days);
    let (Some(late), Some(early)) = (tenors.get(after), tenors[..after].last()) else {
        let one = tenors.get(after).or(tenors.last());
        return Ok(one.map(|(_, label)| (label.as_str(), amount)).into_iter().collect());
    };
    let share = Decimal::from_f64((days - early.0) / (late.0 - early.0), Round::Nearest)?;
    let later = Money::new(amount.decimal().times(share, Round::Nearest)?);
    Ok(vec![(early.1.as_str(), amount.minus(later)?), (late.1.as_str(), later)])
}

/// Product classes, classes, measures with their buckets, and the largest factors.
fn lines(model: &Model, found: &Explained) -> Result<Vec<Line>, MarginError> {
    // Shown with the account's own signs, whichever side is computed.
    let sign = if model.parameters().side == Side::Post { -1.0 } else { 1.0 };
    let mut out = Vec::new();
    let mut line = |text: String, amount: f64| -> Result<(), MarginError> {
        out.push(Line { text, amount: Money::from_f64(amount, Round::Up)? });
        Ok(())
    };
    for product in &found.margin.products {
        for class in &product.classes {
            for (measure, one) in class.measures() {
                if one.amount == 0.0 && one.units.is_empty() {
                    continue;
                }
                line(format!("{} {measure}", class.name), one.amount)?;
                for unit in &one.units {
                    line(format!("  K of {}", unit.name), unit.amount)?;
                }
                let mut largest: Vec<_> = one.factors.iter().collect();
                largest.sort_by(|a, b| b.weighted.abs().total_cmp(&a.weighted.abs()));
                for factor in largest.into_iter().take(LARGEST) {
                    line(format!("  {} weighted", factor.name), sign * factor.weighted)?;
                }
            }
            line(format!("{} in all", class.name), class.amount())?;
        }
        let ProductMargin { name, amount, multiplier, .. } = product;
        let name = if name.is_empty() { "classes" } else { name };
        line(format!("{name} together, times {multiplier}"), amount * multiplier)?;
    }
    if found.margin.add_ons > 0.0 {
        line("add-ons".to_owned(), found.margin.add_ons)?;
    }
    Ok(out)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err takes it")]
fn failed(error: SensitivityError) -> MarginError {
    MarginError::Unsupported(error.to_string())
}

/// An error about a sensitivity that the account carries.
fn about(one: &sensitivity::Sensitivity, error: &SensitivityError) -> MarginError {
    let sensitivity::Sensitivity { class, qualifier, measure, .. } = one;
    let measure = measure.name();
    MarginError::Unsupported(format!("given {class} {measure} of {qualifier}: {error}"))
}
