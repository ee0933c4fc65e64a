//! The game played: every keeper draws what he knows and what he bids, the price moves, the lot is
//! sold piece by piece, and every unit of money that changes hands is accounted for.
//!
//! What nobody takes in time the fund takes over, at its own cost of selling. Accounts of a group
//! beyond [`APART`] are played together with others of it.

use super::contest::{Mixed, Profile};
use super::lot::{Lot, Trade};
use super::random::Random;
use super::setting::{Game, Keeper};

/// Accounts of a group that are played each for itself.
pub const APART: u32 = 8;

/// Who ends up with what, in money, all accounts together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flows {
    /// What the accounts' owners lose to the liquidation.
    pub owners: f64,
    /// What the fund pays.
    pub fund: f64,
    /// As much of that as was missing before anybody earned: the price had gone too far.
    pub gap: f64,
    /// What each keeper class keeps.
    pub keepers: Vec<f64>,
    /// What taking part and taking cost them.
    pub costs: f64,
    /// What they paid to come first.
    pub order: f64,
    /// What selling again cost, keepers and fund.
    pub selling: f64,
    /// Fees and penalties.
    pub protocol: f64,
}

/// What was seen of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Keepers who came to a lot, on average.
    pub came: f64,
    /// Lots to which nobody came, as a share.
    pub nobody: f64,
    /// Share of the lots that was left to the fund.
    pub unsold: f64,
    /// What the fund paid, all accounts of the group together.
    pub shortfall: f64,
}

/// A game as it was played.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// Averages over the paths.
    pub flows: Flows,
    /// By group.
    pub groups: Vec<Seen>,
    /// What the fund paid on each path.
    pub shortfall: Vec<f64>,
}

/// A keeper who came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taker {
    /// What he bids, among the levels of the game.
    pub level: usize,
    /// Seconds from the first moment at which anybody can act to his.
    pub clock: f64,
    /// His class.
    pub class: usize,
    /// What he knows, among the kinds of his class.
    pub kind: usize,
}

/// What each level of a lot means.
struct Bids<'a> {
    margins: &'a [f64],
    fees: &'a [f64],
}

/// What changes hands over one lot.
struct Outcome {
    flows: Flows,
    came: usize,
    unsold: f64,
}

/// Plays a game with a way to play for each group.
pub fn play(game: &Game, paths: &[Vec<f64>], profiles: &[Profile], fees: &[Vec<f64>]) -> Played {
    let table = Table::of(game);
    let mut out = table.nothing();
    out.shortfall.reserve(paths.len());
    for (number, path) in paths.iter().enumerate() {
        table.on(number, path, (profiles, fees), &mut out);
    }
    out.averaged(1.0 / paths.len() as f64)
}

/// What every lot needs of the keepers.
pub struct Table<'a> {
    game: &'a Game,
    kinds: Vec<Vec<f64>>,
    shares: Vec<f64>,
    /// By group.
    margins: Vec<Vec<f64>>,
}

impl<'a> Table<'a> {
    /// The table of a game.
    pub fn of(game: &'a Game) -> Self {
        Self {
            game,
            kinds: game.keepers.iter().map(Keeper::kinds).collect(),
            shares: game.keepers.iter().map(|keeper| game.share(keeper)).collect(),
            margins: game.failing.iter().map(|group| game.margins(&group.lot)).collect(),
        }
    }

    /// Nothing played yet.
    pub fn nothing(&self) -> Played {
        Played {
            flows: Flows::none(self.game.keepers.len()),
            groups: vec![Seen::default(); self.game.failing.len()],
            shortfall: Vec::new(),
        }
    }

    /// The draws of a path, by its number: those who come to each account, group after group.
    pub fn draws(&self, number: usize) -> Random {
        Random::new(!self.game.seed, number as u64)
    }

    /// What a lot is worth to a taker beyond its value, as a share of it.
    pub fn beyond(&self, taker: &Taker) -> f64 {
        self.kinds[taker.class][taker.kind]
    }

    /// The margin that a taker demands of a lot of a group.
    pub fn margin(&self, group: usize, taker: &Taker) -> f64 {
        self.margins[group][taker.level]
    }

    /// Plays one path, and adds what came of it.
    pub fn on(
        &self,
        number: usize,
        path: &[f64],
        (profiles, fees): (&[Profile], &[Vec<f64>]),
        out: &mut Played,
    ) {
        let game = self.game;
        let mut random = self.draws(number);
        let mut missing = 0.0;
        for (at, group) in game.failing.iter().enumerate() {
            let best = game.sale.best_so_far(&group.lot, path);
            let weight = group.weight();
            for _ in 0..group.apart() {
                let takers = self.takers(&profiles[at], &mut random);
                let bids = Bids { margins: &self.margins[at], fees: &fees[at] };
                let one = self.sold(&group.lot, (path, &best), &takers, &bids);
                out.flows.add(&one.flows, weight);
                missing += weight * one.flows.fund;
                let share = weight / f64::from(group.count);
                let seen = &mut out.groups[at];
                seen.came += share * one.came as f64;
                seen.nobody += share * f64::from(u8::from(one.came == 0));
                seen.unsold += share * one.unsold;
                seen.shortfall += weight * one.flows.fund;
            }
        }
        out.shortfall.push(missing);
    }

