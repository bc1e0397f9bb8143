//! Compiled patterns.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::bytes::{Regex, RegexBuilder};

use super::checksum::{Checksum, Verdict};
use super::entropy::shannon;
use super::shape::Shape;
use super::syntax::{Examples, PatternSyntax};
use crate::model::{Class, Rule, RuleId};

/// Bytes before a keyword that a match may begin in. Patterns that begin with their keyword need none.
const LOOK_BEHIND: usize = 256;

/// What a pattern looks for.
#[derive(Debug)]
pub enum Body {
    /// A token that is recognisable by itself.
    Token(Token),
    /// A value that is recognisable by the name it is assigned to.
    Named {
        /// Searched in the normalised name.
        name: LazyRegex,
        /// Must match the whole value.
        value: LazyRegex,
    },
}

/// A token's regex, compiled when its keyword is first met.
#[derive(Debug)]
pub struct Token {
    source: String,
    keywords: Vec<String>,
    shape: OnceLock<Shape>,
    regex: OnceLock<Option<Regex>>,
}

impl Token {
    fn new(source: String, keywords: Vec<String>) -> Self {
        Self { source, keywords, shape: OnceLock::new(), regex: OnceLock::new() }
    }

    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::of(&self.source, &self.keywords))
    }

    fn regex(&self) -> Option<&Regex> {
        let anchored = || format!("\\A(?:{})", self.shape().unbounded.as_deref().unwrap_or(&self.source));
        let compile = || if self.shape().anchored { builder(&anchored()) } else { builder(&self.source) }.build().ok();
        self.regex.get_or_init(compile).as_ref()
    }

    /// Whether a range of bytes may hold a match at all. Cheap, and mostly no.
    fn may_match(&self, bytes: &[u8]) -> bool {
        let shape = self.shape();
        shape.prefix.allows(bytes) && shape.telling.is_none_or(|byte| memchr::memchr(byte, bytes).is_some())
    }

    /// The next match in a range, and the secret in it.
    fn find(&self, bytes: &[u8], range: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
        let regex = self.regex()?;
        let found = regex.find(&bytes[range.clone()])?;
        let whole = range.start + found.start()..range.start + found.end();
        if self.shape().whole {
            return Some((whole.clone(), whole));
        }
        // Only the match is searched: finding groups takes a slower engine.
        let captures = regex.captures(&bytes[whole.clone()])?;
        let secret = captures.name("secret")?;
        let secret = whole.start + secret.start()..whole.start + secret.end();
        Some((whole, secret))
    }
}

/// Compiled when first needed: most hunts meet few of the patterns.
#[derive(Debug)]
pub struct LazyRegex {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| builder(&self.source).build().ok()).as_ref()
    }

    /// Whether the text matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }
}

fn builder(source: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(source);
    // Tokens are ASCII, and Unicode classes would make the automata ten times larger.
    builder.unicode(false).size_limit(4 << 20).dfa_size_limit(1 << 20);
    builder
}

/// A raw hit of a token pattern: borrowed, not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Bytes of the secret in the text.
    pub secret: Range<usize>,
    /// Byte after the whole match.
    pub end: usize,
    /// What the pattern's offline check said.
    pub verdict: Verdict,
}

/// How far one text has been searched for one pattern.
#[derive(Clone, Copy, Debug, Default)]
pub struct Covered {
    searched: usize,
    matched: usize,
}

/// One text rule, ready to run.
#[derive(Debug)]
pub struct Pattern {
    /// What the rule says of itself.
    pub rule: Arc<Rule>,
    /// What it looks for.
    pub body: Body,
    /// The gate's words for it.
    pub keywords: Vec<String>,
    /// The texts that prove it.
    pub examples: Examples,
    entropy: f64,
    checksum: Option<Checksum>,
    paths: Option<GlobSet>,
}

/// A pattern that cannot be compiled: its author's fault.
#[derive(Debug, thiserror::Error)]
#[error("pattern '{id}': {message}")]
pub struct SetError {
    id: String,
    message: String,
}

