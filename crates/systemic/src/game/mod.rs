//! The game around liquidations: outsiders do the work if it pays them.
//!
//! - [`keepers`]: how many come, how often nobody does, and which bonus is cheapest
//! - [`race`]: a race in which losers pay too
//! - [`mod@fund`]: how large a fund is worth its cost

pub mod fund;
pub mod keepers;
pub mod race;

pub use fund::{Law, fund};
pub use keepers::{Bonus, Entry, Keepers};
pub use race::Race;
