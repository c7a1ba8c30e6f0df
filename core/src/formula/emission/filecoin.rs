//! Filecoin's simple and baseline minting: what is left decays exponentially, by time and by the network's growth against a
//! baseline (Filecoin specification, "Block Reward Minting"; specs-actors, `actors/builtin/reward/reward_logic.go`).
//!
//! Numbers named `_q128` are fixed-point with 128 fractional bits. The original computes e^−x by a rational function in that format
//! (`expneg.go`), and so do we, for the same units.

use ruint::Uint;

/// Wide enough for a total (90 bits) times two fixed-point numbers, and for a polynomial of degree 13.
type Wide = Uint<512, 8>;

/// Fractional bits.
pub(crate) const PRECISION: usize = 128;

/// ln 2 ÷ (6 years of 30-second epochs): half of what is left is issued every six years.
pub const LAMBDA_Q128: u128 = 37_396_271_439_864_487_274_534_522_888_786;
/// e^[`LAMBDA_Q128`] − 1.
pub const EXP_LAMBDA_LESS_ONE_Q128: u128 = 37_396_273_494_747_879_394_193_016_954_629;

/// Numerator and denominator of the original's approximation of e^−x, highest power first. The numerator's signs alternate, minus
/// first.
const NUMERATOR: [u128; 8] = [
    648_770_010_757_830_093_818_553_637_600,
    67_469_480_939_593_786_226_847_644_286_976,
    3_197_587_544_499_098_424_029_388_939_001_856,
    89_244_641_121_992_890_118_377_641_805_348_864,
    1_579_656_163_641_440_567_800_982_336_819_953_664,
    17_685_496_037_279_256_458_459_817_590_917_169_152,
    115_682_590_513_835_356_866_803_355_398_940_131_328,
    // 2^128 does not fit; see `one`.
    0,
];
const DENOMINATOR: [u128; 13] = [
    1_225_524_182_432_722_209_606_361,
    114_095_592_300_906_098_243_859_450,
    5_665_570_424_063_336_070_530_214_243,
    194_450_132_448_609_991_765_137_938_448,
    5_068_267_641_632_683_791_026_134_915_072,
    104_716_890_604_972_796_896_895_427_629_056,
    1_748_338_658_439_454_459_487_681_798_864_896,
    23_704_654_329_841_312_470_660_182_937_960_448,
    259_380_097_567_996_910_282_699_886_670_381_056,
    2_250_336_698_853_390_384_720_606_936_038_375_424,
    14_978_272_436_876_548_034_486_263_159_246_028_800,
    72_144_088_983_913_131_323_343_765_784_380_833_792,
    224_599_776_407_103_106_596_571_252_037_123_047_424,
];

pub(crate) fn one() -> Wide {
    Wide::from(1u8) << PRECISION
}

/// A number with a sign, whose halves round towards minus infinity as Go's `Rsh` does.
#[derive(Clone, Copy)]
struct Signed {
    negative: bool,
    size: Wide,
}

impl Signed {
    fn times_q128(self, x: Wide) -> Self {
        let product = self.size * x;
        let (quotient, rest) = (product >> PRECISION, product & (one() - Wide::from(1u8)));
        let carry = self.negative && rest > Wide::ZERO;
        Self { size: if carry { quotient + Wide::from(1u8) } else { quotient }, ..self }
    }

    fn plus(self, negative: bool, size: Wide) -> Self {
        match (self.negative == negative, self.size >= size) {
            (true, _) => Self { size: self.size + size, ..self },
            (false, true) => Self { size: self.size - size, ..self },
            (false, false) => Self { negative, size: size - self.size },
        }
    }
}

/// e^−x for x below 5, where the approximation's error is below 4.6 · 10^−15; below 3.4 · 10^−30 for x under 1.725.
pub(crate) fn expneg_near(x: Wide) -> Wide {
    let mut numerator = Signed { negative: true, size: Wide::from(NUMERATOR[0]) };
    for (i, &coefficient) in NUMERATOR.iter().enumerate().skip(1) {
        let size = if i == NUMERATOR.len() - 1 { one() } else { Wide::from(coefficient) };
        numerator = numerator.times_q128(x).plus(i % 2 == 0, size);
    }
    let mut denominator = Wide::from(DENOMINATOR[0]);
    for &coefficient in &DENOMINATOR[1..] {
        denominator = ((denominator * x) >> PRECISION) + Wide::from(coefficient);
    }
    denominator = ((denominator * x) >> PRECISION) + one();
    if numerator.negative { Wide::ZERO } else { (numerator.size << PRECISION) / denominator }
}

