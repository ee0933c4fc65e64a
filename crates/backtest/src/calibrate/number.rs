//! One number of a document from the moves it means: measured, floored, capped, rounded.

use super::past::{Moves, Past, Pasts, Says};
use super::tail::{self, Held, Loss, Measured};
use super::target::{Left, Target, Targets};
use super::{CalibrateError, Found, Sure, collateral};
use keelmark_margin::Document;
use keelmark_margin::document::plan::{Horizon, Meaning, Plan, Said, Settings};
use keelmark_margin::document::{Evidence, Tested};
use keelmark_units::{Decimal, Round};

/// Digits that estimates are written with.
const PLACES: u32 = 6;
/// A number is a multiple of this where no plan says otherwise: a hundredth, or a thousandth of
/// weights and rates.
const STEP: f64 = 0.01;
const FINE_STEP: f64 = 0.001;
/// Sizes are rounded to so many leading digits.
const LEADING: i32 = 2;

/// How a note begins of a number that implied volatility would say better.
const REALISED: &str = "no implied volatility was given";

/// The note of a number that is not yet where history says.
pub(super) const CAPPED: &str =
    "changes only so far at once, as the plan says: see what was measured";

/// What a number is measured from, one history and one side.
struct Candidate<'p> {
    past: &'p Past,
    moves: Option<(Moves, Loss)>,
    /// The loss where there is one, else the number itself.
    measured: f64,
    number: f64,
    meaning: (Meaning, f64),
    notes: Vec<String>,
}

/// Whether a larger number asks more of an account.
fn rises(meaning: Meaning) -> bool {
    !matches!(
        meaning,
        Meaning::Ratio | Meaning::Leverage | Meaning::Size | Meaning::Volume | Meaning::LongTenor
    )
}

/// The number that a field wants, of a loss.
fn number_of((meaning, scale): (Meaning, f64), loss: f64) -> f64 {
    match meaning {
        Meaning::Ratio => (1.0 - loss).max(0.0),
        Meaning::Weight => 1.0 + loss,
        Meaning::Leverage => 1.0 / loss,
        _ => loss / scale,
    }
}

/// The loss that a number covers.
fn loss_of((meaning, scale): (Meaning, f64), number: f64) -> f64 {
    match meaning {
        Meaning::Ratio => 1.0 - number,
        Meaning::Weight => number - 1.0,
        Meaning::Leverage => 1.0 / number,
        _ => number * scale,
    }
}

/// Every number that histories say something of; why the others stay.
pub fn all(
    document: &Document,
    targets: &Targets,
    pasts: &Pasts,
    plan: &Plan,
    found: &mut Vec<Found>,
    left: &mut Vec<Left>,
) {
    for target in expanded(targets, pasts) {
        let name = target.key.as_deref().unwrap_or_default();
        let field = target.field();
        let Some(said) = plan.of(&field, name) else {
            left.push(Left { field, why: "kept, as the plan says".to_owned() });
            continue;
        };
        let cut = |(meaning, _): &(Meaning, f64)| {
            matches!(meaning, Meaning::Ratio | Meaning::Haircut) && said.meaning.is_none()
        };
        if target.uses.iter().any(cut) && collateral::moves(document, name, pasts) {
            left.push(Left { field, why: collateral::COUNTED.to_owned() });
            continue;
        }
        match one(&target, pasts, &said) {
            Ok(evidence) => {
                found.push(Found { path: target.path.clone(), key: target.key.clone(), evidence });
            }
            Err(why) => left.push(Left { field, why: why.to_string() }),
        }
    }
}

/// The numbers there are, and those that a field gains by underlying.
fn expanded(targets: &Targets, pasts: &Pasts) -> Vec<Target> {
    let mut out: Vec<Target> = Vec::new();
    for target in targets.numbers.values() {
        let alone = target.key.is_none();
        let is_default = target.key.as_deref() == Some("default");
        if target.grows && (alone || is_default) {
            let has = |asset: &String| {
                targets.numbers.contains_key(&(target.path.clone(), Some(asset.clone())))
            };
            let names = pasts.floating().map(|past| past.asset.clone());
            let more = names.filter(|asset| alone || !has(asset));
            out.extend(more.map(|key| Target { key: Some(key), ..target.clone() }));
        }
        if !(target.grows && alone) {
            out.push(target.clone());
        }
    }
    out
}

