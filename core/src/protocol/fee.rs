//! The base fee: what every admitted command of an account burns, fixed or controlled round by round.
//!
//! A round's weight is the number of commands that accounts had admitted in it, against `fee.target`. `eip1559` moves the fee by
//! at most one `fee.denominator`th a round; `eip4844` prices what was admitted beyond the target so far, exponentially
//! ([`crate::formula::base_fee`]).

use crate::engine::state::State;
use crate::formula::base_fee::{eip1559, excess, fake_exponential};
use crate::money::{ONE, XPL};
use crate::params::{Params, fee_control};
use crate::record::{Apply, Record, payload};
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// Largest base fee, in nano-XPL: that of `fee.base`.
pub const MAX: u64 = 1_000 * XPL;

/// What the controller remembers.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Fees {
    /// The base fee in force, in nano-XPL; meaningful when it is controlled.
    pub base: u64,
    /// Commands admitted beyond the target so far, less those below it, in `fee.unit`s: `eip4844`'s excess.
    pub excess: u64,
    /// Commands of accounts admitted in the running round.
    pub admitted: u64,
}

payload! {
    /// The controller set the base fee of the next round.
    pub struct Repriced {
        /// Nano-XPL a command.
        pub fee: u64,
        /// What the controller carries on; see [`Fees::excess`].
        pub excess: u64,
    }
}

impl State<'_> {
    /// What a command of an account burns now, in nano-XPL.
    #[inline]
    pub fn base_fee(&self) -> u64 {
        if self.params.fee_control() == fee_control::FIXED { self.params.fee_base() } else { self.fees.base }
    }
}

// Decide

/// The next round's fee, when it is controlled.
pub(crate) fn reprice(state: &State) -> Option<Repriced> {
    next(state.params, state.fees)
}

fn next(params: &Params, fees: &Fees) -> Option<Repriced> {
    let (target, denominator) = (params.fee_target(), params.fee_denominator());
    match params.fee_control() {
        fee_control::EIP1559 => {
            // A block of the original cannot be fuller than its limit.
            let admitted = fees.admitted.min(target.saturating_mul(params.fee_elasticity()));
            let fee = eip1559(fees.base, admitted, target, denominator);
            Some(Repriced { fee: fee.min(MAX), excess: 0 })
        }
        fee_control::EIP4844 => {
            // An excess that could not be counted further is taken for the largest that can be.
            let unit = params.fee_unit();
            let target = target.saturating_mul(unit);
            let excess = excess(fees.excess, fees.admitted.saturating_mul(unit), target).unwrap_or(u64::MAX);
            let fee = fake_exponential(params.fee_base(), excess, fraction(params, target));
            Some(Repriced { fee: fee.and_then(|fee| u64::try_from(fee).ok()).map_or(MAX, |fee| fee.min(MAX)), excess })
        }
        _ => None,
    }
}

/// EIP-4844's update fraction for a target, both in units.
fn fraction(params: &Params, target: u64) -> u64 {
    match params.fee_fraction() {
        0 => target.saturating_mul(params.fee_denominator()),
        ratio => {
            let nearest = (u128::from(target) * u128::from(ratio) + u128::from(ONE / 2)) / u128::from(ONE);
            u64::try_from(nearest).unwrap_or(u64::MAX).max(1)
        }
    }
}

// Apply

impl State<'_> {
    /// Keeps the controller in step with a parameter that has just changed: control begins with the fee `before`, and a base fee
    /// that is set is where EIP-1559 moves on from. EIP-4844 takes its lowest fee up with the next round.
    pub(crate) fn follow_fee(&mut self, key: &str, before: u64) {
        match key {
            "fee.control" => (self.fees.base, self.fees.excess) = (before, 0),
            "fee.base" if self.params.fee_control() == fee_control::EIP1559 => self.fees.base = self.params.fee_base(),
            _ => {}
        }
    }
}

impl Apply for Repriced {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.fees.base = self.fee;
        state.fees.excess = self.excess;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::base_fee::tests::EXPONENTIALS;
    use crate::record::Event;
    use crate::testing::Bench;

    /// Rounds of so many commands, and the fee after each.
    fn fees(set: &[(&str, u64)], rounds: &[usize]) -> Vec<u64> {
        let mut bench = Bench::new(&[&[("fee.base", 1_000_000), ("fee.target", 10), ("beacon.interval", 1_000)], set].concat());
        let mut round = |&commands: &usize| {
            for _ in 0..commands {
                bench.transfer(0, 1, 1);
            }
            match bench.beacon(1)[..] {
                [Event::RoundClosed(_)] => 0,
                [Event::RoundClosed(_), Event::Repriced(set)] => set.fee,
                ref events => panic!("{events:?}"),
            }
        };
        rounds.iter().map(&mut round).collect()
    }

    #[test]
    fn a_fixed_fee_stays() {
        assert_eq!(fees(&[], &[0, 50]), [0, 0]);
    }

