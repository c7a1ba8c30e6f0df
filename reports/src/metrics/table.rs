//! The one table of metrics. Rows of Parquet files, charts, summaries, reports and the documentation all read it.

mod terms;

use super::row::{ClassRow, RegionRow, Row};
use super::size::Size;
use crate::ratio::Ratio;
use plasma_core::money::XPL;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
pub(super) use terms::cost_to_corrupt;
use terms::*;

/// What a value is counted in, after formula and scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain count.
    Count,
    /// Milliseconds since the Unix epoch, written as a date.
    Time,
    /// XPL.
    Xpl,
    /// US dollars.
    Usd,
    /// US dollars per XPL.
    UsdPerXpl,
    /// A share of one.
    Share,
    /// A share of one per year of 365.25 days.
    SharePerYear,
    /// Years of 365.25 days.
    Years,
    /// Days of 24 hours.
    Days,
    /// Seconds.
    Seconds,
    /// Seconds of one GPU.
    GpuSeconds,
    /// XPL per hour of one reference GPU.
    XplPerGpuHour,
    /// US dollars per hour of one reference GPU.
    UsdPerGpuHour,
    /// XPL per thousand tokens of inference.
    XplPerThousandTokens,
    /// US dollars per thousand tokens of inference.
    UsdPerThousandTokens,
    /// A pure number that is not a share.
    Number,
}

impl Unit {
    /// The unit as files and axes write it.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Time => "UTC",
            Unit::Xpl => "XPL",
            Unit::Usd => "USD",
            Unit::UsdPerXpl => "USD/XPL",
            Unit::Share => "share",
            Unit::SharePerYear => "share/year",
            Unit::Years => "years",
            Unit::Days => "days",
            Unit::Seconds => "s",
            Unit::GpuSeconds => "GPU·s",
            Unit::XplPerGpuHour => "XPL/GPU·h",
            Unit::UsdPerGpuHour => "USD/GPU·h",
            Unit::XplPerThousandTokens => "XPL/1000 tokens",
            Unit::UsdPerThousandTokens => "USD/1000 tokens",
            Unit::Number => "1",
        }
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a metric needs to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// The protocol's own log: known in every run, simulated or live.
    Log,
    /// What the ledger does not say as well: null in a live run, where nobody tells.
    Observations,
}

/// One metric of a `T`, which is a [`Row`], a [`ClassRow`] or a [`RegionRow`].
pub struct Metric<T: 'static> {
    /// Name of its column.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// How it follows the scale.
    pub size: Size,
    /// How it is computed.
    pub formula: &'static str,
    /// The question it answers.
    pub question: &'static str,
    /// The only reason for which it can be null; empty when it always has a value.
    pub undefined: &'static str,
    /// Which stream it needs.
    pub stream: Stream,
    /// Its value.
    pub value: fn(&T) -> Option<Ratio>,
}

impl<T> Serialize for Metric<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Metric", 7)?;
        fields.serialize_field("name", self.name)?;
        fields.serialize_field("unit", &self.unit)?;
        fields.serialize_field("size", &self.size)?;
        fields.serialize_field("formula", self.formula)?;
        fields.serialize_field("question", self.question)?;
        fields.serialize_field("undefined", self.undefined)?;
        fields.serialize_field("stream", &self.stream)?;
        fields.end()
    }
}

impl<T> Metric<T> {
    /// The value as people and files see it.
    pub fn of(&self, row: &T) -> Option<f64> {
        (self.value)(row).map(Ratio::to_f64)
    }
}

macro_rules! metrics {
    ($table:ident: $type:ty; $($name:ident $unit:ident $($size:ident)? $(@ $stream:ident)? $(? $undefined:expr)?; $formula:literal; $question:literal; $value:expr;)+) => {
        /// Every metric of this kind of row, in the order of columns.
        pub const $table: &[Metric<$type>] = &[$(Metric {
            name: stringify!($name),
            unit: Unit::$unit,
            size: size!($unit $($size)?),
            formula: $formula,
            question: $question,
            undefined: concat_undefined!($($undefined)?),
            stream: stream!($($stream)?),
            value: $value,
        }),+];
    };
}
/// Of each and of few are marked; else counts and amounts are as large as the economy, and nothing else is.
macro_rules! size {
    ($unit:ident) => {
        match Unit::$unit {
            Unit::Count | Unit::Xpl | Unit::Usd | Unit::GpuSeconds => Size::Extensive,
            _ => Size::Intensive,
        }
    };
    ($unit:ident each) => {
        Size::Intensive
    };
    ($unit:ident few) => {
        Size::FiniteSize
    };
}
macro_rules! stream {
    () => {
        Stream::Log
    };
    (observed) => {
        Stream::Observations
    };
}
macro_rules! concat_undefined {
    () => {
        ""
    };
    ($undefined:expr) => {
        $undefined
    };
}

