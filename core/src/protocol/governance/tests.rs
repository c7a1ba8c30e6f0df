//! Proposals from deposit to enactment, by hand.

use super::action::*;
use super::*;
use crate::formula::schedule;
use crate::formula::tally::choice::{ABSTAIN, NO, VETO, YES};
use crate::genesis::{Genesis, GenesisError};
use crate::ids::ClassId;
use crate::money::ONE;
use crate::params::{Params, TABLE};
use crate::protocol::bond::{Bond, Unbond};
use crate::protocol::delegation::Delegate;
use crate::protocol::job::Submit;
use crate::protocol::offer::PostOffer;
use crate::protocol::provider::Register;
use crate::testing::{Bench, genesis, hour_job, names};
use crate::time::{DAY, HOUR, YEAR};

const RULES: [(&str, u64); 8] = [
    ("governance.max_open", 3),
    ("governance.max_each", 2),
    ("governance.deposit", 100 * XPL),
    ("governance.period", 3 * DAY),
    ("governance.timelock", DAY / 2),
    ("emission.schedule", 0),
    ("emission.yearly", 0),
    ("fee.base", 0),
];

/// A world in which accounts 0 to 2 have 500, 300 and 200 XPL at stake.
pub(super) fn senate(set: &[(&str, u64)]) -> Bench {
    let mut bench = Bench::new(&[&RULES[..], &[("bond.per_gpu", 0)], set].concat());
    for (account, xpl) in [(0, 500), (1, 300), (2, 200)] {
        bench.by(account, Register { region: 0 });
        bench.by(account, Bond { amount: xpl * XPL });
    }
    bench
}

pub(super) fn change(values: &[(&str, u64)]) -> ProposeChange {
    let mut change = ProposeChange { params: [NO_PARAM; 4], ..ProposeChange::default() };
    for (i, &(key, value)) in values.iter().enumerate() {
        (change.params[i], change.values[i]) = (Params::position(key).expect("a parameter"), value);
    }
    change
}

pub(super) fn proposed(events: &[Event]) -> ProposalId {
    let [Event::Proposed(proposed)] = events else { panic!("{events:?}") };
    proposed.proposal
}

pub(super) fn vote(bench: &mut Bench, account: u32, proposal: ProposalId, choice: usize) -> Vec<Event> {
    bench.by(account, Vote { proposal, choice: choice as u32, pad: 0 })
}

fn tallied(events: &[Event]) -> Tallied {
    let mut tallied = events.iter().filter_map(|event| if let Event::Tallied(tallied) = event { Some(*tallied) } else { None });
    let only = tallied.next().expect("a tally");
    assert_eq!(tallied.next(), None);
    only
}

#[test]
fn a_parameter_changes_at_the_first_epochs_end_after_vote_and_timelock() {
    let mut bench = senate(&[]);
    let proposal = proposed(&bench.by(3, change(&[("fee.burn", 200_000_000), ("fee.treasury", 500_000_000)])));
    assert_eq!(bench.free(3), u128::from(999_900 * XPL));
    assert_eq!(names(&vote(&mut bench, 0, proposal, YES)), ["Voted"]);
    vote(&mut bench, 1, proposal, NO);
    vote(&mut bench, 2, proposal, ABSTAIN);
    let events = bench.wait(3 * DAY);
    let Tallied { yes, no, abstain, veto, returned, burned, outcome, ripens, .. } = tallied(&events);
    assert_eq!([yes, no, abstain, veto], [500, 300, 200, 0]);
    assert_eq!((returned, burned, outcome), (100 * XPL, 0, Outcome::Passed as u32));
    assert_eq!(bench.free(3), u128::from(1_000_000 * XPL));
    // Voting ended a few milliseconds into the fourth day: half a day later is before its end.
    bench.engine.view(|state| assert_eq!(state.params.fee_burn(), 500_000_000));
    assert!(ripens < bench.engine.view(|state| state.clock.epoch_ends));
    let events = bench.wait(DAY);
    assert_eq!(names(&events), ["Ripened", "ParamChanged", "ParamChanged", "Enacted", "EpochClosed"]);
    bench.engine.view(|state| {
        assert_eq!((state.params.fee_burn(), state.params.fee_treasury()), (200_000_000, 500_000_000));
        assert_eq!((state.proposals.len(), state.ledger.proposals), (0, 0));
        assert_eq!((state.governance.ballots.len(), state.governance.opened.len()), (0, 0));
    });
}

