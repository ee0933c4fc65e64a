//! Margins of a stored series through time, their failures and their cycle.

use super::{tail_measures, tail_series};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_tail::damp::{self, LongFloor, Stress, largest_before};
use keelmark_tail::extreme::Estimator;
use keelmark_tail::{Breaches, Damper, Method, Rolling, Rule, Side, cycle, measure};

/// How many margins of the beginning and how long rises are printed.
const FIRST: [usize; 4] = [1, 3, 5, 10];
const STEPS: [usize; 8] = [1, 2, 5, 10, 20, 30, 60, 90];

/// `rolling_backtest`, `rolling_crypto`.
pub fn backtest(inputs: Inputs<'_>) -> Answer {
    let (rolling, side) = (tail_measures::method(inputs)?, tail_series::side(inputs)?);
    let returns = tail_series::whole(inputs)?;
    let given = inputs.has("first_forecast_index");
    let first = if given { inputs.small("first_forecast_index")? } else { rolling.window };
    let path = rolling.margins(&returns, side, first)?;
    let losses = side.losses(&returns[first..]);
    Ok(Json::Object(through_time(&path.margins, &losses, rolling.confidence)?))
}

/// What margins were through time, and what came of them.
fn through_time(
    margins: &[f64],
    losses: &[f64],
    confidence: f64,
) -> Result<Vec<(String, Json)>, Problem> {
    let breaches = Breaches::of(margins, losses)?;
    let coverage = breaches.coverage(1.0 - confidence)?;
    let fields: [(&str, Json); 10] = [
        ("observations", coverage.steps.into()),
        ("failures", coverage.failures.into()),
        ("last_margin", margins.last().copied().into()),
        ("mean_margin", cycle::mean(margins)?.into()),
        ("lr_uc", coverage.unconditional.lr.into()),
        ("lr_ind", coverage.independence.lr.into()),
        ("lr_cc", coverage.conditional.lr.into()),
        ("peak_to_trough", cycle::peak_to_trough(margins)?.into()),
        ("worst_shortfall", breaches.worst_shortfall.into()),
        ("mean_shortfall_on_breach", breaches.mean_shortfall.into()),
    ];
    let mut found: Vec<(String, Json)> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for count in FIRST.into_iter().filter(|count| *count <= margins.len()) {
        found.push((format!("first_{count}_margins"), margins[..count].to_vec().into()));
    }
    for steps in STEPS.into_iter().filter(|steps| *steps < margins.len()) {
        let rise = cycle::largest_rise(margins, steps)?;
        found.push((format!("max_{steps}day_increase"), rise.into()));
    }
    Ok(found)
}

/// `apc_floor10y`.
pub fn floored(inputs: Inputs<'_>) -> Answer {
    let base = inputs.inside("base")?;
    let (rolling, side) = (tail_measures::method(base)?, tail_series::side(base)?);
    let returns = tail_series::whole(inputs)?;
    let path = rolling.margins(&returns, side, rolling.window)?;
    let losses = side.losses(&returns);
    let floor = LongFloor::TEN_YEARS.path(&losses, path.first)?;
    let margins = damp::no_less_than(&path.margins, &floor)?;
    let mut found = through_time(&margins, &losses[path.first..], rolling.confidence)?;
    let binds = damp::binding(&path.margins, &floor);
    found.push(("days_floor_binds".to_owned(), binds.into()));
    Ok(Json::Object(found))
}

fn base_margins(inputs: Inputs<'_>) -> Result<Vec<f64>, Problem> {
    Ok(inputs.numbers("base_margins")?.iter().map(|one| one.to_f64()).collect())
}

/// `apc_stress25`.
pub fn stressed(inputs: Inputs<'_>) -> Answer {
    let stress = Stress::new(inputs.estimate("weight")?)?;
    let level = inputs.estimate("stress_margin")?;
    let base = base_margins(inputs)?;
    let margins: Vec<f64> = base.iter().map(|one| stress.no_less_than(*one, level)).collect();
    Ok(Json::object([("margins", margins.into())]))
}

