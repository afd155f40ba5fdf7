//! Every word on the screen, by language. It knows no page: a view asks for a sentence and shows it.

mod english;
mod plural;

pub use plural::Plural;

/// The words of one language. A text with `{…}` is a template for [`fill`].
pub struct Words {
    /// The language, for `lang` and for numbers.
    pub language: &'static str,
    /// Which form of a plural a number takes.
    pub rule: fn(u64) -> plural::Form,

    /// The product's promise, below its name.
    pub tagline: &'static str,
    /// Head of the first page.
    pub welcome: &'static str,
    /// Below it.
    pub welcome_hint: &'static str,
    /// When the server no longer knows who was here.
    pub expired: &'static str,
    /// Instead of it, while the server could not be told that somebody has signed out.
    pub sign_out_unheard: &'static str,
    /// Label of the name field.
    pub your_name: &'static str,
    /// What a name might be.
    pub name_example: &'static str,
    /// Button after the name.
    pub go_on: &'static str,
    /// Button after the name on an invitation.
    pub join_as: &'static str,

    /// Head of an invitation: `{room}`.
    pub invited_to: &'static str,
    /// How many are in a room.
    pub people_in_room: Plural,
    /// Button of an invitation for somebody signed in.
    pub join_room: &'static str,
    /// Head of a code that leads nowhere.
    pub unknown_code: &'static str,
    /// Below it: `{code}`.
    pub unknown_code_hint: &'static str,
    /// Way out of it.
    pub to_start: &'static str,

    /// Head of the page without a room: `{name}`.
    pub hello: &'static str,
    /// Below it.
    pub hello_hint: &'static str,
    /// Head of the form that makes a room.
    pub make_room: &'static str,
    /// Below it.
    pub make_room_hint: &'static str,
    /// Label of its field.
    pub room_name: &'static str,
    /// What a room's name might be.
    pub room_name_example: &'static str,
    /// Its button.
    pub make: &'static str,
    /// Head of the form that joins a room.
    pub join_by_code: &'static str,
    /// Below it.
    pub join_hint: &'static str,
    /// Label of its field.
    pub room_code: &'static str,
    /// What a code looks like.
    pub code_example: &'static str,
    /// Its button.
    pub join: &'static str,

    /// Name of the list of rooms.
    pub rooms: &'static str,
    /// Name of the list of rooms as a panel of a small screen.
    pub show_rooms: &'static str,
    /// Leads to the two forms.
    pub new_room: &'static str,
    /// When there is no room yet.
    pub no_rooms: &'static str,
    /// Unread messages, for a screen reader.
    pub unread: Plural,
    /// Closes a panel.
    pub close: &'static str,
    /// Ends the sign-in.
    pub sign_out: &'static str,
    /// Question before it: `{name}`.
    pub sign_out_question: &'static str,
    /// What it means.
    pub sign_out_hint: &'static str,
    /// Says no to a question.
    pub cancel: &'static str,

    /// Name of the list of members.
    pub members: &'static str,
    /// How many members.
    pub member_count: Plural,
    /// Marks oneself.
    pub you: &'static str,
    /// Marks whoever made the room.
    pub owner: &'static str,
    /// Presence.
    pub online: &'static str,
    /// Presence.
    pub away: &'static str,
    /// Presence.
    pub offline: &'static str,
    /// Head of the part that invites others.
    pub invite: &'static str,
    /// Copies the room's link.
    pub copy_link: &'static str,
    /// After it.
    pub copied: &'static str,
    /// When the browser does not let it.
    pub not_copied: &'static str,
    /// Leaves the room.
    pub leave: &'static str,
    /// Question before it: `{room}`.
    pub leave_question: &'static str,
    /// What it means.
    pub leave_hint: &'static str,

