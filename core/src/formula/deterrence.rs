//! When cheating does not pay.
//!
//! A provider that cheats saves D, is checked with probability p, is caught with power d when checked, by checkers of whom a
//! share r colludes; caught, it loses what it would have earned, R, and a stake S. Cheating does not pay when
//!
//! > p · d · (1 − r) · (R + S) > D
//!
//! (Becker 1968, "Crime and Punishment", with detection thinned by collusion). Probabilities are parts per billion, amounts
//! nano-XPL. S is everything that a fault costs: the cut of the stake and what is seized of rewards held back.
//!
//! A panel thins detection once more, and errors too, for it must find by majority what one checker found; see [`Detection`]. A
//! Freivalds check of k rounds finds a wrong product with power 1 − 2^-k; see [`freivalds_power`]. What keeps the checkers at
//! work is errors that are planted; see [`Planting`].
//!
//! Nothing is rounded on the way: probabilities are [fractions](Chance), and each amount is rounded once, as its function says.

use crate::money::{ONE, XPL};
use chance::Wide;

pub use chance::Chance;

mod chance;

/// How results are checked. Probabilities are parts per billion, at most all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// p: that a result is checked.
    pub checked: u64,
    /// d: that a check of a wrong result finds it wrong.
    pub power: u64,
    /// r: share of checkers who collude, on panels too.
    pub colluding: u64,
    /// n: how many decide by majority on what a checker found wrong; none where its word is final.
    pub panel: u32,
    /// e: that a checker finds a right result wrong, and that one of a panel votes wrongly.
    pub error: u64,
}

/// What is at stake in one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stakes {
    /// D: what cheating saves.
    pub saved: u64,
    /// R: what honest work earns.
    pub earned: u64,
    /// S: what is slashed.
    pub slashed: u64,
}

impl Detection {
    /// That a cheat is found out: p · d · (1 − r) · M, where M is that of n who each neither collude nor err more than half say
    /// so ([`Chance::majority`]). `None` beyond fifteen seats.
    pub fn caught(&self) -> Option<Chance> {
        let honest = Chance::billionths(self.colluding).otherwise();
        let upheld = honest.and(Chance::billionths(self.error).otherwise()).majority(self.panel)?;
        Some(Chance::billionths(self.checked).and(Chance::billionths(self.power)).and(honest).and(upheld))
    }

    /// That a checker finds a right result wrong: p · e.
    fn accused(&self) -> Chance {
        Chance::billionths(self.checked).and(Chance::billionths(self.error))
    }

    /// That an honest provider is punished, its checker having erred and more than half of the panel with it. Of what is
    /// [at risk](Stakes::at_risk) it is what honest work loses to false positives. `None` beyond fifteen seats.
    pub fn misjudged(&self) -> Option<Chance> {
        Some(self.accused().and(Chance::billionths(self.error).majority(self.panel)?))
    }

    /// That an honest checker errs, and the panel overrules it. Of a deposit it is what checking costs the honest. `None` beyond
    /// fifteen seats.
    pub fn overruled(&self) -> Option<Chance> {
        Some(self.accused().and(Chance::billionths(self.error).majority(self.panel)?.otherwise()))
    }
}

impl Stakes {
    /// R + S: what a provider loses that is found wrong, in nano-XPL.
    pub fn at_risk(&self) -> u128 {
        u128::from(self.earned) + u128::from(self.slashed)
    }
}

/// What a cheat loses on average beyond what it saves, in nano-XPL: `caught` · (R + S) − D, rounded down. Cheating pays where
/// this is below zero.
pub fn margin(caught: &Chance, stakes: &Stakes) -> i128 {
    // What is at risk has 65 bits.
    caught.of(stakes.at_risk()) as i128 - i128::from(stakes.saved)
}

/// The least stake that makes cheating not pay: the first above D ÷ `caught` − R. `None` when cheats are never caught, or it is
/// beyond `u128`.
pub fn least_stake(caught: &Chance, saved: u64, earned: u64) -> Option<u128> {
    let bound = (Wide::from(saved) * caught.of).checked_div(caught.parts)?;
    // Strictly more than the bound: one more, whether it divides or not.
    Some((u128::try_from(bound).ok()?.checked_add(1)?).saturating_sub(earned.into()))
}

