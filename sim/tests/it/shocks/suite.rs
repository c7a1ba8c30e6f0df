//! The standard stress suite on the baseline, and what stands beside it: each shock does what its name says, and the economy
//! survives it.

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::protocol::provider::Status;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::DAY;
use plasma_sim::scenario::Scenario;
use plasma_sim::world;

/// What a year was like, day by day.
#[derive(Clone, Debug, Default)]
struct Year {
    start: u64,
    jobs: Vec<f64>,
    /// Sums of budgets over declared work, of those jobs.
    budgets: Vec<f64>,
    asks: Vec<f64>,
    quotes: Vec<f64>,
    posts: Vec<f64>,
    /// Sums of posted prices.
    prices: Vec<f64>,
    missed: Vec<f64>,
    /// Providers that may take work, at the end of the day …
    active: Vec<f64>,
    /// … and those of Europe among them.
    european: Vec<f64>,
    entered: u64,
    europe: u8,
}

fn add(days: &mut Vec<f64>, day: usize, amount: f64) {
    days.resize(days.len().max(day + 1), 0.0);
    days[day] += amount;
}

impl Observer for Year {
    fn cause(&mut self, view: &State, record: &Record) {
        let day = ((record.time - self.start) / DAY) as usize;
        let Cause::Command { command, .. } = record.cause else { return };
        match command {
            Command::Submit(submit) => {
                add(&mut self.jobs, day, 1.0);
                let cost = view.catalogue.program(submit.program).and_then(|program| program.cost(&submit.sizes));
                let works = view.catalogue.classes.iter().filter_map(|class| class.work_mgs(&cost?));
                add(&mut self.budgets, day, submit.budget as f64 / works.min().unwrap_or(1) as f64);
            }
            Command::PostPrice(post) => {
                add(&mut self.posts, day, 1.0);
                add(&mut self.prices, day, post.micro_usd as f64);
            }
            Command::Requote(requote) => {
                add(&mut self.asks, day, requote.ask as f64);
                add(&mut self.quotes, day, 1.0);
            }
            _ => {}
        }
    }
    fn event(&mut self, _view: &State, record: &Record, event: &Event) {
        if let Event::Missed(_) = event {
            add(&mut self.missed, ((record.time - self.start) / DAY) as usize, 1.0);
        }
    }
    fn epoch_closed(&mut self, view: &State) {
        let active = || view.providers().iter().filter(|provider| provider.status == Status::Active);
        self.active.push(active().count() as f64);
        self.european.push(active().filter(|provider| provider.region == self.europe).count() as f64);
    }
}

const STRIKES: usize = 100;

fn year(sets: &[String]) -> Year {
    let path = super::super::scenario::shipped().join("xpl-baseline.toml");
    let loaded = Scenario::load(&path, sets).unwrap_or_else(|error| panic!("{}", error.plain()));
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let start = loaded.scenario.start.0;
    let europe = loaded.scenario.region.iter().position(|region| region.id.as_str() == "europe").unwrap() as u8;
    let mut engine = Engine::genesis(&genesis, agents, Year { start, europe, ..Year::default() }).unwrap();
    engine.run(start + loaded.scenario.horizon.0);
    engine.view(plasma_core::protocol::check_invariants).unwrap();
    assert!(engine.environment().dollars().conserved());
    let mut year = std::mem::take(engine.observer());
    year.entered = engine.environment().tally().entered;
    let Year { jobs, budgets, asks, quotes, posts, prices, missed, .. } = &mut year;
    [jobs, budgets, asks, quotes, posts, prices, missed].into_iter().for_each(|days| days.resize(365, 0.0));
    year
}

/// Mean of a series over days.
fn over(days: &[f64], range: std::ops::Range<usize>) -> f64 {
    days[range.clone()].iter().sum::<f64>() / range.len() as f64
}

/// By how much a quantity of a month after the strike differs from the undisturbed year, as a ratio.
fn ratio(struck: &[f64], calm: &[f64]) -> f64 {
    over(struck, STRIKES + 1..STRIKES + 31) / over(calm, STRIKES + 1..STRIKES + 31)
}

fn per(sums: &[f64], counts: &[f64]) -> Vec<f64> {
    sums.iter().zip(counts).map(|(sum, count)| if *count > 0.0 { sum / count } else { 0.0 }).collect()
}