/// Proposes, votes, and waits until it is enacted.
pub(super) fn enact(bench: &mut Bench, values: &[(&str, u64)]) {
    let proposal = proposed(&bench.by(3, change(values)));
    vote(bench, 0, proposal, YES);
    assert!(names(&bench.wait(5 * DAY)).contains(&"Enacted"));
}

#[test]
fn what_was_sent_under_a_long_period_keeps_nobody_waiting() {
    use crate::ids::ProviderId;
    use crate::protocol::delegation::{Delegate, Undelegate};
    use crate::protocol::redelegation::Redelegate;
    let (from, to) = (ProviderId(0), ProviderId(1));
    let mut bench = senate(&[("bond.unbonding", HOUR), ("stake.delegation", 1)]);
    for account in [3, 4] {
        bench.by(account, Delegate { amount: 100 * XPL, provider: from, pad: 0 });
    }
    let leave = |bench: &mut Bench, owner, account| {
        assert_eq!(names(&bench.by(owner, Unbond { amount: XPL })), ["Unbonding"]);
        assert_eq!(names(&bench.by(account, Undelegate { amount: XPL, provider: from, pad: 0 })), ["Undelegated"]);
        assert_eq!(names(&bench.by(account, Redelegate { amount: XPL, from, to })), ["Redelegated"]);
    };
    enact(&mut bench, &[("bond.unbonding", 10 * YEAR)]);
    leave(&mut bench, 0, 3);
    enact(&mut bench, &[("bond.unbonding", HOUR)]);
    leave(&mut bench, 1, 4);
    let before = [1, 4].map(|account| bench.free(account));
    assert_eq!(names(&bench.wait(HOUR)), ["Unbonded", "Released", "Arrived"]);
    assert_eq!([1, 4].map(|account| bench.free(account)), before.map(|free| free + u128::from(XPL)));
    let stake = |account| move |state: &State| state.staking.stake_of(AccountId(account), to);
    assert_eq!((bench.engine.view(stake(3)), bench.engine.view(stake(4))), (0, XPL));
}

#[test]
fn control_of_the_base_fee_begins_with_the_fee_there_is_and_a_fee_that_is_set_is_in_force() {
    let mut bench = senate(&[]);
    let mut fee_after = |values: &[(&str, u64)]| {
        enact(&mut bench, values);
        bench.engine.view(|state| (state.base_fee(), state.fees.excess))
    };
    assert_eq!(fee_after(&[("fee.base", 500)]), (500, 0));
    assert_eq!(fee_after(&[("fee.control", 1)]), (500, 0));
    assert_eq!(fee_after(&[("fee.base", 2_000)]), (2_000, 0));
    assert_eq!(fee_after(&[("fee.control", 0)]), (2_000, 0));
    assert_eq!(fee_after(&[("fee.control", 1), ("fee.base", 800)]), (800, 0));
    assert_eq!(fee_after(&[("fee.control", 2)]), (800, 0));
    // The lowest fee under EIP-4844 is taken up by the next round.
    assert_eq!(fee_after(&[("fee.base", 900)]), (800, 0));
    bench.beacon(1);
    bench.engine.view(|state| assert_eq!(state.base_fee(), 900));
}

