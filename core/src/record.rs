//! The vocabulary: everything that can happen, in one table.
//!
//! A **record** is a cause, which is a command or a fired timer, or an event that followed from it. Commands are imperative and
//! may be refused; events are in the past tense and may not. Payloads are defined beside their rules in [`crate::protocol`];
//! [`vocabulary!`] lists them once, with the number under which the log keeps them. Numbers are never reused.

use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::ids::{AccountId, AwardId, ClassId, GrantId, JobId, LeaseId, OfferId, OrderId, ProgramId, ProposalId, ProviderId};
use crate::protocol::verification::{challenge, copies, draw, panel, planted, verdict};
use crate::protocol::{
    account, batch, beacon, bond, builders, delegation, emission, epoch, fee, governance, holdback, job, lease, market, offer,
    oracle, provider, receipt, redelegation, sealed, settlement, slashing, staking, treasury, vault, vesting, weights,
};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;

/// Who a command comes from, after the host has checked the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The host itself: the simulation's clockwork, or the sequencer of a live network. Pays no fee.
    Host,
    /// A price feeder, by position in the oracle's list. Pays no fee.
    Feeder(u8),
    /// An account, which pays the base fee.
    Account(AccountId),
}

#[allow(dead_code, reason = "only the log packs origins")]
impl Origin {
    /// How the log writes it: accounts as themselves, the few others from the top of the range.
    pub(crate) const fn pack(self) -> u32 {
        match self {
            Origin::Account(id) => id.0,
            Origin::Host => u32::MAX - 1,
            Origin::Feeder(n) => u32::MAX - 257 + n as u32,
        }
    }

    /// Inverse of [`Origin::pack`].
    pub(crate) const fn unpack(packed: u32) -> Self {
        const FIRST_FEEDER: u32 = u32::MAX - 257;
        match packed {
            p if p == u32::MAX - 1 => Origin::Host,
            p if p >= FIRST_FEEDER && p < FIRST_FEEDER + 256 => Origin::Feeder((p - FIRST_FEEDER) as u8),
            p => Origin::Account(AccountId(p)),
        }
    }
}

/// What set events off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cause {
    /// A command that was admitted.
    Command {
        /// Who sent it.
        origin: Origin,
        /// Base fee that its account burned, in nano-XPL.
        fee: u64,
        /// What it asks for.
        command: Command,
    },
    /// A deadline or an epoch boundary that came.
    Timer(Timer),
}

/// A cause with its time: what [`crate::engine`] decides upon, and the context in which events are applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// When.
    pub time: Time,
    /// What.
    pub cause: Cause,
}

