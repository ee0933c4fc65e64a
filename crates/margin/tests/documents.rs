//! What a document is refused for: every error that one reading finds, numbers out of range, names
//! that nothing uses.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_margin::Document;
use keelmark_margin::document::library::BUILT_IN;

/// A small document with a scan, a charge and the fields that a test adds to them.
fn document(scan: &str, charge: &str, rest: &str) -> String {
    format!(
        "schema = \"keelmark/model/1\"\nname = \"x\"\ntitle = \"X\"\n\
         source = [\"a test\"]\n{rest}\n\
         [[scan]]\nname = \"grid\"\nprice_range = \"0.1\"\ngrid_steps = 1\n{scan}\n\
         [[charge]]\nname = \"worst\"\nkind = \"worst-loss\"\nover = \"grid\"\n{charge}\n\
         [levels]\ninitial = \"worst\"\nmaintenance = \"worst\"\n"
    )
}

#[track_caller]
fn refused(text: &str) -> String {
    let error = Document::parse("x.toml", text).unwrap_err();
    error.to_string()
}

#[test]
fn numbers_out_of_range_are_refused_with_their_line() {
    assert!(Document::parse("x.toml", &document("", "", "")).is_ok());
    let scans = [
        ("lookahead_days = \"-1\"", "lookahead_days: expected 0 to 3650, found -1"),
        ("lookahead_years = 11", "lookahead_years: expected 0 to 10, found 11"),
        ("discount = 0", "discount: expected above 0, up to 1, found 0"),
        ("discount = { BTC = \"1.5\" }", "discount.BTC: expected above 0, up to 1, found 1.5"),
        ("edge_weight = \"-0.5\"", "edge_weight: expected 0 to 10, found -0.5"),
        ("dampener = \"-1\"", "dampener: expected zero or more, found -1"),
        ("round_to = \"2.5\"", "round_to: expected whole decimal places, 0 to 18, found 2.5"),
        ("round_to = 19", "round_to: expected whole decimal places, 0 to 18, found 19"),
        ("vol_up = 25", "vol_up: expected 0 to 20, found 25"),
        ("vol_down = \"15\"", "vol_down: expected 0 to 10, found 15"),
        ("vol_floor = \"-1\"", "vol_floor: expected 0 to 20, found -1"),
        (
            "scenarios = [{ price = 1, weight = \"-0.33\" }]",
            "weight: expected 0 to 10, found -0.33",
        ),
        ("scenarios = [{ price = -10 }]", "price_range: expected less than 0.1000"),
    ];
    for (field, wanted) in scans {
        let said = refused(&document(field, "", ""));
        assert!(said.contains(wanted) && said.starts_with("x.toml:"), "{field}: {said}");
    }
    let said = refused(&document("", "gain_offset = \"60\"", ""));
    assert_eq!(said, "x.toml:15: gain_offset: expected 0 to 1, found 60");
    let said = refused(&document("", "", "[collateral.assets]\nBTC = { ratio = \"95\" }"));
    assert_eq!(said, "x.toml:6: ratio: expected 0 to 1, found 95");
    let said = refused(&document("", "", "[collateral.assets]\nBTC = { ratio = 1, cap = -1 }"));
    assert_eq!(said, "x.toml:6: cap: expected zero or more, found -1");
}

#[test]
fn numbers_of_charges_are_checked_too() {
    for (fields, wanted) in [
        ("kind = \"borrowed\"\nrate = \"-0.1\"", "rate: expected 0 to 10, found -0.1"),
        ("kind = \"collateral-haircut\"\nrate = \"2\"", "rate: expected 0 to 1, found 2"),
        ("kind = \"delta-by-expiry\"\nfloor = \"-1\"", "floor: expected 0 to 10, found -1"),
        ("kind = \"hedged-size\"\nrate = \"20\"", "rate: expected 0 to 10, found 20"),
        ("kind = \"net-short-by-strike\"\nrate = \"-1\"", "rate: expected 0 to 10, found -1"),
        ("kind = \"short-option-minimum\"\nrate = \"-1\"", "rate: expected 0 to 10, found -1"),
        (
            "kind = \"delta-shock\"\nslope = \"0\"\nthreshold = \"-5\"\ncap = \"0.1\"",
            "threshold: expected zero or more, found -5",
        ),
    ] {
        let more = format!("[[charge]]\nname = \"more\"\n{fields}");
        let said = refused(&document("", &more, ""));
        assert!(said.contains(wanted), "{fields}: {said}");
    }
}

