//! Keepers who agree to hold back: one of them bids for all, as low as it pays, and they share.
//!
//! What that gains depends on who stands outside. The cheapest keepers are taken to be outside
//! first, since they lose least by coming; the coalition has the capital and the speed of all its
//! members and pays the cost of one.

use super::contest::{Contest, Player, Profile};
use super::setting::Game;
use super::solve::{Effort, solve};
use super::{Fate, found::EFFORT};

/// A gain from colluding that is nothing, as a share of the prize.
const NOTHING: f64 = 0.01;

/// Outsiders up to whom it is looked at.
const MOST: u32 = 16;

/// What an agreement of all but a few is worth, over one account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// How many hold back together.
    pub members: u32,
    /// How many do not.
    pub outsiders: u32,
    /// What the members gain over competing, while outsiders play as before.
    pub unnoticed: f64,
    /// What they gain once outsiders have replied.
    pub noticed: f64,
}

/// Agreements of all, of all but one, and so on until one is worth nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Collusion {
    /// What was looked at.
    pub agreements: Vec<Agreement>,
    /// The fewest outsiders with whom it is worth nothing; none up to the last.
    pub broken_by: Option<u32>,
}

impl Game {
    /// What agreements over one account of a group are worth.
    pub fn collusion(&self, fate: &Fate) -> Collusion {
        let all: u32 = fate.contest.players.iter().map(|one| one.count).sum();
        let mut agreements = Vec::new();
        for outsiders in 0..all.saturating_sub(1).min(MOST + 1) {
            let one = agreement(fate, outsiders, EFFORT);
            agreements.push(one);
            if one.noticed <= NOTHING * fate.contest.prize() {
                return Collusion { agreements, broken_by: Some(outsiders) };
            }
        }
        Collusion { agreements, broken_by: None }
    }
}

/// How many of each player are outside: the cheapest first.
fn outside(contest: &Contest, outsiders: u32) -> Vec<u32> {
    let mut order: Vec<usize> = (0..contest.players.len()).collect();
    let costs = |at: usize| contest.players[at].cost + contest.players[at].gas;
    order.sort_by(|a, b| costs(*a).total_cmp(&costs(*b)));
    let mut left = outsiders;
    let mut out = vec![0; contest.players.len()];
    for at in order {
        out[at] = left.min(contest.players[at].count);
        left -= out[at];
    }
    out
}

fn agreement(fate: &Fate, outsiders: u32, effort: Effort) -> Agreement {
    let contest = &fate.contest;
    let outside = outside(contest, outsiders);
    let members: Vec<u32> =
        contest.players.iter().zip(&outside).map(|(one, out)| one.count - out).collect();
    let competing: f64 =
        members.iter().zip(&fate.solution.payoff).map(|(n, payoff)| f64::from(*n) * payoff).sum();
    let mut players = vec![coalition(contest, &members)];
    let mut profile: Profile = vec![contest.away()[0].iter().take(1).cloned().collect()];
    for (at, one) in contest.players.iter().enumerate() {
        if outside[at] > 0 {
            players.push(Player { count: outside[at], ..one.clone() });
            profile.push(fate.solution.profile[at].clone());
        }
    }
    let against = Contest { players, fees: contest.fees.clone(), lost: contest.lost };
    // Its best reply to outsiders who play as before: what staying away would forgo.
    let unnoticed = best_reply(&against, &profile);
    let noticed = solve(&against, effort).payoff[0];
    Agreement {
        members: members.iter().sum(),
        outsiders,
        unnoticed: unnoticed - competing,
        noticed: noticed - competing,
    }
}

/// What the first player would gain by his best reply.
fn best_reply(contest: &Contest, profile: &Profile) -> f64 {
    let odds = contest.odds(&Contest::average(profile), 0);
    let worth = odds.iter().enumerate().map(|(level, one)| contest.payoff(0, 0, level, *one));
    worth.fold(0.0, f64::max)
}

/// Members as one keeper: of what they know, the middle.
fn coalition(contest: &Contest, members: &[u32]) -> Player {
    let of = || contest.players.iter().zip(members).filter(|(_, count)| **count > 0);
    let least = |cost: fn(&Player) -> f64| of().map(|(one, _)| cost(one)).fold(f64::MAX, f64::min);
    let sum = |of_one: fn(&Player) -> f64| -> f64 {
        of().map(|(one, count)| f64::from(*count) * of_one(one)).sum()
    };
    let best = |level: usize| {
        of().map(|(one, _)| one.gain[one.gain.len() / 2][level]).fold(f64::MIN, f64::max)
    };
    Player {
        count: 1,
        speed: sum(|one| one.speed),
        cost: least(|one| one.cost),
        gas: least(|one| one.gas),
        share: sum(|one| one.share).min(1.0),
        gain: vec![(0..contest.levels()).map(best).collect()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::play::Seen;

    fn fate(count: u32, share: f64) -> Fate {
        let levels = 24;
        let at = |level: usize| 100.0 * ((levels - 1 - level) as f64 / 23.0).powi(2);
        let gain = vec![(0..levels).map(at).collect()];
        let player = Player { count, speed: 1.0, cost: 5.0, gas: 0.0, share, gain };
        let contest = Contest { players: vec![player], fees: vec![0.0; levels], lost: 0.0 };
        let solution = solve(&contest, EFFORT);
        Fate { contest, solution, come: 0.0, nobody: 0.0, seen: Seen::default() }
    }

    #[test]
    fn all_together_gain_the_whole_prize_and_lose_it_to_an_outsider() {
        let fate = fate(6, 1.0);
        let alone = agreement(&fate, 0, EFFORT);
        assert!((alone.noticed - 95.0).abs() < 1.0, "{alone:?}");
        let one = agreement(&fate, 1, EFFORT);
        assert!(one.noticed < 5.0 && one.members == 5, "{one:?}");
    }

    #[test]
    fn outsiders_who_cannot_pay_for_a_lot_break_nothing() {
        let weak = agreement(&fate(6, 0.125), 1, EFFORT);
        assert!(weak.noticed > 20.0, "{weak:?}");
    }
}
