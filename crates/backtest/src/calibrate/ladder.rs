//! Tables of tiers: what a position asks grows with the time and the impact of closing it.
//!
//! A position of notional `N` takes `d = N / (participation x daily volume)` days to sell evenly,
//! so a third of those days of variance beside the horizon `h`, and moves the price by the square
//! root of its share of a day's volume: `R(N) = q sqrt((h + d / 3) / h) + impact s sqrt(N / V)`,
//! `q` the tail over the horizon, `s` the volatility of a day, at most 1. Tiers are marginal, as
//! taxes are: each asks what is left so that a position at its upper limit asks `N R(N)` in all.

use super::number::{CAPPED, estimate, price, refused, tested, time, to_step, whole};
use super::past::{DAY, Moves, Past, Pasts};
use super::tail::{self, Loss, Measured};
use super::target::{Ladder, LadderKind, Left, Targets};
use super::{CalibrateError, Found, Sure, collateral};
use keelmark_margin::Document;
use keelmark_margin::document::plan::{Meaning, Plan, Said};
use keelmark_margin::document::tree::{Node, Value};
use keelmark_margin::document::{Evidence, Tested};
use keelmark_units::{Decimal, Round};
use std::fmt::Write as _;

/// Rates are a multiple of this where no plan says otherwise.
const STEP: f64 = 0.001;
/// A last tier without a limit asks what one of twice the limit below would.
const BEYOND: f64 = 2.0;

/// A table as it is to be written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where the list stands.
    pub path: String,
    /// Its tiers.
    pub tiers: Node,
}

/// A tier of a document.
struct Tier<'t> {
    node: &'t Node,
    /// Upper limit, in the ladder's own unit.
    limit: Option<f64>,
    /// What it asks, as a loss.
    old: f64,
}

/// What selling a size costs.
struct Cost {
    /// The tail over the horizon.
    tail: f64,
    /// Days of the horizon.
    days: f64,
    /// Value traded in a day; infinite where it is not known.
    volume: f64,
    /// Volatility of a day.
    vol: f64,
    participation: f64,
    impact: f64,
}

impl Cost {
    /// Days that a value takes to sell.
    fn takes(&self, value: f64) -> f64 {
        value / (self.participation * self.volume)
    }

    /// The rate that a value asks in all.
    fn rate(&self, value: f64) -> f64 {
        let time = ((self.days + self.takes(value) / 3.0) / self.days).sqrt();
        (self.tail * time + self.impact * self.vol * (value / self.volume).sqrt()).min(1.0)
    }

    /// The rate of each tier, given the values at which they end.
    fn marginal(&self, ends: &[f64]) -> Vec<f64> {
        let (mut below, mut asked, mut least) = (0.0, 0.0, 0.0);
        let mut out = Vec::new();
        for end in ends {
            let all = end * self.rate(*end);
            let rate: f64 = if *end > below { (all - asked) / (end - below) } else { self.tail };
            least = rate.clamp(least, 1.0);
            out.push(least);
            asked += least * (end - below);
            below = *end;
        }
        out
    }
}

/// Every table that histories say something of; why the others stay.
pub fn all(
    document: &Document,
    targets: &Targets,
    pasts: &Pasts,
    plan: &Plan,
    found: &mut Vec<Found>,
    left: &mut Vec<Left>,
) -> Vec<Written> {
    let mut out = Vec::new();
    for ladder in &targets.ladders {
        let field = ladder.path.clone();
        let Some(said) = plan.of(&field, &ladder.key) else {
            left.push(Left { field, why: "kept, as the plan says".to_owned() });
            continue;
        };
        let ratios = ladder.kind == LadderKind::Ratios && said.meaning.is_none();
        if ratios && collateral::moves(document, &ladder.key, pasts) {
            left.push(Left { field, why: collateral::COUNTED.to_owned() });
            continue;
        }
        match one(document, ladder, pasts, &said, left) {
            Ok((written, evidence)) => {
                out.push(written);
                found.extend(evidence);
            }
            Err(why) => left.push(Left { field, why: why.to_string() }),
        }
    }
    out
}

