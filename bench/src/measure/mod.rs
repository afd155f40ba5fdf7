//! One file per figure.

pub(crate) mod commit;
pub(crate) mod fanout;
pub(crate) mod idle;
pub(crate) mod missed;
pub(crate) mod page;
pub(crate) mod slow;
