//! Means: what an attacker has for the purpose, and its books.
//!
//! Who acts in its own name has the dollars of genesis and what it makes of them. Who acts through providers has a budget: what its
//! owner may put in for bonds, deposits and bills, over the whole run. When that is spent, a provider that cannot fill its bond up or
//! pay its bill leaves, and one that cannot pay its bond stays away; bills that nobody pays are noted.
//!
//! Its profit is what it is worth now less what it was worth at genesis and what its owner put in since, XPL at the price at which a
//! very small trade would be made.

use super::AttackerRow;
use crate::agents::Agents;
use crate::agents::dollars::Purse;
use crate::agents::tally::Trades;
use plasma_core::engine::state::State;
use plasma_core::genesis::Genesis;
use plasma_core::ids::AccountId;
use plasma_core::money::XPL;
use plasma_core::time::Time;

/// What an attacker made of what it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booty {
    /// Its name.
    pub name: String,
    /// Micro-USD that it had, and that its owner put in since.
    pub means: u128,
    /// Micro-USD that it is worth.
    pub worth: u128,
    /// Micro-USD that it would be worth, had it only held what it had.
    pub idle: u128,
}

impl Agents {
    /// Micro-USD that the owner of an account may still bring in from outside; `None` where nobody counts it: only attackers' means are
    /// bounded.
    pub(in crate::agents) fn budget_left(&self, account: AccountId) -> Option<u64> {
        let number = self.economy.attacker_of(account)?;
        let left = u128::from(self.economy.attackers[number].budget).saturating_sub(self.rows.attackers[number].put_in);
        Some(u64::try_from(left).unwrap_or(u64::MAX))
    }

    /// Whether so many nano-XPL, which are to be had, cost more than an attacker's account and budget hold.
    pub(in crate::agents) fn beyond_means(&self, view: &State, account: AccountId, nano: u64) -> bool {
        let Some(left) = self.budget_left(account) else { return false };
        self.quote_to_buy(view, nano).is_some_and(|cost| cost > self.dollars.of(account).saturating_add(left))
    }

    /// Buys, with the account's own dollars, what it lacks of so many nano-XPL. False when it cannot.
    pub(in crate::agents) fn afford(&mut self, view: &State, now: Time, account: AccountId, nano: u64) -> bool {
        let missing = nano.saturating_sub(Self::spendable(view, account));
        let within = |cost: u64| cost <= self.dollars.of(account);
        missing == 0 || (self.quote_to_buy(view, missing).is_some_and(within) && self.buy(view, now, account, missing))
    }

    /// The attacker whose own account this is, for whom its trades are booked.
    pub(in crate::agents) fn attackers_trades(&mut self, account: AccountId) -> Option<&mut Trades> {
        let number = self.economy.attackers.iter().position(|attacker| attacker.holds(account))?;
        Some(&mut self.rows.attackers[number].trades)
    }

    /// Hands attackers their dollars, half to each account where one has two, and notes what they are worth with what genesis gave
    /// them.
    pub(in crate::agents) fn fund_attackers(&mut self, genesis: &Genesis) {
        let economy = self.economy.clone();
        for attacker in economy.attackers.iter().filter(|attacker| attacker.accounts > 0) {
            let part = attacker.usd / u64::from(attacker.accounts);
            for account in attacker.first.0..attacker.first.0 + attacker.accounts {
                self.dollars.transfer(Purse::Outside, Purse::Of(AccountId(account)), part).expect("the outside is never short");
            }
        }
        for number in 0..economy.attackers.len() {
            let accounts = economy.accounts_of_attacker(number);
            let nano: u128 = accounts.iter().filter_map(|account| Some(genesis.accounts.get(account.index())?.amount)).sum();
            let usd: u128 = accounts.iter().map(|&account| u128::from(self.dollars.of(account))).sum();
            let row = &mut self.rows.attackers[number];
            (row.staked, row.held) = (usd + nano * u128::from(economy.exchange.price) / u128::from(XPL), nano);
        }
    }

    /// Appraises every attacker, as an epoch closes.
    pub(in crate::agents) fn appraise(&mut self, view: &State) {
        let economy = self.economy.clone();
        if economy.attackers.is_empty() {
            return;
        }
        self.forget_ended(view);
        let price = u128::from(self.market_price(view));
        let mut wealth = vec![(0u128, 0u128); economy.attackers.len()];
        for (number, (nano, usd)) in wealth.iter_mut().enumerate() {
            for account in economy.accounts_of_attacker(number) {
                let row = view.account(account);
                let bond = row.and_then(|row| view.provider(row.provider)).map_or(0, |provider| provider.bond);
                *nano += row.map_or(0, |row| row.free) + bond;
                *usd += u128::from(self.dollars.of(account));
            }
        }
        let own = |account: AccountId| economy.attackers.iter().position(|attacker| attacker.holds(account));
        let escrows = view.jobs.iter().filter_map(|job| Some((own(job.customer)?, u128::from(job.escrow))));
        escrows.for_each(|(number, escrow)| wealth[number].0 += escrow);
        let proposals = view.proposals.iter().filter_map(|row| Some((own(row.proposer)?, u128::from(row.deposit))));
        proposals.for_each(|(number, deposit)| wealth[number].0 += deposit);
        let challenges = view.docket.cases.values().filter_map(|case| {
            let lender = economy.lender_of(view.provider(case.challenger)?.owner)?;
            Some((economy.attacker_behind(lender)?, u128::from(case.deposit)))
        });
        challenges.for_each(|(number, deposit)| wealth[number].0 += deposit);
        let returning = view.unbonding.entries.iter().filter_map(|entry| {
            let owner = view.provider(entry.provider)?.owner;
            let lender = economy.lender_of(owner).and_then(|lender| economy.attacker_behind(lender));
            Some((lender.or_else(|| own(owner))?, u128::from(entry.amount)))
        });
        returning.for_each(|(number, amount)| wealth[number].0 += amount);
        for (row, (nano, usd)) in self.rows.attackers.iter_mut().zip(wealth) {
            let at = |nano: u128, price: u128| nano * price / u128::from(XPL);
            row.worth = usd + at(nano, price);
            row.idle = row.staked + row.put_in + at(row.held, price) - at(row.held, economy.exchange.price.into());
        }
    }

    /// What the attackers made of what they had, as of the last epoch.
    pub fn booty(&self) -> Vec<Booty> {
        let of = |(attacker, row): (&crate::economy::Attacker, &AttackerRow)| Booty {
            name: attacker.name.clone(),
            means: row.staked + row.put_in,
            worth: row.worth,
            idle: row.idle,
        };
        self.economy.attackers.iter().zip(&self.rows.attackers).map(of).collect()
    }
}
