//! JSON for programs. Each version of the report has structs of its own, so that changing ours cannot change theirs.

use std::io;

use crate::model::Report;

mod saved;
mod v1;

pub use saved::{NotComparable, saved_readers};
pub(super) use v1::Verdict;

/// Writes the report as one indented document.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &v1::Report::from(report))?;
    writeln!(out)
}

/// Writes one finding a line, and what else there is to say as the last line.
pub(super) fn write_lines(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in &report.findings {
        serde_json::to_writer(&mut *out, &v1::Finding::from(finding))?;
        writeln!(out)?;
    }
    serde_json::to_writer(&mut *out, &v1::Trailer::from(report))?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn lines(report: &Report) -> String {
        let mut out = Vec::new();
        write_lines(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_hold_what_the_document_holds() {
        let report = sample::report();
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let lines: Vec<serde_json::Value> =
            lines(&report).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (trailer, findings) = lines.split_last().unwrap();
        assert_eq!(document["findings"].as_array().unwrap(), findings);
        for key in ["summary", "schema", "skipped"] {
            assert_eq!(document[key], trailer[key], "{key}");
        }
    }

    #[test]
    fn an_empty_hunt_is_one_line() {
        insta::assert_snapshot!(
            lines(&Report::default()),
            @r#"{"summary":{"findings":0,"bySeverity":{"critical":0,"high":0,"medium":0,"low":0,"info":0},"files":0,"bytes":0,"objects":0,"binaries":0,"skipped":0,"suppressed":0,"durationMs":0},"schema":"ksecrets.report/v1","skipped":[]}"#
        );
    }
}
