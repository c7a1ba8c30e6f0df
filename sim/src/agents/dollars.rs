//! US dollars, in integer micro-USD, outside the core: who holds how many, and how they move.
//!
//! Nothing comes from nowhere. What customers bring and electricity costs crosses the border to the *outside*, whose balance is
//! kept too: all balances sum to zero at every moment.

use plasma_core::ids::AccountId;
use rkyv::{Archive, Deserialize, Serialize};

/// Every balance.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Dollars {
    wallets: Vec<u64>,
    outside: i128,
    /// Micro-USD that customers brought in so far.
    pub brought_in: u64,
    /// Micro-USD that providers' owners put in, where income did not cover costs.
    pub put_in: u64,
    /// Micro-USD paid for electricity.
    pub electricity: u64,
}

/// Where dollars are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purse {
    /// The world beyond the economy.
    Outside,
    /// The holder of an account.
    Of(AccountId),
}

/// A purse holds less than was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

impl Dollars {
    /// Empty purses for so many accounts.
    pub fn new(accounts: usize) -> Self {
        Self { wallets: vec![0; accounts], ..Self::default() }
    }

    /// Micro-USD that the holder of an account has.
    #[inline]
    pub fn of(&self, account: AccountId) -> u64 {
        self.wallets.get(account.index()).copied().unwrap_or(0)
    }

    /// Accounts that have a purse.
    pub fn accounts(&self) -> usize {
        self.wallets.len()
    }

    /// Moves micro-USD. The outside is never short.
    ///
    /// # Errors
    /// [`Short`], and nothing has moved.
    pub fn transfer(&mut self, from: Purse, to: Purse, amount: u64) -> Result<(), Short> {
        if let Purse::Of(account) = from {
            let left = self.of(account).checked_sub(amount).ok_or(Short)?;
            self.wallets[account.index()] = left;
        } else {
            self.outside -= i128::from(amount);
        }
        match to {
            Purse::Outside => self.outside += i128::from(amount),
            Purse::Of(account) => self.wallets[account.index()] += amount,
        }
        Ok(())
    }

    /// Whether all balances sum to zero.
    pub fn conserved(&self) -> bool {
        // A damaged checkpoint may claim any number to be outside.
        self.wallets.iter().map(|&wallet| i128::from(wallet)).sum::<i128>().checked_add(self.outside) == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn purse() -> impl Strategy<Value = Purse> {
        prop_oneof![Just(Purse::Outside), (0..4u32).prop_map(|id| Purse::Of(AccountId(id)))]
    }

    proptest! {
        #[test]
        fn nothing_comes_from_nowhere(moves in prop::collection::vec((purse(), purse(), 0..1_000_000u64), 0..100)) {
            let mut dollars = Dollars::new(4);
            for (from, to, amount) in moves {
                let before = dollars.clone();
                if dollars.transfer(from, to, amount).is_err() {
                    prop_assert_eq!(&before, &dollars);
                }
                prop_assert!(dollars.conserved());
            }
        }
    }
}
