//! `.pa2`: risk parameters as records of fixed columns, the expanded format of 132 columns.
//!
//! What stands where is a table ([`layout`]); a record is decoded by it. Lines may be shorter than
//! their record: what is not there is blank, and what is blank is absent. Records without a table
//! are skipped and counted.

mod fragment;
pub mod layout;
mod records;
mod tiers;

use super::ascii::Ascii;
use super::{Day, RiskFile, Wanted, number};
use keelmark_book::{Decimal, InputError};
use layout::{Column, LAYOUTS, Picture};
use std::io::{BufRead, Read};

/// A line has at most this many bytes; longer ones are not of this format.
const LONGEST_LINE: u64 = 1 << 12;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Whole(u64),
    /// A number with its point in place.
    Number(Decimal),
    /// A day.
    Date(Day),
    /// Whether a flag is set.
    Flag(bool),
}

/// Columns of a record that are not blank, by name.
pub type Values = Vec<(&'static str, Value)>;

/// A decoded record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: &'static str,
    /// Columns that stand once.
    pub values: Values,
    /// Lists, by name, without their blank entries.
    pub groups: Vec<(&'static str, Vec<Values>)>,
}

/// Where the point is in prices and strikes, as the product's record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Decimals of settlement prices.
    pub settlement: usize,
    /// Decimals of strikes.
    pub strike: usize,
}

/// Columns of a line, 1-based and inclusive: padded with blanks, trailing blanks removed.
#[must_use]
pub fn columns(line: &[u8], first: usize, last: usize) -> &[u8] {
    let end = last.min(line.len());
    let start = first.saturating_sub(1).min(end);
    line[start..end].trim_ascii_end()
}

/// The id of a record.
#[must_use]
pub fn id(line: &[u8]) -> &[u8] {
    columns(line, 1, 2)
}

/// Decodes a line; `None` for a record that has no table.
///
/// # Errors
/// In words, with the columns, when a column holds something else than its picture.
pub fn decode(line: &[u8], points: Points) -> Result<Option<Record>, String> {
    let id = id(line);
    let Some(layout) = LAYOUTS.iter().find(|layout| layout.id.as_bytes() == id) else {
        return Ok(None);
    };
    let mut record = Record { id: layout.id, ..Record::default() };
    record.values = values(line, layout.columns, 0, points, layout.id)?;
    for group in layout.groups {
        let mut rows = Vec::new();
        for at in 0..group.count {
            let row = values(line, group.columns, at * group.stride, points, layout.id)?;
            if !row.is_empty() {
                rows.push(row);
            }
        }
        record.groups.push((group.name, rows));
    }
    Ok(Some(record))
}

fn values(
    line: &[u8],
    table: &[Column],
    by: usize,
    points: Points,
    id: &str,
) -> Result<Values, String> {
    let mut out = Vec::with_capacity(table.len());
    for one in table {
        let text = columns(line, one.first + by, one.last + by);
        if text.is_empty() {
            continue;
        }
        let value = value(text, one.picture, points).ok_or_else(|| {
            format!(
                "record {id}, columns {}-{} ({}): expected {}, found {:?}",
                one.first + by,
                one.last + by,
                one.name,
                expected(one.picture),
                String::from_utf8_lossy(text)
            )
        })?;
        out.push((one.name, value));
    }
    Ok(out)
}

fn value(text: &[u8], picture: Picture, points: Points) -> Option<Value> {
    let implied = |text: &[u8], places| number::implied(text.trim_ascii(), places);
    let signed = |text: &[u8], places| {
        let (sign, digits) = text.split_last()?;
        let size = implied(digits, places)?;
        match sign {
            b'+' => Some(size),
            b'-' => Decimal::ZERO.minus(size).ok(),
            // Without a sign the digits fill the column.
            _ => implied(text, places),
        }
    };
    Some(match picture {
        Picture::Text => Value::Text(text.iter().map(|byte| char::from(*byte)).collect()),
        Picture::Whole => Value::Whole(number::whole(text.trim_ascii())?),
        Picture::Implied(places) => Value::Number(implied(text, places)?),
        Picture::Signed(places) => Value::Number(signed(text, places)?),
        Picture::Price => Value::Number(implied(text, points.settlement)?),
        Picture::SignedPrice => Value::Number(signed(text, points.settlement)?),
        Picture::Strike => Value::Number(implied(text, points.strike)?),
        Picture::Date => Value::Date(Day::parse(text).filter(|day| day.day > 0)?),
        Picture::Flag(letter) => Value::Flag(text == [letter]),
        Picture::Word(words) => {
            let found = words.iter().find(|(letters, _)| letters.as_bytes() == text);
            Value::Text(found?.1.to_owned())
        }
    })
}

