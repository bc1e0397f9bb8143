//! Bytes of a file at a position.

use std::fs::File;
use std::io;
use std::time::SystemTime;

/// A file, or the part of it that is a database: what stands behind is cut off.
pub(super) struct Storage {
    file: File,
    length: u64,
}

impl Storage {
    pub(super) fn new(file: File, length: u64) -> Self {
        Self { file, length }
    }

    /// Bytes that may be read.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that stand behind those, as far as there are any.
    pub(super) fn read_behind(&self, buffer: &mut [u8]) -> io::Result<()> {
        let read = read_at(&self.file, buffer, self.length)?;
        buffer[read..].fill(0);
        Ok(())
    }

    /// What changes when the file is written to.
    pub(super) fn state(&self) -> io::Result<(u64, SystemTime)> {
        let metadata = self.file.metadata()?;
        Ok((metadata.len(), metadata.modified()?))
    }

    /// The same file, which may have grown.
    pub(super) fn grown(mut self) -> io::Result<Self> {
        self.length = self.file.metadata()?.len();
        Ok(self)
    }

    /// Fills the buffer, or as much of it as there are bytes; says how much.
    pub(super) fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let mut done = 0;
        while done < wanted {
            match read_at(&self.file, &mut buffer[done..wanted], position + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
