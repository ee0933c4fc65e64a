//! A contest for a lot: each keeper stays away or bids at one of a few levels, the best bid is
//! served first, then the next until the lot is gone; equal bids are served by speed.
//!
//! Every mechanism is one of these: a fixed bonus has one level, a race levels of fees, an auction
//! levels of the margin that is demanded. What a bid is worth against given others is computed,
//! not drawn. The speed of a keeper is a rate: of keepers with equal bids each is first with the
//! probability of his rate over the sum, as independent exponential delays are.

use super::quadrature::NODES;
use keelmark_kernels::powf;

/// Parts of a lot that are told apart where one keeper cannot pay for all of it: as few as fit the
/// shares of all within [`FIT`], at most this many.
const UNITS: usize = 48;
/// Error of a share that is counted in parts, as a share of it.
const FIT: f64 = 0.02;

/// Keepers who are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Player {
    /// How many.
    pub count: u32,
    /// Reactions a second.
    pub speed: f64,
    /// What taking part costs.
    pub cost: f64,
    /// What taking costs, for whoever gets some of the lot.
    pub gas: f64,
    /// The largest share of the lot that one can pay for, above zero to one.
    pub share: f64,
    /// What the whole lot brings at each level, for each kind of information about it; one kind
    /// where all know the same. Each kind is equally likely.
    pub gain: Vec<Vec<f64>>,
}

/// A contest.
#[derive(Clone, Debug, PartialEq)]
pub struct Contest {
    /// Who could come.
    pub players: Vec<Player>,
    /// What is paid at each level for coming first, from the worst level to the best.
    pub fees: Vec<f64>,
    /// Share of that which is paid by those who get nothing too.
    pub lost: f64,
}

/// How one kind of keeper plays: probability of staying away, then that of each level.
pub type Mixed = Vec<f64>;

/// How all play: by player and kind.
pub type Profile = Vec<Vec<Mixed>>;

/// What a bid gets on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Odds {
    /// Share of the lot.
    pub share: f64,
    /// Probability of getting any of it.
    pub any: f64,
}

/// A case of how fast a keeper is.
struct Tie {
    weight: f64,
    /// Probability that a keeper of each player is slower.
    slower: Vec<f64>,
}

impl Contest {
    /// How many levels there are.
    pub fn levels(&self) -> usize {
        self.fees.len()
    }

    /// Everybody stays away.
    pub fn away(&self) -> Profile {
        let none: Mixed = std::iter::once(1.0).chain(self.fees.iter().map(|_| 0.0)).collect();
        self.players.iter().map(|one| vec![none.clone(); one.gain.len()]).collect()
    }

    /// How a keeper of each player plays on average over what he may know.
    pub fn average(profile: &Profile) -> Vec<Mixed> {
        let mean = |kinds: &Vec<Mixed>| {
            let sum = |at: usize| kinds.iter().map(|one| one[at]).sum::<f64>();
            (0..kinds[0].len()).map(|at| sum(at) / kinds.len() as f64).collect()
        };
        profile.iter().map(mean).collect()
    }

    /// What one keeper of a player gets at each level where all others play `average`.
    pub fn odds(&self, average: &[Mixed], player: usize) -> Vec<Odds> {
        let own = &self.players[player];
        let ample = self.players.iter().all(|one| one.share >= 1.0);
        let units = self.units();
        let ties = self.ties(player);
        let mut above = vec![0.0; average.len()];
        let mut found = vec![Odds::default(); self.levels()];
        for level in (0..self.levels()).rev() {
            let tied = average.iter().any(|one| one[level + 1] > 0.0);
            let nodes = if tied { ties.len() } else { 1 };
            for tie in &ties[..nodes] {
                let before = |other: usize| {
                    let equal = average[other][level + 1] * (1.0 - tie.slower[other]);
                    (above[other] + equal).clamp(0.0, 1.0)
                };
                let weight = if tied { tie.weight } else { 1.0 };
                let one = if ample {
                    let first = self.first(player, before);
                    Odds { share: first, any: first }
                } else {
                    self.served(player, own.share, units, before)
                };
                found[level].share += weight * one.share;
                found[level].any += weight * one.any;
            }
            for (sum, one) in above.iter_mut().zip(average) {
                *sum += one[level + 1];
            }
        }
        found
    }

