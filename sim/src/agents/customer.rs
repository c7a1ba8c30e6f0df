//! Customers: candidates come, look at the price, and submit, go to a cloud, or go without.
//!
//! A candidate knows the most it would pay: its reservation price times the work on the reference class. It looks for the cheapest
//! way to be served in time, and [chooses](choice).

pub mod brought;
mod choice;
pub mod requests;

use super::Agents;
use super::queue::Kind;
use crate::economy::{Choosing, Drawn, Members, Patrons, Source};
use crate::streams::Draw;
use choice::Way;
use plasma_core::catalogue::{MAX_SIZES, Sizes};
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, ClassId};
use plasma_core::money::XPL;
use plasma_core::params::mechanism;
use plasma_core::protocol::job::Submit;
use plasma_core::record::Origin;
use plasma_core::time::{HOUR, Time};

/// A job somebody may want done.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    customer: AccountId,
    sizes: Sizes,
    gpus_log2: u8,
    /// Micro-USD per reference GPU-hour.
    reservation: f64,
    /// A uniform number: which way it takes where several are worth taking.
    taste: f64,
}

/// What a candidate makes of the market.
enum Choice {
    Submit {
        submit: Submit,
        /// It would not, if the network cost a hundredth more.
        wavers: bool,
    },
    ToCloud,
    TooDear,
    NotServed,
}

/// A customer whose XPL run low buys what this many jobs like the next may cost.
const JOBS_AHEAD: u64 = 4;

impl Agents {
    /// Makes the appointment with a group's first candidate.
    pub(super) fn expect_first(&mut self, group: usize, genesis: Time) {
        let first = match &self.economy.patrons[group].source {
            Source::Drawn(drawn) => drawn.intensity.gap(&mut self.streams.candidate.draw(self.economy.patrons[group].stream, 0)),
            Source::Recorded(recorded) => recorded.jobs.first().map(|job| job.at + 1),
        };
        if let Some(gap) = first {
            self.queue.push(genesis + gap, Kind::Candidate, group as u64);
        }
    }

    /// A group's next candidate is there.
    pub(super) fn candidate(&mut self, view: &State, now: Time, group: usize) {
        let economy = self.economy.clone();
        let Some(patrons) = economy.patrons.get(group) else { return };
        if self.rows.rounds == 0 {
            // Offers are only just being posted: the board of the first round would stay empty until its end.
            self.rows.board.read(view, 0);
        }
        let candidate = match &patrons.source {
            Source::Drawn(_) => self.drawn_candidate(patrons, now, group),
            Source::Recorded(_) => self.recorded_candidate(patrons, view.clock.genesis, now, group),
        };
        if let Some(candidate) = candidate {
            self.consider(view, now, group, candidate);
        }
    }

    /// A candidate of the true rate looks at the market, and takes one of its ways.
    fn consider(&mut self, view: &State, now: Time, group: usize, mut candidate: Candidate) {
        let economy = self.economy.clone();
        let patrons = &economy.patrons[group];
        candidate.reservation *= economy.timetable.cloud(now);
        if let Choosing::Reservation = patrons.choosing {
            candidate.reservation *= 1.0 - self.doubt(patrons);
        }
        self.tally.candidates[group] += 1;
        match self.choose(view, now, patrons, &candidate) {
            Choice::Submit { submit, wavers } => {
                self.tally.wavering[group] += u64::from(wavers);
                self.submit(view, now, group, candidate.customer, submit);
            }
            Choice::ToCloud => self.tally.to_cloud[group] += 1,
            Choice::TooDear => self.tally.declined[group] += 1,
            Choice::NotServed => self.tally.unserved[group] += 1,
        }
    }

