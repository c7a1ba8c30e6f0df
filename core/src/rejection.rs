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
            /// Every reason, in the order of their codes.
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
    10 BondTooSmall "the bond is {need} nano-XPL short for the GPUs offered and those whose work is checked: bond more, or offer fewer",
    11 UnknownClass "no such GPU class in the catalogue",
    12 UnknownOffer "no such offer of this provider",
    13 UnknownProgram "no such program in the catalogue",
    14 BadGpuCount "a lease takes 1, 2, 4, … 128 GPUs of one offer, and an offer has 1 to 1024",
    15 BadPrice "the ask must be above zero",
    16 BadSizes "these sizes make a cost beyond what can be counted: split the job",
    17 NoClassFits "no GPU class satisfies the job's memory, datatypes and class list",
    18 BadDeadline "the job's times must not lie in the past, nor its deadline before its latest start",
    19 BadBudget "the budget must be above zero, and that of all copies below 2^64 nano-XPL",
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
    30 BadPolicy "a redundant job has 2 to 7 copies and is no deployment; every other policy has no copies",
    31 NoSealedAsks "this market does not take sealed asks: quote the offer instead",
    32 WrongPhase "asks are sealed in one batch and revealed in the next: wait {need} ms for the other",
    33 NothingSealed "no ask of this offer is sealed and unrevealed",
    34 BadOpening "price and salt do not open the sealed ask",
    35 NoOraclePrice "no price of XPL is fresh: wait until feeders post one",
    36 VaultHalted "the vault's collateral has fallen below settle.halt: wait until it recovers",
    37 CreditTooSmall "the amount is worth less than a micro-dollar: raise it",
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
    50 NotOpenToChallenge "the result is not open to challenge: it is your own, its time is over, or it is challenged already",
    51 MayNotCheck "a challenger must be active, offer GPUs and hold their bond",
    52 NotOnPanel "this provider has no seat on a panel on the lease",
    53 SealingOver "the time to seal is over, or this verdict is sealed already: reveal it",
    54 NoSealedVerdict "no verdict of this provider is sealed and unrevealed",
    55 StillSealing "others are still sealing their verdicts: reveal in {need} ms, or when all have",
    56 BadSeal "what was revealed does not open what was committed to",
    57 NotATrap "the root does not show that a confirmed result was planted",
    58 NothingToReveal "there is nothing to reveal: the lease is no copy, others are not committed yet, or its root is known",
    60 UnknownGrant "no such open grant of this account",
    61 NothingVested "nothing more of the grant has vested: wait {need} ms",
    62 BadSchedule "a grant's start, cliff and end must follow one another, and its months, 1200 at most, lead from start to end",
    63 UnknownProposal "no such open proposal",
    64 VotingOver "voting on the proposal has ended: it waits for its timelock",
    65 NoVotingPower "the account had nothing at stake when the proposal was made",
    66 BadChoice "a vote is 0 for yes, 1 for no, 2 to abstain or 3 to veto",
    67 TooManyProposals "{need} proposals are open and no more are allowed, to all or to one: wait until one closes",
    68 UnknownParameter "there is no such parameter, or the proposal names none: the table has {need}",
    69 FixedParameter "this parameter cannot change while the ledger runs, because what is recorded already depends on it",
    70 OutOfRange "the value lies outside its parameter's legal range, whose nearest end is {need}",
    71 Contradiction "these values would contradict the other parameters: change in one proposal what belongs together",
    72 FundShort "the treasury or the builders' fund holds {need} nano-XPL less than this takes",
    73 BadOffice "an office is 0 for the builders' committee, 1 for the treasury's custodian or 2 for the council",
    74 BadAward "an award has 1 to 32 milestones, at most ten years' time, and no more than 18.4 billion XPL",
    75 UnknownAward "no such open award",
    76 BadMilestone "the award has no such milestone, or it was paid before",
    77 UnknownOrder "no such outstanding order to this account",
    78 OrderFull "the order takes no more than {need} nano-XPL",
    79 ChecksOpen "the provider still answers for checks of {need} GPUs' work: drain first and wait for that to settle",
    80 TooManyMoves "stake is moving from this provider to others in {need} parts, and no more can be told apart: choose a provider \
        to which stake moves from it already in this epoch, wait until moves are complete, or undelegate",
    81 MoveTooSmall "stake is moving from this provider to so many others that a further part takes {need} nano-XPL: move as much, \
        choose a provider to which stake moves from it already in this epoch, wait until moves are complete, or undelegate",
    82 LockedStakeOff "vesting.may_stake is off: what has not vested does not stake here",
    83 GrantShort "the grant's pot is {need} nano-XPL short: ask for less, or unstake what it has staked and wait for it",
    84 NoTab "only a deployment has a tab and receipts: every other job is paid out of its budget",
    85 TabFull "the tab takes no more than {need} nano-XPL: ask for less",
    86 ReceiptBehind "a receipt must be for more than the one before, which is for {need} nano-XPL: sign for all that was served so far",
    87 TabShort "the job's tab is {need} nano-XPL short of the receipt: fund the tab first, or sign for less",
    90 NoClassNamed "the proposal names no class: name one to four whose weights it would set",
    91 WeightTooLarge "a class's weight is at most {need} parts per billion of the reference class's",
    92 VaultBraked "the vault's collateral has fallen below settle.warn, and it takes jobs and money for tabs in windows: the next opens in {need} ms",
    93 TooManyDecrees "{need} decrees wait for the end of the epoch and no more may: wait until it is over",
    94 NotByDecree "how governance works is not the council's to change: have parameters of governance.* voted on",
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
    fn every_reason_is_found_by_its_code() {
        assert!(Rejection::ALL.is_sorted_by(|a, b| a < b));
        for reason in Rejection::ALL {
            assert_eq!(Refused::from(Refusal::from(*reason)).reason(), Some(*reason));
        }
        assert_eq!(Refused { need: 0, code: u32::MAX, pad: 0 }.reason(), None);
        let refused = Refused::from(Rejection::LeasesOpen.needing(3));
        assert!(refused.to_string().contains("3 open leases"));
    }
}
