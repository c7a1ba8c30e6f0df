//! A compute market of one-GPU offers at about 70 % load, cheap enough that the engine is what is measured.

use plasma_core::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use plasma_core::engine::agenda::Agenda;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::formula::vesting::Schedule;
use plasma_core::genesis::{Allocation, Genesis, GrantAllocation};
use plasma_core::ids::{AccountId, ClassId, LeaseId, OfferId, ProviderId};
use plasma_core::money::XPL;
use plasma_core::params::{Params, mechanism};
use plasma_core::protocol::verification::copies::RevealCopy;
use plasma_core::protocol::verification::panel::{RevealVerdict, SealVerdict, seal};
use plasma_core::protocol::verification::planted::presented;
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::protocol::verification::verdict::Verdict;
use plasma_core::protocol::{beacon, bond, job, lease, offer, provider, sealed};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, MINUTE, Time};

const CLASSES: u64 = 8;
pub const CUSTOMERS: u64 = 1_000;
const MEAN_WORK_MS: u64 = 3_600_000;
pub const START: Time = 20_000 * DAY;

pub fn genesis(providers: u32, mechanism: u64) -> Genesis {
    let mut params = Params::default();
    params.set("market.mechanism", mechanism).expect("in range");
    params.set("market.batch", 10 * MINUTE).expect("in range");
    params.set("market.opening", 4_000_000).expect("in range");
    params.set("market.deposit", 1_000).expect("in range");
    params.set("fee.base", 1_000).expect("in range");
    params.set("supply.cap", 1_000_000_000_000_000).expect("in range");
    let classes = (0..CLASSES).map(|i| GpuClass {
        name: format!("gpu-{i}"),
        vram_gib: 8 << (i / 2),
        ops_per_ms: [20_000_000_000, (50 + 40 * i) * 1_000_000_000, 0],
        bytes_per_ms: 1_000_000_000,
        weight: 1_000_000_000,
    });
    let cost = vec![Term { resource: Resource::Bf16, coefficient: 100_000_000_000, exponents: [1, 0, 0, 0] }];
    let program = Program { name: "p".into(), kind: Kind::Batch, code: [0; 32], sizes: vec!["n".into()], cost };
    let accounts = u64::from(providers) + CUSTOMERS;
    Genesis {
        chain: "bench".into(),
        start: START,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: classes.collect(), programs: vec![program] },
        accounts: (0..accounts)
            .map(|i| Allocation {
                key: *blake3::hash(&i.to_le_bytes()).as_bytes(),
                amount: 10_000_000 * u128::from(XPL),
                locked: false,
            })
            .collect(),
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 1_000_000 * u128::from(XPL),
        builders: 0,
        feeders: 1,
    }
}

/// [`genesis`] with every system on: every way to verify, with checks at five times the default's rate, panels, planted errors,
/// earnings held back; stake of others that counts; a base fee that follows use; grants, proposals, the treasury's orders.
pub fn full_genesis(providers: u32) -> Genesis {
    let mut genesis = genesis(providers, mechanism::POSTED);
    let mut params = Params::from_values(genesis.params).expect("legal");
    let set = [
        ("fee.control", 1),
        ("stake.delegation", 1),
        ("stake.counts", 1),
        ("governance.max_open", 1_000),
        ("governance.max_each", 1_000),
        ("governance.deposit", XPL),
        ("governance.period", 6 * HOUR),
        ("governance.timelock", HOUR),
        ("vesting.interval", HOUR),
        ("oracle.window", 3),
        ("oracle.max_step", 100_000_000),
        ("treasury.policy", 1),
        ("treasury.budget", 1_000 * XPL),
        ("verification.rate", 100_000_000),
        ("verification.panel", 3),
        ("verification.open", 2 * HOUR),
        ("verification.planted", 50_000_000),
        ("settle.holdback", 250_000_000),
        ("jail.check_strikes", 1),
    ];
    set.into_iter().for_each(|(key, value)| params.set(key, value).expect("in range"));
    params.check().expect("parameters agree");
    genesis.params = params.values().to_vec();
    let schedule = Schedule { start: START, cliff: START, end: START + 100 * DAY, months: 0 };
    let customers = (providers..).take(CUSTOMERS as usize).map(AccountId);
    genesis.grants = customers.map(|account| GrantAllocation { account, total: 100_000 * XPL, schedule }).collect();
    genesis.custodian = AccountId(providers);
    genesis
}

/// One command in this many is about stake, votes, grants or prices instead of a job, where every system is on.
const ERRANDS: u64 = 8;

/// One result in this many is wrong, where results are verified.
const WRONG: u64 = 64;

/// What somebody has to say of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
    Check,
    Seal,
    Reveal,
    Compare,
}

