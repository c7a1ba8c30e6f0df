//! Accounts: who holds tokens, and transfers between them.

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{AccountId, ProviderId};
use crate::record::{Apply, Decide, Event, Origin, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use bevy_ecs::prelude::Component;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// An account's row.
#[derive(Component, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Account {
    /// Free balance in nano-XPL.
    pub free: u128,
    /// Commands admitted so far: the number that its next signed envelope must carry.
    pub nonce: u64,
    /// The provider it owns, or none.
    pub provider: ProviderId,
    /// 1 while its tokens are immobile, as unvested allocations are.
    pub locked: u32,
}

/// The public key that signs for an account, apart from the row because only hosts read it.
#[derive(Component, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Key(pub [u8; 32]);

payload! {
    /// Opens an account for a key. Sent by the host.
    pub struct OpenAccount {
        /// The key that will sign for it.
        pub key: [u8; 32],
    }

    /// Sends tokens to another account.
    pub struct Transfer {
        /// Nano-XPL.
        pub amount: u64,
        /// Who receives them.
        pub to: AccountId,
        /// Zero.
        pub pad: u32,
    }

    /// An account was opened.
    pub struct AccountOpened {
        /// Its identifier.
        pub account: AccountId,
    }

    /// Tokens went from the command's account to another.
    pub struct Transferred {}
}

// Decide

impl Decide for OpenAccount {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        record.require_host()?;
        if state.population.accounts >= MAX_ACCOUNTS {
            return Err(Rejection::TooManyRows.into());
        }
        events.push(AccountOpened { account: AccountId(state.population.accounts) }.into());
        Ok(())
    }
}

impl Decide for Transfer {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let from = state.mobile_account(record)?;
        if self.amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        // What is sent to a locked account would be locked with it, and nobody could take the mistake back.
        if state.account(self.to).ok_or(Rejection::UnknownAccount)?.locked != 0 {
            return Err(Rejection::AccountLocked.into());
        }
        from.1.require(self.amount)?;
        events.push(Transferred {}.into());
        Ok(())
    }
}

/// Identifiers above are kept for origins that are not accounts.
const MAX_ACCOUNTS: u32 = u32::MAX - 1024;

impl State<'_> {
    /// The account that sent the command, which must exist and be free to act.
    ///
    /// # Errors
    /// [`Rejection::NotPermitted`], [`Rejection::UnknownAccount`] or [`Rejection::AccountLocked`].
    pub(crate) fn mobile_account(&self, record: &Record) -> Result<(AccountId, &Account), Refusal> {
        let Some(Origin::Account(id)) = record.origin() else {
            return Err(Rejection::NotPermitted.into());
        };
        let account = self.account(id).ok_or(Rejection::UnknownAccount)?;
        if account.locked != 0 { Err(Rejection::AccountLocked.into()) } else { Ok((id, account)) }
    }
}

impl Account {
    /// Whether the free balance suffices.
    ///
    /// # Errors
    /// [`Rejection::InsufficientFunds`] with what is missing.
    pub(crate) fn require(&self, amount: u64) -> Result<(), Refusal> {
        match u128::from(amount).checked_sub(self.free) {
            None | Some(0) => Ok(()),
            Some(short) => Err(Rejection::InsufficientFunds.needing(u64::try_from(short).unwrap_or(u64::MAX))),
        }
    }
}

// Apply

impl Apply for AccountOpened {
    fn apply(&self, state: &mut State, record: &Record) {
        assert_eq!(self.account.0, state.population.accounts, "accounts open in order");
        let command = cause!(record, Command::OpenAccount);
        state.accounts[self.account.index()] = Account { provider: ProviderId::NONE, ..Account::default() };
        state.keys[self.account.index()] = Key(command.key);
        state.population.accounts += 1;
    }
}

impl Apply for Transferred {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Transfer);
        state.transfer(Pot::Free(record.account()), Pot::Free(command.to), command.amount);
    }
}

