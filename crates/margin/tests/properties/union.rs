//! Two books together against the two apart, charge by charge.

use crate::books::book;
use crate::collateral::slack;
use crate::markets::market;
use crate::shared::Shared;
use crate::union_examples::every_kind;
use crate::{cases, documents};
use keelmark_book::{Decimal, Money};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(cases(30))]

    /// A charge that does not say why it breaks the union never does.
    #[test]
    fn a_union_asks_at_most_the_sum(
        market in market(), left in book(), right in book(), leverage in 1i64..50,
    ) {
        let mut left = left.portfolio(&market);
        let right = right.portfolio(&market);
        if let Some(first) = left.positions.first_mut() {
            first.leverage = Some(Decimal::from_int(leverage));
        }
        let both = left.union(&right).unwrap();
        let mut documents = documents();
        documents.push(every_kind());
        for document in documents {
            let shared = Shared::new(&document, &market);
            let (a, b, union) =
                (shared.charges(&left), shared.charges(&right), shared.charges(&both));
            for (key, amount) in union {
                let named = document.charges.iter().find(|one| one.name == key.1).unwrap();
                if named.charge.breaks_union().is_some() {
                    continue;
                }
                let of = |one: &BTreeMap<_, Money>| one.get(&key).copied().unwrap_or_default();
                let sum = of(&a).plus(of(&b)).unwrap();
                let gross = of(&a).abs().plus(of(&b).abs()).unwrap();
                let most = sum.plus(slack(&shared, gross)).unwrap();
                prop_assert!(
                    amount <= most, "{} {:?}: {amount} together, {sum} apart", document.name, key
                );
            }
        }
    }

    /// Where no charge of a document breaks the union, no level does: here `greeks`.
    #[test]
    fn levels_of_convex_charges_ask_at_most_the_sum(
        market in market(), left in book(), right in book(),
    ) {
        let (left, right) = (left.portfolio(&market), right.portfolio(&market));
        let both = left.union(&right).unwrap();
        let mut seen = 0;
        for document in documents() {
            if document.charges.iter().any(|one| one.charge.breaks_union().is_some()) {
                continue;
            }
            seen += 1;
            let shared = Shared::new(&document, &market);
            let (a, b) = (shared.levels(&left), shared.levels(&right));
            for (key, amount) in shared.levels(&both) {
                let of = |one: &BTreeMap<_, Money>| one.get(&key).copied().unwrap_or_default();
                let sum = of(&a).plus(of(&b)).unwrap();
                let most = sum.plus(slack(&shared, sum)).unwrap();
                prop_assert!(amount <= most, "{} {:?}: {amount} {sum}", document.name, key);
            }
        }
        prop_assert!(seen > 0);
    }
}