/// The root that every honest provider computes, the same for all copies of a job.
fn root(view: &State, lease: LeaseId) -> [u8; 32] {
    let submitted = view.lease(lease).and_then(|lease| view.job(lease.job)).map_or(0, |job| job.submitted);
    let mut root = [7; 32];
    root[..8].copy_from_slice(&submitted.to_le_bytes());
    root
}

/// Submits jobs, commits results when their time comes, and turns the clockwork.
pub struct Crowd {
    pub providers: u32,
    set_up: u32,
    state: u64,
    next_job: Time,
    gap: u64,
    jobs_left: u64,
    next_beacon: Time,
    running: Agenda<(LeaseId, ProviderId)>,
    /// The batch whose asks are being sealed or revealed.
    batch: u64,
    /// Offers whose asks are still to be sealed in it, or revealed.
    envelopes: Vec<OfferId>,
    sealed: Vec<OfferId>,
    /// Whether every system is on, and what is to be said of results.
    full: bool,
    duties: Agenda<(LeaseId, ProviderId, Duty)>,
    pub records: u64,
}

impl Crowd {
    pub fn new(providers: u32, jobs: u64) -> Self {
        Self {
            providers,
            set_up: 0,
            state: 1,
            next_job: START + HOUR / 2,
            gap: 2 * MEAN_WORK_MS * 10 / (7 * u64::from(providers)),
            jobs_left: jobs,
            next_beacon: START + HOUR,
            running: Agenda::starting(START),
            batch: u64::MAX,
            envelopes: Vec::new(),
            sealed: Vec::new(),
            full: false,
            duties: Agenda::starting(START),
            records: 0,
        }
    }

    /// As many jobs at once as there are providers.
    pub fn flooding(providers: u32) -> Self {
        Self { gap: 2, ..Self::new(providers, u64::from(providers) * 21 / 20) }
    }

    /// A crowd that uses every system.
    pub fn full(providers: u32, jobs: u64) -> Self {
        Self { full: true, ..Self::new(providers, jobs) }
    }

    /// When the last job will have ended.
    pub fn end(providers: u32, jobs: u64) -> Time {
        START + HOUR + jobs * (MEAN_WORK_MS * 10 / (7 * u64::from(providers))) * 11 / 10 + 10 * HOUR
    }

    pub fn random(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea & Flood 2014).
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn set_up(&mut self) -> Arrival {
        let (id, step) = (self.set_up / 3, self.set_up % 3);
        self.set_up += 1;
        let command = match step {
            0 => provider::Register { region: 0 }.into(),
            1 => bond::Bond { amount: 3_000 * XPL }.into(),
            _ => {
                let (ask, class) = (2_000_000 + self.random() % 3_000_000, ClassId((self.random() % CLASSES) as u8));
                offer::PostOffer { ask, gpus: 1, class, pad: [0; 5] }.into()
            }
        };
        Arrival { time: START, origin: Origin::Account(AccountId(id)), command }
    }

    /// In a sealed auction: the idle offers' asks, sealed at the beginning of one batch and revealed at that of the next.
    fn envelope(&mut self, view: &State, until: Time) -> Option<Arrival> {
        if self.batch != view.market.batch {
            self.batch = view.market.batch;
            let idle = |&offer: &OfferId| view.offers()[offer.index()].free > 0;
            self.envelopes = if view.market.revealing() {
                std::mem::take(&mut self.sealed)
            } else {
                (0..view.population.offers).map(OfferId).filter(idle).collect()
            };
        }
        let time = view.clock.now;
        let offer = self.envelopes.pop_if(|_| time < until)?;
        let row = view.offers()[offer.index()];
        let command = if view.market.revealing() {
            sealed::RevealAsk { price: row.ask, salt: [0; 32], offer, pad: 0 }.into()
        } else {
            self.sealed.push(offer);
            sealed::SealAsk { digest: sealed::digest(row.provider, offer, row.ask, &[0; 32]), offer, pad: 0 }.into()
        };
        Some(Arrival { time, origin: Origin::Account(view.providers()[row.provider.index()].owner), command })
    }

    /// Takes on what an event asks for.
    #[inline(never)]
    fn notice(&mut self, view: &State, now: Time, event: &Event) {
        match event {
            Event::CheckDrawn(drawn) => self.duties.set(now + HOUR, (drawn.lease, drawn.checker, Duty::Check)),
            Event::Seated(seated) => {
                self.duties.set(now + HOUR, (seated.lease, seated.juror, Duty::Seal));
                self.duties.set(now + 2 * HOUR, (seated.lease, seated.juror, Duty::Reveal));
            }
            Event::CopiesComplete(complete) => {
                for copy in &view.docket.sets[&complete.lead].copies {
                    let lease = view.jobs.row(copy.job.0).lease;
                    let provider = view.offers()[view.leases.row(lease.0).offer.index()].provider;
                    self.duties.set(now + MINUTE, (lease, provider, Duty::Compare));
                }
            }
            _ => {}
        }
    }

