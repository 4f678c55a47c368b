//! Setup, sign-in, users and API tokens.

use super::*;

#[actix_web::test]
async fn the_setup_code_makes_the_first_administrator_once() {
    let daemon = Daemon::start();
    let set_up = |code: &str, name: &str, password: &str| {
        let body = json!({"code": code, "username": name, "password": password});
        daemon.call(Method::POST, "/setup", By::Nobody, Some(body))
    };
    let state = daemon.call(Method::GET, "/setup", By::Nobody, None).await;
    assert_eq!(state.body, json!({"required": true}));
    let code = daemon.setup_code();
    let refused = set_up(&code, "a da", "short").await;
    assert_eq!(refused.problem(), (400, "validation_failed"));
    assert_eq!(refused.fields(), ["username", "password"]);
    let refused = set_up("wrong", "ada", PASSWORD).await;
    assert_eq!(refused.problem(), (403, "wrong_setup_code"));
    assert_eq!(refused.fields(), ["code"]);
    let created = set_up(&code, "ada", PASSWORD).await;
    assert_eq!((created.status.as_u16(), created.text("role")), (201, "admin"));
    assert_eq!(set_up(&code, "eve", PASSWORD).await.problem(), (409, "conflict"));
    let state = daemon.call(Method::GET, "/setup", By::Nobody, None).await;
    assert_eq!(state.body, json!({"required": false}));
    daemon.login("ada").await;
}

