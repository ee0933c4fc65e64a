//! What can be asked of the engine: one line of a command file, one record of the journal.
//!
//! A command is from someone, numbered by him, dated, and does one thing. Its JSON is the only
//! form in which commands are written down: files, standard input and the journal hold the same
//! lines.

use crate::account::Mode;
use crate::governance;
use crate::interest::Terms;
use crate::limits::Whose;
use crate::outflow::{self, Cap};
use crate::stop::{On, When};
use crate::{delivery, feed, funding, liquidation};
use keelmark_book::{Asset, Money, Price, Quantity, Rate, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Who sends it. Each sender numbers his own commands.
    pub from: String,
    /// Its number, above every earlier one of this sender; repeated, it gets the first answer.
    pub number: u64,
    /// When it happens. Time does not go back from one command to the next.
    pub at: Timestamp,
    /// What it does.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Makes a margin document known, by its name and version.
    Model(Model),
    /// Lists an instrument, with its first quote.
    List(Listing),
    /// Says the index price of an asset.
    Index(Index),
    /// Says the mark of an instrument.
    Mark(Mark),
    /// Opens an account.
    Open(Open),
    /// Closes an empty account.
    Close {
        /// Which account.
        account: String,
    },
    /// Moves an account to another mode or document.
    Mode {
        /// Which account.
        account: String,
        /// How its positions share collateral from now on.
        mode: Mode,
        /// Name of its margin document from now on.
        model: String,
    },
    /// Brings an amount in from outside.
    Deposit(Cash),
    /// Takes an amount out.
    Withdraw(Cash),
    /// Moves an amount between two accounts.
    Transfer {
        /// Whose it was.
        from: String,
        /// Whose it is.
        to: String,
        /// Which asset.
        asset: Asset,
        /// How much.
        amount: Money,
    },
    /// Gives an isolated position more collateral, or takes some back.
    Margin {
        /// Which account.
        account: String,
        /// Which position.
        instrument: String,
        /// How much more; below zero it goes back to the account.
        amount: Money,
    },
    /// Places an order.
    Place(Place),
    /// Cancels an order.
    Cancel {
        /// Whose order.
        account: String,
        /// Its number.
        order: u64,
    },
    /// Changes what is open of an order, or its price.
    Amend {
        /// Whose order.
        account: String,
        /// Its number.
        order: u64,
        /// Contracts open from now on, buy above zero.
        quantity: Quantity,
        /// Limit price from now on; absent for a market order.
        price: Option<Price>,
    },
    /// Two accounts trade with each other.
    Trade(Trade),
    /// Sets how large positions may become.
    Limit(Limit),
    /// Makes accounts count together, with their sub-accounts.
    Link {
        /// Name of the group.
        group: String,
        /// Who is of it from now on; whoever was of another group leaves that.
        accounts: Vec<String>,
    },
    /// Takes accounts, with their sub-accounts, out of their groups.
    Unlink {
        /// Who.
        accounts: Vec<String>,
    },
    /// Places an order that waits for a price.
    Stop(PlaceStop),
    /// Cancels one that waits.
    CancelStop {
        /// Whose.
        account: String,
        /// Its number.
        order: u64,
    },
    /// Sets when margin calls are made.
    Alerts(Alerts),
    /// Sets how much may leave within a window.
    Outflow {
        /// Which asset.
        asset: Asset,
        /// Whose withdrawals count.
        #[serde(rename = "for")]
        whose: outflow::Whose,
        /// The limit from now on; absent for none, or for that of every account.
        cap: Option<Cap>,
    },
    /// Sets what it costs to owe an asset.
    Interest {
        /// Which asset.
        asset: Asset,
        /// The terms from now on; absent where it costs nothing.
        terms: Option<Terms>,
    },
    /// Sets how fast the venue's rules may become looser.
    Governance(governance::Rule),
    /// Announces that accounts come under another version of their document.
    ChangeModel(ChangeModel),
    /// Cancels an announced change that has not begun.
    CancelChange {
        /// Its number.
        change: u64,
    },
    /// Charges the interest that is due.
    Accrue {
        /// On which asset; on all when absent.
        asset: Option<Asset>,
    },
    /// Time passes, and nothing else.
    Time,
    /// Says how a price is made of several sources.
    Feed {
        /// The price of what.
        of: Of,
        /// How; absent, the price is told again.
        rule: Option<feed::Rule>,
    },
    /// Says what one source of a feed reads.
    Reading(Reading),
    /// Pays the funding of a perpetual.
    Funding(Funding),
    /// Says how a perpetual's funding rate is made of premiums.
    FundingRule {
        /// Which perpetual.
        instrument: String,
        /// How; absent, the rate is told again.
        rule: Option<funding::Rule>,
    },
    /// Says how settlement prices of an underlying are made.
    Settlement {
        /// Which underlying.
        asset: Asset,
        /// How.
        rule: delivery::Rule,
    },
    /// Settles an instrument whose end has come and whose index was not there.
    Settle {
        /// Which instrument.
        instrument: String,
        /// At which price, in quote currency.
        price: Option<Price>,
    },
    /// Announces the end of an instrument.
    Delist {
        /// Which instrument.
        instrument: String,
        /// When.
        at: Timestamp,
        /// At which price.
        rule: delivery::Last,
    },
    /// Ends a change that has begun where it is now.
    HoldChange {
        /// Its number.
        change: u64,
    },
    /// Sets how accounts are liquidated.
    Liquidation {
        /// Under which document, by its name; under all without a rule of their own when absent.
        model: Option<String>,
        /// How; absent, not at all.
        rule: Option<Box<liquidation::Rule>>,
    },
    /// Takes part of a position that a liquidation offers.
    Take(Take),
    /// Brings an amount from outside into an insurance fund, or, below zero, takes it out.
    Fund {
        /// Its name, as a rule says it; absent for the shared one.
        fund: Option<String>,
        /// Which asset.
        asset: Asset,
        /// How much; no more is taken out than is there.
        amount: Money,
    },
    /// Bids in the auction of an account that is being liquidated.
    Bid(Bid),
}

