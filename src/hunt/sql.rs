//! Passwords in SQL: of users and roles, and in the columns of rows.

use std::ops::Range;

use super::names::Kind;
use super::pairs::Pair;

/// How far a list of columns may reach, how far its rows, and how many of them are read.
const MAX_COLUMNS: usize = 512;
const MAX_ROWS_LENGTH: usize = 1 << 16;
const MAX_ROWS: usize = 512;
/// Longest row, and how deep calls in it may nest.
const MAX_ROW: usize = 4096;
const MAX_CALLS: u32 = 4;
/// Longest part of a statement between its verb and its password.
const MAX_STATEMENT: usize = 256;

/// Whether a file is SQL by its name.
#[must_use]
pub(super) fn is_sql(path: &str) -> bool {
    let path = super::habitat::lower(path);
    super::habitat::without_backup_suffix(&path).ends_with(".sql")
}

/// Whether two dashes begin a comment in a file, and not an option of a command.
#[must_use]
pub(super) fn has_dashed_comments(path: &str) -> bool {
    let path = super::habitat::lower(path);
    let path = super::habitat::without_backup_suffix(&path);
    [".sql", ".lua", ".hs", ".elm", ".adb"].iter().any(|ending| path.ends_with(ending))
}

/// The password of `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin BY 'x'`, and of Oracle's `IDENTIFIED BY x`.
#[must_use]
pub(super) fn identified_by(line: &str) -> Option<Range<usize>> {
    let lower = line.to_ascii_lowercase();
    let after = lower.find("identified ")? + "identified ".len();
    let by = match lower[after..].strip_prefix("with ") {
        // A plugin that takes a hash is told so by its name.
        Some(plugin) => {
            let by = plugin.find(" by ").filter(|&by| !plugin[..by].trim().contains([' ', ';', '(']))?;
            (!plugin[..by].contains("hash")).then_some(lower.len() - plugin.len() + by + " by".len())?
        }
        None => lower[after..].starts_with("by").then_some(after + "by".len())?,
    };
    let rest = &line[by..];
    let start = by + rest.len() - rest.trim_start().len();
    let start = match lower[start..].strip_prefix("password ") {
        Some(literal) => lower.len() - literal.trim_start().len(),
        None => start,
    };
    if lower[start..].starts_with(['\'', '"']) {
        return literal_at(line.as_bytes(), start, line.len()).map(|literal| literal.content);
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '"' | '\'' | ')');
    let end = start + line[start..].find(ends).unwrap_or(line.len() - start);
    let word = &lower[start..end];
    (manages_users(&lower[..after]) && is_bare_password(word)).then_some(start..end)
}

/// Whether a statement says that it is about users; "identified by" is said of many things.
fn manages_users(before: &str) -> bool {
    ["create user ", "alter user ", "grant ", "create role ", "alter role "].iter().any(|verb| before.contains(verb))
}

/// Oracle's passwords without quotes are identifiers; the others are words of the language or variables.
fn is_bare_password(word: &str) -> bool {
    word.len() >= 3
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#'))
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !word.starts_with('$')
        && !["values", "random", "password", "the", "using", "external"].contains(&word)
}

/// For `PASSWORD` of `SET PASSWORD FOR user = 'x'`: its literal.
#[must_use]
pub(super) fn set_password(text: &str, bounds: &Range<usize>, name: &Range<usize>) -> Option<Pair> {
    let bytes = text.as_bytes();
    if !bytes[name.clone()].eq_ignore_ascii_case(b"password") {
        return None;
    }
    let before = bytes[bounds.start..name.start].trim_ascii_end();
    let sets = before.len().checked_sub(3).is_some_and(|start| before[start..].eq_ignore_ascii_case(b"set"));
    if !sets {
        return None;
    }
    let rest = &bytes[name.end..bounds.end.min(name.end + MAX_STATEMENT)];
    let rest = &rest[..memchr::memchr2(b';', b'\n', rest).unwrap_or(rest.len())];
    let sign = memchr::memchr(b'=', rest).filter(|_| rest.trim_ascii_start().to_ascii_lowercase().starts_with(b"for "));
    let start = blanks(bytes, name.end + sign? + 1, bounds.end);
    let literal = literal_at(bytes, start, bounds.end)?;
    Some(Pair { name: name.clone(), value: literal.content })
}

/// What a statement inserts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inserted {
    /// The byte after the list of columns.
    pub columns_end: usize,
    /// The byte after the rows that were read.
    pub rows_end: usize,
    /// Columns and the string literals in them, row by row.
    pub cells: Vec<Pair>,
}

