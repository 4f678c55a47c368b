//! Who may call what: every route of the table, called by everybody, is refused exactly when the table says so.
//!
//! A route that is added is in here by being in the table.

use std::collections::{BTreeMap, BTreeSet};

use pganalytics::access::{Need, Role};
use pganalytics::http::routes;
use reqwest::Method;
use serde_json::json;

use crate::support::appliance::Appliance;
use crate::support::client::{Reply, Socket};

/// Somebody who calls.
struct Caller {
    name: String,
    token: Option<String>,
    is: Is,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    /// Nobody, or somebody whose credential is dead.
    Unknown,
    Session(Role),
    ApiToken(Role),
    /// The collector whose id stands in the paths.
    Collector,
    OtherCollector,
}

struct Cast {
    appliance: Appliance,
    callers: Vec<Caller>,
    /// The id of the collector that stands in paths of collectors' own calls.
    collector: String,
}

fn cast() -> Cast {
    let (appliance, ada) = Appliance::with_admin();
    let mut callers = Vec::new();
    let mut add = |name: &str, token: Option<&str>, is| {
        callers.push(Caller { name: name.to_owned(), token: token.map(str::to_owned), is });
    };
    add("nobody", None, Is::Unknown);
    add("rubbish", Some("rubbish"), Is::Unknown);
    for role in [Role::Viewer, Role::Operator, Role::Auditor, Role::Admin] {
        let (_, session) = appliance.user(&ada, &format!("the-{role}"), role.as_str());
        let made = appliance.client.post("/api/v1/api-tokens", Some(&session), &json!({"name": "ci"}));
        assert_eq!(made.body["role"], role.as_str(), "{}", made.text);
        add(role.as_str(), Some(&session), Is::Session(role));
        add(&format!("API token of {role}"), Some(&made.string("token")), Is::ApiToken(role));
    }
    let lesser = json!({"name": "lesser", "role": "viewer"});
    let lesser = appliance.client.post("/api/v1/api-tokens", Some(&ada), &lesser).string("token");
    add("viewer's token of an admin", Some(&lesser), Is::ApiToken(Role::Viewer));

    let (disabled, session) = appliance.user(&ada, "dora", "admin");
    let token =
        appliance.client.post("/api/v1/api-tokens", Some(&session), &json!({"name": "t"})).string("token");
    let change = json!({"disabled": true});
    let path = format!("/api/v1/users/{disabled}");
    assert_eq!(appliance.client.call(Method::PUT, &path, Some(&ada), Some(&change)).status, 200);
    add("session of a disabled admin", Some(&session), Is::Unknown);
    add("API token of a disabled admin", Some(&token), Is::Unknown);
    let made = appliance.client.post("/api/v1/api-tokens", Some(&ada), &json!({"name": "old"}));
    let path = format!("/api/v1/api-tokens/{}", made.string("id"));
    assert_eq!(appliance.client.call(Method::DELETE, &path, Some(&ada), None).status, 204);
    add("revoked API token", Some(&made.string("token")), Is::Unknown);

    let (collector, token) = appliance.collector(&ada, "db-1");
    let access = appliance.client.post("/api/v1/collectors/refresh-token", Some(&token), &json!({}));
    let (_, other) = appliance.collector(&ada, "db-2");
    add("collector", Some(&token), Is::Collector);
    add("collector by its access token", Some(&access.string("token")), Is::Collector);
    add("another collector", Some(&other), Is::OtherCollector);
    Cast { appliance, callers, collector }
}

impl Caller {
    /// The status of the refusal that the table asks for.
    fn refusal(&self, need: Need, path: &str) -> Option<u16> {
        // a v3 collector that is answered 401 there asks again without end
        let unknown = if path.starts_with("/api/v1/config/") { 403 } else { 401 };
        let names_a_collector = path.contains("{id}") || path.contains("{collector_id}");
        match (need, self.is) {
            // all of them call from the daemon's own machine
            (Need::Public | Need::Local, _) | (Need::Collector, Is::Collector) => None,
            (_, Is::Unknown) => Some(unknown),
            (Need::Collector, Is::OtherCollector) => names_a_collector.then_some(403),
            (need, Is::Session(role) | Is::ApiToken(role)) if role.meets(need) => None,
            _ => Some(403),
        }
    }
}

/// Without a session there is none to renew or to end, whatever the role.
const OF_SESSIONS: [&str; 2] = ["/api/v1/auth/refresh", "/api/v1/auth/logout"];

