//! Fits of a stored series: GARCH, tails above a threshold, the tail index, laws by formula.

use super::tail_series;
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_tail::extreme::{Estimator, Pareto, Peaks, Tail, tail_index};
use keelmark_tail::parametric::{Law, Parametric};
use keelmark_tail::vol::garch::{Fit, Garch, Innovations};
use keelmark_tail::{Rule, Side};

/// What a case's field `side` names: the values whose large ones count.
fn losses(inputs: Inputs<'_>) -> Result<Vec<f64>, Problem> {
    let side = match inputs.text("side")? {
        "loss" => Side::Long,
        "gain" => Side::Short,
        other => return problem(format!("side: expected loss or gain, found {other:?}")),
    };
    let returns = tail_series::windowed(inputs)?;
    Ok(side.losses(&returns))
}

fn peaks(inputs: Inputs<'_>, values: &[f64]) -> Result<Peaks, Problem> {
    let threshold = Rule::Linear.of(values, inputs.estimate("threshold_quantile")?)?;
    Ok(Peaks::above(values, threshold)?)
}

/// `evt_gpd_formula`.
pub fn tail_formula(inputs: Inputs<'_>) -> Answer {
    let law = Pareto { xi: inputs.estimate("xi")?, beta: inputs.estimate("beta")? };
    let (of, above) = (inputs.small("n")?, inputs.small("n_exceed")?);
    let tail = Tail::new(inputs.estimate("threshold")?, law, of, above)?;
    let confidence = inputs.estimate("confidence")?;
    Ok(Json::object([("var", tail.var(confidence)?.into()), ("es", tail.es(confidence)?.into())]))
}

/// `evt_gpd_pot`: losses in percent.
pub fn percent_tail(inputs: Inputs<'_>) -> Answer {
    let returns = tail_series::percent_log(inputs)?;
    let peaks = peaks(inputs, &Side::Long.losses(&returns))?;
    let tail = peaks.fit(Estimator::Likelihood)?;
    let confidence = inputs.estimate("confidence")?;
    Ok(Json::object([
        ("threshold", peaks.threshold.into()),
        ("n", peaks.of.into()),
        ("n_exceed", peaks.excesses.len().into()),
        ("xi", tail.law.xi.into()),
        ("beta", tail.law.beta.into()),
        ("neg_loglik", (-tail.law.log_likelihood(&peaks.excesses)).into()),
        ("var", tail.var(confidence)?.into()),
        ("es", tail.es(confidence)?.into()),
    ]))
}

/// `gpd_pot`: both fits of one side.
pub fn both_tails(inputs: Inputs<'_>) -> Answer {
    let peaks = peaks(inputs, &losses(inputs)?)?;
    let moments = peaks.fit(Estimator::Moments)?;
    let tail = peaks.fit(Estimator::Likelihood)?;
    Ok(Json::object([
        ("threshold", peaks.threshold.into()),
        ("n_exceed", peaks.excesses.len().into()),
        ("pwm_xi", moments.law.xi.into()),
        ("pwm_beta", moments.law.beta.into()),
        ("mle_xi", tail.law.xi.into()),
        ("mle_beta", tail.law.beta.into()),
        ("mle_loglik", tail.law.log_likelihood(&peaks.excesses).into()),
        ("var99_mle", tail.var(0.99)?.into()),
        ("es99_mle", tail.es(0.99)?.into()),
        ("var999_mle", tail.var(0.999)?.into()),
    ]))
}

/// `hill_tail_index`.
pub fn index(inputs: Inputs<'_>) -> Answer {
    let found = tail_index(&losses(inputs)?, inputs.small("k")?)?;
    Ok(Json::object([("alpha", found.into())]))
}

/// `parametric`.
pub fn by_law(inputs: Inputs<'_>) -> Answer {
    let (sigma, confidence) = (inputs.estimate("sigma")?, inputs.estimate("confidence")?);
    let normal = Parametric::new(sigma, Law::Normal)?;
    let t = Parametric::new(sigma, Law::StudentT { nu: inputs.estimate("nu")? })?;
    Ok(Json::object([
        ("var_normal", normal.var(confidence)?.into()),
        ("es_normal", normal.es(confidence)?.into()),
        ("var_t", t.var(confidence)?.into()),
        ("es_t", t.es(confidence)?.into()),
    ]))
}

fn parameters(fit: &Fit, ahead: &[(&str, f64)]) -> Json {
    let own = [
        ("mu", fit.mu),
        ("omega", fit.omega),
        ("alpha", fit.alpha),
        ("gamma", fit.gamma),
        ("beta", fit.beta),
        ("loglik", fit.loglik),
        ("persistence", fit.persistence()),
    ];
    let nu = fit.nu.map(|nu| ("nu", nu));
    let all = own.iter().chain(ahead).copied().chain(nu);
    Json::Object(all.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// `garch_fit`.
pub fn garch(inputs: Inputs<'_>) -> Answer {
    let asymmetric = match inputs.text("model")? {
        "GARCH(1,1)" => false,
        "GJR-GARCH(1,1)" => true,
        other => return problem(format!("model: expected (GJR-)GARCH(1,1), found {other:?}")),
    };
    let innovations = match inputs.text("dist")? {
        "normal" => Innovations::Normal,
        "t" => Innovations::StudentT,
        other => return problem(format!("dist: expected normal or t, found {other:?}")),
    };
    let returns = tail_series::whole(inputs)?;
    let fit = Garch { asymmetric, innovations }.fit(&returns)?;
    let next = fit.next_variance(&returns);
    let ahead = [("next_variance", next), ("variance_h5", fit.ahead(next, 5))];
    Ok(parameters(&fit, &ahead))
}

/// `garch11_t_mle`.
pub fn garch_t(inputs: Inputs<'_>) -> Answer {
    let fit = Garch::T.fit(&tail_series::percent_log(inputs)?)?;
    Ok(parameters(&fit, &[]))
}
