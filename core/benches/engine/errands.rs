//! What people do beside their jobs where every system is on: delegate, move, leave, claim, propose, vote, post prices.

use crate::workload::{CUSTOMERS, Crowd};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Arrival;
use plasma_core::ids::{AccountId, GrantId, ProviderId};
use plasma_core::money::XPL;
use plasma_core::protocol::delegation::{ClaimRewards, Delegate, Undelegate};
use plasma_core::protocol::governance::Vote;
use plasma_core::protocol::governance::action::ProposeReport;
use plasma_core::protocol::oracle::PostPrice;
use plasma_core::protocol::redelegation::Redelegate;
use plasma_core::protocol::vesting::Claim;
use plasma_core::record::{Command, Origin};
use plasma_core::time::Time;

impl Crowd {
    /// One of them, by somebody.
    #[inline(never)]
    pub fn errand(&mut self, view: &State, time: Time) -> Arrival {
        let customer = self.random() % CUSTOMERS;
        let providers = u64::from(self.providers);
        let provider = ProviderId((self.random() % providers) as u32);
        // Whom a customer delegates to stays the same, so that there is something to claim, to move and to take back.
        let chosen = |n: u64| ProviderId(((customer * 7 + n * 13) % providers) as u32);
        let (amount, kind) = (XPL + self.random() % (100 * XPL), self.random() % 16);
        let command: Command = match kind {
            0..=5 => Delegate { amount, provider: chosen(amount % 4), pad: 0 }.into(),
            6..=8 => ClaimRewards { provider: chosen(amount % 4) }.into(),
            9 => Undelegate { amount: amount / 4, provider: chosen(amount % 4), pad: 0 }.into(),
            10 => Redelegate { amount: amount / 4, from: chosen(amount % 4), to: provider }.into(),
            11 => Claim { grant: GrantId::new(customer + 1, customer as u32) }.into(),
            12..=14 => match view.proposals.iter().last() {
                Some(open) => Vote { proposal: open.id, choice: (amount % 4) as u32, pad: 0 }.into(),
                None => ProposeReport { digest: [1; 32] }.into(),
            },
            _ => {
                let micro_usd = 100_000 + amount % 10_000;
                return Arrival { time, origin: Origin::Feeder(0), command: PostPrice { micro_usd }.into() };
            }
        };
        Arrival { time, origin: Origin::Account(AccountId(self.providers + customer as u32)), command }
    }
}
