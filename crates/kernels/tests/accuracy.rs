//! How far prices and Greeks are from the truth: 80-digit values, an erfc loop, and identities.
//!
//! Price and vega errors are measured against the larger of forward and strike times the discount,
//! delta absolutely, gamma relatively: what each is used for.
use keelmark_kernels::{greeks_one, price_one};

mod golden;

/// Forward, strike, years, vol, discount, call.
type Option6 = [f64; 6];

fn grid() -> impl Iterator<Item = Option6> {
    let strikes = [0.01, 0.1, 0.4, 0.7, 0.9, 0.97, 0.995, 0.9999, 1.0, 1.0001, 1.004, 1.03, 1.1];
    let wings = [1.4, 2.0, 5.0, 20.0, 100.0];
    let years = [1e-5, 1e-4, 0.001, 0.01, 0.1, 0.5, 2.0, 10.0];
    let vols = [0.01, 0.1, 0.3, 0.6, 1.0, 2.0, 5.0, 20.0];
    let forwards = [0.000_3, 1.0, 65_432.1];
    let strikes = strikes.into_iter().chain(wings);
    strikes.flat_map(move |m| {
        years.into_iter().flat_map(move |t| {
            vols.into_iter().flat_map(move |v| {
                forwards.into_iter().flat_map(move |f| {
                    [0.0, 1.0].map(|call| [f, f * m, t, v, 0.97, call]).into_iter()
                })
            })
        })
    })
}

/// Textbook formula over libm's erfc; the logarithm keeps its digits near the money.
fn reference([f, k, t, v, df, call]: Option6) -> [f64; 4] {
    let cdf = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
    let sd = v * t.sqrt();
    let near = (f - k).abs() < 0.3 * k;
    let moneyness = if near { libm::log1p((f - k) / k) } else { libm::log(f / k) };
    let (d1, d2) = (moneyness / sd + 0.5 * sd, moneyness / sd - 0.5 * sd);
    let density = libm::exp(-0.5 * d1 * d1) * 0.398_942_280_401_432_7;
    let (price, delta) = if call > 0.5 {
        (f * cdf(d1) - k * cdf(d2), cdf(d1))
    } else {
        (k * cdf(-d2) - f * cdf(-d1), -cdf(-d1))
    };
    [df * price, df * delta, df * density / (f * sd), df * f * density * t.sqrt()]
}

/// Largest errors so far: price, delta, gamma, vega.
fn errors([f, k, t, ..]: Option6, got: [f64; 4], want: [f64; 4], worst: &mut [f64; 4]) {
    let scale = f.max(k);
    // Gamma below this has no effect on anything: its hump's height is 0.4 / (F sd).
    let floor = 1e-20 / f;
    let found = [
        (got[0] - want[0]).abs() / scale,
        (got[1] - want[1]).abs(),
        (got[2] - want[2]).abs() / want[2].abs().max(floor),
        (got[3] - want[3]).abs() / (scale * t.sqrt()),
    ];
    for (worst, found) in worst.iter_mut().zip(found) {
        assert!(!found.is_nan(), "NaN at forward {f} strike {k} years {t}");
        *worst = worst.max(found);
    }
}

#[test]
fn agrees_with_eighty_digits() {
    let mut worst = [0.0; 4];
    for ([f, k, t, v, df, call], want) in golden::ROWS {
        let got = greeks_one(f, k, t, v, df, call);
        errors([f, k, t, v, df, call], got, want, &mut worst);
    }
    println!("against 80 digits: {worst:?}");
    assert!(
        worst[0] < 4e-16 && worst[1] < 6e-16 && worst[2] < 3e-14 && worst[3] < 4e-16,
        "{worst:?}"
    );
}

#[test]
fn agrees_with_erfc_over_the_grid() {
    let mut worst = [0.0; 4];
    for option in grid() {
        let [f, k, t, v, df, call] = option;
        errors(option, greeks_one(f, k, t, v, df, call), reference(option), &mut worst);
    }
    println!("against erfc: {worst:?}");
    assert!(
        worst[0] < 1e-14 && worst[1] < 1e-13 && worst[2] < 1e-12 && worst[3] < 1e-14,
        "{worst:?}"
    );
}

#[test]
fn calls_less_puts_are_the_discounted_forward() {
    for [f, k, t, v, df, _] in grid() {
        let [call, delta_call, gamma_call, vega_call] = greeks_one(f, k, t, v, df, 1.0);
        let [put, delta_put, gamma_put, vega_put] = greeks_one(f, k, t, v, df, 0.0);
        assert!((call - put - df * (f - k)).abs() <= 4e-16 * f.max(k), "{f} {k} {t} {v}");
        assert!((delta_call - delta_put - df).abs() <= 4e-16, "{f} {k} {t} {v}");
        assert_eq!(
            [gamma_call, vega_call].map(f64::to_bits),
            [gamma_put, vega_put].map(f64::to_bits)
        );
    }
}

#[test]
fn prices_stay_between_their_bounds() {
    for [f, k, t, v, df, call] in grid() {
        let [price, delta, gamma, vega] = greeks_one(f, k, t, v, df, call);
        let (intrinsic, most) = if call > 0.5 { (f - k, f) } else { (k - f, k) };
        let rounding = 1.0 + 1e-15;
        assert!(price >= df * intrinsic.max(0.0), "{f} {k} {t} {v} {call}");
        assert!(price <= df * most * rounding, "{f} {k} {t} {v} {call}");
        let size = if call > 0.5 { delta } else { -delta };
        assert!((-1e-16..=df * rounding).contains(&size), "{f} {k} {t} {v} {call}: {delta}");
        assert!(gamma >= 0.0 && vega >= 0.0);
    }
}

#[test]
fn no_time_or_no_volatility_is_intrinsic() {
    for (years, vol) in
        [(0.0, 0.6), (-0.5, 0.6), (0.5, 0.0), (0.5, -0.1), (0.0, 0.0), (1e-300, 0.5)]
    {
        for (f, k) in
            [(65_000.0, 60_000.0), (65_000.0, 65_000.0), (65_000.0, 65_000.01), (1e-4, 3.0)]
        {
            let [call, delta, gamma, vega] = greeks_one(f, k, years, vol, 0.98, 1.0);
            let [put, ..] = greeks_one(f, k, years, vol, 0.98, 0.0);
            let at_the_money = (f - k).abs() < 1e-9;
            let tiny = if at_the_money { 3e-16 } else { 1e-25 } * f;
            assert!((call - 0.98 * (f - k).max(0.0)).abs() <= tiny, "{years} {vol} {f} {k}");
            assert!((put - 0.98 * (k - f).max(0.0)).abs() <= tiny, "{years} {vol} {f} {k}");
            let step = if f > k { 0.98 } else { 0.0 };
            assert!(
                (f - k).abs() < 1e-9 || (delta - step).abs() < 1e-300,
                "{years} {vol} {f} {k} {delta}"
            );
            assert!(gamma.is_finite() && vega.is_finite());
            assert!(years > 0.0 || vega == 0.0);
        }
    }
}

#[test]
fn nan_in_is_nan_out() {
    let good = [65_000.0, 60_000.0, 0.1, 0.6, 0.99];
    for bad in 0..5 {
        for call in [0.0, 1.0] {
            let mut o = good;
            o[bad] = f64::NAN;
            assert!(price_one(o[0], o[1], o[2], o[3], o[4], call).is_nan(), "input {bad}");
        }
    }
}
