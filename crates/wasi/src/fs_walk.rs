//! Paths of the guest → places in the sandbox: a directory's handle and one name in it.
//!
//! Every call that takes a path comes here first ([`resolve`]) and then acts on the one name,
//! without following a link there. A path without links goes to the host in one piece where the
//! host keeps it below the directory by itself (Linux: `openat2`); otherwise it is walked component
//! by component, and each link on the way is read, paid and walked like the path. (Following left
//! to the host would be work that nobody has paid for: 40 links of 4 KiB each behind a name of one
//! byte.)
//!
//! Invariants:
//! 1. [`Place::name`] is one component: not empty, not `.` or `..`, no slash, no NUL. Trailing
//!    slashes are taken off before the host sees the path and answered for by the calls
//!    ([`Place::slash`]), because some hosts follow a link named with one.
//! 2. `..` never reaches the host outside of `openat2`: a walk goes back to the handle that it came
//!    from, and not beyond its first.
//! 3. Bytes and components of the path are paid before it is walked, those of a link's target
//!    before it is followed; what is paid does not depend on which way was taken.
//! 4. A path is at most [`PATH_BYTES_MAX`] bytes, leads through at most [`LINKS_MAX`] links, and a
//!    walk keeps at most [`WALK_DEPTH_MAX`] directories open.
//!
//! The escape tests in `tests/wasi/sandbox.rs` would notice a hole; `walked_and_opened_alike` holds
//! both ways against each other.

use crate::call::Call;
use crate::fs_guard::{refuse_change, refuse_inside};
use crate::guest::{Outcome, index, probe};
use crate::limits::{LINKS_MAX, PATH_BYTES_MAX, WALK_DEPTH_MAX};
use crate::price;
use crate::sys;
use crate::types::{Errno, Filestat, Filetype};
use cap_std::fs::Dir;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::Deref;

/// A path as the guest gave it, without NUL.
pub(crate) struct GuestPath(Vec<u8>);

impl GuestPath {
    /// Copies a path out of guest memory and charges for it (invariant 3).
    pub(crate) fn read(call: &mut Call<'_>, ptr: u32, len: u32) -> Outcome<Self> {
        probe(call, ptr, len)?;
        if len > PATH_BYTES_MAX {
            return Err(Errno::NameTooLong.into());
        }
        let mut path = vec![0; index(len)];
        call.read(ptr, &mut path)?;
        call.hold(u64::from(len))?;
        call.pay(price::path(&path))?;
        if path.contains(&0) { Err(Errno::Inval.into()) } else { Ok(GuestPath(path)) }
    }

    /// The path as it is.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path without its trailing slashes, and whether there were any.
    pub(crate) fn trimmed(&self) -> Result<(&[u8], bool), Errno> {
        trimmed(&self.0)
    }
}

/// A relative path without its trailing slashes, and whether there were any.
fn trimmed(path: &[u8]) -> Result<(&[u8], bool), Errno> {
    match path.first() {
        None => return Err(Errno::NoEnt),
        Some(b'/') => return Err(Errno::Perm),
        Some(_) => {}
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let trimmed = path.get(..end).unwrap_or_default();
    Ok((trimmed, trimmed.len() < path.len()))
}

/// The directory that a place is in.
pub(crate) enum Parent<'a> {
    Given(&'a Dir),
    Opened(Dir),
}

impl Deref for Parent<'_> {
    type Target = Dir;
    fn deref(&self) -> &Dir {
        match self {
            Parent::Given(dir) => dir,
            Parent::Opened(dir) => dir,
        }
    }
}

impl Parent<'_> {
    /// An owned handle of the directory.
    pub(crate) fn into_dir(self) -> io::Result<Dir> {
        match self {
            Parent::Given(dir) => sys::open_dir(dir, ".".as_ref()),
            Parent::Opened(dir) => Ok(dir),
        }
    }
}

/// A resolved directory and a name in it (invariant 1).
pub(crate) struct Place<'a> {
    pub(crate) parent: Parent<'a>,
    /// `None` when the path leads to `parent` itself.
    pub(crate) name: Option<OsString>,
    /// The path ended in a slash, so it must name a directory.
    pub(crate) slash: bool,
}

impl Place<'_> {
    /// The entry at the place, without following a link; `None` when there is none.
    pub(crate) fn look(&self, name: &OsStr) -> io::Result<Option<Filestat>> {
        sys::look(&self.parent, name)
    }

    /// The kind of what is at the place.
    pub(crate) fn kind(&self, name: &OsStr) -> io::Result<Option<Filetype>> {
        Ok(self.look(name)?.map(|stat| stat.filetype))
    }
}

