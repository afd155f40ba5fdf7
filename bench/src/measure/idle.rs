//! Memory of the server per idle authenticated connection, each of its own person, in rooms of fifty.

use std::path::Path;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};

use client_native::people::People;
use client_native::program::Program;

/// Members of each room: a team.
const ROOM: usize = 50;
/// How many are on their way at once.
const AT_ONCE: usize = 32;

/// Prints bytes per connection.
pub(crate) async fn run(binary: &Path, connections: usize) -> anyhow::Result<()> {
    let server = Program::confab(binary).await?;
    let people = People::at(server.address());

    // Caches, pools and allocator arenas fill first, so that they are not counted as connections.
    let _warm = team(&people, ROOM * 2).await?;
    let before = server.memory()?;
    let sockets = team(&people, connections).await?;
    let after = server.memory()?;

    let each = after.saturating_sub(before) as f64 / sockets.len() as f64 / 1024.0;
    println!("\nidle, {} authenticated connections in rooms of {ROOM}:", sockets.len());
    println!("  {each:.2} KiB of resident memory each (goal 12)");
    println!("  {:.1} MiB before, {:.1} MiB after", before as f64 / 1048576.0, after as f64 / 1048576.0);
    Ok(())
}

async fn team(people: &People, size: usize) -> anyhow::Result<Vec<client_native::raw::RawSocket>> {
    let guests: Vec<_> = stream::iter(0..size)
        .map(|n| async move { people.guest(&format!("Guest {n}")).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut rooms = Vec::new();
    for (n, owner) in guests.iter().step_by(ROOM).enumerate() {
        rooms.push(people.make_room(owner, &format!("Room {n}")).await?);
    }
    stream::iter(guests.iter().enumerate())
        .map(|(n, guest)| {
            let room = &rooms[n / ROOM];
            async move {
                people.join(guest, room).await?;
                let (socket, _) = people.connect(guest, 64 * 1024).await.context("a socket")?;
                anyhow::Ok(socket)
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