fn expected(picture: Picture) -> String {
    match picture {
        Picture::Text => "text".to_owned(),
        Picture::Whole => "digits".to_owned(),
        Picture::Implied(places) => format!("digits, {places} of them decimals"),
        Picture::Signed(places) => format!("digits, {places} of them decimals, and a sign"),
        Picture::Price | Picture::SignedPrice => "a price".to_owned(),
        Picture::Strike => "a strike".to_owned(),
        Picture::Date => "a day as YYYYMMDD".to_owned(),
        Picture::Flag(letter) => format!("{:?} or another letter", char::from(letter)),
        Picture::Word(words) => {
            let words: Vec<&str> = words.iter().map(|(letters, _)| *letters).collect();
            format!("one of {}", words.join(", "))
        }
    }
}

/// Reads a file as a stream; `wanted` says which contracts to keep.
///
/// # Errors
/// [`InputError`] with the line.
pub fn read(
    file: &str,
    mut input: impl Read,
    wanted: &mut Wanted<'_>,
) -> Result<RiskFile, InputError> {
    let mut head = Vec::new();
    let first = Read::by_ref(&mut input).take(fragment::HEAD).read_to_end(&mut head);
    let refused = |problem: String| InputError::whole(file, problem);
    first.map_err(|error| refused(format!("cannot read: {error}")))?;
    fragment::encoding(&head).map_err(refused)?;
    let mut input = Ascii::new(head.as_slice().chain(input));
    let mut state = records::Reader::new(wanted);
    let (mut line, mut at) = (Vec::with_capacity(160), 0u64);
    loop {
        line.clear();
        at += 1;
        let wrong = |problem: String| InputError::line(file, at, "", problem);
        let count = Read::by_ref(&mut input)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| wrong(format!("cannot read: {error}")))?;
        if count == 0 {
            return state.finish().map_err(wrong);
        }
        if count as u64 == LONGEST_LINE {
            return Err(wrong(format!(
                "expected a record of 132 columns or a few more, found a line of {count} and more: \
                 write one record a line, with a line feed at its end"
            )));
        }
        state.counts().bytes += count as u64;
        let ended = line.ends_with(b"\n");
        let told = |problem: String| if ended { problem } else { fragment::cut(&problem) };
        state.line(line.trim_ascii_end()).map_err(|problem| wrong(told(problem)))?;
    }
}

impl Record {
    /// A column's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        find(&self.values, name)
    }

    /// A list of the record.
    #[must_use]
    pub fn group(&self, name: &str) -> &[Values] {
        let found = self.groups.iter().find(|(own, _)| *own == name);
        found.map_or(&[], |(_, rows)| rows)
    }
}

