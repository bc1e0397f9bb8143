//! Where a report goes, and how it looks there.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use ksecrets::model::{Report, Rule};
use ksecrets::render::{self, Format, Style};

/// Columns of a report that goes to a file or a pipe.
const PIPE_WIDTH: usize = 100;

#[derive(Args, Clone, Debug)]
pub(super) struct Output {
    /// How to write the report: text, json, jsonl, sarif, markdown
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the report to a file in place of standard output, which is -
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to colour: auto, always, never
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    color: String,
}

impl Output {
    pub(super) fn write(&self, report: &Report, rules: &[Arc<Rule>]) -> anyhow::Result<()> {
        match self.output.as_ref().filter(|path| path.as_os_str() != "-") {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                let mut out = BufWriter::new(file);
                let style = Style { color: self.color == "always", width: PIPE_WIDTH };
                render::render(self.format, report, rules, &style, &mut out)?;
                out.flush()?;
            }
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                render::render(self.format, report, rules, &self.style(), &mut out)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    fn style(&self) -> Style {
        let terminal = io::stdout().is_terminal();
        let color = match self.color.as_str() {
            "always" => true,
            "never" => false,
            // https://no-color.org: any value that is not empty.
            _ => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        Style { color, width: width.or_else(|| terminal.then(super::progress::width).flatten()).unwrap_or(PIPE_WIDTH) }
    }
}
