//! The `plasma` command as its users meet it, and the rules of the house.

mod appearance;
mod authoring;
mod calc;
mod disk;
mod gpu;
mod interruption;
mod logs;
mod plasma;
mod readme;
mod run;
mod shipped;
mod show;
mod tidy;
mod verification;
