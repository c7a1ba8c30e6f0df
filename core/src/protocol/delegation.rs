//! Delegation: how stake comes to a provider, what it claims there, and how it leaves.
//!
//! Who delegates has shares of the provider's pool; every change of them pays what they have earned. Stake that leaves is no longer
//! the pool's: it earns nothing, and arrives after `bond.unbonding`. Until then it is answerable for leases that began before it
//! left. What leaves a provider in one epoch is one fund and answers together, as if all of it had left with the last of it, so
//! that a slash costs the same however many left.
//!
//! Whoever delegates is a [`Delegator`]: an account with its free balance, or one of its grants with its pot
//! ([`crate::protocol::vesting::stake`]). The pools cannot tell them apart.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::shares::Fund;
use crate::ids::{AccountId, GrantId, ProviderId};
use crate::protocol::staking::Earned;
use crate::protocol::vesting::stake::GrantReturned;
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// Whose stake it is: an account's own, or that of one of its grants.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Delegator {
    /// The account, which decides on it either way.
    pub account: AccountId,
    /// The grant, or none.
    pub grant: GrantId,
}

impl From<AccountId> for Delegator {
    fn from(account: AccountId) -> Self {
        Self { account, grant: GrantId::NONE }
    }
}

impl Delegator {
    /// Where its stake comes from and returns to.
    pub(crate) fn pot(self) -> Pot {
        if self.grant.is_some() { Pot::Vesting(self.grant) } else { Pot::Free(self.account) }
    }
}

/// What left one provider in one epoch.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Leaving {
    /// Nano-XPL, and the shares of it.
    pub fund: Fund,
    /// When the last of it left.
    pub last: Time,
}

/// One delegator's part of what left.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Withdrawal {
    /// The epoch in which it left.
    pub epoch: u64,
    /// Shares of what left with it.
    pub units: u64,
    /// Whose.
    pub whose: Delegator,
    /// Whom it left.
    pub provider: ProviderId,
}

payload! {
    /// Brings stake to a provider from the free balance.
    pub struct Delegate {
        /// Nano-XPL.
        pub amount: u64,
        /// To whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Asks for stake back.
    pub struct Undelegate {
        /// Nano-XPL.
        pub amount: u64,
        /// From whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Asks for what stake has earned.
    pub struct ClaimRewards {
        /// With whom.
        pub provider: ProviderId,
    }

    /// The earliest stake on its way back is due.
    pub struct WithdrawalDue {}

    /// Stake joined a pool.
    pub struct Delegated {
        /// Shares it was given.
        pub shares: u64,
        /// Nano-XPL that the account's earlier shares had earned.
        pub reward: u64,
    }

    /// Stake left a pool and started its way back.
    pub struct Undelegated {
        /// Shares of the pool that were given up.
        pub shares: u64,
        /// Shares of what leaves in this epoch.
        pub units: u64,
        /// Nano-XPL that the account's shares had earned.
        pub reward: u64,
        /// When it arrives.
        pub release: Time,
    }

    /// Rewards were claimed.
    pub struct Claimed {
        /// Nano-XPL.
        pub reward: u64,
        /// Shares that had become worthless and were given up.
        pub shares: u64,
    }

    /// The first of the stake on its way back arrived.
    pub struct Released {
        /// Nano-XPL.
        pub amount: u64,
        /// Whose.
        pub account: AccountId,
        /// Whom it left.
        pub provider: ProviderId,
    }
}

// Decide

impl State<'_> {
    /// Whether stake may be brought or moved at all, in this amount.
    ///
    /// # Errors
    /// [`Rejection::DelegationOff`], [`Rejection::ZeroAmount`] or [`Rejection::StakeTooSmall`].
    pub(crate) fn admit_stake(&self, amount: u64) -> Result<(), Refusal> {
        if self.params.stake_delegation() == 0 {
            return Err(Rejection::DelegationOff.into());
        }
        if amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        let least = self.params.stake_minimum();
        if amount < least { Err(Rejection::StakeTooSmall.needing(least)) } else { Ok(()) }
    }

    /// Shares that a delegator must give up for an amount.
    ///
    /// # Errors
    /// [`Rejection::NoDelegation`] or [`Rejection::StakeShort`].
    pub(crate) fn give_up(&self, whose: Delegator, provider: ProviderId, amount: u64) -> Result<u64, Refusal> {
        if !self.staking.delegations.contains_key(&(whose, provider)) {
            return Err(Rejection::NoDelegation.into());
        }
        let short = || Rejection::StakeShort.needing(amount - self.staking.stake_of(whose, provider));
        self.staking.price_of(whose, provider, amount).ok_or_else(short)
    }

    /// Shares of a pool, and of what leaves it in this epoch, for an amount that a delegator asks back.
    ///
    /// # Errors
    /// [`Rejection::ZeroAmount`], [`Rejection::TooManyShares`] or as [`State::give_up`].
    pub(crate) fn let_go(&self, whose: Delegator, provider: ProviderId, amount: u64) -> Result<(u64, u64), Refusal> {
        if amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        let shares = self.give_up(whose, provider, amount)?;
        let leaving = self.staking.leaving.get(&(provider, self.clock.epoch)).copied().unwrap_or_default();
        let units = leaving.fund.issued(amount).ok_or(Rejection::TooManyShares.needing(leaving.fund.room()))?;
        Ok((shares, units))
    }

    /// Shares of a delegator that a slash made worthless, which are given up with a claim.
    ///
    /// # Errors
    /// [`Rejection::NoDelegation`].
    pub(crate) fn worthless(&self, whose: Delegator, provider: ProviderId) -> Result<u64, Refusal> {
        let owned = self.staking.delegations.get(&(whose, provider)).ok_or(Rejection::NoDelegation)?.shares;
        Ok(if self.staking.stake_of(whose, provider) == 0 { owned } else { 0 })
    }
}

impl Decide for Delegate {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, account) = state.mobile_account(record)?;
        state.admit_stake(self.amount)?;
        account.require(self.amount)?;
        let shares = state.accept_stake(id, self.provider, self.amount)?;
        events.push(Delegated { shares, reward: state.staking.claimable(id, self.provider) }.into());
        Ok(())
    }
}

