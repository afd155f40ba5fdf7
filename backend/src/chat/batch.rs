//! One batch of requests on its way to the disk: ask what is stored, decide, store, answer, tell everybody.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use shared::{RoomId, SessionId, Timestamp, TxnId, UserId, api::Role, event::Profile, frame::Ack};

use super::{
    commit_error::CommitError,
    hub::Hub,
    ledger::{Changes, Head, Ledger, Post, Refusal},
    mailbox::{Mailbox, Reply},
    refused::Refused,
    request::{Done, Request, Rotation},
    trouble::Trouble,
};
use crate::{
    clock,
    metrics::Metrics,
    refresh::{self, SessionState, Verdict},
    store::{Batch, Rows, SessionRow, StoreError, Writer},
};

/// Entries of the ledger that are kept between batches: about 10 MB. Beyond, it starts anew and asks again.
const REMEMBERED: usize = 100_000;

/// Refused messages that are kept in mind, less than 1 MB: more than get refused while a dead connection may still
/// bring a copy of one, a minute at most.
const REFUSED: usize = 4_096;

/// What the committer works with.
pub(super) struct Work {
    ledger: Ledger,
    refused: Refused<Refusal>,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
    trouble: Trouble,
    rooms_per_user: u64,
}

/// What is said when the batch is on disk.
enum Answer {
    Posted { mailbox: Arc<Mailbox>, txn_id: TxnId, room_id: RoomId, answer: Result<Ack, CommitError> },
    Read { mailbox: Arc<Mailbox>, room_id: RoomId, is_stored: bool },
    Done(Done<()>, Result<(), CommitError>),
    Rotated(Done<Rotation>, Rotation),
    Nothing,
}

/// What a batch has come to.
#[derive(Default)]
struct Outcome {
    changes: Changes,
    refused: Vec<(UserId, TxnId, Refusal)>,
    ended: Vec<(UserId, SessionId)>,
}

impl From<Refusal> for CommitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotMember => Self::NotMember,
            Refusal::Conflict => Self::Conflict,
            Refusal::NoSuchReply => Self::NoSuchReply,
        }
    }
}

impl Work {
    pub(super) fn new(hub: Arc<Hub>, metrics: Arc<Metrics>, trouble: Trouble, rooms_per_user: u64) -> Self {
        let refused = Refused::new(REFUSED);
        Self { ledger: Ledger::default(), refused, hub, metrics, trouble, rooms_per_user }
    }

    /// Stores all that waits in one transaction. When that fails, nothing is stored, everybody is told
    /// `unavailable`, and the next batch starts from what the disk says.
    pub(super) async fn store(&mut self, writer: &mut Writer, waiting: &mut Vec<Request>) {
        let (started, count) = (Instant::now(), waiting.len());
        if self.ledger.len() > REMEMBERED {
            self.ledger.forget();
        }
        let mut answers = Vec::with_capacity(count);
        let stored = self.transact(writer, waiting, &mut answers).await;
        self.ledger.forget_txns();
        self.trouble.note(stored.is_ok());
        if stored.is_ok() {
            self.metrics.commits.inc();
            self.metrics.commit_requests.observe(count as f64);
            self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        }
        let outcome = stored.unwrap_or_else(|error| {
            // The error names statements and files, never what is in a row.
            tracing::error!(%error, requests = count, "a batch could not be stored; nothing of it is");
            self.ledger.forget();
            writer.reset();
            answers.iter_mut().for_each(Answer::fail);
            answers.extend(waiting.drain(..).map(Answer::failed));
            Outcome::default()
        });
        for (author, txn, why) in &outcome.refused {
            self.refused.note(*author, *txn, *why);
        }
        self.metrics.commit_queue.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
        self.answer(answers, outcome);
    }

    async fn transact(
        &mut self,
        writer: &mut Writer,
        waiting: &mut Vec<Request>,
        answers: &mut Vec<Answer>,
    ) -> Result<Outcome, StoreError> {
        let mut batch = writer.begin().await?;
        self.learn(&mut batch, waiting).await?;
        let (mut outcome, now) = (Outcome::default(), clock::now());
        // Taken one by one, so that those after one that fails are still there to be answered.
        waiting.reverse();
        while let Some(request) = waiting.pop() {
            answers.push(self.decide(&mut batch, request, now, &mut outcome).await?);
        }
        let changes = &outcome.changes;
        batch.add_moves(&changes.moves).await?;
        let heads: Vec<_> = changes.heads.iter().map(|(room, head)| (*room, *head)).collect();
        let reads: Vec<_> = changes.reads.iter().map(|((room, user), seq)| (*room, *user, *seq)).collect();
        let (events, txns) = (&changes.events, &changes.txns);
        batch.add(&Rows { events, txns, heads: &heads, reads: &reads }).await?;
        batch.commit().await?;
        Ok(outcome)
    }