metrics! { METRICS: Row;
    epoch Count each; "number of the epoch, from 0"; "Which epoch?"; |r| count(r.epoch);
    time Time; "end of the span"; "When?"; |r| count(r.closed);

    supply_opened Xpl; "issued − burned, at the beginning of the span"; "How many XPL were there?"; |r| xpl(r.supply_opened);
    supply Xpl; "issued − burned, at the end of the span"; "How many XPL are there?"; |r| xpl(r.stocks.supply);
    circulating Xpl; "supply − locked accounts − unvested grants − treasury − builders' fund − open awards"; "How many can change hands?"; |r| xpl(r.stocks.circulating);
    minted Xpl; "Σ emission, and what a vault minted to pay what it owed"; "How many were created?"; |r| xpl(r.minted);
    unminted Xpl; "Σ emission that the schedule allowed and nobody earned"; "How much emission found no taker?"; |r| xpl(r.unminted);
    burned Xpl; "burned_fees + burned_base_fees + burned_slashes + burned_deposits + burned_bought"; "How many were destroyed?"; |r| xpl(r.burned.total());
    burned_fees Xpl; "Σ burned part of protocol fees"; "… by use of the network?"; |r| xpl(r.burned.fees);
    burned_base_fees Xpl; "Σ base fees of admitted commands"; "… by traffic?"; |r| xpl(r.burned.base);
    burned_slashes Xpl; "Σ slashed bonds and stake and seized earnings − rewards to checkers"; "… as punishment?"; |r| xpl(r.burned.slashes);
    burned_deposits Xpl; "Σ deposits of sealed asks that were not revealed and of rejected proposals"; "… for wasting others' time?"; |r| xpl(r.burned.deposits);
    burned_bought Xpl; "Σ XPL that the treasury's custodian bought to burn"; "… by buybacks?"; |r| xpl(r.burned.bought);
    unlocked Xpl; "Σ released from grants as they vest"; "How many came free?"; |r| xpl(r.unlocked);
    unlock_days Days @observed ? "nothing was traded, or nobody told"; "unlocked ÷ (XPL bought and sold for dollars ÷ days of the span)"; "How many days of trading is that?"; unlock_days;
    treasury Xpl; "balance at the end"; "What can governance spend?"; |r| xpl(r.stocks.treasury);
    builders Xpl; "balance at the end"; "What is left for builders?"; |r| xpl(r.stocks.builders);
    staked Xpl; "Σ bonds and delegated stake at the end"; "What is at risk for misbehaviour?"; |r| xpl(r.stocks.staked);
    unbonding Xpl; "bonds on their way back at the end"; "What is about to leave?"; |r| xpl(r.stocks.unbonding);
    staked_share Share ? NO_SUPPLY; "staked ÷ supply"; "How much of supply secures the network?"; |r| Ratio::of(r.stocks.staked, r.stocks.supply);
    inflation SharePerYear ? NO_GROWTH; "(supply at end ÷ at beginning)^(year ÷ span) − 1"; "How fast are holders diluted, net of burn?"; net_supply_growth;
    price_usd UsdPerXpl ? NO_PRICE; "median of fresh oracle posts at the end, the lower of two"; "What is an XPL worth?"; |r| if r.stocks.price_micro_usd > 0 { Ratio::of(r.stocks.price_micro_usd, 1_000_000u64) } else { None };

    commands Count; "commands admitted"; "How busy is the ledger?"; |r| count(r.commands);
    commands_refused Count; "commands admitted and refused"; "How many paid for nothing?"; |r| count(r.refused);
    jobs_submitted Count; "jobs accepted"; "How much is asked for?"; |r| count(r.jobs.submitted);
    jobs_leased Count; "jobs leased for the first time"; "How much starts?"; |r| count(r.jobs.leased);
    jobs_waited Count few; "jobs leased for the first time later than they were submitted"; "How many wait for a GPU?"; |r| count(r.jobs.waited);
    jobs_retried Count; "leases of jobs whose last lease failed"; "How much starts over?"; |r| count(r.jobs.retried);
    jobs_settled Count; "jobs paid for and closed"; "How much is delivered?"; |r| count(r.jobs.settled);
    jobs_expired Count; "jobs never leased before their latest start"; "How many give up waiting?"; |r| count(r.jobs.expired);
    jobs_failed Count; "jobs given up after failed leases"; "How many does the network fail?"; |r| count(r.jobs.failed);
    jobs_cancelled Count; "jobs taken back while waiting"; "How many change their mind?"; |r| count(r.jobs.cancelled);
    completion_rate Share ? "no job ended"; "settled ÷ (settled + expired + failed + cancelled)"; "Does a job get done?"; |r| Ratio::of(r.jobs.settled, r.jobs.ended());
    deadline_miss_rate Share few ? "no lease ended"; "missed ÷ (committed + missed + stopped), of leases"; "Do providers deliver in time?"; |r| Ratio::of(r.jobs.missed, r.jobs.leases_ended());
    queue_length Count few; "jobs without a lease at the end"; "Is there a backlog?"; |r| count(r.stocks.queue);
    wait_p50 Seconds few ? NO_LEASE; "median of first lease − submission, over jobs first leased in the span; at most 1/128 too high"; "How long does a job wait?"; |r| seconds(r.wait.map(|w| w.p50));
    wait_p95 Seconds few ? NO_LEASE; "95th percentile of the same"; "How long does an unlucky one wait?"; |r| seconds(r.wait.map(|w| w.p95));
    wait_p99 Seconds few ? NO_LEASE; "99th percentile of the same"; "How long does the unluckiest wait?"; |r| seconds(r.wait.map(|w| w.p99));

    allocation_gap Share few ? "no batch was cleared"; "Σ gap ÷ Σ (surplus + gap) over batches: the part of the largest conceivable surplus, in XPL per second, that the choice of trades may have missed"; "Does the market find who should be served by whom?"; |r| Ratio::of(r.gap, r.surplus + r.gap);

    gpus_offered Count; "GPUs on offer at the end: quoted by active, bonded providers, or at work"; "How much hardware is there?"; |r| count(r.stocks.gpus);
    gpu_seconds_offered GpuSeconds; "∫ GPUs on offer dt"; "How much could be done?"; |r| Ratio::of(r.total().offered, 1_000u64);
    gpu_seconds_leased GpuSeconds; "∫ GPUs at work dt"; "How much is in use?"; |r| Ratio::of(r.total().leased, 1_000u64);
    utilisation Share ? NO_GPU; "gpu_seconds_leased ÷ gpu_seconds_offered"; "Is there too much hardware or too little?"; |r| r.total().utilisation();
    work_settled GpuSeconds; "Σ work of settled jobs, in reference GPU-seconds of the class it ran on"; "How much is paid work?"; |r| r.total().work_gpu_seconds();
    work_compared GpuSeconds; "Σ work that settled jobs would be on the reference class, by their program's cost formula and its rates in the catalogue; of jobs that can run there"; "How much is done, whatever it ran on?"; |r| Ratio::of(r.total().measured.work, 1_000u64);
    price_compared_xpl XplPerGpuHour ? NOT_COMPARABLE; "Σ payments ÷ work_compared, over the same jobs"; "What does the same work cost, whatever it runs on?"; |r| r.total().measured.price_xpl();
    price_compared_usd UsdPerGpuHour ? NOT_COMPARABLE_PRICED; "Σ payment × oracle price at settlement ÷ work_compared while there was one, over the same jobs"; "… in dollars?"; |r| r.total().measured.price_usd();
    price_paid_xpl XplPerGpuHour ? NO_WORK; "(payments − receipts) ÷ work settled: an hour of any class counts as one, so that a change of classes changes it"; "What does an hour of a GPU cost?"; |r| r.total().price_xpl();
    price_paid_usd UsdPerGpuHour ? NO_PRICED_WORK; "Σ payment × oracle price at settlement ÷ work settled while there was one, likewise, receipts left out"; "… in dollars?"; |r| r.total().price_usd();
    cost_per_job_xpl Xpl each ? NO_WORK; "(payments − receipts) ÷ jobs_settled; each copy of a job counted"; "What does a job cost?"; |r| xpl(r.payments() - r.receipts).and_then(|paid| paid.scale(1, r.jobs.settled.into()));
    cost_per_job_usd Usd each ? NO_PRICED_WORK; "Σ payment × oracle price at settlement ÷ jobs settled while there was one; each copy of a job counted"; "… in dollars?"; |r| fine_usd(r.total().payments_usd)?.scale(1, r.total().settled_priced.into());
    cost_per_1000_tokens_xpl XplPerThousandTokens ? NO_TOKENS; "Σ payments ÷ Σ tokens × 1000, over settled inference whose program has a size `tokens`; each copy of a job counted"; "What does text cost?"; |r| per_thousand(r.tokens.payments, r.tokens.count, XPL.into());
    cost_per_1000_tokens_usd UsdPerThousandTokens ? NO_PRICED_TOKENS; "Σ payment × oracle price at settlement ÷ Σ tokens × 1000, over the same while there was one"; "… in dollars?"; |r| per_thousand(r.tokens.payments_usd, r.tokens.priced, FINE);

    payments Xpl; "Σ paid for settled jobs and by receipts, fees included"; "What do customers spend?"; |r| xpl(r.payments());
    receipts Xpl; "Σ paid by receipts for requests to deployments, fees included: a part of payments and of no price of time"; "What do requests pay?"; |r| xpl(r.receipts);
    fees Xpl; "burned_fees + fees_treasury + fees_stakers"; "What does the protocol take?"; |r| xpl(r.fees());
    fees_treasury Xpl; "Σ fees to the treasury"; "… for governance?"; |r| xpl(r.fees_treasury);
    fees_stakers Xpl; "Σ fees to stakers"; "… for security?"; |r| xpl(r.fees_stakers);
    provider_payments Xpl; "payments − fees"; "What do providers earn from customers?"; |r| xpl(r.paid_providers);
    provider_emission Xpl; "Σ paid out of the providers' pool"; "What do they earn from dilution?"; |r| xpl(r.rewards_work);
    stake_rewards Xpl; "Σ paid out of the stakers' pool, emission and fees, − what returned to it of that when locked stake was settled that may not earn (vesting.may_earn), as it will be paid once more: below zero in a span to which more returned than it paid, and too high by what has still to return"; "What does stake earn?"; |r| net_xpl(r.stake_rewards());
    check_rewards Xpl; "Σ paid to checkers by the treasury"; "What do checks cost?"; |r| xpl(r.check_rewards);
    income_per_provider Xpl each ? NO_PROVIDER; "(provider_payments + provider_emission + stake_rewards) ÷ average active providers, over the span"; "Is providing worth it?"; income_per_provider;
    subsidy_share Share ? "providers earned nothing"; "provider_emission ÷ (provider_payments + provider_emission)"; "Who pays providers: customers or holders?"; |r| Ratio::of(r.rewards_work, r.rewards_work + r.paid_providers);

    delegator_rewards Xpl; "Σ stake rewards to delegators, commission deducted, − what returned to the pool, as in stake_rewards"; "What do those earn who only stake?"; |r| net_xpl(r.delegator_rewards());
    bonded_apr SharePerYear ? "no provider had a bond"; "(stake_rewards − delegator_rewards) ÷ average bonds × year ÷ span, commission included, also that on rewards which return to the pool and are paid again: providers keep it"; "What does a provider's own stake yield in XPL?"; |r| yearly(r.rewards_stake - r.rewards_delegators, r.staked_time - r.delegated_time);
    delegated_apr SharePerYear ? "nothing was delegated"; "delegator_rewards ÷ average delegated stake × year ÷ span; over all of it, locked stake that may not earn included, so that free stake yields more where there is such"; "What does delegating yield in XPL?"; |r| net_yearly(r.delegator_rewards(), r.delegated_time);
    nominal_apr SharePerYear ? NO_STAKE; "stake_rewards ÷ average staked × year ÷ span; over all stake, as delegated_apr"; "What does staking yield in XPL?"; nominal_apr;
    diluted_apr SharePerYear ? "nothing was staked, or inflation has no value"; "(1 + nominal_apr) ÷ (1 + inflation) − 1"; "… after dilution?"; |r| nominal_apr(r)?.relative_to(net_supply_growth(r)?);
    real_yield SharePerYear ? NO_STAKE; "fees paid to the stakers' pool by external payers, each once, ÷ average staked × year ÷ span; external: payer and payee have different owners, as far as owners are known"; "What does use of the network pay to stake?"; |r| yearly(r.external.fees_stakers, r.staked_time);

    providers_active Count; "active providers with GPUs at the end"; "How many serve?"; |r| count(r.stocks.providers);
    providers_entered Count; "registrations"; "How many come?"; |r| count(r.entries);
    providers_exited Count; "retirements"; "How many leave?"; |r| count(r.exits);
    providers_jailed Count; "providers jailed for missed deadlines"; "How many are shut out?"; |r| count(r.jailed);
    providers_silenced Count; "providers suspended for silence"; "How many vanish?"; |r| count(r.silenced);
    checks_drawn Count; "checkers drawn"; "How much is checked?"; |r| count(r.checks.drawn);
    checks_verified Count; "results found right"; "… and right?"; |r| count(r.checks.verified);
    checks_wrong Count; "results found wrong"; "… and wrong?"; |r| count(r.checks.wrong);
    checks_overruled Count; "challenges that a panel found false"; "How often is honest work accused?"; |r| count(r.checks.overruled);
    checks_missed Count; "drawn checkers that did not answer"; "Do checkers do their duty?"; |r| count(r.checks.missed);
    slashed Xpl; "burned_slashes + rewards to checkers out of them"; "What did misbehaviour cost?"; |r| xpl(r.burned.slashes + r.slash_rewards);

    work_hhi Number few ? NO_WORK; "Σ sᵢ², sᵢ = provider i's share of class-weighted work settled, by id"; "Is compute concentrated?"; |r| Some(r.concentration.work?.hhi);
    work_gini Number few ? NO_WORK; "Gini coefficient of the same, over providers that are active or settled work"; "How unequal are providers?"; |r| Some(r.concentration.work?.gini);
    work_nakamoto Count few ? NO_WORK; "least number of providers with more than half of the same"; "How many must collude to dominate?"; |r| count(r.concentration.work?.nakamoto);
    work_top10 Share few ? NO_WORK; "share of the ten largest of the same"; "How much do the largest hold?"; |r| Some(r.concentration.work?.top10);

    work_hhi_owned Number few @observed ? UNOWNED; "work_hhi over true owners"; "Is compute concentrated in few hands?"; |r| Some(r.concentration.work_owned?.hhi);
    work_nakamoto_owned Count few @observed ? UNOWNED; "work_nakamoto over true owners"; "How many people must collude to dominate?"; |r| count(r.concentration.work_owned?.nakamoto);
    stake_hhi Number few ? NO_STAKE; "Σ sᵢ², sᵢ = provider i's share of bonds at the end"; "Is security concentrated?"; |r| Some(r.concentration.stake?.hhi);
    stake_gini Number few ? NO_STAKE; "Gini coefficient of bonds at the end"; "How unequal are stakes?"; |r| Some(r.concentration.stake?.gini);
    stake_nakamoto Count few ? NO_STAKE; "least number of providers with more than half of the bonds"; "How many can decide alone?"; |r| count(r.concentration.stake?.nakamoto);
    stake_top10 Share few ? NO_STAKE; "share of the ten largest bonds"; "How much do the largest hold?"; |r| Some(r.concentration.stake?.top10);
    stake_nakamoto_owned Count few @observed ? "nothing was staked, or nobody told who owns whom"; "stake_nakamoto over true owners"; "How many people can decide alone?"; |r| count(r.concentration.stake_owned?.nakamoto);
    votes_hhi Number few ? NO_VOTES; "Σ sᵢ², sᵢ = account i's share of power to vote at the end: its provider's bond and the stake delegated to it, which its delegators may still vote with themselves, and unvested grants where they may vote"; "Is power concentrated?"; |r| Some(r.concentration.votes?.hhi);
    votes_gini Number few ? NO_VOTES; "Gini coefficient of the same"; "How unequal are voters?"; |r| Some(r.concentration.votes?.gini);
    votes_nakamoto Count few ? NO_VOTES; "least number of accounts with more than half of the same"; "How many can pass anything?"; |r| count(r.concentration.votes?.nakamoto);
    votes_top10 Share few ? NO_VOTES; "share of the ten largest of the same"; "How much do the largest hold?"; |r| Some(r.concentration.votes?.top10);
    votes_nakamoto_owned Count few @observed ? "nobody had power to vote, or nobody told who owns whom"; "votes_nakamoto over true owners"; "How many people can pass anything?"; |r| count(r.concentration.votes_owned?.nakamoto);

    external_payments Xpl; "Σ payments whose payer and payee have different owners, as far as owners are known"; "What do strangers spend?"; |r| xpl(r.external.payments);
    external_usd Usd; "Σ external payment × oracle price at settlement"; "… in dollars?"; |r| fine_usd(r.dollars.external);
    emission_usd Usd; "Σ emission × oracle price at the epoch's end"; "What does dilution pay, in dollars?"; |r| fine_usd(r.dollars.emission);
    organic_share Share ? "nobody paid and nothing was minted while the oracle had a fresh price"; "external_usd ÷ (external_usd + emission_usd)"; "How much of the economy is customers, and how much is emission?"; |r| Ratio::of(r.dollars.external, r.dollars.external + r.dollars.emission);
    subsidy_per_external_usd Number ? NO_EXTERNAL; "emission_usd ÷ external_usd"; "How much is minted for a dollar of demand?"; |r| Ratio::of(r.dollars.emission, r.dollars.external);
    velocity SharePerYear ? "nothing circulated"; "external_payments ÷ average circulating supply × year ÷ span"; "How often is a token spent on work?"; velocity;
    float_to_fdv Share ? NO_SUPPLY; "circulating ÷ supply"; "How much of the fully diluted value trades?"; |r| Ratio::of(r.stocks.circulating, r.stocks.supply);

    staked_usd Usd ? NO_PRICE; "staked × price_usd"; "What is at risk, in dollars?"; |r| if r.stocks.price_micro_usd > 0 { usd(r.stocks.staked * u128::from(r.stocks.price_micro_usd) / u128::from(XPL)) } else { None };
    cost_to_corrupt_usd Usd ? NO_PRICE; "staked_usd ÷ 2"; "What would a majority of stake cost?"; |r| usd(cost_to_corrupt(r)?);
    cost_to_pass_usd Usd few ? "no vote had ended that power could have passed, or no fresh oracle price"; "least power in favour that passes a proposal although all who voted on the last whose vote ended vote against it, and at least what the quorum lacks, × price_usd"; "What would it cost to outvote those who turn out?"; |r| usd(cost_to_pass(r)?);
    deterrence_usd Usd each ? NO_DETERRENCE; "expected loss of cheating in the epoch's mean job on one GPU beyond what it saves: p × (pay + S) − pay, at the last epoch's end, where it saves the whole pay, since its GPU has other work; one that would stand idle saves its electricity only, and loses pay − electricity more; p: mean probability over the epoch's leases that a wrong result is found: the policy's rate × 1 − 2^-rounds of a Freivalds check × that more than half of verification.panel say so, or 1 of copies; assumed, for the protocol has no parameter of it: one of a panel errs once in a thousand, and nobody colludes; S: slash.wrong × bond.per_gpu and slash.rewards × earnings held back per GPU, as slash.stake says; of a cheat that saves what work costs, and no more, see deterrence_avoidable_usd [Becker 1968; Condorcet 1785]"; "Does cheating not pay?"; |r| deterrence(r, 0);
    deterrence_half_usd Usd each ? NO_DETERRENCE; "the same if XPL cost half"; "… after a crash?"; |r| deterrence(r, 1);
    deterrence_tenth_usd Usd each ? NO_DETERRENCE; "the same if XPL cost a tenth"; "… at the trough?"; |r| deterrence(r, 2);
    deterrence_avoidable_usd Usd each @observed ? NO_DETERRENCE_TOLD; "p × (pay + S) − D, the same but for what cheating saves: D: mean over the epoch's leases of the hours of work of their GPUs × the larger of electricity beyond standby and what a GPU earns elsewhere, where it draws power too: the most that a cheat can make of a freed machine, e of fraud_avoided_usd being 0 or 1. Below zero is where the premium of fraud (fraud_premium_usd) is above zero for who does the better of the two, but that pay has the fee in it and no emission. deterrence_usd is the more cautious of the two as long as jobs pay what they cost: there D is all that the job pays, here what its provider could do without, in dollars, which no price of XPL changes"; "Does cheating pay who saves what work costs, and no more?"; |r| deterrence_avoidable(r, 0);
    deterrence_avoidable_half_usd Usd each @observed ? NO_DETERRENCE_TOLD; "the same if XPL cost half, and power what it costs"; "… after a crash?"; |r| deterrence_avoidable(r, 1);
    deterrence_avoidable_tenth_usd Usd each @observed ? NO_DETERRENCE_TOLD; "the same if XPL cost a tenth"; "… at the trough?"; |r| deterrence_avoidable(r, 2);
    false_positive_loss Xpl each ? NO_JOBS; "expected loss of an honest provider in the same job: p × e × (pay + S), at the last epoch's end; p: mean probability over the epoch's leases that a result is checked; e: that the checker errs and more than half of verification.panel with it, each once in a thousand, which is assumed; copies do not err alike"; "What does honest work lose to checks that err?"; |r| xpl(r.stocks.false_positive_loss?);
    check_bounties Xpl; "Σ parts of slashes to who proved the fault"; "What do the guilty pay for checks?"; |r| xpl(r.slash_rewards);
    check_deposits Xpl; "Σ deposits that overruled challengers lost, to the accused and to panels"; "… and who accuses falsely?"; |r| xpl(r.check_deposits);
    check_copies Xpl; "Σ payments for copies of a job other than the first asked for, fees included"; "… and customers at once?"; |r| xpl(r.check_copies);
    check_treasury_share Share ? NO_CHECK_PAID; "check_rewards ÷ (check_rewards + check_bounties + check_deposits + check_copies)"; "How much of what checks cost does the treasury pay?"; |r| Ratio::of(r.check_rewards, r.paid_for_checks());
    check_customers_share Share ? NO_CHECK_PAID; "(check_copies + check_rewards × fees_treasury ÷ (fees_treasury + emission to the treasury)) ÷ (check_rewards + check_bounties + check_deposits + check_copies); the treasury's part is nobody's fees in a span in which it had neither"; "How much of it do customers pay, at once and through the treasury, and how much is left to holders and to who is found guilty?"; |r| Ratio::of(r.check_copies + checks_paid_by_fees(r), r.paid_for_checks());
    check_cost_share Share ? "nobody paid"; "check_rewards ÷ payments"; "What do checks add to the price?"; |r| Ratio::of(r.check_rewards, r.payments());

    candidates Count @observed ? UNTOLD; "jobs that somebody considered"; "How much demand is there?"; |r| count(r.observed.as_ref()?.candidates);
    candidates_declined Count @observed ? UNTOLD; "… that found it dearer than doing without"; "How much is priced out?"; |r| count(r.observed.as_ref()?.declined);
    candidates_to_cloud Count @observed ? UNTOLD; "… that went to a cloud"; "How much do clouds win?"; |r| count(r.observed.as_ref()?.to_cloud);
    candidates_unserved Count @observed ? UNTOLD; "… that no GPU could serve in time"; "How much hardware is missing?"; |r| count(r.observed.as_ref()?.unserved);
    candidates_unfunded Count @observed ? UNTOLD; "… that could not buy the XPL"; "How much demand does the market of XPL lose?"; |r| count(r.observed.as_ref()?.unfunded);
    candidates_brought Count @observed ? UNTOLD; "… that would not have come without what builders did"; "How much demand do builders bring?"; |r| count(r.observed.as_ref()?.brought);
    jobs_brought Count @observed ? UNTOLD; "jobs settled of customers whom builders brought"; "… how many jobs?"; |r| count(r.observed.as_ref()?.brought_jobs);
    payments_brought_usd Usd @observed ? UNTOLD; "Σ what these customers paid, fees and requests included, × oracle price at payment"; "… and how many dollars?"; |r| usd(r.observed.as_ref()?.brought_paid);
    builders_paid Xpl; "Σ paid out of awards for milestones that the committee attested"; "What do builders cost the fund?"; |r| xpl(r.paid_builders);
    builders_paid_usd Usd; "Σ builders_paid × oracle price of the moment"; "… in dollars?"; |r| fine_usd(r.dollars.builders);
    builders_spent_usd Usd @observed ? UNTOLD; "Σ dollars that builders spent outside on attempts at milestones"; "How much of that did building cost?"; |r| usd(r.observed.as_ref()?.built);
    network_share Share @observed ? "nobody considered a job, or nobody told"; "jobs_submitted ÷ candidates"; "What share of demand comes?"; |r| Ratio::of(r.jobs.submitted, r.observed.as_ref()?.candidates);
    own_price_elasticity Number @observed ? "nobody who considered a job came, or nobody told"; "−100 × those who came and would not have, had the network cost 1 % more ÷ those who came (candidates − declined − to cloud − unserved)"; "By how many per cent does demand fall when the network is 1 % dearer?"; |r| elasticity(r.observed.as_ref()?);
    cloud_cost_usd Usd @observed ? UNTOLD; "Σ over settled jobs of the least, over the classes that the job allows, that have the memory and that are done by its deadline, of its work on the class × the class's rental in the catalogue, as it was in the epoch of the lease"; "What would the same jobs cost elsewhere, on the GPU that is cheapest for them there?"; |r| { r.observed.as_ref()?; fine_usd(r.dollars.elsewhere[LISTED]) };
    discount_to_cloud Share @observed ? NO_TRADE_COUNTED; "1 − (Σ payment × oracle price + their part, by payments, of the base fees of all submissions) ÷ cloud_cost_usd, over the same leases: time and work here against the rental of the GPU for them there; fees are in the payments, and so is what started over, which is paid once; receipts are left out, for what a request costs elsewhere nobody says"; "Is the network cheaper?"; |r| discount(r, LISTED);
    discount_to_on_demand Share @observed ? NO_CLOUD; "the same against the classes' on-demand prices in the catalogue (cloud.on_demand)"; "… than a cloud by the hour?"; |r| discount(r, ON_DEMAND);
    discount_to_reserved Share @observed ? NO_CLOUD; "the same against the classes' reserved prices in the catalogue (cloud.reserved)"; "… than a cloud for years?"; |r| discount(r, RESERVED);
    discount_to_spot Share @observed ? NO_CLOUD; "the same against the classes' spot prices in the catalogue (cloud.spot)"; "… than a cloud that may take it back?"; |r| discount(r, SPOT);

    provider_income_usd Usd; "Σ (payments + emission + stake rewards) × oracle price of the moment"; "What do providers earn, in dollars?"; |r| fine_usd(r.dollars.income);
    provider_electricity_usd Usd @observed ? UNTOLD; "Σ electricity, booked weekly"; "What do they pay?"; |r| usd(r.observed.as_ref()?.electricity);
    provider_forgone_usd Usd @observed ? UNTOLD; "Σ what their GPUs would have earned elsewhere in hours at work, booked weekly"; "What do they give up?"; |r| usd(r.observed.as_ref()?.forgone);
    provider_margin_usd Usd @observed ? UNTOLD; "provider_income_usd − provider_electricity_usd − provider_forgone_usd"; "What is left for capital?"; |r| net_usd(provider_margin(r)?);
    small_provider_margin_usd Usd @observed ? UNTOLD; "provider_margin_usd of those whose true owner has fewer than eight GPUs over all of their providers: less than a server holds"; "… and for those who are small?"; |r| net_usd(small_margin(r)?);
    small_provider_share Share @observed ? "providers earned nothing while the oracle had a fresh price, or nobody told"; "their part of provider_income_usd"; "How much do the small earn of it?"; |r| { r.observed.as_ref()?; Ratio::of(r.dollars.income_small, r.dollars.income) };
    payback Years @observed ? "providers had no margin over electricity, or nobody told"; "hardware of providers on offer ÷ (provider_income_usd − provider_electricity_usd) × span ÷ year"; "How soon is a machine paid for?"; payback;
    marginal_npv Number few @observed ? "nobody who could enter stayed out, or nobody told"; "largest net present value per dollar of hardware among those in the pool who looked and stayed out"; "Is entry free to the margin, where it is zero?"; |r| Ratio::new(r.observed.as_ref()?.now.staying_out?.into(), 1_000_000_000);
    emission_pass_through Number @observed ? "providers expected no emission for their work, or nobody told"; "Σ (avoidable cost − what emission leaves of it to ask for) × work ÷ Σ expected emission × work, over quotes, each with the work since the one before; before mark-up and fee: what prices made of it, a run without emission tells"; "Which share of emission do providers count against their costs, as the scenario's pass_through assumes?"; |r| Ratio::of(r.observed.as_ref()?.emission_passed_on, r.observed.as_ref()?.emission_expected);
    supply_without_emission Share @observed ? "no provider on offer has closed its books, or nobody told"; "GPUs on offer whose last weekly payments for work covered electricity ÷ GPUs on offer with closed books, at the end"; "How much of supply would survive emission switched off?"; |r| Ratio::of(r.observed.as_ref()?.now.borne_by_work, r.observed.as_ref()?.now.booked);
    wrong_attempted Count @observed ? UNTOLD; "results that attackers' providers gave without computing them"; "How much fraud is there, beside checks_wrong, which are caught with honest faults among them?"; |r| count(r.observed.as_ref()?.wrong);
    wrong_paid Count @observed ? UNTOLD; "of wrong_attempted, results that were paid"; "… how much of it stands?"; |r| count(fraud(r)?.stood);
    wrong_caught Count @observed ? UNTOLD; "of wrong_attempted, results that were found wrong"; "… and how much is caught?"; |r| count(fraud(r)?.found);
    wrong_by_fault Count @observed ? UNTOLD; "results that honest machines got wrong"; "How often do machines err?"; |r| count(r.observed.as_ref()?.faulty);
    fraud_paid_usd Usd @observed ? UNTOLD; "Σ over wrong_paid of (payment − fee + its part of its provider's emission for the epoch's work) × oracle price of the moment"; "What is paid for work that nobody did?"; |r| usd(fraud(r)?.paid);
    fraud_avoided_usd Usd @observed ? UNTOLD; "Σ over wrong_attempted of the hours that its GPUs would have worked × ((1 − e) × electricity beyond standby + e × what they earn elsewhere), e: the share of such time in which its attacker has them work elsewhere"; "What does not computing save?"; |r| usd(fraud(r)?.freed);
    fraud_losses_usd Usd @observed ? UNTOLD; "Σ over wrong_caught of (bond slashed + earnings seized) × oracle price of the moment; the stake of others that is slashed with it is not the attackers' loss"; "What does being caught cost?"; |r| usd(fraud(r)?.taken);
    fraud_profit_usd Usd @observed ? UNTOLD; "fraud_paid_usd + fraud_avoided_usd − fraud_losses_usd: against not having taken the leases at all, their machines idle"; "Is fraud profitable?"; fraud_profit;
    fraud_premium_usd Usd @observed ? UNTOLD; "fraud_avoided_usd − fraud_losses_usd − what wrong_caught would have been paid, with the emission expected for its work: against having computed the same leases; a lease brings D − p × (R + S) on average [Becker 1968]"; "Is it more profitable than honest work?"; fraud_premium;
    attackers_ahead Count each @observed ? "there was no attacker, or nobody told"; "attackers who are worth more at the end than they would be, had they only held what they had and put in; XPL at the price of a very small trade"; "How many attacks pay?"; ahead;

    usd_from_customers Usd @observed ? UNTOLD; "dollars brought from outside by those who buy XPL"; "What comes in?"; |r| usd(r.observed.as_ref()?.brought_in);
    usd_from_owners Usd @observed ? UNTOLD; "dollars put in by providers' owners to cover losses"; "… to keep machines running?"; |r| usd(r.observed.as_ref()?.put_in);
    usd_paid_customers Usd @observed ? UNTOLD; "dollars that customers paid for XPL"; "Who brings dollars to the market of XPL?"; |r| spent(r, "customers");
    usd_paid_providers Usd @observed ? UNTOLD; "dollars that providers paid for XPL, for bonds"; "…?"; |r| spent(r, "providers");
    usd_paid_traders Usd @observed ? UNTOLD; "dollars that traders paid for XPL"; "…?"; |r| spent(r, "traders");
    usd_had_providers Usd @observed ? UNTOLD; "dollars that providers had for XPL"; "Who takes dollars out of it?"; |r| received(r, "providers");
    usd_had_traders Usd @observed ? UNTOLD; "dollars that traders had for XPL"; "…?"; |r| received(r, "traders");
    usd_had_holders Usd @observed ? UNTOLD; "dollars that holders had for XPL"; "…?"; |r| received(r, "holders");
    usd_had_builders Usd @observed ? UNTOLD; "dollars that builders had for XPL"; "…?"; |r| received(r, "builders");
    usd_had_attackers Usd @observed ? UNTOLD; "dollars that attackers had for XPL, beside those of their providers"; "…?"; |r| received(r, "attackers");
    bought_customers Xpl @observed ? UNTOLD; "XPL bought by customers"; "Who buys?"; |r| xpl(r.observed.as_ref()?.party("customers").bought);
    bought_providers Xpl @observed ? UNTOLD; "XPL bought by providers, for bonds"; "…?"; |r| xpl(r.observed.as_ref()?.party("providers").bought);
    bought_traders Xpl @observed ? UNTOLD; "XPL bought by traders"; "…?"; |r| xpl(r.observed.as_ref()?.party("traders").bought);
    sold_providers Xpl @observed ? UNTOLD; "XPL sold by providers"; "Who sells?"; |r| xpl(r.observed.as_ref()?.party("providers").sold);
    sold_traders Xpl @observed ? UNTOLD; "XPL sold by traders"; "…?"; |r| xpl(r.observed.as_ref()?.party("traders").sold);
    sold_holders Xpl @observed ? UNTOLD; "XPL sold by holders"; "…?"; |r| xpl(r.observed.as_ref()?.party("holders").sold);
    sold_attackers Xpl @observed ? UNTOLD; "XPL sold by attackers, beside those of their providers"; "…?"; |r| xpl(r.observed.as_ref()?.party("attackers").sold);
    bought_treasury Xpl @observed ? UNTOLD; "XPL bought by the treasury's custodian"; "Who else buys?"; |r| xpl(r.observed.as_ref()?.party("treasury").bought);
    sold_builders Xpl @observed ? UNTOLD; "XPL sold by builders"; "Who else sells?"; |r| xpl(r.observed.as_ref()?.party("builders").sold);
    market_price_usd UsdPerXpl @observed ? UNTOLD; "price of a very small trade at the end"; "What is an XPL worth where it trades?"; |r| usd(r.observed.as_ref()?.now.price.into());
    market_depth_usd Usd @observed ? UNTOLD; "dollars that move that price by 2 % at the end; 0 where trades do not move it"; "How much can be traded?"; |r| usd(r.observed.as_ref()?.now.depth.into());
    treasury_liquid_usd Usd @observed ? UNTOLD; "U · V ÷ (U + V), V = treasury × market price and U = 100.5 × market depth, the dollars of a constant-product pool; V where trades do not move the price"; "What would the treasury fetch?"; |r| usd(treasury_liquid(r)?);
    treasury_runway Years @observed ? "the treasury did not shrink, or nobody told"; "treasury_liquid_usd ÷ ((treasury at beginning − at end) × market price) × span ÷ year"; "For how long does it last, slippage included?"; treasury_runway;

    gain_from_work_usd Usd @observed ? UNTOLD; "cloud_cost_usd − provider_electricity_usd − provider_forgone_usd: what jobs would cost elsewhere beyond what they cost here; payments, fees and emission only say who has it, and no price of XPL is in it"; "What is the network's work worth beyond its cost?"; |r| net_usd(gain_from_work(r)?);
    customers_saving_usd Usd @observed ? UNTOLD; "cloud_cost_usd − what the same leases cost here, as in discount_to_cloud − the receipts on them × oracle price: as if whoever rents a machine elsewhere served the same requests for its rent, with what it takes to serve them; receipts on leases that failed, or that could not be rented elsewhere, are compared with nothing and left out"; "What do customers gain?"; |r| net_usd(saving(r)?);
    margin_from_work_usd Usd @observed ? UNTOLD; "provider_margin_usd without emission and stake rewards"; "What do providers gain from customers alone?"; |r| net_usd(provider_margin(r)? - signed(r.dollars.rewards));
    holders_revaluation_usd Usd; "Σ circulating supply at an epoch's beginning × change of the oracle price in it: new money is not gain. On paper: every token at the price of a small trade, at which they could not all be sold"; "What do holders gain, on paper?"; |r| net_usd(r.dollars.revaluation);
    treasury_income_usd Usd; "Σ (fees + emission to treasury and builders) × oracle price of the moment"; "What does the commons gain?"; |r| fine_usd(r.dollars.treasury);
    delegators_gain_usd Usd; "Σ (stake rewards to delegators − what of them returned to the pool − stake of delegators that was slashed, with a provider, on the move or leaving) × oracle price of the moment"; "What do delegators gain?"; |r| net_usd(r.dollars.delegators);
    total_surplus_usd Usd @observed ? UNTOLD; "customers_saving_usd + provider_margin_usd + holders_revaluation_usd, the last of them on paper; delegators and the treasury gain what others pay or new money is, and are shown beside it; where the price is a constant, emission comes from nowhere and counts as surplus, see gain_from_work_usd; payments are nobody's gain but a transfer: while the oracle has a fresh price, every job could be rented elsewhere and no lease failed with a receipt on it, customers_saving_usd + margin_from_work_usd + fees and the base fees of submissions in dollars = gain_from_work_usd"; "Do customers, providers and holders add up to a gain?"; |r| net_usd(saving(r)? + provider_margin(r)? + r.dollars.revaluation);
}

