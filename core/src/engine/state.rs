//! The rows, as contiguous slices: what `decide` reads and `apply` writes.
//!
//! Shared, `&State` is the **view** that environments and the HTTP API read; nothing can be changed through it.

use super::ledger::Ledger;
use super::slab::Slab;
use crate::catalogue::Catalogue;
use crate::ids::{AccountId, JobId, LeaseId, OfferId, ProviderId};
use crate::params::Params;
use crate::protocol::account::{Account, Key};
use crate::protocol::batch::Market;
use crate::protocol::beacon::Clock;
use crate::protocol::bond::UnbondingQueue;
use crate::protocol::builders::Award;
use crate::protocol::emission::Minter;
use crate::protocol::fee::Fees;
use crate::protocol::governance::{Governance, Proposal};
use crate::protocol::holdback::Holdback;
use crate::protocol::job::{Avoided, Job};
use crate::protocol::lease::Lease;
use crate::protocol::offer::Offer;
use crate::protocol::oracle::Oracle;
use crate::protocol::provider::Provider;
use crate::protocol::receipt::Tabs;
use crate::protocol::staking::Staking;
use crate::protocol::treasury::Order;
use crate::protocol::vault::Vault;
use crate::protocol::verification::Docket;
use crate::protocol::vesting::Grant;
use crate::protocol::weights::Weights;
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

/// How many rows of each table are taken. The rest are vacant and belong to nobody.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Population {
    /// Accounts opened.
    pub accounts: u32,
    /// Providers registered.
    pub providers: u32,
    /// Offers posted.
    pub offers: u32,
    /// Price feeders.
    pub feeders: u32,
}

/// The whole state of the protocol, borrowed from the tables that hold it.
pub struct State<'a> {
    /// Account rows by [`AccountId`], vacant ones behind.
    pub accounts: &'a mut [Account],
    /// Account keys, beside [`State::accounts`].
    pub keys: &'a mut [Key],
    /// Provider rows by [`ProviderId`], vacant ones behind.
    pub providers: &'a mut [Provider],
    /// Offer rows by [`OfferId`], vacant ones behind.
    pub offers: &'a mut [Offer],
    /// Open jobs.
    pub jobs: &'a mut Slab<Job>,
    /// Open leases.
    pub leases: &'a mut Slab<Lease>,
    /// Grants that vest.
    pub grants: &'a mut Slab<Grant>,
    /// Open proposals.
    pub proposals: &'a mut Slab<Proposal>,
    /// Open awards from the builders' fund.
    pub awards: &'a mut Slab<Award>,
    /// Outstanding orders of the treasury.
    pub orders: &'a mut Slab<Order>,
    /// Votes, and the stakes behind them.
    pub governance: &'a mut Governance,
    /// Bonds on their way back.
    pub unbonding: &'a mut UnbondingQueue,
    /// Stake that is not a provider's own.
    pub staking: &'a mut Staking,
    /// Balances that belong to no row.
    pub ledger: &'a mut Ledger,
    /// Rounds, epochs and the beacon.
    pub clock: &'a mut Clock,
    /// Taken rows.
    pub population: &'a mut Population,
    /// Posted prices.
    pub oracle: &'a mut Oracle,
    /// The base fee's controller.
    pub fees: &'a mut Fees,
    /// What emission remembers.
    pub minter: &'a mut Minter,
    /// The vault's books.
    pub vault: &'a mut Vault,
    /// The batches of a market that clears in batches.
    pub market: &'a mut Market,
    /// Which providers jobs avoid.
    pub avoided: &'a mut Avoided,
    /// What is set aside for the requests to deployments.
    pub tabs: &'a mut Tabs,
    /// Challenges and copies to be decided.
    pub docket: &'a mut Docket,
    /// Earnings held back.
    pub holdback: &'a mut Holdback,
    /// The parameters in force.
    pub params: &'a mut Params,
    /// What each class's work weighs.
    pub weights: &'a mut Weights,
    /// GPU classes and programs.
    pub catalogue: &'a Catalogue,
}

impl State<'_> {
    /// Accounts that exist.
    #[inline]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts[..self.population.accounts as usize]
    }

    /// Providers that exist.
    #[inline]
    pub fn providers(&self) -> &[Provider] {
        &self.providers[..self.population.providers as usize]
    }

    /// Offers that exist.
    #[inline]
    pub fn offers(&self) -> &[Offer] {
        &self.offers[..self.population.offers as usize]
    }

    /// The account, if it exists.
    #[inline]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts().get(id.index())
    }

    /// The provider, if it exists.
    #[inline]
    pub fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.providers().get(id.index())
    }

    /// The offer, if it exists.
    #[inline]
    pub fn offer(&self, id: OfferId) -> Option<&Offer> {
        self.offers().get(id.index())
    }

    /// The job, if it is open.
    #[inline]
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(id.0)
    }

    /// The lease, if it is open.
    #[inline]
    pub fn lease(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.get(id.0)
    }
}
