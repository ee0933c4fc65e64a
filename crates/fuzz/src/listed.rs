//! Targets of risk-parameter files: whatever the bytes, an error in words, or a file whose market
//! and document are read again.

use crate::target::said;
use keelmark_book::{read, write};
use keelmark_margin::Document;
use keelmark_venues::listed::book::{House, convert};
use keelmark_venues::listed::{RiskFile, pa2, positions, spn};

const POSITIONS: &[u8] = b"symbol,instrument,expiry,strike,quantity\nX,FUT,20261225,,2\n\
    X,CE,20261225,100,-1\n";

const SPN: &[u8] = br#"<?xml version="1.0" encoding="ISO-8859-1"?>
<spanFile><pointInTime><date>20261122</date><clearingOrg><ccDef><cc>C</cc><currency>USD</currency>
<somMeth>MAX</somMeth><capAnov>1</capAnov><pfLink><pfCode>X</pfCode></pfLink>
<somTiers><tier><tn>1</tn><rate><r>1</r><val>4.5</val></rate></tier></somTiers>
<wfprMeth>SCANRANGE_CAP</wfprMeth><scanTiers><tier><tn>1</tn><sPe>202612</sPe><ePe>202612</ePe>
</tier><tier><tn>2</tn><sPe>202701</sPe><ePe>202701</ePe></tier></scanTiers>
<intraTiers><tier><tn>1</tn><sPe>202612</sPe><ePe>202701</ePe></tier></intraTiers>
<adjRate><r>1</r><baseR>1</baseR><val>1.1</val></adjRate>
<dSpread><spread>1</spread><chargeMeth>F</chargeMeth><rate><r>1</r><val>7.8</val></rate>
<tLeg><cc>C</cc><tn>1</tn><rs>A</rs><i>1</i></tLeg><pLeg><cc>C</cc><pe>20261225</pe><rs>B</rs>
<i>2</i></pLeg></dSpread></ccDef><exchange><exch>SYN</exch>
<futPf><pfCode>X</pfCode><currency>USD</currency><cvf>2</cvf><fut><pe>20261225</pe><p>9.5</p>
<scanRate><r>1</r><priceScan>3</priceScan></scanRate><ra><r>1</r><a>0</a><a>0</a><a>-1</a><a>-1</a>
<a>1</a><a>1</a><a>-2</a><a>-2</a><a>2</a><a>2</a><a>-3</a><a>-3</a><a>3</a><a>3</a><a>-3.5</a>
<a>3.5</a><d>1</d></ra></fut></futPf>
<oopPf><pfCode>X</pfCode><currency>USD</currency><series><pe>20261225</pe><v>.5</v><opt><o>C</o>
<k>100</k><p>2</p><ra><r>1</r><a>0</a><a>0</a><a>-1</a><a>-1</a>
<a>1</a><a>1</a><a>-2</a><a>-2</a><a>2</a><a>2</a><a>-3</a><a>-3</a><a>3</a><a>3</a><a>-3.5</a>
<a>3.5</a><d>.6</d></ra></opt></series></oopPf></exchange>
<interSpreads><dSpread><spread>1</spread><rate><r>1</r><val>75</val></rate><tLeg><cc>C</cc>
<tn>1</tn>
<rs>A</rs><i>1</i></tLeg><tLeg><cc>D&amp;</cc><tn>1</tn><rs>B</rs><i>18</i></tLeg></dSpread>
</interSpreads></clearingOrg></pointInTime></spanFile>"#;

const PA2: &[u8] = b"\
0 CME   20250620SE     202506201407U2YNCLR
P CBTX         FUTSOYBEAN MEAL   003000  000010000000000000000001USD$STD 00
2 CBT C     0USD$PN   X         FUT   X         OOF
2 CBT D     0USD$PN   Y         FUT
P CBTY         FUTOTHER MEAL     003000  000010000000000000000001USD$STD 00
S C     21020120250720250702202508202812                                          2
3 C     1001202507202507022025082025080320250920250904202510202511  100010001100
C C     1001020000100010101A020201B
4 C     10010120250600000010000000                            00001701001001001
6 ALL00010980000CBTNC     0010000ACBTND     0010000B                                    04
6 ALL00020500000CBT C     0010000ACBT D     0010000B                                    20\
\x20\x20\x20\x20\x20\x20\x20\x20\x20\x20\x200100
81CBTX         X         FUT 202507            000000000000+00000+00567-00567-00567+00567+01133\
-01133-01133+00000000284100N
82CBTX         X         FUT 202507            000000001133+01700-01700-01700+01700+01683-01683\
+10000+0000000002841000+
81CBTY         Y         FUT 202507            000000000000+00000+00567-00567-00567+00567+01133\
-01133-01133+00000000284100N
82CBTY         Y         FUT 202507            000000001133+01700-01700-01700+01700+01683-01683\
+10000+0000000002841000+
E C     0000100002502509   010000A2512   020000B
";

/// Valid files in XML.
pub fn spn_corpus() -> Vec<Vec<u8>> {
    vec![SPN.to_vec()]
}

/// Valid files of records.
pub fn pa2_corpus() -> Vec<Vec<u8>> {
    vec![PA2.to_vec()]
}

/// Valid positions.
pub fn positions_corpus() -> Vec<Vec<u8>> {
    vec![POSITIONS.to_vec()]
}

/// A file in XML.
pub fn spn(bytes: &[u8]) -> bool {
    let found = said(spn::read("input", bytes, &mut |_, _, _| true));
    found.is_some_and(|file| converted(&file))
}

/// A file of records.
pub fn pa2(bytes: &[u8]) -> bool {
    let found = said(pa2::read("input", bytes, &mut |_, _, _| true));
    found.is_some_and(|file| converted(&file))
}

/// Positions on the file of the corpus.
pub fn listed_positions(bytes: &[u8]) -> bool {
    let Some(found) = said(positions::read("input", bytes)) else { return false };
    let Some(file) = said(spn::read("corpus", SPN, &mut |_, _, _| true)) else { return false };
    said(convert("corpus", &file, &found, &House::default())).is_some()
}

/// What is converted is read again as it was.
fn converted(file: &RiskFile) -> bool {
    let Some(found) = said(convert("input", file, &[], &House::default())) else { return false };
    let text = write::market_json(&found.market);
    match read::market_json("written", text.as_bytes()) {
        Ok(again) => assert_eq!(write::market_json(&again), text),
        Err(error) => panic!("a market that was written is not read: {error}\n{text}"),
    }
    said(Document::parse("written", &found.document)).is_some()
}
