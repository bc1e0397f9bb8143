//! `RangeRequest` and `RangeResponse` of `etcdserverpb`.

use super::super::census::{Age, Stored};
use super::super::mvcc::KeyValue;
use super::super::wire::{Fields, Malformed, Piece, put_bytes, put_number};

/// Asks for the keys from one to another.
pub(super) struct Range {
    pub(super) key: Vec<u8>,
    pub(super) end: Vec<u8>,
    pub(super) limit: u64,
    /// 0 for the newest.
    pub(super) revision: u64,
}

impl Range {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, &self.key);
        put_bytes(&mut message, 2, &self.end);
        put_number(&mut message, 3, self.limit);
        put_number(&mut message, 4, self.revision);
        message
    }
}

/// The first key behind those that begin so. A prefix ends in `/`.
pub(super) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    end
}

/// A page of an answer.
pub(super) struct Page {
    /// The revision of the whole store.
    pub(super) revision: u64,
    pub(super) more: bool,
    pub(super) last: Option<Vec<u8>>,
}

impl Page {
    /// Hands over every value and keeps none.
    pub(super) fn read(message: &[u8], mut visit: impl FnMut(Stored<'_>)) -> Result<Self, Malformed> {
        let mut page = Self { revision: 0, more: false, last: None };
        let mut last: &[u8] = &[];
        for field in Fields::new(message) {
            match field? {
                (1, Piece::Bytes(header)) => {
                    for field in Fields::new(header) {
                        if let (3, Piece::Number(revision)) = field? {
                            page.revision = revision;
                        }
                    }
                }
                (2, Piece::Bytes(key_value)) => {
                    let stored = KeyValue::read(key_value)?;
                    last = stored.key;
                    let (key, value, revision) = (stored.key, stored.value, stored.revision);
                    visit(Stored { key, value, revision, age: Age::Current });
                }
                (3, Piece::Number(more)) => page.more = more != 0,
                (_, Piece::Cut(_)) => return Err(Malformed),
                _ => {}
            }
        }
        page.last = (!last.is_empty()).then(|| last.to_vec());
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_in_place() {
        let (mut header, mut key_value, mut message) = (Vec::new(), Vec::new(), Vec::new());
        put_number(&mut header, 3, 42);
        put_bytes(&mut key_value, 1, b"/registry/secrets/a/b");
        put_number(&mut key_value, 3, 41);
        put_bytes(&mut key_value, 5, b"k8s\0");
        put_bytes(&mut message, 1, &header);
        put_bytes(&mut message, 2, &key_value);
        put_number(&mut message, 3, 1);
        let mut seen = Vec::new();
        let page = Page::read(&message, |stored| seen.push((stored.key.to_vec(), stored.value.len(), stored.revision)));
        let page = page.unwrap();
        assert_eq!(seen, [(b"/registry/secrets/a/b".to_vec(), 4, 41)]);
        assert_eq!((page.revision, page.more, page.last.as_deref()), (42, true, Some(&b"/registry/secrets/a/b"[..])));
        assert!(Page::read(&message[..20], |_| ()).is_err());
    }

    #[test]
    fn a_prefix_ends_before_the_next() {
        assert_eq!(after(b"/registry/"), b"/registry0");
    }
}
