//! Plasma played: virtual time, agents, scenario files.

#![warn(missing_docs)]

pub mod agents;
pub mod economy;
pub mod queueing;
pub mod scenario;
pub mod streams;
pub mod traces;
pub mod world;
