//! Hours: machines that are on offer at night only, when nobody plays on them.

use super::super::Agents;
use super::super::queue::Kind;
use super::{Phase, RETRY, spread};
use plasma_core::engine::state::State;
use plasma_core::protocol::provider::{Drain, Resume, Status, WentSilent};
use plasma_core::record::Origin;
use plasma_core::time::{DAY, HOUR, MINUTE, Span, Time};

/// Local time at which a gaming machine becomes idle.
const EVENING: Span = 22 * HOUR;
/// Local time at which its owner wants it back.
const MORNING: Span = 8 * HOUR;
/// Share of the day between the two.
pub(super) const NIGHT_SHARE: f64 = 10.0 / 24.0;
/// Owners keep their hours to within this.
const LEEWAY: Span = 30 * MINUTE;
/// Share of mornings on which the owner switches off without waiting for what runs. An assumption.
const WITHOUT_NOTICE: f64 = 0.01;

/// The next moment after `now` at which local clocks show `hour`; local time is `offset` ahead of UTC.
fn next_at(now: Time, hour: Span, offset: i64) -> Time {
    let local = now.saturating_add_signed(offset);
    let today = local / DAY * DAY + hour;
    let next = if today > local { today } else { today + DAY };
    next.saturating_add_signed(-offset)
}

impl Agents {
    /// Begins to keep hours: off at once when it is day.
    pub(super) fn keep_hours_from(&mut self, now: Time, lender: usize) {
        let who = &self.economy.lenders[lender];
        let Some(offset) = who.night else { return };
        let leeway = spread(LEEWAY, who.jitter);
        let (morning, evening) = (next_at(now, MORNING, offset), next_at(now, EVENING, offset));
        if morning < evening {
            self.queue.push(morning + leeway, Kind::Morning, lender as u64);
        } else {
            self.rows.lenders[lender].phase = Phase::Resting;
            self.send(now, Origin::Account(self.economy.account_of(lender)), Drain {});
            self.queue.push(evening + leeway, Kind::Evening, lender as u64);
        }
    }

    /// The owner wants the machine back.
    pub(in super::super) fn morning(&mut self, view: &State, now: Time, lender: usize) {
        let economy = self.economy.clone();
        let who = &economy.lenders[lender];
        let Some(offset) = who.night else { return };
        match self.rows.lenders[lender].phase {
            Phase::Online => {}
            Phase::Dark => {
                let evening = next_at(now, EVENING, offset) + spread(LEEWAY, who.jitter);
                return self.queue.push(evening, Kind::Evening, lender as u64);
            }
            _ => return,
        }
        let mornings = self.rows.lenders[lender].mornings;
        self.rows.lenders[lender].mornings = mornings + 1;
        let abrupt = self.streams.morning.draw(who.stream, mornings).chance(WITHOUT_NOTICE);
        let active = self.on_ledger(view, lender).is_some_and(|provider| provider.status == Status::Active);
        if abrupt {
            self.send(now, Origin::Host, WentSilent { provider: self.rows.lenders[lender].provider });
            self.tally.went_dark += 1;
        } else if active {
            self.send(now, Origin::Account(economy.account_of(lender)), Drain {});
        }
        self.rows.lenders[lender].phase = if abrupt { Phase::Dark } else { Phase::Resting };
        self.queue.push(next_at(now, EVENING, offset) + spread(LEEWAY, who.jitter), Kind::Evening, lender as u64);
    }

    /// The machine is idle again.
    pub(in super::super) fn evening(&mut self, view: &State, now: Time, lender: usize) {
        let who = &self.economy.lenders[lender];
        let Some(offset) = who.night else { return };
        if !matches!(self.rows.lenders[lender].phase, Phase::Resting | Phase::Dark) {
            return;
        }
        if self.economy.timetable.dark(who.region, now) {
            let tomorrow = next_at(now, EVENING, offset) + spread(LEEWAY, who.jitter);
            return self.queue.push(tomorrow, Kind::Evening, lender as u64);
        }
        let next = next_at(now, MORNING, offset) + spread(LEEWAY, who.jitter);
        self.queue.push(next, Kind::Morning, lender as u64);
        self.rows.lenders[lender].phase = Phase::Online;
        self.resume(view, now, lender);
    }

    /// Jail is over, or what the command to return costs may be to be had.
    pub(in super::super) fn release(&mut self, view: &State, now: Time, lender: usize) {
        if self.rows.lenders[lender].phase == Phase::Online {
            self.resume(view, now, lender);
        }
    }

    /// Returns to the book, unless jail forbids it: then the end of jail will. Buys the XPL that this costs.
    pub(in super::super) fn resume(&mut self, view: &State, now: Time, lender: usize) {
        let Some(provider) = self.on_ledger(view, lender) else { return };
        let jailed = provider.status == Status::Jailed && now < provider.jailed_until;
        if jailed || provider.status == Status::Active {
            return;
        }
        if self.affords(view, now, lender, view.base_fee()) {
            self.send(now, Origin::Account(self.economy.account_of(lender)), Resume {});
        } else if self.rows.lenders[lender].retries <= now {
            // Whoever keeps hours comes here every evening: one that waits is enough.
            self.rows.lenders[lender].retries = now + RETRY;
            self.queue.push(now + RETRY, Kind::Release, lender as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, starter};
    use crate::world;
    use plasma_core::engine::Engine;
    use std::collections::BTreeSet;

    #[test]
    fn whoever_cannot_pay_to_return_waits_for_one_try_at_a_time() {
        // Everybody has five fees and needs three to be where they want to return from, and nobody sells XPL.
        let sets = [
            "provider.gamers.uptime=night",
            "demand.chat.rate=0/h",
            "bond.per_gpu=0 XPL",
            "fee.base=10 XPL",
            "allocation.market-maker.amount=100 XPL",
            "allocation.providers.amount=15_000 XPL",
            "allocation.unvested.amount=969_984_900 XPL",
        ];
        let loaded = Scenario::parse("starter.toml", starter(), &sets.map(String::from));
        let loaded = loaded.unwrap_or_else(|error| panic!("{}", error.plain()));
        let (genesis, agents) = world::build(&loaded, 0).unwrap();
        let mut engine = Engine::genesis(&genesis, agents, ()).unwrap();
        engine.run(genesis.start + 25 * DAY);
        let waiting = engine.environment().queue.sorted().into_iter().filter(|appointment| appointment.kind == Kind::Release);
        let waiting: Vec<u64> = waiting.map(|appointment| appointment.id).collect();
        let lenders: BTreeSet<u64> = waiting.iter().copied().collect();
        assert!(lenders.len() > 10, "{waiting:?}");
        assert_eq!(waiting.len(), lenders.len(), "{waiting:?}");
    }

    #[test]
    fn hours_are_local() {
        const NOON: Time = 20_000 * DAY + 12 * HOUR;
        let berlin = HOUR as i64;
        assert_eq!(next_at(NOON, EVENING, berlin), NOON + 9 * HOUR);
        assert_eq!(next_at(NOON, MORNING, berlin), NOON + 19 * HOUR);
        assert_eq!(next_at(NOON, MORNING, -(6 * HOUR as i64)), NOON + 2 * HOUR);
        assert_eq!(next_at(NOON, 13 * HOUR, berlin), NOON + DAY);
    }
}
