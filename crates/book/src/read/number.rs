//! Numbers in JSON: a string or a number, read by its text and never through `f64`.

use crate::input::InputError;
use keelmark_units::Decimal;
use serde::de::{DeserializeOwned, Error};

/// An exact decimal that may stand in JSON as a string or as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonNumber(pub Decimal);

impl<'de> serde::Deserialize<'de> for JsonNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
        let text = raw.get().trim();
        let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

impl schemars::JsonSchema for JsonNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Decimal::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Decimal::json_schema(generator)
    }
}

/// Reads JSON of a known shape; errors carry the JSON pointer.
///
/// # Errors
/// [`InputError`] at the pointer, or at the line where the text is not JSON at all.
pub fn json<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, InputError> {
    super::text_within(file, bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(problem) = not_json(bytes) {
        return Err(InputError::whole(file, problem));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_eof() {
            let problem = "expected the rest of the JSON, found the end of the file: it is cut off";
            return InputError::line(file, inner.line() as u64, "", problem);
        }
        if inner.is_syntax() {
            return InputError::line(file, inner.line() as u64, "", inner);
        }
        InputError::pointer(file, pointer, inner)
    })?;
    reader.end().map_err(|error| InputError::line(file, error.line() as u64, "", error))?;
    Ok(value)
}

/// What stands where no JSON starts, shortened.
fn not_json(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let start = text.trim_start();
    let first = start.chars().next()?;
    let json = matches!(first, '{' | '[' | '"' | '-' | '0'..='9')
        || ["null", "true", "false"].iter().any(|word| start.starts_with(word));
    if json {
        return None;
    }
    let line: String = start.lines().next()?.chars().take(40).collect();
    Some(format!("expected JSON, found {line:?}"))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::new();
    for segment in path {
        text.push('/');
        match segment {
            Segment::Seq { index } => text.push_str(&index.to_string()),
            Segment::Map { key } => text.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => text.push_str(variant),
            Segment::Unknown => text.push('?'),
        }
    }
    if text.is_empty() { "/".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Line {
        value: JsonNumber,
    }

    #[test]
    fn text_of_the_number_counts() {
        for text in ["{\"value\":0.123456789012345678}", "{\"value\":\"0.123456789012345678\"}"] {
            let line: Line = json("x.json", text.as_bytes()).unwrap();
            assert_eq!(line.value.0.to_string(), "0.123456789012345678");
        }
    }

    #[test]
    fn errors_have_a_pointer_or_a_line() {
        let error = json::<Vec<Line>>("x.json", b"[{\"value\":1},{\"value\":true}]").unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.json at /1/value: expected a decimal number such as -123.45, found \"true\" \
             at line 1 column 27"
        );
        let error = json::<Line>("x.json", b"{\n\"value\": }").unwrap_err();
        assert!(error.to_string().starts_with("x.json:2: "), "{error}");
    }
}