impl Target {
    /// Where it stands, its underlying with it.
    #[must_use]
    pub fn field(&self) -> String {
        let inner = |key: &String| !self.path.split('.').any(|step| step == key);
        match self.key.as_ref().filter(|key| inner(key)) {
            Some(key) => format!("{}.{key}", self.path),
            None => self.path.clone(),
        }
    }

    /// Whose histories say it.
    fn names(&self, pasts: &Pasts, said: &Said) -> Vec<String> {
        match &self.key {
            _ if !said.like.is_empty() => said.like.clone(),
            Some(key) => vec![key.clone()],
            None => pasts.floating().map(|past| past.asset.clone()).collect(),
        }
    }
}

/// The evidence of a number, or why it stays.
fn one(target: &Target, pasts: &Pasts, said: &Said) -> Result<Evidence, CalibrateError> {
    let sure = Sure::of(&said.settings);
    let names = target.names(pasts, said);
    let mut candidates = Vec::new();
    let uses = said.meaning.map(|meaning| vec![(meaning, 1.0)]);
    let (mut without, mut first) = (Vec::new(), None);
    for own in uses.as_ref().unwrap_or(&target.uses) {
        for name in &names {
            match candidate(name, *own, pasts, &sure) {
                Ok(found) => candidates.extend(found),
                // One number for all is that of the underlyings that have histories.
                Err(error) if target.key.is_none() && said.like.is_empty() => {
                    without.push(format!("without {name}: {error}"));
                    first.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
    }
    let hardest = candidates.into_iter().reduce(|best, next| {
        let more = if rises(best.meaning.0) {
            next.number > best.number
        } else {
            next.number < best.number
        };
        if more { next } else { best }
    });
    let Some(mut found) = hardest else {
        let none = || refused("no history says it".to_owned(), "add --history NAME=FILE");
        return first.map_or_else(none, Err);
    };
    found.notes.extend(without);
    if names.len() > 1 {
        found.notes.push(format!("the largest of {}: {}", names.join(", "), found.past.asset));
    }
    let number = settled(&mut found, target, &said.settings)?;
    evidence(target, &found, number, &sure, &said.settings)
}

/// [`CalibrateError::History`].
pub(super) fn refused<T>(problem: String, remedy: &str) -> Result<T, CalibrateError> {
    Err(CalibrateError::History { problem, remedy: remedy.to_owned() })
}

fn candidate<'p>(
    name: &str,
    own: (Meaning, f64),
    pasts: &'p Pasts,
    sure: &Sure,
) -> Result<Vec<Candidate<'p>>, CalibrateError> {
    let fall = [Loss::Fall];
    let sides: &[Loss] = match own.0 {
        Meaning::PriceMove | Meaning::Leverage => &[Loss::Rise, Loss::Fall],
        Meaning::PriceRise | Meaning::Weight | Meaning::VolUp => &[Loss::Rise],
        Meaning::PriceFall | Meaning::VolDown => &fall,
        Meaning::VolUpPoints => &[Loss::RisePoints],
        Meaning::VolDownPoints => &[Loss::FallPoints],
        Meaning::VolMovePoints => &[Loss::RisePoints, Loss::FallPoints],
        Meaning::Haircut | Meaning::Ratio => {
            return Ok(vec![held_as_collateral(name, own, pasts, sure)?]);
        }
        Meaning::ShortTenor | Meaning::LongTenor => {
            return Ok(vec![tenor(name, own, pasts, sure)?]);
        }
        Meaning::Size | Meaning::Slope | Meaning::Volume => {
            return Ok(vec![traded(name, own, pasts, sure)?]);
        }
    };
    let (past, moves, notes) = if own.0 >= Meaning::VolUp && own.0 <= Meaning::VolMovePoints {
        vols(name, pasts, sure)?
    } else {
        let past = price(name, pasts)?;
        (past, past.moves(sure.horizon, sure.window, sure.decay)?, Vec::new())
    };
    let mut out = Vec::new();
    for side in sides {
        let Measured { loss, notes: more, .. } = tail::measured(&moves, *side, sure)?;
        let mut notes = notes.clone();
        notes.extend(more);
        if sides.len() > 1 {
            notes.insert(0, format!("set by {}", side.name()));
        }
        out.push(Candidate {
            past,
            moves: Some((moves.clone(), *side)),
            measured: loss,
            number: number_of(own, loss),
            meaning: own,
            notes,
        });
    }
    Ok(out)
}

/// The price of an asset.
pub(super) fn price<'p>(name: &str, pasts: &'p Pasts) -> Result<&'p Past, CalibrateError> {
    match pasts.of(name, Says::Price) {
        Some(past) => Ok(past),
        None if name == "default" => refused(
            "no history stands for it".to_owned(),
            "name the assets that do in a plan: like = [\"SOL\"]",
        ),
        None => refused(format!("no price of {name}"), &format!("add --history {name}=FILE")),
    }
}

