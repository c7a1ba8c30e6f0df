//! `fixed`: the same amount every year.

use super::{Memory, Minted, Seen, whole};
use crate::params::Params;

/// `emission.yearly` · span ÷ year, rounded down in each year that the span touches.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    (super::disinflation::by_years(seen, |_| whole(params.emission_yearly())), memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, YEAR};

    /// By hand: a Julian year has 365.25 days.
    #[test]
    fn a_days_share_is_that_of_a_julian_year() {
        let mut params = Params::default();
        params.set("emission.yearly", 365_250_000).expect("legal");
        let seen = |from, to| Seen { from, to, ..Seen::default() };
        assert_eq!(mint(&params, &seen(0, DAY), Memory::default()).0, whole(1_000_000));
        assert_eq!(mint(&params, &seen(40 * YEAR, 41 * YEAR), Memory::default()).0, whole(365_250_000));
    }
}
