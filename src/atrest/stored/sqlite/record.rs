//! One row: a header of types, and the values behind it.

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'r> {
    /// None, or a column that is not there.
    Null,
    Number(u64),
    Text(&'r [u8]),
    Blob(&'r [u8]),
}

impl<'r> Value<'r> {
    pub(crate) fn number(self) -> Option<u64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    pub(crate) fn text(self) -> Option<&'r str> {
        if let Self::Text(text) = self { std::str::from_utf8(text).ok() } else { None }
    }

    /// Of either kind: a column does not have a type.
    pub(crate) fn bytes(self) -> &'r [u8] {
        if let Self::Text(bytes) | Self::Blob(bytes) = self { bytes } else { &[] }
    }
}

/// Most columns that are read.
const COLUMNS: usize = 12;

/// The first columns of a row.
pub(crate) struct Record<'r>([Value<'r>; COLUMNS]);

impl<'r> Record<'r> {
    /// A row may end early if it is larger than any that is read: what is whole of it is given.
    pub(super) fn read(row: &'r [u8]) -> Option<Self> {
        let (length, mut header) = varint(row)?;
        let length = usize::try_from(length).ok()?;
        let (mut types, mut values) = (row.get(row.len() - header.len()..length)?, row.get(length..)?);
        let mut columns = [Value::Null; COLUMNS];
        for column in &mut columns {
            if types.is_empty() {
                break;
            }
            let kind;
            (kind, header) = varint(types)?;
            types = header;
            let size = match kind {
                0 | 8 | 9 => 0,
                1..=4 => kind as usize,
                5 => 6,
                6 | 7 => 8,
                10 | 11 => return None,
                kind => usize::try_from((kind - 12) / 2).ok()?,
            };
            let Some((bytes, rest)) = values.split_at_checked(size) else { break };
            values = rest;
            *column = match kind {
                0 | 7 => Value::Null,
                8 | 9 => Value::Number(kind - 8),
                1..=6 => Value::Number(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
                kind if kind % 2 == 0 => Value::Blob(bytes),
                _ => Value::Text(bytes),
            };
        }
        Some(Self(columns))
    }

    pub(crate) fn get(&self, column: usize) -> Value<'r> {
        self.0.get(column).copied().unwrap_or(Value::Null)
    }
}

/// Big-endian, seven bits a byte, all eight of the ninth.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), &bytes[9..]));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn varints_have_nine_bytes_at_most() {
        assert_eq!(varint(b"\x07a"), Some((7, &b"a"[..])));
        assert_eq!(varint(b"\x81\x00"), Some((128, &b""[..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &b""[..])));
        assert_eq!(varint(&[0xff; 8]), None);
    }

    #[test]
    fn a_row_has_columns() {
        // Null, 258, one, "ab", a blob, and a blob of which the end is missing.
        let row = b"\x07\x00\x02\x09\x11\x10\x16\x01\x02abxy12";
        let record = Record::read(row).unwrap();
        let columns: Vec<_> = (0..7).map(|column| record.get(column)).collect();
        let wanted = [
            Value::Null,
            Value::Number(258),
            Value::Number(1),
            Value::Text(b"ab"),
            Value::Blob(b"xy"),
            Value::Null,
            Value::Null,
        ];
        assert_eq!(columns, wanted);
    }

    proptest! {
        #[test]
        fn any_row_is_read_or_refused(row in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Record::read(&row).is_some();
        }
    }
}
