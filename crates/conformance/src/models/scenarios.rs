//! Thirty-three scenarios in coin: a perpetual and options of one expiry.

use crate::desk::{Contract, Desk, OptionTerms, charge, document};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, Price, Right, Round};
use keelmark_margin::scan::VolMove;
use keelmark_pricing::{Terms, option};

const COIN: &str = "BTC";

/// `bit.pm.scenario`.
pub fn thirty_three(inputs: Inputs<'_>) -> Answer {
    let mut changes = Vec::new();
    for (input, path) in [
        ("price_range", "params.price_range"),
        ("vol_up_30d", "scan.grid.vol_up"),
        ("vol_down_30d", "scan.grid.vol_down"),
    ] {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    let document = document("bit-pm", &changes)?;
    let mut desk = Desk::at(inputs.as_of()?);
    let price = inputs.number("perp_price")?;
    let perpetual = signed(inputs, &["long_perp_btc"], &["short_perp_btc"])?;
    desk.hold(Contract::inverse(COIN, price, price)?, perpetual, None)?;
    for right in [Right::Call, Right::Put] {
        let names = match right {
            Right::Call => ["long_calls", "short_calls"],
            Right::Put => ["long_puts", "short_puts"],
        };
        let held = signed(inputs, &names[..1], &names[1..])?;
        if !held.is_zero() {
            hold(&mut desk, inputs, right, held, price)?;
        }
    }
    let pool = desk.pool(&document)?;
    let worst = pool.charges.iter().find(|one| one.name == "worst");
    let Some(found) = worst.and_then(|one| one.plain.scans.first()) else {
        return problem("expected a scan, found none");
    };
    let scan = &document.scans[0];
    let scenario = &scan.scenarios[found.worst];
    let by = scenario.price * scan.range(&Asset::new(COIN)?)?;
    let vol = match scenario.vol {
        VolMove::Up => "up",
        VolMove::Same => "same",
        VolMove::Down => "down",
        tilted => return problem(format!("no case tilts a smile: {tilted}")),
    };
    Ok(Json::object([
        ("worst_scenario", Json::object([("price", by.into()), ("vol", vol.into())])),
        ("worst_loss_btc", charge(&pool, "worst")?.into()),
        ("scenarios_btc", found.before.clone().into()),
    ]))
}

/// What is held long less what is held short.
fn signed(inputs: Inputs<'_>, long: &[&str], short: &[&str]) -> Result<Decimal, Problem> {
    let mut sum = Decimal::ZERO;
    for name in long {
        sum = sum.plus(inputs.number_or(name, Decimal::ZERO)?)?;
    }
    for name in short {
        sum = sum.minus(inputs.number_or(name, Decimal::ZERO)?)?;
    }
    Ok(sum)
}

fn hold(
    desk: &mut Desk,
    inputs: Inputs<'_>,
    right: Right,
    held: Decimal,
    price: Decimal,
) -> Result<(), Problem> {
    let expiry = inputs.text("expiry_utc")?.parse()?;
    let strike = inputs.number("strike")?;
    let vol = inputs.estimate("iv")?;
    // The forward is not stated: the perpetual stands for it.
    let mut contract = Contract::option(
        COIN,
        COIN,
        OptionTerms { expiry, strike, right },
        Decimal::ZERO,
        (vol, price),
    )?;
    let years = expiry.years_since(desk.market.as_of);
    let (forward, strike) = (price.to_f64(), strike.to_f64());
    let mark = option::mark(&Terms { forward, strike, years, vol, right }, true);
    contract.mark = Price::from_f64(mark, Round::Nearest)?.decimal();
    desk.hold(contract.named(&right.letter().to_string()), held, None)?;
    Ok(())
}
