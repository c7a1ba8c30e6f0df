//! The timetable of shocks. What a shock changes for a while is a factor that follows from the time alone; what it does once is an
//! appointment.

use crate::scenario::Scenario;
use crate::scenario::model::position;
use crate::scenario::model::shock::Shock;
use crate::scenario::quantity::Id;
use plasma_core::protocol::governance::action::ProposeChange;
use plasma_core::time::{NEVER, Time};

/// One shock that will strike.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// When it strikes.
    pub from: Time,
    /// When it is over, or [`NEVER`].
    pub until: Time,
    /// What happens.
    pub effect: Effect,
}

/// What happens; groups, regions and the rest by number.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Candidates of these groups of customers are so many times as many.
    Demand(f64, Among),
    /// The price of XPL is so many times what it was.
    Price(f64),
    /// Electricity in these regions costs so many times as much.
    Electricity(f64, Among),
    /// Renting elsewhere costs so many times as much.
    Cloud(f64),
    /// Hardware costs so many times as much.
    Hardware(f64),
    /// A region is silent.
    Outage(u8),
    /// So large a share of these groups' providers leaves.
    Poaching(f64, Among),
    /// The feeders are silent.
    OracleSilence,
    /// A council decrees other parameters.
    Change(ProposeChange),
}

/// Some of a list, by position.
#[derive(Clone, Debug, PartialEq)]
pub enum Among {
    /// All of it.
    All,
    /// These.
    These(Vec<usize>),
}

impl Among {
    fn of<'a>(ids: &[Id], names: impl Iterator<Item = &'a str> + Clone) -> Self {
        if ids.is_empty() {
            return Self::All;
        }
        Self::These(ids.iter().filter_map(|id| names.clone().position(|name| name == id.as_str())).collect())
    }

    /// Whether a position is among them.
    pub fn has(&self, position: usize) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(&position),
        }
    }
}

/// Every shock that will strike, in the order of the file.
#[derive(Debug, Default)]
pub struct Timetable {
    shocks: Vec<Planned>,
}

impl Timetable {
    /// The timetable of a scenario. `customers` and `providers` name the groups in the order of their numbers.
    pub(super) fn new(scenario: &Scenario, customers: &[&str], providers: &[String]) -> Self {
        let effect = |what: &Shock| match what {
            Shock::Demand(shock) => {
                Effect::Demand(1.0 + shock.change.fraction(), Among::of(&shock.groups, customers.iter().copied()))
            }
            Shock::Price(shock) => Effect::Price(1.0 + shock.change.fraction()),
            Shock::Electricity(shock) => {
                let regions = scenario.region.iter().map(|region| region.id.as_str());
                Effect::Electricity(1.0 + shock.change.fraction(), Among::of(&shock.regions, regions))
            }
            Shock::Cloud(shock) => Effect::Cloud(1.0 + shock.change.fraction()),
            Shock::Hardware(shock) => Effect::Hardware(1.0 + shock.change.fraction()),
            Shock::Outage(outage) => Effect::Outage(position(&scenario.region, &outage.region).unwrap_or_default() as u8),
            Shock::Poaching(shock) => {
                Effect::Poaching(shock.share.fraction(), Among::of(&shock.groups, providers.iter().map(String::as_str)))
            }
            Shock::OracleSilence => Effect::OracleSilence,
            Shock::Change(settings) => Effect::Change(super::stake::change(scenario, settings)),
        };
        let planned = scenario.shock.iter().filter_map(|shock| {
            let from = scenario.start.0.saturating_add(shock.at?.0);
            let until = shock.lasts.map_or(NEVER, |span| from.saturating_add(span.0));
            Some(Planned { from, until, effect: effect(&shock.what) })
        });
        Self { shocks: planned.collect() }
    }

    /// All of them.
    pub fn all(&self) -> &[Planned] {
        &self.shocks
    }

    /// Whether any of them is decreed by a council.
    pub(super) fn decrees(&self) -> bool {
        self.shocks.iter().any(|shock| matches!(shock.effect, Effect::Change(_)))
    }

    /// The product of the factors that `factor` finds in the shocks that last at a time.
    fn product(&self, now: Time, factor: impl Fn(&Effect) -> Option<f64>) -> f64 {
        let current = self.shocks.iter().filter(|shock| (shock.from..shock.until).contains(&now));
        current.filter_map(|shock| factor(&shock.effect)).product()
    }

    /// Candidates of a group of customers, relative to what they would be.
    pub fn demand(&self, group: usize, now: Time) -> f64 {
        self.product(now, |effect| match effect {
            Effect::Demand(factor, groups) if groups.has(group) => Some(*factor),
            _ => None,
        })
    }

    /// The most that [`Timetable::demand`] ever is.
    pub(super) fn peak_demand(&self, group: usize) -> f64 {
        let moments = self.shocks.iter().flat_map(|shock| [shock.from, shock.until]);
        moments.map(|moment| self.demand(group, moment)).fold(1.0, f64::max)
    }

    /// Price of electricity in a region, relative to what it would be.
    pub fn electricity(&self, region: u8, now: Time) -> f64 {
        self.product(now, |effect| match effect {
            Effect::Electricity(factor, regions) if regions.has(region.into()) => Some(*factor),
            _ => None,
        })
    }

    /// Price of renting elsewhere, relative to what it would be.
    pub fn cloud(&self, now: Time) -> f64 {
        self.product(now, |effect| if let Effect::Cloud(factor) = effect { Some(*factor) } else { None })
    }

    /// Price of hardware, relative to what it would be.
    pub fn hardware(&self, now: Time) -> f64 {
        self.product(now, |effect| if let Effect::Hardware(factor) = effect { Some(*factor) } else { None })
    }

    /// Whether a region is silent.
    pub fn dark(&self, region: u8, now: Time) -> bool {
        self.lasts(now, |effect| *effect == Effect::Outage(region))
    }

    /// Whether the feeders are silent.
    pub fn oracle_silent(&self, now: Time) -> bool {
        self.lasts(now, |effect| *effect == Effect::OracleSilence)
    }

    fn lasts(&self, now: Time, is: impl Fn(&Effect) -> bool) -> bool {
        self.shocks.iter().any(|shock| (shock.from..shock.until).contains(&now) && is(&shock.effect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable() -> Timetable {
        let shock = |from, until, effect| Planned { from, until, effect };
        Timetable {
            shocks: vec![
                shock(10, 20, Effect::Demand(0.5, Among::All)),
                shock(15, NEVER, Effect::Demand(3.0, Among::These(vec![1]))),
                shock(5, 6, Effect::Electricity(1.3, Among::These(vec![0]))),
                shock(5, 6, Effect::Outage(2)),
            ],
        }
    }

    #[test]
    fn overlapping_shocks_multiply_and_end() {
        let table = timetable();
        assert_eq!([9, 10, 15, 20].map(|now| table.demand(1, now)), [1.0, 0.5, 1.5, 3.0]);
        assert_eq!([9, 10, 15, 20].map(|now| table.demand(0, now)), [1.0, 0.5, 0.5, 1.0]);
        assert_eq!((table.peak_demand(1), table.peak_demand(0)), (3.0, 1.0));
        assert_eq!((table.electricity(0, 5), table.electricity(1, 5), table.electricity(0, 6)), (1.3, 1.0, 1.0));
        assert_eq!((table.dark(2, 5), table.dark(1, 5), table.dark(2, 6)), (true, false, false));
    }
}
