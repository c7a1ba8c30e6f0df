//! `plasma show`: states and histories.

use crate::plasma::{HOSTING, Place, REQUESTS, flat};
use serde_json::Value;
use std::process::Stdio;

#[test]
fn the_state_at_the_end_and_on_a_day() {
    let place = Place::with_run();
    let text = place.plasma(&["show", "run"]).succeeds();
    assert!(text.contains("supply") && text.contains("jobs ever submitted"), "{text}");
    let jobs = |at: &[&str]| {
        let state = place.plasma(&[&["show", "run", "--json"], at].concat()).json();
        state["jobs_ever"].as_u64().expect("a count")
    };
    let on = |at: &str| jobs(&["--at", at]);
    assert!(0 < on("1d") && on("1d") < on("5d") && on("5d") < jobs(&[]));
    assert_eq!(on("1d"), on("2025-09-26"));
    assert_eq!(on("1d"), on("2025-09-26T00:00:00Z"));
    assert_eq!(on("1d"), on("2025-09-26T02:00:00+02:00"));
    let said = place.plasma(&["show", "run", "--at", "30d"]).err;
    assert!(said.contains("The run ends on 2025-10-05T00:00:00.000Z, before 2025-10-25"), "{said}");
    let said = place.plasma(&["show", "run", "--at", "2025-09-24"]).fails();
    assert!(said.contains("the run starts on 2025-09-25"), "{said}");
}

#[test]
fn histories_of_everybody_and_everything() {
    let place = Place::with_run();
    for subject in [["--account", "9"], ["--provider", "1"], ["--job", "100"], ["--lease", "100"]] {
        let text = place.plasma(&[&["show", "run"], &subject[..]].concat()).succeeds();
        let lines = place.plasma(&[&["show", "run", "--json"], &subject[..]].concat()).succeeds();
        assert!(!text.is_empty() && !lines.is_empty(), "{subject:?}");
        for line in lines.lines() {
            let line: Value = serde_json::from_str(line).expect("a JSON line");
            assert!(line["time"].is_string() && line["what"].is_string() && line["text"].is_string(), "{line}");
        }
        let one = place.plasma(&[&["show", "run", "--json", "--limit", "1"], &subject[..]].concat()).succeeds();
        assert_eq!(one.lines().next(), lines.lines().last(), "the latest line of {subject:?}");
    }
    let job = place.plasma(&["show", "run", "--job", "100"]).succeeds();
    assert!(job.contains("Submitted") && job.contains(" XPL is in escrow"), "{job}");
    let account = place.plasma(&["show", "run", "--account", "9"]).succeeds();
    assert!(account.contains("asked for: budget ") && account.contains(" XPL, start_by 2025-"), "{account}");
    let lines = place.plasma(&["show", "run", "--account", "9", "--json"]).succeeds();
    let submit: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(submit["fields"]["budget"].is_u64() && submit["fields"]["sizes"].is_array() && submit["fee"].is_u64(), "{submit}");
    for subject in ["--job", "--lease", "--account", "--provider"] {
        let said = flat(&place.plasma(&["show", "run", subject, "999999999"]).fails());
        assert!(said.contains("there is no ") && said.contains(" up to then are numbered from "), "{said}");
    }
    assert!(flat(&place.plasma(&["show", "run", "--job", "0"]).fails()).contains("numbered from 1 to "));
    let early = flat(&place.plasma(&["show", "run", "--lease", "100", "--at", "2025-09-25"]).fails());
    assert!(early.contains("there are no leases up to then"), "{early}");
    place.plasma(&["show", "run", "--job", "1", "--limit", "0"]).exits(2);
    place.plasma(&["show", "run", "--job", "1", "--lease", "1"]).exits(2);
}

#[test]
fn the_history_of_a_deployment_tells_what_its_requests_paid() {
    let place = Place::new();
    let own = format!("extends = {:?}\n{HOSTING}{REQUESTS}\n", crate::plasma::shipped("small.toml"));
    std::fs::write(place.path("hosting.toml"), own).expect("room on disk");
    place.plasma(&["run", "hosting.toml", "--until", "2d", "--out", "run"]).succeeds();
    let of = |job: u64| place.plasma(&["show", "run", "--job", &job.to_string()]).succeeds();
    let text = (1..200).map(of).find(|text| text.contains("ReceiptPaid") && text.contains("TabReturned"));
    let text = text.expect("a deployment is over");
    let said = [" set aside for requests to job ", " has served ", " by its last receipt on lease ", " of its tab returned"];
    assert!(said.iter().all(|words| text.contains(words)), "{text}");
    let state = place.plasma(&["show", "run", "--json"]).json();
    assert!(state["tabs_nano"].as_str().is_some_and(|nano| nano != "0"), "{state}");
}

#[test]
fn a_proposal_is_shown_from_its_deposit_to_its_enactment() {
    let place = Place::new();
    let bought = crate::plasma::shipped("votes-bought.toml");
    place.plasma(&["run", &bought, "--until", "2027-04-06", "--log", "full", "--out", "run"]).succeeds();
    let lines = place.plasma(&["show", "run", "--proposal", "1", "--limit", "9999"]).succeeds();
    let first = lines.lines().next().expect("a line");
    assert!(first.contains("Proposed") && first.contains("proposal 1 is open, ") && first.contains(" XPL deposited"), "{first}");
    assert!(lines.contains(" votes yes on proposal 1 with ") && lines.contains(" votes no on proposal 1 with "));
    let tallied = lines.lines().find(|line| line.contains(" Tallied ")).expect("the vote ended");
    assert!(tallied.contains("proposal 1 passed, to be done at the first end of an epoch after 2027-"), "{tallied}");
    assert!(lines.trim_end().ends_with("what proposal 1 asked for is done"), "{lines}");
    let said = flat(&place.plasma(&["show", "run", "--proposal", "2"]).fails());
    assert!(said.contains("there is no proposal 2") && said.contains("numbered from 1 to 1"), "{said}");
    assert_eq!(place.plasma(&["show", "run", "--json"]).json()["proposals_ever"], 1);
}

#[test]
fn whoever_has_read_enough_may_leave() {
    let place = Place::with_run();
    for args in
        [&["show", "run", "--provider", "1"][..], &["schema"], &["new"], &["log", "stat", "run"], &["completions", "bash"]]
    {
        let mut child = place.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = flat(&String::from_utf8_lossy(&ended.stderr));
        assert_eq!((ended.status.code(), said.as_str()), (Some(0), ""), "{args:?}");
    }
}
