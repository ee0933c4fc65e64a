//! How a contest is played in equilibrium, and the proof: what the best reply would gain.
//!
//! Fictitious play first: all reply to how the others have played on average so far, again and
//! again, later rounds counting for more; what is found is the average. Where it is slow, as in
//! races, regret matching goes on from there: each plays what he regrets not to have played.
//! Neither is trusted to converge: the largest gain that any keeper has from playing otherwise,
//! all others as found, is computed from the answer itself and handed on with it.

use super::contest::{Contest, Mixed, Odds, Profile};

/// An equilibrium, as far as it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// How each plays.
    pub profile: Profile,
    /// What a keeper of each player gains on average.
    pub payoff: Vec<f64>,
    /// The largest gain any keeper has from playing otherwise.
    pub exploitability: f64,
    /// Rounds of replies until then.
    pub rounds: u32,
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// A gain from playing otherwise that is small enough, as a share of the prize.
    pub tolerance: f64,
    /// Rounds of each way of learning at most.
    pub rounds: u32,
}

/// Rounds of regret matching between two looks at what has been found.
const LOOK: u32 = 10;

/// What every level brings each player and kind, staying away first.
type Payoffs = Vec<Vec<Vec<f64>>>;

/// Plays until nobody gains much from playing otherwise, or for as many rounds as are allowed.
pub fn solve(contest: &Contest, effort: Effort) -> Solution {
    let enough = effort.tolerance * contest.prize();
    let mut best = judged(contest, &contest.away(), 0);
    replies(contest, effort.rounds, enough, &mut best);
    if best.exploitability > enough {
        regrets(contest, effort.rounds, enough, &mut best);
    }
    best
}

/// Fictitious play.
fn replies(contest: &Contest, rounds: u32, enough: f64, best: &mut Solution) {
    let mut profile = best.profile.clone();
    for round in 1..=rounds {
        let worths = payoffs(contest, &profile);
        let found = with(&profile, &worths, round);
        if found.exploitability < best.exploitability {
            *best = found;
        }
        if best.exploitability <= enough {
            return;
        }
        let step = 2.0 / f64::from(round + 2);
        for (kinds, worths) in profile.iter_mut().zip(&worths) {
            for (mixed, worth) in kinds.iter_mut().zip(worths) {
                mixed.iter_mut().for_each(|chance| *chance *= 1.0 - step);
                mixed[most(worth)] += step;
            }
        }
    }
}

/// Regret matching, regrets never below zero.
fn regrets(contest: &Contest, rounds: u32, enough: f64, best: &mut Solution) {
    let so_far = best.rounds;
    let mut average = best.profile.clone();
    let mut current = best.profile.clone();
    let mut regret: Profile = contest.away();
    regret.iter_mut().flatten().for_each(|one| one.fill(0.0));
    for round in 1..=rounds {
        let worths = payoffs(contest, &current);
        let step = 3.0 / f64::from(round + 3);
        for (player, kinds) in current.iter_mut().enumerate() {
            for (kind, mixed) in kinds.iter_mut().enumerate() {
                regretted(mixed, &worths[player][kind], &mut regret[player][kind]);
                for (mean, now) in average[player][kind].iter_mut().zip(mixed) {
                    *mean += step * (*now - *mean);
                }
            }
        }
        if round % LOOK != 0 && round != rounds {
            continue;
        }
        let found = judged(contest, &average, so_far + round);
        if found.exploitability < best.exploitability {
            *best = found;
        }
        if best.exploitability <= enough {
            return;
        }
    }
}

/// Adds what is regretted and plays in proportion to it.
fn regretted(mixed: &mut Mixed, worth: &[f64], regret: &mut [f64]) {
    let own = mean(mixed, worth);
    for (sum, worth) in regret.iter_mut().zip(worth) {
        *sum = (*sum + worth - own).max(0.0);
    }
    let all: f64 = regret.iter().sum();
    if all > 0.0 {
        for (chance, regret) in mixed.iter_mut().zip(regret) {
            *chance = *regret / all;
        }
    }
}

fn payoffs(contest: &Contest, profile: &Profile) -> Payoffs {
    let average = Contest::average(profile);
    let of = |player: usize| {
        let odds: Vec<Odds> = contest.odds(&average, player);
        let kinds = 0..contest.players[player].gain.len();
        let at = |kind: usize| {
            let worth = |(level, odds): (usize, &Odds)| contest.payoff(player, kind, level, *odds);
            std::iter::once(0.0).chain(odds.iter().enumerate().map(worth)).collect()
        };
        kinds.map(at).collect()
    };
    (0..contest.players.len()).map(of).collect()
}

/// A profile with its proof.
pub fn judged(contest: &Contest, profile: &Profile, rounds: u32) -> Solution {
    with(profile, &payoffs(contest, profile), rounds)
}

