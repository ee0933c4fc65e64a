//! A game with one or two numbers moved over a range: every cell solved and played, and the place
//! where it stops to hold.

use super::GameArgs;
use super::picture;
use super::report::word;
use super::resume::Kept;
use super::text::{amount, plain, share};
use crate::arguments::Format;
use crate::failure::Failure;
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use crate::table::{Align, Cell as Shown, Table, Tone, paragraph};
use keelmark_systemic::game::Game;
use keelmark_systemic::game::limit::in_order;
use keelmark_systemic::game::sweep::{Axis, CELLS, Cell};
use serde::Serialize;

/// Halvings between a cell that holds and one that does not.
const HALVINGS: u32 = 10;
/// Columns of a map that fit a terminal.
const COLUMNS: usize = 56;

/// A sweep and what was found.
#[derive(Debug, Serialize)]
pub struct SweepReport {
    pub schema: &'static str,
    pub name: String,
    pub game: String,
    pub seed: u64,
    pub paths: usize,
    pub fund: f64,
    pub most_nobody: f64,
    pub parameters: Vec<AxisReport>,
    pub cells: Vec<Cell>,
    /// Of one parameter: where it begins or ceases to hold.
    pub turns: Vec<TurnAt>,
}

#[derive(Debug, Serialize)]
pub struct AxisReport {
    pub parameter: String,
    pub values: Vec<f64>,
}

/// A place where it begins or ceases to hold.
#[derive(Debug, Serialize)]
pub struct TurnAt {
    pub value: f64,
    /// Whether it holds above.
    pub holds_above: bool,
    pub why: &'static str,
}

/// Runs a sweep.
pub fn run(
    arguments: &GameArgs,
    game: &Game,
    threads: usize,
    screen: Screen,
) -> Result<Answer, Failure> {
    let format = arguments.format.format();
    if arguments.svg.is_some() && format != Format::Table {
        return Err(Failure::usage("--svg writes a picture: leave out --format and --json"));
    }
    let axes = axes(&arguments.sweep, game)?;
    let cells = cells(arguments, game, &axes, threads, screen)?;
    let turns = turns(game, &axes, &cells);
    let parameter = |axis: &Axis| AxisReport {
        parameter: axis.parameter.clone(),
        values: (0..axis.count).map(|at| axis.value(at)).collect(),
    };
    let report = SweepReport {
        schema: "keelmark/game-sweep/1",
        name: game.name.clone(),
        game: game.digest.clone(),
        seed: game.seed,
        paths: game.paths,
        fund: game.fund.size,
        most_nobody: game.fund.most_nobody,
        parameters: axes.iter().map(parameter).collect(),
        cells,
        turns,
    };
    match &arguments.svg {
        Some(file) => written(&report, file, screen),
        None if format == Format::Ndjson => {
            let lines: Result<Vec<String>, _> = report.cells.iter().map(output::line).collect();
            Ok(lines?.concat().into())
        }
        None => output::single(format, &report, records, |report| table(report, screen)),
    }
}

fn axes(texts: &[String], game: &Game) -> Result<Vec<Axis>, Failure> {
    let next = "keelmark game --sweep bonus=0.01..0.15:15";
    if texts.len() > 2 {
        let problem = format!("--sweep: expected one or two, found {}", texts.len());
        return Err(Failure::usage(problem).next(next));
    }
    let read = |text: &String| {
        Axis::parse(text).map_err(|error| Failure::usage(format!("--sweep: {error}")).next(next))
    };
    let axes: Vec<Axis> = texts.iter().map(read).collect::<Result<_, _>>()?;
    let all = axes.iter().map(|axis| axis.count).product::<usize>();
    if all > CELLS {
        let problem = format!("--sweep: expected at most {CELLS} cells, found {all}");
        return Err(Failure::usage(problem).next(next));
    }
    if let [first, second] = axes.as_slice()
        && first.parameter == second.parameter
    {
        let problem = format!("--sweep: expected two parameters, found {} twice", first.parameter);
        return Err(Failure::usage(problem));
    }
    for cell in 0..all {
        // Before hours of work, not after them.
        game.moved(&axes, cell).map_err(|error| {
            let text = error.to_string();
            Failure::usage(text.replacen("--set", "--sweep", 1)).next("keelmark game --toml")
        })?;
    }
    Ok(axes)
}

