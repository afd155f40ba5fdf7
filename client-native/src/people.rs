//! Guests and rooms for a measurement, made over HTTP as anybody would.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use shared::{
    ClientFrame, ServerFrame,
    api::{JoinRoom, NewGuest, NewRoom, RoomState, SignedIn, Visibility},
    calls,
    frame::{Auth, Connected},
    json,
};

use crate::raw::RawSocket;

/// Longest that a frame is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The HTTP side of a server under measurement.
#[derive(Clone)]
pub struct People {
    address: SocketAddr,
    http: reqwest::Client,
}

impl People {
    /// Of the server at that address.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, http: reqwest::Client::new() }
    }

    /// A new guest.
    pub async fn guest(&self, name: &str) -> anyhow::Result<SignedIn> {
        self.post::<calls::MakeGuest>(None, &NewGuest { name: name.to_owned() }).await
    }

    /// A new room of that guest.
    pub async fn make_room(&self, by: &SignedIn, name: &str) -> anyhow::Result<RoomState> {
        let room = NewRoom { name: name.to_owned(), visibility: Visibility::Private };
        self.post::<calls::MakeRoom>(Some(by), &room).await
    }

    /// That guest joins that room.
    pub async fn join(&self, who: &SignedIn, room: &RoomState) -> anyhow::Result<RoomState> {
        self.post::<calls::EnterRoom>(Some(who), &JoinRoom { code: room.room.code.clone() }).await
    }

    /// A socket of that guest, as far as `connected`.
    pub async fn connect(&self, who: &SignedIn, buffer: usize) -> anyhow::Result<(RawSocket, Connected)> {
        let mut socket = RawSocket::open(self.address, shared::SOCKET_PATH, buffer).await?;
        let auth = ClientFrame::Auth(Auth { token: who.access_token.clone() });
        socket.send(&auth.encode()).await?;
        let frame = socket.next(|frame| String::from_utf8_lossy(frame).into_owned()).await?;
        match ServerFrame::decode(&frame)? {
            ServerFrame::Connected(connected) => Ok((socket, *connected)),
            other => anyhow::bail!("expected `connected`, got {other:?}"),
        }
    }

    async fn post<C: calls::Call>(&self, by: Option<&SignedIn>, body: &C::Body) -> anyhow::Result<C::Answer> {
        let path = C::path(&[]);
        let request = self.http.post(format!("http://{}{path}", self.address)).body(json::to_string(body));
        let mut request = request.header("content-type", "application/json");
        if let Some(by) = by {
            request = request.bearer_auth(&*by.access_token);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "POST {path}: {status} {text}");
        json::from_str(&text).context("an answer of another shape than expected")
    }
}

/// The next text frame, if it comes in time.
pub async fn next(socket: &mut RawSocket) -> anyhow::Result<String> {
    let frame = tokio::time::timeout(PATIENCE, socket.next(<[u8]>::to_vec)).await??;
    Ok(String::from_utf8(frame)?)
}
