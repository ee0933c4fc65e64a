//! What a pool requires, in numbers alone: the same as the margin, without the words.
//!
//! A venue asks this of every account at every tick, over a table that all of them share. The
//! charges are computed by their terms, as in a prepared account, and by the same code; a test
//! holds the numbers equal to the last bit of the full computation.

use crate::charge::{Charge, Fill, Formation, Known, PoolView, Scope, Term};
use crate::document::{Document, Level, ORDERS};
use crate::error::MarginError;
use crate::evaluation::Evaluation;
use crate::expr::Interval;
use crate::margin::{covered, each_pool, pools, staleness, widened};
use crate::pool::Pool;
use crate::table::{RiskTable, RowId};
use keelmark_book::{Asset, Decimal, Market, Money, Portfolio, Rate};

/// Requirements and equity, in the pool's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Initial margin.
    pub initial: Money,
    /// Maintenance margin.
    pub maintenance: Money,
    /// Equity, at the mark.
    pub equity: Money,
}

impl Answer {
    /// Whether equity covers initial margin.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.equity >= self.initial
    }
}

/// What a pool of an account requires and has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolAnswer {
    /// Its name.
    pub pool: String,
    /// What its figures are in.
    pub currency: Asset,
    /// The figures.
    pub answer: Answer,
}

/// What each pool of an account requires and has: the numbers of [`margin`](crate::margin())
/// without their explanation, which costs several times as much.
///
/// # Errors
/// As [`margin`](crate::margin()).
pub fn requirements(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Result<Vec<PoolAnswer>, MarginError> {
    let pools = pools(document, market, account)?;
    let each = |table: &RiskTable, pool: Pool| {
        // Each of its rows was looked at before the table was made.
        let covered = vec![true; table.lines.len()];
        let answer = Requirements::over(document, market, table, covered)?.of(&pool)?;
        Ok(PoolAnswer { pool: pool.name, currency: pool.currency, answer })
    };
    each_pool(document, market, pools, each, |found| found.answer.initial)
}

/// A document over a market and a table, ready for any number of pools.
#[derive(Debug)]
pub struct Requirements<'a> {
    document: &'a Document,
    market: &'a Market,
    table: &'a RiskTable,
    initial: Slots,
    maintenance: Slots,
    /// Whether each row's instrument has a charge about it.
    covered: Vec<bool>,
    /// Whether a level uses each charge, itself or as what another is made of.
    used: Vec<bool>,
}

/// A level with each of its names resolved.
#[derive(Debug)]
pub(crate) struct Slots {
    /// Its place among the levels of its document.
    at: usize,
    names: Vec<Slot>,
    has_orders: bool,
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Charge(usize),
    Orders,
    Param(Decimal),
}

/// Levels use at most this many names.
const MOST_NAMES: usize = 16;
/// A document has at most this many charges.
pub(crate) const MOST_CHARGES: usize = 32;

/// The amount of each charge of a document, in its order.
pub(crate) type Amounts = [Money; MOST_CHARGES];

impl<'a> Requirements<'a> {
    /// Takes a table that has rows for all that pools may hold.
    ///
    /// # Errors
    /// [`MarginError`] when the document has too many charges or a level without a value.
    pub fn new(
        document: &'a Document,
        market: &'a Market,
        table: &'a RiskTable,
    ) -> Result<Self, MarginError> {
        let about = |id| document.covers(market.instruments.get(id));
        let covered = table.lines.iter().map(|line| about(line.instrument)).collect();
        Self::over(document, market, table, covered)
    }

    fn over(
        document: &'a Document,
        market: &'a Market,
        table: &'a RiskTable,
        covered: Vec<bool>,
    ) -> Result<Self, MarginError> {
        few_enough(document)?;
        let initial = Slots::new(document, "initial")?;
        let maintenance = Slots::new(document, "maintenance")?;
        let used = used(document, [&initial, &maintenance].map(|one| one.of(document)));
        Ok(Self { document, market, table, initial, maintenance, covered, used })
    }

