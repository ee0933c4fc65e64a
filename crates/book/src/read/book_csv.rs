//! A book as CSV: one row a position, a balance, an order or a reserve.

use super::columns::{Row, Table};
use super::sound;
use crate::asset::Asset;
use crate::input::InputError;
use crate::instruments::{InstrumentId, nearest};
use crate::market::Market;
use crate::portfolio::{Book, Isolation, Order, Portfolio, Position};
use keelmark_units::{Money, Quantity};
use std::collections::BTreeMap;

const COLUMNS: &[&str] =
    &["account", "instrument", "qty", "avg_price", "kind", "isolated_margin", "leverage"];
const REQUIRED: usize = 3;

/// Reads a book from CSV against the market that its instruments are of.
///
/// `kind` is `position`, `collateral`, `order`, `reserve` or `unsettled`; without it a row whose
/// `instrument` is a bare asset is collateral, any other a position. An order's limit is its
/// `avg_price`.
///
/// # Errors
/// [`InputError`] with the line and the column.
pub fn book_csv(file: &str, bytes: &[u8], market: &Market) -> Result<Book, InputError> {
    let mut table = Table::open(file, bytes, COLUMNS, REQUIRED)?;
    let mut reader = Reader { market, book: Book::default(), seen: BTreeMap::new() };
    while let Some(row) = table.next_row() {
        reader.row(&row?)?;
    }
    if reader.book.accounts.is_empty() {
        return Err(InputError::whole(file, "expected rows under the header, found none"));
    }
    reader.book.notes = table.notes;
    Ok(reader.book)
}

struct Reader<'m> {
    market: &'m Market,
    book: Book,
    /// Line on which each (account, what) stands, to refuse a second one.
    seen: BTreeMap<(String, String), u64>,
}

impl Reader<'_> {
    fn row(&mut self, row: &Row<'_>) -> Result<(), InputError> {
        let (account, name) = (row.text("account"), row.text("instrument"));
        for (column, text) in [("account", account), ("instrument", name)] {
            sound::name(text).map_err(|problem| row.error(column, problem))?;
        }
        let kind = match row.text("kind") {
            "" if Asset::new(name).is_ok_and(|asset| self.market.assets.contains_key(&asset)) => {
                "collateral"
            }
            "" => "position",
            given => given,
        };
        self.first_time(row, account, kind, name)?;
        match kind {
            "collateral" => self.collateral(row),
            "position" => self.position(row),
            "order" => self.order(row),
            "reserve" => self.reserve(row),
            "unsettled" => self.unsettled(row),
            other => Err(row.error(
                "kind",
                format!(
                    "expected position, collateral, order, reserve or unsettled, found {other:?}"
                ),
            )),
        }
    }

    /// Refuses a second row for one thing; orders may repeat.
    fn first_time(
        &mut self,
        row: &Row<'_>,
        account: &str,
        kind: &str,
        name: &str,
    ) -> Result<(), InputError> {
        if kind == "order" {
            return Ok(());
        }
        let own = if row.text("isolated_margin").is_empty() { "" } else { " isolated" };
        let what = match self.market.instruments.find(name) {
            Ok(id) if kind == "position" => format!("{}{own}", id.index()),
            Ok(id) if kind == "unsettled" => format!("{kind} {}", id.index()),
            _ => format!("{kind} {name}"),
        };
        match self.seen.insert((account.to_owned(), what), row.line) {
            Some(line) => Err(row.error(
                "instrument",
                format!("expected one {kind} a row, found {name} of {account} on line {line} too"),
            )),
            None => Ok(()),
        }
    }

    fn collateral(&mut self, row: &Row<'_>) -> Result<(), InputError> {
        let asset =
            Asset::new(row.text("instrument")).map_err(|error| row.error("instrument", error))?;
        if !self.market.assets.contains_key(&asset) {
            return Err(row.error("instrument", format!("no price for {asset} in the market")));
        }
        let amount: Money = row.required("qty")?;
        let account = self.account(row.text("account"));
        account.deposit(asset, amount).map_err(|error| row.error("qty", error))
    }

    fn position(&mut self, row: &Row<'_>) -> Result<(), InputError> {
        let (instrument, quantity) = self.holding(row)?;
        let isolation = match row.value::<Money>("isolated_margin")? {
            Some(margin) => Isolation::Own(margin),
            None => Isolation::Shared,
        };
        let avg_price = row.value("avg_price")?;
        let leverage = row.value("leverage")?;
        let position = Position { instrument, quantity, avg_price, leverage, isolation };
        sound::position(self.market, &position)
            .map_err(|(column, problem)| row.error(column, problem))?;
        self.account(row.text("account")).positions.push(position);
        Ok(())
    }

    fn order(&mut self, row: &Row<'_>) -> Result<(), InputError> {
        let (instrument, quantity) = self.holding(row)?;
        let order = Order { instrument, quantity, price: row.value("avg_price")? };
        sound::order(self.market, &order, "avg_price")
            .map_err(|(column, problem)| row.error(column, problem))?;
        self.account(row.text("account")).orders.push(order);
        Ok(())
    }

    fn reserve(&mut self, row: &Row<'_>) -> Result<(), InputError> {
        let amount: Money = row.required("qty")?;
        sound::reserve(amount).map_err(|problem| row.error("qty", problem))?;
        let name = row.text("instrument").to_owned();
        self.account(row.text("account")).reserves.insert(name, amount);
        Ok(())
    }

    fn unsettled(&mut self, row: &Row<'_>) -> Result<(), InputError> {
        let id = find(self.market, row.text("instrument"))
            .map_err(|problem| row.error("instrument", problem))?;
        let amount: Money = row.required("qty")?;
        sound::unsettled(self.market, id).map_err(|problem| row.error("instrument", problem))?;
        self.account(row.text("account")).unsettled.insert(id, amount);
        Ok(())
    }

    fn holding(&self, row: &Row<'_>) -> Result<(InstrumentId, Quantity), InputError> {
        let id = find(self.market, row.text("instrument"))
            .map_err(|problem| row.error("instrument", problem))?;
        let quantity: Quantity = row.required("qty")?;
        on_the_lot(self.market, id, quantity).map_err(|problem| row.error("qty", problem))?;
        Ok((id, quantity))
    }

    fn account(&mut self, name: &str) -> &mut Portfolio {
        let accounts = &mut self.book.accounts;
        let at = accounts.iter().position(|one| one.account == name).unwrap_or_else(|| {
            accounts.push(Portfolio::new(name));
            accounts.len() - 1
        });
        &mut accounts[at]
    }
}

/// Finds an instrument; an asset's near miss is named too.
pub(super) fn find(market: &Market, name: &str) -> Result<InstrumentId, String> {
    market.instruments.find(name).map_err(|error| {
        let assets = nearest(name, market.assets.keys().map(Asset::as_str), 1);
        match assets.first() {
            Some(asset) => format!("{error}; nearest known asset: {asset}"),
            None => error.to_string(),
        }
    })
}

/// Refuses a quantity that is not a whole number of lots.
pub(super) fn on_the_lot(
    market: &Market,
    id: InstrumentId,
    quantity: Quantity,
) -> Result<(), String> {
    let instrument = market.instruments.get(id);
    if instrument.lots(quantity).is_some() {
        return Ok(());
    }
    let (lot, name) = (instrument.lot, &instrument.venue_symbol);
    Err(format!("expected a multiple of the lot {lot} of {name}, found {quantity}"))
}
