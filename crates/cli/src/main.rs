//! The binary `keelmark`: arguments in, one answer out.
//!
//! Data goes to standard output, everything else to standard error. A command computes its whole
//! answer before anything is written, so that a failure half way leaves no half answer behind.
//! Exit codes: 0 fine, 1 failed, 2 usage, 3 bad input, 4 an account fails the check, 5 results
//! differ.
//!
//! A file a command under `command/`; what they share: `inputs` books and prices, `histories`
//! what scenarios are made from, `models` documents by name or path, `made` what
//! they were made from, `screen` notes and colour,
//! `output` formats, `table` and `number` text for people, `page` models in Markdown, `svg` the
//! matrix as a picture, `failure` errors and exit codes, `bench` speed.

mod arguments;
mod bench;
mod command;
mod failure;
mod histories;
mod html;
mod inputs;
mod made;
mod models;
mod number;
mod output;
mod page;
mod screen;
mod svg;
mod table;

use arguments::Arguments;
use clap::Parser;
use failure::Failure;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let screen = screen::Screen::new(&arguments);
    match command::run(&arguments.command, screen).and_then(|answer| print(&answer)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            screen::failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}

/// Writes an answer; a reader that went away, as `head` does, is no failure.
fn print(answer: &output::Answer) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(answer.text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(answer.code),
    }
}
