//! Worlds in which nothing happens.

use crate::economy::{START, genesis};
use plasma_core::engine::{Engine, Silence};
use plasma_core::time::DAY;
use plasma_reports::metrics::table::METRICS;
use plasma_reports::{Metrics, Provenance, Summary, report_html, write_charts, write_parquet};

fn idle(accounts: u8, days: u64) -> Metrics {
    let genesis = genesis(accounts);
    let mut engine = Engine::genesis(&genesis, Silence, Metrics::new(&genesis)).unwrap();
    engine.run(START + days * DAY + 1);
    engine.into_parts().1
}

#[test]
fn every_null_has_a_reason_and_nothing_panics() {
    for metrics in [idle(0, 5), idle(3, 5)] {
        assert_eq!(metrics.rows().len(), 5);
        for metric in METRICS {
            let values: Vec<_> = metrics.rows().iter().map(|row| metric.of(row)).collect();
            assert!(values.iter().flatten().all(|value| value.is_finite()), "{}", metric.name);
            assert!(values.iter().all(Option::is_some) || !metric.undefined.is_empty(), "{}", metric.name);
        }
        let dir = tempfile::tempdir().unwrap();
        write_parquet(&metrics, dir.path()).unwrap();
        write_charts(&metrics, dir.path(), "").unwrap();
        let html = report_html(&metrics, &Provenance::default()).unwrap();
        assert!(!html.contains("NaN") && !Summary::of(&metrics).to_string().contains("NaN"));
    }
}

#[test]
fn before_the_first_epoch_there_is_nothing_to_measure() {
    let metrics = idle(3, 0);
    assert!(metrics.rows().is_empty() && metrics.whole().is_none() && metrics.years().is_empty());
    assert!(Summary::of(&metrics).to_string().contains("nothing to measure yet"));
    assert!(report_html(&metrics, &Provenance::default()).unwrap().contains("nothing to measure yet"));
    let dir = tempfile::tempdir().unwrap();
    write_parquet(&metrics, dir.path()).unwrap();
    write_charts(&metrics, dir.path(), "").unwrap();
}
