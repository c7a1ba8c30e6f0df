//! Panels: an odd number of drawn providers executes a challenged job again and decides by majority.
//!
//! The beacon after the challenge draws `verification.panel` distinct providers that may check, other than the accused, the challenger
//! and whoever confirmed the result; where there are fewer, an odd number of them. (An account owns one provider, so that distinct providers have distinct owners.) Each seals its
//! root, with a salt, and reveals it when all have sealed theirs or the time for it is over: nobody can copy. Who revealed decides, if
//! that is at least the share `verification.quorum` of the panel; without that, or on a tie, the next beacon draws another panel, and
//! after [`MAX_HUNG`] the accused has the benefit of the doubt.
//!
//! Who loses pays. A provider found wrong is punished, its challenger rewarded as a checker is, and the treasury pays each of the
//! majority as it pays checkers. A challenger who is overruled loses its deposit: `verification.deposit_worker` of it, rounded down, to
//! the accused, the rest in equal parts to the majority, what does not divide to those seated first. The minority earns nothing and has a
//! strike; the silent have one too.

use crate::engine::derived::{Derived, Task};
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{JobId, LeaseId, ProviderId};
use crate::money::{ONE, share};
use crate::protocol::job::Failure;
use crate::protocol::lease::{self, Lease, Stage};
use crate::protocol::verification::challenge::{Case, StandsOpen};
use crate::protocol::verification::draw::{CHECKER_DRAWS, drawn, may_check};
use crate::protocol::verification::planted::{Opening, opening};
use crate::protocol::verification::policy;
use crate::protocol::{holdback, provider, receipt};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, Value, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// One of a panel.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// See [`seal`].
    pub digest: [u8; 32],
    /// Whose.
    pub juror: ProviderId,
    /// How far it is.
    pub answer: Answer,
}

/// What one of a panel has said.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Answer {
    /// Nothing.
    #[default]
    Silent,
    /// It sealed its root.
    Sealed,
    /// Its root opens the commitment.
    Right,
    /// Its root does not.
    Wrong,
}

/// What a panel decided.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Outcome {
    /// The result is right: it settles.
    #[default]
    Overruled,
    /// The result is wrong: the job goes back to the market.
    Upheld,
    /// Nothing, and another panel is drawn.
    Hung,
    /// Nothing, and none is drawn any more: the result settles, the deposit returns.
    Undecided,
}

impl From<Outcome> for Value {
    fn from(outcome: Outcome) -> Self {
        Value::Number(outcome as u64)
    }
}

payload! {
    /// Seals a root of one's own. Sent by one of a panel.
    pub struct SealVerdict {
        /// The challenged lease.
        pub lease: LeaseId,
        /// See [`seal`].
        pub digest: [u8; 32],
    }

    /// Reveals a sealed root.
    pub struct RevealVerdict {
        /// The challenged lease.
        pub lease: LeaseId,
        /// The root of one's own execution.
        pub root: [u8; 32],
        /// What hid it.
        pub salt: [u8; 32],
    }

    /// A panel may have had its time.
    pub struct PanelDue {
        /// The challenged lease.
        pub lease: LeaseId,
    }

    /// The beacon drew one of a panel.
    pub struct Seated {
        /// The challenged lease.
        pub lease: LeaseId,
        /// Until when verdicts are sealed.
        pub seal_by: Time,
        /// Until when they are revealed.
        pub due: Time,
        /// Who.
        pub juror: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// One of a panel sealed its root.
    pub struct VerdictSealed {}

    /// One of a panel revealed its root.
    pub struct VerdictRevealed {
        /// Whether that opens the commitment: [`Answer::Right`] or [`Answer::Wrong`], as a number.
        pub answer: u8,
    }

    /// A panel came to its end.
    pub struct Judged {
        /// Nano-XPL of the deposit to the accused.
        pub to_worker: u64,
        /// Nano-XPL of the deposit back to the challenger.
        pub returned: u64,
        /// Nano-XPL that the treasury pays the challenger.
        pub reward: u64,
        /// The challenged lease.
        pub lease: LeaseId,
        /// Its job.
        pub job: JobId,
        /// What it decided.
        pub outcome: Outcome,
        /// Zero.
        pub pad: u32,
    }

    /// What came of a checker's duty.
    pub struct CheckerJudged {
        /// Nano-XPL from a challenger's deposit.
        pub from_deposit: u64,
        /// Nano-XPL from the treasury.
        pub from_treasury: u64,
        /// Who.
        pub checker: ProviderId,
        /// Strikes.
        pub strikes: u32,
    }
}

/// Purpose of draws from the beacon.
const DRAW_PANEL: u32 = 30;

/// Panels without a decision after which the result is taken.
pub(crate) const MAX_HUNG: u32 = 3;

/// BLAKE3(domain, lease, provider, root, salt): tells nothing of the root, and is worthless to whoever copies it.
pub fn seal(lease: LeaseId, juror: ProviderId, root: &[u8; 32], salt: &[u8; 32]) -> [u8; 32] {
    const DOMAIN: &[u8; 16] = b"xpl/v1/verdict\0\0";
    let mut message = [0u8; 92];
    message[..16].copy_from_slice(DOMAIN);
    message[16..24].copy_from_slice(&lease.0.to_le_bytes());
    message[24..28].copy_from_slice(&juror.0.to_le_bytes());
    message[28..60].copy_from_slice(root);
    message[60..].copy_from_slice(salt);
    *blake3::hash(&message).as_bytes()
}

impl Case {
    fn seat(&self, juror: ProviderId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.juror == juror)
    }

    /// Whether verdicts are revealed: all are sealed, or those that are not come too late.
    fn revealing(&self, now: Time) -> bool {
        self.seal_by <= now || self.seats.iter().all(|seat| seat.answer != Answer::Silent)
    }

    /// Whether nobody can say anything more.
    fn heard(&self, now: Time) -> bool {
        self.revealing(now) && self.seats.iter().all(|seat| seat.answer != Answer::Sealed)
    }

    fn count(&self, answer: Answer) -> usize {
        self.seats.iter().filter(|seat| seat.answer == answer).count()
    }
}

