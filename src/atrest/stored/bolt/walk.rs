//! Goes through trees of pages, from the last key to the first.

use super::Bolt;
use super::page::{self, HEADER, Header, Kind};
use crate::atrest::stored::StoredError;

/// Deepest tree. With two children a page it has more leaves than any file.
const DEEPEST: usize = 48;
/// Deepest bucket in buckets. etcd has none.
const DEEPEST_BUCKET: usize = 8;
/// Largest page with what belongs to it. It holds a few values at most, and etcd takes values of 1.5 MiB unless told
/// otherwise.
const LARGEST: usize = 32 << 20;
/// Largest page of a tree that is kept while its children are read. It holds keys only.
const LARGEST_BRANCH: usize = 1 << 20;

/// What a page should not be.
pub(super) fn corrupt(problem: &'static str) -> StoredError {
    StoredError::Corrupt { problem }
}

/// What is given for each key and value.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoredError>;

/// What is given for each leaf: the page, and what its header says.
type Leaves<'l, 'b> = &'l mut dyn FnMut(&mut Walk<'b>, &[u8], Header) -> Result<(), StoredError>;

/// A bucket, found by its name.
pub(crate) enum Bucket {
    /// With pages of its own.
    Pages(u64),
    /// A small one: the page is the value.
    Inline(Vec<u8>),
}

/// What was seen of a database. A page is seen once, or the file is no tree; so a walk ends.
pub(crate) struct Walk<'b> {
    bolt: &'b Bolt,
    /// A bit for each page.
    seen: Vec<u64>,
    /// Buffers that nobody uses.
    spare: Vec<Vec<u8>>,
    /// The key that came last.
    last: Option<Vec<u8>>,
}

impl<'b> Walk<'b> {
    pub(super) fn new(bolt: &'b Bolt) -> Self {
        // The file is long enough for this many pages, so this is little beside it.
        let seen = vec![0; (bolt.pages() / 64 + 1) as usize];
        Self { bolt, seen, spare: Vec::new(), last: None }
    }

    /// The pages that are not of a tree.
    pub(crate) fn visit_fixed(&mut self) -> Result<(), StoredError> {
        self.mark(0, 1)?;
        let Some(freelist) = self.bolt.meta.freelist else { return Ok(()) };
        let mut bytes = [0; HEADER];
        self.bolt.storage.read(&mut bytes, self.position(freelist)?)?;
        let header = Header::read(&bytes).ok_or_else(|| corrupt("the freelist has no page"))?;
        self.mark(freelist, u64::from(header.overflow))
    }

    /// The buckets of the database, by name; their own pages are not seen by that.
    pub(crate) fn buckets(&mut self) -> Result<Vec<(Vec<u8>, Bucket)>, StoredError> {
        let mut buckets = Vec::new();
        self.tree(self.bolt.meta.root, 0, &mut |walk, page, header| {
            for index in 0..header.count {
                let entry = page::entry(page, index)?;
                if entry.is_bucket {
                    buckets.push((entry.key.to_vec(), walk.bucket(entry.value)?));
                }
            }
            Ok(())
        })?;
        Ok(buckets)
    }

    /// Every key and value of a bucket that are no bucket, from the last to the first.
    pub(crate) fn visit(&mut self, bucket: &Bucket, visit: Visit<'_>) -> Result<(), StoredError> {
        self.visit_nested(bucket, 0, visit)
    }

    fn visit_nested(&mut self, bucket: &Bucket, depth: usize, visit: Visit<'_>) -> Result<(), StoredError> {
        if depth > DEEPEST_BUCKET {
            return Err(corrupt("buckets lie too deep in buckets"));
        }
        self.last = None;
        let mut nested = Vec::new();
        match bucket {
            Bucket::Inline(page) => {
                let header = Header::read(page).filter(|header| header.kind == Kind::Leaf);
                let header = header.ok_or_else(|| corrupt("a bucket without pages is no leaf"))?;
                self.leaf(page, header, visit, &mut nested)?;
            }
            Bucket::Pages(root) => {
                self.tree(*root, 0, &mut |walk, page, header| walk.leaf(page, header, visit, &mut nested))?;
            }
        }
        nested.iter().try_for_each(|bucket| self.visit_nested(bucket, depth + 1, visit))
    }

