//! Grants that vest, and awards to builders.

use super::Reference;
use super::calendar::months_later;
use super::commands::{Outcome, refuse, short_by};
use plasma_core::formula::vesting::Schedule;
use plasma_core::ids::{AccountId, AwardId, GrantId};
use plasma_core::protocol::builders::{Attest, AwardClosed, AwardExpires, MilestonePaid};
use plasma_core::protocol::governance::VotingEnds;
use plasma_core::protocol::vesting::{GrantDue, GrantOpened, Vested};
use plasma_core::record::{Origin, Timer};
use plasma_core::rejection::Rejection;
use plasma_core::time::Time;

#[derive(Clone, Debug)]
pub struct Grant {
    pub account: usize,
    pub total: u64,
    pub schedule: Schedule,
    pub due: Time,
    pub released: u64,
    /// Brought to providers and not back.
    pub staked: u64,
}

#[derive(Clone, Debug)]
pub struct Award {
    pub account: usize,
    pub amount: u64,
    pub expires: Time,
    pub reached: Vec<bool>,
}

/// What of a total is free: none before the cliff, all at the end, and the months or milliseconds gone in between.
fn free(total: u64, schedule: &Schedule, now: Time) -> u64 {
    if now < schedule.cliff {
        return 0;
    }
    if now >= schedule.end {
        return total;
    }
    let (gone, all) = if schedule.months == 0 {
        (now - schedule.start, schedule.end - schedule.start)
    } else {
        let passed = (1..=u64::from(schedule.months)).take_while(|&month| months_later(schedule.start, month) <= now);
        (passed.count() as u64, schedule.months.into())
    };
    (u128::from(total) * u128::from(gone) / u128::from(all)) as u64
}

/// The first moment, from the earliest allowed one on, at which more than so much is free.
fn frees_more(total: u64, schedule: &Schedule, released: u64, now: Time, interval: Time) -> Time {
    let more = |at: Time| free(total, schedule, at) > released;
    if schedule.months > 0 {
        let months = (1..=u64::from(schedule.months)).map(|month| months_later(schedule.start, month));
        return std::iter::once(schedule.cliff).chain(months.filter(|at| *at > schedule.cliff)).find(|&at| more(at)).unwrap();
    }
    let earliest = if now < schedule.cliff { schedule.cliff } else { now.saturating_add(interval).min(schedule.end) };
    // Bisection: what is free never shrinks.
    let (mut low, mut high) = (earliest, schedule.end);
    while low < high {
        let middle = low + (high - low) / 2;
        (low, high) = if more(middle) { (low, middle) } else { (middle + 1, high) };
    }
    high
}

pub fn is_sound(schedule: &Schedule) -> bool {
    let ordered = schedule.start <= schedule.cliff && schedule.cliff <= schedule.end && schedule.months <= 1_200;
    ordered && (schedule.months == 0 || schedule.end == months_later(schedule.start, schedule.months.into()))
}

impl Reference {
    pub fn place_grant(&mut self, id: GrantId, account: usize, total: u64, schedule: Schedule) {
        let due = if free(total, &schedule, self.now) > 0 { self.now } else { frees_more(total, &schedule, 0, self.now, 0) };
        self.grants.insert(id, Grant { account, total, schedule, due, released: 0, staked: 0 });
        self.balances.grants.insert(id, total.into());
    }

    pub fn open_grant(&mut self, account: usize, total: u64, schedule: Schedule) {
        let (serial, slot) = self.grant_numbers.take();
        let grant = GrantId::new(serial, slot);
        let Schedule { start, cliff, end, months } = schedule;
        let event = GrantOpened { grant, total, start, cliff, end, months, account: AccountId(account as u32) };
        self.happen(event, |this| {
            this.balances.treasury -= u128::from(total);
            this.place_grant(grant, account, total, schedule);
        });
    }

