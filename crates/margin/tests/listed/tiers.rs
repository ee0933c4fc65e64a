//! Tiers that are scanned, credited and asked a minimum apart: numbers by hand, and laws.

use super::*;

/// Near and far months of BTC and ETH, each as an underlying of its own; SOL is whole.
const CREDITS: &str = r#"
[charge.by.BTC]
tiers = [{ name = "near", from_month = "202612", to_month = "202612" },
         { name = "far", from_month = "202701", to_month = "202712" }]
[charge.by.ETH]
tiers = [{ name = "near", from_month = "202612", to_month = "202612" },
         { name = "far", from_month = "202701", to_month = "202712" }]
"#;
const SCANS: &str = "[[charge]]\nname = \"scan\"\n";

/// The parameters of the laws, with credits by tier; `more` stands in the credit's charge.
fn document(more: &str) -> String {
    let (head, _) = DOCUMENT.split_once("[[charge]]\nname = \"inter_credit\"").unwrap();
    let spreads = r#"
spreads = [
  { priority = 1, rate = "0.5", legs = [
    { unit = "BTC", tier = "near", side = "A" }, { unit = "SOL", side = "B" }] },
  { priority = 2, rate = "0.5", legs = [
    { unit = "BTC", tier = "far", side = "A" }, { unit = "SOL", side = "A", ratio = "2" }] },
  { priority = 3, rate = "0.75", legs = [
    { unit = "BTC", tier = "far", side = "A" },
    { unit = "ETH", tier = "near", side = "B", ratio = "18" }] },
  { priority = 4, method = "flat", amount = "6", legs = [
    { unit = "ETH", tier = "far", side = "A" }, { unit = "SOL", side = "B" }] },
]
"#;
    format!("{head}[[charge]]\nname = \"inter_credit\"\n{more}{spreads}{CREDITS}")
}

fn scanned_apart() -> String {
    format!("{}{SCANS}{CREDITS}", document(""))
}

fn units(found: &PoolMargin, name: &str) -> Vec<String> {
    let charge = found.charges.iter().find(|one| one.name == name).unwrap();
    charge.plain.units.iter().map(|(unit, amount)| format!("{unit} {amount}")).collect()
}

/// 2 BTC of December at 9000 and -3 of January at 9180 a delta, -9 SOL at 33; the second contract's
/// delta is a half, so January holds -1.5. A lot's losses are its range in thirds, plus 1 with
/// volatility up and less 1 with it down, so price risks have no volatility in them.
#[test]
fn each_tier_is_credited_by_its_own_price_risk() {
    let found = pool_under(&document(""), &account(&[2, -3, 0, 0, 0, 0, -9]));
    let credits = &found.charges.iter().find(|one| one.name == "inter_credit").unwrap().plain;
    let risk = |tier: &str| {
        let found = credits.risks.iter().find(|one| one.tier.as_deref() == Some(tier));
        let found = found.unwrap();
        (found.net_delta.to_string(), found.price_risk.to_string(), found.weighted.to_string())
    };
    // December loses 2 * 9000 when the price falls, January 3 * 9180 when it rises.
    assert_eq!(risk("near"), ("2".into(), "18000".into(), "9000".into()));
    assert_eq!(risk("far"), ("-1.5".into(), "27540".into(), "18360".into()));
    // Spread 1: 2 formed, 2 * 9000 * 0.5 and 2 * 33 * 0.5; SOL has -7 left. Spread 2: 1.5 formed,
    // 1.5 * 18360 * 0.5 and 3 * 33 * 0.5; SOL has -4 left, for which there is no ETH.
    let formed: Vec<(u32, String)> =
        credits.formed.iter().map(|one| (one.priority, one.count.to_string())).collect();
    assert_eq!(formed, [(1, "2".into()), (2, "1.5".into())]);
    assert_eq!(units(&found, "inter_credit"), ["BTC 22770", "SOL 82.5"]);
    // Scanned as a whole: 27540 - 18000 + 1, with volatility down on both, the credit pays for all.
    assert_eq!(units(&found, "risk"), ["BTC 0", "SOL 385.5"]);
}

#[test]
fn tiers_that_are_scanned_apart_add_up() {
    let found = pool_under(&scanned_apart(), &account(&[2, -3, 0, 0, 0, 0, -9]));
    // 18000 + 2 with volatility up, and 27540 + 3 with it down.
    assert_eq!(units(&found, "scan"), ["BTC 45545", "SOL 306"]);
    // 1.5 spreads of months at 30; in December 1.5 deltas of them at 9, and half of one at 18. SOL
    // has 9 deltas of December at 18.
    assert_eq!(units(&found, "risk"), ["BTC 22842.5", "SOL 385.5"]);
}

