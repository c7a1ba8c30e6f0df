//! `plasma audit`: decide everything again and compare.

use crate::Outcome;
use crate::cli;
use crate::console::{reading, say};
use crate::folder::log_of;
use crate::manifest::hex;
use miette::IntoDiagnostic;
use plasma_core::log::LogError;
use serde_json::json;

pub fn audit(args: &cli::Audit) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let bar = reading(manifest.as_ref().and_then(|m| m.log.records).unwrap_or(0), "auditing");
    let end = manifest.as_ref().filter(|manifest| manifest.complete).map(|manifest| manifest.end_ms);
    let audited = match plasma_core::log::audit::audit(&path, end, args.cut, |record| bar.set_position(record)) {
        Err(error @ LogError::Corrupt { .. }) => return super::damaged(&error, args.json),
        audited => audited.into_diagnostic()?,
    };
    bar.finish_and_clear();
    let digest = hex(&audited.digest);
    let mut difference = audited.difference.as_ref().map(ToString::to_string);
    if let (None, Some(tail)) = (&difference, audited.tail) {
        difference = Some(format!("the log breaks off at byte {}, {} bytes into a batch", tail.offset, tail.bytes));
    }
    if let (None, Some(manifest)) = (&difference, &manifest)
        && manifest.state_digest != digest
    {
        difference = Some(format!("the state's digest is {digest}, the manifest says {}", manifest.state_digest));
    }
    if args.json {
        let result = json!({ "records": audited.position.records, "blocks": audited.blocks, "root": hex(&audited.position.root),
            "state_digest": digest, "compared": manifest.is_some(), "difference": difference });
        say!("{result}");
    } else {
        say!("{} records decided again, their commands in {} blocks", audited.position.records, audited.blocks);
        say!("root          {}\nstate digest  {digest}", hex(&audited.position.root));
        match &difference {
            None => say!("Every record is the same{}.", if manifest.is_some() { ", and so is the final state" } else { "" }),
            Some(difference) => say!("DIFFERS: {difference}"),
        }
    }
    Ok(if difference.is_none() { Outcome::Done } else { Outcome::Differs })
}
