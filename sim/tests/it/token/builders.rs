//! Builders and the committee.

use super::{Diary, Electorate, begin, end, on, refused, small};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::ids::{AccountId, JobId, LeaseId};
use plasma_core::money::XPL;
use plasma_core::record::{Event, Record};
use plasma_core::time::{DAY, Time};
use plasma_sim::agents::tally::Party;
use plasma_sim::scenario::Loaded;
use plasma_sim::world;
use std::collections::BTreeMap;

const GOVERNED: [&str; 6] = [
    "governance.max_open=10",
    "governance.period=1d",
    "governance.timelock=1h",
    "governance.quorum=0%",
    "governance.deposit=100 XPL",
    "allocation.treasury.holder=builders",
];

fn builder(terms: &str) -> String {
    let award = "milestones = 3\namount = \"1_000 XPL\"\nexpires = \"25d\"\n";
    format!("[[builder]]\nid = \"sdk\"\nusd = \"500 USD\"\ncost = \"50 USD\"\n{award}{terms}\n")
}

fn played(loaded: &Loaded) -> Engine<Electorate, Diary> {
    let mut engine = begin::<Electorate>(loaded);
    engine.run(end(loaded) + 1);
    assert!(engine.environment().agents.dollars().conserved());
    engine
}

fn paid(events: &[(Time, Event)]) -> Vec<Time> {
    events.iter().filter(|(_, event)| matches!(event, Event::MilestonePaid(_))).map(|(time, _)| *time).collect()
}

/// It applies after two days, the vote takes one, the timelock an hour: the award is made as the fourth epoch closes. Then three
/// times three days of work and two of review.
#[test]
fn milestones_are_reached_attested_paid_and_sold_on_time() {
    let text = builder("at = \"2d\"\ntime = \"3d\"\n[committee]\nreview = \"2d\"\n");
    let loaded = small(&text, &GOVERNED);
    let mut engine = played(&loaded);
    let opened = engine.observer().events.iter().find(|(_, event)| matches!(event, Event::AwardOpened(_))).unwrap().0;
    let start = loaded.scenario.start.0;
    assert_eq!(opened, start + 4 * DAY);
    let step = 5 * DAY + 1;
    let times = paid(&engine.observer().events);
    assert_eq!(times, [opened + step, opened + 2 * step, opened + 3 * step]);
    let agents = &engine.environment().agents;
    let (who, row) = agents.builders().next().unwrap();
    let whole = 3_000 * u128::from(XPL);
    assert_eq!((row.applied, row.awards, row.attempts, row.reached, row.let_pass), (1, 1, 3, 3, 0));
    assert_eq!((row.awarded, row.paid, row.spent), (whole, whole, 150_000_000));
    // It keeps the fees of a few commands in hand, out of what it bought for its deposit.
    assert_eq!((row.sold, row.received), (whole, 300_000_000));
    let trades = agents.tally().of(Party::Builders);
    let dollars = u128::from(agents.dollars().of(who.account));
    assert_eq!(dollars + row.spent + trades.spent, 500_000_000 + row.received + u128::from(agents.dollars().brought_in));
    let kept = who.account;
    let free = engine.view(|state| (state.account(kept).unwrap().free, state.ledger.builders));
    // The deposit came back.
    assert!(free.0 >= 100 * u128::from(XPL) && free.0 < 101 * u128::from(XPL), "{free:?}");
    assert_eq!(engine.environment().agents.tally().refused.iter().sum::<u64>(), 0);
}

#[test]
fn a_committee_that_errs_pays_for_what_was_not_reached() {
    let terms = "time = \"2d\"\nsuccess = \"0%\"\n";
    let mut engine = played(&small(&builder(terms), &GOVERNED));
    assert!(paid(&engine.observer().events).is_empty());
    let row = engine.environment().agents.builders().next().unwrap().1.clone();
    // It tries until its dollars are spent, but for those that its deposit cost.
    assert_eq!((row.reached, row.let_pass, row.paid), (0, 0, 0));
    assert_eq!(row.spent, u128::from(row.attempts) * 50_000_000);
    assert_eq!(row.attempts, 9);
    // What was not reached returned to the fund.
    let returned = |event: &Event| if let Event::AwardClosed(closed) = event { closed.returned } else { 0 };
    assert_eq!(engine.observer().events.iter().map(|(_, event)| returned(event)).sum::<u64>(), 3_000 * XPL);

    let mut engine = played(&small(&builder(&format!("{terms}[committee]\nerrs = \"100%\"\nreview = \"1d\"\n")), &GOVERNED));
    assert_eq!(paid(&engine.observer().events).len(), 3);
    let row = engine.environment().agents.builders().next().unwrap().1.clone();
    assert_eq!((row.attempts, row.reached, row.let_pass), (3, 0, 3));
}

