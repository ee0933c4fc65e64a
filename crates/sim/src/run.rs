//! All engines side by side: the same commands, the same answers, the same holdings and roots.

use crate::clock::Clock;
use crate::disk::{Expected, Machine};
use crate::facts;
use crate::holdings::{big, small};
use crate::random::Random;
use crate::reference::Reference;
use crate::workload::Workload;
use keelmark_book::{Asset, Decimal};
use keelmark_engine::{AccountId, Answer, Applied, Command, Engine, Event};
use std::collections::BTreeMap;

/// The sum over all accounts is taken from the start after so many commands.
const RECOUNT_EVERY: u64 = 1_000;
/// The roots of the engine and of that on the disk are compared after one batch in so many, and
/// after each that something went wrong with. The log has one for each batch, compared when it is
/// replayed.
const ROOT_ONE_IN: usize = 8;
/// Commands in a batch, at most.
const BATCH: usize = 40;

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Commands sent.
    pub commands: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Faults of the disk, and kills.
    pub faults: u64,
    /// Differences and broken invariants, each with its step.
    pub violations: Vec<String>,
    /// The state root at the end.
    pub root: String,
    /// Accepted and refused by what was asked.
    pub kinds: BTreeMap<String, (u64, u64)>,
}

impl Report {
    fn count(&mut self, command: &Command, refused: bool) {
        let name = format!("{:?}", command.action);
        let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let (accepted, not) = self.kinds.entry(name.to_owned()).or_default();
        *if refused { not } else { accepted } += 1;
    }

    /// What followed from commands by itself, by kind.
    fn count_facts(&mut self, facts: &[String]) {
        let kinds = [
            ("(cancelled)", " is cancelled"),
            ("(triggered)", " triggers "),
            ("(settled)", " settles for "),
            ("(shortfall)", " is short of "),
            ("(called)", " is reached: "),
            ("(restored)", " is left"),
            ("(stepped)", " takes step "),
        ];
        for fact in facts {
            if let Some((name, _)) = kinds.iter().find(|(_, word)| fact.contains(word)) {
                self.kinds.entry((*name).to_owned()).or_default().0 += 1;
            }
        }
    }

    /// What happened in liquidations, by kind.
    fn count_liquidations(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Liquidation(fact) = event {
                let name = format!("{fact:?}").split(' ').next().unwrap_or_default().to_lowercase();
                self.kinds.entry(format!("({name})")).or_default().0 += 1;
            }
        }
    }

    /// Adds what another run found.
    pub fn add(&mut self, other: Self) {
        self.commands += other.commands;
        self.refused += other.refused;
        self.faults += other.faults;
        self.violations.extend(other.violations);
        self.root = other.root;
        for (name, (accepted, refused)) in other.kinds {
            let sum = self.kinds.entry(name).or_default();
            *sum = (sum.0 + accepted, sum.1 + refused);
        }
    }
}

/// Everything that runs.
struct Run {
    workload: Workload,
    engine: Engine,
    reference: Reference,
    machine: Machine,
    clock: Clock,
    random: Random,
}

/// Runs the stream of a seed for so many commands, over at most so many accounts; stops at the
/// first violation. `told` is called with the number of commands done, and says whether to go on.
pub fn run(seed: u64, commands: u64, accounts: usize, mut told: impl FnMut(u64) -> bool) -> Report {
    let mut report = Report::default();
    let machine = match Machine::new(seed) {
        Ok(machine) => machine,
        Err(problem) => return Report { violations: vec![problem], ..report },
    };
    let mut random = Random::new(!seed);
    let mut run = Run {
        workload: Workload::new(seed, crowd(&mut random, accounts)),
        engine: Engine::default(),
        reference: Reference::default(),
        machine,
        clock: Clock::default(),
        random,
    };
    while report.commands < commands && report.violations.is_empty() {
        let most = (commands - report.commands).min(1 + run.random.below(BATCH) as u64);
        if let Err(problem) = run.batch(most, &mut report) {
            let step = report.commands;
            report.violations.push(format!("seed {seed}, step {step}: {problem}"));
        }
        report.faults = run.machine.faults;
        if !told(report.commands) {
            break;
        }
    }
    report.root = run.machine.root().unwrap_or_else(|problem| problem);
    report
}

