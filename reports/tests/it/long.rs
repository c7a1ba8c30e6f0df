//! Five years of a growing market: what it takes to keep a long run readable and small.

use crate::economy::{START, genesis};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::genesis::Genesis;
use plasma_core::ids::{AccountId, ClassId, LeaseId, OfferId, ProviderId};
use plasma_core::money::XPL;
use plasma_core::protocol::{bond, job, lease, offer, oracle, provider};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, MINUTE, SECOND, Time, YEAR};
use plasma_reports::{Metrics, Provenance, Summary, report_html, write_charts, write_parquet};
use std::collections::BTreeMap;

const PROVIDERS: u8 = 40;
const JOBS_A_DAY: u64 = 60;

/// Providers that come one by one, quote every day and sometimes miss; customers with a season; a price that wanders.
struct Market {
    agenda: BTreeMap<(Time, u64), Deed>,
    count: u64,
    micro_usd: u64,
}

#[derive(Clone, Copy)]
enum Deed {
    Join(u8),
    Bond(u8),
    Offer(u8),
    Quote(u8, u32),
    Submit,
    Commit(LeaseId, ProviderId),
    Resume(ProviderId),
    Price,
}

impl Market {
    fn new() -> Self {
        let mut market = Self { agenda: BTreeMap::new(), count: 0, micro_usd: 80_000 };
        for n in 0..PROVIDERS {
            let joins = START + u64::from(n) * 40 * DAY + SECOND;
            market.plan(joins, Deed::Join(n));
            market.plan(joins + 1, Deed::Bond(n));
            market.plan(joins + 2, Deed::Offer(n));
            market.plan(joins + DAY, Deed::Quote(n, u32::from(n)));
        }
        market.plan(START + MINUTE, Deed::Submit);
        market.plan(START, Deed::Price);
        market
    }

    fn plan(&mut self, at: Time, deed: Deed) {
        self.count += 1;
        self.agenda.insert((at, self.count), deed);
    }

    /// A number in [0, 1000) that depends on the count of deeds: chance enough for a test.
    fn chance(&self) -> u64 {
        let mixed = (self.count ^ 0x9e37).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32 & 1023
    }

    fn act(&mut self, at: Time, deed: Deed) -> (Origin, Command) {
        let (chance, days) = (self.chance(), (at - START) / DAY);
        let account = |n: u8| Origin::Account(AccountId(n.into()));
        match deed {
            Deed::Join(n) => (account(n), provider::Register { region: 0 }.into()),
            Deed::Bond(n) => (account(n), bond::Bond { amount: 100_000 * XPL }.into()),
            Deed::Offer(n) => {
                (account(n), offer::PostOffer { ask: XPL / 100, gpus: 4, class: ClassId(n % 2), pad: [0; 5] }.into())
            }
            Deed::Quote(n, id) => {
                self.plan(at + DAY, deed);
                let ask = XPL / 150 * (500 + chance) / 1_000 * 80_000 / self.micro_usd * u64::from(n % 2 + 1);
                (account(n), offer::Requote { ask, offer: OfferId(id), pad: 0 }.into())
            }
            Deed::Submit => {
                let season = 700 + 300 * (days % 365).abs_diff(182) / 182;
                self.plan(at + DAY / JOBS_A_DAY * 1_000 / season * (500 + chance) / 1_000 * 1_000 / (400 + days), Deed::Submit);
                let (start_by, finish_by) = (at + 2 * HOUR, at + 2 * DAY);
                let sizes = [(4_000_000 + 90_000 * chance) as u32, 0, 0, 0];
                let budget = 5_000 * XPL;
                let job = job::Submit { budget, start_by, finish_by, classes: u64::MAX, sizes, ..job::Submit::default() };
                (account(PROVIDERS), job.into())
            }
            Deed::Commit(lease, provider) => {
                let commitment = lease::commitment(lease, provider, &[1; 32]);
                (Origin::Account(AccountId(provider.0)), lease::Commit { lease, commitment }.into())
            }
            Deed::Resume(provider) => (Origin::Account(AccountId(provider.0)), provider::Resume {}.into()),
            Deed::Price => {
                self.plan(at + 6 * HOUR, Deed::Price);
                self.micro_usd = (self.micro_usd * (97_000 + chance * 6) / 100_000).clamp(20_000, 400_000);
                (Origin::Feeder(0), oracle::PostPrice { micro_usd: self.micro_usd }.into())
            }
        }
    }
}

impl Observer for Market {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        if let Event::Leased(leased) = event
            && self.chance() > 15
        {
            let provider = view.offers()[leased.offer.index()].provider;
            self.plan(record.time + leased.work_mgs * 21 / 20, Deed::Commit(leased.lease, provider));
        }
        if let Event::Jailed(jailed) = event {
            self.plan(jailed.until, Deed::Resume(jailed.provider));
        }
    }
}

impl Environment for Market {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        let first = self.agenda.first_entry().filter(|first| first.key().0 < until)?;
        let ((time, _), deed) = first.remove_entry();
        let (origin, command) = self.act(time, deed);
        Some(Arrival { time, origin, command })
    }
}

fn world() -> Genesis {
    let mut genesis = genesis(PROVIDERS + 1);
    genesis.accounts[usize::from(PROVIDERS)].amount *= 50;
    genesis
}

#[test]
fn five_years_stay_readable_and_small() {
    let genesis = world();
    let mut engine = Engine::genesis(&genesis, Market::new(), Metrics::new(&genesis)).unwrap();
    engine.run(START + 5 * YEAR + 1);
    let metrics = engine.into_parts().1;
    assert_eq!((metrics.rows().len(), metrics.years().len()), (1826, 5));
    let jobs = metrics.whole().unwrap().jobs.settled;
    assert!(jobs > 100_000, "{jobs} jobs");
    // Left to be looked at.
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("five-years");
    write_parquet(&metrics, &dir).unwrap();
    write_charts(&metrics, &dir, "Long, in words · seed 1").unwrap();
    let provenance = Provenance {
        title: "A growing market over five years".into(),
        question: "Do the reports of a long run stay readable?".into(),
        expectation: "Yes: a series of days is drawn as a range behind a moving mean.".into(),
        finding: String::new(),
        changed: false,
        facts: vec![("genesis".into(), genesis.digest().iter().map(|byte| format!("{byte:02x}")).collect())],
        recordings: Vec::new(),
        books: Vec::new(),
        attacks: Vec::new(),
        scenario: "providers = 40\njobs_a_day = 60".into(),
    };
    let html = report_html(&metrics, &provenance).unwrap();
    std::fs::write(dir.join("report.html"), &html).unwrap();
    std::fs::write(dir.join("summary.txt"), Summary::of(&metrics).to_string()).unwrap();
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    assert!(metrics.save().len() < 1_200_000, "{} bytes", metrics.save().len());
}
