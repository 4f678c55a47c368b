//! Packages for whoever asks, whole or in part, and nothing else of the disk.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, RANGE};

use super::*;

const DEB: &str = "pganalytics-collector_4.0.0-1_amd64.deb";
const RPM: &str = "pganalytics-collector-4.0.0-1.x86_64.rpm";

async fn raw(daemon: &Daemon, path: &str) -> reqwest::Response {
    daemon.client.get(format!("http://{}{path}", daemon.address)).send().await.unwrap()
}

#[actix_web::test]
async fn without_packages_the_list_is_empty() {
    let daemon = Daemon::start();
    let reply = daemon.call(Method::GET, "/downloads", By::Nobody, None).await;
    assert_eq!((reply.status, reply.body), (StatusCode::OK, json!({ "files": [] })));
}

#[actix_web::test]
async fn packages_are_listed_and_fetched_without_signing_in() {
    let daemon = Daemon::start();
    daemon.add_package(DEB, b"0123456789");
    daemon.add_package(RPM, b"rpm");
    let reply = daemon.call(Method::GET, "/downloads", By::Nobody, None).await;
    let first = &reply.body["files"][1];
    let sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
    assert_eq!(first, &json!({ "name": DEB, "format": "deb", "size_bytes": 10, "sha256": sha256 }));
    let page = raw(&daemon, "/downloads").await.text().await.unwrap();
    assert!(page.contains(&format!("href=\"/downloads/{DEB}\"")) && page.contains(sha256), "{page}");

    let file = raw(&daemon, &format!("/downloads/{DEB}")).await;
    assert_eq!(file.headers()[CONTENT_TYPE], "application/vnd.debian.binary-package");
    assert_eq!(file.headers()[CONTENT_DISPOSITION], format!("attachment; filename=\"{DEB}\""));
    assert_eq!(file.bytes().await.unwrap(), "0123456789");

    let url = format!("http://{}/downloads/{DEB}", daemon.address);
    let part = daemon.client.get(url).header(RANGE, "bytes=4-").send().await.unwrap();
    assert_eq!(
        (part.status(), &part.headers()[CONTENT_RANGE]),
        (StatusCode::PARTIAL_CONTENT, &"bytes 4-9/10".parse().unwrap())
    );
    assert_eq!(part.bytes().await.unwrap(), "456789");
}

/// The key of everything lies one folder above.
#[actix_web::test]
async fn nobody_climbs_out_of_the_folder() {
    let daemon = Daemon::start();
    daemon.add_package(DEB, b"deb");
    for name in [
        "..%2Froot.key",
        "%2e%2e%2froot.key",
        "..%2fregistry.sqlite",
        "root.key",
        "x.deb",
        "..%00.deb",
        "%2Fetc%2Fpasswd.deb",
    ] {
        let reply = raw(&daemon, &format!("/downloads/{name}")).await;
        assert_eq!(reply.status(), StatusCode::NOT_FOUND, "{name}");
    }
}