/// `apc_buffer25`.
pub fn buffered(inputs: Inputs<'_>) -> Answer {
    let buffer = Damper::Buffer { share: inputs.estimate("buffer")? };
    Ok(Json::object([("margins", buffer.apply(&base_margins(inputs)?)?.into())]))
}

/// `var_backtest`.
pub fn value_at_risk(inputs: Inputs<'_>) -> Answer {
    let returns = tail_series::windowed(inputs)?;
    let method = match inputs.text("method")? {
        "historical" => Method::Plain,
        "ewma_normal" => Method::Normal,
        "ewma_filtered_hs" => Method::Filtered,
        "ewma_gpd_pwm" => {
            let threshold = inputs.estimate("gpd_threshold_quantile")?;
            Method::FilteredTail { threshold, by: Estimator::Moments }
        }
        other => return problem(format!("method: unknown {other:?}")),
    };
    let (window, alpha) = (inputs.small("window")?, inputs.estimate("alpha")?);
    let mut rolling = Rolling::new(method, window, 1.0 - alpha, f64::NAN);
    rolling.rule = Rule::Linear;
    if method.is_filtered() {
        rolling.ewma = tail_series::ewma(inputs, "ewma_lambda", "ewma_init")?;
    }
    let path = rolling.margins(&returns, Side::Long, window)?;
    let breaches = Breaches::of(&path.margins, &Side::Long.losses(&returns[window..]))?;
    let found = breaches.coverage(alpha)?;
    let counts = found.transitions;
    Ok(Json::object([
        ("T", found.steps.into()),
        ("violations", found.failures.into()),
        ("rate", found.rate().into()),
        ("lr_uc", found.unconditional.lr.into()),
        ("lr_ind", found.independence.lr.into()),
        ("lr_cc", found.conditional.lr.into()),
        ("p_uc", found.unconditional.p_value.into()),
        ("p_ind", found.independence.p_value.into()),
        ("p_cc", found.conditional.p_value.into()),
        ("transition_counts", vec![counts.n00, counts.n01, counts.n10, counts.n11].into()),
        ("mean_var", cycle::mean(&path.margins)?.into()),
        ("max_var", path.margins.iter().copied().fold(0.0, f64::max).into()),
        ("mean_excess", breaches.mean_shortfall.into()),
    ]))
}

/// What the cases on procyclicality do not say: how their volatility forgets and starts.
const LAMBDA: f64 = 0.94;
const START: usize = 60;
/// The part of the stress.
const WEIGHT: f64 = 0.25;

/// `margin_procyclicality`.
pub fn procyclicality(inputs: Inputs<'_>) -> Answer {
    let returns = tail_series::windowed(inputs)?;
    let (start, level): (usize, _) = (inputs.small("start_index")?, inputs.estimate("level")?);
    let mut rolling = Rolling::new(Method::Normal, 0, level, LAMBDA);
    rolling.ewma.start = START;
    let base = rolling.margins(&returns, Side::Long, 0)?.margins;
    if start >= base.len() {
        return problem(format!("start_index: expected one of {} days, found {start}", base.len()));
    }
    let margins = match inputs.text("method")? {
        "ewma" => base[start..].to_vec(),
        "stress_weight_25" => {
            let stress = largest_before(&returns, start)?;
            Stress::new(WEIGHT)?.of_each(&base[start..], &stress)?
        }
        "floor_expanding_mean" => Damper::ExpandingMean.apply(&base)?.split_off(start),
        other => return problem(format!("method: unknown {other:?}")),
    };
    let breaches = Breaches::of(&margins, &measure::either_side(&returns[start..]))?;
    Ok(Json::object([
        ("peak_to_trough", cycle::peak_to_trough(&margins)?.into()),
        ("max_1d_increase", cycle::largest_increase(&margins, 1)?.into()),
        ("max_5d_increase", cycle::largest_increase(&margins, 5)?.into()),
        ("mean_margin", cycle::mean(&margins)?.into()),
        ("breaches", breaches.count().into()),
        ("T", margins.len().into()),
    ]))
}
