//! Where something is: symbolic first (object and field), concrete when there is a file.

use std::ops::Range;

/// A place in a file. Lines and columns are 1-based; columns count characters, the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Line of the last character.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Region {
    /// The region of a byte range. Reads the text up to its end: for a few places of a text.
    #[must_use]
    pub fn of(text: &str, range: Range<usize>) -> Self {
        let position = |at: usize| {
            let before = text.get(..at).unwrap_or("");
            let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() as u32 + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u32 + 1;
            (line, column)
        };
        let ((line, column), (end_line, end_column)) = (position(range.start), position(range.end));
        Self { line, column, end_line, end_column }
    }
}

/// A Kubernetes object and a field in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind` as written.
    pub kind: String,
    /// `metadata.namespace`, where it is written.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName` with its trailing dash.
    pub name: Option<String>,
    /// Path of the field from the object's root; empty for the object itself.
    pub field: String,
}

/// A place, never a bare message.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file as the user named it, with `/` between its parts; members of archives as `chart.tgz!/values.yaml`.
    pub path: Option<String>,
    /// The place in that file.
    pub region: Option<Region>,
    /// The object and field, when the place lies in a Kubernetes document.
    pub object: Option<ObjectRef>,
}

impl Location {
    /// `path:line:column`, as far as it is known.
    #[must_use]
    pub fn position(&self) -> String {
        let path = self.path.as_deref().unwrap_or("-");
        match self.region {
            Some(region) => format!("{path}:{}:{}", region.line, region.column),
            None => path.to_owned(),
        }
    }
}

impl ObjectRef {
    /// `Deployment prod/api`, as far as it is known.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.name.as_deref().unwrap_or("(unnamed)");
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{name}", self.kind),
            None => format!("{} {name}", self.kind),
        }
    }
}
