//! Pools, commission and rewards, by hand.

use super::*;
use crate::money::XPL;
use crate::protocol::bond::Bond;
use crate::protocol::delegation::{ClaimRewards, Claimed, Delegate};
use crate::protocol::emission::Rewarded;
use crate::protocol::provider::{Drain, Retire, WentSilent};
use crate::record::Origin;
use crate::testing::{Bench, genesis, names};
use crate::time::DAY;

/// A thousand XPL a day, of which stakers have three hundred.
const SET: [(&str, u64); 4] = [("stake.delegation", 1), ("emission.schedule", 0), ("emission.yearly", 365_250), ("fee.base", 0)];

fn delegate(xpl: u64) -> Delegate {
    Delegate { amount: xpl * XPL, provider: ProviderId(0), pad: 0 }
}

const CLAIM: ClaimRewards = ClaimRewards { provider: ProviderId(0) };

/// The rewards of an epoch, from its first millisecond to the next one's.
fn rewards(bench: &mut Bench) -> Vec<Event> {
    let rest = bench.engine.view(|state| state.clock.epoch_ends) + 1 - bench.now;
    let events = bench.wait(rest);
    events.into_iter().filter(|event| matches!(event, Event::Rewarded(_) | Event::StakeRewarded(_))).collect()
}

fn shared(delegators: u64, commission: u64) -> Event {
    StakeRewarded { delegators, commission, provider: ProviderId(0), pad: 0 }.into()
}

fn own(stake: u64) -> Event {
    Rewarded { work: 0, stake, provider: ProviderId(0), pad: 0 }.into()
}

#[test]
fn bond_and_delegated_stake_share_alike_and_commission_is_of_the_latters_part() {
    let mut bench = Bench::new(&SET);
    bench.provide(0, 1, XPL);
    assert_eq!(names(&bench.by(0, SetCommission { rate: ONE / 10 })), ["CommissionSet"]);
    bench.by(1, delegate(200_000));
    bench.by(2, delegate(100_000));
    // Three hundred: a quarter for the bond, of the rest a tenth for the provider.
    assert_eq!(rewards(&mut bench), [own(75 * XPL), shared(202_500_000_000, 22_500_000_000)]);
    assert_eq!(bench.free(0), 900_097_500_000_000);
    assert_eq!(bench.by(1, CLAIM), [Claimed { reward: 135 * XPL, shares: 0 }.into()]);
    assert_eq!(bench.by(1, CLAIM), [Claimed { reward: 0, shares: 0 }.into()]);
    assert_eq!(bench.free(1), u128::from(800_135 * XPL));
    // More of the same pays what was earned first.
    let Event::Delegated(more) = bench.by(2, delegate(100_000))[0] else { panic!("not delegated") };
    assert_eq!((more.shares, more.reward), (100_000 * XPL, 67_500_000_000));
}

#[test]
fn another_providers_bond_has_its_part_and_nobody_else_does() {
    let mut bench = Bench::new(&SET);
    bench.provide(0, 1, XPL);
    bench.provide(1, 1, XPL);
    bench.by(2, delegate(100_000));
    let other = Rewarded { work: 0, stake: 100 * XPL, provider: ProviderId(1), pad: 0 };
    assert_eq!(rewards(&mut bench), [own(100 * XPL), shared(100 * XPL, 0), other.into()]);
}

#[test]
fn all_of_it_can_be_commission() {
    let mut bench = Bench::new(&SET);
    bench.provide(0, 1, XPL);
    bench.by(0, SetCommission { rate: ONE });
    bench.by(1, delegate(100_000));
    assert_eq!(rewards(&mut bench), [own(150 * XPL), shared(0, 150 * XPL)]);
    assert_eq!(bench.by(1, CLAIM), [Claimed { reward: 0, shares: 0 }.into()]);
}

#[test]
fn who_does_not_stake_earns_nothing_for_its_delegators_either() {
    let silent = WentSilent { provider: ProviderId(0) };
    for (leave, earns) in [(None, true), (Some(Drain {}.into()), true), (Some(Retire {}.into()), false)] {
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        bench.by(1, delegate(100_000));
        leave.map(|command: crate::record::Command| bench.by(0, command));
        assert_eq!(rewards(&mut bench).is_empty(), !earns, "{leave:?}");
    }
    let mut bench = Bench::new(&SET);
    bench.provide(0, 1, XPL);
    bench.by(1, delegate(100_000));
    bench.send(Origin::Host, silent);
    assert_eq!(rewards(&mut bench), []);
    // Without a bond there is nobody to answer for it.
    let mut bench = Bench::new(&[("bond.per_gpu", 0)].into_iter().chain(SET).collect::<Vec<_>>());
    bench.provide(0, 1, XPL);
    bench.by(1, delegate(100_000));
    bench.by(0, crate::protocol::bond::Unbond { amount: 100_000 * XPL });
    assert_eq!(rewards(&mut bench), []);
    assert_eq!(bench.engine.view(|state| state.staking.delegated(ProviderId(0))), 100_000 * XPL);
}

