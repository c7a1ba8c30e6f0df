//! How large jobs are: a log-normal distribution, or one that was observed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::trace::Filter;
use crate::scenario::quantity::{Ratio, Weight};

/// Distribution of a size. Whatever it is, one uniform number makes one draw, by inversion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum SizeSpread {
    /// Log-normal.
    LogNormal(LogNormal),
    /// By its quantiles, with straight lines between them.
    Quantiles(BTreeMap<Ratio, Weight>),
    /// These numbers and no others, each as often as its weight says.
    Values(BTreeMap<u32, Weight>),
    /// The numbers of a table and no others.
    Csv(SizeTable),
}

/// A log-normal distribution, by its median and the standard deviation of its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogNormal {
    /// Half of all draws lie under it.
    pub median: Weight,
    /// Standard deviation of the natural logarithm; 0 makes every draw the median.
    pub sigma: Weight,
}

/// A column of sizes: each row is drawn as often as any other, or as its weight says. Nothing lies between two rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeTable {
    /// CSV file with a header line, relative to this scenario's file.
    pub file: String,
    /// Column of sizes.
    pub column: String,
    /// Column of weights; without it all rows weigh the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// What each size is multiplied by; the product is rounded up and at least 1.
    #[serde(default = "once")]
    pub factor: Weight,
    /// Rows are kept only when they meet all of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Filter>,
}

/// Distribution of a size, in one of four ways: `median` with `sigma`, `quantiles`, `values` or `csv`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SizeSpread")]
struct Written {
    /// Half of all draws lie under it; the distribution is log-normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    median: Option<Weight>,
    /// Standard deviation of the natural logarithm; 0, as without it, makes every draw the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sigma: Option<Weight>,
    /// Share of draws that lie under each size, from "0%" to "100%". Between two of them sizes are spread evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantiles: Option<BTreeMap<Ratio, Weight>>,
    /// Weight of each size. There are no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<BTreeMap<u32, Weight>>,
    /// A column of a table of sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    csv: Option<SizeTable>,
}

/// The ways to say it, for errors.
const WAYS: &str = "`median` (with `sigma`), `quantiles`, `values` or `csv`";

impl TryFrom<Written> for SizeSpread {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written { median: Some(median), sigma, quantiles: None, values: None, csv: None } => {
                Ok(Self::LogNormal(LogNormal { median, sigma: sigma.unwrap_or_default() }))
            }
            Written { median: None, sigma: None, quantiles: Some(quantiles), values: None, csv: None } => {
                Ok(Self::Quantiles(quantiles))
            }
            Written { median: None, sigma: None, quantiles: None, values: Some(values), csv: None } => Ok(Self::Values(values)),
            Written { median: None, sigma: None, quantiles: None, values: None, csv: Some(table) } => Ok(Self::Csv(table)),
            Written { median: None, sigma: Some(_), quantiles: None, values: None, csv: None } => {
                Err("the key `median` is missing".into())
            }
            Written { median: None, quantiles: None, values: None, csv: None, .. } => Err(format!("expected {WAYS}")),
            _ => Err(format!("expected one of {WAYS}, found several")),
        }
    }
}

impl From<SizeSpread> for Written {
    fn from(spread: SizeSpread) -> Self {
        let nothing = Self::default();
        match spread {
            SizeSpread::LogNormal(LogNormal { median, sigma }) => Self { median: Some(median), sigma: Some(sigma), ..nothing },
            SizeSpread::Quantiles(quantiles) => Self { quantiles: Some(quantiles), ..nothing },
            SizeSpread::Values(values) => Self { values: Some(values), ..nothing },
            SizeSpread::Csv(table) => Self { csv: Some(table), ..nothing },
        }
    }
}

impl JsonSchema for SizeSpread {
    fn schema_name() -> Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

fn once() -> Weight {
    Weight::new(1.0).unwrap_or_default()
}