/// Whatever parameter changes, to either end of its range, the indices stay those of the rows: [`Bench`] compares them.
#[test]
fn no_parameter_that_changes_leads_an_index_astray() {
    let lasting: Vec<_> =
        TABLE.iter().filter(|spec| !spec.fixed).flat_map(|spec| [(spec.key, spec.min), (spec.key, spec.max)]).collect();
    let quick = [("governance.period", HOUR), ("governance.timelock", 0), ("stake.delegation", 1), ("bond.per_gpu", 100 * XPL)];
    let mut changed = 0;
    for (key, value) in lasting {
        let mut bench = senate(&quick);
        // Bonds for one, two and five GPUs, of which the second falls short when it is asked for more; two jobs, one in line.
        for (account, gpus) in [(0, 5), (1, 2), (2, 1)] {
            bench.by(account, PostOffer { ask: (1 + u64::from(account)) * XPL, gpus, class: ClassId(0), pad: [0; 5] });
        }
        for gpus_log2 in [2, 2, 1] {
            let submit =
                Submit { gpus_log2, start_by: bench.now + 3 * DAY, finish_by: bench.now + 9 * DAY, ..hour_job(bench.now) };
            bench.by(4, submit);
        }
        let events = bench.by(3, change(&[(key, value)]));
        let [Event::Proposed(Proposed { proposal, .. })] = events[..] else { continue };
        vote(&mut bench, 0, proposal, YES);
        let events = [bench.wait(DAY / 2), bench.wait(DAY), bench.wait(DAY)].concat();
        assert!(names(&events).contains(&"ParamChanged"), "{key}: {events:?}");
        changed += 1;
    }
    assert!(changed > 150, "{changed}");
}

/// OpenZeppelin Contracts, `TimelockController.test.js`: what is not ready is not executed; what is, is, once.
#[test]
fn a_timelock_is_waited_out_to_the_millisecond() {
    for (late, epochs) in [(0, 1), (1, 2)] {
        // Voting ends with the third epoch but for what setting up took: a timelock of that much ripens just at its end.
        let mut bench = senate(&[("governance.period", HOUR)]);
        let proposal = proposed(&bench.by(3, ProposeReport { digest: [9; 32] }));
        let (closes, ends) = bench.engine.view(|state| (state.proposals.row(proposal.0).closes, state.clock.epoch_ends));
        let mut bench = senate(&[("governance.period", HOUR), ("governance.timelock", ends - closes + late)]);
        let proposal = proposed(&bench.by(3, ProposeReport { digest: [9; 32] }));
        vote(&mut bench, 0, proposal, YES);
        let day = |bench: &mut Bench| {
            let ends = bench.engine.view(|state| state.clock.epoch_ends);
            let span = ends + 1 - bench.now;
            names(&bench.wait(span)).iter().filter(|name| **name == "Enacted").count()
        };
        let enacted: Vec<_> = (0..4).map(|_| day(&mut bench)).collect();
        assert_eq!(enacted.iter().position(|&count| count == 1), Some(epochs - 1), "{late}");
        assert_eq!(enacted.iter().sum::<usize>(), 1);
    }
}

#[test]
fn what_counts_is_the_stake_at_the_proposal_and_a_vote_can_be_changed() {
    let mut bench = senate(&[]);
    let first = proposed(&bench.by(3, ProposeReport { digest: [1; 32] }));
    bench.by(0, Unbond { amount: 450 * XPL });
    bench.by(4, Register { region: 0 });
    bench.by(4, Bond { amount: 10_000 * XPL });
    let second = proposed(&bench.by(3, ProposeReport { digest: [2; 32] }));
    bench.by(0, Bond { amount: 1_000 * XPL });
    assert_eq!(bench.refused_by(4, Vote { proposal: first, choice: 0, pad: 0 }), Rejection::NoVotingPower);
    assert_eq!(bench.refused_by(3, Vote { proposal: first, choice: 0, pad: 0 }), Rejection::NoVotingPower);
    for (proposal, power) in [(first, 500), (second, 50)] {
        vote(&mut bench, 0, proposal, VETO);
        vote(&mut bench, 0, proposal, NO);
        vote(&mut bench, 0, proposal, YES);
        bench.engine.view(|state| {
            let votes = state.proposals.row(proposal.0).votes;
            assert_eq!(votes, [power * u128::from(XPL), 0, 0, 0]);
        });
    }
    bench.engine.view(|state| {
        let power = |id: ProposalId| state.proposals.row(id.0).power / u128::from(XPL);
        assert_eq!((power(first), power(second)), (1_000, 10_550));
        assert_eq!(state.governance.remembered.len(), 3);
    });
    bench.wait(5 * DAY);
    bench.engine.view(|state| assert!(state.governance.remembered.is_empty()));
}

