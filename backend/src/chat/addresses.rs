//! How many sockets each address has open, and how many of those have not said who they are.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use shared::Limits;

#[derive(Debug, Default)]
struct Count {
    open: u64,
    unknown: u64,
}

/// The open sockets of all addresses.
#[derive(Debug, Default)]
pub struct Addresses {
    counts: Mutex<HashMap<IpAddr, Count>>,
}

/// The name of the limit that an address has reached.
pub type Full = &'static str;

impl Addresses {
    /// Counts one more socket from an address.
    ///
    /// # Errors
    /// When it has as many as it may.
    pub fn admit(self: &Arc<Self>, address: IpAddr, limits: &Limits) -> Result<Admission, Full> {
        let mut counts = self.counts.lock().expect("nothing panics while it holds the counts");
        let count = counts.entry(address).or_default();
        if count.open >= limits.sockets_per_address {
            return Err("sockets_per_address");
        }
        if count.unknown >= limits.unauthenticated_per_address {
            return Err("unauthenticated_per_address");
        }
        count.open += 1;
        count.unknown += 1;
        Ok(Admission { addresses: self.clone(), address, is_known: false })
    }
}

/// One counted socket; dropping it counts it out.
#[derive(Debug)]
pub struct Admission {
    addresses: Arc<Addresses>,
    address: IpAddr,
    is_known: bool,
}

impl Admission {
    fn change(&self, change: impl FnOnce(&mut Count)) {
        let mut counts = self.addresses.counts.lock().expect("nothing panics while it holds the counts");
        if let Some(count) = counts.get_mut(&self.address) {
            change(count);
            if count.open == 0 {
                counts.remove(&self.address);
            }
        }
    }

    /// The socket has said who it is.
    pub fn known(&mut self) {
        if !std::mem::replace(&mut self.is_known, true) {
            self.change(|count| count.unknown -= 1);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.change(|count| {
            count.open -= 1;
            count.unknown -= u64::from(!self.is_known);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_sockets_and_fewer_that_are_unknown() {
        let limits = Limits { sockets_per_address: 3, unauthenticated_per_address: 2, ..Limits::default() };
        let addresses = Arc::new(Addresses::default());
        let admit = || addresses.admit(IpAddr::from([10, 0, 0, 1]), &limits);
        let (mut first, second) = (admit().unwrap(), admit().unwrap());
        assert_eq!(admit().unwrap_err(), "unauthenticated_per_address");
        first.known();
        first.known();
        let third = admit().unwrap();
        assert_eq!(admit().unwrap_err(), "sockets_per_address");
        assert!(addresses.admit(IpAddr::from([10, 0, 0, 2]), &limits).is_ok(), "another address");
        drop((first, second, third));
        assert!(addresses.counts.lock().unwrap().is_empty());
    }
}
