//! What happens when an account fails, as rules without a state: how much is closed, at which
//! price, who takes it over, and who pays for what is left.
//!
//! The engine asks these functions and books what they answer; a simulation of the game around
//! liquidations asks the same ones. Amounts are exact, and every division says where it rounds:
//! against the account that fails, or against whoever asks to be paid.
//!
//! - [`price`]: bankruptcy and liquidation prices of a position, what a close costs
//! - [`size`]: the smallest close that restores a target
//! - [`auction`]: price curves, bids for a slice, bids for a whole portfolio
//! - [`spread`]: fixed incentives, and the line past which a liquidation makes things worse
//! - [`pool`]: deposits that stand ready to absorb debts
//! - [`fund`]: an insurance fund's account
//! - [`adl`]: who gives up profit when nobody else pays
//!
//! It refuses to do: reading markets or accounts, and choosing among the rules.
//!
//! ```
//! use keelmark_liquidation::adl;
//! let winners = ["8", "4", "0.5"].map(|text| text.parse().expect("a number"));
//! let found = adl::pro_rata(&winners, "7.5".parse()?)?;
//! let seized: Vec<String> = found.seized.iter().map(ToString::to_string).collect();
//! assert_eq!(seized, ["4.8", "2.4", "0.3"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod adl;
pub mod auction;
mod error;
pub mod fund;
pub mod pool;
pub mod price;
pub mod size;
pub mod spread;

pub use error::LiquidationError;
