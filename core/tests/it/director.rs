//! Turns random numbers into commands that mostly make sense: it looks at the reference to know which leases are open, who was
//! drawn to check, what an ask costs. One command in a dozen is nonsense on purpose.

mod govern;
mod requests;

use crate::reference::{Lease, Progress, Provider, Reference, Said};
use crate::testing::root;
use plasma_core::engine::step::Arrival;
use plasma_core::genesis::Genesis;
use plasma_core::ids::{AccountId, ClassId, GrantId, LeaseId, OfferId, ProgramId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::protocol::lease::commitment;
use plasma_core::protocol::offer::{PostOffer, Requote, Withdraw};
use plasma_core::protocol::provider::{Drain, Register, Resume, Retire, WentSilent};
use plasma_core::protocol::sealed::{RevealAsk, SealAsk};
use plasma_core::protocol::verification::challenge::Challenge;
use plasma_core::protocol::verification::copies::RevealCopy;
use plasma_core::protocol::verification::panel::{RevealVerdict, SealVerdict, seal};
use plasma_core::protocol::verification::planted::{Expose, presented};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::protocol::verification::verdict::Verdict;
use plasma_core::protocol::vesting::stake::{ClaimGrantRewards, StakeGrant, UnstakeGrant};
use plasma_core::protocol::{
    account, beacon, bond, delegation, job, lease, offer, oracle, provider, redelegation, sealed, staking,
};
use plasma_core::record::{Command, Origin};
use plasma_core::time::{DAY, Time};
use proptest::prelude::*;

/// The random numbers behind one command.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    /// How long after the one before, by position in a list of fractions of an epoch.
    pub wait: u8,
    /// What kind of command.
    pub kind: u8,
    /// Whose.
    pub who: u8,
    /// About which of its things.
    pub which: u8,
    /// How much.
    pub amount: u8,
    /// Whatever else there is to choose.
    pub detail: u32,
}

