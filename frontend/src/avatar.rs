//! What stands for a person without a picture: initials and one of twelve colours. Knows names and ids only.

use shared::UserId;

/// How many colours the style sheet has, as classes `hue-0` …
const HUES: u8 = 12;

/// The first letters of the first and the last word of a name, as they are written; the style sheet makes
/// them large.
pub fn initials(name: &str) -> String {
    let letter =
        |word: &str| word.chars().find(|letter| !letter.is_ascii_punctuation()).or(word.chars().next());
    let mut words = name.split_whitespace();
    let first = words.next().and_then(letter);
    let last = words.next_back().and_then(letter);
    first.into_iter().chain(last).collect()
}

/// The colour of a person, the same on every page.
pub fn hue(user: UserId) -> u8 {
    // FNV-1a: short, and as good as needed to spread a few colours.
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = user.as_uuid().as_bytes().iter().fold(0x811c_9dc5, mix);
    // Its high bits are the well mixed ones.
    ((u64::from(hash) * u64::from(HUES)) >> 32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_last_word() {
        assert_eq!(initials("Ada Lovelace"), "AL");
        assert_eq!(initials("ada"), "a");
        assert_eq!(initials("  Ana María de la Cruz "), "AC");
        assert_eq!(initials("李雷"), "李");
        assert_eq!(initials("(bot) 7"), "b7");
        assert_eq!(initials("🦀"), "🦀");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn everybody_has_one_of_the_colours_for_good() {
        let ids = (0..200_u8).map(|n| UserId::mint(1_700_000_000_000, [n; 10]));
        let hues: Vec<u8> = ids.map(hue).collect();
        assert!((0..HUES).all(|colour| hues.contains(&colour)));
        assert!(hues.iter().all(|colour| *colour < HUES));
    }
}
