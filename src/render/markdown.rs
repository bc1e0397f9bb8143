//! Markdown for job summaries and comments on pull requests: a table to see at a glance, then the details.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io;

use super::layout::visible;
use super::tally::{self, Groups, Reason};
use crate::model::{Finding, Location, Report, SecretFacts, Severity};

/// Rows of the table. A job summary holds 1 MiB, a comment 64 kB.
const ROWS: usize = 100;

/// Findings that are told in full.
const DETAILS: usize = 30;

/// Writes the report, worst findings first, so that what is cut off matters least.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let mut parts = vec![format!("## ksecrets: {}\n", tally::findings(report)), verdicts(report), table(&findings)];
    parts.push(details(&findings, &Groups::new(report)));
    parts.push(infos(report));
    parts.push(skipped(report));
    parts.push(format!("{} in {}.\n", tally::opening(report), tally::looked_at(report)));
    parts.retain(|part| !part.is_empty());
    out.write_all(parts.join("\n").as_bytes())
}

/// What is known of encryption at rest, one row for each resource.
fn verdicts(report: &Report) -> String {
    let Some(verdicts) = &report.at_rest else { return String::new() };
    let mut text = "| Resource | At rest | Evidence | Why |\n| --- | --- | --- | --- |\n".to_owned();
    for verdict in verdicts {
        let (rung, reason) = verdict.rests_on().map_or(("none", ""), |rung| (rung.rung.as_str(), &rung.reason));
        let _ =
            writeln!(text, "| {} | {} | {rung} | {} |", code(&verdict.resource), verdict.encrypted(), prose(reason));
    }
    text
}

fn table(findings: &[&Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text = "| Severity | Rule | Where | What |\n| --- | --- | --- | --- |\n".to_owned();
    for finding in findings.iter().take(ROWS) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            finding.severity,
            code(finding.id().as_str()),
            code(&tally::place(&finding.location)),
            prose(&finding.title),
        );
    }
    text + &more(findings.len(), ROWS)
}

fn details(findings: &[&Finding], groups: &Groups<'_>) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let told: Vec<String> = findings.iter().take(DETAILS).map(|finding| detail(finding, groups)).collect();
    format!("### Details\n\n{}{}", told.join("\n"), more(findings.len(), DETAILS))
}

fn detail(finding: &Finding, groups: &Groups<'_>) -> String {
    let mut text = format!("**{}: {}** ({})\n\n", finding.severity, prose(&finding.title), code(finding.id().as_str()));
    let mut item = |label: &str, content: &str| {
        if !content.is_empty() {
            let _ = writeln!(text, "- {label}{content}");
        }
    };
    item("where: ", &whereabouts(&finding.location));
    item("", &prose(&finding.message));
    item("value: ", &finding.secret.as_ref().map(value).unwrap_or_default());
    item("confidence: ", finding.confidence.as_str());
    item("", &groups.others(finding).map(|others| prose(&others).into_owned()).unwrap_or_default());
    for note in &finding.notes {
        item("note: ", &prose(note));
    }
    for related in tally::others(finding).take(tally::PLACES_SHOWN) {
        item("see ", &format!("{}: {}", code(&tally::place(&related.location)), prose(&related.message)));
    }
    item("**fix:** ", &prose(&finding.remediation));
    text
}

fn infos(report: &Report) -> String {
    tally::infos(report).map(|infos| format!("Info: {infos}, shown by `--format json`.\n")).unwrap_or_default()
}