/// An id of the right form that nobody has, so that what is allowed changes nothing; agents name themselves.
fn with_ids(path: &str, need: Need, collector: &str) -> String {
    const NOBODY: &str = "01939b3c-5a00-7000-8000-00000000000f";
    let id = match path.split('/').nth(3) {
        _ if need == Need::Collector => collector.to_owned(),
        Some("users") => format!("usr_{NOBODY}"),
        Some("api-tokens") => format!("tok_{NOBODY}"),
        Some("groups") => format!("grp_{NOBODY}"),
        Some("operations") => format!("op_{NOBODY}"),
        _ => format!("col_{NOBODY}"),
    };
    path.replace("{id}", &id).replace("{collector_id}", &id)
}

/// Its errors have a form of their own.
fn is_prometheus(path: &str) -> bool {
    path.starts_with("/prometheus/")
}

/// The status of a refusal, whose body is whole.
#[track_caller]
fn refused(reply: &Reply, path: &str) -> u16 {
    if !is_prometheus(path) {
        return reply.problem().0;
    }
    assert_eq!(reply.body["status"], "error", "{}", reply.text);
    assert!(!reply.string("errorType").is_empty() && !reply.string("error").is_empty());
    reply.status
}

fn decorated(what: &str, reply: &Reply, seen: &mut BTreeSet<String>) {
    let id = reply.header("x-request-id");
    assert!(id.len() > 30 && seen.insert(id.to_owned()), "{what}: X-Request-Id {id:?}");
    for (header, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(reply.header(header), value, "{what}: {header}");
    }
    let policy = reply.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-"), "{what}: {policy}");
    if what.contains(" /api/") || what.contains(" /prometheus/") {
        assert_eq!(reply.header("cache-control"), "no-store", "{what}");
    }
    assert!(reply.headers.get("access-control-allow-origin").is_none(), "{what}");
    assert!(reply.headers.get("server").is_none(), "{what}: the server says what it is made of");
}

#[test]
fn every_route_refuses_exactly_whom_the_table_refuses() {
    let Cast { appliance, callers, collector } = cast();
    let mut ids = BTreeSet::new();
    for caller in &callers {
        for route in routes::all() {
            let is_of_session = OF_SESSIONS.contains(&route.path);
            let fresh = (is_of_session && matches!(caller.is, Is::Session(_)))
                .then(|| appliance.login(&format!("the-{}", caller.name)));
            let token = fresh.as_deref().or(caller.token.as_deref());
            let path = with_ids(route.path, route.need, &collector);
            // the daemon's type of methods is not the client's
            let method = Method::from_bytes(route.method.as_str().as_bytes()).unwrap();
            let body = (method != Method::GET).then(|| json!({}));
            let reply = appliance.client.call(method, &path, token, body.as_ref());
            let what = format!("{} calls {} {path}", caller.name, route.method);
            decorated(&what, &reply, &mut ids);
            let without_session = is_of_session && matches!(caller.is, Is::ApiToken(_));
            match caller.refusal(route.need, route.path) {
                _ if without_session => assert_eq!(reply.problem().0, 403, "{what}: {}", reply.text),
                Some(status) => assert_eq!(refused(&reply, route.path), status, "{what}: {}", reply.text),
                None => {
                    let allowed = !matches!(reply.status, 401 | 403) && reply.status < 500;
                    assert!(allowed, "{what}: {} {}", reply.status, reply.text);
                }
            }
            if reply.status == 403 && matches!(caller.is, Is::Session(_)) {
                let detail = reply.string(if is_prometheus(route.path) { "error" } else { "detail" });
                let need = if route.need == Need::Collector { "collector" } else { route.need.as_str() };
                assert!(detail.contains(need), "{what}: the role that is needed is not told: {detail}");
            }
        }
    }
}

/// What is open to nobody in particular is so on purpose, and what only some may do does not become open by a
/// slip in the table.
#[test]
fn the_table_says_what_the_product_promises() {
    let open = [
        "GET /api/v1/downloads",
        "GET /api/v1/health",
        "GET /api/v1/openapi.json",
        "GET /api/v1/setup",
        "GET /downloads",
        "GET /downloads/{name}",
        "GET /healthz",
        "GET /livez",
        "GET /readyz",
        "GET /version",
        "POST /api/v1/auth/login",
        "POST /api/v1/setup",
    ];
    let named = |route: &routes::Route| format!("{} {}", route.method, route.path);
    let is_public = |route: &routes::Route| route.need == Need::Public;
    let public: BTreeSet<_> = routes::all().iter().filter(|route| is_public(route)).map(named).collect();
    let public: Vec<_> = public.iter().filter(|name| !name.starts_with("GET /api/docs")).collect();
    assert_eq!(public, open);
    let of_admins = |path: &str| {
        let parts = ["users", "registration-secrets", "collectors/register", "jobs", "system"];
        parts.iter().any(|part| path.strip_prefix("/api/v1/").is_some_and(|rest| rest.starts_with(part)))
    };
    for route in routes::all() {
        let name = named(&route);
        let need = match route.path {
            path if of_admins(path) => Need::Admin,
            "/api/v1/audit" | "/api/v1/audit/verify" => Need::Auditor,
            path if path.ends_with("/test-connection") => Need::Operator,
            path if path.starts_with("/api/v1/groups") && route.method != "GET" => Need::Operator,
            _ => continue,
        };
        assert_eq!(route.need, need, "{name}");
    }
}

