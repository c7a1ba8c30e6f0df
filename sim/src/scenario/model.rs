//! A scenario, complete and typed: what is asked, the protocol's parameters, and the world around the protocol.
//!
//! Counts, rates and amounts are those of the full economy; [`Scenario::scale`] says which fraction of it is played. Lists keep
//! the order of the file, and what refers to an element of a list refers to it by its id.

pub mod attack;
pub mod demand;
pub mod funds;
pub mod hardware;
pub mod shock;
pub mod size;
pub mod stake;
pub mod supply;
pub mod token;
pub mod trace;

use plasma_core::params::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use attack::AttackerSection;
pub use demand::{CustomerChoice, Daily, DailyShape, DemandGroup, PriceSpread, Requests, VerificationPolicy, Weekly};
pub use funds::{Brings, BuilderSection, Committee, Custodian};
pub use hardware::{Class, CostTerm, Kind, Program, Region, Resource};
pub use shock::ShockSection;
pub use size::{LogNormal, SizeSpread, SizeTable};
pub use stake::{DelegatorGroup, ProposalSection, VoterGroup};
pub use supply::{Entry, Faults, Join, MarkUp, ProviderGroup, Uptime};
pub use token::{Allocation, Holder, Sale, Token, TokenMarket, TraderGroup, TradingStyle, Vesting};
pub use trace::{Preset, TraceSection, TraceUse};

use super::quantity::{Date, Id, Scale, SpanMs};

/// What is simulated, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario is called in reports.
    pub title: String,
    /// The question it is meant to answer.
    pub question: String,
    /// What its author expects to see, written down before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectation: Option<String>,
    /// What came out, and where the expectation was missed, written down after the run. No part of the scenario's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Date of genesis (UTC).
    pub start: Date,
    /// How long the economy is played.
    pub horizon: SpanMs,
    /// Seed of every random draw.
    #[serde(default = "one")]
    pub seed: u64,
    /// Fraction of the full economy that is played. It multiplies supply, participants and arrivals, never job sizes, bonds, prices
    /// or rates.
    #[serde(default)]
    pub scale: Scale,
    /// Every parameter of the protocol. A file writes them in sections of their own (`[fee]`, `[market]`, …).
    #[serde(skip)]
    #[schemars(skip)]
    pub params: Params,
    /// The token.
    pub token: Token,
    /// How much of every run is kept.
    #[serde(default)]
    pub log: Log,
    /// Who carries out the treasury's orders on the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<Custodian>,
    /// Who attests builders' milestones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committee: Option<Committee>,
    /// Who holds the initial supply; the amounts sum to it.
    #[serde(default)]
    pub allocation: Vec<Allocation>,
    /// Groups of traders of XPL.
    #[serde(default)]
    pub trader: Vec<TraderGroup>,
    /// Who applies for awards from the builders' fund.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builder: Vec<BuilderSection>,
    /// Places, with their price of electricity.
    #[serde(default)]
    pub region: Vec<Region>,
    /// Catalogue of GPU models.
    #[serde(default)]
    pub class: Vec<Class>,
    /// Programs that jobs run.
    #[serde(default)]
    pub program: Vec<Program>,
    /// Groups of alike providers.
    #[serde(default)]
    pub provider: Vec<ProviderGroup>,
    /// Groups of alike customers.
    #[serde(default)]
    pub demand: Vec<DemandGroup>,
    /// What happens to the world at a given time.
    #[serde(default)]
    pub shock: Vec<ShockSection>,
    /// Who wants more than their share.
    #[serde(default)]
    pub attacker: Vec<AttackerSection>,
    /// Groups of accounts that bring stake to providers.
    #[serde(default)]
    pub delegator: Vec<DelegatorGroup>,
    /// Who votes on proposals.
    #[serde(default)]
    pub voter: Vec<VoterGroup>,
    /// What is proposed, and when.
    #[serde(default)]
    pub proposal: Vec<ProposalSection>,
    /// Recorded traces that are played back in addition to the groups.
    #[serde(default)]
    pub trace: Vec<TraceSection>,
}

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Level of the log.
    #[serde(default)]
    pub level: LogLevel,
    /// Whether what is kept is compressed: two fifths of the disk for a third more work.
    #[serde(default = "yes")]
    pub compress: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::default(), compress: true }
    }
}

fn yes() -> bool {
    true
}

/// Level of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Every record is kept.
    #[default]
    Full,
    /// Records are encoded and chained, then dropped: the same root, no file.
    Root,
    /// Nothing is encoded.
    None,
}

impl From<LogLevel> for plasma_core::log::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Full => Self::Full,
            LogLevel::Root => Self::Root,
            LogLevel::None => Self::None,
        }
    }
}

/// Something that a list holds under an id.
pub trait Named {
    /// Its id, unique within its list.
    fn id(&self) -> &Id;
}

macro_rules! named {
    ($($name:ident),+) => {$(
        impl Named for $name {
            fn id(&self) -> &Id {
                &self.id
            }
        }
    )+};
}
named!(Allocation, Region, Class, Program, ProviderGroup, DemandGroup, TraderGroup, ShockSection, AttackerSection, TraceSection);
named!(BuilderSection, DelegatorGroup, VoterGroup, ProposalSection);

/// Position in its list of the element with this id. Every reference of a checked scenario is found.
pub fn position<T: Named>(list: &[T], id: &Id) -> Option<usize> {
    list.iter().position(|element| element.id() == id)
}

fn one() -> u64 {
    1
}
