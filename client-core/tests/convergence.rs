//! Whatever the network does in between: every message is stored once, in its author's order, and everybody
//! sees the log.

mod support;

use client_core::{Command, Input};
use proptest::prelude::*;
use shared::{RoomId, error::ErrorCode};
use support::{
    wire::room,
    world::{PEOPLE, World},
};

/// What can happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    Post(usize, u128),
    Open(usize, u128),
    PageBack(usize, u128),
    Wait(u64),
    Cut(usize, Option<u16>),
    Stall(usize),
    Away(usize, bool),
    Look(usize),
    Restart(usize),
    Reload(usize),
    LoseDown(usize, u32),
    TwiceDown(usize, u32),
    TwiceUp(usize, u32),
    Refuse(ErrorCode),
    FallBehind,
    AckFirst(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let peer = 0..PEOPLE;
    let room = 1..=2_u128;
    let code =
        prop_oneof![Just(None), Just(Some(1012)), Just(Some(1011)), Just(Some(1013)), Just(Some(4001))];
    let refusal = prop_oneof![Just(ErrorCode::RateLimited), Just(ErrorCode::Unavailable)];
    prop_oneof![
        8 => (peer.clone(), room.clone()).prop_map(|(peer, room)| Step::Post(peer, room)),
        2 => (peer.clone(), room.clone()).prop_map(|(peer, room)| Step::Open(peer, room)),
        1 => (peer.clone(), room).prop_map(|(peer, room)| Step::PageBack(peer, room)),
        6 => (0..3_000_u64).prop_map(Step::Wait),
        2 => (peer.clone(), code).prop_map(|(peer, code)| Step::Cut(peer, code)),
        1 => peer.clone().prop_map(Step::Stall),
        1 => (peer.clone(), any::<bool>()).prop_map(|(peer, away)| Step::Away(peer, away)),
        1 => peer.clone().prop_map(Step::Look),
        1 => peer.clone().prop_map(Step::Restart),
        2 => peer.clone().prop_map(Step::Reload),
        1 => (peer.clone(), 1..5_u32).prop_map(|(peer, count)| Step::LoseDown(peer, count)),
        1 => (peer.clone(), 1..5_u32).prop_map(|(peer, count)| Step::TwiceDown(peer, count)),
        1 => (peer, 1..5_u32).prop_map(|(peer, count)| Step::TwiceUp(peer, count)),
        1 => refusal.prop_map(Step::Refuse),
        1 => Just(Step::FallBehind),
        1 => any::<bool>().prop_map(Step::AckFirst),
    ]
}

fn take(world: &mut World, step: Step, posted: &mut Vec<(usize, RoomId, String)>) {
    match step {
        Step::Post(peer, to) => {
            let content = format!("{peer}:{}", posted.len());
            posted.push((peer, room(to), content.clone()));
            world.command(peer, Command::Post { room: room(to), content });
        }
        Step::Open(peer, to) => world.command(peer, Command::OpenRoom(room(to))),
        Step::PageBack(peer, to) => world.command(peer, Command::PageBack(room(to))),
        Step::Wait(ms) => world.run(ms),
        Step::Cut(peer, code) => world.cut(peer, code),
        Step::Stall(peer) => world.peers[peer].stalled = true,
        Step::Away(peer, away) => world.peers[peer].away = away,
        Step::Look(peer) => world.input(peer, Input::Visible(true)),
        Step::Restart(peer) => {
            world.input(peer, Input::Stopped);
            world.input(peer, Input::Started);
        }
        Step::Reload(peer) => world.reload(peer),
        Step::LoseDown(peer, count) => world.peers[peer].lose_down += count,
        Step::TwiceDown(peer, count) => world.peers[peer].twice_down += count,
        Step::TwiceUp(peer, count) => world.peers[peer].twice_up += count,
        Step::Refuse(code) => world.server.refuse.push(code),
        Step::FallBehind => world.server.fall_behind = true,
        Step::AckFirst(first) => world.server.ack_first = first,
    }
}

/// Everything that has to be true when the network is good again.
fn check(world: &mut World, posted: &[(usize, RoomId, String)]) {
    let stored = world.stored();
    for (_, _, content) in posted {
        assert_eq!(stored.get(content), Some(&1), "{content}");
    }
    assert_eq!(stored.len(), posted.len());
    for at in [room(1), room(2)] {
        let log = world.log(at);
        for peer in 0..PEOPLE {
            let said: Vec<_> = posted
                .iter()
                .filter(|(who, place, _)| (*who, *place) == (peer, at))
                .map(|line| &line.2)
                .collect();
            let author = format!("P{peer}");
            let kept: Vec<_> = log.iter().filter(|line| line.1 == author).map(|line| &line.2).collect();
            assert_eq!(kept, said, "the order of {author}");
            world.command(peer, Command::OpenRoom(at));
            world.run(3_000);
            while !world.peers[peer].client.history(at).at_start {
                world.command(peer, Command::PageBack(at));
                world.run(3_000);
            }
            assert_eq!(world.seen(peer, at), log, "what {author} sees");
            let view = world.peers[peer].client.room(at).unwrap();
            assert_eq!(view.head.get(), log.len() as u64);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn everybody_ends_up_with_the_same_log(seed: u64, steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new(seed, &[room(1), room(2)]);
        let mut posted = Vec::new();
        for step in steps {
            take(&mut world, step, &mut posted);
        }
        world.heal();
        world.run(180_000);
        check(&mut world, &posted);
    }
}
