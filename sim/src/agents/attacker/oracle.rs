//! Manipulating the oracle: who pushes the pool's price while it is posted, and is credited for work of its own at that price.
//!
//! A job of `settle.mode = vault_remint` is credited in dollars at the oracle's price and paid at the price when it settles
//! ([`plasma_core::protocol::vault`]). With k nano-XPL credited at a price P and settled at p, the vault pays k · P ÷ p: the attacker
//! gains k · (P − p) dollars' worth, and pays two swap fees, the protocol's fee on k and what the pool's price moved against it in
//! between. Just before a post it buys, waits until the oracle has come up half the way, buys the work of itself and sells its other
//! XPL, waits until the oracle has come down, and has the work settled. `oracle.window` and `oracle.lag` make it hold the price for
//! longer while others sell into it, `oracle.max_step` makes it hold for as many posts as there are steps.

use super::super::Agents;
use super::super::dollars::Purse;
use super::super::exchange::most;
use super::super::queue::Kind;
use super::{PARKED, sized};
use crate::economy::attackers::{Manipulation, Plan};
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, LeaseId, OfferId};
use plasma_core::money::share;
use plasma_core::protocol::job::{Cancel, Submit};
use plasma_core::protocol::offer::Requote;
use plasma_core::record::Origin;
use plasma_core::time::{Time, YEAR};
use rkyv::{Archive, Deserialize, Serialize};

/// How far an attempt is.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// None is made.
    #[default]
    Idle,
    /// It pushed the price and waits for the oracle to follow.
    Pushed,
    /// It was credited and waits for the oracle to come down.
    Credited,
    /// It said that the work is done.
    Settling,
}

/// What it did so far.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Times that it pushed the price.
    pub pushed: u64,
    /// Times that the oracle followed and it bought work of itself.
    pub credited: u64,
    /// Nano-XPL that it put into that work.
    pub put_in: u128,
    /// How far it is.
    pub stage: Stage,
    /// Posts for which it has waited in this stage.
    waited: u32,
    /// Micro-USD per XPL before it pushed.
    from: u64,
}

impl Attempts {
    /// Goes on to a stage.
    fn enter(&mut self, stage: Stage) {
        (self.stage, self.waited) = (stage, 0);
    }

    /// Waits for another post, unless that would be more than `patience`.
    fn wait(&mut self, patience: u32) -> bool {
        self.waited += 1;
        self.waited < patience
    }
}

/// How near the oracle must come to the market before work is settled: within a fiftieth.
const NEAR: u64 = 50;

impl Agents {
    /// The attacker does what its stage asks for.
    pub(super) fn manipulate(&mut self, view: &State, now: Time, number: usize, acts: bool) {
        let economy = self.economy.clone();
        let Plan::Oracle(plan) = &economy.attackers[number].plan else { return };
        let row = &self.rows.attackers[number];
        let next = match row.attempts.stage {
            Stage::Idle if !acts => return,
            Stage::Idle if !row.begun => {
                self.set_up(view, now, number, plan.class);
                now + if self.rows.attackers[number].begun { 1 } else { plan.interval }
            }
            Stage::Idle => self.push_price(view, now, number, plan),
            Stage::Pushed => self.follow_up(view, now, number, plan),
            Stage::Credited => self.follow_down(view, now, number, plan),
            Stage::Settling => self.cash_in(view, now, number, plan),
        };
        self.queue.push(next, Kind::Attack, number as u64);
    }

    /// Buys just before a post. Returns when to look next.
    fn push_price(&mut self, view: &State, now: Time, number: usize, plan: &Manipulation) -> Time {
        let (customer, owner) = self.pair(number);
        let interval = self.economy.exchange.post_interval;
        let post = view.clock.genesis + ((now - view.clock.genesis) / interval + 1) * interval;
        if now + 1 < post {
            return post - 1;
        }
        let wallet = self.dollars.of(owner);
        self.dollars.transfer(Purse::Of(owner), Purse::Of(customer), wallet).expect("what the owner has");
        let Some(pool) = self.pool(view) else { return now + plan.interval };
        // xpl · usd is constant, so the price goes as 1 ÷ xpl².
        let wanted = pool.xpl - (pool.xpl as f64 / libm::sqrt(1.0 + plan.raise)) as u64;
        let usd = self.dollars.of(customer);
        let nano = most(wanted, |nano| nano == 0 || self.quote_to_buy(view, nano).is_some_and(|cost| cost <= usd));
        let from = self.market_price(view);
        if nano == 0 || !self.buy(view, now, customer, nano) {
            return now + plan.interval;
        }
        let row = &mut self.rows.attackers[number];
        row.aside = nano;
        row.attempts.pushed += 1;
        row.attempts.from = from;
        row.attempts.enter(Stage::Pushed);
        post + 1
    }

