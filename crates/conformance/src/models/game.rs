//! The game around liquidations: keepers, races and the size of a fund.

use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_systemic::game::{self, Keepers, Law, Race};

/// `keeper_entry_equilibrium`.
pub fn entry(inputs: Inputs<'_>) -> Answer {
    let (prize, cost) = (inputs.estimate("prize")?, inputs.estimate("cost")?);
    let found = Keepers { count: inputs.small("N")?, prize, cost }.entry()?;
    Ok(Json::object([
        ("entry_prob", found.each.into()),
        ("prob_no_keeper", found.nobody.into()),
        ("prob_monopoly", found.one.into()),
        ("expected_entrants", found.expected.into()),
    ]))
}

/// `all_pay_priority_auction`.
pub fn race(inputs: Inputs<'_>) -> Answer {
    let race = Race { count: inputs.small("n")?, prize: inputs.estimate("prize")? };
    let mut below = Vec::new();
    for bid in inputs.list("x")? {
        below.push(race.at_most(decimal(bid, "x")?.to_f64())?);
    }
    Ok(Json::object([
        ("cdf", below.into()),
        ("mean_bid", race.mean()?.into()),
        ("total_spend", race.spent()?.into()),
        ("expected_max_bid", race.highest()?.into()),
    ]))
}

/// `optimal_liquidation_bonus`.
pub fn bonus(inputs: Inputs<'_>) -> Answer {
    let value = inputs.estimate("position_value")?;
    let keepers = Keepers { count: inputs.small("N")?, prize: 0.0, cost: inputs.estimate("cost")? };
    let found = keepers.cheapest(value * inputs.estimate("loss_fraction_if_missed")?)?;
    Ok(Json::object([
        ("optimal_prize", found.prize.into()),
        ("bonus_rate", (found.prize / value).into()),
        ("total_cost", found.total.into()),
    ]))
}

fn law(inputs: Inputs<'_>) -> Result<Law, Problem> {
    let params = inputs.inside("params")?;
    let of = |name| params.estimate(name);
    Ok(match inputs.text("law")? {
        "exponential" => Law::Exponential { mean: of("mean")? },
        "pareto" => Law::Pareto { least: of("xm")?, alpha: of("alpha")? },
        "gpd" => {
            Law::Tail { from: of("u")?, beyond: of("p_u")?, shape: of("xi")?, scale: of("beta")? }
        }
        "lognormal" => Law::Lognormal { mu: of("mu")?, sigma: of("sigma")? },
        other => return problem(format!("law: unknown {other:?}")),
    })
}

/// `insurance_fund_newsvendor`.
pub fn fund(inputs: Inputs<'_>) -> Answer {
    let found = game::fund(&law(inputs)?, inputs.estimate("r")?, inputs.estimate("kappa")?)?;
    Ok(Json::object([("fund", found.into())]))
}
