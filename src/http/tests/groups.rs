//! Groups: what they begin with, and that a change keeps what it does not name.

use super::*;

#[actix_web::test]
async fn a_group_needs_a_name_alone_and_keeps_what_a_change_leaves_out() {
    let daemon = Daemon::with_admin();
    let ada = daemon.token("ada").await;
    let made = daemon.post("/groups", &ada, json!({"name": "Payments"})).await;
    assert_eq!((made.status.as_u16(), made.text("color")), (201, "#6C757D"), "{}", made.body);
    assert_eq!(made.body["display_order"], 8, "after the first seven");
    let path = format!("/groups/{}", made.text("id"));
    let body = json!({"description": "of the bank", "icon": "coins", "color": "#00ff00", "display_order": 2});
    let changed = daemon.put(&path, &ada, body).await;
    assert_eq!((changed.text("name"), changed.text("icon")), ("Payments", "coins"), "{}", changed.body);
    let renamed = daemon.put(&path, &ada, json!({"name": "Money"})).await;
    assert_eq!((renamed.text("name"), renamed.text("description")), ("Money", "of the bank"));
    assert_eq!((renamed.text("color"), &renamed.body["display_order"]), ("#00ff00", &json!(2)));

    assert_eq!(daemon.put(&path, &ada, json!({"name": "Staging"})).await.problem(), (409, "name_taken"));
    for color in ["red", "#12345", "#1234567", "#12345g", ""] {
        assert_eq!(daemon.put(&path, &ada, json!({"color": color})).await.fields(), ["color"], "{color}");
    }
    assert_eq!(daemon.post("/groups", &ada, json!({"color": "#123456"})).await.fields(), ["name"]);
}
