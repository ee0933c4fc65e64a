//! `matrix`: profit and loss over moves of price and volatility, as text or as a picture.

use super::margin::heading;
use crate::arguments::{FormatArgs, InputArgs, ModelArgs};
use crate::failure::Failure;
use crate::inputs;
use crate::number::Scale;
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use crate::svg;
use crate::table::{Align, Cell, TIE, Table, Tone, paragraph};
use clap::Args;
use keelmark_api::matrix::UnitMatrix;
use keelmark_api::{Context, MatrixReport};
use keelmark_book::Portfolio;
use keelmark_margin::Document;
use keelmark_margin::matrix::matrices;

/// Price moves that fit beside each other in a terminal.
const COLUMNS: usize = 9;

/// Arguments of `matrix`.
#[derive(Args, Debug)]
pub struct MatrixArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Write the matrices of one account as a picture to this file, `-` for standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "json"])]
    svg: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `matrix`.
pub fn run(arguments: &MatrixArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let document = crate::models::document(&arguments.model, &inputs.market, screen)?;
    let context = Context::new(&inputs.market);
    if let Some(file) = &arguments.svg {
        let report = report(&context, &document, inputs.single()?)?;
        return picture(&report, file, screen);
    }
    let mut reports = Vec::new();
    for account in &inputs.accounts {
        reports.push(report(&context, &document, account)?);
    }
    output::list(arguments.format.format(), &reports, records, |reports| {
        let mut text = heading(&inputs.market, &document);
        for report in reports {
            if report.matrices.is_empty() {
                let none = "no matrix: it holds no contract whose price moves";
                text.push_str(&paragraph("", &format!("{} · {none}\n", report.account)));
            }
            for matrix in &report.matrices {
                text.push_str(&title(&report.account, matrix));
                text.push_str(&table(matrix, screen));
                text.push_str(&beyond(matrix));
                text.push('\n');
            }
        }
        text
    })
}

/// The report of one account.
pub fn report(
    context: &Context<'_>,
    document: &Document,
    account: &Portfolio,
) -> Result<MatrixReport, Failure> {
    let found = matrices(document, context.market, account)
        .map_err(|error| Failure::margin(&account.account, &document.name, &error))?;
    Ok(context.matrix(document, account, &found))
}

/// What a matrix is of.
pub fn title(account: &str, matrix: &UnitMatrix) -> String {
    let pool = match matrix.pool.as_str() {
        "account" => String::new(),
        pool => format!(" · {pool}"),
    };
    let scale = scale(matrix).name();
    let said = format!(
        "{account}{pool} · {} risk matrix ({}), P&L in {scale}{} [worst]",
        matrix.unit, matrix.scan, matrix.currency
    );
    paragraph("", &said)
}

/// How the amounts of a matrix are shown.
pub fn scale(matrix: &UnitMatrix) -> Scale {
    let beyond = matrix.beyond.iter().map(|cell| cell.profit);
    Scale::of(matrix.cells.iter().flatten().copied().chain(beyond))
}

/// The matrix in rows of volatility and columns of price, the worst in brackets.
pub fn table(matrix: &UnitMatrix, screen: Screen) -> String {
    let scale = scale(matrix);
    let mut text = String::new();
    for from in (0..matrix.moves.len()).step_by(COLUMNS) {
        let to = (from + COLUMNS).min(matrix.moves.len());
        let titles: Vec<String> = matrix.moves[from..to].iter().map(|one| percent(*one)).collect();
        let mut columns = vec![("", Align::Left)];
        columns.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
        let mut table = Table::new(&columns).indented(4);
        for (row, cells) in matrix.cells.iter().enumerate() {
            let vol = matrix.vols.get(row).map_or("", String::as_str);
            let mut line: Vec<Cell> = vec![format!("vol {vol}").into()];
            for (column, cell) in cells.iter().enumerate().take(to).skip(from) {
                let worst = (row, column) == (matrix.worst.row, matrix.worst.column);
                line.push(if worst {
                    Cell::toned(format!("[{}]", scale.show(*cell)), Tone::Bad)
                } else {
                    scale.show(*cell).into()
                });
            }
            table.row(line);
        }
        text.push_str(&table.text(screen.colour));
    }
    text
}

/// The moves outside the grid.
pub fn beyond(matrix: &UnitMatrix) -> String {
    if matrix.beyond.is_empty() {
        return String::new();
    }
    let scale = scale(matrix);
    let cells: Vec<String> = matrix
        .beyond
        .iter()
        .map(|cell| format!("{}{TIE}{}", percent(cell.price_move), scale.show(cell.profit)))
        .collect();
    paragraph("    beyond, weighted: ", &cells.join(" · "))
}

/// A move in percent with as few digits as it needs.
pub fn percent(by: f64) -> String {
    let text = format!("{:+.1}", by * 100.0);
    let text = text.strip_suffix(".0").unwrap_or(&text);
    let text = if text == "+0" || text == "-0" { "0" } else { text };
    format!("{text}%")
}

fn picture(report: &MatrixReport, file: &str, screen: Screen) -> Result<Answer, Failure> {
    let what = format!("risk matrix of {}", report.account);
    output::to_file(svg::matrices(report), file, &what, screen)
}

fn records(reports: &[MatrixReport]) -> Records {
    let mut records = Records::new(&[
        "account",
        "model",
        "pool",
        "unit",
        "currency",
        "vol",
        "price_move",
        "profit",
        "worst",
        "beyond",
        "as_of",
        "inputs",
    ]);
    for report in reports {
        for matrix in &report.matrices {
            let mut row = |vol: &str, by: f64, profit: String, worst: bool, beyond: bool| {
                records.row([
                    report.account.clone(),
                    report.model.name.clone(),
                    matrix.pool.clone(),
                    matrix.unit.to_string(),
                    matrix.currency.to_string(),
                    vol.to_owned(),
                    by.to_string(),
                    profit,
                    worst.to_string(),
                    beyond.to_string(),
                    inputs::time(report.as_of),
                    report.inputs.clone(),
                ]);
            };
            for (at, (vol, cells)) in matrix.vols.iter().zip(&matrix.cells).enumerate() {
                for (column, (by, profit)) in matrix.moves.iter().zip(cells).enumerate() {
                    let worst = (at, column) == (matrix.worst.row, matrix.worst.column);
                    row(vol, *by, profit.to_string(), worst, false);
                }
            }
            for cell in &matrix.beyond {
                row("", cell.price_move, cell.profit.to_string(), false, true);
            }
        }
    }
    records
}
