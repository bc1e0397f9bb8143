//! Edits, by example and at random.

use super::*;
use crate::manifest::Object;

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// `spec.data[0].x` of the first document; `2:spec` of the third.
fn place(path: &str) -> Place {
    let (document, path) = path.split_once(':').map_or((0, path), |(number, path)| (number.parse().unwrap(), path));
    let steps = path.split(['.', '[']).filter(|step| !step.is_empty());
    steps.fold(Place::root(document), |place, step| match step.strip_suffix(']') {
        Some(item) => place.item(item.parse().unwrap()),
        None => place.key(step),
    })
}

#[track_caller]
fn set(text: &str, path: &str, value: &str) -> String {
    let mut file = File::new(text);
    match file.set(&place(path), &yaml(value)) {
        Ok(_) => file.text().to_owned(),
        Err(error) => {
            assert_eq!(file.text(), text);
            format!("{error}")
        }
    }
}

#[track_caller]
fn remove(text: &str, path: &str) -> String {
    let mut file = File::new(text);
    match file.remove(&place(path)) {
        Ok(_) => file.text().to_owned(),
        Err(error) => {
            assert_eq!(file.text(), text);
            format!("{error}")
        }
    }
}

/// Says all that is wrong at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn compare(&mut self, before: &str, after: &str, wanted: &str) {
        if after != wanted {
            self.0.push(format!("{before:?}\n  became {after:?}\n  wanted {wanted:?}"));
        }
    }
}

impl Drop for Wrong {
    fn drop(&mut self) {
        assert!(self.0.is_empty() || std::thread::panicking(), "{}", self.0.join("\n"));
    }
}

#[test]
fn scalars_are_replaced_where_they_stand() {
    let mut wrong = Wrong::default();
    for (before, path, value, after) in [
        ("a: b # c\nd: e\n", "a", "x", "a: x # c\nd: e\n"),
        ("a:   b   # c\r\nd: e\r\n", "a", "x", "a:   x   # c\r\nd: e\r\n"),
        ("a: 'b'\n", "a", "it's", "a: 'it''s'\n"),
        ("a: \"b\"", "a", "x", "a: \"x\""),
        ("a:\nb: c\n", "a", "x", "a: x\nb: c\n"),
        ("a:  # c\nb: c\n", "a", "x", "a: x  # c\nb: c\n"),
        ("a: !!str b # c\n", "a", "x", "a: x # c\n"),
        ("a: &y b\n", "a", "x", "a: x\n"),
        ("a: !!null # c\n", "a", "x", "a: x # c\n"),
        ("a:\n  b # c\nd: e\n", "a", "x", "a: x # c\nd: e\n"),
        ("a: |- # c\n  one\n\n  two\n\n# d\nb: e\n", "a", "x", "a: x # c\n\n# d\nb: e\n"),
        ("a: >\n\n\nb: e\n", "a", "x", "a: x\n\n\nb: e\n"),
        ("a: one\n  two # c\nb: e\n", "a", "x", "a: x # c\nb: e\n"),
        ("a: b # c\nd: e\n", "a", "\"one\\ntwo\\n\"", "a: | # c\n  one\n  two\nd: e\n"),
        ("a: b\r\nd: e\r\n", "a", "\"one\\ntwo\"", "a: |-\r\n  one\r\n  two\r\nd: e\r\n"),
        (
            "a:\n    x:\n        y: |\n            z\n",
            "a.x.y",
            "\"one\\ntwo\\n\"",
            "a:\n    x:\n        y: |\n            one\n            two\n",
        ),
        // A block would swallow the comment.
        ("a:\n  b: c\n    # d\n", "a.b", "\"one\\ntwo\\n\"", "a:\n  b: \"one\\ntwo\\n\"\n    # d\n"),
        ("\u{feff}a: b\nc: d\n", "a", "x", "\u{feff}a: x\nc: d\n"),
        ("a:\tb\t# c\n", "a", "x", "a:\tx\t# c\n"),
        ("\"a\" : b\n", "a", "x", "\"a\" : x\n"),
        ("? a\n: b\n", "a", "x", "? a\n: x\n"),
        ("- a # b\n- c\n", "[0]", "x", "- x # b\n- c\n"),
        ("a:\n- b: c\n  d: e # f\n- g\n", "a[0]", "x", "a:\n- x\n- g\n"),
        ("a: {b: c, d: , e}\n", "a.d", "'x, y'", "a: {b: c, d: \"x, y\" , e}\n"),
        ("a: {b: c, d: , e}\n", "a.e", "x", "a: {b: c, d: , e: x}\n"),
        ("a: [b, {c: d}] # e\n", "a[1].c", "x", "a: [b, {c: x}] # e\n"),
        ("{\"a\":\"b\",\"c\":{}}", "a", "x", "{\"a\":\"x\",\"c\":{}}"),
        ("a: 1\n---\n# two\nb: 2\n...\n---\nc: 3\n", "1:b", "x", "a: 1\n---\n# two\nb: x\n...\n---\nc: 3\n"),
        ("%YAML 1.2\n--- # c\na: b\n...\n", "a", "x", "%YAML 1.2\n--- # c\na: x\n...\n"),
        ("a:\n- b\n- &x c\n- d: *x\n", "a[2].d", "x", "a:\n- b\n- &x c\n- d: x\n"),
        ("a: x: w\n", "a", "x", "line 1: not valid YAML: mapping values are not allowed in this context"),
    ] {
        wrong.compare(before, &set(before, path, value), after);
    }
}

