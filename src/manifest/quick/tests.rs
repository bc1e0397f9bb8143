//! The quick reader against the parser.

use super::*;
use crate::manifest::node::{Kind, Role};
use crate::manifest::parse::chunks;
use crate::manifest::yaml;

/// Everything a tree says.
type Said = Vec<(Kind, Role, usize, Range<usize>, u32, Option<Range<usize>>, Option<String>)>;

fn said(tree: &Tree<'_>) -> Said {
    tree.nodes()
        .map(|node| {
            let text = node.as_str().map(str::to_owned);
            (node.kind(), node.role(), node.position(), node.range(), node.after(), node.verbatim(), text)
        })
        .collect()
}

/// Whether the quick reader took the text; panics when it read something else than the parser.
fn agrees(text: &str) -> bool {
    chunks(text).all(|range| {
        let Some(Ok(quick)) = read(text, range.clone()) else { return false };
        let slow = yaml::read(text, range).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
        let (quick, slow) = (said(&quick), said(&slow));
        for (quick, slow) in quick.iter().zip(&slow) {
            assert_eq!(quick, slow, "{text}");
        }
        assert_eq!(quick.len(), slow.len(), "{text}");
        true
    })
}

#[test]
fn what_manifests_are_written_in() {
    for text in [
        "a: 1\n",
        "a: 1",
        "a:\nb:\n",
        "a:\n  b: c\n  d:\n    e: f\ng: h\n",
        "a:\n- b\n- c: d\n  e: f\n-\n- - g\n  - h\ni: j\n",
        "a:\n  - b: c\n    d:\n      - e\n  - f\n",
        "- a\n- b:\n- c:\n    d\n",
        "a: b # comment\n# more\nc: # nothing\nd: \"e\" # f\n",
        "a: b\n  c\n\n  d\ne: f\n",
        "a: 'b\n  c'\nd: \"e\n\n  f\"\n",
        "a: 'it''s'\n\"b\": \"c\\n\\\"d\\u00e9\"\n'c' : d\n",
        "a: |\n  one\n\n  two\n   three\nb: |-\n  x\n\nc: |+\n  y\n\nd: z\n",
        "a: |\n  one",
        "a: >\n  one\n  two\n\n  three\n    four\n  five\nb: >-\n  x\n  y\nc: >+\n  z\n\n",
        "a: {}\nb: []\nc: {d: e, f: [g, \"h\", 'i']}\nj: [\n  k,\n  l,\n  ]\n",
        "---\na: b\n---\n# c\nd: e\n",
        "{\"a\": [1, 2.5e3, true, null], \"b\": {\"c\":\"d\"}, \"e\":\"\"}\n",
        "[\n\t{\n\t\t\"a\": \"b\"\n\t}\n]\n",
        "image: a/b:c@sha256:d\nurl: http://x/y#z\ntime: 10:30\nargs: [--a=b, -c, \"{{ x }}\"]\n",
        "a: é # ü\nb: \"ö\"\n",
        "a:    b   \nc:   \n",
        "  a: b\n  c: d\n",
        "a:\n\n  # x\n\n  b: c\n\n\n",
        "a:\n  'b'\nc:\n  - |\n    d\n  - >-\n    e\n",
        "a b c: d e f\n$x: $(y)\n.z: /w\n",
    ] {
        assert!(agrees(text), "given up on\n{text}");
    }
}

#[test]
fn what_it_leaves_to_the_parser() {
    for text in [
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str b\n",
        "? a\n: b\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: |2\n   b\n",
        "scalar\n",
        "a: b: c\n",
        "a: [b\n",
        "a: {b: c\n",
        " a: b\nc: d\n",
        "a: \"b\n",
        "\u{feff}a: b\n",
        "a: \u{85}b\n",
        "{a: b}: c\n",
        "[a: b]\n",
        "{a}\n",
        "a: b\n---x\n",
        "- a\nb: c\n",
    ] {
        assert!(!agrees(text), "taken:\n{text}");
    }
}

/// Lines that YAML is made of, and bytes that break them.
fn snippets() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let word = prop_oneof![
        Just("a"),
        Just("b"),
        Just("- "),
        Just("-"),
        Just(": "),
        Just(":"),
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just(" "),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("''"),
        Just("|"),
        Just(">"),
        Just("|-\n  "),
        Just(">\n    "),
        Just("+"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(", "),
        Just("#"),
        Just(" #"),
        Just("\t"),
        Just("k: "),
        Just("k:\n"),
        Just("k: v\n"),
        Just("- v\n"),
        Just("é"),
        Just("\\n"),
        Just("\\u0041"),
        Just("?"),
        Just("&x "),
        Just("*x"),
        Just("!t "),
        Just("\n\n"),
        Just("{a: b}"),
        Just("[c, d]"),
        Just("%"),
        Just("\"q\""),
        Just("'s'"),
        Just("\n--- \n"),
        Just("--"),
        Just("..."),
        Just("\"k\":"),
        Just("@"),
        Just("`"),
        Just("~"),
        Just("\u{a0}"),
    ];
    proptest::collection::vec(word, 1..24).prop_map(|words| words.concat())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(2048) })]
    #[test]
    fn it_reads_as_the_parser_does(text in snippets()) {
        agrees(&text);
    }

    #[test]
    fn it_reads_damaged_manifests_as_the_parser_does(
        at in 0..MANIFEST.len(), cut in 0..6_usize, text in snippets(),
    ) {
        let mut damaged = MANIFEST.to_owned();
        damaged.replace_range(at..(at + cut).min(MANIFEST.len()), &text);
        agrees(&damaged);
    }
}

/// One of everything.
const MANIFEST: &str = "# x\napiVersion: v1\nkind: \"K\"\nmetadata:\n  name: 'n'\n  labels: {a: b, \"c\": [d]}\nspec:\n- one\n- two: |\n    text: x\n\n    more\n  three: >-\n    folded\n    on\n- - four # y\n  -\n  - \"five\\n\"\nlast: plain\n  goes on\nend:\n";
