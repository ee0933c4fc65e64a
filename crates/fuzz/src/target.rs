//! The targets: what is parsed, and what must hold of what comes out.

use crate::{corpus, histories, listed, snapshot, stream, venues, walks};
use keelmark_book::symbol::Symbol;
use keelmark_book::{Book, InputError, Market, Quantity, read, write};
use keelmark_margin::expr::{Formula, Interval};
use keelmark_margin::{Document, margin};
use keelmark_systemic::game::Game;
use keelmark_systemic::game::solve::Effort;
use keelmark_units::{Decimal, Timestamp};
use keelmark_venues::imported::Imported;
use keelmark_venues::{bybit, crif, deribit, derive, hyperliquid};
use std::fmt::Display;
use std::sync::OnceLock;

/// A parser under attack.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Valid inputs.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Whether an input is taken; panics where something does not hold.
    pub run: fn(&[u8]) -> bool,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "market-csv", corpus: corpus::market_csv, run: market },
    Target { name: "market-json", corpus: corpus::market_json, run: market },
    Target { name: "book-csv", corpus: corpus::book_csv, run: book },
    Target { name: "book-json", corpus: corpus::book_json, run: book },
    Target { name: "model", corpus: corpus::model, run: model },
    Target { name: "market-margin", corpus: corpus::market_csv, run: market_margin },
    Target { name: "book-margin", corpus: corpus::book_csv, run: book_margin },
    Target { name: "formula", corpus: corpus::formula, run: formula },
    Target { name: "symbol", corpus: corpus::symbol, run: symbol },
    Target { name: "decimal", corpus: corpus::decimal, run: decimal },
    Target { name: "timestamp", corpus: corpus::timestamp, run: timestamp },
    Target { name: "spn", corpus: listed::spn_corpus, run: listed::spn },
    Target { name: "pa2", corpus: listed::pa2_corpus, run: listed::pa2 },
    Target {
        name: "listed-positions",
        corpus: listed::positions_corpus,
        run: listed::listed_positions,
    },
    Target { name: "deribit", corpus: corpus::deribit, run: deribit_reply },
    Target { name: "okx", corpus: venues::okx_corpus, run: venues::okx },
    Target { name: "binance", corpus: venues::binance_corpus, run: venues::binance },
    Target { name: "ccxt", corpus: venues::ccxt_corpus, run: venues::ccxt },
    Target { name: "name", corpus: venues::name_corpus, run: venues::name },
    Target { name: "bybit", corpus: corpus::bybit, run: bybit_reply },
    Target { name: "hyperliquid", corpus: corpus::hyperliquid, run: hyperliquid_reply },
    Target { name: "derive", corpus: corpus::derive, run: derive_reply },
    Target { name: "crif", corpus: corpus::crif, run: crif_file },
    Target { name: "game", corpus: corpus::game, run: game },
    Target { name: "history", corpus: histories::corpus, run: histories::history },
    Target { name: "walked-books", corpus: walks::books_corpus, run: walks::books },
    Target { name: "compact-history", corpus: walks::history_corpus, run: walks::history },
    Target { name: "snapshot", corpus: snapshot::corpus, run: snapshot::restore },
    Target { name: "commands", corpus: stream::lines_corpus, run: stream::lines },
    Target { name: "command-bytes", corpus: stream::bytes_corpus, run: stream::bytes },
];

/// An error must say something; returns the value of what is none.
pub(crate) fn said<T, E: Display>(result: Result<T, E>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!error.to_string().trim().is_empty(), "an error without a word");
            None
        }
    }
}

fn small_market() -> &'static Market {
    static MARKET: OnceLock<Market> = OnceLock::new();
    MARKET.get_or_init(|| match read::market_csv("small.csv", corpus::MARKET.as_bytes()) {
        Ok(market) => market,
        Err(error) => panic!("the sample market: {error}"),
    })
}

fn small_book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| match read::book_csv("small", corpus::BOOK.as_bytes(), small_market()) {
        Ok(book) => book,
        Err(error) => panic!("the sample book: {error}"),
    })
}

fn documents() -> &'static [Document] {
    static DOCUMENTS: OnceLock<Vec<Document>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| {
        ["deribit-pm", "deribit-pm-segregated", "scan16", "cross", "isolated", "greeks", "dydx-v4"]
            .iter()
            .filter_map(|name| said(Document::named(name)))
            .collect()
    })
}

