//! What each emission schedule mints, by its definition: block by block, and in wide integers.

use super::Memory;
use plasma_core::formula::schedule::NAMES;
use plasma_core::money::XPL;
use plasma_core::params::Params;
use plasma_core::time::YEAR;
use ruint::aliases::U512;

const PPB: u128 = 1_000_000_000;
const E18: u128 = 1_000_000_000_000_000_000;

fn wide(x: impl Into<u128>) -> U512 {
    U512::from(x.into())
}

fn narrow(x: U512) -> u128 {
    u128::try_from(x).unwrap_or(u128::MAX)
}

/// A span of time since emission began, and what can be seen of the economy at its end.
pub struct Sight {
    pub from: u64,
    pub to: u64,
    pub initial: u128,
    pub supply: u128,
    pub circulating: u128,
    pub minted: u128,
    pub staked: u128,
    pub paid: u128,
    pub burned: u128,
    pub work: u64,
}

impl Sight {
    fn part(&self, yearly: u128) -> u128 {
        narrow(wide(yearly) * wide(self.to - self.from) / wide(YEAR))
    }

    fn staked_ppb(&self) -> u128 {
        if self.supply == 0 { 0 } else { narrow(wide(self.staked) * wide(PPB) / wide(self.supply)).min(PPB) }
    }
}

fn xpl(whole: u64) -> u128 {
    u128::from(whole) * u128::from(XPL)
}

/// Nano-XPL, and what the schedule remembers.
pub fn mint(rules: &Params, memory: Memory, sight: &Sight) -> (u128, Memory) {
    if sight.to <= sight.from {
        return (0, memory);
    }
    let ticks = sight.from / rules.emission_tick()..sight.to / rules.emission_tick();
    let stateless = match NAMES[rules.emission_schedule() as usize] {
        "fixed" => years(sight, |_| xpl(rules.emission_yearly())),
        "disinflation" => years(sight, |year| falling(rules, sight, year)),
        "table" => years(sight, |year| {
            let amount = (year < 8).then(|| rules.get(&format!("emission.year_{}", year + 1)).expect("a year"));
            xpl(amount.unwrap_or(0))
        }),
        "halving" => (0..64)
            .map(|halvings| {
                let from = ticks.start.max(halvings * rules.emission_interval());
                let to = ticks.end.min((halvings + 1) * rules.emission_interval());
                let each = (0..halvings).fold(u128::from(rules.emission_subsidy()), |left, _| left / 2);
                each * u128::from(to.saturating_sub(from))
            })
            .sum(),
        "halving_by_supply" => by_supply(ticks.end - ticks.start, sight.minted, rules),
        "exponential" => {
            let by = |time: u64| decayed(wide(time) << 128, xpl(rules.emission_total()), rules.emission_half_life());
            by(sight.to) - by(sight.from)
        }
        "ideal_stake" => ideal_stake(rules, sight),
        "sqrt_stake" => {
            let root = (0..128).rev().fold(0u128, |root, bit| {
                let more = root | 1 << bit;
                if more.checked_mul(more).is_some_and(|square| square <= sight.staked) { more } else { root }
            });
            let each = (PPB * u128::from(rules.emission_factor())).checked_div(root).unwrap_or(0);
            each * (sight.staked / PPB) * u128::from(ticks.end - ticks.start)
        }
        "net_emission" => {
            let scheduled = years(sight, |year| (0..(year / 2).min(128)).fold(xpl(rules.emission_yearly()), |left, _| left / 2));
            scheduled + sight.burned.min(sight.part(xpl(rules.emission_reburn())))
        }
        "vault_remint" => 0,
        "utilisation" => {
            let most = sight.part(xpl(rules.emission_yearly()));
            let target = sight.part(xpl(rules.emission_paid_target()));
            if target == 0 { 0 } else { narrow(wide(most) * wide(sight.paid.min(target)) / wide(target)) }
        }
        "baseline" => return baseline(rules, sight, memory),
        "goal_bonded" => return goal_bonded(rules, sight, memory),
        "participation" => return participation(rules, sight, memory),
        "pid" => return pid(rules, sight, memory),
        name => panic!("the reference does not know {name}"),
    };
    (stateless, memory)
}

