//! Who encrypted what: stored values counted by resource, namespace and how they were written.
//!
//! No value is kept, and nothing is allocated for an object that is encrypted like one before it in its namespace,
//! once there are names enough. Memory is bounded by the limits below, whatever is counted.

use std::collections::BTreeMap;

use super::key::{Prefixes, RegistryKey};
use super::sealing::Sealing;

/// Most cells: resource, namespace and sealing.
const MOST_CELLS: usize = 50_000;
/// Most ways of writing in one namespace of one resource.
const MOST_SEALINGS: usize = 32;
/// Most names that are kept of one cell.
const NAMES_A_CELL: usize = 100;
/// Most names that are kept.
const MOST_NAMES: usize = 20_000;
/// Most characters of a key that is no object's.
const LONGEST_SHOWN: usize = 200;
/// In place of a group that is not known. No group is called so.
const NO_GROUP: &str = "?";

/// Whether a value is what the API server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// The object as it is.
    Current,
    /// The object as it was, before it was changed or deleted: what is left of it.
    Old,
}

/// A value where it is stored.
#[derive(Clone, Copy)]
pub struct Stored<'v> {
    /// Its key.
    pub key: &'v [u8],
    /// All of it, encrypted or not.
    pub value: &'v [u8],
    /// When it was written: higher is later.
    pub revision: u64,
    /// Whether it is still in force.
    pub age: Age,
}

/// How many, and the names of some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values: of current ones, objects.
    pub values: u64,
    /// Their size.
    pub bytes: u64,
    /// Names of objects, sorted; not of all where there are many.
    pub names: Vec<String>,
}

/// One line of the census.
#[derive(Clone, Copy, Debug)]
pub struct Row<'c> {
    /// The group; None where the key does not tell it.
    pub group: Option<&'c str>,
    /// The plural.
    pub resource: &'c str,
    /// None for what is not in a namespace.
    pub namespace: Option<&'c str>,
    /// How the values were written.
    pub sealing: &'c Sealing,
    /// Whether the last value of this resource that is in force was written so: by the provider and key that write now. A
    /// configuration that was changed since, and has written nothing that is still there, does not show.
    pub newest: bool,
    /// Objects.
    pub current: &'c Tally,
    /// Values of before.
    pub old: &'c Tally,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Census {
    prefixes: Prefixes,
    groups: BTreeMap<String, BTreeMap<String, Kind>>,
    cells: usize,
    names: usize,
    /// Current values below a prefix whose keys are no object's.
    odd: Tally,
    /// Current values under other prefixes.
    foreign: u64,
    /// Values that had no place any more: the limits above.
    uncounted: u64,
}

/// One resource.
#[derive(Clone, Debug, Default)]
struct Kind {
    /// The last write of what is in force, and how it was done.
    newest: Option<(u64, Sealing)>,
    /// By namespace; the empty one for what has none.
    namespaces: BTreeMap<String, Vec<Cell>>,
}

#[derive(Clone, Debug)]
struct Cell {
    sealing: Sealing,
    current: Tally,
    old: Tally,
}

impl Census {
    /// Nothing yet, of the objects under these prefixes.
    #[must_use]
    pub fn new(prefixes: Prefixes) -> Self {
        Self { prefixes, ..Self::default() }
    }

    /// Counts a value.
    pub fn take(&mut self, stored: Stored<'_>) {
        let Some(key) = RegistryKey::read(stored.key, &self.prefixes) else { return self.take_odd(&stored) };
        self.place(&stored, &key);
    }

    /// A key that no API server makes. Below the folder of a resource it is counted with the others of it, by all of its key:
    /// whoever lists them reads it too.
    fn take_odd(&mut self, stored: &Stored<'_>) {
        if !self.prefixes.hold(stored.key) {
            self.foreign += u64::from(stored.age == Age::Current);
            return;
        }
        let name: String = stored.key.escape_ascii().map(char::from).take(LONGEST_SHOWN).collect();
        if stored.age == Age::Current {
            self.odd.count(stored, &name, &mut self.names);
        }
        if let Some((group, resource)) = RegistryKey::folder(stored.key, &self.prefixes) {
            self.place(stored, &RegistryKey { group: Some(group), resource, namespace: None, name: &name });
        }
    }