    /// What a pool requires and has.
    ///
    /// # Errors
    /// As [`margin_of_pool`](crate::margin_of_pool).
    pub fn of(&self, pool: &Pool) -> Result<Answer, MarginError> {
        self.refuse_uncovered(pool)?;
        let evaluation = Evaluation::new(self.document, self.market, self.table, pool)?;
        let widen = staleness(self.document, self.market, pool)?.0;
        let amounts = |fill| self.amounts(&evaluation.view(fill));
        let plain = amounts(Fill::None)?;
        let with_orders = if evaluation.has_orders() { Some(amounts(Fill::Worst)?) } else { None };
        let level =
            |slots: &Slots| slots.requirement(self.document, &plain, with_orders.as_ref(), widen);
        Ok(Answer {
            initial: level(&self.initial)?,
            maintenance: level(&self.maintenance)?,
            equity: evaluation.equity.total,
        })
    }

    /// Refuses an instrument that no charge is about, as the full computation does: the quick look
    /// decides only where every row is covered.
    fn refuse_uncovered(&self, pool: &Pool) -> Result<(), MarginError> {
        let ids = pool.positions.iter().map(|one| one.instrument);
        let ids = ids.chain(pool.orders.iter().map(|one| one.instrument));
        let mut rows = ids.chain(pool.unsettled.keys().copied()).map(|id| self.table.row(id));
        let all = rows.all(|row| row.is_some_and(|row| self.covered[row.index()]));
        if all && pool.sensitivities.is_empty() {
            return Ok(());
        }
        covered(self.document, self.market, pool)
    }

    /// Every charge that a level uses, in the order of the document: those that are made of others
    /// find what these asked.
    fn amounts(&self, view: &PoolView<'_>) -> Result<Amounts, MarginError> {
        let rows = view.rows();
        let mut out = [Money::ZERO; MOST_CHARGES];
        let (mut known, mut terms) = (Known::default(), Vec::new());
        for ((amount, named), used) in out.iter_mut().zip(&self.document.charges).zip(&self.used) {
            terms.clear();
            let mut formed = Vec::new();
            if *used {
                let view = PoolView { known: Some(&known), ..*view };
                formed = self.terms(named.charge.as_ref(), &view, &rows, &mut terms)?;
                *amount = Money::sum(terms.iter().map(|(_, term)| *term))?;
            }
            known.add(&terms, formed);
        }
        Ok(out)
    }

    /// A charge's terms; what it formed, where it is about spreads between months.
    fn terms(
        &self,
        charge: &dyn Charge,
        view: &PoolView<'_>,
        rows: &[RowId],
        out: &mut Vec<Term>,
    ) -> Result<Vec<Formation>, MarginError> {
        if let Some(spreads) = charge.month_spread() {
            let formed = spreads.formations(view)?;
            for (unit, one) in formed.iter().enumerate() {
                out.push((unit, one.amount()?));
            }
            return Ok(formed);
        }
        if charge.divides() {
            out.extend(charge.by_unit(view)?.into_iter().enumerate());
            return Ok(Vec::new());
        }
        let mut add = |keys: &mut dyn Iterator<Item = usize>| -> Result<(), MarginError> {
            for key in keys {
                out.push((key, charge.term(view, key)?));
            }
            Ok(())
        };
        match charge.scope() {
            Scope::Fixed | Scope::Pool | Scope::Collateral => add(&mut (0..1)),
            Scope::Unit => add(&mut (0..self.table.units.len())),
            Scope::Bucket => add(&mut (0..self.table.buckets.len())),
            Scope::Row => add(&mut rows.iter().map(|row| row.index())),
        }?;
        Ok(Vec::new())
    }
}

