//! Finds what is assigned to a name in text of any language: `password = "x"`, `"password": "x"`, `--password x`,
//! `<password>x</password>`, `setPassword("x")`, `password: str = 'x'`, `<add key="password" value="x"/>`.
//!
//! One lexer for all languages on purpose: what they share is far more than what they differ in, and a place that
//! holds two of them (shell in YAML, SQL in Go) needs no second one.

use std::cell::LazyCell;
use std::ops::Range;

use super::arguments::{Ends, arguments};
use super::names::{classify, normalise};

/// A name and what is assigned to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Bytes of the name.
    pub name: Range<usize>,
    /// Bytes of the value, without quotes.
    pub value: Range<usize>,
    /// Whether the value stands in quotes, or inside a larger string.
    pub quoted: bool,
}

/// Longest name and longest value that are looked at.
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 4096;
/// Longest bare value: what is longer has quotes, or is no value.
const MAX_BARE: usize = 1024;

/// How bare values end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    /// At white space or a closing sign.
    Word,
    /// At the end of the line or a comment: YAML, properties.
    Line,
}

/// Finds the assignment to a name, which [`name_around`] found. `lines` tells that bare values reach to the end of their
/// line. Looks at no byte outside `bounds`.
#[must_use]
pub(super) fn assignment_to(text: &str, bounds: &Range<usize>, name: &Range<usize>, lines: bool) -> Option<Assignment> {
    let bytes = text.as_bytes();
    let name = name.clone();
    let cursor = Cursor { bytes, end: bounds.end };
    let value = cursor.value_after(bounds.start, &name, lines)?;
    let inner = without_escaped_quotes(bytes, trim(bytes, value.0));
    (inner.start < inner.end && text.is_char_boundary(inner.start) && text.is_char_boundary(inner.end))
        .then_some(Assignment { name, value: inner, quoted: value.1 })
}

/// The string literal that opens at `at`, without its quotes.
#[must_use]
pub(super) fn string_at(bytes: &[u8], end: usize, at: usize) -> Option<Range<usize>> {
    Cursor { bytes, end }.quoted(at).map(|(range, _)| range)
}