fn with(profile: &Profile, payoffs: &Payoffs, rounds: u32) -> Solution {
    let mut exploitability: f64 = 0.0;
    let mut payoff = Vec::with_capacity(profile.len());
    for (kinds, worths) in profile.iter().zip(payoffs) {
        let mut sum = 0.0;
        for (mixed, worth) in kinds.iter().zip(worths) {
            let own = mean(mixed, worth);
            exploitability = worth.iter().fold(exploitability, |most, one| most.max(one - own));
            sum += own;
        }
        payoff.push(sum / kinds.len() as f64);
    }
    Solution { profile: profile.clone(), payoff, exploitability, rounds }
}

fn mean(mixed: &[f64], worth: &[f64]) -> f64 {
    mixed.iter().zip(worth).map(|(chance, worth)| chance * worth).sum()
}

/// Where the most is; of equals the first.
fn most(worth: &[f64]) -> usize {
    let better = |best: usize, at: usize| if worth[at] > worth[best] { at } else { best };
    (0..worth.len()).fold(0, better)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::contest::Player;
    use crate::game::{Keepers, Race};

    const EFFORT: Effort = Effort { tolerance: 1e-3, rounds: 1_600 };
    const LEVELS: usize = 40;

    fn player(count: u32, cost: f64, gain: Vec<f64>) -> Player {
        Player { count, speed: 1.0, cost, gas: 0.0, share: 1.0, gain: vec![gain] }
    }

    /// Shares of one from zero, close together where they are small.
    fn ladder() -> Vec<f64> {
        (0..LEVELS).map(|at| (at as f64 / (LEVELS - 1) as f64).powi(2)).collect()
    }

    fn auction(count: u32, prize: f64, cost: f64) -> Contest {
        let gain = ladder().iter().rev().map(|share| cost + (prize - cost) * share).collect();
        Contest { players: vec![player(count, cost, gain)], fees: vec![0.0; LEVELS], lost: 0.0 }
    }

    fn race(count: u32, prize: f64) -> Contest {
        let fees = ladder().iter().map(|share| prize * share).collect();
        Contest { players: vec![player(count, 0.0, vec![prize; LEVELS])], fees, lost: 1.0 }
    }

    #[test]
    fn entry_before_competition_is_the_closed_form() {
        // Equal bids are shared, which the closed form knows nothing of: a finite ladder brings a
        // little more entry, and less with each level that is added.
        for (count, cost) in [(2, 30.0), (3, 20.0), (10, 5.0), (10, 80.0)] {
            let contest = auction(count, 100.0, cost);
            let found = solve(&contest, EFFORT);
            let closed = Keepers { count, prize: 100.0, cost }.entry().unwrap();
            let nobody = contest.nobody(&found.profile);
            assert!(found.exploitability < 0.3, "{found:?}");
            assert!((nobody - closed.nobody).abs() < 0.02, "{count} {cost} {nobody} {closed:?}");
            assert!(found.payoff[0].abs() < 0.3);
        }
    }

    #[test]
    fn a_race_is_the_closed_form() {
        for count in [2, 3, 6] {
            let contest = race(count, 100.0);
            let found = solve(&contest, EFFORT);
            assert!(found.exploitability < 0.4, "{count}: {}", found.exploitability);
            let closed = Race { count, prize: 100.0 };
            let mixed = &found.profile[0][0];
            let bid: f64 = mixed[1..].iter().zip(&contest.fees).map(|(p, fee)| p * fee).sum();
            let mean = closed.mean().unwrap();
            assert!((bid - mean).abs() < 0.12 * mean, "{count}: {bid} {mean}");
            let at = LEVELS / 2;
            let below: f64 = mixed[..=at + 1].iter().sum();
            let expected = closed.at_most(contest.fees[at]).unwrap();
            assert!((below - expected).abs() < 0.06, "{count}: {below} {expected}");
        }
    }

    #[test]
    fn a_cheaper_keeper_comes_more_often_and_a_faster_one_wins_more() {
        let slow = Player { speed: 0.25, ..player(4, 20.0, vec![100.0]) };
        let players = vec![player(4, 20.0, vec![100.0]), slow];
        let contest = Contest { players, fees: vec![0.0], lost: 0.0 };
        let found = solve(&contest, EFFORT);
        assert!(found.profile[0][0][1] > found.profile[1][0][1] + 0.3, "{found:?}");
        assert!(found.exploitability < 0.1);
    }

    #[test]
    fn the_proof_finds_whoever_plays_wrongly() {
        // All come to a prize that pays two of ten.
        let contest =
            Contest { players: vec![player(10, 45.0, vec![100.0])], fees: vec![0.0], lost: 0.0 };
        let all = vec![vec![vec![0.0, 1.0]]];
        assert!((judged(&contest, &all, 0).exploitability - 35.0).abs() < 1e-9);
        assert!((judged(&contest, &contest.away(), 0).exploitability - 55.0).abs() < 1e-9);
    }
}
