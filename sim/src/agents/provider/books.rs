//! The books: once a week a provider pays its electricity, sells what it needs, and considers leaving.

use super::super::Agents;
use super::super::attacker::fraud::elsewhere;
use super::super::dollars::Purse;
use super::super::queue::Kind;
use super::{BOOKS, Phase};
use crate::economy::{Economy, Lender, Plan};
use plasma_core::engine::state::State;
use plasma_core::money::XPL;
use plasma_core::protocol::provider::Retire;
use plasma_core::record::Origin;
use plasma_core::time::{DAY, HOUR, NEVER, Time};

/// Power of a machine that waits for work, relative to full load. An assumption: idle GPUs draw 5–15 % of their board power, and
/// the host machine more.
pub(in crate::agents) const IDLE_POWER: f64 = 0.15;

impl Lender {
    /// Micro-USD of electricity for so many GPU-milliseconds at work and on standby.
    fn bill(&self, busy_ms: u64, idle_ms: f64) -> u64 {
        (self.energy * (busy_ms as f64 + IDLE_POWER * idle_ms.max(0.0)) / HOUR as f64) as u64
    }

    /// Micro-USD that it is worth not to need one of its GPUs for an hour, of which it is let elsewhere for a share: there it
    /// earns and draws full power, and otherwise it is on standby.
    pub(in crate::agents) fn freed(&self, elsewhere: f64) -> f64 {
        (1.0 - elsewhere) * (1.0 - IDLE_POWER) * self.energy + elsewhere * self.forgone
    }

    /// The most that it can be worth, in micro-USD: a GPU is on standby or elsewhere, and draws power there too.
    pub(in crate::agents) fn most_freed(&self) -> f64 {
        self.freed(0.0).max(self.freed(1.0))
    }
}

/// Of the GPU-milliseconds in which a provider only seemed to be at work, those in which it was at work elsewhere.
fn rented(economy: &Economy, lender: usize, lied: u64) -> u64 {
    (lied as f64 * elsewhere(economy, lender)) as u64
}

/// Whether it is not for its income that a provider is there: its owner's budget decides for how long.
fn stays_to_harm(economy: &Economy, lender: usize) -> bool {
    economy.attacker_behind(lender).is_some_and(|attacker| matches!(economy.attackers[attacker].plan, Plan::Stall { .. }))
}

impl Agents {
    /// What work elsewhere earns, in GPU-milliseconds at micro-USD per hour.
    fn rent_out(&mut self, lender: usize, forgone: f64, rented: u64) {
        let Some(attacker) = self.economy.attacker_behind(lender).filter(|_| rented > 0) else { return };
        let usd = (forgone * rented as f64 / HOUR as f64) as u64;
        let account = self.economy.account_of(lender);
        self.dollars.transfer(Purse::Outside, Purse::Of(account), usd).expect("the outside is never short");
        self.rows.attackers[attacker].turns.rented += u128::from(usd);
    }

    /// Closes a provider's books.
    pub(in super::super) fn close_books(&mut self, view: &State, now: Time, lender: usize) {
        match self.rows.lenders[lender].phase {
            Phase::Away => {}
            Phase::Gone => self.cash_out(view, now, lender),
            phase => {
                let paid = self.pay_electricity(lender);
                if !paid && matches!(phase, Phase::Online | Phase::Resting) {
                    self.leave(view, now, lender);
                }
                let income_usd = self.sell_income(view, now, lender);
                self.consider_leaving(view, now, lender, income_usd);
                let next = match phase {
                    Phase::Leaving => self.retire_if_settled(view, now, lender),
                    _ => now + BOOKS,
                };
                self.queue.push(next, Kind::Books, lender as u64);
            }
        }
    }

    /// Pays what last week owed, from the week's sale; the owner puts in what is missing. False when there was not so much to put in.
    fn pay_electricity(&mut self, lender: usize) -> bool {
        let account = self.economy.account_of(lender);
        let owed = std::mem::take(&mut self.rows.lenders[lender].owed);
        self.bring_in(account, owed.saturating_sub(self.dollars.of(account)));
        let paid = owed.min(self.dollars.of(account));
        self.dollars.transfer(Purse::Of(account), Purse::Outside, paid).expect("no more than is there");
        self.dollars.electricity += paid;
        if let Some(attacker) = self.economy.attacker_behind(lender).filter(|_| paid < owed) {
            self.rows.attackers[attacker].unpaid += u128::from(owed - paid);
        }
        paid == owed
    }

