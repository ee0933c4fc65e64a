//! Sensitivities and their parameters to the aggregation, and its measures back.

use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::sensitivity::Measure;
use keelmark_book::{Decimal, Money, Round};
use keelmark_margin::sensitivities::{
    Bucket, Calculator, Class, Model, Netting, Pairs, Parameters, Row, SensitivityMargin,
};
use std::collections::BTreeMap;

/// Buckets without curvature: the cases say so in words, not in their parameters.
const VOLATILITY_INDEX: (&str, &str) = ("A", "12");
/// The bucket that is added apart.
const RESIDUAL: &str = "Residual";
const MILLION: f64 = 1e6;

/// `sensitivities_based`.
pub fn margin(inputs: Inputs<'_>) -> Answer {
    let model = Model::new(parameters(inputs.inside("parameters")?)?)?;
    let mut portfolio = Netting::new(&model);
    for row in inputs.list("sensitivities")? {
        let row = Inputs(row);
        let text = |name: &str| if row.has(name) { row.text(name) } else { Ok("") };
        let name = row.text("measure")?;
        let Some(measure) = Measure::named(name) else {
            return problem(format!("measure: {name:?} is none"));
        };
        let amount = Money::new(row.number("amount_usd")?);
        let (class, qualifier) = (row.text("cls")?, row.text("qualifier")?);
        let (bucket, tenor) = (text("bucket")?, text("tenor")?);
        let row = Row { product: "", class, measure, qualifier, bucket, tenor, curve: "", amount };
        portfolio.add(&row)?;
    }
    answer(&Calculator::default().margin(&mut portfolio)?)
}

/// `A.delta`, `A.all`, …, `total`.
fn answer(found: &SensitivityMargin) -> Answer {
    let money = |amount: f64| Money::from_f64(amount, Round::Up).map(Json::from);
    let mut fields = Vec::new();
    for class in found.products.iter().flat_map(|product| &product.classes) {
        for (measure, one) in class.measures() {
            fields.push((format!("{}.{measure}", class.name), money(one.amount)?));
        }
        fields.push((format!("{}.all", class.name), money(class.amount())?));
    }
    fields.push(("total".to_owned(), money(found.total)?));
    Ok(Json::Object(fields))
}

fn parameters(inputs: Inputs<'_>) -> Result<Parameters, Problem> {
    let mut classes = Vec::new();
    for (name, numbers) in inputs.fields("classes")? {
        classes.push(class(name, Inputs(numbers))?);
    }
    let mut psi = Pairs::default();
    for (at, a) in classes.iter().enumerate() {
        for b in &classes[at + 1..] {
            let table = inputs.inside("class_psi")?;
            for key in [format!("{}{}", a.name, b.name), format!("{}{}", b.name, a.name)] {
                if table.has(&key) {
                    psi.set(&a.name, &b.name, table.estimate(&key)?);
                }
            }
        }
    }
    let tenors = table(inputs, "tenor_days")?;
    Ok(Parameters { classes, psi, tenors, ..Parameters::default() })
}

fn class(name: &str, inputs: Inputs<'_>) -> Result<Class, Problem> {
    let delta_weight = table(inputs, "delta_risk_weight")?;
    let vega_weight = table(inputs, "vega_risk_weight")?;
    let rho = table(inputs, "intra_bucket_rho")?;
    let delta_threshold = table(inputs, "delta_threshold_million")?;
    let vega_threshold = table(inputs, "vega_threshold_million")?;
    let of = |table: &BTreeMap<String, f64>, bucket: &str| {
        table.get(bucket).or_else(|| table.get("all")).copied()
    };
    let mut buckets = BTreeMap::new();
    for (bucket, weight) in &delta_weight {
        let residual = bucket == RESIDUAL;
        let numbers = Bucket {
            delta_weight: *weight,
            vega_weight: of(&vega_weight, bucket).unwrap_or_default(),
            rho: of(&rho, bucket).unwrap_or_default(),
            delta_threshold: of(&delta_threshold, bucket).map(|one| one * MILLION),
            vega_threshold: of(&vega_threshold, bucket).map(|one| one * MILLION),
            curvature: (name, bucket.as_str()) != VOLATILITY_INDEX,
            residual,
            ..Bucket::default()
        };
        buckets.insert(bucket.clone(), numbers);
    }
    let mut gamma = Pairs::default();
    for (pair, value) in table(inputs, "inter_bucket_gamma")? {
        let Some((a, b)) = pair.split_once('|') else {
            return problem(format!("inter_bucket_gamma: expected \"a|b\", found {pair:?}"));
        };
        gamma.set(a, b, value);
    }
    let hvr = if inputs.has("hvr") { inputs.estimate("hvr")? } else { 1.0 };
    Ok(Class { name: name.to_owned(), buckets, gamma, hvr, ..Class::default() })
}

/// Numbers by name.
fn table(inputs: Inputs<'_>, name: &str) -> Result<BTreeMap<String, f64>, Problem> {
    if !inputs.has(name) {
        return Ok(BTreeMap::new());
    }
    let rows = inputs.fields(name)?.iter();
    rows.map(|(key, value)| Ok((key.clone(), decimal(value, key).map(Decimal::to_f64)?))).collect()
}
