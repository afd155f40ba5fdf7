//! Rooms: made, listed, looked up and joined by their code; who is in them.

use axum::{extract::State, http::StatusCode};
use shared::{
    ErrorCode, RoomId, UserId,
    api::{JoinRoom, Member, Members, MyRooms, NewRoom, Room, RoomPreview, RoomState},
};

use super::{
    body::{Answer, Body},
    caller::Caller,
    fields::{Segments, id, named},
    problem::Problem,
};
use crate::{address::ClientAddress, app::App, clock, codes, commit::error::CommitError};

/// `POST /rooms`
pub(super) async fn make(
    State(app): State<App>,
    caller: Caller,
    Body(room): Body<NewRoom>,
) -> Result<(StatusCode, Answer<RoomState>), Problem> {
    let name = named("name", &room.name, app.options.limits.room_name_graphemes)?;
    let user = caller.claims.user_id;
    app.rates.rooms_made.take(user, app.since_start()).map_err(Problem::rate_limited)?;
    let by = caller.profile(&app).await?;
    let state = loop {
        let code = codes::make(clock::random_bytes());
        match app.committer.make_room(&by, name.clone(), room.visibility, code).await {
            Err(CommitError::CodeTaken) => {}
            made => break made?,
        }
    };
    tracing::info!(room = %state.room.id, "room made");
    Ok((StatusCode::CREATED, Answer(state)))
}

/// `GET /rooms`
pub(super) async fn mine(State(app): State<App>, caller: Caller) -> Result<Answer<MyRooms>, Problem> {
    let rooms = app.store.rooms_of(caller.claims.user_id).await?;
    Ok(Answer(MyRooms { rooms }))
}

/// `GET /rooms/code/{code}`: also for somebody who is not signed in yet, because the link of a room is how most
/// people arrive.
pub(super) async fn look_up(
    State(app): State<App>,
    address: ClientAddress,
    Segments(code): Segments<String>,
) -> Result<Answer<RoomPreview>, Problem> {
    let room = by_code(&app, address, &code).await?;
    Ok(Answer(RoomPreview { code: room.code, name: room.name, members: room.members }))
}

/// `POST /rooms/join`
pub(super) async fn join(
    State(app): State<App>,
    caller: Caller,
    address: ClientAddress,
    Body(join): Body<JoinRoom>,
) -> Result<Answer<RoomState>, Problem> {
    let room = by_code(&app, address, &join.code).await?;
    let user = caller.claims.user_id;
    let is_new = !app.store.is_member(user, room.id).await?;
    if is_new {
        app.rates.rooms_joined.take(user, app.since_start()).map_err(Problem::rate_limited)?;
    }
    let by = caller.profile(&app).await?;
    let state = app.committer.join(&by, room.id).await?;
    if is_new {
        tracing::info!(room = %room.id, "room joined");
    }
    Ok(Answer(state))
}

/// `GET /rooms/{id}/members`
pub(super) async fn members(
    State(app): State<App>,
    caller: Caller,
    Segments(room): Segments<String>,
) -> Result<Answer<Members>, Problem> {
    let room: RoomId = id(&room)?;
    if !app.store.is_member(caller.claims.user_id, room).await? {
        return Err(Problem::new(ErrorCode::NotMember, "you are not a member of this room"));
    }
    let rows = app.store.members(room).await?;
    let with_presence = rows.into_iter().map(|row| {
        let (presence, last_seen) = app.hub.presence_of(row.user.id);
        Member { user: row.user, role: row.role, presence, last_seen, read_seq: row.read_seq }
    });
    Ok(Answer(Members { members: with_presence.collect() }))
}

/// `DELETE /rooms/{id}/members/{user}`: leave. Nobody can send another away yet.
pub(super) async fn leave(
    State(app): State<App>,
    caller: Caller,
    Segments((room, user)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (room, user): (RoomId, UserId) = (id(&room)?, id(&user)?);
    if user != caller.claims.user_id {
        return Err(Problem::new(ErrorCode::Forbidden, "only they themselves can leave"));
    }
    app.committer.leave(&caller.profile(&app).await?, room).await?;
    tracing::info!(%room, "room left");
    Ok(StatusCode::NO_CONTENT)
}

/// The room of a code. Every try counts, right or wrong, so that guessing stays hopeless.
async fn by_code(app: &App, address: ClientAddress, typed: &str) -> Result<Room, Problem> {
    app.rates.codes.take(address.for_limits(), app.since_start()).map_err(Problem::rate_limited)?;
    let found = match codes::read(typed) {
        Some(code) => app.store.room_by_code(&code).await?,
        None => None,
    };
    found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "there is no room of that code").at_field("code"))
}
