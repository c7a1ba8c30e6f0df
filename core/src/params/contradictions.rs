//! Parameters that are each in range, and still cannot be meant together.

use super::{ParamError, Params, SHARE_MAX, emission_weight, settle_mode};
use crate::formula::schedule as schedules;

impl Params {
    /// Contradictions between parameters that are each in range.
    ///
    /// # Errors
    /// [`ParamError::Contradiction`], naming the keys.
    pub fn check(&self) -> Result<(), ParamError> {
        let sums = [
            ("fee.burn + fee.treasury + fee.stakers", self.fee_burn() + self.fee_treasury() + self.fee_stakers()),
            (
                "emission.providers + emission.stakers + emission.treasury + emission.builders",
                self.emission_providers() + self.emission_stakers() + self.emission_treasury() + self.emission_builders(),
            ),
        ];
        for (keys, sum) in sums {
            if sum != SHARE_MAX {
                let (whole, part) = (sum / 10_000_000, sum % 10_000_000);
                return Err(ParamError::Contradiction(format!("{keys} must be 100 %, not {whole}.{part:07} %")));
            }
        }
        let contradictions = [
            (self.beacon_interval() > self.epoch_length(), "beacon.interval must not exceed epoch.length"),
            (self.market_reserve() > self.market_opening(), "market.reserve must not exceed market.opening"),
            (
                self.governance_max_open() > 0 && self.governance_threshold() == SHARE_MAX,
                "governance.threshold must be below 100 %, which no yes can exceed, unless governance.max_open is 0",
            ),
            (
                self.stake_delegation() == 1 && self.stake_max_ratio() == 0,
                "stake.delegation is on, but stake.max_ratio lets no provider take any stake",
            ),
            (self.stake_counts() == 1 && self.stake_delegation() == 0, "stake.counts is yes, but stake.delegation is off"),
        ];
        refuse_first(&contradictions)?;
        self.check_verification()?;
        self.check_minting()
    }

    /// Contradictions with the number of price feeders that there are. A ledger without any has no oracle, and need not have one.
    ///
    /// # Errors
    /// [`ParamError::Contradiction`], naming the key.
    pub fn check_feeders(&self, feeders: u32) -> Result<(), ParamError> {
        let quorum = self.oracle_quorum();
        if feeders > 0 && quorum > feeders.into() {
            return Err(ParamError::Contradiction(format!(
                "oracle.quorum must not exceed the number of price feeders: {quorum} must have a fresh price for there to be one, \
                 and there can be no more than {feeders}"
            )));
        }
        Ok(())
    }

    /// Contradictions between the ways to verify.
    fn check_verification(&self) -> Result<(), ParamError> {
        let (panel, open) = (self.verification_panel(), self.verification_open());
        let contradictions = [
            (panel > 0 && panel.is_multiple_of(2), "verification.panel must be odd, so that a majority is found, or 0"),
            (
                open > 0 && panel == 0 && self.verification_planted() == 0,
                "verification.open leaves results open to panels or to exposure, but verification.panel and verification.planted are 0",
            ),
            (
                open == 0 && self.verification_planted() > 0,
                "verification.planted needs verification.open above zero, in which copied verdicts are exposed",
            ),
        ];
        refuse_first(&contradictions)
    }

    /// Contradictions between how payments settle and how tokens are minted.
    fn check_minting(&self) -> Result<(), ParamError> {
        let schedule = schedules::NAMES[self.emission_schedule() as usize];
        let bounded = ["goal_bonded", "participation", "pid"].contains(&schedule);
        let starts = bounded && schedule != "pid";
        let falls = ["disinflation", "goal_bonded", "ideal_stake"].contains(&schedule);
        let burns = self.settle_mode() == settle_mode::BURN_SCHEDULE || self.settle_mode() == settle_mode::NET_EMISSION;
        let contradictions = [
            (
                falls && self.emission_floor() > self.emission_rate(),
                "emission.floor must not exceed emission.rate, which the schedule lets fall no further",
            ),
            (
                starts && self.emission_rate() > self.emission_max(),
                "emission.rate must not exceed emission.max, beyond which the schedule does not move it",
            ),
            (bounded && self.emission_floor() > self.emission_max(), "emission.floor must not exceed emission.max"),
            (
                schedule == "vault_remint" && self.settle_mode() != settle_mode::VAULT_REMINT,
                "emission.schedule vault_remint mints nothing unless settle.mode is vault_remint",
            ),
            (
                self.settle_mode() == settle_mode::VAULT_REMINT
                    && self.settle_warn() > 0
                    && self.settle_warn() <= self.settle_halt(),
                "settle.warn must exceed settle.halt, at which no more jobs and no more money for tabs are taken, or be 0",
            ),
            (
                schedule != "net_emission" && self.settle_mode() == settle_mode::NET_EMISSION,
                "settle.mode net_emission burns what only emission.schedule net_emission mints again",
            ),
            (
                burns && self.emission_providers() == 0,
                "settle.mode burns every payment, so providers earn nothing unless emission.providers is above zero",
            ),
            (
                self.emission_weight() == emission_weight::BURNED && !burns && (self.fee_rate() == 0 || self.fee_burn() == 0),
                "emission.weight burned weighs nothing when fee.rate or fee.burn is zero",
            ),
        ];
        refuse_first(&contradictions)
    }
}

