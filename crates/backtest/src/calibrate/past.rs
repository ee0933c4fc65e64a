//! What is known of an asset: its prices, volatilities and what was traded, up to a date.

use super::CalibrateError;
use crate::history::{Factor, History};
use keelmark_margin::document::plan::Horizon;
use keelmark_tail::{Ewma, Series, TailError};
use keelmark_units::Timestamp;
use std::fmt;
use std::str::FromStr;

/// Weight of the past in a volatility, where a plan does not say.
pub const DECAY: f64 = 0.97;
/// Fewest moves that anything is measured from.
const FEWEST: usize = 100;
/// A history that ends so many days before the date is told.
const LATE: f64 = 7.0;
/// Seconds of a day.
pub(super) const DAY: f64 = 86_400.0;

/// What a history says of its asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Its price, in USD.
    Price,
    /// The volatility that options imply, at the tenor a document's moves are written for.
    Vol,
    /// The same at a tenor of so many days.
    VolAt(u32),
    /// Coins traded since the row before.
    Volume,
    /// Coins that can be sold at once within a per cent of the price.
    Depth,
}

/// The words of what a history can say.
pub const WORDS: &str = "price, vol, vol@DAYS, volume, depth";

impl FromStr for Says {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("expected one of {WORDS}, found {text:?}");
        match text {
            "price" => Ok(Self::Price),
            "vol" => Ok(Self::Vol),
            "volume" => Ok(Self::Volume),
            "depth" => Ok(Self::Depth),
            _ => {
                let days = text.strip_prefix("vol@").and_then(|days| days.parse().ok());
                days.filter(|days| *days > 0).map(Self::VolAt).ok_or_else(refused)
            }
        }
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Price => f.pad("price"),
            Self::Vol => f.pad("vol"),
            Self::VolAt(days) => f.pad(&format!("vol@{days}")),
            Self::Volume => f.pad("volume"),
            Self::Depth => f.pad("depth"),
        }
    }
}

/// A history of one asset.
#[derive(Clone, Debug)]
pub struct Past {
    /// Whose, as a document spells it.
    pub asset: String,
    /// What it says.
    pub says: Says,
    /// Values above zero at ascending times.
    pub series: Series,
    /// What was found in it and accepted.
    pub findings: Vec<String>,
}

impl Past {
    /// Prices of a history that is built in or was aligned.
    ///
    /// # Errors
    /// When it is of something else than prices.
    pub fn of(history: &History) -> Result<Self, CalibrateError> {
        let says = match history.factor {
            Factor::Price => Says::Price,
            Factor::Vol => Says::Vol,
            Factor::Slope | Factor::Basis | Factor::Funding => {
                let problem = format!("no number is found from a {}", history.factor.name());
                return Err(CalibrateError::History { problem, remedy: WORDS.to_owned() });
            }
        };
        let (times, values) = history.columns();
        let series = Series::new(history.asset.as_str(), times.to_vec(), values.to_vec())?;
        let (asset, findings) = (history.asset.to_string(), history.findings.clone());
        Ok(Self { asset, says, series, findings })
    }

    /// First 16 hex digits of the BLAKE3 hash of its name, times and values.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{}:{}\n", self.asset, self.says).as_bytes());
        for (time, value) in self.series.times().iter().zip(self.series.closes()) {
            hasher.update(&time.nanos().to_le_bytes()).update(&value.to_bits().to_le_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// First and last time.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = self.series.times();
        Some((*times.first()?, *times.last()?))
    }

    /// The usual time between two rows, in seconds: the median.
    pub(super) fn step(&self) -> Result<f64, CalibrateError> {
        let times = self.series.times();
        let mut gaps: Vec<f64> =
            times.windows(2).map(|pair| pair[1].seconds_since(pair[0])).collect();
        if gaps.len() < FEWEST {
            return Err(TailError::TooShort {
                what: format!("{} {}", self.asset, self.says),
                needs: FEWEST + 1,
                found: times.len(),
            }
            .into());
        }
        gaps.sort_unstable_by(f64::total_cmp);
        Ok(gaps[gaps.len() / 2])
    }

    /// Whether it is the price of something that is meant to be worth one: nineteen of twenty
    /// prices lie within a twentieth of it.
    #[must_use]
    pub fn is_pegged(&self) -> bool {
        let closes = self.series.closes();
        let near = closes.iter().filter(|close| (**close - 1.0).abs() < 0.05).count();
        self.says == Says::Price && near * 20 >= closes.len() * 19
    }

    /// Every move over a horizon, overlapping, of the last `window` rows.
    ///
    /// # Errors
    /// When there are too few, or a volatility has none: a series that stands still or explodes.
    pub fn moves(
        &self,
        horizon: Horizon,
        window: Option<u32>,
        decay: f64,
    ) -> Result<Moves, CalibrateError> {
        let step = self.step()?;
        let from = window
            .map_or(0, |window| self.series.closes().len().saturating_sub(window as usize + 1));
        let values = &self.series.closes()[from..];
        let times = &self.series.times()[from..];
        let seconds = horizon.seconds() as f64;
        let steps = ((seconds / step) - 1e-9).ceil().max(1.0) as usize;
        let scale = (seconds / (step * steps as f64)).sqrt().min(1.0);
        let what = format!("{} {} over {horizon}", self.asset, self.says);
        if values.len() < FEWEST + steps {
            let needs = FEWEST + steps;
            return Err(TailError::TooShort { what, needs, found: values.len() }.into());
        }
        let each: Vec<f64> =
            values.windows(2).map(|pair| keelmark_kernels::ln(pair[1] / pair[0])).collect();
        let vols = Ewma::new(decay).volatilities(&each)?;
        let logs = values
            .windows(steps + 1)
            .map(|part| keelmark_kernels::ln(part[steps] / part[0]) * scale)
            .collect();
        let gaps = times.windows(2).filter(|pair| pair[1].seconds_since(pair[0]) > 1.5 * step);
        Ok(Moves {
            logs,
            values: values.to_vec(),
            times: times[..times.len() - steps].to_vec(),
            vols,
            steps,
            step,
            scale,
            gaps: gaps.count(),
            first: times[0],
            last: times[times.len() - 1],
        })
    }
}

/// Moves over a horizon.
#[derive(Clone, Debug)]
pub struct Moves {
    /// Logarithm of each, by its start.
    pub logs: Vec<f64>,
    /// Every value; that at the place of a move is where it starts.
    pub values: Vec<f64>,
    /// When each starts.
    pub times: Vec<Timestamp>,
    /// Volatility of a row that each value foresees.
    pub vols: Vec<f64>,
    /// Rows that a move spans.
    pub steps: usize,
    /// Seconds between rows.
    pub step: f64,
    /// What moves of whole rows were multiplied with: below 1 where the horizon is shorter.
    pub scale: f64,
    /// Rows that come later than they should.
    pub gaps: usize,
    /// Time of the first value.
    pub first: Timestamp,
    /// Time of the last.
    pub last: Timestamp,
}

impl Moves {
    /// The volatility of a row that is foreseen now.
    #[must_use]
    pub fn vol_now(&self) -> f64 {
        self.vols[self.vols.len() - 1]
    }

