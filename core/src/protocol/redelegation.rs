//! Redelegation: stake that moves from one provider to another at once, and stays answerable to the first.
//!
//! What has moved works for the new provider from the next moment on. Until `bond.unbonding` is over it cannot move on or be
//! withdrawn, and a fault of the old provider in a lease that began before the move takes its part of it, wherever it is. What
//! moves between two providers in one epoch is one fund of shares of the new pool, so that a slash costs the same however many
//! moved; what the fund earns is shared among its movers as a pool's rewards are, and paid when the move is complete. (In Cosmos
//! moved stake may be withdrawn before, and is then answerable to both.)
//!
//! A slash visits every fund that left the provider at fault, so that there are at most [`MOST_FUNDS`] of them at a time. Cosmos
//! bounds them too (x/staking, `MaxEntries`), but by delegator and pair of providers, who may both be as many as anybody likes.
//! What moves between the same two in the same epoch is no further fund, and to undelegate is always possible. So that nobody takes
//! them all with dust, the provider's own friends least of all, only half of them are open to any amount: the others take as much
//! as [`MOST_FUNDS`] of them would need to be all that is delegated to the provider.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::rewards::{self, Accrual, whole};
use crate::formula::shares::Fund;
use crate::ids::{AccountId, ProviderId};
use crate::protocol::staking::{Pool, Staking};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

// Components

/// Most funds that may be moving away from one provider: fifty destinations on each day of `bond.unbonding`'s default.
pub const MOST_FUNDS: usize = 1_000;

/// What moved from one provider to another in one epoch.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Moving {
    /// What a share of this fund has earned.
    pub accrual: Accrual,
    /// Where the new pool's accrual stood when this one last followed it.
    pub seen: u128,
    /// Shares of the new pool, and the shares of them.
    pub fund: Fund,
    /// When the last of it moved.
    pub last: Time,
    /// The new pool's era of which the shares are.
    pub era: u64,
}

/// One account's part of what moved.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Move {
    /// Where the fund's accrual stood when it moved.
    pub since: u128,
    /// The epoch in which it moved.
    pub epoch: u64,
    /// Shares of what moved with it.
    pub units: u64,
    /// Whose.
    pub account: AccountId,
    /// Whom it left.
    pub from: ProviderId,
    /// Whom it works for.
    pub to: ProviderId,
}

impl Move {
    /// What it is part of.
    pub(crate) fn key(&self) -> (ProviderId, u64, ProviderId) {
        (self.from, self.epoch, self.to)
    }
}

payload! {
    /// Moves stake to another provider.
    pub struct Redelegate {
        /// Nano-XPL.
        pub amount: u64,
        /// From whom.
        pub from: ProviderId,
        /// To whom.
        pub to: ProviderId,
    }

    /// The earliest move is complete.
    pub struct MoveDue {}

    /// Stake moved to another pool.
    pub struct Redelegated {
        /// Shares of the old pool that were given up.
        pub given_up: u64,
        /// Shares of the new pool that it was given.
        pub shares: u64,
        /// Shares of what moves between the two in this epoch.
        pub units: u64,
        /// Nano-XPL that the account's shares of the old pool had earned.
        pub reward: u64,
        /// When the move is complete.
        pub release: Time,
    }

    /// A move is complete: the stake is its owner's like any other.
    pub struct Arrived {
        /// Shares of the new pool.
        pub shares: u64,
        /// Nano-XPL that these and the account's other shares of it had earned.
        pub reward: u64,
        /// Whose.
        pub account: AccountId,
        /// With whom.
        pub provider: ProviderId,
    }
}

impl Moving {
    /// What its shares of the new pool have earned since it last followed that pool's accrual, which now stands at `sum`, or whose
    /// era is over and forgotten; `None` when that exceeds `u128`.
    pub(crate) fn gain(&self, sum: Option<u128>) -> Option<u128> {
        rewards::earned(self.fund.holds, self.seen, sum.unwrap_or(self.seen))
    }

