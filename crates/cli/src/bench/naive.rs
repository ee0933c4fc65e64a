//! What a newcomer writes: the standard library's `ln` and `exp`, `erfc` for the normal tail, a
//! branch on the kind of option, one option at a time. The denominators of the pricing benches.

use super::data::Chain;
use keelmark_kernels::Contract;
use std::f64::consts::FRAC_1_SQRT_2;

fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Price, delta, gamma and vega of every option, four numbers each.
pub fn greeks(chain: &Chain, out: &mut [f64]) {
    for (i, out) in out.chunks_exact_mut(4).enumerate() {
        let (f, k, t, v) = (chain.forward[i], chain.strike[i], chain.years[i], chain.vol[i]);
        let df = chain.discount[i];
        let sd = v * t.sqrt();
        let d1 = (f / k).ln() / sd + 0.5 * sd;
        let d2 = d1 - sd;
        let density = (-0.5 * d1 * d1).exp() * 0.398_942_280_401_432_7;
        if chain.call[i] > 0.5 {
            out[0] = df * (f * cdf(d1) - k * cdf(d2));
            out[1] = df * cdf(d1);
        } else {
            out[0] = df * (k * cdf(-d2) - f * cdf(-d1));
            out[1] = -df * cdf(-d1);
        }
        out[2] = df * density / (f * sd);
        out[3] = df * f * density * t.sqrt();
    }
}

/// Price of one option after a move.
pub fn price(contract: &Contract, factor: f64, vol: f64) -> f64 {
    let (f, k) = (contract.forward * factor, contract.strike);
    let sd = vol * contract.years.sqrt();
    let d1 = (f / k).ln() / sd + 0.5 * sd;
    let d2 = d1 - sd;
    if contract.call > 0.5 {
        contract.discount * (f * cdf(d1) - k * cdf(d2))
    } else {
        contract.discount * (k * cdf(-d2) - f * cdf(-d1))
    }
}