/// How many accounts a seed has: mostly few, which meet each other often, now and then many.
fn crowd(random: &mut Random, most: usize) -> usize {
    let halvings = [0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5];
    (most >> random.pick(&halvings)).max(3).min(most)
}

impl Run {
    /// A batch: first command by command against the reference, then as a whole on the disk.
    fn batch(&mut self, most: u64, report: &mut Report) -> Result<(), String> {
        let before = self.engine.state().sequence;
        let (mut commands, mut answers) = (Vec::new(), Vec::new());
        for _ in 0..most {
            let none = |error| format!("no command: {error}");
            let command = self.workload.command(&self.reference).map_err(none)?;
            while let Some(time) = self.clock.before(&self.engine, &command).map_err(none)? {
                answers.push(self.step(&time, report)?);
                commands.push(time);
            }
            let answer = self.step(&command, report)?;
            self.workload.heard(!is_refused(&answer));
            answers.push(answer);
            commands.push(command);
        }
        let after = self.engine.state().sequence;
        let (commands, answers) = (commands.as_slice(), answers.as_slice());
        let faulted = self.machine.batch(&Expected { commands, answers, before, after })?;
        if !faulted && !self.random.chance(1, ROOT_ONE_IN) {
            return Ok(());
        }
        let expected = self.engine.root().map_err(|error| error.to_string())?.hash.to_string();
        let found = self.machine.root()?;
        if found != expected {
            return Err(format!("root {found} on disk, expected {expected}"));
        }
        Ok(())
    }

    /// A command, compared with the reference.
    fn step(&mut self, command: &Command, report: &mut Report) -> Result<Answer, String> {
        let told = |problem: &str| format!("{problem}\n  command: {command:?}");
        report.commands += 1;
        let (engine, reference) = (&mut self.engine, &mut self.reference);
        let applied = engine.apply(command).map_err(|broken| told(&broken.to_string()))?;
        let events = &applied.answer().events;
        let refused = is_refused(applied.answer());
        report.count(command, refused);
        report.refused += u64::from(refused);
        let accepted = reference.apply(command, events);
        if accepted == refused {
            let problem = format!("the reference says accepted: {accepted}; found {events:?}");
            return Err(told(&problem));
        }
        if let Applied::Again(_) = applied {
            return Ok(applied.into_answer());
        }
        compare(engine, reference, command, events, refused).map_err(|problem| told(&problem))?;
        report.count_facts(&reference.facts);
        report.count_liquidations(events);
        if report.commands.is_multiple_of(RECOUNT_EVERY) {
            recount(engine, reference).map_err(|problem| told(&problem))?;
        }
        Ok(applied.into_answer())
    }
}

/// What the engines say and hold after a command that is new to them.
fn compare(
    engine: &Engine,
    reference: &Reference,
    command: &Command,
    events: &[Event],
    refused: bool,
) -> Result<(), String> {
    facts::same(events, &reference.facts)?;
    if let Some(problem) = reference.fault() {
        return Err(format!("{problem}; found {events:?}"));
    }
    for (name, before) in &reference.before {
        same(engine, reference, name)?;
        if !refused && reference.added_risk(&command.action, name, before.as_ref()) {
            reference.holds_initial(name)?;
        }
    }
    // What a command does to accounts that it does not name.
    let is_about_all = |event: &Event| {
        matches!(
            event,
            Event::Funded { .. }
                | Event::Accrued { .. }
                | Event::Delisting { .. }
                | Event::Delivered { .. }
                | Event::Triggered { .. }
        )
    };
    let all = events.iter().any(is_about_all);
    if all {
        let mut names = reference.accounts.keys();
        return names.try_for_each(|name| same(engine, reference, name));
    }
    Ok(())
}

