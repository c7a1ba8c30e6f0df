//! Receipts by hand: what is signed, what pays, what returns.

use super::*;
use crate::ids::ProgramId;
use crate::money::{ONE, XPL};
use crate::protocol::job::{Cancel, Submit};
use crate::protocol::lease::Stop;
use crate::protocol::oracle::PostPrice;
use crate::protocol::verification::policy::Policy;
use crate::protocol::verification::verdict::Verdict;
use crate::record::Origin;
use crate::testing::{Bench, genesis, hour_job, leased, names};
use crate::time::{HOUR, MINUTE};

const SET: [(&str, u64); 3] = [("fee.base", 0), ("fee.rate", 100_000_000), ("emission.start", 1_000 * crate::time::DAY)];

/// A deployment of account 2 on account 0's GPU for an hour at 1 XPL a second, with so much in its tab.
fn deployed(set: &[(&str, u64)], amount: u64) -> (Bench, LeaseId, JobId) {
    let mut bench = Bench::new(&[&SET[..], set].concat());
    bench.provide(0, 1, XPL);
    let (lease, job) = again(&mut bench, amount);
    (bench, lease, job)
}

fn again(bench: &mut Bench, amount: u64) -> (LeaseId, JobId) {
    let submit = Submit { program: ProgramId(1), ..hour_job(bench.now) };
    let (lease, job, ..) = leased(&bench.by(2, submit)).expect("a lease");
    assert_eq!(names(&bench.by(2, FundTab { amount, job })), ["TabFunded"]);
    (lease, job)
}

fn tab(bench: &mut Bench, job: JobId) -> Tab {
    bench.engine.view(|state| state.tabs.of(job))
}

#[test]
fn a_later_receipt_takes_the_place_of_the_one_before_and_only_the_last_pays() {
    let (mut bench, lease, job) = deployed(&[], 1_000 * XPL);
    assert_eq!(names(&bench.by(2, SignReceipt { amount: 100 * XPL, lease })), ["ReceiptSigned"]);
    assert_eq!(names(&bench.by(2, SignReceipt { amount: 250 * XPL, lease })), ["ReceiptSigned"]);
    let wanted = Tab { held: 1_000 * XPL, signed: 250 * XPL, credit: 0 };
    assert_eq!(tab(&mut bench, job), wanted);
    let (provider, customer) = (bench.free(0), bench.free(2));
    bench.wait(HOUR - 10);
    let events = bench.commit(0, lease);
    assert_eq!(names(&events), ["Committed", "ReceiptPaid", "TabReturned", "Settled"]);
    // A tenth of 250 is the fee, by halves, fifths and three tenths.
    let burned = 25 * XPL / 2;
    let paid = ReceiptPaid { lease, paid: 225 * XPL, burned, treasury: 5 * XPL, stakers: 25 * XPL - burned - 5 * XPL };
    assert_eq!(events[1], paid.into());
    assert_eq!((paid.payment(), paid.fee()), (250 * XPL, 25 * XPL));
    assert_eq!(events[2], TabReturned { amount: 750 * XPL, job }.into());
    let Event::Settled(time) = events[3] else { panic!("{events:?}") };
    assert_eq!(bench.free(0) - provider, u128::from(225 * XPL + time.paid));
    assert_eq!(bench.free(2) - customer, u128::from(36_000 * XPL - time.payment() + 750 * XPL));
    assert_eq!(bench.refused_by(2, SignReceipt { amount: 300 * XPL, lease }), Rejection::UnknownLease);
    bench.engine.view(|state| assert_eq!((state.ledger.tabs, &*state.tabs), (0, &Tabs::default())));
}