#[test]
fn collections_are_replaced() {
    let mut wrong = Wrong::default();
    for (before, path, value, after) in [
        (
            "a: # c\n  # d\n  b: c # e\n  # f\ng: h\n",
            "a",
            "{x: 1, s: {z: w}}",
            "a: # c\n  # d\n  x: 1\n  s:\n    z: w\ng: h\n",
        ),
        ("a: b # c\nd: e\n", "a", "{x: w}", "a: # c\n  x: w\nd: e\n"),
        ("a: b", "a", "[x, {s: z, w: v}]", "a:\n- x\n- s: z\n  w: v"),
        ("a:\n- b\nc: d\n", "a", "{x: w}", "a:\n  x: w\nc: d\n"),
        ("a:\n  - b # e\nc: d\n", "a", "[x, w]", "a:\n  - x\n  - w\nc: d\n"),
        ("a: {}\n", "a", "{x: w}", "a:\n  x: w\n"),
        ("a: {b: c} # d\n", "a", "{x: w}", "a: {x: w} # d\n"),
        ("a: !!map\n  b: c\nd: e\n", "a", "{x: w}", "a:\n  x: w\nd: e\n"),
        ("a:\n  b: c\n", "a", "{}", "a: {}\n"),
        ("a: # c\n  # d\n  b: c\ne: f\n", "a", "{}", "a: {} # c\n  # d\ne: f\n"),
        ("- a: b # c\n  d: e\n- f\n", "[0]", "{x: w, z: [w]}", "- x: w\n  z:\n  - w\n- f\n"),
        ("- a # c\n- f\n", "[0]", "{x: w, z: w}", "- # c\n  x: w\n  z: w\n- f\n"),
        ("-\n  a: b\n-\n  c: d\n", "[1]", "{x: w}", "-\n  a: b\n-\n  x: w\n"),
        ("- - a\n  - b\n", "[0]", "[x]", "- - x\n"),
        // A whole document.
        (
            "# one\n---\n# two\nkind: Secret # s\ndata:\n  a: b # gone\n# three\n---\nkind: X\n",
            "",
            "{kind: Z, spec: {a: b}}",
            "# one\n---\n# two\nkind: Z\nspec:\n  a: b\n---\nkind: X\n",
        ),
        ("a: b\r\n---\r\nc: d", "1:", "{x: {s: z}}", "a: b\r\n---\r\nx:\r\n  s: z"),
        ("--- !!map\na: b\n", "", "{x: w}", "---\nx: w\n"),
        ("--- {a: b}\n...\n", "", "{x: w}", "--- {x: w}\n...\n"),
        ("--- text\n", "", "{x: w}", "--- \nx: w\n"),
        (
            "{\n\t\"a\": {\"b\": 1}\n}\n",
            "",
            "{x: [1, w], z: {}}",
            "{\n\t\"x\": [\n\t\t1,\n\t\t\"w\"\n\t],\n\t\"z\": {}\n}\n",
        ),
        ("{\"a\":1}", "", "{x: [1, w], z: {}}", "{\"x\":[1,\"w\"],\"z\":{}}"),
        (
            "{\r\n  \"a\": {\r\n    \"b\": 1\r\n  }\r\n}\r\n",
            "a",
            "{x: {s: z}}",
            "{\r\n  \"a\": {\r\n    \"x\": {\r\n      \"s\": \"z\"\r\n    }\r\n  }\r\n}\r\n",
        ),
    ] {
        wrong.compare(before, &set(before, path, value), after);
    }
}

