//! `poll_oneoff`: guest subscriptions → events that have happened.
//!
//! Files and the embedder's streams are always ready; the host's streams are asked through `poll`;
//! clocks give the time to wait. Invariants:
//! 1. At most [`SUBSCRIPTIONS_MAX`] subscriptions, so that what is allocated is bounded.
//! 2. No wait is longer than the guest's patience without asking whether the guest may go on.
//! 3. At least one event is written on success.

use crate::call::Call;
use crate::clock::{ClockId, ClockState};
use crate::ctx::State;
use crate::fd_table::{Descriptor, Object};
use crate::guest::{Outcome, array_at, low, probe, write, write_u32};
use crate::limits::SUBSCRIPTIONS_MAX;
use crate::price;
use crate::sys::{self, Waiting};
use crate::types::{
    EVENT_SIZE_BYTES, Errno, Event, EventType, Filetype, Rights, SUBSCRIPTION_SIZE_BYTES,
};
use std::io::Seek;
use std::time::{Duration, Instant};

/// One subscription, decoded.
#[derive(Clone, Copy)]
struct Subscription {
    userdata: u64,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// The event happens this many nanoseconds after the call.
    Clock {
        wait_ns: u64,
    },
    Fd {
        fd: u32,
        write: bool,
    },
    /// The subscription itself is wrong.
    Wrong {
        kind: EventType,
        errno: Errno,
    },
}

impl Subscription {
    fn event(self, kind: EventType, error: Errno) -> Event {
        Event { userdata: self.userdata, error, kind, nbytes: 0, hangup: false }
    }
}

/// `poll_oneoff(in, out, nsubscriptions, nevents)`.
pub(crate) fn poll_oneoff(ctx: &State, call: &mut Call<'_>, args: [u64; 4]) -> Outcome {
    let [input, output, count, out] = args.map(low);
    if count == 0 || count > SUBSCRIPTIONS_MAX {
        return Err(Errno::Inval.into());
    }
    call.pay(price::SUBSCRIPTION * u64::from(count))?;
    call.hold((SUBSCRIPTION_SIZE_BYTES + EVENT_SIZE_BYTES) as u64 * u64::from(count))?;
    // Neither product overflows, by invariant 1.
    probe(call, output, count * EVENT_SIZE_BYTES as u32)?;
    probe(call, input, count * SUBSCRIPTION_SIZE_BYTES as u32)?;
    probe(call, out, 4)?;
    let mut subscriptions = Vec::with_capacity(crate::guest::index(count));
    for n in 0..count {
        let at = input.checked_add(n * SUBSCRIPTION_SIZE_BYTES as u32).ok_or(Errno::Fault)?;
        let bytes: [u8; SUBSCRIPTION_SIZE_BYTES] = call.read_array(at)?;
        subscriptions.push(decode(&bytes, &ctx.clock)?);
    }
    let found: Vec<_> = subscriptions
        .iter()
        .map(|subscription| match subscription.what {
            What::Fd { fd, .. } => ctx.fds.get(fd),
            What::Clock { .. } | What::Wrong { .. } => Err(Errno::Badf),
        })
        .collect();
    let events = wait(call, &subscriptions, &found, &ctx.clock)?;
    let mut written: u32 = 0;
    for event in &events {
        let at = output.checked_add(written * EVENT_SIZE_BYTES as u32).ok_or(Errno::Fault)?;
        write(call, at, &event.encode())?;
        written += 1;
    }
    write_u32(call, out, written)?;
    Ok(())
}

/// Reads one subscription. An unknown clock becomes an event with an error, an unknown kind fails
/// the call.
fn decode(
    bytes: &[u8; SUBSCRIPTION_SIZE_BYTES],
    clock: &ClockState,
) -> Result<Subscription, Errno> {
    let u64_at = |at| array_at(bytes, at).map(u64::from_le_bytes);
    let u32_at = |at| array_at(bytes, at).map(u32::from_le_bytes);
    let [kind] = array_at::<1>(bytes, 8)?;
    let what = match kind {
        0 => {
            let absolute = u32_at(40)? & 1 != 0;
            match ClockId::new(u32_at(16)?).and_then(|id| match id {
                ClockId::Realtime | ClockId::Monotonic => clock.now_ns(id),
                ClockId::Process | ClockId::Thread => Err(Errno::NotSup),
            }) {
                Ok(now_ns) if absolute => {
                    What::Clock { wait_ns: u64_at(24)?.saturating_sub(now_ns) }
                }
                Ok(_) => What::Clock { wait_ns: u64_at(24)? },
                Err(errno) => What::Wrong { kind: EventType::Clock, errno },
            }
        }
        1 | 2 => What::Fd { fd: u32_at(16)?, write: kind == 2 },
        _ => return Err(Errno::Inval),
    };
    Ok(Subscription { userdata: u64_at(0)?, what })
}

/// How things stand with one descriptor.
enum Readiness<'a> {
    Now(Event),
    Ask(sys::Handle<'a>),
}

