//! Laws of every stream of commands: nothing is made or lost, a refusal changes nothing, a replay
//! is the same, a root is that of the state, a snapshot goes on as if nothing had happened.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stream;

use keelmark_engine::root::{Hash, PartHash, Root, Sums};
use keelmark_engine::{Applied, Engine};
use proptest::prelude::*;
use stream::{cases, is_refused, run, stream};

/// What a refusal leaves as it was: all but the command's number and the time, which passes
/// whatever becomes of a command, and with it the age of prices.
fn but_for_time(root: &Root) -> (Hash, &Sums, Vec<&PartHash>) {
    let parts = root.parts.iter().filter(|part| part.name != "market").collect();
    (root.tree, &root.total, parts)
}

proptest! {
    #![proptest_config(cases(24))]

    /// After every command all amounts of each asset add up to zero, in the balances and in the
    /// root; a refusal changes only number and time, an answer once more nothing.
    #[test]
    fn amounts_are_kept_and_refusals_change_nothing(commands in stream(120)) {
        let mut engine = Engine::default();
        let mut before = engine.root().unwrap();
        for command in &commands {
            let applied = engine.apply(command).unwrap();
            prop_assert!(engine.state().total().unwrap().is_empty(), "{command:?}");
            let after = engine.root().unwrap();
            match &applied {
                Applied::Again(_) => prop_assert_eq!(&after, &before),
                Applied::New(_) if is_refused(&applied) => {
                    prop_assert_eq!(after.sequence, before.sequence + 1);
                    prop_assert_eq!(but_for_time(&after), but_for_time(&before));
                }
                Applied::New(_) => prop_assert!(after.hash != before.hash),
            }
            for sum in after.total.iter() {
                let ledger = engine.state().ledger.iter();
                let house: Vec<_> = ledger.filter(|(_, asset, _)| **asset == sum.asset).collect();
                let mut all = sum.held.minus(sum.owed).unwrap();
                for (_, _, amount) in house {
                    all = all.plus(amount).unwrap();
                }
                prop_assert!(all.is_zero(), "{}: {all}", sum.asset);
            }
            before = after;
        }
    }

    /// However commands are cut into batches, the root is the one that the state alone gives.
    #[test]
    fn a_root_is_that_of_its_state(commands in stream(120), batch in 1..30usize) {
        let (mut often, mut once) = (Engine::default(), Engine::default());
        for commands in commands.chunks(batch) {
            run(&mut often, commands);
            prop_assert_eq!(often.root().unwrap(), often.state().root().unwrap());
        }
        let answers = run(&mut once, &commands);
        prop_assert_eq!(once.root().unwrap(), often.root().unwrap());
        let mut again = Engine::default();
        prop_assert_eq!(run(&mut again, &commands), answers);
        prop_assert_eq!(again.root().unwrap(), once.root().unwrap());
    }

    /// A restored engine answers as the one that went on, and stays the same.
    #[test]
    fn a_snapshot_goes_on(commands in stream(120), share in 0.0..1.0f64) {
        let cut = (commands.len() as f64 * share) as usize;
        let mut engine = Engine::default();
        run(&mut engine, &commands[..cut]);
        let bytes = engine.snapshot().unwrap();
        let mut restored = Engine::restore(&bytes).unwrap();
        prop_assert_eq!(restored.root().unwrap(), engine.root().unwrap());
        prop_assert_eq!(&restored.snapshot().unwrap(), &bytes);
        let from = commands.len().min(cut.saturating_sub(10));
        for command in &commands[from..] {
            prop_assert_eq!(restored.apply(command).unwrap(), engine.apply(command).unwrap());
            prop_assert_eq!(restored.root().unwrap(), engine.root().unwrap());
        }
        prop_assert_eq!(restored.snapshot().unwrap(), engine.snapshot().unwrap());
    }
}

/// The streams do what they are for: enough is done and enough is refused.
#[test]
fn streams_mean_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut done, mut refused, mut again) = (0, 0, 0);
    let (mut isolated, mut shared, mut orders) = (0, 0, 0);
    for _ in 0..10 {
        let commands = stream(120).new_tree(&mut runner).unwrap().current();
        let mut engine = Engine::default();
        for applied in run(&mut engine, &commands) {
            match applied {
                Applied::Again(_) => again += 1,
                Applied::New(_) if is_refused(&applied) => refused += 1,
                Applied::New(_) => done += 1,
            }
        }
        for account in &engine.state().accounts {
            isolated += account.isolated.len();
            shared += account.shared.len();
            orders += account.orders.len();
        }
    }
    let all = [done, refused, again, isolated, shared, orders];
    assert!(done > 300 && refused > 100 && all.iter().all(|count| *count > 5), "{all:?}");
}
