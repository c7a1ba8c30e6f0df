//! What everybody can see of the market: the cheapest idle offers, and how busy and how dear each class has been.
//!
//! It is read off the ledger once a round, so that a candidate costs no walk over all offers. Agents act on it; the protocol's
//! own order book decides.

use plasma_core::engine::state::State;
use plasma_core::ids::{ClassId, LeaseId};
use plasma_core::money::XPL;
use plasma_core::protocol::emission::Rewarded;
use plasma_core::protocol::lease::Stage;
use plasma_core::protocol::offer::Status;
use plasma_core::protocol::verification::panel::Outcome;
use plasma_core::record::{Cause, Command, Event, Record, Timer};
use plasma_core::time::{DAY, Span, YEAR};
use rkyv::{Archive, Deserialize, Serialize};

/// Base-2 logarithms of the sizes of a lease: 1 to 128 GPUs.
const ROOMS: usize = 8;
/// Mean age of what the averages remember.
const MEMORY: Span = 7 * DAY;
/// Averages over leases are those of about this many.
const LEASES: f64 = 200.0;
/// Mean age of what the average of fees remembers.
const FEE_MEMORY: Span = 30 * DAY;
/// Mean age of what the record of results remembers. An assumption.
const RECORD_MEMORY: Span = 30 * DAY;
/// Results that were right before anything is known: one bad result of the first is not yet all of them. An assumption.
const GOOD_FAITH: f64 = 20.0;

/// What is known of one class.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Least ask among offers with at least 2^i idle GPUs, in nano-XPL per reference GPU-second; `u64::MAX` when there is none.
    idle: [u64; ROOMS],
    /// Least ask among offers with at least 2^i GPUs, idle or not.
    any: [u64; ROOMS],
    /// GPUs in the book and at work.
    pub gpus: u64,
    /// GPUs at work.
    pub busy: u64,
    /// Share of GPUs at work, averaged.
    pub utilisation: f64,
    /// Micro-USD per reference GPU-hour that was agreed, averaged over leases.
    pub price: f64,
    /// Milliseconds from submission to lease, averaged over leases.
    pub wait: f64,
    /// Share of leases that came to nothing, averaged over leases.
    pub failing: f64,
    /// Micro-USD of a lease, averaged over leases.
    pub pay: f64,
    /// Reference GPU-milliseconds of a lease, averaged over leases.
    pub work: f64,
    /// GPUs of a lease, averaged over leases.
    pub size: f64,
    /// Probability that a wrong result would be found, averaged over leases.
    pub found: f64,
}

/// What was agreed when a lease began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreed {
    /// Micro-USD per reference GPU-hour.
    pub price: f64,
    /// Micro-USD for all of it.
    pub pay: f64,
    /// Reference GPU-milliseconds.
    pub work: f64,
    /// GPUs.
    pub gpus: u16,
    /// Milliseconds that the job had waited.
    pub waited: Span,
    /// Probability that a wrong result would be found.
    pub found: f64,
}

/// How results turned out lately, as everybody can read off the ledger: counts that fade, each with a mean age of a month.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq)]
pub struct Results {
    ended: f64,
    missed: f64,
    checked: f64,
    wrong: f64,
}

impl Results {
    /// A lease ended well, or was missed.
    pub fn ended(&mut self, well: bool) {
        self.ended += 1.0;
        self.missed += f64::from(u8::from(!well));
    }

    /// A check of a result ended.
    pub fn checked(&mut self, right: bool) {
        self.checked += 1.0;
        self.wrong += f64::from(u8::from(!right));
    }

    /// Learns from an event what came of a check. A result that stands open to challenge after its check is counted once: when
    /// that is over, or when a panel has found it wrong. `stage` tells where a lease stands after the event.
    pub fn learn(&mut self, record: &Record, event: &Event, stage: impl Fn(LeaseId) -> Option<Stage>) {
        let right = match (event, record.cause) {
            (Event::Verified(_), Cause::Command { command: Command::Verdict(said), .. }) => {
                (stage(said.lease) != Some(Stage::Confirmed)).then_some(true)
            }
            (Event::TrapFound(_), _) => Some(true),
            (Event::FoundWrong(_), _) => Some(false),
            (Event::Judged(judged), _) => match judged.outcome {
                Outcome::Upheld => Some(false),
                Outcome::Overruled => (stage(judged.lease) != Some(Stage::Defended)).then_some(true),
                Outcome::Hung | Outcome::Undecided => None,
            },
            // Who had confirmed a result is paid when nobody can say anything against it any more.
            (Event::CheckerJudged(_), Cause::Timer(Timer::WindowOver(_))) => Some(true),
            _ => None,
        };
        right.into_iter().for_each(|right| self.checked(right));
    }

    fn fade(&mut self, elapsed: Span) {
        let kept = 1.0 - (elapsed as f64 / RECORD_MEMORY as f64).min(1.0);
        [&mut self.ended, &mut self.missed, &mut self.checked, &mut self.wrong].into_iter().for_each(|count| *count *= kept);
    }

