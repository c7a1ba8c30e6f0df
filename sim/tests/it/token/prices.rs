//! A recorded price.

use super::{Diary, play};
use plasma_core::record::{Command, Event};
use plasma_core::time::{DAY, HOUR};
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;
use std::path::Path;

const TABLE: &str = "day,close\n2024-01-01,0.10\n2024-01-03,0.20\n2024-01-05T12:30:00Z,0.05\n";

/// The small economy beside a table, with more text.
fn beside(folder: &Path, table: &str, more: &str) -> Loaded {
    std::fs::write(folder.join("prices.csv"), table).unwrap();
    let base = super::super::scenario::shipped().join("small.toml");
    let market =
        "[token.market.csv]\nfile = \"prices.csv\"\ntime = { column = \"day\", format = \"date_time\" }\nprice = \"close\"\n";
    std::fs::write(folder.join("recorded.toml"), format!("extends = {base:?}\n{market}{more}")).unwrap();
    Scenario::load(&folder.join("recorded.toml"), &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
}

#[test]
fn the_feeders_post_what_was_recorded_and_shocks_multiply_it() {
    let folder = tempfile::tempdir().unwrap();
    let shock = "[[shock]]\nid = \"half\"\nat = \"10d\"\nlasts = \"5d\"\nwhat = { price = { change = \"-50%\" } }\n";
    let loaded = beside(folder.path(), TABLE, shock);
    let mut engine = play(&loaded);
    let start = loaded.scenario.start.0;
    let mut posts = 0;
    for (time, _, command) in &engine.observer().commands {
        let Command::PostPrice(post) = command else { continue };
        let since = time - start;
        let recorded = match since {
            0..172_800_000 => 100_000,
            _ if since < 4 * DAY + 12 * HOUR + HOUR / 2 => 200_000,
            _ => 50_000,
        };
        // A post of the moment in which a shock strikes comes before it.
        let shocked = if since > 10 * DAY && since <= 15 * DAY { recorded / 2 } else { recorded };
        assert_eq!(post.micro_usd, shocked, "after {since} ms");
        posts += 1;
    }
    assert_eq!(posts, 30 * 24 + 1);
    // Whoever trades does so at that price, with a market maker of finite means.
    let agents = engine.environment();
    let (bought, sold) = agents.tally().bought_and_sold();
    let maker = agents.economy().exchange.maker;
    assert!(bought + sold > 0);
    assert!(agents.dollars().of(maker) < agents.economy().exchange.maker_usd);
}

#[test]
fn a_table_that_begins_elsewhere_or_is_missing_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |loaded: &Loaded| world::build(loaded, 0).unwrap_err().to_string();
    let elsewhere = refused(&beside(folder.path(), "day,close\n2024-01-01,0.3\n", ""));
    assert!(elsewhere.contains("prices.csv: it begins at 0.3 USD, and token.price is 0.1 USD"), "{elsewhere}");
    let broken = refused(&beside(folder.path(), "day,close\n2024-01-01,0.1\n2024-01-02,much\n", ""));
    assert!(broken.contains("prices.csv:3: column `close`: expected a number of at least 0, found \"much\""), "{broken}");
    let loaded = beside(folder.path(), TABLE, "");
    std::fs::remove_file(folder.path().join("prices.csv")).unwrap();
    let missing = refused(&loaded);
    assert!(missing.contains("prices.csv: cannot be read"), "{missing}");
}

#[test]
fn a_recorded_price_is_part_of_what_a_scenario_is() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = beside(folder.path(), TABLE, "");
    let digest = loaded.digest().unwrap();
    assert_eq!(loaded.anchored().digest().unwrap(), digest, "wherever the table lies");
    assert_ne!(beside(folder.path(), &TABLE.replace("0.05", "0.06"), "").digest().unwrap(), digest);
}

#[test]
fn posts_follow_the_table_only() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = beside(folder.path(), "day,close\n2024-01-01,0.10\n", "");
    let mut engine = play(&loaded);
    let Diary { events, .. } = engine.observer();
    assert!(events.iter().any(|(_, event)| matches!(event, Event::Settled(_))));
    assert_eq!(engine.environment().standing().price, 100_000);
}
