//! Delegators: they bring stake to providers while it yields more than what they could have elsewhere, and take it away when it
//! does not.
//!
//! > dS = κ · (S*(y) − S) dt, S*(y) = most · holdings ÷ (1 + e^(−(y − outside) ÷ slope))
//!
//! with y the yield that the account's provider offers: net of commission, of dilution, and of what slashes lately took
//! ([`yields`]). Every account closes its own gap, look by look, by the share 1 − e^(−κ · interval). It has its stake with one
//! provider; at a look it compares that one with a few others, and moves when one of them yields enough more.

pub mod yields;

use super::Agents;
use super::provider::spread;
use super::queue::Kind;
use crate::streams::Draw;
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, ProviderId};
use plasma_core::money::{ONE, share_wide};
use plasma_core::protocol::delegation::{ClaimRewards, Delegate, Undelegate};
use plasma_core::protocol::redelegation::Redelegate;
use plasma_core::record::{Command, Origin};
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// What changes about a delegator.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SaverRow {
    /// Whom its stake is with, or none.
    pub provider: ProviderId,
    /// Looks so far: the index of the next draw, but for the draw at its birth.
    pub looks: u64,
    /// Nano-XPL that moved to that provider, and are not to be touched …
    pub moving: u64,
    /// … until then.
    pub settles: Time,
    /// Nano-XPL on their way back, and when they arrive.
    pub leaving: Vec<(Time, u64)>,
}

impl Default for SaverRow {
    fn default() -> Self {
        Self { provider: ProviderId::NONE, looks: 0, moving: 0, settles: 0, leaving: Vec::new() }
    }
}

/// What an account has, in nano-XPL.
#[derive(Clone, Copy, Debug)]
struct Holdings {
    /// To spend.
    free: u64,
    /// With its provider, and it may be withdrawn.
    stake: u64,
    /// With its provider, and on the move.
    moving: u64,
    /// On its way back.
    leaving: u64,
    /// Earned and not claimed.
    earned: u64,
    /// Whether it has shares of its provider's pool, worth something or not.
    delegates: bool,
}

impl Holdings {
    fn all(&self) -> f64 {
        [self.free, self.stake, self.moving, self.leaving, self.earned].iter().map(|&nano| nano as f64).sum()
    }
}

/// What an account resolves to do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Resolve {
    Nothing,
    Claim,
    Bring(u64),
    Take(u64),
    Move(u64, ProviderId),
}

/// Part of its holdings for which an account does not bother.
const BOTHER: f64 = 1e-4;

impl Agents {
    /// Makes every delegator's first appointment.
    pub(super) fn expect_savers(&mut self, genesis: Time) {
        let economy = self.economy.clone();
        for (number, saver) in economy.savers.members.iter().enumerate() {
            let interval = economy.savers.groups[usize::from(saver.group)].interval;
            self.queue.push(genesis + spread(interval, saver.jitter), Kind::Stake, number as u64);
        }
    }

    /// A delegator looks at its stake.
    pub(super) fn tend_stake(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let saver = &economy.savers.members[number];
        let terms = &economy.savers.groups[usize::from(saver.group)];
        self.queue.push(now + terms.interval, Kind::Stake, number as u64);
        let row = &mut self.rows.savers[number];
        row.looks += 1;
        row.leaving.retain(|&(arrives, _)| arrives > now);
        if row.settles <= now {
            row.moving = 0;
        }
        let (looks, current) = (row.looks, row.provider);
        let holdings = self.holdings(view, saver.account, number);
        let mut draw = self.streams.delegator.draw(saver.stream, looks);
        let best = self.best_provider(view, now, terms.compares, &mut draw);
        let resolve = self.resolve(view, now, number, &holdings, best);
        let account = Origin::Account(saver.account);
        let back = now.saturating_add(view.params.bond_unbonding());
        let row = &mut self.rows.savers[number];
        let command: Command = match resolve {
            Resolve::Nothing => return,
            Resolve::Claim => ClaimRewards { provider: current }.into(),
            Resolve::Bring(amount) => {
                if holdings.stake + holdings.moving == 0 {
                    row.provider = best.map_or(current, |(best, _)| best);
                }
                Delegate { amount, provider: row.provider, pad: 0 }.into()
            }
            Resolve::Take(amount) => {
                row.leaving.push((back, amount));
                Undelegate { amount, provider: current, pad: 0 }.into()
            }
            Resolve::Move(amount, to) => {
                (row.provider, row.moving, row.settles) = (to, amount, back);
                Redelegate { amount, from: current, to }.into()
            }
        };
        self.send(now, account, command);
        let sold = (holdings.earned as f64 * terms.sells) as u64;
        if sold > 0 {
            self.sell(view, now, saver.account, sold);
        }
    }

