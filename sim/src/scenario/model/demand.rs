//! Groups of customers and the jobs they bring.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use plasma_core::time::{DAY, HOUR};
use schemars::JsonSchema;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::size::SizeSpread;
use crate::scenario::quantity::{Bytes, Id, Rate, Ratio, SignedRatio, SpanMs, Usd, UsdPerHour, UtcOffset, Weight};

/// A group of alike customers. Candidate jobs arrive as a Poisson process; whether one is submitted is up to its customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandGroup {
    /// Name of the group.
    pub id: Id,
    /// Program of its jobs.
    pub program: Id,
    /// GPU class on which work and reservation prices are stated. Jobs run on every class that satisfies them.
    pub reference: Id,
    /// Number of customers at full scale.
    #[serde(default = "thousand")]
    pub customers: u64,
    /// Mean rate of candidate jobs at genesis and full scale, averaged over the week.
    pub rate: Rate,
    /// Distribution of each size of the program, in the program's unit.
    pub size: BTreeMap<Id, SizeSpread>,
    /// GPUs that a job asks for, a power of two: weight of each number.
    #[serde(default = "one_gpu")]
    pub gpus: BTreeMap<u32, Weight>,
    /// Memory that each of its GPUs must have.
    pub vram: Bytes,
    /// Distribution of the highest price a customer would pay, per reference GPU-hour.
    pub reservation: PriceSpread,
    /// How long a customer waits for a lease before the job is lost.
    #[serde(default = "hour")]
    pub patience: SpanMs,
    /// Time from submission within which the result must be there.
    #[serde(default = "day")]
    pub deadline: SpanMs,
    /// Shape of the day, in local time.
    #[serde(default)]
    pub daily: Daily,
    /// Shape of the week, Monday first.
    #[serde(default)]
    pub weekly: Weekly,
    /// Distance of local time from UTC.
    #[serde(default)]
    pub utc_offset: UtcOffset,
    /// Growth of the rate per year, compounded continuously.
    #[serde(default)]
    pub growth: SignedRatio,
    /// Times at which far more candidates come, at random. They come on top of `rate`; without it there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bursts: Option<Bursting>,
    /// How results are verified.
    #[serde(default)]
    pub policy: VerificationPolicy,
    /// How its customers choose between the network, a cloud and nothing.
    #[serde(default)]
    pub choice: CustomerChoice,
    /// What its customers make of the published share of results that were missed or found wrong: they count on so many times that
    /// share of theirs. At 0 % they do not look; at 100 % they take it as it is. See `choice` for what it does.
    #[serde(default, skip_serializing_if = "Ratio::is_zero")]
    pub trust: Ratio,
    /// Requests to each of its deployments, which pay beside their time; without it they pay for time only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
}

/// Requests that come to a deployment while a provider serves it. Their customer puts aside what is to be expected of them when it
/// submits, and signs receipts for what was served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Mean rate at which they come to one deployment, however many GPUs it has.
    pub rate: Rate,
    /// What one pays.
    pub price: Usd,
    /// Time between two receipts; the last is signed as the term ends.
    #[serde(default = "day")]
    pub receipts: SpanMs,
}

/// Bursts of demand, one after the other: quiet times are exponential, bursts last a fixed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursting {
    /// Mean time from the end of one to the beginning of the next.
    pub every: SpanMs,
    /// How long each lasts.
    pub lasts: SpanMs,
    /// By how much more candidates come meanwhile.
    pub more: Ratio,
}

/// How customers choose. Where `trust` has them count on a share q of results that come to nothing, a reservation price falls to (1 − q)
/// of itself, and a logit weighs the network's cost ÷ (1 − q): what came to nothing has to be bought again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CustomerChoice {
    /// They take the network whenever it costs less than their reservation price.
    #[default]
    Reservation,
    /// By logit on total expected cost: the network, renting elsewhere, or nothing at the reservation price.
    Logit(LogitChoice),
}

/// Multinomial logit on the logarithm of cost. Own-price elasticity is −sensitivity · (1 − share of the network).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogitChoice {
    /// Exponent of cost.
    pub sensitivity: Weight,
    /// What an hour of waiting is worth.
    #[serde(default)]
    pub waiting_cost: UsdPerHour,
    /// Share of the price that being with the network costs on top: integration, trust, effort.
    #[serde(default)]
    pub switching: Ratio,
    /// Price of a cloud, relative to the reference class's `rental`.
    #[serde(default = "whole")]
    pub cloud: Ratio,
}

