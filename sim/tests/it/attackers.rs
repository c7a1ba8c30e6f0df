//! Attackers: their books balance, and an attack pays exactly where the arithmetic says that it does.

mod cheating;
mod effects;
pub(crate) mod flows;
mod opportunists;

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::money::XPL;
use plasma_core::record::{Event, Record};
use plasma_sim::agents::Agents;
use plasma_sim::scenario::Scenario;
use plasma_sim::world;

/// The small economy with more text, as far as it says.
pub(crate) fn scenario(more: &str, sets: &[&str]) -> plasma_sim::scenario::Loaded {
    let text = std::fs::read_to_string(super::scenario::shipped().join("small.toml")).unwrap();
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Scenario::parse("small.toml", &format!("{text}\n{more}"), &sets).unwrap_or_else(|error| panic!("{}", error.plain()))
}

/// Work that was paid and emission for work, of one account and of all others, epoch by epoch.
#[derive(Default)]
struct Shares {
    account: u32,
    paid: [u64; 2],
    /// Work as its class weighs it, in billionths of a milli-GPU-second.
    worked: [u128; 2],
    emitted: [u64; 2],
    /// Emission that the share of payments predicts for the account …
    predicted: f64,
    /// … and that the share of weighted work does.
    predicted_by_work: f64,
    paid_in_all: u64,
    commands: u64,
    leases: [u64; 2],
    by_slot: Vec<(usize, plasma_core::ids::ClassId)>,
}

impl Observer for Shares {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let plasma_core::record::Cause::Command { origin: plasma_core::record::Origin::Account(account), .. } = record.cause {
            self.commands += u64::from([self.account, self.account.wrapping_sub(1)].contains(&account.0));
        }
    }
    fn event(&mut self, view: &State, _record: &Record, event: &Event) {
        let whose = |provider: usize| usize::from(view.providers()[provider].owner.0 != self.account);
        match event {
            Event::Settled(settled) => {
                let (whose, class) = self.by_slot[settled.lease.slot()];
                self.paid[whose] += settled.payment();
                self.worked[whose] += u128::from(settled.work_mgs) * u128::from(view.catalogue.class(class).weight);
            }
            Event::Rewarded(rewarded) => self.emitted[whose(rewarded.provider.index())] += rewarded.work,
            Event::Leased(leased) => {
                let offer = &view.offers()[leased.offer.index()];
                let whose = whose(offer.provider.index());
                self.leases[whose] += 1;
                self.by_slot.resize(self.by_slot.len().max(leased.lease.slot() + 1), (1, offer.class));
                self.by_slot[leased.lease.slot()] = (whose, offer.class);
            }
            _ => {}
        }
    }
    fn epoch_closed(&mut self, _view: &State) {
        let [own, others] = std::mem::take(&mut self.paid).map(|paid| paid as f64);
        let [mine, theirs] = std::mem::take(&mut self.emitted).map(|emitted| emitted as f64);
        let [washed, honest] = std::mem::take(&mut self.worked).map(|worked| worked as f64);
        if own > 0.0 {
            self.predicted += (mine + theirs) * own / (own + others);
        }
        if washed > 0.0 {
            self.predicted_by_work += (mine + theirs) * washed / (washed + honest);
        }
        self.paid_in_all += own as u64;
    }
}

fn play(loaded: &plasma_sim::scenario::Loaded, account: impl Fn(&Agents) -> u32) -> (Agents, Shares) {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    let shares = Shares { account: account(&agents), ..Shares::default() };
    let mut engine = Engine::genesis(&genesis, agents, shares).unwrap();
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1);
    engine.view(plasma_core::protocol::check_invariants).unwrap();
    assert!(engine.environment().dollars().conserved());
    engine.into_parts()
}

fn made(agents: &Agents, attacker: usize) -> f64 {
    let booty = &agents.booty()[attacker];
    (booty.worth as f64 - booty.means as f64) / 1e6
}

/// A washer's offer is one of the ledger's offers, and none of the providers': those who join after it still answer for their own.
#[test]
fn a_washer_takes_nobodys_place() {
    let loaded = scenario(WASHER, &["provider.gamers.join={ initial = \"20%\", ramp = \"20d\" }"]);
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, Shares::default()).unwrap();
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1);
    let owners: Vec<_> = engine.view(|view| {
        let owner = |offer: &plasma_core::protocol::offer::Offer| view.providers()[offer.provider.index()].owner;
        view.offers().iter().map(owner).collect()
    });
    let (agents, _) = engine.into_parts();
    assert_eq!(agents.rows().offers.len(), owners.len());
    for (row, owner) in agents.rows().offers.iter().zip(&owners) {
        assert_eq!(row.lender(), agents.economy().lender_of(*owner));
    }
    assert_eq!(owners.iter().filter(|owner| agents.economy().lender_of(**owner).is_none()).count(), 1);
    assert_eq!(agents.tally().joined, 40);
}

