//! A long line in which nobody can be served any more, and an offer that looks through it again and again.

use crate::workload::{CUSTOMERS, START};
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::ids::{AccountId, ClassId, OfferId};
use plasma_core::money::XPL;
use plasma_core::protocol::{bond, job, offer, provider};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{HOUR, Time};

/// How often the offer looks.
pub const LOOKS: u64 = 1_000;
/// When it begins to: the jobs take ten hours of the day that they have, and are patient for 23.
pub const LATE: Time = START + 15 * HOUR;

/// One provider, and so many jobs.
pub struct Vain {
    pub jobs: u64,
    sent: u64,
}

impl Vain {
    pub fn new(jobs: u64) -> Self {
        Self { jobs, sent: 0 }
    }

    fn submit(&self) -> Command {
        let (start_by, finish_by) = (START + 23 * HOUR, START + 24 * HOUR);
        // Two milliseconds of the first class for each.
        let sizes = [5 * HOUR as u32, 0, 0, 0];
        job::Submit { budget: 400 * XPL, start_by, finish_by, classes: 1, sizes, vram_gib: 8, ..job::Submit::default() }.into()
    }
}

impl Observer for Vain {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
}

impl Environment for Vain {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        const CHEAP: u64 = 4_000_000;
        let customer = 1 + (self.sent % CUSTOMERS) as u32;
        let (time, account, command): (Time, u32, Command) = match self.sent {
            0 => (START, 0, provider::Register { region: 0 }.into()),
            1 => (START, 0, bond::Bond { amount: 3_000 * XPL }.into()),
            n if n < 2 + self.jobs => (START, customer, self.submit()),
            n => match n - 2 - self.jobs {
                0 => (LATE, 0, offer::PostOffer { ask: CHEAP, gpus: 1, class: ClassId(0), pad: [0; 5] }.into()),
                look @ 1..=LOOKS => (LATE, 0, offer::Requote { ask: CHEAP - look, offer: OfferId(0), pad: 0 }.into()),
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
