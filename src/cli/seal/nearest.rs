//! The word that somebody may have meant.

/// The nearest of some words, where no more than a third of its letters is another.
pub(super) fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let (slips, near) = words.iter().map(|known| (distance(word, known), *known)).min()?;
    (slips * 3 <= near.chars().count()).then_some(near)
}

/// How many letters are put in, left out or exchanged between two words.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, a) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = line + 1;
        for (column, b) in other.chars().enumerate() {
            let exchanged = before + usize::from(a != b);
            before = row[column + 1];
            row[column + 1] = exchanged.min(before + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let words = ["missing-recipient", "moved", "weak-suite"];
        assert_eq!(nearest("mising-recipients", &words), Some("missing-recipient"));
        assert_eq!(nearest("movd", &words), Some("moved"));
        assert_eq!(nearest("weak_suite", &words), Some("weak-suite"));
        assert_eq!(nearest("nothing", &words), None);
        assert_eq!(nearest("", &words), None);
        assert_eq!((distance("", "ab"), distance("ab", "ab"), distance("kitten", "sitting")), (2, 0, 3));
    }
}
