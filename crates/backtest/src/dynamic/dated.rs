//! A document made for a time, from what had been seen by then: the one way down for every command
//! that computes margin on a market.
//!
//! A daily value counts once its day has ended: at 19:00 the last one is that of the day before.

use super::{Maker, assets};
use crate::error::{BacktestError, date};
use crate::history::{DAY, Factor, Histories, History, midnight};
use crate::world::{Rules, Smile, World};
use keelmark_margin::Document;
use keelmark_margin::recipe::Made;
use keelmark_units::Timestamp;
use std::sync::Arc;

/// A document with the scenarios of a time; as it is where it takes none that are made.
///
/// # Errors
/// When a history that its recipe names is not there, begins too late, or ends longer before the
/// time than the recipe allows.
pub fn dated(
    document: &Document,
    given: &[History],
    time: Timestamp,
) -> Result<Document, BacktestError> {
    let Some(unbound) = document.unbound().next() else { return Ok(document.clone()) };
    let Some(recipe) = &document.tail else {
        return Err(BacktestError::history(
            format!("{}, scan {}", document.name, unbound.name),
            "takes scenarios that are made from history, and nothing says how",
            "write a [tail] in the document, see docs/dynamic-models.md, or the moves themselves",
        ));
    };
    let oldest = recipe.oldest_days;
    let wanted = assets(document);
    let today = midnight(time);
    let mut used = Vec::new();
    for one in given.iter().filter(|one| wanted.contains(&one.asset)) {
        let one = one.clone().until(Timestamp::from_nanos(today.nanos().saturating_sub(DAY)));
        fresh(&document.name, &one, (today, time), oldest)?;
        used.push(one);
    }
    used.sort_by(|a, b| (&a.asset, a.factor).cmp(&(&b.asset, b.factor)));
    for asset in &wanted {
        if !used.iter().any(|one| one.asset == *asset && one.factor == Factor::Price) {
            return Err(BacktestError::history(
                format!("{asset} price"),
                format!("{} is made from it, and there is none", document.name),
                format!("add --history {asset}:price=FILE"),
            ));
        }
    }
    let made = used.iter().map(History::used).collect();
    let world = World::new(Histories::align(used)?, Rules::default(), Smile::flat())?;
    let days = world.histories.days();
    let (last, day) = (days.len().saturating_sub(1), days.last().copied().unwrap_or(today));
    let maker = Maker::new(document.clone(), &world, 1)?;
    let found = maker.on(last)?;
    let mut document = found.document.into_owned();
    document.made = Some(Arc::new(Made { day, histories: made, flags: found.flags }));
    Ok(document)
}

/// Refuses a history that had not begun, or that ended too long ago.
fn fresh(
    model: &str,
    one: &History,
    (today, time): (Timestamp, Timestamp),
    oldest: f64,
) -> Result<(), BacktestError> {
    let Some((_, last)) = one.span() else {
        let problem = format!("no day of it had ended by {time}, the time of the market");
        let remedy = format!("give one of the years before with --history {}=FILE", one.key());
        return Err(BacktestError::history(one.what(), problem, remedy));
    };
    let age = (today.nanos() - last.nanos()) / DAY;
    if age as f64 <= oldest {
        return Ok(());
    }
    Err(BacktestError::history(
        one.what(),
        format!(
            "ends on {}, {age} days before the market of {}: {model} allows {oldest}",
            date(last),
            date(today)
        ),
        format!(
            "give one that goes on with --history {}=FILE, or allow it with --set \
             tail.oldest_days={age}",
            one.key()
        ),
    ))
}
