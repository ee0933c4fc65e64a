//! What is asked of a game, in the shape in which it is told.

use crate::failure::Failure;
use crate::screen::Screen;
use keelmark_systemic::game::collusion::Collusion;
use keelmark_systemic::game::limit::{Limits, Turn, in_order};
use keelmark_systemic::game::mechanism::Mechanism;
use keelmark_systemic::game::optimum::Optimum;
use keelmark_systemic::game::{Failure as Why, Found, Game};
use serde::Serialize;

/// Parameters whose limits are looked for, beside the one that the mechanism is tuned by.
const PARAMETERS: &[&str] = &["cost", "capital", "latency", "vol", "shock", "fund.size"];

/// A game solved and played.
#[derive(Debug, Serialize)]
pub struct GameReport {
    pub schema: &'static str,
    pub name: String,
    pub game: String,
    pub seed: u64,
    pub paths: usize,
    pub mechanism: &'static str,
    pub shock: f64,
    /// Whether the fund suffices on average and enough of the debt finds somebody.
    pub holds: bool,
    pub why: Option<&'static str>,
    pub failing: u32,
    pub healthy: u32,
    pub debt: f64,
    pub nobody: f64,
    pub most_nobody: f64,
    pub shortfall: Shortfall,
    /// The largest gain any keeper has from playing otherwise, as a share of the prize.
    pub exploitability: f64,
    pub rounds: u32,
    pub accounts: Vec<AccountsReport>,
    pub keepers: Vec<KeepersReport>,
    pub flows: FlowsReport,
    pub optimum: Option<OptimumReport>,
    pub two_steps: Option<TwoStepsReport>,
    pub collusion: CollusionReport,
    pub limits: Vec<LimitsReport>,
}

#[derive(Debug, Serialize)]
pub struct Shortfall {
    pub mean: f64,
    pub standard_error: f64,
    pub fund: f64,
    /// Share of the paths on which more is missing than the fund has.
    pub beyond_fund: f64,
    /// The fund that is worth its cost.
    pub fund_worth: f64,
}

#[derive(Debug, Serialize)]
pub struct AccountsReport {
    pub name: String,
    pub count: u32,
    pub debt: f64,
    pub loan_to_value: f64,
    pub come: f64,
    pub come_played: f64,
    pub nobody: f64,
    pub nobody_played: f64,
    /// Share that was left to the fund.
    pub unsold: f64,
    pub shortfall: f64,
    pub exploitability: f64,
}

#[derive(Debug, Serialize)]
pub struct KeepersReport {
    pub name: String,
    pub count: u32,
    /// Probability of coming to a lot, by debt.
    pub come: f64,
    pub profit: f64,
    pub profit_played: f64,
}

#[derive(Debug, Serialize)]
pub struct FlowsReport {
    pub owners: f64,
    pub fund: f64,
    pub gap: f64,
    pub keepers: f64,
    pub costs: f64,
    pub order: f64,
    pub selling: f64,
    pub protocol: f64,
}

#[derive(Debug, Serialize)]
pub struct OptimumReport {
    pub parameter: &'static str,
    pub value: f64,
    pub loss: f64,
    pub best: f64,
    pub best_loss: f64,
}

#[derive(Debug, Serialize)]
pub struct TwoStepsReport {
    pub once: f64,
    pub twice: f64,
}

#[derive(Debug, Serialize)]
pub struct CollusionReport {
    pub of: String,
    pub agreements: Vec<AgreementReport>,
    pub broken_by: Option<u32>,
}

#[derive(Debug, Serialize)]
pub struct AgreementReport {
    pub members: u32,
    pub outsiders: u32,
    pub unnoticed: f64,
    pub noticed: f64,
}

#[derive(Debug, Serialize)]
pub struct LimitsReport {
    pub parameter: String,
    pub value: Option<f64>,
    pub below: Option<TurnReport>,
    pub above: Option<TurnReport>,
    /// How many times its value it was at the least and at the most.
    pub looked: [f64; 2],
}

#[derive(Debug, Serialize)]
pub struct TurnReport {
    /// How many times its value.
    pub times: f64,
    pub value: Option<f64>,
    pub why: &'static str,
}

/// Why it does not hold, in a word.
pub fn word(why: Why) -> &'static str {
    match why {
        Why::Fund => "fund",
        Why::Nobody => "nobody",
    }
}

/// What a mechanism is called.
pub fn mechanism(game: &Game) -> &'static str {
    match game.sale.mechanism {
        Mechanism::Fixed(_) => "fixed bonus",
        Mechanism::Race { .. } => "race for a fixed bonus",
        Mechanism::Sealed { .. } => "sealed bids",
        Mechanism::Dutch { .. } => "falling price",
        Mechanism::Reverse { .. } => "discount by health",
    }
}

