//! The gate's hits in a document: which scalar they are in, and which nobody took.

use std::ops::Range;

use crate::manifest::{Kind as NodeKind, Node};
use crate::pattern::Hit;

/// Hits that no scalar has taken yet. Scalars come in the order of the text, so each search begins where the last ended.
pub(super) struct Loose<'h> {
    hits: &'h [Hit],
    taken: Vec<bool>,
    next: usize,
}

impl<'h> Loose<'h> {
    pub(super) fn new(hits: &'h [Hit]) -> Self {
        Self { hits, taken: vec![false; hits.len()], next: 0 }
    }

    fn places(&mut self, range: Range<usize>) -> Range<usize> {
        let begins = |hit: &Hit| hit.start as usize;
        let after = self.hits.get(self.next).is_none_or(|next| begins(next) >= range.end);
        if after && self.next.checked_sub(1).is_none_or(|last| begins(&self.hits[last]) < range.start) {
            return self.next..self.next;
        }
        if self.next > 0 && begins(&self.hits[self.next - 1]) >= range.start {
            self.next = self.hits.partition_point(|hit| begins(hit) < range.start);
        }
        self.next += self.hits[self.next..].iter().take_while(|hit| begins(hit) < range.start).count();
        let from = self.next;
        self.next += self.hits[from..].iter().take_while(|hit| begins(hit) < range.end).count();
        from..self.next
    }

    /// Whether there is a hit in a range.
    pub(super) fn has(&self, range: Range<usize>) -> bool {
        let next = self.hits.partition_point(|hit| (hit.start as usize) < range.start);
        self.hits.get(next).is_some_and(|hit| (hit.start as usize) < range.end)
    }

    /// The hits in a range, taken from now on.
    pub(super) fn take(&mut self, range: Range<usize>) -> &'h [Hit] {
        let places = self.places(range);
        self.taken[places.clone()].fill(true);
        &self.hits[places]
    }

    /// Forgets the hits in a range.
    pub(super) fn drop(&mut self, range: Range<usize>) {
        let places = self.places(range);
        self.taken[places].fill(true);
    }

    /// The hits in a range, left to others.
    pub(super) fn within(&mut self, range: Range<usize>) -> &'h [Hit] {
        &self.hits[self.places(range)]
    }

    /// Those that nobody took.
    pub(super) fn rest(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().zip(&self.taken).filter(|(_, taken)| !**taken).map(|(hit, _)| hit)
    }
}

/// The gate's hits in keys, kept until their values come by.
#[derive(Default)]
pub(super) struct KeyHits<'h>(Vec<(u32, &'h [Hit])>);

impl<'h> KeyHits<'h> {
    /// Keeps the hits in a key. Keys come in the order of the document.
    pub(super) fn keep(&mut self, key: Node<'_>, hits: &'h [Hit]) {
        self.0.push((key.number(), hits));
    }

    /// The hits in a key.
    pub(super) fn of(&self, key: Option<Node<'_>>) -> &'h [Hit] {
        let Some(key) = key else { return &[] };
        match self.0.binary_search_by_key(&key.number(), |(number, _)| *number) {
            Ok(place) => self.0[place].1,
            Err(_) => &[],
        }
    }
}

/// The hits in a block scalar, where they stand in its value: when its lines are those of the source without their
/// indentation. None when they are not: folded, say.
pub(super) fn carried(text: &str, node: Node<'_>, value: &str, hits: &[Hit]) -> Option<Vec<Hit>> {
    if node.kind() != NodeKind::Block {
        return None;
    }
    let mut there = node.range().start;
    let mut source = lines(&node.source()[node.range()]);
    let (mut carried, mut hits) = (Vec::with_capacity(hits.len()), hits.iter().peekable());
    let mut here = 0;
    for line in lines(value) {
        let outer = source.next()?;
        let indent = outer.trim_ascii_end().len().saturating_sub(line.trim_ascii_end().len());
        let (blanks, rest) = outer.trim_ascii_end().split_at_checked(indent)?;
        if rest != line.trim_ascii_end() || !blanks.trim_ascii().is_empty() {
            return None;
        }
        let next = there + outer.len();
        while let Some(hit) = hits.next_if(|hit| (hit.start as usize) < next) {
            let moved = (hit.start as usize).checked_sub(there + indent).map(|at| hit.moved(here + at));
            // What an action of a template says is masked in the value.
            let same = |moved: &Hit| value.as_bytes().get(moved.range()) == text.as_bytes().get(hit.range());
            carried.extend(moved.filter(same));
        }
        (here, there) = (here + line.len(), next);
    }
    Some(carried)
}

/// The lines of a text with their ends. Blocks have thousands, most of them shorter than what a search for a `char` takes
/// to begin.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{documents, mask_actions};
    use crate::pattern::{Gate, Topic};

    /// The words that hits in the one block scalar of a text are of, carried into its value.
    fn words(text: &str) -> Option<Vec<String>> {
        let gate = Gate::new(["password", "token", "key"].map(|word| (word.to_owned(), Topic::Name)));
        let (mut hits, mut own) = (Vec::new(), Vec::new());
        gate.hits(text, &mut hits);
        let masked = mask_actions(text);
        let tree = documents(masked.as_deref().unwrap_or(text)).next()?.ok()?;
        let block = tree.nodes().find(|node| node.kind() == NodeKind::Block)?;
        let value = block.as_str()?;
        gate.hits(value, &mut own);
        let within: Vec<Hit> = hits.into_iter().filter(|hit| block.range().contains(&(hit.start as usize))).collect();
        let carried = carried(text, block, value, &within)?;
        assert_eq!(carried, own, "{text}");
        Some(carried.iter().map(|hit| value[hit.range()].to_owned()).collect())
    }

    #[test]
    fn hits_are_carried_into_the_value_of_a_block() {
        for (text, expected) in [
            ("a: |\n  x.password=1\n\n    token: é\n  key\nb: password\n", &["password", "token", "key"][..]),
            ("a: |-\r\n  PASSWORD: 1\r\n  key: 2\r\n", &["PASSWORD", "key"]),
            ("a:\n  b: |+\n    token\n\n\n", &["token"]),
            ("a: >\n  one password line\n", &["password"]),
            ("a: |\n  x={{ .password }}\n  key=1\n", &["key"]),
            ("a: |\n  # {{ if .key }}\n  token=1\n", &["token"]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_value_of_other_lines_is_passed_over_by_itself() {
        for text in ["a: >\n  a password\n  and key\n", "a: |\n\n  password\n\n  key\n", "a: 'password'\n"] {
            assert_eq!(words(text), None, "{text}");
        }
    }
}
