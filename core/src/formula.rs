//! Formulas: pure functions of integers, without state. The protocol calls them, and so can whoever wants one number.

pub mod auction;
pub mod base_fee;
pub mod burn_mint;
pub mod decimal;
pub mod deterrence;
pub mod emission;
pub mod rewards;
pub mod schedule;
pub mod shares;
pub mod slash;
pub mod swap;
pub mod vesting;
