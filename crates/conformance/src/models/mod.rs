//! One mapping per model name: a case's inputs to the public API, and its answer back.
//!
//! A mapping names documents, contracts and amounts; the formulas are in `models/*.toml` and in the
//! crates. To add one, write a function and give it a line in [`MODELS`].

mod auctions;
mod binance;
mod bybit;
mod deleveraging;
mod deribit_account;
mod deribit_legacy;
mod deribit_pm;
mod deribit_sm;
mod derive;
mod derive_pmrm1;
mod derive_pmrm2;
mod derive_srm;
mod drift_closeout;
mod dydx;
mod game;
mod health;
pub mod history;
mod lending;
mod liquidation;
mod okx;
mod options;
mod paradex;
mod pool_perps;
mod pricing;
mod scenarios;
mod sensitivities;
mod span;
mod span_file;
mod span_full;
mod tail_fits;
mod tail_measures;
mod tail_rolling;
mod tail_series;
mod tail_tests;
mod tiers;

use crate::inputs::{Answer, Inputs};

type Mapping = fn(Inputs<'_>) -> Answer;

/// Every model name that is answered.
pub const MODELS: &[(&str, Mapping)] = &[
    ("aave-v3-health-factor", lending::health_factor),
    ("aave-v3-seize", lending::seized),
    ("aave-v3.3-close-factor", lending::close_factor),
    ("adl_by_coin_totals", history::coins),
    ("adl_capped_pro_rata", deleveraging::capped),
    ("adl_contract_pro_rata", deleveraging::whole_contracts),
    ("adl_feasibility", deleveraging::feasibility),
    ("adl_horizon", history::horizons),
    ("adl_policy_overshoot", history::policies),
    ("adl_pro_rata", deleveraging::pro_rata),
    ("adl_queue", deleveraging::queue),
    ("adl_queue_totals", history::queue),
    ("adl_rank_binance", deleveraging::rank_binance),
    ("adl_rank_bitmex_poloniex", deleveraging::rank_bitmex),
    ("adl_rank_bybit", deleveraging::rank_bybit),
    ("adl_rank_hyperliquid", deleveraging::rank_hyperliquid),
    ("adl_rank_okx", deleveraging::rank_okx),
    ("adl_rap_shares", deleveraging::risk_shares),
    ("adl_risk_aware_pro_rata", deleveraging::risk_aware),
    ("adl_wave_totals", history::waves),
    ("all_pay_priority_auction", game::race),
    ("apc_buffer25", tail_rolling::buffered),
    ("apc_floor10y", tail_rolling::floored),
    ("apc_stress25", tail_rolling::stressed),
    ("bankruptcy_and_liquidation_price", auctions::prices),
    ("bankruptcy_price_inverse_long", auctions::inverse_bankruptcy),
    ("basel_traffic_light", tail_tests::light),
    ("binance.bracket.cum", tiers::cum),
    ("binance.coinm.initial_margin", binance::coin_initial),
    ("binance.coinm.position", binance::coin_position),
    ("binance.unimmr.parts", binance::unified_parts),
    ("binance.unimmr.status", binance::unified_status),
    ("binance.usdm.cross", binance::cross),
    ("binance.usdm.liquidation_price", liquidation::bracketed),
    ("binance.usdm.maintenance_margin", tiers::brackets),
    ("bit.pm.scenario", scenarios::thirty_three),
    ("black76.greeks", pricing::greeks),
    ("black76.inverse_mark", pricing::inverse_mark),
    ("black76.linear_mark", pricing::linear_mark),
    ("book_depth_window", history::depth),
    ("bybit.linear.maintenance_margin", tiers::maintenance),
    ("bybit.linear.tiered", bybit::tiered),
    ("bybit.option.buy_cost", bybit::buy_cost),
    ("bybit.option.mm", bybit::option_maintenance),
    ("bybit.risk_limit.deduction", tiers::deductions),
    ("bybit.uta.account", bybit::account),
    ("bybit.uta.collateral", bybit::collateral),
    ("christoffersen_cc", tail_tests::conditional),
    ("christoffersen_ind", tail_tests::independence),
    ("close_to_target_ratio", auctions::close_to_target),
    ("concentration_addon", tail_tests::concentration),
    ("coverage_from_hits", tail_tests::from_hits),
    ("crash_window", tail_measures::crash),
    ("cross_venue_dislocation", history::dislocation),
    ("deribit.account.cross_fields", deribit_account::cross_fields),
    ("deribit.account.cross_pm", deribit_account::cross_pm),
    ("deribit.account.segregated_sm", deribit_account::segregated_sm),
    ("deribit.inverse_option.settlement", options::settlement),
    ("deribit.pm.extended_dampener", deribit_pm::dampener),
    ("deribit.pm.extended_weight", deribit_pm::weight),
    ("deribit.pm.legacy.contingency", deribit_legacy::contingency),
    ("deribit.pm.legacy.vol_shock", deribit_legacy::vol_shock),
    ("deribit.pm.margin", deribit_pm::margin),
    ("deribit.pm.risk_vectors.inverse_future", deribit_pm::vectors),
    ("deribit.sm.inverse_future", deribit_sm::inverse),
    ("deribit.sm.linear_future", deribit_sm::linear),
    ("deribit.xpm.haircut", deribit_account::haircut),
    ("deribit.xpm.mm_factor", deribit_account::mm_factor),
    ("deribit_style.option_sm.linear", options::standard_linear),
    ("derive-dutch-auction-discount", auctions::share_of_worth),
    ("derive-dutch-auction-insolvent", auctions::insolvent),
    ("derive-dutch-auction-solvent", auctions::solvent),
    ("derive-pmrm1", derive_pmrm1::margin),
    ("derive-pmrm2", derive_pmrm2::margin),
    ("derive-srm", derive_srm::margin),
    ("derive_solvent_dutch_auction", auctions::two_speeds),
    ("dislocation_duration", history::duration),
    ("drift-account-spot-orders", drift_closeout::account_with_orders),
    ("drift-asset-for-liability", drift_closeout::asset_taken),
    ("drift-asset-weight", drift_closeout::asset_weight),
    ("drift-liability-implied-by-asset", drift_closeout::liability_paid),
    ("drift-liability-weight", drift_closeout::liability_weight),
    ("drift-liquidation-fee", drift_closeout::rising_fee),
    ("drift-max-pct-to-liquidate", drift_closeout::share_to_close),
    ("drift-perp-base-to-cover-shortage", drift_closeout::base_to_cover),
    ("drift-perp-insurance-fee", drift_closeout::perpetual_fee),
    ("drift-perp-social-loss", drift_closeout::perpetual_loss),
    ("drift-scaled-initial-asset-weight", drift_closeout::weight_by_deposits),
    ("drift-spot-insurance-fee", drift_closeout::borrow_fee),
    ("drift-spot-liability-to-cover-shortage", drift_closeout::liability_to_cover),
    ("drift-spot-social-loss", drift_closeout::deposit_loss),
    ("dydx-v4-bankruptcy-price", dydx::bankruptcy_price),
    ("dydx-v4-fillable-price", dydx::fillable_price),
    ("dydx-v4-funding-clamp", dydx::funding_clamp),
    ("dydx-v4-imr", dydx::initial),
    ("dydx-v4-insurance-delta", dydx::insurance_bears),
    ("dydx-v4-insurance-fund-delta", dydx::insurance_delta),
    ("dydx-v4-liquidatable", dydx::liquidatable),
    ("dydx-v4-mmf", dydx::maintenance_fraction),
    ("dydx-v4-oimf", dydx::scaled_fraction),
    ("dydx-v4-position-margin", dydx::position),
    ("dydx-v4-risk-order", dydx::risk_order),
    ("euler_reverse_dutch_discount", auctions::by_health),
    ("evt_gpd_formula", tail_fits::tail_formula),
    ("evt_gpd_pot", tail_fits::percent_tail),
    ("ewma_vol", tail_measures::volatility),
    ("execution_price_and_shortfall", auctions::execution),
    ("fixed_spread_optimal_strategy", auctions::two_steps),
    ("garch11_t_mle", tail_fits::garch_t),
    ("garch_fit", tail_fits::garch),
    ("generic.cross_liquidation", liquidation::generic),
    ("gpd_pot", tail_fits::both_tails),
    ("haircut.linear", options::haircut),
    ("hill_tail_index", tail_fits::index),
    ("historical_var_es", tail_measures::by_level),
    ("hs_var_es", tail_measures::historical),
    ("hyperliquid-borrow-rate", lending::borrow_rate),
    ("hyperliquid-maintenance-margin", pool_perps::tiered_by_leverage),
    ("hyperliquid-pm-borrowable", lending::borrowable),
    ("insurance_fund_newsvendor", game::fund),
    ("insurance_fund_update", auctions::fund_update),
    ("keeper_entry_equilibrium", game::entry),
    ("kupiec_pof", tail_tests::kupiec),
    ("kupiec_region", tail_tests::region),
    ("liquidation_fee", auctions::fee),
    ("liquidation_timeline", history::timeline),
    ("liquity_product_sum", auctions::product_sum),
    ("maker_clipper_take", auctions::take),
    ("maker_keeper_incentive", auctions::keeper_incentive),
    ("maker_linear_decrease", auctions::line),
    ("maker_stairstep_exponential", auctions::stairs),
    ("mango-v4-health", health::tokens_and_perps),
    ("mango-v4-health-skip", health::skipped),
    ("mango-v4-maint-weight-shift", health::shifted_weights),
    ("mango-v4-net-borrows", health::net_borrows),
    ("margin_procyclicality", tail_rolling::procyclicality),
    ("morpho-health", lending::isolated_health),
    ("morpho-liquidation-incentive", lending::incentive),
    ("morpho_liquidation_incentive_factor", auctions::incentive_factor),
    ("mpor_scaling", tail_tests::period),
    ("okx.inverse_swap.position", okx::inverse),
    ("okx.multi_currency.position", okx::linear),
    ("okx.pm.account", okx::account),
    ("okx.pm.mr7_scaling", okx::scaling),
    ("okx.pm.risk_unit", okx::risk_unit),
    ("okx.pm.spot_derivatives_offset", okx::offset),
    ("optimal_liquidation_bonus", game::bonus),
    ("option.otm_amount", options::otm_amount),
    ("option.premium", options::premium),
    ("paradex-cross-net-imr", paradex::open_orders),
    ("paradex-min-delta", paradex::minimum_delta),
    ("paradex-partial-liquidation", paradex::partial_liquidation),
    ("paradex-vol-multiplier", paradex::vol_multiplier),
    ("parametric", tail_fits::by_law),
    ("partial_close_linear_impact", auctions::partial_close),
    ("queue_vs_pro_rata_top_winner", deleveraging::top_winner),
    ("return_moments", tail_measures::moments),
    ("rolling_backtest", tail_rolling::backtest),
    ("rolling_crypto", tail_rolling::backtest),
    ("sensitivities_based", sensitivities::margin),
    ("span2_blend", tail_tests::blend),
    ("span_full", span_full::full),
    ("span_pa2_record", span_file::record),
    ("span_requirement", span::requirement),
    ("span_risk_array", span::risk_array),
    ("span_xml_file", span_file::xml),
    ("synthetix-v3-fill-price", pool_perps::fill_price),
    ("synthetix-v3-perps-margin", pool_perps::margins),
    ("toxic_liquidation_spiral", auctions::spiral),
    ("toxicity_with_slippage", auctions::toxicity),
    ("var_backtest", tail_rolling::value_at_risk),
    ("vertex-nado-health", health::spread),
    ("wave_concentration", history::concentration),
];

/// The mapping of a model name.
#[must_use]
pub fn of(model: &str) -> Option<Mapping> {
    MODELS.iter().find(|(name, _)| *name == model).map(|(_, mapping)| *mapping)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_stand_once() {
        assert!(MODELS.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
