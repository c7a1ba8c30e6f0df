//! Providers by number: machine, place, speed, hours, and when they join.

use super::rounding::scaled;
use super::{BuildError, class_id};
use crate::scenario::Scenario;
use crate::scenario::model::{Join, ProviderGroup, TraceUse, Uptime, position};
use crate::scenario::quantity::Id;
use crate::streams::sample::Weights;
use crate::streams::{Streams, stream_id};
use crate::traces::Trace;
use plasma_core::ids::ClassId;
use plasma_core::time::{Span, Time};

/// Somebody with GPUs to lend, who is a provider on the ledger from joining to leaving: what never changes about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lender {
    /// Its stream.
    pub stream: u64,
    /// Its group: a position in [`super::Economy::lender_groups`].
    pub group: u16,
    /// Class of its GPUs.
    pub class: ClassId,
    /// Its region: a position in the scenario's list.
    pub region: u8,
    /// How many GPUs it has.
    pub gpus: u32,
    /// True speed, relative to the reference rates of its class.
    pub speed: f64,
    /// A number in (0, 1) that spreads its appointments over their intervals.
    pub jitter: f64,
    /// Micro-USD per hour for the electricity of one GPU at full load, host machine and cooling included.
    pub energy: f64,
    /// Micro-USD per hour that one GPU would earn elsewhere.
    pub forgone: f64,
    /// Micro-USD that one GPU cost.
    pub hardware: f64,
    /// Mark-up over avoidable cost with nothing to do, and with all GPUs at work.
    pub mark_up: (f64, f64),
    /// Share of expected emission by which it lowers its ask.
    pub pass_through: f64,
    /// Share of income beyond costs that it sells.
    pub sells: f64,
    /// What it keeps of its delegators' rewards, in parts per billion.
    pub commission: u64,
    /// Time between two quotes.
    pub requote: Span,
    /// Probability that a lease is missed, and that its result is wrong.
    pub faults: (f64, f64),
    /// Whether it is on offer at night only, and how far its local time is ahead of UTC in milliseconds.
    pub night: Option<i64>,
    /// How long it bears losses.
    pub exit_after: Span,
    /// When it joins.
    pub joins: Joining,
}

/// When a provider joins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Joining {
    /// At this time.
    At(Time),
    /// When it pays.
    Entrant {
        /// Yearly rate at which it discounts, as a fraction.
        hurdle: f64,
        /// How long its machine earns.
        life: Span,
        /// Time between two looks at the market.
        interval: Span,
    },
}

impl Joining {
    /// How long the provider's machines earn; who is there on schedule replaces them without end.
    pub const fn life(self) -> Span {
        match self {
            Self::At(_) => Span::MAX,
            Self::Entrant { life, .. } => life,
        }
    }
}

/// Standard deviation of the logarithm of entrants' hurdles: people demand different returns, which makes supply a curve rather
/// than a step. An assumption.
const HURDLE_SPREAD: f64 = 0.5;

/// All providers in the order of their accounts, and the names of their groups.
pub(super) fn lenders(
    scenario: &Scenario,
    traces: &[Trace],
    streams: &Streams,
) -> Result<(Vec<Lender>, Vec<String>), BuildError> {
    let groups = &scenario.provider;
    let members = scaled(scenario.scale, &groups.iter().map(|group| group.count).collect::<Vec<_>>());
    let pools: Vec<_> = groups.iter().map(|group| group.entry.map_or(0, |entry| entry.pool)).collect();
    let pools = scaled(scenario.scale, &pools);
    let (mut lenders, mut names) = (Vec::new(), Vec::new());
    for (i, group) in groups.iter().enumerate() {
        let maker = Maker::new(scenario, group, group.id.as_str(), names.len(), streams)?;
        let machine = (class_id(scenario, &group.class), group.gpus);
        let (count, pool) = (members[i], pools[i]);
        let at = |number| Joining::At(scenario.start.0 + joins(group.join, number, count));
        lenders.extend((0..count).map(|number| maker.lender(number, machine, at(number))));
        lenders.extend((count..count + pool).map(|number| maker.entrant(number, machine)));
        names.push(group.id.as_str().to_owned());
    }
    for (section, trace) in scenario.trace.iter().zip(traces) {
        let TraceUse::Providers(providers) = &section.use_as else { continue };
        let Some(like) = groups.iter().find(|group| group.id == providers.like) else { continue };
        let maker = Maker::new(scenario, like, section.id.as_str(), names.len(), streams)?;
        let kept = trace.machines.iter().enumerate().filter(|(row, _)| maker.keeps(*row as u64));
        lenders.extend(kept.map(|(row, machine)| {
            let class = class_id(scenario, &machine.class);
            maker.lender(row as u64, (class, machine.gpus), Joining::At(scenario.start.0))
        }));
        names.push(section.id.as_str().to_owned());
    }
    Ok((lenders, names))
}

