//! The lock on a data directory: two servers on one database would each believe that they alone give out numbers.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

/// The lock, held until this is dropped or the program ends, however it ends.
#[derive(Debug)]
pub(crate) struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    /// Makes the directory when it is missing, and locks it. `None` when another server has it.
    pub(crate) fn take(data_dir: &Path) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(data_dir)?;
        let file = File::options().create(true).truncate(false).write(true).open(data_dir.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_is_for_one_server_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("made/when/missing");
        let first = DataDirLock::take(&data_dir).unwrap();
        assert!(first.is_some());
        assert!(DataDirLock::take(&data_dir).unwrap().is_none());
        drop(first);
        assert!(DataDirLock::take(&data_dir).unwrap().is_some());
    }
}
