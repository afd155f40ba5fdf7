//! The pull parser: walks over a text once and hands out what is asked for. Never recurses by itself and never
//! panics, whatever the text is.

use std::{borrow::Cow, fmt};

use super::FromJson;

/// Why a text was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadError {
    wrong: Wrong,
    field: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    NotJson,
    Missing,
    Twice,
    Expected(&'static str),
}

impl ReadError {
    /// The text is no JSON.
    pub const NOT_JSON: Self = Self { wrong: Wrong::NotJson, field: None };

    /// Something else stands where `what` was expected.
    pub const fn expected(what: &'static str) -> Self {
        Self { wrong: Wrong::Expected(what), field: None }
    }

    /// A field that must be there is not.
    pub const fn missing(field: &'static str) -> Self {
        Self { wrong: Wrong::Missing, field: Some(field) }
    }

    /// Names the field in which it went wrong; the outermost one counts.
    #[must_use]
    pub const fn at(mut self, field: &'static str) -> Self {
        if !self.is_syntax() {
            self.field = Some(field);
        }
        self
    }

    /// Whether the text is no JSON at all.
    pub const fn is_syntax(&self) -> bool {
        matches!(self.wrong, Wrong::NotJson)
    }

    /// The field that is wrong, where it is one.
    pub const fn field(&self) -> Option<&'static str> {
        self.field
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.unwrap_or_default();
        match self.wrong {
            Wrong::NotJson => f.write_str("this is not JSON"),
            Wrong::Missing => write!(f, "missing field `{field}`"),
            Wrong::Twice => write!(f, "`{field}` is there twice"),
            Wrong::Expected(what) => write!(f, "expected {what}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads a field that may be there once.
///
/// # Errors
/// When it is there twice, or is something else.
pub fn take<T: FromJson>(
    slot: &mut Option<T>,
    from: &mut Reader<'_>,
    field: &'static str,
) -> Result<(), ReadError> {
    if slot.is_some() {
        return Err(ReadError { wrong: Wrong::Twice, field: Some(field) });
    }
    *slot = Some(T::read(from).map_err(|error| error.at(field))?);
    Ok(())
}

/// The value of a field after all fields were read.
///
/// # Errors
/// When it must be there and is not.
pub fn need<T: FromJson>(slot: Option<T>, field: &'static str) -> Result<T, ReadError> {
    slot.or_else(T::absent).ok_or(ReadError::missing(field))
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Enters an object.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn object(&mut self) -> Result<(), ReadError> {
        self.enter(b'{', "an object")
    }

    /// The next key of the object that was entered; `None` after its last.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn key(&mut self) -> Result<Option<Cow<'a, str>>, ReadError> {
        if !self.next_item(b'{', b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Enters a list.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn list(&mut self) -> Result<(), ReadError> {
        self.enter(b'[', "a list")
    }

    /// Whether the list that was entered has another item, which comes next.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn item(&mut self) -> Result<bool, ReadError> {
        self.next_item(b'[', b']')
    }

    /// Takes `null` if it comes next.
    pub fn null(&mut self) -> bool {
        self.peek() == Some(b'n') && self.word("null")
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn boolean(&mut self) -> Result<bool, ReadError> {
        match self.peek() {
            Some(b't') if self.word("true") => Ok(true),
            Some(b'f') if self.word("false") => Ok(false),
            _ => Err(ReadError::expected("true or false")),
        }
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// When something else comes next, or a number that does not fit.
    pub fn number(&mut self) -> Result<u64, ReadError> {
        const WRONG: ReadError = ReadError::expected("a whole number that is not negative");
        let literal = match self.peek() {
            Some(b'0'..=b'9' | b'-') => self.number_literal()?,
            _ => return Err(WRONG),
        };
        literal.bytes().all(|byte| byte.is_ascii_digit()).then(|| literal.parse().ok()).flatten().ok_or(WRONG)
    }

    /// A text.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn string(&mut self) -> Result<Cow<'a, str>, ReadError> {
        if self.peek() != Some(b'"') {
            return Err(ReadError::expected("a string"));
        }
        let start = self.at + 1;
        let literal = self.string_literal()?;
        if !literal.contains('\\') {
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        unescaped(literal).map(Cow::Owned).ok_or(ReadError::expected("a text without half a character"))
    }

    /// Passes over the value that comes next, whatever it is and however deep it goes.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn skip(&mut self) -> Result<(), ReadError> {
        let mut within = Vec::new();
        loop {
            match self.peek().ok_or(ReadError::NOT_JSON)? {
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    within.push(open);
                }
                b'"' => drop(self.string_literal()?),
                b'-' | b'0'..=b'9' => drop(self.number_literal()?),
                b't' if self.word("true") => {}
                b'f' if self.word("false") => {}
                b'n' if self.word("null") => {}
                _ => return Err(ReadError::NOT_JSON),
            }
            loop {
                let Some(open) = within.last().copied() else { return Ok(()) };
                let close = if open == b'{' { b'}' } else { b']' };
                if self.next_item(open, close)? {
                    if open == b'{' {
                        self.peek();
                        self.string_literal()?;
                        self.expect(b':')?;
                    }
                    break;
                }
                within.pop();
            }
        }
    }

    /// Sees that nothing more comes.
    ///
    /// # Errors
    /// When something does.
    pub fn end(&mut self) -> Result<(), ReadError> {
        if self.peek().is_none() { Ok(()) } else { Err(ReadError::NOT_JSON) }
    }

    /// The next byte that is no white space, which is not taken.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += space;
        rest.get(space).copied()
    }

    fn enter(&mut self, open: u8, what: &'static str) -> Result<(), ReadError> {
        if self.peek() != Some(open) {
            return Err(ReadError::expected(what));
        }
        self.at += 1;
        Ok(())
    }

    fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.peek() != Some(byte) {
            return Err(ReadError::NOT_JSON);
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the comma before another item, or the end. The byte before tells whether this is the first item.
    fn next_item(&mut self, open: u8, close: u8) -> Result<bool, ReadError> {
        let is_first = self.before() == Some(open);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(ReadError::NOT_JSON),
        }
    }

    /// The byte that was taken last; a value never ends with an opening bracket.
    fn before(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at.checked_sub(1)?).copied()
    }

    fn word(&mut self, word: &str) -> bool {
        let is_it = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if is_it { word.len() } else { 0 };
        is_it
    }

    /// A number as it stands there, by the grammar of JSON.
    fn number_literal(&mut self) -> Result<&'a str, ReadError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + usize::from(bytes[start] == b'-');
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > from
        };
        let whole = at;
        let mut is_number = digits(&mut at) && !(bytes[whole] == b'0' && at > whole + 1);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            is_number &= digits(&mut at);
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            is_number &= digits(&mut at);
        }
        self.at = at;
        if is_number { Ok(&self.text[start..at]) } else { Err(ReadError::NOT_JSON) }
    }

    /// What stands between two quotes, escapes and all.
    fn string_literal(&mut self) -> Result<&'a str, ReadError> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return Err(ReadError::NOT_JSON);
        }
        let start = self.at + 1;
        let mut at = start;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += escape_length(&bytes[at..]).ok_or(ReadError::NOT_JSON)?,
                Some(0..=0x1f) | None => return Err(ReadError::NOT_JSON),
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(&self.text[start..at])
    }
}

/// Bytes of the escape that a text begins with.
fn escape_length(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => text.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

/// A literal with its escapes, which are known to be well formed, replaced; `None` where one is half a character.
fn unescaped(literal: &str) -> Option<String> {
    let mut text = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode(&mut rest)?,
            other => char::from(other),
        });
    }
    text.push_str(rest);
    Some(text)
}

/// The character of `\u`, whose digits begin `rest`, and of the second half that may follow.
fn unicode(rest: &mut &str) -> Option<char> {
    let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let first = unit(rest)?;
    *rest = &rest[4..];
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    let second = unit(rest.strip_prefix("\\u")?).filter(|second| (0xdc00..0xe000).contains(second))?;
    *rest = &rest[6..];
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}