metrics! { CLASS_METRICS: ClassRow;
    gpu_seconds_offered GpuSeconds; "∫ GPUs of the class on offer dt"; "How much could it do?"; |c| Ratio::of(c.offered, 1_000u64);
    gpu_seconds_leased GpuSeconds; "∫ GPUs of the class at work dt"; "How much is in use?"; |c| Ratio::of(c.leased, 1_000u64);
    utilisation Share ? "no GPU of the class was on offer"; "gpu_seconds_leased ÷ gpu_seconds_offered"; "Is there too much of it?"; ClassRow::utilisation;
    providers_entered Count; "providers whose first offer was of the class"; "How many come with it?"; |c| count(c.entries);
    providers_exited Count; "retirements of providers whose last offer was of the class"; "How many leave with it?"; |c| count(c.exits);
    jobs_settled Count; "jobs settled on the class"; "How many jobs run on it?"; |c| count(c.settled);
    work_settled GpuSeconds; "Σ work settled, in reference GPU-seconds of the class"; "How much is paid work?"; ClassRow::work_gpu_seconds;
    payments Xpl; "Σ paid for it, fees included"; "What do customers spend on it?"; |c| xpl(c.payments);
    price_compared_xpl XplPerGpuHour ? NOT_COMPARABLE; "Σ payments ÷ Σ work that the same jobs would be on the reference class"; "What does the same work cost on it?"; |c| c.measured.price_xpl();
    price_compared_usd UsdPerGpuHour ? NOT_COMPARABLE_PRICED; "the same in dollars, at the oracle price of settlement, while there was one"; "… in dollars?"; |c| c.measured.price_usd();
    price_paid_xpl XplPerGpuHour ? NO_WORK; "payments ÷ work settled"; "What does an hour of it cost?"; ClassRow::price_xpl;
    price_paid_usd UsdPerGpuHour ? NO_PRICED_WORK; "Σ payment × oracle price at settlement ÷ work settled while there was one"; "… in dollars?"; ClassRow::price_usd;
}

metrics! { REGION_METRICS: RegionRow;
    providers_active Count; "active providers of the region with GPUs at the end"; "How many serve from there?"; |r| count(r.providers);
    providers_entered Count; "registrations in the region"; "How many come?"; |r| count(r.entries);
    providers_exited Count; "retirements in the region"; "How many leave?"; |r| count(r.exits);
}

/// The metric of this name.
///
/// # Panics
/// If there is none: names in code are checked by tests.
pub fn metric(name: &str) -> &'static Metric<Row> {
    METRICS.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("there is no metric `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_texts_are_there() {
        let mut names: Vec<_> = METRICS.iter().map(|m| m.name).collect();
        assert!(METRICS.iter().all(|m| !m.formula.is_empty() && m.question.ends_with('?')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
    }

    /// A metric of an empty row has a value or a reason for having none, and never NaN.
    #[test]
    fn an_empty_row_has_reasons() {
        let row = Row { classes: vec![ClassRow::default()], ..Row::default() };
        for metric in METRICS {
            match metric.of(&row) {
                Some(value) => assert!(value.is_finite(), "{} is {value}", metric.name),
                None => assert!(!metric.undefined.is_empty(), "{} is null without a reason", metric.name),
            }
        }
    }
}
