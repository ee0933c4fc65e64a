//! Scans: sets of joint moves of price and volatility, as a document names them.

use crate::document::tree::Node;
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::joint::JointScan;
use crate::param::{NoParam, Param};
use keelmark_book::{Asset, Decimal, InputError, Money, Price, Rate, Round};
use keelmark_pricing::shock::{skew_factor, tenor_factor};

/// A set of scenarios over one price range and one volatility range.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Its name in charges.
    pub name: String,
    /// Half width of the price moves.
    pub price_range: Param,
    /// Width of the moves below the price, where it differs.
    pub price_range_down: Option<Param>,
    /// What the range is counted in.
    pub price_unit: PriceUnit,
    /// How volatility moves.
    pub vol: VolRule,
    /// The scenarios, in the document's order.
    pub scenarios: Vec<Scenario>,
    /// When set, a move beyond the range counts with weight `factor * range / |move|`, and coin
    /// amounts are taken at the edge of the range.
    pub edge_weight: Option<f64>,
    /// Money, in the market's currency, that a loss in this scan is reduced by, growing with the
    /// distance beyond the range.
    pub dampener: Option<Param>,
    /// Options are revalued this many years later.
    pub lookahead_years: f64,
    /// What a payment at an option's expiry is worth now; 1 where venues do not discount.
    pub discount: Param,
    /// Whether the market's given rows are the profits, rather than prices moved: a row must then
    /// have a loss for each scenario, and weights are in it already.
    pub given: bool,
    /// Decimal places that each contract's profit is rounded to before it is multiplied.
    pub round_to: Option<u32>,
    /// The joint scenarios that its columns are, in place of `scenarios`, which are then none.
    pub joint: Option<JointScan>,
}

/// What a price range is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceUnit {
    /// A fraction of the price.
    Relative,
    /// Quote currency.
    Money,
    /// A fraction of the index, added to every price on the underlying: premiums stay as they are.
    Index,
}

impl PriceUnit {
    /// A move as a fraction of a price, where the index in the price's own currency is known.
    pub(crate) fn share(self, by: f64, price: f64, index: f64) -> f64 {
        match self {
            Self::Relative => by,
            Self::Money => by / price,
            Self::Index => by * index / price,
        }
    }
}

/// One joint move.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Price move: ranges, or a fraction of the price where `absolute`.
    pub price: f64,
    /// Whether `price` is the move itself.
    pub absolute: bool,
    /// Volatility move.
    pub vol: VolMove,
    /// What a profit or loss in it counts for.
    pub weight: Param,
    /// Whether what an expiry gains counts as lost too: the opposite move is as likely. Only
    /// charges that net by expiry look at it.
    pub two_sided: bool,
}

impl Scenario {
    /// A move of so many ranges that counts in full.
    #[must_use]
    pub const fn plain(price: f64, vol: VolMove) -> Self {
        let weight = Param::fixed(Decimal::ONE);
        Self { price, absolute: false, vol, weight, two_sided: false }
    }
}

/// Direction of a volatility move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VolMove {
    /// Down by the down range.
    Down,
    /// Unchanged.
    Same,
    /// Up by the up range.
    Up,
    /// By a factor that grows with log-moneyness: the smile tilts.
    SkewLinear,
    /// By a factor that grows with the magnitude of log-moneyness: the wings rise.
    SkewAbsolute,
}

/// How many volatility moves there are.
pub(crate) const VOL_MOVES: usize = 5;

/// Each volatility move by its word.
const VOL_WORDS: [(&str, VolMove); VOL_MOVES] = [
    ("down", VolMove::Down),
    ("same", VolMove::Same),
    ("up", VolMove::Up),
    ("skew-linear", VolMove::SkewLinear),
    ("skew-absolute", VolMove::SkewAbsolute),
];

impl std::fmt::Display for VolMove {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Down => "down",
            Self::Same => "same",
            Self::Up => "up",
            Self::SkewLinear => "skew-linear",
            Self::SkewAbsolute => "skew-absolute",
        })
    }
}

