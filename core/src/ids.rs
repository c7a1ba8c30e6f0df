//! Dense identifiers of our own, never reused, never a bevy `Entity`.

use rkyv::{Archive, Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty) $prefix:literal) => {
        $(#[$doc])*
        #[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// No such row.
            pub const NONE: Self = Self(<$inner>::MAX);

            /// The row's index in its table.
            #[inline(always)]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// Whether this names a row at all.
            #[inline(always)]
            pub const fn is_some(self) -> bool {
                self.0 != <$inner>::MAX
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.is_some() { write!(f, concat!($prefix, "{}"), self.0) } else { f.write_str("none") }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id! {
    /// An account, in the order of opening.
    AccountId(u32) "account "
}
id! {
    /// A provider, in the order of registration.
    ProviderId(u32) "provider "
}
id! {
    /// An offer of one provider, in the order of posting.
    OfferId(u32) "offer "
}
id! {
    /// A GPU class: its place in the genesis catalogue.
    ClassId(u8) "class "
}
id! {
    /// A program: its place in the genesis catalogue.
    ProgramId(u16) "program "
}

macro_rules! slab_id {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// No such row. Serial numbers start at 1.
            pub const NONE: Self = Self(0);

            /// Joins a serial number with the slot that holds the row while it is open.
            #[inline(always)]
            pub const fn new(serial: u64, slot: u32) -> Self {
                Self(serial << SLOT_BITS | slot as u64)
            }

            /// The number people see: counts from 1, never reused.
            #[inline(always)]
            pub const fn serial(self) -> u64 {
                self.0 >> SLOT_BITS
            }

            /// The slot in the slab: reused once the row is closed.
            #[inline(always)]
            pub const fn slot(self) -> usize {
                (self.0 & (MAX_SLOTS - 1)) as usize
            }

            /// Whether this names a row at all.
            #[inline(always)]
            pub const fn is_some(self) -> bool {
                self.0 != 0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.is_some() { write!(f, concat!($prefix, "{}"), self.serial()) } else { f.write_str("none") }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

/// Bits of a slab identifier that name the slot: 16.7 million rows open at a time, 10^12 over a lifetime.
pub const SLOT_BITS: u32 = 24;
/// Rows that a slab can hold open at a time.
pub const MAX_SLOTS: u64 = 1 << SLOT_BITS;

slab_id! {
    /// A job.
    JobId "job "
}
slab_id! {
    /// A lease of GPUs to a job.
    LeaseId "lease "
}
slab_id! {
    /// A grant that vests.
    GrantId "grant "
}
slab_id! {
    /// A proposal that is voted on.
    ProposalId "proposal "
}
slab_id! {
    /// An award from the builders' fund.
    AwardId "award "
}
slab_id! {
    /// An order of the treasury to its custodian.
    OrderId "order "
}
