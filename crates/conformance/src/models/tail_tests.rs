//! Coverage tests, lights, and the small formulas of time, size and blends.

use crate::inputs::{Answer, Inputs, Problem};
use crate::json::Json;
use keelmark_tail::coverage::{self, Basel, Coverage, Test, Transitions};
use keelmark_tail::liquidity::{self, Blend, Concentration};

/// The level at which cases reject.
const LEVEL: f64 = 0.95;

fn tested(name: &'static str, test: Test) -> Json {
    Json::object([
        (name, test.lr.into()),
        ("p_value", test.p_value.into()),
        ("reject_at_95", test.rejects(LEVEL).into()),
    ])
}

fn kupiec_test(inputs: Inputs<'_>) -> Result<(usize, usize, f64), Problem> {
    Ok((inputs.small("observations")?, inputs.small("failures")?, inputs.estimate("p")?))
}

/// `kupiec_pof`.
pub fn kupiec(inputs: Inputs<'_>) -> Answer {
    let (steps, failures, p) = kupiec_test(inputs)?;
    Ok(tested("lr", coverage::kupiec(steps, failures, p)?))
}

fn transitions(inputs: Inputs<'_>) -> Result<Transitions, Problem> {
    Ok(Transitions {
        n00: inputs.small("n00")?,
        n01: inputs.small("n01")?,
        n10: inputs.small("n10")?,
        n11: inputs.small("n11")?,
    })
}

/// `christoffersen_ind`.
pub fn independence(inputs: Inputs<'_>) -> Answer {
    Ok(tested("lr", transitions(inputs)?.independence()))
}

/// `christoffersen_cc`.
pub fn conditional(inputs: Inputs<'_>) -> Answer {
    let (steps, failures, p) = kupiec_test(inputs)?;
    let found = coverage::conditional(steps, failures, p, &transitions(inputs)?)?;
    Ok(tested("lr_cc", found))
}

/// `kupiec_region`.
pub fn region(inputs: Inputs<'_>) -> Answer {
    let (steps, p) = (inputs.small("observations")?, inputs.estimate("p")?);
    let found = coverage::region(steps, p, inputs.estimate("test_level")?)?;
    let open = found.map(|region| region.open_interval());
    let open = open.map(|(low, high)| {
        Json::List(vec![Json::Number(low.to_string()), Json::Number(high.to_string())])
    });
    Ok(Json::object([
        ("min_accepted", found.map(|region| region.least).into()),
        ("max_accepted", found.map(|region| region.most).into()),
        ("published_open_interval", open.into()),
    ]))
}

/// `coverage_from_hits`.
pub fn from_hits(inputs: Inputs<'_>) -> Answer {
    let index = |one: &Json| {
        let found = one.text().and_then(|text| text.parse().ok());
        found.ok_or_else(|| Problem(format!("hit_indices: expected a whole number, found {one}")))
    };
    let indices = inputs.list("hit_indices")?.iter().map(index).collect::<Result<Vec<_>, _>>()?;
    let failed = coverage::from_indices(inputs.small("observations")?, &indices)?;
    let found = Coverage::of(&failed, inputs.estimate("p")?)?;
    let Transitions { n00, n01, n10, n11 } = found.transitions;
    Ok(Json::object([
        ("n00", n00.into()),
        ("n01", n01.into()),
        ("n10", n10.into()),
        ("n11", n11.into()),
        ("lr_uc", found.unconditional.lr.into()),
        ("lr_ind", found.independence.lr.into()),
        ("lr_cc", found.conditional.lr.into()),
    ]))
}

/// `basel_traffic_light`.
pub fn light(inputs: Inputs<'_>) -> Answer {
    let (steps, failures, p) = kupiec_test(inputs)?;
    let found = Basel::of(failures);
    Ok(Json::object([
        ("zone", found.light.name().into()),
        ("cumulative_prob", coverage::at_most(steps, failures, p)?.into()),
        ("plus_factor_1996", found.plus_1996.into()),
        ("multiplier_1996", found.multiplier_1996().into()),
        ("addon_2019", found.addon_2019.into()),
        ("multiplier_2019", found.multiplier_2019().into()),
    ]))
}

/// `mpor_scaling`.
pub fn period(inputs: Inputs<'_>) -> Answer {
    let (margin, days) = (inputs.estimate("one_day_margin")?, inputs.estimate("days")?);
    Ok(Json::object([("margin", liquidity::scaled_to(margin, days)?.into())]))
}

/// `concentration_addon`.
pub fn concentration(inputs: Inputs<'_>) -> Answer {
    let law = Concentration {
        volume: inputs.estimate("adv")?,
        threshold: inputs.estimate("threshold")?,
        rate: inputs.estimate("k")?,
        exponent: inputs.estimate("exponent")?,
    };
    let found = law.addon(inputs.estimate("quantity")?, inputs.estimate("price")?)?;
    Ok(Json::object([("addon", found.into())]))
}

/// `span2_blend`.
pub fn blend(inputs: Inputs<'_>) -> Answer {
    let blend = Blend {
        historical: inputs.estimate("historical")?,
        stress: inputs.estimate("stress")?,
        weight: inputs.estimate("x")?,
        liquidity: inputs.estimate("liquidity")?,
        concentration: inputs.estimate("concentration")?,
    };
    Ok(Json::object([("total", blend.total()?.into())]))
}
