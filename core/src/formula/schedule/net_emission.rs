//! `net_emission`: Helium's halvings with what was burned minted again, up to a cap.

use super::{Memory, Minted, Seen, whole};
use crate::formula::burn_mint::net_emission;
use crate::params::Params;

/// `emission.yearly`, halved every two years (HIP 20, "Detailed Explanation": "halvenings … every 2 years"), and what was burned
/// in the span up to `emission.reburn` a year. Each year's part and the cap's are rounded down.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let scheduled = super::disinflation::by_years(seen, |year| yearly(whole(params.emission_yearly()), year));
    let cap = seen.share_of_year(whole(params.emission_reburn()));
    (net_emission(scheduled, seen.burned, cap), memory)
}

/// A year's amount, from 0, halved every two years.
pub fn yearly(first: u128, year: u64) -> u128 {
    u32::try_from(year / 2).ok().and_then(|halvings| first.checked_shr(halvings)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::YEAR;

    /// HIP 20's table of "Total HNT Minted" by year, in tenths of HNT as printed (from year 21 on it rounds to a tenth).
    #[test]
    fn heliums_halvings() {
        let expected = [60_000_000, 60_000_000, 30_000_000, 30_000_000, 15_000_000, 15_000_000, 7_500_000, 7_500_000, 3_750_000];
        for (year, hnt) in expected.into_iter().enumerate() {
            assert_eq!(yearly(60_000_000, year as u64), hnt);
        }
        assert_eq!(yearly(600_000_000, 18), 1_171_875); // year 19: 117 187.5
        // "This leads to a theoretical max supply of 240M HNT."
        assert_eq!((0..2_000).map(|year| yearly(60_000_000 << 40, year)).sum::<u128>() >> 40, 239_999_999);
    }

    /// HIP 20, "Net Emissions": "a fixed 3,424 HNT minted per epoch", of which a year of 365 days has 48 · 365, and "a cap to Net
    /// Emissions of 34.24 HNT per epoch (1% of current issuance)". 240 · 73 epochs are a year too, and 73 of them whole
    /// milliseconds; in hundredths of HNT.
    #[test]
    fn heliums_cap_is_a_hundredth_of_its_first_issuance() {
        let mut params = Params::default();
        params.set("emission.yearly", 60_000_000).expect("legal");
        params.set("emission.reburn", 600_000).expect("legal");
        let an_epoch = |burned: u64| {
            let seen = Seen { to: YEAR / 240, burned: whole(burned) * 73, ..Seen::default() };
            mint(&params, &seen, Memory::default()).0 * 100 / whole(73)
        };
        assert_eq!([0, 10, 35, 1_000_000].map(an_epoch), [342_465, 343_465, 345_890, 345_890]);
        assert_eq!(an_epoch(1_000_000) - an_epoch(0), 3_425, "hundredths: 34.246, cut to 34.24 in the proposal");
    }

    #[test]
    fn what_is_burned_comes_again_up_to_the_cap() {
        let mut params = Params::default();
        params.set("emission.yearly", 1_000).expect("legal");
        params.set("emission.reburn", 10).expect("legal");
        let minted = |burned| mint(&params, &Seen { to: YEAR, burned, ..Seen::default() }, Memory::default()).0;
        assert_eq!([0, whole(4), whole(10), whole(99)].map(minted), [1_000, 1_004, 1_010, 1_010].map(whole));
    }
}
