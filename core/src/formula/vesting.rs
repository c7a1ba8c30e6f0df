//! Vesting: how much of a grant is free at a moment.

use crate::formula::calendar::{add_months, months_between};
use crate::money::mul_div_floor;
use crate::time::{Span, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// Most months over which a grant can vest: a century.
pub const MAX_MONTHS: u32 = 1_200;

/// When a grant is free: nothing of it before the cliff, and from there on the share of the time from start to end that has passed,
/// counted evenly or in calendar months. A grant whose cliff is its end is free at once.
///
/// The cliff frees what has accrued since the start, as in OpenZeppelin Contracts' `VestingWalletCliff`: a third at one year and two
/// thirds monthly over two more is 36 months with a cliff at the twelfth.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// From when tokens accrue.
    pub start: Time,
    /// Before which none is free.
    pub cliff: Time,
    /// From which on all are.
    pub end: Time,
    /// Calendar months from start to end; 0 accrues evenly.
    pub months: u32,
}

impl Schedule {
    /// A schedule by the calendar month.
    pub fn monthly(start: Time, cliff: Time, months: u32) -> Self {
        Self { start, cliff, end: add_months(start, months), months }
    }

    /// Whether its moments follow one another, and its months, if it has any, lead from start to end.
    pub fn is_sound(&self) -> bool {
        let counted = self.months == 0 || self.end == add_months(self.start, self.months);
        self.start <= self.cliff && self.cliff <= self.end && self.months <= MAX_MONTHS && counted
    }

    /// What of `total` is free at a moment, rounded down; all of it at the end, whatever was rounded before.
    pub fn vested(&self, total: u128, now: Time) -> u128 {
        if now < self.cliff {
            return 0;
        }
        if now >= self.end {
            return total;
        }
        let (passed, whole) = match self.months {
            0 => (now - self.start, self.end - self.start),
            months => (u64::from(months_between(self.start, now)), u64::from(months)),
        };
        mul_div_floor(total, passed.into(), whole.into()).unwrap_or(total)
    }

