//! What each attack does to others, and that its author's books say what it cost.

use super::flows::{begin, play};
use super::{made, scenario};
use plasma_core::engine::{Engine, Progress};
use plasma_core::money::XPL;
use plasma_core::time::{DAY, HOUR};
use plasma_sim::agents::provider::Phase;
use plasma_sim::agents::tally::Party;
use plasma_sim::world;

/// A market that trades make, with somebody who only holds.
const WHALES: &str = "[[allocation]]\nid = \"whales\"\namount = \"10%\"\nholder = \"holders\"\n";
const POOL: [&str; 2] = ["token.market={ amm = { depth = \"5_000 USD\" } }", "allocation.unvested.amount=60%"];

/// A flood of jobs that nobody takes costs its base fees, to the cent, and the honest nothing.
#[test]
fn a_flood_is_paid_for_and_in_nobodys_way() {
    let flood = "[[attacker]]\nid = \"flood\"\nusd = \"1000 USD\"\nwhat = { grief = { program = \"decode-8b\", jobs = 2000 } }\n";
    let sets = ["fee.base=0.01 XPL"];
    let mut calm = play(&scenario("", &sets), &[]);
    let mut flooded = play(&scenario(flood, &sets), &["flood"]);
    let honest = calm.observer().settled as f64;
    let settled = flooded.observer().settled as f64;
    assert!((settled / honest - 1.0).abs() < 0.005, "{settled} settled, {honest} without the flood");
    let own = flooded.observer().of[0];
    assert!(own.fees > 2 * 50_000 * XPL / 100 && own.leases == 0, "{own:?}");
    // XPL at ten cents; each purchase is rounded up to a millionth of a dollar, each job in line holds a nano-XPL.
    let cost = own.fees as f64 * 0.1 / XPL as f64;
    let lost = -made(flooded.environment(), 0);
    assert!((lost - cost).abs() < 0.1, "{lost} lost, {cost} of base fees");
    assert_eq!(flooded.environment().rows().attackers[0].put_in, 0);
}

/// Who sells 40 million XPL into a pool takes its price down by the constant product, and has what the pool paid.
#[test]
fn a_dump_moves_the_price_by_the_curve() {
    let whale = "[[attacker]]\nid = \"whale\"\nat = \"5d\"\nlasts = \"10d\"\nwhat = { dump = { share = \"1%\" } }\n";
    let sets = [&POOL[..], &["demand.chat.rate=2/h", "horizon=20d"]].concat();
    let calm = play(&scenario(WHALES, &sets), &[]).into_parts().0;
    let loaded = scenario(&format!("{WHALES}{whale}"), &sets);
    let mut engine = begin(&loaded, &[]);
    let start = loaded.scenario.start.0;
    engine.run(start + 5 * DAY - 1);
    let maker = engine.environment().economy().exchange.maker;
    let xpl = engine.view(|view| view.account(maker).unwrap().free) as f64;
    engine.run(start + 20 * DAY + 1);
    let agents = engine.into_parts().0;
    let holders = agents.tally().of(Party::Holders);
    // A hundredth of a hundred million, in ten parts.
    assert!((holders.sold as f64 / (1e6 * XPL as f64) - 1.0).abs() < 1e-6, "{holders:?}");
    let curve = libm::pow(xpl / (xpl + holders.sold as f64), 2.0);
    let fell = agents.standing().price as f64 / calm.standing().price as f64;
    assert!(curve < 0.9 && (fell / curve - 1.0).abs() < 0.03, "fell to {fell}, {curve} by the curve");
    // It received less than at the price before, more than at the price after, and its books have it.
    let average = holders.received as f64 / (holders.sold as f64 / XPL as f64);
    assert!(average < 100_000.0 && average > 100_000.0 * curve * 0.97, "{average}");
    let booty = &agents.booty()[0];
    let kept = (1e8 * XPL as f64 - holders.sold as f64) / XPL as f64 * agents.standing().price as f64;
    assert!(((booty.worth as f64 - holders.received as f64) / kept - 1.0).abs() < 1e-6, "{booty:?}");
    assert!(booty.worth < booty.means);
}