    fn place(&mut self, stored: &Stored<'_>, key: &RegistryKey<'_>) {
        let sealing = Sealing::read(stored.value);
        let group = entry(&mut self.groups, key.group.unwrap_or(NO_GROUP), self.cells);
        let kind = group.and_then(|group| entry(group, key.resource, self.cells));
        if let Some(kind) = kind {
            if stored.age == Age::Current {
                kind.written(stored.revision, sealing);
            }
            if let Some(cells) = entry(&mut kind.namespaces, key.namespace.unwrap_or(""), self.cells)
                && let Some(cell) = find(cells, sealing, &mut self.cells)
            {
                cell.tally(stored.age).count(stored, key.name, &mut self.names);
                return;
            }
        }
        self.uncounted += 1;
    }

    /// Every line, sorted. Call [`Census::sort`] first, if anything was taken since.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let kinds = self.groups.iter().flat_map(|(group, kinds)| kinds.iter().map(move |kind| (group, kind)));
        kinds.flat_map(|(group, (resource, kind))| {
            kind.namespaces.iter().flat_map(move |(namespace, cells)| {
                cells.iter().map(move |cell| Row {
                    group: Some(group.as_str()).filter(|group| *group != NO_GROUP),
                    resource,
                    namespace: Some(namespace.as_str()).filter(|namespace| !namespace.is_empty()),
                    sealing: &cell.sealing,
                    newest: kind.newest.as_ref().is_some_and(|(_, newest)| *newest == cell.sealing),
                    current: &cell.current,
                    old: &cell.old,
                })
            })
        })
    }

    /// The lines of one resource; the core group is empty.
    pub fn resource<'c>(&'c self, group: &str, resource: &str) -> impl Iterator<Item = Row<'c>> {
        self.rows().filter(move |row| row.group == Some(group) && row.resource == resource)
    }

    /// How the last value of a resource that is in force was written, if there is any.
    #[must_use]
    pub fn newest(&self, group: &str, resource: &str) -> Option<&Sealing> {
        self.groups.get(group)?.get(resource)?.newest.as_ref().map(|(_, sealing)| sealing)
    }

    /// Current objects.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.rows().map(|row| row.current.values).sum()
    }

    /// Current values below a prefix with keys as no API server makes them. Those below a resource's folder are in its lines.
    #[must_use]
    pub fn odd(&self) -> &Tally {
        &self.odd
    }

    /// Current values that are no API server's: under other prefixes.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Values of objects that are in no line, because there were too many lines. They are unknown, not fine.
    #[must_use]
    pub fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// Puts the lines of a namespace and their names in an order that does not depend on when they were written.
    pub fn sort(&mut self) {
        self.odd.names.sort_unstable();
        let kinds = self.groups.values_mut().flat_map(BTreeMap::values_mut);
        for cells in kinds.flat_map(|kind| kind.namespaces.values_mut()) {
            cells.sort_by(|a, b| a.sealing.cmp(&b.sealing));
            for cell in cells {
                cell.current.names.sort_unstable();
                cell.old.names.sort_unstable();
            }
        }
    }
}

impl Kind {
    fn written(&mut self, revision: u64, sealing: Sealing<&str>) {
        match &mut self.newest {
            Some((last, _)) if *last >= revision => {}
            Some((last, newest)) if newest.borrow() == sealing => *last = revision,
            newest => *newest = Some((revision, sealing.to_owned())),
        }
    }
}

impl Cell {
    fn tally(&mut self, age: Age) -> &mut Tally {
        match age {
            Age::Current => &mut self.current,
            Age::Old => &mut self.old,
        }
    }
}

impl Tally {
    fn count(&mut self, stored: &Stored<'_>, name: &str, names: &mut usize) {
        self.values += 1;
        self.bytes += stored.value.len() as u64;
        let room = self.names.len() < NAMES_A_CELL && *names < MOST_NAMES;
        if room && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
            *names += 1;
        }
    }
}

/// The entry of a word, made if there is room.
fn entry<'m, T: Default>(map: &'m mut BTreeMap<String, T>, word: &str, cells: usize) -> Option<&'m mut T> {
    if !map.contains_key(word) {
        if cells >= MOST_CELLS {
            return None;
        }
        map.insert(word.to_owned(), T::default());
    }
    map.get_mut(word)
}

