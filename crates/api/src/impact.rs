//! What a change of a model's numbers does to accounts, before it is applied.

use crate::stamp::{Context, ENGINE_VERSION, ModelRef};
use keelmark_book::{Asset, Money, Portfolio, Timestamp};
use keelmark_margin::document::{Change, changes};
use keelmark_margin::{AccountMargin, Document, MarginError};
use schemars::JsonSchema;
use serde::Serialize;

/// Two documents, what differs between them, and every account under both.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ImpactReport {
    /// The document in force.
    pub old: ModelRef,
    /// The document that would replace it.
    pub new: ModelRef,
    /// Each number, formula or text that differs, by its path.
    pub changes: Vec<ChangeReport>,
    /// What every amount is in.
    pub currency: Asset,
    /// Time of the market; null where the account needs no prices and has none.
    #[serde(serialize_with = "crate::stamp::dated")]
    #[schemars(with = "Option<Timestamp>", required)]
    pub as_of: Timestamp,
    /// One row an account, in the order of the books.
    pub accounts: Vec<AccountImpact>,
    /// All accounts that both documents can price.
    pub total: ImpactTotal,
    /// Version of the engine.
    pub engine_version: String,
}

/// A value that differs between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeReport {
    /// Where it is, as `--set` takes it where it is a single value.
    pub path: String,
    /// Its value in the old document; null where it is not there.
    pub old: Option<String>,
    /// Its value in the new document; null where it is gone.
    pub new: Option<String>,
}

/// An account under both documents.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccountImpact {
    /// The book's file.
    pub book: String,
    /// The account's name.
    pub account: String,
    /// What the change means for it.
    pub effect: Effect,
    /// Under the old document; null where it cannot be priced.
    pub before: Option<Standing>,
    /// Under the new document; null where it cannot be priced.
    pub after: Option<Standing>,
    /// After less before; null where either is.
    pub change: Option<StandingChange>,
    /// Why one or both cannot price it.
    pub problem: Option<String>,
    /// First 16 hex digits of the BLAKE3 hash of market, new document and account.
    pub inputs: String,
}

/// What a change means for an account, from the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A document cannot price it.
    Unpriced,
    /// It would be liquidated, and is not now.
    Liquidates,
    /// It could take no more risk, and can now.
    LosesRoom,
    /// It asks for more or is left with less.
    Worse,
    /// Nothing differs.
    Same,
    /// It is left with more.
    Better,
    /// It is liquidated now, and would not be.
    Recovers,
}

/// How an account stands under one document.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Standing {
    /// What supports margin.
    pub equity: Money,
    /// Below this no new risk is taken.
    pub initial_margin: Money,
    /// Below this it is liquidated.
    pub maintenance_margin: Money,
    /// What is left for new risk.
    pub available: Money,
    /// Equity less maintenance.
    pub headroom: Money,
    /// Maintenance over equity of the worst pool; 1 liquidates. Null where no equity is left.
    pub mm_utilisation: Option<f64>,
    /// Whether it liquidates.
    pub liquidates: bool,
}

/// What changes for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StandingChange {
    /// Of equity.
    pub equity: Money,
    /// Of the initial margin.
    pub initial_margin: Money,
    /// Of the maintenance margin.
    pub maintenance_margin: Money,
    /// Of what is left for new risk.
    pub available: Money,
}

/// Sums over accounts that both documents price, and counts of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImpactTotal {
    /// Accounts.
    pub accounts: usize,
    /// Accounts of which some figure differs.
    pub changed: usize,
    /// Accounts that would be liquidated and are not now.
    pub liquidates: usize,
    /// Accounts that could take no more risk and can now; those that would liquidate among them.
    pub loses_room: usize,
    /// Accounts that a document cannot price.
    pub unpriced: usize,
    /// Equity before.
    pub equity_before: Money,
    /// Equity after.
    pub equity_after: Money,
    /// Initial margin before.
    pub initial_before: Money,
    /// Initial margin after.
    pub initial_after: Money,
    /// Maintenance margin before.
    pub maintenance_before: Money,
    /// Maintenance margin after.
    pub maintenance_after: Money,
}

impl AccountImpact {
    /// Whether some figure differs.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.before != self.after
    }

    fn lost_room(&self) -> bool {
        let room = |standing: &Option<Standing>| {
            standing.as_ref().is_some_and(|one| one.available.is_positive())
        };
        room(&self.before) && self.after.is_some() && !room(&self.after)
    }
}

