//! Own-price elasticity: who chooses by logit with sensitivity s and takes the network with probability P answers a price that is 1 %
//! higher with s · (1 − P) % less demand (K. Train, "Discrete Choice Methods with Simulation", 2nd ed., section 3.6; in logarithms
//! of cost).

use super::{every_group, near, play, small};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::record::{Event, Record};

/// What work was agreed to cost.
#[derive(Default)]
struct Prices {
    paid: f64,
    work: f64,
}

impl Observer for Prices {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, view: &State, _record: &Record, event: &Event) {
        if let Event::Leased(leased) = event
            && view.offers()[leased.offer.index()].class.0 == 0
        {
            self.paid += leased.price as f64;
            self.work += leased.work_mgs as f64;
        }
    }
}

/// The price paid, the share of candidates that take the network, and how many of these waver, when everybody asks this much above
/// cost whatever it has to do. One class and one machine after another: everybody pays the same.
fn demand(sensitivity: f64, mark_up: u32) -> (f64, f64, f64) {
    let asks = [
        every_group(&format!("mark_up={{ idle = \"{mark_up}%\", busy = \"{mark_up}%\" }}")),
        every_group("speed_spread=0%"),
        every_group("regions={ europe = 1 }"),
        every_group("faults={}"),
    ]
    .concat();
    let choice = format!("demand.chat.choice={{ logit = {{ sensitivity = {sensitivity} }} }}");
    let one_kind = ["demand.finetuning.rate=0/h", "demand.chat.rate=40/h", "demand.chat.daily=flat", "horizon=120d"];
    let plenty = ["provider.gamers.count=200", "provider.hosts.count=0", "provider.night-owls.count=0", "emission.yearly=0 XPL"];
    let reservation = "demand.chat.reservation={ median = \"0.34 USD/h\", sigma = 0 }";
    let sets: Vec<&str> =
        asks.iter().map(String::as_str).chain(one_kind).chain(plenty).chain([choice.as_str(), reservation]).collect();
    let (agents, prices) = play(&small(&sets), Prices::default()).into_parts();
    let tally = agents.tally();
    let came = tally.candidates[0] - tally.unserved[0];
    let network = came - tally.declined[0] - tally.to_cloud[0];
    (prices.paid / prices.work, network as f64 / came as f64, tally.wavering[0] as f64 / network as f64)
}

#[test]
fn demand_answers_asks_with_the_elasticity_that_was_configured() {
    for sensitivity in [0.8, 2.0, 4.0] {
        let steps = [20, 50, 80].map(|mark_up| demand(sensitivity, mark_up));
        let [(low, many, _), (middle, some, _), (high, few, _)] = steps;
        assert!(low < middle && middle < high);
        for ((p, q), (r, s)) in [((low, many), (middle, some)), ((middle, some), (high, few))] {
            let measured = libm::log(s / q) / libm::log(r / p);
            let expected = -sensitivity * (1.0 - f64::midpoint(q, s));
            // A hundred thousand candidates: the standard error of a difference of shares is 1 to 3 % of it.
            assert!(near(measured, expected, 0.06), "sensitivity {sensitivity}: {measured}, not {expected}");
        }
        // What one run tells of itself, by those who would not have come for a hundredth more: some hundreds at each price.
        let told = steps.map(|(.., wavering)| -100.0 * wavering).iter().sum::<f64>() / 3.0;
        let expected = steps.map(|(_, share, _)| -sensitivity * (1.0 - share)).iter().sum::<f64>() / 3.0;
        assert!(near(told, expected, 0.12), "sensitivity {sensitivity}: told {told}, not {expected}");
    }
}
