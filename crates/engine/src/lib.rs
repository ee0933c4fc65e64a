//! The live engine: a venue's accounts as a function of its commands.
//!
//! Commands in, events out, one plain loop. Time, prices and everything random come in as
//! commands, so a replay of the same commands gives the same state to the last bit, on every
//! machine. A command is checked whole before anything changes; what is refused leaves the state
//! as it was and is answered with its reason and numbers. Every amount that moves leaves one place
//! and arrives at another.
//!
//! Rejected: floats and averages in the ledger (their rounding makes money), errors for refusals
//! (a venue must record what it refused), and threads inside the loop.
//!
//! It refuses to do: reading clocks, files or networks, matching orders, and margin formulas of its
//! own: it asks [`keelmark_margin`].
//!
//! ```
//! use keelmark_engine::{Command, Engine};
//! let mut engine = Engine::default();
//! let mut said = String::new();
//! for (number, action) in [
//!     r#"{"model":{"name":"cross"}}"#,
//!     r#"{"open":{"account":"me","mode":"cross","model":"cross"}}"#,
//!     r#"{"deposit":{"account":"me","asset":"USDC","amount":"5000"}}"#,
//!     r#"{"withdraw":{"account":"me","asset":"USDC","amount":"6000"}}"#,
//! ].iter().enumerate() {
//!     let (number, at) = (number + 1, "2026-03-13T19:00:00Z");
//!     let line = format!(r#"{{"from":"desk","number":{number},"at":"{at}","do":{action}}}"#);
//!     let command: Command = serde_json::from_str(&line)?;
//!     said = engine.apply(&command)?.answer().events[0].to_string();
//! }
//! assert_eq!(said, "refused: account me has 5000 USDC, and 6000 is wanted");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where things are, in the order of one command: [`command`] what can be asked; [`engine`] the
//! loop; `action` one file a family, from the state to a change; `change` what would be done;
//! [`standing`] what the margin computation says of it, of accounts as `reckoned`, some of them
//! `kept` from one look to the next; [`state`] all that is known, with [`account`]s and the
//! [`ledger`]; [`event`] the answer, [`refusal`] the other one. [`position`] is the arithmetic of
//! fills, `posted` the collateral of positions that stand alone.
//!
//! What the state keeps beside them, a topic a file: [`limits`] of positions and who counts
//! together, [`mod@stop`] orders, [`watch`] margin calls, [`outflow`] limits, [`interest`].
//! [`governance`] is how all of these, and documents, may change. `consequence` is what follows
//! from a command by itself.
//!
//! [`liquidation`] is what becomes of accounts that fail.
//!
//! What time does by itself is on the [`agenda`]: prices of several sources, in [`feed`], turn
//! stale; [`funding`] is paid; instruments settle, in [`delivery`], at an [`average`].
//!
//! Beside it: [`root`] one hash that says all of a state, with proofs for accounts; [`snapshot`]
//! the engine as bytes and back; `parts` the list of what both hold.

pub mod account;
mod action;
pub mod agenda;
pub mod average;
mod change;
mod clock;
pub mod command;
mod consequence;
pub mod delivery;
pub mod engine;
pub mod event;
pub mod feed;
pub mod funding;
pub mod governance;
pub mod interest;
mod kept;
pub mod ledger;
pub mod limits;
pub mod liquidation;
pub mod outflow;
mod parts;
pub mod position;
mod posted;
mod reckoned;
pub mod refusal;
pub mod root;
pub mod snapshot;
pub mod standing;
pub mod state;
mod step;
pub mod stop;
pub mod watch;

pub use account::{Account, AccountId};
pub use command::{Action, Command};
pub use engine::{Applied, Broken, Engine};
pub use event::{Answer, Event};
pub use refusal::Refusal;
pub use root::{Proof, Root};
pub use state::State;
