//! Places, GPU models and the programs that run on them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::quantity::{Bandwidth, Bytes, FlopRate, Id, OpRate, Power, Usd, UsdPerHour, UsdPerKwh, UtcOffset};

/// A place where providers are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Name of the region.
    pub id: Id,
    /// Price of electricity.
    pub electricity: UsdPerKwh,
    /// Distance of its local time from UTC.
    #[serde(default)]
    pub utc_offset: UtcOffset,
}

/// A GPU model of the catalogue. Its rates are the reference by which work is measured, not what a machine really achieves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Name by which scenarios refer to it.
    pub id: Id,
    /// Name for people.
    pub name: String,
    /// Memory of one GPU.
    pub vram: Bytes,
    /// 32-bit floating-point rate.
    pub f32: FlopRate,
    /// 16-bit (bfloat16) dense matrix rate. Without one, no program that needs it runs here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bf16: Option<FlopRate>,
    /// 8-bit integer dense matrix rate. Without one, no program that needs it runs here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub i8: Option<OpRate>,
    /// Memory bandwidth.
    pub bandwidth: Bandwidth,
    /// Board power at full load.
    pub power: Power,
    /// Price of one GPU.
    pub hardware: Usd,
    /// Price of renting one GPU elsewhere: what customers compare with, and a provider's alternative.
    pub rental: UsdPerHour,
    /// What clouds take, by how one rents from them, where somebody has found it. Reports compare with it; nobody acts on it.
    #[serde(default, skip_serializing_if = "CloudPrices::is_empty")]
    pub cloud: CloudPrices,
}

/// Prices of one GPU in a cloud. What is not there is not known, and is not compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudPrices {
    /// By the hour, without a commitment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand: Option<UsdPerHour>,
    /// Committed to for a year or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<UsdPerHour>,
    /// Where the cloud may take it back at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<UsdPerHour>,
}

impl CloudPrices {
    /// Whether none is known.
    pub const fn is_empty(&self) -> bool {
        self.on_demand.is_none() && self.reserved.is_none() && self.spot.is_none()
    }

    /// Micro-USD an hour: on demand, reserved, spot; zero where it is not known.
    pub fn by_tier(&self) -> [u64; 3] {
        [self.on_demand, self.reserved, self.spot].map(|price| price.map_or(0, |price| price.0))
    }
}

/// A program that jobs run, with the work of one job as a formula over its declared sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Name of the program.
    pub id: Id,
    /// Kind of its jobs.
    pub kind: Kind,
    /// Names of the sizes that a job declares, at most four.
    #[schemars(length(min = 1, max = 4))]
    pub sizes: Vec<Id>,
    /// The cost of a job: the sum of these terms, per resource.
    #[schemars(length(min = 1))]
    pub cost: Vec<CostTerm>,
}

/// `coefficient × Π sizeᵢ^exponentᵢ` operations, or bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostTerm {
    /// What the term uses.
    pub resource: Resource,
    /// Operations, or bytes, at sizes of one.
    pub coefficient: u64,
    /// One exponent for each size, in the order of the program's `sizes`.
    pub exponents: Vec<u8>,
}

/// What a term of a cost formula uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// 32-bit floating-point operations.
    F32,
    /// 16-bit (bfloat16) floating-point operations.
    Bf16,
    /// 8-bit integer operations.
    I8,
    /// Bytes moved between memory and processor.
    Bytes,
}

/// Kind of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Requests to a model, aggregated into leases.
    Inference,
    /// Batch work without anybody waiting for it.
    Batch,
    /// Training of a model.
    Training,
    /// A lease held open that bills time and serves requests.
    Deployment,
}

impl Class {
    /// Operations per millisecond, or bytes per millisecond; `None` for what the class cannot do.
    pub fn rate(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::F32 => Some(self.f32.0),
            Resource::Bf16 => self.bf16.map(|rate| rate.0),
            Resource::I8 => self.i8.map(|rate| rate.0),
            Resource::Bytes => Some(self.bandwidth.0),
        }
    }
}

impl Program {
    /// Expected reference GPU-hours on `class` of a job with these sizes, in the order of `sizes`: the larger of the time for
    /// operations and the time for bytes. `None` when the class cannot run the program.
    ///
    /// An estimate for planning: the work that is paid is the integer formula of the protocol.
    pub fn gpu_hours(&self, class: &Class, sizes: &[f64]) -> Option<f64> {
        let (mut operations_ms, mut bytes_ms) = (0.0, 0.0);
        for term in &self.cost {
            let power = |size: &f64, exponent: u8| (0..exponent).fold(1.0, |power, _| power * size);
            let powers = sizes.iter().zip(&term.exponents).map(|(size, &exponent)| power(size, exponent));
            let ms = term.coefficient as f64 * powers.product::<f64>() / class.rate(term.resource)? as f64;
            match term.resource {
                Resource::Bytes => bytes_ms += ms,
                _ => operations_ms += ms,
            }
        }
        Some(f64::max(operations_ms, bytes_ms) / plasma_core::time::HOUR as f64)
    }
}
