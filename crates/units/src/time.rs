//! Instants as nanoseconds since 1970 UTC, RFC 3339 at the boundary.
//!
//! Nothing here reads a clock: time is an input everywhere in keelmark.

use std::fmt;
use std::str::FromStr;

/// Seconds in the 365-day year that option day counts use.
pub const SECONDS_PER_YEAR: f64 = 365.0 * 86_400.0;

/// An instant, in nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Text that is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an instant such as 2026-03-13T19:00:15Z, found {found:?}")]
pub struct TimestampError {
    found: String,
}

impl Timestamp {
    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since 1970, as venues send them; out of range saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From a UTC calendar date and time.
    #[must_use]
    pub fn from_date(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
        let zoned = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok().map(Self)
    }

    /// Year, month and day in UTC.
    #[must_use]
    pub fn date(self) -> (i16, i8, i8) {
        let date = self.civil().date();
        (date.year(), date.month(), date.day())
    }

    /// Hour and minute in UTC.
    #[must_use]
    pub fn hour_minute(self) -> (i8, i8) {
        let time = self.civil().time();
        (time.hour(), time.minute())
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to here; negative when `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        // A magnitude always fits a word, whose division is an instruction and not a call.
        let nanos = self.0.abs_diff(earlier.0);
        let (whole, part) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let seconds = whole as f64 + part as f64 / 1e9;
        if self < earlier { -seconds } else { seconds }
    }

    /// Years of 365 days from `earlier` to here: the day count of venue option marks.
    #[must_use]
    pub fn years_since(self, earlier: Self) -> f64 {
        self.seconds_since(earlier) / SECONDS_PER_YEAR
    }

    /// Days from `earlier` to here.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f64 {
        self.seconds_since(earlier) / 86_400.0
    }

    /// This instant moved by a number of nanoseconds; out of range saturates.
    #[must_use]
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    fn civil(self) -> jiff::civil::DateTime {
        let stamp = jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or_default();
        jiff::tz::TimeZone::UTC.to_datetime(stamp)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// RFC 3339 with an offset, or a bare date (midnight UTC).
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let error = || TimestampError { found: text.chars().take(40).collect() };
        if let Ok(date) = text.parse::<jiff::civil::Date>()
            && text.len() == 10
        {
            return Self::from_date(date.year(), date.month(), date.day(), 0, 0).ok_or_else(error);
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| error())?;
        i64::try_from(stamp.as_nanosecond()).map(Self).map_err(|_| error())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or_default();
        write!(f, "{stamp}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Timestamp {
    /// As text; in a form for machines as nanoseconds since 1970.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_utc() {
        let t: Timestamp = "2026-03-13T19:00:15.531Z".parse().unwrap();
        assert_eq!(t, Timestamp::from_millis(1_773_428_415_531));
        assert_eq!(t.to_string(), "2026-03-13T19:00:15.531Z");
        assert_eq!("2026-03-13T20:00:15.531+01:00".parse(), Ok(t));
        assert_eq!("2026-03-13".parse(), Ok(Timestamp::from_date(2026, 3, 13, 0, 0).unwrap()));
        assert_eq!(t.date(), (2026, 3, 13));
        assert!("13.3.2026".parse::<Timestamp>().is_err());
    }

    #[test]
    fn the_day_count_is_to_the_second() {
        let t = Timestamp::from_millis(1_773_428_415_531);
        let expiry = Timestamp::from_date(2026, 3, 14, 8, 0).unwrap();
        assert!((expiry.years_since(t) - 0.001_483_525_780_060_882_7).abs() < 1e-17);
    }
}
