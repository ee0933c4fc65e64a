//! Standard margin of one future or perpetual.

use crate::desk::{Contract, Desk, document};
use crate::inputs::{Answer, Inputs, Problem};
use crate::json::Json;
use keelmark_book::{Money, Price, Quantity, Round, profit};
use keelmark_margin::Document;

const DOCUMENT: &str = "deribit-sm";
/// The base of contracts for which the case's name does not matter.
const BASE: &str = "BTC";

/// `deribit.sm.linear_future`.
pub fn linear(inputs: Inputs<'_>) -> Answer {
    let document = rates(inputs, &[])?;
    let index = inputs.number("index_price")?;
    let mut desk = Desk::new();
    let id = desk.hold(Contract::linear(BASE, index)?, inputs.number("size_base")?, None)?;
    let pool = desk.pool(&document)?;
    let instrument = desk.market.instruments.get(id);
    let quantity = desk.account.positions[0].quantity;
    let notional = profit::notional(instrument, quantity, Price::new(index), Round::Nearest)?;
    margins(pool.level("initial"), pool.level("maintenance"), notional)
}

/// `deribit.sm.inverse_future`: in coin, a dollar a contract.
pub fn inverse(inputs: Inputs<'_>) -> Answer {
    // Each coin on its own and counted in itself, as the position reply is.
    let apart = [("pool.by", "settlement".to_owned()), ("pool.currency", "settlement".to_owned())];
    let document = rates(inputs, &apart)?;
    let mark = inputs.number("mark_price")?;
    let (face, contracts) = match inputs.number_if_any("size_usd")? {
        Some(usd) => (keelmark_book::Decimal::ONE, usd),
        None => (mark, inputs.number("size_currency")?),
    };
    let mut desk = Desk::new();
    let id = desk.hold(Contract::inverse(BASE, face, mark)?, contracts, None)?;
    let pool = desk.pool(&document)?;
    let instrument = desk.market.instruments.get(id);
    let quantity = Quantity::new(contracts);
    let size = instrument.base_size(quantity, Price::new(mark))?;
    let coins = Money::new(size.decimal().abs());
    let since = |name: &str| -> Result<Option<Money>, Problem> {
        let Some(entry) = inputs.number_if_any(name)? else { return Ok(None) };
        let (entry, mark) = (Price::new(entry), Price::new(mark));
        Ok(Some(profit::profit(instrument, quantity, entry, mark, Round::Nearest)?))
    };
    let mut answer = margins(pool.level("initial"), pool.level("maintenance"), coins)?;
    if let Json::Object(fields) = &mut answer {
        let more = [
            ("size_currency", size.into()),
            ("delta", size.into()),
            ("total_profit_loss", since("average_price")?.into()),
            ("floating_profit_loss", since("settlement_price")?.into()),
        ];
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(answer)
}

fn rates(inputs: Inputs<'_>, more: &[(&str, String)]) -> Result<Document, Problem> {
    let mut changes = more.to_vec();
    for (input, path) in [
        ("im_base", "params.im_base"),
        ("mm_base", "params.mm_base"),
        ("increment_per_base_unit", "params.step"),
    ] {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    document(DOCUMENT, &changes)
}

/// Margins, their shares of a notional, and the whole leverage that the first of them allows.
fn margins(initial: Money, maintenance: Money, notional: Money) -> Answer {
    let rate = initial.ratio(notional, Round::Nearest)?;
    Ok(Json::object([
        ("initial_margin", initial.into()),
        ("maintenance_margin", maintenance.into()),
        ("im_rate", rate.into()),
        ("mm_rate", maintenance.ratio(notional, Round::Nearest)?.into()),
        ("leverage", profit::leverage(rate.decimal())?.into()),
    ]))
}