#[test]
fn every_fault_of_a_receipt_or_of_a_tab_has_its_reason() {
    let (mut bench, lease, job) = deployed(&[], 10);
    let sign = |amount| SignReceipt { amount, lease };
    assert_eq!(bench.refused_by(2, sign(0)), Rejection::ReceiptBehind);
    bench.by(2, sign(6));
    for amount in [0, 5, 6] {
        let expected = Rejection::ReceiptBehind.needing(6);
        let events = bench.by(2, sign(amount));
        assert_eq!(events, [crate::rejection::Refused::from(expected).into()]);
    }
    assert_eq!(bench.by(2, sign(13)), [crate::rejection::Refused::from(Rejection::TabShort.needing(3)).into()]);
    assert_eq!(bench.refused_by(2, sign(u64::MAX)), Rejection::TabShort);
    assert_eq!(names(&bench.by(2, sign(10))), ["ReceiptSigned"]);
    assert_eq!(bench.refused_by(0, sign(11)), Rejection::NotYourLease);
    assert_eq!(bench.refused(Origin::Host, sign(11)), Rejection::NotPermitted);
    let fund = |amount| FundTab { amount, job };
    assert_eq!(bench.refused_by(2, fund(0)), Rejection::ZeroAmount);
    assert_eq!(bench.refused_by(3, fund(1)), Rejection::UnknownJob);
    assert_eq!(bench.refused_by(2, fund(2_000_000 * XPL)), Rejection::InsufficientFunds);
    assert_eq!(bench.refused_by(2, fund(u64::MAX - 9)), Rejection::TabFull);
    bench.by(2, Stop { lease });
    assert_eq!(bench.refused_by(2, fund(1)), Rejection::UnknownJob);
    let submit = hour_job(bench.now);
    let (lease, job, ..) = leased(&bench.by(2, submit)).expect("a lease");
    assert_eq!(bench.refused_by(2, FundTab { amount: 1, job }), Rejection::NoTab);
    assert_eq!(bench.refused_by(2, SignReceipt { amount: 1, lease }), Rejection::NoTab);
}

#[test]
fn a_stopped_deployment_pays_its_last_receipt_beside_its_time() {
    let (mut bench, lease, _) = deployed(&[], 40 * XPL);
    bench.by(2, SignReceipt { amount: 40 * XPL, lease });
    bench.wait(15 * MINUTE);
    let events = bench.by(2, Stop { lease });
    // All of the tab: nothing is left to return.
    assert_eq!(names(&events), ["Stopped", "ReceiptPaid", "Settled"]);
    let Event::ReceiptPaid(paid) = events[1] else { panic!("{events:?}") };
    assert_eq!((paid.paid, paid.payment()), (36 * XPL, 40 * XPL));
}

#[test]
fn a_failed_lease_pays_what_was_acknowledged_and_the_rest_waits_for_the_next() {
    let (mut bench, lease, job) = deployed(&[("market.retries", 1), ("market.lease_grace", 0), ("market.lease_slack", ONE)], 100);
    bench.provide(1, 1, 2 * XPL);
    bench.by(2, SignReceipt { amount: 30, lease });
    let events = bench.wait(HOUR);
    assert_eq!(names(&events), ["ReceiptPaid", "Missed", "Slashed", "Leased"]);
    let (lease, same, ..) = leased(&events).expect("a lease");
    assert_eq!((same, tab(&mut bench, job)), (job, Tab { held: 70, signed: 0, credit: 0 }));
    // What is left can still be added to; counting begins anew with the lease.
    bench.by(2, FundTab { amount: 5, job });
    bench.by(2, SignReceipt { amount: 20, lease });
    let free = bench.free(1);
    let events = bench.wait(HOUR);
    assert_eq!(names(&events), ["ReceiptPaid", "Missed", "Slashed", "TabReturned", "Failed"]);
    assert_eq!(events[3], TabReturned { amount: 55, job }.into());
    assert_eq!(bench.free(1) - free, 18);
    assert_eq!(bench.free(2), u128::from(1_000_000 * XPL - 50));
}