fn skipped(report: &Report) -> String {
    let mut parts = vec![
        reasons("Not looked at", &Reason::all(report, true)),
        reasons("Read in part", &Reason::all(report, false)),
    ];
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn reasons(title: &str, reasons: &[Reason<'_>]) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = format!("### {title}\n\n");
    for reason in reasons.iter().take(tally::SKIPPED_SHOWN) {
        let _ =
            writeln!(text, "- {}", reason.sentence(|place| code(place).into_owned(), |text| prose(text).into_owned()));
    }
    text + &more(reasons.len(), tally::SKIPPED_SHOWN)
}

/// A paragraph on what was cut off, if anything was.
fn more(total: usize, shown: usize) -> String {
    match total.saturating_sub(shown) {
        0 => String::new(),
        more => format!("\n… and {more} more, all in `--format json`.\n"),
    }
}

/// The position, then the object and its field.
fn whereabouts(location: &Location) -> String {
    let position = location.path.as_ref().map(|_| code(&location.position()).into_owned());
    let object = location.object.as_ref().map(|object| {
        let field = if object.field.is_empty() { String::new() } else { format!(" {}", code(&object.field)) };
        format!("{}{field}", prose(&object.title()))
    });
    [position, object].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn value(secret: &SecretFacts) -> String {
    prose(&tally::value(secret)).into_owned()
}

/// Text as code. Backticks hold all but backticks and what ends a table's cell; those need HTML.
fn code(text: &str) -> Cow<'static, str> {
    let text = visible(text);
    if text.trim().is_empty() {
        Cow::Borrowed("-")
    } else if text.contains(['`', '|', '\\']) {
        Cow::Owned(format!("<code>{}</code>", entities(&text)))
    } else {
        Cow::Owned(format!("`{text}`"))
    }
}

/// All punctuation as entities: Markdown is alive inside of HTML.
fn entities(text: &str) -> String {
    text.chars().fold(String::new(), |mut html, c| {
        if c.is_ascii_punctuation() && !matches!(c, '.' | '/' | '-' | ':' | ',' | '=') {
            let _ = write!(html, "&#{};", u32::from(c));
        } else {
            html.push(c);
        }
        html
    })
}

/// Text that stays text: no markup, no HTML, no cell border, no notice to a person who is called like a path.
fn prose(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if !text.contains(['\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '&', '@', '$']) {
        return text;
    }
    Cow::Owned(text.chars().fold(String::new(), |mut markdown, c| {
        match c {
            '`' | '*' | '_' | '[' | ']' | '~' | '$' => markdown.extend(['\\', c]),
            '<' => markdown.push_str("&lt;"),
            '>' => markdown.push_str("&gt;"),
            '&' => markdown.push_str("&amp;"),
            '|' => markdown.push_str("&#124;"),
            '\\' => markdown.push_str("&#92;"),
            '@' => markdown.push_str("@<!-- -->"),
            c => markdown.push(c),
        }
        markdown
    }))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn markdown(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_report() {
        insta::assert_snapshot!(markdown(&sample::report()), @r"
        ## ksecrets: 7 findings (1 critical, 2 high, 1 medium, 3 info)

        | Severity | Rule | Where | What |
        | --- | --- | --- | --- |
        | critical | `github-token` | `deploy/api.yaml:108:10` | github token in a plain Secret manifest |
        | high | `password` | `deploy/api.yaml:21:18` | password in a plain environment variable |
        | high | `password` | `chart/values.yaml:3:13` | password in Helm values |
        | medium | `broad-reader` | `RoleBinding prod/deploy` | broad reader |

        ### Details

        **critical: github token in a plain Secret manifest** (`github-token`)

        - where: `deploy/api.yaml:108:10`, Secret prod/forge `data.token`
        - data.token holds a token whose checksum is right
        - value: mad… (27 characters, under base64)
        - confidence: confirmed
        - note: generic-secret saw the same value
        - **fix:** Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.

        **high: password in a plain environment variable** (`password`)

        - where: `deploy/api.yaml:21:18`, Deployment prod/api `spec.template.spec.containers[0].env[1].value`
        - DB\_PASSWORD of container api holds a literal value
        - value: S3c… (18 characters)
        - confidence: high
        - same value as 1 other place: chart/values.yaml:3:13
        - **fix:** Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.

        **high: password in Helm values** (`password`)

        - where: `chart/values.yaml:3:13`
        - db.password holds a literal value
        - value: S3c… (18 characters)
        - confidence: high
        - same value as 1 other place: deploy/api.yaml:21:18
        - see `chart/ci.yaml:7:1`: read here
        - **fix:** Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.

        **medium: broad reader** (`broad-reader`)

        - where: RoleBinding prod/deploy `roleRef`
        - every authenticated user reads the secrets of prod
        - confidence: high
        - **fix:** Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.

        Info: 2 × service-account-token, 1 × jwt, shown by `--format json`.

        ### Not looked at

        - `dump.sql`: larger than 1 GB

        ### Read in part

        - `templates/x.yaml:12`: not valid YAML (Helm template): scanned as text

        7 findings (1 critical, 2 high, 1 medium, 3 info) in 318 files, 512 objects, 7.3 MB; 2 suppressed, 2 skipped, 5 binaries, 41 ms.
        ");
    }

    #[test]
    fn nothing_found_says_what_was_looked_at() {
        let report = Report { findings: Vec::new(), skipped: Vec::new(), ..sample::report() };
        insta::assert_snapshot!(markdown(&report), @"
        ## ksecrets: no findings

        Nothing found in 318 files, 512 objects, 7.3 MB; 2 suppressed, 5 binaries, 41 ms.
        ");
    }

    #[test]
    fn what_was_scanned_cannot_write_markup() {
        insta::assert_snapshot!(markdown(&sample::hostile()), @r"
        ## ksecrets: 1 finding (1 high)

        | Severity | Rule | Where | What |
        | --- | --- | --- | --- |
        | high | `evil` | <code>a�&#91;31m&#124;&#96;x&#96;&#124;&#60;b&#62;&#64;all  &#35; &#91;l&#93;&#40;u&#41;��&#92;&#124;:1:1</code> | a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124; |

        ### Details

        **high: a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124;** (`evil`)

        - where: <code>a�&#91;31m&#124;&#96;x&#96;&#124;&#60;b&#62;&#64;all  &#35; &#91;l&#93;&#40;u&#41;��&#92;&#124;:1:1</code>, a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124; prod/a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124; <code>a�&#91;31m&#124;&#96;x&#96;&#124;&#60;b&#62;&#64;all  &#35; &#91;l&#93;&#40;u&#41;��&#92;&#124;</code>
        - a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124;
        - value: a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124; (3 characters, under base64)
        - confidence: high
        - note: a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124;
        - see <code>a�&#91;31m&#124;&#96;x&#96;&#124;&#60;b&#62;&#64;all  &#35; &#91;l&#93;&#40;u&#41;��&#92;&#124;:1:1</code>: a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124;
        - **fix:** a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124;

        ### Not looked at

        - <code>a�&#91;31m&#124;&#96;x&#96;&#124;&#60;b&#62;&#64;all  &#35; &#91;l&#93;&#40;u&#41;��&#92;&#124;</code>: a�\[31m&#124;\`x\`&#124;&lt;b&gt;@<!-- -->all  # \[l\](u)��&#92;&#124;

        1 finding (1 high) in 0 files, 0 B; 1 skipped, 0 ms.
        ");
    }

    #[test]
    fn long_reports_are_cut_and_say_so() {
        let mut report = sample::report();
        report.findings = vec![report.findings[0].clone(); 120];
        let text = markdown(&report);
        assert!(text.contains("… and 20 more, all in `--format json`.") && text.contains("… and 90 more"));
        assert!(text.len() < 60_000, "{}", text.len());
    }
}
