//! Random small worlds: every parameter at its ordinary value, at its limits, or in between.

use crate::testing::{class, program};
use plasma_core::catalogue::{Catalogue, Kind, Resource, Term};
use plasma_core::formula::schedule::NAMES;
use plasma_core::formula::vesting::Schedule;
use plasma_core::genesis::{Allocation, Genesis, GrantAllocation};
use plasma_core::ids::AccountId;
use plasma_core::money::{ONE, XPL};
use plasma_core::params::Params;
use plasma_core::time::{DAY, HOUR, MINUTE, SECOND, YEAR};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const HALF: u64 = ONE / 2;

/// What each parameter may be in a random world. The first of each is tame, so that failing worlds shrink towards it.
fn choices() -> Vec<(&'static str, Vec<u64>)> {
    vec![
        ("fee.base", vec![1_000_000, 0, 1, 1_000 * XPL]),
        ("fee.control", vec![0, 1, 2]),
        ("fee.target", vec![10, 1, 3]),
        ("fee.elasticity", vec![2, 3, 1_000]),
        ("fee.denominator", vec![8, 1]),
        ("fee.fraction", vec![0, 8_490_186_056, 1]),
        ("fee.unit", vec![1, 131_072, 7]),
        ("settle.mode", vec![0, 3, 3, 1, 2]),
        ("settle.halt", vec![900_000_000, 0, 5 * ONE]),
        ("settle.warn", vec![0, 950_000_000, 6 * ONE, 6 * ONE]),
        ("settle.brake_step", vec![6 * SECOND, 1, HOUR]),
        ("settle.brake_least", vec![10, 1]),
        ("settle.brake_rate", vec![100_000_000, 0, ONE, 1_000]),
        ("fee.rate", vec![50_000_000, 0, 1, 333_333_333, ONE]),
        ("market.mechanism", vec![0, 1, 2, 3]),
        ("market.batch", vec![10 * MINUTE, HOUR, 4 * MINUTE]),
        ("market.payment", vec![1, 0]),
        ("market.deposit", vec![XPL, 0, 1, 1_000_000 * XPL]),
        ("market.target", vec![700_000_000, HALF, ONE, 10_000_000]),
        ("market.rate", vec![125_000_000, 0, 1, ONE]),
        ("market.opening", vec![XPL, 2_000_000_000, 1_000 * XPL, 1_000]),
        ("market.reserve", vec![1_000, 1]),
        ("market.ask_ttl", vec![14 * DAY, MINUTE, HOUR]),
        ("market.lease_slack", vec![2 * ONE, ONE, ONE + 1]),
        ("market.lease_grace", vec![10 * MINUTE, 0, 1]),
        ("market.retries", vec![2, 0, 1]),
        ("verification.rate", vec![ONE, ONE, HALF, 0, 1]),
        ("verification.reward", vec![HALF, 0, ONE]),
        ("verification.window", vec![DAY, SECOND, HOUR]),
        ("verification.panel", vec![0, 1, 3, 3]),
        ("verification.quorum", vec![600_000_000, 1, ONE, 600_000_000]),
        ("verification.reveal", vec![HOUR, SECOND, 10 * MINUTE]),
        ("verification.challenge_deposit", vec![100 * XPL, 0, 7, 400_000 * XPL]),
        ("verification.deposit_worker", vec![HALF, 0, ONE]),
        ("verification.planted", vec![0, HALF, HALF]),
        ("verification.open", vec![0, HOUR, DAY, DAY]),
        ("verification.bonus", vec![HALF, 0, ONE]),
        ("verification.freivalds_rate", vec![ONE, HALF, 0]),
        ("verification.freivalds_cost", vec![5_000_000, 0, ONE]),
        ("verification.freivalds_rounds", vec![10, 1, 64]),
        ("settle.holdback", vec![0, HALF, ONE, 1]),
        ("settle.holdback_period", vec![HOUR, 30 * DAY, 30 * DAY, 0]),
        ("slash.copied", vec![HALF, 0, ONE]),
        ("slash.rewards", vec![ONE, HALF, 0]),
        ("slash.stake", vec![0, 1, 2]),
        ("jail.check_strikes", vec![0, 1, 3]),
        ("bond.per_gpu", vec![2_000 * XPL, 0, 1, 100_000 * XPL, 1_000_000_000 * XPL]),
        ("bond.unbonding", vec![HOUR, 0, 1, 21 * DAY]),
        ("slash.wrong", vec![HALF, 0, ONE]),
        ("slash.missed", vec![10_000_000, 0, ONE]),
        ("slash.delegators", vec![ONE, 0, HALF, 333_333_333]),
        ("stake.delegation", vec![1, 1, 1, 0]),
        ("stake.minimum", vec![XPL, 0, 1, 10_000 * XPL]),
        ("stake.max_ratio", vec![10 * ONE, ONE, 1_000_000 * ONE, 1]),
        ("stake.commission_max", vec![ONE, HALF, 0]),
        ("stake.commission_step", vec![10_000_000, 0, ONE]),
        ("stake.counts", vec![0, 1]),
        ("slash.checker_share", vec![200_000_000, 0, ONE]),
        ("jail.after", vec![2, 1, 5]),
        ("jail.time", vec![HOUR, 0, 7 * DAY]),
        ("epoch.length", vec![HOUR, MINUTE, DAY, 30 * DAY]),
        ("supply.cap", vec![1_000_000_000_000, 1_000_000_000_000_000, 10_000_000]),
        ("emission.schedule", [1].into_iter().chain(0..NAMES.len() as u64).collect()),
        ("emission.weight", vec![0, 1, 2]),
        ("emission.tick", vec![10 * MINUTE, SECOND, HOUR]),
        ("emission.subsidy", vec![10_000 * XPL, 1, 1_000_000_000 * XPL]),
        ("emission.interval", vec![210_000, 1, 7]),
        ("emission.total", vec![5_000_000_000, 1, 1_000_000]),
        ("emission.half_life", vec![6 * YEAR, HOUR]),
        ("emission.baseline", vec![86_400_000_000, 1, 1_000]),
        ("emission.growth", vec![ONE, 0, 10 * ONE]),
        ("emission.goal", vec![HALF, 1, ONE]),
        ("emission.max", vec![200_000_000, ONE, 0]),
        ("emission.change", vec![130_000_000, ONE, 0]),
        ("emission.falloff", vec![50_000_000, 10_000_000, 333_333_333, ONE]),
        ("emission.factor", vec![64, 0, 1_000_000]),
        ("emission.paid_target", vec![1_000_000_000, 1, 1_000_000]),
        ("emission.kp", vec![HALF, 0, 100 * ONE]),
        ("emission.ki", vec![300_000, 0, 100 * ONE]),
        ("emission.kd", vec![0, ONE, 100 * ONE]),
        ("emission.year_1", vec![1_000_000, 0]),
        ("emission.year_2", vec![0, 900_001]),
        ("emission.year_3", vec![0, 1]),
        ("emission.year_4", vec![0, 1_000_000_000_000]),
        ("emission.year_5", vec![0, 7_000_001]),
        ("emission.year_6", vec![0, 1_000]),
        ("emission.year_7", vec![0, 300_000]),
        ("emission.year_8", vec![0, 2]),
        ("governance.max_open", vec![4, 0, 1, 1_000]),
        ("governance.max_each", vec![3, 1]),
        ("governance.deposit", vec![XPL, 0, 1_000 * XPL]),
        ("governance.period", vec![HOUR, 10 * MINUTE, MINUTE]),
        ("governance.quorum", vec![1, 334_000_000, 0, ONE]),
        ("governance.threshold", vec![HALF, 0, ONE - 1]),
        ("governance.veto", vec![334_000_000, 0, ONE]),
        ("governance.timelock", vec![0, 1, HOUR]),
        ("governance.burn_quorum", vec![0, 1]),
        ("governance.burn_veto", vec![1, 0]),
        ("governance.max_decrees", vec![2, 1, 10]),
        ("vesting.may_stake", vec![1, 0]),
        ("vesting.may_earn", vec![1, 0]),
        ("vesting.may_vote", vec![0, 1]),
        ("vesting.interval", vec![HOUR, 30 * DAY]),
        ("treasury.policy", vec![1, 2, 3, 0, 4, 5, 6, 7]),
        ("treasury.buyback_budget", vec![0, 7, 600 * XPL]),
        ("treasury.liquidity_budget", vec![0, 1, 600 * XPL]),
        ("treasury.floor_budget", vec![0, 600 * XPL]),
        ("treasury.budget", vec![1_000 * XPL, 0, 1, 1_000_000_000 * XPL]),
        ("treasury.slippage", vec![10_000_000, 0, ONE]),
        ("treasury.floor", vec![5, 0, 100]),
        ("treasury.max_orders", vec![52, 1]),
        ("treasury.bought", vec![0, 1]),
        ("oracle.window", vec![1, 3, 24]),
        ("oracle.lag", vec![0, 1, 8]),
        ("oracle.quorum", vec![1, 2]),
        ("oracle.max_step", vec![0, HALF, ONE, 1]),
        ("emission.reburn", vec![600_000, 0, 1_000_000_000_000]),
        ("emission.start", vec![0, 90 * SECOND, 2 * HOUR, YEAR]),
        ("emission.yearly", vec![500_000_000, 0, 1, 1_000_000_000_000]),
        ("emission.rate", vec![50_000_000, ONE, 0]),
        ("emission.step", vec![5_000_000, 0, ONE]),
        ("emission.floor", vec![30_000_000, 0, 100_000_000]),
        ("emission.base", vec![0, 1, 2]),
        ("emission.unallocated", vec![0, 1, 2]),
        ("oracle.stale_after", vec![2 * DAY, MINUTE]),
    ]
}

