//! A sealed file is its owner's: what people wrote between the lines survives every edit.

use crate::seal_cli::{Bench, values};

/// A line of comment above every line and one behind each, with their numbers.
fn annotated(text: &str) -> String {
    let lines = text.lines().enumerate().map(|(number, line)| {
        let indent = line.len() - line.trim_start().len();
        format!("{:indent$}# above {number}\n{line} # behind {number}\n", "")
    });
    lines.collect()
}

/// The lines of a text that another lacks.
fn lost<'t>(before: &'t str, after: &str) -> Vec<&'t str> {
    let kept: Vec<&str> = after.lines().collect();
    before.lines().filter(|line| !kept.contains(line)).collect()
}

fn bench() -> (Bench, String) {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    let text = annotated(&bench.read("db.yaml"));
    bench.write("db.yaml", &text);
    (bench, text)
}

fn run(bench: &mut Bench, arguments: &[&str], stdin: &str) -> String {
    let done = bench.run(arguments, stdin);
    assert_eq!(done.status, 0, "{}", done.stderr);
    bench.open("db.yaml");
    bench.read("db.yaml")
}

#[test]
fn a_value_is_set_without_a_key() {
    let (mut bench, before) = bench();
    let after = run(&mut bench, &["set", "db.yaml", "password", "-r", "team.pub"], "Quill-89");
    let lost = lost(&before, &after);
    assert!(matches!(lost[..], [line] if line.trim().starts_with("password: ks1.")), "{lost:?}\n{after}");
    assert_eq!(after.matches("- id: ").count(), 2, "{after}");
    // Nothing is left under the first slot, which goes with what was said of it.
    let again = run(&mut bench, &["set", "db.yaml", "user", "-r", "team.pub"], "Quill-90");
    assert_eq!(again.matches("- id: ").count(), 2, "{again}");
    let slots = before.find("  # above 10").unwrap()..before.find("  # above 16").unwrap();
    let rest = [&before[..slots.start], &before[slots.end..]].concat();
    assert!(self::lost(&rest, &again).iter().all(|line| line.contains(": ks1.")), "{again}");
}

#[test]
fn recipients_come_and_go() {
    let (mut bench, before) = bench();
    let second = bench.run(&["keygen", "-o", "second.key", "--suite", "x25519"], "");
    bench.write("both.pub", &format!("{}{}", bench.read("team.pub"), second.stdout));
    let both = run(&mut bench, &["rotate", "db.yaml", "-i", "id.key", "-r", "both.pub"], "");
    // Every wrap is made anew, and nothing but the wraps.
    let wraps = |line: &&str| line.trim().starts_with("key: ");
    assert!(lost(&before, &both).iter().all(wraps), "{both}");
    assert_eq!(both.matches("- kid: ").count(), 2, "{both}");
    let back = run(&mut bench, &["rotate", "db.yaml", "-i", "id.key", "-r", "team.pub"], "");
    assert!(lost(&before, &back).iter().all(wraps), "{back}");
    assert_eq!(back.lines().count(), before.lines().count(), "{back}");
}

#[test]
fn another_order_and_other_brackets() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    let sealed: serde_yaml::Value = serde_yaml::from_str(&bench.read("db.yaml")).unwrap();
    let data = serde_json::to_string(&sealed["spec"]["data"]).unwrap();
    let slots = serde_json::to_string(&sealed["spec"]["slots"]).unwrap();
    let metadata = serde_json::to_string(&sealed["metadata"]).unwrap();
    let text = format!(
        "kind: SealedSecret\nspec:\n    data: {data} # values\n    slots: {slots} # keys\n    scope: strict\n    format: 1\n\
         metadata: {metadata}\napiVersion: ksecrets.dev/v1alpha1\n"
    );
    bench.write("db.yaml", &text);
    let after = run(&mut bench, &["set", "db.yaml", "new", "-r", "team.pub"], "Quill-89");
    let outside = |text: &str| {
        let rest = text.lines().filter(|line| !line.contains("# values") && !line.contains("# keys"));
        rest.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(outside(&after), outside(&text), "{after}");
    assert_eq!((values(&after).len(), after.lines().count()), (1, text.lines().count()), "{after}");
}
