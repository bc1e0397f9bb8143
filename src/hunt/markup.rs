//! Names and values of markup: `<string name="password">x</string>`, `<name>db.password</name> <value>x</value>`,
//! `<key>APIKey</key> <string>x</string>`, `<add value="x" key="Password"/>`.
//!
//! No parser of XML: what is scanned may be a part of a file, or a template of one. One tag around the hit is read, and
//! a few elements after it.

use std::ops::Range;

use super::pairs::Pair;

/// Longest tag, and longest text of an element.
const MAX_TAG: usize = 2048;
const MAX_TEXT: usize = 4096;
/// Siblings between a name and its value: a type or a description.
const MAX_BETWEEN: usize = 2;

/// Attributes that name what an element holds.
const NAMING: [&[u8]; 5] = [b"name", b"key", b"id", b"property", b"field"];
/// Elements of pages and forms, whose text is for people.
const PAGES: [&[u8]; 22] = [
    b"a",
    b"b",
    b"p",
    b"i",
    b"td",
    b"th",
    b"li",
    b"h1",
    b"h2",
    b"h3",
    b"div",
    b"span",
    b"label",
    b"button",
    b"option",
    b"input",
    b"select",
    b"textarea",
    b"form",
    b"title",
    b"legend",
    b"small",
];
/// Elements of catalogues of texts, among which credentials are rare and labels are not.
const CATALOGUES: [&[u8]; 5] = [b"string", b"item", b"text", b"message", b"data"];

/// For a byte in the name of an element, in an attribute that names it, or in the text of a `<name>`: the name and the
/// literal that belongs to it.
#[must_use]
pub(super) fn element_value(text: &str, bounds: &Range<usize>, at: usize) -> Option<Pair> {
    let markup = Markup { bytes: text.as_bytes(), end: bounds.end };
    let floor = bounds.start.max(at.saturating_sub(MAX_TAG / 2));
    let sign = memchr::memrchr2(b'<', b'>', &markup.bytes[floor..at]).map(|found| floor + found)?;
    let pair = if markup.bytes[sign] == b'<' {
        markup.named_by_tag(sign, at)
    } else {
        let open = memchr::memrchr(b'<', &markup.bytes[floor..sign]).map(|found| floor + found)?;
        markup.named_by_text(open, at)
    }?;
    let whole = text.is_char_boundary(pair.value.start) && text.is_char_boundary(pair.value.end);
    (whole && !is_resource(&text[pair.value.clone()])).then_some(pair)
}

/// `@string/password` and `?attr/password` point at a resource.
fn is_resource(value: &str) -> bool {
    value.starts_with(['@', '?']) && value.contains('/')
}

/// An opening tag.
struct Tag {
    /// Bytes of the element's name, its prefix included.
    name: Range<usize>,
    /// Bytes of each attribute's name and value.
    attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Whether the element has no content: `<x/>`.
    closed: bool,
    /// The byte after `>`.
    end: usize,
}

struct Markup<'a> {
    bytes: &'a [u8],
    end: usize,
}

