//! Plasma played: virtual time, agents, scenario files.

pub mod scenario;
pub mod streams;
