//! Unlock cohorts by number: what never changes about them.

use super::genesis::{grants, immobile};
use crate::scenario::Scenario;
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

/// The cohorts of a scenario: allocations that say how they sell. A grant's identifier is its place among all.
pub(super) fn cohorts(scenario: &Scenario) -> Vec<Cohort> {
    let grants = grants(scenario);
    let cohort = |(i, part): (usize, &crate::scenario::model::Allocation)| {
        let (account, sale) = (AccountId(i as u32), part.sell?);
        let place = grants.iter().position(|grant| grant.account == account);
        Some(Cohort {
            name: part.id.as_str().into(),
            account,
            grant: place.map_or(GrantId::NONE, |place| GrantId::new(place as u64 + 1, place as u32)),
            share: sale.share.0,
            over: sale.over.0,
            interval: sale.interval.0,
        })
    };
    immobile(scenario).enumerate().filter_map(cohort).collect()
}
