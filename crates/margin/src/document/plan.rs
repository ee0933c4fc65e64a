//! `[calibrate]`: how the numbers of a document are to be found from history.
//!
//! It asks nothing of an account. A document may carry its own; a file of the same fields may
//! be given beside it. What is said for all numbers can be said otherwise for some:
//! `[[calibrate.field]]` names a path, an underlying, or both.

use super::tree::Node;
use super::{Fields, Range};
use keelmark_book::{Decimal, InputError};
use std::fmt;
use std::str::FromStr;

/// The table's name.
pub const FIELD: &str = "calibrate";

/// How numbers are found, for all and for some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// For all.
    pub all: Settings,
    /// For some, in order: what a later one says counts.
    pub some: Vec<Chosen>,
}

/// What is said for some numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Numbers at this path or below it; all where absent.
    pub path: Option<String>,
    /// Numbers of this underlying; all where absent.
    pub underlying: Option<String>,
    /// What the number means, where the document does not say: a number in a formula.
    pub meaning: Option<Meaning>,
    /// Whose histories stand for it, of which the largest number counts; its own where empty.
    pub like: Vec<String>,
    /// Whether it stays as it is.
    pub keep: bool,
    /// How it is found.
    pub settings: Settings,
}

/// All that is said of one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How it is found.
    pub settings: Settings,
    /// What it means, where the plan says.
    pub meaning: Option<Meaning>,
    /// Whose histories stand for it.
    pub like: Vec<String>,
}

/// How a number is found; what is absent is as for all, or as keelmark has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Share of moves that it covers.
    pub confidence: Option<Decimal>,
    /// Margin period of risk: the time a move has until positions are closed.
    pub horizon: Option<Horizon>,
    /// Time until a liquidation begins, which comes before the horizon: of a chain, a bridge, a
    /// feed.
    pub latency: Option<Horizon>,
    /// How the tail is measured.
    pub method: Option<Method>,
    /// Whether the mean beyond the quantile counts, instead of the quantile.
    pub shortfall: Option<bool>,
    /// How many of the last prices count; all where absent.
    pub window: Option<u32>,
    /// Weight of the past in the volatility of filtered methods, for each price.
    pub decay: Option<Decimal>,
    /// Share of losses below the threshold of peaks over it.
    pub threshold: Option<Decimal>,
    /// Whether it is at least the plain quantile of the whole history.
    pub long_floor: Option<bool>,
    /// It grows by at most this share of the old number.
    pub max_rise: Option<Decimal>,
    /// It falls by at most this share of the old number.
    pub max_fall: Option<Decimal>,
    /// It is at least this.
    pub least: Option<Decimal>,
    /// It is at most this.
    pub most: Option<Decimal>,
    /// It is a multiple of this, rounded against the account.
    pub round: Option<Decimal>,
    /// Whether moves up and down have ranges of their own.
    pub apart: Option<bool>,
    /// Share of what is traded that a liquidation can be.
    pub participation: Option<Decimal>,
    /// Days over which what is traded is averaged.
    pub volume_days: Option<u32>,
    /// Price moved by a sale of a day's volume, in daily volatilities.
    pub impact: Option<Decimal>,
    /// What accounts are likely to hold against collateral.
    pub likely: Option<Likely>,
}

/// What accounts are likely to hold, so that collateral may fail together with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likely {
    /// Long positions: they lose when prices fall.
    Long,
    /// Short positions: they lose when prices rise.
    Short,
    /// Either.
    Both,
    /// Collateral is looked at alone.
    Nothing,
}

/// How a tail is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The order statistic of the moves.
    Historical,
    /// That of moves over the volatility of their time, at the volatility of now.
    Filtered,
    /// A tail fitted to the moves beyond a threshold.
    Peaks,
    /// That, of moves over the volatility of their time.
    FilteredPeaks,
}

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A price move either way, the larger.
    PriceMove,
    /// A price move up.
    PriceRise,
    /// A price move down.
    PriceFall,
    /// A relative move of volatility up.
    VolUp,
    /// A relative move of volatility down.
    VolDown,
    /// A move of volatility up in points, as a fraction.
    VolUpPoints,
    /// A move of volatility down in points.
    VolDownPoints,
    /// A move of volatility either way in points.
    VolMovePoints,
    /// The power of tenor by which moves of volatility grow below the reference tenor.
    ShortTenor,
    /// The same above it.
    LongTenor,
    /// The share of a holding's value that does not count.
    Haircut,
    /// The share of a holding's value that counts.
    Ratio,
    /// What a debt counts for: one and the rise of its price.
    Weight,
    /// Notional over initial margin.
    Leverage,
    /// A value that can be sold within the horizon.
    Size,
    /// Growth of a rate for each coin.
    Slope,
    /// Coins traded in a day.
    Volume,
}

