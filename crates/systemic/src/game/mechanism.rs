//! How a failed account is sold: what is offered at each moment, and the bids that can be made.
//!
//! Levels of bids go from the worst to the best: of margins that are demanded from the largest to
//! the least that could pay, of fees for coming first from none to the whole prize. They are closer
//! together at the end where bids are when there is competition.

use super::lot::{Lot, Spread, Trade};
use crate::ModelError;
use keelmark_liquidation::auction::curve::Curve;

/// Levels of bids, where there are several.
pub const LEVELS: usize = 24;

/// How a failed account is sold.
#[derive(Clone, Debug, PartialEq)]
pub enum Mechanism {
    /// At a fixed bonus, to whoever comes first.
    Fixed(Spread),
    /// At a fixed bonus, to whoever pays most to come first.
    Race {
        /// The bonus.
        spread: Spread,
        /// Share of that payment that is lost by those who come later.
        lost: f64,
    },
    /// To the highest of sealed bids, which is what he pays.
    Sealed {
        /// Seconds in which bids are taken.
        seconds: f64,
        /// The least share of the market's value that is taken.
        reserve: f64,
        /// Penalty that is paid with the debt, as a share of it.
        penalty: f64,
    },
    /// At a price that falls, to whoever takes it first.
    Dutch {
        /// The first price, as a share of the market's when it began.
        start: f64,
        /// How it falls.
        curve: Curve,
        /// Share of the market's price when it began below which nothing is sold.
        reserve: f64,
        /// As above.
        penalty: f64,
    },
    /// At a discount that grows as the account gets worse.
    Reverse {
        /// The largest discount.
        most: f64,
        /// As above.
        penalty: f64,
    },
}

/// When things happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Seconds of a tick: whatever happens, happens at the next.
    pub tick: f64,
    /// Ticks until the fund takes over what nobody took.
    pub ticks: usize,
    /// Seconds from the move to the first moment at which anybody can act on it.
    pub delay: f64,
}

/// A mechanism with all that it asks over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sale {
    /// How it is sold.
    pub mechanism: Mechanism,
    /// When.
    pub timing: Timing,
    /// Share of the collateral's value up to which an account is healthy.
    pub threshold: f64,
    /// What a falling price asks at each tick; infinite where nothing is offered.
    asks: Vec<f64>,
}

impl Timing {
    /// The tick at which something happens that happens so long after it can.
    pub fn at(&self, seconds: f64) -> usize {
        ((self.delay + seconds) / self.tick).ceil().min(1e9) as usize
    }
}

impl Sale {
    /// A mechanism with its prices computed.
    ///
    /// # Errors
    /// When a number of a falling price makes no sense.
    pub fn new(mechanism: Mechanism, timing: Timing, threshold: f64) -> Result<Self, ModelError> {
        let mut asks = Vec::new();
        if let Mechanism::Dutch { start, curve, reserve, .. } = &mechanism {
            for tick in 0..=timing.ticks {
                let since = tick as f64 * timing.tick - timing.delay;
                let wrong = |_| ModelError {
                    what: "falling price",
                    expected: "shares from 0 to 1 and seconds above zero",
                    found: since,
                };
                let share = curve.at(since.max(0.0) as u64).map_err(wrong)?.to_f64();
                let ask = start * share;
                let offered = since >= 0.0 && ask > 0.0 && ask >= *reserve;
                asks.push(if offered { ask } else { f64::INFINITY });
            }
        }
        Ok(Self { mechanism, timing, threshold, asks })
    }

    /// The margin that each level demands, down to the least that could pay.
    pub fn margins(&self, least: f64) -> Vec<f64> {
        let largest = match &self.mechanism {
            Mechanism::Fixed(_) => return vec![0.0],
            Mechanism::Race { .. } => 0.0,
            Mechanism::Sealed { reserve, .. } | Mechanism::Dutch { reserve, .. } => 1.0 - reserve,
            Mechanism::Reverse { most, .. } => *most,
        };
        let least = least.clamp(0.0, 0.98 * largest);
        (0..LEVELS).rev().map(|at| least + (largest - least) * near_nought(at)).collect()
    }

    /// What each level pays to come first, where the best keeper's prize is this.
    pub fn fees(&self, prize: f64) -> Vec<f64> {
        match self.mechanism {
            Mechanism::Race { .. } => {
                (0..LEVELS).map(|at| prize.max(0.0) * near_nought(at)).collect()
            }
            _ => vec![0.0; self.margins(0.0).len()],
        }
    }

    /// Share of that payment that is lost by those who come later.
    pub fn lost(&self) -> f64 {
        if let Mechanism::Race { lost, .. } = self.mechanism { lost } else { 0.0 }
    }

    /// The fixed bonus, where there is one.
    pub fn spread(&self) -> Option<&Spread> {
        match &self.mechanism {
            Mechanism::Fixed(spread) | Mechanism::Race { spread, .. } => Some(spread),
            _ => None,
        }
    }

    /// What must be paid for a debt to be settled.
    pub fn tab(&self, lot: &Lot) -> f64 {
        let penalty = match self.mechanism {
            Mechanism::Fixed(_) | Mechanism::Race { .. } => 0.0,
            Mechanism::Sealed { penalty, .. }
            | Mechanism::Dutch { penalty, .. }
            | Mechanism::Reverse { penalty, .. } => penalty,
        };
        lot.debt * (1.0 + penalty)
    }

