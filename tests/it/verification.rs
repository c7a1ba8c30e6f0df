//! `plasma replay` and `plasma audit`: 0 when everything is as written, 3 when something differs.

use crate::plasma::{Place, flat};

/// Changes the manifest of `run`.
fn tamper(place: &Place, change: impl Fn(&mut serde_json::Value)) {
    let mut manifest = place.json("run/manifest.json");
    change(&mut manifest);
    std::fs::write(place.path("run/manifest.json"), manifest.to_string()).unwrap();
}

#[test]
fn a_sound_run_is_confirmed() {
    let place = Place::with_run();
    let all = "Same as the manifest: records, batches, bytes, root, genesis, start, state, epochs, end, engine, scenario, seed, title, level, results.";
    assert!(place.plasma(&["replay", "run"]).succeeds().contains(all));
    let said = place.plasma(&["audit", "run"]).succeeds();
    assert!(said.contains("Every record is the same.") && said.contains(all), "{said}");
    for cut in ["1", "2", "7", "18446744073709551615"] {
        let said = place.plasma(&["audit", "run", "--cut", cut, "--json"]).json();
        assert_eq!(
            (&said["differences"], &said["state_digest"]),
            (&serde_json::json!([]), &place.manifest("run", "/state_digest"))
        );
    }
    let said = place.plasma(&["replay", "run", "--json"]).json();
    assert_eq!((&said["root"], &said["same"][0]), (&place.manifest("run", "/log/root"), &"records".into()));
}

#[test]
fn a_log_alone_can_be_replayed_and_audited() {
    let place = Place::with_run();
    assert!(place.plasma(&["replay", "run/log.plasma"]).succeeds().contains("Same as the manifest: "));
    std::fs::copy(place.path("run/log.plasma"), place.path("alone.plasma")).unwrap();
    assert!(place.plasma(&["replay", "alone.plasma"]).succeeds().contains("There is no manifest to compare with: "));
    let said = place.plasma(&["audit", "alone.plasma", "--json"]).json();
    assert_eq!((&said["same"], &said["root"]), (&serde_json::json!([]), &place.manifest("run", "/log/root")));
}

#[test]
fn a_tampered_manifest_is_found() {
    let zeros = serde_json::Value::from("0".repeat(64));
    let place = Place::with_run();
    let sound = std::fs::read(place.path("run/manifest.json")).unwrap();
    let of_the_log = ["/log/root", "/log/records", "/log/batches", "/log/bytes", "/genesis_digest", "/start"];
    for (field, value) in [
        ("/state_digest", zeros.clone()),
        ("/scenario_digest", zeros.clone()),
        ("/genesis_digest", zeros.clone()),
        ("/log/root", zeros),
        ("/log/records", 7.into()),
        ("/log/batches", 7.into()),
        ("/log/bytes", 7.into()),
        ("/seed", 2.into()),
        ("/title", "Another run".into()),
        ("/log/level", "root".into()),
        ("/epochs", 11.into()),
        ("/start", "2025-09-26T00:00:00.000Z".into()),
        ("/end", "2025-10-05T01:00:00.000Z".into()),
        ("/end_ms", 1_759_000_000_000u64.into()),
    ] {
        tamper(&place, |manifest| *manifest.pointer_mut(field).unwrap() = value.clone());
        for command in ["replay", "audit"] {
            let said = place.plasma(&[command, "run"]).exits(3);
            assert!(said.contains("DIFFERS: "), "{command}, {field}: {said}");
        }
        let code = if of_the_log.contains(&field) { 3 } else { 0 };
        place.plasma(&["log", "verify", "run"]).exits(code);
        std::fs::write(place.path("run/manifest.json"), &sound).unwrap();
    }
    // Nobody can tell an interrupted run from one that was to end early: what is said of it is said to be open.
    let open = place.plasma(&["replay", "run"]).succeeds();
    assert!(open.contains("Not compared: whether it was to end on 2025-10-05T00:00:00.000Z, before"), "{open}");
    tamper(&place, |manifest| manifest["complete"] = false.into());
    let open = place.plasma(&["replay", "run"]).succeeds();
    assert!(open.contains("Not compared: what would follow: it was interrupted on 2025-10-05"), "{open}");
    tamper(&place, |manifest| manifest["engine_digest"] = "0".into());
    let said = place.plasma(&["replay", "run"]).succeeds();
    assert!(said.contains("Not compared: the engine: 0 played the run."), "{said}");
}

