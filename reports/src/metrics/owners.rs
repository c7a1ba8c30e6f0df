//! True owners: who stands behind an account. The ledger does not know; whoever simulates does.

use plasma_core::ids::AccountId;
use rkyv::{Archive, Deserialize, Serialize};

/// The owner of each account, named by the first of their accounts. Accounts beyond the list own themselves.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    known: bool,
    by_account: Vec<u32>,
    small: Vec<bool>,
}

impl Owners {
    /// What is known: `by_account[a]` is the first account of whoever owns account `a`.
    pub fn new(by_account: Vec<u32>) -> Self {
        Self { known: true, by_account, small: Vec::new() }
    }

    /// The same, told whose account each is that has GPUs to lend, but fewer over all providers of its owner than a server has.
    #[must_use]
    pub fn with_small(self, small: Vec<bool>) -> Self {
        Self { small, ..self }
    }

    /// Whether the owner of an account is small: nobody is where nobody told.
    #[inline]
    pub fn is_small(&self, account: AccountId) -> bool {
        self.small.get(account.index()).copied().unwrap_or(false)
    }

    /// Whether anybody told.
    pub const fn are_known(&self) -> bool {
        self.known
    }

    /// Who stands behind an account: the account itself where nobody told.
    #[inline]
    pub fn of(&self, account: AccountId) -> u32 {
        self.by_account.get(account.index()).copied().unwrap_or(account.0)
    }
}

/// Sums holdings by owner, in the order of owners.
pub(super) fn gather(holdings: impl Iterator<Item = (u32, u64)>) -> Vec<u64> {
    let mut owned: Vec<(u32, u64)> = holdings.collect();
    owned.sort_unstable();
    let of_one = owned.chunk_by(|(one, _), (other, _)| one == other);
    of_one.map(|holdings| holdings.iter().fold(0, |sum: u64, (_, amount)| sum.saturating_add(*amount))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_holds_what_all_their_accounts_hold() {
        let owners = Owners::new(vec![0, 1, 0, 0]);
        let sums = |owners: &Owners| {
            let holdings = [(0, 5), (1, 7), (2, 11), (9, 13)];
            gather(holdings.into_iter().map(|(id, amount)| (owners.of(AccountId(id)), amount)))
        };
        assert_eq!(sums(&owners), [16, 7, 13]);
        assert_eq!(sums(&Owners::default()), [5, 7, 11, 13]);
        assert!(owners.are_known() && !Owners::default().are_known());
    }
}