/// How volatility moves.
#[derive(Clone, Debug)]
pub struct VolRule {
    /// Whether the ranges are fractions of the volatility, or points added to it.
    pub relative: bool,
    /// Upward range.
    pub up: Param,
    /// Downward range.
    pub down: Param,
    /// An upward move ends at least here.
    pub floor_up: Param,
    /// How the ranges change with tenor.
    pub tenor: Option<Tenor>,
    /// How a smile tilts, for scenarios in which it does.
    pub skew: Option<Skew>,
}

/// How a smile tilts: a volatility is multiplied by `1 + k cap / k_star` at log-moneyness `k`.
///
/// The change is cut on one side as [`skew_factor`] says,
/// with `cap = cap + cap_per_root_year sqrt(T)` and
/// `k_star = max(least_width, sqrt(T) width (width_vol + width_vol_per_root_year sqrt(T)))`.
#[derive(Clone, Copy, Debug)]
pub struct Skew {
    /// `cap` and `cap_per_root_year` of moves linear in `k`.
    pub linear: (f64, f64),
    /// The same of moves in the magnitude of `k`.
    pub absolute: (f64, f64),
    /// Log-moneyness at which the cap is reached, at least.
    pub least_width: f64,
    /// Standard deviations at which it is reached.
    pub width: f64,
    /// The volatility of those, and what it gains with the root of the term.
    pub width_vol: (f64, f64),
}

/// Ranges change by `(reference / days)^power`.
#[derive(Clone, Copy, Debug)]
pub struct Tenor {
    /// Days at which the ranges are as written.
    pub reference_days: f64,
    /// Power below the reference.
    pub short_power: f64,
    /// Power from the reference on.
    pub long_power: f64,
    /// Fewer days count as this many.
    pub floor_days: f64,
    /// Whether the short power holds at the reference itself.
    pub reference_is_short: bool,
}

/// Volatility never moves below this: what on-chain pricing takes for none.
pub(crate) const LEAST_VOL: f64 = 1e-18;