fn market(bytes: &[u8]) -> bool {
    let Some(market) = said(read::market("input", bytes)) else { return false };
    if market.currency.as_str() != "USD" {
        // The CSV has no place for another currency.
        return true;
    }
    let text = write::market_csv(&market);
    let again = match read::market_csv("written", text.as_bytes()) {
        Ok(again) => again,
        Err(error) => panic!("what was written is not read: {error}\n{text}"),
    };
    assert_eq!(again.as_of, market.as_of, "as of");
    assert_eq!(again.assets, market.assets, "assets");
    assert_eq!(again.instruments.len(), market.instruments.len(), "instruments");
    for (id, one) in market.instruments.iter() {
        assert_eq!(one, again.instruments.get(id), "an instrument");
        assert_eq!(market.quote(id), again.quote(id), "a quote");
        assert_eq!(market.open_interest(id), again.open_interest(id), "open interest");
    }
    true
}

fn book(bytes: &[u8]) -> bool {
    let market = small_market();
    let Some(book) = said(read::book("input", bytes, market)) else { return false };
    let text = write::book_json(&book, market);
    match read::book("written", text.as_bytes(), market) {
        Ok(again) => {
            // Collateral is an object there, by asset: the order of a CSV's rows is not kept.
            let mut held = book.accounts.clone();
            held.iter_mut().for_each(|one| one.collateral.sort_by(|a, b| a.asset.cmp(&b.asset)));
            assert_eq!(held, again.accounts, "accounts as JSON");
        }
        Err(error) => panic!("what was written is not read: {error}\n{text}"),
    }
    if book.accounts.iter().any(|one| !one.sensitivities.is_empty()) {
        // The CSV has no place for them.
        return true;
    }
    let text = write::book_csv(&book, market);
    let again = match read::book_csv("written", text.as_bytes(), market) {
        Ok(again) => again,
        // An account without a row cannot stand in a CSV book.
        Err(_) if book.accounts.iter().all(is_bare) => return true,
        Err(error) => panic!("what was written is not read: {error}\n{text}"),
    };
    let held: Vec<_> = book.accounts.iter().filter(|one| !is_bare(one)).collect();
    assert_eq!(held, again.accounts.iter().collect::<Vec<_>>(), "accounts");
    true
}

/// Whether an account has nothing to write.
fn is_bare(account: &keelmark_book::Portfolio) -> bool {
    account.collateral.is_empty()
        && account.positions.is_empty()
        && account.orders.is_empty()
        && account.reserves.is_empty()
        && account.unsettled.is_empty()
        && account.sensitivities.is_empty()
}

fn model(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(document) = said(Document::parse("input.toml", text)) else { return false };
    all_margins(&document, small_market(), small_book());
    true
}

fn market_margin(bytes: &[u8]) -> bool {
    let Some(market) = said(read::market("input", bytes)) else { return false };
    let Some(book) = said(read::book_csv("small", corpus::BOOK.as_bytes(), &market)) else {
        return false;
    };
    for document in documents() {
        all_margins(document, &market, &book);
    }
    true
}

fn book_margin(bytes: &[u8]) -> bool {
    let Some(book) = said(read::book("input", bytes, small_market())) else { return false };
    for document in documents() {
        all_margins(document, small_market(), &book);
    }
    true
}

/// Every account has a margin or an error that says something; what has one is sane.
fn all_margins(document: &Document, market: &Market, book: &Book) {
    for account in &book.accounts {
        let Some(found) = said(margin(document, market, account)) else { continue };
        for pool in &found.pools {
            let short = pool.health.maintenance > pool.health.equity;
            assert_eq!(pool.health.liquidates, short, "liquidation");
        }
        assert!(found.total.mm_used.is_none_or(|used| used >= 0.0), "a ratio");
    }
}

/// A game that is read is small enough to be played, and every amount that comes of it is a number.
fn game(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(game) = said(Game::parse("input.toml", text)) else { return false };
    // As large as it likes, but this one quickly.
    let few = game.keepers.iter().map(|one| one.count).sum::<u32>() <= 30;
    let quick = few && game.sale.timing.ticks <= 500;
    let Some(game) = said(game.with(&[("paths", "2")])).filter(|_| quick) else { return true };
    let found = game.found_with(Effort { tolerance: 0.01, rounds: 3 });
    let flows = &found.flows;
    let all = [flows.owners, flows.fund, flows.gap, flows.costs, found.nobody, found.worth];
    assert!(all.iter().all(|one| one.is_finite()), "an amount: {flows:?}");
    let scale = all.iter().fold(1.0, |most: f64, one| most.max(one.abs()));
    let scale = scale.max(flows.selling.abs()).max(game.debt());
    assert!(flows.missing().abs() <= 1e-6 * scale, "money made or lost: {flows:?}");
    assert!(found.nobody <= 1.0 + 1e-9 && found.exploitability() >= 0.0, "a probability");
    true
}

