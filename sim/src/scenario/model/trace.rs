//! Recorded traces: which column of a table means what.
//!
//! A preset is nothing but a mapping that ships with Plasma; a table of one's own is read by the same mechanism.

use std::collections::BTreeMap;

use plasma_core::time::{DAY, HOUR};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::demand::{CustomerChoice, PriceSpread, VerificationPolicy};
use crate::scenario::quantity::{Bytes, Id, Ratio, SpanMs, Weight};

/// A recorded trace that is played back. Its rows are jobs or machines of the full economy; a scale under 1 keeps a random share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceSection {
    /// Name of the trace.
    pub id: Id,
    /// CSV file with a header line, relative to this scenario's file.
    pub file: String,
    /// What its rows are, and what the world must add to them.
    #[serde(rename = "as")]
    pub use_as: TraceUse,
    /// Mapping that ships with Plasma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Mapping of one's own, instead of a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    /// Rows are kept only when they meet these too, beside what the preset or mapping asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Filter>,
}

/// What the rows of a trace are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TraceUse {
    /// Jobs.
    Jobs(TraceJobs),
    /// Machines; each row is one provider like those of a group.
    Providers(TraceProviders),
}

/// What a recorded job does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceJobs {
    /// Program that the jobs run.
    pub program: Id,
    /// GPU class on which work and reservation prices are stated.
    pub reference: Id,
    /// Memory that each GPU must have.
    pub vram: Bytes,
    /// Distribution of the highest price a customer would pay, per reference GPU-hour.
    pub reservation: PriceSpread,
    /// How long a customer waits for a lease before the job is lost.
    #[serde(default = "hour")]
    pub patience: SpanMs,
    /// Time from submission within which the result must be there.
    #[serde(default = "day")]
    pub deadline: SpanMs,
    /// How results are verified.
    #[serde(default)]
    pub policy: VerificationPolicy,
    /// How its customers choose between the network, a cloud and nothing.
    #[serde(default)]
    pub choice: CustomerChoice,
    /// What its customers make of the published share of results that were missed or found wrong; see a demand group's `trust`.
    #[serde(default, skip_serializing_if = "Ratio::is_zero")]
    pub trust: Ratio,
    /// Number of customers among whom the jobs are shared.
    #[serde(default = "thousand")]
    pub customers: u64,
    /// Whether the trace begins anew when it has ended, until the horizon.
    #[serde(default)]
    pub repeat: bool,
}

/// What a recorded machine does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceProviders {
    /// Provider group that lends everything but class and number of GPUs.
    pub like: Id,
}

/// A mapping that ships with Plasma.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Requests to language models: Azure Public Dataset, AzureLLMInferenceTrace 2023.
    AzureLlm,
    /// GPU tasks of a cluster: Alibaba cluster-trace-gpu-v2023, openb_pod_list.
    AlibabaPods,
    /// GPU nodes of a cluster: Alibaba cluster-trace-gpu-v2023, openb_node_list.
    AlibabaNodes,
    /// Requests to an image-generation service: Alibaba cluster-trace-v2026-GenAI, lora_request_trace.
    AlibabaImages,
}

/// Which column means what. Where no column has the very name, case, spaces and punctuation do not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// When a job arrives. Machines need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeColumn>,
    /// Where each size of the program comes from.
    #[serde(default)]
    pub sizes: BTreeMap<Id, SizeFrom>,
    /// Number of GPUs. Without it every row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<GpuColumn>,
    /// GPU class of a machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ClassColumn>,
    /// How long a job waited where it was recorded. It is not played: what came out is reported beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<WaitColumns>,
    /// Rows are kept only when they meet all of these.
    #[serde(default)]
    pub keep: Vec<Filter>,
}

/// Two columns of times in seconds, between which a job waited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitColumns {
    /// Column of the arrival.
    pub begin: String,
    /// Column of the start; one before the arrival counts as no wait.
    pub end: String,
}