/// How long after genesis a member joins: the first at once, the others evenly over the ramp. Each stands in the middle of its
/// equal part of the group, so that a group joins as early on average however few of it are played.
fn joins(join: Join, number: u64, count: u64) -> Span {
    let whole = u128::from(plasma_core::money::ONE);
    let initial = u128::from(join.initial.0);
    // In parts of 2 · count · ONE.
    let place = (2 * u128::from(number) + 1) * whole;
    match place.checked_sub(2 * u128::from(count) * initial) {
        None => 0,
        Some(late) => (u128::from(join.ramp.0) * late / (2 * u128::from(count) * (whole - initial))) as Span,
    }
}

/// Makes the providers of one group.
struct Maker<'s> {
    scenario: &'s Scenario,
    like: &'s ProviderGroup,
    name: &'s str,
    group: u16,
    regions: Vec<&'s Id>,
    weights: Weights,
    streams: &'s Streams,
}

impl<'s> Maker<'s> {
    fn new(
        scenario: &'s Scenario,
        like: &'s ProviderGroup,
        name: &'s str,
        group: usize,
        streams: &'s Streams,
    ) -> Result<Self, BuildError> {
        let group = u16::try_from(group).map_err(|_| BuildError::Beyond("there are more than 65,536 provider groups".into()))?;
        if scenario.region.len() > 256 {
            return Err(BuildError::Beyond(format!("{} regions are more than 256", scenario.region.len())));
        }
        let regions = like.regions.keys().collect();
        let weights = Weights::new(like.regions.values().map(|weight| weight.get()));
        Ok(Self { scenario, like, name, group, regions, weights, streams })
    }

    /// Whether a machine of a trace is played at this scale.
    fn keeps(&self, row: u64) -> bool {
        self.streams.draw(stream_id(self.name, row as u32), 1).chance(self.scenario.scale.fraction())
    }

    fn entrant(&self, number: u64, machine: (ClassId, u32)) -> Lender {
        let Some(entry) = self.like.entry else { return self.lender(number, machine, Joining::At(Time::MAX)) };
        let mut draw = self.streams.draw(stream_id(self.name, number as u32), 2);
        let hurdle = draw.log_normal(entry.hurdle.fraction(), HURDLE_SPREAD);
        self.lender(number, machine, Joining::Entrant { hurdle, life: entry.life.0, interval: entry.interval.0 })
    }

    fn lender(&self, number: u64, (class, gpus): (ClassId, u32), joins: Joining) -> Lender {
        let stream = stream_id(self.name, number as u32);
        let mut draw = self.streams.draw(stream, 0);
        let region = position(&self.scenario.region, self.regions[draw.pick(&self.weights)]).unwrap_or_default();
        let place = &self.scenario.region[region];
        let model = &self.scenario.class[class.index()];
        let kilowatts = model.power.0 as f64 / 1e6 * self.like.overhead.get();
        Lender {
            stream,
            group: self.group,
            class,
            region: region as u8,
            gpus,
            speed: draw.log_normal(1.0, self.like.speed_spread.fraction()),
            jitter: draw.uniform(),
            energy: kilowatts * place.electricity.0 as f64,
            forgone: model.rental.0 as f64 * self.like.opportunity.fraction(),
            hardware: model.hardware.0 as f64,
            mark_up: (self.like.mark_up.idle.fraction(), self.like.mark_up.busy.fraction()),
            pass_through: self.like.pass_through.fraction(),
            sells: self.like.sells.fraction(),
            commission: self.like.commission.0,
            requote: self.like.requote.0,
            faults: (self.like.faults.missed.fraction(), self.like.faults.wrong.fraction()),
            night: (self.like.uptime == Uptime::Night).then(|| i64::from(place.utc_offset.0) * 60_000),
            exit_after: self.like.exit_after.0,
            joins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::quantity::{Ratio, SpanMs};
    use plasma_core::time::DAY;

    #[test]
    fn a_group_joins_as_early_however_few_of_it_are_played() {
        let join = Join { initial: Ratio(400_000_000), ramp: SpanMs(100 * DAY) };
        for count in [5, 10, 50, 1_000] {
            let times: Vec<_> = (0..count).map(|number| joins(join, number, count)).collect();
            assert!(times.is_sorted() && times.iter().all(|&time| time < 100 * DAY));
            // Two fifths are there at once, and the others come after fifty days on average.
            assert_eq!(times.iter().filter(|&&time| time == 0).count() as u64, count * 2 / 5);
            assert!((times.iter().sum::<u64>() / count).abs_diff(30 * DAY) <= 1, "{count}");
        }
        let at_once = Join { initial: Ratio::ONE, ..join };
        assert!((0..3).all(|number| joins(at_once, number, 3) == 0));
    }
}