#[test]
fn a_wrong_result_does_not_undo_what_was_acknowledged() {
    let mut bench = Bench::new(&[&SET[..], &[("verification.rate", ONE), ("market.retries", 0)]].concat());
    bench.provide(0, 1, XPL);
    bench.provide(1, 1, 2 * XPL);
    let submit = Submit { program: ProgramId(1), policy: Policy::Sampled, ..hour_job(bench.now) };
    let (lease, job, ..) = leased(&bench.by(2, submit)).expect("a lease");
    bench.by(2, FundTab { amount: 10, job });
    bench.commit(0, lease);
    // It is not settled yet, so its customer may still say what it served.
    bench.by(2, SignReceipt { amount: 10, lease });
    bench.beacon(1);
    let events = bench.by(1, Verdict { lease, root: [0; 32] });
    assert_eq!(names(&events), ["Slashed", "ReceiptPaid", "FoundWrong", "Failed"]);
}

#[test]
fn a_tab_returns_with_every_way_out() {
    let mut bench = Bench::new(&SET);
    let funded = |bench: &mut Bench| {
        let submit = Submit { program: ProgramId(1), ..hour_job(bench.now) };
        let Event::Submitted(submitted) = bench.by(2, submit)[0] else { panic!("not submitted") };
        bench.by(2, FundTab { amount: 7, job: submitted.job });
        submitted.job
    };
    let job = funded(&mut bench);
    assert_eq!(names(&bench.by(2, Cancel { job })), ["TabReturned", "Cancelled"]);
    funded(&mut bench);
    assert_eq!(names(&bench.wait(2 * HOUR)), ["TabReturned", "Expired"]);
    assert_eq!(bench.free(2), u128::from(1_000_000 * XPL));
}

#[test]
fn what_is_paid_is_held_back_or_burned_like_any_payment() {
    let (mut bench, lease, _) = deployed(&[("settle.holdback", ONE / 4)], 100);
    bench.by(2, SignReceipt { amount: 100, lease });
    let events = bench.by(2, Stop { lease });
    assert_eq!(names(&events), ["Stopped", "ReceiptPaid", "Withheld", "Settled", "Withheld"]);
    let Event::Withheld(withheld) = events[2] else { panic!("{events:?}") };
    assert_eq!(withheld.amount, 22);
    let (mut bench, lease, _) = deployed(&[("settle.mode", settle_mode::BURN_SCHEDULE)], 100);
    bench.by(2, SignReceipt { amount: 100, lease });
    let Event::ReceiptPaid(paid) = bench.by(2, Stop { lease })[1] else { panic!("no receipt") };
    assert_eq!((paid.paid, paid.burned, paid.treasury, paid.stakers), (0, 95, 2, 3));
}

/// Time is weighed as work, once; a receipt weighs what it paid or burned where that is what counts.
#[test]
fn a_receipt_weighs_money_and_no_work() {
    for (choice, expected) in [(0, 0), (1, 100), (2, 5)] {
        let (mut bench, lease, _) = deployed(&[("emission.weight", choice)], 100);
        bench.by(2, SignReceipt { amount: 100, lease });
        let mut stopped = |receipt: bool| {
            let lease = if receipt { lease } else { again(&mut bench, 1).0 };
            let before = bench.engine.view(|state| (state.providers()[0].work, state.minter.work, state.minter.paid));
            let Some(Event::Settled(time)) = bench.by(2, Stop { lease }).last().copied() else { panic!("not settled") };
            let after = bench.engine.view(|state| (state.providers()[0].work, state.minter.work, state.minter.paid));
            let own = [time.work_mgs, time.payment(), time.burned][choice as usize];
            assert_eq!(after.1 - before.1, time.work_mgs);
            (after.0 - before.0 - own, after.2 - before.2 - u128::from(time.payment()))
        };
        assert_eq!(stopped(true), (expected, 100));
        assert_eq!(stopped(false), (0, 0));
    }
}

