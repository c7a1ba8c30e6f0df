//! `plasma replay`: fold the records again and compare.

use crate::Outcome;
use crate::cli;
use crate::compare::{Compared, is_damage};
use crate::console::{reading, say};
use crate::folder::log_of;
use crate::manifest::hex;
use miette::IntoDiagnostic;
use plasma_core::log::reader::Reader;
use serde_json::json;
use std::time::Instant;

pub fn replay(args: &cli::Replay) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let manifest = manifest.as_ref();
    let bar = reading(manifest.and_then(|m| m.log.records).unwrap_or(0), "replaying");
    let started = Instant::now();
    let replayed = Reader::open(&path).and_then(|reader| {
        let genesis = reader.genesis().clone();
        Ok((genesis, reader.replay(|record| bar.set_position(record))?))
    });
    bar.finish_and_clear();
    let (genesis, (mut replay, position, tail)) = match replayed {
        Err(error) if is_damage(&error, manifest) => return super::damaged(&error, args.json),
        replayed => replayed.into_diagnostic()?,
    };
    let seconds = started.elapsed().as_secs_f64();
    let (digest, clock) = (hex(&replay.digest()), replay.view(|state| *state.clock));
    let mut compared = Compared::log(manifest, &genesis, position, tail);
    compared.state(manifest, &clock, digest.clone());
    compared.scenario(manifest, &args.run);
    compared.results(manifest, &args.run);
    if args.json {
        let result =
            json!({ "records": position.records, "root": hex(&position.root), "state_digest": digest, "seconds": seconds });
        say!("{}", compared.beside(result));
    } else {
        let rate = position.records as f64 / seconds.max(1e-9) / 1e6;
        say!("{} records folded in {seconds:.2} s ({rate:.1} M records/s)", position.records);
        say!("root          {}\nstate digest  {digest}", hex(&position.root));
        compared.say();
        if compared.differences().iter().any(|difference| difference.starts_with("state")) {
            say!("`plasma audit` names the first record that differs.");
        }
    }
    Ok(compared.outcome())
}
