//! What must hold whatever happens: conservation, bounds, and that a checkpoint is invisible.

use crate::economy::{START, genesis, metrics, proposal, run};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::money::XPL;
use plasma_core::protocol::offer::Status;
use plasma_core::record::{Event, Record};
use plasma_core::time::DAY;
use plasma_reports::Metrics;
use plasma_reports::metrics::table::{METRICS, Unit};

/// Metrics that are saved and loaded again after every record, and compared with the rows they are folded from.
struct Doubting(Metrics);

impl Doubting {
    fn doubt(&mut self, view: &State) {
        self.0 = Metrics::load(&self.0.save()).unwrap();
        let gpus = view.offers().iter().map(|offer| {
            let open = offer.status == Status::Open && view.may_lease(offer.provider);
            u64::from(if open { offer.gpus } else { offer.gpus - offer.free })
        });
        assert_eq!(self.0.capacity().gpus(), gpus.sum::<u64>());
    }
}

impl Observer for Doubting {
    fn cause(&mut self, view: &State, record: &Record) {
        self.0.cause(view, record);
        self.doubt(view);
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        self.0.event(view, record, event);
        self.doubt(view);
    }
    fn epoch_closed(&mut self, view: &State) {
        self.0.epoch_closed(view);
        self.doubt(view);
    }
}

#[test]
fn a_fold_that_is_saved_and_loaded_after_every_record_gives_the_same_rows() {
    let doubting = run(3, Doubting(Metrics::new(&genesis(3)))).into_parts().1.0;
    assert_eq!(doubting, metrics());
}

#[test]
fn damaged_bytes_are_refused() {
    let saved = metrics().save();
    assert!(Metrics::load(&[]).is_err());
    assert!(Metrics::load(&saved[..saved.len() / 2]).is_err());
    assert!(Metrics::load(&[0xff; 4096]).is_err());
    assert_eq!(Metrics::load(&saved).unwrap(), metrics());
}

#[test]
fn tokens_are_conserved_in_every_row() {
    let mut engine = run(3, Metrics::new(&genesis(3)));
    let metrics = engine.observer().clone();
    let mut before = None;
    for row in metrics.rows().iter().chain(&metrics.years()) {
        assert_eq!(row.supply_opened + row.minted, row.stocks.supply + row.burned.total(), "epoch {}", row.epoch);
        let emitted = row.emitted_providers + row.emitted_stakers + row.emitted_treasury + row.emitted_builders;
        assert_eq!(row.minted, emitted);
        assert_eq!(row.payments(), row.classes.iter().map(|class| class.payments).sum::<u128>());
        assert_eq!(row.jobs.settled, row.classes.iter().map(|class| class.settled).sum::<u64>());
    }
    for row in metrics.rows() {
        assert!(before.is_none_or(|before| before == (row.opened, row.supply_opened)), "rows follow each other");
        before = Some((row.closed, row.stocks.supply));
    }
    let whole = metrics.whole().unwrap();
    engine.view(|state| {
        assert_eq!(whole.minted, state.ledger.minted);
        assert_eq!(whole.burned.total(), state.ledger.burned);
        assert_eq!(whole.stocks.staked, state.providers().iter().map(|provider| provider.bond).sum::<u128>());
    });
}

#[test]
fn the_deposit_of_a_rejected_proposal_is_among_what_burned() {
    let (genesis, script) = proposal();
    let mut engine = Engine::genesis(&genesis, script, Metrics::new(&genesis)).unwrap();
    engine.run(START + DAY + 1);
    let row = engine.observer().rows()[0].clone();
    assert_eq!(row.burned.deposits, u128::from(1_000 * XPL));
    assert_eq!(row.supply_opened + row.minted, row.stocks.supply + row.burned.total());
    engine.view(|state| assert_eq!(row.burned.total(), state.ledger.burned));
}

#[test]
fn shares_lie_between_zero_and_one_and_nothing_is_nan() {
    for row in metrics().rows() {
        for metric in METRICS {
            let Some(value) = metric.of(&row) else { continue };
            assert!(value.is_finite(), "{} is {value}", metric.name);
            assert!(metric.unit != Unit::Share || (0.0..=1.0).contains(&value), "{} is {value}", metric.name);
        }
    }
}