/// Nine tenths of the pool leave for ten days: a tenth of the depth is left, prices jump further, and all of it comes back.
#[test]
fn withdrawn_liquidity_leaves_a_shallow_pool_and_returns() {
    let away = "[[attacker]]\nid = \"away\"\nat = \"10d\"\nlasts = \"10d\"\nwhat = { withdraw = { share = \"90%\" } }\n";
    let depths = |more: &str| {
        let loaded = scenario(&format!("{WHALES}{more}"), &POOL);
        let mut engine = begin(&loaded, &[]);
        let mut depths = Vec::new();
        let end = loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1;
        while engine.run_epoch(end) == Progress::EpochClosed {
            depths.push(engine.environment().standing().depth as f64);
        }
        let (agents, flows) = engine.into_parts();
        let jumps = |days: std::ops::Range<usize>| {
            let posts = &flows.posts[days.start * 24..days.end * 24];
            posts.windows(2).map(|pair| libm::log(pair[1] as f64 / pair[0] as f64).abs()).sum::<f64>()
        };
        (depths, jumps(11..20), agents)
    };
    let (calm, steady, _) = depths("");
    let (shallow, nervous, agents) = depths(away);
    assert_eq!(calm[..9], shallow[..9]);
    let ratio = |day: usize| shallow[day] / calm[day];
    assert!((0.07..0.15).contains(&ratio(11)), "{}", ratio(11));
    assert!((0.8..1.2).contains(&ratio(25)), "{}", ratio(25));
    assert!(nervous > 3.0 * steady, "{nervous} {steady}");
    // What it is worth is the pool and what is beside it.
    let (booty, standing) = (&agents.booty()[0], agents.standing());
    let terms = agents.economy().exchange.pool().unwrap();
    let usd = u128::from(agents.dollars().of(terms.provider) + agents.dollars().of(agents.economy().exchange.maker));
    assert!(booty.worth > usd && (booty.worth - usd) as f64 / usd as f64 > 0.9, "{booty:?} {standing:?}");
}

/// Ten identities without machines whose owner has 300 dollars beyond their first bonds.
const FARM: &str = "[[class]]\nid = \"forged\"\nname = \"forged\"\nvram = \"24 GB\"\nf32 = \"82.6 TFLOPS\"\nbf16 = \"165 TFLOPS\"\n\
                    bandwidth = \"1_010 GB/s\"\npower = \"1 W\"\nhardware = \"1 USD\"\nrental = \"0.34 USD/h\"\n\
                    [[provider]]\nid = \"farm\"\nclass = \"forged\"\ncount = 10\nregions = { asia = 1 }\nopportunity = \"40%\"\n\
                    sells = \"0%\"\n";

/// Nobody has XPL but what they buy, nothing is emitted, and only pay and slashes reach the books.
const PLAIN: [&str; 8] = [
    "allocation.providers.amount=0.0001%",
    "allocation.unvested.amount=70.9999%",
    "emission.yearly=0 XPL",
    "verification.rate=30%",
    "verification.reward=0%",
    "slash.checker_share=0%",
    "fee.base=0 XPL",
    "horizon=60d",
];

#[test]
fn a_farm_whose_budget_is_spent_leaves() {
    let owner = "[[attacker]]\nid = \"farm\"\nusd = \"2_300 USD\"\nwhat = { cheat = { groups = [\"farm\"], pretend = false } }\n";
    let loaded = scenario(&format!("{FARM}{owner}"), &PLAIN);
    let mut engine = begin(&loaded, &["farm"]);
    let end = loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1;
    let mut left = Vec::new();
    while engine.run_epoch(end) == Progress::EpochClosed {
        let agents = engine.environment();
        let put_in = agents.rows().attackers[0].put_in;
        assert!(put_in <= u128::from(agents.economy().attackers[0].budget), "{put_in}");
        left.push(agents.tally().left);
    }
    let flow = engine.observer().of[0];
    let agents = engine.environment();
    let (row, economy) = (&agents.rows().attackers[0], agents.economy());
    // Its first bonds of 200 dollars were bought, and little of the rest is left.
    assert!((2_000_000_000..=2_300_000_000).contains(&row.put_in), "{}", row.put_in);
    let gone = economy.attackers[0]
        .lenders
        .iter()
        .filter(|&&lender| matches!(agents.rows().lenders[lender as usize].phase, Phase::Leaving | Phase::Gone));
    let gone = gone.count();
    assert!(gone >= 7 && left[59 - 1] >= 7, "{gone} of ten left, {left:?}");
    // The books: what it was paid less what it was slashed, at ten cents; a dollar or two of electricity.
    let net = (flow.paid as f64 - flow.slashed as f64) * 0.1 / XPL as f64;
    let profit = made(agents, 0);
    assert!(flow.slashed > 500 * XPL && (profit - net).abs() < 5.0, "{profit} made, {net} by the ledger: {flow:?}");
}

