//! What collateral does to requirements and equity.

use crate::books::book;
use crate::markets::{asset, market};
use crate::shared::{Shared, covered, numbers};
use crate::{cases, documents};
use keelmark_book::{Money, Round};
use keelmark_margin::{Document, margin};
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(16))]

    /// A stable asset changes no requirement at all, except that it pays back what is owed of it
    /// (`borrowed`), and by its own haircut charge, which is in no maintenance.
    #[test]
    fn a_stable_deposit_raises_no_requirement(
        market in market(), plan in book(), amount in 1i64..100_000_000, tether in any::<bool>(),
    ) {
        let account = plan.portfolio(&market);
        let mut richer = account.clone();
        let stable = if tether { "USDT" } else { "USDC" };
        richer.deposit(asset(stable), Money::from_int(amount)).unwrap();
        for document in documents().into_iter().filter(|one| !weighs(one)) {
            let (before, after) = both(&document, &market, &account, &richer);
            let lends = has(&document, "borrowed");
            let same = |was, now| was == now || lends && now < was;
            prop_assert!(same(before.maintenance, after.maintenance), "{}", document.name);
            let charged = stable == "USDT" && has(&document, "collateral-haircut");
            prop_assert!(charged || same(before.initial, after.initial), "{}", document.name);
            prop_assert!(before.equity <= after.equity, "{}", document.name);
        }
    }

    /// A coin that does not move in scans changes no requirement either. One that does can raise
    /// it (a short against coins is hedged until there are too many), by no more than what the
    /// coins would ask alone.
    #[test]
    fn a_coin_deposit_raises_a_requirement_by_its_own_at_most(
        market in market(), plan in book(), amount in 1i64..5_000,
    ) {
        let account = plan.portfolio(&market);
        let mut alone = keelmark_book::Portfolio::new("coins");
        alone.deposit(asset("BTC"), Money::from_int(amount)).unwrap();
        let richer = account.union(&alone).unwrap();
        for document in documents().into_iter().filter(|one| !weighs(one)) {
            let shared = Shared::new(&document, &market);
            let own = shared.charges(&alone);
            let (before, after) = (shared.charges(&account), shared.charges(&richer));
            for (key, amount) in &after {
                let was = before.get(key).copied().unwrap_or_default();
                let named = document.charges.iter().find(|one| one.name == key.1).unwrap();
                if named.kind == "per-holding" {
                    // It asks a part of what the coin counts for, so that it counts for less.
                    continue;
                }
                if !document.coins_move() && named.kind != "borrowed" {
                    prop_assert_eq!(*amount, was, "{} {:?}", document.name, key);
                    continue;
                }
                if named.charge.breaks_union().is_some() {
                    continue;
                }
                let most = was.plus(own.get(key).copied().unwrap_or_default()).unwrap();
                let most = most.plus(slack(&shared, most)).unwrap();
                prop_assert!(*amount <= most, "{} {:?}: {amount} above {most}", document.name, key);
            }
        }
    }

    /// Where collateral is in a requirement, by its weight or by a reward, a deposit of any asset
    /// still leaves equity at least as far above every level as it was.
    #[test]
    fn a_deposit_takes_no_health(
        market in market(), plan in book(), amount in 1i64..1_000_000, which in 0usize..4,
    ) {
        let account = plan.portfolio(&market);
        let mut richer = account.clone();
        let name = ["BTC", "USDC", "USDT", "USD"][which];
        richer.deposit(asset(name), Money::from_int(amount)).unwrap();
        for document in documents().into_iter().filter(weighs) {
            let of = |account| margin(&document, &market, &covered(&document, &market, account));
            let (before, after) = (of(&account).unwrap(), of(&richer).unwrap());
            let grown = after.total.equity.minus(before.total.equity).unwrap();
            for level in &document.levels {
                let sum = |pools: &[keelmark_margin::PoolMargin]| {
                    Money::sum(pools.iter().map(|pool| pool.level(&level.name))).unwrap()
                };
                let asked = sum(&after.pools).minus(sum(&before.pools)).unwrap();
                let most = grown.plus(Money::from_f64(1e-9, Round::Up).unwrap()).unwrap();
                prop_assert!(asked <= most, "{} {}: {asked} > {grown}", document.name, level.name);
            }
        }
    }

    /// A lower collateral ratio never lowers a requirement and never raises equity.
    #[test]
    fn more_haircut_helps_nobody(
        market in market(), plan in book(), soft in 0.0f64..1.0, cut in 0.0f64..1.0,
        which in 0usize..4,
    ) {
        let account = plan.portfolio(&market);
        let name = ["BTC", "USDC", "USDT", "USD"][which];
        for document in documents() {
            let with = |ratio: f64| {
                let base = &document.name;
                let text =
                    format!("extends = {base:?}\n[collateral.assets]\n{name} = \"{ratio:.3}\"\n");
                let document = Document::parse("with a ratio", &text).unwrap();
                numbers(&document, &market, &account)
            };
            let (softer, harder) = (with(soft), with(soft * cut));
            for (key, now) in &harder {
                let was = softer.get(key).copied().unwrap_or_default();
                if key.ends_with("equity") {
                    prop_assert!(*now <= was, "{} {key}: {now} above {was}", document.name);
                } else {
                    prop_assert!(*now >= was, "{} {key}: {now} below {was}", document.name);
                }
            }
        }
    }
}

/// Depositing a coin that moves: a covered writer has what he needs, and more coins ask more.
#[test]
fn too_many_coins_ask_more() {
    let market = crate::union_examples::market();
    let base = crate::union_examples::account(&market, "BTC,1\nv:BTC/USD:BTC,-71000\n");
    let more = crate::union_examples::account(&market, "BTC,3\nv:BTC/USD:BTC,-71000\n");
    for (name, expected) in [("deribit-pm", true), ("scan16", true), ("cross", false)] {
        let document = Document::named(name).unwrap();
        let (before, after) = both(&document, &market, &base, &more);
        assert_eq!(before.maintenance < after.maintenance, expected, "{name}");
    }
}

/// Rounding that a comparison between different holdings allows: 1e-12 of the amount, and two
/// coin lots (10^-9 coins each, since coins are counted in whole lots) moved sixfold.
pub fn slack(shared: &Shared<'_>, amount: Money) -> Money {
    let index: f64 =
        shared.market.assets.values().map(|feed| feed.price.to_f64()).fold(0.0, f64::max);
    let slack = amount.to_f64().abs() * 1e-12 + 2e-9 * index * 6.0 + 1e-17;
    Money::from_f64(slack, Round::Up).unwrap()
}

fn both(
    document: &Document,
    market: &keelmark_book::Market,
    before: &keelmark_book::Portfolio,
    after: &keelmark_book::Portfolio,
) -> (keelmark_margin::Health, keelmark_margin::Health) {
    let total =
        |account| margin(document, market, &covered(document, market, account)).unwrap().total;
    (total(before), total(after))
}

/// Whether a document has a charge of a kind.
fn has(document: &Document, kind: &str) -> bool {
    document.charges.iter().any(|one| one.kind == kind)
}

/// Whether what is held is part of its maintenance: by weights, or by a share of it.
fn weighs(document: &Document) -> bool {
    let maintenance = document.level("maintenance").unwrap();
    document.charges.iter().any(|one| {
        maintenance.formula.uses(&one.name)
            && matches!(one.kind.as_str(), "weights" | "collateral-haircut" | "per-holding")
    })
}
