//! A value as text, in the style of the file it goes to.

use serde_yaml::Value;

use super::error::EditError;
use super::scalar::{MAX_KEY, Quotes, inline, literal, quoted};

/// How a document is indented.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Columns that a mapping is deeper than its key.
    pub(super) map: usize,
    /// Columns that a list is deeper than its key.
    pub(super) list: usize,
}

/// How a value may be written where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) layout: Layout,
    /// Whether a text of several lines may become a literal block.
    pub(super) literal: bool,
    /// Quotes of the scalar that is replaced.
    pub(super) quotes: Option<Quotes>,
}

/// A value in block style.
#[derive(Debug)]
pub(super) enum Form {
    /// On the line of its key.
    Inline(String),
    /// A header on the line of its key, and lines below.
    Literal(&'static str, Vec<String>),
    /// Lines of a mapping.
    Map(Vec<String>),
    /// Lines of a list.
    List(Vec<String>),
}

/// Writes a value in block style.
pub(super) fn form(value: &Value, wish: Wish) -> Result<Form, EditError> {
    let inner = Wish { quotes: None, ..wish };
    Ok(match value {
        Value::String(text) => match (literal(text).filter(|_| wish.literal), wish.quotes) {
            (Some((head, lines)), _) => Form::Literal(head, lines),
            (None, Some(quotes)) => Form::Inline(quoted(text, quotes)),
            (None, None) => Form::Inline(inline(text, false)),
        },
        Value::Mapping(map) if !map.is_empty() => {
            let mut lines = Vec::new();
            for (key, value) in map {
                lines.extend(entry(name(key)?, value, inner)?);
            }
            Form::Map(lines)
        }
        Value::Sequence(items) if !items.is_empty() => {
            let mut lines = Vec::new();
            for item in items {
                match form(item, inner)? {
                    Form::Inline(text) => lines.push(format!("- {text}")),
                    Form::Literal(head, body) => {
                        lines.push(format!("- {head}"));
                        lines.extend(indented(body, 2));
                    }
                    Form::Map(body) | Form::List(body) => {
                        let at = lines.len();
                        lines.extend(indented(body, 2));
                        lines[at].replace_range(..2, "- ");
                    }
                }
            }
            Form::List(lines)
        }
        other => Form::Inline(flow(other, &Flow { json: false, tight: false, pretty: None })?),
    })
}

/// The lines of an entry of a block mapping.
pub(super) fn entry(key: &str, value: &Value, wish: Wish) -> Result<Vec<String>, EditError> {
    let key = inline(key, false);
    Ok(match form(value, wish)? {
        Form::Inline(text) => vec![format!("{key}: {text}")],
        Form::Literal(head, body) => below(format!("{key}: {head}"), body, wish.layout.map),
        Form::Map(body) => below(format!("{key}:"), body, wish.layout.map),
        Form::List(body) => below(format!("{key}:"), body, wish.layout.list),
    })
}

fn below(first: String, body: Vec<String>, by: usize) -> Vec<String> {
    std::iter::once(first).chain(indented(body, by)).collect()
}

/// Lines indented further, blank ones left blank.
pub(super) fn indented(lines: Vec<String>, by: usize) -> impl Iterator<Item = String> {
    lines.into_iter().map(move |line| if line.is_empty() { line } else { format!("{:by$}{line}", "") })
}

/// How things are written between brackets.
pub(super) struct Flow<'a> {
    pub(super) json: bool,
    /// No space behind colons and commas.
    pub(super) tight: bool,
    /// One entry a line.
    pub(super) pretty: Option<Pretty<'a>>,
}

/// Entries on lines of their own.
pub(super) struct Pretty<'a> {
    /// What stands before what is on the line of the opening bracket.
    pub(super) indent: String,
    /// What a level adds.
    pub(super) unit: &'a str,
    pub(super) eol: &'a str,
}

impl Flow<'_> {
    fn deeper(&self) -> Self {
        let pretty = self.pretty.as_ref().map(|p| Pretty { indent: format!("{}{}", p.indent, p.unit), ..*p });
        Self { pretty, ..*self }
    }

    /// What stands between two entries.
    pub(super) fn comma(&self) -> String {
        match &self.pretty {
            Some(pretty) => format!(",{}{}", pretty.eol, pretty.indent),
            None if self.tight => ",".to_owned(),
            None => ", ".to_owned(),
        }
    }

    fn wrap(&self, brackets: [&str; 2], parts: &[String]) -> String {
        let [open, close] = brackets;
        let body = parts.join(&self.deeper().comma());
        match &self.pretty {
            Some(Pretty { indent, unit, eol }) => format!("{open}{eol}{indent}{unit}{body}{eol}{indent}{close}"),
            None => format!("{open}{body}{close}"),
        }
    }
}

/// Writes a value between brackets, or as a scalar of one line.
pub(super) fn flow(value: &Value, style: &Flow<'_>) -> Result<String, EditError> {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if style.json => quoted(text, Quotes::Double),
        Value::String(text) => inline(text, true),
        Value::Sequence(items) if items.is_empty() => "[]".to_owned(),
        Value::Mapping(map) if map.is_empty() => "{}".to_owned(),
        Value::Sequence(items) => {
            let deeper = style.deeper();
            let parts: Result<Vec<_>, _> = items.iter().map(|item| flow(item, &deeper)).collect();
            style.wrap(["[", "]"], &parts?)
        }
        Value::Mapping(map) => {
            let deeper = style.deeper();
            let parts: Result<Vec<_>, _> =
                map.iter().map(|(key, value)| flow_entry(name(key)?, value, &deeper)).collect();
            style.wrap(["{", "}"], &parts?)
        }
        Value::Tagged(_) => return Err(EditError::Value("it has a tag")),
    })
}

/// Writes an entry between brackets.
pub(super) fn flow_entry(key: &str, value: &Value, style: &Flow<'_>) -> Result<String, EditError> {
    let key = if style.json { quoted(key, Quotes::Double) } else { inline(key, true) };
    // A colon without a space ends a key in quotes only.
    let colon = if style.tight && style.pretty.is_none() && key.starts_with('"') { ":" } else { ": " };
    Ok(format!("{key}{colon}{}", flow(value, style)?))
}

/// A key: text, and short enough for every reader.
pub(super) fn name(key: &Value) -> Result<&str, EditError> {
    let key = key.as_str().ok_or(EditError::Value("a key is not text"))?;
    if key.len() > MAX_KEY { Err(EditError::Value("a key is too long")) } else { Ok(key) }
}
