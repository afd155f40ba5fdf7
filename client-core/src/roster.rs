//! Who is in the rooms that were shown, where they are, how far they have read, and who types. It knows no
//! history and does not ask for anything.

use shared::{
    RoomId, Seq, UserId,
    api::{Member, Presence, Role},
    event::Profile,
    frame::{PresenceSignal, ReadSignal, TypingSignal},
};

use crate::{io::Change, out::Out, view::MemberView};

/// Rooms whose members are kept: as many as histories.
const ROOMS_MOST: usize = 10;

/// People who type at the same time, over all rooms; the page names three of a room.
const TYPERS_MOST: usize = 100;

/// Whoever types says so every 4 s; after twice that they have stopped, or their connection has.
const TYPING_ENDS_MS: u64 = 8_000;

/// Signals that are kept while a member list is on its way, which may be older than they are.
const SIGNALS_MOST: usize = 200;

/// The people around.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// The room whose list came last at the end.
    rooms: Vec<(RoomId, Vec<MemberView>)>,
    /// Longest first.
    typers: Vec<Typer>,
    /// Since the last member list was asked for.
    signals: Vec<(UserId, Presence)>,
    /// Who has read up to where, of those about whom something came last.
    reads: Vec<ReadSignal>,
}

#[derive(Debug)]
struct Typer {
    room: RoomId,
    user: UserId,
    until: u64,
}

impl Roster {
    pub(crate) fn members(&self, room: RoomId) -> &[MemberView] {
        self.rooms.iter().find(|(known, _)| *known == room).map_or(&[], |(_, members)| members)
    }

    /// Who types in a room, longest first.
    pub(crate) fn typing(&self, room: RoomId) -> impl Iterator<Item = UserId> {
        self.typers.iter().filter(move |typer| typer.room == room).map(|typer| typer.user)
    }

    /// A member list is being asked for.
    pub(crate) fn asked(&mut self) {
        self.signals.clear();
    }

    /// The log is another one: no marker means anything any more.
    pub(crate) fn start_over(&mut self) {
        self.rooms.clear();
        self.reads.clear();
    }

    /// A member list came. It may be older than what is known of its people.
    pub(crate) fn set(&mut self, room: RoomId, members: Vec<Member>, out: &mut Out) {
        let known = |user: UserId| {
            let signals = self.reads.iter().filter(|read| (read.room_id, read.user_id) == (room, user));
            let listed = self.members(room).iter().find(|member| member.user.id == user);
            signals.map(|read| read.seq).chain(listed.map(|member| member.read_seq)).max()
        };
        let view = |member: Member| {
            let signal = self.signals.iter().rev().find(|(user, _)| *user == member.user.id);
            let presence = signal.map_or(member.presence, |(_, presence)| *presence);
            // Read markers never move back.
            let read_seq = known(member.user.id).map_or(member.read_seq, |known| known.max(member.read_seq));
            MemberView { user: member.user, role: member.role, presence, read_seq }
        };
        let members: Vec<MemberView> = members.into_iter().map(view).collect();
        // Whoever is in it no longer may seem to come back, where the list is ahead of the events.
        let is_gone = |known: &&MemberView| members.iter().all(|member| member.user.id != known.user.id);
        let gone = self.members(room).iter().filter(is_gone);
        let gone =
            gone.map(|known| ReadSignal { room_id: room, user_id: known.user.id, seq: known.read_seq });
        gone.collect::<Vec<_>>().into_iter().for_each(|signal| self.remember(signal));
        self.forget(room);
        if self.rooms.len() == ROOMS_MOST {
            self.rooms.remove(0);
        }
        self.rooms.push((room, members));
        out.changed(Change::Members(room));
    }

    /// Exactly these people are online; whoever is away stays so until the list is asked for again.
    pub(crate) fn online(&mut self, online: &[UserId], out: &mut Out) {
        for (room, members) in &mut self.rooms {
            for member in members {
                let presence = match (online.contains(&member.user.id), member.presence) {
                    (false, _) => Presence::Offline,
                    (true, Presence::Offline) => Presence::Online,
                    (true, known) => known,
                };
                if presence != member.presence {
                    member.presence = presence;
                    out.changed(Change::Members(*room));
                }
            }
        }
    }

    pub(crate) fn presence(&mut self, signal: &PresenceSignal, out: &mut Out) {
        if self.signals.len() == SIGNALS_MOST {
            self.signals.remove(0);
        }
        self.signals.push((signal.user_id, signal.status));
        for (room, members) in &mut self.rooms {
            let member = members.iter_mut().find(|member| member.user.id == signal.user_id);
            if let Some(member) = member.filter(|member| member.presence != signal.status) {
                member.presence = signal.status;
                out.changed(Change::Members(*room));
            }
        }
    }

