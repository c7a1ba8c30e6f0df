//! `plasma audit`: decide everything again and compare.

use super::words;
use crate::Outcome;
use crate::cli;
use crate::compare::{Compared, is_damage};
use crate::console::{reading, say};
use crate::folder::log_of;
use crate::manifest::hex;
use miette::IntoDiagnostic;
use plasma_core::log::audit::Difference;
use serde_json::json;

pub fn audit(args: &cli::Audit) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let manifest = manifest.as_ref();
    let bar = reading(manifest.and_then(|m| m.log.records).unwrap_or(0), "auditing");
    let end = manifest.filter(|manifest| manifest.complete).map(|manifest| manifest.end_ms);
    let audited = plasma_core::log::audit::audit(&path, end, args.cut, |record| bar.set_position(record));
    bar.finish_and_clear();
    let audited = match audited {
        Err(error) if is_damage(&error, manifest) => return super::damaged(&error, args.json),
        audited => audited.into_diagnostic()?,
    };
    let digest = hex(&audited.digest);
    let mut compared = Compared::log(manifest, &audited.genesis, audited.position, audited.tail);
    match &audited.difference {
        // From there on the engine went its own way: its state says nothing about the log.
        Some(difference) => compared.differs(first(difference)),
        None => compared.state(manifest, &audited.clock, digest.clone()),
    }
    compared.scenario(manifest, &args.run);
    compared.results(manifest, &args.run);
    if args.json {
        let result = json!({ "records": audited.position.records, "blocks": audited.blocks, "root": hex(&audited.position.root),
            "state_digest": digest });
        say!("{}", compared.beside(result));
    } else {
        say!("{} records decided again, their commands in {} blocks", audited.position.records, audited.blocks);
        say!("root          {}\nstate digest  {digest}", hex(&audited.position.root));
        if audited.difference.is_none() {
            say!("Every record is the same.");
        }
        compared.say();
    }
    Ok(compared.outcome())
}

/// The first record that differs, in words.
fn first(Difference { record, logged, played }: &Difference) -> String {
    let show = |line: &Option<_>| line.as_ref().map_or_else(|| "nothing".into(), words::line);
    format!("record {record}: the log has {}; the engine made {}", show(logged), show(played))
}
