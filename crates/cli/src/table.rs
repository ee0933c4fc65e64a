//! Tables in 80 columns of plain text, readable without colour.
//!
//! Columns are as wide as their widest cell. Where that is too wide the gaps close, then the last
//! text column wraps, or the first. A title may have two lines.

use std::fmt::Write as _;

/// Columns of a terminal that every answer fits in.
pub const WIDTH: usize = 80;
const NARROWEST: usize = 12;

/// Which side a column is aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// How a cell is coloured, where colour is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// To be noticed.
    Warn,
    /// To be acted on.
    Bad,
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

/// A table under construction.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Cell {
    /// A cell with a tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }
}

impl Table {
    /// A table with these columns; a column without a title is part of the one before it.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new(), indent: 2 }
    }

    /// The same with another indent.
    #[must_use]
    pub fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it fits the terminal as it is, nothing shortened and no gap closed.
    pub fn fits(&self) -> bool {
        self.wide(&self.natural_widths(), 2) <= WIDTH
    }

    /// The text, a line a row, with a header where columns have titles.
    pub fn text(&self, colour: bool) -> String {
        let (widths, gap) = self.widths();
        let mut out = String::new();
        let height = self.columns.iter().map(|(title, _)| title.lines().count()).max().unwrap_or(0);
        for line in 0..height {
            let titles = self.columns.iter().map(|(title, _)| {
                let missing = height - title.lines().count();
                let own = line.checked_sub(missing).and_then(|at| title.lines().nth(at));
                Cell::from(own.unwrap_or_default())
            });
            self.line(&titles.collect::<Vec<_>>(), &widths, gap, false, &mut out);
        }
        for row in &self.rows {
            self.line(row, &widths, gap, colour, &mut out);
        }
        out
    }

    fn natural_widths(&self) -> Vec<usize> {
        let longest = |title: &String| title.lines().map(|line| line.chars().count()).max();
        let mut widths: Vec<usize> =
            self.columns.iter().map(|(title, _)| longest(title).unwrap_or(0)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.chars().count());
            }
        }
        widths
    }

    fn wide(&self, widths: &[usize], gap: usize) -> usize {
        self.indent + gap * widths.len().saturating_sub(1) + widths.iter().sum::<usize>()
    }

    /// Width of each column, and of the gaps between them.
    fn widths(&self) -> (Vec<usize>, usize) {
        let mut widths = self.natural_widths();
        let last = widths.len().saturating_sub(1);
        let wraps = [0, last]
            .iter()
            .any(|at| self.columns[*at].1 == Align::Left && widths[*at] > 2 * NARROWEST);
        let gap = if wraps || self.wide(&widths, 2) <= WIDTH { 2 } else { 1 };
        let over = self.wide(&widths, gap).saturating_sub(WIDTH);
        let text = |at: &usize| self.columns[*at].1 == Align::Left;
        if let Some(at) = [last, 0].iter().copied().find(text)
            && over > 0
        {
            widths[at] = widths[at].min(widths[at].saturating_sub(over).max(NARROWEST));
        }
        (widths, gap)
    }

    fn line(&self, cells: &[Cell], widths: &[usize], gap: usize, colour: bool, out: &mut String) {
        let mut lines = vec![" ".repeat(self.indent)];
        let last = widths.len().saturating_sub(1);
        for (at, ((_, align), width)) in self.columns.iter().zip(widths).enumerate() {
            let cell = cells.get(at).cloned().unwrap_or_default();
            let start = lines[0].chars().count() - escapes(&lines[0]);
            let pieces = match align {
                Align::Left => hanging(&cell.text, *width),
                Align::Right => vec![shortened(&cell.text, *width)],
            };
            while lines.len() < pieces.len() {
                lines.push(String::new());
            }
            for line in lines.iter_mut().skip(1).take(pieces.len().saturating_sub(1)) {
                let room = start.saturating_sub(line.chars().count() - escapes(line));
                line.push_str(&" ".repeat(room));
            }
            for (line, piece) in lines.iter_mut().zip(&pieces) {
                let pad = " ".repeat(width.saturating_sub(piece.chars().count()));
                let piece = painted(piece, cell.tone, colour);
                match align {
                    Align::Left => line.push_str(&[piece.as_str(), &pad].concat()),
                    Align::Right => line.push_str(&[pad.as_str(), &piece].concat()),
                }
            }
            if at < last {
                lines[0].push_str(&" ".repeat(gap));
            }
        }
        for line in lines {
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
}

/// Text in a tone, where colour is on.
pub fn painted(text: &str, tone: Tone, colour: bool) -> String {
    let code = match tone {
        Tone::Warn => "33",
        Tone::Bad => "1;31",
        Tone::Plain => return text.to_owned(),
    };
    if colour && !text.is_empty() {
        return format!("\u{1b}[{code}m{text}\u{1b}[0m");
    }
    text.to_owned()
}

/// Keeps two words on one line where it stands between them; shown as a space.
pub const TIE: char = '\u{a0}';

/// Words in lines of at most `width` characters; a longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    for line in &mut lines {
        *line = line.replace(TIE, " ");
    }
    lines
}

