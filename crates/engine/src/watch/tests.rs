//! What ranges rest on: margin used grows one way, and nothing is to say in an interval.

use super::*;
use proptest::prelude::*;

fn money(raw: i64) -> Money {
    Money::new(Decimal::from_raw(i128::from(raw)))
}

fn rate(thousandths: i128) -> Rate {
    Rate::new(Decimal::from_raw(thousandths * 10i128.pow(15)))
}

/// Amounts of which many are zero or near it.
fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), -3i64..4, any::<i64>()]
}

/// Shares of margin used, many at levels and a step below them.
fn share() -> impl Strategy<Value = Used> {
    let near = (0i128..13, -1i128..2).prop_map(|(tenth, off)| {
        Used::Share(Rate::new(Decimal::from_raw(tenth * 10i128.pow(17) + off)))
    });
    prop_oneof![4 => near, 1 => (0i128..1_500).prop_map(|at| Used::Share(rate(at))),
        1 => Just(Used::Unsupported)]
}

prop_compose! {
    fn rule()(levels in proptest::collection::btree_set(1i128..10, 0..5), step in 0i128..5)
        -> Rule
    {
        let levels = levels.into_iter().map(|tenth| rate(tenth * 100)).chain([Rate::ONE]).collect();
        Rule { levels, step: rate(step * 50) }
    }
}

proptest! {
    #[test]
    fn margin_used_grows_with_maintenance_and_falls_with_equity(
        one in amount(), other in amount(), has in amount(), had in amount(),
    ) {
        let (less, more) = (money(one.min(other)), money(one.max(other)));
        let (poor, rich) = (money(has.min(had)), money(has.max(had)));
        prop_assert!(used(less, rich) <= used(more, rich));
        prop_assert!(used(less, rich) <= used(less, poor));
        prop_assert!(used(less, rich) <= used(more, poor));
    }

    #[test]
    fn where_there_is_nothing_to_say_is_an_interval(
        rule in rule(), level in proptest::option::of(1i128..11), unknown: bool,
        mut shares in proptest::collection::vec(share(), 3),
    ) {
        shares.sort();
        let said = Said { level: level.map(|tenth| rate(tenth * 100)), unknown };
        let quiet = |at: usize| verdict(&rule, said, shares[at]) == Verdict::Nothing;
        prop_assert!(!quiet(0) || !quiet(2) || quiet(1), "{shares:?}");
    }
}
