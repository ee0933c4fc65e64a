//! `completions`: a script that completes our arguments in a shell.

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output::Answer;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs `completions`.
pub fn run(arguments: &CompletionsArgs) -> Result<Answer, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "keelmark", &mut out);
    let text = String::from_utf8(out)
        .map_err(|error| Failure::failed(format!("completions are not UTF-8: {error}")))?;
    Ok(text.into())
}