/// Each year's amount for the part of it that lies in the span.
fn years(sight: &Sight, yearly: impl Fn(u64) -> u128) -> u128 {
    let parts = (sight.from / YEAR..=(sight.to - 1) / YEAR).map(|year| {
        let part = sight.to.min((year + 1) * YEAR) - sight.from.max(year * YEAR);
        narrow(wide(yearly(year)) * wide(part) / wide(YEAR))
    });
    parts.sum()
}

/// What a year mints at the rate of the year that is so many anniversaries after the start.
fn falling(rules: &Params, sight: &Sight, year: u64) -> u128 {
    let falling = i128::from(rules.emission_rate()) - i128::from(rules.emission_step()) * i128::from(year);
    let rate = falling.max(i128::from(rules.emission_floor())) as u128;
    [sight.initial, sight.supply, sight.circulating][rules.emission_base() as usize] * rate / PPB
}

/// Block by block: as many halvings as leave no less than is left, of which there are never fewer than before.
fn by_supply(blocks: u64, minted: u128, rules: &Params) -> u128 {
    let total = xpl(rules.emission_total());
    let (mut issued, mut halvings) = (minted, 0);
    for _ in 0..blocks {
        let Some(left) = total.checked_sub(issued).filter(|&left| left > 0) else { break };
        while wide(left) << (halvings + 1) <= wide(total) {
            halvings += 1;
        }
        let Some(each) = rules.emission_subsidy().checked_shr(halvings as u32).filter(|&each| each > 0) else { break };
        issued = (issued + u128::from(each)).min(total);
    }
    issued - minted
}

/// ⌊total · (1 − 2^−(time ÷ half-life))⌋, the power by its Taylor series to two hundred places; the time has 128.
fn decayed(time: U512, total: u128, half_life: u64) -> u128 {
    const PLACES: usize = 200;
    // ln 2 = Σ 1 ÷ (k · 2^k)
    let ln2: U512 = (1..=PLACES).map(|k| (U512::ONE << (PLACES - k)) / U512::from(k)).sum();
    let period = wide(half_life) << 128;
    let x = (time % period) * ln2 / period;
    let (mut term, mut plus, mut minus) = (U512::ONE << PLACES, U512::ONE << PLACES, U512::ZERO);
    for k in 1..100u64 {
        term = ((term * x) >> PLACES) / U512::from(k);
        *(if k % 2 == 0 { &mut plus } else { &mut minus }) += term;
    }
    let halvings = usize::try_from(time / period).unwrap_or(500).min(500);
    // What is left has 128 places too, the rest cut.
    let left = ((plus - minus) >> (halvings + PLACES - 128)) << (PLACES - 128);
    narrow((wide(total) * ((U512::ONE << PLACES) - left)) >> PLACES)
}

/// Polkadot's curve by its own series, in quintillionths.
fn ideal_stake(rules: &Params, sight: &Sight) -> u128 {
    let one = wide(E18);
    let stake = if sight.supply == 0 { U512::ZERO } else { (wide(sight.staked) * one / wide(sight.supply)).min(one) };
    let ideal = wide(rules.emission_goal()) * wide(PPB);
    let curve = if stake < ideal {
        stake * one / ideal
    } else {
        let rate = wide(693_147_180_559_945_309u64) * one / (wide(rules.emission_falloff()) * wide(PPB));
        let (mut term, mut plus, mut minus) = (one, one, U512::ZERO);
        for k in 1..300u64 {
            term = term * (stake - ideal) * rate / U512::from(k) / one / one;
            *(if k % 2 == 0 { &mut plus } else { &mut minus }) += term;
        }
        if plus > minus { (plus - minus).min(one) } else { U512::ZERO }
    };
    let (floor, top) = (wide(rules.emission_floor()) * wide(PPB), wide(rules.emission_rate()) * wide(PPB));
    let yearly = narrow(wide(sight.supply) * (floor + (top - floor) * curve / one) / one);
    sight.part(yearly)
}

