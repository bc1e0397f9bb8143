//! `ksecrets rules`: every rule, explained.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use ksecrets::atrest;
use ksecrets::hunt::{Hunter, Options};
use ksecrets::model::Rule;
use ksecrets::pattern::{Set, builtin};
use ksecrets::seal;

use super::CLEAN;

#[derive(Args, Debug)]
pub(super) struct RulesArguments {
    /// Explain this rule in full
    id: Option<String>,
    /// How to write the list: text, markdown
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "markdown"])]
    format: String,
}

/// Lists or explains the rules.
pub(super) fn run(arguments: &RulesArguments) -> anyhow::Result<u8> {
    let mut rules = Hunter::new(Set::new(builtin()?)?, Options::default()).rules();
    rules.extend(seal::rules());
    rules.extend(atrest::rules());
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let mut out = BufWriter::new(io::stdout().lock());
    match &arguments.id {
        Some(id) => {
            let Some(rule) = rules.iter().find(|rule| rule.id.as_str() == id) else {
                bail!("there is no rule '{id}'; `ksecrets rules` lists them");
            };
            explain(rule, &mut out)?;
        }
        None if arguments.format == "markdown" => markdown(&rules, &mut out)?,
        None => list(&rules, &mut out)?,
    }
    out.flush()?;
    Ok(CLEAN)
}

fn list(rules: &[Arc<Rule>], out: &mut dyn Write) -> io::Result<()> {
    let width = rules.iter().map(|rule| rule.id.as_str().len()).max().unwrap_or(0);
    for rule in rules {
        writeln!(out, "{:width$}  {:8}  {:10}  {}", rule.id, rule.severity, rule.class.as_str(), rule.title)?;
    }
    Ok(())
}

fn explain(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", rule.id, rule.title)?;
    writeln!(out, "  class {}, severity {}, confidence {}\n", rule.class.as_str(), rule.severity, rule.confidence)?;
    writeln!(out, "{}\n", rule.description)?;
    writeln!(out, "What to do: {}", rule.remediation)?;
    for reference in &rule.references {
        writeln!(out, "See {reference}")?;
    }
    Ok(())
}

/// The text of `docs/rules.md`.
fn markdown(rules: &[Arc<Rule>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Rules\n")?;
    writeln!(out, "Made from the code by `ksecrets rules --format markdown`; do not edit.\n")?;
    writeln!(
        out,
        "{} rules. Severity and confidence are those before the place and the value are weighed.\n",
        rules.len()
    )?;
    writeln!(out, "| rule | what | class | severity | confidence |\n|---|---|---|---|---|")?;
    for rule in rules {
        let title = rule.title.replace('|', "\\|");
        writeln!(
            out,
            "| [`{0}`](#{0}) | {title} | {1} | {2} | {3} |",
            rule.id,
            rule.class.as_str(),
            rule.severity,
            rule.confidence
        )?;
    }
    for rule in rules {
        writeln!(out, "\n## {}\n\n**{}.** {}\n\n{}\n", rule.id, rule.title, rule.description, rule.remediation)?;
        for reference in &rule.references {
            writeln!(out, "- <{reference}>")?;
        }
    }
    Ok(())
}