impl Markup<'_> {
    /// The hit is in the tag that begins at `open`.
    fn named_by_tag(&self, open: usize, at: usize) -> Option<Pair> {
        let tag = self.tag(open)?;
        if self.is_one_of(&tag.name, &PAGES) {
            return None;
        }
        if tag.name.contains(&at) {
            let name = self.local(&tag.name);
            return Some(Pair { name, value: self.content(&tag)? });
        }
        let (_, name) = tag.attributes.iter().find(|(_, value)| value.contains(&at))?;
        let naming = |(key, value): &&(Range<usize>, Range<usize>)| value == name && self.is_one_of(key, &NAMING);
        tag.attributes.iter().find(naming)?;
        let beside = tag.attributes.iter().find(|(key, _)| self.is(key, b"value"));
        if let Some((_, value)) = beside {
            let value = trim(self.bytes, value.clone());
            return (!value.is_empty()).then(|| Pair { name: name.clone(), value });
        }
        let value = self.content(&tag).or_else(|| self.child(&tag))?;
        let label = self.is_one_of(&tag.name, &CATALOGUES) && is_label(&self.bytes[value.clone()]);
        (!label).then(|| Pair { name: name.clone(), value })
    }

    /// The hit is in the text of the element that opens at `open`: a name, with its value in one of the next elements.
    fn named_by_text(&self, open: usize, at: usize) -> Option<Pair> {
        let tag = self.tag(open)?;
        let element = self.local(&tag.name);
        let element = &self.bytes[element];
        let names = [&b"name"[..], b"key"].iter().any(|name| element.eq_ignore_ascii_case(name))
            || element.to_ascii_lowercase().ends_with(b"-name");
        let name = self.content(&tag).filter(|name| names && name.contains(&at))?;
        let mut here = self.after_closing(name.end)?;
        for _ in 0..=MAX_BETWEEN {
            let next = self.tag(self.blanks(here))?;
            let value = self.content(&next)?;
            if self.holds_value(&next, element) {
                return Some(Pair { name, value });
            }
            here = self.after_closing(value.end)?;
        }
        None
    }

    /// Whether an element holds the value of the name before it.
    fn holds_value(&self, tag: &Tag, naming: &[u8]) -> bool {
        let element = self.bytes[self.local(&tag.name)].to_ascii_lowercase();
        // Property lists name by `key`, and the next element is called after its type.
        element == b"value" || element.ends_with(b"-value") || element == b"string" && naming == b"key"
    }

    /// The value in `<property name="x"><value>…</value></property>`.
    fn child(&self, tag: &Tag) -> Option<Range<usize>> {
        let child = (!tag.closed).then(|| self.tag(self.blanks(tag.end))).flatten()?;
        self.is(&child.name, b"value").then(|| self.content(&child)).flatten()
    }

    /// The text of an element that has nothing but text, on one line of its own.
    fn content(&self, tag: &Tag) -> Option<Range<usize>> {
        const CDATA: &[u8] = b"<![CDATA[";
        if tag.closed {
            return None;
        }
        let start = self.blanks(tag.end);
        let limit = self.end.min(start + MAX_TEXT);
        let rest = self.bytes.get(start..limit)?;
        let (range, close) = if rest.starts_with(CDATA) {
            let end = start + memchr::memmem::find(rest, b"]]>")?;
            (start + CDATA.len()..end, end + 3)
        } else {
            let end = start + memchr::memchr(b'<', rest)?;
            (start..end, end)
        };
        let value = trim(self.bytes, range);
        let closes = self.bytes[..self.end][self.blanks(close)..].starts_with(b"</");
        let one_line = memchr::memchr(b'\n', &self.bytes[value.clone()]).is_none();
        (closes && one_line && !value.is_empty()).then_some(value)
    }

    /// The byte after the closing tag that follows the content ending at `at`.
    fn after_closing(&self, at: usize) -> Option<usize> {
        let limit = self.end.min(at + MAX_TAG);
        let open = at + memchr::memmem::find(&self.bytes[at..limit], b"</")?;
        memchr::memchr(b'>', &self.bytes[open..limit]).map(|found| open + found + 1)
    }

    /// The opening tag at `open`.
    fn tag(&self, open: usize) -> Option<Tag> {
        let limit = self.end.min(open + MAX_TAG);
        if self.bytes.get(open) != Some(&b'<') || !self.bytes.get(open + 1).is_some_and(u8::is_ascii_alphabetic) {
            return None;
        }
        let name = open + 1..self.word(open + 1, limit);
        let mut attributes = Vec::new();
        let mut here = self.blanks(name.end);
        while here < limit {
            match self.bytes[here] {
                b'>' => return Some(Tag { name, attributes, closed: false, end: here + 1 }),
                b'/' if self.bytes.get(here + 1) == Some(&b'>') => {
                    return Some(Tag { name, attributes, closed: true, end: here + 2 });
                }
                _ => {
                    let (key, value) = self.attribute(here, limit)?;
                    here = self.blanks(value.end + 1);
                    attributes.push((key, value));
                }
            }
        }
        None
    }

    /// `key="value"` at `at`.
    fn attribute(&self, at: usize, limit: usize) -> Option<(Range<usize>, Range<usize>)> {
        let key = at..self.word(at, limit);
        let sign = self.blanks(key.end);
        let quote = self.blanks(sign + 1);
        if key.is_empty() || self.bytes.get(sign) != Some(&b'=') || quote >= limit {
            return None;
        }
        let sign = self.bytes[quote];
        let end =
            matches!(sign, b'"' | b'\'').then(|| memchr::memchr(sign, &self.bytes[quote + 1..limit])).flatten()?;
        Some((key, quote + 1..quote + 1 + end))
    }

    /// Where the name of an element or attribute that begins at `at` ends.
    fn word(&self, at: usize, limit: usize) -> usize {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        at + self.bytes[at..limit.max(at)].iter().take_while(|byte| is_word(byte)).count()
    }

    fn blanks(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..self.end.min(at + MAX_TAG)).unwrap_or(&[]);
        at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    /// A name without its prefix: `wsse:Password` is `Password`.
    fn local(&self, name: &Range<usize>) -> Range<usize> {
        let prefix = memchr::memrchr(b':', &self.bytes[name.clone()]).map_or(0, |found| found + 1);
        name.start + prefix..name.end
    }

    fn is(&self, name: &Range<usize>, word: &[u8]) -> bool {
        self.bytes[self.local(name)].eq_ignore_ascii_case(word)
    }

    fn is_one_of(&self, name: &Range<usize>, words: &[&[u8]]) -> bool {
        words.iter().any(|word| self.is(name, word))
    }
}

