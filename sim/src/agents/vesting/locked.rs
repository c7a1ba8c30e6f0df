//! Holders who stake what has not become free, where `vesting.may_stake` says that they may.
//!
//! At each look they compare what they have with providers with the share of what has not vested that they mean to have there. What is
//! missing they bring to providers picked at random, alike; what is too much, because it has vested meanwhile, they ask back from one
//! provider after the other; and they claim what it earned, which is theirs where `vesting.may_earn` says so. They look at no yield:
//! nothing else can be done with it.

use super::super::Agents;
use super::super::delegator::{room, yields};
use super::super::queue::Kind;
use crate::economy::Pledger;
use plasma_core::engine::state::State;
use plasma_core::genesis::Genesis;
use plasma_core::ids::ProviderId;
use plasma_core::protocol::vesting::Grant;
use plasma_core::protocol::vesting::stake::{ClaimGrantRewards, StakeGrant, UnstakeGrant};
use plasma_core::record::{Command, Origin};
use plasma_core::time::Time;

/// Base fees for which it is worth claiming.
const WORTH: u64 = 100;

impl Agents {
    /// Makes the first appointment of everybody who stakes what is locked.
    pub(in super::super) fn expect_pledgers(&mut self, genesis: &Genesis) {
        let economy = self.economy.clone();
        for (number, pledger) in economy.pledgers.iter().enumerate() {
            self.queue.push(genesis.start + pledger.interval, Kind::Pledge, number as u64);
        }
    }

    /// Holders look at what they have staked of what is not free.
    pub(in super::super) fn tend_locked(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let pledger = &economy.pledgers[number];
        self.queue.push(now + pledger.interval, Kind::Pledge, number as u64);
        self.rows.pledged[number] += 1;
        let Some(grant) = view.grants.get(pledger.grant.0) else { return };
        let with = staked(view, grant);
        let at_stake: u64 = with.iter().map(|(_, stake)| stake).sum();
        let total = u128::from(grant.total);
        let wanted = ((total - grant.schedule.vested(total, now)) as f64 * pledger.share) as u64;
        let commands = match wanted.checked_sub(at_stake) {
            Some(missing) => self.bring_locked(view, number, grant, missing),
            None => take_locked(grant, &with, at_stake - wanted),
        };
        let claims = with.iter().filter(|&&(provider, _)| {
            view.staking.claimable(grant.delegator(), provider) > WORTH * view.base_fee()
                && !commands.iter().any(|(to, _)| *to == provider)
        });
        let claims: Vec<_> =
            claims.map(|&(provider, _)| (provider, ClaimGrantRewards { grant: grant.id, provider, pad: 0 }.into())).collect();
        let fees = view.base_fee().saturating_mul(2 * (commands.len() + claims.len()) as u64);
        let short = fees.saturating_sub(Self::spendable(view, pledger.account));
        if short == 0 || self.buy(view, now, pledger.account, short) {
            // What was bought arrives with the command before these.
            commands.into_iter().chain(claims).for_each(|(_, command)| self.send(now, Origin::Account(pledger.account), command));
        }
    }

    /// Brings what is missing to some providers, alike, as far as the pot and their room reach.
    fn bring_locked(&self, view: &State, number: usize, grant: &Grant, missing: u64) -> Vec<(ProviderId, Command)> {
        let Pledger { stream, spread, .. } = self.economy.pledgers[number];
        let look = self.rows.pledged[number];
        let count = u64::from(view.population.providers).max(1);
        let part = missing.min(grant.held) / u64::from(spread);
        let mut commands: Vec<(ProviderId, Command)> = Vec::new();
        for draw in 0..u64::from(spread) {
            let id = ProviderId(self.streams.delegator.draw(stream, look << 16 | draw).below(count) as u32);
            let amount = part.min(room(view, id));
            let earns = view.provider(id).is_some_and(yields::earns);
            let known = commands.iter().any(|(to, _)| *to == id);
            if earns && !known && amount >= view.params.stake_minimum().max(1) {
                commands.push((id, StakeGrant { grant: grant.id, amount, provider: id, pad: 0 }.into()));
            }
        }
        commands
    }
}

/// Where a grant's stake is, and how much it is worth, by provider.
pub fn staked(view: &State, grant: &Grant) -> Vec<(ProviderId, u64)> {
    let whose = grant.delegator();
    let own = view.staking.delegations.range((whose, ProviderId(0))..).take_while(|((other, _), _)| *other == whose);
    own.map(|(&(_, provider), delegation)| (provider, view.staking.stake_in(provider, delegation))).collect()
}

/// Asks what is too much back from one provider after the other.
fn take_locked(grant: &Grant, with: &[(ProviderId, u64)], mut surplus: u64) -> Vec<(ProviderId, Command)> {
    let mut commands = Vec::new();
    for &(provider, stake) in with {
        let amount = stake.min(surplus);
        if amount > 0 {
            commands.push((provider, UnstakeGrant { grant: grant.id, amount, provider, pad: 0 }.into()));
            surplus -= amount;
        }
    }
    commands
}
