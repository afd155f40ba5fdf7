//! The icons: names of symbols that stand in `index.html`.

use leptos::{prelude::*, svg};

/// An icon. It says nothing by itself; words stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// The product's mark.
    Mark,
    /// Down to the newest.
    Down,
    /// Send.
    Send,
    /// A list of rooms.
    Menu,
    /// People.
    People,
    /// A link.
    Link,
    /// Close.
    Close,
    /// Something new.
    Plus,
    /// The way out.
    Out,
    /// How something does.
    Pulse,
}

impl Icon {
    const fn symbol(self) -> &'static str {
        match self {
            Self::Mark => "#icon-mark",
            Self::Down => "#icon-down",
            Self::Send => "#icon-send",
            Self::Menu => "#icon-menu",
            Self::People => "#icon-people",
            Self::Link => "#icon-link",
            Self::Close => "#icon-close",
            Self::Plus => "#icon-plus",
            Self::Out => "#icon-out",
            Self::Pulse => "#icon-pulse",
        }
    }

    /// The icon as large as the text around it says.
    pub fn view(self) -> impl IntoView {
        svg::svg().class("icon").aria_hidden("true").child(svg::r#use().attr("href", self.symbol()))
    }
}
