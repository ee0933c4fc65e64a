//! `import binance`.

use super::replies::{self, ReplyArgs};
use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;

/// Runs `import binance`.
pub fn run(arguments: &ReplyArgs, screen: Screen) -> Result<Answer, Failure> {
    replies::run(arguments, keelmark_venues::binance::import, screen)
}
