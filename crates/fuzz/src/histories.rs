//! Histories: whatever the bytes, an error in words, or a sound series and what was found.

use crate::target::said;
use keelmark_tail::measure::{Side, expected_shortfall};
use keelmark_tail::read::{self, Accept, Kind, Reading};
use keelmark_tail::{Method, Returns, Rolling};

const DAYS: &[u8] = b"date,open,close,volume\n2026-01-01,1,100.5,3\n2026-01-02,1,101,3\n\
    2026-01-03,1,99.75,3\n2026-01-05,1,99.75,3\n2026-01-04,1,102,3\n2026-01-05,1,98,3\n\
    2026-01-06 00:00:00,1,9800,3\n2026-01-07T00:00:00Z,1,97,3\n2026-01-08,1,,3\n2026-01-09,1,0,3\n";

const SECONDS: &[u8] = b"ts,close\n1700006400,2.5\n1700010000,2.25\n1700013600000,2.25\n\
    1700017200,2.5\n1700017201,0.0000025\n5,1\n1700020800,2.75e-6\n";

const RATES: &[u8] = b"\xef\xbb\xbfts_ms,rate\n1700006400000,0.0001\n1700035200000,0\n\
    1700064000000,-0.0002\n";

/// Valid histories, odd ones among them.
pub fn corpus() -> Vec<Vec<u8>> {
    [DAYS, SECONDS, RATES].into_iter().map(<[u8]>::to_vec).collect()
}

/// Whether the bytes are a history for someone who accepts everything.
pub fn history(bytes: &[u8]) -> bool {
    let strict = Reading::of("input");
    if let Some(found) = said(read::csv(bytes, &strict)) {
        assert!(found.findings.iter().all(|one| one.kind == Kind::Holiday), "a silent finding");
    }
    let mut taken = false;
    for accept in ["all", "all,jump"].map(Accept::parse) {
        let Some(accept) = said(accept) else { panic!("all is not accepted") };
        let reading = Reading { accept, ..strict.clone() };
        taken |= said(read::csv_levels(bytes, &reading)).is_some();
        let Some(found) = said(read::csv(bytes, &reading)) else { continue };
        let returns = found.series.returns(Returns::Log);
        assert!(returns.iter().all(|one| one.is_finite()), "a return that is no number");
        said(expected_shortfall(&Side::Long.losses(&returns), 0.99));
        for name in Method::names() {
            let Some(method) = said(Method::named(name)) else { panic!("{name} is unknown") };
            said(Rolling::new(method, 2, 0.9, 0.97).margins(&returns, Side::Short, 2));
        }
    }
    taken
}
