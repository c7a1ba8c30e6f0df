//! What each kind of bad input is told.

use insta::assert_snapshot;
use miette::{GraphicalReportHandler, GraphicalTheme};
use plasma_sim::scenario::{Scenario, ScenarioError, starter};

use super::starter_with;

/// The error of a scenario that must not load, as a terminal shows it.
fn drawn(text: &str) -> String {
    draw(&Scenario::parse("scenario.toml", text, &[]).expect_err("the scenario is wrong"))
}

fn drawn_set(set: &str) -> String {
    draw(&Scenario::parse("scenario.toml", starter(), &[set.into()]).expect_err("the override is wrong"))
}

pub fn draw(error: &ScenarioError) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100).with_context_lines(2);
    let mut text = String::new();
    handler.render_report(&mut text, error).expect("a report can be drawn");
    text
}

#[test]
fn unknown_key() {
    assert_snapshot!(drawn(&starter_with("horizon = ", "horizn = ")));
}

#[test]
fn patience_beyond_the_deadline() {
    assert_snapshot!(drawn_set("demand.chat.patience=90d"));
}

#[test]
fn sizes_that_cannot_be_drawn() {
    let sized = |size: &str| drawn(&starter_with("{ median = 8_000_000, sigma = 0.8 }", size));
    let told = [
        "{ median = 8_000_000, values = { 5 = 1 } }",
        "{ sigma = 0.8 }",
        "{ quantiles = { \"10%\" = 5, \"100%\" = 9 } }",
        "{ quantiles = { \"0%\" = 9, \"50%\" = 8, \"100%\" = 10 } }",
        "{ values = { 0 = 1, 5 = 0 } }",
        "{ csv = { fil = \"sizes.csv\", column = \"tokens\" } }",
        "{ csv = { file = \"sizes.csv\", column = \"tokens\", factor = 0 } }",
    ];
    assert_snapshot!(told.map(sized).concat());
}

#[test]
fn a_proposal_that_the_protocol_would_refuse() {
    let proposal = "\n[[proposal]]\nid = \"more\"\nat = \"1d\"\nby = { provider = \"gamers\" }\nwhat = { change = { emission = { providers = \"90%\" } } }\n";
    assert_snapshot!(drawn(&(starter_with("[fee]", "[governance]\nmax_open = 1\n\n[fee]") + proposal)));
}

#[test]
fn more_candidates_than_anybody_plays() {
    assert_snapshot!(drawn_set("demand.chat.rate=20000000000/h"));
}

#[test]
fn patience_shorter_than_a_batch() {
    let sets = ["market.mechanism=uniform", "market.batch=2h"].map(String::from);
    assert_snapshot!(draw(&Scenario::parse("scenario.toml", starter(), &sets).expect_err("nobody waits that long")));
}

#[test]
fn a_misspelt_provenance() {
    assert_snapshot!(drawn(&starter_with("power = \"450 W\"", "power = { value = \"450 W\", sorce = \"data sheet\" }")));
}

#[test]
fn unknown_key_of_an_element() {
    assert_snapshot!(drawn(&starter_with("mark_up = ", "markup = ")));
}

#[test]
fn unknown_parameter() {
    assert_snapshot!(drawn(&starter_with("[fee]\nrate", "[fee]\nrat")));
}

#[test]
fn unknown_section() {
    assert_snapshot!(drawn(&starter_with("[fee]", "[fees]")));
}

#[test]
fn wrong_unit() {
    assert_snapshot!(drawn(&starter_with("power = \"450 W\"", "power = \"450 V\"")));
}

#[test]
fn wrong_unit_of_a_parameter() {
    assert_snapshot!(drawn(&starter_with("[fee]\nrate = \"5%\"", "[fee]\nrate = \"5 XPL\"")));
}

#[test]
fn a_bare_number_where_a_unit_is_needed() {
    assert_snapshot!(drawn(&starter_with("horizon = \"30d\"", "horizon = 30")));
}

#[test]
fn wrong_type() {
    assert_snapshot!(drawn(&starter_with("count = 300", "count = \"many\"")));
}

#[test]
fn wrong_name() {
    assert_snapshot!(drawn(&starter_with("uptime = \"always\"", "uptime = \"allways\"")));
}

