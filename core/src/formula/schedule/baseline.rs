//! `baseline`: Filecoin's baseline minting. The clock of an exponential schedule runs as fast as the network keeps up with a
//! growing baseline of work.

use super::exponential::supply;
use super::{Memory, Minted, Seen, whole};
use crate::formula::emission::filecoin::{PRECISION, effective_time, one};
use crate::params::Params;
use ruint::aliases::U512;

/// Filecoin's growth of the baseline in one epoch, in Q.128: e^(ln 3 ÷ epochs in a year) (specs-actors, reward_logic.go,
/// `BaselineExponentString` of the commit 00124b7).
pub const FILECOIN_GROWTH: &str = "340282663082994238536867392845056089438";

/// The baseline one epoch later, growth in Q.128, rounded down (specs-actors, `BaselinePowerFromPrev`).
pub fn grown(baseline: u64, growth: U512) -> u64 {
    u64::try_from((U512::from(baseline) * growth) >> PRECISION).unwrap_or(u64::MAX)
}

/// A baseline's epoch: `level` is the baseline of now, `aim` that of the effective network time, `sum` what of it is still to be
/// realised, `steps` the effective network time itself (specs-actors, reward_state.go, `updateToNextEpoch`; the two cumulated
/// sums enter only by their difference).
///
/// Both baselines begin at `first`. The original's baseline of effective network time begins one epoch's growth above it, and its
/// baseline of now a byte below it, which its own test calls a rounding error.
pub fn step(memory: Memory, realised: u64, growth: U512, first: u64) -> Memory {
    let mut next = if memory.level == 0 { Memory { level: first, aim: first, sum: 0, steps: 0 } } else { memory };
    if memory.level > 0 {
        next.level = grown(next.level, growth);
    }
    let mut realised = realised.min(next.level);
    while realised > next.sum {
        realised -= next.sum;
        if next.steps > 0 {
            next.aim = grown(next.aim, growth).max(next.aim);
        }
        next.steps += 1;
        next.sum = next.aim.max(1);
    }
    next.sum -= realised;
    next
}

/// The effective network time in Q.128 ([`effective_time`]).
fn theta(memory: &Memory) -> U512 {
    let time = effective_time(memory.steps, memory.aim.into(), 0, memory.sum.into());
    time.map_or(U512::ZERO, |time| (U512::from(time.epochs) << PRECISION) + U512::from(time.rest_q128))
}

