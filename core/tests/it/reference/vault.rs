//! Prices, the vault, and the base fee's controller.

use super::arithmetic::mul_div;
use super::commands::{refuse, short_by};
use super::{Job, Reference};
use plasma_core::ids::LeaseId;
use plasma_core::money::XPL;
use plasma_core::protocol::fee::Repriced;
use plasma_core::protocol::vault::{Braked, Credited, Reminted};
use plasma_core::rejection::{Refused, Rejection};
use ruint::aliases::U512;

/// So many steps, by so many parts per billion more as often as said, and never more than 14 400: with 128 binary places.
fn grown(least: u64, rate: u64, times: u64) -> u64 {
    let most: U512 = U512::from(14_400u64) << 128;
    let mut value: U512 = U512::from(least) << 128;
    for _ in 0..times.min(20_000) {
        let more: U512 = value * U512::from(1_000_000_000 + rate) / U512::from(1_000_000_000u64);
        value = more.min(most);
    }
    // What rounding took below a whole number is put back.
    let whole: U512 = (value + (U512::from(1u64) << 100)) >> 128;
    u64::try_from(whole).expect("a few steps")
}

impl Reference {
    fn vault_mode(&self) -> bool {
        self.rules.settle_mode() == 3
    }

    /// What a budget is worth in micro-dollars, when jobs are taken on credit, and the window that it opens.
    pub fn credit(&self, budget: u64) -> Result<Option<(u64, Option<Braked>)>, Refused> {
        if !self.vault_mode() {
            return Ok(None);
        }
        let Some(price) = self.price() else { return refuse(Rejection::NoOraclePrice) };
        let credited = || self.jobs.values().filter(|job| job.credit > 0);
        let tabs = self.tabs.values().map(|tab| tab.dollars).sum::<u128>();
        let owed: u128 = credited().map(|job| u128::from(job.credit)).sum::<u128>() + tabs;
        let escrows = credited().map(|job| self.balances.escrows[&job.id]).sum::<u128>();
        let backing: u128 = self.balances.vault + escrows + self.balances.tabs.values().sum::<u128>();
        let worth = mul_div(backing, price, XPL.into());
        if owed > 0 && U512::from(worth) * U512::from(XPL) < U512::from(self.rules.settle_halt()) * U512::from(owed) {
            return short_by(Rejection::VaultHalted, 0);
        }
        let mut braked = None;
        let (warn, (shuts, opens)) = (self.rules.settle_warn(), self.window);
        if warn > 0 && self.now >= shuts {
            if self.now < opens {
                return short_by(Rejection::VaultBraked, u128::from(opens - self.now));
            }
            let ratio = if owed > 0 { mul_div(worth, 1_000_000_000, owed) } else { u128::MAX };
            if ratio < warn.into() {
                let ratio = ratio as u64;
                let thousandths = (warn / 100_000 - ratio / 100_000) / 10;
                let (step, least) = (self.rules.settle_brake_step(), self.rules.settle_brake_least());
                let steps = grown(least, self.rules.settle_brake_rate(), thousandths);
                braked = Some(Braked { ratio, shuts: self.now + least * step, opens: self.now + steps * step });
            }
        }
        match mul_div(budget.into(), price, XPL.into()) {
            0 => refuse(Rejection::CreditTooSmall),
            micro_usd => Ok(Some((u64::try_from(micro_usd).unwrap_or(u64::MAX), braked))),
        }
    }

    pub fn grant(&mut self, micro_usd: u64, id: plasma_core::ids::JobId) {
        self.happen(Credited { micro_usd, job: id }, |this| {
            this.jobs.get_mut(&id).expect("the job is open").credit = micro_usd;
        });
    }

    pub fn brake(&mut self, braked: Braked) {
        self.happen(braked, |this| this.window = (braked.shuts, braked.opens));
    }

    /// Brings a net payment to its worth in dollars, and tells what it became.
    pub fn revalue(&mut self, lease: LeaseId, net: u64) -> u64 {
        let id = self.leases[&lease].job;
        let (&Job { credit, .. }, Some(price)) = (&self.jobs[&id], self.price()) else { return net };
        let escrow = self.balances.escrows[&id];
        if !self.vault_mode() || credit == 0 || escrow == 0 {
            return net;
        }
        let dollars = mul_div(credit.into(), net.into(), escrow);
        let most = u128::from(u64::MAX) - (escrow - u128::from(net));
        let worth = mul_div(dollars, XPL.into(), price).min(most);
        let net = u128::from(net);
        let gained = net.saturating_sub(worth);
        let lost = worth.saturating_sub(net);
        let back = lost.min(self.balances.vault);
        let fresh = (lost - back).min(self.balances.unissued);
        let [deposited, reminted, minted] = [gained, back, fresh].map(|amount| amount as u64);
        self.happen(Reminted { lease, deposited, reminted, minted }, |this| {
            let balances = &mut this.balances;
            let escrow = balances.escrows.get_mut(&id).expect("an escrow");
            *escrow = *escrow - gained + back + fresh;
            balances.vault = balances.vault + gained - back;
            balances.unissued -= fresh;
            this.minted += fresh;
        });
        (net - gained + back + fresh) as u64
    }

    /// What a command costs.
    pub fn base_fee(&self) -> u64 {
        if self.rules.fee_control() == 0 { self.rules.fee_base() } else { self.fee }
    }

    /// The fee of the round to come, when the one that ends had so many commands.
    pub fn reprice(&mut self, commands: u64) {
        let rules = &self.rules;
        let (target, denominator) = (u128::from(rules.fee_target()), u128::from(rules.fee_denominator()));
        let most = 1_000 * u128::from(XPL);
        let old = u128::from(self.fee);
        let (fee, excess) = match rules.fee_control() {
            0 => return,
            1 => {
                let used = u128::from(commands).min(target * u128::from(rules.fee_elasticity()));
                let step = old * used.abs_diff(target) / target / denominator;
                (if used > target { old + step.max(1) } else { old - step }, 0)
            }
            _ => {
                let unit = u128::from(rules.fee_unit());
                let (target, added) = (target * unit, u128::from(commands) * unit);
                let excess = (u128::from(self.excess) + added).saturating_sub(target);
                let fraction = match u128::from(rules.fee_fraction()) {
                    0 => target * denominator,
                    ratio => ((2 * target * ratio + 1_000_000_000) / 2_000_000_000).max(1),
                };
                let fraction = U512::from(fraction);
                let (mut sum, mut term, mut i) = (U512::ZERO, U512::from(rules.fee_base()) * fraction, 1u64);
                // Every term adds: what is beyond the largest fee stays there.
                while term > U512::ZERO && sum / fraction <= U512::from(most) {
                    sum += term;
                    term = term * U512::from(excess) / (fraction * U512::from(i));
                    i += 1;
                }
                (u128::try_from(sum / fraction).unwrap_or(most), excess as u64)
            }
        };
        let fee = fee.min(most) as u64;
        self.happen(Repriced { fee, excess }, |this| (this.fee, this.excess) = (fee, excess));
    }
}
