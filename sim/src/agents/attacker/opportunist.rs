//! Opportunists: providers who compute as long as it pays them.
//!
//! Once a day each reckons what the mean lease of its class is to it, by what everybody can see. Not to compute saves D; with
//! probability p it is found, and then costs the pay R and the slash S. It does not compute while
//!
//! > p · (R + S) < D
//!
//! (Becker 1968, "Crime and Punishment: An Economic Approach"; the bound of [`plasma_core::formula::deterrence`]), with
//!
//! - p: the mean probability, by the policies of leases, that a wrong result is found where checkers are honest,
//! - R: the mean payment after the protocol's fee, and the emission for its work, which is lost with it,
//! - S: what the rules of slashing cut of the bond behind the lease and seize of its earnings held back, at the oracle's price,
//! - D: for the hours of work on its own machine, (1 − e) · (1 − standby) · electricity + e · what a GPU earns elsewhere, where e is the
//!   share of freed time in which it is let elsewhere and draws full power there.
//!
//! R and S are XPL and fall with its price; D is dollars and does not.

use crate::agents::Agents;
use crate::agents::provider::ask::kept;
use crate::agents::queue::Kind;
use crate::economy::attackers::Plan;
use plasma_core::engine::state::State;
use plasma_core::formula::slash::{Punishment, due};
use plasma_core::money::XPL;
use plasma_core::time::{DAY, HOUR, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// How often an attacker's opportunists turned.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// Times that one of them ceased to compute.
    pub to_lazy: u64,
    /// Times that one computed again.
    pub to_honest: u64,
    /// Those who do not compute, as of the last reckoning.
    pub lazy: u64,
    /// Micro-USD that their freed GPUs earned elsewhere.
    pub rented: u128,
}

/// What not computing a lease is to a provider; amounts in micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reckoning {
    /// p: the probability that it is found.
    pub found: f64,
    /// R: what the lease earns.
    pub earned: f64,
    /// S: what is slashed.
    pub slashed: f64,
    /// D: what not computing saves and earns elsewhere.
    pub saved: f64,
}

impl Reckoning {
    /// Whether not computing pays: p · (R + S) < D.
    pub fn pays(&self) -> bool {
        self.found * (self.earned + self.slashed) < self.saved
    }
}

impl Agents {
    /// Every opportunist of an attacker reckons; when the time for that is over they compute again.
    pub(super) fn reckon(&mut self, view: &State, now: Time, number: usize, acts: bool) {
        let economy = self.economy.clone();
        let attacker = &economy.attackers[number];
        let mut turns = std::mem::take(&mut self.rows.attackers[number].turns);
        turns.lazy = 0;
        for &lender in &attacker.lenders {
            let lender = lender as usize;
            // Without a price nobody can tell, and everybody goes on as before.
            let pays = match acts {
                true => self.reckoning(view, now, lender).map(|reckoning| reckoning.pays()),
                false => Some(false),
            };
            let row = &mut self.rows.lenders[lender];
            let lazy = pays.unwrap_or(row.lazy);
            turns.to_lazy += u64::from(lazy && !row.lazy);
            turns.to_honest += u64::from(row.lazy && !lazy);
            turns.lazy += u64::from(lazy);
            row.lazy = lazy;
        }
        self.rows.attackers[number].turns = turns;
        if acts {
            self.queue.push((now + DAY).min(attacker.until), Kind::Attack, number as u64);
        }
    }

    /// What not computing the mean lease of its class is to a provider; `None` while it is not on the ledger, has seen no lease, or there
    /// is no price of XPL.
    pub fn reckoning(&self, view: &State, now: Time, lender: usize) -> Option<Reckoning> {
        let price = self.price(view, now)?;
        let who = self.today(lender, now);
        let seen = self.rows.board.class(who.class);
        let provider = self.rows.lenders[lender].provider;
        if seen.work == 0.0 || view.provider(provider).is_none() {
            return None;
        }
        let Plan::Opportunist { elsewhere, .. } = self.economy.attackers[self.economy.attacker_behind(lender)?].plan else {
            return None;
        };
        let usd = |nano: f64| nano * price as f64 / XPL as f64;
        let hours = seen.work / HOUR as f64;
        let emission = self.emission_per_hour(view, who.class, price) * hours;
        let params = &*view.params;
        let behind = (seen.size * params.bond_per_gpu() as f64) as u64;
        let held = u64::try_from(view.holdback.of(provider)).unwrap_or(u64::MAX);
        let Punishment { seized, rate } =
            Punishment::of(behind, params.slash_wrong(), held, params.slash_rewards(), params.slash_stake());
        let slashed = seized as f64 + due(behind, rate) as f64;
        Some(Reckoning {
            found: seen.found,
            earned: seen.pay * kept(view).unwrap_or(0.0) + emission,
            slashed: usd(slashed),
            saved: who.freed(elsewhere) * hours / who.speed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Reckoning;

    #[test]
    fn not_computing_pays_below_the_bound_and_not_at_it() {
        let at = Reckoning { found: 0.25, earned: 30.0, slashed: 50.0, saved: 20.0 };
        assert!(!at.pays());
        assert!(Reckoning { saved: 20.001, ..at }.pays() && !Reckoning { saved: 19.999, ..at }.pays());
        assert!(Reckoning { slashed: 49.9, ..at }.pays() && Reckoning { found: 0.2499, ..at }.pays());
        assert!(Reckoning { found: 0.0, ..at }.pays() && !Reckoning { saved: 0.0, ..at }.pays());
    }
}
