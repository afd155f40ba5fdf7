//! Room codes: made to be read aloud and typed, and too many to be guessed. Knows no room.

/// Thirty-two letters and digits; I, L, O and U are left out because they look like others, or spell words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Five bits each: 2^50 codes.
const SYMBOLS: usize = 10;
/// Symbols between two dashes.
const GROUP: usize = 4;

/// A code from random bytes, as it is written: `K7QM-4XTW-9P`.
pub fn make(random: [u8; SYMBOLS]) -> String {
    written(random.map(|byte| ALPHABET[usize::from(byte % 32)]))
}

/// The code that somebody typed, as it is written. Case, dashes and spaces don't matter, nor whether an O is
/// a zero. `None` when no code looks like that.
pub fn read(typed: &str) -> Option<String> {
    let mut symbols = [0; SYMBOLS];
    let mut count = 0;
    for c in typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '_')) {
        let symbol = match c.to_ascii_uppercase() {
            'O' => b'0',
            'I' | 'L' => b'1',
            other => u8::try_from(other).ok().filter(|byte| ALPHABET.contains(byte))?,
        };
        *symbols.get_mut(count)? = symbol;
        count += 1;
    }
    (count == SYMBOLS).then(|| written(symbols))
}

fn written(symbols: [u8; SYMBOLS]) -> String {
    let groups: Vec<_> = symbols.chunks(GROUP).map(|group| group.iter().copied().map(char::from)).collect();
    groups.into_iter().map(String::from_iter).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for typed in ["K7QM-4XTW-90", "k7qm4xtw90", " k7qm 4xtw 9o ", "K7QM–4XTW–9O", "K7-QM-4X-TW-90"] {
            assert_eq!(read(typed).as_deref(), Some("K7QM-4XTW-90"), "{typed}");
        }
        assert_eq!(read("iIlL-0oO0-11").as_deref(), Some("1111-0000-11"));
    }

    #[test]
    fn what_no_code_looks_like_is_none() {
        for typed in
            ["", "K7QM", "K7QM-4XTW-9", "K7QM-4XTW-9PP", "K7QM-4XTW-9U", "K7QM-4XTW-9ü", "../../etc/pa"]
        {
            assert_eq!(read(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_made_code_reads_as_itself_and_uses_every_bit() {
        for byte in 0..=255 {
            let code = make([byte; SYMBOLS]);
            assert_eq!(read(&code), Some(code));
        }
        let different: std::collections::HashSet<_> = (0..32).map(|byte| make([byte; SYMBOLS])).collect();
        assert_eq!(different.len(), 32);
    }
}