/// Moves of the volatility that options imply, else of that which prices had.
fn vols<'p>(
    name: &str,
    pasts: &'p Pasts,
    sure: &Sure,
) -> Result<(&'p Past, Moves, Vec<String>), CalibrateError> {
    if let Some(past) = pasts.of(name, Says::Vol) {
        return Ok((past, past.moves(sure.horizon, sure.window, sure.decay)?, Vec::new()));
    }
    let past = price(name, pasts)?;
    let realised = realised(past, sure)?;
    let note = format!("{REALISED}: realised instead, which moves less and may only raise it");
    let moves = realised.moves(sure.horizon, sure.window, sure.decay)?;
    Ok((past, moves, vec![note]))
}

/// The annual volatility that prices had, row by row.
fn realised(past: &Past, sure: &Sure) -> Result<Past, CalibrateError> {
    let moves = past.moves(Horizon::of_seconds(past.step()? as u64), None, sure.decay)?;
    let year = (365.0 * super::past::DAY / moves.step).sqrt();
    let vols = moves.vols.iter().map(|vol| vol * year).collect();
    let times = past.series.times().to_vec();
    let series = keelmark_tail::Series::new(past.series.name(), times, vols)?;
    Ok(Past { says: Says::Vol, series, ..past.clone() })
}

fn held_as_collateral<'p>(
    name: &str,
    own: (Meaning, f64),
    pasts: &'p Pasts,
    sure: &Sure,
) -> Result<Candidate<'p>, CalibrateError> {
    let past = price(name, pasts)?;
    let moves = past.moves(sure.horizon, sure.window, sure.decay)?;
    let found = collateral::measured(past, &moves, pasts, sure)?;
    Ok(Candidate {
        past,
        measured: found.loss,
        number: number_of(own, found.loss),
        moves: Some((moves, found.side)),
        meaning: own,
        notes: found.notes,
    })
}

/// The power of tenor that moves of volatility at other tenors say.
fn tenor<'p>(
    name: &str,
    own: (Meaning, f64),
    pasts: &'p Pasts,
    sure: &Sure,
) -> Result<Candidate<'p>, CalibrateError> {
    let Some(past) = pasts.of(name, Says::Vol) else {
        return refused(
            format!("no implied volatility of {name} by tenor"),
            &format!("add --history {name}:vol=FILE and --history {name}:vol@7=FILE"),
        );
    };
    let of = |past: &Past| {
        let moves = past.moves(sure.horizon, sure.window, sure.decay)?;
        tail::measured(&moves, Loss::Rise, sure).map(|found| found.loss)
    };
    let base = of(past)?;
    let short = own.0 == Meaning::ShortTenor;
    let mut powers = Vec::new();
    for (days, other) in pasts.tenors(name).filter(|(days, _)| (*days < REFERENCE) == short) {
        let ratio = keelmark_kernels::ln(of(other)? / base);
        powers.push(ratio / keelmark_kernels::ln(f64::from(REFERENCE) / f64::from(days)));
    }
    let hardest = |a: f64, b: f64| if short { a.max(b) } else { a.min(b) };
    let Some(power) = powers.iter().copied().reduce(hardest) else {
        let side = if short { "below" } else { "above" };
        return refused(
            format!("no implied volatility of {name} at a tenor {side} {REFERENCE} days"),
            &format!("add --history {name}:vol@DAYS=FILE"),
        );
    };
    let notes = vec![format!("from {} tenors beside {REFERENCE} days", powers.len())];
    let number = power.max(0.0);
    Ok(Candidate { past, moves: None, measured: power, number, meaning: own, notes })
}