/// Defines a record's payload: plain data without padding, so that a column of them is written by one copy and hashes alike
/// everywhere.
macro_rules! payload {
    ($($(#[doc = $doc:literal])* pub struct $name:ident {
        $($(#[doc = $field_doc:literal])* pub $field:ident : $type:ty),* $(,)?
    })+) => {$(
        $(#[doc = $doc])*
        #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(C)]
        pub struct $name { $($(#[doc = $field_doc])* pub $field: $type),* }

        impl $crate::record::Documented for $name {
            const TEXT: &str = concat!($($doc),*);
            const FIELDS: &[(&str, &str)] = &[$((stringify!($field), concat!($($field_doc),*))),*];
        }

        impl $crate::record::Fields for $name {
            fn visit(&self, see: &mut dyn FnMut(&'static str, $crate::record::Value)) {
                let _ = &see;
                $(if stringify!($field) != "pad" { see(stringify!($field), $crate::record::Value::from(self.$field)); })*
            }
        }

        const _: () = assert!(
            size_of::<$name>() == 0 $(+ size_of::<$type>())*,
            concat!(stringify!($name), " has padding: order its fields by falling size and fill the rest"),
        );
    )+};
}
pub(crate) use payload;

/// A field of a record, for exporters and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number: an amount, a time, an identifier's number.
    Number(u64),
    /// The serial number of a job or lease.
    Serial(u64),
    /// A digest, key or random value.
    Bytes([u8; 32]),
    /// Declared sizes, or several numbers that are small.
    Sizes([u32; 4]),
    /// Several numbers.
    Numbers([u64; 4]),
    /// An identifier of nothing.
    Nothing,
}

macro_rules! value_from {
    ($($type:ty => |$x:ident| $value:expr;)+) => {
        $(impl From<$type> for Value { fn from($x: $type) -> Self { $value } })+
    };
}
value_from! {
    u8 => |x| Value::Number(x.into());
    u16 => |x| Value::Number(x.into());
    u32 => |x| Value::Number(x.into());
    u64 => |x| Value::Number(x);
    AccountId => |x| if x.is_some() { Value::Number(x.0.into()) } else { Value::Nothing };
    ProviderId => |x| if x.is_some() { Value::Number(x.0.into()) } else { Value::Nothing };
    OfferId => |x| if x.is_some() { Value::Number(x.0.into()) } else { Value::Nothing };
    ClassId => |x| Value::Number(x.0.into());
    ProgramId => |x| Value::Number(x.0.into());
    JobId => |x| if x.is_some() { Value::Serial(x.serial()) } else { Value::Nothing };
    LeaseId => |x| if x.is_some() { Value::Serial(x.serial()) } else { Value::Nothing };
    GrantId => |x| if x.is_some() { Value::Serial(x.serial()) } else { Value::Nothing };
    ProposalId => |x| if x.is_some() { Value::Serial(x.serial()) } else { Value::Nothing };
    AwardId => |x| if x.is_some() { Value::Serial(x.serial()) } else { Value::Nothing };
    OrderId => |x| if x.is_some() { Value::Serial(x.serial()) } else { Value::Nothing };
    [u8; 32] => |x| Value::Bytes(x);
    [u32; 4] => |x| Value::Sizes(x);
    [u64; 4] => |x| Value::Numbers(x);
    [u8; 3] => |_x| Value::Nothing;
    [u8; 5] => |_x| Value::Nothing;
    [u8; 7] => |_x| Value::Nothing;
}

/// A payload's fields by name, fillers left out.
pub trait Fields {
    /// Shows every field in the order of declaration.
    fn visit(&self, see: &mut dyn FnMut(&'static str, Value));
}

/// What its documentation says of a payload, for those who read data and no sources.
pub(crate) trait Documented {
    /// What it is.
    const TEXT: &str;
    /// Names and texts of its fields, fillers (`pad`) too.
    const FIELDS: &[(&str, &str)];
}

/// A kind of record in words.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `command`, `timer` or `event`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub text: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

impl Entry {
    const fn of<T: Documented>(kind: &'static str, name: &'static str) -> Self {
        Self { kind, name, text: T::TEXT, fields: T::FIELDS }
    }

    /// Names of its fields and what they are, with their units.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.fields.iter().filter(|(name, _)| *name != "pad").map(|(name, text)| (*name, text.trim()))
    }
}

/// Calls `$then!` with the whole vocabulary. The log builds its columns from it, the enums below come from it, and exporters
/// walk it.
macro_rules! vocabulary {
    ($then:ident) => {
        $then! {
            commands {
                0 OpenAccount: account::OpenAccount,
                1 Transfer: account::Transfer,
                2 Register: provider::Register,
                3 Drain: provider::Drain,
                4 Resume: provider::Resume,
                5 Retire: provider::Retire,
                6 WentSilent: provider::WentSilent,
                7 Bond: bond::Bond,
                8 Unbond: bond::Unbond,
                9 PostOffer: offer::PostOffer,
                10 Requote: offer::Requote,
                11 Withdraw: offer::Withdraw,
                12 Submit: job::Submit,
                13 Cancel: job::Cancel,
                14 Stop: lease::Stop,
                15 Commit: lease::Commit,
                16 Beacon: beacon::Beacon,
                17 Verdict: verdict::Verdict,
                18 PostPrice: oracle::PostPrice,
                19 Delegate: delegation::Delegate,
                20 Undelegate: delegation::Undelegate,
                21 Redelegate: redelegation::Redelegate,
                22 ClaimRewards: delegation::ClaimRewards,
                23 SetCommission: staking::SetCommission,
                27 SealVerdict: panel::SealVerdict,
                28 RevealVerdict: panel::RevealVerdict,
                29 Challenge: challenge::Challenge,
                30 Expose: planted::Expose,
                31 RevealCopy: copies::RevealCopy,
                32 Claim: vesting::Claim,
                33 ProposeChange: governance::action::ProposeChange,
                34 ProposeSpend: governance::action::ProposeSpend,
                35 ProposeGrant: governance::action::ProposeGrant,
                36 ProposeAward: governance::action::ProposeAward,
                37 ProposeAppointment: governance::action::ProposeAppointment,
                38 ProposeReport: governance::action::ProposeReport,
                39 Vote: governance::Vote,
                40 TreasuryDeposit: treasury::TreasuryDeposit,
                41 Attest: builders::Attest,
                46 SealAsk: sealed::SealAsk,
                47 RevealAsk: sealed::RevealAsk,
                48 StakeGrant: vesting::stake::StakeGrant,
                49 UnstakeGrant: vesting::stake::UnstakeGrant,
                50 ClaimGrantRewards: vesting::stake::ClaimGrantRewards,
                51 FundTab: receipt::FundTab,
                52 SignReceipt: receipt::SignReceipt,
                55 ProposeWeights: weights::ProposeWeights,
                56 Decree: governance::decree::Decree,
            }
            timers {
                64 EpochEnd: epoch::EpochEnd,
                65 BondDue: bond::BondDue,
                66 AskLapse: offer::AskLapse,
                67 PatienceOver: job::PatienceOver,
                68 LeaseOverdue: lease::LeaseOverdue,
                69 CheckOverdue: draw::CheckOverdue,
                72 WithdrawalDue: delegation::WithdrawalDue,
                73 MoveDue: redelegation::MoveDue,
                76 PanelDue: panel::PanelDue,
                77 WindowOver: challenge::WindowOver,
                78 CopiesDue: copies::CopiesDue,
                80 GrantDue: vesting::GrantDue,
                81 VotingEnds: governance::VotingEnds,
                82 AwardExpires: builders::AwardExpires,
                90 BatchDue: batch::BatchDue,
            }
            events {
                128 Refused: crate::rejection::Refused,
                129 AccountOpened: account::AccountOpened,
                130 Transferred: account::Transferred,
                131 Registered: provider::Registered,
                132 Drained: provider::Drained,
                133 Resumed: provider::Resumed,
                134 Retired: provider::Retired,
                135 Silenced: provider::Silenced,
                136 Jailed: provider::Jailed,
                137 Bonded: bond::Bonded,
                138 Unbonding: bond::Unbonding,
                139 Unbonded: bond::Unbonded,
                140 Slashed: bond::Slashed,
                141 OfferPosted: offer::OfferPosted,
                142 Requoted: offer::Requoted,
                143 Withdrawn: offer::Withdrawn,
                144 Lapsed: offer::Lapsed,
                145 Submitted: job::Submitted,
                146 Queued: job::Queued,
                147 Cancelled: job::Cancelled,
                148 Expired: job::Expired,
                149 Failed: job::Failed,
                150 Leased: market::Leased,
                151 Committed: lease::Committed,
                152 Missed: lease::Missed,
                163 Stopped: lease::Stopped,
                153 RoundClosed: beacon::RoundClosed,
                154 CheckDrawn: draw::CheckDrawn,
                155 Verified: verdict::Verified,
                156 FoundWrong: verdict::FoundWrong,
                157 CheckMissed: draw::CheckMissed,
                158 Settled: settlement::Settled,
                159 PricePosted: oracle::PricePosted,
                160 Emitted: emission::Emitted,
                161 Rewarded: emission::Rewarded,
                162 EpochClosed: epoch::EpochClosed,
                164 Delegated: delegation::Delegated,
                165 Undelegated: delegation::Undelegated,
                166 Released: delegation::Released,
                167 Redelegated: redelegation::Redelegated,
                168 Arrived: redelegation::Arrived,
                169 Claimed: delegation::Claimed,
                170 CommissionSet: staking::CommissionSet,
                171 StakeRewarded: staking::StakeRewarded,
                172 StakeSlashed: slashing::StakeSlashed,
                173 LeavingSlashed: slashing::LeavingSlashed,
                174 MovedSlashed: slashing::MovedSlashed,
                180 StandsOpen: challenge::StandsOpen,
                181 Challenged: challenge::Challenged,
                182 Seated: panel::Seated,
                183 VerdictSealed: panel::VerdictSealed,
                184 VerdictRevealed: panel::VerdictRevealed,
                185 Judged: panel::Judged,
                186 CheckerJudged: panel::CheckerJudged,
                187 TrapFound: verdict::TrapFound,
                188 Exposed: planted::Exposed,
                189 Copied: copies::Copied,
                190 CopiesComplete: copies::CopiesComplete,
                191 CopyRevealed: copies::CopyRevealed,
                192 Compared: copies::Compared,
                193 Withheld: holdback::Withheld,
                194 HoldbackReleased: holdback::HoldbackReleased,
                195 Seized: holdback::Seized,
                196 GrantOpened: vesting::GrantOpened,
                197 Vested: vesting::Vested,
                198 Proposed: governance::Proposed,
                199 Voted: governance::Voted,
                200 Tallied: governance::Tallied,
                201 Ripened: governance::Ripened,
                202 ParamChanged: governance::action::ParamChanged,
                203 Enacted: governance::Enacted,
                204 EnactmentFailed: governance::EnactmentFailed,
                205 Appointed: governance::action::Appointed,
                206 TreasurySpent: treasury::TreasurySpent,
                207 OrderPlaced: treasury::OrderPlaced,
                208 OrderReturned: treasury::OrderReturned,
                209 OrderLapsed: treasury::OrderLapsed,
                210 AwardOpened: builders::AwardOpened,
                211 MilestonePaid: builders::MilestonePaid,
                212 AwardClosed: builders::AwardClosed,
                213 PriceBounded: oracle::PriceBounded,
                214 TreasuryBurned: treasury::TreasuryBurned,
                215 GrantStaked: vesting::stake::GrantStaked,
                216 GrantUnstaked: vesting::stake::GrantUnstaked,
                217 GrantClaimed: vesting::stake::GrantClaimed,
                218 GrantReturned: vesting::stake::GrantReturned,
                219 TabFunded: receipt::TabFunded,
                220 ReceiptSigned: receipt::ReceiptSigned,
                221 ReceiptPaid: receipt::ReceiptPaid,
                222 Redeemed: receipt::Redeemed,
                223 TabReturned: receipt::TabReturned,
                224 BatchClosed: batch::BatchClosed,
                225 BatchCleared: batch::BatchCleared,
                226 ClassCleared: batch::ClassCleared,
                227 AskSealed: sealed::AskSealed,
                228 AskRevealed: sealed::AskRevealed,
                229 AskForfeited: sealed::AskForfeited,
                236 Steered: emission::Steered,
                237 Repriced: fee::Repriced,
                238 Credited: vault::Credited,
                239 Reminted: vault::Reminted,
                244 Braked: vault::Braked,
                245 WeightChanged: weights::WeightChanged,
                246 Decreed: governance::decree::Decreed,
                247 DecreeEnacted: governance::decree::DecreeEnacted,
                248 DecreeFailed: governance::decree::DecreeFailed,
            }
        }
    };
}
#[allow(unused_imports, reason = "the log builds its columns from it")]
pub(crate) use vocabulary;

macro_rules! enums {
    (commands { $($ct:literal $c:ident: $cp:path,)+ } timers { $($tt:literal $t:ident: $tp:path,)+ } events { $($et:literal $e:ident: $ep:path,)+ }) => {
        /// What somebody asks for.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Command { $($c($cp)),+ }

        /// What the protocol had promised to do at a time. The order is that of timers of one moment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Timer { $($t($tp)),+ }

        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Event { $($e($ep)),+ }

        impl Command {
            /// The command's name.
            pub const fn name(&self) -> &'static str { match self { $(Command::$c(_) => stringify!($c)),+ } }
        }
        impl Timer {
            /// The timer's name.
            pub const fn name(&self) -> &'static str { match self { $(Timer::$t(_) => stringify!($t)),+ } }
        }
        impl Event {
            /// Every event's name, in the order of the vocabulary.
            pub const NAMES: &[&str] = &[$(stringify!($e)),+];

            /// The event's name.
            pub const fn name(&self) -> &'static str { match self { $(Event::$e(_) => stringify!($e)),+ } }
        }

        impl Fields for Command {
            fn visit(&self, see: &mut dyn FnMut(&'static str, Value)) { match self { $(Command::$c(p) => p.visit(see)),+ } }
        }
        impl Fields for Timer {
            fn visit(&self, see: &mut dyn FnMut(&'static str, Value)) { match self { $(Timer::$t(p) => p.visit(see)),+ } }
        }
        impl Fields for Event {
            fn visit(&self, see: &mut dyn FnMut(&'static str, Value)) { match self { $(Event::$e(p) => p.visit(see)),+ } }
        }

        /// Every kind of record in words, in the order of the vocabulary.
        pub const DICTIONARY: &[Entry] = &[
            $(Entry::of::<$cp>("command", stringify!($c)),)+
            $(Entry::of::<$tp>("timer", stringify!($t)),)+
            $(Entry::of::<$ep>("event", stringify!($e)),)+
        ];

        $(impl From<$cp> for Command { #[inline(always)] fn from(payload: $cp) -> Self { Command::$c(payload) } })+
        $(impl From<$tp> for Timer { #[inline(always)] fn from(payload: $tp) -> Self { Timer::$t(payload) } })+
        $(impl From<$ep> for Event { #[inline(always)] fn from(payload: $ep) -> Self { Event::$e(payload) } })+
    };
}
vocabulary!(enums);

impl Record {
    /// Who sent the command; `None` for a timer.
    #[inline]
    pub fn origin(&self) -> Option<Origin> {
        match self.cause {
            Cause::Command { origin, .. } => Some(origin),
            Cause::Timer(_) => None,
        }
    }

    /// The account that sent the command, if one did.
    #[inline]
    pub fn sender(&self) -> Option<AccountId> {
        match self.origin() {
            Some(Origin::Account(id)) => Some(id),
            _ => None,
        }
    }

    /// Lets only the host's commands pass.
    pub(crate) fn require_host(&self) -> Result<(), Refusal> {
        if self.origin() == Some(Origin::Host) { Ok(()) } else { Err(Rejection::NotPermitted.into()) }
    }

    /// The account that sent the command.
    ///
    /// # Panics
    /// If the record is not an account's command: only rules that checked the origin ask.
    #[inline]
    pub fn account(&self) -> AccountId {
        match self.cause {
            Cause::Command { origin: Origin::Account(id), .. } => id,
            _ => panic!("{self:?} does not come from an account"),
        }
    }
}

/// Reads the payload of the command or timer that an event follows from; anything else is a bug in `decide`.
macro_rules! cause {
    ($record:expr, Timer::$variant:ident) => {
        match $record.cause {
            $crate::record::Cause::Timer($crate::record::Timer::$variant(payload)) => payload,
            _ => panic!("{:?} cannot follow from {:?}", stringify!($variant), $record),
        }
    };
    ($record:expr, Command::$variant:ident) => {
        match $record.cause {
            $crate::record::Cause::Command { command: $crate::record::Command::$variant(payload), .. } => payload,
            _ => panic!("{:?} cannot follow from {:?}", stringify!($variant), $record),
        }
    };
}
pub(crate) use cause;

/// A command that may be refused.
pub(crate) trait Decide {
    /// Adds the events that follow, or refuses. Reads only.
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal>;
}

/// A promise that falls due.
pub(crate) trait Fire {
    /// Whether the promise still stands: timers are not taken back, they are asked.
    fn stands(&self, state: &State, time: Time) -> bool;

    /// Adds the events that follow. Reads only.
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>);
}

/// An event.
pub(crate) trait Apply {
    /// Writes rows, and nothing else.
    ///
    /// # Panics
    /// If the rows contradict the event: the log is not of this state, or `decide` is wrong.
    fn apply(&self, state: &mut State, record: &Record);

    /// Keeps indices and timers in step, and names what is to be decided next. Not called by replay, which rebuilds them.
    fn follow(&self, _state: &State, _record: &Record, _derived: &mut Derived) {}
}

macro_rules! dispatch {
    (commands { $($ct:literal $c:ident: $cp:path,)+ } timers { $($tt:literal $t:ident: $tp:path,)+ } events { $($et:literal $e:ident: $ep:path,)+ }) => {
        impl Decide for Command {
            #[inline(always)]
            fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
                match self { $(Command::$c(payload) => payload.decide(state, record, events)),+ }
            }
        }
        impl Fire for Timer {
            #[inline(always)]
            fn stands(&self, state: &State, time: Time) -> bool { match self { $(Timer::$t(payload) => payload.stands(state, time)),+ } }
            #[inline(always)]
            fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
                match self { $(Timer::$t(payload) => payload.decide(state, record, events)),+ }
            }
        }
        impl Apply for Event {
            #[inline(always)]
            fn apply(&self, state: &mut State, record: &Record) { match self { $(Event::$e(payload) => payload.apply(state, record)),+ } }
            #[inline(always)]
            fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
                match self { $(Event::$e(payload) => payload.follow(state, record, derived)),+ }
            }
        }
    };
}
vocabulary!(dispatch);