    /// Name of the timeline: `{room}`.
    pub messages_in: &'static str,
    /// While the first page is on its way.
    pub loading: &'static str,
    /// At the first event: `{room}`.
    pub beginning: &'static str,
    /// Below it.
    pub beginning_hint: &'static str,
    /// When nobody has said anything.
    pub nothing_said: &'static str,
    /// A day.
    pub today: &'static str,
    /// A day.
    pub yesterday: &'static str,
    /// The divider before the first unread message.
    pub new_messages: &'static str,
    /// Pill that leads down, with what came meanwhile.
    pub new_below: Plural,
    /// Pill that leads down.
    pub to_newest: &'static str,
    /// Line of somebody who came: `{name}`.
    pub joined: &'static str,
    /// Line of somebody who went: `{name}`.
    pub left: &'static str,
    /// Line of an event that this page does not know: `{name}`.
    pub something: &'static str,

    /// State of a message.
    pub sending: &'static str,
    /// State of a message.
    pub sent: &'static str,
    /// State of a message that waits.
    pub waits: &'static str,
    /// How many messages wait for the connection.
    pub queued: Plural,
    /// How many messages wait because the server asked to: `{s}` seconds more.
    pub queued_until: Plural,
    /// State of a message, with the reason: `{reason}`.
    pub not_sent: &'static str,
    /// State of a message that asks whether it is sent.
    pub asks: &'static str,
    /// A message that has waited for a day.
    pub held: &'static str,
    /// A message that has waited for a day and may be sent already.
    pub held_tried: &'static str,
    /// Sends it all the same.
    pub send_now: &'static str,
    /// Takes a message that waits back into the field.
    pub change: &'static str,
    /// Tries again.
    pub retry: &'static str,
    /// Forgets the message.
    pub discard: &'static str,

    /// Label of the composer: `{room}`.
    pub message_to: &'static str,
    /// Its button.
    pub send: &'static str,
    /// When the browser keeps nothing.
    pub nothing_kept: &'static str,
    /// Takes that away.
    pub understood: &'static str,
    /// Below it, where there is a keyboard.
    pub keys_hint: &'static str,
    /// Near the limit.
    pub left_to_write: Plural,
    /// Over the limit.
    pub over_limit: Plural,
    /// One types: `{a}`.
    pub types_one: &'static str,
    /// Two type: `{a}`, `{b}`.
    pub types_two: &'static str,
    /// More type: `{a}`, `{b}`, `{n}`.
    pub types_more: Plural,
    /// Spoken for one message: `{name}`, `{text}`.
    pub said: &'static str,
    /// Spoken for many.
    pub new_spoken: Plural,

    /// Name of the banner.
    pub connection: &'static str,
    /// Banner while trying.
    pub reconnecting: &'static str,
    /// Banner while waiting: `{n}` seconds.
    pub reconnecting_in: Plural,
    /// What a lost connection means for messages.
    pub kept: &'static str,
    /// Tries at once.
    pub now: &'static str,
    /// Banner when the server does not want this person.
    pub refused: &'static str,
    /// Spoken when the connection is back.
    pub back_online: &'static str,

    /// Errors of forms and of messages.
    pub errors: Errors,
    /// Where a message is, and how the connection does.
    pub inspect: Inspect,
}

