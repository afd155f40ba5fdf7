//! Tables of fields and of words: one line for each, from which come the type and both directions of its JSON.

/// Objects: structs whose fields travel under their names.
///
/// A field that is not there has the value of [`FromJson::absent`](super::FromJson::absent). `= default` takes the
/// type's default instead; `= omit` leaves a field out where it has nothing to say; `as "name"` gives it another name on
/// the wire.
#[macro_export]
macro_rules! objects {
    (@name $field:ident) => {
        stringify!($field)
    };
    (@name $field:ident $wire:literal) => {
        $wire
    };
    (@need $slot:ident, $name:expr, default) => {
        $slot.unwrap_or_default()
    };
    (@need $slot:ident, $name:expr $(, omit)?) => {
        $crate::json::need($slot, $name)?
    };
    (@write $out:ident, $name:expr, $value:expr $(, default)?) => {
        $crate::json::field($out, $name, $value)
    };
    (@write $out:ident, $name:expr, $value:expr, omit) => {
        if !$crate::json::ToJson::is_absent($value) {
            $crate::json::field($out, $name, $value);
        }
    };
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident $(as $wire:literal)? : $type:ty $(= $mode:ident)? ),* $(,)?
        }
    )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $vis struct $name {
            $( $(#[$field_meta])* $field_vis $field: $type, )*
        }

        impl $crate::json::FromJson for $name {
            fn read(from: &mut $crate::json::Reader<'_>) -> Result<Self, $crate::json::ReadError> {
                $( let mut $field: Option<$type> = None; )*
                from.object()?;
                while let Some(key) = from.key()? {
                    match key.as_ref() {
                        $( $crate::objects!(@name $field $($wire)?) => $crate::json::take(
                            &mut $field, from, $crate::objects!(@name $field $($wire)?),
                        )?, )*
                        _ => from.skip()?,
                    }
                }
                Ok(Self { $( $field: $crate::objects!(@need
                    $field, $crate::objects!(@name $field $($wire)?) $(, $mode)?
                ), )* })
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::json::open(out, b'{');
                $( $crate::objects!(@write
                    out, $crate::objects!(@name $field $($wire)?), &self.$field $(, $mode)?
                ); )*
                $crate::json::close(out, b'}');
            }
        }
    )+ };
}

/// Words: enums that travel as one of a few texts each. `else` names the variant for a text that nobody knows.
macro_rules! words {
    ($(
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $(else $other:ident)? {
            $( $(#[$variant_meta:meta])* $variant:ident = $word:literal ),* $(,)?
        }
    )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant, )*
        }

        impl $name {
            /// All of them, in the order of the documentation.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )*
                }
            }

            /// The one of that word.
            $vis fn of(word: &str) -> Option<Self> {
                match word {
                    $( $word => Some(Self::$variant), )*
                    _ => None $( .or(Some(Self::$other)) )?,
                }
            }
        }

        impl $crate::json::FromJson for $name {
            fn read(from: &mut $crate::json::Reader<'_>) -> Result<Self, $crate::json::ReadError> {
                let word = from.string()?;
                Self::of(&word).ok_or($crate::json::ReadError::expected(concat!("one of", $(" `", $word, "`"),*)))
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::json::string(out, self.as_str());
            }
        }
    )+ };
}

pub use crate::objects;
pub(crate) use words;