/// e^−x. Beyond the range for which the original was made, e^−x = e^−4 · e^−(x − 4), as often as it takes.
fn expneg(x: Wide) -> Wide {
    let (four, mut x, mut factor) = (Wide::from(4u8) << PRECISION, x, one());
    while x >= Wide::from(5u8) << PRECISION {
        factor = (factor * expneg_near(four)) >> PRECISION;
        if factor == Wide::ZERO {
            return factor;
        }
        x -= four;
    }
    if factor == one() { expneg_near(x) } else { (factor * expneg_near(x)) >> PRECISION }
}

/// How fast what is left decays in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decay {
    /// The rate λ.
    pub lambda_q128: u128,
    /// e^λ − 1.
    pub exp_lambda_less_one_q128: u128,
}

impl Decay {
    /// Filecoin's main network: a half-life of six years of 30-second epochs.
    pub const MAINNET: Self = Self { lambda_q128: LAMBDA_Q128, exp_lambda_less_one_q128: EXP_LAMBDA_LESS_ONE_Q128 };
}

/// The part of the exponent that the approximation takes: beyond 2^20 epochs-times-rate nothing is left to 128 bits.
fn exponent(epochs_q128: Wide, lambda_q128: u128) -> Wide {
    let most = Wide::from(1u32 << 20) << PRECISION;
    ((epochs_q128 * Wide::from(lambda_q128)) >> PRECISION).min(most)
}

fn simple_q128(total: u128, epoch: u64, decay: Decay) -> Wide {
    let at = exponent(Wide::from(epoch) << PRECISION, decay.lambda_q128);
    (Wide::from(total) * Wide::from(decay.exp_lambda_less_one_q128) * expneg(at)) >> PRECISION
}

/// Baseline supply at an effective network time: total · (1 − e^−λθ).
fn baseline_q128(total: u128, theta: Wide, decay: Decay) -> Wide {
    Wide::from(total) * (one() - expneg(exponent(theta, decay.lambda_q128)).min(one()))
}

fn whole(q128: Wide) -> u128 {
    u128::try_from(q128 >> PRECISION).unwrap_or(u128::MAX)
}

/// What simple minting issues in an epoch: total · (e^λ − 1) · e^(−λ · epoch), rounded down.
pub fn simple(total: u128, epoch: u64, decay: Decay) -> u128 {
    whole(simple_q128(total, epoch, decay))
}

/// An effective network time: whole epochs and 2^−128 of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Theta {
    /// Whole epochs.
    pub epochs: u64,
    /// The rest.
    pub rest_q128: u128,
}

impl Theta {
    fn wide(self) -> Wide {
        (Wide::from(self.epochs) << PRECISION) + Wide::from(self.rest_q128)
    }
}

/// What both mintings issue together in an epoch in which effective network time goes from `before` to `after`, rounded down once.
pub fn reward(simple_total: u128, baseline_total: u128, epoch: u64, before: Theta, after: Theta, decay: Decay) -> u128 {
    let supply = |theta: Theta| baseline_q128(baseline_total, theta.wide(), decay);
    let baseline = supply(after).saturating_sub(supply(before));
    whole(simple_q128(simple_total, epoch, decay) + baseline)
}

/// What baseline minting has issued up to an effective network time, rounded down.
pub fn baseline_supply(total: u128, theta: Theta, decay: Decay) -> u128 {
    whole(baseline_q128(total, theta.wide(), decay))
}

