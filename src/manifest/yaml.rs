//! All of YAML, read by its parser. The only file that names it.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::builder::Builder;
use super::node::{Kind, Text, Tree};
use super::parse::SyntaxError;

/// Reads a document.
pub(super) fn read(text: &str, range: Range<usize>) -> Result<Tree<'_>, SyntaxError> {
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        bom_inside_document_as_content: true,
        simple_key_max_lookahead: 4096,
    };
    options.set_emit_comments(false);
    let mut reader = Reader { builder: Builder::new(text, range.len()), base: range.start, anchors: Vec::new() };
    for step in Parser::new_from_str_with_options(&text[range.clone()], options) {
        let failure = match step {
            Ok((event, span)) => match reader.take(event, span) {
                Some(()) => continue,
                None => return Err(SyntaxError::too_many_nodes(range)),
            },
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                (error.info().to_owned(), (range.start + at).min(text.len()))
            }
        };
        return Err(SyntaxError { message: failure.0, document: range, at: failure.1 });
    }
    Ok(reader.builder.finish())
}

/// Turns the parser's events into nodes.
struct Reader<'t> {
    builder: Builder<'t>,
    base: usize,
    /// Anchor id to node number; ids count from 1.
    anchors: Vec<u32>,
}

impl Reader<'_> {
    /// Takes an event; none when there are too many nodes.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let bytes = span.byte_range().unwrap_or_default();
        let range = self.base + bytes.start..self.base + bytes.end;
        let nothing = Text::Made(0, 0);
        match event {
            Event::Scalar(_, ScalarStyle::Plain, anchor, _) if range.is_empty() => {
                let number = self.builder.null()?;
                self.anchor(anchor, number);
            }
            Event::Scalar(value, style, anchor, _) => {
                let kind = match style {
                    ScalarStyle::Plain => Kind::Plain,
                    ScalarStyle::Literal | ScalarStyle::Folded => Kind::Block,
                    _ => Kind::Quoted,
                };
                let text = self.keep(value);
                let range = if kind == Kind::Block { self.whole_lines(range) } else { range };
                let number = self.builder.scalar(kind, range, text)?;
                self.anchor(anchor, number);
            }
            Event::SequenceStart(_, anchor, _) => {
                let start = if range.is_empty() { self.list_start(range.start) } else { range.start };
                let number = self.builder.open(Kind::Sequence, start)?;
                self.anchor(anchor, number);
            }
            Event::MappingStart(_, anchor, _) => {
                let number = self.builder.open(Kind::Mapping, range.start)?;
                self.anchor(anchor, number);
            }
            // What has no bracket ends where the next thing begins, which says nothing.
            Event::SequenceEnd | Event::MappingEnd => self.builder.close((!range.is_empty()).then_some(range.end)),
            Event::Alias(id) => {
                let target = self.anchors.get(id).copied().unwrap_or(0);
                let kind = if self.builder.is_open(target) { Kind::Plain } else { Kind::Alias(target) };
                self.builder.scalar(kind, range, nothing)?;
            }
            Event::UnresolvedAlias(_) => {
                self.builder.scalar(Kind::Plain, range, nothing)?;
            }
            _ => {}
        }
        Some(())
    }

    /// Borrows a value that stands verbatim in the source, keeps a copy otherwise.
    fn keep(&mut self, value: Cow<'_, str>) -> Text {
        let source = self.builder.source().as_bytes().as_ptr_range();
        let start = value.as_ptr();
        if matches!(value, Cow::Borrowed(_)) && source.contains(&start) {
            let start = start as usize - source.start as usize;
            return Text::Source(start as u32, (start + value.len()) as u32);
        }
        self.builder.made(&value)
    }

    /// Where a list of lines begins. Of one that is no deeper than its key, the parser says that it begins behind its first dash.
    fn list_start(&self, start: usize) -> usize {
        let text = self.builder.source();
        let line = text[..start].rfind('\n').map_or(0, |end| end + 1).max(self.base);
        let indent = text[line..start].len() - text[line..start].trim_start_matches(' ').len();
        let behind = self.builder.expects_value() && text[line + indent..start].starts_with('-');
        if behind { line + indent } else { start }
    }

    /// A block scalar without the indentation of the line after it.
    fn whole_lines(&self, range: Range<usize>) -> Range<usize> {
        let kept = self.builder.source()[range.clone()].trim_end_matches(' ');
        if kept.ends_with('\n') { range.start..range.start + kept.len() } else { range }
    }

    fn anchor(&mut self, anchor: usize, number: u32) {
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, 0);
            }
            self.anchors[anchor] = number;
        }
    }
}
