//! Numbers for people to read: thousands separated, a fixed number of places.
//!
//! What is rounded here is only shown: requirements up, values down, as they are computed.

use keelmark_book::{Asset, Decimal, Money, Round};

/// A requirement: rounded up.
pub fn required(amount: Money, currency: &Asset) -> String {
    shown(amount.decimal(), places(currency), Round::Up)
}

/// A value: rounded down.
pub fn value(amount: Money, currency: &Asset) -> String {
    shown(amount.decimal(), places(currency), Round::Down)
}

/// A requirement without places, rounded up: for tables that are too wide with them.
pub fn required_whole(amount: Money, _: &Asset) -> String {
    shown(amount.decimal(), 0, Round::Up)
}

/// A value without places, rounded down.
pub fn value_whole(amount: Money, _: &Asset) -> String {
    shown(amount.decimal(), 0, Round::Down)
}

/// A difference without places.
pub fn signed_whole(amount: Money, _: &Asset) -> String {
    let text = shown(amount.decimal(), 0, Round::Nearest);
    if amount.is_positive() { format!("+{text}") } else { text }
}

/// A difference, with its sign.
pub fn signed(amount: Money, currency: &Asset) -> String {
    let text = shown(amount.decimal(), places(currency), Round::Nearest);
    if amount.is_positive() { format!("+{text}") } else { text }
}

/// An amount that is neither asked nor owned, such as a share of one: to nearest.
pub fn share(amount: Money, currency: &Asset) -> String {
    shown(amount.decimal(), places(currency), Round::Nearest)
}

/// A number with thousands separated, to nearest.
pub fn grouped(number: Decimal, places: u32) -> String {
    shown(number, places, Round::Nearest)
}

/// A ratio in percent, or what stands for none.
pub fn percent(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "no equity".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

/// A difference of ratios in points of percent.
pub fn points(change: f64) -> String {
    let text = format!("{:+.1} points", change * 100.0);
    if text == "-0.0 points" { "+0.0 points".to_owned() } else { text }
}

/// A relative move in percent, with its sign.
pub fn relative(change: f64) -> String {
    format!("{:+.1} %", change * 100.0)
}

/// A count of thousands without places, for a matrix.
pub fn thousands(amount: Money) -> String {
    let text = format!("{:.0}", amount.to_f64() / 1000.0);
    if text == "-0" { "0".to_owned() } else { text }
}

/// A count with thousands separated.
pub fn count(count: usize) -> String {
    separated(&count.to_string())
}

fn places(currency: &Asset) -> u32 {
    let cash = ["USD", "USDC", "USDT", "EUR"];
    if cash.contains(&currency.as_str()) { 2 } else { 6 }
}

fn shown(number: Decimal, places: u32, round: Round) -> String {
    let rounded = number.round_to(places, round);
    let text = format!("{:.*}", places as usize, rounded.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if rounded.is_negative() { "-" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", separated(whole))
}

fn separated(whole: &str) -> String {
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str, show: fn(Money, &Asset) -> String) -> String {
        show(text.parse().unwrap(), &Asset::usd())
    }

    #[test]
    fn requirements_are_shown_rounded_up_and_values_down() {
        assert_eq!(usd("1204551.201", required), "1,204,551.21");
        assert_eq!(usd("1204551.209", value), "1,204,551.20");
        assert_eq!(usd("-1088.411", value), "-1,088.42");
        assert_eq!(usd("-0.001", required), "0.00");
        assert_eq!(usd("999.999", signed), "+1,000.00");
        let coin = Asset::new("BTC").unwrap();
        assert_eq!(required("0.12345678".parse().unwrap(), &coin), "0.123457");
    }

    #[test]
    fn thousands_of_nothing_have_no_sign() {
        assert_eq!(thousands("-499".parse().unwrap()), "0");
        assert_eq!(thousands("-1500".parse().unwrap()), "-2");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(None), "no equity");
    }
}
