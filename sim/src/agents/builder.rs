//! Builders: they apply to governance for an award, work on its milestones one after the other, and spend what they are paid outside.
//! The committee looks at what they say they reached and attests it; now and then it attests what was not.
//!
//! An attempt at a milestone costs dollars when it begins, takes a log-normal time, and reaches the milestone with a stated
//! probability; otherwise another begins. A milestone that was reached may [bring](super::customer::brought) demand. What is paid for a milestone is sold at once, as far as the builder sells. Whether there is
//! an award at all is up to those who vote.

use super::Agents;
use super::dollars::Purse;
use super::queue::Kind;
use crate::economy::funds::Builder;
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, AwardId};
use plasma_core::money::share;
use plasma_core::protocol::builders::{Attest, Award, AwardOpened, MilestonePaid};
use plasma_core::protocol::governance::action::ProposeAward;
use plasma_core::record::Origin;
use plasma_core::time::{DAY, NEVER, Span, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// What changes about a builder: its books, in nano-XPL and micro-USD.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct BuilderRow {
    /// Applications so far.
    pub applied: u64,
    /// Awards it was granted.
    pub awards: u64,
    /// Nano-XPL that they were about.
    pub awarded: u128,
    /// Attempts so far: the index of the next draw.
    pub attempts: u64,
    /// Milestones it reached.
    pub reached: u64,
    /// Milestones that the committee attested without their having been reached.
    pub let_pass: u64,
    /// Candidates who came because of them.
    pub brought: u64,
    /// Nano-XPL it was paid.
    pub paid: u128,
    /// Of these, sold.
    pub sold: u128,
    /// Micro-USD received for them.
    pub received: u128,
    /// Micro-USD spent on attempts, outside.
    pub spent: u128,
    /// Nano-XPL that are to be sold.
    unsold: u64,
    /// The award it works on, or zero.
    award: u64,
}

/// Time after which a builder looks again whether it can afford what it could not.
const RETRY: Span = 7 * DAY;

/// How an attempt goes.
struct Attempt {
    takes: Span,
    reaches: bool,
    /// A uniform number: whether a committee that errs attests it although it does not.
    luck: f64,
}

impl Agents {
    /// Makes every builder's first appointment.
    pub(super) fn expect_builders(&mut self) {
        let economy = self.economy.clone();
        for (number, builder) in economy.builders.iter().enumerate() {
            self.queue.push(builder.from, Kind::Apply, number as u64);
        }
    }

    fn builder_of(&self, account: AccountId) -> Option<usize> {
        let first = self.economy.builders.first()?.account;
        account.index().checked_sub(first.index()).filter(|&number| number < self.economy.builders.len())
    }

