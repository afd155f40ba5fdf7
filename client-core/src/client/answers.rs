//! What the answers of HTTP calls mean to the parts of the client.

use shared::{
    ClientFrame, RoomId,
    api::{ConnectionToken, Members, MyRooms, RoomPreview, RoomState},
    error::ErrorCode,
    event::Profile,
    frame::Auth,
    json::{self, FromJson},
};

use super::Client;
use crate::{
    call::{Answer, Call, CallId},
    failure::Failure,
    io::{Change, News, Output},
    session::Outcome,
};

impl Client {
    pub(super) fn answered(&mut self, ms: u64, id: CallId, answer: Answer) {
        for outcome in self.session.answered(ms, id, answer, &mut self.rng, &mut self.out) {
            match outcome {
                Outcome::SignedIn(user) => self.signed_in(ms, &user),
                Outcome::SignedOut => self.wipe(false),
                Outcome::Done(call, result) => self.done(ms, call, result),
            }
        }
    }

    /// Another page of this browser was signed in, or has renewed it.
    pub(super) fn heard(&mut self, ms: u64, news: &News, age_ms: u64) {
        if let Some(Outcome::SignedIn(user)) = self.session.heard(ms, news, age_ms, &mut self.out) {
            self.signed_in(ms, &user);
        }
    }

    fn signed_in(&mut self, ms: u64, user: &Profile) {
        if self.owner != Some(user.id) {
            self.wipe(true);
            self.owner = Some(user.id);
        }
        if self.kept_for != Some(user.id) {
            self.out.push(Output::Restore(user.id));
        }
        if let Some(token) = self.session.tokens.text() {
            self.out.send(&ClientFrame::Auth(Auth { token: token.into() }));
        }
        if self.started {
            self.link.start(ms, &mut self.out);
        }
    }

    fn done(&mut self, ms: u64, call: Call, result: Result<String, Failure>) {
        match &call {
            Call::ConnectionToken => self.got_connection_token(ms, read(result)),
            Call::MyRooms => match read::<MyRooms>(result) {
                Ok(mine) => self.got_my_rooms(mine),
                Err(failure) if failure.code.is_retryable() => {
                    self.my_rooms.failed(ms, failure.retry_after_ms, &mut self.rng);
                }
                Err(_) => self.my_rooms.done(),
            },
            Call::Members(room) => {
                let is_open = self.open == Some(*room);
                match read::<Members>(result) {
                    Ok(answer) => {
                        let count = answer.members.len() as u64;
                        self.rooms.members(*room, |_| count, &mut self.out);
                        self.roster.set(*room, answer.members, &mut self.out);
                        if is_open {
                            self.members.done();
                        }
                    }
                    Err(failure) if is_open && failure.code.is_retryable() => {
                        self.members.failed(ms, failure.retry_after_ms, &mut self.rng);
                    }
                    Err(failure) if is_open && failure.code == ErrorCode::NotMember => {
                        // Left on another device, and entered again meanwhile, or not: the list of rooms knows.
                        self.members.failed(ms, None, &mut self.rng);
                        self.doubt(*room);
                    }
                    Err(_) if is_open => self.members.done(),
                    Err(_) => {}
                }
            }
            Call::MakeRoom { .. } | Call::JoinRoom { .. } => match read::<RoomState>(result) {
                Ok(state) => {
                    let room = state.room.id;
                    self.rooms.put(state, true, &mut self.out);
                    self.entered(room);
                    self.out.changed(Change::Entered(room));
                    if self.left_lately.contains(&room) {
                        self.doubt(room);
                    }
                    self.all_is_answered();
                }
                Err(failure) => self.failed(call, failure),
            },
            Call::LookUp { code } => match read::<RoomPreview>(result) {
                Ok(preview) => {
                    self.out.changed(Change::Found { code: code.clone(), preview: Some(preview) });
                }
                Err(failure) if failure.code == ErrorCode::NotFound => {
                    self.out.changed(Change::Found { code: code.clone(), preview: None });
                }
                Err(failure) => self.failed(call, failure),
            },
            Call::Leave(room, _) => {
                let has_left = result.as_ref().map_or_else(
                    |failure| matches!(failure.code, ErrorCode::NotMember | ErrorCode::NotFound),
                    |_| true,
                );
                if has_left && self.entered_lately.contains(room) {
                    self.doubt(*room);
                } else if has_left {
                    self.left(*room);
                } else if let Err(failure) = result {
                    self.failed(call, failure);
                }
                if !self.session.is_parting() {
                    self.entered_lately.clear();
                }
            }
            Call::SignIn { .. } | Call::SignOut | Call::Refresh => {
                if let Err(failure) = result {
                    self.failed(call, failure);
                }
            }
        }
    }

    /// The list may be older than a room that was entered meanwhile: it takes away only what was in doubt
    /// when it was asked for.
    fn got_my_rooms(&mut self, mine: MyRooms) {
        self.my_rooms.done();
        if !self.my_rooms.is_wanted() {
            for room in std::mem::take(&mut self.doubted) {
                if mine.rooms.iter().all(|state| state.room.id != room) {
                    self.left(room);
                }
            }
        }
        for state in mine.rooms.into_iter().rev() {
            if self.left_lately.contains(&state.room.id) {
                self.my_rooms.want();
            } else {
                self.entered(state.room.id);
                self.rooms.put(state, false, &mut self.out);
            }
        }
        self.all_is_answered();
    }

    /// This person is in that room, and an answer to leaving it that comes now may be older; so may a list of rooms that
    /// was to end a doubt.
    pub(super) fn entered(&mut self, room: RoomId) {
        if self.doubted.contains(&room) {
            self.my_rooms.want();
        }
        if self.session.is_parting() && !self.entered_lately.contains(&room) {
            self.entered_lately.push(room);
        }
    }

    /// No answer that comes now can be older than a leave of which is known.
    fn all_is_answered(&mut self) {
        if !self.my_rooms.is_under_way() && !self.session.is_joining() {
            self.left_lately.clear();
        }
    }

    fn got_connection_token(&mut self, ms: u64, result: Result<ConnectionToken, Failure>) {
        match result {
            Ok(answer) => self.link.token(ms, answer.token.into_string(), &mut self.out),
            Err(failure) => {
                if failure.code == ErrorCode::Unauthenticated {
                    self.session.tokens.forget();
                }
                self.link.no_token(ms, failure.retry_after_ms, &mut self.rng);
            }
        }
    }
}

/// Reads a body; one that makes no sense is the server's mistake.
fn read<T: FromJson>(result: Result<String, Failure>) -> Result<T, Failure> {
    result.and_then(|body| json::from_str(&body).map_err(|_| Failure::new(ErrorCode::Internal)))
}
