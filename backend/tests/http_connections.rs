//! Connections that are slow, silent, many or broken.

mod common;

use std::time::Duration;

use common::{TestServer, soon};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Sends some bytes and reads until the server closes.
async fn until_closed(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset is a close too.
    let _ended = soon("the close", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a request and reads the head of its answer.
async fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
        answer.push(soon("an answer", stream.read_u8()).await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let server = TestServer::with(|options| options.limits.head_timeout_ms = 50).await;
    for half in ["", "GET", "GET /health HTTP/1.1\r\nhost: x\r\n"] {
        let answer = until_closed(&server, half.as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_asks_no_more_is_closed() {
    let server = TestServer::with(|options| options.limits.head_timeout_ms = 50).await;
    let answer = until_closed(&server, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_answered_in_time() {
    let server = TestServer::with(|options| options.request_timeout = Duration::from_millis(50)).await;
    let half = "POST /api/v1/guests HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 20\r\n\r\n{\"name\":";
    let answer = until_closed(&server, half.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\"code\":\"unavailable\""), "{answer}");
}

#[tokio::test]
async fn a_head_without_end_and_what_is_no_http_are_refused() {
    let server = TestServer::start().await;
    let endless = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(64 * 1024));
    let answer = until_closed(&server, endless.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = until_closed(&server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn more_connections_than_there_are_places_wait_for_one() {
    let server = TestServer::with(|options| options.connections = 1).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    assert!(ask(&mut first, "/health").await.starts_with("HTTP/1.1 200 OK"));

    let mut second = TcpStream::connect(server.address).await.unwrap();
    let second = tokio::spawn(async move { ask(&mut second, "/health").await });
    // The first is served again and again while the second waits.
    for _ in 0..20 {
        ask(&mut first, "/health").await;
    }
    assert!(!second.is_finished());
    drop(first);
    assert!(soon("a place", second).await.unwrap().starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_socket_keeps_its_place() {
    let server = TestServer::with(|options| options.connections = 2).await;
    // Two calls over one connection that is kept, and a socket over another.
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    socket.connected().await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let third = tokio::spawn(async move { ask(&mut third, "/health").await });
    for _ in 0..20 {
        ada.call(reqwest::Method::GET, "/rooms").send().await.unwrap();
    }
    assert!(!third.is_finished());
    drop(socket);
    assert!(soon("a place", third).await.unwrap().starts_with("HTTP/1.1 200 OK"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_asks_and_never_reads_is_dropped() {
    let server = TestServer::with(|options| {
        options.write_stall = Duration::from_millis(1);
        options.send_buffer_bytes = 4096;
    });
    let server = server.await;
    let mut deaf = TcpStream::connect(server.address).await.unwrap();
    // More answers than the buffers of both kernels hold.
    let many = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let asking = tokio::spawn(async move { while deaf.write_all(many.as_bytes()).await.is_ok() {} });
    let mut other = TcpStream::connect(server.address).await.unwrap();
    soon("the end of the connection", async {
        while !stats(&mut other).await.contains("\"connections\":1,") {}
    })
    .await;
    asking.abort();
}

#[cfg(target_os = "linux")]
async fn stats(stream: &mut TcpStream) -> String {
    let head = ask(stream, "/stats").await.to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    String::from_utf8(body).unwrap()
}

/// More than a listener takes where nobody says how many may wait.
const HERD: usize = 600;

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_herd_that_comes_at_once_is_let_in_before_anybody_is_accepted() {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    if most.trim().parse::<usize>().unwrap() < HERD {
        return eprintln!("passed over: this system lets {} wait at most", most.trim());
    }
    let listener = backend::server::listener(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts. Whoever finds no room would be let in a second later, when the system knocks again.
    let mut herd = Vec::new();
    for number in 0..HERD {
        let one =
            tokio::time::timeout(std::time::Duration::from_millis(900), TcpStream::connect(address)).await;
        herd.push(one.unwrap_or_else(|_| panic!("number {number} has to knock again")).unwrap());
    }
}
