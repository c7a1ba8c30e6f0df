//! Shocks over whole runs: each changes what it says, when it says, and nothing before.

mod suite;

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::protocol::provider::Status;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::{DAY, HOUR};
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;

/// What happened on each day, and who was on offer at its end.
#[derive(Default)]
struct Days {
    start: u64,
    jobs: [u32; 31],
    posts: [u32; 31],
    missed: [u32; 31],
    active: Vec<[usize; 2]>,
    budgets: [f64; 31],
    asks: [f64; 31],
    prices: Vec<u64>,
    /// The protocol's fee after each epoch, in parts per billion.
    fees: Vec<u64>,
    /// Decrees that were sent, that were carried out, and that failed at the end of the epoch.
    decrees: [u32; 3],
}

impl Observer for Days {
    fn cause(&mut self, _view: &State, record: &Record) {
        let day = ((record.time - self.start) / DAY) as usize;
        let Cause::Command { command, .. } = record.cause else { return };
        match command {
            Command::Submit(submit) => {
                self.jobs[day] += 1;
                self.budgets[day] += submit.budget as f64 / submit.sizes[0] as f64;
            }
            Command::PostPrice(post) => {
                self.posts[day] += 1;
                self.prices.push(post.micro_usd);
            }
            Command::Decree(_) => self.decrees[0] += 1,
            Command::Requote(requote) => self.asks[day] += requote.ask as f64,
            _ => {}
        }
    }
    fn event(&mut self, _view: &State, record: &Record, event: &Event) {
        let day = ((record.time - self.start) / DAY) as usize;
        self.missed[day] += u32::from(matches!(event, Event::Missed(_)));
        self.decrees[1] += u32::from(matches!(event, Event::DecreeEnacted(_)));
        self.decrees[2] += u32::from(matches!(event, Event::DecreeFailed(_)));
    }
    fn epoch_closed(&mut self, view: &State) {
        let active = |region| {
            let there = view.providers().iter().filter(|provider| provider.region == region);
            there.filter(|provider| provider.status == Status::Active).count()
        };
        self.active.push([active(0), active(1)]);
        self.fees.push(view.params.fee_rate());
    }
}

fn load(shock: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shock.toml");
    let base = super::scenario::shipped().join("small.toml");
    std::fs::write(&path, format!("extends = {base:?}\n{shock}")).unwrap();
    Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
}

fn play(shock: &str) -> Days {
    let loaded = load(shock);
    let start = loaded.scenario.start.0;
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, Days { start, ..Days::default() }).unwrap();
    engine.run(start + loaded.scenario.horizon.0);
    assert!(engine.environment().dollars().conserved());
    std::mem::take(engine.observer())
}

fn shock(what: &str, lasts: &str) -> Days {
    play(&format!("[[shock]]\nid = \"it\"\nat = \"10d\"\n{lasts}\nwhat = {what}\n"))
}

/// Sums over days 0–9, 10–19 and 20–28.
fn thirds(days: &[u32; 31]) -> [f64; 3] {
    [0..10, 10..20, 20..29].map(|range| days[range.clone()].iter().sum::<u32>() as f64 / range.len() as f64)
}

const TEN_DAYS: &str = "lasts = \"10d\"";

#[test]
fn demand_falls_and_returns() {
    let (calm, shocked) = (play(""), shock("{ demand = { change = \"-55%\" } }", TEN_DAYS));
    assert_eq!(calm.jobs[..10], shocked.jobs[..10]);
    let ([_, calm_during, calm_after], [_, during, after]) = (thirds(&calm.jobs), thirds(&shocked.jobs));
    // 1,400 jobs: five hundredths are two and a half standard errors.
    assert!((during / calm_during - 0.45).abs() < 0.05, "{during} {calm_during}");
    assert!((after / calm_after - 1.0).abs() < 0.05, "{after} {calm_after}");
}