    /// Follows the new pool's accrual, as it must before its shares change.
    pub(crate) fn follow(&mut self, sum: Option<u128>) {
        let gain = self.gain(sum).expect("no more is owed than the pool holds");
        // Without a gain a remainder waits, even if shares have left that it was too little for: when somebody looks changes nothing.
        if gain > 0 {
            self.accrual.share_out(gain, self.fund.shares);
        }
        self.seen = sum.unwrap_or(self.seen);
    }

    /// What so many of its shares have earned, in ronto-XPL.
    fn earned(&self, units: u64, since: u128) -> u128 {
        self.accrual.earned(units, since).expect("no more is owed than the pool holds")
    }
}

impl Staking {
    /// What is moving away from a provider, by epoch and destination.
    pub(crate) fn moving_from(&self, from: ProviderId) -> impl Iterator<Item = (u64, ProviderId, &Moving)> {
        let whole = (from, 0, ProviderId(0))..=(from, u64::MAX, ProviderId::NONE);
        self.moving.range(whole).map(|(&(_, epoch, to), moving)| (epoch, to, moving))
    }
}

// Decide

impl State<'_> {
    /// Whether a move of an amount may be a fund of its own.
    ///
    /// # Errors
    /// [`Rejection::TooManyMoves`] or [`Rejection::MoveTooSmall`].
    fn admit_fund(&self, from: ProviderId, amount: u64) -> Result<(), Refusal> {
        let funds = self.staking.moving_from(from).count();
        if funds >= MOST_FUNDS {
            return Err(Rejection::TooManyMoves.needing(MOST_FUNDS as u64));
        }
        let least = if funds < MOST_FUNDS / 2 { 0 } else { self.staking.delegated(from).div_ceil(MOST_FUNDS as u64) };
        if amount < least { Err(Rejection::MoveTooSmall.needing(least)) } else { Ok(()) }
    }
}

impl Decide for Redelegate {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, _) = state.mobile_account(record)?;
        state.admit_stake(self.amount)?;
        if self.from == self.to {
            return Err(Rejection::SameProvider.into());
        }
        let given_up = state.give_up(id.into(), self.from, self.amount)?;
        let shares = state.accept_stake(id, self.to, self.amount)?;
        let moving = state.staking.moving.get(&(self.from, state.clock.epoch, self.to));
        // Nobody joins what moved into an era that has ended, or ends now.
        let fund = match moving {
            Some(moving) if moving.era == state.staking.era_to_join(self.to) => moving.fund,
            Some(_) => return Err(Rejection::TooManyShares.needing(0)),
            None => {
                state.admit_fund(self.from, self.amount)?;
                Fund::default()
            }
        };
        let units = fund.issued(shares).ok_or(Rejection::TooManyShares.needing(0))?;
        let release = state.released(record.time);
        let reward = state.staking.claimable(id, self.from);
        events.push(Redelegated { given_up, shares, units, reward, release }.into());
        Ok(())
    }
}

impl Fire for MoveDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.staking.moves.due(time).next().is_some()
    }

    /// One at a time, as withdrawals.
    fn decide(&self, state: &State, _record: &Record, events: &mut Vec<Event>) {
        let Some(first) = state.staking.moves.first() else { return };
        let mut moving = state.staking.moving[&first.key()];
        moving.follow(state.staking.sum_of(first.to, moving.era));
        let earned = moving.earned(first.units, first.since) + state.staking.earned(first.account.into(), first.to);
        let (account, provider) = (first.account, first.to);
        let void = moving.era != state.staking.pool(provider).era;
        let shares = if void { 0 } else { moving.fund.worth(first.units) };
        events.push(Arrived { shares, reward: whole(earned), account, provider }.into());
    }
}

// Apply