impl Pattern {
    /// Compiles what was written.
    ///
    /// # Errors
    /// When a word, a regex, a glob or the shape of the entry is wrong.
    pub fn new(syntax: PatternSyntax) -> Result<Self, SetError> {
        let fail = |message: String| SetError { id: syntax.id.clone(), message };
        if !RuleId::is_well_formed(&syntax.id) {
            return Err(fail("an id is kebab-case".to_owned()));
        }
        if syntax.keywords.is_empty() || syntax.keywords.iter().any(|word| word.len() < 3) {
            return Err(fail("needs keywords of at least three characters".to_owned()));
        }
        let body = body(&syntax).map_err(fail)?;
        let paths = paths(&syntax.paths).map_err(fail)?;
        let checksum = syntax.checksum.as_deref().map(str::parse).transpose().map_err(fail)?;
        let severity = syntax.severity.parse().map_err(|error| fail(format!("severity {error}")))?;
        let confidence = syntax.confidence.parse().map_err(|error| fail(format!("confidence {error}")))?;
        Ok(Self {
            rule: Arc::new(Rule {
                id: RuleId::new(&syntax.id),
                title: Cow::Owned(syntax.title),
                class: Class::Credential,
                severity,
                confidence,
                description: Cow::Owned(syntax.description),
                remediation: Cow::Owned(syntax.remediation),
                references: syntax.references.into_iter().map(Cow::Owned).collect(),
            }),
            body,
            keywords: syntax.keywords,
            examples: syntax.examples,
            entropy: syntax.entropy,
            checksum,
            paths,
        })
    }

    /// Compiles every regex now.
    ///
    /// # Errors
    /// When a regex is wrong. Built-in patterns are proved by tests and stay lazy; a user's are proved here.
    pub fn check(&self) -> Result<(), SetError> {
        let sources = match &self.body {
            Body::Token(token) => vec![&token.source],
            Body::Named { name, value } => vec![&name.source, &value.source],
        };
        for source in sources {
            builder(source)
                .build()
                .map_err(|error| SetError { id: self.rule.id.to_string(), message: error.to_string() })?;
        }
        Ok(())
    }

    /// Whether the pattern looks at files of this path.
    #[must_use]
    pub fn applies_to(&self, path: &str) -> bool {
        self.paths.as_ref().is_none_or(|paths| paths.is_match(path))
    }

    /// Runs a token pattern near a keyword at `at`, within `bounds`. `covered` remembers what earlier runs of
    /// this pattern have seen: nothing is searched often, which keeps dense input linear.
    pub fn find(&self, text: &str, bounds: &Range<usize>, at: usize, covered: &mut Covered, out: &mut Vec<Match>) {
        let Body::Token(token) = &self.body else { return };
        let &Shape { anchored, window, .. } = token.shape();
        let bytes = text.as_bytes();
        if anchored {
            if at < covered.matched || at < bounds.start {
                return;
            }
            let end = bounds.end.min(at + window);
            if let Some(found) = self.examine(token, bytes, at..end) {
                covered.matched = found.end;
                out.push(found);
            }
            return;
        }
        let end = bounds.end.min(at + window);
        if end <= covered.searched {
            return;
        }
        let mut start = bounds.start.max(at.saturating_sub(LOOK_BEHIND)).max(covered.matched);
        while let Some(found) = self.examine(token, bytes, start..end) {
            start = found.end;
            covered.matched = found.end;
            out.push(found);
        }
        covered.searched = end;
    }

    /// The first acceptable match in a range.
    fn examine(&self, token: &Token, bytes: &[u8], range: Range<usize>) -> Option<Match> {
        let mut from = range.start;
        if !token.may_match(&bytes[range.clone()]) {
            return None;
        }
        while from < range.end {
            let (whole, secret) = token.find(bytes, from..range.end)?;
            if whole.len() <= token.shape().longest
                && stands_free(bytes, &whole, &secret)
                && let Some(verdict) = self.weigh(std::str::from_utf8(&bytes[secret.clone()]).ok())
            {
                return Some(Match { end: whole.end, secret, verdict });
            }
            from = whole.end.max(whole.start + 1);
        }
        None
    }

    /// The value's entropy and checksum; none when either rules it out.
    fn weigh(&self, secret: Option<&str>) -> Option<Verdict> {
        let secret = secret?;
        if secret.is_empty() || shannon(secret) < self.entropy {
            return None;
        }
        match self.checksum.map_or(Verdict::Plausible, |check| check.verify(secret)) {
            Verdict::Refuted => None,
            verdict => Some(verdict),
        }
    }

    /// Whether a named pattern knows this assignment. `name` is normalised.
    #[must_use]
    pub fn accepts(&self, name: &str, assigned: &str) -> Option<Verdict> {
        match &self.body {
            Body::Named { name: names, value } if names.is_match(name) && value.is_match(assigned) => {
                self.weigh(Some(assigned))
            }
            _ => None,
        }
    }
}

