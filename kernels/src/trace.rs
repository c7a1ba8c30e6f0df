//! The trace of a job: a Merkle tree over its steps, whose root commits to every step and opens any of them.
//!
//! A leaf is BLAKE3 of a step's number and bytes, a node BLAKE3 of its two children; a node without a neighbour rises as it is.
//! The root is BLAKE3 of the number of steps and the top, each under a key of its own, so that no leaf passes for a node.

use blake3::Hasher;

/// A BLAKE3 digest.
pub type Digest = [u8; 32];

fn hash(context: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The leaf of a step.
pub fn leaf(step: u64, bytes: &[u8]) -> Digest {
    hash("plasma trace leaf v1", &[&step.to_le_bytes(), bytes])
}

/// The node over two.
pub(crate) fn node(left: &Digest, right: &Digest) -> Digest {
    hash("plasma trace node v1", &[left, right])
}

/// What is committed to: so many steps under this top.
pub(crate) fn root(steps: u64, top: &Digest) -> Digest {
    hash("plasma trace root v1", &[&steps.to_le_bytes(), top])
}

/// The steps of a job, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    leaves: Vec<Digest>,
}

impl Trace {
    /// Adds the next step.
    pub fn step(&mut self, bytes: &[u8]) {
        self.leaves.push(leaf(self.leaves.len() as u64, bytes));
    }

    /// Steps.
    pub fn len(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    fn levels(&self) -> Vec<Vec<Digest>> {
        let mut levels = vec![self.leaves.clone()];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let up = last.chunks(2).map(|pair| if let [a, b] = pair { node(a, b) } else { pair[0] });
            levels.push(up.collect());
        }
        levels
    }

    /// What a commitment binds.
    pub fn root(&self) -> Digest {
        let top = self.levels().last().and_then(|top| top.first().copied()).unwrap_or_default();
        root(self.len(), &top)
    }

    /// The node at a level, 0 for the leaves, and a place on it.
    pub fn node(&self, level: u32, at: u64) -> Option<Digest> {
        self.levels().get(level as usize)?.get(usize::try_from(at).ok()?).copied()
    }

    /// The neighbours on a step's way up; none if there is no such step.
    pub fn open(&self, step: u64) -> Option<Vec<Digest>> {
        let mut at = usize::try_from(step).ok().filter(|&at| at < self.leaves.len())?;
        let mut neighbours = Vec::new();
        for level in self.levels() {
            neighbours.extend(level.get(at ^ 1));
            at /= 2;
        }
        Some(neighbours)
    }

    /// The first step in which two traces differ, if they do.
    pub fn first_difference(&self, other: &Self) -> Option<u64> {
        let differing = self.leaves.iter().zip(&other.leaves).position(|(a, b)| a != b).map(|at| at as u64);
        differing.or_else(|| (self.len() != other.len()).then_some(self.len().min(other.len())))
    }
}

/// Whether a step of these bytes stands at this place under a root of so many steps.
pub fn verify(against: &Digest, steps: u64, step: u64, bytes: &[u8], neighbours: &[Digest]) -> bool {
    if step >= steps {
        return false;
    }
    let (mut at, mut width, mut hash) = (step, steps, leaf(step, bytes));
    let mut neighbours = neighbours.iter();
    while width > 1 {
        if at ^ 1 < width {
            let Some(neighbour) = neighbours.next() else { return false };
            hash = if at.is_multiple_of(2) { node(&hash, neighbour) } else { node(neighbour, &hash) };
        }
        at /= 2;
        width = width.div_ceil(2);
    }
    neighbours.next().is_none() && root(steps, &hash) == *against
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(steps: u64) -> Trace {
        let mut trace = Trace::default();
        (0..steps).for_each(|step| trace.step(&[step as u8; 3]));
        trace
    }

    #[test]
    fn every_step_opens_and_no_other_passes() {
        for steps in 1..18 {
            let trace = of(steps);
            let root = trace.root();
            for step in 0..steps {
                let way = trace.open(step).unwrap();
                let bytes = [step as u8; 3];
                assert!(verify(&root, steps, step, &bytes, &way));
                assert!(!verify(&root, steps, step, &[99; 3], &way));
                assert!(!verify(&root, steps, (step + 1) % steps.max(2), &bytes, &way));
                assert!(!verify(&root, steps + 1, step, &bytes, &way));
                assert!(!verify(&root, steps, step, &bytes, &[&way[..], &[[0; 32]]].concat()));
                assert!(way.is_empty() || !verify(&root, steps, step, &bytes, &way[1..]));
            }
            assert_eq!(trace.open(steps), None);
        }
    }

    #[test]
    fn roots_tell_traces_apart_and_differences_are_named() {
        assert_ne!(of(0).root(), of(1).root());
        assert_ne!(of(3).root(), of(4).root());
        assert_eq!(of(3).first_difference(&of(4)), Some(3));
        assert_eq!(of(4).first_difference(&of(4)), None);
        let mut other = of(2);
        other.step(b"x");
        assert_eq!(other.first_difference(&of(3)), Some(2));
    }
}
