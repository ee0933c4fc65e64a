//! Auctions of an account that is being liquidated: a share of it, or what it holds against what
//! it owes, sold to other accounts.
//!
//! - `portfolio`: shares of a whole pool at a falling share of its worth, or, where it is worth
//!   nothing, against a rising payment by the insurance fund
//! - `share`: how a share passes
//! - `clock`: how long an auction has run
//!
//! What is asked and how much a bid gets is computed by [`keelmark_liquidation`]; what is here
//! books it. Every phase has an end and there are only so many, so that time alone ends an auction.

mod clock;
mod fact;
mod portfolio;
mod share;

pub use clock::{Clock, Stale};
pub use fact::{Asked, Auctioned};
pub use portfolio::Portfolio;

use super::step::Failing;
use super::{Fact, Offer, Process, Rule, Stage, begin, take};
use crate::account::AccountId;
use crate::agenda::{Work, after, nanos};
use crate::change::Change;
use crate::command::Bid;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{Asset, Money, Timestamp};
use keelmark_liquidation::LiquidationError;
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
}

impl Auction {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match &self.form {
            Form::Portfolio(rule) => rule.check(),
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
}

/// What an auction does at a step.
struct Next {
    sale: Sale,
    /// What is said of it, if something is.
    said: Option<Auctioned>,
    /// Seconds that its clock will have run when this phase ends.
    until: u64,
}

/// What has become of a sale.
enum Turn {
    /// It goes on.
    On(Box<Next>),
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
    let Some(rule) = failing.rule.auction.as_ref().filter(|_| step < MOST_SALES) else {
        return Ok(None);
    };
    if let Some(sale) = failing.process.sale() {
        match turn(failing, rule, sale)? {
            Turn::On(next) => return Ok(Some(sells(failing, step, *next))),
            Turn::Over => return Ok(Some(over(failing))),
            Turn::Done => {}
        }
    }
    let Some(worst) = failing.worst() else { return Ok(None) };
    if begin::is_restored(failing.rule, worst) {
        return Ok(None);
    }
    let opened = match &rule.form {
        Form::Portfolio(rule) => portfolio::open(failing, rule, worst)?,
    };
    Ok(opened.map(|next| sells(failing, step + 1, next)))
}

fn turn(failing: &Failing<'_>, rule: &Auction, sale: &Sale) -> Result<Turn, Refusal> {
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
        begun: failing.process.begun,
    };
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

/// A bid and what it is for.
struct Bidding<'a> {
    state: &'a State,
    id: AccountId,
    by: AccountId,
    asked: Bid,
    process: &'a Process,
    sale: &'a Sale,
    rule: &'a Rule,
    standing: Standing,
}

/// Bids in an auction.
pub(crate) fn bid<'a>(state: &'a State, asked: &Bid) -> Result<Change<'a>, Refusal> {
    let (id, by) = (state.open(&asked.account)?, state.open(&asked.by)?);
    let process = state.liquidation.of(id);
    let held = process.and_then(|process| Some((process, process.sale()?)));
    let (Some((process, sale)), Some(rule)) = (held, state.liquidation_rule(id)) else {
        return Err(none_held(state, id));
    };
    take::may_take(state, id, by)?;
    if process.paused {
        let problem = "its auction waits for prices of which its margin can be computed";
        return Err(Refusal::Account { account: asked.account.clone(), problem: problem.into() });
    }
    let standings = state.standings(id)?;
    let Some(standing) = standings.into_iter().find(|pool| pool.pool == sale.pool) else {
        return Err(none_held(state, id));
    };
    let asked = asked.clone();
    let bidding = Bidding { state, id, by, asked, process, sale, rule, standing };
    match (rule.auction.as_ref().map(|auction| &auction.form), &sale.phase) {
        (Some(Form::Portfolio(rule)), Phase::Solvent { asset, reserved }) => {
            portfolio::solvent(&bidding, rule, asset, *reserved)
        }
        (Some(Form::Portfolio(rule)), Phase::Insolvent { asset }) => {
            portfolio::insolvent(&bidding, rule, asset)
        }
        (None, _) => Err(none_held(state, id)),
    }
}

/// Why nothing can be bid for.
fn none_held(state: &State, id: AccountId) -> Refusal {
    let account = state.account(id).name.clone();
    let problem = match state.liquidation.auction_ended(id) {
        Some(at) => format!("nothing of it is auctioned: its last auction ended at {at}"),
        None => "nothing of it is auctioned".to_owned(),
    };
    Refusal::Account { account, problem }
}

impl<'a> Bidding<'a> {
    /// Seconds that its phase has run.
    fn seconds(&self) -> u64 {
        self.sale.clock.seconds(self.state.now)
    }

    /// The sale after a bid; its next step is due when it was.
    fn goes_on(&self, change: &mut Change<'a>, sale: Sale) {
        let offer = Some(Offer::Auction(Box::new(sale)));
        let process = Process { offer, ..self.process.clone() };
        let due = self.state.agenda.when(&Work::Liquidation(self.id));
        change.process(self.id, Some(process), due);
    }
}

impl Change<'_> {
    /// Says what happens in an auction.
    fn auctioned(&mut self, id: AccountId, what: Auctioned) {
        let account = self.state.account(id).name.clone();
        self.liquidation(Fact::Auction { account, what });
    }
}

impl From<LiquidationError> for Refusal {
    fn from(error: LiquidationError) -> Self {
        match error {
            LiquidationError::Bad { what, expected, found } => Self::bad(what, expected, found),
            LiquidationError::Overflow(overflow) => overflow.into(),
            other => Self::bad("liquidation", "a rule that has an answer", other),
        }
    }
}