/// One step an epoch: work settled against a baseline of `emission.baseline` an epoch that grows by `emission.growth` a year, in
/// equal parts a year's length; then as `exponential`, by the effective network time.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let span = seen.to - seen.from;
    let growth = one() + (U512::from(seen.rate_of_year(params.emission_growth())) << PRECISION) / U512::from(crate::money::ONE);
    let next = step(memory, seen.work, growth, params.emission_baseline());
    let by = |m: Memory| {
        supply(theta(&m) * U512::from(span), whole(params.emission_total()), params.emission_half_life())
    };
    (by(next).saturating_sub(by(memory)), next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::emission::filecoin::vectors::{ATTO, BASELINE};
    use proptest::prelude::*;

    fn filecoins_growth() -> U512 {
        FILECOIN_GROWTH.parse().expect("digits")
    }

    /// specs-actors' reward state, with the two sums that it cumulates.
    #[derive(Default)]
    struct Original {
        realised: u128,
        baseline: u128,
        time: u64,
        power: u64,
        effective_power: u64,
    }

    impl Original {
        /// `ConstructState` before its first epoch, in which our memory has what the original has, its clock one ahead: see [`step`].
        fn new(first: u64) -> (Self, Memory) {
            let before_first = ((U512::from(first) << (2 * PRECISION)) / filecoins_growth()) >> PRECISION;
            let power = u64::try_from(before_first).expect("less than the first");
            (Self { power, effective_power: first, ..Self::default() }, Memory { level: power, aim: first, sum: 0, steps: 1 })
        }

        fn update(&mut self, power: u64) {
            self.power = grown(self.power, filecoins_growth());
            self.realised += u128::from(power.min(self.power));
            while self.realised > self.baseline {
                self.time += 1;
                self.effective_power = grown(self.effective_power, filecoins_growth());
                self.baseline += u128::from(self.effective_power);
            }
        }
    }

    /// specs-actors, reward_test.go, `TestConstructor`: the first epoch without power, with less than the baseline, and with more.
    #[test]
    fn the_first_epoch_is_that_of_filecoins_test() {
        let first = 1u64 << 60;
        let after = |power| step(Original::new(first).1, power, filecoins_growth(), first);
        assert_eq!(after(0), Memory { level: first - 1, aim: first, sum: 0, steps: 1 });
        // What is realised of the first effective epoch's baseline is the power.
        let grown_once = grown(first, filecoins_growth());
        assert_eq!(after(1 << 39), Memory { level: first - 1, aim: grown_once, sum: grown_once - (1 << 39), steps: 2 });
        assert_eq!(after(1 << 60), after(1 << 61));
    }

    /// [`BASELINE`]: what the schedule mints between two effective network times, at a half-life of six tropical years of 25-second
    /// epochs. The golden file's rate is a double's, which differs from that half-life's in the seventeenth digit.
    #[test]
    fn filecoins_baseline_rewards_are_what_the_effective_network_time_mints() {
        let half_life = 757_366_205_184; // 7 573 662.051 84 epochs
        let by = |theta: U512| supply(theta * U512::from(100_000u64), 900_000_000 * ATTO, half_life);
        let stride = (U512::from(5_000u64) << PRECISION) - U512::from(77_777_777_777u64);
        for (line, expected) in BASELINE.into_iter().enumerate() {
            let before = stride * U512::from(line);
            let minted = by(before + one() - U512::from(33_333_333_333u64)) - by(before);
            assert!(minted.abs_diff(expected) < 2_000, "{minted} in line {line}, not {expected}");
        }
    }

    proptest! {
        /// Epoch by epoch, and at every effective network time, as the two cumulated sums have it.
        #[test]
        fn the_state_is_the_originals(powers in prop::collection::vec((any::<u64>(), 0u32..64), 1..200), first in 1u64..1 << 62) {
            let (mut original, mut ours) = Original::new(first);
            for (power, bits) in powers {
                original.update(power >> bits);
                ours = step(ours, power >> bits, filecoins_growth(), first);
                let left = u64::try_from(original.baseline - original.realised).expect("less than a baseline");
                let expected = Memory { level: original.power, aim: original.effective_power, sum: left, steps: original.time + 1 };
                prop_assert_eq!(ours, expected);
            }
        }
    }

    /// specs-actors, reward_logic_test.go, `TestBaselineRewardGrowth`: threefold in a year of 30-second epochs, within 1e-8 from
    /// an exbibyte and 1e-3 from a gibibyte. The exponent is that of 25-second epochs, as its comment says.
    #[test]
    fn filecoins_baseline_triples_in_a_year() {
        let growth = filecoins_growth();
        for (start, error) in [(1u64 << 60, 100_000_000), (1 << 50, 100_000_000), (1 << 40, 1_000_000), (1 << 30, 1_000)] {
            let end = (0..1_262_277).fold(start, |baseline, _| grown(baseline, growth));
            let missing = u128::from(start) * 3 - u128::from(end);
            assert!(missing * error <= u128::from(start) * 3, "{end} after {start}");
        }
    }

    /// A network that always meets its baseline keeps the clock of `exponential`; one that does nothing stops it.
    #[test]
    fn the_clock_runs_with_the_work() {
        let growth = one();
        let full = (0..10).fold(Memory::default(), |memory, _| step(memory, 1_000, growth, 1_000));
        assert_eq!((full.steps, full.sum), (10, 0));
        let half = (0..10).fold(Memory::default(), |memory, _| step(memory, 500, growth, 1_000));
        assert_eq!((half.steps, half.sum), (5, 0));
        assert_eq!(theta(&half), U512::from(5u64) << PRECISION);
        let idle = (0..10).fold(full, |memory, _| step(memory, 0, growth, 1_000));
        assert_eq!((idle.steps, idle.sum), (10, 0));
    }
}
