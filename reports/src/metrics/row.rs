//! What one span of time amounts to, in integers: an epoch, a year, or the whole run.
//!
//! Flows and integrals add, stocks are taken at one end, so that rows of consecutive spans merge into the row of both, and every
//! metric is defined once, on a row of any length.

use super::concentration::Concentration;
use super::observed::Observed;
use super::yardstick::TIERS;
use crate::ratio::Ratio;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// One span. Amounts are nano-XPL, times milliseconds.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Number of the last epoch in it, from 0.
    pub epoch: u64,
    /// When it began.
    pub opened: Time,
    /// When it ended.
    pub closed: Time,

    /// Supply at its beginning: issued and not burned.
    pub supply_opened: u128,
    /// The treasury at its beginning.
    pub treasury_opened: u128,
    /// Stocks at its end.
    pub stocks: Stocks,

    /// Minted.
    pub minted: u128,
    /// Allowed by the schedule and earned by nobody, hence not minted.
    pub unminted: u128,
    /// Burned by cause.
    pub burned: Burned,
    /// Released from grants as they vested.
    pub unlocked: u128,
    /// Minted into the providers' pool.
    pub emitted_providers: u128,
    /// Minted into the stakers' pool.
    pub emitted_stakers: u128,
    /// Minted for the treasury.
    pub emitted_treasury: u128,
    /// Minted for the builders' fund.
    pub emitted_builders: u128,
    /// Paid to builders for milestones.
    pub paid_builders: u128,
    /// Paid to providers out of their pool.
    pub rewards_work: u128,
    /// Paid to stakers out of their pool: emission and fees.
    pub rewards_stake: u128,
    /// … of it to delegators, commission deducted.
    pub rewards_delegators: u128,
    /// … of that back in the pool, because it fell to locked stake that may not earn, to be paid once more. A span may have back
    /// more than it paid.
    pub rewards_returned: u128,
    /// Part of slashed bonds and seized earnings that went to checkers.
    pub slash_rewards: u128,
    /// Paid to checkers by the treasury.
    pub check_rewards: u128,
    /// Deposits that overruled challengers lost: to the accused and to panels.
    pub check_deposits: u128,
    /// Paid by customers for copies of a job other than the first asked for, fees included.
    pub check_copies: u128,
    /// Bonds and delegated stake over time, in nano-XPL · ms.
    pub staked_time: u128,
    /// Delegated stake over time, in nano-XPL · ms.
    pub delegated_time: u128,

    /// Paid to providers out of escrow and tabs, fees deducted.
    pub paid_providers: u128,
    /// Paid for requests to deployments out of tabs, fees included.
    pub receipts: u128,
    /// Fees to the treasury.
    pub fees_treasury: u128,
    /// Fees to stakers.
    pub fees_stakers: u128,

    /// Commands admitted.
    pub commands: u64,
    /// Commands refused after admission.
    pub refused: u64,
    /// What became of jobs.
    pub jobs: Jobs,
    /// Time from submission to first lease, of jobs first leased in the span.
    pub wait: Option<Wait>,

    /// Active providers over time, in provider · ms, each epoch at the count of its end.
    pub provider_time: u128,
    /// Providers registered in the span.
    pub entries: u64,
    /// Providers retired in the span.
    pub exits: u64,
    /// Providers jailed in the span.
    pub jailed: u64,
    /// Providers suspended for silence in the span.
    pub silenced: u64,
    /// Surplus of batch clearings in nano-XPL per second, summed over batches.
    pub surplus: u128,
    /// What other choices of trades could have added to it at most.
    pub gap: u128,
    /// Checks of results.
    pub checks: Checks,
    /// How unevenly settled work and bonds are spread.
    pub concentration: Spread,

    /// What crossed the border in dollars.
    pub dollars: Dollars,
    /// Payments and fees to stakers whose payer shares no true owner with the payee.
    pub external: External,
    /// Circulating supply over time, in nano-XPL · ms, each epoch at its beginning.
    pub circulating_time: u128,
    /// What the ledger does not say; none where nobody tells.
    pub observed: Option<Observed>,

    /// Inference that is counted in tokens.
    pub tokens: Tokens,

    /// By GPU class.
    pub classes: Vec<ClassRow>,
    /// By region, as far as anybody ever registered in one.
    pub regions: Vec<RegionRow>,
}

