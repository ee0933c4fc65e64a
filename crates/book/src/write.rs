//! Our own file formats out: what an importer makes, any later command reads.

use crate::detail::Detail;
use crate::instrument::Instrument;
use crate::market::Market;
use crate::portfolio::{Book, Isolation};
use crate::symbol::{EXPIRY_HOUR, read_date};
use keelmark_units::Rate;
use std::fmt::Write as _;

/// A market as CSV, in the order of the registry, assets first.
#[must_use]
pub fn market_csv(market: &Market) -> String {
    let mut out = String::from(
        "instrument,venue_symbol,mark,iv,forward,bid,ask,contract_size,lot,expiry,as_of,source",
    );
    // Columns that few venues fill stand there only where one is filled.
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
        if *asset == market.currency && latest == Some(market.as_of) {
            continue;
        }
        let _ = write!(out, "{asset},,{},,,,,,,,{},{source}", feed.price, feed.as_of);
        if detailed {
            let _ = write!(out, ",{},,,,,", feed.confidence);
        }
        out.push('\n');
        source.clear();
    }
    for (id, one) in market.instruments.iter() {
        let quote = market.quote(id);
        let text = |price: Option<keelmark_units::Price>| {
            price.map(|price| price.to_string()).unwrap_or_default()
        };
        let _ = write!(
            out,
            "{one},{},{},{},{},{},{},{},{},{},{},{source}",
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
