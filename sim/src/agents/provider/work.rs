//! Work: what becomes of a lease, and what a drawn checker answers.
//!
//! The right trace root of a job is a keyed hash of it, which every honest machine arrives at; a wrong one is a hash of job and
//! provider, so that two wrong machines disagree too. The engine compares roots and knows neither key nor rule.

use super::super::Agents;
use super::super::board::Agreed;
use super::super::queue::Kind;
use super::{NOTICE, Phase};
use crate::economy::attackers::Plan;
use plasma_core::catalogue;
use plasma_core::engine::state::State;
use plasma_core::formula::deterrence::freivalds_power;
use plasma_core::ids::{JobId, LeaseId, OfferId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::Params;
use plasma_core::protocol::bond::Slashed;
use plasma_core::protocol::lease::{Commit, Lease, Stage, commitment};
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::provider::Jailed;
use plasma_core::protocol::verification::copies::{Compared, Comparison};
use plasma_core::protocol::verification::draw::CheckDrawn;
use plasma_core::protocol::verification::planted::presented;
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::protocol::verification::verdict::Verdict;
use plasma_core::record::Origin;
use plasma_core::time::{HOUR, SECOND, Span, Time};

/// How long it takes to answer without working.
const LIE: Span = SECOND;

/// How long `work_mgs` takes on `gpus` GPUs of this true speed.
fn duration(work_mgs: u64, gpus: u16, speed: f64) -> Span {
    (libm::ceil(work_mgs as f64 / (f64::from(gpus.max(1)) * speed)) as Span).max(1)
}

/// The probability that a wrong result is found where checkers are honest: copies find it for sure, and a test by random vectors has
/// the power that its rounds give it.
fn found(policy: Policy, params: &Params) -> f64 {
    let part = |share: u64| share as f64 / ONE as f64;
    match policy {
        Policy::Redundant => 1.0,
        Policy::Freivalds => part(policy.rate(params)) * part(freivalds_power(params.verification_freivalds_rounds() as u32)),
        _ => part(policy.rate(params)),
    }
}

impl Agents {
    /// The trace root of a job as its provider's honest machine computes it, or as a broken one does. Copies of a job have one root:
    /// that of their customer and its moment.
    pub(in crate::agents) fn root(&self, view: &State, id: JobId, broken: Option<ProviderId>) -> [u8; 32] {
        let broken = broken.unwrap_or(ProviderId::NONE).0.to_le_bytes();
        let hash = |message: &[u8]| *blake3::keyed_hash(&self.root_key, message).as_bytes();
        match view.job(id) {
            Some(job) if matches!(job.policy, Policy::Redundant | Policy::Checked) => hash(
                &[&job.submitted.to_le_bytes()[..], &job.customer.0.to_le_bytes(), &job.sizes[0].to_le_bytes(), &broken].concat(),
            ),
            _ => {
                let mut message = [0u8; 12];
                message[..8].copy_from_slice(&id.0.to_le_bytes());
                message[8..].copy_from_slice(&broken);
                hash(&message)
            }
        }
    }

    /// How long a lease takes a provider: a deployment its whole term, work as long as its machine needs.
    pub(super) fn term(&self, view: &State, lease: &Lease, lender: usize) -> Span {
        let program = view.job(lease.job).and_then(|job| view.catalogue.program(job.program));
        let billed_by_time = program.is_some_and(|program| program.kind == catalogue::Kind::Deployment);
        let speed = if billed_by_time { 1.0 } else { self.economy.lenders[lender].speed };
        duration(lease.work_mgs, lease.gpus, speed)
    }

    /// The provider of an offer.
    pub(in super::super) fn lender_of_offer(&self, offer: OfferId) -> Option<usize> {
        self.rows.offers.get(offer.index())?.lender()
    }

    /// A lease began: how it will end is drawn now.
    pub(in super::super) fn begin_lease(&mut self, view: &State, now: Time, leased: &Leased) {
        let (lender, slot) = (self.lender_of_offer(leased.offer), leased.lease.slot());
        if self.rows.lease_lenders.len() <= slot {
            self.rows.lease_lenders.resize(slot + 1, u32::MAX);
        }
        self.rows.lease_lenders[slot] = lender.map_or(u32::MAX, |lender| lender as u32);
        if self.rows.lies.len() <= slot {
            self.rows.lies.resize(slot + 1, None);
        }
        self.rows.lies[slot] = None;
        let Some((lender, lease)) = lender.zip(view.lease(leased.lease)) else { return };
        self.count_busy(view, now, leased.offer);
        if let Some(price) = self.price(view, now) {
            let class = view.offers()[leased.offer.index()].class;
            let (waited, found) =
                view.job(lease.job).map_or((0, 0.0), |job| (now - job.submitted, found(job.policy, view.params)));
            let usd = |nano: f64| nano * price as f64 / XPL as f64;
            let (pay, work) = (leased.price as f64, leased.work_mgs as f64);
            let hourly = usd(pay * HOUR as f64 / work);
            let agreed = Agreed { price: hourly, pay: usd(pay), work, gpus: lease.gpus, waited, found };
            self.rows.board.agreed(class, &agreed);
        }
        let (stream, (missed, wrong)) = (self.economy.lenders[lender].stream, self.economy.lenders[lender].faults);
        let index = self.rows.lenders[lender].leases;
        self.rows.lenders[lender].leases = index + 1;
        let mut draw = self.streams.lease.draw(stream, index);
        let u = draw.uniform();
        let term = self.term(view, lease, lender);
        let lie =
            self.cheat(lender, now).and_then(|(wrong, pretend)| draw.chance(wrong).then_some(if pretend { term } else { LIE }));
        let gpu_ms = term * u64::from(lease.gpus);
        self.tally.avoidable += (self.today(lender, now).most_freed() * gpu_ms as f64 / HOUR as f64) as u128;
        if self.stalls(view, now, lender, leased) {
            // It serves no requests either.
            self.rows.lies[slot] = Some(0);
            self.rows.lenders[lender].lied_ms += (leased.due - now) * u64::from(lease.gpus);
            return;
        }
        if let Some(lie) = lie {
            self.begin_lie(view, now, lender, leased, gpu_ms);
            self.rows.lenders[lender].lied_ms += lie * u64::from(lease.gpus);
            return self.queue.push(now + lie, Kind::CommitWrong, leased.lease.0);
        }
        let done = now + term;
        if u < missed || done >= lease.due {
            self.tally.missed += 1;
        } else if u < missed + wrong {
            self.tally.faulty += 1;
            self.queue.push(done, Kind::CommitWrong, leased.lease.0);
        } else {
            self.queue.push(done, Kind::CommitRight, leased.lease.0);
        }
    }

    /// A lease ended well, or came to nothing.
    pub(in super::super) fn ended(&mut self, lease: LeaseId, well: bool) {
        let lender = self.rows.lease_lenders.get(lease.slot()).copied();
        let class = lender.and_then(|lender| self.economy.lenders.get(lender as usize)).map(|lender| lender.class);
        class.into_iter().for_each(|class| self.rows.board.ended(class, well));
    }

    /// A copy was compared with the others: where they settle what it is worth, nobody checks it.
    pub(in super::super) fn compared(&mut self, compared: &Compared) {
        match compared.outcome {
            Comparison::Agreed => self.rows.board.results.checked(true),
            Comparison::Outvoted => self.rows.board.results.checked(false),
            Comparison::Unrevealed => self.ended(compared.lease, false),
            Comparison::Undecided => {}
        }
    }

    /// The share of leases that a provider answers without working, where its owner has it do so, and whether it pretends to work.
    fn cheat(&self, lender: usize, now: Time) -> Option<(f64, bool)> {
        let attacker = &self.economy.attackers[self.economy.attacker_behind(lender)?];
        match attacker.plan {
            Plan::Cheat { wrong, pretend, .. } if attacker.acts(now) => Some((wrong, pretend)),
            Plan::Opportunist { .. } if self.rows.lenders[lender].lazy => Some((1.0, true)),
            _ => None,
        }
    }

    /// Whether a checker finds right what it knows to be wrong: its owner's provider gave it.
    fn colludes(&self, view: &State, checker: ProviderId, id: LeaseId) -> bool {
        let behind = |provider: ProviderId| {
            let lender = self.economy.lender_of(view.provider(provider)?.owner)?;
            self.economy.attacker_behind(lender)
        };
        let Some(worker) = view.lease(id).map(|lease| view.offers()[lease.offer.index()].provider) else { return false };
        let Some(attacker) = behind(checker).filter(|attacker| behind(worker) == Some(*attacker)) else { return false };
        matches!(self.economy.attackers[attacker].plan, Plan::Cheat { collude: true, .. }) && self.lies(id)
    }

    /// The work is done: the provider commits to its result, unless it went dark meanwhile.
    pub(in super::super) fn commit(&mut self, view: &State, now: Time, id: LeaseId, right: bool) {
        let Some(lease) = view.lease(id).filter(|lease| lease.stage == Stage::Running) else { return };
        let provider = view.offers()[lease.offer.index()].provider;
        let Some(lender) = self.lender_of_offer(lease.offer) else { return };
        if self.rows.lenders[lender].phase == Phase::Dark {
            return;
        }
        let root = self.root(view, lease.job, (!right).then_some(provider));
        let again = view.job(lease.job).is_some_and(|job| job.policy.executes_again());
        let planted = if right && again { view.params.verification_planted() } else { 0 };
        let root = if planted > 0 { presented(id, &root, planted) } else { root };
        let command = Commit { lease: id, commitment: commitment(id, provider, &root) };
        self.send(now, Origin::Account(self.economy.account_of(lender)), command);
    }

    /// The GPUs at work on an offer changed.
    pub(in super::super) fn count_busy(&mut self, view: &State, now: Time, id: OfferId) {
        let (Some(offer), Some(row)) = (view.offer(id), self.rows.offers.get_mut(id.index())) else { return };
        row.busy_ms = row.busy_until(now);
        row.since = now;
        row.busy = offer.gpus - offer.free;
    }

    /// A checker was drawn: it executes the job again, honestly, at its own speed. Where that takes longer than the protocol
    /// waits, no verdict comes.
    pub(in super::super) fn begin_check(&mut self, view: &State, now: Time, drawn: &CheckDrawn) {
        let Some(lease) = view.lease(drawn.lease) else { return };
        let Some(lender) = view.provider(drawn.checker).and_then(|checker| self.economy.lender_of(checker.owner)) else { return };
        if !self.economy.attackers.is_empty() && self.colludes(view, drawn.checker, drawn.lease) {
            return self.queue.push(now + LIE, Kind::Verdict, drawn.lease.0);
        }
        let done = now + self.term(view, lease, lender);
        if done < drawn.due {
            self.rows.lenders[lender].checked_ms += lease.work_mgs;
            self.queue.push(done, Kind::Verdict, drawn.lease.0);
        }
    }

    /// The checker answers.
    pub(in super::super) fn verdict(&mut self, view: &State, now: Time, id: LeaseId) {
        let Some(lease) = view.lease(id).filter(|lease| lease.stage == Stage::UnderCheck) else { return };
        let Some(checker) = view.provider(lease.checker) else { return };
        let (owner, root) = (checker.owner, self.root(view, lease.job, None));
        // Who finds a result wrong may have to stand by it with a deposit.
        let worker = view.offers()[lease.offer.index()].provider;
        let stands = view.params.verification_panel() > 0 && commitment(id, worker, &root) != lease.commitment;
        if stands && let Some(lender) = self.economy.lender_of(owner) {
            self.affords(view, now, lender, view.params.verification_challenge_deposit());
        }
        self.send(now, Origin::Account(owner), Verdict { lease: id, root });
    }

    /// A provider was paid for a lease, in nano-XPL: for its time, or by its last receipt.
    pub(in super::super) fn paid(&mut self, lease: LeaseId, paid: u64) {
        let lender = self.rows.lease_lenders.get(lease.slot()).copied().unwrap_or(u32::MAX);
        if let Some(row) = self.rows.lenders.get_mut(lender as usize) {
            row.earned = row.earned.saturating_add(paid);
        }
    }

    /// A bond was cut: its owner will notice.
    pub(in super::super) fn slashed(&mut self, view: &State, now: Time, slashed: &Slashed) {
        if let Some(lender) = view.provider(slashed.provider).and_then(|provider| self.economy.lender_of(provider.owner)) {
            self.queue.push(now + NOTICE, Kind::TopUp, lender as u64);
        }
    }

    /// A provider was jailed: it will return.
    pub(in super::super) fn jailed(&mut self, view: &State, jailed: &Jailed) {
        if let Some(lender) = view.provider(jailed.provider).and_then(|provider| self.economy.lender_of(provider.owner)) {
            self.queue.push(jailed.until, Kind::Release, lender as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn many_and_fast_gpus_are_done_earlier() {
        assert_eq!(duration(8_000, 1, 1.0), 8_000);
        assert_eq!(duration(8_000, 4, 1.0), 2_000);
        assert_eq!(duration(8_001, 4, 1.0), 2_001);
        assert_eq!(duration(8_000, 4, 1.25), 1_600);
        assert_eq!(duration(1, 128, 10.0), 1);
    }
}