// Decide

/// How many must speak: ⌈panel · `verification.quorum`⌉.
fn quorum(state: &State) -> usize {
    (state.params.verification_panel() * state.params.verification_quorum()).div_ceil(ONE) as usize
}

/// Draws the panel of a case; where there are not enough providers for one, the result is taken.
pub(crate) fn empanel(state: &State, id: LeaseId, now: Time, events: &mut Vec<Event>) {
    let (Some(lease), Some(case)) = (state.lease(id), state.docket.cases.get(&id)) else { return };
    let worker = state.offers[lease.offer.index()].provider;
    let size = state.params.verification_panel() as usize;
    let mut jurors: Vec<ProviderId> = Vec::with_capacity(size);
    for juror in (0..CHECKER_DRAWS).map(|attempt| drawn(state, DRAW_PANEL, id, attempt)) {
        let party = juror == worker || juror == case.challenger || lease.answers() == Some(juror);
        if jurors.len() < size && !party && !jurors.contains(&juror) && may_check(state, juror) {
            jurors.push(juror);
        }
    }
    // An even panel could be of two minds, and hang without anybody being silent.
    if jurors.len().is_multiple_of(2) {
        jurors.pop();
    }
    if jurors.is_empty() || jurors.len() < quorum(state) {
        events.push(verdict_of(lease, case, Outcome::Undecided).into());
        confirmer(state, lease, Outcome::Undecided, now, events);
        return;
    }
    let seal_by = now.saturating_add(state.params.verification_window());
    let due = seal_by.saturating_add(state.params.verification_reveal());
    events.extend(jurors.into_iter().map(|juror| Event::from(Seated { lease: id, seal_by, due, juror, pad: 0 })));
}

impl State<'_> {
    /// The case on a lease, with the sender's provider and its seat.
    fn seated(&self, record: &Record, lease: LeaseId) -> Result<(ProviderId, &Case, &Seat), Refusal> {
        let (juror, _) = self.acting_provider(record)?;
        let case = self.docket.cases.get(&lease).ok_or(Rejection::NotOnPanel)?;
        Ok((juror, case, case.seat(juror).ok_or(Rejection::NotOnPanel)?))
    }
}

impl Decide for SealVerdict {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, case, seat) = state.seated(record, self.lease)?;
        if seat.answer != Answer::Silent || case.revealing(record.time) {
            return Err(Rejection::SealingOver.into());
        }
        events.push(VerdictSealed {}.into());
        Ok(())
    }
}