#[test]
fn unvested_tokens_vote_only_where_they_may() {
    for (may, expected) in [(0, None), (1, Some(700))] {
        let set = [&RULES[..], &[("vesting.may_vote", may)]].concat();
        let mut genesis = genesis(&set);
        let schedule = crate::formula::vesting::Schedule::monthly(genesis.start, genesis.start, 10);
        let grant = crate::genesis::GrantAllocation { account: AccountId(0), total: 700 * XPL, schedule };
        genesis.grants.push(grant);
        let mut bench = Bench::of(&genesis);
        let proposal = proposed(&bench.by(1, ProposeReport::default()));
        let events = vote(&mut bench, 0, proposal, YES);
        match expected {
            None => assert!(matches!(events[..], [Event::Refused(_)])),
            Some(xpl) => {
                let tally = tallied(&bench.wait(3 * DAY));
                assert_eq!((tally.yes, tally.outcome), (xpl, Outcome::Passed as u32));
            }
        }
    }
}

#[test]
fn deposits_burn_only_where_the_parameters_say() {
    for (key, choice, outcome) in
        [("governance.burn_quorum", None, Outcome::NoQuorum), ("governance.burn_veto", Some(VETO), Outcome::Vetoed)]
    {
        for burns in [0, 1] {
            let mut bench = senate(&[(key, burns)]);
            let proposal = proposed(&bench.by(3, ProposeReport::default()));
            choice.map(|choice| vote(&mut bench, 0, proposal, choice));
            let tally = tallied(&bench.wait(3 * DAY));
            assert_eq!(
                (tally.outcome, tally.burned, tally.returned),
                (outcome as u32, burns * 100 * XPL, (1 - burns) * 100 * XPL)
            );
            bench.engine.view(|state| assert_eq!(state.ledger.burned, u128::from(burns * 100 * XPL)));
        }
    }
}

#[test]
fn what_cannot_be_is_refused_when_it_is_proposed() {
    let mut bench = senate(&[]);
    let refused = |bench: &mut Bench, change: ProposeChange| {
        let Event::Refused(refused) = bench.by(3, change)[0] else { panic!("not refused") };
        (refused.reason().expect("a known reason"), refused.need)
    };
    let table = TABLE.len() as u64;
    assert_eq!(refused(&mut bench, change(&[])), (Rejection::UnknownParameter, table));
    let unknown = ProposeChange { params: [table as u32, NO_PARAM, NO_PARAM, NO_PARAM], ..ProposeChange::default() };
    assert_eq!(refused(&mut bench, unknown), (Rejection::UnknownParameter, table));
    assert_eq!(refused(&mut bench, change(&[("market.mechanism", 1)])).0, Rejection::FixedParameter);
    assert_eq!(refused(&mut bench, change(&[("epoch.length", HOUR)])).0, Rejection::FixedParameter);
    assert_eq!(refused(&mut bench, change(&[("fee.rate", ONE + 1)])), (Rejection::OutOfRange, ONE));
    assert_eq!(refused(&mut bench, change(&[("jail.after", 0)])), (Rejection::OutOfRange, 1));
    assert_eq!(refused(&mut bench, change(&[("fee.burn", 0)])).0, Rejection::Contradiction);
    let spend = |amount, to| ProposeSpend { amount, to: AccountId(to), pad: 0 };
    assert_eq!(bench.refused_by(3, spend(0, 0)), Rejection::ZeroAmount);
    assert_eq!(bench.refused_by(3, spend(1, 9)), Rejection::UnknownAccount);
    assert_eq!(bench.refused_by(3, spend(1, 5)), Rejection::AccountLocked);
    assert_eq!(bench.refused_by(3, spend(1_000_001 * XPL, 0)), Rejection::FundShort);
    let grant = ProposeGrant { amount: 1, start: 7, to: AccountId(0), ..ProposeGrant::default() };
    assert_eq!(bench.refused_by(3, grant), Rejection::BadSchedule);
    assert_eq!(bench.refused_by(3, ProposeGrant { amount: 0, ..grant }), Rejection::ZeroAmount);
    let award = ProposeAward { amount: 1, milestones: 33, to: AccountId(0), expires: bench.now + DAY };
    assert_eq!(bench.refused_by(3, award), Rejection::BadAward);
    assert_eq!(bench.refused_by(3, ProposeAward { milestones: 1, expires: 7, ..award }), Rejection::BadAward);
    assert_eq!(bench.refused_by(3, ProposeAward { milestones: 1, ..award }), Rejection::FundShort);
    assert_eq!(bench.refused_by(3, ProposeAppointment { account: AccountId(0), office: 3 }), Rejection::BadOffice);
    assert_eq!(bench.refused_by(3, ProposeAppointment { account: AccountId(5), office: 0 }), Rejection::AccountLocked);
    bench.engine.view(|state| assert_eq!((state.proposals.opened(), state.ledger.proposals), (0, 0)));
}