// Invariants

/// Locked balances add up to [`crate::engine::ledger::Ledger::locked`], and ownership of providers is mutual.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let locked = state.accounts().iter().filter(|a| a.locked != 0).map(|a| a.free).fold(0, u128::saturating_add);
    if locked != state.ledger.locked {
        return Err(format!("locked accounts hold {locked} nano-XPL, the ledger says {}", state.ledger.locked));
    }
    for (i, account) in state.accounts().iter().enumerate() {
        let owner = state.provider(account.provider).map(|provider| provider.owner.index());
        if account.provider.is_some() && owner != Some(i) {
            return Err(format!("account {i} claims {}, which it does not own", account.provider));
        }
    }
    for (i, provider) in state.providers().iter().enumerate() {
        if state.account(provider.owner).is_none_or(|owner| owner.provider.index() != i || owner.locked != 0) {
            return Err(format!("provider {i} claims {} as its owner", provider.owner));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::step::Inadmissible;
    use crate::money::XPL;
    use crate::testing::{Bench, names};

    #[test]
    fn a_transfer_moves_exactly_its_amount_and_burns_the_fee() {
        let mut bench = Bench::new(&[("fee.base", 7)]);
        assert_eq!(names(&bench.transfer(0, 1, 5 * XPL)), ["Transferred"]);
        assert_eq!(bench.free(0), u128::from(999_995 * XPL - 7));
        assert_eq!(bench.free(1), u128::from(1_000_005 * XPL));
        assert_eq!(bench.engine.view(|state| state.ledger.burned), 7);
    }

    #[test]
    fn transfers_of_nothing_to_nobody_beyond_means_or_into_a_lock_are_refused() {
        let mut bench = Bench::new(&[("fee.base", 7)]);
        let transfer = |amount, to| Transfer { amount, to: AccountId(to), pad: 0 };
        assert_eq!(bench.refused_by(0, transfer(0, 1)), Rejection::ZeroAmount);
        assert_eq!(bench.refused_by(0, transfer(1, 99)), Rejection::UnknownAccount);
        assert_eq!(bench.refused_by(0, transfer(1, 5)), Rejection::AccountLocked);
        assert_eq!(bench.refused(Origin::Host, transfer(1, 1)), Rejection::NotPermitted);
        // Four fees are gone by then, and the fifth is burned before the transfer is judged.
        let Event::Refused(refused) = bench.transfer(0, 1, 1_000_000 * XPL)[0] else { panic!("not refused") };
        assert_eq!((refused.reason(), refused.need), (Some(Rejection::InsufficientFunds), 4 * 7));
    }

    #[test]
    fn the_locked_and_the_poor_are_turned_away_without_a_record() {
        let mut bench = Bench::new(&[("fee.base", XPL)]);
        bench.transfer(0, 1, 999_998 * XPL);
        bench.by(0, Transfer { amount: 1, to: AccountId(1), pad: 0 });
        let (digest, records) = (bench.engine.digest(), bench.engine.environment().records.len());
        for account in [0, 5, 99] {
            bench.transfer(account, 1, 1);
        }
        assert_eq!((bench.engine.digest(), bench.engine.environment().records.len()), (digest, records));
        let why: Vec<_> = bench.engine.environment().turned_away.iter().map(|(_, why)| *why).collect();
        assert_eq!(why, [Inadmissible::NoFee, Inadmissible::Locked, Inadmissible::UnknownAccount]);
    }

    #[test]
    fn only_the_host_opens_accounts() {
        let mut bench = Bench::new(&[]);
        assert_eq!(bench.refused_by(0, OpenAccount { key: [1; 32] }), Rejection::NotPermitted);
        assert_eq!(bench.send(Origin::Host, OpenAccount { key: [1; 32] }), [AccountOpened { account: AccountId(6) }.into()]);
        bench.transfer(0, 6, XPL);
        assert_eq!(bench.free(6), u128::from(XPL));
    }
}
