//! Genesis: what the first state is made of. It stands at the head of every log, so that a log alone suffices to replay.

use crate::catalogue::Catalogue;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::engine::world::{self, Rows};
use crate::formula::vesting::Schedule;
use crate::ids::{AccountId, GrantId, MAX_SLOTS, ProviderId};
use crate::money::XPL;
use crate::params::{ParamError, Params};
use crate::protocol::account::{Account, Key};
use crate::protocol::batch::Market;
use crate::protocol::oracle::MAX_FEEDERS;
use crate::time::Time;
use bevy_ecs::prelude::World;
use bevy_ecs::system::SystemState;
use rkyv::{Archive, Deserialize, Serialize};

/// The beginning of a ledger.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Name of the chain.
    pub chain: String,
    /// The first moment.
    pub start: Time,
    /// Every parameter, in the order of [`crate::params::TABLE`].
    pub params: Vec<u64>,
    /// GPU classes and programs.
    pub catalogue: Catalogue,
    /// Accounts, by [`AccountId`].
    pub accounts: Vec<Allocation>,
    /// Grants that vest, beside what accounts hold.
    pub grants: Vec<GrantAllocation>,
    /// The account that attests builders' milestones, or none.
    pub committee: AccountId,
    /// The account that carries out the treasury's orders, or none.
    pub custodian: AccountId,
    /// The account that changes parameters without a vote, or none.
    pub council: AccountId,
    /// Nano-XPL in the treasury.
    pub treasury: u128,
    /// Nano-XPL in the builders' fund.
    pub builders: u128,
    /// Price feeders.
    pub feeders: u8,
}

/// An account that exists from the start.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The key that signs for it.
    pub key: [u8; 32],
    /// Nano-XPL it holds.
    pub amount: u128,
    /// Whether they are immobile.
    pub locked: bool,
}

/// A grant that exists from the start.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantAllocation {
    /// Whose.
    pub account: AccountId,
    /// Nano-XPL.
    pub total: u64,
    /// When what is free.
    pub schedule: Schedule,
}

/// Why there can be no such beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// A parameter is out of range or contradicts another.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The catalogue is unusable.
    #[error("{0}")]
    Catalogue(String),
    /// More is allocated than there may ever be.
    #[error("genesis allocates {allocated} nano-XPL, but supply.cap allows {cap}")]
    OverCap {
        /// Sum of all allocations.
        allocated: u128,
        /// The cap.
        cap: u128,
    },
    /// Too many of something.
    #[error("{0}")]
    TooMany(String),
    /// A grant or an office is nobody's, or a schedule runs backwards.
    #[error("{0}")]
    Unsound(String),
}

