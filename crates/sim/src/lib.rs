//! Seeded simulation of a venue's life, and a naive engine to compare with.
//!
//! One seed gives one stream of commands: accounts opened and closed, cash in and out, orders,
//! trades, price jumps, funding, bursts, repeated and hostile commands. Each goes to the engine and
//! to a reference that keeps whole histories and adds them up again at every question, in big
//! integers; and, in batches, to the durable engine on a simulated disk that stops, tears, fills
//! and fails. All must answer alike and hold the same; a difference prints seed and step.
//!
//! Rejected: comparing with a second fast engine. What is written the same way fails the same way.
//!
//! It refuses to do: anything that a seed does not decide.
//!
//! - [`random`]: the generator, by name, so that seeds mean the same for ever
//! - [`workload`]: the stream of commands
//! - [`mod@reference`]: the naive engine
//! - [`facts`]: what both say of what follows from a command by itself
//! - [`holdings`]: what an account holds there, in big integers
//! - [`mod@disk`]: the engine over its journal on a disk that fails
//! - [`incidents`]: days that the engine must survive
//! - [`run`]: all of them side by side
//! - [`keepers`]: a game around liquidations, as theory, as play, and as the engine plays it

mod clock;
pub mod disk;
pub mod facts;
mod funding;
pub mod holdings;
pub mod incidents;
pub mod keepers;
pub mod random;
pub mod reference;
pub mod run;
pub mod workload;
