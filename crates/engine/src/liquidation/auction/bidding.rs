//! A bid on its way: whose it is, what it is for, and what all forms ask of it alike.

use super::loan::Loan;
use super::share::Whole;
use super::{Auctioned, Form, Phase, Sale, batch, collateral, portfolio, spread};
use crate::account::AccountId;
use crate::agenda::Work;
use crate::change::Change;
use crate::command::Bid;
use crate::liquidation::{Offer, Process, Rule, take};
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{Asset, Money, Rate};

/// A bid and what it is for.
pub(super) struct Bidding<'a> {
    pub state: &'a State,
    pub id: AccountId,
    pub by: AccountId,
    pub asked: Bid,
    pub process: &'a Process,
    pub sale: &'a Sale,
    pub rule: &'a Rule,
    pub standing: Standing,
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
        (Some(Form::Collateral(rule)), Phase::Lot { debt, collateral, top, .. }) => {
            collateral::bid(&bidding, rule, (debt, collateral), *top)
        }
        (Some(Form::Spread(rule)), Phase::Repay { debt, collateral }) => {
            spread::bid(&bidding, rule, (debt, collateral))
        }
        (Some(Form::Batch(rule)), Phase::Batch { asset, bids }) => {
            batch::bid(&bidding, rule, (asset, bids))
        }
        // The rule has changed since it began; the next step goes by it.
        _ => Err(none_held(state, id)),
    }
}

/// Why nothing can be bid for.
pub(super) fn none_held(state: &State, id: AccountId) -> Refusal {
    let account = state.account(id).name.clone();
    let problem = match state.liquidation.auction_ended(id) {
        Some(at) => format!("nothing of it is auctioned: its last auction ended at {at}"),
        None => "nothing of it is auctioned".to_owned(),
    };
    Refusal::Account { account, problem }
}

impl<'a> Bidding<'a> {
    /// Seconds that its phase has run.
    pub fn seconds(&self) -> u64 {
        self.sale.clock.seconds(self.state.now)
    }

    /// The sale after a bid; its next step is due when it was.
    pub fn goes_on(&self, change: &mut Change<'a>, sale: Sale) {
        let offer = Some(Offer::Auction(Box::new(sale)));
        let process = Process { offer, ..self.process.clone() };
        let due = self.state.agenda.when(&Work::Liquidation(self.id));
        change.process(self.id, Some(process), due);
    }

    /// The pool that is sold.
    pub fn whole(&self) -> Result<Whole<'a>, Refusal> {
        let account = self.state.account(self.id);
        let whole = Whole::of(self.state, self.id, account, &self.sale.pool)?;
        whole.ok_or_else(|| none_held(self.state, self.id))
    }

    /// The share that a bid gets.
    pub fn share(&self, least: Rate, most: Rate) -> Result<Rate, Refusal> {
        if self.asked.amount.is_some() {
            return Err(Refusal::bad("amount", "a share instead", "an amount"));
        }
        let least = least.min(most);
        match self.asked.share {
            Some(share) if share.is_positive() && share >= least && share <= Rate::ONE => {
                Ok(share.min(most))
            }
            share => {
                let found = share.map_or("none".to_owned(), |share| share.to_string());
                Err(Refusal::bad("share", format!("{least} to 1, above 0"), found))
            }
        }
    }

    /// The amount that is wanted at most, of at least so much.
    pub fn amount(&self, least: Money) -> Result<Money, Refusal> {
        if self.asked.share.is_some() {
            return Err(Refusal::bad("share", "an amount instead", "a share"));
        }
        match self.asked.amount {
            Some(amount) if amount.is_positive() && amount >= least => Ok(amount),
            amount => {
                let found = amount.map_or("none".to_owned(), |amount| amount.to_string());
                Err(Refusal::bad("amount", format!("{least} or more, above 0"), found))
            }
        }
    }

    /// What is owed and held, of the pair that is sold.
    pub fn loan(&self, debt: &Asset, collateral: &Asset) -> Result<Loan, Refusal> {
        let loan = Loan::of(self.state, self.id)?.filter(|loan| loan.is_of(debt, collateral));
        loan.ok_or_else(|| none_held(self.state, self.id))
    }

    /// Says what was bought; the sale goes on.
    pub fn bought(&self, change: &mut Change<'a>, loan: &Loan, (amount, paid): (Money, Money)) {
        change.auctioned(
            self.id,
            Auctioned::Bought {
                by: self.asked.by.clone(),
                collateral: loan.collateral.clone(),
                amount,
                debt: loan.debt.clone(),
                paid,
            },
        );
        self.goes_on(change, self.sale.clone());
    }
}
