//! Rows that come in numbers, in few statements: asked for and written in pieces whose sizes are powers of two,
//! so that each statement exists in a handful of prepared forms.

use shared::{Event, RoomId, Seq, Timestamp, UserId};
use sqlx::{QueryBuilder, Sqlite};

use crate::chat::ledger::{Head, NewTxn};

/// Rows in one statement at most: what a busy batch has, with some 1,200 values in all.
pub(super) const PIECE: usize = 64;

/// Fills a piece of keys up to a power of two with its last key: who asks twice gets the same answer.
pub(super) fn filled<T>(piece: &[T]) -> impl Iterator<Item = &T> {
    let last = piece.last().into_iter().cycle();
    piece.iter().chain(last).take(piece.len().next_power_of_two())
}

pub(super) fn moment(timestamp: Timestamp) -> i64 {
    timestamp.unix_ms().cast_signed()
}

pub(super) fn number(seq: Seq) -> i64 {
    seq.get().cast_signed()
}

/// The rows of a batch that come in numbers.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// New events, in order.
    pub events: &'a [Event],
    /// What each new message was asked for by.
    pub txns: &'a [NewTxn],
    /// Where the rooms are now.
    pub heads: &'a [(RoomId, Head)],
    /// Read markers; they never move back.
    pub reads: &'a [(RoomId, UserId, Seq)],
}

impl Rows<'_> {
    /// The questions that store all of it: one per [`PIECE`], because on its way to the thread of the database and
    /// back a question costs more than most of its rows.
    pub(super) fn questions(&self) -> impl Iterator<Item = QueryBuilder<Sqlite>> {
        (0..self.longest()).step_by(PIECE).map(|start| {
            let piece = self.from(start);
            let size = piece.longest().next_power_of_two();
            let mut query = QueryBuilder::new("");
            push_events(&mut query, piece.events, size);
            push_txns(&mut query, piece.txns, size);
            push_heads(&mut query, piece.heads, size);
            push_reads(&mut query, piece.reads, size);
            query
        })
    }

    fn longest(&self) -> usize {
        self.events.len().max(self.txns.len()).max(self.heads.len()).max(self.reads.len())
    }

    /// What comes from the row of that number on, at most [`PIECE`] of each kind.
    fn from(&self, start: usize) -> Self {
        fn piece<T>(rows: &[T], start: usize) -> &[T] {
            let rows = rows.get(start..).unwrap_or_default();
            &rows[..rows.len().min(PIECE)]
        }
        Self {
            events: piece(self.events, start),
            txns: piece(self.txns, start),
            heads: piece(self.heads, start),
            reads: piece(self.reads, start),
        }
    }
}

/// The rows of a statement of that size: those there are, and then rows of nothing, which the statement passes over.
fn padded<T>(rows: &[T], size: usize) -> impl Iterator<Item = Option<&T>> {
    rows.iter().map(Some).chain(std::iter::repeat(None)).take(size)
}

fn push_events(query: &mut QueryBuilder<Sqlite>, events: &[Event], size: usize) {
    query.push(
        "INSERT INTO events (room_id, seq, msg_no, timestamp, author, txn_id, kind, content, reply_to) \
         SELECT * FROM (",
    );
    query.push_values(padded(events, size), |mut row, event| {
        let message = event.and_then(|event| event.body.as_message());
        let content = message.map(|message| message.content.clone());
        let reply_to = message.and_then(|message| message.reply_to).map(number);
        row.push_bind(event.map(|event| *event.room_id.as_uuid()))
            .push_bind(event.map(|event| number(event.seq)))
            .push_bind(event.map(|event| event.msg_no.get().cast_signed()))
            .push_bind(event.map(|event| moment(event.timestamp)))
            .push_bind(event.map(|event| *event.author.id.as_uuid()))
            .push_bind(event.map(|event| *event.txn_id.as_uuid()))
            .push_bind(event.map(|event| event.body.kind().to_owned()))
            .push_bind(content)
            .push_bind(reply_to);
    });
    query.push(") AS new WHERE column1 IS NOT NULL;");
}

fn push_txns(query: &mut QueryBuilder<Sqlite>, txns: &[NewTxn], size: usize) {
    query.push("INSERT INTO txns (user_id, txn_id, room_id, seq, body) SELECT * FROM (");
    query.push_values(padded(txns, size), |mut row, txn| {
        row.push_bind(txn.map(|(user, ..)| *user.as_uuid()))
            .push_bind(txn.map(|(_, txn, _)| *txn.as_uuid()))
            .push_bind(txn.map(|(.., stored)| *stored.room_id.as_uuid()))
            .push_bind(txn.map(|(.., stored)| number(stored.seq)))
            .push_bind(txn.map(|(.., stored)| stored.body.to_vec()));
    });
    query.push(") AS new WHERE column1 IS NOT NULL;");
}

fn push_heads(query: &mut QueryBuilder<Sqlite>, heads: &[(RoomId, Head)], size: usize) {
    query.push("WITH now (id, head, msg_no, members) AS (");
    query.push_values(padded(heads, size), |mut row, head| {
        row.push_bind(head.map(|(room, _)| *room.as_uuid()))
            .push_bind(head.map(|(_, head)| number(head.seq)))
            .push_bind(head.map(|(_, head)| head.msg_no.get().cast_signed()))
            .push_bind(head.map(|(_, head)| head.members.cast_signed()));
    });
    query.push(
        ") UPDATE rooms SET head = now.head, msg_no = now.msg_no, members = now.members \
         FROM now WHERE rooms.id = now.id;",
    );
}

fn push_reads(query: &mut QueryBuilder<Sqlite>, reads: &[(RoomId, UserId, Seq)], size: usize) {
    query.push("WITH now (room_id, user_id, read_seq) AS (");
    query.push_values(padded(reads, size), |mut row, read| {
        row.push_bind(read.map(|(room, ..)| *room.as_uuid()))
            .push_bind(read.map(|(_, user, _)| *user.as_uuid()))
            .push_bind(read.map(|(.., seq)| number(*seq)));
    });
    query.push(
        ") UPDATE members SET read_seq = now.read_seq FROM now WHERE members.room_id = now.room_id \
         AND members.user_id = now.user_id AND members.read_seq < now.read_seq;",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_filled_up_with_rows_of_nothing() {
        assert_eq!(padded(&[1, 2, 3], 4).collect::<Vec<_>>(), [Some(&1), Some(&2), Some(&3), None]);
    }

    #[test]
    fn a_large_batch_goes_in_pieces_and_none_is_left_out() {
        let reads = vec![(RoomId::mint(1, [1; 10]), UserId::mint(1, [1; 10]), Seq::ZERO); 150];
        let heads = vec![(RoomId::mint(1, [1; 10]), Head::default()); 70];
        let rows = Rows { events: &[], txns: &[], heads: &heads, reads: &reads };
        let sizes = |start| (rows.from(start).heads.len(), rows.from(start).reads.len());
        assert_eq!(rows.longest(), 150);
        assert_eq!([sizes(0), sizes(64), sizes(128)], [(64, 64), (6, 64), (0, 22)]);
    }

    #[test]
    fn keys_are_asked_for_in_powers_of_two() {
        assert_eq!(filled(&[1, 2, 3, 4, 5]).copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 5, 5, 5]);
        assert_eq!(filled(&[1]).copied().collect::<Vec<_>>(), [1]);
    }
}
