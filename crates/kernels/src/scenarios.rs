//! One option over many scenarios, and its profit and loss as exact integers.
//!
//! The risk table holds one row per instrument with scenarios contiguous, so the lanes here are
//! scenarios. What scenarios share is computed once per option: ln(F/K), to which the logarithm of
//! the forward's factor is added, and sqrt(T). A risk array is built by [`revalue_many`] and then
//! [`quantise_many`]. Call both for some 64 options at a time: the prices between them then stay in
//! the first-level cache, and a dispatch costs nothing any more.
//!
//! Two scenarios with factor 1 (and ln factor 0) and equal volatility have the same bits in every
//! call, so a base scenario minus the base value is exactly 0.
use crate::black76::{ln_forward_over_strike, price, root};
use crate::normal::MAGIC;
use crate::width::{Width, by_width};

/// [`quantise`] is valid while every |scale * value - base| is below this, 2^51.
pub const QUANTISE_LIMIT: f64 = 2_251_799_813_685_248.0;

/// Contracts whose logarithms and roots are taken together.
const BLOCK: usize = 64;

/// What scenarios leave alone in one option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contract {
    /// Forward price before shocks, in quote currency.
    pub forward: f64,
    /// Strike, in quote currency.
    pub strike: f64,
    /// Years to expiry at the scenarios' horizon.
    pub years: f64,
    /// Discount factor to expiry.
    pub discount: f64,
    /// 1.0 for a call, 0.0 for a put.
    pub call: f64,
}

/// `out[s]` = Black-76 price with `forward * factor[s]` and `vol[s]`, in quote currency.
///
/// `ln_factor[s]` is [`ln`](crate::normal::ln)`(factor[s])`, computed once per scan by the caller.
/// Zero or negative years or vol give the intrinsic value; NaN gives NaN.
///
/// # Panics
/// If the four slices differ in length or this machine lacks `width`.
pub fn revalue(
    width: Width,
    contract: &Contract,
    factor: &[f64],
    ln_factor: &[f64],
    vol: &[f64],
    out: &mut [f64],
) {
    revalue_many(width, std::slice::from_ref(contract), factor, ln_factor, vol, out);
}

/// [`revalue`] for every contract: `vol` and `out` hold one row of `factor.len()` per contract.
///
/// # Panics
/// If `ln_factor` is not as long as `factor`, `vol` or `out` not `contracts.len()` times as long,
/// or this machine lacks `width`.
pub fn revalue_many(
    width: Width,
    contracts: &[Contract],
    factor: &[f64],
    ln_factor: &[f64],
    vol: &[f64],
    out: &mut [f64],
) {
    let (n, cells) = (factor.len(), contracts.len() * factor.len());
    assert!(ln_factor.len() == n, "{n} factors, but {} of their logarithms", ln_factor.len());
    assert!(vol.len() == cells, "{cells} scenarios, but {} volatilities", vol.len());
    assert!(out.len() == cells, "{cells} scenarios, but room for {}", out.len());
    if n > 0 {
        revalue_rows(width, contracts, factor, ln_factor, vol, out);
    }
}

/// `out[s]` = `scale[s] * value[s] - base[s]` (one rounding) to the nearest integer, ties to even.
///
/// Returns the largest |`scale * value - base`|, NaN if any is NaN. The integers are right if and
/// only if that is below [`QUANTISE_LIMIT`]; otherwise `out` holds no meaning and must be dropped.
///
/// # Panics
/// If the slices differ in length or this machine lacks `width`.
#[must_use = "the integers hold only if the returned peak is below QUANTISE_LIMIT"]
pub fn quantise(width: Width, value: &[f64], scale: &[f64], base: &[f64], out: &mut [i64]) -> f64 {
    let n = value.len();
    let lengths = [scale.len(), base.len(), out.len()];
    assert!(lengths == [n; 3], "{n} values, but scales, bases and room for {lengths:?}");
    quantise_row(width, value, scale, base, out)
}

