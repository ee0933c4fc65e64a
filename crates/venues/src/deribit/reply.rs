//! The envelope of a reply, what is in it, and its numbers.
//!
//! Files are recognised by their fields and not by their names: whoever saves a reply calls it as
//! he likes. The whole JSON-RPC reply and its bare `result` are the same thing to us.

use keelmark_book::{Decimal, InputError, Round, read};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `public/get_book_summary_by_currency`, as JSON.
    BookSummary,
    /// The same as CSV.
    BookSummaryCsv,
    /// `public/get_instruments`.
    Instruments,
    /// `private/get_positions`.
    Positions,
    /// `private/get_open_orders`, `private/get_open_orders_by_currency`.
    Orders,
    /// `private/get_account_summary`: one currency.
    AccountSummary,
    /// `private/get_account_summaries`: all currencies.
    AccountSummaries,
    /// An empty list: nothing of whatever it is.
    Nothing,
}

/// A recognised file.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Its name, for errors.
    pub file: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What it holds.
    pub content: Content,
    /// Whether `result` is around it.
    wrapped: bool,
}

impl<'a> Reply<'a> {
    /// Recognises a file by its fields.
    ///
    /// # Errors
    /// [`InputError`] when it is none of the replies, or an error reply.
    pub fn recognise(file: &'a str, bytes: &'a [u8]) -> Result<Self, InputError> {
        read::text_within(file, bytes)?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if !matches!(text.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'[')) {
            return recognise_csv(file, bytes, text);
        }
        let whole: Value = read::json(file, bytes)?;
        if let (Some(error), None) = (whole.get("error"), whole.get("result")) {
            let said: String = error.to_string().chars().take(200).collect();
            let problem = format!("expected a result, found the venue's error {said}");
            return Err(InputError::pointer(file, "/error", problem));
        }
        let wrapped = whole.get("result").is_some();
        let result = whole.get("result").unwrap_or(&whole);
        let content = content(result).ok_or_else(|| unknown(file, result))?;
        Ok(Self { file, bytes, content, wrapped })
    }

    /// Reads the result; errors carry the pointer in the file.
    ///
    /// # Errors
    /// [`InputError`] at the pointer.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, InputError> {
        #[derive(Deserialize)]
        struct Envelope<T> {
            result: T,
        }
        if self.wrapped {
            return read::json::<Envelope<T>>(self.file, self.bytes).map(|all| all.result);
        }
        read::json(self.file, self.bytes)
    }

    /// The JSON pointer of something in the result.
    #[must_use]
    pub fn pointer(&self, rest: &str) -> String {
        format!("{}{rest}", if self.wrapped { "/result" } else { "" })
    }
}

fn content(result: &Value) -> Option<Content> {
    let Some(list) = result.as_array() else {
        return if result.get("summaries").is_some_and(Value::is_array) {
            Some(Content::AccountSummaries)
        } else if has(result, &["currency", "balance", "equity"]) {
            Some(Content::AccountSummary)
        } else {
            None
        };
    };
    let Some(first) = list.first() else { return Some(Content::Nothing) };
    if has(first, &["instrument_name", "size"]) {
        Some(Content::Positions)
    } else if has(first, &["instrument_name", "order_id", "amount"]) {
        Some(Content::Orders)
    } else if has(first, &["instrument_name", "min_trade_amount"]) {
        Some(Content::Instruments)
    } else if ["mark_price", "estimated_delivery_price"]
        .iter()
        .any(|price| has(first, &["instrument_name", price]))
    {
        Some(Content::BookSummary)
    } else {
        None
    }
}

fn has(value: &Value, fields: &[&str]) -> bool {
    fields.iter().all(|field| value.get(field).is_some())
}

const EXPECTED: &str = "expected a Deribit reply (get_book_summary_by_currency, get_instruments, \
     get_positions, get_open_orders, get_account_summary or get_account_summaries)";

fn unknown(file: &str, result: &Value) -> InputError {
    let one = result.as_array().and_then(|list| list.first()).unwrap_or(result);
    let found = match one.as_object() {
        Some(fields) => {
            let names: Vec<&str> = fields.keys().map(String::as_str).take(8).collect();
            format!("fields {}", names.join(", "))
        }
        None => "no fields".to_owned(),
    };
    let found: String = found.chars().take(200).collect();
    InputError::whole(file, format!("{EXPECTED}, found {found}"))
}

fn recognise_csv<'a>(file: &'a str, bytes: &'a [u8], text: &[u8]) -> Result<Reply<'a>, InputError> {
    let header = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    let named = |name: &str| header.split(',').any(|one| one.trim().trim_matches('"') == name);
    if named("instrument_name") && named("mark_price") {
        let content = Content::BookSummaryCsv;
        return Ok(Reply { file, bytes, content, wrapped: false });
    }
    let found: String = header.chars().take(80).collect();
    let problem = format!("{EXPECTED}, or its book summary as CSV, found {found:?}");
    Err(InputError::whole(file, problem))
}

/// A number as the venue prints it: a float whose noise beyond 18 places is rounded away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl std::str::FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<Decimal>().map(Self).or_else(|error| {
            let float = text.parse::<f64>().ok();
            float
                .and_then(|one| Decimal::from_f64(one, Round::Nearest).ok())
                .map(Self)
                .ok_or_else(|| error.to_string())
        })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
        let text = raw.get().trim();
        let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_fields() {
        for (text, content) in [
            (r#"{"result":[{"instrument_name":"a","mark_price":1}]}"#, Content::BookSummary),
            (r#"[{"instrument_name":"a","min_trade_amount":1}]"#, Content::Instruments),
            (r#"[{"instrument_name":"a","mark_price":1,"size":1}]"#, Content::Positions),
            (r#"[{"instrument_name":"a","order_id":"1","amount":1}]"#, Content::Orders),
            (r#"{"currency":"BTC","balance":1,"equity":1}"#, Content::AccountSummary),
            (r#"{"result":{"summaries":[]}}"#, Content::AccountSummaries),
            (r#"{"result":[]}"#, Content::Nothing),
            ("instrument_name,mark_price\nx,1\n", Content::BookSummaryCsv),
        ] {
            assert_eq!(Reply::recognise("f", text.as_bytes()).unwrap().content, content, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_reply_says_what_was_found() {
        for (text, found) in [
            (r#"{"result":[{"order_id":1}]}"#, "found fields order_id"),
            (r#"{"error":{"code":13009}}"#, "found the venue's error"),
            ("a,b\n1,2\n", "found \"a,b\""),
            ("[1]", "found no fields"),
        ] {
            let error = Reply::recognise("f", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }

    #[test]
    fn float_noise_is_rounded_and_nonsense_refused() {
        let noisy: Number = "0.00035000000000000005".parse().unwrap();
        assert_eq!(noisy.0.to_string(), "0.00035");
        for text in ["NaN", "inf", "", "x", "1e300", "true"] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }
}