impl Decide for RevealVerdict {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (juror, case, seat) = state.seated(record, self.lease)?;
        if seat.answer != Answer::Sealed {
            return Err(Rejection::NoSealedVerdict.into());
        }
        if !case.revealing(record.time) {
            return Err(Rejection::StillSealing.needing(case.seal_by - record.time));
        }
        if seal(self.lease, juror, &self.root, &self.salt) != seat.digest {
            return Err(Rejection::BadSeal.into());
        }
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        let wrong = opening(state, lease, &self.root) == Opening::Wrong;
        events.push(VerdictRevealed { answer: if wrong { Answer::Wrong } else { Answer::Right } as u8 }.into());
        Ok(())
    }
}

impl Fire for PanelDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.docket.cases.get(&self.lease).is_some_and(|case| !case.seats.is_empty() && case.due == time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        judge(state, self.lease, record.time, events);
    }
}

/// A panel's end, before any money is in it.
fn verdict_of(lease: &Lease, case: &Case, outcome: Outcome) -> Judged {
    let returned = if matches!(outcome, Outcome::Upheld | Outcome::Undecided) { case.deposit } else { 0 };
    Judged { to_worker: 0, returned, reward: 0, lease: lease.id, job: lease.job, outcome, pad: 0 }
}

/// Decides a case by who revealed.
pub(crate) fn judge(state: &State, id: LeaseId, now: Time, events: &mut Vec<Event>) {
    let (Some(lease), Some(case)) = (state.lease(id), state.docket.cases.get(&id)) else { return };
    let (right, wrong) = (case.count(Answer::Right), case.count(Answer::Wrong));
    let outcome = if right + wrong < quorum(state) || right == wrong {
        if case.hung + 1 < MAX_HUNG { Outcome::Hung } else { Outcome::Undecided }
    } else if wrong > right {
        Outcome::Upheld
    } else {
        Outcome::Overruled
    };
    let mut judged = verdict_of(lease, case, outcome);
    let mut treasury = state.ledger.treasury;
    let mut pay = |wanted: u64| {
        let paid = wanted.min(u64::try_from(treasury).unwrap_or(u64::MAX));
        treasury -= u128::from(paid);
        paid
    };
    let fee = policy::reward(state, lease);
    if outcome == Outcome::Upheld {
        let worker = state.offers[lease.offer.index()].provider;
        let challenger = state.providers[case.challenger.index()].owner;
        holdback::punish(state, worker, lease, state.params.slash_wrong(), challenger, events);
        judged.reward = pay(fee);
        receipt::pay_last(state, lease, now, events);
    } else if outcome == Outcome::Overruled {
        judged.to_worker = share(case.deposit, state.params.verification_deposit_worker());
    }
    let (majority, heads) = match outcome {
        Outcome::Upheld => (Some(Answer::Wrong), wrong as u64),
        Outcome::Overruled => (Some(Answer::Right), right as u64),
        Outcome::Hung | Outcome::Undecided => (None, 1),
    };
    let divided = if outcome == Outcome::Overruled { case.deposit - judged.to_worker } else { 0 };
    events.push(judged.into());
    let mut paid = 0;
    for seat in &case.seats {
        if Some(seat.answer) == majority {
            let from_deposit = divided / heads + u64::from(paid < divided % heads);
            let from_treasury = if outcome == Outcome::Upheld { pay(fee) } else { 0 };
            paid += 1;
            events.push(CheckerJudged { from_deposit, from_treasury, checker: seat.juror, strikes: 0 }.into());
        } else if majority.is_some() || matches!(seat.answer, Answer::Silent | Answer::Sealed) {
            strike(state, seat.juror, 1, now, events);
        }
    }
    confirmer(state, lease, outcome, now, events);
}

/// What comes of the checker who had confirmed the result, if one had: it is struck where the result falls; where it stands, it is
/// open to exposure once more before it is paid.
fn confirmer(state: &State, lease: &Lease, outcome: Outcome, now: Time, events: &mut Vec<Event>) {
    let Some(checker) = lease.answers() else { return };
    match outcome {
        Outcome::Hung => {}
        Outcome::Upheld => strike(state, checker, 1, now, events),
        Outcome::Overruled | Outcome::Undecided => {
            let until = now.saturating_add(state.params.verification_open());
            events.push(StandsOpen { lease: lease.id, until }.into());
        }
    }
}

/// Strikes for a duty not done, and jail if they were the last allowed.
pub(super) fn strike(state: &State, checker: ProviderId, strikes: u32, now: Time, events: &mut Vec<Event>) {
    events.push(CheckerJudged { from_deposit: 0, from_treasury: 0, checker, strikes }.into());
    events.extend(provider::jail_after(state, checker, strikes, now).map(Event::from));
}