/// Without a figure its owner has what machines and bonds cost, and a run that is cut goes on with what is left of it.
#[test]
fn a_budget_has_a_default_and_survives_a_checkpoint() {
    let owner = "[[attacker]]\nid = \"farm\"\nwhat = { cheat = { groups = [\"farm\"], pretend = false } }\n";
    let loaded = scenario(&format!("{FARM}{owner}"), &PLAIN);
    let mut whole = begin(&loaded, &["farm"]);
    assert_eq!(whole.environment().economy().attackers[0].budget, 10 * (1_000_000 + 200_000_000));
    let end = loaded.scenario.start.0 + loaded.scenario.horizon.0;
    (0..20).for_each(|_| assert_eq!(whole.run_epoch(end), Progress::EpochClosed));
    let (core, saved) = (whole.snapshot(), whole.environment().save());
    whole.run(end);
    let agents = world::restore(&loaded, 0, &saved).unwrap();
    let mut continued = Engine::restore(&core, agents, ()).unwrap();
    continued.run(end);
    assert_eq!(continued.digest(), whole.digest());
    let rows = |agents: &plasma_sim::agents::Agents| agents.rows().attackers.clone();
    assert_eq!(rows(continued.environment()), rows(whole.environment()));
}

/// Ten identities take work under everybody's ask and let it run out. Each such lease costs a hundredth of a bond; it holds a customer's
/// escrow for twice the time that the work takes, and of the jobs that are short of time some are lost.
#[test]
fn who_stands_still_holds_others_up_and_pays_for_it() {
    let stall = "[[attacker]]\nid = \"stall\"\nusd = \"2_300 USD\"\nat = \"5d\"\nwhat = { stall = { groups = [\"farm\"] } }\n";
    let sets: Vec<&str> = PLAIN.iter().copied().chain(["demand.chat.deadline=8h"]).collect();
    let farm = FARM.replace("opportunity = \"40%\"", "opportunity = \"0%\"");
    let works = "[[attacker]]\nid = \"works\"\nwhat = { cheat = { groups = [\"farm\"], wrong = \"0%\" } }\n";
    let working = play(&scenario(&format!("{farm}{works}"), &sets), &["farm"]).into_parts().1;
    let mut engine = play(&scenario(&format!("{farm}{stall}"), &sets), &["farm"]);
    let (flow, all) = (engine.observer().of[0], engine.observer().clone());
    let agents = engine.environment();
    let harm = agents.rows().attackers[0].harm.clone();
    assert!(harm.leases > 100 && flow.missed + 10 >= harm.leases, "{harm:?} {flow:?}");
    // A miss costs a hundredth of 2,000 XPL.
    assert_eq!(flow.slashed, flow.missed * 20 * XPL);
    let hours = harm.held as f64 / harm.leases as f64 / HOUR as f64 / XPL as f64;
    assert!(hours > 1.0, "{hours} XPL-hours a lease");
    assert!(harm.lost > 0 && harm.surplus > 0, "{harm:?}");
    // The same identities at the same ask, if they worked.
    assert!(all.settled < working.settled, "{} settled, {} if they worked", all.settled, working.settled);
    assert!(agents.rows().attackers[0].put_in <= 2_300_000_000);
    // Who comes out of jail without XPL buys what the way back costs.
    assert_eq!(agents.tally().inadmissible, 0);
    let net = (flow.paid as f64 - flow.slashed as f64) * 0.1 / XPL as f64;
    let profit = made(agents, 0);
    assert!(profit < 0.0 && (profit - net).abs() < 5.0, "{profit} made, {net} by the ledger");
}

/// Forty owners of a machine or a server's half are small. Whoever owns four such halves is not, and nor are their costs.
#[test]
fn whoever_has_a_server_in_all_is_not_small() {
    let each = play(&scenario("", &[]), &[]).into_parts().0;
    assert!(each.economy().small.iter().all(|&small| small));
    let tally = each.tally();
    assert!(tally.electricity > 0 && (tally.small.electricity, tally.small.forgone) == (tally.electricity, tally.forgone));
    let owner = "[[attacker]]\nid = \"chain\"\nwhat = { cheat = { groups = [\"hosts\"], wrong = \"0%\" } }\n";
    let chain = play(&scenario(owner, &[]), &[]).into_parts().0;
    let (economy, tally) = (chain.economy(), chain.tally());
    let hosts = |lender: usize| economy.lender_groups[usize::from(economy.lenders[lender].group)] == "hosts";
    assert!((0..economy.lenders.len()).all(|lender| economy.small[lender] != hosts(lender)));
    assert!(tally.small.electricity > 0 && tally.small.electricity < tally.electricity && tally.small.forgone < tally.forgone);
}
