//! What the ledger does not say: dollars, customers who went elsewhere, costs. Whoever simulates knows it and may tell.
//!
//! A run is told once an epoch, in totals since genesis. A live ledger is never told, and every metric that needs it is null.

use super::yardstick::TIERS;
use rkyv::{Archive, Deserialize, Serialize};

/// Who trades XPL for dollars, in the order of [`Observed::trades`].
pub const PARTIES: [&str; 7] = ["customers", "providers", "traders", "holders", "attackers", "treasury", "builders"];

/// Totals since genesis, and what stands at the moment of telling. Dollars are micro-dollars, XPL are nano-XPL.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Jobs that somebody considered.
    pub candidates: u64,
    /// … and found dearer than doing without.
    pub declined: u64,
    /// … and took to a cloud.
    pub to_cloud: u64,
    /// … and no GPU of the network could serve in time.
    pub unserved: u64,
    /// … and came for, though they would not have, had the network cost a hundredth more.
    pub wavering: u64,
    /// … and could not buy the XPL for.
    pub unfunded: u64,
    /// … and only considered because of what builders had done.
    pub brought: u64,
    /// Jobs settled of customers whom builders brought.
    pub brought_jobs: u64,
    /// What these customers paid, fees and requests included.
    pub brought_paid: u128,
    /// What builders spent outside on what they were awarded for.
    pub built: u128,
    /// Dollars that customers and other buyers brought in.
    pub brought_in: u128,
    /// Dollars that providers' owners put in where income did not cover costs.
    pub put_in: u128,
    /// Providers' electricity.
    pub electricity: u128,
    /// What providers' GPUs would have earned elsewhere in the hours that they worked here.
    pub forgone: u128,
    /// Emission that providers expected for their work when they quoted.
    pub emission_expected: u128,
    /// … and how much of it they counted against their costs.
    pub emission_passed_on: u128,
    /// Of both, those of providers who are small: [`super::owners::Owners::with_small`].
    pub small: Costs,
    /// What not computing the leases that began would have been worth at most: the larger of electricity beyond standby and what
    /// the GPUs earn elsewhere.
    pub avoidable: u128,
    /// Results that attackers' providers gave without computing them.
    pub wrong: u64,
    /// What came of those.
    pub fraud: Fraud,
    /// Results that honest machines got wrong.
    pub faulty: u64,
    /// Purchases and sales by party.
    pub trades: [Trades; PARTIES.len()],
    /// What stands now.
    pub now: Standing,
}

/// What providers pay and give up.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// See [`Observed::electricity`].
    pub electricity: u128,
    /// See [`Observed::forgone`].
    pub forgone: u128,
}

/// What came of results that nobody computed, amounts at the oracle's price of their moment.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fraud {
    /// Results that were paid.
    pub stood: u64,
    /// Results that were found wrong.
    pub found: u64,
    /// Paid for those that stood, fees deducted, with emission for their work.
    pub paid: u128,
    /// What the machines were worth meanwhile: electricity, and what they earned elsewhere.
    pub freed: u128,
    /// Taken of bonds and of earnings held back for those that were found.
    pub taken: u128,
    /// What those would have been paid, with emission.
    pub refused: u128,
}

/// What one party bought and sold.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trades {
    /// Nano-XPL bought.
    pub bought: u128,
    /// … for so many micro-dollars.
    pub spent: u128,
    /// Nano-XPL sold.
    pub sold: u128,
    /// … for so many micro-dollars.
    pub received: u128,
}

/// Stocks at the moment of telling.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Micro-dollars per XPL at which a very small trade would be made.
    pub price: u64,
    /// Micro-dollars that move the price by 2 %; zero where trades do not move it.
    pub depth: u64,
    /// Micro-dollars for which the GPUs of providers on offer could be bought.
    pub hardware: u128,
    /// Micro-dollars for a GPU-hour elsewhere, by class: at the price that the agents go by, on demand, reserved, spot; zero where
    /// there is no price.
    pub elsewhere: Vec<[u64; TIERS]>,
    /// Net present value per dollar of hardware, in billionths, of the best entrant who lately stayed out; none when nobody looked.
    pub staying_out: Option<i64>,
    /// GPUs on offer whose owners have closed their books …
    pub booked: u64,
    /// … and could pay their electricity out of work alone.
    pub borne_by_work: u64,
    /// What attackers had and have.
    pub attackers: Vec<Attacker>,
}

