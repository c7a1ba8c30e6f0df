//! Attackers: their books balance, and an attack pays exactly where the arithmetic says that it does.

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
    emitted: [u64; 2],
    /// Emission that the share of payments predicts for the account.
    predicted: f64,
    paid_in_all: u64,
    commands: u64,
    leases: [u64; 2],
    prices: u64,
    work: u64,
    by_slot: Vec<usize>,
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
                self.paid[self.by_slot[settled.lease.slot()]] += settled.payment();
            }
            Event::Rewarded(rewarded) => self.emitted[whose(rewarded.provider.index())] += rewarded.work,
            Event::Leased(leased) => {
                let whose = whose(view.offers()[leased.offer.index()].provider.index());
                self.leases[whose] += 1;
                self.prices += leased.price;
                self.work += leased.work_mgs;
                self.by_slot.resize(self.by_slot.len().max(leased.lease.slot() + 1), 1);
                self.by_slot[leased.lease.slot()] = whose;
            }
            _ => {}
        }
    }
    fn epoch_closed(&mut self, _view: &State) {
        let [own, others] = std::mem::take(&mut self.paid).map(|paid| paid as f64);
        let [mine, theirs] = std::mem::take(&mut self.emitted).map(|emitted| emitted as f64);
        if own > 0.0 {
            self.predicted += (mine + theirs) * own / (own + others);
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
    let washer = "[[attacker]]\nid = \"washer\"\nusd = \"100_000 USD\"\n\
                  what = { wash = { class = \"rtx-4090\", program = \"decode-8b\", gpu_hours = 100 } }\n";
    let loaded = scenario(washer, &["provider.gamers.join={ initial = \"20%\", ramp = \"20d\" }"]);
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

/// With emission E for payments, of which others make X and the washer x, washing earns E·x ÷ (X + x) and costs its fees f·x and the
/// base fees of its commands. It pays where E ÷ (X + x) exceeds the fee rate, and its profit is the difference, to the cent.
#[test]
fn washing_pays_exactly_where_emission_per_payment_exceeds_the_fee() {
    let washer = "[[attacker]]\nid = \"washer\"\nusd = \"100_000 USD\"\n\
                  what = { wash = { class = \"rtx-4090\", program = \"decode-8b\", gpu_hours = 100 } }\n";
    let bound = |fee: &str| {
        let sets = ["emission.weight=paid", "emission.providers=100%", "emission.stakers=0%", "emission.treasury=0%"];
        let more = [
            "emission.builders=0%",
            "emission.yearly=200000 XPL",
            "fee.burn=100%",
            "fee.stakers=0%",
            "fee.treasury=0%",
            "scale=1",
        ];
        let fee = format!("fee.rate={fee}");
        let sets: Vec<&str> = sets.into_iter().chain(more).chain([fee.as_str()]).collect();
        let loaded = scenario(washer, &sets);
        let (agents, shares) = play(&loaded, |agents| agents.economy().attackers[0].first.0 + 1);
        let price = loaded.scenario.token.price.0 as f64 / 1e6 / XPL as f64;
        let rate = loaded.scenario.params.fee_rate() as f64 / 1e9;
        let fees = shares.paid_in_all as f64 * rate + shares.commands as f64 * loaded.scenario.params.fee_base() as f64;
        assert!(shares.leases[0] > 300, "{} jobs were washed", shares.leases[0]);
        let (theory, booty) = ((shares.predicted - fees) * price, made(&agents, 0));
        // The last day's work has yet to settle and to be rewarded.
        assert!((booty - theory).abs() < 0.05 * fees * price + 1.0, "made {booty}, theory {theory}");
        (booty, shares.predicted / shares.paid_in_all as f64)
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

/// Two groups of the same machines, one of which only pretends to compute, and jobs of one size. A lease saves the lazy group D, what
/// electricity costs beyond standby; with probability p it is checked, and then costs it its pay R and a slash S. Laziness pays where
/// p · (R + S) < D, and by that difference.
#[test]
fn cheating_pays_exactly_below_its_bound() {
    let groups = "[[provider]]\nid = \"twins\"\nclass = \"rtx-4090\"\ncount = 30\nregions = { europe = 1 }\nfaults = {}\n\
                  [[attacker]]\nid = \"lazy\"\nwhat = { cheat = { groups = [\"gamers\"], collude = false } }\n\
                  [[attacker]]\nid = \"honest\"\nwhat = { cheat = { groups = [\"twins\"], wrong = \"0%\" } }\n";
    // By how much a lazy lease earns more than an honest one, what theory says, and the bound, in dollars.
    let play_at = |rate: f64| {
        let rate = format!("verification.rate={}%", (rate * 1e5).round() / 1e3);
        let gamers =
            ["regions={ europe = 1, asia = 0 }", "speed_spread=0%", "faults={}"].map(|key| format!("provider.gamers.{key}"));
        let gone = ["provider.night-owls.count=0", "provider.hosts.count=0", "demand.finetuning.rate=0/h", "scale=1"];
        let jobs = ["demand.chat.size.tokens.sigma=0", "demand.chat.rate=20/h", "demand.chat.daily=flat", "horizon=2y"];
        let pay =
            ["emission.yearly=0 XPL", "verification.reward=0%", "slash.checker_share=0%", "bond.per_gpu=2 XPL", "fee.base=0 XPL"];
        let plain = gone.into_iter().chain(jobs).chain(pay).chain([rate.as_str()]);
        let sets: Vec<&str> = gamers.iter().map(String::as_str).chain(plain).collect();
        let loaded = scenario(groups, &sets);
        let (agents, shares) = play(&loaded, |_| u32::MAX);
        let economy = agents.economy();
        let per_lease = |attacker: usize| {
            let lenders = (0..economy.lenders.len()).filter(|&lender| economy.attacker_behind(lender) == Some(attacker));
            let leases = lenders.map(|lender| agents.rows().lenders[lender].leases).sum::<u64>();
            assert!(leases > 10_000, "{leases}");
            made(&agents, attacker) / leases as f64
        };
        let params = &loaded.scenario.params;
        let (leases, usd) = (shares.leases[1] as f64, loaded.scenario.token.price.0 as f64 / 1e6 / XPL as f64);
        let hours = shares.work as f64 / leases / 3_600_000.0;
        let saved = 0.85 * economy.lenders[0].energy / 1e6 * hours;
        let pay = shares.prices as f64 / leases * usd * (1.0 - params.fee_rate() as f64 / 1e9);
        let slash = params.bond_per_gpu() as f64 * params.slash_wrong() as f64 / 1e9 * usd;
        let checked = params.verification_rate() as f64 / 1e9;
        let theory = saved - checked * (pay + slash);
        (per_lease(0) - per_lease(1), theory, saved / (pay + slash))
    };
    let (more, theory, bound) = play_at(0.1);
    // Electricity is paid a week or two after it was used: a cent of the 14 that a lease saves.
    assert!(more > 0.0 && (more - theory).abs() < 0.01, "{more} {theory}");
    assert!((0.2..0.4).contains(&bound), "{bound}");
    // Near the bound those who are often slashed, and out of the book until they have filled their bonds up, are paid a little more
    // for the leases they still get; a fifth beyond it nothing of that is left.
    for (factor, pays) in [(0.8, true), (1.2, false)] {
        let (more, theory, _) = play_at(bound * factor);
        assert!((more > 0.0) == pays, "at {factor}: {more} {theory}");
    }
}
