//! Cheating turns at its bound.

use super::flows::{Flow, play};
use super::{made, scenario};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::engine::{Engine, Progress};
use plasma_core::money::XPL;
use plasma_core::record::{Event, Record};
use plasma_sim::agents::Agents;
use plasma_sim::scenario::Loaded;
use plasma_sim::world;

/// Two groups of the same machines, `gamers` and their honest twins, jobs of one size, and nothing but pay and slashes in their books:
/// no emission, no reward for checks, no base fee.
pub(super) fn twins(attacker: &str, rate: f64, more: &[&str]) -> Loaded {
    let groups = "[[provider]]\nid = \"twins\"\nclass = \"rtx-4090\"\ncount = 30\nregions = { europe = 1 }\nfaults = {}\n\
                  [[attacker]]\nid = \"honest\"\nwhat = { cheat = { groups = [\"twins\"], wrong = \"0%\" } }\n";
    let rate = format!("verification.rate={}%", (rate * 1e7).round() / 1e5);
    let gamers = ["regions={ europe = 1, asia = 0 }", "speed_spread=0%", "faults={}"].map(|key| format!("provider.gamers.{key}"));
    let gone = ["provider.night-owls.count=0", "provider.hosts.count=0", "demand.finetuning.rate=0/h", "scale=1"];
    let jobs = ["demand.chat.size.tokens.sigma=0", "demand.chat.rate=20/h", "demand.chat.daily=flat"];
    let pay =
        ["emission.yearly=0 XPL", "verification.reward=0%", "slash.checker_share=0%", "bond.per_gpu=2 XPL", "fee.base=0 XPL"];
    let plain = gone.into_iter().chain(jobs).chain(pay).chain([rate.as_str()]).chain(more.iter().copied());
    let sets: Vec<&str> = gamers.iter().map(String::as_str).chain(plain).collect();
    scenario(&format!("{groups}{attacker}"), &sets)
}

pub(super) const LAZY: &str = "[[attacker]]\nid = \"lazy\"\nwhat = { cheat = { groups = [\"gamers\"], collude = false } }\n";

/// Dollars for which a lease's electricity beyond standby is saved, and what a proven fault costs of the bond.
pub(super) fn saved_and_slashed(loaded: &Loaded, agents: &Agents, hours: f64) -> (f64, f64) {
    let params = &loaded.scenario.params;
    let slash = params.bond_per_gpu() as f64 * params.slash_wrong() as f64 / 1e9 * usd(loaded);
    (0.85 * agents.economy().lenders[0].energy / 1e6 * hours, slash)
}

/// Dollars for a nano-XPL.
pub(super) fn usd(loaded: &Loaded) -> f64 {
    loaded.scenario.token.price.0 as f64 / 1e6 / XPL as f64
}

/// Nobody wants any work from this day on: three weeks later every bill of what was done is paid.
pub(super) fn quiet_from(day: u32) -> String {
    format!("[[shock]]\nid = \"end\"\nat = \"{day}d\"\nwhat = {{ demand = {{ change = \"-100%\" }} }}\n")
}

/// A run at this rate of checks, in dollars a lease.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    /// By how much the lazy were better off than they would have been had they computed the leases that they got.
    more: f64,
    /// The same by the account of its fraud: D less what was taken and refused.
    premium: f64,
    /// What theory says of that: D − p · (R + S).
    theory: f64,
    /// The rate at which it is nothing: D ÷ (R + S).
    bound: f64,
    /// The standard error of it, by the number of leases: a check is a coin with p heads that costs R + S.
    error: f64,
}