    /// Once the oracle has come half the way, buys work of itself and sells the rest; gives up when it does not.
    fn follow_up(&mut self, view: &State, now: Time, number: usize, plan: &Manipulation) -> Time {
        let ((customer, _), from) = (self.pair(number), self.rows.attackers[number].attempts.from);
        let half = from + self.market_price(view).saturating_sub(from) / 2;
        if self.price(view, now).is_some_and(|price| price >= half.max(from + 1)) {
            let put_in = self.sell_to_itself(view, now, number, plan);
            let left = Self::spendable(view, customer).saturating_sub(put_in);
            self.sell(view, now, customer, left);
            let attempts = &mut self.rows.attackers[number].attempts;
            attempts.credited += u64::from(put_in > 0);
            attempts.put_in += u128::from(put_in);
            attempts.enter(if put_in > 0 { Stage::Credited } else { Stage::Idle });
            return now + if put_in > 0 { self.economy.exchange.post_interval } else { plan.interval };
        }
        if self.rows.attackers[number].attempts.wait(plan.patience) {
            return now + self.economy.exchange.post_interval;
        }
        self.sell(view, now, customer, Self::spendable(view, customer));
        self.rows.attackers[number].attempts.enter(Stage::Idle);
        now + plan.interval
    }

    /// Buys its own work for a share of what it bought. Returns the budget, zero when there can be no such job.
    fn sell_to_itself(&mut self, view: &State, now: Time, number: usize, plan: &Manipulation) -> u64 {
        let (customer, owner) = self.pair(number);
        let Some(id) = view.account(owner).map(|account| account.provider) else { return 0 };
        let own = view.offers().iter().position(|offer| offer.provider == id && offer.free > 0);
        let sizes = sized(view, plan.program, plan.class, plan.work);
        let Some((place, (sizes, work))) = own.zip(sizes) else { return 0 };
        let row = &mut self.rows.attackers[number];
        row.lease = LeaseId::NONE.0;
        let most = share(row.aside, plan.stake).min(Self::spendable(view, customer));
        let under = self.rows.board.class(plan.class).cheapest(0).unwrap_or(PARKED).saturating_sub(1);
        let ask = u64::try_from(u128::from(most) * 1000 / u128::from(work.max(1))).unwrap_or(u64::MAX).min(under);
        let Ok(budget) = u64::try_from((u128::from(ask) * u128::from(work)).div_ceil(1000)) else { return 0 };
        if ask == 0 || budget > most {
            return 0;
        }
        let offer = OfferId(place as u32);
        let (finish_by, classes) = (now.saturating_add(YEAR), 1u64 << plan.class.0);
        let submit = Submit { budget, start_by: now + 1, finish_by, classes, sizes, program: plan.program, ..Submit::default() };
        self.send(now, Origin::Account(owner), Requote { ask, offer, pad: 0 });
        self.send(now, Origin::Account(customer), submit);
        self.send(now, Origin::Account(owner), Requote { ask: PARKED, offer, pad: 0 });
        budget
    }

    /// Once the oracle has come down to the market, or after long enough, says that the work is done.
    fn follow_down(&mut self, view: &State, now: Time, number: usize, plan: &Manipulation) -> Time {
        let market = self.market_price(view);
        let down = self.price(view, now).is_some_and(|price| price <= market.saturating_add(market / NEAR));
        let attempts = &mut self.rows.attackers[number].attempts;
        if down || !attempts.wait(plan.patience) {
            attempts.enter(Stage::Settling);
            self.finish_washed(view, now, number);
            self.take_back(view, now, number);
        }
        now + self.economy.exchange.post_interval
    }

    /// Takes back work that nobody took.
    fn take_back(&mut self, view: &State, now: Time, number: usize) {
        let (customer, _) = self.pair(number);
        let waiting = view.jobs.iter().filter(|job| job.customer == customer && job.is_queued());
        let waiting: Vec<_> = waiting.map(|job| job.id).collect();
        waiting.into_iter().for_each(|job| self.send(now, Origin::Account(customer), Cancel { job }));
    }

    /// Sells what the work brought, once it is settled.
    fn cash_in(&mut self, view: &State, now: Time, number: usize, plan: &Manipulation) -> Time {
        let (customer, owner) = self.pair(number);
        if view.lease(LeaseId(self.rows.attackers[number].lease)).is_some() {
            return now + self.economy.exchange.post_interval;
        }
        let account = if Self::spendable(view, owner) > 0 { owner } else { customer };
        let nano = Self::spendable(view, account);
        self.sell(view, now, account, nano);
        // A sale moves the price: what the other account holds is sold in the next moment.
        let done = account == customer || Self::spendable(view, customer) == 0;
        if done {
            self.rows.attackers[number].attempts.enter(Stage::Idle);
        }
        now + if done { plan.interval } else { 1 }
    }

    /// The accounts with which it trades, and provides.
    fn pair(&self, number: usize) -> (AccountId, AccountId) {
        let first = self.economy.attackers[number].first;
        (first, AccountId(first.0 + 1))
    }
}
