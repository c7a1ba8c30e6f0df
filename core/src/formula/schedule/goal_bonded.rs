//! `goal_bonded`: the Cosmos SDK's x/mint, whose inflation rises while less than the goal is bonded.

use super::{Memory, Minted, Seen};
use crate::formula::decimal::{Decimal, UNIT};
use crate::formula::emission::bonded::GoalBonded;
use crate::money::mul_div_floor;
use crate::params::Params;
use crate::time::YEAR;

/// One step an epoch, of which a year has as many as fit into it ([`GoalBonded`]). `level` is the yearly inflation with eighteen
/// places; the first step starts from `emission.rate`, and all stay between `emission.floor` and `emission.max`.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let terms = GoalBonded {
        goal: Decimal::share(params.emission_goal()),
        change: Decimal::share(params.emission_change()),
        most: Decimal::share(params.emission_max()),
        least: Decimal::share(params.emission_floor()),
        steps: (YEAR / (seen.to - seen.from)).max(1),
    };
    let unit = UNIT.unsigned_abs();
    let now = if memory.steps == 0 { Decimal::share(params.emission_rate()) } else { Decimal(memory.level.into()) };
    let bonded = mul_div_floor(seen.staked, unit, seen.supply).map_or(0, |part| part.min(unit));
    let next = terms.next(now, Decimal(i128::try_from(bonded).unwrap_or(UNIT))).unwrap_or(now);
    let level = u64::try_from(next.0).unwrap_or(0);
    let yearly = mul_div_floor(seen.supply, level.into(), unit).unwrap_or(u128::MAX);
    (seen.share_of_year(yearly), Memory { level, steps: memory.steps.saturating_add(1), ..memory })
}