#[actix_web::test]
async fn a_login_hands_out_a_token_and_a_cookie_that_scripts_cannot_read() {
    let daemon = Daemon::with_admin();
    let login = daemon.login("ada").await;
    assert_eq!(login.body["user"]["username"], "ada");
    assert_eq!(login.text("expires_at"), "2026-11-21T02:00:00.000Z");
    let cookie = login.headers["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "without TLS a browser would drop it");
    for by in [By::Token(login.text("token")), By::Cookie(&login.cookie())] {
        let me = daemon.call(Method::GET, "/auth/me", by, None).await;
        assert_eq!(
            (&me.body["user"], &me.body["csrf_token"]),
            (&login.body["user"], &login.body["csrf_token"])
        );
        assert_eq!(me.text("username"), "ada");
    }
}

#[actix_web::test]
async fn whoever_is_not_known_gets_one_answer_and_then_has_to_wait() {
    let daemon = Daemon::with_admin();
    let wrong = daemon.try_login("ada", "wrong").await;
    let unknown = daemon.try_login("nobody", "wrong").await;
    assert_eq!(wrong.problem(), (401, "invalid_credentials"));
    assert_eq!(wrong.body["detail"], unknown.body["detail"]);
    assert_eq!(wrong.headers.get("set-cookie"), None);
    let mut reply = wrong;
    for _ in 0..10 {
        reply = daemon.try_login("ada", "wrong").await;
    }
    assert_eq!(reply.problem(), (429, "rate_limited"));
    daemon.clock.advance(retry_after(&reply));
    daemon.login("ada").await;
    let empty = daemon.call(Method::POST, "/auth/login", By::Nobody, Some(json!({}))).await;
    assert_eq!(empty.problem(), (400, "validation_failed"));
    assert_eq!(empty.fields(), ["username", "password"]);
}

#[actix_web::test]
async fn a_cookie_changes_something_only_for_its_own_pages() {
    let daemon = Daemon::with_admin();
    let login = daemon.login("ada").await;
    let (cookie, csrf) = (login.cookie(), login.text("csrf_token"));
    let refresh = |by| daemon.call(Method::POST, "/auth/refresh", by, None);
    assert_eq!(refresh(By::Cookie(&cookie)).await.problem(), (403, "csrf"));
    assert_eq!(refresh(By::Page(&cookie, "wrong")).await.problem(), (403, "csrf"));
    daemon.clock.advance(Duration::from_secs(3600));
    let refreshed = refresh(By::Page(&cookie, csrf)).await;
    assert_eq!(refreshed.text("expires_at"), "2026-11-21T03:00:00.000Z");
    assert_eq!(refreshed.text("csrf_token"), csrf);
    assert_ne!(refreshed.cookie(), cookie);
}

#[actix_web::test]
async fn a_token_that_ended_says_how() {
    let daemon = Daemon::with_admin();
    let token = daemon.token("ada").await;
    let nobody = daemon.call(Method::GET, "/auth/me", By::Nobody, None).await;
    assert_eq!(nobody.problem(), (401, "unauthenticated"));
    assert_eq!(daemon.get("/auth/me", "rubbish").await.problem(), (401, "token_invalid"));
    let logout = daemon.call(Method::POST, "/auth/logout", By::Token(&token), None).await;
    assert_eq!(logout.status, 204);
    assert!(logout.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(daemon.get("/auth/me", &token).await.problem(), (401, "token_revoked"));
    let token = daemon.token("ada").await;
    daemon.clock.advance(Duration::from_secs(12 * 3600));
    assert_eq!(daemon.get("/auth/me", &token).await.problem(), (401, "token_expired"));
}

#[actix_web::test]
async fn users_are_made_read_changed_and_deleted() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let new = json!({"username": "bob", "password": PASSWORD, "role": "operator"});
    let created = daemon.post("/users", &ada, new.clone()).await;
    assert_eq!(created.status, 201);
    let path = format!("/users/{}", created.text("id"));
    assert_eq!(daemon.post("/users", &ada, new).await.problem(), (409, "name_taken"));
    let refused = daemon.post("/users", &ada, json!({"username": "", "password": "password1234"})).await;
    assert_eq!(refused.problem(), (400, "validation_failed"));
    assert_eq!(refused.fields(), ["username", "password", "role"]);

    let list = daemon.get("/users", &ada).await;
    let names: Vec<_> = list.body["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert!(!list.body.to_string().contains("argon2"));
    let bob = daemon.token("bob").await;
    let changed = daemon.put(&path, &ada, json!({"role": "viewer"})).await;
    assert_eq!((changed.status.as_u16(), changed.text("role")), (200, "viewer"));
    assert_eq!(daemon.get("/auth/me", &bob).await.text("role"), "viewer");
    let refused = daemon.put(&path, &ada, json!({"role": "owner", "username": "b b"})).await;
    assert_eq!(refused.fields(), ["username", "role"]);
    assert_eq!(daemon.put(&path, &ada, json!({"username": "ADA"})).await.problem(), (409, "name_taken"));
    let same = daemon.put(&path, &ada, json!({"username": "bob", "role": "viewer"})).await;
    assert_eq!((same.status.as_u16(), same.text("username")), (200, "bob"));
    let disabled = daemon.put(&path, &ada, json!({"disabled": true})).await;
    assert_eq!(disabled.body["disabled"], true);
    assert_eq!(daemon.get("/auth/me", &bob).await.problem(), (401, "token_revoked"));
    assert_eq!(daemon.try_login("bob", PASSWORD).await.problem(), (401, "invalid_credentials"));

    assert_eq!(daemon.get(&path, &ada).await.text("username"), "bob");
    assert_eq!(daemon.delete(&path, &ada).await.status, 204);
    assert_eq!(daemon.get(&path, &ada).await.problem(), (404, "not_found"));
    assert_eq!(daemon.get("/users/7", &ada).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let id = daemon.get("/auth/me", &ada).await.text("id").to_owned();
    for change in [json!({"role": "viewer"}), json!({"disabled": true})] {
        assert_eq!(daemon.put(&format!("/users/{id}"), &ada, change).await.problem(), (409, "conflict"));
    }
    assert_eq!(daemon.delete(&format!("/users/{id}"), &ada).await.problem(), (409, "conflict"));
}

#[actix_web::test]
async fn passwords_are_changed_by_their_user_and_reset_by_an_administrator() {
    let daemon = Daemon::with_admin();
    let id = daemon.add_user("bob", Role::Viewer);
    let (here, elsewhere) = (daemon.token("bob").await, daemon.token("bob").await);
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        let here = here.clone();
        let daemon = &daemon;
        async move { daemon.post("/auth/change-password", &here, body).await }
    };
    assert_eq!(change("wrong", "green valley kettle").await.problem(), (401, "invalid_credentials"));
    assert_eq!(change(PASSWORD, "short").await.fields(), ["new_password"]);
    assert_eq!(change(PASSWORD, "green valley kettle").await.status, 204);
    assert_eq!(daemon.get("/auth/me", &elsewhere).await.problem(), (401, "token_revoked"));
    assert_eq!(daemon.get("/auth/me", &here).await.status, 200);

    let ada = daemon.token("ada").await;
    let reset = format!("/users/{id}/reset-password");
    assert_eq!(daemon.post(&reset, &ada, json!({"password": "password1234"})).await.fields(), ["password"]);
    assert_eq!(daemon.post(&reset, &ada, json!({"password": PASSWORD})).await.status, 204);
    assert_eq!(daemon.get("/auth/me", &here).await.problem(), (401, "token_revoked"));
    daemon.login("bob").await;
}

#[actix_web::test]
async fn an_api_token_is_shown_once_and_bounded_by_its_user() {
    let daemon = Daemon::with_admin();
    daemon.add_user("bob", Role::Operator);
    let bob = daemon.token("bob").await;
    let too_high = daemon.post("/api-tokens", &bob, json!({"name": "ci", "role": "admin"})).await;
    assert_eq!(too_high.problem(), (403, "forbidden"));
    let refused = daemon.post("/api-tokens", &bob, json!({"expires_in_days": 0})).await;
    assert_eq!(refused.fields(), ["name", "expires_in_days"]);
    let body = json!({"name": "ci", "role": "viewer", "expires_in_days": 30});
    let created = daemon.post("/api-tokens", &bob, body).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.text("expires_at"), "2026-12-20T14:00:00.000Z");
    let token = created.text("token").to_owned();
    assert_eq!(daemon.get("/auth/me", &token).await.text("role"), "viewer");
    let group = json!({"name": "x", "color": "#FF9900"});
    assert_eq!(daemon.post("/groups", &token, group).await.problem(), (403, "forbidden"));
    assert_eq!(
        daemon.post("/api-tokens", &token, json!({"name": "child"})).await.problem(),
        (403, "forbidden")
    );
    let list = daemon.get("/api-tokens", &bob).await;
    assert_eq!(list.body["api_tokens"][0]["name"], "ci");
    assert!(!list.body.to_string().contains("pga_"));
    let path = format!("/api-tokens/{}", created.text("id"));
    assert_eq!(daemon.delete(&path, &bob).await.status, 204);
    assert_eq!(daemon.get("/auth/me", &token).await.problem(), (401, "token_revoked"));
    assert_eq!(daemon.delete(&path, &bob).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn registration_secrets_are_listed_without_their_text() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let body = json!({"name": "rack 7", "max_uses": 3, "expires_in_days": 1});
    let created = daemon.post("/registration-secrets", &ada, body).await;
    assert_eq!((created.status.as_u16(), created.body["max_uses"].as_u64()), (201, Some(3)));
    let simplest = daemon.post("/registration-secrets", &ada, json!({})).await;
    assert_eq!((simplest.status.as_u16(), simplest.text("name")), (201, "registration"));
    let refused = daemon.post("/registration-secrets", &ada, json!({"name": "x", "max_uses": 0})).await;
    assert_eq!(refused.fields(), ["max_uses"]);
    let list = daemon.get("/registration-secrets", &ada).await;
    assert_eq!(list.body["registration_secrets"][0]["created_by"], "ada");
    assert!(!list.body.to_string().contains(created.text("secret")));
    let path = format!("/registration-secrets/{}", created.text("id"));
    assert_eq!(daemon.delete(&path, &ada).await.status, 204);
    assert_eq!(daemon.delete(&path, &ada).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn roles_open_what_they_are_for() {
    let daemon = Daemon::with_admin();
    for role in [Role::Operator, Role::Auditor, Role::Viewer] {
        daemon.add_user(role.as_str(), role);
        let token = daemon.token(role.as_str()).await;
        for path in ["/users", "/registration-secrets", "/jobs"] {
            let refused = daemon.get(path, &token).await;
            assert_eq!(refused.problem(), (403, "forbidden"), "{role} {path}");
            assert!(refused.text("detail").contains("admin"), "{}", refused.body);
        }
        assert_eq!(daemon.get("/api-tokens", &token).await.status, 200);
        let sees_the_trail = daemon.get("/audit", &token).await.status == 200;
        assert_eq!(sees_the_trail, role == Role::Auditor);
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let reply = daemon.delete("/auth/login", &ada).await;
    assert_eq!(reply.problem(), (405, "method_not_allowed"));
    assert_eq!(reply.headers["allow"], "POST");
    assert_eq!(daemon.get("/collectors/refresh-token", &ada).await.problem(), (405, "method_not_allowed"));
    let reply = daemon.call(Method::PATCH, "/groups", By::Token(&ada), None).await;
    assert_eq!(reply.headers["allow"], "GET, POST, HEAD");
}

/// Without it a client that waits to be asked for its token never sends it.
#[actix_web::test]
async fn who_is_not_signed_in_is_told_how_to_be() {
    let daemon = Daemon::with_admin();
    for by in [By::Nobody, By::Token("not a token")] {
        let refused = daemon.call(Method::GET, "/auth/me", by, None).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.headers["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
    }
    let url = format!("http://{}/prometheus/api/v1/query?query=1", daemon.address);
    let refused = daemon.client.get(url).send().await.unwrap();
    assert_eq!(refused.headers()["www-authenticate"], "Basic realm=\"pgAnalytics\"");
}

#[actix_web::test]
async fn the_audit_log_keeps_the_name_of_a_client_in_any_language() {
    let daemon = Daemon::with_admin();
    let url = format!("http://{}/api/v1/auth/login", daemon.address);
    let agent = reqwest::header::HeaderValue::from_bytes("Überwacher/1.0".as_bytes()).unwrap();
    let request = daemon.client.post(url).header("user-agent", agent);
    let reply =
        Reply::of(request.json(&json!({"username": "ada", "password": PASSWORD})).send().await.unwrap())
            .await;
    let entries = daemon.get("/audit?action=auth.login", reply.text("token")).await.body;
    assert_eq!(entries["entries"][0]["user_agent"], "Überwacher/1.0");
}

#[actix_web::test]
async fn a_query_is_told_all_that_is_wrong_with_it() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let refused = daemon.get("/collectors?limit=0&page=x&sort=size&status=fine&status=bad&zzz=1", &ada).await;
    assert_eq!(refused.problem(), (400, "validation_failed"));
    assert_eq!(refused.fields(), ["status", "status", "sort", "page", "limit", "zzz"]);
    let twice = daemon.get("/audit?actor=ada&actor=bob&limit=5&limit=6", &ada).await;
    assert_eq!(twice.fields(), ["actor", "limit"]);
    assert_eq!(twice.body["errors"][0]["code"], "duplicate");
}

/// A piece of an export has a thousand entries, and an auditor wants them all.
#[actix_web::test]
async fn an_export_of_the_audit_log_is_whole_unless_it_is_limited() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    for _ in 0..1100 {
        daemon.node.audit.note_export(&Origin::system()).unwrap();
    }
    let export = async |query: &str| -> Vec<u64> {
        let url = format!("http://{}/api/v1/audit?format=csv{query}", daemon.address);
        let text = daemon.client.get(url).bearer_auth(&ada).send().await.unwrap().text().await.unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
    };
    let whole = export("").await;
    assert_eq!(whole, (1..=whole[0]).rev().collect::<Vec<_>>());
    assert_eq!(export("&limit=1050").await.len(), 1050);
    assert_eq!(export("&limit=1&cursor=5").await, [4]);
}

/// As programs that watch over others look whether a page is there.
#[actix_web::test]
async fn the_head_of_an_answer_is_that_of_the_whole_answer() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    for path in ["/health", "/collectors", "/users", "/collectors/nobody"] {
        for by in [By::Nobody, By::Token(&ada)] {
            let whole = daemon.call(Method::GET, path, by, None).await;
            let head = daemon.call(Method::HEAD, path, by, None).await;
            assert_eq!((head.status, &head.body), (whole.status, &Value::Null), "{path}");
            for header in ["content-type", "content-length", "etag", "cache-control"] {
                assert_eq!(head.headers.get(header), whole.headers.get(header), "{path}: {header}");
            }
        }
    }
    let none = daemon.call(Method::HEAD, "/auth/login", By::Nobody, None).await;
    assert_eq!((none.status.as_u16(), &none.headers["allow"]), (405, &"POST".parse().unwrap()));
}
