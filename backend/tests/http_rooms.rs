//! Rooms over HTTP: made, listed, looked up, joined, left.

mod common;

use common::{TestServer, problem, read};
use reqwest::{Method, StatusCode};
use serde_json::json;
use shared::{
    ErrorCode, EventBody, RoomId, Seq, UserId,
    api::{Members, MyRooms, Presence, Role, RoomPreview, Visibility},
};

#[tokio::test]
async fn a_made_room_has_its_maker_as_owner_and_a_code_to_join_by() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let made = ada.make_room("  Tea \u{3000} room ").await;
    assert_eq!((made.room.name.as_str(), made.room.members), ("Tea room", 1));
    assert_eq!(made.room.visibility, Visibility::Private);
    assert_eq!((made.head.get(), made.msg_no.get(), made.unread), (1, 0, 0));
    assert_eq!(backend::codes::read(&made.room.code), Some(made.room.code.clone()));

    let mine = ada.call(Method::GET, "/rooms").send().await.unwrap();
    assert_eq!(read::<MyRooms>(mine, StatusCode::OK).await.rooms, [made]);
}

#[tokio::test]
async fn whoever_has_the_code_sees_what_it_leads_to_and_joins_once() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    let typed = room.code.to_lowercase().replace('-', " ");

    let seen = server.call(Method::GET, &format!("/rooms/code/{typed}")).send().await.unwrap();
    let seen: RoomPreview = read(seen, StatusCode::OK).await;
    assert_eq!((seen.code, seen.name.as_str(), seen.members), (room.code.clone(), "Tea", 1));

    let joined = ben.join(&typed).await;
    assert_eq!((joined.room.id, joined.room.members, joined.head.get()), (room.id, 2, 2));
    assert_eq!(ben.join(&room.code).await, joined);
    assert_eq!(ada.join(&room.code).await.head.get(), 2);
}

#[tokio::test]
async fn a_code_that_leads_nowhere_is_not_found_however_it_looks() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    for code in ["0000-0000-00", "nonsense", "🫖", "' OR 1=1", ""] {
        let answer =
            ada.call(Method::POST, "/rooms/join").json(&json!({ "code": code })).send().await.unwrap();
        let problem = problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
        assert_eq!(problem.field.as_deref(), Some("code"));
    }
    for code in ["0000-0000-00", "%ff%fe", "%00"] {
        let answer = server.call(Method::GET, &format!("/rooms/code/{code}")).send().await.unwrap();
        problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    }
}

#[tokio::test]
async fn members_see_each_other_in_the_order_of_joining_and_nobody_else_does() {
    let server = TestServer::start().await;
    let (ada, ben, eve) = (server.guest("Ada").await, server.guest("Ben").await, server.guest("Eve").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut socket = ben.socket().await;
    socket.connected().await;

    let path = format!("/rooms/{}/members", room.id);
    let members: Members = read(ada.call(Method::GET, &path).send().await.unwrap(), StatusCode::OK).await;
    let [first, second] = &members.members[..] else { panic!("{members:?}") };
    assert_eq!((first.user.id, first.role, first.presence), (ada.id(), Role::Owner, Presence::Offline));
    assert_eq!((second.user.id, second.role, second.presence), (ben.id(), Role::Member, Presence::Online));
    assert_eq!(first.read_seq, Seq::new(1).unwrap());

    for path in [path, format!("/rooms/{}/members", RoomId::mint(0, [0; 10]))] {
        let answer = eve.call(Method::GET, &path).send().await.unwrap();
        problem(answer, StatusCode::FORBIDDEN, ErrorCode::NotMember).await;
    }
    let answer = eve.call(Method::GET, "/rooms/tea/members").send().await.unwrap();
    problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
}

#[tokio::test]
async fn somebody_leaves_and_the_others_are_told() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    let mut socket = ada.socket().await;
    socket.connected().await;
    ben.join(&room.code).await;
    assert_eq!(socket.event().await.body, EventBody::Join);
    ben.leave(room.id).await;
    let event = socket.event().await;
    assert_eq!((event.body, event.author.id, event.seq.get()), (EventBody::Leave, ben.id(), 3));

    let again = ben.call(Method::DELETE, &format!("/rooms/{}/members/{}", room.id, ben.id()));
    problem(again.send().await.unwrap(), StatusCode::FORBIDDEN, ErrorCode::NotMember).await;
    assert_eq!(ben.join(&room.code).await.head.get(), 4);
}

