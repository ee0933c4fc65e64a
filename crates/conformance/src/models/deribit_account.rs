//! Identities of an account reply, and what a reported margin implies.

use crate::desk::{Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, decimal};
use crate::json::Json;
use keelmark_book::{Decimal, Money, Price, Round};
use keelmark_margin::Document;
use keelmark_venues::deribit::identities::{MarginModel, Summary, cross_row};

const DOCUMENT: &str = "deribit-pm";

/// `deribit.account.segregated_sm`.
pub fn segregated_sm(inputs: Inputs<'_>) -> Answer {
    let summary = summary(inputs)?;
    let margin_balance = summary.margin_balance(MarginModel::SegregatedSm)?;
    answer(summary, margin_balance)
}

/// `deribit.account.cross_pm`: the margin balance is the venue's own.
pub fn cross_pm(inputs: Inputs<'_>) -> Answer {
    let summary = summary(inputs)?;
    let printed = inputs.number_if_any("margin_balance")?.map(Money::new);
    let margin_balance = match printed {
        Some(printed) => printed,
        None => summary.margin_balance(MarginModel::CrossPm)?,
    };
    answer(summary, margin_balance)
}

/// `deribit.account.cross_fields`: the whole account on every row.
pub fn cross_fields(inputs: Inputs<'_>) -> Answer {
    let total = |name: &str| inputs.number_or(name, Decimal::ZERO).map(Money::new);
    let margin_balance = total("total_margin_balance_usd")?;
    let (initial, maintenance) =
        (total("total_initial_margin_usd")?, total("total_maintenance_margin_usd")?);
    let mut rows = Vec::new();
    for (currency, index) in inputs.fields("implied_index")? {
        let index = Price::new(decimal(index, "implied_index")?);
        let row = |usd| cross_row(usd, index, Round::Nearest);
        let summary = Summary { initial_margin: row(initial)?, ..Summary::default() };
        let margin_balance = row(margin_balance)?;
        let equity = inputs.0.get("equity").and_then(|all| all.get(currency)).cloned();
        let fields = Json::object([
            ("margin_balance", margin_balance.into()),
            ("initial_margin", summary.initial_margin.into()),
            ("maintenance_margin", row(maintenance)?.into()),
            ("available_funds", summary.available_funds(margin_balance)?.into()),
            ("equity", equity.unwrap_or(Json::Null)),
        ]);
        rows.push((currency.clone(), fields));
    }
    Ok(Json::Object(rows))
}

/// `deribit.xpm.haircut`: the initial margin that a reported maintenance margin implies.
pub fn haircut(inputs: Inputs<'_>) -> Answer {
    let rate = format!("{{ USDT = \"{}\", default = \"0\" }}", inputs.figure("usdt_haircut")?);
    let mut changes = vec![("charge.haircut.rate", rate)];
    changes.extend(factor(inputs)?);
    let document = document(DOCUMENT, &changes)?;
    let mut desk = Desk::new();
    desk.price("USDT", inputs.number_or("usdt_index_usd", Decimal::ONE)?)?;
    desk.entry("USDT", inputs.inside("equity")?.number_or("USDT", Decimal::ZERO)?)?;
    let haircut = charge(&desk.pool(&document)?, "haircut")?;
    let reported = Money::new(inputs.number("total_maintenance_margin_usd")?);
    let risk = document.implied("maintenance", reported, "worst", &[])?;
    let initial = document.level_for("initial", &[("worst", risk), ("haircut", haircut)])?;
    Ok(Json::object([
        ("risk_matrix_margin_usd", risk.into()),
        ("haircut_margin_usd", haircut.into()),
        ("total_initial_margin_usd", initial.into()),
    ]))
}

/// `deribit.xpm.mm_factor`: the maintenance margin that a reported initial margin implies.
pub fn mm_factor(inputs: Inputs<'_>) -> Answer {
    let document: Document = document(DOCUMENT, &factor(inputs)?)?;
    let reported = Money::new(inputs.number("total_initial_margin_usd")?);
    let orders = Money::new(inputs.number_or("open_orders", Decimal::ZERO)?);
    let risk = document.implied("initial", reported, "worst", &[("open_orders", orders)])?;
    let maintenance = document.level_for("maintenance", &[("worst", risk)])?;
    Ok(Json::object([
        ("risk_matrix_margin_usd", risk.into()),
        ("total_maintenance_margin_usd", maintenance.into()),
    ]))
}

fn factor(inputs: Inputs<'_>) -> Result<Vec<(&'static str, String)>, Problem> {
    if !inputs.has("mm_factor") {
        return Ok(Vec::new());
    }
    Ok(vec![("params.mm_factor", inputs.figure("mm_factor")?)])
}

fn summary(inputs: Inputs<'_>) -> Result<Summary, Problem> {
    let part = |name: &str| inputs.number_or(name, Decimal::ZERO).map(Money::new);
    Ok(Summary {
        balance: part("balance")?,
        options_value: part("options_value")?,
        futures_session_upl: part("futures_session_upl")?,
        futures_session_rpl: part("futures_session_rpl")?,
        options_session_upl: part("options_session_upl")?,
        futures_pl: part("futures_pl")?,
        options_pl: part("options_pl")?,
        initial_margin: part("initial_margin")?,
    })
}

fn answer(summary: Summary, margin_balance: Money) -> Answer {
    Ok(Json::object([
        ("equity", summary.equity()?.into()),
        ("margin_balance", margin_balance.into()),
        ("available_funds", summary.available_funds(margin_balance)?.into()),
        ("available_withdrawal_funds", summary.available_withdrawal_funds(margin_balance)?.into()),
        ("session_upl", summary.session_upl()?.into()),
        ("total_pl", summary.total_pl()?.into()),
    ]))
}