/// The place that `path` names below `dir`, through all links but the last, through that too with
/// `follow`. Nothing need be at the place.
pub(crate) fn resolve<'a>(
    call: &mut Call<'_>,
    dir: &'a Dir,
    path: &GuestPath,
    follow: bool,
) -> Outcome<Place<'a>> {
    let place = match open_whole(dir, path, follow)? {
        Some(place) => place,
        None => Walk::new(dir, path)?.run(call, follow)?,
    };
    if let Some(guarded) = call.guarded() {
        refuse_inside(guarded, &place.parent)?;
    }
    Ok(place)
}

/// The place, where something is to be made, renamed, replaced or removed.
pub(crate) fn resolve_to_change<'a>(
    call: &mut Call<'_>,
    dir: &'a Dir,
    path: &GuestPath,
    follow: bool,
) -> Outcome<Place<'a>> {
    let place = resolve(call, dir, path, follow)?;
    if let (Some(guarded), Some(name)) = (call.guarded(), &place.name) {
        refuse_change(guarded, &place.parent, name)?;
    }
    Ok(place)
}

/// The place, where all directories of the path can be opened at once; `None` where it has to be
/// walked.
fn open_whole<'a>(dir: &'a Dir, path: &GuestPath, follow: bool) -> Outcome<Option<Place<'a>>> {
    let (trimmed, slash) = path.trimmed()?;
    let at = trimmed.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let (mut dirs, mut name) = trimmed.split_at(at);
    if matches!(name, b"." | b"..") {
        (dirs, name) = (trimmed, &[]);
    }
    let parent = match dirs {
        [] => Parent::Given(dir),
        [_, ..] => match sys::open_beneath(dir, host_name(dirs)?.as_ref())? {
            Some(opened) => Parent::Opened(opened),
            None => return Ok(None),
        },
    };
    if name.is_empty() {
        return Ok(Some(Place { parent, name: None, slash }));
    }
    let name = host_name(name)?.to_owned();
    let place = Place { parent, name: Some(name.clone()), slash };
    let link = follow && place.kind(&name)? == Some(Filetype::SymbolicLink);
    Ok(if link { None } else { Some(place) })
}

fn host_name(bytes: &[u8]) -> Result<&OsStr, Errno> {
    sys::os_str(bytes).ok_or(Errno::Ilseq)
}

/// A path on its way, component by component.
struct Walk<'a> {
    base: &'a Dir,
    /// The directories below `base` that the walk is in, each in the one before it.
    dirs: Vec<Dir>,
    /// The path still to be walked, and above it the targets of links.
    rest: Vec<Text>,
    links: u32,
    slash: bool,
}

/// A path or target, whose bytes from `at` on are still to be walked: none, or a component.
struct Text {
    bytes: Vec<u8>,
    at: usize,
}

impl Text {
    /// The next component, if there is one.
    fn next(&mut self) -> Option<&[u8]> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(len);
        self.at += len + behind.iter().take_while(|byte| **byte == b'/').count();
        Some(name)
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

impl<'a> Walk<'a> {
    fn new(base: &'a Dir, path: &GuestPath) -> Result<Self, Errno> {
        let (trimmed, slash) = path.trimmed()?;
        let rest = vec![Text { bytes: trimmed.to_vec(), at: 0 }];
        Ok(Walk { base, dirs: Vec::new(), rest, links: 0, slash })
    }

    fn here(&self) -> &Dir {
        self.dirs.last().unwrap_or(self.base)
    }

    /// Takes the next component.
    fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(text) = self.rest.last_mut() {
            if let Some(name) = text.next() {
                return Some(name.to_vec());
            }
            self.rest.pop();
        }
        None
    }

    fn is_done(&self) -> bool {
        self.rest.iter().all(Text::is_done)
    }

    fn run(mut self, call: &mut Call<'_>, follow: bool) -> Outcome<Place<'a>> {
        while let Some(name) = self.next() {
            call.poll()?;
            match name.as_slice() {
                b"." => continue,
                b".." => {
                    self.dirs.pop().ok_or(Errno::Perm)?;
                    continue;
                }
                _ => {}
            }
            let name = host_name(&name)?;
            let last = self.is_done();
            if last && !follow {
                return Ok(self.place(Some(name.to_owned())));
            }
            match sys::look(self.here(), name)?.map(|stat| stat.filetype) {
                Some(Filetype::SymbolicLink) => self.enter_link(call, name, last)?,
                Some(_) | None if last => return Ok(self.place(Some(name.to_owned()))),
                Some(Filetype::Directory) => self.enter(name)?,
                Some(_) => return Err(Errno::NotDir.into()),
                None => return Err(Errno::NoEnt.into()),
            }
        }
        Ok(self.place(None))
    }

    fn place(mut self, name: Option<OsString>) -> Place<'a> {
        let parent = self.dirs.pop().map_or(Parent::Given(self.base), Parent::Opened);
        Place { parent, name, slash: self.slash }
    }