    fn resolve(&self, view: &State, now: Time, number: usize, has: &Holdings, best: Option<(ProviderId, f64)>) -> Resolve {
        let saver = &self.economy.savers.members[number];
        let terms = &self.economy.savers.groups[usize::from(saver.group)];
        let current = self.rows.savers[number].provider;
        let least = view.params.stake_minimum().max(1);
        if view.account(saver.account).is_none_or(|account| account.free < u128::from(2 * view.base_fee())) {
            return Resolve::Nothing;
        }
        // A pool that lost everything is left.
        if has.delegates && has.stake == 0 {
            return Resolve::Claim;
        }
        let own = current.is_some().then(|| self.net_yield(view, now, current));
        if let (Some((other, theirs)), Some(own)) = (best, own)
            && other != current
            && has.moving == 0
            && has.stake >= least
            && theirs > own + terms.switching
            && room(view, other) >= has.stake
        {
            return Resolve::Move(has.stake, other);
        }
        let at_stake = has.stake + has.moving;
        let offered = if at_stake > 0 { own } else { best.map(|(_, theirs)| theirs) };
        let Some(offered) = offered else { return Resolve::Nothing };
        let gap = has.all() * terms.staked(offered) - at_stake as f64;
        let step = gap * terms.step;
        let with = if at_stake > 0 { current } else { best.map_or(current, |(best, _)| best) };
        if step >= has.all() * BOTHER {
            let amount = (step as u64).min(has.free).min(room(view, with));
            if amount >= least {
                return Resolve::Bring(amount);
            }
        } else if -step >= has.all() * BOTHER {
            let amount = (-step as u64).min(has.stake);
            if amount > 0 {
                return Resolve::Take(amount);
            }
        }
        if has.delegates && has.earned as f64 >= has.all() * BOTHER { Resolve::Claim } else { Resolve::Nothing }
    }

    fn holdings(&self, view: &State, account: AccountId, number: usize) -> Holdings {
        let row = &self.rows.savers[number];
        let delegation = view.staking.delegations.get(&(account.into(), row.provider));
        Holdings {
            free: Self::spendable(view, account),
            stake: delegation.map_or(0, |delegation| view.staking.stake_in(row.provider, delegation)),
            moving: row.moving,
            leaving: row.leaving.iter().map(|&(_, amount)| amount).sum(),
            earned: delegation.map_or(0, |delegation| view.staking.claimable_by(row.provider, delegation)),
            delegates: delegation.is_some(),
        }
    }

    /// The best of a few providers picked at random, with its yield; of equals the first.
    fn best_provider(&self, view: &State, now: Time, compares: u32, draw: &mut Draw) -> Option<(ProviderId, f64)> {
        let count = u64::from(view.population.providers);
        let mut best = None;
        for _ in 0..compares {
            let id = ProviderId(draw.below(count.max(1)) as u32);
            if view.provider(id).is_some_and(yields::earns) && room(view, id) > 0 {
                let net = self.net_yield(view, now, id);
                if best.is_none_or(|(_, most)| net > most) {
                    best = Some((id, net));
                }
            }
        }
        best
    }

    /// What stake with a provider yields in a year, as a fraction: net of commission, dilution and slashes.
    pub(super) fn net_yield(&self, view: &State, now: Time, id: ProviderId) -> f64 {
        let earns = view.provider(id).is_some_and(yields::earns);
        let commission = view.staking.pool(id).commission.min(view.params.stake_commission_max());
        let losses = view.params.slash_delegators() as f64 / ONE as f64 * self.rows.yields.loss(id, now);
        self.rows.yields.net(earns.then_some(commission)) - losses
    }
}

/// Nano-XPL that a provider's pool still takes.
pub(super) fn room(view: &State, id: ProviderId) -> u64 {
    let Some(provider) = view.provider(id) else { return 0 };
    let pool = &view.staking.pool(id).stake;
    let most = share_wide(provider.bond, view.params.stake_max_ratio()).unwrap_or(u128::MAX);
    u64::try_from(most.saturating_sub(pool.holds.into())).unwrap_or(u64::MAX).min(pool.room())
}