/// [`quantise`] for rows of `scale.len()`: the scale is shared, `base` has one number per row.
///
/// # Panics
/// If `value` or `out` is not `base.len() * scale.len()` long or this machine lacks `width`.
#[must_use = "the integers hold only if the returned peak is below QUANTISE_LIMIT"]
pub fn quantise_many(
    width: Width,
    value: &[f64],
    scale: &[f64],
    base: &[f64],
    out: &mut [i64],
) -> f64 {
    let cells = base.len() * scale.len();
    assert!(value.len() == cells, "{cells} cells, but {} values", value.len());
    assert!(out.len() == cells, "{cells} cells, but room for {}", out.len());
    if cells == 0 {
        return 0.0;
    }
    quantise_rows(width, value, scale, base, out)
}

by_width! {
    fn revalue_rows(
        contracts: &[Contract],
        factor: &[f64],
        ln_factor: &[f64],
        vol: &[f64],
        out: &mut [f64],
    ) = revalue_rows_body
}
by_width! {
    fn quantise_row(value: &[f64], scale: &[f64], base: &[f64], out: &mut [i64]) -> f64
        = quantise_row_body
}
by_width! {
    fn quantise_rows(value: &[f64], scale: &[f64], base: &[f64], out: &mut [i64]) -> f64
        = quantise_rows_body
}

#[inline(always)]
fn revalue_rows_body(
    contracts: &[Contract],
    factor: &[f64],
    ln_factor: &[f64],
    vol: &[f64],
    out: &mut [f64],
) {
    let n = factor.len();
    let (mut moneyness, mut half_root) = ([0.0; BLOCK], [0.0; BLOCK]);
    let blocks = vol.chunks(BLOCK * n).zip(out.chunks_mut(BLOCK * n));
    for (contracts, (vol, out)) in contracts.chunks(BLOCK).zip(blocks) {
        // Logarithms and roots of a block first: their latency would stall every row.
        let shared = moneyness.iter_mut().zip(&mut half_root);
        for (c, (moneyness, half_root)) in contracts.iter().zip(shared) {
            *moneyness = ln_forward_over_strike(c.forward, c.strike).0;
            *half_root = 0.5 * root(c.years);
        }
        let rows = vol.chunks_exact(n).zip(out.chunks_exact_mut(n));
        for (i, (c, (vol, out))) in contracts.iter().zip(rows).enumerate() {
            let shared = (moneyness[i], half_root[i]);
            revalue_row(c, shared, factor, ln_factor, vol, out);
        }
    }
}

#[inline(always)]
fn revalue_row(
    c: &Contract,
    (moneyness, half_root): (f64, f64),
    factor: &[f64],
    ln_factor: &[f64],
    vol: &[f64],
    out: &mut [f64],
) {
    let n = factor.len();
    let (ln_factor, vol, out) = (&ln_factor[..n], &vol[..n], &mut out[..n]);
    for s in 0..n {
        out[s] = price(
            c.forward * factor[s],
            c.strike,
            moneyness + ln_factor[s],
            vol[s] * half_root,
            c.discount,
            c.call,
        );
    }
}

#[inline(always)]
fn quantise_row_body(value: &[f64], scale: &[f64], base: &[f64], out: &mut [i64]) -> f64 {
    let n = value.len();
    let (scale, base, out) = (&scale[..n], &base[..n], &mut out[..n]);
    let mut peak = 0i64;
    for s in 0..n {
        let x = scale[s].mul_add(value[s], -base[s]);
        out[s] = nearest(x);
        peak = peak.max(size(x));
    }
    f64::from_bits(peak as u64)
}