    /// The award that a builder works on, until it is paid or expires.
    fn award<'v>(&self, view: &'v State, number: usize) -> Option<&'v Award> {
        view.awards.get(self.rows.builders[number].award)
    }

    /// How a builder's last attempt goes.
    fn attempt_of(&self, number: usize, builder: &Builder) -> Attempt {
        let index = self.rows.builders[number].attempts.saturating_sub(1);
        let mut draw = self.streams.builder.draw(builder.stream, index);
        let (median, sigma) = builder.time;
        let takes = (draw.log_normal(median, sigma) as Span).max(1);
        Attempt { takes, reaches: draw.chance(builder.success), luck: draw.uniform() }
    }

    /// A builder applies for an award, unless it has one, or an application is being voted on, or the fund lacks the means.
    pub(super) fn apply_for_award(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let builder = &economy.builders[number];
        let whole = u128::from(builder.amount) * u128::from(builder.milestones);
        let waits = view.governance.opened.contains_key(&builder.account);
        let expires = now.saturating_add(builder.expires);
        if self.award(view, number).is_none() && !waits {
            let deposit = view.params.governance_deposit().saturating_add(4 * view.base_fee());
            if view.ledger.builders < whole || !self.afford(view, now, builder.account, deposit) {
                return self.queue.push(now + RETRY, Kind::Apply, number as u64);
            }
            let propose = ProposeAward { amount: builder.amount, expires, to: builder.account, milestones: builder.milestones };
            self.send(now, Origin::Account(builder.account), propose);
            self.rows.builders[number].applied += 1;
        }
        if builder.again != NEVER {
            self.queue.push(now.saturating_add(builder.again), Kind::Apply, number as u64);
        }
    }

    /// An award was made: its builder begins.
    pub(super) fn awarded(&mut self, now: Time, opened: &AwardOpened) {
        let Some(number) = self.builder_of(opened.account) else { return };
        let row = &mut self.rows.builders[number];
        row.awards += 1;
        row.awarded += u128::from(opened.amount) * u128::from(opened.milestones);
        // Whoever has two awards works on one of them.
        if row.award == 0 {
            row.award = opened.award.0;
            self.queue.push(now + 1, Kind::Attempt, number as u64);
        }
    }

    /// A builder begins an attempt at its next milestone, if it can pay for it.
    pub(super) fn begin_attempt(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let builder = &economy.builders[number];
        if self.award(view, number).is_none() {
            self.rows.builders[number].award = 0;
            return;
        }
        if self.dollars.transfer(Purse::Of(builder.account), Purse::Outside, builder.cost).is_err() {
            return self.queue.push(now + RETRY, Kind::Attempt, number as u64);
        }
        let row = &mut self.rows.builders[number];
        row.spent += u128::from(builder.cost);
        row.attempts += 1;
        let takes = self.attempt_of(number, builder).takes;
        self.queue.push(now.saturating_add(takes), Kind::Milestone, number as u64);
    }

    /// An attempt is over: the committee will look at what may pass for a milestone, and what may not is tried again.
    pub(super) fn end_attempt(&mut self, now: Time, number: usize) {
        let economy = self.economy.clone();
        let (builder, Some(committee)) = (&economy.builders[number], economy.committee) else { return };
        let attempt = self.attempt_of(number, builder);
        let row = &mut self.rows.builders[number];
        let passes = !attempt.reaches && attempt.luck < committee.errs;
        row.reached += u64::from(attempt.reaches);
        row.let_pass += u64::from(passes);
        if attempt.reaches {
            let milestone = row.reached as u32 - 1;
            self.bring(now, number, milestone);
        }
        match attempt.reaches || passes {
            true => self.queue.push(now.saturating_add(committee.review), Kind::Attest, number as u64),
            false => self.queue.push(now, Kind::Attempt, number as u64),
        }
    }

    /// The committee attests a builder's next milestone. Its owner pays for the fee.
    pub(super) fn attest(&mut self, view: &State, now: Time, number: usize) {
        let (Some(committee), Some(award)) = (self.economy.committee, self.award(view, number)) else { return };
        let (id, milestone) = (award.id, award.reached.trailing_ones());
        let short = view.base_fee().saturating_sub(Self::spendable(view, committee.account));
        if short > 0 && !self.buy(view, now, committee.account, short.saturating_mul(16)) {
            return self.queue.push(now + RETRY, Kind::Attest, number as u64);
        }
        self.send(now, Origin::Account(committee.account), Attest { award: id, milestone, pad: 0 });
    }

    /// A milestone was paid: its builder sells and goes on.
    pub(super) fn milestone_paid(&mut self, now: Time, paid: &MilestonePaid) {
        let Some(number) = self.rows.builders.iter().position(|row| row.award == paid.award.0) else { return };
        let sells = self.economy.builders[number].sells;
        let row = &mut self.rows.builders[number];
        row.paid += u128::from(paid.amount);
        row.unsold = row.unsold.saturating_add(share(paid.amount, sells));
        if paid.closes != 0 {
            row.award = AwardId::NONE.0;
        } else {
            self.queue.push(now + 1, Kind::Attempt, number as u64);
        }
        self.queue.push(now, Kind::Cash, number as u64);
    }

    /// A builder sells what it means to sell.
    pub(super) fn cash(&mut self, view: &State, now: Time, number: usize) {
        let account = self.economy.builders[number].account;
        let nano = self.rows.builders[number].unsold.min(Self::spendable(view, account));
        if nano > 0 && !self.sell(view, now, account, nano) {
            self.queue.push(now + RETRY, Kind::Cash, number as u64);
        }
    }

    /// Books a sale, if a builder made it.
    pub(super) fn book_builder(&mut self, seller: AccountId, nano: u64, usd: u64) {
        if let Some(number) = self.builder_of(seller) {
            let row = &mut self.rows.builders[number];
            row.unsold = row.unsold.saturating_sub(nano);
            row.sold += u128::from(nano);
            row.received += u128::from(usd);
        }
    }

    /// Every builder with its books, in the order of the file.
    pub fn builders(&self) -> impl Iterator<Item = (&Builder, &BuilderRow)> {
        self.economy.builders.iter().zip(&self.rows.builders)
    }
}
