//! The custodian, the builders and the committee by number: what never changes about them.

use super::{Members, Patrons, Source};
use crate::scenario::Scenario;
use crate::streams::sample::Intensity;
use crate::streams::stream_id;
use plasma_core::ids::AccountId;
use plasma_core::time::{NEVER, Span, Time};

/// Who carries out the treasury's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Custodian {
    /// Its account.
    pub account: AccountId,
    /// Micro-USD at genesis.
    pub usd: u64,
    /// How long it leaves liquidity in the pool.
    pub holds: Span,
}

/// Who attests milestones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Committee {
    /// Its account.
    pub account: AccountId,
    /// Time it takes to look at a milestone.
    pub review: Span,
    /// Share of milestones that were not reached and that it attests all the same.
    pub errs: f64,
}

/// A builder.
#[derive(Clone, Debug, PartialEq)]
pub struct Builder {
    /// Its name.
    pub name: String,
    /// Its stream.
    pub stream: u64,
    /// Its account.
    pub account: AccountId,
    /// Micro-USD at genesis.
    pub usd: u64,
    /// When it applies.
    pub from: Time,
    /// After which time it applies again, or [`NEVER`].
    pub again: Span,
    /// Milestones of its award.
    pub milestones: u32,
    /// Nano-XPL for each of them.
    pub amount: u64,
    /// Time from its application within which they must be reached.
    pub expires: Span,
    /// Median and sigma of the time of an attempt.
    pub time: (f64, f64),
    /// Probability that an attempt reaches its milestone.
    pub success: f64,
    /// Micro-USD that an attempt costs.
    pub cost: u64,
    /// Parts per billion of what it is paid that it sells at once.
    pub sells: u64,
    /// What each milestone brings, by group.
    pub brings: Vec<Brings>,
    /// Time from a milestone until that comes, and how long it comes, or [`NEVER`].
    pub brought: (Span, Span),
}

/// Candidates whom each milestone of a builder brings to one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Brings {
    /// The group, by number.
    pub group: usize,
    /// When they come, once they do.
    pub intensity: Intensity,
    /// The stream of the first milestone's; the others' follow it.
    pub stream: u64,
}

/// The custodian, the committee and the builders of a scenario, with accounts from `next` on, in this order.
pub(super) fn officers(scenario: &Scenario, next: &mut u32) -> (Option<Custodian>, Option<Committee>, Vec<Builder>) {
    let mut open = || {
        let account = AccountId(*next);
        *next = next.saturating_add(1);
        account
    };
    let scale = scenario.scale;
    let custodian =
        scenario.custodian.map(|section| Custodian { account: open(), usd: scale.of(section.usd.0), holds: section.holds.0 });
    let attests = scenario.committee.is_some() || !scenario.builder.is_empty();
    let committee = attests.then(|| {
        let section = scenario.committee.unwrap_or_default();
        Committee { account: open(), review: section.review.0, errs: section.errs.fraction() }
    });
    let builder = |section: &crate::scenario::model::BuilderSection| Builder {
        name: section.id.as_str().into(),
        stream: stream_id(section.id.as_str(), 0),
        account: open(),
        usd: scale.of(section.usd.0),
        from: scenario.start.0.saturating_add(section.at.0),
        again: section.again.map_or(NEVER, |span| span.0),
        milestones: section.milestones,
        amount: scale.of_wide(section.amount.0).and_then(|nano| u64::try_from(nano).ok()).unwrap_or(u64::MAX).max(1),
        expires: section.expires.0,
        time: (section.time.0 as f64, section.spread.get()),
        success: section.success.fraction(),
        cost: scale.of(section.cost.0),
        sells: section.sells.0,
        brings: Vec::new(),
        brought: section
            .brings
            .as_ref()
            .map_or((0, NEVER), |brings| (brings.after.0, brings.lasts.map_or(NEVER, |lasts| lasts.0))),
    };
    (custodian, committee, scenario.builder.iter().map(builder).collect())
}

/// What builders bring to the groups of customers, whom they give as many more customers as one award of each would bring candidates,
/// with accounts from `next` on. Returns the first of these accounts.
pub(super) fn bring(scenario: &Scenario, builders: &mut [Builder], patrons: &mut [Patrons], next: &mut u32) -> AccountId {
    let first = AccountId(*next);
    let mut more = vec![0.0; patrons.len()];
    for (builder, section) in builders.iter_mut().zip(&scenario.builder) {
        let candidates = section.brings.iter().flat_map(|brings| &brings.candidates);
        for (id, share) in candidates {
            let Some(group) = patrons.iter().position(|group| group.name == id.as_str()) else { continue };
            let Source::Drawn(drawn) = &patrons[group].source else { continue };
            more[group] += share.fraction() * f64::from(section.milestones);
            builder.brings.push(Brings {
                group,
                intensity: drawn.intensity.clone().times(share.fraction()),
                stream: stream_id(&format!("{}/{id}", section.id), 0),
            });
        }
    }
    for (group, share) in patrons.iter_mut().zip(more) {
        let count = libm::ceil(f64::from(group.members.count) * share).min(f64::from(u32::MAX / 4)) as u32;
        group.brought = Members { first: AccountId(*next), count };
        *next = next.saturating_add(count);
    }
    first
}
