//! What a GPU-second of each class weighs when emission for providers is shared by work: a table that governance sets.
//!
//! Genesis takes it from the catalogue. A settlement weighs by the table in force when it settles, so a change reaches work that is
//! under way, and none that was settled before it.

use crate::engine::state::State;
use crate::ids::ClassId;
use crate::money::ONE;
use crate::record::{Apply, Event, Record, payload};
use crate::rejection::{Refusal, Rejection};
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// In [`ProposeWeights::classes`]: no class.
pub const NO_CLASS: u32 = u32::MAX;

/// Largest weight that can be proposed, in parts per billion: a thousand times that of the reference class. Zero is the least, at
/// which a class's work earns nothing of what is shared by work.
pub const MAX: u64 = 1_000 * ONE;

/// The table in force.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights(
    /// By [`ClassId`], in parts per billion of the reference class.
    pub Vec<u64>,
);

payload! {
    /// Proposes other weights of up to four classes, all at once.
    pub struct ProposeWeights {
        /// The weights, each at its class's place, in parts per billion of the reference class.
        pub weights: [u64; 4],
        /// The classes, by position in the catalogue; [`NO_CLASS`] for none.
        pub classes: [u32; 4],
    }

    /// A class has another weight.
    pub struct WeightChanged {
        /// Its weight from now on, in parts per billion of the reference class.
        pub weight: u64,
        /// Its weight until now.
        pub before: u64,
        /// Which class.
        pub class: ClassId,
        /// Zero.
        pub pad: [u8; 7],
    }
}

impl Weights {
    /// The weight of a class of the catalogue, in parts per billion of the reference class.
    #[inline(always)]
    pub fn of(&self, class: ClassId) -> u64 {
        self.0[class.index()]
    }
}

impl ProposeWeights {
    /// The classes it names, with their weights.
    pub fn named(&self) -> impl Iterator<Item = (u32, u64)> {
        self.classes.into_iter().zip(self.weights).filter(|(class, _)| *class != NO_CLASS)
    }
}

// Decide

/// Whether the weights can be set now.
pub(crate) fn check(state: &State, proposed: &ProposeWeights) -> Result<(), Refusal> {
    if proposed.named().next().is_none() {
        return Err(Rejection::NoClassNamed.into());
    }
    for (class, weight) in proposed.named() {
        if class as usize >= state.weights.0.len() {
            return Err(Rejection::UnknownClass.into());
        }
        if weight > MAX {
            return Err(Rejection::WeightTooLarge.needing(MAX));
        }
    }
    Ok(())
}

/// What sets them. A class named twice has the last of its weights.
pub(crate) fn set(state: &State, proposed: &ProposeWeights, events: &mut Vec<Event>) {
    let mut weights = state.weights.0.clone();
    events.extend(proposed.named().map(|(class, weight)| {
        let before = std::mem::replace(&mut weights[class as usize], weight);
        Event::from(WeightChanged { weight, before, class: ClassId(class as u8), pad: [0; 7] })
    }));
}

// Apply

impl Apply for WeightChanged {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.weights.0[self.class.index()] = self.weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::protocol::bond::Bond;
    use crate::protocol::governance::{Proposed, Vote};
    use crate::protocol::job::Submit;
    use crate::protocol::offer::PostOffer;
    use crate::protocol::provider::Register;
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::{DAY, HOUR};

    fn weights(named: &[(u32, u64)]) -> ProposeWeights {
        let mut proposed = ProposeWeights { classes: [NO_CLASS; 4], ..ProposeWeights::default() };
        for (i, &(class, weight)) in named.iter().enumerate() {
            (proposed.classes[i], proposed.weights[i]) = (class, weight);
        }
        proposed
    }

    /// A world in which account 4 alone decides within an hour, and all emission is for work.
    fn bench() -> Bench {
        let mut bench = Bench::new(&[
            ("governance.max_open", 3),
            ("governance.period", HOUR),
            ("governance.timelock", 0),
            ("fee.base", 0),
            ("emission.schedule", 0),
            ("emission.yearly", 365_250),
            ("emission.providers", ONE),
            ("emission.stakers", 0),
            ("emission.treasury", 0),
            ("emission.builders", 0),
        ]);
        bench.by(4, Register { region: 0 });
        bench.by(4, Bond { amount: 200_000 * XPL });
        bench
    }

    fn pass(bench: &mut Bench, proposed: ProposeWeights) -> Vec<Event> {
        let [Event::Proposed(Proposed { proposal, .. })] = bench.by(3, proposed)[..] else { panic!("it is refused") };
        bench.by(4, Vote { proposal, choice: 0, pad: 0 });
        bench.wait(DAY)
    }

    #[test]
    fn a_proposal_sets_weights_at_an_epochs_end_and_says_what_they_were() {
        let mut bench = bench();
        let events = pass(&mut bench, weights(&[(1, ONE / 2), (0, 7), (1, 2 * ONE)]));
        let changes: Vec<_> = events
            .iter()
            .filter_map(|event| if let Event::WeightChanged(e) = event { Some((e.class.0, e.before, e.weight)) } else { None })
            .collect();
        assert_eq!(changes, [(1, 3 * ONE, ONE / 2), (0, ONE, 7), (1, ONE / 2, 2 * ONE)]);
        let end = ["Ripened", "WeightChanged", "WeightChanged", "WeightChanged", "Enacted", "EpochClosed"];
        assert!(names(&events).ends_with(&end), "{:?}", names(&events));
        bench.engine.view(|state| {
            assert_eq!(state.weights.0, [7, 2 * ONE]);
            // The catalogue says what they were at genesis.
            assert_eq!(state.catalogue.classes[1].weight, 3 * ONE);
        });
    }

    #[test]
    fn what_cannot_be_set_is_refused_when_it_is_proposed() {
        let mut bench = bench();
        assert_eq!(bench.refused_by(3, weights(&[])), Rejection::NoClassNamed);
        assert_eq!(bench.refused_by(3, weights(&[(0, 1), (2, 1)])), Rejection::UnknownClass);
        assert_eq!(bench.refused_by(3, weights(&[(1, MAX + 1)])), Rejection::WeightTooLarge);
        assert_eq!(names(&bench.by(3, weights(&[(0, 0), (1, MAX)]))), ["Proposed"]);
    }

    /// What two providers earn of 1 000 XPL of emission, in XPL, when each works for a job of an hour, on its own class.
    fn earned(bench: &mut Bench) -> Vec<u64> {
        let leases = [1, 2].map(|classes| {
            let submit = Submit { classes, ..hour_job(bench.now) };
            leased(&bench.by(2, submit)).expect("a lease").0
        });
        for (account, lease) in leases.into_iter().enumerate() {
            bench.commit(account as u32, lease);
        }
        let events = bench.wait(DAY);
        let works = events.iter().filter_map(|event| if let Event::Rewarded(e) = event { Some(e.work) } else { None });
        works.filter(|&work| work > 0).map(|work| work / XPL).collect()
    }

    #[test]
    fn emission_follows_the_weights_in_force_when_work_settles() {
        let mut bench = bench();
        bench.provide(0, 1, XPL);
        bench.by(1, Register { region: 0 });
        bench.by(1, Bond { amount: 100_000 * XPL });
        bench.by(1, PostOffer { ask: XPL, gpus: 1, class: ClassId(1), pad: [0; 5] });
        // The second class is twice as fast, so that an hour's job is half an hour of it, at three times the weight.
        assert_eq!(earned(&mut bench), [400, 600]);
        pass(&mut bench, weights(&[(1, 8 * ONE)]));
        assert_eq!(earned(&mut bench), [200, 800]);
    }
}