/// A paragraph behind a label; further lines are indented to where the text starts.
pub fn paragraph(label: &str, text: &str) -> String {
    let indent = label.chars().count();
    let lines = wrapped(text, WIDTH.saturating_sub(indent));
    let mut out = format!("{label}{}\n", lines.first().map_or("", String::as_str));
    for line in lines.iter().skip(1) {
        let _ = writeln!(out, "{}{line}", " ".repeat(indent));
    }
    out
}

/// A cell in lines of at most `width`; what its first is indented by, the others are and two more.
fn hanging(text: &str, width: usize) -> Vec<String> {
    if text.chars().count() <= width {
        return vec![text.to_owned()];
    }
    let indent = text.chars().take_while(|c| *c == ' ').count();
    let room = width.saturating_sub(indent);
    let whole = |line: &String| shortened(line, room);
    let mut lines: Vec<String> = wrapped(text, room).iter().map(whole).collect();
    if indent > 0 && lines.len() > 1 {
        let first = lines.remove(0);
        lines = wrapped(&lines.join(" "), room - 2).iter().map(whole).collect();
        lines =
            std::iter::once(first).chain(lines.iter().map(|line| format!("  {line}"))).collect();
    }
    lines.iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
}

/// Text in at most `width` characters; an ellipsis stands for what is cut.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Characters of a line that are colour and take no room.
fn escapes(line: &str) -> usize {
    line.split('\u{1b}').skip(1).map(|part| part.find('m').map_or(1, |at| at + 2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Table {
        let mut table = Table::new(&[("Account", Align::Left), ("Equity", Align::Right)]);
        table.row(["a".into(), "1.00".into()]);
        table.row([Cell::toned("longer-one", Tone::Bad), "-12.50".into()]);
        table
    }

    #[test]
    fn columns_line_up() {
        let expected = "  Account     Equity\n  a             1.00\n  longer-one  -12.50\n";
        assert_eq!(two().text(false), expected);
        let coloured = two().text(true);
        assert!(coloured.contains("\u{1b}[1;31mlonger-one\u{1b}[0m  -12.50"), "{coloured}");
    }

    #[test]
    fn titles_of_two_lines_stand_on_the_last() {
        let mut table = Table::new(&[("Name", Align::Left), ("Initial\nmargin", Align::Right)]);
        table.row(["a".into(), "1".into()]);
        assert_eq!(table.text(false), "        Initial\n  Name   margin\n  a           1\n");
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let mut table = Table::new(&[("Name", Align::Left), ("Title", Align::Left)]);
        table.row(["x".into(), "word ".repeat(40).into()]);
        let mut numbers = Table::new(&[("Name", Align::Left), ("N", Align::Right)]);
        numbers.row(["name".repeat(40).into(), "1,234.00".into()]);
        for text in [table.text(false), numbers.text(false)] {
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        }
        assert!(table.text(false).lines().nth(2).unwrap().starts_with("        word"));
    }

    #[test]
    fn a_paragraph_hangs() {
        let text = paragraph("  label: ", &"word ".repeat(30));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("  label: word") && lines[1].starts_with("         word"));
    }
}
