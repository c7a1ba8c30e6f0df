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
    assert!(place.plasma(&["replay", "run"]).succeeds().contains("Same as the manifest."));
    assert!(place.plasma(&["audit", "run"]).succeeds().contains("Every record is the same, and so is the final state."));
    for cut in ["1", "2", "7", "18446744073709551615"] {
        let said = place.plasma(&["audit", "run", "--cut", cut, "--json"]).json();
        assert_eq!(
            (&said["difference"], &said["state_digest"]),
            (&serde_json::Value::Null, &place.manifest("run", "/state_digest"))
        );
    }
    let said = place.plasma(&["replay", "run", "--json"]).json();
    assert_eq!((&said["root"], &said["compared"]), (&place.manifest("run", "/log/root"), &true.into()));
}

#[test]
fn a_log_alone_can_be_replayed_and_audited() {
    let place = Place::with_run();
    assert!(place.plasma(&["replay", "run/log.plasma"]).succeeds().contains("There is no manifest to compare with."));
    let said = place.plasma(&["audit", "run/log.plasma", "--json"]).json();
    assert_eq!((&said["compared"], &said["root"]), (&false.into(), &place.manifest("run", "/log/root")));
}

#[test]
fn a_tampered_manifest_is_found() {
    let zeros = serde_json::Value::from("0".repeat(64));
    for (field, value) in [("/state_digest", zeros.clone()), ("/log/root", zeros), ("/log/records", 7.into())] {
        let place = Place::with_run();
        tamper(&place, |manifest| *manifest.pointer_mut(field).unwrap() = value.clone());
        let said = place.plasma(&["replay", "run"]).exits(3);
        assert!(said.contains("DIFFERS: "), "{field}: {said}");
        if field == "/state_digest" {
            let said = place.plasma(&["audit", "run"]).exits(3);
            assert!(said.contains("DIFFERS: the state's digest is"), "{said}");
        } else {
            place.plasma(&["log", "verify", "run"]).exits(3);
        }
    }
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
    assert!(said.contains("DAMAGED: run/log.plasma: batch "), "{said}");
}

#[test]
fn what_is_not_there_or_no_run_is_said() {
    let place = Place::new();
    std::fs::create_dir(place.path("empty")).unwrap();
    std::fs::write(place.path("text"), "not a log, certainly").unwrap();
    for command in [&["replay"][..], &["audit"], &["show"], &["log", "stat"]] {
        let of = |run: &str| flat(&place.plasma(&[command, &[run]].concat()).fails());
        assert!(of("missing").contains("missing does not exist"), "{command:?}");
        assert!(of("empty").contains("empty holds no log"), "{command:?}");
        assert!(of("text").contains("text: not a Plasma log: it starts with other bytes"), "{command:?}");
    }
}