/// Whether a level uses each charge, itself or as what another is made of.
fn used(document: &Document, levels: [&Level; 2]) -> Vec<bool> {
    let by_level = |name: &str| levels.iter().any(|level| level.formula.uses(name));
    let mut used: Vec<bool> = document.charges.iter().map(|named| by_level(&named.name)).collect();
    // What a charge is made of stands before it.
    for (at, named) in document.charges.iter().enumerate().rev() {
        let made_of = if used[at] { named.charge.made_of() } else { Vec::new() };
        for (used, one) in used.iter_mut().zip(&document.charges) {
            *used |= made_of.contains(&one.name.as_str());
        }
    }
    used
}

/// A level as it counts. Below zero it would let an account hold what it cannot pay, unless the
/// document says that the venue's own sum gives such credit.
pub(crate) fn counted(
    document: &Document,
    level: &Level,
    amount: Money,
) -> Result<Money, MarginError> {
    if amount.is_negative() && !level.may_be_below_zero {
        return Err(MarginError::Unsupported(format!(
            "level {:?} of {} is {amount:.2}: expected zero or more; where the venue counts this \
             as credit name the level in may_be_below_zero, where it does not write max(0, ...)",
            level.name, document.name
        )));
    }
    Ok(amount)
}

/// Refuses a document of more charges than there is room for.
pub(crate) fn few_enough(document: &Document) -> Result<(), MarginError> {
    if document.charges.len() > MOST_CHARGES {
        let problem = format!("a document of more than {MOST_CHARGES} charges");
        return Err(MarginError::Unsupported(problem));
    }
    Ok(())
}

impl Slots {
    /// The level, of the document that it was made from.
    pub fn of<'a>(&self, document: &'a Document) -> &'a Level {
        &document.levels[self.at]
    }

    /// What the level requires, open orders included where it names them, grown for old prices.
    pub fn requirement(
        &self,
        document: &Document,
        plain: &Amounts,
        with_orders: Option<&Amounts>,
        widen: Rate,
    ) -> Result<Money, MarginError> {
        let level = self.of(document);
        let amount = widened(self.level(level, plain, with_orders)?, widen)?;
        counted(document, level, amount)
    }

    fn level(
        &self,
        level: &Level,
        plain: &Amounts,
        with_orders: Option<&Amounts>,
    ) -> Result<Money, MarginError> {
        let bare = self.evaluate(level, plain, Money::ZERO)?;
        let (true, Some(with)) = (self.has_orders, with_orders) else { return Ok(bare) };
        let orders = self.evaluate(level, with, Money::ZERO)?.minus(bare)?.max(Money::ZERO);
        self.evaluate(level, plain, orders)
    }

    fn evaluate(
        &self,
        level: &Level,
        charges: &Amounts,
        orders: Money,
    ) -> Result<Money, MarginError> {
        let mut values = [Interval::exact(Decimal::ZERO); MOST_NAMES];
        for (value, slot) in values.iter_mut().zip(&self.names) {
            *value = Interval::exact(match slot {
                Slot::Orders => orders.decimal(),
                Slot::Param(param) => *param,
                Slot::Charge(at) => charges[*at].decimal(),
            });
        }
        let found = level.formula.evaluate_at(&values[..self.names.len()])?;
        Ok(Money::new(found.high()))
    }

    pub fn new(document: &Document, name: &str) -> Result<Self, MarginError> {
        let at = document.levels.iter().position(|level| level.name == name).ok_or_else(|| {
            MarginError::Unsupported(format!("the document has no level {name:?}"))
        })?;
        let level = &document.levels[at];
        let mut names = Vec::new();
        for used in level.formula.names() {
            names.push(match document.charges.iter().position(|one| one.name == used) {
                Some(at) => Slot::Charge(at),
                None if used == ORDERS => Slot::Orders,
                None => match document.params.get(used) {
                    Some(param) => Slot::Param(param.get(used, &Asset::usd())?),
                    None => return Err(MarginError::Unsupported(format!("{used:?} has no value"))),
                },
            });
        }
        if names.len() > MOST_NAMES {
            let problem = format!("level {name:?} uses more than {MOST_NAMES} names");
            return Err(MarginError::Unsupported(problem));
        }
        let has_orders = level.formula.uses(ORDERS);
        Ok(Self { at, names, has_orders })
    }
}
