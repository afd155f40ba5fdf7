//! Frames as they lie on the wire: the WebSocket header of a server (unmasked, whole) and the JSON after it.
//! Knows no socket.

use shared::{CloseCode, Event, ServerFrame, json::ToJson};

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

/// An empty ping.
pub const PING_FRAME: [u8; 2] = [PING, 0];

/// Bytes that a close frame has for its reason.
const REASON_BYTES: usize = 123;

/// The longest header: opcode, length marker, eight bytes of length.
const HEADER_BYTES: usize = 10;

/// Appends a frame to `out`.
pub fn push_frame(out: &mut Vec<u8>, frame: &ServerFrame) {
    push_text(out, frame);
}

/// Appends an event's frame to `out`.
pub fn push_event(out: &mut Vec<u8>, event: &Event) {
    push_text(out, event);
}

/// Writes the JSON where it is to be, behind room for the longest header, and moves it up to the real one.
fn push_text(out: &mut Vec<u8>, value: &(impl ToJson + ?Sized)) {
    let start = out.len();
    out.resize(start + HEADER_BYTES, 0);
    value.write(out);
    let length = out.len() - start - HEADER_BYTES;
    let (header, used) = header(length);
    let header = &header[..used];
    out.copy_within(start + HEADER_BYTES.., start + used);
    out.truncate(start + used + length);
    out[start..start + used].copy_from_slice(header);
}

/// The header of a text frame of that many bytes, and how many bytes of it count.
fn header(length: usize) -> ([u8; HEADER_BYTES], usize) {
    let mut header = [0; HEADER_BYTES];
    header[0] = TEXT;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => {
            header[1] = short;
            (header, 2)
        }
        (_, Ok(medium)) => {
            header[1] = 126;
            header[2..4].copy_from_slice(&medium.to_be_bytes());
            (header, 4)
        }
        _ => {
            header[1] = 127;
            header[2..].copy_from_slice(&(length as u64).to_be_bytes());
            (header, HEADER_BYTES)
        }
    }
}

/// A close frame. A reason that is too long for one is cut.
pub fn close_frame(code: CloseCode, reason: &str) -> Vec<u8> {
    let reason = &reason[..reason.floor_char_boundary(REASON_BYTES)];
    let length = u8::try_from(reason.len() + 2).expect("it was cut to 125 bytes");
    let mut frame = vec![CLOSE, length];
    frame.extend_from_slice(&code.as_u16().to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_how_long_the_text_is() {
        for length in [0, 125, 126, 65_535, 65_536, 100_000] {
            let text = "x".repeat(length);
            let mut out = b"before".to_vec();
            push_text(&mut out, text.as_str());
            let frame = &out[6..];
            let (head, read) = match frame[1] {
                126 => (4, usize::from(u16::from_be_bytes([frame[2], frame[3]]))),
                127 => (10, usize::try_from(u64::from_be_bytes(frame[2..10].try_into().unwrap())).unwrap()),
                short => (2, usize::from(short)),
            };
            assert_eq!(frame[0], TEXT);
            assert_eq!(read, length + 2, "two quotes");
            assert_eq!(frame.len(), head + read);
            assert_eq!(&frame[head..], format!("\"{text}\"").as_bytes());
            assert_eq!(&out[..6], b"before");
        }
    }

    #[test]
    fn a_close_frame_never_outgrows_a_control_frame() {
        assert_eq!(close_frame(CloseCode::Restart, "bye"), [0x88, 5, 3, 0xf4, b'b', b'y', b'e']);
        let long = close_frame(CloseCode::Policy, &"é".repeat(100));
        assert_eq!(long.len(), 2 + 2 + 122, "cut between two letters");
        assert!(std::str::from_utf8(&long[4..]).is_ok());
    }
}