    /// What a provider commits to where results are verified.
    #[inline(never)]
    fn commitment(&self, view: &State, lease: LeaseId, provider: ProviderId) -> [u8; 32] {
        let true_root = root(view, lease);
        let policy = view.lease(lease).and_then(|lease| view.job(lease.job)).map_or(Policy::Unchecked, |job| job.policy);
        let planted = if policy.executes_again() { view.params.verification_planted() } else { 0 };
        match lease.serial() % WRONG {
            0 => lease::commitment(lease, provider, &[1; 32]),
            _ => lease::commitment(lease, provider, &presented(lease, &true_root, planted)),
        }
    }

    #[inline(never)]
    fn duty(&mut self, view: &State, time: Time) -> Arrival {
        let (_, (lease, provider, duty)) = self.duties.pop().expect("it has a next time");
        let (root, salt) = (root(view, lease), [9; 32]);
        let command: Command = match duty {
            Duty::Check => Verdict { lease, root }.into(),
            Duty::Seal => SealVerdict { lease, digest: seal(lease, provider, &root, &salt) }.into(),
            Duty::Reveal => RevealVerdict { lease, root, salt }.into(),
            Duty::Compare if lease.serial() % WRONG == 0 => RevealCopy { lease, root: [1; 32] }.into(),
            Duty::Compare => RevealCopy { lease, root }.into(),
        };
        Arrival { time, origin: Origin::Account(view.providers()[provider.index()].owner), command }
    }

    fn submit(&mut self, now: Time) -> Command {
        let lot = if self.full { self.random() % 16 } else { 15 };
        let (policy, copies) = match lot {
            0 => (Policy::Redundant, 3),
            1 => (Policy::Checked, 0),
            2 | 3 => (Policy::Freivalds, 0),
            _ => (Policy::Sampled, 0),
        };
        let work = MEAN_WORK_MS / 2 + self.random() % MEAN_WORK_MS;
        job::Submit {
            budget: 400 * XPL,
            start_by: now + 6 * HOUR,
            finish_by: now + 72 * HOUR,
            classes: u64::MAX,
            sizes: [work as u32, 0, 0, 0],
            vram_gib: 8 << (self.random() % 4),
            policy,
            copies,
            ..job::Submit::default()
        }
        .into()
    }
}

impl Observer for Crowd {
    #[inline]
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.records += 1;
    }

    #[inline]
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        self.records += 1;
        if let Event::Leased(leased) = event {
            let provider = view.offers()[leased.offer.index()].provider;
            self.running.set(record.time + leased.work_mgs, (leased.lease, provider));
        }
        if self.full {
            self.notice(view, record.time, event);
        }
    }
}

impl Environment for Crowd {
    #[inline]
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        if self.set_up < 3 * self.providers {
            return Some(self.set_up());
        }
        if view.params.market_mechanism() == mechanism::SEALED
            && let Some(envelope) = self.envelope(view, until)
        {
            return Some(envelope);
        }
        let job = if self.jobs_left > 0 { self.next_job } else { Time::MAX };
        let sooner = job.min(self.next_beacon);
        let done = self.running.next_before(sooner.min(until)).unwrap_or(Time::MAX);
        let duty = if self.full { self.duties.next_before(sooner.min(done).min(until)) } else { None }.unwrap_or(Time::MAX);
        let time = sooner.min(done).min(duty);
        if time >= until {
            return None;
        }
        if time == duty && duty < sooner.min(done) {
            return Some(self.duty(view, time));
        }
        if time == self.next_beacon {
            self.next_beacon += HOUR;
            let mut value = [0; 32];
            value[..8].copy_from_slice(&self.random().to_le_bytes());
            return Some(Arrival { time, origin: Origin::Host, command: beacon::Beacon { value }.into() });
        }
        if time == done {
            let (_, (lease, provider)) = self.running.pop().expect("it has a next time");
            let mut commitment = [0; 32];
            commitment[..8].copy_from_slice(&self.random().to_le_bytes());
            if self.full {
                commitment = self.commitment(view, lease, provider);
            }
            let origin = Origin::Account(view.providers()[provider.index()].owner);
            return Some(Arrival { time, origin, command: lease::Commit { lease, commitment }.into() });
        }
        if self.full && self.random().is_multiple_of(ERRANDS) {
            return Some(self.errand(view, time));
        }
        self.jobs_left -= 1;
        self.next_job = time + 1 + self.random() % self.gap.max(1);
        let customer = AccountId(self.providers + (self.random() % CUSTOMERS) as u32);
        Some(Arrival { time, origin: Origin::Account(customer), command: self.submit(time) })
    }
}
