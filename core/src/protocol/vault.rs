//! The vault of `settle.mode = vault_remint`: customers' budgets are credits in dollars, and providers are paid those dollars'
//! worth (Akash's burn-and-mint equilibrium, akash-network/node, x/bme; here a job's escrow is part of the vault until it
//! settles). What is put into a deployment's tab is a credit in the same way.
//!
//! A job's credit is its budget at the oracle's price when it was submitted. When it settles, its payment is worth as many
//! dollars as then: what the tokens gained meanwhile goes to the vault, what they lost comes from the vault, and only what the
//! vault is short of is minted. Without a price, and beyond what may ever be issued, the payment stays as it is.
//!
//! Below `settle.halt` no credit is issued. Above it, but below `settle.warn`, a **brake** spaces the issue of credits, as the
//! original spaces its mints of dollars; what is owed is settled at all times. The original queues what is asked for and mints for
//! all at once, every so many blocks; here a job, or money for a tab, is taken or refused at once, so that instead of a queue there are
//! windows: one opens with the first after the last was due to be over, stays open for `settle.brake_least` steps, and the next opens as
//! long after it as [`braked`] says of the ratio at that moment. At `settle.warn` windows touch, and nothing is refused. As in the
//! original, a ratio that recovers does not bring the next window forward.

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::burn_mint::{braked, collateral_ratio, reminted};
use crate::ids::{JobId, LeaseId};
use crate::money::{ONE, XPL, mul_div_floor};
use crate::params::settle_mode;
use crate::protocol::job::Job;
use crate::protocol::lease::Lease;
use crate::record::{Apply, Record, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// A ten-thousandth, in which the brake reads ratios, in parts per billion.
const BASIS_POINT: u64 = ONE / 10_000;

/// What the vault owes, and what stands for it besides the vault itself and all tabs.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Vault {
    /// Credits of open jobs and of their tabs, in micro-dollars.
    pub owed: u128,
    /// Escrows of the jobs that have credits, in nano-XPL.
    pub backing: u128,
    /// When the brake's last window closes; the past when it never had one.
    pub shuts: Time,
    /// When the one after it may open.
    pub opens: Time,
}

payload! {
    /// A job's budget became a credit in dollars.
    pub struct Credited {
        /// Micro-dollars.
        pub micro_usd: u64,
        /// Whose.
        pub job: JobId,
    }

    /// Collateral is scarce: credits are issued for a while, and then not for a while.
    pub struct Braked {
        /// The vault's collateral before this credit, in parts per billion of what it owed.
        pub ratio: u64,
        /// When the window closes.
        pub shuts: Time,
        /// When the next one may open.
        pub opens: Time,
    }

    /// A settlement's payment was brought to its credit's worth.
    pub struct Reminted {
        /// Which lease is about to be settled.
        pub lease: LeaseId,
        /// Nano-XPL from escrow to the vault.
        pub deposited: u64,
        /// Nano-XPL from the vault to escrow.
        pub reminted: u64,
        /// Nano-XPL newly minted to escrow.
        pub minted: u64,
    }
}

// Decide

/// The credit in micro-dollars of a budget, or of what is set aside in a tab, with the brake's window if this opens one, or why
/// there can be none.
pub(crate) fn issue(state: &State, budget: u64, now: Time) -> Result<(u64, Option<Braked>), Refusal> {
    let price = state.oracle_price(now).ok_or(Rejection::NoOraclePrice)?;
    let backing = state.ledger.vault.saturating_add(state.vault.backing).saturating_add(state.ledger.tabs);
    let ratio = collateral_ratio(backing, price, state.vault.owed);
    if ratio.is_some_and(|ratio| ratio < u128::from(state.params.settle_halt())) {
        return Err(Rejection::VaultHalted.into());
    }
    let window = if state.params.settle_warn() > 0 { window(state, ratio, now)? } else { None };
    let worth = mul_div_floor(budget.into(), price.into(), XPL.into());
    match worth.and_then(|worth| u64::try_from(worth).ok()).unwrap_or(u64::MAX) {
        0 => Err(Rejection::CreditTooSmall.into()),
        micro_usd => Ok((micro_usd, window)),
    }
}

