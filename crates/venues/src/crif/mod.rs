//! CRIF: files of sensitivities as they pass between dealers, in and out.
//!
//! One row is one sensitivity; the header names the columns in any order, tabs or commas between
//! them. One `PortfolioID` is one account. What becomes of each `RiskType`:
//!
//! | `RiskType` | class | measure |
//! | --- | --- | --- |
//! | `Risk_IRCurve`, `Risk_IRVol` | `IR` | delta by tenor and sub-curve, vega |
//! | `Risk_Inflation`, `Risk_InflationVol` | `IR`, sub-curve `inflation` | delta, vega |
//! | `Risk_XCcyBasis` | `IR`, sub-curve `basis` | delta |
//! | `Risk_CreditQ`, `Risk_CreditVol` | `CreditQ` | delta, vega |
//! | `Risk_BaseCorr` | `CreditQ` | base correlation |
//! | `Risk_CreditNonQ`, `Risk_CreditVolNonQ` | `CreditNonQ` | delta, vega |
//! | any other `Risk_X`, `Risk_XVol` | `X` | delta, vega |
//! | `Param_ProductClassMultiplier` | | multiplier of the product class in `Qualifier` |
//! | `Param_AddOnNotionalFactor`, `Notional` | | percentage of a notional, the notional |
//! | `Param_AddOnFixedAmount` | | fixed add-on |
//!
//! Any other type, and any row whose `IMModel` is not a sensitivities model, is **refused** with
//! its line; asked to, [`import`](import()) leaves such rows out and says how many of each.
//!
//! Amounts are in US dollars: `AmountUSD`, or `Amount` where `AmountCurrency` is `USD`. There is no
//! exchange rate here, so any other row is refused. No numbers of any calibration are here either.
//!
//! ```
//! use keelmark_venues::crif;
//! let text = "PortfolioID,RiskType,Qualifier,Bucket,AmountUSD
//! desk,Risk_Equity,ACME,3,1500
//! desk,Risk_Equity,ACME,3,-500.25
//! ";
//! let found = crif::import("book.csv", text.as_bytes(), crif::Unknown::Refuse)?;
//! let held = &found.book.accounts[0].sensitivities;
//! assert_eq!((held.len(), held[0].amount.to_string()), (1, "999.75".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules: [`reader`] rows as they stand, [`risk`] types, [`net`](net()) rows to sums,
//! [`import`](import()) sums to a book, [`write`](write()) accounts to rows.

mod ends;
mod import;
mod keys;
mod net;
pub mod reader;
pub mod risk;
mod write;

pub use import::{Imported, import};
pub use net::{Account, Netted, Sum, Unknown, net};
pub use reader::{Reader, Row};
pub use write::write;
