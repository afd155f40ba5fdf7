//! A browser's side of a WebSocket, as bytes. Knows no socket and nothing of what a frame says.

/// What came over a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// A text frame.
    Text(String),
    /// A ping, with what its answer has to carry.
    Ping(Vec<u8>),
    /// The socket closes, with the code of the close frame.
    Close(Option<u16>),
}

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// A client masks what it sends. With a mask of zeros the bytes stay as they are.
const MASKED: u8 = 0x80;

/// A text frame of a client.
pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(TEXT, text.as_bytes())
}

/// A close frame of a client.
pub(crate) fn close(code: u16) -> Vec<u8> {
    frame(CLOSE, &code.to_be_bytes())
}

/// The answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    frame(PONG, payload)
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(MASKED | short),
        (_, Ok(medium)) => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// Takes the first whole frame from what a server has sent, if there is one.
pub(crate) fn take(bytes: &mut Vec<u8>) -> Option<Arrived> {
    let (length, start) = match *bytes.get(1)? {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(start..start + length)?.to_vec();
    let kind = bytes[0];
    bytes.drain(..start + length);
    Some(match kind {
        TEXT => Arrived::Text(String::from_utf8(payload).expect("a server sends UTF-8")),
        PING => Arrived::Ping(payload),
        CLOSE => Arrived::Close(payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]))),
        PONG => return take(bytes),
        other => unreachable!("a server sends no frame of kind {other:#x}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_when_it_is_whole_and_leaves_what_follows() {
        let whole = [&[TEXT, 2, b'h', b'i'][..], &[CLOSE, 2, 0x03, 0xe8], &[PING, 0]].concat();
        let mut bytes = whole[..3].to_vec();
        assert_eq!(take(&mut bytes), None);
        bytes.extend_from_slice(&whole[3..]);
        assert_eq!(take(&mut bytes), Some(Arrived::Text("hi".into())));
        assert_eq!(take(&mut bytes), Some(Arrived::Close(Some(1000))));
        assert_eq!(take(&mut bytes), Some(Arrived::Ping(Vec::new())));
        assert_eq!(take(&mut bytes), None);
        let mut long = [&[TEXT, 126, 1, 0][..], &[b'x'; 256]].concat();
        assert_eq!(take(&mut long), Some(Arrived::Text("x".repeat(256))));
    }

    #[test]
    fn what_a_client_sends_is_marked_as_masked() {
        assert_eq!(text("hi"), [TEXT, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(text(&"x".repeat(200))[..4], [TEXT, 0xfe, 0, 200]);
        assert_eq!(close(1000), [CLOSE, 0x82, 0, 0, 0, 0, 3, 0xe8]);
    }
}