    pub fn claim(&mut self, origin: Origin, id: GrantId) -> Outcome {
        let account = Self::account_of(origin)?;
        let Some(grant) = self.grants.get(&id).filter(|grant| grant.account == account) else {
            return refuse(Rejection::UnknownGrant);
        };
        let unreleased = free(grant.total, &grant.schedule, self.now) - grant.released;
        if unreleased > 0 && self.balances.grants[&id] == 0 {
            return short_by(Rejection::GrantShort, unreleased.into());
        }
        if unreleased == 0 {
            let next = frees_more(grant.total, &grant.schedule, grant.released, self.now, 0);
            return short_by(Rejection::NothingVested, (next - self.now).into());
        }
        self.release(id);
        Ok(())
    }

    pub fn release(&mut self, id: GrantId) {
        let Grant { account, total, schedule, released, .. } = self.grants[&id].clone();
        let amount = (free(total, &schedule, self.now) - released).min(self.balances.grants[&id] as u64);
        self.happen(Vested { grant: id, amount }, |this| {
            this.balances.accounts[account] += u128::from(amount);
            *this.balances.grants.get_mut(&id).expect("an open grant") -= u128::from(amount);
            this.grants.get_mut(&id).expect("an open grant").released += amount;
            this.look_after(id);
        });
    }

    /// What becomes of a grant after any of it moved.
    pub fn look_after(&mut self, id: GrantId) {
        let stakes = self.stakes.holders.iter().any(|holder| holder.whose.1 == Some(id));
        let out = stakes || self.stakes.leavers.iter().any(|leaver| leaver.whose.1 == Some(id));
        let (held, now, interval) = (self.balances.grants[&id] as u64, self.now, self.rules.vesting_interval());
        if held == 0 && !out {
            self.balances.grants.remove(&id);
            self.grants.remove(&id);
            self.grant_numbers.give_back(id.slot());
            return;
        }
        let grant = self.grants.get_mut(&id).expect("an open grant");
        if !out {
            grant.staked = 0;
        }
        grant.due = if held == 0 {
            Time::MAX
        } else if free(grant.total, &grant.schedule, now) > grant.released {
            now
        } else {
            frees_more(grant.total, &grant.schedule, grant.released, now, interval)
        };
    }

    pub fn attest(&mut self, origin: Origin, command: Attest) -> Outcome {
        if Some(Self::account_of(origin)?) != self.committee {
            return refuse(Rejection::NotPermitted);
        }
        let (id, milestone) = (command.award, command.milestone as usize);
        let Some(award) = self.awards.get(&id).cloned() else { return refuse(Rejection::UnknownAward) };
        if award.reached.get(milestone) != Some(&false) {
            return refuse(Rejection::BadMilestone);
        }
        let closes = award.reached.iter().filter(|reached| !**reached).count() == 1;
        let event = MilestonePaid { award: id, amount: award.amount, milestone: command.milestone, closes: closes.into() };
        self.happen(event, |this| {
            this.balances.awards -= u128::from(award.amount);
            this.balances.accounts[award.account] += u128::from(award.amount);
            this.awards.get_mut(&id).expect("an open award").reached[milestone] = true;
            if closes {
                this.close_award(id);
            }
        });
        Ok(())
    }

    fn close_award(&mut self, id: AwardId) {
        self.awards.remove(&id);
        self.award_numbers.give_back(id.slot());
    }

    pub fn expire_award(&mut self, id: AwardId) {
        let award = &self.awards[&id];
        let returned = award.amount * award.reached.iter().filter(|reached| !**reached).count() as u64;
        self.happen(AwardClosed { award: id, returned }, |this| {
            this.close_award(id);
            this.balances.awards -= u128::from(returned);
            this.balances.builders += u128::from(returned);
        });
    }

    /// What grants, votes and awards promise.
    pub fn promised(&self, due: &mut Vec<(Time, Timer)>) {
        due.extend(self.grants.iter().map(|(&grant, row)| (row.due, GrantDue { grant }.into())));
        let voted_on = self.proposals.iter().filter(|(_, row)| row.ripens.is_none());
        due.extend(voted_on.map(|(&proposal, row)| (row.closes, VotingEnds { proposal }.into())));
        due.extend(self.awards.iter().map(|(&award, row)| (row.expires, AwardExpires { award }.into())));
    }
}
