//! The books of attackers, as the command writes them at the end of a run.

use crate::books::books;
use crate::played::{play, scenario};
use plasma_core::time::DAY;
use plasma_reports::books::Book;
use plasma_sim::agents::Agents;
use plasma_sim::agents::attacker::AttackerRow;

const FOUR: &str = r#"
[[attacker]]
id = "lazy"
what = { cheat = { groups = ["gamers"], collude = false } }

[[attacker]]
id = "strangers"
what = { opportunist = { groups = ["night-owls"], elsewhere = "50%" } }

[[attacker]]
id = "idle"
at = "2d"
what = { stall = { groups = ["hosts"] } }

[[attacker]]
id = "flood"
usd = "1000 USD"
what = { grief = { program = "decode-8b", jobs = 2000 } }
"#;

/// What a book says of this.
fn of(book: &Book, what: &str) -> f64 {
    let entry = book.entries.iter().find(|entry| entry.what == what);
    entry.unwrap_or_else(|| panic!("{} has no line `{what}`", book.who)).value
}

fn whats(book: &Book) -> Vec<&str> {
    book.entries.iter().map(|entry| entry.what).collect()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{found}, by hand {expected}");
}

/// The account of fraud adds up line by line, to what the attacker knows.
fn fraud_adds_up(book: &Book, row: &AttackerRow) {
    let line = |what| of(book, what);
    let [stood, found] = [line("… that were paid"), line("… that were found wrong")];
    assert!(stood + found <= line("results not computed"), "{book}");
    assert_eq!((stood, found), (row.fraud.stood as f64, row.fraud.found as f64));
    let [paid, freed] = [line("paid for what stood, with emission"), line("power saved, and earned elsewhere")];
    let [taken, refused] = [line("slashed and seized"), line("not paid for what was found")];
    near(paid, (row.fraud.paid + row.fraud.emitted) as f64 / 1e6);
    near(line("made, against no work at all"), paid + freed - taken);
    near(line("made, against honest work"), freed - taken - refused);
}

fn played() -> (Vec<Book>, Agents) {
    let (_, agents) = play(&scenario("small.toml", FOUR, &["verification.rate=2%", "horizon=20d"]));
    let attackers = books(&agents).into_iter().filter(|book| book.who.starts_with("attacker ")).collect();
    (attackers, agents)
}

#[test]
fn each_attacker_has_a_book_of_what_belongs_to_its_plan_and_it_adds_up() {
    let (books, agents) = played();
    let whose: Vec<_> = books.iter().map(|book| book.who.as_str()).collect();
    assert_eq!(whose, ["attacker `lazy`", "attacker `strangers`", "attacker `idle`", "attacker `flood`"]);
    let [lazy, strangers, idle, flood] = &books[..] else { panic!("four") };
    let rows = &agents.rows().attackers;
    books.iter().zip(rows).for_each(|(book, row)| near(of(book, "put in by its owner"), row.put_in as f64 / 1e6));

    fraud_adds_up(lazy, &rows[0]);
    assert!(of(lazy, "… that were paid") > 100.0 && of(lazy, "… that were found wrong") > 0.0, "{lazy}");
    assert_eq!(lazy.entries.len(), 11);

    fraud_adds_up(strangers, &rows[1]);
    let [ceased, again] = ["times that one ceased to compute", "times that one computed again"].map(|what| of(strangers, what));
    assert_eq!(of(strangers, "who do not compute at the end"), ceased - again);
    near(of(strangers, "earned elsewhere meanwhile"), rows[1].turns.rented as f64 / 1e6);

    let (leases, lost) = (of(idle, "leases left to run out"), of(idle, "jobs that were lost by it"));
    assert!(leases > 0.0 && lost <= leases, "{idle}");
    near(of(idle, "escrow held up, times days"), (rows[2].harm.held / u128::from(DAY)) as f64 / 1e9);
    assert!(!whats(idle).contains(&"results not computed"));

    // It has no machine and no fraud: it buys what its jobs' fees cost, at ten cents.
    assert_eq!(whats(flood), ["put in by its owner", "bought", "paid for it", "sold", "received for it"]);
    let [bought, paid] = ["bought", "paid for it"].map(|what| of(flood, what));
    assert!(bought > 0.0 && (paid / bought / 0.1 - 1.0).abs() < 0.05, "{flood}");
}
