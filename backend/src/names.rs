//! Names of people and rooms: what is typed, to what is shown. Knows no limit but the one it is given.

use shared::{ErrorCode, text::is_blank};
use unicode_segmentation::UnicodeSegmentation;

/// Unicode scalar values per grapheme at most, on average: the longest family of emoji has ten, and letters
/// piled with marks climb over their neighbours.
const CHARS_PER_GRAPHEME: usize = 10;

/// The name as it is shown: trimmed, with single spaces.
///
/// # Errors
/// `empty`, `too_long` or `invalid`.
pub fn clean(typed: &str, most_graphemes: u64) -> Result<String, ErrorCode> {
    if typed.chars().any(is_harmful) {
        return Err(ErrorCode::Invalid);
    }
    if is_blank(typed) {
        return Err(ErrorCode::Empty);
    }
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let most = usize::try_from(most_graphemes).unwrap_or(usize::MAX);
    let too_many_chars = name.chars().nth(most.saturating_mul(CHARS_PER_GRAPHEME)).is_some();
    if too_many_chars || name.graphemes(true).nth(most).is_some() {
        return Err(ErrorCode::TooLong);
    }
    Ok(name)
}

/// What turns the text around it about, or is no text at all.
fn is_harmful(c: char) -> bool {
    let control = c.is_control() && !c.is_whitespace();
    let bidi_override = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let no_character =
        matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || matches!(c, '\u{fdd0}'..='\u{fdef}');
    control || bidi_override || no_character
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_its_spaces_are_single() {
        assert_eq!(clean("  Ada \t\n Lovelace\u{3000}", 32).unwrap(), "Ada Lovelace");
        assert_eq!(clean("李小龍", 3).unwrap(), "李小龍");
        assert_eq!(clean("אדה", 32).unwrap(), "אדה");
    }

    #[test]
    fn length_is_counted_as_people_count() {
        let families = "👩‍👩‍👧‍👦".repeat(4);
        assert!(clean(&families, 4).is_ok());
        assert_eq!(clean(&families, 3), Err(ErrorCode::TooLong));
        assert!(clean("e\u{301}e\u{301}", 2).is_ok());
    }

    #[test]
    fn marks_piled_on_one_letter_are_too_long() {
        let piled = format!("a{}", "\u{301}".repeat(400));
        assert_eq!(clean(&piled, 32), Err(ErrorCode::TooLong));
    }

    #[test]
    fn what_can_not_be_seen_is_empty() {
        for blank in ["", " ", "\t\n", "\u{200b}", "\u{3164} \u{2800}", "\u{feff}\u{200d}"] {
            assert_eq!(clean(blank, 32), Err(ErrorCode::Empty), "{blank:?}");
        }
    }

    #[test]
    fn what_turns_other_text_about_is_invalid() {
        for harmful in ["a\u{202e}b", "\u{2066}x\u{2069}", "nul\0", "\u{1b}[31mred", "\u{ffff}", "bell\u{7}"]
        {
            assert_eq!(clean(harmful, 32), Err(ErrorCode::Invalid), "{harmful:?}");
        }
    }
}
