//! A risk-parameter file of fifty megabytes, read as a stream, beside reading its bytes alone.

use super::Figure;
use super::clock::medians;
use super::data::Random;
use crate::failure::Failure;
use keelmark_venues::listed::{Day, SCENARIOS, Terms, spn};
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Read;

/// Bytes of the file, about those of a large exchange.
const BYTES: usize = 50 << 20;
/// Bytes read at a time by what it is compared with.
const CHUNK: usize = 1 << 16;

/// The share of the speed of counting brackets, a byte at a time, that is held.
const HOLD: f64 = 0.08;

/// Reading every contract of the file.
pub fn run() -> Result<Figure, Failure> {
    let file = synthetic();
    let found = spn::read("bench.spn", file.as_bytes(), &mut all)?;
    let [parsed, bytes] = medians([
        &mut || {
            let _ = black_box(spn::read("bench.spn", black_box(file.as_bytes()), &mut all));
        },
        &mut || {
            let (mut input, mut buffer, mut sum) =
                (black_box(file.as_bytes()), vec![0; CHUNK], 0u64);
            while let Ok(count @ 1..) = input.read(&mut buffer) {
                sum += buffer[..count].iter().map(|byte| u64::from(*byte == b'<')).sum::<u64>();
            }
            black_box(sum);
        },
    ]);
    let megabytes = file.len() as f64 / 1e6;
    Ok(Figure {
        name: "risk-parameter file".into(),
        work: format!(
            "{megabytes:.0} MB of XML into {} contracts with 16 exact losses each",
            found.contracts.len()
        ),
        value: megabytes / parsed,
        unit: "MB/s",
        against: format!("counting brackets in the same bytes: {:.0} MB/s", megabytes / bytes),
        ratio: bytes / parsed,
        hold: HOLD,
    })
}

fn all(_: &str, _: Terms, _: Day) -> bool {
    true
}

/// A file from a fixed seed: options on one product, one a line.
fn synthetic() -> String {
    let mut random = Random(11);
    let mut out = String::with_capacity(BYTES + (1 << 12));
    out.push_str(
        "<?xml version=\"1.0\"?>\r\n<spanFile><fileFormat>4.00</fileFormat><pointInTime>\r\n\
         <date>20261122</date><clearingOrg><ec>X</ec><exchange><exch>X</exch>\r\n\
         <oopPf><pfId>1</pfId><pfCode>INDEX</pfCode><currency>USD</currency><cvf>1</cvf>\r\n\
         <series><pe>20261225</pe><v>0.2</v><cvf>1</cvf>\r\n",
    );
    let mut contract = 0;
    while out.len() < BYTES {
        contract += 1;
        let _ = write!(
            out,
            "<opt><cId>{contract}</cId><o>C</o><k>{contract}.00</k><p>{:.2}</p><d>0.5</d>\
             <v>0.1834</v><ra><r>1</r>",
            random.between(1.0, 900.0)
        );
        for _ in 0..SCENARIOS {
            let _ = write!(out, "<a>{:.2}</a>", random.between(-3000.0, 3000.0));
        }
        out.push_str("<d>0.4912</d></ra></opt>\r\n");
    }
    out.push_str("</series></oopPf></exchange></clearingOrg></pointInTime></spanFile>\r\n");
    out
}
