//! False challenges: providers of one owner say of right results that they are wrong, and say so again when they sit on the panel.
//!
//! With probability P that its own are the majority of those who decide, a challenge wins the finder's share F of the slash, and
//! otherwise loses the deposit D: it pays where P · F > (1 − P) · D.

use super::super::Agents;
use crate::economy::attackers::Plan;
use plasma_core::engine::state::State;
use plasma_core::ids::{LeaseId, ProviderId};
use plasma_core::protocol::verification::challenge::Challenge;
use plasma_core::record::Origin;
use plasma_core::time::Time;

/// Providers whom an attacker asks at most before it lets a result pass.
const ASKED: u64 = 8;

impl Agents {
    /// A result stands open: whoever challenges falsely may challenge it, in the attackers' order.
    pub(in super::super) fn challenge_falsely(&mut self, view: &State, now: Time, id: LeaseId) {
        let economy = self.economy.clone();
        let Some(worker) = view.lease(id).map(|lease| view.offers()[lease.offer.index()].provider) else { return };
        let worker = view.provider(worker).and_then(|provider| economy.lender_of(provider.owner));
        for (number, attacker) in economy.attackers.iter().enumerate() {
            let Plan::Challenge { share, .. } = attacker.plan else { continue };
            let own = worker.is_some_and(|worker| attacker.owns(economy.lenders[worker].group));
            if own || !attacker.acts(now) || attacker.lenders.is_empty() {
                continue;
            }
            let row = &mut self.rows.attackers[number];
            let mut draw = self.streams.attack.draw(attacker.stream, row.chances);
            row.chances += 1;
            let (challenges, first) = (draw.chance(share), draw.below(attacker.lenders.len() as u64));
            if !challenges {
                continue;
            }
            let asked = (0..ASKED.min(attacker.lenders.len() as u64)).map(|i| (first + i) % attacker.lenders.len() as u64);
            let lenders = asked.map(|i| attacker.lenders[i as usize] as usize);
            let able = |lender: &usize| {
                let provider = self.rows.lenders[*lender].provider;
                view.provider(provider).is_some_and(|row| row.gpus > 0) && view.may_lease(provider)
            };
            let Some(lender) = lenders.into_iter().find(able) else { continue };
            if self.affords(view, now, lender, view.params.verification_challenge_deposit()) {
                self.send(now, Origin::Account(economy.account_of(lender)), Challenge { lease: id });
                return;
            }
        }
    }

    /// The root that one of a panel reveals: its own execution's, or one that upholds its owner's challenge.
    pub(in super::super) fn panel_root(&self, view: &State, id: LeaseId, juror: ProviderId) -> [u8; 32] {
        let Some(lease) = view.lease(id) else { return [0; 32] };
        let behind = |provider: ProviderId| {
            let lender = self.economy.lender_of(view.provider(provider)?.owner)?;
            self.economy.attacker_behind(lender)
        };
        let upholds = || {
            let challenger = behind(view.docket.cases.get(&id)?.challenger)?;
            let colludes = matches!(self.economy.attackers[challenger].plan, Plan::Challenge { collude: true, .. });
            (colludes && behind(juror) == Some(challenger)).then_some(juror)
        };
        let false_root = if self.economy.attackers.is_empty() { None } else { upholds() };
        self.root(view, lease.job, false_root)
    }
}