const WASHER: &str = "[[attacker]]\nid = \"washer\"\nusd = \"100_000 USD\"\n\
                      what = { wash = { class = \"rtx-4090\", program = \"decode-8b\", gpu_hours = 100 } }\n";

/// What came of washing where all emission is for work and all fees burn.
struct Washed {
    /// Dollars that the washer made.
    made: f64,
    /// Dollars for a nano-XPL.
    price: f64,
    /// Nano-XPL of fees that it paid.
    fees: f64,
    shares: Shares,
}

fn washed(sets: &[&str]) -> Washed {
    let emission = ["emission.providers=100%", "emission.stakers=0%", "emission.treasury=0%", "emission.builders=0%"];
    let fees = ["fee.burn=100%", "fee.stakers=0%", "fee.treasury=0%"];
    let loaded = scenario(WASHER, &[&emission[..], &fees, sets].concat());
    let (agents, shares) = play(&loaded, |agents| agents.economy().attackers[0].first.0 + 1);
    let (params, rate) = (&loaded.scenario.params, loaded.scenario.params.fee_rate() as f64 / 1e9);
    assert!(shares.leases[0] > 300, "{} jobs were washed", shares.leases[0]);
    Washed {
        made: made(&agents, 0),
        price: loaded.scenario.token.price.0 as f64 / 1e6 / XPL as f64,
        fees: shares.paid_in_all as f64 * rate + shares.commands as f64 * params.fee_base() as f64,
        shares,
    }
}

/// With emission E for payments, of which others make X and the washer x, washing earns E·x ÷ (X + x) and costs its fees f·x and the
/// base fees of its commands. It pays where E ÷ (X + x) exceeds the fee rate, and its profit is the difference, to the cent.
#[test]
fn washing_pays_exactly_where_emission_per_payment_exceeds_the_fee() {
    let bound = |fee: &str| {
        let fee = format!("fee.rate={fee}");
        let Washed { made, price, fees, shares } =
            washed(&["emission.weight=paid", "emission.yearly=200000 XPL", "scale=1", &fee]);
        let theory = (shares.predicted - fees) * price;
        // The last day's work has yet to settle and to be rewarded.
        assert!((made - theory).abs() < 0.05 * fees * price + 1.0, "made {made}, theory {theory}");
        (made, shares.predicted / shares.paid_in_all as f64)
    };
    let (made_at_little, first) = bound("5%");
    assert!(made_at_little > 0.0);
    let percent = |rate: f64| format!("{}%", (rate * 100.0 * 1e3).round() / 1e3);
    // Under another fee others ask for more and pay more, which moves the bound: it is where the fee is its own.
    let threshold = (0..8).fold(first, |rate, _| (rate + bound(&percent(rate)).1) / 2.0);
    let at = |factor: f64| percent(threshold * factor);
    assert!(threshold < 0.8, "{threshold}");
    assert!(bound(&at(0.95)).0 > 0.0);
    assert!(bound(&at(1.05)).0 < 0.0);
}

/// With emission E by weighted work, of which others do W and the washer claims w, washing earns E·w ÷ (W + w) whatever it pays itself,
/// and costs its fees. The emission at which the two are equal is its bound: it turns there.
#[test]
fn washing_by_work_pays_exactly_where_its_part_of_emission_exceeds_its_fees() {
    // What it made, and the part of emission that its work and its fees predict, in dollars; its part of all that was emitted.
    let wash = |yearly: f64| {
        let yearly = format!("emission.yearly={yearly:.0} XPL");
        let Washed { made, price, fees, shares } = washed(&["emission.weight=work", "fee.base=0.05 XPL", &yearly]);
        (made, shares.predicted_by_work * price, fees * price)
    };
    let (profit, earned, fees) = wash(500_000.0);
    assert!(earned > 1.2 * fees && (profit / (earned - fees) - 1.0).abs() < 0.05, "{profit} made, {earned} less {fees}");
    // Emission is linear in its yearly amount, and its share hardly follows it: a step or two find the bound.
    let bound = (0..3).fold(500_000.0 * fees / earned, |yearly, _| {
        let (_, earned, fees) = wash(yearly);
        yearly * fees / earned
    });
    let (above, below) = (wash(bound * 1.05), wash(bound * 0.95));
    assert!(above.0 > 0.0 && below.0 < 0.0, "{above:?} above {bound} XPL, {below:?} below");
}
