//! A game around liquidations played by an engine: the same paths, the same draws of the keepers,
//! but a venue's accounts, rule and commands instead of formulas.
//!
//! - [`venue`]: an engine, whose books are added up after each command
//! - [`rule`]: the game's mechanism as a rule of liquidation
//! - [`path`]: one path played
//! - [`table`]: theory, play and engine beside each other
//!
//! It refuses to do: a mechanism that the engine has no rule for, accounts that owe coins, ticks
//! that are shorter than what the engine needs between a price and a bid. It says which.

pub mod path;
pub mod rule;
pub mod table;
pub mod venue;

use keelmark_systemic::game::Game;
use keelmark_systemic::game::play::{Played, Table as Lots};
use table::{Row, Table, Values};

/// The game that is played unless another is given.
pub const SAMPLE: &str = include_str!("../../../../samples/game.toml");

/// Reads a game, and sets its paths and seed where they are given.
///
/// # Errors
/// When the text is no game.
pub fn game(file: &str, text: &str, paths: Option<u64>, seed: Option<u64>) -> Result<Game, String> {
    let read = Game::parse(file, text).map_err(|error| error.to_string())?;
    let given = [("paths", paths), ("seed", seed)];
    let texts = given.map(|(name, number)| (name, number.map(|number| number.to_string())));
    let changes: Vec<(&str, &str)> =
        texts.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))).collect();
    read.with(&changes).map_err(|error| error.to_string())
}

/// Solves a game, plays it, and lets an engine play it on the same paths with the same draws.
///
/// # Errors
/// When the engine has no such mechanism, refuses what it must not, or its books do not balance.
pub fn run(game: &Game) -> Result<Table, String> {
    let rule = rule::Rule::of(game)?;
    let found = game.found();
    let lots = Lots::of(game);
    let profiles: Vec<_> = found.fates.iter().map(|fate| fate.solution.profile.clone()).collect();
    let fees: Vec<_> = found.fates.iter().map(|fate| fate.contest.fees.clone()).collect();
    let (mut played, mut engine, mut facts) = (Vec::new(), Vec::new(), path::Facts::default());
    for (number, prices) in game.paths().iter().enumerate() {
        let mut one = lots.nothing();
        lots.on(number, prices, (&profiles, &fees), &mut one);
        played.push(values(&one));
        let play = path::Play { game, rule: &rule, lots: &lots, profiles: &profiles, fees: &fees };
        let (values, more) =
            play.path(number, prices).map_err(|problem| format!("path {number}: {problem}"))?;
        engine.push(values);
        facts.add(&more);
    }
    let theory = |row: Row| match row {
        Row::Come(group) => Some(found.fates[group].come),
        Row::Nobody(group) => Some(found.fates[group].nobody),
        Row::Missing(_) | Row::Shortfall => None,
        Row::Profit(class) => Some(found.expected[class]),
    };
    Ok(Table::of(game, theory, &played, &engine, facts))
}

fn values(played: &Played) -> Values {
    Values {
        came: played.groups.iter().map(|seen| seen.came).collect(),
        nobody: played.groups.iter().map(|seen| seen.nobody).collect(),
        missing: played.groups.iter().map(|seen| seen.shortfall).collect(),
        profit: played.flows.keepers.clone(),
    }
}
