//! The normal distribution: its quantile function, and the distribution function that judges it.

/// The quantile function of the standard normal distribution, to about 1 part in 10^16: algorithm PPND16 (M. J. Wichura 1988,
/// "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37, 477–484).
///
/// `p` lies in the open interval (0, 1).
pub fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &A, &B);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let x = if r <= 5.0 { ratio(r - 1.6, &C, &D) } else { ratio(r - 5.0, &E, &F) };
    if q < 0.0 { -x } else { x }
}

/// The distribution function of the standard normal distribution.
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// A ratio of two polynomials, coefficients from the constant term up.
fn ratio(x: f64, numerator: &[f64; 8], denominator: &[f64; 8]) -> f64 {
    let value = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    value(numerator) / value(denominator)
}

// Coefficients as printed in the paper: |q| ≤ 0.425, then r ≤ 5, then r > 5.
#[rustfmt::skip]
const A: [f64; 8] = [
    3.387_132_872_796_366_5, 1.331_416_678_917_843_8e2, 1.971_590_950_306_551_3e3, 1.373_169_376_550_946e4,
    4.592_195_393_154_987e4, 6.726_577_092_700_87e4, 3.343_057_558_358_813e4, 2.509_080_928_730_122_7e3,
];
#[rustfmt::skip]
const B: [f64; 8] = [
    1.0, 4.231_333_070_160_091e1, 6.871_870_074_920_579e2, 5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4, 3.930_789_580_009_271e4, 2.872_908_573_572_194_3e4, 5.226_495_278_852_854e3,
];
#[rustfmt::skip]
const C: [f64; 8] = [
    1.423_437_110_749_683_5, 4.630_337_846_156_546, 5.769_497_221_460_691, 3.647_848_324_763_204_5,
    1.270_458_252_452_368_4, 2.417_807_251_774_506e-1, 2.272_384_498_926_918_4e-2, 7.745_450_142_783_414e-4,
];
#[rustfmt::skip]
const D: [f64; 8] = [
    1.0, 2.053_191_626_637_759, 1.676_384_830_183_803_8, 6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1, 1.519_866_656_361_645_7e-2, 5.475_938_084_995_345e-4, 1.050_750_071_644_416_9e-9,
];
#[rustfmt::skip]
const E: [f64; 8] = [
    6.657_904_643_501_103, 5.463_784_911_164_114, 1.784_826_539_917_291_3, 2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2, 1.242_660_947_388_078_4e-3, 2.711_555_568_743_487_6e-5, 2.010_334_399_292_288_1e-7,
];
#[rustfmt::skip]
const F: [f64; 8] = [
    1.0, 5.998_322_065_558_88e-1, 1.369_298_809_227_358e-1, 1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4, 1.846_318_317_510_054_8e-5, 1.421_511_758_316_446e-7, 2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::{cdf, quantile};
    use proptest::prelude::*;

    #[test]
    fn the_published_check_values() {
        // Wichura 1988, section "Test data"; and the 97.5 % point of every statistics table.
        for (p, x) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_6),
            (1e-20, -9.262_340_089_798_408),
            (0.975, 1.959_963_984_540_054),
        ] {
            assert!((quantile(p) / x - 1.0).abs() < 1e-14, "{p}: {} is not {x}", quantile(p));
        }
        assert_eq!(quantile(0.5), 0.0);
    }

    proptest! {
        #[test]
        fn the_quantile_inverts_the_distribution(p in 1e-12f64..1.0) {
            prop_assume!(p < 1.0 - 1e-12);
            prop_assert!((cdf(quantile(p)) - p).abs() < 1e-14);
        }

        #[test]
        fn it_is_odd_and_grows(p in 1e-9f64..0.5, step in 1e-9f64..0.1) {
            prop_assert!((quantile(p) + quantile(1.0 - p)).abs() < 1e-6);
            prop_assert!(quantile(p) < quantile(p + step));
        }
    }
}
