//! A recipe read from its table, field by field.

use super::method::{
    Calibration, Copula, Damping, Filter, Floor, Hypothetical, Law, Method, Period, Volatility,
};
use super::{Horizon, OBSERVATIONS, Recipe, Scaling, Set, Source, Sources};
use crate::document::tree::{Node, Value};
use crate::document::{Fields, Range};
use crate::joint::MOST_SCENARIOS;
use keelmark_book::{Asset, Decimal, InputError, Timestamp};
use std::collections::BTreeMap;

type Read<T> = Result<T, InputError>;

pub(super) fn recipe(mut fields: Fields<'_>) -> Read<Recipe> {
    let mut histories = BTreeMap::new();
    for (name, node) in Fields::of(fields.need("history")?)?.all() {
        let asset = Asset::new(name).map_err(|error| node.error(error))?;
        let sources = sources(node, &asset)?;
        histories.insert(asset, sources);
    }
    let horizon = horizon(&mut fields, None)?;
    let oldest_days = fields.number_in("oldest_days", Range::DAYS)?.map_or(2.0, Decimal::to_f64);
    let mut sets: Vec<Set> = Vec::new();
    for node in fields.list("set")? {
        let set = set(node, horizon)?;
        if sets.iter().any(|one| one.name == set.name) {
            return Err(node.error(format!("expected a name of its own, found {:?}", set.name)));
        }
        sets.push(set);
    }
    let recipe = Recipe { histories, horizon, oldest_days, sets };
    if recipe.histories.is_empty() || recipe.sets.is_empty() {
        return Err(fields.error("tail: expected histories and one [[tail.set]] at least"));
    }
    fields.done()?;
    Ok(recipe)
}

/// `"BTC"` for the price of an asset alone, or a table of sources by factor.
fn sources(node: &Node, own: &Asset) -> Read<Sources> {
    let asset = |node: &Node| Asset::new(node.text()?).map_err(|error| node.error(error));
    if let Value::Text(_) = &node.value {
        let none = Source::None;
        return Ok(Sources {
            of: asset(node)?,
            vol: none,
            slope: none,
            basis: none,
            funding: none,
        });
    }
    let mut fields = Fields::of(node)?;
    let sources = Sources {
        of: fields.get("of").map_or_else(|| Ok(own.clone()), asset)?,
        vol: source(fields.get("vol"))?,
        slope: source(fields.get("slope"))?,
        basis: source(fields.get("basis"))?,
        funding: source(fields.get("funding"))?,
    };
    fields.done()?;
    Ok(sources)
}

/// `"history"`, `"market"`, or how the factor answers the price.
fn source(node: Option<&Node>) -> Read<Source> {
    let Some(node) = node else { return Ok(Source::None) };
    if let Value::Text(word) = &node.value {
        let problem = || {
            node.error(format!(
                "expected \"history\", \"market\" or {{ down = ..., up = ... }}, found {word:?}"
            ))
        };
        return match word.as_str() {
            "history" => Ok(Source::History),
            "market" => Ok(Source::Market),
            _ => Err(problem()),
        };
    }
    let mut fields = Fields::of(node)?;
    let mut number = |name| -> Read<f64> { Ok(fields.need(name)?.decimal()?.to_f64()) };
    let source = Source::Response { down: number("down")?, up: number("up")? };
    fields.done()?;
    Ok(source)
}

/// A horizon, of which what is absent is as of another.
fn horizon(fields: &mut Fields<'_>, other: Option<Horizon>) -> Read<Horizon> {
    let days = fields.get("horizon_days").map(|node| Range::POSITIVE.number("horizon_days", node));
    let latency = fields.number_in("latency_minutes", Range::AMOUNT)?;
    let words = [("root", Scaling::Root), ("overlapping", Scaling::Overlapping)];
    let scaling = fields.word("scaling", &words, Some(other.map_or(Scaling::Root, |o| o.scaling)));
    let scaling = scaling?;
    let days = days.transpose()?.map(Decimal::to_f64);
    let latency = latency.map(Decimal::to_f64);
    Ok(Horizon {
        days: days.unwrap_or_else(|| other.map_or(1.0, |other| other.days)),
        latency_minutes: latency
            .unwrap_or_else(|| other.map_or(0.0, |other| other.latency_minutes)),
        scaling,
    })
}

fn set(node: &Node, other: Horizon) -> Read<Set> {
    let mut fields = Fields::of(node)?;
    let name = fields.text("name")?.to_owned();
    let own = horizon(&mut fields, Some(other))?;
    let set = Set {
        name,
        method: method(&mut fields)?,
        mirrored: fields.truth("mirrored", false)?,
        horizon: (own != other).then_some(own),
    };
    fields.done()?;
    Ok(set)
}