    /// The published share of results that came to nothing:
    ///
    /// > q = 1 − (1 − missed ÷ (ended + 20)) · (1 − wrong ÷ (checked + 20))
    ///
    /// Results are drawn for a check whoever gave them, so the share of those checked that were wrong is that of all (a simple
    /// random sample, e.g. Cochran 1977, "Sampling Techniques", ch. 3), drawn towards zero while few were checked.
    pub fn failure(&self) -> f64 {
        let rate = |bad: f64, all: f64| bad / (all + GOOD_FAITH);
        1.0 - (1.0 - rate(self.missed, self.ended)) * (1.0 - rate(self.wrong, self.checked))
    }
}

/// What is known of the market.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Board {
    classes: Vec<Seen>,
    /// Nano-XPL of emission per class-weighted milli-GPU-second, in the last epoch.
    pub per_work: f64,
    /// Nano-XPL of emission and fees per nano-XPL of bond, in the last epoch.
    pub per_bond: f64,
    paid_work: u128,
    worked: u128,
    paid_stake: u128,
    staked: u128,
    fees: u128,
    yearly_fees: f64,
    /// How results turned out.
    pub results: Results,
}

impl Board {
    /// A board for so many classes, with nothing on it.
    pub fn new(classes: usize) -> Self {
        let empty = Seen { idle: [u64::MAX; ROOMS], any: [u64::MAX; ROOMS], ..Seen::default() };
        Self { classes: vec![empty; classes], ..Self::default() }
    }

    /// What is known of a class.
    pub fn class(&self, class: ClassId) -> &Seen {
        &self.classes[class.index()]
    }

    /// Classes on the board.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Reads the offers. `elapsed` is the time since the last reading.
    pub fn read(&mut self, view: &State, elapsed: Span) {
        self.results.fade(elapsed);
        for seen in &mut self.classes {
            (seen.idle, seen.any, seen.gpus, seen.busy) = ([u64::MAX; ROOMS], [u64::MAX; ROOMS], 0, 0);
        }
        for offer in view.offers() {
            let Some(seen) = self.classes.get_mut(offer.class.index()) else { continue };
            let busy = offer.gpus - offer.free;
            seen.busy += u64::from(busy);
            if offer.status != Status::Open || !view.may_lease(offer.provider) {
                seen.gpus += u64::from(busy);
                continue;
            }
            seen.gpus += u64::from(offer.gpus);
            lower(&mut seen.any, offer.gpus, offer.ask);
            lower(&mut seen.idle, offer.free, offer.ask);
        }
        let weight = (elapsed as f64 / MEMORY as f64).min(1.0);
        for seen in &mut self.classes {
            for room in (0..ROOMS - 1).rev() {
                seen.idle[room] = seen.idle[room].min(seen.idle[room + 1]);
                seen.any[room] = seen.any[room].min(seen.any[room + 1]);
            }
            let now = if seen.gpus > 0 { seen.busy as f64 / seen.gpus as f64 } else { 0.0 };
            seen.utilisation += weight * (now - seen.utilisation);
        }
    }

    /// A lease was agreed.
    pub fn agreed(&mut self, class: ClassId, lease: &Agreed) {
        let Some(seen) = self.classes.get_mut(class.index()) else { return };
        // The first lease stands for those that nobody has seen yet, the wait excepted: nobody had waited before.
        let first = seen.price == 0.0;
        let average = |of: &mut f64, new: f64| *of = if first { new } else { *of + (new - *of) / LEASES };
        average(&mut seen.price, lease.price);
        average(&mut seen.pay, lease.pay);
        average(&mut seen.work, lease.work);
        average(&mut seen.size, f64::from(lease.gpus));
        average(&mut seen.found, lease.found);
        seen.wait += (lease.waited as f64 - seen.wait) / LEASES;
    }

    /// A lease ended well, or came to nothing.
    pub fn ended(&mut self, class: ClassId, well: bool) {
        self.results.ended(well);
        if let Some(seen) = self.classes.get_mut(class.index()) {
            seen.failing += (if well { 0.0 } else { 1.0 } - seen.failing) / LEASES;
        }
    }

    /// A provider received its part of the epoch's pools.
    pub fn rewarded(&mut self, view: &State, reward: &Rewarded) {
        let Some(provider) = view.provider(reward.provider) else { return };
        self.paid_work += u128::from(reward.work);
        self.worked += u128::from(provider.work);
        self.paid_stake += u128::from(reward.stake);
        self.staked += provider.bond;
    }

    /// The protocol took a fee, in nano-XPL.
    pub fn took_fee(&mut self, nano: u64) {
        self.fees += u128::from(nano);
    }

    /// Micro-USD of protocol fees in a year, at the pace of the last weeks.
    pub const fn yearly_fees(&self) -> f64 {
        self.yearly_fees
    }