/// Each method by its word.
const METHODS: [(&str, Method); 4] = [
    ("historical", Method::Historical),
    ("filtered", Method::Filtered),
    ("pot", Method::Peaks),
    ("filtered-pot", Method::FilteredPeaks),
];

/// Each meaning by its word, and in words.
const MEANINGS: [(&str, Meaning, &str); 17] = [
    ("price-move", Meaning::PriceMove, "price move either way"),
    ("price-rise", Meaning::PriceRise, "price move up"),
    ("price-fall", Meaning::PriceFall, "price move down"),
    ("vol-up", Meaning::VolUp, "volatility up"),
    ("vol-down", Meaning::VolDown, "volatility down"),
    ("vol-up-points", Meaning::VolUpPoints, "volatility up in points"),
    ("vol-down-points", Meaning::VolDownPoints, "volatility down in points"),
    ("vol-move-points", Meaning::VolMovePoints, "volatility either way in points"),
    ("short-tenor", Meaning::ShortTenor, "tenor power below the reference"),
    ("long-tenor", Meaning::LongTenor, "tenor power above the reference"),
    ("haircut", Meaning::Haircut, "collateral haircut"),
    ("ratio", Meaning::Ratio, "collateral ratio"),
    ("weight", Meaning::Weight, "weight of a debt"),
    ("leverage", Meaning::Leverage, "leverage"),
    ("size", Meaning::Size, "value that can be sold"),
    ("slope", Meaning::Slope, "growth of a rate with size"),
    ("volume", Meaning::Volume, "coins traded in a day"),
];

const LIKELY: [(&str, Likely); 4] = [
    ("long", Likely::Long),
    ("short", Likely::Short),
    ("both", Likely::Both),
    ("nothing", Likely::Nothing),
];

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = MEANINGS.iter().find(|(_, meaning, _)| meaning == self);
        f.pad(own.map_or("", |(_, _, words)| words))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = METHODS.iter().find(|(_, method)| method == self);
        f.pad(own.map_or("", |(word, _)| word))
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let own = METHODS.iter().find(|(word, _)| *word == text);
        own.map(|(_, method)| *method).ok_or_else(|| {
            let all = METHODS.map(|(word, _)| word).join(", ");
            format!("expected one of {all}, found {text:?}")
        })
    }
}

/// A span of time in whole seconds: `2d`, `8h`, `30m`, `12s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Horizon(u64);

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// No margin period of risk is longer than a year.
const LONGEST: u64 = 366 * 86_400;

impl Horizon {
    /// So many seconds.
    #[must_use]
    pub const fn of_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Its seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// One after another.
    #[must_use]
    pub const fn after(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits =
            UNITS.iter().find(|(_, seconds)| self.0 >= *seconds && self.0.is_multiple_of(*seconds));
        let (unit, seconds) = fits.copied().unwrap_or(('s', 1));
        f.pad(&format!("{}{unit}", self.0 / seconds))
    }
}

impl FromStr for Horizon {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("expected a time such as 2d, 8h, 30m or 12s, at most 366d, found {text:?}");
        let unit = UNITS.iter().find(|(unit, _)| text.ends_with(*unit)).ok_or_else(refused)?;
        let count: u64 = text[..text.len() - 1].parse().map_err(|_| refused())?;
        let seconds = count.checked_mul(unit.1).filter(|all| (1..=LONGEST).contains(all));
        seconds.map(Self).ok_or_else(refused)
    }
}

