//! Everything that a screen shows, and what must be true of it when everything is quiet.

use std::collections::BTreeMap;

use shared::{RoomId, Seq, UserId};

use super::{
    fact::{Observer, Screen, ShownRow},
    log::{Logs, content},
    violation::{Rule, Violation},
};

/// A room as a screen shows it, paged back to its first event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreenRoom {
    /// The newest event.
    pub head: Seq,
    /// Up to where this person has read.
    pub read_seq: Seq,
    /// How many messages came after that.
    pub unread: u64,
    /// All rows.
    pub rows: Vec<ShownRow>,
    /// Who is in it, and up to where they have read; in the order of the list.
    pub members: Vec<(UserId, Seq)>,
    /// Whether that list was asked for again just now.
    pub has_new_list: bool,
    /// Who types.
    pub typing: Vec<UserId>,
}

/// Everything that a screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreenState {
    /// All rooms of the person.
    pub rooms: BTreeMap<RoomId, ScreenRoom>,
    /// How many messages wait to be sent; those that were refused for good don't.
    pub waiting: usize,
}

/// How a screen ends up, and how somebody does who signs in there anew.
#[derive(Debug, Clone)]
pub struct End {
    /// Which.
    pub screen: Screen,
    /// Whose.
    pub user: UserId,
    /// What it shows.
    pub shown: ScreenState,
    /// What a fresh client of the same person shows.
    pub fresh: ScreenState,
}

pub(super) fn check(
    end: &End,
    logs: &Logs,
    markers: &BTreeMap<(Observer, RoomId, UserId), Seq>,
) -> Result<(), Violation> {
    let who = format!("{:?} of {}", end.screen, end.user);
    if end.shown.waiting > 0 {
        return Err(Violation::new(
            Rule::OutboxLeft,
            format!("{} messages wait at {who}", end.shown.waiting),
        ));
    }
    let (shown, fresh): (Vec<_>, Vec<_>) =
        (end.shown.rooms.keys().collect(), end.fresh.rooms.keys().collect());
    if shown != fresh {
        let detail = format!("{who} shows the rooms {shown:?}, a fresh login {fresh:?}");
        return Err(Violation::new(Rule::Resumed, detail));
    }
    let theirs = logs.rooms_of(end.user);
    if fresh.into_iter().ne(&theirs) {
        let detail = format!("{who} is in the rooms {theirs:?} and is shown {shown:?}");
        return Err(Violation::new(Rule::Resumed, detail));
    }
    for (room, screen) in &end.fresh.rooms {
        let fresh = format!("a fresh login of {}", end.user);
        check_room(&fresh, *room, screen, logs)?;
        let stored = |user: UserId| markers.get(&(Observer::Store, *room, user)).copied();
        let marker = stored(end.user);
        if marker != Some(screen.read_seq) {
            let detail = format!("{who} has read {room} up to {marker:?}, and is told {}", screen.read_seq);
            return Err(Violation::new(Rule::Unread, detail));
        }
        let members = logs.members(*room).into_iter().map(|user| (user, stored(user).unwrap_or_default()));
        if !members.clone().eq(screen.members.iter().copied()) {
            let members: Vec<_> = members.collect();
            let detail = format!("{fresh} shows {room} with {:?} in it, who are {members:?}", screen.members);
            return Err(Violation::new(Rule::Resumed, detail));
        }
    }
    for (room, screen) in &end.shown.rooms {
        check_room(&who, *room, screen, logs)?;
        let fresh = &end.fresh.rooms[room];
        // Messages that were refused wait for their author, and for nobody else.
        let stored = |room: &ScreenRoom| room.rows.iter().filter(|row| row.seq.is_some()).count();
        let who_is_in = |room: &ScreenRoom| room.members.iter().map(|(user, _)| *user).collect::<Vec<_>>();
        // Signals may be dropped, so what others have read may lag until the list is asked for again; it is never
        // ahead.
        let is_off =
            screen.members.iter().zip(&fresh.members).any(|(shown, fresh)| {
                if screen.has_new_list { shown.1 != fresh.1 } else { shown.1 > fresh.1 }
            });
        let is_same = (screen.head, screen.read_seq, screen.unread, stored(screen))
            == (fresh.head, fresh.read_seq, fresh.unread, stored(fresh))
            && who_is_in(screen) == who_is_in(fresh)
            && !is_off;
        if !is_same {
            let seen = |room: &ScreenRoom| {
                format!(
                    "head {}, read {}, unread {}, {} rows, members {:?}",
                    room.head,
                    room.read_seq,
                    room.unread,
                    stored(room),
                    room.members
                )
            };
            let detail = format!("{who} shows {room} with {}; a fresh login {}", seen(screen), seen(fresh));
            return Err(Violation::new(Rule::Resumed, detail));
        }
    }
    Ok(())
}

/// A room is shown as the log has it.
fn check_room(who: &str, room: RoomId, screen: &ScreenRoom, logs: &Logs) -> Result<(), Violation> {
    let log = logs.room(room);
    if screen.head.get() != log.len() as u64 {
        let detail = format!("{who} has {room} up to {}, the log ends at {}", screen.head, log.len());
        return Err(Violation::new(Rule::Resumed, detail));
    }
    if let Some(user) = screen.typing.first() {
        return Err(Violation::new(Rule::Typing, format!("{who} shows {user} typing in {room} for ever")));
    }
    let stored: Vec<_> = screen.rows.iter().filter(|row| row.seq.is_some()).collect();
    let is_log = stored.len() == log.len()
        && stored.iter().zip(log).all(|(row, event)| {
            (row.seq, row.author, row.txn_id) == (Some(event.seq), event.author.id, event.txn_id)
                && row.content.as_deref() == content(event)
        });
    if !is_log {
        let seqs: Vec<_> = stored.iter().filter_map(|row| row.seq).map(Seq::get).collect();
        let detail = format!("{who} shows {seqs:?} of the {} events of {room}", log.len());
        return Err(Violation::new(Rule::ShownMissing, detail));
    }
    let messages_at = |seq: Seq| {
        let index = usize::try_from(seq.get()).unwrap_or(usize::MAX).min(log.len());
        index.checked_sub(1).map_or(0, |index| log[index].msg_no.get())
    };
    let unread = messages_at(screen.head) - messages_at(screen.read_seq);
    if screen.unread != unread {
        let detail = format!(
            "{who} has read {room} up to {}, which leaves {unread} unread, and shows {}",
            screen.read_seq, screen.unread
        );
        return Err(Violation::new(Rule::Unread, detail));
    }
    Ok(())
}
