//! What is wrong with a scenario, and where.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::quantity::excerpt;
use super::source::{Origin, Sources};

/// Everything found wrong with a scenario; never empty. As a miette diagnostic it is its first problem, with the others related.
#[derive(Clone, Debug)]
pub struct ScenarioError {
    first: Box<Problem>,
    others: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What was found, and what was expected.
    pub message: String,
    /// The nearest right thing to write, or the rule.
    pub help: Option<String>,
    /// Path of the value, as `--set` would write it; empty for the file as a whole.
    pub key: String,
    /// What the marked text is called.
    label: String,
    excerpt: Option<Box<Excerpt>>,
}

/// The lines around a problem, clipped so that a line of a million characters stays readable.
#[derive(Clone, Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// Line and column of the first character of the text, from 0.
    begins: (usize, usize),
    /// The marked bytes of the text.
    marked: (usize, usize),
    /// Line and column of the marked bytes in the whole source, from 0.
    at: (usize, usize),
}

/// Keys of scenarios are shorter; those of hostile files need not be shown whole.
const LONGEST_KEY: usize = 120;

impl ScenarioError {
    pub(crate) fn new(mut problems: Vec<Problem>) -> Option<Self> {
        let others = problems.split_off(problems.len().min(1));
        let first = Box::new(problems.pop()?);
        Some(Self { first, others })
    }

    /// The plain form, one line for each problem.
    pub fn plain(&self) -> String {
        self.problems().map(Problem::plain).collect::<Vec<_>>().join("\n")
    }

    /// The problems in the order in which they were found.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&*self.first).chain(&self.others)
    }
}

impl From<Problem> for ScenarioError {
    fn from(problem: Problem) -> Self {
        Self { first: Box::new(problem), others: Vec::new() }
    }
}

impl Problem {
    /// A problem that has no place in any text.
    pub(crate) fn nowhere(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, key: String::new(), label: String::new(), excerpt: None }
    }

    /// A problem with what is written at `origin`.
    pub(crate) fn at(sources: &Sources, origin: &Origin, message: impl Into<String>) -> Self {
        let source = sources.of(origin);
        let excerpt = Excerpt::new(&source.name, &source.text, origin.span.clone());
        Self { label: "here".into(), excerpt: Some(Box::new(excerpt)), ..Self::nowhere(message) }
    }

    pub(crate) fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = excerpt(&key.into(), LONGEST_KEY);
        self
    }

    pub(crate) fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The plain form, on one line: `file:line:column: key: message (help)`.
    pub fn plain(&self) -> String {
        let place = self.place().map(|(name, line, column)| format!("{name}:{line}:{column}: ")).unwrap_or_default();
        let help = self.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place}{self}{help}")
    }

    /// Name of the text, line and column from 1, where the problem has a place.
    pub fn place(&self) -> Option<(&str, usize, usize)> {
        self.excerpt.as_ref().map(|excerpt| (excerpt.name.as_str(), excerpt.at.0 + 1, excerpt.at.1 + 1))
    }
}

/// The key and the message. Place and help stand beside it when miette draws the problem.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.key.as_str() {
            "" => f.write_str(&self.message),
            key => write!(f, "{key}: {}", self.message),
        }
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.help.as_ref()?))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.excerpt.as_deref()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (begin, length) = self.excerpt.as_ref()?.marked;
        Some(Box::new(std::iter::once(LabeledSpan::new(Some(self.label.clone()), begin, length))))
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.first.fmt(f)
    }
}

impl std::error::Error for ScenarioError {}

impl Diagnostic for ScenarioError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.first.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.first.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.first.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self.others.as_slice() {
            [] => None,
            others => Some(Box::new(others.iter().map(|problem| problem as &dyn Diagnostic))),
        }
    }
}

impl Excerpt {
    fn new(name: &str, source: &str, span: std::ops::Range<usize>) -> Self {
        const LINES: usize = 2;
        const BEFORE: usize = 60;
        const AFTER: usize = 100;
        let begin = floor(source, span.start);
        let line_begin = source[..begin].rfind('\n').map_or(0, |i| i + 1);
        // Of the marked text only the first line is shown: a label over many lines says less.
        let line_end = source[begin..].find('\n').map_or(source.len(), |i| begin + i);
        let end = floor(source, span.end).clamp(begin, line_end);
        let at = (source[..begin].matches('\n').count(), source[line_begin..begin].chars().count());

        let short = line_end - line_begin <= BEFORE + AFTER;
        let clip_begin = if short { line_begin } else { floor(source, begin.saturating_sub(BEFORE)).max(line_begin) };
        let clip_end = if short { line_end } else { ceil(source, begin + AFTER).min(line_end) };
        let clipped = clip_begin > line_begin || clip_end < line_end;
        let (mut from, mut to) = (clip_begin, clip_end);
        if !clipped {
            for _ in 0..LINES {
                let earlier = source[..from.saturating_sub(1)].rfind('\n').map_or(0, |i| i + 1);
                if from > 0 && from - earlier <= AFTER {
                    from = earlier;
                }
                let later = source[to..].find('\n').map_or(source.len(), |i| to + i + 1);
                let later_end = source[later..].find('\n').map_or(source.len(), |i| later + i);
                if to < source.len() && later_end - to <= AFTER {
                    to = later_end;
                }
            }
        }
        let first_line = source[..from].matches('\n').count();
        let first_column = if clipped { source[line_begin..from].chars().count() } else { 0 };
        let marked = (begin - from, end.min(to).max(begin) - begin);
        let text = source[from..to].chars().map(printable).collect();
        Self { name: name.into(), text, begins: (first_line, first_column), marked, at }
    }
}

/// A character as it may be sent to a terminal, with its length in bytes kept: control characters could steer it.
fn printable(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\x1f' | '\x7f' => '?',
        '\u{80}'..='\u{9f}' => '¿',
        _ => c,
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at.min(text.len())..=text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(text.len())
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (data, span, (line, column)) = match lines_before + lines_after {
            // What miette asks for to print the place in the heading of the snippet.
            0 => {
                let (begin, length) = (span.offset(), span.len());
                let data = self.text.as_bytes().get(begin..begin + length).ok_or(MietteError::OutOfBounds)?;
                (data, *span, self.at)
            }
            _ => (self.text.as_bytes(), (0, self.text.len()).into(), self.begins),
        };
        let count = data.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, span, line, column, count)))
    }
}