impl Scan {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let name = fields.text("name")?.to_owned();
        if let Some(node) = fields.get("joint") {
            return Self::read_joint(name, node.text()?, fields);
        }
        let scenarios = scenarios(fields)?;
        if scenarios.is_empty() {
            return Err(fields.error(format!(
                "scan {name:?} has no columns: give it grid_steps, ranges, moves or scenarios"
            )));
        }
        let edge_weight = fields.number_in("edge_weight", Range::RATE)?.map(Decimal::to_f64);
        let lookahead_years = lookahead(fields)?;
        let round_to = fields.get("round_to").map(places).transpose()?;
        let price_range = fields.param_in("price_range", Range::POSITIVE)?;
        let units = [
            ("relative", PriceUnit::Relative),
            ("money", PriceUnit::Money),
            ("index", PriceUnit::Index),
        ];
        let price_range_down = fields
            .get("price_range_down")
            .map(|node| Range::POSITIVE.param("price_range_down", node))
            .transpose()?;
        let price_unit = fields.word("price_unit", &units, Some(PriceUnit::Relative))?;
        let moved = scenarios.iter().filter(|one| !one.absolute).map(|one| one.price);
        let lowest = moved.fold(0.0, f64::min);
        let falls = price_range_down.as_ref().unwrap_or(&price_range);
        let wide = falls.values().find(|range| lowest * range.to_f64() <= -1.0);
        if let (Some(range), PriceUnit::Relative | PriceUnit::Index) = (wide, price_unit) {
            return Err(fields.error(format!(
                "price_range: expected less than {:.4}, as the price falls by {} ranges, found \
                 {range}",
                -1.0 / lowest,
                -lowest,
            )));
        }
        let vol = VolRule::read(fields)?;
        let tilted = |one: &Scenario| one.vol > VolMove::Up;
        if vol.skew.is_none() && scenarios.iter().any(tilted) {
            return Err(fields.error("expected vol_skew, which its skew scenarios need"));
        }
        Ok(Self {
            name,
            price_range,
            price_range_down,
            price_unit,
            vol,
            scenarios,
            edge_weight,
            dampener: fields
                .get("dampener")
                .map(|node| Range::AMOUNT.param("dampener", node))
                .transpose()?,
            lookahead_years,
            discount: fields.param_in_or("discount", Range::FACTOR, Decimal::ONE)?,
            round_to,
            given: fields.truth("given", false)?,
            joint: None,
        })
    }

    /// A scan whose scenarios are joint: it has no ranges, and its volatilities move by tenor only.
    fn read_joint(name: String, method: &str, fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let tenor = fields.get("vol_tenor").map(Tenor::read).transpose()?;
        let none = Param::fixed(Decimal::ZERO);
        let (up, down, floor_up) = (none.clone(), none.clone(), none);
        Ok(Self {
            name,
            price_range: Param::fixed(Decimal::ONE),
            price_range_down: None,
            price_unit: PriceUnit::Relative,
            vol: VolRule { relative: true, up, down, floor_up, tenor, skew: None },
            scenarios: Vec::new(),
            edge_weight: None,
            dampener: None,
            lookahead_years: lookahead(fields)?,
            discount: fields.param_in_or("discount", Range::FACTOR, Decimal::ONE)?,
            given: false,
            round_to: fields.get("round_to").map(places).transpose()?,
            joint: Some(JointScan::read(method, fields)?),
        })
    }

    /// How many columns it has; none where its scenarios are not there yet.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.joint.as_ref().map_or(self.scenarios.len(), JointScan::len)
    }

    /// The price range for an underlying.
    ///
    /// # Errors
    /// [`NoParam`] when the document has none.
    pub fn range(&self, underlying: &Asset) -> Result<f64, NoParam> {
        self.price_range.get("price_range", underlying).map(Decimal::to_f64)
    }

    /// The price range for an underlying on the side of a move.
    ///
    /// # Errors
    /// [`NoParam`] when the document has none.
    pub fn range_of(&self, underlying: &Asset, price: f64) -> Result<f64, NoParam> {
        match &self.price_range_down {
            Some(down) if price < 0.0 => {
                down.get("price_range_down", underlying).map(Decimal::to_f64)
            }
            _ => self.range(underlying),
        }
    }

    /// The share of the dampener that counts at a move: `max(|move| / range, 1) - 1`.
    #[must_use]
    pub fn dampener_share(price_move: f64, range: f64) -> f64 {
        (price_move.abs() / range).max(1.0) - 1.0
    }

    /// Money that a loss is reduced by at a move: the dampener times its share.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn relief(
        &self,
        dampener: Money,
        price_move: f64,
        range: f64,
    ) -> Result<Money, MarginError> {
        let share = Rate::from_f64(Self::dampener_share(price_move, range), Round::Nearest)?;
        Ok(dampener.times(share, Round::Down)?)
    }

    /// The same in coin, at the price at the edge of the range on the side of the move.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn coin_relief(
        &self,
        dampener: Money,
        index: Price,
        price_move: f64,
        range: f64,
    ) -> Result<Money, MarginError> {
        let edge = Rate::from_f64(1.0 + range.copysign(price_move), Round::Nearest)?;
        Ok(self.relief(dampener, price_move, range)?.over(index.scaled(edge)?, Round::Down)?)
    }

    /// Weight of a move beyond the range: `factor * range / |move|`.
    #[must_use]
    pub fn weight_beyond(factor: f64, range: f64, price_move: f64) -> f64 {
        factor * range / price_move.abs()
    }
}

impl VolRule {
    fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let tenor = fields.get("vol_tenor").map(Tenor::read).transpose()?;
        let units = [("relative", true), ("points", false)];
        let relative = fields.word("vol_unit", &units, Some(true))?;
        let skew = fields.get("vol_skew").map(Skew::read).transpose()?;
        Ok(Self {
            relative,
            up: fields.param_in_or("vol_up", Range::VOL, Decimal::ZERO)?,
            down: fields.param_in_or("vol_down", Range::RATE, Decimal::ZERO)?,
            floor_up: fields.param_in_or("vol_floor", Range::VOL, Decimal::ZERO)?,
            tenor,
            skew,
        })
    }

    /// The moves of an underlying's volatilities at a tenor.
    ///
    /// # Errors
    /// [`NoParam`] when the document has no range for the underlying.
    pub fn at(&self, underlying: &Asset, days: f64) -> Result<VolMoves, NoParam> {
        let factor = self.tenor_factor(days);
        Ok(VolMoves {
            relative: self.relative,
            up: self.up.get("vol_up", underlying)?.to_f64() * factor,
            down: self.down.get("vol_down", underlying)?.to_f64() * factor,
            floor_up: self.floor_up.get("vol_floor", underlying)?.to_f64(),
            skew: self.skew.map(|skew| skew.at(days / 365.0)),
        })
    }

    /// What the ranges are multiplied by at a tenor.
    #[must_use]
    pub fn tenor_factor(&self, days: f64) -> f64 {
        self.tenor.map_or(1.0, |tenor| tenor.factor(days))
    }
}

