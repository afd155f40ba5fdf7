//! The parts of a message's text: words and links. Knows no markup; everything else stays as typed.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Shown as it is.
    Plain(&'a str),
    /// An address with `http://` or `https://`.
    Link(&'a str),
}

/// What ends an address wherever it stands, and what ends it only at its very end.
const STOPS: [char; 4] = ['<', '>', '"', '`'];
const TRAILING: [char; 10] = ['.', ',', ';', ':', '!', '?', '\'', '*', '_', '…'];

/// Cuts a text into its parts, in order and without loss.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = next_link(rest) {
        let length = link_length(&rest[start..]);
        if start > 0 {
            parts.push(Part::Plain(&rest[..start]));
        }
        parts.push(Part::Link(&rest[start..start + length]));
        rest = &rest[start + length..];
    }
    if !rest.is_empty() {
        parts.push(Part::Plain(rest));
    }
    parts
}

/// Where the next address begins that has anything after its `//`.
fn next_link(text: &str) -> Option<usize> {
    text.match_indices("http").map(|(at, _)| at).find(|at| {
        let rest = &text[*at..];
        let host = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"));
        let glued = text[..*at].chars().next_back().is_some_and(|letter| is_letter(&letter));
        !glued && host.and_then(|host| host.chars().next()).is_some_and(|letter| is_letter(&letter))
    })
}

/// Letters and digits of ASCII, and everything beyond it: telling more would need tables that the page does not
/// carry for this.
const fn is_letter(letter: &char) -> bool {
    letter.is_ascii_alphanumeric() || !letter.is_ascii()
}

fn link_length(text: &str) -> usize {
    let end = text.find(|letter: char| letter.is_whitespace() || STOPS.contains(&letter));
    let mut link = &text[..end.unwrap_or(text.len())];
    loop {
        let shorter = link.trim_end_matches(TRAILING);
        // A bracket belongs to the address only where it was opened inside it.
        let shorter = match shorter.strip_suffix(')') {
            Some(bare) if bare.matches('(').count() <= bare.matches(')').count() => bare,
            _ => shorter,
        };
        if shorter.len() == link.len() {
            return link.len();
        }
        link = shorter;
    }
}

/// Whether a text is nothing but a few emoji, which are shown large.
pub fn only_emoji(text: &str) -> bool {
    let text = text.trim();
    let joins = |letter: char| matches!(letter, '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let pictures = text.chars().filter(|letter| !joins(*letter) && !letter.is_whitespace());
    let is_picture = |letter: char| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}');
    (1..=8).contains(&pictures.clone().count()) && pictures.clone().all(is_picture)
}

#[cfg(test)]
mod tests {
    use super::{Part::*, *};

    #[test]
    fn a_link_ends_where_a_reader_would_end_it() {
        assert_eq!(
            parts("see https://a.example/x_(y). And (http://b.example)!"),
            [
                Plain("see "),
                Link("https://a.example/x_(y)"),
                Plain(". And ("),
                Link("http://b.example"),
                Plain(")!"),
            ]
        );
        assert_eq!(parts("https://пример.рф/ы"), [Link("https://пример.рф/ы")]);
    }

    #[test]
    fn what_is_no_address_stays_plain() {
        for plain in ["http://", "https://.", "xhttp://a.example", "javascript:alert(1)", "a.example"] {
            assert_eq!(parts(plain), [Plain(plain)]);
        }
        assert_eq!(parts(""), []);
    }

    #[test]
    fn nothing_of_a_text_is_lost() {
        let text = "a\n  http://a.example,b https://c.example/)) <http://d.example>";
        let whole: String = parts(text)
            .iter()
            .map(|part| match part {
                Plain(text) | Link(text) => *text,
            })
            .collect();
        assert_eq!(whole, text);
    }

    #[test]
    fn a_few_emoji_alone_are_large_and_anything_else_is_not() {
        assert!(only_emoji("👍"));
        assert!(only_emoji("👩🏽‍💻 🇪🇸 ❤️"));
        for small in ["", "\u{fe0f}", "1", "👍 ok", "👍👍👍👍👍👍👍👍👍"] {
            assert!(!only_emoji(small), "{small}");
        }
    }
}
