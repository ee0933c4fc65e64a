//! A game: a mechanism, the keepers who may come, the accounts that fail, the fund behind them.

use super::contest::{Contest, Player};
use super::fund::quantile;
use super::lot::{Lot, Trade};
use super::mechanism::Sale;
use super::play::APART;
use super::price::Process;
use super::random::Random;
use keelmark_kernels::exp;
use keelmark_margin::document::tree::Node;

/// Keepers who are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Keeper {
    /// Their name.
    pub name: String,
    /// How many.
    pub count: u32,
    /// What taking part in one liquidation costs.
    pub cost: f64,
    /// What taking costs beside that, for whoever takes.
    pub gas: f64,
    /// The most that one can pay for all accounts together.
    pub capital: f64,
    /// Mean seconds in which one reacts.
    pub latency: f64,
    /// How differently a lot is worth to each of them: a deviation as a share of its value.
    pub noise: f64,
    /// What selling a lot again costs, as a share of its value.
    pub resale: f64,
}

/// Accounts that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Their name.
    pub name: String,
    /// How many.
    pub count: u32,
    /// One of them, after the move.
    pub lot: Lot,
}

impl Group {
    /// Accounts of it that are played each for itself.
    pub fn apart(&self) -> u32 {
        self.count.min(APART)
    }

    /// How many accounts each of those stands for.
    pub fn weight(&self) -> f64 {
        f64::from(self.count) / f64::from(self.apart())
    }
}

/// The fund that pays what is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fund {
    /// What is in it.
    pub size: f64,
    /// What money in it costs, as a rate.
    pub rate: f64,
    /// What a deficit costs that it cannot pay, as a multiple of it.
    pub penalty: f64,
    /// Share of the debt that may find nobody.
    pub most_nobody: f64,
    /// What selling costs it where it takes over, as a share of the value.
    pub cost: f64,
}

/// A game.
#[derive(Clone, Debug)]
pub struct Game {
    /// Its name.
    pub name: String,
    /// What identifies it: every number in it, the seed too.
    pub digest: String,
    /// Seed of the draws.
    pub seed: u64,
    /// Paths of the price.
    pub paths: usize,
    /// How accounts are sold.
    pub sale: Sale,
    /// How the price moves meanwhile.
    pub price: Process,
    /// The move that made them fail.
    pub shock: f64,
    /// Who may come.
    pub keepers: Vec<Keeper>,
    /// Who fails.
    pub failing: Vec<Group>,
    /// Accounts that do not.
    pub healthy: u32,
    /// Who pays.
    pub fund: Fund,
    pub(crate) tree: Node,
}

/// Kinds of information that keepers are told apart by where a lot is worth something else to
/// each.
const KINDS: usize = 5;

impl Keeper {
    /// What a lot is worth to each kind of keeper beyond its value, as a share of it.
    pub fn kinds(&self) -> Vec<f64> {
        if self.noise == 0.0 {
            return vec![-self.resale];
        }
        // Midpoints of equally likely fifths, stretched to the deviation that was asked for.
        let middle = |kind: usize| quantile((kind as f64 + 0.5) / KINDS as f64);
        let all: Vec<f64> = (0..KINDS).map(middle).collect();
        let spread = (all.iter().map(|one| one * one).sum::<f64>() / KINDS as f64).sqrt();
        all.iter().map(|one| self.noise * one / spread - self.resale).collect()
    }

    /// What a trade brings, gas and the cost of taking part not counted.
    pub fn gain(trade: Trade, beyond: f64, fee: f64) -> f64 {
        trade.seized * beyond + trade.margin() * (1.0 - fee)
    }

    /// Reactions a second.
    pub fn speed(&self) -> f64 {
        1.0 / self.latency
    }
}

impl Game {
    /// Everything that fails, in money.
    pub fn debt(&self) -> f64 {
        self.failing.iter().map(|one| f64::from(one.count) * one.lot.debt).sum()
    }

    /// Share of every lot that a keeper can pay for: capital is spread over all of them.
    pub fn share(&self, keeper: &Keeper) -> f64 {
        (keeper.capital / self.debt()).min(1.0)
    }

    /// Share of a fixed bonus that the protocol keeps.
    pub fn fee(&self) -> f64 {
        self.sale.spread().map_or(0.0, |spread| spread.fee)
    }

