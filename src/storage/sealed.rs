//! Every column of the registry that holds envelopes, in one list: what is sealed is sealed for one of these places,
//! and a rotation of the root key reaches all of them.

use crate::crypto::Column;

pub const AUTHORITY_KEY: Column = of("certificate_authorities", "private_sealed");
pub const SERVER_KEY: Column = Column { table: "server_certificate", name: "private_sealed", row: "'1'" };
pub const SIGNING_KEY: Column = of("signing_keys", "private_sealed");
pub const PASSWORD: Column = of("collectors", "password_sealed");
pub const SSL_CERTIFICATE: Column = of("collectors", "ssl_certificate_sealed");
pub const COMMAND: Column = of("commands", "params_sealed");
pub const REPLY: Column =
    Column { table: "replies", name: "reply_sealed", row: "caller || ' ' || part || ' ' || key" };
pub const USER: Column = of("users", "row_seal");
pub const API_TOKEN: Column = of("api_tokens", "row_seal");
pub const COLLECTOR_TOKEN: Column = of("collector_tokens", "row_seal");
pub const CERTIFICATE: Column = Column { table: "collector_certificates", name: "row_seal", row: "serial" };

/// All of them. `node::keys` has a test that finds a column of the schema that is missing here.
pub const ALL: [Column; 11] = [
    AUTHORITY_KEY,
    SERVER_KEY,
    SIGNING_KEY,
    PASSWORD,
    SSL_CERTIFICATE,
    COMMAND,
    REPLY,
    USER,
    API_TOKEN,
    COLLECTOR_TOKEN,
    CERTIFICATE,
];

const fn of(table: &'static str, name: &'static str) -> Column {
    Column { table, name, row: "id" }
}
