//! The choice: the network, a cloud, or nothing.
//!
//! A customer of a fixed reservation price takes the network whenever it costs less. One who chooses by logit weighs three ways by
//! their expected cost in dollars:
//!
//! > P(way) ∝ cost(way)^−sensitivity
//!
//! which is the multinomial logit with utility −sensitivity · ln cost (McFadden 1974, "Conditional logit analysis of qualitative
//! choice behavior"). The cost of nothing is the reservation price. Own-price elasticity is −sensitivity · (1 − P(network)).
//!
//! What a deployment's requests pay decides nothing: a model costs them as much wherever it runs, and without it there are none.
//!
//! Who looks at how results turned out (`trust`) counts on a share q of them that comes to nothing. Who has a reservation price pays for
//! the chance of a result, (1 − q) of that price. Who chooses by logit goes through all of it 1 ÷ (1 − q) times on average, the mean of
//! a geometric number of tries, and multiplies the network's cost by that.

use super::Candidate;
use crate::agents::Agents;
use crate::economy::{Choosing, Patrons};
use plasma_core::engine::state::State;
use plasma_core::money::XPL;
use plasma_core::time::{HOUR, Time};

/// What a candidate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Network,
    Cloud,
    Nothing,
}

/// What a candidate does, and how sure it is of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub way: Way,
    /// It takes the network, and would not if the network cost [a hundredth more](DEARER).
    pub wavers: bool,
}

/// By how much dearer the network is when it is asked who wavers: the step over which own-price elasticity is measured.
const DEARER: f64 = 1.01;

/// The largest share of results that anybody counts on coming to nothing: who sees nothing else still tries once in a while.
const DESPAIR: f64 = 0.99;

/// What each way costs in all, in micro-USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    pub network: f64,
    pub cloud: f64,
    pub nothing: f64,
}

impl Costs {
    /// The probabilities of network and cloud. The ratio to the cheapest way keeps powers within range.
    fn shares(&self, sensitivity: f64) -> (f64, f64) {
        let least = self.network.min(self.cloud).min(self.nothing).max(1e-9);
        let weight = |cost: f64| libm::pow(cost.max(1e-9) / least, -sensitivity);
        let (network, cloud, nothing) = (weight(self.network), weight(self.cloud), weight(self.nothing));
        let sum = network + cloud + nothing;
        (network / sum, cloud / sum)
    }

    /// The way that a uniform number picks.
    pub fn pick(&self, sensitivity: f64, u: f64) -> Way {
        let (network, cloud) = self.shares(sensitivity);
        match u {
            u if u < network => Way::Network,
            u if u < network + cloud => Way::Cloud,
            _ => Way::Nothing,
        }
    }
}

impl Agents {
    /// The share of results that a group of customers counts on coming to nothing.
    pub(super) fn doubt(&self, patrons: &Patrons) -> f64 {
        if patrons.trust > 0.0 { (patrons.trust * self.rows.board.results.failure()).min(DESPAIR) } else { 0.0 }
    }

    /// The way that a candidate takes at a price of micro-USD per XPL, when `least` nano-XPL is the least that the network asks of it
    /// and its work takes `reference` milli-GPU-seconds on the reference class.
    pub(super) fn decision(
        &self,
        view: &State,
        now: Time,
        price: u64,
        patrons: &Patrons,
        candidate: &Candidate,
        (least, reference): (u128, u64),
    ) -> Decision {
        let hours = reference as f64 / HOUR as f64;
        let nothing = candidate.reservation * hours;
        let way_at = |paid: f64| match &patrons.choosing {
            Choosing::Reservation if paid <= nothing => Way::Network,
            Choosing::Reservation => Way::Nothing,
            Choosing::Logit(logit) => {
                let seen = self.rows.board.class(patrons.reference);
                let run = hours / f64::from(1u32 << candidate.gpus_log2);
                let doubt = self.doubt(patrons);
                // Failed tries are in the doubt of whoever has any.
                let failing = if patrons.trust > 0.0 { doubt } else { seen.failing };
                let delay = seen.wait / HOUR as f64 + failing * run;
                let costs = Costs {
                    network: (paid * (1.0 + logit.switching) + logit.waiting_cost * delay) / (1.0 - doubt),
                    cloud: logit.cloud * hours * self.economy.timetable.cloud(now),
                    nothing,
                };
                costs.pick(logit.sensitivity, candidate.taste)
            }
        };
        let paid = self.price_of(view, candidate, least, price);
        let way = way_at(paid);
        Decision { way, wavers: way == Way::Network && way_at(paid * DEARER) != Way::Network }
    }

    /// Micro-USD that the network's least price comes to, base fee and slippage of a purchase included.
    fn price_of(&self, view: &State, candidate: &Candidate, least: u128, price: u64) -> f64 {
        let nano = u64::try_from(least).unwrap_or(u64::MAX).saturating_add(view.params.fee_base());
        let at_hand = Self::spendable(view, candidate.customer) >= nano;
        let quoted = if at_hand { None } else { self.quote_to_buy(view, nano) };
        quoted.map_or_else(|| nano as f64 * price as f64 / XPL as f64, |usd| usd as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_costs_are_taken_alike_and_elasticity_is_as_configured() {
        let even = Costs { network: 2.0, cloud: 2.0, nothing: 2.0 };
        let (network, cloud) = even.shares(5.0);
        assert!((network - 1.0 / 3.0).abs() < 1e-12 && (cloud - 1.0 / 3.0).abs() < 1e-12);
        for sensitivity in [0.5, 1.0, 3.0] {
            let share = |factor: f64| Costs { network: 1.7 * factor, cloud: 2.0, nothing: 2.6 }.shares(sensitivity).0;
            let step = 1e-6;
            let elasticity = (libm::log(share(1.0 + step)) - libm::log(share(1.0 - step))) / (2.0 * step);
            let expected = -sensitivity * (1.0 - share(1.0));
            assert!((elasticity - expected).abs() < 1e-6, "{elasticity} {expected}");
        }
    }

    #[test]
    fn uniform_numbers_pick_the_ways_in_order() {
        let costs = Costs { network: 1.0, cloud: 2.0, nothing: 4.0 };
        // Weights 1, 1/2, 1/4.
        assert_eq!(
            [0.1, 0.56, 0.58, 0.85, 0.86].map(|u| costs.pick(1.0, u)),
            [Way::Network, Way::Network, Way::Cloud, Way::Cloud, Way::Nothing]
        );
        assert_eq!(Costs { network: 0.0, ..costs }.pick(3.0, 0.999), Way::Network);
    }
}