#[test]
fn the_price_risk_of_one_underlying_can_be_capped() {
    let book = account(&[2, -3, 0, 0, 0, 0, -9]);
    let capped = document("price_risk = { default = \"per-delta\", BTC = \"capped\" }");
    // January's 18360 a delta counts 9000, the scan range: 18000 / 2 + 1.5 * 9000 / 2.
    let found = pool_under(&capped, &book);
    assert_eq!(units(&found, "inter_credit"), ["BTC 15750", "SOL 82.5"]);
    let range = document("price_risk = { SOL = \"range\" }");
    let found = pool_under(&range, &book);
    assert_eq!(units(&found, "inter_credit"), ["BTC 22770", "SOL 82.5"]);
}

#[test]
fn a_short_option_asks_the_rate_of_its_tier() {
    let tiers = "[[charge]]\nname = \"minimum\"\n[charge.by.ETH]\ntiers = [
        { name = \"1\", from_month = \"202701\", to_month = \"202703\", rate = \"7\" }]\n";
    // 4 calls of December at 150, 5 puts of March at 7.
    let found = pool_under(&format!("{DOCUMENT}{tiers}"), &account(&[0, 0, -4, 0, 0, -5, 0]));
    assert_eq!(units(&found, "minimum"), ["BTC 600", "ETH 35"]);
}

#[test]
fn a_leg_names_a_tier_where_its_underlying_has_some() {
    let good = document("");
    for (from, to, says) in [
        (
            "tier = \"near\", side = \"A\" }, { unit = \"SOL\"",
            "side = \"A\" }, { unit = \"SOL\"",
            "tier: expected a tier of BTC: near, far; found \"\"",
        ),
        (
            "unit = \"SOL\"",
            "unit = \"SOL\", tier = \"near\"",
            "tier: expected none, since SOL has no tiers; found \"near\"",
        ),
        (
            "tier = \"far\", side = \"A\" }, {",
            "tier = \"fax\", side = \"A\" }, {",
            "tier: expected a tier of BTC: near, far; found \"fax\"",
        ),
        (
            "from_month = \"202701\"",
            "from_month = \"202612\"",
            "expected each month in one tier, found \"near\" and \"far\"",
        ),
        (
            "priority = 1, rate",
            "priority = 1, method = \"scan\", rate",
            "tier: a spread by scan takes an underlying whole",
        ),
        (
            "spreads = [",
            "price_risk = { BTC = \"most\" }\nspreads = [",
            "price_risk: expected one of per-delta, capped, range, found \"most\"",
        ),
    ] {
        let (at, credit) = good.split_at(good.find("name = \"inter_credit\"").unwrap());
        let bad = format!("{at}{}", credit.replacen(from, to, 1));
        assert_ne!(bad, good, "{from}");
        let error = Document::parse("bad", &bad).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn a_credit_is_within_the_risks_and_never_raises_the_requirement(lots in books()) {
        let book = account(&lots);
        let found = pool_under(&scanned_apart(), &book);
        let credits = &found.charges.iter().find(|one| one.name == "inter_credit").unwrap().plain;
        for (unit, credit) in &credits.units {
            let own = credits.risks.iter().filter(|risk| risk.underlying == *unit);
            let sum = Money::sum(own.map(|risk| risk.price_risk.max(Money::ZERO))).unwrap();
            // Each flat spread gives 3 to ETH, whatever it risks.
            let flat = credits.formed.iter().filter(|one| one.priority == 4);
            let flat = flat.map(|one| 3.0 * one.count.to_f64()).sum::<f64>();
            prop_assert!(*credit >= Money::ZERO);
            prop_assert!(credit.to_f64() <= sum.to_f64() + flat + 1e-9, "{unit} {credit} {sum}");
        }
        let (head, _) = DOCUMENT.split_once("[[charge]]\nname = \"inter_credit\"").unwrap();
        let without = pool_under(&format!("{head}{SCANS}{CREDITS}"), &book);
        for level in ["maintenance", "initial"] {
            prop_assert!(found.level(level) <= without.level(level));
        }
    }

    #[test]
    fn tiers_ask_no_less_than_the_whole_and_agree_with_themselves(
        lots in books(),
        orders in books(),
        at in 0usize..7,
        fill in 1i64..9,
    ) {
        let mut book = account(&lots);
        prepared_is_whole(&scanned_apart(), &book, at, fill);
        let (apart, whole) = (pool_under(&scanned_apart(), &book), pool(&book));
        prop_assert!(charge(&apart, "scan") >= charge(&whole, "scan"));
        for (at, lots) in orders.iter().enumerate().filter(|(_, lots)| **lots != 0) {
            order(&mut book, at, *lots);
        }
        let found = pool_under(&scanned_apart(), &book);
        let of = |name: &str| found.charges.iter().find(|one| one.name == name).unwrap();
        prop_assert!(of("inter_credit").amount(true) <= of("inter_credit").amount(false));
        prop_assert!(of("scan").amount(true) >= of("scan").amount(false));
    }
}
