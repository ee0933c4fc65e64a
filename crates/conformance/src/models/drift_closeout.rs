//! Close-outs of accounts with weights, in a protocol's own integers.

use crate::inputs::{Answer, Inputs, Problem};
use crate::json::Json;
use keelmark_margin::Document;
use keelmark_margin::closeout::insurance_fee::{BorrowFee, PerpetualFee};
use keelmark_margin::closeout::shortage::{BorrowShortage, Cover, PerpetualShortage};
use keelmark_margin::closeout::transfer::{self, Side};
use keelmark_margin::closeout::{
    CloseoutError, Integer, Places, inactivity, pace, rules, size_weight, social_loss, spot_orders,
};

const DOCUMENT: &str = "drift-v2";

fn protocol() -> Result<(Document, Places), Problem> {
    let document = Document::named(DOCUMENT)?;
    let places = Places::of(&document)?;
    Ok((document, places))
}

/// `drift-perp-base-to-cover-shortage`.
pub fn base_to_cover(inputs: Inputs<'_>) -> Answer {
    let places = protocol()?.1;
    let found = PerpetualShortage {
        shortage: inputs.integer("margin_shortage")?,
        margin_ratio: inputs.integer("margin_ratio")?,
        liquidator_fee: inputs.integer("liquidator_fee")?,
        insurance_fee: inputs.integer("if_fee")?,
        oracle_price: inputs.integer("oracle_price")?,
        quote_price: inputs.integer("quote_price")?,
    }
    .cover(&places)?;
    Ok(Json::object([("base_amount", covering(found, u64::MAX.into()))]))
}

/// `drift-spot-liability-to-cover-shortage`.
pub fn liability_to_cover(inputs: Inputs<'_>) -> Answer {
    let places = protocol()?.1;
    let found = BorrowShortage {
        shortage: inputs.integer("margin_shortage")?,
        asset_weight: inputs.integer("asset_weight")?,
        asset_multiplier: inputs.integer("asset_liq_multiplier")?,
        liability_weight: inputs.integer("liability_weight")?,
        liability_multiplier: inputs.integer("liability_liq_multiplier")?,
        liability_decimals: inputs.small("liability_decimals")?,
        liability_price: inputs.integer("liability_price")?,
        insurance_fee: inputs.integer("if_fee")?,
    }
    .cover(&places)?;
    Ok(Json::object([("liability_amount", covering(found, u128::MAX.into()))]))
}

/// `drift-liability-implied-by-asset`.
pub fn liability_paid(inputs: Inputs<'_>) -> Answer {
    let (asset, liability) = (side(inputs, "asset")?, side(inputs, "liability")?);
    let found = transfer::liability_paid_by(&asset, &liability)?;
    Ok(Json::object([("liability_amount", found.into())]))
}

/// `drift-asset-for-liability`.
pub fn asset_taken(inputs: Inputs<'_>) -> Answer {
    let places = protocol()?.1;
    let (asset, liability) = (side(inputs, "asset")?, side(inputs, "liability")?);
    let found = transfer::asset_taken_for(&asset, &liability, &places)?;
    Ok(Json::object([("asset_amount", found.into())]))
}

/// `drift-perp-insurance-fee`.
pub fn perpetual_fee(inputs: Inputs<'_>) -> Answer {
    let (document, places) = protocol()?;
    let found = PerpetualFee {
        shortage: inputs.integer("margin_shortage")?,
        base: inputs.integer("base_amount")?,
        margin_ratio: inputs.integer("margin_ratio")?,
        liquidator_fee: inputs.integer("liquidator_fee")?,
        oracle_price: inputs.integer("oracle_price")?,
        quote_price: inputs.integer("quote_price")?,
        most: inputs.integer("max_if_fee")?,
        takes: rules::parts(&document, "insurance_fee_takes")?,
    }
    .fee(&places)?;
    Ok(Json::object([("fee", found.into())]))
}

/// `drift-spot-insurance-fee`.
pub fn borrow_fee(inputs: Inputs<'_>) -> Answer {
    let places = protocol()?.1;
    let found = BorrowFee {
        shortage: inputs.integer("margin_shortage")?,
        amount: inputs.integer("token_amount")?,
        asset_weight: inputs.integer("asset_weight")?,
        asset_multiplier: inputs.integer("asset_liq_multiplier")?,
        liability_weight: inputs.integer("liability_weight")?,
        liability_multiplier: inputs.integer("liability_liq_multiplier")?,
        liability_decimals: inputs.small("liability_decimals")?,
        liability_price: inputs.integer("liability_price")?,
        most: inputs.integer("max_if_fee")?,
    }
    .fee(&places)?;
    Ok(Json::object([("fee", found.into())]))
}

/// `drift-liquidation-fee`.
pub fn rising_fee(inputs: Inputs<'_>) -> Answer {
    let found = inactivity::RisingFee {
        base: inputs.integer("base_fee")?,
        most: inputs.integer("max_fee")?,
        grace: inputs.integer("grace_slots")?,
        per_slot: inputs.integer("increase_per_slot")?,
    }
    .after(&inputs.integer("slots_elapsed")?)?;
    Ok(Json::object([("fee", found.into())]))
}

