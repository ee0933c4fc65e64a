//! What is traded and what is held: instruments, a dated market, portfolios.
//!
//! One structured [`Instrument`] is the truth; every spelling of its name is a view of it. A
//! [`Market`] is a snapshot with the age of each feed; a [`Portfolio`] is one account's
//! collateral, positions and open orders, referring to the market's instruments by id.
//!
//! It refuses to do: pricing (that is `pricing`), venue file formats (that is `venues`), and
//! guessing: an unknown name is an error with the nearest known ones, a missing price is never
//! zero.
//!
//! ```
//! use keelmark_book::{read, Quantity};
//! let market = read::market_csv("m.csv", b"instrument,mark,iv,forward,contract_size,lot,as_of
//! BTC,70000,,,,,2026-03-13T19:00:00Z
//! deribit:BTC/USD:BTC,70010,,,1,10,2026-03-13T19:00:00Z
//! ")?;
//! let book = read::book_csv("b.csv", b"account,instrument,qty,avg_price
//! me,BTC,1.5,
//! me,deribit:BTC/USD:BTC,-20000,69000
//! ", &market)?;
//! assert_eq!(book.accounts[0].positions[0].quantity, Quantity::from_int(-20000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules: [`asset`], [`instrument`] and its [`symbol`], [`instruments`] the registry,
//! [`market`] with its rarer [`detail`] and [`lent`] what lending pools say, [`portfolio`] with its
//! given [`mod@sensitivity`] rows, [`profit`] what a position is worth, [`settlement`] what it pays
//! at expiry, [`read`] and [`write`](mod@write) our own CSV and JSON formats, [`input`] what an
//! error in them says.

pub mod asset;
pub mod detail;
pub mod input;
pub mod instrument;
pub mod instruments;
pub mod lent;
pub mod market;
pub mod portfolio;
pub mod profit;
pub mod read;
pub mod sensitivity;
pub mod settlement;
pub mod symbol;
pub mod write;

pub use asset::Asset;
pub use detail::Detail;
pub use input::InputError;
pub use instrument::{Instrument, Kind, Right};
pub use instruments::{InstrumentId, Instruments, UnknownInstrument};
pub use keelmark_units::{
    Decimal, Money, Overflow, Price, Quantity, Rate, Round, Timestamp, time::SECONDS_PER_YEAR,
};
pub use lent::Lent;
pub use market::{GivenRow, Market, Quote};
pub use portfolio::{Balance, Book, Isolation, Order, Portfolio, Position};
pub use sensitivity::Sensitivity;
