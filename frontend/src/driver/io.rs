//! Everything that an open page has running in the browser, in one place: dropping it ends it all. Knows
//! what is running, not what for.

use std::{cell::Cell, collections::HashMap, rc::Rc};

use client_core::{Answer, CallId, Command, Input, News, Request, SocketId};
use leptos::prelude::Set;

use super::{
    ACTIVE_EVERY_MS, HIDDEN_FRAME_MS, Inner,
    channel::Channel,
    http::HttpCall,
    kept::{Kept, Told},
    locks::Lock,
    socket::{Socket, SocketEvent},
};
use crate::{
    browser::{Frame, Listener, Timeout, document, hidden, window},
    clock,
    store::{Keeping, put},
};

/// Where the pages of this browser hear of each other's sign-ins and renewals: the time, which of the two, and what was
/// answered.
const SIGNED_IN: &str = "confab.signed-in";

/// What says there that it was a sign-in.
const ANEW: &str = "anew";

/// What says there that it was a renewal.
const AGAIN: &str = "again";

/// How much longer a page keeps its turn than a call takes that it makes alone: until the other pages have heard what
/// came of it.
const HEARD_MS: u64 = 200;

/// What is running.
pub(super) struct Io {
    /// The client's next wish for a tick, and what wakes us for it.
    pub(super) timer: Option<(u64, Timeout)>,
    /// What outlives the page.
    pub(super) kept: Kept,
    sockets: HashMap<SocketId, Socket>,
    calls: HashMap<CallId, HttpCall>,
    signed_in: Option<Channel>,
    turn: Option<Timeout>,
    frame: Option<Pending>,
    second: Option<Timeout>,
    midnight: Option<Timeout>,
    _listeners: [Listener; 5],
}

/// A flush that is to come. Held to be dropped.
enum Pending {
    Frame { _frame: Frame },
    Hidden { _timer: Timeout },
}

impl Io {
    /// Listens to the page on behalf of a driver.
    pub(super) fn new(inner: &Rc<Inner>) -> Self {
        let tell = |target: &web_sys::EventTarget, event, call: fn(&Rc<Inner>)| {
            let inner = Rc::downgrade(inner);
            Listener::new(target, event, move |_| {
                if let Some(inner) = inner.upgrade() {
                    call(&inner);
                }
            })
        };
        let active = |event| {
            let inner = Rc::downgrade(inner);
            let last = Cell::new(None::<u64>);
            Listener::new(&window(), event, move |_| {
                let now = clock::monotonic_ms();
                if last.get().is_some_and(|last| now < last + ACTIVE_EVERY_MS) {
                    return;
                }
                last.set(Some(now));
                if let Some(inner) = inner.upgrade() {
                    inner.take(Input::Command(Command::Active));
                }
            })
        };
        let visibility = |inner: &Rc<Inner>| {
            inner.take(Input::Visible(!hidden()));
            // A frame that was asked for in the other state may never come.
            inner.flush();
        };
        let listeners = [
            tell(&document(), "visibilitychange", visibility),
            tell(&window(), "offline", |inner| inner.take(Input::NetworkGone)),
            tell(&window(), "online", |inner| inner.take(Input::NetworkBack)),
            active("pointerdown"),
            active("keydown"),
        ];
        let mut io = Self {
            timer: None,
            kept: open_kept(inner),
            sockets: HashMap::new(),
            calls: HashMap::new(),
            signed_in: hear_of_sign_ins(inner),
            turn: None,
            frame: None,
            second: None,
            midnight: None,
            _listeners: listeners,
        };
        io.watch_the_day(inner);
        io
    }

    /// Opens a socket.
    pub(super) fn open(&mut self, id: SocketId, token: &str, tell: impl FnMut(SocketEvent) + 'static) {
        self.sockets.insert(id, Socket::open(token, tell));
    }

    /// Sends over a socket, if it is still there.
    pub(super) fn send(&self, id: SocketId, text: String) {
        if let Some(socket) = self.sockets.get(&id) {
            socket.send(text);
        }
    }

    /// Closes a socket.
    pub(super) fn close(&mut self, id: SocketId, code: u16) {
        if let Some(socket) = self.sockets.remove(&id) {
            socket.close(code);
        }
    }

