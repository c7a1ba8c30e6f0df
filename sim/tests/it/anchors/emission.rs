//! Inflation that follows participation: Livepeer's rises by a fixed step each round while less than its target is bonded, and falls
//! by it while more is (livepeer/protocol, `contracts/token/Minter.sol`, `setInflation`).

use super::{play, small};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::money::{ONE, share_wide};
use plasma_core::record::{Event, Record};
use plasma_core::time::{DAY, YEAR};

/// What each round steered to, minted, and saw: yearly inflation in parts per billion, nano-XPL, and the share at stake.
#[derive(Default)]
struct Rounds {
    levels: Vec<u64>,
    minted: Vec<u128>,
    expected: Vec<u128>,
    bonded: Vec<f64>,
}

impl Observer for Rounds {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, view: &State, _record: &Record, event: &Event) {
        match event {
            Event::Steered(steered) => {
                let staked: u128 = plasma_core::protocol::emission::staked(view).map(|(_, stake)| stake).sum();
                self.levels.push(steered.level);
                self.bonded.push(staked as f64 / view.ledger.supply() as f64);
                self.expected.push(share_wide(view.ledger.supply(), steered.level).unwrap() * u128::from(DAY) / u128::from(YEAR));
                self.minted.push(0);
            }
            Event::Emitted(emitted) => {
                let parts = [emitted.providers, emitted.stakers, emitted.treasury, emitted.builders, emitted.unminted];
                *self.minted.last_mut().unwrap() += parts.iter().map(|&part| u128::from(part)).sum::<u128>();
            }
            _ => {}
        }
    }
}

/// Thirty rounds of a day with Livepeer's first numbers: 0.0137 % a round, and 0.0003 % more or less each round. A year of it at a
/// round's rate is what our parameters say.
fn rounds(goal: &str) -> Rounds {
    let goal = format!("emission.goal={goal}");
    let livepeer = ["emission.schedule=participation", "emission.rate=5%", "emission.change=40%", "emission.max=50%"];
    let sets: Vec<&str> = livepeer.into_iter().chain(["emission.floor=0%", goal.as_str()]).collect();
    let rounds = play(&small(&sets), Rounds::default()).into_parts().1;
    assert_eq!((rounds.levels.len(), &rounds.minted), (30, &rounds.expected), "a round mints its inflation");
    rounds
}

#[test]
fn inflation_rises_while_participation_stays_under_its_target_and_falls_above_it() {
    let (first, step) = (ONE / 20, (400_000_000u128 * u128::from(DAY) / u128::from(YEAR)) as u64);
    // Livepeer's own target is a half, and providers' bonds are far from that.
    let under = rounds("50%");
    assert!(under.bonded.iter().all(|&bonded| bonded < 0.5));
    let rising: Vec<u64> = (1..=30).map(|round| first + round * step).collect();
    assert_eq!(under.levels, rising);
    // A target that bonds reach as machines join: inflation turns where they cross it, and nowhere else.
    let (least, most) = (under.bonded[0], under.bonded[29]);
    assert!(most > least * 1.05, "{least} {most}");
    let goal = (least + most) / 2.0;
    let crossing = rounds(&format!("{}%", (goal * 1e9).round() / 1e7));
    let mut before = first;
    for (&level, &bonded) in crossing.levels.iter().zip(&crossing.bonded) {
        assert_eq!(level, if bonded < goal { before + step } else { before - step }, "at {bonded}");
        before = level;
    }
    assert!(crossing.bonded[0] < goal && crossing.bonded[29] > goal);
}
