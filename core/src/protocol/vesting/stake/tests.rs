//! A grant's stake from its pot and back, by hand.

use super::*;
use crate::formula::tally::choice::YES;
use crate::formula::vesting::Schedule;
use crate::genesis::GrantAllocation;
use crate::money::{ONE, XPL};
use crate::protocol::delegation::{ClaimRewards, Delegate, Undelegate};
use crate::protocol::governance::action::ProposeReport;
use crate::protocol::governance::{Proposed, Vote};
use crate::protocol::vesting::{Claim, Vested};
use crate::testing::{Bench, genesis, hour_job, names};
use crate::time::{DAY, HOUR};

const GRANT: GrantId = GrantId::new(1, 0);
const CLAIM: ClaimGrantRewards = ClaimGrantRewards { grant: GRANT, provider: ProviderId(0), pad: 0 };

/// A provider of account 0 with a bond of a hundred thousand XPL, and account 3 with nothing but a grant that vests evenly over a
/// hundred days, from the fiftieth on.
fn bench(total: u64, set: &[(&str, u64)]) -> Bench {
    let on = [("stake.delegation", 1), ("stake.minimum", 0), ("vesting.may_stake", 1), ("fee.base", 0)];
    let quiet = [("emission.schedule", 0), ("emission.yearly", 0)];
    let mut genesis = genesis(&[&on[..], &quiet, set].concat());
    genesis.accounts[3].amount = 0;
    let start = genesis.start;
    let schedule = Schedule { start, cliff: start + 50 * DAY, end: start + 100 * DAY, months: 0 };
    genesis.grants.push(GrantAllocation { account: AccountId(3), total, schedule });
    let mut bench = Bench::of(&genesis);
    bench.provide(0, 1, XPL);
    bench
}

/// All the bond is behind one GPU, and a missed deadline costs a part of it.
fn risky(total: u64, missed: u64) -> Bench {
    let set = [("bond.per_gpu", 100_000 * XPL), ("slash.missed", missed), ("market.retries", 0), ("bond.unbonding", 20 * DAY)];
    bench(total, &set)
}

fn stake(amount: u64) -> StakeGrant {
    StakeGrant { grant: GRANT, amount, provider: ProviderId(0), pad: 0 }
}

fn unstake(amount: u64) -> UnstakeGrant {
    UnstakeGrant { grant: GRANT, amount, provider: ProviderId(0), pad: 0 }
}

fn returned(amount: u64, excess: u64) -> Event {
    GrantReturned { amount, excess, grant: GRANT, provider: ProviderId(0), pad: 0 }.into()
}

fn vested(amount: u64) -> Event {
    Vested { grant: GRANT, amount }.into()
}

fn of_grants(events: Vec<Event>) -> Vec<Event> {
    events.into_iter().filter(|event| matches!(event, Event::Vested(_) | Event::GrantReturned(_))).collect()
}

/// What a grant has in its pot, has released and has staked.
fn parts(bench: &mut Bench) -> (u64, u64, u64) {
    bench.engine.view(|state| {
        let grant = state.grants.row(GRANT.0);
        (grant.held, grant.released, grant.staked)
    })
}