fn readiness(
    subscription: Subscription,
    found: &Result<Descriptor, Errno>,
    write: bool,
) -> Readiness<'_> {
    let kind = if write { EventType::FdWrite } else { EventType::FdRead };
    let failed = |errno| Readiness::Now(subscription.event(kind, errno));
    let descriptor = match found {
        Ok(descriptor) => descriptor,
        Err(errno) => return failed(*errno),
    };
    let direction = if write { Rights::FD_WRITE } else { Rights::FD_READ };
    if let Err(errno) = descriptor.need(Rights::POLL_FD_READWRITE) {
        return failed(errno);
    }
    if let Err(errno) = descriptor.need(direction) {
        return failed(errno);
    }
    match &*descriptor.object {
        Object::Stream(file) => Readiness::Ask(sys::handle(file)),
        Object::Listener(listener) => Readiness::Ask(sys::handle(listener)),
        Object::Connection(stream) => Readiness::Ask(sys::handle(stream)),
        Object::File(_) | Object::Dir(_) | Object::Reader(_) | Object::Writer(_) => {
            let mut event = subscription.event(kind, Errno::Success);
            event.nbytes = if write { 0 } else { bytes_left(descriptor) };
            Readiness::Now(event)
        }
    }
}

/// Bytes between a file's position and its end; 1 where that is not known, because something can be
/// read.
fn bytes_left(descriptor: &Descriptor) -> u64 {
    match &*descriptor.object {
        Object::File(file) if descriptor.filetype == Filetype::RegularFile => {
            let size_bytes = file.metadata().map_or(0, |metadata| metadata.len());
            let mut file: &std::fs::File = file;
            size_bytes.saturating_sub(file.stream_position().unwrap_or(0))
        }
        Object::File(_)
        | Object::Stream(_)
        | Object::Dir(_)
        | Object::Reader(_)
        | Object::Listener(_)
        | Object::Connection(_) => 1,
        Object::Writer(_) => 0,
    }
}

/// The state before waiting: events that have happened, streams to ask, and the shortest time to
/// wait.
#[derive(Default)]
struct Pending<'a> {
    events: Vec<Event>,
    /// The subscription of each of `streams`.
    asked: Vec<Subscription>,
    streams: Vec<Waiting<'a>>,
    shortest_ns: Option<u64>,
}

impl<'a> Pending<'a> {
    /// `found` are the descriptors of the subscriptions.
    fn new(subscriptions: &[Subscription], found: &'a [Result<Descriptor, Errno>]) -> Self {
        let mut pending = Pending::default();
        for (subscription, found) in subscriptions.iter().zip(found) {
            match subscription.what {
                What::Wrong { kind, errno } => {
                    pending.events.push(subscription.event(kind, errno));
                }
                What::Clock { wait_ns } => {
                    let shortest = pending.shortest_ns.unwrap_or(u64::MAX).min(wait_ns);
                    pending.shortest_ns = Some(shortest);
                }
                What::Fd { write, .. } => match readiness(*subscription, found, write) {
                    Readiness::Now(event) => pending.events.push(event),
                    Readiness::Ask(handle) => {
                        pending.asked.push(*subscription);
                        pending.streams.push(Waiting {
                            handle,
                            write,
                            ready: false,
                            hangup: false,
                        });
                    }
                },
            }
        }
        if !pending.events.is_empty() {
            pending.shortest_ns = Some(0);
        }
        pending
    }

    /// Waits at most `timeout` and takes in what the streams have to tell.
    fn ask(&mut self, timeout: Option<Duration>) -> Outcome {
        if !self.streams.is_empty() || timeout != Some(Duration::ZERO) {
            sys::wait(&mut self.streams, timeout)?;
        }
        for (subscription, stream) in self.asked.iter().zip(&self.streams) {
            self.events.extend(stream_event(*subscription, stream));
        }
        Ok(())
    }
}

/// Waits for the first events. With virtual clocks streams are asked once, and if nothing has
/// happened, the clocks move by the shortest wait instead of the host's time.
fn wait(
    call: &mut Call<'_>,
    subscriptions: &[Subscription],
    found: &[Result<Descriptor, Errno>],
    clock: &ClockState,
) -> Outcome<Vec<Event>> {
    let start = Instant::now();
    let mut pending = Pending::new(subscriptions, found);
    loop {
        call.poll()?;
        let passed_ns =
            if clock.is_virtual() { u64::MAX } else { sys::duration_ns(start.elapsed()) };
        let left = pending.shortest_ns.map(|ns| Duration::from_nanos(ns.saturating_sub(passed_ns)));
        pending.ask([left, call.patience()].into_iter().flatten().min())?;
        let passed_ns = match (clock.is_virtual(), pending.shortest_ns) {
            (false, _) => sys::duration_ns(start.elapsed()),
            (true, Some(ns)) if pending.events.is_empty() => {
                clock.pass(ns);
                ns
            }
            (true, _) => 0,
        };
        pending.events.extend(clock_events(subscriptions, passed_ns));
        if !pending.events.is_empty() {
            return Ok(pending.events);
        }
    }
}

/// The events of clocks whose time has come after `passed_ns`.
fn clock_events(
    subscriptions: &[Subscription],
    passed_ns: u64,
) -> impl Iterator<Item = Event> + '_ {
    subscriptions.iter().filter_map(move |subscription| match subscription.what {
        What::Clock { wait_ns } if wait_ns <= passed_ns => {
            Some(subscription.event(EventType::Clock, Errno::Success))
        }
        What::Clock { .. } | What::Fd { .. } | What::Wrong { .. } => None,
    })
}

fn stream_event(subscription: Subscription, stream: &Waiting<'_>) -> Option<Event> {
    if !stream.ready {
        return None;
    }
    let kind = if stream.write { EventType::FdWrite } else { EventType::FdRead };
    let mut event = subscription.event(kind, Errno::Success);
    event.hangup = stream.hangup;
    if !stream.write {
        event.nbytes = sys::available_bytes(stream.handle);
    }
    Some(event)
}
