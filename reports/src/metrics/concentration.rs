//! How unevenly something is held: HHI, Gini, Nakamoto coefficient, share of the ten largest; all in integers.

use crate::ratio::Ratio;
use rkyv::{Archive, Deserialize, Serialize};

/// The measures of one distribution.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concentration {
    /// Herfindahl–Hirschman index, Σ sᵢ², in (0, 1]; antitrust practice writes it in points of 1/10 000.
    pub hhi: Ratio,
    /// Gini coefficient, in [0, 1).
    pub gini: Ratio,
    /// Least number of holders who together have more than half.
    pub nakamoto: u64,
    /// Share of the ten largest.
    pub top10: Ratio,
}

impl Concentration {
    /// The measures of `holdings`, which are sorted on the way. Holders of nothing count for the Gini coefficient only. `None`
    /// when nobody holds anything.
    pub fn of(holdings: &mut [u64]) -> Option<Self> {
        rescale(holdings);
        holdings.sort_unstable();
        Some(Self { hhi: hhi(holdings)?, gini: gini(holdings)?, nakamoto: nakamoto(holdings)?, top10: top(holdings, 10)? })
    }
}

/// Drops low bits until the sum is below 2^60, so that squares of it fit 128 bits.
fn rescale(holdings: &mut [u64]) {
    let bits = 128 - total(holdings).leading_zeros();
    let excess = bits.saturating_sub(60);
    if excess > 0 {
        holdings.iter_mut().for_each(|x| *x = x.checked_shr(excess).unwrap_or(0));
    }
}

fn total(holdings: &[u64]) -> u128 {
    holdings.iter().map(|&x| u128::from(x)).sum()
}

/// Herfindahl–Hirschman index: Σ xᵢ² ÷ (Σ xᵢ)². [O. C. Herfindahl 1950; A. O. Hirschman 1945]
fn hhi(sorted: &[u64]) -> Option<Ratio> {
    let total = total(sorted);
    Ratio::of(sorted.iter().map(|&x| u128::from(x) * u128::from(x)).sum::<u128>(), total * total)
}

/// Gini coefficient: Σ (2i − n − 1) xᵢ ÷ (n Σ xᵢ) over the xᵢ in rising order, i from 1. [C. Gini 1912; Sen 1973, p. 31]
fn gini(sorted: &[u64]) -> Option<Ratio> {
    let n = sorted.len() as i128;
    let weighted = sorted.iter().zip(1..).map(|(&x, i): (_, i128)| (2 * i - n - 1) * i128::from(x)).sum();
    Ratio::new(weighted, n as u128 * total(sorted))
}

/// Nakamoto coefficient: least k whose largest holdings sum to more than half. [B. Srinivasan & L. Lee 2017, "Quantifying
/// Decentralization"]
fn nakamoto(sorted: &[u64]) -> Option<u64> {
    let total = total(sorted);
    let mut sum = 0u128;
    let beyond_half = sorted.iter().rev().position(|&x| {
        sum += u128::from(x);
        2 * sum > total
    });
    beyond_half.map(|k| k as u64 + 1)
}

/// Share of the `k` largest.
fn top(sorted: &[u64], k: usize) -> Option<Ratio> {
    Ratio::of(total(&sorted[sorted.len().saturating_sub(k)..]), total(sorted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(holdings: &[u64]) -> Concentration {
        Concentration::of(&mut holdings.to_vec()).unwrap()
    }

    #[test]
    fn textbook_cases() {
        // Four equal firms: HHI 2 500 points, no inequality; three of four are more than half.
        let equal = of(&[25, 25, 25, 25]);
        assert_eq!((equal.hhi.to_f64(), equal.gini.to_f64(), equal.nakamoto, equal.top10.to_f64()), (0.25, 0.0, 3, 1.0));
        // Shares 30, 30, 20, 20 %: 900 + 900 + 400 + 400 = 2 600 points (US DOJ & FTC Merger Guidelines 2010, note 9).
        assert_eq!(of(&[30, 30, 20, 20]).hhi.to_f64(), 0.26);
        // 1, 2, 3, 4, 5: Gini = (2·(1+4+9+16+25) ÷ (5·15)) − 6 ÷ 5 = 4 ÷ 15.
        assert!((of(&[5, 3, 1, 4, 2]).gini.to_f64() - 4.0 / 15.0).abs() < 1e-15);
        // One holder of everything among four: Gini = (n − 1) ÷ n.
        let monopoly = of(&[0, 0, 0, 7]);
        assert_eq!((monopoly.hhi.to_f64(), monopoly.gini.to_f64(), monopoly.nakamoto), (1.0, 0.75, 1));
        // Exactly half is not more than half.
        assert_eq!(of(&[50, 30, 20]).nakamoto, 2);
        assert_eq!(of(&[1; 20]).top10.to_f64(), 0.5);
    }

    #[test]
    fn nobody_holds_anything() {
        assert_eq!(Concentration::of(&mut []), None);
        assert_eq!(Concentration::of(&mut [0, 0]), None);
    }

    proptest! {
        #[test]
        fn bounds_and_invariance(holdings in prop::collection::vec(any::<u64>(), 1..60), factor in 2u64..1000, seed in any::<u64>()) {
            prop_assume!(total(&holdings) >> 40 > 0);
            let n = holdings.len() as f64;
            let c = of(&holdings);
            prop_assert!((1.0 / n - 1e-9..=1.0 + 1e-9).contains(&c.hhi.to_f64()));
            prop_assert!((0.0..=1.0 - 1.0 / n + 1e-9).contains(&c.gini.to_f64()));
            prop_assert!((1..=holdings.len() as u64).contains(&c.nakamoto));
            prop_assert!((0.0..=1.0).contains(&c.top10.to_f64()));
            prop_assert!(2 * c.nakamoto <= holdings.len() as u64 + 2, "the largest half is at least half");
            // Anonymity: the order of holders is no matter.
            let mut turned = holdings.clone();
            turned.rotate_left(seed as usize % holdings.len());
            prop_assert_eq!(of(&turned), c);
            // Scale invariance: nor is the unit.
            let small: Vec<u64> = holdings.iter().map(|x| x >> 24).collect();
            prop_assume!(total(&small) > 0);
            let large: Vec<u64> = small.iter().map(|x| x * factor).collect();
            let (a, b) = (of(&small), of(&large));
            prop_assert!((a.hhi.to_f64() - b.hhi.to_f64()).abs() < 1e-9 && (a.gini.to_f64() - b.gini.to_f64()).abs() < 1e-9);
            // Replication: two of everybody halve the HHI and leave the Gini coefficient.
            let twice: Vec<u64> = small.iter().chain(&small).copied().collect();
            let double = of(&twice);
            prop_assert!((double.hhi.to_f64() * 2.0 - a.hhi.to_f64()).abs() < 1e-9);
            prop_assert!((double.gini.to_f64() - a.gini.to_f64()).abs() < 1e-9);
        }
    }
}