#[test]
fn a_changed_result_is_found_and_a_missing_one_is_said() {
    let place = Place::with_run();
    let html = std::fs::read_to_string(place.path("run/report.html")).unwrap();
    std::fs::write(place.path("run/report.html"), html.replace("utilisation", "Utilisation")).unwrap();
    for command in ["replay", "audit"] {
        let said = place.plasma(&[command, "run"]).exits(3);
        assert!(
            said.contains("DIFFERS: report.html is not as it was written") && !said.contains("`plasma audit` names"),
            "{said}"
        );
    }
    std::fs::remove_file(place.path("run/report.html")).unwrap();
    tamper(&place, |manifest| manifest["results"]["../elsewhere"] = "0".into());
    let said = place.plasma(&["replay", "run"]).succeeds();
    assert!(said.contains("Not compared: ../elsewhere, report.html: not there."), "{said}");
    assert!(said.contains("whether this scenario and seed come to this log: play run/scenario.toml again."), "{said}");
}

#[test]
fn a_changed_scenario_is_found() {
    let place = Place::with_run();
    let scenario = std::fs::read_to_string(place.path("run/scenario.toml")).unwrap();
    std::fs::write(place.path("run/scenario.toml"), scenario.replace("count = 30", "count = 31")).unwrap();
    for command in ["replay", "audit"] {
        assert!(place.plasma(&[command, "run"]).exits(3).contains("DIFFERS: scenario: "), "{command}");
    }
    std::fs::remove_file(place.path("run/scenario.toml")).unwrap();
    assert!(place.plasma(&["replay", "run"]).succeeds().contains("Not compared: the scenario: there is no scenario.toml."));
}

#[test]
fn a_changed_header_is_a_difference_wherever_it_is() {
    let place = Place::with_run();
    let sound = std::fs::read(place.path("run/log.plasma")).unwrap();
    for at in [0, 8, 12, 16, 200] {
        let mut log = sound.clone();
        log[at] ^= 1;
        std::fs::write(place.path("run/log.plasma"), log).unwrap();
        for command in [&["replay"][..], &["audit"], &["log", "verify"]] {
            let said = place.plasma(&[command, &["run"]].concat()).exits(3);
            assert!(said.contains("DIFFERS: run/log.plasma: "), "byte {at}, {command:?}: {said}");
        }
    }
}

#[test]
fn what_differs_is_said_in_words() {
    let place = Place::with_run();
    // The run claims to have gone on: the engine closes epochs that the log does not have.
    tamper(&place, |manifest| {
        manifest["end_ms"] = 1_759_795_200_000u64.into();
        manifest["end"] = "2025-10-07T00:00:00.000Z".into();
    });
    let said = place.plasma(&["audit", "run"]).exits(3);
    assert!(said.contains(": the log has nothing; the engine made the "), "{said}");
    assert!(!said.contains("Cause(") && said.contains(" at 2025-10-05T"), "{said}");
}

#[test]
fn a_tampered_log_is_found_and_the_batch_named() {
    let place = Place::with_run();
    let mut log = std::fs::read(place.path("run/log.plasma")).unwrap();
    let middle = log.len() / 2;
    log[middle] ^= 1;
    std::fs::write(place.path("run/log.plasma"), log).unwrap();
    for command in [&["replay", "run"][..], &["audit", "run"]] {
        let said = place.plasma(command).exits(3);
        assert!(said.contains("DIFFERS: run/log.plasma: batch ") && said.contains(", at byte "), "{command:?}: {said}");
    }
    for command in [&["show", "run"][..], &["log", "stat", "run"]] {
        let said = flat(&place.plasma(command).fails());
        assert!(said.contains("run/log.plasma: batch ") && said.contains(", at byte "), "{command:?}: {said}");
    }
    let said = place.plasma(&["log", "verify", "run"]).exits(3);
    assert!(said.contains("DIFFERS: run/log.plasma: batch "), "{said}");
}

#[test]
fn what_is_not_there_or_no_run_is_said() {
    let place = Place::new();
    std::fs::create_dir(place.path("empty")).unwrap();
    std::fs::write(place.path("text"), "not a log, certainly").unwrap();
    for command in [&["replay"][..], &["audit"], &["show"], &["log", "stat"]] {
        let of = |run: &str| flat(&place.plasma(&[command, &[run]].concat()).fails());
        assert!(of("missing").contains("missing does not exist"), "{command:?}");
        assert!(of("empty").contains("empty is not a run folder"), "{command:?}");
        assert!(of("text").contains("text: not a Plasma log: it starts with other bytes"), "{command:?}");
    }
}
