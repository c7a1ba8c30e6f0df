//! Sizes that were observed: what jobs ask for is what the table says, and nobody else's numbers change.

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::DAY;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::model::SizeSpread;
use plasma_sim::scenario::{Loaded, Scenario, render_resolved};
use plasma_sim::world;
use std::path::Path;

/// What was submitted: when, by which program, of which size.
#[derive(Default)]
struct Submissions(Vec<(u64, u16, u32)>);

impl Observer for Submissions {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { command: Command::Submit(submit), .. } = record.cause {
            self.0.push((record.time, submit.program.0, submit.sizes[0]));
        }
    }
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
    fn epoch_closed(&mut self, _view: &State) {}
}

/// The small economy in a folder, where customers pay any price; `size` are the sizes of the group that chats.
fn chats(folder: &Path, size: &str) -> Loaded {
    let base = super::scenario::shipped().join("small.toml");
    let group = |id: &str, more: &str| {
        format!("[[demand]]\nid = \"{id}\"\nreservation = {{ median = \"90 USD/h\", sigma = 0 }}\n{more}\n")
    };
    let size = if size.is_empty() { String::new() } else { format!("size = {{ tokens = {size} }}") };
    let text = format!("extends = {base:?}\n{}{}", group("chat", &size), group("finetuning", ""));
    std::fs::write(folder.join("sizes.toml"), text).unwrap();
    Scenario::load(&folder.join("sizes.toml"), &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
}

fn begin(loaded: &Loaded) -> Engine<Agents, Submissions> {
    let (genesis, agents) = world::build(loaded, 0).unwrap_or_else(|error| panic!("{error}"));
    Engine::genesis(&genesis, agents, Submissions::default()).unwrap()
}

fn play(loaded: &Loaded) -> Engine<Agents, Submissions> {
    let mut engine = begin(loaded);
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    engine
}

/// Submissions of the group that chats, and of everybody else.
fn submitted(loaded: &Loaded) -> [Vec<(u64, u16, u32)>; 2] {
    let all = std::mem::take(play(loaded).observer()).0;
    let program = loaded.scenario.program.iter().position(|program| program.id == loaded.scenario.demand[0].program).unwrap();
    let (chats, others) = all.into_iter().partition(|&(_, of, _)| usize::from(of) == program);
    [chats, others]
}

const TABLE: &str = "arrived,tokens,times\n0,1000000,3\n1,8000000,1\n2,1000000,2\n3,40000000,2\n";
const CSV: &str = "{ csv = { file = \"sizes.csv\", column = \"tokens\", weight = \"times\" } }";

#[test]
fn jobs_are_as_large_as_the_table_says_and_come_when_they_would_have_come() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sizes.csv"), TABLE).unwrap();
    let [chats_before, others_before] = submitted(&chats(folder.path(), ""));
    let [inline, others_inline] = submitted(&chats(folder.path(), "{ values = { 1000000 = 5, 8000000 = 1, 40000000 = 2 } }"));
    let [table, others_table] = submitted(&chats(folder.path(), CSV));
    assert_eq!(inline, table, "the same distribution, however it is written");
    assert_eq!(others_inline, others_table);
    // Nobody is priced out, so that the same candidates come at the same moments, with other sizes.
    let when = |jobs: &[(u64, u16, u32)]| jobs.iter().map(|(time, ..)| *time).collect::<Vec<_>>();
    assert_eq!(when(&table), when(&chats_before));
    assert_eq!(others_table, others_before, "nobody else draws other numbers");
    let count = table.len() as f64;
    for (size, share) in [(1_000_000, 0.625), (8_000_000, 0.125), (40_000_000, 0.25)] {
        let found = table.iter().filter(|job| job.2 == size).count() as f64 / count;
        assert!((found - share).abs() < 4.0 * f64::sqrt(share * (1.0 - share) / count), "{size}: {found}");
    }
    assert!(table.iter().all(|job| [1_000_000, 8_000_000, 40_000_000].contains(&job.2)));
    // The larger the one the larger the other: both are inversions of the same number.
    let mut pairs: Vec<(u32, u32)> = chats_before.iter().zip(&table).map(|(before, now)| (before.2, now.2)).collect();
    pairs.sort_unstable();
    assert!(pairs.is_sorted_by_key(|pair| pair.1));
}

