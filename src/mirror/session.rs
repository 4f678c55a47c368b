//! One connection to the mirror, from the handshake on.
//!
//! It guarantees: nothing is written before the database is known to be good, to have the tables, and to keep this
//! site for this appliance; a copy that went back in time, or that is new, gets everything again.

use std::collections::HashSet;
use std::io;
use std::time::Instant;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::Client;

use super::options::{Options, Span};
use super::partitions::Partitions;
use super::registry::appliance_id;
use super::standing::Sent;
use super::{MirrorError, Source, schema};
use crate::crypto::{Secret, fill_random};
use crate::files;
use crate::ids::CollectorId;
use crate::limits::{MIRROR_CONNECT_TIME, SECRET_FILE_BYTES};
use crate::metrics::{FeedKey, Gap, Link};
use crate::postgres::{Connected, Route};

/// PostgreSQL 13.
const OLDEST: i32 = 130_000;
/// What a server does with a session whose other end it cannot see any more, and what may hold up others.
const SETTINGS: &str = "SET statement_timeout = '60s'; SET lock_timeout = '15s';
     SET idle_in_transaction_session_timeout = '60s'; SET TimeZone = 'UTC'";

/// An open connection, and how far it has come.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) server_version: String,
    pub(super) site_id: String,
    pub(super) partitions: Partitions,
    pub(super) link: Link,
    /// Documents before this one may be in the mirror already: an earlier session may have written them.
    pub(super) checked_before: u64,
    /// The place in the feed; from its beginning without one.
    pub(super) at: Option<FeedKey>,
    /// What was copied and still stands in the feed.
    pub(super) done: Vec<FeedKey>,
    pub(super) gap: Option<Gap>,
    /// Whether the gap has been walked on since it was last noted.
    pub(super) is_gap_moved: bool,
    pub(super) noted_at: Instant,
    /// Collectors whose metrics belong into the archive.
    pub(super) archived: HashSet<CollectorId>,
    /// The last entry of the trail that the mirror has.
    pub(super) trail_seq: i64,
    pub(super) standings: Sent,
    /// What keeps the gap from being walked on.
    pub(super) trouble: Option<String>,
}

/// The row of this site.
struct Site {
    link: u128,
    commits: u64,
}

impl Session {
    pub(super) async fn open(options: &Options, source: &Source) -> Result<Self, MirrorError> {
        let connected = connect(options).await?;
        let Connected { mut client, server_version, .. } = connected;
        check(&client, &server_version).await?;
        client.batch_execute(SETTINGS).await?;
        schema::migrate(&mut client, options.partition != Span::None).await?;
        let appliance = appliance_id(&source.db)?;
        let site = take_site(&mut client, &options.site_id, &appliance).await?;
        let link = Link { id: site.link, commits: site.commits };
        let feed = source.metrics.feed_state()?;
        let is_known = feed.link.is_some_and(|known| known.id == link.id && known.commits <= link.commits);
        let partitions = Partitions::find(&client, options.partition).await?;
        let mut session = Self {
            client,
            server_version,
            site_id: options.site_id.clone(),
            partitions,
            link,
            checked_before: feed.next_seq,
            at: None,
            done: Vec::new(),
            gap: feed.gap,
            is_gap_moved: false,
            noted_at: Instant::now(),
            archived: HashSet::new(),
            trail_seq: 0,
            standings: Sent::default(),
            trouble: None,
        };
        session.begin_registry(source, &name(link.id), is_known).await?;
        if !is_known {
            // last, as it makes the copy a known one
            source.metrics.feed_restart(link)?;
            let feed = source.metrics.feed_state()?;
            (session.checked_before, session.gap) = (feed.next_seq, feed.gap);
        }
        session.begin_trail(source).await?;
        session.find_archived().await?;
        Ok(session)
    }
}

fn name(link: u128) -> String {
    uuid::Uuid::from_u128(link).to_string()
}

async fn connect(options: &Options) -> Result<Connected, MirrorError> {
    let authorities = options.ca_file.as_ref().map(|path| {
        let source = |source| MirrorError::File { path: path.clone(), source };
        let text = std::fs::read(path).map_err(source)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        certificates
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or_else(|| MirrorError::NoCertificate(path.clone()))
    });
    let authorities = authorities.transpose()?;
    let Options { host, port, ssl_mode, .. } = options;
    let authorities = authorities.as_deref();
    let route = Route::new(host, *port, *ssl_mode, authorities, "pganalytics mirror", MIRROR_CONNECT_TIME)?;
    let password = password(options)?;
    Ok(route.connect(&options.user, password.as_ref(), &options.database).await?)
}

fn password(options: &Options) -> Result<Option<Secret>, MirrorError> {
    let Some(path) = &options.password_file else { return Ok(None) };
    let failed = |source| MirrorError::File { path: path.clone(), source };
    let bytes = files::read_password(path, SECRET_FILE_BYTES).map_err(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed(io::Error::other("it is not text")))?;
    Ok(Some(Secret::new(text.trim_end_matches(['\n', '\r']))))
}

async fn check(client: &Client, server_version: &str) -> Result<(), MirrorError> {
    let sql = "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding')";
    let row = client.query_one(sql, &[]).await?;
    let (version, encoding): (i32, String) = (row.get(0), row.get(1));
    if version < OLDEST {
        return Err(MirrorError::TooOld(server_version.to_owned()));
    }
    if encoding == "UTF8" { Ok(()) } else { Err(MirrorError::Encoding(encoding)) }
}

/// Makes the row of the site for this appliance, or finds it.
async fn take_site(client: &mut Client, site: &str, appliance: &str) -> Result<Site, MirrorError> {
    let mut link = [0; 16];
    fill_random(&mut link);
    let insert = "INSERT INTO mirror_sites (site_id, appliance_id, link, release)
         VALUES ($1, $2::text::uuid, $3::text::uuid, $4)
         ON CONFLICT (site_id) DO UPDATE SET release = excluded.release
             WHERE mirror_sites.appliance_id = excluded.appliance_id";
    let new = name(u128::from_be_bytes(link));
    client.execute(insert, &[&site, &appliance, &new, &env!("CARGO_PKG_VERSION")]).await?;
    let select = "SELECT appliance_id::text, link::text, commits FROM mirror_sites WHERE site_id = $1";
    let row = client.query_one(select, &[&site]).await?;
    let (owner, link, commits): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
    if owner != appliance {
        return Err(MirrorError::Taken { site: site.to_owned(), owner, appliance: appliance.to_owned() });
    }
    let link = uuid::Uuid::try_parse(&link).map_err(|_| MirrorError::Moved(site.to_owned()))?;
    Ok(Site { link: link.as_u128(), commits: commits.cast_unsigned() })
}
