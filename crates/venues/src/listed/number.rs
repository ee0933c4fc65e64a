//! Numbers out of bytes, without text in between: a file has millions of them.

use keelmark_book::Decimal;

/// Places of a [`Decimal`].
const PLACES: usize = 18;
/// Digits that surely fit an `u64`.
const FAST_DIGITS: usize = 18;

/// Ten to the powers that a fraction can need.
const POWERS: [i128; PLACES + 1] = {
    let mut powers = [1i128; PLACES + 1];
    let mut at = 1;
    while at <= PLACES {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// A decimal number, with blanks around it allowed.
pub fn decimal(text: &[u8]) -> Option<Decimal> {
    let text = text.trim_ascii();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (mut value, mut seen, mut places) = (0u64, 0usize, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' if seen < FAST_DIGITS => {
                value = value * 10 + u64::from(byte - b'0');
                seen += 1;
                places = places.map(|places: usize| places + 1);
            }
            b'.' if places.is_none() => places = Some(0),
            // Long, in exponents, or no number: the careful reader says which.
            _ => return careful(text),
        }
    }
    if seen == 0 {
        return None;
    }
    let raw = i128::from(value) * POWERS[PLACES - places.unwrap_or(0)];
    Some(Decimal::from_raw(if negative { -raw } else { raw }))
}

fn careful(text: &[u8]) -> Option<Decimal> {
    std::str::from_utf8(text).ok()?.trim_start_matches('+').parse().ok()
}

/// A whole number of digits alone, at most eighteen.
pub fn whole(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > FAST_DIGITS {
        return None;
    }
    text.iter().try_fold(0u64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
    })
}

/// A whole number of digits with an implied point before the last `places`.
pub fn implied(text: &[u8], places: usize) -> Option<Decimal> {
    let value = whole(text)?;
    Some(Decimal::from_raw(i128::from(value) * POWERS[PLACES.checked_sub(places)?]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_spellings() {
        for (text, expected) in [
            ("-0.00", "0"),
            ("+567", "567"),
            (" 12.5 ", "12.5"),
            (".5", "0.5"),
            ("7.", "7"),
            ("0.1234567890123456789012", ""),
            ("1e-3", "0.001"),
            ("", ""),
            ("-", ""),
            ("1.2.3", ""),
            ("12a", ""),
        ] {
            let found = decimal(text.as_bytes());
            if expected.is_empty() {
                let exact: Result<Decimal, _> = text.parse();
                assert_eq!(found, exact.ok(), "{text}");
            } else {
                assert_eq!(found.unwrap().to_string(), expected, "{text}");
            }
        }
        assert_eq!(implied(b"03300", 4).unwrap().to_string(), "0.33");
        assert_eq!(implied(b"0000001", 0).unwrap().to_string(), "1");
        assert_eq!(implied(b" 12", 0), None);
    }

    proptest! {
        #[test]
        fn the_quick_way_is_the_careful_one(text in "[+-]?[0-9]{1,20}(\\.[0-9]{0,20})?") {
            prop_assert_eq!(decimal(text.as_bytes()), careful(text.as_bytes()));
        }
    }
}
