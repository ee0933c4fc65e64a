//! CRIF files in and out: what a row becomes, and where an error says it is.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_venues::crif::{self, Unknown, import};
use proptest::prelude::*;
use std::fmt::Write as _;

const BOOK: &str = "\
TradeID\tPortfolioID\tProductClass\tRiskType\tQualifier\tBucket\tLabel1\tLabel2\t\
AmountCurrency\tAmount\tAmountUSD
t1\tdesk\tEquity\tRisk_Equity\tACME\t3\t\t\tUSD\t100\t100
t2\tdesk\tEquity\tRisk_Equity\tACME\t3\t\t\tUSD\t-30.5\t-30.5
t3\tdesk\tEquity\tRisk_EquityVol\tACME\t3\t2w\t\tUSD\t7\t7
t4\tother\tRatesFX\tRisk_IRCurve\tEUR\t1\t5y\tOIS\tEUR\t12\t13.1
t5\tother\tRatesFX\tRisk_XCcyBasis\tEUR\t\t\t\tUSD\t1e2\t
t6\tother\tRatesFX\tRisk_Inflation\tEUR\t\t\t\tUSD\t5\t5
t7\tother\t\tParam_ProductClassMultiplier\tRatesFX\t\t\t\t\t1.25\t
";

fn error(text: &str) -> String {
    import("f.crif", text.as_bytes(), Unknown::Refuse).unwrap_err().to_string()
}

#[test]
fn rows_net_by_key_and_portfolio() {
    let found = import("f.crif", BOOK.as_bytes(), Unknown::Refuse).unwrap();
    assert_eq!((found.rows, found.book.accounts.len(), found.notes.len()), (7, 2, 0));
    let desk = &found.book.accounts[0];
    let rows: Vec<String> = desk
        .sensitivities
        .iter()
        .map(|one| format!("{} {} {} {}", one.class, one.measure.name(), one.tenor, one.amount))
        .collect();
    assert_eq!(rows, ["Equity delta  69.5", "Equity vega 2w 7"]);
    let other = &found.book.accounts[1].sensitivities;
    let curves: Vec<(&str, String)> =
        other.iter().map(|one| (one.curve.as_str(), one.amount.to_string())).collect();
    let expected = [("", "1.25"), ("basis", "100"), ("inflation", "5"), ("OIS", "13.1")]
        .map(|(a, b)| (a, b.to_owned()));
    assert_eq!(curves, expected);
}

#[test]
fn any_spelling_of_the_same_file_reads_the_same() {
    let plain = import("f", BOOK.as_bytes(), Unknown::Refuse).unwrap().book.accounts;
    let commas = BOOK.replace('\t', ",").replace("ACME", "\"ACME\"").replace("t2", "\"t,\"\"2\"");
    let endings = format!("\u{feff}{}", BOOK.replace('\n', "\r\n"));
    let spaced = BOOK.replace("RiskType", "Risk_Type").replace("PortfolioID", "portfolio id");
    for other in [commas, endings, spaced, format!("{BOOK}\n\n"), BOOK[..BOOK.len() - 1].to_owned()]
    {
        let found = import("f", other.as_bytes(), Unknown::Refuse);
        assert_eq!(found.unwrap().book.accounts, plain, "{other}");
    }
}

