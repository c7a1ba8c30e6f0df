//! The books of a run, kept from what its records say and from nothing else, and held against the ledger at the end of every epoch:
//! what was minted, burned, rewarded, granted and cut sums exactly to where it came from.

use plasma_core::catalogue::Kind;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::genesis::Genesis;
use plasma_core::ids::LeaseId;
use plasma_core::protocol::settlement::Settled;
use plasma_core::record::{Cause, Command, Event, Record};
use std::collections::BTreeMap;

macro_rules! places {
    ($($(#[doc = $text:literal])* $name:ident,)*) => {
        /// What is kept account of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Place {
            $($(#[doc = $text])* $name,)*
        }

        impl Place {
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

places! {
    Minted,
    Burned,
    Treasury,
    /// Emission that providers have yet to receive.
    ProviderPool,
    /// Emission and fees that stakers have yet to receive.
    StakerPool,
    /// What delegated stake has earned and nobody has claimed.
    Unclaimed,
    Builders,
    Awards,
    /// Unvested.
    Grants,
    Bonds,
    /// Of others, with providers or on its way back.
    Stake,
    Holdback,
    Vault,
    /// Put aside for requests to deployments.
    Tabs,
    /// Deposits of sealed asks.
    Sealed,
    /// Deposits of proposals.
    Proposals,
    /// Deposits of challenges.
    Challenges,
}

use Place::*;

/// An amount that came to a place, or left it.
type Flow = (Place, i128);

/// What records have said so far.
pub struct Books {
    said: BTreeMap<Place, i128>,
    /// How often each place was spoken of.
    pub met: BTreeMap<Place, u64>,
    /// What running leases will cost, and whether they are deployments, which cost less if they end early.
    prices: BTreeMap<LeaseId, (i128, bool)>,
    pub epochs: u64,
}

impl Books {
    pub fn new(genesis: &Genesis) -> Self {
        let granted = genesis.grants.iter().map(|grant| i128::from(grant.total)).sum();
        let (treasury, builders) = (genesis.treasury as i128, genesis.builders as i128);
        let said = BTreeMap::from([(Treasury, treasury), (Builders, builders), (Grants, granted)]);
        Self { said, met: BTreeMap::new(), prices: BTreeMap::new(), epochs: 0 }
    }

    fn enter(&mut self, flows: &[Flow]) {
        for &(place, amount) in flows.iter().filter(|(_, amount)| *amount != 0) {
            *self.said.entry(place).or_default() += amount;
            *self.met.entry(place).or_default() += 1;
        }
    }

    /// A payment's parts are its price, brought to its credit's worth where there is one.
    fn settle(&mut self, settled: &Settled) {
        let parts: i128 = [settled.paid, settled.burned, settled.treasury, settled.stakers].map(i128::from).iter().sum();
        let (price, deployment) = self.prices.remove(&settled.lease).expect("it was leased");
        assert!(parts == price || deployment && parts < price, "{parts} of a price of {price}");
    }
}

impl Observer for Books {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { fee, .. } = record.cause {
            self.enter(&[(Burned, fee.into())]);
        }
    }

    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        match event {
            Event::Leased(e) => {
                let program = view.catalogue.program(view.jobs.row(e.job.0).program).expect("it is known");
                self.prices.insert(e.lease, (e.price.into(), program.kind == Kind::Deployment));
            }
            Event::Reminted(e) => {
                let more = i128::from(e.reminted) + i128::from(e.minted) - i128::from(e.deposited);
                self.prices.get_mut(&e.lease).expect("it was leased").0 += more;
            }
            Event::Settled(e) => self.settle(e),
            _ => {}
        }
        self.enter(&flows(record, event));
    }

    fn epoch_closed(&mut self, view: &State) {
        self.epochs += 1;
        for (place, held) in held(view) {
            let said = self.said.get(&place).copied().unwrap_or(0);
            assert_eq!(said, held, "{place:?} at the end of epoch {}", self.epochs);
        }
    }
}

/// What the ledger holds.
fn held(view: &State) -> impl Iterator<Item = Flow> {
    let (ledger, staking) = (&view.ledger, &view.staking);
    let unclaimed: u128 = staking.pools.iter().map(|pool| u128::from(pool.rewards)).sum();
    let pooled: u128 = staking.pools.iter().map(|pool| u128::from(pool.stake.holds)).sum();
    let leaving: u128 = staking.leaving.values().map(|left| u128::from(left.fund.holds)).sum();
    let bonds: u128 = view.providers().iter().map(|provider| provider.bond).sum();
    let amount = move |place: Place| match place {
        Minted => ledger.minted,
        Burned => ledger.burned,
        Treasury => ledger.treasury,
        ProviderPool => ledger.provider_pool,
        StakerPool => ledger.staker_pool,
        Unclaimed => unclaimed,
        Builders => ledger.builders,
        Awards => ledger.awards,
        Grants => ledger.vesting,
        Bonds => bonds,
        Stake => pooled + leaving,
        Holdback => ledger.holdback,
        Vault => ledger.vault,
        Tabs => ledger.tabs,
        Sealed => ledger.sealed,
        Proposals => ledger.proposals,
        Challenges => ledger.challenges,
    };
    Place::ALL.iter().map(move |&place| (place, i128::try_from(amount(place)).expect("far less")))
}

/// What an event says of amounts; where it follows a command's, what that says.
fn flows(record: &Record, event: &Event) -> Vec<Flow> {
    let of = i128::from;
    let asked = match record.cause {
        Cause::Command { command, .. } => of(asked(&command)),
        Cause::Timer(_) => 0,
    };
    let claimed = |reward: u64, returned: u64| [(Unclaimed, -of(reward) - of(returned)), (StakerPool, of(returned))];
    let cut = |place, burned: u64, reward: u64| vec![(place, -of(burned) - of(reward)), (Burned, of(burned))];
    match event {
        Event::Emitted(e) => {
            let parts = [(ProviderPool, e.providers), (StakerPool, e.stakers), (Treasury, e.treasury), (Builders, e.builders)];
            let minted = parts.iter().map(|(_, part)| of(*part)).sum();
            parts.into_iter().map(|(place, part)| (place, of(part))).chain([(Minted, minted)]).collect()
        }
        Event::Rewarded(e) => vec![(ProviderPool, -of(e.work)), (StakerPool, -of(e.stake))],
        Event::StakeRewarded(e) => vec![(StakerPool, -of(e.commission) - of(e.delegators)), (Unclaimed, of(e.delegators))],
        Event::Settled(e) => vec![(Burned, of(e.burned)), (Treasury, of(e.treasury)), (StakerPool, of(e.stakers))],
        Event::Reminted(e) => vec![(Vault, of(e.deposited) - of(e.reminted)), (Minted, of(e.minted))],
        Event::Delegated(e) => [vec![(Stake, asked)], claimed(e.reward, 0).to_vec()].concat(),
        Event::Undelegated(e) => claimed(e.reward, 0).to_vec(),
        Event::Redelegated(e) => claimed(e.reward, 0).to_vec(),
        Event::Arrived(e) => claimed(e.reward, 0).to_vec(),
        Event::Claimed(e) => claimed(e.reward, 0).to_vec(),
        Event::GrantStaked(e) => [vec![(Stake, asked), (Grants, -asked)], claimed(e.reward, e.returned).to_vec()].concat(),
        Event::GrantUnstaked(e) => claimed(e.reward, e.returned).to_vec(),
        Event::GrantClaimed(e) => claimed(e.reward, e.returned).to_vec(),
        Event::Released(e) => vec![(Stake, -of(e.amount))],
        Event::GrantReturned(e) => vec![(Stake, -of(e.amount) - of(e.excess)), (Grants, of(e.amount))],
        Event::Bonded(_) => vec![(Bonds, asked)],
        Event::Unbonding(e) => vec![(Bonds, -of(e.amount))],
        Event::Slashed(e) => cut(Bonds, e.burned, e.reward),
        Event::StakeSlashed(e) => cut(Stake, e.burned, e.reward),
        Event::LeavingSlashed(e) => cut(Stake, e.burned, e.reward),
        Event::MovedSlashed(e) => cut(Stake, e.burned, e.reward),
        Event::Seized(e) => cut(Holdback, e.burned, e.reward),
        Event::Withheld(e) => vec![(Holdback, of(e.amount))],
        Event::HoldbackReleased(e) => vec![(Holdback, -of(e.amount))],
        Event::GrantOpened(e) => vec![(Treasury, -of(e.total)), (Grants, of(e.total))],
        Event::Vested(e) => vec![(Grants, -of(e.amount))],
        event => requests(event, asked).unwrap_or_else(|| deposits_and_funds(event, asked)),
    }
}

/// [`flows`] of tabs and receipts; nothing of any other event.
fn requests(event: &Event, asked: i128) -> Option<Vec<Flow>> {
    let of = i128::from;
    match event {
        Event::TabFunded(_) => Some(vec![(Tabs, asked)]),
        Event::ReceiptPaid(e) => {
            let whole = of(e.paid) + of(e.burned) + of(e.treasury) + of(e.stakers);
            Some(vec![(Tabs, -whole), (Burned, of(e.burned)), (Treasury, of(e.treasury)), (StakerPool, of(e.stakers))])
        }
        Event::Redeemed(e) => {
            let more = of(e.reminted) + of(e.minted) - of(e.deposited);
            Some(vec![(Tabs, more), (Vault, of(e.deposited) - of(e.reminted)), (Minted, of(e.minted))])
        }
        Event::TabReturned(e) => Some(vec![(Tabs, -of(e.amount))]),
        _ => None,
    }
}

/// [`flows`] of deposits, of the treasury and of the builders' fund.
fn deposits_and_funds(event: &Event, asked: i128) -> Vec<Flow> {
    let of = i128::from;
    match event {
        Event::Verified(e) => vec![(Treasury, -of(e.reward))],
        Event::TrapFound(e) => vec![(Treasury, -of(e.reward))],
        Event::FoundWrong(e) => vec![(Treasury, -of(e.reward))],
        Event::Challenged(e) => vec![(Challenges, of(e.deposit))],
        Event::Judged(e) => vec![(Challenges, -of(e.to_worker) - of(e.returned)), (Treasury, -of(e.reward))],
        Event::CheckerJudged(e) => vec![(Challenges, -of(e.from_deposit)), (Treasury, -of(e.from_treasury))],
        Event::AskSealed(e) => vec![(Sealed, of(e.deposit))],
        Event::AskRevealed(e) => vec![(Sealed, -of(e.deposit))],
        Event::AskForfeited(e) => vec![(Sealed, -of(e.deposit)), (Burned, of(e.deposit))],
        Event::Proposed(e) => vec![(Proposals, of(e.deposit))],
        Event::Tallied(e) => vec![(Proposals, -of(e.returned) - of(e.burned)), (Burned, of(e.burned))],
        Event::TreasurySpent(e) => vec![(Treasury, -of(e.amount))],
        Event::TreasuryBurned(e) => vec![(Treasury, -of(e.amount)), (Burned, of(e.amount))],
        Event::OrderPlaced(e) => vec![(Treasury, -of(e.sent))],
        Event::OrderReturned(_) => vec![(Treasury, asked)],
        Event::AwardOpened(e) => {
            let whole = of(e.amount) * i128::from(e.milestones);
            vec![(Builders, -whole), (Awards, whole)]
        }
        Event::MilestonePaid(e) => vec![(Awards, -of(e.amount))],
        Event::AwardClosed(e) => vec![(Awards, -of(e.returned)), (Builders, of(e.returned))],
        _ => Vec::new(),
    }
}

/// What a command brings somewhere.
fn asked(command: &Command) -> u64 {
    match command {
        Command::Bond(c) => c.amount,
        Command::Delegate(c) => c.amount,
        Command::FundTab(c) => c.amount,
        Command::StakeGrant(c) => c.amount,
        Command::TreasuryDeposit(c) => c.amount,
        _ => 0,
    }
}