/// Stocks at one moment. Amounts are nano-XPL.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stocks {
    /// Issued and not burned.
    pub supply: u128,
    /// Supply without locked accounts, unvested grants, treasury, builders' fund and open awards.
    pub circulating: u128,
    /// Never issued so far.
    pub unissued: u128,
    /// In locked accounts.
    pub locked: u128,
    /// Spent by governance.
    pub treasury: u128,
    /// Granted to builders.
    pub builders: u128,
    /// Bonds.
    pub staked: u128,
    /// Bonds on their way back.
    pub unbonding: u128,
    /// Median of fresh posts in micro-dollars per XPL; zero when none is fresh.
    pub price_micro_usd: u64,
    /// Jobs waiting in line.
    pub queue: u64,
    /// Active providers that offer GPUs.
    pub providers: u64,
    /// GPUs that can be leased, and GPUs at work.
    pub gpus: u64,
    /// What a cheat would lose on average in the span's mean job beyond what it saves, in micro-dollars: at the oracle's price, at
    /// half of it, and at a tenth; none without jobs or a price.
    pub deterrence: Option<[i128; 3]>,
    /// The same with nothing counted for what it saves: what is found and lost.
    pub cheat_loses: Option<[i128; 3]>,
    /// What not computing the mean lease of the epoch would have avoided, in micro-dollars; none where nobody tells.
    pub avoidable: Option<u128>,
    /// What an honest provider loses on average in that job to checks that err; none without jobs.
    pub false_positive_loss: Option<u128>,
    /// Power in nano-XPL that would have passed the last proposal whose vote ended against all who voted on it; none before one did,
    /// or where none could.
    pub power_to_pass: Option<u128>,
}

/// How unevenly something is spread: over providers by id, and over their true owners.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Class-weighted work settled, by id.
    pub work: Option<Concentration>,
    /// The same by true owner; none where owners are not known.
    pub work_owned: Option<Concentration>,
    /// Bonds at the end, by id.
    pub stake: Option<Concentration>,
    /// The same by true owner.
    pub stake_owned: Option<Concentration>,
    /// Power to vote at the end, by account.
    pub votes: Option<Concentration>,
    /// The same by true owner.
    pub votes_owned: Option<Concentration>,
}

/// Amounts at the oracle's price of their moment, in nano-XPL · micro-dollars per XPL (10^-15 dollars). What happens while there is
/// no fresh price is left out.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dollars {
    /// Minted, each epoch at the price of its end.
    pub emission: u128,
    /// Paid by external payers, fees included.
    pub external: u128,
    /// Providers' income: payments with receipts, emission and stake rewards.
    pub income: u128,
    /// … of those who are small.
    pub income_small: u128,
    /// Rewards of delegators, less what of them returned to the pool, and what was slashed of their stake.
    pub delegators: i128,
    /// Paid by receipts, fees included.
    pub receipts: u128,
    /// Fees and emission to the treasury and the builders' fund.
    pub treasury: u128,
    /// Paid to builders for milestones.
    pub builders: u128,
    /// Circulating supply of each epoch's beginning × change of the price in it.
    pub revaluation: i128,
    /// Providers' income without payments: emission and stake rewards.
    pub rewards: u128,
    /// Base fees of submissions, also of jobs that came to nothing.
    pub submissions: u128,
    /// What settled jobs would have cost elsewhere, by way to rent; zero where nobody tells.
    pub elsewhere: [u128; TIERS],
    /// What the same jobs paid here for time and work, fees included.
    pub here: [u128; TIERS],
    /// … and by the receipts on the leases that settled, by way to rent, fees included.
    pub requests: [u128; TIERS],
}

/// Nano-XPL of payments between parties of different owners.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// Fees included.
    pub payments: u128,
    /// The part that went to stakers.
    pub fees_stakers: u128,
}

/// Burned nano-XPL by cause.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burned {
    /// The burned part of protocol fees.
    pub fees: u128,
    /// Base fees of commands.
    pub base: u128,
    /// The burned part of slashed bonds and seized earnings.
    pub slashes: u128,
    /// Deposits of sealed asks that were not revealed, and of proposals that were rejected.
    pub deposits: u128,
    /// What the treasury's custodian bought to burn.
    pub bought: u128,
}

/// Counts of jobs and leases.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jobs {
    /// Accepted.
    pub submitted: u64,
    /// Leased for the first time.
    pub leased: u64,
    /// … and not at once.
    pub waited: u64,
    /// Leased again after a lease failed.
    pub retried: u64,
    /// Paid for and closed.
    pub settled: u64,
    /// Never leased: patience ended first.
    pub expired: u64,
    /// Given up after leases failed.
    pub failed: u64,
    /// Taken back while waiting.
    pub cancelled: u64,
    /// Leases that committed a result.
    pub committed: u64,
    /// Leases that missed their deadline.
    pub missed: u64,
    /// Deployments stopped by their customer.
    pub stopped: u64,
}

/// Quantiles of waits in milliseconds; see [`super::histogram::RELATIVE_ERROR`].
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
}

