//! `utilisation`: ours. Emission follows verified, paid work, so that nothing is minted for machines that nobody uses.

use super::{Memory, Minted, Seen, whole};
use crate::formula::emission::control::utilisation;
use crate::params::Params;

/// The span's part of `emission.yearly`, in proportion to what was paid for work against its part of `emission.paid_target`.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let most = seen.share_of_year(whole(params.emission_yearly()));
    (utilisation(most, seen.paid, seen.share_of_year(whole(params.emission_paid_target()))), memory)
}
