//! Rules of the house that no compiler knows.

use crate::plasma::repository;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longer files say more than one thing.
const LONGEST: usize = 700;

/// Every file under version control, as paths from the repository's root.
fn tracked() -> Vec<PathBuf> {
    let listed = Command::new("git").arg("ls-files").current_dir(repository()).output();
    let Ok(listed) = listed else { return Vec::new() };
    String::from_utf8(listed.stdout)
        .expect("UTF-8 names")
        .lines()
        .map(PathBuf::from)
        .filter(|path| repository().join(path).exists())
        .collect()
}

fn texts(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let wanted = |path: &PathBuf| path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted));
    let read = |path: PathBuf| std::fs::read_to_string(repository().join(&path)).ok().map(|text| (path, text));
    tracked().into_iter().filter(wanted).filter_map(read).collect()
}

/// Demands that no line of these files matches.
fn none(extensions: &[&str], rule: &str, breaks: impl Fn(&Path, &str) -> bool) {
    let mut found = Vec::new();
    for (path, text) in texts(extensions) {
        let lines = text.lines().enumerate().filter(|(_, line)| breaks(&path, line));
        found.extend(lines.map(|(i, line)| format!("{}:{}: {}", path.display(), i + 1, line.trim())));
    }
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn files_say_one_thing() {
    let long = texts(&["rs"]).into_iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LONGEST);
    assert_eq!(long.collect::<Vec<_>>(), []);
}

#[test]
fn nothing_is_unfinished_or_skipped() {
    // Written apart, so that this file does not break its own rule.
    let banned = ["todo!", "unimplemented!", "dbg!"].map(|name| format!("{name}("));
    let skipped = ["#[", "ignore"].concat();
    none(&["rs"], "finish it or leave it out", |_, line| {
        banned.iter().any(|name| line.contains(name)) || line.contains(&skipped)
    });
}

#[test]
fn lines_are_clean() {
    let kinds = ["rs", "toml", "md", "html", "yml"];
    none(&kinds, "no tabs", |_, line| line.contains('\t'));
    none(&kinds, "no space at the end of a line", |_, line| line.ends_with(' '));
}

#[test]
fn every_file_of_rust_says_what_it_is() {
    let silent = texts(&["rs"]).into_iter().filter(|(_, text)| !text.starts_with("//!") && !text.starts_with("#!"));
    assert_eq!(silent.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

#[test]
fn rooms_depend_only_on_the_rooms_below() {
    let ours = |room: &str| -> Vec<String> {
        let manifest = std::fs::read_to_string(repository().join(room).join("Cargo.toml")).unwrap();
        let dependencies = manifest
            .split("\n[")
            .filter(|section| section.starts_with("dependencies]") || section.starts_with("build-dependencies]"));
        let names = dependencies.flat_map(str::lines).filter(|line| line.starts_with("plasma-"));
        names.filter_map(|line| line.split(['.', ' ', '=']).next()).map(Into::into).collect()
    };
    assert_eq!(ours("core"), Vec::<String>::new(), "core depends on nothing of ours");
    assert_eq!(ours("kernels/device"), Vec::<String>::new(), "kernel bodies depend on nothing");
    assert_eq!(ours("kernels"), ["plasma-kernels-device"], "kernels know their bodies and nobody else");
    for room in ["sim", "reports"] {
        assert_eq!(ours(room), ["plasma-core"], "{room} knows the core and nobody else");
    }
}

#[test]
fn what_is_built_is_not_committed() {
    let built = tracked().into_iter().filter(|path| {
        let first = path.components().next().map(|part| part.as_os_str().to_owned());
        first.is_some_and(|first| first == "target" || first == "runs")
            || path.components().any(|part| part.as_os_str() == "target")
            || path.extension().is_some_and(|e| e == "parquet" || e == "profraw" || e == "orig" || e == "rej")
    });
    assert_eq!(built.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}
