//! The fold over those who lend GPUs and those who stake: providers, bonds, offers, delegations, grants.

use super::{Metrics, command};
use crate::metrics::row::RegionRow;
use plasma_core::engine::state::State;
use plasma_core::protocol::offer::OfferPosted;
use plasma_core::record::{Cause, Command, Event, Record, Timer};
use plasma_core::time::Time;

impl Metrics {
    /// Providers, bonds and offers; whether the event was one of them.
    pub(super) fn supply_event(&mut self, view: &State, record: &Record, event: &Event) -> bool {
        let (now, row) = (record.time, &mut self.epoch.row);
        match event {
            Event::Requoted(_) | Event::Withdrawn(_) | Event::Lapsed(_) => {
                let offer = match record.cause {
                    Cause::Command { command: Command::Requote(c), .. } => c.offer,
                    Cause::Command { command: Command::Withdraw(c), .. } => c.offer,
                    Cause::Timer(Timer::AskLapse(timer)) => timer.offer,
                    _ => return true,
                };
                self.refresh_offer(view, now, offer);
            }
            Event::OfferPosted(OfferPosted { offer }) => self.capacity.open_offer(view, &mut row.classes, *offer, now),
            Event::Registered(registered) => {
                row.entries += 1;
                RegionRow::of(&mut row.regions, view.providers[registered.provider.index()].region).entries += 1;
                self.capacity.open_provider(registered.provider);
            }
            Event::Retired(_) => {
                let provider = view.accounts[record.account().index()].provider;
                row.exits += 1;
                RegionRow::of(&mut row.regions, view.providers[provider.index()].region).exits += 1;
                self.capacity.retire_provider(&mut row.classes, provider);
                self.refresh(view, now, provider);
            }
            Event::Vested(vested) => row.unlocked += u128::from(vested.amount),
            Event::Drained(_) | Event::Resumed(_) | Event::Bonded(_) => {
                if let Some(Command::Bond(bond)) = command(record) {
                    self.staked.change(&mut row.staked_time, now, |stake| stake + u128::from(bond.amount));
                }
                self.refresh(view, now, view.accounts[record.account().index()].provider);
            }
            Event::Silenced(_) => {
                row.silenced += 1;
                if let Some(Command::WentSilent(silent)) = command(record) {
                    self.refresh(view, now, silent.provider);
                }
            }
            Event::Jailed(jailed) => {
                row.jailed += 1;
                self.refresh(view, now, jailed.provider);
            }
            Event::Unbonding(unbonding) => {
                self.staked.change(&mut row.staked_time, now, |stake| stake - u128::from(unbonding.amount));
                self.refresh(view, now, unbonding.provider);
            }
            Event::Seized(seized) => {
                row.burned.slashes += u128::from(seized.burned);
                row.slash_rewards += u128::from(seized.reward);
            }
            Event::Slashed(slashed) => {
                row.burned.slashes += u128::from(slashed.burned);
                row.slash_rewards += u128::from(slashed.reward);
                self.staked
                    .change(&mut row.staked_time, now, |stake| stake - u128::from(slashed.burned) - u128::from(slashed.reward));
                self.refresh(view, now, slashed.provider);
            }
            _ => return false,
        }
        true
    }

    /// Stake of others; whether the event was of it.
    pub(super) fn stake_event(&mut self, view: &State, record: &Record, event: &Event) -> bool {
        let now = record.time;
        self.rewards_return(view, now, event);
        let row = &mut self.epoch.row;
        let quote = &mut self.quote;
        let mut cut = |burned: u64, reward: u64| {
            row.burned.slashes += u128::from(burned);
            row.slash_rewards += u128::from(reward);
            let cut = u128::from(burned) + u128::from(reward);
            row.dollars.delegators -= (cut * u128::from(quote.at(view, now))) as i128;
            cut
        };
        // Whose pool changed, by how much it grew, and by how much it shrank.
        let (pool, more, less) = match (event, command(record)) {
            (Event::Delegated(_), Some(Command::Delegate(c))) => (c.provider, u128::from(c.amount), 0),
            (Event::Undelegated(_), Some(Command::Undelegate(c))) => (c.provider, 0, u128::from(c.amount)),
            (Event::GrantStaked(_), Some(Command::StakeGrant(c))) => (c.provider, u128::from(c.amount), 0),
            (Event::GrantUnstaked(_), Some(Command::UnstakeGrant(c))) => (c.provider, 0, u128::from(c.amount)),
            (Event::Redelegated(_), Some(Command::Redelegate(c))) => {
                self.refresh(view, now, c.from);
                (c.to, 0, 0)
            }
            (Event::StakeSlashed(e), _) => (e.provider, 0, cut(e.burned, e.reward)),
            (Event::MovedSlashed(e), _) => (e.pool, 0, cut(e.burned, e.reward)),
            (Event::LeavingSlashed(e), _) => {
                cut(e.burned, e.reward);
                return true;
            }
            (Event::StakeRewarded(e), _) => {
                row.rewards_stake += u128::from(e.delegators) + u128::from(e.commission);
                row.rewards_delegators += u128::from(e.delegators);
                let price = u128::from(self.quote.at(view, now));
                let commission = u128::from(e.commission) * price;
                row.dollars.delegators += (u128::from(e.delegators) * price) as i128;
                row.dollars.income += commission;
                row.dollars.rewards += commission;
                let small = self.owners.is_small(view.providers[e.provider.index()].owner);
                row.dollars.income_small += if small { commission } else { 0 };
                return true;
            }
            _ => return false,
        };
        self.staked.change(&mut self.epoch.row.staked_time, now, |stake| stake + more - less);
        self.delegated.change(&mut self.epoch.row.delegated_time, now, |stake| stake + more - less);
        self.refresh(view, now, pool);
        true
    }

    /// What locked stake had and may not keep is in the pool again, where it is paid once more: it was nobody's.
    fn rewards_return(&mut self, view: &State, now: Time, event: &Event) {
        let returned = match event {
            Event::GrantStaked(e) => e.returned,
            Event::GrantUnstaked(e) => e.returned,
            Event::GrantClaimed(e) => e.returned,
            _ => return,
        };
        let row = &mut self.epoch.row;
        row.rewards_returned += u128::from(returned);
        row.dollars.delegators -= (u128::from(returned) * u128::from(self.quote.at(view, now))) as i128;
    }
}
