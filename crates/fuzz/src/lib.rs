//! Every parser against mutated inputs: nothing may panic, no error may be mute.
//!
//! A target is a plain function of bytes; the runner mutates a corpus of valid samples with a
//! seeded generator, so a seed and a target name a failure on any machine. Coverage-guided fuzzing
//! was passed over: it needs a nightly toolchain, and our parsers are shallow enough that samples
//! of every format with hostile numbers in them reach what there is.
//!
//! It refuses to do: writing files, and hiding an input (a failure prints it, shortened).
//!
//! Modules: [`target`] the parsers and what must hold, [`corpus`] the samples, [`mutate`] the
//! hostility, [`random`] the generator, [`runner`] the loop that catches panics, [`venues`] replies
//! and names of venues.

pub mod corpus;
mod histories;
mod listed;
pub mod mutate;
pub mod random;
pub mod runner;
mod snapshot;
mod stream;
pub mod target;
pub mod venues;
mod walks;

pub use runner::{Failure, Limit, Report, run};
pub use target::{TARGETS, Target};
