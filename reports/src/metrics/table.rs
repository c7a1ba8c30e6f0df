//! The one table of metrics. Rows of Parquet files, charts, summaries, reports and the documentation all read it.

use super::row::{ClassRow, Row};
use crate::ratio::Ratio;
use plasma_core::money::XPL;
use plasma_core::time::YEAR;
use serde::{Serialize, Serializer};

/// What a value is counted in, after formula and scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain count.
    Count,
    /// Milliseconds since the Unix epoch, written as a date.
    Time,
    /// XPL.
    Xpl,
    /// US dollars per XPL.
    UsdPerXpl,
    /// A share of one.
    Share,
    /// A share of one per year of 365.25 days.
    SharePerYear,
    /// Seconds.
    Seconds,
    /// Seconds of one GPU.
    GpuSeconds,
    /// XPL per hour of one reference GPU.
    XplPerGpuHour,
    /// US dollars per hour of one reference GPU.
    UsdPerGpuHour,
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
            Unit::UsdPerXpl => "USD/XPL",
            Unit::Share => "share",
            Unit::SharePerYear => "share/year",
            Unit::Seconds => "s",
            Unit::GpuSeconds => "GPU·s",
            Unit::XplPerGpuHour => "XPL/GPU·h",
            Unit::UsdPerGpuHour => "USD/GPU·h",
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
}

/// One metric of a `T`, which is a [`Row`] or a [`ClassRow`].
#[derive(Serialize)]
pub struct Metric<T: 'static> {
    /// Name of its column.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// How it is computed.
    pub formula: &'static str,
    /// The question it answers.
    pub question: &'static str,
    /// The only reason for which it can be null; empty when it always has a value.
    pub undefined: &'static str,
    /// Which stream it needs.
    pub stream: Stream,
    /// Its value.
    #[serde(skip)]
    pub value: fn(&T) -> Option<Ratio>,
}

impl<T> Metric<T> {
    /// The value as people and files see it.
    pub fn of(&self, row: &T) -> Option<f64> {
        (self.value)(row).map(Ratio::to_f64)
    }
}

fn count(n: u64) -> Option<Ratio> {
    Ratio::whole(n)
}

fn xpl(nano: u128) -> Option<Ratio> {
    Ratio::of(nano, XPL)
}

fn seconds(ms: Option<u64>) -> Option<Ratio> {
    Ratio::of(ms?, 1_000u64)
}

/// Simple annualisation: `flow` over this row against `base`, per Julian year.
fn yearly(flow: u128, base_time: u128) -> Option<Ratio> {
    Ratio::of(flow, base_time)?.scale(u128::from(YEAR), 1)
}

/// Growth of supply per Julian year, as a share of supply at the beginning.
fn net_supply_growth(row: &Row) -> Option<Ratio> {
    let change = row.stocks.supply as i128 - row.supply_opened as i128;
    Ratio::new(change, row.supply_opened)?.scale(u128::from(YEAR), u128::from(row.span()))
}

fn nominal_apr(row: &Row) -> Option<Ratio> {
    yearly(row.rewards_stake, row.staked_time)
}

fn income_per_provider(row: &Row) -> Option<Ratio> {
    let income = row.paid_providers + row.rewards_work + row.rewards_stake;
    Ratio::of(income, row.provider_time)?.scale(u128::from(row.span()), u128::from(XPL))
}

const NO_PRICE: &str = "no fresh oracle price";
const NO_WORK: &str = "no work was settled";
const NO_PRICED_WORK: &str = "no work was settled while the oracle had a fresh price";
const NO_LEASE: &str = "no job was leased for the first time";
const NO_STAKE: &str = "nothing was staked";
const NO_SUPPLY: &str = "there was no supply";
const NO_GPU: &str = "no GPU was on offer";
const NO_PROVIDER: &str = "no provider was active at the end of an epoch";

