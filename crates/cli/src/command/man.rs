//! `man`: the manual page of the program, or of one command.

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output::Answer;
use clap::{Args, CommandFactory};

/// Arguments of `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The command; the program itself where none is given
    command: Option<String>,
}

/// Runs `man`.
pub fn run(arguments: &ManArgs) -> Result<Answer, Failure> {
    let mut command = Arguments::command();
    command.build();
    if let Some(name) = &arguments.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| {
            Failure::usage(format!("man: unknown command {name:?}")).next("keelmark --help")
        })?;
    }
    let failed = |error| Failure::failed(format!("cannot write the manual page: {error}"));
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out).map_err(failed)?;
    let text = String::from_utf8(out)
        .map_err(|error| Failure::failed(format!("the manual page is not UTF-8: {error}")))?;
    Ok(text.into())
}