impl Plan {
    /// Reads `[calibrate]`.
    ///
    /// # Errors
    /// [`InputError`] with the line.
    pub fn read(node: &Node) -> Result<Self, InputError> {
        let mut fields = Fields::of(node)?;
        let some = fields.list("field")?.iter().map(Chosen::read).collect::<Result<_, _>>()?;
        let all = Settings::read(&mut fields)?;
        fields.done()?;
        Ok(Self { all, some })
    }

    /// Reads a file that is a plan and nothing else.
    ///
    /// # Errors
    /// [`InputError`] with the line.
    pub fn parse(file: &str, text: &str) -> Result<Self, InputError> {
        let tree = Node::parse(file, text)?;
        match Fields::of(&tree)?.get(FIELD) {
            Some(node) => Self::read(node),
            None => Self::read(&tree),
        }
    }

    /// This plan over another: what it says counts.
    #[must_use]
    pub fn over(mut self, other: Self) -> Self {
        self.all = self.all.over(other.all);
        self.some.splice(0..0, other.some);
        self
    }

    /// What it says of a number: `None` where the number stays.
    #[must_use]
    pub fn of(&self, path: &str, underlying: &str) -> Option<Said> {
        let mut found = Said { settings: self.all, ..Said::default() };
        for one in self.some.iter().filter(|one| one.is_about(path, underlying)) {
            if one.keep {
                return None;
            }
            found.settings = one.settings.over(found.settings);
            found.meaning = one.meaning.or(found.meaning);
            if !one.like.is_empty() {
                found.like.clone_from(&one.like);
            }
        }
        Some(found)
    }
}

impl Chosen {
    fn read(node: &Node) -> Result<Self, InputError> {
        let mut fields = Fields::of(node)?;
        let words = MEANINGS.map(|(word, meaning, _)| (word, Some(meaning)));
        let text = |node: &Node| node.text().map(str::to_owned);
        let found = Self {
            path: fields.get("path").map(text).transpose()?,
            underlying: fields.get("underlying").map(text).transpose()?,
            meaning: fields.word("as", &words, Some(None))?,
            like: fields.texts("like")?,
            keep: fields.truth("keep", false)?,
            settings: Settings::read(&mut fields)?,
        };
        fields.done()?;
        if found.path.is_none() && (found.underlying.is_none() || found.meaning.is_some()) {
            return Err(node.error("expected a path, or an underlying without \"as\""));
        }
        Ok(found)
    }

    fn is_about(&self, path: &str, underlying: &str) -> bool {
        let below = |own: &String| {
            path.strip_prefix(own.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.path.as_ref().is_none_or(below)
            && self.underlying.as_ref().is_none_or(|own| own == underlying)
    }
}

impl Settings {
    fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let method = METHODS.map(|(word, method)| (word, Some(method)));
        let likely = LIKELY.map(|(word, likely)| (word, Some(likely)));
        let tail = [("var", Some(false)), ("es", Some(true))];
        let below_one = |fields: &mut Fields<'_>, name| {
            let found = fields.number_in(name, Range::FACTOR)?;
            match found {
                Some(one) if one == Decimal::ONE => {
                    Err(fields.error(format!("{name}: expected below 1, found 1")))
                }
                _ => Ok(found),
            }
        };
        Ok(Self {
            confidence: below_one(fields, "confidence")?,
            horizon: horizon(fields.get("horizon"))?,
            latency: horizon(fields.get("latency"))?,
            method: fields.word("method", &method, Some(None))?,
            shortfall: fields.word("measure", &tail, Some(None))?,
            window: whole(fields.get("window"))?,
            decay: below_one(fields, "decay")?,
            threshold: below_one(fields, "threshold")?,
            long_floor: truth(fields, "long_floor")?,
            max_rise: fields.number_in("max_rise", Range::AMOUNT)?,
            max_fall: fields.number_in("max_fall", Range::SHARE)?,
            least: fields.number_in("least", Range::AMOUNT)?,
            most: fields.number_in("most", Range::AMOUNT)?,
            round: fields.number_in("round", Range::POSITIVE)?,
            apart: truth(fields, "apart")?,
            participation: fields.number_in("participation", Range::FACTOR)?,
            volume_days: whole(fields.get("volume_days"))?,
            impact: fields.number_in("impact", Range::AMOUNT)?,
            likely: fields.word("likely", &likely, Some(None))?,
        })
    }