/// An attacker's profit and loss. What it is worth counts XPL at the price of a very small trade.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Attacker {
    /// Its name.
    pub name: String,
    /// Micro-dollars that it was worth at genesis, and that its owner put in since.
    #[serde(rename = "means_micro_usd")]
    pub means: u64,
    /// Micro-dollars that it is worth.
    #[serde(rename = "worth_micro_usd")]
    pub worth: u64,
    /// Micro-dollars that it would be worth, had it only held what it had and its owner put in.
    #[serde(rename = "idle_micro_usd")]
    pub idle: u64,
}

impl Attacker {
    /// Micro-dollars that it made.
    pub fn profit(&self) -> i128 {
        i128::from(self.worth) - i128::from(self.means)
    }

    /// Micro-dollars that it would have made by holding what it had.
    pub fn idle_profit(&self) -> i128 {
        i128::from(self.idle) - i128::from(self.means)
    }
}

macro_rules! flows {
    ($self:ident, $other:ident, $op:tt: $($field:ident),+) => { $($self.$field $op $other.$field;)+ };
}

impl Observed {
    /// Adds the flows of the span that follows and takes over what stands at its end.
    pub fn append(&mut self, next: &Self) {
        flows!(self, next, +=: candidates, declined, to_cloud, unserved, unfunded, brought_in, put_in, electricity, forgone);
        flows!(self, next, +=: brought, brought_jobs, brought_paid, built);
        flows!(self, next, +=: wavering, emission_expected, emission_passed_on, wrong, faulty);
        flows!(self, next, +=: avoidable);
        let (fraud, small) = (&mut self.fraud, &mut self.small);
        let (more_fraud, more_small) = (&next.fraud, &next.small);
        flows!(fraud, more_fraud, +=: stood, found, paid, freed, taken, refused);
        flows!(small, more_small, +=: electricity, forgone);
        for (mine, theirs) in self.trades.iter_mut().zip(&next.trades) {
            flows!(mine, theirs, +=: bought, spent, sold, received);
        }
        self.now = next.now.clone();
    }

    /// The flows since an earlier telling. Totals never fall: `earlier` must be of the same run.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut flows = self.clone();
        flows!(flows, earlier, -=: candidates, declined, to_cloud, unserved, unfunded, brought_in, put_in, electricity, forgone);
        flows!(flows, earlier, -=: brought, brought_jobs, brought_paid, built);
        flows!(flows, earlier, -=: wavering, emission_expected, emission_passed_on, wrong, faulty);
        flows!(flows, earlier, -=: avoidable);
        let (fraud, small) = (&mut flows.fraud, &mut flows.small);
        let (less_fraud, less_small) = (&earlier.fraud, &earlier.small);
        flows!(fraud, less_fraud, -=: stood, found, paid, freed, taken, refused);
        flows!(small, less_small, -=: electricity, forgone);
        for (mine, theirs) in flows.trades.iter_mut().zip(&earlier.trades) {
            flows!(mine, theirs, -=: bought, spent, sold, received);
        }
        flows
    }

    /// Nano-XPL that changed hands for dollars: of each trade, the market's side is nobody's.
    pub fn volume(&self) -> u128 {
        self.trades.iter().map(|trades| trades.bought + trades.sold).sum()
    }

    /// What a party bought and sold.
    ///
    /// # Panics
    /// If it is none of [`PARTIES`].
    pub fn party(&self, name: &str) -> &Trades {
        let place = PARTIES.iter().position(|party| *party == name);
        &self.trades[place.unwrap_or_else(|| panic!("there is no party `{name}`"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_between_tellings_add_up_to_the_last() {
        let told = |n: u64| {
            let trades = [Trades { bought: n.into(), spent: (2 * n).into(), sold: 1, received: 0 }; PARTIES.len()];
            let now = Standing { price: n, ..Standing::default() };
            let fraud = Fraud { stood: n, paid: (7 * n).into(), ..Fraud::default() };
            let small = Costs { electricity: (11 * n).into(), forgone: 13 };
            Observed {
                fraud,
                small,
                avoidable: n.into(),
                candidates: 3 * n,
                brought_in: (5 * n).into(),
                trades,
                now,
                ..Observed::default()
            }
        };
        let mut sum = told(4);
        sum.append(&told(9).since(&told(4)));
        assert_eq!(sum, told(9));
        assert_eq!(told(9).since(&told(4)).party("traders").spent, 10);
    }
}