    /// Tells the ledger what it does not know yet and these requests need, in three questions.
    async fn learn(&mut self, batch: &mut Batch<'_>, waiting: &[Request]) -> Result<(), StoreError> {
        let (mut txns, mut members, mut rooms) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for request in waiting {
            let (room, user) = match request {
                Request::Post { post, .. } => {
                    txns.insert((post.author.id, post.txn_id));
                    (post.room_id, post.author.id)
                }
                Request::Read { user, room, .. } => (*room, *user),
                Request::Join { by, room, .. } | Request::Leave { by, room, .. } => (*room, by.id),
                _ => continue,
            };
            if !self.ledger.knows_room(room) {
                rooms.insert(room);
            }
            if !self.ledger.knows_member(room, user) {
                members.insert((room, user));
            }
        }
        let (txns, members, rooms) = (Vec::from_iter(txns), Vec::from_iter(members), Vec::from_iter(rooms));
        for (user, txn, stored) in batch.txns(&txns).await? {
            self.ledger.learn_txn(user, txn, Some(stored));
        }
        members.iter().for_each(|(room, user)| self.ledger.learn_member(*room, *user, None));
        for (room, user, read) in batch.members(&members).await? {
            self.ledger.learn_member(room, user, Some(read));
        }
        rooms.iter().for_each(|room| self.ledger.learn_room(*room, None));
        for (room, head) in batch.heads(&rooms).await? {
            self.ledger.learn_room(room, Some(head));
        }
        Ok(())
    }

