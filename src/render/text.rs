//! The report for people at a terminal: what is wrong, where, and what to do; worst counts last, where the eye rests.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use anstyle::{AnsiColor, Color};

use super::Style;
use super::layout::{Cut, columns, cut, elide, visible, wrap};
use super::readers;
use super::tally::{self, Groups, Reason, Told};
use super::verdicts;
use crate::model::{Excerpt, Finding, ObjectRef, Report, Severity};

/// Columns of the narrowest page. Less would be words below each other.
const NARROWEST: usize = 40;
/// Columns that a field path gets even if its line grows too wide for that.
const LEAST_FIELD: usize = 24;

/// Writes findings, what was not looked at, and the summary.
pub(super) fn write(report: &Report, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let page =
        Page { paint: Paint(style.color), width: style.width.clamp(NARROWEST, 120), groups: Groups::new(report) };
    let told = Told::new(report);
    for (heading, findings) in by_file(&told.findings) {
        out.write_all(page.file(&heading, &findings).as_bytes())?;
    }
    out.write_all(page.counted(Severity::Low, told.rest.map(|rest| format!("{rest} like those above"))).as_bytes())?;
    out.write_all(page.counted(Severity::Info, tally::infos(report)).as_bytes())?;
    if let Some(access) = &report.access {
        out.write_all(readers::table(access, |text| page.paint.bold(text), clean).as_bytes())?;
    }
    if let Some(verdicts) = &report.at_rest {
        out.write_all(verdicts::table(verdicts, page.width, |text| page.paint.bold(text), clean).as_bytes())?;
    }
    out.write_all(page.skipped(report).as_bytes())?;
    out.write_all(page.summary(report).as_bytes())
}

/// Findings under the file or object they lie in.
fn by_file<'r>(findings: &[&'r Finding]) -> Vec<(String, Vec<&'r Finding>)> {
    let mut files = Vec::<(String, Vec<&Finding>)>::new();
    let mut known = HashMap::new();
    for &finding in findings {
        let heading = heading(finding);
        let index = *known.entry(heading.clone()).or_insert(files.len());
        if index == files.len() {
            files.push((heading, Vec::new()));
        }
        files[index].1.push(finding);
    }
    files
}

fn clean(text: &str) -> String {
    visible(text).into_owned()
}

fn heading(finding: &Finding) -> String {
    let location = &finding.location;
    match (&location.path, &location.object) {
        (Some(path), _) => path.clone(),
        (None, Some(object)) => object.title(),
        (None, None) => "-".to_owned(),
    }
}

/// Adds colour, or does not.
struct Paint(bool);

impl Paint {
    fn on(&self, style: anstyle::Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.on(anstyle::Style::new().bold(), text)
    }

    fn gutter(&self, text: &str) -> String {
        self.on(foreground(AnsiColor::BrightBlue).bold(), text)
    }
}

const fn foreground(color: AnsiColor) -> anstyle::Style {
    anstyle::Style::new().fg_color(Some(Color::Ansi(color)))
}

const fn severity_style(severity: Severity) -> anstyle::Style {
    match severity {
        Severity::Critical => foreground(AnsiColor::BrightMagenta).bold(),
        Severity::High => foreground(AnsiColor::BrightRed).bold(),
        Severity::Medium => foreground(AnsiColor::BrightYellow).bold(),
        Severity::Low => foreground(AnsiColor::BrightCyan).bold(),
        Severity::Info => anstyle::Style::new().bold(),
    }
}

/// What the lines of a report share.
struct Page<'a> {
    paint: Paint,
    width: usize,
    groups: Groups<'a>,
}