#[test]
fn open_proposals_are_bounded_in_all_and_each() {
    let mut bench = senate(&[]);
    let report = ProposeReport::default();
    let first = proposed(&bench.by(3, report));
    proposed(&bench.by(3, report));
    assert_eq!(bench.refused_by(3, report), Rejection::TooManyProposals);
    proposed(&bench.by(4, report));
    assert_eq!(bench.refused_by(2, report), Rejection::TooManyProposals);
    vote(&mut bench, 0, first, YES);
    bench.wait(3 * DAY);
    // One waits for its timelock and is open; the others were not voted on.
    assert_eq!(bench.refused_by(0, Vote { proposal: first, choice: 0, pad: 0 }), Rejection::VotingOver);
    bench.engine.view(|state| assert_eq!(state.governance.opened, BTreeMap::from([(AccountId(3), 1)])));
    proposed(&bench.by(3, report));
    assert_eq!(bench.refused_by(3, report), Rejection::TooManyProposals);
    bench.transfer(1, 0, 999_700 * XPL - 99 * XPL);
    assert_eq!(bench.refused_by(1, report), Rejection::InsufficientFunds);
    assert_eq!(bench.refused_by(0, Vote { proposal: ProposalId::new(99, 0), choice: 0, pad: 0 }), Rejection::UnknownProposal);
    let mut off = Bench::new(&[]);
    assert_eq!(off.refused_by(0, report), Rejection::TooManyProposals);
}

#[test]
fn two_that_were_possible_alone_are_not_both_enacted() {
    let mut bench = senate(&[]);
    let spend = |xpl| ProposeSpend { amount: xpl * XPL, to: AccountId(4), pad: 0 };
    let first = proposed(&bench.by(3, spend(700_000)));
    let second = proposed(&bench.by(4, spend(600_000)));
    vote(&mut bench, 0, first, YES);
    vote(&mut bench, 0, second, YES);
    let events = bench.wait(4 * DAY);
    let [.., Event::Ripened(_), Event::Ripened(_), Event::TreasurySpent(_), Event::Enacted(_), Event::EnactmentFailed(failed), _] =
        events[..]
    else {
        panic!("{:?}", names(&events))
    };
    assert_eq!((failed.proposal, failed.code, failed.need), (second, Rejection::FundShort as u32, 300_000 * XPL));
    assert_eq!(bench.free(4), u128::from(1_700_000 * XPL));
}

#[test]
fn a_value_that_came_to_contradict_another_fails_when_it_is_enacted() {
    let mut bench = senate(&[("emission.schedule", schedule::number("disinflation")), ("emission.start", 900 * DAY)]);
    let first = proposed(&bench.by(3, change(&[("emission.rate", 30_000_000)])));
    let second = proposed(&bench.by(4, change(&[("emission.floor", 40_000_000)])));
    vote(&mut bench, 0, first, YES);
    vote(&mut bench, 0, second, YES);
    let events = bench.wait(4 * DAY);
    assert_eq!(names(&events[events.len() - 3..]), ["Enacted", "EnactmentFailed", "EpochClosed"]);
    bench.engine.view(|state| {
        assert_eq!((state.params.emission_rate(), state.params.emission_floor()), (30_000_000, 30_000_000));
        state.params.check().expect("free of contradiction");
    });
}

#[test]
fn a_dearer_bond_takes_offers_out_of_the_book_and_a_cheaper_one_fills_jobs() {
    let mut bench = senate(&[]);
    bench.provide(0, 1, XPL);
    let enact = |bench: &mut Bench, per_gpu| {
        let proposal = proposed(&bench.by(3, change(&[("bond.per_gpu", per_gpu)])));
        vote(bench, 0, proposal, YES);
        bench.wait(4 * DAY)
    };
    enact(&mut bench, 1_000_000 * XPL);
    let mut submit = crate::testing::hour_job(bench.now);
    submit.start_by += 10 * DAY;
    submit.finish_by += 10 * DAY;
    assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Queued"]);
    let events = enact(&mut bench, 0);
    assert!(names(&events).contains(&"Leased"), "{:?}", names(&events));
}

