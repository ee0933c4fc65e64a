//! Days on which a venue's rules were tested, as seeded streams of commands: each is run with the
//! rule that was missing off and on, with the same attack and the same prices. What who attacks
//! cannot do is refused.
//!
//! What was lost is not assumed but measured, at what things were worth in the end: debts that
//! nobody covers, and what funds, vaults, lenders and winners have less than before. After every
//! command the books must balance; in the end a snapshot and a replay of the log must give the
//! same root.
//!
//! - [`venue`]: the engine, told things, with its log and its checks
//! - [`say`]: the commands
//! - [`crowd`]: bystanders who trade with each other
//! - [`loss`]: what was lost
//! - [`report`]: what is printed
//! - one file an incident, named after it; what happened is in `docs/incidents`

pub mod crowd;
pub mod loss;
pub mod report;
pub mod say;
pub mod venue;

mod fake_bid;
mod inherited_short;
mod linked_accounts;
mod no_bidders;
mod one_book;
mod wave;
mod withdrawn_margin;
mod worthless_collateral;

use loss::Loss;
use venue::Venue;

/// Whether the rule that holds is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// As it was on the day.
    Off,
    /// As it should have been.
    On,
}

impl Rule {
    /// Whether it is there.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// A day that the engine must survive.
#[derive(Clone, Copy, Debug)]
pub struct Incident {
    /// Its name, that of its page.
    pub name: &'static str,
    /// The rule that holds, in a few words.
    pub rule: &'static str,
    /// The loss of the day as it was reported, in dollars. The loss with the rule off must lie
    /// between half of it and twice it.
    pub reported: u64,
    /// The largest loss with the rule on, in per cent of that with the rule off.
    pub most_left: u64,
    /// The stream: tells the venue everything, and says what was lost.
    play: fn(&mut Venue, Rule) -> Result<Loss, String>,
}

/// All incidents, in the order of their days.
pub const ALL: &[Incident] = &[
    no_bidders::INCIDENT,
    linked_accounts::INCIDENT,
    withdrawn_margin::INCIDENT,
    inherited_short::INCIDENT,
    wave::INCIDENT,
    one_book::INCIDENT,
    fake_bid::INCIDENT,
    worthless_collateral::INCIDENT,
];

/// What a run showed.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was lost.
    pub loss: Loss,
    /// Commands sent.
    pub commands: usize,
    /// Of what was asked in the attack, how much was done and how much refused.
    pub asked: (usize, usize),
    /// Its main events.
    pub told: Vec<String>,
    /// The state root at the end.
    pub root: String,
}

/// An incident with the rule off and on.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which.
    pub incident: Incident,
    /// Without the rule; what went wrong where it could not be run or the books did not balance.
    pub off: Result<Run, String>,
    /// With the rule.
    pub on: Result<Run, String>,
}

impl Incident {
    /// The incident of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|one| one.name == name)
    }

    /// Runs it twice.
    #[must_use]
    pub fn replay(self, seed: u64) -> Outcome {
        Outcome { incident: self, off: self.run(seed, Rule::Off), on: self.run(seed, Rule::On) }
    }

    fn run(self, seed: u64, rule: Rule) -> Result<Run, String> {
        let mut venue = Venue::new(seed);
        let played = (self.play)(&mut venue, rule);
        let loss = played.map_err(|problem| format!("{} rule {rule:?}: {problem}", self.name))?;
        let root = venue.finish().map_err(|problem| format!("{}: {problem}", self.name))?;
        let (commands, asked) = (venue.log.len(), venue.asked);
        Ok(Run { loss, commands, asked, told: venue.told, root })
    }
}

impl Outcome {
    /// What keeps it from having passed; nothing where it has.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let (off, on) = match (&self.off, &self.on) {
            (Ok(off), Ok(on)) => (off.loss.whole(), on.loss.whole()),
            (off, on) => {
                let failed = [off.as_ref().err(), on.as_ref().err()];
                return failed.into_iter().flatten().cloned().collect();
            }
        };
        let mut problems = Vec::new();
        let reported = i128::from(self.incident.reported);
        if 2 * off < reported || off > 2 * reported {
            let name = self.incident.name;
            problems.push(format!("{name}: {off} lost with the rule off, reported {reported}"));
        }
        let most = off * i128::from(self.incident.most_left) / 100;
        if on > most {
            let name = self.incident.name;
            problems.push(format!("{name}: {on} lost with the rule on, at most {most} expected"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::Money;

    fn outcome(off: i64, on: Result<i64, &str>) -> Outcome {
        let nothing = |_: &mut Venue, _| Err(String::new());
        let incident = Incident {
            name: "test",
            rule: "a rule",
            reported: 1_000,
            most_left: 10,
            play: nothing,
        };
        let run = |lost| {
            let loss = Loss { parts: vec![("lost".to_owned(), Money::from_int(lost))] };
            Run { loss, commands: 1, asked: (0, 0), told: Vec::new(), root: String::new() }
        };
        let on = on.map(run).map_err(str::to_owned);
        Outcome { incident, off: Ok(run(off)), on }
    }

    #[test]
    fn what_is_out_of_scale_too_large_or_broken_has_not_passed() {
        let problems = |off, on| outcome(off, on).problems().len();
        assert_eq!(problems(1_000, Ok(100)), 0);
        assert_eq!(problems(500, Ok(0)), 0);
        assert_eq!(problems(2_000, Ok(-5)), 0);
        assert_eq!(problems(1_000, Ok(101)), 1);
        assert_eq!(problems(499, Ok(0)), 1);
        assert_eq!(problems(2_001, Ok(0)), 1);
        assert_eq!(problems(499, Ok(499)), 2);
        assert_eq!(outcome(1_000, Err("broken")).problems(), ["broken"]);
        let outcomes = [outcome(1_000, Ok(0)), outcome(1_000, Err("broken"))];
        assert_eq!(report::count(&outcomes), "1 passed, 1 failed");
        assert!(report::table(&outcomes).contains("?       NO"));
    }
}
