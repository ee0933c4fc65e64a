//! Our own file formats out: what an importer makes, any later command reads.

mod market_json;

pub use market_json::market_json;

use crate::instrument::Instrument;
use crate::market::Market;
use crate::portfolio::{Book, Isolation};
use crate::symbol::{EXPIRY_HOUR, read_date};
use std::fmt::Write as _;

/// A market as CSV, in the order of the registry, assets first.
#[must_use]
pub fn market_csv(market: &Market) -> String {
    // A column that few markets have is written where it says something.
    let interest = market.instruments.iter().any(|(id, _)| market.open_interest(id).is_some());
    let column = if interest { "open_interest," } else { "" };
    let mut out = format!(
        "instrument,venue_symbol,mark,iv,forward,bid,ask,contract_size,lot,expiry,{column}as_of,\
         source\n",
    );
    let blank = if interest { "," } else { "" };
    let mut source = quoted(&market.source);
    // The market's own currency has no price; its row only says a time that no feed says.
    let feeds = market.assets.iter().filter(|(asset, _)| **asset != market.currency);
    let quotes = market.instruments.iter().map(|(id, _)| market.quote(id).as_of);
    let latest = feeds.map(|(_, feed)| feed.as_of).chain(quotes).max();
    for (asset, feed) in &market.assets {
        if *asset == market.currency && latest == Some(market.as_of) {
            continue;
        }
        let (price, as_of) = (feed.price, feed.as_of);
        let _ = writeln!(out, "{asset},,{price},,,,,,,,{blank}{as_of},{source}");
        source.clear();
    }
    for (id, one) in market.instruments.iter() {
        let quote = market.quote(id);
        let text = |price: Option<keelmark_units::Price>| {
            price.map(|price| price.to_string()).unwrap_or_default()
        };
        let open = match market.open_interest(id) {
            Some(contracts) => format!("{contracts},"),
            None => blank.to_owned(),
        };
        let _ = writeln!(
            out,
            "{one},{},{},{},{},{},{},{},{},{},{open}{},{source}",
            quoted(&one.venue_symbol),
            quote.mark,
            quote.iv.map(|iv| iv.to_string()).unwrap_or_default(),
            text(quote.forward),
            text(quote.bid),
            text(quote.ask),
            one.contract_size,
            one.lot,
            unusual_expiry(one),
            quote.as_of,
        );
        source.clear();
    }
    out
}

/// A book as CSV.
#[must_use]
pub fn book_csv(book: &Book, market: &Market) -> String {
    let mut out = String::from("account,instrument,qty,avg_price,kind,isolated_margin,leverage\n");
    let price = |price: Option<keelmark_units::Price>| {
        price.map(|price| price.to_string()).unwrap_or_default()
    };
    for account in &book.accounts {
        let name = quoted(&account.account);
        for held in &account.collateral {
            let _ = writeln!(out, "{name},{},{},,collateral,,", held.asset, held.amount);
        }
        for one in &account.positions {
            let own = match one.isolation {
                Isolation::Own(margin) => margin.to_string(),
                Isolation::Shared => String::new(),
            };
            let _ = writeln!(
                out,
                "{name},{},{},{},position,{own},{}",
                market.instruments.get(one.instrument),
                one.quantity,
                price(one.avg_price),
                one.leverage.map(|leverage| leverage.to_string()).unwrap_or_default(),
            );
        }
        for one in &account.orders {
            let instrument = market.instruments.get(one.instrument);
            let _ =
                writeln!(out, "{name},{instrument},{},{},order,,", one.quantity, price(one.price));
        }
        for (reserve, amount) in &account.reserves {
            let _ = writeln!(out, "{name},{},{amount},,reserve,,", quoted(reserve));
        }
    }
    out
}

/// The instant of expiry where the symbol's date does not say it.
fn unusual_expiry(instrument: &Instrument) -> String {
    let Some(expiry) = instrument.expiry() else { return String::new() };
    let (year, month, day) = expiry.date();
    let date = format!("{:02}{month:02}{day:02}", year % 100);
    if read_date(&date) == Some(expiry) && expiry.hour_minute() == (EXPIRY_HOUR, 0) {
        return String::new();
    }
    expiry.to_string()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[test]
    fn open_interest_is_written_where_there_is_some() {
        let head = "instrument,mark,contract_size,lot,open_interest,as_of\n";
        let rows = "x:SOL/USDC:USDC,85,1,0.1,600000.5,2026-03-04T19:00:00Z\n\
                    x:BTC/USDC:USDC,70000,1,0.1,,2026-03-04T19:00:00Z\n";
        let market = read::market_csv("a.csv", format!("{head}{rows}").as_bytes()).unwrap();
        let written = market_csv(&market);
        let again = read::market_csv("b.csv", written.as_bytes()).unwrap();
        let said = |market: &Market| -> Vec<Option<String>> {
            let open = |(id, _)| market.open_interest(id).map(|open| open.to_string());
            market.instruments.iter().map(open).collect()
        };
        assert_eq!(said(&market), [Some("600000.5".to_owned()), None]);
        assert_eq!(said(&again), said(&market));
        // A market that says nothing of it is written as it was before there was such a column.
        let without = rows.replace("600000.5", "");
        let market = read::market_csv("a.csv", format!("{head}{without}").as_bytes()).unwrap();
        assert!(!market_csv(&market).contains("open_interest"));
        let wrong = rows.replace("600000.5", "-1");
        let error = read::market_csv("a.csv", format!("{head}{wrong}").as_bytes()).unwrap_err();
        assert!(error.to_string().contains("open_interest: expected zero or more"), "{error}");
    }
}
