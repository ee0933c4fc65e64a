//! Subaccounts: cash and collaterals, positions, and the margins that the venue reports.
//!
//! A perpetual's profit is paid into cash whenever somebody settles it, so its entry here is the
//! price at which the position has gained what the venue says that it is still worth
//! (`mark_value`, or unrealised profit with pending funding less what was settled). Margins are
//! net: what the account has above the requirement, below zero what it lacks.

use super::symbol::VENUE;
use crate::imported::{Figure, LeftOut, What};
use crate::json::At;
use crate::orders::{Why, buys, left, says};
use keelmark_book::{
    Asset, Decimal, InputError, InstrumentId, Kind, Market, Money, Order, Overflow, Portfolio,
    Position, Price, Quantity, Round,
};

/// What the replies say of one subaccount.
#[derive(Clone, Debug, Default)]
pub struct Account<'a> {
    /// Its positions.
    pub positions: Vec<At<'a>>,
    /// Its cash and collaterals.
    pub collaterals: Vec<At<'a>>,
    /// Its open orders.
    pub orders: Vec<At<'a>>,
    /// How it is margined, where a reply says it.
    pub margin_type: &'a str,
    /// The reply that has its net margins, and their names there.
    pub margins: Option<(At<'a>, [&'static str; 2])>,
}

impl<'a> Account<'a> {
    /// Takes the lists of a reply.
    ///
    /// # Errors
    /// [`InputError`] where a list is there already.
    pub fn take(&mut self, at: &At<'a>) -> Result<(), InputError> {
        let lists = [
            ("positions", &mut self.positions),
            ("collaterals", &mut self.collaterals),
            ("open_orders", &mut self.orders),
        ];
        for (name, own) in lists {
            // The reply of orders alone has a shorter name for the list.
            let short = at.get("orders").filter(|_| name == "open_orders");
            let Some(list) = at.get(name).or(short) else { continue };
            let rows = list.items()?;
            if !own.is_empty() && !rows.is_empty() {
                return Err(list.error(format!("expected one list of {name} a subaccount")));
            }
            own.extend(rows);
        }
        if !at.label("margin_type").is_empty() {
            self.margin_type = at.label("margin_type");
        }
        if at.has(&["initial_margin", "maintenance_margin"]) {
            self.margins = Some((at.clone(), ["initial_margin", "maintenance_margin"]));
        }
        Ok(())
    }

    /// The built-in document of how it is margined.
    #[must_use]
    pub fn model(&self) -> Option<&'static str> {
        match self.margin_type {
            "SM" => Some("derive-srm"),
            "PM" => Some("derive-pmrm"),
            "PM2" => Some("derive-pmrm2"),
            _ => None,
        }
    }

    /// The net margins that the venue reports.
    ///
    /// # Errors
    /// [`InputError`] at the field that does not read.
    pub fn figures(&self, name: &str) -> Result<Vec<Figure>, InputError> {
        let Some((at, fields)) = &self.margins else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        for (field, what) in fields.iter().zip([What::NetInitial, What::NetMaintenance]) {
            if let Some(value) = at.maybe(field)? {
                let account = name.to_owned();
                out.push(Figure { account, what, currency: Asset::usd(), value });
            }
        }
        Ok(out)
    }

    /// The account in a market.
    ///
    /// # Errors
    /// [`InputError`] when the market lacks something held, or a number does not fit.
    pub fn portfolio(
        &self,
        name: &str,
        market: &Market,
        left: &mut LeftOut,
    ) -> Result<Portfolio, InputError> {
        let mut portfolio = Portfolio::new(name);
        for at in &self.collaterals {
            let (asset, amount) = (at.asset("asset_name")?, at.amount("amount")?);
            if amount.is_zero() {
                continue;
            }
            if portfolio.collateral.iter().any(|known| known.asset == asset) {
                return Err(at.error(format!("expected {asset} once, found it a second time")));
            }
            market.price(&asset).map_err(|error| at.error(error))?;
            portfolio.deposit(asset, Money::new(amount)).map_err(|error| at.error(error))?;
        }
        for at in &self.positions {
            position(at, market, &mut portfolio)?;
        }
        for at in &self.orders {
            portfolio.orders.extend(order(at, market, left)?);
        }
        Ok(portfolio)
    }
}

