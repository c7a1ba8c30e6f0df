//! A fund that many own in common: what it holds, and shares of it.
//!
//! Every share is worth the same part of what the fund holds, so that a loss is one subtraction however many own it. Who joins is
//! given shares and who leaves gives shares up, both rounded in the fund's favour (as an ERC-4626 vault does; Cosmos x/staking's
//! `AddTokensFromDel` and `RemoveDelShares` keep 18 decimals of a share and truncate tokens). Hence a share never gains: a fund
//! holds at most as many units as it has shares, and who joins is always given at least a share a unit.

use rkyv::{Archive, Deserialize, Serialize};

/// What is held, and how many shares of it there are; `holds ≤ shares`.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Fund {
    /// Units held: nano-XPL, or shares of another fund.
    pub holds: u64,
    /// Shares given out.
    pub shares: u64,
}

impl Fund {
    /// Whether shares are out and nothing is held: none can be given any more.
    #[inline]
    pub const fn has_lost_all(&self) -> bool {
        self.holds == 0 && self.shares > 0
    }

    /// Shares for bringing an amount: ⌊amount · shares ÷ holds⌋, one a unit while there are none. `None` when they could not be
    /// counted in 64 bits, or the fund has lost everything while shares of it are out.
    pub fn issued(&self, amount: u64) -> Option<u64> {
        let issued = match (self.shares, self.holds) {
            (0, _) => amount,
            (_, 0) => return None,
            (shares, holds) => u64::try_from(u128::from(amount) * u128::from(shares) / u128::from(holds)).ok()?,
        };
        self.shares.checked_add(issued).map(|_| issued)
    }

    /// The largest amount for which shares can be counted, or a unit less.
    pub fn room(&self) -> u64 {
        match self.shares {
            0 => u64::MAX,
            shares => (u128::from(u64::MAX - shares) * u128::from(self.holds) / u128::from(shares)) as u64,
        }
    }

    /// What so many shares are worth: ⌊shares · holds ÷ all shares⌋. All of them are worth all there is.
    pub fn worth(&self, shares: u64) -> u64 {
        let worth = (u128::from(shares) * u128::from(self.holds)).checked_div(u128::from(self.shares));
        worth.map_or(0, |worth| worth as u64)
    }

    /// Shares to give up for an amount: ⌈amount · shares ÷ holds⌉, all that are owned when it is all that they are worth. `None`
    /// when they are worth less.
    pub fn price(&self, amount: u64, owned: u64) -> Option<u64> {
        match self.worth(owned) {
            worth if amount > worth => None,
            worth if amount == worth => Some(owned),
            _ => Some((u128::from(amount) * u128::from(self.shares)).div_ceil(u128::from(self.holds)) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_cost_what_they_are_worth() {
        let mut fund = Fund::default();
        assert_eq!(fund.issued(100), Some(100));
        fund = Fund { holds: 100, shares: 100 };
        // Half is lost: what was one share is two.
        fund.holds = 50;
        assert_eq!((fund.worth(100), fund.issued(25), fund.price(10, 100)), (50, Some(50), Some(20)));
        // A third: nine for ten.
        fund.holds = 90;
        assert_eq!((fund.issued(9), fund.price(1, 100), fund.worth(1)), (Some(10), Some(2), 0));
        assert_eq!((fund.price(90, 100), fund.price(91, 100)), (Some(100), None));
    }

    #[test]
    fn a_worthless_or_uncountable_fund_takes_nothing() {
        assert_eq!(Fund { holds: 0, shares: 7 }.issued(1), None);
        assert_eq!(Fund { holds: 0, shares: 7 }.room(), 0);
        let worn = Fund { holds: 1, shares: u64::MAX / 2 };
        assert_eq!((worn.room(), worn.issued(1), worn.issued(2)), (1, Some(u64::MAX / 2), None));
        assert_eq!(Fund::default().issued(u64::MAX), Some(u64::MAX));
        assert_eq!(Fund { holds: u64::MAX, shares: u64::MAX }.worth(u64::MAX), u64::MAX);
    }

    proptest! {
        /// Whatever joins, leaves and is lost, nobody gains by the rounding, and the last takes all there is.
        #[test]
        fn rounding_is_always_in_the_funds_favour(
            steps in prop::collection::vec((0u8..3, 0usize..4, prop_oneof![1u64..20, any::<u64>()]), 1..60),
        ) {
            let (mut fund, mut owners) = (Fund::default(), [0u64; 4]);
            for (kind, who, amount) in steps {
                match kind {
                    0 => {
                        let Some(issued) = fund.issued(amount) else { continue };
                        prop_assert!(issued >= amount);
                        fund = Fund { holds: fund.holds + amount, shares: fund.shares + issued };
                        owners[who] += issued;
                    }
                    1 => {
                        let amount = amount.min(fund.worth(owners[who]));
                        let others: Vec<u64> = owners.iter().map(|&owned| fund.worth(owned)).collect();
                        let given_up = fund.price(amount, owners[who]).expect("it is worth that");
                        fund = Fund { holds: fund.holds - amount, shares: fund.shares - given_up };
                        owners[who] -= given_up;
                        for (other, &before) in others.iter().enumerate().filter(|(other, _)| *other != who) {
                            prop_assert!(fund.worth(owners[other]) >= before);
                        }
                    }
                    _ => fund.holds -= amount % (fund.holds + 1),
                }
                prop_assert!(fund.holds <= fund.shares);
                prop_assert_eq!(owners.iter().sum::<u64>(), fund.shares);
                let worth: u128 = owners.iter().map(|&owned| u128::from(fund.worth(owned))).sum();
                prop_assert!(worth <= u128::from(fund.holds) && u128::from(fund.holds) < worth + 4);
            }
        }
    }
}
