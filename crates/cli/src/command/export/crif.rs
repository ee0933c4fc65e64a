//! `export crif`: the sensitivities of a book, as a model makes them.

use crate::arguments::InputArgs;
use crate::failure::Failure;
use crate::inputs;
use crate::output::Answer;
use crate::screen::Screen;
use clap::Args;
use keelmark_book::{Asset, Portfolio};
use keelmark_margin::sensitivities_of;
use keelmark_venues::crif;

/// Arguments of `export crif`.
#[derive(Args, Debug)]
pub struct CrifArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Model whose charge of kind `sensitivities` makes them: a name, or the path of a .toml file
    #[arg(long, value_name = "MODEL", default_value = "sensitivities-crypto")]
    model: String,
}

/// Runs `export crif`.
pub fn run(arguments: &CrifArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let document = crate::models::named(&arguments.model)?;
    if inputs.market.currency != Asset::usd() {
        let currency = &inputs.market.currency;
        return Err(Failure::input(format!("expected prices in USD, found {currency}")));
    }
    let mut accounts = Vec::new();
    for account in &inputs.accounts {
        let mut out = Portfolio::new(&account.account);
        out.sensitivities = sensitivities_of(&document, &inputs.market, account)
            .map_err(|error| Failure::margin(&account.account, &document.name, &error))?;
        if out.sensitivities.is_empty() {
            screen.note(&format!("account {} has no sensitivities", account.account));
        }
        accounts.push(out);
    }
    Ok(crif::write(&accounts)?.into())
}
