//! Records in words: what each field counts, with its unit.

use plasma_core::ids::{AccountId, OfferId, ProviderId};
use plasma_core::log::batch::Line;
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{TABLE, Unit};
use plasma_core::protocol::weights::NO_CLASS;
use plasma_core::record::{Cause, Fields, Origin, Record, Value};
use plasma_reports::calendar;
use plasma_reports::number::grouped;
use plasma_sim::scenario::show_value;
use serde_json::{Map, json};

/// What the number in a field counts.
enum Counts {
    NanoXpl,
    WholeXpl,
    /// Nano-XPL for each second of a GPU.
    Pace,
    MicroUsd,
    MilliGpuSeconds,
    Moment,
    Account,
    Provider,
    Offer,
    /// A share in parts per billion.
    Share,
    /// The base-2 logarithm of a number.
    Power,
    /// Classes of the catalogue, one bit each.
    Classes,
    /// One of these, from zero.
    Named(&'static [&'static str]),
    /// It is a number, or an identifier that its name explains.
    Itself,
}

/// What a field of a record counts. One that is not named here is shown as it is.
fn counts(record: &str, field: &str) -> Counts {
    match (record, field) {
        ("Redelegate", "from" | "to") | (_, "challenger" | "checker" | "juror" | "pool" | "provider") => Counts::Provider,
        ("OrderReturned" | "MilestonePaid", "closes") => Counts::Itself,
        ("Tallied", "abstain" | "no" | "veto" | "yes") => Counts::WholeXpl,
        ("Tallied", "outcome") => Counts::Named(&["passed", "rejected", "no quorum", "vetoed"]),
        ("Vote", "choice") => Counts::Named(&["yes", "no", "abstain", "veto"]),
        (_, "office") => Counts::Named(&["the committee", "the custodian", "the council"]),
        ("OrderPlaced", "side") => Counts::Named(&["buy", "provide"]),
        ("SetCommission", "rate") | ("Braked", "ratio") | ("WeightChanged", "weight" | "before") => Counts::Share,
        ("StakeRewarded", "commission" | "delegators") => Counts::NanoXpl,
        ("RevealAsk", "price") | (_, "ask" | "surplus" | "gap") => Counts::Pace,
        (
            _,
            "amount" | "budget" | "builders" | "burned" | "deposit" | "deposited" | "excess" | "fee" | "from_deposit"
            | "from_treasury",
        )
        | (_, "max_xpl" | "minted" | "paid" | "price" | "providers" | "reminted" | "returned" | "reward" | "sent" | "stake")
        | (_, "stakers" | "to_worker" | "total" | "treasury" | "unminted" | "work") => Counts::NanoXpl,
        (_, "micro_usd") => Counts::MicroUsd,
        (_, "work_mgs") => Counts::MilliGpuSeconds,
        (
            _,
            "cliff" | "closes" | "due" | "end" | "expires" | "finish_by" | "next_closes" | "next_ends" | "opens" | "release"
            | "ripens",
        )
        | (_, "seal_by" | "shuts" | "start" | "start_by" | "until") => Counts::Moment,
        (_, "account" | "custodian" | "to") => Counts::Account,
        (_, "offer") => Counts::Offer,
        (_, "gpus_log2") => Counts::Power,
        (_, "classes") => Counts::Classes,
        _ => Counts::Itself,
    }
}

