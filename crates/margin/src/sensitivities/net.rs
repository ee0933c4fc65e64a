//! Netting: rows in, one exact sum for each key.
//!
//! Amounts are added as integers, so neither the order of rows nor how an amount is cut into rows
//! changes any digit. A row costs three lookups and no allocation; texts of earlier portfolios stay
//! numbered, so that many portfolios share the work.

use super::SensitivityError;
use super::model::{Model, code};
use super::names::Names;
use super::parameters::Shape;
use keelmark_book::instruments::nearest;
use keelmark_book::sensitivity::{Measure, Sensitivity};
use keelmark_book::{Decimal, Money};
use std::collections::BTreeMap;

/// One sensitivity, borrowed from wherever it was read.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Product class.
    pub product: &'a str,
    /// Risk class.
    pub class: &'a str,
    /// Kind of amount.
    pub measure: Measure,
    /// Risk factor.
    pub qualifier: &'a str,
    /// Bucket.
    pub bucket: &'a str,
    /// Tenor.
    pub tenor: &'a str,
    /// Sub-curve.
    pub curve: &'a str,
    /// Amount.
    pub amount: Money,
}

impl<'a> From<&'a Sensitivity> for Row<'a> {
    fn from(one: &'a Sensitivity) -> Self {
        Self {
            product: &one.product,
            class: &one.class,
            measure: one.measure,
            qualifier: &one.qualifier,
            bucket: &one.bucket,
            tenor: &one.tenor,
            curve: &one.curve,
            amount: one.amount,
        }
    }
}

/// The sensitivities of one portfolio as they come in.
#[derive(Debug)]
pub struct Netting<'m> {
    pub(super) model: &'m Model,
    pub(super) products: Names,
    pub(super) qualifiers: Names,
    pub(super) curves: Names,
    entries: Vec<Entry>,
    /// Entries in the order of names, by key and number.
    order: Vec<(u64, u32)>,
    /// Bucket of each qualifier in each class, with the portfolio that it was seen in.
    seen: Vec<Vec<(u32, u16)>>,
    portfolio: u32,
    pub(super) add_ons: AddOns,
}

/// What is asked for besides sensitivities.
#[derive(Clone, Debug, Default)]
pub(super) struct AddOns {
    pub multipliers: BTreeMap<String, Decimal>,
    pub fixed: Money,
    pub percent: BTreeMap<String, Decimal>,
    pub notionals: BTreeMap<String, Money>,
}

/// A row by numbers.
#[derive(Clone, Copy, Debug)]
struct Entry {
    place: Place,
    raw: i128,
}

/// Which factor of which class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) product: u8,
    pub(super) class: u8,
    pub(super) measure: u8,
    pub(super) bucket: u16,
    pub(super) qualifier: u32,
    pub(super) tenor: u16,
    pub(super) curve: u16,
}

/// A netted sensitivity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Netted {
    pub place: Place,
    pub amount: f64,
}

pub(super) const DELTA: u8 = 0;
pub(super) const VEGA: u8 = 1;
pub(super) const BASE_CORRELATION: u8 = 2;

impl<'m> Netting<'m> {
    /// An empty portfolio.
    #[must_use]
    pub fn new(model: &'m Model) -> Self {
        Self {
            model,
            products: Names::default(),
            qualifiers: Names::default(),
            curves: Names::default(),
            entries: Vec::new(),
            order: Vec::new(),
            seen: vec![Vec::new(); model.classes.len()],
            portfolio: 0,
            add_ons: AddOns::default(),
        }
    }