    fn leaf(
        &mut self,
        page: &[u8],
        header: Header,
        visit: Visit<'_>,
        nested: &mut Vec<Bucket>,
    ) -> Result<(), StoredError> {
        for index in (0..header.count).rev() {
            let entry = page::entry(page, index)?;
            match &mut self.last {
                Some(last) if entry.key >= last.as_slice() => return Err(corrupt("keys are not in order")),
                Some(last) => {
                    last.clear();
                    last.extend_from_slice(entry.key);
                }
                None => self.last = Some(entry.key.to_vec()),
            }
            if entry.is_bucket {
                nested.push(self.bucket(entry.value)?);
            } else {
                visit(entry.key, entry.value)?;
            }
        }
        Ok(())
    }

    fn bucket(&self, value: &[u8]) -> Result<Bucket, StoredError> {
        match page::u64(value, 0) {
            Some(0) => Ok(Bucket::Inline(value.get(HEADER..).unwrap_or_default().to_vec())),
            Some(root) if value.len() >= HEADER => Ok(Bucket::Pages(root)),
            _ => Err(corrupt("a bucket is too short")),
        }
    }

    /// Hands over the leaves below a page.
    fn tree(&mut self, id: u64, depth: usize, leaf: Leaves<'_, 'b>) -> Result<(), StoredError> {
        if depth > DEEPEST {
            return Err(corrupt("a tree is too deep"));
        }
        let mut page = self.spare.pop().unwrap_or_default();
        let header = self.load(id, &mut page)?;
        match header.kind {
            Kind::Leaf => leaf(self, &page, header)?,
            Kind::Branch => {
                for index in (0..header.count).rev() {
                    self.tree(page::child(&page, index)?, depth + 1, leaf)?;
                }
            }
            Kind::Other => return Err(corrupt("a page of a tree is neither branch nor leaf")),
        }
        self.spare.push(page);
        Ok(())
    }

    /// Reads a page with what belongs to it.
    fn load(&mut self, id: u64, page: &mut Vec<u8>) -> Result<Header, StoredError> {
        let (position, size) = (self.position(id)?, self.bolt.page_size() as usize);
        page.resize(size.max(page.len()), 0);
        self.fill(&mut page[..size], position)?;
        let header = Header::read(page).filter(|header| header.id == id);
        let header = header.ok_or_else(|| corrupt("a page bears the number of another"))?;
        self.mark(id, u64::from(header.overflow))?;
        let whole = (header.overflow as usize).saturating_add(1).saturating_mul(size);
        if whole > if header.kind == Kind::Branch { LARGEST_BRANCH } else { LARGEST } {
            return Err(corrupt("a page is larger than any that etcd makes"));
        }
        page.resize(whole, 0);
        self.fill(&mut page[size..], position + size as u64)?;
        Ok(header)
    }

    fn fill(&self, buffer: &mut [u8], position: u64) -> Result<(), StoredError> {
        let read = self.bolt.storage.read(buffer, position)?;
        if read == buffer.len() { Ok(()) } else { Err(corrupt("the file became shorter")) }
    }

    fn position(&self, id: u64) -> Result<u64, StoredError> {
        if id < self.bolt.pages() {
            Ok(id * u64::from(self.bolt.page_size()))
        } else {
            Err(corrupt("a page lies behind the last one"))
        }
    }

    /// Takes note of a page and those that belong to it.
    fn mark(&mut self, id: u64, overflow: u64) -> Result<(), StoredError> {
        let end = id.saturating_add(overflow);
        if end >= self.bolt.pages() {
            return Err(corrupt("a page lies behind the last one"));
        }
        for id in id..=end {
            let (word, bit) = (&mut self.seen[(id / 64) as usize], 1 << (id % 64));
            if *word & bit != 0 {
                return Err(corrupt("a page is in two places"));
            }
            *word |= bit;
        }
        Ok(())
    }

    /// Runs of pages that were not seen, also those behind the last one: first byte, and how many.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = (u64, u64)> {
        let size = u64::from(self.bolt.page_size());
        let (pages, length) = (self.bolt.pages(), self.bolt.storage.length());
        let is_seen = move |id: u64| self.seen[(id / 64) as usize] & 1 << (id % 64) != 0;
        let mut next = 0;
        std::iter::from_fn(move || {
            if next > pages {
                return None;
            }
            let start = (next..pages).find(|id| !is_seen(*id)).unwrap_or(pages);
            let end = (start..pages).find(|id| is_seen(*id));
            next = end.unwrap_or(pages + 1);
            let end = end.map_or(length, |end| end * size);
            let run = end.saturating_sub(start.saturating_mul(size));
            (run > 0).then_some((start * size, run))
        })
    }
}
