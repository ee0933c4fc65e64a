//! The built-in documents whose scenarios are made from history, with scenarios bound to them.

use crate::netting::{Dice, long, random_account};
use crate::set::{account, market};
use keelmark_margin::document::library::DYNAMIC;
use keelmark_margin::kept::{KeptAccount, Plan, Revision};
use keelmark_margin::requirement::requirements;
use keelmark_margin::{Document, margin};
use std::sync::Arc;

/// A built-in document with the same scenarios bound to each of its sets.
fn bound(name: &str) -> Document {
    let document = Document::named(name).unwrap();
    let scans: Vec<String> = document.unbound().map(|scan| scan.name.clone()).collect();
    assert!(!scans.is_empty(), "{name}");
    let joint = Arc::new(long());
    let bind =
        |document: Document, scan: &String| document.with_joint(scan, Arc::clone(&joint)).unwrap();
    scans.iter().fold(document, bind)
}

#[test]
fn each_has_a_recipe_for_each_of_its_scans_and_says_what_it_lacks() {
    let market = market();
    for (name, text) in DYNAMIC {
        assert!(Document::lint(name, text).is_ok(), "{name}");
        let document = Document::named(name).unwrap();
        assert_eq!(document.sets_to_make().count(), document.unbound().count(), "{name}");
        let error = margin(&document, &market, &account(&market, &[("USDC", "1")])).unwrap_err();
        assert!(error.to_string().contains("--history"), "{name}: {error}");
    }
}

#[test]
fn each_margins_a_portfolio_and_answers_alike_whichever_way_it_is_asked() {
    let market = market();
    for (name, _) in DYNAMIC {
        let document = Arc::new(bound(name));
        let plan = Arc::new(Plan::new(&document).unwrap().unwrap());
        let mut kept = KeptAccount::default();
        for seed in 0..4 {
            let mut account = random_account(&mut Dice(seed), &market);
            let covered = |id| market.instruments.get(id).base.as_str() != "SOL";
            account.positions.retain(|one| covered(one.instrument));
            account.orders.retain(|one| covered(one.instrument));
            let full = margin(&document, &market, &account).unwrap();
            let fresh = requirements(&document, &market, &account).unwrap();
            assert_eq!(fresh[0].answer.initial, full.pools[0].level("initial"), "{name}");
            assert!(fresh[0].answer.initial > fresh[0].answer.maintenance, "{name}, seed {seed}");
            if let Some(found) = kept.requirements(&plan, &market, Revision::default(), &account) {
                assert_eq!(found, fresh, "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn written_down_for_a_date_it_stands_by_itself() {
    for (name, _) in DYNAMIC {
        let document = bound(name);
        let again = Document::parse("dated.toml", &document.text()).unwrap();
        assert_eq!(again.digest, document.digest, "{name}");
        assert_eq!(again.unbound().count(), 0, "{name}");
    }
}

#[test]
fn a_document_can_extend_one_and_change_its_numbers() {
    let text = "schema = \"keelmark/model/1\"\nname = \"mine\"\ntitle = \"Mine\"\nextends = \
                \"tail-es\"\n[params]\nstress_weight = \"0.5\"\n[[tail.set]]\nname = \
                \"filtered\"\nwindow = 500\n";
    let document = Document::parse("mine.toml", text).unwrap();
    let recipe = document.tail.as_ref().unwrap();
    let set = format!("{:?}", recipe.set("filtered").unwrap().method);
    assert!(set.contains("window: 500") && set.contains("lambda: 0.97"), "{set}");
    assert_eq!(document.unbound().count(), 2);
}
