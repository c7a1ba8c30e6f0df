//! The base fee: what every admitted command of an account burns, fixed or controlled round by round.
//!
//! A round's weight is the number of commands that accounts had admitted in it, against `fee.target`. `eip1559` moves the fee by
//! at most one `fee.denominator`th a round; `eip4844` prices what was admitted beyond the target so far, exponentially
//! ([`crate::formula::base_fee`]).

use crate::engine::state::State;
use crate::formula::base_fee::{eip1559, excess, fake_exponential};
use crate::money::XPL;
use crate::params::fee_control;
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
    /// Commands admitted beyond the target so far, less those below it: `eip4844`'s excess.
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
    let (params, fees) = (&*state.params, &*state.fees);
    let (target, denominator) = (params.fee_target(), params.fee_denominator());
    match params.fee_control() {
        fee_control::EIP1559 => {
            // A block of the original cannot be fuller than its limit.
            let admitted = fees.admitted.min(target.saturating_mul(params.fee_elasticity()));
            let fee = eip1559(fees.base, admitted, target, denominator);
            Some(Repriced { fee: fee.min(MAX), excess: 0 })
        }
        fee_control::EIP4844 => {
            // Where it could not be counted further, the fee has long been the largest there is.
            let excess = excess(fees.excess, fees.admitted, target).unwrap_or(u64::MAX);
            let fee = fake_exponential(params.fee_base(), excess, target.saturating_mul(denominator));
            Some(Repriced { fee: fee.and_then(|fee| u64::try_from(fee).ok()).map_or(MAX, |fee| fee.min(MAX)), excess })
        }
        _ => None,
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
