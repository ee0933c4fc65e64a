//! Black-76 marks and Greeks in the units that venues print.

use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Right, Timestamp};
use keelmark_pricing::{Terms, option, parity};
use keelmark_venues::deribit::symbol::read_contract;

/// Hour of expiry in the names of instruments, UTC.
const HOUR: i8 = 8;

/// `black76.inverse_mark`: a forward from parity, and marks in coin with it.
pub fn inverse_mark(inputs: Inputs<'_>) -> Answer {
    let forward = match inputs.0.get("parity_pair") {
        Some(_) => parity_forward(inputs)?,
        None => inputs.estimate("forward")?,
    };
    let rows = match inputs.0.get("rows") {
        Some(Json::List(rows)) => rows.as_slice(),
        _ => std::slice::from_ref(inputs.0),
    };
    let mut marks = Vec::new();
    for row in rows {
        let row = Inputs(row);
        let (expiry, strike, right) = named(row.text("instrument")?)?;
        let years = years(inputs, Some(expiry))?;
        let vol = row.estimate("mark_iv")? / 100.0;
        marks.push(option::mark(&Terms { forward, strike, years, vol, right }, true));
    }
    let marks: Json = match (inputs.has("rows"), marks.as_slice()) {
        (false, [one]) => (*one).into(),
        _ => marks.into(),
    };
    Ok(Json::object([("forward_from_parity", forward.into()), ("mark_price", marks)]))
}

/// `black76.linear_mark`: a price in quote currency.
pub fn linear_mark(inputs: Inputs<'_>) -> Answer {
    let terms = terms(inputs, inputs.estimate("mark_iv")?)?;
    let greeks = option::greeks(&terms);
    Ok(Json::object([
        ("mark_price", option::mark(&terms, false).into()),
        ("delta", greeks.delta.into()),
        ("gamma", greeks.gamma.into()),
        ("vega_per_volpoint", greeks.vega.into()),
        ("theta_per_day", greeks.theta.into()),
        ("rho", greeks.rho.into()),
    ]))
}

/// `black76.greeks`: a price in coin, Greeks in dollars.
pub fn greeks(inputs: Inputs<'_>) -> Answer {
    let vol = inputs.estimate("mark_iv_pct")? / 100.0;
    let terms = terms(inputs, vol)?;
    let greeks = option::greeks(&terms);
    Ok(Json::object([
        ("mark_price", option::mark(&terms, true).into()),
        ("delta", greeks.delta.into()),
        ("gamma", greeks.gamma.into()),
        ("vega_per_volpoint_usd", greeks.vega.into()),
        ("theta_per_day_usd", greeks.theta.into()),
        ("rho", greeks.rho.into()),
    ]))
}

/// The forward of a call and a put, in either order.
fn parity_forward(inputs: Inputs<'_>) -> Result<f64, Problem> {
    let (names, marks) = (inputs.list("parity_pair")?, inputs.list("parity_marks")?);
    let (mut call, mut put, mut at) = (None, None, 0.0);
    for (name, mark) in names.iter().zip(marks) {
        let (_, strike, right) = named(name.text().unwrap_or_default())?;
        let mark = decimal(mark, "parity_marks")?.to_f64();
        at = strike;
        match right {
            Right::Call => call = Some(mark),
            Right::Put => put = Some(mark),
        }
    }
    let (Some(call), Some(put)) = (call, put) else {
        return problem("parity_pair: expected a call and a put of one strike");
    };
    let forward = parity::forward(at, call, put, true);
    forward.ok_or_else(|| Problem(format!("no forward from marks {call} and {put}")))
}

fn named(name: &str) -> Result<(Timestamp, f64, Right), Problem> {
    let symbol = read_contract(name, HOUR)?;
    match symbol.kind {
        keelmark_book::Kind::Option { expiry, strike, right } => {
            Ok((expiry, strike.to_f64(), right))
        }
        _ => problem(format!("expected an option, found {name}")),
    }
}

fn terms(inputs: Inputs<'_>, vol: f64) -> Result<Terms, Problem> {
    Ok(Terms {
        forward: inputs.estimate("forward")?,
        strike: inputs.estimate("strike")?,
        years: years(inputs, None)?,
        vol,
        right: inputs.right()?,
    })
}

/// Years to expiry from the two instants; from the figure itself only where they are not given.
fn years(inputs: Inputs<'_>, named: Option<Timestamp>) -> Result<f64, Problem> {
    let timed = inputs.timed();
    let given = match inputs.0.get("expiry_utc").and_then(Json::text) {
        Some(text) => Some(text.parse::<Timestamp>()?),
        None => named,
    };
    match given {
        Some(expiry) if timed => Ok(expiry.years_since(inputs.as_of()?)),
        _ => inputs.estimate("years_act365"),
    }
}
