//! A reply as a tree in which every value knows its place: fields are asked for one by one, and an
//! error carries the JSON pointer.
//!
//! Venues print numbers as text, as numbers, as `""` and as `null`; here they are exact or absent.
//! A separator between thousands is refused and not guessed at: `1,234` is two numbers elsewhere.

use keelmark_book::{Asset, Decimal, InputError, Round, Timestamp, read};
use serde_json::Value;

/// A file, read.
#[derive(Clone, Debug)]
pub struct Tree {
    file: String,
    value: Value,
}

/// A value in it.
#[derive(Clone, Debug)]
pub struct At<'a> {
    file: &'a str,
    pointer: String,
    value: &'a Value,
}

impl Tree {
    /// Reads a file.
    ///
    /// # Errors
    /// [`InputError`] when it is not JSON in UTF-8.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, InputError> {
        read::text_within(file, bytes)?;
        if let Err(error) = std::str::from_utf8(bytes) {
            let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
            let problem =
                format!("expected UTF-8, found the byte {:#04x}", bytes[error.valid_up_to()]);
            return Err(InputError::line(file, line as u64, "", problem));
        }
        Ok(Self { file: file.to_owned(), value: read::json(file, bytes)? })
    }

    /// Reads several files, in their order.
    ///
    /// # Errors
    /// As [`Tree::parse`], of the first that cannot be read.
    pub fn all(files: &[(&str, &[u8])]) -> Result<Vec<Self>, InputError> {
        files.iter().map(|(file, bytes)| Self::parse(file, bytes)).collect()
    }

    /// The whole of it.
    #[must_use]
    pub fn root(&self) -> At<'_> {
        At { file: &self.file, pointer: String::new(), value: &self.value }
    }
}

impl<'a> At<'a> {
    /// The file it is in.
    #[must_use]
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// An error here.
    pub fn error(&self, problem: impl std::fmt::Display) -> InputError {
        if self.pointer.is_empty() {
            return InputError::whole(self.file, problem);
        }
        InputError::pointer(self.file, self.pointer.clone(), problem)
    }

    /// A field; `None` where it is absent or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { file: self.file, pointer: format!("{}/{name}", self.pointer), value })
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// [`InputError`] where it is not.
    pub fn need(&self, name: &str) -> Result<Self, InputError> {
        self.get(name).ok_or_else(|| self.error(format!("expected a field {name:?}, found none")))
    }

    /// Whether all of some fields are there, null or not.
    #[must_use]
    pub fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.value.get(name).is_some())
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// The items of a list.
    ///
    /// # Errors
    /// [`InputError`] where it is none.
    pub fn items(&self) -> Result<Vec<Self>, InputError> {
        let Some(items) = self.value.as_array() else {
            return Err(self.error(format!("expected a list, found {}", self.found())));
        };
        let at = |(at, value)| Self {
            file: self.file,
            pointer: format!("{}/{at}", self.pointer),
            value,
        };
        Ok(items.iter().enumerate().map(at).collect())
    }

    /// The fields of a table, by name.
    ///
    /// # Errors
    /// [`InputError`] where it is none.
    pub fn fields(&self) -> Result<Vec<(&'a str, Self)>, InputError> {
        let Some(fields) = self.value.as_object() else {
            return Err(self.error(format!("expected fields, found {}", self.found())));
        };
        let at = |(name, value): (&'a String, &'a Value)| {
            let pointer =
                format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"));
            (name.as_str(), Self { file: self.file, pointer, value })
        };
        Ok(fields.iter().map(at).collect())
    }

    /// Text.
    ///
    /// # Errors
    /// [`InputError`] where it is none.
    pub fn text(&self) -> Result<&'a str, InputError> {
        self.value
            .as_str()
            .ok_or_else(|| self.error(format!("expected text, found {}", self.found())))
    }

    /// Text of a field that must be there and not empty.
    ///
    /// # Errors
    /// [`InputError`] where it is not.
    pub fn word(&self, name: &str) -> Result<&'a str, InputError> {
        let at = self.need(name)?;
        match at.text()? {
            "" => Err(at.error("expected a word, found none")),
            text => Ok(text),
        }
    }

    /// Text of a field; empty where it is absent or no text.
    #[must_use]
    pub fn label(&self, name: &str) -> &'a str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A truth; `None` where it is absent or no truth.
    #[must_use]
    pub fn truth(&self, name: &str) -> Option<bool> {
        self.value.get(name).and_then(Value::as_bool)
    }

    /// A number, as text or as a number.
    ///
    /// # Errors
    /// [`InputError`] where it is none.
    pub fn number(&self) -> Result<Decimal, InputError> {
        match self.value {
            Value::String(text) => number(text)
                .map_err(|found| self.error(format!("expected a number, found {found}"))),
            Value::Number(text) => number(&text.to_string())
                .map_err(|found| self.error(format!("expected a number, found {found}"))),
            _ => Err(self.error(format!("expected a number, found {}", self.found()))),
        }
    }

    /// A number of a field that must be there.
    ///
    /// # Errors
    /// [`InputError`] where it is absent, null, empty or none.
    pub fn amount(&self, name: &str) -> Result<Decimal, InputError> {
        self.need(name)?.number()
    }

    /// A number of a field; `None` where it is absent, null or empty.
    ///
    /// # Errors
    /// [`InputError`] where it is something else.
    pub fn maybe(&self, name: &str) -> Result<Option<Decimal>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(at) if at.value.as_str().is_some_and(str::is_empty) => Ok(None),
            Some(at) => at.number().map(Some),
        }
    }

    /// This number; `None` where it is null or empty.
    ///
    /// # Errors
    /// [`InputError`] where it is something else.
    pub fn printed(&self) -> Result<Option<Decimal>, InputError> {
        match self.value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            _ => self.number().map(Some),
        }
    }

    /// As [`At::maybe`], and `None` for zero and less: how venues print a price that is not there.
    ///
    /// # Errors
    /// As [`At::maybe`].
    pub fn positive(&self, name: &str) -> Result<Option<Decimal>, InputError> {
        Ok(self.maybe(name)?.filter(|one| one.is_positive()))
    }

    /// An asset of a field.
    ///
    /// # Errors
    /// [`InputError`] where it is none.
    pub fn asset(&self, name: &str) -> Result<Asset, InputError> {
        let at = self.need(name)?;
        Asset::new(at.text()?).map_err(|error| at.error(error))
    }

    /// An instant in whole milliseconds; `None` where it is absent, empty or zero.
    ///
    /// # Errors
    /// [`InputError`] where it is something else.
    pub fn millis(&self, name: &str) -> Result<Option<Timestamp>, InputError> {
        let Some(found) = self.positive(name)? else { return Ok(None) };
        let limit = Decimal::from_int(9_000_000_000_000);
        match found.in_steps_of(Decimal::ONE).filter(|_| found < limit) {
            Some(millis) => Ok(Some(Timestamp::from_millis(millis))),
            None => {
                let problem = format!("{name}: expected milliseconds since 1970, found {found}");
                Err(self.error(problem))
            }
        }
    }

    /// What it is, for an error.
    #[must_use]
    pub fn found(&self) -> String {
        match self.value {
            Value::Null => "null".to_owned(),
            Value::Object(fields) if fields.is_empty() => "no fields".to_owned(),
            Value::Object(fields) => {
                let names: Vec<&str> = fields.keys().map(String::as_str).take(8).collect();
                format!("fields {}", names.join(", ")).chars().take(200).collect()
            }
            Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            other => other.to_string().chars().take(120).collect(),
        }
    }
}

