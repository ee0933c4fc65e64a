//! `import okx`.

use super::replies::{self, ReplyArgs};
use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;

/// Runs `import okx`.
pub fn run(arguments: &ReplyArgs, screen: Screen) -> Result<Answer, Failure> {
    replies::run(arguments, keelmark_venues::okx::import, screen)
}