fn one(
    document: &Document,
    ladder: &Ladder,
    pasts: &Pasts,
    said: &Said,
    left: &mut Vec<Left>,
) -> Result<(Written, Vec<Found>), CalibrateError> {
    let sure = Sure::of(&said.settings);
    let tiers = tiers(document, ladder)?;
    let names = if said.like.is_empty() { vec![ladder.key.clone()] } else { said.like.clone() };
    let mut hardest: Option<(&Past, Moves, Measured)> = None;
    for name in &names {
        let past = price(name, pasts)?;
        let moves = past.moves(sure.horizon, sure.window, sure.decay)?;
        let found = base(ladder, past, &moves, pasts, &sure)?;
        if hardest.as_ref().is_none_or(|(_, _, before)| found.loss > before.loss) {
            hardest = Some((past, moves, found));
        }
    }
    let Some((past, moves, found)) = hardest else {
        return refused("no history says it".to_owned(), "add --history NAME=FILE");
    };
    let last = moves.values[moves.values.len() - 1];
    let volume = pasts.daily_volume(&past.asset, sure.volume_days)?;
    let cost = Cost {
        tail: found.loss,
        days: sure.horizon.seconds() as f64 / DAY,
        volume: volume.map_or(f64::INFINITY, |coins| coins * last),
        vol: moves.vol_of_a_day(),
        participation: sure.participation,
        impact: sure.impact,
    };
    let counted = match ladder.kind {
        LadderKind::Rates { in_coins: false, .. } => 1.0,
        _ => last,
    };
    let losses = match volume {
        Some(_) => cost.marginal(&ends(&tiers, counted)),
        None => tiers.iter().map(|tier| tier.old.max(found.loss)).collect(),
    };
    if volume.is_none() && tiers.len() > 1 {
        left.push(Left {
            field: format!("{}[1..]", ladder.path),
            why: format!(
                "no volume of {}: only raised to the first tier's; add --history {0}:volume=FILE",
                past.asset
            ),
        });
    }
    let step = said.settings.round.map_or(STEP, Decimal::to_f64);
    let asks = Asks { ladder, said, sure: &sure, past, moves: &moves, found: &found, cost: &cost };
    asks.written(&tiers, &losses, step, volume.is_some())
}

/// The loss over the horizon that the first tier covers.
fn base(
    ladder: &Ladder,
    past: &Past,
    moves: &Moves,
    pasts: &Pasts,
    sure: &Sure,
) -> Result<Measured, CalibrateError> {
    if ladder.kind == LadderKind::Ratios {
        return collateral::measured(past, moves, pasts, sure);
    }
    let rise = tail::measured(moves, Loss::Rise, sure)?;
    let fall = tail::measured(moves, Loss::Fall, sure)?;
    let mut more = if rise.loss > fall.loss { rise } else { fall };
    more.notes.insert(0, format!("set by {}", more.side.name()));
    Ok(more)
}

fn tiers<'t>(document: &'t Document, ladder: &Ladder) -> Result<Vec<Tier<'t>>, CalibrateError> {
    let Some(Node { value: Value::List(items), .. }) = document.tree().at(&ladder.path) else {
        return refused("its tiers are a parameter".to_owned(), "write them where they are used");
    };
    let number = |node: &Node, field: &str| match node.at(field) {
        Some(node) => node.decimal().map(|number| Some(number.to_f64())),
        None => Ok(None),
    };
    let mut out = Vec::new();
    for node in items {
        let limit = number(node, "up_to")?;
        let old = match ladder.kind {
            LadderKind::Ratios => 1.0 - number(node, "ratio")?.unwrap_or_default(),
            LadderKind::Rates { share, .. } => match number(node, "leverage")? {
                Some(leverage) => share / leverage,
                None => number(node, "rate")?.unwrap_or_default(),
            },
        };
        out.push(Tier { node, limit, old });
    }
    Ok(out)
}

/// The value at which each tier ends.
fn ends(tiers: &[Tier<'_>], counted: f64) -> Vec<f64> {
    let mut below = 0.0;
    tiers
        .iter()
        .map(|tier| {
            below = tier.limit.map_or(below * BEYOND, |limit| limit * counted);
            below
        })
        .collect()
}

/// What a table is written from.
struct Asks<'a> {
    ladder: &'a Ladder,
    said: &'a Said,
    sure: &'a Sure,
    past: &'a Past,
    moves: &'a Moves,
    found: &'a Measured,
    cost: &'a Cost,
}