/// For the name of a column that rows are inserted into: all columns of the list with their string literals.
/// Nothing when it is no such name.
#[must_use]
pub(super) fn inserted(text: &str, bounds: &Range<usize>, name: &Range<usize>) -> Option<Inserted> {
    let bytes = text.as_bytes();
    // Most names end here: no list goes on behind them.
    let after = skip(bytes, name.end, bounds.end, |byte| matches!(byte, b'`' | b'"' | b']' | b'\\' | b' ' | b'\n'));
    if !matches!(bytes.get(after), Some(b',' | b')')) {
        return None;
    }
    let floor = bounds.start.max(name.start.saturating_sub(MAX_COLUMNS));
    let open = memchr::memrchr(b'(', &bytes[floor..name.start]).map(|found| floor + found)?;
    let columns = open + 1..after + memchr::memchr(b')', &bytes[after..bounds.end.min(after + MAX_COLUMNS)])?;
    if !bytes[columns.clone()].iter().all(|&byte| is_column_byte(byte)) || !fills_table(&bytes[floor..open]) {
        return None;
    }
    let end = bounds.end.min(columns.end + MAX_ROWS_LENGTH);
    let values = blanks(bytes, columns.end + 1, end);
    let word = bytes.get(values..values + "values".len())?;
    if !word.eq_ignore_ascii_case(b"values") {
        return None;
    }
    let columns_end = columns.end;
    let names = names(bytes, columns);
    let mut cells = Vec::new();
    let mut here = blanks(bytes, values + word.len(), end);
    for _ in 0..MAX_ROWS {
        let Some(row) = row(bytes, here, end.min(here + MAX_ROW)) else { break };
        let literals = row.literals.into_iter().filter_map(|(place, value)| {
            let whole = text.is_char_boundary(value.start) && text.is_char_boundary(value.end);
            names.get(place).filter(|_| whole).map(|name| Pair { name: name.clone(), value })
        });
        cells.extend(literals);
        let comma = blanks(bytes, row.end, end);
        here = row.end;
        if bytes.get(comma) != Some(&b',') {
            break;
        }
        here = blanks(bytes, comma + 1, end);
    }
    Some(Inserted { columns_end, rows_end: here, cells })
}

/// The names in a list of columns, their quotes left out.
fn names(bytes: &[u8], columns: Range<usize>) -> Vec<Range<usize>> {
    let mut start = columns.start;
    let parts = bytes[columns].split(|byte| *byte == b',');
    parts
        .map(|part| {
            let from = start;
            start += part.len() + 1;
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let first = part.iter().position(is_name).unwrap_or(0);
            let last = part.iter().rposition(is_name).map_or(0, |last| last + 1);
            from + first..from + last.max(first)
        })
        .collect()
}

fn is_column_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'_' | b'`' | b'"' | b'[' | b']' | b',' | b'.' | b'\\' | b'-')
}

/// Whether what stands before a list of columns is `INSERT INTO table`.
fn fills_table(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let is_table =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'`' | b'"' | b'[' | b']' | b'.' | b'\\');
    let table = before.iter().rev().take_while(|byte| is_table(byte)).count();
    let verb = before[..before.len() - table].trim_ascii_end();
    let into = verb.len().checked_sub(4).is_some_and(|start| verb[start..].eq_ignore_ascii_case(b"into"));
    table > 0 && into
}

/// One row: the columns that hold a string literal and nothing else, and the byte after it.
struct Row {
    literals: Vec<(usize, Range<usize>)>,
    end: usize,
}

/// The row that opens at `at`.
fn row(bytes: &[u8], at: usize, end: usize) -> Option<Row> {
    (bytes.get(at) == Some(&b'(') && at < end).then_some(())?;
    let (mut here, mut depth, mut place) = (blanks(bytes, at + 1, end), 0_u32, 0);
    let mut literals = Vec::new();
    let mut opens = true;
    while here < end {
        if let Some(literal) = literal_at(bytes, here, end) {
            let after = blanks(bytes, literal.end, end);
            let alone = opens && depth == 0 && matches!(bytes.get(after), Some(b',' | b')'));
            if alone && !literal.content.is_empty() {
                literals.push((place, literal.content));
            }
            (here, opens) = (after, false);
            continue;
        }
        opens = false;
        match bytes[here] {
            b'(' if depth == MAX_CALLS => return None,
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(Row { literals, end: here + 1 }),
            b')' => depth -= 1,
            b',' if depth == 0 => {
                place += 1;
                opens = true;
                here = blanks(bytes, here + 1, end);
                continue;
            }
            b'\'' | b'"' | b';' => return None,
            _ => {}
        }
        here += 1;
    }
    None
}

/// A string literal: what is between its quotes, and the byte after it.
struct Literal {
    content: Range<usize>,
    end: usize,
}

/// The literal at `at`, its prefix passed over: `'x'`, `N'x'`, `E'x'`. A doubled quote stands for one.
fn literal_at(bytes: &[u8], at: usize, end: usize) -> Option<Literal> {
    let prefix = usize::from(matches!(bytes.get(at), Some(b'N' | b'n' | b'E' | b'e')));
    let quote = *bytes.get(at + prefix).filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let start = at + prefix + 1;
    let mut here = start;
    while here < end {
        match bytes[here] {
            b'\\' => here += 2,
            byte if byte != quote => here += 1,
            _ if bytes.get(here + 1) == Some(&quote) && here + 1 < end => here += 2,
            _ => return Some(Literal { content: start..here, end: here + 1 }),
        }
    }
    None
}

