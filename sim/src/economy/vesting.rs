//! Those who sell what unlocks and those who stake what has not, by number: what never changes about them.

use super::genesis::{grants, immobile};
use crate::scenario::Scenario;
use crate::scenario::model::Allocation;
use crate::streams::stream_id;
use plasma_core::genesis::GrantAllocation;
use plasma_core::ids::{AccountId, GrantId};
use plasma_core::time::Span;

/// The holders of one part of the supply, who sell some of what becomes free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// The part's name.
    pub name: String,
    /// Their account.
    pub account: AccountId,
    /// Their grant; none where all is free from the start.
    pub grant: GrantId,
    /// Parts per billion of what becomes free that are meant to be sold.
    pub share: u64,
    /// Mean time from becoming free to being sold.
    pub over: Span,
    /// Time between two sales.
    pub interval: Span,
}

/// The cohorts of a scenario: allocations that say how they sell.
pub(super) fn cohorts(scenario: &Scenario) -> Vec<Cohort> {
    let grants = grants(scenario);
    let cohort = |(i, part): (usize, &Allocation)| {
        let (account, sale) = (AccountId(i as u32), part.sell?);
        Some(Cohort {
            name: part.id.as_str().into(),
            account,
            grant: grant_of(&grants, account).unwrap_or(GrantId::NONE),
            share: sale.share.0,
            over: sale.over.0,
            interval: sale.interval.0,
        })
    };
    immobile(scenario).enumerate().filter_map(cohort).collect()
}

/// The holders of one part of the supply, who stake some of what is not free yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pledger {
    /// The part's name.
    pub name: String,
    /// Their account.
    pub account: AccountId,
    /// Their grant.
    pub grant: GrantId,
    /// Their stream.
    pub stream: u64,
    /// Share of what is not free that they mean to have at stake.
    pub share: f64,
    /// Providers over whom they spread what they bring at a look.
    pub spread: u32,
    /// Time between two looks.
    pub interval: Span,
}

/// Those of a scenario: allocations that say how they stake.
pub(super) fn pledgers(scenario: &Scenario) -> Vec<Pledger> {
    let grants = grants(scenario);
    let pledger = |(i, part): (usize, &Allocation)| {
        let (account, terms) = (AccountId(i as u32), part.stake?);
        Some(Pledger {
            name: part.id.as_str().into(),
            account,
            grant: grant_of(&grants, account)?,
            stream: stream_id(&format!("locked/{}", part.id), 0),
            share: terms.share.fraction(),
            spread: terms.spread,
            interval: terms.interval.0,
        })
    };
    immobile(scenario).enumerate().filter_map(pledger).collect()
}

/// The grant of an account. A grant's identifier is its place among all.
fn grant_of(grants: &[GrantAllocation], account: AccountId) -> Option<GrantId> {
    let place = grants.iter().position(|grant| grant.account == account)?;
    Some(GrantId::new(place as u64 + 1, place as u32))
}