/// Refuses for the first contradiction that there is.
fn refuse_first(contradictions: &[(bool, &str)]) -> Result<(), ParamError> {
    match contradictions.iter().find(|(contradicts, _)| *contradicts) {
        Some((_, why)) => Err(ParamError::Contradiction((*why).into())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    #[test]
    fn a_split_that_misses_the_whole_is_named() {
        let mut params = Params::default();
        params.set("fee.burn", 400_000_000).unwrap();
        let error = params.check().unwrap_err().to_string();
        assert!(error.contains("fee.burn") && error.contains("90.0000000 %"), "{error}");
    }

    #[test]
    fn mechanisms_that_contradict_each_other_are_refused_with_the_reason() {
        let schedule = |name| ("emission.schedule", schedules::number(name));
        let cases: [(&[(&str, u64)], &str); 16] = [
            (&[schedule("disinflation"), ("emission.rate", 0)], "emission.floor must not exceed emission.rate"),
            (&[schedule("goal_bonded"), ("emission.rate", 0)], "emission.floor must not exceed emission.rate"),
            (&[schedule("ideal_stake"), ("emission.rate", 0)], "emission.floor must not exceed emission.rate"),
            (&[("governance.max_open", 1), ("governance.threshold", SHARE_MAX)], "governance.threshold must be below 100 %"),
            (&[schedule("participation"), ("emission.rate", 300_000_000)], "emission.max"),
            (&[schedule("vault_remint")], "settle.mode is vault_remint"),
            (&[("settle.mode", 2)], "emission.schedule net_emission"),
            (&[("settle.mode", 3), ("settle.warn", 900_000_000)], "settle.warn must exceed settle.halt"),
            (&[("settle.mode", 1), ("emission.providers", 0), ("emission.stakers", 800_000_000)], "providers earn nothing"),
            (&[("emission.weight", 2), ("fee.rate", 0)], "weighs nothing"),
            (&[schedule("goal_bonded"), ("emission.max", 0)], "emission.max"),
            (&[("stake.delegation", 1), ("stake.max_ratio", 0)], "stake.max_ratio lets no provider"),
            (&[("stake.counts", 1)], "stake.delegation is off"),
            (&[("verification.panel", 4)], "must be odd"),
            (&[("verification.open", DAY)], "verification.panel and verification.planted are 0"),
            (&[("verification.planted", 1)], "verification.open above zero"),
        ];
        for (set, reason) in cases {
            let mut params = Params::default();
            set.iter().for_each(|&(key, value)| params.set(key, value).unwrap());
            let error = params.check().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn what_is_not_used_contradicts_nothing() {
        let cases: [&[(&str, u64)]; 5] = [
            &[("emission.schedule", schedules::number("fixed")), ("emission.rate", 0)],
            &[("emission.schedule", schedules::number("pid")), ("emission.rate", 0)],
            &[("emission.schedule", schedules::number("participation")), ("emission.rate", 0)],
            &[("governance.threshold", SHARE_MAX)],
            &[("settle.warn", 1)],
        ];
        for set in cases {
            let mut params = Params::default();
            set.iter().for_each(|&(key, value)| params.set(key, value).unwrap());
            assert_eq!(params.check(), Ok(()), "{set:?}");
        }
    }

    #[test]
    fn a_quorum_of_more_feeders_than_there_are_is_refused() {
        let mut params = Params::default();
        params.set("oracle.quorum", 4).unwrap();
        assert_eq!([0, 4, 5].map(|feeders| params.check_feeders(feeders)), [Ok(()), Ok(()), Ok(())]);
        let error = params.check_feeders(3).unwrap_err().to_string();
        assert!(error.contains("oracle.quorum") && error.contains("no more than 3"), "{error}");
    }
}