#[test]
fn a_grant_from_the_treasury_vests_and_an_appointment_changes_the_office() {
    let mut bench = senate(&[]);
    let start = bench.now;
    let grant = ProposeGrant { amount: 100 * XPL, start, cliff: start, end: start + 100 * DAY, months: 0, to: AccountId(4) };
    let first = proposed(&bench.by(3, grant));
    let second = proposed(&bench.by(3, ProposeAppointment { account: AccountId(4), office: office::CUSTODIAN }));
    vote(&mut bench, 0, first, YES);
    vote(&mut bench, 0, second, YES);
    let events = bench.wait(4 * DAY);
    let vested = events.iter().find_map(|event| if let Event::Vested(vested) = event { Some(vested.amount) } else { None });
    // At the end of the fourth epoch, and the grant began so long after the first.
    assert_eq!(vested, Some((u128::from(XPL) * u128::from(4 * DAY - start % DAY) / u128::from(DAY)) as u64));
    bench.engine.view(|state| {
        assert_eq!(state.governance.custodian, AccountId(4));
        assert_eq!(state.ledger.treasury, u128::from(999_900 * XPL));
        assert_eq!(state.governance.unvested[&AccountId(4)], state.ledger.vesting);
    });
}

#[test]
fn without_stake_nothing_passes_and_one_voter_decides_alone() {
    let mut nobody = Bench::new(&RULES);
    proposed(&nobody.by(3, ProposeReport::default()));
    assert_eq!(tallied(&nobody.wait(3 * DAY)).outcome, Outcome::Rejected as u32);
    for threshold in [0, ONE - 1] {
        let mut bench = senate(&[("governance.quorum", 0), ("governance.threshold", threshold)]);
        let proposal = proposed(&bench.by(3, ProposeReport::default()));
        vote(&mut bench, 2, proposal, YES);
        assert_eq!(tallied(&bench.wait(3 * DAY)).outcome, Outcome::Passed as u32);
    }
}

/// Providers of the accounts 0 to 2 with bonds of so many XPL, and what accounts from 3 on delegated: by provider.
fn chamber(bonds: [u64; 3], delegations: &[(u32, u32, u64)]) -> Bench {
    let set = [("bond.per_gpu", 0), ("stake.delegation", 1), ("stake.max_ratio", 1_000 * ONE), ("bond.unbonding", HOUR)];
    let mut bench = Bench::new(&[&RULES[..], &set].concat());
    for (account, xpl) in (0..).zip(bonds) {
        bench.by(account, Register { region: 0 });
        bench.by(account, Bond { amount: xpl * XPL });
    }
    for &(account, provider, xpl) in delegations {
        bench.by(account, Delegate { amount: xpl * XPL, provider: ProviderId(provider), pad: 0 });
    }
    bench
}