/// Whether a text is one that people read: words, and nothing that a password would have.
fn is_label(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_whitespace) || !value.iter().any(u8::is_ascii_digit)
}

/// Takes white space off both ends.
fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let inner = &bytes[range.clone()];
    let start = range.start + (inner.len() - inner.trim_ascii_start().len());
    start..start + inner.trim_ascii().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<&str> {
        let at = text.to_ascii_lowercase().find("passw").unwrap();
        element_value(text, &(0..text.len()), at).map(|pair| &text[pair.value])
    }

    #[test]
    fn names_and_their_values() {
        for text in [
            "<string name=\"password\">v4lue</string>",
            "<item type='string' name='db_password'>v4lue</item>",
            "<entry key=\"password\">v4lue</entry>",
            "<property><name>db.password</name><value>v4lue</value></property>",
            "<property>\n  <name>db.password</name>\n  <value>\n    v4lue\n  </value>\n</property>",
            "<env-entry-name>password</env-entry-name><env-entry-type>S</env-entry-type>\n<env-entry-value>v4lue</env-entry-value>",
            "<property name=\"password\"><value>v4lue</value></property>",
            "<param-name>authPassword</param-name>\n<param-value>v4lue</param-value>",
            "<setting name=\"Password\" serializeAs=\"String\">\n  <value>v4lue</value>",
            "<key>Password</key>\n\t<string>v4lue</string>",
            "<add value=\"v4lue\" key=\"SmtpPassword\"/>",
            "<add key=\"SmtpPassword\" comment=\"What it is for: mail.\" value=\"v4lue\"/>",
            "<add\n  value='v4lue'\n  key='SmtpPassword' />",
            "<password>\n  v4lue\n</password>",
            "<password><![CDATA[v4lue]]></password>",
            "<wsse:Password Type=\"x#PasswordText\">v4lue</wsse:Password>",
        ] {
            assert_eq!(value(text), Some("v4lue"), "{text}");
        }
    }

    #[test]
    fn what_has_no_value() {
        for text in [
            "<input type=\"password\" name=\"password\" value=\"\">",
            "<label id=\"password\">v4lue</label>",
            "<string name=\"password\">Kennwort</string>",
            "<string name=\"password_hint\">Enter your 1st word</string>",
            "<string name=\"password\">@string/label2</string>",
            "<xs:element name=\"password\" type=\"xs:string\"/>",
            "<xs:element name=\"password\"><xs:simpleType/></xs:element>",
            "<xs:enumeration value=\"password\"/>",
            "<bean id=\"passwordEncoder\"><property name=\"x\"/></bean>",
            "<property><name>password</name></property><value>v4lue</value>",
            "<parameter><name>password</name><required>true</required></parameter>",
            "<array><string>password</string><string>v4lue</string></array>",
            "<password></password>",
            "<password/><value>v4lue</value>",
            "<password>first\nsecond</password>",
            "a < password > b",
            "<password",
            "<name>password",
            "x <password=",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
