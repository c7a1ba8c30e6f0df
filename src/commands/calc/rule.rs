//! A rule that can be asked alone, and the table of them.

use super::field::{Described, Refusal};
use super::{auction, burn_mint, deterrence, emission, exchange, fee, governance, measure, stake};

/// A rule: what it takes, what it gives, where it comes from.
pub struct Rule {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it computes.
    pub text: &'static str,
    /// Whose rule it is.
    pub source: &'static str,
    /// A case, as JSON.
    pub example: &'static str,
    /// Fields of a case.
    pub inputs: fn() -> Vec<Described>,
    /// Fields of an answer.
    pub outputs: fn() -> Vec<Described>,
    /// The answer to a case, both as JSON.
    pub answer: fn(&str) -> Result<String, Refusal>,
}

/// Every rule, by family.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let families = [
        emission::RULES,
        fee::RULES,
        burn_mint::RULES,
        exchange::RULES,
        auction::RULES,
        stake::RULES,
        deterrence::RULES,
        governance::RULES,
        measure::RULES,
    ];
    families.into_iter().flatten()
}

/// A [`Rule`] from its fields and its formula.
macro_rules! rule {
    (
        $(#[doc = $text:literal])+
        $name:literal by $source:literal, as in $($example:literal)+:
        { $($input:tt)+ } -> { $($output:tt)+ }
        |$case:ident| $formula:block
    ) => {{
        use $crate::commands::calc::field::{Input, Output, Refusal, record};
        record! { input Case { $($input)+ } }
        record! { output Answer { $($output)+ } }
        fn formula($case: Case) -> Result<Answer, Refusal> $formula
        fn answer(case: &str) -> Result<String, Refusal> {
            let raw: &serde_json::value::RawValue =
                serde_json::from_str(case).map_err(|error| error.to_string().replace(" at line 1 column ", " at column "))?;
            Ok(formula(Case::read(raw)?)?.json())
        }
        $crate::commands::calc::rule::Rule {
            name: $name,
            text: concat!($($text),+).trim_ascii(),
            source: $source,
            example: concat!($($example),+),
            inputs: <Case as Input>::fields,
            outputs: <Answer as Output>::fields,
            answer,
        }
    }};
}
pub(super) use rule;
