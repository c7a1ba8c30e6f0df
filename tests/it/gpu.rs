//! `plasma gpu`, on a machine with a GPU or without.

use crate::plasma::{Place, flat};

#[test]
fn devices_are_listed_and_the_cpu_is_among_them() {
    let place = Place::new();
    let devices = place.plasma(&["gpu", "info", "--json"]).json();
    assert_eq!(devices["devices"][0]["device"], "cpu");
    assert!(devices["devices"][0]["threads"].as_u64().is_some_and(|threads| threads > 0));
    assert!(place.plasma(&["gpu", "info"]).succeeds().starts_with("cpu "));
}

#[test]
fn the_cpu_passes_the_check() {
    let place = Place::new();
    let checked = place.plasma(&["gpu", "check", "--device", "cpu", "--quick", "--json"]).json();
    assert!(checked["cases"].as_u64().is_some_and(|cases| cases > 100));
    assert_eq!(checked["differences"].as_array().map(Vec::len), Some(0));
    assert!(place.plasma(&["gpu", "check", "--device", "cpu", "--quick"]).succeeds().contains("every bit"));
}

#[test]
fn measuring_gives_a_table() {
    let place = Place::new();
    let measured = place.plasma(&["gpu", "bench", "--device", "cpu", "--quick", "--runs", "1", "--json"]).json();
    let lines = measured["lines"].as_array().expect("lines");
    for kernel in ["ceiling: triad", "gemm_f32", "gemm_i8", "softmax", "challenge round"] {
        let line = lines.iter().find(|line| line["kernel"] == kernel).expect(kernel);
        assert!(line["per_second"].as_f64().is_some_and(|rate| rate > 0.0), "{line}");
    }
    let table = place.plasma(&["gpu", "bench", "--device", "cpu", "--quick", "--runs", "1"]).succeeds();
    // A line for the heads of columns and two for what shares are.
    assert_eq!(table.lines().count(), lines.len() + 3, "{table}");
}

#[test]
fn devices_that_are_not_there_are_named() {
    let place = Place::new();
    for name in ["abacus", "cuda:", "cuda:+1", "cuda:99999999999999999999", "CPU", ""] {
        let said = flat(&place.plasma(&["gpu", "check", "--device", name]).exits(2));
        assert!(said.contains(&format!("`{name}` is no device")) && said.contains("cuda:N"), "{said}");
    }
    let said = flat(&place.plasma(&["gpu", "bench", "--device", "cuda:4000"]).fails());
    assert!(said.contains("device `cpu`") || said.contains("plasma gpu info"), "{said}");
    place.plasma(&["gpu", "bench", "--runs", "0"]).exits(2);
}
