//! What a backtest is asked: models, books, histories and rules from the command line.

use super::BacktestArgs;
use crate::failure::Failure;
use crate::histories;
use crate::inputs::{self, DEMO};
use crate::models;
use crate::screen::Screen;
use keelmark_backtest::book::{self, Book};
use keelmark_backtest::{Histories, Rules, Settings, Smile, Walk, World};
use keelmark_book::Asset;
use keelmark_book::instruments::nearest;
use keelmark_margin::Document;
use std::collections::BTreeSet;

/// The walk that is asked for.
pub fn walk(arguments: &BacktestArgs, screen: Screen) -> Result<Walk, Failure> {
    let documents = documents(arguments)?;
    let mut given = histories::all(&arguments.histories)?;
    if let Some(since) = arguments.since {
        given = given.into_iter().map(|one| one.since(since)).collect();
    }
    let known: BTreeSet<Asset> = given.iter().map(|one| one.asset.clone()).collect();
    let books = books(arguments, &known, screen)?;
    // A coin that no book is on must not shorten the calendar of those that one is.
    let mut used: BTreeSet<Asset> = books.iter().flat_map(Book::assets).collect();
    used.extend(documents.iter().flat_map(keelmark_backtest::dynamic::assets));
    histories::asked_for(&arguments.histories, &used)?;
    let given = given.into_iter().filter(|one| used.contains(&one.asset)).collect();
    let smile = if arguments.no_smile { Smile::flat() } else { Smile::of(&inputs::market(DEMO)?) };
    let world = World::new(Histories::align(given)?, rules(arguments)?, smile)?;
    let settings = Settings {
        from: arguments.from,
        to: arguments.to,
        warmup: arguments.warmup,
        confidence: arguments.confidence,
        mpor_days: arguments.mpor,
        latency_days: latency(&arguments.latency)?,
        seed: arguments.seed,
    };
    Ok(Walk::new(world, documents, books, settings)?)
}

fn documents(arguments: &BacktestArgs) -> Result<Vec<Document>, Failure> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = arguments.models.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Failure::usage(format!("--models: {twice} stands twice")));
    }
    arguments.models.iter().map(|name| models::changed(name, &arguments.set)).collect()
}

/// The books that are asked for, each name once.
fn books(
    arguments: &BacktestArgs,
    known: &BTreeSet<Asset>,
    screen: Screen,
) -> Result<Vec<Book>, Failure> {
    let built_in = book::built_in()?;
    if arguments.books.is_empty() {
        return Ok(built_in);
    }
    let mut books: Vec<Book> = Vec::new();
    for name in &arguments.books {
        for one in named(name, &built_in, arguments, known, screen)? {
            if books.iter().any(|known| known.name == one.name) {
                return Err(Failure::usage(format!("--books: {:?} stands twice", one.name)));
            }
            books.push(one);
        }
    }
    Ok(books)
}

fn named(
    name: &str,
    built_in: &[Book],
    arguments: &BacktestArgs,
    known: &BTreeSet<Asset>,
    screen: Screen,
) -> Result<Vec<Book>, Failure> {
    let is = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if is(".toml") {
        let (file, bytes) = inputs::bytes(name)?;
        return Ok(book::parse(&file, &String::from_utf8_lossy(&bytes))?);
    }
    if inputs::is_demo(name) || is(".csv") || is(".json") {
        return accounts(name, arguments, known, screen);
    }
    let wanted = name.replacen(':', " ", 1);
    let of = |one: &&Book| {
        one.name == wanted || one.name.rsplit_once(' ').is_some_and(|(name, _)| name == wanted)
    };
    let found: Vec<Book> = built_in.iter().filter(of).cloned().collect();
    if found.is_empty() {
        let names: BTreeSet<&str> =
            built_in.iter().filter_map(|one| Some(one.name.rsplit_once(' ')?.0)).collect();
        let near = nearest(name, names.iter().copied(), 2);
        let near = if near.is_empty() {
            names.into_iter().collect()
        } else {
            near.iter().map(String::as_str).collect::<Vec<_>>()
        };
        return Err(Failure::usage(format!(
            "--books: unknown book {name:?}: expected {}, or a file that ends in .toml, .csv or \
             .json",
            near.join(", ")
        ))
        .next("keelmark backtest --toml"));
    }
    Ok(found)
}

/// Accounts of one day, to be walked as they are then.
fn accounts(
    name: &str,
    arguments: &BacktestArgs,
    known: &BTreeSet<Asset>,
    screen: Screen,
) -> Result<Vec<Book>, Failure> {
    let inputs = match (&arguments.prices, inputs::is_demo(name)) {
        (None, true) => inputs::of_demo(name)?,
        (Some(prices), _) => inputs::files(name, prices)?,
        (None, false) => {
            let problem = format!("{name}: expected --prices FILE, the market of its day");
            return Err(Failure::usage(problem).next("add --prices prices.csv"));
        }
    };
    let mut books = Vec::new();
    for account in &inputs.accounts {
        let title = if inputs::is_demo(name) {
            account.account.clone()
        } else {
            format!("{name} {}", account.account)
        };
        let (book, notes) = book::legs_of(&title, account, &inputs.market, known)?;
        screen.notes(&notes);
        books.push(book);
    }
    Ok(books)
}

fn rules(arguments: &BacktestArgs) -> Result<Rules, Failure> {
    let mut rules = Rules::default();
    for text in &arguments.rule {
        let refused = |problem: String| {
            Failure::usage(format!("--rule: {problem}"))
                .next("keelmark backtest --rule vol-premium=1.2")
        };
        let Some((name, value)) = text.split_once('=') else {
            return Err(refused(format!("expected NAME=VALUE, found {text:?}")));
        };
        let value: f64 = value
            .parse()
            .map_err(|_| refused(format!("{name}: expected a number, found {value:?}")))?;
        let place = match name {
            "vol-lambda" => &mut rules.lambda,
            "vol-premium" => &mut rules.premium,
            "slope" => &mut rules.slope,
            "basis" => &mut rules.basis,
            "funding" => &mut rules.funding,
            _ => {
                let known = "vol-lambda, vol-premium, slope, basis, funding";
                return Err(refused(format!("expected one of {known}, found {name:?}")));
            }
        };
        *place = value;
    }
    Ok(rules)
}

/// `20m` in days.
fn latency(text: &str) -> Result<f64, Failure> {
    let seconds = [('s', 1.0), ('m', 60.0), ('h', 3_600.0), ('d', 86_400.0)];
    let found = seconds.iter().find_map(|(letter, seconds)| {
        let number: f64 = text.strip_suffix(*letter)?.parse().ok()?;
        number.is_finite().then_some(number * seconds / 86_400.0)
    });
    found.ok_or_else(|| {
        Failure::usage(format!(
            "--latency: expected a time such as 90s, 20m, 6h or 1d, found {text:?}"
        ))
    })
}
