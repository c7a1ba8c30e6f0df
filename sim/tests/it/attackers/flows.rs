//! What passes between the ledger and those whom a test asks about.

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::record::{Cause, Event, Origin, Record};
use plasma_core::time::DAY;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::Loaded;
use plasma_sim::world;

/// What happened to one party, amounts in nano-XPL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub leases: u64,
    /// Prices of those leases.
    pub priced: u64,
    /// Milli-GPU-seconds of them.
    pub worked: u64,
    /// Net payments for work.
    pub paid: u64,
    pub emitted: u64,
    pub slashed: u64,
    /// Base fees.
    pub fees: u64,
    pub missed: u64,
    /// Checks of others that it was drawn for.
    pub checks: u64,
}

/// Flows of parties by account, those nobody asks about last; and of all together, day by day.
#[derive(Clone, Default)]
pub(crate) struct Flows {
    start: u64,
    party: Vec<usize>,
    pub of: Vec<Flow>,
    by_slot: Vec<usize>,
    pub settled: u64,
    pub submitted: Vec<u64>,
    /// Micro-USD per XPL of each post.
    pub posts: Vec<u64>,
}

impl Flows {
    /// Parties are the provider groups and attackers' own accounts that are named.
    pub fn new(agents: &Agents, names: &[&str], start: u64) -> Self {
        let economy = agents.economy();
        let mut party = vec![names.len(); economy.accounts()];
        for (place, name) in names.iter().enumerate() {
            for lender in 0..economy.lenders.len() {
                if economy.lender_groups[usize::from(economy.lenders[lender].group)] == *name {
                    party[economy.account_of(lender).index()] = place;
                }
            }
            for attacker in economy.attackers.iter().filter(|attacker| attacker.name == *name) {
                (attacker.first.0..attacker.first.0 + attacker.accounts).for_each(|account| party[account as usize] = place);
            }
        }
        Self { start, party, of: vec![Flow::default(); names.len() + 1], ..Self::default() }
    }
}

impl Observer for Flows {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { origin: Origin::Account(account), fee, .. } = record.cause {
            let party = self.party[account.index()];
            self.of[party].fees += fee;
        }
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        let owner = |provider: plasma_core::ids::ProviderId| self.party[view.providers()[provider.index()].owner.index()];
        match event {
            Event::Leased(leased) => {
                let party = owner(view.offers()[leased.offer.index()].provider);
                let flow = &mut self.of[party];
                (flow.leases, flow.priced, flow.worked) =
                    (flow.leases + 1, flow.priced + leased.price, flow.worked + leased.work_mgs);
                self.by_slot.resize(self.by_slot.len().max(leased.lease.slot() + 1), 0);
                self.by_slot[leased.lease.slot()] = party;
            }
            Event::Settled(settled) => {
                self.settled += 1;
                self.of[self.by_slot[settled.lease.slot()]].paid += settled.paid;
            }
            Event::CheckDrawn(drawn) => {
                let party = owner(drawn.checker);
                self.of[party].checks += 1;
            }
            Event::Missed(missed) => {
                let party = owner(view.offers()[missed.offer.index()].provider);
                self.of[party].missed += 1;
            }
            Event::Rewarded(rewarded) => {
                let party = owner(rewarded.provider);
                self.of[party].emitted += rewarded.work + rewarded.stake;
            }
            Event::Slashed(slashed) => {
                let party = owner(slashed.provider);
                self.of[party].slashed += slashed.burned + slashed.reward;
            }
            Event::Submitted(_) => {
                let day = ((record.time - self.start) / DAY) as usize;
                self.submitted.resize(self.submitted.len().max(day + 1), 0);
                self.submitted[day] += 1;
            }
            Event::PricePosted(_) => {
                if let Cause::Command { command: plasma_core::record::Command::PostPrice(post), .. } = record.cause {
                    self.posts.push(post.micro_usd);
                }
            }
            _ => {}
        }
    }
    fn epoch_closed(&mut self, _view: &State) {}
}

/// An engine at genesis, with flows of these parties.
pub(crate) fn begin(loaded: &Loaded, names: &[&str]) -> Engine<Agents, Flows> {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    let flows = Flows::new(&agents, names, loaded.scenario.start.0);
    Engine::genesis(&genesis, agents, flows).unwrap()
}

/// Plays to just after the last epoch's end, when books have been closed.
pub(crate) fn play(loaded: &Loaded, names: &[&str]) -> Engine<Agents, Flows> {
    let mut engine = begin(loaded, names);
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1);
    engine.view(plasma_core::protocol::check_invariants).unwrap();
    assert!(engine.environment().dollars().conserved());
    engine
}
