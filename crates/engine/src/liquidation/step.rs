//! One step of a liquidation, at its time.

use super::{
    Fact, Offer, Process, Rule, Stage, auction, backstop, begin, close, deleverage, insurance,
    orders, socialise,
};
use crate::account::AccountId;
use crate::agenda::after;
use crate::change::Change;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;

/// What a liquidation does that is due. It never fails: where its margin cannot be computed it
/// waits for prices.
pub(crate) fn due(state: &State, id: AccountId) -> Change<'_> {
    let Some(process) = state.liquidation.of(id) else { return Change::new(state) };
    let Some(rule) = state.liquidation_rule(id) else {
        return begin::ended(state, id, super::Outcome::NoRule, None);
    };
    let standing = match state.standings(id) {
        Ok(standing) => standing,
        Err(problem) => return pause(state, id, process, &problem),
    };
    if let Some(outcome) = begin::over(state, id, rule, &standing) {
        return begin::ended(state, id, outcome, Some(&standing));
    }
    let failing = Failing { state, id, rule, process, standing };
    failing.step().unwrap_or_else(|problem| pause(state, id, process, &problem))
}

fn pause<'a>(state: &'a State, id: AccountId, process: &Process, problem: &Refusal) -> Change<'a> {
    let mut change = Change::new(state);
    let account = state.account(id).name.clone();
    change.liquidation(Fact::Paused { account, problem: problem.to_string() });
    let offer = process.offer.clone().and_then(|offer| offer.paused(state.now));
    let process = Process { paused: true, offer, ..process.clone() };
    change.process(id, Some(process), None);
    change
}

/// An account at a step of its liquidation.
pub(super) struct Failing<'a> {
    pub state: &'a State,
    pub id: AccountId,
    pub rule: &'a Rule,
    pub process: &'a Process,
    pub standing: Vec<Standing>,
}

impl<'a> Failing<'a> {
    /// Does the first of the stages from this one on that can do something.
    fn step(&self) -> Result<Change<'a>, Refusal> {
        if let Some(change) = self.early()? {
            return Ok(change);
        }
        let mut stage = self.process.stage;
        let mut step = self.process.step;
        loop {
            if let Some(change) = self.at(stage, step)? {
                return Ok(change);
            }
            stage = match stage {
                Stage::Grace => Stage::Orders,
                Stage::Orders => Stage::Close,
                Stage::Close => Stage::Auction,
                Stage::Auction => Stage::Backstop,
                Stage::Backstop => Stage::Insurance,
                Stage::Insurance => Stage::Deleverage,
                Stage::Deleverage => Stage::Socialise,
                Stage::Socialise | Stage::Stuck => return Ok(self.stuck()),
            };
            step = 0;
        }
    }

    /// Vaults that take over from some margin used on do so before the stages before theirs; what
    /// they cannot bear goes through those.
    fn early(&self) -> Result<Option<Change<'a>>, Refusal> {
        let at = self.rule.backstop.as_ref().and_then(|backstop| backstop.at);
        let used = self.worst().and_then(Standing::mm_used);
        let reached = at.is_some_and(|at| used.is_none_or(|used| used >= at));
        let before = self.process.stage < Stage::Auction;
        let orders = self.state.account(self.id).orders.is_empty();
        if reached && before && orders { backstop::take_over(self, 0) } else { Ok(None) }
    }

    /// What a stage does now; none where it has nothing to do, or no more.
    fn at(&self, stage: Stage, step: u32) -> Result<Option<Change<'a>>, Refusal> {
        match stage {
            Stage::Grace | Stage::Stuck => Ok(None),
            Stage::Orders => orders::cancel(self),
            Stage::Close => close::offer(self, step),
            Stage::Auction => auction::hold(self, step),
            Stage::Backstop => backstop::take_over(self, step),
            Stage::Insurance => insurance::pay(self, stage),
            Stage::Deleverage => deleverage::close(self, step),
            Stage::Socialise => socialise::share(self, step),
        }
    }

    /// Nothing is left that the rule allows.
    fn stuck(&self) -> Change<'a> {
        let mut change = Change::new(self.state);
        if self.process.stage != Stage::Stuck {
            self.enter(&mut change, Stage::Stuck);
        }
        let process = Process { stage: Stage::Stuck, step: 0, offer: None, ..self.process.clone() };
        change.process(self.id, Some(process), None);
        change
    }

    /// Says which stage begins, where another does.
    fn enter(&self, change: &mut Change<'_>, stage: Stage) {
        if self.process.stage != stage {
            change.liquidation(Fact::Entered { account: self.name(), stage });
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.state.account(self.id).name.clone()
    }

    /// The pool that uses most of its margin.
    pub fn worst(&self) -> Option<&Standing> {
        crate::watch::worst_of(&self.standing)
    }

    /// A step of a stage was taken: what is offered now, until the next.
    pub fn taken(&self, change: &mut Change<'_>, stage: Stage, step: u32, offer: Option<Offer>) {
        let process = Process { stage, step: step + 1, offer, paused: false };
        let due = after(self.state.now, self.rule.step_seconds);
        change.process(self.id, Some(process), Some(due));
    }

    /// A change that begins with the stage it is of.
    pub fn change(&self, stage: Stage) -> Change<'a> {
        let mut change = Change::new(self.state);
        self.enter(&mut change, stage);
        change
    }
}
