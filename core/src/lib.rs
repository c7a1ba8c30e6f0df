//! The protocol of Plasma.

pub mod ids;
pub mod money;
pub mod params;
pub mod time;