#[test]
fn each_shock_of_the_suite_does_what_its_name_says() {
    // In the first year, at the shipped rate, whoever looks enters whatever hardware costs: these hesitate.
    let hesitant = ["provider.gamers-4090.entry.hurdle=60%", "provider.gamers-4090.entry.interval=30d"];
    let small: Vec<String> = ["scale=1/100", "horizon=1y"].into_iter().chain(hesitant).map(String::from).collect();
    let calm = year(&small);
    let struck = |shock: &str| {
        let mut sets = small.clone();
        sets.push(format!("shock.{shock}.at={STRIKES}d"));
        let year = year(&sets);
        assert_eq!(year.jobs[..STRIKES], calm.jobs[..STRIKES], "{shock} changes the past");
        assert_eq!(year.active[..STRIKES - 1], calm.active[..STRIKES - 1], "{shock} changes the past");
        year
    };
    let path = super::super::scenario::shipped().join("xpl-baseline.toml");
    let baseline = Scenario::load(&path, &small).unwrap_or_else(|error| panic!("{}", error.plain()));
    let mut seen = Vec::new();
    for shock in &baseline.scenario.shock {
        let name = shock.id.as_str();
        let year = struck(name);
        let asks = |year: &Year| per(&year.asks, &year.quotes);
        let budgets = |year: &Year| per(&year.budgets, &year.jobs);
        match name {
            // Fewer candidates; a freer market takes a larger part of them.
            "demand-drop" => {
                let jobs = ratio(&year.jobs, &calm.jobs);
                assert!((0.42..0.55).contains(&jobs), "{jobs} of the jobs");
            }
            "price-crash" => {
                let price = ratio(&per(&year.prices, &year.posts), &per(&calm.prices, &calm.posts));
                assert!((price - 0.5).abs() < 1e-6, "{price} of the price");
                let asked = ratio(&asks(&year), &asks(&calm));
                assert!((1.8..2.3).contains(&asked), "{asked} of the asks, which are made in dollars");
            }
            // Each leaves with a probability of a quarter.
            "poaching" => {
                let count = calm.active[STRIKES];
                let left = 1.0 - over(&year.active, STRIKES + 1..STRIKES + 6) / over(&calm.active, STRIKES + 1..STRIKES + 6);
                let error = (0.25f64 * 0.75 / count).sqrt();
                assert!((left - 0.25).abs() < 3.0 * error, "{left} of {count} left");
            }
            // Budgets follow what renting elsewhere costs; asks follow by what is forgone.
            "cloud-cut" => {
                let (budget, asked) = (ratio(&budgets(&year), &budgets(&calm)), ratio(&asks(&year), &asks(&calm)));
                assert!((0.65..0.85).contains(&budget) && asked < 0.95, "{budget} of the budgets, {asked} of the asks");
            }
            "resale-deflation" => {
                assert!(year.entered > calm.entered, "{} entered, {} undisturbed", year.entered, calm.entered);
            }
            // Electricity is a part of the cost.
            "power-cost" => {
                let asked = ratio(&asks(&year), &asks(&calm));
                assert!((1.02..1.3).contains(&asked), "{asked} of the asks");
            }
            "region-outage" => {
                let [before, during, after] = [STRIKES - 2, STRIKES + 1, STRIKES + 30].map(|day| year.european[day]);
                assert!(before > 0.0 && during == 0.0 && after > 0.7 * before, "{before} {during} {after}");
                let missed = over(&year.missed, STRIKES..STRIKES + 4) / over(&calm.missed, STRIKES..STRIKES + 4).max(1.0);
                assert!(missed > 1.5, "{missed} times as many missed");
            }
            "oracle-failure" => {
                let posts = over(&year.posts, STRIKES + 1..STRIKES + 6);
                let jobs = over(&year.jobs, STRIKES + 4..STRIKES + 7) / over(&calm.jobs, STRIKES + 4..STRIKES + 7);
                let later = over(&year.jobs, STRIKES + 10..STRIKES + 30) / over(&calm.jobs, STRIKES + 10..STRIKES + 30);
                assert!(posts == 0.0 && jobs < 0.1 && later > 0.9, "{posts} posts, {jobs} and then {later} of the jobs");
            }
            // Beside the suite. Whoever asks for its costs asks for the fee with them.
            "fee-raise" => {
                let asked = ratio(&asks(&year), &asks(&calm));
                assert!((1.1..1.3).contains(&asked), "{asked} of the asks at a fee of a fifth");
            }
            other => panic!("nothing is known of what `{other}` does"),
        }
        seen.push(name);
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}
