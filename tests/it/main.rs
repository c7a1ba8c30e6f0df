//! The `plasma` command as its users meet it, and the rules of the house.

mod appearance;
mod authoring;
mod calc;
mod disk;
mod extremes;
mod gpu;
mod interruption;
mod logs;
#[path = "../../src/observe.rs"]
mod observe;
mod plasma;
mod played;
mod readme;
mod run;
mod scale;
mod show;
mod tidy;
mod verification;
