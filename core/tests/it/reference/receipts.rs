//! Receipts: what customers put aside for requests, and what they said was served.

use super::arithmetic::{largest_remainder, mul_div, share};
use super::commands::{Outcome, refuse, short_by};
use super::{Reference, Tab};
use plasma_core::catalogue::Kind;
use plasma_core::ids::{JobId, LeaseId};
use plasma_core::money::XPL;
use plasma_core::protocol::receipt::{FundTab, ReceiptPaid, ReceiptSigned, Redeemed, SignReceipt, TabFunded, TabReturned};
use plasma_core::record::Origin;
use plasma_core::rejection::Rejection;

impl Reference {
    fn serves_requests(&self, job: JobId) -> bool {
        self.catalogue.programs[self.jobs[&job].asked.program.index()].kind == Kind::Deployment
    }

    pub fn fund_tab(&mut self, origin: Origin, asked: FundTab) -> Outcome {
        let customer = Self::account_of(origin)?;
        if asked.amount == 0 {
            return refuse(Rejection::ZeroAmount);
        }
        if self.jobs.get(&asked.job).is_none_or(|job| job.customer != customer) {
            return refuse(Rejection::UnknownJob);
        }
        if !self.serves_requests(asked.job) {
            return refuse(Rejection::NoTab);
        }
        let before = self.tabs.get(&asked.job).cloned().unwrap_or_default();
        let amount = u128::from(asked.amount);
        let most = u128::from(u64::MAX);
        if before.holds + amount > most {
            return short_by(Rejection::TabFull, most - before.holds);
        }
        self.has(customer, asked.amount)?;
        let (credit, braked) = self.credit(asked.amount)?.unwrap_or((0, None));
        let worth = u128::from(credit).min(most - before.dollars);
        self.happen(TabFunded { micro_usd: worth as u64 }, |this| {
            this.balances.accounts[customer] -= amount;
            *this.balances.tabs.entry(asked.job).or_default() += amount;
            let tab = this.tabs.entry(asked.job).or_default();
            tab.holds += amount;
            tab.dollars += worth;
        });
        if let Some(braked) = braked {
            self.brake(braked);
        }
        Ok(())
    }

    pub fn sign_receipt(&mut self, origin: Origin, asked: SignReceipt) -> Outcome {
        let customer = Self::account_of(origin)?;
        let Some(lease) = self.leases.get(&asked.lease) else { return refuse(Rejection::UnknownLease) };
        let job = lease.job;
        if self.jobs[&job].customer != customer {
            return refuse(Rejection::NotYourLease);
        }
        if !self.serves_requests(job) {
            return refuse(Rejection::NoTab);
        }
        let tab = self.tabs.get(&job).cloned().unwrap_or_default();
        let amount = u128::from(asked.amount);
        // Receipts on leases before this one say nothing of it.
        let before = tab.receipts.iter().filter(|receipt| receipt.0 == asked.lease).map(|receipt| receipt.1).max().unwrap_or(0);
        if amount <= before {
            return short_by(Rejection::ReceiptBehind, before);
        }
        if amount > tab.holds {
            return short_by(Rejection::TabShort, amount - tab.holds);
        }
        self.happen(ReceiptSigned {}, |this| {
            this.tabs.get_mut(&job).expect("there is a tab").receipts.push((asked.lease, amount));
        });
        Ok(())
    }

    /// A lease ends: the largest receipt on it is paid.
    pub fn pay_receipt(&mut self, id: LeaseId) {
        let job = self.leases[&id].job;
        let Some(tab) = self.tabs.get(&job).cloned() else { return };
        let Some(amount) = tab.receipts.iter().filter(|receipt| receipt.0 == id).map(|receipt| receipt.1).max() else { return };
        let fee = share(amount, self.rules.fee_rate()) as u64;
        let weights = [self.rules.fee_burn(), self.rules.fee_treasury(), self.rules.fee_stakers()];
        let [mut burned, treasury, stakers] = largest_remainder(fee, &weights)[..] else { unreachable!() };
        let mut net = amount - u128::from(fee);
        match self.rules.settle_mode() {
            1 | 2 => burned += std::mem::take(&mut net) as u64,
            3 => net = self.redeem(id, &tab, amount, net),
            _ => {}
        }
        let (paid, offer) = (net as u64, self.leases[&id].offer);
        let whole = net + u128::from(burned) + u128::from(treasury) + u128::from(stakers);
        self.happen(ReceiptPaid { lease: id, paid, burned, treasury, stakers }, |this| {
            let provider = &mut this.providers[this.offers[offer].provider];
            let weight = [0, whole, burned.into()][this.rules.emission_weight() as usize];
            provider.work = (provider.work + weight).min(u64::MAX.into());
            this.paid += whole;
            this.balances.accounts[provider.owner] += net;
            this.balances.burned += u128::from(burned);
            this.balances.treasury += u128::from(treasury);
            this.balances.staker_pool += u128::from(stakers);
            this.take_from_tab(job, whole);
        });
        self.withhold(offer, paid);
    }

    /// The dollars that are signed for become XPL again.
    fn redeem(&mut self, id: LeaseId, tab: &Tab, signed: u128, net: u128) -> u128 {
        let job = self.leases[&id].job;
        let dollars = mul_div(tab.dollars, signed, tab.holds);
        let mut worth = net;
        if let Some(price) = self.price() {
            let most = u128::from(u64::MAX) - (tab.holds - net);
            worth = mul_div(mul_div(tab.dollars, net, tab.holds), XPL.into(), price).min(most);
        }
        let (gained, lost) = (net.saturating_sub(worth), worth.saturating_sub(net));
        let back = lost.min(self.balances.vault);
        let fresh = (lost - back).min(self.balances.unissued);
        let [micro_usd, deposited, reminted, minted] = [dollars, gained, back, fresh].map(|amount| amount as u64);
        self.happen(Redeemed { lease: id, micro_usd, deposited, reminted, minted }, |this| {
            let tab = this.tabs.get_mut(&job).expect("there is a tab");
            tab.dollars -= dollars;
            tab.holds = tab.holds - gained + back + fresh;
            this.balances.tabs.insert(job, tab.holds);
            this.balances.vault = this.balances.vault + gained - back;
            this.balances.unissued -= fresh;
            this.minted += fresh;
        });
        net - gained + back + fresh
    }

    fn take_from_tab(&mut self, job: JobId, amount: u128) {
        let tab = self.tabs.get_mut(&job).expect("there is a tab");
        tab.holds -= amount;
        tab.receipts.clear();
        self.balances.tabs.insert(job, tab.holds);
        if tab.holds == 0 {
            self.tabs.remove(&job);
            self.balances.tabs.remove(&job);
        }
    }

    /// A job is over: the customer has what nobody was paid.
    pub fn return_tab(&mut self, job: JobId) {
        let Some(tab) = self.tabs.get(&job) else { return };
        let (holds, customer) = (tab.holds, self.jobs[&job].customer);
        self.happen(TabReturned { amount: holds as u64, job }, |this| {
            this.balances.accounts[customer] += holds;
            this.take_from_tab(job, holds);
        });
    }
}