/// Streams of drafts.
pub fn drafts(length: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<Draft>> {
    let draft = any::<(u8, u8, u8, u8, u8, u32)>();
    prop::collection::vec(
        draft.prop_map(|(wait, kind, who, which, amount, detail)| Draft { wait, kind, who, which, amount, detail }),
        length,
    )
}

/// One certain stream of drafts, the same wherever it is drawn.
pub fn pinned(name: &str, length: usize) -> Vec<Draft> {
    let mut stream = blake3::Hasher::new().update(name.as_bytes()).finalize_xof();
    let drafts = std::iter::repeat_with(|| {
        let mut bytes = [0; 9];
        stream.fill(&mut bytes);
        let [wait, kind, who, which, amount, detail @ ..] = bytes;
        Draft { wait, kind, who, which, amount, detail: u32::from_le_bytes(detail) }
    });
    drafts.take(length).collect()
}

/// A commanded world: what to send, and what the reference makes of it.
pub struct Play {
    /// Every command, in order of time.
    pub commands: Vec<Arrival>,
    /// The reference, run to [`Play::until`].
    pub reference: Reference,
    /// A while after the last command.
    pub until: Time,
}

/// Plays drafts on a world.
pub fn play(genesis: &Genesis, drafts: &[Draft]) -> Play {
    let mut director = Director { reference: Reference::new(genesis), commands: Vec::new(), at: genesis.start };
    director.open(drafts);
    let mut slept = false;
    for draft in drafts {
        let before = director.at;
        director.wait(draft.wait);
        if director.at - before > director.reference.rules.epoch_length() {
            slept = true;
        } else if std::mem::take(&mut slept) {
            director.wake();
        }
        let (origin, command) = director.command(draft);
        director.send(origin, command);
    }
    let Director { mut reference, commands, at } = director;
    let until = at + 3 * reference.rules.epoch_length();
    reference.run(&[], until);
    Play { commands, reference, until }
}

/// Policies and copies of jobs, the plainest most often.
const POLICIES: [(Policy, u8); 8] = [
    (Policy::Unchecked, 0),
    (Policy::Sampled, 0),
    (Policy::Sampled, 0),
    (Policy::Checked, 0),
    (Policy::Checked, 0),
    (Policy::Redundant, 2),
    (Policy::Redundant, 3),
    (Policy::Freivalds, 0),
];

struct Director {
    reference: Reference,
    commands: Vec<Arrival>,
    at: Time,
}

impl Director {
    fn send(&mut self, origin: Origin, command: Command) {
        let arrival = Arrival { time: self.at, origin, command };
        self.reference.run(&[], self.at);
        // What is due at this moment comes before the command.
        self.reference.run(&[arrival], self.at + 1);
        self.commands.push(arrival);
    }

    fn wait(&mut self, choice: u8) {
        let epoch = self.reference.rules.epoch_length();
        self.at += match choice {
            // Where epochs are long, more than a year may go by.
            0xF8.. if epoch > DAY => 13 * epoch,
            _ => [0, 1, 1_000, epoch / 500, epoch / 50, epoch / 50, epoch / 8, epoch][usize::from(choice % 8)],
        };
    }

    /// A price is posted where jobs are taken on credit. Every other account becomes a provider with an offer, so that most worlds have a market.
    fn open(&mut self, drafts: &[Draft]) {
        if self.reference.rules.settle_mode() == 3 {
            self.send(Origin::Feeder(0), oracle::PostPrice { micro_usd: 5 }.into());
        }
        let count = self.reference.accounts.len() as u32;
        // A panel needs more of them.
        let step = if self.reference.rules.verification_panel() > 0 { 1 } else { 2 };
        for (n, draft) in (0..count).step_by(step).zip(drafts) {
            let origin = Origin::Account(AccountId(n));
            let (gpus, class) =
                (1 + u16::from(draft.who % 5), ClassId(draft.which % self.reference.catalogue.classes.len() as u8));
            let amount = self.reference.rules.bond_per_gpu().saturating_mul(u64::from(gpus) + 1);
            self.send(origin, Register { region: 0 }.into());
            self.send(origin, bond::Bond { amount }.into());
            self.send(origin, PostOffer { ask: price(draft.amount), gpus, class, pad: [0; 5] }.into());
        }
        // Where jobs are taken on credit, somebody deploys and says what was served.
        let credit = self.reference.rules.settle_mode() == 3;
        for draft in drafts.iter().take(8).filter(|_| credit) {
            let (origin, command) = self.requests(draft, Origin::Account(AccountId(u32::from(draft.who) % count)));
            self.send(origin, command);
        }
        // Where earnings are held back, somebody has some.
        let earning = self.reference.rules.settle_holdback() > 0;
        for draft in drafts.iter().take(6).filter(|_| earning) {
            let customer = Origin::Account(AccountId(u32::from(draft.who) % count));
            let submit = job::Submit { policy: Policy::Unchecked, copies: 0, ..self.submit(draft) };
            self.send(customer, submit.into());
            let (worker, commit) = self.commit(&Draft { amount: 1, detail: 1, ..*draft }, customer);
            self.send(worker, commit);
        }
    }

    /// After years in which nobody looked there is a price again, whoever was jailed or drained resumes, and lapsed asks are quoted.
    fn wake(&mut self) {
        self.send(Origin::Feeder(0), oracle::PostPrice { micro_usd: 3 + self.at % 5 }.into());
        let idle = |provider: &Provider| matches!(provider.status, provider::Status::Jailed | provider::Status::Draining);
        let owners: Vec<_> = self.reference.providers.iter().filter(|one| idle(one)).map(|one| one.owner).collect();
        for owner in owners {
            self.send(Origin::Account(AccountId(owner as u32)), Resume {}.into());
        }
        let offers = self.reference.offers.iter().enumerate().filter(|(_, offer)| offer.status == offer::Status::Lapsed);
        let lapsed: Vec<_> = offers.map(|(number, offer)| (number, offer.provider, offer.ask)).collect();
        for (number, provider, ask) in lapsed {
            self.send(self.owner(provider), Requote { ask, offer: OfferId(number as u32), pad: 0 }.into());
        }
    }

    fn command(&self, draft: &Draft) -> (Origin, Command) {
        let accounts = self.reference.accounts.len() as u32 + 1;
        let anybody = Origin::Account(AccountId(u32::from(draft.who) % accounts));
        match draft.kind % 80 {
            0..=11 => (anybody, self.submit(draft).into()),
            12..=18 => self.commit(draft, anybody),
            19 => self.reveal_copy(draft, anybody),
            20..=24 => (Origin::Host, beacon::Beacon { value: *blake3::hash(&draft.detail.to_le_bytes()).as_bytes() }.into()),
            25..=29 => self.check(draft, anybody),
            30..=37 if self.reference.rules.market_mechanism() == 2 && !draft.which.is_multiple_of(4) => {
                self.seal_or_reveal(draft, anybody)
            }
            30..=33 if self.disputed() => self.check(draft, anybody),
            34..=35 if self.disputed() => self.commit(draft, anybody),
            36 if self.disputed() => self.reveal_copy(draft, anybody),
            30..=37 => {
                let account =
                    if draft.detail >> 8 & 7 == 0 { usize::from(draft.who) % accounts as usize } else { self.an_owner(draft) };
                (Origin::Account(AccountId(account as u32)), self.provision(account, draft))
            }
            38..=39 => self.customer(draft, anybody),
            40 => self.seal_or_reveal(draft, anybody),
            41 => (
                anybody,
                account::Transfer { amount: self.amount(draft), to: AccountId(u32::from(draft.which) % 9), pad: 0 }.into(),
            ),
            42 => (Origin::Host, account::OpenAccount { key: [draft.which; 32] }.into()),
            43 => (Origin::Host, WentSilent { provider: ProviderId(u32::from(draft.which) % 5) }.into()),
            44 => (Origin::Feeder(draft.who % 4), oracle::PostPrice { micro_usd: u64::from(draft.amount % 9) }.into()),
            45..=47 => self.nonsense(draft),
            48..=59 => self.stake(draft, anybody),
            76..=79 => self.requests(draft, anybody),
            _ => self.govern(draft, anybody),
        }
    }

    /// Whether there is more to say of results than one checker does.
    fn disputed(&self) -> bool {
        self.reference.rules.verification_panel() > 0 || self.reference.rules.verification_planted() > 0
    }

    /// A job whose work, times and budget are mostly within reach.
    fn submit(&self, draft: &Draft) -> job::Submit {
        let bits = draft.detail;
        let epoch = self.reference.rules.epoch_length();
        let now = self.at;
        let work = [epoch / 100, epoch / 20, epoch / 10, 1, epoch, u64::from(u32::MAX)][(bits % 13 % 6) as usize] as u32;
        let start_by = now + [epoch, epoch / 5, 0, 3 * epoch, 1][(bits >> 4 & 15) as usize % 5];
        let finish_by = start_by + [2 * epoch, 8 * epoch, epoch / 3, 0, u64::MAX / 4][(bits >> 8 & 15) as usize % 5];
        let ask = price(draft.amount);
        let spend = u128::from(ask) * u128::from(work) / 1000;
        let budget = u64::try_from(spend * [2, 1, 4, 0][usize::from(draft.which % 4)]).unwrap_or(u64::MAX);
        let odd = bits >> 12 & 31;
        let (policy, copies) = POLICIES[usize::from(draft.who / 8) % POLICIES.len()];
        job::Submit {
            budget: if odd == 7 { budget } else { budget.max(1) },
            start_by: if odd == 1 { now - 1 } else { start_by },
            finish_by: if odd == 2 { now } else { finish_by },
            classes: [u64::MAX, u64::MAX, 1, 2, 6, 0][(bits >> 18 & 7) as usize % 6],
            sizes: [work, if odd == 6 { u32::MAX } else { bits >> 21 & 3 }, if odd == 9 { u32::MAX } else { 1 }, 0],
            program: ProgramId(if odd == 8 {
                9
            } else {
                (bits >> 23 & 3) as u16 % self.reference.catalogue.programs.len() as u16
            }),
            vram_gib: [0, 24, 80, 81][(bits >> 25 & 7) as usize % 3 + usize::from(odd == 3)],
            gpus_log2: if odd == 4 { 8 } else { [0, 0, 1, 2][(bits >> 28 & 3) as usize] },
            policy,
            copies: if odd == 5 { 8 } else { copies },
            ..job::Submit::default()
        }
    }

    /// A commitment by the lease's own provider, honest or not; sometimes by somebody else.
    fn commit(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let again = draft.detail % 32 == 9;
        let running = |lease: &&Lease| again || lease.progress == Progress::Running;
        let running: Vec<_> = self.reference.leases.values().filter(running).collect();
        let Some(lease) = pick(&running, draft.which) else {
            return (anybody, self.submit(draft).into());
        };
        let provider = self.reference.offers[lease.offer].provider;
        let truth = commitment(lease.id, ProviderId(provider as u32), &self.published(lease));
        let false_root = [draft.amount; 32];
        let said = match draft.amount % 8 {
            0 => false_root,
            4 => commitment(lease.id, ProviderId(provider as u32), &FALSE),
            _ => truth,
        };
        let owner = Origin::Account(AccountId(self.reference.providers[provider].owner as u32));
        let origin = if draft.detail.is_multiple_of(6) { anybody } else { owner };
        (origin, lease::Commit { lease: lease.id, commitment: said }.into())
    }

    /// The drawn checker's answer, true or not; sometimes somebody else's, or one that nobody asked for.
    fn verdict(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let leases: Vec<_> = self.reference.leases.values().collect();
        let under_check = |lease: &&&Lease| matches!(lease.progress, Progress::UnderCheck { .. });
        let checked: Vec<_> = leases.iter().filter(under_check).copied().collect();
        let Some(lease) = pick(&checked, draft.which).or_else(|| pick(&leases, draft.which)) else {
            return (anybody, self.submit(draft).into());
        };
        let checker = match lease.progress {
            Progress::UnderCheck { checker, .. } => checker,
            _ => self.reference.offers[lease.offer].provider,
        };
        let owner = Origin::Account(AccountId(self.reference.providers[checker].owner as u32));
        let origin = if draft.detail.is_multiple_of(16) { anybody } else { owner };
        let root = if draft.amount.is_multiple_of(8) { [0; 32] } else { root(lease.id) };
        let root = if matches!(draft.amount % 8, 5 | 6) { self.published(lease) } else { root };
        (origin, Verdict { lease: lease.id, root }.into())
    }

    /// What an honest provider publishes of a lease: the decoy where the true root calls for it, and errors are planted.
    fn published(&self, lease: &Lease) -> [u8; 32] {
        let again = matches!(self.reference.jobs[&lease.job].asked.policy, Policy::Sampled | Policy::Checked);
        let rate = if again { self.reference.rules.verification_planted() } else { 0 };
        presented(lease.id, &root(lease.id), rate)
    }

    fn owner(&self, provider: usize) -> Origin {
        Origin::Account(AccountId(self.reference.providers[provider].owner as u32))
    }

    /// What somebody has to say of a result: as its checker, on a panel, or unasked.
    fn check(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let cases: Vec<_> = self.reference.cases.iter().filter(|(_, case)| !case.panel.is_empty()).collect();
        if let Some((&lease, case)) = pick(&cases, draft.which).filter(|_| draft.amount % 8 != 7) {
            let (juror, said) = case.panel[usize::from(draft.who) % case.panel.len()];
            let id = ProviderId(juror as u32);
            // A root that is found again when it is to be revealed.
            let honest = !(lease.serial() + juror as u64).is_multiple_of(3) && !draft.detail.is_multiple_of(17);
            let root = if honest { root(lease) } else { FALSE };
            let origin = if draft.detail.is_multiple_of(7) { anybody } else { self.owner(juror) };
            let sealing = (said == Said::Nothing) != draft.detail.is_multiple_of(9);
            let command: Command = if sealing {
                SealVerdict { lease, digest: seal(lease, id, &root, &[7; 32]) }.into()
            } else {
                RevealVerdict { lease, root, salt: [7; 32] }.into()
            };
            return (origin, command);
        }
        let leases: Vec<_> = self.reference.leases.values().collect();
        let confirmed = |lease: &&&Lease| matches!(lease.progress, Progress::Confirmed { .. } | Progress::Defended { .. });
        let confirmed: Vec<_> = leases.iter().filter(confirmed).copied().collect();
        if let Some(lease) = pick(&confirmed, draft.which).filter(|_| draft.detail % 2 == 1) {
            // Whoever copied may have a friend.
            let friend = matches!(lease.progress, Progress::Confirmed { .. }) && draft.detail % 8 == 3;
            let command = if friend {
                Challenge { lease: lease.id }.into()
            } else {
                Expose { lease: lease.id, root: root(lease.id) }.into()
            };
            return (anybody, command);
        }
        if let Some(lease) = pick(&leases, draft.which).filter(|_| draft.detail % 8 == 6) {
            return (anybody, Challenge { lease: lease.id }.into());
        }
        self.verdict(draft, anybody)
    }

    /// What a copy's provider committed to; sometimes something else, or too early.
    fn reveal_copy(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let asked = |lease: &&Lease| {
            let set = self.reference.jobs[&lease.job].set.and_then(|set| self.reference.sets.get(&set));
            set.is_some_and(|set| set.reveal_by.is_some())
        };
        let leases: Vec<_> = self.reference.leases.values().collect();
        let copies: Vec<_> = leases.iter().filter(|lease| asked(lease)).copied().collect();
        let Some(lease) = pick(&copies, draft.which).or_else(|| pick(&leases, draft.which)) else {
            return (anybody, self.submit(draft).into());
        };
        let provider = self.reference.offers[lease.offer].provider;
        let truth = commitment(lease.id, ProviderId(provider as u32), &root(lease.id));
        let honest = lease.progress == Progress::Committed { commitment: truth };
        let root = if honest && draft.amount % 8 != 1 { root(lease.id) } else { FALSE };
        let origin = if draft.detail.is_multiple_of(16) { anybody } else { self.owner(provider) };
        (origin, RevealCopy { lease: lease.id, root }.into())
    }

    /// An account that is a provider, if there is one.
    fn an_owner(&self, draft: &Draft) -> usize {
        let owners: Vec<_> = self.reference.providers.iter().map(|provider| provider.owner).collect();
        pick(&owners, draft.who).unwrap_or(0)
    }

    fn provision(&self, account: usize, draft: &Draft) -> Command {
        let own = self.reference.accounts.get(account).and_then(|account| account.provider);
        let offers = || (0..self.reference.offers.len()).filter(|&offer| Some(self.reference.offers[offer].provider) == own);
        let offer = OfferId(pick(&offers().collect::<Vec<_>>(), draft.which).unwrap_or(9) as u32);
        match draft.detail % 16 {
            0 => Register { region: 1 }.into(),
            1..=2 => bond::Bond { amount: self.amount(draft) }.into(),
            3 => bond::Unbond { amount: self.amount(draft) }.into(),
            4..=5 => {
                let class = ClassId(draft.which % 4);
                PostOffer { ask: price(draft.amount), gpus: [1, 2, 7, 1024, 0][usize::from(draft.which % 5)], class, pad: [0; 5] }
                    .into()
            }
            6..=9 => Requote { ask: price(draft.amount), offer, pad: 0 }.into(),
            10 => Withdraw { offer }.into(),
            11 => Drain {}.into(),
            12..=14 => Resume {}.into(),
            _ => Retire {}.into(),
        }
    }

    /// Stake that comes, claims, moves and goes; mostly by those who can.
    fn stake(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let providers = self.reference.providers.len() as u32 + u32::from(draft.which.is_multiple_of(16));
        let provider = ProviderId(u32::from(draft.which) % providers.max(1));
        let holders: Vec<_> = self.reference.stakes.holders.iter().map(|holder| (holder.whose, holder.provider)).collect();
        // Who leaves a provider at work may still be answerable for it.
        let at_work: Vec<_> = self.reference.leases.values().map(|lease| self.reference.offers[lease.offer].provider).collect();
        let at_risk: Vec<_> = holders.iter().filter(|(_, with)| at_work.contains(with)).copied().collect();
        let (holder, with) = pick(&at_risk, draft.which).or_else(|| pick(&holders, draft.which)).unwrap_or(((0, None), 0));
        let others: Vec<_> = (0..self.reference.providers.len())
            .filter(|&other| other != with && self.reference.providers[other].owner != holder.0)
            .collect();
        let chosen = pick(&others, draft.amount >> 3).filter(|_| !draft.which.is_multiple_of(8));
        let other = chosen.map_or(provider, |other| ProviderId(other as u32));
        let with = ProviderId(with as u32);
        let holds = self.reference.stake_of(holder, with.index());
        let part = [holds, holds / 2, holds / 3, 1, XPL, holds / 2, holds.saturating_add(1), 0][usize::from(draft.amount % 8)];
        let (account, grant) = holder;
        let holder = Origin::Account(AccountId(account as u32));
        let rarely = draft.detail >> 18 & 15 == 0;
        match (draft.detail % 16, grant.filter(|_| !rarely)) {
            (6..=9, Some(grant)) => (holder, UnstakeGrant { grant, amount: part, provider: with, pad: 0 }.into()),
            (10..=13, Some(grant)) => (holder, ClaimGrantRewards { grant, provider: with, pad: 0 }.into()),
            (3..=5, _) if !self.reference.grants.is_empty() => self.stake_grant(draft, provider, anybody),
            (kind, _) => self.stake_own(draft, kind, (holder, part), (with, provider, other), anybody),
        }
    }

    /// Some of a grant's pot to a provider, mostly by whose it is.
    fn stake_grant(&self, draft: &Draft, provider: ProviderId, anybody: Origin) -> (Origin, Command) {
        let open: Vec<GrantId> = self.reference.grants.keys().copied().collect();
        let grant = pick(&open, draft.amount >> 3).unwrap_or(GrantId::NONE);
        let held = self.reference.balances.grants[&grant] as u64;
        let whose = Origin::Account(AccountId(self.reference.grants[&grant].account as u32));
        let origin = if draft.detail >> 4 & 15 == 0 { anybody } else { whose };
        let amount = [held, held / 2, held / 2, held / 3, XPL, held, held.saturating_add(1), 0][usize::from(draft.amount % 8)];
        if draft.detail >> 8 & 15 == 0 {
            return (origin, UnstakeGrant { grant, amount, provider, pad: 0 }.into());
        }
        (origin, StakeGrant { grant, amount, provider, pad: 0 }.into())
    }

    /// Stake of an account's own: that of `holder`, who has `part` to move, at `with`.
    fn stake_own(
        &self,
        draft: &Draft,
        kind: u32,
        (holder, part): (Origin, u64),
        (with, provider, other): (ProviderId, ProviderId, ProviderId),
        anybody: Origin,
    ) -> (Origin, Command) {
        match kind {
            0..=5 => {
                let amount = [1_000 * XPL, XPL, self.amount(draft), 10_000 * XPL][draft.detail as usize >> 16 & 3];
                // A pool that has lost everything takes nothing more.
                let lost = |provider: &usize| self.reference.has_lost_all(*provider);
                let worn = (0..self.reference.providers.len()).find(lost).filter(|_| draft.detail.is_multiple_of(2));
                let provider = worn.map_or(provider, |worn| ProviderId(worn as u32));
                (anybody, delegation::Delegate { amount, provider, pad: 0 }.into())
            }
            6..=7 => (holder, delegation::Undelegate { amount: part, provider: with, pad: 0 }.into()),
            8..=11 => (holder, redelegation::Redelegate { amount: part, from: with, to: other }.into()),
            12 => (holder, delegation::ClaimRewards { provider: with }.into()),
            13 => (anybody, delegation::ClaimRewards { provider }.into()),
            _ => {
                let rate = [0, ONE / 100, ONE / 10, ONE / 2, ONE, ONE + 1][usize::from(draft.amount % 6)];
                (Origin::Account(AccountId(self.an_owner(draft) as u32)), staking::SetCommission { rate }.into())
            }
        }
    }

    /// What the phase of a sealed auction asks for: all offers' asks one after the other; sometimes the other phase, a wrong price,
    /// or the wrong origin.
    fn seal_or_reveal(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let sealed: Vec<usize> =
            self.reference.envelopes.iter().filter(|(_, envelope)| envelope.price.is_none()).map(|(&offer, _)| offer).collect();
        let offers: Vec<usize> = (0..self.reference.offers.len()).collect();
        let revealing = self.reference.revealing() != (draft.detail & 31 == 1);
        let chosen = if revealing && draft.detail & 15 != 2 { pick(&sealed, draft.which) } else { None };
        let Some(offer) = chosen.or_else(|| pick(&offers, draft.which)) else { return (anybody, self.submit(draft).into()) };
        let provider = self.reference.offers[offer].provider;
        let owner = Origin::Account(AccountId(self.reference.providers[provider].owner as u32));
        let origin = if draft.detail.is_multiple_of(16) { anybody } else { owner };
        // A price that the seller finds again when it is to reveal it.
        let price = if draft.amount % 8 == 7 {
            price(draft.amount)
        } else {
            price((self.reference.batch / 2 % 7) as u8 + offer as u8 % 7)
        };
        let (offer, salt) = (OfferId(offer as u32), [7; 32]);
        let command: Command = if revealing {
            RevealAsk { price: if draft.amount % 16 == 3 { 0 } else { price }, salt, offer, pad: 0 }.into()
        } else {
            SealAsk { digest: sealed::digest(ProviderId(provider as u32), offer, price, &salt), offer, pad: 0 }.into()
        };
        (origin, command)
    }

    /// A second thought of a customer.
    fn customer(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let jobs: Vec<_> = self.reference.jobs.values().collect();
        let Some(job) = pick(&jobs, draft.which) else { return (anybody, self.submit(draft).into()) };
        let lease = self.reference.leases.values().find(|lease| lease.job == job.id).map_or(LeaseId::NONE, |lease| lease.id);
        let customer = Origin::Account(AccountId(job.customer as u32));
        let origin = if draft.detail >> 8 & 15 == 0 { anybody } else { customer };
        let job = job.id;
        let command: Command =
            if draft.detail.is_multiple_of(2) { job::Cancel { job }.into() } else { lease::Stop { lease }.into() };
        (origin, command)
    }

    /// The right command from the wrong origin, or about what does not exist.
    fn nonsense(&self, draft: &Draft) -> (Origin, Command) {
        let origin = [Origin::Host, Origin::Feeder(200), Origin::Account(AccountId(0)), Origin::Account(AccountId(u32::MAX - 9))];
        let lease = LeaseId(u64::from(draft.detail));
        let commands: [Command; 8] = [
            beacon::Beacon { value: [draft.who; 32] }.into(),
            WentSilent { provider: ProviderId(draft.detail) }.into(),
            oracle::PostPrice { micro_usd: 1 }.into(),
            lease::Commit { lease, commitment: [1; 32] }.into(),
            lease::Stop { lease }.into(),
            self.provision(0, draft),
            self.submit(draft).into(),
            account::OpenAccount { key: [9; 32] }.into(),
        ];
        (origin[usize::from(draft.which % 4)], commands[usize::from(draft.amount % 8)])
    }

    /// Dust, everything, more than everything, or what bonds are made of.
    fn amount(&self, draft: &Draft) -> u64 {
        let account = usize::from(draft.who) % (self.reference.accounts.len() + 1);
        let free = self.reference.balances.accounts.get(account).map_or(0, |&free| u64::try_from(free).unwrap_or(u64::MAX));
        let per_gpu = self.reference.rules.bond_per_gpu();
        let choices = [per_gpu.saturating_mul(2), per_gpu, free / 2, 1, 0, free, u64::MAX, XPL];
        choices[usize::from(draft.amount % 8)]
    }
}

/// A root that nobody computes honestly.
const FALSE: [u8; 32] = [99; 32];

fn pick<T: Copy>(things: &[T], which: u8) -> Option<T> {
    (!things.is_empty()).then(|| things[usize::from(which) % things.len()])
}

/// Asks that often coincide, with the largest there is.
fn price(choice: u8) -> u64 {
    [XPL, XPL, XPL, 2 * XPL, XPL / 2, 1, 999_999_937, 3 * XPL, u64::MAX][usize::from(choice % 9)]
}