/// The matrix calls with ids that nobody has; here they are somebody's.
#[test]
fn what_is_refused_does_not_happen() {
    let (appliance, ada) = Appliance::with_admin();
    let (bob, _) = appliance.user(&ada, "bob", "viewer");
    let groups = appliance.client.get("/api/v1/groups", Some(&ada));
    let group = groups.body["groups"][0]["id"].as_str().unwrap().to_owned();
    let (_, viewer) = appliance.user(&ada, "vera", "viewer");
    let (_, operator) = appliance.user(&ada, "olga", "operator");
    let (_, agent) = appliance.collector(&ada, "db-1");
    for (token, method, path) in [
        (&viewer, Method::DELETE, format!("/api/v1/groups/{group}")),
        (&operator, Method::DELETE, format!("/api/v1/users/{bob}")),
        (&agent, Method::DELETE, format!("/api/v1/users/{bob}")),
        (&agent, Method::DELETE, format!("/api/v1/groups/{group}")),
    ] {
        assert_eq!(appliance.client.call(method, &path, Some(token), None).problem(), (403, "forbidden"));
    }
    assert_eq!(appliance.client.get(&format!("/api/v1/users/{bob}"), Some(&ada)).status, 200);
    assert_eq!(appliance.client.get("/api/v1/groups", Some(&ada)).body, groups.body);
}

/// Somebody's API token is nobody else's, not even to look at or to revoke.
#[test]
fn api_tokens_of_others_are_out_of_reach() {
    let (appliance, ada) = Appliance::with_admin();
    let (_, bob) = appliance.user(&ada, "bob", "operator");
    let (_, eve) = appliance.user(&ada, "eve", "operator");
    let made = appliance.client.post("/api/v1/api-tokens", Some(&bob), &json!({"name": "bob's"}));
    let seen = appliance.client.get("/api/v1/api-tokens", Some(&eve));
    assert!(!seen.text.contains("bob's"), "{}", seen.text);
    let path = format!("/api/v1/api-tokens/{}", made.string("id"));
    assert_eq!(appliance.client.call(Method::DELETE, &path, Some(&eve), None).problem(), (404, "not_found"));
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&made.string("token"))).status, 200);
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let (appliance, ada) = Appliance::with_admin();
    let mut allowed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for route in routes::all() {
        let methods = allowed.entry(route.path).or_default();
        methods.insert(route.method.to_string());
        if route.method == "GET" {
            methods.insert("HEAD".to_owned());
        }
    }
    let mut ids = BTreeSet::new();
    for (path, methods) in &allowed {
        for token in [None, Some(ada.as_str())] {
            let path = with_ids(path, Need::Public, "");
            let reply = appliance.client.call(Method::PATCH, &path, token, None);
            decorated(&format!("PATCH {path}"), &reply, &mut ids);
            assert_eq!(refused(&reply, &path), 405, "{path}");
            assert!(is_prometheus(&path) || reply.problem().1 == "method_not_allowed", "{path}");
            let told: BTreeSet<String> = reply.header("allow").split(", ").map(str::to_owned).collect();
            assert_eq!(told, *methods, "{path}");
        }
    }
    let nothing = appliance.client.get("/api/v1/nothing", Some(&ada));
    decorated("GET /api/v1/nothing", &nothing, &mut ids);
    assert_eq!(nothing.problem(), (404, "not_found"));
}

/// The event stream shows every collector, so an agent must not open it, whatever its token.
#[test]
fn a_collector_is_no_browser_and_a_browser_is_no_collector() {
    let Cast { appliance, callers, .. } = cast();
    for caller in callers {
        let bearer = caller.token.map(|token| format!("Bearer {token}")).unwrap_or_default();
        let headers: Vec<_> =
            (!bearer.is_empty()).then_some(("authorization", bearer.as_str())).into_iter().collect();
        let opened = Socket::open(appliance.client.address(), "/api/v1/ws", &headers);
        let expected = match caller.is {
            Is::Unknown => Some(401),
            Is::Collector | Is::OtherCollector => Some(403),
            Is::Session(_) | Is::ApiToken(_) => None,
        };
        assert_eq!(opened.err(), expected, "{}", caller.name);
    }
}