#[test]
fn attempts_take_as_long_and_succeed_as_often_as_they_should() {
    let many = |i: u32| builder("time = \"1d\"\nspread = 0.5\nsuccess = \"40%\"").replace("\"sdk\"", &format!("\"sdk-{i}\""));
    let text: String = (0..40).map(many).collect::<String>() + "[committee]\nreview = \"1h\"\n";
    let text = text.replace("expires = \"25d\"", "expires = \"1y\"").replace("500 USD", "50_000 USD");
    let loaded = small(&text, &[&GOVERNED[1..], &["governance.max_open=100", "horizon=60d"]].concat());
    let engine = &mut played(&loaded);
    let (mut attempts, mut reached) = (0, 0);
    for (_, row) in engine.environment().agents.builders() {
        assert_eq!((row.reached, row.paid), (3, 3_000 * u128::from(XPL)), "sixty days are enough for all");
        (attempts, reached) = (attempts + row.attempts, reached + row.reached);
    }
    // 120 milestones take 300 attempts on average, with a standard deviation of √(120 · 0.6) ÷ 0.4 = 21.
    assert_eq!(reached, 120);
    assert!((237..=363).contains(&attempts), "{attempts}");
}

#[test]
fn who_is_not_voted_for_applies_again_and_keeps_what_it_has() {
    let text = builder("time = \"1d\"\nagain = \"5d\"");
    let loaded = small(&text, &GOVERNED);
    let mut engine = begin::<plasma_sim::agents::Agents>(&loaded);
    engine.run(end(&loaded));
    let agents = engine.environment();
    let (who, row) = agents.builders().next().unwrap();
    assert_eq!((row.applied, row.awards, row.spent), (6, 0, 0));
    assert_eq!(agents.tally().refused.iter().sum::<u64>(), 0);
    let dollars = agents.dollars().of(who.account);
    assert!((489_000_000..490_000_000).contains(&dollars), "its deposit cost ten dollars once: {dollars}");
}

#[test]
fn an_award_that_could_not_be_is_refused_in_words() {
    let told = |terms: &str, sets: &[&str], words: &str| {
        let error = refused(&builder(terms), sets);
        assert!(error.contains(words), "{error}");
    };
    told("time = \"1d\"", &[], "awards are made by governance, which is off");
    told("time = \"0d\"", &GOVERNED, "builder.sdk.time");
    told("time = \"1d\"\nsuccess = \"101%\"", &GOVERNED, "a share is at most 100%");
    told("time = \"1d\"\nspread = 9", &GOVERNED, "expected at most 5");
    told("time = \"1d\"", &[&GOVERNED[..], &["builder.sdk.milestones=33"]].concat(), "expected between 1 and 32");
    told("time = \"1d\"", &[&GOVERNED[..], &["builder.sdk.amount=0 XPL"]].concat(), "more than nothing");
    told("time = \"1d\"", &[&GOVERNED[..], &["builder.sdk.expires=11y"]].concat(), "at most 10y");
    told("time = \"1d\"\n[committee]\nerrs = \"200%\"", &GOVERNED, "committee.errs");
}

/// Payments of customers whom builders brought, by the ledger alone.
#[derive(Default)]
struct Till {
    customers: BTreeMap<JobId, AccountId>,
    leases: BTreeMap<LeaseId, AccountId>,
    paid: Vec<(AccountId, u64)>,
}

impl Observer for Till {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, record: &Record, event: &Event) {
        match event {
            Event::Submitted(submitted) => drop(self.customers.insert(submitted.job, record.account())),
            Event::Leased(leased) => drop(self.leases.insert(leased.lease, self.customers[&leased.job])),
            Event::Settled(settled) => self.paid.push((self.leases[&settled.lease], settled.payment())),
            _ => {}
        }
    }
    fn epoch_closed(&mut self, _view: &State) {}
}