/// An exact number; noise of a float beyond 18 places is rounded away.
fn number(text: &str) -> Result<Decimal, String> {
    let shown = || format!("{:?}", text.chars().take(40).collect::<String>());
    if let Ok(exact) = text.parse::<Decimal>() {
        return Ok(exact);
    }
    if text.contains([',', ' ', '\u{a0}', '_', '\'']) {
        return Err(format!("{}: no separators between thousands", shown()));
    }
    let float = text.parse::<f64>().ok();
    float.and_then(|one| Decimal::from_f64(one, Round::Nearest).ok()).ok_or_else(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_absent() {
        let text = br#"{"a":"0.123456789012345678","b":1.5,"c":"","d":null,"e":"1,234.5","f":"0",
          "g":"1.00000000000000000001","h":true,"i":1700000000000}"#;
        let tree = Tree::parse("x.json", text).unwrap();
        let root = tree.root();
        assert_eq!(root.amount("a").unwrap().to_string(), "0.123456789012345678");
        assert_eq!(root.amount("b").unwrap().to_string(), "1.5");
        assert_eq!(root.amount("g").unwrap(), Decimal::ONE);
        for absent in ["c", "d", "z"] {
            assert_eq!(root.maybe(absent).unwrap(), None, "{absent}");
        }
        assert_eq!(root.positive("f").unwrap(), None);
        assert_eq!(root.millis("i").unwrap().unwrap().to_string(), "2023-11-14T22:13:20Z");
        for (name, said) in [
            ("c", "x.json at /c: expected a number, found \"\""),
            ("z", "x.json: expected a field \"z\", found none"),
            ("e", "x.json at /e: expected a number, found \"1,234.5\": no separators"),
            ("h", "x.json at /h: expected a number, found true"),
        ] {
            let error = root.amount(name).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn what_is_not_json_in_utf_8_is_refused() {
        for (bytes, said) in [
            (&b"\xff\xfe{\0}\0"[..], "x: expected text in UTF-8, found UTF-16: save"),
            (b"{\n\"a\":\"\xe9\"}", "x:2: expected UTF-8, found the byte 0xe9"),
            (b"{\"a\":[1,", "x:1: expected the rest of the JSON, found the end of the file"),
            (b"{\0\"\0", "x: expected text in UTF-8, found UTF-16"),
            (b"\x1f\x8b\x08", "x: expected text in UTF-8, found a gzip file: unpack it first"),
            (b"<!DOCTYPE html>\n", "x: expected JSON, found \"<!DOCTYPE html>\""),
            (b"  ", "x: expected"),
        ] {
            let error = Tree::parse("x", bytes).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