/// A bid in the auction of an account that is being liquidated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bid {
    /// The account that is auctioned.
    pub account: String,
    /// Who bids.
    pub by: String,
    /// The most that he takes of all that is for sale, where shares of it are sold.
    pub share: Option<Rate>,
    /// The most that he takes otherwise: of the asset that is sold, or of the debt he repays.
    pub amount: Option<Money>,
    /// The most that he pays: for all that is for sale, or for one unit of the asset that is sold.
    /// Below zero it is the least that he is paid. Absent, whatever is asked.
    pub limit: Option<Money>,
}

/// Part of a position that a liquidation offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// The account that is liquidated.
    pub account: String,
    /// Who takes it.
    pub by: String,
    /// Contracts, above zero, up to what is offered.
    pub quantity: Quantity,
    /// Price in the mark's unit, the offer's limit or better for the account.
    pub price: Price,
}

/// What a feed is the price of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// The index of an asset, in US dollars.
    Asset(Asset),
    /// The mark of an instrument, in its own unit; of no option, whose mark is not all.
    Instrument(String),
}

/// What one source reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The price of what.
    pub of: Of,
    /// Which source.
    pub source: String,
    /// Its price.
    pub price: Price,
    /// How sure it is, 0 to 1; 1 when absent.
    pub confidence: Option<Rate>,
    /// When it saw it; when the command comes, if absent.
    pub time: Option<Timestamp>,
}

/// Funding of a perpetual: a rate or an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Funding {
    /// Which perpetual.
    pub instrument: String,
    /// What longs pay, as a share of the position's value; below zero shorts pay.
    pub rate: Option<Rate>,
    /// The price of that value, in the mark's unit; the mark when absent.
    pub price: Option<Price>,
    /// What longs pay for each contract, in the settlement asset; instead of a rate.
    pub amount: Option<Money>,
}

/// A margin document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name of a built-in document, where `text` is not given.
    pub name: Option<String>,
    /// The document itself, in TOML.
    pub text: Option<String>,
    /// Digest that it must have: a replay under another build must not run another model.
    pub digest: Option<String>,
}

/// Another version of a document, for the accounts that are under one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeModel {
    /// Name of the document.
    pub model: String,
    /// The version that accounts are under; the latest of those in use when absent.
    pub from: Option<String>,
    /// The version, known already, that they come to be under; one they were under before, too.
    pub version: String,
    /// When it begins; now when absent.
    pub at: Option<Timestamp>,
    /// From then until it is complete, in seconds.
    #[serde(default)]
    pub over_seconds: u32,
    /// In how many steps, 1 to 366; 1 when absent.
    pub steps: Option<u32>,
}

