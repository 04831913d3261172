//! What a socket has not taken yet. While it takes everything at once, nothing is kept here.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};

use bytes::Bytes;
use mio::net::TcpStream;

/// Pieces that are joined into one write.
const JOINED_MAX: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    #[expect(clippy::box_collection, reason = "eight bytes for those who keep up")]
    waiting: Option<Box<VecDeque<Bytes>>>,
}

impl Outbox {
    /// Whether the socket has taken everything.
    pub(super) fn is_clear(&self) -> bool {
        self.waiting.is_none()
    }

    /// Writes pieces, joined; what the socket does not take is kept behind what waits already.
    pub(super) fn write(&mut self, socket: &TcpStream, pieces: &[Bytes]) -> io::Result<()> {
        let taken = match self.waiting {
            None => send(socket, pieces)?,
            Some(_) => 0,
        };
        self.keep(pieces, taken);
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self, socket: &TcpStream) -> io::Result<()> {
        while let Some(waiting) = self.waiting.as_mut() {
            let pieces: Vec<Bytes> = waiting.iter().take(JOINED_MAX).cloned().collect();
            let whole: usize = pieces.iter().map(Bytes::len).sum();
            let taken = send(socket, &pieces)?;
            waiting.drain(..pieces.len());
            let rest = rest(&pieces, taken).into_iter().rev();
            rest.for_each(|piece| waiting.push_front(piece));
            if waiting.is_empty() {
                self.waiting = None;
            }
            if taken < whole {
                break;
            }
        }
        Ok(())
    }

    /// Drops what waits, but for what the socket has taken a part of.
    pub(super) fn cut(&mut self) {
        if let Some(waiting) = self.waiting.as_mut() {
            waiting.truncate(1);
        }
    }

    fn keep(&mut self, pieces: &[Bytes], taken: usize) {
        for piece in rest(pieces, taken) {
            self.waiting.get_or_insert_default().push_back(piece);
        }
    }
}

/// What is left of pieces of which so many bytes have been taken.
fn rest(pieces: &[Bytes], mut taken: usize) -> Vec<Bytes> {
    let left = pieces.iter().filter_map(|piece| {
        let gone = taken.min(piece.len());
        taken -= gone;
        (gone < piece.len()).then(|| piece.slice(gone..))
    });
    left.collect()
}

/// How many bytes the socket takes at once.
fn send(mut socket: &TcpStream, pieces: &[Bytes]) -> io::Result<usize> {
    let mut taken = 0;
    for joined in pieces.chunks(JOINED_MAX) {
        let whole: usize = joined.iter().map(Bytes::len).sum();
        let sent = match joined {
            [one] => socket.write(one),
            many => {
                let slices: Vec<IoSlice<'_>> = many.iter().map(|p| IoSlice::new(p)).collect();
                socket.write_vectored(&slices)
            }
        };
        let sent = match sent {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        taken += sent;
        if sent < whole {
            break;
        }
    }
    Ok(taken)
}