/// `drift-asset-weight`.
pub fn asset_weight(inputs: Inputs<'_>) -> Answer {
    let (document, places) = protocol()?;
    let (amount, decimals) = (inputs.integer("token_amount")?, inputs.small("decimals")?);
    let weight = inputs.integer("base_weight")?;
    let found = size_scale(inputs, &document)?.asset(&amount, decimals, &weight, &places)?;
    Ok(Json::object([("weight", found.into())]))
}

/// `drift-liability-weight`.
pub fn liability_weight(inputs: Inputs<'_>) -> Answer {
    let (document, places) = protocol()?;
    let (amount, decimals) = (inputs.integer("token_amount")?, inputs.small("decimals")?);
    let weight = inputs.integer("base_weight")?;
    let found = size_scale(inputs, &document)?.liability(&amount, decimals, &weight, &places)?;
    Ok(Json::object([("weight", found.into())]))
}

/// `drift-scaled-initial-asset-weight`: whole tokens and dollars.
pub fn weight_by_deposits(inputs: Inputs<'_>) -> Answer {
    const TOKEN: u32 = 18;
    let places = protocol()?.1;
    let found = size_weight::by_deposits(
        &inputs.integer("initial_asset_weight")?,
        &inputs.quanta("deposit_tokens", -(TOKEN as i32))?,
        TOKEN,
        &inputs.quanta("oracle_price", -(places.price as i32))?,
        &inputs.quanta("scale_start_usd", -(places.quote as i32))?,
        &places,
    )?;
    Ok(Json::object([("weight", found.into())]))
}

/// `drift-perp-social-loss`.
pub fn perpetual_loss(inputs: Inputs<'_>) -> Answer {
    let places = protocol()?.1;
    let found = social_loss::funding_index(
        &inputs.integer("loss")?,
        &inputs.integer("long_base")?,
        &inputs.integer("short_base")?,
        &places,
    );
    match found {
        Ok(delta) => Ok(Json::object([("cumulative_funding_delta", delta.into())])),
        Err(error @ CloseoutError::NoOpenInterest) => {
            Ok(Json::object([("error", error.to_string().as_str().into())]))
        }
        Err(error) => Err(error.into()),
    }
}

/// `drift-spot-social-loss`.
pub fn deposit_loss(inputs: Inputs<'_>) -> Answer {
    let found = social_loss::deposit_index(
        &inputs.integer("borrow_loss")?,
        &inputs.integer("deposit_tokens")?,
        &inputs.integer("cumulative_deposit_interest")?,
    )?;
    Ok(Json::object([("interest_index_delta", found.into())]))
}

/// `drift-max-pct-to-liquidate`.
pub fn share_to_close(inputs: Inputs<'_>) -> Answer {
    let (document, places) = protocol()?;
    let pace = pace::Pace {
        initial: inputs.integer("initial_pct")?,
        duration: inputs.integer("duration_slots")?,
        tiny: rules::quanta(&document, "tiny_shortage", places.quote)?,
    };
    let found = pace.share(
        &inputs.integer("margin_shortage")?,
        &inputs.integer("already_freed")?,
        &inputs.integer("slots_since_active")?,
        &places,
    )?;
    Ok(Json::object([("pct", found.into())]))
}

/// `drift-account-spot-orders`: whole tokens and dollars.
pub fn account_with_orders(inputs: Inputs<'_>) -> Answer {
    let places = protocol()?.1;
    let (token, quote) = (-(places.base as i32), -(places.quote as i32));
    let weight = |name: &str| inputs.quanta(name, -(places.weight as i32));
    let found = spot_orders::SpotOrders {
        quote: inputs.quanta("usdc_deposit", quote)?,
        quote_weight: weight("usdc_weight")?,
        balance: inputs.quanta("sol_balance", token)?,
        bids: inputs.quanta("sol_open_bids", token)?,
        asks: inputs.quanta("sol_open_asks", token)?,
        decimals: places.base,
        price: inputs.quanta("sol_price", -(places.price as i32))?,
        asset_weight: weight("sol_initial_asset_weight")?,
        liability_weight: weight("sol_initial_liability_weight")?,
        order_charge: inputs.quanta("open_order_charge", quote)?,
        open_orders: inputs.integer("open_orders")?,
    }
    .collateral(&places)?;
    Ok(Json::object([
        ("margin_requirement", found.requirement.into()),
        ("total_collateral", found.total.into()),
    ]))
}

/// The protocol writes no limit as the largest number of its type.
fn covering(cover: Cover, no_limit: Integer) -> Json {
    match cover {
        Cover::Amount(amount) => amount.into(),
        Cover::Unlimited => no_limit.into(),
    }
}

fn side(inputs: Inputs<'_>, which: &str) -> Result<Side, Problem> {
    Ok(Side {
        amount: inputs.integer_or(&format!("{which}_amount"), 0)?,
        multiplier: inputs.integer(&format!("{which}_liq_multiplier"))?,
        decimals: inputs.small(&format!("{which}_decimals"))?,
        price: inputs.integer(&format!("{which}_price"))?,
    })
}

fn size_scale(inputs: Inputs<'_>, document: &Document) -> Result<size_weight::SizeScale, Problem> {
    Ok(size_weight::SizeScale::of(document, inputs.integer("imf_factor")?)?)
}