#[test]
fn keys_are_added() {
    let mut wrong = Wrong::default();
    for (before, path, value, after) in [
        ("a:\n  b: c # d\n# e\nf: g\n", "a.x", "w", "a:\n  b: c # d\n  x: w\n# e\nf: g\n"),
        ("a:\n  b: c\n  # d: off\n\nf: g\n", "a.x", "w", "a:\n  b: c\n  # d: off\n  x: w\n\nf: g\n"),
        ("a:\n  b: c\n  d: e\nf: g", "a.c", "w", "a:\n  b: c\n  c: w\n  d: e\nf: g"),
        ("a:\n  b: c\n  # of d\n  d: e\n", "a.c", "w", "a:\n  b: c\n  c: w\n  # of d\n  d: e\n"),
        ("a:\n  b: c\n  d: e\n", "a.a", "w", "a:\n  a: w\n  b: c\n  d: e\n"),
        ("a:\n  # of b\n  b: c\n  d: e\n", "a.a", "w", "a:\n  # of b\n  b: c\n  d: e\n  a: w\n"),
        ("a:\n  d: c\n  b: e\n", "a.c", "w", "a:\n  d: c\n  b: e\n  c: w\n"),
        ("a: b", "x", "w", "a: b\nx: w"),
        ("a: |\r\n  one\r\n", "x", "w", "a: |\r\n  one\r\nx: w\r\n"),
        ("a: |+\n  one\n\n\nb: c\n", "aa", "w", "a: |+\n  one\n\n\naa: w\nb: c\n"),
        ("b: |\n  one\n\n\na: c\n", "x", "w", "b: |\n  one\n\n\na: c\nx: w\n"),
        ("a:\n  b: |\n    one\n\n\nd: e\n", "a.x", "w", "a:\n  b: |\n    one\n  x: w\n\n\nd: e\n"),
        ("a:\n  b:\nc:\n", "a.x", "w", "a:\n  b:\n  x: w\nc:\n"),
        ("a:\n  b:\nc:\n", "a.b.x", "w", "a:\n  b:\n    x: w\nc:\n"),
        ("a:\n    b: c\n", "x.s", "z", "a:\n    b: c\nx:\n    s: z\n"),
        ("data: {} # none\n", "data.x", "w", "data: # none\n  x: w\n"),
        ("data:\n", "data.x", "w", "data:\n  x: w\n"),
        ("data: # none\n", "data.x", "w", "data: # none\n  x: w\n"),
        ("- a: b\n  c: d\n- e\n", "[0].x", "w", "- a: b\n  c: d\n  x: w\n- e\n"),
        ("- b: b\n  c: d\n- e\n", "[0].a", "w", "- a: w\n  b: b\n  c: d\n- e\n"),
        ("a: {b: c} # d\n", "a.x", "w", "a: {b: c, x: w} # d\n"),
        ("a: {b: c,}\n", "a.x", "w", "a: {b: c, x: w,}\n"),
        ("a: {b: c, d: e}\n", "a.c", "w", "a: {b: c, c: w, d: e}\n"),
        ("a: {\n  b: c, # one\n  a: e # two\n}\n", "a.x", "w", "a: {\n  b: c, # one\n  a: e, # two\n  x: w\n}\n"),
        ("a: {\n  b: c, # one\n}\n", "a.x", "w", "a: {\n  b: c, # one\n  x: w,\n}\n"),
        ("{\"a\":1}", "x", "w", "{\"a\":1,\"x\":\"w\"}"),
        ("{\n  \"a\": {},\n  \"b\": 2\n}\n", "a.x", "w", "{\n  \"a\": {\n    \"x\": \"w\"\n  },\n  \"b\": 2\n}\n"),
        ("{\n  \"b\": 1,\n  \"c\": 2\n}\n", "bb", "w", "{\n  \"b\": 1,\n  \"bb\": \"w\",\n  \"c\": 2\n}\n"),
        ("a:\n  - b\n", "x", "[w]", "a:\n  - b\nx:\n  - w\n"),
        ("a:\n  <<: {k: v}\n", "a.k", "w", "a:\n  <<: {k: v}\n  k: w\n"),
        (
            "a: [b: c]\n",
            "a[0].x",
            "w",
            "line 1: a mapping in a list without braces cannot be edited in place; write it in the usual way first",
        ),
    ] {
        wrong.compare(before, &set(before, path, value), after);
    }
}

