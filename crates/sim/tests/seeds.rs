//! A bounded run of the simulation: a difference prints its seed and step.

#[test]
fn the_engine_agrees_with_the_naive_one() {
    for seed in 1..=4 {
        let report = sim::run::run(seed, 1_200, 24, |_| true);
        assert!(report.violations.is_empty(), "{}", report.violations.join("\n"));
        assert!(report.refused < report.commands * 4 / 10, "seed {seed}: {report:?}");
    }
}