    /// The candidate that was expected now, if it is one of the true rate. All its uniforms have their places, whatever becomes of
    /// it: its waiting time first, so that the next can be expected.
    fn drawn_candidate(&mut self, patrons: &Patrons, now: Time, group: usize) -> Option<Candidate> {
        let Source::Drawn(drawn) = &patrons.source else { return None };
        let (draw, index) = (&mut self.expected[group], &mut self.rows.candidates[group]);
        let accepted = drawn.intensity.accepts(now, self.economy.timetable.demand(group, now) * drawn.burst(now), draw);
        let candidate = accepted.then(|| drawn_wishes(patrons, drawn, patrons.members, draw));
        *index += 1;
        draw.turn_to(*index);
        if let Some(gap) = drawn.intensity.gap(draw) {
            self.queue.push(now + gap, Kind::Candidate, group as u64);
        }
        candidate
    }

    /// The row of the trace that is due now, if it is played at this scale.
    fn recorded_candidate(&mut self, patrons: &Patrons, genesis: Time, now: Time, group: usize) -> Option<Candidate> {
        let Source::Recorded(recorded) = &patrons.source else { return None };
        let count = recorded.jobs.len() as u64;
        let index = self.rows.candidates[group];
        self.rows.candidates[group] = index + 1;
        let starts = |index: u64| match (index / count, recorded.period) {
            (0, _) => Some(0),
            (lap, Some(period)) => lap.checked_mul(period),
            _ => None,
        };
        if let Some(start) = starts(index + 1) {
            let next = &recorded.jobs[((index + 1) % count) as usize];
            self.queue.push(genesis + 1 + start + next.at, Kind::Candidate, group as u64);
        }
        let job = &recorded.jobs[(index % count) as usize];
        let mut draw = self.streams.trace.draw(patrons.stream, index);
        let kept = draw.chance(recorded.kept * self.economy.timetable.demand(group, now).min(1.0));
        let (customer, reservation) = who_and_price(patrons, patrons.members, &mut draw);
        let taste = draw.uniform();
        kept.then_some(Candidate { customer, sizes: job.sizes, gpus_log2: job.gpus_log2, reservation, taste })
    }

    fn choose(&self, view: &State, now: Time, patrons: &Patrons, candidate: &Candidate) -> Choice {
        let Some(price) = self.price(view, now) else { return Choice::NotServed };
        let cost = view.catalogue.program(patrons.program).and_then(|program| program.cost(&candidate.sizes));
        let Some(cost) = cost else { return Choice::NotServed };
        let Some(reference) = view.catalogue.class(patrons.reference).work_mgs(&cost) else { return Choice::NotServed };
        let finish_by = now.saturating_add(patrons.deadline);
        let mut least: Option<u128> = None;
        for (i, class) in view.catalogue.classes.iter().enumerate().filter(|(_, class)| class.vram_gib >= patrons.vram_gib) {
            let Some(ask) = self.going_price(view, ClassId(i as u8), candidate.gpus_log2) else { continue };
            let Some(work) = class.work_mgs(&cost) else { continue };
            if now.saturating_add(work >> candidate.gpus_log2) < finish_by {
                let total = u128::from(ask) * u128::from(work) / 1000;
                least = Some(least.map_or(total, |other| other.min(total)));
            }
        }
        let Some(least) = least else { return Choice::NotServed };
        let decision = self.decision(view, now, price, patrons, candidate, (least, reference));
        match decision.way {
            Way::Network => {}
            Way::Cloud => return Choice::ToCloud,
            Way::Nothing => return Choice::TooDear,
        }
        let budget = budget(candidate.reservation, reference, price);
        // Who takes the network although it would rather pay less leaves room for asks that move meanwhile.
        let room = u64::try_from(least + least / 4).unwrap_or(u64::MAX / (2 * JOBS_AHEAD));
        let budget = if let Choosing::Logit(_) = patrons.choosing { budget.max(room) } else { budget };
        if budget == 0 || least > u128::from(budget) {
            return Choice::TooDear;
        }
        let submit = Submit {
            budget,
            start_by: now.saturating_add(patrons.patience).min(finish_by),
            finish_by,
            classes: u64::MAX,
            sizes: candidate.sizes,
            input: [0; 32],
            program: patrons.program,
            vram_gib: patrons.vram_gib,
            gpus_log2: candidate.gpus_log2,
            policy: patrons.policy.0,
            copies: patrons.policy.1,
            pad: 0,
        };
        Choice::Submit { submit, wavers: decision.wavers }
    }