#[test]
fn items_are_added() {
    let mut wrong = Wrong::default();
    for (before, path, value, after) in [
        ("a:\n- b # c\n# e\nf: g\n", "a[1]", "x", "a:\n- b # c\n- x\n# e\nf: g\n"),
        ("a:\n  - b\n  # of a\n# e\nf: g\n", "a[1]", "x", "a:\n  - b\n  # of a\n  - x\n# e\nf: g\n"),
        (
            "a:\n- b: c\n  # of b\nf: g\n",
            "a[1]",
            "{x: y1, z: [w]}",
            "a:\n- b: c\n  # of b\n- x: y1\n  z:\n  - w\nf: g\n",
        ),
        ("a:\r\n- b", "a[1]", "x", "a:\r\n- b\r\n- x"),
        ("- - a\n- b\n", "[0][1]", "x", "- - a\n  - x\n- b\n"),
        ("a: [b]\n", "a[1]", "x", "a: [b, x]\n"),
        ("a: [b,] # c\n", "a[1]", "{x: w}", "a: [b, {x: w},] # c\n"),
        ("a: [\n  b, # c\n]\n", "a[1]", "x", "a: [\n  b, # c\n  x,\n]\n"),
        ("{\"a\": [1]}", "a[1]", "2", "{\"a\": [1, 2]}"),
        ("[\n  {\"a\": 1}\n]\n", "[1]", "{b: 2}", "[\n  {\"a\": 1},\n  {\"b\": 2}\n]\n"),
        ("a: []\n", "a[0]", "x", "a:\n- x\n"),
        ("a: [] # c\n", "a[0].b", "x", "a: # c\n- b: x\n"),
    ] {
        wrong.compare(before, &set(before, path, value), after);
    }
}

#[test]
fn entries_are_removed() {
    let mut wrong = Wrong::default();
    for (before, path, after) in [
        ("a:\n  b: c # d\n  e: f\n", "a.b", "a:\n  e: f\n"),
        ("a:\n  b: c # d\n  e: |\n    f\n\n# g\nh: i\n", "a.e", "a:\n  b: c # d\n\n# g\nh: i\n"),
        ("a:\n  b: c\n  # d\ne: f\n", "a", "e: f\n"),
        ("a: b\r\nc: d", "c", "a: b"),
        ("a:\n  b: c\n", "a.b", "a: {}\n"),
        ("a: b\n", "a", "{}\n"),
        ("- a: b # c\n  d: e\n", "[0].a", "- d: e\n"),
        ("- a: b\n  d: e\n", "[0].a", "- d: e\n"),
        ("- a: b\n  # c\n  d: e\n", "[0].a", "-\n  # c\n  d: e\n"),
        ("- a: b\n  d: e\n- f\n", "[0].d", "- a: b\n- f\n"),
        ("\u{feff}a: b\nc: d\n", "a", "\u{feff}c: d\n"),
        ("a: {b: c, d: e, f: g}\n", "a.b", "a: {d: e, f: g}\n"),
        ("a: {b: c, d: e, f: g}\n", "a.d", "a: {b: c, f: g}\n"),
        ("a: {b: c, d: e, f: g }\n", "a.f", "a: {b: c, d: e }\n"),
        ("a: {b: c, d: e,}\n", "a.d", "a: {b: c,}\n"),
        ("a: {\n  b: c, # one\n  d: e # two\n}\n", "a.d", "a: {\n  b: c # one # two\n}\n"),
        ("a: {\n  b: c, # one\n  # of d\n  d: e # two\n}\n", "a.b", "a: {\n  # of d\n  d: e # two\n}\n"),
        ("{\n  \"b\": 1,\n  \"c\": 2\n}\n", "c", "{\n  \"b\": 1\n}\n"),
        ("{\n  \"b\": 1,\n  \"c\": 2\n}\n", "b", "{\n  \"c\": 2\n}\n"),
        ("{\"a\":{\"b\":1}}", "a.b", "{\"a\":{}}"),
        ("a: b\n", "c", "a: b\n"),
        ("- a\n", "[0]", "[]\n"),
        ("a:\n- b # c\n- d\n# e\nf: g\n", "a[0]", "a:\n- d\n# e\nf: g\n"),
        ("a:\n- b # c\n- d\n  # of d\n# e\nf: g\n", "a[1]", "a:\n- b # c\n# e\nf: g\n"),
        ("a:\r\n  - b: c\r\n    d: e\r\n  - f", "a[1]", "a:\r\n  - b: c\r\n    d: e"),
        ("- - a\n  - b\n", "[0][0]", "- - b\n"),
        ("- - a\n  - b\n", "[0][1]", "- - a\n"),
        ("a: [b, {c: d}, e]\n", "a[1]", "a: [b, e]\n"),
        ("a: [b, {c: d}, e ]\n", "a[2]", "a: [b, {c: d} ]\n"),
        ("[\n  1,\n  {\"a\": 2}\n]\n", "[1]", "[\n  1\n]\n"),
        ("a: [b]\n", "a[1]", "a: [b]\n"),
        (
            "a\n",
            "",
            "line 1: what is no entry of a mapping and no item of a list cannot be edited in place; write it in the usual \
             way first",
        ),
    ] {
        wrong.compare(before, &remove(before, path), after);
    }
}

