//! Databases for tests, made without etcd.

use super::meta::fnv;
use super::page::HEADER;

/// A database with these pages of the bucket `key`: each with its entries, in order. At its end is a free page with
/// `trash` in it. The pages of entries take as much as they need.
pub(crate) fn database(page_size: usize, leaves: &[Vec<(Vec<u8>, Vec<u8>)>], trash: &[u8]) -> Vec<u8> {
    let meta_entries = [entry(0, b"consistent_index", &7_u64.to_be_bytes())];
    let inline = page(0, 2, &meta_entries, 0);
    let inline = [[0; 16].to_vec(), inline].concat();
    let keys = [3_u64.to_le_bytes(), [0; 8]].concat();
    let root = page(2, 2, &[entry(1, b"key", &keys), entry(1, b"meta", &inline)], page_size);
    let (mut id, mut children, mut pages) = (4, Vec::new(), Vec::new());
    for leaf in leaves {
        let entries: Vec<_> = leaf.iter().map(|(key, value)| entry(0, key, value)).collect();
        let page = page(id, 2, &entries, page_size);
        children.push((leaf[0].0.clone(), id));
        id += (page.len() / page_size) as u64;
        pages.extend(page);
    }
    let branch = branch(3, &children, page_size);
    let mut free = trash.to_vec();
    free.resize(page_size, 0);
    let count = id + 1;
    let metas = [meta(0, page_size, count, 10), meta(1, page_size, count, 11)].concat();
    [metas, root, branch, pages, free].concat()
}

type Element = ([u8; 16], Vec<u8>);

fn words(words: [u32; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (at, word) in words.into_iter().enumerate() {
        bytes[4 * at..][..4].copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The position is put in when the page is made.
fn entry(flags: u32, key: &[u8], value: &[u8]) -> Element {
    (words([flags, 0, key.len() as u32, value.len() as u32]), [key, value].concat())
}

fn page(id: u64, flags: u16, elements: &[Element], page_size: usize) -> Vec<u8> {
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (at, (words, bytes)) in elements.iter().enumerate() {
        let position = ((elements.len() - at) * HEADER + data.len()) as u32;
        let mut words = *words;
        words[4..8].copy_from_slice(&position.to_le_bytes());
        table.extend(words);
        data.extend(bytes);
    }
    finish(id, flags, elements.len(), [table, data].concat(), page_size)
}

fn branch(id: u64, children: &[(Vec<u8>, u64)], page_size: usize) -> Vec<u8> {
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (at, (key, child)) in children.iter().enumerate() {
        let position = ((children.len() - at) * HEADER + data.len()) as u32;
        table.extend(position.to_le_bytes());
        table.extend((key.len() as u32).to_le_bytes());
        table.extend(child.to_le_bytes());
        data.extend(key);
    }
    finish(id, 1, children.len(), [table, data].concat(), page_size)
}

/// `page_size` 0 is for the page of an inline bucket, which ends where its data does.
fn finish(id: u64, flags: u16, count: usize, body: Vec<u8>, page_size: usize) -> Vec<u8> {
    let pages = (HEADER + body.len()).div_ceil(page_size.max(1)).max(1);
    let overflow = if page_size == 0 { 0 } else { pages as u32 - 1 };
    let mut page = id.to_le_bytes().to_vec();
    page.extend(flags.to_le_bytes());
    page.extend((count as u16).to_le_bytes());
    page.extend(overflow.to_le_bytes());
    page.extend(body);
    page.resize(if page_size == 0 { page.len() } else { pages * page_size }, 0);
    page
}

fn meta(id: u64, page_size: usize, pages: u64, transaction: u64) -> Vec<u8> {
    let mut meta = Vec::new();
    for word in [0xed0c_daed, 2, page_size as u32, 0_u32] {
        meta.extend(word.to_le_bytes());
    }
    for word in [2, 0, u64::MAX, pages, transaction] {
        meta.extend(word.to_le_bytes());
    }
    meta.extend(fnv(&meta).to_le_bytes());
    finish(id, 4, 0, meta, page_size)
}
