//! The one table of parameters: key, unit, legal range, default, meaning. The scenario schema, `--set`, governance and the
//! documentation all read it; the protocol reads the typed accessors.

mod choices;
mod contradictions;

pub use choices::{
    emission_base, emission_weight, fee_control, mechanism, payment, settle_mode, slash_stake, treasury_bought, treasury_policy,
    unallocated,
};

use crate::formula::schedule as schedules;
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
    /// Whether it is what genesis says for good: it shapes what is already recorded, and governance cannot change it.
    pub fixed: bool,
    /// What it does.
    pub text: &'static str,
}

macro_rules! params {
    ($($(#[doc = $text:literal])+ $name:ident : $key:literal $unit:expr, $min:expr => $max:expr, $default:expr $(, $fixed:ident)?;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(usize)]
        enum Position { $($name),+ }

        /// Every parameter, in the order of [`Params::values`].
        pub const TABLE: &[Spec] = &[$(Spec {
            key: $key, unit: $unit, min: $min, max: $max, default: $default, fixed: !stringify!($($fixed)?).is_empty(),
            text: concat!($($text),+).trim_ascii(),
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

const NO_YES: Unit = Unit::Choice(&["no", "yes"]);

// A parameter with `fixed` behind its default cannot change while the ledger runs.
params! {
    /// Base fee that every admitted command of an account burns. `eip1559`: at genesis and when governance sets it, from where
    /// control moves on. `eip4844`: the lowest there is.
    fee_base: "fee.base" Unit::Amount, 0 => 1_000 * crate::money::XPL, 1_000_000;
    /// How the base fee moves: not at all; each round by its commands (EIP-1559); exponentially by all beyond the target
    /// (EIP-4844). Control that governance sets begins with the fee there is; without control it is `fee.base` again.
    fee_control: "fee.control" Unit::Choice(&["fixed", "eip1559", "eip4844"]), 0 => 2, 0;
    /// `eip1559`, `eip4844`: commands of accounts in a round at which the base fee stays.
    fee_target: "fee.target" Unit::Count, 1 => 1_000_000_000_000, 1_000;
    /// `eip1559`: multiple of the target beyond which further commands no longer count.
    fee_elasticity: "fee.elasticity" Unit::Count, 2 => 1_000, 2;
    /// `eip1559`: a round at twice the target raises the fee by one part in this many. `eip4844`: the excess that raises it by
    /// the factor e, in whole targets, unless `fee.fraction` says it more exactly.
    fee_denominator: "fee.denominator" Unit::Count, 1 => 1_000_000, 8;
    /// `eip4844`: the excess that raises the fee by the factor e, as a multiple of the target, rounded to a whole unit: the original's
    /// update fraction. 849.0186056 % of its three blobs are its 3,338,477. 0 leaves it to `fee.denominator`.
    fee_fraction: "fee.fraction" Unit::Ratio, 0 => 1_000_000 * SHARE_MAX, 0;
    /// `eip4844`: units that a command counts in the excess, of which a target has as many times more; the original's blob has 131,072.
    /// More of them only make the rounding of the exponential finer.
    fee_unit: "fee.unit" Unit::Count, 1 => 1_000_000, 1, fixed;
    /// Protocol fee, as a share of every payment for work.
    fee_rate: "fee.rate" Unit::Ratio, 0 => SHARE_MAX, 50_000_000;
    /// Part of the protocol fee that is burned. The three parts sum to 100 %.
    fee_burn: "fee.burn" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Part of the protocol fee that goes to the treasury.
    fee_treasury: "fee.treasury" Unit::Ratio, 0 => SHARE_MAX, 200_000_000;
    /// Part of the protocol fee that goes to stakers.
    fee_stakers: "fee.stakers" Unit::Ratio, 0 => SHARE_MAX, 300_000_000;

    /// What becomes of a payment for work, after the protocol fee. `pay`: the provider gets it. `burn_schedule` (Render,
    /// RNP-001): it is burned, and emission pays providers. `net_emission` (Helium, HIP 20): burned, and minted again up to
    /// `emission.reburn`. `vault_remint` (Akash BME): the provider gets its worth in dollars at submission, from a vault that
    /// mints what it is short of.
    settle_mode: "settle.mode" Unit::Choice(&["pay", "burn_schedule", "net_emission", "vault_remint"]), 0 => 3, 0, fixed;
    /// `vault_remint`: no job and no money for tabs is taken while the vault's collateral is below this share of what it owes (Akash's
    /// halt threshold).
    settle_halt: "settle.halt" Unit::Ratio, 0 => 100 * SHARE_MAX, 900_000_000;
    /// `vault_remint`: while the vault's collateral is below this share of what it owes, jobs and money for tabs are taken in windows,
    /// the further apart the less there is (Akash's warn threshold, 95 %). 0 never brakes.
    settle_warn: "settle.warn" Unit::Ratio, 0 => 100 * SHARE_MAX, 0;
    /// `settle.warn`: the brake's step (Akash's block of six seconds). No two windows open further apart than 14,400 steps.
    settle_brake_step: "settle.brake_step" Unit::Span, 1 => DAY, 6 * SECOND;
    /// `settle.warn`: steps that a window stays open, and that lie between two windows' openings at `settle.warn` itself.
    settle_brake_least: "settle.brake_least" Unit::Count, 1 => 14_400, 10;
    /// `settle.warn`: how many more steps lie between them for each 0.1 point that collateral is short of it, compounded.
    settle_brake_rate: "settle.brake_rate" Unit::Ratio, 0 => 100 * SHARE_MAX, 100_000_000;
    /// Share of every net payment that is held back, where a slash can still reach it.
    settle_holdback: "settle.holdback" Unit::Ratio, 0 => SHARE_MAX, 0;
    /// How long after its epoch's end it is held; it comes free at the end of an epoch.
    settle_holdback_period: "settle.holdback_period" Unit::Span, 0 => 10 * YEAR, 30 * DAY;

    /// How jobs meet offers: at the posted ask at once, or in batches at one price for each class, by sealed asks, or at a price
    /// that the protocol sets.
    market_mechanism: "market.mechanism" Unit::Choice(&["posted", "uniform", "sealed", "algorithmic"]), 0 => 3, 0, fixed;
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
    market_opening: "market.opening" Unit::Amount, 1 => 1_000 * crate::money::XPL, 1_000_000, fixed;
    /// An ask leaves the book this long after it was last quoted.
    market_ask_ttl: "market.ask_ttl" Unit::Span, MINUTE => 10 * YEAR, 14 * DAY;
    /// A lease must commit its result within this multiple of the time its work takes on the reference GPU …
    market_lease_slack: "market.lease_slack" Unit::Ratio, SHARE_MAX => 100 * SHARE_MAX, 2 * SHARE_MAX;
    /// … and never has less than this beyond it.
    market_lease_grace: "market.lease_grace" Unit::Span, 0 => 30 * DAY, 10 * MINUTE;
    /// How often a job whose lease failed is leased again before its customer is refunded.
    market_retries: "market.retries" Unit::Count, 0 => 100, 2;

    /// Time between two beacons: the round in which commitments wait for their draw.
    beacon_interval: "beacon.interval" Unit::Span, SECOND => 7 * DAY, HOUR, fixed;
    /// Probability that a sampled job's result is executed again by a drawn checker.
    verification_rate: "verification.rate" Unit::Ratio, 0 => SHARE_MAX, 20_000_000;
    /// What a checker earns for a verdict, as a share of the payment it checked; paid by the treasury.
    verification_reward: "verification.reward" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// A drawn checker must answer within this.
    verification_window: "verification.window" Unit::Span, SECOND => 30 * DAY, DAY;
    /// Providers that decide when a checker finds a result wrong, an odd number; where fewer may, the next odd number decides. 0 lets
    /// the checker decide alone.
    verification_panel: "verification.panel" Unit::Count, 0 => 15, 0;
    /// Share of a panel that must have revealed its verdicts for a decision.
    verification_quorum: "verification.quorum" Unit::Ratio, 1 => SHARE_MAX, 600_000_000;
    /// Verdicts of a panel that are sealed, and roots of a job's copies, must be revealed within this.
    verification_reveal: "verification.reveal" Unit::Span, SECOND => 30 * DAY, 6 * HOUR;
    /// Deposit of whoever challenges a result; it is lost if a panel finds it right.
    verification_challenge_deposit: "verification.challenge_deposit" Unit::Amount,
        0 => 1_000_000 * crate::money::XPL, 100 * crate::money::XPL;
    /// Part of a lost deposit that goes to the accused provider; the rest goes to the panel's majority.
    verification_deposit_worker: "verification.deposit_worker" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// How long a result stands open before it settles: one that was not drawn, after its commitment, to challenges; one that its
    /// checker confirmed, after that, also to exposure as planted, and to that once more when a challenge of it fails. 0 settles
    /// at once.
    verification_open: "verification.open" Unit::Span, 0 => 30 * DAY, 0;
    /// Share of right results that are planted as errors, so that checkers who copy are caught.
    verification_planted: "verification.planted" Unit::Ratio, 0 => SHARE_MAX / 2, 0, fixed;
    /// What a checker earns beside for finding a planted error, as a share of the payment it checked.
    verification_bonus: "verification.bonus" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Probability that the result of a job with the policy `freivalds` is checked.
    verification_freivalds_rate: "verification.freivalds_rate" Unit::Ratio, 0 => SHARE_MAX, SHARE_MAX;
    /// Rounds of a Freivalds check: a wrong product passes each with probability one half at most.
    verification_freivalds_rounds: "verification.freivalds_rounds" Unit::Count, 1 => 64, 10;
    /// What a round costs the checker, as a share of the work.
    verification_freivalds_cost: "verification.freivalds_cost" Unit::Ratio, 0 => SHARE_MAX, 5_000_000;

    /// Bond that a provider must hold for each GPU it offers.
    bond_per_gpu: "bond.per_gpu" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 2_000 * crate::money::XPL;
    /// Time between asking for a bond back and having it.
    bond_unbonding: "bond.unbonding" Unit::Span, 0 => 10 * YEAR, 21 * DAY;
    /// Share of the leased GPUs' bond that a wrong result costs.
    slash_wrong: "slash.wrong" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Share of the leased GPUs' bond that a missed deadline costs.
    slash_missed: "slash.missed" Unit::Ratio, 0 => SHARE_MAX, 10_000_000;
    /// How much of the part that a slash takes of a provider's bond it also takes of its delegators' stake, and of what left or
    /// moved on since the lease began. 100 %: who delegates loses the same part as the provider.
    slash_delegators: "slash.delegators" Unit::Ratio, 0 => SHARE_MAX, SHARE_MAX;
    /// Share of a slash for a wrong result, of bond and stake alike, that goes to the checker who found it; the rest is burned.
    slash_checker_share: "slash.checker_share" Unit::Ratio, 0 => SHARE_MAX, 200_000_000;
    /// Share of the bond behind the checked GPUs that a checker loses who copied what it was to check.
    slash_copied: "slash.copied" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Share of the earnings held back of a provider that a wrong result costs.
    slash_rewards: "slash.rewards" Unit::Ratio, 0 => SHARE_MAX, SHARE_MAX;
    /// Whether a wrong result costs stake too: always; as far as seized earnings fall short of the cut; never.
    slash_stake: "slash.stake" Unit::Choice(&["always", "shortfall", "never"]), 0 => 2, 0;
    /// Strikes for a check that a drawn checker missed.
    jail_check_strikes: "jail.check_strikes" Unit::Count, 0 => 100, 0;
    /// Strikes, missed deadlines above all, after which a provider is jailed.
    jail_after: "jail.after" Unit::Count, 1 => 65_535, 5;
    /// How long jail lasts.
    jail_time: "jail.time" Unit::Span, 0 => 10 * YEAR, 7 * DAY;

    /// Whether providers take the stake of others.
    stake_delegation: "stake.delegation" Unit::Choice(&["off", "on"]), 0 => 1, 0;
    /// Least stake that may be brought or moved at a time.
    stake_minimum: "stake.minimum" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, crate::money::XPL;
    /// Most delegated stake for a provider's own bond.
    stake_max_ratio: "stake.max_ratio" Unit::Ratio, 0 => 1_000_000 * SHARE_MAX, 10 * SHARE_MAX;
    /// Largest commission on delegators' rewards.
    stake_commission_max: "stake.commission_max" Unit::Ratio, 0 => SHARE_MAX, SHARE_MAX;
    /// Most points by which a commission changes in an epoch while anybody's stake is there.
    stake_commission_step: "stake.commission_step" Unit::Ratio, 0 => SHARE_MAX, 10_000_000;
    /// Whether delegated stake counts towards the bond that GPUs require. It then pays its part of what a fault costs, and no bond
    /// can be asked back while a lease is open.
    stake_counts: "stake.counts" Unit::Choice(&["no", "yes"]), 0 => 1, 0, fixed;

    /// Time between two settlements of emission, rewards and metrics.
    epoch_length: "epoch.length" Unit::Span, MINUTE => 30 * DAY, DAY, fixed;
    /// Largest supply there can ever be.
    supply_cap: "supply.cap" Unit::WholeXpl, 1 => 1_000_000_000_000_000, 1_000_000_000_000, fixed;
    /// How emission follows time, stake, work or payment. What each name does, `formula/schedule/` says in its file.
    emission_schedule: "emission.schedule" Unit::Choice(schedules::NAMES), 0 => schedules::NAMES.len() as u64 - 1, 1, fixed;
    /// First moment of emission, counted from genesis.
    emission_start: "emission.start" Unit::Span, 0 => 100 * YEAR, 0, fixed;
    /// `fixed`: whole XPL minted per year. `net_emission`: that of the first two years. `utilisation`: most there is in a year.
    emission_yearly: "emission.yearly" Unit::WholeXpl, 0 => 1_000_000_000_000, 500_000_000;
    /// `disinflation`: rate of the first year. `goal_bonded`, `participation`: rate at the start. `ideal_stake`: largest.
    emission_rate: "emission.rate" Unit::Ratio, 0 => SHARE_MAX, 50_000_000;
    /// `disinflation`: points by which the rate falls each year.
    emission_step: "emission.step" Unit::Ratio, 0 => SHARE_MAX, 5_000_000;
    /// `disinflation`, `goal_bonded`, `pid`: rate below which it never falls. `ideal_stake`: rate without stake.
    emission_floor: "emission.floor" Unit::Ratio, 0 => SHARE_MAX, 30_000_000;
    /// `disinflation`: the supply that the rate is taken of.
    emission_base: "emission.base" Unit::Choice(&["initial", "total", "circulating"]), 0 => 2, 0;
    /// `goal_bonded`, `participation`, `pid`: rate above which it never rises.
    emission_max: "emission.max" Unit::Ratio, 0 => SHARE_MAX, 200_000_000;
    /// `goal_bonded` (Cosmos x/mint), `participation` (Livepeer), `ideal_stake` (Polkadot), `pid`: staked share of the supply
    /// aimed at.
    emission_goal: "emission.goal" Unit::Ratio, 1 => SHARE_MAX, 500_000_000;
    /// `goal_bonded`: most points by which the rate changes in a year. `participation`: points by which it does.
    emission_change: "emission.change" Unit::Ratio, 0 => SHARE_MAX, 130_000_000;
    /// `ideal_stake` (Polkadot NPoS): stake beyond the goal that halves what is above the floor.
    emission_falloff: "emission.falloff" Unit::Ratio, SHARE_MAX / 100 => SHARE_MAX, 50_000_000;
    /// `halving` (Bitcoin), `halving_by_supply` (Bittensor), `sqrt_stake` (Ethereum): the original's block or epoch.
    emission_tick: "emission.tick" Unit::Span, SECOND => DAY, 10 * MINUTE, fixed;
    /// `halving`, `halving_by_supply`: minted in every tick before the first halving.
    emission_subsidy: "emission.subsidy" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 10_000 * crate::money::XPL;
    /// `halving`: ticks between halvings.
    emission_interval: "emission.interval" Unit::Count, 1 => 1_000_000_000_000, 210_000, fixed;
    /// `halving_by_supply`, `exponential`, `baseline`: whole XPL that the schedule ever mints.
    emission_total: "emission.total" Unit::WholeXpl, 1 => 1_000_000_000_000, 5_000_000_000, fixed;
    /// `exponential`, `baseline` (Filecoin's simple and baseline minting): time in which half of what is left is minted.
    emission_half_life: "emission.half_life" Unit::Span, HOUR => 1_000 * YEAR, 6 * YEAR, fixed;
    /// `baseline`: class-weighted milli-GPU-seconds of work an epoch with which the network keeps up at the start.
    emission_baseline: "emission.baseline" Unit::Count, 1 => 1_000_000_000_000_000, 86_400_000_000, fixed;
    /// `baseline`: growth of the baseline in a year.
    emission_growth: "emission.growth" Unit::Ratio, 0 => 10 * SHARE_MAX, SHARE_MAX, fixed;
    /// `sqrt_stake` (Ethereum): the base reward factor.
    emission_factor: "emission.factor" Unit::Count, 0 => 1_000_000, 64;
    /// `net_emission` (Helium, HIP 20): whole XPL that are minted again in a year of what was burned, at most.
    emission_reburn: "emission.reburn" Unit::WholeXpl, 0 => 1_000_000_000_000, 600_000;
    /// `utilisation`: whole XPL paid for verified work in a year at which all of `emission.yearly` is minted; below, in
    /// proportion.
    emission_paid_target: "emission.paid_target" Unit::WholeXpl, 1 => 1_000_000_000_000, 1_000_000_000;
    /// `pid`: points of the rate for a point that stake is short of the goal.
    emission_kp: "emission.kp" Unit::Ratio, 0 => 100 * SHARE_MAX, 500_000_000;
    /// `pid`: points of the rate for a point that stake was short of the goal in an epoch, summed over epochs.
    emission_ki: "emission.ki" Unit::Ratio, 0 => 100 * SHARE_MAX, 300_000;
    /// `pid`: points of the rate for a point by which stake fell behind the goal since the last epoch.
    emission_kd: "emission.kd" Unit::Ratio, 0 => 100 * SHARE_MAX, 0;
    /// `table`: whole XPL minted in year 1.
    emission_year_1: "emission.year_1" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 2.
    emission_year_2: "emission.year_2" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 3.
    emission_year_3: "emission.year_3" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 4.
    emission_year_4: "emission.year_4" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 5.
    emission_year_5: "emission.year_5" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 6.
    emission_year_6: "emission.year_6" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 7.
    emission_year_7: "emission.year_7" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// `table`: whole XPL minted in year 8; what follows the last year mints nothing.
    emission_year_8: "emission.year_8" Unit::WholeXpl, 0 => 1_000_000_000_000, 0;
    /// Part of emission for providers, by work verified and paid. The four parts sum to 100 %.
    emission_providers: "emission.providers" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Part of emission for stakers, by bond and delegated stake.
    emission_stakers: "emission.stakers" Unit::Ratio, 0 => SHARE_MAX, 300_000_000;
    /// Part of emission for the treasury.
    emission_treasury: "emission.treasury" Unit::Ratio, 0 => SHARE_MAX, 100_000_000;
    /// Part of emission for the builders' fund.
    emission_builders: "emission.builders" Unit::Ratio, 0 => SHARE_MAX, 100_000_000;
    /// What providers' part of emission is shared by: work normalised by class, what was paid for it, or what it burned.
    emission_weight: "emission.weight" Unit::Choice(&["work", "paid", "burned"]), 0 => 2, 0;
    /// What becomes of emission that nobody has earned: no work, or no stake.
    emission_unallocated: "emission.unallocated" Unit::Choice(&["unminted", "carried", "treasury"]), 0 => 2, 0;

    /// A posted price older than this no longer counts; with no fresh one there is no oracle price.
    oracle_stale_after: "oracle.stale_after" Unit::Span, MINUTE => YEAR, 2 * DAY;
    /// A feeder's price is the median of so many of its posts, of which it has one a round: the last.
    oracle_window: "oracle.window" Unit::Count, 1 => 24, 1;
    /// A feeder's latest posts, so many, do not count yet.
    oracle_lag: "oracle.lag" Unit::Count, 0 => 8, 0;
    /// Feeders that must have a fresh price for there to be one.
    oracle_quorum: "oracle.quorum" Unit::Count, 1 => crate::protocol::oracle::MAX_FEEDERS as u64, 1;
    /// Share by which a post may differ from the feeder's of the last round, unless that is stale; what goes beyond is brought to
    /// it. 0 sets no bound.
    oracle_max_step: "oracle.max_step" Unit::Ratio, 0 => 1_000 * SHARE_MAX, 0;

    /// Time after which a grant that accrues evenly releases by itself again.
    vesting_interval: "vesting.interval" Unit::Span, HOUR => YEAR, 30 * DAY;
    /// Whether tokens that have not vested may stake out of their grant, where `stake.delegation` allows staking at all.
    vesting_may_stake: "vesting.may_stake" NO_YES, 0 => 1, 0;
    /// Whether what grants have staked earns: its rewards are its account's, free at once. Otherwise they return to the stakers' pool.
    vesting_may_earn: "vesting.may_earn" NO_YES, 0 => 1, 0;
    /// Whether tokens that have not vested vote, with those at stake.
    vesting_may_vote: "vesting.may_vote" NO_YES, 0 => 1, 0;

    /// Proposals that may be open at a time, in voting or in timelock. 0 leaves no room for governance.
    governance_max_open: "governance.max_open" Unit::Count, 0 => 1_000_000, 0;
    /// Proposals of one account that may be open at a time.
    governance_max_each: "governance.max_each" Unit::Count, 1 => 1_000_000, 10;
    /// Deposit of a proposal.
    governance_deposit: "governance.deposit" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 10_000 * crate::money::XPL;
    /// How long a proposal is voted on.
    governance_period: "governance.period" Unit::Span, MINUTE => YEAR, 14 * DAY;
    /// Share of the power to vote that must be used, abstentions included.
    governance_quorum: "governance.quorum" Unit::Ratio, 0 => SHARE_MAX, 334_000_000;
    /// Share of the votes, abstentions aside, that yes must exceed.
    governance_threshold: "governance.threshold" Unit::Ratio, 0 => SHARE_MAX, 500_000_000;
    /// Share of the votes, abstentions included, beyond which vetoes stop a proposal.
    governance_veto: "governance.veto" Unit::Ratio, 0 => SHARE_MAX, 334_000_000;
    /// Time between the end of voting and the first epoch's end at which a proposal may be enacted.
    governance_timelock: "governance.timelock" Unit::Span, 0 => YEAR, 2 * DAY;
    /// Whether the deposit burns when the quorum is missed.
    governance_burn_quorum: "governance.burn_quorum" NO_YES, 0 => 1, 0;
    /// Whether the deposit burns when the proposal is vetoed.
    governance_burn_veto: "governance.burn_veto" NO_YES, 0 => 1, 1;
    /// Decrees of the council that may wait for the end of an epoch at a time.
    governance_max_decrees: "governance.max_decrees" Unit::Count, 1 => 1_000, 10;

    /// What the treasury has its custodian do at every epoch's end: nothing; buy XPL at about the oracle's price; lend XPL to a
    /// pool that it owns; buy XPL below a floor; or several of these, each by an order of its own.
    treasury_policy: "treasury.policy" Unit::Choice(treasury_policy::NAMES), 0 => treasury_policy::ALL, 0;
    /// Most XPL that an epoch's orders are about, all together.
    treasury_budget: "treasury.budget" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 0;
    /// `buyback`: most XPL of its order, as far as `treasury.budget` goes. 0: an equal part of what is left of that by policies with a
    /// budget of their own, whether or not these place an order.
    treasury_buyback_budget: "treasury.buyback_budget" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 0;
    /// `liquidity`: as `treasury.buyback_budget`.
    treasury_liquidity_budget: "treasury.liquidity_budget" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 0;
    /// `floor`: as `treasury.buyback_budget`.
    treasury_floor_budget: "treasury.floor_budget" Unit::Amount, 0 => 1_000_000_000 * crate::money::XPL, 0;
    /// `buyback`, `liquidity`: share by which the order's limit differs from the oracle's price.
    treasury_slippage: "treasury.slippage" Unit::Ratio, 0 => SHARE_MAX, 10_000_000;
    /// `floor`: micro-dollars per XPL that are defended.
    treasury_floor: "treasury.floor" Unit::Count, 0 => 1_000_000_000_000, 0;
    /// Orders that may be outstanding at a time.
    treasury_max_orders: "treasury.max_orders" Unit::Count, 1 => 10_000, 52;
    /// `buyback`, `floor`: what becomes of XPL that the custodian bought.
    treasury_bought: "treasury.bought" Unit::Choice(&["kept", "burned"]), 0 => 1, 0;
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
        let position = Self::position(key).ok_or_else(|| ParamError::Unknown(key.into()))?;
        self.put(position as usize, value)
    }

    /// Sets the parameter at a position of [`TABLE`], which must exist.
    ///
    /// # Errors
    /// [`ParamError::Range`].
    pub(crate) fn put(&mut self, position: usize, value: u64) -> Result<(), ParamError> {
        TABLE[position].check(value)?;
        self.values[position] = value;
        Ok(())
    }

    /// Where a parameter stands in [`TABLE`]: the number by which proposals name it.
    pub fn position(key: &str) -> Option<u32> {
        TABLE.iter().position(|spec| spec.key == key).map(|position| position as u32)
    }

    /// What one parameter is set to.
    pub fn get(&self, key: &str) -> Option<u64> {
        Some(self.values[Self::position(key)? as usize])
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
    fn out_of_range_and_unknown_are_refused() {
        let mut params = Params::default();
        assert!(matches!(params.set("fee.rate", SHARE_MAX + 1), Err(ParamError::Range { key: "fee.rate", .. })));
        assert!(matches!(params.set("fee.rat", 1), Err(ParamError::Unknown(_))));
    }
}