impl Context<'_> {
    /// One account under two documents.
    ///
    /// # Errors
    /// When a difference does not fit.
    pub fn impact(
        &self,
        book: &str,
        account: &Portfolio,
        new: &Document,
        [before, after]: [Result<AccountMargin, MarginError>; 2],
    ) -> Result<AccountImpact, MarginError> {
        let mut problems = Vec::new();
        for (which, found) in [("old", &before), ("new", &after)] {
            problems.extend(found.as_ref().err().map(|error| format!("{which}: {error}")));
        }
        problems
            .dedup_by(|a, b| a.split_once(": ").map(|p| p.1) == b.split_once(": ").map(|p| p.1));
        let stands = |found: Result<AccountMargin, MarginError>| found.ok().as_ref().map(standing);
        let (before, after) = (stands(before).transpose()?, stands(after).transpose()?);
        let change = match (&before, &after) {
            (Some(before), Some(after)) => Some(StandingChange {
                equity: after.equity.minus(before.equity)?,
                initial_margin: after.initial_margin.minus(before.initial_margin)?,
                maintenance_margin: after.maintenance_margin.minus(before.maintenance_margin)?,
                available: after.available.minus(before.available)?,
            }),
            _ => None,
        };
        let mut row = AccountImpact {
            book: book.to_owned(),
            account: account.account.clone(),
            effect: Effect::Same,
            before,
            after,
            change,
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
            inputs: self.digest(new, std::slice::from_ref(account)),
        };
        row.effect = effect(&row);
        Ok(row)
    }

    /// The report of all accounts.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn impacts(
        &self,
        old: &Document,
        new: &Document,
        accounts: Vec<AccountImpact>,
    ) -> Result<ImpactReport, MarginError> {
        let changes = changes(old, new).into_iter();
        Ok(ImpactReport {
            old: ModelRef::of(old),
            new: ModelRef::of(new),
            changes: changes
                .map(|Change { path, old, new }| ChangeReport { path, old, new })
                .collect(),
            currency: self.market.currency.clone(),
            as_of: self.market.as_of,
            total: total(&accounts)?,
            accounts,
            engine_version: ENGINE_VERSION.to_owned(),
        })
    }
}

fn standing(found: &AccountMargin) -> Result<Standing, MarginError> {
    let total = &found.total;
    Ok(Standing {
        equity: total.equity,
        initial_margin: total.initial,
        maintenance_margin: total.maintenance,
        available: found.usable()?,
        headroom: total.equity.minus(total.maintenance)?,
        mm_utilisation: total.mm_used,
        liquidates: total.liquidates,
    })
}

fn effect(row: &AccountImpact) -> Effect {
    let (Some(before), Some(after)) = (&row.before, &row.after) else {
        return Effect::Unpriced;
    };
    if before == after {
        return Effect::Same;
    }
    match (before.liquidates, after.liquidates) {
        (false, true) => return Effect::Liquidates,
        (true, false) => return Effect::Recovers,
        _ if row.lost_room() => return Effect::LosesRoom,
        _ => {}
    }
    let less = after.available < before.available;
    let worse = less || after.available == before.available && after.headroom < before.headroom;
    if worse { Effect::Worse } else { Effect::Better }
}

fn total(rows: &[AccountImpact]) -> Result<ImpactTotal, MarginError> {
    let count = |holds: &dyn Fn(&AccountImpact) -> bool| rows.iter().filter(|r| holds(r)).count();
    let mut total = ImpactTotal {
        accounts: rows.len(),
        changed: count(&AccountImpact::differs),
        liquidates: count(&|row| row.effect == Effect::Liquidates),
        loses_room: count(&AccountImpact::lost_room),
        unpriced: count(&|row| row.before.is_none() || row.after.is_none()),
        ..ImpactTotal::default()
    };
    for row in rows {
        let (Some(before), Some(after)) = (&row.before, &row.after) else { continue };
        let add = |sum: &mut Money, own: Money| -> Result<(), MarginError> {
            *sum = sum.plus(own)?;
            Ok(())
        };
        add(&mut total.equity_before, before.equity)?;
        add(&mut total.equity_after, after.equity)?;
        add(&mut total.initial_before, before.initial_margin)?;
        add(&mut total.initial_after, after.initial_margin)?;
        add(&mut total.maintenance_before, before.maintenance_margin)?;
        add(&mut total.maintenance_after, after.maintenance_margin)?;
    }
    Ok(total)
}
