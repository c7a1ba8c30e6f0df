//! The `plasma` command as its users meet it, and the rules of the house.

mod appearance;
mod attackers;
mod authoring;
#[path = "../../src/books.rs"]
mod books;
mod calc;
mod disk;
mod extremes;
mod findings;
mod fraud;
mod gpu;
mod interruption;
mod logs;
#[allow(dead_code, reason = "the command shows recordings beside what it observes")]
#[path = "../../src/observe.rs"]
mod observe;
mod plasma;
mod played;
mod readme;
mod replicates;
mod run;
mod scale;
mod shipped;
mod show;
mod tidy;
mod verification;