#[test]
fn a_commission_moves_by_steps_once_somebody_relies_on_it() {
    let set = [("stake.commission_max", ONE / 2), ("stake.commission_step", ONE / 100)];
    let mut bench = Bench::new(&SET.into_iter().chain(set).collect::<Vec<_>>());
    bench.provide(0, 1, XPL);
    let refused = |bench: &mut Bench, rate| {
        let Event::Refused(refused) = bench.by(0, SetCommission { rate })[0] else { panic!("not refused") };
        assert_eq!(refused.reason(), Some(Rejection::CommissionTooFar));
        refused.need
    };
    assert_eq!(bench.refused_by(1, SetCommission { rate: 0 }), Rejection::NotAProvider);
    assert_eq!(refused(&mut bench, ONE / 2 + 1), ONE / 2);
    bench.by(0, SetCommission { rate: ONE / 2 });
    bench.by(0, SetCommission { rate: ONE / 10 });
    bench.by(1, delegate(1));
    // In one epoch it may go up and down, but never further than a step from where it began.
    assert_eq!(refused(&mut bench, ONE / 5), 110_000_000);
    assert_eq!(refused(&mut bench, 0), 90_000_000);
    for rate in [110_000_000, 90_000_000, 110_000_000] {
        assert_eq!(names(&bench.by(0, SetCommission { rate })), ["CommissionSet"]);
    }
    assert_eq!(refused(&mut bench, 110_000_001), 110_000_000);
    bench.wait(DAY);
    assert_eq!(refused(&mut bench, ONE / 5), 120_000_000);
    assert_eq!(names(&bench.by(0, SetCommission { rate: 100_000_000 })), ["CommissionSet"]);
}

#[test]
fn ten_billion_and_a_nano_earn_by_their_size() {
    let mut genesis =
        genesis(&[("stake.max_ratio", 1_000_000 * ONE), ("stake.minimum", 0)].into_iter().chain(SET).collect::<Vec<_>>());
    genesis.accounts[1].amount = 10_000_000_000 * u128::from(XPL);
    let mut bench = Bench::of(&genesis);
    bench.provide(0, 1, XPL);
    bench.by(1, delegate(10_000_000_000));
    bench.by(2, Delegate { amount: 1, provider: ProviderId(0), pad: 0 });
    let Event::StakeRewarded(first) = rewards(&mut bench)[1] else { panic!("no reward") };
    let claimed = |bench: &mut Bench, account| match bench.by(account, CLAIM)[..] {
        [Event::Claimed(claimed)] => claimed.reward,
        ref events => panic!("not claimed, but {events:?}"),
    };
    // 10^19 of 10^19 + 1 shares have all but the remainder, which is less than 18 nano-XPL.
    let paid = claimed(&mut bench, 1);
    assert!(first.delegators - paid < 18, "{paid} of {}", first.delegators);
    assert_eq!(claimed(&mut bench, 2), 0);
    // It is not lost: after a hundred days the pool has given all but one remainder.
    let mut given = u128::from(paid);
    let mut brought = u128::from(first.delegators);
    for _ in 0..100 {
        let Event::StakeRewarded(event) = rewards(&mut bench)[1] else { panic!("no reward") };
        brought += u128::from(event.delegators);
        given += u128::from(claimed(&mut bench, 1));
    }
    assert!(brought - given < 20, "{given} of {brought}");
}

#[test]
fn nothing_is_delegated_where_it_is_off() {
    let mut bench = Bench::new(&[]);
    bench.provide(0, 1, XPL);
    assert_eq!(bench.refused_by(1, delegate(100)), Rejection::DelegationOff);
    assert_eq!(bench.refused_by(1, CLAIM), Rejection::NoDelegation);
    bench.by(0, Bond { amount: 1 });
    assert!(bench.engine.view(|state| state.staking.pools.is_empty()));
}