fn method(fields: &mut Fields<'_>) -> Read<Method> {
    const WORDS: [(&str, u8); 5] =
        [("historical", 0), ("filtered", 1), ("stressed", 2), ("hypothetical", 3), ("copula", 4)];
    Ok(match fields.word("method", &WORDS, None)? {
        0 => Method::Historical { window: window(fields)? },
        1 => Method::Filtered(filter(fields)?),
        2 => stressed(fields)?,
        3 => Method::Hypothetical(hypothetical(fields)?),
        _ => Method::Copula(copula(fields)?),
    })
}

/// A number of observations, or `"all"` of them.
fn window(fields: &mut Fields<'_>) -> Read<Option<usize>> {
    let node = fields.need("window")?;
    if node.text()? == "all" { Ok(None) } else { whole("window", node).map(Some) }
}

/// A whole number from 1 to the largest set.
fn count(fields: &mut Fields<'_>, name: &'static str, other: Option<usize>) -> Read<usize> {
    let Some(node) = fields.get(name) else {
        return other.ok_or_else(|| fields.error(format!("expected a field {name:?}")));
    };
    whole(name, node)
}

fn whole(name: &str, node: &Node) -> Read<usize> {
    let number = OBSERVATIONS.number(name, node)?;
    let whole = number.in_steps_of(Decimal::ONE).and_then(|one| usize::try_from(one).ok());
    whole.filter(|one| *one <= MOST_SCENARIOS).ok_or_else(|| {
        node.error(format!(
            "{name}: expected a whole number up to {MOST_SCENARIOS}, found {number}"
        ))
    })
}

fn share(fields: &mut Fields<'_>, name: &'static str, other: f64) -> Read<f64> {
    Ok(fields.number_in(name, Range::SHARE)?.map_or(other, Decimal::to_f64))
}

fn filter(fields: &mut Fields<'_>) -> Read<Filter> {
    let window = count(fields, "window", None)?;
    let least = count(fields, "least", Some(window))?;
    if least > window {
        let expected = format!("least: expected at most the window of {window}, found {least}");
        return Err(fields.error(expected));
    }
    let own = fields.get("own_volatility").map(|node| volatility(node, true)).transpose()?;
    if own.as_ref().is_some_and(Volatility::takes_implied) {
        return Err(fields.error("own_volatility: expected one of the factor's own moves"));
    }
    Ok(Filter {
        window,
        least,
        own,
        volatility: volatility(fields.need("volatility")?, true)?,
        damping: fields.get("damping").map_or_else(|| Ok(Damping::default()), damping)?,
    })
}

fn volatility(node: &Node, may_blend: bool) -> Read<Volatility> {
    const WORDS: [(&str, u8); 5] =
        [("ewma", 0), ("garch", 1), ("implied", 2), ("two-speed", 3), ("blend", 4)];
    let mut fields = Fields::of(node)?;
    let found = match fields.word("kind", &WORDS, None)? {
        0 => Volatility::Ewma {
            lambda: below_one(&mut fields, "lambda", None)?,
            warm_up: count(&mut fields, "warm_up", Some(30))?,
        },
        1 => Volatility::Garch {
            leverage: fields.truth("leverage", false)?,
            law: fields.word("law", &[("normal", Law::Normal), ("t", Law::T)], Some(Law::T))?,
            refit: Calibration {
                window: count(&mut fields, "fit_window", Some(1000))?,
                every: count(&mut fields, "fit_every", Some(30))?,
            },
        },
        2 => Volatility::Implied,
        3 => two_speed(&mut fields)?,
        _ if may_blend => blend(&mut fields)?,
        _ => return Err(node.error("kind: expected no blend inside another")),
    };
    // The weight of a member of a blend stands beside its own fields.
    if !may_blend {
        fields.get("weight");
    }
    fields.done()?;
    Ok(found)
}

fn two_speed(fields: &mut Fields<'_>) -> Read<Volatility> {
    let most = fields.number_in("most", Range::AMOUNT)?.map_or(4.0, Decimal::to_f64);
    if most < 1.0 {
        return Err(fields.error(format!("most: expected 1 or more, found {most}")));
    }
    Ok(Volatility::TwoSpeed {
        fast: below_one(fields, "fast", None)?,
        slow: below_one(fields, "slow", None)?,
        weight: share(fields, "part", 0.3)?,
        most,
        warm_up: count(fields, "warm_up", Some(30))?,
    })
}

fn blend(fields: &mut Fields<'_>) -> Read<Volatility> {
    let mut members = Vec::new();
    for node in fields.list("of")? {
        let weight = Fields::of(node)?.number_in("weight", Range::FACTOR)?;
        let weight = weight.ok_or_else(|| node.error("expected a field \"weight\""))?;
        members.push((weight.to_f64(), volatility(node, false)?));
    }
    let sum: f64 = members.iter().map(|(weight, _)| weight).sum();
    if (sum - 1.0).abs() > 1e-9 {
        return Err(fields.error(format!("of: expected weights that sum to 1, found {sum:.4}")));
    }
    Ok(Volatility::Blend(members))
}

