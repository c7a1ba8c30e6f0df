//! From a tree to typed values, by way of serde. Errors know where what they complain about was written.

mod access;
mod refusal;

pub(crate) use refusal::{Complaint, Refusal};

use serde::Deserialize;

use super::tree::Node;

/// Reads a typed value from a tree.
pub(crate) fn lower<'a, T: Deserialize<'a>>(node: &'a Node) -> Result<T, Refusal> {
    T::deserialize(access::NodeDeserializer(node))
}
