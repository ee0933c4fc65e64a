//! A page that stands alone: no script, no font, nothing fetched; it prints as it looks.

use crate::svg::escaped;
use std::fmt::Write as _;

/// Quiet type, tables whose numbers line up, and pictures no wider than the page.
const STYLE: &str = "
body{font:15px/1.5 system-ui,sans-serif;color:#1b1f24}
body{max-width:1000px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
p{margin:.4rem 0}p.note{color:#57606a;font-size:13px}
p.alarm{border-left:4px solid #ca0020;padding-left:.7rem}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:.6rem 0}
th,td{padding:.2rem .5rem;border-bottom:1px solid #e3e3e3;text-align:right;white-space:nowrap}
th{border-bottom:2px solid #999;font-weight:600;white-space:normal;vertical-align:bottom}
th:first-child,td:first-child{text-align:left}
td.words{text-align:left;white-space:normal}
td.good{color:#1a7f37}td.bad{color:#ca0020;font-weight:600}
svg{max-width:100%;height:auto;margin:.5rem 0}.wide{overflow-x:auto}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}svg,table{break-inside:avoid}}
";

/// A page being written, from its title down.
pub struct Page(String);

/// One cell of a table, and whether it is good or bad news.
pub struct Cell {
    text: String,
    news: &'static str,
}

impl Cell {
    /// Neither good nor bad.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), news: "" }
    }

    /// Words that may take several lines.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), news: " class=\"words\"" }
    }

    /// Good or bad news.
    pub fn judged(text: impl Into<String>, good: bool) -> Self {
        Self { text: text.into(), news: if good { " class=\"good\"" } else { " class=\"bad\"" } }
    }
}

impl Page {
    /// Begins with a title.
    pub fn new(title: &str) -> Self {
        let title = escaped(title);
        Self(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        ))
    }

    /// A heading of the second rank.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escaped(text));
    }

    /// A paragraph.
    pub fn said(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p>{}</p>", escaped(text));
    }

    /// A paragraph in small type: what a number means, where it is from.
    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p class=\"note\">{}</p>", escaped(text));
    }

    /// A paragraph that must not be missed.
    pub fn alarm(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p class=\"alarm\">{}</p>", escaped(text));
    }

    /// A table: the first column is words, the others numbers.
    pub fn table(&mut self, titles: &[&str], rows: Vec<Vec<Cell>>) {
        self.0.push_str("<div class=\"wide\"><table>\n<thead><tr>");
        for title in titles {
            let _ = write!(self.0, "<th scope=\"col\">{}</th>", escaped(title));
        }
        self.0.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.0.push_str("<tr>");
            for Cell { text, news } in row {
                let _ = write!(self.0, "<td{news}>{}</td>", escaped(&text));
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</tbody></table></div>\n");
    }

    /// A picture, as an `svg` element.
    pub fn picture(&mut self, svg: &str) {
        self.0.push_str(svg);
    }

    /// The whole page.
    pub fn done(mut self) -> String {
        self.0.push_str("</body>\n</html>\n");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_can_end_an_element() {
        let mut page = Page::new("a <script>");
        page.said("<b> & \"c\"");
        page.table(&["<x>", "y"], vec![vec![Cell::plain("<y>"), Cell::judged("3", false)]]);
        let text = page.done();
        assert!(!text.contains("<script") && !text.contains("<b>") && !text.contains("<y>"));
        assert!(text.contains("<td class=\"bad\">3</td>"));
        assert!(text.trim_end().ends_with("</html>"));
    }
}
