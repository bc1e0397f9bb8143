//! What is known of encryption at rest: each resource with its rungs, the strongest last.

use std::fmt::Write;

use super::layout::wrap;
use crate::model::Verdict;

/// Columns before the reason: the rung and its word.
const INDENT: usize = 32;

/// The verdicts with what each rung says.
pub(super) fn table(
    verdicts: &[Verdict],
    width: usize,
    heading: impl Fn(&str) -> String,
    clean: impl Fn(&str) -> String,
) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let title = heading(&format!("{} at rest: {}", clean(&verdict.resource), verdict.encrypted()));
        let _ = match verdict.rests_on() {
            Some(rung) => writeln!(text, "{title}, by {}", rung.rung),
            None => writeln!(text, "{title}: nothing that was looked at tells"),
        };
        for rung in &verdict.rungs {
            let lines = wrap(&clean(&rung.reason), width.saturating_sub(INDENT));
            let reason = lines.join(&format!("\n{:INDENT$}", ""));
            let _ = writeln!(text, "    {:<15}{:<13}{reason}", rung.rung, rung.encrypted);
        }
        text.push('\n');
    }
    text
}
