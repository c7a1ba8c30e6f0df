//! Why a command was refused, in words a person can act on.

use crate::engine::state::State;
use crate::record::{Apply, Record, payload};
use std::fmt;

macro_rules! rejections {
    ($($code:literal $name:ident $text:literal,)+) => {
        /// The reason of a refusal. The command changed nothing but its base fee.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum Rejection { $(#[doc = $text] $name = $code),+ }

        impl Rejection {
            /// Every reason, by code.
            pub const ALL: &[Rejection] = &[$(Rejection::$name),+];

            /// What is wrong and what to do. `{need}` stands for the number in [`Refused::need`].
            pub const fn text(self) -> &'static str { match self { $(Rejection::$name => $text),+ } }
        }
    };
}

rejections! {
    0 InsufficientFunds "the account's free balance is {need} nano-XPL short: fund it, or ask for less",
    1 NotPermitted "this origin may not send this command",
    2 UnknownAccount "no such account: open it first",
    3 AccountLocked "the account is locked until its vesting releases it",
    4 AlreadyProvider "the account already is a provider: it needs no second registration",
    5 NotAProvider "the account is not a provider: register first",
    6 ProviderInactive "the provider is not active: resume it, or wait until its jail ends",
    7 ProviderRetired "the provider has retired: register from a new account",
    8 StillJailed "the provider stays in jail for {need} ms more",
    9 LeasesOpen "the provider still has {need} open leases: drain first and wait for them to settle",
    10 BondTooSmall "the bond is {need} nano-XPL short for these GPUs: bond more, or offer fewer",
    11 UnknownClass "no such GPU class in the catalogue",
    12 UnknownOffer "no such offer of this provider",
    13 UnknownProgram "no such program in the catalogue",
    14 BadGpuCount "a lease takes 1, 2, 4, … 128 GPUs of one offer, and an offer has 1 to 1024",
    15 BadPrice "the ask must be above zero",
    16 BadSizes "these sizes make a cost beyond what can be counted: split the job",
    17 NoClassFits "no GPU class satisfies the job's memory, datatypes and class list",
    18 BadDeadline "the job's times must not lie in the past, nor its deadline before its latest start",
    19 BadBudget "the budget must be above zero",
    20 UnknownJob "no such open job of this account",
    21 NotQueued "only a queued job can be cancelled: a leased deployment is stopped instead",
    22 UnknownLease "no such open lease",
    23 NotYourLease "the lease belongs to another party",
    24 NotRunning "the lease has already committed its result",
    25 NotADeployment "only a deployment can be stopped before its end",
    26 NotUnderCheck "no check by this provider is due on the lease",
    27 ZeroAmount "the amount must be above zero",
    28 UnknownFeeder "no such price feeder",
    29 TooManyRows "the table is full: this network has reached the largest number of rows or rounds that it can count",
    30 BadPolicy "no such verification policy",
    31 NoSealedAsks "this market does not take sealed asks: quote the offer instead",
    32 WrongPhase "asks are sealed in one batch and revealed in the next: wait {need} ms for the other",
    33 NothingSealed "no ask of this offer is sealed and unrevealed",
    34 BadOpening "price and salt do not open the sealed ask",
    35 NoOraclePrice "no price of XPL is fresh: wait until feeders post one",
    36 VaultHalted "the vault's collateral has fallen below settle.halt: wait until it recovers",
    37 CreditTooSmall "the budget is worth less than a micro-dollar: raise it",
    40 DelegationOff "stake.delegation is off: this network takes no stake but providers' own bonds",
    41 OwnProvider "the account owns this provider: bond instead",
    42 ProviderGone "the provider has retired and takes no stake: choose another",
    43 StakeTooSmall "stake must come in amounts of at least {need} nano-XPL",
    44 RatioExceeded "the provider may take only {need} nano-XPL more stake for the bond it has: choose another",
    45 NoDelegation "the account has no stake with this provider",
    46 StakeShort "the stake with this provider is {need} nano-XPL short: ask for less",
    47 TooManyShares "the stake there has lost so much that new shares of it cannot be counted: take at most {need} nano-XPL, or wait \
        until the next epoch",
    48 CommissionTooFar "the commission cannot be set to that now: the nearest that it can is {need} parts per billion",
    49 SameProvider "the stake is with this provider already: name another",
}

payload! {
    /// A command was admitted and refused; its base fee stays burned.
    pub struct Refused {
        /// A number that the reason's text speaks of.
        pub need: u64,
        /// The [`Rejection`]'s code.
        pub code: u32,
        /// Zero.
        pub pad: u32,
    }
}

impl Refused {
    /// The reason, if this binary knows its code.
    pub fn reason(&self) -> Option<Rejection> {
        Rejection::ALL.iter().copied().find(|reason| *reason as u32 == self.code)
    }
}

impl Apply for Refused {
    /// Nothing: the base fee was burned when the command was admitted.
    fn apply(&self, _state: &mut State, _record: &Record) {}
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => f.write_str(&reason.text().replace("{need}", &self.need.to_string())),
            None => write!(f, "reason {}", self.code),
        }
    }
}

/// A refusal on its way from `decide` to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Rejection,
    /// The number its text speaks of, or zero.
    pub need: u64,
}

impl From<Rejection> for Refusal {
    fn from(reason: Rejection) -> Self {
        Self { reason, need: 0 }
    }
}

impl Rejection {
    /// The refusal with the number that its text speaks of.
    pub const fn needing(self, need: u64) -> Refusal {
        Refusal { reason: self, need }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { need: refusal.need, code: refusal.reason as u32, pad: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_known() {
        assert!(Rejection::ALL.is_sorted_by(|a, b| (*a as u32) < *b as u32));
        for &reason in Rejection::ALL {
            assert_eq!(Refused::from(Refusal::from(reason)).reason(), Some(reason));
        }
        let refused = Refused::from(Rejection::LeasesOpen.needing(3));
        assert!(refused.to_string().contains("3 open leases"));
    }
}