/// The string literal at `at`, without quotes, prefixes and the calls it is wrapped in.
#[must_use]
pub(super) fn literal_at(bytes: &[u8], end: usize, at: usize) -> Option<Range<usize>> {
    Cursor { bytes, end }.literal(at, Bare::Word, false).map(|(range, _)| range)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The name that a byte is part of.
pub(super) fn name_around(bytes: &[u8], bounds: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let floor = bounds.start.max(at.saturating_sub(MAX_NAME));
    let ceiling = bounds.end.min(at + MAX_NAME);
    let mut start = at;
    // `checksum/secret` is one name, as Kubernetes writes them; `?x/password` is not.
    let joins = |at: usize| {
        bytes[at] == b'/'
            && at > floor
            && bytes[at - 1].is_ascii_alphanumeric()
            && bytes[at + 1].is_ascii_alphanumeric()
    };
    while start > floor && (is_name_byte(bytes[start - 1]) || joins(start - 1)) {
        start -= 1;
    }
    let mut end = at;
    while end < ceiling && is_name_byte(bytes[end]) {
        end += 1;
    }
    while start < end && matches!(bytes[start], b'-' | b'.') {
        start += 1;
    }
    while end > start && matches!(bytes[end - 1], b'-' | b'.') {
        end -= 1;
    }
    (at < end && start <= at).then_some(start..end)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    end: usize,
}

impl Cursor<'_> {
    fn at(&self, at: usize) -> u8 {
        if at < self.end { self.bytes[at] } else { b'\n' }
    }

    /// Where the line of a byte begins; of very long lines, only what lies near.
    fn line_start(&self, floor: usize, at: usize) -> usize {
        let floor = floor.max(at.saturating_sub(1024));
        memchr::memrchr(b'\n', &self.bytes[floor..at]).map_or(floor, |found| floor + found + 1)
    }

    fn starts(&self, at: usize, text: &str) -> bool {
        self.bytes[at.min(self.end)..self.end].starts_with(text.as_bytes())
    }

    fn blanks(&self, mut at: usize) -> usize {
        while matches!(self.at(at), b' ' | b'\t') {
            at += 1;
        }
        at
    }

    /// The value after a name, and whether it was quoted.
    fn value_after(&self, floor: usize, name: &Range<usize>, lines: bool) -> Option<(Range<usize>, bool)> {
        let before = if name.start > floor { self.bytes[name.start - 1] } else { b'\n' };
        // `$NAME` and `${NAME}` are uses, unless something is assigned: `$password = 'x'`.
        let opening = self.opening(floor, name);
        let urn = before == b':'
            && opening.is_none()
            && !self.bytes[floor..name.start].last_chunk::<5>().is_some_and(|end| end.eq_ignore_ascii_case(b"$env:"))
            && name.start >= floor + 2
            && !self.bytes[name.start - 2].is_ascii_whitespace();
        if urn {
            return None;
        }
        let used =
            matches!(before, b'$') || (before == b'{' && name.start >= floor + 2 && self.bytes[name.start - 2] == b'$');
        if used && before == b'{' {
            return self.variable_default(name.end);
        }
        let option = before == b'-';
        let tag = before == b'<';
        let mut at = name.end;
        let escaped = self.at(at) == b'\\' && matches!(self.at(at + 1), b'"' | b'\'');
        let quote = if escaped { self.at(at + 1) } else { self.at(at) };
        let name_quoted = matches!(quote, b'"' | b'\'' | b'`')
            && (matches!(before, b'"' | b'\'' | b'`' | b'.' | b'-') || before == quote || opening.is_some());
        // Looks at all of the line before the name, and most names have nothing behind them that would ask.
        let open = LazyCell::new(|| if name_quoted { None } else { self.open_quote(floor, name.start) });
        if name_quoted {
            at += if escaped { 2 } else { 1 };
        }
        while matches!(self.at(at), b']' | b'?' | b'!') && self.at(at + 1) != b'=' || self.at(at) == b']' {
            at += 1;
        }
        let indexed = self.at(at.saturating_sub(1)) == b']';
        let after_name = at;
        at = self.blanks(at);
        if tag && self.at(after_name) == b'>' {
            return self.element(after_name + 1);
        }
        if name_quoted && let Some(found) = self.attribute(at) {
            return Some(found);
        }
        if let Some(found) = self.filter_default(at) {
            return Some(found);
        }
        if let Some(found) = self.fallback_after(at, lines) {
            return Some(found);
        }
        if name_quoted
            && self.at(at) == b','
            && let Some(found) = self.default_argument(at + 1)
        {
            return Some(found);
        }
        if self.starts(at, "[]") {
            at = self.blanks(at + 2);
        }
        if self.starts(at, "{ get") {
            // A C# property with an initial value: `ApiKey { get; set; } = "…"`.
            at = self.blanks(memchr::memchr(b'}', &self.bytes[at..self.end]).map(|found| at + found + 1)?);
        }
        // `"ecr:GetAuthorizationToken"` is one of several equal arguments.
        let path = before == b':';
        let string = opening.filter(|_| !path).unwrap_or(name.start.saturating_sub(1).max(floor));
        let opened = self.bytes[floor..string].trim_ascii_end().ends_with(b"(");
        let opened = opened || name_quoted && self.at(at) == b',' && self.is_key(floor, string, at);
        let getter = self.at(at) == b'(' && is_getter(&self.bytes[name.clone()]);
        let separator = if getter { Separator::None } else { self.separator(at, name_quoted && !indexed, opened)? };
        let (mut at, colon) = match separator {
            Separator::Sign(width, sign) => (at + width, sign == b':'),
            Separator::None
                if matches!(self.at(at), b'"' | b'\'')
                    && at > after_name
                    && !name_quoted
                    && !used
                    && !is_action(&self.bytes[name.clone()])
                    && (lines || before == b':' || self.defines(floor, name.start)) =>
            {
                return self.quoted(at);
            }
            Separator::None if at > after_name && !used && (option || self.space_separated(floor, name)) => {
                return self.literal(at, Bare::Word, true).filter(|(range, _)| self.at(range.start) != b'-');
            }
            Separator::None if self.bytes[name.clone()].eq_ignore_ascii_case(b"bearer") && at > after_name => {
                return self.literal(at, Bare::Word, true);
            }
            // Go declares between name and sign: `var password string = "x"`.
            Separator::None => {
                let kind = ["string ", "[]byte ", "*string "].iter().find(|kind| self.starts(at, kind))?;
                let sign = self.blanks(at + kind.len());
                ((self.at(sign) == b'=' && self.at(sign + 1) != b'=').then_some(sign + 1)?, false)
            }
        };
        // `:=` declares in languages where a bare value is an expression.
        let variable =
            self.bytes[name.clone()].iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'));
        let declares = self.at(at - 1) == b'=' && self.at(at.saturating_sub(2)) == b':' && !variable;
        if used && colon {
            return None;
        }
        let tight = !matches!(self.at(at), b' ' | b'\t');
        // `a:b` is an address, a URN or a metric; only at the start of a line may it be an assignment.
        if colon
            && tight
            && !name_quoted
            && !matches!(self.at(at), b'"' | b'\'' | b'`' | b'\\')
            && !self.opens_line(floor, name.start)
        {
            return None;
        }
        // `PASSWORD :'name'` is a variable of psql.
        if colon && tight && self.blanks(name.end) > name.end && !name_quoted {
            return None;
        }
        // In a flow mapping a value ends with its entry and not with its line.
        let flow = self.bytes[floor..name.start].trim_ascii_end().ends_with(b"{");
        let in_string = open.is_some();
        let argument = option || self.is_argument(floor, name.start);
        let bare = if lines && !in_string && !argument && !flow { Bare::Line } else { Bare::Word };
        // `NAME=value next` is how shells and Dockerfiles write; `name = any words` is how properties do.
        let property = memchr::memchr(b'.', &self.bytes[name.clone()]).is_some();
        let bare = if !colon && tight && !property { Bare::Word } else { bare };
        at = self.blanks(at);
        // `"PWD=" + dir`: the string ends here, and an expression goes on.
        let after = self.at(self.blanks(at + 1));
        if *open == Some(self.at(at)) && matches!(after, b'+' | b'.' | b',' | b')' | b'%' | b';' | b'\n' | b'\r') {
            return None;
        }
        // Formatters of code put a long literal on the next line.
        let continued = self.at(at) == b'\\' && matches!(self.at(at + 1), b'\n' | b'\r');
        if !lines && (continued || matches!(self.at(at), b'\n' | b'\r')) {
            let next = at
                + self.bytes[at..self.end.min(at + 120)]
                    .iter()
                    .position(|byte| !byte.is_ascii_whitespace() && *byte != b'\\')?;
            return matches!(self.at(next), b'"' | b'\'').then(|| self.quoted(next)).flatten();
        }
        if colon && let Some(typed) = self.past_type(at) {
            at = typed;
        }
        // A value on the next line is another construct, except after brackets, which no assignment needs.
        // After `"--token",` a bare word is another argument.
        let option = option && !(name_quoted && self.at(after_name) == b',');
        self.literal(at, bare, (in_string || option || lines) && !declares)
            .map(|(range, quoted)| (range, quoted || in_string))
            .or_else(|| self.alternative(at))
    }

    /// What stands between name and value.
    fn separator(&self, at: usize, name_quoted: bool, first_argument: bool) -> Option<Separator> {
        let two = |a: u8, b: u8| self.at(at) == a && self.at(at + 1) == b;
        let sign = match self.at(at) {
            b'=' if two(b'=', b'>') => Separator::Sign(2, b'='),
            b'=' if two(b'=', b'=') || two(b'=', b'~') => return None,
            b'=' => Separator::Sign(1, b'='),
            b':' if two(b':', b'=') => Separator::Sign(2, b'='),
            b':' if two(b':', b':') => return None,
            b':' => Separator::Sign(1, b':'),
            b'+' | b'?' | b'|' if self.at(at + 1) == b'=' => Separator::Sign(2, b'='),
            b'|' if self.starts(at, "||=") => Separator::Sign(3, b'='),
            b'<' if self.starts(at, "<- ") => Separator::Sign(2, b'='),
            b'-' if name_quoted && self.starts(at, "-> ") => Separator::Sign(2, b'='),
            b'A' if self.starts(at, "As String = ") => Separator::Sign(11, b'='),
            b'?' if self.starts(at, "??=") => Separator::Sign(3, b'='),
            // `put("password", "x")`; in a list the next string has nothing to do with this one.
            b',' if name_quoted && first_argument => Separator::Sign(1, b','),
            // `Password("x")`, and `std::string password{"x"}`.
            b'(' | b'{' if matches!(self.at(at + 1), b'"' | b'\'') => Separator::Sign(1, b'('),
            b't' if name_quoted && (self.starts(at, "to \"") || self.starts(at, "to '")) => Separator::Sign(3, b'='),
            b'%' if self.starts(at, "%3D") || self.starts(at, "%3d") => Separator::Sign(3, b'='),
            _ => Separator::None,
        };
        Some(sign)
    }

    /// Whether the name opens its line in a way that a space separates it from its value: `password x` in
    /// `.netrc` and Redis configuration, `ENV PASSWORD x`, `define('PASSWORD', …)` is not.
    fn space_separated(&self, floor: usize, name: &Range<usize>) -> bool {
        let line = self.line_start(floor, name.start);
        let head = self.bytes[line..name.start].trim_ascii();
        // The start of a scalar is not the start of a line.
        if line == floor && floor > 0 && self.bytes[floor - 1] != b'\n' {
            return false;
        }
        let netrc = head.len() > b"machine login ".len()
            && memchr::memmem::find(head, b"machine ").is_some()
            && memchr::memmem::find(head, b"login ").is_some();
        let opens = netrc
            || head.is_empty()
            || head.eq_ignore_ascii_case(b"env")
            || head.eq_ignore_ascii_case(b"arg")
            || head.eq_ignore_ascii_case(b"setenv")
            || head.eq_ignore_ascii_case(b"setx")
            || head.starts_with(b"machine ")
            || head.starts_with(b"login ")
            || head.starts_with(b"default login");
        let value = self.blanks(name.end);
        let limit = self.end.min(value + MAX_BARE);
        let end = memchr::memchr(b'\n', &self.bytes[value..limit]).map_or(limit, |found| value + found);
        opens && (netrc || !self.bytes[value..end].trim_ascii().contains(&b' '))
            || head.starts_with(b"machine ")
            || head.eq_ignore_ascii_case(b"env") && matches!(self.at(value), b'"' | b'\'')
    }

    /// Whether only white space, a list sign or `export` stands before the name on its line.
    fn opens_line(&self, floor: usize, at: usize) -> bool {
        let line = self.line_start(floor, at);
        let opened = line > floor || floor == 0 || self.bytes[floor - 1] == b'\n';
        opened && self.bytes[line..at].iter().all(|byte| byte.is_ascii_whitespace() || *byte == b'-')
    }

    /// Whether the name is part of what an option takes: `--set auth.password=x`, `--set=a=b,auth.password=x`.
    fn is_argument(&self, floor: usize, at: usize) -> bool {
        let head = &self.bytes[self.line_start(floor, at)..at];
        let word = head.iter().rposition(u8::is_ascii_whitespace).map_or(0, |space| space + 1);
        let before = head[..word].trim_ascii_end();
        let before = &before[before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |space| space + 1)..];
        let is_option = |word: &[u8]| {
            let letters = word.iter().skip_while(|byte| **byte == b'-').copied().next();
            word.starts_with(b"-") && letters.is_some_and(|byte| byte.is_ascii_alphabetic())
        };
        is_option(&head[word..]) || is_option(before)
    }

    /// Whether the name is one that C's preprocessor defines.
    fn defines(&self, floor: usize, at: usize) -> bool {
        self.bytes[floor..at].trim_ascii_end().ends_with(b"#define")
    }

    /// `${NAME:-literal}` of shells, `${name:literal}` of Spring.
    fn variable_default(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let mut start = at;
        match (self.at(at), self.at(at + 1)) {
            (b':', b'-' | b'=') => start += 2,
            (b':', b'?' | b'+' | b'/') => return None,
            (b':', _) => start += 1,
            (b'-', _) => start += 1,
            _ => return None,
        }
        let limit = self.end.min(start + 256);
        let end = memchr::memchr3(b'}', b'\n', b'$', &self.bytes[start..limit]).map(|found| start + found)?;
        // A second colon makes it `${provider:path:key}`.
        let plain = self.at(end) == b'}' && end > start && !self.bytes[start..end].contains(&b':');
        // `${flyway:app_password}` names a placeholder of Flyway's: an identifier is no default that anyone sets.
        let identifier = self.bytes[start..end].iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
            && self.bytes[start..end].contains(&b'_');
        (plain && !identifier).then_some((start..end, true))
    }

    /// `name | default('literal')` of templates.
    fn filter_default(&self, at: usize) -> Option<(Range<usize>, bool)> {
        if self.at(at) != b'|' {
            return None;
        }
        let at = self.blanks(at + 1);
        let at = self.starts(at, "default").then_some(at + "default".len())?;
        let mut at = self.blanks(at);
        if self.at(at) == b'(' {
            at = self.blanks(at + 1);
        }
        matches!(self.at(at), b'"' | b'\'').then(|| self.quoted(at)).flatten()
    }

    /// The literal that stands in when an expression gives nothing: `getenv("X") or "literal"`, `x ?? 'literal'`,
    /// `env::var("X").unwrap_or("literal")`.
    fn alternative(&self, at: usize) -> Option<(Range<usize>, bool)> {
        const SIGNS: [&str; 9] =
            ["?? ", "|| ", " or ", "?: ", "unwrap_or(", "unwrap_or_else(", "orElse(", "getOrDefault(", ", "];
        let limit = self.end.min(at + 256);
        let line = &self.bytes[at..memchr::memchr(b'\n', &self.bytes[at..limit]).map_or(limit, |found| at + found)];
        let head = line.to_ascii_lowercase();
        let reads = ["env", "config", "getprop", "option"]
            .iter()
            .any(|word| memchr::memmem::find(&head, word.as_bytes()).is_some());
        if !reads {
            return None;
        }
        SIGNS.iter().find_map(|sign| {
            let found = memchr::memmem::find(line, sign.as_bytes())?;
            let from = found + sign.len();
            let quote = line[from..line.len().min(from + 8)].iter().position(|byte| matches!(byte, b'"' | b'\''))?;
            self.quoted(at + from + quote)
        })
    }

    /// The literal that stands in for a name when that gives nothing: `name || "literal"`,
    /// `getenv("NAME") or "literal"`, `ENV.fetch("NAME") { "literal" }`.
    fn fallback_after(&self, at: usize, lines: bool) -> Option<(Range<usize>, bool)> {
        const SIGNS: [&str; 7] = ["||", "??", "?:", ".unwrap_or(", ".unwrap_or_else(", ".orElse(", ".getOrElse("];
        let closers = (at..self.end.min(at + 3)).take_while(|&at| self.at(at) == b')').count();
        let here = self.blanks(at + closers);
        let sign = SIGNS.iter().find(|sign| self.starts(here, sign)).map(|sign| sign.len());
        // In text for people `or` is a word, and a brace opens a block unless a call stands before it.
        let word = self.starts(here, "or ") && (closers > 0 || !lines);
        let block = self.starts(here, "{ ") && closers > 0;
        let from = here + sign.or(word.then_some(3)).or(block.then_some(2))?;
        // A closure may stand between: `|_| "literal"`, `() -> "literal"`.
        let gap = (from..self.end.min(from + 8)).take_while(|&at| b" |_()->".contains(&self.at(at))).count();
        matches!(self.at(from + gap), b'"' | b'\'').then(|| self.quoted(from + gap)).flatten()
    }

    /// The literal of a `default` among the arguments after a name: `add_argument("--token", default="literal")`,
    /// `option("token", { default: "literal" })`.
    fn default_argument(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let bounds = at..self.end;
        let rest = arguments(self.bytes, &bounds, at, Ends::Bracket);
        let object = rest.first().filter(|first| self.at(first.start) == b'{').map(|first| first.start + 1);
        let inside = object.map_or_else(Vec::new, |start| arguments(self.bytes, &bounds, start, Ends::Bracket));
        rest.iter().chain(&inside).find_map(|argument| {
            let name = name_around(self.bytes, argument, argument.start)?;
            let is_default = [&b"default"[..], b"default_value", b"defaultValue"].contains(&&self.bytes[name.clone()]);
            let sign = self.blanks(name.end);
            (is_default && matches!(self.at(sign), b'=' | b':')).then(|| self.literal(sign + 1, Bare::Word, false))?
        })
    }

    /// Whether the string that opens at `string` and has a comma at `comma` after it is the key of the next one:
    /// `Map.of("user", "a", "token", "…")`, `StringVar(&token, "token", "…")`, `{ "token", "…" }`.
    fn is_key(&self, floor: usize, string: usize, comma: usize) -> bool {
        let near = floor.max(string.saturating_sub(256));
        let before = &self.bytes[near..string];
        if before.trim_ascii_end().ends_with(b"{") {
            return self.is_pair(comma);
        }
        let position = |call: &str| {
            let start = near + memchr::memmem::rfind(before, call.as_bytes())? + call.len();
            let bounds = near..self.end;
            arguments(self.bytes, &bounds, start, Ends::Bracket).iter().position(|argument| argument.start == string)
        };
        position("Map.of(").is_some_and(|position| position % 2 == 0)
            || ["StringVar(", "buildConfigField(", "resValue("].iter().any(|call| position(call) == Some(1))
    }

    /// Whether one string is all that follows a comma, and is neither a name like the one before nor written in
    /// escapes: lists of fields and generated tables look like pairs.
    fn is_pair(&self, comma: usize) -> bool {
        let Some((value, _)) = self.literal(self.blanks(comma + 1), Bare::Word, false) else { return false };
        let name = normalise(&String::from_utf8_lossy(&self.bytes[value.clone()]));
        let escaped = self.bytes[value.clone()].contains(&b'\\');
        self.at(self.blanks(value.end + 1)) == b'}' && !escaped && classify(&name).is_none()
    }

    /// Where the string opens of which the name is the end: `"--token"`, `"#password"`, `"Jwt:Secret"`.
    fn opening(&self, floor: usize, name: &Range<usize>) -> Option<usize> {
        let quote = self.at(name.end);
        let floor = floor.max(name.start.saturating_sub(64));
        let joins = |byte: u8| is_name_byte(byte) || matches!(byte, b':' | b'#');
        let start = (floor..name.start).rev().find(|&at| !joins(self.bytes[at]))?;
        (matches!(quote, b'"' | b'\'' | b'`') && self.bytes[start] == quote).then_some(start)
    }

    /// `>value</`.
    fn element(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let limit = self.end.min(at + MAX_VALUE);
        let end = memchr::memchr2(b'<', b'\n', &self.bytes[at..limit]).map(|found| at + found)?;
        // `Mono<PasswordMetadata> decode(Publisher<Buffer> input)` is no element.
        self.starts(end, "</").then_some((at..end, true))
    }

    /// `"name" value="…"`, in XML; attributes may stand between.
    fn attribute(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let line = self.end.min(at + 256);
        let rest = &self.bytes[at..line];
        let rest = &rest[..memchr::memchr2(b'>', b'\n', rest).unwrap_or(rest.len())];
        let found = memchr::memmem::find(rest, b"value=").or_else(|| memchr::memmem::find(rest, b"Value="))?;
        let clean = rest[..found].iter().all(|&byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\t' | b'=' | b'"' | b'\'' | b'-' | b'_')
        });
        let quote = self.at(at + found + 6);
        (clean && matches!(quote, b'"' | b'\'')).then(|| self.quoted(at + found + 6)).flatten()
    }

    /// Passes over a type annotation: `: str = "x"`, `: &'static str = "x"`, `: Option<String> = …`.
    fn past_type(&self, at: usize) -> Option<usize> {
        let mut here = at;
        while here < self.end.min(at + 48) {
            match self.at(here) {
                b'=' if here > at && self.at(here + 1) != b'=' && self.at(here + 1) != b'>' => {
                    return Some(self.blanks(here + 1));
                }
                b'A'..=b'Z'
                | b'a'..=b'z'
                | b'0'..=b'9'
                | b'_'
                | b'<'
                | b'>'
                | b'['
                | b']'
                | b'&'
                | b'*'
                | b'.'
                | b'|'
                | b'?'
                | b' '
                | b':' => here += 1,
                b'\'' if self.starts(here, "'static") => here += 7,
                _ => return None,
            }
        }
        None
    }

    /// The literal at `at`: quoted, wrapped in a call, or bare.
    fn literal(&self, at: usize, bare: Bare, bare_allowed: bool) -> Option<(Range<usize>, bool)> {
        let at = self.past_wrapper(self.blanks(at));
        match self.at(at) {
            // A quote that is never closed: the line is broken, its value is there all the same.
            b'"' | b'\'' if bare == Bare::Line => {
                self.quoted(at).or_else(|| Some((at + 1..self.bare_end(at + 1, bare), true)))
            }
            b'"' | b'\'' | b'`' => self.quoted(at),
            b'\\' if matches!(self.at(at + 1), b'"' | b'\'') => self.escaped(at),
            b'\n' | b'\r' | b'{' | b'[' | b',' | b';' | b')' | b'&' | b'|' | b'>' => None,
            _ if bare_allowed => Some((at..self.bare_end(at, bare), false)),
            _ => None,
        }
    }

    /// Passes over string prefixes and constructors: `r"x"`, `b'x'`, `String::from("x")`, `[]byte("x")`, `new Secret("x")`, `!!str "x"`.
    fn past_wrapper(&self, at: usize) -> usize {
        if self.starts(at, "ConvertTo-SecureString ") {
            return self.blanks(at + "ConvertTo-SecureString".len());
        }
        let mut here = at;
        while here < self.end.min(at + 48) {
            match self.at(here) {
                b'"' | b'\''
                    if here - at <= 2 || (self.at(here - 1) == b'(' && !reads_elsewhere(&self.bytes[at..here])) =>
                {
                    return here;
                }
                b'A'..=b'Z'
                | b'a'..=b'z'
                | b'0'..=b'9'
                | b'_'
                | b'.'
                | b':'
                | b'<'
                | b'>'
                | b'['
                | b']'
                | b'('
                | b'@'
                | b'&'
                | b'#' => here += 1,
                b' ' if self.bytes[at..here] == *b"new" || self.bytes[at..here].starts_with(b"!!") => here += 1,
                _ => return at,
            }
        }
        at
    }

    fn quoted(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let quote = self.at(at);
        let triple = self.at(at + 1) == quote && self.at(at + 2) == quote;
        let start = if triple { at + 3 } else { at + 1 };
        let mut here = start;
        while here < self.end.min(start + MAX_VALUE) {
            let byte = self.at(here);
            if byte == b'\\' {
                here += 2;
            } else if byte == quote && (!triple || self.at(here + 1) == quote && self.at(here + 2) == quote) {
                return Some((start..here, true));
            } else if byte == b'\n' && !triple && quote != b'`' {
                return None;
            } else {
                here += 1;
            }
        }
        None
    }

    /// A string in a string: `\"value\"`.
    fn escaped(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let closer = [b'\\', self.at(at + 1)];
        let start = at + 2;
        let limit = self.end.min(start + MAX_VALUE);
        let end = memchr::memmem::find(&self.bytes[start..limit], &closer).map(|found| start + found)?;
        (!self.bytes[start..end].contains(&b'\n')).then_some((start..end, true))
    }

    fn bare_end(&self, at: usize, bare: Bare) -> usize {
        let limit = self.end.min(at + MAX_BARE);
        let mut here = at;
        while here < limit {
            let byte = self.bytes[here];
            let ends = match bare {
                Bare::Line => {
                    matches!(byte, b'\n' | b'\r')
                        || (byte == b'\\' && matches!(self.at(here + 1), b'\n' | b'\r'))
                        || (byte == b'#' && here > at && matches!(self.bytes[here - 1], b' ' | b'\t'))
                }
                Bare::Word => {
                    byte.is_ascii_whitespace()
                        || matches!(byte, b'"' | b'\'' | b'`' | b';' | b'<' | b'>' | b')' | b'}' | b']' | b'|' | b'\\')
                        || byte == b','
                        || byte == b'&'
                }
            };
            if ends {
                break;
            }
            here += 1;
        }
        here
    }

    /// The quote of a string that was opened earlier on the line and is still open at `at`.
    fn open_quote(&self, floor: usize, at: usize) -> Option<u8> {
        let floor = floor.max(at.saturating_sub(512));
        let line = self.line_start(floor, at);
        let mut open = None;
        let mut here = line;
        while here < at {
            let byte = self.bytes[here];
            match open {
                _ if byte == b'\\' => here += 1,
                None if matches!(byte, b'"' | b'`')
                    || byte == b'\'' && !(here > line && self.bytes[here - 1].is_ascii_alphanumeric()) =>
                {
                    open = Some(byte)
                }
                Some(quote) if quote == byte => open = None,
                _ => {}
            }
            here += 1;
        }
        open
    }
}