    /// Forgets a socket that has closed.
    pub(super) fn forget_socket(&mut self, id: SocketId) {
        self.sockets.remove(&id);
    }

    /// Makes a call.
    pub(super) fn call(
        &mut self,
        id: CallId,
        request: Request,
        tell: impl FnOnce(Answer, Option<Lock>) + 'static,
    ) {
        self.calls.insert(id, HttpCall::start(request, tell));
    }

    /// Forgets a call that is answered, and its turn a little later. `false` when it was given up before.
    pub(super) fn forget_call(&mut self, id: CallId, turn: Option<Lock>) -> bool {
        if turn.is_some() {
            self.turn = Some(Timeout::new(HEARD_MS, move || drop(turn)));
        }
        self.calls.remove(&id).is_some()
    }

    /// Gives a call up.
    pub(super) fn give_up(&mut self, id: CallId) {
        self.calls.remove(&id);
    }

    /// Tells the other pages.
    pub(super) fn pass_on(&self, news: &News) {
        if let Some(channel) = &self.signed_in {
            let which = if news.signs_in { ANEW } else { AGAIN };
            channel.say(&format!("{} {which} {}", clock::now().wall.unix_ms(), news.answer));
        }
    }

    /// Calls once before the next frame, however often it is asked.
    pub(super) fn before_next_frame(&mut self, call: impl FnOnce() + 'static) {
        if self.frame.is_some() {
            return;
        }
        // A hidden page draws no frames.
        self.frame = Some(if hidden() {
            Pending::Hidden { _timer: Timeout::new(HIDDEN_FRAME_MS, call) }
        } else {
            Pending::Frame { _frame: Frame::new(call) }
        });
    }

    /// Nothing is waiting for a frame any more.
    pub(super) fn frame_is_drawn(&mut self) {
        self.frame = None;
    }

    /// Calls in a second; replaces an earlier wish.
    pub(super) fn in_a_second(&mut self, call: impl FnOnce() + 'static) {
        self.second = Some(Timeout::new(1000, call));
    }

    /// Turns the page's calendar at midnight.
    fn watch_the_day(&mut self, inner: &Rc<Inner>) {
        put(inner.store.today, clock::day_of(clock::now().wall));
        let weak = Rc::downgrade(inner);
        self.midnight = Some(Timeout::new(clock::until_tomorrow_ms(), move || {
            let Some(inner) = weak.upgrade() else { return };
            inner.store.today.set(clock::day_of(clock::now().wall));
            if let Some(io) = inner.io.borrow_mut().as_mut() {
                io.watch_the_day(&inner);
            }
        }));
    }
}

/// Hears of the sign-ins and renewals of the other pages, and how long ago they were: a page that slept hears late.
fn hear_of_sign_ins(inner: &Rc<Inner>) -> Option<Channel> {
    let weak = Rc::downgrade(inner);
    Channel::open(SIGNED_IN, move |text| {
        let (Some(inner), Some((at, news))) = (weak.upgrade(), read_news(text)) else { return };
        let age_ms = clock::now().wall.unix_ms().saturating_sub(at);
        inner.take(Input::Heard { news, age_ms });
    })
}

/// When something was said, in milliseconds since 1970, and what.
fn read_news(text: &str) -> Option<(u64, News)> {
    let (at, rest) = text.split_once(' ')?;
    let (which, answer) = rest.split_once(' ')?;
    let signs_in = match which {
        ANEW => true,
        AGAIN => false,
        _ => return None,
    };
    Some((at.parse().ok()?, News { signs_in, answer: answer.to_owned() }))
}

/// Opens what outlives the page, and shows at once what comes out of it.
fn open_kept(inner: &Rc<Inner>) -> Kept {
    let weak = Rc::downgrade(inner);
    Kept::open(move |told| {
        let Some(inner) = weak.upgrade() else { return };
        match told {
            Told::Restored(saved) => {
                inner.take(Input::Restored(saved));
                inner.flush();
            }
            Told::SignedOut(user) => {
                inner.take(Input::SignedOut(user));
                inner.flush();
            }
            Told::Lost => inner.keeping(Keeping::Fine, Keeping::Lost),
            Told::Kept => inner.keeping(Keeping::Lost, Keeping::Fine),
        }
    })
}
