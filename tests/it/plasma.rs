//! The command, run in a folder of its own.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Deployments, beside any world with an RTX 4090.
pub const HOSTING: &str = include_str!("../../sim/tests/hosting.toml");

/// The requests that come to them.
pub const REQUESTS: &str = r#"requests = { rate = "300/h", price = "0.002 USD", receipts = "1h" }"#;

/// A folder in which the command runs.
pub struct Place {
    folder: TempDir,
}

/// How a command ended.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The package's own folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A scenario that ships with Plasma.
pub fn shipped(name: &str) -> String {
    repository().join("scenarios").join(name).display().to_string()
}

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with ten days of the small scenario in `run`.
    pub fn with_run() -> Self {
        let place = Self::new();
        place.run_small("run", &[]).succeeds();
        place
    }

    /// Plays ten days of the small scenario into a folder.
    pub fn run_small(&self, out: &str, more: &[&str]) -> Ended {
        let small = shipped("small.toml");
        self.plasma(&[&["run", &small, "--until", "10d", "--out", out], more].concat())
    }

    /// A path in here.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, not yet run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command.args(args).current_dir(self.folder.path()).env_remove("NO_COLOR");
        command
    }

    /// Runs the command to its end, with its output piped.
    pub fn plasma(&self, args: &[&str]) -> Ended {
        Ended::of(&mut self.command(args))
    }

    /// Runs the command to its end, with this on its standard input.
    pub fn fed(&self, args: &[&str], input: &str) -> Ended {
        std::fs::write(self.path("input"), input).expect("a writable folder");
        let input = std::fs::File::open(self.path("input")).expect("a readable file");
        Ended::of(self.command(args).stdin(input))
    }

    /// A JSON file in here.
    pub fn json(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A value of a run's manifest.
    pub fn manifest(&self, run: &str, pointer: &str) -> Value {
        let manifest = self.json(&format!("{run}/manifest.json"));
        manifest.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {manifest}")).clone()
    }

    /// Every file below a folder in here, with its bytes.
    pub fn files(&self, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path(folder), &mut files);
        files.sort();
        files
    }
}

fn collect(folder: &Path, into: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, into);
        } else {
            let bytes = std::fs::read(&path).expect("a readable file");
            into.push((path, bytes));
        }
    }
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the command starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8 output");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Demands success, and silence on standard error; gives standard output.
    #[track_caller]
    pub fn succeeds(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Demands success, and gives standard output as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        let out = self.succeeds();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"))
    }

    /// Demands an exit code; gives all that was said.
    #[track_caller]
    pub fn exits(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.out + &self.err
    }

    /// Demands failure with a message, as people see it: an exit code of 1, no backtrace, no panic.
    #[track_caller]
    pub fn fails(self) -> String {
        assert!(self.out.is_empty(), "{}", self.out);
        let said = self.exits(1);
        assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
        said
    }
}

/// The text with its line ends and frames of errors made spaces, so that a sentence can be found in it.
pub fn flat(text: &str) -> String {
    text.replace(['│', '╰', '─', '▶', '×', '╭'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
