//! What the person at the terminal sees besides the answer: notes, warnings, errors, colour.

use crate::arguments::{Arguments, Colour};
use crate::failure::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Characters of a bar.
const BAR: usize = 30;

/// How to talk to the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether the answer may be coloured.
    pub colour: bool,
    quiet: bool,
}

impl Screen {
    /// As the arguments and the environment say: colour only on a terminal, never with `NO_COLOR`.
    pub fn new(arguments: &Arguments) -> Self {
        let colour = match arguments.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !refused && std::io::stdout().is_terminal()
            }
        };
        Self { colour, quiet: arguments.quiet }
    }

    /// Without colour or notes, for text that is kept.
    pub fn plain() -> Self {
        Self { colour: false, quiet: true }
    }

    /// Tells something on standard error, unless told to be quiet.
    pub fn note(self, text: &str) {
        if !self.quiet {
            eprintln!("note: {text}");
        }
    }

    /// Tells which step of a long piece of work begins, on a terminal only.
    pub fn progress(self, step: &str) {
        if !self.quiet && std::io::stderr().is_terminal() {
            eprintln!("… {step}");
        }
    }

    /// Waits until `done` says that all are, with a bar on a terminal once it has taken longer
    /// than `patience`.
    pub fn bar(self, what: &str, all: usize, patience: Duration, done: impl Fn() -> usize) {
        if self.quiet || !std::io::stderr().is_terminal() {
            return;
        }
        let start = Instant::now();
        let mut drawn = false;
        while done() < all {
            std::thread::sleep(Duration::from_millis(50));
            if start.elapsed() >= patience {
                let filled = done() * BAR / all.max(1);
                let (full, empty) = ("#".repeat(filled), "-".repeat(BAR - filled));
                eprint!("\r  [{full}{empty}] {} of {all} {what}", done());
                drawn = true;
            }
        }
        if drawn {
            eprintln!();
        }
    }

    /// A bar of so many things that are counted, said as in `{pos} of {len} accounts`; drawn on a
    /// terminal, unless told to be quiet.
    pub fn count(self, all: u64, said: &str) -> ProgressBar {
        let hidden = ProgressDrawTarget::hidden();
        let target = if self.quiet { hidden } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(all), target);
        match ProgressStyle::with_template(&format!("{{bar:40}} {said}, {{eta}}")) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// Tells several things.
    pub fn notes(self, texts: &[String]) {
        for text in texts {
            self.note(text);
        }
    }
}

/// Tells what went wrong, and what to try; quiet or not.
pub fn failure(failure: &Failure) {
    eprintln!("error: {}", failure.text);
    if let Some(next) = &failure.next {
        eprintln!("  try: {next}");
    }
}
