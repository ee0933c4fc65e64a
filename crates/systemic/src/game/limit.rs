//! Where a game stops to hold: each parameter is moved away from its value, to twice or half of it
//! at each step, and what lies between the last that holds and the first that does not is halved.

use super::found::{Failure, SEARCH};
use super::setting::Game;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Doublings away from a parameter's value.
const DOUBLINGS: u32 = 6;
/// Halvings between what holds and what does not.
const HALVINGS: u32 = 8;

/// Where a game turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// How many times its value the parameter is there.
    pub times: f64,
    /// Why it does not hold, on the side where it does not.
    pub why: Failure,
}

/// Where a game turns when one parameter moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The parameter.
    pub parameter: String,
    /// Its value in the game; none where keepers differ in it, who are moved together.
    pub value: Option<f64>,
    /// The turn below it.
    pub below: Option<Turn>,
    /// The turn above it.
    pub above: Option<Turn>,
    /// How many times its value it was at the least and at the most.
    pub looked: (f64, f64),
}

/// Why a game fails; nothing where it holds.
#[derive(Clone, Copy)]
struct Verdict(Option<Failure>);

impl Verdict {
    fn differs(self, other: Self) -> bool {
        self.0.is_some() != other.0.is_some()
    }
}

impl Game {
    /// Why it fails with one parameter so many times its value; none where that makes no sense.
    fn fails_at(&self, parameter: &str, times: f64) -> Option<Verdict> {
        let moved = self.scaled(parameter, times)?;
        Some(Verdict(moved.failure(&moved.found_with(SEARCH))))
    }

    /// Where it turns when a parameter moves; nothing for one that it does not have, or that is
    /// nought and so stays where it is.
    pub fn limits(&self, parameter: &str) -> Option<Limits> {
        let now = self.fails_at(parameter, 1.0)?;
        let (below, low) = self.turn(parameter, now, 0.5);
        let (above, high) = self.turn(parameter, now, 2.0);
        let value = self.value(parameter);
        let parameter = parameter.to_owned();
        Some(Limits { parameter, value, below, above, looked: (low, high) })
    }

    /// The turn on one side of a value, and how far it was looked for.
    fn turn(&self, parameter: &str, now: Verdict, mut factor: f64) -> (Option<Turn>, f64) {
        let mut near = 1.0;
        for _ in 0..DOUBLINGS {
            let far = near * factor;
            let Some(found) = self.fails_at(parameter, far) else {
                // Too far for the parameter to make sense: not so far.
                factor = factor.sqrt();
                continue;
            };
            if found.differs(now) {
                return (Some(self.between(parameter, (near, now), (far, found))), far);
            }
            near = far;
        }
        (None, near)
    }

    fn between(&self, parameter: &str, mut near: (f64, Verdict), mut far: (f64, Verdict)) -> Turn {
        for _ in 0..HALVINGS {
            let middle = 0.5 * (near.0 + far.0);
            let Some(found) = self.fails_at(parameter, middle) else { break };
            let side = if found.differs(near.1) { &mut far } else { &mut near };
            *side = (middle, found);
        }
        let why = near.1.0.or(far.1.0).unwrap_or(Failure::Fund);
        Turn { times: 0.5 * (near.0 + far.0), why }
    }
}

/// Works off so many pieces on all cores; each result is handed on in the order of the pieces.
pub fn in_order<T: Send>(
    pieces: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(usize, T) -> bool,
) {
    let next = AtomicUsize::new(0);
    let stopped = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.clamp(1, pieces.max(1)) {
            let sender = sender.clone();
            let (next, stopped, work) = (&next, &stopped, &work);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let halted = stopped.load(Ordering::Relaxed) > 0;
                    if at >= pieces || halted || sender.send((at, work(at))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = std::collections::BTreeMap::new();
        let mut wanted = 0;
        for (at, one) in receiver {
            early.insert(at, one);
            while let Some(one) = early.remove(&wanted) {
                if !done(wanted, one) {
                    stopped.store(1, Ordering::Relaxed);
                    return;
                }
                wanted += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_on_any_number_of_threads() {
        for threads in [1, 3, 16] {
            let mut seen = Vec::new();
            in_order(
                50,
                threads,
                |at| at * at,
                |at, one| {
                    seen.push((at, one));
                    at < 40
                },
            );
            let expected: Vec<_> = (0..=40).map(|at| (at, at * at)).collect();
            assert_eq!(seen, expected);
        }
    }
}
