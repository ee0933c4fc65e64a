//! Auto-deleveraging: who gives up profit when nobody else pays for what an account lost.
//!
//! A ranking says in which order ([`rank`]), a policy how much of each ([`haircut`]), and whole
//! contracts are made of that ([`contracts`]). The profit of the winners is the most that can be
//! taken ([`capacity`]). Sources: Chitra and others (2025), and the venues' own pages, each named
//! in its ranking.

pub mod capacity;
pub mod contracts;
pub mod haircut;
pub mod rank;

pub use capacity::{Capacity, overshoot};
pub use haircut::{Haircut, Weight, capped, pro_rata, queue, risk_aware};
pub use rank::{Ranked, Ranking};