fn whole() -> Ratio {
    Ratio::ONE
}

/// A log-normal distribution of prices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceSpread {
    /// Half of all draws lie under it.
    pub median: UsdPerHour,
    /// Standard deviation of the natural logarithm; 0 makes every draw the median.
    #[serde(default)]
    pub sigma: Weight,
}

/// How the results of a job are verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerificationPolicy {
    /// Not at all.
    #[default]
    None,
    /// With the protocol's probability, a drawn checker executes the job again.
    Sampled,
    /// A drawn checker executes every job again.
    Checked,
    /// With the protocol's probability, a drawn checker tests the product by random vectors.
    Freivalds,
    /// Three providers execute the job, and the majority of their results counts.
    Redundant,
}

/// Rate of each hour of the day, relative to the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Daily {
    /// A shape by its name.
    Named(DailyShape),
    /// One number for each hour from midnight on; only their proportions count.
    Hours([Weight; 24]),
}

/// A named shape of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DailyShape {
    /// The same rate at every hour.
    #[default]
    Flat,
    /// A rise in the morning, a dip at noon, quiet nights.
    Office,
    /// A peak between 19:00 and 23:00.
    Evening,
}

/// Rate of each day of the week, Monday first, relative to the mean; only the proportions count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Weekly(pub [Weight; 7]);

const OFFICE: [f64; 24] =
    [0.3, 0.2, 0.2, 0.2, 0.2, 0.3, 0.5, 0.9, 1.5, 2.0, 2.1, 1.8, 1.3, 1.8, 2.1, 2.0, 1.8, 1.4, 0.9, 0.7, 0.6, 0.5, 0.4, 0.3];
const EVENING: [f64; 24] =
    [1.1, 0.7, 0.4, 0.3, 0.2, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.0, 1.0, 1.0, 1.1, 1.2, 1.5, 1.8, 2.0, 2.0, 1.8, 1.4];

impl Daily {
    /// Rate of each hour, relative to the mean: the numbers average 1.
    pub fn relative(&self) -> [f64; 24] {
        relative(match self {
            Self::Named(DailyShape::Flat) => [1.0; 24],
            Self::Named(DailyShape::Office) => OFFICE,
            Self::Named(DailyShape::Evening) => EVENING,
            Self::Hours(hours) => hours.map(Weight::get),
        })
    }
}

impl Weekly {
    /// Rate of each day, relative to the mean: the numbers average 1.
    pub fn relative(&self) -> [f64; 7] {
        relative(self.0.map(Weight::get))
    }
}

fn relative<const N: usize>(numbers: [f64; N]) -> [f64; N] {
    let mean = numbers.iter().sum::<f64>() / N as f64;
    numbers.map(|number| number / mean)
}

impl Default for Daily {
    fn default() -> Self {
        Self::Named(DailyShape::Flat)
    }
}

impl Default for Weekly {
    fn default() -> Self {
        Self([Weight::new(1.0).unwrap_or_default(); 7])
    }
}

impl<'de> Deserialize<'de> for Daily {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Spelling;

        impl<'de> Visitor<'de> for Spelling {
            type Value = Daily;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"flat\", \"office\", \"evening\" or 24 numbers")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Daily, E> {
                DailyShape::deserialize(serde::de::value::StrDeserializer::new(name)).map(Daily::Named)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Daily, A::Error> {
                let mut hours = [Weight::default(); 24];
                for (i, hour) in hours.iter_mut().enumerate() {
                    *hour = seq.next_element()?.ok_or_else(|| serde::de::Error::invalid_length(i, &self))?;
                }
                match seq.next_element::<Weight>()? {
                    Some(_) => Err(serde::de::Error::invalid_length(25, &self)),
                    None => Ok(Daily::Hours(hours)),
                }
            }
        }

        deserializer.deserialize_any(Spelling)
    }
}

impl JsonSchema for Daily {
    fn schema_name() -> Cow<'static, str> {
        "Daily".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (name, hour) = (generator.subschema_for::<DailyShape>(), generator.subschema_for::<Weight>());
        schemars::json_schema!({ "anyOf": [name, { "type": "array", "items": hour, "minItems": 24, "maxItems": 24 }] })
    }
}

fn thousand() -> u64 {
    1_000
}

fn one_gpu() -> BTreeMap<u32, Weight> {
    BTreeMap::from([(1, Weight::new(1.0).unwrap_or_default())])
}

fn hour() -> SpanMs {
    SpanMs(HOUR)
}

fn day() -> SpanMs {
    SpanMs(DAY)
}