    /// Empties it for the next portfolio; names keep their numbers.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.portfolio += 1;
        self.add_ons = AddOns::default();
    }

    /// Adds a row; `None` where it bears no risk (the calculation currency, an add-on).
    ///
    /// # Errors
    /// [`SensitivityError`] when the model has no such class, bucket or tenor, when the qualifier
    /// was in another bucket, or there are more names than fit.
    pub fn add(&mut self, row: &Row<'_>) -> Result<Option<Place>, SensitivityError> {
        let measure = match row.measure {
            Measure::Delta => DELTA,
            Measure::Vega => VEGA,
            Measure::BaseCorrelation => BASE_CORRELATION,
            _ => return self.add_on(row).map(|()| None),
        };
        let model = self.model;
        let number = model
            .class_names
            .find(row.class)
            .ok_or_else(|| unknown("class", row.class, &model.class_names))?;
        let class = &model.classes[number];
        let (bucket, qualifier) = match &class.spec.shape {
            _ if measure == BASE_CORRELATION => (0, self.qualifiers.intern(row.qualifier)),
            Shape::Bucketed => {
                let found = class.buckets.find(row.bucket);
                let bucket = found.ok_or_else(|| unknown("bucket", row.bucket, &class.buckets))?;
                (bucket, self.qualifiers.intern(row.qualifier))
            }
            Shape::Currencies { calculation } if measure == DELTA => {
                if row.qualifier == calculation {
                    return Ok(None);
                }
                (group(class, row.qualifier)?, self.qualifiers.intern(row.qualifier))
            }
            Shape::Currencies { .. } => (0, self.qualifiers.intern(&pair(row.qualifier)?)),
            Shape::Curves => (group(class, row.qualifier)?, self.qualifiers.intern(row.qualifier)),
        };
        let place = Place {
            product: small(self.products.intern(row.product), 64, "product classes")? as u8,
            class: small(number, 64, "classes")? as u8,
            measure,
            bucket: small(bucket, 4096, "buckets")? as u16,
            qualifier: small(qualifier, 1 << 20, "qualifiers")?,
            tenor: self.tenor(row, measure, class.by_tenor)?,
            curve: if class.by_curve && !row.curve.is_empty() {
                small(usize::from(code(self.curves.intern(row.curve))), 512, "curves")? as u16
            } else {
                0
            },
        };
        self.add_at(place, row.amount)?;
        Ok(Some(place))
    }

    /// Adds an amount at a place that [`Netting::add`] gave for a row of the same key, in this
    /// portfolio or an earlier one.
    ///
    /// # Errors
    /// [`SensitivityError`] when the qualifier was in another bucket of this portfolio.
    pub fn add_at(&mut self, place: Place, amount: Money) -> Result<(), SensitivityError> {
        if place.measure != BASE_CORRELATION {
            self.one_bucket(place)?;
        }
        self.entries.push(Entry { place, raw: amount.decimal().raw() });
        Ok(())
    }

    fn tenor(&self, row: &Row<'_>, measure: u8, by_tenor: bool) -> Result<u16, SensitivityError> {
        let needed = measure == VEGA;
        if measure == BASE_CORRELATION || !needed && (!by_tenor || row.tenor.is_empty()) {
            return Ok(0);
        }
        let names = &self.model.tenor_names;
        let number = names.find(row.tenor).ok_or_else(|| unknown("tenor", row.tenor, names))?;
        small(usize::from(code(number)), 512, "tenors").map(|code| code as u16)
    }

    /// A qualifier in two buckets would be two risk factors of one name.
    fn one_bucket(&mut self, place: Place) -> Result<(), SensitivityError> {
        let seen = &mut self.seen[usize::from(place.class)];
        let at = place.qualifier as usize;
        if seen.len() <= at {
            seen.resize(at + 1, (u32::MAX, 0));
        }
        let (portfolio, bucket) = seen[at];
        if portfolio == self.portfolio && bucket != place.bucket {
            let names = &self.model.classes[usize::from(place.class)].buckets;
            return Err(SensitivityError::TwoBuckets {
                qualifier: self.qualifiers.text(at).to_owned(),
                first: names.text(usize::from(bucket)).to_owned(),
                second: names.text(usize::from(place.bucket)).to_owned(),
            });
        }
        seen[at] = (self.portfolio, place.bucket);
        Ok(())
    }

    fn add_on(&mut self, row: &Row<'_>) -> Result<(), SensitivityError> {
        let own = &mut self.add_ons;
        let name = || row.qualifier.to_owned();
        let amount = row.amount;
        let gift = amount.is_negative() && row.measure != Measure::Notional;
        let twice = match row.measure {
            _ if gift => {
                let what = row.measure.name();
                return Err(SensitivityError::AddOn(format!("{what} {amount} is below zero")));
            }
            Measure::Multiplier => own.multipliers.insert(name(), amount.decimal()).is_some(),
            Measure::AddOnPercent => own.percent.insert(name(), amount.decimal()).is_some(),
            Measure::FixedAddOn => {
                own.fixed = own.fixed.plus(amount)?;
                false
            }
            _ => {
                let sum = own.notionals.entry(name()).or_default();
                *sum = sum.plus(amount)?;
                false
            }
        };
        if twice {
            let (what, whose) = (row.measure.name(), row.qualifier);
            return Err(SensitivityError::AddOn(format!("found a second {what} of {whose:?}")));
        }
        Ok(())
    }

    /// The sum of each key, in the order of names, into `out`.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub(super) fn netted(&mut self, out: &mut Vec<Netted>) -> Result<(), SensitivityError> {
        self.products.rank();
        self.qualifiers.rank();
        self.curves.rank();
        self.order.clear();
        for (at, entry) in self.entries.iter().enumerate() {
            let place = entry.place;
            let curve = match place.curve {
                0 => 0,
                code => u64::from(self.curves.rank_of(usize::from(code) - 1)) + 1,
            };
            let key = u64::from(self.products.rank_of(usize::from(place.product))) << 58
                | u64::from(place.class) << 52
                | u64::from(place.measure) << 50
                | u64::from(place.bucket) << 38
                | u64::from(self.qualifiers.rank_of(place.qualifier as usize)) << 18
                | u64::from(place.tenor) << 9
                | curve;
            self.order.push((key, small(at, u32::MAX as usize, "rows")?));
        }
        // Rows of one key in any order: their sum is exact.
        self.order.sort_unstable_by_key(|(key, _)| *key);
        out.clear();
        let sign = if self.model.parameters.side == super::Side::Post { -1 } else { 1 };
        for same in self.order.chunk_by(|a, b| a.0 == b.0) {
            let mut sum = Money::ZERO;
            for (_, at) in same {
                sum = sum.plus(Money::new(Decimal::from_raw(self.entries[*at as usize].raw)))?;
            }
            let raw = sign * sum.decimal().raw();
            if raw != 0 {
                let amount = Decimal::from_raw(raw).to_f64();
                let place = self.entries[same[0].1 as usize].place;
                out.push(Netted { place, amount });
            }
        }
        Ok(())
    }
}

