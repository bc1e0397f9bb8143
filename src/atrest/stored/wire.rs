//! Protocol Buffers, as far as it takes to find a field: borrowed, nothing copied.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

/// The bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// A varint.
    Number(u64),
    /// A string, bytes or a message.
    Bytes(&'b [u8]),
    /// As `Bytes`, and the message ends before they do. It is the last piece of a message.
    Cut(&'b [u8]),
    /// Of a fixed size, which no message that is read here has.
    Fixed,
}

impl<'b> Piece<'b> {
    /// Bytes, also such as were cut off.
    pub(super) fn head(self) -> Option<&'b [u8]> {
        match self {
            Self::Bytes(bytes) | Self::Cut(bytes) => Some(bytes),
            Self::Number(_) | Self::Fixed => None,
        }
    }
}

/// The fields of a message, in the order in which they were written.
pub(super) struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    pub(super) fn new(message: &'b [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Result<(u64, Piece<'b>), Malformed> {
        let tag = self.varint()?;
        let piece = match tag & 7 {
            0 => Piece::Number(self.varint()?),
            1 => self.fixed(8)?,
            2 => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                match self.rest.split_at_checked(length) {
                    Some((bytes, rest)) => {
                        self.rest = rest;
                        Piece::Bytes(bytes)
                    }
                    None => Piece::Cut(std::mem::take(&mut self.rest)),
                }
            }
            5 => self.fixed(4)?,
            _ => return Err(Malformed),
        };
        if tag >> 3 == 0 { Err(Malformed) } else { Ok((tag >> 3, piece)) }
    }

    fn fixed(&mut self, size: usize) -> Result<Piece<'b>, Malformed> {
        self.rest = self.rest.get(size..).ok_or(Malformed)?;
        Ok(Piece::Fixed)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for (at, byte) in self.rest.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if at == 9 && bits > 1 {
                return Err(Malformed);
            }
            number |= bits << (7 * at);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[at + 1..];
                return Ok(number);
            }
        }
        Err(Malformed)
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u64, Piece<'b>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// Appends a number, unless it is the default.
pub(super) fn put_number(message: &mut Vec<u8>, field: u64, number: u64) {
    if number != 0 {
        put_varint(message, field << 3);
        put_varint(message, number);
    }
}

/// Appends bytes, unless there are none.
pub(super) fn put_bytes(message: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_varint(message, field << 3 | 2);
        put_varint(message, bytes.len() as u64);
        message.extend_from_slice(bytes);
    }
}

fn put_varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_come_in_their_order() {
        let mut message = Vec::new();
        put_number(&mut message, 1, 300);
        put_bytes(&mut message, 2, b"abc");
        put_number(&mut message, 3, u64::MAX);
        let fields: Vec<_> = Fields::new(&message).map(Result::unwrap).collect();
        let wanted = [(1, Piece::Number(300)), (2, Piece::Bytes(b"abc")), (3, Piece::Number(u64::MAX))];
        assert!(fields == wanted);
    }

    #[test]
    fn bytes_that_end_too_early_are_cut() {
        let mut message = Vec::new();
        put_bytes(&mut message, 2, b"abcdef");
        assert!(Fields::new(&message[..5]).map(Result::unwrap).eq([(2, Piece::Cut(b"abc"))]));
    }

    #[test]
    fn what_is_no_message_is_malformed() {
        for bytes in [&b"\x03"[..], b"\x0b", b"\x00\x01", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x09\x01"] {
            assert!(Fields::new(bytes).any(|field| field.is_err()), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Fields::new(&bytes).count() <= bytes.len());
        }
    }
}
