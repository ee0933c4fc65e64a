//! Sensitivities-based margin from text: a file of portfolios read, parsed, netted, aggregated.
//!
//! Synthetic portfolios from a fixed seed, 100 rows each (the size of the published test portfolios
//! of an open engine in C++, whose 786 portfolios per CPU-second are the figure to beat): two
//! classes of twelve buckets, deltas and vegas over eight tenors, every eighth row a second one of
//! its key. The file is read anew in every turn, from the page cache.

use super::Figure;
use super::clock::medians;
use super::data::Random;
use crate::failure::Failure;
use keelmark_book::read;
use keelmark_margin::sensitivities::{
    Bucket, Calculator, Class, Model, Netting, Pairs, Parameters, Place, Row,
};
use keelmark_venues::crif::{self, Unknown};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};

const PORTFOLIOS: usize = 2_000;
const ROWS: usize = 100;
const BUCKETS: usize = 12;
const TENORS: [(&str, f64); 8] = [
    ("2w", 14.0),
    ("1m", 365.0 / 12.0),
    ("3m", 91.25),
    ("6m", 182.5),
    ("1y", 365.0),
    ("2y", 730.0),
    ("3y", 1095.0),
    ("5y", 1825.0),
];
/// What the open engine in C++ does, portfolios per CPU-second.
const ENGINE: f64 = 786.0;

/// Portfolios per CPU-second, and the same against reading alone.
pub fn run() -> Result<Vec<Figure>, Failure> {
    let model = Model::new(parameters()).map_err(|error| Failure::failed(error.to_string()))?;
    let file = TemporaryFile::write(&text())?;
    let mut failed = None;
    let [all, bytes] = medians([
        &mut || {
            if let Err(error) = margins(&model, &file.0) {
                failed = Some(error);
            }
        },
        &mut || {
            let read = read::bytes(&file.0).unwrap_or_default();
            black_box(read.iter().fold(0u8, |sum, byte| sum ^ byte));
        },
    ]);
    if let Some(error) = failed {
        return Err(error);
    }
    let size = read::bytes(&file.0)?.len() as f64;
    let rate = PORTFOLIOS as f64 / all;
    Ok(vec![
        Figure {
            name: "sensitivities".into(),
            work: format!("{ROWS} rows a portfolio: file, text, netting, delta, vega, curvature"),
            value: rate,
            unit: "portfolios/s",
            against: format!("{ENGINE} portfolios per CPU-second of an open engine in C++"),
            ratio: rate / ENGINE,
            hold: 40.0,
        },
        Figure {
            name: "sensitivities-bytes".into(),
            work: "the same in bytes of text".into(),
            value: size / all / 1e6,
            unit: "MB/s",
            against: format!("reading and touching the bytes: {:.0} MB/s", size / bytes / 1e6),
            ratio: bytes / all,
            hold: 0.02,
        },
    ])
}

/// The margin of every portfolio of a file, one after another; returns the sum.
fn margins(model: &Model, path: &Path) -> Result<f64, Failure> {
    let bytes = read::bytes(path)?;
    let failed = |error: &dyn std::error::Error| Failure::failed(error.to_string());
    let found = crif::net("bench", &bytes, Unknown::Refuse)?;
    let (mut portfolio, mut calculator) = (Netting::new(model), Calculator::default());
    // Where each key of the file belongs.
    let mut places: Vec<Option<Place>> = vec![None; found.keys.len()];
    let mut total = 0.0;
    for account in &found.accounts {
        portfolio.clear();
        for crif::Sum { key, amount, .. } in &account.sums {
            let key = *key as usize;
            match places[key] {
                Some(place) => portfolio.add_at(place, *amount).map_err(|error| failed(&error))?,
                None => {
                    let row = Row { amount: *amount, ..Row::from(&found.keys[key]) };
                    places[key] = portfolio.add(&row).map_err(|error| failed(&error))?;
                }
            }
        }
        total += calculator.margin(&mut portfolio).map_err(|error| failed(&error))?.total;
    }
    Ok(black_box(total))
}

fn parameters() -> Parameters {
    let mut random = Random(11);
    let mut class = |name: &str| {
        let mut buckets = BTreeMap::new();
        let mut gamma = Pairs::default();
        for bucket in 1..=BUCKETS {
            let numbers = Bucket {
                delta_weight: random.between(5.0, 60.0),
                vega_weight: random.between(0.3, 0.9),
                rho: random.between(0.2, 0.8),
                delta_threshold: Some(random.between(1e6, 3e7)),
                vega_threshold: Some(random.between(3e7, 2e8)),
                residual: bucket == BUCKETS,
                ..Bucket::default()
            };
            buckets.insert(bucket.to_string(), numbers);
            for other in 1..bucket {
                gamma.set(&bucket.to_string(), &other.to_string(), random.between(0.15, 0.6));
            }
        }
        Class { name: name.to_owned(), buckets, gamma, hvr: 0.6, ..Class::default() }
    };
    Parameters {
        classes: vec![class("Equity"), class("Commodity")],
        psi: Pairs::all(0.3),
        tenors: TENORS.iter().map(|(label, days)| ((*label).to_owned(), *days)).collect(),
        ..Parameters::default()
    }
}

/// Portfolios as text.
fn text() -> String {
    let mut random = Random(12);
    let mut below = |limit: usize| random.between(0.0, limit as f64) as usize;
    let mut out = String::from(
        "TradeID\tPortfolioID\tProductClass\tRiskType\tQualifier\tBucket\tLabel1\tLabel2\t\
         AmountCurrency\tAmount\tAmountUSD\n",
    );
    for portfolio in 0..PORTFOLIOS {
        let mut last = String::new();
        for row in 0..ROWS {
            if row % 8 != 7 {
                let class = ["Equity", "Commodity"][below(2)];
                let (bucket, qualifier) = (1 + below(BUCKETS), below(40));
                let (suffix, tenor) =
                    if below(2) == 0 { ("", "") } else { ("Vol", TENORS[below(8)].0) };
                last = format!(
                    "{class}\tRisk_{class}{suffix}\tISIN:XS{bucket:02}{qualifier:06}\t{bucket}\t\
                     {tenor}\t"
                );
            }
            let (whole, cents) = (below(4_000_000), below(100));
            let sign = if below(2) == 0 { "-" } else { "" };
            let amount = format!("{sign}{whole}.{cents:02}");
            let _ =
                writeln!(out, "T{portfolio}-{row}\tP{portfolio}\t{last}\tUSD\t{amount}\t{amount}");
        }
    }
    out
}

/// A file that goes away with its owner.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn write(text: &str) -> Result<Self, Failure> {
        let name = format!("keelmark-bench-{}.crif", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text)
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
