//! GPU time on offer and at work, integrated record by record.
//!
//! The log says when a lease starts and ends and when an offer enters or leaves the book; what lies between is multiplied here.
//! A GPU is **on offer** while its offer can take a lease (quoted, its provider active and bonded) or while it is at work, so
//! that utilisation never exceeds one.

use super::row::ClassRow;
use super::yardstick::Measure;
use plasma_core::engine::state::State;
use plasma_core::ids::{LeaseId, OfferId, ProviderId};
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::offer;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// No offer.
const NONE: u32 = u32::MAX;

/// GPUs by offer, lease and class.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    offers: Vec<OfferNote>,
    /// The last offer of each provider, from which its others are linked.
    last_offer: Vec<u32>,
    /// By slot: memory follows what is open.
    leases: Vec<LeaseNote>,
    classes: Vec<Level>,
}

#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
struct OfferNote {
    on_offer: u16,
    at_work: u16,
    class: u8,
    /// The same provider's offer before it.
    before: u32,
}

#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LeaseNote {
    offer: u32,
    gpus: u16,
    /// Tokens that its job generates, if it does.
    tokens: u32,
    /// Whether who pays and who is paid are different people.
    external: bool,
    /// Whether who is paid is small.
    small: bool,
    /// Whether it is a copy of a job that another executes too, and not the first asked for.
    copy: bool,
    /// What it is elsewhere.
    measure: Measure,
}

/// What is to be known of a job while it runs.
#[derive(Clone, Copy, Debug)]
pub struct JobNote {
    /// GPUs that it takes.
    pub gpus: u16,
    /// Tokens that it generates, if it does.
    pub tokens: u32,
    /// Whether who pays and who is paid are different people.
    pub external: bool,
    /// Whether who is paid is small.
    pub small: bool,
    /// Whether it is a copy of a job that another executes too, and not the first asked for.
    pub copy: bool,
    /// What it is elsewhere.
    pub measure: Measure,
}

/// GPUs of a class since a moment.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Level {
    on_offer: u64,
    at_work: u64,
    since: Time,
}

impl Level {
    /// Adds what passed since the last change.
    #[inline]
    fn integrate(&mut self, row: &mut ClassRow, now: Time) {
        let span = u128::from(now - self.since);
        row.offered += u128::from(self.on_offer) * span;
        row.leased += u128::from(self.at_work) * span;
        self.since = now;
    }
}

impl Capacity {
    /// No offers yet.
    pub fn new(classes: usize, start: Time) -> Self {
        Self { classes: vec![Level { since: start, ..Level::default() }; classes], ..Self::default() }
    }

    /// A provider registered.
    pub fn open_provider(&mut self, provider: ProviderId) {
        self.last_offer.resize(provider.index() + 1, NONE);
    }

    /// An offer was posted.
    pub fn open_offer(&mut self, view: &State, rows: &mut [ClassRow], id: OfferId, now: Time) {
        let offer = &view.offers[id.index()];
        let before = std::mem::replace(&mut self.last_offer[offer.provider.index()], id.0);
        rows[offer.class.index()].entries += u64::from(before == NONE);
        self.offers.push(OfferNote { before, class: offer.class.0, ..OfferNote::default() });
        self.refresh_offer(view, rows, id, now);
    }

    /// A provider retired.
    pub fn retire_provider(&self, rows: &mut [ClassRow], provider: ProviderId) {
        if let Some(last) = self.offers.get(self.last_offer[provider.index()] as usize) {
            rows[usize::from(last.class)].exits += 1;
        }
    }

    /// Whether the offer can take leases may have changed.
    #[inline]
    pub fn refresh_offer(&mut self, view: &State, rows: &mut [ClassRow], id: OfferId, now: Time) {
        let offer = &view.offers[id.index()];
        let note = &mut self.offers[id.index()];
        let open = offer.status == offer::Status::Open && view.may_lease(offer.provider);
        let on_offer = if open { offer.gpus } else { note.at_work };
        if on_offer != note.on_offer {
            let class = usize::from(note.class);
            self.classes[class].integrate(&mut rows[class], now);
            self.classes[class].on_offer += u64::from(on_offer);
            self.classes[class].on_offer -= u64::from(note.on_offer);
            note.on_offer = on_offer;
        }
    }