    /// The epoch is over, which lasted for `span`; `price` is in micro-USD per XPL.
    pub fn close_epoch(&mut self, price: u64, span: Span) {
        let usd = std::mem::take(&mut self.fees) as f64 * price as f64 / XPL as f64;
        let weight = (span as f64 / FEE_MEMORY as f64).min(1.0);
        self.yearly_fees += weight * (usd * YEAR as f64 / span.max(1) as f64 - self.yearly_fees);
        let ratio = |paid: u128, by: u128| if by > 0 { paid as f64 / by as f64 } else { 0.0 };
        self.per_work = ratio(self.paid_work, self.worked);
        self.per_bond = ratio(self.paid_stake, self.staked);
        (self.paid_work, self.worked, self.paid_stake, self.staked) = (0, 0, 0, 0);
    }
}

impl Seen {
    /// The least ask for a lease of 2^`gpus_log2` GPUs: of an idle offer, or else of one to wait for.
    pub fn cheapest(&self, gpus_log2: u8) -> Option<u64> {
        let room = usize::from(gpus_log2).min(ROOMS - 1);
        [self.idle[room], self.any[room]].into_iter().find(|&ask| ask < u64::MAX)
    }
}

/// Enters an offer of so many GPUs under the largest power of two that fits.
fn lower(least: &mut [u64; ROOMS], gpus: u16, ask: u64) {
    if let Some(room) = gpus.checked_ilog2() {
        let room = (room as usize).min(ROOMS - 1);
        least[room] = least[room].min(ask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::protocol::verification::challenge::WindowOver;
    use plasma_core::protocol::verification::panel::{CheckerJudged, Judged, PanelDue};
    use plasma_core::protocol::verification::verdict::{Verdict, Verified};
    use plasma_core::record::Origin;

    #[test]
    fn the_published_share_is_that_of_those_who_were_looked_at_and_fades() {
        let mut results = Results::default();
        assert_eq!(results.failure(), 0.0);
        (0..980).for_each(|i| results.ended(i % 98 != 0));
        (0..180).for_each(|i| results.checked(i % 9 != 0));
        // 10 of 980 were missed and 20 of 180 were wrong, with 20 more of each in good faith.
        assert!((results.failure() - (1.0 - 0.99 * 0.9)).abs() < 1e-12);
        results.fade(15 * DAY);
        assert!((results.failure() - (1.0 - (1.0 - 5.0 / 510.0) * (1.0 - 10.0 / 110.0))).abs() < 1e-12);
        results.fade(40 * DAY);
        assert_eq!(results.failure(), 0.0);
    }

    /// What is counted of a check that stands open to challenge, by hand: (right, wrong).
    #[test]
    fn a_result_that_stands_open_is_counted_once() {
        let lease = LeaseId::new(1, 0);
        let verdict = Verdict { lease, root: [0; 32] };
        let said = Cause::Command { origin: Origin::Host, fee: 0, command: verdict.into() };
        let over = Cause::Timer(WindowOver { lease }.into());
        let panel = Cause::Timer(PanelDue { lease }.into());
        let verified = || (said, Event::from(Verified { reward: 0 }), Some(Stage::Confirmed));
        let judged = |outcome, stage| (panel, Event::from(Judged { lease, outcome, ..Judged::default() }), stage);
        let paid = |cause| (cause, Event::from(CheckerJudged::default()), Some(Stage::Defended));
        let cases = [
            (vec![(said, Verified { reward: 1 }.into(), Some(Stage::UnderCheck))], (1.0, 0.0)),
            (vec![verified()], (0.0, 0.0)),
            (vec![verified(), paid(over)], (1.0, 0.0)),
            (vec![verified(), judged(Outcome::Upheld, None), paid(panel)], (0.0, 1.0)),
            (vec![verified(), judged(Outcome::Overruled, Some(Stage::Defended)), paid(panel), paid(over)], (1.0, 0.0)),
            (vec![verified(), judged(Outcome::Hung, Some(Stage::Contested)), judged(Outcome::Upheld, None)], (0.0, 1.0)),
            (vec![judged(Outcome::Overruled, Some(Stage::Open)), paid(panel)], (1.0, 0.0)),
            (vec![judged(Outcome::Undecided, Some(Stage::Open))], (0.0, 0.0)),
        ];
        for (story, (right, wrong)) in cases {
            let mut results = Results::default();
            for (cause, event, stage) in &story {
                results.learn(&Record { time: 0, cause: *cause }, event, |_| *stage);
            }
            assert_eq!((results.checked - results.wrong, results.wrong), (right, wrong), "{story:?}");
        }
    }

    #[test]
    fn a_larger_room_serves_smaller_leases_and_idle_comes_before_cheap() {
        let mut seen = Seen { idle: [u64::MAX; ROOMS], any: [u64::MAX; ROOMS], ..Seen::default() };
        lower(&mut seen.idle, 5, 70);
        lower(&mut seen.any, 16, 30);
        for room in (0..ROOMS - 1).rev() {
            seen.idle[room] = seen.idle[room].min(seen.idle[room + 1]);
            seen.any[room] = seen.any[room].min(seen.any[room + 1]);
        }
        assert_eq!([0, 2, 3, 4, 5].map(|log2| seen.cheapest(log2)), [Some(70), Some(70), Some(30), Some(30), None]);
    }
}
