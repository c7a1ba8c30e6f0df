//! Logs that are whole and yet impossible: whoever writes a file can chain anything.
//!
//! `apply` may not refuse. It asserts, and when an assertion fails in a running engine, that is a bug of ours and must stop the
//! process. The same assertion met while somebody's file is folded only says that the file lies. To check beforehand what every
//! assertion checks would be a second interpreter, so the panic itself is caught, here and nowhere else, kept from the terminal,
//! and made an error that names the batch. What it interrupted is half written and is dropped with the error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is folding what a file says.
    static FOLDING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a fold over what a log says.
///
/// # Errors
/// The assertion that failed, when the log contradicts the state it is folded into. That state is unusable then.
pub fn contained<R>(fold: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if !FOLDING.get() {
                loud(panic);
            }
        }));
    });
    let outer = FOLDING.replace(true);
    // Unwind safe, because nobody looks at what the fold has touched once it failed.
    let folded = catch_unwind(AssertUnwindSafe(fold));
    FOLDING.set(outer);
    folded.map_err(|panic| format!("its records contradict the state: {}", first_line(&*panic)))
}

fn first_line(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.and_then(|text| text.lines().next()).unwrap_or("something that cannot be")
}

#[cfg(test)]
mod tests {
    use super::contained;

    #[test]
    fn a_failed_assertion_becomes_a_sentence_and_later_folds_work() {
        assert_eq!(contained(|| 1), Ok(1));
        let why = contained(|| assert_eq!(1 + 1, 3, "sums hold")).unwrap_err();
        assert_eq!(why, "its records contradict the state: assertion `left == right` failed: sums hold");
        assert_eq!(contained(|| contained(|| panic!("deep")).is_err()), Ok(true));
        assert_eq!(contained(|| 2), Ok(2));
    }
}
