//! One provider with very many offers, and redundant jobs whose second copy must go elsewhere and cannot.

use crate::waiting::LOOKS;
use crate::workload::{self, CUSTOMERS, START};
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::genesis::Genesis;
use plasma_core::ids::{AccountId, ClassId, OfferId};
use plasma_core::money::XPL;
use plasma_core::params::{Params, mechanism};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::protocol::{job, offer, provider};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{HOUR, Time};

/// When the jobs come.
pub const OPEN: Time = START + HOUR;
/// When the provider requotes its last, idle offer again and again.
pub const LOOK: Time = START + 2 * HOUR;

const ASK: u64 = 4_000_000;

/// One provider that needs no bond.
pub fn genesis() -> Genesis {
    let mut genesis = workload::genesis(1, mechanism::POSTED);
    let mut params = Params::from_values(genesis.params).expect("legal");
    params.set("bond.per_gpu", 0).expect("in range");
    genesis.params = params.values().to_vec();
    genesis
}

/// So many offers of one GPU and one more, and so many jobs of two copies.
pub struct Shunned {
    jobs: u64,
    sent: u64,
}

impl Shunned {
    pub fn new(jobs: u64) -> Self {
        Self { jobs, sent: 0 }
    }

    fn submit() -> Command {
        let (start_by, finish_by) = (START + 23 * HOUR, START + 48 * HOUR);
        let sizes = [5 * HOUR as u32, 0, 0, 0];
        let asked =
            job::Submit { budget: 400 * XPL, start_by, finish_by, classes: 1, sizes, vram_gib: 8, ..job::Submit::default() };
        job::Submit { policy: Policy::Redundant, copies: 2, ..asked }.into()
    }
}

impl Observer for Shunned {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
}

impl Environment for Shunned {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        let customer = 1 + (self.sent % CUSTOMERS) as u32;
        let offers = self.jobs + 1;
        let (time, account, command): (Time, u32, Command) = match self.sent {
            0 => (START, 0, provider::Register { region: 0 }.into()),
            n if n <= offers => (START, 0, offer::PostOffer { ask: ASK + n, gpus: 1, class: ClassId(0), pad: [0; 5] }.into()),
            n if n <= offers + self.jobs => (OPEN, customer, Self::submit()),
            n => match n - offers - self.jobs {
                look @ 1..=LOOKS => {
                    (LOOK, 0, offer::Requote { ask: ASK - look, offer: OfferId(self.jobs as u32), pad: 0 }.into())
                }
                _ => return None,
            },
        };
        if time >= until {
            return None;
        }
        self.sent += 1;
        Some(Arrival { time, origin: Origin::Account(AccountId(account)), command })
    }
}
