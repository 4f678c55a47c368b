//! What the worker tells the supervisor, through the worker's standard output.
//!
//! A message is its length (4 bytes, big endian) and its JSON. The length is bounded on both sides: a worker
//! that writes nonsense is a worker that has gone wrong, and is replaced.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::collection::Collected;
use crate::limits::PIPE_MESSAGE_BYTES;
use crate::wire::LogEntry;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// One document, as soon as it is there.
    Document(Box<RawValue>),
    /// What the worker logged.
    Log(Vec<LogEntry>),
    /// The collection is over.
    Collected(Collected),
}

pub(super) async fn write(pipe: &mut (impl AsyncWrite + Unpin), message: &Message) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    if text.len() > PIPE_MESSAGE_BYTES {
        let limit = PIPE_MESSAGE_BYTES;
        return Err(io::Error::other(format!(
            "a message of {} bytes is over the limit of {limit}",
            text.len()
        )));
    }
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    pipe.write_u32(length).await?;
    pipe.write_all(&text).await?;
    pipe.flush().await
}

/// The next message; `None` when the pipe was closed between two.
pub(super) async fn read(pipe: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Message>> {
    let length = match pipe.read_u32().await {
        Ok(length) => usize::try_from(length).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > PIPE_MESSAGE_BYTES {
        return Err(io::Error::other(format!(
            "a message of {length} bytes is over the limit of {PIPE_MESSAGE_BYTES}"
        )));
    }
    let mut text = vec![0; length];
    pipe.read_exact(&mut text).await?;
    Ok(Some(serde_json::from_slice(&text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_document_goes_through_byte_for_byte_and_a_wrong_length_is_refused() {
        let (mut near, mut far) = io::duplex(1024);
        let text = r#"{"type": "x", "big": 9223372036854775807, "exact": 1.10}"#;
        let sent = Message::Document(RawValue::from_string(text.to_owned()).unwrap());
        write(&mut near, &sent).await.unwrap();
        let Some(Message::Document(got)) = read(&mut far).await.unwrap() else { panic!("no document") };
        assert_eq!(got.get(), text);

        near.write_u32(u32::MAX).await.unwrap();
        assert!(read(&mut far).await.unwrap_err().to_string().contains("over the limit"));
        drop(near);
        assert!(read(&mut far).await.unwrap().is_none());
    }
}