const FEE_SPLITS: [[u64; 3]; 4] =
    [[500_000_000, 200_000_000, 300_000_000], [ONE, 0, 0], [0, 0, ONE], [333_333_333, 333_333_333, 333_333_334]];
const EMISSION_SPLITS: [[u64; 4]; 4] = [
    [500_000_000, 300_000_000, 100_000_000, 100_000_000],
    [ONE, 0, 0, 0],
    [0, ONE, 0, 0],
    [333_333_333, 333_333_333, 333_333_333, 1],
];

/// Most are well off: a world of the poor only ever refuses.
const AMOUNTS: [u64; 8] =
    [1_000_000 * XPL, 1_000_000 * XPL, 1_000_000 * XPL, 500_000 * XPL, 18_000_000_000 * XPL, 20_000 * XPL, 2_001, 0];

fn params() -> impl Strategy<Value = Params> {
    // Three of four parameters keep their tame value: worlds in which everything is extreme soon stand still.
    let picks = prop::collection::vec((0..4u8, any::<Index>()), choices().len());
    // In one world of three all of verification is out of the ordinary: its parts meet seldom otherwise.
    let disputed = 0..3u8;
    (picks, select(&FEE_SPLITS), select(&EMISSION_SPLITS), disputed).prop_map(|(picks, fees, emission, disputed)| {
        let mut params = Params::default();
        let mut set = |key: &str, value| params.set(key, value).expect("a legal value");
        for ((key, values), (wild, pick)) in choices().into_iter().zip(picks) {
            let wild = wild == 0 || disputed == 2 && (key.starts_with("verification.") || key.starts_with("settle.hold"));
            set(key, if wild { *pick.get(&values) } else { values[0] });
        }
        set("beacon.interval", SECOND);
        ["fee.burn", "fee.treasury", "fee.stakers"].into_iter().zip(fees).for_each(|(key, part)| set(key, part));
        let parts = ["emission.providers", "emission.stakers", "emission.treasury", "emission.builders"];
        parts.into_iter().zip(emission).for_each(|(key, part)| set(key, part));
        if params.verification_planted() > 0 && params.verification_open() == 0 {
            params.set("verification.open", HOUR).expect("a legal value");
        }
        if params.verification_planted() + params.verification_panel() == 0 {
            params.set("verification.open", 0).expect("a legal value");
        }
        order_rates(&mut params);
        slow_down(&mut params);
        if params.check().is_err() {
            // A tame mechanism instead of one that contradicts the rest.
            for (key, value) in [("emission.schedule", 1), ("settle.mode", 0), ("emission.weight", 0), ("stake.counts", 0)] {
                params.set(key, value).expect("a legal value");
            }
        }
        params.check().expect("parameters agree");
        params
    })
}

