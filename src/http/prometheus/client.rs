//! Whether the client of a request is still there. The framework goes on with a request whose client has closed its
//! connection; a query must not.

use std::any::Any;
use std::os::fd::{AsRawFd, RawFd};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use nix::sys::socket::{MsgFlags, recv};

/// The socket of a request, which is open for as long as the request is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(RawFd);

/// Called for each connection that is accepted.
pub(in crate::http) fn note_connection(connection: &dyn Any, data: &mut Extensions) {
    let plain = connection.downcast_ref::<TcpStream>();
    let secured = connection.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0);
    if let Some(stream) = plain.or(secured) {
        data.insert(Client(stream.as_raw_fd()));
    }
}

impl Client {
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data::<Self>().copied()
    }

    /// Looks whether the other side has closed, without taking what it may have sent.
    pub(super) fn is_gone(self) -> bool {
        let seen = recv(self.0, &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT);
        match seen {
            Ok(bytes) => bytes == 0,
            Err(error) => error != nix::errno::Errno::EAGAIN,
        }
    }
}
