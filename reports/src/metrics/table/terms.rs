//! What formulas of metrics are made of, where that is more than a line, and why they have no value.

use crate::metrics::observed::{Fraud, Observed};
use crate::metrics::row::Row;
use crate::ratio::Ratio;
use plasma_core::money::{XPL, mul_div_floor};
use plasma_core::time::{DAY, YEAR};

pub(super) fn count(n: u64) -> Option<Ratio> {
    Ratio::whole(n)
}

pub(super) fn xpl(nano: u128) -> Option<Ratio> {
    Ratio::of(nano, XPL)
}

pub(super) fn seconds(ms: Option<u64>) -> Option<Ratio> {
    Ratio::of(ms?, 1_000u64)
}

/// Nano-XPL that may be below zero.
pub(super) fn net_xpl(nano: i128) -> Option<Ratio> {
    Ratio::new(nano, XPL.into())
}

/// Simple annualisation: `flow` over this row against `base`, per Julian year.
pub(super) fn yearly(flow: u128, base_time: u128) -> Option<Ratio> {
    Ratio::of(flow, base_time)?.scale(u128::from(YEAR), 1)
}

/// The same of a flow that may be below zero.
pub(super) fn net_yearly(flow: i128, base_time: u128) -> Option<Ratio> {
    Ratio::new(flow, base_time)?.scale(u128::from(YEAR), 1)
}

/// Growth of supply as the constant rate per Julian year that comes to the same.
pub(super) fn net_supply_growth(row: &Row) -> Option<Ratio> {
    let change = row.stocks.supply as i128 - row.supply_opened as i128;
    Ratio::new(change, row.supply_opened)?.compounded(YEAR, row.span())
}

pub(super) fn nominal_apr(row: &Row) -> Option<Ratio> {
    net_yearly(row.stake_rewards(), row.staked_time)
}

pub(super) fn income_per_provider(row: &Row) -> Option<Ratio> {
    let income = (row.paid_providers + row.rewards_work) as i128 + row.stake_rewards();
    Ratio::new(income, row.provider_time)?.scale(u128::from(row.span()), u128::from(XPL))
}

/// Micro-dollars.
pub(super) fn usd(micro: u128) -> Option<Ratio> {
    Ratio::of(micro, 1_000_000u64)
}

/// 10^-15 dollars, as [`crate::metrics::row::Dollars`] counts them.
pub(super) fn fine_usd(fine: u128) -> Option<Ratio> {
    Ratio::of(fine, FINE)
}

/// Signed 10^-15 dollars.
pub(super) fn net_usd(fine: i128) -> Option<Ratio> {
    Ratio::new(fine, FINE)
}

/// Parts of a dollar in which [`crate::metrics::row::Dollars`] counts.
pub(super) const FINE: u128 = 1_000_000_000_000_000;
pub(super) const FINE_PER_MICRO: u128 = 1_000_000_000;

/// Signed, for differences; all in 10^-15 dollars.
pub(super) fn signed(fine: u128) -> i128 {
    i128::try_from(fine).unwrap_or(i128::MAX)
}

/// Costs of providers, in 10^-15 dollars.
pub(super) fn cost(told: &Observed) -> i128 {
    signed((told.electricity + told.forgone).saturating_mul(FINE_PER_MICRO))
}

/// What those who are small have left of their income.
pub(super) fn small_margin(row: &Row) -> Option<i128> {
    let costs = &row.observed.as_ref()?.small;
    Some(signed(row.dollars.income_small) - signed((costs.electricity + costs.forgone).saturating_mul(FINE_PER_MICRO)))
}

/// Signed micro-dollars.
pub(super) fn gain(micro: i128) -> Option<Ratio> {
    Ratio::new(micro, 1_000_000)
}

pub(super) fn fraud(row: &Row) -> Option<&Fraud> {
    Some(&row.observed.as_ref()?.fraud)
}

/// What fraud made, in micro-dollars: against not having been there.
pub(super) fn fraud_profit(row: &Row) -> Option<Ratio> {
    let fraud = fraud(row)?;
    gain(signed(fraud.paid + fraud.freed) - signed(fraud.taken))
}

/// … and against honest work on the same leases.
pub(super) fn fraud_premium(row: &Row) -> Option<Ratio> {
    let fraud = fraud(row)?;
    gain(signed(fraud.freed) - signed(fraud.taken + fraud.refused))
}