    /// Nano-XPL per reference GPU-second that a lease may cost where there are GPUs for it: the protocol's price if it sets one, the
    /// least ask otherwise.
    fn going_price(&self, view: &State, class: ClassId, gpus_log2: u8) -> Option<u64> {
        let least = self.rows.board.class(class).cheapest(gpus_log2)?;
        let set = view.params.market_mechanism() == mechanism::ALGORITHMIC;
        Some(if set { view.market.price(class) } else { least })
    }

    /// Submits, after buying XPL if they run low: for the budget, and for what requests are expected to come to.
    fn submit(&mut self, view: &State, now: Time, group: usize, customer: AccountId, submit: Submit) {
        let budget = submit.budget.saturating_mul(u64::from(submit.copies.max(1)));
        let (economy, price) = (self.economy.clone(), self.price(view, now));
        let requests =
            price.map_or(0, |price| self.expected_use(view, &economy.patrons[group], &submit.sizes, submit.gpus_log2, price));
        if self.can_pay(view, now, customer, budget.saturating_add(requests)) {
            self.send(now, Origin::Account(customer), submit);
        } else {
            self.tally.unfunded[group] += 1;
        }
    }

    /// Whether a customer has so many nano-XPL, or can buy them with what the next few jobs may cost.
    fn can_pay(&mut self, view: &State, now: Time, customer: AccountId, amount: u64) -> bool {
        let have = Self::spendable(view, customer);
        let ahead = amount.saturating_mul(JOBS_AHEAD).saturating_sub(have);
        have >= amount || self.buy(view, now, customer, ahead.saturating_add(8 * view.base_fee()))
    }
}

/// What a candidate whose numbers are drawn wants, who is one of these members.
fn drawn_wishes(patrons: &Patrons, drawn: &Drawn, members: Members, draw: &mut Draw) -> Candidate {
    let (customer, reservation) = who_and_price(patrons, members, draw);
    let gpus_log2 = drawn.gpus_log2[draw.pick(&drawn.gpus_weights)];
    let mut sizes = [0; MAX_SIZES];
    for (size, spread) in sizes.iter_mut().zip(&drawn.sizes) {
        *size = draw.spread(spread).max(1.0) as u32;
    }
    Candidate { customer, sizes, gpus_log2, reservation, taste: draw.uniform() }
}

/// Which of a group's customers it is, and the most it would pay in micro-USD per reference GPU-hour.
fn who_and_price(patrons: &Patrons, members: Members, draw: &mut Draw) -> (AccountId, f64) {
    let customer = AccountId(members.first.0 + draw.below(u64::from(members.count)) as u32);
    let (median, sigma) = patrons.reservation;
    (customer, draw.log_normal(median, sigma))
}

/// Nano-XPL that `work` milli-GPU-seconds are worth at `reservation` micro-USD per GPU-hour and `price` micro-USD per XPL,
/// rounded down.
fn budget(reservation: f64, work: u64, price: u64) -> u64 {
    // Milli-GPU-seconds in a GPU-hour are milliseconds in an hour.
    let micro_usd = u128::from(reservation as u64) * u128::from(work);
    let nano = micro_usd.checked_mul(u128::from(XPL)).map(|nano| nano / (u128::from(HOUR) * u128::from(price.max(1))));
    nano.and_then(|nano| u64::try_from(nano).ok()).unwrap_or(u64::MAX / (2 * JOBS_AHEAD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_the_reservation_price_in_xpl() {
        // 2 hours at $0.34 with XPL at $0.10 are 6.8 XPL.
        assert_eq!(budget(340_000.0, 2 * HOUR, 100_000), 6_800_000_000);
        assert_eq!(budget(0.4, HOUR, 100_000), 0);
    }
}
