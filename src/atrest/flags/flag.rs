//! One flag as it is written.

use std::ops::Range;

/// `--name=value`, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Without dashes in front, with dashes inside: the API server takes `_` for `-`.
    pub name: String,
    /// None where nothing is given: true for a switch.
    pub value: Option<String>,
    /// Bytes of the text; of the scalar where it is one of a manifest.
    pub place: Range<usize>,
}

/// A word of a command line, with its bytes.
pub(super) type Word<'a> = (&'a str, Range<usize>);

impl Flag {
    /// A flag from its two halves.
    pub(super) fn new(name: &str, value: Option<&str>, place: Range<usize>) -> Self {
        let name = name.trim_start_matches('-').replace('_', "-");
        Self { name, value: value.map(|value| unquoted(value).to_owned()), place }
    }

    /// `name=value`, with dashes in front or without.
    pub(super) fn parse(word: &str, place: Range<usize>) -> Self {
        match word.split_once('=') {
            Some((name, value)) => Self::new(name, Some(value), place),
            None => Self::new(word, None, place),
        }
    }

    /// The flags among words: a value may be a word of its own.
    pub(super) fn all<'a>(words: impl IntoIterator<Item = Word<'a>>) -> Vec<Self> {
        let mut found = Vec::new();
        let mut words = words.into_iter().peekable();
        while let Some((word, place)) = words.next() {
            if !word.starts_with('-') {
                continue;
            }
            let mut flag = Self::parse(word, place);
            if flag.value.is_none() {
                flag.value =
                    words.next_if(|(next, _)| !next.starts_with('-')).map(|(next, _)| unquoted(next).to_owned());
            }
            found.push(flag);
        }
        found
    }
}

/// What is written without the quotes that a shell or systemd would take away.
fn unquoted(word: &str) -> &str {
    let inner = |quote: char| word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(word)
}

/// Whether a word stands for others: `$KUBE_API_ARGS`, `$(cat flags)`.
pub(super) fn has_variables(words: &[Word<'_>]) -> bool {
    words.iter().any(|(word, _)| word.starts_with('$') || word.starts_with('`'))
}

/// The words of a command line, their bytes counted from `start`. Quotes hold blanks together.
pub(super) fn words(line: &str, start: usize) -> Vec<Word<'_>> {
    let (mut found, mut begun, mut quote) = (Vec::new(), None, None);
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) if at < line.len() => {}
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                begun.get_or_insert(at);
            }
            // A backslash at the end of a line is how shells and systemd go on in the next.
            _ if c.is_whitespace() || c == '\\' => {
                if let Some(from) = begun.take() {
                    found.push((unquoted(&line[from..at]), start + from..start + at));
                }
            }
            _ => {
                begun.get_or_insert(at);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_behind_an_equals_sign_or_a_blank() {
        let line = "kube-apiserver --a=1 --b 2 \\\n --c '--d=x y' --e_f=\"q\" --";
        let found = Flag::all(words(line, 10));
        let shown: Vec<_> = found.iter().map(|flag| (flag.name.as_str(), flag.value.as_deref())).collect();
        assert_eq!(
            shown,
            [("a", Some("1")), ("b", Some("2")), ("c", None), ("d", Some("x y")), ("e-f", Some("q")), ("", None)]
        );
        assert_eq!(&line[found[1].place.start - 10..found[1].place.end - 10], "--b");
    }

    #[test]
    fn quotes_that_never_end_lose_nothing() {
        let found = words("a 'b c", 0);
        assert_eq!(found.iter().map(|word| word.0).collect::<Vec<_>>(), ["a", "'b c"]);
    }
}
