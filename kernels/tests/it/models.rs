//! Models against f64, against what others computed, and against files that lie.

mod choice;
pub mod decoder;
mod encoder;
mod files;
mod images;
pub mod reference;