/// A value by name.
#[must_use]
pub fn find<'v>(values: &'v Values, name: &str) -> Option<&'v Value> {
    values.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::{PriceRisk, Terms};

    const COVER: &str = "B CBTZSC       OOC202507   202507   9999999925000000006000300003300000000\
                         00000000000001000020250620ZSC       BC";

    #[test]
    fn the_cover_of_the_extremes_has_four_decimals() {
        let record = decode(COVER.as_bytes(), Points::default()).unwrap().unwrap();
        let number = |name: &str| match record.get(name) {
            Some(Value::Number(number)) => number.to_string(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(number("extreme_cover"), "0.33");
        assert_eq!(number("extreme_multiplier"), "3");
        assert_eq!(number("delta_scaling"), "1");
    }

    #[test]
    fn a_column_of_something_else_is_placed() {
        let line = COVER.replace("0033000000", "0O33000000");
        let error = decode(line.as_bytes(), Points::default()).unwrap_err();
        assert!(error.contains("columns 63-67 (extreme_cover)"), "{error}");
        let error = wrong(&format!("{HEADER}\n{line}\n"));
        assert!(error.starts_with("x.pa2:2: record B"), "{error}");
    }

    fn wrong(text: &str) -> String {
        read("x.pa2", text.as_bytes(), &mut |_, _, _| true).unwrap_err().to_string()
    }

    const HEADER: &str = "0 CME   20250620SE     202506201407U2YNCLR";

    #[test]
    fn a_fragment_is_called_one_with_the_place_of_the_cut() {
        let whole = |from: usize, to: usize| -> String {
            FILE.split_inclusive('\n').skip(from).take(to - from).collect()
        };
        let without = |id: &str| -> String {
            let kept = FILE.split_inclusive('\n').filter(|line| !line.starts_with(id));
            kept.collect()
        };
        let cut = &FILE[..FILE.len() - 60];
        for (text, says) in [
            (
                whole(1, 12),
                "x.pa2:1: expected record 0, the header, found record 1: this is a \
                            fragment, which starts in the middle of a file",
            ),
            (
                whole(0, 11),
                "x.pa2:12: expected contracts in records 81 and 82, found none: this is \
                           a fragment, which ends before them",
            ),
            (
                whole(0, 12),
                "x.pa2:13: 1 contracts have a record 81 and no record 82, such as 06 \
                            FUT: this is a fragment, of which the end is not there",
            ),
            (without("81"), "x.pa2:12: record 82 of 06 FUT: expected its record 81 before it"),
            (
                without("2 "),
                "x.pa2:12: record 82 of 06 FUT: expected a record 2 before it, with \
                             its commodity and currency, found none: this is a fragment",
            ),
            (without("P "), "expected a record P before it, with the decimals of its prices"),
            (
                cut.to_owned(),
                "x.pa2:13: record 82, columns 55-96: expected 7 losses, found 1: the \
                              line is cut; the line has no end and is the last: the file is cut",
            ),
            (String::new(), "x.pa2: expected records, found an empty file"),
            ("\n \n".to_owned(), "expected record 0, the header, found no record"),
            (
                FILE.replace('\n', "").repeat(8),
                "x.pa2:1: expected a record of 132 columns or a few \
                                                more, found a line of 4096 and more: write one",
            ),
            (format!("{FILE}{HEADER}\n"), "found a second time: these are two files in one"),
            (FILE.replace("1407U2", "1407UP"), "expected U2, the expanded format, found UP"),
            ("0CME   20250620S\n".to_owned(), "found that of the standard format, of 80 columns"),
            ("account,instrument\n".to_owned(), "found \"ac\", which is no record; give the whole"),
            ("<?xml version=\"1.0\"?>".to_owned(), "found XML: give it a name that ends in .spn"),
            ("PK\u{3}\u{4}".to_owned(), "found a zip archive: unpack it first"),
            ("\u{feff}0 CME".to_owned(), "found UTF-8 with a byte order mark"),
        ] {
            let error = wrong(&text);
            assert!(error.contains(says), "{says}\n{error}");
        }
        for (bytes, says) in [
            (&b"\xff\xfe0\0 \0C\0"[..], "found UTF-16: save it as ASCII"),
            (b"0\0 \0C\0M\0", "found bytes of zero, as in UTF-16"),
            (b"\xf0\x40\xc3\xd4\xc5\x40\xf2\xf0\xf2", "not ASCII, as in EBCDIC"),
            (b"\x1f\x8b\x08", "found a gzip archive: unpack it first"),
        ] {
            let error = read("x.pa2", bytes, &mut |_, _, _| true).unwrap_err().to_string();
            assert!(error.contains(says), "{says}\n{error}");
        }
    }

    const FILE: &str = "\
0 CME   20250620SE     202506201407U2YNCLR
1 CBT  01
P CBT06        FUTSOYBEAN MEAL   003000  000010000000000000000001USD$STD 00
P CBT06        OOFSOYBEAN MEAL OP003000  000010000000000000000001USD$STD 00AMER
2 CBT 06    0USD$PN   06        FUT   06        OOF
3 06    1001202507202507022025082025080320250920250904202510202511  100010001100
C 06    1001020000100010101A020201B
4 06    10010120250600000010000000                            00001701001001001
S 06    20020120250720250702202508202812                                          2
B CBT06        FUT202507            00000000000000000170003000003300000000000000000000100002025\
0714
W a record that nobody knows
81CBT06        06        FUT 202507            000000000000+00000+00567-00567-00567+00567+01133\
-01133-01133+00000000284100N
82CBT06        06        FUT 202507            000000001133+01700-01700-01700+01700+01683-01683\
+10000+0000000002841000+
";

    #[test]
    fn a_file_becomes_contracts_and_commodities() {
        let found = read("x.pa2", FILE.as_bytes(), &mut |_, _, _| true).unwrap();
        assert_eq!(found.counts.skipped.get("W"), Some(&1));
        let [one] = &found.contracts[..] else { panic!("{:?}", found.contracts) };
        assert_eq!((one.terms, one.delta.to_string()), (Terms::Future, "1".to_owned()));
        assert_eq!((one.price.to_string(), one.size.to_string()), ("284.1".into(), "100".into()));
        assert_eq!(one.losses.map(|loss| loss.to_string())[2..5], ["-567", "-567", "567"]);
        assert_eq!(one.losses[15].to_string(), "1683");
        let soy = &found.commodities["06"];
        assert_eq!(soy.tiers.len(), 4);
        assert_eq!(soy.ratios[2], ("speculator".to_owned(), "1.1".parse().unwrap()));
        assert_eq!(soy.minimum_rate.to_string(), "170");
        // 1 is the greater of short calls and short puts.
        assert!(soy.minimum_is_max);
        let july = Day { year: 2025, month: 7, day: 0 };
        assert_eq!(soy.credit_tiers[0], ("1".to_owned(), july, july));
        assert_eq!((soy.credit_tiers.len(), soy.scan_tiers.len()), (2, 0));
        assert_eq!(soy.price_risk, PriceRisk::Capped);
        assert_eq!(soy.deliveries.len(), 1);
        assert_eq!(soy.spreads[0].legs.len(), 2);
        assert_eq!(found.products[0].scan_range, Some(Decimal::from_int(1700)));
    }
}