/// Counts of checks by outcome.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Checkers drawn.
    pub drawn: u64,
    /// Results found right.
    pub verified: u64,
    /// Results found wrong.
    pub wrong: u64,
    /// Checkers that did not answer.
    pub missed: u64,
    /// Challenges that a panel found false.
    pub overruled: u64,
}

/// Settled inference whose program has a size named `tokens`.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// How many, each copy of a job counted.
    pub count: u128,
    /// Paid for them, fees included, in nano-XPL.
    pub payments: u128,
    /// How many while the oracle had a price.
    pub priced: u128,
    /// Paid for those, in nano-XPL · micro-dollars per XPL (10^-15 dollars).
    pub payments_usd: u128,
}

/// Who came to a region and who left it.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionRow {
    /// Active providers that offer GPUs, at the end.
    pub providers: u64,
    /// Registered in the span.
    pub entries: u64,
    /// Retired in the span.
    pub exits: u64,
}

/// What one GPU class did. GPU time is in GPU · ms, work in milli-GPU-seconds of the class's reference GPU.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassRow {
    /// GPU time on offer: quoted by active, bonded providers, or at work.
    pub offered: u128,
    /// GPU time at work.
    pub leased: u128,
    /// Providers that made their first offer, of GPUs of the class.
    pub entries: u64,
    /// Providers that retired, whose last offer was of the class.
    pub exits: u64,
    /// Jobs settled.
    pub settled: u64,
    /// Work settled.
    pub work: u128,
    /// Paid by customers for it, fees included, in nano-XPL.
    pub payments: u128,
    /// Work settled while the oracle had a price.
    pub work_priced: u128,
    /// Those payments at the oracle price of their moment, in nano-XPL · micro-dollars per XPL (10^-15 dollars).
    pub payments_usd: u128,
    /// Jobs settled while the oracle had a price.
    pub settled_priced: u64,
    /// By the yardstick.
    pub measured: Measured,
}

/// Work by the yardstick: what settled jobs were on the reference class, those that can run there, in its milli-GPU-seconds, and what
/// they paid.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Work.
    pub work: u128,
    /// Paid for it, fees included, in nano-XPL.
    pub payments: u128,
    /// Work settled while the oracle had a price.
    pub work_priced: u128,
    /// Paid for that, in nano-XPL · micro-dollars per XPL (10^-15 dollars).
    pub payments_usd: u128,
}

macro_rules! add_fields {
    ($self:ident, $next:ident: $($field:ident),+) => { $($self.$field += $next.$field;)+ };
}

impl ClassRow {
    /// Adds a span that follows, or another class of the same span.
    pub fn add(&mut self, next: &Self) {
        add_fields!(self, next: offered, leased, entries, exits, settled, work, payments, work_priced, payments_usd, settled_priced);
        let (mine, theirs) = (&mut self.measured, &next.measured);
        add_fields!(mine, theirs: work, payments, work_priced, payments_usd);
    }

    /// Share of the GPU time on offer that was at work.
    pub fn utilisation(&self) -> Option<Ratio> {
        Ratio::of(self.leased, self.offered)
    }

    /// Work settled, in GPU-seconds.
    pub fn work_gpu_seconds(&self) -> Option<Ratio> {
        Ratio::of(self.work, 1_000u128)
    }

    /// XPL per reference GPU-hour: nano-XPL per milli-GPU-second × 3 600 000 ÷ 10^9.
    pub fn price_xpl(&self) -> Option<Ratio> {
        Ratio::of(self.payments, self.work)?.scale(MGS_PER_HOUR, 1_000_000_000)
    }

    /// Dollars per reference GPU-hour, over what settled while the oracle had a price.
    pub fn price_usd(&self) -> Option<Ratio> {
        Ratio::of(self.payments_usd, self.work_priced)?.scale(MGS_PER_HOUR, 1_000_000_000_000_000)
    }
}

impl Measured {
    /// XPL per hour of the reference class.
    pub fn price_xpl(&self) -> Option<Ratio> {
        Ratio::of(self.payments, self.work)?.scale(MGS_PER_HOUR, 1_000_000_000)
    }

    /// Dollars per hour of the reference class, over what settled while the oracle had a price.
    pub fn price_usd(&self) -> Option<Ratio> {
        Ratio::of(self.payments_usd, self.work_priced)?.scale(MGS_PER_HOUR, 1_000_000_000_000_000)
    }
}

/// Milli-GPU-seconds in a GPU-hour.
const MGS_PER_HOUR: u128 = 3_600_000;

impl RegionRow {
    /// The row of a region, which is there from now on.
    pub fn of(regions: &mut Vec<Self>, region: u8) -> &mut Self {
        let number = usize::from(region);
        regions.resize(regions.len().max(number + 1), Self::default());
        &mut regions[number]
    }
}

