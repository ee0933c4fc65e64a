//! What was expected against what was found, field by field, at every depth.
//!
//! Only fields of `expected` are looked at. A number may be away by the larger of the absolute
//! tolerance and the relative one times what was expected; with neither, two numbers are equal when
//! they are the same double, since that is what a number in JSON is.

use crate::case::Tolerance;
use crate::json::Json;
use keelmark_book::Decimal;

/// One compared value.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Where, from the top: `standard[3]`.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What was found; `None` where there is nothing.
    pub found: Option<String>,
    /// By how much two numbers differ.
    pub difference: Option<f64>,
    /// Whether it is equal within the tolerance.
    pub passes: bool,
}

/// Every value of `expected` with what was found in its place.
#[must_use]
pub fn compare(expected: &Json, found: &Json, tolerance: &Tolerance) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let bound =
        Bound { abs: tolerance.abs, rel: tolerance.rel, truncated: tolerance.abs_truncated };
    walk("", expected, Some(found), bound, tolerance, &mut leaves);
    leaves
}

#[derive(Clone, Copy)]
struct Bound {
    abs: f64,
    rel: f64,
    truncated: f64,
}

fn walk(
    path: &str,
    expected: &Json,
    found: Option<&Json>,
    bound: Bound,
    tolerance: &Tolerance,
    leaves: &mut Vec<Leaf>,
) {
    match (expected, found) {
        (Json::Object(fields), Some(Json::Object(_)) | None) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let own = tolerance.fields.get(name);
                let bound = own.map_or(bound, |abs| Bound { abs: *abs, rel: 0.0, truncated: 0.0 });
                let at = found.and_then(|found| field(found, name));
                walk(&path, value, at, bound, tolerance, leaves);
            }
        }
        (Json::List(items), Some(Json::List(given))) if items.len() == given.len() => {
            for (at, (item, given)) in items.iter().zip(given).enumerate() {
                walk(&format!("{path}[{at}]"), item, Some(given), bound, tolerance, leaves);
            }
        }
        _ => leaves.push(leaf(path, expected, found, bound)),
    }
}

/// As [`Json::get`], but a null is a value.
fn field<'a>(object: &'a Json, name: &str) -> Option<&'a Json> {
    let Json::Object(fields) = object else { return None };
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn leaf(path: &str, expected: &Json, found: Option<&Json>, bound: Bound) -> Leaf {
    let mut leaf = Leaf {
        path: path.to_owned(),
        expected: expected.to_string(),
        found: found.map(Json::to_string),
        difference: None,
        passes: false,
    };
    let Some(found) = found else { return leaf };
    if let (Some(wanted), Some(given)) = (number(expected), number(found)) {
        let away = away(wanted, given);
        leaf.difference = Some(away);
        leaf.passes = near(wanted, given, away, bound);
    } else {
        leaf.passes = match (expected, found) {
            (Json::Text(wanted), Json::Text(given)) => wanted == given,
            (Json::List(wanted), Json::List(given)) => wanted.is_empty() && given.is_empty(),
            (wanted, given) => wanted == given,
        };
    }
    leaf
}

/// The text of a number, or of a string that holds an integer.
fn number(value: &Json) -> Option<&str> {
    match value {
        Json::Number(text) => Some(text),
        Json::Text(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            whole.then_some(text)
        }
        _ => None,
    }
}