    /// The paths of the price after the move, each from a stream of its own.
    pub fn paths(&self) -> Vec<Vec<f64>> {
        let timing = &self.sale.timing;
        let path = |number: usize| {
            let mut random = Random::new(self.seed, number as u64);
            self.price.path(timing.tick, timing.ticks, &mut random)
        };
        (0..self.paths).map(path).collect()
    }

    /// The margins that are demanded of a lot, from the largest to the least that could pay
    /// anybody.
    pub fn margins(&self, lot: &Lot) -> Vec<f64> {
        let least = |keeper: &Keeper| {
            let most = lot.collateral * self.share(keeper);
            let beyond = keeper.kinds().into_iter().fold(f64::MIN, f64::max);
            (keeper.cost + keeper.gas) / most - beyond
        };
        self.sale.margins(self.keepers.iter().map(least).fold(f64::MAX, f64::min))
    }

    /// The contest for one account of a group: what each level brings, averaged over the paths.
    pub fn contest(&self, group: &Group, paths: &[Vec<f64>]) -> Contest {
        let margins = self.margins(&group.lot);
        let trades = Trades::of(&self.sale, &group.lot, paths, &margins);
        let fee = self.fee();
        let levels = margins.len();
        let player = |keeper: &Keeper| {
            let trades: Vec<Trade> = (0..levels).map(|level| trades.at(level, keeper)).collect();
            let gain = |beyond: &f64| {
                trades.iter().map(|trade| Keeper::gain(*trade, *beyond, fee)).collect()
            };
            Player {
                count: keeper.count,
                speed: keeper.speed(),
                cost: keeper.cost,
                gas: keeper.gas,
                share: self.share(keeper),
                gain: keeper.kinds().iter().map(gain).collect(),
            }
        };
        let players: Vec<Player> = self.keepers.iter().map(player).collect();
        let contest = Contest { players, fees: vec![0.0; levels], lost: self.sale.lost() };
        Contest { fees: self.sale.fees(contest.prize()), ..contest }
    }
}

/// What whoever is first gets on average.
enum Trades {
    /// At each level.
    Levels(Vec<Trade>),
    /// At each tick, and when the first tick is: reactions take time.
    Ticks(Vec<Trade>, f64, f64),
}

impl Trades {
    fn of(sale: &Sale, lot: &Lot, paths: &[Vec<f64>], margins: &[f64]) -> Self {
        let mean = |sum: Vec<Trade>| -> Vec<Trade> {
            sum.into_iter().map(|one| one.times(1.0 / paths.len() as f64)).collect()
        };
        let add = |sum: &mut Trade, one: Trade, price: f64| {
            let one = one.times(lot.unit(price));
            *sum = Trade { seized: sum.seized + one.seized, repaid: sum.repaid + one.repaid };
        };
        if let Some(spread) = sale.spread() {
            let mut sum = vec![Trade::default(); sale.timing.ticks + 1];
            for path in paths {
                for (sum, price) in sum.iter_mut().zip(path) {
                    let relative = lot.relative(*price);
                    add(sum, lot.spread(relative, sale.threshold, spread), *price);
                }
            }
            return Self::Ticks(mean(sum), sale.timing.tick, sale.timing.delay);
        }
        let mut sum = vec![Trade::default(); margins.len()];
        for path in paths {
            let best = sale.best_so_far(lot, path);
            for (sum, margin) in sum.iter_mut().zip(margins) {
                if let Some((tick, trade)) = sale.taken(lot, path, &best, *margin, 0.0) {
                    add(sum, trade, path[tick]);
                }
            }
        }
        Self::Levels(mean(sum))
    }

    fn at(&self, level: usize, keeper: &Keeper) -> Trade {
        match self {
            Self::Levels(levels) => levels[level],
            Self::Ticks(ticks, tick, delay) => {
                let mut sum = Trade::default();
                let mut later = 1.0;
                for (at, trade) in ticks.iter().enumerate() {
                    let passed = at as f64 * tick - delay;
                    let left = if passed < 0.0 { 1.0 } else { exp(-passed / keeper.latency) };
                    let now = trade.times(later - left);
                    sum.seized += now.seized;
                    sum.repaid += now.repaid;
                    later = left;
                }
                sum
            }
        }
    }
}