/// The words of the inspector.
pub struct Inspect {
    /// Head over a message.
    pub message: &'static str,
    /// Label: how far a message has come.
    pub state: &'static str,
    /// A message is stored.
    pub stored: &'static str,
    /// A message went out `{ago}` seconds ago, and goes out again in `{again}`.
    pub on_its_way: &'static str,
    /// It waits for a connection that is tried right now.
    pub waits_for_connection: &'static str,
    /// It waits for a connection that is tried in so many seconds.
    pub waits_for_next_try: Plural,
    /// It waits for so many others.
    pub waits_for_earlier: Plural,
    /// The server takes nothing more of this person for so many seconds.
    pub waits_for_limit: Plural,
    /// The server could not take it, and is asked again in so many seconds.
    pub waits_for_server: Plural,
    /// It is so old that somebody has to say whether it is sent.
    pub held: &'static str,
    /// Label: where it stands.
    pub place: &'static str,
    /// `{seq}` among events, `{n}` among messages.
    pub place_of: &'static str,
    /// Label: when it was written or stored.
    pub time: &'static str,
    /// Label: how often it was sent.
    pub tries: &'static str,
    /// Not by this page.
    pub sent_before: &'static str,
    /// How often.
    pub times: Plural,
    /// Label: who has read it.
    pub read_by: &'static str,
    /// Nobody, as far as is known.
    pub nobody_yet: &'static str,
    /// Label: what it is called on its whole way.
    pub id: &'static str,
    /// The connection is there, for `{time}`.
    pub online_for: &'static str,
    /// It is being made, for the n-th time.
    pub connecting: Plural,
    /// Nobody is connected.
    pub offline: &'static str,
    /// Label: how long the way to the server and back is.
    pub round_trip: &'static str,
    /// Before it was measured.
    pub not_measured: &'static str,
    /// Label: connections since the page was opened.
    pub connections: &'static str,
    /// Label: the last event that is here.
    pub last_event: &'static str,
    /// `{last}` of `{head}`.
    pub last_of: &'static str,
    /// Label: gaps that were filled.
    pub gaps: &'static str,
    /// Label: own messages that are not confirmed.
    pub unconfirmed: &'static str,
    /// Button that copies all of it.
    pub copy: &'static str,
    /// After it.
    pub copied: &'static str,
    /// When the browser does not let it.
    pub not_copied: &'static str,
    /// Tooltip of what opens it for a message.
    pub details: &'static str,
}

/// What went wrong, in a person's words.
pub struct Errors {
    /// No answer came.
    pub unreachable: &'static str,
    /// Too fast: `{n}` seconds.
    pub slow_down: Plural,
    /// A name is missing.
    pub name_empty: &'static str,
    /// A name is too long: `{n}` characters.
    pub name_long: Plural,
    /// A room's name is missing.
    pub room_empty: &'static str,
    /// A room's name is too long: `{n}` characters.
    pub room_long: Plural,
    /// A code is missing.
    pub code_empty: &'static str,
    /// A code leads nowhere.
    pub code_unknown: &'static str,
    /// A message is too long.
    pub too_long: &'static str,
    /// A message has nothing in it.
    pub empty: &'static str,
    /// So many messages wait that no more is taken.
    pub queue_full: &'static str,
    /// Not a member any more.
    pub not_member: &'static str,
    /// In as many rooms as one person may be.
    pub rooms_full: &'static str,
    /// Not allowed.
    pub forbidden: &'static str,
    /// Signed out meanwhile.
    pub signed_out: &'static str,
    /// Anything else: `{detail}`.
    pub other: &'static str,
    /// Anything else, when the server said nothing.
    pub unknown: &'static str,
}

/// The words of the page's language.
pub fn words() -> &'static Words {
    &english::ENGLISH
}

/// Puts values into a template.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else { return text };
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    text.push_str(rest);
    text
}

impl Plural {
    /// The sentence for that number.
    pub fn of(&self, n: u64) -> String {
        self.with(n, &[])
    }

    /// The sentence for that number with more values.
    pub fn with(&self, n: u64, values: &[(&str, &str)]) -> String {
        let number = n.to_string();
        let mut all = vec![("n", number.as_str())];
        all.extend_from_slice(values);
        fill(self.form((words().rule)(n)), &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_its_values_and_a_value_is_never_a_template() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "Ada")]), "{b} and Ada");
        assert_eq!(fill("no values", &[]), "no values");
        assert_eq!(fill("{missing}!", &[]), "!");
        assert_eq!(fill("broken {", &[]), "broken ");
    }

    #[test]
    fn one_and_many_take_different_words() {
        assert_eq!(words().member_count.of(1), "1 member");
        assert_eq!(words().member_count.of(0), "0 members");
        assert_eq!(words().member_count.of(21), "21 members");
        assert_eq!(
            words().types_more.with(1, &[("a", "Ada"), ("b", "Bo")]),
            "Ada, Bo and 1 other are typing"
        );
    }
}
