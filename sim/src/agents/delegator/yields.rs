//! What everybody can see of stake: what it lately earned, how fast supply grew, what slashes took, and what customers paid.
//!
//! > net yield = (1 + nominal) ÷ (1 + growth of supply) − 1 − losses
//!
//! each per year; nominal is what a bond earned without commission, less the commission, averaged over about a month.

use plasma_core::ids::ProviderId;
use plasma_core::money::ONE;
use plasma_core::protocol::emission;
use plasma_core::protocol::provider::{Provider, Status};
use plasma_core::time::{DAY, Span, Time, YEAR};
use rkyv::{Archive, Deserialize, Serialize};

/// Mean age of what the averages remember.
const MEMORY: Span = 30 * DAY;
/// How long slashes are remembered: a loss counts e^(−age ÷ this).
const GRUDGE: Span = YEAR;

/// What slashes took of a provider's bond.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// Share per year, as of `at`.
    pub rate: f64,
    /// When it was last slashed.
    pub at: Time,
}

/// What is known of stake.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Yields {
    epochs: u64,
    /// What a staked token earns in a year without commission, as a fraction.
    pub gross: f64,
    /// By how much supply grows in a year, net of burns, as a fraction.
    pub growth: f64,
    /// Nano-XPL that customers pay in a year.
    pub paid: f64,
    supply: u128,
    paying: u128,
    losses: Vec<Loss>,
}

/// Whether stake with a provider earns anything.
pub fn earns(provider: &Provider) -> bool {
    provider.status == Status::Active && emission::stakes(provider)
}

impl Yields {
    /// What stake yields with a provider that keeps so much of it (parts per billion), or where it earns nothing; before losses.
    pub fn net(&self, commission: Option<u64>) -> f64 {
        let nominal = commission.map_or(0.0, |commission| self.gross * (1.0 - commission as f64 / ONE as f64));
        (1.0 + nominal) / (1.0 + self.growth) - 1.0
    }

    /// Share of a provider's bond that slashes take in a year, as they lately did. Its delegators lose `slash.delegators` of it.
    pub fn loss(&self, provider: ProviderId, now: Time) -> f64 {
        let seen = self.losses.get(provider.index()).copied().unwrap_or_default();
        if seen.rate > 0.0 { seen.rate * libm::exp(-(now.saturating_sub(seen.at) as f64) / GRUDGE as f64) } else { 0.0 }
    }

    /// A slash took a share of a provider's bond.
    pub fn lost(&mut self, provider: ProviderId, share: f64, now: Time) {
        let rate = self.loss(provider, now) + share * YEAR as f64 / GRUDGE as f64;
        if self.losses.len() <= provider.index() {
            self.losses.resize(provider.index() + 1, Loss::default());
        }
        self.losses[provider.index()] = Loss { rate, at: now };
    }

    /// A customer paid so many nano-XPL.
    pub fn pay(&mut self, nano: u64) {
        self.paying += u128::from(nano);
    }

    /// An epoch of this length is over, in which a staked token earned so much, and at whose end this is the supply.
    pub fn close_epoch(&mut self, per_bond: f64, supply: u128, span: Span) {
        self.epochs += 1;
        let yearly = YEAR as f64 / span.max(1) as f64;
        let grown = if self.supply > 0 { supply as f64 / self.supply as f64 - 1.0 } else { 0.0 };
        let paid = std::mem::take(&mut self.paying) as f64;
        // The first epochs count alike, until there are enough of them to remember the last ones better.
        let weight = (-libm::expm1(-(span as f64) / MEMORY as f64)).max(1.0 / self.epochs as f64);
        let seen = [(&mut self.gross, per_bond), (&mut self.growth, grown), (&mut self.paid, paid)];
        seen.into_iter().for_each(|(average, now)| *average += weight * (now * yearly - *average));
        self.supply = supply;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yield_is_net_of_commission_dilution_and_slashes() {
        let mut yields = Yields::default();
        // A thousandth an epoch of a year ÷ 100, supply a half of that.
        let mut supply = 1e18;
        for _ in 0..1_000 {
            yields.close_epoch(0.001, supply as u128, YEAR / 100);
            supply *= 1.0005;
        }
        assert!((yields.gross - 0.1).abs() < 1e-9 && (yields.growth - 0.05).abs() < 1e-6, "{yields:?}");
        assert!((yields.net(Some(ONE / 10)) - (1.09 / 1.05 - 1.0)).abs() < 1e-6);
        assert!((yields.net(None) - (1.0 / 1.05 - 1.0)).abs() < 1e-6);
        let id = ProviderId(3);
        yields.lost(id, 0.02, 7);
        assert!((yields.loss(id, 7) - 0.02).abs() < 1e-12 && yields.loss(ProviderId(2), 7) == 0.0);
        assert!((yields.loss(id, 7 + GRUDGE) - 0.02 / std::f64::consts::E).abs() < 1e-12);
    }
}
