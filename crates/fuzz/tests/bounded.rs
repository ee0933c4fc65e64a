//! Every target for a bounded number of inputs: what the long run does, in seconds.

use fuzz::{Limit, TARGETS, run};

#[test]
fn no_target_panics() {
    let seed = 20_260_313;
    for target in TARGETS {
        let report = run(target, seed, Limit::Inputs(400));
        assert!(report.accepted > 0, "{}: no input was taken", target.name);
        assert!(report.failures.is_empty(), "seed {seed}: {:#?}", report.failures);
    }
    // The same seed gives the same inputs.
    let target = &TARGETS[0];
    let (one, two) = (run(target, 7, Limit::Inputs(50)), run(target, 7, Limit::Inputs(50)));
    assert_eq!(one.accepted, two.accepted);
}