#[test]
fn wrong_number_of_hours() {
    assert_snapshot!(drawn(&starter_with("daily = \"office\"", "daily = [1, 2, 3]")));
}

#[test]
fn out_of_range() {
    assert_snapshot!(drawn(&starter_with("[fee]\nrate = \"5%\"", "[fee]\nrate = \"105%\"")));
}

#[test]
fn contradiction_between_parameters() {
    assert_snapshot!(drawn(&starter_with("[fee]\nrate = \"5%\"", "[fee]\nburn = \"60%\"")));
}

#[test]
fn a_quorum_of_more_feeders_than_there_are() {
    let drawn = drawn_set("oracle.quorum=2");
    assert!(drawn.contains("oracle.quorum must not exceed"), "{drawn}");
}

#[test]
fn allocations_that_miss_the_supply() {
    assert_snapshot!(drawn(&starter_with("amount = \"75%\"", "amount = \"70%\"")));
}

#[test]
fn contradiction_between_world_and_parameter() {
    assert_snapshot!(drawn(&starter_with("uptime = \"always\"", "requote = \"30d\"")));
}

#[test]
fn duplicate_id() {
    assert_snapshot!(drawn(&starter_with("id = \"asia\"", "id = \"europe\"")));
}

#[test]
fn duplicate_key() {
    assert_snapshot!(drawn(&starter_with("seed = 1", "seed = 1\nseed = 2")));
}

#[test]
fn unknown_class() {
    assert_snapshot!(drawn(&starter_with("class = \"rtx-4090\"", "class = \"rtx-4080\"")));
}

#[test]
fn unknown_program() {
    assert_snapshot!(drawn(&starter_with("program = \"decode-8b\"", "program = \"decode-9b\"")));
}

#[test]
fn unknown_region() {
    assert_snapshot!(drawn(&starter_with("regions = { europe = 1", "regions = { eurpe = 1")));
}

#[test]
fn a_size_that_the_program_lacks() {
    assert_snapshot!(drawn(&starter_with("size = { tokens =", "size = { token =")));
}

#[test]
fn missing_key() {
    assert_snapshot!(drawn(&starter_with("vram = \"24 GB\"\n", "")));
}

#[test]
fn toml_syntax() {
    assert_snapshot!(drawn(&starter_with("seed = 1", "seed = ")));
}

#[test]
fn wrong_confidence() {
    let annotated = "power = { value = \"450 W\", source = \"data sheet\", confidence = \"hihg\" }";
    assert_snapshot!(drawn(&starter_with("power = \"450 W\"", annotated)));
}

#[test]
fn empty() {
    assert_snapshot!(drawn(""));
}

#[test]
fn independent_problems_are_told_together() {
    let text = starter_with("power = \"450 W\"", "power = \"450 V\"");
    let text = text.replace("rate = \"60/h\"", "rate = \"often\"").replace("[fee]\nrate", "[fee]\nrat");
    let error = Scenario::parse("scenario.toml", &text, &[]).unwrap_err();
    assert_snapshot!(error.plain());
}

#[test]
fn a_line_of_a_million_characters_is_clipped() {
    let long = format!("title = \"{}\" x", "é".repeat(500_000));
    let drawn = drawn(&long);
    assert!(drawn.len() < 2_000, "{}", drawn.len());
    assert_snapshot!(drawn);
    let error = Scenario::parse("scenario.toml", &format!("{} = 1", "k".repeat(1_000_000)), &[]).unwrap_err();
    assert!(error.plain().len() < 1_000);
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let drawn = drawn("title = \"\u{9b}31m\" x \u{1b}[31m\nquestion = 5 \u{7f}");
    assert!(!drawn.chars().any(|c| c.is_control() && c != '\n'), "{drawn:?}");
}

#[test]
fn an_override_without_a_value() {
    assert_snapshot!(drawn_set("fee.rate"));
}

#[test]
fn an_override_of_an_unknown_parameter() {
    assert_snapshot!(drawn_set("market.fee=2%"));
}

#[test]
fn an_override_of_an_unknown_element() {
    assert_snapshot!(drawn_set("demand.chad.rate=2/h"));
}

#[test]
fn an_override_with_a_wrong_value() {
    assert_snapshot!(drawn_set("demand.chat.rate=2%"));
}

#[test]
fn an_override_within_a_value() {
    assert_snapshot!(drawn_set("title.of=2"));
}
