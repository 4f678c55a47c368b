//! A client that speaks HTTP byte by byte, for what no library would send.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(stream)
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        // the daemon may have answered and closed already
        let _ = self.0.write_all(bytes.as_ref());
    }

    /// The first line of the next answer; empty when the daemon closed without one.
    pub(crate) fn status_line(&mut self) -> String {
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\r\n") {
            match self.0.read(&mut byte) {
                Ok(1..) => line.push(byte[0]),
                Ok(0) => break,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("no answer within 30 s: {error}"),
            }
        }
        String::from_utf8_lossy(&line).trim().to_owned()
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection is still open after 30 s: {error}"),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
