//! What jobs of unlike GPUs are measured by: their work on one class, and what the cheapest cloud would take for them.
//!
//! An hour of one class is not an hour of another: what it is worth depends on what runs there. The catalogue's weights for emission
//! follow rentals and not throughput, so they are no measure of work. A job's own manifest is: its cost formula and a class's reference
//! rates give the work that it would be on that class ([`GpuClass::work_mgs`](plasma_core::catalogue::GpuClass::work_mgs)), a hedonic
//! price index with one quality (cf. E. Berndt & Z. Griliches 1993, "Price indexes for microcomputers").

use plasma_core::catalogue::Catalogue;
use plasma_core::engine::state::State;
use plasma_core::ids::ClassId;
use plasma_core::protocol::job::Job;
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::verification::policy::Policy;
use rkyv::{Archive, Deserialize, Serialize};

/// Ways to rent elsewhere: at the price that the agents go by, on demand, reserved, spot.
pub const TIERS: usize = 4;

/// The class by which work is measured, and prices elsewhere as they were told last.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Yardstick {
    reference: u8,
    /// Micro-dollars for a GPU-hour, by class; zero where there is no price.
    pub(super) prices: Vec<[u64; TIERS]>,
}

/// A job by the yardstick.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Milli-GPU-seconds that it was leased for, of its class.
    work: u64,
    /// … and that it would be on the reference class; zero where it cannot run there.
    reference: u64,
    /// Its work on the cheapest class elsewhere × that one's price, in milli-GPU-seconds · micro-dollars per GPU-hour; zero where no
    /// class has a price on which it could run.
    elsewhere: [u64; TIERS],
}

impl Yardstick {
    /// Work is measured by a class of the catalogue, and rented elsewhere at prices in micro-dollars per GPU-hour, by class.
    pub const fn new(reference: ClassId, prices: Vec<[u64; TIERS]>) -> Self {
        Self { reference: reference.0, prices }
    }

    /// The first class on which the most programs run, where nobody says which. Nobody says what renting elsewhere costs either.
    pub fn of(catalogue: &Catalogue) -> Self {
        let runs = |class: &&usize| {
            let costs = catalogue.programs.iter().filter_map(|program| program.cost(&[1; 4]));
            costs.filter(|cost| catalogue.classes[**class].work_mgs(cost).is_some()).count()
        };
        let classes: Vec<usize> = (0..catalogue.classes.len()).rev().collect();
        Self::new(ClassId(classes.iter().max_by_key(runs).map_or(0, |&class| class as u8)), Vec::new())
    }

    /// The class by which work is measured.
    pub const fn reference(&self) -> ClassId {
        ClassId(self.reference)
    }

    /// A job that was leased. Elsewhere it takes the class on which it costs least, of those that it allows, that have the memory and
    /// that are done by its deadline. Copies of a job are one job there: each counts for its part.
    #[inline]
    pub fn measure(&self, view: &State, job: &Job, leased: &Leased) -> Measure {
        let mut measure = Measure { work: leased.work_mgs, ..Measure::default() };
        let Some(program) = view.catalogue.program(job.program) else { return measure };
        let Some(cost) = program.cost(&job.sizes) else { return measure };
        let work_on = |class: usize| view.catalogue.classes.get(class)?.work_mgs(&cost);
        measure.reference = work_on(self.reference.into()).unwrap_or(0);
        let copies = if job.policy == Policy::Redundant { copies(view, job) } else { 1 };
        for (class, prices) in self.prices.iter().enumerate() {
            let has_memory = view.catalogue.classes.get(class).is_some_and(|class| class.vram_gib >= job.vram_gib);
            if job.classes >> class & 1 == 0 || !has_memory {
                continue;
            }
            let Some(work) = work_on(class) else { continue };
            if job.submitted.saturating_add(work >> job.gpus_log2) >= job.finish_by {
                continue;
            }
            for (least, &price) in measure.elsewhere.iter_mut().zip(prices).filter(|(_, price)| **price > 0) {
                let cost = (work / copies).saturating_mul(price);
                *least = if *least == 0 { cost } else { cost.min(*least) };
            }
        }
        measure
    }
}

/// In how many copies a job was asked for.
fn copies(view: &State, job: &Job) -> u64 {
    let docket = &view.docket;
    let set = docket.lead_of.get(&job.id).and_then(|lead| docket.sets.get(lead));
    set.map_or(1, |set| set.asked.len() as u64).max(1)
}

impl Measure {
    /// What it was on the reference class, in milli-GPU-seconds, and what it would have cost elsewhere, in 10^-15 dollars, when so much
    /// of its work was settled: deployments may end early.
    #[inline]
    pub fn settled(&self, work_mgs: u64) -> (u128, [u128; TIERS]) {
        let (done, whole) = (u128::from(work_mgs), u128::from(self.work.max(1)));
        let part = |of: u64| if work_mgs == self.work { u128::from(of) } else { u128::from(of) * done / whole };
        // A micro-dollar per GPU-hour is 10^9 ÷ 3 600 000 of 10^-15 dollars per milli-GPU-second.
        (part(self.reference), self.elsewhere.map(|cost| part(cost) * 10_000 / 36))
    }
}