fn double(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// The difference: exact where both fit a decimal, else between doubles.
fn away(wanted: &str, given: &str) -> f64 {
    if let (Ok(wanted), Ok(given)) = (wanted.parse::<Decimal>(), given.parse::<Decimal>())
        && let Ok(difference) = given.minus(wanted)
    {
        return difference.to_f64();
    }
    double(given) - double(wanted)
}

fn near(wanted: &str, given: &str, away: f64, bound: Bound) -> bool {
    if wanted == given || same_double(double(wanted), double(given), wanted, given) {
        return true;
    }
    let most = bound.abs.max(bound.rel * double(wanted).abs());
    (most > 0.0 && away.abs() <= most) || (bound.truncated > 0.0 && away.abs() < bound.truncated)
}

/// Whether two numbers are one double. Integers must agree in every digit: they stand for counts
/// of units that a double cannot hold.
fn same_double(wanted: f64, given: f64, wanted_text: &str, given_text: &str) -> bool {
    let whole = |text: &str| !text.contains(['.', 'e', 'E']);
    // Of fifteen digits and fewer a double holds every integer.
    let large = |text: &str| text.trim_start_matches('-').len() > 15;
    let both_large =
        whole(wanted_text) && whole(given_text) && (large(wanted_text) || large(given_text));
    // Adding zero makes one zero of two.
    let bits = |value: f64| (value + 0.0).to_bits();
    bits(wanted) == bits(given) && wanted.is_finite() && !both_large
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn passes(expected: &str, found: &str, tolerance: &Tolerance) -> bool {
        let (expected, found) = (Json::parse(expected).unwrap(), Json::parse(found).unwrap());
        compare(&expected, &found, tolerance).iter().all(|leaf| leaf.passes)
    }

    fn fields(abs: f64, name: &str, own: f64) -> Tolerance {
        let fields = [(name.to_owned(), own)].into();
        Tolerance { abs, fields, ..Tolerance::default() }
    }

    #[test]
    fn only_expected_fields_count_and_missing_ones_fail() {
        let exact = Tolerance::default();
        assert!(passes(r#"{"a": {"b": 1}}"#, r#"{"a": {"b": 1.0, "c": 2}, "d": 3}"#, &exact));
        assert!(!passes(r#"{"a": {"b": 1}}"#, r#"{"a": {}}"#, &exact));
        assert!(!passes(r#"{"a": {"b": 1}}"#, r#"{"a": 1}"#, &exact));
        assert!(!passes(r#"{"a": [1, 2]}"#, r#"{"a": [1, 2, 3]}"#, &exact));
        assert!(passes(r#"{"a": [], "b": null}"#, r#"{"a": [], "b": null}"#, &exact));
        assert!(!passes(r#"{"b": null}"#, "{}", &exact));
        assert!(passes(r#"{"b": "up"}"#, r#"{"b": "up"}"#, &exact));
    }

    #[test]
    fn tolerances_as_the_format_says() {
        let both = Tolerance { abs: 1e-3, rel: 0.1, ..Tolerance::default() };
        assert!(passes(r#"{"a": 10}"#, r#"{"a": 11}"#, &both));
        assert!(!passes(r#"{"a": 10}"#, r#"{"a": 11.1}"#, &both));
        assert!(passes(r#"{"a": 0}"#, r#"{"a": 0.001}"#, &both));
        assert!(passes(r#"{"a": 1, "b": 2}"#, r#"{"a": 1.5, "b": 2}"#, &fields(0.0, "a", 0.5)));
        assert!(!passes(r#"{"a": 1, "b": 2}"#, r#"{"a": 1, "b": 2.1}"#, &fields(0.0, "a", 0.5)));
        assert!(passes(r#"{"a": {"x": [1]}}"#, r#"{"a": {"x": [1.5]}}"#, &fields(0.0, "a", 0.5)));
        let cut = Tolerance { abs_truncated: 1.0, ..Tolerance::default() };
        assert!(passes(r#"{"a": 7}"#, r#"{"a": 7.99}"#, &cut));
        assert!(!passes(r#"{"a": 7}"#, r#"{"a": 8}"#, &cut));
    }

    #[test]
    fn integers_in_strings_and_doubles() {
        let exact = Tolerance::default();
        let large = "123456789012345678901234567890";
        assert!(passes(&format!("{{\"a\": \"{large}\"}}"), &format!("{{\"a\": {large}}}"), &exact));
        let other = "123456789012345678901234567891";
        assert!(!passes(
            &format!("{{\"a\": \"{large}\"}}"),
            &format!("{{\"a\": {other}}}"),
            &exact
        ));
        // Two integers of sixteen digits that are one double.
        let apart = (r#"{"a": 9007199254740992}"#, r#"{"a": "9007199254740993"}"#);
        assert!(!passes(apart.0, apart.1, &exact) && !passes(apart.1, apart.0, &exact));
        assert!(passes(r#"{"a": 0.1}"#, r#"{"a": 0.100000000000000001}"#, &exact));
        assert!(!passes(r#"{"a": 0.1}"#, r#"{"a": 0.10000000000000002}"#, &exact));
    }
}