/// Filecoin's two cumulated sums, by their difference.
fn baseline(rules: &Params, sight: &Sight, memory: Memory) -> (u128, Memory) {
    let growth = (wide(sight.part(rules.emission_growth().into())) << 128) / wide(PPB);
    let grow = |x: u64| u64::try_from((wide(x) * ((U512::ONE << 128) + growth)) >> 128).unwrap_or(u64::MAX);
    let mut next = memory;
    if memory.level == 0 {
        (next.level, next.aim) = (rules.emission_baseline(), rules.emission_baseline());
    } else {
        next.level = grow(memory.level);
    }
    let mut realised = u128::from(sight.work.min(next.level));
    while realised > u128::from(next.sum) {
        realised -= u128::from(next.sum);
        next.aim = if next.steps == 0 { next.aim } else { grow(next.aim) };
        (next.sum, next.steps) = (next.aim, next.steps + 1);
    }
    next.sum -= realised as u64;
    let by = |memory: &Memory| {
        let missing = if memory.aim == 0 { U512::ZERO } else { (wide(memory.sum) << 128) / wide(memory.aim) };
        let theta = (wide(memory.steps) << 128) - missing;
        decayed(theta * wide(sight.to - sight.from), xpl(rules.emission_total()), rules.emission_half_life())
    };
    (by(&next).saturating_sub(by(&memory)), next)
}

/// A quotient of eighteen places, cut at thirty-six and rounded half to even.
fn quotient(a: U512, b: U512) -> U512 {
    rounded(a * wide(E18) * wide(E18) / b)
}

fn rounded(x: U512) -> U512 {
    let (whole, rest) = (x / wide(E18), x % wide(E18));
    let twice = rest * wide(2u64);
    let up = twice > wide(E18) || (twice == wide(E18) && whole % wide(2u64) == U512::ONE);
    if up { whole + U512::ONE } else { whole }
}

fn goal_bonded(rules: &Params, sight: &Sight, memory: Memory) -> (u128, Memory) {
    let fine = |ppb: u64| wide(ppb) * wide(PPB);
    let now = if memory.steps == 0 { fine(rules.emission_rate()) } else { wide(memory.level) };
    let one = wide(E18);
    let bonded = if sight.supply == 0 { U512::ZERO } else { wide(sight.staked) * one / wide(sight.supply) };
    let blocks = wide((YEAR / (sight.to - sight.from)).max(1)) * one;
    let ratio = quotient(bonded, fine(rules.emission_goal()));
    let miss = if ratio > one { ratio - one } else { one - ratio };
    let change = quotient(rounded(miss * fine(rules.emission_change())), blocks);
    let moved = if ratio > one { now.saturating_sub(change) } else { now + change };
    let level = moved.max(fine(rules.emission_floor())).min(fine(rules.emission_max()));
    let yearly = narrow(wide(sight.supply) * level / one);
    let level = u64::try_from(level).expect("a rate is at most one");
    (sight.part(yearly), Memory { level, steps: memory.steps + 1, ..memory })
}

fn participation(rules: &Params, sight: &Sight, memory: Memory) -> (u128, Memory) {
    let now = if memory.steps == 0 { rules.emission_rate() } else { memory.level };
    let step = sight.part(rules.emission_change().into()) as u64;
    let (staked, goal) = (sight.staked_ppb(), u128::from(rules.emission_goal()));
    let moved = if staked < goal {
        now + step
    } else if staked > goal {
        now.saturating_sub(step)
    } else {
        now
    };
    let level = moved.min(rules.emission_max());
    (sight.part(sight.supply * u128::from(level) / PPB), Memory { level, steps: memory.steps + 1, ..memory })
}

fn pid(rules: &Params, sight: &Sight, memory: Memory) -> (u128, Memory) {
    let gained = |gain: u64, x: i64| i128::from(gain) * i128::from(x) / PPB as i128;
    let (last, before) = (memory.aim as i64, memory.sum as i64);
    let error = rules.emission_goal() as i64 - sight.staked_ppb() as i64;
    let output = |sum: i64| {
        gained(rules.emission_kp(), error) + gained(rules.emission_ki(), sum) + gained(rules.emission_kd(), error - last)
    };
    let (least, most) = (i128::from(rules.emission_floor()), i128::from(rules.emission_max()));
    // The sum stands while the output is beyond a bound and the error pushes it on.
    let pushed = output(before + error);
    let held = pushed > most && error > 0 || pushed < least && error < 0;
    let sum = if held { before } else { before + error };
    let level = output(sum).min(most).max(least) as u64;
    let next = Memory { level, aim: error as u64, sum: sum as u64, steps: memory.steps + 1 };
    (sight.part(sight.supply * u128::from(level) / PPB), next)
}
