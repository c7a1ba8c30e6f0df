//! `table`: an amount for every year, as Render published its own (RNP-001; RNP-006, "Initial Emissions Splits").

use super::{Memory, Minted, Seen, whole};
use crate::formula::emission::steady::table;
use crate::params::Params;

/// The year's amount in proportion, each year's part rounded down. After the last year of the table nothing is minted.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let years = [
        params.emission_year_1(),
        params.emission_year_2(),
        params.emission_year_3(),
        params.emission_year_4(),
        params.emission_year_5(),
        params.emission_year_6(),
        params.emission_year_7(),
        params.emission_year_8(),
    ];
    (super::disinflation::by_years(seen, |year| whole(table(&years, year))), memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::YEAR;

    /// RNP-006: 9,126,804 RENDER in the first year, 760,567 a month.
    #[test]
    fn renders_first_year() {
        let mut params = Params::default();
        params.set("emission.year_1", 9_126_804).expect("legal");
        params.set("emission.year_8", 8).expect("legal");
        let minted = |from, to| mint(&params, &Seen { from, to, ..Seen::default() }, Memory::default()).0;
        assert_eq!(minted(0, YEAR), whole(9_126_804));
        assert_eq!(minted(0, YEAR / 12), whole(760_567));
        assert_eq!(minted(7 * YEAR, 9 * YEAR), whole(8));
        assert_eq!(minted(8 * YEAR, 90 * YEAR), 0);
    }
}