    pub(crate) fn read(&mut self, signal: &ReadSignal, out: &mut Out) {
        self.remember(*signal);
        if let Some(member) = self.member(signal.room_id, signal.user_id)
            && member.read_seq < signal.seq
        {
            member.read_seq = signal.seq;
            out.changed(Change::Members(signal.room_id));
        }
    }

    /// Of a person only the furthest counts.
    fn remember(&mut self, mut signal: ReadSignal) {
        let is_same = |known: &ReadSignal| (known.room_id, known.user_id) == (signal.room_id, signal.user_id);
        if let Some(index) = self.reads.iter().position(is_same) {
            signal.seq = signal.seq.max(self.reads.remove(index).seq);
        }
        if self.reads.len() == SIGNALS_MOST {
            self.reads.remove(0);
        }
        self.reads.push(signal);
    }

    /// Somebody sent a message: they have read up to it, and type no longer.
    pub(crate) fn said(&mut self, room: RoomId, user: UserId, seq: Seq, out: &mut Out) {
        self.stopped_typing(room, user, out);
        self.read(&ReadSignal { room_id: room, user_id: user, seq }, out);
    }

    /// Somebody came into a room. False where that was known.
    pub(crate) fn joined(&mut self, room: RoomId, user: Profile, seq: Seq, out: &mut Out) -> bool {
        let Some((_, members)) = self.rooms.iter_mut().find(|(known, _)| *known == room) else {
            return true;
        };
        if let Some(index) = members.iter().position(|member| member.user.id == user.id) {
            // The list was ahead of the events; whoever comes last stands last.
            if index + 1 < members.len() {
                members[index..].rotate_left(1);
                out.changed(Change::Members(room));
            }
            return false;
        }
        // A list may have known already what they read after that: markers never move back.
        let known = self.reads.iter().filter(|read| (read.room_id, read.user_id) == (room, user.id));
        let read_seq = known.map(|read| read.seq).fold(seq, Seq::max);
        members.push(MemberView { user, role: Role::Member, presence: Presence::Online, read_seq });
        out.changed(Change::Members(room));
        true
    }

    /// Somebody left a room.
    pub(crate) fn left(&mut self, room: RoomId, user: UserId, out: &mut Out) {
        self.stopped_typing(room, user, out);
        if let Some((_, members)) = self.rooms.iter_mut().find(|(known, _)| *known == room)
            && let Some(index) = members.iter().position(|member| member.user.id == user)
        {
            let member = members.remove(index);
            self.remember(ReadSignal { room_id: room, user_id: user, seq: member.read_seq });
            out.changed(Change::Members(room));
        }
    }

    pub(crate) fn typing_signal(&mut self, now: u64, signal: &TypingSignal, out: &mut Out) {
        let TypingSignal { room_id: room, user_id: user, active } = *signal;
        if !active {
            self.stopped_typing(room, user, out);
            return;
        }
        let until = now + TYPING_ENDS_MS;
        let is_full = self.typers.len() >= TYPERS_MOST;
        match self.typers.iter_mut().find(|typer| typer.room == room && typer.user == user) {
            Some(typer) => typer.until = until,
            None if !is_full => {
                self.typers.push(Typer { room, user, until });
                out.changed(Change::Typing(room));
            }
            None => {}
        }
    }

    /// Drops whoever has typed in silence for too long.
    pub(crate) fn tick(&mut self, now: u64, out: &mut Out) {
        self.drop_typers(out, |typer| typer.until <= now);
    }

    /// The connection is gone: nobody can say that they have stopped.
    pub(crate) fn lost(&mut self, out: &mut Out) {
        self.drop_typers(out, |_| true);
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.typers.iter().map(|typer| typer.until).min()
    }

    /// This person has left a room: nobody is there for them, and nobody types.
    pub(crate) fn gone_from(&mut self, room: RoomId, out: &mut Out) {
        self.forget(room);
        self.drop_typers(out, |typer| typer.room == room);
    }

    fn forget(&mut self, room: RoomId) {
        self.rooms.retain(|(known, _)| *known != room);
    }

    fn member(&mut self, room: RoomId, user: UserId) -> Option<&mut MemberView> {
        let (_, members) = self.rooms.iter_mut().find(|(known, _)| *known == room)?;
        members.iter_mut().find(|member| member.user.id == user)
    }

    fn stopped_typing(&mut self, room: RoomId, user: UserId, out: &mut Out) {
        self.drop_typers(out, |typer| typer.room == room && typer.user == user);
    }

    fn drop_typers(&mut self, out: &mut Out, gone: impl Fn(&Typer) -> bool) {
        for typer in self.typers.extract_if(.., |typer| gone(typer)) {
            out.changed(Change::Typing(typer.room));
        }
    }
}
