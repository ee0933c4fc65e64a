//! A game solved and played: how many come, what is missing, who profits, and whether it holds.

use super::contest::Contest;
use super::offer::Demand;
use super::play::{Flows, Seen, drawn, play};
use super::random::Random;
use super::setting::Game;
use super::solve::{Effort, Solution, solve};

/// How hard an equilibrium is looked for.
pub const EFFORT: Effort = Effort { tolerance: 1e-3, rounds: 800 };

/// The same for each of the many games of a search: what is quickly found is found as well.
pub const SEARCH: Effort = Effort { rounds: 250, ..EFFORT };

/// What was found of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Fate {
    /// The contest for one of its accounts.
    pub contest: Contest,
    /// How it is played.
    pub solution: Solution,
    /// Keepers who come to a lot, on average.
    pub come: f64,
    /// Probability that nobody does.
    pub nobody: f64,
    /// What was seen when it was played.
    pub seen: Seen,
}

/// A game solved and played.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// By group.
    pub fates: Vec<Fate>,
    /// Who ends up with what.
    pub flows: Flows,
    /// What each keeper class gains in theory, all accounts together.
    pub expected: Vec<f64>,
    /// What is missing on average.
    pub shortfall: f64,
    /// Standard error of that.
    pub error: f64,
    /// Share of the paths on which more is missing than the fund has.
    pub ruin: f64,
    /// Share of the debt that finds nobody.
    pub nobody: f64,
    /// The fund that is worth its cost.
    pub worth: f64,
}

impl Found {
    /// The largest gain any keeper has from playing otherwise, as a share of the prize.
    pub fn exploitability(&self) -> f64 {
        let share = |fate: &Fate| {
            let prize = fate.contest.prize();
            if prize > 0.0 { fate.solution.exploitability / prize } else { 0.0 }
        };
        self.fates.iter().map(share).fold(0.0, f64::max)
    }
}

/// Why a game does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// More is missing on average than the fund has.
    Fund,
    /// Too much of the debt finds nobody.
    Nobody,
}

impl Game {
    /// Solves and plays.
    pub fn found(&self) -> Found {
        self.found_with(EFFORT)
    }

    /// The same with another effort; what it was worth is in the answer.
    pub fn found_with(&self, effort: Effort) -> Found {
        let paths = self.paths();
        let contests: Vec<Contest> =
            self.failing.iter().map(|group| self.contest(group, &paths)).collect();
        let solutions: Vec<Solution> = contests.iter().map(|one| solve(one, effort)).collect();
        let profiles: Vec<_> = solutions.iter().map(|one| one.profile.clone()).collect();
        let fees: Vec<_> = contests.iter().map(|one| one.fees.clone()).collect();
        let played = play(self, &paths, &profiles, &fees);
        let fates: Vec<Fate> = contests
            .into_iter()
            .zip(solutions)
            .zip(played.groups)
            .map(|((contest, solution), seen)| Fate {
                come: come(&contest, &solution),
                nobody: contest.nobody(&solution.profile),
                contest,
                solution,
                seen,
            })
            .collect();
        let (shortfall, error) = mean(&played.shortfall);
        let over = played.shortfall.iter().filter(|one| **one > self.fund.size).count();
        Found {
            expected: self.expected(&fates),
            nobody: self.by_debt(&fates, |fate| fate.nobody),
            flows: played.flows,
            shortfall,
            error,
            ruin: over as f64 / played.shortfall.len() as f64,
            worth: newsvendor(&played.shortfall, self.fund.rate, self.fund.penalty),
            fates,
        }
    }

    /// Why it does not hold; nothing where it does.
    pub fn failure(&self, found: &Found) -> Option<Failure> {
        if found.shortfall > self.fund.size {
            return Some(Failure::Fund);
        }
        (found.nobody > self.fund.most_nobody).then_some(Failure::Nobody)
    }

    /// A mean over groups, each by what it owes.
    pub fn by_debt(&self, fates: &[Fate], of: impl Fn(&Fate) -> f64) -> f64 {
        let all = self.debt();
        let part = |(group, fate): (&super::setting::Group, &Fate)| {
            f64::from(group.count) * group.lot.debt / all * of(fate)
        };
        self.failing.iter().zip(fates).map(part).sum()
    }

    /// What every keeper does about one account of a group, each drawn from his equilibrium: those
    /// of a class beside each other, in the order of the classes.
    pub fn demands(&self, group: usize, fate: &Fate, random: &mut Random) -> Vec<Demand> {
        let lot = &self.failing[group].lot;
        let margins = self.margins(lot);
        let mut out = Vec::new();
        for (keeper, kinds) in self.keepers.iter().zip(&fate.solution.profile) {
            for _ in 0..keeper.count {
                let level = drawn(&kinds[random.below(kinds.len())], random.uniform());
                out.push(Demand {
                    margin: level.map(|level| margins[level]),
                    capital: self.share(keeper) * lot.debt,
                    fee: level.map_or(0.0, |level| fate.contest.fees[level]),
                });
            }
        }
        out
    }

    fn expected(&self, fates: &[Fate]) -> Vec<f64> {
        let of = |class: usize| {
            let keepers = f64::from(self.keepers[class].count);
            let one = |(group, fate): (&super::setting::Group, &Fate)| {
                f64::from(group.count) * keepers * fate.solution.payoff[class]
            };
            self.failing.iter().zip(fates).map(one).sum()
        };
        (0..self.keepers.len()).map(of).collect()
    }
}

fn come(contest: &Contest, solution: &Solution) -> f64 {
    let average = Contest::average(&solution.profile);
    let players = contest.players.iter().zip(&average);
    players.map(|(one, mixed)| f64::from(one.count) * (1.0 - mixed[0])).sum()
}

fn mean(all: &[f64]) -> (f64, f64) {
    let count = all.len() as f64;
    let mean = all.iter().sum::<f64>() / count;
    let square = all.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / count;
    (mean, (square / count).sqrt())
}

/// The quantile of the deficits that a fund is worth its cost up to; nothing where none is.
pub fn newsvendor(deficits: &[f64], rate: f64, penalty: f64) -> f64 {
    let beyond = rate / penalty;
    if beyond >= 1.0 {
        return 0.0;
    }
    let mut sorted = deficits.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((1.0 - beyond) * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::random::Random;
    use crate::game::{Law, fund};

    #[test]
    fn the_quantile_is_the_closed_form() {
        let mut random = Random::new(9, 0);
        let deficits: Vec<f64> = (0..100_000).map(|_| 7.0 * random.exponential()).collect();
        let closed = fund(&Law::Exponential { mean: 7.0 }, 0.1, 2.0).unwrap();
        assert!((newsvendor(&deficits, 0.1, 2.0) / closed - 1.0).abs() < 0.02);
        assert_eq!(newsvendor(&deficits, 2.0, 1.0), 0.0);
    }
}