#[test]
fn stake_returns_to_its_grant_and_vests_as_if_it_had_never_been_away() {
    let mut bench = bench(1_000 * XPL, &[("bond.unbonding", 10 * DAY)]);
    let start = bench.engine.view(|state| state.clock.genesis);
    let circulating = bench.engine.view(|state| state.ledger.circulating());
    assert_eq!(names(&bench.by(3, stake(1_000 * XPL))), ["GrantStaked"]);
    assert_eq!(parts(&mut bench), (0, 0, 1_000 * XPL));
    assert_eq!(bench.engine.view(|state| state.ledger.circulating()), circulating);
    // Nothing is released while nothing is there.
    let cliff = start + 50 * DAY;
    let span = cliff + 1 - bench.now;
    assert_eq!(of_grants(bench.wait(span)), []);
    let Event::Refused(refused) = bench.by(3, Claim { grant: GRANT })[0] else { panic!("the pot is empty") };
    assert_eq!((refused.reason(), refused.need / XPL), (Some(Rejection::GrantShort), 500));
    bench.by(3, unstake(400 * XPL));
    bench.by(3, unstake(600 * XPL));
    assert_eq!(bench.refused_by(3, unstake(1)), Rejection::NoDelegation);
    // On the sixtieth day six hundred have vested.
    let span = cliff + 10 * DAY - bench.now;
    bench.wait(span);
    let back = of_grants(bench.wait(10));
    assert_eq!((back[0], back[1]), (returned(400 * XPL, 0), vested(400 * XPL)));
    assert_eq!(back[2], returned(600 * XPL, 0));
    let Event::Vested(rest) = back[3] else { panic!("{back:?}") };
    assert_eq!((back.len(), rest.amount / XPL), (4, 200));
    bench.wait(50 * DAY);
    assert_eq!(bench.free(3), u128::from(1_000 * XPL));
    assert!(bench.engine.view(|state| state.grants.is_empty() && state.ledger.pledged == 0));
}

#[test]
fn a_loss_falls_on_what_would_have_vested_last() {
    let mut bench = risky(1_000 * XPL, ONE / 2);
    let start = bench.engine.view(|state| state.clock.genesis);
    bench.by(3, stake(900 * XPL));
    assert_eq!(names(&bench.by(4, hour_job(bench.now))), ["Submitted", "Leased"]);
    bench.by(3, unstake(450 * XPL));
    // Half of what is with the provider is gone, and half of what is on its way back.
    let events = names(&bench.wait(DAY));
    assert!(events.contains(&"StakeSlashed") && events.contains(&"LeavingSlashed"), "{events:?}");
    assert_eq!(of_grants(bench.wait(20 * DAY)), [returned(225 * XPL, 0)]);
    assert_eq!(parts(&mut bench), (325 * XPL, 0, 675 * XPL));
    let span = start + 50 * DAY + 1 - bench.now;
    assert_eq!(of_grants(bench.wait(span)), [vested(325 * XPL)]);
    bench.by(3, unstake(225 * XPL));
    assert_eq!(of_grants(bench.wait(21 * DAY)), [returned(225 * XPL, 0), vested(225 * XPL)]);
    assert_eq!(bench.free(3), u128::from(550 * XPL));
    assert_eq!(bench.refused_by(3, Claim { grant: GRANT }), Rejection::UnknownGrant);
}

#[test]
fn stake_that_is_worth_nothing_is_given_up_and_its_grant_with_it() {
    let mut bench = risky(1_000 * XPL, ONE);
    bench.by(3, stake(1_000 * XPL));
    bench.by(4, hour_job(bench.now));
    bench.wait(DAY);
    assert_eq!(parts(&mut bench), (0, 0, 1_000 * XPL));
    assert_eq!(bench.refused_by(3, unstake(1)), Rejection::StakeShort);
    assert_eq!(bench.by(3, CLAIM), [GrantClaimed { reward: 0, returned: 0, shares: 1_000 * XPL }.into()]);
    assert!(bench.engine.view(|state| state.grants.is_empty() && state.ledger.pledged == 0));
}

#[test]
fn what_rounding_brings_beyond_the_total_is_the_accounts() {
    let mut bench = risky(5, ONE / 2);
    let delegate = Delegate { amount: 9, provider: ProviderId(0), pad: 0 };
    bench.by(1, delegate);
    bench.by(4, hour_job(bench.now));
    bench.wait(DAY);
    // Nine shares of five nano-XPL, and nine more for five.
    bench.by(3, stake(5));
    assert_eq!(names(&bench.by(1, Undelegate { amount: 4, provider: ProviderId(0), pad: 0 })), ["Undelegated"]);
    assert_eq!(names(&bench.by(1, ClaimRewards { provider: ProviderId(0) })), ["Claimed"]);
    bench.by(3, unstake(6));
    assert_eq!(of_grants(bench.wait(21 * DAY)), [returned(5, 1)]);
    assert_eq!((bench.free(3), parts(&mut bench)), (1, (5, 0, 0)));
}