#[inline(always)]
fn quantise_rows_body(value: &[f64], scale: &[f64], base: &[f64], out: &mut [i64]) -> f64 {
    let n = scale.len();
    let mut peak = 0i64;
    let rows = value.chunks_exact(n).zip(out.chunks_exact_mut(n));
    for (&base, (value, out)) in base.iter().zip(rows) {
        let (value, out) = (&value[..n], &mut out[..n]);
        for s in 0..n {
            let x = scale[s].mul_add(value[s], -base);
            out[s] = nearest(x);
            peak = peak.max(size(x));
        }
    }
    f64::from_bits(peak as u64)
}

/// The nearest integer, ties to even, for |x| < 2^51.
#[inline(always)]
fn nearest(x: f64) -> i64 {
    (x + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits()) as i64
}

/// |x| as ordered integers: the bit patterns of finite < infinite < NaN.
#[inline(always)]
fn size(x: f64) -> i64 {
    x.abs().to_bits() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_nearest_ties_to_even() {
        let value = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e15, -1e15, 0.49, -0.51];
        let mut out = [0; 10];
        let peak = quantise(Width::best(), &value, &[1.0; 10], &[0.0; 10], &mut out);
        assert_eq!(out, [0, 2, 2, 0, -2, -2, 1_000_000_000_000_000, -1_000_000_000_000_000, 0, -1]);
        assert_eq!(peak.to_bits(), 1e15f64.to_bits());
    }

    #[test]
    fn limit_is_visible_and_exact() {
        for width in Width::available() {
            let run = |x: f64| {
                let mut out = [0i64; 9];
                let value = [0.0, 1.0, x, 2.0, -3.0, 0.0, 0.0, 0.0, 0.0];
                (quantise(width, &value, &[1.0; 9], &[0.0; 9], &mut out), out[2])
            };
            let below = QUANTISE_LIMIT - 0.25;
            assert_eq!(run(below), (below, QUANTISE_LIMIT as i64));
            assert_eq!(run(-below), (below, -(QUANTISE_LIMIT as i64)));
            assert!(run(f64::NAN).0.is_nan() && run(-f64::NAN).0.is_nan());
            assert!(run(f64::INFINITY).0.is_infinite());
            // The comparison callers write is false for all of them.
            assert!([QUANTISE_LIMIT, -1e300, f64::NAN].iter().all(|&x| {
                let peak = run(x).0;
                peak.is_nan() || peak >= QUANTISE_LIMIT
            }));
        }
    }

    #[test]
    fn base_scenario_is_exactly_the_base_value() {
        let c = Contract { forward: 65_432.1, strike: 7e4, years: 0.08, discount: 0.99, call: 0.0 };
        let factor = [0.8, 1.0, 1.0, 1.3, 1.0];
        let ln_factor = factor.map(crate::normal::ln);
        let mut out = [0.0; 5];
        for width in Width::available() {
            revalue(width, &c, &factor, &ln_factor, &[0.5, 0.6, 0.6, 0.7, 0.8], &mut out);
            let base = crate::price_one(c.forward, c.strike, c.years, 0.6, c.discount, c.call);
            assert_eq!([out[1].to_bits(), out[2].to_bits()], [base.to_bits(); 2]);
            assert!(out[4] > base && out[0] > base && out[3] < base);
        }
    }

    #[test]
    fn empty_batches_are_fine() {
        revalue_many(Width::best(), &[], &[1.0], &[0.0], &[], &mut []);
        let c = Contract { forward: 1.0, strike: 1.0, years: 1.0, discount: 1.0, call: 1.0 };
        revalue(Width::best(), &c, &[], &[], &[], &mut []);
        let peak = quantise_many(Width::best(), &[], &[], &[1.0], &mut []);
        assert_eq!(peak.to_bits(), 0);
    }

    #[test]
    #[should_panic(expected = "2 scenarios, but 1 volatilities")]
    fn unequal_lengths_panic() {
        let c = Contract { forward: 1.0, strike: 1.0, years: 1.0, discount: 1.0, call: 1.0 };
        revalue(Width::best(), &c, &[1.0; 2], &[0.0; 2], &[0.5], &mut [0.0; 2]);
    }
}
