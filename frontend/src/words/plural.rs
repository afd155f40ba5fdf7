//! The forms that a counted thing takes, for every language that the page may speak. Knows no words.

/// Which form a number takes, by the names of the Unicode plural rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 1 member.
    One,
    /// 2 участника.
    Few,
    /// 5 участников.
    Many,
    /// 5 members.
    Other,
}

/// One sentence in every form. A language that lacks a form repeats another.
pub struct Plural {
    one: &'static str,
    few: &'static str,
    many: &'static str,
    other: &'static str,
}

impl Plural {
    /// For languages that tell one from the rest.
    pub const fn two(one: &'static str, other: &'static str) -> Self {
        Self { one, few: other, many: other, other }
    }

    /// The sentence, still a template.
    pub const fn form(&self, form: Form) -> &'static str {
        match form {
            Form::One => self.one,
            Form::Few => self.few,
            Form::Many => self.many,
            Form::Other => self.other,
        }
    }
}

/// English and its kin.
pub(super) const fn one_or_other(n: u64) -> Form {
    if n == 1 { Form::One } else { Form::Other }
}
