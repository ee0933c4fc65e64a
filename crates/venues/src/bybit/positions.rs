//! `v5/position/list` and `v5/order/realtime`: signed sizes, the price that profit counts from, and
//! collateral of a position's own.
//!
//! In hedge mode a contract has a long and a short side. Margin here is of the net, so both sides
//! become one position that has gained what they have gained together.

use super::contracts::{Contracts, category};
use super::reply::Reply;
use crate::imported::LeftOut;
use crate::json::At;
use crate::orders::{Why, closes, says};
use keelmark_book::profit::profit;
use keelmark_book::{
    Decimal, InputError, Instrument, Isolation, Market, Money, Order, Overflow, Position, Price,
    Quantity, Round,
};

/// A side of a contract, as printed.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    /// Its row.
    pub at: At<'a>,
    /// The contract.
    pub instrument: Instrument,
    /// Signed, long above zero.
    pub size: Decimal,
    /// The price that profit counts from.
    pub entry: Option<Price>,
    /// Mark, where the row has one.
    pub mark: Option<Price>,
    /// The leverage that the holder chose; absent in portfolio margin.
    pub leverage: Option<Decimal>,
    /// Its own collateral, of an isolated position.
    pub own: Option<Money>,
    /// The price at which the venue says that it is liquidated.
    pub liquidation: Option<Decimal>,
}

/// Reads a reply of positions; sizes of zero are closed and not held.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn read<'a>(
    reply: &Reply<'a>,
    contracts: &Contracts,
    isolated: bool,
) -> Result<Vec<Held<'a>>, InputError> {
    let mut held = Vec::new();
    for row in &reply.rows {
        let size = signed(row, "size")?;
        if size.is_zero() {
            continue;
        }
        let name = row.word("symbol")?;
        let instrument = contracts
            .instrument(category(row, reply.category), name)
            .map_err(|error| row.error(error))?;
        let mark = row.positive("markPrice")?.map(Price::new);
        let own = if isolated || row.maybe("tradeMode")? == Some(Decimal::ONE) {
            let balance = row.amount("positionBalance")?;
            if balance.is_negative() {
                let problem = format!("positionBalance: expected zero or more, found {balance}");
                return Err(row.error(problem));
            }
            Some(Money::new(balance))
        } else {
            None
        };
        let entry = entry(row, &instrument, size, mark)?;
        held.push(Held {
            at: row.clone(),
            instrument,
            size,
            entry,
            mark,
            leverage: row.positive("leverage")?,
            own,
            liquidation: row.positive("liqPrice")?,
        });
    }
    Ok(held)
}

/// A size with the sign of its side.
fn signed(row: &At<'_>, field: &str) -> Result<Decimal, InputError> {
    let size = row.amount(field)?;
    let side = row.label("side");
    match side {
        "Buy" if !size.is_negative() => Ok(size),
        "Sell" => Ok(-size.abs()),
        "" | "None" if size.is_zero() => Ok(size),
        "Buy" => {
            Err(row.error(format!("{field}: expected zero or more on side Buy, found {size}")))
        }
        _ => {
            let side: String = side.chars().take(40).collect();
            Err(row.error(format!("side: expected Buy or Sell, found {side:?}")))
        }
    }
}

/// The entry: the average price, or the one of the session where contracts are settled daily,
/// whichever gives the printed profit.
fn entry(
    row: &At<'_>,
    instrument: &Instrument,
    size: Decimal,
    mark: Option<Price>,
) -> Result<Option<Price>, InputError> {
    let average = row.positive("avgPrice")?;
    let session = row.positive("sessionAvgPrice")?;
    let (Some(mark), Some(printed)) = (mark, row.maybe("unrealisedPnl")?) else {
        return Ok(average.or(session).map(Price::new));
    };
    let far = |entry: &Decimal| {
        let gained =
            profit(instrument, Quantity::new(size), Price::new(*entry), mark, Round::Nearest);
        gained.and_then(|gained| gained.decimal().minus(printed)).map_or(None, |by| Some(by.abs()))
    };
    let best = [average, session].into_iter().flatten().min_by_key(|entry| {
        let far = if instrument.is_option() { None } else { far(entry) };
        (far.is_none(), far)
    });
    Ok(best.map(Price::new))
}

