//! A chat server as axum's examples write one: a broadcast channel, a task and a copy per connection,
//! nothing stored. It is here only to be measured beside the product, in the same run.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    routing::get,
};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast;

/// Serves until the process is ended.
pub(crate) async fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    // Large enough that nobody lags in this measurement: a reader that does is lost for good here.
    let (everybody, _) = broadcast::channel::<String>(16_384);
    let router = Router::new()
        .route("/health", get(|| async {}))
        .route(
            "/ws/chat",
            get(|upgrade: WebSocketUpgrade, State(everybody): State<broadcast::Sender<String>>| async {
                // Before whoever comes is told that they are in: they would miss what is said at once.
                let inbox = everybody.subscribe();
                upgrade.on_upgrade(|socket| connection(socket, everybody, inbox))
            }),
        )
        .with_state(everybody);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn connection(
    socket: WebSocket,
    everybody: broadcast::Sender<String>,
    mut inbox: broadcast::Receiver<String>,
) {
    let (mut sink, mut stream) = socket.split();
    let mut send = tokio::spawn(async move {
        while let Ok(text) = inbox.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                break;
            }
        }
    });
    let mut receive = tokio::spawn(async move {
        while let Some(Ok(Message::Text(text))) = stream.next().await {
            let _ = everybody.send(text.to_string());
        }
    });
    tokio::select! {
        _ = &mut send => receive.abort(),
        _ = &mut receive => send.abort(),
    }
}