#[test]
fn a_parameter_that_nothing_uses_is_an_error() {
    let said = refused(&document("", "", "[params]\nfactor = 2"));
    assert_eq!(
        said,
        "x.toml:6: [params] factor: no formula or field uses it; no parameter is used"
    );
    let cross = Document::named("cross").unwrap();
    let said = cross.with(&[("params.leverge", "5")]).unwrap_err().to_string();
    assert_eq!(
        said,
        "--set params.leverge: [params] leverge: no formula or field uses it; \
         did you mean leverage?"
    );
    assert!(cross.with(&[("params.leverage", "5")]).is_ok());
    // A word of the title is no use of it; `$name` in a field is.
    let said = refused(&document("", "", "uncertain = [\"factor\"]\n[params]\nfactor = 2"));
    assert!(said.contains("factor"), "{said}");
    let rules = document("", "", "[rules]\nbonus = \"1.05\"");
    assert!(Document::parse("x.toml", &rules).unwrap().params.contains_key("bonus"));
    let used = document("vol_up = \"$factor\"", "", "[params]\nfactor = 2");
    assert!(Document::parse("x.toml", &used).is_ok());
}

#[test]
fn a_base_may_bring_parameters_that_a_field_over_it_made_idle() {
    let text = "schema = \"keelmark/model/1\"\nextends = \"bit-pm\"\nname = \"mine\"\n\
        [levels]\ninitial = \"worst\"\nmaintenance = \"worst\"\n";
    let document = Document::parse("mine.toml", text).unwrap();
    let said = document.with(&[("params.initial_ratio", "2")]).unwrap_err().to_string();
    assert!(said.contains("initial_ratio: no formula or field uses it"), "{said}");
}

#[test]
fn lint_finds_every_error_and_blames_nothing_for_another() {
    let text = "schema = \"keelmark/model/2\"\nname = \"x\"\nsource = [\"a test\"]\ntypo = 1\n\
        [params]\nidle = 1\n[pool]\nby = \"planet\"\n\
        [[scan]]\nname = \"grid\"\nprice_range = \"-0.1\"\ngrid_steps = 1\n\
        [[charge]]\nname = \"worst\"\nkind = \"worst-loss\"\nover = \"grid\"\n\
        [[charge]]\nname = \"fee\"\nkind = \"borowed\"\nrate = \"0.1\"\n\
        [levels]\ninitial = \"worst + fee\"\nmaintenance = \"worst + nobody\"\n";
    let errors = Document::lint("x.toml", text).unwrap_err();
    let found: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let wanted = [
        "x.toml:1: expected \"keelmark/model/1\"",
        "x.toml:1: expected a field \"title\"",
        "x.toml:4: unknown field \"typo\"",
        "x.toml:6: [params] idle: no formula or field uses it",
        "x.toml:8: by: expected one of account, settlement, position",
        "x.toml:11: price_range: expected above zero, found -0.1",
        "x.toml:17: kind: unknown \"borowed\"; nearest: borrowed",
        "x.toml:23: level \"maintenance\" uses \"nobody\"",
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{found} is not {wanted}");
    }
}

#[test]
fn a_field_set_over_its_parameter_leaves_the_parameter_idle() {
    let text = document("vol_up = \"$factor\"", "", "[params]\nfactor = 2");
    let document = Document::parse("x.toml", &text).unwrap();
    assert!(document.with(&[("scan.grid.vol_up", "0.3")]).is_ok());
    let changes = [("scan.grid.vol_up", "0.3"), ("params.factor", "3")];
    assert!(document.with(&changes).unwrap_err().to_string().contains("factor"));
}

#[test]
fn lint_agrees_with_reading() {
    for (name, text) in BUILT_IN {
        let linted = Document::lint(name, text).unwrap();
        assert_eq!(linted.digest, Document::parse(name, text).unwrap().digest, "{name}");
    }
}
