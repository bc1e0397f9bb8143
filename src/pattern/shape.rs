//! What is known of a token's regex without running it.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

use super::prefix::Prefix;

/// Most bytes from a keyword on that a match must end in; less where a regex cannot match that many. A PEM key of
/// 8192 bits has about 6,500.
const LOOK_AHEAD: usize = 16 << 10;

/// Repetitions of more than that are compiled without their upper bound.
const MOST_COPIES: u32 = 100;

/// A regex's matches.
#[derive(Debug)]
pub(super) struct Shape {
    /// Whether every match begins with a keyword: then it is run at the keyword and nowhere else.
    pub(super) anchored: bool,
    /// Most bytes a match can have.
    pub(super) longest: usize,
    /// Bytes from the keyword on that are searched: a match, and one byte to see what follows it.
    pub(super) window: usize,
    /// Whether the secret is the whole match: then nobody needs to look for it in the match.
    pub(super) whole: bool,
    /// A byte that every match has and most texts have not: looked for before the regex is run.
    pub(super) telling: Option<u8>,
    /// What a match begins with, where it is run at the keyword.
    pub(super) prefix: Prefix,
    /// The regex without the upper bounds of its long repetitions: `[a-z]{8,2048}` is compiled to two thousand
    /// states, which takes milliseconds. In an anchored one the window bounds the match instead.
    pub(super) unbounded: Option<String>,
}

impl Shape {
    /// Reads a regex that is searched for at these keywords.
    pub(super) fn of(regex: &str, keywords: &[String]) -> Self {
        parse(regex).map_or_else(Self::unknown, |hir| Self::read(&hir, keywords))
    }

    /// Of a regex that cannot be read: the compiler will say why.
    fn unknown() -> Self {
        Self {
            anchored: false,
            longest: usize::MAX,
            window: LOOK_AHEAD,
            whole: false,
            telling: None,
            prefix: Prefix::default(),
            unbounded: None,
        }
    }

    fn read(hir: &Hir, keywords: &[String]) -> Self {
        let anchored = begins_with(hir, keywords);
        let longest = hir.properties().maximum_len().unwrap_or(usize::MAX);
        let prefix = if anchored { Prefix::of(hir) } else { Prefix::default() };
        Self {
            anchored,
            longest,
            window: longest.saturating_add(1).min(LOOK_AHEAD),
            whole: matches!(hir.kind(), HirKind::Capture(group) if group.name.as_deref() == Some("secret")),
            telling: telling(hir),
            prefix,
            unbounded: unbounded_text(hir).filter(|_| anchored),
        }
    }
}

/// Whether every match begins with one of the keywords, in any case.
fn begins_with(hir: &Hir, keywords: &[String]) -> bool {
    Extractor::new().extract(hir).literals().is_some_and(|literals| {
        !literals.is_empty()
            && literals.iter().all(|literal| {
                let literal = literal.as_bytes().to_ascii_lowercase();
                keywords.iter().any(|keyword| literal.starts_with(keyword.to_ascii_lowercase().as_bytes()))
            })
    })
}

/// The first byte of a regex's fixed parts that is rare where no credential is.
fn telling(hir: &Hir) -> Option<u8> {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().copied().find(|byte| b"@~|!^&;".contains(byte)),
        HirKind::Capture(group) => telling(&group.sub),
        HirKind::Concat(parts) => parts.iter().find_map(telling),
        _ => None,
    }
}

fn parse(regex: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).ok()
}

/// The regex without upper bounds of long repetitions, if it has any.
fn unbounded_text(hir: &Hir) -> Option<String> {
    let changed = Some(unbounded(hir)).filter(|changed| changed != hir)?;
    // What is printed is not always what was meant: `(?:a{3})?` becomes `a{3}?`.
    Some(changed.to_string()).filter(|text| parse(text).is_some_and(|read| read == changed))
}

/// The same without upper bounds of long repetitions.
fn unbounded(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repeated) => Hir::repetition(Repetition {
            max: repeated.max.filter(|most| *most <= MOST_COPIES || *most == repeated.min),
            sub: Box::new(unbounded(&repeated.sub)),
            ..*repeated
        }),
        HirKind::Capture(group) => Hir::capture(Capture { sub: Box::new(unbounded(&group.sub)), ..group.clone() }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(unbounded).collect()),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(unbounded).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(regex: &str, keyword: &str) -> Shape {
        Shape::of(regex, &[keyword.to_owned()])
    }

    #[test]
    fn long_repetitions_lose_their_bound_and_nothing_else() {
        let shape = shape("(?P<secret>tok_[a-z]{8,2048}\\.[0-9]{2,4}[a-f]{200}\\b)", "tok_");
        let text = shape.unbounded.unwrap();
        for part in ["{8,}", "{2,4}", "{200}", "(?P<secret>"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!((shape.longest, shape.window), (4 + 2048 + 1 + 4 + 200, 4 + 2048 + 1 + 4 + 201));
    }

    #[test]
    fn a_regex_that_cannot_be_printed_stays() {
        assert!(shape("(?P<secret>tok_[a-z]{8,2048})", "tok_").unbounded.is_some());
        for stays in ["(?P<secret>tok_(?:[a-z]{3})?[0-9]{8,2048})", "(?P<secret>tok_[a-z]{8,64})"] {
            assert!(shape(stays, "tok_").unbounded.is_none(), "{stays}");
        }
    }

    #[test]
    fn what_begins_elsewhere_is_searched_for() {
        assert!(shape("(?P<secret>tok_[a-z]{8})", "TOK_").anchored);
        let other = shape("user=(?P<secret>tok_[a-z]{8})", "tok_");
        assert!(!other.anchored && other.unbounded.is_none());
    }
}