impl Burned {
    /// From all causes.
    pub const fn total(&self) -> u128 {
        self.fees + self.base + self.slashes + self.deposits + self.bought
    }
}

impl Jobs {
    /// Jobs that ended, well or badly.
    pub const fn ended(&self) -> u64 {
        self.settled + self.expired + self.failed + self.cancelled
    }

    /// Leases that ended, well or badly.
    pub const fn leases_ended(&self) -> u64 {
        self.committed + self.missed + self.stopped
    }

    fn add(&mut self, next: &Self) {
        add_fields!(self, next: submitted, leased, waited, retried, settled, expired, failed, cancelled, committed, missed, stopped);
    }
}

impl Row {
    /// Paid for checks by everybody: the treasury, who was found guilty, who accused falsely, and customers of copies.
    pub const fn paid_for_checks(&self) -> u128 {
        self.check_rewards + self.slash_rewards + self.check_deposits + self.check_copies
    }

    /// Length in milliseconds.
    pub const fn span(&self) -> u64 {
        self.closed - self.opened
    }

    /// What stakers had out of their pool for good; below zero where more returned to it than it paid.
    pub const fn stake_rewards(&self) -> i128 {
        self.rewards_stake as i128 - self.rewards_returned as i128
    }

    /// … of it delegators.
    pub const fn delegator_rewards(&self) -> i128 {
        self.rewards_delegators as i128 - self.rewards_returned as i128
    }

    /// All classes together.
    pub fn total(&self) -> ClassRow {
        let mut total = ClassRow::default();
        self.classes.iter().for_each(|class| total.add(class));
        total
    }

    /// Fees taken.
    pub const fn fees(&self) -> u128 {
        self.burned.fees + self.fees_treasury + self.fees_stakers
    }

    /// What customers paid for settled work and by receipts, fees included.
    pub const fn payments(&self) -> u128 {
        self.paid_providers + self.fees()
    }

    /// Adds the span that follows. Waits and concentration do not add and are left to whoever holds what they are made of; so is
    /// what is told of a span only after it has closed.
    pub fn append(&mut self, next: &Self) {
        if self.span() == 0 {
            (self.opened, self.supply_opened, self.treasury_opened) = (next.opened, next.supply_opened, next.treasury_opened);
            self.classes = vec![ClassRow::default(); next.classes.len()];
        }
        (self.epoch, self.closed, self.stocks) = (next.epoch, next.closed, next.stocks);
        add_fields!(self, next: minted, unminted, emitted_providers, emitted_stakers, emitted_treasury, emitted_builders);
        add_fields!(self, next: paid_builders, rewards_work, rewards_stake, rewards_delegators, rewards_returned, slash_rewards);
        add_fields!(self, next: check_rewards, check_deposits, check_copies);
        add_fields!(self, next: staked_time, delegated_time);
        add_fields!(self, next: paid_providers, receipts, fees_treasury, fees_stakers, commands, refused);
        add_fields!(self, next: provider_time, entries, exits, jailed, silenced, surplus, gap, unlocked, circulating_time);
        let (burned, checks) = (&mut self.burned, &mut self.checks);
        let (more_burned, more_checks) = (&next.burned, &next.checks);
        add_fields!(burned, more_burned: fees, base, slashes, deposits, bought);
        add_fields!(checks, more_checks: drawn, verified, wrong, missed, overruled);
        let (dollars, external) = (&mut self.dollars, &mut self.external);
        let (more_dollars, more_external) = (&next.dollars, &next.external);
        add_fields!(dollars, more_dollars: income_small, delegators, receipts, builders);
        add_fields!(dollars, more_dollars: emission, external, income, treasury, revaluation, rewards, submissions);
        for tier in 0..TIERS {
            dollars.elsewhere[tier] += more_dollars.elsewhere[tier];
            dollars.here[tier] += more_dollars.here[tier];
            dollars.requests[tier] += more_dollars.requests[tier];
        }
        add_fields!(external, more_external: payments, fees_stakers);
        let (tokens, more_tokens) = (&mut self.tokens, &next.tokens);
        add_fields!(tokens, more_tokens: count, payments, priced, payments_usd);
        self.jobs.add(&next.jobs);
        self.classes.iter_mut().zip(&next.classes).for_each(|(mine, theirs)| mine.add(theirs));
        self.regions.resize(self.regions.len().max(next.regions.len()), RegionRow::default());
        for (mine, theirs) in self.regions.iter_mut().zip(&next.regions) {
            add_fields!(mine, theirs: entries, exits);
            mine.providers = theirs.providers;
        }
        (self.wait, self.concentration) = (None, Spread::default());
    }
}