/// Attackers who are worth more than they would be, had they only held what they had.
pub(super) fn ahead(row: &Row) -> Option<Ratio> {
    let attackers = &row.observed.as_ref()?.now.attackers;
    let ahead = attackers.iter().filter(|attacker| attacker.worth > attacker.idle).count();
    (!attackers.is_empty()).then(|| count(ahead as u64))?
}

pub(super) fn provider_margin(row: &Row) -> Option<i128> {
    Some(signed(row.dollars.income) - cost(row.observed.as_ref()?))
}

/// What the time and work of jobs that somebody would serve elsewhere cost here: payments, and their part of the base fees of all
/// submissions.
pub(super) fn cost_here(row: &Row, tier: usize) -> u128 {
    let (here, all) = (row.dollars.here[tier], row.total().payments_usd);
    let fees = Ratio::of(row.dollars.submissions, all).and_then(|share| share.scale(here, 1));
    here + fees.map_or(0, |fees| fees.parts().0.unsigned_abs() / fees.parts().1)
}

pub(super) fn saving(row: &Row) -> Option<i128> {
    row.observed.as_ref()?;
    let here = cost_here(row, LISTED) + row.dollars.requests[LISTED];
    Some(signed(row.dollars.elsewhere[LISTED]) - signed(here))
}

/// By how much the network is cheaper than one way to rent elsewhere.
pub(super) fn discount(row: &Row, tier: usize) -> Option<Ratio> {
    let elsewhere = row.dollars.elsewhere[tier];
    Ratio::new(signed(elsewhere) - signed(cost_here(row, tier)), elsewhere)
}

/// Places of [`crate::metrics::yardstick::TIERS`].
pub(super) const LISTED: usize = 0;
pub(super) const ON_DEMAND: usize = 1;
pub(super) const RESERVED: usize = 2;
pub(super) const SPOT: usize = 3;

/// What work is worth elsewhere beyond what it costs here.
pub(super) fn gain_from_work(row: &Row) -> Option<i128> {
    Some(signed(row.dollars.elsewhere[LISTED]) - cost(row.observed.as_ref()?))
}

/// What the power that passes a proposal against its voters is worth, in micro-dollars.
pub(super) fn cost_to_pass(row: &Row) -> Option<u128> {
    let (power, price) = (row.stocks.power_to_pass?, u128::from(row.stocks.price_micro_usd));
    (price > 0).then(|| power.checked_mul(price).map(|value| value / u128::from(XPL)))?
}

/// What a party had for the XPL that it sold, in micro-dollars.
pub(super) fn received(row: &Row, party: &str) -> Option<Ratio> {
    usd(row.observed.as_ref()?.party(party).received)
}

pub(super) fn spent(row: &Row, party: &str) -> Option<Ratio> {
    usd(row.observed.as_ref()?.party(party).spent)
}

pub(super) fn deterrence(row: &Row, fall: usize) -> Option<Ratio> {
    gain(row.stocks.deterrence?[fall])
}

/// … where a cheat saves what computing costs.
pub(super) fn deterrence_avoidable(row: &Row, fall: usize) -> Option<Ratio> {
    gain(row.stocks.cheat_loses?[fall] - signed(row.stocks.avoidable?))
}

/// Nano-XPL of the treasury's payments for checks that fees paid, if it spends what it earns as it comes; rounded down.
pub(super) fn checks_paid_by_fees(row: &Row) -> u128 {
    mul_div_floor(row.check_rewards, row.fees_treasury, row.fees_treasury + row.emitted_treasury).unwrap_or(0)
}

/// Share of tokens in circulation that changed hands for work, per year.
pub(super) fn velocity(row: &Row) -> Option<Ratio> {
    yearly(row.external.payments, row.circulating_time)
}

/// What the median voter of stake is worth: half of all bonds, in micro-dollars.
pub(in crate::metrics) fn cost_to_corrupt(row: &Row) -> Option<u128> {
    let price = u128::from(row.stocks.price_micro_usd);
    (price > 0).then(|| row.stocks.staked / 2 * price / u128::from(XPL))
}

/// By how many per cent fewer would have come at 1 % more, below zero.
pub(super) fn elasticity(told: &Observed) -> Option<Ratio> {
    let came = told.candidates.checked_sub(told.declined)?.checked_sub(told.to_cloud)?.checked_sub(told.unserved)?;
    Ratio::new(-100 * i128::from(told.wavering), came.into())
}