/// Adds a position to an account.
fn position(at: &At<'_>, market: &Market, portfolio: &mut Portfolio) -> Result<(), InputError> {
    let (name, amount) = (at.word("instrument_name")?, at.amount("amount")?);
    if amount.is_zero() {
        return Ok(());
    }
    let quantity = Quantity::new(amount);
    let id = find(at, market, name, quantity)?;
    let known = market.instruments.get(id);
    if portfolio.positions.iter().any(|other| other.instrument == id) {
        return Err(at.error(format!("expected one position in {name}, found another")));
    }
    let average = at.positive("average_price")?;
    let overflow = |error: Overflow| at.error(error);
    let worth = if known.is_option() { None } else { worth(at, amount)? };
    let entry = match worth {
        None => average,
        Some(worth) => {
            let mark = at.positive("mark_price")?.unwrap_or(market.quote(id).mark.decimal());
            let gained = worth.over(amount, Round::Nearest).map_err(overflow)?;
            let entry = mark.minus(gained).map_err(overflow)?;
            if entry.is_positive() {
                Some(entry)
            } else {
                // No price above zero has gained that much: what is gained is cash.
                portfolio.deposit(known.settle.clone(), Money::new(worth)).map_err(overflow)?;
                Some(mark)
            }
        }
    };
    portfolio.positions.push(Position::new(id, quantity, entry.map(Price::new)));
    Ok(())
}

/// The instrument of a row, whose amount is a whole number of lots of it.
fn find(
    at: &At<'_>,
    market: &Market,
    name: &str,
    amount: Quantity,
) -> Result<InstrumentId, InputError> {
    let id = market
        .instruments
        .find(&format!("{VENUE}:{name}"))
        .or_else(|_| market.instruments.find(name))
        .map_err(|error| at.error(format!("{error}: add its ticker")))?;
    let lot = market.instruments.get(id).lot;
    if market.instruments.get(id).lots(amount).is_none() {
        return Err(at.error(format!(
            "amount: expected a multiple of the lot {lot} of {name}, found {amount}: an \
             instruments reply given too replaces the lot"
        )));
    }
    Ok(id)
}

/// An open order that can add to a position.
fn order(
    at: &At<'_>,
    market: &Market,
    left_out: &mut LeftOut,
) -> Result<Option<Order>, InputError> {
    let (name, buys) = (at.word("instrument_name")?, buys(at, "direction")?);
    let status = at.label("order_status");
    let spot = super::symbol::parse(name).is_ok_and(|one| one.kind == Kind::Spot);
    let why = if spot {
        Some(Why::Spot)
    } else if status == "untriggered" {
        Some(Why::Waits)
    } else if !["open", ""].contains(&status) {
        Some(Why::Done)
    } else {
        says(at, "reduce_only").then_some(Why::Reduces)
    };
    if let Some(why) = why {
        why.count(left_out);
        return Ok(None);
    }
    let quantity = left(at, "amount", "filled_amount", buys)?;
    if quantity.is_zero() {
        return Ok(None);
    }
    let instrument = find(at, market, name, quantity)?;
    // A market order carries the worst price that its sender signed, which is no limit to count.
    let market_order = at.label("order_type") == "market";
    let price = at.positive("limit_price")?.filter(|_| !market_order).map(Price::new);
    Ok(Some(Order { instrument, quantity, price }))
}

/// What a perpetual's position is still worth.
fn worth(at: &At<'_>, amount: Decimal) -> Result<Option<Decimal>, InputError> {
    let overflow = |error: Overflow| at.error(error);
    if let (Some(value), Some(mark)) = (at.maybe("mark_value")?, at.maybe("mark_price")?) {
        let notional = amount.times(mark, Round::Nearest).map_err(overflow)?;
        let off = value.minus(notional).map_err(overflow)?.abs();
        // Some replies print the notional in its place: within a millionth it is that.
        let million = Decimal::from_int(1_000_000);
        if off > notional.abs().over(million, Round::Up).map_err(overflow)? {
            return Ok(Some(value));
        }
    }
    let Some(profit) = at.maybe("unrealized_pnl")? else { return Ok(None) };
    let funding = at.maybe("pending_funding")?.unwrap_or_default();
    let settled = at.maybe("net_settlements")?.unwrap_or_default();
    let worth = profit.plus(funding).and_then(|sum| sum.minus(settled));
    worth.map(Some).map_err(overflow)
}
