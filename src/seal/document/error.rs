//! Why an edit was not made.

/// Why an edit was not made. The file's text is then as it was. No message holds a value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditError {
    /// The file has fewer documents.
    #[error("the file has no document number {number}")]
    NoDocument {
        /// Counted from 1.
        number: usize,
    },
    /// The document is neither YAML nor JSON.
    #[error("line {line}: not valid YAML: {message}")]
    Syntax {
        /// Where.
        line: usize,
        /// What the parser said.
        message: String,
    },
    /// Which of the two counts is for each reader to decide, so no edit is safe.
    #[error("line {line}: the key `{key}` stands twice in one mapping; remove one of them first")]
    DuplicateKey {
        /// Where it stands for the second time.
        line: usize,
        /// The key.
        key: String,
    },
    /// The edit would change other places with it.
    #[error("line {line}: what is edited here is repeated by the alias in line {alias}; write it out there first")]
    Aliased {
        /// What is edited.
        line: usize,
        /// What repeats it.
        alias: usize,
    },
    /// The place lies behind an alias, where it is not written.
    #[error("line {line}: `{place}` lies behind an alias; write it out here, or edit what the alias stands for")]
    BehindAlias {
        /// The alias.
        line: usize,
        /// The place looked for.
        place: String,
    },
    /// The place does not exist.
    #[error("line {line}: there is no `{place}`")]
    Missing {
        /// Where its document begins.
        line: usize,
        /// The place looked for.
        place: String,
    },
    /// Something on the way has no keys or no items.
    #[error("line {line}: `{place}` cannot be reached, as what stands here is not a {wanted}")]
    NotInside {
        /// What stands in the way.
        line: usize,
        /// The place looked for.
        place: String,
        /// A mapping, or a list.
        wanted: &'static str,
    },
    /// A way of writing that an edit is not made in.
    #[error("line {line}: {what} cannot be edited in place; write it in the usual way first")]
    Unusual {
        /// Where.
        line: usize,
        /// What is unusual.
        what: &'static str,
    },
    /// A value that cannot be written.
    #[error("the new value cannot be written: {0}")]
    Value(&'static str),
    /// The safety net: read again, the edited text was not what it should be.
    #[error(
        "line {line}: the edit would have changed more than its place, so nothing was changed ({what}); please report this"
    )]
    Unsound {
        /// Where the document begins.
        line: usize,
        /// What came out wrong.
        what: &'static str,
    },
}