/// A stream of commands as a client sends them who hears each answer: for other programs that run
/// the engine.
///
/// # Errors
/// When a command cannot be made, or the engine breaks one of its rules.
pub fn stream(seed: u64, accounts: usize, count: usize) -> Result<Vec<Command>, String> {
    let mut workload = Workload::new(seed, accounts);
    let (mut engine, mut reference) = (Engine::default(), Reference::default());
    let mut commands = Vec::with_capacity(count);
    let mut clock = Clock::default();
    while commands.len() < count {
        let command = workload.command(&reference).map_err(|error| error.to_string())?;
        let mut apply = |command: &Command, engine: &mut Engine| {
            let applied = engine.apply(command).map_err(|broken| broken.to_string())?;
            reference.apply(command, &applied.answer().events);
            Ok::<_, String>(!is_refused(applied.answer()))
        };
        while let Some(time) = clock.before(&engine, &command).map_err(|error| error.to_string())? {
            apply(&time, &mut engine)?;
            commands.push(time);
        }
        workload.heard(apply(&command, &mut engine)?);
        commands.push(command);
    }
    commands.truncate(count);
    Ok(commands)
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer.events.last(), Some(Event::Refused(_)))
}

/// Sums and holdings of all accounts, from the start.
fn recount(engine: &Engine, reference: &Reference) -> Result<(), String> {
    let total = engine.state().total().map_err(|error| error.to_string())?;
    if !total.is_empty() {
        return Err(format!("amounts out of nothing: {total:?}"));
    }
    for (name, held) in &reference.accounts {
        same(engine, reference, name)?;
        if held.positions.values().any(|fills| fills.added_up() != *fills.sum()) {
            return Err(format!("{name}: a history of the reference does not add up"));
        }
    }
    let mut expected: Vec<(&str, u64)> = reference.waiting().collect();
    expected.sort_unstable();
    let state = engine.state();
    let ids = (0..state.accounts.len()).map(AccountId::new);
    let stops = ids.flat_map(|id| state.stops.of(id));
    let mut found: Vec<(&str, u64)> =
        stops.map(|stop| (state.account(stop.account).name.as_str(), stop.order)).collect();
    found.sort_unstable();
    if found == expected { Ok(()) } else { Err(format!("stops {found:?}, expected {expected:?}")) }
}

/// What an account holds is the same in both.
fn same(engine: &Engine, reference: &Reference, name: &str) -> Result<(), String> {
    let (Some(id), Some(held)) = (engine.state().named(name), reference.accounts.get(name)) else {
        let known = (engine.state().named(name).is_some(), reference.accounts.contains_key(name));
        return if known.0 == known.1 {
            Ok(())
        } else {
            Err(format!("{name} is known: {known:?}"))
        };
    };
    let account = engine.state().account(id);
    let cash: BTreeMap<Asset, Option<Decimal>> =
        account.balances.iter().map(|(a, amount)| (a.clone(), Some(amount.decimal()))).collect();
    let expected = reference.cash(name);
    if cash != expected {
        return Err(format!("{name}: balances {cash:?}, expected {expected:?}"));
    }
    let shared = account.shared.iter().map(|held| (held, false));
    let isolated = account.isolated.iter().map(|own| (&own.holding, true));
    let mut positions = 0;
    for (found, alone) in shared.chain(isolated) {
        positions += 1;
        let expected = held.positions.get(&(found.instrument, alone)).map(|fills| {
            let sum = fills.sum();
            (sum.quantity.clone(), sum.cost.clone())
        });
        let found = (big(found.quantity.decimal()), big(found.cost.decimal()));
        if expected.as_ref() != Some(&found) {
            return Err(format!("{name}: position {found:?}, expected {expected:?}"));
        }
    }
    if positions != held.positions.len() {
        return Err(format!("{name}: {positions} positions, expected {}", held.positions.len()));
    }
    for own in &account.isolated {
        let expected = held.margins.get(&own.holding.instrument).and_then(small);
        if expected != Some(own.margin.decimal()) {
            return Err(format!("{name}: margin {}, expected {expected:?}", own.margin));
        }
    }
    let open: Vec<(u64, Decimal)> =
        account.orders.iter().map(|one| (one.number, one.quantity.decimal())).collect();
    let expected: Vec<(u64, Decimal)> = held
        .orders
        .iter()
        .filter_map(|(number, one)| Some((*number, small(&one.quantity)?)))
        .collect();
    if open != expected {
        return Err(format!("{name}: orders {open:?}, expected {expected:?}"));
    }
    Ok(())
}
