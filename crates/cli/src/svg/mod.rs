//! Pictures as text: what every one of them begins with, and the few shapes they share.
//!
//! Written by hand, since text stays text that way: it can be searched, read aloud and printed.

mod chart;
mod matrix;

pub use chart::{Chart, Scale};
pub use matrix::matrices;

use std::fmt::Write as _;

/// An element of this size with a title for who does not see it, on white.
pub fn begun(width: usize, height: usize, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" \
         role=\"img\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        escaped(title)
    )
}

/// A text at a place.
pub fn text(out: &mut String, x: usize, y: usize, anchor: &str, style: &str, said: &str) {
    let said = escaped(said);
    let _ =
        writeln!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" {style}>{said}</text>");
}

/// Text that cannot end an element.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One, two, two and a half or five times a power of ten, no less than this.
pub fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let text = format!("{value:e}");
    let exponent = text.split_once('e').map_or("0", |(_, exponent)| exponent);
    let power: f64 = format!("1e{exponent}").parse().unwrap_or(1.0);
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.iter().map(|step| step * power).find(|one| *one >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_picture() {
        assert_eq!(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(round_up(0.0), 1.0);
        assert_eq!(round_up(123_456.0), 200_000.0);
        assert!((round_up(0.05) - 0.05).abs() < 1e-12);
        assert!((round_up(0.3) - 0.5).abs() < 1e-12);
    }
}