    /// How fast he may be, in a few cases.
    fn ties(&self, player: usize) -> Vec<Tie> {
        let own = self.players[player].speed;
        let ratios: Vec<f64> = self.players.iter().map(|one| one.speed / own).collect();
        let least = ratios.iter().copied().fold(1.0, f64::min);
        // A change of variable takes the root of a slow rival out of the integrand.
        let power = (1.0 / least).ceil().min(4.0);
        let tie = |(at, weight): &(f64, f64)| Tie {
            weight: weight * power * powf(*at, power - 1.0),
            slower: ratios.iter().map(|ratio| powf(*at, power * ratio)).collect(),
        };
        NODES.iter().map(tie).collect()
    }

    /// Other keepers of a player.
    fn rivals(&self, player: usize, other: usize) -> u32 {
        self.players[other].count - u32::from(player == other)
    }

    fn first(&self, player: usize, before: impl Fn(usize) -> f64) -> f64 {
        let after = |other| times(1.0 - before(other), self.rivals(player, other));
        (0..self.players.len()).map(after).product()
    }

    /// How many parts a lot is counted in.
    fn units(&self) -> usize {
        let misfit = |all: usize| {
            let of = |one: &Player| {
                let exact = one.share * all as f64;
                (counted(one.share, all) as f64 / exact - 1.0).abs()
            };
            self.players.iter().map(of).fold(0.0, f64::max)
        };
        let mut best = (f64::INFINITY, UNITS);
        for all in 8..=UNITS {
            let now = misfit(all);
            if now < best.0 {
                best = (now, all);
            }
            if now < FIT {
                break;
            }
        }
        best.1
    }

    /// What is left once those before have been served.
    fn served(&self, player: usize, share: f64, all: usize, before: impl Fn(usize) -> f64) -> Odds {
        let mut taken = [0.0; UNITS];
        taken[0] = 1.0;
        for (other, one) in self.players.iter().enumerate() {
            let (chance, rivals) = (before(other), self.rivals(player, other));
            if chance > 0.0 && rivals > 0 {
                convolve(&mut taken[..all], counted(one.share, all), chance, rivals);
            }
        }
        let mut odds = Odds::default();
        for (units, chance) in taken[..all].iter().enumerate() {
            odds.share += chance * share.min(1.0 - units as f64 / all as f64);
            odds.any += chance;
        }
        odds
    }

    /// What a level brings to a keeper of a player who knows `kind`.
    pub fn payoff(&self, player: usize, kind: usize, level: usize, odds: Odds) -> f64 {
        let one = &self.players[player];
        let fee = self.fees[level] * (self.lost + (1.0 - self.lost) * odds.any);
        odds.share * one.gain[kind][level] - odds.any * one.gas - one.cost - fee
    }

    /// Probability that nobody comes.
    pub fn nobody(&self, profile: &Profile) -> f64 {
        let average = Self::average(profile);
        let away = |(one, mixed): (&Player, &Mixed)| times(mixed[0], one.count);
        self.players.iter().zip(&average).map(away).product()
    }

    /// The most that a lot could bring anybody: what differences are measured by.
    pub fn prize(&self) -> f64 {
        let gains = self.players.iter().flat_map(|one| one.gain.iter().flatten());
        gains.copied().fold(0.0, f64::max)
    }
}

/// A share in parts, one at least.
fn counted(share: f64, all: usize) -> usize {
    ((share * all as f64).round() as usize).clamp(1, all)
}

/// The distribution of parts taken after so many more keepers, each with a chance; what exceeds
/// the lot is dropped, since nothing is left then.
fn convolve(taken: &mut [f64], units: usize, chance: f64, count: u32) {
    let all = taken.len();
    let most = ((all - 1) / units).min(count as usize);
    let number = binomial(chance, count, most);
    let mut before = [0.0; UNITS];
    before[..all].copy_from_slice(taken);
    taken.fill(0.0);
    for (number, one) in number[..=most].iter().enumerate() {
        for at in number * units..all {
            taken[at] += before[at - number * units] * one;
        }
    }
}