impl Apply for Redelegated {
    fn apply(&self, state: &mut State, record: &Record) {
        let Redelegate { amount, from, to } = cause!(record, Command::Redelegate);
        let (account, epoch) = (record.account(), state.clock.epoch);
        state.settle_delegation(account.into(), from, 0, self.reward.into(), |shares| shares - self.given_up);
        state.begin_anew(to);
        state.transfer(Pot::Delegated(from), Pot::Delegated(to), amount);
        state.pooled(from).shares -= self.given_up;
        state.pooled(to).shares += self.shares;
        let Pool { accrual, era, .. } = *state.staking.pool(to);
        let moving = state.staking.moving.entry((from, epoch, to)).or_insert(Moving { era, ..Moving::default() });
        moving.follow(Some(accrual.sum));
        moving.fund.holds += self.shares;
        moving.fund.shares += self.units;
        moving.last = record.time;
        let moved = Move { since: moving.accrual.sum, epoch, units: self.units, account, from, to };
        state.staking.moves.push(self.release, moved);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.timers.set(self.release, Timer::MoveDue(MoveDue {}));
        let command = cause!(record, Command::Redelegate);
        derived.restake(state, command.from);
        derived.restake(state, command.to);
    }
}

impl Apply for Arrived {
    fn apply(&self, state: &mut State, _record: &Record) {
        let first = state.staking.moves.pop().expect("stake is moving");
        let era = state.staking.moving[&first.key()].era;
        let sum = state.staking.sum_of(first.to, era);
        let moving = state.staking.moving.get_mut(&first.key()).expect("it moved");
        moving.follow(sum);
        let earned = moving.earned(first.units, first.since);
        let shares = moving.fund.worth(first.units);
        moving.fund.holds -= shares;
        moving.fund.shares -= first.units;
        if moving.fund == Fund::default() {
            // What its movers could not share among them is the pool's again.
            let rest = moving.accrual.rest;
            state.staking.moving.remove(&first.key());
            state.staking.pool_mut(first.to).accrual.rest += rest;
        }
        if era != state.staking.pool(first.to).era {
            state.staking.retire_void(first.to, era, shares);
        }
        state.settle_delegation(first.account.into(), first.to, earned, self.reward.into(), |shares| shares + self.shares);
    }
}

// Invariants

