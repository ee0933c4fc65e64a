//! How long an auction has run: its clock stands still while there are no prices to bid at.

use crate::agenda::nanos;
use keelmark_book::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A clock that may stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Nanoseconds that it ran before it last started.
    ran: i64,
    /// When it last started; absent while it stands still.
    since: Option<Timestamp>,
}

/// What becomes of an auction's clock while there are no prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stale {
    /// It stands still.
    #[default]
    Hold,
    /// It starts again from the beginning.
    Restart,
}

impl Clock {
    /// One that starts now.
    pub(super) fn start(now: Timestamp) -> Self {
        Self { ran: 0, since: Some(now) }
    }

    /// Whole seconds that it ran.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> u64 {
        self.nanos(now).unsigned_abs() / 1_000_000_000
    }

    fn nanos(&self, now: Timestamp) -> i64 {
        let runs = self.since.map_or(0, |since| now.nanos().saturating_sub(since.nanos()));
        self.ran.saturating_add(runs.max(0))
    }

    /// It stands still from now on.
    pub(super) fn stop(&mut self, now: Timestamp) {
        *self = Self { ran: self.nanos(now), since: None };
    }

    /// It goes on from now, where it stood still.
    pub(super) fn go_on(&mut self, now: Timestamp, stale: Stale) {
        if self.since.is_none() {
            let ran = if stale == Stale::Restart { 0 } else { self.ran };
            *self = Self { ran, since: Some(now) };
        }
    }

    /// When it will have run so many seconds.
    pub(super) fn when(&self, now: Timestamp, seconds: u64) -> Timestamp {
        let all = nanos(u32::try_from(seconds).unwrap_or(u32::MAX));
        now.plus_nanos(all.saturating_sub(self.nanos(now)).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_stood_still_goes_on_where_it_was_or_anew() {
        let at = |second: i64| Timestamp::from_nanos(second * 1_000_000_000);
        let mut clock = Clock::start(at(100));
        assert_eq!(clock.seconds(at(130)), 30);
        clock.stop(at(130));
        assert_eq!(clock.seconds(at(500)), 30);
        let mut anew = clock;
        clock.go_on(at(500), Stale::Hold);
        anew.go_on(at(500), Stale::Restart);
        assert_eq!((clock.seconds(at(510)), anew.seconds(at(510))), (40, 10));
        assert_eq!(clock.when(at(510), 60), at(530));
    }
}
