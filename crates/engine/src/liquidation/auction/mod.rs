//! Auctions of an account that is being liquidated: a share of it, or what it holds against what
//! it owes, sold to other accounts.
//!
//! - `portfolio`: shares of a whole pool at a falling share of its worth, or, where it is worth
//!   nothing, against a rising payment by the insurance fund
//! - `batch`: shares of a pool for sealed bids, cleared at one price
//! - `collateral`: what is held, for what is owed, at a falling price
//! - `spread`: what is held, for what is owed, at a discount
//! - `bidding`: a bid; `share`: how a share passes; `loan`: what is owed and held
//! - `clock`: how long an auction has run
//!
//! What is asked and how much a bid gets is computed by [`keelmark_liquidation`]; what is here
//! books it. Every phase has an end and there are only so many, so that time alone ends an auction.

mod batch;
mod bidding;
mod clock;
mod collateral;
mod fact;
mod loan;
mod portfolio;
mod share;
mod spread;

pub use batch::{Batch, Sealed};
pub(crate) use bidding::bid;
use bidding::{Bidding, none_held};
pub use clock::{Clock, Stale};
pub use collateral::{Collateral, Fall};
pub use fact::{Asked, Auctioned, Lot, Repay};
pub use portfolio::Portfolio;
pub use spread::{Discount, Spread};

use super::step::Failing;
use super::{Fact, Offer, Process, Rule, Stage, begin};
use crate::account::AccountId;
use crate::agenda::{after, nanos};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Asset, Money, Price, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sales of one stage: after one pool is mended the next is sold.
const MOST_SALES: u32 = 5;
/// How often prices are looked at during a phase, at most.
const LOOKS: u64 = 50;

/// How an account is auctioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationAuction")]
pub struct Auction {
    /// What is sold, and how.
    pub form: Form,
    /// What becomes of its clock while there are no prices.
    #[serde(default)]
    pub stale: Stale,
}

/// A form of auction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "LiquidationAuctionForm")]
pub enum Form {
    /// Shares of a whole pool.
    Portfolio(Portfolio),
    /// What is held, for what is owed, at a falling price.
    Collateral(Collateral),
    /// What is held, for what is owed, at a discount.
    Spread(Spread),
    /// Shares of a whole pool, for sealed bids.
    Batch(Batch),
}

impl Auction {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match &self.form {
            Form::Portfolio(rule) => rule.check(),
            Form::Collateral(rule) => rule.check(),
            Form::Spread(rule) => rule.check(),
            Form::Batch(rule) => rule.check(),
        }
    }
}

/// An auction that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Which pool of the account is sold.
    pub pool: String,
    /// How long this phase has run.
    pub clock: Clock,
    /// What is sold now, and how far that has come.
    pub phase: Phase,
}

/// What is sold now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Shares of a pool that is worth something.
    Solvent {
        /// What bidders pay in.
        asset: Asset,
        /// What they have paid, which is not for sale again.
        reserved: Money,
    },
    /// Shares of a pool that is worth nothing, or that nobody wanted.
    Insolvent {
        /// What bidders are paid in.
        asset: Asset,
    },
    /// What is held.
    Lot {
        /// What is owed.
        debt: Asset,
        /// What is sold for it.
        collateral: Asset,
        /// The price that was asked at first.
        top: Price,
        /// How often it started anew.
        resets: u32,
    },
    /// What is held, at a discount.
    Repay {
        /// What is owed.
        debt: Asset,
        /// What is sold for it.
        collateral: Asset,
    },
    /// Shares of a pool, for bids that are kept until they are cleared.
    Batch {
        /// What bidders pay in.
        asset: Asset,
        /// In the order in which they came.
        bids: Vec<Sealed>,
    },
}

/// What an auction does at a step.
struct Next {
    sale: Sale,
    /// What is said of it, if something is.
    said: Option<Auctioned>,
    /// Seconds that its clock will have run when this phase ends.
    until: u64,
}

impl Next {
    /// A sale that begins now, and what is said of it.
    fn begun(state: &State, pool: &str, phase: Phase, said: Auctioned, until: u64) -> Self {
        let clock = Clock::start(state.now);
        Self { sale: Sale { pool: pool.to_owned(), clock, phase }, said: Some(said), until }
    }
}

/// What has become of a sale.
enum Turn<'a> {
    /// It goes on.
    On(Box<Next>),
    /// Its bids were cleared.
    Cleared(Box<Change<'a>>),
    /// Its pool is mended, or is gone.
    Done,
    /// Time is up.
    Over,
}

impl Sale {
    /// Its clock stands still.
    pub(super) fn stop(&mut self, now: Timestamp) {
        self.clock.stop(now);
    }

    /// Its clock goes on.
    pub(super) fn go_on(&mut self, now: Timestamp, rule: &Rule) {
        let stale = rule.auction.as_ref().map(|auction| auction.stale).unwrap_or_default();
        self.clock.go_on(now, stale);
    }