/// The payload of a record, field by field.
pub fn fields(record: &str, payload: &impl Fields) -> String {
    let (mut parts, mut values) = (Vec::new(), [0; 4]);
    let changes = matches!(record, "ProposeChange" | "Decree");
    payload.visit(&mut |name, value| {
        parts.extend(match value {
            // A parameter and its value say nothing without each other.
            Value::Numbers(numbers) if changes => {
                values = numbers;
                None
            }
            Value::Sizes(params) if changes => {
                let set = params.iter().zip(values).filter_map(|(&param, value)| setting(param, value));
                Some(set.collect::<Vec<_>>().join(", "))
            }
            Value::Numbers(numbers) if record == "ProposeWeights" => {
                values = numbers;
                None
            }
            Value::Sizes(classes) if record == "ProposeWeights" => {
                let set = classes.iter().zip(values).filter(|(class, _)| **class != NO_CLASS);
                let set = set.map(|(class, weight)| format!("class {class} = {}", show_value(Unit::Ratio, weight)));
                Some(set.collect::<Vec<_>>().join(", "))
            }
            Value::Number(n) if (record, name) == ("ParamChanged", "value") => {
                values[0] = n;
                None
            }
            Value::Number(n) if (record, name) == ("ParamChanged", "param") => setting(n as u32, values[0]),
            Value::Number(n) => Some(number(record, name, n)),
            Value::Serial(n) => Some(format!("{name} {n}")),
            Value::Bytes(bytes) if bytes == [0; 32] => None,
            Value::Bytes(bytes) => Some(format!("{name} {}…", &crate::manifest::hex(&bytes)[..12])),
            Value::Sizes(sizes) => Some(format!("{name} {sizes:?}")),
            Value::Numbers(numbers) => Some(format!("{name} {numbers:?}")),
            Value::Nothing => Some(format!("{name} none")),
        });
    });
    parts.join(", ")
}

/// A parameter, by its place in the table, and its value; none for no parameter.
fn setting(param: u32, value: u64) -> Option<String> {
    let spec = TABLE.get(param as usize)?;
    Some(format!("{} = {}", spec.key, show_value(spec.unit, value)))
}

