//! Undoing the compression of a body. The first bytes say what it is, whatever its headers claim.
//!
//! It guarantees: a bomb is found while it is decompressed, and until it is known to be none, it holds no more
//! than the trial bytes. It does not know what the body means.

use std::borrow::Cow;
use std::io::{self, Read};

use crate::limits;
use crate::storage::unpack;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("the body has more than {} bytes after decompression", limits::PUSH_BYTES)]
    TooLarge,
    #[error("the body claims to be {0} and cannot be decompressed")]
    Broken(&'static str),
    #[error("there is no memory for the decompressed body now")]
    NoRoom,
}

/// The plain body. `reserve` is asked for the bytes of a large one, before they are held.
pub(super) fn decode(body: &[u8], reserve: impl FnOnce(usize) -> bool) -> Result<Cow<'_, [u8]>, DecodeError> {
    let Some(format) = Format::of(body) else { return Ok(Cow::Borrowed(body)) };
    // what is small, and says so, is decompressed at once; what is wrong with another body is found below
    if matches!(format, Format::Zstd)
        && let Some(size) = unpack::size_of(body).filter(|size| *size <= limits::PUSH_TRIAL_BYTES)
        && let Ok(plain) = unpack::decompress(body, size)
    {
        return Ok(Cow::Owned(plain));
    }
    let mut trial = Vec::new();
    let mut reader = format.reader(body)?;
    (&mut reader)
        .take(limits::PUSH_TRIAL_BYTES as u64)
        .read_to_end(&mut trial)
        .map_err(|_| format.broken())?;
    let rest = count(&mut reader, limits::PUSH_BYTES - trial.len()).map_err(|_| format.broken())?;
    let rest = rest.ok_or(DecodeError::TooLarge)?;
    if rest == 0 {
        return Ok(Cow::Owned(trial));
    }
    // a large body is decompressed twice: once to learn its size, once to keep it
    let size = trial.len() + rest;
    drop(trial);
    if !reserve(size) {
        return Err(DecodeError::NoRoom);
    }
    let mut plain = Vec::with_capacity(size);
    format.reader(body)?.take(size as u64).read_to_end(&mut plain).map_err(|_| format.broken())?;
    Ok(Cow::Owned(plain))
}

/// How many bytes come, or `None` when they are more than `most`.
fn count(reader: &mut impl Read, most: usize) -> io::Result<Option<usize>> {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(Some(total)),
            bytes => total += bytes,
        }
        if total > most {
            return Ok(None);
        }
    }
}

#[derive(Clone, Copy)]
enum Format {
    Gzip,
    Zstd,
}

impl Format {
    fn of(body: &[u8]) -> Option<Self> {
        if body.starts_with(&GZIP) {
            return Some(Self::Gzip);
        }
        body.starts_with(&ZSTD).then_some(Self::Zstd)
    }

    fn reader(self, body: &[u8]) -> Result<Box<dyn Read + '_>, DecodeError> {
        match self {
            Self::Gzip => Ok(Box::new(flate2::read::MultiGzDecoder::new(body))),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(body).map_err(|_| self.broken())?;
                decoder.window_log_max(limits::ZSTD_WINDOW_LOG).map_err(|_| self.broken())?;
                Ok(Box::new(decoder))
            }
        }
    }

    fn broken(self) -> DecodeError {
        DecodeError::Broken(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(plain: &[u8]) -> Vec<u8> {
        zstd::encode_all(plain, 1).unwrap()
    }

    #[test]
    fn the_first_bytes_decide_and_large_bodies_ask_for_room() {
        let small = br#"{"metrics":[]}"#.to_vec();
        let large = vec![b' '; limits::PUSH_TRIAL_BYTES + 7];
        for plain in [&small, &large] {
            for body in [plain.clone(), gzip(plain), zstd(plain)] {
                let mut asked = 0;
                let decoded = decode(&body, |bytes| {
                    asked = bytes;
                    true
                });
                assert_eq!(decoded.unwrap(), plain.as_slice());
                let is_packed_and_large = body.len() < plain.len() && plain.len() > limits::PUSH_TRIAL_BYTES;
                assert_eq!(asked, if is_packed_and_large { plain.len() } else { 0 });
            }
        }
        assert!(matches!(decode(&zstd(&large), |_| false), Err(DecodeError::NoRoom)));
    }

    #[test]
    fn a_bomb_is_found_and_the_largest_body_is_none() {
        let mut plain = vec![b' '; limits::PUSH_BYTES];
        for body in [gzip(&plain), zstd(&plain)] {
            assert_eq!(decode(&body, |_| true).unwrap().len(), limits::PUSH_BYTES);
        }
        plain.push(b' ');
        for body in [gzip(&plain), zstd(&plain)] {
            assert!(matches!(decode(&body, |_| panic!("no room is asked for")), Err(DecodeError::TooLarge)));
        }
    }

    #[test]
    fn broken_compression_is_told() {
        let plain = br#"{"metrics":[]}"#.repeat(100);
        for body in [gzip(&plain), zstd(&plain)] {
            for broken in [&body[..body.len() / 2], &body[..5]] {
                assert!(matches!(decode(broken, |_| true), Err(DecodeError::Broken(_))));
            }
        }
        let wide = {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(limits::ZSTD_WINDOW_LOG + 1).unwrap();
            encoder.write_all(&plain).unwrap();
            encoder.finish().unwrap()
        };
        assert!(matches!(decode(&wide, |_| true), Err(DecodeError::Broken("zstd"))));
    }
}
