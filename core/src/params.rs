//! The one table of parameters: key, unit, legal range, default, meaning. The scenario schema, `--set`, governance and the
//! documentation all read it; the protocol reads the typed accessors.

use crate::time::{DAY, HOUR, MINUTE, SECOND, Span, YEAR};

/// How a parameter's `u64` is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Parts per billion; written "2.5%".
    Ratio,
    /// Nano-XPL; written "250 XPL".
    Amount,
    /// Whole XPL, for amounts beyond `u64` nano-XPL; written "10_000_000_000 XPL".
    WholeXpl,
    /// Milliseconds; written "90d", "12h", "1y".
    Span,
    /// A plain count.
    Count,
    /// One of the names, by position.
    Choice(&'static [&'static str]),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Where scenario files and `--set` find it: `section.name`.
    pub key: &'static str,
    /// How its number is meant.
    pub unit: Unit,
    /// Smallest legal value.
    pub min: u64,
    /// Largest legal value.
    pub max: u64,
    /// Value when nobody says otherwise.
    pub default: u64,
    /// What it does.
    pub text: &'static str,
}

macro_rules! params {
    ($($(#[doc = $text:literal])+ $name:ident : $key:literal $unit:expr, $min:expr => $max:expr, $default:expr;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(usize)]
        enum Position { $($name),+ }

        /// Every parameter, in the order of [`Params::values`].
        pub const TABLE: &[Spec] = &[$(Spec {
            key: $key, unit: $unit, min: $min, max: $max, default: $default, text: concat!($($text),+).trim_ascii(),
        }),+];

        impl Params {
            $($(#[doc = $text])+ #[inline(always)] pub fn $name(&self) -> u64 { self.values[Position::$name as usize] })+
        }
    };
}

/// The value of every parameter, in the order of [`TABLE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    values: Vec<u64>,
}

/// Why a value was refused for a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// No parameter has this key.
    #[error("there is no parameter `{0}`")]
    Unknown(String),
    /// The value is outside the legal range.
    #[error("`{key}` must lie between {min} and {max}, not {value}")]
    Range {
        /// The parameter's key.
        key: &'static str,
        /// The value that was refused.
        value: u64,
        /// Smallest legal value.
        min: u64,
        /// Largest legal value.
        max: u64,
    },
    /// Two parameters contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

const SHARE_MAX: u64 = crate::money::ONE;

/// What happens to emission that nobody has earned. The order is that of `emission.unallocated`.
pub mod unallocated {
    /// It is never minted.
    pub const UNMINTED: u64 = 0;
    /// It is minted into the pool and shared out in a later epoch.
    pub const CARRIED: u64 = 1;
    /// It goes to the treasury.
    pub const TREASURY: u64 = 2;
}

/// The ways in which jobs meet offers. The order is that of `market.mechanism`.
pub mod mechanism {
    /// At once, at the cheapest posted ask that fits.
    pub const POSTED: u64 = 0;
    /// In batches, at one price for each class.
    pub const UNIFORM: u64 = 1;
    /// In batches, by asks that are sealed until all have been.
    pub const SEALED: u64 = 2;
    /// In batches, at a price that the protocol sets for each class.
    pub const ALGORITHMIC: u64 = 3;
}

/// What the winners of a sealed auction are paid. The order is that of `market.payment`.
pub mod payment {
    /// Their ask.
    pub const FIRST: u64 = 0;
    /// The lowest ask that lost.
    pub const SECOND: u64 = 1;
}

/// The emission schedules. The order is that of `emission.schedule`.
pub mod schedule {
    /// The same amount every year.
    pub const FIXED: u64 = 0;
    /// A rate that steps down every year to a floor.
    pub const DISINFLATION: u64 = 1;
}

/// What disinflation compounds on. The order is that of `emission.base`.
pub mod emission_base {
    /// The supply at genesis.
    pub const INITIAL: u64 = 0;
    /// Everything issued and not burned.
    pub const TOTAL: u64 = 1;
    /// Total less locked accounts, treasury and builders' fund.
    pub const CIRCULATING: u64 = 2;
}

params! {
    /// Base fee that every admitted command of an account burns.
    fee_base: "fee.base" Unit::Amount, 0 => 1_000 * crate::money::XPL, 1_000_000;
    /// Protocol fee, as a share of every payment for work.
    fee_rate: "fee.rate" Unit::Ratio, 0 => SHARE_MAX, 50_000_000;
    /// Part of the protocol fee that is burned. The three parts sum to 100 %.
    fee_burn: "fee.burn" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Part of the protocol fee that goes to the treasury.
    fee_treasury: "fee.treasury" Unit::Ratio, 0 => SHARE_MAX, 200_000_000;
    /// Part of the protocol fee that goes to stakers.
    fee_stakers: "fee.stakers" Unit::Ratio, 0 => SHARE_MAX, 300_000_000;

    /// How jobs meet offers: at the posted ask at once, or in batches at one price for each class, by sealed asks, or at a price
    /// that the protocol sets.
    market_mechanism: "market.mechanism" Unit::Choice(&["posted", "uniform", "sealed", "algorithmic"]), 0 => 3, 0;
    /// All but `posted`: time between two clearings; `sealed` takes one batch to seal asks and one to reveal them.
    market_batch: "market.batch" Unit::Span, SECOND => 7 * DAY, 5 * MINUTE;
    /// `sealed`: whether the winners are paid their ask or the lowest that lost.
    market_payment: "market.payment" Unit::Choice(&["first", "second"]), 0 => 1, 1;
    /// `sealed`: deposit of a sealed ask, which is burned unless the ask is revealed.
    market_deposit: "market.deposit" Unit::Amount, 0 => 1_000_000 * crate::money::XPL, crate::money::XPL;
    /// `algorithmic`: share of a class's GPUs at work at which its price stands.
    market_target: "market.target" Unit::Ratio, 10_000_000 => SHARE_MAX, 700_000_000;
    /// `algorithmic`: share by which a price moves in a batch when utilisation is off by the whole target.
    market_rate: "market.rate" Unit::Ratio, 0 => SHARE_MAX, 125_000_000;
    /// `algorithmic`: lowest price of a reference GPU-second of any class.
    market_reserve: "market.reserve" Unit::Amount, 1 => 1_000 * crate::money::XPL, 1_000;
    /// `algorithmic`: the price at genesis.
    market_opening: "market.opening" Unit::Amount, 1 => 1_000 * crate::money::XPL, 1_000_000;
    /// An ask leaves the book this long after it was last quoted.
    market_ask_ttl: "market.ask_ttl" Unit::Span, MINUTE => 10 * YEAR, 14 * DAY;
    /// A lease must commit its result within this multiple of the time its work takes on the reference GPU …
    market_lease_slack: "market.lease_slack" Unit::Ratio, SHARE_MAX => 100 * SHARE_MAX, 2 * SHARE_MAX;
    /// … and never has less than this beyond it.
    market_lease_grace: "market.lease_grace" Unit::Span, 0 => 30 * DAY, 10 * MINUTE;
    /// How often a job whose lease failed is leased again before its customer is refunded.
    market_retries: "market.retries" Unit::Count, 0 => 100, 2;

    /// Time between two beacons: the round in which commitments wait for their draw.
    beacon_interval: "beacon.interval" Unit::Span, SECOND => 7 * DAY, HOUR;
    /// Probability that a sampled job's result is executed again by a drawn checker.
    verification_rate: "verification.rate" Unit::Ratio, 0 => SHARE_MAX, 20_000_000;
    /// What a checker earns for a verdict, as a share of the payment it checked; paid by the treasury.
    verification_reward: "verification.reward" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// A drawn checker must answer within this.
    verification_window: "verification.window" Unit::Span, SECOND => 30 * DAY, DAY;

    /// Bond that a provider must hold for each GPU it offers.
    bond_per_gpu: "bond.per_gpu" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 2_000 * crate::money::XPL;
    /// Time between asking for a bond back and having it.
    bond_unbonding: "bond.unbonding" Unit::Span, 0 => 10 * YEAR, 21 * DAY;
    /// Share of the leased GPUs' bond that a wrong result costs.
    slash_wrong: "slash.wrong" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Share of the leased GPUs' bond that a missed deadline costs.
    slash_missed: "slash.missed" Unit::Ratio, 0 => SHARE_MAX, 10_000_000;
    /// Share of a slash for a wrong result that goes to the checker who found it; the rest is burned.
    slash_checker_share: "slash.checker_share" Unit::Ratio, 0 => SHARE_MAX, 200_000_000;
    /// Missed deadlines after which a provider is jailed.
    jail_after: "jail.after" Unit::Count, 1 => 65_535, 5;
    /// How long jail lasts.
    jail_time: "jail.time" Unit::Span, 0 => 10 * YEAR, 7 * DAY;

    /// Time between two settlements of emission, rewards and metrics.
    epoch_length: "epoch.length" Unit::Span, MINUTE => 30 * DAY, DAY;
    /// Largest supply there can ever be.
    supply_cap: "supply.cap" Unit::WholeXpl, 1 => 1_000_000_000_000_000, 1_000_000_000_000;
    /// How emission follows time.
    emission_schedule: "emission.schedule" Unit::Choice(&["fixed", "disinflation"]), 0 => 1, 1;
    /// First moment of emission, counted from genesis.
    emission_start: "emission.start" Unit::Span, 0 => 100 * YEAR, 0;
    /// `fixed`: whole XPL minted per year.
    emission_yearly: "emission.yearly" Unit::WholeXpl, 0 => 1_000_000_000_000, 500_000_000;
    /// `disinflation`: rate of the first year.
    emission_rate: "emission.rate" Unit::Ratio, 0 => SHARE_MAX, 50_000_000;
    /// `disinflation`: points by which the rate falls each year.
    emission_step: "emission.step" Unit::Ratio, 0 => SHARE_MAX, 5_000_000;
    /// `disinflation`: rate below which it never falls.
    emission_floor: "emission.floor" Unit::Ratio, 0 => SHARE_MAX, 30_000_000;
    /// `disinflation`: the supply that the rate is taken of.
    emission_base: "emission.base" Unit::Choice(&["initial", "total", "circulating"]), 0 => 2, 0;
    /// Part of emission for providers, by work verified and paid. The four parts sum to 100 %.
    emission_providers: "emission.providers" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Part of emission for stakers, by bond.
    emission_stakers: "emission.stakers" Unit::Ratio, 0 => SHARE_MAX, 300_000_000;
    /// Part of emission for the treasury.
    emission_treasury: "emission.treasury" Unit::Ratio, 0 => SHARE_MAX, 100_000_000;
    /// Part of emission for the builders' fund.
    emission_builders: "emission.builders" Unit::Ratio, 0 => SHARE_MAX, 100_000_000;
    /// What becomes of emission that nobody has earned: no work, or no stake.
    emission_unallocated: "emission.unallocated" Unit::Choice(&["unminted", "carried", "treasury"]), 0 => 2, 0;

    /// A posted price older than this no longer counts; with no fresh one there is no oracle price.
    oracle_stale_after: "oracle.stale_after" Unit::Span, MINUTE => YEAR, 2 * DAY;
}

impl Default for Params {
    fn default() -> Self {
        Self { values: TABLE.iter().map(|spec| spec.default).collect() }
    }
}

impl Params {
    /// The values in the order of [`TABLE`].
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// Parameters from values in the order of [`TABLE`], each within its range and free of contradiction.
    ///
    /// # Errors
    /// [`ParamError`] for the first value that is missing, out of range, or contradicts another.
    pub fn from_values(values: Vec<u64>) -> Result<Self, ParamError> {
        if values.len() != TABLE.len() {
            return Err(ParamError::Contradiction(format!("{} parameters were given where {} exist", values.len(), TABLE.len())));
        }
        for (spec, &value) in TABLE.iter().zip(&values) {
            spec.check(value)?;
        }
        let params = Self { values };
        params.check()?;
        Ok(params)
    }

    /// Sets one parameter. Call [`Params::check`] after the last.
    ///
    /// # Errors
    /// [`ParamError::Unknown`] or [`ParamError::Range`].
    pub fn set(&mut self, key: &str, value: u64) -> Result<(), ParamError> {
        let position = TABLE.iter().position(|spec| spec.key == key).ok_or_else(|| ParamError::Unknown(key.into()))?;
        TABLE[position].check(value)?;
        self.values[position] = value;
        Ok(())
    }

    /// What one parameter is set to.
    pub fn get(&self, key: &str) -> Option<u64> {
        Some(self.values[TABLE.iter().position(|spec| spec.key == key)?])
    }

    /// Contradictions between parameters that are each in range.
    ///
    /// # Errors
    /// [`ParamError::Contradiction`], naming the keys.
    pub fn check(&self) -> Result<(), ParamError> {
        let sums = [
            ("fee.burn + fee.treasury + fee.stakers", self.fee_burn() + self.fee_treasury() + self.fee_stakers()),
            (
                "emission.providers + emission.stakers + emission.treasury + emission.builders",
                self.emission_providers() + self.emission_stakers() + self.emission_treasury() + self.emission_builders(),
            ),
        ];
        for (keys, sum) in sums {
            if sum != SHARE_MAX {
                let (whole, part) = (sum / 10_000_000, sum % 10_000_000);
                return Err(ParamError::Contradiction(format!("{keys} must be 100 %, not {whole}.{part:07} %")));
            }
        }
        if self.beacon_interval() > self.epoch_length() {
            return Err(ParamError::Contradiction("beacon.interval must not exceed epoch.length".into()));
        }
        if self.market_reserve() > self.market_opening() {
            return Err(ParamError::Contradiction("market.reserve must not exceed market.opening".into()));
        }
        if self.emission_floor() > self.emission_rate() {
            return Err(ParamError::Contradiction("emission.floor must not exceed emission.rate".into()));
        }
        Ok(())
    }

    /// How long a lease of `work_mgs` milli-GPU-seconds on `gpus` reference GPUs may take before it is overdue.
    #[inline]
    pub fn lease_span(&self, work_mgs: u64, gpus: u32) -> Span {
        let ideal = u128::from(work_mgs.div_ceil(u64::from(gpus.max(1))));
        let slack = ideal * u128::from(self.market_lease_slack()) / u128::from(SHARE_MAX);
        let span = slack.max(ideal + u128::from(self.market_lease_grace()));
        // A span beyond 10 000 years is as good as never and keeps sums of times within u64.
        u64::try_from(span).unwrap_or(u64::MAX).min(10_000 * YEAR)
    }
}

impl Spec {
    fn check(&self, value: u64) -> Result<(), ParamError> {
        if (self.min..=self.max).contains(&value) {
            Ok(())
        } else {
            Err(ParamError::Range { key: self.key, value, min: self.min, max: self.max })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_legal_and_keys_are_unique() {
        Params::from_values(Params::default().values).unwrap();
        let mut keys: Vec<_> = TABLE.iter().map(|s| s.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), TABLE.len());
    }

    #[test]
    fn a_split_that_misses_the_whole_is_named() {
        let mut params = Params::default();
        params.set("fee.burn", 400_000_000).unwrap();
        let error = params.check().unwrap_err().to_string();
        assert!(error.contains("fee.burn") && error.contains("90.0000000 %"), "{error}");
    }

    #[test]
    fn out_of_range_and_unknown_are_refused() {
        let mut params = Params::default();
        assert!(matches!(params.set("fee.rate", SHARE_MAX + 1), Err(ParamError::Range { key: "fee.rate", .. })));
        assert!(matches!(params.set("fee.rat", 1), Err(ParamError::Unknown(_))));
    }
}
