//! What a calibration is asked: histories and a plan from the command line.

use super::{CalibrateArgs, failure};
use crate::failure::Failure;
use crate::histories;
use crate::inputs;
use crate::screen::Screen;
use keelmark_backtest::calibrate::{Asked, Past, Pasts, Says, read};
use keelmark_backtest::history::shipped;
use keelmark_book::{Asset, Decimal, Timestamp};
use keelmark_margin::document::plan::{Plan, Settings};
use keelmark_tail::read::Accept;

/// The histories that are asked for, up to the date.
pub fn pasts(arguments: &CalibrateArgs, screen: Screen) -> Result<Pasts, Failure> {
    let accept = histories::accept(arguments.accept.as_deref().unwrap_or_default())?;
    let mut given = Vec::new();
    for text in &arguments.history {
        let past = past(text, &accept)?;
        screen.notes(&past.findings);
        given.push(past);
    }
    let own = |one: &Past| given.iter().any(|own| (&own.asset, own.says) == (&one.asset, one.says));
    let built_in: Vec<Past> = built_in()?.into_iter().filter(|one| !own(one)).collect();
    given.splice(0..0, built_in);
    Pasts::until(given, arguments.as_of).map_err(|error| failure(&error))
}

fn built_in() -> Result<Vec<Past>, Failure> {
    let mut out = Vec::new();
    for one in shipped()? {
        out.push(Past::of(&one).map_err(|error| failure(&error))?);
    }
    Ok(out)
}

/// `BTC=FILE`, `BTC:vol%=FILE`.
fn past(text: &str, accept: &Accept) -> Result<Past, Failure> {
    let refused = |problem: String| {
        Failure::usage(format!("--history: {problem}"))
            .next("keelmark calibrate cross --history BTC=btc.csv")
    };
    let Some((key, file)) = text.split_once('=') else {
        return Err(refused(format!("expected NAME=FILE or NAME:WHAT=FILE, found {text:?}")));
    };
    let (name, what) = key.split_once(':').unwrap_or((key, "price"));
    let asset = Asset::new(name).map_err(|error| refused(error.to_string()))?;
    let (word, unit) = what.strip_suffix('%').map_or((what, 1.0), |word| (word, 0.01));
    let says: Says = word.parse().map_err(refused)?;
    let (file, bytes) = inputs::history(file)?;
    read::read(&file, &bytes, (asset.as_str(), says), unit, accept).map_err(|error| failure(&error))
}

/// The plan of the arguments over that of their file.
pub fn asked(arguments: &CalibrateArgs, base: Option<String>) -> Result<Asked, Failure> {
    let settings = Settings {
        confidence: share("confidence", arguments.confidence.as_deref())?,
        horizon: arguments.horizon,
        method: arguments.method,
        max_rise: share("max-rise", arguments.max_rise.as_deref())?,
        max_fall: share("max-fall", arguments.max_fall.as_deref())?,
        ..Settings::default()
    };
    if settings.confidence.is_some_and(|one| !one.is_positive() || one >= Decimal::ONE) {
        return Err(Failure::usage("--confidence: expected above 0 and below 1, such as 0.99"));
    }
    let plan = Plan { all: settings, some: Vec::new() };
    let plan = match &arguments.plan {
        None => plan,
        Some(path) => {
            let (name, bytes) = inputs::bytes(path)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::input(format!("{name}: expected UTF-8 text, found other bytes"))
            })?;
            plan.over(Plan::parse(&name, &text)?)
        }
    };
    if let Some(date) = &arguments.effective
        && (date.len() != 10 || date.parse::<Timestamp>().is_err())
    {
        let problem = format!("--effective: expected a date such as 2026-08-01, found {date:?}");
        return Err(Failure::usage(problem));
    }
    Ok(Asked { base, plan, effective: arguments.effective.clone() })
}

fn share(name: &str, text: Option<&str>) -> Result<Option<Decimal>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<Decimal>() {
        Ok(number) if !number.is_negative() => Ok(Some(number)),
        _ => {
            Err(Failure::usage(format!("--{name}: expected a share such as 0.25, found {text:?}")))
        }
    }
}
