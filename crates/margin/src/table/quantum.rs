//! What a lot counts for, the largest that a cell can be, and the quantum at which it still fits.

use super::LARGEST_CELL;
use super::frame::Moves;
use super::sheet::Lot;

/// What one unit of profit in the settlement asset counts for in a scenario.
pub(super) fn conversion(lot: Lot, moves: &Moves, s: usize) -> f64 {
    let weight = moves.weight[s];
    if !lot.inverse {
        return weight * if lot.own_coin { 1.0 } else { lot.settle_price };
    }
    if lot.own_coin {
        // In coin: profit at the moved price, taken at the edge for a move beyond the range.
        return weight * moves.settle_factor[s] / moves.coin_factor[s];
    }
    weight * lot.settle_price * moves.settle_factor[s]
}

/// What a lot of an option worth one in its quote currency counts for in the pool's currency.
pub(super) fn value_of(lot: Lot) -> f64 {
    lot.size * if lot.own_coin { 1.0 } else { lot.settle_price }
}

/// A magnitude that no cell of a row can pass, in the pool's currency.
///
/// A call is worth at most its forward, a put its strike less the forward and a call more; so a
/// profit at the moved price is at most `max(K, F) |1 - x| + F max(1, x)`.
pub(super) fn bound(moves: &Moves, lot: Lot, price: f64, strike: Option<f64>) -> f64 {
    let base = strike.unwrap_or(0.0).max(price);
    let per_value = match (lot.inverse, strike) {
        (true, None) => lot.size / price / price,
        (true, Some(_)) => lot.size / price,
        (false, _) => lot.size,
    };
    let mut most = 0.0f64;
    for (s, x) in moves.factor.iter().enumerate() {
        let value = base * ((x - 1.0).abs() + moves.paid(s).abs()) + price * x.max(1.0);
        let per = if lot.inverse { *x } else { 1.0 };
        most = most.max(value * per_value / per * conversion(lot, moves, s).abs());
    }
    most
}

/// No quantum is finer: amounts have 18 places, and what whole coins held add must fit too.
const FINEST: i32 = -22;

/// The exponent of a table without contracts, unless its coins are cheap.
pub(super) const COINS_ALONE: i32 = -9;

/// The finest exponent, from [`FINEST`] on, at which a magnitude is at most [`LARGEST_CELL`]
/// quanta.
pub(super) fn finest(most: f64) -> i32 {
    finest_in(most, LARGEST_CELL)
}

/// The same with other room.
pub(super) fn finest_in(most: f64, room: f64) -> i32 {
    let mut exponent = ((most / room).log10().ceil() as i32).max(FINEST);
    while most / power_of_ten(exponent) > room {
        exponent += 1;
    }
    exponent
}

/// Ten to a power, correctly rounded.
pub(super) fn power_of_ten(power: i32) -> f64 {
    format!("1e{power}").parse().unwrap_or(f64::NAN)
}
