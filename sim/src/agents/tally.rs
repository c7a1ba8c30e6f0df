//! What agents know and the ledger does not say: candidates that declined, trades that were refused, entries and exits.

use rkyv::{Archive, Deserialize, Serialize};

/// Counts since genesis.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Candidates of the true rate, by group of customers.
    pub candidates: Vec<u64>,
    /// Those that found the price above their reservation, by group.
    pub declined: Vec<u64>,
    /// Those that went to a cloud, by group.
    pub to_cloud: Vec<u64>,
    /// Those that no GPU of the network serves by their deadline, by group.
    pub unserved: Vec<u64>,
    /// Those that came and would not have, had the network cost a hundredth more, by group.
    pub wavering: Vec<u64>,
    /// Those that could not buy the XPL they needed, by group.
    pub unfunded: Vec<u64>,
    /// Jobs settled of customers whom builders brought …
    pub brought_jobs: u64,
    /// … and micro-USD that these customers paid, fees and requests included, at the oracle's price of the moment.
    pub brought_paid: u128,
    /// Purchases of XPL that the market maker could not fill.
    pub purchases_refused: u64,
    /// Sales of XPL that the market maker could not pay.
    pub sales_refused: u64,
    /// Purchases and sales of XPL, in the order of [`Party::ALL`].
    pub trades: [Trades; Party::ALL.len()],
    /// Micro-USD of electricity that providers used, booked weekly.
    pub electricity: u128,
    /// Micro-USD that their GPUs would have earned elsewhere in the hours that they worked here, booked weekly.
    pub forgone: u128,
    /// Of both, those of providers with few GPUs: [`crate::economy::Economy::small`].
    pub small: Costs,
    /// Micro-USD that not computing the leases that began would have been worth at most: the larger of electricity beyond standby
    /// and what the GPUs would have earned elsewhere.
    pub avoidable: u128,
    /// Micro-USD of emission that providers expected for their work when they quoted.
    pub emission_expected: u128,
    /// Micro-USD of it that they counted against their costs, before mark-up and fee.
    pub emission_passed_on: u128,
    /// Providers that joined on schedule.
    pub joined: u64,
    /// Providers that entered because it paid.
    pub entered: u64,
    /// Providers that left because it did not pay.
    pub left: u64,
    /// Providers that switched off without notice.
    pub went_dark: u64,
    /// Results that honest machines got wrong.
    pub faulty: u64,
    /// Leases that the scenario let go missing.
    pub missed: u64,
    /// Commands of agents that were refused, by the code of the reason.
    pub refused: Vec<u64>,
    /// Commands of agents that were not admitted.
    pub inadmissible: u64,
}

/// What providers pay and give up, in micro-USD.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// See [`Tally::electricity`].
    pub electricity: u128,
    /// See [`Tally::forgone`].
    pub forgone: u128,
}

/// Who trades XPL for dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Those who buy work.
    Customers,
    /// Those who sell it.
    Providers,
    /// Those who do neither.
    Traders,
    /// Those who only hold.
    Holders,
    /// Those who want more than their share, beside the providers they own.
    Attackers,
    /// The treasury's custodian.
    Treasury,
    /// Builders, the committee and the council: those who pay fees in an office.
    Builders,
}

impl Party {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Customers, Self::Providers, Self::Traders, Self::Holders, Self::Attackers, Self::Treasury, Self::Builders];
}

/// What one party bought and sold.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trades {
    /// Nano-XPL bought.
    pub bought: u128,
    /// … for so many micro-USD.
    pub spent: u128,
    /// Nano-XPL sold.
    pub sold: u128,
    /// … for so many micro-USD.
    pub received: u128,
}

impl Trades {
    pub(super) fn buy(&mut self, nano: u64, usd: u64) {
        self.bought += u128::from(nano);
        self.spent += u128::from(usd);
    }

    pub(super) fn sell(&mut self, nano: u64, usd: u64) {
        self.sold += u128::from(nano);
        self.received += u128::from(usd);
    }
}

impl Tally {
    /// What a party bought and sold.
    pub const fn of(&self, party: Party) -> &Trades {
        &self.trades[party as usize]
    }

    /// Nano-XPL that participants bought, and that they sold.
    pub fn bought_and_sold(&self) -> (u128, u128) {
        self.trades.iter().fold((0, 0), |(bought, sold), trades| (bought + trades.bought, sold + trades.sold))
    }

    /// Counts for so many groups of customers.
    pub fn new(groups: usize) -> Self {
        let zeros = vec![0; groups];
        let last = plasma_core::rejection::Rejection::ALL.last();
        let refused = vec![0; last.map_or(0, |last| *last as usize + 1)];
        Self {
            candidates: zeros.clone(),
            declined: zeros.clone(),
            to_cloud: zeros.clone(),
            unserved: zeros.clone(),
            wavering: zeros.clone(),
            unfunded: zeros,
            refused,
            ..Self::default()
        }
    }
}
