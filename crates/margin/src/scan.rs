//! Scans: sets of joint moves of price and volatility, as a document names them.

use crate::document::Fields;
use crate::document::tree::Node;
use crate::error::MarginError;
use crate::param::{NoParam, Param};
use keelmark_book::{Asset, Decimal, InputError, Money, Price, Rate, Round};
use keelmark_pricing::shock::tenor_factor;

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
}

/// What a price range is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceUnit {
    /// A fraction of the price.
    Relative,
    /// Quote currency.
    Money,
}

/// One joint move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// Price move: ranges, or a fraction of the price where `absolute`.
    pub price: f64,
    /// Whether `price` is the move itself.
    pub absolute: bool,
    /// Volatility move.
    pub vol: VolMove,
    /// What a profit or loss in it counts for.
    pub weight: f64,
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
}

impl std::fmt::Display for VolMove {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Down => "down",
            Self::Same => "same",
            Self::Up => "up",
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
    pub floor_up: Decimal,
    /// How the ranges change with tenor.
    pub tenor: Option<Tenor>,
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
}

/// Volatility never moves below this.
const LEAST_VOL: f64 = 1e-6;

impl Scan {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let name = fields.text("name")?.to_owned();
        let scenarios = scenarios(fields)?;
        if scenarios.is_empty() {
            return Err(fields.error(format!(
                "scan {name:?} has no columns: give it grid_steps, ranges, moves or scenarios"
            )));
        }
        let units = [("relative", PriceUnit::Relative), ("money", PriceUnit::Money)];
        let optional = |node: Option<&Node>| node.map(Node::decimal).transpose();
        let edge_weight = optional(fields.get("edge_weight"))?.map(Decimal::to_f64);
        let days = optional(fields.get("lookahead_days"))?.map_or(0.0, Decimal::to_f64);
        let years = optional(fields.get("lookahead_years"))?.map_or(0.0, Decimal::to_f64);
        let round_to = optional(fields.get("round_to"))?
            .map(|places| places.in_steps_of(Decimal::ONE).unwrap_or(0).clamp(0, 18) as u32);
        let price_range = fields.param("price_range")?;
        let price_range_down = fields.get("price_range_down").map(Param::read).transpose()?;
        let ranges = price_range.values().chain(price_range_down.iter().flat_map(Param::values));
        if let Some(bad) = ranges.into_iter().find(|range| !range.is_positive()) {
            return Err(fields.error(format!("price_range: expected above zero, found {bad}")));
        }
        Ok(Self {
            name,
            price_range,
            price_range_down,
            price_unit: fields.word("price_unit", &units, Some(PriceUnit::Relative))?,
            vol: VolRule::read(fields)?,
            scenarios,
            edge_weight,
            dampener: fields.get("dampener").map(Param::read).transpose()?,
            lookahead_years: days / 365.0 + years,
            discount: fields.param_or("discount", Decimal::ONE)?,
            round_to,
            given: fields.truth("given", false)?,
        })
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
        Ok(Self {
            relative: fields.word(
                "vol_unit",
                &[("relative", true), ("points", false)],
                Some(true),
            )?,
            up: fields.param_or("vol_up", Decimal::ZERO)?,
            down: fields.param_or("vol_down", Decimal::ZERO)?,
            floor_up: fields.decimal_or("vol_floor", Decimal::ZERO)?,
            tenor,
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
            floor_up: self.floor_up.to_f64(),
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
        let mut number = |name| Ok::<_, InputError>(fields.need(name)?.decimal()?.to_f64());
        let tenor = Self {
            reference_days: number("reference_days")?,
            short_power: number("short_power")?,
            long_power: number("long_power")?,
            floor_days: number("floor_days")?,
        };
        fields.done()?;
        Ok(tenor)
    }

    /// What a range is multiplied by at a tenor.
    #[must_use]
    pub fn factor(&self, days: f64) -> f64 {
        let short = days < self.reference_days;
        let power = if short { self.short_power } else { self.long_power };
        tenor_factor(days, self.reference_days, power, self.floor_days)
    }
}

/// The moves of volatilities of one underlying at one tenor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolMoves {
    relative: bool,
    up: f64,
    down: f64,
    floor_up: f64,
}

impl VolMoves {
    /// By how much volatility moves, signed: a share of it, or points.
    #[must_use]
    pub fn change(&self, direction: VolMove) -> f64 {
        match direction {
            VolMove::Down => -self.down,
            VolMove::Same => 0.0,
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
}

fn scenarios(fields: &mut Fields<'_>) -> Result<Vec<Scenario>, InputError> {
    let words = [("down", VolMove::Down), ("same", VolMove::Same), ("up", VolMove::Up)];
    let mut vols = Vec::new();
    for node in fields.list("vols")? {
        let text = node.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, vol)| *vol);
        vols.push(found.ok_or_else(|| {
            node.error(format!("vols: expected down, same or up, found {text:?}"))
        })?);
    }
    if vols.is_empty() {
        vols.push(VolMove::Same);
    }
    let mut out = Vec::new();
    let mut cells = |price: f64, absolute: bool| {
        let weight = 1.0;
        out.extend(vols.iter().map(|vol| Scenario { price, absolute, vol: *vol, weight }));
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
        let vol = inner.word("vol", &words, Some(VolMove::Same))?;
        let weight = inner.decimal_or("weight", Decimal::ONE)?.to_f64();
        inner.done()?;
        out.push(Scenario { price, absolute: false, vol, weight });
    }
    Ok(out)
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
