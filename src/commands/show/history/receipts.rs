//! What is set aside for a deployment's requests, and what of it is paid, in words.

use crate::commands::words::{self, decimal, xpl};
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, LeaseId, ProviderId};
use plasma_core::protocol::receipt::{ReceiptPaid, Redeemed};
use plasma_core::record::{Cause, Command, Event, Record};

/// What an event about a tab means; `view` is the state just before it.
pub fn why(view: &State, record: &Record, event: &Event) -> String {
    match (event, &record.cause) {
        (Event::TabFunded(_), Cause::Command { command: Command::FundTab(fund), .. }) => {
            let held = u128::from(view.tabs.of(fund.job).held) + u128::from(fund.amount);
            format!("{} set aside for requests to {}: {} in its tab", xpl(fund.amount.into()), fund.job, xpl(held))
        }
        (Event::ReceiptSigned(_), Cause::Command { command: Command::SignReceipt(receipt), .. }) => {
            let tab = view.lease(receipt.lease).map(|lease| view.tabs.of(lease.job)).unwrap_or_default();
            let [amount, more, left] =
                [receipt.amount, receipt.amount - tab.signed, tab.held - receipt.amount].map(|nano| xpl(nano.into()));
            format!(
                "{} has served {amount} so far, {more} of it since the receipt before; {left} of the tab are left",
                receipt.lease
            )
        }
        (Event::Redeemed(redeemed), _) => redeemed_why(redeemed),
        (Event::ReceiptPaid(paid), _) => paid_why(view, paid),
        (Event::TabReturned(returned), _) => {
            format!("{} is over: {} of its tab returned", returned.job, xpl(returned.amount.into()))
        }
        (other, _) => words::fields(other.name(), other),
    }
}

fn redeemed_why(redeemed: &Redeemed) -> String {
    let usd = decimal(redeemed.micro_usd.into(), 1_000_000);
    let moves = [("to the vault", redeemed.deposited), ("out of the vault", redeemed.reminted), ("minted", redeemed.minted)];
    let moves = moves.into_iter().filter(|(_, nano)| *nano > 0).map(|(how, nano)| format!("{} {how}", xpl(nano.into())));
    let moves = moves.collect::<Vec<_>>().join(", ");
    let moves = if moves.is_empty() { "nothing moves".into() } else { moves };
    format!("{usd} USD of the tab's credit are redeemed for the receipt on {}: {moves}", redeemed.lease)
}

fn paid_why(view: &State, paid: &ReceiptPaid) -> String {
    format!(
        "{} paid {} by its last receipt on {} of {}, less the fee of {} ({} burned, {} treasury, {} stakers)",
        customer(view, paid.lease),
        xpl(paid.payment().into()),
        paid.lease,
        provider(view, paid.lease),
        xpl(paid.fee().into()),
        xpl(paid.burned.into()),
        xpl(paid.treasury.into()),
        xpl(paid.stakers.into()),
    )
}

fn customer(view: &State, lease: LeaseId) -> AccountId {
    view.lease(lease).and_then(|lease| view.job(lease.job)).map_or(AccountId::NONE, |job| job.customer)
}

fn provider(view: &State, lease: LeaseId) -> ProviderId {
    view.lease(lease).and_then(|lease| view.offer(lease.offer)).map_or(ProviderId::NONE, |offer| offer.provider)
}
