//! Keyed random streams: a draw is a function of (seed, replicate, purpose, id, index) and of nothing else.
//!
//! There is no generator whose state moves on: whoever draws keeps its own index in its own row. So an agent that is added, or one
//! that draws more often, changes no other agent's numbers, and two runs that differ in a parameter stay paired candidate by
//! candidate (common random numbers; Law, *Simulation Modeling and Analysis*, 5th ed., section 11.2).
//!
//! The generator is ChaCha with 8 rounds (Bernstein 2008). The purpose, hashed with seed and replicate, is its key; the id is its
//! stream; the index counts groups of four of its blocks, which hold all the numbers that one draw may need.

pub mod normal;
pub mod sample;
pub mod spread;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What draws are for. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The host's beacon; the index is the round.
    Beacon,
    /// What a provider is born with: region, speed, hours.
    Provider,
    /// How one lease of a provider ends; the index counts its leases.
    Lease,
    /// Whether a provider switches off without notice; the index counts its days.
    Morning,
    /// A candidate job; the id is its group, the index its number.
    Candidate,
    /// How long demand stays calm; the id is the group, the index counts its bursts.
    Burst,
    /// How many requests came to a deployment; the id is a hash of its group and the moment of its submission, the index the time
    /// since.
    Request,
    /// A row of a recorded trace; the id is the trace, the index the row.
    Trace,
    /// A price that is made elsewhere; the index counts posts.
    Price,
    /// Whom a shock meets; the id is the provider, the index the shock.
    Shock,
    /// What a group of traders does; the id is the group, the index counts its looks.
    Trader,
    /// How a builder's attempt at a milestone goes; the id is the builder, the index counts its attempts.
    Builder,
    /// A candidate that a builder brought; the id is the builder's, the group's and the milestone's, the index its number.
    Brought,
    /// Whom a delegator compares its provider with; the index counts its looks.
    Delegator,
    /// Whether and when somebody votes; the id is the voter, the index the proposal.
    Voter,
    /// What an attacker leaves to chance; the index counts its chances.
    Attack,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Beacon => "beacon",
            Self::Provider => "provider",
            Self::Lease => "lease",
            Self::Morning => "morning",
            Self::Candidate => "candidate",
            Self::Burst => "burst",
            Self::Request => "request",
            Self::Trace => "trace",
            Self::Price => "price",
            Self::Shock => "shock",
            Self::Trader => "trader",
            Self::Builder => "builder",
            Self::Brought => "brought",
            Self::Delegator => "delegator",
            Self::Voter => "voter",
            Self::Attack => "attack",
        }
    }
}

/// Numbers of 64 bits that one index holds.
pub const DRAWS_PER_INDEX: u32 = 32;

/// The streams of one purpose.
#[derive(Clone, Debug)]
pub struct Streams {
    keyed: ChaCha8Rng,
}

/// The numbers of one index, one after the other.
#[derive(Clone, Debug)]
pub struct Draw {
    rng: ChaCha8Rng,
    left: u32,
}

/// 256 bits that only (seed, replicate, purpose) determine.
pub fn key(seed: u64, replicate: u64, purpose: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("plasma 2025-11-01 keyed random streams v1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(&replicate.to_le_bytes());
    hasher.update(purpose.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The stream of the `number`-th member of the group of this name. Names and not positions make the id, so that a group that is
/// added in front of others moves none of their streams.
pub fn stream_id(group: &str, number: u32) -> u64 {
    let hash = blake3::hash(group.as_bytes());
    let name = u32::from_le_bytes(hash.as_bytes()[..4].try_into().expect("a hash has four bytes"));
    u64::from(name) << 32 | u64::from(number)
}

impl Streams {
    /// The streams of a purpose in one replicate of an experiment.
    pub fn new(seed: u64, replicate: u64, purpose: Purpose) -> Self {
        Self { keyed: ChaCha8Rng::from_seed(key(seed, replicate, purpose.name())) }
    }

    /// The numbers at an index of a stream.
    #[inline]
    pub fn draw(&self, id: u64, index: u64) -> Draw {
        let mut draw = Draw { rng: self.keyed.clone(), left: 0 };
        draw.rng.set_stream(id);
        draw.turn_to(index);
        draw
    }
}

impl Draw {
    /// Leaves the numbers of its index for those of another, of the same stream.
    #[inline]
    pub fn turn_to(&mut self, index: u64) {
        const WORDS: u128 = 2 * DRAWS_PER_INDEX as u128;
        self.rng.set_word_pos(u128::from(index) * WORDS);
        self.left = DRAWS_PER_INDEX;
    }

    /// 64 uniform bits.
    ///
    /// # Panics
    /// After [`DRAWS_PER_INDEX`] numbers: what follows belongs to the next index.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.left = self.left.checked_sub(1).expect("one index holds enough numbers for one draw");
        self.rng.next_u64()
    }

    /// A uniform number in the open interval (0, 1): the middle of one of 2^52 equal parts, so that neither a logarithm nor an
    /// inverse distribution function meets its pole.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// 256 uniform bits.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_draw_depends_on_every_part_of_its_key() {
        let at = |seed, replicate, purpose, id, index| Streams::new(seed, replicate, purpose).draw(id, index).bits();
        let first = at(1, 0, Purpose::Lease, 7, 3);
        let others = [
            at(2, 0, Purpose::Lease, 7, 3),
            at(1, 1, Purpose::Lease, 7, 3),
            at(1, 0, Purpose::Morning, 7, 3),
            at(1, 0, Purpose::Lease, 8, 3),
            at(1, 0, Purpose::Lease, 7, 4),
        ];
        assert!(others.iter().all(|&other| other != first));
        assert_eq!(at(1, 0, Purpose::Lease, 7, 3), first);
    }

    #[test]
    fn the_streams_never_change() {
        // A changed number here changes every published run: it needs a new version in the key's context.
        let mut draw = Streams::new(1, 0, Purpose::Candidate).draw(stream_id("chat", 0), 0);
        assert_eq!([draw.bits(), draw.bits()], GOLDEN);
    }

    const GOLDEN: [u64; 2] = [5_872_213_838_151_020_533, 5_682_283_194_916_815_291];

    proptest! {
        #[test]
        fn the_numbers_of_an_index_end_where_those_of_the_next_begin(id: u64, index in 0..1u64 << 40) {
            let streams = Streams::new(9, 0, Purpose::Candidate);
            let mut unbounded = streams.draw(id, index).rng;
            for _ in 0..DRAWS_PER_INDEX {
                unbounded.next_u64();
            }
            prop_assert_eq!(unbounded.next_u64(), streams.draw(id, index + 1).bits());
        }

        #[test]
        fn who_turns_to_an_index_draws_what_is_drawn_there(id: u64, used in 0..DRAWS_PER_INDEX, indices: [u32; 2]) {
            let streams = Streams::new(9, 0, Purpose::Candidate);
            let [mut there, mut turned] = [1, 0].map(|i: usize| streams.draw(id, indices[i].into()));
            (0..used).for_each(|_| { turned.bits(); });
            turned.turn_to(indices[1].into());
            (0..DRAWS_PER_INDEX).try_for_each(|_| { prop_assert_eq!(turned.bits(), there.bits()); Ok(()) })?;
        }

        #[test]
        fn uniforms_stay_inside_the_open_interval(id: u64, index in 0..1u64 << 40) {
            let u = Streams::new(9, 0, Purpose::Candidate).draw(id, index).uniform();
            prop_assert!(u > 0.0 && u < 1.0);
        }
    }
}