impl Decide for Undelegate {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, _) = state.mobile_account(record)?;
        let (shares, units) = state.let_go(id.into(), self.provider, self.amount)?;
        let release = state.released(record.time);
        events.push(Undelegated { shares, units, reward: state.staking.claimable(id, self.provider), release }.into());
        Ok(())
    }
}

impl Decide for ClaimRewards {
    /// Shares that a slash made worthless are given up with the claim.
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, _) = state.mobile_account(record)?;
        let shares = state.worthless(id.into(), self.provider)?;
        events.push(Claimed { reward: state.staking.claimable(id, self.provider), shares }.into());
        Ok(())
    }
}

impl Fire for WithdrawalDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.staking.withdrawals.due(time).next().is_some()
    }

    /// One at a time: each has set a timer, and what the next is worth depends on what this one took.
    fn decide(&self, state: &State, _record: &Record, events: &mut Vec<Event>) {
        let Some(first) = state.staking.withdrawals.first() else { return };
        let amount = state.staking.leaving[&(first.provider, first.epoch)].fund.worth(first.units);
        let Withdrawal { whose, provider, .. } = *first;
        events.push(if whose.grant.is_some() {
            GrantReturned::of(state.grants.row(whose.grant.0), amount, provider).into()
        } else {
            Released { amount, account: whose.account, provider }.into()
        });
    }
}

// Apply

impl State<'_> {
    /// Brings stake to a pool for shares of it.
    pub(crate) fn join_pool(&mut self, whose: Delegator, provider: ProviderId, amount: u64, shares: u64, earned: Earned) {
        self.begin_anew(provider);
        self.settle_delegation(whose, provider, 0, earned, |before| before + shares);
        self.transfer(whose.pot(), Pot::Delegated(provider), amount);
        self.pooled(provider).shares += shares;
    }

    /// Starts stake on its way back.
    pub(crate) fn leave_pool(
        &mut self,
        whose: Delegator,
        provider: ProviderId,
        amount: u64,
        (shares, units): (u64, u64),
        release: Time,
        earned: Earned,
    ) {
        let (now, epoch) = (self.clock.now, self.clock.epoch);
        self.settle_delegation(whose, provider, 0, earned, |before| before - shares);
        self.pooled(provider).shares -= shares;
        let leaving = self.staking.leaving.entry((provider, epoch)).or_default();
        leaving.fund.shares += units;
        leaving.last = now;
        self.transfer(Pot::Delegated(provider), Pot::Leaving(provider, epoch), amount);
        self.staking.withdrawals.push(release, Withdrawal { epoch, units, whose, provider });
    }

    /// Pays a delegator what its shares of a pool have earned, and gives worthless ones up.
    pub(crate) fn claim_of_pool(&mut self, whose: Delegator, provider: ProviderId, worthless: u64, earned: Earned) {
        let void = self.staking.delegations[&(whose, provider)].era != self.staking.pool(provider).era;
        // Shares of an era that has ended go whenever anything is settled.
        let given_up = if void { 0 } else { worthless };
        self.settle_delegation(whose, provider, 0, earned, |before| before - given_up);
        self.pooled(provider).shares -= given_up;
    }

    /// Ends the way of the first stake on its way back: an amount goes where it came from, and what is left of it is free.
    pub(crate) fn arrive(&mut self, amount: u64, excess: u64) {
        let first = self.staking.withdrawals.pop().expect("stake is on its way back");
        let key = (first.provider, first.epoch);
        self.transfer(Pot::Leaving(key.0, key.1), first.whose.pot(), amount);
        self.transfer(Pot::Leaving(key.0, key.1), Pot::Free(first.whose.account), excess);
        let fund = &mut self.staking.leaving.get_mut(&key).expect("it left").fund;
        fund.shares -= first.units;
        if *fund == Fund::default() {
            self.staking.leaving.remove(&key);
        }
    }
}