#[tokio::test]
async fn nobody_sends_another_away() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    for user in [ben.id(), UserId::mint(0, [0; 10])] {
        let call = ada.call(Method::DELETE, &format!("/rooms/{}/members/{user}", room.id));
        problem(call.send().await.unwrap(), StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    }
}

#[tokio::test]
async fn a_room_that_makes_no_sense_is_not_made() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    for (body, code, field) in [
        (json!({}), ErrorCode::Invalid, "name"),
        (json!({ "name": 7 }), ErrorCode::Invalid, "name"),
        (json!({ "name": " " }), ErrorCode::Empty, "name"),
        (json!({ "name": "x".repeat(65) }), ErrorCode::TooLong, "name"),
        (json!({ "name": "Tea", "visibility": "secret" }), ErrorCode::Invalid, "visibility"),
    ] {
        let answer = ada.call(Method::POST, "/rooms").json(&body).send().await.unwrap();
        let problem = problem(answer, StatusCode::UNPROCESSABLE_ENTITY, code).await;
        assert_eq!(problem.field.as_deref(), Some(field), "{body}");
    }
    let mine = ada.call(Method::GET, "/rooms").send().await.unwrap();
    assert_eq!(read::<MyRooms>(mine, StatusCode::OK).await.rooms, []);
}

#[tokio::test]
async fn somebody_is_in_so_many_rooms_and_the_problem_names_the_limit() {
    let server = TestServer::with(|options| options.limits.rooms_per_user = 2).await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let (one, _two) = (ada.make_room("One").await.room, ada.make_room("Two").await);
    let bens = ben.make_room("Ben's").await.room;
    for (path, body) in
        [("/rooms", json!({ "name": "Three" })), ("/rooms/join", json!({ "code": bens.code }))]
    {
        let answer = ada.call(Method::POST, path).json(&body).send().await.unwrap();
        let problem = problem(answer, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
        assert_eq!(problem.field.as_deref(), Some("rooms_per_user"), "{path}");
    }
    assert_eq!(ada.join(&one.code).await.room.id, one.id, "where they are already, they may ask again");
    assert_eq!(ben.join(&one.code).await.room.members, 2, "somebody else has a number of their own");
    ada.leave(one.id).await;
    assert_eq!(ada.join(&bens.code).await.room.members, 2, "leaving makes room");
}

#[tokio::test]
async fn making_joining_and_guessing_are_limited() {
    let server = TestServer::with(|options| {
        options.limits.rooms_made_per_minute = 2;
        options.limits.rooms_joined_per_minute = 1;
        options.limits.codes_tried_per_minute = 4;
    });
    let server = server.await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let (one, two) = (ada.make_room("One").await.room, ada.make_room("Two").await.room);
    let limited = async |call: reqwest::RequestBuilder| {
        let answer = call.send().await.unwrap();
        problem(answer, StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited).await;
    };
    limited(ada.call(Method::POST, "/rooms").json(&json!({ "name": "Three" }))).await;
    ben.make_room("Ben's own").await;

    ben.join(&one.code).await;
    ben.join(&one.code).await;
    limited(ben.call(Method::POST, "/rooms/join").json(&json!({ "code": two.code }))).await;
    server.call(Method::GET, "/rooms/code/0000-0000-00").send().await.unwrap();
    limited(server.call(Method::GET, &format!("/rooms/code/{}", one.code))).await;
}
