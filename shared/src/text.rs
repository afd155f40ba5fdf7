//! What of a text can be seen: the same rule for whoever writes one and whoever stores it. Knows no limit.

/// Whether a text leaves no mark on the screen: white space, and characters that nobody sees.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// What leaves no mark on the screen, by itself: joiners, fillers, marks of direction and of variants.
/// Controls are not among them: browsers draw a glyph for each.
fn is_invisible(c: char) -> bool {
    matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_seen_is_blank() {
        for blank in
            ["", " \n\t\u{3000}", "\u{200b}", "\u{3164} \u{2800}", "\u{feff}\u{200d}", "\u{202e}\u{2066}"]
        {
            assert!(is_blank(blank), "{blank:?}");
        }
    }

    #[test]
    fn what_can_be_seen_is_not_whatever_stands_around_it() {
        for text in
            ["a", " .", "\u{200b}x", "👩\u{200d}💻", "❤\u{fe0f}", "אבג", "你", "e\u{301}", "\u{301}", "\u{1}"]
        {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