/// The sides of a contract as one position, and what is gained for good where they cancel out, in
/// the settlement asset.
///
/// # Errors
/// [`InputError`] when the market lacks the contract or the size is off its lot.
pub fn netted(
    sides: &[&Held<'_>],
    market: &Market,
) -> Result<(Option<Position>, Money), InputError> {
    let Some(first) = sides.first() else { return Ok((None, Money::ZERO)) };
    let at = &first.at;
    let canonical = first.instrument.to_string();
    let id = market.instruments.find(&canonical).map_err(|error| {
        at.error(format!("{error}: add the reply of v5/market/tickers that has its price"))
    })?;
    let (known, mark) = (market.instruments.get(id), market.quote(id).mark);
    let failed = |error: Overflow| at.error(error);
    let (mut size, mut gained, mut own) = (Decimal::ZERO, Money::ZERO, None);
    for side in sides {
        size = size.plus(side.size).map_err(failed)?;
        if let Some(entry) = side.entry {
            let one = profit(known, Quantity::new(side.size), entry, mark, Round::Nearest);
            gained = gained.plus(one.map_err(failed)?).map_err(failed)?;
        }
        if let Some(margin) = side.own {
            own = Some(own.unwrap_or(Money::ZERO).plus(margin).map_err(failed)?);
        }
    }
    let size = Quantity::new(size);
    if known.lots(size).is_none() {
        return Err(at.error(format!(
            "size: expected a multiple of the lot {} of {}, found {size}: an instruments reply \
             given too replaces the lot",
            known.lot, known.venue_symbol
        )));
    }
    let mut entry = first.entry;
    let mut banked = Money::ZERO;
    if sides.len() > 1 {
        entry = solved(known, size, mark, gained).map_err(failed)?;
        if entry.is_none() {
            (entry, banked) = (Some(mark), gained);
        }
    }
    if size.is_zero() {
        return Ok((None, banked));
    }
    let mut position = Position::new(id, size, entry);
    position.leverage = sides.iter().filter_map(|side| side.leverage).min();
    if let Some(margin) = own {
        position.isolation = Isolation::Own(margin);
    }
    Ok((Some(position), banked))
}

/// The entry at which a size has gained an amount at the mark; `None` where no price above zero
/// gives that.
fn solved(
    instrument: &Instrument,
    size: Quantity,
    mark: Price,
    gained: Money,
) -> Result<Option<Price>, Overflow> {
    if size.is_zero() || instrument.is_option() {
        return Ok(None);
    }
    let units = size.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    let entry = if instrument.is_inverse() {
        // n (1/e - 1/m) = f gives e = n m / (n + f m).
        let divisor = units.plus(gained.decimal().times(mark.decimal(), Round::Nearest)?)?;
        if divisor.is_zero() {
            return Ok(None);
        }
        units.times_over(mark.decimal(), divisor, Round::Nearest)?
    } else {
        mark.decimal().minus(gained.decimal().over(units, Round::Nearest)?)?
    };
    Ok(entry.is_positive().then(|| Price::new(entry)))
}

/// Open orders that can add to a position.
///
/// # Errors
/// [`InputError`] at the row that cannot be used.
pub fn orders(
    reply: &Reply<'_>,
    contracts: &Contracts,
    market: &Market,
    left: &mut LeftOut,
) -> Result<Vec<Order>, InputError> {
    let mut orders = Vec::new();
    for row in &reply.rows {
        let category = category(row, reply.category);
        // Hedge mode numbers the sides: 1 is the long one, 2 the short one.
        let side = match row.maybe("positionIdx")? {
            Some(side) if side == Decimal::ONE => "long",
            Some(side) if side == Decimal::from_int(2) => "short",
            _ => "",
        };
        let why = if category == "spot" {
            Some(Why::Spot)
        } else if row.label("orderStatus") == "Untriggered" {
            Some(Why::Waits)
        } else if !matches!(row.label("orderStatus"), "New" | "PartiallyFilled") {
            Some(Why::Done)
        } else if says(row, "reduceOnly") || says(row, "closeOnTrigger") {
            Some(Why::Reduces)
        } else {
            closes(side, row.label("side") == "Buy").then_some(Why::Closes)
        };
        if let Some(why) = why {
            why.count(left);
            continue;
        }
        let quantity = Quantity::new(signed(row, "leavesQty")?);
        if quantity.is_zero() {
            continue;
        }
        let name = row.word("symbol")?;
        let instrument = contracts.instrument(category, name).map_err(|error| row.error(error))?;
        let id = market
            .instruments
            .find(&instrument.to_string())
            .map_err(|error| row.error(format!("{error}: add its ticker")))?;
        let known = market.instruments.get(id);
        if known.lots(quantity).is_none() {
            let problem = format!(
                "leavesQty: expected a multiple of the lot {}, found {quantity}",
                known.lot
            );
            return Err(row.error(problem));
        }
        let price = row.positive("price")?.map(Price::new);
        orders.push(Order { instrument: id, quantity, price });
    }
    Ok(orders)
}
