//! The two macros that make types, decoders and encoders of the tables of frames.

/// Declares the fields that frames of one direction may have: each has one type and one meaning wherever it occurs.
/// One reader takes in all of them, because a reader for each frame would be a quarter of the page.
macro_rules! fields {
    ($(#[doc = $doc:literal] $field:ident: $type:ty,)+) => {
        /// All fields that a frame may have, as far as one has them.
        #[derive(Debug, Default)]
        pub(crate) struct Fields {
            pub(crate) kind: Option<String>,
            $( pub(crate) $field: Option<$type>, )+
        }

        impl Fields {
            /// Reads an object. In one whose `type` is not `known`, a field may mean something else: it counts as
            /// missing then.
            pub(crate) fn read_known(
                from: &mut $crate::json::Reader<'_>,
                known: fn(&str) -> bool,
            ) -> Result<Self, $crate::json::ReadError> {
                let start = from.clone();
                Self::read_all(from, false).or_else(|error| {
                    *from = start;
                    let fields = Self::read_all(from, true)?;
                    match &fields.kind {
                        Some(kind) if !known(kind) => Ok(fields),
                        _ => Err(error),
                    }
                })
            }

            /// Reads an object, where `null` is as good as nothing; a field that can't be read is an error, or counts as missing to a `lenient` reader.
            pub(crate) fn read_all(
                from: &mut $crate::json::Reader<'_>,
                lenient: bool,
            ) -> Result<Self, $crate::json::ReadError> {
                let mut fields = Self::default();
                from.object()?;
                while let Some(key) = from.key()? {
                    let value = from.clone();
                    let taken = match key.as_ref() {
                        _ if from.null() => Ok(()),
                        "type" => $crate::json::take(&mut fields.kind, from, "type"),
                        $( stringify!($field) => {
                            $crate::json::take(&mut fields.$field, from, stringify!($field))
                        } )+
                        _ => from.skip(),
                    };
                    if lenient && taken.is_err() {
                        *from = value;
                        from.skip()?;
                    } else {
                        taken?;
                    }
                }
                Ok(fields)
            }
        }

        impl $crate::json::FromJson for Fields {
            fn read(from: &mut $crate::json::Reader<'_>) -> Result<Self, $crate::json::ReadError> {
                Self::read_all(from, false)
            }
        }

        /// The type of a field.
        macro_rules! field_type {
            $( ($field) => { $type }; )+
        }
        /// What a field means.
        macro_rules! field_doc {
            $( ($field) => { $doc }; )+
        }
    };
}

/// Declares the frames of one direction: name on the wire, variant with its type, and fields by their names.
///
/// `optional` fields are left out where there is nothing to say, `nullable` ones are written as `null` then. A `copy`
/// frame is a small plain value, a `boxed` one is large and rare. Frames of the section `checked` have a type that
/// somebody has written by hand, because their fields depend on each other; `bare` ones have no fields.
macro_rules! frames {
    (
        $(#[doc = $enum_doc:literal])+
        enum $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $kind:literal $variant:ident($frame:ident) $($marker:ident)?
                { $($field:ident),* $(; optional $($optional:ident),+)? $(; nullable $($nullable:ident),+)? }
            )*
        }
        checked { $( $(#[doc = $checked_doc:literal])+ $checked_kind:literal $checked:ident($checked_type:ident) )* }
        bare { $( $(#[doc = $bare_doc:literal])+ $bare_kind:literal $bare:ident )* }
        else { $( $(#[doc = $else_doc:literal])+ $else:ident($else_type:ty) )? }
    ) => {
        $(#[doc = $enum_doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $( $(#[doc = $doc])+ $variant(frame_type!($frame $($marker)?)), )*
            $( $(#[doc = $checked_doc])+ $checked($checked_type), )*
            $( $(#[doc = $bare_doc])+ $bare, )*
            $( $(#[doc = $else_doc])+ $else($else_type), )?
        }

        $(
            frame_struct! {
                [$($marker)?]
                $(#[doc = $doc])+
                pub struct $frame {
                    $( #[doc = field_doc!($field)] pub $field: field_type!($field), )*
                    $( $( #[doc = field_doc!($optional)] pub $optional: Option<field_type!($optional)>, )+ )?
                    $( $( #[doc = field_doc!($nullable)] pub $nullable: Option<field_type!($nullable)>, )+ )?
                }
            }

            impl $frame {
                fn from_fields(from: &mut Fields) -> Result<Self, $crate::json::ReadError> {
                    Ok(Self {
                        $( $field: $crate::json::need(from.$field.take(), stringify!($field))?, )*
                        $( $( $optional: from.$optional.take(), )+ )?
                        $( $( $nullable: from.$nullable.take(), )+ )?
                    })
                }

                fn write_fields(&self, out: &mut Vec<u8>) {
                    $( $crate::json::field(out, stringify!($field), &self.$field); )*
                    $( $( if let Some(value) = &self.$optional {
                        $crate::json::field(out, stringify!($optional), value);
                    } )+ )?
                    $( $( $crate::json::field(out, stringify!($nullable), &self.$nullable); )+ )?
                }
            }
        )*

        impl $name {
            /// The names of all frames of this direction on the wire.
            pub const KINDS: &'static [&'static str] =
                &[$($kind,)* $($checked_kind,)* $($bare_kind,)*];

            /// Makes the frame of that name; `None` where there is none.
            fn of_kind(kind: &str, from: &mut Fields) -> Option<Result<Self, $crate::codec::DecodeError>> {
                Some(match kind {
                    $( $kind => $frame::from_fields(from)
                        .map(|frame| Self::$variant(frame.into()))
                        .map_err(Into::into), )*
                    $( $checked_kind => $checked_type::from_fields(from).map(Self::$checked), )*
                    $( $bare_kind => Ok(Self::$bare), )*
                    _ => return None,
                })
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut Vec<u8>) {
                let kind = match self {
                    $( Self::$variant(_) => $kind, )*
                    $( Self::$checked(_) => $checked_kind, )*
                    $( Self::$bare => $bare_kind, )*
                    $( Self::$else(other) => return other.write(out), )?
                };
                $crate::json::open(out, b'{');
                $crate::json::key(out, "type");
                $crate::json::string(out, kind);
                match self {
                    $( Self::$variant(frame) => frame.write_fields(out), )*
                    $( Self::$checked(frame) => frame.write_fields(out), )*
                    $( Self::$bare => {} )*
                    $( Self::$else(_) => {} )?
                }
                $crate::json::close(out, b'}');
            }
        }
    };
}

/// How a variant holds its frame.
macro_rules! frame_type {
    ($frame:ident) => { $frame };
    ($frame:ident copy) => { $frame };
    ($frame:ident boxed) => { Box<$frame> };
}

/// Declares the struct of a frame with what it derives.
macro_rules! frame_struct {
    ([copy] $($struct:tt)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $($struct)+
    };
    ([$(boxed)?] $($struct:tt)+) => {
        #[derive(Debug, Clone, PartialEq, Eq)]
        $($struct)+
    };
}
