//! What queueing theory says of one queue before several equal servers, to compare with what the protocol's queue does: Poisson
//! arrivals and exponential times of service, M/M/n (A. K. Erlang 1917; Cooper, *Introduction to Queueing Theory*, 2nd ed.,
//! sections 3.3 and 3.4).

/// A queue that settles: its servers can do more than is asked of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    servers: f64,
    /// Arrivals × mean service, in erlangs.
    offered: f64,
    service: f64,
    waits: f64,
}

/// Most servers that a queue may have: the recursion takes a step for each.
pub const MOST_SERVERS: u32 = 10_000_000;

impl Queue {
    /// A queue of so many servers, with `arrivals` per unit of time, each of which takes a server `service` units of time on
    /// average. `None` unless there are servers (at most [`MOST_SERVERS`]) who keep up: arrivals · service < servers.
    pub fn new(servers: u32, arrivals: f64, service: f64) -> Option<Self> {
        let (n, offered) = (f64::from(servers), arrivals * service);
        let settles = (0.0..n).contains(&offered) && service.is_finite() && servers <= MOST_SERVERS;
        // Erlang's loss formula by its recursion, which neither overflows nor cancels, and his delay formula from it.
        let blocked = |servers| (1..=servers).fold(1.0, |blocked, k| offered * blocked / (f64::from(k) + offered * blocked));
        settles.then(|| {
            let blocked = blocked(servers);
            Self { servers: n, offered, service, waits: n * blocked / (n - offered * (1.0 - blocked)) }
        })
    }

    /// Share of the time that a server is busy.
    pub fn load(&self) -> f64 {
        self.offered / self.servers
    }

    /// Probability to wait at all: Erlang C.
    pub fn waits(&self) -> f64 {
        self.waits
    }

    /// Mean wait of all, those who do not wait included, in units of the time of service.
    pub fn mean_wait(&self) -> f64 {
        self.waits * self.service / (self.servers - self.offered)
    }

    /// The wait that a share of all does not exceed, in units of the time of service: the least t ≥ 0 with
    /// P(W > t) = C · e^(−(n − a) t ÷ s) ≤ 1 − share. `None` unless the share is within [0, 1).
    pub fn percentile(&self, share: f64) -> Option<f64> {
        if !(0.0..1.0).contains(&share) {
            return None;
        }
        let log = libm::log(self.waits / (1.0 - share));
        Some(log.max(0.0) * self.service / (self.servers - self.offered))
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;
    use proptest::prelude::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    /// Hillier & Lieberman, *Introduction to Operations Research*, "County Hospital" (M/M/s, two arrivals and three services an
    /// hour): with one doctor W_q = 2/3 h, P{W_q > 0} = 0.667, P{W_q > 1/2} = 0.404, P{W_q > 1} = 0.245; with two 1/24 h, 0.167,
    /// 0.022, 0.003.
    #[test]
    fn the_county_hospital_waits_as_published() {
        for (doctors, mean, beyond) in [
            (1, 2.0 / 3.0, [(0.0, 0.667), (0.5, 0.404), (1.0, 0.245)]),
            (2, 1.0 / 24.0, [(0.0, 0.167), (0.5, 0.022), (1.0, 0.003)]),
        ] {
            let queue = Queue::new(doctors, 2.0, 1.0 / 3.0).unwrap();
            near(queue.mean_wait(), mean, 1e-12);
            near(queue.waits(), beyond[0].1, 5e-4);
            for (hours, share) in beyond {
                // Published to three digits, some of them cut: the percentile must lie between the neighbours.
                let (before, after) =
                    (queue.percentile(1.0 - share - 1e-3).unwrap(), queue.percentile(1.0 - share + 1e-3).unwrap());
                assert!(before <= hours && hours <= after, "{doctors} doctors: {before} {hours} {after}");
            }
        }
    }

    /// Gross & Harris, *Fundamentals of Queueing Theory*, the eye clinic of three doctors (six arrivals an hour, twenty minutes
    /// each): L_q = 8/9, so W_q = 4/27 h. Tables of Erlang C: ten servers at 8 erlangs delay 40.92 %.
    #[test]
    fn the_eye_clinic_and_the_tables_agree() {
        let clinic = Queue::new(3, 6.0, 1.0 / 3.0).unwrap();
        near(clinic.waits(), 4.0 / 9.0, 1e-12);
        near(clinic.mean_wait() * 6.0, 8.0 / 9.0, 1e-12);
        near(Queue::new(10, 8.0, 1.0).unwrap().waits(), 0.4092, 5e-5);
    }

    #[test]
    fn a_queue_that_grows_without_end_has_no_answer() {
        for (servers, arrivals, service) in
            [(0, 0.0, 1.0), (1, 1.0, 1.0), (1, 2.0, 1.0), (1, f64::NAN, 1.0), (u32::MAX, 1.0, 1.0)]
        {
            assert_eq!(Queue::new(servers, arrivals, service), None, "{servers} {arrivals} {service}");
        }
        let idle = Queue::new(1, 0.0, 1.0).unwrap();
        assert_eq!((idle.waits(), idle.mean_wait(), idle.percentile(0.99), idle.percentile(1.0)), (0.0, 0.0, Some(0.0), None));
    }

    proptest! {
        #[test]
        fn one_server_waits_with_the_probability_of_its_load(load in 0.0..0.999f64, service in 0.001..1000.0f64) {
            let queue = Queue::new(1, load / service, service).unwrap();
            prop_assert!((queue.waits() - load).abs() < 1e-9);
            // M/M/1: W_q = ρ s ÷ (1 − ρ).
            prop_assert!((queue.mean_wait() / service - load / (1.0 - load)).abs() < 1e-6 * (1.0 + load / (1.0 - load)));
        }
    }
}
