//! The terminal: colour, progress, and how errors look.

use crate::cli::Color;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Prints a line on standard output. A reader that has read enough, as `head` does, is no error.
macro_rules! say {
    ($($arg:tt)*) => { $crate::console::print(format_args!("{}\n", format_args!($($arg)*))) };
}
pub(crate) use say;

/// Writes to standard output; ends the process quietly when nobody reads any more.
pub fn print(text: std::fmt::Arguments) {
    if let Err(error) = std::io::stdout().write_fmt(text) {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("cannot write to standard output: {error}");
        std::process::exit(1);
    }
}

/// Decides on colour once, for errors too.
pub fn set_up(color: Color) {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colored = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stderr().is_terminal() && !plain,
    };
    // Only the first call counts, and this is it.
    let _ = miette::set_hook(Box::new(move |_| {
        let theme = if colored { miette::GraphicalTheme::unicode() } else { miette::GraphicalTheme::unicode_nocolor() };
        Box::new(miette::GraphicalReportHandler::new_themed(theme).with_links(false).with_width(110))
    }));
}

/// A bar over `length` steps on standard error, drawn on a terminal only.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style.progress_chars("━╸─"));
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// A bar for reading a log of `records` records.
pub fn reading(records: u64, what: &str) -> ProgressBar {
    let bar = bar(records, "{bar:16} {percent:>3}%, {eta} left  {wide_msg}");
    bar.set_message(what.to_owned());
    bar
}

/// A flag that Ctrl-C raises; a second Ctrl-C ends the process at once.
pub fn stop_on_ctrl_c() -> miette::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nstopping at the end of this epoch; press Ctrl-C again to stop at once");
    })
    .map_err(|error| miette::miette!("Ctrl-C cannot be watched: {error}"))?;
    Ok(stop)
}