fn skip(bytes: &[u8], at: usize, end: usize, test: impl Fn(u8) -> bool) -> usize {
    at + bytes.get(at..end).unwrap_or(&[]).iter().take_while(|&&byte| test(byte)).count()
}

fn blanks(bytes: &[u8], at: usize, end: usize) -> usize {
    skip(bytes, at, end, |byte| byte.is_ascii_whitespace())
}

/// Whether the value of a password's column is a hash of it: databases hold these far more often than passwords.
#[must_use]
pub(super) fn is_hash(kind: Kind, value: &str) -> bool {
    let digits = value.strip_prefix("md5").or_else(|| value.strip_prefix('*')).unwrap_or(value);
    kind == Kind::Password
        && matches!(digits.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::super::assignment::name_around;
    use super::*;

    #[test]
    fn passwords_of_users() {
        for line in [
            "CREATE USER 'a'@'%' IDENTIFIED BY 'v4lue';",
            "create user a identified by password 'v4lue'",
            "ALTER USER a IDENTIFIED WITH caching_sha2_password BY 'v4lue';",
            "CREATE USER a IDENTIFIED BY v4lue DEFAULT TABLESPACE users;",
            "GRANT CONNECT TO a IDENTIFIED BY v4lue;",
            "CREATE USER a IDENTIFIED BY \"v4lue\"",
        ] {
            assert_eq!(identified_by(line).map(|range| &line[range]), Some("v4lue"), "{line}");
        }
        for line in [
            "CREATE USER a IDENTIFIED WITH auth_socket;",
            "CREATE USER a IDENTIFIED BY VALUES 'S:8F1A';",
            "CREATE USER a IDENTIFIED WITH mysql_native_password AS '*8F1A';",
            "CREATE USER a IDENTIFIED WITH sha256_hash BY '8f1a';",
            "CREATE USER a IDENTIFIED BY &password;",
            "CREATE USER a IDENTIFIED EXTERNALLY;",
            "Each row is identified by uuid4.",
            "identified by",
        ] {
            assert_eq!(identified_by(line), None, "{line}");
        }
    }

    #[test]
    fn passwords_that_are_set() {
        let value = |text: &str| {
            let at = text.find("PASSWORD").unwrap();
            set_password(text, &(0..text.len()), &name_around(text.as_bytes(), &(0..text.len()), at)?)
                .map(|pair| text[pair.value].to_owned())
        };
        assert_eq!(value("SET PASSWORD FOR 'a'@'%' = 'v4lue';").as_deref(), Some("v4lue"));
        assert_eq!(value("SET PASSWORD FOR a = PASSWORD('x');"), None);
        assert_eq!(value("SET PASSWORD FOR a"), None);
        assert_eq!(value("RESET PASSWORD WHERE x = 'v4lue'"), None);
    }

    fn rows(text: &str) -> Option<Vec<&str>> {
        let at = text.find("passw").unwrap();
        let cells =
            inserted(text, &(0..text.len()), &name_around(text.as_bytes(), &(0..text.len()), at)?)?.cells.into_iter();
        Some(cells.filter(|cell| text[cell.name.clone()] == *"password").map(|cell| &text[cell.value]).collect())
    }

    #[test]
    fn columns_of_rows() {
        for (text, expected) in [
            ("INSERT INTO users (id,name,password) VALUES (1,'root','v4lue'),(2,'x','w0rd');", &["v4lue", "w0rd"][..]),
            (
                "insert into `users`(`password`, `id`)\nvalues\n  ('v4lue', 1),\n  (NULL, 2),\n  (N'w0rd', 3)",
                &["v4lue", "w0rd"],
            ),
            ("INSERT INTO a.[users] ([id], [password]) VALUES (f(1, 'x'), 'it''s;(')", &["it''s;("]),
            ("INSERT INTO u (a, password) VALUES ('x,y)', 'v4lue')", &["v4lue"]),
            ("INSERT INTO u (a, password) VALUES (?, ?)", &[]),
            ("INSERT INTO u (a, password) VALUES ('x', crypt('y', gen_salt('bf')))", &[]),
            ("INSERT INTO u (a, password) VALUES ('x', 'y' || z)", &[]),
            ("INSERT INTO u (a, password) VALUES ('x', 'y", &[]),
        ] {
            assert_eq!(rows(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_lists() {
        for text in [
            "INSERT INTO u (a, password) SELECT 'x', 'y'",
            "CREATE INDEX i ON u (a, password)",
            "f(user, password)",
            "INSERT INTO u VALUES (1, 'password')",
            "into u (password",
            "password,",
        ] {
            assert_eq!(rows(text), None, "{text}");
        }
    }
}
