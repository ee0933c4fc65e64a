//! How long nine years of days take: models on books, on all cores or as many as are said.
//!
//! `cargo run --release -p keelmark-backtest --example nine_years -- MODELS [THREADS [BOOKS]]`,
//! models by name or path and books by name, each by commas.

use keelmark_backtest::book::built_in;
use keelmark_backtest::history::shipped;
use keelmark_backtest::{Histories, Rules, Settings, Smile, Walk, World};
use keelmark_book::read;
use keelmark_margin::Document;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

const CHAIN: &[u8] = include_bytes!("../../../samples/btc-options-2026-03-13.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let models = arguments.next().unwrap_or_else(|| "deribit-pm,scan16,cross".to_owned());
    let threads: usize = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let only = arguments.next();
    let start = Instant::now();
    let smile = Smile::of(&read::market_csv("chain", CHAIN)?);
    let world = World::new(Histories::align(shipped()?)?, Rules::default(), smile)?;
    let mut documents = Vec::new();
    for name in models.split(',') {
        documents.push(if Path::new(name).extension().is_some_and(|one| one == "toml") {
            Document::parse(name, &std::fs::read_to_string(name)?)?
        } else {
            Document::named(name)?
        });
    }
    let chosen = |name: &str| {
        only.as_ref().is_none_or(|only| only.split(',').any(|one| name.starts_with(one)))
    };
    let books = built_in()?.into_iter().filter(|book| chosen(&book.name)).collect();
    let walk = Walk::new(world, documents, books, Settings::default())?;
    println!("ready after {:.3} s", start.elapsed().as_secs_f64());
    let pieces = walk.all(threads)?;
    let walked = start.elapsed();
    let report = walk.report(&pieces)?;
    println!(
        "{} days, {} books, {} runs, {} refused: walked after {:.3} s, told after {:.3} s, \
         {} threads",
        walk.days(),
        report.books.len(),
        report.runs.len(),
        report.refused.len(),
        walked.as_secs_f64(),
        start.elapsed().as_secs_f64(),
        threads
    );
    for run in &report.runs {
        let level = &run.levels[1].summary;
        println!(
            "{:>16} {:<20} {:>4} breaches, mean {:.4}, p/t {:?}, cc p {:.3}",
            run.model.name,
            report.books[run.book].book,
            level.breaches,
            level.cycle.mean,
            level.cycle.peak_to_trough,
            level.conditional.p_value
        );
    }
    Ok(())
}
