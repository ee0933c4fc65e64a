//! `import deribit`.

use super::replies::{self, ReplyArgs};
use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;

/// Runs `import deribit`.
pub fn run(arguments: &ReplyArgs, screen: Screen) -> Result<Answer, Failure> {
    replies::run(arguments, keelmark_venues::deribit::replies, screen)
}