/// Asks everything.
pub fn of(game: &Game, threads: usize, screen: Screen) -> Result<GameReport, Failure> {
    let found = game.found();
    let (limits, optimum) = searched(game, &found, threads, screen);
    let failure = game.failure(&found);
    let two_steps = game.two_steps().map_err(|error| Failure::input(error.to_string()))?;
    Ok(GameReport {
        schema: "keelmark/game-report/1",
        name: game.name.clone(),
        game: game.digest.clone(),
        seed: game.seed,
        paths: game.paths,
        mechanism: mechanism(game),
        shock: game.shock,
        holds: failure.is_none(),
        why: failure.map(word),
        failing: game.failing.iter().map(|one| one.count).sum(),
        healthy: game.healthy,
        debt: game.debt(),
        nobody: found.nobody,
        most_nobody: game.fund.most_nobody,
        shortfall: Shortfall {
            mean: found.shortfall,
            standard_error: found.error,
            fund: game.fund.size,
            beyond_fund: found.ruin,
            fund_worth: found.worth,
        },
        exploitability: found.exploitability(),
        rounds: found.fates.iter().map(|one| one.solution.rounds).max().unwrap_or(0),
        accounts: accounts(game, &found),
        keepers: keepers(game, &found),
        flows: flows(&found),
        optimum: optimum.map(|one| OptimumReport {
            parameter: one.parameter,
            value: one.value,
            loss: one.loss,
            best: one.best,
            best_loss: one.least,
        }),
        two_steps: two_steps.map(|one| TwoStepsReport { once: one.once, twice: one.twice }),
        collusion: collusion(game, &found),
        limits: limits.into_iter().map(limit).collect(),
    })
}

/// One piece of the search.
enum Piece {
    Limits(Option<Limits>),
    Lost(Option<f64>),
}

/// Where it stops to hold, and the best of what the mechanism is tuned by.
fn searched(
    game: &Game,
    found: &Found,
    threads: usize,
    screen: Screen,
) -> (Vec<Limits>, Option<Optimum>) {
    let mut parameters = vec![game.tuned_by().0];
    parameters.extend(PARAMETERS);
    let tries = game.tries();
    let pieces = parameters.len() + tries.len();
    let bar = screen.count(pieces as u64, "{pos} of {len} searches");
    let work = |at: usize| match parameters.get(at) {
        Some(parameter) => Piece::Limits(game.limits(parameter)),
        None => Piece::Lost(game.lost_at(tries[at - parameters.len()])),
    };
    let (mut limits, mut lost) = (Vec::new(), Vec::new());
    in_order(pieces, threads, work, |_, piece| {
        bar.inc(1);
        match piece {
            Piece::Limits(one) => limits.extend(one),
            Piece::Lost(one) => lost.push(one),
        }
        true
    });
    bar.finish_and_clear();
    let loss = found.flows.owners + found.flows.fund;
    (limits, game.optimum(loss, &lost))
}

fn accounts(game: &Game, found: &Found) -> Vec<AccountsReport> {
    let one = |(group, fate): (&keelmark_systemic::game::setting::Group, _)| {
        let fate: &keelmark_systemic::game::Fate = fate;
        let prize = fate.contest.prize();
        AccountsReport {
            name: group.name.clone(),
            count: group.count,
            debt: group.lot.debt,
            loan_to_value: group.lot.debt / group.lot.collateral,
            come: fate.come,
            come_played: fate.seen.came,
            nobody: fate.nobody,
            nobody_played: fate.seen.nobody,
            unsold: fate.seen.unsold,
            shortfall: fate.seen.shortfall,
            exploitability: if prize > 0.0 { fate.solution.exploitability / prize } else { 0.0 },
        }
    };
    game.failing.iter().zip(&found.fates).map(one).collect()
}

fn keepers(game: &Game, found: &Found) -> Vec<KeepersReport> {
    let come = |class: usize| {
        game.by_debt(&found.fates, |fate| {
            let kinds = &fate.solution.profile[class];
            kinds.iter().map(|one| 1.0 - one[0]).sum::<f64>() / kinds.len() as f64
        })
    };
    let one = |(class, keeper): (usize, &keelmark_systemic::game::setting::Keeper)| KeepersReport {
        name: keeper.name.clone(),
        count: keeper.count,
        come: come(class),
        profit: found.expected[class],
        profit_played: found.flows.keepers[class],
    };
    game.keepers.iter().enumerate().map(one).collect()
}

fn flows(found: &Found) -> FlowsReport {
    let flows = &found.flows;
    FlowsReport {
        owners: flows.owners,
        fund: flows.fund,
        gap: flows.gap,
        keepers: flows.keepers.iter().sum(),
        costs: flows.costs,
        order: flows.order,
        selling: flows.selling,
        protocol: flows.protocol,
    }
}

/// Agreements over one account of the group that owes most.
fn collusion(game: &Game, found: &Found) -> CollusionReport {
    let owes = |at: &usize| f64::from(game.failing[*at].count) * game.failing[*at].lot.debt;
    let most = (0..game.failing.len()).max_by(|a, b| owes(a).total_cmp(&owes(b))).unwrap_or(0);
    let Collusion { agreements, broken_by } = game.collusion(&found.fates[most]);
    let one = |one: &keelmark_systemic::game::collusion::Agreement| AgreementReport {
        members: one.members,
        outsiders: one.outsiders,
        unnoticed: one.unnoticed,
        noticed: one.noticed,
    };
    let agreements = agreements.iter().map(one).collect();
    CollusionReport { of: game.failing[most].name.clone(), agreements, broken_by }
}

fn limit(one: Limits) -> LimitsReport {
    let turn = |turn: Turn| TurnReport {
        times: turn.times,
        value: one.value.map(|value| value * turn.times),
        why: word(turn.why),
    };
    LimitsReport {
        below: one.below.map(turn),
        above: one.above.map(turn),
        parameter: one.parameter,
        value: one.value,
        looked: [one.looked.0, one.looked.1],
    }
}
