//! The end of an epoch: stocks, what deters, who holds what, and the row that comes of it.

use super::{Metrics, Span};
use crate::metrics::concentration::Concentration;
use crate::metrics::owners::gather;
use crate::metrics::row::{RegionRow, Spread, Stocks};
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, ProviderId};
use plasma_core::protocol::provider::{Provider, Status};
use plasma_core::time::{Time, YEAR};

impl Metrics {
    /// The epoch is over: its row is made and the next begins.
    pub(super) fn close_epoch(&mut self, view: &State) {
        let now = view.clock.now;
        self.capacity.settle(&mut self.epoch.row.classes, now);
        // Parameters may change between epochs, and with them who can lease and which posts are stale.
        self.capacity.refresh_all(view, &mut self.epoch.row.classes, now);
        self.quote.forget();
        self.staked.change(&mut self.epoch.row.staked_time, now, |stake| stake);
        self.delegated.change(&mut self.epoch.row.delegated_time, now, |stake| stake);
        let mut stocks = self.stocks(view);
        (stocks.deterrence, stocks.cheat_loses) = self.deterrence(view, stocks.price_micro_usd).unzip();
        stocks.false_positive_loss = self.false_positive_loss(view);
        let row = &mut self.epoch.row;
        row.epoch = view.clock.epoch - 1;
        row.closed = now;
        row.stocks = stocks;
        row.provider_time = u128::from(stocks.providers) * u128::from(row.span());
        row.circulating_time = self.known.circulating * u128::from(row.span());
        let (before, after) = (self.known.price, stocks.price_micro_usd);
        if before > 0 && after > 0 {
            row.dollars.revaluation = self.known.circulating as i128 * (i128::from(after) - i128::from(before));
        }
        // A price that is stale for a while is taken up again where it was left.
        self.known.price = if after > 0 { after } else { before };
        self.known.circulating = stocks.circulating;
        // The year ended with the epoch before, and so did who was active in it.
        self.close_year();
        self.count_regions(view);
        self.get_to_know(view);
        self.closed.push(self.epoch.finish(&self.known, &self.owners));
        self.run.append(&self.epoch);
        self.year.append(&self.epoch);
        self.open_epoch(now, stocks.supply, stocks.treasury);
    }

    /// Puts the running year away when the epoch at hand began in a later one.
    fn close_year(&mut self) {
        let year_of = |time: Time| (time - self.start) / YEAR;
        if self.year.row.span() > 0 && year_of(self.year.row.opened) != year_of(self.epoch.row.opened) {
            self.years.push(self.year.finish(&self.known, &self.owners));
            self.year = Span::default();
        }
    }

    fn stocks(&mut self, view: &State) -> Stocks {
        let ledger = &view.ledger;
        Stocks {
            supply: ledger.supply(),
            circulating: ledger.circulating(),
            unissued: ledger.unissued,
            locked: ledger.locked,
            treasury: ledger.treasury,
            builders: ledger.builders,
            staked: self.staked.nano,
            unbonding: ledger.unbonding,
            price_micro_usd: self.quote.at(view, view.clock.now),
            // A job waits or is leased: what has no lease is in line.
            queue: (view.jobs.len() - view.leases.len()) as u64,
            providers: view.providers().iter().filter(|provider| is_active(provider)).count() as u64,
            gpus: self.capacity.gpus(),
            deterrence: None,
            cheat_loses: None,
            avoidable: None,
            false_positive_loss: None,
            power_to_pass: self.known.power_to_pass,
        }
    }

    /// Remembers the providers as the epoch's end shows them.
    fn get_to_know(&mut self, view: &State) {
        let bond = |provider: &Provider| u64::try_from(provider.bond).unwrap_or(u64::MAX);
        let mut bonds: Vec<u64> = view.providers().iter().map(bond).collect();
        self.known.providers.clear();
        self.known
            .providers
            .extend(view.providers().iter().map(|provider| (is_active(provider), self.owners.of(provider.owner))));
        let owners = self.known.providers.iter().map(|&(_, owner)| owner);
        let owned = self.owners.are_known().then(|| gather(owners.zip(bonds.iter().copied())));
        let (votes, votes_owned) = self.votes(view);
        self.known.stake = Spread {
            stake: Concentration::of(&mut bonds),
            stake_owned: owned.and_then(|mut owned| Concentration::of(&mut owned)),
            votes,
            votes_owned,
            ..Spread::default()
        };
    }

    /// How unevenly power to vote is spread: bonds with what is delegated to them, and what grants still hold where that may vote.
    fn votes(&self, view: &State) -> (Option<Concentration>, Option<Concentration>) {
        let held = |power: u128| u64::try_from(power).unwrap_or(u64::MAX);
        let may_vote = view.params.vesting_may_vote() == 1;
        let delegated = |i: usize| {
            let (staking, id) = (&view.staking, ProviderId(i as u32));
            u128::from(staking.delegated(id) - if may_vote { 0 } else { staking.locked(id) })
        };
        let power = |(i, p): (usize, &Provider)| (p.owner, held(p.bond.saturating_add(delegated(i))));
        let mut powers: Vec<(AccountId, u64)> = view.providers().iter().enumerate().map(power).collect();
        if may_vote {
            powers.extend(view.governance.unvested.iter().map(|(&account, &power)| (account, held(power))));
        }
        let mut by_account = gather(powers.iter().map(|&(account, power)| (account.0, power)));
        let owned =
            self.owners.are_known().then(|| gather(powers.iter().map(|&(account, power)| (self.owners.of(account), power))));
        (Concentration::of(&mut by_account), owned.and_then(|mut owned| Concentration::of(&mut owned)))
    }

    /// Counts who is active in each region.
    fn count_regions(&mut self, view: &State) {
        let regions = &mut self.epoch.row.regions;
        for provider in view.providers().iter().filter(|provider| is_active(provider)) {
            RegionRow::of(regions, provider.region).providers += 1;
        }
    }
}

/// Whether a provider counts as active: in the market, with GPUs.
fn is_active(provider: &Provider) -> bool {
    provider.status == Status::Active && provider.gpus > 0
}
