//! Attackers by number: what never changes about them.

use super::{Lender, class_id, program_id};
use crate::scenario::Scenario;
use crate::scenario::model::attack::{Attack, AttackerSection};
use crate::scenario::model::position;
use crate::scenario::quantity::Usd;
use plasma_core::ids::{AccountId, ClassId, ProgramId};
use plasma_core::money::{ONE, XPL};
use plasma_core::protocol::governance::action::ProposeChange;
use plasma_core::time::{DAY, NEVER, Span, Time};

/// An attacker.
#[derive(Clone, Debug, PartialEq)]
pub struct Attacker {
    /// Its name.
    pub name: String,
    /// Its stream.
    pub stream: u64,
    /// Accounts of its own, in a row: the first is the one that submits, the second the one that provides.
    pub first: AccountId,
    /// How many.
    pub accounts: u32,
    /// Its providers, by number.
    pub lenders: Vec<u32>,
    /// Micro-USD that its own accounts have at genesis.
    pub usd: u64,
    /// Micro-USD that its owner may put in later, for the providers it acts through.
    pub budget: u64,
    /// When it begins.
    pub from: Time,
    /// When it stops, or [`NEVER`].
    pub until: Time,
    /// What it does.
    pub plan: Plan,
}

/// What an attacker does.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Its provider groups answer without computing.
    Cheat {
        /// By position in [`super::Economy::lender_groups`].
        groups: Vec<u16>,
        /// Share of leases.
        wrong: f64,
        /// Whether they answer when the work would be done.
        pretend: bool,
        /// Whether its checkers find its own providers right.
        collude: bool,
    },
    /// It buys work from itself.
    Wash {
        /// Claimed class.
        class: ClassId,
        /// Claimed program.
        program: ProgramId,
        /// Milli-GPU-seconds of each job.
        work: u64,
        /// Time between two jobs.
        interval: Span,
    },
    /// It submits jobs that nobody takes.
    Grief {
        /// Claimed program.
        program: ProgramId,
        /// Time between two jobs.
        interval: Span,
    },
    /// The holder sells a share of what it has, day by day.
    Dump {
        /// The share.
        share: f64,
    },
    /// It moves the price that the feeders post.
    Oracle(Manipulation),
    /// Liquidity leaves the pool.
    Withdraw {
        /// The share.
        share: f64,
    },
    /// It buys votes for a proposal of its own.
    Bribe {
        /// What it proposes.
        loot: Loot,
        /// Micro-USD for the vote of one XPL.
        price: u64,
        /// Share of all power at which it stops buying.
        aims: f64,
    },
    /// The providers of these groups compute as long as it pays them, each for itself.
    Opportunist {
        /// By position in [`super::Economy::lender_groups`].
        groups: Vec<u16>,
        /// Share of the time they do not compute in which they work elsewhere.
        elsewhere: f64,
    },
    /// Its provider groups take work and never do it.
    Stall {
        /// By position in [`super::Economy::lender_groups`].
        groups: Vec<u16>,
    },
    /// Its provider groups challenge right results.
    Challenge {
        /// By position in [`super::Economy::lender_groups`].
        groups: Vec<u16>,
        /// Share of the open results of others.
        share: f64,
        /// Whether they uphold each other's challenges.
        collude: bool,
    },
}

/// What somebody who buys votes wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loot {
    /// A share of the treasury.
    Treasury(f64),
    /// Other parameters.
    Change(ProposeChange),
}

/// How the price that the feeders post is moved, and for what.
#[derive(Clone, Debug, PartialEq)]
pub struct Manipulation {
    /// Claimed class.
    pub class: ClassId,
    /// Claimed program.
    pub program: ProgramId,
    /// Milli-GPU-seconds of each job.
    pub work: u64,
    /// By how much it means to raise the price.
    pub raise: f64,
    /// Parts per billion of what it bought that it puts into a job.
    pub stake: u64,
    /// Posts for which it waits.
    pub patience: u32,
    /// Time from one attempt to the next.
    pub interval: Span,
}

impl Plan {
    /// Accounts that it needs beside those of providers and holders.
    const fn accounts(&self) -> u32 {
        match self {
            Plan::Wash { .. } | Plan::Oracle(_) => 2,
            Plan::Grief { .. } | Plan::Bribe { .. } => 1,
            Plan::Dump { .. } | Plan::Withdraw { .. } => 0,
            Plan::Cheat { .. } | Plan::Opportunist { .. } | Plan::Stall { .. } | Plan::Challenge { .. } => 0,
        }
    }

    /// The provider groups that it acts through.
    fn groups(&self) -> &[u16] {
        match self {
            Plan::Cheat { groups, .. } | Plan::Opportunist { groups, .. } => groups,
            Plan::Stall { groups } | Plan::Challenge { groups, .. } => groups,
            _ => &[],
        }
    }
}