/// Whether a call looks its argument up and does not wrap it: `getenv("X")`, `ENV.fetch("X")`, `config.get("x")`.
fn reads_elsewhere(call: &[u8]) -> bool {
    let call = call.to_ascii_lowercase();
    // .NET turns a string into bytes with a method that looks like a getter.
    let call = call.strip_suffix(b"getbytes(").unwrap_or(&call);
    [
        "env", "get", "fetch", "lookup", "read", "find", "load", "config", "prompt", "input", "resolve", "param",
        "secret(", "vault", "open", "decrypt",
    ]
    .iter()
    .any(|word| memchr::memmem::find(call, word.as_bytes()).is_some())
}

/// Whether a name begins with a verb: in a shell `check_pass "all is well"` is a call, and its argument is anything.
fn is_action(name: &[u8]) -> bool {
    const VERBS: [&str; 12] =
        ["set", "check", "get", "assert", "test", "verify", "log", "print", "show", "validate", "expect", "mark"];
    let name = normalise(&String::from_utf8_lossy(name));
    name.split_once('_').is_some_and(|(verb, _)| VERBS.contains(&verb))
}

/// Whether a name is that of a call that takes the name of what it gives: `get_secret_value("hub.cookie_secret")`.
/// So is what changes a string's form: `self._password.encode('latin1')`.
fn is_getter(name: &[u8]) -> bool {
    const VERBS: [&str; 8] = ["get", "fetch", "read", "load", "find", "lookup", "resolve", "extract"];
    const METHODS: [&str; 7] = ["encode", "decode", "split", "strip", "replace", "startswith", "endswith"];
    let name = String::from_utf8_lossy(name);
    if name.rsplit_once('.').is_some_and(|(_, method)| METHODS.contains(&method.to_ascii_lowercase().as_str())) {
        return true;
    }
    let name = normalise(&name);
    name.split_once('_').is_some_and(|(verb, _)| VERBS.contains(&verb))
}

