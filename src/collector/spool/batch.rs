//! One batch as a file: a push that was built once and is sent, byte for byte, until it is taken.
//!
//! ```text
//! magic "PGASPL01" | crc32 of the rest, 4 bytes LE | length of the header, 4 bytes LE | header, JSON | body
//! ```
//!
//! The body is the compressed push. The id is the push's idempotency key: it lives in the file, so that
//! a batch keeps it across restarts and is stored once however often it is sent.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::CollectorId;

const MAGIC: &[u8; 8] = b"PGASPL01";
const PREFIX_BYTES: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub header: Header,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub id: Uuid,
    pub collector_id: CollectorId,
    pub collected_at: Timestamp,
    pub documents: u64,
    /// As `Content-Encoding` calls it.
    pub encoding: String,
    /// How far the database's log was read, where the batch holds some of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_position: Option<serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it does not begin as a batch does")]
    NotABatch,
    #[error("it is cut short")]
    Short,
    #[error("its checksum does not match")]
    Checksum,
    #[error("its header cannot be read")]
    Header,
}

impl Batch {
    pub fn encode(&self) -> std::io::Result<Vec<u8>> {
        let header = serde_json::to_vec(&self.header)?;
        let length = u32::try_from(header.len()).map_err(std::io::Error::other)?;
        let mut bytes = Vec::with_capacity(PREFIX_BYTES + header.len() + self.body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&self.body);
        let checksum = crc32fast::hash(&bytes[12..]);
        bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        if !bytes.starts_with(MAGIC) {
            return Err(if MAGIC.starts_with(bytes) { Damage::Short } else { Damage::NotABatch });
        }
        let checksum = read_u32(bytes, 8)?;
        let header_bytes = usize::try_from(read_u32(bytes, 12)?).map_err(|_| Damage::Header)?;
        if crc32fast::hash(&bytes[12..]) != checksum {
            return Err(Damage::Checksum);
        }
        let rest = &bytes[PREFIX_BYTES..];
        let header = rest.get(..header_bytes).ok_or(Damage::Short)?;
        let header = serde_json::from_slice(header).map_err(|_| Damage::Header)?;
        Ok(Self { header, body: rest[header_bytes..].to_vec() })
    }
}

fn read_u32(bytes: &[u8], at: usize) -> Result<u32, Damage> {
    let four = bytes.get(at..at + 4).ok_or(Damage::Short)?;
    Ok(u32::from_le_bytes(four.try_into().map_err(|_| Damage::Short)?))
}
