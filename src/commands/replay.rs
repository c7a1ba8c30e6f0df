//! `plasma replay`: fold the records again and compare.

use crate::Outcome;
use crate::cli;
use crate::console::{reading, say};
use crate::folder::log_of;
use crate::manifest::hex;
use miette::IntoDiagnostic;
use plasma_core::log::LogError;
use plasma_core::log::reader::Reader;
use serde_json::json;
use std::time::Instant;

pub fn replay(args: &cli::Replay) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let reader = Reader::open(&path).into_diagnostic()?;
    let bar = reading(manifest.as_ref().and_then(|m| m.log.records).unwrap_or(0), "replaying");
    let started = Instant::now();
    let (mut replay, position, tail) = match reader.replay(|record| bar.set_position(record)) {
        Err(error @ LogError::Corrupt { .. }) => return super::damaged(&error, args.json),
        replayed => replayed.into_diagnostic()?,
    };
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let digest = hex(&replay.digest());
    let mut differences = Vec::new();
    if let Some(tail) = tail {
        differences.push(format!("the log breaks off at byte {}, {} bytes into a batch", tail.offset, tail.bytes));
    }
    if let Some(manifest) = &manifest {
        let root = Some(hex(&position.root));
        if manifest.log.records != Some(position.records) {
            let wanted = manifest.log.records.unwrap_or(0);
            differences.push(format!("the log holds {} records, the manifest says {wanted}", position.records));
        } else if manifest.log.root != root {
            differences.push("the log's root is not the manifest's".into());
        } else if manifest.state_digest != digest {
            differences.push(format!("the state's digest is {digest}, the manifest says {}", manifest.state_digest));
        }
    }
    if args.json {
        let result = json!({ "records": position.records, "root": hex(&position.root), "state_digest": digest,
            "seconds": seconds, "compared": manifest.is_some(), "differences": differences });
        say!("{result}");
    } else {
        let rate = position.records as f64 / seconds.max(1e-9) / 1e6;
        say!("{} records folded in {seconds:.2} s ({rate:.1} M records/s)", position.records);
        say!("root          {}\nstate digest  {digest}", hex(&position.root));
        match (&differences[..], &manifest) {
            ([], Some(_)) => say!("Same as the manifest."),
            ([], None) => say!("There is no manifest to compare with."),
            (found, _) => {
                found.iter().for_each(|difference| say!("DIFFERS: {difference}"));
                say!("`plasma audit` names the first record that differs.");
            }
        }
    }
    Ok(if differences.is_empty() { Outcome::Done } else { Outcome::Differs })
}
