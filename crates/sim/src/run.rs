//! All engines side by side: the same commands, the same answers, the same holdings and roots.

use crate::disk::{Expected, Machine};
use crate::holdings::{big, small};
use crate::random::Random;
use crate::reference::{Reference, named};
use crate::workload::Workload;
use keelmark_book::{Asset, Decimal};
use keelmark_engine::{Answer, Applied, Command, Engine, Event};
use std::collections::BTreeMap;

/// The sum over all accounts is taken from the start after so many commands.
const RECOUNT_EVERY: u64 = 1_000;
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
}

/// Everything that runs.
struct Run {
    workload: Workload,
    engine: Engine,
    reference: Reference,
    machine: Machine,
    random: Random,
}

/// Runs the stream of a seed for so many commands; stops at the first violation. `told` is called
/// with the number of commands done.
pub fn run(seed: u64, commands: u64, accounts: usize, mut told: impl FnMut(u64)) -> Report {
    let mut report = Report::default();
    let machine = match Machine::new(seed) {
        Ok(machine) => machine,
        Err(problem) => return Report { violations: vec![problem], ..report },
    };
    let mut run = Run {
        workload: Workload::new(seed, accounts),
        engine: Engine::default(),
        reference: Reference::default(),
        machine,
        random: Random::new(!seed),
    };
    while report.commands < commands && report.violations.is_empty() {
        let most = (commands - report.commands).min(1 + run.random.below(BATCH) as u64);
        if let Err(problem) = run.batch(most, &mut report) {
            let step = report.commands;
            report.violations.push(format!("seed {seed}, step {step}: {problem}"));
        }
        report.faults = run.machine.faults;
        told(report.commands);
    }
    report.root = run.machine.root().unwrap_or_else(|problem| problem);
    report
}

impl Run {
    /// A batch: first command by command against the reference, then as a whole on the disk.
    fn batch(&mut self, most: u64, report: &mut Report) -> Result<(), String> {
        let before = self.engine.state().sequence;
        let (mut commands, mut answers) = (Vec::new(), Vec::new());
        for _ in 0..most {
            report.commands += 1;
            let command = self.workload.command();
            let command = command.map_err(|error| format!("no command: {error}"))?;
            answers.push(self.step(&command, report)?);
            commands.push(command);
        }
        let after = self.engine.state().sequence;
        let (commands, answers) = (commands.as_slice(), answers.as_slice());
        self.machine.batch(&Expected { commands, answers, before, after })?;
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
        let (engine, reference) = (&mut self.engine, &mut self.reference);
        let applied = engine.apply(command).map_err(|broken| told(&broken.to_string()))?;
        let events = &applied.answer().events;
        let refused = matches!(events.last(), Some(Event::Refused(_)));
        report.refused += u64::from(refused);
        let accepted = reference.apply(command);
        if accepted == refused {
            let problem = format!("the reference says accepted: {accepted}; found {events:?}");
            return Err(told(&problem));
        }
        if let Applied::Again(_) = applied {
            return Ok(applied.into_answer());
        }
        for name in named(&command.action) {
            same(engine, reference, name).map_err(|problem| told(&problem))?;
            if !refused {
                stands(engine, command, name).map_err(|problem| told(&problem))?;
            }
        }
        if report.commands.is_multiple_of(RECOUNT_EVERY) {
            recount(engine, reference).map_err(|problem| told(&problem))?;
        }
        Ok(applied.into_answer())
    }
}

/// Sums and holdings of all accounts, from the start.
fn recount(engine: &Engine, reference: &Reference) -> Result<(), String> {
    let total = engine.state().total().map_err(|error| error.to_string())?;
    if !total.is_empty() {
        return Err(format!("amounts out of nothing: {total:?}"));
    }
    reference.accounts.keys().try_for_each(|name| same(engine, reference, name))
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
            (sum.quantity, sum.cost)
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

/// Who has just opened a position holds its initial margin.
fn stands(engine: &Engine, command: &Command, name: &str) -> Result<(), String> {
    use keelmark_engine::command::Action;
    if !matches!(command.action, Action::Withdraw(_) | Action::Mode { .. }) {
        return Ok(());
    }
    let Some(id) = engine.state().named(name) else { return Ok(()) };
    let account = engine.state().account(id);
    if account.shared.is_empty() && account.isolated.is_empty() {
        return Ok(());
    }
    let pools = engine.state().standings(id).map_err(|refusal| refusal.to_string())?;
    match pools.iter().find(|pool| !pool.may_add_risk()) {
        Some(pool) => Err(format!("{name} is below initial margin: {pool:?}")),
        None => Ok(()),
    }
}
