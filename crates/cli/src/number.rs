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

/// How amounts of a matrix are shown: in thousands where they are large, in thousandths and finer
/// where they are small, so that no more than four digits stand beside each other and some count.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    per: f64,
    name: &'static str,
    places: usize,
}

/// Units for amounts of which the largest is below a tenth; an amount has 18 places.
const SMALL: [(f64, &str); 6] = [
    (1e-3, "0.001 "),
    (1e-6, "0.000001 "),
    (1e-9, "0.000000001 "),
    (1e-12, "0.000000000001 "),
    (1e-15, "0.000000000000001 "),
    (1e-18, "0.000000000000000001 "),
];

impl Scale {
    /// What fits all of the amounts.
    pub fn of(amounts: impl Iterator<Item = Money>) -> Self {
        let largest = amounts.map(|one| one.to_f64().abs()).fold(0.0, f64::max);
        let small = SMALL.into_iter().find(|(per, _)| largest >= *per);
        let (per, name) = match small.filter(|_| largest < 0.1) {
            Some(small) => small,
            None if largest >= 9_999.5 => (1_000.0, "thousand "),
            None => (1.0, ""),
        };
        let shown = if per < 1.0 { largest / per } else { largest };
        let places = if shown >= 100.0 { 0 } else { 1 + usize::from(shown < 10.0) };
        Self { per, name, places: if largest > 0.0 { places } else { 0 } }
    }

    /// What stands before the currency.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// One amount.
    pub fn show(self, amount: Money) -> String {
        let text = format!("{:.*}", self.places, amount.to_f64() / self.per);
        let nothing = text.starts_with('-') && !text.contains(|c: char| matches!(c, '1'..='9'));
        if nothing { text.trim_start_matches('-').to_owned() } else { text }
    }
}

/// A sentence with the thousands of its amounts separated; what is no amount stays.
pub fn sentence(text: &str) -> String {
    let amount = |word: &str| -> Option<String> {
        let digits = word.strip_prefix('-').unwrap_or(word);
        let (whole, part) = digits.split_once('.')?;
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let sign = &word[..word.len() - digits.len()];
        (plain(whole) && plain(part)).then(|| format!("{sign}{}.{part}", separated(whole)))
    };
    let words: Vec<String> =
        text.split(' ').map(|word| amount(word).unwrap_or_else(|| word.to_owned())).collect();
    words.join(" ")
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
    fn a_matrix_shows_digits_however_small_it_is() {
        for (largest, small, expected) in [
            ("152000", "-40000", "thousand -40"),
            ("9999", "-1", "-1"),
            ("100", "0.4", "0"),
            ("99.94", "-0.31", "-0.3"),
            ("9.5", "-0.31", "-0.31"),
            ("0.1", "-0.03", "-0.03"),
            ("0.095", "-0.03", "0.001 -30.0"),
            ("0.00248", "-0.00055", "0.001 -0.55"),
            ("0.00048", "0.0000004", "0.000001 0"),
            ("0.000000000000000003", "-0.000000000000000002", "0.000000000000000001 -2.00"),
            ("0", "0", "0"),
        ] {
            let amounts: Vec<Money> =
                [largest, small].iter().map(|one| one.parse().unwrap()).collect();
            let scale = Scale::of(amounts.iter().copied());
            assert_eq!(format!("{}{}", scale.name(), scale.show(amounts[1])), expected);
        }
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
    fn a_matrix_has_places_where_it_is_small() {
        let shown = |largest: &str, amount: &str| {
            let [largest, amount] = [largest, amount].map(|text| text.parse::<Money>().unwrap());
            let scale = Scale::of([largest, amount].into_iter());
            (scale.name(), scale.show(amount))
        };
        assert_eq!(shown("20000", "-1500"), ("thousand ", "-2".to_owned()));
        assert_eq!(shown("20000", "-499"), ("thousand ", "0".to_owned()));
        assert_eq!(shown("9999.6", "1"), ("thousand ", "0".to_owned()));
        assert_eq!(shown("-9999.4", "-1500.4"), ("", "-1500".to_owned()));
        assert_eq!(shown("-12", "-1.5"), ("", "-1.5".to_owned()));
        assert_eq!(shown("2.5", "-0.125"), ("", "-0.12".to_owned()));
        assert_eq!(shown("2.5", "-0.001"), ("", "0.00".to_owned()));
        assert_eq!(shown("0", "0"), ("", "0".to_owned()));
    }

    #[test]
    fn amounts_in_a_sentence_have_their_thousands_apart() {
        let said = "headroom grows to -1071683.23 USD at 0.1 % of today, 20 times";
        assert_eq!(
            sentence(said),
            "headroom grows to -1,071,683.23 USD at 0.1 % of today, 20 times"
        );
        assert_eq!(sentence("v1.2000 1.2.3 1234"), "v1.2000 1.2.3 1234");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(None), "no equity");
    }
}