    async fn decide(
        &mut self,
        batch: &mut Batch<'_>,
        request: Request,
        now: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<Answer, StoreError> {
        let changes = &mut outcome.changes;
        Ok(match request {
            Request::Post { post, mailbox } => {
                let answer = self.post(&post, now, outcome).map_err(CommitError::from);
                Answer::Posted { mailbox, txn_id: post.txn_id, room_id: post.room_id, answer }
            }
            Request::Read { user, room, seq, mailbox } => {
                self.ledger.read(room, user, seq, changes);
                Answer::Read { mailbox, room_id: room, is_stored: true }
            }
            Request::Guest { user, session, done } => {
                batch.add_user(&user, now).await?;
                let state = SessionState { generation: 1, confirmed: 0, rotated_at: now, revoked: false };
                batch.put_session(&SessionRow { id: session, user_id: user.id, state }).await?;
                Answer::Done(done, Ok(()))
            }
            Request::Rotate { session, presented, now, done } => {
                Answer::Rotated(done, rotate(batch, session, presented, now, outcome).await?)
            }
            Request::Confirm { session, generation } => {
                confirm(batch, session, generation).await?;
                Answer::Nothing
            }
            Request::EndSession { session, done } => {
                end_session(batch, session, outcome).await?;
                Answer::Done(done, Ok(()))
            }
            Request::MakeRoom { by, room, done } => {
                if self.is_full(batch, by.id, changes).await? {
                    Answer::Done(done, Err(CommitError::Full("rooms_per_user")))
                } else if batch.add_room(&room, now).await? {
                    self.ledger.learn_room(room.id, Some(Head::default()));
                    Answer::Done(done, self.join(&by, room.id, Role::Owner, now, changes))
                } else {
                    Answer::Done(done, Err(CommitError::CodeTaken))
                }
            }
            Request::Join { by, room, done } => {
                let is_new = !self.ledger.is_member(room, by.id);
                if is_new && self.is_full(batch, by.id, changes).await? {
                    Answer::Done(done, Err(CommitError::Full("rooms_per_user")))
                } else {
                    Answer::Done(done, self.join(&by, room, Role::Member, now, changes))
                }
            }
            Request::Leave { by, room, done } => {
                let left = self.ledger.leave(room, &by, (mint(now), now), changes);
                Answer::Done(done, left.map(drop).map_err(CommitError::from))
            }
        })
    }

    /// Stores a message, unless it was refused before, in this batch or an earlier one.
    fn post(&mut self, post: &Post, now: Timestamp, outcome: &mut Outcome) -> Result<Ack, Refusal> {
        let (author, txn) = (post.author.id, post.txn_id);
        let now_refused = outcome.refused.iter().find(|(user, known, _)| (*user, *known) == (author, txn));
        if let Some(why) = now_refused.map(|(.., why)| *why).or_else(|| self.refused.why(author, txn)) {
            return Err(why);
        }
        let answer = self.ledger.post(post, now, &mut outcome.changes);
        if let Err(why @ (Refusal::NotMember | Refusal::NoSuchReply)) = answer {
            outcome.refused.push((author, txn, why));
        }
        answer
    }

    fn join(
        &mut self,
        by: &Profile,
        room: RoomId,
        role: Role,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<(), CommitError> {
        let joined = self.ledger.join(room, by, role, (mint(now), now), changes);
        joined.map(drop).map_err(|_| CommitError::NoRoom)
    }

    /// Whether somebody is in as many rooms as they may, this batch included.
    async fn is_full(
        &self,
        batch: &mut Batch<'_>,
        user: UserId,
        changes: &Changes,
    ) -> Result<bool, StoreError> {
        let moves = || changes.moves.iter().filter(|change| change.user_id == user);
        let joined = moves().filter(|change| change.role.is_some()).count() as u64;
        let left = moves().count() as u64 - joined;
        Ok(batch.rooms_of(user).await? + joined >= self.rooms_per_user + left)
    }

    /// Everything is on disk, or nothing is: says so, and has everybody look.
    fn answer(&self, answers: Vec<Answer>, outcome: Outcome) {
        let mut authors = Vec::new();
        for answer in answers {
            match answer {
                Answer::Posted { mailbox, txn_id, room_id, answer } => {
                    match answer {
                        Ok(ack) if ack.duplicate => self.metrics.duplicates.inc(),
                        Ok(_) => self.metrics.stored.inc(),
                        Err(_) => 0,
                    };
                    mailbox.reply(Reply::Posted { txn_id, room_id, answer });
                    authors.push(mailbox);
                }
                Answer::Read { mailbox, room_id, is_stored: false } => {
                    mailbox.reply(Reply::NotRead { room_id });
                    authors.push(mailbox);
                }
                Answer::Read { is_stored: true, .. } => {}
                // Who no longer waits for an answer does not miss it.
                Answer::Done(done, answer) => drop(done.send(answer)),
                Answer::Rotated(done, rotation) => drop(done.send(Ok(rotation))),
                Answer::Nothing => {}
            }
        }
        self.hub.publish(outcome.changes);
        authors.iter().for_each(|mailbox| mailbox.wake());
        outcome.ended.into_iter().for_each(|(user, session)| self.hub.end_session(user, session));
    }
}

impl Answer {
    /// Turns what was decided into what is true: nothing is stored.
    fn fail(&mut self) {
        match self {
            Self::Posted { answer, .. } => *answer = Err(CommitError::Unavailable),
            Self::Read { is_stored, .. } => *is_stored = false,
            Self::Done(_, answer) => *answer = Err(CommitError::Unavailable),
            // Dropping the way back says `unavailable`.
            Self::Rotated(..) => *self = Self::Nothing,
            Self::Nothing => {}
        }
    }

    /// The answer to a request that nobody got to.
    fn failed(request: Request) -> Self {
        match request {
            Request::Post { post, mailbox } => Self::Posted {
                mailbox,
                txn_id: post.txn_id,
                room_id: post.room_id,
                answer: Err(CommitError::Unavailable),
            },
            Request::Read { room, mailbox, .. } => Self::Read { mailbox, room_id: room, is_stored: false },
            _ => Self::Nothing,
        }
    }
}

/// The identity of an event that no client asked for.
fn mint(now: Timestamp) -> TxnId {
    TxnId::mint(now.unix_ms(), clock::random_bytes())
}

async fn rotate(
    batch: &mut Batch<'_>,
    session: SessionId,
    presented: u64,
    now: Timestamp,
    outcome: &mut Outcome,
) -> Result<Rotation, StoreError> {
    let Some(mut row) = batch.session(session).await? else { return Ok(Rotation::Unknown) };
    match refresh::judge(&row.state, presented, now) {
        Verdict::Renew { generation } => {
            row.state = SessionState { generation, rotated_at: now, ..row.state };
            batch.put_session(&row).await?;
            Ok(Rotation::Renewed { generation, user: row.user_id })
        }
        Verdict::Repeat { generation } => Ok(Rotation::Renewed { generation, user: row.user_id }),
        Verdict::Revoke => {
            row.state.revoked = true;
            batch.put_session(&row).await?;
            outcome.ended.push((row.user_id, session));
            Ok(Rotation::Revoked)
        }
        Verdict::Refuse => Ok(Rotation::Unknown),
    }
}

async fn confirm(batch: &mut Batch<'_>, session: SessionId, generation: u64) -> Result<(), StoreError> {
    match batch.session(session).await? {
        Some(mut row) if row.state.confirmed < generation && generation <= row.state.generation => {
            row.state.confirmed = generation;
            batch.put_session(&row).await
        }
        _ => Ok(()),
    }
}

async fn end_session(
    batch: &mut Batch<'_>,
    session: SessionId,
    outcome: &mut Outcome,
) -> Result<(), StoreError> {
    if let Some(mut row) = batch.session(session).await? {
        row.state.revoked = true;
        batch.put_session(&row).await?;
        outcome.ended.push((row.user_id, session));
    }
    Ok(())
}