fn number(record: &str, name: &str, n: u64) -> String {
    let id = n as u32;
    match counts(record, name) {
        Counts::NanoXpl => format!("{name} {}", xpl(n.into())),
        Counts::WholeXpl => format!("{name} {} XPL", grouped(n.into())),
        Counts::Pace => format!("{name} {} per GPU-s", xpl(n.into())),
        Counts::MicroUsd => format!("{} USD", decimal(n.into(), 1_000_000)),
        Counts::MilliGpuSeconds => format!("work {} GPU-s", decimal(n.into(), 1_000)),
        Counts::Moment if n == 0 => format!("{name} never"),
        Counts::Moment => format!("{name} {}", calendar::timestamp(n)),
        Counts::Account if name == "to" => format!("to {}", AccountId(id)),
        Counts::Account => AccountId(id).to_string(),
        Counts::Provider if name == "provider" => ProviderId(id).to_string(),
        Counts::Provider => format!("{name} {}", ProviderId(id)),
        Counts::Offer => OfferId(id).to_string(),
        Counts::Share => format!("{name} {} %", decimal(u128::from(n) * 100, ONE.into())),
        Counts::Power => format!("GPUs {}", 1u128 << (n & 63)),
        Counts::Classes if n == u64::MAX => "any class".into(),
        Counts::Classes => {
            let allowed: Vec<String> = (0..64).filter(|bit| n >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
            format!("classes {}", allowed.join(" "))
        }
        Counts::Named(names) => names.get(n as usize).map_or_else(|| format!("{name} {n}"), |choice| format!("{name} {choice}")),
        Counts::Itself => format!("{name} {n}"),
    }
}

/// The payload for machines: numbers in the units of the log.
pub fn json(payload: &impl Fields) -> Map<String, serde_json::Value> {
    let mut object = Map::new();
    payload.visit(&mut |name, value| {
        let value = match value {
            Value::Number(n) | Value::Serial(n) => json!(n),
            Value::Bytes(bytes) => json!(crate::manifest::hex(&bytes)),
            Value::Sizes(sizes) => json!(sizes),
            Value::Numbers(numbers) => json!(numbers),
            Value::Nothing => serde_json::Value::Null,
        };
        object.insert(name.to_owned(), value);
    });
    object
}

/// A line of a log: what it is, when, from whom, with its fields.
pub fn line(line: &Line) -> String {
    let with = |name: &str, fields: String| if fields.is_empty() { name.to_owned() } else { format!("{name} ({fields})") };
    match line {
        Line::Event(event) => format!("the event {}", with(event.name(), fields(event.name(), event))),
        Line::Cause(Record { time, cause: Cause::Timer(timer) }) => {
            let what = with(timer.name(), fields(timer.name(), timer));
            format!("the timer {what} at {}", calendar::timestamp(*time))
        }
        Line::Cause(Record { time, cause: Cause::Command { origin, command, .. } }) => {
            let from = match origin {
                Origin::Account(id) => id.to_string(),
                Origin::Feeder(feeder) => format!("feeder {feeder}"),
                Origin::Host => "the host".into(),
            };
            let what = with(command.name(), fields(command.name(), command));
            format!("the command {what} by {from} at {}", calendar::timestamp(*time))
        }
    }
}

/// An amount as people read it.
pub fn xpl(nano: u128) -> String {
    format!("{} XPL", decimal(nano, XPL.into()))
}

/// A number of parts, in wholes of so many of them, a power of ten.
pub fn decimal(parts: u128, whole: u128) -> String {
    let digits = whole.ilog10() as usize;
    let fraction = format!("{:0digits$}", parts % whole);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}", grouped(parts / whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::ids::ClassId;
    use plasma_core::protocol::account::Transfer;
    use plasma_core::protocol::governance::action::{ParamChanged, ProposeChange};
    use plasma_core::protocol::weights::{ProposeWeights, WeightChanged};

    fn place(key: &str) -> u32 {
        TABLE.iter().position(|spec| spec.key == key).unwrap() as u32
    }

    #[test]
    fn amounts_are_exact_and_readable() {
        assert_eq!(xpl(0), "0 XPL");
        assert_eq!(xpl(1), "0.000000001 XPL");
        assert_eq!(xpl(1_234_567_500_000_000), "1 234 567.5 XPL");
        assert_eq!(decimal(12_345_678, 1_000), "12 345.678");
    }

    #[test]
    fn fields_carry_their_units() {
        let transfer = Transfer { amount: 2_500_000_000, to: AccountId(1), pad: 0 };
        assert_eq!(fields("Transfer", &transfer), format!("amount 2.5 XPL, to {}", AccountId(1)));
        assert_eq!(number("PostPrice", "micro_usd", 100_000), "0.1 USD");
        assert_eq!(number("Submit", "gpus_log2", 3), "GPUs 8");
        assert_eq!(number("SetCommission", "rate", 25_000_000), "rate 2.5 %");
        assert_eq!(number("Redelegate", "to", 4), format!("to {}", ProviderId(4)));
        let change = ProposeChange { values: [30_000_000, 0, 0, 0], params: [place("fee.rate"), u32::MAX, u32::MAX, u32::MAX] };
        assert_eq!(fields("ProposeChange", &change), "fee.rate = 3%");
        let changed = ParamChanged { value: 86_400_000, param: place("governance.timelock"), pad: 0 };
        assert_eq!(fields("ParamChanged", &changed), "governance.timelock = 1d");
        let weights = ProposeWeights { weights: [1_200_000_000, 0, 7, 0], classes: [2, 0, NO_CLASS, NO_CLASS] };
        assert_eq!(fields("ProposeWeights", &weights), "class 2 = 120%, class 0 = 0%");
        let changed = WeightChanged { weight: 1_200_000_000, before: 1_000_000_000, class: ClassId(2), pad: [0; 7] };
        assert_eq!(fields("WeightChanged", &changed), "weight 120 %, before 100 %, class 2");
        assert_eq!(number("Tallied", "ripens", 0), "ripens never");
        assert_eq!(number("Submit", "classes", 5), "classes 0 2");
        assert_eq!(serde_json::Value::from(json(&transfer)), json!({ "amount": 2_500_000_000u64, "to": 1 }));
    }
}
