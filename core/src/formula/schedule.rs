//! Emission schedules: what is minted over a span of time, one file a schedule, under the name of its original.
//!
//! A schedule is one file with a function `mint` and one line in the table below; `emission.schedule` takes its names from there.
//! What a schedule must remember between epochs is a [`Memory`], which belongs to the caller.

use crate::params::Params;
use crate::time::{Span, YEAR};

/// What a schedule may look at. Amounts in nano-XPL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// From when, in milliseconds since emission started.
    pub from: Span,
    /// Until when.
    pub to: Span,
    /// Supply at genesis.
    pub initial: u128,
    /// Everything issued and not burned.
    pub supply: u128,
    /// Supply that can change hands.
    pub circulating: u128,
    /// Minted by emission so far.
    pub minted: u128,
    /// At stake.
    pub staked: u128,
    /// Paid for work in the span.
    pub paid: u128,
    /// Burned in the span.
    pub burned: u128,
    /// Settled in the span, in class-weighted milli-GPU-seconds.
    pub work: u64,
}

impl Seen {
    /// `⌊yearly · span ÷ year⌋`; the largest number beyond `u128`.
    pub fn share_of_year(&self, yearly: u128) -> u128 {
        let span = u128::from(self.to.saturating_sub(self.from));
        crate::money::mul_div_floor(yearly, span, u128::from(YEAR)).unwrap_or(u128::MAX)
    }

    /// `⌊yearly · span ÷ year⌋` of a rate in parts per billion.
    fn rate_of_year(&self, yearly: u64) -> u64 {
        u64::try_from(self.share_of_year(yearly.into())).unwrap_or(u64::MAX)
    }

    /// Stake over supply in parts per billion, rounded down, at most one; zero when there is no supply.
    pub fn staked_ratio(&self) -> u64 {
        let ratio = crate::money::mul_div_floor(self.staked, crate::money::ONE.into(), self.supply).unwrap_or(0);
        u64::try_from(ratio).unwrap_or(u64::MAX).min(crate::money::ONE)
    }
}

/// What a schedule remembers from one epoch to the next; zero before its first. What each number is, its schedule says.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Memory {
    /// A rate or a baseline: what the schedule steers.
    pub level: u64,
    /// A second one: what it is steered towards, or by.
    pub aim: u64,
    /// A sum over time.
    pub sum: u64,
    /// Steps taken; zero before the first.
    pub steps: u64,
}

/// What a schedule says of a span: nano-XPL to mint, and what to remember.
pub type Minted = (u128, Memory);

/// Makes of a list of files the schedules' modules and names, and what finds them by name and by number.
macro_rules! schedules {
    ($($name:ident,)+) => {
        $(pub mod $name;)+

        /// The schedules' names, in the order of `emission.schedule`.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        const MINTS: &[fn(&Params, &Seen, Memory) -> Minted] = &[$($name::mint),+];

        /// What the schedule of this number mints over the span, and what it remembers then. A span of no length mints nothing.
        ///
        /// # Panics
        /// If there is no such schedule: [`Params`] never holds its number.
        pub fn mint(schedule: u64, params: &Params, seen: &Seen, memory: Memory) -> Minted {
            if seen.to <= seen.from { (0, memory) } else { MINTS[schedule as usize](params, seen, memory) }
        }

        /// The number of a schedule in `emission.schedule`.
        ///
        /// # Panics
        /// If there is no such name, while compiling where it is asked for in a constant.
        pub const fn number(name: &str) -> u64 {
            $crate::formula::schedule::position(NAMES, name)
        }
    };
}

schedules! {
    fixed,
    disinflation,
    table,
    halving,
    halving_by_supply,
    exponential,
    baseline,
    goal_bonded,
    participation,
    ideal_stake,
    sqrt_stake,
    net_emission,
    vault_remint,
    utilisation,
    pid,
}

/// Where a name stands in a list.
const fn position(names: &[&str], name: &str) -> u64 {
    let mut i = 0;
    while i < names.len() {
        if same(names[i].as_bytes(), name.as_bytes()) {
            return i as u64;
        }
        i += 1;
    }
    panic!("no such schedule")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// How many of the original's blocks of `tick` milliseconds have begun by a moment.
fn ticks(params: &Params, at: Span) -> u64 {
    at / params.emission_tick().max(1)
}

/// Whole XPL as nano-XPL.
fn whole(xpl: u64) -> u128 {
    u128::from(xpl) * u128::from(crate::money::XPL)
}

#[cfg(test)]
mod tests;
