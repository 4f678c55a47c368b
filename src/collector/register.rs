//! `register`: exchanges a registration secret for an identity and writes that beside the configuration.
//!
//! The secret comes by standard input or from a file, never as an argument. The order of writing: the files
//! with secrets first, the id that makes them count last. All of them are readable by the agent's user only.

use std::io::Read;
use std::path::{Path, PathBuf};

use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use toml_edit::{DocumentMut, Item, Table, value};

use super::certificate;
use super::config::{backend_url, read_bounded, read_secret};
use super::pin;
use super::uplink::{ClientError, Verdict, http_client, read_file, reply_of};
use crate::clock::Timestamp;
use crate::crypto::{Hash, Secret};
use crate::files::{self, Access};
use crate::limits;
use crate::settings::Environment;
use crate::wire::{Registration, RegistrationReply};

/// What the operator asked for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) config: PathBuf,
    pub(super) url: Option<String>,
    pub(super) name: String,
    pub(super) ca_file: Option<PathBuf>,
    /// The hash of the authority's certificate, where there is no file of it yet.
    pub(super) ca_sha256: Option<Hash>,
    /// `None`: the secret is on standard input.
    pub(super) secret_file: Option<PathBuf>,
}

/// What was written where.
#[derive(Debug, Serialize)]
pub(super) struct Registered {
    pub(super) collector_id: String,
    pub(super) expires_at: Timestamp,
    pub(super) config: PathBuf,
    pub(super) token_file: PathBuf,
    pub(super) cert_file: PathBuf,
    pub(super) key_file: PathBuf,
    /// The authority that the daemon's certificate comes from; absent where the system knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca_file: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RegisterError {
    #[error("cannot read the registration secret: {0}")]
    Secret(std::io::Error),
    #[error("cannot use {file}: {cause}")]
    Config { file: String, cause: String },
    #[error("the daemon's address {0}")]
    Url(&'static str),
    #[error(transparent)]
    Daemon(#[from] ClientError),
    #[error("cannot make a key: {0}")]
    Key(rcgen::Error),
    #[error("cannot write {file}: {cause}")]
    Write { file: String, cause: std::io::Error },
}

pub(super) async fn run(request: Request, environment: &Environment) -> Result<Registered, RegisterError> {
    let mut config = read_config(&request.config)?;
    let text = |section: &str, key: &str| config.get(section)?.get(key)?.as_str().map(str::to_owned);
    let url = request.url.clone().or(environment.text("CENTRAL_API_URL")).or(text("backend", "url"));
    let url = url.ok_or(RegisterError::Url("is missing: give --url"))?;
    let base = backend_url(&url).map_err(|(_, rule)| RegisterError::Url(rule))?;
    let ca_file = request.ca_file.clone().or(text("tls", "ca_file").map(PathBuf::from));
    let authority = match (request.ca_sha256, &ca_file) {
        (Some(pin), _) => Some(pin::fetch(&base, pin).await?.into_bytes()),
        (None, Some(path)) => Some(read_file(path)?),
        (None, None) => None,
    };
    let hostname = text("collector", "hostname").unwrap_or_else(super::config::host_name);
    let secret = read_registration_secret(request.secret_file.as_deref()).map_err(RegisterError::Secret)?;

    // made here, so that it is never on the way
    let key = certificate::new_key().map_err(RegisterError::Key)?;
    let csr = Some(certificate::request(&key).map_err(RegisterError::Key)?);
    let version = super::VERSION.to_owned();
    let registration = Registration { name: request.name, hostname, version, csr };
    let reply = ask(&base, authority.as_deref(), &secret, &registration).await?;

    let folder = request.config.parent().map(Path::to_owned).unwrap_or_default();
    let registered = Registered {
        collector_id: reply.collector_id,
        expires_at: reply.expires_at,
        token_file: beside(&request.config, ".token"),
        cert_file: beside(&request.config, ".crt"),
        key_file: beside(&request.config, ".key"),
        ca_file: request.ca_sha256.map(|_| beside(&request.config, "-ca.crt")).or(ca_file),
        config: request.config,
    };
    if !folder.as_os_str().is_empty() {
        files::create_folder(&folder).map_err(|cause| unwritten(&folder, cause))?;
    }
    if let (Some(_), Some(path), Some(text)) = (request.ca_sha256, &registered.ca_file, &authority) {
        write(path, &String::from_utf8_lossy(text))?;
    }
    write(&registered.token_file, reply.token.expose())?;
    write(&registered.cert_file, &reply.certificate)?;
    // a daemon of an earlier release does not read the request, and gives a key with its certificate
    let key = reply.private_key.unwrap_or_else(|| Secret::new(key.serialize_pem()));
    write(&registered.key_file, key.expose())?;
    enter(&mut config, &registered, &url);
    write(&registered.config, &config.to_string())?;
    Ok(registered)
}

/// A file beside the configuration that bears its name, so that the agents of one folder have each their own.
fn beside(config: &Path, ending: &str) -> PathBuf {
    let mut name = config.file_stem().unwrap_or_default().to_owned();
    name.push(ending);
    config.with_file_name(name)
}

fn read_config(path: &Path) -> Result<DocumentMut, RegisterError> {
    let failed = |cause: String| RegisterError::Config { file: path.display().to_string(), cause };
    let text = match read_bounded(path, limits::CONFIG_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error.to_string())),
    };
    // the error's own text would quote the line
    text.parse::<DocumentMut>().map_err(|error| failed(format!("not TOML: {}", error.message())))
}