    /// The same for a day.
    #[must_use]
    pub fn vol_of_a_day(&self) -> f64 {
        self.vol_now() * (DAY / self.step).sqrt()
    }

    /// What a reader of numbers from these moves should know.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.scale < 1.0 {
            notes.push(format!(
                "rows are {} apart: moves scaled by the root of time, {:.4}",
                Horizon::of_seconds(self.step as u64),
                self.scale
            ));
        }
        if self.gaps > 0 {
            notes.push(format!("{} rows come late: a move over a gap counts as one", self.gaps));
        }
        notes
    }
}

/// Histories of several assets up to a date.
#[derive(Clone, Debug)]
pub struct Pasts {
    all: Vec<Past>,
    /// The last time that is known.
    pub as_of: Timestamp,
}

impl Pasts {
    /// The part of some histories up to a date; up to the last price where none is given.
    ///
    /// # Errors
    /// When there is no price, two say the same of an asset, or nothing came before the date.
    pub fn until(given: Vec<Past>, as_of: Option<Timestamp>) -> Result<Self, CalibrateError> {
        let refused = |problem: String, remedy: &str| {
            Err(CalibrateError::History { problem, remedy: remedy.to_owned() })
        };
        for (at, one) in given.iter().enumerate() {
            if given[..at].iter().any(|other| (&other.asset, other.says) == (&one.asset, one.says))
            {
                let problem = format!("{} {} is given twice", one.asset, one.says);
                return refused(problem, "give one history of each");
            }
        }
        let prices = given.iter().filter(|one| one.says == Says::Price);
        let Some(end) = prices.filter_map(Past::span).map(|span| span.1).max() else {
            return refused("no prices were given".to_owned(), "add --history BTC=FILE");
        };
        let as_of = as_of.unwrap_or(end);
        let mut all = Vec::new();
        for one in given {
            let Some((first, _)) = one.span().filter(|span| span.0 < as_of) else {
                let problem = format!("{} {} begins after {as_of}", one.asset, one.says);
                return refused(problem, "give a longer history or a later --as-of");
            };
            let mut part = Past { series: one.series.between(first, as_of), ..one };
            let end = part.span().map_or(as_of, |span| span.1);
            let late = as_of.days_since(end);
            if late > LATE {
                part.findings.push(format!("ends {late:.0} days before {as_of}"));
            }
            all.push(part);
        }
        Ok(Self { all, as_of })
    }

    /// What is known of an asset.
    #[must_use]
    pub fn of(&self, asset: &str, says: Says) -> Option<&Past> {
        self.all.iter().find(|one| one.asset == asset && one.says == says)
    }

    /// Prices of everything that is not meant to be worth one.
    pub fn floating(&self) -> impl Iterator<Item = &Past> {
        self.all.iter().filter(|one| one.says == Says::Price && !one.is_pegged())
    }

    /// Implied volatilities of an asset at tenors other than the document's own.
    pub fn tenors(&self, asset: &str) -> impl Iterator<Item = (u32, &Past)> {
        self.all.iter().filter(move |one| one.asset == asset).filter_map(|one| match one.says {
            Says::VolAt(days) => Some((days, one)),
            _ => None,
        })
    }

    /// Every history.
    #[must_use]
    pub fn all(&self) -> &[Past] {
        &self.all
    }

    /// Coins traded in a day, on average of the last days; `None` where it is not known.
    ///
    /// # Errors
    /// As [`Past::moves`], where what is known is too short.
    pub fn daily_volume(&self, asset: &str, days: u32) -> Result<Option<f64>, CalibrateError> {
        let Some(past) = self.of(asset, Says::Volume) else { return Ok(None) };
        let rows = (f64::from(days) * DAY / past.step()?).ceil().max(1.0) as usize;
        let values = past.series.closes();
        let last = &values[values.len().saturating_sub(rows)..];
        Ok(Some(last.iter().sum::<f64>() / f64::from(days) * (rows as f64 / last.len() as f64)))
    }

    /// The least that could be sold at once in the last days, in coins.
    #[must_use]
    pub fn depth(&self, asset: &str) -> Option<f64> {
        let values = self.of(asset, Says::Depth)?.series.closes();
        values.iter().copied().reduce(f64::min)
    }
}