/// Every cell: those that were kept, and the others computed.
fn cells(
    arguments: &GameArgs,
    game: &Game,
    axes: &[Axis],
    threads: usize,
    screen: Screen,
) -> Result<Vec<Cell>, Failure> {
    let all = axes.iter().map(|axis| axis.count).product::<usize>();
    let (mut kept, mut cells) = match &arguments.resume {
        Some(file) => {
            let (kept, cells) = Kept::open(file, game, axes)?;
            (Some(kept), cells)
        }
        None => (None, Vec::new()),
    };
    let before = cells.len();
    if before > 0 {
        screen.note(&format!("{before} of {all} cells were kept"));
    }
    let bar = screen.count(all as u64, "{pos} of {len} cells");
    bar.set_position(before as u64);
    let mut failure = None;
    in_order(
        all - before,
        threads,
        |at| game.cell(axes, before + at),
        |_, found| {
            let kept = found.map_err(Failure::from).and_then(|cell| {
                kept.as_mut().map_or(Ok(()), |kept| kept.keep(&cell))?;
                cells.push(cell);
                Ok(())
            });
            bar.inc(1);
            failure = kept.err();
            failure.is_none()
        },
    );
    bar.finish_and_clear();
    failure.map_or(Ok(cells), Err)
}

fn why(cell: &Cell) -> &'static str {
    if cell.fund_fails { "fund" } else { "nobody" }
}

/// Of one parameter: where it begins or ceases to hold, by halves between two cells.
fn turns(game: &Game, axes: &[Axis], cells: &[Cell]) -> Vec<TurnAt> {
    let [axis] = axes else { return Vec::new() };
    let mut out = Vec::new();
    for pair in cells.windows(2).filter(|pair| pair[0].holds != pair[1].holds) {
        let (mut low, mut high) = (pair[0].values[0], pair[1].values[0]);
        let mut reason = if pair[0].holds { why(&pair[1]) } else { why(&pair[0]) };
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let between = Axis { from: middle, to: high, ..axis.clone() };
            // A number that must be whole has no middle.
            let Ok(moved) = game.moved(&[between], 0) else { break };
            let failure = moved.failure(&moved.found());
            reason = failure.map_or(reason, word);
            if failure.is_none() == pair[0].holds { low = middle } else { high = middle }
        }
        let value = 0.5 * (low + high);
        out.push(TurnAt { value, holds_above: pair[1].holds, why: reason });
    }
    out
}

fn written(report: &SweepReport, file: &str, screen: Screen) -> Result<Answer, Failure> {
    let shown = output::to_file(picture::of(report), file, &report.name, screen)?;
    if file == "-" {
        return Ok(shown);
    }
    Ok(table(report, screen).into())
}

fn records(report: &SweepReport) -> Records {
    let mut records = Records::new(&[
        "game",
        "cell",
        "first",
        "second",
        "shortfall",
        "ruin",
        "nobody",
        "come",
        "owners",
        "keepers",
        "holds",
        "exploitability",
    ]);
    for one in &report.cells {
        let second = one.values.get(1).map(ToString::to_string).unwrap_or_default();
        records.row([
            report.game.clone(),
            one.cell.to_string(),
            one.values[0].to_string(),
            second,
            one.shortfall.to_string(),
            one.ruin.to_string(),
            one.nobody.to_string(),
            one.come.to_string(),
            one.owners.to_string(),
            one.keepers.to_string(),
            one.holds.to_string(),
            one.exploitability.to_string(),
        ]);
    }
    records
}