fn formula(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(formula) = said(Formula::parse(text)) else { return false };
    let value = |name: &str| match name.len() % 4 {
        0 => None,
        1 => Some(Interval::exact(Decimal::from_raw(i128::from(u32::MAX) << 60))),
        2 => Some(Interval::exact(-Decimal::STEP)),
        _ => Some(Interval::exact(Decimal::from_int(7))),
    };
    if let Some(found) = said(formula.evaluate(&value)) {
        assert!(found.low() <= found.high(), "an interval turned around");
    }
    let _ = formula.slope("a", &|name| value(name).map(|one| one.high().to_f64()));
    let filled = formula.filled(&|name| value(name).map(|one| one.high().to_string()));
    assert!(!filled.is_empty(), "an empty explanation");
    true
}

fn symbol(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(symbol) = said(Symbol::parse(text)) else { return false };
    let one = Quantity::from_int(1);
    let shown = symbol.clone().instrument(text.to_owned(), one, one).to_string();
    match Symbol::parse(&shown) {
        Ok(again) => assert_eq!(again, symbol, "{shown}"),
        Err(error) => panic!("{error}"),
    }
    true
}

fn decimal(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(number) = said(text.parse::<Decimal>()) else { return false };
    let shown = number.to_string();
    assert_eq!(shown.parse(), Ok(number), "{text} is shown as {shown}");
    let _ = format!("{number:.2} {number:.0} {number:.18} {number:>30.30}");
    true
}

fn timestamp(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(instant) = said(text.parse::<Timestamp>()) else { return false };
    assert_eq!(instant.to_string().parse(), Ok(instant), "{text}");
    let _ = (instant.date(), instant.hour_minute());
    true
}

fn deribit_reply(bytes: &[u8]) -> bool {
    let files: &[(&str, &[u8])] = &[("input", bytes)];
    let Some(found) = said(deribit::import(files, Some(small_market()))) else { return false };
    if let Some(made) = found.market {
        return market(write::market_csv(&made).as_bytes());
    }
    true
}

fn bybit_reply(bytes: &[u8]) -> bool {
    replies(bytes, bybit::import)
}

fn hyperliquid_reply(bytes: &[u8]) -> bool {
    replies(bytes, hyperliquid::import)
}

fn derive_reply(bytes: &[u8]) -> bool {
    replies(bytes, derive::import)
}

/// What reads the replies of a venue.
type Import =
    fn(&[(&str, &[u8])], Option<&Market>, Option<Timestamp>) -> Result<Imported, InputError>;

/// An import that is taken makes a market that is read again, books that have a margin or an error
/// with a word, and a document.
fn replies(bytes: &[u8], import: Import) -> bool {
    let (as_of, files) = (small_market().as_of, &[("input", bytes)]);
    let Some(found) = said(import(files, None, Some(as_of))) else { return false };
    if let Some(parameters) = &found.parameters {
        let text = parameters.toml("input");
        if let Err(error) = Document::parse("written", &text) {
            panic!("the document that was made is not read: {error}\n{text}");
        }
    }
    let Some(made) = found.market else { return true };
    for text in [write::market_csv(&made), write::market_json(&made)] {
        assert!(market(text.as_bytes()), "what was written is not read");
    }
    let book = Book { accounts: found.accounts, notes: Vec::new() };
    let json = write::book_json(&book, &made);
    if let (false, Err(error)) =
        (book.accounts.is_empty(), read::book("input", json.as_bytes(), &made))
    {
        panic!("the book that was made is not read: {error}\n{json}");
    }
    for name in ["cross", "bybit-cross"] {
        if let Some(document) = said(Document::named(name)) {
            all_margins(&document, &made, &book);
        }
    }
    true
}

/// What is read is written, read again and margined.
fn crif_file(bytes: &[u8]) -> bool {
    static MODEL: OnceLock<Option<Document>> = OnceLock::new();
    let Some(found) = said(crif::import("input", bytes, crif::Unknown::LeaveOut)) else {
        return false;
    };
    let Some(text) = said(crif::write(&found.book.accounts)) else { return true };
    match crif::import("written", text.as_bytes(), crif::Unknown::Refuse) {
        Ok(again) => {
            // Two spellings of one type are one in what is written: sums can meet.
            let count = |book: &Book| -> usize {
                book.accounts.iter().map(|one| one.sensitivities.len()).sum()
            };
            assert!(count(&again.book) <= count(&found.book), "rows came out of nowhere");
        }
        Err(error) => panic!("what was written is not read: {error}\n{text}"),
    }
    if let Some(model) = MODEL.get_or_init(|| said(Document::named("sensitivities-crypto"))) {
        let market = Market::new(Timestamp::from_nanos(0), keelmark_book::Asset::usd(), "");
        all_margins(model, &market, &found.book);
    }
    true
}