/// A lease saves the lazy group D, what electricity costs beyond standby; with probability p it is checked, and then costs it its pay R
/// and a slash S. Who is often slashed, and out of the book until its bond is full again, gets fewer leases and checks than its twin:
/// by what those of each group pay and cost who computes, the difference of their books is corrected.
fn lazy_at(rate: f64, seed: u64) -> Outcome {
    let seed = format!("seed={seed}");
    let loaded = twins(&format!("{LAZY}{}", quiet_from(180)), rate, &["horizon=202d", &seed]);
    let (agents, flows) = play(&loaded, &["gamers", "twins"]).into_parts();
    let ([lazy, honest], usd) = ([flows.of[0], flows.of[1]], usd(&loaded));
    assert!(lazy.leases > 10_000 && honest.leases > 10_000, "{lazy:?} {honest:?}");
    let kept = 1.0 - loaded.scenario.params.fee_rate() as f64 / 1e9;
    let pay = lazy.priced as f64 / lazy.leases as f64 * usd * kept;
    let hours = lazy.worked as f64 / lazy.leases as f64 / 3_600_000.0;
    let (saved, slash) = saved_and_slashed(&loaded, &agents, hours);
    // What it had made, computing all of its leases; standby is the same for both.
    let honestly = |flow: &Flow| {
        let checks = flow.checks as f64 * hours * agents.economy().lenders[0].energy / 1e6;
        flow.priced as f64 * usd * kept - flow.leases as f64 * saved - checks
    };
    let checked = loaded.scenario.params.verification_rate() as f64 / 1e9;
    let more = (made(&agents, 1) - honestly(&lazy)) - (made(&agents, 0) - honestly(&honest));
    let fraud = agents.fraud();
    assert_eq!((fraud.attempted, fraud.emitted), (lazy.leases, 0));
    assert!(fraud.stood + fraud.found <= lazy.leases && lazy.leases - fraud.stood - fraud.found < 40, "{fraud:?} {lazy:?}");
    let [paid, taken] = [lazy.paid, lazy.slashed].map(|nano| nano as f64 * usd * 1e6);
    assert!(
        (fraud.paid as f64 / paid - 1.0).abs() < 1e-5 && (fraud.taken as f64 / taken - 1.0).abs() < 1e-3,
        "{fraud:?} {lazy:?}"
    );
    Outcome {
        more: more / lazy.leases as f64,
        premium: agents.fraud().premium() as f64 / 1e6 / lazy.leases as f64,
        theory: saved - checked * (pay + slash),
        bound: saved / (pay + slash),
        error: (checked * (1.0 - checked) / lazy.leases as f64).sqrt() * (pay + slash),
    }
}

/// The mean over seeds agrees with theory within three standard errors and a fifth of a cent, and turns within a twentieth of the bound.
#[test]
fn cheating_pays_exactly_below_its_bound() {
    let agrees = |more: f64, theory: f64, error: f64| (more - theory).abs() < 0.002 + 3.0 * error;
    let first = lazy_at(0.1, 1);
    assert!(agrees(first.more, first.theory, first.error) && first.more > 0.0, "{first:?}");
    let bound = lazy_at(first.bound, 1).bound;
    assert!((0.2..0.4).contains(&bound), "{bound}");
    for (factor, pays) in [(0.95, true), (1.05, false)] {
        let runs = [1, 2, 3].map(|seed| lazy_at(bound * factor, seed));
        let mean = |of: fn(&Outcome) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
        let [more, theory, premium] = [mean(|run| run.more), mean(|run| run.theory), mean(|run| run.premium)];
        let error = mean(|run| run.error) / (runs.len() as f64).sqrt();
        assert!(agrees(more, theory, error), "at {factor}: {more} ± {error}, theory {theory}: {runs:?}");
        let said = format!("at {factor}: {premium} by its account, {more} ± {error} by its books, theory {theory}");
        assert!([theory, more, premium].iter().all(|mean| (*mean > 0.0) == pays), "{said}");
        assert!((premium - more).abs() < 0.002, "{said}");
    }
}

