//! `plasma calc`: rules asked alone.

use crate::plasma::{Ended, Place, flat};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

/// Asks a rule these cases.
fn ask(rule: &str, cases: &str) -> Ended {
    let place = Place::new();
    place.fed(&["calc", rule], cases)
}

/// The answers, a line each.
fn answers(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))).collect()
}

#[test]
fn every_rule_and_its_fields_are_as_they_were_read_and_approved() {
    insta::assert_snapshot!("calc_list", Place::new().plasma(&["calc", "--list"]).succeeds());
}

#[test]
fn the_list_is_for_machines_too_and_every_example_is_answered() {
    let place = Place::new();
    let list = place.plasma(&["calc", "--list", "--json"]).json();
    let rules = list["rules"].as_array().unwrap();
    assert!(rules.len() > 30, "{}", rules.len());
    for rule in rules {
        let name = rule["name"].as_str().unwrap();
        let example = place.plasma(&["calc", name, "--example"]).succeeds();
        assert_eq!(serde_json::from_str::<Value>(&example).unwrap(), rule["example"]);
        let answer = &answers(&place.fed(&["calc", name], &example).succeeds())[0];
        for output in rule["outputs"].as_array().unwrap() {
            assert!(answer.get(output["name"].as_str().unwrap()).is_some(), "{name}: {output} in {answer}");
        }
        for field in [rule["inputs"].as_array().unwrap(), rule["outputs"].as_array().unwrap()].into_iter().flatten() {
            assert!(["type", "unit", "text"].iter().all(|key| !field[key].as_str().unwrap().is_empty()), "{name}: {field}");
        }
    }
    let one = place.plasma(&["calc", "--list", "gini", "--json"]).json();
    assert_eq!(one["rules"].as_array().unwrap().len(), 1);
}

/// Uniswap v2-core, `UniswapV2Pair.spec.ts`; Bitcoin's subsidy; Erlang C of two servers at one erlang.
#[test]
fn answers_are_the_published_ones_and_large_numbers_keep_every_digit() {
    let swap = json!({
        "amount_in": 1_000_000_000_000_000_000u64, "reserve_in": "5000000000000000000",
        "reserve_out": 10_000_000_000_000_000_000u64, "fee": "0.3%",
    });
    assert_eq!(answers(&ask("swap.out", &swap.to_string()).succeeds())[0]["amount_out"], "1662497915624478906");
    // Written as a number, which JSON's readers commonly make a float.
    let wide = r#"{"total": 340282366920938463463374607431768211455, "start": 0, "at": 0}"#;
    assert_eq!(answers(&ask("vesting", wide).succeeds())[0]["vested"], u128::MAX.to_string());
    let halving = r#"{"initial": 5000000000, "interval": 210000, "number": 840000}"#;
    assert_eq!(answers(&ask("emission.halving", halving).succeeds())[0]["minted"], "312500000");
    let clinic = answers(&ask("erlang_c", r#"{"servers": 2, "arrivals": 1, "service": 1}"#).succeeds());
    assert!((clinic[0]["waits"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12, "{clinic:?}");
}

#[test]
fn answers_come_in_order_and_a_refused_case_is_a_line_with_the_reason() {
    let cases = [
        "",
        r#"{"holdings": [60, 30, 20]}"#,
        " \r",
        r#"{"holding": [1]}"#,
        r#"{"holdings": [1, "x"]}"#,
        "[1]",
        "nonsense",
        r#"{"holdings": [1, 1, 1]}"#,
    ];
    let ended = ask("nakamoto", &cases.join("\n"));
    assert_eq!(ended.code, Some(1));
    assert!(flat(&ended.err).contains("4 of 6 cases were refused"), "{}", ended.err);
    let lines = answers(&ended.out);
    assert_eq!((&lines[0]["nakamoto"], &lines[5]["nakamoto"]), (&"1".into(), &"2".into()));
    let refused = |i: usize| (lines[i]["line"].as_u64().unwrap(), lines[i]["refused"].as_str().unwrap());
    assert_eq!(refused(1), (4, "there is no field `holding`; did you mean `holdings`?"));
    assert_eq!(refused(2), (5, "`holdings[1]`: expected a whole number below 2^64, found \"x\""));
    assert_eq!(refused(3).0, 6);
    assert!(refused(3).1.contains("expected a JSON object"), "{}", refused(3).1);
    assert!(refused(4).0 == 7 && refused(4).1.contains("column"), "{:?}", refused(4));
}

#[test]
fn what_is_no_text_is_refused_and_nothing_asked_is_nothing_answered() {
    assert_eq!(ask("gini", "").succeeds(), "");
    let place = Place::new();
    let mut child =
        place.command(&["calc", "gini"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\xff\xfe\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(answers(&String::from_utf8(output.stdout).unwrap())[0]["refused"], "the line is not UTF-8");
}

#[test]
fn each_answer_comes_before_the_next_case_is_asked_and_a_closed_pipe_is_no_error() {
    let place = Place::new();
    let mut child =
        place.command(&["calc", "nakamoto"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut cases, mut out) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..3 {
        cases.write_all(b"{\"holdings\": [1]}\n").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "{\"nakamoto\":\"1\"}\n");
    }
    drop(out);
    // The command notices at its next answer, and may be gone before the case is written.
    let _ = cases.write_all(b"{\"holdings\": [1]}\n");
    drop(cases);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn wrong_usage_names_the_right_rule() {
    let place = Place::new();
    assert!(place.plasma(&["calc", "swap.outt"]).exits(2).contains("swap.out"));
    for args in [&["calc"][..], &["calc", "gini", "--json"], &["calc", "gini", "--list", "--example"]] {
        place.plasma(args).exits(2);
    }
    // Fish is offered no values of arguments.
    for shell in ["bash", "zsh"] {
        assert!(place.plasma(&["completions", shell]).succeeds().contains("swap.impermanent_loss"), "{shell}");
    }
}
