//! Our own file formats out: what an importer makes, any later command reads.

mod book_json;
mod market_json;

pub use book_json::book_json;
pub use market_json::market_json;

use crate::detail::Detail;
use crate::instrument::Instrument;
use crate::lent::Lent;
use crate::market::Market;
use crate::portfolio::{Book, Isolation};
use crate::symbol::{EXPIRY_HOUR, read_date};
use keelmark_units::Rate;
use std::fmt::Write as _;

/// A market as CSV, in the order of the registry, assets first.
#[must_use]
pub fn market_csv(market: &Market) -> String {
    // Columns that few markets have are written where they say something.
    let interest = market.instruments.iter().any(|(id, _)| market.open_interest(id).is_some());
    let lending = market.has_lending();
    let column = if interest { "open_interest," } else { "" };
    let more = if lending { ",slow,deposits,borrows" } else { "" };
    let mut out = format!(
        "instrument,venue_symbol,mark,iv,forward,bid,ask,contract_size,lot,expiry,{column}as_of,\
         source{more}",
    );
    let blank = if interest { "," } else { "" };
    let sure = market.assets.values().all(|feed| feed.confidence == Rate::ONE);
    let plain = market.instruments.iter().all(|(id, _)| market.detail(id) == Detail::default());
    let detailed = !(sure && plain);
    out.push_str(if detailed { DETAIL_COLUMNS } else { "\n" });
    let mut source = quoted(&market.source);
    // The market's own currency has no price; its row only says a time that no feed says.
    let feeds = market.assets.iter().filter(|(asset, _)| **asset != market.currency);
    let quotes = market.instruments.iter().map(|(id, _)| market.quote(id).as_of);
    let latest = feeds.map(|(_, feed)| feed.as_of).chain(quotes).max();
    for (asset, feed) in &market.assets {
        let (slow, lent) = (market.slow(asset), market.lent(asset));
        let bare = slow.is_none() && lent == Lent::default() && feed.confidence == Rate::ONE;
        if *asset == market.currency && latest == Some(market.as_of) && bare {
            continue;
        }
        let (price, as_of) = (feed.price, feed.as_of);
        let _ = write!(out, "{asset},,{price},,,,,,,,{blank}{as_of},{source}");
        if lending {
            let (deposits, borrows) = (text(lent.deposits), text(lent.borrows));
            let _ = write!(out, ",{},{deposits},{borrows}", text(slow));
        }
        if detailed {
            let _ = write!(out, ",{},,,,,", feed.confidence);
        }
        out.push('\n');
        source.clear();
    }
    for (id, one) in market.instruments.iter() {
        let quote = market.quote(id);
        let open = match market.open_interest(id) {
            Some(contracts) => format!("{contracts},"),
            None => blank.to_owned(),
        };
        let _ = write!(
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
        if lending {
            let _ = write!(out, ",{},,", text(market.slow_mark(id)));
        }
        if detailed {
            write_detail(&market.detail(id), &mut out);
        }
        out.push('\n');
        source.clear();
    }
    out
}

const DETAIL_COLUMNS: &str =
    ",confidence,rate,fixed_forward,forward_confidence,vol_confidence,rate_confidence\n";

fn write_detail(detail: &Detail, out: &mut String) {
    let _ = write!(
        out,
        ",{},{},{},{},{},{}",
        detail.confidence,
        detail.rate.map(|rate| rate.to_string()).unwrap_or_default(),
        detail.fixed_forward,
        detail.forward_confidence,
        detail.vol_confidence,
        detail.rate_confidence,
    );
}

/// A book as CSV, which has no place for given sensitivities: see [`book_json`].
#[must_use]
pub fn book_csv(book: &Book, market: &Market) -> String {
    let mut out = String::from("account,instrument,qty,avg_price,kind,isolated_margin,leverage\n");
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
                text(one.avg_price),
                one.leverage.map(|leverage| leverage.to_string()).unwrap_or_default(),
            );
        }
        for one in &account.orders {
            let instrument = market.instruments.get(one.instrument);
            let _ =
                writeln!(out, "{name},{instrument},{},{},order,,", one.quantity, text(one.price));
        }
        for (reserve, amount) in &account.reserves {
            let _ = writeln!(out, "{name},{},{amount},,reserve,,", quoted(reserve));
        }
        for (id, amount) in &account.unsettled {
            let instrument = market.instruments.get(*id);
            let _ = writeln!(out, "{name},{instrument},{amount},,unsettled,,");
        }
    }
    out
}

/// A value that may not be there, as a cell.
fn text(value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
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