    /// Whether the provider's offers can take leases may have changed.
    pub fn refresh_provider(&mut self, view: &State, rows: &mut [ClassRow], provider: ProviderId, now: Time) {
        let mut next = self.last_offer[provider.index()];
        while next != NONE {
            self.refresh_offer(view, rows, OfferId(next), now);
            next = self.offers[next as usize].before;
        }
    }

    /// Everything may have changed: the rules did.
    pub fn refresh_all(&mut self, view: &State, rows: &mut [ClassRow], now: Time) {
        (0..self.offers.len() as u32).for_each(|id| self.refresh_offer(view, rows, OfferId(id), now));
    }

    /// A lease started.
    #[inline]
    pub fn start(&mut self, view: &State, rows: &mut [ClassRow], leased: &Leased, job: JobNote, now: Time) {
        let (lease, offer) = (leased.lease, leased.offer);
        let JobNote { gpus, tokens, external, small, copy, measure } = job;
        if self.leases.len() <= lease.slot() {
            self.leases.resize(lease.slot() + 1, LeaseNote::default());
        }
        self.leases[lease.slot()] = LeaseNote { offer: offer.0, gpus, tokens, external, small, copy, measure };
        let note = &mut self.offers[offer.index()];
        note.at_work += gpus;
        let class = usize::from(note.class);
        self.classes[class].integrate(&mut rows[class], now);
        self.classes[class].at_work += u64::from(gpus);
        self.refresh_offer(view, rows, offer, now);
    }

    /// A lease's GPUs are idle again.
    #[inline]
    pub fn stop(&mut self, view: &State, rows: &mut [ClassRow], lease: LeaseId, now: Time) {
        let LeaseNote { offer, gpus, .. } = self.leases[lease.slot()];
        let note = &mut self.offers[offer as usize];
        note.at_work -= gpus;
        let class = usize::from(note.class);
        self.classes[class].integrate(&mut rows[class], now);
        self.classes[class].at_work -= u64::from(gpus);
        self.refresh_offer(view, rows, OfferId(offer), now);
    }

    /// Whether a lease is paid by somebody else than who is paid.
    #[inline]
    pub fn is_external(&self, lease: LeaseId) -> bool {
        self.leases[lease.slot()].external
    }

    /// Whether who is paid for a lease is small.
    #[inline]
    pub fn is_small(&self, lease: LeaseId) -> bool {
        self.leases[lease.slot()].small
    }

    /// Whether a lease is of a copy other than the first asked for.
    #[inline]
    pub fn is_copy(&self, lease: LeaseId) -> bool {
        self.leases[lease.slot()].copy
    }

    /// Tokens that a lease's job generates.
    #[inline]
    pub fn tokens_of(&self, lease: LeaseId) -> u32 {
        self.leases[lease.slot()].tokens
    }

    /// What a lease's job is elsewhere.
    #[inline]
    pub fn measure_of(&self, lease: LeaseId) -> &Measure {
        &self.leases[lease.slot()].measure
    }

    /// The class on which a lease ran, which may have closed just now.
    #[inline]
    pub fn class_of(&self, lease: LeaseId) -> usize {
        usize::from(self.offers[self.leases[lease.slot()].offer as usize].class)
    }

    /// Adds what passed since the last change of each class.
    pub fn settle(&mut self, rows: &mut [ClassRow], now: Time) {
        self.classes.iter_mut().zip(rows).for_each(|(level, row)| level.integrate(row, now));
    }

    /// GPUs on offer, of all classes.
    pub fn gpus(&self) -> u64 {
        self.classes.iter().map(|level| level.on_offer).sum()
    }

    /// Whether the notes refer to each other and to classes that exist.
    pub fn is_sound(&self, classes: usize) -> bool {
        let exists = |id: u32| id == NONE || (id as usize) < self.offers.len();
        self.classes.len() == classes
            && self.offers.iter().all(|note| exists(note.before) && usize::from(note.class) < classes)
            && self.offers.iter().zip(0u32..).all(|(note, id)| note.before == NONE || note.before < id)
            && self.last_offer.iter().all(|&id| exists(id))
            && self.leases.iter().all(|note| note.gpus == 0 || exists(note.offer))
    }
}