#[test]
fn errors_say_where_what_and_what_to_do() {
    let head = "RiskType,Qualifier,Bucket,AmountUSD\n";
    let cases = [
        ("", "f.crif:1: expected a header of column names"),
        ("a;b\n", "f.crif:1: expected tabs or commas between columns, found semicolons"),
        (
            "RiskType,Amount\n",
            "f.crif:1: Qualifier: expected a column Qualifier, found RiskType, Amount",
        ),
        ("RiskType,Qualifier\n", "f.crif:1: AmountUSD: expected a column AmountUSD or Amount"),
        (head, "f.crif: expected sensitivities, found none"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected);
    }
    let rows = [
        (
            "Risk_Equity,A,1,\"1,000\"\n",
            "2: AmountUSD: expected a number without thousands separators, found \"1,000\"",
        ),
        ("Risk_Equity,A,1,1,000\n", "2: expected 4 fields, found 5: a comma in a number?"),
        ("Risk_Equity,A,1\n", "2: expected 4 fields, found 3: is the file whole?"),
        ("Risk_Equity,A,1,\"12", "2: field 4: expected a closing quote, found the end of the file"),
        (
            "PV,A,1,1\n",
            "2: RiskType: expected a sensitivity, found RiskType \"PV\"; such rows can be left out",
        ),
        (
            "Risk_Equity,A,1,\n",
            "2: AmountUSD: expected AmountUSD, or Amount with AmountCurrency USD, found neither",
        ),
        (
            "Risk_Equity,A,1,1\n\nRisk_EquityVol,A,2,1\n",
            "4: Bucket: A is in bucket 2 here and in bucket 1 on line 2: give each a name \
             of its own",
        ),
        (
            "Risk_Equity,A,1,x\n",
            "2: AmountUSD: expected a decimal number such as -123.45, found \"x\"",
        ),
        ("Risk_Equity,,1,1\n", "2: Qualifier: expected a name, found nothing"),
        (
            "Param_ProductClassMultiplier,A,,1\nParam_ProductClassMultiplier,A,,1\n",
            "3: RiskType: expected one Param_ProductClassMultiplier of a name, the first is \
             on line 2",
        ),
    ];
    for (row, expected) in rows {
        assert_eq!(error(&format!("{head}{row}")), format!("f.crif:{expected}"));
    }
    let bytes = [head.as_bytes(), b"Risk_Equity,\xff"].concat();
    let found = import("f.crif", &bytes, Unknown::Refuse).unwrap_err().to_string();
    assert_eq!(found, "f.crif:2: byte 13: expected UTF-8 text, found other bytes");
    let found = import("f.crif", &[0xFF, 0xFE, 0x52], Unknown::Refuse).unwrap_err().to_string();
    assert_eq!(found, "f.crif:1: byte 1: expected UTF-8 text, found UTF-16");
}

#[test]
fn rows_that_are_no_sensitivities_are_left_out_only_when_asked() {
    let text = "RiskType,Qualifier,Bucket,AmountUSD,IMModel\nPV,A,,1,Schedule\nPV,B,,1,Schedule\n\
                Risk_FX,EUR,,1,SIMM\nRisk_FX,EUR,,1,Schedule\n";
    let found = import("f", text.as_bytes(), Unknown::LeaveOut).unwrap();
    assert_eq!(found.book.accounts[0].sensitivities.len(), 1);
    assert_eq!(
        found.notes,
        ["1 rows of IMModel \"Schedule\" left out", "2 rows of RiskType \"PV\" left out"]
    );
}

#[test]
fn accounts_that_come_back_net_as_if_they_stood_together() {
    let head = "RiskType,PortfolioID,Qualifier,Bucket,AmountUSD\n";
    let mut rows: Vec<(usize, String)> = Vec::new();
    for at in 0..60 {
        let (account, name) = (at % 3, at % 7);
        rows.push((account, format!("Risk_Equity,P{account},\"N{name}\",1,{at}.5\n")));
        rows.push((account, format!("Risk_Equity,P{account},N{name},1,-3\n")));
    }
    let file = |rows: &[(usize, String)]| {
        let text: String = rows.iter().map(|(_, row)| row.as_str()).collect();
        import("f", format!("{head}{text}").as_bytes(), Unknown::Refuse).unwrap().book.accounts
    };
    let mixed = file(&rows);
    rows.sort_by_key(|(account, _)| *account);
    assert_eq!(mixed, file(&rows));
    assert_eq!((mixed.len(), mixed[0].sensitivities.len()), (3, 7));
    let two = "Risk_Equity,P,A,1,1\nRisk_Equity,Q,A,2,1\nRisk_Equity,P,A,2,1\n";
    let expected = "f.crif:4: Bucket: A is in bucket 2 here and in bucket 1 on line 2: give each \
                    a name of its own";
    assert_eq!(error(&format!("{head}{two}")), expected);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        rows in prop::collection::vec(
            ("[A-Z]{1,6}( |\t|\")?[A-Z]", -1_000_000_000i64..1_000_000_000),
            1..30,
        )
    ) {
        let mut text = String::from("RiskType,Qualifier,Bucket,Label1,AmountUSD\n");
        for (name, amount) in &rows {
            let name = name.replace('"', "\"\"").replace('\t', "");
            let (whole, part) = (amount / 1000, amount.abs() % 1000);
            let _ = writeln!(text, "Risk_CryptoVol,\"{name}\",1,1w,{whole}.{part:03}");
        }
        let first = import("f", text.as_bytes(), Unknown::Refuse).unwrap().book.accounts;
        let again = import("g", crif::write(&first).unwrap().as_bytes(), Unknown::Refuse).unwrap();
        prop_assert_eq!(again.book.accounts, first);
    }
}