#[test]
fn demand_triples_within_the_raised_majorant() {
    let (calm, shocked) = (play(""), shock("{ demand = { change = \"+200%\" } }", TEN_DAYS));
    let ([before, calm_during, _], [_, during, _]) = (thirds(&calm.jobs), thirds(&shocked.jobs));
    // More work than the providers have hours raises their asks: not everybody who comes submits.
    assert!(during / calm_during > 2.0 && thirds(&shocked.jobs)[0] / before > 0.9, "{during} {calm_during}");
}

#[test]
fn a_region_falls_silent_with_what_it_was_working_on_and_returns() {
    let (calm, shocked) = (play(""), shock("{ outage = { region = \"asia\" } }", TEN_DAYS));
    assert_eq!(calm.active[..9], shocked.active[..9]);
    assert!(shocked.active[12][1] == 0 && shocked.active[12][0] > 0, "{:?}", shocked.active);
    assert!(shocked.active[25][1] * 10 > calm.active[25][1] * 7, "{:?}", shocked.active);
    // Electricity is cheap there, so that is where the work is.
    assert!(shocked.missed[10] > 3 * calm.missed[10].max(1), "{:?}", shocked.missed);
}

#[test]
fn providers_are_poached_for_good() {
    let (calm, shocked) = (play(""), shock("{ poaching = { share = \"50%\" } }", ""));
    let on_offer = |days: &Days, day: usize| (days.active[day][0] + days.active[day][1]) as f64;
    let share = on_offer(&shocked, 12) / on_offer(&calm, 12);
    assert!((0.3..0.7).contains(&share), "{share}");
    assert!(on_offer(&shocked, 27) < on_offer(&calm, 27) * 0.8);
}

#[test]
fn feeders_fall_silent_and_return() {
    let shocked = shock("\"oracle_silence\"", TEN_DAYS);
    let [before, during, after] = thirds(&shocked.posts);
    assert_eq!((before, during, after), (24.0, 0.0, 24.0));
    // The last price goes stale after two days; nobody can value anything then.
    let [_, jobs, later] = thirds(&shocked.jobs);
    assert!(jobs < later / 3.0, "{jobs} {later}");
}

#[test]
fn the_price_falls_by_what_the_shock_says_in_every_market() {
    let price = "{ price = { change = \"-50%\" } }";
    let posted = shock(price, "").prices;
    assert_eq!((posted[0], *posted.last().unwrap()), (100_000, 50_000));
    let pool = r#"
[token]
market = { amm = { depth = "5_000 USD" } }
[[allocation]]
id = "unvested"
amount = "60%"
holder = "locked"
[[allocation]]
id = "whales"
amount = "10%"
holder = "holders"
"#;
    let traded = play(&format!("{pool}[[shock]]\nid = \"it\"\nat = \"10d\"\nwhat = {price}\n")).prices;
    // Hourly posts: the one at the shock's own moment comes before it.
    let (before, after) = (traded[10 * 24] as f64, traded[10 * 24 + 1] as f64);
    assert!((after / before - 0.5).abs() < 0.01, "{before} {after}");
}

#[test]
fn costs_and_the_cloud_move_asks_and_budgets() {
    let calm = play("");
    let ratio = |days: &Days, of: fn(&Days) -> f64| of(days) / of(&calm);
    let asked = |days: &Days| days.asks[11..20].iter().sum::<f64>();
    let dear = shock("{ electricity = { change = \"+100%\" } }", TEN_DAYS);
    assert!(ratio(&dear, asked) > 1.2, "{}", ratio(&dear, asked));
    let cheap = shock("{ cloud = { change = \"-20%\" } }", TEN_DAYS);
    assert!(ratio(&cheap, asked) < 1.0, "{}", ratio(&cheap, asked));
    let offered = |days: &Days| (11..20).map(|day| days.budgets[day]).sum::<f64>() / thirds(&days.jobs)[1];
    assert!(ratio(&cheap, offered) < 0.97, "{}", ratio(&cheap, offered));
}