impl Page<'_> {
    /// One file: its path once, then its findings. Advice is not given twice in a row.
    fn file(&self, heading: &str, findings: &[&Finding]) -> String {
        let lines = findings.iter().filter_map(|finding| finding.location.region).map(|region| region.line);
        let gutter = lines.max().unwrap_or(0).to_string().len();
        let mut text = format!("{}\n\n", self.paint.bold(&visible(heading)));
        let mut advice = None;
        for finding in findings {
            let mut block = Block { page: self, gutter, text: &mut text };
            let given = advice.replace(finding.remediation.as_ref());
            block.finding(finding, given != advice);
            text.push('\n');
        }
        text
    }

    /// Findings that are only counted take one line together.
    fn counted(&self, severity: Severity, counts: Option<String>) -> String {
        let Some(counts) = counts else { return String::new() };
        let text = self.labelled(severity.as_str(), &format!("{counts}, shown by --format json"));
        format!("{text}\n")
    }

    /// What was not looked at comes first, then what was looked at in part.
    fn skipped(&self, report: &Report) -> String {
        let forbidden =
            report.skipped.iter().any(|skipped| skipped.unread && skipped.reason.starts_with("forbidden: "));
        let hint = "  `ksecrets hunt --cluster --print-rbac` prints the rights that this takes\n\n";
        self.reasons("Not looked at", &Reason::all(report, true))
            + if forbidden { hint } else { "" }
            + &self.reasons("Read in part", &Reason::all(report, false))
    }

    fn reasons(&self, title: &str, reasons: &[Reason<'_>]) -> String {
        if reasons.is_empty() {
            return String::new();
        }
        let places = reasons.iter().map(|reason| reason.places.len() as u64).sum();
        let mut text = format!("{}\n", self.paint.bold(&format!("{title}: {}", tally::count(places, "place"))));
        for reason in reasons.iter().take(tally::SKIPPED_SHOWN) {
            let line = wrap(&reason.sentence(clean, clean), self.width - 4).join("\n    ");
            let _ = writeln!(text, "  {line}");
        }
        let more = reasons.len().saturating_sub(tally::SKIPPED_SHOWN);
        if more > 0 {
            let _ = writeln!(text, "  … and {}, all in --format json", tally::count(more as u64, "more reason"));
        }
        text.push('\n');
        text
    }

    fn summary(&self, report: &Report) -> String {
        let (found, place) = (tally::opening(report), format!("in {}", tally::looked_at(report)));
        let space = if columns(&found) + 1 + columns(&place) > self.width { '\n' } else { ' ' };
        let sentence = format!("{found}{space}{place}");
        let style = report.worst().map_or_else(anstyle::Style::new, |_| anstyle::Style::new().bold());
        format!("{}\n", self.paint.on(style, &sentence))
    }

    /// `label: text`, wrapped under itself.
    fn labelled(&self, label: &str, text: &str) -> String {
        let indent = label.len() + 2;
        let lines = wrap(text, self.width - indent).join(&format!("\n{:indent$}", ""));
        format!("{}: {lines}\n", self.paint.bold(label))
    }
}

/// The lines of one finding, which hang on a gutter.
struct Block<'a> {
    page: &'a Page<'a>,
    gutter: usize,
    text: &'a mut String,
}