enum Separator {
    Sign(usize, u8),
    None,
}

/// A string in a string, `"\"value\""`, as Gradle takes what it writes into a program.
fn without_escaped_quotes(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let inside = bytes[range.clone()].strip_prefix(b"\\\"").and_then(|rest| rest.strip_suffix(b"\\\""));
    inside.map_or(range.clone(), |inside| range.start + 2..range.start + 2 + inside.len())
}

/// Takes white space off both ends.
fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let mut range = range;
    while range.start < range.end && bytes[range.start].is_ascii_whitespace() {
        range.start += 1;
    }
    while range.end > range.start && bytes[range.end - 1].is_ascii_whitespace() {
        range.end -= 1;
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, lines: bool) -> Option<&str> {
        let at = text.to_ascii_lowercase().find("pass")?;
        assignment_to(text, &(0..text.len()), &name_around(text.as_bytes(), &(0..text.len()), at)?, lines)
            .map(|found| &text[found.value])
    }

    #[test]
    fn assignments_of_many_languages() {
        for text in [
            r#"password = "s3cret""#,
            "password='s3cret'",
            r#"{"password": "s3cret", "user": "x"}"#,
            r#"'password' => 's3cret',"#,
            r#"let password: &str = "s3cret";"#,
            r#"password: str = "s3cret""#,
            r#"var password string = "s3cret""#,
            r#"password := "s3cret""#,
            r#"cfg["password"] = "s3cret""#,
            r#"props.setProperty("password", "s3cret");"#,
            r#"user.setPassword("s3cret");"#,
            r#"password = String::from("s3cret")"#,
            r#"Password: []byte("s3cret"),"#,
            "<password>s3cret</password>",
            r#"<add key="password" value="s3cret"/>"#,
            r#"<property name="password" value="s3cret" />"#,
            r#"cmd := "--password=s3cret --verbose""#,
            r#""{\"password\":\"s3cret\"}""#,
            "mysql --password s3cret db",
            "$password = 's3cret';",
            "const password = `s3cret`",
            "curl 'https://x/?password=s3cret&a=b'",
            "machine x login y password s3cret",
            "ENV DB_PASSWORD s3cret",
            r#"define("DB_PASSWORD", "s3cret");"#,
            "login(password=\"s3cret\")",
            "password = os.getenv(\"DB\") or \"s3cret\"",
            "password: process.env.DB_PASS ?? 's3cret',",
            "let password = env::var(\"DB\").unwrap_or(\"s3cret\")",
            "url=${DB_PASSWORD:-s3cret}",
            "@Value(\"${db.password:s3cret}\")",
            "{{ db_password | default('s3cret', true) }}",
            "public string Password { get; init; } = \"s3cret\";",
            "\"storePassword\" to \"s3cret\",",
            "$password = ConvertTo-SecureString 's3cret' -AsPlainText",
            "$env:DB_PASSWORD = \"s3cret\"",
            "const password =\n    \"s3cret\";",
            "login(password=\n  's3cret')",
            "#define DB_PASSWORD \"s3cret\"",
            "char password[] = \"s3cret\";",
            "ENV[\"PASSWORD\"] ||= \"s3cret\"",
            "password <- \"s3cret\"",
            "Dim password As String = \"s3cret\"",
            "y = os.environ.get(\"DB_PASSWORD\") or \"s3cret\"",
            "const k = process.env.PASSWORD || 's3cret';",
            "val t = System.getenv(\"PASSWORD\") ?: \"s3cret\"",
            "k = ENV.fetch('PASSWORD') { 's3cret' }",
            "self.x = password or 's3cret'",
            "let x = env::var(\"PASSWORD\").unwrap_or_else(|_| \"s3cret\".into());",
            "parser.add_argument(\"--password\", type=str, default=\"s3cret\")",
            "@click.option('--password', help='a, b',\n  default='s3cret')",
            ".option('password', { type: 'string', default: 's3cret' })",
            "flag.StringVar(&pw, \"password\", \"s3cret\", \"the password\")",
            "Map.of(\"user\", \"a\", \"password\", \"s3cret\")",
            "[\"Db:Password\"] = \"s3cret\",",
            "{ \"password\", \"s3cret\" }",
            "password = Encoding.UTF8.GetBytes(\"s3cret\")",
            "buildConfigField(\"String\", \"PASSWORD\", \"\\\"s3cret\\\"\")",
            "page.fill(\"#password\", \"s3cret\")",
        ] {
            assert_eq!(value(text, false), Some("s3cret"), "{text}");
        }
    }

    #[test]
    fn bare_values_of_configuration() {
        for (text, expected) in [
            ("password: s3cret # comment", "s3cret"),
            ("db.password = s3cret with spaces", "s3cret with spaces"),
            ("ALTER USER x PASSWORD 's3cret'", "s3cret"),
            ("export PASSWORD=s3cret", "s3cret"),
            ("PGPASSWORD=s3cret pg_dump", "s3cret"),
            ("password: 's3cret'", "s3cret"),
            ("helm upgrade x --set auth.password=s3cret,replicas=2 --wait", "s3cret"),
            ("  --set=a=b,auth.password=s3cret --wait", "s3cret"),
            ("- db.password=s3cret with spaces", "s3cret with spaces"),
        ] {
            assert_eq!(value(text, true), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_assignment() {
        for text in [
            "if password == \"x\"",
            "password = getenv(name)",
            "echo $PASSWORD",
            "the password is secret",
            "password: ",
            "func password(s string)",
            "password, err := read()",
            "PasswordHasher::new()",
            "arn:aws:x:password:y",
            "allow(\"ecr:GetPassword\", \"ecr:Read\")",
            "Map.of(\"a\", \"password\", \"b\", \"c\")",
            "{ \"password\", \"newPassword\" }",
            "{ \"password\", \"user\", \"mail\" }",
            "{ \"password\", \"\\x04r\\x86\" }",
            "if (password || force) {",
            "password ||= prompt()",
            "add_argument(\"--password\", default=None)",
            "X=/run/secrets/password Y=z",
            "password := input.review",
            "password = ENV.fetch(\"DB_PASSWORD\")",
            "ALTER USER x WITH PASSWORD :'x'",
            "${DB_PASSWORD:?missing}",
            "f('root', os.environ['DB_PASSWORD'], using='default')",
            "adds \"mypass\" to the list",
            "[\"a\", \"password\", \"other\"]",
            "env(\"password=\"+dir, \"B=\"+b)",
            "HasPrefix(line, \"--- PASS: \"+name+\" \")",
            "get_password_value(\"hub.password\").split(\";\")",
            "public Mono<UserPassword> decode(Publisher<Buffer> input)",
        ] {
            assert_eq!(value(text, false), None, "{text}");
        }
    }
}