impl Apply for Delegated {
    fn apply(&self, state: &mut State, record: &Record) {
        let Delegate { amount, provider, .. } = cause!(record, Command::Delegate);
        state.join_pool(record.account().into(), provider, amount, self.shares, self.reward.into());
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.restake(state, cause!(record, Command::Delegate).provider);
    }
}

impl Apply for Undelegated {
    fn apply(&self, state: &mut State, record: &Record) {
        let Undelegate { amount, provider, .. } = cause!(record, Command::Undelegate);
        let parts = (self.shares, self.units);
        state.leave_pool(record.account().into(), provider, amount, parts, self.release, self.reward.into());
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.timers.set(self.release, Timer::WithdrawalDue(WithdrawalDue {}));
        derived.restake(state, cause!(record, Command::Undelegate).provider);
    }
}

impl Apply for Claimed {
    fn apply(&self, state: &mut State, record: &Record) {
        let provider = cause!(record, Command::ClaimRewards).provider;
        state.claim_of_pool(record.account().into(), provider, self.shares, self.reward.into());
    }
}

impl Apply for Released {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.arrive(self.amount, 0);
    }
}

// Invariants

/// What leaves is somebody's.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let staking = &state.staking;
    let mut units: std::collections::BTreeMap<_, _> =
        staking.leaving.iter().map(|(&key, leaving)| (key, Some(leaving.fund.shares))).collect();
    for withdrawal in staking.withdrawals.iter() {
        let left = units.entry((withdrawal.provider, withdrawal.epoch)).or_insert(None);
        *left = left.and_then(|left| left.checked_sub(withdrawal.units));
    }
    if let Some(((provider, epoch), left)) = units.iter().find(|(_, left)| **left != Some(0)) {
        return Err(format!("of what left {provider} in epoch {epoch}, {left:?} shares are nobody's"));
    }
    let sound = |leaving: &Leaving| leaving.fund.holds <= leaving.fund.shares && leaving.fund.shares > 0;
    if !staking.leaving.values().all(sound) || !staking.withdrawals.is_sound() {
        return Err("stake on its way back is out of order".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{ONE, XPL};
    use crate::protocol::bond::Bond;
    use crate::protocol::job::Submit;
    use crate::protocol::provider::Retire;
    use crate::testing::{Bench, hour_job, names};
    use crate::time::{DAY, HOUR};

    /// Nothing is minted, so that what moves is stake alone.
    fn bench(set: &[(&str, u64)]) -> Bench {
        let quiet = [("stake.delegation", 1), ("emission.start", 900 * DAY), ("fee.base", 0), ("bond.unbonding", 3 * HOUR)];
        let mut bench = Bench::new(&quiet.iter().chain(set).copied().collect::<Vec<_>>());
        bench.provide(0, 1, XPL);
        bench
    }

    fn delegate(amount: u64) -> Delegate {
        Delegate { amount, provider: ProviderId(0), pad: 0 }
    }

    fn undelegate(amount: u64) -> Undelegate {
        Undelegate { amount, provider: ProviderId(0), pad: 0 }
    }

    fn stake(bench: &mut Bench, account: u32) -> u64 {
        bench.engine.view(|state| state.staking.stake_of(AccountId(account), ProviderId(0)))
    }

    #[test]
    fn stake_comes_back_after_the_unbonding_period() {
        let mut bench = bench(&[]);
        bench.by(1, delegate(100 * XPL));
        assert_eq!((bench.free(1), stake(&mut bench, 1)), (u128::from(999_900 * XPL), 100 * XPL));
        let asked = bench.now;
        bench.by(1, undelegate(40 * XPL));
        bench.by(1, undelegate(60 * XPL));
        assert_eq!(bench.refused_by(1, undelegate(1)), Rejection::NoDelegation);
        bench.wait(asked + 3 * HOUR - bench.now);
        assert_eq!(bench.free(1), u128::from(999_900 * XPL));
        let released = |amount| Released { amount: amount * XPL, account: AccountId(1), provider: ProviderId(0) };
        assert_eq!(bench.wait(1), [released(40).into()]);
        assert_eq!(bench.wait(1), [released(60).into()]);
        assert_eq!(bench.free(1), u128::from(1_000_000 * XPL));
        assert!(bench.engine.view(|state| state.staking.leaving.is_empty() && state.staking.delegations.is_empty()));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_number_that_could() {
        let mut bench = bench(&[("stake.max_ratio", 2 * ONE)]);
        let refused = |bench: &mut Bench, account, command: crate::record::Command| match bench.by(account, command)[..] {
            [Event::Refused(refused)] => (refused.reason().expect("known"), refused.need),
            ref events => panic!("not refused, but {events:?}"),
        };
        assert_eq!(refused(&mut bench, 1, delegate(0).into()), (Rejection::ZeroAmount, 0));
        assert_eq!(refused(&mut bench, 1, delegate(1).into()), (Rejection::StakeTooSmall, XPL));
        assert_eq!(refused(&mut bench, 1, delegate(1_000_001 * XPL).into()), (Rejection::InsufficientFunds, XPL));
        assert_eq!(refused(&mut bench, 0, delegate(XPL).into()), (Rejection::OwnProvider, 0));
        let nobody = Delegate { amount: XPL, provider: ProviderId(7), pad: 0 };
        assert_eq!(refused(&mut bench, 1, nobody.into()), (Rejection::NotAProvider, 0));
        assert_eq!(refused(&mut bench, 1, delegate(200_001 * XPL).into()), (Rejection::RatioExceeded, 200_000 * XPL));
        bench.by(1, delegate(150_000 * XPL));
        assert_eq!(refused(&mut bench, 2, delegate(50_001 * XPL).into()), (Rejection::RatioExceeded, 50_000 * XPL));
        assert_eq!(refused(&mut bench, 1, undelegate(150_002 * XPL).into()), (Rejection::StakeShort, 2 * XPL));
        assert_eq!(refused(&mut bench, 1, undelegate(0).into()), (Rejection::ZeroAmount, 0));
        assert_eq!(refused(&mut bench, 2, undelegate(1).into()), (Rejection::NoDelegation, 0));
        bench.by(0, Retire {});
        assert_eq!(refused(&mut bench, 2, delegate(XPL).into()), (Rejection::ProviderGone, 0));
        assert_eq!(bench.refused(crate::record::Origin::Host, delegate(XPL)), Rejection::NotPermitted);
    }

    #[test]
    fn everybody_can_leave_whom_nobody_is_left_at() {
        let mut bench = bench(&[("stake.minimum", 0)]);
        let amounts = [(1, 300_000 * XPL), (2, 1), (3, 7 * XPL + 3)];
        for (account, amount) in amounts {
            bench.by(account, delegate(amount));
        }
        bench.by(0, Retire {});
        for (account, amount) in amounts {
            assert_eq!(names(&bench.by(account, undelegate(amount))), ["Undelegated"]);
        }
        assert_eq!(names(&bench.wait(3 * HOUR)), ["Unbonded", "Released", "Released", "Released"]);
        assert_eq!([1, 2, 3].map(|account| bench.free(account)), [u128::from(1_000_000 * XPL); 3]);
    }

    /// A lease on the provider's one GPU that nobody works on: all of the 2 000 XPL behind it are lost, of a bond of 4 000.
    fn miss(bench: &mut Bench) -> Vec<Event> {
        let submit = Submit { start_by: bench.now, finish_by: bench.now + HOUR + 1, ..hour_job(bench.now) };
        names(&bench.by(4, submit)).iter().for_each(|name| assert!(["Submitted", "Leased"].contains(name), "{name}"));
        bench.wait(HOUR + 1)
    }

    const HARSH: [(&str, u64); 4] =
        [("slash.missed", ONE), ("market.lease_grace", 0), ("market.retries", 0), ("bond.per_gpu", 50_000 * XPL)];

    #[test]
    fn who_left_before_the_lease_is_safe_and_who_left_after_it_is_not() {
        let mut bench =
            bench(&[("epoch.length", HOUR), ("market.lease_slack", ONE)].iter().chain(&HARSH).copied().collect::<Vec<_>>());
        for account in [1, 2, 3] {
            bench.by(account, delegate(1_000 * XPL));
        }
        bench.by(1, undelegate(600 * XPL));
        bench.wait(HOUR);
        let submit = Submit { start_by: bench.now, finish_by: bench.now + HOUR + 1, ..hour_job(bench.now) };
        bench.by(4, submit);
        bench.by(2, undelegate(600 * XPL));
        let events = bench.wait(HOUR + 1);
        let cut: Vec<_> = names(&events).into_iter().filter(|name| name.ends_with("Slashed")).collect();
        assert_eq!(cut, ["Slashed", "LeavingSlashed", "StakeSlashed"]);
        // Half of the bond, half of what left since, half of what is there.
        assert_eq!(bench.bond(0), u128::from(50_000 * XPL));
        assert_eq!([1, 2, 3].map(|account| stake(&mut bench, account)), [200, 200, 500].map(|xpl| xpl * XPL));
        bench.wait(3 * HOUR);
        let free = |xpl: u64| u128::from((999_000 + xpl) * XPL);
        assert_eq!([1, 2, 3].map(|account| bench.free(account)), [free(600), free(300), free(0)]);
    }

    #[test]
    fn nobody_joins_what_left_in_an_epoch_and_has_lost_all() {
        let mut bench = bench(&HARSH);
        bench.by(1, delegate(1_000 * XPL));
        miss(&mut bench);
        let submit = Submit { start_by: bench.now, finish_by: bench.now + HOUR + 1, ..hour_job(bench.now) };
        bench.by(4, submit);
        bench.by(1, undelegate(100 * XPL));
        assert!(names(&bench.wait(HOUR + 1)).contains(&"LeavingSlashed"));
        bench.by(0, Bond { amount: 50_000 * XPL });
        bench.by(2, delegate(XPL));
        assert_eq!(bench.refused_by(2, undelegate(1)), Rejection::TooManyShares);
    }

    #[test]
    fn a_pool_that_lost_all_begins_anew_with_the_next_stake_whoever_holds_its_shares() {
        let minted = [("emission.schedule", 0), ("emission.yearly", 365_250), ("emission.start", 0), ("epoch.length", HOUR)];
        let mut bench = bench(&HARSH.iter().chain(&minted).copied().collect::<Vec<_>>());
        for account in [1, 3] {
            bench.by(account, delegate(1_000 * XPL));
        }
        // An epoch's 12.5 XPL for stakers, of which the bond has all but a fiftieth.
        assert!(names(&bench.wait(HOUR)).contains(&"StakeRewarded"));
        let earned =
            |bench: &mut Bench, account| bench.engine.view(|state| state.staking.claimable(AccountId(account), ProviderId(0)));
        assert!(names(&miss(&mut bench)).contains(&"StakeSlashed"));
        assert_eq!(stake(&mut bench, 1), 500 * XPL);
        miss(&mut bench);
        assert_eq!((bench.bond(0), stake(&mut bench, 1)), (0, 0));
        let owed = earned(&mut bench, 1);
        assert!(owed > 0);
        bench.by(0, Bond { amount: 50_000 * XPL });
        assert_eq!(bench.by(2, delegate(XPL)), [Delegated { shares: XPL, reward: 0 }.into()]);
        assert_eq!([1, 2, 3].map(|account| stake(&mut bench, account)), [0, XPL, 0]);
        // What the old shares had earned stays; they earn nothing more, and are worth nothing.
        assert!(names(&bench.wait(HOUR)).contains(&"StakeRewarded"));
        assert_eq!([1, 3].map(|account| earned(&mut bench, account)), [owed; 2]);
        assert_eq!(bench.refused_by(1, undelegate(1)), Rejection::StakeShort);
        let claim = ClaimRewards { provider: ProviderId(0) };
        assert_eq!(bench.by(1, claim), [Claimed { reward: owed, shares: 1_000 * XPL }.into()]);
        assert_eq!(bench.refused_by(1, claim), Rejection::NoDelegation);
        // Who comes back is paid what the old shares had earned, and has new ones.
        assert_eq!(bench.engine.view(|state| state.staking.ended.len()), 1);
        assert_eq!(bench.by(3, delegate(2 * XPL)), [Delegated { shares: 2 * XPL, reward: owed }.into()]);
        assert_eq!((stake(&mut bench, 3), bench.engine.view(|state| state.staking.ended.len())), (2 * XPL, 0));
    }
}
