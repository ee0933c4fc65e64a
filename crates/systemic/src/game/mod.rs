//! The game around liquidations: outsiders do the work if it pays them.
//!
//! In closed form:
//!
//! - [`keepers`]: how many come, how often nobody does, and which bonus is cheapest
//! - [`race`]: a race in which losers pay too
//! - [`mod@fund`]: how large a fund is worth its cost
//!
//! For keepers who differ, mechanisms of every kind and a book of accounts, in the order of a run:
//!
//! - [`mod@file`]: a game as a file; [`setting`]: what it holds
//! - [`price`], [`random`]: how the price moves while a lot waits; where draws come from
//! - [`lot`], [`mechanism`]: what is sold, and what is offered for how much and when
//! - [`contest`], [`solve`]: what a bid is worth against others, and how all bid in equilibrium
//! - [`offer`]: a keeper's strategy, as an engine calls it
//! - [`play`], [`mod@found`]: the game played, and what came of it
//! - [`collusion`], [`optimum`], [`limit`]: what agreements are worth, the best bonus or reserve,
//!   where the game stops to hold
//! - [`sweep`]: one or two parameters over a range

pub mod collusion;
pub mod contest;
pub mod file;
pub mod found;
pub mod fund;
pub mod keepers;
pub mod limit;
pub mod lot;
pub mod mechanism;
pub mod offer;
pub mod optimum;
pub mod play;
pub mod price;
pub(crate) mod quadrature;
pub mod race;
pub mod random;
pub mod setting;
pub mod solve;
pub mod sweep;

pub use found::{Failure, Fate, Found};
pub use fund::{Law, fund};
pub use keepers::{Bonus, Entry, Keepers};
pub use race::Race;
pub use setting::Game;

#[cfg(test)]
mod tests;