/// The window in which the brake lets a credit be issued now, if it is a new one.
fn window(state: &State, ratio: Option<u128>, now: Time) -> Result<Option<Braked>, Refusal> {
    let (params, Vault { shuts, opens, .. }) = (&*state.params, *state.vault);
    if now < shuts {
        return Ok(None);
    }
    if now < opens {
        return Err(Rejection::VaultBraked.needing(opens - now));
    }
    let Some(ratio) = ratio.filter(|ratio| *ratio < u128::from(params.settle_warn())) else { return Ok(None) };
    // Below the warning ratio, which 64 bits hold.
    let (ratio, least) = (ratio as u64, params.settle_brake_least());
    let steps = braked(least, params.settle_brake_rate(), params.settle_warn() / BASIS_POINT, ratio / BASIS_POINT);
    let after = |steps: u64| now.saturating_add(steps.saturating_mul(params.settle_brake_step()));
    Ok(Some(Braked { ratio, shuts: after(least), opens: after(steps) }))
}

/// What moves to bring a payment to its worth, in nano-XPL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// To the vault.
    pub deposited: u64,
    /// From the vault.
    pub reminted: u64,
    /// Newly minted.
    pub minted: u64,
}

impl Moved {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self { deposited: 0, reminted: 0, minted: 0 };

    /// What a net payment becomes by it.
    pub(crate) const fn makes(&self, net: u64) -> u64 {
        net - self.deposited + self.reminted + self.minted
    }
}

/// What moves to bring a net payment out of what is held, which has a credit in micro-dollars, to that credit's worth at today's price,
/// when `before` is about to move. `None` when there is no price.
pub(crate) fn to_worth(state: &State, (credit, held): (u64, u64), net: u64, before: &Moved, now: Time) -> Option<Moved> {
    let price = state.oracle_price(now)?;
    let micro_usd = mul_div_floor(credit.into(), net.into(), held.into())?;
    let worth = mul_div_floor(micro_usd, XPL.into(), price.into())?;
    // What is held is kept in 64 bits.
    let worth = u64::try_from(worth).unwrap_or(u64::MAX).min(u64::MAX - (held - net));
    let vault = state.ledger.vault + u128::from(before.deposited) - u128::from(before.reminted);
    let unissued = state.ledger.unissued - u128::from(before.minted);
    let (again, short) = reminted(worth.saturating_sub(net).into(), vault);
    Some(Moved { deposited: net.saturating_sub(worth), reminted: again as u64, minted: short.min(unissued) as u64 })
}

/// What a net payment of a lease becomes at today's price, and what moves for it when `before` is about to. Nothing when the mode is
/// another one, the job has no credit, or there is no price.
pub(crate) fn revalue(state: &State, lease: &Lease, net: u64, before: &Moved, now: Time) -> Option<(u64, Reminted)> {
    if state.params.settle_mode() != settle_mode::VAULT_REMINT {
        return None;
    }
    let job = state.job(lease.job).filter(|job| job.credit > 0 && job.escrow > 0)?;
    let moved = to_worth(state, (job.credit, job.escrow), net, before, now)?;
    let Moved { deposited, reminted, minted } = moved;
    Some((moved.makes(net), Reminted { lease: lease.id, deposited, reminted, minted }))
}

// Apply

/// Takes a job that is about to close out of the vault's books.
#[inline]
pub(crate) fn release(state: &mut State, job: &Job) {
    if job.credit > 0 {
        state.vault.owed -= u128::from(job.credit);
        state.vault.backing -= u128::from(job.escrow);
    }
}

impl Apply for Credited {
    fn apply(&self, state: &mut State, _record: &Record) {
        let job = state.jobs.row_mut(self.job.0);
        job.credit = self.micro_usd;
        state.vault.owed += u128::from(self.micro_usd);
        state.vault.backing += u128::from(job.escrow);
    }
}

impl Apply for Braked {
    fn apply(&self, state: &mut State, _record: &Record) {
        (state.vault.shuts, state.vault.opens) = (self.shuts, self.opens);
    }
}

