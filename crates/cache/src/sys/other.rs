//! Hosts without owners and rights of files: no folder is opened, so nothing else is reached.

use super::Rights;
use crate::error::{Fault, Refused};
use crate::guard::FileId;
use crate::prune::Entry;
use std::convert::Infallible;
use std::fs::{File, Metadata};
use std::io;
use std::marker::PhantomData;
use std::path::Path;

/// There is none.
pub(crate) struct Folder(Infallible);

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Folder, Refused> {
        Err(Refused::new(path, "there is no cache on this system"))
    }

    pub(crate) fn open_file(&self, _: &str, _: Rights) -> Result<File, Fault> {
        match self.0 {}
    }

    pub(crate) fn note_use(&self, _: &File, _: &Metadata) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn temporary(&self) -> io::Result<Temporary<'_>> {
        match self.0 {}
    }

    pub(crate) fn list(&self) -> io::Result<Vec<Entry>> {
        match self.0 {}
    }

    pub(crate) fn remove(&self, _: &str) -> io::Result<()> {
        match self.0 {}
    }
}

/// There is none.
pub(crate) struct Temporary<'f>(Infallible, PhantomData<&'f ()>);

impl Temporary<'_> {
    pub(crate) fn file(&self) -> &File {
        match self.0 {}
    }

    pub(crate) fn take_name(self, _: &str) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn take_free_name(self, _: &str) -> io::Result<()> {
        match self.0 {}
    }
}

pub(crate) fn file_id(_: &Path) -> Option<FileId> {
    None
}

pub(crate) fn random(_: &mut [u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
