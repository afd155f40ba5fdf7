//! The whole page: opens the driver, chooses the place, and takes over from the static page.

use client_core::{Command, LinkState, SessionState};
use leptos::prelude::*;
use shared::RoomId;

use super::{
    announcer::Announcer,
    banner::ConnectionBanner,
    front::{Invitation, Welcome},
    inside::Inside,
};
use crate::{
    address::{Address, same_code},
    adopt, browser,
    browser::{Listener, window},
    clock,
    driver::{Driver, SharedClient},
    erase::{effect, part},
    navigation::Navigation,
    place::{Facts, Place},
    store::{Store, put},
    words::words,
};

/// Tells the static page of the next visit what to look like.
const HINT: &str = "confab.here";

/// The code of the room that this person is just joining from its invitation.
#[derive(Clone, Copy)]
pub struct Joining(
    /// The code.
    pub RwSignal<Option<String>>,
);

/// What is said aloud by those who can't see it.
#[derive(Clone, Copy)]
pub struct Spoken(
    /// The sentence.
    pub RwSignal<String>,
);

/// How the page is laid out.
#[derive(Clone, PartialEq, Eq)]
enum Layout {
    Loading,
    Welcome,
    Invitation(String),
    Inside,
}

/// The page over a client that outlives it.
#[component]
pub fn App(
    /// Outlives the page.
    client: SharedClient,
) -> impl IntoView {
    let store = Store::new(clock::day_of(clock::now().wall));
    let driver = Driver::new(client, store);
    let navigation = Navigation::begin();
    let joining = RwSignal::new(None::<String>);
    provide_context(store);
    provide_context(driver);
    provide_context(navigation);
    provide_context(Joining(joining));
    provide_context(Spoken(RwSignal::new(String::new())));

    keep_open(driver);
    let place = place(store, navigation, joining);
    provide_context(place);
    follow_rooms(store, driver, navigation, joining);
    follow_session(store, navigation);
    write_title(store, place);

    let layout = Memo::new(move |_| match place.get() {
        Place::Loading => Layout::Loading,
        Place::Welcome => Layout::Welcome,
        Place::Invitation(code) => Layout::Invitation(code),
        Place::Start | Place::Room(_) => Layout::Inside,
    });
    effect(move || {
        // Everything that takes over from the static page has been drawn by now.
        if layout.get() != Layout::Loading {
            adopt::remove_shell();
        }
    });
    view! {
        <ConnectionBanner />
        {part(move || match layout.get() {
            // The static page stands until the first of the others comes.
            Layout::Loading => view! { <div class="later" aria-busy="true"></div> }.into_any(),
            Layout::Welcome => view! { <Welcome /> }.into_any(),
            Layout::Invitation(code) => view! { <Invitation code /> }.into_any(),
            Layout::Inside => view! { <Inside /> }.into_any(),
        })}
        <Announcer />
    }
}

/// Opens the driver while the page is there: from mounting until unmounting, without the times that the
/// browser keeps the page away for a way back.
fn keep_open(driver: Driver) {
    let there = RwSignal::new(true);
    let listeners = StoredValue::new_local([
        Listener::new(&window(), "pagehide", move |_| put(there, false)),
        Listener::new(&window(), "pageshow", move |_| put(there, true)),
    ]);
    effect(move || {
        if there.get() {
            driver.open();
            on_cleanup(move || driver.close());
        }
    });
    on_cleanup(move || listeners.dispose());
}

fn place(store: Store, navigation: Navigation, joining: RwSignal<Option<String>>) -> Memo<Place> {
    let rooms_known = Memo::new(move |known: Option<&bool>| {
        let signed_in = store.session.with(|session| matches!(session, SessionState::SignedIn(_)));
        let online = store.link.with(|link| *link == LinkState::Online);
        signed_in && (online || known.copied().unwrap_or(false))
    });
    Memo::new(move |_| {
        let (address, joining) = (navigation.address(), joining.get());
        store.session.with(|session| {
            store.rooms.with(|rooms| {
                Place::of(&Facts {
                    session,
                    address: &address,
                    rooms,
                    rooms_known: rooms_known.get(),
                    joining: joining.as_deref(),
                })
            })
        })
    })
}

/// Goes into rooms that were entered and out of rooms that were left.
fn follow_rooms(store: Store, driver: Driver, navigation: Navigation, joining: RwSignal<Option<String>>) {
    let code_of = move |id: RoomId| {
        store.rooms.with_untracked(|rooms| {
            rooms.iter().find(|room| room.room.id == id).map(|room| room.room.code.clone())
        })
    };
    effect(move || {
        let Some(code) = store.entered.get().and_then(code_of) else { return };
        joining.set(None);
        // Untracked: whoever goes elsewhere later is not led back here.
        let here = untrack(|| navigation.address());
        let here = matches!(here, Address::Room(here) if same_code(&here, &code));
        if here {
            navigation.rewrite(Address::Room(code));
        } else {
            navigation.go(Address::Room(code));
        }
    });
    effect(move || {
        if store.left.get().is_some() {
            driver.dispatch(Command::CloseRoom);
            navigation.go(Address::Start);
        }
    });
    effect(move || {
        let signed_in = store.session.with(|session| matches!(session, SessionState::SignedIn(_)));
        if let (true, Some(code)) = (signed_in, joining.get_untracked()) {
            driver.dispatch(Command::JoinRoom { code });
        }
    });
    effect(move || {
        if store.failed.get().is_some() {
            joining.set(None);
        }
    });
}

/// Leaves a hint for the next visit's static page, and nothing of somebody who signs out for the next one.
fn follow_session(store: Store, navigation: Navigation) {
    let mut before = None;
    effect(move || {
        let signed_in = match store.session.get() {
            SessionState::Unknown => return,
            SessionState::SignedIn(_) => true,
            SessionState::SignedOut { .. } => false,
        };
        if let Some(storage) = browser::lasting_storage() {
            // A storage that is full or forbidden keeps no hint.
            let _ = if signed_in { storage.set_item(HINT, "1") } else { storage.remove_item(HINT) };
        }
        let on_purpose =
            store.session.with_untracked(|session| *session == SessionState::SignedOut { expired: false });
        // Who was signed out by the server comes back to what they were writing.
        if before == Some(true) && on_purpose {
            navigation.go(Address::Start);
        }
        before = Some(signed_in);
    });
}

/// `(3) room`: what waits everywhere, and where the page is.
fn write_title(store: Store, place: Memo<Place>) {
    let title = Memo::new(move |_| {
        let unread: u64 = store.rooms.with(|rooms| rooms.iter().map(|room| room.unread).sum());
        let name = match place.get() {
            Place::Room(id) => store.rooms.with(|rooms| {
                rooms.iter().find(|room| room.room.id == id).map(|room| room.room.name.clone())
            }),
            _ => None,
        };
        let name = name.map_or("Confab".to_owned(), |name| format!("{name} · Confab"));
        if unread > 0 { format!("({unread}) {name}") } else { name }
    });
    effect(move || browser::document().set_title(&title.get()));
    let _ = browser::document().document_element().map(|root| root.set_attribute("lang", words().language));
}