/// What moves is somebody's, between two providers.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let staking = &state.staking;
    let mut units: BTreeMap<_, _> = staking.moving.iter().map(|(&key, moving)| (key, Some(moving.fund.shares))).collect();
    for moved in staking.moves.iter() {
        let left = units.entry(moved.key()).or_insert(None);
        *left = left.and_then(|left| left.checked_sub(moved.units));
    }
    if let Some(((from, epoch, to), left)) = units.iter().find(|(_, left)| **left != Some(0)) {
        return Err(format!("of what moved from {from} to {to} in epoch {epoch}, {left:?} shares are nobody's"));
    }
    let sound = |moving: &Moving| moving.fund.holds <= moving.fund.shares && moving.fund.shares > 0;
    let mut funds = BTreeMap::<ProviderId, usize>::new();
    staking.moving.keys().for_each(|&(from, ..)| *funds.entry(from).or_default() += 1);
    if let Some((from, funds)) = funds.iter().find(|(_, funds)| **funds > MOST_FUNDS) {
        return Err(format!("{funds} funds are moving from {from}"));
    }
    if !staking.moving.values().all(sound) || !staking.moves.is_sound() {
        return Err("moving stake is out of order".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{ONE, XPL};
    use crate::protocol::delegation::{ClaimRewards, Delegate, Undelegate};
    use crate::protocol::job::Submit;
    use crate::protocol::slashing::MovedSlashed;
    use crate::testing::{Bench, hour_job, names};
    use crate::time::{DAY, HOUR, MINUTE};

    const MOVE: Redelegate = Redelegate { amount: 100_000 * XPL, from: ProviderId(0), to: ProviderId(1) };

    /// Two providers of a bond of a hundred thousand XPL each, and an account with as much stake at the first.
    fn bench(set: &[(&str, u64)]) -> Bench {
        let mut bench = Bench::new(&[("stake.delegation", 1), ("fee.base", 0)].iter().chain(set).copied().collect::<Vec<_>>());
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, 2 * XPL);
        bench.by(2, Delegate { amount: 100_000 * XPL, provider: ProviderId(0), pad: 0 });
        bench
    }

    fn stake(bench: &mut Bench, provider: u32) -> u64 {
        bench.engine.view(|state| state.staking.stake_of(AccountId(2), ProviderId(provider)))
    }

    #[test]
    fn moved_stake_works_at_once_and_is_its_owners_again_when_the_move_is_complete() {
        let set = [("emission.schedule", 0), ("emission.yearly", 365_250), ("bond.unbonding", 30 * HOUR)];
        let mut bench = bench(&set);
        assert_eq!(names(&bench.by(2, MOVE)), ["Redelegated"]);
        assert_eq!((stake(&mut bench, 0), stake(&mut bench, 1)), (0, 0));
        bench.engine.view(|state| assert_eq!(state.staking.delegated(ProviderId(1)), 100_000 * XPL));
        // It cannot move on, leave, or claim yet.
        assert_eq!(bench.refused_by(2, Redelegate { from: ProviderId(1), to: ProviderId(0), ..MOVE }), Rejection::NoDelegation);
        let back = Undelegate { amount: 1, provider: ProviderId(1), pad: 0 };
        assert_eq!(bench.refused_by(2, back), Rejection::NoDelegation);
        assert_eq!(bench.refused_by(2, ClaimRewards { provider: ProviderId(1) }), Rejection::NoDelegation);
        let events = bench.wait(30 * HOUR);
        // An epoch's three hundred XPL: a hundred for each bond, a hundred for what moved, paid with its arrival.
        let arrived = Arrived { shares: 100_000 * XPL, reward: 100 * XPL, account: AccountId(2), provider: ProviderId(1) };
        assert_eq!(events.last(), Some(&arrived.into()));
        assert_eq!((stake(&mut bench, 1), bench.free(2)), (100_000 * XPL, u128::from(900_100 * XPL)));
        assert!(bench.engine.view(|state| state.staking.moving.is_empty()));
        assert_eq!(names(&bench.by(2, back)), ["Undelegated"]);
    }

    #[test]
    fn stake_moves_only_to_another_provider_that_may_take_it() {
        let mut bench = bench(&[("stake.max_ratio", ONE)]);
        assert_eq!(bench.refused_by(2, Redelegate { to: ProviderId(0), ..MOVE }), Rejection::SameProvider);
        assert_eq!(bench.refused_by(2, Redelegate { to: ProviderId(9), ..MOVE }), Rejection::NotAProvider);
        assert_eq!(bench.refused_by(2, Redelegate { amount: 100_001 * XPL, ..MOVE }), Rejection::StakeShort);
        assert_eq!(bench.refused_by(3, MOVE), Rejection::NoDelegation);
        bench.by(3, Delegate { amount: XPL, provider: ProviderId(1), pad: 0 });
        assert_eq!(bench.refused_by(2, MOVE), Rejection::RatioExceeded);
        assert_eq!(names(&bench.by(2, Redelegate { amount: 99_999 * XPL, ..MOVE })), ["Redelegated"]);
    }

    /// A delegator to as many places as it can, at first of dust: what a fault visits is bounded, joining and leaving are not.
    #[test]
    fn no_more_funds_move_from_a_provider_than_a_slash_may_visit() {
        let set = [("epoch.length", MINUTE), ("beacon.interval", MINUTE), ("bond.unbonding", DAY), ("emission.start", 900 * DAY)];
        let mut bench = bench(&set);
        let dust = Redelegate { amount: XPL, ..MOVE };
        for _ in 0..MOST_FUNDS / 2 {
            assert_eq!(names(&bench.by(2, dust)).last(), Some(&"Redelegated"));
            bench.now += MINUTE;
        }
        // The rest takes a thousandth of the 99 500 XPL that are left, at least.
        let Event::Refused(refused) = *bench.by(2, dust).last().expect("an event") else { panic!("dust has moved") };
        assert_eq!((refused.reason(), refused.need), (Some(Rejection::MoveTooSmall), 99 * XPL + XPL / 2));
        for _ in MOST_FUNDS / 2..MOST_FUNDS {
            assert_eq!(names(&bench.by(2, Redelegate { amount: 100 * XPL, ..MOVE })).last(), Some(&"Redelegated"));
            bench.now += MINUTE;
        }
        bench.wait(1);
        assert_eq!(bench.refused_by(2, dust), Rejection::TooManyMoves);
        // Leaving, and moving from elsewhere, stay open.
        bench.engine.view(|state| assert_eq!(state.staking.moving_from(ProviderId(0)).count(), MOST_FUNDS));
        assert_eq!(names(&bench.by(2, Undelegate { amount: XPL, provider: ProviderId(0), pad: 0 })), ["Undelegated"]);
        bench.by(3, Delegate { amount: XPL, provider: ProviderId(1), pad: 0 });
        let back = Redelegate { from: ProviderId(1), to: ProviderId(0), ..dust };
        assert_eq!(names(&bench.by(3, back)), ["Redelegated"]);
        // When the first is complete there is room for one again, and what joins it takes none.
        let complete = bench.engine.view(|state| state.staking.moves.times().next().expect("a move")) + 1;
        bench.wait(complete - bench.now);
        let worth = Redelegate { amount: 50 * XPL, ..MOVE };
        [worth, dust].into_iter().for_each(|asked| assert_eq!(names(&bench.by(2, asked)), ["Redelegated"]));
        bench.engine.view(|state| assert_eq!(state.staking.moving_from(ProviderId(0)).count(), MOST_FUNDS));
    }

    /// Half of a bond is lost for a lease that began before the move; others at the new provider lose nothing.
    #[test]
    fn what_moved_answers_for_the_provider_that_it_left() {
        let harsh = [
            ("slash.missed", ONE),
            ("market.lease_grace", 0),
            ("market.retries", 0),
            ("bond.per_gpu", 50_000 * XPL),
            ("emission.start", 900 * DAY),
            ("bond.unbonding", 3 * HOUR),
        ];
        for (amount, late) in [(60_000 * XPL, false), (60_000 * XPL, true)] {
            let mut bench = bench(&harsh);
            bench.by(3, Delegate { amount: 1_000 * XPL, provider: ProviderId(1), pad: 0 });
            let redelegate = Redelegate { amount, ..MOVE };
            if late {
                bench.by(2, redelegate);
            }
            let submit = Submit { start_by: bench.now, finish_by: bench.now + HOUR + 1, ..hour_job(bench.now) };
            bench.by(4, submit);
            if !late {
                bench.by(2, redelegate);
            }
            let events = bench.wait(2 * HOUR);
            let moved = events.iter().find_map(|event| if let Event::MovedSlashed(cut) = event { Some(*cut) } else { None });
            let kept = if late { 60_000 } else { 30_000 };
            let cut = MovedSlashed {
                burned: 30_000 * XPL,
                shares: 30_000 * XPL,
                provider: ProviderId(0),
                pool: ProviderId(1),
                to: AccountId::NONE,
                ..MovedSlashed::default()
            };
            assert_eq!(moved, (!late).then_some(cut));
            assert_eq!(stake(&mut bench, 0), 20_000 * XPL);
            bench.engine.view(|state| assert_eq!(state.staking.stake_of(AccountId(3), ProviderId(1)), 1_000 * XPL));
            bench.wait(2 * HOUR);
            assert_eq!(stake(&mut bench, 1), kept * XPL);
        }
    }
}