#[test]
fn what_is_not_safe_is_refused() {
    let mut wrong = Wrong::default();
    for (before, path, error) in [
        (
            "a: &x\n  k: v\nb: *x\n",
            "a.k",
            "line 2: what is edited here is repeated by the alias in line 3; write it out there first",
        ),
        (
            "a: &x\n  k: v\nb: *x\n",
            "a.l",
            "line 2: what is edited here is repeated by the alias in line 3; write it out there first",
        ),
        (
            "a:\n  k: &x v\nb: *x\n",
            "a",
            "line 2: what is edited here is repeated by the alias in line 3; write it out there first",
        ),
        (
            "a: &x\n  k: v\nb: *x\n",
            "b.k",
            "line 3: `b.k` lies behind an alias; write it out here, or edit what the alias stands for",
        ),
        ("a: 1\nb: 2\n\"a\": 3\n", "b", "line 3: the key `a` stands twice in one mapping; remove one of them first"),
        ("a: b\n", "a.c", "line 1: `a.c` cannot be reached, as what stands here is not a mapping"),
        ("a: b\n", "a[0]", "line 1: `a[0]` cannot be reached, as what stands here is not a list"),
        ("a: [b]\n", "a[2]", "line 1: there is no `a[2]`"),
        ("a: b\n", "1:a", "the file has no document number 2"),
        (
            "a: b # c\rd: e\n",
            "a",
            "line 1: a file with carriage returns inside of its lines cannot be edited in place; write it in the usual way first",
        ),
    ] {
        wrong.compare(before, &set(before, path, "x"), error);
    }
    assert_eq!(
        remove("a: &x\n  k: v\n  l: w\nb: *x\n", "a.k"),
        "line 2: what is edited here is repeated by the alias in line 4; write it out there first"
    );
    assert!(set("a: b\n", "a", "!t x").contains("it has a tag"));
    assert_eq!(set("a: &x\n  k: v\nb: *x\nc: d\n", "c", "w"), "a: &x\n  k: v\nb: *x\nc: w\n");
    assert_eq!(set("a: &x\n  k: v\nb: *x\n", "b", "w"), "a: &x\n  k: v\nb: w\n");
}

/// What fuzzing found: the parser reads these, and no place in them may break an edit.
#[test]
fn odd_nesting_breaks_no_edit() {
    for text in ["- : - : A\n", "- : - : A:)~6\n\n-i\n", "? - : a\n", "- ? - : a\n  : - b\n"] {
        let file = File::new(text);
        for document in 0..file.documents().len() {
            let Ok(tree) = file.tree(document) else { continue };
            for node in tree.nodes() {
                let place = Place::of(document, node);
                for place in [place.clone().key("new"), place] {
                    let mut file = File::new(text);
                    let _ = file.set(&place, &Value::from("x"));
                    let _ = File::new(text).remove(&place);
                }
            }
        }
    }
}