/// No rate is below the floor, nor above the highest.
fn order_rates(params: &mut Params) {
    let keys = ["emission.floor", "emission.rate", "emission.max"];
    let mut rates = keys.map(|key| params.get(key).expect("a parameter"));
    rates.sort_unstable();
    keys.into_iter().zip(rates).for_each(|(key, rate)| params.set(key, rate).expect("a legal value"));
}

/// Where epochs are long, what comes round by itself does so a few times in each: the reference looks at every row every time, and
/// counts blocks one by one.
fn slow_down(params: &mut Params) {
    if params.epoch_length() > DAY {
        params.set("market.batch", 7 * DAY).expect("a legal value");
        params.set("vesting.interval", 30 * DAY).expect("a legal value");
        params.set("emission.tick", params.emission_tick().max(HOUR)).expect("a legal value");
    }
}

fn catalogue() -> impl Strategy<Value = Catalogue> {
    let weights = select(&[ONE, 0, 3 * ONE + 1, u64::MAX]);
    (1..=3usize, prop::collection::vec((1..=3u64, weights), 3), 1..=3usize).prop_map(|(classes, rates, programs)| {
        let class = |i: usize| class(["a", "b", "c"][i], [24, 80, 8][i], rates[i].0, rates[i].1);
        let mut all =
            vec![program("batch", Kind::Batch), program("deployment", Kind::Deployment), program("mixed", Kind::Training)];
        // Costs that cannot be counted when the third size is large.
        all[0].cost.push(Term { resource: Resource::F32, coefficient: 1, exponents: [0, 0, 5, 0] });
        // Tensor units that the first class lacks, and more memory traffic than arithmetic.
        all[2].cost.push(Term { resource: Resource::Bytes, coefficient: 3_000_000, exponents: [1, 0, 0, 0] });
        all[2].cost.push(Term { resource: Resource::Bf16, coefficient: 1, exponents: [0, 1, 0, 0] });
        let mut catalogue = Catalogue { classes: (0..classes).map(class).collect(), programs: all };
        catalogue.classes.iter_mut().skip(1).for_each(|class| class.ops_per_ms[1] = 7);
        catalogue.programs.truncate(programs);
        catalogue
    })
}

