//! What a walk says is what a person with a pencil would.

use super::*;
use crate::book::built_in;
use crate::history::{Histories, shipped};
use crate::world::{Rules, Smile};
use keelmark_book::read;

fn walk(models: &[&str], books: &[&str], settings: Settings) -> Result<Walk, BacktestError> {
    let market = include_bytes!("../../../../samples/btc-options-2026-03-13.csv");
    let market = read::market_csv("chain", market).unwrap();
    let histories = Histories::align(shipped().unwrap()).unwrap();
    let world = World::new(histories, Rules::default(), Smile::of(&market)).unwrap();
    let all = built_in().unwrap();
    let chosen = all.into_iter().filter(|one| books.contains(&one.name.as_str())).collect();
    let documents = models.iter().map(|name| Document::named(name).unwrap()).collect();
    Walk::new(world, documents, chosen, settings)
}

#[test]
fn every_model_says_which_books_it_takes() {
    let names: Vec<&str> =
        keelmark_margin::document::library::BUILT_IN.iter().map(|(name, _)| *name).collect();
    for name in names {
        let Ok(document) = Document::named(name) else { continue };
        let _ = document;
        let all: Vec<String> = built_in().unwrap().into_iter().map(|one| one.name).collect();
        let all: Vec<&str> =
            all.iter().map(String::as_str).filter(|n| n.ends_with("BTC")).collect();
        match walk(&[name], &all, Settings::default()) {
            Ok(walk) => {
                println!("{name}: {} runs", walk.runs.len());
                for one in walk.refused() {
                    println!("    {}: {}", one.book, one.why);
                }
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
}