    /// The margin that is offered at a tick to whoever takes the lot at a price.
    pub fn offered(&self, lot: &Lot, tick: usize, price: f64) -> f64 {
        let relative = lot.relative(price);
        match &self.mechanism {
            Mechanism::Dutch { .. } => 1.0 - self.asks[tick] / relative,
            Mechanism::Reverse { most, .. } if tick >= self.timing.at(0.0) => {
                let health = self.threshold * lot.collateral * relative / lot.debt;
                if health < 1.0 { (1.0 - health).min(*most) } else { f64::NEG_INFINITY }
            }
            _ => f64::NEG_INFINITY,
        }
    }

    /// The best margin offered up to each tick of a path; empty where no offer changes with time.
    pub fn best_so_far(&self, lot: &Lot, path: &[f64]) -> Vec<f64> {
        if !matches!(self.mechanism, Mechanism::Dutch { .. } | Mechanism::Reverse { .. }) {
            return Vec::new();
        }
        let mut best = f64::NEG_INFINITY;
        let at = |(tick, price): (usize, &f64)| {
            best = best.max(self.offered(lot, tick, *price));
            best
        };
        path.iter().enumerate().map(at).collect()
    }

    /// What somebody gets who demands a margin and acts so long after he can: the tick and the
    /// trade, or nothing where it never comes to one.
    pub fn taken(
        &self,
        lot: &Lot,
        path: &[f64],
        best_so_far: &[f64],
        margin: f64,
        seconds: f64,
    ) -> Option<(usize, Trade)> {
        let (tick, trade) = match &self.mechanism {
            Mechanism::Fixed(spread) | Mechanism::Race { spread, .. } => {
                let tick = self.timing.at(seconds);
                let relative = lot.relative(*path.get(tick)?);
                (tick, lot.spread(relative, self.threshold, spread))
            }
            Mechanism::Sealed { seconds, .. } => {
                let tick = self.timing.at(*seconds);
                (tick, lot.sold(lot.relative(*path.get(tick)?), margin, self.tab(lot)))
            }
            Mechanism::Dutch { .. } | Mechanism::Reverse { .. } => {
                let tick = best_so_far.partition_point(|best| *best < margin);
                let price = *path.get(tick)?;
                let found = self.offered(lot, tick, price);
                (tick, lot.sold(lot.relative(price), found, self.tab(lot)))
            }
        };
        (trade.seized > 0.0).then_some((tick, trade))
    }
}

/// From nought to one, closer together near nought.
fn near_nought(level: usize) -> f64 {
    let share = level as f64 / (LEVELS - 1) as f64;
    share * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::lot::Side;
    use crate::game::offer::{Demand, Offer, Strategy};
    use crate::game::price::Process;
    use crate::game::random::Random;
    use keelmark_book::{Decimal, Rate};

    const LOT: Lot = Lot { side: Side::Long, collateral: 100.0, debt: 85.0 };
    const TIMING: Timing = Timing { tick: 90.0, ticks: 80, delay: 90.0 };

    fn dutch() -> Sale {
        let cut = Rate::new("0.99".parse::<Decimal>().unwrap());
        let curve = Curve::Stairs { cut, step: 90 };
        let mechanism = Mechanism::Dutch { start: 1.2, curve, reserve: 0.4, penalty: 0.0 };
        Sale::new(mechanism, TIMING, 0.8).unwrap()
    }

    #[test]
    fn the_trade_is_the_one_that_the_strategy_bids_for() {
        let process = Process { vol: 3.0, jumps: 0.0, jump: 0.0, jump_vol: 0.0 };
        let reverse = Mechanism::Reverse { most: 0.15, penalty: 0.0 };
        for sale in [dutch(), Sale::new(reverse, TIMING, 0.8).unwrap()] {
            let mut traded = 0;
            for stream in 0..50 {
                let path = process.path(90.0, 80, &mut Random::new(3, stream));
                let best = sale.best_so_far(&LOT, &path);
                for margin in sale.margins(0.0) {
                    let mut keeper = Demand { margin: Some(margin), capital: 1e9, fee: 0.0 };
                    let bid = |tick: usize| {
                        let value = LOT.collateral * path[tick];
                        let asked = value * (1.0 - sale.offered(&LOT, tick, path[tick]));
                        let seconds = tick as f64 * 90.0;
                        keeper.bid(&Offer { seconds, value, asked, sealed: false })
                    };
                    // The margin of an offer is worked back from its price: not to the last bit.
                    let played = (0..path.len()).map(bid).position(|bid| bid.is_some());
                    let taken = sale.taken(&LOT, &path, &best, margin, 0.0);
                    let close = |tick: usize| (best[tick] - margin).abs() < 1e-12;
                    if played.is_some_and(|tick| !close(tick)) {
                        assert_eq!(taken.map(|(tick, _)| tick), played, "{margin}");
                        traded += 1;
                    }
                }
            }
            assert!(traded > 100, "{traded}");
        }
    }

    #[test]
    fn a_falling_price_is_the_exact_one_after_the_delay() {
        let sale = dutch();
        assert!(sale.offered(&LOT, 0, 1.0).is_infinite());
        assert!((sale.offered(&LOT, 1, 1.0) + 0.2).abs() < 1e-12);
        assert!((sale.offered(&LOT, 2, 1.0) - (1.0 - 1.2 * 0.99)).abs() < 1e-12);
    }

    #[test]
    fn levels_end_at_nothing_demanded() {
        let margins = dutch().margins(0.0);
        assert!((margins[0] - 0.6).abs() < 1e-12 && *margins.last().unwrap() == 0.0);
        assert!((dutch().margins(0.1).last().unwrap() - 0.1).abs() < 1e-12);
        assert!(margins.windows(2).all(|pair| pair[0] > pair[1]));
    }
}