/// One milestone that is reached on the seventh day and brings what is to be filled in.
fn bringing(brings: &str, sets: &[&str]) -> Loaded {
    small(
        &builder(&format!("at = \"2d\"\ntime = \"3d\"\n{brings}\n")),
        &[&GOVERNED[..], &["builder.sdk.milestones=1"], sets].concat(),
    )
}

fn customers_who_come(brings: &str, sets: &[&str]) -> Engine<Electorate, Till> {
    let loaded = bringing(brings, sets);
    let (genesis, agents) = world::build(&loaded, 0).unwrap_or_else(|error| panic!("{error}"));
    let mut engine = Engine::genesis(&genesis, Electorate::from(agents), Till::default()).unwrap();
    engine.run(end(&loaded));
    engine
}

/// Candidates of the group that chats: all of them, and those whom the builder brought.
fn chatting(engine: &mut Engine<Electorate, Till>) -> (u64, u64) {
    let agents = &engine.environment().agents;
    (agents.tally().candidates[0], agents.builders().next().unwrap().1.brought)
}

#[test]
fn a_milestone_that_doubles_demand_doubles_it_after_its_lag_and_changes_nobody_elses_numbers() {
    // The award is made after four days, and three later the milestone is reached.
    let doubling = "brings = { candidates = { chat = \"100%\" }, after = \"2d\" }";
    let loaded = bringing(doubling, &[]);
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, Electorate::from(agents), Till::default()).unwrap();
    engine.run(loaded.scenario.start.0 + 9 * DAY);
    let (before, none) = chatting(&mut engine);
    assert_eq!(none, 0, "they come two days after the milestone");
    engine.run(end(&loaded));
    let (all, brought) = chatting(&mut engine);
    let own = all - brought - before;
    assert!(own > 1_000 && brought.abs_diff(own) as f64 <= 4.0 * f64::sqrt((own + brought) as f64), "{brought} beside {own}");

    let mut alone = customers_who_come("", &[]);
    let (with, without) = (&engine.environment().agents, &alone.environment().agents);
    assert_eq!(with.rows().candidates, without.rows().candidates);
    assert_eq!(with.tally().candidates[1..], without.tally().candidates[1..]);
    assert_eq!(with.tally().candidates[0] - brought, without.tally().candidates[0]);
    assert_eq!(without.tally().brought_jobs, 0);

    // What they paid is what the ledger says that their accounts paid, at ten cents.
    let till = std::mem::take(&mut engine.observer().paid);
    let economy = engine.environment().agents.economy();
    let theirs: Vec<u64> = till.iter().filter(|(who, _)| economy.is_brought(*who)).map(|(_, paid)| *paid).collect();
    let tally = engine.environment().agents.tally().clone();
    assert!(tally.brought_jobs > 500 && tally.brought_jobs == theirs.len() as u64, "{} of {brought}", tally.brought_jobs);
    assert_eq!(tally.brought_paid, theirs.iter().map(|&paid| u128::from(paid) / 10_000).sum::<u128>());
}

#[test]
fn what_a_milestone_brings_ends_and_shares_of_several_add_up() {
    let for_days = |days: u32, share: u32, sets: &[&str]| {
        let brings = format!("brings = {{ candidates = {{ chat = \"{share}%\" }}, lasts = \"{days}d\" }}");
        chatting(&mut customers_who_come(&brings, sets)).1 as f64
    };
    let near = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 5.0 / f64::sqrt(found.min(expected)), "{found} for {expected}");
    };
    let (four, eight) = (for_days(4, 100, &[]), for_days(8, 100, &[]));
    near(eight, 2.0 * four);
    near(for_days(8, 50, &[]), four);
    // Two milestones, the second reached three days of work and a week of review after the first.
    near(for_days(4, 100, &["builder.sdk.milestones=2"]), 2.0 * four);
}

