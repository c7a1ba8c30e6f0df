//! Whether a proposal passes: Cosmos SDK, `x/gov/keeper/tally.go`, `Tally`.
//!
//! The original rounds shares to 18 places before it compares them; here they are compared exactly.

use crate::money::ONE;
use ruint::aliases::U256;

/// Votes by what they say, in the power behind them.
pub type Votes = [u128; 4];

/// What a vote says. The order is that of [`Votes`].
pub mod choice {
    /// In favour.
    pub const YES: usize = 0;
    /// Against.
    pub const NO: usize = 1;
    /// Neither, but counted for the quorum.
    pub const ABSTAIN: usize = 2;
    /// Against, and that it should not even have been proposed.
    pub const VETO: usize = 3;
}

/// What must be reached, in parts per billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars {
    /// Share of all power that must vote.
    pub quorum: u64,
    /// Share of the votes but abstentions that yes must exceed.
    pub threshold: u64,
    /// Share of all votes beyond which vetoes stop it.
    pub veto: u64,
}

/// What came of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Outcome {
    /// It passed.
    Passed = 0,
    /// It did not; or there was nobody who could vote, or everybody abstained.
    Rejected = 1,
    /// Too few voted.
    NoQuorum = 2,
    /// Too many vetoed it.
    Vetoed = 3,
}

/// What comes of votes when all who could vote have so much power.
pub fn tally(votes: &Votes, power: u128, bars: Bars) -> Outcome {
    let wide = |number: u128| U256::from(number);
    let whole = U256::from(ONE);
    let voted = votes.iter().fold(U256::ZERO, |sum, &votes| sum + wide(votes));
    if power == 0 {
        return Outcome::Rejected;
    }
    if voted * whole < wide(power) * U256::from(bars.quorum) {
        return Outcome::NoQuorum;
    }
    let active = voted - wide(votes[choice::ABSTAIN]);
    if active.is_zero() {
        return Outcome::Rejected;
    }
    if wide(votes[choice::VETO]) * whole > voted * U256::from(bars.veto) {
        return Outcome::Vetoed;
    }
    if wide(votes[choice::YES]) * whole > active * U256::from(bars.threshold) { Outcome::Passed } else { Outcome::Rejected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The defaults of `x/gov/types/v1/params.go`.
    const COSMOS: Bars = Bars { quorum: 334_000_000, threshold: 500_000_000, veto: 334_000_000 };

    /// Cosmos SDK, `x/gov/keeper/tally_test.go`, `TestTally_Standard`: ten validators of a million each, votes as the original's
    /// expected tallies give them (yes, no, abstain, veto), whether it passes, and whether the deposit burns.
    #[test]
    fn proposals_pass_as_in_cosmos() {
        const M: u128 = 1_000_000;
        let cases: [(Votes, u128, bool, bool); 12] = [
            ([0; 4], 0, false, false),
            ([0; 4], 10 * M, false, true),
            ([0, M, 0, 0], 10 * M, false, true),
            ([42, 0, 0, 0], 10 * M, false, true),
            ([M, 0, 0, 0], 10 * M, false, true),
            ([42, 999_958, 0, 0], 10 * M, false, true),
            ([1_000_021, 999_979, M, 0], 10 * M, false, true),
            ([0, 0, 4 * M, 0], 10 * M, false, false),
            ([4 * M, 0, 0, 3 * M], 10 * M, false, true),
            ([2 * M, 2 * M, 0, 0], 10 * M, false, false),
            ([4 * M, 2 * M, 0, M], 10 * M, true, false),
            ([2 * M, M, 3 * M, 0], 10 * M, true, false),
        ];
        for (votes, power, passes, burns) in cases {
            let outcome = tally(&votes, power, COSMOS);
            assert_eq!(outcome == Outcome::Passed, passes, "{votes:?}");
            // The original's test burns for a missed quorum as for a veto.
            assert_eq!(matches!(outcome, Outcome::NoQuorum | Outcome::Vetoed), burns, "{votes:?}");
        }
    }

    /// Cosmos SDK, `x/gov/keeper/tally_test.go` before 0.46, `TestTallyOnlyValidators…`: validators of 5, 6 and 0, or 6, 6 and 7.
    #[test]
    fn validators_decide_as_in_older_cosmos() {
        assert_eq!(tally(&[6, 5, 0, 0], 11, COSMOS), Outcome::Passed); // 51Yes
        assert_eq!(tally(&[5, 6, 0, 0], 11, COSMOS), Outcome::Rejected); // 51No
        assert_eq!(tally(&[12, 0, 0, 7], 19, COSMOS), Outcome::Vetoed); // Vetoed
        assert_eq!(tally(&[7, 6, 6, 0], 19, COSMOS), Outcome::Passed); // AbstainPasses
        assert_eq!(tally(&[6, 7, 6, 0], 19, COSMOS), Outcome::Rejected); // AbstainFails
        assert_eq!(tally(&[5, 6, 0, 0], 18, COSMOS), Outcome::Rejected); // NonVoter
    }

    #[test]
    fn bars_of_nothing_and_of_everything() {
        let bars = |quorum, threshold, veto| Bars { quorum, threshold, veto };
        assert_eq!(tally(&[1, 0, 0, 0], 1 << 100, bars(0, 0, ONE)), Outcome::Passed);
        assert_eq!(tally(&[0; 4], 1, bars(0, 0, 0)), Outcome::Rejected);
        assert_eq!(tally(&[9, 0, 0, 1], 10, bars(ONE, 0, 0)), Outcome::Vetoed);
        assert_eq!(tally(&[9, 0, 0, 0], 10, bars(ONE, 0, ONE)), Outcome::NoQuorum);
        // What must exceed everything never does.
        assert_eq!(tally(&[10, 0, 0, 0], 10, bars(ONE, ONE, ONE)), Outcome::Rejected);
        assert_eq!(tally(&[u128::MAX; 4], u128::MAX, COSMOS), Outcome::Rejected);
    }

    proptest! {
        #[test]
        fn a_yes_more_never_stops_a_proposal(votes: [u64; 4], more: u64, quorum in 0..=ONE, threshold in 0..=ONE, veto in 0..=ONE) {
            let bars = Bars { quorum, threshold, veto };
            let votes = votes.map(u128::from);
            let power = votes.iter().sum::<u128>() + u128::from(more);
            let mut further = votes;
            further[choice::YES] += u128::from(more);
            if tally(&votes, power, bars) == Outcome::Passed {
                prop_assert_eq!(tally(&further, power, bars), Outcome::Passed);
            }
        }
    }
}