/// Who computes nothing has all of its emission for work that was not done, and who computes a half of it, half. Nobody is paid
/// for what was found.
#[test]
fn emission_for_work_that_was_not_done_is_in_the_account_of_fraud() {
    for (wrong, share) in [("100%", 1.0), ("50%", 0.5)] {
        let lazy = LAZY.replace("collude", &format!("wrong = \"{wrong}\", collude"));
        let split = ["emission.providers=100%", "emission.stakers=0%", "emission.treasury=0%", "emission.builders=0%"];
        let sets = [&split[..], &["emission.yearly=50000 XPL", "fee.stakers=0%", "fee.burn=100%", "fee.treasury=0%"]].concat();
        let loaded = twins(&lazy, 0.1, &sets);
        let (agents, flows) = play(&loaded, &["gamers", "twins"]).into_parts();
        let (fraud, emitted) = (agents.fraud(), flows.of[0].emitted as f64 * usd(&loaded) * 1e6);
        assert!(fraud.attempted > 500 && fraud.found > 20, "{fraud:?}");
        let found = fraud.emitted as f64 / emitted;
        assert!((found - share).abs() < if share < 1.0 { 0.06 } else { 1e-4 }, "{found} of emission, {wrong} wrong");
        assert_eq!(fraud.profit(), (fraud.paid + fraud.emitted + fraud.freed) as i128 - fraud.taken as i128);
    }
}

/// What an epoch paid, in nano-XPL: customers by settlements and by receipts, and emission for work; and receipts on leases that failed.
#[derive(Default)]
struct Paid {
    by_customers: u64,
    emitted: u64,
    failed: u64,
    receipt: u64,
}

impl Observer for Paid {
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.failed += std::mem::take(&mut self.receipt);
    }
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        match event {
            Event::ReceiptPaid(receipt) => {
                self.by_customers += receipt.payment();
                self.receipt = receipt.payment();
            }
            Event::Settled(settled) => {
                self.by_customers += settled.payment();
                self.receipt = 0;
            }
            Event::Rewarded(rewarded) => self.emitted += rewarded.work,
            _ => {}
        }
    }
}

/// Where emission follows payments, what nobody computed has the part of a day's emission that its payments are of all, receipts
/// among them: also of those on leases that failed, which weigh and settle nothing.
#[test]
fn receipts_of_honest_leases_are_no_part_of_fraud() {
    let requests = r#"requests = { rate = "600/h", price = "0.002 USD", receipts = "10min" }"#;
    let lazy = LAZY.replace("collude", "wrong = \"50%\", collude");
    let split = ["emission.providers=100%", "emission.stakers=0%", "emission.treasury=0%", "emission.builders=0%"];
    let faulty =
        ["emission.weight=paid", "emission.yearly=50000 XPL", "provider.gamers.faults={ missed = \"20%\" }", "horizon=20d"];
    let loaded =
        twins(&format!("{lazy}{}{requests}\n", include_str!("../../hosting.toml")), 0.1, &[&split[..], &faulty].concat());
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, Paid::default()).unwrap();
    let kept = 1.0 - loaded.scenario.params.fee_rate() as f64 / 1e9;
    let (mut before, mut days, mut failed) = ((0, 0), 0, 0);
    while engine.run_epoch(loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1) == Progress::EpochClosed {
        let fraud = engine.environment().fraud();
        let [paid, emitted] = [fraud.paid - before.0, fraud.emitted - before.1].map(|micro| micro as f64);
        before = (fraud.paid, fraud.emitted);
        let day = std::mem::take(engine.observer());
        (days, failed) = (days + u32::from(paid > 0.0), failed + day.failed);
        let by_hand = paid / kept / day.by_customers.max(1) as f64 * day.emitted as f64;
        assert!((emitted - by_hand).abs() <= 100.0 + 1e-4 * by_hand, "{emitted} micro-dollars of emission, by hand {by_hand}");
    }
    assert!(days > 15 && failed > XPL, "{days} days, {failed} nano-XPL on leases that failed");
}