/// The effective network time θ at which the baseline would have accumulated what the network has realised: linear between the epoch
/// before `epoch` and `epoch`, which is the first whose cumulative baseline is not below `realised` (`computeRTheta`). `None` when
/// there is no baseline, or it would lie before the epoch before.
pub fn effective_time(epoch: u64, baseline_power: u128, realised: u128, cumulative_baseline: u128) -> Option<Theta> {
    if epoch == 0 {
        return Some(Theta { epochs: 0, rest_q128: 0 });
    }
    let ahead = Wide::from(cumulative_baseline.checked_sub(realised)?) << PRECISION;
    let behind = ahead.checked_div(Wide::from(baseline_power))?;
    let theta = (Wide::from(epoch) << PRECISION).checked_sub(behind)?;
    let rest = theta & (one() - Wide::from(1u8));
    Some(Theta { epochs: u64::try_from(theta >> PRECISION).ok()?, rest_q128: u128::try_from(rest).ok()? })
}

#[cfg(test)]
pub(crate) mod vectors;

#[cfg(test)]
mod tests {
    use super::vectors::{ATTO, BASELINE, SIMPLE};
    use super::*;

    /// [`vectors::SIMPLE`]; and `reward_test.go`, `EpochZeroReward`, of 330 M FIL.
    #[test]
    fn simple_minting_is_the_originals() {
        for (epoch, reward) in SIMPLE {
            assert_eq!(simple(300_000_000 * ATTO, epoch, Decay::MAINNET), reward, "at {epoch}");
        }
        assert_eq!(simple(330_000_000 * ATTO, 0, Decay::MAINNET), 36_266_264_293_777_134_739);
    }

    /// [`vectors::BASELINE`], by its test's own arithmetic.
    #[test]
    fn baseline_minting_is_the_originals() {
        let decay = Decay {
            lambda_q128: 31_142_895_155_747_063_090_497_695_472_430,
            exp_lambda_less_one_q128: 31_142_896_580_857_563_299_345_000_661_898,
        };
        let theta = |wide: Wide| Theta {
            epochs: u64::try_from(wide >> PRECISION).unwrap(),
            rest_q128: u128::try_from(wide & (one() - Wide::from(1u8))).unwrap(),
        };
        let step = (Wide::from(5_000u16) << PRECISION) - Wide::from(77_777_777_777u64);
        let (mut before, mut after) = (Wide::ZERO, one() - Wide::from(33_333_333_333u64));
        let zero = theta(Wide::ZERO);
        let simple = reward(100_000_000 * ATTO, 900_000_000 * ATTO, 0, zero, zero, decay);
        for expected in BASELINE {
            let both = reward(100_000_000 * ATTO, 900_000_000 * ATTO, 0, theta(before), theta(after), decay);
            assert_eq!(both - simple, expected);
            (before, after) = (before + step, after + step);
        }
    }

    /// specs-actors, `reward_logic_test.go`, `TestComputeRTeta`.
    #[test]
    fn effective_time_is_the_originals() {
        let power = |epoch: u64| u128::from(epoch + 1) * 2048;
        let theta = |epochs, fraction: u128| Some(Theta { epochs, rest_q128: (1 << 127) / 2 * fraction });
        assert_eq!(effective_time(1, power(1), 2048 + 2048, 2048 + 2 * 2048), theta(0, 2));
        assert_eq!(effective_time(1, power(1), 2048 + 1024, 2048 + 2 * 2048), theta(0, 1));
        let fifteen: u128 = (0..16).map(power).sum();
        assert_eq!(effective_time(16, power(16), fifteen + power(16) / 4, fifteen + power(16)), theta(15, 1));
        assert_eq!(effective_time(0, 0, 0, 0), theta(0, 0));
        assert_eq!(effective_time(1, 0, 0, 1), None);
    }

    #[test]
    fn half_of_it_is_issued_every_six_years_for_a_century_and_no_more_than_all() {
        const EPOCHS_IN_YEAR: u64 = 365 * 24 * 120;
        let issued =
            |years: u64| baseline_supply(1 << 100, Theta { epochs: years * EPOCHS_IN_YEAR, rest_q128: 0 }, Decay::MAINNET);
        for halvings in 1..=16u32 {
            let left = (1u128 << 100) - issued(6 * u64::from(halvings));
            let expected = 1u128 << (100 - halvings);
            assert!(left.abs_diff(expected) < expected >> 40, "{halvings}: {left} {expected}");
        }
        assert!(issued(100_000) <= 1 << 100);
        assert_eq!(simple(u128::MAX, u64::MAX, Decay::MAINNET), 0);
    }
}