    /// EIP-1559's path: an eighth up in full rounds, nothing at the target, an eighth down in empty ones.
    #[test]
    fn eip1559_follows_the_rounds() {
        let path = fees(&[("fee.control", 1)], &[20, 40, 10, 0, 11]);
        assert_eq!(path, [1_125_000, 1_265_625, 1_265_625, 1_107_422, 1_121_264]);
    }

    /// EIP-4844's path: e^(excess ÷ (target · denominator)) times the smallest fee.
    #[test]
    fn eip4844_prices_the_excess() {
        let path = fees(&[("fee.control", 2)], &[10, 50, 20, 0, 0]);
        assert_eq!(path, [1_000_000, 1_648_721, 1_868_245, 1_648_721, 1_454_991]);
    }

    /// A blob of the original, in its units.
    const BLOB: u64 = 131_072;

    /// The original at its beginning (EIP-4844): a smallest fee of one, a target of three blobs, an update fraction of 3,338,477.
    const CANCUN: [(&str, u64); 5] =
        [("fee.control", 2), ("fee.base", 1), ("fee.target", 3), ("fee.unit", BLOB), ("fee.fraction", 8_490_186_056)];

    /// The controller after a round of so many commands, with so much excess from before.
    fn after(set: &[(&str, u64)], excess: u64, admitted: u64) -> Repriced {
        let mut params = Params::default();
        set.iter().for_each(|&(key, value)| params.set(key, value).expect("a legal value"));
        next(&params, &Fees { base: 0, excess, admitted }).expect("a controlled fee")
    }

    /// EIP-4844's constant, and that of EIP-7691 (Prague) for a target of six blobs, to the unit.
    #[test]
    fn update_fractions_are_the_originals() {
        for (target, ratio, expected) in [(3, 8_490_186_056, 3_338_477), (6, 6_367_640_177, 5_007_716)] {
            let mut params = Params::default();
            params.set("fee.fraction", ratio).unwrap();
            assert_eq!(fraction(&params, target * BLOB), expected);
        }
        let mut params = Params::default();
        assert_eq!(fraction(&params, 10), 80);
        params.set("fee.fraction", 1).unwrap();
        assert_eq!((fraction(&params, 10), fraction(&params, u64::MAX)), (1, 18_446_744_074));
    }

    /// go-ethereum, `consensus/misc/eip4844/eip4844_test.go`, `TestCalcExcessBlobGas`: excess before, blobs, excess after.
    #[test]
    fn the_excess_is_that_of_go_ethereums_test() {
        const TARGET: u64 = 3 * BLOB;
        let cases = [
            (0, 0, 0),
            (0, 1, 0),
            (0, 3, 0),
            (0, 4, BLOB),
            (1, 4, BLOB + 1),
            (1, 5, 2 * BLOB + 1),
            (TARGET, 3, TARGET),
            (TARGET, 2, TARGET - BLOB),
            (TARGET, 1, TARGET - 2 * BLOB),
            (BLOB - 1, 2, 0),
        ];
        for (before, blobs, expected) in cases {
            assert_eq!(after(&CANCUN, before, blobs).excess, expected, "{blobs} blobs after {before}");
        }
    }

    /// The same file, `TestCalcBlobFee`, and reth's larger cases, which the largest fee cuts off.
    #[test]
    fn blob_fees_are_those_of_the_clients_tests() {
        for (excess, fee) in [(0, 1), (2_314_057, 1), (2_314_058, 2), (10 * 1024 * 1024, 23), (148_099_578, MAX)] {
            assert_eq!(after(&CANCUN, excess, 3), Repriced { fee, excess });
        }
    }

    /// The same file, `TestFakeExponential`: factor, numerator and denominator are the smallest fee, the excess and the target.
    #[test]
    fn exponentials_are_those_of_go_ethereums_test() {
        for (factor, numerator, denominator, fee) in EXPONENTIALS {
            let set = [("fee.control", 2), ("fee.base", factor), ("fee.target", denominator), ("fee.fraction", ONE)];
            assert_eq!(after(&set, numerator, denominator), Repriced { fee, excess: numerator });
        }
    }

    /// The original's path through real rounds: 80 blobs beyond the target are ten mebibytes, and cost 23; then empty blocks.
    #[test]
    fn rounds_of_blobs_are_priced_as_in_the_original() {
        let fees = fees(&CANCUN, &[83, 3, 0, 0, 30]);
        assert_eq!(fees, [23, 23, 20, 18, 52]);
    }

    #[test]
    fn commands_pay_the_fee_of_their_round() {
        let mut bench = Bench::new(&[("fee.base", 800), ("fee.target", 1), ("fee.control", 1), ("beacon.interval", 1_000)]);
        bench.transfer(0, 1, 1);
        bench.transfer(0, 1, 1);
        bench.beacon(1);
        bench.transfer(0, 1, 1);
        assert_eq!(bench.free(0), 1_000_000 * u128::from(XPL) - 3 - 800 - 800 - 900);
        bench.engine.view(|state| assert_eq!((state.base_fee(), state.fees.admitted), (900, 1)));
    }
}