    /// The accounts that have bids in it.
    pub(crate) fn bidders(&self) -> impl Iterator<Item = AccountId> {
        let bids = match &self.phase {
            Phase::Batch { bids, .. } => bids.as_slice(),
            _ => &[],
        };
        bids.iter().map(|bid| bid.by)
    }
}

impl Process {
    /// The auction that is held.
    #[must_use]
    pub fn sale(&self) -> Option<&Sale> {
        match &self.offer {
            Some(Offer::Auction(sale)) if self.stage == Stage::Auction => Some(sale),
            _ => None,
        }
    }
}

/// Holds an auction; none where it is over, or the rule has none for this account.
pub(super) fn hold<'a>(failing: &Failing<'a>, step: u32) -> Result<Option<Change<'a>>, Refusal> {
    let Some(rule) = &failing.rule.auction else { return Ok(None) };
    if let Some(sale) = failing.process.sale() {
        match turn(failing, rule, sale)? {
            Turn::On(next) => return Ok(Some(sells(failing, step, *next))),
            Turn::Cleared(change) => return Ok(Some(between(failing, step, *change))),
            Turn::Over => return Ok(Some(over(failing))),
            Turn::Done => {}
        }
    }
    let Some(worst) = failing.worst().filter(|_| step < MOST_SALES) else { return Ok(None) };
    if begin::is_restored(failing.rule, worst) {
        return Ok(None);
    }
    let opened = match &rule.form {
        Form::Portfolio(rule) => portfolio::open(failing, rule, worst)?,
        Form::Collateral(rule) => collateral::open(failing, rule, worst)?,
        Form::Spread(rule) => spread::open(failing, rule, worst)?,
        Form::Batch(rule) => batch::open(failing, rule, worst)?,
    };
    Ok(opened.map(|next| sells(failing, step + 1, next)))
}

fn turn<'a>(failing: &Failing<'a>, rule: &Auction, sale: &Sale) -> Result<Turn<'a>, Refusal> {
    let Some(standing) = failing.standing.iter().find(|pool| pool.pool == sale.pool) else {
        return Ok(Turn::Done);
    };
    if begin::is_restored(failing.rule, standing) {
        return Ok(Turn::Done);
    }
    match (&rule.form, &sale.phase) {
        (Form::Portfolio(rule), Phase::Solvent { .. } | Phase::Insolvent { .. }) => {
            portfolio::turn(failing, rule, sale, standing)
        }
        (Form::Collateral(rule), Phase::Lot { .. }) => collateral::turn(failing, rule, sale),
        (Form::Spread(rule), Phase::Repay { .. }) => spread::turn(failing, rule, sale),
        (Form::Batch(rule), Phase::Batch { asset, bids }) => {
            let until = u64::from(rule.seconds);
            if sale.clock.seconds(failing.state.now) < until {
                return Ok(Turn::On(Box::new(Next { sale: sale.clone(), said: None, until })));
            }
            let cleared = batch::clear(failing, rule, standing, (asset, bids))?;
            Ok(Turn::Cleared(Box::new(cleared)))
        }
        // The rule has changed since it began.
        _ => Ok(Turn::Done),
    }
}

/// An auction goes on until its phase ends, or prices are looked at again.
fn sells<'a>(failing: &Failing<'a>, step: u32, next: Next) -> Change<'a> {
    let mut change = failing.change(Stage::Auction);
    let now = failing.state.now;
    if let Some(said) = next.said {
        change.auctioned(failing.id, said);
    }
    let look = next.until.div_ceil(LOOKS).max(u64::from(failing.rule.step_seconds));
    let look = now.plus_nanos(nanos(u32::try_from(look).unwrap_or(u32::MAX)));
    let due = next.sale.clock.when(now, next.until).min(look).max(after(now, 1));
    let process = Process {
        stage: Stage::Auction,
        step,
        offer: Some(Offer::Auction(Box::new(next.sale))),
        paused: false,
    };
    change.process(failing.id, Some(process), Some(due));
    change
}

/// One sale is over, and there may be another a step later.
fn between<'a>(failing: &Failing<'a>, step: u32, mut change: Change<'a>) -> Change<'a> {
    let process = Process { stage: Stage::Auction, step, offer: None, paused: false };
    let due = after(failing.state.now, failing.rule.step_seconds);
    change.process(failing.id, Some(process), Some(due));
    change
}

/// Nobody bids any more; the next stage begins a step later.
fn over<'a>(failing: &Failing<'a>) -> Change<'a> {
    let mut change = failing.change(Stage::Auction);
    change.auctioned(failing.id, Auctioned::Over);
    failing.taken(&mut change, Stage::Auction, MOST_SALES, None);
    change
}

impl Change<'_> {
    /// Says what happens in an auction.
    fn auctioned(&mut self, id: AccountId, what: Auctioned) {
        let account = self.state.account(id).name.clone();
        self.liquidation(Fact::Auction { account, what });
    }
}