// Apply

impl Apply for Seated {
    fn apply(&self, state: &mut State, _record: &Record) {
        let case = state.docket.cases.get_mut(&self.lease).expect("a case is open");
        (case.seal_by, case.due) = (self.seal_by, self.due);
        case.seats.push(Seat { juror: self.juror, ..Seat::default() });
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.due, Timer::PanelDue(PanelDue { lease: self.lease }));
    }
}

fn own_seat<'s>(state: &'s mut State, record: &Record, lease: LeaseId) -> &'s mut Seat {
    let juror = state.own_provider(record);
    let case = state.docket.cases.get_mut(&lease).expect("a case is open");
    case.seats.iter_mut().find(|seat| seat.juror == juror).expect("it has a seat")
}

impl Apply for VerdictSealed {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::SealVerdict);
        let seat = own_seat(state, record, command.lease);
        (seat.digest, seat.answer) = (command.digest, Answer::Sealed);
    }
}

impl Apply for VerdictRevealed {
    fn apply(&self, state: &mut State, record: &Record) {
        let right = self.answer == Answer::Right as u8;
        own_seat(state, record, cause!(record, Command::RevealVerdict).lease).answer =
            if right { Answer::Right } else { Answer::Wrong };
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        let lease = cause!(record, Command::RevealVerdict).lease;
        if state.docket.cases.get(&lease).is_some_and(|case| case.heard(record.time)) {
            derived.tasks.push_back(Task::Judge(lease));
        }
    }
}

impl Apply for Judged {
    fn apply(&self, state: &mut State, _record: &Record) {
        if self.outcome == Outcome::Hung {
            let case = state.docket.cases.get_mut(&self.lease).expect("a case is open");
            case.hung += 1;
            case.seats.clear();
            return;
        }
        let case = state.docket.cases.remove(&self.lease).expect("a case is open");
        let worker = state.offers[state.leases.row(self.lease.0).offer.index()].provider;
        let owner = |state: &State, id: ProviderId| Pot::Free(state.providers[id.index()].owner);
        let (accused, challenger) = (owner(state, worker), owner(state, case.challenger));
        state.transfer(Pot::Challenges, accused, self.to_worker);
        state.transfer(Pot::Challenges, challenger, self.returned);
        state.transfer(Pot::Treasury, challenger, self.reward);
        if self.outcome == Outcome::Upheld {
            lease::fail(state, self.lease, Failure::Wrong);
        } else {
            let stage = &mut state.leases.row_mut(self.lease.0).stage;
            *stage = if *stage == Stage::Contested { Stage::Defended } else { Stage::Open };
        }
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        match self.outcome {
            Outcome::Overruled | Outcome::Undecided => {
                if state.leases.row(self.lease.0).stage == Stage::Open {
                    derived.tasks.push_back(Task::Settle(self.lease));
                }
            }
            Outcome::Upheld => derived.tasks.push_back(Task::Match(self.job)),
            Outcome::Hung => {}
        }
    }
}

impl Apply for CheckerJudged {
    fn apply(&self, state: &mut State, _record: &Record) {
        let checker = &mut state.providers[self.checker.index()];
        checker.strikes = checker.strikes.saturating_add(self.strikes as u16);
        let owner = Pot::Free(checker.owner);
        state.transfer(Pot::Challenges, owner, self.from_deposit);
        state.transfer(Pot::Treasury, owner, self.from_treasury);
    }
}

// Invariants

/// Those of a panel are distinct and no party to the case.
pub(crate) fn check(state: &State) -> Result<(), String> {
    for (&id, case) in &state.docket.cases {
        let worker = state.lease(id).map(|lease| state.offers[lease.offer.index()].provider);
        for (i, seat) in case.seats.iter().enumerate() {
            let twice = case.seats[..i].iter().any(|other| other.juror == seat.juror);
            let party = Some(seat.juror) == worker || seat.juror == case.challenger;
            if twice || party || state.provider(seat.juror).is_none() {
                return Err(format!("{} may not sit on the panel on {id}", seat.juror));
            }
        }
        if case.hung >= MAX_HUNG || (!case.seats.is_empty() && case.due < case.seal_by) {
            return Err(format!("the case on {id} is decided at {}, sealed by {}", case.due, case.seal_by));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