fn group(class: &super::model::Compiled, qualifier: &str) -> Result<usize, SensitivityError> {
    let name = class.spec.groups.get(qualifier);
    class.buckets.find(name).ok_or_else(|| unknown("group", name, &class.buckets))
}

/// A pair of currencies in alphabetical order: `EURUSD` and `USD/EUR` are one.
fn pair(text: &str) -> Result<String, SensitivityError> {
    let (a, b) = match text.split_once('/') {
        Some(both) => both,
        None if text.len() == 6 && text.is_ascii() => text.split_at(3),
        None => return Err(SensitivityError::Pair(text.chars().take(40).collect())),
    };
    Ok(if a <= b { format!("{a}/{b}") } else { format!("{b}/{a}") })
}

fn small(number: usize, limit: usize, what: &'static str) -> Result<u32, SensitivityError> {
    if number >= limit {
        return Err(SensitivityError::TooMany { what, limit });
    }
    Ok(number as u32)
}

fn unknown(what: &'static str, found: &str, names: &Names) -> SensitivityError {
    let mut near = nearest(found, names.iter(), 3);
    if near.is_empty() {
        near = names.iter().take(8).map(str::to_owned).collect();
    }
    let found = found.chars().take(40).collect();
    SensitivityError::Unknown { what, found, near: near.join(", ") }
}
