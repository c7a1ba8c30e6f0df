//! Whatever a file holds, loading it ends in a scenario or in an error that can be shown.

use plasma_sim::scenario::{Scenario, starter};
use proptest::prelude::{any, proptest};

use super::errors::draw;

fn survives(text: &str) {
    match Scenario::parse("fuzz", text, &[]) {
        Ok(loaded) => assert!(!plasma_sim::scenario::render_resolved(&loaded).is_empty()),
        Err(error) => assert!(!draw(&error).is_empty() && !error.plain().is_empty()),
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_mutated_starter(cuts in proptest::collection::vec((any::<u16>(), 0usize..40, "[\\PC\n\"{}=\\[\\].#]{0,12}"), 1..4)) {
        let mut text: Vec<char> = starter().chars().collect();
        for (at, length, insert) in cuts {
            let at = usize::from(at) % text.len();
            let end = (at + length).min(text.len());
            text.splice(at..end, insert.chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_override(key in "[a-z.0-9]{0,20}", value in "\\PC{0,20}", path in 0usize..8) {
        let known = ["fee.rate", "demand.chat.rate", "seed", "provider.0.regions", "class.rtx-4090", "token.price", "daily", "scale"];
        for set in [format!("{key}={value}"), format!("{}={value}", known[path]), value.clone()] {
            if let Err(error) = Scenario::parse("starter", starter(), &[set]) {
                draw(&error);
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_a_stack_overflow() {
    survives(&format!("title = {}", "[".repeat(100_000)));
    survives(&format!("a{} = 1", ".a".repeat(100_000)));
    survives(&format!("[a{}]", ".a".repeat(100_000)));
    survives(&format!("title = {}", "{a=".repeat(100_000)));
    survives(&format!("[a{}]\nb = 1\n[[a{}]]", ".a".repeat(50), ".a".repeat(50_000)));
}