    /// The next moment after `now` at which to release more than the `released` of `total`: the next month that frees any, or,
    /// where tokens accrue evenly, the cliff, and then as soon as any is free but not sooner than after `interval`.
    pub fn next(&self, total: u64, released: u64, now: Time, interval: Span) -> Time {
        // The first moment with ⌊total · passed ÷ whole⌋ > released.
        let passed = |whole: u64| ((u128::from(released) + 1) * u128::from(whole)).div_ceil(u128::from(total.max(1)));
        let at = match self.months {
            0 => {
                let free = u128::from(self.start) + passed(self.end - self.start);
                let free = u64::try_from(free).unwrap_or(Time::MAX);
                if now < self.cliff { free } else { free.max(now.saturating_add(interval)) }
            }
            months => add_months(self.start, u32::try_from(passed(months.into())).unwrap_or(months).min(months)),
        };
        at.max(self.cliff).min(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::time::{DAY, YEAR};
    use proptest::prelude::*;

    const LAUNCH: Time = 1_758_758_400_000;

    /// 2025-09-25 and so many months later.
    fn after(months: u32) -> Time {
        add_months(LAUNCH, months)
    }

    /// XPL's allocations in closed form: in month m of 36 the ecosystem has 32 % · m ÷ 36 beside its 8 % at launch, and team and
    /// investors 25 % · m ÷ 36 each from the twelfth on; public buyers have 10 %, those in the United States from 2026-07-28 on.
    #[test]
    fn xpl_unlocks_by_the_published_calendar() {
        let supply = 10_000_000_000 * XPL;
        let part = |percent: u64| u128::from(supply / 100 * percent);
        let us = part(1);
        let us_unlock = LAUNCH + 306 * DAY; // 2026-07-28
        let bought = Schedule { start: us_unlock, cliff: us_unlock, end: us_unlock, months: 0 };
        let ecosystem = Schedule::monthly(LAUNCH, LAUNCH, 36);
        let team = Schedule::monthly(LAUNCH, after(12), 36);
        assert_eq!((team.end, after(12)), (LAUNCH + 1_096 * DAY, LAUNCH + 365 * DAY));
        for month in 0..40 {
            for (at, whole) in [(after(month), month), (after(month + 1) - 1, month)] {
                let parts = u64::from(whole.min(36));
                let thirty_sixths = |total: u128, parts: u64| total * u128::from(parts) / 36;
                assert_eq!(ecosystem.vested(part(32), at), thirty_sixths(part(32), parts));
                assert_eq!(team.vested(part(25), at), thirty_sixths(part(25), if whole < 12 { 0 } else { parts }));
                assert_eq!(bought.vested(us, at), if at < us_unlock { 0 } else { us });
            }
        }
        // A third at the cliff, rounded down once.
        assert_eq!(team.vested(part(25), after(12)), 833_333_333_333_333_333);
    }

    /// OpenZeppelin Contracts, `VestingWallet.behavior.js`: released = total · (now − start) ÷ duration; `VestingWalletCliff`: none
    /// of it before the cliff.
    #[test]
    fn without_months_it_is_openzeppelins_wallet() {
        let (start, duration) = (LAUNCH, 4 * YEAR);
        for cliff in [0, duration / 4] {
            let schedule = Schedule { start, cliff: start + cliff, end: start + duration, months: 0 };
            for i in 0..64u64 {
                let passed = i * duration / 60;
                let linear = if passed >= duration { 1_000 } else { 1_000 * u128::from(passed) / u128::from(duration) };
                let expected = if passed < cliff { 0 } else { linear };
                assert_eq!(schedule.vested(1_000, start + passed), expected);
            }
        }
    }

    #[test]
    fn the_next_release_is_the_first_that_frees_anything() {
        let months = Schedule::monthly(LAUNCH, LAUNCH, 36);
        // Two units over three years: one after eighteen months, the other at the end.
        assert_eq!(months.next(2, 0, LAUNCH, 0), after(18));
        assert_eq!(months.next(2, 1, after(18), 0), after(36));
        let cliff = Schedule::monthly(LAUNCH, after(12), 36);
        assert_eq!(cliff.next(36, 0, LAUNCH, 0), after(12));
        assert_eq!(cliff.next(36, 12, after(12), 0), after(13));
        let even = Schedule { start: 100, cliff: 150, end: 1_100, months: 0 };
        assert_eq!(even.next(1_000, 0, 0, 40), 150);
        assert_eq!(even.next(1_000, 50, 150, 40), 190);
        assert_eq!(even.next(2, 0, 150, 40), 600);
        assert_eq!(even.next(1_000, 990, 1_090, 40), 1_100);
    }

    #[test]
    fn schedules_that_run_backwards_or_miscount_their_months_are_unsound() {
        let sound = Schedule::monthly(LAUNCH, after(12), 36);
        assert!(sound.is_sound() && Schedule::default().is_sound());
        let unsound = [
            Schedule { cliff: LAUNCH - 1, ..sound },
            Schedule { cliff: sound.end + 1, ..sound },
            Schedule { end: sound.end + 1, ..sound },
            Schedule::monthly(LAUNCH, LAUNCH, MAX_MONTHS + 1),
        ];
        assert!(unsound.iter().all(|schedule| !schedule.is_sound()));
    }

    fn schedules() -> impl Strategy<Value = Schedule> {
        (0..50 * YEAR, 0..10 * YEAR, 0..10 * YEAR, 0..200u32).prop_map(|(start, cliff, rest, months)| match months {
            0..40 => Schedule { start, cliff: start + cliff, end: start + cliff + rest, months: 0 },
            _ => Schedule::monthly(start, (start + cliff).min(add_months(start, months)), months),
        })
    }

    proptest! {
        #[test]
        fn what_is_free_only_grows_and_reaches_the_whole(total: u128, schedule in schedules(), a in 0..100 * YEAR, b in 0..100 * YEAR) {
            prop_assert!(schedule.is_sound());
            prop_assert!(schedule.vested(total, a.min(b)) <= schedule.vested(total, a.max(b)));
            prop_assert_eq!(schedule.vested(total, schedule.end), total);
        }

        #[test]
        fn at_the_next_release_more_is_free_and_a_monthly_one_is_not_late(
            total in 1..u64::MAX, small: bool, schedule in schedules(), now in 0..70 * YEAR, interval in 0..YEAR,
        ) {
            let total = if small { total % 50 + 1 } else { total };
            let free = |at: Time| schedule.vested(total.into(), at) as u64;
            let released = free(now);
            prop_assume!(released < total);
            let next = schedule.next(total, released, now, interval);
            prop_assert!(next > now && free(next) > released);
            if schedule.months > 0 || now < schedule.cliff {
                prop_assert_eq!(free(next - 1), released);
            }
        }
    }
}