    /// These over others: what is said here counts.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Self {
            confidence: self.confidence.or(other.confidence),
            horizon: self.horizon.or(other.horizon),
            latency: self.latency.or(other.latency),
            method: self.method.or(other.method),
            shortfall: self.shortfall.or(other.shortfall),
            window: self.window.or(other.window),
            decay: self.decay.or(other.decay),
            threshold: self.threshold.or(other.threshold),
            long_floor: self.long_floor.or(other.long_floor),
            max_rise: self.max_rise.or(other.max_rise),
            max_fall: self.max_fall.or(other.max_fall),
            least: self.least.or(other.least),
            most: self.most.or(other.most),
            round: self.round.or(other.round),
            apart: self.apart.or(other.apart),
            participation: self.participation.or(other.participation),
            volume_days: self.volume_days.or(other.volume_days),
            impact: self.impact.or(other.impact),
            likely: self.likely.or(other.likely),
        }
    }
}

fn truth(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<bool>, InputError> {
    match fields.get(name) {
        None => Ok(None),
        Some(_) => fields.truth(name, false).map(Some),
    }
}

fn horizon(node: Option<&Node>) -> Result<Option<Horizon>, InputError> {
    let read = |node: &Node| node.text()?.parse().map_err(|error: String| node.error(error));
    node.map(read).transpose()
}

fn whole(node: Option<&Node>) -> Result<Option<u32>, InputError> {
    let read = |node: &Node| {
        let found = node.decimal()?;
        let whole = found.in_steps_of(Decimal::ONE).and_then(|found| u32::try_from(found).ok());
        let whole = whole.filter(|found| *found > 0);
        whole
            .ok_or_else(|| node.error(format!("expected a whole number above zero, found {found}")))
    };
    node.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_later_and_nearer_counts() {
        let text = "confidence = \"0.99\"\nhorizon = \"2d\"\n\
                    [[field]]\npath = \"params.leverage\"\nas = \"leverage\"\nhorizon = \"8h\"\n\
                    [[field]]\nunderlying = \"SOL\"\nlatency = \"30m\"\n\
                    [[field]]\npath = \"charge.roll\"\nkeep = true\n";
        let plan = Plan::parse("plan.toml", text).unwrap();
        let Said { settings, meaning, .. } = plan.of("params.leverage.SOL", "SOL").unwrap();
        let said = |one: Option<Horizon>| one.unwrap().to_string();
        assert_eq!((said(settings.horizon), said(settings.latency)), ("8h".into(), "30m".into()));
        assert_eq!(meaning, Some(Meaning::Leverage));
        assert_eq!(plan.of("params.leverage_2", "BTC").unwrap().meaning, None);
        assert_eq!(plan.of("charge.roll.floor.BTC", "BTC"), None);
        let over = Plan::parse("over.toml", "[calibrate]\nconfidence = \"0.999\"\n").unwrap();
        let both = over.over(plan);
        assert_eq!(both.all.confidence.unwrap().to_string(), "0.999");
        assert_eq!(said(both.all.horizon), "2d");
    }

    #[test]
    fn a_plan_that_makes_no_sense_is_refused_with_its_line() {
        for (text, expected) in [
            ("horizon = \"2 days\"", "expected a time such as 2d"),
            ("horizon = \"é\"", "expected a time such as 2d"),
            ("horizon = \"400d\"", "at most 366d"),
            ("horizon = \"0d\"", "expected a time such as 2d"),
            ("confidence = 1", "below 1"),
            ("confidence = 0", "above 0"),
            ("window = 0", "above zero"),
            ("method = \"guess\"", "expected one of historical, filtered, pot"),
            ("confidnce = 1", "did you mean \"confidence\"?"),
            ("[[field]]\nas = \"ratio\"\n", "expected a path"),
        ] {
            let error = Plan::parse("plan.toml", text).unwrap_err().to_string();
            assert!(error.contains(expected) && error.starts_with("plan.toml:"), "{error}");
        }
    }

    #[test]
    fn a_horizon_is_said_in_its_largest_unit() {
        for text in ["2d", "36h", "90m", "12s"] {
            assert_eq!(text.parse::<Horizon>().unwrap().to_string(), text);
        }
        assert_eq!("48h".parse::<Horizon>().unwrap().to_string(), "2d");
    }
}
