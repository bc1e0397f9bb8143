//! Turns a [`Report`] into what a person or a program reads.
//!
//! Every renderer is a pure function of the report: no environment, no terminal, no clock. The same report gives the
//! same bytes. Nothing here can show a secret, because a report holds [`Redacted`](crate::model::Redacted) values only.

use std::io::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use crate::model::{Report, Rule};

mod json;
mod layout;
mod markdown;
mod readers;
mod sarif;
mod tally;
mod text;
mod verdicts;

#[cfg(test)]
mod sample;

pub use json::{NotComparable, saved_readers};

/// The shape of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    #[default]
    Text,
    /// One JSON document, `ksecrets.report/v1`.
    Json,
    /// One finding a line, then one line with the summary.
    Jsonl,
    /// SARIF 2.1.0, for code scanning services and editors.
    Sarif,
    /// For job summaries and comments on pull requests.
    Markdown,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Json, Self::Jsonl, Self::Sarif, Self::Markdown];

    /// The word that options use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Markdown => "markdown",
        }
    }
}

/// A word that names no format: the user's error.
#[derive(Debug, thiserror::Error)]
#[error("'{word}' is not one of text, json, jsonl, sarif, markdown")]
pub struct UnknownFormat {
    word: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| UnknownFormat { word: word.to_owned() })
    }
}

/// How text for people looks. The other formats take no notice of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to write ANSI colours.
    pub color: bool,
    /// Columns to fill; held between 80 and 120.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Writes `report` to `out`. `rules` are the rules of the run: SARIF describes those that found something.
///
/// # Errors
/// Fails when `out` does.
pub fn render(
    format: Format,
    report: &Report,
    rules: &[Arc<Rule>],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    // Standard output is flushed at every line end, which costs a system call for each line of a long report.
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    match format {
        Format::Text => text::write(report, *style, &mut out)?,
        Format::Json => json::write(report, &mut out)?,
        Format::Jsonl => json::write_lines(report, &mut out)?,
        Format::Sarif => sarif::write(report, rules, &mut out)?,
        Format::Markdown => markdown::write(report, &mut out)?,
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_strangers_are_named() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse::<Format>().ok(), Some(format));
        }
        let error = "yaml".parse::<Format>().unwrap_err();
        assert_eq!(error.to_string(), "'yaml' is not one of text, json, jsonl, sarif, markdown");
    }

    #[test]
    fn every_format_writes_whole_lines_whatever_the_report() {
        for report in [Report::default(), sample::report()] {
            for format in Format::ALL {
                let mut out = Vec::new();
                render(format, &report, &[], &Style::default(), &mut out).unwrap();
                assert!(out.ends_with(b"\n") && !out.ends_with(b"\n\n"), "{format:?}");
                let mut again = Vec::new();
                render(format, &report, &[], &Style::default(), &mut again).unwrap();
                assert_eq!(out, again, "{format:?}");
            }
        }
    }

    #[test]
    fn a_failing_output_is_an_error() {
        struct Full;
        impl io::Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in Format::ALL {
            let error = render(format, &Report::default(), &[], &Style::default(), &mut Full).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
        }
    }

    #[test]
    fn no_control_character_of_the_input_reaches_the_output() {
        let report = sample::hostile();
        for format in Format::ALL {
            let mut out = Vec::new();
            render(format, &report, &[], &Style::default(), &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{format:?}: {text}");
        }
    }
}
