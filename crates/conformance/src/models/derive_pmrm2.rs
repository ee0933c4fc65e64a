//! Hybrid portfolio margin of whole accounts, second version.

use super::derive::{self, CASH, Expiry, Leg};
use crate::desk::{Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::detail::Detail;
use keelmark_book::{Asset, Decimal, Money, Price, Rate, Round};
use keelmark_margin::equity::equity;
use keelmark_margin::pool::divide;
use keelmark_margin::{Document, PoolMargin};
use keelmark_pricing::average::fixed_part;
use keelmark_pricing::svi::Slice;

const DOCUMENT: &str = "derive-pmrm2";
/// The underlying, under a name that no collateral has.
const SPOT: &str = "SPOT";
/// Seconds before expiry from which on the settlement price is averaged.
const WINDOW: f64 = 1800.0;

/// Parameters of a case, and the places of the document that they set.
const PLACES: &[(&str, &str)] = &[
    ("volrangeup", "scan.scenarios.vol_up"),
    ("volrangedown", "scan.scenarios.vol_down"),
    ("min_vol_eval_shocked", "scan.scenarios.vol_floor"),
    ("shorttermpower", "scan.scenarios.vol_tenor.short_power"),
    ("longtermpower", "scan.scenarios.vol_tenor.long_power"),
    ("dte_floor", "scan.scenarios.vol_tenor.floor_days"),
    ("linear_scale_cap", "scan.scenarios.vol_skew.linear.cap"),
    ("linear_cbase", "scan.scenarios.vol_skew.linear.cap_per_root_year"),
    ("abs_scale_cap", "scan.scenarios.vol_skew.absolute.cap"),
    ("abs_cbase", "scan.scenarios.vol_skew.absolute.cap_per_root_year"),
    ("min_k_star", "scan.scenarios.vol_skew.least_width"),
    ("min_width_scale", "scan.scenarios.vol_skew.width"),
    ("vol_param_static", "scan.scenarios.vol_skew.width_vol"),
    ("vol_param_scale", "scan.scenarios.vol_skew.width_vol_per_root_year"),
    ("mm_loss_factor", "params.mm_factor"),
    ("im_loss_factor", "params.im_factor"),
    ("base_static_discount", "charge.scenarios.long.factor"),
    ("long_rate_multscale", "charge.scenarios.long.rate_times"),
    ("long_rate_addscale", "charge.scenarios.long.rate_plus"),
    ("base_static_discount_neg", "charge.scenarios.short.factor"),
    ("short_rate_multscale", "charge.scenarios.short.rate_times"),
    ("short_rate_addscale", "charge.scenarios.short.rate_plus"),
    ("basis_cont_add_factor", "charge.basis.factor"),
    ("basis_cont_mult_factor", "charge.basis.per_year"),
    ("peg_loss_threshold", "charge.depeg.below"),
    ("peg_loss_factor", "params.peg_factor"),
    ("conf_threshold", "params.confidence_threshold"),
    ("conf_margin", "params.confidence_margin"),
    ("mm_perp_percent", "params.mm_perpetual"),
    ("im_perp_percent", "params.im_perpetual"),
    ("mm_option_percent", "charge.options.rate"),
    ("im_option_percent", "charge.options_more.rate"),
];

/// `derive-pmrm2`.
pub fn margin(inputs: Inputs<'_>) -> Answer {
    let (desk, vols) = account(inputs)?;
    let document = parameters(inputs)?;
    let pool = desk.pool(&document)?;
    let scan = derive::scenarios(&pool)?;
    let (worst, basis) = (charge(&pool, "scenarios")?, charge(&pool, "basis")?);
    // The basis stands first, so an equal scenario does not replace it.
    let index = if worst > basis { scan.worst } else { scan.columns.len() };
    let maintenance = sum(&pool, &["perpetuals", "options", "haircut"])?;
    let initial = sum(
        &pool,
        &[
            "perpetuals_more",
            "options_more",
            "haircut_more",
            "unsure_perpetuals",
            "unsure_options",
            "unsure_collateral",
        ],
    )?;
    Ok(Json::object([
        ("mm", derive::net(&pool, "maintenance")?.into()),
        ("im", derive::net(&pool, "initial")?.into()),
        ("option_mtm", pool.equity.options.into()),
        ("collateral_mtm", collateral_value(&desk, &document)?.into()),
        ("scenario_pnl", scan.before.clone().into()),
        ("basis_contingency", (-basis).into()),
        ("mm_contingency", maintenance.into()),
        ("im_contingency", initial.into()),
        ("worst_scenario_index", index.into()),
        ("option_mark_vols", Json::List(vols.into_iter().map(Json::from).collect())),
    ]))
}

/// Charges added up.
fn sum(pool: &PoolMargin, names: &[&str]) -> Result<Money, Problem> {
    let amounts: Result<Vec<Money>, Problem> =
        names.iter().map(|name| charge(pool, name)).collect();
    Ok(Money::sum(amounts?)?)
}

/// What is held besides cash and positions is worth.
fn collateral_value(desk: &Desk, document: &Document) -> Result<Money, Problem> {
    let mut held = desk.account.clone();
    let cash = Asset::new(CASH)?;
    held.positions.clear();
    held.collateral.retain(|one| one.asset != cash);
    let pools = divide(&held, document, &desk.market);
    let Some(pool) = pools.first() else { return Ok(Money::ZERO) };
    Ok(equity(pool, document, &desk.market)?.net_value)
}

fn account(inputs: Inputs<'_>) -> Result<(Desk, Vec<f64>), Problem> {
    let perp = inputs.inside("perp")?;
    let cash = [
        inputs.number("cash")?,
        perp.number("unrealised_pnl")?,
        perp.number("unrealised_funding")?,
    ];
    let mut desk = derive::desk(inputs.number("stable_price")?, &cash)?;
    derive::price(&mut desk, SPOT, inputs.number("spot")?, inputs.number("spot_conf")?)?;
    // None of it, so that the underlying is known where nothing else is held.
    desk.entry(SPOT, Decimal::ZERO)?;
    let (size, conf) = (perp.number("size")?, perp.number("conf")?);
    derive::perpetual(&mut desk, SPOT, size, perp.number("price")?, conf)?;
    for (at, held) in inputs.list("collaterals")?.iter().map(Inputs).enumerate() {
        let name = collateral_name(at);
        if held.number("amount")?.is_zero() || held.number("price")?.is_zero() {
            continue; // Worth nothing, and of no price that a market may have.
        }
        derive::price(&mut desk, &name, held.number("price")?, held.number("conf")?)?;
        desk.entry(&name, held.number("amount")?)?;
    }
    let mut vols = Vec::new();
    for row in inputs.list("options")?.iter().map(Inputs) {
        let seconds = derive::seconds(row, "sec_to_expiry")?;
        let (expiry, slice) = expiry(inputs, seconds)?;
        let strike = row.number("strike")?;
        let vol = slice.vol(strike.to_f64())?;
        vols.push(vol);
        let option = Leg { strike, right: derive::right(row)?, amount: row.number("amount")?, vol };
        derive::option(&mut desk, SPOT, &expiry, &option)?;
    }
    Ok((desk, vols))
}

/// Collateral by its place: two of a case may have one name, or that of the underlying.
fn collateral_name(at: usize) -> String {
    format!("HELD{at}")
}

fn expiry(inputs: Inputs<'_>, seconds: i64) -> Result<(Expiry, Slice), Problem> {
    for found in inputs.list("expiries")?.iter().map(Inputs) {
        if derive::seconds(found, "sec_to_expiry")? != seconds {
            continue;
        }
        let svi = found.inside("svi")?;
        let slice = Slice {
            a: svi.estimate("a")?,
            b: svi.estimate("b")?,
            rho: svi.estimate("rho")?,
            m: svi.estimate("m")?,
            sigma: svi.estimate("sigma")?,
            forward: svi.estimate("fwd")?,
            years: svi.estimate("tau")?,
        };
        let (forward, rate) = (found.number("forward")?, found.estimate("rate")?);
        let fixed = fixed_part(forward.to_f64(), seconds as f64, WINDOW);
        let sure = |name| found.number(name).map(Rate::new);
        let detail = Detail {
            rate: Some(rate),
            // As a double it can be a last digit above the whole.
            fixed_forward: Price::from_f64(fixed, Round::Nearest)?.min(Price::new(forward)),
            confidence: Rate::ONE,
            forward_confidence: sure("forward_conf")?,
            vol_confidence: sure("vol_conf")?,
            rate_confidence: sure("rate_conf")?,
        };
        let discount_rate = Some(rate);
        return Ok((Expiry { seconds, forward, discount_rate, detail }, slice));
    }
    problem(format!("expiries: expected one in {seconds} seconds"))
}

fn parameters(inputs: Inputs<'_>) -> Result<Document, Problem> {
    let params = inputs.inside("params")?;
    let mut changes: Vec<(&str, String)> = Vec::new();
    for (name, path) in PLACES {
        changes.push((path, format!("\"{}\"", params.number(name)?)));
    }
    let (up, down) = (params.number("scenario_spot_up")?, params.number("scenario_spot_down")?);
    changes.push(("scan.basis.scenarios", derive::basis_list(up, down)?));
    let mut rows = Vec::new();
    for scenario in inputs.list("scenarios")? {
        let Json::List(parts) = scenario else { return problem("scenarios: expected lists") };
        let [multiplier, vol, weight] = parts.as_slice() else {
            return problem("scenarios: expected a multiplier, a volatility move and a weight");
        };
        let vol = vol.text().unwrap_or_default();
        rows.push((decimal(multiplier, "scenarios")?, vol, decimal(weight, "scenarios")?));
    }
    changes.push(("scan.scenarios.scenarios", derive::scenario_list(&rows)?));
    changes.extend(collaterals(inputs)?);
    document(DOCUMENT, &changes)
}

/// Haircuts of what is held, and what of it moves with the underlying.
fn collaterals(inputs: Inputs<'_>) -> Result<Vec<(&'static str, String)>, Problem> {
    let (mut maintenance, mut initial) = (Vec::new(), Vec::new());
    let mut moves = vec![(SPOT.to_owned(), SPOT.to_owned())];
    for (at, held) in inputs.list("collaterals")?.iter().map(Inputs).enumerate() {
        let name = collateral_name(at);
        maintenance.push((name.clone(), held.number("mm_haircut")?.to_string()));
        initial.push((name.clone(), held.number("im_haircut")?.to_string()));
        if held.need("risk_cancelling")?.to_string() == "true" {
            moves.push((name, SPOT.to_owned()));
        }
    }
    Ok(vec![
        ("collateral.default", "\"1\"".to_owned()),
        ("params.mm_haircut", derive::by_asset(&maintenance, Some("0"))),
        ("params.im_haircut", derive::by_asset(&initial, Some("0"))),
        ("unit.moves_with", derive::by_asset(&moves, None)),
    ])
}
