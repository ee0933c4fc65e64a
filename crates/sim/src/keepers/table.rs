//! Theory, play and engine beside each other: means over the paths with their standard errors, and
//! the mean difference of engine and play, path by path.

use super::path::Facts;
use keelmark_systemic::game::Game;
use std::fmt::{self, Display, Formatter};

/// What each quantity was on a path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// By group: keepers who came to a lot.
    pub came: Vec<f64>,
    /// By group: lots that nobody bid for, as a share.
    pub nobody: Vec<f64>,
    /// By group: what the fund paid.
    pub missing: Vec<f64>,
    /// By class: what its keepers keep.
    pub profit: Vec<f64>,
}

impl Values {
    /// Nothing of anything.
    pub fn none(groups: usize, classes: usize) -> Self {
        let groups = vec![0.0; groups];
        let profit = vec![0.0; classes];
        Self { came: groups.clone(), nobody: groups.clone(), missing: groups, profit }
    }

    fn at(&self, row: Row) -> f64 {
        match row {
            Row::Come(group) => self.came[group],
            Row::Nobody(group) => self.nobody[group],
            Row::Missing(group) => self.missing[group],
            Row::Profit(class) => self.profit[class],
            Row::Shortfall => self.missing.iter().sum(),
        }
    }
}

/// What a line is about: a group or a class by its place, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Keepers who come to a lot of a group.
    Come(usize),
    /// Lots of a group that nobody bids for.
    Nobody(usize),
    /// What the fund pays for a group.
    Missing(usize),
    /// What the fund pays.
    Shortfall,
    /// What the keepers of a class keep.
    Profit(usize),
}

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

impl Mean {
    fn of(all: impl Iterator<Item = f64> + Clone) -> Self {
        let count = all.clone().count() as f64;
        let mean = all.clone().sum::<f64>() / count;
        let square = all.map(|one| (one - mean) * (one - mean)).sum::<f64>();
        Self { mean, error: (square / (count - 1.0).max(1.0) / count).sqrt() }
    }
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is about.
    pub row: Row,
    /// How it is called.
    pub name: String,
    /// In theory; none where theory says nothing of it.
    pub theory: Option<f64>,
    /// As `systemic` plays it.
    pub play: Mean,
    /// As an engine does.
    pub engine: Mean,
    /// Engine less play, path by path.
    pub differs: Mean,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    title: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// What else happened.
    pub facts: Facts,
}

impl Table {
    /// The table of paths that both have played.
    pub fn of(
        game: &Game,
        theory: impl Fn(Row) -> Option<f64>,
        play: &[Values],
        engine: &[Values],
        facts: Facts,
    ) -> Self {
        let mut rows = Vec::new();
        for of in [Row::Come, Row::Nobody, Row::Missing] {
            rows.extend((0..game.failing.len()).map(of));
        }
        rows.push(Row::Shortfall);
        rows.extend((0..game.keepers.len()).map(Row::Profit));
        let line = |row: Row| Line {
            row,
            name: name(game, row),
            theory: theory(row),
            play: Mean::of(play.iter().map(|one| one.at(row))),
            engine: Mean::of(engine.iter().map(|one| one.at(row))),
            differs: Mean::of(engine.iter().zip(play).map(|(a, b)| a.at(row) - b.at(row))),
        };
        let (paths, seed) = (play.len(), game.seed);
        Self {
            title: format!("{} · {paths} paths, seed {seed}", game.name),
            lines: rows.into_iter().map(line).collect(),
            facts,
        }
    }
}

fn name(game: &Game, row: Row) -> String {
    match row {
        Row::Come(group) => format!("come, {}", game.failing[group].name),
        Row::Nobody(group) => format!("nobody, {}", game.failing[group].name),
        Row::Missing(group) => format!("fund, {}", game.failing[group].name),
        Row::Shortfall => "fund, all".to_owned(),
        Row::Profit(class) => format!("profit, {}", game.keepers[class].name),
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        let heads = ["", "Theory", "Play", "error", "Engine", "error", "Differ", "error"];
        let cells = |f: &mut Formatter<'_>, c: [&str; 8]| {
            let [a, b, c, d, e, g, h, i] = c;
            writeln!(f, "  {a:<16.16}{b:>9}{c:>9}{d:>8}{e:>9}{g:>8}{h:>9}{i:>8}")
        };
        cells(f, heads)?;
        for line in &self.lines {
            let s = |number: f64| shown(line.row, number);
            let theory = line.theory.map_or_else(|| "-".to_owned(), s);
            let (play, engine, differs) = (line.play, line.engine, line.differs);
            let all = [play.mean, play.error, engine.mean, engine.error, differs.mean];
            let [a, b, c, d, e] = all.map(s);
            let last = s(differs.error);
            cells(f, [&line.name, &theory, &a, &b, &c, &d, &e, &last])?;
        }
        let Facts { commands, bids, idle, past } = self.facts;
        writeln!(f, "\n  {commands} commands, books balanced after each; {bids} bids. {idle}")?;
        writeln!(f, "  times a keeper came and found nothing for sale, {past} of them because a")?;
        writeln!(f, "  repayment would have made the loan worse.")
    }
}

/// A number of a line: counts with two digits, shares in percent, money in whole units.
fn shown(row: Row, number: f64) -> String {
    match row {
        Row::Come(_) => format!("{number:.2}"),
        Row::Nobody(_) => format!("{:.1} %", 100.0 * number),
        // Zero has no sign.
        _ => format!("{:.0}", number.round() + 0.0),
    }
}