macro_rules! metrics {
    ($table:ident: $type:ty; $($name:ident $unit:ident $(? $undefined:expr)?; $formula:literal; $question:literal; $value:expr;)+) => {
        /// Every metric of this kind of row, in the order of columns.
        pub const $table: &[Metric<$type>] = &[$(Metric {
            name: stringify!($name),
            unit: Unit::$unit,
            formula: $formula,
            question: $question,
            undefined: concat_undefined!($($undefined)?),
            stream: Stream::Log,
            value: $value,
        }),+];
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
    epoch Count; "number of the epoch, from 0"; "Which epoch?"; |r| count(r.epoch);
    time Time; "end of the span"; "When?"; |r| count(r.closed);

    supply_opened Xpl; "issued − burned, at the beginning of the span"; "How many XPL were there?"; |r| xpl(r.supply_opened);
    supply Xpl; "issued − burned, at the end of the span"; "How many XPL are there?"; |r| xpl(r.stocks.supply);
    circulating Xpl; "supply − locked accounts − treasury − builders' fund"; "How many can change hands?"; |r| xpl(r.stocks.circulating);
    minted Xpl; "Σ emission"; "How many were created?"; |r| xpl(r.minted);
    unminted Xpl; "Σ emission that the schedule allowed and nobody earned"; "How much emission found no taker?"; |r| xpl(r.unminted);
    burned Xpl; "burned_fees + burned_base_fees + burned_slashes + burned_deposits"; "How many were destroyed?"; |r| xpl(r.burned.total());
    burned_fees Xpl; "Σ burned part of protocol fees"; "… by use of the network?"; |r| xpl(r.burned.fees);
    burned_base_fees Xpl; "Σ base fees of admitted commands"; "… by traffic?"; |r| xpl(r.burned.base);
    burned_slashes Xpl; "Σ slashed bonds and seized earnings − rewards to checkers"; "… as punishment?"; |r| xpl(r.burned.slashes);
    burned_deposits Xpl; "Σ deposits of sealed asks that were not revealed"; "… for breaking off auctions?"; |r| xpl(r.burned.deposits);
    treasury Xpl; "balance at the end"; "What can governance spend?"; |r| xpl(r.stocks.treasury);
    builders Xpl; "balance at the end"; "What is left for builders?"; |r| xpl(r.stocks.builders);
    staked Xpl; "Σ bonds at the end"; "What is at risk for misbehaviour?"; |r| xpl(r.stocks.staked);
    unbonding Xpl; "bonds on their way back at the end"; "What is about to leave?"; |r| xpl(r.stocks.unbonding);
    staked_share Share ? NO_SUPPLY; "staked ÷ supply"; "How much of supply secures the network?"; |r| Ratio::of(r.stocks.staked, r.stocks.supply);
    inflation SharePerYear ? NO_SUPPLY; "(supply at end − at beginning) ÷ supply at beginning × year ÷ span"; "How fast are holders diluted, net of burn?"; net_supply_growth;
    price_usd UsdPerXpl ? NO_PRICE; "median of fresh oracle posts at the end, the lower of two"; "What is an XPL worth?"; |r| if r.stocks.price_micro_usd > 0 { Ratio::of(r.stocks.price_micro_usd, 1_000_000u64) } else { None };

    commands Count; "commands admitted"; "How busy is the ledger?"; |r| count(r.commands);
    commands_refused Count; "commands admitted and refused"; "How many paid for nothing?"; |r| count(r.refused);
    jobs_submitted Count; "jobs accepted"; "How much is asked for?"; |r| count(r.jobs.submitted);
    jobs_leased Count; "jobs leased for the first time"; "How much starts?"; |r| count(r.jobs.leased);
    jobs_retried Count; "leases of jobs whose last lease failed"; "How much starts over?"; |r| count(r.jobs.retried);
    jobs_settled Count; "jobs paid for and closed"; "How much is delivered?"; |r| count(r.jobs.settled);
    jobs_expired Count; "jobs never leased before their latest start"; "How many give up waiting?"; |r| count(r.jobs.expired);
    jobs_failed Count; "jobs given up after failed leases"; "How many does the network fail?"; |r| count(r.jobs.failed);
    jobs_cancelled Count; "jobs taken back while waiting"; "How many change their mind?"; |r| count(r.jobs.cancelled);
    completion_rate Share ? "no job ended"; "settled ÷ (settled + expired + failed + cancelled)"; "Does a job get done?"; |r| Ratio::of(r.jobs.settled, r.jobs.ended());
    deadline_miss_rate Share ? "no lease ended"; "missed ÷ (committed + missed + stopped), of leases"; "Do providers deliver in time?"; |r| Ratio::of(r.jobs.missed, r.jobs.leases_ended());
    queue_length Count; "jobs without a lease at the end"; "Is there a backlog?"; |r| count(r.stocks.queue);
    wait_p50 Seconds ? NO_LEASE; "median of first lease − submission, over jobs first leased in the span; at most 1/128 too high"; "How long does a job wait?"; |r| seconds(r.wait.map(|w| w.p50));
    wait_p95 Seconds ? NO_LEASE; "95th percentile of the same"; "How long does an unlucky one wait?"; |r| seconds(r.wait.map(|w| w.p95));
    wait_p99 Seconds ? NO_LEASE; "99th percentile of the same"; "How long does the unluckiest wait?"; |r| seconds(r.wait.map(|w| w.p99));

    allocation_gap Share ? "no batch was cleared"; "Σ gap ÷ Σ (surplus + gap) over batches: the part of the largest conceivable surplus, in XPL per second, that the choice of trades may have missed"; "Does the market find who should be served by whom?"; |r| Ratio::of(r.gap, r.surplus + r.gap);

    gpus_offered Count; "GPUs on offer at the end: quoted by active, bonded providers, or at work"; "How much hardware is there?"; |r| count(r.stocks.gpus);
    gpu_seconds_offered GpuSeconds; "∫ GPUs on offer dt"; "How much could be done?"; |r| Ratio::of(r.total().offered, 1_000u64);
    gpu_seconds_leased GpuSeconds; "∫ GPUs at work dt"; "How much is in use?"; |r| Ratio::of(r.total().leased, 1_000u64);
    utilisation Share ? NO_GPU; "gpu_seconds_leased ÷ gpu_seconds_offered"; "Is there too much hardware or too little?"; |r| r.total().utilisation();
    work_settled GpuSeconds; "Σ work of settled jobs, in reference GPU-seconds of the class it ran on"; "How much is paid work?"; |r| r.total().work_gpu_seconds();
    price_paid_xpl XplPerGpuHour ? NO_WORK; "payments ÷ work settled"; "What does compute cost?"; |r| r.total().price_xpl();
    price_paid_usd UsdPerGpuHour ? NO_PRICED_WORK; "Σ payment × oracle price at settlement ÷ work settled while there was one"; "What does compute cost in dollars?"; |r| r.total().price_usd();

    payments Xpl; "Σ paid for settled jobs, fees included"; "What do customers spend?"; |r| xpl(r.payments());
    fees Xpl; "burned_fees + fees_treasury + fees_stakers"; "What does the protocol take?"; |r| xpl(r.fees());
    fees_treasury Xpl; "Σ fees to the treasury"; "… for governance?"; |r| xpl(r.fees_treasury);
    fees_stakers Xpl; "Σ fees to stakers"; "… for security?"; |r| xpl(r.fees_stakers);
    provider_payments Xpl; "payments − fees"; "What do providers earn from customers?"; |r| xpl(r.paid_providers);
    provider_emission Xpl; "Σ paid out of the providers' pool"; "What do they earn from dilution?"; |r| xpl(r.rewards_work);
    stake_rewards Xpl; "Σ paid out of the stakers' pool: emission and fees"; "What does stake earn?"; |r| xpl(r.rewards_stake);
    check_rewards Xpl; "Σ paid to checkers by the treasury"; "What do checks cost?"; |r| xpl(r.check_rewards);
    income_per_provider Xpl ? NO_PROVIDER; "(provider_payments + provider_emission + stake_rewards) ÷ average active providers, over the span"; "Is providing worth it?"; income_per_provider;
    subsidy_share Share ? "providers earned nothing"; "provider_emission ÷ (provider_payments + provider_emission)"; "Who pays providers: customers or holders?"; |r| Ratio::of(r.rewards_work, r.rewards_work + r.paid_providers);

    nominal_apr SharePerYear ? NO_STAKE; "stake_rewards ÷ average staked × year ÷ span"; "What does staking yield in XPL?"; nominal_apr;
    diluted_apr SharePerYear ? NO_STAKE; "(1 + nominal_apr) ÷ (1 + inflation) − 1"; "… after dilution?"; |r| nominal_apr(r)?.relative_to(net_supply_growth(r)?);
    real_yield SharePerYear ? NO_STAKE; "fees_stakers ÷ average staked × year ÷ span; the log does not know true owners, so payments between related parties count as external and this is an upper bound"; "What does use of the network pay to stake?"; |r| yearly(r.fees_stakers, r.staked_time);

    providers_active Count; "active providers with GPUs at the end"; "How many serve?"; |r| count(r.stocks.providers);
    providers_entered Count; "registrations"; "How many come?"; |r| count(r.entries);
    providers_exited Count; "retirements"; "How many leave?"; |r| count(r.exits);
    providers_jailed Count; "providers jailed for missed deadlines"; "How many are shut out?"; |r| count(r.jailed);
    providers_silenced Count; "providers suspended for silence"; "How many vanish?"; |r| count(r.silenced);
    checks_drawn Count; "checkers drawn"; "How much is checked?"; |r| count(r.checks.drawn);
    checks_verified Count; "results found right"; "… and right?"; |r| count(r.checks.verified);
    checks_wrong Count; "results found wrong"; "… and wrong?"; |r| count(r.checks.wrong);
    checks_missed Count; "drawn checkers that did not answer"; "Do checkers do their duty?"; |r| count(r.checks.missed);
    slashed Xpl; "burned_slashes + rewards to checkers out of them"; "What did misbehaviour cost?"; |r| xpl(r.burned.slashes + r.slash_rewards);

    work_hhi Number ? NO_WORK; "Σ sᵢ², sᵢ = provider i's share of class-weighted work settled, by id"; "Is compute concentrated?"; |r| Some(r.concentration?.hhi);
    work_gini Number ? NO_WORK; "Gini coefficient of the same, over providers that are active or settled work"; "How unequal are providers?"; |r| Some(r.concentration?.gini);
    work_nakamoto Count ? NO_WORK; "least number of providers with more than half of the same"; "How many must collude to dominate?"; |r| count(r.concentration?.nakamoto);
    work_top10 Share ? NO_WORK; "share of the ten largest of the same"; "How much do the largest hold?"; |r| Some(r.concentration?.top10);
}

metrics! { CLASS_METRICS: ClassRow;
    gpu_seconds_offered GpuSeconds; "∫ GPUs of the class on offer dt"; "How much could it do?"; |c| Ratio::of(c.offered, 1_000u64);
    gpu_seconds_leased GpuSeconds; "∫ GPUs of the class at work dt"; "How much is in use?"; |c| Ratio::of(c.leased, 1_000u64);
    utilisation Share ? "no GPU of the class was on offer"; "gpu_seconds_leased ÷ gpu_seconds_offered"; "Is there too much of it?"; ClassRow::utilisation;
    jobs_settled Count; "jobs settled on the class"; "How many jobs run on it?"; |c| count(c.settled);
    work_settled GpuSeconds; "Σ work settled, in reference GPU-seconds of the class"; "How much is paid work?"; ClassRow::work_gpu_seconds;
    payments Xpl; "Σ paid for it, fees included"; "What do customers spend on it?"; |c| xpl(c.payments);
    price_paid_xpl XplPerGpuHour ? NO_WORK; "payments ÷ work settled"; "What does it cost?"; ClassRow::price_xpl;
    price_paid_usd UsdPerGpuHour ? NO_PRICED_WORK; "Σ payment × oracle price at settlement ÷ work settled while there was one"; "What does it cost in dollars?"; ClassRow::price_usd;
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
