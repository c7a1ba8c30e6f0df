//! The host's clockwork and the price feeder: what the world outside does on time.

use super::Agents;
use super::queue::Kind;
use plasma_core::engine::state::State;
use plasma_core::protocol::beacon::Beacon;
use plasma_core::protocol::oracle::PostPrice;
use plasma_core::record::Origin;
use plasma_core::time::Time;

impl Agents {
    /// Ends a round with 256 bits of the beacon's own stream, and reads the market.
    pub(super) fn beat(&mut self, view: &State, now: Time) {
        let value = self.streams.beacon.draw(0, self.rows.rounds).bytes();
        self.rows.rounds += 1;
        self.send(now, Origin::Host, Beacon { value });
        self.rows.board.read(view, self.economy.beacon_interval);
        self.queue.push(now + self.economy.beacon_interval, Kind::Beacon, 0);
    }

    /// Posts the market's price, unless nobody can.
    pub(super) fn post(&mut self, view: &State, now: Time) {
        self.walk(view, now);
        if !self.economy.timetable.oracle_silent(now) {
            self.send(now, Origin::Feeder(0), PostPrice { micro_usd: self.market_price(view) });
        }
        self.queue.push(now + self.economy.exchange.post_interval, Kind::Post, 0);
    }
}