/// An instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Canonical symbol, such as `deribit:BTC/USD:BTC-260327-70000-C`.
    pub instrument: String,
    /// Base units a contract; face in quote currency for inverse perpetuals and futures.
    pub contract_size: Quantity,
    /// Smallest step of a position, in contracts.
    pub lot: Quantity,
    /// The instant of expiry where it is not 08:00 UTC of the symbol's date.
    pub expiry: Option<Timestamp>,
    /// First mark, in the instrument's own unit.
    pub mark: Price,
    /// Implied volatility of the mark, as a fraction. Options only.
    pub iv: Option<f64>,
    /// Forward of its expiry, in quote currency. Options only.
    pub forward: Option<Price>,
}

/// The index price of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Which asset.
    pub asset: Asset,
    /// Price in US dollars.
    pub price: Price,
    /// How sure the source is, 0 to 1; 1 when absent.
    pub confidence: Option<Rate>,
}

/// The mark of an instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Which instrument.
    pub instrument: String,
    /// The mark, in the instrument's own unit.
    pub mark: Price,
    /// Implied volatility of the mark, as a fraction. Options only; kept when absent.
    pub iv: Option<f64>,
    /// Forward of its expiry, in quote currency. Options only; kept when absent.
    pub forward: Option<Price>,
}

/// A new account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Its name.
    pub account: String,
    /// The account it is a part of.
    pub parent: Option<String>,
    /// How its positions share collateral.
    pub mode: Mode,
    /// Name of its margin document.
    pub model: String,
}

/// An amount of an asset in or out of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cash {
    /// Which account.
    pub account: String,
    /// Which asset.
    pub asset: Asset,
    /// How much.
    pub amount: Money,
}

/// A new order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Whose order.
    pub account: String,
    /// The venue's number of it, never used before.
    pub order: u64,
    /// Which instrument.
    pub instrument: String,
    /// Contracts, buy above zero.
    pub quantity: Quantity,
    /// Limit price in the mark's unit; absent for a market order.
    pub price: Option<Price>,
    /// Whether it may only bring the position towards zero.
    #[serde(default)]
    pub reduce_only: bool,
    /// Whether what it fills stands on collateral of its own; so it does in isolated mode.
    #[serde(default)]
    pub isolated: bool,
}

/// An order that waits for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceStop {
    /// Whose.
    pub account: String,
    /// The venue's number of the order that it becomes, never used before.
    pub order: u64,
    /// Which instrument.
    pub instrument: String,
    /// When it triggers.
    pub when: When,
    /// Which price it looks at; the mark when absent.
    #[serde(default)]
    pub on: On,
    /// Contracts, buy above zero; absent for the position as it is when it triggers.
    pub quantity: Option<Quantity>,
    /// Limit price of its order, in the mark's unit; absent for a market order.
    pub price: Option<Price>,
    /// Whether its order may also open a position, and is then checked like any other.
    #[serde(default)]
    pub may_open: bool,
    /// Whether its order is about the position on collateral of its own; so it is in isolated mode.
    #[serde(default)]
    pub isolated: bool,
    /// The number of a stop that waits: when one of both triggers, the other is cancelled.
    pub other: Option<u64>,
}

/// When margin calls are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Of whom; of everybody without alerts of his own when absent.
    pub account: Option<String>,
    /// Shares of margin used, rising, up to 1; absent for those of everybody, or 0.8, 0.9 and 1.
    pub levels: Option<Vec<Rate>>,
    /// How far below a level margin used must fall before it is called again; 0.05 when absent.
    pub step: Option<Rate>,
}

/// Limits of an instrument, in place of those of the same `for` before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Which instrument.
    pub instrument: String,
    /// What they are about.
    #[serde(rename = "for")]
    pub whose: Whose,
    /// The most contracts; absent without limit.
    pub contracts: Option<Quantity>,
    /// The most that they may be worth at the index price of the base asset, in the market's
    /// currency; absent without limit.
    pub notional: Option<Money>,
}

/// A trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    /// Which instrument.
    pub instrument: String,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// Price in the mark's unit.
    pub price: Price,
    /// Who buys.
    pub buyer: Side,
    /// Who sells.
    pub seller: Side,
}

/// One side of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Which account.
    pub account: String,
    /// The order that is filled, if one was placed.
    pub order: Option<u64>,
    /// Fee in the settlement asset; below zero it is paid a rebate.
    #[serde(default)]
    pub fee: Money,
    /// Whether it stands on collateral of its own, where there is no order to say so.
    #[serde(default)]
    pub isolated: bool,
}
