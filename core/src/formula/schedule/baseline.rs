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

    /// specs-actors, reward_logic_test.go, `TestBaselineRewardGrowth`: threefold in a year of 30-second epochs, within 1e-8 from
    /// an exbibyte and 1e-3 from a gibibyte. The exponent is that of 25-second epochs, as its comment says.
    #[test]
    fn filecoins_baseline_triples_in_a_year() {
        let growth = FILECOIN_GROWTH.parse::<U512>().expect("digits");
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