/// A column of times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeColumn {
    /// Name of the column.
    pub column: String,
    /// How a time is written.
    pub format: TimeFormat,
}

/// How a time is written. Only distances count: the earliest kept row arrives at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Date and time of day, `2023-11-16 18:15:46.68`, with or without `T` and an offset.
    DateTime,
    /// Seconds since any moment, fractions allowed.
    Seconds,
    /// Milliseconds since any moment.
    Milliseconds,
}

/// Where a size of a program comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SizeFrom {
    /// The sum of columns, times a factor.
    Columns(SizeColumns),
    /// The seconds between two columns, times a factor.
    Between(SizeBetween),
    /// The same for every row.
    Fixed(u64),
}

/// The sum of columns, times a factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeColumns {
    /// Names of the columns that are summed.
    pub sum: Vec<String>,
    /// What their sum is multiplied by; the product is rounded up and at least 1.
    #[serde(default = "once")]
    pub factor: Weight,
}

/// The seconds between two columns, times a factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeBetween {
    /// Column of the beginning, in seconds.
    pub begin: String,
    /// Column of the end, in seconds. Rows that do not end after they begin are dropped and counted.
    pub end: String,
    /// What the seconds are multiplied by; the product is rounded up and at least 1.
    #[serde(default = "once")]
    pub factor: Weight,
}

/// A column of numbers of GPUs. Numbers are rounded up to the next power of two, and the inflation is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuColumn {
    /// Name of the column.
    pub column: String,
    /// Column with the share of each GPU that is used, in thousandths. It is rounded up to whole GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milli: Option<String>,
}

/// A column of GPU models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassColumn {
    /// Name of the column.
    pub column: String,
    /// Class of each model that the column names. Rows of other models are dropped and counted.
    pub classes: BTreeMap<String, Id>,
}

/// A condition on a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Name of the column.
    pub column: String,
    /// What it must satisfy.
    pub is: Condition,
}

/// What a column must satisfy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It is not empty.
    Present,
    /// It is a number above zero.
    Positive,
    /// It is a number not below this.
    AtLeast(u64),
    /// It is one of these texts.
    OneOf(Vec<String>),
}

impl TraceSection {
    /// The mapping by which its rows are read; `None` when it names neither preset nor mapping, which a check refuses.
    pub fn resolved_mapping(&self) -> Option<Mapping> {
        let mut mapping = match (&self.mapping, self.preset) {
            (Some(mapping), _) => mapping.clone(),
            (None, preset) => preset?.mapping(),
        };
        mapping.keep.extend(self.keep.iter().cloned());
        Some(mapping)
    }
}

impl Preset {
    /// The file in which the preset is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::AzureLlm => include_str!("../presets/azure-llm.toml"),
            Self::AlibabaPods => include_str!("../presets/alibaba-pods.toml"),
            Self::AlibabaNodes => include_str!("../presets/alibaba-nodes.toml"),
            Self::AlibabaImages => include_str!("../presets/alibaba-images.toml"),
        }
    }

    /// Which column means what.
    pub fn mapping(self) -> Mapping {
        toml::from_str(self.text()).expect("a mapping that ships with Plasma is well formed")
    }
}

fn once() -> Weight {
    Weight::new(1.0).unwrap_or_default()
}

fn hour() -> SpanMs {
    SpanMs(HOUR)
}

fn day() -> SpanMs {
    SpanMs(DAY)
}

fn thousand() -> u64 {
    1_000
}

#[cfg(test)]
mod tests {
    use super::Preset;

    #[test]
    fn every_preset_is_well_formed() {
        for preset in [Preset::AzureLlm, Preset::AlibabaPods, Preset::AlibabaImages] {
            let mapping = preset.mapping();
            assert!(mapping.time.is_some() && !mapping.sizes.is_empty());
        }
        assert!(Preset::AlibabaNodes.mapping().class.is_some());
    }
}