impl Tenor {
    pub(crate) fn read(node: &Node) -> Result<Self, InputError> {
        let mut fields = Fields::of(node)?;
        let mut number = |name, range: Range| {
            Ok::<_, InputError>(range.number(name, fields.need(name)?)?.to_f64())
        };
        let tenor = Self {
            reference_days: number("reference_days", Range::POSITIVE)?,
            short_power: number("short_power", Range::RATE)?,
            long_power: number("long_power", Range::RATE)?,
            floor_days: number("floor_days", Range::DAYS)?,
            reference_is_short: fields.truth("reference_is_short", false)?,
        };
        fields.done()?;
        Ok(tenor)
    }

    /// What a range is multiplied by at a tenor.
    #[must_use]
    pub fn factor(&self, days: f64) -> f64 {
        let short =
            days < self.reference_days || (self.reference_is_short && days <= self.reference_days);
        let power = if short { self.short_power } else { self.long_power };
        tenor_factor(days, self.reference_days, power, self.floor_days)
    }
}

impl Skew {
    fn read(node: &Node) -> Result<Self, InputError> {
        let mut fields = Fields::of(node)?;
        let kind = |node: &Node| -> Result<(f64, f64), InputError> {
            let mut fields = Fields::of(node)?;
            let cap = fields.need("cap")?.decimal()?.to_f64();
            let grows = fields.decimal_or("cap_per_root_year", Decimal::ZERO)?.to_f64();
            fields.done()?;
            Ok((cap, grows))
        };
        let linear = kind(fields.need("linear")?)?;
        let absolute = kind(fields.need("absolute")?)?;
        let mut number = |name| Ok::<_, InputError>(fields.need(name)?.decimal()?.to_f64());
        let skew = Self {
            linear,
            absolute,
            least_width: number("least_width")?,
            width: number("width")?,
            width_vol: (number("width_vol")?, number("width_vol_per_root_year")?),
        };
        fields.done()?;
        Ok(skew)
    }

    /// Cap and width of both kinds at a term.
    fn at(&self, years: f64) -> SkewMoves {
        let root = years.max(0.0).sqrt();
        let (vol, grows) = self.width_vol;
        let k_star = self.least_width.max(root * self.width * (vol + root * grows));
        let cap = |(cap, grows): (f64, f64)| cap + grows * root;
        SkewMoves { linear: cap(self.linear), absolute: cap(self.absolute), k_star }
    }
}

/// How a smile tilts at one term.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SkewMoves {
    linear: f64,
    absolute: f64,
    k_star: f64,
}

/// The moves of volatilities of one underlying at one tenor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolMoves {
    relative: bool,
    up: f64,
    down: f64,
    floor_up: f64,
    skew: Option<SkewMoves>,
}

impl VolMoves {
    /// By how much every volatility moves, signed: a share of it, or points; 0 for a tilt.
    #[must_use]
    pub fn change(&self, direction: VolMove) -> f64 {
        match direction {
            VolMove::Down => -self.down,
            VolMove::Same | VolMove::SkewLinear | VolMove::SkewAbsolute => 0.0,
            VolMove::Up => self.up,
        }
    }

    /// A volatility after a move down, none, and up.
    #[must_use]
    pub fn moved(&self, vol: f64) -> [f64; 3] {
        let by = |change: f64| if self.relative { vol * (1.0 + change) } else { vol + change };
        let up = by(self.up).max(self.floor_up);
        [by(-self.down).max(LEAST_VOL), vol, up.max(LEAST_VOL)]
    }

