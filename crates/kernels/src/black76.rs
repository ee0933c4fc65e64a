//! Black-76 price, delta, gamma and vega in bulk, branch-free.
//!
//! Every option is priced as its out-of-the-money twin: with lo <= hi the smaller and larger of
//! forward and strike, `twin = lo N(a) - hi N(b)`, `a = -|ln(F/K)|/sd + sd/2`, `b = a - sd`, and
//! `price = discount * (max(±(F - K), 0) + twin)`. Calls and puts share the twin by symmetry, so
//!
//! - parity holds to the last rounding and a price is never below its intrinsic value;
//! - far out-of-the-money values do not drown in the cancellation of two large terms;
//! - `lo phi(a) = hi phi(b)` leaves one exponential, and `b < 0` one selection;
//! - vega and gamma are that same product, scaled.
//!
//! Divisions cost nine multiplications each, so 1/F shares one with the logarithm and the two
//! normal tails share another. Prices of [`greeks`], [`price_one`] and
//! [`revalue`](crate::scenarios::revalue) at factor 1 are the same bits.
//!
//! Input is refused upstream. What happens here anyway: zero or negative `years` or `vol` gives the
//! discounted intrinsic value (within 3e-16 of the forward exactly at the money), vega 0 if it is
//! `years`, and delta a step (gamma exactly at the money is then huge but finite); any NaN gives a
//! NaN price; forwards and strikes that are not normal positive numbers give unspecified values.
//! Nothing panics but unequal lengths.
//!
//! Errors measured in `tests/accuracy.rs`, against 80 digits and an erfc loop over deep wings, five
//! minutes of 1 % to ten years of 2,000 % volatility: price 4e-16 of the larger of forward and
//! strike, delta 3e-16, vega 2e-16 of that same size times sqrt(T), gamma 4e-14 of itself while it
//! is above 1e-20 / F.
use crate::normal::{INV_SQRT_TAU, TAIL_END, exp_negative, ln_join, ln_parts, tail_ratio};
use crate::width::{Width, by_width};

/// Halves of standard deviations below this are taken as this: the price is then the intrinsic
/// value.
const HALF_SD_MIN: f64 = 0.5e-30;

/// Inputs of n options, one slice per quantity, all of length n.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Forward price of the underlying for the option's expiry, in quote currency.
    pub forward: &'a [f64],
    /// Strike, in quote currency.
    pub strike: &'a [f64],
    /// Time to expiry in years.
    pub years: &'a [f64],
    /// Volatility per square root of a year: 0.6 is 60 %.
    pub vol: &'a [f64],
    /// Discount factor to expiry; 1 for undiscounted (and for inverse venues before conversion).
    pub discount: &'a [f64],
    /// 1.0 for a call, 0.0 for a put.
    pub call: &'a [f64],
}

/// Outputs of n options, one slice per quantity, all of length n.
#[derive(Debug)]
pub struct Greeks<'a> {
    /// Value in quote currency.
    pub price: &'a mut [f64],
    /// Change of price per 1 of forward.
    pub delta: &'a mut [f64],
    /// Change of delta per 1 of forward.
    pub gamma: &'a mut [f64],
    /// Change of price per 1.0 of volatility (divide by 100 for a volatility point).
    pub vega: &'a mut [f64],
}

/// Prices and Greeks of a batch with the widest instructions of this machine.
///
/// # Panics
/// If the slices differ in length.
pub fn greeks(options: &Options<'_>, out: &mut Greeks<'_>) {
    greeks_at(Width::best(), options, out);
}

/// [`greeks`] at a given width; the bits do not depend on it.
///
/// # Panics
/// If the slices differ in length or this machine lacks `width`.
pub fn greeks_at(width: Width, options: &Options<'_>, out: &mut Greeks<'_>) {
    let n = options.forward.len();
    let lengths = [
        options.strike.len(),
        options.years.len(),
        options.vol.len(),
        options.discount.len(),
        options.call.len(),
        out.price.len(),
        out.delta.len(),
        out.gamma.len(),
        out.vega.len(),
    ];
    assert!(lengths.iter().all(|&l| l == n), "{n} forwards, but other lengths {lengths:?}");
    batch(width, options, out);
}

/// `[price, delta, gamma, vega]` of one option; same bits and units as [`greeks`].
pub fn greeks_one(
    forward: f64,
    strike: f64,
    years: f64,
    vol: f64,
    discount: f64,
    call: f64,
) -> [f64; 4] {
    one(Width::best(), [forward, strike, years, vol, discount, call])
}

/// Price alone of one option; same bits as [`greeks`].
pub fn price_one(forward: f64, strike: f64, years: f64, vol: f64, discount: f64, call: f64) -> f64 {
    one_price(Width::best(), [forward, strike, years, vol, discount, call])
}

by_width! { fn batch(options: &Options<'_>, out: &mut Greeks<'_>) = batch_body }
by_width! { fn one(option: [f64; 6]) -> [f64; 4] = one_body }
by_width! { fn one_price(option: [f64; 6]) -> f64 = one_price_body }

