//! Checkpoints: everything that changes about the agents, as bytes. What follows from the scenario is not saved but made again.

use super::customer::requests::NOBODY;
use super::dollars::Dollars;
use super::queue::{Appointment, Kind, Queue};
use super::tally::Tally;
use super::{Agents, Rows};
use crate::economy::Economy;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::sync::Arc;

/// Version of the layout.
const FORMAT: u32 = 9;

#[derive(Archive, Serialize, Deserialize)]
struct Checkpoint {
    format: u32,
    replicate: u64,
    scenario: [u8; 32],
    rows: Rows,
    dollars: Dollars,
    tally: Tally,
    queue: Vec<Appointment>,
}

/// Why bytes are not a checkpoint of these agents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// They are damaged, or something else altogether.
    #[error("not a checkpoint of a simulation: {0}")]
    Damaged(String),
    /// They were written by another version.
    #[error("the checkpoint has layout {0}, this binary reads {FORMAT}")]
    Format(u32),
    /// They belong to another scenario, or to other traces.
    #[error("the checkpoint belongs to another scenario: continue it with the scenario it was made from")]
    OtherScenario,
    /// They belong to another replicate.
    #[error("the checkpoint belongs to replicate {0}")]
    OtherReplicate(u64),
}

impl Agents {
    /// Everything that changes about the agents. Called between runs of the engine, when no command is on its way.
    ///
    /// # Panics
    /// If a command is on its way.
    pub fn save(&self) -> Vec<u8> {
        assert!(self.outbox.is_empty(), "between runs no command is on its way");
        let checkpoint = Checkpoint {
            format: FORMAT,
            replicate: self.economy.replicate,
            scenario: self.economy.scenario,
            rows: self.rows.clone(),
            dollars: self.dollars.clone(),
            tally: self.tally.clone(),
            queue: self.queue.sorted(),
        };
        rkyv::to_bytes::<rkyv::rancor::Error>(&checkpoint).expect("memory suffices").into_vec()
    }

    /// The agents of [`Agents::save`], among the same people. Every byte is checked before it is believed.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn load(bytes: &[u8], economy: Arc<Economy>) -> Result<Self, CheckpointError> {
        let mut aligned = AlignedVec::<16>::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        let saved = rkyv::from_bytes::<Checkpoint, rkyv::rancor::Error>(&aligned)
            .map_err(|error| CheckpointError::Damaged(error.to_string()))?;
        if saved.format != FORMAT {
            return Err(CheckpointError::Format(saved.format));
        }
        if saved.scenario != economy.scenario {
            return Err(CheckpointError::OtherScenario);
        }
        if saved.replicate != economy.replicate {
            return Err(CheckpointError::OtherReplicate(saved.replicate));
        }
        if !fits(&saved, &economy) {
            return Err(CheckpointError::OtherScenario);
        }
        Ok(Self::over(economy, saved.rows, saved.dollars, saved.tally, Queue::from_iter(saved.queue)))
    }
}

/// Whether every number in the checkpoint names somebody who exists.
fn fits(saved: &Checkpoint, economy: &Economy) -> bool {
    let (rows, lenders, groups) = (&saved.rows, economy.lenders.len(), economy.patrons.len());
    let planned = |&shock: &u64| (shock as usize) < economy.timetable.all().len();
    let named = |appointment: &Appointment| match appointment.kind {
        Kind::Beacon | Kind::Post | Kind::Liquidity | Kind::CommitRight | Kind::CommitWrong | Kind::Verdict => true,
        Kind::Fund | Kind::Receipt => true,
        Kind::SealVerdict | Kind::RevealVerdict | Kind::Seal | Kind::Reveal | Kind::Order | Kind::Redeem | Kind::Report => true,
        Kind::Unlock | Kind::Offload => (appointment.id as usize) < economy.cohorts.len(),
        Kind::Apply | Kind::Attempt | Kind::Milestone | Kind::Attest | Kind::Cash => {
            (appointment.id as usize) < economy.builders.len()
        }
        Kind::Candidate => (appointment.id as usize) < groups,
        Kind::Brought => (appointment.id as usize) < rows.bringing.len(),
        Kind::Pledge => (appointment.id as usize) < economy.pledgers.len(),
        Kind::Shock | Kind::Recovery => planned(&appointment.id),
        Kind::Attack | Kind::WashDone => (appointment.id as usize) < economy.attackers.len(),
        Kind::Stake => (appointment.id as usize) < economy.savers.members.len(),
        Kind::Propose => (appointment.id as usize) < economy.motions.len(),
        Kind::Ballot => {
            let (poll, _, voter) = super::voter::of_ballot(appointment.id);
            poll < rows.polls.len() && voter < economy.voters.members.len()
        }
        Kind::Trade => (appointment.id as usize) < economy.traders.len(),
        _ => (appointment.id as usize) < lenders,
    };
    let own_offers = |lender: &super::LenderRow| {
        lender.first_offer.index().checked_add(lender.offers as usize).is_some_and(|end| end <= rows.offers.len())
            || lender.offers == 0
    };
    let tally = &saved.tally;
    rows.lenders.len() == lenders
        && rows.candidates.len() == groups
        && rows.traders.len() == economy.traders.len()
        && rows.attackers.len() == economy.attackers.len()
        && rows.cohorts.len() == economy.cohorts.len()
        && rows.builders.len() == economy.builders.len()
        && rows.pledged.len() == economy.pledgers.len()
        && rows.bringing.iter().all(|row| row.terms(economy).is_some())
        && rows.council.before.len() == economy.timetable.all().len()
        && rows.council.sent.iter().map(|(shock, _)| shock).chain(rows.council.waiting.iter().flatten()).all(planned)
        && rows.attackers.iter().all(|row| row.bribe.stage == Default::default() || (row.bribe.poll as usize) < rows.polls.len())
        && rows.savers.len() == economy.savers.members.len()
        && rows.polls.iter().all(|poll| poll.sold.len() <= economy.voters.members.len())
        && rows.board.len() == economy.rentals.len()
        && [&tally.candidates, &tally.declined, &tally.to_cloud, &tally.unserved, &tally.wavering, &tally.unfunded]
            .iter()
            .all(|counts| counts.len() == groups)
        && rows.offers.iter().all(|offer| offer.lender().is_none_or(|lender| lender < lenders))
        && rows.lease_lenders.iter().all(|&lender| lender == u32::MAX || (lender as usize) < lenders)
        && rows.served.iter().all(|row| row.group == NOBODY || (row.group as usize) < groups)
        && rows.lenders.iter().all(own_offers)
        && saved.dollars.accounts() == economy.accounts()
        && saved.dollars.conserved()
        && saved.queue.iter().all(named)
}