    /// Whether there is a tilt, so that log-moneyness counts.
    pub(crate) fn tilts(&self) -> bool {
        self.skew.is_some()
    }

    /// A volatility after each move, in the order of [`VolMove`], at a log-moneyness.
    pub(crate) fn all(&self, vol: f64, k: f64) -> [f64; VOL_MOVES] {
        let [down, same, up] = self.moved(vol);
        let Some(skew) = self.skew else { return [down, same, up, vol, vol] };
        let tilted = |k, cap| (vol * skew_factor(k, cap, skew.k_star)).max(LEAST_VOL);
        [down, same, up, tilted(k, skew.linear), tilted(k.abs(), skew.absolute)]
    }
}

/// Years later at which options are revalued.
fn lookahead(fields: &mut Fields<'_>) -> Result<f64, InputError> {
    let days = fields.number_in("lookahead_days", Range::DAYS)?.map_or(0.0, Decimal::to_f64);
    let years = fields.number_in("lookahead_years", Range::YEARS)?.map_or(0.0, Decimal::to_f64);
    Ok(days / 365.0 + years)
}

fn scenarios(fields: &mut Fields<'_>) -> Result<Vec<Scenario>, InputError> {
    let mut vols = Vec::new();
    for node in fields.list("vols")? {
        let text = node.text()?;
        let found = VOL_WORDS.iter().find(|(word, _)| *word == text).map(|(_, vol)| *vol);
        vols.push(found.ok_or_else(|| {
            let all = VOL_WORDS.map(|(word, _)| word).join(", ");
            node.error(format!("vols: expected one of {all}, found {text:?}"))
        })?);
    }
    if vols.is_empty() {
        vols.push(VolMove::Same);
    }
    let mut out = Vec::new();
    let mut cells = |price: f64, absolute: bool| {
        out.extend(vols.iter().map(|vol| Scenario { absolute, ..Scenario::plain(price, *vol) }));
    };
    if let Some(node) = fields.get("grid_steps") {
        let steps = node.decimal()?.in_steps_of(Decimal::ONE).filter(|n| (1..=64).contains(n));
        let steps = steps.ok_or_else(|| node.error("grid_steps: expected 1 to 64"))?;
        (-steps..=steps).for_each(|i| cells(i as f64 / steps as f64, false));
    }
    for node in fields.list("ranges")? {
        cells(fraction(node)?, false);
    }
    for node in fields.list("moves")? {
        let price = fraction(node)?;
        if price <= -1.0 {
            return Err(node.error(format!("moves: expected above -1, found {price}")));
        }
        cells(price, true);
    }
    for node in fields.list("scenarios")? {
        let mut inner = Fields::of(node)?;
        let price = fraction(inner.need("price")?)?;
        let vol = inner.word("vol", &VOL_WORDS, Some(VolMove::Same))?;
        let weight = inner.param_in_or("weight", Range::RATE, Decimal::ONE)?;
        let two_sided = inner.truth("two_sided", false)?;
        inner.done()?;
        out.push(Scenario { price, absolute: false, vol, weight, two_sided });
    }
    Ok(out)
}

/// Whole decimal places, as many as a number here has at most.
fn places(node: &Node) -> Result<u32, InputError> {
    let number = node.decimal()?;
    let whole = number.in_steps_of(Decimal::ONE).filter(|places| (0..=18).contains(places));
    whole.and_then(|places| u32::try_from(places).ok()).ok_or_else(|| {
        node.error(format!("round_to: expected whole decimal places, 0 to 18, found {number}"))
    })
}

/// A number, or a fraction such as `-2/3`.
pub(crate) fn fraction(node: &Node) -> Result<f64, InputError> {
    let text = node.text()?;
    let number = |text: &str| -> Result<f64, InputError> {
        let decimal: Decimal = text.trim().parse().map_err(|error| node.error(error))?;
        Ok(decimal.to_f64())
    };
    match text.split_once('/') {
        None => number(text),
        Some((above, below)) => {
            let value = number(above)? / number(below)?;
            if value.is_finite() {
                return Ok(value);
            }
            Err(node.error(format!("expected a fraction such as -2/3, found {text:?}")))
        }
    }
}