/// Cosmos SDK, `x/gov/keeper/tally_test.go` before 0.46, `TestTallyDelgatorOverride` to `TestTallyDelgatorMultipleInherit`: the
/// validators' own power, delegations, the votes of validators and of the delegator, and whether the proposal passes.
#[test]
fn delegated_stake_votes_as_in_cosmos() {
    type Case = ([u64; 3], &'static [(u32, u32, u64)], [usize; 3], Option<usize>, bool);
    const THIRTY: &[(u32, u32, u64)] = &[(3, 2, 30)];
    const TWICE: &[(u32, u32, u64)] = &[(3, 0, 10), (3, 1, 10)];
    const OTHERS: &[(u32, u32, u64)] = &[(3, 1, 10), (3, 2, 10)];
    let cases: [Case; 4] = [
        ([5, 6, 7], THIRTY, [YES, YES, YES], Some(NO), false),
        ([5, 6, 7], THIRTY, [NO, NO, YES], None, true),
        ([5, 6, 7], TWICE, [YES, YES, YES], Some(NO), false),
        ([25, 6, 7], OTHERS, [YES, NO, NO], None, false),
    ];
    for (bonds, delegations, votes, delegator, passes) in cases {
        // Whoever votes first, the outcome is the same.
        for late in [false, true] {
            let mut bench = chamber(bonds, delegations);
            let proposal = proposed(&bench.by(4, ProposeReport::default()));
            let voice = |bench: &mut Bench| delegator.map(|choice| vote(bench, 3, proposal, choice));
            if !late {
                voice(&mut bench);
            }
            for (account, choice) in (0..).zip(votes) {
                vote(&mut bench, account, proposal, choice);
            }
            if late {
                voice(&mut bench);
            }
            bench.engine.view(crate::protocol::check_invariants).expect("sound");
            let tally = tallied(&bench.wait(3 * DAY));
            assert_eq!(tally.outcome == Outcome::Passed as u32, passes, "{bonds:?} {votes:?}");
            let staked = bonds.iter().sum::<u64>() + delegations.iter().map(|row| row.2).sum::<u64>();
            assert_eq!(tally.yes + tally.no, staked, "whatever is at stake voted once");
        }
    }
}

#[test]
fn stake_that_comes_goes_moves_or_is_cut_votes_as_it_was() {
    let mut bench = chamber([100, 100, 0], &[(3, 0, 60), (4, 0, 40)]);
    let first = proposed(&bench.by(2, ProposeReport { digest: [1; 32] }));
    bench.by(3, crate::protocol::delegation::Undelegate { amount: 60 * XPL, provider: ProviderId(0), pad: 0 });
    let (from, to) = (ProviderId(0), ProviderId(1));
    bench.by(4, crate::protocol::redelegation::Redelegate { amount: 40 * XPL, from, to });
    bench.by(2, Delegate { amount: 500 * XPL, provider: ProviderId(0), pad: 0 });
    let second = proposed(&bench.by(2, ProposeReport { digest: [2; 32] }));
    let powers = |bench: &mut Bench, id: ProposalId| {
        let xpl = u128::from(XPL);
        bench.engine.view(|state| {
            let proposal = state.proposals.row(id.0);
            ([0, 1, 2, 3, 4].map(|account| state.voting_power(AccountId(account), proposal) / xpl), proposal.power / xpl)
        })
    };
    // Each counts its own, and providers what is with them; those who move have no voice of their own yet.
    assert_eq!(powers(&mut bench, first), ([200, 100, 0, 60, 40], 300));
    assert_eq!(powers(&mut bench, second), ([600, 140, 500, 0, 0], 740));
    bench.wait(2 * HOUR);
    assert_eq!(powers(&mut bench, second), ([600, 140, 500, 0, 0], 740));
    vote(&mut bench, 0, first, YES);
    vote(&mut bench, 3, first, NO);
    vote(&mut bench, 4, first, VETO);
    vote(&mut bench, 4, first, ABSTAIN);
    assert_eq!(bench.refused_by(3, Vote { proposal: second, choice: 0, pad: 0 }), Rejection::NoVotingPower);
    assert_eq!(powers(&mut bench, first), ([100, 100, 0, 60, 40], 300));
    bench.engine.view(crate::protocol::check_invariants).expect("sound");
    let events = bench.wait(3 * DAY);
    let of_first = |event: &Event| matches!(event, Event::Tallied(tally) if tally.proposal == first);
    let tally = tallied(&events.into_iter().filter(of_first).collect::<Vec<_>>());
    assert_eq!([tally.yes, tally.no, tally.abstain, tally.veto], [100, 60, 40, 0]);
    bench.engine.view(|state| {
        let governance = &state.governance;
        assert!(governance.pools.is_empty() && governance.shares.is_empty() && governance.overridden.is_empty());
    });
}

#[test]
fn no_more_feeders_are_asked_for_than_there_are() {
    let mut bench = senate(&[]);
    assert_eq!(bench.refused_by(3, change(&[("oracle.quorum", 4)])), Rejection::Contradiction);
    proposed(&bench.by(3, change(&[("oracle.quorum", 3)])));
    let check = |feeders| Genesis { feeders, ..genesis(&[("oracle.quorum", 3)]) }.check();
    assert!(matches!(check(2), Err(GenesisError::Params(_))));
    assert!(check(3).is_ok() && check(0).is_ok());
}
