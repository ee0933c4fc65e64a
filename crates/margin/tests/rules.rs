//! Rules of a protocol that are part of no level, read from its document.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_margin::Document;
use keelmark_margin::closeout::size_weight::SizeScale;
use keelmark_margin::closeout::{Integer, Places, rules};

fn drift() -> Document {
    Document::named("drift-v2").unwrap()
}

#[test]
fn places_and_shares_come_from_the_document() {
    let document = drift();
    let places = Places::of(&document).unwrap();
    assert_eq!((places.price, places.base, places.weight, places.guard), (6, 9, 4, 1));
    let takes = rules::parts(&document, "insurance_fee_takes").unwrap();
    assert_eq!(takes, (Integer::from(19), Integer::from(20)));
    let tiny = rules::quanta(&document, "tiny_shortage", places.quote).unwrap();
    assert_eq!(tiny, Integer::from(50_000_000));
    let scale = SizeScale::of(&document, Integer::from(3)).unwrap();
    assert_eq!((scale.asset_headroom, scale.liability_headroom), (10, 5));
}

#[test]
fn a_changed_rule_is_the_one_that_counts() {
    let changes = [("rules.base_places", "6"), ("params.size_asset", "1.25")];
    let document = drift().with(&changes).unwrap();
    assert_eq!(Places::of(&document).unwrap().base, 6);
    assert_eq!(SizeScale::of(&document, Integer::from(3)).unwrap().asset_headroom, 4);
}

#[test]
fn what_is_missing_or_of_another_form_is_named() {
    let error = Places::of(&Document::named("cross").unwrap()).unwrap_err().to_string();
    assert_eq!(error, "cross: expected a number \"price_places\" in [rules], found none");
    let with = |path, value| drift().with(&[(path, value)]).unwrap();
    for places in ["6.5", "-1"] {
        let error = Places::of(&with("rules.fee_places", places)).unwrap_err().to_string();
        assert!(error.contains("fee_places: expected a whole number"), "{error}");
    }
    let odd = with("rules.tiny_shortage", "0.0000005");
    assert!(rules::quanta(&odd, "tiny_shortage", 6).is_err());
    for weight in ["1.3", "1", "0.9"] {
        let odd = with("params.size_asset", weight);
        let error = SizeScale::of(&odd, Integer::from(3)).unwrap_err().to_string();
        assert!(error.contains("one over a whole number away from 1"), "{weight}: {error}");
    }
}