impl Attacker {
    /// Whether it is at it.
    pub fn acts(&self, now: Time) -> bool {
        (self.from..self.until).contains(&now)
    }

    /// Whether an account is one of its own.
    pub fn holds(&self, account: AccountId) -> bool {
        (self.first.0..self.first.0 + self.accounts).contains(&account.0)
    }

    /// Whether it owns the providers of a group, by position.
    pub fn owns(&self, group: u16) -> bool {
        self.plan.groups().contains(&group)
    }

    /// Notes which providers it has, and what their owner can put in where the scenario does not say: what their machines and their
    /// bonds cost at genesis.
    pub(super) fn take_over(&mut self, scenario: &Scenario, budget: Option<Usd>, lenders: &[Lender]) {
        let owned = lenders.iter().enumerate().filter(|(_, lender)| self.owns(lender.group));
        self.lenders = owned.map(|(i, _)| i as u32).collect();
        let bond = scenario.params.bond_per_gpu() as f64 / XPL as f64 * scenario.token.price.0 as f64;
        let costs = |&lender: &u32| {
            let lender = &lenders[lender as usize];
            (lender.hardware + bond) * f64::from(lender.gpus)
        };
        if self.accounts == 0 {
            let all = || self.lenders.iter().map(costs).sum::<f64>() as u64;
            self.budget = budget.map_or_else(all, |usd| scenario.scale.of(usd.0));
        }
    }
}

/// The attackers of a scenario, with accounts from `next` on.
pub(super) fn attackers(scenario: &Scenario, next: &mut u32) -> Vec<Attacker> {
    let attacker = |section: &AttackerSection| {
        let plan = plan(scenario, &section.what);
        let (first, accounts) = (AccountId(*next), plan.accounts());
        *next = next.saturating_add(accounts);
        let from = scenario.start.0.saturating_add(section.at.0);
        Attacker {
            name: section.id.as_str().into(),
            stream: crate::streams::stream_id(section.id.as_str(), 0),
            first,
            accounts,
            lenders: Vec::new(),
            usd: section.usd.filter(|_| accounts > 0).map_or(0, |usd| scenario.scale.of(usd.0)),
            budget: 0,
            from,
            until: section.lasts.map_or(NEVER, |span| from.saturating_add(span.0)),
            plan,
        }
    };
    scenario.attacker.iter().map(attacker).collect()
}

fn plan(scenario: &Scenario, attack: &Attack) -> Plan {
    let group = |id| position(&scenario.provider, id).unwrap_or_default() as u16;
    match attack {
        Attack::Cheat(cheat) => {
            let groups = cheat.groups.iter().map(group).collect();
            Plan::Cheat { groups, wrong: cheat.wrong.fraction(), pretend: cheat.pretend, collude: cheat.collude }
        }
        Attack::Wash(wash) => {
            let daily = wash.gpu_hours.get() * scenario.scale.fraction() * 3_600_000.0;
            Plan::Wash {
                class: class_id(scenario, &wash.class),
                program: program_id(scenario, &wash.program),
                work: (daily * wash.interval.0 as f64 / DAY as f64).max(1.0) as u64,
                interval: wash.interval.0,
            }
        }
        Attack::Grief(grief) => {
            let daily = scenario.scale.of(grief.jobs).max(1);
            Plan::Grief { program: program_id(scenario, &grief.program), interval: (DAY / daily).max(1) }
        }
        Attack::Oracle(oracle) => Plan::Oracle(Manipulation {
            class: class_id(scenario, &oracle.class),
            program: program_id(scenario, &oracle.program),
            work: (oracle.gpu_hours.get() * 3_600_000.0).max(1.0) as u64,
            raise: oracle.raise.fraction(),
            stake: oracle.stake.0,
            patience: oracle.patience,
            interval: oracle.interval.0,
        }),
        Attack::Dump(dump) => Plan::Dump { share: dump.share.0 as f64 / ONE as f64 },
        Attack::Bribe(bribe) => Plan::Bribe {
            loot: match bribe.change.is_empty() {
                true => Loot::Treasury(bribe.takes.fraction()),
                false => Loot::Change(super::stake::change(scenario, &bribe.change)),
            },
            price: bribe.price.0,
            aims: bribe.aims.fraction(),
        },
        Attack::Opportunist(opportunist) => Plan::Opportunist {
            groups: opportunist.groups.iter().map(group).collect(),
            elsewhere: opportunist.elsewhere.fraction(),
        },
        Attack::Stall(stall) => Plan::Stall { groups: stall.groups.iter().map(group).collect() },
        Attack::Challenge(challenge) => Plan::Challenge {
            groups: challenge.groups.iter().map(group).collect(),
            share: challenge.share.fraction(),
            collude: challenge.collude,
        },
        Attack::Withdraw(withdraw) => Plan::Withdraw { share: withdraw.share.0 as f64 / ONE as f64 },
    }
}