#[test]
fn rewards_are_the_accounts_or_return_to_the_stakers_pool() {
    for may_earn in [1, 0] {
        let set = [("emission.yearly", 365_250), ("vesting.may_earn", may_earn)];
        let mut bench = bench(100_000 * XPL, &set);
        bench.by(3, stake(100_000 * XPL));
        let epoch = bench.engine.view(|state| state.clock.epoch_ends) + 1 - bench.now;
        bench.wait(epoch);
        // Of an epoch's three hundred XPL the bond earned as much as the grant.
        let (reward, returned) = if may_earn == 1 { (150 * XPL, 0) } else { (0, 150 * XPL) };
        let pool = bench.engine.view(|state| state.ledger.staker_pool);
        assert_eq!(bench.by(3, CLAIM), [GrantClaimed { reward, returned, shares: 0 }.into()]);
        assert_eq!(bench.free(3), u128::from(reward));
        assert_eq!(bench.engine.view(|state| state.ledger.staker_pool), pool + u128::from(returned));
        assert_eq!(parts(&mut bench), (0, 0, 100_000 * XPL));
    }
}

#[test]
fn locked_stake_votes_once_or_not_at_all() {
    for (may_vote, all, before, after) in [(0, 100_000, [100_000, 0], [100_000, 0]), (1, 100_700, [100_400, 700], [100_000, 700])]
    {
        let governed = [("governance.max_open", 3), ("governance.deposit", 0), ("vesting.may_vote", may_vote)];
        let mut bench = bench(700 * XPL, &governed);
        bench.by(3, stake(400 * XPL));
        let [Event::Proposed(Proposed { proposal, .. })] = bench.by(1, ProposeReport::default())[..] else {
            panic!("no proposal")
        };
        let powers = |bench: &mut Bench| {
            bench.engine.view(|state| {
                let row = state.proposals.row(proposal.0);
                assert_eq!(row.power, u128::from(all * XPL));
                [0, 3].map(|account| (state.voting_power(AccountId(account), row) / u128::from(XPL)) as u64)
            })
        };
        assert_eq!(powers(&mut bench), before);
        // What is staked or comes back later changes nothing.
        bench.by(3, stake(300 * XPL));
        bench.by(3, unstake(500 * XPL));
        assert_eq!(powers(&mut bench), before);
        bench.by(3, Vote { proposal, choice: YES as u32, pad: 0 });
        bench.by(0, Vote { proposal, choice: YES as u32, pad: 0 });
        assert_eq!(powers(&mut bench), after);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut off = bench(XPL, &[("vesting.may_stake", 0)]);
    assert_eq!(off.refused_by(3, stake(1)), Rejection::LockedStakeOff);
    let mut off = bench(XPL, &[("stake.delegation", 0)]);
    assert_eq!(off.refused_by(3, stake(1)), Rejection::DelegationOff);
    let mut bench = bench(XPL, &[]);
    assert_eq!(bench.refused_by(2, stake(1)), Rejection::UnknownGrant);
    assert_eq!(bench.refused_by(3, stake(XPL + 1)), Rejection::GrantShort);
    assert_eq!(bench.refused_by(3, stake(0)), Rejection::ZeroAmount);
    assert_eq!(bench.refused_by(3, CLAIM), Rejection::NoDelegation);
    // The account's own stake there is another's.
    bench.transfer(1, 3, XPL);
    bench.by(3, Delegate { amount: XPL, provider: ProviderId(0), pad: 0 });
    assert_eq!(bench.refused_by(3, unstake(1)), Rejection::NoDelegation);
    // Nobody stakes with a provider of its own.
    bench.by(3, crate::protocol::provider::Register { region: 0 });
    let own = StakeGrant { provider: ProviderId(1), ..stake(1) };
    assert_eq!(bench.refused_by(3, own), Rejection::OwnProvider);
    bench.wait(HOUR);
    assert_eq!(names(&bench.by(3, stake(XPL))), ["GrantStaked"]);
}
