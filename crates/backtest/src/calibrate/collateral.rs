//! What collateral can lose until it is sold: alone, below par, and just when it is needed.
//!
//! Wrong-way risk: margin is called when a position loses, and collateral that falls at the same
//! time is worth less exactly then. Of each asset with a history the moves are taken in which what
//! accounts are likely to hold of it loses more than its own quantile; the mean loss of the
//! collateral over those moves is a haircut's least (its marginal expected shortfall). For a coin
//! held against itself that is its own expected shortfall; for one that rises when others fall, it
//! is nothing.

use super::past::{Moves, Past, Pasts};
use super::tail::{self, Loss, Measured};
use super::{CalibrateError, Sure};
use keelmark_margin::Document;
use keelmark_margin::document::CoinsMove;
use keelmark_margin::document::plan::Likely;
use keelmark_tail::{Rule, measure};
use keelmark_units::Timestamp;
use std::collections::BTreeMap;

/// Fewer moves in common than this say nothing of two assets together.
const FEWEST: usize = 250;

/// Why the ratio of a coin that moves in scans stays.
pub(super) const COUNTED: &str = "falls with its price in scans: a haircut would count that \
                                  twice; a plan may say as = \"ratio\"";

/// Whether what is held of an asset falls with its price in a document's scans already.
pub(super) fn moves(document: &Document, asset: &str, pasts: &Pasts) -> bool {
    let with = document.coins_with.keys().any(|coin| coin.as_str() == asset);
    let floats = pasts.floating().any(|past| past.asset == asset);
    with || document.coins_move == CoinsMove::All && floats
}

/// The loss that a haircut covers.
///
/// # Errors
/// As [`tail::measured`].
pub fn measured(
    past: &Past,
    moves: &Moves,
    pasts: &Pasts,
    sure: &Sure,
) -> Result<Measured, CalibrateError> {
    let side = if past.is_pegged() { Loss::BelowPar } else { Loss::Fall };
    let mut found = tail::measured(moves, side, sure)?;
    if side == Loss::BelowPar {
        found.notes.push("meant to be worth one: how far it ends below one counts too".to_owned());
    }
    let likely: &[Loss] = match sure.likely {
        Likely::Long => &[Loss::Fall],
        Likely::Short => &[Loss::Rise],
        Likely::Both => &[Loss::Fall, Loss::Rise],
        Likely::Nothing => &[],
    };
    let own: BTreeMap<Timestamp, f64> =
        moves.times.iter().copied().zip(tail::losses(moves, side)).collect();
    for other in pasts.floating() {
        let theirs = other.moves(sure.horizon, sure.window, sure.decay)?;
        for way in likely {
            let Some((loss, count)) = together(&own, &theirs, *way, sure)? else { continue };
            if loss > found.loss {
                found.notes.retain(|note| !note.starts_with("wrong way"));
                found.notes.push(format!(
                    "wrong way: loses {loss:.4} on average in the {count} worst {} of {}",
                    way.name(),
                    other.asset
                ));
                found.loss = loss;
            }
        }
    }
    Ok(found)
}

/// The mean loss of collateral where another asset moves further than its own quantile, and in how
/// many moves; `None` where too few are in common.
fn together(
    own: &BTreeMap<Timestamp, f64>,
    theirs: &Moves,
    way: Loss,
    sure: &Sure,
) -> Result<Option<(f64, usize)>, CalibrateError> {
    let losses = tail::losses(theirs, way);
    let both: Vec<(f64, f64)> = theirs
        .times
        .iter()
        .zip(&losses)
        .filter_map(|(time, loss)| Some((*loss, *own.get(time)?)))
        .collect();
    if both.len() < FEWEST {
        return Ok(None);
    }
    let shared: Vec<f64> = both.iter().map(|(loss, _)| *loss).collect();
    let level = measure::value_at_risk(&shared, sure.confidence, Rule::OrderStatistic)?;
    let worst: Vec<f64> =
        both.iter().filter(|(loss, _)| *loss >= level).map(|(_, own)| *own).collect();
    Ok(Some((worst.iter().sum::<f64>() / worst.len() as f64, worst.len())))
}
