//! Risk matrices as a picture: a number in every cell, colour as help, the worst cell bordered.
//!
//! Written by hand, since text stays text that way: it can be searched, read aloud and printed.
//! Colours diverge from white at zero, red below and blue above, of one scale in a picture.

use super::{begun, text};
use crate::command::{percent, scale};
use crate::table::{TIE, wrapped};
use keelmark_api::MatrixReport;
use keelmark_api::matrix::UnitMatrix;
use std::fmt::Write as _;

const CELL_WIDTH: usize = 64;
const CELL_HEIGHT: usize = 30;
const LEFT: usize = 96;
const TOP: usize = 70;
const LINE: usize = 17;
/// Characters of small text to a cell's width, for wrapping.
const LETTERS: usize = 9;
const RIGHT: usize = 24;

/// Loss and gain at full scale, as red, green, blue.
const LOSS: [f64; 3] = [202.0, 0.0, 32.0];
const GAIN: [f64; 3] = [5.0, 113.0, 176.0];

/// The matrices of a report below one another.
pub fn matrices(report: &MatrixReport) -> String {
    let columns = report.matrices.iter().map(|one| one.moves.len()).max().unwrap_or(0);
    let width = (LEFT + columns * CELL_WIDTH + RIGHT).max(480);
    let height: usize = report.matrices.iter().map(block_height).sum::<usize>().max(1);
    let mut out = begun(width, height, &format!("Risk matrix of {}", report.account));
    let mut y = 0;
    for matrix in &report.matrices {
        block(report, matrix, y, &mut out);
        y += block_height(matrix);
    }
    out.push_str("</svg>\n");
    out
}

fn block_height(matrix: &UnitMatrix) -> usize {
    TOP + matrix.vols.len() * CELL_HEIGHT + (footing(matrix).len() + 2) * LINE
}

fn block(report: &MatrixReport, matrix: &UnitMatrix, y: usize, out: &mut String) {
    let pool = if matrix.pool == "account" { String::new() } else { format!(", {}", matrix.pool) };
    let title = format!("{}{pool}: {} risk matrix", report.account, matrix.unit);
    text(out, 12, y + 22, "start", "font-weight=\"600\" font-size=\"15\"", &title);
    let shown = scale(matrix);
    let under = format!(
        "P&L in {}{}, {} {}, {}",
        shown.name(),
        matrix.currency,
        report.model.name,
        report.model.version,
        report.as_of
    );
    text(out, 12, y + 40, "start", "fill=\"#555\" font-size=\"12\"", &under);
    for (column, by) in matrix.moves.iter().enumerate() {
        let x = LEFT + column * CELL_WIDTH + CELL_WIDTH / 2;
        text(out, x, y + TOP - 6, "middle", "fill=\"#333\"", &percent(*by));
    }
    let largest = matrix
        .cells
        .iter()
        .flatten()
        .map(|cell| cell.to_f64().abs())
        .fold(f64::MIN_POSITIVE, f64::max);
    for (row, cells) in matrix.cells.iter().enumerate() {
        let top = y + TOP + row * CELL_HEIGHT;
        let vol = matrix.vols.get(row).map_or("", String::as_str);
        text(out, LEFT - 8, top + 20, "end", "fill=\"#333\"", &format!("vol {vol}"));
        for (column, cell) in cells.iter().enumerate() {
            let x = LEFT + column * CELL_WIDTH;
            let strength = cell.to_f64() / largest;
            let (fill, ink) = colours(strength);
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{CELL_WIDTH}\" height=\"{CELL_HEIGHT}\" \
                 fill=\"{fill}\" stroke=\"#ddd\"/>"
            );
            let style = format!("fill=\"{ink}\"");
            text(out, x + CELL_WIDTH / 2, top + 20, "middle", &style, &shown.show(*cell));
        }
    }
    worst(matrix, y, out);
    let foot = y + TOP + matrix.vols.len() * CELL_HEIGHT + LINE + 4;
    for (at, line) in footing(matrix).iter().enumerate() {
        text(out, 12, foot + at * LINE, "start", "fill=\"#555\" font-size=\"12\"", line);
    }
}

/// A border around the worst cell, drawn last so that no neighbour covers it.
fn worst(matrix: &UnitMatrix, y: usize, out: &mut String) {
    let x = LEFT + matrix.worst.column * CELL_WIDTH;
    let top = y + TOP + matrix.worst.row * CELL_HEIGHT;
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{top}\" width=\"{CELL_WIDTH}\" height=\"{CELL_HEIGHT}\" fill=\"none\" \
         stroke=\"#000\" stroke-width=\"2.5\"><title>worst cell: {}</title></rect>",
        matrix.worst.profit
    );
}

/// What stands under a matrix, in lines.
fn footing(matrix: &UnitMatrix) -> Vec<String> {
    let shown = scale(matrix);
    let cells: Vec<String> = matrix
        .beyond
        .iter()
        .map(|cell| format!("{}{TIE}{}", percent(cell.price_move), shown.show(cell.profit)))
        .collect();
    let said = if cells.is_empty() {
        "worst cell bordered".to_owned()
    } else {
        format!("worst cell bordered; moves beyond the grid, weighted: {}", cells.join(", "))
    };
    wrapped(&said, matrix.moves.len().max(5) * LETTERS)
}

/// Fill and ink of a cell, from -1 (largest loss) to 1 (largest gain).
fn colours(strength: f64) -> (String, &'static str) {
    let end = if strength < 0.0 { LOSS } else { GAIN };
    let share = strength.abs().clamp(0.0, 1.0);
    let mix = |end: f64| (255.0 + (end - 255.0) * share).round() as u8;
    let fill = format!("#{:02x}{:02x}{:02x}", mix(end[0]), mix(end[1]), mix(end[2]));
    (fill, if share > 0.6 { "#fff" } else { "#111" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_diverge_from_white() {
        assert_eq!(colours(0.0), ("#ffffff".to_owned(), "#111"));
        assert_eq!(colours(-1.0), ("#ca0020".to_owned(), "#fff"));
        assert_eq!(colours(1.0), ("#0571b0".to_owned(), "#fff"));
        assert_eq!(colours(f64::NAN).1, "#111");
    }
}
