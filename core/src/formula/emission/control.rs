//! Schedules of our own, which follow what the network does: verified paid work, or a stated target by a controller.

use crate::money::{ONE, mul_div_floor};

/// What is issued when `work` was verified and paid against a target: `most` · min(1, work ÷ target), rounded down. Nothing without
/// a target.
pub fn utilisation(most: u128, work: u128, target: u128) -> u128 {
    mul_div_floor(most, work.min(target), target).unwrap_or(0)
}

/// A proportional-integral-derivative controller in fixed point. Gains, errors and output are parts per billion.
///
/// > output = kp · e + ki · Σe + kd · (e − e′), between least and most
///
/// The sum is held while the output is at a bound and the error would push it further (conditional integration; Åström & Hägglund,
/// *PID Controllers*, 2nd ed., section 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pid {
    /// Gain of the error.
    pub kp: u64,
    /// Gain of its sum.
    pub ki: u64,
    /// Gain of its change.
    pub kd: u64,
    /// Lowest output.
    pub least: u64,
    /// Highest output.
    pub most: u64,
}

/// What a controller remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Sum of errors.
    pub sum: i64,
    /// The last error.
    pub last: i64,
}

impl Pid {
    /// The output for an error, and what to remember. Products are rounded towards zero.
    pub fn step(&self, memory: Memory, error: i64) -> (u64, Memory) {
        let gained = |gain: u64, value: i128| i128::from(gain).saturating_mul(value) / i128::from(ONE);
        let sum = memory.sum.saturating_add(error);
        let change = i128::from(error) - i128::from(memory.last);
        let output = |sum: i64| gained(self.kp, error.into()) + gained(self.ki, sum.into()) + gained(self.kd, change);
        let free = output(sum);
        let (low, high) = (i128::from(self.least), i128::from(self.most.max(self.least)));
        let winds_up = (free > high && error > 0) || (free < low && error < 0);
        let sum = if winds_up { memory.sum } else { sum };
        let bounded = output(sum).clamp(low, high);
        (u64::try_from(bounded).unwrap_or(self.least), Memory { sum, last: error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_the_work_is_half_the_emission_and_no_work_none() {
        assert_eq!([0, 50, 100, 200].map(|work| utilisation(1_000, work, 100)), [0, 500, 1_000, 1_000]);
        assert_eq!(utilisation(1_000, 5, 0), 0);
    }

    const PID: Pid = Pid { kp: ONE / 2, ki: ONE / 10, kd: ONE / 4, least: 0, most: ONE };

    #[test]
    fn the_terms_add_up() {
        // 0.5 · 0.2 + 0.1 · (0.4 + 0.2) + 0.25 · (0.2 − 0.4) = 0.11
        let memory = Memory { sum: 400_000_000, last: 400_000_000 };
        assert_eq!(PID.step(memory, 200_000_000), (110_000_000, Memory { sum: 600_000_000, last: 200_000_000 }));
    }

    #[test]
    fn a_plant_of_first_order_reaches_its_target_without_winding_up() {
        // y moves a fifth of the way to the output in each step; the output's sum alone holds it at the target.
        let (mut y, mut memory) = (0i64, Memory::default());
        for _ in 0..400 {
            let (output, next) = PID.step(memory, 600_000_000 - y);
            memory = next;
            y += (output as i64 - y) / 5;
        }
        assert!((y - 600_000_000).abs() < 1_000_000, "{y}");
        // An hour at the upper bound is forgotten at once.
        let (mut memory, mut output) = (Memory::default(), 0);
        for _ in 0..10_000 {
            (output, memory) = Pid { most: ONE / 10, ..PID }.step(memory, ONE as i64);
        }
        assert_eq!((output, memory.sum), (ONE / 10, 0));
    }

    proptest! {
        #[test]
        fn the_output_stays_in_bounds_whatever_the_error(sum: i64, last: i64, error: i64, kp: u64, ki: u64, kd: u64) {
            let pid = Pid { kp, ki, kd, least: 5, most: 10 };
            let (output, _) = pid.step(Memory { sum, last }, error);
            prop_assert!((5..=10).contains(&output));
        }
    }
}
