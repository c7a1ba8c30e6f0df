//! Duties beside work: a seat on a panel, and the root of a copy.
//!
//! Who sits on a panel executes the job again, honestly unless its owner challenged falsely, at its own speed, seals its root when it is
//! done, and reveals it when all have sealed theirs or the time for that is over. Where it takes longer than the protocol waits, it
//! stays silent.

use super::super::Agents;
use super::super::queue::Kind;
use super::Phase;
use plasma_core::engine::state::State;
use plasma_core::ids::{LeaseId, ProviderId};
use plasma_core::protocol::lease::commitment;
use plasma_core::protocol::verification::copies::{CopiesComplete, RevealCopy};
use plasma_core::protocol::verification::panel::{Answer, RevealVerdict, SealVerdict, Seated, seal};
use plasma_core::record::Origin;
use plasma_core::time::Time;

impl Agents {
    /// When one of a panel has executed the job again.
    fn duty_done(&self, view: &State, lease: LeaseId, juror: ProviderId) -> Option<Time> {
        let (row, case) = (view.lease(lease)?, view.docket.cases.get(&lease)?);
        let lender = self.economy.lender_of(view.provider(juror)?.owner)?;
        let seated = case.seal_by.saturating_sub(view.params.verification_window());
        Some(seated + self.term(view, row, lender)).filter(|&done| done < case.seal_by)
    }

    /// A provider was given a seat.
    pub(in super::super) fn begin_duty(&mut self, view: &State, now: Time, seated: &Seated) {
        let Some(case) = view.docket.cases.get(&seated.lease) else { return };
        if case.seats.len() == 1 {
            self.queue.push(seated.seal_by, Kind::RevealVerdict, seated.lease.0);
        }
        let Some(done) = self.duty_done(view, seated.lease, seated.juror) else { return };
        // Those who are done at the same time seal at one appointment.
        let before = case.seats.iter().filter(|seat| seat.juror != seated.juror);
        if !before.map(|seat| self.duty_done(view, seated.lease, seat.juror)).any(|other| other == Some(done)) {
            self.queue.push(done.max(now), Kind::SealVerdict, seated.lease.0);
        }
    }

    /// What hides the root of one of a panel; its message is longer than those of roots and asks.
    fn verdict_salt(&self, lease: LeaseId, juror: ProviderId) -> [u8; 32] {
        let message = [&b"verdict of "[..], &lease.0.to_le_bytes(), &juror.0.to_le_bytes()].concat();
        *blake3::keyed_hash(&self.root_key, &message).as_bytes()
    }

    /// Those of a panel who are done by now seal their roots.
    pub(in super::super) fn seal_verdicts(&mut self, view: &State, now: Time, id: LeaseId) {
        let Some(case) = view.docket.cases.get(&id) else { return };
        for seat in case.seats.iter().filter(|seat| seat.answer == Answer::Silent) {
            if self.duty_done(view, id, seat.juror) == Some(now) {
                let root = self.panel_root(view, id, seat.juror);
                let digest = seal(id, seat.juror, &root, &self.verdict_salt(id, seat.juror));
                self.send(now, Origin::Account(view.providers()[seat.juror.index()].owner), SealVerdict { lease: id, digest });
            }
        }
    }

    /// When the last of a panel has sealed, all reveal.
    pub(in super::super) fn all_sealed(&mut self, view: &State, now: Time, id: LeaseId) {
        let all = |case: &plasma_core::protocol::verification::challenge::Case| {
            case.seats.iter().all(|seat| seat.answer != Answer::Silent)
        };
        if view.docket.cases.get(&id).is_some_and(all) {
            self.reveal_verdicts(view, now, id);
        }
    }

    /// Those of a panel who sealed a root reveal it.
    pub(in super::super) fn reveal_verdicts(&mut self, view: &State, now: Time, id: LeaseId) {
        let Some(case) = view.docket.cases.get(&id) else { return };
        for seat in case.seats.iter().filter(|seat| seat.answer == Answer::Sealed) {
            let command =
                RevealVerdict { lease: id, root: self.panel_root(view, id, seat.juror), salt: self.verdict_salt(id, seat.juror) };
            self.send(now, Origin::Account(view.providers()[seat.juror.index()].owner), command);
        }
    }

    /// All copies of a job are committed: each provider that is not dark reveals the root that it committed to.
    pub(in super::super) fn reveal_copies(&mut self, view: &State, now: Time, complete: &CopiesComplete) {
        let Some(set) = view.docket.sets.get(&complete.lead) else { return };
        for lease in set.copies.iter().filter_map(|copy| view.lease(view.job(copy.job)?.lease)) {
            let worker = view.offers()[lease.offer.index()].provider;
            let Some(lender) = self.lender_of_offer(lease.offer) else { continue };
            if self.rows.lenders[lender].phase == Phase::Dark {
                continue;
            }
            let right = self.root(view, lease.job, None);
            let honest = commitment(lease.id, worker, &right) == lease.commitment;
            let root = if honest { right } else { self.root(view, lease.job, Some(worker)) };
            let origin = Origin::Account(self.economy.account_of(lender));
            self.send(now, origin, RevealCopy { lease: lease.id, root });
        }
    }
}