/// A fee of a fifth from the end of the eleventh day to that of the sixteenth, and fewer customers from the thirteenth on.
const DECREED: &str = "[[shock]]\nid = \"it\"\nat = \"250h\"\nlasts = \"5d\"\nwhat = { change = { fee = { rate = \"20%\" } } }\n\
                       [[shock]]\nid = \"less\"\nat = \"12d\"\nwhat = { demand = { change = \"-55%\" } }\n";

#[test]
fn a_council_decrees_at_an_epochs_end_beside_another_shock_and_takes_it_back() {
    let (calm, shocked) = (play(""), play(DECREED));
    let before = calm.fees[0];
    assert!(calm.fees.iter().all(|&fee| fee == before) && calm.decrees == [0; 3]);
    let expected: Vec<u64> =
        (0..shocked.fees.len()).map(|day| if (10..15).contains(&day) { 200_000_000 } else { before }).collect();
    assert_eq!((&shocked.fees, shocked.decrees), (&expected, [2, 2, 0]));
    // Nobody else is another because there is a council.
    assert_eq!(calm.jobs[..10], shocked.jobs[..10]);
    assert_eq!(calm.asks[..10], shocked.asks[..10]);
    // Asks leave the cost after the fee; customers are fewer whether or not it lasts.
    let asked = |days: &Days, range: std::ops::Range<usize>| days.asks[range].iter().sum::<f64>();
    let dearer = asked(&shocked, 12..15) / asked(&calm, 12..15);
    assert!(dearer > 1.05, "{dearer}");
    let fewer = thirds(&shocked.jobs)[2] / thirds(&calm.jobs)[2];
    assert!((fewer - 0.45).abs() < 0.05, "{fewer}");
}

#[test]
fn a_checkpoint_between_a_decree_and_its_end_continues_identically() {
    let loaded = load(DECREED);
    let start = loaded.scenario.start.0;
    let begin = || {
        let (genesis, agents) = world::build(&loaded, 0).unwrap();
        Engine::genesis(&genesis, agents, ()).unwrap()
    };
    let (mut whole, mut cut) = (begin(), begin());
    whole.run(start + 17 * DAY);
    cut.run(start + 251 * HOUR);
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    assert_eq!(cut.view(|state| state.governance.decrees.len()), 1);
    let agents = world::restore(&loaded, 0, &checkpoint).unwrap();
    let mut continued = Engine::restore(&snapshot, agents, ()).unwrap();
    continued.run(start + 17 * DAY);
    assert_eq!(continued.digest(), whole.digest());
    assert_eq!(continued.environment().save(), whole.environment().save());
    let tally = whole.environment().tally();
    assert_eq!((tally.inadmissible, tally.refused.iter().sum::<u64>()), (0, 0), "{:?}", tally.refused);
}

fn decree(id: &str, at: &str, lasts: &str, fee: &str) -> String {
    let lasts = if lasts.is_empty() { String::new() } else { format!("lasts = \"{lasts}\"\n") };
    format!("[[shock]]\nid = \"{id}\"\nat = \"{at}\"\n{lasts}what = {{ change = {{ fee = {{ {fee} }} }} }}\n")
}

/// Of two decrees of the same parameter the inner one gives back what the outer one had set.
#[test]
fn decrees_that_lie_within_one_another_end_where_they_began() {
    // The inner one strikes before the outer one's decree is in force.
    let fees = play(&(decree("outer", "50h", "6d", "rate = \"20%\"") + &decree("inner", "60h", "2d", "rate = \"10%\""))).fees;
    let [fifth, tenth] = [200_000_000, 100_000_000];
    assert_eq!(fees[1..10], [fees[0], tenth, tenth, fifth, fifth, fifth, fifth, fees[0], fees[0]]);
}