impl Asks<'_> {
    fn written(
        &self,
        tiers: &[Tier<'_>],
        losses: &[f64],
        step: f64,
        sized: bool,
    ) -> Result<(Written, Vec<Found>), CalibrateError> {
        let (mut nodes, mut out) = (Vec::new(), Vec::new());
        let mut below = 0.0;
        for (at, (tier, loss)) in tiers.iter().zip(losses).enumerate() {
            let mut notes = Vec::new();
            let capped = self.capped(tier.old, *loss, &mut notes).max(below);
            below = capped;
            let (field, new) = self.number(tier, capped, step)?;
            let mut fields = match &tier.node.value {
                Value::Table(fields) => fields.clone(),
                _ => std::collections::BTreeMap::new(),
            };
            // What keeps the table continuous follows from its rates.
            fields.remove("deduction");
            let same = |node: &&Node| node.decimal().is_ok_and(|old| old == new);
            let as_it_was = fields.get(field).filter(same).cloned();
            let number = as_it_was.unwrap_or_else(|| Node::written(Value::Text(new.to_string())));
            fields.insert(field.to_owned(), number);
            nodes.push(Node::written(Value::Table(fields)));
            if !sized && at > 0 {
                continue;
            }
            let mut evidence = self.evidence(tier, at, (field, new), *loss, notes)?;
            if sized {
                let all = self.cost.rate(self.end(tiers, at));
                let _ = write!(evidence.meaning, ", {all:.4} in all at its end");
            }
            out.push(Found { path: self.ladder.path.clone(), key: None, evidence });
        }
        let tiers = Node::written(Value::List(nodes));
        Ok((Written { path: self.ladder.path.clone(), tiers }, out))
    }

    fn end(&self, tiers: &[Tier<'_>], at: usize) -> f64 {
        let counted = match self.ladder.kind {
            LadderKind::Rates { in_coins: false, .. } => 1.0,
            _ => self.moves.values[self.moves.values.len() - 1],
        };
        ends(tiers, counted)[at]
    }

    fn capped(&self, old: f64, loss: f64, notes: &mut Vec<String>) -> f64 {
        let settings = &self.said.settings;
        let most = settings.max_rise.map_or(loss, |share| old * (1.0 + share.to_f64()));
        let least = settings.max_fall.map_or(0.0, |share| old * (1.0 - share.to_f64()));
        let capped = if old > 0.0 { loss.min(most).max(least) } else { loss };
        if capped != loss {
            notes.push(CAPPED.to_owned());
        }
        capped
    }

    /// The field that a tier's number stands in, and the number.
    fn number(
        &self,
        tier: &Tier<'_>,
        loss: f64,
        step: f64,
    ) -> Result<(&'static str, Decimal), CalibrateError> {
        match self.ladder.kind {
            LadderKind::Ratios => Ok(("ratio", to_step((1.0 - loss).max(0.0), step, false)?)),
            LadderKind::Rates { share, .. } if tier.node.at("leverage").is_some() => {
                let leverage = to_step(share / loss, 1.0, false)?;
                let least = Decimal::from_f64(share, Round::Up)?;
                Ok(("leverage", leverage.max(least)))
            }
            LadderKind::Rates { .. } => Ok(("rate", to_step(loss, step, true)?)),
        }
    }

    fn meaning(&self) -> (Meaning, f64) {
        match self.ladder.kind {
            LadderKind::Ratios => (Meaning::Ratio, 1.0),
            LadderKind::Rates { .. } => (Meaning::PriceMove, 1.0),
        }
    }

    fn covered(&self, field: &str, number: f64) -> f64 {
        match (self.ladder.kind, field) {
            (LadderKind::Ratios, _) => 1.0 - number,
            (LadderKind::Rates { share, .. }, "leverage") => share / number,
            _ => number,
        }
    }

    fn evidence(
        &self,
        tier: &Tier<'_>,
        at: usize,
        (field, new): (&'static str, Decimal),
        loss: f64,
        notes: Vec<String>,
    ) -> Result<Evidence, CalibrateError> {
        let mut all = if at == 0 { self.found.notes.clone() } else { Vec::new() };
        all.extend(notes);
        let held = |number: f64| -> Result<Tested, CalibrateError> {
            let (side, sure) = (self.found.side, self.sure);
            tested(&tail::held(self.moves, side, number, sure.confidence)?, self.meaning())
        };
        let first = at == 0;
        let forward = tail::forward(self.moves, self.found.side, self.sure)?;
        let in_sample = held(self.covered(field, new.to_f64()))?;
        Ok(Evidence {
            field: format!("{}[{at}].{field}", self.ladder.path),
            underlying: self.past.asset.clone(),
            meaning: format!("{} of tier {}", self.meaning().0, at + 1),
            old: Some(tier.node.at(field).map_or(Ok(Decimal::ZERO), Node::decimal)?),
            new,
            measured: estimate(if self.ladder.kind == LadderKind::Ratios {
                1.0 - loss
            } else {
                loss
            })?,
            method: self.sure.said(),
            confidence: self.sure.confidence_exact,
            horizon: time(self.sure, &self.said.settings),
            observations: whole(self.moves.logs.len()),
            first: self.moves.first,
            last: self.moves.last,
            history: self.past.digest(),
            in_sample: first.then_some(in_sample),
            out_of_sample: forward
                .filter(|_| first)
                .map(|held| tested(&held, self.meaning()))
                .transpose()?,
            old_number: if first { Some(held(tier.old)?) } else { None },
            notes: all,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A position at the end of a tier asks what its time and impact say, the tiers below with it.
    #[test]
    fn tiers_add_up_to_the_whole_at_each_limit() {
        let cost =
            Cost { tail: 0.1, days: 1.0, volume: 1e9, vol: 0.04, participation: 0.1, impact: 1.0 };
        let ends = [1e6, 1e7, 1e8];
        let (mut below, mut asked) = (0.0, 0.0);
        for (end, rate) in ends.iter().zip(cost.marginal(&ends)) {
            asked += rate * (end - below);
            below = *end;
            assert!((asked / end - cost.rate(*end)).abs() < 1e-12);
        }
        // A day's tenth takes a day: a third of a day of variance more, and the impact of a tenth.
        let expected = 0.1 * (4.0f64 / 3.0).sqrt() + 0.04 * 0.1f64.sqrt();
        assert!((cost.rate(1e8) - expected).abs() < 1e-12);
        assert_eq!(cost.rate(1e14), 1.0);
    }
}
