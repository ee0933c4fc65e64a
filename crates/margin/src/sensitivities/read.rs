//! Parameters out of a model document.

use super::parameters::{
    Bucket, Class, Concentration, Groups, Pairs, Parameters, Shape, Side, Sigma, Special,
};
use crate::document::Fields;
use crate::document::tree::{Node, Value};
use keelmark_book::InputError;
use std::collections::BTreeMap;

/// Reads the parameters from the fields of a charge.
pub(crate) fn parameters(fields: &mut Fields<'_>) -> Result<Parameters, InputError> {
    let mut classes = Vec::new();
    for node in fields.list("class")? {
        let mut inner = Fields::of(node)?;
        classes.push(class(&mut inner)?);
        inner.done()?;
    }
    let sides = [("collect", Side::Collect), ("post", Side::Post)];
    Ok(Parameters {
        horizon_days: number_or(fields, "horizon_days", 14.0)?,
        side: fields.word("side", &sides, None)?,
        tenors: numbers(fields.get("tenors"))?,
        classes,
        psi: pairs(fields.get("psi"))?,
        multipliers: numbers(fields.get("multipliers"))?,
        fixed_add_on: number_or(fields, "fixed_add_on", 0.0)?,
        add_on_percent: numbers(fields.get("add_on_percent"))?,
    })
}

fn class(fields: &mut Fields<'_>) -> Result<Class, InputError> {
    let shape = match fields.text_or("shape", "bucketed")? {
        "bucketed" => Shape::Bucketed,
        "curves" => Shape::Curves,
        "currencies" => Shape::Currencies { calculation: fields.text("calculation")?.to_owned() },
        other => {
            let problem =
                format!("shape: expected one of bucketed, currencies, curves, found {other:?}");
            return Err(fields.error(problem));
        }
    };
    let sigmas = [("from-weight", Sigma::FromWeight), ("in-amount", Sigma::InAmount)];
    let thetas = [("by-qualifier", false), ("by-tenor", true)];
    Ok(Class {
        name: fields.text("name")?.to_owned(),
        shape,
        buckets: each(fields.get("bucket"), bucket)?,
        gamma: pairs(fields.get("gamma"))?,
        hvr: number_or(fields, "hvr", 1.0)?,
        sigma: fields.word("sigma", &sigmas, Some(Sigma::FromWeight))?,
        curvature_scale: number_or(fields, "curvature_scale", 1.0)?,
        theta_by_tenor: fields.word("theta", &thetas, Some(false))?,
        tenor_rho: fields.get("tenor_rho").map(|node| pairs(Some(node))).transpose()?,
        across_tenors: fields.truth("across_tenors", false)?,
        curve_rho: fields.get("curve_rho").map(|node| pairs(Some(node))).transpose()?,
        special: each(fields.get("special"), special)?,
        groups: groups(fields.get("groups"))?,
        concentration: fields.get("concentration").map(concentration).transpose()?,
        pair_weight: pairs(fields.get("pair_weight"))?,
        pair_rho: match fields.get("pair_rho") {
            Some(node) => Fields::of(node)?
                .all()
                .map(|(name, node)| Ok((name.clone(), pairs(Some(node))?)))
                .collect::<Result<_, InputError>>()?,
            None => BTreeMap::new(),
        },
        vega_rho: number_or(fields, "vega_rho", 0.0)?,
        base_correlation: fields.get("base_correlation").map(base_correlation).transpose()?,
    })
}

fn bucket(fields: &mut Fields<'_>) -> Result<Bucket, InputError> {
    Ok(Bucket {
        delta_weight: number_or(fields, "delta_weight", 0.0)?,
        weight_by_tenor: numbers(fields.get("weight_by_tenor"))?,
        vega_weight: number_or(fields, "vega_weight", 0.0)?,
        rho: number_or(fields, "rho", 0.0)?,
        delta_threshold: fields.get("delta_threshold").map(number).transpose()?,
        vega_threshold: fields.get("vega_threshold").map(number).transpose()?,
        curvature: fields.truth("curvature", true)?,
        residual: fields.truth("residual", false)?,
    })
}

fn special(fields: &mut Fields<'_>) -> Result<Special, InputError> {
    Ok(Special {
        weight: number(fields.need("weight")?)?,
        rho: number(fields.need("rho")?)?,
        concentrated: fields.truth("concentrated", true)?,
    })
}

fn concentration(node: &Node) -> Result<Concentration, InputError> {
    let mut fields = Fields::of(node)?;
    let found = Concentration {
        groups: groups(fields.get("groups"))?,
        delta: numbers(fields.get("delta"))?,
        vega: pairs(fields.get("vega"))?,
    };
    fields.done()?;
    Ok(found)
}

fn base_correlation(node: &Node) -> Result<(f64, f64), InputError> {
    let mut fields = Fields::of(node)?;
    let found = (number(fields.need("weight")?)?, number(fields.need("rho")?)?);
    fields.done()?;
    Ok(found)
}

/// A table of tables with free names.
fn each<T>(
    node: Option<&Node>,
    read: impl Fn(&mut Fields<'_>) -> Result<T, InputError>,
) -> Result<BTreeMap<String, T>, InputError> {
    let Some(node) = node else { return Ok(BTreeMap::new()) };
    let mut out = BTreeMap::new();
    for (name, node) in Fields::of(node)?.all() {
        let mut inner = Fields::of(node)?;
        out.insert(name.clone(), read(&mut inner)?);
        inner.done()?;
    }
    Ok(out)
}

/// One number for all pairs, or a table of `"a|b"` with an optional `default`.
fn pairs(node: Option<&Node>) -> Result<Pairs, InputError> {
    let Some(node) = node else { return Ok(Pairs::default()) };
    if !matches!(node.value, Value::Table(_)) {
        return Ok(Pairs::all(number(node)?));
    }
    let mut out = Pairs::default();
    for (name, node) in Fields::of(node)?.all() {
        let value = number(node)?;
        if name == "default" {
            out.default = Some(value);
        } else if let Some((a, b)) = name.split_once('|') {
            if out.set(a, b, value).is_some() {
                return Err(node.error(format!("found a second number for {name:?}")));
            }
        } else {
            return Err(node.error(format!("expected a pair \"a|b\" or default, found {name:?}")));
        }
    }
    Ok(out)
}

/// Group by qualifier, with a `default`.
fn groups(node: Option<&Node>) -> Result<Groups, InputError> {
    let mut out = Groups::default();
    let Some(node) = node else { return Ok(out) };
    for (name, node) in Fields::of(node)?.all() {
        let group = node.text()?.to_owned();
        if name == "default" {
            out.default = group;
        } else {
            out.of.insert(name.clone(), group);
        }
    }
    Ok(out)
}

fn numbers(node: Option<&Node>) -> Result<BTreeMap<String, f64>, InputError> {
    let Some(node) = node else { return Ok(BTreeMap::new()) };
    Fields::of(node)?.all().map(|(name, node)| Ok((name.clone(), number(node)?))).collect()
}

fn number_or(fields: &mut Fields<'_>, name: &'static str, other: f64) -> Result<f64, InputError> {
    fields.get(name).map_or(Ok(other), number)
}

fn number(node: &Node) -> Result<f64, InputError> {
    Ok(node.decimal()?.to_f64())
}
