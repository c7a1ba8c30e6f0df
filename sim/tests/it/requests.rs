//! Deployments whose requests pay: what they serve is what the last receipt pays, and no other draw moves.

use super::golden::SCENARIO;
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::ids::LeaseId;
use plasma_core::protocol::check_invariants;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::HOUR;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;
use std::collections::BTreeMap;

/// Deployments of hours, beside everything of the golden economy; what becomes of their requests is to be filled in.
const HOSTING: &str = include_str!("../hosting.toml");

const REQUESTS: &str = r#"requests = { rate = "120/h", price = "0.002 USD", receipts = "1h" }"#;

fn loaded(requests: &str) -> Loaded {
    let text = format!("{SCENARIO}{HOSTING}{requests}\n");
    Scenario::parse("hosting", &text, &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
}

/// Checks every invariant at every epoch, and writes receipts down.
#[derive(Default)]
struct Watch {
    /// The last receipt on each open lease.
    signed: BTreeMap<LeaseId, u64>,
    signatures: u64,
    paid: Vec<u64>,
    /// Milliseconds of service that were paid for by receipts.
    served: u64,
    /// Nano-XPL put into tabs, paid out of them, and returned.
    tabs: [u64; 3],
}

impl Observer for Watch {
    fn cause(&mut self, _view: &State, _record: &Record) {}

    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        match (event, record.cause) {
            (Event::ReceiptSigned(_), Cause::Command { command: Command::SignReceipt(receipt), .. }) => {
                assert!(self.signed.insert(receipt.lease, receipt.amount).is_none_or(|before| before < receipt.amount));
                self.signatures += 1;
            }
            (Event::ReceiptPaid(paid), _) => {
                assert_eq!(self.signed.remove(&paid.lease), Some(paid.payment()), "the last receipt is what pays");
                self.paid.push(paid.payment());
                self.tabs[1] += paid.payment();
                let lease = view.lease(paid.lease).expect("it is about to end");
                // One that misses its deadline has served its term, and no longer.
                self.served += (lease.work_mgs / u64::from(lease.gpus)).min(lease.due - lease.started);
            }
            (Event::TabFunded(_), Cause::Command { command: Command::FundTab(fund), .. }) => self.tabs[0] += fund.amount,
            (Event::TabReturned(returned), _) => self.tabs[2] += returned.amount,
            _ => {}
        }
    }

    fn epoch_closed(&mut self, view: &State) {
        check_invariants(view).unwrap();
    }
}

fn begin(loaded: &Loaded) -> Engine<Agents, Watch> {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    Engine::genesis(&genesis, agents, Watch::default()).unwrap()
}

fn play(loaded: &Loaded) -> Engine<Agents, Watch> {
    let mut engine = begin(loaded);
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    engine
}

#[test]
fn deployments_are_paid_what_they_served() {
    let mut engine = play(&loaded(REQUESTS));
    let tally = engine.environment().tally();
    assert_eq!((tally.inadmissible, tally.refused.iter().sum::<u64>()), (0, 0), "{:?}", tally.refused);
    assert!(engine.environment().dollars().conserved());
    let Watch { signatures, paid, served, tabs, .. } = std::mem::take(engine.observer());
    assert!(paid.len() > 40 && signatures > 2 * paid.len() as u64, "{} paid after {signatures} receipts", paid.len());
    // 120 requests an hour at $0.002, with XPL at $0.10, are 2.4 XPL; what came is random, and some provider was dark.
    let expected = 2.4 * served as f64 / HOUR as f64;
    let xpl = paid.iter().sum::<u64>() as f64 / 1e9;
    assert!((xpl / expected - 1.0).abs() < 0.03, "{xpl} XPL for {expected}");
    // What was put aside was paid, returned, or is still there.
    let [funded, spent, returned] = tabs;
    engine.view(|state| assert_eq!(u128::from(funded), u128::from(spent) + u128::from(returned) + state.ledger.tabs));
    assert!(returned > 0);
}

#[test]
fn requests_move_no_other_draw() {
    let (mut with, mut without) = (play(&loaded(REQUESTS)), play(&loaded("")));
    assert_eq!(with.environment().tally().candidates, without.environment().tally().candidates);
    let without = std::mem::take(without.observer());
    assert_eq!((without.signatures, without.tabs), (0, [0; 3]));
    assert_ne!(with.digest(), play(&loaded("")).digest());
}

#[test]
fn a_checkpoint_between_two_receipts_continues_identically() {
    let loaded = loaded(REQUESTS);
    let start = loaded.scenario.start.0;
    let mut whole = play(&loaded);
    let mut cut = begin(&loaded);
    for hours in [1, 7, 30] {
        cut.run(start + hours * HOUR + 12_345);
    }
    assert!(cut.view(|state| state.tabs.by_job.values().any(|tab| tab.signed > 0)), "receipts stand");
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    let agents = world::restore(&loaded, 0, &checkpoint).unwrap();
    assert_eq!(agents.save(), checkpoint);
    let mut continued = Engine::restore(&snapshot, agents, ()).unwrap();
    continued.run(start + loaded.scenario.horizon.0);
    assert_eq!(continued.digest(), whole.digest());
    assert_eq!(continued.environment().save(), whole.environment().save());
}

#[test]
fn requests_to_what_is_no_deployment_are_an_error_in_words() {
    let text = format!("{SCENARIO}{REQUESTS}\n");
    let error = Scenario::parse("chat", &text, &[]).expect_err("an inference program takes no requests").plain();
    assert!(error.contains("the program `decode-8b` is none") && error.contains("demand.chat.requests"), "{error}");
    let free = REQUESTS.replace("0.002", "0");
    let error = Scenario::parse("free", &format!("{SCENARIO}{HOSTING}{free}\n"), &[]).expect_err("nothing is paid").plain();
    assert!(error.contains("demand.hosting.requests.price"), "{error}");
}
