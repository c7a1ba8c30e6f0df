//! What happens to a proposal or a decree, in words.

use crate::commands::words::{self, xpl};
use plasma_core::engine::state::State;
use plasma_core::formula::tally::Outcome;
use plasma_core::money::XPL;
use plasma_core::protocol::governance::{Proposed, Tallied, Vote};
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_reports::calendar;
use plasma_reports::number::grouped;

/// What a vote says, by position.
const CHOICES: [&str; 4] = ["yes", "no", "abstain", "no with veto"];

/// A proposal that is made, voted on, tallied, called up or enacted, a decree that waits or is carried out; nothing for any other
/// event.
pub(super) fn explain(view: &State, record: &Record, event: &Event) -> String {
    match event {
        Event::Proposed(e) => proposed(record, e),
        Event::Voted(_) => match &record.cause {
            Cause::Command { command: Command::Vote(vote), .. } => voted(view, record, vote),
            _ => String::new(),
        },
        Event::Tallied(e) => tallied(view, e),
        Event::Ripened(e) => format!("the timelock of {} is over", e.proposal),
        Event::Enacted(e) => format!("what {} asked for is done", e.proposal),
        Event::Decreed(_) => match &record.cause {
            Cause::Command { command, .. } => {
                format!("the council decrees {} from the end of the epoch on", words::fields(command.name(), command))
            }
            Cause::Timer(_) => String::new(),
        },
        Event::DecreeEnacted(_) => "what the council decreed is done".into(),
        _ => String::new(),
    }
}

fn proposed(record: &Record, e: &Proposed) -> String {
    let asked = match &record.cause {
        Cause::Command { command, .. } => format!("{}: {}", command.name(), words::fields(command.name(), command)),
        Cause::Timer(_) => String::new(),
    };
    format!("{} is open, {asked}; {} deposited; votes until {}", e.proposal, xpl(e.deposit.into()), calendar::timestamp(e.closes))
}

/// The power is that of the moment at which the proposal was made; delegators who vote themselves are taken off their provider.
fn voted(view: &State, record: &Record, vote: &Vote) -> String {
    let (voter, choice) = (record.account(), CHOICES.get(vote.choice as usize).unwrap_or(&"nothing known"));
    let power = view.proposals.get(vote.proposal.0).map_or(0, |proposal| view.voting_power(voter, proposal));
    format!("{voter} votes {choice} on {} with {}", vote.proposal, xpl(power))
}

fn tallied(view: &State, e: &Tallied) -> String {
    let outcome = match e.outcome {
        by if by == Outcome::Passed as u32 => {
            format!("passed, to be done at the first end of an epoch after {}", calendar::timestamp(e.ripens))
        }
        by if by == Outcome::NoQuorum as u32 => "did not pass: too few voted".into(),
        by if by == Outcome::Vetoed as u32 => "did not pass: too many vetoed it".into(),
        _ => "was rejected".into(),
    };
    let all = view.proposals.get(e.proposal.0).map_or(0, |proposal| proposal.power / u128::from(XPL));
    let [yes, no, abstain, veto, all] = [e.yes.into(), e.no.into(), e.abstain.into(), e.veto.into(), all].map(grouped);
    format!(
        "{} {outcome}; yes {yes}, no {no}, abstain {abstain}, veto {veto} of {all} XPL that could vote; {} of the deposit returned, \
         {} burned",
        e.proposal,
        xpl(e.returned.into()),
        xpl(e.burned.into())
    )
}