#[test]
fn of_decrees_of_one_parameter_the_first_ends_last_or_none_ends() {
    let loads = |shocks: &[String]| {
        let text = format!("{}\n{}", plasma_sim::scenario::starter(), shocks.concat());
        Scenario::parse("scenario.toml", &text, &[]).map_err(|error| error.plain())
    };
    let shock = |id: &str, at: &str, lasts: &str, rate: &str| decree(id, at, lasts, &format!("rate = \"{rate}\""));
    // The outer one would give back what was before it, and after it the inner one what the outer one had set.
    let together = loads(&[shock("outer", "2d", "6d", "20%"), shock("inner", "5d", "3d", "10%")]).unwrap_err();
    assert!(
        together.contains("shock.inner.what.change") && together.contains("`outer` takes back what both change"),
        "{together}"
    );
    loads(&[shock("outer", "2d", "6d", "20%"), shock("inner", "5d", "2d", "10%")]).unwrap();
    loads(&[shock("first", "2d", "", "20%"), shock("second", "5d", "", "10%")]).unwrap();
}

/// Of three decrees the first is taken, the second fails beside it at the end of the epoch, and the third is refused later.
#[test]
fn the_end_of_a_decree_that_was_not_taken_does_nothing() {
    let days = play(
        &[
            decree("taken", "50h", "", "burn = \"40%\", treasury = \"30%\""),
            decree("failed", "60h", "4d", "stakers = \"40%\", treasury = \"10%\""),
            decree("refused", "8d", "2d", "stakers = \"45%\", treasury = \"5%\""),
        ]
        .concat(),
    );
    assert_eq!(days.decrees, [3, 1, 1]);
}

#[test]
fn there_is_a_council_only_where_a_shock_decrees() {
    let council = |shock: &str| world::build(&load(shock), 0).unwrap().0.council.is_some();
    let never = "[[shock]]\nid = \"it\"\nwhat = { change = { fee = { rate = \"20%\" } } }\n";
    assert!(council(DECREED) && !council(never) && !council(""));
}

#[test]
fn a_shock_that_cannot_be_is_refused_in_words() {
    let refused = |text: &str| {
        let text = format!("{}\n[[shock]]\nid = \"it\"\nat = \"1d\"\nwhat = {text}\n", plasma_sim::scenario::starter());
        Scenario::parse("scenario.toml", &text, &[]).unwrap_err().plain()
    };
    assert!(refused("{ outage = { region = \"erope\" } }").contains("did you mean `europe`"));
    assert!(refused("{ demand = { change = \"-10%\", groups = [\"chatt\"] } }").contains("did you mean `chat`"));
    assert!(refused("{ price = { change = \"-100%\" } }").contains("more than -100%"));
    let decreed = |fee: &str| refused(&format!("{{ change = {{ {fee} }} }}"));
    assert!(decreed("fee = { rates = \"1%\" }").contains("fee.rates"));
    let beyond = decreed("fee = { rate = \"101%\" }");
    assert!(beyond.contains("shock.it.what.change.fee.rate") && beyond.contains("scenario.toml:"), "{beyond}");
    assert!(decreed("epoch = { length = \"2d\" }").contains("cannot change"));
    assert!(decreed("fee = { burn = \"1%\" }").contains("the protocol would refuse it"));
    assert!(decreed("").contains("one to 4 parameters"));
    assert!(refused("{ change = { fee = { rate = \"1%\" } } }\nlasts = \"1h\"").contains("at least 1d"));
    let longer = "[[shock]]\nid = \"longer\"\nat = \"3d\"\nwhat = { change = { fee = { rate = \"2%\" } } }";
    let crossed = refused(&format!("{{ change = {{ fee = {{ rate = \"1%\" }} }} }}\nlasts = \"4d\"\n{longer}"));
    assert!(decreed("governance = { quorum = \"90%\" }").contains("not a council's to change"));
    assert!(crossed.contains("shock.longer.what.change") && crossed.contains("`it` takes back what both change"), "{crossed}");
}