#[test]
fn what_is_there_already_keeps_its_bytes() {
    let text = "a: 'b'\nc: [ d , 'e' ]\nf:\n    g: |\n      h\n    # i\n    j: null\n";
    let mut file = File::new(text);
    for (path, value) in [("a", "b"), ("c", "[d, e]"), ("f", "{g: \"h\\n\", j: null}"), ("f.j", "null")] {
        assert_eq!(file.set(&place(path), &yaml(value)), Ok(false), "{path}");
    }
    assert_eq!(file.text(), text);
    // These say something else, to some readers at least.
    assert_eq!(set("a: !!binary b\n", "a", "b"), "a: b\n");
    assert_eq!(set("a: yes\n", "a", "'yes'"), "a: \"yes\"\n");
    assert_eq!(set("a: 1\n", "a", "'1'"), "a: \"1\"\n");
}

#[test]
fn documents_are_appended() {
    for (before, after) in [
        ("", "x: w\n"),
        ("# c\n", "# c\nx: w\n"),
        ("a: b\n", "a: b\n---\nx: w\n"),
        ("a: b\r\n", "a: b\r\n---\r\nx: w\r\n"),
        ("a: b", "a: b\n---\nx: w\n"),
        ("a: b\n---\n", "a: b\n---\nx: w\n"),
        ("a: b\n---\n# c\n", "a: b\n---\n# c\nx: w\n"),
        ("a: b\n...\n", "a: b\n...\n---\nx: w\n"),
        ("%YAML 1.2\n---\n", "%YAML 1.2\n---\nx: w\n"),
    ] {
        let mut file = File::new(before);
        assert_eq!(file.append(&yaml("x: w")), Ok(()), "{before:?}");
        assert_eq!(file.text(), after);
    }
    // A line break behind the block would be part of it.
    assert!(matches!(File::new("a: |\n  b").append(&yaml("x: w")), Err(EditError::Unusual { line: 2, .. })));
    assert!(matches!(File::new("a: |\n  b").set(&place("x"), &yaml("w")), Err(EditError::Unusual { line: 2, .. })));
    assert!(File::new("{\"a\": 1}").append(&yaml("x: w")).is_err());
    assert!(File::new("a: b\n").append(&yaml("x")).is_err());
}

#[test]
fn an_object_of_a_list_is_replaced() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1 # one\n  kind: ConfigMap\n# of the second\n- apiVersion: v1\n  kind: Secret\n  data: {a: b}\n";
    let mut file = File::new(text);
    let place = {
        let tree = file.tree(0).unwrap();
        let secret = Object::all(&tree).into_iter().find(|object| object.kind == "Secret").unwrap();
        Place::of(0, secret.root)
    };
    file.set(&place, &yaml("{apiVersion: w, kind: S, spec: {data: {a: c}}}")).unwrap();
    let (before, _) = text.rsplit_once("- apiVersion: v1").unwrap();
    assert_eq!(file.text(), format!("{before}- apiVersion: w\n  kind: S\n  spec:\n    data:\n      a: c\n"));
}