    fn enter(&mut self, name: &OsStr) -> Outcome {
        if self.dirs.len() >= WALK_DEPTH_MAX {
            return Err(Errno::NameTooLong.into());
        }
        let dir = sys::enter(self.here(), name)?;
        self.dirs.push(dir);
        Ok(())
    }

    /// Goes on with what the link says.
    fn enter_link(&mut self, call: &mut Call<'_>, name: &OsStr, last: bool) -> Outcome {
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(Errno::Loop.into());
        }
        let target = self.here().read_link(name)?;
        let target = sys::os_bytes(target.as_os_str());
        call.hold(target.len() as u64)?;
        call.pay(price::LINK + price::path(target))?;
        let (text, slash) = trimmed(target)?;
        self.slash |= last && slash;
        self.rest.push(Text { bytes: text.to_vec(), at: 0 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::tests::Bytes;
    use crate::guest::Stop;
    use crate::limits::WasiLimits;
    use std::path::PathBuf;

    /// A private directory, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> (Scratch, Dir) {
            let path = std::env::temp_dir().join(format!("prova-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("base/d/e")).unwrap();
            std::fs::write(path.join("base/d/f"), b"").unwrap();
            let base = path.join("base");
            let dir = Dir::open_ambient_dir(base, cap_std::ambient_authority()).unwrap();
            (Scratch(path), dir)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Where the place is: its directory's number, its name, and whether it had a slash.
    fn told(place: Outcome<Place<'_>>) -> Result<(u64, Option<OsString>, bool), Errno> {
        match place {
            Ok(place) => {
                let parent = sys::filestat_of_dir(&place.parent).unwrap();
                Ok((parent.ino, place.name, place.slash))
            }
            Err(Stop::Errno(errno)) => Err(errno),
            Err(Stop::Exit(exit)) => panic!("{exit}"),
        }
    }

    /// Where the host opens paths by itself.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn walked_and_opened_alike() {
        let (_scratch, base) = Scratch::new("walk");
        let paths = [
            "d",
            "d/",
            "d/e",
            "d/e/",
            "d/e/.",
            "d/e/..",
            "d//e",
            "./d/./e/../f",
            ".",
            "./",
            "x",
            "d/x",
            "d/x/",
            "x/d",
            "x/..",
            "d/f/g",
            "d/f/..",
            "d/f/.",
            "..",
            "../",
            "d/../..",
            "d/../../base/d",
            "",
            "/",
            "/d",
            "d/../d/../d/e",
            "...",
            "d/...",
        ];
        for path in paths {
            for follow in [false, true] {
                let text = GuestPath(path.as_bytes().to_vec());
                let mut guest = Bytes(Vec::new());
                let mut call = Call::new(&mut guest, WasiLimits::default());
                let walked = Walk::new(&base, &text).map_err(Stop::from);
                let walked = told(walked.and_then(|walk| walk.run(&mut call, follow)));
                match open_whole(&base, &text, follow).transpose() {
                    Some(opened) => assert_eq!(told(opened), walked, "{path} {follow}"),
                    // The host leaves it to the walk.
                    None => assert!(walked.is_ok() || walked == Err(Errno::Perm), "{path}"),
                }
            }
        }
    }

    #[test]
    fn a_walk_is_not_deeper_than_its_limit() {
        let (_scratch, base) = Scratch::new("deep");
        let mut dir = base.try_clone().unwrap();
        for _ in 0..=WALK_DEPTH_MAX {
            dir.create_dir("n").unwrap();
            dir = dir.open_dir("n").unwrap();
        }
        let walk = |depth| {
            let text = GuestPath("n/".repeat(depth).into_bytes());
            let mut guest = Bytes(Vec::new());
            let mut call = Call::new(&mut guest, WasiLimits::default());
            let walk = Walk::new(&base, &text).unwrap();
            told(walk.run(&mut call, false)).map(|(_, name, _)| name)
        };
        // The last component is a name, not a directory that the walk is in.
        assert_eq!(walk(WALK_DEPTH_MAX + 1), Ok(Some("n".into())));
        assert_eq!(walk(WALK_DEPTH_MAX + 2), Err(Errno::NameTooLong));
    }
}