/// Whether a secret is a word of its own where its regex says nothing of its neighbours.
fn stands_free(bytes: &[u8], whole: &Range<usize>, secret: &Range<usize>) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = &bytes[..secret.start];
    let glued = secret.start == whole.start && before.last().copied().is_some_and(is_word) && !ends_in_escape(before);
    let continued = secret.end == whole.end && bytes.get(secret.end).copied().is_some_and(is_word);
    !glued && !continued
}

/// `\n`, `\t`, `%3D` and `\u003d` end in a letter or digit that is not part of a word.
fn ends_in_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b't' | b'r'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [.., b'\\', b'u', b'0', b'0', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

fn body(syntax: &PatternSyntax) -> Result<Body, String> {
    match (&syntax.regex, &syntax.name, &syntax.value) {
        (Some(regex), None, None) => {
            if !regex.contains("(?P<secret>") {
                return Err("a regex marks its secret as (?P<secret>…)".to_owned());
            }
            Ok(Body::Token(Token::new(regex.clone(), syntax.keywords.clone())))
        }
        (None, Some(name), Some(value)) => {
            Ok(Body::Named { name: LazyRegex::new(name.clone()), value: LazyRegex::new(format!("\\A(?:{value})\\z")) })
        }
        _ => Err("has either a regex, or a name and a value".to_owned()),
    }
}

fn paths(globs: &[String]) -> Result<Option<GlobSet>, String> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(Glob::new(glob).map_err(|error| error.to_string())?);
    }
    builder.build().map(Some).map_err(|error| error.to_string())
}

/// Every pattern of a hunt.
#[derive(Debug, Default)]
pub struct Set {
    /// In the order of their files.
    pub patterns: Vec<Pattern>,
}

impl Set {
    /// Compiles entries; ids must be unique.
    ///
    /// # Errors
    /// When an entry is wrong or its id is taken.
    pub fn new(entries: impl IntoIterator<Item = PatternSyntax>) -> Result<Self, SetError> {
        let mut set = Self::default();
        set.add(entries)?;
        Ok(set)
    }

    /// Adds entries to the set.
    ///
    /// # Errors
    /// When an entry is wrong or its id is taken.
    pub fn add(&mut self, entries: impl IntoIterator<Item = PatternSyntax>) -> Result<(), SetError> {
        for entry in entries {
            let pattern = Pattern::new(entry)?;
            if self.patterns.iter().any(|other| other.rule.id == pattern.rule.id) {
                return Err(SetError { id: pattern.rule.id.to_string(), message: "the id is taken".to_owned() });
            }
            self.patterns.push(pattern);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::parse;

    fn pattern(body: &str) -> Pattern {
        let text = format!(
            "- id: t\n  title: T\n  description: d\n  severity: high\n  confidence: high\n  keywords: [tok_]\n  {body}\n  \
             remediation: r\n  references: [u]\n  examples: {{match: [a], no_match: [b]}}\n"
        );
        Pattern::new(parse("t.yaml", &text).unwrap().remove(0)).unwrap()
    }

    fn secrets(pattern: &Pattern, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        let mut covered = Covered::default();
        for (at, _) in text.match_indices("tok_") {
            pattern.find(text, &(0..text.len()), at, &mut covered, &mut out);
        }
        out.into_iter().map(|found| text[found.secret].to_owned()).collect()
    }

    #[test]
    fn a_literal_prefix_anchors() {
        let pattern = pattern("regex: '(?P<secret>tok_[a-z]{4})'");
        assert!(matches!(&pattern.body, Body::Token(token) if token.shape().anchored));
        assert_eq!(
            secrets(&pattern, "tok_abcd tok_efgh,xtok_nope tok_toolong \\ntok_line"),
            ["tok_abcd", "tok_efgh", "tok_line"]
        );
    }

    #[test]
    fn context_before_the_keyword_is_searched_once() {
        let pattern = pattern("regex: 'id=[0-9]{2}&key=(?P<secret>tok_[a-z]{4})'");
        assert!(matches!(&pattern.body, Body::Token(token) if !token.shape().anchored));
        assert_eq!(secrets(&pattern, "id=12&key=tok_abcd tok_zzzz id=34&key=tok_efgh"), ["tok_abcd", "tok_efgh"]);
    }

    #[test]
    fn named_patterns_take_whole_values() {
        let pattern = pattern("name: 'dd_api_key'\n  value: '[a-f0-9]{8}'");
        assert!(pattern.accepts("dd_api_key", "0123abcd").is_some());
        assert!(pattern.accepts("dd_api_key", "0123abcd0").is_none());
        assert!(pattern.accepts("api_key", "0123abcd").is_none());
    }
}
