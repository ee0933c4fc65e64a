//! `man`: the manual page of the program, or of one command.

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output::Answer;
use clap::{Args, CommandFactory};
use keelmark_book::instruments::nearest;

/// Arguments of `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The command, such as `models diff`; the program itself where none is given
    command: Vec<String>,
}

/// Runs `man`.
pub fn run(arguments: &ManArgs) -> Result<Answer, Failure> {
    let mut command = Arguments::command();
    command.build();
    for name in &arguments.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let near = nearest(name, known.into_iter(), 3);
            let near = match near.join(", ") {
                none if none.is_empty() => none,
                near => format!("; nearest known: {near}"),
            };
            Failure::usage(format!("man: unknown command {name:?}{near}")).next("keelmark --help")
        })?;
    }
    let failed = |error| Failure::failed(format!("cannot write the manual page: {error}"));
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out).map_err(failed)?;
    let text = String::from_utf8(out)
        .map_err(|error| Failure::failed(format!("the manual page is not UTF-8: {error}")))?;
    Ok(text.into())
}