fn table(report: &SweepReport, screen: Screen) -> String {
    let title = format!("{} · game {} · seed {}", report.name, report.game, report.seed);
    let fund = format!(
        "it holds while no more than the fund's {} is missing on average, and nobody comes to \
         {} of the debt at most",
        amount(report.fund),
        share(report.most_nobody)
    );
    let head = paragraph("", &title) + &paragraph("  ", &fund) + "\n";
    let worst = report.cells.iter().map(|cell| cell.exploitability).fold(0.0, f64::max);
    let proof = format!(
        "no keeper gains more than {} of a lot's prize by playing otherwise, in any cell",
        share(worst)
    );
    let body = match report.parameters.as_slice() {
        [one] => lines(report, one, screen) + "\n" + &turned(report, one),
        [first, second] if second.values.len() <= COLUMNS => map(report, first, second),
        _ => String::new(),
    };
    head + &body + &paragraph("  proof: ", &proof)
}

fn lines(report: &SweepReport, axis: &AxisReport, screen: Screen) -> String {
    let mut table = Table::new(&[
        (axis.parameter.as_str(), Align::Right),
        ("Keepers\ncome", Align::Right),
        ("Nobody\ncomes", Align::Right),
        ("Missing", Align::Right),
        ("Beyond\nthe fund", Align::Right),
        ("Owners\nlose", Align::Right),
        ("Keepers\nkeep", Align::Right),
        ("", Align::Left),
    ]);
    for one in &report.cells {
        let verdict = match (one.holds, one.fund_fails) {
            (true, _) => Shown::from(""),
            (false, true) => Shown::toned("fund", Tone::Bad),
            (false, false) => Shown::toned("nobody", Tone::Bad),
        };
        table.row([
            plain(one.values[0]).into(),
            format!("{:.2}", one.come).into(),
            share(one.nobody).into(),
            amount(one.shortfall).into(),
            share(one.ruin).into(),
            amount(one.owners).into(),
            amount(one.keepers).into(),
            verdict,
        ]);
    }
    table.text(screen.colour)
}

fn turned(report: &SweepReport, axis: &AxisReport) -> String {
    if report.turns.is_empty() {
        let all = report.cells.iter().all(|one| one.holds);
        let said = if all { "It holds everywhere." } else { "It holds nowhere." };
        return paragraph("  ", said);
    }
    let one = |turn: &TurnAt| {
        let side = if turn.holds_above { "below" } else { "above" };
        let reason = match turn.why {
            "fund" => "more is missing than the fund has",
            _ => "nobody comes to too much of the debt",
        };
        format!("It fails {side} {} {}: {reason}.", axis.parameter, plain(turn.value))
    };
    paragraph("  ", &report.turns.iter().map(one).collect::<Vec<_>>().join(" "))
}

/// Two parameters as a map: the first upwards, the second to the right, as in the picture.
fn map(report: &SweepReport, first: &AxisReport, second: &AxisReport) -> String {
    let mut table = Table::new(&[(first.parameter.as_str(), Align::Right), ("", Align::Left)]);
    for row in report.cells.chunks(second.values.len()).rev() {
        let marks: String = row.iter().map(mark).collect();
        table.row([plain(row[0].values[0]).into(), marks.into()]);
    }
    let ends = |values: &[f64]| match (values.first(), values.last()) {
        (Some(first), Some(last)) => format!("{} to {}", plain(*first), plain(*last)),
        _ => String::new(),
    };
    let said = format!(
        "{} to the right, {}; . holds, F more is missing than the fund has, n nobody comes to too \
         much of the debt",
        second.parameter,
        ends(&second.values)
    );
    table.text(false) + "\n" + &paragraph("  ", &said)
}

fn mark(cell: &Cell) -> char {
    match (cell.holds, cell.fund_fails) {
        (true, _) => '.',
        (false, true) => 'F',
        (false, false) => 'n',
    }
}
