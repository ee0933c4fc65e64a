//! The live engine over a journal: what is answered is on disk.
//!
//! One writer: a batch of commands is applied, appended to the journal with the state root that it
//! led to, flushed once, and only then answered. After a crash the latest snapshot is restored and
//! what came after it is applied again; every root on the way must be the one that was written.
//!
//! Rejected: journaling events or balances. Commands are smaller, and replaying them proves that
//! the engine still does what it did.
//!
//! It refuses to do: answering what is not flushed, going on after a failure of the journal, and
//! starting from a journal that this build replays to another root.
//!
//! - [`record`]: what one record of the log says
//! - [`machine`]: the writer
//! - [`replay`]: from a journal to an engine, checking every root
//! - [`error`]: what can go wrong

pub mod error;
pub mod machine;
pub mod record;
pub mod replay;

pub use error::DurableError;
pub use machine::{Durable, Recovered};
pub use record::Record;
