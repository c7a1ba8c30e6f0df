//! What was found still comes out: signs and sizes of what scenarios change, as their findings state them, with other seeds.

use crate::plasma::{Place, shipped};

/// A scenario beside another, a metric and a span, and the share by which the metric differs: least and most.
type Found = (&'static str, &'static str, &'static str, f64, f64);

/// Plays scenarios beside their base at a hundredth, and holds the mean of the differences against what was found.
fn compare(base: &str, more: &[&str], found: &[Found]) {
    let place = Place::new();
    let file = |name: &str| shipped(&format!("{name}.toml"));
    let mut arguments: Vec<String> =
        ["replicate", &file(base), "--seeds", "11-12", "--set", "scale=1/100", "--json"].map(ToOwned::to_owned).into();
    arguments.extend(more.iter().map(ToString::to_string));
    let mut designs: Vec<&str> = found.iter().map(|(design, ..)| *design).collect();
    designs.dedup();
    designs.iter().for_each(|design| arguments.extend(["--beside".into(), file(design)]));
    let said = place.plasma(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).json();
    for (design, metric, span, least, most) in found {
        let named = |key: &str, name: &str, list: &serde_json::Value| {
            let list = list.as_array().unwrap_or_else(|| panic!("no list in {list}"));
            list.iter().find(|one| one[key] == name).cloned().unwrap_or_else(|| panic!("there is no {name}"))
        };
        let difference = named("name", design, &said["risk"]["differences"]);
        let change = named("label", span, &difference["spans"])["values"][metric]["relative"].as_f64();
        let change = change.unwrap_or_else(|| panic!("{design}: {metric} in {span} is null"));
        assert!((*least..=*most).contains(&change), "{design}: {metric} in {span} changes by {:.1} %", change * 100.0);
    }
}

#[test]
fn four_markets_price_the_same_demand() {
    compare(
        "market-posted",
        &[],
        &[
            ("market-uniform", "price_compared_usd", "whole run", 0.11, 0.19),
            ("market-sealed", "price_compared_usd", "whole run", 0.22, 0.42),
            ("market-algorithmic", "price_compared_usd", "whole run", -0.16, -0.09),
        ],
    );
}

#[test]
fn emission_makes_work_cheaper_and_brings_providers() {
    compare(
        "emission-xpl",
        &[],
        &[
            ("emission-none", "price_compared_usd", "whole run", 0.05, 0.12),
            ("emission-none", "providers_active", "whole run", -0.35, -0.15),
            ("fee-raised", "price_compared_usd", "year 3", 0.02, 0.04),
            ("fee-raised", "fees", "year 3", 0.65, 0.80),
            ("fee-raised", "price_compared_usd", "year 4", -0.01, 0.01),
        ],
    );
}

#[test]
fn what_is_emitted_lowers_the_price_of_xpl_and_what_is_burned_raises_it() {
    compare(
        "settle-pay",
        &[],
        &[
            ("settle-burn-schedule", "market_price_usd", "year 2", 0.8, 1.3),
            ("settle-burn-schedule", "market_price_usd", "year 5", 1.5, 2.1),
            ("settle-vault", "market_price_usd", "year 5", -0.03, 0.03),
            ("traded-emission-none", "market_price_usd", "year 5", 2.3, 3.4),
            ("buyback-burned", "market_price_usd", "year 1", 0.24, 0.37),
            ("buyback-burned", "market_price_usd", "year 5", 0.0, 0.09),
            ("fee-burn-all", "supply", "year 5", -0.006, -0.003),
            ("whale-dump", "market_price_usd", "year 3", -0.30, -0.18),
        ],
    );
}

#[test]
fn demand_and_clouds_that_fall_take_prices_with_them() {
    compare(
        "xpl-baseline",
        &["--until", "4y"],
        &[
            ("demand-collapse", "price_compared_usd", "year 4", -0.26, -0.14),
            ("demand-collapse", "utilisation", "year 4", -0.60, -0.38),
            ("cloud-price-war", "price_compared_usd", "year 4", -0.30, -0.21),
            ("cloud-price-war", "payments", "year 4", -0.34, -0.25),
        ],
    );
}