#[test]
fn what_was_attested_and_not_reached_brings_nobody() {
    let brings = "brings = { candidates = { chat = \"100%\" } }";
    let text = format!("{brings}\n[committee]\nerrs = \"100%\"\nreview = \"1d\"\n");
    let mut engine = customers_who_come(&text, &["builder.sdk.success=0%"]);
    let agents = &engine.environment().agents;
    let row = agents.builders().next().unwrap().1;
    assert_eq!((row.reached, row.let_pass, row.paid, row.brought), (0, 1, 1_000 * u128::from(XPL), 0));
    assert!(agents.rows().bringing.is_empty());
}

#[test]
fn what_a_milestone_cannot_bring_is_refused_in_words() {
    let told = |brings: &str, words: &str| {
        let error = refused(&builder(&format!("time = \"1d\"\nbrings = {brings}")), &GOVERNED);
        assert!(error.contains(words), "{error}");
    };
    told("{ candidates = { chats = \"2%\" } }", "builder.sdk.brings.candidates.chats: there is no demand `chats`");
    told("{ candidates = { chat = \"0%\" } }", "a milestone brings more than nothing");
    told("{ candidates = { chat = \"10001%\" } }", "at most 10_000%");
    told("{ candidates = {} }", "name the groups whose demand grows");
    told("{ candidates = { chat = \"2%\" }, lasts = \"0d\" }", "builder.sdk.brings.lasts");
}

/// Five years of the baseline at a thousandth, with voters who count what an award would dilute. A builder asks for most of the fund
/// time and again, and is voted down by those who have more to lose than the trouble; a provider asks for little, for which nobody
/// else takes the trouble, and its own vote is enough (Olson 1965: concentrated gains, dispersed costs). Nobody attests anything of
/// that, and all of it returns to the fund.
#[test]
fn voters_refuse_what_costs_them_and_let_pass_what_hardly_does() {
    let lenders = "[[voter]]\nid = \"lenders\"\nwho = \"providers\"\ncost = \"20 USD\"\nslope = \"2 USD\"\n";
    let little = "award = { amount = \"1_000_000 XPL\", milestones = 2, lasts = \"1y\", to = { provider = \"gamers-4090\" } }";
    let motion =
        format!("[[proposal]]\nid = \"own\"\nat = \"200d\"\nby = {{ provider = \"gamers-4090\" }}\nwhat = {{ {little} }}\n");
    let much = "[[builder]]\nid = \"sdk\"\nusd = \"10_000_000 USD\"\nat = \"100d\"\nagain = \"180d\"\nmilestones = 4\n\
                amount = \"20_000_000 XPL\"\nexpires = \"2y\"\ntime = \"90d\"\n";
    let sets = ["scale=1/1000", "governance.max_open=10", "governance.quorum=0%", "governance.deposit=100 XPL"];
    let loaded = on("xpl-baseline.toml", &format!("{lenders}{motion}{much}"), &sets).unwrap();
    let mut engine = begin::<plasma_sim::agents::Agents>(&loaded);
    engine.run(end(&loaded) + 1);
    engine.view(plasma_core::protocol::check_invariants).unwrap();
    let agents = engine.environment();
    assert!(agents.dollars().conserved());
    let (builder, row) = agents.builders().next().unwrap();
    let (builder, row) = (builder.account, row.clone());
    // Every 180 days from the hundredth on, in 1,826.
    assert_eq!((row.applied, row.awards, row.paid), (10, 0, 0));
    let Diary { events, .. } = engine.observer();
    let own = events.iter().filter_map(|(_, event)| if let Event::AwardOpened(opened) = event { Some(*opened) } else { None });
    let own: Vec<_> = own.collect();
    assert_eq!(own.len(), 1);
    assert!(own[0].account != builder && own[0].amount == 1_000 * XPL);
    let outcomes = events.iter().filter_map(|(_, event)| if let Event::Tallied(tallied) = event { Some(*tallied) } else { None });
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(outcomes.len(), 11);
    let against = outcomes.iter().filter(|tallied| tallied.no > 0);
    assert_eq!(against.clone().count(), 10, "the builder's applications, and no other");
    assert!(against.clone().all(|tallied| tallied.yes == 0));
    let closed = |event: &Event| if let Event::AwardClosed(closed) = event { closed.returned } else { 0 };
    assert_eq!(events.iter().map(|(_, event)| closed(event)).sum::<u64>(), 2_000 * XPL);
    assert!(paid(events).is_empty());
}