#[test]
fn quantiles_are_joined_by_straight_lines() {
    let folder = tempfile::tempdir().unwrap();
    let size = "{ quantiles = { \"0%\" = 1000, \"50%\" = 5000, \"99.5%\" = 50_000, \"100%\" = 50_000 } }";
    let [table, _] = submitted(&chats(folder.path(), size));
    let under = |size: u32| table.iter().filter(|job| job.2 < size).count() as f64 / table.len() as f64;
    let error = 4.0 * f64::sqrt(0.25 / table.len() as f64);
    assert!(table.iter().all(|job| (1_000..=50_000).contains(&job.2)));
    for (size, share) in [(3_000, 0.25), (5_000, 0.5), (27_500, 0.7475)] {
        assert!((under(size) - share).abs() < error, "{size}: {}", under(size));
    }
}

#[test]
fn a_checkpoint_continues_with_the_same_sizes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sizes.csv"), TABLE).unwrap();
    let loaded = chats(folder.path(), CSV);
    let (mut whole, mut cut) = (play(&loaded), begin(&loaded));
    cut.run(loaded.scenario.start.0 + 3 * DAY + 12_345);
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    let agents = world::restore(&loaded, 0, &checkpoint).unwrap();
    let mut continued = Engine::restore(&snapshot, agents, ()).unwrap();
    continued.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    assert_eq!(continued.digest(), whole.digest());

    // Another table makes another scenario, wherever it lies.
    std::fs::write(folder.path().join("sizes.csv"), TABLE.replace('8', "9")).unwrap();
    assert!(world::restore(&loaded, 0, &checkpoint).unwrap_err().to_string().contains("another scenario"));
}

#[test]
fn a_table_of_sizes_is_part_of_what_a_scenario_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sizes.csv"), TABLE).unwrap();
    let loaded = chats(folder.path(), CSV);
    let digest = loaded.digest().unwrap();
    assert_eq!(loaded.anchored().digest().unwrap(), digest, "wherever the table lies");
    let resolved = render_resolved(&loaded.anchored());
    let again = Scenario::parse("resolved", &resolved, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    assert_eq!(again.scenario, loaded.anchored().scenario);
    std::fs::write(folder.path().join("sizes.csv"), TABLE.replace('8', "9")).unwrap();
    assert_ne!(loaded.digest().unwrap(), digest);
    std::fs::remove_file(folder.path().join("sizes.csv")).unwrap();
    let missing = world::build(&loaded, 0).unwrap_err().to_string();
    assert!(missing.contains("sizes.csv: cannot be read"), "{missing}");
}

#[test]
fn what_a_file_says_of_a_size_takes_the_place_of_what_it_extends() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = chats(folder.path(), "{ values = { 7 = 1 } }");
    assert!(matches!(loaded.scenario.demand[0].size.values().next(), Some(SizeSpread::Values(_))));
    let path = folder.path().join("again.toml");
    std::fs::write(&path, "extends = \"sizes.toml\"\n[[demand]]\nid = \"chat\"\nsize = { tokens = { median = 9 } }\n").unwrap();
    let loaded = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    let Some(SizeSpread::LogNormal(terms)) = loaded.scenario.demand[0].size.values().next() else { panic!("log-normal again") };
    assert_eq!((terms.median.get(), terms.sigma.get()), (9.0, 0.0), "nothing of what it replaced is left");
    // Nor where both say it in the same way: a table of sizes is one distribution.
    for (extended, says) in [
        ("{ values = { 5000 = 1 } }", "{ values = { 7000 = 1 } }"),
        ("{ quantiles = { \"0%\" = 1, \"50%\" = 5, \"100%\" = 9 } }", "{ quantiles = { \"0%\" = 2, \"100%\" = 3 } }"),
        (CSV, "{ csv = { file = \"sizes.csv\", column = \"arrived\" } }"),
    ] {
        let said = |loaded: &Loaded| format!("{:?}", loaded.scenario.demand[0].size);
        let alone = said(&chats(folder.path(), says));
        let before = said(&chats(folder.path(), extended));
        std::fs::write(&path, format!("extends = \"sizes.toml\"\n[[demand]]\nid = \"chat\"\nsize = {{ tokens = {says} }}\n"))
            .unwrap();
        let after = said(&Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain())));
        assert!(after == alone && after != before, "{after} where {alone} was said over {before}");
    }
}