/// A share below one, so that the past fades.
fn below_one(fields: &mut Fields<'_>, name: &'static str, other: Option<f64>) -> Read<f64> {
    let Some(node) = fields.get(name) else {
        return other.ok_or_else(|| fields.error(format!("expected a field {name:?}")));
    };
    let number = Range::FACTOR.number(name, node)?.to_f64();
    if number < 1.0 { Ok(number) } else { Err(node.error(format!("{name}: expected below 1"))) }
}

fn damping(node: &Node) -> Read<Damping> {
    let mut fields = Fields::of(node)?;
    let capped = fields.number_in("capped_rise", Range::RATE)?.map(Decimal::to_f64);
    if let Some(capped) = capped.filter(|factor| *factor <= 1.0) {
        return Err(node.error(format!("capped_rise: expected a factor above 1, found {capped}")));
    }
    let damping = Damping {
        stress_weight: share(&mut fields, "stress_weight", 0.0)?,
        floor: fields.get("floor").map(floor).transpose()?,
        buffer: share(&mut fields, "buffer", 0.0)?,
        capped_rise: capped,
        ramp: fields.get("ramp").map_or(Ok(0), |node| whole("ramp", node))?,
    };
    fields.done()?;
    Ok(damping)
}

fn floor(node: &Node) -> Read<Floor> {
    let mut fields = Fields::of(node)?;
    let share = share(&mut fields, "share", 1.0)?;
    let is_long = fields.word("of", &[("long", true), ("mean", false)], None)?;
    let floor = if is_long {
        Floor::Long { window: count(&mut fields, "window", None)?, share }
    } else {
        Floor::Mean { share }
    };
    fields.done()?;
    Ok(floor)
}

fn stressed(fields: &mut Fields<'_>) -> Read<Method> {
    let mut periods = Vec::new();
    for node in fields.list("periods")? {
        let mut inner = Fields::of(node)?;
        let label = inner.text("label")?.to_owned();
        let (from, to) = (day(inner.need("from")?)?, day(inner.need("to")?)?);
        if to < from {
            return Err(node.error(format!("{label:?}: expected an end that is not before {from}")));
        }
        inner.done()?;
        periods.push(Period { label, from, to });
    }
    let worst = fields.get("worst").map_or(Ok(0), |node| whole("worst", node))?;
    if periods.is_empty() && worst == 0 {
        return Err(fields.error("stressed: expected periods, or a count of worst days"));
    }
    Ok(Method::Stressed { periods, worst })
}

fn day(node: &Node) -> Read<Timestamp> {
    let text = node.text()?;
    let parsed = text.parse().ok().filter(|_| text.len() == 10);
    parsed.ok_or_else(|| node.error(format!("expected a date such as 2020-03-12, found {text:?}")))
}

fn hypothetical(fields: &mut Fields<'_>) -> Read<Vec<Hypothetical>> {
    let mut scenarios = Vec::new();
    for node in fields.list("scenarios")? {
        let mut moves = BTreeMap::new();
        let mut label = None;
        for (name, node) in Fields::of(node)?.all() {
            if name == "label" {
                label = Some(node.text()?.to_owned());
                continue;
            }
            let asset = Asset::new(name).map_err(|error| node.error(error))?;
            moves.insert(asset, factors(node)?);
        }
        let label = label.ok_or_else(|| node.error("expected a field \"label\""))?;
        scenarios.push(Hypothetical { label, moves });
    }
    if scenarios.is_empty() {
        return Err(fields.error("hypothetical: expected scenarios, found none"));
    }
    Ok(scenarios)
}

fn factors(node: &Node) -> Read<[f64; 5]> {
    let mut fields = Fields::of(node)?;
    let mut factor = |name| -> Read<f64> { Ok(fields.decimal_or(name, Decimal::ZERO)?.to_f64()) };
    let moves =
        [factor("price")?, factor("vol")?, factor("slope")?, factor("basis")?, factor("funding")?];
    fields.done()?;
    if moves[0] <= -1.0 || moves[1] <= -1.0 {
        return Err(node.error("expected moves of price and vol above -1"));
    }
    Ok(moves)
}

fn copula(fields: &mut Fields<'_>) -> Read<Copula> {
    let degrees = fields.number_in("degrees", Range::AMOUNT)?.map(Decimal::to_f64);
    if degrees.is_some_and(|degrees| degrees <= 2.0) {
        return Err(fields.error("degrees: expected above 2, as a variance needs"));
    }
    let seed = fields.need("seed")?;
    let number = seed.text()?.parse();
    Ok(Copula {
        filter: filter(fields)?,
        degrees,
        lambda: below_one(fields, "correlation_lambda", Some(1.0))?,
        shrinkage: share(fields, "shrinkage", 0.0)?,
        count: count(fields, "count", None)?,
        seed: number.map_err(|_| seed.error("seed: expected a whole number"))?,
    })
}
