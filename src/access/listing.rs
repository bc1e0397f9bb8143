//! Lists as a sentence has them.

use std::fmt::Display;

/// No message names more.
const SHOWN: usize = 3;

/// `a`, `a and b`, `a, b, c and 2 more`.
pub(super) fn listing<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut more = 0;
    for word in all {
        if words.len() < SHOWN {
            words.push(word.to_string());
        } else {
            more += 1;
        }
    }
    if more > 0 {
        words.push(format!("{more} more"));
    }
    joined(words)
}

/// The same with every word of it.
pub(super) fn full_listing<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    joined(all.into_iter().map(|word| word.to_string()).collect())
}

fn joined(mut words: Vec<String>) -> String {
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} and {last}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_where_a_sentence_would() {
        assert_eq!(listing([""; 0]), "");
        assert_eq!(listing(["a"]), "a");
        assert_eq!(listing(["a", "b", "c"]), "a, b and c");
        assert_eq!(listing(["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
        assert_eq!(full_listing(["a", "b", "c", "d"]), "a, b, c and d");
    }
}
