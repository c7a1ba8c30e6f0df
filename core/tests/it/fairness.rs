//! Identical providers earn alike, whatever their number, in every market.

#![allow(clippy::disallowed_types, reason = "a test statistic is no amount")]

use crate::testing::{Script, class, hour_job, program};
use plasma_core::catalogue::{Catalogue, Kind};
use plasma_core::engine::Engine;
use plasma_core::engine::step::Arrival;
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::{AccountId, ClassId, OfferId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{Params, mechanism};
use plasma_core::protocol::offer::PostOffer;
use plasma_core::protocol::provider::Register;
use plasma_core::protocol::{beacon, bond, job, sealed};
use plasma_core::record::{Command, Event, Origin};
use plasma_core::time::{DAY, HOUR, SECOND, Time};

const PROVIDERS: u32 = 8;
const EPOCHS: u64 = 800;

/// One job an epoch, eight equal asks: who gets it is the beacon's choice. Under fairness each offer wins 100 ± 9.4 of 800, and
/// Pearson's χ² over eight offers exceeds 24.32 with probability 0.001 (seven degrees of freedom). The beacons are fixed, so the
/// test either always passes or always fails.
#[test]
fn equal_asks_win_equally_often_whatever_their_number() {
    [mechanism::POSTED, mechanism::UNIFORM, mechanism::SEALED, mechanism::ALGORITHMIC].into_iter().for_each(win_equally_often);
}

fn win_equally_often(by: u64) {
    let genesis = genesis(by);
    let mut engine = Engine::genesis(&genesis, Script::new(commands(&genesis)), ()).unwrap();
    engine.run(genesis.start + EPOCHS * DAY);
    let mut wins = [0f64; PROVIDERS as usize];
    let records = &engine.environment().records;
    for event in records.iter().flat_map(|(_, events)| events) {
        if let Event::Leased(leased) = event {
            wins[leased.offer.index()] += 1.0;
        }
    }
    let fair = wins.iter().sum::<f64>() / f64::from(PROVIDERS);
    assert!(fair * f64::from(PROVIDERS) >= EPOCHS as f64 - 1.0, "{wins:?}");
    let chi_squared: f64 = wins.iter().map(|won| (won - fair).powi(2) / fair).sum();
    assert!(chi_squared < 24.32, "χ² = {chi_squared:.1}: {wins:?}");
    // Nor do the older half win more: their share is binomial with a deviation of √(n/4).
    let older: f64 = wins[..PROVIDERS as usize / 2].iter().sum();
    let total = fair * f64::from(PROVIDERS);
    assert!((older - total / 2.0).abs() < 3.3 * (total / 4.0).sqrt(), "the older half won {older} of {total}");
}

fn genesis(by: u64) -> Genesis {
    let mut params = Params::default();
    params.set("market.mechanism", by).unwrap();
    params.set("market.batch", HOUR).unwrap();
    params.set("market.retries", 0).unwrap();
    params.set("market.opening", 2 * XPL).unwrap();
    params.set("market.reserve", 2 * XPL).unwrap();
    params.set("fee.base", 0).unwrap();
    params.set("market.ask_ttl", 10 * 365 * DAY).unwrap();
    params.set("jail.after", 1_000).unwrap();
    params.set("slash.missed", 0).unwrap();
    let account = |i| Allocation { key: [i as u8; 32], amount: 10_000_000 * u128::from(XPL), locked: false };
    Genesis {
        chain: "fairness".into(),
        start: 1_000 * DAY,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class("gpu", 24, 1, ONE)], programs: vec![program("p", Kind::Batch)] },
        accounts: (0..=PROVIDERS).map(account).collect(),
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        treasury: 0,
        builders: 0,
        feeders: 0,
    }
}

/// Everybody offers; then, every day, a beacon and a job that nobody finishes and everybody forgives.
fn commands(genesis: &Genesis) -> Vec<Arrival> {
    let mut commands = Vec::new();
    let mut send = |time, origin, command: Command| commands.push(Arrival { time, origin, command });
    for n in 0..PROVIDERS {
        let origin = Origin::Account(AccountId(n));
        send(genesis.start, origin, Register { region: 0 }.into());
        send(genesis.start, origin, bond::Bond { amount: 2_000 * XPL }.into());
        send(genesis.start, origin, PostOffer { ask: XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into());
    }
    for day in 0..EPOCHS {
        let at = genesis.start + day * DAY + SECOND;
        let value = *blake3::hash(&day.to_le_bytes()).as_bytes();
        send(at, Origin::Host, beacon::Beacon { value }.into());
        // An auction of sealed asks takes two batches.
        let start_by = at + 3 * HOUR;
        let submit = job::Submit { start_by, finish_by: start_by + HOUR + 1, ..hour_job(at) };
        send(at, Origin::Account(AccountId(PROVIDERS)), submit.into());
        seal_and_reveal(at, &mut send);
    }
    commands
}

/// Everybody seals the same ask, and reveals it an hour later. Refused wherever asks are not sealed.
fn seal_and_reveal(at: Time, send: &mut impl FnMut(Time, Origin, Command)) {
    for n in 0..PROVIDERS {
        let digest = sealed::digest(ProviderId(n), OfferId(n), XPL, &[0; 32]);
        send(at, Origin::Account(AccountId(n)), sealed::SealAsk { digest, offer: OfferId(n), pad: 0 }.into());
    }
    for n in 0..PROVIDERS {
        let reveal = sealed::RevealAsk { price: XPL, salt: [0; 32], offer: OfferId(n), pad: 0 };
        send(at + HOUR, Origin::Account(AccountId(n)), reveal.into());
    }
}
