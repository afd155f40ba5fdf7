//! What the address bar says: nothing, or a room's code. Knows no history and no rooms.

/// Where the page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `/`
    Start,
    /// `/r/CODE`
    Room(String),
}

impl Address {
    /// Reads the path of an address. Whatever is not a room is the start.
    pub fn parse(path: &str) -> Self {
        match path.strip_prefix("/r/").map(|rest| rest.trim_end_matches('/')) {
            Some(code) if !code.is_empty() && !code.contains('/') => Self::Room(code.to_owned()),
            _ => Self::Start,
        }
    }

    /// The path of this address.
    pub fn path(&self) -> String {
        match self {
            Self::Start => "/".to_owned(),
            Self::Room(code) => format!("/r/{code}"),
        }
    }
}

/// Whether two codes are the same to a person: case and dashes don't matter, nor whether an O is a zero or an
/// I or an L a one. No code is made with those letters.
pub fn same_code(one: &str, other: &str) -> bool {
    let bare = |code: &str| -> String {
        let letters = code.chars().filter(char::is_ascii_alphanumeric);
        let read = letters.map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        read.collect()
    };
    bare(one) == bare(other)
}

/// The code in what somebody typed or pasted: a code, or a link that ends in one.
pub fn code_in(typed: &str) -> String {
    let typed = typed.trim();
    let code = typed.rsplit_once("/r/").map_or(typed, |(_, code)| code);
    code.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_room_or_the_start() {
        assert_eq!(Address::parse("/r/ABC-DE"), Address::Room("ABC-DE".into()));
        assert_eq!(Address::parse("/r/ABC-DE/"), Address::Room("ABC-DE".into()));
        for start in ["/", "", "/r/", "/r", "/rooms", "/r/a/b"] {
            assert_eq!(Address::parse(start), Address::Start, "{start}");
        }
        assert_eq!(Address::Room("X".into()).path(), "/r/X");
    }

    #[test]
    fn codes_are_compared_as_people_read_them() {
        assert!(same_code("abcde-fghjk", "ABCDEFGHJK"));
        assert!(same_code("K7QM-4XTW-9O", "k7qm 4xtw 90") && same_code("il", "11"));
        assert!(!same_code("abcde", "abcdf"));
    }

    #[test]
    fn a_pasted_link_gives_its_code() {
        assert_eq!(code_in(" ABC-DE "), "ABC-DE");
        assert_eq!(code_in("https://chat.example/r/ABC-DE"), "ABC-DE");
        assert_eq!(code_in("chat.example/r/ABC-DE/?x#y"), "ABC-DE");
        assert_eq!(code_in(""), "");
    }
}
