//! `import ccxt`.

use super::replies::{self, ReplyArgs};
use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::Args;

/// Arguments of `import ccxt`.
#[derive(Args, Debug)]
pub struct CcxtArgs {
    /// The exchange of the structures, in small letters as ccxt has it: no structure says it
    #[arg(long, value_name = "NAME")]
    exchange: String,
    #[command(flatten)]
    replies: ReplyArgs,
}

/// Runs `import ccxt`.
pub fn run(arguments: &CcxtArgs, screen: Screen) -> Result<Answer, Failure> {
    let read = |files: &[(&str, &[u8])], market: Option<&_>, as_of| {
        keelmark_venues::ccxt::import(&arguments.exchange, files, market, as_of)
    };
    replies::run(&arguments.replies, read, screen)
}