    /// Draws this week's bill and sells XPL for it, and of the income beyond it what the provider always sells. Returns the week's
    /// income in micro-USD.
    fn sell_income(&mut self, view: &State, now: Time, lender: usize) -> u64 {
        let economy = self.economy.clone();
        let (who, account) = (self.today(lender, now), economy.account_of(lender));
        let busy_ms = self.busy_ms(lender, now);
        let row = &mut self.rows.lenders[lender];
        let busy = busy_ms - row.booked_ms;
        let offered = (now - row.booked) as f64 * f64::from(who.gpus) * who.daily_share();
        let checked = std::mem::take(&mut row.checked_ms);
        // A lease that lasts beyond the week is booked as it goes on.
        let lied = row.lied_ms.min(busy);
        row.lied_ms -= lied;
        let rented = rented(&economy, lender, lied);
        let worked = busy - lied + rented;
        row.owed = who.bill(worked + checked, offered - worked as f64);
        (row.booked, row.booked_ms) = (now, busy_ms);
        let (earned, owed) = (std::mem::take(&mut row.earned), row.owed);
        let income = earned + std::mem::take(&mut row.emitted);
        self.rent_out(lender, who.forgone, rented);
        self.tally.electricity += u128::from(owed);
        let forgone = (who.forgone * (busy - lied) as f64 / HOUR as f64) as u128;
        self.tally.forgone += forgone;
        if self.economy.small[lender] {
            let small = &mut self.tally.small;
            small.electricity += u128::from(owed);
            small.forgone += forgone;
        }
        let Some(price) = self.price(view, now) else { return 0 };
        let missing = owed.saturating_sub(self.dollars.of(account));
        let needed = (u128::from(missing) * u128::from(XPL)).div_ceil(u128::from(price.max(1))) as u64;
        let surplus = (income.saturating_sub(needed) as f64 * who.sells) as u64;
        let amount = needed.saturating_add(surplus).min(Self::spendable(view, account));
        self.sell(view, now, account, amount);
        let usd = |nano: u64| (u128::from(nano) * u128::from(price) / u128::from(XPL)) as u64;
        self.rows.lenders[lender].bears_itself = Some(usd(earned) >= owed);
        usd(income)
    }

    fn consider_leaving(&mut self, view: &State, now: Time, lender: usize, income_usd: u64) {
        let who = &self.economy.lenders[lender];
        let (exit_after, life) = (who.exit_after, who.joins.life());
        let row = &mut self.rows.lenders[lender];
        if income_usd >= row.owed {
            row.short_since = NEVER;
        } else {
            row.short_since = row.short_since.min(now);
        }
        let offered = matches!(row.phase, Phase::Online | Phase::Resting);
        if !offered || stays_to_harm(&self.economy, lender) {
            return;
        }
        let tired = now.saturating_sub(row.short_since) >= exit_after;
        let worn_out = now.saturating_sub(row.bought) >= life;
        if tired || (worn_out && !self.renews(view, now, lender)) {
            self.leave(view, now, lender);
        } else if worn_out {
            self.rows.lenders[lender].bought = now;
        }
    }

    /// Retires once every lease and every check is settled. Returns when to look next.
    fn retire_if_settled(&mut self, view: &State, now: Time, lender: usize) -> Time {
        if self.on_ledger(view, lender).is_none_or(|provider| provider.leases > 0 || provider.checked > 0) {
            return now + DAY;
        }
        self.send(now, Origin::Account(self.economy.account_of(lender)), Retire {});
        self.rows.lenders[lender].phase = Phase::Gone;
        self.tally.left += 1;
        now + view.params.bond_unbonding() + HOUR
    }

    /// Sells everything, the returned bond included.
    fn cash_out(&mut self, view: &State, now: Time, lender: usize) {
        self.pay_electricity(lender);
        let account = self.economy.account_of(lender);
        self.sell(view, now, account, Self::spendable(view, account));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lender;
    use super::*;
    use crate::agents::attacker::opportunist::Reckoning;
    use plasma_core::formula::deterrence::{Chance, Stakes, margins_usd};
    use plasma_core::money::ONE;

    #[test]
    fn standby_costs_its_share_of_full_load() {
        let who = Lender { energy: 100_000.0, ..lender() };
        assert_eq!(who.bill(2 * HOUR, 0.0), 200_000);
        assert_eq!(who.bill(0, 2.0 * HOUR as f64), 30_000);
    }

    #[test]
    fn an_hour_without_work_saves_power_or_earns_elsewhere() {
        let who = Lender { energy: 100_000.0, forgone: 300_000.0, ..lender() };
        let close = |found: f64, usd: f64| (found - usd).abs() < 1e-6;
        assert!(close(who.freed(0.0), 85_000.0) && close(who.freed(1.0), 300_000.0) && close(who.freed(0.5), 192_500.0));
        assert!(close(who.most_freed(), 300_000.0));
        assert!(close(Lender { forgone: 60_000.0, ..who }.most_freed(), 85_000.0));
    }

    /// An hour earns $0.40 and is found wrong in one case of four. At the bound the slash makes four times the most that a machine
    /// can make meanwhile: $0.30 elsewhere, or $0.34 of power saved.
    #[test]
    fn some_way_to_cheat_pays_exactly_where_the_most_that_it_avoids_is_more_than_what_it_loses() {
        let nano = |micro_usd: u64| micro_usd * (XPL / 1_000_000);
        for (energy, forgone, most) in [(100_000.0, 300_000.0, 300_000), (400_000.0, 300_000.0, 340_000)] {
            let who = Lender { energy, forgone, ..lender() };
            for (slashed, margin) in [(4 * most - 400_004, -1), (4 * most - 400_000, 0), (4 * most - 399_996, 1)] {
                let stakes = Stakes { saved: 0, earned: nano(400_000), slashed: nano(slashed) };
                let lost = margins_usd(&Chance::billionths(ONE / 4), &stakes, 1_000_000).unwrap()[0];
                assert_eq!(lost - who.most_freed() as i128, margin, "{who:?}");
                let pays = |elsewhere| {
                    let saved = who.freed(elsewhere);
                    Reckoning { found: 0.25, earned: 400_000.0, slashed: slashed as f64, saved }.pays()
                };
                assert_eq!([0.0, 0.25, 0.5, 1.0].into_iter().any(pays), margin < 0, "{who:?} at {slashed}");
            }
        }
    }
}
