//! The referee: two parties ran the same job and disagree. It finds the first step on which their traces differ in as many rounds as
//! the tree is high, and then the one step that must be done again to see who is right.
//!
//! This is the bisection of Canetti, Riva and Rothblum ("Practical Delegation of Computation Using Multiple Servers", CCS 2011,
//! section 4) over a Merkle tree: a party that gives a node whose children do not hash to it has contradicted its own commitment,
//! and loses there.

use crate::trace::{self, Digest, Trace};

/// Somebody who committed to a trace and answers for it. What it says is not believed but checked.
pub trait Party {
    /// What it committed to.
    fn root(&self) -> Digest;
    /// The node at a level, 0 for the leaves, and a place on it. None is no answer.
    fn node(&self, level: u32, at: u64) -> Option<Digest>;
}

impl Party for Trace {
    fn root(&self) -> Digest {
        self.root()
    }
    fn node(&self, level: u32, at: u64) -> Option<Digest> {
        self.node(level, at)
    }
}

/// One of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

/// What the referee found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Both committed to the same.
    Agreed,
    /// This side gave no answer, or one that contradicts its commitment.
    Contradicted(Side),
    /// The first step on which they differ, and what each has there. Both have the same before it.
    Differ {
        /// The step.
        step: u64,
        /// The leaves of the first and the second.
        leaves: [Digest; 2],
    },
}

/// Finds the first difference between two traces of `steps` steps, which the job's program and sizes say; a commitment to another
/// number contradicts itself. Asks each side for the top and for two nodes a level.
pub fn bisect(steps: u64, left: &dyn Party, right: &dyn Party) -> Finding {
    let sides = [(Side::Left, left), (Side::Right, right)];
    if left.root() == right.root() {
        return Finding::Agreed;
    }
    let height = steps.max(1).next_power_of_two().trailing_zeros();
    let mut nodes = [Digest::default(); 2];
    for (node, (side, party)) in nodes.iter_mut().zip(sides) {
        let top = if steps == 0 { Some(Digest::default()) } else { party.node(height, 0) };
        match top.filter(|top| trace::root(steps, top) == party.root()) {
            Some(top) => *node = top,
            None => return Finding::Contradicted(side),
        }
    }
    let mut at = 0;
    for level in (0..height).rev() {
        let width = (0..level).fold(steps, |width, _| width.div_ceil(2));
        let alone = 2 * at + 1 >= width;
        let mut children = [[Digest::default(); 2]; 2];
        for (i, (side, party)) in sides.into_iter().enumerate() {
            let first = party.node(level, 2 * at);
            // A node without a neighbour rises as it is.
            let second = if alone { first } else { party.node(level, 2 * at + 1) };
            let (Some(first), Some(second)) = (first, second) else { return Finding::Contradicted(side) };
            if nodes[i] != if alone { first } else { trace::node(&first, &second) } {
                return Finding::Contradicted(side);
            }
            children[i] = [first, second];
        }
        let turn = usize::from(children[0][0] == children[1][0]);
        nodes = [children[0][turn], children[1][turn]];
        at = 2 * at + turn as u64;
    }
    Finding::Differ { step: at, leaves: nodes }
}

/// Which sides had the right leaf for a step, by the bytes of that step done again.
pub fn judge(step: u64, leaves: [Digest; 2], bytes: &[u8]) -> [bool; 2] {
    let right = trace::leaf(step, bytes);
    leaves.map(|leaf| leaf == right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn of(steps: u64, wrong: impl Fn(u64) -> bool) -> Trace {
        let mut trace = Trace::default();
        (0..steps).for_each(|step| trace.step(&[step as u8, u8::from(wrong(step))]));
        trace
    }

    /// Counts the questions.
    struct Asked<'a>(&'a Trace, Cell<u32>);

    impl Party for Asked<'_> {
        fn root(&self) -> Digest {
            self.0.root()
        }
        fn node(&self, level: u32, at: u64) -> Option<Digest> {
            self.1.set(self.1.get() + 1);
            self.0.node(level, at)
        }
    }

    #[test]
    fn the_first_difference_is_found_and_judged() {
        for steps in 1..40 {
            let honest = of(steps, |_| false);
            assert_eq!(bisect(steps, &honest, &honest), Finding::Agreed);
            for first in 0..steps {
                // Later steps may differ or not.
                for liar in [of(steps, |step| step >= first), of(steps, |step| step == first)] {
                    let asked = Asked(&liar, Cell::new(0));
                    let Finding::Differ { step, leaves } = bisect(steps, &honest, &asked) else { panic!("they differ") };
                    assert_eq!(step, first, "of {steps}");
                    assert_eq!(judge(step, leaves, &[step as u8, 0]), [true, false]);
                    assert_eq!(judge(step, leaves, &[99]), [false, false]);
                    assert!(asked.1.get() <= 1 + 2 * steps.next_power_of_two().trailing_zeros());
                }
            }
        }
    }

    /// Answers from another trace than the one committed to.
    struct Turncoat(Trace, Trace);

    impl Party for Turncoat {
        fn root(&self) -> Digest {
            self.0.root()
        }
        fn node(&self, level: u32, at: u64) -> Option<Digest> {
            if level == 0 { self.1.node(level, at) } else { self.0.node(level, at) }
        }
    }

    #[test]
    fn whoever_contradicts_its_commitment_loses() {
        let honest = of(11, |_| false);
        assert_eq!(bisect(11, &honest, &of(12, |_| false)), Finding::Contradicted(Side::Right));
        assert_eq!(bisect(11, &of(3, |_| false), &honest), Finding::Contradicted(Side::Left));
        let turncoat = Turncoat(of(11, |step| step == 6), of(11, |_| false));
        assert_eq!(bisect(11, &honest, &turncoat), Finding::Contradicted(Side::Right));
        assert_eq!(bisect(0, &Trace::default(), &Trace::default()), Finding::Agreed);
        assert_eq!(bisect(0, &Trace::default(), &honest), Finding::Contradicted(Side::Right));
    }
}