/// Probabilities of nought to `most` of `count`.
fn binomial(chance: f64, count: u32, most: usize) -> [f64; UNITS] {
    let mut out = [0.0; UNITS];
    let mut away = times(1.0 - chance, count - most as u32);
    for number in (0..=most).rev() {
        out[number] = away;
        away *= 1.0 - chance;
    }
    let mut come = 1.0;
    for (number, one) in out[..=most].iter_mut().enumerate() {
        *one *= come;
        come *= chance * f64::from(count - number as u32) / (number + 1) as f64;
    }
    out
}

/// A number multiplied by itself so many times, by squares.
pub(super) fn times(number: f64, mut count: u32) -> f64 {
    let (mut out, mut square) = (1.0, number);
    while count > 0 {
        if count % 2 == 1 {
            out *= square;
        }
        square *= square;
        count /= 2;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::random::Random;
    use proptest::prelude::*;

    fn player(count: u32, speed: f64, share: f64, levels: usize) -> Player {
        Player { count, speed, cost: 0.0, gas: 0.0, share, gain: vec![vec![1.0; levels]] }
    }

    /// Rank, clock and share of a rival.
    type Rival = (usize, f64, f64);

    fn drawn(contest: &Contest, average: &[Mixed], own: usize, random: &mut Random) -> Vec<Rival> {
        let mut rivals = Vec::new();
        for (other, one) in contest.players.iter().enumerate() {
            for _ in 0..contest.rivals(own, other) {
                let mut left = random.uniform() - average[other][0];
                let clock = random.exponential() / one.speed;
                for (level, chance) in average[other][1..].iter().enumerate() {
                    if left >= 0.0 && left < *chance {
                        rivals.push((level, clock, one.share));
                    }
                    left -= chance;
                }
            }
        }
        rivals
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn odds_are_those_of_play(
            seed in 0u64..1_000, slow in 0.2f64..1.0, scarce in 0.1f64..1.2, away in 0.0f64..0.9,
        ) {
            let share = (scarce.min(1.0) * 16.0).round() / 16.0;
            let players = vec![player(3, 1.0, share, 2), player(2, slow, 1.0, 2)];
            let contest = Contest { players, fees: vec![0.0; 2], lost: 0.0 };
            let come = 1.0 - away;
            let average = [vec![away, 0.3 * come, 0.7 * come], vec![0.0, 0.6, 0.4]];
            let odds = contest.odds(&average, 0);
            let mut random = Random::new(seed, 0);
            let games = 20_000;
            for level in 0..2 {
                let mut found = Odds::default();
                for _ in 0..games {
                    let clock = random.exponential();
                    let rivals = drawn(&contest, &average, 0, &mut random);
                    let before = |one: &&Rival| one.0 > level || (one.0 == level && one.1 < clock);
                    let left = 1.0 - rivals.iter().filter(before).map(|one| one.2).sum::<f64>();
                    if left > 1e-9 {
                        found.share += left.min(share) / f64::from(games);
                        found.any += 1.0 / f64::from(games);
                    }
                }
                prop_assert!((found.share - odds[level].share).abs() < 0.015, "{found:?} {odds:?}");
                prop_assert!((found.any - odds[level].any).abs() < 0.015, "{found:?} {odds:?}");
            }
        }
    }

    #[test]
    fn equals_share_equally() {
        let contest = Contest { players: vec![player(8, 3.0, 1.0, 1)], fees: vec![0.0], lost: 0.0 };
        let odds = contest.odds(&[vec![0.0, 1.0]], 0);
        assert!((odds[0].share - 0.125).abs() < 1e-12);
        let scarce =
            Contest { players: vec![player(8, 3.0, 0.125, 1)], fees: vec![0.0], lost: 0.0 };
        assert!((scarce.odds(&[vec![0.0, 1.0]], 0)[0].share - 0.125).abs() < 1e-12);
    }
}
