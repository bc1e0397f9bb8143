//! Who reads which Secret, as a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Reader, SecretReaders};

/// Secrets that a heading names one by one.
const NAMED: usize = 6;

/// Paths of one subject that a row names.
const PATHS_NAMED: usize = 4;

/// The readers of Secrets, those with the same readers together. Lines are as long as names are: a table that is cut
/// says the wrong thing.
pub(super) fn table(
    access: &[SecretReaders],
    heading: impl Fn(&str) -> String,
    clean: impl Fn(&str) -> String,
) -> String {
    let mut text = format!("{}\n", heading("Who reads these Secrets"));
    if access.is_empty() {
        text.push_str("  no such Secret, or no rights, were seen\n\n");
    }
    let groups: Vec<(String, Vec<Row>)> = groups(access)
        .into_iter()
        .map(|(secrets, readers)| (title(&secrets), readers.chunk_by(same_subject).map(row).collect()))
        .collect();
    let common = common(&groups);
    if !common.is_empty() {
        let _ = writeln!(text, "  {}", heading("every Secret below"));
        rows(&mut text, &common, &clean);
    }
    for (title, all) in &groups {
        let _ = writeln!(text, "  {}", heading(&clean(title)));
        let own: Vec<Row> = all.iter().filter(|row| !common.contains(row)).cloned().collect();
        match (own.is_empty(), common.is_empty()) {
            (true, true) => text.push_str("    nobody that a binding names\n\n"),
            (true, false) => text.push_str("    nobody else\n\n"),
            _ => rows(&mut text, &own, &clean),
        }
    }
    text
}

/// A subject, how it reads, and what lets it.
type Row = [String; 3];

/// The rows that all groups have, when there are several.
fn common(groups: &[(String, Vec<Row>)]) -> Vec<Row> {
    let Some(((_, first), others)) = groups.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Vec::new();
    };
    first.iter().filter(|row| others.iter().all(|(_, rows)| rows.contains(row))).cloned().collect()
}

fn rows(text: &mut String, rows: &[Row], clean: impl Fn(&str) -> String) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    for [subject, how, via] in rows {
        let _ = writeln!(text, "    {:first$}  {:second$}  {}", clean(subject), how, clean(via));
    }
    text.push('\n');
}

/// Secrets of one namespace with the same readers.
fn groups(access: &[SecretReaders]) -> Vec<(Vec<&SecretReaders>, &[Reader])> {
    let mut known: BTreeMap<(Option<&str>, usize), usize> = BTreeMap::new();
    let mut groups: Vec<(Vec<&SecretReaders>, &[Reader])> = Vec::new();
    for secret in access {
        let key = (secret.namespace.as_deref(), secret.readers.as_ptr() as usize);
        let place = *known.entry(key).or_insert_with(|| {
            groups.push((Vec::new(), &secret.readers));
            groups.len() - 1
        });
        groups[place].0.push(secret);
    }
    groups
}

fn title(secrets: &[&SecretReaders]) -> String {
    let name = |secret: &&SecretReaders| match &secret.namespace {
        Some(namespace) => format!("{namespace}/{}", secret.name),
        None => secret.name.clone(),
    };
    let named: Vec<String> = secrets.iter().take(NAMED).map(name).collect();
    let more = secrets.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", named.join(", "))
}

fn same_subject(a: &Reader, b: &Reader) -> bool {
    (a.kind, &a.namespace, &a.name) == (b.kind, &b.namespace, &b.name)
}

/// The row of one subject. Whoever asks for a Secret needs no other path.
fn row(ways: &[Reader]) -> Row {
    let reader = &ways[0];
    let subject = match &reader.namespace {
        Some(namespace) => format!("{} {namespace}/{}", reader.kind, reader.name),
        None => format!("{} {}", reader.kind, reader.name),
    };
    let paths: Vec<&str> = ways.iter().filter_map(|way| way.path).collect();
    let more = paths.len().saturating_sub(PATHS_NAMED);
    let how = match (reader.path, more) {
        (None, _) => reader.verbs.join(", "),
        (_, 0) => format!("by {}", paths.join(", ")),
        (_, more) => format!("by {} and {more} more", paths[..PATHS_NAMED].join(", ")),
    };
    let shown = if reader.path.is_none() { &ways[..1] } else { ways };
    let mut via: Vec<String> =
        shown.iter().flat_map(|way| &way.via).map(|via| format!("{} of {}", via.binding, via.role)).collect();
    via.sort();
    via.dedup();
    [subject, how, via.join("; ")]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Via;

    fn reader(kind: &'static str, name: &str, verbs: &[&'static str], path: Option<&'static str>) -> Reader {
        let via =
            Via { binding: "RoleBinding prod/dev".into(), role: "ClusterRole edit".into(), verbs: verbs.to_vec() };
        Reader { kind, namespace: None, name: name.to_owned(), verbs: verbs.to_vec(), path, via: vec![via] }
    }

    #[test]
    fn secrets_with_the_same_readers_stand_together() {
        let readers: Arc<[Reader]> =
            [reader("Group", "dev", &["get", "list"], None), reader("User", "jane", &[], Some("create-pods"))].into();
        let secret = |name: &str, readers: &Arc<[Reader]>| SecretReaders {
            namespace: Some("prod".to_owned()),
            name: name.to_owned(),
            readers: Arc::clone(readers),
        };
        let nobody: Arc<[Reader]> = Vec::new().into();
        let access = [secret("cache", &readers), secret("db", &readers), secret("tls", &nobody)];
        insta::assert_snapshot!(table(&access, str::to_owned, str::to_owned), @"
        Who reads these Secrets
          prod/cache, prod/db
            Group dev  get, list       RoleBinding prod/dev of ClusterRole edit
            User jane  by create-pods  RoleBinding prod/dev of ClusterRole edit

          prod/tls
            nobody that a binding names
        ");
    }

    #[test]
    fn who_reads_all_of_them_is_told_once() {
        let all = reader("User", "root", &["get"], None);
        let secret = |name: &str, own: Option<Reader>| SecretReaders {
            namespace: Some("prod".to_owned()),
            name: name.to_owned(),
            readers: own.into_iter().chain([all.clone()]).collect(),
        };
        let access = [secret("db", Some(reader("Group", "dev", &["get"], None))), secret("tls", None)];
        insta::assert_snapshot!(table(&access, str::to_owned, str::to_owned), @"
        Who reads these Secrets
          every Secret below
            User root  get  RoleBinding prod/dev of ClusterRole edit

          prod/db
            Group dev  get  RoleBinding prod/dev of ClusterRole edit

          prod/tls
            nobody else
        ");
    }
}