fn read_registration_secret(file: Option<&Path>) -> std::io::Result<Secret> {
    if let Some(path) = file {
        return read_secret(path);
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin().lock().take(limits::SECRET_FILE_BYTES).read_to_string(&mut text)?;
    match text.trim() {
        "" => Err(std::io::Error::other("standard input is empty")),
        secret => Ok(Secret::new(secret)),
    }
}

async fn ask(
    base: &reqwest::Url,
    authority: Option<&[u8]>,
    secret: &Secret,
    registration: &Registration,
) -> Result<RegistrationReply, RegisterError> {
    let understood = |error: &dyn std::fmt::Display| ClientError::Answer(error.to_string());
    let url = base.join("collectors/register").map_err(|error| understood(&error))?;
    let mut header =
        reqwest::header::HeaderValue::from_str(secret.expose()).map_err(|error| understood(&error))?;
    header.set_sensitive(true);
    let body = serde_json::to_vec(registration).map_err(|error| understood(&error))?;
    let request = http_client(base, authority, None)?
        .post(url)
        .header("X-Registration-Secret", header)
        .header(CONTENT_TYPE, "application/json")
        .timeout(limits::REQUEST_TIME)
        .body(body);
    let reply = reply_of(request).await?;
    match reply.verdict() {
        Verdict::Done => Ok(serde_json::from_slice(&reply.body).map_err(|error| understood(&error))?),
        verdict => Err(reply.into_error(&verdict).into()),
    }
}

/// Sets what registration decides and leaves everything else, comments included, as it was.
fn enter(config: &mut DocumentMut, registered: &Registered, url: &str) {
    let path = |path: &Path| {
        value(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string())
    };
    let mut set = |section: &str, key: &str, item: Item| {
        let table = config.entry(section).or_insert_with(|| Item::Table(Table::new()));
        if let Some(table) = table.as_table_like_mut() {
            table.insert(key, item);
        }
    };
    set("collector", "id", value(&registered.collector_id));
    set("collector", "token_file", path(&registered.token_file));
    set("backend", "url", value(url));
    set("tls", "cert_file", path(&registered.cert_file));
    set("tls", "key_file", path(&registered.key_file));
    if let Some(ca_file) = &registered.ca_file {
        set("tls", "ca_file", path(ca_file));
    }
}

fn write(path: &Path, text: &str) -> Result<(), RegisterError> {
    files::write_whole(path, text.as_bytes(), Access::Owner)
        .and_then(|()| hand_over(path))
        .map_err(|cause| unwritten(path, cause))
}

/// An administrator registers, the service reads: the files belong to the service's user where there is one.
fn hand_over(path: &Path) -> std::io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    match nix::unistd::User::from_name(super::NAME)? {
        Some(user) => Ok(nix::unistd::chown(path, Some(user.uid), Some(user.gid))?),
        None => Ok(()),
    }
}

fn unwritten(path: &Path, cause: std::io::Error) -> RegisterError {
    RegisterError::Write { file: path.display().to_string(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_changes_its_own_keys_and_keeps_comments_and_the_rest() {
        let text =
            "# ours\n[collector]\nid = \"old\" # was\ninterval = 10\n\n[postgres]\nhost = \"db\" # keep\n";
        let mut config: DocumentMut = text.parse().unwrap();
        let registered = Registered {
            collector_id: "col_new".to_owned(),
            expires_at: Timestamp::from_millis(0),
            config: "/etc/x/collector.toml".into(),
            token_file: "/etc/x/collector.token".into(),
            cert_file: "/etc/x/collector.crt".into(),
            key_file: "/etc/x/collector.key".into(),
            ca_file: None,
        };
        enter(&mut config, &registered, "https://daemon:8443");
        let written = config.to_string();
        assert!(written.starts_with("# ours\n[collector]\nid = \"col_new\""), "{written}");
        assert!(written.contains("interval = 10") && written.contains("host = \"db\" # keep"), "{written}");
        assert!(written.contains("token_file = \"/etc/x/collector.token\""), "{written}");
        assert!(written.contains("url = \"https://daemon:8443\""), "{written}");
    }
}
