//! Sixteen points of Gauss and Legendre between zero and one: exact for polynomials up to the
//! thirty-first power.

/// Places and weights.
pub const NODES: [(f64, f64); 16] = nodes();

/// On the half of the interval from -1 to 1 that is above zero.
const HALF: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_09),
];

const fn nodes() -> [(f64, f64); 16] {
    let mut out = [(0.0, 0.0); 16];
    let mut at = 0;
    while at < 8 {
        let (place, weight) = HALF[at];
        out[7 - at] = (0.5 - 0.5 * place, 0.5 * weight);
        out[8 + at] = (0.5 + 0.5 * place, 0.5 * weight);
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_to_the_last_digit() {
        for power in 0..32 {
            let sum: f64 = NODES.iter().map(|(at, weight)| weight * at.powi(power)).sum();
            assert!((sum * f64::from(power + 1) - 1.0).abs() < 1e-12, "{power}");
        }
    }
}
