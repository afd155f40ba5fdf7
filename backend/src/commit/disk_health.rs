//! Whether the disk takes what it is given. Knows nothing of what is stored.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;

/// How long a batch that failed says something about the next one.
const FAILURE_COUNTS: Duration = Duration::from_secs(60);

/// When the newest batch failed, where it did.
#[derive(Debug, Clone, Default)]
pub(super) struct DiskHealth(Arc<Mutex<Option<Instant>>>);

impl DiskHealth {
    /// A batch was stored, or was not.
    pub(super) fn note(&self, stored: bool) {
        *self.0.lock().expect("nobody panics while holding this lock") = (!stored).then(Instant::now);
    }

    /// Whether the newest batch could not be stored. After a while without another batch that counts no more: a proxy
    /// that sends people elsewhere because of it would otherwise never see the disk tried again.
    pub(super) fn is_failing(&self) -> bool {
        let failed_at = *self.0.lock().expect("nobody panics while holding this lock");
        failed_at.is_some_and(|failed_at| failed_at.elapsed() < FAILURE_COUNTS)
    }
}