/// 1 000 XPL set aside at one dollar; 400 are signed for at half a dollar: the provider has 720, of which the vault had none.
#[test]
fn receipts_are_brought_to_their_worth_in_dollars() {
    let mut bench = Bench::new(&[&SET[..], &[("settle.mode", settle_mode::VAULT_REMINT)]].concat());
    let price = |bench: &mut Bench, micro_usd| drop(bench.send(Origin::Feeder(0), PostPrice { micro_usd }));
    price(&mut bench, 1_000_000);
    bench.provide(0, 1, XPL);
    let (lease, job) = again(&mut bench, 1_000 * XPL);
    assert_eq!(tab(&mut bench, job).credit, 1_000_000_000);
    bench.by(2, SignReceipt { amount: 400 * XPL, lease });
    price(&mut bench, 500_000);
    let free = bench.free(2);
    let events = bench.by(2, Stop { lease });
    assert_eq!(names(&events), ["Stopped", "Redeemed", "ReceiptPaid", "TabReturned", "Reminted", "Settled"]);
    let redeemed = Redeemed { lease, micro_usd: 400_000_000, deposited: 0, reminted: 0, minted: 360 * XPL };
    assert_eq!(events[1], redeemed.into());
    let Event::ReceiptPaid(paid) = events[2] else { panic!("{events:?}") };
    assert_eq!((paid.paid, paid.fee()), (720 * XPL, 40 * XPL));
    assert!(bench.free(2) - free >= u128::from(600 * XPL));
    bench.engine.view(|state| assert_eq!((state.vault.owed, state.ledger.tabs), (0, 0)));
}

/// Receipt and time draw on the same vault, which pays what it has once.
#[test]
fn receipt_and_time_do_not_draw_on_the_vault_twice() {
    let mut bench = Bench::new(&[&SET[..], &[("settle.mode", settle_mode::VAULT_REMINT), ("settle.halt", 0)]].concat());
    let price = |bench: &mut Bench, micro_usd| drop(bench.send(Origin::Feeder(0), PostPrice { micro_usd }));
    bench.provide(0, 1, XPL);
    price(&mut bench, 1_000_000);
    let (lease, _) = again(&mut bench, 200 * XPL);
    bench.by(2, SignReceipt { amount: 200 * XPL, lease });
    // The first lease leaves half of its 180 XPL, and half of its time's, in the vault.
    price(&mut bench, 2_000_000);
    bench.by(2, Stop { lease });
    let vault = bench.engine.view(|state| state.ledger.vault) as u64;
    assert!(vault >= 90 * XPL);
    let (lease, _) = again(&mut bench, 100 * XPL);
    bench.by(2, SignReceipt { amount: 100 * XPL, lease });
    bench.wait(30 * MINUTE);
    price(&mut bench, 1_000_000);
    let events = bench.by(2, Stop { lease });
    let [_, Event::Redeemed(first), _, Event::Reminted(second), _] = events[..] else { panic!("{events:?}") };
    assert_eq!((first.reminted, first.minted), (90 * XPL, 0));
    assert_eq!(first.reminted + second.reminted, vault);
    assert!(second.minted > 0);
}

#[test]
fn the_largest_amounts_are_paid_to_the_unit() {
    let mut genesis = genesis(&SET);
    genesis.accounts[2].amount = 2 * u128::from(u64::MAX);
    let cap = crate::params::TABLE.iter().position(|spec| spec.key == "supply.cap").expect("it is there");
    genesis.params[cap] = 1_000_000_000_000;
    let mut bench = Bench::of(&genesis);
    bench.provide(0, 1, XPL);
    let (lease, job) = again(&mut bench, u64::MAX - 1);
    assert_eq!(bench.by(2, FundTab { amount: 2, job }), [crate::rejection::Refused::from(Rejection::TabFull.needing(1)).into()]);
    bench.by(2, FundTab { amount: 1, job });
    bench.by(2, SignReceipt { amount: u64::MAX, lease });
    let Event::ReceiptPaid(paid) = bench.by(2, Stop { lease })[1] else { panic!("no receipt") };
    assert_eq!((paid.payment(), paid.fee()), (u64::MAX, u64::MAX / 10));
}
