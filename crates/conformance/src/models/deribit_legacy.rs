//! The portfolio margin before 2024: volatility moves by tenor, and three contingencies.

use crate::desk::{Contract, Desk, OptionTerms, charge, document};
use crate::inputs::{Answer, Inputs, Problem, problem, sometime};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, Right};
use keelmark_margin::scan::VolMove;

const DOCUMENT: &str = "deribit-pm-legacy";
const COIN: &str = "BTC";
/// Any price: every part is counted in coin.
const MARK: Decimal = Decimal::from_int(10_000);
/// Nanoseconds of thirty days, to any expiry.
const MONTH: i64 = 30 * 86_400 * 1_000_000_000;

/// `deribit.pm.legacy.vol_shock`.
pub fn vol_shock(inputs: Inputs<'_>) -> Answer {
    let mut changes = Vec::new();
    for (input, paths) in [
        ("max_iv_change_30d", &["params.max_iv_change"][..]),
        (
            "power",
            &["scan.standard.vol_tenor.short_power", "scan.standard.vol_tenor.long_power"][..],
        ),
    ] {
        let value = inputs.figure(input)?;
        changes.extend(paths.iter().map(|path| (*path, value.clone())));
    }
    let document = document(DOCUMENT, &changes)?;
    let Some(scan) = document.scans.first() else { return problem("expected a scan") };
    let coin = Asset::new(COIN)?;
    let change = inputs
        .each("days", |days| Ok(scan.vol.at(&coin, days.to_f64())?.change(VolMove::Up).into()))?;
    Ok(Json::object([("max_iv_change", change)]))
}

/// `deribit.pm.legacy.contingency`: three parts, each of an account of its own.
pub fn contingency(inputs: Inputs<'_>) -> Answer {
    let mut changes = Vec::new();
    for (input, path) in [
        ("option_rate", "params.option_rate"),
        ("futures_rate", "charge.hedged_futures.rate"),
        ("short_per_option_btc", "charge.net_short.rate"),
    ] {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    let document = document(DOCUMENT, &changes)?;
    let part = |desk: &Desk, name: &str| charge(&desk.pool(&document)?, name);
    let mut fields = Vec::new();
    if inputs.has("option_contracts_gross") {
        let mut desk = Desk::new();
        option(&mut desk, Right::Call, inputs.number("option_contracts_gross")?)?;
        fields.push(("option_contingency_btc", part(&desk, "inverse_options")?));
    }
    if inputs.has("future_a") {
        let mut desk = Desk::new();
        for name in ["future_a", "future_b"] {
            let mut contract = Contract::inverse(COIN, MARK, MARK)?.named(name);
            if name == "future_b" {
                let expiry = sometime().plus_nanos(MONTH);
                contract.symbol.kind = keelmark_book::Kind::Future { expiry };
            }
            desk.hold(contract, inputs.number_or(name, Decimal::ZERO)?, None)?;
        }
        fields.push(("futures_contingency_btc", part(&desk, "hedged_futures")?));
    }
    if inputs.has("strike_calls") || inputs.has("strike_puts") {
        let mut desk = Desk::new();
        option(&mut desk, Right::Call, inputs.number_or("strike_calls", Decimal::ZERO)?)?;
        option(&mut desk, Right::Put, inputs.number_or("strike_puts", Decimal::ZERO)?)?;
        fields.push(("net_short_contingency_btc", part(&desk, "net_short")?));
    }
    let named = fields.into_iter().map(|(name, amount)| (name.to_owned(), amount.into()));
    Ok(Json::Object(named.collect()))
}

fn option(desk: &mut Desk, right: Right, contracts: Decimal) -> Result<(), Problem> {
    let terms = OptionTerms { expiry: sometime().plus_nanos(MONTH), strike: MARK, right };
    let mark = Decimal::from_raw(Decimal::ONE.raw() / 20);
    let contract = Contract::option(COIN, COIN, terms, mark, (0.5, MARK))?;
    desk.hold(contract.named(&right.letter().to_string()), contracts, None)?;
    Ok(())
}