#[inline(always)]
fn batch_body(options: &Options<'_>, out: &mut Greeks<'_>) {
    // Re-sliced to one length so that no bounds check is left in the loop.
    let n = options.forward.len();
    let (forward, strike) = (&options.forward[..n], &options.strike[..n]);
    let (years, vol) = (&options.years[..n], &options.vol[..n]);
    let (discount, call) = (&options.discount[..n], &options.call[..n]);
    let (price, delta) = (&mut out.price[..n], &mut out.delta[..n]);
    let (gamma, vega) = (&mut out.gamma[..n], &mut out.vega[..n]);
    for i in 0..n {
        [price[i], delta[i], gamma[i], vega[i]] =
            one_body([forward[i], strike[i], years[i], vol[i], discount[i], call[i]]);
    }
}

#[inline(always)]
fn one_price_body([forward, strike, years, vol, discount, call]: [f64; 6]) -> f64 {
    let (moneyness, _) = ln_forward_over_strike(forward, strike);
    price(forward, strike, moneyness, vol * (0.5 * root(years)), discount, call)
}

#[inline(always)]
fn one_body([forward, strike, years, vol, discount, call]: [f64; 6]) -> [f64; 4] {
    let (moneyness, per_forward) = ln_forward_over_strike(forward, strike);
    let root_years = root(years);
    let low = if forward < strike { forward } else { strike };
    let twin = Twin::new(low, moneyness, vol * (0.5 * root_years));

    let put = 1.0 - call;
    let value = discount * (intrinsic(forward, strike, call) + twin.value);

    // N(d1) is N(a) below the strike and 1 - N(b), with N(b) = lo/hi of the second tail, above.
    let above = forward > strike;
    let tail =
        twin.density * if above { -(strike * per_forward) * twin.second } else { twin.first };
    let whole = if above { 1.0 } else { twin.half };
    let delta = discount * (tail + (whole - put));

    let hump = discount * (INV_SQRT_TAU * (low * twin.density_only));
    let gamma = hump * twin.per_deviation * (per_forward * per_forward);
    [value, delta, gamma, hump * root_years]
}

/// Price from what scenarios change: forward, ln(F/K) and half the standard deviation.
#[inline(always)]
pub(crate) fn price(
    forward: f64,
    strike: f64,
    moneyness: f64,
    half_sd: f64,
    discount: f64,
    call: f64,
) -> f64 {
    let low = if forward < strike { forward } else { strike };
    let twin = Twin::new(low, moneyness, half_sd);
    discount * (intrinsic(forward, strike, call) + twin.value)
}

/// sqrt of the years, 0 below 0, NaN for NaN.
#[inline(always)]
pub(crate) fn root(years: f64) -> f64 {
    let years = if years < 0.0 { 0.0 } else { years };
    years.sqrt()
}

/// (ln(F/K), 1/F) from one division.
#[inline(always)]
pub(crate) fn ln_forward_over_strike(forward: f64, strike: f64) -> (f64, f64) {
    let (n, over, under) = ln_parts(forward, strike);
    let r = 1.0 / (under * forward);
    (ln_join(n, over * (r * forward)), r * under)
}

/// max(±(F - K), 0), keeping NaN.
#[inline(always)]
fn intrinsic(forward: f64, strike: f64, call: f64) -> f64 {
    let inside = 2.0f64.mul_add(call, -1.0) * (forward - strike);
    if inside < 0.0 { 0.0 } else { inside }
}

/// The out-of-the-money option and the pieces its Greeks are made of.
struct Twin {
    /// lo N(a) - hi N(b), at least 0.
    value: f64,
    /// exp(-a^2 / 2) over the tails' common denominator.
    density: f64,
    /// exp(-a^2 / 2).
    density_only: f64,
    /// 1 / sd.
    per_deviation: f64,
    /// N(a) = half + density * first, where half is 1 if a > 0, else 0.
    half: f64,
    first: f64,
    /// hi N(b) = lo * density * second.
    second: f64,
}

impl Twin {
    #[inline(always)]
    fn new(low: f64, moneyness: f64, half_sd: f64) -> Twin {
        let half_sd = if half_sd < HALF_SD_MIN { HALF_SD_MIN } else { half_sd };
        let sd = half_sd + half_sd;
        let per_deviation = 1.0 / sd;
        let a = (-moneyness.abs()).mul_add(per_deviation, half_sd);
        let b = a - sd;
        let (size_a, size_b) = (at_most_tail_end(a.abs()), at_most_tail_end(-b));
        let density_only = exp_negative(-0.5 * size_a * size_a);
        let (over_a, under_a) = tail_ratio(size_a);
        let (over_b, under_b) = tail_ratio(size_b);
        let density = density_only / (under_a * under_b);
        let tail = over_a * under_b;
        let second = over_b * under_a;
        let first = if a > 0.0 { -tail } else { tail };
        let half = if a > 0.0 { 1.0 } else { 0.0 };
        let value = low * density.mul_add(first - second, half);
        let value = if value < 0.0 { 0.0 } else { value };
        Twin { value, density, density_only, per_deviation, half, first, second }
    }
}

#[inline(always)]
fn at_most_tail_end(a: f64) -> f64 {
    if a > TAIL_END { TAIL_END } else { a }
}
