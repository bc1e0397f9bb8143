//! The text format of Prometheus, as far as counters need it.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::borrow::Cow;

/// One sample: a name, labels, a value.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'t> {
    pub(super) name: &'t str,
    labels: Vec<(&'t str, Cow<'t, str>)>,
    pub(super) value: f64,
}

/// Why a text is no list of metrics.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// A line that is no sample.
    #[error("line {0} is not in the text format of Prometheus")]
    Line(usize),
    /// Samples, but of something else.
    #[error("there is no metric of a kube-apiserver in it")]
    NotAnApiserver,
}

impl Sample<'_> {
    /// The value of a label; empty where there is none, which Prometheus takes for the same.
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| *label == name).map_or("", |(_, value)| value)
    }
}

/// Reads the samples whose name begins so. Other lines are passed over unread: there are a hundred thousand of them.
pub(super) fn samples<'t>(text: &'t str, prefix: &str) -> Result<Vec<Sample<'t>>, MetricsError> {
    let lines = text.lines().enumerate().filter(|(_, line)| line.starts_with(prefix));
    lines.map(|(number, line)| sample(line).ok_or(MetricsError::Line(number + 1))).collect()
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // A time may follow.
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { name, labels, value })
}

type Labels<'t> = Vec<(&'t str, Cow<'t, str>)>;

/// `a="b",c="d"}` and what follows it.
fn labels(mut rest: &str) -> Option<(Labels<'_>, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((found, rest));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        found.push((name.trim(), value));
        rest = after;
    }
}

/// The value up to its closing quote, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let end = text.find(|c| {
        let literal = escaped;
        escaped = !literal && c == '\\';
        !literal && c == '"'
    })?;
    let value = &text[..end];
    let value = match value.contains('\\') {
        true => Cow::Owned(unescaped(value)),
        false => Cow::Borrowed(value),
    };
    Some((value, &text[end + 1..]))
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => out.extend(chars.next().map(|next| if next == 'n' { '\n' } else { next })),
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_with_labels_and_escapes() {
        let text = "# HELP a_total x\n# TYPE a_total counter\na_total 3\na_total{x=\"1\",y=\"a\\\"b\\\\c\\n\"} 4.5e1 1700000000\nb 1\n";
        let samples = samples(text, "a_").unwrap();
        assert_eq!(samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [3.0, 45.0]);
        assert_eq!(samples[1].label("y"), "a\"b\\c\n");
        assert_eq!((samples[0].name, samples[0].label("x")), ("a_total", ""));
    }

    #[test]
    fn other_text_is_told_by_its_line() {
        assert_eq!(samples("\na_total{x=1} 2", "a_").unwrap_err(), MetricsError::Line(2));
        assert_eq!(samples("a_total", "a_").unwrap_err(), MetricsError::Line(1));
    }

    proptest! {
        #[test]
        fn any_label_is_read_back(value in any::<String>(), count in any::<u32>()) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            prop_assume!(!value.contains('\r'));
            let line = format!("a{{x=\"{escaped}\"}} {count}");
            let sample = sample(&line).unwrap();
            prop_assert_eq!(sample.label("x"), value);
            prop_assert_eq!(sample.value, f64::from(count));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a\\{\\}\",= \\\\\n0-9]*") {
            let _ = samples(&text, "a");
        }
    }
}
