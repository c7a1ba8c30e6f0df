//! The agents' appointments, ordered by (time, kind, id): an order of its own, whatever the order in which they were made.

use plasma_core::engine::agenda::Agenda;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// What somebody will do. Appointments of one moment are kept in this order.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The host ends a round.
    Beacon,
    /// The feeder posts the price.
    Post,
    /// A provider joins.
    Join,
    /// A provider switches off for the day.
    Morning,
    /// A provider switches on for the night.
    Evening,
    /// A provider's jail ends, or it tries again to return.
    Release,
    /// A provider fills its bond up.
    TopUp,
    /// A provider quotes.
    Quote,
    /// A provider keeps its books: pays, sells, considers leaving.
    Books,
    /// Somebody considers entering.
    Look,
    /// A customer puts money aside for a deployment's requests; the id is the job.
    Fund,
    /// A customer signs for what a deployment has served; the id is the lease.
    Receipt,
    /// A provider commits to a right result; the id is the lease.
    CommitRight,
    /// A provider commits to a wrong result; the id is the lease.
    CommitWrong,
    /// A checker answers; the id is the lease.
    Verdict,
    /// A candidate job comes; the id is the group of customers.
    Candidate,
    /// Those who provide the pool's liquidity look at it.
    Liquidity,
    /// A group of traders looks at the market; the id is the group.
    Trade,
    /// A shock strikes; the id is its place on the timetable.
    Shock,
    /// A shock is over.
    Recovery,
    /// Providers seal asks.
    Seal,
    /// Providers reveal what they sealed.
    Reveal,
    /// An attacker acts; the id is its place in the scenario.
    Attack,
    /// A job that somebody bought from themselves is declared done; the id is the attacker.
    WashDone,
    /// Some of a panel are done; the id is the lease.
    SealVerdict,
    /// A panel reveals what it sealed; the id is the lease.
    RevealVerdict,
    /// An unlock cohort claims what has vested.
    Unlock,
    /// An unlock cohort sells.
    Offload,
    /// The custodian carries out an order; the id is the order.
    Order,
    /// The custodian takes an order's liquidity out of the pool; the id is the order.
    Redeem,
    /// The custodian tells the treasury what came of an order; the id is the order.
    Report,
    /// A builder applies for an award.
    Apply,
    /// A builder begins an attempt at a milestone.
    Attempt,
    /// A builder's attempt is over.
    Milestone,
    /// The committee attests a builder's milestone; the id is the builder.
    Attest,
    /// A builder sells what it was paid.
    Cash,
    /// A candidate comes whom a builder brought; the id is the row of what brings it.
    Brought,
    /// Holders look at what they staked of what is not free.
    Pledge,
    /// A delegator looks at its stake.
    Stake,
    /// Somebody makes a proposal; the id is its place on the timetable.
    Propose,
    /// Somebody votes; the id says who, how and on what.
    Ballot,
}

/// An appointment.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Appointment {
    /// When.
    pub time: Time,
    /// What.
    pub kind: Kind,
    /// Whose.
    pub id: u64,
}

/// Appointments, earliest first.
#[derive(Clone, Debug)]
pub struct Queue(Agenda<(Kind, u64)>);

impl Queue {
    /// No appointments; none will be before this time.
    pub fn starting(time: Time) -> Self {
        Self(Agenda::starting(time))
    }

    /// Makes an appointment.
    #[inline]
    pub fn push(&mut self, time: Time, kind: Kind, id: u64) {
        self.0.set(time, (kind, id));
    }

    /// Takes the earliest appointment before `until`.
    #[inline]
    pub fn pop_before(&mut self, until: Time) -> Option<Appointment> {
        self.0.next_before(until)?;
        self.0.pop().map(|(time, (kind, id))| Appointment { time, kind, id })
    }

    /// All appointments in their order.
    pub fn sorted(&self) -> Vec<Appointment> {
        let mut all: Vec<_> = self.0.iter().map(|&(time, (kind, id))| Appointment { time, kind, id }).collect();
        all.sort_unstable();
        all
    }
}

impl FromIterator<Appointment> for Queue {
    fn from_iter<I: IntoIterator<Item = Appointment>>(appointments: I) -> Self {
        let appointments: Vec<_> = appointments.into_iter().collect();
        let mut queue = Self::starting(appointments.iter().map(|first| first.time).min().unwrap_or_default());
        appointments.into_iter().for_each(|Appointment { time, kind, id }| queue.push(time, kind, id));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::time::HOUR;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_of_making_does_not_matter(mut made in prop::collection::vec((0..20u64, 0..9u64), 0..50), cut in 0..20u64) {
            // Quarters of an hour, so that some share an hour; a few more are made on the way.
            let at = |quarters: u64| quarters * HOUR / 4;
            let take = |made: &[(u64, u64)]| {
                let mut queue = Queue::starting(0);
                made.iter().for_each(|&(time, id)| queue.push(at(time), Kind::Quote, id));
                let mut early: Vec<_> = std::iter::from_fn(|| queue.pop_before(at(cut / 2))).collect();
                [cut / 2, cut, cut + 1].into_iter().for_each(|time| queue.push(at(time), Kind::Books, 7));
                early.extend(std::iter::from_fn(|| queue.pop_before(at(cut))));
                (early, queue.sorted())
            };
            let forward = take(&made);
            made.reverse();
            prop_assert_eq!(&take(&made), &forward);
            prop_assert!(forward.0.iter().all(|early| early.time < at(cut)));
            prop_assert_eq!(forward.0.len() + forward.1.len(), made.len() + 3);
            prop_assert!(forward.0.iter().chain(&forward.1).is_sorted());
        }
    }
}