impl Genesis {
    /// BLAKE3 of this genesis in its stored form.
    pub fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.to_bytes()).as_bytes()
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        rkyv::to_bytes::<rkyv::rancor::Error>(self).expect("memory suffices").into_vec()
    }

    /// Reads the stored form, checking every byte.
    ///
    /// # Errors
    /// A sentence, when the bytes are not a genesis.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let mut aligned = rkyv::util::AlignedVec::<16>::new();
        aligned.extend_from_slice(bytes);
        rkyv::from_bytes::<Self, rkyv::rancor::Error>(&aligned).map_err(|error| format!("not a genesis: {error}"))
    }

    /// Checks the parts against each other and returns the parameters.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn check(&self) -> Result<Params, GenesisError> {
        let params = Params::from_values(self.params.clone())?;
        self.catalogue.check().map_err(GenesisError::Catalogue)?;
        if usize::from(self.feeders) > MAX_FEEDERS {
            return Err(GenesisError::TooMany(format!("there can be {MAX_FEEDERS} price feeders, not {}", self.feeders)));
        }
        params.check_feeders(self.feeders.into())?;
        if self.accounts.len() > (u32::MAX / 2) as usize {
            return Err(GenesisError::TooMany(format!("{} accounts are too many", self.accounts.len())));
        }
        let cap = u128::from(params.supply_cap()) * u128::from(XPL);
        self.check_grants()?;
        let allocated = self.supply();
        if allocated > cap {
            return Err(GenesisError::OverCap { allocated, cap });
        }
        Ok(params)
    }

    /// Nano-XPL that are issued at the beginning, whoever holds them.
    pub fn supply(&self) -> u128 {
        let grants = self.grants.iter().map(|grant| u128::from(grant.total));
        let amounts = self.accounts.iter().map(|a| a.amount).chain(grants).chain([self.treasury, self.builders]);
        amounts.fold(0u128, u128::saturating_add)
    }

    /// Of these, nano-XPL that can change hands: without locked accounts, grants, treasury and builders' fund.
    pub fn circulating(&self) -> u128 {
        self.accounts.iter().filter(|a| !a.locked).fold(0u128, |sum, a| sum.saturating_add(a.amount))
    }

    /// Checks grants and offices.
    fn check_grants(&self) -> Result<(), GenesisError> {
        if self.grants.len() as u64 >= MAX_SLOTS {
            return Err(GenesisError::TooMany(format!("{} grants are too many", self.grants.len())));
        }
        let mobile = |account: AccountId| self.accounts.get(account.index()).is_some_and(|account| !account.locked);
        for (i, grant) in self.grants.iter().enumerate() {
            if grant.total == 0 || !mobile(grant.account) || !grant.schedule.is_sound() {
                return Err(GenesisError::Unsound(format!(
                    "grant {i} must be of more than nothing, to an account that can move, on a schedule that runs forward: {grant:?}"
                )));
            }
        }
        for (office, account) in [("committee", self.committee), ("custodian", self.custodian), ("council", self.council)] {
            if account.is_some() && !mobile(account) {
                return Err(GenesisError::Unsound(format!("the {office}, {account}, is no account that can move")));
            }
        }
        Ok(())
    }

    /// The first state, in tables.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub(crate) fn world(&self) -> Result<World, GenesisError> {
        let params = self.check()?;
        let cap = u128::from(params.supply_cap()) * u128::from(XPL);
        let mut world = world::empty(params, self.catalogue.clone());
        world::grow(&mut world, self.accounts.len(), 0, 0);
        let mut rows = SystemState::<Rows>::new(&mut world);
        rows.get_mut(&mut world).expect("the tables were just made").with(|state| self.fill(state, cap));
        Ok(world)
    }

    fn fill(&self, state: &mut State, cap: u128) {
        let clock = &mut state.clock;
        clock.genesis = self.start;
        clock.now = self.start;
        clock.epoch_started = self.start;
        clock.epoch_ends = self.start.saturating_add(state.params.epoch_length());
        state.fees.base = state.params.fee_base();
        *state.market = Market::opening(state.params, state.catalogue.classes.len(), self.start);
        state.ledger.cap = cap;
        state.ledger.unissued = cap;
        state.population.feeders = u32::from(self.feeders);
        for (i, allocation) in self.accounts.iter().enumerate() {
            let locked = u32::from(allocation.locked);
            state.accounts[i] = Account { provider: ProviderId::NONE, locked, ..Account::default() };
            state.keys[i] = Key(allocation.key);
            state.population.accounts += 1;
            state.transfer_wide(Pot::Unissued, Pot::Free(AccountId(i as u32)), allocation.amount);
            if allocation.locked {
                state.ledger.locked += allocation.amount;
            }
        }
        for (i, grant) in self.grants.iter().enumerate() {
            let id = GrantId::new(i as u64 + 1, i as u32);
            state.make_grant(Pot::Unissued, id, grant.total, grant.schedule, grant.account);
        }
        let governance = &mut *state.governance;
        (governance.committee, governance.custodian, governance.council) = (self.committee, self.custodian, self.council);
        state.transfer_wide(Pot::Unissued, Pot::Treasury, self.treasury);
        state.transfer_wide(Pot::Unissued, Pot::Builders, self.builders);
        state.ledger.initial = cap - state.ledger.unissued;
    }
}
