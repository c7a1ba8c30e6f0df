//! `pid`: ours. A controller holds the staked share of the supply at a goal by its inflation.

use super::{Memory, Minted, Seen};
use crate::formula::emission::control::{self, Pid};
use crate::money::share_wide;
use crate::params::Params;

/// One step an epoch towards `emission.goal` ([`Pid`]), between `emission.floor` and `emission.max`. `level` is the yearly
/// inflation in parts per billion, `sum` and `aim` the sum of errors and the last one, as two's complement.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let controller = Pid {
        kp: params.emission_kp(),
        ki: params.emission_ki(),
        kd: params.emission_kd(),
        least: params.emission_floor(),
        most: params.emission_max(),
    };
    let error = params.emission_goal() as i64 - seen.staked_ratio() as i64;
    let before = control::Memory { sum: memory.sum as i64, last: memory.aim as i64 };
    let (level, after) = controller.step(before, error);
    let next = Memory { level, aim: after.last as u64, sum: after.sum as u64, steps: memory.steps.saturating_add(1) };
    (seen.share_of_year(share_wide(seen.supply, level).unwrap_or(u128::MAX)), next)
}