    /// Those who come to an account, the best bid first.
    pub fn takers(&self, profile: &Profile, random: &mut Random) -> Vec<Taker> {
        let mut takers = Vec::new();
        for (class, keeper) in self.game.keepers.iter().enumerate() {
            let kinds = self.kinds[class].len();
            for _ in 0..keeper.count {
                let kind = if kinds > 1 { random.below(kinds) } else { 0 };
                let Some(level) = drawn(&profile[class][kind], random.uniform()) else { continue };
                let clock = random.exponential() * keeper.latency;
                takers.push(Taker { level, clock, class, kind });
            }
        }
        takers.sort_by(|a, b| b.level.cmp(&a.level).then(a.clock.total_cmp(&b.clock)));
        takers
    }

    fn sold(
        &self,
        lot: &Lot,
        (path, best): (&[f64], &[f64]),
        takers: &[Taker],
        bids: &Bids<'_>,
    ) -> Outcome {
        let game = self.game;
        let fee = game.fee();
        let mut flows = Flows::none(game.keepers.len());
        let (mut left, mut last) = (1.0, 0);
        let mut state = Left { held: lot.collateral, owed: lot.debt, margin: 0.0 };
        for taker in takers {
            let keeper = &game.keepers[taker.class];
            let margin = bids.margins[taker.level];
            let found = game.sale.taken(lot, path, best, margin, taker.clock);
            let share = if found.is_some() { self.shares[taker.class].min(left) } else { 0.0 };
            let any = share > 1e-9;
            let paid = bids.fees[taker.level] * if any { 1.0 } else { game.sale.lost() };
            let costs = keeper.cost + if any { keeper.gas } else { 0.0 };
            flows.order += paid;
            flows.costs += costs;
            flows.keepers[taker.class] -= paid + costs;
            if let (Some((tick, whole)), true) = (found, any) {
                let trade = whole.times(share);
                let unit = lot.unit(path[tick]);
                let beyond = self.kinds[taker.class][taker.kind];
                flows.keepers[taker.class] += unit * Keeper::gain(trade, beyond, fee);
                flows.selling -= unit * trade.seized * beyond;
                flows.protocol += unit * trade.margin() * fee;
                state.take(trade, lot.relative(path[tick]), unit);
                left -= share;
                last = last.max(tick);
            }
        }
        let over = left > 1e-9;
        let end = if over { path.len() - 1 } else { last };
        let fund = state.settle(game, lot, path[end], over, &mut flows);
        Outcome { flows, came: takers.len(), unsold: if fund { left } else { 0.0 } }
    }
}

/// An account while it is sold.
struct Left {
    /// Collateral, by its value at the price at which it failed.
    held: f64,
    owed: f64,
    /// What takers got beyond what they paid, in money.
    margin: f64,
}

impl Left {
    fn take(&mut self, trade: Trade, relative: f64, unit: f64) {
        self.held -= trade.seized / relative;
        self.owed -= trade.repaid;
        self.margin += unit * trade.margin();
    }

    /// Who pays for what is missing at the end; whether the fund took over what was left, as it
    /// does unless the account has recovered.
    fn settle(self, game: &Game, lot: &Lot, price: f64, over: bool, flows: &mut Flows) -> bool {
        let (relative, unit) = (lot.relative(price), lot.unit(price));
        let held = (self.held * relative).max(0.0) * unit;
        let owed = self.owed.max(0.0) * unit;
        let penalty = (-self.owed).max(0.0) * unit;
        let mut margin = self.margin;
        let mut worth = held;
        let fund = over && owed > game.sale.threshold * held;
        if fund {
            let cost = held * game.fund.cost;
            flows.selling += cost;
            margin += cost;
            worth -= cost;
        }
        flows.fund = (owed - worth).max(0.0);
        flows.gap = (owed - worth - margin).max(0.0);
        flows.protocol += penalty;
        flows.owners = margin + penalty - (flows.fund - flows.gap);
        fund
    }
}

/// The level that a number between zero and one draws; none stays away.
pub(super) fn drawn(mixed: &Mixed, uniform: f64) -> Option<usize> {
    let mut left = uniform - mixed[0];
    if left < 0.0 {
        return None;
    }
    for (level, chance) in mixed[1..].iter().enumerate() {
        left -= chance;
        if left < 0.0 {
            return Some(level);
        }
    }
    // Rounding of the sum.
    mixed[1..].iter().rposition(|chance| *chance > 0.0)
}

impl Flows {
    fn none(keepers: usize) -> Self {
        Self { keepers: vec![0.0; keepers], ..Self::default() }
    }

    fn add(&mut self, other: &Self, weight: f64) {
        self.owners += weight * other.owners;
        self.fund += weight * other.fund;
        self.gap += weight * other.gap;
        self.costs += weight * other.costs;
        self.order += weight * other.order;
        self.selling += weight * other.selling;
        self.protocol += weight * other.protocol;
        for (sum, one) in self.keepers.iter_mut().zip(&other.keepers) {
            *sum += weight * one;
        }
    }

    /// What was paid for the liquidations and is not with anybody: nothing, but for rounding.
    pub fn missing(&self) -> f64 {
        let got = self.keepers.iter().sum::<f64>()
            + self.costs
            + self.order
            + self.selling
            + self.protocol;
        self.owners + self.fund - self.gap - got
    }
}

impl Played {
    fn averaged(mut self, by: f64) -> Self {
        let sum = std::mem::take(&mut self.flows);
        self.flows = Flows::none(sum.keepers.len());
        self.flows.add(&sum, by);
        for one in &mut self.groups {
            one.came *= by;
            one.nobody *= by;
            one.unsold *= by;
            one.shortfall *= by;
        }
        self
    }
}