/// Days of the tenor at which moves of volatility are written.
const REFERENCE: u32 = 30;

/// What can be sold within the horizon, or what a coin more costs.
fn traded<'p>(
    name: &str,
    own: (Meaning, f64),
    pasts: &'p Pasts,
    sure: &Sure,
) -> Result<Candidate<'p>, CalibrateError> {
    let past = price(name, pasts)?;
    let Some(volume) = pasts.daily_volume(name, sure.volume_days)? else {
        return refused(
            format!("no volume of {name}"),
            &format!("add --history {name}:volume=FILE"),
        );
    };
    let moves = past.moves(sure.horizon, sure.window, sure.decay)?;
    let last = moves.values[moves.values.len() - 1];
    let mut notes = vec![format!("{volume:.0} coins a day, mean of {} days", sure.volume_days)];
    let number = if own.0 == Meaning::Volume {
        volume
    } else if own.0 == Meaning::Slope {
        sure.impact * moves.vol_of_a_day() / volume
    } else {
        let days = sure.horizon.seconds() as f64 / super::past::DAY;
        let mut coins = sure.participation * volume * days;
        if let Some(depth) = pasts.depth(name).filter(|depth| *depth < coins) {
            notes.push(format!("the book held {depth:.0} coins within a per cent at its thinnest"));
            coins = depth;
        }
        coins * last
    };
    Ok(Candidate { past, moves: None, measured: number, number, meaning: own, notes })
}

/// A number capped by what it was, within what a plan allows, rounded against the account.
fn settled(
    found: &mut Candidate<'_>,
    target: &Target,
    settings: &Settings,
) -> Result<Decimal, CalibrateError> {
    let (mut number, old) = (found.number, target.old);
    let realised = found.notes.iter().any(|note| note.starts_with(REALISED));
    if let Some(old) = old.filter(|old| realised && *old >= number) {
        number = old;
        found.notes.retain(|note| note.starts_with(REALISED));
    } else if let Some(old) = old.filter(|_| found.moves.is_some()) {
        let before = loss_of(found.meaning, old);
        let now = loss_of(found.meaning, number);
        let most = settings.max_rise.map(|share| before * (1.0 + share.to_f64()));
        let least = settings.max_fall.map(|share| before * (1.0 - share.to_f64()));
        let capped = now.min(most.unwrap_or(now)).max(least.unwrap_or(f64::NEG_INFINITY));
        if capped != now && before > 0.0 {
            number = number_of(found.meaning, capped);
            found.notes.push(CAPPED.to_owned());
        }
    }
    let up = rises(found.meaning.0);
    let mut exact = rounded(number, found.meaning.0, settings.round, up)?;
    if let Some(below) = target.below.filter(|below| exact.to_f64() >= *below) {
        exact = rounded(below - 1e-6, found.meaning.0, settings.round, false)?;
        found.notes.push(format!(
            "history says {:.4}: another scenario would take the price to zero, see its moves",
            found.number
        ));
    }
    if let Some(least) = settings.least.filter(|least| exact < *least) {
        found.notes.push(format!("at least {least}, as the plan says"));
        exact = least;
    }
    if let Some(most) = settings.most.filter(|most| exact > *most) {
        found.notes.push(format!("at most {most}, as the plan says"));
        exact = most;
    }
    Ok(exact)
}

/// A multiple of the step of its meaning.
fn rounded(
    number: f64,
    meaning: Meaning,
    step: Option<Decimal>,
    up: bool,
) -> Result<Decimal, CalibrateError> {
    let step = match (step, meaning) {
        (Some(step), _) => step.to_f64(),
        (None, Meaning::Size | Meaning::Slope | Meaning::Volume) => {
            10f64.powi(libm::log10(number).floor() as i32 + 1 - LEADING)
        }
        (None, Meaning::Leverage) => 1.0,
        (None, Meaning::Haircut | Meaning::Ratio | Meaning::Weight) => FINE_STEP,
        (None, _) => STEP,
    };
    to_step(number, step, up)
}