#[test]
fn a_file_is_not_shown() {
    let mut file = File::new("a: hush\n");
    assert_eq!(format!("{file:?}"), "File(8 bytes)");
    let error = file.set(&place("a.b"), &yaml("quiet")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"));
}

#[test]
fn strings_become_scalars() {
    for text in [
        "",
        "a",
        "a b",
        "true",
        "No",
        "y",
        "~",
        "null",
        "1",
        "1.5",
        "0x1F",
        "1:30",
        "2001-01-01",
        "-",
        "- a",
        "a: b",
        "a:",
        "a #b",
        "a#b",
        "'",
        "\"",
        "it's \"q\"",
        "\\",
        " a",
        "a ",
        "\t",
        "a\tb",
        "a\nb",
        "a\r\nb",
        "\n",
        "\u{0}\u{7f}\u{85}",
        "\u{feff}",
        "\u{2028}",
        "é",
        "😀",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "{a}",
        "[a]",
        "a,b",
        "?a",
        "|",
        ">",
        "=",
        "<<",
        ".inf",
        "+1",
        "1e3",
        "ks1.7q3kzv2m.AbC-_",
        "---",
        "...",
        "0o7",
        "1_000",
        "a\u{a0}",
        "http://x/y?z=#1",
    ] {
        let written = [scalar(text), emit_flow(text)];
        for (written, yaml) in
            [(&written[0], format!("k: {}\n", written[0])), (&written[1], format!("[{}]\n", written[1]))]
        {
            let tree = parse_document(&yaml, 0..yaml.len()).unwrap();
            let node = tree.nodes().last().unwrap();
            assert_eq!(node.as_str(), Some(text), "{written}");
            assert!(check::equals(node, &Value::from(text)), "{written}");
            let other: Value = serde_yaml::from_str(&yaml).unwrap();
            assert!(other == Value::Sequence(vec![text.into()]) || other["k"] == *text, "{yaml}");
        }
    }
}

fn emit_flow(text: &str) -> String {
    emit::flow(&Value::from(text), &emit::Flow { json: false, tight: false, pretty: None }).unwrap()
}

mod random {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const WORDS: [&str; 10] = ["a", "b", "key", "zz", "'q s'", "\"d\"", "tls.key", "1", "~", "x/y"];
    const SCALARS: [&str; 14] = [
        "v",
        "'v'",
        "\"v\\n\"",
        "",
        "{}",
        "[]",
        "{f: g, h: [i]}",
        "[ j , {k: l} ]",
        "!!str t",
        "&n w",
        "two words",
        "null",
        "-1",
        "a:b#c",
    ];
    /// What YAML is made of, to be put together at random.
    const PIECES: [&str; 46] = [
        "a", "b", "- ", "-", ": ", ":", "\n", "\n  ", "\n    ", " ", "'", "\"", "\\", "|", ">", "|-\n  ", ">\n    ",
        "+", "{", "}", "[", "]", ",", ", ", "#", " #", "\t", "k: ", "k:\n", "l: v\n", "- v\n", "é", "? ", "&x ", "*x",
        "!t ", "\n\n", "{a: b}", "[c, d]", "%", "\"q\"", "\n--- ", "\n...\n", "\r\n", "{? a: b}", "\u{feff}",
    ];
    const BOM: char = '\u{feff}';
    const NOTES: [&str; 5] = ["", "", "", " # note", "  # - x: {"];
    const BLOCKS: [&str; 6] =
        ["|\n one\n  two\n", "|-\n one\n\n", ">\n one\n two\n", "|+\n one\n\n", "'one\n two'\n", "one\n two\n"];

    /// Lines of a block collection, not indented.
    fn block() -> impl Strategy<Value = String> {
        let leaf = (select(&SCALARS[..]), select(&NOTES[..])).prop_map(|(value, note)| format!(" {value}{note}\n"));
        let text = select(&BLOCKS[..]).prop_map(|block| format!(" {}", block.replace("\n ", "\n    ")));
        let value = prop_oneof![3 => leaf, 1 => text];
        value.prop_recursive(4, 24, 4, |inner| {
            let noise = select(&["", "", "", "# own line\n", "\n", "  # deeper\n"][..]);
            let map = (
                vec((select(&WORDS[..]), inner.clone(), noise.clone()), 1..4),
                select(&[1_usize, 2, 4][..]),
                select(&NOTES[..]),
            )
                .prop_map(|(entries, by, note)| {
                    let mut seen = HashSet::new();
                    let mut lines = String::new();
                    for (key, value, noise) in entries {
                        if seen.insert(key) {
                            lines.push_str(&format!("{noise}{key}:{value}"));
                        }
                    }
                    format!("{note}\n{}", shifted(&lines, by))
                });
            let list = (vec((inner, noise), 1..4), select(&[1_usize, 2][..])).prop_map(|(items, by)| {
                let lines: String = items.iter().map(|(item, noise)| format!("{noise}-{item}")).collect();
                format!("\n{}", shifted(&lines, by))
            });
            prop_oneof![3 => map, 1 => list]
        })
    }

    fn shifted(lines: &str, by: usize) -> String {
        lines
            .split_inclusive('\n')
            .map(|line| if line == "\n" { line.to_owned() } else { format!("{:by$}{line}", "") })
            .collect()
    }

    fn file() -> impl Strategy<Value = String> {
        let document = vec((select(&WORDS[..]), block()), 1..4).prop_map(|entries| {
            let mut seen = HashSet::new();
            let kept = entries.into_iter().filter(|(key, _)| seen.insert(*key));
            kept.map(|(key, value)| format!("{key}:{value}")).collect::<String>()
        });
        let parts = (vec(document, 1..4), any::<bool>(), any::<bool>(), any::<bool>());
        parts.prop_map(|(documents, windows, marked, cut)| {
            let text = format!("# first\n{}", documents.join("---\n# next\n"));
            let text = if cut { text.trim_end_matches('\n').to_owned() } else { text };
            let text = if windows { text.replace('\n', "\r\n") } else { text };
            if marked { format!("\u{feff}{text}") } else { text }
        })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            select(&["", "v", "two\nlines\n", "two\nlines", "# no", "a: b", "\u{85}"][..]).prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Value::from),
                vec(("[a-z]{1,3}", inner), 0..3).prop_map(|entries| {
                    Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
                }),
            ]
        })
    }

    /// Some place in a file: that of a node, or a key or an item that is not there.
    fn some_place(file: &File, number: usize, fresh: bool) -> Option<Place> {
        let documents = file.documents().len().max(1);
        let document = number % documents;
        let tree = file.tree(document).ok()?;
        let nodes: Vec<_> = tree.nodes().filter(|node| node.role() != crate::manifest::Role::Key).collect();
        let node = *nodes.get((number / documents) % nodes.len().max(1))?;
        let place = Place::of(document, node);
        Some(match node.kind() {
            Kind::Mapping if fresh => place.key("new"),
            Kind::Sequence if fresh => place.item(node.children().count()),
            _ => place,
        })
    }

    /// What a random file may meet that is not there to be edited.
    fn is_fair(error: &EditError) -> bool {
        matches!(error, EditError::Unusual { .. } | EditError::Syntax { .. })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn an_edit_changes_its_place_only(text in file(), number in any::<usize>(), fresh: bool, value in value()) {
            let mut file = File::new(text.clone());
            let Some(place) = some_place(&file, number, fresh) else { return Ok(()) };
            let lines = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
            match file.set(&place, &value) {
                Ok(changed) => {
                    prop_assert_eq!(changed, file.text() != text);
                    let once = file.text().to_owned();
                    prop_assert_eq!(once.starts_with(BOM), text.starts_with(BOM));
                    prop_assert!(!text.contains("\r\n") || !once.replace("\r\n", "").contains('\n'), "{:?}", once);
                    prop_assert!(!fresh || lines(&once) >= lines(&text) || !place.to_string().ends_with("new"));
                    prop_assert_eq!(file.set(&place, &value), Ok(false), "{:?} became {:?}", text, once);
                }
                Err(error) => prop_assert!(is_fair(&error), "{error} at {place} of {text:?} for {value:?}"),
            }
        }

        #[test]
        fn what_is_added_and_removed_leaves_no_trace(text in file(), number in any::<usize>(), value in value()) {
            let mut file = File::new(text.clone());
            let Some(place) = some_place(&file, number, true) else { return Ok(()) };
            let missing = file.tree(place.document).is_ok_and(|tree| place.find(tree.root().unwrap()).is_none());
            if !missing || file.set(&place, &value).is_err() {
                return Ok(());
            }
            let tree = File::new(text.clone());
            let gone = file.remove(&place);
            prop_assert_eq!(&gone, &Ok(true), "{:?} of {:?}", file.text(), text);
            let emptied = text.contains("{}") || text.contains("[]");
            prop_assert!(tree.text() == file.text() || emptied, "{:?} became {:?}", text, file.text());
        }

        #[test]
        fn no_text_breaks_an_edit(
            words in vec(select(&PIECES[..]), 1..24), number in any::<usize>(), fresh: bool, value in value(),
        ) {
            let text = words.concat();
            let mut file = File::new(text.clone());
            let _ = File::new(text.clone()).append(&value);
            if let Some(place) = some_place(&file, number, fresh).filter(|place| file.set(place, &value).is_ok()) {
                let once = file.text().to_owned();
                prop_assert_eq!(file.set(&place, &value), Ok(false), "{:?} became {:?}", text, once);
            }
            if let Some(place) = some_place(&file, number, false) {
                let _ = file.remove(&place);
            }
        }

        #[test]
        fn no_removal_is_unsound(text in file(), number in any::<usize>()) {
            let mut file = File::new(text.clone());
            let Some(place) = some_place(&file, number, false) else { return Ok(()) };
            if let Err(error) = file.remove(&place) {
                prop_assert!(is_fair(&error), "{error} at {place} of {text:?}");
            }
        }

        #[test]
        fn strings_are_written_as_they_are(text in any::<String>()) {
            for yaml in [format!("k: {}", scalar(&text)), format!("[{}]", emit_flow(&text))] {
                let tree = parse_document(&yaml, 0..yaml.len());
                let said = tree.map(|tree| tree.nodes().last().and_then(|node| node.as_str().map(str::to_owned)));
                prop_assert_eq!(said, Ok(Some(text.clone())));
            }
        }
    }
}