/// A grant that releases during a short run: by the month, whose second or third begins minutes after genesis, or evenly.
fn grant() -> impl Strategy<Value = GrantAllocation> {
    let genesis = 1_000 * DAY;
    let schedules = vec![
        Schedule::monthly(genesis - 31 * DAY + 20 * MINUTE, genesis - 31 * DAY + 20 * MINUTE, 3),
        Schedule::monthly(genesis - 61 * DAY, genesis + 10 * MINUTE, 7),
        Schedule { start: genesis - HOUR, cliff: genesis + HOUR, end: genesis + 50 * HOUR, months: 0 },
        Schedule { start: genesis, cliff: genesis, end: genesis + 5 * HOUR, months: 0 },
        Schedule { start: genesis, cliff: genesis, end: genesis, months: 0 },
        Schedule { start: 0, cliff: genesis + MINUTE, end: u64::MAX, months: 0 },
    ];
    let amounts = select(&[1_000 * XPL, 1, 5, 100_000 * XPL, 100]);
    (0..2u32, amounts, select(schedules)).prop_map(|(account, total, schedule)| GrantAllocation {
        account: AccountId(account),
        total,
        schedule,
    })
}

/// A beginning with three to eight accounts, of which the last may be locked.
pub fn genesis() -> impl Strategy<Value = Genesis> {
    let amounts = prop::collection::vec(select(&AMOUNTS), 3..=8);
    let pots = (select(&[1_000_000 * XPL, 0, 7]), select(&[1_000 * XPL, 0]));
    let office = || select(&[AccountId(0), AccountId(1), AccountId::NONE]);
    let offices = (office(), office(), office());
    let governed = (prop::collection::vec(grant(), 0..4), offices);
    (params(), catalogue(), amounts, pots, any::<bool>(), governed).prop_map(
        |(params, catalogue, amounts, (treasury, builders), locked, (grants, (committee, custodian, council)))| {
            let last = amounts.len() - 1;
            let most = u128::from(params.supply_cap()) * u128::from(XPL) / 16;
            let accounts = amounts.into_iter().enumerate().map(|(i, amount)| Allocation {
                key: [i as u8; 32],
                amount: u128::from(amount).min(most),
                locked: locked && i == last,
            });
            Genesis {
                chain: "random".into(),
                start: 1_000 * DAY,
                params: params.values().to_vec(),
                catalogue,
                accounts: accounts.collect(),
                grants,
                committee,
                custodian,
                council,
                treasury: u128::from(treasury),
                builders: u128::from(builders),
                feeders: 3,
            }
        },
    )
}
