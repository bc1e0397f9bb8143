//! Jupyter notebooks: the code of their cells lies in strings of JSON (<https://nbformat.readthedocs.io>).

use std::ops::Range;

use crate::manifest::{Node, parse_document};

use super::habitat::Habitat;
use super::layer::{Layer, Origin};
use super::scan::Scan;
use super::site::Context;

impl Scan<'_> {
    /// Scans the code of a notebook's cells and what it printed. What else is in it has names that mean nothing.
    pub(super) fn notebook(&mut self, layer: &Layer<'_>, ctx: &Context<'_>) {
        let Ok(tree) = parse_document(layer.text, 0..layer.text.len()) else { return };
        let cells = tree.root().and_then(|root| root.get("cells")).into_iter().flat_map(Node::items);
        for cell in cells.filter(|cell| cell.get_str("cell_type") == Some("code")) {
            for text in cell.get("source").into_iter().chain(printed(cell)) {
                self.cell(layer, text, ctx);
            }
        }
    }

    /// Scans a text of a cell: one string, or one for every line.
    fn cell(&mut self, layer: &Layer<'_>, text: Node<'_>, ctx: &Context<'_>) {
        let (mut code, mut runs) = (String::new(), Vec::new());
        for line in text.items().chain([text]).filter(|node| node.is_scalar()) {
            unescape(layer.text, line.content(), &mut code, &mut runs);
        }
        let hits = self.hits(&code);
        let inner = layer.inner(&code, Origin::Runs(runs), None);
        self.text(&inner, 0..code.len(), &hits, &ctx.judged_as(Habitat::Code));
    }
}

/// What a cell wrote to its streams, and the values it showed as text.
fn printed(cell: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let outputs = cell.get("outputs").into_iter().flat_map(Node::items);
    outputs.filter_map(|output| output.get("text").or_else(|| output.at_path(&["data", "text/plain"])))
}

/// Appends a string of JSON with its escapes undone (RFC 8259, 7), and where its runs stand. Halves of surrogate pairs
/// are left out: no secret has any.
fn unescape(text: &str, string: Range<usize>, out: &mut String, runs: &mut Vec<(usize, usize)>) {
    let mut at = string.start;
    while at < string.end {
        runs.push((out.len(), at));
        let rest = &text[at..string.end];
        let verbatim = rest.find('\\').unwrap_or(rest.len());
        out.push_str(&rest[..verbatim]);
        at += verbatim;
        let Some(escape) = text[at..string.end].chars().nth(1) else { break };
        runs.push((out.len(), at));
        let digits = text.get(at + 2..at + 6).filter(|_| escape == 'u' && at + 6 <= string.end);
        let plain = match escape {
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'b' | 'f' => Some(' '),
            'u' => digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32),
            other => Some(other),
        };
        out.extend(plain);
        at += 1 + escape.len_utf8() + digits.map_or(0, str::len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_in_place() {
        let text = r#""a = \"v\u00e9\"\n""#;
        let (mut out, mut runs) = (String::new(), Vec::new());
        unescape(text, 1..text.len() - 1, &mut out, &mut runs);
        assert_eq!(out, "a = \"vé\"\n");
        let file = Layer::file(text);
        let inner = file.inner(&out, Origin::Runs(runs), None);
        let (range, exact) = inner.in_file(5..6);
        assert!(exact);
        assert_eq!(&text[range], "v");
    }

    #[test]
    fn broken_escapes_end_the_string() {
        for text in ["a\\", "\\u12", "\\ud83d", "\\é", "\\u00é9"] {
            unescape(text, 0..text.len(), &mut String::new(), &mut Vec::new());
        }
    }
}
