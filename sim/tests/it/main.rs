//! Integration tests of the simulation.

mod scenario;
