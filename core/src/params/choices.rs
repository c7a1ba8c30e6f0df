//! What the values of parameters mean that are choices: one module for each, in the order of its names in the table.

/// What happens to emission that nobody has earned. The order is that of `emission.unallocated`.
pub mod unallocated {
    /// It is never minted.
    pub const UNMINTED: u64 = 0;
    /// It is minted into the pool and shared out in a later epoch.
    pub const CARRIED: u64 = 1;
    /// It goes to the treasury.
    pub const TREASURY: u64 = 2;
}

/// The ways in which jobs meet offers. The order is that of `market.mechanism`.
pub mod mechanism {
    /// At once, at the cheapest posted ask that fits.
    pub const POSTED: u64 = 0;
    /// In batches, at one price for each class.
    pub const UNIFORM: u64 = 1;
    /// In batches, by asks that are sealed until all have been.
    pub const SEALED: u64 = 2;
    /// In batches, at a price that the protocol sets for each class.
    pub const ALGORITHMIC: u64 = 3;
}

/// What the winners of a sealed auction are paid. The order is that of `market.payment`.
pub mod payment {
    /// Their ask.
    pub const FIRST: u64 = 0;
    /// The lowest ask that lost.
    pub const SECOND: u64 = 1;
}

/// How the base fee is set. The order is that of `fee.control`.
pub mod fee_control {
    /// It is `fee.base`.
    pub const FIXED: u64 = 0;
    /// It follows each round's commands.
    pub const EIP1559: u64 = 1;
    /// It prices the commands beyond the target so far.
    pub const EIP4844: u64 = 2;
}

/// What becomes of a payment for work. The order is that of `settle.mode`.
pub mod settle_mode {
    /// The provider gets it.
    pub const PAY: u64 = 0;
    /// It is burned; the schedule's emission pays providers (Render).
    pub const BURN_SCHEDULE: u64 = 1;
    /// It is burned; emission mints it again up to a cap (Helium).
    pub const NET_EMISSION: u64 = 2;
    /// The provider gets its worth in dollars (Akash).
    pub const VAULT_REMINT: u64 = 3;
}

/// What a proven fault costs of the stake, where rewards are held back. The order is that of `slash.stake`.
pub mod slash_stake {
    /// The whole cut.
    pub const ALWAYS: u64 = 0;
    /// What seized rewards fall short of the cut.
    pub const SHORTFALL: u64 = 1;
    /// Nothing.
    pub const NEVER: u64 = 2;
}

/// What a settlement weighs when emission is shared. The order is that of `emission.weight`.
pub mod emission_weight {
    /// Its work, normalised by class.
    pub const WORK: u64 = 0;
    /// What was paid for it.
    pub const PAID: u64 = 1;
    /// What it burned.
    pub const BURNED: u64 = 2;
}

/// What disinflation compounds on. The order is that of `emission.base`.
pub mod emission_base {
    /// The supply at genesis.
    pub const INITIAL: u64 = 0;
    /// Everything issued and not burned.
    pub const TOTAL: u64 = 1;
    /// What can change hands: [`crate::engine::ledger::Ledger::circulating`].
    pub const CIRCULATING: u64 = 2;
}

/// What the treasury does of its own accord: one policy or several. The order is that of `treasury.policy`.
pub mod treasury_policy {
    /// Nothing.
    pub const NONE: u64 = 0;
    /// It has XPL bought at about the oracle's price.
    pub const BUYBACK: u64 = 1;
    /// It lends XPL to a pool that it owns.
    pub const LIQUIDITY: u64 = 2;
    /// It has XPL bought while the oracle's price is below a floor.
    pub const FLOOR: u64 = 3;
    /// All three.
    pub const ALL: u64 = 7;
    /// Every set of them by name, one alone before two, and two before three.
    pub const NAMES: &[&str] =
        &["none", "buyback", "liquidity", "floor", "buyback_liquidity", "buyback_floor", "liquidity_floor", "all"];

    /// Which of buyback, liquidity and floor a value switches on.
    pub const fn on(value: u64) -> [bool; 3] {
        match value {
            BUYBACK => [true, false, false],
            LIQUIDITY => [false, true, false],
            FLOOR => [false, false, true],
            4 => [true, true, false],
            5 => [true, false, true],
            6 => [false, true, true],
            ALL => [true, true, true],
            _ => [false, false, false],
        }
    }
}

/// What becomes of XPL that the custodian bought. The order is that of `treasury.bought`.
pub mod treasury_bought {
    /// The treasury keeps them.
    pub const KEPT: u64 = 0;
    /// They are burned.
    pub const BURNED: u64 = 1;
}
