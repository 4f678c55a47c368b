//! What answers without a sign-in: the daemon's own figures, and the description of the API.

use super::*;

async fn get(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String, String) {
    let request = daemon.client.get(format!("http://{}{path}", daemon.address));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status(), kind, response.text().await.unwrap())
}

/// A proxy on the same machine speaks for people who are elsewhere.
#[actix_web::test]
async fn the_figures_are_for_this_machine_or_for_who_has_a_token() {
    let daemon = Daemon::with_admin();
    let (status, kind, text) = get(&daemon, "/metrics", &[]).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| bare.strip_suffix(end));
        assert!(text.contains(&format!("# TYPE {} ", family.unwrap_or(bare))), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(text.contains("\npganalytics_collectors{status=\"online\"} 0\n"), "{text}");

    let forwarded = ("x-forwarded-for", "203.0.113.9");
    assert_eq!(get(&daemon, "/metrics", &[forwarded]).await.0, StatusCode::UNAUTHORIZED);
    let token = daemon.login("ada").await.body["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let allowed = get(&daemon, "/metrics", &[forwarded, ("authorization", &bearer)]).await;
    assert_eq!(allowed.0, StatusCode::OK);
    // what was answered until now has been counted
    let refused =
        allowed.2.lines().find(|line| line.starts_with("pganalytics_http_answers_total{class=\"4xx\"}"));
    assert_eq!(refused.unwrap().rsplit(' ').next(), Some("1"));
}

#[actix_web::test]
async fn the_description_is_shown_from_files_of_the_daemon() {
    let daemon = Daemon::start();
    let (status, kind, page) = get(&daemon, "/api/docs", &[]).await;
    assert!(status.is_success() && kind.starts_with("text/html"), "{status} {kind}");
    let named = page
        .split(['\n', ' '])
        .filter_map(|word| word.split_once("=\""))
        .map(|(name, value)| (name, value.split('"').next()));
    let parts: Vec<_> =
        named.filter(|(name, _)| matches!(*name, "href" | "src")).filter_map(|(_, value)| value).collect();
    assert!(parts.len() >= 6, "{page}");
    for part in parts {
        // from here a browser would ask for what is not named from the root beside the page, where nothing is
        assert!(part.starts_with("/api/docs/"), "{part}");
        assert_eq!(get(&daemon, part, &[]).await.0, StatusCode::OK, "{part}");
    }
    let (_, _, initializer) = get(&daemon, "/api/docs/swagger-initializer.js", &[]).await;
    assert!(initializer.contains("/api/v1/openapi.json"), "{initializer}");
    assert!(!page.contains("://") || !page.contains("src=\"http"), "{page}");
    assert_eq!(get(&daemon, "/api/docs/nothing.js", &[]).await.0, StatusCode::NOT_FOUND);
    let (status, _, with_slash) = get(&daemon, "/api/docs/", &[]).await;
    assert_eq!((status, with_slash), (StatusCode::OK, page), "people type it");
}

/// Those who watch whether the daemon lives ask for no body.
#[actix_web::test]
async fn what_is_read_may_be_asked_for_without_its_body() {
    let daemon = Daemon::with_admin();
    let token = daemon.token("ada").await;
    for path in ["/", "/livez", "/readyz", "/api/docs", "/api/v1/users", "/api/v1/openapi.json", "/downloads"]
    {
        let url = format!("http://{}{path}", daemon.address);
        let read = daemon.client.get(&url).bearer_auth(&token).send().await.unwrap();
        let asked = daemon.client.head(&url).bearer_auth(&token).send().await.unwrap();
        assert_eq!((asked.status(), read.status()), (StatusCode::OK, StatusCode::OK), "{path}");
        for name in ["content-type", "content-length"] {
            assert_eq!(asked.headers()[name], read.headers()[name], "{path}");
        }
        assert_eq!(asked.bytes().await.unwrap().len(), 0, "{path}");
    }
    let refused = daemon.client.head(format!("http://{}/api/v1/users", daemon.address)).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let wrong =
        daemon.client.head(format!("http://{}/api/v1/auth/login", daemon.address)).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[actix_web::test]
async fn what_no_page_and_no_route_is_says_so() {
    let daemon = Daemon::start();
    for path in ["/", "/collectors/x", "/index.html"] {
        let url = format!("http://{}{path}", daemon.address);
        let posted = Reply::of(daemon.client.post(url).send().await.unwrap()).await;
        assert_eq!(
            (posted.problem(), &posted.headers["allow"]),
            ((405, "method_not_allowed"), &"GET, HEAD".parse().unwrap())
        );
    }
    // a client of Prometheus that asks for what is not there cannot read a page
    let (status, kind, text) = get(&daemon, "/prometheus/api/v1/targets", &[]).await;
    assert_eq!((status, kind.as_str()), (StatusCode::NOT_FOUND, "application/json"));
    assert!(text.contains("\"errorType\":\"not_found\""), "{text}");
}
