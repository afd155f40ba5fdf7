//! Keeps a thread, and all that it starts, on one core. Knows nothing of schedules.

/// Keeps this thread and the threads that it starts from now on, on one of the cores that it may use, where the system
/// can do that. A database that is asked through another thread answers several times as fast from the same core:
/// nobody has to wake the other one up.
pub(crate) fn stay_on(number: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

        let Ok(allowed) = sched_getaffinity(None) else { return };
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
        if let Some(core) = number.checked_rem(cores.len()).map(|nth| cores[nth]) {
            let mut one = CpuSet::new();
            one.set(core);
            // Without it everything is the same, and slower.
            let _slower = sched_setaffinity(None, &one);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = number;
}