/// A multiple of a step; one that a number lies on by a billionth is not left.
pub(super) fn to_step(number: f64, step: f64, up: bool) -> Result<Decimal, CalibrateError> {
    let steps = number / step;
    let whole = if up { (steps - 1e-9).ceil() } else { (steps + 1e-9).floor() };
    let exact_step = Decimal::from_f64(step, Round::Nearest)?;
    Ok(exact_step.times(Decimal::from_f64(whole, Round::Nearest)?, Round::Nearest)?)
}

fn evidence(
    target: &Target,
    found: &Candidate<'_>,
    new: Decimal,
    sure: &Sure,
    settings: &Settings,
) -> Result<Evidence, CalibrateError> {
    let mut own = blank(found, sure, settings)?;
    own.field = target.field();
    own.new = new;
    own.old = target.old.map(estimate).transpose()?;
    if let Some((moves, side)) = &found.moves {
        let covered = |number: f64| loss_of(found.meaning, number);
        own.observations = whole(moves.logs.len());
        (own.first, own.last) = (moves.first, moves.last);
        let shown = |held: Held| tested(&held, found.meaning);
        let held = |number: f64| tail::held(moves, *side, covered(number), sure.confidence);
        own.in_sample = Some(shown(held(new.to_f64())?)?);
        own.old_number = target.old.map(|old| held(old).and_then(shown)).transpose()?;
        own.out_of_sample = tail::forward(moves, *side, sure)?.map(shown).transpose()?;
    }
    Ok(own)
}

/// The horizon in words, what comes before it apart.
pub(super) fn time(sure: &Sure, settings: &Settings) -> String {
    let Some(latency) = settings.latency else { return sure.horizon.to_string() };
    let after = sure.horizon.seconds() - latency.seconds();
    format!("{latency} + {}", Horizon::of_seconds(after))
}

/// Evidence without a number.
fn blank(
    found: &Candidate<'_>,
    sure: &Sure,
    settings: &Settings,
) -> Result<Evidence, CalibrateError> {
    let (first, last) = found.past.span().unwrap_or_default();
    let mut notes = found.notes.clone();
    notes.extend(found.past.findings.iter().cloned());
    Ok(Evidence {
        field: String::new(),
        underlying: found.past.asset.clone(),
        meaning: found.meaning.0.to_string(),
        old: None,
        new: Decimal::ZERO,
        measured: estimate(if found.moves.is_some() { found.number } else { found.measured })?,
        method: sure.said(),
        confidence: sure.confidence_exact,
        horizon: time(sure, settings),
        observations: whole(found.past.series.closes().len()),
        first,
        last,
        history: found.past.digest(),
        in_sample: None,
        out_of_sample: None,
        old_number: None,
        notes,
    })
}

/// An estimate as it is written: to six places, or of a small one to six leading digits.
pub(super) fn estimate(value: f64) -> Result<Decimal, CalibrateError> {
    let exact = Decimal::from_f64(value, Round::Nearest)?;
    let small = value != 0.0 && value.abs() < 1e-3;
    let places = if small { PLACES as i32 - libm::log10(value.abs()).floor() as i32 } else { 6 };
    Ok(exact.round_to(places.clamp(0, 18) as u32, Round::Nearest))
}

/// A p-value.
fn chance(value: f64) -> Result<Decimal, CalibrateError> {
    let exact = Decimal::from_f64(value.clamp(0.0, 1.0), Round::Nearest)?;
    Ok(exact.round_to(PLACES, Round::Nearest))
}

/// A count.
pub(super) fn whole(count: usize) -> Decimal {
    Decimal::from_int(count as i64)
}

/// A test in the terms of the number rather than the loss.
pub(super) fn tested(held: &Held, meaning: (Meaning, f64)) -> Result<Tested, CalibrateError> {
    Ok(Tested {
        periods: whole(held.periods),
        breaches: whole(held.breaches),
        worst_shortfall: estimate(held.worst.max(0.0))?,
        mean: estimate(number_of(meaning, held.mean))?,
        kupiec: Some(chance(held.kupiec)?),
        conditional: Some(chance(held.conditional)?),
    })
}
