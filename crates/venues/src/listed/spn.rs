//! `.spn`: risk parameters as XML, file format 4.00, read as a stream.
//!
//! Elements that nothing here needs are skipped whole and counted by name. Combined commodities may
//! stand before or after the contracts: both are matched by code once the file has been read. Of
//! several arrays or rates of one thing (`r` 1, 2 …) the first counts.
//!
//! An array of fewer or more than sixteen values, a number that is none, a file that ends inside an
//! element: errors with the offset in bytes. A contract without an array is counted, and cannot be
//! held.

mod contracts;
mod elements;
mod scan;

use super::{Counts, RiskFile, Wanted};
use elements::Reader;
use keelmark_book::InputError;
use scan::{Scanner, Token};
use std::io::Read;

/// Reads a file; `wanted` says which contracts to keep, by product code, terms and expiry.
///
/// # Errors
/// [`InputError`] with the offset in bytes.
pub fn read(file: &str, input: impl Read, wanted: &mut Wanted<'_>) -> Result<RiskFile, InputError> {
    let mut scanner = Scanner::new(input);
    let mut state = Reader::new(wanted);
    loop {
        let done = match scanner.next() {
            Err(problem) => Err(format!("not well-formed XML: {problem}")),
            Ok(Token::Leaf(name, text)) => state.whole(name, text),
            Ok(Token::Start(name)) => state.start(name),
            Ok(Token::Empty(name)) => state.whole(name, b""),
            Ok(Token::End) => state.end(),
            Ok(Token::Text(text)) => state.text(text),
            Ok(Token::Plain(text)) => state.plain(text),
            Ok(Token::Encoding(name)) => encoding(name),
            Ok(Token::Eof) => break,
        };
        done.map_err(|problem| placed(file, scanner.position(), problem))?;
    }
    let bytes = scanner.position();
    if let Some(open) = state.open() {
        let problem = format!("the file ends inside {open}: expected its end, is it whole?");
        return Err(placed(file, bytes, problem));
    }
    let mut found = state.finish().map_err(|problem| placed(file, bytes, problem))?;
    found.counts.bytes = bytes;
    Ok(found)
}

fn placed(file: &str, at: u64, problem: impl std::fmt::Display) -> InputError {
    InputError::pointer(file, format!("byte {at}"), problem)
}

/// Only encodings in which the codes we read are ASCII.
fn encoding(name: &[u8]) -> Result<(), String> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let known = ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"];
    if known.contains(&name.as_str()) {
        return Ok(());
    }
    Err(format!("encoding: expected UTF-8 or ISO-8859-1, found {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Contract, Day, Terms};
    use super::*;
    use keelmark_book::{Decimal, Right};

    const CONTRACT: &str = "<fut><cId>1</cId><pe>20261225</pe><p>65000.5</p><d>1</d>\
        <scanRate><r>1</r><priceScan>9000</priceScan></scanRate><ra><r>1</r>\
        <a>0</a><a>-0.00</a><a>3</a><a>4</a><a>5</a><a>6</a><a>7</a><a>8</a><a>9</a><a>10</a>\
        <a>11</a><a>12</a><a>13</a><a>14</a><a>15</a><a>-16.25</a><d>0.9</d></ra></fut>";

    fn whole(contracts: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n<spanFile><pointInTime>\r\n\
             <date>20261122</date><clearingOrg><exchange><exch>SYN</exch><futPf><pfId>1</pfId>\
             <pfCode>M&amp;M</pfCode><name>caf\u{e9}</name><currency>USD</currency><cvf>2</cvf>\
             {contracts}</futPf></exchange></clearingOrg></pointInTime></spanFile>"
        )
    }

    fn all(text: &str) -> Result<RiskFile, InputError> {
        read("x.spn", text.as_bytes(), &mut |_, _, _| true)
    }

    #[test]
    fn a_contract_with_its_array() {
        let found = all(&whole(CONTRACT)).unwrap();
        assert_eq!(found.products[0].code, "M&M");
        let [Contract { terms, expiry, price, size, losses, delta, .. }] = &found.contracts[..]
        else {
            panic!("expected one contract, found {:?}", found.contracts)
        };
        assert_eq!(*terms, Terms::Future);
        assert_eq!(*expiry, Day { year: 2026, month: 12, day: 25 });
        assert_eq!((price.to_string(), size.to_string()), ("65000.5".into(), "2".into()));
        assert_eq!(losses[15].to_string(), "-16.25");
        assert_eq!(delta.to_string(), "0.9");
        assert_eq!(found.products[0].scan_range, Some(Decimal::from_int(9000)));
        assert_eq!(found.counts.contracts, 1);
        // The name is a word that nobody here needs.
        assert_eq!(found.counts.skipped.get("name"), Some(&1));
    }

    #[test]
    fn broken_files_say_where() {
        let fifteen = CONTRACT.replacen("<a>3</a>", "", 1);
        let letters = CONTRACT.replacen("<a>3</a>", "<a>three</a>", 1);
        let month = CONTRACT.replacen("20261225", "20261325", 1);
        let other = format!("{CONTRACT}{}", CONTRACT.replacen("<a>3</a>", "<a>33</a>", 1));
        for (text, says) in [
            (whole(&fifteen), "expected 16 values in an array, found 15"),
            (whole(&letters), "a: expected a number, found \"three\""),
            (whole(&month), "pe: expected a day"),
            (whole(&other), "is there twice, with different numbers"),
            (whole(CONTRACT)[..400].to_owned(), "the file ends inside"),
            (whole("").replace("ISO-8859-1", "UTF-16"), "expected UTF-8 or ISO-8859-1"),
            ("<spanFile></spanFile>".to_owned(), "expected a date"),
            ("account,instrument\n1,2\n".to_owned(), "expected <spanFile>"),
            (String::new(), "expected <spanFile>"),
        ] {
            let error = all(&text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("byte "), "{says}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_held_is_counted() {
        let bare = "<fut><pe>20270129</pe><p>1</p></fut>";
        let text = whole(&format!("{CONTRACT}{CONTRACT}{bare}<odd><a>x</a></odd>"));
        let counts = all(&text).unwrap().counts;
        assert_eq!((counts.contracts, counts.duplicates, counts.without_array), (3, 1, 1));
        assert_eq!(counts.skipped.get("odd"), Some(&1));
        assert_eq!(counts.bytes, text.len() as u64);
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let option = "<oopPf><pfCode>X</pfCode><currency>USD</currency><series><pe>20261225</pe>\
            <v>0.5</v><opt><o>C</o><k>100</k><p>3</p>ARRAY</opt>\
            <opt><o>P</o><k>100</k><p>3</p>ARRAY</opt></series></oopPf>";
        let array = &CONTRACT[CONTRACT.find("<ra>").unwrap()..CONTRACT.find("</fut>").unwrap()];
        let text = format!(
            "<spanFile><pointInTime><date>20261122</date>{}</pointInTime></spanFile>",
            option.replace("ARRAY", array)
        );
        let put = Terms::Option(Right::Put, Decimal::from_int(100));
        let found =
            read("x", text.as_bytes(), &mut |code, terms, _| code == "X" && terms == put).unwrap();
        assert_eq!(found.contracts.len(), 1);
        assert_eq!((found.contracts[0].terms, found.contracts[0].vol), (put, Some(0.5)));
        assert_eq!(found.counts.contracts, 2);
    }
}