/// [`margin`] in micro-USD at a price in micro-USD per XPL that has changed to `share` billionths of itself: `caught` · (R + S) ·
/// price · share − D · price, rounded towards zero. Stake and earnings are tokens and lose value with it; what cheating saves is
/// a cost in dollars, stated at the undisturbed price. `None` beyond `i128`.
pub fn margin_usd(caught: &Chance, stakes: &Stakes, price: u64, share: u64) -> Option<i128> {
    let one = Wide::from(ONE);
    let lost = caught.parts * Wide::from(stakes.at_risk()) * Wide::from(price) * Wide::from(share);
    let saved = caught.of * Wide::from(stakes.saved) * Wide::from(price) * one;
    let rounded = |size: Wide| i128::try_from(size / (caught.of * one * Wide::from(XPL))).ok();
    if lost < saved { rounded(saved - lost).map(|size| -size) } else { rounded(lost - saved) }
}

/// [`margin_usd`] at the undisturbed price, at half of it and at a tenth.
pub fn margins_usd(caught: &Chance, stakes: &Stakes, price: u64) -> Option<[i128; 3]> {
    let [now, half, tenth] = [ONE, ONE / 2, ONE / 10].map(|share| margin_usd(caught, stakes, price, share));
    Some([now?, half?, tenth?])
}

/// The power of a Freivalds check of so many rounds: 1 − 2^-k, rounded down (Freivalds 1977, "Probabilistic machines can use less
/// running time").
pub fn freivalds_power(rounds: u32) -> u64 {
    ONE - 1u64.checked_shl(rounds).map_or(1, |wrong| ONE.div_ceil(wrong))
}

/// Errors planted to catch checkers that copy (Teutsch & Reitwießner 2017, section 4.4;
/// [`crate::protocol::verification::planted`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planting {
    /// t: share of right results that are planted.
    pub rate: u64,
    /// e: that a copied one is exposed.
    pub exposed: u64,
    /// W: what a check pays.
    pub reward: u64,
    /// B: what finding a planted error pays beside.
    pub bonus: u64,
    /// S: what a checker loses who is exposed, its pay not counted.
    pub slash: u64,
}

impl Planting {
    /// What a checker that always copies has after so many checks, of which so many were planted and exposed:
    /// (n − m) · W − m · S, in nano-XPL.
    pub fn copied(&self, checks: u128, traps: u128) -> i128 {
        let paid = checks.saturating_sub(traps).saturating_mul(self.reward.into());
        let lost = traps.saturating_mul(self.slash.into());
        i128::try_from(paid).unwrap_or(i128::MAX).saturating_sub(i128::try_from(lost).unwrap_or(i128::MAX))
    }

    /// t · e · `amount` in parts of 10^-18.
    fn caught(&self, amount: u128) -> Wide {
        Wide::from(self.rate) * Wide::from(self.exposed) * Wide::from(amount)
    }

    /// What copying earns on average in a check: (1 − t·e) · W − t·e · S. What it loses is rounded up.
    pub fn lazy(&self) -> i128 {
        let lost = self.caught(u128::from(self.reward) + u128::from(self.slash)).div_ceil(Wide::from(ONE) * Wide::from(ONE));
        i128::from(self.reward) - i128::try_from(lost).unwrap_or(i128::MAX)
    }

    /// What executing earns on average in a check, its cost not counted: W + t · B, rounded down.
    pub fn honest(&self) -> u128 {
        u128::from(self.reward) + u128::from(self.bonus) * u128::from(self.rate) / u128::from(ONE)
    }

    /// B + e · (W + S) in parts per billion: what a planted error makes of the difference between executing and copying.
    fn at_stake(&self) -> Wide {
        let lost = Wide::from(self.exposed) * (Wide::from(self.reward) + Wide::from(self.slash));
        Wide::from(self.bonus) * Wide::from(ONE) + lost
    }

    /// What copying loses on average against executing at a cost: t · (B + e · (W + S)) − c, rounded down. Copying pays where it
    /// is below zero.
    pub fn margin(&self, cost: u64) -> i128 {
        let gained = Wide::from(self.rate) * self.at_stake() / (Wide::from(ONE) * Wide::from(ONE));
        i128::try_from(gained).unwrap_or(i128::MAX) - i128::from(cost)
    }

    /// The least share of planted results at which copying does not pay: the first above c ÷ (B + e · (W + S)). `None` where no
    /// share does.
    pub fn least_rate(&self, cost: u64) -> Option<u64> {
        let one = Wide::from(ONE);
        let bound = (Wide::from(cost) * one * one).checked_div(self.at_stake())?;
        u64::try_from(bound).ok()?.checked_add(1).filter(|&rate| rate <= ONE)
    }
}

#[cfg(test)]
mod tests;