/// The cell of a sealing, made if there is room.
fn find<'m>(cells: &'m mut Vec<Cell>, sealing: Sealing<&str>, count: &mut usize) -> Option<&'m mut Cell> {
    let known = cells.iter().position(|cell| cell.sealing.borrow() == sealing);
    let at = known.unwrap_or(cells.len());
    if known.is_none() {
        if at >= MOST_SEALINGS || *count >= MOST_CELLS {
            return None;
        }
        *count += 1;
        cells.push(Cell { sealing: sealing.to_owned(), current: Tally::default(), old: Tally::default() });
    }
    cells.get_mut(at)
}

#[cfg(test)]
mod tests {
    use super::super::named::secret;
    use super::*;

    fn take(census: &mut Census, key: &str, value: &[u8], revision: u64, age: Age) {
        census.take(Stored { key: key.as_bytes(), value, revision, age });
    }

    fn lines(census: &Census) -> String {
        let rows = census.rows().map(|row| {
            let place = format!("{} {}", row.resource, row.namespace.unwrap_or("-"));
            let newest = if row.newest { "" } else { ", stale" };
            format!("{place}: {}{newest}: {} and {} old\n", row.sealing, row.current.names.join(" "), row.old.values)
        });
        rows.collect()
    }

    #[test]
    fn values_are_counted_by_who_wrote_them() {
        let mut census = Census::default();
        let plain = secret("prod", "db", "made up");
        take(&mut census, "/registry/secrets/prod/db", &plain, 5, Age::Current);
        take(&mut census, "/registry/secrets/prod/b", b"k8s:enc:aescbc:v1:key2:x", 9, Age::Current);
        take(&mut census, "/registry/secrets/prod/a", b"k8s:enc:aescbc:v1:key2:x", 8, Age::Current);
        take(&mut census, "/registry/secrets/prod/a", &plain, 4, Age::Old);
        take(&mut census, "/registry/secrets/test/c", b"k8s:enc:aescbc:v1:key1:x", 7, Age::Current);
        // Deleted, or changed in a revision that did not count: nobody has it any more.
        take(&mut census, "/registry/secrets/test/d", b"k8s:enc:aescbc:v1:key3:x", 11, Age::Old);
        take(&mut census, "/registry/minions/n", b"k8s\0", 6, Age::Current);
        take(&mut census, "compact_rev_key", b"5", 6, Age::Current);
        // An API server lists whatever is below its folder.
        take(&mut census, "/registry/secrets/prod/db/more", &plain, 3, Age::Current);
        take(&mut census, "/registry/secrets/prod/\u{1b}[2J", b"k8s:enc:aescbc:v1:key1:x", 3, Age::Current);
        take(&mut census, "/registry/secrets", &plain, 3, Age::Current);
        census.take(Stored { key: b"/registry/secrets/\xff", value: b"", revision: 3, age: Age::Old });
        census.sort();
        insta::assert_snapshot!(lines(&census), @r"
        nodes -: plaintext: n and 0 old
        secrets -: plaintext, stale: /registry/secrets/prod/db/more and 0 old
        secrets -: plaintext, stale:  and 1 old
        secrets -: aescbc key1, stale: /registry/secrets/prod/\x1b[2J and 0 old
        secrets prod: plaintext, stale: db and 1 old
        secrets prod: aescbc key2: a b and 0 old
        secrets test: aescbc key1, stale: c and 0 old
        secrets test: aescbc key3, stale:  and 1 old
        ");
        assert_eq!((census.objects(), census.foreign(), census.uncounted()), (7, 1, 0));
        assert_eq!(census.odd().values, 3);
        assert_eq!(census.newest("", "secrets").unwrap().to_string(), "aescbc key2");
    }

    #[test]
    fn names_and_lines_are_bounded() {
        let mut census = Census::default();
        for number in 0..1000 {
            let name = format!("/registry/secrets/prod/s{number}");
            take(&mut census, &name, b"{}", number, Age::Current);
            let value = format!("k8s:enc:aescbc:v1:key{number}:");
            take(&mut census, "/registry/secrets/test/a", value.as_bytes(), number, Age::Old);
        }
        assert_eq!(census.objects(), 1000);
        assert_eq!(census.resource("", "secrets").next().unwrap().current.names.len(), NAMES_A_CELL);
        assert_eq!(census.rows().count(), 1 + MOST_SEALINGS);
        assert_eq!(census.uncounted(), 1000 - MOST_SEALINGS as u64);
    }
}
