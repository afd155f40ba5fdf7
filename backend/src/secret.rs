//! The secret that every token is signed with: made on the first start, read on the next, refused when it is weak.

use std::{
    collections::HashSet,
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock;

/// Bytes of a secret at least: as many as the hash that it keys.
const LEAST_BYTES: usize = 32;
/// Different bytes in it at least. 32 random characters of base64 have 25 or so; `aaaa…` has one.
const LEAST_DISTINCT: usize = 12;
/// Bytes of the file at most; a secret is no film.
const MOST_BYTES: u64 = 4_096;
/// Words of secrets that were copied from somewhere.
const WELL_KNOWN: [&str; 9] =
    ["secret", "password", "changeme", "change-me", "change_me", "example", "confab", "abcdefgh", "12345678"];

/// The secret. It is never shown.
pub struct Secret(Vec<u8>);

/// Why there is no secret to start with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It would be guessed.
    #[error("the token secret in {path} is weak: {reason}")]
    Weak {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It can't be read or made.
    #[error("the token secret in {path} can't be used: {error}")]
    Io {
        /// Where it lies.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

impl Secret {
    /// Reads the secret from `path`.
    ///
    /// # Errors
    /// When it can't be read, or is weak.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let weak = |reason| SecretError::Weak { path: path.to_owned(), reason };
        let (text, readable_by_all) = read(path).map_err(|error| io_error(path, error))?;
        if readable_by_all {
            return Err(weak("everybody on this machine can read the file; chmod 600 it"));
        }
        let secret = text.trim_ascii().to_vec();
        judge(&secret).map_or_else(|| Ok(Self(secret)), |reason| Err(weak(reason)))
    }

    /// Reads the secret from `path`, or makes one there that only this user can read.
    ///
    /// # Errors
    /// When it can't be read or made, or is weak.
    pub fn read_or_make(path: &Path) -> Result<Self, SecretError> {
        if !path.try_exists().map_err(|error| io_error(path, error))? {
            make(path).map_err(|error| io_error(path, error))?;
        }
        Self::read(path)
    }

    /// A secret that lies in no file.
    #[cfg(feature = "sim")]
    pub(crate) fn from_bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self(bytes.as_ref().to_vec())
    }

    /// A key for one purpose, from which neither the secret nor another key can be told.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.chain_update("confab ").chain_update(purpose).finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn io_error(path: &Path, error: io::Error) -> SecretError {
    SecretError::Io { path: path.to_owned(), error }
}

/// What the file holds, and whether everybody may read it.
fn read(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    let mut text = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut text)?;
    Ok((text, is_readable_by_all(&metadata)))
}

#[cfg(unix)]
fn is_readable_by_all(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o007 != 0
}

#[cfg(not(unix))]
fn is_readable_by_all(_: &fs::Metadata) -> bool {
    false
}

/// Writes a new secret beside its place and links it there, which fails where there is one already: a secret is
/// there whole or not at all, and never replaced.
fn make(path: &Path) -> io::Result<()> {
    let suffix = BASE64_URL_SAFE_NO_PAD.encode(clock::random_bytes::<6>());
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{suffix}"));
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let made = writeln!(file, "{}", BASE64_URL_SAFE_NO_PAD.encode(clock::random_bytes::<48>()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside)?;
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// What is wrong with a secret.
fn judge(secret: &[u8]) -> Option<&'static str> {
    if secret.len() < LEAST_BYTES {
        return Some("it has fewer than 32 bytes");
    }
    if secret.iter().collect::<HashSet<_>>().len() < LEAST_DISTINCT {
        return Some("it repeats a few characters");
    }
    let lower = secret.to_ascii_lowercase();
    let known = |word: &&str| lower.windows(word.len()).any(|part| part == word.as_bytes());
    // A random text spells one of these once in a hundred million.
    WELL_KNOWN.iter().any(known).then_some("it contains a well-known word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_secret_is_known_by_its_length_its_letters_and_its_words() {
        for weak in [
            "",
            "short-but-random-8f3Kq",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0101010101010101010101010101010101010101",
            "my-Secret-is-long-enough-but-not-good-7x",
            "please-CHANGEME-before-you-go-live-0123",
        ] {
            assert!(judge(weak.as_bytes()).is_some(), "{weak}");
        }
        assert_eq!(judge(b"q7Zr1mJt0vYw9LxKc5HnPdBg3FsEa8Ui"), None);
    }

    #[test]
    fn a_secret_is_made_once_and_then_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token-secret");
        let made = Secret::read_or_make(&path).unwrap();
        let read = Secret::read_or_make(&path).unwrap();
        assert_eq!(made.0, read.0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_ne!(made.derive("a"), made.derive("b"));
    }

    #[test]
    fn two_first_starts_at_once_agree_on_one_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token-secret");
        make(&path).unwrap();
        let first = Secret::read(&path).unwrap();
        make(&path).unwrap();
        assert_eq!(first.0, Secret::read(&path).unwrap().0);
    }

    #[cfg(unix)]
    #[test]
    fn a_made_secret_is_for_this_user_alone_and_one_that_all_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token-secret");
        Secret::read_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Secret::read(&path), Err(SecretError::Weak { .. })));
    }
}
