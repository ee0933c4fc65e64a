//! Measures of a stored series: quantiles, shortfalls, volatility, moments, crashes.

use super::tail_series::{self, ewma, instant, rule, side, times};
use crate::inputs::{Answer, Inputs, Problem, decimal};
use crate::json::Json;
use crate::table::Table;
use keelmark_book::Timestamp;
use keelmark_tail::crash::{Bar, Crash};
use keelmark_tail::measure::{self, expected_shortfall, value_at_risk};
use keelmark_tail::{Method, Moments, Returns, Rolling, Rule, Side};

/// Bars of an hour in a year.
const HOURS: f64 = 8_760.0;

/// `ewma_vol`.
pub fn volatility(inputs: Inputs<'_>) -> Answer {
    let vols = ewma(inputs, "lam", "init")?.volatilities(&tail_series::whole(inputs)?)?;
    let mut fields = vec![
        ("next_sigma".to_owned(), vols.last().copied().into()),
        ("max_sigma".to_owned(), vols.iter().copied().fold(0.0, f64::max).into()),
    ];
    let marks = vols.iter().enumerate().step_by(250);
    fields.extend(marks.map(|(at, vol)| (format!("sigma_at_index_{at}"), (*vol).into())));
    Ok(Json::Object(fields))
}

/// A rolling method as a case names it, with its window, confidence and volatility.
pub fn method(inputs: Inputs<'_>) -> Result<Rolling, Problem> {
    let method = Method::named(inputs.text("method")?)?;
    let confidence = inputs.estimate("confidence")?;
    let mut rolling = Rolling::new(method, inputs.small("window")?, confidence, f64::NAN);
    rolling.rule = rule(inputs)?;
    if method.is_filtered() {
        rolling.ewma = ewma(inputs, "ewma_lambda", "ewma_init")?;
    }
    if inputs.has("vol_floor") {
        rolling.vol_floor = Some(inputs.estimate("vol_floor")?);
    }
    Ok(rolling)
}

/// `hs_var_es`.
pub fn historical(inputs: Inputs<'_>) -> Answer {
    let rolling = method(inputs)?;
    let losses = rolling.sample(&tail_series::whole(inputs)?, side(inputs)?)?;
    let confidence = rolling.confidence;
    Ok(Json::object([
        ("var", value_at_risk(&losses, confidence, rolling.rule)?.into()),
        ("es", expected_shortfall(&losses, confidence)?.into()),
        ("var_linear_interp", value_at_risk(&losses, confidence, Rule::Linear)?.into()),
    ]))
}

/// `historical_var_es`.
pub fn by_level(inputs: Inputs<'_>) -> Answer {
    let losses = Side::Long.losses(&tail_series::windowed(inputs)?);
    let mut fields = Vec::new();
    for alpha in inputs.list("alpha")? {
        let confidence = 1.0 - decimal(alpha, "alpha")?.to_f64();
        let var = value_at_risk(&losses, confidence, Rule::Linear)?;
        let es = measure::mean_from(&losses, var);
        let found = Json::object([("var", var.into()), ("es", es.into())]);
        fields.push((alpha.text().unwrap_or_default().to_owned(), found));
    }
    Ok(Json::Object(fields))
}

/// `return_moments`.
pub fn moments(inputs: Inputs<'_>) -> Answer {
    let series = tail_series::window(inputs)?;
    let found = Moments::of(&series.returns(Returns::Log))?;
    let date = series.times()[found.min_at + 1].to_string();
    Ok(Json::object([
        ("n", found.n.into()),
        ("mean", found.mean.into()),
        ("std", found.std.into()),
        ("min", found.min.into()),
        ("max", found.max.into()),
        ("skew", found.skew.into()),
        ("kurtosis", found.kurtosis.into()),
        ("min_date", date.split('T').next().unwrap_or_default().into()),
    ]))
}

/// `crash_window`.
pub fn crash(inputs: Inputs<'_>) -> Answer {
    let table = Table::of(inputs)?;
    let columns = ["open", "high", "low", "close"].map(|name| table.column::<f64>(name));
    let [opens, highs, lows, closes] = columns;
    let (opens, highs, lows, closes) = (opens?, highs?, lows?, closes?);
    let bars: Vec<Bar> = times(&table)?
        .into_iter()
        .enumerate()
        .map(|(i, at)| Bar { at, open: opens[i], high: highs[i], low: lows[i], close: closes[i] })
        .collect();
    let (start, end) = (instant(inputs.text("start")?)?, instant(inputs.text("end")?)?);
    let found = Crash::of(&bars, start, end, HOURS)?;
    Ok(Json::object([
        ("bars", found.bars.into()),
        ("open", found.open.into()),
        ("low", found.low.into()),
        ("max_drawdown", found.drawdown.into()),
        ("worst_hour", found.worst.into()),
        ("worst_hour_at", printed(found.worst_at).as_str().into()),
        ("realised_vol_annual", found.realised_vol.into()),
    ]))
}

/// `2020-03-12 10:00:00`.
fn printed(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', "")
}