/// Years in which the margin of a year like this span pays for the hardware on offer.
pub(super) fn payback(row: &Row) -> Option<Ratio> {
    let told = row.observed.as_ref()?;
    let margin = signed(row.dollars.income / FINE_PER_MICRO) - signed(told.electricity);
    Ratio::of(told.now.hardware, u128::try_from(margin).ok()?)?.scale(u128::from(row.span()), u128::from(YEAR))
}

/// Micro-dollars that the treasury would fetch if it were sold at once, into the pool if there is one: a constant-product pool
/// whose price `depth` dollars move by 2 % holds U = depth ÷ (√1.02 − 1) = 100.5 · depth of them, and gives U · V ÷ (U + V) for
/// what is worth V at its price (H. Adams et al., "Uniswap v2 Core", 2020).
pub(super) fn treasury_liquid(row: &Row) -> Option<u128> {
    let now = &row.observed.as_ref()?.now;
    let value = row.stocks.treasury.checked_mul(now.price.into())? / u128::from(XPL);
    let pool = u128::from(now.depth) * 1_005 / 10;
    if pool == 0 { Some(value) } else { value.checked_mul(pool)?.checked_div(pool + value) }
}

/// Years for which that pays for what the treasury lost in the span, at the same price.
pub(super) fn treasury_runway(row: &Row) -> Option<Ratio> {
    let lost = row.treasury_opened.checked_sub(row.stocks.treasury).filter(|&lost| lost > 0)?;
    let lost_usd = lost.checked_mul(row.observed.as_ref()?.now.price.into())? / u128::from(XPL);
    Ratio::of(treasury_liquid(row)?, lost_usd)?.scale(u128::from(row.span()), u128::from(YEAR))
}

/// Days of trading like the span's that what came free amounts to.
pub(super) fn unlock_days(row: &Row) -> Option<Ratio> {
    Ratio::of(row.unlocked, row.observed.as_ref()?.volume())?.scale(u128::from(row.span()), u128::from(DAY))
}

pub(super) fn per_thousand(paid: u128, tokens: u128, unit: u128) -> Option<Ratio> {
    Ratio::of(paid, tokens)?.scale(1_000, unit)
}

pub(super) const NO_TOKENS: &str = "no inference was settled that is counted in tokens";
pub(super) const NO_PRICED_TOKENS: &str =
    "no inference was settled that is counted in tokens, while the oracle had a fresh price";
pub(super) const NO_VOTES: &str = "nobody had power to vote";
pub(super) const NO_PRICE: &str = "no fresh oracle price";
pub(super) const NO_WORK: &str = "no work was settled";
pub(super) const NO_PRICED_WORK: &str = "no work was settled while the oracle had a fresh price";
pub(super) const NO_LEASE: &str = "no job was leased for the first time";
pub(super) const NO_STAKE: &str = "nothing was staked";
pub(super) const NO_SUPPLY: &str = "there was no supply";
pub(super) const NO_GROWTH: &str = "there was no supply, or a year of the span's growth exceeds every number";
pub(super) const NO_GPU: &str = "no GPU was on offer";
pub(super) const UNTOLD: &str = "nobody told what the ledger does not say";
pub(super) const NO_EXTERNAL: &str = "nobody paid who was not related to the payee, while the oracle had a fresh price";
pub(super) const NO_TRADE_COUNTED: &str =
    "no work was settled while the oracle had a fresh price that could be rented elsewhere, or nobody told for how much";
pub(super) const NO_CLOUD: &str = "no price of this kind is known for a class that could have done the work, or no work was settled while the oracle had a fresh price";
pub(super) const NOT_COMPARABLE: &str = "no work was settled that the reference class could do";
pub(super) const NOT_COMPARABLE_PRICED: &str =
    "no work was settled that the reference class could do, while the oracle had a fresh price";
pub(super) const NO_DETERRENCE: &str = "no job was leased or none settled in the last epoch, or no fresh oracle price";
pub(super) const NO_DETERRENCE_TOLD: &str =
    "no job was leased or none settled in the last epoch, or no fresh oracle price, or nobody told what work costs";
pub(super) const NO_JOBS: &str = "no job was leased or none settled in the last epoch";
pub(super) const NO_CHECK_PAID: &str = "nobody was paid for a check";
pub(super) const UNOWNED: &str = "no work was settled, or nobody told who owns whom";
pub(super) const NO_PROVIDER: &str = "no provider was active at the end of an epoch";