impl Block<'_> {
    fn finding(&mut self, finding: &Finding, advise: bool) {
        self.title(finding);
        self.position(finding);
        match &finding.excerpt {
            Some(excerpt) => self.excerpt(finding, excerpt),
            None => self.bare_value(finding),
        }
        if let Some(object) = &finding.location.object {
            self.object(object);
        }
        self.entry("", &finding.message);
        if let Some(others) = self.page.groups.others(finding) {
            self.entry("note", &others);
        }
        for note in &finding.notes {
            self.entry("note", note);
        }
        self.related(finding);
        self.entry("fix", if advise || finding.remediation.is_empty() { &finding.remediation } else { "as above" });
        self.suggestion(finding);
    }

    /// A manifest that would do, as it is written.
    fn suggestion(&mut self, finding: &Finding) {
        let Some(suggestion) = &finding.suggestion else { return };
        for line in suggestion.lines() {
            let _ = writeln!(self.text, "{:g$}      {}", "", visible(line), g = self.gutter);
        }
    }

    /// `high[password]: password in Helm values (confidence: medium)`.
    fn title(&mut self, finding: &Finding) {
        let label = format!("{}[{}]", finding.severity, finding.id());
        let rest = format!("{} (confidence: {})", finding.title, finding.confidence);
        let room = self.page.width.saturating_sub(columns(&label) + 2);
        let lines = wrap(&rest, room).join("\n    ");
        let _ = writeln!(self.text, "{}: {lines}", self.page.paint.on(severity_style(finding.severity), &label));
    }

    /// `--> path:line:column`, never cut: terminals and editors open it.
    fn position(&mut self, finding: &Finding) {
        if finding.location.path.is_some() {
            let arrow = self.page.paint.gutter("-->");
            let _ =
                writeln!(self.text, "{:g$}{arrow} {}", "", visible(&finding.location.position()), g = self.gutter + 1);
        }
    }

    fn excerpt(&mut self, finding: &Finding, excerpt: &Excerpt) {
        let line = finding.location.region.map_or_else(String::new, |region| region.line.to_string());
        let room = self.page.width - self.gutter - 4;
        let cut = cut(&excerpt.text, excerpt.start, excerpt.length, room);
        self.bar("", "");
        self.bar(&line, &cut.text);
        self.mark(finding, &cut, room);
        self.bar("", "");
    }

    /// Underlines the value and says what may be said of it, below if there is no room beside.
    fn mark(&mut self, finding: &Finding, cut: &Cut, room: usize) {
        let style = severity_style(finding.severity);
        let value = finding.secret.as_ref().map_or_else(String::new, tally::value);
        let value = visible(&value);
        let (paint, before) = (&self.page.paint, cut.before);
        let marks = paint.on(style, &"^".repeat(cut.marked));
        let painted = paint.on(style, &value);
        if value.is_empty() {
            self.bar("", &format!("{:before$}{marks}", ""));
        } else if before + cut.marked + 1 + columns(&value) <= room {
            self.bar("", &format!("{:before$}{marks} {painted}", ""));
        } else {
            let indent = before.min(room.saturating_sub(columns(&value)));
            self.bar("", &format!("{:before$}{marks}", ""));
            self.bar("", &format!("{:indent$}{painted}", ""));
        }
    }

    fn bare_value(&mut self, finding: &Finding) {
        if let Some(secret) = &finding.secret {
            self.entry("value", &tally::value(secret));
        }
    }

    /// `Deployment prod/api  spec.template…value`.
    fn object(&mut self, object: &ObjectRef) {
        let (title, field) = (object.title(), visible(&object.field));
        let title = visible(&title);
        let room = self.page.width.saturating_sub(self.gutter + 5 + columns(&title)).max(LEAST_FIELD);
        let line = format!("{title}  {}", elide(&field, room));
        self.hang(line.trim_end());
    }

    fn related(&mut self, finding: &Finding) {
        for related in tally::others(finding).take(tally::PLACES_SHOWN) {
            let place = tally::place(&related.location);
            self.entry("see", &format!("{place}: {}", related.message));
        }
        let more = tally::others(finding).count().saturating_sub(tally::PLACES_SHOWN);
        if more > 0 {
            self.entry("see", &format!("… and {more} more, all in --format json"));
        }
    }

    /// `= label: text`, wrapped under itself; nothing when there is no text.
    fn entry(&mut self, label: &str, text: &str) {
        let prefix = if label.is_empty() { String::new() } else { format!("{label}: ") };
        let indent = self.gutter + 4 + prefix.len();
        let lines = wrap(text, self.page.width - indent - 1);
        if !lines.is_empty() {
            let text = lines.join(&format!("\n{:indent$}", ""));
            self.hang(&format!("{}{text}", self.page.paint.bold(&prefix)));
        }
    }

    fn hang(&mut self, text: &str) {
        let sign = self.page.paint.gutter("=");
        let _ = writeln!(self.text, "{:g$} {sign} {text}", "", g = self.gutter + 1);
    }

    /// ` 21 | text`.
    fn bar(&mut self, line: &str, text: &str) {
        let gutter = self.page.paint.gutter(&format!("{line:>g$} |", g = self.gutter + 1));
        let space = if text.is_empty() { "" } else { " " };
        let _ = writeln!(self.text, "{gutter}{space}{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::Skipped;

    fn text(report: &Report, style: Style) -> String {
        let mut out = Vec::new();
        write(report, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_report() {
        insta::assert_snapshot!(text(&sample::report(), Style::default()), @"
        deploy/api.yaml

        high[password]: password in a plain environment variable (confidence: high)
            --> deploy/api.yaml:21:18
             |
          21 |           value: S3c…
             |                  ^^^^ S3c… (18 characters)
             |
             = Deployment prod/api  spec.template.spec.containers[0].env[1].value
             = DB_PASSWORD of container api holds a literal value
             = note: same value as 1 other place: chart/values.yaml:3:13
             = fix: Move the value into a Secret, reference it with secretKeyRef, and replace it where it
                    was issued.

        critical[github-token]: github token in a plain Secret manifest (confidence: confirmed)
            --> deploy/api.yaml:108:10
             |
         108 |   token: Z2hw…
             |          ^^^^^ mad… (27 characters, under base64)
             |
             = Secret prod/forge  data.token
             = data.token holds a token whose checksum is right
             = note: generic-secret saw the same value
             = fix: as above

        chart/values.yaml

        high[password]: password in Helm values (confidence: high)
          --> chart/values.yaml:3:13
           |
         3 |   password: S3c…
           |             ^^^^ S3c… (18 characters)
           |
           = db.password holds a literal value
           = note: same value as 1 other place: deploy/api.yaml:21:18
           = see: chart/ci.yaml:7:1: read here
           = fix: Move the value into a Secret, reference it with secretKeyRef, and replace it where it was
                  issued.

        RoleBinding prod/deploy

        medium[broad-reader]: broad reader (confidence: high)
           = RoleBinding prod/deploy  roleRef
           = every authenticated user reads the secrets of prod
           = fix: Move the value into a Secret, reference it with secretKeyRef, and replace it where it was
                  issued.

        info: 2 × service-account-token, 1 × jwt, shown by --format json

        Not looked at: 1 place
          dump.sql: larger than 1 GB

        Read in part: 1 place
          templates/x.yaml:12: not valid YAML (Helm template): scanned as text

        7 findings (1 critical, 2 high, 1 medium, 3 info)
        in 318 files, 512 objects, 7.3 MB; 2 suppressed, 2 skipped, 5 binaries, 41 ms
        ");
    }

    #[test]
    fn nothing_found_is_one_calm_line() {
        let report = Report { findings: Vec::new(), skipped: Vec::new(), ..sample::report() };
        insta::assert_snapshot!(
            text(&report, Style::default()),
            @"Nothing found in 318 files, 512 objects, 7.3 MB; 2 suppressed, 5 binaries, 41 ms"
        );
    }

    #[test]
    fn colour_changes_no_text() {
        let plain = text(&sample::report(), Style::default());
        let coloured = text(&sample::report(), Style { color: true, ..Style::default() });
        assert_ne!(plain, coloured);
        let stripped: String = coloured
            .split('\u{1b}')
            .enumerate()
            .map(|(i, part)| if i == 0 { part } else { &part[part.find('m').unwrap() + 1..] })
            .collect();
        assert_eq!(plain, stripped);
    }

    #[test]
    fn long_things_stay_within_the_width() {
        let mut report = sample::report();
        let finding = &mut report.findings[0];
        finding.location.object.as_mut().unwrap().field = "spec.forProvider.configuration.".repeat(6) + "password";
        finding.excerpt = Some(Excerpt {
            text: format!("{}password={}{}", "x".repeat(120), "*".repeat(30), "y".repeat(80)),
            start: 129,
            length: 30,
        });
        finding.message = "DB_PASSWORD ".repeat(20);
        report.findings.truncate(1);
        insta::assert_snapshot!(text(&report, Style { color: false, width: 80 }), @"
        deploy/api.yaml

        high[password]: password in a plain environment variable (confidence: high)
           --> deploy/api.yaml:21:18
            |
         21 | …xxxxxxxxxxxxpassword=******************************yyyyyyyyyyyyyyyyyyyyy…
            |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ S3c… (18 characters)
            |
            = Deployment prod/api  spec.forProvider.…c.forProvider.configuration.password
            = DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD
              DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD
              DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD DB_PASSWORD
              DB_PASSWORD DB_PASSWORD
            = fix: Move the value into a Secret, reference it with secretKeyRef, and
                   replace it where it was issued.

        Not looked at: 1 place
          dump.sql: larger than 1 GB

        Read in part: 1 place
          templates/x.yaml:12: not valid YAML (Helm template): scanned as text

        1 finding (1 high)
        in 318 files, 512 objects, 7.3 MB; 2 suppressed, 2 skipped, 5 binaries, 41 ms
        ");
    }

    #[test]
    fn a_page_is_as_narrow_as_wanted_and_no_narrower_than_words() {
        let report = sample::report();
        let widest = |width| {
            let text = text(&report, Style { color: false, width });
            // Places stay whole, so that terminals can open them.
            text.lines().filter(|line| line.starts_with("      ")).map(columns).max().unwrap()
        };
        assert!(widest(60) <= 60 && widest(60) > 40, "{}", widest(60));
        assert_eq!(widest(1), widest(40));
    }

    #[test]
    fn skipped_places_are_cut_off_and_counted() {
        let skipped = |i| Skipped { place: format!("{i}.yaml"), reason: "not UTF-8".into(), unread: i == 12 };
        let report = Report { skipped: (1..=12).map(skipped).collect(), ..Report::default() };
        insta::assert_snapshot!(text(&report, Style::default()), @"
        Not looked at: 1 place
          12.yaml: not UTF-8

        Read in part: 11 places
          not UTF-8: 11 places, 1.yaml, 2.yaml, 3.yaml, …

        Nothing found in 0 files, 0 B; 12 skipped, 0 ms
        ");
    }

    #[test]
    fn no_line_of_a_hostile_report_is_forged() {
        insta::assert_snapshot!(text(&sample::hostile(), Style::default()), @r"
        a�[31m|`x`|<b>@all  # [l](u)��\|

        high[evil]: a�[31m|`x`|<b>@all # [l](u)��\| (confidence: high)
          --> a�[31m|`x`|<b>@all  # [l](u)��\|:1:1
           |
         1 | a�[31m|`x`|<b>@all  # [l](u)��\|
           |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a�[31m|`x`|<b>@all  # [l](u)��\| (3 characters, under base64)
           |
           = a�[31m|`x`|<b>@all  # [l](u)��\| prod/a�[31m|`x`|<b>@all  # [l](u)��\|  a�[31m|…ll  # [l](u)��\|
           = a�[31m|`x`|<b>@all # [l](u)��\|
           = note: a�[31m|`x`|<b>@all # [l](u)��\|
           = see: a�[31m|`x`|<b>@all # [l](u)��\|:1:1: a�[31m|`x`|<b>@all # [l](u)��\|
           = fix: a�[31m|`x`|<b>@all # [l](u)��\|

        Not looked at: 1 place
          a�[31m|`x`|<b>@all # [l](u)��\|: a�[31m|`x`|<b>@all # [l](u)��\|

        1 finding (1 high) in 0 files, 0 B; 1 skipped, 0 ms
        ");
    }
}
