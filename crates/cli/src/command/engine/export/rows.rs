//! The tables of an export: their columns, and their rows of a state or an event.
//!
//! Accounts and instruments are named in every table. Their numbers, the order in which they came,
//! stand in `accounts` and `instruments` alone.

use super::Take;
use super::record::{Cell, Kind, Row, Table, column, optional};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use keelmark_book::{Instrument, Kind as Contract, Money, Overflow};
use keelmark_engine::account::{Holding, Mode};
use keelmark_engine::ledger::House;
use keelmark_engine::{Account, AccountId, Command, Event, State, position};

/// Writes the rows of a table.
type Rows = fn(&State, Screen, &mut Take<'_>) -> Result<(), Failure>;

/// Every table of the state at the end.
pub const OF_STATE: &[(&Table, Rows)] = &[
    (&ACCOUNTS, accounts),
    (&BALANCES, balances),
    (&INSTRUMENTS, instruments),
    (&POSITIONS, positions),
    (&MARGINS, margins),
];

/// What happened, in order.
pub const EVENTS: Table = Table {
    name: "events",
    columns: &[
        column("sequence", Kind::Whole),
        column("index", Kind::Whole),
        column("time", Kind::Time),
        column("from", Kind::Text),
        column("number", Kind::Whole),
        column("kind", Kind::Text),
        column("event", Kind::Json),
    ],
};

const ACCOUNTS: Table = Table {
    name: "accounts",
    columns: &[
        column("account", Kind::Text),
        column("number", Kind::Whole),
        optional("parent", Kind::Text),
        column("mode", Kind::Text),
        column("model", Kind::Text),
        column("version", Kind::Text),
        column("closed", Kind::Flag),
        column("open_orders", Kind::Whole),
    ],
};

/// The amounts of each asset sum to zero: what came in from outside is below zero outside.
const BALANCES: Table = Table {
    name: "balances",
    columns: &[
        column("place", Kind::Text),
        optional("account", Kind::Text),
        optional("instrument", Kind::Text),
        column("asset", Kind::Text),
        column("amount", Kind::Decimal),
    ],
};

const INSTRUMENTS: Table = Table {
    name: "instruments",
    columns: &[
        column("instrument", Kind::Text),
        column("number", Kind::Whole),
        column("venue_symbol", Kind::Text),
        column("kind", Kind::Text),
        column("base", Kind::Text),
        column("quote", Kind::Text),
        column("settle", Kind::Text),
        column("contract_size", Kind::Decimal),
        column("lot", Kind::Decimal),
        optional("expiry", Kind::Time),
        column("mark", Kind::Decimal),
        column("open_interest", Kind::Decimal),
    ],
};

const POSITIONS: Table = Table {
    name: "positions",
    columns: &[
        column("account", Kind::Text),
        column("instrument", Kind::Text),
        column("quantity", Kind::Decimal),
        optional("entry", Kind::Decimal),
        column("mark", Kind::Decimal),
        column("asset", Kind::Text),
        column("cost", Kind::Decimal),
        column("unrealised", Kind::Decimal),
        column("isolated", Kind::Flag),
        optional("margin", Kind::Decimal),
    ],
};

const MARGINS: Table = Table {
    name: "margins",
    columns: &[
        column("account", Kind::Text),
        optional("pool", Kind::Text),
        optional("currency", Kind::Text),
        optional("equity", Kind::Decimal),
        optional("initial", Kind::Decimal),
        optional("maintenance", Kind::Decimal),
        optional("mm_used", Kind::Decimal),
        optional("problem", Kind::Text),
    ],
};

/// An event of a command.
pub fn event(
    command: &Command,
    sequence: u64,
    index: usize,
    event: &Event,
) -> Result<Row, Failure> {
    let text = output::line(event)?;
    let text = text.trim_end();
    // An event is a JSON object of one member, named after what happened.
    let kind = text.split('"').nth(1).unwrap_or_default();
    Ok(vec![
        Cell::Whole(sequence),
        Cell::Whole(index as u64),
        Cell::Time(command.at),
        Cell::text(&command.from),
        Cell::Whole(command.number),
        Cell::text(kind),
        Cell::Json(text.to_owned()),
    ])
}

fn accounts(state: &State, _: Screen, take: &mut Take<'_>) -> Result<(), Failure> {
    for (number, account) in state.accounts.iter().enumerate() {
        let document = &state.models[account.model].document;
        let mode = match account.mode {
            Mode::Isolated => "isolated",
            Mode::Cross => "cross",
            Mode::Portfolio => "portfolio",
        };
        take(vec![
            Cell::text(&account.name),
            Cell::Whole(number as u64),
            Cell::maybe(account.parent, |id| Cell::text(&state.account(id).name)),
            Cell::text(mode),
            Cell::text(&document.name),
            Cell::text(&document.version),
            Cell::Flag(account.closed),
            Cell::Whole(account.orders.len() as u64),
        ])?;
    }
    Ok(())
}

fn balances(state: &State, _: Screen, take: &mut Take<'_>) -> Result<(), Failure> {
    let instruments = &state.market.instruments;
    for account in &state.accounts {
        let name = || Cell::text(&account.name);
        for (asset, amount) in &account.balances {
            take(vec![
                Cell::text("account"),
                name(),
                Cell::Absent,
                Cell::text(asset),
                Cell::Decimal(amount.decimal()),
            ])?;
        }
        for own in &account.isolated {
            let one = instruments.get(own.holding.instrument);
            take(vec![
                Cell::text("isolated"),
                name(),
                Cell::text(one),
                Cell::text(&one.settle),
                Cell::Decimal(own.margin.decimal()),
            ])?;
        }
    }
    for (house, asset, amount) in state.ledger.iter() {
        let (place, instrument, fund) = match house {
            House::Outside => ("outside", None, None),
            House::Fees => ("fees", None, None),
            House::Interest => ("interest", None, None),
            House::Insurance => ("insurance", None, None),
            House::Clearing(id) => ("clearing", Some(id), None),
            House::Fund(number) => ("fund", None, state.liquidation.funds().get(number as usize)),
        };
        take(vec![
            Cell::text(place),
            Cell::maybe(fund, Cell::text),
            Cell::maybe(instrument, |id| Cell::text(instruments.get(id))),
            Cell::text(asset),
            Cell::Decimal(amount.decimal()),
        ])?;
    }
    Ok(())
}

fn instruments(state: &State, _: Screen, take: &mut Take<'_>) -> Result<(), Failure> {
    for (id, one) in state.market.instruments.iter() {
        let kind = match one.kind {
            Contract::Spot => "spot",
            Contract::Perpetual => "perpetual",
            Contract::Future { .. } => "future",
            Contract::Option { .. } => "option",
        };
        take(vec![
            Cell::text(one),
            Cell::Whole(id.index() as u64),
            Cell::text(&one.venue_symbol),
            Cell::text(kind),
            Cell::text(&one.base),
            Cell::text(&one.quote),
            Cell::text(&one.settle),
            Cell::Decimal(one.contract_size.decimal()),
            Cell::Decimal(one.lot.decimal()),
            Cell::maybe(one.expiry(), Cell::Time),
            Cell::Decimal(state.market.quote(id).mark.decimal()),
            Cell::Decimal(state.market.open_interest(id).unwrap_or_default().decimal()),
        ])?;
    }
    Ok(())
}

fn positions(state: &State, _: Screen, take: &mut Take<'_>) -> Result<(), Failure> {
    for account in &state.accounts {
        let own = account.isolated.iter().map(|own| (&own.holding, Some(own.margin)));
        for (held, margin) in account.shared.iter().map(|held| (held, None)).chain(own) {
            take(position(state, account, held, margin).map_err(|_| {
                let one = state.market.instruments.get(held.instrument);
                let name = &account.name;
                Failure::input(format!("{name}: the value of {one} does not fit in 38 digits"))
            })?)?;
        }
    }
    Ok(())
}

fn position(
    state: &State,
    account: &Account,
    held: &Holding,
    margin: Option<Money>,
) -> Result<Row, Overflow> {
    let one: &Instrument = state.market.instruments.get(held.instrument);
    let mark = state.market.quote(held.instrument).mark;
    let unrealised = position::value(one, held.quantity, mark)?.minus(held.cost)?;
    Ok(vec![
        Cell::text(&account.name),
        Cell::text(one),
        Cell::Decimal(held.quantity.decimal()),
        Cell::maybe(position::entry(one, held)?, |price| Cell::Decimal(price.decimal())),
        Cell::Decimal(mark.decimal()),
        Cell::text(&one.settle),
        Cell::Decimal(held.cost.decimal()),
        Cell::Decimal(unrealised.decimal()),
        Cell::Flag(margin.is_some()),
        Cell::maybe(margin, |margin| Cell::Decimal(margin.decimal())),
    ])
}

/// A pool a row; where the margin of an account cannot be computed, one row that says why.
fn margins(state: &State, screen: Screen, take: &mut Take<'_>) -> Result<(), Failure> {
    let bar = screen.count(state.accounts.len() as u64, "{pos} of {len} accounts");
    for (index, account) in state.accounts.iter().enumerate() {
        bar.inc(1);
        if account.closed {
            continue;
        }
        let name = || Cell::text(&account.name);
        let pools = match state.standings(AccountId::new(index)) {
            Ok(pools) => pools,
            Err(problem) => {
                let mut row = vec![Cell::Absent; MARGINS.columns.len()];
                row[0] = name();
                row[MARGINS.columns.len() - 1] = Cell::text(problem);
                take(row)?;
                continue;
            }
        };
        for pool in pools {
            take(vec![
                name(),
                Cell::text(&pool.pool),
                Cell::text(&pool.currency),
                Cell::Decimal(pool.equity.decimal()),
                Cell::Decimal(pool.initial.decimal()),
                Cell::Decimal(pool.maintenance.decimal()),
                Cell::maybe(pool.mm_used(), |used| Cell::Decimal(used.decimal())),
                Cell::Absent,
            ])?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}