impl Apply for Reminted {
    fn apply(&self, state: &mut State, _record: &Record) {
        let escrow = Pot::Escrow(state.leases.row(self.lease.0).job);
        state.transfer(escrow, Pot::Vault, self.deposited);
        state.transfer(Pot::Vault, escrow, self.reminted);
        state.transfer(Pot::Unissued, escrow, self.minted);
        state.ledger.minted += u128::from(self.minted);
        let backing = &mut state.vault.backing;
        *backing = *backing + u128::from(self.reminted) + u128::from(self.minted) - u128::from(self.deposited);
    }
}

// Invariants

/// The vault's books are those of the open jobs and of their tabs, and its windows follow one another.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let credited = || state.jobs.iter().filter(|job| job.credit > 0);
    let tabs = state.tabs.by_job.values().map(|tab| u128::from(tab.credit));
    let owed: u128 = credited().map(|job| u128::from(job.credit)).chain(tabs).sum();
    let backing: u128 = credited().map(|job| u128::from(job.escrow)).sum();
    if (owed, backing) != (state.vault.owed, state.vault.backing) {
        return Err(format!("the vault's books say {:?}, the jobs and tabs {owed} and {backing}", state.vault));
    }
    if state.vault.shuts > state.vault.opens {
        return Err(format!("a window of the vault opens before the last one shuts: {:?}", state.vault));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::job::Submit;
    use crate::protocol::oracle::PostPrice;
    use crate::record::{Event, Origin};
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::SECOND;

    const VAULT: [(&str, u64); 3] = [("settle.mode", 3), ("fee.base", 0), ("fee.rate", 100_000_000)];

    fn price(bench: &mut Bench, micro_usd: u64) {
        bench.send(Origin::Feeder(0), PostPrice { micro_usd });
    }

    /// An hour at 1 XPL a second, submitted at one price and settled at another: what the provider got, and what moved.
    fn settled(bench: &mut Bench, before: u64, after: u64) -> (u128, Reminted) {
        price(bench, before);
        let free = bench.free(0);
        let submit = hour_job(bench.now);
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        price(bench, after);
        let events = bench.commit(0, lease);
        let [Event::Committed(_), Event::Reminted(moved), Event::Settled(_)] = events[..] else { panic!("{events:?}") };
        (bench.free(0) - free, moved)
    }

    /// 3 600 XPL less a tenth are 3 240: at half the price twice as many, at twice the price half as many.
    #[test]
    fn providers_are_paid_in_dollars() {
        let mut bench = Bench::new(&VAULT);
        bench.provide(0, 1, XPL);
        let xpl = |amount: u64| amount * XPL;
        let (paid, moved) = settled(&mut bench, 1_000_000, 2_000_000);
        assert_eq!((paid, moved.deposited), (u128::from(xpl(1_620)), xpl(1_620)));
        let (paid, moved) = settled(&mut bench, 1_000_000, 500_000);
        assert_eq!((paid, moved.reminted, moved.minted), (u128::from(xpl(6_480)), xpl(1_620), xpl(1_620)));
        let (paid, moved) = settled(&mut bench, 3_000_000, 3_000_000);
        assert_eq!((paid, moved.deposited + moved.reminted + moved.minted), (u128::from(xpl(3_240)), 0));
        bench.engine.view(|state| {
            assert_eq!((state.ledger.vault, *state.vault), (0, Vault::default()));
            assert_eq!(state.ledger.minted, u128::from(xpl(1_620)));
        });
    }

    #[test]
    fn no_price_no_collateral_or_no_credit_refuses() {
        let mut bench = Bench::new(&VAULT);
        let submit = hour_job(bench.now);
        assert_eq!(bench.refused_by(2, submit), Rejection::NoOraclePrice);
        price(&mut bench, 1_000);
        let dust = Submit { budget: 999_999, ..hour_job(bench.now) };
        assert_eq!(bench.refused_by(2, dust), Rejection::CreditTooSmall);
        let submit = hour_job(bench.now);
        bench.by(2, submit);
        // Falling by a tenth leaves exactly what the default asks for.
        price(&mut bench, 900);
        bench.by(2, submit);
        price(&mut bench, 800);
        assert_eq!(bench.refused_by(2, submit), Rejection::VaultHalted);
    }

    #[test]
    fn without_a_price_the_payment_stays() {
        let mut bench = Bench::new(&[&VAULT[..], &[("oracle.stale_after", 60_000)]].concat());
        bench.provide(0, 1, XPL);
        price(&mut bench, 1_000_000);
        let submit = hour_job(bench.now);
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        let free = bench.free(0);
        bench.wait(120_000);
        bench.commit(0, lease);
        assert_eq!(bench.free(0) - free, u128::from(3_240 * XPL));
    }

    /// Cases of akash-network/node, `x/bme/keeper/keeper_test.go`, `TestCalculateBlocksDiff_*`: a vault that owes what 10 000 XPL were
    /// worth at a dollar has, in ten-thousandths, as much collateral as a dollar has hundredths of a cent. A step is a second.
    #[test]
    fn windows_are_as_far_apart_as_akashs_test_says() {
        let windows = |rate: u64, ratio: u64| {
            let brake = [("settle.warn", 9_500 * BASIS_POINT), ("settle.halt", 0), ("settle.brake_rate", rate)];
            let mut bench = Bench::new(&[&VAULT[..], &brake, &[("settle.brake_step", SECOND)]].concat());
            price(&mut bench, 1_000_000);
            let submit = Submit { budget: 10_000 * XPL, ..hour_job(bench.now) };
            assert_eq!(names(&bench.by(2, submit))[..2], ["Submitted", "Credited"]);
            price(&mut bench, ratio * 100);
            let events = bench.by(2, submit);
            events.iter().find_map(|event| if let Event::Braked(braked) = event { Some((*braked, bench.now - 1)) } else { None })
        };
        let percent = |percent: u64| percent * ONE / 100;
        let cases: [(u64, &[(u64, u64)]); 4] = [
            (10, &[(9_495, 10), (9_491, 10), (9_490, 11), (9_480, 12), (9_450, 16), (9_400, 25), (9_300, 67), (9_000, 1_173)]),
            (100, &[(9_490, 20), (9_480, 40), (9_450, 320), (9_400, 10_240), (9_390, 14_400), (9_000, 14_400)]),
            (1, &[(9_490, 10), (9_400, 11), (9_000, 16)]),
            (0, &[(9_200, 10), (9_000, 10)]),
        ];
        for (rate, expected) in cases {
            for &(ratio, steps) in expected {
                let (window, opened) = windows(percent(rate), ratio).expect("a window");
                assert_eq!(window.ratio, ratio * BASIS_POINT);
                assert_eq!((window.shuts, window.opens), (opened + 10 * SECOND, opened + steps * SECOND), "at {ratio}, {rate} %");
            }
            assert_eq!([9_500, 9_600, 10_000].map(|ratio| windows(percent(rate), ratio)), [None; 3]);
        }
    }

    #[test]
    fn credits_are_issued_in_windows_and_settled_at_all_times() {
        let brake = [("settle.warn", 950_000_000), ("settle.brake_rate", ONE), ("emission.yearly", 0), ("emission.schedule", 0)];
        let mut bench = Bench::new(&[&VAULT[..], &brake].concat());
        bench.provide(0, 1, XPL);
        price(&mut bench, 1_000_000);
        let submit = hour_job(bench.now);
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        price(&mut bench, 940_000);
        // Ten thousandths are missing: 10 240 steps of six seconds to the next window, of which ten are over soon.
        assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Credited", "Braked", "Queued"]);
        bench.wait(59_990);
        assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Credited", "Queued"]);
        bench.wait(9);
        let opens = bench.engine.view(|state| state.vault.opens);
        let [Event::Refused(refused)] = bench.by(2, submit)[..] else { panic!("the window is over") };
        assert_eq!((refused.reason(), refused.need), (Some(Rejection::VaultBraked), opens - (bench.now - 1)));
        // Who worked is paid in dollars meanwhile, and a price that recovers opens no window before its time.
        assert!(names(&bench.commit(0, lease)).contains(&"Reminted"));
        price(&mut bench, 1_000_000);
        assert_eq!(bench.refused_by(2, submit), Rejection::VaultBraked);
        bench.wait(opens - bench.now);
        price(&mut bench, 1_000_000);
        let submit = hour_job(bench.now);
        assert_eq!(names(&bench.by(2, submit))[..2], ["Submitted", "Credited"]);
    }
}
