//! One batch of requests on its way to the disk: ask what is stored, decide, store, answer, tell everybody.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use shared::{SessionId, UserId, frame::Ack};

use super::{
    disk_health::DiskHealth,
    error::CommitError,
    job::{Job, JobAnswer, Surroundings},
    ledger::{Append, Changes, Ledger},
};
use crate::{
    chat::{hub::Hub, mailbox::Reply, slot::Mailbox},
    clock,
    metrics::Metrics,
    store::{Batch, StoreError, Writer},
};

/// Entries of the ledger that are kept between batches: about 10 MB. Beyond, it starts anew and asks again.
const REMEMBERED: usize = 100_000;

/// Something to be stored.
#[derive(Debug)]
pub(super) enum Request {
    /// A body in a room's log; the answer goes to the mailbox.
    Append(Append, Arc<Mailbox>),
    /// Anything else.
    Job(Job),
}

/// What the committer works with.
pub(super) struct Work {
    ledger: Ledger,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
    health: DiskHealth,
    rooms_per_user: u64,
}

/// The answer to a request, given once the batch is on disk.
enum Answer {
    Append { mailbox: Arc<Mailbox>, ask: Asked, answer: Result<Ack, CommitError> },
    Job(JobAnswer),
}

/// Which append an answer is about.
type Asked = (shared::TxnId, shared::RoomId);

/// What a batch has come to.
#[derive(Default)]
struct Outcome {
    changes: Changes,
    ended: Vec<(UserId, SessionId)>,
}

impl Work {
    pub(super) fn new(hub: Arc<Hub>, metrics: Arc<Metrics>, health: DiskHealth, rooms_per_user: u64) -> Self {
        Self { ledger: Ledger::default(), hub, metrics, health, rooms_per_user }
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
        self.ledger.forget_requests();
        self.health.note(stored.is_ok());
        self.metrics.commit_queue.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
        match stored {
            Ok(outcome) => {
                self.metrics.commits.inc();
                self.metrics.commit_requests.observe(count as f64);
                self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
                self.answer(answers, outcome);
            }
            Err(error) => {
                // The error names statements and files, never what is in a row.
                tracing::error!(%error, requests = count, "a batch could not be stored; nothing of it is");
                self.ledger.forget();
                writer.reset();
                answers.into_iter().for_each(Answer::take_back);
                waiting.drain(..).for_each(|request| Answer::unasked(request).take_back());
            }
        }
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
            let Outcome { changes, ended } = &mut outcome;
            answers.push(match request {
                Request::Append(append, mailbox) => {
                    let answer = self.ledger.append(&append, now, changes);
                    Answer::Append { mailbox, ask: (append.txn_id, append.room_id), answer }
                }
                Request::Job(job) => {
                    let (ledger, rooms_per_user) = (&mut self.ledger, self.rooms_per_user);
                    let batch = &mut batch;
                    let at = Surroundings { ledger, batch, changes, ended, rooms_per_user, now };
                    Answer::Job(job.work(at).await?)
                }
            });
        }
        batch.add(&outcome.changes, now).await?;
        batch.commit().await?;
        Ok(outcome)
    }

    /// Tells the ledger what it does not know yet and these requests need, in three questions.
    async fn learn(&mut self, batch: &mut Batch<'_>, waiting: &[Request]) -> Result<(), StoreError> {
        let (mut requests, mut members, mut rooms) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for request in waiting {
            let needs = match request {
                Request::Append(append, _) => {
                    requests.insert((append.author.id, append.txn_id));
                    Some((append.room_id, append.author.id))
                }
                Request::Job(job) => job.needs(),
            };
            let Some((room, user)) = needs else { continue };
            if !self.ledger.knows_room(room) {
                rooms.insert(room);
            }
            if !self.ledger.knows_member(room, user) {
                members.insert((room, user));
            }
        }
        let requests: Vec<_> = requests.into_iter().collect();
        for (user, txn, known) in batch.requests(&requests).await? {
            self.ledger.learn_request(user, txn, known);
        }
        let members: Vec<_> = members.into_iter().collect();
        members.iter().for_each(|(room, user)| self.ledger.learn_member(*room, *user, None));
        for (room, user, read) in batch.members(&members).await? {
            self.ledger.learn_member(room, user, Some(read));
        }
        let rooms: Vec<_> = rooms.into_iter().collect();
        rooms.iter().for_each(|room| self.ledger.learn_room(*room, None));
        for (room, head) in batch.heads(&rooms).await? {
            self.ledger.learn_room(room, Some(head));
        }
        Ok(())
    }

    /// Everything is on disk: says so, and has everybody look.
    fn answer(&self, answers: Vec<Answer>, outcome: Outcome) {
        let mut authors = Vec::new();
        for answer in answers {
            match answer {
                Answer::Append { mailbox, ask: (txn_id, room_id), answer } => {
                    match answer {
                        Ok(ack) if ack.duplicate => self.metrics.duplicates.inc(),
                        Ok(_) => self.metrics.stored.inc(),
                        Err(_) => 0,
                    };
                    mailbox.reply(Reply::Posted { txn_id, room_id, answer });
                    authors.push(mailbox);
                }
                Answer::Job(answer) => answer.give(),
            }
        }
        self.hub.publish(outcome.changes);
        authors.iter().for_each(|mailbox| mailbox.wake());
        outcome.ended.into_iter().for_each(|(user, session)| self.hub.end_session(user, session));
    }
}

impl Answer {
    /// The answer to a request that nobody got to.
    fn unasked(request: Request) -> Self {
        match request {
            Request::Append(append, mailbox) => {
                let ask = (append.txn_id, append.room_id);
                Self::Append { mailbox, ask, answer: Err(CommitError::Unavailable) }
            }
            Request::Job(Job::Read { room, mailbox, .. }) => Self::Job(JobAnswer::Read(mailbox, room)),
            Request::Job(_) => Self::Job(JobAnswer::Nothing),
        }
    }

    /// Nothing is stored, whatever was decided: says so.
    fn take_back(self) {
        let mailbox = match self {
            Self::Append { mailbox, ask: (txn_id, room_id), .. } => {
                mailbox.reply(Reply::Posted { txn_id, room_id, answer: Err(CommitError::Unavailable) });
                Some(mailbox)
            }
            Self::Job(answer) => answer.take_back(),
        };
        if let Some(mailbox) = mailbox {
            mailbox.wake();
        }
    }
}
