//! Free entry: while a machine is worth more than it costs, somebody buys one, and what it earns falls; in the long run the marginal
//! entrant's net present value is zero (e.g. H. Varian, "Intermediate Microeconomics", ch. 23). What is measured here is what
//! machines did earn, not what entrants expected.

use super::{play, small};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::money::XPL;
use plasma_core::record::{Event, Record};
use plasma_core::time::{HOUR, Time, YEAR};
use plasma_sim::economy::providers::Joining;

/// What each provider earned and worked since it came.
#[derive(Default)]
struct Earnings {
    /// By slot: the provider that works on it.
    workers: Vec<usize>,
    /// By provider.
    lives: Vec<Life>,
}

/// Nano-XPL, milliseconds at work, and the beginning.
#[derive(Default)]
struct Life {
    earned: u64,
    worked: u64,
    since: Time,
}

impl Observer for Earnings {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        match event {
            Event::Registered(_) => self.lives.push(Life { since: record.time, ..Life::default() }),
            Event::Leased(leased) => {
                let provider = view.offers()[leased.offer.index()].provider.index();
                self.workers.resize(self.workers.len().max(leased.lease.slot() + 1), 0);
                self.workers[leased.lease.slot()] = provider;
                self.lives[provider].worked += leased.work_mgs;
            }
            Event::Settled(settled) => self.lives[self.workers[settled.lease.slot()]].earned += settled.paid,
            Event::Rewarded(rewarded) => self.lives[rewarded.provider.index()].earned += rewarded.work + rewarded.stake,
            _ => {}
        }
    }
}

/// What became of the pool.
struct Margin {
    /// Providers that came when the economy had found its course.
    entered: usize,
    /// Their mean net present value per dollar of hardware, by what they earned from their first day to the end.
    realised: f64,
    /// The same that the best of those expect who stay out.
    expected: Option<f64>,
}

const YEARS: u64 = 4;

/// Four years of one kind of machine. Demand grows by 40 % a year, so that there is always somebody to enter; the pool is never used
/// up unless it is small, and its members look once in two years, so that the market is seen to answer one machine before the next
/// are bought.
fn play_with(pool: u32) -> Margin {
    let entry = format!("provider.gamers.entry={{ pool = {pool}, hurdle = \"20%\", interval = \"730d\" }}");
    let horizon = format!("horizon={YEARS}y");
    let gone = ["provider.night-owls.count=0", "provider.hosts.count=0", "demand.finetuning.rate=0/h", horizon.as_str()];
    let jobs = [
        "demand.chat.growth=40%",
        "demand.chat.size.tokens.median=20000000",
        "demand.chat.daily=flat",
        "demand.chat.deadline=10d",
    ];
    let wishes = ["demand.chat.reservation={ median = \"1 USD/h\", sigma = 0.3 }", "demand.chat.patience=2h"];
    let asks = ["provider.gamers.mark_up={ idle = \"10%\", busy = \"150%\" }", "provider.gamers.faults={}"];
    let machines = ["provider.gamers.count=60", entry.as_str()];
    let place = ["provider.gamers.regions={ europe = 1 }", "provider.gamers.speed_spread=0%", "bond.per_gpu=100 XPL"];
    let sets: Vec<&str> = gone
        .into_iter()
        .chain(jobs)
        .chain(wishes)
        .chain(asks)
        .chain(machines)
        .chain(place)
        .chain(["demand.chat.rate=12/h"])
        .collect();
    let loaded = small(&sets);
    let start = loaded.scenario.start.0;
    let (agents, earnings) = play(&loaded, Earnings::default()).into_parts();
    let price = loaded.scenario.token.price.0 as f64 / XPL as f64;
    // Those who came when the economy had found its course, and have earned for a year at least.
    let (end, long_run) = (start + YEARS * YEAR, start + YEAR..start + (YEARS - 1) * YEAR);
    let mut values = Vec::new();
    for (lender, row) in agents.economy().lenders.iter().zip(&agents.rows().lenders) {
        let (Joining::Entrant { hurdle, life, .. }, Some(lived)) = (lender.joins, earnings.lives.get(row.provider.index()))
        else {
            continue;
        };
        if !long_run.contains(&lived.since) {
            continue;
        }
        // A machine on standby draws 15 % of its power.
        let (hours, present) = (lived.worked as f64 / HOUR as f64, (end - lived.since) as f64 / HOUR as f64);
        let margin = lived.earned as f64 * price - lender.energy * (hours + 0.15 * (present - hours));
        let yearly = margin * YEAR as f64 / (end - lived.since) as f64;
        let annuity = -libm::expm1(-hurdle * life as f64 / YEAR as f64) / hurdle;
        values.push(yearly * annuity / lender.hardware - 1.0);
    }
    let realised = values.iter().sum::<f64>() / values.len() as f64;
    Margin { entered: values.len(), realised, expected: agents.standing().staying_out }
}

#[test]
fn entrants_net_present_value_is_near_zero_in_the_long_run_where_entry_is_free() {
    let Margin { entered, realised, expected } = play_with(1_000);
    let said = format!("{entered} entered, {realised} realised, {expected:?} outside");
    // Who enters believes the last week: a tenth of what a machine costs is the curse of those who came in a good one.
    assert!(entered > 30 && realised.abs() < 0.1 && expected.is_some_and(|npv| (-0.1..0.0).contains(&npv)), "{said}");
    // Where few may enter, they keep what the others would have competed away.
    let Margin { entered, realised, .. } = play_with(40);
    assert!(entered > 5 && realised > 0.3, "{entered} entered, {realised} realised");
}
