//! A market as JSON, schema `keelmark/market/1`: the one format that holds given rows.
//!
//! One instrument a line, so that a file of a hundred thousand contracts can be looked at and
//! compared with the tools that know lines.

use super::unusual_expiry;
use crate::asset::Asset;
use crate::instrument::Instrument;
use crate::instruments::InstrumentId;
use crate::lent::Lent;
use crate::market::{AssetPrice, Market};
use crate::read::MARKET_SCHEMA;
use keelmark_units::Rate;
use std::fmt::Write as _;

/// A market as JSON, in the order of the registry.
#[must_use]
pub fn market_json(market: &Market) -> String {
    let mut out = format!(
        "{{\n\"schema\": \"{MARKET_SCHEMA}\",\n\"as_of\": \"{}\",\n\"source\": {},\n\
         \"currency\": \"{}\",\n\"assets\": {{",
        market.as_of,
        text(&market.source),
        market.currency
    );
    let mut separator = "\n";
    // The market's own currency has no price; its entry only says what else is known of it.
    let says = |asset: &Asset, feed: &AssetPrice| {
        *asset != market.currency
            || market.slow(asset).is_some()
            || market.lent(asset) != Lent::default()
            || feed.confidence != Rate::ONE
    };
    for (asset, feed) in market.assets.iter().filter(|(asset, feed)| says(asset, feed)) {
        let _ = write!(
            out,
            "{separator}\"{asset}\": {{\"price\": \"{}\", \"as_of\": \"{}\"",
            feed.price, feed.as_of
        );
        let lent = market.lent(asset);
        field(&mut out, "confidence", unsure(feed.confidence));
        field(&mut out, "slow", market.slow(asset));
        field(&mut out, "deposits", lent.deposits);
        field(&mut out, "borrows", lent.borrows);
        out.push('}');
        separator = ",\n";
    }
    out.push_str("\n},\n\"instruments\": [");
    separator = "\n";
    for (id, one) in market.instruments.iter() {
        out.push_str(separator);
        instrument(market, id, one, &mut out);
        separator = ",\n";
    }
    out.push_str("\n]\n}\n");
    out
}

fn instrument(market: &Market, id: InstrumentId, one: &Instrument, out: &mut String) {
    let (quote, detail) = (market.quote(id), market.detail(id));
    let _ = write!(
        out,
        "{{\"instrument\": \"{one}\", \"venue_symbol\": {}, \"contract_size\": \"{}\", \
         \"lot\": \"{}\", \"mark\": \"{}\"",
        text(&one.venue_symbol),
        one.contract_size,
        one.lot,
        quote.mark
    );
    field(out, "expiry", Some(unusual_expiry(one)).filter(|text| !text.is_empty()));
    for (name, number) in [("iv", quote.iv), ("rate", detail.rate)] {
        if let Some(number) = number {
            let _ = write!(out, ", \"{name}\": {number}");
        }
    }
    field(out, "forward", quote.forward);
    field(out, "fixed_forward", Some(detail.fixed_forward).filter(|fixed| !fixed.is_zero()));
    field(out, "bid", quote.bid);
    field(out, "ask", quote.ask);
    if let Some(row) = market.given(id) {
        let losses: Vec<String> = row.losses.iter().map(|loss| format!("\"{loss}\"")).collect();
        let losses = losses.join(",");
        let _ = write!(out, ", \"risk_array\": [{losses}], \"delta\": \"{}\"", row.delta);
    }
    field(out, "open_interest", market.open_interest(id));
    field(out, "slow", market.slow_mark(id));
    field(out, "confidence", unsure(detail.confidence));
    field(out, "forward_confidence", unsure(detail.forward_confidence));
    field(out, "vol_confidence", unsure(detail.vol_confidence));
    field(out, "rate_confidence", unsure(detail.rate_confidence));
    field(out, "as_of", Some(quote.as_of).filter(|own| *own != market.as_of));
    out.push('}');
}

/// A confidence that says something: a feed that is sure has none.
fn unsure(confidence: Rate) -> Option<Rate> {
    Some(confidence).filter(|confidence| *confidence != Rate::ONE)
}

fn field(out: &mut String, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        let _ = write!(out, ", \"{name}\": \"{value}\"");
    }
}

/// A JSON string.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[test]
    fn a_market_with_given_rows_reads_back_as_it_was() {
        let file = br#"{"schema":"keelmark/market/1","as_of":"2026-11-22T17:00:00Z",
            "source":"a \"file\"","currency":"INR","assets":{"NIFTY":{"price":"23547.75"}},
            "instruments":[
            {"instrument":"nse:NIFTY/INR:INR-261229","contract_size":"1","lot":"1","mark":"-0.05",
             "expiry":"2026-12-29T10:00:00Z","risk_array":["0","-3.25","4"],"delta":"1"},
            {"instrument":"nse:NIFTY/INR:INR-261229-23700-C","contract_size":"1","lot":"1",
             "mark":"210.5","risk_array":["1","2","-3"],"delta":"0.4471"}]}"#;
        let market = read::market_json("given.json", file).unwrap();
        let again = market_json(&market);
        let back = read::market_json("again.json", again.as_bytes()).unwrap();
        assert_eq!(market_json(&back), again);
        for (id, one) in market.instruments.iter() {
            assert_eq!(back.given(id), market.given(id), "{one}");
            assert_eq!(back.quote(id), market.quote(id), "{one}");
            assert_eq!(back.instruments.get(id), one);
        }
        assert_eq!(back.given(crate::InstrumentId::new(1)).unwrap().losses.len(), 3);
    }

    #[test]
    fn a_row_without_its_delta_is_refused() {
        let file = br#"{"schema":"keelmark/market/1","as_of":"2026-11-22T17:00:00Z","assets":{},
            "instruments":[{"instrument":"a:B/USD:USD-261229","contract_size":"1","lot":"1",
            "mark":"1","risk_array":["1"]}]}"#;
        let error = read::market_json("x.json", file).unwrap_err().to_string();
        assert!(error.contains("expected both or neither"), "{error}");
    }
}
